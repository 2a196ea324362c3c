//! The options of hop-by-hop and destination options headers (RFC 8200 4.2).
//!
//! ```text
//! +---+-+---------+---------------+---------------- ... -+
//! |Act|C| Number  | Opt Data Len  |  Option Data          |
//! +---+-+---------+---------------+---------------- ... -+
//! ```
//!
//! Act: what a node does that does not know the option. C: the data may change on the way. Opt Data Len counts the data's octets alone.
//! Type 0 (Pad1) is a single octet.

use core::fmt;
use core::net::Ipv6Addr;

use super::ext::ext_len;
use crate::error::{Error, Field, len32};
use crate::octets::copy;
use crate::tlv;
use crate::{Protocol, Reaction};

tlv::option_kinds! {
    "Destination Options and Hop-by-Hop Options", "option {:#04x}";
    /// One octet of padding (RFC 8200).
    PAD_1 = 0x00, "Pad1";
    /// Two or more octets of padding (RFC 8200).
    PAD_N = 0x01, "PadN";
    /// Tunnel encapsulation limit (RFC 2473).
    TUNNEL_ENCAPSULATION_LIMIT = 0x04, "tunnel encapsulation limit";
    /// Router alert (RFC 2711).
    ROUTER_ALERT = 0x05, "router alert";
    /// Common architecture label IPv6 security option (RFC 5570).
    CALIPSO = 0x07, "CALIPSO";
    /// RPL, as RFC 9008 renumbered it.
    RPL = 0x23, "RPL";
    /// Quick-Start (RFC 4782).
    QUICK_START = 0x26, "quick-start";
    /// Minimum path MTU (RFC 9268).
    MINIMUM_PATH_MTU = 0x30, "minimum path MTU";
    /// RPL, as RFC 6553 numbered it.
    RPL_OLD = 0x63, "RPL (RFC 6553)";
    /// Jumbo payload (RFC 2675).
    JUMBO_PAYLOAD = 0xc2, "jumbo payload";
    /// Home address (RFC 6275).
    HOME_ADDRESS = 0xc9, "home address";
}

impl Kind {
    /// What a node that does not know the option does with the packet: the two high bits.
    #[must_use]
    pub const fn action(self) -> Action {
        match self.0 >> 6 {
            0 => Action::Skip,
            1 => Action::Discard,
            2 => Action::Report,
            _ => Action::ReportUnlessMulticast,
        }
    }

    /// Whether the data may change on the way; AH takes such data as zero (RFC 4302 3.3.3.1.2.1).
    #[must_use]
    pub const fn may_change(self) -> bool {
        self.0 & 0x20 != 0
    }
}

/// What to do about an option that is not known (RFC 8200 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// 00: skip it.
    Skip,
    /// 01: discard the packet.
    Discard,
    /// 10: discard and send a parameter problem, to multicast packets too.
    Report,
    /// 11: discard and send a parameter problem unless the packet went to a multicast address.
    ReportUnlessMulticast,
}

tlv::options_walk!(Field::Ipv6Option, tlv::Exclusive, "packet", "Opt Data Len; `None` for Pad1, which has none.");

