//! What the tests share: random numbers, packets, channels.

#![allow(dead_code, reason = "each test file uses a part")]

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use ip_wire::checksum::{pseudo_v4, pseudo_v6};
use ip_wire::nat::{Endpoint, Rewrite};
use ip_wire::{DsField, Protocol, ipv4, ipv6, tcp, udp};
use ipsec_wire::rand_core::{TryCryptoRng, TryRng};
use ipsec_wire::{Aead, Builder, Cipher, Integrity, Keys, Suite};
use ngisec_wire::{Channel, Form, PacketBuf, Receiver, Sender};

pub const NOW: Duration = Duration::from_secs(1);

/// The same numbers each time.
pub struct TestRng(pub u64);

impl TryRng for TestRng {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|value| (value >> 32) as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Ok(self.0)
    }
    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        for octet in to {
            *octet = (self.try_next_u64()? >> 56) as u8;
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}

pub const NULL: Suite = Suite::Esp { cipher: Cipher::Null, integrity: Some(Integrity::HMAC_SHA1_96) };
pub const CBC: Suite = Suite::Esp { cipher: Cipher::AesCbc, integrity: None };
pub const GCM: Suite = Suite::EspCombined(Aead::AES_GCM_16);
pub const AH: Suite = Suite::Ah(Integrity::HMAC_SHA1_96);
pub const SUITES: [Suite; 3] = [NULL, CBC, GCM];

fn keys(suite: &Suite) -> Keys<'static> {
    const KEY: [u8; 64] = [0x5a; 64];
    match suite {
        Suite::Ah(integrity) => Keys { encryption: &[], integrity: &KEY[..integrity.mac().key_lens()[0]] },
        Suite::Esp { cipher, integrity } => Keys {
            encryption: &KEY[..cipher.key_lens()[0]],
            integrity: &KEY[..integrity.map_or(0, |integrity| integrity.mac().key_lens()[0])],
        },
        Suite::EspCombined(aead) => Keys { encryption: &KEY[..aead.key_lens()[0]], integrity: &[] },
    }
}

pub fn builder(spi: u32, suite: Suite) -> Builder<'static> {
    Builder::new(spi, suite, keys(&suite)).legacy_no_integrity()
}

pub fn sender(form: Form, spi: u32, suite: Suite) -> Sender {
    let mut rng = TestRng(u64::from(spi));
    let ah = builder(spi, AH).outbound(&mut rng).unwrap();
    Sender::new(form, ah, builder(spi + 1, suite).outbound(&mut rng).unwrap()).unwrap()
}

pub fn receiver(form: Form, spi: u32, suite: Suite) -> Receiver {
    Receiver::new(form, builder(spi, AH).inbound().unwrap(), builder(spi + 1, suite).inbound().unwrap()).unwrap()
}

/// One end of a channel: it sends with one SPI and receives with another.
pub fn channel(form: Form, send: u32, receive: u32) -> Channel {
    Channel { send: sender(form, send, GCM), receive: receiver(form, receive, GCM) }
}

pub fn address(version: u8, last: u8) -> IpAddr {
    if version == 4 { [10, 0, 0, last].into() } else { [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last].into() }
}

#[derive(Clone, Copy)]
pub struct Ends {
    pub source: IpAddr,
    pub sport: u16,
    pub destination: IpAddr,
    pub dport: u16,
}

impl Ends {
    pub fn of(version: u8) -> Self {
        Self { source: address(version, 1), sport: 1234, destination: address(version, 2), dport: 80 }
    }
}

pub fn ip(source: IpAddr, destination: IpAddr, protocol: Protocol, segment: &[u8]) -> Vec<u8> {
    let mut octets = vec![0u8; 40 + segment.len()];
    let at = match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            ipv4::Header::new(source, destination, protocol, segment.len()).unwrap().emit(&mut octets).unwrap()
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            ipv6::Header::new(source, destination, protocol, segment.len()).unwrap().emit(&mut octets).unwrap()
        }
        _ => panic!("mixed"),
    };
    octets.truncate(at + segment.len());
    octets[at..].copy_from_slice(segment);
    octets
}

pub fn packet(ends: Ends, protocol: Protocol, flags: tcp::Flags, data: &[u8]) -> Vec<u8> {
    let len = data.len() + if protocol == Protocol::TCP { 20 } else { 8 };
    let pseudo = match (ends.source, ends.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => pseudo_v4(source, destination, protocol, len as u16),
        (IpAddr::V6(source), IpAddr::V6(destination)) => pseudo_v6(source, destination, protocol, len as u32),
        _ => panic!("mixed"),
    };
    let mut segment = vec![0u8; len];
    if protocol == Protocol::TCP {
        let mut header = tcp::Header::new(ends.sport, ends.dport);
        (header.sequence_number, header.acknowledgment_number, header.window) = (0x0102_0304, 0x0506_0708, 0x2000);
        header.flags = flags;
        header.emit(pseudo, data, &mut segment).unwrap();
    } else {
        udp::Header::new(ends.sport, ends.dport).emit(pseudo, data, &mut segment).unwrap();
    }
    ip(ends.source, ends.destination, protocol, &segment)
}

pub fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0xee; 300];
    storage.extend_from_slice(octets);
    storage.resize(storage.len() + 300, 0xee);
    PacketBuf::new(storage, 300, octets.len()).unwrap()
}

/// Every header's checksum holds.
pub fn assert_true(octets: &[u8]) {
    let parsed = ip_wire::ip::Packet::parse(octets).unwrap();
    if let ip_wire::ip::Packet::V4(view) = parsed {
        view.verify_checksum().unwrap();
    }
    let upper = parsed.upper_layer().unwrap();
    assert!(parsed.pseudo_header(upper.protocol, upper.octets.len()).octets(upper.octets).holds(), "transport checksum");
    assert_eq!(parsed.len(), octets.len());
}

pub const VERSIONS: [u8; 2] = [4, 6];
pub const TRANSPORTS: [Protocol; 2] = [Protocol::TCP, Protocol::UDP];

/// Where the transport header and what is behind it start.
pub fn places(version: u8, protocol: Protocol) -> (usize, usize) {
    let ip = if version == 4 { 20 } else { 40 };
    (ip, ip + if protocol == Protocol::TCP { 20 } else { 8 })
}

/// What a form hides, and the next header in ESP, put together by hand from a packet.
pub fn hidden(form: Form, version: u8, protocol: Protocol, packet: &[u8]) -> (Vec<u8>, u8) {
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

/// A path that marks, forwards and translates.
pub fn travel(octets: &mut [u8], source: Option<Endpoint>, destination: Option<Endpoint>) {
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

/// A change under a checksum that is mended, as an attacker would have it.
pub fn forge(octets: &mut [u8], at: usize, bits: u8, transport: usize, protocol: Protocol) {
    octets[at] ^= bits;
    let check = transport + if protocol == Protocol::TCP { 16 } else { 6 };
    octets[check..check + 2].fill(0);
    let parsed = ip_wire::ip::Packet::parse(octets).unwrap();
    let sum = parsed.pseudo_header(protocol, octets.len() - transport).octets(&octets[transport..]).checksum();
    octets[check..check + 2].copy_from_slice(&sum.to_be_bytes());
}
