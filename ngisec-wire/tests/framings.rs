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
use ip_wire::nat::{Endpoint, Rewrite};
use ip_wire::{DsField, Protocol, ipv4, ipv6, tcp};
use ipsec_wire::rand_core::TryRng;
use ngisec_wire::{Error, Field, Form, Sender, overhead};
use proptest::prelude::*;

const VERSIONS: [u8; 2] = [4, 6];
const TRANSPORTS: [Protocol; 2] = [Protocol::TCP, Protocol::UDP];

/// Where the transport header and what is behind it start.
fn places(version: u8, protocol: Protocol) -> (usize, usize) {
    let ip = if version == 4 { 20 } else { 40 };
    (ip, ip + if protocol == Protocol::TCP { 20 } else { 8 })
}

/// What a form hides, and the next header in ESP, put together by hand from a packet.
fn hidden(form: Form, version: u8, protocol: Protocol, packet: &[u8]) -> (Vec<u8>, u8) {
    let (transport, data) = places(version, protocol);
    let ip = if version == 4 { 4 } else { 41 };
    match form {
        Form::Plain => (packet[data..].to_vec(), protocol.0),
        Form::TransportSec => (packet[transport..].to_vec(), protocol.0),
        Form::DuplicateEncapsulating => (packet.to_vec(), ip),
        Form::DuplicateAppended => {
            let mut octets = packet[data..].to_vec();
            octets.extend_from_slice(&packet[..data]);
            octets.extend_from_slice(&(data as u32).to_be_bytes());
            (octets, ip)
        }
    }
}

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

