//! By many fields, first match.

use alloc::vec::Vec;
use core::net::IpAddr;

use ip_wire::first_match::{FirstMatch, Region, halves, split};

use ip_wire::ipv6::FlowLabel;

use super::{Addresses, Fields, Fragments, Match};
use crate::phb::DscpSet;
use crate::{Error, Field};

/// Protocol, source port, destination port, codepoint, interface.
const SMALL: usize = 5;
/// What a packet without ports has for one.
const NO_PORT: u32 = 1 << 16;
/// Set in a slot's number if the regions do not say all that its rule asks for.
const INEXACT: u32 = 1 << 31;

/// Names a rule of a [`MultiField`] classifier. A number is never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(u64);

/// The multi-field classifier (RFC 2475 2.3.1): ordered rules, of which the first that matches counts.
///
/// The answer is that of a scan through all rules; the cost is not ([`ip_wire::first_match`]). Rules come and go one by one.
#[derive(Debug, Clone)]
pub struct MultiField<T> {
    v4: FirstMatch<u32, 7>,
    v6: FirstMatch<u64, 10>,
    entries: Vec<Option<Entry>>,
    /// Apart, so that what a search ends with lies close together.
    streams: Vec<Option<T>>,
    free: Vec<u32>,
    next: u32,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    id: RuleId,
    rule: Match,
}

impl<T> Default for MultiField<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> MultiField<T> {
    /// Without rules.
    #[must_use]
    pub fn new() -> Self {
        let (v4, v6) = (FirstMatch::new(), FirstMatch::new());
        Self { v4, v6, entries: Vec::new(), streams: Vec::new(), free: Vec::new(), next: 0 }
    }

    /// Adds a rule for a stream. The lowest `priority` comes first; of equal ones, the rule that was added first.
    ///
    /// # Errors
    /// Those of [`Match::validate`]; [`Error::TooLarge`] for the 2^31st rule of a classifier's life.
    pub fn insert(&mut self, priority: u32, rule: Match, stream: T) -> Result<RuleId, Error> {
        rule.validate()?;
        if self.next >= INEXACT {
            return Err(Error::TooLarge { field: Field::Rules, found: u64::from(self.next), max: u64::from(INEXACT - 1) });
        }
        let id = RuleId(u64::from(priority) << 32 | u64::from(self.next));
        self.next = self.next.saturating_add(1);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
                self.entries.push(None);
                self.streams.push(None);
                slot
            }
        };
        if let Some((entry, place)) = self.place(slot) {
            *entry = Some(Entry { id, rule });
            *place = Some(stream);
        }
        let exact = is_contiguous(rule.dscp) && rule.fragments == Fragments::Any;
        let number = |exact: bool| if exact { slot } else { slot | INEXACT };
        if let Some(region) = region_v4(&rule) {
            self.v4.insert(id.0, number(exact), region);
        }
        if let Some((region, all)) = region_v6(&rule) {
            self.v6.insert(id.0, number(exact && all), region);
        }
        Ok(id)
    }

    /// Takes a rule out, and returns its stream.
    pub fn remove(&mut self, id: RuleId) -> Option<T> {
        let slot = self.slot(id)?;
        let (entry, stream) = self.place(slot)?;
        *entry = None;
        let stream = stream.take();
        self.free.push(slot);
        self.v4.remove(id.0);
        self.v6.remove(id.0);
        stream
    }

    fn place(&mut self, slot: u32) -> Option<(&mut Option<Entry>, &mut Option<T>)> {
        let slot = usize::try_from(slot).ok()?;
        self.entries.get_mut(slot).zip(self.streams.get_mut(slot))
    }

    fn slot(&self, id: RuleId) -> Option<u32> {
        self.v4.id(id.0).or_else(|| self.v6.id(id.0)).map(|number| number & !INEXACT)
    }

    /// The stream of the first rule that matches.
    #[must_use]
    #[inline]
    pub fn classify(&self, fields: &Fields) -> Option<&T> {
        let (_, slot) = self.first(fields)?;
        self.streams.get(usize::try_from(slot).ok()?)?.as_ref()
    }

    /// The same, to be changed.
    #[inline]
    pub fn classify_mut(&mut self, fields: &Fields) -> Option<&mut T> {
        let (_, slot) = self.first(fields)?;
        self.streams.get_mut(usize::try_from(slot).ok()?)?.as_mut()
    }

    /// The first rule that matches.
    #[must_use]
    pub fn rule(&self, fields: &Fields) -> Option<RuleId> {
        self.first(fields).map(|(order, _)| RuleId(order))
    }

    #[inline]
    fn first(&self, fields: &Fields) -> Option<(u64, u32)> {
        let confirm = |number: u32| number & INEXACT == 0 || self.confirm(number & !INEXACT, fields);
        let [protocol, source_port, destination_port, dscp, interface] = small(fields);
        let (order, number) = match (fields.source, fields.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let point = [source.into(), destination.into(), protocol, source_port, destination_port, dscp, interface];
                self.v4.first(&point, confirm)?
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let ([a, b], [c, d]) = (split(source.into()), split(destination.into()));
                let [e, f, g, h, i] = [protocol, source_port, destination_port, dscp, interface].map(u64::from);
                let label = fields.flow_label.map_or(0, FlowLabel::value);
                self.v6.first(&[a, b, c, d, e, f, g, h, i, label.into()], confirm)?
            }
            // No packet's addresses are of both versions.
            _ => return None,
        };
        Some((order, number & !INEXACT))
    }

    fn confirm(&self, slot: u32, fields: &Fields) -> bool {
        let entry = usize::try_from(slot).ok().and_then(|slot| self.entries.get(slot)).and_then(Option::as_ref);
        entry.is_some_and(|entry| entry.rule.matches(fields))
    }

    /// What [`MultiField::classify`] must equal: all rules in order.
    #[must_use]
    pub fn classify_by_scan(&self, fields: &Fields) -> Option<&T> {
        let matching =
            self.entries.iter().zip(&self.streams).filter_map(|(entry, stream)| Some((entry.as_ref()?, stream.as_ref()?)));
        let matching = matching.filter(|(entry, _)| entry.rule.matches(fields));
        matching.min_by_key(|(entry, _)| entry.id).map(|(_, stream)| stream)
    }

    /// A rule's stream.
    #[must_use]
    pub fn stream(&self, id: RuleId) -> Option<&T> {
        self.streams.get(usize::try_from(self.slot(id)?).ok()?)?.as_ref()
    }

    /// How many rules there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len().saturating_sub(self.free.len())
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rules both trees hold, copies included: what memory grows with.
    #[must_use]
    pub fn stored(&self) -> usize {
        self.v4.stored().saturating_add(self.v6.stored())
    }
}

