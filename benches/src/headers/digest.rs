//! All values that a contender read, mixed into one number, so that they are used alike whatever type a crate gives them
//! in. Handing them over as a struct in memory would cost several times what reading them does, and hide the difference.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address of either family.
pub(super) trait Address {
    /// Its octets, folded.
    fn fold(self) -> u64;
}

impl Address for Ipv4Addr {
    #[inline]
    fn fold(self) -> u64 {
        u64::from(u32::from_ne_bytes(self.octets()))
    }
}

impl Address for Ipv6Addr {
    #[inline]
    fn fold(self) -> u64 {
        let octets = u128::from_ne_bytes(self.octets());
        (octets as u64).rotate_left(7) ^ (octets >> 64) as u64
    }
}

impl Address for IpAddr {
    #[inline]
    fn fold(self) -> u64 {
        match self {
            Self::V4(address) => address.fold(),
            Self::V6(address) => address.fold(),
        }
    }
}

/// Of source, destination, source port and destination port.
#[inline]
pub(super) fn four(source: impl Address, destination: impl Address, source_port: u16, destination_port: u16) -> u64 {
    let ports = (u64::from(source_port) << 16) | u64::from(destination_port);
    source.fold().rotate_left(5) ^ destination.fold().rotate_left(11) ^ (ports << 8)
}

/// Of those four and the protocol.
#[inline]
pub(super) fn five(
    source: impl Address,
    destination: impl Address,
    protocol: u8,
    source_port: u16,
    destination_port: u16,
) -> u64 {
    four(source, destination, source_port, destination_port) ^ u64::from(protocol)
}
