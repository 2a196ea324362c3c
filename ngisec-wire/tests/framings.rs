//! Layouts of every row of figures 1 and 2, octet by octet, and what opening takes and refuses.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod common;

use common::*;
use hex_literal::hex;
use ip_wire::nat::Endpoint;
use ip_wire::{Protocol, tcp};
use ipsec_wire::rand_core::TryRng;
use ngisec_wire::{Error, Field, Form, overhead};
use proptest::prelude::*;

#[test]
fn a_udpsec_packet_is_the_one_typed_by_hand() {
    // IPv4 10.0.0.1 -> 10.0.0.2, UDP 1234 -> 80, data "hi!"; NULL cipher, HMAC-SHA-1-96 in AH.
    let plain = hex!("4500001f 00000000 4011 66cc 0a000001 0a000002 04d20050 000b 0d08 686921");
    let made = packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, b"hi!");
    assert_eq!(made[20..26], plain[20..26]);
    let mut buf = buffer(&made);
    sender(Form::TransportSec, 0x1000, NULL).seal(NOW, &mut buf).unwrap();
    let octets = buf.octets();
    // IP 20, UDP 8, AH 24, ESP 8 + 11 + padding 3 + 2 + ICV 12: 88.
    assert_eq!(octets.len(), 88);
    assert_eq!((&octets[..1], &octets[2..4], octets[9]), (&hex!("45")[..], &hex!("0058")[..], 17));
    assert_eq!(octets[20..26], hex!("04d2 0050 0044"));
    assert_eq!(octets[28..40], hex!("32 04 0000 00001000 00000001"));
    assert_eq!(octets[52..60], hex!("00001001 00000001"));
    assert_eq!(octets[60..66], hex!("04d2 0050 000b"));
    assert_eq!(octets[68..76], hex!("686921 010203 03 11"));
    assert_true(octets);
}

#[test]
fn every_row_of_the_framing_table_is_laid_out_as_the_figures_have_it() {
    for version in VERSIONS {
        for protocol in TRANSPORTS {
            for form in Form::ALL {
                for len in [0, 1, 2, 3, 40] {
                    let original = packet(Ends::of(version), protocol, tcp::Flags::ACK, &vec![0x61; len]);
                    let (transport, at) = places(version, protocol);
                    let mut buf = buffer(&original);
                    sender(form, 0x1000, NULL).seal(NOW, &mut buf).unwrap();
                    let octets = buf.octets();
                    assert_true(octets);
                    // Outer headers: all but lengths and checksums.
                    assert_eq!(
                        octets[if version == 4 { 8..10 } else { 6..8 }],
                        original[if version == 4 { 8..10 } else { 6..8 }]
                    );
                    assert_eq!(
                        octets[if version == 4 { 12 } else { 8 }..transport + 4],
                        original[if version == 4 { 12 } else { 8 }..transport + 4]
                    );
                    if protocol == Protocol::TCP {
                        assert_eq!(octets[transport + 4..transport + 16], original[transport + 4..transport + 16]);
                    } else {
                        let length = u16::from_be_bytes([octets[transport + 4], octets[transport + 5]]);
                        assert_eq!(usize::from(length), octets.len() - transport);
                    }
                    // AH of 24 octets in both versions, then ESP.
                    assert_eq!(octets[at..at + 12], hex!("32 04 0000 00001000 00000001"));
                    assert_eq!(octets[at + 24..at + 32], hex!("00001001 00000001"));
                    let (inside, next) = hidden(form, version, protocol, &original);
                    let body = &octets[at + 32..octets.len() - 12];
                    assert_eq!(body[..inside.len()], inside);
                    let pad = body.len() - inside.len() - 2;
                    assert!(pad < 4 && body.len().is_multiple_of(4));
                    assert_eq!(body[inside.len()..inside.len() + pad], [1, 2, 3][..pad]);
                    assert_eq!(body[body.len() - 2..], [pad as u8, next]);
                    // Opened it is what it was.
                    let opened = receiver(form, 0x1000, NULL).open(NOW, &mut buf).unwrap();
                    assert_eq!((buf.octets(), opened.sequence), (&original[..], 1));
                    assert!(!opened.observation.is_translated());
                }
            }
        }
    }
}

