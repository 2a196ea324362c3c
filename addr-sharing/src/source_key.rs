//! What to limit or block instead of an address that many subscribers share (RFC 6269 13.1 to 13.3, RFC 6302).
//!
//! A server that counts failed logins by address locks out all who share it. By address and block of ports it locks out one, as far as the blocks are those of the sharing; where that is not
//! known, a guess such as 1,024 ports still divides the blame.
//!
//! ```
//! use addr_sharing::source_key::{Division, SourceKey};
//!
//! let division = Division::blocks(1024)?;
//! let attacker = SourceKey::new("192.0.2.1".parse().unwrap(), 5000, division);
//! let neighbour = SourceKey::new("192.0.2.1".parse().unwrap(), 9000, division);
//! assert_ne!(attacker, neighbour);
//! assert_eq!(attacker, SourceKey::new("192.0.2.1".parse().unwrap(), 4096, division));
//! # Ok::<(), addr_sharing::Error>(())
//! ```

use core::net::{IpAddr, Ipv6Addr};

use crate::error::{Error, Parameter};
use crate::psid::PsidParams;

/// How the ports of an address are divided among those who share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Division(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Whole,
    Blocks(u16),
    Psid(PsidParams),
}

impl Division {
    /// The address is not shared.
    pub const WHOLE: Self = Self(Kind::Whole);

    /// Blocks of so many ports, from port 0.
    ///
    /// # Errors
    /// [`Error::Parameter`] for blocks of none or more than 32,768 ports.
    pub const fn blocks(ports: u16) -> Result<Self, Error> {
        if ports == 0 || ports > 32_768 {
            let parameter = Parameter::BlockSize;
            return Err(Error::Parameter { parameter, found: ports as u32, least: 1, most: 32_768 });
        }
        Ok(Self(Kind::Blocks(ports)))
    }

    /// The port sets of PSIDs, for a network whose parameters are known.
    #[must_use]
    pub const fn psid(params: PsidParams) -> Self {
        Self(Kind::Psid(params))
    }
}

/// Who is behind an address and a port, as far as one can tell from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceKey {
    address: IpAddr,
    /// Number of the block, or PSID.
    part: Option<u16>,
}

impl SourceKey {
    /// The key of a source. IPv6 addresses are not shared: their subnet of 64 bits stands for the subscriber, whatever the port.
    #[must_use]
    pub const fn new(address: IpAddr, port: u16, division: Division) -> Self {
        match (address, division.0) {
            (IpAddr::V6(address), _) => {
                let subnet = (address.to_bits() >> 64) << 64;
                Self { address: IpAddr::V6(Ipv6Addr::from_bits(subnet)), part: None }
            }
            (_, Kind::Whole) => Self { address, part: None },
            (_, Kind::Blocks(ports)) => Self { address, part: port.checked_div(ports) },
            // Ports that are in no set are nobody's: together they are one more source.
            (_, Kind::Psid(params)) => Self { address, part: params.psid_of(port) },
        }
    }

    /// The address, or the subnet's first one.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The number of the block, or the PSID.
    #[must_use]
    pub const fn part(&self) -> Option<u16> {
        self.part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn key(address: &str, port: u16, division: Division) -> SourceKey {
        SourceKey::new(address.parse().unwrap(), port, division)
    }

    #[test]
    fn one_subscriber_is_locked_out_alone() {
        let division = Division::psid(PsidParams::new(6, 8).unwrap());
        let mut failures: HashMap<SourceKey, u32> = HashMap::new();
        // The ports of PSID 0x34 fail over and over, those of all others not once.
        for port in PsidParams::new(6, 8).unwrap().set(0x34).unwrap().iter() {
            *failures.entry(key("192.0.2.1", port, division)).or_default() += 1;
        }
        assert_eq!(failures.len(), 1);
        for port in 1024..=65_535 {
            let locked = failures.contains_key(&key("192.0.2.1", port, division));
            assert_eq!(locked, PsidParams::new(6, 8).unwrap().psid_of(port) == Some(0x34));
        }
        assert!(!failures.contains_key(&key("192.0.2.2", 1232, division)));
        assert!(!failures.contains_key(&key("192.0.2.1", 80, division)));
    }

    #[test]
    fn blocks_end_where_they_end() {
        let division = Division::blocks(1024).unwrap();
        assert_eq!(
            [1023, 1024, 2047, 2048].map(|port| key("192.0.2.1", port, division).part()),
            [Some(0), Some(1), Some(1), Some(2)]
        );
        assert_eq!(key("192.0.2.1", 65_535, Division::blocks(1).unwrap()).part(), Some(65_535));
        assert_eq!(key("192.0.2.1", 65_535, Division::blocks(32_768).unwrap()).part(), Some(1));
        let error = |found| Err(Error::Parameter { parameter: Parameter::BlockSize, found, least: 1, most: 32_768 });
        assert_eq!((Division::blocks(0), Division::blocks(32_769)), (error(0), error(32_769)));
    }

    #[test]
    fn an_address_that_is_not_shared_is_one_source() {
        assert_eq!(key("192.0.2.1", 1, Division::WHOLE), key("192.0.2.1", 60_000, Division::WHOLE));
        let division = Division::blocks(1024).unwrap();
        assert_eq!(key("2001:db8::1", 1, division), key("2001:db8::2", 60_000, division));
        assert_ne!(key("2001:db8::1", 1, division), key("2001:db8:0:1::1", 1, division));
        assert_eq!(key("2001:db8::1", 1, division).address(), "2001:db8::".parse::<IpAddr>().unwrap());
    }
}
