//! The packets of group `ipsec`: sealing and opening in tunnel mode, alone and in batches, beside their cryptography alone.
//!
//! All contenders get fresh octets for each packet: what was sealed is overwritten by its header, what was opened by the whole sealed packet; the copy is
//! in everyone's time. The window is off while opening, since the same packets come again and again: its cost is an item of its own.

use std::cell::RefCell;
use std::time::Duration;

use ipsec_wire::algorithm::{Cipher, Integrity};
use ipsec_wire::crypto::{AhJob, Job, Ring, RustCrypto, Transform};
use ipsec_wire::{Aead, Builder, Error, Inbound, Keys, Outbound, PacketBuf, Suite, Tunnel};

use super::bare;
use crate::lanes::{Batch, Size};
use crate::packets::Zeros;
use crate::{Contender, Peer, Work};

const NOW: Duration = Duration::ZERO;
const HEADROOM: usize = 64;
const ROOM: usize = 1792;
/// Octets of the outer header.
pub(super) const OUTER: usize = 20;
pub(super) const AES_KEY: [u8; 16] = [7; 16];
pub(super) const MAC_KEY: [u8; 20] = [9; 20];

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

/// What is done to a packet.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Direction {
    Seal,
    Open,
}

fn keys(suite: &Suite) -> Keys<'static> {
    match suite {
        Suite::Ah(_) => Keys { encryption: &[], integrity: &MAC_KEY },
        Suite::Esp { .. } => Keys { encryption: &AES_KEY, integrity: &MAC_KEY },
        Suite::EspCombined(aead) if *aead == Aead::CHACHA20_POLY1305 => Keys { encryption: &[7; 36], integrity: &[] },
        Suite::EspCombined(_) => Keys { encryption: &[7; 20], integrity: &[] },
    }
}

fn alone(suite: &Suite) -> RustCrypto {
    RustCrypto::new(suite, &keys(suite)).expect("right keys")
}

/// An association without a window from gateway `local` to gateway `remote`.
pub(super) fn builder(suite: Suite, local: u8, remote: u8) -> Builder<'static> {
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

/// `count` packets to be sealed.
pub(super) fn plain(size: Size, count: usize) -> Vec<Vec<u8>> {
    Batch::new(size, count).octets.iter().map(|octets| packet(octets.len())).collect()
}

/// The packets sealed.
pub(super) fn seal<T: Transform>(sender: &mut Outbound<T>, plain: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let seal = |plain: &Vec<u8>| {
        let mut packet = PacketBuf::new(room(plain), HEADROOM, plain.len()).expect("it fits");
        sender.seal(NOW, &mut packet).expect("it is a packet");
        packet.octets().to_vec()
    };
    plain.iter().map(seal).collect()
}

/// Packets with room around them, and what is written over each before it is worked on.
pub(super) struct Packets {
    rooms: Vec<Vec<u8>>,
    fresh: Vec<Vec<u8>>,
    lens: Vec<usize>,
    /// The sequence number of the next packet, if each gets one.
    next: Option<u32>,
}

impl Packets {
    fn new(octets: &[Vec<u8>], fresh: usize) -> Self {
        Self {
            rooms: octets.iter().map(|octets| room(octets)).collect(),
            fresh: octets.iter().map(|octets| octets[..fresh.min(octets.len())].to_vec()).collect(),
            lens: octets.iter().map(Vec::len).collect(),
            next: None,
        }
    }

    /// Sealing moves the header and leaves the payload where it is: the header is written again.
    pub(super) fn to_seal(plain: &[Vec<u8>]) -> Self {
        Self::new(plain, OUTER)
    }

    /// All of a packet is written again.
    pub(super) fn to_open(sealed: &[Vec<u8>]) -> Self {
        Self::new(sealed, usize::MAX)
    }

    /// For cryptography alone, which gets packets of their full length in both directions; as many octets of each are written again.
    pub(super) fn as_sealed(sealed: &[Vec<u8>], direction: Direction) -> Self {
        Self::new(sealed, if direction == Direction::Seal { OUTER } else { usize::MAX })
    }

    /// Each packet with a sequence number higher than the one before.
    pub(super) fn numbered(self) -> Self {
        Self { next: Some(1), ..self }
    }

    pub(super) fn renew(&mut self, at: usize) {
        let fresh = &self.fresh[at];
        self.rooms[at][HEADROOM..HEADROOM + fresh.len()].copy_from_slice(fresh);
        if let Some(next) = &mut self.next {
            self.rooms[at][HEADROOM + OUTER + 4..HEADROOM + OUTER + 8].copy_from_slice(&next.to_be_bytes());
            *next = next.wrapping_add(1);
        }
    }

