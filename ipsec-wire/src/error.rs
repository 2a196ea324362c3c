//! The crate's one error type, and what a node does about each error.

use crate::lifetime::Limit;

/// Why a packet was refused, could not be protected, or why an association makes no sense.
///
/// A parse error carries four facts: the [`Field`] that is wrong, its `offset` in octets from the start of the slice that was handed in,
/// what was `found` there and what was `needed`. [`Error::reaction`] is what the RFCs tell a node to do about it. Whatever is wrong with
/// what an ICV protects or a cipher hides is [`Error::Authentication`] and nothing more.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// The IP packet around AH or ESP, or the one to be protected, is wrong.
    #[error(transparent)]
    Ip(#[from] ip_wire::Error),
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
    /// A length does not agree with the association or with the octets there are.
    #[error("{field} at offset {offset}: length {found}, needed {needed}")]
    Length {
        /// The length field, or the structure whose length is wrong.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Its value.
        found: u32,
        /// The nearest value that would be right.
        needed: u32,
    },
    /// A field has a value that its definition, or the association, forbids.
    #[error("{field} at offset {offset}: value {found:#x}, needed {needed:#x}")]
    Mismatch {
        /// The field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Its value.
        found: u32,
        /// The nearest value that would be right.
        needed: u32,
    },
    /// A field of a configuration has a value that its definition forbids.
    #[error("{field}: value {found}, needed {needed}")]
    Value {
        /// The field.
        field: Field,
        /// Its value.
        found: u32,
        /// The nearest value that would be right.
        needed: u32,
    },
    /// A value is set aside (SPIs below 256).
    #[error("{field}: {found} is reserved, the first usable one is {needed}")]
    Reserved {
        /// The field.
        field: Field,
        /// The value.
        found: u32,
        /// The first value that is not reserved.
        needed: u32,
    },
    /// Addresses of one thing are not of one IP version.
    #[error("{field}: an IPv{found} address where the others are IPv{needed}")]
    AddressFamily {
        /// What the addresses are of.
        field: Field,
        /// The version of the address that differs.
        found: u8,
        /// The version of the others.
        needed: u8,
    },
    /// A text that another tool printed can't be read.
    #[error("{field} in line {line}, at offset {offset}: {problem}")]
    Text {
        /// What was to be read.
        field: Field,
        /// What is wrong with it.
        problem: Problem,
        /// Which line, from 1 on.
        line: u32,
        /// Where it is, in octets from the start of the text.
        offset: u32,
    },
    /// A table has no room left.
    #[error("{field}: the table's {limit} entries are taken")]
    TableFull {
        /// The table.
        field: Field,
        /// How many entries it may have.
        limit: u32,
    },
    /// A table holds an entry already that the new one contradicts.
    #[error("{field}: {found:#x} is in use already")]
    Conflict {
        /// What is in use.
        field: Field,
        /// Its value.
        found: u32,
    },
    /// The packet is not one that the holder of the keys made: ICV, padding, next header or inner packet. Which of them is not told.
    #[error("the packet is not authentic")]
    Authentication,
    /// The sequence number was received before, or is too old to tell.
    #[error("sequence number {sequence}: received before, or older than the anti-replay window")]
    Replayed {
        /// The whole number, its high half as recovered with ESN.
        sequence: u64,
    },
    /// All sequence numbers of the association are used up: it can send no more.
    #[error("the sequence numbers of this association are used up")]
    SequenceExhausted,
    /// The numbers that were leased when the state was exported are used up: export again.
    #[error("the sequence numbers leased by the last export are used up")]
    LeaseExhausted,
    /// A hard lifetime has been reached.
    #[error("the hard lifetime of this association is over: {0}")]
    Expired(Limit),
    /// The packet is a fragment, and AH and ESP take whole packets: reassemble first.
    #[error("{field} at offset {offset}: the packet is a fragment, to be reassembled first")]
    NotReassembled {
        /// The field that says so.
        field: Field,
        /// Where it is.
        offset: u32,
    },
    /// Congestion was marked on a packet whose transport does not understand it: it counts as lost (RFC 6040 4.2).
    #[error("congestion was experienced by a packet whose transport does not understand the mark")]
    CongestionLoss,
    /// The protected packet would be over the path MTU.
    #[error("packet of {found} octets is over the {mtu} that fit the path after protection")]
    FragmentationNeeded {
        /// Octets of the packet to be protected.
        found: u32,
        /// The largest that fits: the MTU to report.
        mtu: u32,
    },
    /// A chain of headers is longer than this crate reads.
    #[error("header at offset {offset}: the budget of {limit} headers is used up")]
    HeaderBudget {
        /// The first header that was not read.
        offset: u32,
        /// The budget.
        limit: u32,
    },
    /// The caller's buffer is too small. Nothing was written.
    #[error("{field}: {needed} octets of buffer needed, {found} given")]
    BufferTooSmall {
        /// Which end of the buffer, or what was to be emitted.
        field: Field,
        /// Octets given.
        found: u32,
        /// Octets needed.
        needed: u32,
    },
    /// A value to be emitted or configured does not fit its field.
    #[error("{field}: {found} does not fit, at most {needed} does")]
    DoesNotFit {
        /// The field.
        field: Field,
        /// The value.
        found: u32,
        /// The largest value that fits.
        needed: u32,
    },
    /// A key, salt or ICV has a length that its algorithm does not have.
    #[error("{field}: {found} octets, the algorithm takes {needed}")]
    KeyLength {
        /// Which.
        field: Field,
        /// Octets given.
        found: u32,
        /// The nearest number of octets that it takes.
        needed: u32,
    },
    /// The association would protect nothing, or would be open to attacks that make encryption alone worthless.
    #[error("{0}: refused for an association")]
    Unsafe(Field),
    /// An algorithm or feature is not compiled in, or not of this protocol.
    #[error("{0}: not to be had here")]
    Unsupported(Field),
}

