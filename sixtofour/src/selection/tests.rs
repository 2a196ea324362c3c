use super::*;
use std::vec::Vec;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn plain(addresses: &[&str]) -> Vec<Source> {
    addresses.iter().map(|text| Source::new(ip(text))).collect()
}

fn select(destination: &str, sources: &[Source]) -> std::string::String {
    select_source(ip(destination), sources).unwrap().address.to_string()
}

fn order(destinations: &[&str], sources: &[Source]) -> Vec<std::string::String> {
    let mut destinations: Vec<IpAddr> = destinations.iter().map(|text| ip(text)).collect();
    order_destinations(&mut destinations, sources);
    destinations.iter().map(ToString::to_string).collect()
}

use std::string::ToString;

#[test]
fn the_policy_table_is_that_of_rfc_6724() {
    for (address, precedence, label) in [
        ("::1", 50, 0),
        ("2a00::1", 40, 1),
        ("::ffff:192.0.2.4", 35, 4),
        ("192.0.2.4", 35, 4),
        ("2002::", 30, 2),
        ("2002:ffff::", 30, 2),
        ("2001::", 5, 5),
        ("2001:0:ffff::", 5, 5),
        ("2001:1::", 40, 1),
        ("2003::", 40, 1),
        ("fc00::", 3, 13),
        ("fdff::", 3, 13),
        ("fe00::", 40, 1),
        ("fe80::1", 40, 1),
        ("::", 1, 3),
        ("::192.0.2.4", 1, 3),
        ("::1:0:0", 40, 1),
        ("fec0::", 1, 11),
        ("ff00::", 40, 1),
        ("3ffe::", 1, 12),
        ("3fff::", 40, 1),
    ] {
        let line = policy(ip(address));
        assert_eq!((line.precedence, line.label), (precedence, label), "{address}");
    }
}

#[test]
fn scopes_are_those_of_rfc_6724() {
    for (address, expected) in [
        ("fe80::1", 2),
        ("febf::1", 2),
        ("::1", 2),
        ("fec0::1", 5),
        ("feff::", 5),
        ("ff02::1", 2),
        ("ff05::1", 5),
        ("ff0e::1", 14),
        ("2001:db8::1", 14),
        ("fc00::1", 14),
        ("169.254.0.1", 2),
        ("127.0.0.1", 2),
        ("10.0.0.1", 14),
        ("192.0.2.1", 14),
        ("::ffff:169.254.1.1", 2),
        ("::ffff:192.0.2.1", 14),
    ] {
        assert_eq!(scope(ip(address)), expected, "{address}");
    }
}

#[test]
fn the_return_path_is_of_the_same_kind() {
    let both = plain(&["2001:db8::1", "2002:c000:204::1"]);
    // A 6to4-only destination gets the 6to4 source, a native-only one the native source.
    assert_eq!(select("2002:c633:6407::1", &both), "2002:c000:204::1");
    assert_eq!(select("2a00::1", &both), "2001:db8::1");
    // A 6to4-only site takes the 6to4 destination first, a native-only site the native one, one with both the native one.
    let destinations = ["2002:c633:6407::1", "2a00::1"];
    assert_eq!(order(&destinations, &plain(&["2002:c000:204::1"])), ["2002:c633:6407::1", "2a00::1"]);
    assert_eq!(order(&destinations, &plain(&["2001:db8::1"])), ["2a00::1", "2002:c633:6407::1"]);
    assert_eq!(order(&destinations, &both), ["2a00::1", "2002:c633:6407::1"]);
    // IPv4 goes before 6to4 (precedence 35 over 30).
    let with_ipv4 = plain(&["2002:c000:204::1", "192.0.2.4"]);
    assert_eq!(order(&["2002:c633:6407::1", "198.51.100.7"], &with_ipv4), ["198.51.100.7", "2002:c633:6407::1"]);
}

#[test]
fn the_source_examples_of_rfc_6724_hold() {
    // 10.1, in order.
    assert_eq!(select("2001:db8:1::1", &plain(&["2001:db8:3::1", "fe80::1"])), "2001:db8:3::1");
    assert_eq!(select("ff05::1", &plain(&["2001:db8:3::1", "fe80::1"])), "2001:db8:3::1");
    let deprecated = |address: &str| Source { deprecated: true, ..Source::new(ip(address)) };
    assert_eq!(select("2001:db8:1::1", &[deprecated("2001:db8:1::1"), plain(&["2001:db8:2::1"])[0]]), "2001:db8:1::1");
    assert_eq!(select("fe80::1", &[deprecated("fe80::2"), plain(&["2001:db8:1::1"])[0]]), "fe80::2");
    assert_eq!(select("2001:db8:1::1", &plain(&["2001:db8:1::2", "2001:db8:3::2"])), "2001:db8:1::2");
    assert_eq!(select("2001:db8:1::1", &plain(&["2001:db8:3::2", "2001:db8:1::2"])), "2001:db8:1::2");
    let home = Source { home: true, ..Source::new(ip("2001:db8:3::2")) };
    assert_eq!(select("2001:db8:1::1", &[Source::new(ip("2001:db8:1::2")), home]), "2001:db8:3::2");
    let temporary = |address: &str| Source { temporary: true, ..Source::new(ip(address)) };
    let own = "2002:c633:6401:0:d5e3:7953:13eb:22e8";
    assert_eq!(select("2002:c633:6401::1", &[temporary(own), Source::new(ip("2001:db8:1::2"))]), own);
    let of_subnet = "2001:db8:1:0:d5e3:7953:13eb:22e8";
    assert_eq!(select("2001:db8:1:0:d5e3::1", &[Source::new(ip("2001:db8:1::2")), temporary(of_subnet)]), of_subnet);
}

