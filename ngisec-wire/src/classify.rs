//! Control and data packets (draft-shukla 6).
//!
//! | packet | class |
//! | --- | --- |
//! | TCP with SYN | control |
//! | UDP, the first packet of a flow | control |
//! | TCP with port 21 at either end: an FTP control connection | control |
//! | every other | data |

use ip_wire::{Flow, FlowKey, Protocol, tcp};

use crate::error::Error;
use crate::packet::{self, Check, Outline};

/// The port of FTP's control connections.
pub const FTP_CONTROL: u16 = 21;

/// What a packet is to the gateways on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Opened and sealed again by gateways.
    Control,
    /// Sealed by one host and opened by the other.
    Data,
}

impl Class {
    /// The class of a TCP or UDP packet; `known` says whether a packet of its UDP flow went before. A flow whose mapping was dropped is not known.
    ///
    /// # Errors
    /// Those of reading the packet; [`Error::Transport`]; [`Error::NotReassembled`].
    pub fn of(octets: &[u8], known: impl FnOnce(&FlowKey) -> bool) -> Result<Self, Error> {
        let (protocol, ip_len) = match packet::glance(octets) {
            Some(found) => (found.protocol, found.ip_len),
            None => Outline::read(octets, Check::None).map(|outline| (outline.protocol, outline.ip_len))?,
        };
        let control = match (protocol, octets.get(ip_len..).and_then(<[u8]>::first_chunk::<{ tcp::MIN_HEADER_LEN }>)) {
            (Protocol::TCP, Some(h)) => {
                let is_ftp = [[h[0], h[1]], [h[2], h[3]]].contains(&FTP_CONTROL.to_be_bytes());
                is_ftp || u16::from(h[13]) & tcp::Flags::SYN.bits() != 0
            }
            _ => !known(&Flow::from_ip(octets)?.key),
        };
        Ok(if control { Self::Control } else { Self::Data })
    }
}
