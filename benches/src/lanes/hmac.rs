//! HMAC of batches.

use std::cell::RefCell;

use ::hmac::{EagerHash, Hmac, KeyInit, Mac};
use wire_lanes::hmac::{Key, Message};
use wire_lanes::{Algorithm, Engine, Md5, Path, Sha1, Sha256};

use super::batch::{Batch, Size};
use crate::{Contender, Peer, Work};

/// One hash function: ours, the crates', and what is needed.
struct Function {
    name: &'static str,
    /// 64, 256, 576, 1500 octets against the crates.
    fixed: [f64; 4],
    /// IMIX in batches of 32 and 256.
    imix: [f64; 2],
    /// Against ipsec-mb: fixed sizes, IMIX.
    ipsec_mb: [f64; 2],
    #[cfg_attr(not(ipsec_mb), expect(dead_code, reason = "that peer is not compiled"))]
    number: u32,
    aws: Option<aws_lc_rs::hmac::Algorithm>,
}

const SIZES: [usize; 4] = [64, 256, 576, 1500];
const BATCHES: [usize; 4] = [8, 32, 64, 256];

/// All hash functions, sizes and batches.
pub fn works() -> Vec<Work> {
    let mut works = Vec::new();
    let md5 = Function {
        name: "hmac-md5",
        fixed: [9.0, 12.0, 14.0, 14.0],
        imix: [5.0, 11.0],
        ipsec_mb: [2.5, 1.6],
        number: 0,
        aws: None,
    };
    works.extend(of_function::<Md5, md5::Md5>(&md5));
    works.extend(of_path("safe loops", Path::Detected, [7.0, 8.5, 9.0, 9.0]));
    works.extend(of_path("AVX2", Path::Avx2, [5.0; 4]));
    let sha1 = Function {
        name: "hmac-sha1",
        fixed: [0.0, 0.0, 4.0, 4.0],
        imix: [0.0, 0.0],
        ipsec_mb: [1.0, 1.0],
        number: 1,
        aws: Some(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
    };
    works.extend(of_function::<Sha1, sha1::Sha1>(&sha1));
    let sha256 = Function {
        name: "hmac-sha256",
        fixed: [0.0, 0.0, 4.0, 4.0],
        imix: [0.0, 0.0],
        ipsec_mb: [1.0, 1.0],
        number: 2,
        aws: Some(aws_lc_rs::hmac::HMAC_SHA256),
    };
    works.extend(of_function::<Sha256, sha2::Sha256>(&sha256));
    works
}

/// HMAC-MD5 by less than all that the CPU can do: what the feature `safe-only` leaves, or what a CPU without AVX-512 has.
fn of_path(name: &str, path: Path, budgets: [f64; 4]) -> Vec<Work> {
    let Some(engine) = Engine::with_path(path) else { return Vec::new() };
    let mut works = Vec::new();
    for count in [32, 256] {
        for (len, budget) in SIZES.into_iter().zip(budgets) {
            let size = Size::Fixed(len);
            works.push(Work {
                name: format!("hmac-md5 by {name}, {len}, batch {count}").leak(),
                ours: ours::<Md5>("wire-lanes", engine, size, count),
                peers: vec![Peer::Crate(crates::<md5::Md5>(size, count), Some(budget))],
            });
        }
    }
    works
}

/// A budget, if it is one.
fn needed(budget: f64) -> Option<f64> {
    (budget > 0.0).then_some(budget)
}

fn of_function<A: Algorithm, D: EagerHash + 'static>(function: &Function) -> Vec<Work>
where
    Hmac<D>: Mac + KeyInit + Clone,
{
    let mut works = Vec::new();
    for count in BATCHES {
        // Batches of 8 and 64 are for the record.
        let counts = count == 32 || count == 256;
        for (len, budget) in SIZES.into_iter().zip(function.fixed) {
            let name = format!("{}, {len}, batch {count}", function.name);
            works.push(work::<A, D>(
                function,
                name.leak(),
                Size::Fixed(len),
                count,
                needed(budget).filter(|_| counts),
                function.ipsec_mb[0],
            ));
        }
        let budget = if count == 32 { function.imix[0] } else { function.imix[1] };
        let name = format!("{}, imix, batch {count}", function.name);
        works.push(work::<A, D>(
            function,
            name.leak(),
            Size::Imix,
            count,
            needed(budget).filter(|_| counts),
            function.ipsec_mb[1],
        ));
    }
    for len in SIZES {
        let name = format!("{}, {len}, one alone", function.name);
        works.push(alone::<A, D>(name.leak(), len));
    }
    works
}

/// Ours over a batch.
fn ours<A: Algorithm>(name: &'static str, engine: Engine, size: Size, count: usize) -> Contender {
    let batch: &'static Batch = Box::leak(Box::new(Batch::new(size, count)));
    let keys: &'static [Key<A>] = batch.macs.iter().map(|key| Key::new(key)).collect::<Vec<_>>().leak();
    let messages: Vec<Message<'static, A>> =
        keys.iter().zip(&batch.octets).map(|(key, octets)| Message::new(key, octets.as_slice())).collect();
    let tags = RefCell::new(vec![A::Output::default(); count]);
    Contender::new(name, vec![messages], move |messages: &[Message<'static, A>]| {
        let mut tags = tags.borrow_mut();
        engine.hmac_many(messages, &mut tags).expect("as many tags as messages");
        tags[0]
    })
    .of_batches(count)
}

fn crates<D: EagerHash + 'static>(size: Size, count: usize) -> Contender
where
    Hmac<D>: Mac + KeyInit + Clone,
{
    let batch = Batch::new(size, count);
    let messages: Vec<(Hmac<D>, Vec<u8>)> = batch
        .macs
        .iter()
        .zip(batch.octets)
        .map(|(key, octets)| (<Hmac<D> as KeyInit>::new_from_slice(key).expect("any length"), octets))
        .collect();
    Contender::new("RustCrypto", vec![messages], |messages: &[(Hmac<D>, Vec<u8>)]| {
        for (key, octets) in messages {
            std::hint::black_box(key.clone().chain_update(octets).finalize().into_bytes());
        }
    })
    .of_batches(count)
}

fn work<A: Algorithm, D: EagerHash + 'static>(
    function: &Function,
    name: &'static str,
    size: Size,
    count: usize,
    budget: Option<f64>,
    #[cfg_attr(not(ipsec_mb), expect(unused_variables, reason = "that peer is not compiled"))] ipsec_mb: f64,
) -> Work
where
    Hmac<D>: Mac + KeyInit + Clone,
{
    let mut peers = vec![Peer::Crate(crates::<D>(size, count), budget)];
    if let Some(algorithm) = function.aws {
        peers.push(Peer::Crate(aws(algorithm, size, count), None));
    }
    #[cfg(ipsec_mb)]
    peers.push(Peer::Crate(intel(function.number, size, count), Some(ipsec_mb).filter(|_| count == 32 || count == 256)));
    for (name, path) in [("our AVX2", Path::Avx2), ("our safe loops", Path::Detected), ("our portable", Path::Portable)] {
        if let Some(engine) = Engine::with_path(path) {
            peers.push(Peer::Crate(ours::<A>(name, engine, size, count), None));
        }
    }
    Work { name, ours: ours::<A>("wire-lanes", Engine::new(), size, count), peers }
}

