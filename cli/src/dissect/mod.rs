//! Takes frames apart, layer by layer, with the family's crates.

mod atm;
mod icmp;
mod ipsec;
mod ipv4;
mod ipv6;
mod link;
mod llpf;
mod model;
mod neighbor;
mod ngisec;
mod oam;
mod options;
mod transport;

use std::net::IpAddr;

use ip_wire::checksum::{self, Sum};
use ip_wire::ipv6::Extensions;
use ip_wire::link::{EtherType, LinkType};
use ip_wire::{Error, Protocol};

pub use atm::link_type_name;
pub use model::{Cause, Dissection, Item, Layer, Problem, Value};

use crate::capture::Frame;
use crate::ipsec::Decrypter;

/// How many IP and link-layer headers deep a walk goes: tunnels and quoted datagrams nest.
const MAX_DEPTH: u32 = 64;

/// What to do about packets whose end is missing because the capture cut them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// Show what is there.
    Allowed,
    /// It is an error.
    Refused,
}

/// Takes a frame apart.
#[must_use]
pub fn dissect(frame: &Frame<'_>, truncation: Truncation) -> Dissection {
    dissect_with(frame, truncation, &Decrypter::default())
}

/// Takes a frame apart; ESP is decrypted where `decrypter` has the keys.
#[must_use]
pub fn dissect_with(frame: &Frame<'_>, truncation: Truncation, decrypter: &Decrypter) -> Dissection {
    let cut = frame.original_len.saturating_sub(frame.octets.len());
    let mut walker = Walker { found: Dissection::default(), truncation, in_quote: false, depth: 0, decrypter };
    let around = Around { cut: u32::try_from(cut).unwrap_or(u32::MAX), ..Around::default() };
    walker.walk(Next { what: What::Link(frame.link_type), octets: frame.octets, offset: 0, around });
    walker.found
}

/// The state of a walk over one frame.
struct Walker<'d> {
    found: Dissection,
    /// How many layers deep the walk is.
    depth: u32,
    decrypter: &'d Decrypter,
    truncation: Truncation,
    /// Whether the walk is inside a datagram that an ICMP error quotes.
    in_quote: bool,
}

/// What to read next.
#[derive(Debug, Clone, Copy)]
struct Next<'a> {
    what: What,
    octets: &'a [u8],
    /// Where the octets start in the frame.
    offset: usize,
    around: Around,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Link(LinkType),
    EtherType(EtherType),
    Llc,
    Ipv4,
    Ipv6,
    Upper(Protocol),
}

/// What an upper layer must know of what is around it.
#[derive(Debug, Clone, Copy, Default)]
struct Around {
    /// Where the innermost IP packet starts in the frame.
    packet: usize,
    /// Addresses of the pseudo-header.
    addresses: Option<(IpAddr, IpAddr)>,
    /// The octets are the first fragment of more.
    is_fragment: bool,
    /// Octets that are missing at the end, for whatever reason.
    missing: u32,
    /// How many of them the capture cut off; others were never sent.
    cut: u32,
}

impl Around {
    /// The sum of the pseudo-header.
    fn pseudo_header(&self, protocol: Protocol, len: usize) -> Sum {
        match self.addresses {
            Some((IpAddr::V4(source), IpAddr::V4(destination))) => {
                checksum::pseudo_v4(source, destination, protocol, u16::try_from(len).unwrap_or(u16::MAX))
            }
            Some((IpAddr::V6(source), IpAddr::V6(destination))) => {
                checksum::pseudo_v6(source, destination, protocol, u32::try_from(len).unwrap_or(u32::MAX))
            }
            _ => Sum::new(),
        }
    }

    /// Whether all octets are here that were sent, so that a checksum over them can be looked at.
    const fn is_whole(&self) -> bool {
        !self.is_fragment && self.cut == 0
    }

    const fn is_v6(&self) -> bool {
        matches!(self.addresses, Some((IpAddr::V6(_), _)))
    }
}

