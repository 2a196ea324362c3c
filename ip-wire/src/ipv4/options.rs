//! IPv4 options (RFC 791 3.1 and its successors).
//!
//! ```text
//!  0 1 2 3 4 5 6 7 8 9 ...
//! +-+---+---------+---------------+---------------- ... -+
//! |C|Cls| Number  |    Length     |  Data, Length-2 octets|
//! +-+---+---------+---------------+---------------- ... -+
//! ```
//!
//! C: copied into every fragment. Cls: 0 control, 2 debugging and measurement, 1 and 3 reserved. Length counts type and length
//! octets. Types 0 (end of list) and 1 (no operation) are single octets.

use core::fmt;
use core::net::Ipv4Addr;

use super::MIN_HEADER_LEN;
use crate::error::{Error, Field, len32};
use crate::tlv;

mod security;

pub use security::{BasicSecurity, Cipso, CipsoTag, Classification, Rfc791Security, Security};

/// Octets of the largest options area: IHL 15.
pub const MAX_OPTIONS_LEN: usize = tlv::MAX_AREA_LEN;

tlv::option_kinds! {
    "IP Option Numbers", "option {}";
    /// End of options list (RFC 791).
    END_OF_OPTIONS = 0, "end of options list";
    /// No operation (RFC 791).
    NO_OPERATION = 1, "no operation";
    /// Record route (RFC 791).
    RECORD_ROUTE = 7, "record route";
    /// Quick-Start (RFC 4782).
    QUICK_START = 25, "quick-start";
    /// Timestamp (RFC 791).
    TIMESTAMP = 68, "timestamp";
    /// Traceroute (RFC 1393, deprecated by RFC 6814).
    TRACEROUTE = 82, "traceroute";
    /// Security (RFC 791, basic security of RFC 1108).
    SECURITY = 130, "security";
    /// Loose source and record route (RFC 791).
    LOOSE_SOURCE_ROUTE = 131, "loose source route";
    /// Extended security (RFC 1108).
    EXTENDED_SECURITY = 133, "extended security";
    /// Commercial IP security option (FIPS 188).
    CIPSO = 134, "commercial security";
    /// Stream identifier (RFC 791, deprecated by RFC 6814).
    STREAM_ID = 136, "stream ID";
    /// Strict source and record route (RFC 791).
    STRICT_SOURCE_ROUTE = 137, "strict source route";
    /// Router alert (RFC 2113).
    ROUTER_ALERT = 148, "router alert";
    /// Sender directed multi-destination delivery (RFC 1770, deprecated by RFC 6814).
    SENDER_DIRECTED_DELIVERY = 149, "sender directed delivery";
}

impl Kind {
    /// Whether the option goes into every fragment (bit 0 of the type octet).
    #[must_use]
    pub const fn copied(self) -> bool {
        self.0 & 0x80 != 0
    }

    /// Option class, 0 to 3.
    #[must_use]
    pub const fn class(self) -> u8 {
        (self.0 >> 5) & 3
    }

    /// Option number within its class, 0 to 31.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0 & 0x1f
    }
}

tlv::options_walk!(Field::Ipv4Option, tlv::Inclusive, "packet", "The length octet; `None` for the two types that have none.");

