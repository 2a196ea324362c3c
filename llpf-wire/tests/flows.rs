//! Flow-Based Security: headers and keys against values computed elsewhere, flows, caches, freshness.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod common;

use std::time::Duration;

use common::{INNER_4, INNER_6, Rng, buffer, inner, packet};
use hex_literal::hex;
use ip_wire::ip::Packet;
use ip_wire::{PacketBuf, ipv4};
use llpf_wire::fbs::{
    Association, ByFiveTuple, FlowTable, Header, LEN, Lifetimes, Mapper, MasterKey, Receiver, ReceiverConfig, Sender,
    SenderConfig, Sfl, View,
};
use llpf_wire::{Algorithm, Error, Field};
use proptest::prelude::*;

/// Version, encrypted or not, algorithm; MAC, and the payload where it is encrypted: by Python's `hashlib`, `hmac` and `cryptography` for the sfl 0x0102030405060708 (with the E
/// bit), confounder 0xa1a2a3a4, minute 90, the master key below, and the inner packets of these tests.
type Vector = (u8, bool, Algorithm, [u8; 16], Option<[u8; 16]>);
const VECTORS: [Vector; 16] = [
    (4, false, Algorithm::HmacMd5, hex!("99ab270ebabc4344bd247656f7e7ffab"), None),
    (4, false, Algorithm::HmacSha1, hex!("5d6e8e11eb2186b7d6a23067bebe1356"), None),
    (4, false, Algorithm::HmacSha256, hex!("f033a320f0722486c2e110dfa1bcdab1"), None),
    (4, false, Algorithm::AesCmac, hex!("055b574710846d8edf523592cf274e96"), None),
    (4, true, Algorithm::HmacMd5, hex!("c4324e27ca14a93773fd84d4fb82bb4c"), Some(hex!("222adcdfad324a3de13fa644e6307ecc"))),
    (4, true, Algorithm::HmacSha1, hex!("1c7ef4deede97984bdea327d38b7f4df"), Some(hex!("7458a61e61e3806c002c5eea8f08747d"))),
    (4, true, Algorithm::HmacSha256, hex!("08846cc56ade1004a59390dc3a9b3658"), Some(hex!("ca687472c89dca807242027a57bba546"))),
    (4, true, Algorithm::AesCmac, hex!("908306bb6441aabb3658e9da60d828a7"), Some(hex!("57c70f59e7b8a43b4c0f60a84f63c03a"))),
    (6, false, Algorithm::HmacMd5, hex!("3638efd89308398ca0da72d26b93f625"), None),
    (6, false, Algorithm::HmacSha1, hex!("60447a261b858954672f444d94a351a5"), None),
    (6, false, Algorithm::HmacSha256, hex!("b35214c621bf401dfda01a9ef7caea62"), None),
    (6, false, Algorithm::AesCmac, hex!("4082f537aef573d1d0dfc11ca36d2410"), None),
    (6, true, Algorithm::HmacMd5, hex!("f555b74574bd1664fd8066d040dd23b7"), Some(hex!("b08203e6698c4adda61fd0168a292da6"))),
    (6, true, Algorithm::HmacSha1, hex!("0d29cead5d49760c6c20c554ab67dfc0"), Some(hex!("15b52053201e4cc2eb5ebb3ed6a24af1"))),
    (6, true, Algorithm::HmacSha256, hex!("d06b02ec73d4663138896747a82a28e8"), Some(hex!("2468b958eebb3f34ca886ab1d77cfa7e"))),
    (6, true, Algorithm::AesCmac, hex!("04480b652c50554e0cdb93b57c412d6d"), Some(hex!("16b7f6085faa9e139fcc1584f08ec378"))),
];

const SFL: u64 = 0x0102_0304_0506_0708;
const NOW: Duration = Duration::from_secs(90 * 60 + 59);

/// A generator that gives what it was told, over and over.
struct Scripted(Vec<u8>, usize);

