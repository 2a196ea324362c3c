//! Special-purpose addresses (RFC 6890 and its registries at IANA, as of 2026-11).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of the IANA IPv4 or IPv6 Special-Purpose Address Registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The registry's name for it.
    pub name: &'static str,
    /// First address.
    pub first: IpAddr,
    /// Prefix length in bits.
    pub prefix_len: u8,
    /// Valid as a source.
    pub source: bool,
    /// Valid as a destination.
    pub destination: bool,
    /// A router may forward it.
    pub forwardable: bool,
    /// Reachable beyond an administrative domain; `None` where the registry has no answer.
    pub globally_reachable: Option<bool>,
    /// Must be treated specially by every implementation.
    pub reserved_by_protocol: bool,
    /// Where it is defined.
    pub reference: &'static str,
}

impl Block {
    /// Whether the block holds `address`.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32u32.saturating_sub(u32::from(self.prefix_len))).unwrap_or(0);
                (first.to_bits() ^ address.to_bits()) & mask == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128u32.saturating_sub(u32::from(self.prefix_len))).unwrap_or(0);
                (first.to_bits() ^ address.to_bits()) & mask == 0
            }
            _ => false,
        }
    }
}

/// The most specific special-purpose block that holds `address`.
#[must_use]
pub fn block(address: IpAddr) -> Option<&'static Block> {
    let table = match address {
        IpAddr::V4(_) => IPV4,
        IpAddr::V6(_) => IPV6,
    };
    table.iter().filter(|block| block.contains(address)).max_by_key(|block| block.prefix_len)
}

const fn v4(octets: [u8; 4]) -> IpAddr {
    let [a, b, c, d] = octets;
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

const fn v6(s: [u16; 8]) -> IpAddr {
    IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]))
}

/// Source, destination, forwardable, globally reachable, reserved by protocol: t true, f false, - not applicable.
const fn row(name: &'static str, first: IpAddr, prefix_len: u8, flags: &[u8; 5], reference: &'static str) -> Block {
    Block {
        name,
        first,
        prefix_len,
        source: flags[0] == b't',
        destination: flags[1] == b't',
        forwardable: flags[2] == b't',
        globally_reachable: match flags[3] {
            b't' => Some(true),
            b'f' => Some(false),
            _ => None,
        },
        reserved_by_protocol: flags[4] == b't',
        reference,
    }
}

/// The IPv4 registry.
pub const IPV4: &[Block] = &[
    row("This network", v4([0, 0, 0, 0]), 8, b"tffft", "RFC 791, 3.2"),
    row("This host on this network", v4([0, 0, 0, 0]), 32, b"tffft", "RFC 1122, 3.2.1.3"),
    row("Private-Use", v4([10, 0, 0, 0]), 8, b"tttff", "RFC 1918"),
    row("Shared Address Space", v4([100, 64, 0, 0]), 10, b"tttff", "RFC 6598"),
    row("Loopback", v4([127, 0, 0, 0]), 8, b"fffft", "RFC 1122, 3.2.1.3"),
    row("Link Local", v4([169, 254, 0, 0]), 16, b"ttfft", "RFC 3927"),
    row("Private-Use", v4([172, 16, 0, 0]), 12, b"tttff", "RFC 1918"),
    row("IETF Protocol Assignments", v4([192, 0, 0, 0]), 24, b"fffff", "RFC 6890, 2.1"),
    row("IPv4 Service Continuity Prefix", v4([192, 0, 0, 0]), 29, b"tttff", "RFC 7335"),
    row("IPv4 dummy address", v4([192, 0, 0, 8]), 32, b"tffff", "RFC 7600"),
    row("Port Control Protocol Anycast", v4([192, 0, 0, 9]), 32, b"ttttf", "RFC 7723"),
    row("Traversal Using Relays around NAT Anycast", v4([192, 0, 0, 10]), 32, b"ttttf", "RFC 8155"),
    row("NAT64/DNS64 Discovery", v4([192, 0, 0, 170]), 32, b"fffft", "RFC 8880, RFC 7050, 2.2"),
    row("NAT64/DNS64 Discovery", v4([192, 0, 0, 171]), 32, b"fffft", "RFC 8880, RFC 7050, 2.2"),
    row("Documentation (TEST-NET-1)", v4([192, 0, 2, 0]), 24, b"fffff", "RFC 5737"),
    row("AS112-v4", v4([192, 31, 196, 0]), 24, b"ttttf", "RFC 7535"),
    row("AMT", v4([192, 52, 193, 0]), 24, b"ttttf", "RFC 7450"),
    row("Deprecated (6to4 Relay Anycast)", v4([192, 88, 99, 0]), 24, b"ttttf", "RFC 7526"),
    row("Private-Use", v4([192, 168, 0, 0]), 16, b"tttff", "RFC 1918"),
    row("Direct Delegation AS112 Service", v4([192, 175, 48, 0]), 24, b"ttttf", "RFC 7534"),
    row("Benchmarking", v4([198, 18, 0, 0]), 15, b"tttff", "RFC 2544"),
    row("Documentation (TEST-NET-2)", v4([198, 51, 100, 0]), 24, b"fffff", "RFC 5737"),
    row("Documentation (TEST-NET-3)", v4([203, 0, 113, 0]), 24, b"fffff", "RFC 5737"),
    row("Reserved", v4([240, 0, 0, 0]), 4, b"fffft", "RFC 1112, 4"),
    row("Limited Broadcast", v4([255, 255, 255, 255]), 32, b"ftfft", "RFC 8190, RFC 919, 7"),
];

