//! Which cells are OAM cells (I.610 7.2).

use crate::cell::{Header, Interface, Kind};
use crate::{Error, Field, PayloadType, Vc, Vci};

/// What a flow watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Level {
    /// A virtual path.
    F4,
    /// A virtual channel.
    F5,
}

/// How far a flow goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Scope {
    /// Over a segment of the connection.
    Segment,
    /// From end to end.
    EndToEnd,
}

/// An OAM flow of a connection.
///
/// | flow | segment | end to end |
/// | --- | --- | --- |
/// | F4 | VCI 3 of the path | VCI 4 of the path |
/// | F5 | PT 4 in the channel | PT 5 in the channel |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Flow {
    /// Path or channel.
    pub level: Level,
    /// Segment or end to end.
    pub scope: Scope,
}

impl Flow {
    /// All flows.
    pub const ALL: [Self; 4] = [
        Self { level: Level::F4, scope: Scope::Segment },
        Self { level: Level::F4, scope: Scope::EndToEnd },
        Self { level: Level::F5, scope: Scope::Segment },
        Self { level: Level::F5, scope: Scope::EndToEnd },
    ];

    /// The flow that a cell of that header is of; `None` for what is no OAM cell.
    #[must_use]
    pub const fn of(header: &Header) -> Option<Self> {
        let (level, segment) = match header.kind() {
            Kind::OamF4 { segment } => (Level::F4, segment),
            Kind::OamF5 { segment } => (Level::F5, segment),
            _ => return None,
        };
        Some(Self { level, scope: if segment { Scope::Segment } else { Scope::EndToEnd } })
    }

    /// The header of the flow's cells on the connection `vc`, with GFC 0 and CLP 0. Of a path, the VCI of `vc` is left out.
    ///
    /// # Errors
    /// [`Error::Reserved`] for the F5 flow of a VCI that has no user's channel behind it: 3 and 4, and VPI 0 VCI 0.
    pub const fn header(self, interface: Interface, vc: Vc) -> Result<Header, Error> {
        let mut header = Header::new(interface, vc);
        match (self.level, self.scope) {
            (Level::F4, Scope::Segment) => header.vc.vci = Vci::OAM_F4_SEGMENT,
            (Level::F4, Scope::EndToEnd) => header.vc.vci = Vci::OAM_F4_END_TO_END,
            (Level::F5, Scope::Segment) => header.payload_type = PayloadType::OAM_F5_SEGMENT,
            (Level::F5, Scope::EndToEnd) => header.payload_type = PayloadType::OAM_F5_END_TO_END,
        }
        match header.kind() {
            kind if Self::is_level(self.level, kind) => Ok(header),
            _ => {
                let (found, needed) = (vc.vci.get() as u32, Vci::FIRST_USER.get() as u32);
                Err(Error::Reserved { field: Field::Vci, found, needed })
            }
        }
    }

    const fn is_level(level: Level, kind: Kind) -> bool {
        matches!((level, kind), (Level::F4, Kind::OamF4 { .. }) | (Level::F5, Kind::OamF5 { .. }))
    }
}