impl<'a> Opt<'a> {
    /// The option's meaning.
    ///
    /// # Errors
    /// [`Error::OptionLength`] if the length is not one that the type allows, [`Error::Value`] for a pointer below 4 or
    /// a timestamp flag that RFC 791 does not define.
    pub fn value(&self) -> Result<Value<'a>, Error> {
        let data = self.tlv.data;
        Ok(match self.kind() {
            Kind::END_OF_OPTIONS => Value::EndOfOptions { padding: data },
            Kind::NO_OPERATION => Value::NoOperation,
            Kind::RECORD_ROUTE => Value::RecordRoute(self.route()?),
            Kind::LOOSE_SOURCE_ROUTE => Value::LooseSourceRoute(self.route()?),
            Kind::STRICT_SOURCE_ROUTE => Value::StrictSourceRoute(self.route()?),
            Kind::TIMESTAMP => Value::Timestamp(self.timestamp()?),
            Kind::STREAM_ID => Value::StreamId(u16::from_be_bytes(self.exactly()?)),
            Kind::ROUTER_ALERT => Value::RouterAlert(u16::from_be_bytes(self.exactly()?)),
            Kind::SECURITY => match data {
                [] => return Err(self.wrong_length(3)),
                _ => Value::Security(Security { data }),
            },
            Kind::EXTENDED_SECURITY => match data.split_first() {
                Some((format, info)) => Value::ExtendedSecurity { format: *format, info },
                None => return Err(self.wrong_length(3)),
            },
            Kind::CIPSO => match data.split_first_chunk::<4>() {
                Some((doi, tags)) => {
                    Value::Cipso(Cipso { doi: u32::from_be_bytes(*doi), tags, offset: self.offset.saturating_add(6) })
                }
                None => return Err(self.wrong_length(6)),
            },
            Kind::TRACEROUTE => {
                let [i0, i1, o0, o1, r0, r1, a, b, c, d] = self.exactly()?;
                Value::Traceroute(Traceroute {
                    id: u16::from_be_bytes([i0, i1]),
                    outbound_hops: u16::from_be_bytes([o0, o1]),
                    return_hops: u16::from_be_bytes([r0, r1]),
                    originator: Ipv4Addr::new(a, b, c, d),
                })
            }
            Kind::SENDER_DIRECTED_DELIVERY => match Addresses::new(data) {
                Some(addresses) => Value::SenderDirectedDelivery(addresses),
                None => return Err(self.wrong_length(len32(data.len() & !3).saturating_add(2))),
            },
            kind => Value::Unknown { kind, data },
        })
    }

    fn exactly<const N: usize>(&self) -> Result<[u8; N], Error> {
        <[u8; N]>::try_from(self.tlv.data).map_err(|_| self.wrong_length(len32(N).saturating_add(2)))
    }

    fn route(&self) -> Result<Route<'a>, Error> {
        let Some((pointer, list)) = self.tlv.data.split_first() else {
            return Err(self.wrong_length(3));
        };
        let Some(addresses) = Addresses::new(list) else {
            return Err(self.wrong_length(len32(list.len() & !3).saturating_add(3)));
        };
        self.pointer(*pointer, 4)?;
        Ok(Route { pointer: *pointer, addresses })
    }

    fn timestamp(&self) -> Result<Timestamp<'a>, Error> {
        let [pointer, counts, entries @ ..] = self.tlv.data else {
            return Err(self.wrong_length(4));
        };
        let flag = match counts & 0x0f {
            0 => TimestampFlag::TimestampsOnly,
            1 => TimestampFlag::AddressesAndTimestamps,
            3 => TimestampFlag::PrespecifiedAddresses,
            found => {
                return Err(Error::Value {
                    field: Field::Ipv4OptionFlag,
                    offset: self.offset.saturating_add(3),
                    found: u32::from(found),
                    needed: 3,
                });
            }
        };
        let step = flag.entry_len();
        let whole = entries.len().checked_div(step).unwrap_or(0).wrapping_mul(step);
        if whole != entries.len() {
            return Err(self.wrong_length(len32(whole).saturating_add(4)));
        }
        self.pointer(*pointer, 5)?;
        Ok(Timestamp { pointer: *pointer, overflow: counts >> 4, flag, entries })
    }

    fn pointer(&self, found: u8, least: u8) -> Result<(), Error> {
        if found < least {
            return Err(Error::Value {
                field: Field::Ipv4OptionPointer,
                offset: self.offset.saturating_add(2),
                found: u32::from(found),
                needed: u32::from(least),
            });
        }
        Ok(())
    }

    fn wrong_length(&self, needed: u32) -> Error {
        Error::OptionLength { field: Field::Ipv4Option, offset: self.offset, found: len32(self.tlv.octets.len()), needed }
    }
}

