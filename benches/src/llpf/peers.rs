//! What the filter is measured against.

use std::cell::RefCell;
use std::collections::HashMap;

use ::hmac::{EagerHash, Hmac, KeyInit, Mac};
use ipsec_wire::algorithm::{Cipher, Integrity};
use ipsec_wire::{Builder, Error, Keys, Suite};
use llpf_wire::{Algorithm, PacketBuf, trailer};
use wire_lanes::hmac::{Key, Message};
use wire_lanes::{Engine, Md5, Sha1, Sha256};

use super::{HOSTS, KEYS, NOW, OUTER, buffers, packet, renew, table};
use crate::Contender;
use crate::lanes::{Batch, Size};

const MAC_LEN: usize = 16;

/// The lanes alone: the same MACs over the same octets, compared, and nothing else.
pub(super) fn lanes(algorithm: Algorithm, sealed: &[Vec<u8>], together: bool) -> Contender {
    match algorithm {
        Algorithm::HmacMd5 => lanes_of::<Md5>(algorithm, sealed, together),
        Algorithm::HmacSha1 => lanes_of::<Sha1>(algorithm, sealed, together),
        _ => lanes_of::<Sha256>(algorithm, sealed, together),
    }
}

fn lanes_of<F: wire_lanes::Algorithm>(algorithm: Algorithm, sealed: &[Vec<u8>], together: bool) -> Contender {
    let sealed: &'static [Vec<u8>] = sealed.to_vec().leak();
    let keys: &'static [Key<F>] = (0..sealed.len())
        .map(|at| Key::new(table(algorithm, at as u16 % HOSTS, KEYS).key(0).expect("it is there")))
        .collect::<Vec<_>>()
        .leak();
    let covered = |octets: &'static Vec<u8>| &octets[OUTER..octets.len() - MAC_LEN];
    let mac = |octets: &'static Vec<u8>| &octets[octets.len() - MAC_LEN..];
    if together {
        let messages: Vec<Message<'static, F>> =
            keys.iter().zip(sealed).map(|(key, octets)| Message::new(key, covered(octets))).collect();
        let tags: Vec<&[u8]> = sealed.iter().map(mac).collect();
        let right = RefCell::new(vec![false; sealed.len()]);
        return Contender::new("wire-lanes", vec![messages], move |messages: &[Message<'static, F>]| {
            let right = &mut *right.borrow_mut();
            Engine::new().verify_many(messages, &tags, right).expect("as many of each");
            assert!(right.iter().all(|right| *right));
        })
        .of_batches(sealed.len());
    }
    let pairs: Vec<[(&'static Key<F>, &'static Vec<u8>); 1]> = keys.iter().zip(sealed).map(|pair| [pair]).collect();
    Contender::new("wire-lanes", pairs, move |pair: &[(&'static Key<F>, &'static Vec<u8>); 1]| {
        let [(key, octets)] = *pair;
        assert!(key.verify(covered(octets).into(), mac(octets)));
    })
}

/// A filter as one would write it on RustCrypto's crates: packet by packet, keys in a `HashMap`.
pub(super) fn crates(algorithm: Algorithm, sealed: &[Vec<u8>]) -> Contender {
    match algorithm {
        Algorithm::HmacMd5 => crates_of::<md5::Md5>(algorithm, sealed),
        Algorithm::HmacSha1 => crates_of::<sha1::Sha1>(algorithm, sealed),
        _ => crates_of::<sha2::Sha256>(algorithm, sealed),
    }
}

fn crates_of<D: EagerHash + 'static>(algorithm: Algorithm, sealed: &[Vec<u8>]) -> Contender
where
    Hmac<D>: Mac + KeyInit + Clone,
{
    let mut keys = HashMap::new();
    for host in 0..HOSTS {
        let table = table(algorithm, host, KEYS);
        for index in 0..KEYS as u16 {
            let key = <Hmac<D> as KeyInit>::new_from_slice(table.key(index).expect("it is there")).expect("any length");
            keys.insert(u32::from(host) << 16 | u32::from(index), key);
        }
    }
    let packets = RefCell::new(buffers(sealed));
    Contender::new("RustCrypto", (0..sealed.len()).collect::<Vec<usize>>(), move |at: &usize| {
        let packet = &mut packets.borrow_mut()[*at];
        renew(packet);
        let octets = packet.octets();
        let total = usize::from(u16::from_be_bytes([octets[2], octets[3]]));
        assert!(octets[0] == 0x45 && total <= octets.len());
        let at = trailer::View::parse(&octets[OUTER..total]).expect("a trailer");
        let covered = &octets[OUTER..total - MAC_LEN];
        let mac = keys.get(&at.key().0).expect("a key").clone().chain_update(covered);
        mac.verify_truncated_left(at.mac()).expect("authentic");
        let inner = at.inner_len();
        packet.pop_front(OUTER).expect("it is there");
        packet.truncate(inner);
    })
}

