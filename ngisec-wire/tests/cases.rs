//! The six-packet walks of the three cases, with two hosts and two gateways in memory (draft-shukla 6.1 to 6.3).

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

use std::net::IpAddr;

use common::*;
use ip_wire::{Flow, Protocol, tcp};
use ngisec_wire::classify::Class;
use ngisec_wire::role::{Network, Peer, Service};
use ngisec_wire::{Error, Field, Form, Host, Limits, NetworkGateway, PacketBuf, Translator, VpnGateway};

const A: [u8; 4] = [10, 1, 0, 5];
const B: [u8; 4] = [10, 2, 0, 7];
const GA: [u8; 4] = [203, 0, 113, 1];
const GB: [u8; 4] = [198, 51, 100, 1];

const SIX: [(bool, tcp::Flags); 6] = [
    (true, tcp::Flags::SYN),
    (false, tcp::Flags::SYN.with(tcp::Flags::ACK)),
    (true, tcp::Flags::ACK),
    (true, tcp::Flags::PSH.with(tcp::Flags::ACK)),
    (false, tcp::Flags::PSH.with(tcp::Flags::ACK)),
    (true, tcp::Flags::FIN.with(tcp::Flags::ACK)),
];

fn class_of(flags: tcp::Flags) -> Class {
    if flags.contains(tcp::Flags::SYN) { Class::Control } else { Class::Data }
}

fn has(octets: &[u8], address: [u8; 4]) -> bool {
    octets.windows(4).any(|window| window == address)
}

/// Whether a channel with these numbers, or another, has it in its addresses or its plaintext.
fn plaintext(buf: &PacketBuf<Vec<u8>>, form: Form, spi: u32) -> Vec<u8> {
    let mut copy = buffer(buf.octets());
    receiver(form, spi, GCM).open(NOW, &mut copy).unwrap();
    copy.into_storage()
}

fn ends(source: impl Into<IpAddr>, sport: u16, destination: impl Into<IpAddr>, dport: u16) -> Ends {
    Ends { source: source.into(), sport, destination: destination.into(), dport }
}

#[test]
fn lan_hosts_seal_control_and_data_for_each_other_by_two_channels_or_one() {
    for one in [false, true] {
        let host = |send, receive| {
            if one {
                return Host::with_one_channel(channel(Form::TransportSec, send, receive), Limits::default());
            }
            Host::new(
                channel(Form::TransportSec, send, receive),
                channel(Form::Plain, send + 16, receive + 16),
                Limits::default(),
            )
        };
        let (mut a, mut b) = (host(0x1000, 0x2000), host(0x2000, 0x1000));
        for (index, (forth, flags)) in SIX.into_iter().enumerate() {
            let (from, to) = if forth { (&mut a, &mut b) } else { (&mut b, &mut a) };
            let ends = if forth { ends(A, 1000, [10, 1, 0, 6], 80) } else { ends([10, 1, 0, 6], 80, A, 1000) };
            let original = packet(ends, Protocol::TCP, flags, &vec![b'x'; index]);
            let mut buf = buffer(&original);
            assert_eq!(from.send(NOW, &mut buf).unwrap().class, class_of(flags));
            let control = class_of(flags) == Class::Control || one;
            let base = if forth { 0x1000 } else { 0x2000 } + if control { 0 } else { 16 };
            assert_eq!(ngisec_wire::channel::spi_of(buf.octets()), Some(base));
            assert_true(buf.octets());
            assert_eq!(to.receive(NOW, &mut buf).unwrap().class, class_of(flags));
            assert_eq!(buf.octets(), original);
        }
    }
}

#[test]
fn the_first_packet_of_a_udp_flow_is_control_either_way_and_again_when_it_was_forgotten() {
    let host = |send, receive| {
        Host::new(channel(Form::TransportSec, send, receive), channel(Form::Plain, send + 16, receive + 16), Limits::default())
    };
    let (mut a, mut b) = (host(0x1000, 0x2000), host(0x2000, 0x1000));
    let there = packet(ends(A, 1000, B, 53), Protocol::UDP, tcp::Flags::NONE, b"q");
    let back = packet(ends(B, 53, A, 1000), Protocol::UDP, tcp::Flags::NONE, b"r");
    let go = |a: &mut Host, b: &mut Host, octets: &[u8]| {
        let mut buf = buffer(octets);
        let class = a.send(NOW, &mut buf).unwrap().class;
        assert_eq!(b.receive(NOW, &mut buf).unwrap().class, class);
        assert_eq!(buf.octets(), octets);
        class
    };
    assert_eq!(go(&mut a, &mut b, &there), Class::Control);
    assert_eq!(go(&mut a, &mut b, &there), Class::Data);
    assert_eq!(go(&mut b, &mut a, &back), Class::Data);
    let flow = Flow::from_ip(&there).unwrap().key;
    assert!(a.flows_mut().remove(&flow));
    assert_eq!(go(&mut a, &mut b, &there), Class::Control);
    let mut stranger = buffer(&there);
    assert_eq!(a.receive(NOW, &mut stranger), Err(Error::Unknown(Field::Association)));
}

