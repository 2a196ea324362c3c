//! Records as lines of text.

use core::fmt;
use core::net::{IpAddr, SocketAddr, SocketAddrV4};
use core::str::FromStr;
use core::time::Duration;

use ip_wire::Protocol;

use super::{Event, Record};
use crate::error::Error;

impl fmt::Display for Record {
    /// A line of words:
    ///
    /// ```text
    /// 1760000000.123 session created 17 10.0.0.1:40000 192.0.2.1:5056
    /// 1760000000.123 block assigned 10.0.0.1 192.0.2.1 58000-58099
    /// 1760000000.123 configuration 198.51.100.0:28:192.0.2.0:32:2:5040:0:1-1023,5004,5060
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} ", self.time.as_secs(), self.time.subsec_millis())?;
        match self.event {
            Event::Session { created, protocol, subscriber, inside_port, outside, outside_port } => {
                let what = if created { "created" } else { "deleted" };
                let inside = SocketAddr::new(subscriber, inside_port);
                write!(f, "session {what} {} {inside} {}", protocol.0, SocketAddrV4::new(outside, outside_port))
            }
            Event::Block { assigned, subscriber, outside, ports } => {
                let what = if assigned { "assigned" } else { "released" };
                write!(f, "block {what} {subscriber} {outside} {ports}")
            }
            Event::Configuration(map) => write!(f, "configuration {map}"),
        }
    }
}

impl FromStr for Record {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut words = Words { text, at: 0 };
        let time = words.next()?;
        let time = time_of(time.text).ok_or_else(|| time.error())?;
        let kind = words.next()?;
        let event = match kind.text {
            "session" => {
                let created = words.choice("created", "deleted")?;
                let protocol = Protocol(words.next()?.parse()?);
                let inside = words.next()?;
                let inside_address: SocketAddr = inside.parse()?;
                // A scope has no place in a record.
                if matches!(inside_address, SocketAddr::V6(address) if address.scope_id() != 0) {
                    return Err(inside.error());
                }
                let outside: SocketAddrV4 = words.next()?.parse()?;
                Event::Session {
                    created,
                    protocol,
                    subscriber: inside_address.ip(),
                    inside_port: inside_address.port(),
                    outside: *outside.ip(),
                    outside_port: outside.port(),
                }
            }
            "block" => {
                let assigned = words.choice("assigned", "released")?;
                let subscriber: IpAddr = words.next()?.parse()?;
                let outside = words.next()?.parse()?;
                Event::Block { assigned, subscriber, outside, ports: words.next()?.parse()? }
            }
            "configuration" => {
                let word = words.next()?;
                let map = word.text.parse().map_err(|error| match error {
                    Error::Text { at } => Error::Text { at: at.saturating_add(u32::try_from(word.at).unwrap_or(u32::MAX)) },
                    error => error,
                })?;
                Event::Configuration(map)
            }
            _ => return Err(kind.error()),
        };
        match words.text {
            "" => Ok(Self { time, event }),
            _ => Err(Word { text: "", at: words.at }.error()),
        }
    }
}

/// Seconds, a point and three digits.
fn time_of(text: &str) -> Option<Duration> {
    let (seconds, fraction) = text.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if fraction.len() != 3 || !digits(fraction) || !digits(seconds) {
        return None;
    }
    Duration::from_secs(seconds.parse().ok()?).checked_add(Duration::from_millis(fraction.parse().ok()?))
}

struct Words<'a> {
    text: &'a str,
    at: usize,
}

#[derive(Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    /// The next word; words have one space between.
    fn next(&mut self) -> Result<Word<'a>, Error> {
        let (text, rest) = self.text.split_once(' ').unwrap_or((self.text, ""));
        let word = Word { text, at: self.at };
        if text.is_empty() {
            return Err(word.error());
        }
        self.at = self.at.saturating_add(text.len()).saturating_add(1);
        self.text = rest;
        Ok(word)
    }

    fn choice(&mut self, yes: &str, no: &str) -> Result<bool, Error> {
        let word = self.next()?;
        if word.text == yes {
            Ok(true)
        } else if word.text == no {
            Ok(false)
        } else {
            Err(word.error())
        }
    }
}

impl Word<'_> {
    fn parse<T: FromStr>(self) -> Result<T, Error> {
        self.text.parse().map_err(|_| self.error())
    }

    fn error(self) -> Error {
        Error::Text { at: u32::try_from(self.at).unwrap_or(u32::MAX) }
    }
}
