//! ATM numbers and subaddresses (RFC 2225 8.7.3).

use crate::error::len32;
use crate::{Error, Field};

/// Octets of an ATM Forum NSAPA.
pub const NSAPA_LEN: usize = 20;
/// The most digits, one to an octet, of an E.164 number (E.164; RFC 2225 itself only says 0 to 20).
pub const MAX_E164_LEN: usize = 15;

const RESERVED: u8 = 0x80;
const E164: u8 = 0x40;

/// A type and length octet.
#[derive(Clone, Copy)]
pub(super) struct TypeLength(pub(super) u8);

impl TypeLength {
    pub(super) const fn len(self) -> u8 {
        self.0 & 0x3f
    }

    const fn is_e164(self) -> bool {
        self.0 & E164 != 0
    }

    const fn new(e164: bool, len: usize) -> Self {
        // A length that six bits do not hold becomes 63, which no address has.
        let len = if len < 0x3f { len.to_le_bytes()[0] } else { 0x3f };
        Self(len | if e164 { E164 } else { 0 })
    }
}

/// Checks the type and length octets of a number and its subaddress, which stand at those offsets.
pub(super) fn check(number: TypeLength, number_offset: u32, sub: TypeLength, sub_offset: u32) -> Result<(), Error> {
    for (octet, offset, field) in [(number, number_offset, Field::AtmArpNumber), (sub, sub_offset, Field::AtmArpSubaddress)] {
        if octet.0 & RESERVED != 0 {
            return Err(Error::Value { field, offset, found: octet.0.into(), needed: (octet.0 & !RESERVED).into() });
        }
    }
    let (len, max) = (len32(number.len().into()), if number.is_e164() { MAX_E164_LEN } else { NSAPA_LEN });
    if len > len32(max) || (len != 0 && !number.is_e164() && len != len32(NSAPA_LEN)) {
        return Err(Error::Length { field: Field::AtmArpNumber, offset: number_offset, found: len, needed: len32(max) });
    }
    let len = len32(sub.len().into());
    if len == 0 {
        return Ok(());
    }
    // A subaddress is an NSAPA behind an E.164 number: structure 3.
    let (field, offset) = (Field::AtmArpSubaddress, sub_offset);
    if sub.is_e164() {
        return Err(Error::Value { field, offset, found: sub.0.into(), needed: (sub.0 & !E164).into() });
    }
    if len != len32(NSAPA_LEN) {
        return Err(Error::Length { field, offset, found: len, needed: len32(NSAPA_LEN) });
    }
    if number.len() == 0 || !number.is_e164() {
        return Err(Error::Value { field, offset, found: sub.0.into(), needed: 0 });
    }
    Ok(())
}

/// An ATM number: ar$sha or ar$tha with its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Number<'a> {
    /// Null or unknown.
    Null {
        /// The type bit, which means nothing: sent as `false`, kept as it is.
        e164: bool,
    },
    /// An ATM Forum address of the form of an OSI NSAPA.
    Nsapa(&'a [u8; NSAPA_LEN]),
    /// An E.164 number: 1 to [`MAX_E164_LEN`] digits in IA5.
    E164(&'a [u8]),
}

impl<'a> Number<'a> {
    /// No number.
    pub const NULL: Self = Self::Null { e164: false };

    /// The number's octets.
    #[must_use]
    pub const fn as_octets(&self) -> &'a [u8] {
        match *self {
            Self::Null { .. } => &[],
            Self::Nsapa(octets) => octets,
            Self::E164(octets) => octets,
        }
    }

    pub(super) const fn type_length(self) -> TypeLength {
        match self {
            Self::Null { e164 } => TypeLength::new(e164, 0),
            Self::Nsapa(octets) => TypeLength::new(false, octets.len()),
            Self::E164(octets) => TypeLength::new(true, octets.len()),
        }
    }

    fn new(kind: TypeLength, octets: &'a [u8]) -> Self {
        match (octets, octets.first_chunk()) {
            ([], _) => Self::Null { e164: kind.is_e164() },
            (_, Some(nsapa)) if !kind.is_e164() => Self::Nsapa(nsapa),
            _ => Self::E164(octets),
        }
    }
}

/// An ATM subaddress: ar$ssa or ar$tsa with its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subaddress<'a> {
    /// Null or unknown.
    Null {
        /// The type bit, which means nothing: sent as `false`, kept as it is.
        e164: bool,
    },
    /// An ATM Forum address behind an E.164 number.
    Nsapa(&'a [u8; NSAPA_LEN]),
}

impl<'a> Subaddress<'a> {
    /// No subaddress.
    pub const NULL: Self = Self::Null { e164: false };

    /// The subaddress's octets.
    #[must_use]
    pub const fn as_octets(&self) -> &'a [u8] {
        match *self {
            Self::Null { .. } => &[],
            Self::Nsapa(octets) => octets,
        }
    }

    pub(super) const fn type_length(self) -> TypeLength {
        match self {
            Self::Null { e164 } => TypeLength::new(e164, 0),
            Self::Nsapa(octets) => TypeLength::new(false, octets.len()),
        }
    }

    fn new(kind: TypeLength, octets: &'a [u8]) -> Self {
        match octets.first_chunk() {
            Some(nsapa) => Self::Nsapa(nsapa),
            None => Self::Null { e164: kind.is_e164() },
        }
    }
}

/// One side's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Station<'a> {
    /// ATM number.
    pub number: Number<'a>,
    /// ATM subaddress; only behind an E.164 number.
    pub subaddress: Subaddress<'a>,
    /// Protocol address: the four octets of an IPv4 address, or none where it is unknown.
    pub protocol: &'a [u8],
}

impl<'a> Station<'a> {
    /// Nothing known.
    pub const NULL: Self = Self { number: Number::NULL, subaddress: Subaddress::NULL, protocol: &[] };

    /// A station of structure 1: an NSAPA alone.
    #[must_use]
    pub const fn nsapa(nsapa: &'a [u8; NSAPA_LEN], protocol: &'a [u8]) -> Self {
        Self { number: Number::Nsapa(nsapa), subaddress: Subaddress::NULL, protocol }
    }

    /// Whether the protocol address is null: of length 0, or 0.0.0.0 as older stations send it (RFC 2225 8.7.5).
    #[must_use]
    pub const fn is_protocol_null(&self) -> bool {
        matches!(self.protocol, [] | [0, 0, 0, 0])
    }

    pub(super) const fn wire_len(&self) -> usize {
        self.number.as_octets().len().saturating_add(self.subaddress.as_octets().len()).saturating_add(self.protocol.len())
    }

    pub(super) fn protocol_len(&self) -> Result<u8, Error> {
        let found = self.protocol.len();
        u8::try_from(found).map_err(|_| Error::DoesNotFit {
            field: Field::AtmArpProtocolAddress,
            found: len32(found),
            needed: u8::MAX.into(),
        })
    }

    /// Takes the addresses of those lengths off the front of `octets`, which is known to have them.
    pub(super) fn read(number: TypeLength, sub: TypeLength, protocol: u8, octets: &'a [u8]) -> (Self, &'a [u8]) {
        let (a, octets) = octets.split_at_checked(number.len().into()).unwrap_or((&[], &[]));
        let (b, octets) = octets.split_at_checked(sub.len().into()).unwrap_or((&[], &[]));
        let (protocol, octets) = octets.split_at_checked(protocol.into()).unwrap_or((&[], &[]));
        (Self { number: Number::new(number, a), subaddress: Subaddress::new(sub, b), protocol }, octets)
    }
}
