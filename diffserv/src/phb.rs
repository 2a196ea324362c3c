//! Codepoints and the per-hop behaviors that they select (RFC 2474, RFC 2475 2.4).
//!
//! ```text
//!   0   1   2   3   4   5   6   7
//! +---+---+---+---+---+---+---+---+
//! |         DSCP          |  ECN  |
//! +---+---+---+---+---+---+---+---+
//! | x   x   x   x   x   0 |           pool 1: standards action
//! | x   x   x   x   1   1 |           pool 2: experimental and local use
//! | x   x   x   x   0   1 |           pool 3: standards action since RFC 8436
//! | p   p   p   0   0   0 |           class selectors: the IPv4 precedence p (RFC 2474 4.2.2)
//! | c   c   c   d   d   0 |           assured forwarding class c, drop precedence d (RFC 2597 6)
//! +---+---+---+---+---+---+
//! ```
//!
//! The octet itself, [`Dscp`] and its IANA names are `ip_wire`'s; this module says what they mean.
//!
//! ```
//! use diffserv::{Phb, PhbTable};
//! use ip_wire::Dscp;
//!
//! let mut table = PhbTable::standard();
//! assert_eq!(table.phb(Dscp::AF22), Phb::AssuredForwarding { class: 2, drop_precedence: 2 });
//! // An unknown codepoint gets the default behavior, and keeps its marking.
//! assert_eq!(table.phb(Dscp::new(21).unwrap()), Phb::Default);
//! // Two codepoints for one behavior are fine (RFC 2475 2.4).
//! table.map(Dscp::new(47).unwrap(), Phb::ExpeditedForwarding);
//! assert_eq!(table.validate(), Ok(()));
//! ```

use core::fmt;

use ip_wire::{DsField, Dscp};

use crate::Error;
use crate::meter::Color;

/// Non-queue-building (RFC 9956), which shares the default's forwarding but not its queue.
pub const NQB: Dscp = match Dscp::new(45) {
    Some(dscp) => dscp,
    None => Dscp::CS0,
};

/// Who assigns a codepoint (RFC 2474 6, RFC 8436).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pool {
    /// xxxxx0: 32 codepoints, standards action.
    One,
    /// xxxx11: 16 codepoints, experimental and local use.
    Two,
    /// xxxx01: 16 codepoints, standards action since RFC 8436, local use before.
    Three,
}

/// The pool of a codepoint.
#[must_use]
pub const fn pool(dscp: Dscp) -> Pool {
    match dscp.value() & 3 {
        3 => Pool::Two,
        1 => Pool::Three,
        _ => Pool::One,
    }
}

/// The class selector codepoint of an IPv4 precedence, of which the low three bits count (RFC 2474 4.2.2.1).
#[must_use]
pub const fn class_selector(precedence: u8) -> Dscp {
    match Dscp::new((precedence & 7) << 3) {
        Some(dscp) => dscp,
        None => Dscp::CS0,
    }
}

/// The precedence that a codepoint is to a node that knows RFC 791 only: its high three bits.
#[must_use]
pub const fn precedence(dscp: Dscp) -> u8 {
    dscp.value() >> 3
}

/// What is left of a codepoint behind a node that clears the precedence bits (RFC 2474 section 3's warning, RFC 8622 section 4's reason to
/// choose 000001): its low three bits.
#[must_use]
pub const fn precedence_bleached(dscp: Dscp) -> Dscp {
    match Dscp::new(dscp.value() & 7) {
        Some(dscp) => dscp,
        None => Dscp::CS0,
    }
}

/// The codepoint for a domain without differentiated services: the class selector with the same precedence, which legacy nodes read as they
/// always have (RFC 2475 4).
#[must_use]
pub const fn for_legacy_domain(dscp: Dscp) -> Dscp {
    class_selector(precedence(dscp))
}

/// What a TOS octet written by the rules of RFC 791 and RFC 1349 is as a DS field, bit for bit: some such octets happen to be codepoints.
///
/// | TOS octet | asked for | as DS field |
/// | --- | --- | --- |
/// | 0x10 | low delay | codepoint 4, unassigned |
/// | 0x08 | high throughput | codepoint 2, unassigned |
/// | 0x04 | high reliability | codepoint 1: **lower effort** |
/// | 0x02 | low cost | default, **ECT(0)** |
#[must_use]
pub const fn legacy_reading(tos: u8) -> LegacyReading {
    let ds = DsField(tos);
    let selector = class_selector(tos >> 5);
    LegacyReading {
        selector,
        traps: Traps { lower_effort: ds.dscp().value() == Dscp::LE.value(), ecn_capable: ds.ecn().is_capable() },
    }
}

