//! The crate's one error type, and what a node owes the sender for each error.

/// Why octets were refused, or why something could not be emitted.
///
/// A parse error carries four facts: the [`Field`] that is wrong, its `offset` in octets from the start of the slice that
/// was handed in, what was `found` there and what was `needed`. The fifth, what the RFCs tell a node to do about it,
/// is [`Error::reaction`].
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// The slice ends inside a structure: `needed` octets from `offset` on, `found` are there.
    #[error("{field} at offset {offset}: {needed} octets needed, {found} found")]
    Truncated {
        /// The structure that is cut short.
        field: Field,
        /// Where the structure starts.
        offset: u32,
        /// Octets there are from `offset` on.
        found: u32,
        /// Octets the structure takes.
        needed: u32,
    },
    /// A version nibble (or PPP/SLL discriminator) is not the one this parser reads.
    #[error("{field} at offset {offset}: {found} found, {needed} needed")]
    Version {
        /// The field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Its value.
        found: u8,
        /// The value of this protocol.
        needed: u8,
    },
    /// A length field claims less than the fixed part that it covers (IHL below 5, data offset below 5, UDP length below 8).
    #[error("{field} at offset {offset}: {found} found, at least {needed} needed")]
    LengthTooSmall {
        /// The length field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Its value, in its own unit.
        found: u32,
        /// The smallest value that makes sense, in the same unit.
        needed: u32,
    },
    /// A length field claims more octets than there are.
    #[error("{field} at offset {offset}: claims {needed} octets, {found} are there")]
    LengthBeyondBuffer {
        /// The length field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Octets there are.
        found: u32,
        /// Octets the field claims.
        needed: u32,
    },
    /// A checksum does not hold.
    #[error("{field} at offset {offset}: {found:#06x} found, {needed:#06x} needed")]
    Checksum {
        /// The checksum field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// The checksum in the packet.
        found: u16,
        /// The checksum that its octets give.
        needed: u16,
    },
    /// An option's length octet cannot be: below the octets that every option of its form has, or not the one its type has.
    #[error("{field} at offset {offset}: length {found}, needed {needed}")]
    OptionLength {
        /// The option's area.
        field: Field,
        /// Where the option starts.
        offset: u32,
        /// The length octet.
        found: u32,
        /// The length that the option's type calls for (the least one where it varies).
        needed: u32,
    },
    /// An option goes on past the end of the area that holds it.
    #[error("{field} at offset {offset}: {needed} octets needed, {found} left in the header")]
    OptionOverrun {
        /// The option's area.
        field: Field,
        /// Where the option starts.
        offset: u32,
        /// Octets left in the area.
        found: u32,
        /// Octets the option claims.
        needed: u32,
    },
    /// A field has a value that its definition forbids (a pointer outside its list, a jumbo length below 65,536, ...).
    #[error("{field} at offset {offset}: value {found}, needed {needed}")]
    Value {
        /// The field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Its value.
        found: u32,
        /// The nearest value that would be right.
        needed: u32,
    },
    /// A hop-by-hop options header stands elsewhere than right behind the IPv6 header (RFC 8200 4.1).
    #[error("hop-by-hop options header at offset {offset}: not right behind the IPv6 header (next header field at {pointer})")]
    HopByHopNotFirst {
        /// Where the misplaced header starts.
        offset: u32,
        /// Where the next header field that announces it is.
        pointer: u32,
    },
    /// A walk met more headers than its budget allows.
    #[error("header at offset {offset}: the budget of {limit} headers is used up")]
    HeaderBudget {
        /// The first header that was not read.
        offset: u32,
        /// The budget.
        limit: u32,
    },
    /// The octets are of a protocol that this entry point does not read.
    #[error("{field} at offset {offset}: {found:#x} is not a protocol read here")]
    UnsupportedProtocol {
        /// The field that names the protocol.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Its value.
        found: u32,
    },
    /// The packet is a fragment, and what was asked for takes a whole one: reassemble first.
    #[error("{field} at offset {offset}: the packet is a fragment, to be reassembled first")]
    NotReassembled {
        /// The field that says so.
        field: Field,
        /// Where it is.
        offset: u32,
    },
    /// A fragment that is not the last has a length that is no multiple of 8 octets.
    #[error("{field} at offset {offset}: {found} octets are no multiple of 8 in a fragment that is not the last")]
    FragmentLength {
        /// The length field to point at.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Octets of fragment data.
        found: u32,
    },
    /// A fragment would end past 65,535 octets of reassembled datagram (the "ping of death").
    #[error("{field} at offset {offset}: the datagram would have {found} octets, at most {needed} are possible")]
    FragmentBeyondDatagram {
        /// The fragment offset field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Octets the datagram would have.
        found: u32,
        /// Octets it may have.
        needed: u32,
    },
    /// The first fragment does not hold the whole header chain (RFC 7112), or too little of a transport header (RFC 1858).
    #[error("{field} at offset {offset}: first fragment holds {found} octets of headers, {needed} needed")]
    FirstFragmentTooSmall {
        /// The header that is cut short.
        field: Field,
        /// Where it starts.
        offset: u32,
        /// Octets of it in the fragment.
        found: u32,
        /// Octets needed.
        needed: u32,
    },
    /// The packet is longer than the MTU and may not be fragmented on the way.
    #[error("packet of {found} octets is over the MTU of {mtu} and may not be fragmented")]
    FragmentationNeeded {
        /// Octets of the packet.
        found: u32,
        /// The MTU to report.
        mtu: u32,
    },
    /// The hop limit or time to live is used up.
    #[error("{field} at offset {offset}: {found} hops left, more than 1 needed to forward")]
    HopLimitExceeded {
        /// The field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Its value.
        found: u8,
    },
    /// The caller's buffer is too small to emit into.
    #[error("{field}: {needed} octets of buffer needed, {found} given")]
    BufferTooSmall {
        /// What was to be emitted, or which end of a buffer was to grow.
        field: Field,
        /// Octets given.
        found: u32,
        /// Octets needed.
        needed: u32,
    },
    /// A value to be emitted does not fit its field.
    #[error("{field}: {found} does not fit, at most {needed} does")]
    DoesNotFit {
        /// The field.
        field: Field,
        /// The value.
        found: u32,
        /// The largest value that fits.
        needed: u32,
    },
    /// Two things that must be of one IP version are not.
    #[error("{field}: IP version {found} where {needed} is needed")]
    AddressFamily {
        /// What is of the wrong version.
        field: Field,
        /// Its version.
        found: u8,
        /// The version needed.
        needed: u8,
    },
}

