//! Two security gateways over two UDP sockets: each takes packets of its network, and sends them to the other as ESP in UDP (RFC 3948).
//! The operating system makes the outer headers, so the crate's part is the payload of the datagrams.
//!
//! `cargo run --release -p wirecraft-examples --bin esp_gateway [PACKETS]`

use std::error::Error;
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use ip_wire::ip::Packet;
use ip_wire::{PacketBuf, Protocol};
use ipsec_wire::natt::Payload;
use ipsec_wire::{Aead, Builder, Inbound, Keys, Outbound, Suite};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use wirecraft_examples::traffic;

/// Octets before and behind a packet: enough for ESP, whatever the suite.
const HEADROOM: usize = 64;
const TAILROOM: usize = 64;
const MAX_PACKET: usize = 1500;

/// One gateway: a socket to the other, one association each way, a buffer.
struct Gateway {
    socket: UdpSocket,
    outbound: Outbound,
    inbound: Inbound,
    start: Instant,
    refused: u64,
}

impl Gateway {
    /// `ours` and `theirs` are the SPIs that this end and the other receive under, with their keys.
    fn new(socket: UdpSocket, ours: (u32, &[u8]), theirs: (u32, &[u8])) -> Result<Self, Box<dyn Error>> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| error.to_string())?;
        let suite = Suite::EspCombined(Aead::AES_GCM_16);
        let keys = |key| Keys { encryption: key, integrity: &[] };
        Ok(Self {
            socket,
            outbound: Builder::new(theirs.0, suite, keys(theirs.1)).outbound(&mut ChaCha20Rng::from_seed(seed))?,
            inbound: Builder::new(ours.0, suite, keys(ours.1)).replay_window(128).inbound()?,
            start: Instant::now(),
            refused: 0,
        })
    }

    /// A packet of the network behind this gateway goes to the other one.
    fn send(&mut self, packet: &[u8]) -> Result<(), Box<dyn Error>> {
        let next = if Packet::parse(packet)?.version() == 4 { Protocol::IPV4 } else { Protocol::IPV6 };
        let mut storage = [0; HEADROOM + MAX_PACKET + TAILROOM];
        let mut buf = PacketBuf::empty(&mut storage[..], HEADROOM)?;
        buf.append(packet)?;
        self.outbound.seal_payload(self.start.elapsed(), &mut buf, next, 4)?;
        self.socket.send(buf.octets())?;
        Ok(())
    }

    /// The next packet for the network behind this gateway; what is not one is counted. `None` after half a second of silence.
    fn receive(&mut self, into: &mut Vec<u8>) -> Result<Option<usize>, Box<dyn Error>> {
        self.socket.set_read_timeout(Some(Duration::from_millis(500)))?;
        let mut storage = [0; MAX_PACKET + HEADROOM + TAILROOM];
        loop {
            let Ok(len) = self.socket.recv(&mut storage) else { return Ok(None) };
            // IKE and keep-alives come to the same port.
            let Ok(Payload::Esp(_)) = Payload::parse(&storage[..len]) else {
                self.refused += 1;
                continue;
            };
            let mut buf = PacketBuf::new(&mut storage[..], 0, len)?;
            match self.inbound.open_payload(self.start.elapsed(), &mut buf) {
                // What was in the tunnel must be a packet of the version that it says, and no longer than it came.
                Ok(_) if Packet::parse(buf.octets()).is_ok() => {
                    into.clear();
                    into.extend_from_slice(buf.octets());
                    return Ok(Some(into.len()));
                }
                _ => self.refused += 1,
            }
        }
    }
}

/// Two gateways that are connected to each other.
fn pair() -> Result<(Gateway, Gateway), Box<dyn Error>> {
    let (a, b) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    a.connect(b.local_addr()?)?;
    b.connect(a.local_addr()?)?;
    // 16 octets of key and 4 of salt each; a key exchange would make them.
    let mut keys = [[0; 20]; 2];
    for key in &mut keys {
        getrandom::fill(key).map_err(|error| error.to_string())?;
    }
    let (of_a, of_b) = ((0x1001, &keys[0][..]), (0x2002, &keys[1][..]));
    Ok((Gateway::new(a, of_a, of_b)?, Gateway::new(b, of_b, of_a)?))
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(10_000), |count| count.parse())?;
    let (mut near, mut far) = pair()?;
    let packets = traffic(count, 16, 1000)?;
    let sent = packets.clone();
    let receiver = thread::spawn(move || {
        let (mut packet, mut arrived, mut known) = (Vec::new(), 0_usize, 0_usize);
        while let Ok(Some(_)) = far.receive(&mut packet) {
            arrived += 1;
            known += usize::from(sent.contains(&packet));
        }
        (arrived, known, far.refused)
    });
    let start = Instant::now();
    for packet in &packets {
        near.send(packet)?;
    }
    let time = start.elapsed();
    let (arrived, known, refused) = receiver.join().map_err(|_| "the receiving gateway stopped")?;
    println!(
        "{count} packets of 1028 octets sealed and sent in {time:.1?}; {arrived} arrived, {known} as they were, {refused} refused"
    );
    // A socket's buffer may overflow, but nothing may change on the way.
    if known == arrived && arrived > 0 { Ok(()) } else { Err("a packet changed on the way".into()) }
}

#[cfg(test)]
mod tests {
    use super::{pair, traffic};

    #[test]
    fn packets_go_both_ways_and_anything_else_is_refused() {
        let (mut near, mut far) = pair().unwrap();
        let mut packet = Vec::new();
        for sent in traffic(20, 4, 500).unwrap() {
            near.send(&sent).unwrap();
            assert_eq!(far.receive(&mut packet).unwrap(), Some(528));
            assert_eq!(packet, sent);
            far.send(&sent).unwrap();
            assert_eq!(near.receive(&mut packet).unwrap(), Some(528));
            assert_eq!(packet, sent);
        }
        // A keep-alive, IKE's marker, nonsense, and a packet under the right SPI that nobody sealed.
        for octets in [&[0xff][..], &[0; 40], &[7; 60], &[&[0, 0, 0x20, 2][..], &[9; 60]].concat()] {
            near.socket.send(octets).unwrap();
        }
        assert_eq!(far.receive(&mut packet).unwrap(), None);
        assert_eq!(far.refused, 4);
        assert!(near.send(b"no packet").is_err());
    }
}
