//! Codepoints typed from the standards' tables.

use std::string::ToString;
use std::vec::Vec;

use super::*;

fn all() -> impl Iterator<Item = Dscp> {
    (0..64).filter_map(Dscp::new)
}

fn dscp(value: u8) -> Dscp {
    Dscp::new(value).unwrap()
}

#[test]
fn the_named_codepoints_select_their_behaviors() {
    // Name, DSCP in decimal and TOS octet (RFC 2474, 2597, 3246, 5865, 8622, 9956).
    let table = [
        ("default", 0, 0x00),
        ("LE", 1, 0x04),
        ("CS1", 8, 0x20),
        ("CS2", 16, 0x40),
        ("CS3", 24, 0x60),
        ("CS4", 32, 0x80),
        ("CS5", 40, 0xa0),
        ("CS6", 48, 0xc0),
        ("CS7", 56, 0xe0),
        ("AF11", 10, 0x28),
        ("AF12", 12, 0x30),
        ("AF13", 14, 0x38),
        ("AF21", 18, 0x48),
        ("AF22", 20, 0x50),
        ("AF23", 22, 0x58),
        ("AF31", 26, 0x68),
        ("AF32", 28, 0x70),
        ("AF33", 30, 0x78),
        ("AF41", 34, 0x88),
        ("AF42", 36, 0x90),
        ("AF43", 38, 0x98),
        ("VOICE-ADMIT", 44, 0xb0),
        ("NQB", 45, 0xb4),
        ("EF", 46, 0xb8),
    ];
    for (name, value, tos) in table {
        let phb = Phb::recommended(dscp(value));
        assert_eq!((phb.to_string().as_str(), DsField(tos).dscp()), (name, dscp(value)));
        assert_eq!(phb.codepoint(), Some(dscp(value)));
    }
    // All others are treated as the default is (RFC 2474 3).
    let others = all().filter(|dscp| table.iter().all(|(_, value, _)| dscp.value() != *value));
    assert_eq!(others.filter(|dscp| Phb::recommended(*dscp) == Phb::Default).count(), 64 - table.len());
}

#[test]
fn behaviors_that_do_not_exist_have_no_codepoint() {
    for phb in [
        Phb::Local(3),
        Phb::ClassSelector(0),
        Phb::ClassSelector(8),
        Phb::AssuredForwarding { class: 0, drop_precedence: 1 },
        Phb::AssuredForwarding { class: 5, drop_precedence: 1 },
        Phb::AssuredForwarding { class: 1, drop_precedence: 0 },
        Phb::AssuredForwarding { class: 1, drop_precedence: 4 },
    ] {
        assert_eq!(phb.codepoint(), None, "{phb}");
    }
    assert_eq!(Phb::Local(3).to_string(), "local 3");
}

#[test]
fn the_low_bits_tell_the_pool() {
    let count = |wanted| all().filter(|dscp| pool(*dscp) == wanted).count();
    assert_eq!([Pool::One, Pool::Two, Pool::Three].map(count), [32, 16, 16]);
    assert_eq!([0b10_1110, 0b00_0011, 0b00_0001].map(|value| pool(dscp(value))), [Pool::One, Pool::Two, Pool::Three]);
}

#[test]
fn precedences_and_class_selectors_are_one() {
    for value in 0..8 {
        assert_eq!(class_selector(value), dscp(value << 3));
        assert_eq!(precedence(class_selector(value)), value);
        assert_eq!(class_selector(value | 8), class_selector(value));
    }
    assert_eq!(all().map(precedence).collect::<Vec<_>>(), (0..64).map(|value| value / 8).collect::<Vec<_>>());
    assert_eq!([Dscp::EF, Dscp::AF43, Dscp::CS7, Dscp::LE].map(for_legacy_domain), [Dscp::CS5, Dscp::CS4, Dscp::CS7, Dscp::CS0]);
}

