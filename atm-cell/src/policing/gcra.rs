//! GCRA(I, L) in its two forms.

use core::time::Duration;

use crate::{Error, Field};

/// Ticks of a second where rates are in cells per second: nanoseconds.
const NANOSECONDS: u64 = 1_000_000_000;

/// The two parameters of GCRA(I, L): an increment, which is the time between cells of the rate, and a limit, which is how early a cell
/// may be.
///
/// Time is counted in whole ticks of the caller's. The increment is a fraction `ticks / cells`, and all sums are made in units of
/// `1 / cells` tick, so that no rate is rounded: after any number of cells the sum is still right. The limit is rounded down to such a
/// unit, which changes no verdict, as both sides of every comparison are whole units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gcra {
    increment: u64,
    units: u32,
    limit: u128,
}

impl Gcra {
    /// GCRA(`ticks / cells`, `limit / cells`): `cells` cells in `ticks` ticks, and a limit in the same fraction of a tick.
    ///
    /// GCRA(1.5, 0.5) is `Gcra::new(3, 2, 1)`.
    ///
    /// # Errors
    /// [`Error::Value`] where `ticks` or `cells` is 0; [`Error::DoesNotFit`] where the rate is over one cell per tick, as such arrivals
    /// cannot be told apart.
    pub fn new(ticks: u64, cells: u32, limit: u64) -> Result<Self, Error> {
        if ticks == 0 || cells == 0 {
            return Err(Error::Value { field: Field::PolicerRate, offset: 0, found: 0, needed: 1 });
        }
        match u32::try_from(ticks) {
            Ok(ticks) if ticks < cells => Err(Error::DoesNotFit { field: Field::PolicerRate, found: cells, needed: ticks }),
            _ => Ok(Self { increment: ticks, units: cells, limit: limit.into() }),
        }
    }

    /// GCRA(1/rate, tolerance) with ticks of a nanosecond: a peak cell rate with its cell delay variation tolerance, or a minimum cell
    /// rate with its own.
    ///
    /// # Errors
    /// [`Error::Value`] for a rate of 0, [`Error::DoesNotFit`] for one over 10^9 cells per second and for a tolerance over 2^64 - 1 ns.
    pub fn rate(cells_per_second: u32, tolerance: Duration) -> Result<Self, Error> {
        Self::with_burst(cells_per_second, 0, tolerance)
    }

    /// GCRA(1/SCR, BT + CDVT) with ticks of a nanosecond, where BT = (MBS - 1)(1/SCR - 1/PCR): a sustainable cell rate that lets `mbs`
    /// cells in a row pass at the peak cell rate (I.371 annex A, TM 4.0 4.4.3).
    ///
    /// # Errors
    /// Those of [`Self::rate`] for both rates; [`Error::DoesNotFit`] where the sustainable rate is over the peak rate; [`Error::Value`] for a
    /// burst of 0 cells.
    pub fn sustainable(scr: u32, pcr: u32, mbs: u32, cdvt: Duration) -> Result<Self, Error> {
        Self::rate(pcr, Duration::ZERO)?;
        if scr > pcr {
            return Err(Error::DoesNotFit { field: Field::PolicerRate, found: scr, needed: pcr });
        }
        let Some(after_first) = mbs.checked_sub(1) else {
            return Err(Error::Value { field: Field::PolicerTolerance, offset: 0, found: 0, needed: 1 });
        };
        // In units of 1/SCR ns: (MBS - 1)(10^9 - 10^9 SCR / PCR), one division for the whole so that one rounding is made.
        let [after_first, scr_wide, pcr] = [after_first, scr, pcr].map(u128::from);
        let burst = after_first
            .saturating_mul(u128::from(NANOSECONDS))
            .saturating_mul(pcr.saturating_sub(scr_wide))
            .checked_div(pcr)
            .unwrap_or(0);
        Self::with_burst(scr, burst, cdvt)
    }

    /// The limit is `burst` units and `tolerance`.
    fn with_burst(cells_per_second: u32, burst: u128, tolerance: Duration) -> Result<Self, Error> {
        let gcra = Self::new(NANOSECONDS, cells_per_second, 0)?;
        let Ok(tolerance) = u64::try_from(tolerance.as_nanos()) else {
            return Err(Error::DoesNotFit { field: Field::PolicerTolerance, found: u32::MAX, needed: u32::MAX });
        };
        Ok(Self { limit: gcra.units(tolerance).saturating_add(burst), ..gcra })
    }

