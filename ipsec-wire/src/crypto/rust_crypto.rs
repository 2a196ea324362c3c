//! The implementation that comes with the crate, on the ciphers and hashes of the RustCrypto project; batches of HMAC and AES-CBC on vector lanes.

use aes::cipher::array::Array;
use aes::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit, StreamCipher};
use aes::{Aes128, Aes192, Aes256};
use ccm::Ccm;
use ccm::aead::AeadInOut;
use ccm::aead::inout::InOutBuf;
use ccm::consts::{U8, U11, U12, U16};
use chacha20poly1305::ChaCha20Poly1305;
use ctr::{Ctr32BE, CtrCore};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::gcm::Gcm;
use super::lanes::Lanes;
use super::mac::KeyedMac;
use super::parts::{Parts, Salt, nonce, split_salt};
use super::{AhJob, Job, Pieces, Transform};
use crate::algorithm::{Cipher, CombinedMode, Keys, Mac, Suite};
use crate::error::{Error, Field};
use crate::octets::{copy, put, put_slice};

/// The keyed algorithms of one association, by RustCrypto's crates; batches of HMAC-MD5, HMAC-SHA-1, HMAC-SHA-256 and AES-CBC run on
/// `wire-lanes`. Keys are wiped when it is dropped.
pub struct RustCrypto {
    iv_len: usize,
    icv_len: usize,
    engine: Engine,
    lanes: Lanes,
}

impl RustCrypto {
    /// Sets the keys of `suite` up.
    ///
    /// # Errors
    /// [`Error::KeyLength`]; [`Error::Unsupported`] for DES without the feature `legacy-ciphers`, and for GMAC as the integrity of an ESP
    /// cipher, which RFC 4543 5.3 forbids.
    pub fn new(suite: &Suite, keys: &Keys<'_>) -> Result<Self, Error> {
        suite.check_keys(keys)?;
        let engine = match suite {
            Suite::Ah(integrity) if integrity.mac() == Mac::AesGmac => {
                let (key, salt) = split_salt(keys.integrity)?;
                Engine::Gmac { gcm: Gcm::new(AesKey::new(key)?), salt }
            }
            Suite::Ah(integrity) => {
                Engine::Separate { cipher: CipherKey::Null, mac: Some(KeyedMac::new(integrity.mac(), keys.integrity)?) }
            }
            Suite::Esp { cipher, integrity } => {
                let mac = integrity.map(|integrity| KeyedMac::new(integrity.mac(), keys.integrity)).transpose()?;
                Engine::Separate { cipher: CipherKey::new(*cipher, keys.encryption)?, mac }
            }
            Suite::EspCombined(aead) => match aead.mode() {
                CombinedMode::AesGcm => {
                    let (key, salt) = split_salt(keys.encryption)?;
                    Engine::Gcm { gcm: Gcm::new(AesKey::new(key)?), salt }
                }
                CombinedMode::AesGmac => {
                    let (key, salt) = split_salt(keys.encryption)?;
                    Engine::Gmac { gcm: Gcm::new(AesKey::new(key)?), salt }
                }
                CombinedMode::AesCcm => {
                    let (key, salt) = split_salt(keys.encryption)?;
                    Engine::Ccm { aes: AesKey::new(key)?, salt }
                }
                CombinedMode::ChaCha20Poly1305 => {
                    let (key, salt) = split_salt(keys.encryption)?;
                    let cipher = ChaCha20Poly1305::new_from_slice(key).map_err(|_| Error::Unsupported(Field::EncryptionKey))?;
                    Engine::ChaCha { cipher, salt }
                }
            },
        };
        Ok(Self { iv_len: suite.iv_len(), icv_len: suite.icv_len(), engine, lanes: Lanes::new(suite, keys) })
    }

