//! Tag switching (RFC 2105).
