//! Address prefixes (RFC 4632 3.1, RFC 4291 2.3): an address and how many of its leading bits count.
//!
//! ```
//! use ip_wire::prefix::Ipv6Prefix;
//!
//! let site: Ipv6Prefix = "2002:c000:204::/48".parse()?;
//! assert!(site.contains("2002:c000:204:1::1".parse().unwrap()));
//! assert!("2002::/16".parse::<Ipv6Prefix>()?.covers(&site));
//! # Ok::<(), ip_wire::prefix::Invalid>(())
//! ```

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

/// What is no prefix: not an address, `/` and a length; a length over that of an address; or a bit set behind the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not an address, '/' and a length, with no bit set behind the prefix")]
pub struct Invalid;

macro_rules! prefix {
    ($(#[$doc:meta])* $name:ident, $address:ty, $bits:ty, $width:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name {
            bits: $bits,
            len: u8,
        }

        impl $name {
            /// Bits of the longest prefix: a single address.
            pub const MAX_LEN: u8 = $width;
            /// The prefix of no bits: every address.
            pub const ALL: Self = Self { bits: 0, len: 0 };

            /// The prefix of `len` bits that `address` is the first address of.
            ///
            /// # Errors
            /// [`Invalid`] if the length is over [`Self::MAX_LEN`], or a bit behind the prefix is set.
            pub const fn new(address: $address, len: u8) -> Result<Self, Invalid> {
                match Self::holding(address, len) {
                    Ok(prefix) if prefix.bits == address.to_bits() => Ok(prefix),
                    _ => Err(Invalid),
                }
            }

            /// The prefix of `len` bits that `address` is in.
            ///
            /// # Errors
            /// [`Invalid`] if the length is over [`Self::MAX_LEN`].
            pub const fn holding(address: $address, len: u8) -> Result<Self, Invalid> {
                if len > Self::MAX_LEN { Err(Invalid) } else { Ok(Self { bits: address.to_bits() & Self::mask_of(len), len }) }
            }

            const fn mask_of(len: u8) -> $bits {
                // A shift by the whole width leaves nothing.
                match <$bits>::MAX.checked_shl(Self::MAX_LEN.saturating_sub(len) as u32) {
                    Some(mask) => mask,
                    None => 0,
                }
            }

            /// The first address.
            #[must_use]
            pub const fn address(self) -> $address {
                <$address>::from_bits(self.bits)
            }

            /// The last address.
            #[must_use]
            pub const fn last(self) -> $address {
                <$address>::from_bits(self.bits | !self.mask())
            }

            /// Length in bits.
            #[must_use]
            #[expect(clippy::len_without_is_empty, reason = "a length of bits: no prefix is empty of addresses")]
            pub const fn len(self) -> u8 {
                self.len
            }

            /// The mask: a bit set for each that counts.
            #[must_use]
            pub const fn mask(self) -> $bits {
                Self::mask_of(self.len)
            }

            /// Whether `address` is in the prefix.
            #[must_use]
            pub const fn contains(self, address: $address) -> bool {
                (address.to_bits() ^ self.bits) & self.mask() == 0
            }

            /// Whether all addresses of `other` are in the prefix: it is the same, or more specific.
            #[must_use]
            pub const fn covers(self, other: &Self) -> bool {
                other.len >= self.len && self.contains(other.address())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}/{}", self.address(), self.len)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = Invalid;

            /// Reads `address/length`, where the length is decimal, without sign or leading zero.
            fn from_str(text: &str) -> Result<Self, Invalid> {
                let (address, len) = text.split_once('/').ok_or(Invalid)?;
                let plain = len == "0" || len.starts_with(|first| matches!(first, '1'..='9'));
                match (address.parse(), len.parse()) {
                    (Ok(address), Ok(len)) if plain => Self::new(address, len),
                    _ => Err(Invalid),
                }
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("an address, '/' and a length")
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}

prefix! {
    /// A prefix of IPv4 addresses.
    Ipv4Prefix, Ipv4Addr, u32, 32
}

prefix! {
    /// A prefix of IPv6 addresses.
    Ipv6Prefix, Ipv6Addr, u128, 128
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_length_has_its_mask_first_and_last_address() {
        for len in 0..=32u8 {
            let prefix = Ipv4Prefix::holding(Ipv4Addr::BROADCAST, len).unwrap();
            let mask = u32::try_from((0xffff_ffffu64 << (32 - u32::from(len))) & 0xffff_ffff).unwrap();
            assert_eq!((prefix.mask(), prefix.address().to_bits(), prefix.len()), (mask, mask, len));
            assert_eq!(prefix.last(), Ipv4Addr::BROADCAST);
            assert_eq!(Ipv4Prefix::new(Ipv4Addr::BROADCAST, len).is_ok(), len == 32);
        }
        for len in 0..=128u8 {
            let prefix = Ipv6Prefix::holding(Ipv6Addr::from_bits(u128::MAX), len).unwrap();
            assert_eq!((prefix.mask().leading_ones(), prefix.mask().count_ones()), (u32::from(len), u32::from(len)));
            assert_eq!(prefix.last(), Ipv6Addr::from_bits(u128::MAX));
        }
        assert_eq!(Ipv4Prefix::holding(Ipv4Addr::UNSPECIFIED, 33), Err(Invalid));
        assert_eq!(Ipv6Prefix::holding(Ipv6Addr::UNSPECIFIED, 129), Err(Invalid));
        assert_eq!(Ipv6Prefix::new(Ipv6Addr::UNSPECIFIED, 129), Err(Invalid));
    }

    #[test]
    fn a_prefix_holds_the_addresses_that_start_with_it() {
        let prefix: Ipv4Prefix = "172.16.0.0/12".parse().unwrap();
        for (address, inside) in
            [("172.15.255.255", false), ("172.16.0.0", true), ("172.31.255.255", true), ("172.32.0.0", false)]
        {
            assert_eq!(prefix.contains(address.parse().unwrap()), inside, "{address}");
        }
        assert!("0.0.0.0/0".parse::<Ipv4Prefix>().unwrap().contains(Ipv4Addr::BROADCAST));
        let prefix: Ipv6Prefix = "2002::/16".parse().unwrap();
        for (address, inside) in [("2001:ffff::", false), ("2002::", true), ("2002:ffff::1", true), ("2003::", false)] {
            assert_eq!(prefix.contains(address.parse().unwrap()), inside, "{address}");
        }
    }

    #[test]
    fn a_prefix_covers_itself_and_what_is_more_specific() {
        let of = |text: &str| text.parse::<Ipv6Prefix>().unwrap();
        assert!(of("2002::/16").covers(&of("2002::/16")));
        assert!(of("2002::/16").covers(&of("2002:c000:204::/48")));
        assert!(!of("2002:c000:204::/48").covers(&of("2002::/16")));
        assert!(!of("2002::/16").covers(&of("2003::/16")));
        assert!(of("::/0").covers(&of("2002::/16")));
    }

    #[test]
    fn text_is_an_address_a_slash_and_a_length() {
        for text in ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.4/32"] {
            assert_eq!(text.parse::<Ipv4Prefix>().unwrap().to_string(), text);
        }
        for text in ["::/0", "2002::/16", "2001:db8::1/128"] {
            assert_eq!(text.parse::<Ipv6Prefix>().unwrap().to_string(), text);
        }
        for text in ["", "192.0.2.0", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/", "192.0.2.0/+24", "192.0.2.0/024", "::/0"] {
            assert_eq!(text.parse::<Ipv4Prefix>(), Err(Invalid), "{text}");
        }
        assert_eq!(std::format!("{:?}", "2002::/16".parse::<Ipv6Prefix>().unwrap()), "2002::/16");
    }

    #[cfg(feature = "serde")]
    #[test]
    fn serde_writes_the_text() {
        let prefix: Ipv4Prefix = "192.0.2.0/24".parse().unwrap();
        assert_eq!(serde_json::to_string(&prefix).unwrap(), "\"192.0.2.0/24\"");
        assert_eq!(serde_json::from_str::<Ipv4Prefix>("\"192.0.2.0/24\"").unwrap(), prefix);
        assert!(serde_json::from_str::<Ipv4Prefix>("\"192.0.2.1/24\"").is_err());
    }
}
