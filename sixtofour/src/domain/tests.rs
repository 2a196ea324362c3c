use super::*;
use proptest::prelude::*;
use std::string::ToString;

fn domain(prefix: &str, ipv4: &str) -> Domain {
    Domain::new(prefix.parse().unwrap(), ipv4.parse().unwrap()).unwrap()
}

#[test]
fn the_example_of_rfc_5969_holds() {
    // RFC 5969 7.1.1: 6rdPrefix 2001:db8::/32, IPv4MaskLen 8 of 10.0.0.0, border relay 10.0.0.1, customer 10.100.100.1.
    let domain = domain("2001:db8::/32", "10.0.0.0/8");
    let customer = "10.100.100.1".parse().unwrap();
    assert_eq!(domain.site(customer).unwrap().to_string(), "2001:db8:6464:100::/56");
    assert_eq!(domain.site("10.0.0.1".parse().unwrap()).unwrap().to_string(), "2001:db8:0:100::/56");
    assert_eq!(domain.v4addr("2001:db8:6464:1ff:ffff::1".parse().unwrap()), Some(customer));
    assert_eq!(domain.v4addr("2001:db9:6464:100::".parse().unwrap()), None);
    assert_eq!(domain.site("11.0.0.1".parse().unwrap()), Err(Error::NotInDomain));
    assert_eq!((domain.delegated_len(), domain.leaves_subnets()), (56, true));
}

#[test]
fn six_to_four_is_the_domain_of_16_and_32_bits() {
    let domain = Domain::SIX_TO_FOUR;
    assert_eq!((domain.prefix().to_string(), domain.ipv4().to_string()), ("2002::/16".into(), "0.0.0.0/0".into()));
    assert_eq!(domain.delegated_len(), 48);
    assert_eq!(domain.v4addr("2002:c000:204:1::1".parse().unwrap()), Some("192.0.2.4".parse().unwrap()));
    assert_eq!(domain.v4addr("2003:c000:204:1::1".parse().unwrap()), None);
    assert!(domain.contains("2002::".parse().unwrap()) && !domain.contains("2001:ffff::".parse().unwrap()));
}

#[test]
fn a_delegated_prefix_has_at_most_128_bits() {
    let new = |prefix: &str, ipv4: &str| Domain::new(prefix.parse().unwrap(), ipv4.parse().unwrap());
    assert!(new("2001:db8::/96", "0.0.0.0/0").is_ok_and(|domain| domain.delegated_len() == 128 && !domain.leaves_subnets()));
    assert_eq!(new("2001:db8::/97", "0.0.0.0/0"), Err(Error::PrefixLength { found: 129, needed: 128 }));
    assert!(new("2001:db8::1/128", "192.0.2.4/32").is_ok());
    assert!(new("2001:db8::/32", "0.0.0.0/0").is_ok_and(|domain| domain.leaves_subnets()));
    assert!(new("2001:db8::/33", "0.0.0.0/0").is_ok_and(|domain| !domain.leaves_subnets()));
}

#[test]
fn a_domain_may_embed_no_bit_or_have_no_prefix() {
    let single = domain("2001:db8::/56", "192.0.2.4/32");
    assert_eq!(single.site("192.0.2.4".parse().unwrap()).unwrap().to_string(), "2001:db8::/56");
    assert_eq!(single.v4addr("2001:db8:0:ff::".parse().unwrap()), Some("192.0.2.4".parse().unwrap()));
    let all = domain("::/0", "0.0.0.0/0");
    assert_eq!(all.v4addr("c000:204::1".parse().unwrap()), Some("192.0.2.4".parse().unwrap()));
    let nothing = domain("::/0", "192.0.2.4/32");
    assert_eq!(nothing.v4addr("c000:204::1".parse().unwrap()), Some("192.0.2.4".parse().unwrap()));
    assert_eq!(nothing.site("192.0.2.4".parse().unwrap()).unwrap().to_string(), "::/0");
}

#[test]
fn routes_stand_for_ipv4_prefixes_of_the_domain() {
    let domain = domain("2001:db8::/32", "10.0.0.0/8");
    assert_eq!(domain.route("10.100.0.0/16".parse().unwrap()).unwrap().to_string(), "2001:db8:6400::/40");
    assert_eq!(domain.ipv4_of("2001:db8:6400::/40".parse().unwrap()).unwrap().to_string(), "10.100.0.0/16");
    assert_eq!(domain.route("0.0.0.0/0".parse().unwrap()), Err(Error::NotInDomain));
    assert_eq!(domain.route("11.0.0.0/16".parse().unwrap()), Err(Error::NotInDomain));
    assert_eq!(domain.ipv4_of("2001:db9::/40".parse().unwrap()), Err(Error::NotInDomain));
    assert_eq!(domain.ipv4_of("2001::/16".parse().unwrap()), Err(Error::NotInDomain));
    assert_eq!(domain.ipv4_of("2001:db8:6464:100::/57".parse().unwrap()), Err(Error::PrefixLength { found: 57, needed: 56 }));
}

proptest! {
    #[test]
    fn an_address_in_a_site_leads_to_its_router(bits: u128, len in 0u8..=96, address: u32, mask in 0u8..=32, rest: u128) {
        let ipv4 = Ipv4Prefix::holding(Ipv4Addr::from_bits(address), mask).unwrap();
        let domain = Domain::new(Ipv6Prefix::holding(Ipv6Addr::from_bits(bits), len).unwrap(), ipv4).unwrap();
        let router = Ipv4Addr::from_bits(address);
        let site = domain.site(router).unwrap();
        prop_assert_eq!(site.len(), len + 32 - mask);
        let host = Ipv6Addr::from_bits(site.address().to_bits() | (rest & !site.mask()));
        prop_assert_eq!(domain.v4addr(host), Some(router));
        prop_assert_eq!(domain.ipv4_of(site).unwrap(), Ipv4Prefix::new(router, 32).unwrap());
        prop_assert_eq!(domain.route(Ipv4Prefix::new(router, 32).unwrap()).unwrap(), site);
    }
}
