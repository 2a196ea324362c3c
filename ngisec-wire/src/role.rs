//! Hosts and gateways of the three cases (draft-shukla 6.1 to 6.3), without I/O: packets go in and come out in the caller's buffer.
//!
//! | case | host | gateway |
//! | --- | --- | --- |
//! | LAN | [`Host`]: control and data to the other host | none |
//! | VPN | [`Host`]: control to its gateway, data to the other host | [`VpnGateway`]: duplicates headers of control, else translates only |
//! | network to network | [`Host::learning`]: control by TCPSec and UDPSec to its gateway, data to the other host | [`NetworkGateway`]: opens and seals control, else translates only |

mod gateway;
mod host;

pub use gateway::{Network, NetworkGateway, Peer, Service, VpnGateway};
pub use host::Host;

use core::time::Duration;

use ip_wire::PacketBuf;

use crate::channel::{Opened, Receiver, Sealed, Sender};
use crate::classify::Class;
use crate::error::Error;
use crate::nat::Learned;

/// Both directions of a secure channel.
#[derive(Debug)]
pub struct Channel {
    /// What this node sends by.
    pub send: Sender,
    /// What it receives by.
    pub receive: Receiver,
}

impl Channel {
    fn seal<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Sealed, Error> {
        self.send.seal(now, packet)
    }

    fn open<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Opened, Error> {
        self.receive.open(now, packet)
    }
}

/// What a node did with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    /// As what it passed.
    pub class: Class,
    /// What it told about a translation.
    pub learned: Option<Learned>,
}
