//! The send side (thesis p. 61, figure 27).

use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use ip_wire::PacketBuf;
use ip_wire::ip::Packet;
use rand_core::CryptoRng;

use super::flows::{FlowTable, Lifetimes, Mapper};
use super::header::{Header, LEN, Sfl};
use super::lru::Lru;
use super::{FlowId, FlowKeys, MasterKey, Payload, minutes};
use crate::error::Error;
use crate::mac::{Algorithm, MAC_LEN};

/// What a sender does and how much it may keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderConfig {
    /// How MACs are made.
    pub algorithm: Algorithm,
    /// Flows at most.
    pub max_flows: usize,
    /// Flow keys kept at most (the transmission flow key cache); one at least.
    pub max_keys: usize,
    /// How long flows last.
    pub lifetimes: Lifetimes,
}

impl Default for SenderConfig {
    /// HMAC-SHA-256, 4,096 flows, 1,024 keys.
    fn default() -> Self {
        Self { algorithm: Algorithm::HmacSha256, max_flows: 4096, max_keys: 1024, lifetimes: Lifetimes::default() }
    }
}

/// What protecting did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protected {
    /// The flow.
    pub sfl: Sfl,
    /// Whether the datagram begins it.
    pub is_new_flow: bool,
}

/// Protects datagrams by the flows that a [`Mapper`] sorts them into.
pub struct Sender<M: Mapper> {
    mapper: M,
    flows: FlowTable<M::Attributes>,
    keys: Lru<FlowId, Box<FlowKeys>>,
    algorithm: Algorithm,
    derived: u64,
}

impl<M: Mapper> Sender<M> {
    /// A sender without flows.
    #[must_use]
    pub fn new(config: SenderConfig, mapper: M, rng: &mut impl CryptoRng) -> Self {
        Self {
            mapper,
            flows: FlowTable::new(config.max_flows, config.lifetimes, rng),
            keys: Lru::new(config.max_keys.max(1)),
            algorithm: config.algorithm,
            derived: 0,
        }
    }

    /// Protects the datagram in `packet` with the master key of its pair: the FBS header goes in behind the IP header, the IP header moves into the headroom. If the flow is
    /// confidential, the payload is padded to whole blocks (1 to 16 octets) and encrypted.
    ///
    /// # Errors
    /// [`Error::Ip`] if it is no IP packet or there is no head- or tailroom; [`Error::NotReassembled`] at a fragment; [`Error::DoesNotFit`] if it would be too long; those of the mapper.
    /// The packet stays as it was.
    pub fn protect<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        rng: &mut impl CryptoRng,
        master: &MasterKey,
        packet: &mut PacketBuf<S>,
    ) -> Result<Protected, Error> {
        let view = Packet::parse(packet.octets())?;
        let payload = Payload::of(&view)?;
        let attributes = self.mapper.attributes(&view)?;
        let confidential = self.mapper.is_confidential(&attributes);
        let padding = if confidential { 16usize.saturating_sub(payload.len() & 15) } else { 0 };
        let whole = payload.packet_len.saturating_add(padding);
        let length = payload.length_field(whole.saturating_add(LEN))?;
        // Room at both ends, or neither is taken.
        let before = packet.len();
        packet.push_back(whole.saturating_sub(before))?;
        if let Err(error) = packet.push_front(LEN) {
            packet.truncate(before);
            return Err(error.into());
        }
        packet.truncate(whole.saturating_add(LEN));
        let association = self.flows.associate(now, &attributes, confidential);
        let id = FlowId { sfl: association.sfl, source: payload.source, destination: payload.destination };
        if self.keys.get(&id).is_none() {
            self.derived = self.derived.saturating_add(1);
            self.keys.insert(id, FlowKeys::derive(self.algorithm, &id, master)?);
        }
        let Some(keys) = self.keys.get(&id) else { return Err(Error::State) };
        let mut confounder = [0; 4];
        rng.fill_bytes(&mut confounder);
        let mut header = Header {
            sfl: association.sfl,
            confounder: u32::from_be_bytes(confounder),
            mac: [0; MAC_LEN],
            timestamp: minutes(now),
        };
        let octets = packet.octets_mut();
        octets.copy_within(LEN..LEN.saturating_add(payload.start), 0);
        if let Some((_, body)) = octets.split_at_mut_checked(payload.start.saturating_add(LEN)) {
            if confidential {
                let at = body.len().saturating_sub(padding);
                body.get_mut(at..).unwrap_or_default().fill(u8::try_from(padding).unwrap_or(0));
                // Whole blocks.
                let _ = keys.encryption.encrypt(&keys.iv(&header), body);
            }
            header.mac = keys.mac(&header, body);
        }
        header.emit(octets.get_mut(payload.start..).unwrap_or_default())?;
        payload.set_length(packet, length)?;
        Ok(Protected { sfl: association.sfl, is_new_flow: association.is_new })
    }

    /// The sweeper: removes the flows whose time is over, and returns how many.
    pub fn sweep(&mut self, now: Duration) -> usize {
        self.flows.sweep(now)
    }

    /// The flow state table.
    #[must_use]
    pub const fn flows(&self) -> &FlowTable<M::Attributes> {
        &self.flows
    }

    /// Forgets all flow keys: for when a master key is another.
    pub fn forget_keys(&mut self) {
        self.keys.clear();
    }

    /// How many flow keys were derived: once a flow, while the cache has room.
    #[must_use]
    pub const fn keys_derived(&self) -> u64 {
        self.derived
    }
}

impl<M: Mapper> fmt::Debug for Sender<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("flows", &self.flows).field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}
