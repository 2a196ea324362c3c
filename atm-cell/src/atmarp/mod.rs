//! ATMARP and InATMARP packets (RFC 2225 8.7).
//!
//! ```text
//! +-------------------------------+-------------------------------+
//! |        ar$hrd = 0x0013        |            ar$pro             |  0
//! +---------------+---------------+-------------------------------+
//! |    ar$shtl    |    ar$sstl    |             ar$op             |  4
//! +---------------+---------------+---------------+---------------+
//! |    ar$spln    |    ar$thtl    |    ar$tstl    |    ar$tpln    |  8
//! +---------------+---------------+---------------+---------------+
//! | ar$sha: source ATM number     | ar$ssa: source ATM subaddress | 12
//! +-------------------------------+-------------------------------+
//! | ar$spa: source protocol addr. | ar$tha: target ATM number     |
//! +-------------------------------+-------------------------------+
//! | ar$tsa: target ATM subaddress | ar$tpa: target protocol addr. |
//! +-------------------------------+-------------------------------+
//!
//!  type and length octet (shtl, sstl, thtl, tstl)
//!    8   7   6   5   4   3   2   1
//!  +---+---+-----------------------+
//!  | 0 | T |   length in octets    |   T: 0 ATM Forum NSAPA, 1 E.164
//!  +---+---+-----------------------+
//! ```
//!
//! An address of length 0 is null or unknown and takes no room; its type bit means nothing and is kept. Numbers and
//! subaddresses combine in three structures: an NSAPA alone, an E.164 number alone, and an E.164 number with an NSAPA as its
//! subaddress.
//!
//! ```
//! use atm_cell::atmarp::{Header, Operation, PROTOCOL_IPV4, Station, View};
//!
//! let (asker, answer) = ([0x47; 20], [0x39; 20]);
//! let request = Header {
//!     protocol: PROTOCOL_IPV4,
//!     operation: Operation::REQUEST,
//!     source: Station::nsapa(&asker, &[10, 0, 0, 1]),
//!     target: Station { protocol: &[10, 0, 0, 2], ..Station::NULL },
//! };
//! let mut buffer = [0; 64];
//! let len = request.emit(&mut buffer)?;
//! let request = Header::from_view(&View::parse(&buffer[..len])?);
//! let reply = request.reply(Station::nsapa(&answer, &[10, 0, 0, 2]));
//! assert_eq!(reply.map(|reply| reply.target), Some(request.source));
//! # Ok::<(), atm_cell::Error>(())
//! ```

mod address;

pub use address::{MAX_E164_LEN, NSAPA_LEN, Number, Station, Subaddress};

use crate::error::len32;
use crate::octets::room;
use crate::{Error, Field};
use address::TypeLength;

/// Octets in front of the addresses.
pub const FIXED_LEN: usize = 12;
/// The longest packet: two numbers and two subaddresses of 20 octets, two protocol addresses of 255.
pub const MAX_LEN: usize = FIXED_LEN + 4 * NSAPA_LEN + 2 * 255;
/// The hardware type of the ATM Forum's address family.
pub const HARDWARE_TYPE: u16 = 0x0013;
/// The protocol type of IPv4.
pub const PROTOCOL_IPV4: u16 = 0x0800;

/// Operation code, ar$op.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation(pub u16);

impl Operation {
    /// ATMARP_Request: which ATM address has that protocol address?
    pub const REQUEST: Self = Self(1);
    /// ATMARP_Reply.
    pub const REPLY: Self = Self(2);
    /// InATMARP_Request: who is at the other end of this channel?
    pub const INVERSE_REQUEST: Self = Self(8);
    /// InATMARP_Reply.
    pub const INVERSE_REPLY: Self = Self(9);
    /// ATMARP_NAK: the server has no entry for what was asked.
    pub const NAK: Self = Self(10);

    /// Whether RFC 2225 defines it. Others are discarded without an answer (8.7.2).
    #[must_use]
    pub const fn is_known(self) -> bool {
        matches!(self, Self::REQUEST | Self::REPLY | Self::INVERSE_REQUEST | Self::INVERSE_REPLY | Self::NAK)
    }

