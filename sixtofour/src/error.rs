//! The crate's one error type: why a packet, an address or a route was refused.

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use ip_wire::{Protocol, Reaction};

use crate::embedded::Embedding;
use crate::special::{Ipv4Block, Ipv6Block};

/// Why a packet was refused, or why an address, a prefix or a setting makes no sense.
///
/// Each refusal is an error of its own, and has a [`Reason`] to count it under. [`Error::reaction`] is what a router owes the sender.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// The packet can't be read, is too big for the tunnel, or finds no room in its buffer.
    #[error(transparent)]
    Ip(#[from] ip_wire::Error),
    /// An IPv4 address that no site's router can have (RFC 3964 5.3.1, or the special-purpose registry).
    #[error("{place} {address} is {block}")]
    SpecialIpv4 {
        /// Where the address is.
        place: Place,
        /// The address.
        address: Ipv4Addr,
        /// What it is.
        block: Ipv4Block,
    },
    /// One of this node's broadcast addresses (RFC 3964 5.3.1).
    #[error("{place} {address} is a broadcast address of this node")]
    Broadcast {
        /// Where the address is.
        place: Place,
        /// The address.
        address: Ipv4Addr,
    },
    /// An IPv6 address that is not forwarded into or out of a tunnel (RFC 3964 5.3.2, or the special-purpose registry).
    #[error("{place} {address} is {block}")]
    SpecialIpv6 {
        /// Where the address is.
        place: Place,
        /// The address.
        address: Ipv6Addr,
        /// What it is.
        block: Ipv6Block,
    },
    /// The IPv4 packet carries something else than IPv6 (protocol 41).
    #[error("protocol {found}, 41 needed")]
    NotIpv6InIpv4 {
        /// Its protocol.
        found: Protocol,
    },
    /// The IPv4 packet is not for this router (RFC 3964 5.2: dst_v4 should be assigned to the router).
    #[error("outer destination {found} is not this router's")]
    NotForUs {
        /// The outer destination.
        found: Ipv4Addr,
    },
    /// The inner source says another V4ADDR than the outer source: spoofed (RFC 3964 5.2).
    #[error("inner source embeds {embedded}, the outer source is {outer}")]
    SourceMismatch {
        /// V4ADDR of the inner source.
        embedded: Ipv4Addr,
        /// The outer source.
        outer: Ipv4Addr,
    },
    /// The inner destination says another V4ADDR than the outer destination: for another site (RFC 3964 5.2).
    #[error("inner destination embeds {embedded}, the outer destination is {outer}")]
    DestinationMismatch {
        /// V4ADDR of the inner destination.
        embedded: Ipv4Addr,
        /// The outer destination.
        outer: Ipv4Addr,
    },
    /// A packet to be encapsulated comes from another site's addresses (RFC 3964 5.1).
    #[error("source embeds {embedded}, this router's address is {own}")]
    SourceNotOurs {
        /// V4ADDR of the source.
        embedded: Ipv4Addr,
        /// This router's address.
        own: Ipv4Addr,
    },
    /// A packet to be encapsulated would go to this router itself (RFC 3964 5.1).
    #[error("tunnel destination {address} is this router")]
    ToOurselves {
        /// The IPv4 destination.
        address: Ipv4Addr,
    },
    /// Neither source nor destination is of the domain (RFC 3964 5.1, 5.2).
    #[error("neither source nor destination has the domain's prefix")]
    NativeToNative,
    /// One end is native, which is a relay's work, and this router is none.
    #[error("native {0}: only a relay takes it")]
    NotARelay(Place),
    /// A native source behind a router that is not among the relays that are taken.
    #[error("native inner source from {outer}, which is no relay that is known")]
    UnknownRelay {
        /// The outer source.
        outer: Ipv4Addr,
    },
    /// The destination is native, and there is neither a next hop nor a relay.
    #[error("native destination, and no relay")]
    NoRelay,
    /// The next hop has no IPv4 address in it.
    #[error("next hop {0} has not the domain's prefix")]
    NextHop(Ipv6Addr),
    /// An address with a foreign prefix embeds an address of this router: the packet would come back (RFC 6324 3.3).
    #[error("{place} embeds this router's {address} as {embedding}: the packet would loop")]
    Loop {
        /// Source when encapsulating, destination when decapsulating.
        place: Place,
        /// How it is embedded.
        embedding: Embedding,
        /// The address.
        address: Ipv4Addr,
    },
    /// The IPv6 packet carries one more tunnel.
    #[error("the inner packet carries protocol {0}: a tunnel in the tunnel")]
    Nested(Protocol),
    /// The caller's ingress filter said no (RFC 3964 5.3.3).
    #[error("refused by the ingress filter")]
    IngressFilter,
    /// Congestion was marked on a packet whose transport does not understand it: it counts as lost (RFC 6040 4.2).
    #[error("congestion marked on a packet that can't carry the mark")]
    Congestion,
    /// A route more specific than 2002::/16 in native routing (RFC 3056 5.2, RFC 3964 3.1).
    #[error("a prefix of {len} bits in 2002::/16: only the /16 itself may be advertised")]
    MoreSpecific {
        /// Its length in bits.
        len: u8,
    },
    /// An address or prefix that is not in the domain (2002::/16, a 6rd prefix).
    #[error("not in the domain")]
    NotInDomain,
    /// A prefix with more bits than there is room for.
    #[error("a prefix of {found} bits, at most {needed} possible")]
    PrefixLength {
        /// Its length in bits.
        found: u8,
        /// The longest possible.
        needed: u8,
    },
    /// A tunnel MTU out of range.
    #[error("a tunnel MTU of {found}, from {least} to {most} possible")]
    Mtu {
        /// The MTU.
        found: u32,
        /// The least: IPv6's (RFC 8200 5).
        least: u32,
        /// The most: what fits an IPv4 packet.
        most: u32,
    },
    /// Parameters of a port set, or a PSID that is none of them.
    #[cfg(feature = "port-range")]
    #[error(transparent)]
    PortSet(#[from] addr_sharing::Error),
}

impl Error {
    /// What to count it under.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Ip(error) => match error {
                ip_wire::Error::NotReassembled { .. } => Reason::Fragment,
                ip_wire::Error::FragmentationNeeded { .. } => Reason::TooBig,
                ip_wire::Error::Checksum { .. } => Reason::Checksum,
                ip_wire::Error::BufferTooSmall { .. } => Reason::Buffer,
                _ => Reason::Malformed,
            },
            Self::SpecialIpv4 { place, .. } => match place {
                Place::OuterSource => Reason::SpecialOuterSource,
                Place::OuterDestination | Place::NextHop => Reason::SpecialOuterDestination,
                Place::Source => Reason::SpecialSourceV4addr,
                Place::Destination => Reason::SpecialDestinationV4addr,
                Place::Site => Reason::Setting,
            },
            Self::Broadcast { place, .. } => match place {
                Place::OuterSource | Place::Source => Reason::BroadcastSource,
                _ => Reason::BroadcastDestination,
            },
            Self::SpecialIpv6 { place, .. } => match place {
                Place::Source => Reason::SpecialSource,
                _ => Reason::SpecialDestination,
            },
            Self::NotIpv6InIpv4 { .. } => Reason::Protocol,
            Self::NotForUs { .. } => Reason::NotForUs,
            Self::SourceMismatch { .. } => Reason::SourceMismatch,
            Self::DestinationMismatch { .. } => Reason::DestinationMismatch,
            Self::SourceNotOurs { .. } => Reason::SourceNotOurs,
            Self::ToOurselves { .. } => Reason::ToOurselves,
            Self::NativeToNative => Reason::NativeToNative,
            Self::NotARelay(_) => Reason::NotARelay,
            Self::UnknownRelay { .. } => Reason::UnknownRelay,
            Self::NoRelay | Self::NextHop(_) => Reason::NoRelay,
            Self::Loop { .. } => Reason::Loop,
            Self::Nested(_) => Reason::Nested,
            Self::IngressFilter => Reason::IngressFilter,
            Self::Congestion => Reason::Congestion,
            Self::MoreSpecific { .. } | Self::NotInDomain | Self::PrefixLength { .. } | Self::Mtu { .. } => Reason::Setting,
            #[cfg(feature = "port-range")]
            Self::PortSet(_) => Reason::Setting,
        }
    }

    /// What a router owes the sender of the IPv6 packet that it was to encapsulate.
    ///
    /// Too big is told to the sender (RFC 8200 5, RFC 4213 3.2), as is a native destination without a relay (no route, RFC 4443 3.1). What a check of RFC 3964
    /// refuses is discarded silently, so that a router does not answer to spoofed sources. [`ip_wire::answer::emit`] makes the message.
    #[must_use]
    pub const fn reaction(&self) -> Reaction {
        match self {
            Self::Ip(error) => error.reaction(),
            Self::NoRelay | Self::NextHop(_) => Reaction::Unreachable { code: 0 },
            Self::SourceMismatch { .. } | Self::Loop { .. } | Self::Nested(_) => Reaction::Audit,
            Self::MoreSpecific { .. } | Self::NotInDomain | Self::PrefixLength { .. } | Self::Mtu { .. } => Reaction::None,
            #[cfg(feature = "port-range")]
            Self::PortSet(_) => Reaction::None,
            _ => Reaction::Discard,
        }
    }
}

