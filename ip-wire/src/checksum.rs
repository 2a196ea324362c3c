//! The Internet checksum: sum, verification, pseudo-headers and incremental update.
//!
//! The checksum is the ones' complement of the ones' complement sum of 16-bit words (RFC 1071). The sum does not care
//! about byte order (RFC 1071 2(B)), so it is taken in the machine's own and swapped once at the end.
//!
//! ```
//! use ip_wire::checksum;
//!
//! // RFC 1071 3: the words 0001 f203 f4f5 f6f7 sum to ddf2.
//! assert_eq!(checksum::of(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
//! ```

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::Protocol;

/// The checksum field of a header to be emitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Checksum {
    /// Compute it when the header is emitted.
    #[default]
    Compute,
    /// Write this value as it is: a packet read with a wrong checksum is written again with the same wrong one.
    Verbatim(u16),
}

impl Checksum {
    /// How to say the checksum `found` of a header whose octets give `computed`.
    #[must_use]
    pub const fn observed(found: u16, computed: u16) -> Self {
        if found == computed { Self::Compute } else { Self::Verbatim(found) }
    }
}

/// A running ones' complement sum. Parts must have an even number of octets, but for the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum(u64);

impl Sum {
    /// The empty sum.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// Adds octets; an odd last one counts as the high half of a word (RFC 1071 1).
    #[must_use]
    #[inline]
    pub fn octets(self, octets: &[u8]) -> Self {
        self.native(sum_native(octets))
    }

    /// Adds a 16-bit word.
    #[must_use]
    #[inline]
    pub const fn word(self, word: u16) -> Self {
        self.native(word.to_be() as u64)
    }

    /// Adds a 32-bit number as two words.
    #[must_use]
    #[inline]
    pub const fn long(self, long: u32) -> Self {
        self.native(long.to_be() as u64)
    }

    /// The checksum: complement of the folded sum.
    #[must_use]
    #[inline]
    pub const fn checksum(self) -> u16 {
        !u16::from_be(fold(self.0))
    }

    /// Whether octets that include a checksum are right: their sum is all ones (RFC 1071 1 (3)).
    #[must_use]
    #[inline]
    pub const fn holds(self) -> bool {
        fold(self.0) == 0xffff
    }

    /// Adds words in the machine's order.
    #[inline]
    pub(crate) const fn native(self, addend: u64) -> Self {
        // End-around carry: 2^64 is 1 modulo 2^16 - 1.
        let (sum, carry) = self.0.overflowing_add(addend);
        Self(sum.wrapping_add(carry as u64))
    }
}

/// The Internet checksum of `octets`.
#[must_use]
#[inline]
pub fn of(octets: &[u8]) -> u16 {
    Sum::new().octets(octets).checksum()
}

/// The sum of an IPv4 pseudo-header (RFC 768, RFC 9293 3.1): source, destination, zero, protocol, length.
#[must_use]
#[inline]
pub fn pseudo_v4(source: Ipv4Addr, destination: Ipv4Addr, protocol: Protocol, len: u16) -> Sum {
    Sum::new().long(source.to_bits()).long(destination.to_bits()).word(u16::from(protocol.0)).word(len)
}

/// The sum of an IPv6 pseudo-header (RFC 8200 8.1): source, destination, upper-layer packet length, next header.
///
/// `destination` is that of the last hop: where a routing header still has segments left, its final address.
#[must_use]
#[inline]
pub fn pseudo_v6(source: Ipv6Addr, destination: Ipv6Addr, protocol: Protocol, len: u32) -> Sum {
    Sum::new().octets(&source.octets()).octets(&destination.octets()).long(len).word(u16::from(protocol.0))
}

/// The checksum after one 16-bit word changed from `old` to `new`: RFC 1624 3, equation 3, HC' = ~(~HC + ~m + m').
///
/// Gives 0x0000 where a new sum does and equation 2 of RFC 1141 gave 0xffff. The word must be at an even offset.
#[must_use]
#[inline]
pub const fn update_u16(checksum: u16, old: u16, new: u16) -> u16 {
    // The change first, so that the checksum, which may have been stored just before, is waited for last.
    let (change, carry) = (!old).overflowing_add(new);
    let change = change.wrapping_add(carry as u16);
    // ~(~HC + change) is HC - change, and the carry round the end a borrow.
    let (difference, borrow) = checksum.overflowing_sub(change);
    difference.wrapping_sub(borrow as u16)
}