/// A path that marks, forwards and translates.
fn travel(octets: &mut [u8], source: Option<Endpoint>, destination: Option<Endpoint>) {
    if octets[0] >> 4 == 4 {
        let mut view = ipv4::ViewMut::parse(octets).unwrap();
        view.set_ds(DsField(0xbb));
        view.decrement_ttl().unwrap();
    } else {
        let mut view = ipv6::ViewMut::parse(octets).unwrap();
        view.set_ds(DsField(0xbb));
        view.decrement_hop_limit().unwrap();
        view.set_flow_label(ipv6::FlowLabel::new(0xabcde).unwrap());
    }
    Rewrite { source, destination }.apply(octets).unwrap();
    assert_true(octets);
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

/// A change under a checksum that is mended, as an attacker would have it.
fn forge(octets: &mut [u8], at: usize, bits: u8, transport: usize, protocol: Protocol) {
    octets[at] ^= bits;
    let check = transport + if protocol == Protocol::TCP { 16 } else { 6 };
    octets[check..check + 2].fill(0);
    let parsed = ip_wire::ip::Packet::parse(octets).unwrap();
    let sum = parsed.pseudo_header(protocol, octets.len() - transport).octets(&octets[transport..]).checksum();
    octets[check..check + 2].copy_from_slice(&sum.to_be_bytes());
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
fn a_replay_is_refused_whatever_ports_it_comes_with() {
    let mut buf = buffer(&packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, b"data"));
    sender(Form::Plain, 0x1000, GCM).seal(NOW, &mut buf).unwrap();
    let mut again = buffer(buf.octets());
    travel(again.octets_mut(), Some(Endpoint::new(address(4, 9), 999)), None);
    let mut receiver = receiver(Form::Plain, 0x1000, GCM);
    receiver.open(NOW, &mut buf).unwrap();
    let before = again.octets().to_vec();
    assert_eq!(receiver.open(NOW, &mut again), Err(ipsec_wire::Error::Replayed { sequence: 1 }.into()));
    assert_eq!(again.octets(), before);
    assert_eq!((receiver.ah().counters().accepted, receiver.ah().counters().replayed), (1, 1));
}

#[test]
fn what_cannot_be_sealed_is_left_as_it_was() {
    let good = packet(Ends::of(4), Protocol::TCP, tcp::Flags::ACK, b"data");
    let mut icmp = good.clone();
    icmp[9] = 1;
    ipv4::ViewMut::parse(&mut icmp).unwrap().fill_checksum();
    let mut part = good.clone();
    part[6] = 0x20;
    ipv4::ViewMut::parse(&mut part).unwrap().fill_checksum();
    let mut wrong = good.clone();
    wrong[43] ^= 1;
    let mut sender = sender(Form::TransportSec, 0x1000, GCM);
    for (octets, error) in [(&icmp, Some(Error::Transport(1))), (&part, Some(Error::NotReassembled)), (&wrong, None)] {
        let mut buf = buffer(octets);
        let found = sender.seal(NOW, &mut buf).unwrap_err();
        assert!(error.is_none_or(|error| error == found));
        assert_eq!((buf.octets(), buf.headroom()), (&octets[..], 300));
    }
    // IP 20, TCP 20, AH 24, ESP 8, IV 8 before the 24 octets of T' and data; padding 2, trailer 2, ICV 16 behind them.
    for (head, tail, field, needed) in [(59, 20, Field::Headroom, 60), (60, 19, Field::Tailroom, 20)] {
        let mut storage = vec![0; head];
        storage.extend_from_slice(&good);
        storage.resize(head + good.len() + tail, 0);
        let mut buf = ngisec_wire::PacketBuf::new(storage, head, good.len()).unwrap();
        let error = Error::BufferTooSmall { field, found: needed - 1, needed };
        assert_eq!(sender.seal(NOW, &mut buf), Err(error));
        assert_eq!((buf.octets(), buf.headroom(), error.field()), (&good[..], head, Some(field)));
        assert_eq!(error.to_string(), format!("{field}: {needed} octets needed, {} given", needed - 1));
    }
    // Without AH and ESP: T' before the data takes 20 octets of headroom, all headers and their length behind it 44 of tailroom.
    for (form, head, tail, field, needed) in
        [(Form::TransportSec, 19, 0, Field::Headroom, 20), (Form::DuplicateAppended, 0, 43, Field::Tailroom, 44)]
    {
        let mut storage = vec![0; head];
        storage.extend_from_slice(&good);
        storage.resize(head + good.len() + tail, 0);
        let mut buf = ngisec_wire::PacketBuf::new(storage, head, good.len()).unwrap();
        assert_eq!(form.wrap(&mut buf), Err(Error::BufferTooSmall { field, found: needed - 1, needed }));
        assert_eq!(buf.octets(), good);
    }
    // No number was used up.
    let mut buf = buffer(&good);
    assert_eq!(sender.seal(NOW, &mut buf).unwrap().sequence, 1);
}

#[test]
fn a_udp_checksum_that_was_left_out_stays_so_inside_and_is_made_outside() {
    let mut original = packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, b"data");
    original[26..28].fill(0);
    for form in Form::ALL {
        let mut buf = buffer(&original);
        sender(form, 0x1000, GCM).seal(NOW, &mut buf).unwrap();
        assert_ne!(buf.octets()[26..28], [0, 0]);
        assert_true(buf.octets());
        let near = Endpoint::new(address(4, 9), 40_000);
        travel(buf.octets_mut(), Some(near), None);
        receiver(form, 0x1000, GCM).open(NOW, &mut buf).unwrap();
        // What had none has one where nothing else is left of the header: in the plain form.
        assert_eq!(buf.octets()[26..28] == [0, 0], form != Form::Plain, "{form:?}");
        assert_eq!(buf.octets()[28..], original[28..]);
    }
    // IPv6 has no packets without one (RFC 8200 8.1).
    let mut original = packet(Ends::of(6), Protocol::UDP, tcp::Flags::NONE, b"data");
    original[46..48].fill(0);
    let mut buf = buffer(&original);
    assert!(sender(Form::Plain, 0x1000, GCM).seal(NOW, &mut buf).is_err());
    assert_eq!(buf.octets(), original);
}

