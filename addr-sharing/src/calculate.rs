//! Sums for the planning of an address-sharing network (RFC 6269 26.2, RFC 7422 2.2): how many share an address, how many ports each has, how much is logged.

use crate::error::{Error, Parameter};

/// Ports that each of `subscribers` gets when they share `ports` evenly; what is left over is nobody's.
///
/// # Errors
/// [`Error::Parameter`] for no subscriber.
pub const fn ports_per_subscriber(ports: u32, subscribers: u32) -> Result<u32, Error> {
    match ports.checked_div(subscribers) {
        Some(each) => Ok(each),
        None => Err(none(Parameter::Subscribers)),
    }
}

/// How many subscribers can share an address of `ports` ports if each gets `each`: the address space multiplicative factor.
///
/// # Errors
/// [`Error::Parameter`] for subscribers without ports.
pub const fn subscribers_per_address(ports: u32, each: u32) -> Result<u32, Error> {
    match ports.checked_div(each) {
        Some(subscribers) => Ok(subscribers),
        None => Err(none(Parameter::Ports)),
    }
}

/// How many subscribers share an address if there are so many of both, rounded up: the compression ratio is one to this.
///
/// # Errors
/// [`Error::Parameter`] for no address.
pub const fn compression_ratio(subscribers: u64, addresses: u64) -> Result<u64, Error> {
    if addresses == 0 { Err(none(Parameter::OutsideAddresses)) } else { Ok(subscribers.div_ceil(addresses)) }
}

/// Addresses that a network needs whose subscribers share one by `factor`, but for those who can't (RFC 6269 26.2).
///
/// # Errors
/// [`Error::Parameter`] for a factor of 0, or more who can't share than there are subscribers.
pub const fn addresses_needed(subscribers: u64, unable_to_share: u64, factor: u32) -> Result<u64, Error> {
    if factor == 0 {
        return Err(none(Parameter::Ratio));
    }
    match subscribers.checked_sub(unable_to_share) {
        Some(sharing) => Ok(sharing.div_ceil(factor as u64).saturating_add(unable_to_share)),
        None => {
            let (found, most) = (capped(unable_to_share), capped(subscribers));
            Err(Error::Parameter { parameter: Parameter::Subscribers, found, least: 0, most })
        }
    }
}

/// How mappings are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Logging {
    /// Nothing but the configuration, once a day (RFC 7422 3).
    Deterministic,
    /// Blocks of ports when they are assigned and released.
    Blocks {
        /// Ports of a block.
        ports: u32,
    },
    /// Every session's begin and end.
    Sessions,
}

/// What a network's subscribers do in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Traffic {
    /// Subscribers.
    pub subscribers: u64,
    /// Sessions of each in a day.
    pub sessions: u32,
    /// Sessions of a block's life that need another port of it: how often a port of a block is used again before the block is released; 1 if never.
    pub reuse: u32,
}

/// A day's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogVolume {
    /// Records.
    pub records: u64,
    /// Octets, at so many a record.
    pub octets: u64,
}

impl Logging {
    /// What is logged in a day, at `record_len` octets a record ([`crate::record`] has 20 with IPv4 subscribers).
    ///
    /// # Errors
    /// [`Error::Parameter`] for blocks of no port, or ports that are used not even once.
    pub const fn per_day(self, traffic: &Traffic, record_len: u32) -> Result<LogVolume, Error> {
        let sessions = traffic.subscribers.saturating_mul(traffic.sessions as u64);
        let records = match self {
            Self::Deterministic => 1,
            Self::Sessions => sessions.saturating_mul(2),
            Self::Blocks { ports: 0 } => return Err(none(Parameter::BlockSize)),
            Self::Blocks { .. } if traffic.reuse == 0 => return Err(none(Parameter::Ports)),
            Self::Blocks { ports } => {
                let per_block = (ports as u64).saturating_mul(traffic.reuse as u64);
                let each = (traffic.sessions as u64).div_ceil(per_block);
                traffic.subscribers.saturating_mul(each).saturating_mul(2)
            }
        };
        Ok(LogVolume { records, octets: records.saturating_mul(record_len as u64) })
    }
}

const fn none(parameter: Parameter) -> Error {
    Error::Parameter { parameter, found: 0, least: 1, most: u32::MAX }
}

#[expect(clippy::cast_possible_truncation, reason = "the lesser of a number and 2^32 - 1")]
const fn capped(number: u64) -> u32 {
    if number > u32::MAX as u64 { u32::MAX } else { number as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_subscribers_divide_each_other() {
        assert_eq!(ports_per_subscriber(64_512, 16), Ok(4032));
        assert_eq!(ports_per_subscriber(64_512, 65), Ok(992));
        assert_eq!(subscribers_per_address(64_512, 4032), Ok(16));
        assert_eq!(subscribers_per_address(64_512, 4033), Ok(15));
        assert_eq!((compression_ratio(14, 1), compression_ratio(100, 30), compression_ratio(90, 30)), (Ok(14), Ok(4), Ok(3)));
        let error = |parameter| Error::Parameter { parameter, found: 0, least: 1, most: u32::MAX };
        assert_eq!(ports_per_subscriber(1, 0), Err(error(Parameter::Subscribers)));
        assert_eq!(subscribers_per_address(1, 0), Err(error(Parameter::Ports)));
        assert_eq!(compression_ratio(1, 0), Err(error(Parameter::OutsideAddresses)));
    }

    #[test]
    fn those_who_cannot_share_have_addresses_of_their_own() {
        assert_eq!(addresses_needed(1000, 0, 10), Ok(100));
        assert_eq!(addresses_needed(1001, 0, 10), Ok(101));
        assert_eq!(addresses_needed(1000, 100, 10), Ok(190));
        assert_eq!(addresses_needed(1000, 1000, 10), Ok(1000));
        let error = Error::Parameter { parameter: Parameter::Subscribers, found: 1001, least: 0, most: 1000 };
        assert_eq!(addresses_needed(1000, 1001, 10), Err(error));
        assert_eq!(addresses_needed(1000, 0, 0), Err(none(Parameter::Ratio)));
        let capped = Error::Parameter { parameter: Parameter::Subscribers, found: u32::MAX, least: 0, most: 1 };
        assert_eq!(addresses_needed(1, u64::MAX, 1), Err(capped));
    }

    #[test]
    fn a_days_log_shrinks_from_sessions_to_blocks_to_nothing() {
        let traffic = Traffic { subscribers: 10_000, sessions: 33_000, reuse: 3 };
        let day = |logging: Logging| logging.per_day(&traffic, 20).unwrap();
        assert_eq!(day(Logging::Sessions), LogVolume { records: 660_000_000, octets: 13_200_000_000 });
        // 33,000 sessions in blocks of 100 ports that are each used three times: 110 blocks.
        assert_eq!(day(Logging::Blocks { ports: 100 }), LogVolume { records: 2_200_000, octets: 44_000_000 });
        assert_eq!(day(Logging::Blocks { ports: 101 }).records, 2_180_000);
        assert_eq!(day(Logging::Deterministic), LogVolume { records: 1, octets: 20 });
        assert_eq!(Logging::Blocks { ports: 0 }.per_day(&traffic, 20), Err(none(Parameter::BlockSize)));
        let never = Traffic { reuse: 0, ..traffic };
        assert_eq!(Logging::Blocks { ports: 1 }.per_day(&never, 20), Err(none(Parameter::Ports)));
        assert!(Logging::Sessions.per_day(&never, 20).is_ok());
    }
}
