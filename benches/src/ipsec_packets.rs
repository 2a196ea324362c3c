//! The packets of group `ipsec`: sealing and opening in tunnel mode, alone and in batches, beside their cryptography alone.
//!
//! All contenders get fresh octets for each packet: what was sealed is overwritten by its header, what was opened by the whole sealed packet; the copy is
//! in everyone's time. The window is off while opening, since the same packets come again and again: its cost is an item of its own.

use std::cell::RefCell;
use std::time::Duration;

use ipsec_wire::algorithm::{Cipher, Integrity};
use ipsec_wire::crypto::{AhJob, Job, Ring, RustCrypto, Transform};
use ipsec_wire::rand_core::{TryCryptoRng, TryRng};
use ipsec_wire::{Aead, Builder, Error, Inbound, Keys, Outbound, PacketBuf, Suite, Tunnel};

use crate::lanes::{Batch, Size};
use crate::{Contender, Peer, Work};

const NOW: Duration = Duration::ZERO;
const HEADROOM: usize = 64;
const ROOM: usize = 1792;
/// Octets of the outer header.
const OUTER: usize = 20;

/// A generator that gives nothing but zeros.
pub(crate) struct Zeros;

impl TryRng for Zeros {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        to.fill(0);
        Ok(())
    }
}

impl TryCryptoRng for Zeros {}

/// What is measured of a suite: its name, the share of the bare cryptography's speed to be kept in batches, and by `ring`.
struct Case {
    name: &'static str,
    suite: Suite,
    ring: bool,
    budget: Option<f64>,
}

/// All work items.
#[must_use]
pub fn works() -> Vec<Work> {
    let gcm = Suite::EspCombined(Aead::AES_GCM_16);
    let chacha = Suite::EspCombined(Aead::CHACHA20_POLY1305);
    let cbc = Suite::Esp { cipher: Cipher::AesCbc, integrity: Some(Integrity::HMAC_SHA1_96) };
    let cases = [
        Case { name: "CBC+SHA1", suite: cbc, ring: false, budget: Some(0.8) },
        Case { name: "GCM", suite: gcm, ring: false, budget: Some(0.95) },
        Case { name: "GCM ring", suite: gcm, ring: true, budget: Some(0.95) },
        Case { name: "ChaCha20", suite: chacha, ring: false, budget: None },
        Case { name: "ChaCha20 ring", suite: chacha, ring: true, budget: None },
        Case { name: "AH SHA1", suite: Suite::Ah(Integrity::HMAC_SHA1_96), ring: false, budget: None },
    ];
    let sizes = [(Size::Fixed(64), "64"), (Size::Fixed(576), "576"), (Size::Fixed(1500), "1500"), (Size::Imix, "IMIX")];
    let mut works = Vec::new();
    for case in &cases {
        for (size, of) in sizes {
            for batch in [1, 32, 256] {
                let how = if batch == 1 { String::new() } else { format!(", b{batch}") };
                for (direction, verb) in [(Direction::Seal, "seal"), (Direction::Open, "open")] {
                    let name = format!("{} {verb} {of}{how}", case.name);
                    works.push(if case.ring {
                        work(name, case, direction, size, batch, || {
                            Ring::new(&case.suite, &keys(&case.suite)).expect("right keys")
                        })
                    } else {
                        work(name, case, direction, size, batch, || alone(&case.suite))
                    });
                }
            }
        }
    }
    works
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Seal,
    Open,
}

fn keys(suite: &Suite) -> Keys<'static> {
    match suite {
        Suite::Ah(_) => Keys { encryption: &[], integrity: &[9; 20] },
        Suite::Esp { .. } => Keys { encryption: &[7; 16], integrity: &[9; 20] },
        Suite::EspCombined(aead) if *aead == Aead::CHACHA20_POLY1305 => Keys { encryption: &[7; 36], integrity: &[] },
        Suite::EspCombined(_) => Keys { encryption: &[7; 20], integrity: &[] },
    }
}

fn alone(suite: &Suite) -> RustCrypto {
    RustCrypto::new(suite, &keys(suite)).expect("right keys")
}

fn builder(suite: Suite, local: u8, remote: u8) -> Builder<'static> {
    let tunnel = Tunnel::new([192, 0, 2, local].into(), [192, 0, 2, remote].into()).expect("one version");
    Builder::new(0x1000, suite, keys(&suite)).esn(true).replay_window(0).tunnel(tunnel)
}

/// An IPv4 packet of `len` octets.
fn packet(len: usize) -> Vec<u8> {
    let mut packet = vec![0x35; len];
    ip_wire::ipv4::Header::new([10, 1, 0, 1].into(), [10, 2, 0, 1].into(), ip_wire::Protocol::UDP, len - 20)
        .and_then(|ipv4| ipv4.emit(&mut packet))
        .expect("it fits");
    packet
}

fn room(octets: &[u8]) -> Vec<u8> {
    let mut room = vec![0; ROOM];
    room[HEADROOM..HEADROOM + octets.len()].copy_from_slice(octets);
    room
}

