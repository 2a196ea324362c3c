//! Cell delineation (I.432.1 4.5): finding where cells start in a stream of bits, by their HEC alone.
//!
//! ```text
//!              HEC right once                 HEC right DELTA times in a row
//!  +--------+ ----------------> +---------+ ---------------------------------> +--------+
//!  |  HUNT  |                   | PRESYNC |                                    |  SYNC  |
//!  +--------+ <---------------- +---------+                                    +--------+
//!      ^       HEC wrong once                                                      |
//!      +---------------------------------------------------------------------------+
//!                              HEC wrong ALPHA times in a row
//! ```
//!
//! HUNT looks at every octet's (or bit's) beginning, the other states at every 53rd octet only. A payload that imitates headers can catch the
//! receiver for as long as it goes on, which is what the payload [scrambler](crate::scrambler) is for; hunting goes on behind the first header
//! that fails, and so finds the true ones.

use crate::cell::{CELL_LEN, HEADER_LEN};
use crate::hec::{self, Receiver, Verdict, times_x, times_x8};
use crate::scrambler::Descrambler;
use crate::{Error, Field};

/// Where a cell may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Alignment {
    /// At the input's octets: SDH, and links that keep octets together.
    #[default]
    Octet,
    /// At any bit.
    Bit,
}

/// Thresholds and the line's ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Config {
    /// So many wrong HECs in a row end SYNC.
    pub alpha: u8,
    /// So many right HECs in a row, after the first, end PRESYNC.
    pub delta: u8,
    /// Where a cell may start.
    pub alignment: Alignment,
    /// Whether payloads are scrambled with x^43 + 1.
    pub scrambled: bool,
}

/// ALPHA 7 and DELTA 6, octets kept together, payloads scrambled: an SDH line (I.432.1 4.5.1.1, I.432.2).
impl Default for Config {
    fn default() -> Self {
        Self { alpha: 7, delta: 6, alignment: Alignment::Octet, scrambled: true }
    }
}

/// The receiver's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// No header was found.
    Hunt,
    /// A header was found; so many right ones followed it.
    Presync {
        /// Right headers in a row after the first.
        confirmed: u8,
    },
    /// Cells are delivered; so many wrong headers in a row came.
    Sync {
        /// Wrong headers in a row, corrected ones among them.
        errors: u8,
    },
}

/// What the stream gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// Cells are found: SYNC is entered.
    Acquired,
    /// Cells are lost: HUNT is entered.
    Lost,
    /// A cell, its header right (or made right) and its payload descrambled.
    Cell {
        /// Its octets.
        cell: &'a [u8; CELL_LEN],
        /// The bit of its header that was inverted, if one was: 0 is the most significant of octet 1.
        corrected: Option<u8>,
    },
    /// A cell came in SYNC whose header has errors that are not to be corrected.
    Discarded {
        /// The header as it came.
        header: [u8; HEADER_LEN],
    },
}

/// Finds the cells in a stream.
///
/// ```
/// use atm_cell::cell;
/// use atm_cell::delineation::{Config, Delineator, Event};
///
/// let mut delineator = Delineator::new(Config { scrambled: false, ..Config::default() })?;
/// let line = [&[0xff, 0xff][..], &cell::IDLE.repeat(10)].concat();
/// let mut input = &line[..];
/// let mut cells = 0;
/// while let Some(event) = delineator.poll(&mut input) {
///     if let Event::Cell { cell, .. } = event {
///         assert_eq!(*cell, cell::IDLE);
///         cells += 1;
///     }
/// }
/// assert_eq!(cells, 4); // the first header and DELTA more were waited for
/// # Ok::<(), atm_cell::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Delineator {
    config: Config,
    state: State,
    /// The last 40 bits while hunting.
    window: u64,
    /// The remainder of the window by the HEC's generator.
    remainder: u8,
    /// How many bits of the window came from the stream.
    bits: u32,
    /// The input's last octet, and how many of its lowest bits were not taken yet (bit alignment only).
    last: u8,
    left: u32,
    cell: [u8; CELL_LEN],
    filled: usize,
    receiver: Receiver,
    verdict: Verdict,
    descrambler: Descrambler,
}