impl Error {
    /// The field that is wrong.
    #[must_use]
    pub const fn field(&self) -> Field {
        match *self {
            Self::Truncated { field, .. }
            | Self::Version { field, .. }
            | Self::LengthTooSmall { field, .. }
            | Self::LengthBeyondBuffer { field, .. }
            | Self::Checksum { field, .. }
            | Self::OptionLength { field, .. }
            | Self::OptionOverrun { field, .. }
            | Self::Value { field, .. }
            | Self::UnsupportedProtocol { field, .. }
            | Self::NotReassembled { field, .. }
            | Self::FragmentLength { field, .. }
            | Self::FragmentBeyondDatagram { field, .. }
            | Self::FirstFragmentTooSmall { field, .. }
            | Self::HopLimitExceeded { field, .. }
            | Self::BufferTooSmall { field, .. }
            | Self::DoesNotFit { field, .. }
            | Self::AddressFamily { field, .. } => field,
            Self::HopByHopNotFirst { .. } => Field::Ipv6NextHeader,
            Self::HeaderBudget { .. } => Field::Ipv6Extension,
            Self::FragmentationNeeded { .. } => Field::Mtu,
        }
    }

    /// Where the field is, in octets from the start of the slice that was handed in; `None` where the error is about
    /// a buffer or value of the caller's.
    #[must_use]
    pub const fn offset(&self) -> Option<u32> {
        match *self {
            Self::Truncated { offset, .. }
            | Self::Version { offset, .. }
            | Self::LengthTooSmall { offset, .. }
            | Self::LengthBeyondBuffer { offset, .. }
            | Self::Checksum { offset, .. }
            | Self::OptionLength { offset, .. }
            | Self::OptionOverrun { offset, .. }
            | Self::Value { offset, .. }
            | Self::UnsupportedProtocol { offset, .. }
            | Self::NotReassembled { offset, .. }
            | Self::FragmentLength { offset, .. }
            | Self::FragmentBeyondDatagram { offset, .. }
            | Self::FirstFragmentTooSmall { offset, .. }
            | Self::HopLimitExceeded { offset, .. }
            | Self::HopByHopNotFirst { offset, .. }
            | Self::HeaderBudget { offset, .. } => Some(offset),
            Self::FragmentationNeeded { .. }
            | Self::BufferTooSmall { .. }
            | Self::DoesNotFit { .. }
            | Self::AddressFamily { .. } => None,
        }
    }

