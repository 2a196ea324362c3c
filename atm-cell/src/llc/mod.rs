//! What an AAL5 SDU carries: LLC/SNAP and VC multiplexing (RFC 2684).
