//! The crate's one error type.

use core::net::{IpAddr, Ipv4Addr};

/// Why parameters make no sense, a port could not be given, or octets could not be read.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// The packet, or the packet in an ICMP error, can't be read.
    #[error(transparent)]
    Ip(#[from] ip_wire::Error),
    /// A parameter is out of range.
    #[error("{parameter}: {found}, from {least} to {most} possible")]
    Parameter {
        /// Which.
        parameter: Parameter,
        /// Its value.
        found: u32,
        /// The least value that is possible.
        least: u32,
        /// The greatest value that is possible.
        most: u32,
    },
    /// Bits that must be zero are not: those right of a left-aligned PSID, host bits, padding.
    #[error("{parameter}: {found:#x} has bits set that must be zero")]
    NotZero {
        /// Where.
        parameter: Parameter,
        /// The value.
        found: u32,
    },
    /// A range of ports whose end is before its start.
    #[error("a range of ports from {first} to {last}")]
    Backwards {
        /// First port.
        first: u16,
        /// Last port.
        last: u16,
    },
    /// The address is not among those that are shared, or mapped.
    #[error("{0} is not in the configuration")]
    UnknownAddress(IpAddr),
    /// The port is in no port set: it is among those that the offset bits exclude.
    #[error("port {0} is excluded from all port sets")]
    ExcludedPort(u16),
    /// The port is not in the port set that it should be in.
    #[error("port {port} of {address} is not in the port set")]
    ForeignPort {
        /// The address.
        address: Ipv4Addr,
        /// The port.
        port: u16,
    },
    /// The packet has neither ports nor an identifier, and nothing tells whose it is.
    #[error("protocol {0} has no ports")]
    NoPorts(ip_wire::Protocol),
    /// An ICMP error about an ICMP error: there must be none (RFC 1122 3.2.2).
    #[error("an ICMP error about an ICMP error")]
    ErrorAboutError,
    /// The packet is no ICMP error.
    #[error("not an ICMP error")]
    NotAnIcmpError,
    /// No port is free.
    #[error("no port is free")]
    Exhausted,
    /// The subscriber has as many ports as it may have, those in TIME-WAIT included.
    #[error("the subscriber has its {quota} ports")]
    Quota {
        /// How many those are.
        quota: u32,
    },
    /// The port is in use, or in TIME-WAIT, or in another subscriber's block.
    #[error("port {0} is taken")]
    Taken(u16),
    /// The port is not in use.
    #[error("port {0} is not in use")]
    NotInUse(u16),
    /// A table is full.
    #[error("{parameter}: {most} is the limit")]
    Full {
        /// What there is too much of.
        parameter: Parameter,
        /// The limit.
        most: u32,
    },
    /// The octets or the text end too soon, or are of an unknown version or kind.
    #[error("record: {found} at octet {offset}")]
    Record {
        /// What was found: an octet, or how many there were.
        found: u32,
        /// Where.
        offset: u32,
    },
    /// The text can't be read from this character on.
    #[error("text can't be read from character {at} on")]
    Text {
        /// The character, from 0.
        at: u32,
    },
    /// An ICMP message tells an MTU that no link has.
    #[error("an MTU of {found}, {least} is the least")]
    Mtu {
        /// The MTU.
        found: u32,
        /// The least that is possible.
        least: u32,
    },
    /// An ICMP message about a packet of a flow that does not exist here, or that was not too big.
    #[error("an ICMP error about a packet that was not sent like that")]
    UnknownFlow,
    /// A time before that of what is there already.
    #[error("time {found_s} s is before {latest_s} s")]
    TimeBackwards {
        /// The time in seconds.
        found_s: u64,
        /// The latest time so far, in seconds.
        latest_s: u64,
    },
}

ip_wire::named! {
    /// What an [`Error`] can be about.
    Parameter {
        OffsetAndLength = "PSID offset plus PSID length",
        Offset = "PSID offset",
        Length = "PSID length",
        Psid = "PSID",
        Mask = "port mask",
        EaBits = "EA bits",
        RuleIpv6Prefix = "Rule IPv6 prefix",
        RuleIpv4Prefix = "Rule IPv4 prefix",
        InterfaceId = "interface identifier",
        Quota = "quota",
        BlockSize = "ports of a block",
        Subscriber = "subscriber",
        Subscribers = "subscribers",
        Ports = "ports",
        Fragments = "fragments",
        ReservedRanges = "reserved ranges",
        OutsideAddresses = "outside addresses",
        InsidePrefix = "inside prefix",
        SubscriberPrefix = "subscriber's prefix",
        DynamicFactor = "dynamic pool factor",
        MaxPorts = "ports per user",
        Algorithm = "algorithm",
        Epochs = "configurations",
        Time = "time",
        Buffer = "buffer",
        Ratio = "sharing ratio",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn an_error_is_small_and_says_what_was_found_and_needed() {
        assert!(size_of::<Error>() <= 24, "{}", size_of::<Error>());
        let error = Error::Parameter { parameter: Parameter::OffsetAndLength, found: 17, least: 0, most: 16 };
        assert_eq!(error.to_string(), "PSID offset plus PSID length: 17, from 0 to 16 possible");
        let error = Error::NotZero { parameter: Parameter::Psid, found: 0x3401 };
        assert_eq!(error.to_string(), "PSID: 0x3401 has bits set that must be zero");
        let error = Error::ForeignPort { address: Ipv4Addr::new(192, 0, 2, 1), port: 80 };
        assert_eq!(error.to_string(), "port 80 of 192.0.2.1 is not in the port set");
    }
}
