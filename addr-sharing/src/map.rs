//! IPv4 addresses and port sets inside IPv6 addresses: mapping rules (RFC 7597 5) and interface identifiers (RFC 7597 6, RFC 7596).
//!
//! ```text
//! |     n bits         |  o bits   | s bits  |   128-n-o-s bits      |
//! +--------------------+-----------+---------+-----------------------+
//! |  Rule IPv6 prefix  |  EA bits  |subnet ID|     interface ID      |
//! +--------------------+-----------+---------+-----------------------+
//! |<---  End-user IPv6 prefix  --->|
//!
//! EA bits:       | p bits: suffix of the IPv4 address | q bits: PSID |
//! interface ID:  | 16 bits: 0 | 32 bits: IPv4 address | 16 bits: PSID |
//! ```
//!
//! ```
//! use addr_sharing::map::{InterfaceId, Rule};
//!
//! // RFC 7597 appendix A.
//! let rule = Rule::new("2001:db8::/40".parse()?, "192.0.2.0/24".parse()?, 16, 6)?;
//! let address = rule.address("192.0.2.18".parse().unwrap(), 1232, InterfaceId::Rfc7597)?;
//! assert_eq!(address.to_string(), "2001:db8:12:3400:0:c000:212:34");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ip_wire::prefix::{Ipv4Prefix, Ipv6Prefix};

use crate::error::{Error, Parameter};
use crate::port_set::PortSet;
use crate::psid::PsidParams;

/// Where IPv4 address and PSID stand in the interface identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum InterfaceId {
    /// 16 zero bits, the address, the PSID (RFC 7597 6, RFC 7596 5.1).
    Rfc7597,
    /// 8 zero bits, the address, the PSID, 8 zero bits: draft-ietf-softwire-map-03 6, which some networks kept.
    Draft03,
}

impl InterfaceId {
    /// The identifier of an address and a PSID.
    #[must_use]
    pub const fn of(self, ipv4: Ipv4Addr, psid: u16) -> u64 {
        let both = ((ipv4.to_bits() as u64) << 16) | psid as u64;
        match self {
            Self::Rfc7597 => both,
            Self::Draft03 => both << 8,
        }
    }

    /// Address and PSID of an identifier.
    ///
    /// # Errors
    /// [`Error::NotZero`] if a bit is set that this form has none for.
    #[expect(clippy::cast_possible_truncation, reason = "fields of an identifier")]
    pub const fn parse(self, identifier: u64) -> Result<(Ipv4Addr, u16), Error> {
        let both = match self {
            Self::Rfc7597 => identifier,
            Self::Draft03 => identifier >> 8,
        };
        let (ipv4, psid) = (Ipv4Addr::from_bits((both >> 16) as u32), both as u16);
        if self.of(ipv4, psid) != identifier {
            return Err(Error::NotZero { parameter: Parameter::InterfaceId, found: (identifier >> 32) as u32 });
        }
        Ok((ipv4, psid))
    }
}

/// A mapping rule: of MAP-E (RFC 7597) and MAP-T (RFC 7599).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rule {
    ipv6: Ipv6Prefix,
    ipv4: Ipv4Prefix,
    ea_bits: u8,
    params: PsidParams,
}

/// What a rule makes of an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mapped {
    /// The IPv4 address, as a prefix of 32 bits; or the shorter prefix of an end user who has several.
    pub ipv4: Ipv4Prefix,
    /// The PSID; 0 without bits of it.
    pub psid: u16,
}

impl Rule {
    /// A rule of Rule IPv6 prefix, Rule IPv4 prefix, number of EA bits and PSID offset (a).
    ///
    /// # Errors
    /// [`Error::Parameter`] for more than 48 EA bits; if End-user prefixes would be over 64 bits; if the PSID (of the EA bits that the IPv4 address leaves) would be over 16
    /// bits, or offset and PSID together.
    pub const fn new(ipv6: Ipv6Prefix, ipv4: Ipv4Prefix, ea_bits: u8, offset: u8) -> Result<Self, Error> {
        if ea_bits > 48 {
            return Err(out_of(Parameter::EaBits, ea_bits, 48));
        }
        let most = 64u8.saturating_sub(ea_bits);
        if ipv6.len() > most {
            return Err(out_of(Parameter::RuleIpv6Prefix, ipv6.len(), most));
        }
        let psid_bits = ea_bits.saturating_sub(32u8.saturating_sub(ipv4.len()));
        match PsidParams::new(offset, psid_bits) {
            Ok(params) => Ok(Self { ipv6, ipv4, ea_bits, params }),
            Err(error) => Err(error),
        }
    }

