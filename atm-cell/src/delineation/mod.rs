//! Cell delineation (I.432.1 4.5).