#[test]
fn with_one_channel_the_receiver_tells_first_packets_of_udp_too_and_flows_of_tcp_take_no_place() {
    let host = |send, receive| Host::with_one_channel(channel(Form::TransportSec, send, receive), Limits::default());
    let (mut a, mut b) = (host(0x1000, 0x2000), host(0x2000, 0x1000));
    for (protocol, classes, places) in [(Protocol::TCP, [Class::Data; 2], 0), (Protocol::UDP, [Class::Control, Class::Data], 1)] {
        for class in classes {
            let mut buf = buffer(&packet(ends(A, 1000, B, 53), protocol, tcp::Flags::ACK, b"data"));
            assert_eq!(a.send(NOW, &mut buf).unwrap().class, class);
            assert_eq!(b.receive(NOW, &mut buf).unwrap().class, class);
            assert_eq!((a.flows().len(), b.flows().len()), (places, places));
        }
        let mut buf = buffer(&packet(ends(B, 53, A, 1000), protocol, tcp::Flags::ACK, b"data"));
        assert_eq!(b.send(NOW, &mut buf).unwrap().class, Class::Data);
        assert_eq!(a.receive(NOW, &mut buf).unwrap().class, Class::Data);
    }
}

struct Vpn {
    a: Host,
    ga: VpnGateway,
    gb: VpnGateway,
    b: Host,
}

fn network(address: [u8; 4]) -> Network {
    Network { address: address.into(), prefix_len: 16 }
}

fn vpn(form: Form) -> Vpn {
    let host = |control, data: (u32, u32)| Host::new(control, channel(Form::Plain, data.0, data.1), Limits::default());
    let nat = |address: [u8; 4], ports| Translator::new(address.into(), ports, Limits::default());
    let mut ga = VpnGateway::new(nat(GA, (40_000, 50_000)), network(A));
    let mut gb = VpnGateway::new(nat(GB, (50_001, 60_000)), network(B));
    ga.add_host(A.into(), channel(Form::TransportSec, 0x3100, 0x3000));
    gb.add_host(B.into(), channel(Form::TransportSec, 0x4100, 0x4000));
    ga.add_peer(Peer { gateway: GB.into(), network: network(B), channel: channel(form, 0x5000, 0x5100) });
    gb.add_peer(Peer { gateway: GA.into(), network: network(A), channel: channel(form, 0x5100, 0x5000) });
    Vpn {
        a: host(channel(Form::TransportSec, 0x3000, 0x3100), (0x6000, 0x6100)),
        ga,
        gb,
        b: host(channel(Form::TransportSec, 0x4000, 0x4100), (0x6100, 0x6000)),
    }
}

impl Vpn {
    /// Takes a packet all the way, and returns it as it was between the gateways.
    fn pass(&mut self, forth: bool, original: &[u8], expected: Class) -> PacketBuf<Vec<u8>> {
        let Self { a, ga, gb, b } = self;
        let (from, near, far, to) = if forth { (a, ga, gb, b) } else { (b, gb, ga, a) };
        let mut buf = buffer(original);
        from.send(NOW, &mut buf).unwrap();
        assert_eq!(near.outbound(NOW, &mut buf).unwrap().class, expected);
        assert_true(buf.octets());
        let wire = buffer(buf.octets());
        assert_eq!(far.inbound(NOW, &mut buf).unwrap().class, expected);
        assert_true(buf.octets());
        to.receive(NOW, &mut buf).unwrap();
        assert_eq!(buf.octets(), original);
        wire
    }
}

