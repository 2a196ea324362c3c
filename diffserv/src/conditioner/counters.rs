//! What a conditioner counts.

use crate::meter::Color;

/// Packets and their octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Count {
    /// Packets.
    pub packets: u64,
    /// Octets of IP packets.
    pub octets: u64,
}

impl Count {
    pub(super) fn add(&mut self, octets: u32) {
        self.packets = self.packets.saturating_add(1);
        self.octets = self.octets.saturating_add(u64::from(octets));
    }
}

/// What was counted in all: offered = forwarded + shaped + out of profile + not shaped + unacceptable that were dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Counters {
    /// Readable packets that were offered.
    pub offered: Count,
    /// Went on at once.
    pub forwarded: Count,
    /// Went into a shaper.
    pub shaped: Count,
    /// Packets that came out of one.
    pub released: u64,
    /// Dropped because a rule or the default said so.
    pub out_of_profile: Count,
    /// Dropped because a shaper did not take them.
    pub not_shaped: Count,
    /// Came with a codepoint that the ingress does not accept, and were dropped or got another one.
    pub unacceptable: Count,
    /// Packets that can't be read.
    pub unreadable: u64,
}

/// What was counted for one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct RuleCounters {
    /// Packets that matched.
    pub matched: Count,
    /// By what the meter said; all zero without one.
    colors: [Count; 3],
    /// Packets that got another codepoint.
    pub marked: Count,
    /// Went on at once.
    pub forwarded: Count,
    /// Went into the shaper.
    pub shaped: Count,
    /// Were dropped.
    pub discarded: Count,
}

impl RuleCounters {
    pub(super) const NONE: Self = {
        const ZERO: Count = Count { packets: 0, octets: 0 };
        Self { matched: ZERO, colors: [ZERO; 3], marked: ZERO, forwarded: ZERO, shaped: ZERO, discarded: ZERO }
    };

    /// Packets that the meter gave a color.
    #[must_use]
    pub fn color(&self, color: Color) -> Count {
        self.colors.get(color.index()).copied().unwrap_or_default()
    }

    pub(super) fn count(&mut self, color: Option<Color>, octets: u32) {
        self.matched.add(octets);
        if let Some(count) = color.and_then(|color| self.colors.get_mut(color.index())) {
            count.add(octets);
        }
    }
}