#[test]
fn overhead_is_exact_for_every_form_suite_version_and_length() {
    for version in VERSIONS {
        for protocol in TRANSPORTS {
            for (form, suite) in Form::ALL.into_iter().flat_map(|form| SUITES.map(|suite| (form, suite))) {
                let mut sender = sender(form, 0x1000, suite);
                for len in 0..70 {
                    let original = packet(Ends::of(version), protocol, tcp::Flags::ACK, &vec![7; len]);
                    let (ip, at) = places(version, protocol);
                    let added = sender.overhead(version, ip, at - ip, len);
                    let (head, tail) = (sender.headroom(at), sender.tailroom(at));
                    let mut storage = vec![0; head + original.len() + tail];
                    storage[head..head + original.len()].copy_from_slice(&original);
                    let mut buf = ngisec_wire::PacketBuf::new(storage, head, original.len()).unwrap();
                    sender.seal(NOW, &mut buf).unwrap();
                    assert_eq!(buf.len(), original.len() + added);
                    assert_eq!(overhead(form, &AH, &suite, version, (ip, at - ip), len), added);
                }
            }
        }
    }
}

#[test]
fn a_data_packet_is_a_header_of_20_or_40_octets_shorter_than_in_a_tunnel_of_the_same_associations() {
    for (version, header) in [(4, 20), (6, 40)] {
        let (near, far) = (address(version, 1), address(version, 2));
        let tunnel = ipsec_wire::Tunnel::new(near, far).unwrap();
        let esp = builder(0x1001, GCM).tunnel(tunnel).outbound(&mut TestRng(1)).unwrap();
        let ah = builder(0x1000, AH).outbound(&mut TestRng(1)).unwrap();
        for data in 0..100 {
            let len = header + 20 + data;
            let tunnelled = esp.overhead(version, len, header) + ah.payload_room(version, 0).0;
            let ours = sender(Form::Plain, 0x1000, GCM).overhead(version, header, 20, data);
            assert_eq!(tunnelled - ours, header);
        }
    }
}

#[test]
fn marks_hops_and_translations_leave_the_icv_true_and_show_in_what_is_observed() {
    for version in VERSIONS {
        for protocol in TRANSPORTS {
            for (form, suite) in Form::ALL.into_iter().flat_map(|form| SUITES.map(|suite| (form, suite))) {
                let original = packet(Ends::of(version), protocol, tcp::Flags::SYN, b"some data");
                let mut buf = buffer(&original);
                sender(form, 0x1000, suite).seal(NOW, &mut buf).unwrap();
                let (near, far) = (Endpoint::new(address(version, 77), 40_000), Endpoint::new(address(version, 78), 8080));
                travel(buf.octets_mut(), Some(near), Some(far));
                let observed = receiver(form, 0x1000, suite).open(NOW, &mut buf).unwrap().observation;
                assert_eq!((observed.outer.source(), observed.outer.source_port()), (near.address, near.port));
                assert_eq!((observed.outer.destination(), observed.outer.destination_port()), (far.address, far.port));
                let mut expected = original.clone();
                match form {
                    Form::DuplicateEncapsulating | Form::DuplicateAppended => {
                        assert_eq!(observed.inner.source(), address(version, 1));
                        assert_eq!((observed.inner.source_port(), observed.inner.destination_port()), (Some(1234), Some(80)));
                    }
                    Form::TransportSec => {
                        assert_eq!(observed.three_tuple(), (near.address, (40_000, 8080), (1234, 80)));
                        assert_eq!(observed.inner.source(), near.address);
                        let (source, destination) = (Endpoint::address(near.address), Endpoint::address(far.address));
                        travel(&mut expected, Some(source), Some(destination));
                    }
                    Form::Plain => travel(&mut expected, Some(near), Some(far)),
                }
                assert_eq!(buf.octets(), &expected[..], "{form:?} {version} {protocol:?}");
                assert_true(buf.octets());
            }
        }
    }
}

