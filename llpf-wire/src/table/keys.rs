//! A table as it is generated, sent and kept.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::Schedule;
use crate::error::{Error, Field, len32};
use crate::mac::{self, Algorithm};

/// Keys of one algorithm and one length, with the time that each is used.
///
/// It is wiped when dropped, and does not show its keys in `Debug`.
#[derive(Clone)]
pub struct KeyTable {
    algorithm: Algorithm,
    schedule: Schedule,
    key_len: usize,
    /// One key behind the other.
    keys: Zeroizing<Vec<u8>>,
}

impl KeyTable {
    /// A table of given keys; the index of a key is its place among them.
    ///
    /// # Errors
    /// [`Error::KeyLength`] if the algorithm does not take a key's length or the keys are not of one length; those of [`Schedule::new`].
    pub fn new<K: AsRef<[u8]>>(algorithm: Algorithm, start: Duration, period: Duration, keys: &[K]) -> Result<Self, Error> {
        let schedule = Schedule::new(start, period, len32(keys.len()))?;
        let key_len = keys.first().map_or(0, |key| key.as_ref().len());
        algorithm.check_key_len(key_len)?;
        let mut all = Zeroizing::new(Vec::with_capacity(key_len.saturating_mul(keys.len())));
        for key in keys {
            let key = key.as_ref();
            if key.len() != key_len {
                return Err(Error::KeyLength { field: Field::Key, found: len32(key.len()), needed: len32(key_len) });
            }
            all.extend_from_slice(key);
        }
        Ok(Self { algorithm, schedule, key_len, keys: all })
    }

    /// A table of new keys from a generator of the caller's, as long as the algorithm's output ([`Algorithm::key_len`]).
    ///
    /// No two of its keys are the same.
    ///
    /// # Errors
    /// Those of [`Schedule::new`]; [`Error::Randomness`] if the generator gives one key twice.
    pub fn generate(
        algorithm: Algorithm,
        start: Duration,
        period: Duration,
        keys: u32,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, Error> {
        let schedule = Schedule::new(start, period, keys)?;
        let key_len = algorithm.key_len();
        // The schedule has seen to it that there are few enough.
        let count = usize::try_from(keys).unwrap_or(0);
        let mut all = Zeroizing::new(alloc::vec![0; key_len.saturating_mul(count)]);
        rng.fill_bytes(&mut all);
        let mut sorted: Vec<&[u8]> = all.chunks_exact(key_len).collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(Error::Randomness);
        }
        drop(sorted);
        Ok(Self { algorithm, schedule, key_len, keys: all })
    }

    /// A table of the keys that lie one behind the other in `keys`.
    pub(crate) fn from_octets(algorithm: Algorithm, schedule: Schedule, key_len: usize, keys: &[u8]) -> Result<Self, Error> {
        algorithm.check_key_len(key_len)?;
        let needed = u32::try_from(key_len).unwrap_or(u32::MAX).saturating_mul(schedule.keys());
        if len32(keys.len()) != needed {
            return Err(Error::KeyLength { field: Field::KeyTable, found: len32(keys.len()), needed });
        }
        Ok(Self { algorithm, schedule, key_len, keys: Zeroizing::new(keys.to_vec()) })
    }

    /// What the keys are for.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// When each is used.
    #[must_use]
    pub const fn schedule(&self) -> Schedule {
        self.schedule
    }

    /// Octets of each key.
    #[must_use]
    pub const fn key_len(&self) -> usize {
        self.key_len
    }

    /// Number of keys.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.schedule.keys()
    }

    /// Never: a table has a key.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// The key of an index, to be written to a file or a message.
    #[must_use]
    pub fn key(&self, index: u16) -> Option<&[u8]> {
        self.keys.chunks_exact(self.key_len).nth(index.into())
    }

    /// The key of an index, ready for use.
    #[must_use]
    pub fn prepared_key(&self, index: u16) -> Option<mac::Key> {
        mac::Key::new(self.algorithm, self.key(index)?).ok()
    }

    /// All keys, in order of their indexes.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.keys.chunks_exact(self.key_len)
    }

    pub(crate) fn octets(&self) -> &[u8] {
        &self.keys
    }
}

impl fmt::Debug for KeyTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = f.debug_struct("KeyTable");
        all.field("algorithm", &self.algorithm).field("schedule", &self.schedule).field("key_len", &self.key_len);
        all.finish_non_exhaustive()
    }
}

impl zeroize::ZeroizeOnDrop for KeyTable {}
