//! The traffic conditioner: an agreement at work (RFC 2475 2.3.3).
//!
//! ```text
//!  offer(packet, arrival)                                                          Verdict
//!     |                                                                               ^
//!     v                                                                               |
//!  ingress check -> classifier -> meter -> marker -> dropper ---------- forwarded ----+
//!   (2.1.1, 6.1)                                  \-> shaper -- poll(now) -- later -> |
//! ```
//!
//! Packets are the caller's, whatever they are as long as they show their octets. A packet's color, before it is metered, is its drop
//! precedence ([`crate::phb::color_of`]). What counts is the length of the IP packet as its header has it, also where a capture cut it.
//!
//! ```
//! use core::time::Duration;
//! use diffserv::agreement::{Action, Rule, Treatment};
//! use diffserv::classifier::Match;
//! use diffserv::conditioner::{Arrival, Verdict};
//! use diffserv::meter::{Mode, Profile, SrTcm};
//! use diffserv::{Color, Conditioner, TrafficConditioningAgreement, marker};
//! use ip_wire::Dscp;
//! # use ip_wire::{Protocol, ipv4};
//!
//! let agreement = TrafficConditioningAgreement {
//!     rules: vec![Rule {
//!         name: "gold".into(),
//!         matches: Match::ANY,
//!         treatment: Treatment::Metered {
//!             profile: Profile::SrTcm(SrTcm::new(125_000, 1500, 1500)?),
//!             mode: Mode::Blind,
//!             actions: [Action::mark(Dscp::AF11), Action::mark(Dscp::AF12), Action::Drop],
//!         },
//!     }],
//!     ..TrafficConditioningAgreement::default()
//! };
//! let mut conditioner = Conditioner::new(&agreement, Duration::ZERO)?;
//! # let mut packet = vec![0u8; 1000];
//! # ipv4::Header::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), Protocol::UDP, 980)?.emit(&mut packet)?;
//! # let mut seen = Vec::new();
//! for _ in 0..3 {
//!     match conditioner.offer(packet.clone(), Arrival::at(Duration::ZERO)) {
//!         Verdict::Forward { packet, .. } => seen.push(Some(marker::codepoint(&packet)?)),
//!         Verdict::Discard { .. } => seen.push(None),
//!         Verdict::Shaped { .. } => unreachable!("nothing is shaped here"),
//!     }
//! }
//! assert_eq!(seen, [Some(Dscp::AF11), Some(Dscp::AF12), None]);
//! assert_eq!(conditioner.rule_counters(0).unwrap().color(Color::Red).packets, 1);
//! # Ok::<(), diffserv::Error>(())
//! ```

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use ip_wire::{Dscp, ip};

use crate::Error;
use crate::agreement::{Action, Ingress, Mark, Shape, TrafficConditioningAgreement, Treatment};
use crate::audit::{self, Audit, Event, Kind};
use crate::classifier::{Fields, MultiField};
use crate::marker::{self, RemarkMap};
use crate::meter::{Color, Meter};
use crate::phb::color_of;
use crate::shaper::Shaper;

mod counters;

pub use counters::{Count, Counters, RuleCounters};

/// How a packet came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When.
    pub now: Duration,
    /// By which interface.
    pub interface: u32,
    /// The codepoint to classify it by, where that is not its own: behind a tunnel of the pipe model it is the outer one (RFC 2983 3.1).
    pub classify_by: Option<Dscp>,
}

impl Arrival {
    /// By interface 0, with the codepoint that the packet has.
    #[must_use]
    pub const fn at(now: Duration) -> Self {
        Self { now, interface: 0, classify_by: None }
    }
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<P> {
    /// It goes on now.
    Forward {
        /// It, marked.
        packet: P,
        /// How it was treated.
        treated: Treated,
    },
    /// It waits in a shaper; [`Conditioner::poll`] gives it back.
    Shaped {
        /// How it was treated.
        treated: Treated,
    },
    /// It does not go on.
    Discard {
        /// It, as it came but for a codepoint that the ingress or the marker changed.
        packet: P,
        /// Why.
        reason: Reason,
    },
}

/// How a packet was treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Treated {
    /// The rule that it matched, by its place in the agreement.
    pub rule: Option<usize>,
    /// What the rule's meter said.
    pub color: Option<Color>,
    /// The codepoint that it leaves with.
    pub dscp: Dscp,
}

/// Why a packet was discarded.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its headers can't be read.
    Unreadable(Error),
    /// The ingress does not accept its codepoint.
    UnacceptableCodepoint(Dscp),
    /// The agreement says so for packets of this rule and color.
    OutOfProfile {
        /// The rule; none for the agreement's default.
        rule: Option<usize>,
        /// What its meter said, if it has one.
        color: Option<Color>,
    },
    /// The rule's shaper did not take it.
    NotShaped {
        /// The rule; none for the agreement's default.
        rule: Option<usize>,
        /// Why not.
        refusal: crate::shaper::Refusal,
    },
}

