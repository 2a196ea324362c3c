//! The common part convergence sublayer.

use crate::error::len32;
use crate::octets::write;
use crate::{Error, Field};

/// The header of a CPCS-PDU.
///
/// ```text
/// +------+------+---------------+----------------------+-----------+------+------+---------------+
/// | CPI  | Btag |    BASize     |  CPCS-PDU payload    | PAD 0-3   |  AL  | Etag |    Length     |
/// +------+------+---------------+----------------------+-----------+------+------+---------------+
///  0      1      2               4                                  header 4, trailer 4 octets
/// ```
///
/// The PAD brings the payload to a multiple of four octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CpcsHeader {
    /// Common part indicator; 0 says that BASize and Length count octets.
    pub cpi: u8,
    /// Beginning tag: the Etag of the same PDU has the same value, that of the next one another.
    pub btag: u8,
    /// Buffer allocation size: the most octets of payload that follow; exactly as many in message mode.
    pub ba_size: u16,
}

impl CpcsHeader {
    /// Octets of the header.
    pub const LEN: usize = 4;

    /// The header's octets.
    #[must_use]
    pub const fn to_octets(self) -> [u8; 4] {
        let [high, low] = self.ba_size.to_be_bytes();
        [self.cpi, self.btag, high, low]
    }

    /// Octets that [`Self::emit`] writes: always 4.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        Self::LEN
    }

    /// Writes the header and returns 4.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`].
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        write(&self.to_octets(), buffer, Field::Aal34CpcsPdu)
    }
}

crate::impl_put!(CpcsHeader, CpcsHeader::LEN);

/// The trailer of a CPCS-PDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CpcsTrailer {
    /// Alignment: 0.
    pub al: u8,
    /// End tag: the header's Btag.
    pub etag: u8,
    /// Octets of payload.
    pub length: u16,
}

impl CpcsTrailer {
    /// Octets of the trailer.
    pub const LEN: usize = 4;

    /// The trailer's octets.
    #[must_use]
    pub const fn to_octets(self) -> [u8; 4] {
        let [high, low] = self.length.to_be_bytes();
        [self.al, self.etag, high, low]
    }

    /// Octets of PAD that a payload of `len` octets takes in front of the trailer.
    #[must_use]
    pub const fn pad_len(len: usize) -> usize {
        len.wrapping_neg() & 3
    }

    /// Octets that [`Self::emit`] writes: always 4.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        Self::LEN
    }

    /// Writes the trailer and returns 4.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`].
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        write(&self.to_octets(), buffer, Field::Aal34CpcsPdu)
    }
}

crate::impl_put!(CpcsTrailer, CpcsTrailer::LEN);

/// A whole CPCS-PDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CpcsView<'a> {
    header: &'a [u8; CpcsHeader::LEN],
    payload: &'a [u8],
    trailer: &'a [u8; CpcsTrailer::LEN],
}

impl<'a> CpcsView<'a> {
    /// Reads the user data of a message's SAR-PDUs put together. The PAD's octets may have any value.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 8 octets; [`Error::Value`] for CPI or AL other than 0 and for tags that differ;
    /// [`Error::Length`] for a Length that does not leave a PAD of 0 to 3 octets which aligns, and for a BASize below the Length.
    pub fn parse(pdu: &'a [u8]) -> Result<Self, Error> {
        let short = || Error::Truncated { field: Field::Aal34CpcsPdu, offset: 0, found: len32(pdu.len()), needed: 8 };
        let (header, rest) = pdu.split_first_chunk().ok_or_else(short)?;
        let (payload, trailer) = rest.split_last_chunk().ok_or_else(short)?;
        let view = Self { header, payload, trailer };
        let end = len32(pdu.len().saturating_sub(CpcsTrailer::LEN));
        let (h, t) = (view.header(), view.trailer());
        if h.cpi != 0 {
            return Err(Error::Value { field: Field::Aal34Cpi, offset: 0, found: h.cpi.into(), needed: 0 });
        }
        if t.al != 0 {
            return Err(Error::Value { field: Field::Aal34Al, offset: end, found: t.al.into(), needed: 0 });
        }
        if t.etag != h.btag {
            let (found, needed) = (t.etag.into(), h.btag.into());
            return Err(Error::Value { field: Field::Aal34Tag, offset: end.saturating_add(1), found, needed });
        }
        let length = usize::from(t.length);
        let padded = length.saturating_add(CpcsTrailer::pad_len(length));
        if padded != payload.len() {
            let (found, needed) = (t.length.into(), len32(payload.len()));
            return Err(Error::Length { field: Field::Aal34CpcsLength, offset: end.saturating_add(2), found, needed });
        }
        if h.ba_size < t.length {
            let (found, needed) = (h.ba_size.into(), t.length.into());
            return Err(Error::Length { field: Field::Aal34BaSize, offset: 2, found, needed });
        }
        Ok(view)
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> CpcsHeader {
        let [cpi, btag, high, low] = *self.header;
        CpcsHeader { cpi, btag, ba_size: u16::from_be_bytes([high, low]) }
    }

    /// The trailer.
    #[must_use]
    pub const fn trailer(&self) -> CpcsTrailer {
        let [al, etag, high, low] = *self.trailer;
        CpcsTrailer { al, etag, length: u16::from_be_bytes([high, low]) }
    }

    /// The payload without its PAD.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.payload.get(..usize::from(self.trailer().length)).unwrap_or(self.payload)
    }

    /// The PAD: 0 to 3 octets.
    #[must_use]
    pub fn pad(&self) -> &'a [u8] {
        self.payload.get(usize::from(self.trailer().length)..).unwrap_or_default()
    }
}