fn aws(algorithm: aws_lc_rs::hmac::Algorithm, size: Size, count: usize) -> Contender {
    let batch = Batch::new(size, count);
    let messages: Vec<(aws_lc_rs::hmac::Key, Vec<u8>)> =
        batch.macs.iter().zip(batch.octets).map(|(key, octets)| (aws_lc_rs::hmac::Key::new(algorithm, key), octets)).collect();
    Contender::new("aws-lc-rs", vec![messages], |messages: &[(aws_lc_rs::hmac::Key, Vec<u8>)]| {
        for (key, octets) in messages {
            std::hint::black_box(aws_lc_rs::hmac::sign(key, octets));
        }
    })
    .of_batches(count)
}

#[cfg(ipsec_mb)]
fn intel(number: u32, size: Size, count: usize) -> Contender {
    use super::ipsec_mb::{Cipher, Manager};

    let batch = Batch::new(size, count);
    let manager = Manager::new();
    let keys: Vec<_> = batch.macs.iter().zip(&batch.ciphers).map(|(mac, aes)| manager.key(number, mac, aes)).collect();
    let state = RefCell::new((batch, vec![[0; 32]; count]));
    Contender::new("ipsec-mb", vec![keys], move |keys: &[super::ipsec_mb::Key]| {
        let (batch, tags) = &mut *state.borrow_mut();
        manager.run(number, Cipher::None, &mut batch.octets, keys, &batch.ivs, tags);
    })
    .of_batches(count)
}

/// One message at a time.
fn alone<A: Algorithm, D: EagerHash + 'static>(name: &'static str, len: usize) -> Work
where
    Hmac<D>: Mac + KeyInit + Clone,
{
    let batch = Batch::new(Size::Fixed(len), 16);
    let messages: Vec<(Key<A>, Vec<u8>)> = batch.macs.iter().map(|key| Key::new(key)).zip(batch.octets).collect();
    let ours = Contender::new("wire-lanes", messages, |(key, octets): &(Key<A>, Vec<u8>)| key.tag(octets.as_slice().into()));
    let batch = Batch::new(Size::Fixed(len), 16);
    let messages: Vec<(Hmac<D>, Vec<u8>)> =
        batch.macs.iter().map(|key| <Hmac<D> as KeyInit>::new_from_slice(key).expect("any length")).zip(batch.octets).collect();
    let crates = Contender::new("RustCrypto", messages, |(key, octets): &(Hmac<D>, Vec<u8>)| {
        key.clone().chain_update(octets).finalize().into_bytes()
    });
    Work { name, ours, peers: vec![Peer::Crate(crates, Some(1.0))] }
}
