//! The crate's one error type, and what a node does about each error.

use core::fmt;

use crate::host::KeyIndex;

/// Why a packet was refused or could not be sealed, a table makes no sense, or a session ended.
///
/// A parse error carries four facts: the [`Field`] that is wrong, its `offset` in octets from the start of the slice that was handed in, what was
/// `found` there and what was `needed`. Whatever is wrong with what a MAC protects is [`Error::Authentication`] and nothing more.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// The outer IP packet, or the one to be sealed, is wrong.
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
    /// A length does not agree with the octets there are.
    #[error("{field} at offset {offset}: length {found}, needed {needed}")]
    Length {
        /// The length field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Its value.
        found: u32,
        /// The nearest value that would be right.
        needed: u32,
    },
    /// A field has a value that its definition forbids.
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
    /// The packet is a fragment, and the filter takes whole packets: reassemble first (thesis p. 88).
    #[error("{field} at offset {offset}: the packet is a fragment, to be reassembled first")]
    NotReassembled {
        /// The field that says so.
        field: Field,
        /// Where it is.
        offset: u32,
    },
    /// No table is installed for the host ID.
    #[error("key {index}: no table of this host")]
    UnknownHost {
        /// What was asked for.
        index: KeyIndex,
    },
    /// The host's tables have no key of this index.
    #[error("key {index}: no such key in the host's table")]
    UnknownKey {
        /// What was asked for.
        index: KeyIndex,
    },
    /// The key is there, but this is not the time of it ([`crate::filter::Policy::InPeriod`]).
    #[error("key {index}: used outside of its cryptoperiod")]
    OutsidePeriod {
        /// Which key.
        index: KeyIndex,
    },
    /// The MAC is not the one that the key makes of this packet; or a control message is not what the holder of the keys sent at this point.
    #[error("not authentic")]
    Authentication,
    /// The table's first cryptoperiod has not begun.
    #[error("the key table's first cryptoperiod has not begun")]
    NotYet,
    /// The table has cycled through: every key has had its cryptoperiod (thesis p. 76).
    #[error("the key table has cycled through")]
    CycledThrough,
    /// Congestion was marked on a packet whose transport does not understand it: it counts as lost (RFC 6040 4.2).
    #[error("congestion was experienced by a packet whose transport does not understand the mark")]
    CongestionLoss,
    /// The sealed packet would be over the path MTU.
    #[error("packet of {found} octets is over the {mtu} that fit the path once sealed")]
    FragmentationNeeded {
        /// Octets of the packet to be sealed.
        found: u32,
        /// The largest that fits: the MTU to report.
        mtu: u32,
    },
    /// Two addresses that must be of one IP version are not, and there is no other to take.
    #[error("{field}: an IPv{found} address where the other is IPv{needed}")]
    AddressFamily {
        /// Which address.
        field: Field,
        /// Its version.
        found: u8,
        /// The version needed.
        needed: u8,
    },
    /// The caller's buffer is too small. Nothing was written.
    #[error("{field}: {needed} octets or entries needed, {found} given")]
    BufferTooSmall {
        /// Which end of the buffer, or what was to be emitted.
        field: Field,
        /// How many were given.
        found: u32,
        /// How many are needed.
        needed: u32,
    },
    /// A value does not fit its field, or is over a limit.
    #[error("{field}: {found} does not fit, at most {needed} does")]
    DoesNotFit {
        /// The field.
        field: Field,
        /// The value.
        found: u32,
        /// The largest value that fits.
        needed: u32,
    },
    /// A value is below what makes sense.
    #[error("{field}: {found}, at least {needed} needed")]
    TooSmall {
        /// The field.
        field: Field,
        /// The value.
        found: u32,
        /// The smallest value.
        needed: u32,
    },
    /// A key has a length that its algorithm does not have, or that differs from the other keys' of its table.
    #[error("{field}: {found} octets, {needed} needed")]
    KeyLength {
        /// Which key.
        field: Field,
        /// Octets given.
        found: u32,
        /// The nearest number of octets that would do.
        needed: u32,
    },
    /// The generator of random numbers gave the same key table twice.
    #[error("the random number generator repeats itself")]
    Randomness,
    /// A name that is no authorised user's, or of nobody that this party deals with.
    #[error("{0}: not an authorised user")]
    Unauthorised(Field),
    /// A message that this party does not await now.
    #[error("control message of type {found} came out of turn")]
    OutOfTurn {
        /// Its type.
        found: u8,
    },
    /// The party was asked to do what its state does not allow.
    #[error("the session is not in a state for that")]
    State,
    /// The peer did not answer in time.
    #[error("the peer did not answer in time")]
    Timeout,
    /// The authentication certificate has expired: a call setup is needed (thesis p. 91).
    #[error("the authentication certificate has expired")]
    CertificateExpired,
    /// The peer ended the session.
    #[error("the peer ended the session: {0}")]
    Terminated(TerminateReason),
    /// The timestamp of a flow's datagram is too far from now.
    #[error("timestamp of minute {found}, now it is {now}")]
    Stale {
        /// Minutes in the datagram.
        found: u32,
        /// Minutes of the clock.
        now: u32,
    },
}