/// What to make of an octet from a sender that knows nothing of DS fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LegacyReading {
    /// The codepoint that keeps the octet's precedence and drops the rest.
    pub selector: Dscp,
    /// What the octet would be taken for if it went on as it is.
    pub traps: Traps,
}

/// Meanings that a TOS octet did not intend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Traps {
    /// High reliability is taken for lower effort.
    pub lower_effort: bool,
    /// Low cost is taken for an ECN-capable transport.
    pub ecn_capable: bool,
}

/// A per-hop behavior.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Phb {
    /// Best effort (RFC 2474 4.1).
    #[default]
    Default,
    /// Class selector 1 to 7 (RFC 2474 4.2.2.2); 0 is the default.
    ClassSelector(u8),
    /// Assured forwarding (RFC 2597): class 1 to 4, drop precedence 1 (low) to 3 (high).
    AssuredForwarding {
        /// Class, each with its own resources.
        class: u8,
        /// Who is dropped first within the class: the highest.
        drop_precedence: u8,
    },
    /// Expedited forwarding (RFC 3246).
    ExpeditedForwarding,
    /// Expedited forwarding for capacity-admitted traffic (RFC 5865).
    VoiceAdmit,
    /// Lower effort (RFC 8622).
    LowerEffort,
    /// Non-queue-building (RFC 9956).
    NonQueueBuilding,
    /// A behavior of the domain's own (RFC 2475 G.4).
    Local(u8),
}

impl Phb {
    /// The behavior of a codepoint by the standards; the default for those without.
    #[must_use]
    pub const fn recommended(dscp: Dscp) -> Self {
        let value = dscp.value();
        match (value >> 3, value & 7) {
            (0, 0) => Self::Default,
            (0, 1) => Self::LowerEffort,
            (class, 0) => Self::ClassSelector(class),
            (class @ 1..=4, drop @ (2 | 4 | 6)) => Self::AssuredForwarding { class, drop_precedence: drop >> 1 },
            (5, 4) => Self::VoiceAdmit,
            (5, 5) => Self::NonQueueBuilding,
            (5, 6) => Self::ExpeditedForwarding,
            _ => Self::Default,
        }
    }

    /// The codepoint that the behavior's standard recommends (RFC 2475 G.1). [`Phb::Local`] has none, nor has a class that does not exist.
    #[must_use]
    pub const fn codepoint(self) -> Option<Dscp> {
        match self {
            Self::Default => Some(Dscp::CS0),
            Self::ClassSelector(class @ 1..=7) => Some(class_selector(class)),
            Self::AssuredForwarding { class: class @ 1..=4, drop_precedence: drop @ 1..=3 } => {
                Dscp::new((class << 3) | (drop << 1))
            }
            Self::ExpeditedForwarding => Some(Dscp::EF),
            Self::VoiceAdmit => Some(Dscp::VOICE_ADMIT),
            Self::LowerEffort => Some(Dscp::LE),
            Self::NonQueueBuilding => Some(NQB),
            Self::ClassSelector(_) | Self::AssuredForwarding { .. } | Self::Local(_) => None,
        }
    }
}

impl fmt::Display for Phb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::ClassSelector(class) => write!(f, "CS{class}"),
            Self::AssuredForwarding { class, drop_precedence } => write!(f, "AF{class}{drop_precedence}"),
            Self::ExpeditedForwarding => f.write_str("EF"),
            Self::VoiceAdmit => f.write_str("VOICE-ADMIT"),
            Self::LowerEffort => f.write_str("LE"),
            Self::NonQueueBuilding => f.write_str("NQB"),
            Self::Local(number) => write!(f, "local {number}"),
        }
    }
}

/// The color that a packet's codepoint stands for to a color-aware meter: drop precedence 1, 2, 3 of assured forwarding are green, yellow, red
/// (RFC 2597 2, RFC 2697 4); other codepoints are green.
#[must_use]
#[inline]
pub const fn color_of(dscp: Dscp) -> Color {
    match Phb::recommended(dscp) {
        Phb::AssuredForwarding { drop_precedence: 2, .. } => Color::Yellow,
        Phb::AssuredForwarding { drop_precedence: 3, .. } => Color::Red,
        _ => Color::Green,
    }
}

/// The codepoint of the same assured forwarding class with the color's drop precedence; `None` if the codepoint is of no such class.
#[must_use]
pub const fn colored(dscp: Dscp, color: Color) -> Option<Dscp> {
    match Phb::recommended(dscp) {
        Phb::AssuredForwarding { class, .. } => {
            let drop_precedence = match color {
                Color::Green => 1,
                Color::Yellow => 2,
                Color::Red => 3,
            };
            Phb::AssuredForwarding { class, drop_precedence }.codepoint()
        }
        _ => None,
    }
}