/// An agreement at work: classifier, meters, markers, droppers, shapers, counters and audit.
#[derive(Debug, Clone)]
pub struct Conditioner<P> {
    ingress: Option<Ingress>,
    egress: Option<Box<RemarkMap>>,
    classifier: MultiField<usize>,
    /// Those of the rules, and last the default's.
    streams: Vec<Stream<P>>,
    counters: Counters,
    audit: Audit,
}

#[derive(Debug, Clone)]
struct Stream<P> {
    meter: Option<Meter>,
    actions: [Action; 3],
    shaper: Option<Shaper<P>>,
    counters: RuleCounters,
}

impl<P> Stream<P> {
    fn new(treatment: &Treatment, now: Duration) -> Result<Self, Error> {
        let (meter, actions) = match treatment {
            Treatment::Unmetered(action) => (None, [*action; 3]),
            Treatment::Metered { profile, mode, actions } => (Some(Meter::new(*profile, *mode, now)), *actions),
        };
        let shaper = match actions.iter().find_map(Action::shape) {
            Some(Shape { profile, limit }) => Some(Shaper::new(profile, limit, now)?),
            None => None,
        };
        Ok(Self { meter, actions, shaper, counters: RuleCounters::default() })
    }
}

impl<P> Conditioner<P> {
    /// A conditioner whose buckets are full at `now`, with the usual audit.
    ///
    /// # Errors
    /// Those of [`TrafficConditioningAgreement::validate`].
    pub fn new(agreement: &TrafficConditioningAgreement, now: Duration) -> Result<Self, Error> {
        Self::with_audit(agreement, now, audit::Config::default())
    }

    /// The same with another audit.
    ///
    /// # Errors
    /// Those of [`TrafficConditioningAgreement::validate`] and [`Audit::new`].
    pub fn with_audit(agreement: &TrafficConditioningAgreement, now: Duration, audit: audit::Config) -> Result<Self, Error> {
        agreement.validate()?;
        let mut classifier = MultiField::new();
        let mut streams = Vec::with_capacity(agreement.rules.len().saturating_add(1));
        for (place, rule) in agreement.rules.iter().enumerate() {
            classifier.insert(0, rule.matches, place)?;
            streams.push(Stream::new(&rule.treatment, now)?);
        }
        streams.push(Stream::new(&Treatment::Unmetered(agreement.default), now)?);
        let egress = agreement.egress.map().map(Box::new);
        let (ingress, counters, audit) = (agreement.ingress, Counters::default(), Audit::new(audit)?);
        Ok(Self { ingress, egress, classifier, streams, counters, audit })
    }

    /// What was counted for a rule, by its place in the agreement; behind the last rule, for the default.
    #[must_use]
    pub fn rule_counters(&self, rule: usize) -> Option<&RuleCounters> {
        self.streams.get(rule).map(|stream| &stream.counters)
    }

    /// What was counted for packets that matched no rule.
    #[must_use]
    pub fn default_counters(&self) -> &RuleCounters {
        const NONE: &RuleCounters = &RuleCounters::NONE;
        self.streams.last().map_or(NONE, |stream| &stream.counters)
    }

    /// What was counted in all.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// A rule's meter.
    #[must_use]
    pub fn meter(&self, rule: usize) -> Option<&Meter> {
        self.streams.get(rule)?.meter.as_ref()
    }

    /// Events and their counters.
    #[must_use]
    pub const fn audit(&self) -> &Audit {
        &self.audit
    }

    /// The oldest event that was recorded.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.audit.poll()
    }

    pub(crate) fn record(&mut self, event: Event) {
        self.audit.record(event);
    }

    /// A packet that a shaper lets go by now: of all shapers, the one whose packet was due first.
    pub fn poll(&mut self, now: Duration) -> Option<(usize, P)> {
        let due = |(place, stream): (usize, &Stream<P>)| Some((stream.shaper.as_ref()?.next_deadline()?, place));
        let (deadline, place) = self.streams.iter().enumerate().filter_map(due).min()?;
        if deadline > now {
            return None;
        }
        let stream = self.streams.get_mut(place)?;
        let packet = stream.shaper.as_mut()?.poll(now)?;
        self.counters.released = self.counters.released.saturating_add(1);
        Some((place, packet))
    }

    /// When the next packet that waits may go.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        self.streams.iter().filter_map(|stream| stream.shaper.as_ref()?.next_deadline()).min()
    }

    /// Packets that wait in shapers.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.streams.iter().filter_map(|stream| stream.shaper.as_ref()).map(Shaper::len).fold(0, usize::saturating_add)
    }
}

/// What a conditioner has to know of a packet.
struct Seen {
    fields: Fields,
    octets: u32,
    own: Dscp,
}

