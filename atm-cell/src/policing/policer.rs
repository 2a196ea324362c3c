//! One or two GCRAs in front of a connection, by its conformance definition.

use core::time::Duration;

use super::{Gcra, VirtualScheduling};
use crate::cell::{CELL_LEN, HEADER_LEN};
use crate::{Error, hec};

/// What a connection's cells must keep to (TM 4.0 section 4.6; I.371's names for the same in brackets). Rates are in cells per second,
/// bursts in cells.
///
/// | definition | test 1 | test 2 | a cell that fails test 1, test 2 |
/// | --- | --- | --- | --- |
/// | CBR.1 (DBR), UBR.1 | PCR of CLP=0+1 | | discarded |
/// | VBR.1 (SBR1) | PCR of CLP=0+1 | SCR of CLP=0+1 | discarded, discarded |
/// | VBR.2 (SBR2) | PCR of CLP=0+1 | SCR of CLP=0 | discarded, discarded |
/// | VBR.3 (SBR3) | PCR of CLP=0+1 | SCR of CLP=0 | discarded, tagged |
/// | minimum | PCR of CLP=0+1 | MCR of CLP=0 | discarded, tagged |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Conformance {
    /// Constant bit rate.
    Cbr1 {
        /// Peak cell rate.
        pcr: u32,
        /// Cell delay variation tolerance.
        cdvt: Duration,
    },
    /// Unspecified bit rate: only the peak rate is policed.
    Ubr1 {
        /// Peak cell rate.
        pcr: u32,
        /// Cell delay variation tolerance.
        cdvt: Duration,
    },
    /// Variable bit rate whose average takes all cells, whatever their CLP.
    Vbr1 {
        /// Peak cell rate.
        pcr: u32,
        /// Cell delay variation tolerance.
        cdvt: Duration,
        /// Sustainable cell rate.
        scr: u32,
        /// Maximum burst size.
        mbs: u32,
    },
    /// Variable bit rate whose average takes high priority cells only.
    Vbr2 {
        /// Peak cell rate.
        pcr: u32,
        /// Cell delay variation tolerance.
        cdvt: Duration,
        /// Sustainable cell rate.
        scr: u32,
        /// Maximum burst size.
        mbs: u32,
    },
    /// The same, and what is over the average goes on with low priority.
    Vbr3 {
        /// Peak cell rate.
        pcr: u32,
        /// Cell delay variation tolerance.
        cdvt: Duration,
        /// Sustainable cell rate.
        scr: u32,
        /// Maximum burst size.
        mbs: u32,
    },
    /// A minimum that is assured, and more with low priority up to the peak rate.
    Minimum {
        /// Peak cell rate.
        pcr: u32,
        /// Cell delay variation tolerance of the peak rate.
        cdvt: Duration,
        /// Minimum cell rate.
        mcr: u32,
        /// How early a cell of the minimum may be.
        tolerance: Duration,
    },
}

/// What becomes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It goes on as it is.
    Conform,
    /// It goes on with CLP set.
    Tagged,
    /// It is dropped.
    Discard,
}

/// Cells by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counters {
    /// Cells that went on as they were.
    pub conform: u64,
    /// Cells that went on with CLP set.
    pub tagged: u64,
    /// Cells dropped.
    pub discarded: u64,
}

/// Which cells the second test takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    HighPriority,
}

/// The second test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Second {
    test: VirtualScheduling,
    scope: Scope,
    /// What becomes of cells that fail it alone.
    otherwise: Verdict,
}

/// Usage parameter control of one connection.
///
/// A cell changes the state of the tests only if it conforms to all that apply to it. A cell that is tagged is one of the CLP=1 cells
/// from there on, so that it takes its place in the peak rate's test and none in the second (TM 4.0 section 4.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policer {
    peak: VirtualScheduling,
    second: Option<Second>,
    counters: Counters,
    latest: u64,
}

