//! Port-set identifiers (RFC 7597 5.1): which subscriber of a shared address a port belongs to.
//!
//! ```text
//!  0                   1
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5
//! +-----------+-----------+-------+
//! |  A        |   PSID    |   j   |   a port
//! +-----------+-----------+-------+
//! |<-a bits-->|<-k bits-->|<-m--->|
//! ```
//!
//! With a > 0 the ports with A = 0 are in no set, so that nobody gets the well-known ones; with a = 0 all ports are shared out, the well-known ones too
//! ([`crate::PortSet::outgoing`] leaves them out).
//!
//! ```
//! use addr_sharing::PsidParams;
//!
//! let params = PsidParams::new(6, 8)?;
//! assert_eq!(params.psid_of(1232), Some(0x34));
//! assert_eq!(params.psid_of(80), None);
//! assert_eq!(params.set(0x34)?.ranges().next().unwrap().to_string(), "1232-1235");
//! # Ok::<(), addr_sharing::Error>(())
//! ```

use crate::error::{Error, Parameter};
use crate::port::PortRange;
use crate::port_set::PortSet;

/// How ports are divided into sets: a bits of offset, k bits of PSID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "(u8, u8)", into = "(u8, u8)"))]
pub struct PsidParams {
    offset: u8,
    length: u8,
}

impl PsidParams {
    /// Parameters of `offset` (a) and `length` (k) bits.
    ///
    /// # Errors
    /// [`Error::Parameter`] if they are more than 16 together.
    pub const fn new(offset: u8, length: u8) -> Result<Self, Error> {
        let found = (offset as u32).saturating_add(length as u32);
        if found > 16 {
            return Err(Error::Parameter { parameter: Parameter::OffsetAndLength, found, least: 0, most: 16 });
        }
        Ok(Self { offset, length })
    }

    /// All 153 pairs of parameters.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=16u8).flat_map(|offset| (0..=16u8.saturating_sub(offset)).map(move |length| Self { offset, length }))
    }

    /// a: bits in front of the PSID.
    #[must_use]
    pub const fn offset(self) -> u8 {
        self.offset
    }

    /// k: bits of the PSID.
    #[must_use]
    pub const fn length(self) -> u8 {
        self.length
    }

    /// m: bits behind the PSID; 2^m ports stand together.
    #[must_use]
    #[inline]
    pub const fn contiguous(self) -> u8 {
        16u8.saturating_sub(self.offset).saturating_sub(self.length)
    }

    /// How many sets there are, and so how many subscribers share an address: 2^k.
    #[must_use]
    pub const fn sharing_ratio(self) -> u32 {
        1u32.wrapping_shl(self.length as u32)
    }

    /// Ports of each set: 2^(16-k), less 2^m with a > 0.
    #[must_use]
    pub const fn ports_per_set(self) -> u32 {
        let all = 1u32.wrapping_shl(16u32.saturating_sub(self.length as u32));
        let excluded = if self.offset > 0 { 1u32.wrapping_shl(self.contiguous() as u32) } else { 0 };
        all.saturating_sub(excluded)
    }

    /// The ports that are in no set: those below 2^(16-a), with a > 0.
    #[must_use]
    pub const fn excluded(self) -> Option<PortRange> {
        if self.offset == 0 {
            return None;
        }
        let last = 1u16.wrapping_shl(16u32.saturating_sub(self.offset as u32)).wrapping_sub(1);
        match PortRange::new(0, last) {
            Ok(range) => Some(range),
            Err(_) => None,
        }
    }

    /// The greatest PSID.
    #[must_use]
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "16 bits at most")]
    pub const fn max_psid(self) -> u16 {
        self.sharing_ratio().wrapping_sub(1) as u16
    }

    /// The PSID of a port; `None` for an excluded one.
    #[must_use]
    #[inline]
    pub const fn psid_of(self, port: u16) -> Option<u16> {
        // A shift by 16 leaves no A.
        let a = (port as u32) >> 16u32.saturating_sub(self.offset as u32);
        if self.offset > 0 && a == 0 {
            return None;
        }
        // With k = 0 the mask is 0, however far the shift.
        Some(port.wrapping_shr(self.contiguous() as u32) & self.max_psid())
    }

    /// The ports of a PSID.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a PSID of more than k bits.
    pub const fn set(self, psid: u16) -> Result<PortSet, Error> {
        match self.check(psid) {
            Ok(()) => Ok(PortSet::of_psid(self, psid)),
            Err(error) => Err(error),
        }
    }

    /// The port sets of all PSIDs, in order: no port is in two of them.
    pub fn sets(self) -> impl Iterator<Item = PortSet> {
        (0..=self.max_psid()).map(move |psid| PortSet::of_psid(self, psid))
    }

    /// The PSID at the left end of 16 bits, as DHCPv6 has it (RFC 7598 4.5).
    ///
    /// # Errors
    /// [`Error::Parameter`] for a PSID of more than k bits.
    pub const fn to_left_aligned(self, psid: u16) -> Result<u16, Error> {
        match self.check(psid) {
            // With k = 0 the PSID is 0, and what a shift by 16 wraps to is that too.
            Ok(()) => Ok(psid.wrapping_shl(16u32.saturating_sub(self.length as u32))),
            Err(error) => Err(error),
        }
    }

    /// The PSID from 16 bits that have it at their left end.
    ///
    /// # Errors
    /// [`Error::NotZero`] if one of the 16 - k padding bits is set (RFC 7598 4.5).
    pub const fn from_left_aligned(self, field: u16) -> Result<u16, Error> {
        if self.length == 0 {
            // The field is to be ignored.
            return Ok(0);
        }
        let shift = 16u32.saturating_sub(self.length as u32);
        let psid = field.wrapping_shr(shift);
        if psid.wrapping_shl(shift) != field {
            return Err(Error::NotZero { parameter: Parameter::Psid, found: field as u32 });
        }
        Ok(psid)
    }

    const fn check(self, psid: u16) -> Result<(), Error> {
        let (found, most) = (psid as u32, self.max_psid() as u32);
        if found > most { Err(Error::Parameter { parameter: Parameter::Psid, found, least: 0, most }) } else { Ok(()) }
    }
}