#[test]
fn vpn_hosts_see_each_others_private_addresses_and_gateways_only_translate_data() {
    for form in [Form::DuplicateEncapsulating, Form::DuplicateAppended] {
        let mut vpn = vpn(form);
        for (index, (forth, flags)) in SIX.into_iter().enumerate() {
            let ends = if forth { ends(A, 1000, B, 80) } else { ends(B, 80, A, 1000) };
            let original = packet(ends, Protocol::TCP, flags, &vec![b'x'; 10 * index]);
            let wire = vpn.pass(forth, &original, class_of(flags));
            // Between the gateways there are public addresses only.
            let flow = Flow::from_ip(wire.octets()).unwrap().key;
            let (near, far) = if forth { (GA, GB) } else { (GB, GA) };
            assert_eq!((flow.source(), flow.destination()), (near.into(), far.into()));
            assert!(!has(wire.octets(), A) && !has(wire.octets(), B));
            if class_of(flags) == Class::Control {
                let inside = plaintext(&wire, form, if forth { 0x5000 } else { 0x5100 });
                assert!(has(&inside, A) && has(&inside, B));
            } else {
                assert_eq!(ngisec_wire::channel::spi_of(wire.octets()), Some(if forth { 0x6000 } else { 0x6100 }));
            }
        }
        assert_eq!((vpn.ga.flows().len(), vpn.gb.flows().len()), (1, 1));
    }
}

#[test]
fn a_udp_mapping_that_was_dropped_is_told_again_by_the_next_packet_without_keep_alives() {
    let mut vpn = vpn(Form::DuplicateEncapsulating);
    let there = packet(ends(A, 1000, B, 53), Protocol::UDP, tcp::Flags::NONE, b"q");
    let first = vpn.pass(true, &there, Class::Control);
    let second = vpn.pass(true, &there, Class::Data);
    let ports = |wire: &PacketBuf<Vec<u8>>| Flow::from_ip(wire.octets()).unwrap().key.source_port();
    assert_eq!(ports(&first), ports(&second));
    // The gateway drops the mapping; the host knows nothing of it and sends data.
    assert!(vpn.ga.flows_mut().remove(&Flow::from_ip(&there).unwrap().key));
    let third = vpn.pass(true, &there, Class::Control);
    assert_ne!(ports(&third), ports(&first));
    let fourth = vpn.pass(true, &there, Class::Data);
    assert_eq!(ports(&third), ports(&fourth));
    let back = packet(ends(B, 53, A, 1000), Protocol::UDP, tcp::Flags::NONE, b"r");
    vpn.pass(false, &back, Class::Data);
    assert_eq!((vpn.ga.flows().len(), vpn.gb.flows().len()), (1, 1));
}

/// Takes a packet from its host through the near gateway, and no further; as what it left, and as it left.
fn leave(vpn: &mut Vpn, original: &[u8]) -> (Class, PacketBuf<Vec<u8>>) {
    let mut buf = buffer(original);
    vpn.a.send(NOW, &mut buf).unwrap();
    let class = vpn.ga.outbound(NOW, &mut buf).unwrap().class;
    (class, buf)
}

#[test]
fn a_flow_whose_first_packet_was_lost_is_refused_until_its_mapping_goes_and_the_next_packet_is_a_first_one() {
    let mut vpn = vpn(Form::DuplicateEncapsulating);
    let there = packet(ends(A, 1000, B, 53), Protocol::UDP, tcp::Flags::NONE, b"q");
    let (first, _lost) = leave(&mut vpn, &there);
    let (second, mut buf) = leave(&mut vpn, &there);
    assert_eq!((first, second), (Class::Control, Class::Data));
    let before = buf.octets().to_vec();
    assert_eq!(vpn.gb.inbound(NOW, &mut buf), Err(Error::Unknown(Field::Mapping)));
    assert_eq!((buf.octets(), vpn.gb.flows().len()), (&before[..], 0));
    assert!(vpn.ga.flows_mut().remove(&Flow::from_ip(&there).unwrap().key));
    vpn.pass(true, &there, Class::Control);
    vpn.pass(true, &there, Class::Data);
}

#[test]
fn a_duplicate_with_addresses_of_other_networks_teaches_a_gateway_nothing() {
    let mut vpn = vpn(Form::DuplicateEncapsulating);
    // A peer that has the keys, and lies.
    let mut peer = sender(Form::DuplicateEncapsulating, 0x5000, GCM);
    for wrong in [ends([10, 9, 0, 1], 1, B, 80), ends(A, 1, [10, 9, 0, 1], 80)] {
        let mut buf = buffer(&packet(wrong, Protocol::TCP, tcp::Flags::SYN, b""));
        peer.seal(NOW, &mut buf).unwrap();
        let (sealed, headroom) = (buf.octets().to_vec(), buf.headroom());
        assert_eq!(vpn.gb.inbound(NOW, &mut buf), Err(Error::Unknown(Field::Network)));
        assert_eq!((buf.octets(), buf.headroom()), (&sealed[..], headroom));
    }
    assert!(vpn.gb.flows().is_empty());
    let mut buf = buffer(&packet(ends(A, 1, [10, 9, 0, 1], 80), Protocol::TCP, tcp::Flags::SYN, b""));
    assert_eq!(vpn.ga.outbound(NOW, &mut buf), Err(Error::Unknown(Field::Network)));
    let mut buf = buffer(&packet(ends([10, 9, 0, 1], 1, B, 80), Protocol::TCP, tcp::Flags::SYN, b""));
    assert_eq!(vpn.ga.outbound(NOW, &mut buf), Err(Error::Unknown(Field::Network)));
    let mut buf = buffer(&packet(ends(GA, 1, GB, 80), Protocol::TCP, tcp::Flags::ACK, b""));
    assert_eq!(vpn.gb.inbound(NOW, &mut buf), Err(Error::Unknown(Field::Mapping)));
}

