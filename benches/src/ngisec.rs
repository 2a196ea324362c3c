//! Group `ngisec`: what a data packet costs a gateway, beside opening an IPsec tunnel and sealing another (draft-shukla 2 and 6.2).
//!
//! All contenders write the packet anew before they work on it; the copy is in everyone's time.

use std::cell::RefCell;
use std::time::Duration;

use ip_wire::{FlowKey, Ports, Protocol, ipv4};
use ipsec_wire::crypto::RustCrypto;
use ipsec_wire::{Aead, Builder, Inbound, Integrity, Keys, Outbound, PacketBuf, Suite, Tunnel};
use ngisec_wire::role::{Network, Passed, Peer as Gateway};
use ngisec_wire::{Channel, Error, Form, Limits, Receiver, Sender, Translator, VpnGateway};

use crate::packets::Zeros;
use crate::{Contender, Group, Peer, Row, Work};

/// What `ratios` calls it.
pub const NAME: &str = "ngisec";

const NOW: Duration = Duration::ZERO;
const HEADROOM: usize = 64;
const ROOM: usize = 1792;
/// Flows that the gateway knows.
const FLOWS: u16 = 1000;

/// Which way a data packet goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

/// All work items.
#[must_use]
pub fn group() -> Group {
    let works = [
        ("gateway, data packet of 64 octets comes in", 64, Way::In),
        ("gateway, 576 octets come in", 576, Way::In),
        ("gateway, 1500 octets come in", 1500, Way::In),
        ("gateway, 64 octets go out", 64, Way::Out),
        ("gateway, 1500 octets go out", 1500, Way::Out),
    ];
    Group { name: NAME, facts: overheads(), works: works.map(|(name, len, way)| gateway(name, len, way)).into_iter().collect() }
}

/// What data packets of 64 and 1,400 octets of data carry beyond IP and TCP, beside AH and ESP of the same suites around a packet in a tunnel, whose inner header NGISec does
/// without: 20 octets in IPv4, 40 in IPv6.
fn overheads() -> Vec<Row> {
    let (ah, esp) = (Suite::Ah(Integrity::HMAC_SHA1_96), Suite::EspCombined(Aead::AES_GCM_16));
    let tunnel = |header: usize, version: u8, data: usize| {
        let ends: [std::net::IpAddr; 2] = if version == 4 {
            [[192, 0, 2, 1].into(), [192, 0, 2, 2].into()]
        } else {
            [[0x2001_u16, 0xdb8, 0, 0, 0, 0, 0, 1].into(), [0x2001_u16, 0xdb8, 0, 0, 0, 0, 0, 2].into()]
        };
        let keys = Keys { encryption: &[7; 20], integrity: &[] };
        let builder = Builder::new(0x2000, esp, keys).tunnel(Tunnel::new(ends[0], ends[1]).expect("one version"));
        let outbound: Outbound<RustCrypto> = builder.outbound(&mut Zeros).expect("it makes sense");
        let keys = Keys { encryption: &[], integrity: &[7; 20] };
        let around: Outbound<RustCrypto> = Builder::new(0x2001, ah, keys).outbound(&mut Zeros).expect("it makes sense");
        outbound.overhead(version, header + 20 + data, header) + around.overhead(version, header, header)
    };
    let row = |name, version, header, data| {
        let ours = ngisec_wire::overhead(Form::Plain, &ah, &esp, version, (header, 20), data);
        let saved = if version == 4 { "tunnel, less 20" } else { "tunnel, less 40" };
        Row::octets(name, ours, saved, tunnel(header, version, data) - header)
    };
    vec![
        row("overhead, IPv4, 64 octets of data", 4, 20, 64),
        row("overhead, IPv4, 1400 octets of data", 4, 20, 1400),
        row("overhead, IPv6, 64 octets of data", 6, 40, 64),
        row("overhead, IPv6, 1400 octets of data", 6, 40, 1400),
    ]
}

/// A data packet of a flow of the gateway: AH and ESP of two hosts behind a UDP header.
fn packet(flow: u16, len: usize, way: Way) -> Vec<u8> {
    let mut packet = vec![0x35; len];
    let (source, destination, ports) = match way {
        Way::In => ([198, 51, 100, 9], [203, 0, 113, 1], [80, 40_000 + flow]),
        Way::Out => ([10, 0, 0, 5], [10, 9, 0, 9], [1000 + flow, 80]),
    };
    let header = ipv4::Header::new(source.into(), destination.into(), Protocol::UDP, len - 20).expect("it fits");
    header.emit(&mut packet).expect("it fits");
    packet[20..24].copy_from_slice(ports.map(u16::to_be_bytes).as_flattened());
    packet[24..26].copy_from_slice(&u16::try_from(len - 20).expect("it fits").to_be_bytes());
    packet[28..40].copy_from_slice(&[50, 4, 0, 0, 0, 0, 0x60, 0, 0, 0, 0, 1]);
    packet
}