    /// The Rule IPv6 prefix.
    #[must_use]
    pub const fn ipv6(&self) -> Ipv6Prefix {
        self.ipv6
    }

    /// The Rule IPv4 prefix.
    #[must_use]
    pub const fn ipv4(&self) -> Ipv4Prefix {
        self.ipv4
    }

    /// How many EA bits.
    #[must_use]
    pub const fn ea_bits(&self) -> u8 {
        self.ea_bits
    }

    /// How the PSID divides ports; with k = 0 an end user has all ports of its addresses.
    #[must_use]
    pub const fn params(&self) -> PsidParams {
        self.params
    }

    /// The End-user IPv6 prefix of an IPv4 address and a PSID.
    ///
    /// # Errors
    /// [`Error::UnknownAddress`] for an address without the Rule IPv4 prefix; [`Error::Parameter`] for a PSID of too many bits.
    pub const fn end_user_prefix(&self, ipv4: Ipv4Addr, psid: u16) -> Result<Ipv6Prefix, Error> {
        if !self.ipv4.contains(ipv4) {
            return Err(Error::UnknownAddress(IpAddr::V4(ipv4)));
        }
        if let Err(error) = self.params.set(psid) {
            return Err(error);
        }
        // Suffix, cut to the EA bits it has, then the PSID.
        let suffix = ((ipv4.to_bits() & !self.ipv4.mask()) as u64) >> self.missing_bits();
        let ea = (suffix << self.params.length()) | psid as u64;
        let bits = self.ipv6.address().to_bits() | shifted_left(ea as u128, self.behind());
        match Ipv6Prefix::new(Ipv6Addr::from_bits(bits), self.ipv6.len().saturating_add(self.ea_bits)) {
            Ok(prefix) => Ok(prefix),
            Err(_) => Err(Error::UnknownAddress(IpAddr::V4(ipv4))),
        }
    }

    /// The address of the end user who has a port of an IPv4 address: where a border relay sends a packet to. The subnet is 0.
    ///
    /// # Errors
    /// Those of [`Rule::end_user_prefix`]; [`Error::ExcludedPort`] for a port that is in no PSID's set.
    pub const fn address(&self, ipv4: Ipv4Addr, port: u16, form: InterfaceId) -> Result<Ipv6Addr, Error> {
        match self.psid_of(port) {
            Some(psid) => self.address_of(ipv4, psid, form),
            None => Err(Error::ExcludedPort(port)),
        }
    }

    /// The address of the end user who has a PSID of an IPv4 address. Where the End-user prefix stands for several IPv4 addresses, the identifier has the prefix, right-padded with zeros (RFC 7597 6).
    ///
    /// # Errors
    /// Those of [`Rule::end_user_prefix`].
    pub const fn address_of(&self, ipv4: Ipv4Addr, psid: u16, form: InterfaceId) -> Result<Ipv6Addr, Error> {
        match self.end_user_prefix(ipv4, psid) {
            Ok(prefix) => {
                let padded = Ipv4Addr::from_bits(ipv4.to_bits() & self.given());
                Ok(Ipv6Addr::from_bits(prefix.address().to_bits() | form.of(padded, psid) as u128))
            }
            Err(error) => Err(error),
        }
    }

    /// IPv4 address and PSID of an address under the rule, by its EA bits. The rest of the address is not looked at: [`Rule::verify`] does.
    ///
    /// # Errors
    /// [`Error::UnknownAddress`] for an address without the Rule IPv6 prefix.
    pub const fn parse(&self, address: Ipv6Addr) -> Result<Mapped, Error> {
        let unknown = Error::UnknownAddress(IpAddr::V6(address));
        if !self.ipv6.contains(address) {
            return Err(unknown);
        }
        #[expect(clippy::cast_possible_truncation, reason = "48 bits at most under the mask")]
        let ea =
            (shifted_right(address.to_bits(), self.behind()) as u64) & 1u64.wrapping_shl(self.ea_bits as u32).wrapping_sub(1);
        #[expect(clippy::cast_possible_truncation, reason = "16 bits at most, and 32 under the rest")]
        let (psid, suffix) = ((ea as u16) & self.params.max_psid(), (ea >> self.params.length()) as u32);
        let bits = self.ipv4.address().to_bits() | (suffix.wrapping_shl(self.missing_bits() as u32) & self.given());
        match Ipv4Prefix::new(Ipv4Addr::from_bits(bits), 32u8.saturating_sub(self.missing_bits())) {
            Ok(ipv4) => Ok(Mapped { ipv4, psid }),
            Err(_) => Err(unknown),
        }
    }

