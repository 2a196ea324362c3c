//! Bridged frames and their FCS.

use super::{Out, Pid, truncated};
use crate::error::len32;
use crate::{Error, Field};

/// Octets of a LAN's FCS.
const FCS_LEN: usize = 4;

/// A bridged frame's medium, and what stands in front of the frame (RFC 2684 5.2).
///
/// ```text
///  Ethernet, 802.3      802.4, 802.5, FDDI        802.6
/// +------+------+      +------+------+------+    +----------+-------+---------------+
/// |  00     00  |      |  00     00     XX  |    | Reserved | BEtag |    BAsize     |
/// +------+------+      +------+------+------+    +----------+-------+---------------+
/// ```
///
/// The octets bring what follows the MAC header to a multiple of four. All are sent as 0 but for the third of 802.5, which
/// is the access control field and means nothing here. Received ones are kept, whatever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bridged {
    /// Ethernet or IEEE 802.3.
    Ethernet {
        /// Whether the frame ends with its FCS.
        fcs: bool,
        /// The PAD.
        pad: [u8; 2],
    },
    /// IEEE 802.4, token bus.
    TokenBus {
        /// Whether the frame ends with its FCS.
        fcs: bool,
        /// The PAD.
        pad: [u8; 3],
    },
    /// IEEE 802.5, token ring.
    TokenRing {
        /// Whether the frame ends with its FCS.
        fcs: bool,
        /// The PAD; its last octet is the access control field.
        pad: [u8; 3],
    },
    /// FDDI.
    Fddi {
        /// Whether the frame ends with its FCS.
        fcs: bool,
        /// The PAD.
        pad: [u8; 3],
    },
    /// IEEE 802.6, DQDB. The frame ends with a [`CommonPduTrailer`].
    Dqdb {
        /// Whether the PID is 00-05, not 00-0B. It says nothing: a CRC-32 is there where the frame's own CIB bit says so.
        fcs: bool,
        /// The common PDU header.
        header: CommonPduHeader,
    },
    /// A fragment of a bridged frame; RFC 2684 names the PID and no format.
    Fragment,
    /// A bridge protocol data unit of IEEE 802.1D or 802.1G.
    Bpdu,
}

impl Bridged {
    /// An Ethernet or 802.3 frame, with a PAD of 0.
    #[must_use]
    pub const fn ethernet(fcs: bool) -> Self {
        Self::Ethernet { fcs, pad: [0; 2] }
    }

    /// The PID under [`super::Oui::BRIDGED`].
    #[must_use]
    pub const fn pid(self) -> Pid {
        match self {
            Self::Ethernet { fcs: true, .. } => Pid::ETHERNET_FCS,
            Self::TokenBus { fcs: true, .. } => Pid::TOKEN_BUS_FCS,
            Self::TokenRing { fcs: true, .. } => Pid::TOKEN_RING_FCS,
            Self::Fddi { fcs: true, .. } => Pid::FDDI_FCS,
            Self::Dqdb { fcs: true, .. } => Pid::DQDB_FCS,
            Self::Ethernet { fcs: false, .. } => Pid::ETHERNET,
            Self::TokenBus { fcs: false, .. } => Pid::TOKEN_BUS,
            Self::TokenRing { fcs: false, .. } => Pid::TOKEN_RING,
            Self::Fddi { fcs: false, .. } => Pid::FDDI,
            Self::Dqdb { fcs: false, .. } => Pid::DQDB,
            Self::Fragment => Pid::FRAGMENT,
            Self::Bpdu => Pid::BPDU,
        }
    }

    /// Octets between PID and frame.
    #[must_use]
    pub const fn pad_len(self) -> usize {
        match self {
            Self::Ethernet { .. } => 2,
            Self::TokenBus { .. } | Self::TokenRing { .. } | Self::Fddi { .. } => 3,
            Self::Dqdb { .. } => CommonPduHeader::LEN,
            Self::Fragment | Self::Bpdu => 0,
        }
    }

