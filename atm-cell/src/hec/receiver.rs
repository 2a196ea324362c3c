//! The receiver's two modes (I.432.1 4.3.2.2, figure 5).

use super::{Check, check, invert};
use crate::cell::HEADER_LEN;

/// What the receiver does about the next header with one wrong bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// It is corrected.
    #[default]
    Correction,
    /// It is discarded: a second error in a row is more likely part of a burst.
    Detection,
}

/// What became of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// No error.
    Valid,
    /// One bit was wrong and has been inverted.
    Corrected {
        /// The bit: 0 is the most significant of octet 1.
        bit: u8,
    },
    /// Errors that are not to be corrected: discard the cell.
    Discard,
}

/// The receiver's state machine.
///
/// ```text
///                      error of several bits: discard the cell
///                      error of one bit: correct it
///            +------------+ ---------------------------> +-----------+
///  no error: | correction |                              | detection | error: discard
///   stay ->  |    mode    | <--------------------------- |   mode    | <- stay
///            +------------+          no error            +-----------+
/// ```
///
/// A header corrected wrongly (three wrong bits can look like one) is what the mode guards against: errors come in bursts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Receiver {
    mode: Mode,
}

impl Receiver {
    /// A receiver in correction mode.
    #[must_use]
    pub const fn new() -> Self {
        Self { mode: Mode::Correction }
    }

    /// A receiver that starts in that mode.
    #[must_use]
    pub const fn in_mode(mode: Mode) -> Self {
        Self { mode }
    }

    /// The mode that the next header meets.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Takes the next header of the line, corrects it where that is allowed, and says what to do with its cell.
    #[inline]
    pub fn receive(&mut self, header: &mut [u8; HEADER_LEN]) -> Verdict {
        match (check(header), self.mode) {
            (Check::Valid, _) => {
                self.mode = Mode::Correction;
                Verdict::Valid
            }
            (Check::Single { bit }, Mode::Correction) => {
                self.mode = Mode::Detection;
                invert(header, bit);
                Verdict::Corrected { bit }
            }
            (Check::Single { .. } | Check::Multiple, _) => {
                self.mode = Mode::Detection;
                Verdict::Discard
            }
        }
    }
}
