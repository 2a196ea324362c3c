//! Traffic conditioning agreements: what a customer may send and what becomes of it (RFC 2475 1.2, 2.3).
//!
//! ```text
//!               +-------+
//!               |       |-------------------+
//!        +----->| Meter |                   |
//!        |      |       |--+                |
//!        |      +-------+  |                |
//!        |                 V                V
//!  +------------+      +--------+      +---------+
//!  |            |      |        |      | Shaper/ |
//!  | Classifier |----->| Marker |----->| Dropper |----->
//!  |            |      |        |      |         |
//!  +------------+      +--------+      +---------+
//! ```
//!
//! An agreement is data: rules in order, each a [`Match`], perhaps a meter's [`Profile`], and an [`Action`] for each color that it gives.
//! [`TrafficConditioningAgreement::validate`] checks it, [`crate::Conditioner`] applies it. With feature `serde` it reads and writes
//! this form, in JSON, TOML or any other of serde's formats; unknown keys are errors:
//!
//! ```json
//! {"version": 1,
//!  "mtu": 1500,
//!  "ingress": {"acceptable": ["CS0", "AF11", "EF"], "multicast": ["CS0"], "otherwise": {"mark": "CS0"}},
//!  "rules": [
//!    {"name": "gold",
//!     "match": {"src": "192.0.2.0/24", "dst": "any", "protocol": 17, "src_ports": "any", "dst_ports": "5000-5999",
//!               "dscp": "any", "interface": "any", "flow_label": "any", "fragments": "any"},
//!     "meter": {"kind": "srtcm", "cir": 125000, "cbs": 3000, "ebs": 6000, "mode": "blind"},
//!     "green": {"mark": "AF11"}, "yellow": {"mark": "AF12"}, "red": {"drop": true}},
//!    {"name": "backup", "match": {"dst": "198.51.100.0-198.51.100.9"},
//!     "action": {"mark": "LE", "shape": {"rate": 50000, "burst": 3000, "packets": 100, "octets": 150000}}}],
//!  "default": {"pass": true},
//!  "egress": "keep"}
//! ```
//!
//! | key | what |
//! | --- | --- |
//! | `version` | 1 |
//! | `mtu` | octets of the largest packet that profiles must let pass; 1,500 if not there |
//! | `ingress` | codepoints that packets may come with, to unicast and to multicast addresses (RFC 2475 2.1.1, 5, 6.1); all if not there |
//! | `rules` | first match counts; all keys of `match` may be left out, and mean `any` then |
//! | `meter` | `token-bucket` (`rate`, `burst`, `unit`), `srtcm` (`cir`, `cbs`, `ebs`), `trtcm` (`cir`, `cbs`, `pir`, `pbs`), `rfc4115` (`cir`, `cbs`, `eir`, `ebs`); octets of IP packet per second, `mode` `blind` (if not there) or `aware` |
//! | `green`, `yellow`, `red` | an action for each color that the meter gives; `action` for rules without a meter |
//! | an action | `mark` (a codepoint's name or number, or `drop-precedence`), `drop`, `pass`, and `shape` beside `mark` or `pass` |
//! | `default` | the action for packets that match no rule; `pass` if not there |
//! | `egress` | how codepoints leave: `keep`, `class-selectors` or `zero` (RFC 2475 4), or a map of codepoints |

use alloc::string::String;
use alloc::vec::Vec;

use ip_wire::Dscp;

use crate::classifier::Match;
use crate::marker::{Marker, RemarkMap};
use crate::meter::{Mode, Profile, TokenBucket};
use crate::phb::DscpSet;
use crate::shaper::Limit;
use crate::{Error, Field};

#[cfg(feature = "serde")]
mod spec;

/// The version of the agreements that this crate reads.
pub const VERSION: u32 = 1;

/// An agreement: classifier rules with their profiles and what is done in and out of profile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "spec::Agreement", into = "spec::Agreement")
)]
pub struct TrafficConditioningAgreement {
    /// Octets of the largest packet that profiles must let pass.
    pub mtu: u32,
    /// What may come in; none for anything.
    pub ingress: Option<Ingress>,
    /// First match counts.
    pub rules: Vec<Rule>,
    /// For what no rule matches.
    pub default: Action,
    /// How codepoints leave.
    pub egress: Egress,
}

/// What an ingress node accepts (RFC 2475 2.1.1, 5, 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ingress {
    /// Codepoints of packets to unicast addresses.
    pub acceptable: DscpSet,
    /// Codepoints of packets to multicast addresses, which RFC 2475 5 wants apart since their replication makes them cost more.
    pub multicast: DscpSet,
    /// The codepoint for packets that come with another one; none to drop them.
    pub otherwise: Option<Dscp>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What the operator calls it.
    pub name: String,
    /// Which packets.
    pub matches: Match,
    /// What is done with them.
    pub treatment: Treatment,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// The same with all packets.
    Unmetered(Action),
    /// What goes with the color, in the order of [`crate::Color::ALL`]. A token bucket never gives yellow.
    Metered {
        /// The traffic profile.
        profile: Profile,
        /// Whether packets come colored.
        mode: Mode,
        /// For each color.
        actions: [Action; 3],
    },
}

