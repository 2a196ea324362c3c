//! Pseudo-headers of capture files.
