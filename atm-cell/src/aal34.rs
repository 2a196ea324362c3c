//! AAL type 3/4: SAR-PDUs and CPCS-PDUs (I.363.3).
//!
//! ```text
//!  SAR-PDU: a cell's payload
//! +----+------+----------+------------------------------+--------+---------+
//! | ST |  SN  |   MID    |  SAR-PDU payload, 44 octets  |   LI   | CRC-10  |
//! +----+------+----------+------------------------------+--------+---------+
//!   2     4       10                                        6        10      bits
//! ```
//!
//! ST: 10 beginning of message, 00 continuation, 01 end of message, 11 single segment message. LI counts the payload's octets
//! that are user data, the rest is filler. The CRC-10 covers header, payload and LI.

mod cpcs;

pub use cpcs::{CpcsHeader, CpcsTrailer, CpcsView};

use crate::cell::bounded;
use crate::error::len32;
use crate::octets::write;
use crate::{Error, Field, PAYLOAD_LEN, crc10};

/// Octets of a SAR-PDU's payload.
pub const SAR_PAYLOAD_LEN: usize = 44;

/// Segment type: 2 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SegmentType {
    /// Continuation of message, 00.
    Com,
    /// End of message, 01.
    Eom,
    /// Beginning of message, 10.
    Bom,
    /// Single segment message, 11.
    Ssm,
}

impl SegmentType {
    /// The type in the low 2 bits.
    const fn from_low_bits(bits: u8) -> Self {
        match bits & 3 {
            0b00 => Self::Com,
            0b01 => Self::Eom,
            0b10 => Self::Bom,
            _ => Self::Ssm,
        }
    }

    /// The value as a number.
    #[must_use]
    pub const fn get(self) -> u8 {
        match self {
            Self::Com => 0b00,
            Self::Eom => 0b01,
            Self::Bom => 0b10,
            Self::Ssm => 0b11,
        }
    }

    /// The smallest length indication: an end of message has at least the CPCS trailer, a single segment its header too.
    #[must_use]
    pub const fn min_li(self) -> LengthIndication {
        match self {
            Self::Com | Self::Bom => LengthIndication(44),
            Self::Eom => LengthIndication(4),
            Self::Ssm => LengthIndication(8),
        }
    }

    /// Checks a length indication.
    ///
    /// # Errors
    /// [`Error::Length`]: 44 in a beginning or continuation, 4 to 44 or 63 (abort) in an end, 8 to 44 in a single segment.
    pub const fn check_li(self, li: LengthIndication) -> Result<(), Error> {
        let (min, found) = (self.min_li().0, li.0);
        if matches!(self, Self::Eom) && found == LengthIndication::ABORT.0 {
            return Ok(());
        }
        let needed = if found < min { min } else { LengthIndication::FULL.0 };
        if found >= min && found <= needed {
            return Ok(());
        }
        Err(Error::Length { field: Field::Aal34Length, offset: 46, found: found as u32, needed: needed as u32 })
    }
}

bounded! {
    /// Sequence number of a SAR-PDU in its message: 4 bits.
    SequenceNumber, u8, 15
}

bounded! {
    /// Multiplexing identifier: 10 bits, which message on the channel a SAR-PDU is of; 0 where there is but one at a time.
    Mid, u16, 0x3ff
}

bounded! {
    /// Length indication: 6 bits.
    LengthIndication, u8, 63
}

impl SequenceNumber {
    /// The number of the SAR-PDU after this one, modulo 16.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1) & 0xf)
    }
}

impl LengthIndication {
    /// All 44 octets.
    pub const FULL: Self = Self(44);
    /// The sender gives the message up; the payload means nothing. In an end of message only.
    pub const ABORT: Self = Self(63);
}

/// The fields of a SAR-PDU but for its payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SarHeader {
    /// Segment type.
    pub segment_type: SegmentType,
    /// Sequence number.
    pub sequence: SequenceNumber,
    /// Multiplexing identifier.
    pub mid: Mid,
    /// Length indication.
    pub li: LengthIndication,
}

