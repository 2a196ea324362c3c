//! The cryptography of the same packets by what does nothing else: vector lanes, ipsec-mb, the crates of AES-GCM.

use std::cell::RefCell;

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, KeyInit};
use wire_lanes::{Engine, Segments, Sha1, cbc, hmac};

use super::packets::{AES_KEY, Direction, MAC_KEY, OUTER, Packets, each};
use crate::Contender;

/// Octets before what CBC encrypts: SPI, sequence number, IV.
const CLEAR: usize = 24;
/// Octets of HMAC-SHA-1-96.
const ICV: usize = 12;

/// What is hashed behind a packet with an extended sequence number.
const ESN_HIGH: &[&[u8]] = &[&[0; 4]];

/// AES-CBC and HMAC-SHA-1 of a batch by `wire-lanes`: IVs read, ICVs written or compared.
pub(super) fn lanes(direction: Direction, sealed: &[Vec<u8>]) -> Contender {
    let (engine, mac) = (Engine::new(), hmac::Key::<Sha1>::new(&MAC_KEY));
    let aes = cbc::Key::new(&AES_KEY).expect("16 octets");
    let count = sealed.len();
    let state = RefCell::new((Packets::as_sealed(sealed, direction), vec![[0; 20]; count]));
    Contender::new("wire-lanes", vec![[0u8; 0]; 1], move |_: &[u8; 0]| {
        let (packets, tags) = &mut *state.borrow_mut();
        packets.renew_all();
        if direction == Direction::Open {
            hash(engine, &mac, packets, tags);
            assert!(packets.packets().zip(&*tags).all(|(packet, tag)| packet[packet.len() - ICV..] == tag[..ICV]));
        }
        let mut messages: Vec<cbc::Message<'_>> = packets
            .packets_mut()
            .map(|packet| {
                let (head, rest) = packet.split_at_mut(OUTER + CLEAR);
                let body = rest.len() - ICV;
                cbc::Message::new(&aes, *head.last_chunk().expect("an IV"), &mut rest[..body])
            })
            .collect();
        match direction {
            Direction::Seal => engine.cbc_encrypt_many(&mut messages),
            Direction::Open => engine.cbc_decrypt_many(&mut messages),
        }
        .expect("whole blocks");
        drop(messages);
        if direction == Direction::Seal {
            hash(engine, &mac, packets, tags);
            for (packet, tag) in packets.packets_mut().zip(&*tags) {
                *packet.last_chunk_mut().expect("an ICV") = *tag.first_chunk::<ICV>().expect("20 octets");
            }
        }
    })
    .of_batches(count)
}

fn hash(engine: Engine, mac: &hmac::Key<Sha1>, packets: &Packets, tags: &mut [[u8; 20]]) {
    let messages: Vec<hmac::Message<'_, Sha1>> = packets
        .packets()
        .map(|packet| hmac::Message::new(mac, Segments::new(&packet[OUTER..packet.len() - ICV], ESN_HIGH)))
        .collect();
    engine.hmac_many(&messages, tags).expect("as many tags as messages");
}

/// The same by ipsec-mb's jobs, in buffers without the headers around them, and without what is hashed behind a packet: nothing is compared.
#[cfg(ipsec_mb)]
pub(super) fn intel(direction: Direction, sealed: &[Vec<u8>]) -> Contender {
    use crate::lanes::ipsec_mb::{Cipher, Manager};

    const SHA1: u32 = 1;
    let manager = Manager::new();
    let keys = vec![manager.key(SHA1, &MAC_KEY, &AES_KEY); sealed.len()];
    let fresh: Vec<Vec<u8>> = sealed.iter().map(|packet| packet[OUTER..packet.len() - ICV].to_vec()).collect();
    let ivs = fresh.iter().map(|octets| *octets[..CLEAR].last_chunk().expect("an IV")).collect::<Vec<[u8; 16]>>();
    let count = sealed.len();
    let state = RefCell::new((fresh.clone(), vec![[0; 32]; count]));
    Contender::new("ipsec-mb, crypto alone", vec![keys], move |keys: &[crate::lanes::ipsec_mb::Key]| {
        let (octets, tags) = &mut *state.borrow_mut();
        for (octets, fresh) in octets.iter_mut().zip(&fresh) {
            // As many octets as ours writes anew.
            let len = if direction == Direction::Seal { OUTER } else { fresh.len() };
            octets[..len].copy_from_slice(&fresh[..len]);
        }
        let cipher = if direction == Direction::Seal { Cipher::Encrypt } else { Cipher::Decrypt };
        manager.run_behind(CLEAR, SHA1, cipher, octets, keys, &ivs, tags);
    })
    .of_batches(count)
}

/// Nonce, associated data with an extended sequence number, what is encrypted, ICV.
fn gcm_parts(esp: &mut [u8]) -> ([u8; 12], [u8; 12], &mut [u8], &mut [u8; 16]) {
    let (header, rest) = esp.split_at_mut(8);
    let (iv, rest) = rest.split_at_mut(8);
    let (body, icv) = rest.split_last_chunk_mut().expect("an ICV");
    let mut nonce = [AES_KEY[0]; 12];
    nonce[4..].copy_from_slice(iv);
    let mut aad = [0; 12];
    aad[..4].copy_from_slice(&header[..4]);
    aad[8..].copy_from_slice(&header[4..]);
    (nonce, aad, body, icv)
}

fn gcm(
    name: &'static str,
    direction: Direction,
    sealed: &[Vec<u8>],
    work: impl Fn([u8; 12], [u8; 12], &mut [u8], &mut [u8; 16]) + 'static,
) -> Contender {
    let packets = RefCell::new(Packets::as_sealed(sealed, direction));
    each(name, sealed.len(), move |at| {
        let packets = &mut *packets.borrow_mut();
        packets.renew(at);
        let (nonce, aad, body, icv) = gcm_parts(&mut packets.packet_mut(at)[OUTER..]);
        work(nonce, aad, body, icv);
        true
    })
}

/// `ring` by itself, one by one.
pub(super) fn ring(direction: Direction, sealed: &[Vec<u8>]) -> Contender {
    use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};

    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &AES_KEY).expect("16 octets"));
    gcm("ring", direction, sealed, move |nonce, aad, body, icv| {
        let (nonce, aad) = (Nonce::assume_unique_for_key(nonce), Aad::from(aad));
        match direction {
            Direction::Seal => {
                let tag = key.seal_in_place_separate_tag(nonce, aad, body).expect("it is short");
                icv.copy_from_slice(tag.as_ref());
            }
            Direction::Open => {
                key.open_in_place_separate_tag(nonce, aad, Tag::from(*icv), body, 0..).expect("it is authentic");
            }
        }
    })
}

/// The crate `aes-gcm`, one by one.
pub(super) fn rust_crypto(direction: Direction, sealed: &[Vec<u8>]) -> Contender {
    let key = Aes128Gcm::new(&AES_KEY.into());
    gcm("aes-gcm", direction, sealed, move |nonce, aad, body, icv| match direction {
        Direction::Seal => {
            *icv = key.encrypt_inout_detached(&nonce.into(), &aad, body.into()).expect("it is short").into();
        }
        Direction::Open => {
            key.decrypt_inout_detached(&nonce.into(), &aad, body.into(), &(*icv).into()).expect("it is authentic");
        }
    })
}
