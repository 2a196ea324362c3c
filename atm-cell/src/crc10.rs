//! CRC-10: the check of OAM cells (I.610 10.1) and of AAL3/4 SAR-PDUs (I.363.3).
//!
//! ```text
//! |<-------------- 374 bits -------------->|<- 10 bits ->|
//! +----------------------------------------+-------------+
//! |  what the check covers                 |   CRC-10    |
//! +----------------------------------------+-------------+
//!  octets 1 to 46, and 6 bits of octet 47
//! ```
//!
//! The generator is x^10 + x^9 + x^5 + x^4 + x + 1, the register starts at 0, nothing is inverted: a payload of zeros passes.
//! The 374 bits end in the middle of an octet, so that no CRC of whole octets fits: eleven words of four octets and then 22
//! bits are taken.

use crate::{Error, Field, PAYLOAD_LEN};

/// The generator without its x^10.
const GENERATOR: u16 = 0x233;
/// The CRC's bits in the last two octets.
const MASK: u16 = 0x3ff;

/// The remainders of every octet times x^10, x^18, x^26 and x^34.
const TABLES: [[u16; 256]; 4] = tables();

/// The CRC-10 of a cell's payload, whatever stands in its last 10 bits.
#[must_use]
pub fn compute(payload: &[u8; PAYLOAD_LEN]) -> u16 {
    let [head @ .., a, b, c, _] = payload;
    let mut crc = 0;
    for word in head.as_chunks::<4>().0 {
        crc = fold(u32::from_be_bytes(*word) ^ u32::from(crc) << 22);
    }
    fold((u32::from_be_bytes([0, *a, *b, *c]) >> 2) ^ u32::from(crc) << 12)
}

/// The CRC-10 that a payload carries in its last 10 bits.
#[must_use]
pub const fn carried(payload: &[u8; PAYLOAD_LEN]) -> u16 {
    u16::from_be_bytes([payload[46], payload[47]]) & MASK
}

/// Writes the CRC-10 into the last 10 bits.
pub fn seal(payload: &mut [u8; PAYLOAD_LEN]) {
    let crc = compute(payload);
    let reserved = u16::from_be_bytes([payload[46], payload[47]]) & !MASK;
    [payload[46], payload[47]] = (reserved | crc).to_be_bytes();
}

/// Checks the CRC-10.
///
/// # Errors
/// [`Error::Checksum`], which names `field`.
pub(crate) fn verify(payload: &[u8; PAYLOAD_LEN], field: Field) -> Result<(), Error> {
    let (found, needed) = (carried(payload), compute(payload));
    if found == needed {
        return Ok(());
    }
    Err(Error::Checksum { field, offset: 46, found: found.into(), needed: needed.into() })
}

/// The remainder of 32 bits times x^10.
#[expect(clippy::indexing_slicing, reason = "an octet indexes 256 entries")]
#[inline]
fn fold(word: u32) -> u16 {
    let [a, b, c, d] = word.to_be_bytes();
    let [t0, t1, t2, t3] = &TABLES;
    t3[usize::from(a)] ^ t2[usize::from(b)] ^ t1[usize::from(c)] ^ t0[usize::from(d)]
}

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "const evaluated")]
const fn tables() -> [[u16; 256]; 4] {
    let mut tables = [[0; 256]; 4];
    let mut octet = 0;
    while octet < 256 {
        let mut crc = octet as u16;
        let mut shift = 0;
        while shift < 34 {
            crc = if crc & 0x200 == 0 { crc << 1 } else { (crc << 1 ^ GENERATOR) & MASK };
            shift += 1;
            match shift {
                10 => tables[0][octet] = crc,
                18 => tables[1][octet] = crc,
                26 => tables[2][octet] = crc,
                34 => tables[3][octet] = crc,
                _ => {}
            }
        }
        octet += 1;
    }
    tables
}

#[cfg(test)]
mod tests;