/// Whether a path may change the bit: DS field, TTL and IPv4 checksum go by themselves below, as they need the IPv4 checksum mended.
fn is_mutable(version: u8, bit: usize) -> bool {
    version == 6 && ((4..32).contains(&bit) || (56..64).contains(&bit))
}

#[test]
fn any_other_flipped_bit_is_refused_and_the_packet_keeps_its_headers() {
    for version in VERSIONS {
        for protocol in TRANSPORTS {
            for form in Form::ALL {
                let original = packet(Ends::of(version), protocol, tcp::Flags::ACK, b"data");
                let mut buf = buffer(&original);
                sender(form, 0x1000, NULL).seal(NOW, &mut buf).unwrap();
                let sealed = buf.octets().to_vec();
                let mut receiver = receiver(form, 0x1000, NULL);
                for bit in 0..sealed.len() * 8 {
                    let mut changed = sealed.clone();
                    changed[bit / 8] ^= 0x80 >> (bit % 8);
                    let mut buf = buffer(&changed);
                    let opened = receiver.open(NOW, &mut buf);
                    if is_mutable(version, bit) {
                        assert!(opened.is_ok());
                        receiver = common::receiver(form, 0x1000, NULL);
                    } else {
                        assert!(opened.is_err(), "{form:?} {version} {protocol:?} bit {bit}");
                        assert_eq!((buf.octets().len(), buf.headroom()), (changed.len(), 300));
                        assert_eq!(buf.octets()[..20], changed[..20]);
                    }
                }
            }
        }
    }
}

#[test]
fn with_a_right_checksum_the_icv_still_refuses_every_changed_octet_behind_the_transport_header() {
    for version in VERSIONS {
        for form in Form::ALL {
            let original = packet(Ends::of(version), Protocol::TCP, tcp::Flags::ACK, b"data");
            let mut buf = buffer(&original);
            sender(form, 0x1000, NULL).seal(NOW, &mut buf).unwrap();
            let (transport, at) = places(version, Protocol::TCP);
            for octet in at..buf.len() {
                let mut changed = buf.octets().to_vec();
                forge(&mut changed, octet, 1, transport, Protocol::TCP);
                let refused = receiver(form, 0x1000, NULL).open(NOW, &mut buffer(&changed));
                match octet - at {
                    0..12 => assert!(refused.is_err()),
                    _ => assert_eq!(refused, Err(ipsec_wire::Error::Authentication.into()), "{octet}"),
                }
            }
        }
    }
}

#[test]
fn a_forged_outer_header_beside_its_duplicate_is_refused_at_the_octet_that_differs() {
    for form in [Form::TransportSec, Form::DuplicateEncapsulating, Form::DuplicateAppended] {
        let original = packet(Ends::of(4), Protocol::TCP, tcp::Flags::ACK, b"data");
        let mut buf = buffer(&original);
        sender(form, 0x1000, GCM).seal(NOW, &mut buf).unwrap();
        // Sequence number, acknowledgment number, flags, window, urgent pointer.
        for octet in [24, 27, 28, 31, 33, 34, 35, 38, 39] {
            let mut changed = buf.octets().to_vec();
            forge(&mut changed, octet, 4, 20, Protocol::TCP);
            let mut changed_buf = buffer(&changed);
            let (found, needed) = (u32::from(changed[octet]), u32::from(original[octet]));
            let error = Error::Mismatch { field: Field::OuterHeader, offset: octet as u32, found, needed };
            assert_eq!(receiver(form, 0x1000, GCM).open(NOW, &mut changed_buf), Err(error));
            assert_eq!(changed_buf.octets()[..20], changed[..20]);
        }
    }
}

