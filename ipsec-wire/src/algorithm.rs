//! The algorithms of AH and ESP with their lengths, and the suites that an association can have.
//!
//! | cipher | key | salt | IV | block | source |
//! | --- | --- | --- | --- | --- | --- |
//! | NULL | 0 | 0 | 0 | 1 | RFC 2410 |
//! | AES-CBC | 16, 24, 32 | 0 | 16 | 16 | RFC 3602 |
//! | AES-CTR | 16, 24, 32 | 4 | 8 | 1 | RFC 3686 |
//! | 3DES-CBC (feature `legacy-ciphers`) | 24 | 0 | 8 | 8 | RFC 2451 |
//! | DES-CBC (feature `legacy-ciphers`) | 8 | 0 | 8 | 8 | RFC 2405 |
//!
//! | combined mode | key | salt | IV | ICV | source |
//! | --- | --- | --- | --- | --- | --- |
//! | AES-GCM | 16, 24, 32 | 4 | 8 | 8, 12, 16 | RFC 4106 |
//! | AES-CCM | 16, 24, 32 | 3 | 8 | 8, 12, 16 | RFC 4309 |
//! | AES-GMAC, no encryption | 16, 24, 32 | 4 | 8 | 16 | RFC 4543 |
//! | ChaCha20-Poly1305 | 32 | 4 | 8 | 16 | RFC 7634 |
//!
//! All but GMAC can have an implicit IV, the sequence number, which is not sent (RFC 8750).
//!
//! | integrity | key | ICV | source |
//! | --- | --- | --- | --- |
//! | HMAC-MD5-96 | 16 | 12 | RFC 2403 |
//! | HMAC-SHA-1-96 | 20 | 12 | RFC 2404 |
//! | HMAC-SHA-256-128, -384-192, -512-256 | 32, 48, 64 | 16, 24, 32 | RFC 4868 |
//! | HMAC-RIPEMD-160-96 | 20 | 12 | RFC 2857 |
//! | AES-XCBC-96 | 16 | 12 | RFC 3566 |
//! | AES-CMAC-96 | 16 | 12 | RFC 4494 |
//! | AES-GMAC, AH only | 16, 24, 32 and salt 4 | IV 8 and ICV 16 | RFC 4543 |
//!
//! Lengths are in octets. A salt comes at the end of its key, as IKE derives them and `ip xfrm` has them.

use crate::error::{Error, Field, len32};

/// A cipher that protects no integrity of its own.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Cipher {
    /// No encryption.
    Null,
    /// AES in cipher block chaining mode.
    AesCbc,
    /// AES in counter mode.
    AesCtr,
    /// Triple DES in cipher block chaining mode.
    TripleDesCbc,
    /// DES in cipher block chaining mode: broken by exhaustive search since 1998.
    DesCbc,
}

impl Cipher {
    /// Octets of the initialization vector on the wire.
    #[must_use]
    pub const fn iv_len(self) -> usize {
        match self {
            Self::Null => 0,
            Self::AesCbc => 16,
            Self::AesCtr | Self::TripleDesCbc | Self::DesCbc => 8,
        }
    }

    /// Octets of a block; 1 for what takes any length.
    #[must_use]
    pub const fn block_len(self) -> usize {
        match self {
            Self::Null | Self::AesCtr => 1,
            Self::AesCbc => 16,
            Self::TripleDesCbc | Self::DesCbc => 8,
        }
    }

    /// Key lengths with the salt.
    #[must_use]
    pub const fn key_lens(self) -> &'static [usize] {
        match self {
            Self::Null => &[0],
            Self::AesCbc => &[16, 24, 32],
            Self::AesCtr => &[20, 28, 36],
            Self::TripleDesCbc => &[24],
            Self::DesCbc => &[8],
        }
    }
}