    pub(super) fn renew_all(&mut self) {
        (0..self.rooms.len()).for_each(|at| self.renew(at));
    }

    pub(super) fn packet_mut(&mut self, at: usize) -> &mut [u8] {
        &mut self.rooms[at][HEADROOM..HEADROOM + self.lens[at]]
    }

    pub(super) fn packets(&self) -> impl Iterator<Item = &[u8]> {
        self.rooms.iter().zip(&self.lens).map(|(room, len)| &room[HEADROOM..HEADROOM + len])
    }

    pub(super) fn packets_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        self.rooms.iter_mut().zip(&self.lens).map(|(room, len)| &mut room[HEADROOM..HEADROOM + len])
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
    let plain = plain(size, batch.max(32));
    let mut sender = builder(case.suite, 1, 2).outbound_with(transform(), &mut Zeros).expect("it makes sense");
    let sealed = seal(&mut sender, &plain);
    let packets = if direction == Direction::Seal { Packets::to_seal(&plain) } else { Packets::to_open(&sealed) };
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
    if case.suite == Suite::EspCombined(Aead::AES_GCM_16) {
        let bare = if case.ring { bare::ring(direction, &sealed) } else { bare::rust_crypto(direction, &sealed) };
        peers.push(Peer::Crate(bare, case.budget));
    }
    if matches!(case.suite, Suite::Esp { .. }) && batch > 1 {
        peers.push(Peer::Crate(bare::lanes(direction, &sealed), case.budget));
        #[cfg(ipsec_mb)]
        peers.push(Peer::Crate(bare::intel(direction, &sealed), Some(1.0).filter(|_| matches!(size, Size::Fixed(576 | 1500)))));
    }
    Work { name: name.leak(), ours, peers }
}

/// One contender's operation is a packet, and its input the place of one.
pub(super) fn each(name: &'static str, packets: usize, work: impl Fn(usize) -> bool + 'static) -> Contender {
    Contender::new(name, (0..packets).collect::<Vec<usize>>(), move |at: &usize| assert!(work(*at)))
}

pub(super) fn seal_each<T: Transform + 'static>(outbound: Outbound<T>, packets: Packets) -> Contender {
    let count = packets.rooms.len();
    let state = RefCell::new((outbound, packets));
    each("ipsec-wire", count, move |at| {
        let (outbound, packets) = &mut *state.borrow_mut();
        packets.renew(at);
        let mut packet = PacketBuf::new(&mut packets.rooms[at][..], HEADROOM, packets.lens[at]).expect("it fits");
        outbound.seal(NOW, &mut packet).is_ok()
    })
}

pub(super) fn open_each<T: Transform + 'static, const N: usize>(inbound: Inbound<T, [u64; N]>, packets: Packets) -> Contender {
    let count = packets.rooms.len();
    let state = RefCell::new((inbound, packets));
    each("ipsec-wire", count, move |at| {
        let (inbound, packets) = &mut *state.borrow_mut();
        packets.renew(at);
        let mut packet = PacketBuf::new(&mut packets.rooms[at][..], HEADROOM, packets.lens[at]).expect("it fits");
        inbound.open(NOW, &mut packet).is_ok()
    })
}

pub(super) fn seal_all<T: Transform + 'static>(outbound: Outbound<T>, packets: Packets) -> Contender {
    let count = packets.rooms.len();
    let state = RefCell::new((outbound, packets, vec![Err(Error::Authentication); count]));
    let work = move |_: &[u8; 0]| {
        let (outbound, packets, results) = &mut *state.borrow_mut();
        packets.renew_all();
        let mut bufs = bufs(packets);
        outbound.seal_batch(NOW, &mut bufs, results).expect("as many results as packets");
        assert!(results.iter().all(Result::is_ok));
    };
    Contender::new("ipsec-wire", vec![[0u8; 0]; 1], work).of_batches(count)
}

pub(super) fn open_all<T: Transform + 'static, const N: usize>(inbound: Inbound<T, [u64; N]>, packets: Packets) -> Contender {
    let count = packets.rooms.len();
    let state = RefCell::new((inbound, packets, vec![Err(Error::Authentication); count]));
    let work = move |_: &[u8; 0]| {
        let (inbound, packets, results) = &mut *state.borrow_mut();
        packets.renew_all();
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
    let packets = Packets::as_sealed(sealed, direction);
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
