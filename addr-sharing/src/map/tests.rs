use super::*;
use proptest::prelude::*;
use std::string::ToString;

fn rule(ipv6: &str, ipv4: &str, ea_bits: u8, offset: u8) -> Rule {
    Rule::new(ipv6.parse().unwrap(), ipv4.parse().unwrap(), ea_bits, offset).unwrap()
}

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

#[test]
fn the_example_of_rfc_7597_appendix_a_holds() {
    let rule = rule("2001:db8::/40", "192.0.2.0/24", 16, 6);
    let prefix = rule.end_user_prefix(v4("192.0.2.18"), 0x34).unwrap();
    assert_eq!(prefix.to_string(), "2001:db8:12:3400::/56");
    let mapped = rule.parse(prefix.address()).unwrap();
    assert_eq!(mapped, Mapped { ipv4: "192.0.2.18/32".parse().unwrap(), psid: 0x34 });
    assert_eq!((rule.params().length(), rule.params().contiguous(), rule.params().offset()), (8, 2, 6));
    let address = v6("2001:db8:12:3400:0:c000:212:34");
    assert_eq!(rule.address(v4("192.0.2.18"), 1232, InterfaceId::Rfc7597), Ok(address));
    assert_eq!(rule.verify(address, InterfaceId::Rfc7597), Ok(mapped));
    assert_eq!(rule.ports(0x34).unwrap().count(), 252);
    // In the older form the address starts at octet 9.
    let older = v6("2001:db8:12:3400:c0:2:1200:3400");
    assert_eq!(rule.address(v4("192.0.2.18"), 1232, InterfaceId::Draft03), Ok(older));
    assert_eq!(rule.verify(older, InterfaceId::Draft03), Ok(mapped));
    assert_eq!(rule.verify(older, InterfaceId::Rfc7597), Err(Error::UnknownAddress(older.into())));
    assert_eq!(rule.address(v4("192.0.2.18"), 80, InterfaceId::Rfc7597), Err(Error::ExcludedPort(80)));
    assert_eq!(
        (rule.ipv6().to_string(), rule.ipv4().to_string(), rule.ea_bits()),
        ("2001:db8::/40".into(), "192.0.2.0/24".into(), 16)
    );
}

#[test]
fn addresses_of_many_rules_are_these() {
    // 192.0.2.89 port 1234 under 2001:db8::/(64 - o): offset a, IPv4 prefix length r, EA bits o.
    for (a, r, o, expected) in [
        (0, 24, 8, "2001:db8:0:59:0:c000:259:0"),
        (0, 24, 24, "2001:db8:59:4d2:0:c000:259:4d2"),
        (16, 24, 8, "2001:db8:0:59:0:c000:259:0"),
        (0, 24, 16, "2001:db8:0:5904:0:c000:259:4"),
        (8, 24, 16, "2001:db8:0:59d2:0:c000:259:d2"),
        (0, 24, 15, "2001:db8:0:2c82:0:c000:259:2"),
        (7, 24, 17, "2001:db8:0:b2d2:0:c000:259:d2"),
        (0, 24, 17, "2001:db8:0:b209:0:c000:259:9"),
        (9, 24, 15, "2001:db8:0:2cd2:0:c000:259:52"),
        (6, 24, 16, "2001:db8:0:5934:0:c000:259:34"),
        (0, 32, 16, "2001:db8:0:4d2:0:c000:259:4d2"),
        (0, 23, 16, "2001:db8:0:2c82:0:c000:259:2"),
        (7, 25, 16, "2001:db8:0:b2d2:0:c000:259:d2"),
        (0, 25, 16, "2001:db8:0:b209:0:c000:259:9"),
        (9, 23, 16, "2001:db8:0:2cd2:0:c000:259:52"),
    ] {
        let ipv4 = Ipv4Prefix::holding(v4("192.0.2.89"), r).unwrap();
        let rule = Rule::new(Ipv6Prefix::new(v6("2001:db8::"), 64 - o).unwrap(), ipv4, o, a).unwrap();
        let address = rule.address(v4("192.0.2.89"), 1234, InterfaceId::Rfc7597).unwrap();
        assert_eq!(address, v6(expected), "{a} {r} {o}");
        let mapped = rule.verify(address, InterfaceId::Rfc7597).unwrap();
        assert_eq!((mapped.ipv4.address(), mapped.ipv4.len()), (v4("192.0.2.89"), 32));
        assert!(rule.ports(mapped.psid).unwrap().contains(1234));
    }
}

