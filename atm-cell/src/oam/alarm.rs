//! AIS, RDI and the continuity check of one connection (I.610 9.2).
//!
//! ```text
//!              AIS cell                            no user or CC cell for 3.5 s
//!   clear --------------------> AIS      clear --------------------------------> LOC
//!         <--------------------               <--------------------------------
//!          user or CC cell, or                 user or CC cell
//!          none for 2.5 s
//! ```
//!
//! RDI is like AIS, but that only time ends it. An end point that is in AIS or LOC sends RDI cells, one each second.
//!
//! The clock is the caller's; one that goes backwards is held.

use core::time::Duration;

/// The times of I.610, which allows half a second more or less in all but [`Self::period`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timers {
    /// How long after the last AIS or RDI cell that state lasts: 2.5 s.
    pub hold: Duration,
    /// How long after the last user or CC cell continuity is lost: 3.5 s.
    pub continuity: Duration,
    /// The time from one AIS, RDI or CC cell to the next: 1 s.
    pub period: Duration,
}

impl Timers {
    /// The nominal times.
    pub const NOMINAL: Self =
        Self { hold: Duration::from_millis(2500), continuity: Duration::from_millis(3500), period: Duration::from_secs(1) };
}

impl Default for Timers {
    fn default() -> Self {
        Self::NOMINAL
    }
}

/// Which alarms are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Alarms {
    /// AIS state: there is a defect upstream.
    pub ais: bool,
    /// RDI state: the other end has a defect in what it receives.
    pub rdi: bool,
    /// Loss of continuity.
    pub loc: bool,
}

/// What a [`Monitor`] asks of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing, until [`Monitor::next_deadline`].
    Idle,
    /// The alarms are these now: report them.
    Report(Alarms),
    /// Send an RDI cell.
    SendRdi,
}

/// A connection's end point.
///
/// After each `handle_*`, and at [`Self::next_deadline`], [`Self::poll`] is called until it gives [`Action::Idle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Monitor {
    timers: Timers,
    now: Duration,
    ais_until: Option<Duration>,
    rdi_until: Option<Duration>,
    /// With the continuity check on: when continuity is lost.
    continuity_until: Option<Duration>,
    loc: bool,
    reported: Alarms,
    rdi: Generator,
}

impl Monitor {
    /// An end point without alarms, and with the continuity check off.
    #[must_use]
    pub const fn new(timers: Timers) -> Self {
        Self {
            timers,
            now: Duration::ZERO,
            ais_until: None,
            rdi_until: None,
            continuity_until: None,
            loc: false,
            reported: Alarms { ais: false, rdi: false, loc: false },
            rdi: Generator::new(timers.period),
        }
    }

    /// Turns the continuity check on, which counts from now, or off, which ends a loss of continuity.
    pub fn set_continuity_check(&mut self, now: Duration, on: bool) {
        let now = self.advance(now);
        self.loc = false;
        self.continuity_until = on.then(|| now.saturating_add(self.timers.continuity));
    }

    /// Takes an AIS cell.
    pub fn handle_ais(&mut self, now: Duration) {
        let now = self.advance(now);
        self.ais_until = Some(now.saturating_add(self.timers.hold));
    }

    /// Takes an RDI cell.
    pub fn handle_rdi(&mut self, now: Duration) {
        let now = self.advance(now);
        self.rdi_until = Some(now.saturating_add(self.timers.hold));
    }

    /// Takes a continuity check cell.
    pub fn handle_continuity_check(&mut self, now: Duration) {
        self.handle_continuity(now);
    }

    /// Takes a user cell.
    pub fn handle_user_cell(&mut self, now: Duration) {
        self.handle_continuity(now);
    }

    fn handle_continuity(&mut self, now: Duration) {
        let now = self.advance(now);
        self.ais_until = None;
        self.loc = false;
        if let Some(until) = &mut self.continuity_until {
            *until = now.saturating_add(self.timers.continuity);
        }
    }

    /// What is next to do.
    pub fn poll(&mut self, now: Duration) -> Action {
        let now = self.advance(now);
        let alarms = self.alarms();
        if alarms != self.reported {
            self.reported = alarms;
            return Action::Report(alarms);
        }
        if !(alarms.ais || alarms.loc) {
            self.rdi.stop();
            return Action::Idle;
        }
        self.rdi.start(now);
        if self.rdi.poll(now) { Action::SendRdi } else { Action::Idle }
    }

    /// The alarms at the last time that the monitor was told.
    #[must_use]
    pub const fn alarms(&self) -> Alarms {
        Alarms { ais: self.ais_until.is_some(), rdi: self.rdi_until.is_some(), loc: self.loc }
    }

    /// When [`Self::poll`] next has something to do; `None` while only a cell can change anything.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let continuity = self.continuity_until.filter(|_| !self.loc);
        [self.ais_until, self.rdi_until, continuity, self.rdi.next_deadline()].into_iter().flatten().min()
    }

    /// Holds a clock that goes backwards, and lets what has run out by now do so.
    fn advance(&mut self, now: Duration) -> Duration {
        self.now = self.now.max(now);
        let now = self.now;
        self.ais_until = self.ais_until.filter(|until| now < *until);
        self.rdi_until = self.rdi_until.filter(|until| now < *until);
        if self.continuity_until.is_some_and(|until| now >= until) {
            self.loc = true;
        }
        now
    }
}

/// Sends one cell each period: the AIS cells of a point that found a defect, or CC cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generator {
    period: Duration,
    now: Duration,
    next: Option<Duration>,
}

impl Generator {
    /// A generator that stands still. I.610's period is 1 s.
    #[must_use]
    pub const fn new(period: Duration) -> Self {
        Self { period, now: Duration::ZERO, next: None }
    }

    /// Starts, with a first cell at once. One that runs already goes on as it was.
    pub fn start(&mut self, now: Duration) {
        let now = self.advance(now);
        self.next.get_or_insert(now);
    }

    /// Stops.
    pub const fn stop(&mut self) {
        self.next = None;
    }

    /// Puts the next cell off to a period from now: what a source of CC cells does when a user cell is sent, whose place they
    /// take only where there is none.
    pub fn put_off(&mut self, now: Duration) {
        let next = self.advance(now).saturating_add(self.period);
        if let Some(due) = &mut self.next {
            *due = next;
        }
    }

    /// Whether to send a cell now. A caller that comes late sends one cell, not those that it missed too.
    pub fn poll(&mut self, now: Duration) -> bool {
        let now = self.advance(now);
        match &mut self.next {
            Some(due) if now >= *due => {
                *due = now.saturating_add(self.period);
                true
            }
            _ => false,
        }
    }

    /// When [`Self::poll`] next says yes; `None` while the generator stands still.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Duration> {
        self.next
    }

    fn advance(&mut self, now: Duration) -> Duration {
        self.now = self.now.max(now);
        self.now
    }
}

#[cfg(test)]
mod tests;
