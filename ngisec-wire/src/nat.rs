//! Pairs of flows: what a translation makes of them is learned, done, and undone (draft-shukla 6.2, 6.3).
//!
//! A pair is the flow as the near side has it (`inner`) and as it is on the wire (`outer`), both in the direction away from the near side. Packets going out
//! are found by `inner`, packets coming in by `outer` turned round; both by one look into a hash table. Tables have a limit that nothing gets over:
//!
//! - An entry that has carried no packet since it was made gives way to a new one, the oldest first.
//! - An entry that has, stays until it was idle for [`Limits::idle`]. When none may go, a new one is refused.
//!
//! So whoever floods a table with connections that carry nothing pushes out only their like.

mod name;
mod pairs;
#[cfg(test)]
mod tests;

use core::net::IpAddr;
use core::time::Duration;

use ip_wire::nat::{Endpoint, Rewrite};
use ip_wire::{Flow, FlowKey, Ports};

use crate::error::{Error, Field};
use crate::framing::Observation;
pub use pairs::{Limits, Pair, Pairs};

/// Learns what translations did to flows from packets that tell, and undoes it by the stored pairs (draft-shukla 6.2).
///
/// Only observations of packets that were opened go in: their duplicates are authentic. Only a [`crate::Receiver`] of control packets makes such.
#[derive(Debug, Clone)]
pub struct ReverseNat {
    pairs: Pairs,
}

/// What became of what was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Learned {
    /// A new flow.
    New,
    /// A flow as it was known.
    Same,
    /// A flow whose mapping changed (draft-shukla 6.2: non-static port mapping).
    Changed,
}

impl ReverseNat {
    /// An empty table.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { pairs: Pairs::new(limits) }
    }

    /// Takes what an opened control packet tells.
    ///
    /// # Errors
    /// [`Error::TableFull`]: the table stays as it was.
    pub fn learn(&mut self, now: Duration, observation: &Observation) -> Result<Learned, Error> {
        // The near side sends the answers.
        self.pairs.insert(now, observation.inner.reversed(), observation.outer.reversed())
    }

    /// Gives a packet that arrived the addresses and ports that its sender gave it; says whether its flow is known. An ICMP error is mended by what it quotes.
    ///
    /// # Errors
    /// Those of reading the packet. It stays as it was.
    pub fn restore(&mut self, now: Duration, packet: &mut [u8]) -> Result<bool, Error> {
        self.pairs.inward(now, packet)
    }

    /// Gives a packet that goes out what the other side's translation expects; says whether its flow is known.
    ///
    /// # Errors
    /// Those of reading the packet. It stays as it was.
    pub fn correct(&mut self, now: Duration, packet: &mut [u8]) -> Result<bool, Error> {
        self.pairs.outward(now, packet)
    }

    /// The table.
    #[must_use]
    pub const fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// The table, to be changed.
    pub const fn pairs_mut(&mut self) -> &mut Pairs {
        &mut self.pairs
    }
}

/// A gateway's own translation: many private addresses behind one, by ports (RFC 3022 2.2).
#[derive(Debug, Clone)]
pub struct Translator {
    address: IpAddr,
    first_port: u16,
    last_port: u16,
    next: u16,
    pairs: Pairs,
}

impl Translator {
    /// A translation to `address` with ports from `first_port` to `last_port`; with `first_port` alone if that is the greater one.
    #[must_use]
    pub fn new(address: IpAddr, (first_port, last_port): (u16, u16), limits: Limits) -> Self {
        Self { address, first_port, last_port, next: first_port, pairs: Pairs::new(limits) }
    }

    /// The address outside.
    #[must_use]
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// The flow on the wire of a flow that leaves to `destination`, which may be another address than the flow has inside; a new mapping if there is
    /// none.
    ///
    /// # Errors
    /// [`Error::TableFull`] without a place or a port.
    pub fn map(&mut self, now: Duration, inner: FlowKey, destination: IpAddr) -> Result<FlowKey, Error> {
        if let Some(outer) = self.pairs.outer_of(now, &inner) {
            return Ok(outer);
        }
        let (Some(_), Some(far)) = (inner.source_port(), inner.destination_port()) else {
            return Err(Error::Transport(inner.protocol().0));
        };
        let pool = u32::from(self.last_port.saturating_sub(self.first_port)).saturating_add(1);
        // As many tries as there can be ports of this destination in use, and one.
        let tries = pool.min(self.pairs.limits().flows.saturating_add(1));
        for _ in 0..tries {
            let port = self.next;
            self.next = if port >= self.last_port { self.first_port } else { port.saturating_add(1) };
            let ports = Ports::Pair { source: port, destination: far };
            let outer = FlowKey::new(self.address, destination, inner.protocol(), ports)?;
            if !self.pairs.has_outer(&outer) {
                self.pairs.insert(now, inner, outer)?;
                return Ok(outer);
            }
        }
        Err(Error::TableFull { field: Field::PortPool, limit: pool })
    }

    /// The table.
    #[must_use]
    pub const fn pairs(&self) -> &Pairs {
        &self.pairs
    }

    /// The table, to be changed.
    pub const fn pairs_mut(&mut self) -> &mut Pairs {
        &mut self.pairs
    }
}

/// What makes a packet one of `flow`: both addresses and both ports.
#[must_use]
pub fn rewrite_to(flow: &FlowKey) -> Rewrite {
    Rewrite {
        source: Some(Endpoint { address: flow.source(), port: flow.source_port() }),
        destination: Some(Endpoint { address: flow.destination(), port: flow.destination_port() }),
    }
}

/// The flow of a packet.
pub(crate) fn flow(packet: &[u8]) -> Result<FlowKey, Error> {
    Ok(Flow::from_ip(packet)?.key)
}