    /// The same error seen from a slice that starts `by` octets earlier: a parser of an inner layer counts from its own
    /// first octet, an ICMP pointer counts from the packet's.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub const fn shifted(mut self, by: u32) -> Self {
        match &mut self {
            Self::Truncated { offset, .. }
            | Self::Version { offset, .. }
            | Self::LengthTooSmall { offset, .. }
            | Self::LengthBeyondBuffer { offset, .. }
            | Self::Checksum { offset, .. }
            | Self::OptionLength { offset, .. }
            | Self::OptionOverrun { offset, .. }
            | Self::Value { offset, .. }
            | Self::UnsupportedProtocol { offset, .. }
            | Self::NotReassembled { offset, .. }
            | Self::FragmentLength { offset, .. }
            | Self::FragmentBeyondDatagram { offset, .. }
            | Self::FirstFragmentTooSmall { offset, .. }
            | Self::HopLimitExceeded { offset, .. }
            | Self::HeaderBudget { offset, .. } => *offset = offset.saturating_add(by),
            Self::HopByHopNotFirst { offset, pointer } => {
                *offset = offset.saturating_add(by);
                *pointer = pointer.saturating_add(by);
            }
            Self::FragmentationNeeded { .. }
            | Self::BufferTooSmall { .. }
            | Self::DoesNotFit { .. }
            | Self::AddressFamily { .. } => {}
        }
        self
    }

    /// What the RFCs tell a node that meets this error to do with the packet.
    ///
    /// | error | reaction | source |
    /// | --- | --- | --- |
    /// | IPv4 header: version, IHL, total length, checksum, truncation | discard silently | RFC 1812 5.2.2, RFC 1122 3.2.1 |
    /// | IPv4 options | parameter problem, code 0, pointer to the option | RFC 792, RFC 1122 3.2.1.8, RFC 1812 5.3.12 |
    /// | IPv6 header and extension header fields | parameter problem, code 0, pointer to the field | RFC 4443 3.4 |
    /// | hop-by-hop header not first | parameter problem, code 1, pointer to the next header field | RFC 8200 4 |
    /// | first fragment without the whole chain | parameter problem, code 3, pointer 0 | RFC 7112 5, RFC 8883 |
    /// | fragment not a multiple of 8, or past 65,535 | parameter problem, code 0 (IPv6); discard (IPv4) | RFC 8200 4.5 |
    /// | MTU | packet too big / fragmentation needed | RFC 8200 5, RFC 1191 |
    /// | hop limit | time exceeded, code 0 | RFC 4443 3.3, RFC 792 |
    /// | transport and ICMP checksums and lengths | discard silently | RFC 9293 3.1, RFC 768, RFC 8200 8.1 |
    /// | unsupported next header | parameter problem, code 1 (IPv6); protocol unreachable (IPv4) | RFC 8200 4, RFC 1122 3.2.2.1 |
    /// | a fragment that is to be reassembled first; the caller's buffer or value | none: no packet is at fault | |
    ///
    /// Whether an ICMP error may be sent at all for a given packet is [`crate::answer`]'s to say.
    #[must_use]
    pub const fn reaction(&self) -> Reaction {
        match *self {
            Self::BufferTooSmall { .. } | Self::DoesNotFit { .. } | Self::AddressFamily { .. } | Self::NotReassembled { .. } => {
                Reaction::None
            }
            Self::FragmentationNeeded { mtu, .. } => Reaction::PacketTooBig { mtu },
            Self::HopLimitExceeded { .. } => Reaction::TimeExceeded { code: 0 },
            Self::HopByHopNotFirst { pointer, .. } => Reaction::ParameterProblem { code: 1, pointer },
            // A limit of the node's own on a chain: RFC 8504 5.3 discards, no sender is owed the number.
            Self::HeaderBudget { .. } | Self::Version { .. } | Self::Checksum { .. } => Reaction::Discard,
            Self::FirstFragmentTooSmall { field, .. } => match field.protocol() {
                Family::Ipv6 => Reaction::ParameterProblem { code: 3, pointer: 0 },
                _ => Reaction::Audit,
            },
            Self::FragmentLength { field, offset, .. } | Self::FragmentBeyondDatagram { field, offset, .. } => {
                match field.protocol() {
                    Family::Ipv6 => Reaction::ParameterProblem { code: 0, pointer: offset },
                    _ => Reaction::Audit,
                }
            }
            Self::UnsupportedProtocol { field, offset, .. } => match field.protocol() {
                Family::Ipv6 => Reaction::ParameterProblem { code: 1, pointer: offset },
                Family::Ipv4 => Reaction::Unreachable { code: 2 },
                _ => Reaction::Discard,
            },
            Self::OptionLength { field, offset, .. }
            | Self::OptionOverrun { field, offset, .. }
            | Self::Value { field, offset, .. } => match field.protocol() {
                Family::Ipv4 | Family::Ipv6 => Reaction::ParameterProblem { code: 0, pointer: offset },
                _ => Reaction::Discard,
            },
            Self::LengthTooSmall { field, offset, .. } | Self::LengthBeyondBuffer { field, offset, .. } => match field.protocol()
            {
                Family::Ipv6 if !matches!(field, Field::Ipv6PayloadLength) => {
                    Reaction::ParameterProblem { code: 0, pointer: offset }
                }
                _ => Reaction::Discard,
            },
            Self::Truncated { .. } => Reaction::Discard,
        }
    }
}

