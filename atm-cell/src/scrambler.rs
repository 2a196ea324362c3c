//! The self-synchronous scrambler x^43 + 1 (I.432.1 4.5.3): payloads that look like headers, or like a line that does not change, come out as
//! something else.
//!
//! ```text
//!  scrambler                                     descrambler
//!  in ---(+)----------+---> out                  in ---+-----------(+)---> out
//!         ^           |                                |            ^
//!         |  +-----------------+                       |  +-----------------+
//!         +--| 43 bits of delay|                       +->| 43 bits of delay|--+
//!            +-----------------+                          +-----------------+
//! ```
//!
//! Both work on the cells' payloads only and stand still during headers. A descrambler with a wrong past is right again after 43 bits.

/// Bits of delay.
const DELAY: u32 = 43;

/// Scrambles payloads before they go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scrambler {
    /// The latest bits that went out, the last in the lowest place.
    sent: u64,
}

impl Scrambler {
    /// A scrambler that sent nothing but zeros so far.
    #[must_use]
    pub const fn new() -> Self {
        Self { sent: 0 }
    }

    /// Scrambles the next octets in place: a payload, or any part of one.
    pub fn scramble(&mut self, octets: &mut [u8]) {
        let (words, rest) = octets.as_chunks_mut();
        // 32 bits at a time: fewer than the delay, so that what a word needs of what went out is known.
        for word in words {
            let out = u32::from_be_bytes(*word) ^ low32(self.sent >> (DELAY - 32));
            self.sent = self.sent << 32 | u64::from(out);
            *word = out.to_be_bytes();
        }
        for octet in rest {
            let [.., delayed] = (self.sent >> (DELAY - 8)).to_be_bytes();
            *octet ^= delayed;
            self.sent = self.sent << 8 | u64::from(*octet);
        }
    }
}

/// Takes the scrambling off payloads that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Descrambler {
    /// The latest bits that came in, the last in the lowest place.
    received: u64,
}

impl Descrambler {
    /// A descrambler that received nothing but zeros so far.
    #[must_use]
    pub const fn new() -> Self {
        Self { received: 0 }
    }

    /// Descrambles the next octets in place: a payload, or any part of one.
    #[inline]
    pub fn descramble(&mut self, octets: &mut [u8]) {
        let (words, rest) = octets.as_chunks_mut();
        for word in words {
            let received = u64::from_be_bytes(*word);
            *word = (received ^ (self.received << (64 - DELAY) | received >> DELAY)).to_be_bytes();
            self.received = received;
        }
        for octet in rest {
            let [.., delayed] = (self.received >> (DELAY - 8)).to_be_bytes();
            self.received = self.received << 8 | u64::from(*octet);
            *octet ^= delayed;
        }
    }
}

const fn low32(word: u64) -> u32 {
    let [.., a, b, c, d] = word.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use hex_literal::hex;
    use proptest::prelude::*;

    use super::*;

    /// The definition: one bit after the other.
    fn bit_serial(octets: &[u8], scramble: bool) -> Vec<u8> {
        let mut line = [false; 43];
        let mut out = Vec::new();
        for octet in octets {
            let mut value = 0;
            for bit in (0..8).rev() {
                let bit = octet >> bit & 1 == 1;
                let result = bit ^ line[42];
                line.rotate_right(1);
                line[0] = if scramble { result } else { bit };
                value = value << 1 | u8::from(result);
            }
            out.push(value);
        }
        out
    }

    #[test]
    fn a_single_bit_comes_out_again_every_43_bits() {
        let mut octets = [0; 24];
        octets[0] = 0x80;
        Scrambler::new().scramble(&mut octets);
        // Bits 0, 43, 86, 129 and 172.
        assert_eq!(octets, hex!("80 00 00 00 00 10 00 00 00 00 02 00 00 00 00 00 40 00 00 00 00 08 00 00"));
    }

    #[test]
    fn a_descrambler_turns_a_single_bit_into_two() {
        let mut octets = [0; 12];
        octets[0] = 0x80;
        Descrambler::new().descramble(&mut octets);
        assert_eq!(octets, hex!("80 00 00 00 00 10 00 00 00 00 00 00"));
    }

    proptest! {
        #[test]
        fn both_ways_agree_with_the_bit_serial_definition(octets in prop::collection::vec(any::<u8>(), 0..120), cut in 0..120_usize) {
            let cut = cut.min(octets.len());
            let mut scrambled = octets.clone();
            let mut scrambler = Scrambler::new();
            scrambler.scramble(&mut scrambled[..cut]);
            scrambler.scramble(&mut scrambled[cut..]);
            prop_assert_eq!(&scrambled, &bit_serial(&octets, true));
            let mut plain = octets.clone();
            let mut descrambler = Descrambler::new();
            descrambler.descramble(&mut plain[..cut]);
            descrambler.descramble(&mut plain[cut..]);
            prop_assert_eq!(plain, bit_serial(&octets, false));
        }

        #[test]
        fn what_was_scrambled_descrambles_after_43_bits_of_any_past(
            octets in prop::collection::vec(any::<u8>(), 48..96), past: [u8; 8],
        ) {
            let mut line = octets.clone();
            Scrambler::new().scramble(&mut line);
            let mut descrambler = Descrambler::new();
            let mut other = past;
            descrambler.descramble(&mut other);
            descrambler.descramble(&mut line);
            prop_assert_eq!(line[5] & 0x1f, octets[5] & 0x1f);
            prop_assert_eq!(&line[6..], &octets[6..]);
        }
    }
}
