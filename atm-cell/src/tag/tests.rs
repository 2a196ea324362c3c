//! Tags, hop counts, shims and prefixes.

use core::net::IpAddr;
use hex_literal::hex;

use super::*;

#[test]
fn tags_are_all_numbers_from_33_on() {
    for value in 0..=u16::MAX {
        let tag = Tag::new(value);
        assert_eq!(tag.is_some(), value > 32);
        let reserved = Error::Reserved { field: Field::Tag, found: value.into(), needed: 33 };
        assert_eq!(Tag::try_from(value), tag.ok_or(reserved));
        if let Some(tag) = tag {
            assert_eq!((tag.get(), tag.vci(), u16::from(tag)), (value, Vci::new(value), value));
        }
    }
    assert_eq!((Tag::MIN.get(), Tag::MAX.get()), (33, 65535));
    assert_eq!(std::format!("{}", Tag::MIN), "33");
}

#[test]
fn the_ttl_loses_the_hops_of_the_whole_way_and_never_gets_to_0() {
    for (incoming, hops) in (0..=u8::MAX).flat_map(|ttl| (0..=u8::MAX).map(move |hops| (ttl, hops))) {
        // An unknown count is one hop (RFC 3035 section 10).
        let expected = u32::from(incoming).saturating_sub(u32::from(hops).max(1));
        assert_eq!(HopCount(hops).outgoing_ttl(incoming).map_or(0, u32::from), expected);
    }
    assert_eq!([0, 1, 255].map(|ttl| HopCount(255).outgoing_ttl(ttl)), [None; 3]);
    assert_eq!(HopCount(254).outgoing_ttl(255), Some(1));
}

#[test]
fn a_hop_count_grows_upstream_to_its_limit_and_unknown_stays_unknown() {
    for (hops, max) in (0..=u8::MAX).flat_map(|hops| (0..=u8::MAX).map(move |max| (hops, max))) {
        let expected = if hops == 0 { Some(0) } else { (hops < max).then(|| hops + 1) };
        assert_eq!(HopCount(hops).upstream(max), expected.map(HopCount));
    }
    assert_eq!((HopCount::UNKNOWN, HopCount::EGRESS), (HopCount(0), HopCount(1)));
}

#[test]
fn a_shim_entry_is_label_experimental_bottom_and_ttl() {
    let shim = Shim::parse(&hex!("ABCDE B 7F 99")).unwrap();
    assert_eq!((shim.label(), shim.experimental(), shim.bottom(), shim.ttl()), (0xabcde, 5, true, 0x7f));
    let mut out = [0; 6];
    assert_eq!((shim.emit(&mut out), shim.wire_len()), (Ok(4), 4));
    assert_eq!(out, hex!("ABCDEB7F 0000"));
    let shim = Shim::parse(&hex!("00001 4 01")).unwrap();
    assert_eq!((shim.label(), shim.experimental(), shim.bottom(), shim.ttl()), (1, 2, false, 1));
    assert_eq!(Shim::parse(&[0; 3]), Err(Error::Truncated { field: Field::Tag, offset: 0, found: 3, needed: 4 }));
    assert_eq!(shim.emit(&mut [0; 3]), Err(Error::BufferTooSmall { field: Field::Tag, found: 3, needed: 4 }));
}

#[test]
fn the_top_entry_on_atm_has_label_0() {
    for (experimental, bottom) in (0..8).flat_map(|exp| [(exp, false), (exp, true)]) {
        let shim = Shim::placeholder(experimental, bottom, 200).unwrap();
        assert_eq!((shim.label(), shim.experimental(), shim.bottom(), shim.ttl()), (0, experimental, bottom, 200));
    }
    let mut out = [0; 4];
    Shim::placeholder(7, true, 255).unwrap().emit(&mut out).unwrap();
    assert_eq!(out, hex!("00 00 0F FF"));
    assert_eq!(Shim::placeholder(8, true, 1), Err(Error::DoesNotFit { field: Field::Tag, found: 8, needed: 7 }));
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_prefix_has_no_bits_behind_its_length() {
    for (text, length, good) in [
        ("10.0.0.0", 8, true),
        ("10.0.0.1", 31, false),
        ("10.0.0.1", 32, true),
        ("0.0.0.0", 0, true),
        ("128.0.0.0", 0, false),
        ("128.0.0.0", 1, true),
        ("::", 0, true),
        ("8000::", 1, true),
        ("8000::", 0, false),
        ("2001:db8::", 32, true),
        ("2001:db8::1", 127, false),
        ("2001:db8::1", 128, true),
    ] {
        let bad = Error::Value { field: Field::Prefix, offset: 0, found: 1, needed: 0 };
        let prefix = Prefix::new(address(text), length);
        assert_eq!(prefix.map(|_| ()), if good { Ok(()) } else { Err(bad) }, "{text}/{length}");
        if let Ok(prefix) = prefix {
            assert_eq!((prefix.address(), prefix.length()), (address(text), length));
            assert_eq!(std::format!("{prefix}"), std::format!("{text}/{length}"));
            assert_eq!(Prefix::try_from(<(IpAddr, u8)>::from(prefix)), Ok(prefix));
        }
    }
    let long = |found, needed| Err(Error::DoesNotFit { field: Field::Prefix, found, needed });
    assert_eq!(Prefix::new(address("10.0.0.0"), 33), long(33, 32));
    assert_eq!(Prefix::containing(address("::"), 129), long(129, 128));
}

#[test]
fn a_prefix_contains_what_starts_with_it_in_its_own_family() {
    let prefix = Prefix::containing(address("10.9.200.1"), 14).unwrap();
    assert_eq!(prefix, Prefix::new(address("10.8.0.0"), 14).unwrap());
    for (text, inside) in
        [("10.8.0.0", true), ("10.11.255.255", true), ("10.12.0.0", false), ("10.7.255.255", false), ("::a08:0", false)]
    {
        assert_eq!(prefix.contains(address(text)), inside, "{text}");
    }
    assert!(Prefix::new(address("::"), 0).unwrap().contains(address("ffff::")));
    assert!(!Prefix::new(address("::"), 0).unwrap().contains(address("1.2.3.4")));
    assert!(!Prefix::new(address("0.0.0.0"), 0).unwrap().contains(address("::")));
}

#[cfg(feature = "serde")]
#[test]
fn tags_and_prefixes_out_of_range_do_not_come_in_by_serde() {
    assert_eq!(serde_json::from_str::<Tag>("33").unwrap(), Tag::MIN);
    assert!(serde_json::from_str::<Tag>("32").is_err());
    let prefix = Prefix::new(address("10.0.0.0"), 8).unwrap();
    assert_eq!(serde_json::from_str::<Prefix>(&serde_json::to_string(&prefix).unwrap()).unwrap(), prefix);
    assert!(serde_json::from_str::<Prefix>(r#"["10.0.0.1",8]"#).is_err());
}

#[cfg(feature = "bytes")]
#[test]
fn put_writes_what_emit_does() {
    let mut out = bytes::BytesMut::new();
    assert_eq!(Shim::placeholder(1, true, 2).unwrap().put(&mut out), Ok(4));
    assert_eq!(out[..], hex!("00 00 03 02"));
}