#[test]
fn the_destination_examples_of_rfc_6724_hold() {
    // 10.2, in order; each list both ways round.
    let cases: [(&[Source], [&str; 2]); 9] = [
        (&plain(&["2001:db8:1::2", "fe80::1", "169.254.13.78"]), ["2001:db8:1::1", "198.51.100.121"]),
        (&plain(&["fe80::1", "198.51.100.117"]), ["198.51.100.121", "2001:db8:1::1"]),
        (&plain(&["2001:db8:1::2", "fe80::1", "10.1.2.4"]), ["2001:db8:1::1", "10.1.2.3"]),
        (&plain(&["2001:db8:1::2", "fe80::2"]), ["fe80::1", "2001:db8:1::1"]),
        (
            &[
                Source::new(ip("2001:db8:1::2")),
                Source { home: true, ..Source::new(ip("2001:db8:3::1")) },
                Source::new(ip("fe80::2")),
            ],
            ["2001:db8:1::1", "fe80::1"],
        ),
        (
            &[Source::new(ip("2001:db8:1::2")), Source { deprecated: true, ..Source::new(ip("fe80::2")) }],
            ["2001:db8:1::1", "fe80::1"],
        ),
        (&plain(&["2001:db8:1::2", "2001:db8:3f44::2", "fe80::2"]), ["2001:db8:1::1", "2001:db8:3ffe::1"]),
        (&plain(&["2002:c633:6401::2", "fe80::2"]), ["2002:c633:6401::1", "2001:db8:1::1"]),
        (&plain(&["2002:c633:6401::2", "2001:db8:1::2", "fe80::2"]), ["2001:db8:1::1", "2002:c633:6401::1"]),
    ];
    for (sources, [first, second]) in cases {
        assert_eq!(order(&[first, second], sources), [first, second]);
        assert_eq!(order(&[second, first], sources), [first, second]);
    }
}

#[test]
fn every_source_rule_decides_where_those_before_it_do_not() {
    let destination = "2001:db8:1::1";
    let base = Source::new(ip("2001:db8:2::2"));
    let other = Source::new(ip("2001:db8:2::3"));
    assert_eq!(select(destination, &[base, other]), "2001:db8:2::2");
    assert_eq!(select(destination, &[other, base]), "2001:db8:2::3");
    assert_eq!(select(destination, &[Source { outgoing_interface: false, ..base }, other]), "2001:db8:2::3");
    assert_eq!(select(destination, &[base, Source { temporary: true, ..other }]), "2001:db8:2::3");
    assert_eq!(select(destination, &[Source { deprecated: true, home: true, ..base }, other]), "2001:db8:2::3");
    // Both scopes reach: the smaller one. Neither does: the larger.
    assert_eq!(select("fe80::9", &plain(&["2001:db8:2::2", "fec0::1"])), "fec0::1");
    assert_eq!(select("ff0e::9", &plain(&["fe80::2", "fec0::1"])), "fec0::1");
    assert_eq!(select("ff0e::9", &plain(&["fec0::1", "fe80::2"])), "fec0::1");
    // Common bits count up to the prefix's length only.
    let (near, far) = (ip("2001:db8:1::ff"), ip("2001:db8:1::2"));
    assert_eq!(common_prefix_len(&Source::new(far), ip("2001:db8:1::3")), 64);
    assert_eq!(common_prefix_len(&Source { prefix_len: 128, ..Source::new(far) }, ip("2001:db8:1::3")), 127);
    assert_eq!(common_prefix_len(&Source::new(ip("192.0.2.4")), ip("192.0.2.5")), 31);
    assert_eq!(select("2001:db8:1::3", &[Source::new(near), Source::new(far)]), "2001:db8:1::ff");
}

#[test]
fn every_destination_rule_decides_where_those_before_it_do_not() {
    // Rule 1: no source of that version.
    assert_eq!(order(&["192.0.2.1", "2a00::1"], &plain(&["2a01::1"])), ["2a00::1", "192.0.2.1"]);
    // Rule 3 against the order of the list.
    let sources = [Source { deprecated: true, ..Source::new(ip("2a01::1")) }, Source::new(ip("192.0.2.9"))];
    assert_eq!(order(&["2a00::1", "198.51.100.1"], &sources), ["198.51.100.1", "2a00::1"]);
    // Rule 8: smaller scope.
    assert_eq!(order(&["ff0e::1", "ff05::1"], &plain(&["2a01::1"])), ["ff0e::1", "ff05::1"]);
    assert_eq!(order(&["2a01::5", "2a00::1", "2a01::4"], &plain(&["2a01::1"])), ["2a01::5", "2a01::4", "2a00::1"]);
    // Rule 10: of equals the order stays; nothing is lost.
    assert_eq!(order(&["2a00::3", "2a00::1", "2a00::2"], &plain(&["2a01::1"])), ["2a00::3", "2a00::1", "2a00::2"]);
    assert_eq!(order(&["2a00::3", "2a00::1"], &[]), ["2a00::3", "2a00::1"]);
    assert_eq!(select_source(ip("192.0.2.1"), &plain(&["2a01::1"])), None);
    assert_eq!(select_source(ip("192.0.2.1"), &[]), None);
}