#[test]
fn forged_control_packets_cost_no_memory_and_honest_flows_survive() {
    let mut vpn = vpn(Form::DuplicateEncapsulating);
    let (forth, back) = (ends(A, 1000, B, 80), ends(B, 80, A, 1000));
    vpn.pass(true, &packet(forth, Protocol::TCP, tcp::Flags::SYN, b""), Class::Control);
    for port in 1..2_000 {
        let mut buf = buffer(&packet(ends(A, port, B, 80), Protocol::TCP, tcp::Flags::SYN, b""));
        sender(Form::DuplicateEncapsulating, 0x5000, GCM).seal(NOW, &mut buf).unwrap();
        let len = buf.len();
        buf.octets_mut()[len - 20] ^= 1;
        assert!(vpn.gb.inbound(NOW, &mut buf).is_err());
    }
    assert_eq!(vpn.gb.flows().len(), 1);
    vpn.pass(true, &packet(forth, Protocol::TCP, tcp::Flags::ACK, b"on"), Class::Data);
    vpn.pass(false, &packet(back, Protocol::TCP, tcp::Flags::ACK, b"and on"), Class::Data);
}

struct Networks {
    a: Host,
    ga: NetworkGateway,
    gb: NetworkGateway,
    b: Host,
}

fn networks() -> Networks {
    let host = |control, data: (u32, u32)| Host::new(control, channel(Form::Plain, data.0, data.1), Limits::default()).learning();
    let nat = |address: [u8; 4], ports| Translator::new(address.into(), ports, Limits::default());
    let mut ga = NetworkGateway::new(nat(GA, (40_000, 50_000)));
    let mut gb = NetworkGateway::new(nat(GB, (50_001, 60_000)));
    ga.add_host(A.into(), channel(Form::TransportSec, 0x3100, 0x3000));
    gb.add_host(B.into(), channel(Form::TransportSec, 0x4100, 0x4000));
    ga.add_peer(GB.into(), channel(Form::TransportSec, 0x5000, 0x5100));
    gb.add_peer(GA.into(), channel(Form::TransportSec, 0x5100, 0x5000));
    for protocol in [Protocol::TCP, Protocol::UDP] {
        gb.add_service(Service { protocol, port: 80, host: B.into(), host_port: 8080 });
    }
    Networks {
        a: host(channel(Form::TransportSec, 0x3000, 0x3100), (0x6000, 0x6100)),
        ga,
        gb,
        b: host(channel(Form::TransportSec, 0x4000, 0x4100), (0x6100, 0x6000)),
    }
}

impl Networks {
    fn pass(&mut self, forth: bool, protocol: Protocol, flags: tcp::Flags, expected: Class) {
        let Self { a, ga, gb, b } = self;
        // Each application uses the ports that its host made or is known by, and the public address of the other side.
        let sent = if forth { ends(A, 1000, GB, 80) } else { ends(B, 80, GA, 1000) };
        let got = if forth { ends(GA, 1000, B, 80) } else { ends(GB, 80, A, 1000) };
        let (from, near, far, to) = if forth { (a, ga, gb, b) } else { (b, gb, ga, a) };
        let mut buf = buffer(&packet(sent, protocol, flags, b"data"));
        from.send(NOW, &mut buf).unwrap();
        assert_eq!(near.outbound(NOW, &mut buf).unwrap().class, expected);
        assert_true(buf.octets());
        // Not even the gateways' keys show a private address.
        assert!(!has(buf.octets(), A) && !has(buf.octets(), B));
        if expected == Class::Control {
            let octets = plaintext(&buf, Form::TransportSec, if forth { 0x5000 } else { 0x5100 });
            assert!(!has(&octets, A) && !has(&octets, B));
        }
        let flow = Flow::from_ip(buf.octets()).unwrap().key;
        let (source, destination) = if forth { (GA, GB) } else { (GB, GA) };
        assert_eq!((flow.source(), flow.destination()), (source.into(), destination.into()));
        assert_eq!(far.inbound(NOW, &mut buf).unwrap().class, expected);
        assert_true(buf.octets());
        to.receive(NOW, &mut buf).unwrap();
        let expected = packet(got, protocol, flags, b"data");
        assert_eq!(buf.octets()[8..], expected[8..]);
    }
}

