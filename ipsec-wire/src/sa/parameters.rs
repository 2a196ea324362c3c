//! Parameters of an association that choose it, and change nothing of its packets (RFC 4301 4.4.2.1).

use core::net::IpAddr;

use ip_wire::Dscp;

/// A set of codepoints.
///
/// ```
/// use ip_wire::Dscp;
/// use ipsec_wire::sa::DscpSet;
///
/// let voice = DscpSet::of(&[Dscp::new(46).unwrap(), Dscp::new(44).unwrap()]);
/// assert!(voice.contains(Dscp::new(46).unwrap()) && !voice.contains(Dscp::default()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DscpSet(
    /// Bit n stands for codepoint n.
    pub u64,
);

impl DscpSet {
    /// All codepoints: nothing is chosen by them.
    pub const ALL: Self = Self(u64::MAX);

    /// These codepoints; of none, the set has none.
    #[must_use]
    pub fn of(codepoints: &[Dscp]) -> Self {
        Self(codepoints.iter().fold(0, |bits, dscp| bits | bit(*dscp)))
    }

    /// Whether a codepoint is among them.
    #[must_use]
    pub fn contains(self, dscp: Dscp) -> bool {
        self.0 & bit(dscp) != 0
    }

    /// Whether it has none, so that an association with it would carry nothing.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl Default for DscpSet {
    /// [`DscpSet::ALL`].
    fn default() -> Self {
        Self::ALL
    }
}

fn bit(dscp: Dscp) -> u64 {
    1u64.checked_shl(u32::from(dscp.value())).unwrap_or(0)
}

/// Who is at an association's other end, in the caller's terms. It is kept for the caller and compared with nothing: a translation may have changed
/// the address that packets come from.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Peer {
    /// An address.
    Address(IpAddr),
    /// A number that the caller gave to an identity: a place in its table of peers, or a handle of its key management.
    Identity(u64),
}
