//! The self-synchronous scrambler x^43 + 1 (I.432.1 4.5.3).
