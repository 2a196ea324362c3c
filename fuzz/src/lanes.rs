//! The targets of `wire-lanes`: every path against RustCrypto, message by message.

use aes::cipher::array::Array;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use wire_lanes::{Algorithm, Engine, Error, Md5, Segments, Sha1, Sha256, cbc, hmac as lanes};

/// The most messages of a batch: more than are ordered at once, so that both kinds of batches occur.
const MESSAGES: usize = 300;

/// Takes numbers off the input; zeros where it has no more.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn octet(&mut self) -> usize {
        match self.0.split_first() {
            Some((octet, rest)) => {
                self.0 = rest;
                usize::from(*octet)
            }
            None => 0,
        }
    }

    fn number(&mut self) -> usize {
        self.octet() << 8 | self.octet()
    }

    /// Octets from the input if it has so many, and an extension of it if not: lengths must not depend on how long the input is.
    fn octets(&mut self, len: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        let mut octets = taken.to_vec();
        octets.extend((octets.len()..len).map(|at| (at as u8).wrapping_mul(37) ^ (at >> 8) as u8));
        octets
    }

    /// A length as packets have them: mostly short, now and then long.
    fn length(&mut self) -> usize {
        match self.octet() {
            short @ 0..=199 => short,
            long => (long - 199) * 29 + self.octet(),
        }
    }
}

/// HMAC and plain hashes of a batch: keys, lengths and pieces from the input.
pub fn lanes_hmac(data: &[u8]) {
    let mut input = Input(data);
    match input.octet() % 3 {
        0 => hmac_of::<Md5, md5::Md5>(input),
        1 => hmac_of::<Sha1, sha1::Sha1>(input),
        _ => hmac_of::<Sha256, sha2::Sha256>(input),
    }
}

