//! By many fields, first match.

use alloc::vec::Vec;
use core::net::IpAddr;

use ip_wire::first_match::{FirstMatch, Number, Point, Region};

use super::{Addresses, Fields, Fragments, Match};
use crate::phb::DscpSet;
use crate::{Error, Field};

/// Protocol, source port, destination port, codepoint, interface, flow label.
const SMALL: usize = 6;
/// What a packet without ports has for one.
const NO_PORT: u32 = 1 << 16;
/// What IPv4 has for a flow label.
const NO_LABEL: u32 = 1 << 20;

/// Names a rule of a [`MultiField`] classifier. A number is never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(u64);

/// The multi-field classifier (RFC 2475 2.3.1): ordered rules, of which the first that matches counts.
///
/// The answer is that of a scan through all rules; the cost is not ([`ip_wire::first_match`]). Rules come and go one by one.
#[derive(Debug, Clone)]
pub struct MultiField<T> {
    v4: FirstMatch<u32, SMALL>,
    v6: FirstMatch<u128, SMALL>,
    entries: Vec<Option<Entry<T>>>,
    free: Vec<u32>,
    next: u32,
}

#[derive(Debug, Clone)]
struct Entry<T> {
    id: RuleId,
    rule: Match,
    /// Whether the regions say all that the rule asks for.
    exact: bool,
    stream: T,
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
        Self { v4: FirstMatch::new(), v6: FirstMatch::new(), entries: Vec::new(), free: Vec::new(), next: 0 }
    }

    /// Adds a rule for a stream. The lowest `priority` comes first; of equal ones, the rule that was added first.
    ///
    /// # Errors
    /// Those of [`Match::validate`]; [`Error::TooLarge`] for the 2^32nd rule of a classifier's life.
    pub fn insert(&mut self, priority: u32, rule: Match, stream: T) -> Result<RuleId, Error> {
        rule.validate()?;
        let Some(next) = self.next.checked_add(1) else {
            return Err(Error::TooLarge { field: Field::Rules, found: 1 << 32, max: u64::from(u32::MAX) });
        };
        let id = RuleId(u64::from(priority) << 32 | u64::from(self.next));
        let entry = Entry { id, rule, exact: is_contiguous(rule.dscp) && rule.fragments == Fragments::Any, stream };
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
                self.entries.push(None);
                slot
            }
        };
        if let Some(place) = usize::try_from(slot).ok().and_then(|slot| self.entries.get_mut(slot)) {
            *place = Some(entry);
        }
        self.next = next;
        if let Some(region) = region_v4(&rule) {
            self.v4.insert(id.0, slot, region);
        }
        if let Some(region) = region_v6(&rule) {
            self.v6.insert(id.0, slot, region);
        }
        Ok(id)
    }

    /// Takes a rule out, and returns its stream.
    pub fn remove(&mut self, id: RuleId) -> Option<T> {
        let is_it = |entry: &Option<Entry<T>>| entry.as_ref().is_some_and(|entry| entry.id == id);
        let slot = self.slot(id)?;
        let place = self.entries.get_mut(usize::try_from(slot).ok()?).filter(|entry| is_it(entry))?;
        let entry = place.take()?;
        self.free.push(slot);
        self.v4.remove(id.0);
        self.v6.remove(id.0);
        Some(entry.stream)
    }

    fn slot(&self, id: RuleId) -> Option<u32> {
        self.v4.id(id.0).or_else(|| self.v6.id(id.0))
    }

    fn entry(&self, slot: u32) -> Option<&Entry<T>> {
        self.entries.get(usize::try_from(slot).ok()?)?.as_ref()
    }

    fn entry_mut(&mut self, slot: u32) -> Option<&mut Entry<T>> {
        self.entries.get_mut(usize::try_from(slot).ok()?)?.as_mut()
    }

    /// The stream of the first rule that matches.
    #[must_use]
    #[inline]
    pub fn classify(&self, fields: &Fields) -> Option<&T> {
        let (_, slot) = self.first(fields)?;
        self.entry(slot).map(|entry| &entry.stream)
    }

    /// The same, to be changed.
    #[inline]
    pub fn classify_mut(&mut self, fields: &Fields) -> Option<&mut T> {
        let (_, slot) = self.first(fields)?;
        self.entry_mut(slot).map(|entry| &mut entry.stream)
    }

    /// The first rule that matches.
    #[must_use]
    pub fn rule(&self, fields: &Fields) -> Option<RuleId> {
        self.first(fields).map(|(order, _)| RuleId(order))
    }

    #[inline]
    fn first(&self, fields: &Fields) -> Option<(u64, u32)> {
        let confirm = |slot| self.entry(slot).is_some_and(|entry| entry.exact || entry.rule.matches(fields));
        match (fields.source, fields.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let point = Point { addresses: [source.into(), destination.into()], small: small(fields) };
                self.v4.first(&point, confirm)
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let point = Point { addresses: [source.into(), destination.into()], small: small(fields) };
                self.v6.first(&point, confirm)
            }
            // No packet's addresses are of both versions.
            _ => None,
        }
    }

    /// What [`MultiField::classify`] must equal: all rules in order.
    #[must_use]
    pub fn classify_by_scan(&self, fields: &Fields) -> Option<&T> {
        let mut entries: Vec<&Entry<T>> = self.entries.iter().flatten().collect();
        entries.sort_unstable_by_key(|entry| entry.id);
        entries.into_iter().find(|entry| entry.rule.matches(fields)).map(|entry| &entry.stream)
    }

    /// A rule's stream.
    #[must_use]
    pub fn stream(&self, id: RuleId) -> Option<&T> {
        self.slot(id).and_then(|slot| self.entry(slot)).map(|entry| &entry.stream)
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
    let label = fields.flow_label.map_or(NO_LABEL, ip_wire::ipv6::FlowLabel::value);
    [u32::from(fields.protocol.0), source, destination, u32::from(fields.dscp.value()), fields.interface, label]
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
        rule.flow_label.map_or((0, NO_LABEL), |label| (label.value(), label.value())),
    ]
}

/// Whether the codepoints are one range.
fn is_contiguous(set: DscpSet) -> bool {
    let (first, last) = (set.iter().next(), set.iter().last());
    first.zip(last).is_none_or(|(first, last)| u32::from(last.value()).saturating_sub(u32::from(first.value())) < set.len())
}

fn region<A: Number>(rule: &Match, bounds: impl Fn(&Addresses) -> Option<(A, A)>) -> Option<Region<A, SMALL>> {
    Some(Region { addresses: [bounds(&rule.source)?, bounds(&rule.destination)?], small: small_ranges(rule) })
}

/// The rule among IPv4 packets; none if it is for IPv6 only.
fn region_v4(rule: &Match) -> Option<Region<u32, SMALL>> {
    if rule.flow_label.is_some() {
        return None;
    }
    region(rule, |addresses| match addresses.bounds() {
        None => Some((0, u32::MAX)),
        Some((IpAddr::V4(first), IpAddr::V4(last))) => Some((first.into(), last.into())),
        Some(_) => None,
    })
}

/// The rule among IPv6 packets; none if it is for IPv4 only.
fn region_v6(rule: &Match) -> Option<Region<u128, SMALL>> {
    region(rule, |addresses| match addresses.bounds() {
        None => Some((0, u128::MAX)),
        Some((IpAddr::V6(first), IpAddr::V6(last))) => Some((first.into(), last.into())),
        Some(_) => None,
    })
}