    fn parts<'a>(&self, packet: &'a mut [u8]) -> Option<Parts<'a>> {
        Parts::of(packet, self.iv_len, self.icv_len)
    }

    /// Writes the ICV of a separate MAC, if the packet has all its parts.
    fn authenticate(&self, mac: &KeyedMac, job: &mut Job<'_>) {
        if self.parts(job.packet).is_none() {
            return;
        }
        let mut tag = Tag::default();
        let icv = tag.room(self.icv_len);
        let covered = self.covered(job.packet);
        mac.compute(|sink| separate(sink, covered, job.esn_high), icv);
        let at = job.packet.len().saturating_sub(self.icv_len);
        put_slice(job.packet, at, icv);
    }

    fn seal_each(&self, jobs: &mut [Job<'_>]) {
        jobs.iter_mut().for_each(|job| self.seal(job));
    }

    fn open_each(&self, jobs: &mut [Job<'_>]) {
        jobs.iter_mut().for_each(|job| self.open(job));
    }

    /// Octets of the packet before its ICV.
    fn covered<'a>(&self, packet: &'a [u8]) -> &'a [u8] {
        packet.get(..packet.len().saturating_sub(self.icv_len)).unwrap_or(&[])
    }
}

impl core::fmt::Debug for RustCrypto {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RustCrypto").finish_non_exhaustive()
    }
}

impl Transform for RustCrypto {
    fn seal(&self, job: &mut Job<'_>) {
        let esn_high = job.esn_high;
        let Some(parts) = self.parts(job.packet) else { return };
        match &self.engine {
            Engine::Separate { cipher, mac } => {
                cipher.encrypt(parts.iv, parts.body);
                if let Some(mac) = mac {
                    self.authenticate(mac, job);
                }
            }
            Engine::Gcm { gcm, salt } => {
                let (nonce, aad) = (parts.nonce(salt, esn_high), parts.aad(esn_high));
                let tag = gcm.seal(&nonce, aad.octets(), parts.body);
                copy(parts.icv, &tag);
            }
            Engine::Gmac { gcm, salt } => {
                let (nonce, aad) = (parts.nonce(salt, esn_high), parts.aad(esn_high));
                let Parts { iv, body, icv, .. } = parts;
                let tag = gcm.gmac(&nonce, |sink| pieces_of(sink, aad.octets(), iv, body));
                copy(icv, &tag);
            }
            Engine::Ccm { aes, salt } => {
                let (nonce, aad) = (parts.nonce(salt, esn_high), parts.aad(esn_high));
                with_aes!(aes, aes => ccm_seal(aes, &nonce, aad.octets(), parts.body, parts.icv));
            }
            Engine::ChaCha { cipher, salt } => {
                let (nonce, aad) = (parts.nonce(salt, esn_high), parts.aad(esn_high));
                let nonce = Array::from(nonce);
                if let Ok(tag) = cipher.encrypt_inout_detached(&nonce, aad.octets(), InOutBuf::from(parts.body)) {
                    copy(parts.icv, &tag);
                }
            }
        }
    }

    fn open(&self, job: &mut Job<'_>) {
        job.authentic = false;
        let esn_high = job.esn_high;
        let mut tag = Tag::default();
        if let Engine::Separate { mac: Some(mac), .. } = &self.engine {
            let covered = self.covered(job.packet);
            mac.compute(|sink| separate(sink, covered, esn_high), tag.room(self.icv_len));
        }
        let Some(parts) = self.parts(job.packet) else { return };
        let (nonce_of, aad) = (|salt: &Salt| parts.nonce(salt, esn_high), parts.aad(esn_high));
        match &self.engine {
            Engine::Separate { cipher, mac } => {
                if mac.is_some() && !equal(tag.room(self.icv_len), parts.icv) {
                    return;
                }
                cipher.decrypt(parts.iv, parts.body);
                job.authentic = true;
            }
            Engine::Gcm { gcm, salt } => {
                let nonce = nonce_of(salt);
                let tag = gcm.tag_of(&nonce, aad.octets(), parts.body);
                job.authentic = equal(tag.get(..self.icv_len).unwrap_or(&[]), parts.icv);
                if job.authentic {
                    gcm.decrypt(&nonce, parts.body);
                }
            }
            Engine::Gmac { gcm, salt } => {
                let nonce = nonce_of(salt);
                let Parts { iv, body, icv, .. } = parts;
                let tag = gcm.gmac(&nonce, |sink| pieces_of(sink, aad.octets(), iv, body));
                job.authentic = equal(tag.get(..self.icv_len).unwrap_or(&[]), icv);
            }
            Engine::Ccm { aes, salt } => {
                let nonce = nonce_of(salt);
                job.authentic = with_aes!(aes, aes => ccm_open(aes, &nonce, aad.octets(), parts.body, parts.icv));
            }
            Engine::ChaCha { cipher, salt } => {
                let nonce = Array::from(nonce_of(salt));
                let Ok(tag) = <[u8; 16]>::try_from(&*parts.icv) else { return };
                let body = InOutBuf::from(parts.body);
                job.authentic = cipher.decrypt_inout_detached(&nonce, aad.octets(), body, &Array::from(tag)).is_ok();
            }
        }
    }

