//! VC multiplexing: the channel says what it carries (RFC 2684 6).

use super::{Bridged, Out, Pid, VPN_LEN, Vpn, vpn};
use crate::error::len32;
use crate::octets::write;
use crate::{Error, Field};

/// What a channel carries, by configuration or signalling.
///
/// Frames with and without FCS are different protocols (6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum VcMux {
    /// PDUs of one routed protocol. Which one is the channel's too: nothing in the SDU tells.
    Routed,
    /// Ethernet or IEEE 802.3 frames.
    Ethernet {
        /// Whether they end with their FCS.
        fcs: bool,
    },
    /// IEEE 802.4 frames.
    TokenBus {
        /// Whether they end with their FCS.
        fcs: bool,
    },
    /// IEEE 802.5 frames.
    TokenRing {
        /// Whether they end with their FCS.
        fcs: bool,
    },
    /// FDDI frames.
    Fddi {
        /// Whether they end with their FCS.
        fcs: bool,
    },
    /// IEEE 802.6 frames between common PDU header and trailer.
    Dqdb,
    /// Bridge protocol data units.
    Bpdu,
}

impl VcMux {
    /// Reads an SDU of a channel without VPN encapsulation headers.
    ///
    /// # Errors
    /// [`Error::Truncated`] inside the PAD, and where a frame with an FCS is shorter than that.
    pub fn parse(self, sdu: &[u8]) -> Result<VcMuxPdu<'_>, Error> {
        let pid = match self {
            Self::Routed => return Ok(VcMuxPdu { sdu, bridged: None, in_vpn: false }),
            Self::Ethernet { fcs: true } => Pid::ETHERNET_FCS,
            Self::TokenBus { fcs: true } => Pid::TOKEN_BUS_FCS,
            Self::TokenRing { fcs: true } => Pid::TOKEN_RING_FCS,
            Self::Fddi { fcs: true } => Pid::FDDI_FCS,
            Self::Ethernet { fcs: false } => Pid::ETHERNET,
            Self::TokenBus { fcs: false } => Pid::TOKEN_BUS,
            Self::TokenRing { fcs: false } => Pid::TOKEN_RING,
            Self::Fddi { fcs: false } => Pid::FDDI,
            Self::Dqdb => Pid::DQDB,
            Self::Bpdu => Pid::BPDU,
        };
        Ok(VcMuxPdu { sdu, bridged: Bridged::read(pid, sdu)?, in_vpn: false })
    }

    /// Reads an SDU of a channel whose PDUs all start with a VPN encapsulation header (RFC 2684 8.3).
    ///
    /// # Errors
    /// [`Error::Unsupported`] where there is none; those of [`Self::parse`]; [`Error::Truncated`] inside the header.
    pub fn parse_in_vpn(self, sdu: &[u8]) -> Result<VcMuxPdu<'_>, Error> {
        let Some((_, rest)) = vpn(sdu)? else {
            return Err(Error::Unsupported { field: Field::VpnHeader, offset: 0, found: first_word(sdu) });
        };
        let inner = self.parse(rest).map_err(|error| error.shifted(len32(VPN_LEN)))?;
        Ok(VcMuxPdu { sdu, bridged: inner.bridged, in_vpn: true })
    }
}

/// What stands in front of a PDU under VC multiplexing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct VcMuxHeader {
    /// The virtual private network, where the channel uses VPN encapsulation headers.
    pub vpn: Option<Vpn>,
    /// The bridged medium with its PAD; `None` for a routed PDU.
    pub bridged: Option<Bridged>,
}

impl VcMuxHeader {
    /// Octets that [`Self::emit`] writes; there may be none.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        let vpn = if self.vpn.is_some() { VPN_LEN } else { 0usize };
        match self.bridged {
            Some(bridged) => vpn.saturating_add(bridged.pad_len()),
            None => vpn,
        }
    }

    /// Writes the header and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; [`Error::Unsupported`] for fragments, which have no form under VC multiplexing.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut out = Out::default();
        if let Some(vpn) = self.vpn {
            vpn.push(&mut out);
        }
        match self.bridged {
            Some(Bridged::Fragment) => {
                return Err(Error::Unsupported { field: Field::VcMuxPdu, offset: 0, found: Pid::FRAGMENT.0.into() });
            }
            Some(bridged) => bridged.push_pad(&mut out),
            None => {}
        }
        write(out.as_octets(), buffer, Field::VcMuxPdu)
    }
}

crate::impl_put!(VcMuxHeader, VPN_LEN + super::CommonPduHeader::LEN);

/// A read PDU of a channel with VC multiplexing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VcMuxPdu<'a> {
    sdu: &'a [u8],
    bridged: Option<Bridged>,
    in_vpn: bool,
}

impl<'a> VcMuxPdu<'a> {
    /// The virtual private network, if a VPN encapsulation header names one.
    #[must_use]
    pub fn vpn(&self) -> Option<Vpn> {
        if self.in_vpn { Vpn::read(self.sdu) } else { None }
    }

    /// The bridged medium with its PAD; `None` for a routed PDU.
    #[must_use]
    pub const fn bridged(&self) -> Option<Bridged> {
        self.bridged
    }

    /// What emits the octets in front of [`Self::payload`].
    #[must_use]
    pub fn header(&self) -> VcMuxHeader {
        VcMuxHeader { vpn: self.vpn(), bridged: self.bridged }
    }

    /// The routed PDU, or the bridged frame with the FCS that it may have.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.sdu.get(self.header().wire_len()..).unwrap_or_default()
    }

    /// A bridged frame without its FCS, which is checked if the frame has one.
    ///
    /// # Errors
    /// [`Error::Checksum`] for the FCS; [`Error::Unsupported`] for a routed PDU.
    pub fn bridged_frame(&self) -> Result<&'a [u8], Error> {
        let header = self.header();
        match self.bridged {
            Some(bridged) => bridged.frame(self.payload()).map_err(|error| error.shifted(len32(header.wire_len()))),
            None => Err(Error::Unsupported { field: Field::BridgedFrame, offset: 0, found: 0 }),
        }
    }

    /// The whole SDU.
    #[must_use]
    pub const fn as_octets(&self) -> &'a [u8] {
        self.sdu
    }
}

/// The octets that stand where LLC was to be; fewer than four count as followed by zeros.
fn first_word(sdu: &[u8]) -> u32 {
    let mut word = [0; 4];
    for (to, from) in word.iter_mut().zip(sdu) {
        *to = *from;
    }
    u32::from_be_bytes(word)
}