/// Bits of a header.
const HEADER_BITS: u32 = 40;
const WINDOW: u64 = (1 << HEADER_BITS) - 1;

/// What the bit that leaves the window adds to the remainder: x^40.
const X_TO_THE_40: u8 = octet_times_x_to_the_40(1);

const fn octet_times_x_to_the_40(octet: u8) -> u8 {
    // Five times x^8.
    times_x8(times_x8(times_x8(times_x8(times_x8(octet)))))
}

/// What an octet leaves in the remainder when it has moved out of the window: the octet times x^40.
static LEAVING: [u8; 256] = {
    let mut table = [0; 256];
    let mut octet: u8 = 0;
    #[expect(clippy::indexing_slicing, reason = "256 entries for every octet")]
    loop {
        table[octet as usize] = octet_times_x_to_the_40(octet);
        if octet == u8::MAX {
            break table;
        }
        octet = octet.wrapping_add(1);
    }
};

impl Delineator {
    /// A receiver that hunts.
    ///
    /// # Errors
    /// [`Error::Value`] where ALPHA or DELTA is 0.
    pub const fn new(config: Config) -> Result<Self, Error> {
        if config.alpha == 0 || config.delta == 0 {
            return Err(Error::Value { field: Field::DelineationThreshold, offset: 0, found: 0, needed: 1 });
        }
        Ok(Self {
            config,
            state: State::Hunt,
            window: 0,
            remainder: 0,
            bits: 0,
            last: 0,
            left: 0,
            cell: [0; CELL_LEN],
            filled: 0,
            receiver: Receiver::new(),
            verdict: Verdict::Valid,
            descrambler: Descrambler::new(),
        })
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Takes octets off the front of `input` up to the next event; `None` when all are taken and there is none.
    #[inline]
    pub fn poll(&mut self, input: &mut &[u8]) -> Option<Event<'_>> {
        loop {
            match self.state {
                State::Hunt => {
                    if !self.hunt(input) {
                        return None;
                    }
                    self.state = State::Presync { confirmed: 0 };
                    let [_, _, _, header @ ..] = self.window.to_be_bytes();
                    self.put_header(header);
                    self.filled = HEADER_LEN;
                }
                State::Presync { confirmed } => {
                    if self.filled >= HEADER_LEN {
                        if !self.fill(input, CELL_LEN) {
                            return None;
                        }
                        self.descramble();
                        self.filled = 0;
                    }
                    if !self.fill(input, HEADER_LEN) {
                        return None;
                    }
                    if hec::syndrome(&self.header()) != 0 {
                        self.start_hunting();
                        continue;
                    }
                    let confirmed = confirmed.saturating_add(1);
                    if confirmed < self.config.delta {
                        self.state = State::Presync { confirmed };
                        continue;
                    }
                    self.state = State::Sync { errors: 0 };
                    self.receiver = Receiver::new();
                    self.verdict = Verdict::Valid;
                    return Some(Event::Acquired);
                }
                State::Sync { errors } => {
                    if self.filled < HEADER_LEN {
                        if !self.fill(input, HEADER_LEN) {
                            return None;
                        }
                        let mut header = self.header();
                        self.verdict = self.receiver.receive(&mut header);
                        let errors = if self.verdict == Verdict::Valid { 0 } else { errors.saturating_add(1) };
                        if errors >= self.config.alpha {
                            self.start_hunting();
                            return Some(Event::Lost);
                        }
                        self.state = State::Sync { errors };
                        self.put_header(header);
                    }
                    if !self.fill(input, CELL_LEN) {
                        return None;
                    }
                    self.descramble();
                    self.filled = 0;
                    return Some(match self.verdict {
                        Verdict::Valid => Event::Cell { cell: &self.cell, corrected: None },
                        Verdict::Corrected { bit } => Event::Cell { cell: &self.cell, corrected: Some(bit) },
                        Verdict::Discard => Event::Discarded { header: self.header() },
                    });
                }
            }
        }
    }