    /// The operation that answers this one with an address; `None` where it asks for none.
    #[must_use]
    pub const fn reply(self) -> Option<Self> {
        match self {
            Self::REQUEST => Some(Self::REPLY),
            Self::INVERSE_REQUEST => Some(Self::INVERSE_REPLY),
            _ => None,
        }
    }
}

/// A read packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    octets: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads the packet at the start of `octets`: the payload of a routed PDU of [`crate::llc::EtherType::ARP`]. Octets behind
    /// the packet are left out; AAL5 carries exact lengths, but a bridge on the way may have padded.
    ///
    /// # Errors
    /// [`Error::Truncated`]; [`Error::Value`] for another hardware type, a type and length octet whose reserved bit is set, and a
    /// subaddress that its number does not allow; [`Error::Length`] for a number, subaddress or IPv4 address of a length that it
    /// cannot have.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let Some(fixed) = octets.first_chunk::<FIXED_LEN>() else {
            return Err(truncated(octets.len(), FIXED_LEN));
        };
        let [h0, h1, p0, p1, shtl, sstl, _, _, spln, thtl, tstl, tpln] = *fixed;
        let hardware = u16::from_be_bytes([h0, h1]);
        if hardware != HARDWARE_TYPE {
            let (found, needed) = (hardware.into(), HARDWARE_TYPE.into());
            return Err(Error::Value { field: Field::AtmArpHardware, offset: 0, found, needed });
        }
        let protocol = u16::from_be_bytes([p0, p1]);
        address::check(TypeLength(shtl), 4, TypeLength(sstl), 5)?;
        check_protocol_len(protocol, spln, 8)?;
        address::check(TypeLength(thtl), 9, TypeLength(tstl), 10)?;
        check_protocol_len(protocol, tpln, 11)?;
        let needed = [TypeLength(shtl).len(), TypeLength(sstl).len(), spln, TypeLength(thtl).len(), TypeLength(tstl).len(), tpln]
            .iter()
            .fold(FIXED_LEN, |sum, len| sum.saturating_add(usize::from(*len)));
        match octets.get(..needed) {
            Some(octets) => Ok(Self { octets }),
            None => Err(truncated(octets.len(), needed)),
        }
    }

    fn fixed(&self) -> [u8; FIXED_LEN] {
        self.octets.first_chunk().copied().unwrap_or_default()
    }

    /// Protocol type, ar$pro: an EtherType.
    #[must_use]
    pub fn protocol(&self) -> u16 {
        let [_, _, high, low, ..] = self.fixed();
        u16::from_be_bytes([high, low])
    }

    /// Operation code, ar$op.
    #[must_use]
    pub fn operation(&self) -> Operation {
        let [_, _, _, _, _, _, high, low, ..] = self.fixed();
        Operation(u16::from_be_bytes([high, low]))
    }

    /// The source's addresses.
    #[must_use]
    pub fn source(&self) -> Station<'a> {
        self.stations().0
    }

    /// The target's addresses.
    #[must_use]
    pub fn target(&self) -> Station<'a> {
        self.stations().1
    }

    fn stations(&self) -> (Station<'a>, Station<'a>) {
        let [_, _, _, _, shtl, sstl, _, _, spln, thtl, tstl, tpln] = self.fixed();
        let rest = self.octets.get(FIXED_LEN..).unwrap_or_default();
        let (source, rest) = Station::read(TypeLength(shtl), TypeLength(sstl), spln, rest);
        let (target, _) = Station::read(TypeLength(thtl), TypeLength(tstl), tpln, rest);
        (source, target)
    }

    /// The packet, without what may follow it.
    #[must_use]
    pub const fn as_octets(&self) -> &'a [u8] {
        self.octets
    }
}

/// A packet to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// Protocol type, ar$pro: an EtherType.
    pub protocol: u16,
    /// Operation code, ar$op.
    pub operation: Operation,
    /// The source's addresses.
    pub source: Station<'a>,
    /// The target's addresses.
    pub target: Station<'a>,
}

impl<'a> Header<'a> {
    /// What emits the very octets that were read.
    #[must_use]
    pub fn from_view(view: &View<'a>) -> Self {
        let (source, target) = view.stations();
        Self { protocol: view.protocol(), operation: view.operation(), source, target }
    }