#[inline]
fn small(fields: &Fields) -> [u32; SMALL] {
    let (source, destination) = match fields.ports {
        Some((source, destination)) => (u32::from(source), u32::from(destination)),
        None => (NO_PORT, NO_PORT),
    };
    [u32::from(fields.protocol.0), source, destination, u32::from(fields.dscp.value()), fields.interface]
}

fn small_ranges(rule: &Match) -> [(u32, u32); SMALL] {
    let ports = |ports: Option<(u16, u16)>| ports.map_or((0, NO_PORT), |(first, last)| (u32::from(first), u32::from(last)));
    let dscp = |found: Option<ip_wire::Dscp>| found.map_or(0, |dscp| u32::from(dscp.value()));
    [
        rule.protocol.map_or((0, u32::from(u8::MAX)), |protocol| (u32::from(protocol.0), u32::from(protocol.0))),
        ports(rule.source_ports),
        ports(rule.destination_ports),
        (dscp(rule.dscp.iter().next()), dscp(rule.dscp.iter().last())),
        rule.interface.map_or((0, u32::MAX), |interface| (interface, interface)),
    ]
}

/// Whether the codepoints are one range.
fn is_contiguous(set: DscpSet) -> bool {
    let (first, last) = (set.iter().next(), set.iter().last());
    first.zip(last).is_none_or(|(first, last)| u32::from(last.value()).saturating_sub(u32::from(first.value())) < set.len())
}

/// The rule among IPv4 packets; none if it is for IPv6 only.
fn region_v4(rule: &Match) -> Option<Region<u32, 7>> {
    if rule.flow_label.is_some() {
        return None;
    }
    let bounds = |addresses: &Addresses| match addresses.bounds() {
        None => Some((0, u32::MAX)),
        Some((IpAddr::V4(first), IpAddr::V4(last))) => Some((first.into(), last.into())),
        Some(_) => None,
    };
    let [protocol, source_ports, destination_ports, dscp, interface] = small_ranges(rule);
    let (source, destination) = (bounds(&rule.source)?, bounds(&rule.destination)?);
    Some(Region([source, destination, protocol, source_ports, destination_ports, dscp, interface]))
}

/// The rule among IPv6 packets, and whether the region says all of its addresses; none if it is for IPv4 only.
fn region_v6(rule: &Match) -> Option<(Region<u64, 10>, bool)> {
    let bounds = |addresses: &Addresses| match addresses.bounds() {
        None => Some(halves(0, u128::MAX)),
        Some((IpAddr::V6(first), IpAddr::V6(last))) => Some(halves(first.into(), last.into())),
        Some(_) => None,
    };
    let (([a, b], source), ([c, d], destination)) = (bounds(&rule.source)?, bounds(&rule.destination)?);
    let [e, f, g, h, i] = small_ranges(rule).map(|(first, last)| (u64::from(first), u64::from(last)));
    let label = rule.flow_label.map_or((0, u64::MAX), |label| (label.value().into(), label.value().into()));
    Some((Region([a, b, c, d, e, f, g, h, i, label]), source && destination))
}
