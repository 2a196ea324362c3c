//! What a reassembler is told, and what it tells.

use core::time::Duration;

use crate::aal5::{CpiPolicy, Discard, Reason, Sdu};

/// Caps and policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// Longest SDU in octets. A longer one is discarded as soon as its cells say so.
    pub max_sdu: usize,
    /// Channels known at once. Past it the one that was quiet longest goes, with the PDU it is in the middle of.
    pub max_vcs: usize,
    /// Octets of buffers in all. Past it the PDUs of the channels that were quiet longest go.
    pub max_octets: usize,
    /// How long a PDU may take from its first cell on.
    pub timeout: Duration,
    /// What to do about a common part indicator other than 0.
    pub cpi: CpiPolicy,
}

/// RFC 2225's default MTU of 9,180 octets and its LLC/SNAP header, 1,024 channels, 16 MiB in all, 10 s, CPI 0.
impl Default for Config {
    fn default() -> Self {
        Self { max_sdu: 9188, max_vcs: 1024, max_octets: 16 << 20, timeout: Duration::from_secs(10), cpi: CpiPolicy::Zero }
    }
}

/// What became of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome<'a> {
    /// It is kept.
    Pending,
    /// It is dropped as one of a PDU that was discarded before its end.
    Skipped,
    /// It was the last of this SDU.
    Complete(Sdu<'a>),
    /// With it this PDU is discarded.
    Discarded(Discard),
    /// It carries no user data, by its payload type (PT 4 to 7) or its channel (VPI and VCI 0, OAM F4, resource management), and is nothing to
    /// AAL5.
    NotUserData,
}

/// How often what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Cells of user data that were taken.
    pub cells: u64,
    /// Cells that were none of AAL5's.
    pub not_user_data: u64,
    /// SDUs delivered.
    pub completed: u64,
    /// Cells dropped behind a discard, up to the end of their PDU.
    pub skipped_cells: u64,
    /// PDUs discarded for a Length that their cells contradict.
    pub length: u64,
    /// PDUs discarded for their CRC.
    pub crc: u64,
    /// PDUs that their sender gave up.
    pub aborted: u64,
    /// PDUs discarded for their CPI.
    pub cpi: u64,
    /// PDUs discarded for their size.
    pub too_long: u64,
    /// PDUs discarded to make room.
    pub evicted: u64,
    /// PDUs whose time ran out.
    pub expired: u64,
    /// PDUs given up with their channel or at the end.
    pub unfinished: u64,
    /// Ends of message behind an earlier discard.
    pub skipped: u64,
}

impl Counters {
    /// The counter of a reason.
    #[must_use]
    pub const fn of(&self, reason: Reason) -> u64 {
        match reason {
            Reason::Length => self.length,
            Reason::Crc => self.crc,
            Reason::Aborted => self.aborted,
            Reason::Cpi => self.cpi,
            Reason::TooLong => self.too_long,
            Reason::Evicted => self.evicted,
            Reason::Expired => self.expired,
            Reason::Unfinished => self.unfinished,
            Reason::Skipped => self.skipped,
        }
    }

    pub(super) fn count(&mut self, reason: Reason) {
        let counter = match reason {
            Reason::Length => &mut self.length,
            Reason::Crc => &mut self.crc,
            Reason::Aborted => &mut self.aborted,
            Reason::Cpi => &mut self.cpi,
            Reason::TooLong => &mut self.too_long,
            Reason::Evicted => &mut self.evicted,
            Reason::Expired => &mut self.expired,
            Reason::Unfinished => &mut self.unfinished,
            Reason::Skipped => &mut self.skipped,
        };
        *counter = counter.saturating_add(1);
    }
}