#[test]
fn between_networks_private_addresses_stay_hidden_and_hosts_correct_the_ports() {
    let mut networks = networks();
    for (forth, flags) in SIX {
        networks.pass(forth, Protocol::TCP, flags, class_of(flags));
    }
    assert_eq!((networks.ga.flows().len(), networks.gb.flows().len(), networks.b.flows().len()), (1, 1, 1));
}

#[test]
fn between_networks_a_dropped_udp_mapping_is_learned_again_from_the_next_packet() {
    let mut networks = networks();
    networks.pass(true, Protocol::UDP, tcp::Flags::NONE, Class::Control);
    networks.pass(true, Protocol::UDP, tcp::Flags::NONE, Class::Data);
    networks.pass(false, Protocol::UDP, tcp::Flags::NONE, Class::Data);
    let flow = Flow::from_ip(&packet(ends(A, 1000, GB, 80), Protocol::UDP, tcp::Flags::NONE, b"")).unwrap().key;
    assert!(networks.ga.flows_mut().remove(&flow));
    networks.pass(true, Protocol::UDP, tcp::Flags::NONE, Class::Control);
    networks.pass(true, Protocol::UDP, tcp::Flags::NONE, Class::Data);
    networks.pass(false, Protocol::UDP, tcp::Flags::NONE, Class::Data);
    assert_eq!(networks.b.flows().len(), 1);
}

#[test]
fn every_packet_of_an_ftp_control_connection_is_opened_and_sealed_by_the_gateways_its_data_connection_is_not() {
    let mut vpn = vpn(Form::DuplicateEncapsulating);
    let push = tcp::Flags::PSH.with(tcp::Flags::ACK);
    for flags in [tcp::Flags::SYN, push, push] {
        vpn.pass(true, &packet(ends(A, 1000, B, 21), Protocol::TCP, flags, b"PORT 10,1,0,5,4,1"), Class::Control);
        vpn.pass(false, &packet(ends(B, 21, A, 1000), Protocol::TCP, flags, b"200 OK"), Class::Control);
    }
    vpn.pass(false, &packet(ends(B, 20, A, 1025), Protocol::TCP, tcp::Flags::SYN, b""), Class::Control);
    vpn.pass(false, &packet(ends(B, 20, A, 1025), Protocol::TCP, push, b"file"), Class::Data);
}

#[test]
fn a_host_without_a_channel_to_its_gateway_passes_the_lan_in_clear() {
    let mut vpn = vpn(Form::DuplicateEncapsulating);
    let host = [10, 1, 0, 9];
    let [syn, data] =
        [tcp::Flags::SYN, tcp::Flags::ACK].map(|flags| packet(ends(host, 1000, B, 80), Protocol::TCP, flags, b"data"));
    for (octets, class) in [(&syn, Class::Control), (&data, Class::Data), (&syn, Class::Control)] {
        let mut buf = buffer(octets);
        assert_eq!(vpn.ga.outbound(NOW, &mut buf).unwrap().class, class);
        let sealed = class == Class::Control;
        assert_eq!(ngisec_wire::channel::spi_of(buf.octets()), sealed.then_some(0x5000));
        assert_eq!(vpn.gb.inbound(NOW, &mut buf).unwrap().class, class);
        // Control is sealed for the host there, data is as it was.
        assert_eq!(ngisec_wire::channel::spi_of(buf.octets()), sealed.then_some(0x4100));
        if class == Class::Control {
            vpn.b.receive(NOW, &mut buf).unwrap();
        }
        assert_eq!(buf.octets(), octets);
    }
    // Another host's channel does not open it.
    let mut buf = buffer(&syn);
    sender(Form::TransportSec, 0x7000, GCM).seal(NOW, &mut buf).unwrap();
    let before = buf.octets()[20..].to_vec();
    assert_eq!(vpn.ga.outbound(NOW, &mut buf).unwrap().class, Class::Control);
    assert_eq!(vpn.gb.inbound(NOW, &mut buf).unwrap().class, Class::Control);
    assert_eq!(buf.octets()[20..], before);
}