impl SarHeader {
    /// The whole SAR-PDU around a payload whose filler is the caller's, with its CRC-10.
    ///
    /// # Errors
    /// Those of [`SegmentType::check_li`].
    pub fn with_payload(&self, payload: &[u8; SAR_PAYLOAD_LEN]) -> Result<[u8; PAYLOAD_LEN], Error> {
        self.segment_type.check_li(self.li)?;
        let head = u16::from(self.segment_type.get()) << 14 | u16::from(self.sequence.0) << 10 | self.mid.0;
        let mut octets = [0; PAYLOAD_LEN];
        let [a, b, middle @ .., li, _] = &mut octets;
        [*a, *b] = head.to_be_bytes();
        *middle = *payload;
        *li = self.li.0 << 2;
        crc10::seal(&mut octets);
        Ok(octets)
    }

    /// Octets that [`Self::emit`] writes: always 48.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        PAYLOAD_LEN
    }

    /// Writes the SAR-PDU around that user data, filled up with zeros, and returns 48. The length indication is the data's
    /// length, but for an abort, which has none.
    ///
    /// # Errors
    /// [`Error::Length`] where the data's length is none that [`SegmentType::check_li`] allows or not the length indication;
    /// [`Error::BufferTooSmall`].
    pub fn emit(&self, data: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
        let expected = if self.is_abort() { 0 } else { usize::from(self.li.0) };
        let mut payload = [0; SAR_PAYLOAD_LEN];
        match payload.get_mut(..data.len()) {
            Some(room) if data.len() == expected => room.copy_from_slice(data),
            _ => {
                let (found, needed) = (len32(data.len()), len32(expected));
                return Err(Error::Length { field: Field::Aal34SarPdu, offset: 2, found, needed });
            }
        }
        write(&self.with_payload(&payload)?, buffer, Field::Aal34SarPdu)
    }

    /// Whether the message is given up.
    #[must_use]
    pub const fn is_abort(&self) -> bool {
        matches!(self.segment_type, SegmentType::Eom) && self.li.0 == LengthIndication::ABORT.0
    }
}

/// A SAR-PDU whose CRC-10 and length indication hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SarView<'a> {
    octets: &'a [u8; PAYLOAD_LEN],
}

impl<'a> SarView<'a> {
    /// Reads a cell's payload.
    ///
    /// # Errors
    /// [`Error::Checksum`] for the CRC-10, then those of [`SegmentType::check_li`].
    pub fn parse(octets: &'a [u8; PAYLOAD_LEN]) -> Result<Self, Error> {
        crc10::verify(octets, Field::Aal34Crc)?;
        let view = Self { octets };
        view.segment_type().check_li(view.li())?;
        Ok(view)
    }

    /// Segment type.
    #[must_use]
    pub const fn segment_type(self) -> SegmentType {
        SegmentType::from_low_bits(self.octets[0] >> 6)
    }

    /// Sequence number.
    #[must_use]
    pub const fn sequence(self) -> SequenceNumber {
        SequenceNumber(self.octets[0] >> 2 & 0xf)
    }

    /// Multiplexing identifier.
    #[must_use]
    pub const fn mid(self) -> Mid {
        Mid(u16::from_be_bytes([self.octets[0] & 3, self.octets[1]]))
    }

    /// Length indication.
    #[must_use]
    pub const fn li(self) -> LengthIndication {
        LengthIndication(self.octets[46] >> 2)
    }

    /// All fields but for the payload.
    #[must_use]
    pub const fn header(self) -> SarHeader {
        SarHeader { segment_type: self.segment_type(), sequence: self.sequence(), mid: self.mid(), li: self.li() }
    }

    /// The user data: none of an abort.
    #[must_use]
    pub fn data(self) -> &'a [u8] {
        self.payload().get(..usize::from(self.li().0)).unwrap_or_default()
    }

    /// The payload with its filler.
    #[must_use]
    pub const fn payload(self) -> &'a [u8; SAR_PAYLOAD_LEN] {
        let [_, _, payload @ .., _, _] = self.octets;
        payload
    }
}

#[cfg(test)]
mod tests;