/// What an option says.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// The list ends; what is left of the area is padding, zero as a rule.
    EndOfOptions {
        /// The octets after the option's own.
        padding: &'a [u8],
    },
    /// Nothing; aligns the next option.
    NoOperation,
    /// Classification of the datagram (RFC 791 or RFC 1108: same type, two layouts).
    Security(Security<'a>),
    /// Additional security information of an authority (RFC 1108 3.3).
    ExtendedSecurity {
        /// Format code of the authority.
        format: u8,
        /// Its information.
        info: &'a [u8],
    },
    /// Each hop is given by the list, others may lie between.
    LooseSourceRoute(Route<'a>),
    /// Each hop is given by the list and no other is allowed.
    StrictSourceRoute(Route<'a>),
    /// Hops record their addresses.
    RecordRoute(Route<'a>),
    /// SATNET stream identifier.
    StreamId(u16),
    /// Hops record timestamps in milliseconds since midnight UT.
    Timestamp(Timestamp<'a>),
    /// Every router on the way examines the datagram; 0 is the only value RFC 2113 defines (registry: RFC 5350).
    RouterAlert(u16),
    /// Hops report themselves to the originator (RFC 1393).
    Traceroute(Traceroute),
    /// Security labels in tags of a domain of interpretation.
    Cipso(Cipso<'a>),
    /// Extra destinations (RFC 1770).
    SenderDirectedDelivery(Addresses<'a>),
    /// An option that this crate gives no meaning to.
    Unknown {
        /// Its type.
        kind: Kind,
        /// Its octets after type and length.
        data: &'a [u8],
    },
}

impl Value<'_> {
    /// The type octet.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::EndOfOptions { .. } => Kind::END_OF_OPTIONS,
            Self::NoOperation => Kind::NO_OPERATION,
            Self::Security(_) => Kind::SECURITY,
            Self::ExtendedSecurity { .. } => Kind::EXTENDED_SECURITY,
            Self::LooseSourceRoute(_) => Kind::LOOSE_SOURCE_ROUTE,
            Self::StrictSourceRoute(_) => Kind::STRICT_SOURCE_ROUTE,
            Self::RecordRoute(_) => Kind::RECORD_ROUTE,
            Self::StreamId(_) => Kind::STREAM_ID,
            Self::Timestamp(_) => Kind::TIMESTAMP,
            Self::RouterAlert(_) => Kind::ROUTER_ALERT,
            Self::Traceroute(_) => Kind::TRACEROUTE,
            Self::Cipso(_) => Kind::CIPSO,
            Self::SenderDirectedDelivery(_) => Kind::SENDER_DIRECTED_DELIVERY,
            Self::Unknown { kind, .. } => *kind,
        }
    }
}

/// A list of IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Addresses<'a>(&'a [u8]);

impl<'a> Addresses<'a> {
    /// A list from its octets; `None` if they are not whole addresses.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Option<Self> {
        if octets.len() % 4 == 0 { Some(Self(octets)) } else { None }
    }

    /// The octets.
    #[must_use]
    pub const fn as_octets(&self) -> &'a [u8] {
        self.0
    }

    /// How many addresses.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len() / 4
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The addresses in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Ipv4Addr> + ExactSizeIterator + use<'a> {
        self.0.chunks_exact(4).map(address)
    }
}

fn address(octets: &[u8]) -> Ipv4Addr {
    Ipv4Addr::from(<[u8; 4]>::try_from(octets).unwrap_or_default())
}

/// The body of a source route or record route: a pointer and a list of addresses.
///
/// ```text
/// +--------+--------+--------+---------//--------+
/// |  type  | length | pointer|     route data    |
/// +--------+--------+--------+---------//--------+
/// ```
///
/// The pointer counts from the option's first octet, 1 being that; 4 is the first address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route<'a> {
    /// The pointer, at least 4.
    pub pointer: u8,
    /// All slots, used or not.
    pub addresses: Addresses<'a>,
}