impl TryFrom<(u8, u8)> for PsidParams {
    type Error = Error;

    fn try_from((offset, length): (u8, u8)) -> Result<Self, Error> {
        Self::new(offset, length)
    }
}

impl From<PsidParams> for (u8, u8) {
    fn from(params: PsidParams) -> Self {
        (params.offset, params.length)
    }
}

/// The value of DHCPv6's S46 port parameters option, OPTION_S46_PORTPARAMS (93), behind its code and length (RFC 7598 4.5).
///
/// ```text
/// +---------------+---------------+-------------------------------+
/// |   offset      |    PSID-len   |   PSID, left-aligned          |
/// +---------------+---------------+-------------------------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortParams {
    /// a and k.
    pub params: PsidParams,
    /// The PSID, right-aligned.
    pub psid: u16,
}

impl PortParams {
    /// The option's code.
    pub const OPTION: u16 = 93;
    /// Octets of its value.
    pub const LEN: usize = 4;

    /// Reads the option's value.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an offset over 15, or if offset and length are more than 16 together; [`Error::NotZero`] for padding that is not zero.
    pub const fn parse(octets: [u8; Self::LEN]) -> Result<Self, Error> {
        let [offset, length, high, low] = octets;
        if offset > 15 {
            return Err(Error::Parameter { parameter: Parameter::Offset, found: offset as u32, least: 0, most: 15 });
        }
        let params = match PsidParams::new(offset, length) {
            Ok(params) => params,
            Err(error) => return Err(error),
        };
        match params.from_left_aligned(u16::from_be_bytes([high, low])) {
            Ok(psid) => Ok(Self { params, psid }),
            Err(error) => Err(error),
        }
    }

    /// The option's value.
    ///
    /// # Errors
    /// [`Error::Parameter`] for an offset over 15, which the option does not have, or a PSID of more than k bits.
    pub const fn octets(&self) -> Result<[u8; Self::LEN], Error> {
        let offset = self.params.offset;
        if offset > 15 {
            return Err(Error::Parameter { parameter: Parameter::Offset, found: offset as u32, least: 0, most: 15 });
        }
        match self.params.to_left_aligned(self.psid) {
            Ok(field) => {
                let [high, low] = field.to_be_bytes();
                Ok([offset, self.params.length, high, low])
            }
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests;