    fn seal_batch(&self, jobs: &mut [Job<'_>]) {
        let Engine::Separate { cipher, mac } = &self.engine else { return self.seal_each(jobs) };
        if jobs.len() < 2 || (self.lanes.cipher.is_none() && self.lanes.mac.is_none()) {
            return self.seal_each(jobs);
        }
        match &self.lanes.cipher {
            Some(key) => self.lanes.encrypt(key, jobs),
            None => {
                for parts in jobs.iter_mut().filter_map(|job| self.parts(job.packet)) {
                    cipher.encrypt(parts.iv, parts.body);
                }
            }
        }
        match (&self.lanes.mac, mac) {
            (Some(lanes), _) => self.lanes.authenticate(lanes, jobs),
            (None, Some(mac)) => jobs.iter_mut().for_each(|job| self.authenticate(mac, job)),
            (None, None) => {}
        }
    }

    fn open_batch(&self, jobs: &mut [Job<'_>]) {
        let Engine::Separate { cipher, .. } = &self.engine else { return self.open_each(jobs) };
        let Some(lanes) = self.lanes.mac.as_ref().filter(|_| jobs.len() > 1) else { return self.open_each(jobs) };
        jobs.iter_mut().for_each(|job| job.authentic = false);
        self.lanes.verify(lanes, jobs);
        match &self.lanes.cipher {
            Some(key) => self.lanes.decrypt(key, jobs),
            None => {
                for job in jobs.iter_mut().filter(|job| job.authentic) {
                    if let Some(parts) = self.parts(job.packet) {
                        cipher.decrypt(parts.iv, parts.body);
                    }
                }
            }
        }
    }

    fn ah_icv(&self, pieces: Pieces<'_>, icv: &mut [u8]) {
        match &self.engine {
            Engine::Separate { mac: Some(mac), .. } => mac.compute(pieces, icv),
            Engine::Gmac { gcm, salt } => {
                let Some((iv, tag)) = icv.split_first_chunk_mut::<8>() else { return };
                let nonce = nonce(salt, u64::from_be_bytes(*iv));
                copy(tag, &gcm.gmac(&nonce, pieces));
            }
            _ => {}
        }
    }

    fn ah_icv_batch(&self, jobs: &mut [AhJob<'_>]) {
        match &self.lanes.mac {
            Some(mac) if jobs.len() > 1 => self.lanes.ah_icvs(mac, jobs),
            _ => jobs.iter_mut().for_each(|AhJob { pieces, icv }| {
                self.ah_icv(&|sink| pieces.iter().for_each(|piece| sink(piece)), icv);
            }),
        }
    }
}

#[expect(
    clippy::large_enum_variant,
    reason = "an association lives where its owner puts it; there may be no allocator for a box"
)]
enum Engine {
    Separate { cipher: CipherKey, mac: Option<KeyedMac> },
    Gcm { gcm: Gcm, salt: Salt },
    Gmac { gcm: Gcm, salt: Salt },
    Ccm { aes: AesKey, salt: Salt },
    ChaCha { cipher: ChaCha20Poly1305, salt: Salt },
}

impl Drop for Engine {
    fn drop(&mut self) {
        match self {
            Self::Gcm { salt, .. } | Self::Gmac { salt, .. } | Self::Ccm { salt, .. } | Self::ChaCha { salt, .. } => {
                salt.zeroize()
            }
            // Ciphers and MACs wipe their own.
            Self::Separate { .. } => {}
        }
    }
}

/// An AES key of any length.
pub(super) enum AesKey {
    Bits128(Aes128),
    Bits192(Aes192),
    Bits256(Aes256),
}

impl AesKey {
    fn new(key: &[u8]) -> Result<Self, Error> {
        let wrong = |_| Error::Unsupported(Field::EncryptionKey);
        Ok(match key.len() {
            16 => Self::Bits128(Aes128::new_from_slice(key).map_err(wrong)?),
            24 => Self::Bits192(Aes192::new_from_slice(key).map_err(wrong)?),
            _ => Self::Bits256(Aes256::new_from_slice(key).map_err(wrong)?),
        })
    }
}

/// The same expression for a key of each length.
macro_rules! with_aes {
    ($key:expr, $aes:ident => $body:expr) => {
        match $key {
            $crate::crypto::rust_crypto::AesKey::Bits128($aes) => $body,
            $crate::crypto::rust_crypto::AesKey::Bits192($aes) => $body,
            $crate::crypto::rust_crypto::AesKey::Bits256($aes) => $body,
        }
    };
}
pub(super) use with_aes;

enum CipherKey {
    Null,
    AesCbc(AesKey),
    AesCtr {
        aes: AesKey,
        salt: Salt,
    },
    #[cfg(feature = "legacy-ciphers")]
    TripleDes(des::TdesEde3),
    #[cfg(feature = "legacy-ciphers")]
    Des(des::Des),
}

impl Drop for CipherKey {
    fn drop(&mut self) {
        if let Self::AesCtr { salt, .. } = self {
            salt.zeroize();
        }
    }
}

impl CipherKey {
    fn new(cipher: Cipher, key: &[u8]) -> Result<Self, Error> {
        Ok(match cipher {
            Cipher::Null => Self::Null,
            Cipher::AesCbc => Self::AesCbc(AesKey::new(key)?),
            Cipher::AesCtr => {
                let (key, salt) = split_salt(key)?;
                Self::AesCtr { aes: AesKey::new(key)?, salt }
            }
            #[cfg(feature = "legacy-ciphers")]
            Cipher::TripleDesCbc => {
                Self::TripleDes(des::TdesEde3::new_from_slice(key).map_err(|_| Error::Unsupported(Field::EncryptionKey))?)
            }
            #[cfg(feature = "legacy-ciphers")]
            Cipher::DesCbc => Self::Des(des::Des::new_from_slice(key).map_err(|_| Error::Unsupported(Field::EncryptionKey))?),
            #[cfg(not(feature = "legacy-ciphers"))]
            Cipher::TripleDesCbc | Cipher::DesCbc => return Err(Error::Unsupported(Field::Encryption)),
        })
    }

