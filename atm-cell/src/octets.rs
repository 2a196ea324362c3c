//! Writing into a caller's buffer.

use crate::error::len32;
use crate::{Error, Field};

/// The first `len` octets of `buffer`.
///
/// # Errors
/// [`Error::BufferTooSmall`], which names `field` as what was to be written.
pub(crate) fn room(buffer: &mut [u8], len: usize, field: Field) -> Result<&mut [u8], Error> {
    let found = buffer.len();
    match buffer.get_mut(..len) {
        Some(room) => Ok(room),
        None => Err(Error::BufferTooSmall { field, found: len32(found), needed: len32(len) }),
    }
}

/// Writes `octets` at the start of `buffer` and returns their number.
///
/// # Errors
/// Those of [`room`]; nothing is written then.
pub(crate) fn write(octets: &[u8], buffer: &mut [u8], field: Field) -> Result<usize, Error> {
    room(buffer, octets.len(), field)?.copy_from_slice(octets);
    Ok(octets.len())
}
