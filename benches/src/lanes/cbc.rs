//! AES-128-CBC with HMAC-SHA-1 of batches, as ESP uses the two: encrypt, then hash; hash, then decrypt. And the cipher alone.

use std::cell::RefCell;

use ::cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};
use ::hmac::{Hmac, Mac};
use aes::Aes128;
use wire_lanes::cbc::{Key, Message};
use wire_lanes::{Engine, Path, Sha1, hmac};

use super::batch::{Batch, Size};
use crate::{Contender, Peer, Work};

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Encrypt,
    EncryptAlone,
    Decrypt,
}

const SIZES: [usize; 4] = [64, 256, 576, 1504];
const BATCHES: [usize; 4] = [8, 32, 64, 256];

/// Both directions, all sizes and batches. A packet of 1,500 octets is 1,504 with its padding; IMIX's too.
pub fn works() -> Vec<Work> {
    let mut works = Vec::new();
    for (name, direction, fixed, imix, intel) in [
        ("aes-cbc encrypt + hmac-sha1", Direction::Encrypt, [3.5, 5.0, 6.5, 7.0], [3.7, 5.5], [1.4, 1.4, 1.0, 1.0, 1.0]),
        ("aes-cbc decrypt + hmac-sha1", Direction::Decrypt, [3.5, 4.0, 4.0, 4.0], [0.0, 0.0], [1.4; 5]),
        ("aes-cbc encrypt", Direction::EncryptAlone, [0.0; 4], [0.0; 2], [0.0; 5]),
    ] {
        for count in BATCHES {
            // Batches of 8 and 64 are for the record.
            let budgets = count == 32 || count == 256;
            let needed = |budget: f64| (budget > 0.0 && budgets).then_some(budget);
            for ((len, crates), mb) in SIZES.into_iter().zip(fixed).zip(intel) {
                let name = format!("{name}, {len}, batch {count}").leak();
                works.push(work(name, direction, Size::Fixed(len), count, needed(crates), needed(mb)));
            }
            let name = format!("{name}, imix, batch {count}").leak();
            works.push(work(
                name,
                direction,
                Size::ImixBlocks,
                count,
                needed(if count == 32 { imix[0] } else { imix[1] }),
                needed(intel[4]),
            ));
        }
    }
    for len in SIZES {
        works.push(alone(format!("aes-cbc encrypt, {len}, one alone").leak(), len, Direction::EncryptAlone));
        works.push(alone(format!("aes-cbc decrypt, {len}, one alone").leak(), len, Direction::Decrypt));
    }
    works
}

fn work(
    name: &'static str,
    direction: Direction,
    size: Size,
    count: usize,
    crates_budget: Option<f64>,
    #[cfg_attr(not(ipsec_mb), expect(unused_variables, reason = "that peer is not compiled"))] intel_budget: Option<f64>,
) -> Work {
    let mut peers =
        vec![Peer::Crate(crates(direction, size, count), crates_budget), Peer::Crate(aws(direction, size, count), None)];
    #[cfg(ipsec_mb)]
    peers.push(Peer::Crate(intel(direction, size, count), intel_budget));
    for (name, path) in [("our AVX2", Path::Avx2), ("our safe loops", Path::Detected)] {
        if let Some(engine) = Engine::with_path(path) {
            peers.push(Peer::Crate(ours(name, engine, direction, size, count), None));
        }
    }
    Work { name, ours: ours("wire-lanes", Engine::new(), direction, size, count), peers }
}

fn ours(name: &'static str, engine: Engine, direction: Direction, size: Size, count: usize) -> Contender {
    let Batch { octets, macs, ciphers, ivs } = Batch::new(size, count);
    let octets = RefCell::new(octets);
    let tags = RefCell::new(vec![[0; 20]; count]);
    let keys: Vec<(hmac::Key<Sha1>, Key)> =
        macs.iter().zip(&ciphers).map(|(mac, aes)| (hmac::Key::new(mac), Key::new(aes).expect("16 octets"))).collect();
    Contender::new(name, vec![keys], move |keys: &[(hmac::Key<Sha1>, Key)]| {
        let (mut octets, mut tags) = (octets.borrow_mut(), tags.borrow_mut());
        if direction == Direction::Decrypt {
            hash(engine, keys, &octets, &mut tags);
        }
        let mut messages: Vec<Message<'_>> =
            keys.iter().zip(&ivs).zip(octets.iter_mut()).map(|(((_, key), iv), octets)| Message::new(key, *iv, octets)).collect();
        match direction {
            Direction::Decrypt => engine.cbc_decrypt_many(&mut messages),
            _ => engine.cbc_encrypt_many(&mut messages),
        }
        .expect("whole blocks");
        drop(messages);
        if direction == Direction::Encrypt {
            hash(engine, keys, &octets, &mut tags);
        }
        tags[0]
    })
    .of_batches(count)
}

fn hash(engine: Engine, keys: &[(hmac::Key<Sha1>, Key)], octets: &[Vec<u8>], tags: &mut [[u8; 20]]) {
    let messages: Vec<hmac::Message<'_, Sha1>> =
        keys.iter().zip(octets).map(|((key, _), octets)| hmac::Message::new(key, octets.as_slice())).collect();
    engine.hmac_many(&messages, tags).expect("as many tags as messages");
}