#[test]
fn the_form_of_what_was_hidden_shows_where_its_duplicate_does() {
    for version in VERSIONS {
        let ip = if version == 4 { Protocol::IPV4 } else { Protocol::IPV6 };
        for protocol in TRANSPORTS {
            let original = packet(Ends::of(version), protocol, tcp::Flags::ACK, b"01234567890123456789012345678901234567890123");
            let (transport, at) = places(version, protocol);
            let header = &original[transport..];
            for form in Form::ALL {
                let (inside, next) = hidden(form, version, protocol, &original);
                assert_eq!(Form::of_hidden(protocol, header, Protocol(next), &inside), Some(form), "{version} {protocol:?}");
            }
            let of = |next, inside: &[u8]| Form::of_hidden(protocol, header, next, inside);
            // Headers that are cut, that disagree, that are behind no length of theirs.
            assert_eq!(of(protocol, &header[..at - transport - 1]), Some(Form::Plain));
            let mut other = header.to_vec();
            other[5] ^= 1;
            assert_eq!(of(protocol, &other), Some(Form::Plain));
            let appended = hidden(Form::DuplicateAppended, version, protocol, &original).0;
            let at_end = |change: u8| {
                let mut octets = appended.clone();
                *octets.last_mut().unwrap() = change;
                octets
            };
            assert_eq!(of(ip, &at_end(255)), None);
            assert_eq!(of(ip, &at_end(at as u8 + 1)), None);
            assert_eq!(of(ip, &appended[..3]), None);
            assert_eq!(of(Protocol::ICMP, &original), None);
            assert_eq!(of(ip, &[&original[..], &[0xff; 3]].concat()), None);
            if protocol == Protocol::TCP {
                let mut short = header.to_vec();
                short[12] = 0x40;
                assert_eq!(of(protocol, &short), Some(Form::Plain));
                assert_eq!(Form::of_hidden(protocol, &short, protocol, &short), None);
            }
            assert_eq!(of(if version == 4 { Protocol::IPV6 } else { Protocol::IPV4 }, &original), None);
            assert_eq!(Form::of_hidden(protocol, &header[..7], protocol, header), None);
        }
    }
    assert_eq!(Form::of_hidden(Protocol::ICMP, &[0; 40], Protocol::ICMP, &[0; 40]), None);
}

#[test]
fn the_first_packet_of_ssl_carries_its_duplicate_in_clear() {
    for version in VERSIONS {
        for protocol in TRANSPORTS {
            for form in Form::ALL {
                let original = packet(Ends::of(version), protocol, tcp::Flags::SYN, b"hello");
                let (_, at) = places(version, protocol);
                let mut buf = buffer(&original);
                form.wrap(&mut buf).unwrap();
                assert_true(buf.octets());
                assert_eq!(buf.octets()[at..], hidden(form, version, protocol, &original).0);
                let ip = at - places(version, protocol).0;
                assert_eq!(buf.len(), original.len() + form.duplicate_len(at - ip, ip));
                let near = Endpoint::new(address(version, 77), 40_000);
                travel(buf.octets_mut(), Some(near), None);
                let observed = form.unwrap(&mut buf).unwrap();
                assert_eq!((observed.outer.source(), observed.outer.source_port()), (near.address, near.port));
                assert_eq!(observed.is_translated(), form.is_duplicate());
                assert_true(buf.octets());
                if matches!(form, Form::DuplicateAppended | Form::DuplicateEncapsulating) {
                    assert_eq!(buf.octets(), original);
                }
            }
        }
    }
}