impl llpf_wire::rand_core::TryRng for Scripted {
    type Error = core::convert::Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unreachable!()
    }
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unreachable!()
    }
    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        for octet in octets {
            *octet = self.0[self.1 % self.0.len()];
            self.1 += 1;
        }
        Ok(())
    }
}
impl llpf_wire::rand_core::TryCryptoRng for Scripted {}

fn master() -> MasterKey {
    MasterKey::new(b"the pair-based master key").unwrap()
}

fn sender(algorithm: Algorithm, confidential: bool, rng: &mut impl llpf_wire::rand_core::CryptoRng) -> Sender<ByFiveTuple> {
    Sender::new(SenderConfig { algorithm, ..SenderConfig::default() }, ByFiveTuple { confidential }, rng)
}

fn receiver(algorithm: Algorithm) -> Receiver {
    Receiver::new(ReceiverConfig { algorithm, ..ReceiverConfig::default() })
}

/// The protected datagram of a vector, put together by hand.
fn by_hand(&(version, encrypted, _, mac, body): &Vector) -> Vec<u8> {
    let inner = inner(version);
    let start = if version == 4 { 20 } else { 40 };
    let sfl = if encrypted { SFL | 1 << 63 } else { SFL };
    let body = body.map_or(inner[start..].to_vec(), |body| body.to_vec());
    let mut octets = inner[..start].to_vec();
    octets.extend(sfl.to_be_bytes());
    octets.extend(hex!("a1a2a3a4"));
    octets.extend(mac);
    octets.extend(hex!("0000005a"));
    octets.extend(&body);
    if version == 4 {
        octets[3] = (20 + 32 + body.len()) as u8;
        octets[10..12].fill(0);
        let checksum = ip_wire::checksum::of(&octets[..20]).to_be_bytes();
        octets[10..12].copy_from_slice(&checksum);
    } else {
        octets[5] = (32 + body.len()) as u8;
    }
    octets
}

#[test]
fn a_protected_datagram_is_the_one_computed_elsewhere() {
    for vector in &VECTORS {
        let (version, confidential, algorithm, ..) = *vector;
        let mut rng = Scripted([&SFL.to_be_bytes()[..], &hex!("a1a2a3a4")].concat(), 0);
        let mut sender = sender(algorithm, confidential, &mut rng);
        // Padding of the link behind it is no part of it.
        let mut packet = buffer(&[inner(version), &[0x2f; 9]].concat());
        let done = sender.protect(NOW, &mut rng, &master(), &mut packet).unwrap();
        assert_eq!(packet.octets(), by_hand(vector), "{vector:?}");
        assert_eq!((done.sfl.is_encrypted(), done.is_new_flow), (confidential, true));
    }
}

#[test]
fn a_datagram_put_together_by_hand_is_opened() {
    for vector in &VECTORS {
        let (version, confidential, algorithm, ..) = *vector;
        let mut packet = buffer(&[&by_hand(vector)[..], &[0x2f; 9]].concat());
        let done = receiver(algorithm).open(NOW, &master(), &mut packet).unwrap();
        assert_eq!((packet.octets(), done.sfl.0 & (1 << 63) != 0), (inner(version), confidential));
    }
}

#[test]
fn any_bit_flipped_in_header_or_payload_is_refused_and_nothing_is_written() {
    for vector in &VECTORS {
        let whole = by_hand(vector);
        let start = if vector.0 == 4 { 20 } else { 40 };
        for bit in start * 8..whole.len() * 8 {
            let mut octets = whole.clone();
            octets[bit / 8] ^= 0x80 >> (bit % 8);
            let mut packet = buffer(&octets);
            let error = receiver(vector.2).open(NOW, &master(), &mut packet).unwrap_err();
            assert!(matches!(error, Error::Authentication | Error::Stale { .. }), "{bit}");
            assert_eq!(packet.octets(), octets);
        }
        // Addresses are in the key; another master key is another key.
        for at in [start - 1, start - 5] {
            let mut octets = whole.clone();
            octets[at] ^= 1;
            assert_eq!(receiver(vector.2).open(NOW, &master(), &mut buffer(&octets)), Err(Error::Authentication));
        }
        let other = MasterKey::new(b"the pair-based Master key").unwrap();
        assert_eq!(receiver(vector.2).open(NOW, &other, &mut buffer(&whole)), Err(Error::Authentication));
    }
}

