//! A line that loses cells and inverts bits.

use atm_cell::CELL_LEN;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A line with faults at random: the same seed gives the same faults.
///
/// Loss and bit errors take their numbers from two streams of ChaCha8, so that the cells that are lost do not depend on the rate of
/// bit errors.
#[derive(Debug, Clone)]
pub struct Line {
    loss: Chance,
    bit_error: Chance,
}

/// What became of a cell on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It did not arrive.
    Lost,
    /// It arrived, with so many bits inverted.
    Arrived {
        /// Bits.
        inverted: u32,
    },
}

impl Line {
    /// A line that loses each cell with probability `loss`, and inverts each bit of the others with probability `bit_error`.
    #[must_use]
    pub fn new(loss: f64, bit_error: f64, seed: u64) -> Self {
        Self { loss: Chance::new(loss, seed, 0), bit_error: Chance::new(bit_error, seed, 1) }
    }

    /// Sends a cell over the line.
    pub fn carry(&mut self, cell: &mut [u8; CELL_LEN]) -> Fate {
        if self.loss.strikes() {
            return Fate::Lost;
        }
        let mut inverted = 0u32;
        if self.bit_error.threshold > 0 {
            for octet in cell {
                for bit in 0..8 {
                    if self.bit_error.strikes() {
                        *octet ^= 1 << bit;
                        inverted = inverted.saturating_add(1);
                    }
                }
            }
        }
        Fate::Arrived { inverted }
    }
}

/// Something that happens with a fixed probability.
#[derive(Debug, Clone)]
struct Chance {
    /// It happens where a random number of 64 bits is below; `u64::MAX` means always.
    threshold: u64,
    random: ChaCha8Rng,
}

impl Chance {
    fn new(probability: f64, seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and what is below 0 never happens"
        )]
        let threshold = (probability * 2f64.powi(64)) as u64;
        Self { threshold, random }
    }

    fn strikes(&mut self) -> bool {
        match self.threshold {
            0 => false,
            u64::MAX => true,
            threshold => self.random.next_u64() < threshold,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(line: &mut Line, cells: usize) -> (usize, usize) {
        let (mut lost, mut inverted) = (0, 0);
        for _ in 0..cells {
            match line.carry(&mut [0x55; CELL_LEN]) {
                Fate::Lost => lost += 1,
                Fate::Arrived { inverted: bits } => inverted += bits as usize,
            }
        }
        (lost, inverted)
    }

    #[test]
    fn a_line_without_faults_changes_nothing_and_one_of_certain_faults_everything() {
        let mut cell = [0x55; CELL_LEN];
        assert_eq!(Line::new(0.0, 0.0, 7).carry(&mut cell), Fate::Arrived { inverted: 0 });
        assert_eq!(cell, [0x55; CELL_LEN]);
        assert_eq!(Line::new(0.0, 1.0, 7).carry(&mut cell), Fate::Arrived { inverted: 424 });
        assert_eq!(cell, [0xaa; CELL_LEN]);
        assert_eq!(Line::new(1.0, 0.0, 7).carry(&mut cell), Fate::Lost);
    }

    #[test]
    fn faults_are_as_frequent_as_told() {
        let (lost, _) = fates(&mut Line::new(0.1, 0.0, 1), 100_000);
        assert!((9_500..10_500).contains(&lost), "{lost}");
        let (_, inverted) = fates(&mut Line::new(0.0, 0.01, 1), 10_000);
        assert!((41_400..43_400).contains(&inverted), "{inverted}");
    }

    #[test]
    fn which_bits_are_inverted_is_what_is_counted() {
        let mut line = Line::new(0.0, 0.02, 3);
        for _ in 0..100 {
            let mut cell = [0x0f; CELL_LEN];
            let Fate::Arrived { inverted } = line.carry(&mut cell) else { unreachable!() };
            assert_eq!(cell.iter().map(|octet| (octet ^ 0x0f).count_ones()).sum::<u32>(), inverted);
        }
    }

    #[test]
    fn loss_and_bit_errors_have_numbers_of_their_own() {
        let strikes = |stream| -> Vec<bool> {
            let mut chance = Chance::new(0.5, 1, stream);
            (0..64).map(|_| chance.strikes()).collect()
        };
        assert_ne!(strikes(0), strikes(1));
    }

    #[test]
    fn a_seed_is_a_pattern_and_bit_errors_do_not_change_which_cells_are_lost() {
        let pattern = |bit_error, seed| -> Vec<bool> {
            let mut line = Line::new(0.3, bit_error, seed);
            (0..200).map(|_| line.carry(&mut [0; CELL_LEN]) == Fate::Lost).collect()
        };
        assert_eq!(pattern(0.0, 5), pattern(0.0, 5));
        assert_ne!(pattern(0.0, 5), pattern(0.0, 6));
        assert_eq!(pattern(0.0, 5), pattern(0.1, 5));
        // A promise of the generator's: a seed means the same in every version of the tool.
        let first: Vec<usize> = pattern(0.0, 1).iter().enumerate().filter(|(_, lost)| **lost).map(|(at, _)| at).take(8).collect();
        assert_eq!(first, [1, 3, 4, 7, 12, 13, 15, 19]);
    }
}