/// The IPv6 registry.
pub const IPV6: &[Block] = &[
    row("Loopback Address", v6([0, 0, 0, 0, 0, 0, 0, 1]), 128, b"fffft", "RFC 4291"),
    row("Unspecified Address", v6([0, 0, 0, 0, 0, 0, 0, 0]), 128, b"tffft", "RFC 4291"),
    row("IPv4-mapped Address", v6([0, 0, 0, 0, 0, 0xffff, 0, 0]), 96, b"fffft", "RFC 4291"),
    row("IPv4-IPv6 Translation", v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0]), 96, b"ttttf", "RFC 6052"),
    row("IPv4-IPv6 Translation", v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0]), 48, b"tttff", "RFC 8215"),
    row("Discard-Only Address Block", v6([0x100, 0, 0, 0, 0, 0, 0, 0]), 64, b"tttff", "RFC 6666"),
    row("Dummy IPv6 Prefix", v6([0x100, 0, 0, 1, 0, 0, 0, 0]), 64, b"tffff", "RFC 9780"),
    row("IETF Protocol Assignments", v6([0x2001, 0, 0, 0, 0, 0, 0, 0]), 23, b"fffff", "RFC 2928"),
    row("TEREDO", v6([0x2001, 0, 0, 0, 0, 0, 0, 0]), 32, b"ttt-f", "RFC 4380, RFC 8190"),
    row("Port Control Protocol Anycast", v6([0x2001, 1, 0, 0, 0, 0, 0, 1]), 128, b"ttttf", "RFC 7723"),
    row("Traversal Using Relays around NAT Anycast", v6([0x2001, 1, 0, 0, 0, 0, 0, 2]), 128, b"ttttf", "RFC 8155"),
    row("DNS-SD Service Registration Protocol Anycast", v6([0x2001, 1, 0, 0, 0, 0, 0, 3]), 128, b"ttttf", "RFC 9665"),
    row("Benchmarking", v6([0x2001, 2, 0, 0, 0, 0, 0, 0]), 48, b"tttff", "RFC 5180"),
    row("AMT", v6([0x2001, 3, 0, 0, 0, 0, 0, 0]), 32, b"ttttf", "RFC 7450"),
    row("AS112-v6", v6([0x2001, 4, 0x112, 0, 0, 0, 0, 0]), 48, b"ttttf", "RFC 7535"),
    row("ORCHIDv2", v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0]), 28, b"ttttf", "RFC 7343"),
    row("Drone Remote ID Protocol Entity Tags", v6([0x2001, 0x30, 0, 0, 0, 0, 0, 0]), 28, b"ttttf", "RFC 9374"),
    row("Documentation", v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0]), 32, b"fffff", "RFC 3849"),
    row("6to4", v6([0x2002, 0, 0, 0, 0, 0, 0, 0]), 16, b"ttt-f", "RFC 3056"),
    row("Direct Delegation AS112 Service", v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0]), 48, b"ttttf", "RFC 7534"),
    row("Documentation", v6([0x3fff, 0, 0, 0, 0, 0, 0, 0]), 20, b"fffff", "RFC 9637"),
    row("Segment Routing (SRv6) SIDs", v6([0x5f00, 0, 0, 0, 0, 0, 0, 0]), 16, b"tttff", "RFC 9602"),
    row("Unique-Local", v6([0xfc00, 0, 0, 0, 0, 0, 0, 0]), 7, b"tttff", "RFC 4193"),
    row("Link-Local Unicast", v6([0xfe80, 0, 0, 0, 0, 0, 0, 0]), 10, b"ttfft", "RFC 4291"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn name(address: &str) -> Option<&'static str> {
        block(address.parse().unwrap()).map(|block| block.name)
    }

    #[test]
    fn the_most_specific_block_answers() {
        assert_eq!(name("0.0.0.0"), Some("This host on this network"));
        assert_eq!(name("0.0.0.1"), Some("This network"));
        assert_eq!(name("192.0.0.8"), Some("IPv4 dummy address"));
        assert_eq!(name("192.0.0.7"), Some("IPv4 Service Continuity Prefix"));
        assert_eq!(name("192.0.0.11"), Some("IETF Protocol Assignments"));
        assert_eq!(name("255.255.255.255"), Some("Limited Broadcast"));
        assert_eq!(name("255.255.255.254"), Some("Reserved"));
        assert_eq!(name("2001::1"), Some("TEREDO"));
        assert_eq!(name("2001:1::2"), Some("Traversal Using Relays around NAT Anycast"));
        assert_eq!(name("2001:1::4"), Some("IETF Protocol Assignments"));
    }

    #[test]
    fn every_block_ends_where_its_prefix_ends() {
        for (inside, outside) in [
            ("100.127.255.255", "100.128.0.0"),
            ("172.31.255.255", "172.32.0.0"),
            ("198.19.255.255", "198.20.0.0"),
            ("169.254.255.255", "169.255.0.0"),
            ("2001:1ff:ffff::", "2001:200::"),
            ("fdff::1", "fe00::1"),
            ("febf::1", "fec0::1"),
            ("2002:ffff::", "2003::"),
            ("3fff:fff::", "3fff:1000::"),
            ("64:ff9b::ffff:ffff", "64:ff9b::1:0:0"),
        ] {
            assert!(name(inside).is_some(), "{inside}");
            assert_eq!(name(outside), None, "{outside}");
        }
        for table in [IPV4, IPV6] {
            for entry in table {
                assert!(entry.contains(entry.first));
            }
        }
    }

    #[test]
    fn ordinary_addresses_are_in_no_block() {
        assert_eq!([name("8.8.8.8"), name("224.0.0.1"), name("2a00::1"), name("ff02::1")], [None; 4]);
    }

    #[test]
    fn attributes_are_those_of_rfc_6890() {
        let private = block("10.1.2.3".parse().unwrap()).unwrap();
        assert!(private.source && private.destination && private.forwardable);
        assert_eq!((private.globally_reachable, private.reserved_by_protocol), (Some(false), false));
        let link_local = block("fe80::1".parse().unwrap()).unwrap();
        assert!(link_local.source && link_local.destination && !link_local.forwardable && link_local.reserved_by_protocol);
        assert_eq!(block("2002::1".parse().unwrap()).unwrap().globally_reachable, None);
        let broadcast = block("255.255.255.255".parse().unwrap()).unwrap();
        assert!(!broadcast.source && broadcast.destination);
    }

    #[test]
    fn a_block_holds_no_address_of_the_other_version() {
        assert!(!IPV4[0].contains("::".parse().unwrap()));
        assert!(!IPV6[0].contains("0.0.0.1".parse().unwrap()));
    }
}
