//! Names of algorithms.

/// Ciphers without an ICV of their own.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// No encryption (RFC 2410).
    Null,
    /// DES-CBC (RFC 2405).
    DesCbc,
    /// 3DES-CBC (RFC 2451).
    TripleDesCbc,
    /// AES-CBC (RFC 3602).
    AesCbc,
    /// AES-CTR (RFC 3686); a nonce of 4 octets behind the key.
    AesCtr,
    /// CAST-128 CBC (RFC 2144, RFC 2451).
    Cast5Cbc,
    /// Blowfish-CBC (RFC 2451).
    BlowfishCbc,
    /// Twofish-CBC.
    TwofishCbc,
    /// Serpent-CBC.
    SerpentCbc,
    /// Camellia-CBC (RFC 4312).
    CamelliaCbc,
    /// SM4-CBC.
    Sm4Cbc,
    /// SM4-CTR in the manner of RFC 3686.
    Sm4Ctr,
}

impl Cipher {
    /// Octets behind the key that are no part of it.
    #[must_use]
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AesCtr | Self::Sm4Ctr => 4,
            _ => 0,
        }
    }

    /// By the kernel's name, or the one that it had before.
    pub(crate) fn from_kernel(name: &str) -> Option<Self> {
        Some(match name {
            "ecb(cipher_null)" | "cipher_null" => Self::Null,
            "cbc(des)" | "des" => Self::DesCbc,
            "cbc(des3_ede)" | "des3_ede" => Self::TripleDesCbc,
            "cbc(aes)" | "aes" => Self::AesCbc,
            "rfc3686(ctr(aes))" => Self::AesCtr,
            "cbc(cast5)" | "cast5" => Self::Cast5Cbc,
            "cbc(blowfish)" | "blowfish" => Self::BlowfishCbc,
            "cbc(twofish)" | "twofish" => Self::TwofishCbc,
            "cbc(serpent)" | "serpent" => Self::SerpentCbc,
            "cbc(camellia)" | "camellia" => Self::CamelliaCbc,
            "cbc(sm4)" | "sm4" => Self::Sm4Cbc,
            "rfc3686(ctr(sm4))" => Self::Sm4Ctr,
            _ => return None,
        })
    }
}

/// Separate integrity algorithms.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Integrity {
    /// None.
    Null,
    /// HMAC-MD5 (RFC 2403).
    HmacMd5,
    /// HMAC-SHA-1 (RFC 2404).
    HmacSha1,
    /// HMAC-SHA-256 (RFC 4868).
    HmacSha256,
    /// HMAC-SHA-384 (RFC 4868).
    HmacSha384,
    /// HMAC-SHA-512 (RFC 4868).
    HmacSha512,
    /// HMAC-RIPEMD-160 (RFC 2857).
    HmacRipemd160,
    /// HMAC-SM3.
    HmacSm3,
    /// AES-XCBC-MAC (RFC 3566).
    AesXcbc,
    /// AES-CMAC (RFC 4494).
    AesCmac,
    /// Whatever it is, its ICV is stepped over and not verified.
    Unchecked,
}

impl Integrity {
    /// By the kernel's name, or the one that it had before.
    pub(crate) fn from_kernel(name: &str) -> Option<Self> {
        Some(match name {
            "digest_null" => Self::Null,
            "hmac(md5)" | "md5" => Self::HmacMd5,
            "hmac(sha1)" | "sha1" => Self::HmacSha1,
            "hmac(sha256)" | "sha256" => Self::HmacSha256,
            "hmac(sha384)" | "sha384" => Self::HmacSha384,
            "hmac(sha512)" | "sha512" => Self::HmacSha512,
            "hmac(rmd160)" | "rmd160" => Self::HmacRipemd160,
            "hmac(sm3)" | "sm3" => Self::HmacSm3,
            "xcbc(aes)" => Self::AesXcbc,
            "cmac(aes)" => Self::AesCmac,
            _ => return None,
        })
    }
}

/// Algorithms that encrypt and authenticate, or authenticate with a nonce.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Combined {
    /// AES-GCM (RFC 4106); a salt of 4 octets behind the key.
    AesGcm,
    /// AES-CCM (RFC 4309); a salt of 3 octets behind the key.
    AesCcm,
    /// AES-GMAC, integrity only (RFC 4543); a salt of 4 octets behind the key.
    AesGmac,
    /// ChaCha20-Poly1305 (RFC 7634); a salt of 4 octets behind the key.
    ChaCha20Poly1305,
}

impl Combined {
    /// Octets behind the key that are no part of it.
    #[must_use]
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AesCcm => 3,
            Self::AesGcm | Self::AesGmac | Self::ChaCha20Poly1305 => 4,
        }
    }

    /// By the kernel's name.
    pub(crate) fn from_kernel(name: &str) -> Option<Self> {
        Some(match name {
            "rfc4106(gcm(aes))" => Self::AesGcm,
            "rfc4309(ccm(aes))" => Self::AesCcm,
            "rfc4543(gcm(aes))" => Self::AesGmac,
            "rfc7539esp(chacha20,poly1305)" => Self::ChaCha20Poly1305,
            _ => return None,
        })
    }
}