/// What a node owes the sender of a packet that it refuses. [`crate::answer`] turns it into the ICMP message.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// Nothing to do with a packet: a buffer or a value of the caller's is at fault.
    None,
    /// Drop it and tell nobody.
    Discard,
    /// Drop it, tell nobody on the network, and record it: it looks like an attack.
    Audit,
    /// ICMP parameter problem: type 12 (IPv4) or 4 (IPv6).
    ParameterProblem {
        /// The ICMP code.
        code: u8,
        /// Octet offset of the field at fault from the start of the packet.
        pointer: u32,
    },
    /// ICMPv4 destination unreachable code 4 (RFC 1191) or ICMPv6 packet too big (RFC 4443 3.2).
    PacketTooBig {
        /// MTU of the next hop in octets.
        mtu: u32,
    },
    /// ICMP time exceeded: code 0 in transit, 1 in reassembly.
    TimeExceeded {
        /// The ICMP code.
        code: u8,
    },
    /// ICMP destination unreachable.
    Unreachable {
        /// The ICMP code, of the packet's own IP version.
        code: u8,
    },
}

/// The protocol family that a [`Field`] belongs to.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Link layers.
    Link,
    /// IPv4 and its options.
    Ipv4,
    /// IPv6, its extension headers and options.
    Ipv6,
    /// AH and ESP headers.
    Ipsec,
    /// TCP, UDP, UDP-Lite.
    Transport,
    /// ICMPv4 and ICMPv6.
    Icmp,
    /// Buffers and parameters of the caller's.
    Caller,
}

