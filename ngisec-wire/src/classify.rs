//! Control and data packets (draft-shukla 6).
//!
//! | packet | class |
//! | --- | --- |
//! | TCP with SYN | control |
//! | UDP, the first packet of a flow | control |
//! | TCP with port 21 at either end: an FTP control connection | control |
//! | every other | data |

use ip_wire::{FlowKey, Protocol};

use crate::error::Error;
use crate::packet::{Check, Outline};

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
        let outline = Outline::read(octets, Check::None)?;
        let control = match outline.protocol {
            Protocol::TCP => {
                let is_ftp = [outline.flow.source_port(), outline.flow.destination_port()].contains(&Some(FTP_CONTROL));
                is_ftp || outline.is_syn()
            }
            _ => !known(&outline.flow),
        };
        Ok(if control { Self::Control } else { Self::Data })
    }
}