#[test]
fn what_is_left_when_precedence_is_bleached() {
    // EF to 6, VA to 4, AFx1 to 2, AFx2 to 4, AFx3 to 6, CSx to 0, LE stays 1, NQB to 5.
    let cases = [(46, 6), (44, 4), (10, 2), (18, 2), (26, 2), (34, 2), (20, 4), (38, 6), (40, 0), (1, 1), (45, 5)];
    for (from, to) in cases {
        assert_eq!(precedence_bleached(dscp(from)), dscp(to));
    }
}

#[test]
fn octets_of_rfc_1349_are_not_taken_for_codepoints() {
    let traps = |tos| {
        let LegacyReading { selector, traps } = legacy_reading(tos);
        (selector, traps.lower_effort, traps.ecn_capable)
    };
    assert_eq!(traps(0x04), (Dscp::CS0, true, false)); // high reliability
    assert_eq!(traps(0x02), (Dscp::CS0, false, true)); // low cost
    assert_eq!(traps(0x08), (Dscp::CS0, false, false)); // high throughput
    assert_eq!(traps(0x10), (Dscp::CS0, false, false)); // low delay
    assert_eq!(traps(0xa4), (Dscp::CS5, false, false)); // reliability with a precedence is not lower effort
    for tos in 0..=255_u8 {
        assert_eq!(legacy_reading(tos).selector.value(), tos >> 5 << 3);
    }
}

#[test]
fn colors_are_drop_precedences_and_others_are_green() {
    for value in 0..64 {
        let expected = match value {
            12 | 20 | 28 | 36 => Color::Yellow,
            14 | 22 | 30 | 38 => Color::Red,
            _ => Color::Green,
        };
        assert_eq!(color_of(dscp(value)), expected, "{value}");
    }
    for (class, first) in [(1, 10), (2, 18), (3, 26), (4, 34)] {
        for level in 0..3 {
            let from = dscp(first + 2 * level);
            assert_eq!(
                Color::ALL.map(|color| colored(from, color)),
                [first, first + 2, first + 4].map(Dscp::new),
                "class {class}"
            );
        }
    }
    assert_eq!([Dscp::CS1, Dscp::EF, Dscp::LE, Dscp::CS0].map(|dscp| colored(dscp, Color::Red)), [None; 4]);
}

#[test]
fn sets_hold_what_was_put_in() {
    let set: DscpSet = [Dscp::CS0, Dscp::EF, Dscp::MAX].into_iter().collect();
    assert_eq!((set.len(), set.is_empty(), DscpSet::EMPTY.is_empty(), DscpSet::ALL.len()), (3, false, true, 64));
    assert_eq!(set.iter().collect::<Vec<_>>(), [Dscp::CS0, Dscp::EF, Dscp::MAX]);
    assert_eq!(set.without(Dscp::EF).iter().collect::<Vec<_>>(), [Dscp::CS0, Dscp::MAX]);
    for value in 0..64 {
        assert_eq!(set.contains(dscp(value)), [0, 46, 63].contains(&value));
        assert!(DscpSet::ALL.contains(dscp(value)) && DscpSet::of(dscp(value)).includes(DscpSet::of(dscp(value))));
    }
    assert!(set.includes(DscpSet::of(Dscp::EF)) && !set.includes(DscpSet::of(Dscp::CS1)) && !DscpSet::of(Dscp::EF).includes(set));
    assert_eq!(std::format!("{:?}", DscpSet::of(Dscp::EF)), "{Dscp(EF)}");
}

#[test]
fn the_standard_tables_are_valid() {
    assert_eq!(PhbTable::standard().validate(), Ok(()));
    assert_eq!(PhbTable::class_selectors().validate(), Ok(()));
    assert_eq!(PhbTable::class_selectors().phb(Dscp::EF), Phb::Default);
    assert_eq!(PhbTable::class_selectors().phb(Dscp::CS5), Phb::ClassSelector(5));
    let ef = PhbTable::standard().codepoints(Phb::ExpeditedForwarding);
    assert_eq!(ef, DscpSet::of(Dscp::EF));
}