/// A keyed hash or block cipher that authenticates.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Mac {
    /// HMAC with MD5.
    HmacMd5,
    /// HMAC with SHA-1.
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-384.
    HmacSha384,
    /// HMAC with SHA-512.
    HmacSha512,
    /// HMAC with RIPEMD-160.
    HmacRipemd160,
    /// AES-XCBC-MAC.
    AesXcbc,
    /// AES-CMAC.
    AesCmac,
    /// AES-GMAC as AH has it: a nonce-based MAC, its IV before the tag.
    AesGmac,
}

impl Mac {
    /// Octets of the untruncated tag.
    #[must_use]
    pub const fn tag_len(self) -> usize {
        match self {
            Self::HmacMd5 | Self::AesXcbc | Self::AesCmac | Self::AesGmac => 16,
            Self::HmacSha1 | Self::HmacRipemd160 => 20,
            Self::HmacSha256 => 32,
            Self::HmacSha384 => 48,
            Self::HmacSha512 => 64,
        }
    }

    /// Key lengths, with the salt for GMAC.
    #[must_use]
    pub const fn key_lens(self) -> &'static [usize] {
        match self {
            Self::HmacMd5 | Self::AesXcbc | Self::AesCmac => &[16],
            Self::HmacSha1 | Self::HmacRipemd160 => &[20],
            Self::HmacSha256 => &[32],
            Self::HmacSha384 => &[48],
            Self::HmacSha512 => &[64],
            Self::AesGmac => &[20, 28, 36],
        }
    }
}

/// An integrity algorithm with the length its ICV is cut to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Integrity {
    mac: Mac,
    icv_len: u8,
}

impl Integrity {
    /// HMAC-MD5-96 (RFC 2403).
    pub const HMAC_MD5_96: Self = Self { mac: Mac::HmacMd5, icv_len: 12 };
    /// HMAC-SHA-1-96 (RFC 2404).
    pub const HMAC_SHA1_96: Self = Self { mac: Mac::HmacSha1, icv_len: 12 };
    /// HMAC-SHA-256-128 (RFC 4868).
    pub const HMAC_SHA256_128: Self = Self { mac: Mac::HmacSha256, icv_len: 16 };
    /// HMAC-SHA-256 cut to 96 bits: a draft's length that some systems still have.
    pub const HMAC_SHA256_96: Self = Self { mac: Mac::HmacSha256, icv_len: 12 };
    /// HMAC-SHA-384-192 (RFC 4868).
    pub const HMAC_SHA384_192: Self = Self { mac: Mac::HmacSha384, icv_len: 24 };
    /// HMAC-SHA-512-256 (RFC 4868).
    pub const HMAC_SHA512_256: Self = Self { mac: Mac::HmacSha512, icv_len: 32 };
    /// HMAC-RIPEMD-160-96 (RFC 2857).
    pub const HMAC_RIPEMD160_96: Self = Self { mac: Mac::HmacRipemd160, icv_len: 12 };
    /// AES-XCBC-MAC-96 (RFC 3566).
    pub const AES_XCBC_96: Self = Self { mac: Mac::AesXcbc, icv_len: 12 };
    /// AES-CMAC-96 (RFC 4494).
    pub const AES_CMAC_96: Self = Self { mac: Mac::AesCmac, icv_len: 12 };
    /// AES-GMAC in AH (RFC 4543 4): an IV of 8 octets and a tag of 16.
    pub const AES_GMAC: Self = Self { mac: Mac::AesGmac, icv_len: 24 };

    /// `mac` cut to `icv_len` octets: 12 or more, a multiple of 4, and no more than the tag has. The constants are the lengths that
    /// RFCs give.
    ///
    /// # Errors
    /// [`Error::KeyLength`].
    pub fn new(mac: Mac, icv_len: usize) -> Result<Self, Error> {
        let (least, most) = if mac == Mac::AesGmac { (24, 24) } else { (12, mac.tag_len()) };
        match u8::try_from(icv_len) {
            Ok(len) if icv_len >= least && icv_len <= most && len % 4 == 0 => Ok(Self { mac, icv_len: len }),
            _ => {
                let needed = if icv_len < least { least } else { most.min(icv_len & !3) };
                Err(Error::KeyLength { field: Field::IcvLen, found: len32(icv_len), needed: len32(needed) })
            }
        }
    }

