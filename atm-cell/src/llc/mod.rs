//! What an AAL5 SDU carries: LLC/SNAP and VC multiplexing (RFC 2684).
//!
//! ```text
//!  routed (5.1)          bridged (5.2)         ISO (5.1)           VPN (8.1)
//! +-------------------+ +-------------------+ +-----------------+ +-------------------+
//! | LLC   AA-AA-03    | | LLC   AA-AA-03    | | LLC  FE-FE-03   | | LLC   AA-AA-03    |
//! +-------------------+ +-------------------+ +-----------------+ +-------------------+
//! | OUI   00-00-00    | | OUI   00-80-C2    | | NLPID, 1 octet  | | OUI   00-00-5E    |
//! +-------------------+ +-------------------+ +-----------------+ +-------------------+
//! | EtherType, 2      | | PID, 2 octets     | | rest of the PDU | | PID   00-08       |
//! +-------------------+ +-------------------+ |                 | +-------------------+
//! | PDU               | | PAD, 0 to 4       | |                 | | PAD   00          |
//! |                   | +-------------------+ |                 | +-------------------+
//! |                   | | frame             | |                 | | VPN OUI, 3        |
//! |                   | |                   | |                 | +-------------------+
//! |                   | +-------------------+ |                 | | VPN index, 4      |
//! |                   | | FCS (some PIDs)   | |                 | +-------------------+
//! +-------------------+ +-------------------+ +-----------------+ | any of the others |
//!                                                                 +-------------------+
//! ```
//!
//! Under VC multiplexing (6) the channel says what it carries: routed PDUs stand bare, bridged ones start with their PAD:
//! [`VcMux`].

mod bridged;
mod ids;
mod vc_mux;

pub use bridged::{Bridged, CommonPduHeader, CommonPduTrailer, fcs};
pub use ids::{Control, EtherType, Nlpid, Oui, Pid, Vpn, VpnId};
pub use vc_mux::{VcMux, VcMuxHeader, VcMuxPdu};

use crate::error::len32;
use crate::octets::write;
use crate::{Error, Field};

/// The IP MTU of classical IP over ATM, LLC and SNAP not counted (RFC 2225 7).
pub const DEFAULT_MTU: usize = 9180;
/// Octets in front of a routed PDU: LLC and SNAP.
pub const ROUTED_LEN: usize = 8;
/// Octets in front of a PDU in the ISO format: LLC and NLPID. For ISO protocols the NLPID is the PDU's own first octet.
pub const ISO_LEN: usize = 4;
/// Octets of the VPN encapsulation header.
pub const VPN_LEN: usize = 16;
/// Octets in front of a bridged Ethernet or 802.3 frame.
pub const BRIDGED_ETHERNET_LEN: usize = 10;
/// Octets in front of a bridged 802.4, 802.5 or FDDI frame.
pub const BRIDGED_RING_LEN: usize = 11;
/// Octets in front of a bridged 802.6 frame, whose common PDU header is among them.
pub const BRIDGED_DQDB_LEN: usize = 12;
/// Octets in front of a BPDU.
pub const BPDU_LEN: usize = 8;
/// The longest that [`Header::emit`] writes.
pub const MAX_HEADER_LEN: usize = VPN_LEN + BRIDGED_DQDB_LEN;

const SNAP: [u8; 3] = [0xaa, 0xaa, 0x03];
const ISO: [u8; 3] = [0xfe, 0xfe, 0x03];

/// What an LLC header says that follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A routed PDU of the protocol of that EtherType: OUI 00-00-00.
    Routed(EtherType),
    /// A routed PDU in the ISO format: FE-FE-03.
    Iso(Nlpid),
    /// A bridged frame: OUI 00-80-C2 with a PID of RFC 2684 appendix B.
    Bridged(Bridged),
    /// SNAP of another organization, or with a PID that RFC 2684 does not define.
    Other {
        /// The organization.
        oui: Oui,
        /// Its protocol.
        pid: Pid,
    },
    /// LLC without SNAP, and not in the ISO format.
    Llc {
        /// Destination service access point.
        dsap: u8,
        /// Source service access point.
        ssap: u8,
        /// Control field.
        control: Control,
    },
}

impl Protocol {
    const fn header_len(self) -> usize {
        match self {
            Self::Routed(_) | Self::Other { .. } => ROUTED_LEN,
            Self::Iso(_) => ISO_LEN,
            Self::Bridged(bridged) => ROUTED_LEN.saturating_add(bridged.pad_len()),
            Self::Llc { control, .. } => 2usize.saturating_add(control.as_octets().len()),
        }
    }

