//! The crate's one error type, and what a node does about each error.

use core::fmt;

/// Why octets were refused, or why something could not be emitted or entered into a table.
///
/// A parse error carries four facts: the [`Field`] that is wrong, its `offset` in octets from the start of the slice that
/// was handed in, what was `found` there and what was `needed`. The fifth, what the standards tell a node to do about it,
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
    /// A check sequence (HEC, CRC-3, CRC-10, CRC-32, parity) does not hold.
    #[error("{field} at offset {offset}: {found:#x} found, {needed:#x} needed")]
    Checksum {
        /// The check field.
        field: Field,
        /// Where it is.
        offset: u32,
        /// The value that was carried.
        found: u32,
        /// The value that the octets before it give.
        needed: u32,
    },
    /// A length does not agree with the octets there are.
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
    /// A field has a value that its definition forbids.
    #[error("{field} at offset {offset}: value {found:#x}, needed {needed:#x}")]
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
    /// The octets are of a protocol, type or function that this entry point does not read.
    #[error("{field} at offset {offset}: {found:#x} is not read here")]
    Unsupported {
        /// The field that names the protocol.
        field: Field,
        /// Where it is.
        offset: u32,
        /// Its value.
        found: u32,
    },
    /// The caller's buffer is too small to emit into.
    #[error("{field}: {needed} octets of buffer needed, {found} given")]
    BufferTooSmall {
        /// What was to be emitted.
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
    /// A table that the caller sized has no room left.
    #[error("{field}: the table's {limit} entries are taken")]
    TableFull {
        /// The table.
        field: Field,
        /// How many entries it has.
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
    /// What was to be changed or looked up in a table is not there.
    #[error("{field}: {found:#x} is not in the table")]
    NotFound {
        /// What was looked for.
        field: Field,
        /// Its value.
        found: u32,
    },
    /// A value is set aside for another use (a VCI of the standards, a tag below the first usable one).
    #[error("{field}: {found:#x} is reserved, the first usable one is {needed:#x}")]
    Reserved {
        /// The field.
        field: Field,
        /// The value.
        found: u32,
        /// The first value that is not reserved.
        needed: u32,
    },
}

impl Error {
    /// The field that is wrong.
    #[must_use]
    pub const fn field(&self) -> Field {
        match *self {
            Self::Truncated { field, .. }
            | Self::Checksum { field, .. }
            | Self::Length { field, .. }
            | Self::Value { field, .. }
            | Self::Unsupported { field, .. }
            | Self::BufferTooSmall { field, .. }
            | Self::DoesNotFit { field, .. }
            | Self::TableFull { field, .. }
            | Self::Conflict { field, .. }
            | Self::NotFound { field, .. }
            | Self::Reserved { field, .. } => field,
        }
    }

    /// Where the field is, in octets from the start of the slice that was handed in; `None` where the error is about a buffer, a
    /// value or a table of the caller's.
    #[must_use]
    pub const fn offset(&self) -> Option<u32> {
        match *self {
            Self::Truncated { offset, .. }
            | Self::Checksum { offset, .. }
            | Self::Length { offset, .. }
            | Self::Value { offset, .. }
            | Self::Unsupported { offset, .. } => Some(offset),
            Self::BufferTooSmall { .. }
            | Self::DoesNotFit { .. }
            | Self::TableFull { .. }
            | Self::Conflict { .. }
            | Self::NotFound { .. }
            | Self::Reserved { .. } => None,
        }
    }

    /// The same error seen from a slice that starts `by` octets earlier.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub const fn shifted(mut self, by: u32) -> Self {
        match &mut self {
            Self::Truncated { offset, .. }
            | Self::Checksum { offset, .. }
            | Self::Length { offset, .. }
            | Self::Value { offset, .. }
            | Self::Unsupported { offset, .. } => *offset = offset.saturating_add(by),
            Self::BufferTooSmall { .. }
            | Self::DoesNotFit { .. }
            | Self::TableFull { .. }
            | Self::Conflict { .. }
            | Self::NotFound { .. }
            | Self::Reserved { .. } => {}
        }
        self
    }

    /// What the standards tell a node that meets this error to do.
    ///
    /// | error | reaction | source |
    /// | --- | --- | --- |
    /// | HEC that cannot be corrected | discard the cell | I.432.1 4.3.2 |
    /// | OAM cell with a bad CRC-10, unknown type or function | discard the cell | I.610 |
    /// | AAL1 SNP, AAL3/4 CRC-10 | discard the SAR-PDU | I.363.1, I.363.3 |
    /// | AAL5 CRC-32, length, CPI | discard the PDU and tell the user of the AAL | I.363.5 |
    /// | LLC/SNAP, NLPID, bridged FCS | discard the PDU | RFC 2684 |
    /// | ATMARP | discard the PDU | RFC 2225 |
    /// | a buffer, value or table of the caller's | none: no cell is at fault | |
    #[must_use]
    pub const fn reaction(&self) -> Reaction {
        match *self {
            Self::Truncated { field, .. }
            | Self::Checksum { field, .. }
            | Self::Length { field, .. }
            | Self::Value { field, .. }
            | Self::Unsupported { field, .. } => match field.family() {
                Family::Cell | Family::Oam | Family::Aal1 | Family::Aal34 => Reaction::DiscardCell,
                Family::Aal5 | Family::Llc | Family::AtmArp | Family::Link => Reaction::DiscardPdu,
                Family::Local => Reaction::None,
            },
            Self::BufferTooSmall { .. }
            | Self::DoesNotFit { .. }
            | Self::TableFull { .. }
            | Self::Conflict { .. }
            | Self::NotFound { .. }
            | Self::Reserved { .. } => Reaction::None,
        }
    }
}