    /// Whether the frame ends with an FCS that [`fcs`] computes.
    #[must_use]
    pub const fn has_fcs(self) -> bool {
        matches!(
            self,
            Self::Ethernet { fcs: true, .. }
                | Self::TokenBus { fcs: true, .. }
                | Self::TokenRing { fcs: true, .. }
                | Self::Fddi { fcs: true, .. }
        )
    }

    /// The FCS of a frame of this medium, from the octet behind the PAD on, in the order of transmission: what a sender appends.
    /// `None` for media whose frames have no LAN FCS at their end.
    #[must_use]
    pub fn compute_fcs(self, frame: &[u8]) -> Option<[u8; 4]> {
        match self {
            Self::Ethernet { .. } | Self::TokenBus { .. } => Some(fcs(frame)),
            Self::TokenRing { .. } | Self::Fddi { .. } => Some(fcs_high_bit_first(frame)),
            Self::Dqdb { .. } | Self::Fragment | Self::Bpdu => None,
        }
    }

    /// Reads what stands between PID and frame; `None` for a PID that RFC 2684 does not define.
    pub(super) fn read(pid: Pid, octets: &[u8]) -> Result<Option<Self>, Error> {
        let bridged = match pid {
            Pid::ETHERNET_FCS => Self::Ethernet { fcs: true, pad: pad(octets)? },
            Pid::TOKEN_BUS_FCS => Self::TokenBus { fcs: true, pad: pad(octets)? },
            Pid::TOKEN_RING_FCS => Self::TokenRing { fcs: true, pad: pad(octets)? },
            Pid::FDDI_FCS => Self::Fddi { fcs: true, pad: pad(octets)? },
            Pid::DQDB_FCS => Self::Dqdb { fcs: true, header: CommonPduHeader::from_octets(pad(octets)?) },
            Pid::ETHERNET => Self::Ethernet { fcs: false, pad: pad(octets)? },
            Pid::TOKEN_BUS => Self::TokenBus { fcs: false, pad: pad(octets)? },
            Pid::TOKEN_RING => Self::TokenRing { fcs: false, pad: pad(octets)? },
            Pid::FDDI => Self::Fddi { fcs: false, pad: pad(octets)? },
            Pid::DQDB => Self::Dqdb { fcs: false, header: CommonPduHeader::from_octets(pad(octets)?) },
            Pid::FRAGMENT => Self::Fragment,
            Pid::BPDU => Self::Bpdu,
            _ => return Ok(None),
        };
        let frame = octets.get(bridged.pad_len()..).unwrap_or_default();
        if bridged.has_fcs() && frame.len() < FCS_LEN {
            return Err(truncated(Field::BridgedFcs, len32(bridged.pad_len()), frame, len32(FCS_LEN)));
        }
        Ok(Some(bridged))
    }

    /// The frame without its FCS, which is checked.
    pub(super) fn frame(self, frame: &[u8]) -> Result<&[u8], Error> {
        if !self.has_fcs() {
            return Ok(frame);
        }
        let Some((frame, found)) = frame.split_last_chunk::<FCS_LEN>() else {
            return Err(truncated(Field::BridgedFcs, 0, frame, len32(FCS_LEN)));
        };
        match self.compute_fcs(frame) {
            Some(needed) if needed != *found => Err(Error::Checksum {
                field: Field::BridgedFcs,
                offset: len32(frame.len()),
                found: u32::from_be_bytes(*found),
                needed: u32::from_be_bytes(needed),
            }),
            _ => Ok(frame),
        }
    }

    pub(super) fn push_pad(self, out: &mut Out) {
        match self {
            Self::Ethernet { pad, .. } => out.push(&pad),
            Self::TokenBus { pad, .. } | Self::TokenRing { pad, .. } | Self::Fddi { pad, .. } => out.push(&pad),
            Self::Dqdb { header, .. } => out.push(&header.to_octets()),
            Self::Fragment | Self::Bpdu => {}
        }
    }
}

