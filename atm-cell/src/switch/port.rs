//! A port: its header format, its receiver and its counters.

use super::{Outcome, Reason};
use crate::cell::{Gfc, HEADER_LEN, Interface};
use crate::hec::{self, Receiver, Verdict};
use crate::{Error, Field};

/// How a port is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PortConfig {
    /// The header format of both directions.
    pub interface: Interface,
    /// The GFC of cells sent at a UNI; 0 at an NNI.
    pub gfc: Gfc,
    /// Whether single errors of incoming headers are corrected (I.432.1 4.3.2.2), or all are dropped.
    pub correct: bool,
}

/// A UNI with GFC 0 and correction.
impl Default for PortConfig {
    fn default() -> Self {
        Self { interface: Interface::Uni, gfc: Gfc::ZERO, correct: true }
    }
}

/// Cells that came in on a port, by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counters {
    /// Cells switched to one output.
    pub forwarded: u64,
    /// Cells of point-to-multipoint connections, each once.
    pub multipoint: u64,
    /// Cells for the caller to process.
    pub local: u64,
    /// Cells whose header was corrected; they count as what became of them too.
    pub corrected: u64,
    /// Cells dropped for their header's errors.
    pub header_error: u64,
    /// Unassigned cells.
    pub unassigned: u64,
    /// Idle cells.
    pub idle: u64,
    /// Cells of the physical layer's.
    pub physical_layer: u64,
    /// Cells of VCI 0 on a path other than 0.
    pub null_channel: u64,
    /// Cells that no connection takes.
    pub unknown: u64,
}

/// A port of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    config: PortConfig,
    receiver: Receiver,
    counters: Counters,
}

impl Port {
    /// A port that no cell has come on yet.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] for a GFC at an NNI.
    pub const fn new(config: PortConfig) -> Result<Self, Error> {
        if matches!(config.interface, Interface::Nni) && config.gfc.get() != 0 {
            return Err(Error::DoesNotFit { field: Field::Gfc, found: config.gfc.get() as u32, needed: 0 });
        }
        let counters = Counters {
            forwarded: 0,
            multipoint: 0,
            local: 0,
            corrected: 0,
            header_error: 0,
            unassigned: 0,
            idle: 0,
            physical_layer: 0,
            null_channel: 0,
            unknown: 0,
        };
        Ok(Self { config, receiver: Receiver::new(), counters })
    }

    /// How it is set up.
    #[must_use]
    pub const fn config(&self) -> PortConfig {
        self.config
    }

    /// Its counters.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The header's word, corrected where it must and may be; `None` where the cell is to be dropped.
    #[inline]
    pub(super) fn receive(&mut self, header: [u8; HEADER_LEN]) -> Option<u32> {
        let [a, b, c, d, _] = header;
        if hec::syndrome(&header) != 0 {
            return self.receive_error(header);
        }
        // What a receiver does on a header without error: it corrects the next one.
        self.receiver = Receiver::new();
        Some(u32::from_be_bytes([a, b, c, d]))
    }

    #[cold]
    #[inline(never)]
    fn receive_error(&mut self, mut header: [u8; HEADER_LEN]) -> Option<u32> {
        if !self.config.correct || self.receiver.receive(&mut header) == Verdict::Discard {
            return None;
        }
        self.counters.corrected = self.counters.corrected.saturating_add(1);
        let [a, b, c, d, _] = header;
        Some(u32::from_be_bytes([a, b, c, d]))
    }

    #[inline]
    pub(super) fn count(&mut self, outcome: Outcome) -> Outcome {
        let counters = &mut self.counters;
        let counter = match outcome {
            Outcome::Forward { .. } => &mut counters.forwarded,
            Outcome::Multipoint(_) => &mut counters.multipoint,
            Outcome::Local { .. } => &mut counters.local,
            Outcome::Discard(Reason::HeaderError) => &mut counters.header_error,
            Outcome::Discard(Reason::Unassigned) => &mut counters.unassigned,
            Outcome::Discard(Reason::Idle) => &mut counters.idle,
            Outcome::Discard(Reason::PhysicalLayer) => &mut counters.physical_layer,
            Outcome::Discard(Reason::NullChannel) => &mut counters.null_channel,
            Outcome::Discard(Reason::Unknown | Reason::UnknownPort) => &mut counters.unknown,
        };
        *counter = counter.saturating_add(1);
        outcome
    }
}