#[test]
fn the_header_is_where_figure_26_has_it() {
    let octets = hex!("8102030405060708 a1a2a3a4 000102030405060708090a0b0c0d0e0f 0000005a ff");
    let header = View::parse(&octets).unwrap().to_header();
    assert_eq!((header.sfl, header.confounder, header.timestamp), (Sfl(0x8102_0304_0506_0708), 0xa1a2_a3a4, 90));
    assert_eq!((header.mac, header.sfl.is_encrypted()), (core::array::from_fn(|at| at as u8), true));
    assert_eq!(header.sfl.to_string(), "0x8102030405060708");
    let mut again = [0xff; 33];
    assert_eq!((header.emit(&mut again), header.wire_len()), (Ok(LEN), 32));
    assert_eq!(again, octets);
    let error = Error::BufferTooSmall { field: Field::FlowHeader, found: 31, needed: 32 };
    assert_eq!(header.emit(&mut again[..31]), Err(error));
    for len in 0..32 {
        let error = Error::Truncated { field: Field::FlowHeader, offset: 0, found: len as u32, needed: 32 };
        assert_eq!(View::parse(&octets[..len]), Err(error));
    }
    // Without room for it behind the IP header.
    let error = Error::Truncated { field: Field::FlowHeader, offset: 20, found: 12, needed: 32 };
    assert_eq!(receiver(Algorithm::HmacMd5).open(NOW, &master(), &mut buffer(&INNER_4)), Err(error));
}

#[test]
fn timestamps_outside_the_window_cost_no_key() {
    let vector = &VECTORS[2];
    let mut receiver = receiver(vector.2);
    for minute in 80..100u32 {
        let mut packet = buffer(&by_hand(vector));
        let outcome = receiver.open(Duration::from_secs(u64::from(minute) * 60), &master(), &mut packet);
        if (88..=92).contains(&minute) {
            // A replay within the window passes.
            assert!(outcome.is_ok());
        } else {
            assert_eq!(outcome, Err(Error::Stale { found: 90, now: minute }));
        }
    }
    assert_eq!((receiver.keys_derived(), receiver.keys()), (1, 1));
    assert!(matches!(
        receiver.open(Duration::MAX, &master(), &mut buffer(&by_hand(vector))),
        Err(Error::Stale { now: u32::MAX, .. })
    ));
}

#[test]
fn keys_are_derived_once_a_flow_and_forgeries_push_none_out() {
    let mut rng = Rng(1);
    let config = SenderConfig { algorithm: Algorithm::HmacMd5, max_keys: 2, ..SenderConfig::default() };
    let mut sender = Sender::new(config, ByFiveTuple { confidential: true }, &mut rng);
    let mut receiver = Receiver::new(ReceiverConfig { algorithm: Algorithm::HmacMd5, max_keys: 2, ..ReceiverConfig::default() });
    let with_port = |port: u8| {
        let mut octets = INNER_4.to_vec();
        octets[21] = port;
        octets
    };
    let pass = |sender: &mut Sender<_>, receiver: &mut Receiver, port, rng: &mut Rng| {
        let plain = with_port(port);
        let mut packet = buffer(&plain);
        sender.protect(NOW, rng, &master(), &mut packet).unwrap();
        let sealed = packet.clone();
        receiver.open(NOW, &master(), &mut packet).unwrap();
        assert_eq!(packet.octets(), plain);
        sealed
    };
    for _ in 0..5 {
        pass(&mut sender, &mut receiver, 1, &mut rng);
        pass(&mut sender, &mut receiver, 2, &mut rng);
    }
    assert_eq!((sender.keys_derived(), receiver.keys_derived(), sender.flows().len()), (2, 2, 2));
    // A third flow pushes the first out of both caches, not out of the flow table.
    pass(&mut sender, &mut receiver, 3, &mut rng);
    let first = pass(&mut sender, &mut receiver, 1, &mut rng);
    assert_eq!((sender.keys_derived(), receiver.keys_derived(), sender.flows().len()), (4, 4, 3));
    for _ in 0..9 {
        let mut forged = first.clone();
        forged.octets_mut()[27] ^= 1;
        assert_eq!(receiver.open(NOW, &master(), &mut forged), Err(Error::Authentication));
    }
    assert_eq!((receiver.keys_derived(), receiver.keys()), (13, 2));
    pass(&mut sender, &mut receiver, 1, &mut rng);
    pass(&mut sender, &mut receiver, 3, &mut rng);
    assert_eq!(receiver.keys_derived(), 13);
    sender.forget_keys();
    receiver.forget_keys();
    assert_eq!(receiver.keys(), 0);
    pass(&mut sender, &mut receiver, 1, &mut rng);
    assert_eq!((sender.keys_derived(), receiver.keys_derived()), (5, 14));
}