#[test]
fn a_packet_too_long_for_ip_after_framing_is_refused() {
    let original = packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, &vec![0; 65_000]);
    let mut sender = sender(Form::DuplicateEncapsulating, 0x1000, NULL);
    assert_eq!(sender.overhead(4, 20, 8, 65_000), 28 + 24 + 8 + 2 + 12 + 2);
    let mut buf = buffer(&original);
    sender.seal(NOW, &mut buf).unwrap();
    let original = packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, &vec![0; 65_480]);
    let mut buf = buffer(&original);
    let error = Error::TooLong { found: 65_584, needed: 65_535 };
    assert_eq!(sender.seal(NOW, &mut buf), Err(error));
}

/// A buffer with all the room that there can be need of.
fn roomy(octets: &[u8]) -> ngisec_wire::PacketBuf<Vec<u8>> {
    let mut storage = vec![0; 1000];
    storage.extend_from_slice(octets);
    storage.resize(storage.len() + 1000, 0);
    ngisec_wire::PacketBuf::new(storage, 1000, octets.len()).unwrap()
}

#[test]
fn a_packet_may_be_as_long_after_framing_as_ip_can_say_and_no_octet_longer() {
    for (version, most) in [(4, 65_535), (6, 65_575)] {
        // IP, UDP, UDP again.
        let data = most - places(version, Protocol::UDP).1 - 8;
        let mut buf = roomy(&packet(Ends::of(version), Protocol::UDP, tcp::Flags::NONE, &vec![1; data]));
        Form::TransportSec.wrap(&mut buf).unwrap();
        assert_eq!(buf.len(), most);
        assert_true(buf.octets());
        let original = packet(Ends::of(version), Protocol::UDP, tcp::Flags::NONE, &vec![1; data + 1]);
        let mut buf = roomy(&original);
        let error = Error::TooLong { found: most as u32 + 1, needed: most as u32 };
        assert_eq!((Form::TransportSec.wrap(&mut buf), buf.octets()), (Err(error), &original[..]));
    }
}

#[test]
fn headers_of_any_length_are_appended_and_found_again() {
    // IPv6, 264 octets of destination options, TCP with 40 octets of options.
    let plain = packet(Ends::of(6), Protocol::TCP, tcp::Flags::ACK, &[&[1; 40][..], b"data"].concat());
    let mut original = plain[..40].to_vec();
    original[4..6].copy_from_slice(&(264 + 64u16).to_be_bytes());
    original[6] = 60;
    original.extend([6, 32, 1, 254]);
    original.extend([0; 254]);
    original.extend([1, 4, 0, 0, 0, 0]);
    original.extend(&plain[40..]);
    original[40 + 264 + 12] = 0xf0;
    forge(&mut original, 40 + 264 + 12, 0, 40 + 264, Protocol::TCP);
    for form in Form::ALL {
        let mut buf = roomy(&original);
        sender(form, 0x1000, GCM).seal(NOW, &mut buf).unwrap();
        receiver(form, 0x1000, GCM).open(NOW, &mut buf).unwrap();
        assert_eq!(buf.octets(), original, "{form:?}");
    }
    let mut buf = roomy(&original);
    Form::DuplicateAppended.wrap(&mut buf).unwrap();
    assert_eq!(buf.octets()[buf.len() - 4..], (40 + 264 + 60u32).to_be_bytes());
}

#[test]
fn a_udp_checksum_that_comes_to_0_is_sent_as_ffff() {
    let mut seen = 0;
    for port in 0..=u16::MAX {
        let mut buf = buffer(&packet(Ends { sport: port, ..Ends::of(4) }, Protocol::UDP, tcp::Flags::NONE, b"data"));
        Form::TransportSec.wrap(&mut buf).unwrap();
        assert_ne!(buf.octets()[26..28], [0, 0]);
        seen += u32::from(buf.octets()[26..28] == [0xff, 0xff]);
    }
    assert!(seen > 0);
}