impl Policer {
    /// A policer for a connection with no cells yet.
    ///
    /// # Errors
    /// Those of [`Gcra::rate`] and [`Gcra::sustainable`]; a minimum over the peak rate is [`Error::DoesNotFit`].
    pub fn new(conformance: Conformance) -> Result<Self, Error> {
        let second = match conformance {
            Conformance::Cbr1 { .. } | Conformance::Ubr1 { .. } => None,
            Conformance::Vbr1 { pcr, cdvt, scr, mbs } => {
                Some((Gcra::sustainable(scr, pcr, mbs, cdvt)?, Scope::All, Verdict::Discard))
            }
            Conformance::Vbr2 { pcr, cdvt, scr, mbs } => {
                Some((Gcra::sustainable(scr, pcr, mbs, cdvt)?, Scope::HighPriority, Verdict::Discard))
            }
            Conformance::Vbr3 { pcr, cdvt, scr, mbs } => {
                Some((Gcra::sustainable(scr, pcr, mbs, cdvt)?, Scope::HighPriority, Verdict::Tagged))
            }
            // A burst of one cell adds no tolerance.
            Conformance::Minimum { pcr, mcr, tolerance, .. } => {
                Some((Gcra::sustainable(mcr, pcr, 1, tolerance)?, Scope::HighPriority, Verdict::Tagged))
            }
        };
        let (Conformance::Cbr1 { pcr, cdvt }
        | Conformance::Ubr1 { pcr, cdvt }
        | Conformance::Vbr1 { pcr, cdvt, .. }
        | Conformance::Vbr2 { pcr, cdvt, .. }
        | Conformance::Vbr3 { pcr, cdvt, .. }
        | Conformance::Minimum { pcr, cdvt, .. }) = conformance;
        Ok(Self {
            peak: VirtualScheduling::new(Gcra::rate(pcr, cdvt)?),
            second: second.map(|(gcra, scope, otherwise)| Second { test: VirtualScheduling::new(gcra), scope, otherwise }),
            counters: Counters::default(),
            latest: 0,
        })
    }

    /// A cell with that CLP came now. Time over 2^64 - 1 ns stands still.
    #[inline]
    pub fn police(&mut self, now: Duration, clp: bool) -> Verdict {
        self.latest = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX).max(self.latest);
        let now = self.latest;
        let verdict = self.decide(now, clp);
        let counter = match verdict {
            Verdict::Conform => &mut self.counters.conform,
            Verdict::Tagged => &mut self.counters.tagged,
            Verdict::Discard => &mut self.counters.discarded,
        };
        *counter = counter.saturating_add(1);
        verdict
    }

    /// A cell came now. Where it is tagged, its CLP is set and its HEC follows by the bits that change, so that a wrong HEC stays wrong.
    pub fn police_cell(&mut self, now: Duration, cell: &mut [u8; CELL_LEN]) -> Verdict {
        let [_, _, _, last, hec, ..] = cell;
        let verdict = self.police(now, *last & 1 != 0);
        if verdict == Verdict::Tagged {
            *last |= 1;
            *hec ^= CLP_IN_HEC;
        }
        verdict
    }

    /// Cells by what became of them.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    fn decide(&mut self, now: u64, clp: bool) -> Verdict {
        if !self.peak.conforms(now) {
            return Verdict::Discard;
        }
        let verdict = match &mut self.second {
            Some(second) if second.scope == Scope::All || !clp => {
                if second.test.conforms(now) {
                    second.test.update(now);
                    Verdict::Conform
                } else {
                    second.otherwise
                }
            }
            _ => Verdict::Conform,
        };
        if verdict != Verdict::Discard {
            self.peak.update(now);
        }
        verdict
    }
}

/// What setting CLP changes in the HEC.
const CLP_IN_HEC: u8 = hec::compute([0, 0, 0, 1]) ^ hec::COSET;
const _: () = assert!(HEADER_LEN == 5, "octet 4 has CLP, octet 5 is the HEC");
