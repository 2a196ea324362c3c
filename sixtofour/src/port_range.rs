//! 6to4 behind a shared IPv4 address: **an experimental profile of this crate's own, no standard, and nothing that other implementations know.**
//!
//! RFC 6269 17 has the idea and no format: where subscribers share an IPv4 address by port sets, a 6to4 packet to V4ADDR does not say whose it is, as it has no port; "one solution would be for
//! a 6to4 IPv6 address to embed not only an IPv4 address but also a port range value". Here the first k bits of the SLA ID are the PSID:
//!
//! ```text
//! |  16  |    32 bits    |   k   |  16-k  |          64 bits              |
//! +------+---------------+-------+--------+-------------------------------+
//! | 2002 |    V4ADDR     | PSID  | subnet |         Interface ID          |
//! +------+---------------+-------+--------+-------------------------------+
//! |<- subscriber's prefix, /48+k->|
//! ```
//!
//! Offset a and length k are the provider's, and are told to all who need them; they can't be seen in an address, and are never guessed. With k = 0 this is 6to4.
//!
//! ```
//! use addr_sharing::PsidParams;
//! use sixtofour::port_range::Profile;
//!
//! let profile = Profile::new(PsidParams::new(6, 8)?);
//! let subscriber = profile.subscriber("192.0.2.4".parse().unwrap(), 0x34)?;
//! assert_eq!(subscriber.prefix().to_string(), "2002:c000:204:3400::/56");
//! assert!(subscriber.ports().contains(1232));
//! assert_eq!(profile.parse("2002:c000:204:34ff::1".parse().unwrap())?, subscriber);
//! # Ok::<(), sixtofour::Error>(())
//! ```

use core::net::{Ipv4Addr, Ipv6Addr};

use addr_sharing::{PortSet, PsidParams};
use ip_wire::prefix::Ipv6Prefix;

use crate::address::{PREFIX, SixToFourAddr};
use crate::error::Error;

/// A provider's parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Profile {
    params: PsidParams,
}

impl Profile {
    /// The profile of these parameters.
    #[must_use]
    pub const fn new(params: PsidParams) -> Self {
        Self { params }
    }

    /// Offset and length of the PSID.
    #[must_use]
    pub const fn params(&self) -> PsidParams {
        self.params
    }

    /// The subscriber that has a PSID of an address.
    ///
    /// # Errors
    /// [`Error::PortSet`] for a PSID of more than k bits.
    pub fn subscriber(&self, v4addr: Ipv4Addr, psid: u16) -> Result<Subscriber, Error> {
        self.params.set(psid)?;
        Ok(Subscriber { v4addr, psid, params: self.params })
    }

    /// The subscriber that an address is behind.
    ///
    /// # Errors
    /// [`Error::NotInDomain`] for an address that is not 6to4's.
    pub fn parse(&self, address: Ipv6Addr) -> Result<Subscriber, Error> {
        let address = SixToFourAddr::try_from(address)?;
        let psid = match self.params.length() {
            0 => 0,
            length => address.sla_id() >> 16u32.saturating_sub(u32::from(length)),
        };
        self.subscriber(address.v4addr(), psid)
    }

    /// The subscriber whose prefix this is.
    ///
    /// # Errors
    /// [`Error::NotInDomain`] for a prefix that is not 6to4's; [`Error::PrefixLength`] for one of other than 48 + k bits. Bits behind a prefix are never set ([`Ipv6Prefix`]).
    pub fn parse_prefix(&self, prefix: Ipv6Prefix) -> Result<Subscriber, Error> {
        let needed = 48u8.saturating_add(self.params.length());
        if !PREFIX.covers(&prefix) {
            return Err(Error::NotInDomain);
        }
        if prefix.len() != needed {
            return Err(Error::PrefixLength { found: prefix.len(), needed });
        }
        self.parse(prefix.address())
    }

    /// The subscriber that a port of an address belongs to; `None` for an excluded port.
    #[must_use]
    pub fn subscriber_of_port(&self, v4addr: Ipv4Addr, port: u16) -> Option<Subscriber> {
        Some(Subscriber { v4addr, psid: self.params.psid_of(port)?, params: self.params })
    }
}

/// A subscriber of a shared address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subscriber {
    v4addr: Ipv4Addr,
    psid: u16,
    params: PsidParams,
}

impl Subscriber {
    /// The shared address.
    #[must_use]
    pub const fn v4addr(&self) -> Ipv4Addr {
        self.v4addr
    }

    /// The PSID.
    #[must_use]
    pub const fn psid(&self) -> u16 {
        self.psid
    }

    /// The subscriber's ports of the shared address.
    #[must_use]
    pub fn ports(&self) -> PortSet {
        // The PSID was checked when the subscriber was made; without ports nothing is given away.
        self.params.set(self.psid).unwrap_or(PortSet::of_range(addr_sharing::PortRange::single(0)))
    }

    /// The subscriber's prefix, of 48 + k bits.
    #[must_use]
    pub fn prefix(&self) -> Ipv6Prefix {
        let address = SixToFourAddr::new(self.v4addr, self.sla_id(), 0).ipv6();
        Ipv6Prefix::holding(address, 48u8.saturating_add(self.params.length())).unwrap_or(PREFIX)
    }

