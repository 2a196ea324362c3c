//! Batches on vector lanes: HMAC with MD5, SHA-1 and SHA-256, and AES-CBC, of many packets at once (`wire-lanes`).
//!
//! In CBC encryption and in hashing each block waits for the one before it, so that one packet leaves most of a core idle; other packets fill it.

use subtle::ConstantTimeEq;
use wire_lanes::{Algorithm, Engine, Md5, Segments, Sha1, Sha256, cbc, hmac};

use super::{AhJob, Job};
use crate::algorithm::{Cipher, Keys, Mac, Suite};
use crate::esp::{FIXED_LEN, Layout};
use crate::octets::{copy, put_slice};

/// How many packets go to the lanes at once.
const WIDTH: usize = 32;

/// What of a suite runs on lanes.
pub(super) struct Lanes {
    engine: Engine,
    layout: Layout,
    pub(super) cipher: Option<cbc::Key>,
    pub(super) mac: Option<LaneMac>,
}

/// A key of one of the hash functions that have lanes.
pub(super) enum LaneMac {
    Md5(hmac::Key<Md5>),
    Sha1(hmac::Key<Sha1>),
    Sha256(hmac::Key<Sha256>),
}

impl Lanes {
    pub(super) fn new(suite: &Suite, keys: &Keys<'_>) -> Self {
        let (cipher, integrity) = match suite {
            Suite::Esp { cipher, integrity } => (Some(*cipher), *integrity),
            Suite::Ah(integrity) => (None, Some(*integrity)),
            Suite::EspCombined(_) => (None, None),
        };
        let cipher = cipher.filter(|cipher| *cipher == Cipher::AesCbc).and_then(|_| cbc::Key::new(keys.encryption).ok());
        let mac = match integrity.map(|integrity| integrity.mac()) {
            Some(Mac::HmacMd5) => Some(LaneMac::Md5(hmac::Key::new(keys.integrity))),
            Some(Mac::HmacSha1) => Some(LaneMac::Sha1(hmac::Key::new(keys.integrity))),
            Some(Mac::HmacSha256) => Some(LaneMac::Sha256(hmac::Key::new(keys.integrity))),
            _ => None,
        };
        Self { engine: Engine::new(), layout: Layout::new(suite), cipher, mac }
    }