/// The IEEE 802.3 FCS of a frame, in the order of transmission.
///
/// The CRC-32 covers destination address to padding; octets are transmitted low bit first, and the FCS accordingly.
#[must_use]
pub fn fcs(frame: &[u8]) -> [u8; 4] {
    crc32fast::hash(frame).to_le_bytes()
}

/// The same FCS of media that transmit an octet's high bit first: the CRC sees each octet reversed, and so is it sent.
fn fcs_high_bit_first(frame: &[u8]) -> [u8; 4] {
    let mut hasher = crc32fast::Hasher::new();
    let mut block = [0; 64];
    for octets in frame.chunks(block.len()) {
        for (to, from) in block.iter_mut().zip(octets) {
            *to = from.reverse_bits();
        }
        hasher.update(block.get(..octets.len()).unwrap_or(&block));
    }
    hasher.finalize().reverse_bits().to_be_bytes()
}

fn pad<const N: usize>(octets: &[u8]) -> Result<[u8; N], Error> {
    octets.first_chunk().copied().ok_or_else(|| truncated(Field::BridgedPad, 0, octets, len32(N)))
}

/// The common PDU header in front of a bridged 802.6 frame.
///
/// ```text
/// +----------+-------+---------------+
/// | Reserved | BEtag |    BAsize     |
/// +----------+-------+---------------+
///  0          1       2             4
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CommonPduHeader {
    /// Reserved.
    pub reserved: u8,
    /// Beginning-end tag: the trailer has the same. A bridge puts its own in before it sends the frame on.
    pub be_tag: u8,
    /// Buffer allocation size: octets from the destination address to the trailer, exclusive.
    pub ba_size: u16,
}

impl CommonPduHeader {
    /// Octets of the header.
    pub const LEN: usize = 4;

    const fn from_octets([reserved, be_tag, high, low]: [u8; 4]) -> Self {
        Self { reserved, be_tag, ba_size: u16::from_be_bytes([high, low]) }
    }

    const fn to_octets(self) -> [u8; 4] {
        let [high, low] = self.ba_size.to_be_bytes();
        [self.reserved, self.be_tag, high, low]
    }
}

/// The common PDU trailer, which ends a bridged 802.6 frame.
///
/// ```text
/// +----------+-------+---------------+
/// | Reserved | BEtag |    Length     |
/// +----------+-------+---------------+
///  0          1       2             4
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct CommonPduTrailer {
    /// Reserved.
    pub reserved: u8,
    /// Beginning-end tag.
    pub be_tag: u8,
    /// Octets from the destination address to the trailer, exclusive.
    pub length: u16,
}

impl CommonPduTrailer {
    /// Octets of the trailer.
    pub const LEN: usize = 4;

    /// Splits the payload of a [`Bridged::Dqdb`] PDU into the frame and its trailer. Whether their numbers agree with `header` is
    /// for the bridge to see ([`Self::agrees_with`]): RFC 2684 lets a sender abort a frame by numbers that do not.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 4 octets.
    pub fn split(payload: &[u8]) -> Result<(&[u8], Self), Error> {
        match payload.split_last_chunk::<4>() {
            Some((frame, [reserved, be_tag, length @ ..])) => {
                Ok((frame, Self { reserved: *reserved, be_tag: *be_tag, length: u16::from_be_bytes(*length) }))
            }
            None => Err(truncated(Field::CommonPduTrailer, 0, payload, len32(Self::LEN))),
        }
    }

    /// Whether tags and sizes agree with the header and with the frame between them.
    #[must_use]
    pub const fn agrees_with(self, header: CommonPduHeader, frame: &[u8]) -> bool {
        self.be_tag == header.be_tag && self.length == header.ba_size && self.length as usize == frame.len()
    }

    /// The trailer's octets.
    #[must_use]
    pub const fn to_octets(self) -> [u8; 4] {
        let [high, low] = self.length.to_be_bytes();
        [self.reserved, self.be_tag, high, low]
    }
}
