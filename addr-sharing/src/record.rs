//! Mapping records: who had which port of which address when (RFC 6269 12), as octets, as text, and looked up.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-----+-+-------+---------------+-------------------------------+
//! | V=1 |6| kind  |   protocol    |                               |  0
//! +-----+-+-------+---------------+    time, milliseconds         +
//! |                                                               |  4
//! +---------------------------------------------------------------+
//! |   subscriber: 4 octets, or 16 with the bit 6                  |  8
//! +---------------------------------------------------------------+
//! |   outside address                                             |
//! +-------------------------------+-------------------------------+
//! |  outside port, or first port  |  inside port, or last port    |
//! +-------------------------------+-------------------------------+
//! ```
//!
//! Kinds: 1 session created, 2 session deleted, 3 block assigned, 4 block released, 5 configuration of deterministic mapping, whose line of text (RFC 7422 3), after its length of 16 bits, stands in place of
//! the rest. All fields are in network order. The format is this crate's own; no RFC has one.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::time::Duration;

use ip_wire::Protocol;

use crate::deterministic::{Answer, Deterministic};
use crate::error::{Error, Parameter};
use crate::port::PortRange;

mod text;

/// Octets of the longest record but for configurations: with an IPv6 subscriber.
pub const MAX_LEN: usize = 32;
/// Octets of the longest text of a configuration that is read or written.
pub const MAX_TEXT_LEN: usize = 512;

/// A record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Record {
    /// When, since 1970; in milliseconds, what is finer is cut off.
    pub time: Duration,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// A mapping of one session began or ended.
    Session {
        /// It began.
        created: bool,
        /// Its protocol.
        protocol: Protocol,
        /// Whose it is: an inside address, or the first address of an IPv6 subscriber's prefix.
        subscriber: IpAddr,
        /// Port inside.
        inside_port: u16,
        /// Address outside.
        outside: Ipv4Addr,
        /// Port outside.
        outside_port: u16,
    },
    /// A block of ports was assigned or released.
    Block {
        /// It was assigned.
        assigned: bool,
        /// Whose it is.
        subscriber: IpAddr,
        /// Address outside.
        outside: Ipv4Addr,
        /// Ports outside.
        ports: PortRange,
    },
    /// A configuration of deterministic mapping is in force from now on, instead of the one before.
    Configuration(Deterministic),
}