/// Packets with room around them, and what is written over each before it is worked on.
struct Packets {
    rooms: Vec<Vec<u8>>,
    fresh: Vec<Vec<u8>>,
    lens: Vec<usize>,
}

impl Packets {
    fn new(octets: &[Vec<u8>], direction: Direction) -> Self {
        let fresh = match direction {
            Direction::Seal => octets.iter().map(|octets| octets[..20].to_vec()).collect(),
            Direction::Open => octets.to_vec(),
        };
        Self { rooms: octets.iter().map(|octets| room(octets)).collect(), fresh, lens: octets.iter().map(Vec::len).collect() }
    }

    fn renew(&mut self, at: usize) {
        let fresh = &self.fresh[at];
        self.rooms[at][HEADROOM..HEADROOM + fresh.len()].copy_from_slice(fresh);
    }
}

fn work<T: Transform + 'static>(
    name: String,
    case: &Case,
    direction: Direction,
    size: Size,
    batch: usize,
    transform: impl Fn() -> T,
) -> Work {
    // One by one too, packets of a mix come in turn.
    let rotation = batch.max(32);
    let plain: Vec<Vec<u8>> = Batch::new(size, rotation).octets.iter().map(|octets| packet(octets.len())).collect();
    let mut sender = builder(case.suite, 1, 2).outbound_with(transform(), &mut Zeros).expect("it makes sense");
    let sealed: Vec<Vec<u8>> = plain
        .iter()
        .map(|plain| {
            let mut packet = PacketBuf::new(room(plain), HEADROOM, plain.len()).expect("it fits");
            sender.seal(NOW, &mut packet).expect("it is a packet");
            packet.octets().to_vec()
        })
        .collect();
    let packets = Packets::new(if direction == Direction::Seal { &plain } else { &sealed }, direction);
    let ours = match (direction, batch) {
        (Direction::Seal, 1) => seal_each(sender, packets),
        (Direction::Seal, _) => seal_all(sender, packets),
        (Direction::Open, _) => {
            let receiver = builder(case.suite, 2, 1).inbound_with(transform(), [0; 1]).expect("it makes sense");
            if batch == 1 { open_each(receiver, packets) } else { open_all(receiver, packets) }
        }
    };
    let mut peers = vec![Peer::Crate(
        bare("cryptography alone", transform(), case.suite, direction, &sealed, batch > 1),
        case.budget.filter(|_| batch > 1 || !matches!(case.suite, Suite::Esp { .. })),
    )];
    if batch > 1 && !case.ring {
        peers.push(Peer::Crate(bare("RustCrypto, one by one", alone(&case.suite), case.suite, direction, &sealed, false), None));
    }
    if case.ring && case.suite == Suite::EspCombined(Aead::AES_GCM_16) {
        peers.push(Peer::Crate(ring_bare(direction, &sealed), case.budget));
    }
    Work { name: name.leak(), ours, peers }
}

/// One contender's operation is a packet, and its input the place of one.
fn each(packets: usize, work: impl Fn(usize) -> bool + 'static) -> Contender {
    Contender::new("ipsec-wire", (0..packets).collect::<Vec<usize>>(), move |at: &usize| assert!(work(*at)))
}

fn seal_each<T: Transform + 'static>(outbound: Outbound<T>, packets: Packets) -> Contender {
    let count = packets.rooms.len();
    let state = RefCell::new((outbound, packets));
    each(count, move |at| {
        let (outbound, packets) = &mut *state.borrow_mut();
        packets.renew(at);
        let mut packet = PacketBuf::new(&mut packets.rooms[at][..], HEADROOM, packets.lens[at]).expect("it fits");
        outbound.seal(NOW, &mut packet).is_ok()
    })
}

fn open_each<T: Transform + 'static>(inbound: Inbound<T, [u64; 1]>, packets: Packets) -> Contender {
    let count = packets.rooms.len();
    let state = RefCell::new((inbound, packets));
    each(count, move |at| {
        let (inbound, packets) = &mut *state.borrow_mut();
        packets.renew(at);
        let mut packet = PacketBuf::new(&mut packets.rooms[at][..], HEADROOM, packets.lens[at]).expect("it fits");
        inbound.open(NOW, &mut packet).is_ok()
    })
}

fn seal_all<T: Transform + 'static>(outbound: Outbound<T>, packets: Packets) -> Contender {
    let count = packets.rooms.len();
    let state = RefCell::new((outbound, packets, vec![Err(Error::Authentication); count]));
    let work = move |_: &[u8; 0]| {
        let (outbound, packets, results) = &mut *state.borrow_mut();
        (0..count).for_each(|at| packets.renew(at));
        let mut bufs = bufs(packets);
        outbound.seal_batch(NOW, &mut bufs, results).expect("as many results as packets");
        assert!(results.iter().all(Result::is_ok));
    };
    Contender::new("ipsec-wire", vec![[0u8; 0]; 1], work).of_batches(count)
}