/// A set of codepoints, one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DscpSet(u64);

impl DscpSet {
    /// None of them.
    pub const EMPTY: Self = Self(0);
    /// All 64.
    pub const ALL: Self = Self(u64::MAX);

    /// The set of one.
    #[must_use]
    pub const fn of(dscp: Dscp) -> Self {
        Self(1 << dscp.value())
    }

    /// The set with one more.
    #[must_use]
    pub const fn with(self, dscp: Dscp) -> Self {
        Self(self.0 | Self::of(dscp).0)
    }

    /// The set with one less.
    #[must_use]
    pub const fn without(self, dscp: Dscp) -> Self {
        Self(self.0 & !Self::of(dscp).0)
    }

    /// Whether the codepoint is in it.
    #[must_use]
    #[inline]
    pub const fn contains(self, dscp: Dscp) -> bool {
        self.0 >> dscp.value() & 1 == 1
    }

    /// Whether all of `other` is in it.
    #[must_use]
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// How many.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The codepoints in numerical order.
    pub fn iter(self) -> impl Iterator<Item = Dscp> {
        (0..=Dscp::MAX.value()).filter_map(Dscp::new).filter(move |dscp| self.contains(*dscp))
    }
}

impl FromIterator<Dscp> for DscpSet {
    fn from_iter<I: IntoIterator<Item = Dscp>>(codepoints: I) -> Self {
        codepoints.into_iter().fold(Self::EMPTY, Self::with)
    }
}

impl fmt::Debug for DscpSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// Which behavior each codepoint selects in a domain (RFC 2475 2.4): one to one or many to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PhbTable([Phb; 64]);

impl PhbTable {
    /// The mapping that the standards recommend; what they do not name gets the default behavior.
    #[must_use]
    pub fn standard() -> Self {
        let mut table = Self([Phb::Default; 64]);
        for (phb, dscp) in table.0.iter_mut().zip((0..=Dscp::MAX.value()).filter_map(Dscp::new)) {
            *phb = Phb::recommended(dscp);
        }
        table
    }

    /// A table with nothing but the default behavior, and class selectors by precedence: the least that RFC 2474 asks of a node.
    #[must_use]
    pub fn class_selectors() -> Self {
        let mut table = Self([Phb::Default; 64]);
        for class in 1..=7 {
            table.map(class_selector(class), Phb::ClassSelector(class));
        }
        table
    }

    /// The behavior of a codepoint. One that was never mapped gets the default (RFC 2474 3), and its packets are not re-marked for it.
    #[must_use]
    #[inline]
    pub fn phb(&self, dscp: Dscp) -> Phb {
        self.0.get(usize::from(dscp.value())).copied().unwrap_or_default()
    }

    /// Lets a codepoint select a behavior, and returns the one it had.
    pub fn map(&mut self, dscp: Dscp, phb: Phb) -> Phb {
        match self.0.get_mut(usize::from(dscp.value())) {
            Some(place) => core::mem::replace(place, phb),
            None => Phb::Default,
        }
    }

    /// The codepoints that select a behavior.
    #[must_use]
    pub fn codepoints(&self, phb: Phb) -> DscpSet {
        (0..=Dscp::MAX.value()).filter_map(Dscp::new).filter(|dscp| self.phb(*dscp) == phb).collect()
    }

    /// Checks the table against the rules that hold whatever a domain decides.
    ///
    /// # Errors
    /// [`Error::Mapping`] with the first codepoint in numerical order that breaks a [`Rule`].
    pub fn validate(&self) -> Result<(), Error> {
        for dscp in (0..=Dscp::MAX.value()).filter_map(Dscp::new) {
            if let Some(why) = self.broken(dscp) {
                return Err(Error::Mapping { dscp: dscp.value(), why });
            }
        }
        Ok(())
    }