#[test]
fn the_same_datagram_twice_does_not_look_the_same() {
    let mut rng = Rng(1);
    let mut sender = sender(Algorithm::HmacSha256, true, &mut rng);
    let mut protect = || {
        let mut packet = buffer(&INNER_6);
        let done = sender.protect(NOW, &mut rng, &master(), &mut packet).unwrap();
        (done, packet.octets()[40 + 32..].to_vec())
    };
    let ((first, one), (second, other)) = (protect(), protect());
    assert_eq!((first.sfl, first.is_new_flow, second.is_new_flow), (second.sfl, true, false));
    assert_ne!(one, other);
    assert_ne!(one[..12], INNER_6[40..]);
}

#[test]
fn a_flow_lasts_until_it_is_idle_or_old() {
    let secs = Duration::from_secs;
    let mut rng = Rng(1);
    let mut flows = FlowTable::new(3, Lifetimes { idle: secs(10), age: secs(25) }, &mut rng);
    let label = |flows: &mut FlowTable<u8>, now, attributes: u8| {
        let Association { sfl, is_new } = flows.associate(secs(now), &attributes, false);
        (sfl, is_new)
    };
    let (first, is_new) = label(&mut flows, 0, b'a');
    assert!(is_new && !first.is_encrypted());
    assert_eq!(label(&mut flows, 9, b'a'), (first, false));
    assert_eq!(label(&mut flows, 18, b'a'), (first, false));
    // Old, though never idle.
    let (second, is_new) = label(&mut flows, 25, b'a');
    assert_eq!((is_new, second), (true, Sfl((first.0 + 1) & !Sfl::ENCRYPTED)));
    assert_eq!(label(&mut flows, 34, b'a'), (second, false));
    // Idle.
    let (third, is_new) = label(&mut flows, 44, b'a');
    assert!(is_new && third != second);
    // A confidential flow is another.
    assert_eq!(flows.associate(secs(44), &b'a', true).sfl, Sfl((third.0 + 1) | Sfl::ENCRYPTED));
    assert_eq!((flows.len(), flows.is_empty(), flows.next_deadline()), (1, false, Some(secs(54))));
    // Full: the one that was idle longest goes.
    for (now, attributes) in [(45, b'b'), (46, b'c'), (47, b'd')] {
        assert!(label(&mut flows, now, attributes).1);
    }
    assert_eq!((flows.len(), flows.next_deadline()), (3, Some(secs(55))));
    assert_eq!((flows.sweep(secs(54)), flows.sweep(secs(56)), flows.len()), (0, 2, 1));
    assert_eq!((flows.sweep(secs(57)), flows.is_empty(), flows.next_deadline()), (1, true, None));
}

