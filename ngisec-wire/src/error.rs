//! The crate's one error type.

/// Why a packet was not framed, not accepted or not translated.
///
/// Whatever is wrong with what an ICV protects or a cipher hides is [`ipsec_wire::Error::Authentication`] and nothing more; so is a duplicate that
/// can't be, when it was hidden.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// IP, the transport header, AH, ESP or an association.
    #[error(transparent)]
    Ipsec(#[from] ipsec_wire::Error),
    /// The packet ends inside a structure.
    #[error("{field} at offset {offset}: {needed} octets needed, {found} found")]
    Truncated {
        /// The structure.
        field: Field,
        /// Where it starts.
        offset: u32,
        /// Octets that there are.
        found: u32,
        /// Octets that it takes.
        needed: u32,
    },
    /// A field has a value that cannot be beside the others.
    #[error("{field} at offset {offset}: value {found:#x}, needed {needed:#x}")]
    Mismatch {
        /// The field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Its value.
        found: u32,
        /// What it should be.
        needed: u32,
    },
    /// The packet is a fragment: reassemble first.
    #[error("the packet is a fragment, to be reassembled first")]
    NotReassembled,
    /// The packet carries neither TCP nor UDP.
    #[error("protocol {0}: neither TCP nor UDP")]
    Transport(u8),
    /// The framed packet would be longer than IP has room for.
    #[error("packet of {found} octets after framing: at most {needed} fit")]
    TooLong {
        /// Octets that it would have.
        found: u32,
        /// Octets that it may have.
        needed: u32,
    },
    /// The caller's buffer has too little room. Nothing was written.
    #[error("{field}: {needed} octets needed, {found} given")]
    BufferTooSmall {
        /// Which end.
        field: Field,
        /// Octets given.
        found: u32,
        /// Octets needed.
        needed: u32,
    },
    /// A table is full, and none of its entries may go.
    #[error("{field}: all {limit} places are taken by flows in use")]
    TableFull {
        /// The table.
        field: Field,
        /// How many places it has.
        limit: u32,
    },
    /// No entry or association of this node is for the packet.
    #[error("{0}: none is for this packet")]
    Unknown(Field),
    /// An association can't be used here.
    #[error("{0}: not to be used for NGISec")]
    Unsuitable(Field),
}

impl From<ip_wire::Error> for Error {
    fn from(error: ip_wire::Error) -> Self {
        Self::Ipsec(ipsec_wire::Error::Ip(error))
    }
}

impl Error {
    /// What was hidden is wrong.
    pub(crate) const AUTHENTICATION: Self = Self::Ipsec(ipsec_wire::Error::Authentication);

    /// The field that is wrong, where the error is this crate's own.
    #[must_use]
    pub const fn field(&self) -> Option<Field> {
        match *self {
            Self::Truncated { field, .. }
            | Self::Mismatch { field, .. }
            | Self::BufferTooSmall { field, .. }
            | Self::TableFull { field, .. }
            | Self::Unknown(field)
            | Self::Unsuitable(field) => Some(field),
            Self::Transport(_) => Some(Field::Transport),
            Self::TooLong { .. } => Some(Field::TotalLength),
            Self::NotReassembled => Some(Field::Fragment),
            Self::Ipsec(_) => None,
        }
    }

    /// What a node does about it: draft-shukla says nothing of its own, so what the RFCs of IP, AH and ESP say.
    #[must_use]
    pub const fn reaction(&self) -> ipsec_wire::Reaction {
        use ipsec_wire::Reaction;
        match self {
            Self::Ipsec(error) => error.reaction(),
            Self::Truncated { .. } | Self::Mismatch { .. } | Self::NotReassembled => Reaction::Audit,
            Self::Transport(_) | Self::Unknown(_) | Self::TableFull { .. } => Reaction::Discard,
            Self::TooLong { needed, .. } => Reaction::PacketTooBig { mtu: *needed },
            Self::BufferTooSmall { .. } | Self::Unsuitable(_) => Reaction::None,
        }
    }
}

ip_wire::named! {
    /// What an error of this crate can be about.
    Field {
        Duplicate = "duplicated headers",
        DuplicateLength = "length of the duplicated headers",
        OuterHeader = "outer transport header",
        Transport = "transport protocol",
        Fragment = "fragment offset",
        TotalLength = "total length",
        NextHeader = "next header",
        Headroom = "headroom",
        Tailroom = "tailroom",
        FlowTable = "table of flows",
        PortPool = "pool of ports",
        Mapping = "mapping of the translation",
        Association = "association",
        AuthenticationHeader = "association for the authentication header",
        Payload = "association for the payload",
        Network = "network of private addresses",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn an_error_is_small_and_says_what_was_found_and_needed() {
        assert!(size_of::<Error>() <= 24, "{}", size_of::<Error>());
        let error = Error::Truncated { field: Field::Duplicate, offset: 4, found: 3, needed: 28 };
        assert_eq!(error.to_string(), "duplicated headers at offset 4: 28 octets needed, 3 found");
        assert_eq!(error.reaction(), ipsec_wire::Reaction::Audit);
        assert_eq!(Error::Transport(1).to_string(), "protocol 1: neither TCP nor UDP");
        let reaction = Error::TooLong { found: 70_000, needed: 65_535 }.reaction();
        assert_eq!(reaction, ipsec_wire::Reaction::PacketTooBig { mtu: 65_535 });
        assert_eq!(Error::Unknown(Field::Mapping).reaction(), ipsec_wire::Reaction::Discard);
        assert_eq!(Error::Unsuitable(Field::Payload).reaction(), ipsec_wire::Reaction::None);
        assert_eq!(Error::Unsuitable(Field::Payload).field(), Some(Field::Payload));
        assert_eq!((Error::NotReassembled.field(), Error::AUTHENTICATION.field()), (Some(Field::Fragment), None));
    }
}