#[test]
fn a_hosts_new_channel_takes_the_place_of_its_old_one() {
    let mut vpn = vpn(Form::DuplicateEncapsulating);
    let syn = packet(ends(A, 1000, B, 80), Protocol::TCP, tcp::Flags::SYN, b"");
    vpn.pass(true, &syn, Class::Control);
    vpn.ga.add_host(A.into(), channel(Form::TransportSec, 0x3300, 0x3200));
    vpn.ga.add_host([10, 1, 0, 9].into(), channel(Form::TransportSec, 0x3500, 0x3400));
    // By the new one data in class is opened and goes as what it is inside; by the old one it is another's, and only translated.
    for (spi, behind) in [(0x3200, None), (0x3000, Some(0x3000)), (0x3400, Some(0x3400))] {
        let mut buf = buffer(&packet(ends(A, 1000, B, 80), Protocol::TCP, tcp::Flags::ACK, b"data"));
        sender(Form::TransportSec, spi, GCM).seal(NOW, &mut buf).unwrap();
        assert_eq!(vpn.ga.outbound(NOW, &mut buf).unwrap().class, Class::Data, "{spi:x}");
        assert_eq!(ngisec_wire::channel::spi_of(buf.octets()), behind);
    }
}

#[test]
fn a_host_opens_what_is_sealed_for_it_twice_data_inside_control() {
    let mut b = vpn(Form::DuplicateEncapsulating).b;
    let original = packet(ends(A, 1000, B, 80), Protocol::UDP, tcp::Flags::NONE, b"data");
    let mut buf = buffer(&original);
    sender(Form::Plain, 0x6000, GCM).seal(NOW, &mut buf).unwrap();
    sender(Form::TransportSec, 0x4100, GCM).seal(NOW, &mut buf).unwrap();
    assert_eq!(b.receive(NOW, &mut buf).unwrap().class, Class::Control);
    assert_eq!(buf.octets(), original);
    // The inner one again, in a new outer one: a replay, and handed back as it came.
    sender(Form::Plain, 0x6000, GCM).seal(NOW, &mut buf).unwrap();
    let mut outer = sender(Form::TransportSec, 0x4100, GCM);
    outer.seal(NOW, &mut buffer(&original)).unwrap();
    outer.seal(NOW, &mut buf).unwrap();
    let sealed = buf.octets().to_vec();
    assert_eq!(b.receive(NOW, &mut buf), Err(ipsec_wire::Error::Replayed { sequence: 1 }.into()));
    assert_eq!(buf.octets(), sealed);
}

#[test]
fn a_gateway_says_what_it_learned_from_a_control_packet() {
    use ngisec_wire::nat::Learned;
    let (mut gb, mut peer) = (networks().gb, sender(Form::TransportSec, 0x5000, GCM));
    for learned in [Learned::New, Learned::Same] {
        let mut buf = buffer(&packet(ends(GA, 40_000, GB, 80), Protocol::TCP, tcp::Flags::SYN, b""));
        peer.seal(NOW, &mut buf).unwrap();
        assert_eq!(gb.inbound(NOW, &mut buf).unwrap().learned, Some(learned));
    }
    let (mut gb, mut peer) = (vpn(Form::DuplicateEncapsulating).gb, sender(Form::DuplicateEncapsulating, 0x5000, GCM));
    for (port, learned) in [(40_000, Learned::New), (40_000, Learned::Same), (40_001, Learned::Changed)] {
        let mut buf = buffer(&packet(ends(A, 1000, B, 80), Protocol::TCP, tcp::Flags::SYN, b""));
        peer.seal(NOW, &mut buf).unwrap();
        let outside = ip_wire::nat::Endpoint::new(GA.into(), port);
        ip_wire::nat::Rewrite::source(outside).apply(buf.octets_mut()).unwrap();
        assert_eq!(gb.inbound(NOW, &mut buf).unwrap().learned, Some(learned));
    }
}

#[test]
fn a_service_is_of_one_protocol_and_of_the_gateways_address() {
    let Networks { mut gb, .. } = networks();
    gb.add_service(Service { protocol: Protocol::UDP, port: 53, host: B.into(), host_port: 5353 });
    let mut peer = sender(Form::TransportSec, 0x5000, GCM);
    let mut arrive = |protocol, destination: [u8; 4]| {
        let mut buf = buffer(&packet(ends(GA, 40_000, destination, 53), protocol, tcp::Flags::SYN, b""));
        peer.seal(NOW, &mut buf).unwrap();
        gb.inbound(NOW, &mut buf).map(|passed| passed.class)
    };
    assert_eq!(arrive(Protocol::TCP, GB), Err(Error::Unknown(Field::Mapping)));
    assert_eq!(arrive(Protocol::UDP, [198, 51, 100, 2]), Err(Error::Unknown(Field::Mapping)));
    assert_eq!(arrive(Protocol::UDP, GB), Ok(Class::Control));
}