    /// The reply that gives `answer`'s addresses to who asked: they are its source, and the request's source is its target.
    ///
    /// `answer` is the entry for the request's target protocol address, or under InATMARP the replying station itself. A null
    /// IPv4 address that came as 0.0.0.0 goes out with length 0 (RFC 2225 8.7.5). `None` where the packet asks for no address.
    #[must_use]
    pub fn reply(&self, answer: Station<'a>) -> Option<Self> {
        let operation = self.operation.reply()?;
        let normal =
            |station: Station<'a>| if station.is_protocol_null() { Station { protocol: &[], ..station } } else { station };
        Some(Self { protocol: self.protocol, operation, source: normal(answer), target: normal(self.source) })
    }

    /// The ATMARP_NAK of an ATMARP_Request: the same packet but for its operation code (RFC 2225 8.7.4). `None` for other
    /// operations.
    #[must_use]
    pub fn nak(&self) -> Option<Self> {
        match self.operation {
            Operation::REQUEST => Some(Self { operation: Operation::NAK, ..*self }),
            _ => None,
        }
    }

    /// Octets that [`Self::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        FIXED_LEN.saturating_add(self.source.wire_len()).saturating_add(self.target.wire_len())
    }

    /// Writes the packet and returns its octets' number.
    ///
    /// # Errors
    /// Those that [`View::parse`] has for the same addresses; [`Error::DoesNotFit`] for a protocol address over 255 octets;
    /// [`Error::BufferTooSmall`]. Nothing is written then.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let (spln, tpln) = (self.source.protocol_len()?, self.target.protocol_len()?);
        let (shtl, sstl) = (self.source.number.type_length(), self.source.subaddress.type_length());
        let (thtl, tstl) = (self.target.number.type_length(), self.target.subaddress.type_length());
        address::check(shtl, 4, sstl, 5)?;
        check_protocol_len(self.protocol, spln, 8)?;
        address::check(thtl, 9, tstl, 10)?;
        check_protocol_len(self.protocol, tpln, 11)?;
        let len = self.wire_len();
        let mut rest = room(buffer, len, Field::AtmArpPacket)?;
        let [h0, h1] = HARDWARE_TYPE.to_be_bytes();
        let [p0, p1] = self.protocol.to_be_bytes();
        let [o0, o1] = self.operation.0.to_be_bytes();
        let fixed = [h0, h1, p0, p1, shtl.0, sstl.0, o0, o1, spln, thtl.0, tstl.0, tpln];
        let [source, target] = [self.source, self.target];
        for part in [
            &fixed[..],
            source.number.as_octets(),
            source.subaddress.as_octets(),
            source.protocol,
            target.number.as_octets(),
            target.subaddress.as_octets(),
            target.protocol,
        ] {
            if let Some((to, tail)) = core::mem::take(&mut rest).split_at_mut_checked(part.len()) {
                to.copy_from_slice(part);
                rest = tail;
            }
        }
        Ok(len)
    }
}

#[cfg(feature = "bytes")]
impl Header<'_> {
    /// Appends what [`Self::emit`] writes to `buffer` and returns its octets' number.
    ///
    /// # Errors
    /// Those of [`Self::emit`]; nothing is appended then.
    pub fn put(&self, buffer: &mut impl bytes::BufMut) -> Result<usize, Error> {
        let mut octets = [0; MAX_LEN];
        let len = self.emit(&mut octets)?;
        let found = buffer.remaining_mut();
        if found < len {
            return Err(Error::BufferTooSmall { field: Field::Buffer, found: len32(found), needed: len32(len) });
        }
        buffer.put_slice(octets.get(..len).unwrap_or(&octets));
        Ok(len)
    }
}

/// IPv4 addresses have 4 octets or none; what other protocols have is theirs.
fn check_protocol_len(protocol: u16, len: u8, offset: u32) -> Result<(), Error> {
    match (protocol, len) {
        (PROTOCOL_IPV4, 0 | 4) => Ok(()),
        (PROTOCOL_IPV4, _) => Err(Error::Length { field: Field::AtmArpProtocolAddress, offset, found: len.into(), needed: 4 }),
        _ => Ok(()),
    }
}

#[cold]
#[inline(never)]
fn truncated(found: usize, needed: usize) -> Error {
    Error::Truncated { field: Field::AtmArpPacket, offset: 0, found: len32(found), needed: len32(needed) }
}

#[cfg(test)]
mod tests;