impl<'a> Opt<'a> {
    /// The option's meaning.
    ///
    /// # Errors
    /// [`Error::OptionLength`] if the length is not one that the type allows.
    pub fn value(&self) -> Result<Value<'a>, Error> {
        let data = self.tlv.data;
        Ok(match self.kind() {
            Kind::PAD_1 => Value::Pad1,
            Kind::PAD_N => Value::PadN(data),
            Kind::TUNNEL_ENCAPSULATION_LIMIT => {
                let [limit] = self.exactly()?;
                Value::TunnelEncapsulationLimit(limit)
            }
            Kind::ROUTER_ALERT => Value::RouterAlert(u16::from_be_bytes(self.exactly()?)),
            Kind::JUMBO_PAYLOAD => Value::JumboPayload(u32::from_be_bytes(self.exactly()?)),
            Kind::HOME_ADDRESS => Value::HomeAddress(Ipv6Addr::from(self.exactly::<16>()?)),
            Kind::QUICK_START => {
                let [first, ttl, nonce @ ..] = self.exactly::<6>()?;
                Value::QuickStart(QuickStart {
                    function: first >> 4,
                    rate: first & 0x0f,
                    ttl,
                    nonce_and_reserved: u32::from_be_bytes(nonce),
                })
            }
            Kind::MINIMUM_PATH_MTU => {
                let [m0, m1, r0, r1] = self.exactly()?;
                Value::MinimumPathMtu { minimum: u16::from_be_bytes([m0, m1]), returned: u16::from_be_bytes([r0, r1]) }
            }
            Kind::CALIPSO => self.calipso()?,
            Kind::RPL | Kind::RPL_OLD => match data {
                [flags, instance, r0, r1, sub_tlvs @ ..] => Value::Rpl(Rpl {
                    kind: self.kind(),
                    flags: *flags,
                    instance: *instance,
                    sender_rank: u16::from_be_bytes([*r0, *r1]),
                    sub_tlvs,
                }),
                _ => return Err(self.wrong_length(4)),
            },
            kind => Value::Unknown { kind, data },
        })
    }

    fn calipso(&self) -> Result<Value<'a>, Error> {
        let [d0, d1, d2, d3, words, level, c0, c1, compartments @ ..] = self.tlv.data else {
            return Err(self.wrong_length(8));
        };
        let bitmap_len = usize::from(*words).saturating_mul(4);
        if bitmap_len != compartments.len() {
            return Err(self.wrong_length(len32(bitmap_len).saturating_add(8)));
        }
        Ok(Value::Calipso(Calipso {
            doi: u32::from_be_bytes([*d0, *d1, *d2, *d3]),
            sensitivity_level: *level,
            checksum: u16::from_be_bytes([*c0, *c1]),
            compartments,
        }))
    }

    /// What a node that does not know the option owes the packet's sender (RFC 8200 4.2); `None` if it goes on.
    #[must_use]
    pub fn reaction_if_unknown(&self, to_multicast: bool) -> Option<Reaction> {
        match self.kind().action() {
            Action::Skip => None,
            Action::Discard => Some(Reaction::Discard),
            Action::ReportUnlessMulticast if to_multicast => Some(Reaction::Discard),
            Action::Report | Action::ReportUnlessMulticast => Some(Reaction::ParameterProblem { code: 2, pointer: self.offset }),
        }
    }

    fn exactly<const N: usize>(&self) -> Result<[u8; N], Error> {
        <[u8; N]>::try_from(self.tlv.data).map_err(|_| self.wrong_length(len32(N)))
    }

    fn wrong_length(&self, needed: u32) -> Error {
        Error::OptionLength { field: Field::Ipv6Option, offset: self.offset, found: len32(self.tlv.data.len()), needed }
    }
}

/// What an option says.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// One octet of padding.
    Pad1,
    /// Padding: the octets after type and length, zero when sent.
    PadN(&'a [u8]),
    /// How many more times the packet may be encapsulated (RFC 2473 4.1.1).
    TunnelEncapsulationLimit(u8),
    /// Every router on the way examines the packet (RFC 2711).
    RouterAlert(u16),
    /// Length of a jumbogram behind its fixed header (RFC 2675 2).
    JumboPayload(u32),
    /// The mobile node's home address (RFC 6275 6.3).
    HomeAddress(Ipv6Addr),
    /// A request for a sending rate, or its report (RFC 4782 3.2).
    QuickStart(QuickStart),
    /// The smallest MTU met on the way, and the one met on the way back; the low bit of the latter asks for a report (RFC 9268 5).
    MinimumPathMtu {
        /// Smallest MTU so far.
        minimum: u16,
        /// Smallest MTU the other way, and the R bit.
        returned: u16,
    },
    /// A sensitivity label (RFC 5570 5.1).
    Calipso(Calipso<'a>),
    /// Routing information of a low-power network (RFC 6553, RFC 9008).
    Rpl(Rpl<'a>),
    /// An option that this crate gives no meaning to.
    Unknown {
        /// Its type.
        kind: Kind,
        /// Its data.
        data: &'a [u8],
    },
}

/// A Quick-Start request or report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuickStart {
    /// 0 rate request, 8 report of approved rate.
    pub function: u8,
    /// Rate: 40 kbit/s times 2 to the power of this number; 0 is no rate.
    pub rate: u8,
    /// QS TTL.
    pub ttl: u8,
    /// QS nonce in the 30 high bits, reserved bits in the two low ones.
    pub nonce_and_reserved: u32,
}

/// A CALIPSO label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calipso<'a> {
    /// Domain of interpretation.
    pub doi: u32,
    /// Sensitivity level.
    pub sensitivity_level: u8,
    /// CRC-16 over the option, as it stands.
    pub checksum: u16,
    /// Compartment bitmap, whole words.
    pub compartments: &'a [u8],
}