/// Seals a packet for a gateway, has it refused, and checks that it is handed back sealed.
fn refused(
    original: &[u8],
    mut seal: impl FnMut(&mut PacketBuf<Vec<u8>>),
    refuse: impl FnOnce(&mut PacketBuf<Vec<u8>>) -> Result<ngisec_wire::role::Passed, Error>,
) -> Error {
    let mut buf = buffer(original);
    seal(&mut buf);
    buf.push_back(3).unwrap().fill(7);
    let (sealed, headroom) = (buf.octets().to_vec(), buf.headroom());
    let error = refuse(&mut buf).unwrap_err();
    assert_eq!((buf.octets(), buf.headroom()), (&sealed[..], headroom), "{error}");
    error
}

#[test]
fn a_control_packet_that_is_refused_after_it_was_opened_is_handed_back_sealed() {
    let syn = |ends| packet(ends, Protocol::TCP, tcp::Flags::SYN, b"data");
    let one_port = |address: [u8; 4]| Translator::new(address.into(), (40_000, 40_000), Limits::default());
    let full = Error::TableFull { field: Field::PortPool, limit: 1 };
    // VPN: no network there, and no port left.
    let Vpn { mut a, mut ga, .. } = vpn(Form::DuplicateAppended);
    let error =
        refused(&syn(ends(A, 1000, [10, 9, 0, 1], 80)), |buf| assert!(a.send(NOW, buf).is_ok()), |buf| ga.outbound(NOW, buf));
    assert_eq!(error, Error::Unknown(Field::Network));
    let mut ga = VpnGateway::new(one_port(GA), network(A));
    ga.add_host(A.into(), channel(Form::TransportSec, 0x3100, 0x3000));
    ga.add_peer(Peer { gateway: GB.into(), network: network(B), channel: channel(Form::DuplicateEncapsulating, 0x5000, 0x5100) });
    let (mut buf, mut control) = (buffer(&syn(ends(A, 1000, B, 80))), sender(Form::TransportSec, 0x3000, GCM));
    control.seal(NOW, &mut buf).unwrap();
    ga.outbound(NOW, &mut buf).unwrap();
    let seal = |buf: &mut PacketBuf<Vec<u8>>| assert!(control.seal(NOW, buf).is_ok());
    assert_eq!(refused(&syn(ends(A, 1001, B, 80)), seal, |buf| ga.outbound(NOW, buf)), full);
    // Networks: no port left; a port that is no service; a service of a host without a channel.
    let mut ga = NetworkGateway::new(one_port(GA));
    ga.add_host(A.into(), channel(Form::TransportSec, 0x3100, 0x3000));
    ga.add_peer(GB.into(), channel(Form::TransportSec, 0x5000, 0x5100));
    let (mut buf, mut control) = (buffer(&syn(ends(A, 1000, GB, 80))), sender(Form::TransportSec, 0x3000, GCM));
    control.seal(NOW, &mut buf).unwrap();
    ga.outbound(NOW, &mut buf).unwrap();
    let seal = |buf: &mut PacketBuf<Vec<u8>>| assert!(control.seal(NOW, buf).is_ok());
    assert_eq!(refused(&syn(ends(A, 1001, GB, 80)), seal, |buf| ga.outbound(NOW, buf)), full);
    let mut gb = networks().gb;
    gb.add_service(Service { protocol: Protocol::TCP, port: 81, host: A.into(), host_port: 8080 });
    let mut peer = sender(Form::TransportSec, 0x5000, GCM);
    for (port, field) in [(9, Field::Mapping), (81, Field::Association)] {
        let seal = |buf: &mut PacketBuf<Vec<u8>>| assert!(peer.seal(NOW, buf).is_ok());
        let error = refused(&syn(ends(GA, 40_000, GB, port)), seal, |buf| gb.inbound(NOW, buf));
        assert_eq!((error, gb.flows().len()), (Error::Unknown(field), 0));
    }
    // A host that learns, and has no place.
    let limits = Limits { flows: 0, ..Limits::default() };
    let data = channel(Form::Plain, 0x6100, 0x6000);
    let mut b = Host::new(channel(Form::TransportSec, 0x4000, 0x4100), data, limits).learning();
    let mut near = sender(Form::TransportSec, 0x4100, GCM);
    let seal = |buf: &mut PacketBuf<Vec<u8>>| assert!(near.seal(NOW, buf).is_ok());
    let error = refused(&syn(ends(GA, 40_000, B, 8080)), seal, |buf| b.receive(NOW, buf));
    assert_eq!(error, Error::TableFull { field: Field::FlowTable, limit: 0 });
}