    /// An address of the subscriber's; `None` for a subnet of more than 16 - k bits.
    #[must_use]
    pub fn address(&self, subnet: u16, interface_id: u64) -> Option<SixToFourAddr> {
        let bits = 16u32.saturating_sub(u32::from(self.params.length()));
        if u32::from(subnet).checked_shr(bits).unwrap_or(0) != 0 {
            return None;
        }
        Some(SixToFourAddr::new(self.v4addr, self.sla_id() | subnet, interface_id))
    }

    /// The PSID in its place.
    fn sla_id(&self) -> u16 {
        // Checked when the subscriber was made.
        self.params.to_left_aligned(self.psid).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use addr_sharing::Parameter;
    use std::string::ToString;

    fn v4() -> Ipv4Addr {
        Ipv4Addr::new(192, 0, 2, 4)
    }

    fn profile(offset: u8, length: u8) -> Profile {
        Profile::new(PsidParams::new(offset, length).unwrap())
    }

    #[test]
    fn the_psid_is_the_first_bits_of_the_sla_id() {
        let subscriber = profile(6, 8).subscriber(v4(), 0x34).unwrap();
        assert_eq!(subscriber.prefix().to_string(), "2002:c000:204:3400::/56");
        assert_eq!(
            (subscriber.v4addr(), subscriber.psid(), profile(6, 8).params()),
            (v4(), 0x34, PsidParams::new(6, 8).unwrap())
        );
        assert_eq!(subscriber.address(0x12, 1).unwrap().to_string(), "2002:c000:204:3412::1");
        assert_eq!((subscriber.address(0x100, 1), subscriber.address(0xff, 1).is_some()), (None, true));
        assert_eq!(subscriber.ports().iter().take(4).collect::<std::vec::Vec<_>>(), [1232, 1233, 1234, 1235]);
        assert_eq!(profile(6, 8).subscriber_of_port(v4(), 1235), Some(subscriber));
        assert_eq!(profile(6, 8).subscriber_of_port(v4(), 80), None);
    }

    #[test]
    fn every_sla_id_leads_to_one_subscriber_for_all_parameters() {
        for params in PsidParams::all() {
            let profile = Profile::new(params);
            for sla in (0..=u16::MAX).step_by(101).chain([1, 0x7fff, 0x8000, 0xffff]) {
                let address = SixToFourAddr::new(v4(), sla, 9).ipv6();
                let subscriber = profile.parse(address).unwrap();
                let k = u32::from(params.length());
                assert_eq!(u32::from(subscriber.psid()), u32::from(sla) >> (16 - k));
                assert!(subscriber.prefix().contains(address));
                assert_eq!(subscriber.prefix().len(), 48 + params.length());
                assert_eq!(profile.parse_prefix(subscriber.prefix()), Ok(subscriber));
                let subnet = if k == 16 { 0 } else { sla & (0xffff >> k) };
                assert_eq!(subscriber.address(subnet, 9).unwrap().ipv6(), address);
            }
        }
    }

    #[test]
    fn no_bit_and_all_bits_of_psid_are_profiles_too() {
        let plain = profile(0, 0).parse("2002:c000:204:ffff::1".parse().unwrap()).unwrap();
        assert_eq!((plain.psid(), plain.prefix().to_string()), (0, "2002:c000:204::/48".into()));
        assert_eq!(plain.ports().count(), 65_536);
        let single = profile(0, 16).parse("2002:c000:204:1234::1".parse().unwrap()).unwrap();
        assert_eq!((single.psid(), single.prefix().to_string()), (0x1234, "2002:c000:204:1234::/64".into()));
        assert_eq!((single.address(1, 0), single.address(0, 7).is_some()), (None, true));
        assert_eq!(single.ports().iter().collect::<std::vec::Vec<_>>(), [0x1234]);
    }

    #[test]
    fn what_is_not_of_the_profile_is_an_error() {
        assert_eq!(profile(6, 8).parse("2001:db8::1".parse().unwrap()), Err(Error::NotInDomain));
        assert_eq!(profile(6, 8).parse_prefix("2003::/56".parse().unwrap()), Err(Error::NotInDomain));
        assert_eq!(profile(6, 8).parse_prefix("2000::/3".parse().unwrap()), Err(Error::NotInDomain));
        for len in [48, 55, 57, 64] {
            let prefix = Ipv6Prefix::holding("2002:c000:204:3400::".parse().unwrap(), len).unwrap();
            assert_eq!(profile(6, 8).parse_prefix(prefix), Err(Error::PrefixLength { found: len, needed: 56 }));
        }
        let psid = addr_sharing::Error::Parameter { parameter: Parameter::Psid, found: 256, least: 0, most: 255 };
        let error = profile(6, 8).subscriber(v4(), 256).unwrap_err();
        assert_eq!(
            (error, error.reason(), error.reaction()),
            (Error::PortSet(psid), crate::Reason::Setting, ip_wire::Reaction::None)
        );
        assert!(PsidParams::new(9, 8).is_err());
    }
}
