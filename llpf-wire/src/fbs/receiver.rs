//! The receive side (thesis p. 61, figure 27).

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use ip_wire::PacketBuf;
use ip_wire::ip::Packet;

use super::header::{LEN, Sfl, View};
use super::lru::Lru;
use super::{ConstantTimeEq, FlowId, FlowKeys, MasterKey, Payload, minutes};
use crate::error::{Error, Field, len32};
use crate::mac::Algorithm;

/// What a receiver does and how much it may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// How MACs are made.
    pub algorithm: Algorithm,
    /// How many minutes a timestamp may be away from now, either way. A replay within them passes.
    pub window: u32,
    /// Flow keys kept at most (the receive flow key cache); one at least.
    pub max_keys: usize,
}

impl Default for ReceiverConfig {
    /// HMAC-SHA-256, 2 minutes, 1,024 keys.
    fn default() -> Self {
        Self { algorithm: Algorithm::HmacSha256, window: 2, max_keys: 1024 }
    }
}

/// A datagram that was authentic: the buffer holds it as it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Its flow.
    pub sfl: Sfl,
}

/// Opens datagrams. It keeps keys and no flows: a key that was forgotten is derived again.
pub struct Receiver {
    config: ReceiverConfig,
    keys: Lru<FlowId, Box<FlowKeys>>,
    derived: u64,
}

impl Receiver {
    /// A receiver without keys.
    #[must_use]
    pub fn new(config: ReceiverConfig) -> Self {
        Self { config, keys: Lru::new(config.max_keys.max(1)), derived: 0 }
    }

    /// Opens the datagram in `packet` with the master key of its pair. A key is kept only once a MAC has held under it, so that forgeries push none out.
    ///
    /// # Errors
    /// [`Error::Ip`] if it is no IP packet; [`Error::NotReassembled`] at a fragment; [`Error::Truncated`] without an FBS header; [`Error::Stale`] if the timestamp is not fresh, before any
    /// key is derived; [`Error::Authentication`]. The packet stays as it was.
    pub fn open<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        master: &MasterKey,
        packet: &mut PacketBuf<S>,
    ) -> Result<Opened, Error> {
        let view = Packet::parse(packet.octets())?;
        let payload = Payload::of(&view)?;
        let body = packet.octets().get(payload.start..payload.packet_len).unwrap_or(&[]);
        let header = View::parse(body).map_err(|error| error.shifted(len32(payload.start)))?.to_header();
        if header.timestamp.abs_diff(minutes(now)) > self.config.window {
            return Err(Error::Stale { found: header.timestamp, now: minutes(now) });
        }
        let id = FlowId { sfl: header.sfl, source: payload.source, destination: payload.destination };
        let mut fresh = None;
        let keys = match self.keys.get(&id) {
            Some(keys) => &**keys,
            None => {
                self.derived = self.derived.saturating_add(1);
                &**fresh.insert(FlowKeys::derive(self.config.algorithm, &id, master)?)
            }
        };
        let body = body.get(LEN..).unwrap_or(&[]);
        if !bool::from(keys.mac(&header, body).ct_eq(&header.mac)) {
            return Err(Error::Authentication);
        }
        let mut padding = 0;
        let (start, len) = (payload.start, body.len());
        if header.sfl.is_encrypted() {
            if len == 0 || len % 16 != 0 {
                return Err(Error::Length { field: Field::Padding, offset: len32(start), found: len32(len), needed: 16 });
            }
            let iv = keys.iv(&header);
            let range = start.saturating_add(LEN)..payload.packet_len;
            let body = packet.octets_mut().get_mut(range).unwrap_or_default();
            // Whole blocks.
            let _ = keys.encryption.decrypt(&iv, body);
            padding = body.last().map_or(0, |last| usize::from(*last));
            let pad = body.len().checked_sub(padding).and_then(|at| body.get(at..)).unwrap_or(&[]);
            let is_right = (1..=16).contains(&padding) && pad.iter().all(|octet| usize::from(*octet) == padding);
            if !is_right {
                // Only who has the key can have done that. The packet goes back to what it was.
                let _ = keys.encryption.encrypt(&iv, body);
                let found = len32(padding);
                return Err(Error::Mismatch { field: Field::Padding, offset: len32(start), found, needed: 1 });
            }
        }
        if let Some(fresh) = fresh {
            self.keys.insert(id, fresh);
        }
        let length = payload.length_field(payload.packet_len.saturating_sub(LEN).saturating_sub(padding))?;
        packet.truncate(payload.packet_len.saturating_sub(padding));
        packet.octets_mut().copy_within(..start, LEN);
        packet.pop_front(LEN)?;
        payload.set_length(packet, length)?;
        Ok(Opened { sfl: header.sfl })
    }

    /// Forgets all flow keys: for when a master key is another.
    pub fn forget_keys(&mut self) {
        self.keys.clear();
    }

    /// How many flow keys were derived: once a flow, while the cache has room, and once a forgery.
    #[must_use]
    pub const fn keys_derived(&self) -> u64 {
        self.derived
    }

    /// Flow keys in the cache.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.keys.len()
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("config", &self.config).field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