    fn broken(&self, dscp: Dscp) -> Option<Rule> {
        let phb = self.phb(dscp);
        if dscp == Dscp::CS0 && phb != Phb::Default {
            return Some(Rule::DefaultCodepoint);
        }
        match phb {
            Phb::ClassSelector(class) if !(1..=7).contains(&class) => return Some(Rule::NoSuchBehavior),
            Phb::AssuredForwarding { class, drop_precedence } => {
                if !(1..=4).contains(&class) || !(1..=3).contains(&drop_precedence) {
                    return Some(Rule::NoSuchBehavior);
                }
                // Drop precedence 1 alone is a class of one level; 2 and 3 need a lower one to be worse than.
                let has = |drop_precedence| !self.codepoints(Phb::AssuredForwarding { class, drop_precedence }).is_empty();
                if drop_precedence > 1 && !has(1) {
                    return Some(Rule::AssuredForwardingIncomplete);
                }
                if let Phb::AssuredForwarding { class: own, drop_precedence: level } = Phb::recommended(dscp)
                    && own == class
                    && level != drop_precedence
                    && !(level == 2 && drop_precedence == 3 || level == 3 && drop_precedence == 2)
                {
                    return Some(Rule::DropPrecedenceOrder);
                }
            }
            Phb::Local(_) if pool(dscp) != Pool::Two => return Some(Rule::LocalOutsidePool2),
            _ => {}
        }
        let selects = |class| self.phb(class_selector(class));
        // RFC 2474 4.2.2.2: two classes at least, and 11x000 better than the default.
        if matches!(dscp, Dscp::CS6 | Dscp::CS7) && matches!(selects(precedence(dscp)), Phb::Default | Phb::LowerEffort) {
            return Some(Rule::NetworkControl);
        }
        if let (Phb::ClassSelector(mine), class @ 1..=7) = (selects(precedence(dscp)), precedence(dscp))
            && dscp == class_selector(class)
        {
            let better = (1..class).find(|lower| matches!(selects(*lower), Phb::ClassSelector(theirs) if theirs > mine));
            if better.is_some() {
                return Some(Rule::ClassSelectorOrder);
            }
        }
        None
    }
}

/// A rule that a mapping broke.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// 000000 must select the default behavior (RFC 2474 4.1).
    DefaultCodepoint,
    /// A class or drop precedence that no standard has.
    NoSuchBehavior,
    /// 11x000 must get better forwarding than 000000 (RFC 2474 4.2.2.2).
    NetworkControl,
    /// A class selector must not get worse forwarding than a lower one (RFC 2474 4.2.2.2).
    ClassSelectorOrder,
    /// A class has drop precedence 2 or 3 without 1, which is its in-profile one (RFC 2597 2).
    AssuredForwardingIncomplete,
    /// A codepoint of low drop precedence is treated as one of a high one, or the other way round (RFC 2597 6: only medium and high may
    /// be one).
    DropPrecedenceOrder,
    /// A local behavior on a codepoint kept for standards (RFC 2475 G.1 and G.4, RFC 2474 6).
    LocalOutsidePool2,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DefaultCodepoint => "000000 must select the default behavior",
            Self::NoSuchBehavior => "there is no such class or drop precedence",
            Self::NetworkControl => "11x000 must be forwarded better than the default",
            Self::ClassSelectorOrder => "a class selector must not be forwarded worse than a lower one",
            Self::AssuredForwardingIncomplete => "the class has no codepoint of drop precedence 1",
            Self::DropPrecedenceOrder => "the codepoint's own drop precedence is another",
            Self::LocalOutsidePool2 => "a local behavior needs a codepoint that ends in 11",
        })
    }
}

/// A service class of RFC 4594 figures 3 and 4, with LE where RFC 8622 replaced CS1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceClass {
    /// The RFC's name.
    pub name: &'static str,
    /// Its codepoints.
    pub codepoints: &'static [Dscp],
}

/// The service classes of RFC 4594 2.3, with RFC 5865's and RFC 8622's.
pub const SERVICE_CLASSES: &[ServiceClass] = &[
    ServiceClass { name: "network control", codepoints: &[Dscp::CS6] },
    ServiceClass { name: "capacity-admitted telephony", codepoints: &[Dscp::VOICE_ADMIT] },
    ServiceClass { name: "telephony", codepoints: &[Dscp::EF] },
    ServiceClass { name: "signaling", codepoints: &[Dscp::CS5] },
    ServiceClass { name: "multimedia conferencing", codepoints: &[Dscp::AF41, Dscp::AF42, Dscp::AF43] },
    ServiceClass { name: "real-time interactive", codepoints: &[Dscp::CS4] },
    ServiceClass { name: "multimedia streaming", codepoints: &[Dscp::AF31, Dscp::AF32, Dscp::AF33] },
    ServiceClass { name: "broadcast video", codepoints: &[Dscp::CS3] },
    ServiceClass { name: "low-latency data", codepoints: &[Dscp::AF21, Dscp::AF22, Dscp::AF23] },
    ServiceClass { name: "OAM", codepoints: &[Dscp::CS2] },
    ServiceClass { name: "high-throughput data", codepoints: &[Dscp::AF11, Dscp::AF12, Dscp::AF13] },
    ServiceClass { name: "standard", codepoints: &[Dscp::CS0] },
    ServiceClass { name: "low-priority data", codepoints: &[Dscp::LE] },
];

#[cfg(test)]
mod tests;
