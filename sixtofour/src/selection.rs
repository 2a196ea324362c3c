//! Which source and which destination address to take when a site has 6to4 and native addresses (RFC 6724; RFC 3056 4 leaves it to the hosts).
//!
//! The return path must be of the same kind as the way there: a 6to4 destination gets the 6to4 source, a native one the native source, and where both ends have both, native
//! is preferred. All that follows from labels and precedences of the default policy table.
//!
//! ```
//! use sixtofour::selection::{Source, select_source};
//!
//! let (native, of_site) = ("2001:db8::1".parse().unwrap(), "2002:c000:204::1".parse().unwrap());
//! let sources = [Source::new(native), Source::new(of_site)];
//! let chosen = select_source("2002:c633:6407::1".parse().unwrap(), &sources).unwrap();
//! assert_eq!(chosen.address, of_site);
//! ```

use core::cmp::Ordering;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ip_wire::prefix::Ipv6Prefix;

/// A line of the policy table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Line {
    /// The addresses it is about; IPv4 addresses are looked up as `::ffff:0:0/96`.
    pub prefix: Ipv6Prefix,
    /// Preference of destinations: higher is better.
    pub precedence: u8,
    /// Kind: source and destination should have the same.
    pub label: u8,
}

const fn line(address: Ipv6Addr, len: u8, precedence: u8, label: u8) -> Line {
    let prefix = match Ipv6Prefix::holding(address, len) {
        Ok(prefix) => prefix,
        Err(_) => Ipv6Prefix::ALL,
    };
    Line { prefix, precedence, label }
}

const fn group(first: u16) -> Ipv6Addr {
    Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0)
}

/// The default policy table (RFC 6724 2.1), longest prefixes first.
pub const DEFAULT_POLICY: [Line; 9] = [
    line(Ipv6Addr::LOCALHOST, 128, 50, 0),
    line(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 35, 4),
    line(Ipv6Addr::UNSPECIFIED, 96, 1, 3),
    line(group(0x2001), 32, 5, 5),
    line(group(0x2002), 16, 30, 2),
    line(group(0x3ffe), 16, 1, 12),
    line(group(0xfec0), 10, 1, 11),
    line(group(0xfc00), 7, 3, 13),
    line(Ipv6Addr::UNSPECIFIED, 0, 40, 1),
];

/// The line of the default policy table that `address` falls under.
#[must_use]
pub fn policy(address: IpAddr) -> Line {
    let address = mapped(address);
    let last = line(Ipv6Addr::UNSPECIFIED, 0, 40, 1);
    DEFAULT_POLICY.iter().find(|line| line.prefix.contains(address)).copied().unwrap_or(last)
}

const fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// Scope of an address as a number: 2 link-local, 5 site-local, 14 global, those of multicast as they stand (RFC 6724 3.1, RFC 4007).
#[must_use]
pub const fn scope(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(address) => scope_v4(address),
        IpAddr::V6(address) => match address.segments() {
            [first @ 0xff00..=0xffff, ..] => (first & 0xf) as u8,
            [0xfe80..=0xfebf, ..] | [0, 0, 0, 0, 0, 0, 0, 1] => 2,
            [0xfec0..=0xfeff, ..] => 5,
            [0, 0, 0, 0, 0, 0xffff, high, low] => scope_v4(Ipv4Addr::from_bits(((high as u32) << 16) | low as u32)),
            _ => 14,
        },
    }
}

const fn scope_v4(address: Ipv4Addr) -> u8 {
    if address.is_loopback() || address.is_link_local() { 2 } else { 14 }
}

/// A candidate source address, with what a host knows about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source {
    /// The address.
    pub address: IpAddr,
    /// Bits of its on-link prefix: common bits past it do not count (RFC 6724 2.2).
    pub prefix_len: u8,
    /// Its preferred lifetime is over.
    pub deprecated: bool,
    /// It is a mobile node's home address.
    pub home: bool,
    /// It is on the interface that the packet would leave by.
    pub outgoing_interface: bool,
    /// It is a temporary one (RFC 8981).
    pub temporary: bool,
}

impl Source {
    /// A plain address: preferred, on the outgoing interface, with a prefix of 64 bits (32 for IPv4).
    #[must_use]
    pub const fn new(address: IpAddr) -> Self {
        let prefix_len = if address.is_ipv4() { 32 } else { 64 };
        Self { address, prefix_len, deprecated: false, home: false, outgoing_interface: true, temporary: false }
    }
}

/// Bits that both addresses start with, at most those of the source's prefix (RFC 6724 2.2).
#[must_use]
pub fn common_prefix_len(source: &Source, destination: IpAddr) -> u8 {
    let (common, most) = match (source.address, destination) {
        (IpAddr::V4(a), IpAddr::V4(b)) => ((a.to_bits() ^ b.to_bits()).leading_zeros(), 32),
        (a, b) => ((mapped(a).to_bits() ^ mapped(b).to_bits()).leading_zeros(), 128),
    };
    u8::try_from(common).unwrap_or(most).min(source.prefix_len)
}