/// Where an address stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Source of the IPv4 header.
    OuterSource,
    /// Destination of the IPv4 header.
    OuterDestination,
    /// Source of the IPv6 header, or the V4ADDR in it.
    Source,
    /// Destination of the IPv6 header, or the V4ADDR in it.
    Destination,
    /// The V4ADDR of the next hop, or a relay's address.
    NextHop,
    /// The address that a site takes its prefix from.
    Site,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OuterSource => "outer source",
            Self::OuterDestination => "outer destination",
            Self::Source => "source",
            Self::Destination => "destination",
            Self::NextHop => "next hop",
            Self::Site => "address",
        })
    }
}

ip_wire::named! {
    /// What refused packets are counted under.
    Reason {
        Malformed = "malformed",
        Checksum = "wrong header checksum",
        Fragment = "fragment",
        TooBig = "too big",
        Buffer = "no room in the buffer",
        Protocol = "not protocol 41",
        NotForUs = "not for this router",
        SpecialOuterSource = "outer source special",
        SpecialOuterDestination = "outer destination special",
        SpecialSourceV4addr = "V4ADDR of the source special",
        SpecialDestinationV4addr = "V4ADDR of the destination special",
        BroadcastSource = "source is a broadcast address",
        BroadcastDestination = "destination is a broadcast address",
        SpecialSource = "source special",
        SpecialDestination = "destination special",
        SourceMismatch = "source spoofed",
        DestinationMismatch = "destination of another site",
        SourceNotOurs = "source of another site",
        ToOurselves = "to this router itself",
        NativeToNative = "native to native",
        NotARelay = "only for a relay",
        UnknownRelay = "unknown relay",
        NoRelay = "no relay",
        Loop = "loop",
        Nested = "tunnel in the tunnel",
        IngressFilter = "ingress filter",
        Congestion = "congestion mark",
        Setting = "setting",
    }
}

#[cfg(test)]
mod tests;
