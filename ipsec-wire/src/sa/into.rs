//! Sealing and opening into another buffer: for packets that are read where they cannot be written, or have no room around them.

use core::time::Duration;

use ip_wire::PacketBuf;
use ip_wire::ip::Packet;

use super::inbound::{Inbound, Opened};
use super::outbound::{Outbound, Sealed};
use crate::crypto::Transform;
use crate::error::{Error, Field, len32};
use crate::replay::Storage;

impl<T: Transform> Outbound<T> {
    /// Protects the IP packet in `packet` into `out`, whose octets it replaces: the protected packet starts where `out` starts, headroom stays as it
    /// was, and [`Outbound::sealed_len`] octets are needed from there on. `packet` is copied once.
    ///
    /// # Errors
    /// Those of [`Outbound::seal`], [`Error::BufferTooSmall`] with what is there behind the headroom and what it takes. The association stays as it was,
    /// and `out` has no octets.
    pub fn seal_into<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &[u8],
        out: &mut PacketBuf<S>,
    ) -> Result<Sealed, Error> {
        out.truncate(0);
        let inner = Packet::parse(packet)?;
        let plan = self.plan(Some(&inner), inner.version() == 6, inner.len())?;
        if out.tailroom() < plan.total {
            let (found, needed) = (len32(out.tailroom()), len32(plan.total));
            return Err(Error::BufferTooSmall { field: Field::Tailroom, found, needed });
        }
        out.push_back(plan.front)?;
        out.pop_front(plan.front)?;
        out.append(packet.get(..inner.len()).unwrap_or(packet))?;
        let sealed = self.seal(now, out);
        if sealed.is_err() {
            out.truncate(0);
            out.push_front(plan.front)?;
            out.truncate(0);
        }
        sealed
    }
}

impl<T: Transform, W: Storage> Inbound<T, W> {
    /// Opens the IP packet in `packet` into `out`, whose octets it replaces: what is taken off its front is headroom then. `packet` is copied once, when
    /// its headers, lengths and number have been looked at; so a copy of a packet that was received before costs no copying.
    ///
    /// # Errors
    /// Those of [`Inbound::open`], and [`Error::BufferTooSmall`] if `out` has less room behind its headroom than `packet` has octets. `out` has no octets
    /// then, nor has it for a dummy packet.
    pub fn open_into<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &[u8],
        out: &mut PacketBuf<S>,
    ) -> Result<Opened, Error> {
        out.truncate(0);
        let arrived = self.arrive(now, packet)?;
        let packet = packet.get(..arrived.packet_end()).unwrap_or(packet);
        if out.tailroom() < packet.len() {
            let (found, needed) = (len32(out.tailroom()), len32(packet.len()));
            return Err(Error::BufferTooSmall { field: Field::Tailroom, found, needed });
        }
        out.append(packet)?;
        let opened = self.open_arrived(now, out, &arrived);
        if !matches!(opened, Ok(Opened::Packet(_))) {
            out.truncate(0);
        }
        opened
    }
}