/// An RPL option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rpl<'a> {
    /// [`Kind::RPL`] or [`Kind::RPL_OLD`].
    pub kind: Kind,
    /// O (down), R (rank error), F (forwarding error) in the three high bits; the others are unused.
    pub flags: u8,
    /// RPL instance.
    pub instance: u8,
    /// Rank of the sender.
    pub sender_rank: u16,
    /// Octets behind the fixed part.
    pub sub_tlvs: &'a [u8],
}

impl Value<'_> {
    /// The type octet.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Pad1 => Kind::PAD_1,
            Self::PadN(_) => Kind::PAD_N,
            Self::TunnelEncapsulationLimit(_) => Kind::TUNNEL_ENCAPSULATION_LIMIT,
            Self::RouterAlert(_) => Kind::ROUTER_ALERT,
            Self::JumboPayload(_) => Kind::JUMBO_PAYLOAD,
            Self::HomeAddress(_) => Kind::HOME_ADDRESS,
            Self::QuickStart(_) => Kind::QUICK_START,
            Self::MinimumPathMtu { .. } => Kind::MINIMUM_PATH_MTU,
            Self::Calipso(_) => Kind::CALIPSO,
            Self::Rpl(rpl) => rpl.kind,
            Self::Unknown { kind, .. } => *kind,
        }
    }

    /// Where the option may start, as (x, y): at an offset of x times n plus y from the start of its header (RFC 8200 4.2).
    #[must_use]
    pub const fn alignment(&self) -> (usize, usize) {
        match self.kind() {
            Kind::ROUTER_ALERT | Kind::RPL | Kind::RPL_OLD | Kind::MINIMUM_PATH_MTU => (2, 0),
            Kind::JUMBO_PAYLOAD | Kind::QUICK_START | Kind::CALIPSO => (4, 2),
            Kind::HOME_ADDRESS => (8, 6),
            _ => (1, 0),
        }
    }

    fn data(&self) -> Result<OptionData<'_>, Error> {
        let mut data = OptionData { head: [0; 16], head_len: 0, tail: &[] };
        match self {
            Self::Pad1 => {}
            Self::PadN(octets) | Self::Unknown { data: octets, .. } => data.tail = octets,
            Self::TunnelEncapsulationLimit(limit) => data.put(&[*limit]),
            Self::RouterAlert(value) => data.put(&value.to_be_bytes()),
            Self::JumboPayload(len) => data.put(&len.to_be_bytes()),
            Self::HomeAddress(address) => data.put(&address.octets()),
            Self::QuickStart(quick) => {
                if quick.function > 15 || quick.rate > 15 {
                    let found = u32::from(quick.function.max(quick.rate));
                    return Err(Error::DoesNotFit { field: Field::Ipv6Option, found, needed: 15 });
                }
                data.put(&[(quick.function << 4) | quick.rate, quick.ttl]);
                data.put(&quick.nonce_and_reserved.to_be_bytes());
            }
            Self::MinimumPathMtu { minimum, returned } => {
                data.put(&minimum.to_be_bytes());
                data.put(&returned.to_be_bytes());
            }
            Self::Calipso(label) => {
                let words = label.compartments.len() / 4;
                let (Ok(words), 0) = (u8::try_from(words), label.compartments.len() % 4) else {
                    let found = len32(label.compartments.len());
                    return Err(Error::DoesNotFit { field: Field::Ipv6Option, found, needed: found & !3 });
                };
                data.put(&label.doi.to_be_bytes());
                data.put(&[words, label.sensitivity_level]);
                data.put(&label.checksum.to_be_bytes());
                data.tail = label.compartments;
            }
            Self::Rpl(rpl) => {
                data.put(&[rpl.flags, rpl.instance]);
                data.put(&rpl.sender_rank.to_be_bytes());
                data.tail = rpl.sub_tlvs;
            }
        }
        Ok(data)
    }
}

/// An option's data in two parts, so that nothing needs an allocator.
struct OptionData<'a> {
    head: [u8; 16],
    head_len: usize,
    tail: &'a [u8],
}