fn hmac_of<A: Algorithm, D: EagerHash + hmac::digest::Digest>(mut input: Input<'_>)
where
    Hmac<D>: Mac + KeyInit,
{
    let count = input.number() % (MESSAGES + 1);
    let keys: Vec<Vec<u8>> = (0..1 + input.octet() % 5)
        .map(|_| {
            let len = input.octet() % 140;
            input.octets(len)
        })
        .collect();
    let prepared: Vec<lanes::Key<A>> = keys.iter().map(|key| lanes::Key::new(key)).collect();
    let texts: Vec<(usize, Vec<u8>, Vec<usize>)> = (0..count)
        .map(|_| {
            let key = input.octet() % keys.len();
            let len = input.length();
            let cuts = (0..input.octet() % 4).map(|_| input.number() % (len + 1)).collect();
            (key, input.octets(len), cuts)
        })
        .collect();
    let pieces: Vec<Vec<&[u8]>> = texts
        .iter()
        .map(|(_, text, cuts)| {
            let mut ends = cuts.clone();
            ends.extend([0, text.len()]);
            ends.sort_unstable();
            ends.windows(2).map(|ends| &text[ends[0]..ends[1]]).collect()
        })
        .collect();
    let messages: Vec<lanes::Message<'_, A>> = texts
        .iter()
        .zip(&pieces)
        .map(|((key, ..), pieces)| lanes::Message::new(&prepared[*key], Segments::new(pieces[0], &pieces[1..])))
        .collect();
    let segments: Vec<Segments<'_>> = messages.iter().map(|message| message.segments).collect();
    let tags: Vec<Vec<u8>> = texts
        .iter()
        .map(|(key, text, _)| {
            <Hmac<D> as KeyInit>::new_from_slice(&keys[*key]).unwrap().chain_update(text).finalize().into_bytes().to_vec()
        })
        .collect();
    let digests: Vec<Vec<u8>> = texts.iter().map(|(_, text, _)| D::digest(text).to_vec()).collect();
    let flipped = input.number();

    for engine in Engine::all() {
        let mut found = vec![A::Output::default(); count];
        engine.hmac_many(&messages, &mut found).unwrap();
        assert!(found.iter().zip(&tags).all(|(found, tag)| found.as_ref() == tag), "{engine:?}");
        engine.digest_many::<A>(&segments, &mut found).unwrap();
        assert!(found.iter().zip(&digests).all(|(found, digest)| found.as_ref() == digest), "{engine:?}");

        // One bit of one tag is wrong, and only that message is refused.
        let mut offered: Vec<Vec<u8>> = tags.iter().map(|tag| tag[..lanes::MIN_TAG_LEN].to_vec()).collect();
        let wrong = (count > 0).then(|| flipped % count);
        if let Some(wrong) = wrong {
            offered[wrong][(flipped >> 3) % lanes::MIN_TAG_LEN] ^= 1 << (flipped % 8);
        }
        let offered: Vec<&[u8]> = offered.iter().map(Vec::as_slice).collect();
        let mut right = vec![false; count];
        engine.verify_many(&messages, &offered, &mut right).unwrap();
        assert!(right.iter().enumerate().all(|(at, right)| *right != (wrong == Some(at))), "{engine:?}");
        assert_eq!(
            engine.verify_many(&messages, &offered, &mut vec![false; count + 1]),
            Err(Error::Count { found: count + 1, needed: count })
        );
    }
    for (message, tag) in messages.iter().zip(&tags) {
        assert_eq!(message.key.tag(message.segments).as_ref(), tag);
    }
}

/// CBC of a batch in both directions: keys of all sizes, IVs, lengths from the input.
pub fn lanes_cbc(data: &[u8]) {
    let mut input = Input(data);
    let count = input.number() % (MESSAGES + 1);
    let keys: Vec<Vec<u8>> = (0..1 + input.octet() % 5)
        .map(|_| {
            let len = [16, 24, 32][input.octet() % 3];
            input.octets(len)
        })
        .collect();
    let prepared: Vec<cbc::Key> = keys.iter().map(|key| cbc::Key::new(key).unwrap()).collect();
    let plain: Vec<(usize, [u8; 16], Vec<u8>)> = (0..count)
        .map(|_| {
            let key = input.octet() % keys.len();
            let iv = input.octets(16).try_into().unwrap();
            let len = input.length() / 16 * 16;
            (key, iv, input.octets(len))
        })
        .collect();
    let expected: Vec<Vec<u8>> = plain.iter().map(|(key, iv, octets)| by_rustcrypto(&keys[*key], iv, octets)).collect();

    for engine in Engine::all() {
        let mut octets: Vec<Vec<u8>> = plain.iter().map(|(.., octets)| octets.clone()).collect();
        for (direction, expected) in [
            (Engine::cbc_encrypt_many as fn(Engine, &mut [cbc::Message<'_>]) -> Result<(), Error>, expected.clone()),
            (Engine::cbc_decrypt_many, plain.iter().map(|(.., octets)| octets.clone()).collect()),
        ] {
            let mut messages: Vec<cbc::Message<'_>> = octets
                .iter_mut()
                .zip(&plain)
                .map(|(octets, (key, iv, _))| cbc::Message::new(&prepared[*key], *iv, octets))
                .collect();
            direction(engine, &mut messages).unwrap();
            drop(messages);
            assert!(octets == expected, "{engine:?}");
        }
        // A part of a block is refused, and nothing changes.
        if let Some(first) = octets.first_mut() {
            first.push(0);
            let before = octets.clone();
            let mut messages: Vec<cbc::Message<'_>> =
                octets.iter_mut().map(|octets| cbc::Message::new(&prepared[0], [0; 16], octets)).collect();
            let refused = Err(Error::NotWholeBlocks { message: 0, found: before[0].len() });
            assert_eq!(engine.cbc_encrypt_many(&mut messages), refused);
            drop(messages);
            assert!(octets == before);
        }
    }
}

/// One message, and back again.
fn by_rustcrypto(key: &[u8], iv: &[u8; 16], plain: &[u8]) -> Vec<u8> {
    let mut octets = plain.to_vec();
    macro_rules! both_ways {
        ($cipher:ty) => {{
            let blocks = Array::cast_slice_from_core_mut(octets.as_chunks_mut().0);
            ::cbc::Encryptor::<$cipher>::new_from_slices(key, iv).unwrap().encrypt_blocks(blocks);
            let mut again = octets.clone();
            let blocks = Array::cast_slice_from_core_mut(again.as_chunks_mut().0);
            ::cbc::Decryptor::<$cipher>::new_from_slices(key, iv).unwrap().decrypt_blocks(blocks);
            assert!(again == plain);
        }};
    }
    match key.len() {
        16 => both_ways!(aes::Aes128),
        24 => both_ways!(aes::Aes192),
        _ => both_ways!(aes::Aes256),
    }
    octets
}