#[test]
fn a_packet_of_another_form_is_not_authentic_where_its_next_header_says_so() {
    for version in VERSIONS {
        for (sealed, opened) in Form::ALL.into_iter().flat_map(|sealed| Form::ALL.map(|opened| (sealed, opened))) {
            let original = packet(Ends::of(version), Protocol::UDP, tcp::Flags::NONE, b"some data");
            let mut buf = buffer(&original);
            sender(sealed, 0x1000, GCM).seal(NOW, &mut buf).unwrap();
            let found = receiver(opened, 0x1000, GCM).open(NOW, &mut buf);
            let has_ip = |form| matches!(form, Form::DuplicateEncapsulating | Form::DuplicateAppended);
            match (sealed, opened) {
                _ if sealed == opened => assert_eq!(buf.octets(), original),
                // Nothing tells a header from data.
                (Form::TransportSec, Form::Plain) => assert_eq!(buf.len(), original.len() + 8),
                _ if has_ip(sealed) != has_ip(opened) => assert_eq!(found, Err(ipsec_wire::Error::Authentication.into())),
                _ => assert!(found.is_err(), "{sealed:?} {opened:?}"),
            }
        }
    }
}

#[test]
fn an_association_that_can_send_no_more_leaves_packet_and_the_other_association_as_they_were() {
    let last = u64::from(u32::MAX);
    let original = packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, b"data");
    for (ah_last, esp_last) in [(last, 5), (5, last)] {
        let mut rng = TestRng(1);
        let ah = builder(0x1000, AH).last_sent(ah_last).outbound(&mut rng).unwrap();
        let esp = builder(0x1001, GCM).last_sent(esp_last).outbound(&mut rng).unwrap();
        let mut sender: Sender = Sender::new(Form::TransportSec, ah, esp).unwrap();
        let mut buf = buffer(&original);
        assert_eq!(sender.seal(NOW, &mut buf), Err(ipsec_wire::Error::SequenceExhausted.into()));
        assert_eq!((buf.octets(), buf.headroom()), (&original[..], 300));
        let sent = (sender.ah_mut().last_sent(), sender.esp_mut().last_sent());
        assert_eq!(sent, (ah_last, esp_last));
    }
}

#[test]
fn the_overhead_counts_the_padding_of_ah_in_ipv6() {
    // ICV of 16: 28 octets are a multiple of 4, and 32 the next of 8.
    let ah = ipsec_wire::Suite::Ah(ipsec_wire::Integrity::HMAC_SHA256_128);
    for (version, octets) in [(4, 28), (6, 32)] {
        let mut rng = TestRng(1);
        let (first, second) =
            (builder(0x1000, ah).outbound(&mut rng).unwrap(), builder(0x1001, NULL).outbound(&mut rng).unwrap());
        let mut sender: Sender = Sender::new(Form::Plain, first, second).unwrap();
        // ESP 8, no padding behind 2 octets, 2, ICV 12.
        assert_eq!(overhead(Form::Plain, &ah, &NULL, version, (0, 8), 2), octets + 22);
        let original = packet(Ends::of(version), Protocol::UDP, tcp::Flags::NONE, b"da");
        let mut buf = buffer(&original);
        sender.seal(NOW, &mut buf).unwrap();
        assert_eq!((buf.len() - original.len(), sender.overhead(version, 0, 8, 2)), (octets + 22, octets + 22));
    }
}

#[test]
fn soft_lifetimes_of_either_association_are_told_once_at_both_ends() {
    use ipsec_wire::lifetime::{Limit, Limits};
    let soft = Limits { packets: Some(1), ..Limits::default() };
    for (ah_ends, esp_ends) in [(true, false), (false, true), (false, false)] {
        let make = |spi, suite, ends| {
            if ends { builder(spi, suite).lifetimes(NOW, soft, Limits::default()) } else { builder(spi, suite) }
        };
        let mut rng = TestRng(1);
        let (ah, esp) = (|| make(0x1000, AH, ah_ends), || make(0x1001, GCM, esp_ends));
        let mut sender: Sender =
            Sender::new(Form::Plain, ah().outbound(&mut rng).unwrap(), esp().outbound(&mut rng).unwrap()).unwrap();
        let mut receiver: ngisec_wire::Receiver =
            ngisec_wire::Receiver::new(Form::Plain, ah().inbound().unwrap(), esp().inbound().unwrap()).unwrap();
        let expected = (ah_ends || esp_ends).then_some(Limit::Packets);
        for told in [expected, None] {
            let mut buf = buffer(&packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, b"data"));
            assert_eq!(sender.seal(NOW, &mut buf).unwrap().soft_limit, told);
            assert_eq!(receiver.open(NOW, &mut buf).unwrap().soft_limit, told);
        }
    }
}