impl<'a> Route<'a> {
    /// Index of the slot that the pointer names: how many addresses were used or recorded.
    #[must_use]
    pub fn position(&self) -> usize {
        usize::from(self.pointer.saturating_sub(4) / 4).min(self.addresses.len())
    }

    /// Whether the route is used up, or the record full: the pointer is greater than the length.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        usize::from(self.pointer) > self.addresses.as_octets().len().saturating_add(3)
    }

    /// The address that the pointer names: the next hop of a source route.
    #[must_use]
    pub fn next_hop(&self) -> Option<Ipv4Addr> {
        if self.is_complete() { None } else { self.addresses.iter().nth(self.position()) }
    }

    /// The addresses passed so far.
    pub fn recorded(&self) -> impl Iterator<Item = Ipv4Addr> + use<'a> {
        self.addresses.iter().take(self.position())
    }
}

/// The three forms of the timestamp option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampFlag {
    /// 0: timestamps in consecutive words.
    TimestampsOnly,
    /// 1: each timestamp preceded by the address of its recorder.
    AddressesAndTimestamps,
    /// 3: the addresses are given; a hop fills in its timestamp only at its own.
    PrespecifiedAddresses,
}

impl TimestampFlag {
    /// The flag's number.
    #[must_use]
    pub const fn value(self) -> u8 {
        match self {
            Self::TimestampsOnly => 0,
            Self::AddressesAndTimestamps => 1,
            Self::PrespecifiedAddresses => 3,
        }
    }

    const fn entry_len(self) -> usize {
        match self {
            Self::TimestampsOnly => 4,
            Self::AddressesAndTimestamps | Self::PrespecifiedAddresses => 8,
        }
    }
}

/// The body of a timestamp option.
///
/// ```text
/// +--------+--------+--------+----+----+
/// |01000100| length | pointer|oflw|flag|
/// +--------+--------+--------+----+----+
/// |          internet address          |  flags 1 and 3 only
/// +------------------------------------+
/// |              timestamp             |
/// +------------------------------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp<'a> {
    /// The pointer, at least 5: the first free entry.
    pub pointer: u8,
    /// How many hops could not record for lack of space, at most 15.
    pub overflow: u8,
    /// The form.
    pub flag: TimestampFlag,
    /// The entries' octets.
    pub entries: &'a [u8],
}

impl<'a> Timestamp<'a> {
    /// Whether no entry is free: the pointer is greater than the length.
    #[must_use]
    pub fn is_full(&self) -> bool {
        usize::from(self.pointer) > self.entries.len().saturating_add(4)
    }

    /// All entries, used or not.
    pub fn iter(&self) -> impl Iterator<Item = TimestampEntry> + use<'a> {
        let with_address = self.flag != TimestampFlag::TimestampsOnly;
        self.entries.chunks_exact(self.flag.entry_len()).map(move |entry| {
            let (first, second) = entry.split_at_checked(4).unwrap_or_default();
            if with_address {
                TimestampEntry { address: Some(address(first)), timestamp: address(second).to_bits() }
            } else {
                TimestampEntry { address: None, timestamp: address(first).to_bits() }
            }
        })
    }
}

/// One entry of a timestamp option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimestampEntry {
    /// Who recorded it, or should.
    pub address: Option<Ipv4Addr>,
    /// Milliseconds since midnight UT; any other time has the high bit set.
    pub timestamp: u32,
}

impl TimestampEntry {
    /// Whether the high bit says that the time is not milliseconds since midnight UT.
    #[must_use]
    pub const fn is_nonstandard(&self) -> bool {
        self.timestamp & 0x8000_0000 != 0
    }
}

/// The traceroute option (RFC 1393 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traceroute {
    /// Number of the trace.
    pub id: u16,
    /// Hops of the outbound packet so far.
    pub outbound_hops: u16,
    /// Hops of the return packet so far; 0xffff on the outbound packet.
    pub return_hops: u16,
    /// Whom to report to.
    pub originator: Ipv4Addr,
}