impl<P: AsRef<[u8]> + AsMut<[u8]>> Conditioner<P> {
    /// Takes a packet through the agreement.
    pub fn offer(&mut self, mut packet: P, arrival: Arrival) -> Verdict<P> {
        let seen = match self.see(packet.as_mut(), &arrival) {
            Ok(seen) => seen,
            Err(reason) => return Verdict::Discard { packet, reason },
        };
        let default = self.streams.len().saturating_sub(1);
        let place = self.classifier.classify(&seen.fields).copied().unwrap_or(default);
        let rule = Some(place).filter(|place| *place < default);
        // There is always a default.
        let Some(stream) = self.streams.get_mut(place) else {
            return Verdict::Discard { packet, reason: Reason::OutOfProfile { rule: None, color: None } };
        };
        let color = stream.meter.as_mut().map(|meter| meter.meter(arrival.now, seen.octets, color_of(seen.fields.dscp)));
        stream.counters.count(color, seen.octets);
        let action = stream.actions.get(color.unwrap_or_default().index()).copied().unwrap_or(Action::Drop);
        let event =
            |kind| Event { rule, color, ..Event::new(kind, arrival.now, seen.fields.source, seen.fields.destination, seen.own) };
        let Action::Forward { mark, shape } = action else {
            stream.counters.discarded.add(seen.octets);
            self.counters.out_of_profile.add(seen.octets);
            self.audit.record(event(Kind::OutOfProfile));
            return Verdict::Discard { packet, reason: Reason::OutOfProfile { rule, color } };
        };
        let dscp = marked(seen.own, mark, color, self.egress.as_deref());
        if dscp != seen.own {
            if let Err(error) = marker::set_codepoint(packet.as_mut(), dscp) {
                return self.unreadable(packet, error.into());
            }
            stream.counters.marked.add(seen.octets);
        }
        let treated = Treated { rule, color, dscp };
        let Some(shaper) = stream.shaper.as_mut().filter(|_| shape.is_some()) else {
            stream.counters.forwarded.add(seen.octets);
            self.counters.forwarded.add(seen.octets);
            return Verdict::Forward { packet, treated };
        };
        match shaper.offer(packet, seen.octets, arrival.now) {
            Ok(()) => {
                stream.counters.shaped.add(seen.octets);
                self.counters.shaped.add(seen.octets);
                Verdict::Shaped { treated }
            }
            Err(refused) => {
                stream.counters.discarded.add(seen.octets);
                self.counters.not_shaped.add(seen.octets);
                self.audit.record(event(Kind::NotShaped));
                Verdict::Discard { packet: refused.packet, reason: Reason::NotShaped { rule, refusal: refused.refusal } }
            }
        }
    }

    /// Reads a packet, and enforces what may come in.
    fn see(&mut self, octets: &mut [u8], arrival: &Arrival) -> Result<Seen, Reason> {
        let seen = match look(octets, arrival) {
            Ok(seen) => seen,
            Err(error) => {
                self.counters.unreadable = self.counters.unreadable.saturating_add(1);
                return Err(Reason::Unreadable(error));
            }
        };
        self.counters.offered.add(seen.octets);
        let Some(ingress) = &self.ingress else { return Ok(seen) };
        let accepted = if is_multicast(seen.fields.destination) { ingress.multicast } else { ingress.acceptable };
        if accepted.contains(seen.fields.dscp) {
            return Ok(seen);
        }
        let (source, destination) = (seen.fields.source, seen.fields.destination);
        self.audit.record(Event::new(Kind::UnacceptableCodepoint, arrival.now, source, destination, seen.fields.dscp));
        self.counters.unacceptable.add(seen.octets);
        let Some(dscp) = ingress.otherwise else { return Err(Reason::UnacceptableCodepoint(seen.fields.dscp)) };
        if let Err(error) = marker::set_codepoint(octets, dscp) {
            return Err(Reason::Unreadable(error.into()));
        }
        Ok(Seen { fields: Fields { dscp, ..seen.fields }, own: dscp, ..seen })
    }

    #[cold]
    fn unreadable(&mut self, packet: P, error: Error) -> Verdict<P> {
        self.counters.unreadable = self.counters.unreadable.saturating_add(1);
        Verdict::Discard { packet, reason: Reason::Unreadable(error) }
    }
}

fn look(octets: &[u8], arrival: &Arrival) -> Result<Seen, Error> {
    let reading = ip::Packet::parse_lax(octets)?;
    let missing = if let ip::Packet::V4(_) = reading.into_view() { 0 } else { reading.missing() };
    let packet = reading.into_view();
    let len = u32::try_from(packet.len()).unwrap_or(u32::MAX).saturating_add(missing);
    let mut fields = Fields::of(&packet, arrival.interface)?;
    let own = fields.dscp;
    fields.dscp = arrival.classify_by.unwrap_or(own);
    Ok(Seen { fields, octets: len, own })
}

/// The codepoint that a packet leaves with.
fn marked(own: Dscp, mark: Option<Mark>, color: Option<Color>, egress: Option<&RemarkMap>) -> Dscp {
    let dscp = mark.map_or(own, |mark| mark.marker().codepoint(own, color.unwrap_or_default()));
    egress.map_or(dscp, |map| map.get(dscp))
}

fn is_multicast(destination: IpAddr) -> bool {
    destination.is_multicast()
}

#[cfg(test)]
mod tests;
