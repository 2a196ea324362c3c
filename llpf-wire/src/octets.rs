//! Copying octets without indexing.

/// Copies as many octets as both slices have.
#[cfg(feature = "alloc")]
#[inline]
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    let len = to.len().min(from.len());
    if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
        to.copy_from_slice(from);
    }
}

/// Writes an array `offset` octets into `octets`, if it fits.
#[inline]
pub(crate) fn put<const N: usize>(octets: &mut [u8], offset: usize, bytes: &[u8; N]) {
    if let Some(place) = octets.get_mut(offset..).and_then(<[u8]>::first_chunk_mut) {
        *place = *bytes;
    }
}