#[test]
fn the_mapper_decides_what_a_flow_is() {
    struct ByProtocol;
    impl Mapper for ByProtocol {
        type Attributes = u8;
        fn attributes(&mut self, packet: &Packet<'_>) -> Result<u8, Error> {
            match packet.upper_layer()?.protocol.0 {
                99 => Err(Error::Unauthorised(Field::FlowHeader)),
                protocol => Ok(protocol),
            }
        }
        fn is_confidential(&mut self, attributes: &u8) -> bool {
            *attributes == 17
        }
    }
    let mut rng = Rng(1);
    let mut sender = Sender::new(SenderConfig::default(), ByProtocol, &mut rng);
    let mut protect = |sender: &mut Sender<ByProtocol>, protocol| {
        let mut octets = INNER_4.to_vec();
        octets[9] = protocol;
        let mut packet = buffer(&octets);
        sender.protect(NOW, &mut rng, &master(), &mut packet).map(|done| (done.sfl.is_encrypted(), done.is_new_flow))
    };
    assert_eq!(
        [17, 17, 6, 1].map(|protocol| protect(&mut sender, protocol)),
        [Ok((true, true)), Ok((true, false)), Ok((false, true)), Ok((false, true))]
    );
    assert_eq!(protect(&mut sender, 99), Err(Error::Unauthorised(Field::FlowHeader)));
    assert_eq!(sender.sweep(NOW + Duration::from_secs(600)), 3);
    assert!(format!("{sender:?} {:?}", master()).contains("MasterKey { .. }"));
}

#[test]
fn fragments_and_what_does_not_fit_are_refused_and_stay_as_they_were() {
    let mut rng = Rng(1);
    let mut sender = sender(Algorithm::HmacMd5, true, &mut rng);
    let mut refused = |octets: &[u8], head: usize, tail: usize| {
        let storage = [&vec![0xcc; head][..], octets, &vec![0xdd; tail]].concat();
        let mut packet = PacketBuf::new(storage.clone(), head, octets.len()).unwrap();
        let error = sender.protect(NOW, &mut rng, &master(), &mut packet).err();
        if error.is_some() {
            assert_eq!((packet.octets(), packet.headroom()), (octets, head));
            assert_eq!(packet.into_storage(), storage);
        }
        error
    };
    let mut fragment = INNER_4;
    fragment[6] = 0x20;
    assert!(matches!(refused(&fragment, 64, 64), Some(Error::NotReassembled { field: Field::Fragment, .. })));
    let mut fragment = INNER_4;
    fragment[6..8].copy_from_slice(&[0, 1]);
    assert!(matches!(refused(&fragment, 64, 64), Some(Error::NotReassembled { .. })));
    assert!(matches!(refused(&[0x55; 20], 64, 64), Some(Error::Ip(_))));
    // 12 octets of payload take 4 of padding, 16 take 16.
    assert_eq!((refused(&INNER_4, 32, 4), refused(&packet(4, 16), 32, 16)), (None, None));
    for (octets, head, tail) in [(&INNER_4[..], 31, 4), (&INNER_4, 32, 3), (&packet(4, 16), 32, 15)] {
        assert!(matches!(refused(octets, head, tail), Some(Error::Ip(ip_wire::Error::BufferTooSmall { .. }))));
    }
    // 65,535 octets of IPv4 with everything: 65,472 + 11 of payload, padded by 5.
    assert_eq!(refused(&packet(4, 65_472 - 1), 32, 16), None);
    let error = Error::DoesNotFit { field: Field::InnerPacket, found: 65_540, needed: 65_535 };
    assert_eq!(refused(&packet(4, 65_472), 32, 16), Some(error));
    assert_eq!(refused(&packet(6, 65_488 - 1), 32, 16), None);
    let over = refused(&packet(6, 65_488), 32, 16);
    assert_eq!(over, Some(Error::DoesNotFit { field: Field::InnerPacket, found: 65_576, needed: 65_575 }));
    let short = MasterKey::new(&[1; 15]).err();
    assert_eq!(short, Some(Error::KeyLength { field: Field::MasterKey, found: 15, needed: 16 }));
}