/// An options area to emit: at most 40 octets, padded to whole words.
///
/// ```
/// use ip_wire::ipv4::options::{OptionList, Value};
///
/// let mut options = OptionList::new();
/// options.push(&Value::RouterAlert(0))?;
/// options.push(&Value::NoOperation)?;
/// // 148, 4, 0, 0, then 1, then padding with the end of the list.
/// assert_eq!(options.as_octets(), [148, 4, 0, 0, 1, 0, 0, 0]);
/// # Ok::<(), ip_wire::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OptionList {
    area: tlv::Area,
}

tlv::options_list!(Field::Ipv4Options, MIN_HEADER_LEN, "packet");

impl OptionList {
    /// Appends an option.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if the area would be over 40 octets; the list stays as it was.
    pub fn push(&mut self, value: &Value<'_>) -> Result<(), Error> {
        let mut next = *self;
        let kind = value.kind();
        match *value {
            Value::EndOfOptions { padding } => {
                next.area.push(&[kind.0], Field::Ipv4Options)?;
                next.area.push(padding, Field::Ipv4Options)?;
            }
            Value::NoOperation => next.area.push(&[kind.0], Field::Ipv4Options)?,
            Value::Security(Security { data }) | Value::Unknown { data, .. } => next.push_tlv(kind, &[data])?,
            Value::ExtendedSecurity { format, info } => next.push_tlv(kind, &[&[format], info])?,
            Value::LooseSourceRoute(route) | Value::StrictSourceRoute(route) | Value::RecordRoute(route) => {
                next.push_tlv(kind, &[&[route.pointer], route.addresses.as_octets()])?;
            }
            Value::StreamId(number) | Value::RouterAlert(number) => next.push_tlv(kind, &[&number.to_be_bytes()])?,
            Value::Timestamp(Timestamp { pointer, overflow, flag, entries }) => {
                if overflow > 15 {
                    let found = u32::from(overflow);
                    return Err(Error::DoesNotFit { field: Field::Ipv4OptionOverflow, found, needed: 15 });
                }
                next.push_tlv(kind, &[&[pointer, (overflow << 4) | flag.value()], entries])?;
            }
            Value::Traceroute(trace) => next.push_tlv(
                kind,
                &[
                    &trace.id.to_be_bytes(),
                    &trace.outbound_hops.to_be_bytes(),
                    &trace.return_hops.to_be_bytes(),
                    &trace.originator.octets(),
                ],
            )?,
            Value::Cipso(Cipso { doi, tags, .. }) => next.push_tlv(kind, &[&doi.to_be_bytes(), tags])?,
            Value::SenderDirectedDelivery(addresses) => next.push_tlv(kind, &[addresses.as_octets()])?,
        }
        *self = next;
        Ok(())
    }

    fn push_tlv(&mut self, kind: Kind, parts: &[&[u8]]) -> Result<(), Error> {
        self.area.push_tlv(kind.0, parts, Field::Ipv4Options)
    }

    /// The options that a fragment other than the first carries: those with the copied bit (RFC 791 3.1, 3.2).
    ///
    /// # Errors
    /// Those of [`Options`].
    pub fn copied(&self) -> Result<Self, Error> {
        let mut list = Self::new();
        for option in self.iter() {
            let option = option?;
            if option.kind().copied() {
                list.area.push(option.octets(), Field::Ipv4Options)?;
            }
        }
        Ok(list)
    }
}

/// The last address of an unfinished source route, which comes before any error.
pub(super) fn final_destination(options: Options<'_>) -> Option<Ipv4Addr> {
    options.map_while(Result::ok).find_map(|option| match option.value() {
        Ok(Value::LooseSourceRoute(route) | Value::StrictSourceRoute(route)) if !route.is_complete() => {
            route.addresses.iter().next_back()
        }
        _ => None,
    })
}