impl Record {
    /// Octets of the record.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        match &self.event {
            Event::Session { subscriber, .. } | Event::Block { subscriber, .. } => {
                if subscriber.is_ipv4() {
                    20
                } else {
                    32
                }
            }
            Event::Configuration(map) => {
                let mut count = Count(0);
                // Counting does not fail.
                let _ = fmt::write(&mut count, format_args!("{map}"));
                count.0.saturating_add(10)
            }
        }
    }

    /// Writes the record and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::Parameter`] if the buffer is too short, or the time past 2^48 milliseconds: nothing is written.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let len = self.wire_len();
        let found = buffer.len();
        let Some(out) = buffer.get_mut(..len) else {
            let (found, least) = (u32::try_from(found).unwrap_or(u32::MAX), u32::try_from(len).unwrap_or(u32::MAX));
            return Err(Error::Parameter { parameter: Parameter::Buffer, found, least, most: u32::MAX });
        };
        let milliseconds = u64::try_from(self.time.as_millis()).unwrap_or(u64::MAX);
        if milliseconds >> 48 != 0 {
            return Err(Error::Parameter { parameter: Parameter::Time, found: u32::MAX, least: 0, most: u32::MAX });
        }
        let (kind, protocol, subscriber) = match &self.event {
            Event::Session { created, protocol, subscriber, .. } => (if *created { 1 } else { 2 }, protocol.0, Some(*subscriber)),
            Event::Block { assigned, subscriber, .. } => (if *assigned { 3 } else { 4 }, 0, Some(*subscriber)),
            Event::Configuration(_) => (5, 0, None),
        };
        let six = u8::from(subscriber.is_some_and(|subscriber| subscriber.is_ipv6()));
        let mut writer = Writer { out, at: 0 };
        writer.put(&[(VERSION << 5) | (six << 4) | kind, protocol]);
        let [_, _, time @ ..] = milliseconds.to_be_bytes();
        writer.put(&time);
        match subscriber {
            Some(IpAddr::V4(subscriber)) => writer.put(&subscriber.octets()),
            Some(IpAddr::V6(subscriber)) => writer.put(&subscriber.octets()),
            None => {}
        }
        match &self.event {
            Event::Session { outside, outside_port, inside_port, .. } => {
                writer.put(&outside.octets());
                writer.put(&outside_port.to_be_bytes());
                writer.put(&inside_port.to_be_bytes());
            }
            Event::Block { outside, ports, .. } => {
                writer.put(&outside.octets());
                writer.put(&ports.first().to_be_bytes());
                writer.put(&ports.last().to_be_bytes());
            }
            Event::Configuration(map) => {
                writer.put(&u16::try_from(len.saturating_sub(10)).unwrap_or(u16::MAX).to_be_bytes());
                // The room is there.
                let _ = fmt::write(&mut writer, format_args!("{map}"));
            }
        }
        Ok(len)
    }

    /// Reads the record that `octets` start with, and says how long it is.
    ///
    /// # Errors
    /// [`Error::Record`] for an unknown version or kind, or octets that end too soon; [`Error::Backwards`] for a block whose end is before its start; [`Error::Text`] and others of a configuration's.
    pub fn parse(octets: &[u8]) -> Result<(Self, usize), Error> {
        let mut reader = Reader { octets, at: 0 };
        let [first, protocol] = reader.take::<2>()?;
        let kind = first & 0xf;
        if first >> 5 != VERSION || !(1..=5).contains(&kind) || (kind == 5 && first & 0x10 != 0) {
            return Err(Error::Record { found: u32::from(first), offset: 0 });
        }
        if kind > 2 && protocol != 0 {
            return Err(Error::Record { found: u32::from(protocol), offset: 1 });
        }
        let [a, b, c, d, e, f] = reader.take::<6>()?;
        let time = Duration::from_millis(u64::from_be_bytes([0, 0, a, b, c, d, e, f]));
        if kind == 5 {
            let len = usize::from(u16::from_be_bytes(reader.take::<2>()?));
            let text = octets.get(10..len.saturating_add(10)).filter(|_| len <= MAX_TEXT_LEN);
            let text = text.and_then(|text| core::str::from_utf8(text).ok());
            let text = text.ok_or(Error::Record { found: u32::try_from(len).unwrap_or(u32::MAX), offset: 8 })?;
            let map: Deterministic = text.parse()?;
            return Ok((Self { time, event: Event::Configuration(map) }, len.saturating_add(10)));
        }
        let subscriber = if first & 0x10 == 0 {
            IpAddr::V4(Ipv4Addr::from(reader.take::<4>()?))
        } else {
            IpAddr::V6(Ipv6Addr::from(reader.take::<16>()?))
        };
        let outside = Ipv4Addr::from(reader.take::<4>()?);
        let (one, other) = (u16::from_be_bytes(reader.take::<2>()?), u16::from_be_bytes(reader.take::<2>()?));
        let event = if kind <= 2 {
            Event::Session {
                created: kind == 1,
                protocol: Protocol(protocol),
                subscriber,
                inside_port: other,
                outside,
                outside_port: one,
            }
        } else {
            Event::Block { assigned: kind == 3, subscriber, outside, ports: PortRange::new(one, other)? }
        };
        Ok((Self { time, event }, reader.at))
    }

    /// Whether this begins something, and not ends it.
    const fn begins(&self) -> bool {
        match self.event {
            Event::Session { created, .. } => created,
            Event::Block { assigned, .. } => assigned,
            Event::Configuration(_) => true,
        }
    }

    /// Whether `later` ends what this began.
    fn is_ended_by(&self, later: &Self) -> bool {
        match (self.event, later.event) {
            (Event::Session { created: true, .. }, Event::Session { created: false, .. }) => later.event == with_end(self.event),
            (Event::Block { assigned: true, .. }, Event::Block { assigned: false, .. }) => later.event == with_end(self.event),
            // One configuration at a time.
            (Event::Configuration(_), Event::Configuration(_)) => true,
            _ => false,
        }
    }

    /// Whose the port was while what this began lasted.
    fn subscriber(&self, query: &Query) -> Option<IpAddr> {
        match self.event {
            Event::Session { protocol, subscriber, outside, outside_port, .. } => {
                let same = query.protocol.is_none_or(|asked| asked == protocol);
                (same && outside == query.address && outside_port == query.port).then_some(subscriber)
            }
            Event::Block { subscriber, outside, ports, .. } => {
                (outside == query.address && ports.contains(query.port)).then_some(subscriber)
            }
            Event::Configuration(map) => match map.reverse(query.address, query.port) {
                Ok(Answer::Subscriber(subscriber)) => Some(subscriber),
                _ => None,
            },
        }
    }
}