#[test]
fn options_and_extension_headers_stay_before_the_header() {
    let mut rng = Rng(1);
    let mut sender = sender(Algorithm::HmacSha1, false, &mut rng);
    let mut with_options = [&INNER_4[..20], &[1; 4], &INNER_4[20..]].concat();
    (with_options[0], with_options[3]) = (0x46, 36);
    with_options[10..12].fill(0);
    let checksum = ip_wire::checksum::of(&with_options[..24]).to_be_bytes();
    with_options[10..12].copy_from_slice(&checksum);
    let mut with_extension = [&INNER_6[..40], &[17, 0, 1, 4, 0, 0, 0, 0], &INNER_6[40..]].concat();
    (with_extension[5], with_extension[6]) = (20, 60);
    for (plain, start) in [(with_options, 24), (with_extension, 48)] {
        let mut packet = buffer(&plain);
        let done = sender.protect(NOW, &mut rng, &master(), &mut packet).unwrap();
        let header = View::parse(&packet.octets()[start..]).unwrap().to_header();
        assert_eq!((header.sfl, packet.len()), (done.sfl, plain.len() + 32));
        if start == 24 {
            ipv4::View::parse(packet.octets()).unwrap().verify_checksum().unwrap();
        }
        receiver(Algorithm::HmacSha1).open(NOW, &master(), &mut packet).unwrap();
        assert_eq!(packet.octets(), plain);
    }
}

#[test]
fn padding_that_only_the_key_holder_can_have_got_wrong_is_refused() {
    // The payload of another flow's datagram, authentic as such: 12 octets are no whole blocks.
    let mut rng = Rng(1);
    let mut plain = sender(Algorithm::HmacSha256, false, &mut rng);
    let mut packet = buffer(&INNER_4);
    plain.protect(NOW, &mut rng, &master(), &mut packet).unwrap();
    let mut header = View::parse(&packet.octets()[20..]).unwrap().to_header();
    header.sfl = Sfl(header.sfl.0 | Sfl::ENCRYPTED);
    for len in [12usize, 16] {
        // A MAC made with the flow's key, as a sender would that does not pad.
        let mut octets = packet.octets()[..52].to_vec();
        octets.extend(vec![0x77; len]);
        octets[3] = (52 + len) as u8;
        let flow_key = {
            let hashed = [&header.sfl.0.to_be_bytes()[..], b"the pair-based master key", &INNER_4[12..20]].concat();
            wire_lanes::hash::digest::<wire_lanes::Sha256>(hashed.as_slice().into())
        };
        let key = llpf_wire::mac::Key::new(Algorithm::HmacSha256, &flow_key).unwrap();
        let covered = [&header.confounder.to_be_bytes()[..], &header.timestamp.to_be_bytes(), &octets[52..]].concat();
        Header { mac: key.mac(&covered), ..header }.emit(&mut octets[20..]).unwrap();
        let mut packet = buffer(&octets);
        let error = receiver(Algorithm::HmacSha256).open(NOW, &master(), &mut packet).unwrap_err();
        match len {
            12 => assert_eq!(error, Error::Length { field: Field::Padding, offset: 20, found: 12, needed: 16 }),
            _ => assert!(matches!(error, Error::Mismatch { field: Field::Padding, offset: 20, .. })),
        }
        assert_eq!(packet.octets(), octets);
    }
}

proptest! {
    #[test]
    fn what_is_protected_is_opened(
        seed: u64, version in prop_oneof![Just(4u8), Just(6)], len in 0usize..300, confidential: bool, algorithm in 0usize..4, later in 0u64..120,
    ) {
        let mut rng = Rng(seed);
        let algorithm = Algorithm::ALL[algorithm];
        let mut sender = sender(algorithm, confidential, &mut rng);
        let plain = packet(version, len);
        let mut octets = buffer(&plain);
        match sender.protect(NOW, &mut rng, &master(), &mut octets) {
            // Too short for ports.
            Err(error) => prop_assert!(len < 4 && matches!(error, Error::Ip(_))),
            Ok(_) => {
                let padding = if confidential { 16 - len % 16 } else { 0 };
                prop_assert_eq!(octets.len(), plain.len() + 32 + padding);
                receiver(algorithm).open(NOW + Duration::from_secs(later), &master(), &mut octets).unwrap();
                prop_assert_eq!(octets.octets(), &plain[..]);
            }
        }
    }
}