    /// The algorithm.
    #[must_use]
    pub const fn mac(self) -> Mac {
        self.mac
    }

    /// Octets of the ICV on the wire, with the IV for GMAC.
    #[must_use]
    pub const fn icv_len(self) -> usize {
        self.icv_len as usize
    }
}

/// An algorithm that encrypts and authenticates at once.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CombinedMode {
    /// AES in Galois/counter mode.
    AesGcm,
    /// AES in counter mode with CBC-MAC.
    AesCcm,
    /// AES-GMAC: authenticates only.
    AesGmac,
    /// ChaCha20 with Poly1305.
    ChaCha20Poly1305,
}

/// A combined mode with its ICV length and where its IV comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Aead {
    mode: CombinedMode,
    icv_len: u8,
    implicit_iv: bool,
}

impl Aead {
    /// AES-GCM with an ICV of 16 octets (RFC 4106).
    pub const AES_GCM_16: Self = Self { mode: CombinedMode::AesGcm, icv_len: 16, implicit_iv: false };
    /// AES-GCM with an ICV of 12 octets (RFC 4106).
    pub const AES_GCM_12: Self = Self { mode: CombinedMode::AesGcm, icv_len: 12, implicit_iv: false };
    /// AES-GCM with an ICV of 8 octets (RFC 4106).
    pub const AES_GCM_8: Self = Self { mode: CombinedMode::AesGcm, icv_len: 8, implicit_iv: false };
    /// AES-CCM with an ICV of 16 octets (RFC 4309).
    pub const AES_CCM_16: Self = Self { mode: CombinedMode::AesCcm, icv_len: 16, implicit_iv: false };
    /// AES-CCM with an ICV of 12 octets (RFC 4309).
    pub const AES_CCM_12: Self = Self { mode: CombinedMode::AesCcm, icv_len: 12, implicit_iv: false };
    /// AES-CCM with an ICV of 8 octets (RFC 4309).
    pub const AES_CCM_8: Self = Self { mode: CombinedMode::AesCcm, icv_len: 8, implicit_iv: false };
    /// ENCR_NULL_AUTH_AES_GMAC (RFC 4543).
    pub const AES_GMAC: Self = Self { mode: CombinedMode::AesGmac, icv_len: 16, implicit_iv: false };
    /// ChaCha20-Poly1305 (RFC 7634).
    pub const CHACHA20_POLY1305: Self = Self { mode: CombinedMode::ChaCha20Poly1305, icv_len: 16, implicit_iv: false };

    /// The same with the sequence number for an IV, which is not sent (RFC 8750).
    ///
    /// # Errors
    /// [`Error::Unsupported`] for GMAC, which has no such form.
    pub const fn with_implicit_iv(mut self) -> Result<Self, Error> {
        if matches!(self.mode, CombinedMode::AesGmac) {
            return Err(Error::Unsupported(Field::Iv));
        }
        self.implicit_iv = true;
        Ok(self)
    }

    /// The algorithm.
    #[must_use]
    pub const fn mode(self) -> CombinedMode {
        self.mode
    }

    /// Octets of the ICV.
    #[must_use]
    pub const fn icv_len(self) -> usize {
        self.icv_len as usize
    }

    /// Whether the IV is the sequence number.
    #[must_use]
    pub const fn implicit_iv(self) -> bool {
        self.implicit_iv
    }

    /// Octets of the IV on the wire: 8, or none.
    #[must_use]
    pub const fn iv_len(self) -> usize {
        if self.implicit_iv { 0 } else { 8 }
    }

    /// Octets of the salt at the end of the key.
    #[must_use]
    pub const fn salt_len(self) -> usize {
        if matches!(self.mode, CombinedMode::AesCcm) { 3 } else { 4 }
    }

