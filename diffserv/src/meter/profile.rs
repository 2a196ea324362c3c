//! What was agreed: rates and bursts, and how each kind of meter spends its tokens.

use core::time::Duration;

use super::bucket::Buckets;
use super::{Color, Sample, burst, positive, rate};
use crate::{Error, Field};

/// Whether a packet's own color counts (RFC 2697 2, RFC 2698 2, RFC 4115 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Mode {
    /// Every packet counts as if it were green.
    #[default]
    Blind,
    /// A packet's color is never made better.
    Aware,
}

/// What a token pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Unit {
    /// An octet of IP packet, its header included, link-layer headers not.
    #[default]
    Octets,
    /// A packet of whatever length.
    Packets,
}

/// A rate and a burst: green while there are tokens, red without (RFC 2475 2.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenBucket {
    rate: u64,
    burst: u64,
}

impl TokenBucket {
    /// A bucket of `burst` tokens that gets `rate` of them a second.
    ///
    /// # Errors
    /// [`Error::TooSmall`] if either is zero, [`Error::TooLarge`] over [`super::MAX_RATE`] and [`super::MAX_BURST`].
    pub const fn new(rate: u64, burst: u64) -> Result<Self, Error> {
        if let Err(error) = positive(Field::Rate, rate) {
            return Err(error);
        }
        if burst == 0 {
            return Err(Error::TooSmall { field: Field::Burst, found: 0, min: 1 });
        }
        match self::burst(Field::Burst, burst) {
            Ok(burst) => Ok(Self { rate, burst }),
            Err(error) => Err(error),
        }
    }

    /// Tokens a second.
    #[must_use]
    pub const fn rate(&self) -> u64 {
        self.rate
    }

    /// Tokens at most.
    #[must_use]
    pub const fn burst(&self) -> u64 {
        self.burst
    }

    /// A full bucket.
    #[must_use]
    pub fn start(&self, now: Duration) -> Buckets {
        Buckets::full(now, self.burst, 0)
    }

    /// Green if `cost` tokens are there, and takes them; otherwise red.
    #[inline]
    pub fn meter(&self, buckets: &mut Buckets, now: Duration, cost: u32) -> Color {
        self.fill(buckets, now);
        if buckets.take_first(cost) { Color::Green } else { Color::Red }
    }

    #[inline]
    pub(crate) fn fill(&self, buckets: &mut Buckets, now: Duration) {
        buckets.fill_one(now, self.rate, self.burst);
    }
}

/// The single rate three color marker's meter (RFC 2697).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SrTcm {
    cir: u64,
    cbs: u64,
    ebs: u64,
}

impl SrTcm {
    /// Committed information rate, in tokens a second; committed and excess burst size.
    ///
    /// # Errors
    /// [`Error::TooSmall`] if the rate is zero or both bursts are (RFC 2697 2), [`Error::TooLarge`] over [`super::MAX_RATE`] and
    /// [`super::MAX_BURST`].
    pub const fn new(cir: u64, cbs: u64, ebs: u64) -> Result<Self, Error> {
        if cbs == 0 && ebs == 0 {
            return Err(Error::TooSmall { field: Field::Cbs, found: 0, min: 1 });
        }
        match (positive(Field::Cir, cir), burst(Field::Cbs, cbs), burst(Field::Ebs, ebs)) {
            (Ok(cir), Ok(cbs), Ok(ebs)) => Ok(Self { cir, cbs, ebs }),
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => Err(error),
        }
    }

    /// The parameters in the order of [`SrTcm::new`].
    #[must_use]
    pub const fn parameters(&self) -> [u64; 3] {
        [self.cir, self.cbs, self.ebs]
    }

    /// Full buckets.
    #[must_use]
    pub fn start(&self, now: Duration) -> Buckets {
        Buckets::full(now, self.cbs, self.ebs)
    }

    /// The color of a packet without one.
    #[inline]
    pub fn blind(&self, buckets: &mut Buckets, now: Duration, cost: u32) -> Color {
        self.aware(buckets, now, cost, Color::Green)
    }

    /// The color of a packet that came with one: never a better one.
    #[inline]
    pub fn aware(&self, buckets: &mut Buckets, now: Duration, cost: u32, color: Color) -> Color {
        buckets.fill_over(now, self.cir, [self.cbs, self.ebs]);
        first_or_second(buckets, cost, color)
    }
}

/// The two rate three color marker's meter (RFC 2698).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TrTcm {
    cir: u64,
    cbs: u64,
    pir: u64,
    pbs: u64,
}