impl Error {
    /// The field that is wrong; `None` where the error tells none.
    #[must_use]
    pub const fn field(&self) -> Option<Field> {
        match *self {
            Self::Truncated { field, .. }
            | Self::Length { field, .. }
            | Self::Mismatch { field, .. }
            | Self::NotReassembled { field, .. }
            | Self::BufferTooSmall { field, .. }
            | Self::DoesNotFit { field, .. }
            | Self::KeyLength { field, .. }
            | Self::Value { field, .. }
            | Self::Reserved { field, .. }
            | Self::AddressFamily { field, .. }
            | Self::Text { field, .. }
            | Self::TableFull { field, .. }
            | Self::Conflict { field, .. }
            | Self::Unsafe(field)
            | Self::Unsupported(field) => Some(field),
            Self::Replayed { .. } | Self::SequenceExhausted | Self::LeaseExhausted => Some(Field::Sequence),
            Self::Expired(_) => Some(Field::Lifetime),
            Self::FragmentationNeeded { .. } => Some(Field::Mtu),
            Self::HeaderBudget { .. } => Some(Field::HeaderChain),
            Self::Ip(_) | Self::Authentication | Self::CongestionLoss => None,
        }
    }

    /// Where the field is, in octets from the start of the slice that was handed in.
    #[must_use]
    pub const fn offset(&self) -> Option<u32> {
        match *self {
            Self::Truncated { offset, .. }
            | Self::Length { offset, .. }
            | Self::Mismatch { offset, .. }
            | Self::NotReassembled { offset, .. }
            | Self::HeaderBudget { offset, .. } => Some(offset),
            Self::Ip(error) => error.offset(),
            _ => None,
        }
    }

    /// The same error seen from a slice that starts `by` octets earlier.
    #[must_use]
    #[cold]
    pub const fn shifted(mut self, by: u32) -> Self {
        match &mut self {
            Self::Truncated { offset, .. }
            | Self::Length { offset, .. }
            | Self::Mismatch { offset, .. }
            | Self::NotReassembled { offset, .. }
            | Self::HeaderBudget { offset, .. } => *offset = offset.saturating_add(by),
            Self::Ip(error) => *error = error.shifted(by),
            _ => {}
        }
        self
    }

    /// What the RFCs tell a node to do.
    ///
    /// | error | reaction | source |
    /// | --- | --- | --- |
    /// | ICV, padding, replay, fragment, unknown SPI, wrong lengths of AH and ESP | discard, and audit | RFC 4302 3.4, RFC 4303 3.4, RFC 4301 5.2 |
    /// | sequence numbers used up | audit, and replace the association | RFC 4302 3.3.2, RFC 4303 3.3.3 |
    /// | hard lifetime reached | replace the association | RFC 4301 4.4.2.1 |
    /// | over the path MTU | packet too big / fragmentation needed | RFC 4301 8.2 |
    /// | congestion loss | discard, and log at a bounded rate | RFC 6040 4.2 |
    /// | the IP header around it | what [`ip_wire::Error::reaction`] says | |
    /// | the caller's buffer, keys or configuration | none: no packet is at fault | |
    #[must_use]
    pub const fn reaction(&self) -> Reaction {
        match *self {
            Self::Ip(error) => match error.reaction() {
                ip_wire::Reaction::None => Reaction::None,
                ip_wire::Reaction::PacketTooBig { mtu } => Reaction::PacketTooBig { mtu },
                _ => Reaction::Discard,
            },
            Self::Truncated { .. }
            | Self::Length { .. }
            | Self::Mismatch { .. }
            | Self::Authentication
            | Self::Replayed { .. }
            | Self::CongestionLoss
            | Self::NotReassembled { .. } => Reaction::Audit,
            Self::HeaderBudget { .. } => Reaction::Discard,
            Self::SequenceExhausted | Self::Expired(_) => Reaction::Replace,
            Self::FragmentationNeeded { mtu, .. } => Reaction::PacketTooBig { mtu },
            Self::LeaseExhausted
            | Self::BufferTooSmall { .. }
            | Self::DoesNotFit { .. }
            | Self::KeyLength { .. }
            | Self::Value { .. }
            | Self::Reserved { .. }
            | Self::AddressFamily { .. }
            | Self::Text { .. }
            | Self::TableFull { .. }
            | Self::Conflict { .. }
            | Self::Unsafe(_)
            | Self::Unsupported(_) => Reaction::None,
        }
    }
}

