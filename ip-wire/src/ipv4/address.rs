//! Addressing classes, as history.

use core::net::Ipv4Addr;

/// The class of an address before CIDR (RFC 791 2.3 and 3.2, RFC 1112 for D). Nothing routes by it since RFC 1519.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// 0...: 7 bits of network, 24 of host.
    A,
    /// 10..: 14 bits of network, 16 of host.
    B,
    /// 110.: 21 bits of network, 8 of host.
    C,
    /// 1110: multicast groups.
    D,
    /// 1111: reserved.
    E,
}

impl Class {
    /// Bits of the class's network prefix, class bits included; `None` for D and E, which have no hosts.
    #[must_use]
    pub const fn prefix_len(self) -> Option<u8> {
        match self {
            Self::A => Some(8),
            Self::B => Some(16),
            Self::C => Some(24),
            Self::D | Self::E => None,
        }
    }
}

/// The class that `address` had.
#[must_use]
pub const fn class(address: Ipv4Addr) -> Class {
    match address.octets()[0].leading_ones() {
        0 => Class::A,
        1 => Class::B,
        2 => Class::C,
        3 => Class::D,
        _ => Class::E,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_follows_the_leading_bits_of_every_first_octet() {
        for first in 0..=255u8 {
            let expected = match first {
                0..=127 => Class::A,
                128..=191 => Class::B,
                192..=223 => Class::C,
                224..=239 => Class::D,
                240..=255 => Class::E,
            };
            assert_eq!(class(Ipv4Addr::new(first, 255, 0, 1)), expected);
        }
    }

    #[test]
    fn classes_with_hosts_have_a_prefix_length() {
        let lengths = [Class::A, Class::B, Class::C, Class::D, Class::E].map(Class::prefix_len);
        assert_eq!(lengths, [Some(8), Some(16), Some(24), None, None]);
    }
}