fn broken(changes: &[(u8, Phb)]) -> Option<(u8, Rule)> {
    let mut table = PhbTable::standard();
    for (value, phb) in changes {
        table.map(dscp(*value), *phb);
    }
    match table.validate() {
        Ok(()) => None,
        Err(Error::Mapping { dscp, why }) => Some((dscp, why)),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn mappings_that_break_the_standards_are_refused() {
    let af = |class, drop_precedence| Phb::AssuredForwarding { class, drop_precedence };
    assert_eq!(broken(&[(0, Phb::LowerEffort)]), Some((0, Rule::DefaultCodepoint)));
    assert_eq!(broken(&[(3, Phb::ClassSelector(0))]), Some((3, Rule::NoSuchBehavior)));
    assert_eq!(broken(&[(3, Phb::ClassSelector(8))]), Some((3, Rule::NoSuchBehavior)));
    assert_eq!(broken(&[(3, af(5, 1))]), Some((3, Rule::NoSuchBehavior)));
    assert_eq!(broken(&[(3, af(1, 4))]), Some((3, Rule::NoSuchBehavior)));
    assert_eq!(broken(&[(48, Phb::Default)]), Some((48, Rule::NetworkControl)));
    assert_eq!(broken(&[(56, Phb::LowerEffort)]), Some((56, Rule::NetworkControl)));
    assert_eq!(broken(&[(16, Phb::ClassSelector(4))]), Some((24, Rule::ClassSelectorOrder)));
    assert_eq!(broken(&[(10, Phb::Default)]), Some((12, Rule::AssuredForwardingIncomplete)));
    assert_eq!(broken(&[(10, Phb::Default), (12, Phb::Default)]), Some((14, Rule::AssuredForwardingIncomplete)));
    assert_eq!(broken(&[(14, af(1, 1))]), Some((14, Rule::DropPrecedenceOrder)));
    assert_eq!(broken(&[(11, af(1, 1)), (10, af(1, 3))]), Some((10, Rule::DropPrecedenceOrder)));
    assert_eq!(broken(&[(12, af(1, 1))]), Some((12, Rule::DropPrecedenceOrder)));
    assert_eq!(broken(&[(2, Phb::Local(1))]), Some((2, Rule::LocalOutsidePool2)));
    assert_eq!(broken(&[(5, Phb::Local(1))]), Some((5, Rule::LocalOutsidePool2)));
    for rule in [Rule::DefaultCodepoint, Rule::NoSuchBehavior, Rule::NetworkControl, Rule::ClassSelectorOrder] {
        assert!(!rule.to_string().is_empty());
    }
}

#[test]
fn mappings_that_the_standards_allow_are_not_refused() {
    let af = |class, drop_precedence| Phb::AssuredForwarding { class, drop_precedence };
    // Two codepoints for one behavior; medium and high drop precedence as one (RFC 2597 6); a local behavior in pool 2; a domain that
    // has no class 3; class selectors in fewer behaviors than there are.
    assert_eq!(broken(&[(47, Phb::ExpeditedForwarding)]), None);
    assert_eq!(broken(&[(12, af(1, 3))]), None);
    assert_eq!(broken(&[(14, af(1, 2))]), None);
    assert_eq!(broken(&[(3, Phb::Local(1)), (63, Phb::Local(200))]), None);
    assert_eq!(broken(&[(26, Phb::Default), (28, Phb::Default), (30, Phb::Default)]), None);
    assert_eq!(broken(&[(8, Phb::ClassSelector(2)), (24, Phb::ClassSelector(2)), (56, Phb::ClassSelector(6))]), None);
    assert_eq!(broken(&[(8, Phb::LowerEffort)]), None);
    let mut table = PhbTable::standard();
    assert_eq!(table.map(Dscp::EF, Phb::VoiceAdmit), Phb::ExpeditedForwarding);
    assert_eq!(table.phb(Dscp::EF), Phb::VoiceAdmit);
}

#[test]
fn service_classes_have_codepoints_of_their_own() {
    let mut seen = DscpSet::EMPTY;
    for class in SERVICE_CLASSES {
        for dscp in class.codepoints {
            assert!(!seen.contains(*dscp), "{}", class.name);
            seen = seen.with(*dscp);
        }
    }
    assert_eq!(seen.len(), 21);
}