#[test]
fn duplicates_that_cannot_be_are_refused_and_the_packet_stays_as_it_was() {
    let original = packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, b"0123456789");
    let refuse = |form: Form, data: &[u8]| {
        let octets = packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, data);
        let mut buf = buffer(&octets);
        let error = form.unwrap(&mut buf).unwrap_err();
        assert_eq!(buf.octets(), octets);
        error
    };
    let truncated = |found, needed| Error::Truncated { field: Field::Duplicate, offset: 0, found, needed };
    assert_eq!(refuse(Form::TransportSec, &[1, 2]), truncated(2, 4));
    assert_eq!(refuse(Form::TransportSec, &[1, 2, 3, 4, 0]), truncated(5, 8));
    let length = |offset, found, needed| Error::Mismatch { field: Field::DuplicateLength, offset, found, needed };
    assert_eq!(refuse(Form::TransportSec, &[1, 2, 3, 4, 0, 9, 0, 0]), length(4, 9, 8));
    assert_eq!(refuse(Form::DuplicateAppended, &[1, 2, 3]), truncated(3, 4));
    assert_eq!(refuse(Form::DuplicateAppended, &[1, 2, 3, 0, 0, 0, 4]), length(3, 4, 3));
    // A length that is not that of the headers.
    let mut appended = original[28..].to_vec();
    appended.extend_from_slice(&original[..28]);
    appended.extend_from_slice(&[0, 0, 0, 27]);
    assert!(matches!(refuse(Form::DuplicateAppended, &appended), Error::Ipsec(_)));
    appended[41] = 28;
    let mut buf = buffer(&packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, &appended));
    Form::DuplicateAppended.unwrap(&mut buf).unwrap();
    assert_eq!(buf.octets(), original);
    // A packet inside that is longer or of another protocol.
    let mut longer = original.clone();
    longer.push(0);
    assert_eq!(refuse(Form::DuplicateEncapsulating, &longer), length(0, 38, 39));
    let tcp = packet(Ends::of(4), Protocol::TCP, tcp::Flags::NONE, b"");
    let other = |found, needed| Error::Mismatch { field: Field::Duplicate, offset: 0, found, needed };
    assert_eq!(refuse(Form::DuplicateEncapsulating, &tcp), other(6, 17));
    let six = packet(Ends::of(6), Protocol::UDP, tcp::Flags::NONE, b"");
    assert_eq!(refuse(Form::DuplicateEncapsulating, &six), other(6, 4));
    // The first of the data counted as headers: in its place, a packet.
    let mut moved = original[33..].to_vec();
    moved.extend_from_slice(&original[..33]);
    moved.extend_from_slice(&[0, 0, 0, 33]);
    assert_eq!(refuse(Form::DuplicateAppended, &moved), length(5, 33, 28));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn noise_is_refused_without_panic(octets in prop::collection::vec(any::<u8>(), 0..200), form in 0usize..4) {
        let mut buf = buffer(&octets);
        prop_assert!(receiver(Form::ALL[form], 0x1000, GCM).open(NOW, &mut buf).is_err());
        prop_assert!(buf.octets().len() <= octets.len());
    }

    #[test]
    fn what_is_sealed_opens_to_what_it_was(len in 0usize..1400, form in 0usize..4, suite in 0usize..3, six: bool, udp: bool, seed: u64) {
        let mut data = vec![0; len];
        TestRng(seed).try_fill_bytes(&mut data).unwrap();
        let (version, protocol) = (if six { 6 } else { 4 }, if udp { Protocol::UDP } else { Protocol::TCP });
        let original = packet(Ends::of(version), protocol, tcp::Flags::ACK, &data);
        let mut buf = buffer(&original);
        sender(Form::ALL[form], 0x1000, SUITES[suite]).seal(NOW, &mut buf).unwrap();
        assert_true(buf.octets());
        receiver(Form::ALL[form], 0x1000, SUITES[suite]).open(NOW, &mut buf).unwrap();
        prop_assert_eq!((buf.octets(), buf.headroom()), (&original[..], 300));
    }
}
