//! The packets of group `ipsec`: sealing and opening in tunnel mode, alone and in batches, beside their cryptography alone.

use std::cell::RefCell;
use std::time::Duration;

use ipsec_wire::algorithm::{Cipher, Integrity};
use ipsec_wire::crypto::{Job, RustCrypto, Transform};
use ipsec_wire::esp::Layout;
use ipsec_wire::rand_core::{TryCryptoRng, TryRng};
use ipsec_wire::{Aead, Builder, Error, Keys, Outbound, PacketBuf, Suite, Tunnel};

use crate::{Contender, Peer, Work};

const NOW: Duration = Duration::ZERO;
const HEADROOM: usize = 64;
/// Packets of a batch.
const BATCH: usize = 32;
const ROOM: usize = 1792;

struct Zeros;

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

/// All work items.
#[must_use]
pub fn works() -> Vec<Work> {
    let gcm = Suite::EspCombined(Aead::AES_GCM_16);
    let cbc = Suite::Esp { cipher: Cipher::AesCbc, integrity: Some(Integrity::HMAC_SHA1_96) };
    let names = [
        (gcm, 64, ["ESP GCM-128 seal, 64", "ESP GCM-128 seal, 64, batch"]),
        (gcm, 576, ["ESP GCM-128 seal, 576", "ESP GCM-128 seal, 576, batch"]),
        (gcm, 1500, ["ESP GCM-128 seal, 1500", "ESP GCM-128 seal, 1500, batch"]),
        (cbc, 64, ["ESP CBC-128 + SHA-1 seal, 64", "ESP CBC-128 + SHA-1 seal, 64, batch"]),
        (cbc, 576, ["ESP CBC-128 + SHA-1 seal, 576", "ESP CBC-128 + SHA-1 seal, 576, batch"]),
        (cbc, 1500, ["ESP CBC-128 + SHA-1 seal, 1500", "ESP CBC-128 + SHA-1 seal, 1500, batch"]),
    ];
    names
        .into_iter()
        .flat_map(|(suite, len, [single, batch])| [sealing(single, suite, len), batches(batch, suite, len)])
        .collect()
}

fn keys(suite: &Suite) -> (Vec<u8>, Vec<u8>) {
    match suite {
        Suite::Esp { .. } => (vec![7; 16], vec![9; 20]),
        _ => (vec![7; 20], Vec::new()),
    }
}

fn outbound(suite: Suite) -> Outbound {
    let (encryption, integrity) = keys(&suite);
    let tunnel = Tunnel::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into()).expect("one version");
    let keys = Keys { encryption: &encryption, integrity: &integrity };
    Builder::new(0x1000, suite, keys).esn(true).tunnel(tunnel).outbound(&mut Zeros).expect("it makes sense")
}

/// A header of an IPv4 packet of `len` octets; what was sealed before overwrites it, so each packet gets it anew.
fn header(len: usize) -> [u8; 20] {
    let mut header = [0; 20];
    ip_wire::ipv4::Header::new([10, 1, 0, 1].into(), [10, 2, 0, 1].into(), ip_wire::Protocol::UDP, len - 20)
        .and_then(|ipv4| ipv4.emit(&mut header))
        .expect("it fits");
    header
}

fn alone(suite: &Suite) -> RustCrypto {
    let (encryption, integrity) = keys(suite);
    RustCrypto::new(suite, &Keys { encryption: &encryption, integrity: &integrity }).expect("right keys")
}

fn sealing(name: &'static str, suite: Suite, len: usize) -> Work {
    let state = RefCell::new((outbound(suite), vec![0u8; ROOM]));
    let header = header(len);
    let ours = Contender::new("ipsec-wire", vec![[0u8; 0]; 64], move |_: &[u8; 0]| {
        let (outbound, storage) = &mut *state.borrow_mut();
        storage[HEADROOM..HEADROOM + 20].copy_from_slice(&header);
        let mut packet = PacketBuf::new(&mut storage[..], HEADROOM, len).expect("it fits");
        outbound.seal(NOW, &mut packet).map(|sealed| sealed.sequence)
    });
    let state = RefCell::new((alone(&suite), vec![0u8; Layout::new(&suite).sealed_len(len)]));
    let bare = Contender::new("cryptography alone", vec![[0u8; 0]; 64], move |_: &[u8; 0]| {
        let (transform, octets) = &mut *state.borrow_mut();
        transform.seal(&mut Job::new(octets, Some(0)));
        octets[9]
    });
    Work { name, ours, peers: vec![Peer::Crate(bare, None)] }
}

fn batches(name: &'static str, suite: Suite, len: usize) -> Work {
    let state = RefCell::new((outbound(suite), vec![0u8; ROOM * BATCH]));
    let header = header(len);
    let ours = Contender::new("ipsec-wire", vec![[0u8; 0]; 8], move |_: &[u8; 0]| {
        let (outbound, storage) = &mut *state.borrow_mut();
        let mut rooms = storage.chunks_exact_mut(ROOM);
        let mut packets: [PacketBuf<&mut [u8]>; BATCH] = std::array::from_fn(|_| {
            let room = rooms.next().expect("as many rooms as packets");
            room[HEADROOM..HEADROOM + 20].copy_from_slice(&header);
            PacketBuf::new(room, HEADROOM, len).expect("it fits")
        });
        let mut results = [Err(Error::Authentication); BATCH];
        outbound.seal_batch(NOW, &mut packets, &mut results).expect("as many results as packets");
        results[BATCH - 1].map(|sealed| sealed.sequence)
    })
    .of_batches(BATCH);
    let sealed_len = Layout::new(&suite).sealed_len(len);
    let state = RefCell::new((alone(&suite), vec![0u8; sealed_len * BATCH]));
    let bare = Contender::new("cryptography alone", vec![[0u8; 0]; 8], move |_: &[u8; 0]| {
        let (transform, storage) = &mut *state.borrow_mut();
        let mut rooms = storage.chunks_exact_mut(sealed_len);
        let mut jobs: [Job<'_>; BATCH] = std::array::from_fn(|_| Job::new(rooms.next().expect("as many"), Some(0)));
        transform.seal_batch(&mut jobs);
    })
    .of_batches(BATCH);
    let state = RefCell::new((alone(&suite), vec![0u8; sealed_len]));
    let single = Contender::new("RustCrypto, one by one", vec![[0u8; 0]; 64], move |_: &[u8; 0]| {
        let (transform, octets) = &mut *state.borrow_mut();
        transform.seal(&mut Job::new(octets, Some(0)));
        octets[9]
    });
    Work { name, ours, peers: vec![Peer::Crate(bare, None), Peer::Crate(single, None)] }
}