fn open_all<T: Transform + 'static>(inbound: Inbound<T, [u64; 1]>, packets: Packets) -> Contender {
    let count = packets.rooms.len();
    let state = RefCell::new((inbound, packets, vec![Err(Error::Authentication); count]));
    let work = move |_: &[u8; 0]| {
        let (inbound, packets, results) = &mut *state.borrow_mut();
        (0..count).for_each(|at| packets.renew(at));
        let mut bufs = bufs(packets);
        inbound.open_batch(NOW, &mut bufs, results).expect("as many results as packets");
        assert!(results.iter().all(Result::is_ok));
    };
    Contender::new("ipsec-wire", vec![[0u8; 0]; 1], work).of_batches(count)
}

fn bufs(packets: &mut Packets) -> Vec<PacketBuf<&mut [u8]>> {
    let rooms = packets.rooms.iter_mut().zip(&packets.lens);
    rooms.map(|(room, len)| PacketBuf::new(&mut room[..], HEADROOM, *len).expect("it fits")).collect()
}

/// The same cryptography over the same octets, without packets around them.
fn bare<T: Transform + 'static>(
    name: &'static str,
    transform: T,
    suite: Suite,
    direction: Direction,
    sealed: &[Vec<u8>],
    together: bool,
) -> Contender {
    let mut packets = Packets::new(sealed, Direction::Open);
    if direction == Direction::Seal {
        // As many octets as ours gets.
        packets.fresh.iter_mut().for_each(|fresh| fresh.truncate(20));
    }
    let (count, icv_len) = (packets.rooms.len(), suite.icv_len());
    let state = RefCell::new((transform, packets, vec![[0u8; 64]; count]));
    let run = move |range: std::ops::Range<usize>| {
        let (transform, packets, icvs) = &mut *state.borrow_mut();
        range.clone().for_each(|at| packets.renew(at));
        let octets = packets.rooms[range.clone()].iter_mut().zip(&packets.lens[range.clone()]);
        let octets = octets.map(|(room, len)| &mut room[HEADROOM + OUTER..HEADROOM + len]);
        if matches!(suite, Suite::Ah(_)) {
            let icvs = icvs[range].iter_mut();
            let jobs =
                octets.zip(icvs).map(|(octets, icv)| AhJob { pieces: [octets, &[0; 20], &[0; 4]], icv: &mut icv[..icv_len] });
            return run_ah(transform, jobs, together);
        }
        let mut jobs = octets.map(|octets| Job::new(octets, Some(0)));
        match (direction, together) {
            (Direction::Seal, false) => jobs.by_ref().for_each(|mut job| transform.seal(&mut job)),
            (Direction::Open, false) => jobs.by_ref().for_each(|mut job| transform.open(&mut job)),
            (Direction::Seal, true) => transform.seal_batch(&mut jobs.collect::<Vec<_>>()),
            (Direction::Open, true) => transform.open_batch(&mut jobs.collect::<Vec<_>>()),
        }
    };
    if together {
        return Contender::new(name, vec![[0u8; 0]; 1], move |_: &[u8; 0]| run(0..count)).of_batches(count);
    }
    Contender::new(name, (0..count).collect::<Vec<usize>>(), move |at: &usize| run(*at..*at + 1))
}

fn run_ah<'a>(transform: &impl Transform, jobs: impl Iterator<Item = AhJob<'a>>, together: bool) {
    if together {
        return transform.ah_icv_batch(&mut jobs.collect::<Vec<_>>());
    }
    for job in jobs {
        let pieces = job.pieces;
        transform.ah_icv(&|sink| pieces.iter().for_each(|piece| sink(piece)), job.icv);
    }
}

/// `ring` by itself, one by one, over what is encrypted of the same packets.
fn ring_bare(direction: Direction, sealed: &[Vec<u8>]) -> Contender {
    use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

    let mut packets = Packets::new(sealed, Direction::Open);
    if direction == Direction::Seal {
        packets.fresh.iter_mut().for_each(|fresh| fresh.truncate(20));
    }
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[7; 16]).expect("16 octets"));
    let count = packets.rooms.len();
    let state = RefCell::new(packets);
    Contender::new("ring", (0..count).collect::<Vec<usize>>(), move |at: &usize| {
        let packets = &mut *state.borrow_mut();
        packets.renew(*at);
        let esp = &mut packets.rooms[*at][HEADROOM + OUTER..HEADROOM + packets.lens[*at]];
        let (header, rest) = esp.split_at_mut(8);
        let (iv, rest) = rest.split_at_mut(8);
        let (body, icv) = rest.split_at_mut(rest.len() - 16);
        let mut nonce = [7; 12];
        nonce[4..].copy_from_slice(iv);
        let mut aad = [0; 12];
        aad[..4].copy_from_slice(&header[..4]);
        aad[8..].copy_from_slice(&header[4..]);
        let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from(aad));
        match direction {
            Direction::Seal => {
                let tag = key.seal_in_place_separate_tag(nonce, aad, body).expect("it is short");
                icv.copy_from_slice(tag.as_ref());
            }
            Direction::Open => {
                let tag = Tag::try_from(&*icv).expect("16 octets");
                key.open_in_place_separate_tag(nonce, aad, tag, body, 0..).expect("it is authentic");
            }
        }
    })
}