#[test]
fn a_forged_control_packet_is_handed_back_as_it_came() {
    let mut vpn = vpn(Form::DuplicateEncapsulating);
    let original = packet(ends(A, 1000, B, 80), Protocol::TCP, tcp::Flags::SYN, b"data");
    let seal = |buf: &mut PacketBuf<Vec<u8>>| {
        // ESP is of another key: AH holds, and what ESP opens is not authentic.
        let (ah, esp) = (builder(0x5000, AH), builder(0x5001, CBC));
        let mut rng = TestRng(1);
        let mut sender: ngisec_wire::Sender =
            ngisec_wire::Sender::new(Form::Plain, ah.outbound(&mut rng).unwrap(), esp.outbound(&mut rng).unwrap()).unwrap();
        sender.seal(NOW, buf).unwrap();
    };
    assert_eq!(refused(&original, seal, |buf| vpn.gb.inbound(NOW, buf)), ipsec_wire::Error::Authentication.into());
    assert!(vpn.gb.flows().is_empty());
}

#[test]
fn every_port_and_flag_has_its_class() {
    for bits in 0..0x200u16 {
        let flags = tcp::Flags::new(bits).unwrap();
        let octets = packet(ends(A, 1000, B, 80), Protocol::TCP, flags, b"");
        let expected = if bits & 2 != 0 { Class::Control } else { Class::Data };
        assert_eq!(Class::of(&octets, |_| false), Ok(expected));
    }
    for (from, to, class) in [(21, 5, Class::Control), (5, 21, Class::Control), (20, 22, Class::Data)] {
        let octets = packet(ends(A, from, B, to), Protocol::TCP, tcp::Flags::ACK, b"");
        assert_eq!(Class::of(&octets, |_| false), Ok(class));
        let octets = packet(ends(A, from, B, to), Protocol::UDP, tcp::Flags::ACK, b"");
        assert_eq!(Class::of(&octets, |_| true), Ok(Class::Data));
        assert_eq!(Class::of(&octets, |_| false), Ok(Class::Control));
    }
}

#[test]
fn headers_between_ip_and_transport_do_not_change_a_packets_class() {
    for (flags, port, class) in
        [(tcp::Flags::SYN, 80, Class::Control), (tcp::Flags::ACK, 80, Class::Data), (tcp::Flags::ACK, 21, Class::Control)]
    {
        for version in [4, 6] {
            let plain = packet(Ends { dport: port, ..Ends::of(version) }, Protocol::TCP, flags, b"data");
            let at = if version == 4 { 20 } else { 40 };
            let mut octets = plain[..at].to_vec();
            if version == 4 {
                octets[0] = 0x46;
                octets[3] += 4;
                octets.extend([1; 4]);
            } else {
                octets[5] += 8;
                octets[6] = 60;
                octets.extend([6, 0, 1, 4, 0, 0, 0, 0]);
            }
            octets.extend(&plain[at..]);
            assert_eq!(Class::of(&octets, |_| true), Ok(class), "{version}");
        }
    }
    let mut part = packet(Ends::of(4), Protocol::TCP, tcp::Flags::SYN, b"data");
    part[6] = 0x20;
    assert_eq!(Class::of(&part, |_| true), Err(Error::NotReassembled));
    let mut other = packet(Ends::of(4), Protocol::TCP, tcp::Flags::SYN, b"data");
    other[9] = 132;
    assert_eq!(Class::of(&other, |_| true), Err(Error::Transport(132)));
}

#[test]
fn a_network_has_the_addresses_that_share_its_prefix() {
    let network = |prefix_len| Network { address: [10, 1, 2, 3].into(), prefix_len };
    assert!(network(24).contains([10, 1, 2, 255].into()) && !network(24).contains([10, 1, 3, 3].into()));
    assert!(network(0).contains([1, 1, 1, 1].into()) && !network(0).contains(address(6, 1)));
    assert!(network(32).contains([10, 1, 2, 3].into()) && !network(32).contains([10, 1, 2, 2].into()));
    let six = Network { address: address(6, 1), prefix_len: 64 };
    assert!(six.contains(address(6, 9)) && !six.contains([1; 16].into()));
    let any = Network { prefix_len: 0, ..six };
    assert!(any.contains([1; 16].into()) && !any.contains([10, 1, 2, 3].into()));
}
