//! Reading and writing fixed places of fixed arrays: every access is checked by the compiler.

use crate::Error;
use crate::error::{Field, len32};

/// Splits the first `N` octets off `octets`, or says how many are missing.
#[inline]
pub(crate) fn first<const N: usize>(octets: &[u8], field: Field) -> Result<(&[u8; N], &[u8]), Error> {
    match octets.split_first_chunk::<N>() {
        Some(parts) => Ok(parts),
        None => Err(truncated(octets.len(), N, field)),
    }
}

/// The same over octets to be changed.
#[inline]
pub(crate) fn first_mut<const N: usize>(octets: &mut [u8], field: Field) -> Result<(&mut [u8; N], &mut [u8]), Error> {
    let found = octets.len();
    match octets.split_first_chunk_mut::<N>() {
        Some(parts) => Ok(parts),
        None => Err(truncated(found, N, field)),
    }
}

#[cold]
#[inline(never)]
pub(crate) fn truncated(found: usize, needed: usize, field: Field) -> Error {
    Error::Truncated { field, offset: 0, found: len32(found), needed: len32(needed) }
}

/// The first `len` octets of a buffer to emit into, or how many are missing.
#[inline]
pub(crate) fn room(buffer: &mut [u8], len: usize, field: Field) -> Result<&mut [u8], Error> {
    let found = buffer.len();
    buffer.get_mut(..len).ok_or(Error::BufferTooSmall { field, found: len32(found), needed: len32(len) })
}

/// The first `N` octets of a buffer to emit into, with what follows.
#[inline]
pub(crate) fn room_for<const N: usize>(buffer: &mut [u8], field: Field) -> Result<(&mut [u8; N], &mut [u8]), Error> {
    let found = buffer.len();
    buffer.split_first_chunk_mut::<N>().ok_or(Error::BufferTooSmall { field, found: len32(found), needed: len32(N) })
}

/// Copies `from` over the start of `to`; the caller made sure of the room. What does not fit is left out.
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    if let Some(to) = to.get_mut(..from.len()) {
        to.copy_from_slice(from);
    }
}

/// What follows the first `len` octets, of which there are as many. A branch, where `unwrap_or` would be a conditional move: what is
/// read behind it need not wait for `len`.
#[inline]
pub(crate) fn behind(octets: &[u8], len: usize) -> &[u8] {
    match octets.get(len..) {
        Some(octets) => octets,
        None => nothing(),
    }
}

#[cold]
#[inline(never)]
fn nothing<'a>() -> &'a [u8] {
    &[]
}

#[inline]
pub(crate) const fn be16(high: u8, low: u8) -> u16 {
    u16::from_be_bytes([high, low])
}