/// What a node does with what it refuses. No ATM error is answered on the network.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reaction {
    /// Nothing: a buffer, value or table of the caller's is at fault.
    None,
    /// Drop the cell (or SAR-PDU) and count it.
    DiscardCell,
    /// Drop the AAL's whole PDU, count it, and tell the AAL's user.
    DiscardPdu,
}

/// The protocol that a [`Field`] belongs to.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// The cell and its header.
    Cell,
    /// OAM cells.
    Oam,
    /// AAL type 1.
    Aal1,
    /// AAL type 3/4.
    Aal34,
    /// AAL type 5.
    Aal5,
    /// RFC 2684 encapsulations.
    Llc,
    /// RFC 2225 ATMARP and InATMARP.
    AtmArp,
    /// Pseudo-headers of capture files.
    Link,
    /// Buffers, tables and settings of the caller's.
    Local,
}

macro_rules! fields {
    ($($family:ident { $($name:ident = $text:literal,)* })*) => {
        /// The structures and fields that errors name.
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Field {
            $($(
                #[doc = concat!("The ", $text, ".")]
                $name,
            )*)*
        }

        impl Field {
            /// The protocol that the field belongs to.
            #[must_use]
            pub const fn family(self) -> Family {
                match self {
                    $($(Self::$name => Family::$family,)*)*
                }
            }

            /// Its name in the standards' words.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$name => $text,)*)*
                }
            }

            /// All fields, for tests of properties that every field must have.
            #[cfg(test)]
            pub(crate) const ALL: &'static [Self] = &[$($(Self::$name,)*)*];
        }
    };
}

fields! {
    Cell {
        Cell = "ATM cell",
        Hec = "HEC",
        Gfc = "GFC",
        Vpi = "VPI",
        Vci = "VCI",
        PayloadType = "PT",
    }
    Oam {
        OamCell = "OAM cell",
        OamType = "OAM type",
        OamFunction = "OAM function type",
        OamCrc = "OAM CRC-10",
        OamIndication = "OAM loopback indication",
    }
    Aal1 {
        Aal1Header = "AAL1 SAR-PDU header",
        Aal1Snp = "AAL1 SNP",
        Aal1Sequence = "AAL1 sequence count",
        Aal1Pointer = "AAL1 structure pointer",
    }
    Aal34 {
        Aal34SarPdu = "AAL3/4 SAR-PDU",
        Aal34Crc = "AAL3/4 CRC-10",
        Aal34Length = "AAL3/4 LI",
        Aal34SegmentType = "AAL3/4 ST",
        Aal34Mid = "AAL3/4 MID",
        Aal34CpcsPdu = "AAL3/4 CPCS-PDU",
        Aal34Cpi = "AAL3/4 CPI",
        Aal34Tag = "AAL3/4 Etag",
        Aal34BaSize = "AAL3/4 BASize",
        Aal34Al = "AAL3/4 AL",
        Aal34CpcsLength = "AAL3/4 Length",
    }
    Aal5 {
        Aal5Pdu = "AAL5 CPCS-PDU",
        Aal5Length = "AAL5 Length",
        Aal5Cpi = "AAL5 CPI",
        Aal5Crc = "AAL5 CRC-32",
        Aal5Sdu = "AAL5 CPCS-SDU",
    }
    Llc {
        LlcHeader = "LLC header",
        SnapHeader = "SNAP header",
        SnapOui = "SNAP OUI",
        SnapPid = "SNAP PID",
        Nlpid = "NLPID",
        BridgedFrame = "bridged frame",
        BridgedFcs = "bridged frame's FCS",
        BridgedPad = "bridged frame's PAD",
        CommonPduTrailer = "802.6 common PDU trailer",
        VpnHeader = "VPN encapsulation header",
        VcMuxPdu = "VC-multiplexed PDU",
    }
    AtmArp {
        AtmArpPacket = "ATMARP packet",
        AtmArpHardware = "ATMARP hardware type",
        AtmArpProtocol = "ATMARP protocol type",
        AtmArpOperation = "ATMARP operation code",
        AtmArpNumber = "ATMARP ATM number",
        AtmArpSubaddress = "ATMARP ATM subaddress",
        AtmArpProtocolAddress = "ATMARP protocol address",
    }
    Link {
        SunAtmHeader = "SunATM pseudo-header",
    }
    Local {
        Buffer = "buffer",
        SwitchTable = "switch table",
        SwitchPort = "switch port",
        SwitchConnection = "switch connection",
        SwitchLeaf = "point-to-multipoint leaf",
        Tag = "tag",
        TagBase = "Tag Information Base",
        TagRoute = "tag route",
        TagNeighbor = "tag neighbour",
        Prefix = "address prefix",
        PolicerRate = "policer rate",
        PolicerTolerance = "policer tolerance",
        ReassemblyLimit = "reassembly limit",
        DelineationThreshold = "delineation threshold",
        Vc = "virtual channel",
        LoopbackTable = "table of loopback requests",
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A length as an error carries it: what does not fit is as bad as the largest that does.
pub(crate) fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
