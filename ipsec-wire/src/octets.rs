//! Copying and reading octets without indexing.

/// Copies as many octets as both slices have.
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    let len = to.len().min(from.len());
    if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
        to.copy_from_slice(from);
    }
}

/// The 32-bit number `offset` octets into `octets`; 0 where they end before.
#[inline]
pub(crate) fn be32(octets: &[u8], offset: usize) -> u32 {
    octets.get(offset..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// Writes an array `offset` octets into `octets`, if it fits: a store or two, where [`put_slice`] calls a function.
#[inline]
pub(crate) fn put<const N: usize>(octets: &mut [u8], offset: usize, bytes: &[u8; N]) {
    if let Some(place) = octets.get_mut(offset..).and_then(<[u8]>::first_chunk_mut) {
        *place = *bytes;
    }
}

/// Writes `bytes` `offset` octets into `octets`, as far as they go.
#[inline]
pub(crate) fn put_slice(octets: &mut [u8], offset: usize, bytes: &[u8]) {
    copy(octets.get_mut(offset..).unwrap_or_default(), bytes);
}

/// `len` rounded up to a multiple of `unit`, a power of two.
#[inline]
pub(crate) const fn round_up(len: usize, unit: usize) -> usize {
    let mask = unit.wrapping_sub(1);
    len.wrapping_add(mask) & !mask
}

/// `len` rounded down to a multiple of `unit`, a power of two.
#[inline]
pub(crate) const fn round_down(len: usize, unit: usize) -> usize {
    len & !unit.wrapping_sub(1)
}