/// Why a party ends a session.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum TerminateReason {
    /// It is done. Tables stay usable until they have cycled through or the certificate expires (thesis p. 91).
    Finished = 1,
    /// Tables and certificate are not to be trusted any longer: both ends withdraw them.
    Revoked = 2,
    /// The certificate has expired.
    CertificateExpired = 3,
}

impl TerminateReason {
    /// The reason of a number on the wire.
    #[must_use]
    pub const fn from_wire(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Finished),
            2 => Some(Self::Revoked),
            3 => Some(Self::CertificateExpired),
            _ => None,
        }
    }
}

impl fmt::Display for TerminateReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finished => "finished",
            Self::Revoked => "revoked",
            Self::CertificateExpired => "certificate expired",
        })
    }
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
            | Self::AddressFamily { field, .. }
            | Self::BufferTooSmall { field, .. }
            | Self::DoesNotFit { field, .. }
            | Self::TooSmall { field, .. }
            | Self::KeyLength { field, .. }
            | Self::Unauthorised(field) => Some(field),
            Self::UnknownHost { .. } => Some(Field::HostId),
            Self::UnknownKey { .. } | Self::OutsidePeriod { .. } => Some(Field::KeyIndex),
            Self::NotYet | Self::CycledThrough => Some(Field::KeyTable),
            Self::FragmentationNeeded { .. } => Some(Field::Mtu),
            Self::OutOfTurn { .. } => Some(Field::MessageType),
            Self::CertificateExpired => Some(Field::Certificate),
            Self::Stale { .. } => Some(Field::Timestamp),
            Self::Ip(_)
            | Self::Authentication
            | Self::CongestionLoss
            | Self::Randomness
            | Self::State
            | Self::Timeout
            | Self::Terminated(_) => None,
        }
    }

    /// Where the field is, in octets from the start of the slice that was handed in.
    #[must_use]
    pub const fn offset(&self) -> Option<u32> {
        match *self {
            Self::Truncated { offset, .. }
            | Self::Length { offset, .. }
            | Self::Mismatch { offset, .. }
            | Self::NotReassembled { offset, .. } => Some(offset),
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
            | Self::NotReassembled { offset, .. } => *offset = offset.saturating_add(by),
            Self::Ip(error) => *error = error.shifted(by),
            _ => {}
        }
        self
    }

    /// What a node is to do.
    ///
    /// | error | reaction | source |
    /// | --- | --- | --- |
    /// | anything wrong with a packet that arrives: outer header, trailer, key, MAC, period, timestamp | discard, and audit | thesis p. 90 |
    /// | table cycled through | have it refreshed | thesis p. 76 |
    /// | certificate expired | call setup | thesis p. 91 |
    /// | over the path MTU | packet too big / fragmentation needed | thesis p. 88, RFC 2003 5.1 |
    /// | a control message that is wrong, out of turn or late | end the session | this crate's profile |
    /// | the caller's buffer, keys or configuration | none: no packet is at fault | |
    #[must_use]
    pub const fn reaction(&self) -> Reaction {
        match *self {
            Self::Ip(error) => match error.reaction() {
                ip_wire::Reaction::None => Reaction::None,
                ip_wire::Reaction::PacketTooBig { mtu } => Reaction::PacketTooBig { mtu },
                _ => Reaction::Audit,
            },
            Self::Truncated { field, .. } | Self::Length { field, .. } | Self::Mismatch { field, .. } => match field.family() {
                Family::Session => Reaction::EndSession,
                _ => Reaction::Audit,
            },
            Self::NotReassembled { .. }
            | Self::UnknownHost { .. }
            | Self::UnknownKey { .. }
            | Self::OutsidePeriod { .. }
            | Self::Authentication
            | Self::CongestionLoss
            | Self::Stale { .. } => Reaction::Audit,
            Self::CycledThrough => Reaction::Refresh,
            Self::CertificateExpired => Reaction::CallSetup,
            Self::FragmentationNeeded { mtu, .. } => Reaction::PacketTooBig { mtu },
            Self::Unauthorised(_) | Self::OutOfTurn { .. } | Self::Timeout | Self::Terminated(_) => Reaction::EndSession,
            Self::NotYet
            | Self::AddressFamily { .. }
            | Self::BufferTooSmall { .. }
            | Self::DoesNotFit { .. }
            | Self::TooSmall { .. }
            | Self::KeyLength { .. }
            | Self::Randomness
            | Self::State => Reaction::None,
        }
    }
}