    /// The increment as a fraction: ticks, and cells in them.
    #[must_use]
    pub const fn increment(&self) -> (u64, u32) {
        (self.increment, self.units)
    }

    /// The limit in units of a tick by the increment's cells.
    #[must_use]
    pub const fn limit(&self) -> u128 {
        self.limit
    }

    /// A time in units.
    fn units(&self, ticks: u64) -> u128 {
        u128::from(ticks).saturating_mul(self.units.into())
    }
}

/// GCRA by virtual scheduling: the theoretical arrival time of the next cell.
///
/// ```text
/// cell at t:  TAT - L > t ?  yes: does not conform, nothing changes
///                            no:  TAT = max(TAT, t) + I, conforms
/// ```
///
/// A clock that goes backwards is held at its latest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VirtualScheduling {
    gcra: Gcra,
    /// Theoretical arrival time, in units.
    tat: u128,
    latest: u64,
}

impl VirtualScheduling {
    /// A connection that no cell has come on yet: the first conforms.
    #[must_use]
    pub const fn new(gcra: Gcra) -> Self {
        Self { gcra, tat: 0, latest: 0 }
    }

    /// Its parameters.
    #[must_use]
    pub const fn gcra(&self) -> Gcra {
        self.gcra
    }

    /// Whether a cell that comes now conforms. Nothing changes.
    #[must_use]
    #[inline]
    pub fn conforms(&self, now: u64) -> bool {
        self.tat.saturating_sub(self.gcra.limit) <= self.gcra.units(now.max(self.latest))
    }

    /// A cell came now and is one of the flow's: the state moves on by one increment.
    #[inline]
    pub fn update(&mut self, now: u64) {
        self.latest = now.max(self.latest);
        self.tat = self.tat.max(self.gcra.units(self.latest)).saturating_add(self.gcra.increment.into());
    }

    /// A cell came now: whether it conforms. One that does moves the state on.
    #[inline]
    pub fn arrive(&mut self, now: u64) -> bool {
        let conforms = self.conforms(now);
        if conforms {
            self.update(now);
        } else {
            self.latest = now.max(self.latest);
        }
        conforms
    }
}

/// GCRA as a continuous-state leaky bucket: it drains by one a tick, and a cell pours I into it.
///
/// ```text
/// cell at t:  X' = max(0, X - (t - LCT));  X' > L ?  yes: does not conform, nothing changes
///                                                    no:  X = X' + I, LCT = t, conforms
/// ```
///
/// A clock that goes backwards is held at its latest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeakyBucket {
    gcra: Gcra,
    /// Content of the bucket at the last conforming cell, in units.
    content: u128,
    /// Last conformance time.
    lct: u64,
    latest: u64,
}

impl LeakyBucket {
    /// An empty bucket: the first cell conforms.
    #[must_use]
    pub const fn new(gcra: Gcra) -> Self {
        Self { gcra, content: 0, lct: 0, latest: 0 }
    }

    /// Its parameters.
    #[must_use]
    pub const fn gcra(&self) -> Gcra {
        self.gcra
    }

    /// What is in the bucket now, in units of a tick by the increment's cells.
    #[must_use]
    #[inline]
    pub fn content(&self, now: u64) -> u128 {
        let drained = now.max(self.latest).saturating_sub(self.lct);
        self.content.saturating_sub(self.gcra.units(drained))
    }

    /// Whether a cell that comes now conforms. Nothing changes.
    #[must_use]
    #[inline]
    pub fn conforms(&self, now: u64) -> bool {
        self.content(now) <= self.gcra.limit
    }

    /// A cell came now and is one of the flow's: one increment is poured in.
    #[inline]
    pub fn update(&mut self, now: u64) {
        self.content = self.content(now).saturating_add(self.gcra.increment.into());
        self.latest = now.max(self.latest);
        self.lct = self.latest;
    }

    /// A cell came now: whether it conforms. One that does is poured in.
    #[inline]
    pub fn arrive(&mut self, now: u64) -> bool {
        let conforms = self.conforms(now);
        if conforms {
            self.update(now);
        } else {
            self.latest = now.max(self.latest);
        }
        conforms
    }
}
