//! Group `ngisec`: what a data packet costs a gateway, beside opening an IPsec tunnel and sealing another (draft-shukla 2 and 6.2).
//!
//! All contenders write the packet anew before they work on it; the copy is in everyone's time.

use std::cell::RefCell;
use std::time::Duration;

use ip_wire::{FlowKey, Ports, Protocol, ipv4};
use ipsec_wire::crypto::RustCrypto;
use ipsec_wire::{Aead, Builder, Inbound, Integrity, Keys, Outbound, PacketBuf, Suite, Tunnel};
use ngisec_wire::role::{Network, Peer as Gateway};
use ngisec_wire::{Channel, Form, Limits, Receiver, Sender, Translator, VpnGateway};

use crate::ipsec_packets::Zeros;
use crate::{Contender, Group, Peer, Work};

/// What `ratios` calls it.
pub const NAME: &str = "ngisec";

const NOW: Duration = Duration::ZERO;
const HEADROOM: usize = 64;
const ROOM: usize = 1792;
/// Flows that the gateway knows.
const FLOWS: u16 = 1000;

/// All work items.
#[must_use]
pub fn group() -> Group {
    let works = [("gateway, data packet of 64 octets", 64), ("gateway, 576 octets", 576), ("gateway, 1500 octets", 1500)];
    Group { name: NAME, works: works.map(|(name, len)| gateway(name, len)).into_iter().collect() }
}

/// A data packet that arrives for a flow of the gateway: AH and ESP of two hosts behind a UDP header.
fn packet(flow: u16, len: usize) -> Vec<u8> {
    let mut packet = vec![0x35; len];
    let header = ipv4::Header::new([198, 51, 100, 9].into(), [203, 0, 113, 1].into(), Protocol::UDP, len - 20).expect("it fits");
    header.emit(&mut packet).expect("it fits");
    packet[20..24].copy_from_slice(&[80_u16.to_be_bytes(), (40_000 + flow).to_be_bytes()].concat());
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

fn gateway(name: &'static str, len: usize) -> Work {
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
    let packets: Vec<Vec<u8>> = (0..256).map(|at| packet(at * 97 % FLOWS, len)).collect();
    let mut known = PacketBuf::new(packets[0].clone(), 0, len).expect("it is all of it");
    gateway.inbound(NOW, &mut known).expect("the flow is known");
    assert_eq!(known.octets()[12..20], [10, 9, 0, 9, 10, 0, 0, 5]);

    let state = RefCell::new((gateway, vec![0; len]));
    let ours = Contender::new("ngisec-wire", packets.clone(), move |fresh: &Vec<u8>| {
        let (gateway, room) = &mut *state.borrow_mut();
        room.copy_from_slice(fresh);
        let mut packet = PacketBuf::new(&mut room[..], 0, fresh.len()).expect("it is all of it");
        gateway.inbound(NOW, &mut packet)
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