/// What a node does about an error.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// Nothing: no packet is at fault.
    None,
    /// Discard, and write an audit record ([`crate::audit::Record`]).
    Audit,
    /// Ask the Master Authentication Server for a new table.
    Refresh,
    /// Set up a call anew.
    CallSetup,
    /// Close the connection; the state machine has forgotten its keys.
    EndSession,
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
    /// Authentication Trailer.
    Trailer,
    /// The outer IP header.
    Outer,
    /// Keys and their tables.
    Keys,
    /// Control messages.
    Session,
    /// Flow-Based Security.
    Flows,
    /// The caller's buffer.
    Local,
}

ip_wire::named! {
    /// A field or structure that an error can be about.
    Field, family: Family {
        Trailer {
            Trailer = "Authentication Trailer",
            Version = "AT version",
            Option = "AT option",
            Pad = "AT padding bit",
            InnerPacketLength = "Inner Packet Length",
            HostId = "Host ID",
            KeyIndex = "key index",
        }
        Outer {
            Protocol = "outer protocol",
            Fragment = "fragment offset or fragment header",
            OuterSource = "outer source address",
            Mtu = "path MTU",
            InnerPacket = "inner packet",
        }
        Keys {
            Key = "key",
            KeyTable = "key table",
            KeyCount = "number of keys",
            Period = "cryptoperiod",
            Hosts = "hosts of the filter",
        }
        Session {
            Message = "control message",
            MessageLength = "control message length",
            MessageVersion = "control message version",
            MessageType = "control message type",
            Name = "name",
            Algorithm = "MAC algorithm",
            TerminateReason = "reason to terminate",
            Generation = "table generation",
            SessionId = "session number",
            Certificate = "authentication certificate",
            LongTermKey = "long-term key",
            Initiator = "initiator",
            Responder = "responder",
            Users = "authorised users",
        }
        Flows {
            FlowHeader = "FBS header",
            Timestamp = "timestamp",
            Padding = "padding",
            MasterKey = "master key",
            Capacity = "capacity",
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