    fn push(self, out: &mut Out) {
        match self {
            Self::Routed(EtherType(ether_type)) => out.snap(Oui::ETHER_TYPE, Pid(ether_type)),
            Self::Iso(Nlpid(nlpid)) => {
                out.push(&ISO);
                out.push(&[nlpid]);
            }
            Self::Bridged(bridged) => {
                out.snap(Oui::BRIDGED, bridged.pid());
                bridged.push_pad(out);
            }
            Self::Other { oui, pid } => out.snap(oui, pid),
            Self::Llc { dsap, ssap, control } => {
                out.push(&[dsap, ssap]);
                out.push(control.as_octets());
            }
        }
    }
}

/// Which NLPIDs a reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NlpidRule {
    /// Those that RFC 2684 5.1 allows: 00 (the inactive set) and CC (IP, which has its EtherType) are refused.
    #[default]
    Rfc2684,
    /// All: what some senders put into the ISO format.
    Any,
}

/// What stands in front of a PDU: an LLC encapsulation, which a VPN encapsulation header may precede.
///
/// ```
/// use atm_cell::llc::{EtherType, Header, Protocol};
///
/// let mut buffer = [0; 8];
/// assert_eq!(Header::new(Protocol::Routed(EtherType::IPV4)).emit(&mut buffer), Ok(8));
/// assert_eq!(buffer, [0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// The virtual private network that the PDU belongs to (RFC 2684 8).
    pub vpn: Option<Vpn>,
    /// What follows.
    pub protocol: Protocol,
}

impl Header {
    /// A header outside of any VPN.
    #[must_use]
    pub const fn new(protocol: Protocol) -> Self {
        Self { vpn: None, protocol }
    }

    /// Octets that [`Self::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        let vpn = if self.vpn.is_some() { VPN_LEN } else { 0usize };
        vpn.saturating_add(self.protocol.header_len())
    }

    /// The most octets that fit behind the header in one AAL5 SDU, a bridged frame's FCS among them.
    #[must_use]
    pub const fn max_payload(&self) -> usize {
        (u16::MAX as usize).saturating_sub(self.wire_len())
    }

    /// Writes the header and returns its octets' number. It is read back as the same header, but for an [`Protocol::Other`] or
    /// [`Protocol::Llc`] whose values are those of another protocol.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`].
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut out = Out::default();
        if let Some(vpn) = self.vpn {
            vpn.push(&mut out);
        }
        self.protocol.push(&mut out);
        write(out.as_octets(), buffer, Field::LlcHeader)
    }
}

crate::impl_put!(Header, MAX_HEADER_LEN);

/// A read LLC-encapsulated PDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pdu<'a> {
    sdu: &'a [u8],
    protocol: Protocol,
    in_vpn: bool,
}

impl<'a> Pdu<'a> {
    /// Reads the SDU of a channel with LLC encapsulation, under [`NlpidRule::Rfc2684`].
    ///
    /// # Errors
    /// Those of [`Self::parse_with`].
    pub fn parse(sdu: &'a [u8]) -> Result<Self, Error> {
        Self::parse_with(sdu, NlpidRule::Rfc2684)
    }

    /// Reads the SDU of a channel with LLC encapsulation. The organization is looked at before the PID, whose values mean nothing
    /// without it.
    ///
    /// # Errors
    /// [`Error::Truncated`] inside a header, and where a frame with an FCS is shorter than that; [`Error::Value`] for an NLPID
    /// that
    /// `rule` refuses; [`Error::Unsupported`] for a VPN encapsulation header in a VPN.
    pub fn parse_with(sdu: &'a [u8], rule: NlpidRule) -> Result<Self, Error> {
        let (in_vpn, rest) = match vpn(sdu)? {
            Some((_, rest)) => (true, rest),
            None => (false, sdu),
        };
        let protocol = if in_vpn { inner(rest, rule).map_err(|error| error.shifted(len32(VPN_LEN)))? } else { read(rest, rule)? };
        Ok(Self { sdu, protocol, in_vpn })
    }

    /// What the headers say that follows.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The virtual private network, if a VPN encapsulation header names one.
    #[must_use]
    pub fn vpn(&self) -> Option<Vpn> {
        if self.in_vpn { Vpn::read(self.sdu) } else { None }
    }

    /// What emits the octets in front of [`Self::payload`].
    #[must_use]
    pub fn header(&self) -> Header {
        Header { vpn: self.vpn(), protocol: self.protocol }
    }

