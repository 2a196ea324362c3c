//! The path MTU of an association (RFC 4301 8.2): learnt from ICMP errors that quote its packets, and forgotten after a while.

use core::time::Duration;

/// The MTU of the path that protected packets take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathMtu {
    /// What the first link has.
    initial: u32,
    /// What an ICMP error said, no less than `floor`, and when.
    learnt: Option<(u32, Duration)>,
    floor: u32,
}

impl PathMtu {
    /// How long a learnt MTU is believed (RFC 1191 6.3).
    pub const MAX_AGE: Duration = Duration::from_secs(600);

    /// A path whose first link has `initial`; what an ICMP error says counts as `floor` at least, since anyone can send one.
    #[must_use]
    pub const fn new(initial: u32, floor: u32) -> Self {
        Self { initial, learnt: None, floor }
    }

    /// The MTU now.
    #[must_use]
    pub fn at(&self, now: Duration) -> u32 {
        match self.learnt {
            Some((mtu, since)) if now.saturating_sub(since) < Self::MAX_AGE => mtu,
            _ => self.initial,
        }
    }

    /// Takes note of an MTU that an ICMP error reports; says whether it is less than what was known. A larger one is not believed before the
    /// old one is forgotten.
    pub fn learn(&mut self, now: Duration, mtu: u32) -> bool {
        let mtu = mtu.max(self.floor);
        let lower = mtu < self.at(now);
        if lower {
            self.learnt = Some((mtu, now));
        }
        lower
    }
}
