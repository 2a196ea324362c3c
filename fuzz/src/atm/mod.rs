//! The targets of `atm-cell`.

mod aal5;
mod cell;
mod codecs;
mod delineation;
mod oam;
mod switch;
mod tags;

pub use aal5::aal5_reassembly;
pub use cell::cell;
pub use codecs::{atmarp, llc};
pub use delineation::delineation;
pub use oam::oam;
pub use switch::switch;

/// An error names a place inside what was handed in, and prints as a sentence.
fn check_error(error: &atm_cell::Error, len: usize) {
    if let Some(offset) = error.offset() {
        assert!(offset as usize <= len, "{error:?} in {len} octets");
    }
    assert!(!error.to_string().is_empty());
    let _ = error.reaction();
}

/// The remainder of a string of bits times x^`width` by a generator of that width, bit after bit.
fn remainder(bits: impl Iterator<Item = bool>, width: u32, generator: u64, start: u64) -> u64 {
    let top = 1 << (width - 1);
    let mask = (top << 1) - 1;
    bits.fold(start, |register, bit| {
        let carry = (register & top != 0) != bit;
        register << 1 & mask ^ if carry { generator } else { 0 }
    })
}

/// The bits of octets in the order of transmission.
fn bits(octets: &[u8]) -> impl Iterator<Item = bool> {
    octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1))
}

/// I.432.1's HEC by its definition.
fn hec(header: &[u8]) -> u8 {
    remainder(bits(&header[..4]), 8, 0x07, 0) as u8 ^ 0x55
}

/// I.363.5's CRC-32 by its definition.
fn crc32(octets: &[u8]) -> u32 {
    !remainder(bits(octets), 32, 0x04c1_1db7, 0xffff_ffff) as u32
}

/// I.610's CRC-10 by its definition: over the first 374 bits.
fn crc10(payload: &[u8; 48]) -> u16 {
    remainder(bits(payload).take(374), 10, 0x233, 0) as u16
}

/// Takes octets off the input; zeros where it has no more.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn octet(&mut self) -> u8 {
        match self.0.split_first() {
            Some((octet, rest)) => {
                self.0 = rest;
                *octet
            }
            None => 0,
        }
    }

    fn word(&mut self) -> u16 {
        u16::from_be_bytes([self.octet(), self.octet()])
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.octet())
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