    /// Key lengths with the salt.
    #[must_use]
    pub const fn key_lens(self) -> &'static [usize] {
        match self.mode {
            CombinedMode::AesGcm | CombinedMode::AesGmac => &[20, 28, 36],
            CombinedMode::AesCcm => &[19, 27, 35],
            CombinedMode::ChaCha20Poly1305 => &[36],
        }
    }
}

/// What an association protects packets with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Suite {
    /// AH.
    Ah(Integrity),
    /// ESP with a cipher and, unless opted out of, integrity.
    Esp {
        /// The cipher.
        cipher: Cipher,
        /// Integrity; `None` only by [`crate::Builder::legacy_no_integrity`].
        integrity: Option<Integrity>,
    },
    /// ESP with a combined mode.
    EspCombined(Aead),
}

impl Suite {
    /// Octets of the IV before an ESP payload. AH's GMAC has its IV in the ICV.
    #[must_use]
    pub const fn iv_len(&self) -> usize {
        match self {
            Self::Ah(_) => 0,
            Self::Esp { cipher, .. } => cipher.iv_len(),
            Self::EspCombined(aead) => aead.iv_len(),
        }
    }

    /// Octets of the ICV.
    #[must_use]
    pub const fn icv_len(&self) -> usize {
        match self {
            Self::Ah(integrity) => integrity.icv_len(),
            Self::Esp { integrity: Some(integrity), .. } => integrity.icv_len(),
            Self::Esp { integrity: None, .. } => 0,
            Self::EspCombined(aead) => aead.icv_len(),
        }
    }

    /// What an ESP ciphertext's length is a multiple of: the cipher's block, and 4 (RFC 4303 2.4).
    #[must_use]
    pub const fn alignment(&self) -> usize {
        match self {
            Self::Esp { cipher, .. } if cipher.block_len() > 4 => cipher.block_len(),
            _ => 4,
        }
    }

    /// Whether a nonce must never repeat under the key: counter modes and GMAC.
    #[must_use]
    pub const fn has_counter_iv(&self) -> bool {
        match self {
            Self::Ah(integrity) => matches!(integrity.mac, Mac::AesGmac),
            Self::Esp { cipher, .. } => matches!(cipher, Cipher::AesCtr),
            Self::EspCombined(_) => true,
        }
    }

    /// Whether a packet's origin can be told at all.
    #[must_use]
    pub const fn has_integrity(&self) -> bool {
        !matches!(self, Self::Esp { integrity: None, .. })
    }

    /// Checks the keys' lengths.
    ///
    /// # Errors
    /// [`Error::KeyLength`] with the nearest right length, also for a key that the suite has no use for.
    pub fn check_keys(&self, keys: &Keys<'_>) -> Result<(), Error> {
        let (encryption, integrity): (&[usize], &[usize]) = match self {
            Self::Ah(integrity) => (&[0], integrity.mac.key_lens()),
            Self::Esp { cipher, integrity: Some(integrity) } => (cipher.key_lens(), integrity.mac.key_lens()),
            Self::Esp { cipher, integrity: None } => (cipher.key_lens(), &[0]),
            Self::EspCombined(aead) => (aead.key_lens(), &[0]),
        };
        check_len(keys.encryption.len(), encryption, Field::EncryptionKey)?;
        check_len(keys.integrity.len(), integrity, Field::IntegrityKey)
    }
}

fn check_len(found: usize, lens: &[usize], field: Field) -> Result<(), Error> {
    if lens.contains(&found) {
        return Ok(());
    }
    let needed = lens.iter().copied().min_by_key(|len| len.abs_diff(found)).unwrap_or(0);
    Err(Error::KeyLength { field, found: len32(found), needed: len32(needed) })
}

/// The keys of a suite, borrowed from the caller, who wipes them.
#[derive(Clone, Copy, Default)]
pub struct Keys<'k> {
    /// Key of the cipher or combined mode, its salt at the end.
    pub encryption: &'k [u8],
    /// Key of the integrity algorithm.
    pub integrity: &'k [u8],
}

impl core::fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}
