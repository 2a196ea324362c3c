use super::*;
use core::net::IpAddr;
use std::vec::Vec;

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

/// First and last address of each block, typed from the registries.
const IPV4_BLOCKS: &[(&str, &str, Ipv4Block)] = &[
    ("0.0.0.0", "0.255.255.255", Ipv4Block::ThisNetwork),
    ("10.0.0.0", "10.255.255.255", Ipv4Block::Private),
    ("100.64.0.0", "100.127.255.255", Ipv4Block::SharedAddressSpace),
    ("127.0.0.0", "127.255.255.255", Ipv4Block::Loopback),
    ("169.254.0.0", "169.254.255.255", Ipv4Block::LinkLocal),
    ("172.16.0.0", "172.31.255.255", Ipv4Block::Private),
    ("192.0.0.0", "192.0.0.255", Ipv4Block::ProtocolAssignments),
    ("192.0.2.0", "192.0.2.255", Ipv4Block::Documentation),
    ("192.88.99.0", "192.88.99.255", Ipv4Block::RelayAnycast),
    ("192.168.0.0", "192.168.255.255", Ipv4Block::Private),
    ("198.18.0.0", "198.19.255.255", Ipv4Block::Benchmarking),
    ("198.51.100.0", "198.51.100.255", Ipv4Block::Documentation),
    ("203.0.113.0", "203.0.113.255", Ipv4Block::Documentation),
    ("224.0.0.0", "239.255.255.255", Ipv4Block::Multicast),
    ("240.0.0.0", "255.255.255.254", Ipv4Block::Reserved),
    ("255.255.255.255", "255.255.255.255", Ipv4Block::Broadcast),
];

#[test]
fn every_ipv4_block_ends_where_its_last_address_is() {
    let inside = |address: u32| {
        let block = IPV4_BLOCKS.iter().find(|(first, last, _)| (v4(first).to_bits()..=v4(last).to_bits()).contains(&address));
        block.map(|(_, _, block)| *block)
    };
    for (first, last, block) in IPV4_BLOCKS {
        assert_eq!((Ipv4Block::of(v4(first)), Ipv4Block::of(v4(last))), (Some(*block), Some(*block)), "{first}");
        for bits in [v4(first).to_bits().wrapping_sub(1), v4(last).to_bits().wrapping_add(1)] {
            assert_eq!(Ipv4Block::of(Ipv4Addr::from_bits(bits)), inside(bits), "{}", Ipv4Addr::from_bits(bits));
        }
    }
    assert_eq!(Ipv4Block::of(v4("9.254.253.252")), None);
    assert_eq!(Ipv4Block::of(v4("11.12.13.14")), None);
}

#[test]
fn ipv4_blocks_are_those_of_the_registry_that_are_not_globally_reachable_and_multicast_and_anycast() {
    let mut edges: Vec<u32> = Vec::new();
    for block in ip_wire::special::IPV4 {
        let IpAddr::V4(first) = block.first else { panic!() };
        let last = first.to_bits() | u32::MAX.checked_shr(u32::from(block.prefix_len)).unwrap_or(0);
        edges.extend([first.to_bits().wrapping_sub(1), first.to_bits(), last, last.wrapping_add(1)]);
    }
    for bits in edges {
        let address = Ipv4Addr::from_bits(bits);
        let expected = match ip_wire::special::block(IpAddr::V4(address)) {
            // Two hosts of 192.0.0.0/24 can be reached; RFC 3964's strict reading refuses the whole block.
            _ if matches!(address.octets(), [192, 0, 0, _]) => true,
            Some(block) => block.globally_reachable == Some(false) || block.name.contains("6to4"),
            None => address.is_multicast(),
        };
        assert_eq!(Ipv4Block::of(address).is_some(), expected, "{address}");
    }
}

#[test]
fn rfc_3964_refuses_eight_ipv4_blocks() {
    for (first, _, block) in IPV4_BLOCKS {
        let listed = ["0.", "10.", "127.", "169.", "172.", "192.168.", "224.", "240.", "255."];
        assert_eq!(block.is_refused_by_rfc_3964(), listed.iter().any(|start| first.starts_with(start)), "{first}");
    }
}

