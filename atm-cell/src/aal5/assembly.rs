//! Cells of one channel to SDUs, in a buffer of the caller's.

use super::{MAX_PDU, TRAILER_LEN, View, cells_for};
use crate::cell::{PAYLOAD_LEN, PayloadType, Vc};
use crate::{Error, Field};

/// What a receiver does about a common part indicator other than 0, which RFC 2684 3 and I.363.5 reserve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CpiPolicy {
    /// The PDU is discarded.
    #[default]
    Zero,
    /// The PDU is delivered with its CPI.
    Any,
}

/// An SDU, with what its cells said about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sdu<'a> {
    /// The channel that it came on.
    pub vc: Vc,
    /// Its octets.
    pub payload: &'a [u8],
    /// User-to-user octet.
    pub uu: u8,
    /// Common part indicator: 0 unless [`CpiPolicy::Any`] lets others pass.
    pub cpi: u8,
    /// Loss priority: whether any of its cells had CLP set (I.363.5 9.2.1.1).
    pub clp: bool,
    /// Congestion: whether its last cell met some.
    pub congestion: bool,
}

/// Cells that will never be an SDU. There is one for every PDU that is given up, and one for every end of message that ends no delivered PDU.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Discard {
    /// The channel.
    pub vc: Vc,
    /// Why.
    pub reason: Reason,
    /// How many cells of it came, up to now.
    pub cells: u32,
    /// Whether its last cell was among them. Where it was not, the cells that still come up to it are dropped and reported as
    /// [`Reason::Skipped`] then.
    pub ended: bool,
}

/// Why a PDU was discarded.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Its cells are not the ceil((Length + 8) / 48) that its Length takes: cells were lost or put in, or its neighbour's last cell was lost
    /// and two PDUs came as one.
    Length,
    /// Its CRC-32 is wrong.
    Crc,
    /// Its sender gave it up: Length 0.
    Aborted,
    /// Its common part indicator is not 0.
    Cpi,
    /// It is longer than the longest SDU allowed, or than the buffer.
    TooLong,
    /// It had to make room for others.
    Evicted,
    /// Its time ran out.
    Expired,
    /// The channel was closed, or the input is over.
    Unfinished,
    /// Cells behind a discard that came before their PDU's end: this is the end.
    Skipped,
}

impl Reason {
    /// A name for logs and counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Crc => "crc",
            Self::Aborted => "aborted",
            Self::Cpi => "cpi",
            Self::TooLong => "too-long",
            Self::Evicted => "evicted",
            Self::Expired => "expired",
            Self::Unfinished => "unfinished",
            Self::Skipped => "skipped",
        }
    }

    /// The reason that a refused PDU's error is.
    pub(super) const fn of(error: &Error) -> Self {
        match error {
            Error::Checksum { .. } => Self::Crc,
            Error::Value { field: Field::Aal5Cpi, .. } => Self::Cpi,
            Error::Value { .. } => Self::Aborted,
            _ => Self::Length,
        }
    }
}

/// What became of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// It is kept, or dropped as one of a PDU that was discarded before its end.
    Pending,
    /// It was the last of this SDU.
    Complete(Sdu<'a>),
    /// With it this PDU is discarded.
    Discarded(Discard),
    /// It carries no user data (PT 4 to 7) and is nothing to AAL5.
    NotUserData,
}

/// What is known of the PDU that a channel is in the middle of, but for its octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Progress {
    /// Cells so far, those that are being skipped included.
    pub(super) cells: u32,
    pub(super) clp: bool,
    /// Cells are dropped up to the next end of message.
    pub(super) skipping: bool,
}

/// The check of a PDU that is whole, by its octets.
#[inline]
pub(super) fn complete(
    octets: &[u8],
    vc: Vc,
    payload_type: PayloadType,
    clp: bool,
    max_sdu: usize,
    cpi: CpiPolicy,
) -> Result<Sdu<'_>, Reason> {
    match View::parse(octets, cpi) {
        Ok(pdu) if pdu.sdu().len() <= max_sdu => {
            let trailer = pdu.trailer();
            let congestion = payload_type.congestion();
            Ok(Sdu { vc, payload: pdu.sdu(), uu: trailer.uu, cpi: trailer.cpi, clp, congestion })
        }
        Ok(_) => Err(Reason::TooLong),
        Err(error) => Err(Reason::of(&error)),
    }
}