#[test]
fn only_ah_and_esp_in_this_order_make_a_channel() {
    let mut rng = TestRng(1);
    let mut make = |suite| builder(0x1000, suite).outbound(&mut rng).unwrap();
    let (a, b) = (make(GCM), make(GCM));
    assert_eq!(Sender::new(Form::Plain, a, b).unwrap_err(), Error::Unsuitable(Field::AuthenticationHeader));
    let (a, b) = (make(AH), make(AH));
    assert_eq!(Sender::new(Form::Plain, a, b).unwrap_err(), Error::Unsuitable(Field::Payload));
}

#[test]
fn the_spi_of_another_channel_is_named() {
    let mut buf = buffer(&packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, b"data"));
    sender(Form::Plain, 0x2000, GCM).seal(NOW, &mut buf).unwrap();
    let mut receiver = receiver(Form::Plain, 0x1000, GCM);
    assert!(!receiver.takes(buf.octets()));
    let error = Error::Mismatch { field: Field::Association, offset: 28, found: 0x2000, needed: 0x1000 };
    assert_eq!(receiver.open(NOW, &mut buf), Err(error));
    assert_eq!(ngisec_wire::channel::spi_of(buf.octets()), Some(0x2000));
}

#[test]
fn an_ah_that_is_cut_or_missing_is_none() {
    for version in VERSIONS {
        let octets = packet(Ends::of(version), Protocol::TCP, tcp::Flags::ACK, &hex!("32 01 0000 00001000 00000001"));
        let (transport, _) = places(version, Protocol::TCP);
        assert_eq!(ngisec_wire::channel::spi_of(&octets), Some(0x1000));
        // A header that takes all of the segment, and one that would take more.
        for words in [0x80, 0x90, 0xf0, 0x40] {
            let mut octets = octets.clone();
            octets[transport + 12] = words;
            assert_eq!(ngisec_wire::channel::spi_of(&octets), None);
        }
        // Behind TCP options there is another.
        let data = [&hex!("01010101")[..], &hex!("32 01 0000 00002000 00000001")].concat();
        let mut octets = packet(Ends::of(version), Protocol::TCP, tcp::Flags::ACK, &data);
        octets[transport + 12] = 0x60;
        assert_eq!(ngisec_wire::channel::spi_of(&octets), Some(0x2000));
    }
}

#[test]
fn the_outer_checksum_is_looked_at_before_any_mac_is_computed() {
    for version in VERSIONS {
        for protocol in TRANSPORTS {
            let mut buf = buffer(&packet(Ends::of(version), protocol, tcp::Flags::ACK, b"data"));
            sender(Form::TransportSec, 0x1000, NULL).seal(NOW, &mut buf).unwrap();
            let (transport, at) = places(version, protocol);
            // An octet of AH's ICV: both the checksum and the ICV are wrong.
            buf.octets_mut()[at + 13] ^= 1;
            let before = buf.octets().to_vec();
            let mut receiver = receiver(Form::TransportSec, 0x1000, NULL);
            let error = receiver.open(NOW, &mut buf).unwrap_err();
            let place = transport as u32 + if protocol == Protocol::TCP { 16 } else { 6 };
            let Error::Ipsec(ipsec_wire::Error::Ip(ip_wire::Error::Checksum { offset, .. })) = error else { panic!("{error}") };
            assert_eq!((offset, buf.octets()), (place, &before[..]));
            assert_eq!(receiver.ah().counters().unauthentic, 0);
            // The ICV is wrong alone.
            forge(buf.octets_mut(), at + 13, 0, transport, protocol);
            assert_eq!(receiver.open(NOW, &mut buf), Err(ipsec_wire::Error::Authentication.into()));
            assert_eq!(receiver.ah().counters().unauthentic, 1);
        }
    }
}