fn crates(direction: Direction, size: Size, count: usize) -> Contender {
    let Batch { octets, macs, ciphers, ivs } = Batch::new(size, count);
    let octets = RefCell::new(octets);
    let keys: Vec<(Hmac<sha1::Sha1>, Aes128)> = macs
        .iter()
        .zip(&ciphers)
        .map(|(mac, aes)| (<Hmac<sha1::Sha1> as KeyInit>::new_from_slice(mac).expect("any length"), Aes128::new(aes.into())))
        .collect();
    Contender::new("RustCrypto", vec![keys], move |keys: &[(Hmac<sha1::Sha1>, Aes128)]| {
        for (((mac, aes), iv), octets) in keys.iter().zip(&ivs).zip(octets.borrow_mut().iter_mut()) {
            if direction == Direction::Decrypt {
                std::hint::black_box(mac.clone().chain_update(&*octets).finalize().into_bytes());
            }
            rust_crypto(direction, aes, iv, octets);
            if direction == Direction::Encrypt {
                std::hint::black_box(mac.clone().chain_update(&*octets).finalize().into_bytes());
            }
        }
    })
    .of_batches(count)
}

fn aws(direction: Direction, size: Size, count: usize) -> Contender {
    use aws_lc_rs::cipher::{AES_128, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey};
    use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, Key, sign};
    use aws_lc_rs::iv::FixedLength;

    let Batch { octets, macs, ciphers, ivs } = Batch::new(size, count);
    let octets = RefCell::new(octets);
    let keys: Vec<(Key, EncryptingKey, DecryptingKey)> = macs
        .iter()
        .zip(&ciphers)
        .map(|(mac, aes)| {
            let unbound = || UnboundCipherKey::new(&AES_128, aes).expect("16 octets");
            (
                Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, mac),
                EncryptingKey::cbc(unbound()).expect("a key"),
                DecryptingKey::cbc(unbound()).expect("a key"),
            )
        })
        .collect();
    Contender::new("aws-lc-rs", vec![keys], move |keys: &[(Key, EncryptingKey, DecryptingKey)]| {
        for (((mac, encrypting, decrypting), iv), octets) in keys.iter().zip(&ivs).zip(octets.borrow_mut().iter_mut()) {
            if direction == Direction::Decrypt {
                std::hint::black_box(sign(mac, octets));
                let context = DecryptionContext::Iv128(FixedLength::from(iv));
                std::hint::black_box(decrypting.decrypt(octets, context).expect("whole blocks"));
            } else {
                let context = EncryptionContext::Iv128(FixedLength::from(iv));
                std::hint::black_box(encrypting.less_safe_encrypt(octets, context).expect("whole blocks"));
            }
            if direction == Direction::Encrypt {
                std::hint::black_box(sign(mac, octets));
            }
        }
    })
    .of_batches(count)
}

#[cfg(ipsec_mb)]
fn intel(direction: Direction, size: Size, count: usize) -> Contender {
    use super::ipsec_mb::{Cipher, Manager};

    const SHA1: u32 = 1;
    let batch = Batch::new(size, count);
    let manager = Manager::new();
    let keys: Vec<_> = batch.macs.iter().zip(&batch.ciphers).map(|(mac, aes)| manager.key(SHA1, mac, aes)).collect();
    let state = RefCell::new((batch, vec![[0; 32]; count]));
    let cipher = match direction {
        Direction::Encrypt => Cipher::Encrypt,
        Direction::EncryptAlone => Cipher::EncryptOnly,
        Direction::Decrypt => Cipher::Decrypt,
    };
    Contender::new("ipsec-mb", vec![keys], move |keys: &[super::ipsec_mb::Key]| {
        let (batch, tags) = &mut *state.borrow_mut();
        manager.run(SHA1, cipher, &mut batch.octets, keys, &batch.ivs, tags);
    })
    .of_batches(count)
}

/// One message by itself, without a hash.
fn alone(name: &'static str, len: usize, direction: Direction) -> Work {
    let Batch { octets, ciphers, ivs, .. } = Batch::new(Size::Fixed(len), 1);
    let iv = ivs[0];
    let (ours_octets, crates_octets) = (RefCell::new(octets[0].clone()), RefCell::new(octets[0].clone()));
    let key = Key::new(&ciphers[0]).expect("16 octets");
    let ours = Contender::new("wire-lanes", vec![key], move |key: &Key| {
        match direction {
            Direction::Decrypt => key.decrypt(&iv, &mut ours_octets.borrow_mut()),
            _ => key.encrypt(&iv, &mut ours_octets.borrow_mut()),
        }
        .expect("whole blocks");
    });
    let crates = Contender::new("RustCrypto", vec![Aes128::new((&ciphers[0]).into())], move |aes: &Aes128| {
        rust_crypto(direction, aes, &iv, &mut crates_octets.borrow_mut());
    });
    Work { name, ours, peers: vec![Peer::Crate(crates, Some(1.0))] }
}

fn rust_crypto(direction: Direction, aes: &Aes128, iv: &[u8; 16], octets: &mut [u8]) {
    let blocks = ::cbc::cipher::array::Array::cast_slice_from_core_mut(octets.as_chunks_mut().0);
    match direction {
        Direction::Decrypt => ::cbc::Decryptor::inner_iv_init(aes, iv.into()).decrypt_blocks(blocks),
        _ => ::cbc::Encryptor::inner_iv_init(aes, iv.into()).encrypt_blocks(blocks),
    }
}
