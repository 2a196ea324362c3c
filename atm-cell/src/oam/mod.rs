//! OAM cells, F4 and F5 (I.610).