/// The best source for a destination (RFC 6724 5, rules 1 to 8); of equals the first. `None` if no candidate is of the destination's IP version.
#[must_use]
pub fn select_source(destination: IpAddr, candidates: &[Source]) -> Option<&Source> {
    let mut best: Option<&Source> = None;
    for candidate in candidates.iter().filter(|candidate| candidate.address.is_ipv4() == destination.is_ipv4()) {
        best = match best {
            Some(best) if compare_sources(destination, candidate, best) != Ordering::Greater => Some(best),
            _ => Some(candidate),
        };
    }
    best
}

/// Greater is better.
fn compare_sources(destination: IpAddr, a: &Source, b: &Source) -> Ordering {
    let same = |source: &Source| source.address == destination;
    let label = |source: &Source| policy(source.address).label == policy(destination).label;
    // Rule 1: the destination itself. Rule 2: the smallest scope that reaches, else the largest.
    let scopes = || {
        let (of_a, of_b, needed) = (scope(a.address), scope(b.address), scope(destination));
        match of_a.cmp(&of_b) {
            Ordering::Less if of_a < needed => Ordering::Less,
            Ordering::Less => Ordering::Greater,
            Ordering::Greater if of_b < needed => Ordering::Greater,
            Ordering::Greater => Ordering::Less,
            Ordering::Equal => Ordering::Equal,
        }
    };
    same(a)
        .cmp(&same(b))
        .then_with(scopes)
        // Rule 3.
        .then_with(|| b.deprecated.cmp(&a.deprecated))
        // Rule 4.
        .then_with(|| a.home.cmp(&b.home))
        // Rule 5.
        .then_with(|| a.outgoing_interface.cmp(&b.outgoing_interface))
        // Rule 6.
        .then_with(|| label(a).cmp(&label(b)))
        // Rule 7.
        .then_with(|| a.temporary.cmp(&b.temporary))
        // Rule 8.
        .then_with(|| common_prefix_len(a, destination).cmp(&common_prefix_len(b, destination)))
}

/// Puts destinations into the order in which they should be tried (RFC 6724 6, rules 1 to 10), with the sources that a host has. Rule 1 is about having a source; that
/// the network knows no route is the caller's to find out. Native destinations go before 6to4 and Teredo ones, which are encapsulated (rule 7), where precedences do not tell.
pub fn order_destinations(destinations: &mut [IpAddr], sources: &[Source]) {
    // Insertion keeps equals in their order (rule 10), without memory. Lists of destinations are answers of DNS: short.
    for end in 1..destinations.len() {
        let mut place = end;
        while let Some(before) = place.checked_sub(1) {
            match (destinations.get(before).copied(), destinations.get(place).copied()) {
                (Some(a), Some(b)) if compare_destinations(b, a, sources) == Ordering::Greater => {
                    destinations.swap(before, place)
                }
                _ => break,
            }
            place = before;
        }
    }
}

/// Greater is better.
fn compare_destinations(a: IpAddr, b: IpAddr, sources: &[Source]) -> Ordering {
    let (of_a, of_b) = (select_source(a, sources), select_source(b, sources));
    let (Some(source_a), Some(source_b)) = (of_a, of_b) else {
        // Rule 1.
        return of_a.is_some().cmp(&of_b.is_some());
    };
    let (policy_a, policy_b) = (policy(a), policy(b));
    // Rule 2.
    let scopes = |destination, source: &Source| scope(destination) == scope(source.address);
    let labels = |line: &Line, source: &Source| line.label == policy(source.address).label;
    let native = |destination| !matches!(mapped(destination).segments(), [0x2002, ..] | [0x2001, 0, ..]);
    scopes(a, source_a)
        .cmp(&scopes(b, source_b))
        // Rule 3.
        .then_with(|| source_b.deprecated.cmp(&source_a.deprecated))
        // Rule 4.
        .then_with(|| source_a.home.cmp(&source_b.home))
        // Rule 5.
        .then_with(|| labels(&policy_a, source_a).cmp(&labels(&policy_b, source_b)))
        // Rule 6.
        .then_with(|| policy_a.precedence.cmp(&policy_b.precedence))
        // Rule 7.
        .then_with(|| native(a).cmp(&native(b)))
        // Rule 8.
        .then_with(|| scope(b).cmp(&scope(a)))
        // Rule 9, for addresses of one version.
        .then_with(|| match a.is_ipv4() == b.is_ipv4() {
            true => common_prefix_len(source_a, a).cmp(&common_prefix_len(source_b, b)),
            false => Ordering::Equal,
        })
}

#[cfg(test)]
mod tests;
