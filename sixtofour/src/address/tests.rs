use super::*;
use std::string::ToString;

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

#[test]
fn v4addrs_and_prefixes_are_those_of_rfc_3056() {
    for (address, prefix) in [
        ("192.0.2.4", "2002:c000:204::/48"),
        // RFC 3056 5.1.
        ("192.1.2.3", "2002:c001:203::/48"),
        ("9.254.253.252", "2002:9fe:fdfc::/48"),
        ("192.88.99.1", "2002:c058:6301::/48"),
        ("11.12.13.14", "2002:b0c:d0e::/48"),
        ("0.0.0.0", "2002::/48"),
        ("255.255.255.255", "2002:ffff:ffff::/48"),
    ] {
        let site = SitePrefix::new(v4(address), Ipv4Check::None).unwrap();
        assert_eq!((site.to_string(), site.v4addr()), (prefix.into(), v4(address)));
        assert_eq!(prefix.parse::<SitePrefix>(), Ok(site));
        assert_eq!(site.prefix().to_string(), prefix);
    }
    assert_eq!(RELAY_ANYCAST_IPV6, v6("2002:c058:6301::"));
    assert_eq!(SixToFourAddr::new(RELAY_ANYCAST, 0, 0).ipv6(), RELAY_ANYCAST_IPV6);
    assert_eq!(PREFIX.to_string(), "2002::/16");
}

#[test]
fn an_address_has_v4addr_sla_id_and_interface_id() {
    let address = SixToFourAddr::try_from(v6("2002:c000:204:89ab:123:4567:fedc:ba98")).unwrap();
    assert_eq!((address.v4addr(), address.sla_id(), address.interface_id()), (v4("192.0.2.4"), 0x89ab, 0x0123_4567_fedc_ba98));
    assert_eq!(SixToFourAddr::new(v4("192.0.2.4"), 0x89ab, 0x0123_4567_fedc_ba98), address);
    assert_eq!(address.site().address(0x89ab, 0x0123_4567_fedc_ba98), address);
    assert_eq!((Ipv6Addr::from(address), address.ipv6()), (v6("2002:c000:204:89ab:123:4567:fedc:ba98"), address.ipv6()));
    assert_eq!(address.to_string(), "2002:c000:204:89ab:123:4567:fedc:ba98");
    assert_eq!(SixToFourAddr::of_host(v4("192.0.2.4")).ipv6(), v6("2002:c000:204::c000:204"));
}

#[test]
fn other_prefixes_are_not_6to4s() {
    for address in ["2001:ffff:ffff::", "2003::", "::ffff:192.0.2.4", "64:ff9b::c000:204", "::", "fe80::1"] {
        assert_eq!(SixToFourAddr::from_ipv6(v6(address)), None);
        assert_eq!(SixToFourAddr::try_from(v6(address)), Err(Error::NotInDomain));
    }
    assert!(SixToFourAddr::from_ipv6(v6("2002::")).is_some());
    assert!(SixToFourAddr::from_ipv6(v6("2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff")).is_some());
    assert_eq!("2001:db8::/48".parse::<SitePrefix>(), Err(Error::NotInDomain));
    assert_eq!("nonsense".parse::<SitePrefix>(), Err(Error::NotInDomain));
    assert_eq!("2002:c000:204::/47".parse::<SitePrefix>(), Err(Error::PrefixLength { found: 47, needed: 48 }));
    assert_eq!("2002:c000:204::/49".parse::<SitePrefix>(), Err(Error::PrefixLength { found: 49, needed: 48 }));
}

#[test]
fn a_site_has_its_subnets_and_addresses() {
    let site: SitePrefix = "2002:c000:204::/48".parse().unwrap();
    assert_eq!(site.subnet(0xffff).to_string(), "2002:c000:204:ffff::/64");
    assert!(site.contains(v6("2002:c000:204::")) && site.contains(v6("2002:c000:204:ffff:ffff:ffff:ffff:ffff")));
    assert!(!site.contains(v6("2002:c000:203:ffff::")) && !site.contains(v6("2002:c000:205::")));
}

#[test]
fn routes_to_ipv4_prefixes_are_16_bits_longer() {
    for (ipv4, expected) in [
        ("1.2.3.0/24", "2002:102:300::/40"),
        ("192.0.2.4/32", "2002:c000:204::/48"),
        ("0.0.0.0/0", "2002::/16"),
        ("128.0.0.0/1", "2002:8000::/17"),
    ] {
        assert_eq!(route(ipv4.parse().unwrap()).to_string(), expected);
        assert_eq!(Domain::SIX_TO_FOUR.ipv4_of(expected.parse().unwrap()).unwrap().to_string(), ipv4);
    }
}

#[test]
fn a_site_needs_an_address_of_its_own_that_can_be_reached() {
    let refusal = |address: &str, check| match is_usable_site_address(v4(address), check) {
        Ok(()) => None,
        Err(Error::SpecialIpv4 { place: Place::Site, address: found, block }) if found == v4(address) => Some(block),
        Err(error) => panic!("{error}"),
    };
    for (address, block) in [
        ("0.1.2.3", Ipv4Block::ThisNetwork),
        ("10.0.0.1", Ipv4Block::Private),
        ("172.31.255.255", Ipv4Block::Private),
        ("192.168.1.1", Ipv4Block::Private),
        ("100.64.0.1", Ipv4Block::SharedAddressSpace),
        ("127.0.0.1", Ipv4Block::Loopback),
        ("169.254.0.1", Ipv4Block::LinkLocal),
        ("192.0.0.1", Ipv4Block::ProtocolAssignments),
        ("192.88.99.1", Ipv4Block::RelayAnycast),
        ("198.18.0.1", Ipv4Block::Benchmarking),
        ("224.0.0.1", Ipv4Block::Multicast),
        ("240.0.0.1", Ipv4Block::Reserved),
        ("255.255.255.255", Ipv4Block::Broadcast),
    ] {
        assert_eq!(refusal(address, Ipv4Check::None), None, "{address}");
        assert_eq!(refusal(address, Ipv4Check::Rfc3964), Some(block), "{address}");
        assert_eq!(refusal(address, Ipv4Check::SpecialPurpose), Some(block), "{address}");
        assert_eq!(refusal(address, Ipv4Check::Unicast), Some(block).filter(|block| block.is_no_unicast()), "{address}");
        assert!(SitePrefix::new(v4(address), Ipv4Check::Rfc3964).is_err(), "{address}");
    }
    for address in ["192.0.2.4", "198.51.100.7", "203.0.113.9"] {
        assert_eq!(refusal(address, Ipv4Check::Rfc3964), None, "{address}");
        assert_eq!(refusal(address, Ipv4Check::SpecialPurpose), Some(Ipv4Block::Documentation), "{address}");
    }
    for check in [Ipv4Check::None, Ipv4Check::Unicast, Ipv4Check::Rfc3964, Ipv4Check::SpecialPurpose] {
        assert_eq!(refusal("11.12.13.14", check), None);
    }
}

#[test]
fn the_anycast_prefix_of_relays_is_recognised() {
    for (address, expected) in
        [("192.88.98.255", false), ("192.88.99.0", true), ("192.88.99.1", true), ("192.88.99.255", true), ("192.88.100.0", false)]
    {
        assert_eq!(is_relay_anycast(v4(address)), expected, "{address}");
    }
}
