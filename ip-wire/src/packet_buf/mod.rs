//! A packet in a caller's buffer, with room before and behind it: headers are put on and taken off without moving the payload.
//!
//! ```text
//! |<-- headroom -->|<---------- packet ---------->|<-- tailroom -->|
//! +----------------+------------------------------+----------------+
//! |                |                              |                |
//! +----------------+------------------------------+----------------+
//! ```
//!
//! ```
//! use ip_wire::PacketBuf;
//!
//! let mut storage = [0u8; 64];
//! let mut packet = PacketBuf::empty(&mut storage[..], 20)?;
//! packet.append(b"payload")?;
//! packet.prepend(&[1, 2, 3, 4])?;
//! assert_eq!(packet.octets(), b"\x01\x02\x03\x04payload");
//! packet.pop_front(4)?;
//! assert_eq!((packet.headroom(), packet.octets()), (20, &b"payload"[..]));
//! # Ok::<(), ip_wire::Error>(())
//! ```

use crate::error::{Error, Field, len32};

/// A packet with headroom and tailroom in storage of the caller's: `&mut [u8]`, an array, a `Vec<u8>`, a `BytesMut`.
///
/// Growing at either end uncovers octets as they are in the storage; the caller writes them.
#[derive(Debug, Clone)]
pub struct PacketBuf<S> {
    storage: S,
    start: usize,
    end: usize,
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> PacketBuf<S> {
    /// A packet of the `len` octets that start `headroom` octets into `storage`.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] if the storage ends before.
    #[inline]
    pub fn new(storage: S, headroom: usize, len: usize) -> Result<Self, Error> {
        let (found, end) = (storage.as_ref().len(), headroom.saturating_add(len));
        if end > found {
            return Err(Error::BufferTooSmall { field: Field::Buffer, found: len32(found), needed: len32(end) });
        }
        Ok(Self { storage, start: headroom, end })
    }

    /// A packet without octets, `headroom` octets into `storage`.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] if the storage ends before.
    pub fn empty(storage: S, headroom: usize) -> Result<Self, Error> {
        Self::new(storage, headroom, 0)
    }

    /// Octets before the packet.
    #[must_use]
    #[inline]
    pub fn headroom(&self) -> usize {
        self.start
    }

    /// Octets behind the packet.
    #[must_use]
    #[inline]
    pub fn tailroom(&self) -> usize {
        self.storage.as_ref().len().saturating_sub(self.end)
    }

    /// Octets of the packet.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether the packet has no octet.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The packet.
    #[must_use]
    #[inline]
    pub fn octets(&self) -> &[u8] {
        self.storage.as_ref().get(self.start..self.end).unwrap_or(&[])
    }

    /// The packet, to be changed.
    #[must_use]
    #[inline]
    pub fn octets_mut(&mut self) -> &mut [u8] {
        self.storage.as_mut().get_mut(self.start..self.end).unwrap_or_default()
    }

    /// Grows the packet by `octets` at its front, and returns what is new.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] if the headroom is less; the packet stays as it was.
    #[inline]
    pub fn push_front(&mut self, octets: usize) -> Result<&mut [u8], Error> {
        let Some(start) = self.start.checked_sub(octets) else {
            return Err(short(Field::Headroom, self.start, octets));
        };
        self.start = start;
        let new = start..start.saturating_add(octets);
        Ok(self.storage.as_mut().get_mut(new).unwrap_or_default())
    }

    /// Grows the packet by `octets` at its end, and returns what is new.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] if the tailroom is less; the packet stays as it was.
    #[inline]
    pub fn push_back(&mut self, octets: usize) -> Result<&mut [u8], Error> {
        if octets > self.tailroom() {
            return Err(short(Field::Tailroom, self.tailroom(), octets));
        }
        let old = self.end;
        self.end = old.saturating_add(octets);
        Ok(self.storage.as_mut().get_mut(old..self.end).unwrap_or_default())
    }

    /// Takes `octets` off the packet's front, and returns them.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the packet has fewer; it stays as it was.
    #[inline]
    pub fn pop_front(&mut self, octets: usize) -> Result<&[u8], Error> {
        if octets > self.len() {
            return Err(too_short(self.len(), octets));
        }
        let old = self.start;
        self.start = old.saturating_add(octets);
        Ok(self.storage.as_ref().get(old..self.start).unwrap_or(&[]))
    }

    /// Takes `octets` off the packet's end, and returns them.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the packet has fewer; it stays as it was.
    #[inline]
    pub fn pop_back(&mut self, octets: usize) -> Result<&[u8], Error> {
        if octets > self.len() {
            return Err(too_short(self.len(), octets));
        }
        let old = self.end;
        self.end = old.saturating_sub(octets);
        Ok(self.storage.as_ref().get(self.end..old).unwrap_or(&[]))
    }

    /// Cuts the packet after `len` octets, if it is longer.
    #[inline]
    pub fn truncate(&mut self, len: usize) {
        self.end = self.end.min(self.start.saturating_add(len));
    }

    /// Puts `octets` before the packet.
    ///
    /// # Errors
    /// Those of [`PacketBuf::push_front`].
    pub fn prepend(&mut self, octets: &[u8]) -> Result<(), Error> {
        crate::octets::copy(self.push_front(octets.len())?, octets);
        Ok(())
    }

    /// Puts `octets` behind the packet.
    ///
    /// # Errors
    /// Those of [`PacketBuf::push_back`].
    pub fn append(&mut self, octets: &[u8]) -> Result<(), Error> {
        crate::octets::copy(self.push_back(octets.len())?, octets);
        Ok(())
    }

    /// The storage, whatever the packet is.
    #[must_use]
    pub fn into_storage(self) -> S {
        self.storage
    }
}

#[cfg(feature = "bytes")]
impl PacketBuf<bytes::BytesMut> {
    /// A packet of all octets of `packet` with `headroom` and `tailroom` around it; allocates once and copies once. To copy nothing, make
    /// the `BytesMut` with its rooms and use [`PacketBuf::new`].
    #[must_use]
    pub fn with_rooms(packet: &[u8], headroom: usize, tailroom: usize) -> Self {
        let start = headroom;
        let end = headroom.saturating_add(packet.len());
        let mut storage = bytes::BytesMut::zeroed(end.saturating_add(tailroom));
        crate::octets::copy(storage.get_mut(start..).unwrap_or_default(), packet);
        Self { storage, start, end }
    }

    /// The packet's octets alone, shared from now on; nothing is copied.
    #[must_use]
    pub fn freeze(mut self) -> bytes::Bytes {
        self.storage.truncate(self.end);
        self.storage.split_off(self.start.min(self.storage.len())).freeze()
    }
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> AsRef<[u8]> for PacketBuf<S> {
    fn as_ref(&self) -> &[u8] {
        self.octets()
    }
}

impl<S: AsRef<[u8]> + AsMut<[u8]>> AsMut<[u8]> for PacketBuf<S> {
    fn as_mut(&mut self) -> &mut [u8] {
        self.octets_mut()
    }
}

#[cold]
fn short(field: Field, found: usize, needed: usize) -> Error {
    Error::BufferTooSmall { field, found: len32(found), needed: len32(needed) }
}

#[cold]
fn too_short(found: usize, needed: usize) -> Error {
    Error::Truncated { field: Field::Buffer, offset: 0, found: len32(found), needed: len32(needed) }
}

#[cfg(test)]
mod tests;