#[test]
fn an_authentic_ah_without_esp_behind_it_is_refused_at_its_next_header() {
    let original = packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, b"data");
    let mut ah: ipsec_wire::Outbound = builder(0x1000, AH).outbound(&mut TestRng(1)).unwrap();
    let mut inside = buffer(&original[28..]);
    ah.seal_payload(NOW, &mut inside, Protocol::UDP, 4).unwrap();
    let mut buf = buffer(&packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, inside.octets()));
    let before = buf.octets().to_vec();
    assert_eq!(ngisec_wire::channel::spi_of(buf.octets()), None);
    let error = Error::Mismatch { field: Field::NextHeader, offset: 28, found: 17, needed: 50 };
    assert_eq!(receiver(Form::Plain, 0x1000, GCM).open(NOW, &mut buf), Err(error));
    assert_eq!(buf.octets(), before);
}

#[test]
fn octets_behind_the_ip_packet_stay_with_a_packet_that_is_refused_and_go_with_one_that_is_opened() {
    let original = packet(Ends::of(4), Protocol::UDP, tcp::Flags::NONE, b"data");
    let mut buf = buffer(&original);
    sender(Form::Plain, 0x1000, GCM).seal(NOW, &mut buf).unwrap();
    let padded = [buf.octets(), &[0; 6]].concat();
    let mut other = buffer(&padded);
    let mut receiver = receiver(Form::Plain, 0x1000, GCM);
    receiver.open(NOW, &mut other).unwrap();
    assert_eq!(other.octets(), original);
    let mut again = buffer(&padded);
    assert!(receiver.open(NOW, &mut again).is_err());
    assert_eq!(again.octets(), padded);
    let padded = [&original[..], &[0; 6]].concat();
    let mut other = buffer(&padded);
    assert!(Form::DuplicateAppended.unwrap(&mut other).is_err());
    assert_eq!(other.octets(), padded);
    sender(Form::Plain, 0x1000, GCM).seal(NOW, &mut other).unwrap();
    assert_eq!(other.octets(), &again.octets()[..again.len() - 6]);
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

    /// Where AH is in packets of every shape, whole or not: read in one pass or by all layers.
    #[test]
    fn an_spi_is_found_behind_any_headers(six: bool, udp: bool, len in 24usize..60, at in 0usize..100, octet: u8, cut in 0usize..200) {
        let mut data = vec![0; len];
        data[..12].copy_from_slice(&hex!("32 04 0000 00001000 00000001"));
        let (version, protocol) = (if six { 6 } else { 4 }, if udp { Protocol::UDP } else { Protocol::TCP });
        let mut octets = packet(Ends::of(version), protocol, tcp::Flags::ACK, &data);
        let whole = octets.len();
        prop_assert_eq!(ngisec_wire::channel::spi_of(&octets), Some(0x1000));
        octets[at % whole] = octet;
        octets.truncate(cut.max(1));
        let parsed = ip_wire::ip::Packet::parse(&octets).ok();
        let upper = parsed.as_ref().and_then(|packet| packet.upper_layer().ok()).filter(|upper| !upper.is_fragment);
        let behind = upper.and_then(|upper| match upper.protocol {
            Protocol::TCP => tcp::View::parse(upper.octets).ok().map(|view| view.payload()),
            Protocol::UDP => {
                let view = ip_wire::udp::View::parse(upper.octets).ok()?;
                (view.datagram_len() == upper.octets.len()).then(|| view.payload())
            }
            _ => None,
        });
        let view = behind.and_then(|behind| ipsec_wire::ah::View::parse(behind).ok());
        let view = view.filter(|view| view.next_header() == Protocol::ESP && view.reserved() == 0);
        prop_assert_eq!(ngisec_wire::channel::spi_of(&octets), view.map(|view| view.spi()));
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