impl OptionData<'_> {
    fn put(&mut self, octets: &[u8]) {
        copy(self.head.get_mut(self.head_len..).unwrap_or_default(), octets);
        self.head_len = self.head_len.saturating_add(octets.len());
    }
}

/// Writes an options header into the caller's buffer, option by option.
///
/// ```
/// use ip_wire::Protocol;
/// use ip_wire::ipv6::options::{Value, Writer};
///
/// let mut buffer = [0xff; 8];
/// let mut header = Writer::new(&mut buffer, Protocol::ICMPV6)?;
/// header.push(&Value::RouterAlert(0))?;
/// let len = header.finish()?;
/// // Next header 58, no further 8-octet units, router alert, two octets of padding.
/// assert_eq!(buffer[..len], [58, 0, 5, 2, 0, 0, 1, 0]);
/// # Ok::<(), ip_wire::Error>(())
/// ```
#[derive(Debug)]
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    used: usize,
}

impl<'b> Writer<'b> {
    /// Starts a header that is followed by `next_header`.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] below 8 octets.
    pub fn new(buffer: &'b mut [u8], next_header: Protocol) -> Result<Self, Error> {
        let mut writer = Self { buffer, used: 0 };
        writer.room(8)?;
        writer.put(&[next_header.0, 0])?;
        Ok(writer)
    }

    /// Appends an option where its alignment allows it, with padding before it as needed.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; [`Error::DoesNotFit`] for a value that its field can't hold, or a header over 2,048 octets.
    /// The header stays as it was.
    pub fn push(&mut self, value: &Value<'_>) -> Result<(), Error> {
        let (step, start) = value.alignment();
        // Steps are powers of two.
        let padding = start.wrapping_sub(self.used) & step.wrapping_sub(1);
        let before = self.used;
        let pushed = self.pad(padding).and_then(|()| self.push_unaligned(value));
        if pushed.is_err() {
            self.used = before;
        }
        pushed
    }

    /// Appends an option right here, as a packet that was read may have it.
    ///
    /// # Errors
    /// Those of [`Writer::push`].
    pub fn push_unaligned(&mut self, value: &Value<'_>) -> Result<(), Error> {
        let kind = value.kind();
        if kind == Kind::PAD_1 {
            return self.put(&[kind.0]);
        }
        let data = value.data()?;
        let len = data.head_len.saturating_add(data.tail.len());
        let Ok(data_len) = u8::try_from(len) else {
            return Err(Error::DoesNotFit { field: Field::Ipv6Option, found: len32(len), needed: 255 });
        };
        self.room(len.saturating_add(2))?;
        self.put(&[kind.0, data_len])?;
        self.put(data.head.get(..data.head_len).unwrap_or(&[]))?;
        self.put(data.tail)
    }

    /// Pads the header to a multiple of 8 octets, writes its length and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; [`Error::DoesNotFit`] over 2,048 octets.
    pub fn finish(mut self) -> Result<usize, Error> {
        let whole = self.used.next_multiple_of(8);
        self.pad(whole.saturating_sub(self.used))?;
        let len = ext_len(whole, Field::Ipv6ExtensionLength)?;
        if let Some(octet) = self.buffer.get_mut(1) {
            *octet = len;
        }
        Ok(whole)
    }

    fn pad(&mut self, octets: usize) -> Result<(), Error> {
        const ZEROS: [u8; 8] = [0; 8];
        match octets.checked_sub(2) {
            Some(zeros) => self.push_unaligned(&Value::PadN(ZEROS.get(..zeros).unwrap_or(&ZEROS))),
            None if octets == 1 => self.push_unaligned(&Value::Pad1),
            None => Ok(()),
        }
    }

    fn room(&self, octets: usize) -> Result<(), Error> {
        let needed = self.used.saturating_add(octets);
        if needed > 2048 {
            return Err(Error::DoesNotFit { field: Field::Ipv6ExtensionLength, found: len32(needed), needed: 2048 });
        }
        if needed > self.buffer.len() {
            let found = len32(self.buffer.len());
            return Err(Error::BufferTooSmall { field: Field::Ipv6Extension, found, needed: len32(needed) });
        }
        Ok(())
    }

    fn put(&mut self, octets: &[u8]) -> Result<(), Error> {
        self.room(octets.len())?;
        copy(self.buffer.get_mut(self.used..).unwrap_or_default(), octets);
        self.used = self.used.saturating_add(octets.len());
        Ok(())
    }
}