#[test]
fn private_and_shared_addresses_are_unicast() {
    use Ipv4Block as B;
    for (_, _, block) in IPV4_BLOCKS {
        let none = matches!(block, B::ThisNetwork | B::Loopback | B::LinkLocal | B::Multicast | B::Reserved | B::Broadcast);
        assert_eq!(block.is_no_unicast(), none, "{block}");
    }
}

#[test]
fn rfc_3964_refuses_four_ipv6_ranges() {
    for (first, last, block) in [
        ("::", "::", Ipv6Block::Unspecified),
        ("::1", "::1", Ipv6Block::Loopback),
        ("::2", "::ffff:ffff", Ipv6Block::Compatible),
        ("::1:0:0", "::fffe:ffff:ffff", Ipv6Block::Low),
        ("::ffff:0:0", "::ffff:ffff:ffff", Ipv6Block::Mapped),
        ("::1:0:0:0", "0:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Ipv6Block::Low),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Ipv6Block::LinkLocal),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Ipv6Block::SiteLocal),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Ipv6Block::Multicast),
    ] {
        for address in [v6(first), v6(last)] {
            assert_eq!((Ipv6Block::of_rfc_3964(address), Ipv6Block::of(address)), (Some(block), Some(block)), "{address}");
        }
    }
    for address in ["1::", "2001:db8::1", "2002::", "fe7f:ffff::", "fc00::1", "64:ff9b:1::"] {
        assert_eq!(Ipv6Block::of_rfc_3964(v6(address)), None, "{address}");
    }
}

#[test]
fn every_ipv6_block_of_the_registry_ends_where_its_last_address_is() {
    for (first, last, block) in [
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Ipv6Block::LocalTranslation),
        ("100::", "100:0:0:1:ffff:ffff:ffff:ffff", Ipv6Block::DiscardOnly),
        ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Ipv6Block::Benchmarking),
        ("2001:1::", "2001:1::", Ipv6Block::ProtocolAssignments),
        ("2001:1::4", "2001:1:ffff:ffff:ffff:ffff:ffff:ffff", Ipv6Block::ProtocolAssignments),
        ("2001:4::", "2001:4:111:ffff:ffff:ffff:ffff:ffff", Ipv6Block::ProtocolAssignments),
        ("2001:40::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Ipv6Block::ProtocolAssignments),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Ipv6Block::Documentation),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Ipv6Block::Documentation),
        ("5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Ipv6Block::SegmentRouting),
        ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Ipv6Block::UniqueLocal),
    ] {
        assert_eq!((Ipv6Block::of(v6(first)), Ipv6Block::of(v6(last))), (Some(block), Some(block)), "{first}");
    }
    let mut edges: Vec<u128> = Vec::new();
    for block in ip_wire::special::IPV6 {
        let IpAddr::V6(first) = block.first else { panic!() };
        let last = first.to_bits() | u128::MAX.checked_shr(u32::from(block.prefix_len)).unwrap_or(0);
        edges.extend([first.to_bits().wrapping_sub(1), first.to_bits(), last, last.wrapping_add(1)]);
    }
    for bits in edges {
        let address = Ipv6Addr::from_bits(bits);
        let registered =
            ip_wire::special::block(IpAddr::V6(address)).is_some_and(|block| block.globally_reachable == Some(false));
        let expected = registered || Ipv6Block::of_rfc_3964(address).is_some();
        assert_eq!(Ipv6Block::of(address).is_some(), expected, "{address}");
    }
}

#[test]
fn names_say_what_a_block_is_and_where_that_is_written() {
    use std::string::ToString;
    for (_, _, block) in IPV4_BLOCKS {
        assert!(block.to_string().contains("(RFC "), "{block}");
    }
    for block in [
        Ipv6Block::Unspecified,
        Ipv6Block::Loopback,
        Ipv6Block::Compatible,
        Ipv6Block::Mapped,
        Ipv6Block::Low,
        Ipv6Block::LinkLocal,
        Ipv6Block::SiteLocal,
        Ipv6Block::Multicast,
        Ipv6Block::LocalTranslation,
        Ipv6Block::DiscardOnly,
        Ipv6Block::ProtocolAssignments,
        Ipv6Block::Benchmarking,
        Ipv6Block::Documentation,
        Ipv6Block::SegmentRouting,
        Ipv6Block::UniqueLocal,
    ] {
        assert!(block.to_string().contains("(RFC "), "{block}");
    }
    assert_eq!(Ipv6Block::Unallocated.to_string(), "not allocated");
}
