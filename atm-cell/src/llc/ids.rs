//! The numbers that name organizations and protocols.

use core::fmt;

use super::{Out, VPN_LEN};

macro_rules! numbers {
    ($(#[$doc:meta])* $type:ident($raw:ty) { $($(#[$constant:meta])* $name:ident = $value:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $type(pub $raw);

        impl $type {
            $($(#[$constant])* pub const $name: Self = Self($value);)*
        }
    };
}

numbers! {
    /// Organizationally unique identifier: who gives a PID its meaning.
    Oui([u8; 3]) {
        /// The PID is an EtherType.
        ETHER_TYPE = [0x00, 0x00, 0x00],
        /// IEEE 802.1: bridged frames.
        BRIDGED = [0x00, 0x80, 0xc2],
        /// IANA: the VPN encapsulation header.
        IANA = [0x00, 0x00, 0x5e],
    }
}

numbers! {
    /// Protocol identifier under an [`Oui`]; the constants are those of RFC 2684.
    Pid(u16) {
        /// Bridged Ethernet or 802.3 with its FCS, under [`Oui::BRIDGED`] as all up to [`Self::BPDU`].
        ETHERNET_FCS = 0x0001,
        /// Bridged 802.4 with its FCS.
        TOKEN_BUS_FCS = 0x0002,
        /// Bridged 802.5 with its FCS.
        TOKEN_RING_FCS = 0x0003,
        /// Bridged FDDI with its FCS.
        FDDI_FCS = 0x0004,
        /// Bridged 802.6; whether there is a CRC-32 stands in the frame's header.
        DQDB_FCS = 0x0005,
        /// Bridged Ethernet or 802.3 without FCS.
        ETHERNET = 0x0007,
        /// Bridged 802.4 without FCS.
        TOKEN_BUS = 0x0008,
        /// Bridged 802.5 without FCS.
        TOKEN_RING = 0x0009,
        /// Bridged FDDI without FCS.
        FDDI = 0x000a,
        /// Bridged 802.6.
        DQDB = 0x000b,
        /// A fragment of a bridged frame.
        FRAGMENT = 0x000d,
        /// A bridge protocol data unit.
        BPDU = 0x000e,
        /// The VPN encapsulation header, under [`Oui::IANA`].
        VPN = 0x0008,
    }
}

numbers! {
    /// EtherType of a routed PDU; the constants are what classical IP and its neighbours carry.
    EtherType(u16) {
        /// IPv4.
        IPV4 = 0x0800,
        /// ATMARP and InATMARP (RFC 2225 8.8).
        ARP = 0x0806,
        /// IPv6.
        IPV6 = 0x86dd,
        /// MPLS unicast.
        MPLS = 0x8847,
        /// PPP over Ethernet, discovery.
        PPPOE_DISCOVERY = 0x8863,
        /// PPP over Ethernet, session.
        PPPOE_SESSION = 0x8864,
    }
}

numbers! {
    /// Network layer protocol identifier (ISO/IEC TR 9577; RFC 2684 appendix C).
    Nlpid(u8) {
        /// The inactive set: not used over ATM.
        INACTIVE = 0x00,
        /// SNAP follows.
        SNAP = 0x80,
        /// ISO CLNP.
        CLNP = 0x81,
        /// ISO ES-IS.
        ES_IS = 0x82,
        /// ISO IS-IS.
        IS_IS = 0x83,
        /// IP: refused under RFC 2684, which has IP under its EtherType only.
        IP = 0xcc,
        /// PPP (RFC 2364 6).
        PPP = 0xcf,
    }
}

/// `00-80-C2`, as RFC 2684 writes it.
impl fmt::Display for Oui {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = self.0;
        write!(f, "{a:02X}-{b:02X}-{c:02X}")
    }
}

/// An LLC control field: one octet in unnumbered frames, whose two low bits are set, two in all others (IEEE 802.2 5.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Control([u8; 2]);

impl Control {
    /// Unnumbered information: what RFC 2684 uses.
    pub const UI: Self = Self([0x03, 0]);

    /// The control field that starts with `first`. `second` is left out in an unnumbered frame, and without it there is no other.
    #[must_use]
    pub const fn new(first: u8, second: Option<u8>) -> Option<Self> {
        match second {
            _ if first & 3 == 3 => Some(Self([first, 0])),
            Some(second) => Some(Self([first, second])),
            None => None,
        }
    }

    /// Whether it is of an unnumbered frame.
    #[must_use]
    pub const fn is_unnumbered(self) -> bool {
        self.0[0] & 3 == 3
    }

    /// The field's one or two octets.
    #[must_use]
    pub const fn as_octets(&self) -> &[u8] {
        let [first, _] = &self.0;
        if self.is_unnumbered() { core::slice::from_ref(first) } else { &self.0 }
    }
}

/// A globally unique name of a virtual private network (RFC 2684 8, RFC 2685).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VpnId {
    /// The organization, as a rule a service provider.
    pub oui: Oui,
    /// Its number for the network.
    pub index: u32,
}

/// The contents of a VPN encapsulation header (RFC 2684 8.1).
///
/// ```text
/// +-----------------+-----------------+------------+-----+--------------+---------------+
/// | LLC AA-AA-03    | OUI 00-00-5E    | PID 00-08  | PAD | VPN OUI      | VPN index     |
/// +-----------------+-----------------+------------+-----+--------------+---------------+
///  0                 3                 6            8     9              12            16
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Vpn {
    /// The PAD: sent as 0, kept as it is.
    pub pad: u8,
    /// The network.
    pub id: VpnId,
}

impl Vpn {
    /// What the header starts with.
    pub(super) const SNAP: [u8; 8] = [0xaa, 0xaa, 0x03, 0x00, 0x00, 0x5e, 0x00, 0x08];

    /// The header of a network, with PAD 0.
    #[must_use]
    pub const fn new(id: VpnId) -> Self {
        Self { pad: 0, id }
    }

    /// The header at the start of an SDU that is known to have one.
    pub(super) fn read(sdu: &[u8]) -> Option<Self> {
        let [_, _, _, _, _, _, _, _, pad, a, b, c, index @ ..] = *sdu.first_chunk::<VPN_LEN>()?;
        Some(Self { pad, id: VpnId { oui: Oui([a, b, c]), index: u32::from_be_bytes(index) } })
    }

    pub(super) fn push(self, out: &mut Out) {
        out.push(&Self::SNAP);
        out.push(&[self.pad]);
        out.push(&self.id.oui.0);
        out.push(&self.id.index.to_be_bytes());
    }
}