    /// Encrypts every packet's body; those of a length that cannot be are left alone.
    pub(super) fn encrypt(&self, key: &cbc::Key, jobs: &mut [Job<'_>]) {
        for jobs in jobs.chunks_mut(WIDTH) {
            let mut messages: [cbc::Message<'_>; WIDTH] = core::array::from_fn(|_| cbc::Message::new(key, [0; 16], &mut []));
            let count = self.messages(key, jobs.iter_mut(), &mut messages);
            // Bodies are whole blocks: `messages` takes no others.
            let _ = self.engine.cbc_encrypt_many(messages.get_mut(..count).unwrap_or_default());
        }
    }

    /// Decrypts the body of every packet that is authentic.
    pub(super) fn decrypt(&self, key: &cbc::Key, jobs: &mut [Job<'_>]) {
        for jobs in jobs.chunks_mut(WIDTH) {
            let mut messages: [cbc::Message<'_>; WIDTH] = core::array::from_fn(|_| cbc::Message::new(key, [0; 16], &mut []));
            let count = self.messages(key, jobs.iter_mut().filter(|job| job.authentic), &mut messages);
            let _ = self.engine.cbc_decrypt_many(messages.get_mut(..count).unwrap_or_default());
        }
    }

    fn messages<'p: 'm, 'm>(
        &self,
        key: &'m cbc::Key,
        jobs: impl Iterator<Item = &'m mut Job<'p>>,
        messages: &mut [cbc::Message<'m>; WIDTH],
    ) -> usize {
        let mut count = 0usize;
        for job in jobs {
            let end = job.packet.len().saturating_sub(self.layout.icv_len);
            let parts = job.packet.get_mut(FIXED_LEN..end).and_then(<[u8]>::split_first_chunk_mut::<16>);
            let whole = parts.filter(|(_, body)| body.len().is_multiple_of(cbc::BLOCK_LEN));
            if let (Some((iv, body)), Some(message)) = (whole, messages.get_mut(count)) {
                *message = cbc::Message::new(key, *iv, body);
                count = count.saturating_add(1);
            }
        }
        count
    }

    /// Writes every packet's ICV.
    pub(super) fn authenticate(&self, mac: &LaneMac, jobs: &mut [Job<'_>]) {
        match mac {
            LaneMac::Md5(key) => self.each_tag(key, jobs, |job, at, tag| put_slice(job.packet, at, tag)),
            LaneMac::Sha1(key) => self.each_tag(key, jobs, |job, at, tag| put_slice(job.packet, at, tag)),
            LaneMac::Sha256(key) => self.each_tag(key, jobs, |job, at, tag| put_slice(job.packet, at, tag)),
        }
    }

    /// Says of every packet whether its ICV holds.
    pub(super) fn verify(&self, mac: &LaneMac, jobs: &mut [Job<'_>]) {
        let compare = |job: &mut Job<'_>, at: usize, tag: &[u8]| {
            job.authentic = job.packet.get(at..).is_some_and(|icv| icv.len() == tag.len() && bool::from(icv.ct_eq(tag)));
        };
        match mac {
            LaneMac::Md5(key) => self.each_tag(key, jobs, compare),
            LaneMac::Sha1(key) => self.each_tag(key, jobs, compare),
            LaneMac::Sha256(key) => self.each_tag(key, jobs, compare),
        }
    }

    /// Writes the ICV of every AH packet.
    pub(super) fn ah_icvs(&self, mac: &LaneMac, jobs: &mut [AhJob<'_>]) {
        match mac {
            LaneMac::Md5(key) => self.each_icv(key, jobs),
            LaneMac::Sha1(key) => self.each_icv(key, jobs),
            LaneMac::Sha256(key) => self.each_icv(key, jobs),
        }
    }

    fn each_icv<A: Algorithm>(&self, key: &hmac::Key<A>, jobs: &mut [AhJob<'_>]) {
        for jobs in jobs.chunks_mut(WIDTH) {
            let mut tags = [A::Output::default(); WIDTH];
            let messages: [hmac::Message<'_, A>; WIDTH] = core::array::from_fn(|at| {
                let (first, rest): (&[u8], &[&[u8]]) = match jobs.get(at) {
                    Some(AhJob { pieces: [first, rest @ ..], .. }) => (first, rest),
                    None => (&[], &[]),
                };
                hmac::Message::new(key, Segments::new(first, rest))
            });
            let count = jobs.len();
            // As many tags as messages.
            let _ = self.engine.hmac_many(messages.get(..count).unwrap_or(&[]), tags.get_mut(..count).unwrap_or_default());
            for (job, tag) in jobs.iter_mut().zip(&tags) {
                copy(job.icv, tag.as_ref());
            }
        }
    }

    /// Calls `with` with every packet that has all its parts, where its ICV is, and the ICV as it should be.
    fn each_tag<A: Algorithm>(&self, key: &hmac::Key<A>, jobs: &mut [Job<'_>], with: impl Fn(&mut Job<'_>, usize, &[u8])) {
        let least = FIXED_LEN.saturating_add(self.layout.iv_len).saturating_add(self.layout.icv_len);
        for jobs in jobs.chunks_mut(WIDTH) {
            let mut tags = [A::Output::default(); WIDTH];
            let highs: [[u8; 4]; WIDTH] =
                core::array::from_fn(|at| jobs.get(at).and_then(|job| job.esn_high).unwrap_or(0).to_be_bytes());
            let pieces: [[&[u8]; 1]; WIDTH] = core::array::from_fn(|at| match (jobs.get(at), highs.get(at)) {
                (Some(Job { esn_high: Some(_), .. }), Some(high)) => [high.as_slice()],
                _ => [[].as_slice()],
            });
            let messages: [hmac::Message<'_, A>; WIDTH] = core::array::from_fn(|at| {
                let covered = jobs
                    .get(at)
                    .map_or(&[][..], |job| job.packet.get(..job.packet.len().saturating_sub(self.layout.icv_len)).unwrap_or(&[]));
                let rest = pieces.get(at).map_or(&[][..], |pieces| pieces.as_slice());
                hmac::Message::new(key, Segments::new(covered, rest))
            });
            let count = jobs.len();
            // As many tags as messages.
            let _ = self.engine.hmac_many(messages.get(..count).unwrap_or(&[]), tags.get_mut(..count).unwrap_or_default());
            for (job, tag) in jobs.iter_mut().zip(&tags) {
                if job.packet.len() < least {
                    continue;
                }
                let at = job.packet.len().saturating_sub(self.layout.icv_len);
                with(job, at, tag.as_ref().get(..self.layout.icv_len).unwrap_or(&[]));
            }
        }
    }
}
