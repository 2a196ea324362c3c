//! Security labels: the options of RFC 791 and RFC 1108, and CIPSO (FIPS 188).

use crate::error::{Error, Field};
use crate::tlv;

/// The body of a security option, which two standards lay out differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Security<'a> {
    pub(super) data: &'a [u8],
}

impl<'a> Security<'a> {
    /// A body from its octets after type and length; `None` if there is none.
    #[must_use]
    pub const fn new(data: &'a [u8]) -> Option<Self> {
        if data.is_empty() { None } else { Some(Self { data }) }
    }

    /// The octets after type and length.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// The RFC 791 reading: exactly 9 octets.
    #[must_use]
    pub const fn rfc791(&self) -> Option<Rfc791Security> {
        match self.data {
            [s0, s1, c0, c1, h0, h1, t0, t1, t2] => Some(Rfc791Security {
                security: u16::from_be_bytes([*s0, *s1]),
                compartments: u16::from_be_bytes([*c0, *c1]),
                handling: u16::from_be_bytes([*h0, *h1]),
                transmission_control: [*t0, *t1, *t2],
            }),
            _ => None,
        }
    }

    /// The RFC 1108 reading: a classification level that the standard defines, then protection authority flags.
    #[must_use]
    pub fn basic(&self) -> Option<BasicSecurity<'a>> {
        let (level, authorities) = self.data.split_first()?;
        let classification = Classification::from_octet(*level)?;
        Some(BasicSecurity { classification, authorities })
    }
}

/// The security option of RFC 791 3.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rfc791Security {
    /// S: level.
    pub security: u16,
    /// C: compartments.
    pub compartments: u16,
    /// H: handling restrictions.
    pub handling: u16,
    /// TCC: transmission control code.
    pub transmission_control: [u8; 3],
}

/// The basic security option of RFC 1108 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicSecurity<'a> {
    /// How secret.
    pub classification: Classification,
    /// Protection authority flags, 7 an octet; the low bit of an octet says that another follows.
    pub authorities: &'a [u8],
}

/// Classification levels of RFC 1108 2.3; their codes differ in at least 4 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Classification {
    /// Top Secret.
    TopSecret = 0b0011_1101,
    /// Secret.
    Secret = 0b0101_1010,
    /// Confidential.
    Confidential = 0b1001_0110,
    /// Unclassified.
    Unclassified = 0b1010_1011,
}

impl Classification {
    /// The level of a code; `None` for a reserved or unknown one.
    #[must_use]
    pub const fn from_octet(octet: u8) -> Option<Self> {
        match octet {
            0b0011_1101 => Some(Self::TopSecret),
            0b0101_1010 => Some(Self::Secret),
            0b1001_0110 => Some(Self::Confidential),
            0b1010_1011 => Some(Self::Unclassified),
            _ => None,
        }
    }
}

/// The commercial security option (FIPS 188).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cipso<'a> {
    /// Domain of interpretation.
    pub doi: u32,
    /// The tags' octets.
    pub tags: &'a [u8],
    /// Where the tags start, in octets from the start of the packet.
    pub(super) offset: u32,
}

impl<'a> Cipso<'a> {
    /// A body to emit.
    #[must_use]
    pub const fn new(doi: u32, tags: &'a [u8]) -> Self {
        Self { doi, tags, offset: 0 }
    }

    /// The tags: type, length (of all of it), data. Ends after the first error.
    pub fn iter(&self) -> impl Iterator<Item = Result<CipsoTag<'a>, Error>> + use<'a> {
        let mut walk = tlv::Walk::<tlv::InclusiveAll>::new(self.tags, self.offset, Field::Ipv4Option);
        core::iter::from_fn(move || {
            let step = walk.step()?;
            Some(step.map(|(_, tag)| CipsoTag { kind: tag.kind, data: tag.data }))
        })
    }
}

/// One tag of a commercial security option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CipsoTag<'a> {
    /// 1 bitmap, 2 enumerated, 5 ranges, 6 permissive, 7 free form.
    pub kind: u8,
    /// What follows the tag's type and length.
    pub data: &'a [u8],
}