#[test]
fn an_end_user_with_several_addresses_has_their_prefix_padded_with_zeros() {
    for (r, o, expected, prefix) in [
        (8, 8, "2001:db8:0:33:0:c633::", "198.51.0.0/16"),
        (16, 15, "2001:db8:0:322c:0:c633:6458:0", "198.51.100.88/31"),
        (15, 16, "2001:db8:0:b22c:0:c633:6458:0", "198.51.100.88/31"),
    ] {
        let ipv4 = Ipv4Prefix::holding(v4("198.51.100.89"), r).unwrap();
        let rule = Rule::new(Ipv6Prefix::new(v6("2001:db8::"), 64 - o).unwrap(), ipv4, o, 0).unwrap();
        let address = rule.address(v4("198.51.100.89"), 1234, InterfaceId::Rfc7597).unwrap();
        assert_eq!(address, v6(expected), "{r} {o}");
        assert_eq!(rule.verify(address, InterfaceId::Rfc7597).unwrap(), Mapped { ipv4: prefix.parse().unwrap(), psid: 0 });
        assert_eq!(rule.ports(0).unwrap().count(), 65_536);
    }
}

#[test]
fn rules_of_other_implementations_agree() {
    let of = |ipv6, ipv4, ea, a, address: &str, port| rule(ipv6, ipv4, ea, a).address(v4(address), port, InterfaceId::Rfc7597);
    assert_eq!(of("2001::/32", "192.168.0.0/16", 20, 4, "192.168.1.1", 10_000), Ok(v6("2001:0:101:7000:0:c0a8:101:7")));
    assert_eq!(of("2001:db8::/40", "20.0.0.0/8", 24, 0, "20.169.201.219", 5), Ok(v6("2001:db8:a9:c9db:0:14a9:c9db:0")));
    // No bit of the IPv4 address is in the rule: a suffix of all 32.
    assert_eq!(of("2001::/16", "0.0.0.0/0", 40, 6, "20.169.201.219", 1232), Ok(v6("2001:14a9:c9db:3400:0:14a9:c9db:34")));
}

#[test]
fn a_rule_may_give_no_bit_of_the_address() {
    let rule = rule("2001:db8::/64", "0.0.0.0/0", 0, 6);
    let address = rule.address(v4("192.0.2.1"), 80, InterfaceId::Rfc7597).unwrap();
    assert_eq!(address, v6("2001:db8::"));
    assert_eq!(rule.verify(address, InterfaceId::Rfc7597), Ok(Mapped { ipv4: Ipv4Prefix::ALL, psid: 0 }));
}

#[test]
fn limits_of_rules_are_where_they_are() {
    let new = |ipv6: &str, ipv4: &str, ea, a| Rule::new(ipv6.parse().unwrap(), ipv4.parse().unwrap(), ea, a);
    let error = |parameter, found, most| Err(Error::Parameter { parameter, found, least: 0, most });
    assert!(new("2001::/16", "0.0.0.0/0", 48, 0).is_ok());
    assert_eq!(new("2000::/15", "0.0.0.0/0", 49, 0), error(Parameter::EaBits, 49, 48));
    assert_eq!(new("2001::/17", "0.0.0.0/0", 48, 0), error(Parameter::RuleIpv6Prefix, 17, 16));
    assert!(new("2001:db8::/64", "192.0.2.1/32", 0, 6).is_ok());
    assert_eq!(new("2001:db8::/65", "192.0.2.1/32", 0, 6), error(Parameter::RuleIpv6Prefix, 65, 64));
    assert_eq!(new("2001:db8::/32", "192.0.2.1/32", 17, 0), error(Parameter::OffsetAndLength, 17, 16));
    assert_eq!(new("2001:db8::/40", "192.0.2.0/24", 16, 9), error(Parameter::OffsetAndLength, 17, 16));
    let rule = new("2001:db8::/40", "192.0.2.0/24", 16, 6).unwrap();
    assert_eq!(rule.end_user_prefix(v4("192.0.3.1"), 0), Err(Error::UnknownAddress(v4("192.0.3.1").into())));
    assert_eq!(rule.end_user_prefix(v4("192.0.2.1"), 256), error(Parameter::Psid, 256, 255).map(|_: Rule| unreachable!()));
    let outside = v6("2001:db8:100::");
    assert_eq!(rule.parse(outside), Err(Error::UnknownAddress(outside.into())));
    // A subnet other than 0 is the end user's, but not the rule's address.
    let subnet = v6("2001:db8:12:3401:0:c000:212:34");
    assert_eq!((rule.parse(subnet).is_ok(), rule.verify(subnet, InterfaceId::Rfc7597).is_err()), (true, true));
    let zero = new("2001:db8::/64", "192.0.2.1/32", 0, 6).unwrap();
    assert_eq!(zero.address(v4("192.0.2.1"), 80, InterfaceId::Rfc7597), Ok(v6("2001:db8::c000:201:0")));
}