fn channel(send: u32, receive: u32) -> Channel {
    let ah = |spi| Builder::new(spi, Suite::Ah(Integrity::HMAC_SHA1_96), Keys { encryption: &[], integrity: &[7; 20] });
    let esp = |spi| Builder::new(spi, Suite::EspCombined(Aead::AES_GCM_16), Keys { encryption: &[7; 20], integrity: &[] });
    let end = |builder: Builder<'_>| builder.outbound(&mut Zeros).expect("it makes sense");
    let send = Sender::new(Form::DuplicateEncapsulating, end(ah(send)), end(esp(send))).expect("AH and ESP");
    let end = |builder: Builder<'_>| builder.inbound().expect("it makes sense");
    Channel {
        send,
        receive: Receiver::new(Form::DuplicateEncapsulating, end(ah(receive)), end(esp(receive))).expect("AH and ESP"),
    }
}

fn pass<S: AsRef<[u8]> + AsMut<[u8]>>(gateway: &mut VpnGateway, way: Way, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
    match way {
        Way::In => gateway.inbound(NOW, packet),
        Way::Out => gateway.outbound(NOW, packet),
    }
}

fn gateway(name: &'static str, len: usize, way: Way) -> Work {
    let network = |address: [u8; 4]| Network { address: address.into(), prefix_len: 16 };
    let nat = Translator::new([203, 0, 113, 1].into(), (40_000, 50_000), Limits::default());
    let mut gateway = VpnGateway::new(nat, network([10, 0, 0, 0]));
    let peer = Gateway { gateway: [198, 51, 100, 9].into(), network: network([10, 9, 0, 0]), channel: channel(0x3000, 0x3100) };
    gateway.add_peer(peer);
    for flow in 0..FLOWS {
        let key = |source: [u8; 4], destination: [u8; 4], port| {
            let ports = Ports::Pair { source: port, destination: 80 };
            FlowKey::new(source.into(), destination.into(), Protocol::UDP, ports).expect("one version")
        };
        let (inner, outer) =
            (key([10, 0, 0, 5], [10, 9, 0, 9], 1000 + flow), key([203, 0, 113, 1], [198, 51, 100, 9], 40_000 + flow));
        gateway.flows_mut().insert(NOW, inner, outer).expect("there is room");
    }
    let packets: Vec<Vec<u8>> = (0..256).map(|at| packet(at * 97 % FLOWS, len, way)).collect();
    gateway.add_host([10, 0, 0, 5].into(), channel(0x4000, 0x4100));
    let mut known = PacketBuf::new(packets[0].clone(), 0, len).expect("it is all of it");
    pass(&mut gateway, way, &mut known).expect("the flow is known");
    let ends: [u8; 8] = if way == Way::In { [10, 9, 0, 9, 10, 0, 0, 5] } else { [203, 0, 113, 1, 198, 51, 100, 9] };
    assert_eq!(known.octets()[12..20], ends);

    let state = RefCell::new((gateway, vec![0; len]));
    let ours = Contender::new("ngisec-wire", packets.clone(), move |fresh: &Vec<u8>| {
        let (gateway, room) = &mut *state.borrow_mut();
        room.copy_from_slice(fresh);
        let mut packet = PacketBuf::new(&mut room[..], 0, fresh.len()).expect("it is all of it");
        pass(gateway, way, &mut packet)
    });

    let suite = Suite::EspCombined(Aead::AES_GCM_16);
    let builder = |spi: u32, local: u8, remote: u8| {
        let tunnel = Tunnel::new([192, 0, 2, local].into(), [192, 0, 2, remote].into()).expect("one version");
        Builder::new(spi, suite, Keys { encryption: &[7; 20], integrity: &[] }).replay_window(0).tunnel(tunnel)
    };
    let mut sender: Outbound<RustCrypto> = builder(0x1000, 1, 2).outbound(&mut Zeros).expect("it makes sense");
    let receiver: Inbound<RustCrypto> = builder(0x1000, 2, 1).inbound().expect("it makes sense");
    let forward: Outbound<RustCrypto> = builder(0x2000, 2, 3).outbound(&mut Zeros).expect("it makes sense");
    let room = |octets: &[u8]| {
        let mut room = vec![0; ROOM];
        room[HEADROOM..HEADROOM + octets.len()].copy_from_slice(octets);
        room
    };
    let sealed: Vec<Vec<u8>> = packets
        .iter()
        .map(|plain| {
            let mut packet = PacketBuf::new(room(plain), HEADROOM, plain.len()).expect("it fits");
            sender.seal(NOW, &mut packet).expect("it is a packet");
            packet.octets().to_vec()
        })
        .collect();
    let state = RefCell::new((receiver, forward, vec![0; ROOM]));
    let tunnel = Contender::new("tunnel open + seal (GCM)", sealed, move |fresh: &Vec<u8>| {
        let (receiver, forward, room) = &mut *state.borrow_mut();
        room[HEADROOM..HEADROOM + fresh.len()].copy_from_slice(fresh);
        let mut packet = PacketBuf::new(&mut room[..], HEADROOM, fresh.len()).expect("it fits");
        let opened = receiver.open(NOW, &mut packet).is_ok();
        opened && forward.seal(NOW, &mut packet).is_ok()
    });
    Work { name, ours, peers: vec![Peer::Crate(tunnel, Some(10.0))] }
}