/// What a node does about an error.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// Nothing: no packet is at fault.
    None,
    /// Discard silently.
    Discard,
    /// Discard, and write an audit record ([`crate::audit::Record`]).
    Audit,
    /// Audit, and have the association replaced.
    Replace,
    /// Report the MTU to the packet's source.
    PacketTooBig {
        /// The MTU.
        mtu: u32,
    },
}

/// What a field belongs to.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// Encapsulating Security Payload.
    Esp,
    /// Authentication Header.
    Ah,
    /// The IP header and its extension headers.
    Ip,
    /// UDP encapsulation.
    Natt,
    /// A security association's parameters.
    Association,
    /// The databases of associations and policy.
    Databases,
    /// What other tools print about associations and policy.
    Text,
    /// The caller's buffer.
    Local,
}

/// What is wrong with a word of a text.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Problem {
    /// The text or line ends where it should be.
    #[error("it is missing")]
    Missing,
    /// It is none of the words that can be here.
    #[error("the word is not known here")]
    Unknown,
    /// It does not look as it should.
    #[error("it is malformed")]
    Malformed,
    /// A number is too large for what it says.
    #[error("the number is out of range")]
    OutOfRange,
    /// It was said before.
    #[error("it is there twice")]
    Repeated,
    /// The tool that printed it had not all of it.
    #[error("it was cut short when it was printed")]
    Truncated,
}

ip_wire::named! {
    /// A field or structure that an error can be about.
    Field, family: Family {
        Esp {
            EspPacket = "ESP packet",
            EspCiphertext = "ESP ciphertext",
            EspTrailer = "ESP trailer",
            EspPadding = "ESP padding",
        }
        Ah {
            AhHeader = "AH header",
            AhLength = "AH Payload Len",
            AhIcv = "AH ICV",
        }
        Ip {
            Protocol = "protocol",
            FragmentOffset = "fragment offset or fragment header",
            Ipv4Option = "IPv4 option",
            Ipv6Option = "IPv6 option",
            RoutingHeader = "IPv6 routing header",
            HeaderChain = "IPv6 header chain",
            Address = "address",
            TotalLength = "total length",
            Mtu = "path MTU",
        }
        Natt {
            UdpHeader = "UDP header",
            UdpPort = "UDP port",
            NonEspMarker = "non-ESP marker",
            IkeHeader = "IKE header",
            InnerChecksum = "checksum of what transport mode carries in UDP",
        }
        Association {
            Spi = "SPI",
            Sequence = "sequence number",
            ReplayWindow = "anti-replay window",
            ReplayStorage = "anti-replay window's storage",
            ReplayHighest = "highest sequence number",
            ReplayBitmap = "anti-replay bitmap",
            EncryptionKey = "encryption key",
            IntegrityKey = "integrity key",
            Iv = "initialization vector",
            Encryption = "encryption algorithm",
            EncryptionOnly = "encryption without integrity",
            Integrity = "integrity algorithm",
            Alignment = "AH alignment",
            Lifetime = "lifetime",
            TunnelEnd = "tunnel endpoint",
            TrafficFlowPadding = "TFC padding",
            FragmentChecking = "stateful fragment checking",
            Dscps = "set of codepoints",
        }
        Databases {
            Sad = "security association database",
            SaProtocol = "security association's protocol",
            Spd = "security policy database",
            Selectors = "selectors",
            AddressRange = "address range",
            PrefixLen = "prefix length",
            Names = "table of names",
            Links = "table of links from policy to security associations",
        }
        Text {
            Record = "record",
            Keyword = "keyword",
            Source = "source address",
            Destination = "destination address",
            Reqid = "reqid",
            Mode = "mode",
            ReplayState = "anti-replay context",
            Flags = "flags",
            Mark = "mark",
            Algorithm = "algorithm",
            Key = "key",
            IcvLen = "ICV length",
            Encapsulation = "UDP or TCP encapsulation",
            Port = "port",
            IcmpType = "ICMP type or code",
            Time = "time",
            Statistics = "statistics",
            Direction = "direction",
            Action = "action",
            Index = "index",
            Priority = "priority",
            PolicyType = "policy type",
            Sharing = "sharing",
            Template = "template",
            Level = "level",
            Device = "device",
            InterfaceId = "interface identifier",
            TfcPad = "traffic flow confidentiality padding",
            Cpu = "CPU",
            User = "user",
            SequenceLen = "sequence number length",
        }
        Local {
            Buffer = "buffer",
            Headroom = "headroom",
            Tailroom = "tailroom",
            Results = "slice of results",
        }
    }
}

/// A length as an error carries it: what does not fit is as bad as the largest that does.
pub(crate) fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
