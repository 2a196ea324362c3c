//! A receiver's keys, each ready for use.

use alloc::boxed::Box;
use alloc::vec::Vec;

use wire_lanes::{Md5, Sha1, Sha256, hmac};

use super::{KeyTable, Schedule};
use crate::error::Error;
use crate::mac::{Algorithm, CmacKey, MAC_LEN, is_mac};

/// All keys of a table, each found by its index in one step.
pub(crate) struct Prepared {
    pub(crate) schedule: Schedule,
    keys: Keys,
}

enum Keys {
    Md5(Box<[hmac::Key<Md5>]>),
    Sha1(Box<[hmac::Key<Sha1>]>),
    Sha256(Box<[hmac::Key<Sha256>]>),
    Cmac(Box<[CmacKey]>),
}

/// A key of a table.
#[derive(Clone, Copy)]
pub(crate) enum KeyRef<'a> {
    Md5(&'a hmac::Key<Md5>),
    Sha1(&'a hmac::Key<Sha1>),
    Sha256(&'a hmac::Key<Sha256>),
    Cmac(&'a CmacKey),
}

impl Prepared {
    pub(crate) fn new(table: &KeyTable) -> Result<Self, Error> {
        let keys = match table.algorithm() {
            Algorithm::HmacMd5 => Keys::Md5(table.iter().map(hmac::Key::new).collect()),
            Algorithm::HmacSha1 => Keys::Sha1(table.iter().map(hmac::Key::new).collect()),
            Algorithm::HmacSha256 => Keys::Sha256(table.iter().map(hmac::Key::new).collect()),
            Algorithm::AesCmac => {
                // Room for all from the start: a vector that grows leaves keys behind where it was.
                let mut keys = Vec::with_capacity(table.iter().len());
                for key in table.iter() {
                    keys.push(CmacKey::new(key)?);
                }
                Keys::Cmac(keys.into_boxed_slice())
            }
        };
        Ok(Self { schedule: table.schedule(), keys })
    }

    #[inline(always)]
    pub(crate) fn key(&self, index: u16) -> Option<KeyRef<'_>> {
        let index = usize::from(index);
        match &self.keys {
            Keys::Md5(keys) => keys.get(index).map(KeyRef::Md5),
            Keys::Sha1(keys) => keys.get(index).map(KeyRef::Sha1),
            Keys::Sha256(keys) => keys.get(index).map(KeyRef::Sha256),
            Keys::Cmac(keys) => keys.get(index).map(KeyRef::Cmac),
        }
    }
}

impl KeyRef<'_> {
    /// Whether `mac` is the leftmost part of what the key makes of `covered`.
    pub(crate) fn verify(self, covered: &[u8], mac: &[u8; MAC_LEN]) -> bool {
        match self {
            Self::Md5(key) => is_mac(key.tag(covered.into()).as_ref(), mac),
            Self::Sha1(key) => is_mac(key.tag(covered.into()).as_ref(), mac),
            Self::Sha256(key) => is_mac(key.tag(covered.into()).as_ref(), mac),
            Self::Cmac(key) => is_mac(&key.mac(covered), mac),
        }
    }
}
