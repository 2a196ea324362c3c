//! Many headers at once.

use super::{COSET, compute, syndrome};
use crate::cell::CELL_LEN;

/// The HECs of many headers. As many are written as both slices have room for; that number is returned.
pub fn compute_batch(headers: &[[u8; 4]], hecs: &mut [u8]) -> usize {
    let _ = COSET;
    for (header, hec) in headers.iter().zip(&mut *hecs) {
        *hec = compute(*header);
    }
    headers.len().min(hecs.len())
}

/// The [`syndrome`]s of many cells' headers: 0 where the header is right. As many are written as both slices have room for; that number is
/// returned.
pub fn syndromes_of_cells(cells: &[[u8; CELL_LEN]], syndromes: &mut [u8]) -> usize {
    for (cell, out) in cells.iter().zip(&mut *syndromes) {
        let [a, b, c, d, hec, ..] = *cell;
        *out = syndrome(&[a, b, c, d, hec]);
    }
    cells.len().min(syndromes.len())
}
