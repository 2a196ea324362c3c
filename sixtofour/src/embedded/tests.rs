use super::*;
use std::string::ToString;
use std::vec::Vec;

fn found(address: &str) -> Vec<(Embedding, std::string::String)> {
    embedded_v4(address.parse().unwrap()).map(|found| (found.embedding, found.address.to_string())).collect()
}

#[test]
fn each_form_shows_its_ipv4_address() {
    use Embedding as E;
    let of = |embedding, address: &str| (embedding, address.to_string());
    assert_eq!(found("2002:c000:204::1"), [of(E::SixToFour, "192.0.2.4")]);
    assert_eq!(found("::ffff:192.0.2.4"), [of(E::Mapped, "192.0.2.4")]);
    assert_eq!(found("::192.0.2.4"), [of(E::Compatible, "192.0.2.4")]);
    assert_eq!(found("64:ff9b::192.0.2.4"), [of(E::Translated, "192.0.2.4")]);
    assert_eq!(found("2001:db8::5efe:192.0.2.4"), [of(E::Isatap, "192.0.2.4")]);
    assert_eq!(found("fe80::200:5efe:192.0.2.4"), [of(E::Isatap, "192.0.2.4")]);
    // RFC 4380 5.1: server 65.54.227.120, client 192.0.2.45 behind a cone NAT.
    assert_eq!(
        found("2001:0:4136:e378:8000:63bf:3fff:fdd2"),
        [of(E::TeredoServer, "65.54.227.120"), of(E::TeredoClient, "192.0.2.45")]
    );
    assert_eq!(found("2002:c000:204::5efe:10.0.0.1"), [of(E::SixToFour, "192.0.2.4"), of(E::Isatap, "10.0.0.1")]);
    assert_eq!(found("2001:0:0:0:0:5efe:0:1").len(), 3);
}

#[test]
fn other_addresses_show_none() {
    for address in [
        "::",
        "::1",
        "2001:1::1",
        "2003:c000:204::1",
        "2001:ffff::1",
        "::1:0:0",
        "::fffe:192.0.2.4",
        "64:ff9b:0:0:0:1:c000:204",
        "64:ff9b:1::c000:204",
        "64:ff9a::c000:204",
        "2001:db8::100:5efe:c000:204",
        "2001:db8::5eff:c000:204",
    ] {
        assert_eq!(found(address), [], "{address}");
    }
    assert_eq!(found("::2"), [(Embedding::Compatible, "0.0.0.2".into())]);
}

fn refused(address: &str) -> Option<std::string::String> {
    classify(address.parse().unwrap()).err().map(|refused| refused.to_string())
}

#[test]
fn global_addresses_are_global_whatever_form_they_come_in() {
    for address in [
        "11.12.13.14",
        "8.8.8.8",
        "192.31.196.1",
        "2a00:1450::1",
        "2002:b0c:d0e::1",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2a00::5efe:8.8.8.8",
        "2001:0:808:808:0:0:f7f7:f7f7",
        "2003::1",
        "2001:ffff::1",
        "3ffe::1",
    ] {
        assert_eq!(refused(address), None, "{address}");
    }
}

#[test]
fn what_is_embedded_is_classified_too() {
    for (address, reason) in [
        ("127.0.0.1", "127.0.0.1 is loopback (RFC 1122)"),
        ("2002:7f00:1::", "127.0.0.1, embedded as 6to4, is loopback (RFC 1122)"),
        ("2002:a00:1::1", "10.0.0.1, embedded as 6to4, is private (RFC 1918)"),
        ("2002:a9fe:a9fe::", "169.254.169.254, embedded as 6to4, is link-local (RFC 3927)"),
        ("2002:c058:6301::", "192.88.99.1, embedded as 6to4, is the deprecated anycast prefix of 6to4 relays (RFC 7526)"),
        ("2002:e000:1::", "224.0.0.1, embedded as 6to4, is multicast (RFC 1112)"),
        ("::ffff:10.0.0.1", "10.0.0.1, embedded as IPv4-mapped, is private (RFC 1918)"),
        ("64:ff9b::7f00:1", "127.0.0.1, embedded as NAT64, is loopback (RFC 1122)"),
        ("2a00::5efe:127.0.0.1", "127.0.0.1, embedded as ISATAP, is loopback (RFC 1122)"),
        ("2002:b0c:d0e::5efe:10.0.0.1", "10.0.0.1, embedded as ISATAP, is private (RFC 1918)"),
        ("2001:0:a00:1::f7f7:f7f7", "10.0.0.1, embedded as Teredo server, is private (RFC 1918)"),
        ("2001:0:808:808::f5ff:fffe", "10.0.0.1, embedded as Teredo client, is private (RFC 1918)"),
        ("::1", "::1 is loopback (RFC 4291)"),
        ("::", ":: is unspecified (RFC 4291)"),
        ("::8.8.8.8", "::808:808 is IPv4-compatible (RFC 4291)"),
        ("fe80::1", "fe80::1 is link-local (RFC 4291)"),
        ("fd00::1", "fd00::1 is unique-local (RFC 4193)"),
        ("2001:db8::1", "2001:db8::1 is for documentation (RFC 3849, RFC 9637)"),
        ("64:ff9b:1::8.8.8.8", "64:ff9b:1::808:808 is for translation within a network (RFC 8215)"),
        ("1fff:ffff::1", "1fff:ffff::1 is not allocated"),
        ("4000::1", "4000::1 is not allocated"),
    ] {
        let found = refused(address).map(|text| text.replace("::8.8.8.8 ", "::808:808 "));
        assert_eq!(found.as_deref(), Some(reason), "{address}");
    }
}

#[test]
fn every_6to4_address_of_a_special_ipv4_address_is_refused_and_only_those() {
    for high in 0..=u16::MAX {
        for low in [0, 1, 0xff, 0x6301, 0xffff] {
            let (address, v4addr) = (Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1), joined(high, low));
            assert_eq!(classify(address.into()).is_ok(), Ipv4Block::of(v4addr).is_none(), "{address}");
        }
    }
}

#[test]
fn every_embedding_has_a_name() {
    use Embedding as E;
    let all = [E::SixToFour, E::SixRd, E::TeredoClient, E::TeredoServer, E::Isatap, E::Mapped, E::Compatible, E::Translated];
    let names = all.map(|embedding| embedding.to_string());
    assert_eq!(names, ["6to4", "6rd", "Teredo client", "Teredo server", "ISATAP", "IPv4-mapped", "IPv4-compatible", "NAT64"]);
}
