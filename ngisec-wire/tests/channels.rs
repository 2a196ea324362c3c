//! Channels: what they refuse and leave alone, their limits, and where their packets are told by.

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
use ip_wire::{Protocol, ipv4, tcp};
use ngisec_wire::{Error, Field, Form, Sender, overhead};
use proptest::prelude::*;

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
        // As much room as it says is enough.
        let (head, tail) = (sender.headroom(0), sender.tailroom(0));
        let storage = [&vec![0; head][..], &original, &vec![0; tail]].concat();
        let mut buf = ngisec_wire::PacketBuf::new(storage, head, original.len()).unwrap();
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

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
}
