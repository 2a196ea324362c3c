//! Usage parameter control: the generic cell rate algorithm (I.371 annex A).