/// The checksum after a 32-bit field changed.
#[must_use]
#[inline]
pub const fn update_u32(checksum: u16, old: u32, new: u32) -> u16 {
    Delta::new().long(old, new).apply(checksum)
}

/// What several changes do to checksums that cover them: collected once, applied to each (IPv4 header, transport, ICMP).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Delta(u32);

impl Delta {
    /// No change.
    #[must_use]
    pub const fn new() -> Self {
        Self(0)
    }

    /// A 16-bit word at an even offset changed.
    #[must_use]
    #[inline]
    pub const fn word(self, old: u16, new: u16) -> Self {
        // No change is no change: adding ones' complement zero would make ffff, a name of 0, into 0000.
        if old == new {
            return self;
        }
        // Each term is below 2^16 and `fold32` keeps the state below 2^17, so nothing wraps.
        Self(fold32(self.0.wrapping_add((!old) as u32).wrapping_add(new as u32)))
    }

    /// A 32-bit field changed.
    #[must_use]
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the two halves of the field")]
    pub const fn long(self, old: u32, new: u32) -> Self {
        self.word((old >> 16) as u16, (new >> 16) as u16).word(old as u16, new as u16)
    }

    /// A 128-bit field (an IPv6 address) changed.
    #[must_use]
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the four quarters of the field")]
    pub const fn address(self, old: u128, new: u128) -> Self {
        self.long((old >> 96) as u32, (new >> 96) as u32)
            .long((old >> 64) as u32, (new >> 64) as u32)
            .long((old >> 32) as u32, (new >> 32) as u32)
            .long(old as u32, new as u32)
    }

    /// Both changes.
    #[must_use]
    #[inline]
    pub const fn and(self, other: Self) -> Self {
        Self(fold32(self.0.wrapping_add(other.0)))
    }

    /// The checksum that `checksum` becomes.
    #[must_use]
    #[inline]
    pub const fn apply(self, checksum: u16) -> u16 {
        let sum = fold32(fold32(((!checksum) as u32).wrapping_add(self.0)));
        #[expect(clippy::cast_possible_truncation, reason = "folded twice: at most 16 bits are left")]
        let sum = sum as u16;
        !sum
    }
}

/// One end-around carry of a 32-bit accumulator.
const fn fold32(sum: u32) -> u32 {
    (sum >> 16).wrapping_add(sum & 0xffff)
}

/// All end-around carries of a 64-bit accumulator: its halves are added, and the halves of that. Only the sum of nothing but zeros is zero.
#[inline]
const fn fold(sum: u64) -> u16 {
    let (half, carry) = ((sum >> 32) as u32).overflowing_add((sum & LOW) as u32);
    let half = half.wrapping_add(carry as u32);
    let (word, carry) = ((half >> 16) as u16).overflowing_add((half & 0xffff) as u16);
    word.wrapping_add(carry as u16)
}

const LOW: u64 = 0xffff_ffff;

/// The sum of native-endian words, unfolded.
#[inline]
fn sum_native(octets: &[u8]) -> u64 {
    match octets.len() {
        20 => octets.first_chunk().map_or(0, |octets| header(octets).0),
        0..TWO_PASS_FROM => short(octets),
        _ => two_pass(octets),
    }
}

/// The sum of a header without options: two loads and a half, no loop.
#[inline]
pub(crate) fn header(octets: &[u8; 20]) -> Sum {
    let [a0, a1, a2, a3, a4, a5, a6, a7, b0, b1, b2, b3, b4, b5, b6, b7, c0, c1, c2, c3] = *octets;
    let a = u64::from_ne_bytes([a0, a1, a2, a3, a4, a5, a6, a7]);
    let b = u64::from_ne_bytes([b0, b1, b2, b3, b4, b5, b6, b7]);
    let c = u64::from(u32::from_ne_bytes([c0, c1, c2, c3]));
    Sum::new().native(a).native(b).native(c)
}

/// Octets from which the vector loops pay.
const TWO_PASS_FROM: usize = 384;