#[test]
fn interface_identifiers_are_read_back_and_nothing_else() {
    for (form, identifier) in [(InterfaceId::Rfc7597, 0x0000_c000_0212_0034), (InterfaceId::Draft03, 0x00c0_0002_1200_3400)] {
        assert_eq!(form.of(v4("192.0.2.18"), 0x34), identifier);
        assert_eq!(form.parse(identifier), Ok((v4("192.0.2.18"), 0x34)));
        for bit in 0..64 {
            let flipped = identifier ^ (1 << bit);
            let unused = match form {
                InterfaceId::Rfc7597 => bit >= 48,
                InterfaceId::Draft03 => !(8..56).contains(&bit),
            };
            match form.parse(flipped) {
                Ok((ipv4, psid)) => assert!(!unused && form.of(ipv4, psid) == flipped),
                Err(error) => {
                    assert!(unused);
                    let found = (flipped >> 32) as u32;
                    assert_eq!(error, Error::NotZero { parameter: Parameter::InterfaceId, found });
                }
            }
        }
    }
}

#[test]
fn a_binding_has_an_address_and_ports_of_its_own() {
    // RFC 7596 5.1: prefix, 16 zero bits, IPv4 address, PSID.
    let binding =
        Binding { prefix: v6("2001:db8:1:2:ffff::1"), ipv4: v4("192.0.2.1"), params: PsidParams::new(0, 8).unwrap(), psid: 0x34 };
    assert_eq!(binding.address(), v6("2001:db8:1:2:0:c000:201:34"));
    assert_eq!(binding.ports().unwrap().ranges().next().unwrap().to_string(), "13312-13567");
    assert!(Binding { psid: 256, ..binding }.ports().is_err());
}

proptest! {
    #[test]
    fn an_address_leads_back_to_its_port(
        bits: u128, ipv4: u32, r in 0u8..=32, o in 0u8..=48, a in 0u8..=16, port: u16, draft: bool,
    ) {
        let address = Ipv4Addr::from_bits(ipv4);
        let ipv6 = Ipv6Prefix::holding(Ipv6Addr::from_bits(bits), 64 - o).unwrap();
        let Ok(rule) = Rule::new(ipv6, Ipv4Prefix::holding(address, r).unwrap(), o, a) else {
            prop_assert!(u32::from(r) + u32::from(o) + u32::from(a) > 48);
            return Ok(());
        };
        let form = if draft { InterfaceId::Draft03 } else { InterfaceId::Rfc7597 };
        match rule.address(address, port, form) {
            Ok(mapped) => {
                let found = rule.verify(mapped, form).unwrap();
                prop_assert!(found.ipv4.contains(address));
                prop_assert_eq!(found.ipv4.len(), (r + o).min(32));
                prop_assert!(rule.ports(found.psid).unwrap().contains(port));
                prop_assert_eq!(rule.end_user_prefix(address, found.psid).unwrap().contains(mapped), true);
            }
            Err(error) => prop_assert_eq!(error, Error::ExcludedPort(port)),
        }
    }
}