/// What is known of a checksum, in the numbers of Wireshark's `*.checksum.status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Bad = 0,
    Good = 1,
    /// Not all octets are here.
    Unverified = 2,
    /// The sender left it out.
    Absent = 3,
    /// The sender left it out and may not.
    Illegal = 4,
}

impl From<Status> for Value {
    fn from(status: Status) -> Self {
        Self::Number(status as u64)
    }
}

impl Walker<'_> {
    /// Goes from layer to layer. What was decrypted is walked through from within the layer that decrypted it.
    fn walk(&mut self, start: Next<'_>) {
        let mut next = Some(start);
        while let Some(step) = next {
            self.depth = self.depth.saturating_add(1);
            if self.depth > MAX_DEPTH {
                let error = Error::HeaderBudget { offset: 0, limit: MAX_DEPTH };
                self.fail("tunnel", step.offset, error);
                break;
            }
            next = match step.what {
                What::Link(link_type) => self.link(link_type, step),
                What::EtherType(ether_type) => self.ether_type(ether_type, step),
                What::Llc => self.llc(step),
                What::Ipv4 => self.ipv4(step),
                What::Ipv6 => self.ipv6(step),
                What::Upper(protocol) => self.upper(protocol, step),
            };
        }
    }

    /// Records why the packet would be refused; the first reason counts.
    fn fail(&mut self, layer: &'static str, base: usize, error: impl Into<Cause>) {
        let is_quoted = self.in_quote;
        self.found.error.get_or_insert(Problem { layer, base, is_quoted, error: error.into() });
    }

    fn push(&mut self, layer: Layer) {
        self.found.layers.push(layer);
    }

    /// Whether a packet may lack octets without that being an error: the user allows it, or an ICMP error quotes the packet.
    const fn may_be_cut(&self) -> bool {
        self.in_quote || matches!(self.truncation, Truncation::Allowed)
    }

    /// Whether a header may lack octets without that being an error: the packet may, and there is something that cut it.
    const fn header_may_be_cut(&self, around: &Around) -> bool {
        self.in_quote || (around.cut > 0 && self.may_be_cut())
    }

    /// What IP carries.
    fn upper<'a>(&mut self, protocol: Protocol, step: Next<'a>) -> Option<Next<'a>> {
        match protocol {
            Protocol::TCP => self.tcp(step),
            Protocol::UDP => return self.udp(step),
            Protocol::UDP_LITE => self.udp_lite(step),
            Protocol::ICMP => return self.icmpv4(step),
            Protocol::ICMPV6 => return self.icmpv6(step),
            Protocol::AH => return self.ah(step),
            Protocol::ESP => self.esp(step),
            Protocol::IPV4 | Protocol::IPV6 => {
                self.trailer(&step);
                let what = if protocol == Protocol::IPV4 { What::Ipv4 } else { What::Ipv6 };
                return Some(Next { what, ..step });
            }
            Protocol::ETHERNET => return Some(Next { what: What::Link(LinkType::ETHERNET), ..step }),
            Protocol::NO_NEXT_HEADER => {}
            // No standard has these behind IPv4, but they are sent, and say of themselves what they are.
            Protocol::HOP_BY_HOP | Protocol::DESTINATION_OPTIONS | Protocol::ROUTING | Protocol::FRAGMENT
                if !step.around.is_v6() =>
            {
                let at = u32::try_from(step.offset.saturating_sub(step.around.packet)).unwrap_or(u32::MAX);
                let walk = Extensions::new(protocol, step.octets, at, ipv6::MAX_EXTENSIONS);
                return self.extensions(walk, step.around);
            }
            _ => self.payload(format!("{protocol} (protocol {})", protocol.0), step.octets, step.offset),
        }
        None
    }

    /// Octets that no crate of the family reads.
    fn payload(&mut self, title: String, octets: &[u8], offset: usize) {
        if !octets.is_empty() {
            self.push(Layer::new("data", title, offset, octets.len()));
        }
    }
}