    /// Looks for a header; whether one was found.
    fn hunt(&mut self, input: &mut &[u8]) -> bool {
        match self.config.alignment {
            Alignment::Octet => self.hunt_octets(input),
            Alignment::Bit => self.hunt_bits(input),
        }
    }

    fn hunt_octets(&mut self, input: &mut &[u8]) -> bool {
        while let Some((octet, rest)) = input.split_first() {
            *input = rest;
            let [_, _, _, leaving, ..] = self.window.to_be_bytes();
            #[expect(clippy::indexing_slicing, reason = "256 entries for every octet")]
            let leaving = LEAVING[usize::from(leaving)];
            self.window = self.window << 8 & WINDOW | u64::from(*octet);
            self.remainder = times_x8(self.remainder) ^ octet ^ leaving;
            self.bits = self.bits.saturating_add(8);
            if self.remainder == hec::COSET && self.bits >= HEADER_BITS {
                return true;
            }
        }
        false
    }

    fn hunt_bits(&mut self, input: &mut &[u8]) -> bool {
        loop {
            while self.left > 0 {
                self.left = self.left.wrapping_sub(1);
                let bit = self.last >> self.left & 1;
                let leaving = self.window >> (HEADER_BITS - 1) & 1;
                let leaving = if leaving == 0 { 0 } else { X_TO_THE_40 };
                self.window = self.window << 1 & WINDOW | u64::from(bit);
                self.remainder = times_x(self.remainder) ^ bit ^ leaving;
                self.bits = self.bits.saturating_add(1);
                if self.remainder == hec::COSET && self.bits >= HEADER_BITS {
                    return true;
                }
            }
            let Some((octet, rest)) = input.split_first() else { return false };
            *input = rest;
            self.last = *octet;
            self.left = 8;
        }
    }

    /// Goes on hunting behind the first bit (or octet) of a header that failed.
    fn start_hunting(&mut self) {
        let [a, b, c, d, e] = self.header();
        self.window = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
        // The remainder of 40 bits is the syndrome without its coset.
        self.remainder = hec::syndrome(&[a, b, c, d, e]) ^ hec::COSET;
        self.bits = HEADER_BITS;
        self.filled = 0;
        self.state = State::Hunt;
    }

    /// Fills the cell up to so many octets; whether the input had them.
    #[inline]
    fn fill(&mut self, input: &mut &[u8], until: usize) -> bool {
        let Some(out) = self.cell.get_mut(self.filled..until) else {
            return self.filled >= until;
        };
        let taken = out.len().min(input.len());
        let (octets, rest) = input.split_at(taken);
        *input = rest;
        let out = out.get_mut(..taken).unwrap_or_default();
        match (self.left, octets, out) {
            (0, octets, out) => out.copy_from_slice(octets),
            // Each octet of the cell is made of the end of one of the input and the beginning of the next.
            (left, [first, others @ ..], [out, outs @ ..]) => {
                let aligned = |before: u8, octet: u8| {
                    let [_, aligned] = (u16::from_be_bytes([before, octet]) >> left).to_be_bytes();
                    aligned
                };
                *out = aligned(self.last, *first);
                for ((out, octet), before) in outs.iter_mut().zip(others).zip(octets) {
                    *out = aligned(*before, *octet);
                }
                self.last = *octets.last().unwrap_or(first);
            }
            _ => {}
        }
        self.filled = self.filled.saturating_add(taken);
        self.filled >= until
    }

    #[inline]
    fn descramble(&mut self) {
        if self.config.scrambled {
            let [_, _, _, _, _, payload @ ..] = &mut self.cell;
            self.descrambler.descramble(payload);
        }
    }

    #[inline]
    const fn header(&self) -> [u8; HEADER_LEN] {
        let [a, b, c, d, e, ..] = self.cell;
        [a, b, c, d, e]
    }

    #[inline]
    const fn put_header(&mut self, header: [u8; HEADER_LEN]) {
        let [a, b, c, d, e, ..] = &mut self.cell;
        [*a, *b, *c, *d, *e] = header;
    }
}

#[cfg(test)]
mod tests;