    fn encrypt(&self, iv: &[u8], body: &mut [u8]) {
        match self {
            Self::Null => {}
            Self::AesCbc(aes) => with_aes!(aes, aes => cbc_encrypt(aes, iv, body)),
            Self::AesCtr { aes, salt } => with_aes!(aes, aes => ctr_apply(aes, salt, iv, body)),
            #[cfg(feature = "legacy-ciphers")]
            Self::TripleDes(des) => cbc_encrypt(des, iv, body),
            #[cfg(feature = "legacy-ciphers")]
            Self::Des(des) => cbc_encrypt(des, iv, body),
        }
    }

    fn decrypt(&self, iv: &[u8], body: &mut [u8]) {
        match self {
            Self::Null => {}
            Self::AesCbc(aes) => with_aes!(aes, aes => cbc_decrypt(aes, iv, body)),
            Self::AesCtr { aes, salt } => with_aes!(aes, aes => ctr_apply(aes, salt, iv, body)),
            #[cfg(feature = "legacy-ciphers")]
            Self::TripleDes(des) => cbc_decrypt(des, iv, body),
            #[cfg(feature = "legacy-ciphers")]
            Self::Des(des) => cbc_decrypt(des, iv, body),
        }
    }
}

fn cbc_encrypt<C: aes::cipher::BlockCipherEncrypt>(cipher: &C, iv: &[u8], body: &mut [u8]) {
    if let Ok(iv) = Array::try_from(iv) {
        let (blocks, _) = Array::slice_as_chunks_mut(body);
        cbc::Encryptor::inner_iv_init(cipher, &iv).encrypt_blocks(blocks);
    }
}

fn cbc_decrypt<C: aes::cipher::BlockCipherDecrypt>(cipher: &C, iv: &[u8], body: &mut [u8]) {
    if let Ok(iv) = Array::try_from(iv) {
        let (blocks, _) = Array::slice_as_chunks_mut(body);
        cbc::Decryptor::inner_iv_init(cipher, &iv).decrypt_blocks(blocks);
    }
}

/// RFC 3686 4: the counter block is salt, IV and a count from 1.
fn ctr_apply<C: aes::cipher::BlockCipherEncrypt<BlockSize = U16>>(cipher: &C, salt: &Salt, iv: &[u8], body: &mut [u8]) {
    let mut block = [0u8; 16];
    copy(&mut block, salt);
    put_slice(&mut block, 4, iv);
    put(&mut block, 12, &[0, 0, 0, 1]);
    // Only over 2^36 octets are an error, and no packet has them.
    let _ = Ctr32BE::from_core(CtrCore::inner_iv_init(cipher, &Array::from(block))).try_apply_keystream(body);
}

/// RFC 4309 4: a nonce of 11 octets, the salt's first one left out.
fn ccm_seal<C>(aes: &C, nonce: &[u8; 12], aad: &[u8], body: &mut [u8], icv: &mut [u8])
where
    C: aes::cipher::BlockCipherEncrypt<BlockSize = U16>,
{
    let nonce = Array::from(ccm_nonce(nonce));
    let body = InOutBuf::from(body);
    match icv.len() {
        8 => copy_tag(icv, Ccm::<&C, U8, U11>::from(aes).encrypt_inout_detached(&nonce, aad, body)),
        12 => copy_tag(icv, Ccm::<&C, U12, U11>::from(aes).encrypt_inout_detached(&nonce, aad, body)),
        _ => copy_tag(icv, Ccm::<&C, U16, U11>::from(aes).encrypt_inout_detached(&nonce, aad, body)),
    }
}

fn ccm_open<C>(aes: &C, nonce: &[u8; 12], aad: &[u8], body: &mut [u8], icv: &[u8]) -> bool
where
    C: aes::cipher::BlockCipherEncrypt<BlockSize = U16>,
{
    let nonce = Array::from(ccm_nonce(nonce));
    let copy = InOutBuf::from(&mut *body);
    match icv.len() {
        8 => Array::try_from(icv)
            .is_ok_and(|tag| Ccm::<&C, U8, U11>::from(aes).decrypt_inout_detached(&nonce, aad, copy, &tag).is_ok()),
        12 => Array::try_from(icv)
            .is_ok_and(|tag| Ccm::<&C, U12, U11>::from(aes).decrypt_inout_detached(&nonce, aad, copy, &tag).is_ok()),
        _ => Array::try_from(icv)
            .is_ok_and(|tag| Ccm::<&C, U16, U11>::from(aes).decrypt_inout_detached(&nonce, aad, copy, &tag).is_ok()),
    }
}

fn copy_tag<N: ccm::aead::array::ArraySize>(icv: &mut [u8], tag: Result<Array<u8, N>, ccm::aead::Error>) {
    if let Ok(tag) = tag {
        copy(icv, &tag);
    }
}

fn ccm_nonce(nonce: &[u8; 12]) -> [u8; 11] {
    let [_, rest @ ..] = nonce;
    *rest
}

/// What a separate MAC covers: the packet before its ICV, then the high half of an extended sequence number (RFC 4303 2.2.1).
fn separate(sink: &mut dyn FnMut(&[u8]), covered: &[u8], esn_high: Option<u32>) {
    sink(covered);
    if let Some(high) = esn_high {
        sink(&high.to_be_bytes());
    }
}

fn pieces_of(sink: &mut dyn FnMut(&[u8]), aad: &[u8], iv: &[u8], body: &[u8]) {
    sink(aad);
    sink(iv);
    sink(body);
}

/// Room for the longest tag.
struct Tag([u8; 64]);

impl Default for Tag {
    fn default() -> Self {
        Self([0; 64])
    }
}

impl Tag {
    fn room(&mut self, len: usize) -> &mut [u8] {
        self.0.get_mut(..len).unwrap_or_default()
    }
}

/// Whether two ICVs are the same, in a time that does not depend on where they differ.
fn equal(computed: &[u8], found: &[u8]) -> bool {
    computed.len() == found.len() && bool::from(computed.ct_eq(found))
}
