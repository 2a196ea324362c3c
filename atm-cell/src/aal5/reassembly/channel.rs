//! What is known of one channel.

use alloc::vec::Vec;
use core::time::Duration;

use crate::cell::PAYLOAD_LEN;

/// A channel that the table knows: between PDUs, in the middle of one, or skipping to the end of one.
#[derive(Debug, Default)]
pub(super) struct Channel {
    pub(super) vc: u32,
    pub(super) state: State,
    pub(super) clp: bool,
    /// Cells that were skipped.
    pub(super) skipped: u32,
    /// When the first cell came.
    pub(super) since: Duration,
    /// Octets of the PDU's cells so far.
    pub(super) filled: usize,
    /// Room for the PDU, all of it initialised.
    pub(super) buffer: Vec<u8>,
    /// In which of the two lists of use it is.
    pub(super) list: Use,
}

/// Channels with a buffer are apart from those without, so that finding one to take a buffer from takes no search.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Use {
    #[default]
    Bare,
    Holding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    #[default]
    Idle,
    Collecting,
    Skipping,
}

impl Channel {
    pub(super) fn cells(&self) -> u32 {
        u32::try_from(self.filled / PAYLOAD_LEN).unwrap_or(u32::MAX)
    }

    /// Adds a cell to the PDU, where the buffer has room.
    #[inline]
    pub(super) fn add(&mut self, payload: &[u8; PAYLOAD_LEN], clp: bool) -> bool {
        match self.buffer.get_mut(self.filled..).and_then(<[u8]>::first_chunk_mut) {
            Some(out) => {
                *out = *payload;
                self.filled = self.filled.wrapping_add(PAYLOAD_LEN);
                self.clp |= clp;
                true
            }
            None => false,
        }
    }
}
