//! Group `ngisec`: what a data packet costs a gateway, beside opening an IPsec tunnel and sealing another (draft-shukla 2 and 6.2).
//!
//! All contenders write the packet anew before they work on it; the copy is in everyone's time.

use std::cell::RefCell;
use std::time::Duration;

use ip_wire::{FlowKey, Ports, Protocol, ipv4};
use ipsec_wire::crypto::RustCrypto;
use ipsec_wire::{Aead, Builder, Inbound, Keys, Outbound, PacketBuf, Suite, Tunnel};
use ngisec_wire::{Limits, Observation, ReverseNat};

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

/// A packet of a flow, as the translation at its sender's side left it.
fn packet(flow: u16, len: usize) -> Vec<u8> {
    let mut packet = vec![0x35; len];
    let header = ipv4::Header::new([203, 0, 113, 1].into(), [198, 51, 100, 9].into(), Protocol::UDP, len - 20).expect("it fits");
    header.emit(&mut packet).expect("it fits");
    packet[20..24].copy_from_slice(&[(40_000 + flow).to_be_bytes(), 80_u16.to_be_bytes()].concat());
    packet[24..26].copy_from_slice(&u16::try_from(len - 20).expect("it fits").to_be_bytes());
    packet
}

fn gateway(name: &'static str, len: usize) -> Work {
    let mut table = ReverseNat::new(Limits::default());
    for flow in 0..FLOWS {
        let key = |source: [u8; 4], port| {
            let ports = Ports::Pair { source: port, destination: 80 };
            FlowKey::new(source.into(), [198, 51, 100, 9].into(), Protocol::UDP, ports).expect("one version")
        };
        let observation = Observation { outer: key([203, 0, 113, 1], 40_000 + flow), inner: key([10, 0, 0, 5], 1000 + flow) };
        table.learn(NOW, &observation).expect("there is room");
    }
    let packets: Vec<Vec<u8>> = (0..256).map(|at| packet(at * 97 % FLOWS, len)).collect();
    let mut known = packets[0].clone();
    assert_eq!(table.restore(NOW, &mut known), Ok(true));
    assert_eq!(known[12..16], [10, 0, 0, 5]);

    let state = RefCell::new((table, vec![0; len]));
    let ours = Contender::new("ngisec-wire", packets.clone(), move |fresh: &Vec<u8>| {
        let (table, packet) = &mut *state.borrow_mut();
        packet.copy_from_slice(fresh);
        table.restore(NOW, packet)
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
