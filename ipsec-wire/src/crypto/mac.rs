//! The integrity algorithms that need no nonce.

use aes::Aes128;
use cmac::Cmac;
use hmac::digest::KeyInit;
use hmac::{Hmac, digest};
use md5::Md5;
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

use super::cbc_mac::Xcbc;
use crate::algorithm::Mac;
use crate::error::{Error, Field};
use crate::octets::copy;

/// A keyed MAC; the states behind the key's blocks are kept, so that a packet costs no key set-up.
pub(super) enum KeyedMac {
    Md5(Hmac<Md5>),
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
    Ripemd160(Hmac<Ripemd160>),
    Xcbc(Xcbc),
    Cmac(Cmac<Aes128>),
}

impl KeyedMac {
    /// `key` has one of the lengths that `mac` takes.
    pub(super) fn new(mac: Mac, key: &[u8]) -> Result<Self, Error> {
        Ok(match mac {
            Mac::HmacMd5 => Self::Md5(keyed(key)?),
            Mac::HmacSha1 => Self::Sha1(keyed(key)?),
            Mac::HmacSha256 => Self::Sha256(keyed(key)?),
            Mac::HmacSha384 => Self::Sha384(keyed(key)?),
            Mac::HmacSha512 => Self::Sha512(keyed(key)?),
            Mac::HmacRipemd160 => Self::Ripemd160(keyed(key)?),
            Mac::AesCmac => Self::Cmac(keyed(key)?),
            Mac::AesXcbc => Self::Xcbc(Xcbc::new(key)?),
            Mac::AesGmac => return Err(Error::Unsupported(Field::Integrity)),
        })
    }

    /// Writes the first octets of the tag over the pieces that `feed` gives.
    #[inline]
    pub(super) fn compute(&self, feed: impl Fn(&mut dyn FnMut(&[u8])), icv: &mut [u8]) {
        match self {
            Self::Md5(mac) => tag(mac.clone(), feed, icv),
            Self::Sha1(mac) => tag(mac.clone(), feed, icv),
            Self::Sha256(mac) => tag(mac.clone(), feed, icv),
            Self::Sha384(mac) => tag(mac.clone(), feed, icv),
            Self::Sha512(mac) => tag(mac.clone(), feed, icv),
            Self::Ripemd160(mac) => tag(mac.clone(), feed, icv),
            Self::Cmac(mac) => tag(mac.clone(), feed, icv),
            Self::Xcbc(mac) => copy(icv, &mac.compute(feed)),
        }
    }
}

fn keyed<M: KeyInit>(key: &[u8]) -> Result<M, Error> {
    M::new_from_slice(key).map_err(|_| Error::Unsupported(Field::IntegrityKey))
}

#[inline]
fn tag<M: digest::Mac>(mut mac: M, feed: impl Fn(&mut dyn FnMut(&[u8])), icv: &mut [u8]) {
    feed(&mut |piece| mac.update(piece));
    copy(icv, &mac.finalize().into_bytes());
}