    /// The octets behind the headers: a routed PDU, or a bridged frame with the FCS that it may have.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.sdu.get(self.header().wire_len()..).unwrap_or_default()
    }

    /// A PDU in the ISO format with its NLPID, which is the first octet of what ISO protocols call their PDU (CLNP, ES-IS,
    /// IS-IS).
    #[must_use]
    pub fn iso_pdu(&self) -> Option<&'a [u8]> {
        match self.protocol {
            Protocol::Iso(_) => self.sdu.get(self.header().wire_len().saturating_sub(1)..),
            _ => None,
        }
    }

    /// A bridged frame without its FCS, which is checked if the frame has one.
    ///
    /// # Errors
    /// [`Error::Checksum`] for the FCS; [`Error::Unsupported`] for what is no bridged frame.
    pub fn bridged_frame(&self) -> Result<&'a [u8], Error> {
        let header = self.header();
        match self.protocol {
            Protocol::Bridged(bridged) => bridged.frame(self.payload()).map_err(|error| error.shifted(len32(header.wire_len()))),
            _ => Err(Error::Unsupported { field: Field::BridgedFrame, offset: 0, found: 0 }),
        }
    }

    /// The whole SDU.
    #[must_use]
    pub const fn as_octets(&self) -> &'a [u8] {
        self.sdu
    }
}

/// The VPN encapsulation header, if `sdu` starts with one, and what follows it.
fn vpn(sdu: &[u8]) -> Result<Option<(Vpn, &[u8])>, Error> {
    let Some(rest) = sdu.strip_prefix(&Vpn::SNAP) else { return Ok(None) };
    match (Vpn::read(sdu), sdu.get(VPN_LEN..)) {
        (Some(vpn), Some(rest)) => Ok(Some((vpn, rest))),
        _ => Err(truncated(Field::VpnHeader, 8, rest, 8)),
    }
}

/// What follows a VPN encapsulation header: no second one.
fn inner(octets: &[u8], rule: NlpidRule) -> Result<Protocol, Error> {
    if octets.starts_with(&Vpn::SNAP) {
        return Err(Error::Unsupported { field: Field::VpnHeader, offset: 0, found: Pid::VPN.0.into() });
    }
    read(octets, rule)
}

fn read(octets: &[u8], rule: NlpidRule) -> Result<Protocol, Error> {
    let Some((llc, rest)) = octets.split_first_chunk::<3>() else {
        return Err(truncated(Field::LlcHeader, 0, octets, 3));
    };
    match *llc {
        SNAP => snap(rest).map_err(|error| error.shifted(3)),
        ISO => {
            let [nlpid, ..] = *rest else { return Err(truncated(Field::Nlpid, 3, rest, 1)) };
            match Nlpid(nlpid) {
                Nlpid::INACTIVE | Nlpid::IP if matches!(rule, NlpidRule::Rfc2684) => {
                    Err(Error::Value { field: Field::Nlpid, offset: 3, found: nlpid.into(), needed: Nlpid::CLNP.0.into() })
                }
                nlpid => Ok(Protocol::Iso(nlpid)),
            }
        }
        [dsap, ssap, first] => match Control::new(first, rest.first().copied()) {
            Some(control) => Ok(Protocol::Llc { dsap, ssap, control }),
            None => Err(truncated(Field::LlcHeader, 0, octets, 4)),
        },
    }
}

fn snap(octets: &[u8]) -> Result<Protocol, Error> {
    let Some(([a, b, c, high, low], rest)) = octets.split_first_chunk::<5>() else {
        return Err(truncated(Field::SnapHeader, 0, octets, 5));
    };
    let (oui, pid) = (Oui([*a, *b, *c]), Pid(u16::from_be_bytes([*high, *low])));
    match oui {
        Oui::ETHER_TYPE => Ok(Protocol::Routed(EtherType(pid.0))),
        Oui::BRIDGED => match Bridged::read(pid, rest).map_err(|error| error.shifted(5))? {
            Some(bridged) => Ok(Protocol::Bridged(bridged)),
            None => Ok(Protocol::Other { oui, pid }),
        },
        _ => Ok(Protocol::Other { oui, pid }),
    }
}

#[cold]
#[inline(never)]
fn truncated(field: Field, offset: u32, from: &[u8], needed: u32) -> Error {
    Error::Truncated { field, offset, found: len32(from.len()), needed }
}

/// The octets of a header as they are put together; no header is longer than it has room for.
#[derive(Default)]
struct Out {
    octets: [u8; MAX_HEADER_LEN],
    len: usize,
}

impl Out {
    fn push(&mut self, octets: &[u8]) {
        let end = self.len.saturating_add(octets.len());
        if let Some(room) = self.octets.get_mut(self.len..end) {
            room.copy_from_slice(octets);
            self.len = end;
        }
    }

    fn snap(&mut self, oui: Oui, pid: Pid) {
        self.push(&SNAP);
        self.push(&oui.0);
        self.push(&pid.0.to_be_bytes());
    }

    fn as_octets(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or(&self.octets)
    }
}

#[cfg(test)]
mod tests;