const VERSION: u8 = 1;

fn with_end(event: Event) -> Event {
    match event {
        Event::Session { protocol, subscriber, inside_port, outside, outside_port, .. } => {
            Event::Session { created: false, protocol, subscriber, inside_port, outside, outside_port }
        }
        Event::Block { subscriber, outside, ports, .. } => Event::Block { assigned: false, subscriber, outside, ports },
        event @ Event::Configuration(_) => event,
    }
}

/// The records in octets, one behind the other; ends after an error.
#[derive(Debug, Clone)]
pub struct Records<'a> {
    octets: &'a [u8],
}

impl<'a> Records<'a> {
    /// Reads `octets`.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self { octets }
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.octets.is_empty() {
            return None;
        }
        let parsed = Record::parse(self.octets);
        self.octets = match &parsed {
            Ok((_, len)) => self.octets.get(*len..).unwrap_or(&[]),
            Err(_) => &[],
        };
        Some(parsed.map(|(record, _)| record))
    }
}

/// A question: who had a port of an address at a time?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Query {
    /// Address outside.
    pub address: Ipv4Addr,
    /// Port outside.
    pub port: u16,
    /// The protocol, if the one who asks knows it: sessions are told apart by it.
    pub protocol: Option<Protocol>,
    /// When.
    pub time: Duration,
    /// How far the clock of the one who asks, and ours, may be apart.
    pub skew: Duration,
}

/// How many subscribers an answer names.
pub const MAX_CANDIDATES: usize = 8;

/// An answer: all subscribers that may have had the port. More than one is no answer to give to anybody as if it were one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribution {
    candidates: [Option<IpAddr>; MAX_CANDIDATES],
    more: bool,
}

impl Attribution {
    /// The subscriber, if it was one and no other.
    #[must_use]
    pub fn certain(&self) -> Option<IpAddr> {
        let mut candidates = self.candidates();
        let first = candidates.next()?;
        (candidates.next().is_none() && !self.more).then_some(first)
    }

    /// Whether it may have been one or the other.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        self.candidates().count() > 1
    }

    /// Those who may have been it, in the order of the records.
    pub fn candidates(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.candidates.iter().flatten().copied()
    }

    /// Whether there are more than [`MAX_CANDIDATES`].
    #[must_use]
    pub const fn has_more(&self) -> bool {
        self.more
    }

    fn add(&mut self, subscriber: IpAddr) {
        for place in &mut self.candidates {
            match place {
                Some(known) if *known == subscriber => return,
                Some(_) => {}
                None => {
                    *place = Some(subscriber);
                    return;
                }
            }
        }
        self.more = true;
    }
}

/// Looks a question up in records that are in the order of time. Whoever had the port at any time within the skew is named; nobody is, if none of the records is of that port then.
pub fn attribute(records: &[Record], query: &Query) -> Attribution {
    let (from, to) = (query.time.saturating_sub(query.skew), query.time.saturating_add(query.skew));
    let mut attribution = Attribution { candidates: [None; MAX_CANDIDATES], more: false };
    for (index, record) in records.iter().enumerate().take_while(|(_, record)| record.time <= to) {
        let Some(subscriber) = record.subscriber(query).filter(|_| record.begins()) else { continue };
        let later = records.get(index.saturating_add(1)..).unwrap_or(&[]);
        let end = later.iter().find(|later| record.is_ended_by(later)).map(|later| later.time);
        // At the very time of its end it was still there.
        if end.is_none_or(|end| end >= from) {
            attribution.add(subscriber);
        }
    }
    attribution
}

struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    fn put(&mut self, octets: &[u8]) {
        let end = self.at.saturating_add(octets.len());
        if let Some(place) = self.out.get_mut(self.at..end) {
            place.copy_from_slice(octets);
            self.at = end;
        }
    }
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.put(text.as_bytes());
        Ok(())
    }
}

struct Count(usize);

impl fmt::Write for Count {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.saturating_add(text.len());
        Ok(())
    }
}

struct Reader<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let rest = self.octets.get(self.at..).unwrap_or(&[]);
        let Some(taken) = rest.first_chunk::<N>() else {
            let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            return Err(Error::Record { found: number(self.octets.len()), offset: number(self.at) });
        };
        self.at = self.at.saturating_add(N);
        Ok(*taken)
    }
}

#[cfg(test)]
mod tests;