/// 32-bit words in four 64-bit sums: no carries to count, and no sum waits for another.
#[inline]
fn short(octets: &[u8]) -> u64 {
    let blocks = octets.chunks_exact(16);
    let words = blocks.remainder().chunks_exact(4);
    let tail = words.remainder();
    // Written out: the compiler would otherwise unpack vectors, which costs more than the four loads.
    let (mut a, mut b, mut c, mut d) = (0u64, 0u64, 0u64, 0u64);
    for block in blocks {
        let x: [u8; 16] = block.try_into().unwrap_or_default();
        a = a.wrapping_add(u64::from(u32::from_ne_bytes([x[0], x[1], x[2], x[3]])));
        b = b.wrapping_add(u64::from(u32::from_ne_bytes([x[4], x[5], x[6], x[7]])));
        c = c.wrapping_add(u64::from(u32::from_ne_bytes([x[8], x[9], x[10], x[11]])));
        d = d.wrapping_add(u64::from(u32::from_ne_bytes([x[12], x[13], x[14], x[15]])));
    }
    let mut sum = a.wrapping_add(b).wrapping_add(c).wrapping_add(d);
    for word in words {
        sum = sum.wrapping_add(word32(word));
    }
    if tail.is_empty() {
        return sum;
    }
    let mut padded = [0; 4];
    for (to, from) in padded.iter_mut().zip(tail) {
        *to = *from;
    }
    sum.wrapping_add(word32(&padded))
}

/// Two plain wrapping sums replace carry handling. Let `low` and `high` be the exact sums of the first and second 32-bit half
/// (in memory order, on a little-endian machine) of every 64-bit word. The words summed modulo 2^64 give `low + 2^32 high`; the words that
/// begin four octets later give `high + 2^32 low'`, where `low'` lacks the first half and has one more at its end. The
/// low half of either sum is the low half of `low` or `high`; taken from the high half of the other it leaves the carries. Only
/// loads and 64-bit adds remain in the loops, so they vectorise without shuffles or masks, on the oldest x86-64 too.
#[inline(never)]
fn two_pass(octets: &[u8]) -> u64 {
    let Some((first, shifted)) = octets.split_first_chunk::<4>() else { return short(octets) };
    let tail = shifted.chunks_exact(BLOCK).remainder();
    let summed = shifted.len().wrapping_sub(tail.len());
    let Some((head, rest)) = octets.split_at_checked(summed) else { return short(octets) };
    let here = wrapping_words(head);
    let later = wrapping_words(shifted);
    let first = u64::from(u32::from_le_bytes(*first));
    let extra = rest.first_chunk::<4>().map_or(0, |half| u64::from(u32::from_le_bytes(*half)));
    let low = here & LOW;
    let high = later & LOW;
    let low_carries = (here >> 32).wrapping_sub(high) & LOW;
    let high_carries = (later >> 32).wrapping_sub(low).wrapping_add(first).wrapping_sub(extra) & LOW;
    let sum = low.wrapping_add(high).wrapping_add(low_carries).wrapping_add(high_carries);
    // Taken as little-endian words; `short` and the caller count in the machine's own.
    let sum = u64::from(u16::from_le_bytes(fold(sum).to_ne_bytes()));
    sum.wrapping_add(short(rest))
}

const BLOCK: usize = 128;

#[inline]
fn wrapping_words(octets: &[u8]) -> u64 {
    let mut lanes = [0u64; 4];
    for block in octets.chunks_exact(BLOCK) {
        for part in block.chunks_exact(32) {
            for (lane, word) in lanes.iter_mut().zip(part.chunks_exact(8)) {
                *lane = lane.wrapping_add(u64::from_le(word64(word)));
            }
        }
    }
    lanes.iter().fold(0, |sum, lane| sum.wrapping_add(*lane))
}

#[inline]
fn word32(octets: &[u8]) -> u64 {
    octets.first_chunk().map_or(0, |octets| u64::from(u32::from_ne_bytes(*octets)))
}

#[inline]
fn word64(octets: &[u8]) -> u64 {
    octets.first_chunk().map_or(0, |octets| u64::from_ne_bytes(*octets))
}

#[cfg(test)]
mod tests;
