//! AAL type 5 (I.363.5).
