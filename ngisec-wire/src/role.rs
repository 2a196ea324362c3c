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

use alloc::vec::Vec;
use core::time::Duration;

use ip_wire::PacketBuf;

use crate::channel::{Opened, Receiver, Sealed, Sender};
use crate::classify::Class;
use crate::error::Error;
use crate::nat::Learned;
use crate::packet::copy;

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

/// A control packet as it came, for when it is refused after it was opened: as long as the longest so far.
#[derive(Debug, Default)]
struct Kept {
    octets: Vec<u8>,
    headroom: usize,
}

impl Kept {
    fn keep<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, packet: &PacketBuf<S>) {
        self.octets.clear();
        self.octets.extend_from_slice(packet.octets());
        self.headroom = packet.headroom();
    }

    fn put_back<S: AsRef<[u8]> + AsMut<[u8]>>(&self, packet: &mut PacketBuf<S>) -> Result<(), Error> {
        packet.push_front(packet.headroom().saturating_sub(self.headroom))?;
        let end = self.headroom.saturating_add(self.octets.len());
        packet.push_back(end.saturating_sub(packet.headroom().saturating_add(packet.len())))?;
        packet.pop_front(self.headroom.saturating_sub(packet.headroom()))?;
        packet.truncate(self.octets.len());
        copy(packet.octets_mut(), &self.octets);
        Ok(())
    }

    /// Runs `process`; the packet is as it was after an error.
    fn or_as_it_was<S: AsRef<[u8]> + AsMut<[u8]>, R>(
        &mut self,
        packet: &mut PacketBuf<S>,
        process: impl FnOnce(&mut PacketBuf<S>) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.keep(packet);
        match process(packet) {
            Ok(done) => Ok(done),
            Err(error) => {
                self.put_back(packet)?;
                Err(error)
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn a_packet_is_put_back_from_wherever_it_went() {
        for (front, back) in [(0, 0), (3, 0), (0, 3), (3, 3)] {
            for grows in [false, true] {
                let mut packet = PacketBuf::new((0..30).collect::<Vec<u8>>(), 10, 10).unwrap();
                let mut kept = Kept::default();
                let refused = kept.or_as_it_was(&mut packet, |packet| {
                    if grows {
                        packet.push_front(front)?;
                        packet.push_back(back)?;
                    } else {
                        packet.pop_front(front)?;
                        packet.truncate(10 - front - back);
                    }
                    packet.octets_mut().fill(0xff);
                    Err::<(), _>(Error::NotReassembled)
                });
                assert_eq!(refused, Err(Error::NotReassembled));
                assert_eq!((packet.headroom(), packet.octets()), (10, &(10..20).collect::<Vec<u8>>()[..]));
                let done = kept.or_as_it_was(&mut packet, |packet| {
                    packet.octets_mut().fill(1);
                    Ok(7)
                });
                assert_eq!((done, packet.octets()), (Ok(7), &vec![1; 10][..]));
            }
        }
        // All of the buffer went to another place.
        let mut packet = PacketBuf::new((0..30).collect::<Vec<u8>>(), 10, 10).unwrap();
        let refused = Kept::default().or_as_it_was(&mut packet, |packet| {
            packet.push_front(10)?;
            packet.truncate(2);
            Err::<(), _>(Error::NotReassembled)
        });
        assert_eq!((refused, packet.headroom(), packet.len()), (Err(Error::NotReassembled), 10, 10));
    }
}