/// Reassembles the cells of one channel in a buffer of the caller's, without an allocator.
///
/// ```
/// use atm_cell::aal5::{CpiPolicy, MAX_PDU, Segmenter, Step, VcReassembler};
/// use atm_cell::{Interface, Vc, Vci, Vpi, cell};
///
/// let vc = Vc::new(Vpi::ZERO, Vci::new(32));
/// let mut buffer = [0; 4800];
/// let mut reassembler = VcReassembler::new(vc, &mut buffer, CpiPolicy::Zero);
/// for octets in Segmenter::new(&cell::Header::new(Interface::Uni, vc), &[7; 100], 0)? {
///     let cell = cell::View::from_octets(&octets, Interface::Uni)?;
///     if let Step::Complete(sdu) = reassembler.handle_cell(cell.payload_type(), cell.clp(), cell.payload()) {
///         assert_eq!(sdu.payload, [7; 100]);
///     }
/// }
/// # Ok::<(), atm_cell::Error>(())
/// ```
#[derive(Debug)]
pub struct VcReassembler<'b> {
    vc: Vc,
    buffer: &'b mut [u8],
    progress: Progress,
    cpi: CpiPolicy,
}

impl<'b> VcReassembler<'b> {
    /// A reassembler for that channel, which is only a name here: the caller sorts cells. PDUs longer than the buffer are discarded; one
    /// of [`MAX_PDU`] octets holds every PDU.
    #[must_use]
    pub const fn new(vc: Vc, buffer: &'b mut [u8], cpi: CpiPolicy) -> Self {
        Self { vc, buffer, progress: Progress { cells: 0, clp: false, skipping: false }, cpi }
    }

    /// The longest SDU that fits.
    #[must_use]
    pub const fn max_sdu(&self) -> usize {
        let whole = self.buffer.len().saturating_sub(self.buffer.len() % PAYLOAD_LEN);
        let pdu = if whole < MAX_PDU { whole } else { MAX_PDU };
        let sdu = pdu.saturating_sub(TRAILER_LEN);
        if sdu < super::MAX_SDU { sdu } else { super::MAX_SDU }
    }

    /// Takes the channel's next cell.
    pub fn handle_cell(&mut self, payload_type: PayloadType, clp: bool, payload: &[u8; PAYLOAD_LEN]) -> Step<'_> {
        if !payload_type.is_user_data() {
            return Step::NotUserData;
        }
        let end = payload_type.sdu_type();
        let kept = self.progress;
        let cells = kept.cells.saturating_add(1);
        let clp = kept.clp || clp;
        self.progress = if end { Progress::default() } else { Progress { cells, clp, ..kept } };
        if kept.skipping {
            return if end { self.discarded(Reason::Skipped, cells, end) } else { Step::Pending };
        }
        let max_sdu = self.max_sdu();
        let start = usize::try_from(kept.cells).unwrap_or(usize::MAX).saturating_mul(PAYLOAD_LEN);
        let stop = start.saturating_add(PAYLOAD_LEN);
        let room = cells_for(max_sdu).saturating_mul(PAYLOAD_LEN).min(self.buffer.len());
        let out = if stop <= room { self.buffer.get_mut(start..stop) } else { None };
        let Some(out) = out else {
            if !end {
                self.progress = Progress { cells: 0, clp: false, skipping: true };
            }
            return self.discarded(Reason::TooLong, cells, end);
        };
        out.copy_from_slice(payload);
        if !end {
            return Step::Pending;
        }
        match complete(self.buffer.get(..stop).unwrap_or(&[]), self.vc, payload_type, clp, max_sdu, self.cpi) {
            Ok(sdu) => Step::Complete(sdu),
            Err(reason) => Step::Discarded(Discard { vc: self.vc, reason, cells, ended: true }),
        }
    }

    /// Gives up the PDU that the channel is in the middle of, if it is: its cells to come are skipped.
    pub fn give_up(&mut self, reason: Reason) -> Option<Discard> {
        let Progress { cells, skipping, .. } = self.progress;
        if cells == 0 || skipping {
            return None;
        }
        self.progress = Progress { cells: 0, clp: false, skipping: true };
        Some(Discard { vc: self.vc, reason, cells, ended: false })
    }

    const fn discarded(&self, reason: Reason, cells: u32, ended: bool) -> Step<'static> {
        Step::Discarded(Discard { vc: self.vc, reason, cells, ended })
    }
}