/// What is done with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is dropped.
    Drop,
    /// It goes on, perhaps with another codepoint, perhaps later.
    Forward {
        /// How it is marked; none to leave the codepoint.
        mark: Option<Mark>,
        /// The shaper that it waits in. All colors of a rule that are shaped share one, of the first of these profiles.
        shape: Option<Shape>,
    },
}

impl Action {
    /// It goes on as it is.
    pub const PASS: Self = Self::Forward { mark: None, shape: None };

    /// It goes on with a codepoint.
    #[must_use]
    pub const fn mark(dscp: Dscp) -> Self {
        Self::Forward { mark: Some(Mark::Codepoint(dscp)), shape: None }
    }

    /// The shaper, if there is one.
    #[must_use]
    pub const fn shape(&self) -> Option<Shape> {
        match self {
            Self::Forward { shape, .. } => *shape,
            Self::Drop => None,
        }
    }
}

/// How an action marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// With one codepoint.
    Codepoint(Dscp),
    /// With the drop precedence of the packet's assured forwarding class that goes with its color ([`Marker::DropPrecedence`]).
    DropPrecedence,
}

impl Mark {
    pub(crate) const fn marker(self) -> Marker {
        match self {
            Self::Codepoint(dscp) => Marker::Codepoint(dscp),
            Self::DropPrecedence => Marker::DropPrecedence,
        }
    }
}

/// A shaper's profile and queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Rate and burst, in octets.
    pub profile: TokenBucket,
    /// What the queue may hold.
    pub limit: Limit,
}

/// How codepoints leave the domain (RFC 2475 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Egress {
    /// As they are: the next domain has an agreement for them.
    #[default]
    Keep,
    /// As class selectors, for a domain of legacy nodes.
    ClassSelectors,
    /// As the default.
    Zero,
    /// As a map says.
    Map(RemarkMap),
}

impl Egress {
    /// What each codepoint becomes; none if all stay.
    #[must_use]
    pub fn map(&self) -> Option<RemarkMap> {
        match self {
            Self::Keep => None,
            Self::ClassSelectors => Some(RemarkMap::legacy()),
            Self::Zero => Some(RemarkMap::zero()),
            Self::Map(map) => Some(*map),
        }
    }
}

impl Default for TrafficConditioningAgreement {
    /// No rules: everything passes as it is.
    fn default() -> Self {
        Self { mtu: 1500, ingress: None, rules: Vec::new(), default: Action::PASS, egress: Egress::Keep }
    }
}

impl TrafficConditioningAgreement {
    /// Checks what no conditioner should be made of.
    ///
    /// # Errors
    /// Those of [`Match::validate`]; [`Error::NeverMatches`] for a rule all of whose packets an earlier one takes (a rule that only several
    /// earlier ones together take all packets of is not found); [`Error::BurstBelowMtu`] for a meter that makes every packet of the MTU
    /// red and for a shaper that can't let one go; [`Error::TooSmall`] for a queue that can't hold one; [`Error::Actions`] for a token
    /// bucket whose yellow is not as its red.
    pub fn validate(&self) -> Result<(), Error> {
        for (place, rule) in (0_u32..).zip(&self.rules) {
            rule.matches.validate()?;
            if let Some((by, _)) = (0..place).zip(&self.rules).find(|(_, earlier)| earlier.matches.includes(&rule.matches)) {
                return Err(Error::NeverMatches { rule: place, by });
            }
            self.validate_treatment(place, &rule.treatment)?;
        }
        self.validate_shape(u32::try_from(self.rules.len()).unwrap_or(u32::MAX), &self.default)
    }

    fn validate_treatment(&self, rule: u32, treatment: &Treatment) -> Result<(), Error> {
        match treatment {
            Treatment::Unmetered(action) => self.validate_shape(rule, action),
            Treatment::Metered { profile, actions, .. } => {
                if profile.largest() < u64::from(self.mtu) {
                    return Err(Error::BurstBelowMtu { rule, found: profile.largest(), mtu: self.mtu });
                }
                let [_, yellow, red] = actions;
                if matches!(profile, Profile::TokenBucket(..)) && yellow != red {
                    return Err(Error::Actions { rule, field: Field::Yellow });
                }
                actions.iter().try_for_each(|action| self.validate_shape(rule, action))
            }
        }
    }

    fn validate_shape(&self, rule: u32, action: &Action) -> Result<(), Error> {
        let Some(Shape { profile, limit }) = action.shape() else { return Ok(()) };
        if profile.burst() < u64::from(self.mtu) {
            return Err(Error::BurstBelowMtu { rule, found: profile.burst(), mtu: self.mtu });
        }
        if limit.packets == 0 || limit.octets < u64::from(self.mtu) {
            let found = if limit.packets == 0 { 0 } else { limit.octets };
            return Err(Error::TooSmall { field: Field::Queue, found, min: u64::from(self.mtu).max(1) });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
