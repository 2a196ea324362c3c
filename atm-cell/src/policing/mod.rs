//! Usage parameter control: the generic cell rate algorithm (I.371 annex A, ATM Forum TM 4.0 section 4.4 and annex).
//!
//! [`Gcra`] holds the two numbers of GCRA(I, L), [`VirtualScheduling`] and [`LeakyBucket`] are its two forms, which agree on every cell.
//! [`Policer`] puts one or two of them in front of a connection, as its [`Conformance`] definition says, and [`FrameDiscard`] makes what
//! is lost of an AAL5 connection be lost frame by frame.
//!
//! ```
//! use atm_cell::policing::{Conformance, Policer, Verdict};
//! use core::time::Duration;
//!
//! // 1000 cells a second at most, 100 on average in bursts of 3; what is over the average goes on with CLP set.
//! let cdvt = Duration::ZERO;
//! let mut policer = Policer::new(Conformance::Vbr3 { pcr: 1000, cdvt, scr: 100, mbs: 3 })?;
//! let verdicts = [0, 1, 2, 3, 3].map(|ms| policer.police(Duration::from_millis(ms), false));
//! assert_eq!(verdicts, [Verdict::Conform, Verdict::Conform, Verdict::Conform, Verdict::Tagged, Verdict::Discard]);
//! # Ok::<(), atm_cell::Error>(())
//! ```

mod frame;
mod gcra;
mod policer;

pub use frame::{FrameDiscard, FrameVerdict, Room};
pub use gcra::{Gcra, LeakyBucket, VirtualScheduling};
pub use policer::{Conformance, Counters, Policer, Verdict};

#[cfg(test)]
mod tests;
