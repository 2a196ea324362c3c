//! The configuration as a line of a log, as RFC 7422 3 has it: I, mask, O, mask, D, M, A, R.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use ip_wire::prefix::{Ipv4Prefix, Ipv6Prefix};

use super::{Algorithm, Deterministic, Inside, Reserved};
use crate::error::Error;
use crate::port::PortRange;

impl fmt::Display for Deterministic {
    /// `198.51.100.0:28:192.0.2.0:32:2:5040:0:1-1023,5004,5060`. An IPv6 prefix stands in brackets and has the length of the subscribers' prefixes behind a slash; an IPv4 mask whose first and
    /// last address are subscribers' too has a star.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.inside {
            Inside::Ipv4 { prefix, hosts_only } => {
                let star = if hosts_only { "" } else { "*" };
                write!(f, "{}:{}{star}", prefix.address(), prefix.len())?;
            }
            Inside::Ipv6 { prefix, subscriber_len } => write!(f, "[{}]:{}/{subscriber_len}", prefix.address(), prefix.len())?,
        }
        let (outside, algorithm) = (self.outside, self.algorithm.number());
        write!(f, ":{}:{}:{}:{}:{algorithm}:", outside.address(), outside.len(), self.dynamic_factor, self.max_ports)?;
        for (index, range) in self.reserved.ranges().iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            if range.count() == 1 { write!(f, "{comma}{}", range.first())? } else { write!(f, "{comma}{range}")? }
        }
        Ok(())
    }
}

impl FromStr for Deterministic {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut fields = Fields { text, at: 0 };
        let inside = inside(&mut fields)?;
        let address: Ipv4Addr = fields.next()?.parse()?;
        let len = fields.next()?;
        let outside = Ipv4Prefix::new(address, len.parse()?).map_err(|_| len.error())?;
        let dynamic_factor = fields.next()?.parse()?;
        let max_ports = fields.next()?.parse()?;
        let algorithm = fields.next()?;
        let number: usize = algorithm.parse()?;
        let algorithm = Algorithm::ALL.get(number).copied().ok_or_else(|| algorithm.error())?;
        let ranges = fields.rest();
        let mut failure = None;
        let mut at = ranges.at;
        let list = ranges.text.split(',').filter(|_| !ranges.text.is_empty()).map_while(|range| {
            let field = Field { text: range, at };
            at = at.saturating_add(range.len()).saturating_add(1);
            match range.parse::<PortRange>() {
                Ok(range) => Some(range),
                Err(_) => {
                    failure = Some(field.error());
                    None
                }
            }
        });
        let reserved = Reserved::new(list)?;
        match failure {
            Some(error) => Err(error),
            None => Self::with(inside, outside, dynamic_factor, max_ports, algorithm, reserved),
        }
    }
}

fn inside(fields: &mut Fields<'_>) -> Result<Inside, Error> {
    if let Some(rest) = fields.text.strip_prefix('[') {
        let end = rest.find(']').ok_or(Error::Text { at: 0 })?;
        let address: Ipv6Addr = Field { text: rest.get(..end).unwrap_or(""), at: 1 }.parse()?;
        // The bracket, and the colon behind it.
        fields.text = rest.get(end.saturating_add(1)..).and_then(|rest| rest.strip_prefix(':')).ok_or(Error::Text { at: 0 })?;
        fields.at = end.saturating_add(3);
        let lengths = fields.next()?;
        let (len, subscriber_len) = lengths.text.split_once('/').ok_or_else(|| lengths.error())?;
        let number = |text| Field { text, at: lengths.at }.parse::<u8>();
        let prefix = Ipv6Prefix::new(address, number(len)?).map_err(|_| lengths.error())?;
        return Ok(Inside::Ipv6 { prefix, subscriber_len: number(subscriber_len)? });
    }
    let address = fields.next()?;
    let IpAddr::V4(first) = address.parse()? else { return Err(address.error()) };
    let len = fields.next()?;
    let (digits, hosts_only) = match len.text.strip_suffix('*') {
        Some(digits) => (digits, false),
        None => (len.text, true),
    };
    let number = Field { text: digits, at: len.at }.parse()?;
    let prefix = Ipv4Prefix::new(first, number).map_err(|_| len.error())?;
    Ok(Inside::Ipv4 { prefix, hosts_only })
}

/// What is left of a line of fields with colons between.
struct Fields<'a> {
    text: &'a str,
    at: usize,
}

/// A field, and where it starts.
#[derive(Clone, Copy)]
struct Field<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<Field<'a>, Error> {
        let (text, rest) = self.text.split_once(':').ok_or(self.rest().error())?;
        let field = Field { text, at: self.at };
        self.at = self.at.saturating_add(text.len()).saturating_add(1);
        self.text = rest;
        Ok(field)
    }

    const fn rest(&self) -> Field<'a> {
        Field { text: self.text, at: self.at }
    }
}

impl Field<'_> {
    fn parse<T: FromStr>(self) -> Result<T, Error> {
        match self.text.parse() {
            Ok(value) if !self.text.starts_with('+') => Ok(value),
            _ => Err(self.error()),
        }
    }

    fn error(self) -> Error {
        Error::Text { at: u32::try_from(self.at).unwrap_or(u32::MAX) }
    }
}