/// The MACs alone, by ipsec-mb.
#[cfg(ipsec_mb)]
pub(super) fn intel(algorithm: Algorithm, sealed: &[Vec<u8>]) -> Contender {
    use crate::lanes::ipsec_mb::{Cipher, Key, Manager};

    let hash = match algorithm {
        Algorithm::HmacMd5 => 0,
        Algorithm::HmacSha1 => 1,
        _ => 2,
    };
    let manager = Manager::new();
    let keys: Vec<Key> = (0..sealed.len())
        .map(|at| manager.key(hash, table(algorithm, at as u16 % HOSTS, KEYS).key(0).expect("it is there"), &[0; 16]))
        .collect();
    let covered: Vec<Vec<u8>> = sealed.iter().map(|octets| octets[OUTER..octets.len() - MAC_LEN].to_vec()).collect();
    let count = sealed.len();
    let state = RefCell::new((covered, vec![[0; 32]; count], vec![[0; 16]; count]));
    Contender::new("ipsec-mb, MACs", vec![keys], move |keys: &[Key]| {
        let (covered, tags, ivs) = &mut *state.borrow_mut();
        manager.run(hash, Cipher::None, covered, keys, ivs, tags);
    })
    .of_batches(count)
}

/// AH and ESP without encryption, with the same function.
pub(super) fn suites(algorithm: Algorithm) -> [(&'static str, Suite); 2] {
    let integrity = match algorithm {
        Algorithm::HmacMd5 => Integrity::HMAC_MD5_96,
        Algorithm::HmacSha1 => Integrity::HMAC_SHA1_96,
        _ => Integrity::HMAC_SHA256_128,
    };
    [("AH transport", Suite::Ah(integrity)), ("ESP-NULL", Suite::Esp { cipher: Cipher::Null, integrity: Some(integrity) })]
}

/// The same packets received in transport mode: one association, its window off since the same packets come again and again. What opening changed in a packet is written again, as far as it goes.
pub(super) fn ipsec(name: &'static str, suite: Suite, size: Size, batch: usize) -> Contender {
    const HEADROOM: usize = 64;

    let key = [9; 32];
    let len = match suite {
        Suite::Ah(Integrity::HMAC_MD5_96) | Suite::Esp { integrity: Some(Integrity::HMAC_MD5_96), .. } => 16,
        Suite::Ah(Integrity::HMAC_SHA1_96) | Suite::Esp { integrity: Some(Integrity::HMAC_SHA1_96), .. } => 20,
        _ => 32,
    };
    let builder = Builder::new(0x1000, suite, Keys { encryption: &[], integrity: &key[..len] }).replay_window(0);
    let mut sender = builder.outbound(&mut crate::packets::Zeros).expect("it makes sense");
    let fresh: Vec<Vec<u8>> = Batch::new(size, batch.max(32))
        .octets
        .iter()
        .map(|octets| {
            let storage = [&[0; HEADROOM][..], &packet(octets.len()), &[0; 64]].concat();
            let mut packet = PacketBuf::new(storage, HEADROOM, octets.len()).expect("it fits");
            sender.seal(NOW, &mut packet).expect("it is a packet");
            packet.octets().to_vec()
        })
        .collect();
    let receiver = builder.inbound_with(
        ipsec_wire::crypto::RustCrypto::new(&suite, &Keys { encryption: &[], integrity: &key[..len] }).expect("right keys"),
        [0; 1],
    );
    let count = fresh.len();
    // The header before what is protected moves and changes; behind it nothing does.
    let heads: Vec<[u8; 52]> = fresh.iter().map(|octets| *octets.first_chunk().expect("long enough")).collect();
    let results = vec![Err(Error::Authentication); count];
    let state = RefCell::new((receiver.expect("it makes sense"), buffers(&fresh), results));
    let restore = move |packet: &mut PacketBuf<Vec<u8>>, head: &[u8; 52]| {
        renew(packet);
        packet.octets_mut()[..52].copy_from_slice(head);
    };
    if batch == 1 {
        return Contender::new(name, (0..count).collect::<Vec<usize>>(), move |at: &usize| {
            let (receiver, packets, _) = &mut *state.borrow_mut();
            restore(&mut packets[*at], &heads[*at]);
            assert!(receiver.open(NOW, &mut packets[*at]).is_ok());
        });
    }
    Contender::new(name, vec![[0u8; 0]; 1], move |_: &[u8; 0]| {
        let (receiver, packets, results) = &mut *state.borrow_mut();
        packets.iter_mut().zip(&heads).for_each(|(packet, head)| restore(packet, head));
        receiver.open_batch(NOW, packets, results).expect("as many results as packets");
        assert!(results.iter().all(Result::is_ok));
    })
    .of_batches(count)
}
