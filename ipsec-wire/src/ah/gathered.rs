//! What the ICV of AH covers, in three pieces that stay where they are, so that many packets can be hashed at once.

use super::FIXED_LEN;
use super::coverage::{End, headers, zeros};
use crate::error::Error;
use crate::octets::put_slice;

/// Octets of headers and AH that are gathered: IPv6 with a route of two addresses, or IPv4 with all its options, and the AH of HMAC-SHA-512-256.
const ROOM: usize = 144;

/// Headers and AH with the mutable fields at their values for the computation; the payload is read where it is.
pub(crate) struct Gathered {
    front: [u8; ROOM],
    len: usize,
    high: [u8; 4],
    high_len: usize,
}

impl Gathered {
    /// Nothing yet, which counts as what does not fit.
    pub(crate) const fn new() -> Self {
        Self { front: [0; ROOM], len: usize::MAX, high: [0; 4], high_len: 0 }
    }

    /// Gathers what [`covered`](super::covered) covers but for the payload, and says whether it had room.
    ///
    /// # Errors
    /// Those of [`covered`](super::covered).
    pub(crate) fn gather(
        &mut self,
        packet: &[u8],
        ah_offset: usize,
        (iv_len, icv_len): (usize, usize),
        esn_high: Option<u32>,
        end: End,
    ) -> Result<bool, Error> {
        (self.len, self.high_len) = (0, 0);
        headers(packet, ah_offset, end, &mut |piece| self.push(piece))?;
        let fixed = ah_offset.saturating_add(FIXED_LEN).saturating_add(iv_len);
        self.push(packet.get(ah_offset..fixed).unwrap_or(&[]));
        zeros(icv_len.saturating_sub(iv_len), &mut |piece| self.push(piece));
        if let Some(high) = esn_high {
            (self.high, self.high_len) = (high.to_be_bytes(), 4);
        }
        Ok(self.is_whole())
    }

    /// Whether everything had room.
    const fn is_whole(&self) -> bool {
        self.len <= ROOM
    }

    /// What is covered, in order, of the packet that was gathered from.
    pub(crate) fn pieces<'a>(&'a self, packet: &'a [u8], ah_offset: usize, icv_len: usize) -> [&'a [u8]; 3] {
        let behind = ah_offset.saturating_add(FIXED_LEN).saturating_add(icv_len);
        [
            self.front.get(..self.len).unwrap_or(&[]),
            packet.get(behind..).unwrap_or(&[]),
            self.high.get(..self.high_len).unwrap_or(&[]),
        ]
    }

    fn push(&mut self, piece: &[u8]) {
        if self.is_whole() {
            put_slice(&mut self.front, self.len, piece);
        }
        self.len = self.len.saturating_add(piece.len());
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::ah::covered;

    #[test]
    fn the_pieces_are_what_is_covered() {
        let mut packet = std::vec![0u8; 100];
        ip_wire::ipv4::Header::new([10, 1, 0, 1].into(), [10, 2, 0, 1].into(), ip_wire::Protocol::AH, 80)
            .and_then(|header| header.emit(&mut packet))
            .unwrap();
        for (at, octet) in packet.iter_mut().enumerate().skip(20) {
            *octet = at as u8;
        }
        for (lens, esn_high) in [((0, 12), None), ((8, 24), Some(7)), ((0, 16), Some(0))] {
            let mut expected = Vec::new();
            covered(&packet, 20, lens, esn_high, End::Sender, &mut |piece| expected.extend_from_slice(piece)).unwrap();
            let mut gathered = Gathered::new();
            assert!(!gathered.is_whole());
            assert!(gathered.gather(&packet, 20, lens, esn_high, End::Sender).unwrap());
            assert_eq!(gathered.pieces(&packet, 20, lens.1).concat(), expected);
        }
    }
}