crate::named! {
    /// Every field, header or buffer that an [`Error`] can name.
    Field, protocol: Family {
        Link {
            EthernetHeader = "Ethernet header",
            EtherType = "EtherType",
            VlanTag = "802.1Q tag",
            LlcHeader = "802.2 LLC header",
            SnapHeader = "SNAP header",
            SllHeader = "Linux cooked header",
            NullHeader = "loopback header",
            PppHeader = "PPP header",
            LinkLength = "802.3 length",
            VlanStack = "802.1Q tag stack",
            LinkHeaders = "link-layer headers",
            LinkType = "link type",
            RawIpVersion = "version of a raw IP packet",
        }
        Ipv4 {
            Ipv4Header = "IPv4 header",
            Ipv4Version = "IPv4 version",
            Ipv4Ihl = "IPv4 header length",
            Ipv4TotalLength = "IPv4 total length",
            Ipv4Identification = "IPv4 identification",
            Ipv4FragmentOffset = "IPv4 fragment offset",
            Ipv4Ttl = "IPv4 time to live",
            Ipv4Protocol = "IPv4 protocol",
            Ipv4Checksum = "IPv4 header checksum",
            Ipv4Options = "IPv4 options",
            Ipv4Option = "IPv4 option",
            Ipv4OptionPointer = "IPv4 option pointer",
            Ipv4OptionOverflow = "IPv4 timestamp overflow count",
            Ipv4OptionFlag = "IPv4 timestamp flag",
            Ipv4Address = "IPv4 address",
        }
        Ipv6 {
            Ipv6Header = "IPv6 header",
            Ipv6Version = "IPv6 version",
            Ipv6PayloadLength = "IPv6 payload length",
            Ipv6NextHeader = "IPv6 next header",
            Ipv6HopLimit = "IPv6 hop limit",
            Ipv6Extension = "IPv6 extension header",
            Ipv6ExtensionLength = "IPv6 extension header length",
            Ipv6Option = "IPv6 option",
            Ipv6Options = "IPv6 options",
            Ipv6JumboLength = "IPv6 jumbo payload length",
            Ipv6SegmentsLeft = "IPv6 routing header segments left",
            Ipv6RoutingHeader = "IPv6 routing header",
            Ipv6RoutingLength = "IPv6 routing header length",
            Ipv6FragmentHeader = "IPv6 fragment header",
            Ipv6FragmentOffset = "IPv6 fragment offset",
            Ipv6MobilityHeader = "IPv6 mobility header",
            Ipv6HeaderChain = "IPv6 header chain",
            Ipv6Address = "IPv6 address",
        }
        Ipsec {
            AhHeader = "authentication header",
            AhLength = "authentication header length",
            EspHeader = "ESP header",
        }
        Transport {
            TcpHeader = "TCP header",
            TcpDataOffset = "TCP data offset",
            TcpChecksum = "TCP checksum",
            TcpOption = "TCP option",
            TcpOptions = "TCP options",
            TcpFragmentOffset = "TCP fragment at offset 1",
            UdpHeader = "UDP header",
            UdpLength = "UDP length",
            UdpChecksum = "UDP checksum",
            UdpLiteHeader = "UDP-Lite header",
            UdpLiteCoverage = "UDP-Lite checksum coverage",
            UdpLiteChecksum = "UDP-Lite checksum",
            Ports = "transport ports",
        }
        Icmp {
            Icmpv4Header = "ICMP header",
            Icmpv4Checksum = "ICMP checksum",
            Icmpv4Message = "ICMP message",
            Icmpv6Header = "ICMPv6 header",
            Icmpv6Checksum = "ICMPv6 checksum",
            Icmpv6Message = "ICMPv6 message",
            IcmpOriginal = "original datagram of an ICMP error",
            IcmpLength = "ICMP original datagram length",
        }
        Caller {
            Buffer = "buffer",
            Headroom = "headroom",
            Tailroom = "tailroom",
            Mtu = "MTU",
            Payload = "payload",
            Address = "address",
            Checksum = "checksum",
        }
    }
}

/// A length as the errors carry it. No packet of this family reaches 4 GiB; what does is reported as the largest number.
pub(crate) fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
