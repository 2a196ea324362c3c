//! Address prefixes, and longest match over them.

use core::fmt;
use core::net::IpAddr;

use crate::{Error, Field};

/// An IPv4 or IPv6 address prefix. The bits behind it are 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "(IpAddr, u8)", into = "(IpAddr, u8)"))]
pub struct Prefix {
    address: IpAddr,
    length: u8,
}

impl Prefix {
    /// The prefix of that address and length.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] for a length over 32 (IPv4) or 128 (IPv6); [`Error::Value`] where bits behind the prefix are set.
    pub fn new(address: IpAddr, length: u8) -> Result<Self, Error> {
        let prefix = Self::containing(address, length)?;
        if prefix.address != address {
            return Err(Error::Value { field: Field::Prefix, offset: 0, found: 1, needed: 0 });
        }
        Ok(prefix)
    }

    /// The prefix of that length that the address is in.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] for a length over 32 (IPv4) or 128 (IPv6).
    pub fn containing(address: IpAddr, length: u8) -> Result<Self, Error> {
        let width = width(address);
        if length > width {
            return Err(Error::DoesNotFit { field: Field::Prefix, found: length.into(), needed: width.into() });
        }
        Ok(Self { address: masked(address, length), length })
    }

    /// The address.
    #[must_use]
    pub const fn address(self) -> IpAddr {
        self.address
    }

    /// How many bits of it count.
    #[must_use]
    pub const fn length(self) -> u8 {
        self.length
    }

    /// Whether the address starts with it. An IPv4 address is in no IPv6 prefix, nor the other way round.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        width(address) == width(self.address) && masked(address, self.length) == self.address
    }
}

const fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address with all bits behind `length` 0.
fn masked(address: IpAddr, length: u8) -> IpAddr {
    let length = u32::from(length);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shr(length).map_or(u32::MAX, |behind| !behind);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shr(length).map_or(u128::MAX, |behind| !behind);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

/// `address/length`.
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

impl From<Prefix> for (IpAddr, u8) {
    fn from(prefix: Prefix) -> Self {
        (prefix.address, prefix.length)
    }
}

impl TryFrom<(IpAddr, u8)> for Prefix {
    type Error = Error;

    fn try_from((address, length): (IpAddr, u8)) -> Result<Self, Error> {
        Self::new(address, length)
    }
}

#[cfg(feature = "alloc")]
pub use table::PrefixTable;

#[cfg(feature = "alloc")]
mod table {
    use alloc::collections::BTreeMap;
    use core::net::IpAddr;

    use super::{Prefix, width};
    use crate::error::len32;
    use crate::{Error, Field};

    /// Values by prefix, found by longest match.
    ///
    /// A search is made for each length that is in use, the longest first: at most 33 for IPv4 and 129 for IPv6, in practice few.
    #[derive(Debug, Clone)]
    pub struct PrefixTable<T> {
        entries: BTreeMap<Prefix, T>,
        /// How many prefixes there are by family (IPv4 at 32) and length.
        lengths: BTreeMap<(u8, u8), usize>,
        limit: usize,
    }

    impl<T> PrefixTable<T> {
        /// An empty table for at most `limit` prefixes.
        #[must_use]
        pub const fn new(limit: usize) -> Self {
            Self { entries: BTreeMap::new(), lengths: BTreeMap::new(), limit }
        }

        /// Enters a value and returns the one it takes the place of.
        ///
        /// # Errors
        /// [`Error::TableFull`].
        pub fn insert(&mut self, prefix: Prefix, value: T) -> Result<Option<T>, Error> {
            if self.entries.len() >= self.limit && !self.entries.contains_key(&prefix) {
                return Err(Error::TableFull { field: Field::TagRoute, limit: len32(self.limit) });
            }
            let before = self.entries.insert(prefix, value);
            if before.is_none() {
                let count = self.lengths.entry((width(prefix.address), prefix.length)).or_insert(0);
                *count = count.saturating_add(1);
            }
            Ok(before)
        }

        /// Takes a prefix out.
        pub fn remove(&mut self, prefix: Prefix) -> Option<T> {
            let value = self.entries.remove(&prefix)?;
            let key = (width(prefix.address), prefix.length);
            if let Some(count) = self.lengths.get_mut(&key) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    self.lengths.remove(&key);
                }
            }
            Some(value)
        }

        /// The value of exactly that prefix.
        #[must_use]
        pub fn exact(&self, prefix: Prefix) -> Option<&T> {
            self.entries.get(&prefix)
        }

        /// The longest prefix that the address is in, and its value.
        #[must_use]
        pub fn longest(&self, address: IpAddr) -> Option<(Prefix, &T)> {
            let width = width(address);
            self.lengths.range((width, 0)..=(width, width)).rev().find_map(|(&(_, length), _)| {
                let prefix = Prefix::containing(address, length).ok()?;
                self.entries.get(&prefix).map(|value| (prefix, value))
            })
        }

        /// How many prefixes there are.
        #[must_use]
        pub fn len(&self) -> usize {
            self.entries.len()
        }

        /// Whether there are none.
        #[must_use]
        pub fn is_empty(&self) -> bool {
            self.entries.is_empty()
        }

        /// All prefixes in order, with their values.
        pub fn iter(&self) -> impl Iterator<Item = (Prefix, &T)> {
            self.entries.iter().map(|(&prefix, value)| (prefix, value))
        }
    }
}
