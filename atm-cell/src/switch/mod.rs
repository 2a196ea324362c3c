//! VP and VC switching.