impl TrTcm {
    /// Committed information rate and burst size, peak information rate and burst size.
    ///
    /// # Errors
    /// [`Error::TooSmall`] if a rate or burst is zero or the peak rate is below the committed one (RFC 2698 2), [`Error::TooLarge`] over
    /// [`super::MAX_RATE`] and [`super::MAX_BURST`].
    pub const fn new(cir: u64, cbs: u64, pir: u64, pbs: u64) -> Result<Self, Error> {
        if pir < cir {
            return Err(Error::TooSmall { field: Field::Pir, found: pir, min: cir });
        }
        if cbs == 0 {
            return Err(Error::TooSmall { field: Field::Cbs, found: 0, min: 1 });
        }
        if pbs == 0 {
            return Err(Error::TooSmall { field: Field::Pbs, found: 0, min: 1 });
        }
        match (positive(Field::Cir, cir), burst(Field::Cbs, cbs), positive(Field::Pir, pir), burst(Field::Pbs, pbs)) {
            (Ok(cir), Ok(cbs), Ok(pir), Ok(pbs)) => Ok(Self { cir, cbs, pir, pbs }),
            (Err(error), ..) | (_, Err(error), ..) | (_, _, Err(error), _) | (.., Err(error)) => Err(error),
        }
    }

    /// The parameters in the order of [`TrTcm::new`].
    #[must_use]
    pub const fn parameters(&self) -> [u64; 4] {
        [self.cir, self.cbs, self.pir, self.pbs]
    }

    /// Full buckets.
    #[must_use]
    pub fn start(&self, now: Duration) -> Buckets {
        Buckets::full(now, self.cbs, self.pbs)
    }

    /// The color of a packet without one.
    #[inline]
    pub fn blind(&self, buckets: &mut Buckets, now: Duration, cost: u32) -> Color {
        self.aware(buckets, now, cost, Color::Green)
    }

    /// The color of a packet that came with one: never a better one.
    #[inline]
    pub fn aware(&self, buckets: &mut Buckets, now: Duration, cost: u32, color: Color) -> Color {
        buckets.fill_both(now, [self.cir, self.pir], [self.cbs, self.pbs]);
        if color == Color::Red || !buckets.take_second(cost) {
            Color::Red
        } else if color == Color::Yellow || !buckets.take_first(cost) {
            Color::Yellow
        } else {
            Color::Green
        }
    }
}

/// The two rate three color marker with efficient handling of in-profile traffic (RFC 4115).
///
/// RFC 4115 3 says "Tc(t) - B > 0" in its text and "B <= Tc(t)" in figure 1; this is the figure, as in RFC 2697 and RFC 2698. The RFC counts
/// rates in bits a second; here they are tokens a second as with the other meters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rfc4115 {
    cir: u64,
    cbs: u64,
    eir: u64,
    ebs: u64,
}

impl Rfc4115 {
    /// Committed information rate and burst size, excess information rate and burst size. One of the pairs may be zero.
    ///
    /// # Errors
    /// [`Error::TooSmall`] if both rates or both bursts are zero, or a rate is not zero whose burst is; [`Error::TooLarge`] over
    /// [`super::MAX_RATE`] and [`super::MAX_BURST`].
    pub const fn new(cir: u64, cbs: u64, eir: u64, ebs: u64) -> Result<Self, Error> {
        if cir == 0 && eir == 0 {
            return Err(Error::TooSmall { field: Field::Cir, found: 0, min: 1 });
        }
        if cir > 0 && cbs == 0 {
            return Err(Error::TooSmall { field: Field::Cbs, found: 0, min: 1 });
        }
        if eir > 0 && ebs == 0 {
            return Err(Error::TooSmall { field: Field::Ebs, found: 0, min: 1 });
        }
        match (rate(Field::Cir, cir), burst(Field::Cbs, cbs), rate(Field::Eir, eir), burst(Field::Ebs, ebs)) {
            (Ok(cir), Ok(cbs), Ok(eir), Ok(ebs)) => Ok(Self { cir, cbs, eir, ebs }),
            (Err(error), ..) | (_, Err(error), ..) | (_, _, Err(error), _) | (.., Err(error)) => Err(error),
        }
    }

    /// The parameters in the order of [`Rfc4115::new`].
    #[must_use]
    pub const fn parameters(&self) -> [u64; 4] {
        [self.cir, self.cbs, self.eir, self.ebs]
    }

    /// Full buckets.
    #[must_use]
    pub fn start(&self, now: Duration) -> Buckets {
        Buckets::full(now, self.cbs, self.ebs)
    }

    /// The color of a packet without one.
    #[inline]
    pub fn blind(&self, buckets: &mut Buckets, now: Duration, cost: u32) -> Color {
        self.aware(buckets, now, cost, Color::Green)
    }

