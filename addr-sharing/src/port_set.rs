//! Sets of ports of one subscriber: a range, a PSID's ports, or a port mask's (RFC 6431).
//!
//! Everything but iteration takes a fixed number of steps, whatever the set.

use crate::error::{Error, Parameter};
use crate::port::{PortRange, SAFE_OUTGOING};
use crate::psid::PsidParams;

/// A set of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortSet(Kind);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Range(PortRange),
    Psid { params: PsidParams, psid: u16 },
    Mask { value: u16, mask: u16 },
}

impl From<PortRange> for PortSet {
    fn from(range: PortRange) -> Self {
        Self(Kind::Range(range))
    }
}

impl PortSet {
    /// Consecutive ports.
    #[must_use]
    pub const fn of_range(range: PortRange) -> Self {
        Self(Kind::Range(range))
    }

    /// The ports whose bits under `mask` are those of `value`: port range value and mask (RFC 6431 2.1).
    ///
    /// # Errors
    /// [`Error::NotZero`] if the value has a bit outside of the mask.
    pub const fn of_mask(value: u16, mask: u16) -> Result<Self, Error> {
        if value & !mask != 0 {
            return Err(Error::NotZero { parameter: Parameter::Mask, found: (value & !mask) as u32 });
        }
        Ok(Self(Kind::Mask { value, mask }))
    }

    /// The ports of a PSID that the caller has checked.
    pub(crate) const fn of_psid(params: PsidParams, psid: u16) -> Self {
        Self(Kind::Psid { params, psid })
    }

    /// Parameters and PSID, if that is what the set is of.
    #[must_use]
    pub const fn psid(&self) -> Option<(PsidParams, u16)> {
        match self.0 {
            Kind::Psid { params, psid } => Some((params, psid)),
            _ => None,
        }
    }

    /// Whether a port is in the set.
    #[must_use]
    #[inline]
    pub const fn contains(&self, port: u16) -> bool {
        match self.0 {
            Kind::Range(range) => range.contains(port),
            Kind::Psid { params, psid } => matches!(params.psid_of(port), Some(found) if found == psid),
            Kind::Mask { value, mask } => port & mask == value,
        }
    }

    /// How many ports.
    #[must_use]
    #[inline]
    pub const fn count(&self) -> u32 {
        match self.0 {
            Kind::Range(range) => range.count(),
            Kind::Psid { params, .. } => params.ports_per_set(),
            Kind::Mask { mask, .. } => 1u32.wrapping_shl(mask.count_zeros()),
        }
    }

    /// The `n`th port in ascending order, from 0.
    #[must_use]
    #[inline]
    pub const fn nth(&self, n: u32) -> Option<u16> {
        if n >= self.count() {
            return None;
        }
        Some(match self.0 {
            #[expect(clippy::cast_possible_truncation, reason = "below the count, and so the last port at most")]
            Kind::Range(range) => range.first().wrapping_add(n as u16),
            Kind::Psid { params, psid } => {
                let m = params.contiguous() as u32;
                let a = n.wrapping_shr(m).wrapping_add((params.offset() > 0) as u32);
                let j = n & 1u32.wrapping_shl(m).wrapping_sub(1);
                let high = a.wrapping_shl(16u32.saturating_sub(params.offset() as u32));
                #[expect(clippy::cast_possible_truncation, reason = "a, k and m bits: 16")]
                let port = (high | (psid as u32).wrapping_shl(m) | j) as u16;
                port
            }
            Kind::Mask { value, mask } => value | deposit(n, !mask),
        })
    }

    /// What [`PortSet::nth`] gives this port for; `None` for a port that is not in the set.
    #[must_use]
    #[inline]
    pub const fn index_of(&self, port: u16) -> Option<u32> {
        if !self.contains(port) {
            return None;
        }
        Some(match self.0 {
            Kind::Range(range) => (port as u32).wrapping_sub(range.first() as u32),
            Kind::Psid { params, .. } => {
                let m = params.contiguous() as u32;
                let a = (port as u32).wrapping_shr(16u32.saturating_sub(params.offset() as u32));
                let j = (port as u32) & 1u32.wrapping_shl(m).wrapping_sub(1);
                a.wrapping_sub((params.offset() > 0) as u32).wrapping_shl(m) | j
            }
            Kind::Mask { mask, .. } => extract(port, !mask),
        })
    }

    /// The ports, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u16> + use<> {
        let set = *self;
        (0..set.count()).filter_map(move |n| set.nth(n))
    }

    /// The ports as ranges, ascending, as long as they can be.
    #[must_use]
    pub const fn ranges(&self) -> Ranges {
        Ranges { set: *self, next: 0 }
    }

    /// The ports from 1024 on: those that a translator should use for outgoing connections (RFC 4787 4.2.1), as ranges.
    pub fn outgoing(&self) -> impl Iterator<Item = PortRange> + use<> {
        self.ranges().filter_map(|range| range.intersection(SAFE_OUTGOING))
    }

    /// Whether no port is in both sets. Sets of two PSIDs under the same parameters are, without looking; else the ranges of the set that has fewer ports are looked at.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        match (self.psid(), other.psid()) {
            (Some((params, psid)), Some((others, other))) if params == others => psid != other,
            _ => {
                let (few, many) = if self.count() <= other.count() { (self, other) } else { (other, self) };
                few.iter().all(|port| !many.contains(port))
            }
        }
    }
}

/// Iterator over a set's ranges.
#[derive(Debug, Clone)]
pub struct Ranges {
    set: PortSet,
    next: u32,
}

impl Iterator for Ranges {
    type Item = PortRange;

    fn next(&mut self) -> Option<PortRange> {
        let first = self.set.nth(self.next)?;
        let mut last = first;
        // Ports of a set stand together in runs of a power of two: one step for each.
        let run = match self.set.0 {
            Kind::Range(range) => range.count(),
            Kind::Psid { params, .. } => 1u32.wrapping_shl(u32::from(params.contiguous())),
            Kind::Mask { mask, .. } => 1u32.wrapping_shl(mask.trailing_zeros().min(16)),
        };
        loop {
            self.next = self.next.saturating_add(run);
            last = self.set.nth(self.next.saturating_sub(1)).unwrap_or(last);
            match self.set.nth(self.next) {
                Some(next) if last.checked_add(1) == Some(next) => {}
                _ => return PortRange::new(first, last).ok(),
            }
        }
    }
}

/// Puts the low bits of `n` where `mask` has bits.
const fn deposit(n: u32, mask: u16) -> u16 {
    let (mut left, mut places, mut port) = (n, mask, 0u16);
    while places != 0 {
        let place = places & places.wrapping_neg();
        if left & 1 != 0 {
            port |= place;
        }
        left >>= 1;
        places ^= place;
    }
    port
}

/// Gathers the bits of `port` that `mask` has.
const fn extract(port: u16, mask: u16) -> u32 {
    let (mut places, mut n, mut bit) = (mask, 0u32, 1u32);
    while places != 0 {
        let place = places & places.wrapping_neg();
        if port & place != 0 {
            n |= bit;
        }
        bit = bit.wrapping_shl(1);
        places ^= place;
    }
    n
}

#[cfg(test)]
mod tests;