    /// As [`Rule::parse`], if the whole address is the one that the rule gives: what a border relay checks of a source.
    ///
    /// # Errors
    /// Those of [`Rule::parse`]; [`Error::UnknownAddress`] too if subnet or interface identifier are others.
    pub const fn verify(&self, address: Ipv6Addr, form: InterfaceId) -> Result<Mapped, Error> {
        let mapped = match self.parse(address) {
            Ok(mapped) => mapped,
            Err(error) => return Err(error),
        };
        match self.address_of(mapped.ipv4.address(), mapped.psid, form) {
            Ok(expected) if expected.to_bits() == address.to_bits() => Ok(mapped),
            _ => Err(Error::UnknownAddress(IpAddr::V6(address))),
        }
    }

    /// The ports of an end user.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a PSID of too many bits.
    pub const fn ports(&self, psid: u16) -> Result<PortSet, Error> {
        match self.params.set(psid) {
            Ok(_) if self.params.length() == 0 => Ok(PortSet::of_range(crate::port::ALL)),
            set => set,
        }
    }

    /// The PSID of a port: without PSID bits no port is excluded, since none is shared.
    const fn psid_of(&self, port: u16) -> Option<u16> {
        if self.params.length() == 0 { Some(0) } else { self.params.psid_of(port) }
    }

    /// Bits of the IPv4 address that are in no EA bit, as r + o < 32: the end user has that many addresses.
    const fn missing_bits(&self) -> u8 {
        32u8.saturating_sub(self.ipv4.len()).saturating_sub(self.ea_bits)
    }

    /// A mask of the bits of the IPv4 address that prefix and EA bits give; none, where there are neither.
    const fn given(&self) -> u32 {
        match u32::MAX.checked_shl(self.missing_bits() as u32) {
            Some(mask) => mask,
            None => 0,
        }
    }

    /// Bits behind the EA bits.
    const fn behind(&self) -> u32 {
        128u8.saturating_sub(self.ipv6.len()).saturating_sub(self.ea_bits) as u32
    }
}

const fn out_of(parameter: Parameter, found: u8, most: u8) -> Error {
    Error::Parameter { parameter, found: found as u32, least: 0, most: most as u32 }
}

const fn shifted_left(bits: u128, by: u32) -> u128 {
    match bits.checked_shl(by) {
        Some(bits) => bits,
        None => 0,
    }
}

const fn shifted_right(bits: u128, by: u32) -> u128 {
    match bits.checked_shr(by) {
        Some(bits) => bits,
        None => 0,
    }
}

/// A softwire that is provisioned by itself, not by a rule: lightweight 4over6's binding, or MAP's 1:1 (RFC 7596 5.1, RFC 7597 5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Binding {
    /// The end user's prefix of 64 bits, as its first address.
    pub prefix: Ipv6Addr,
    /// The shared IPv4 address.
    pub ipv4: Ipv4Addr,
    /// a and k.
    pub params: PsidParams,
    /// The PSID.
    pub psid: u16,
}

impl Binding {
    /// The IPv6 address of the end user's side of the tunnel: the prefix, and the identifier of RFC 7597 6.
    #[must_use]
    pub const fn address(&self) -> Ipv6Addr {
        let prefix = (self.prefix.to_bits() >> 64) << 64;
        Ipv6Addr::from_bits(prefix | InterfaceId::Rfc7597.of(self.ipv4, self.psid) as u128)
    }

    /// The end user's ports.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a PSID of more than k bits.
    pub const fn ports(&self) -> Result<PortSet, Error> {
        self.params.set(self.psid)
    }
}

#[cfg(test)]
mod tests;
