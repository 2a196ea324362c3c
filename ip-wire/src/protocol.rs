//! Protocol numbers, shared by the IPv4 protocol field and the IPv6 next header field.

use core::fmt;

/// An IP protocol number: what follows an IPv4 or IPv6 header or an extension header.
///
/// Every one of the 256 values is representable, so an unknown number survives a round trip.
/// Values: IANA "Protocol Numbers", as of 2026-11.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Protocol(pub u8);

macro_rules! protocols {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl Protocol {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The IANA keyword, where this crate knows one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

protocols! {
    /// IPv6 hop-by-hop options header (RFC 8200 4.3).
    HOP_BY_HOP = 0, "HOPOPT";
    /// Internet Control Message Protocol (RFC 792).
    ICMP = 1, "ICMP";
    /// Internet Group Management Protocol (RFC 9776).
    IGMP = 2, "IGMP";
    /// IPv4 in IP (RFC 2003, RFC 2473).
    IPV4 = 4, "IPv4";
    /// Transmission Control Protocol (RFC 9293).
    TCP = 6, "TCP";
    /// User Datagram Protocol (RFC 768).
    UDP = 17, "UDP";
    /// Datagram Congestion Control Protocol (RFC 4340).
    DCCP = 33, "DCCP";
    /// IPv6 in IP (RFC 4213, RFC 2473).
    IPV6 = 41, "IPv6";
    /// IPv6 routing header (RFC 8200 4.4).
    ROUTING = 43, "IPv6-Route";
    /// IPv6 fragment header (RFC 8200 4.5).
    FRAGMENT = 44, "IPv6-Frag";
    /// Resource Reservation Protocol (RFC 2205).
    RSVP = 46, "RSVP";
    /// Generic Routing Encapsulation (RFC 2784).
    GRE = 47, "GRE";
    /// Encapsulating Security Payload (RFC 4303).
    ESP = 50, "ESP";
    /// Authentication Header (RFC 4302).
    AH = 51, "AH";
    /// ICMP for IPv6 (RFC 4443).
    ICMPV6 = 58, "IPv6-ICMP";
    /// No next header (RFC 8200 4.7).
    NO_NEXT_HEADER = 59, "IPv6-NoNxt";
    /// IPv6 destination options header (RFC 8200 4.6).
    DESTINATION_OPTIONS = 60, "IPv6-Opts";
    /// Open Shortest Path First (RFC 2328, RFC 5340).
    OSPF = 89, "OSPFIGP";
    /// Protocol Independent Multicast (RFC 7761).
    PIM = 103, "PIM";
    /// IP Payload Compression (RFC 3173).
    IPCOMP = 108, "IPComp";
    /// Virtual Router Redundancy Protocol (RFC 9568).
    VRRP = 112, "VRRP";
    /// Layer Two Tunneling Protocol version 3 (RFC 3931).
    L2TP = 115, "L2TP";
    /// Stream Control Transmission Protocol (RFC 9260).
    SCTP = 132, "SCTP";
    /// IPv6 mobility header (RFC 6275 6.1).
    MOBILITY = 135, "Mobility Header";
    /// Lightweight UDP (RFC 3828).
    UDP_LITE = 136, "UDPLite";
    /// Host Identity Protocol (RFC 7401).
    HIP = 139, "HIP";
    /// Shim6 (RFC 5533).
    SHIM6 = 140, "Shim6";
    /// Ethernet, as segment routing carries it (RFC 8986).
    ETHERNET = 143, "Ethernet";
    /// First number for experimentation (RFC 3692).
    EXPERIMENTAL_1 = 253, "Experimental-1";
    /// Second number for experimentation (RFC 3692).
    EXPERIMENTAL_2 = 254, "Experimental-2";
}

impl Protocol {
    /// Whether the number is in IANA's list of IPv6 extension header types (RFC 7045 3.1): 0, 43, 44, 50, 51, 60, 135,
    /// 139, 140, 253, 254.
    #[must_use]
    pub const fn is_extension_header(self) -> bool {
        matches!(self.0, 0 | 43 | 44 | 50 | 51 | 60 | 135 | 139 | 140 | 253 | 254)
    }
}

impl From<u8> for Protocol {
    fn from(value: u8) -> Self {
        Self(value)
    }
}

impl From<Protocol> for u8 {
    fn from(value: Protocol) -> Self {
        value.0
    }
}

impl fmt::Debug for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "Protocol({} {name})", self.0),
            None => write!(f, "Protocol({})", self.0),
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_keywords_are_those_of_the_registry() {
        for (protocol, number, name) in [
            (Protocol::HOP_BY_HOP, 0, "HOPOPT"),
            (Protocol::ICMP, 1, "ICMP"),
            (Protocol::IGMP, 2, "IGMP"),
            (Protocol::IPV4, 4, "IPv4"),
            (Protocol::TCP, 6, "TCP"),
            (Protocol::UDP, 17, "UDP"),
            (Protocol::DCCP, 33, "DCCP"),
            (Protocol::IPV6, 41, "IPv6"),
            (Protocol::ROUTING, 43, "IPv6-Route"),
            (Protocol::FRAGMENT, 44, "IPv6-Frag"),
            (Protocol::RSVP, 46, "RSVP"),
            (Protocol::GRE, 47, "GRE"),
            (Protocol::ESP, 50, "ESP"),
            (Protocol::AH, 51, "AH"),
            (Protocol::ICMPV6, 58, "IPv6-ICMP"),
            (Protocol::NO_NEXT_HEADER, 59, "IPv6-NoNxt"),
            (Protocol::DESTINATION_OPTIONS, 60, "IPv6-Opts"),
            (Protocol::OSPF, 89, "OSPFIGP"),
            (Protocol::PIM, 103, "PIM"),
            (Protocol::IPCOMP, 108, "IPComp"),
            (Protocol::VRRP, 112, "VRRP"),
            (Protocol::L2TP, 115, "L2TP"),
            (Protocol::SCTP, 132, "SCTP"),
            (Protocol::MOBILITY, 135, "Mobility Header"),
            (Protocol::UDP_LITE, 136, "UDPLite"),
            (Protocol::HIP, 139, "HIP"),
            (Protocol::SHIM6, 140, "Shim6"),
            (Protocol::ETHERNET, 143, "Ethernet"),
        ] {
            assert_eq!((protocol.0, protocol.name()), (number, Some(name)));
            assert_eq!(std::format!("{protocol}"), name);
        }
        assert_eq!((Protocol::EXPERIMENTAL_1.0, Protocol::EXPERIMENTAL_2.0), (253, 254));
    }

    #[test]
    fn every_number_survives() {
        for number in 0..=255u8 {
            assert_eq!(u8::from(Protocol::from(number)), number);
        }
        assert_eq!(std::format!("{} {:?} {:?}", Protocol(99), Protocol(99), Protocol(6)), "99 Protocol(99) Protocol(6 TCP)");
    }
}