    /// The color of a packet that came with one: never a better one.
    #[inline]
    pub fn aware(&self, buckets: &mut Buckets, now: Duration, cost: u32, color: Color) -> Color {
        buckets.fill_both(now, [self.cir, self.eir], [self.cbs, self.ebs]);
        first_or_second(buckets, cost, color)
    }
}

/// Green from the committed bucket, else yellow from the excess bucket, else red: each color pays from its own (RFC 2697 3, RFC 4115 3).
#[inline]
fn first_or_second(buckets: &mut Buckets, cost: u32, color: Color) -> Color {
    if color == Color::Green && buckets.take_first(cost) {
        Color::Green
    } else if color != Color::Red && buckets.take_second(cost) {
        Color::Yellow
    } else {
        Color::Red
    }
}

/// Any of the bucket meters.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Green and red, by octets or by packets.
    TokenBucket(TokenBucket, Unit),
    /// RFC 2697.
    SrTcm(SrTcm),
    /// RFC 2698.
    TrTcm(TrTcm),
    /// RFC 4115.
    Rfc4115(Rfc4115),
}

impl Profile {
    /// Full buckets.
    #[must_use]
    pub fn start(&self, now: Duration) -> Buckets {
        match self {
            Self::TokenBucket(profile, _) => profile.start(now),
            Self::SrTcm(profile) => profile.start(now),
            Self::TrTcm(profile) => profile.start(now),
            Self::Rfc4115(profile) => profile.start(now),
        }
    }

    /// The color of a packet of `octets` octets. With [`Mode::Blind`] its own `color` does not count; a token bucket of two colors takes a
    /// red packet for red in [`Mode::Aware`], and no tokens for it.
    #[inline]
    pub fn meter(&self, buckets: &mut Buckets, mode: Mode, now: Duration, octets: u32, color: Color) -> Color {
        let color = if mode == Mode::Blind { Color::Green } else { color };
        match self {
            Self::TokenBucket(profile, unit) => {
                if color == Color::Red {
                    profile.fill(buckets, now);
                    return Color::Red;
                }
                let cost = if *unit == Unit::Packets { 1 } else { octets };
                profile.meter(buckets, now, cost).max(color)
            }
            Self::SrTcm(profile) => profile.aware(buckets, now, octets, color),
            Self::TrTcm(profile) => profile.aware(buckets, now, octets, color),
            Self::Rfc4115(profile) => profile.aware(buckets, now, octets, color),
        }
    }

    /// Meters a batch of packets of many flows under one profile, in order: for each sample, the color goes to the same place in `colors`.
    /// Returns how many were metered, the lesser of both lengths.
    ///
    /// With a million flows the buckets are not in the cache: all of a batch are asked for before the first is worked on. A flow that
    /// is not in `flows` is red.
    pub fn meter_many(
        &self,
        flows: &mut [Buckets],
        mode: Mode,
        now: Duration,
        samples: &[Sample],
        colors: &mut [Color],
    ) -> usize {
        let mut metered = 0_usize;
        for (samples, colors) in samples.chunks(AHEAD).zip(colors.chunks_mut(AHEAD)) {
            let seen =
                samples.iter().filter_map(|sample| flows.get(sample.flow)).fold(0, |seen, buckets| seen ^ buckets.origin());
            // Loads that depend on nothing overlap; those behind a branch on what was loaded do not.
            core::hint::black_box(seen);
            for (sample, color) in samples.iter().zip(colors) {
                *color = match flows.get_mut(sample.flow) {
                    Some(buckets) => self.meter(buckets, mode, now, sample.octets, sample.color),
                    None => Color::Red,
                };
                metered = metered.saturating_add(1);
            }
        }
        metered
    }

    /// The largest packet that can ever be green or yellow, in octets.
    #[must_use]
    pub fn largest(&self) -> u64 {
        match self {
            Self::TokenBucket(_, Unit::Packets) => u64::MAX,
            Self::TokenBucket(profile, Unit::Octets) => profile.burst,
            Self::SrTcm(profile) => profile.cbs.max(profile.ebs),
            Self::TrTcm(profile) => profile.pbs,
            Self::Rfc4115(profile) => profile.cbs.max(profile.ebs),
        }
    }

    /// The same buckets, brought forward to `now` without a packet.
    pub fn advance(&self, buckets: &mut Buckets, now: Duration) {
        let _ = self.meter(buckets, Mode::Aware, now, 0, Color::Red);
    }
}

/// Packets whose buckets are asked for at once: about as many misses as a core has under way.
const AHEAD: usize = 16;
