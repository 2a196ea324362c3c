//! The function-specific fields (I.610 10.2 to 10.5).

use super::{Function, SPECIFIC_LEN, Type, UNUSED, nibble};
use crate::{Error, Field};

/// What an OAM cell says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Contents<'a> {
    /// Alarm indication signal: there is a defect upstream.
    Ais(Alarm),
    /// Remote defect indication: the other end has a defect in what it receives.
    Rdi(Alarm),
    /// Continuity check; all octets are unused.
    ContinuityCheck(&'a [u8; SPECIFIC_LEN]),
    /// Loopback.
    Loopback(Loopback),
    /// Forward monitoring.
    ForwardMonitoring(Performance),
    /// Backward reporting.
    BackwardReporting(Performance),
    /// Forward monitoring and backward reporting in one cell.
    MonitoringAndReporting(Performance),
    /// Activation or deactivation of what the function type names.
    Activation(Function, Activation),
    /// Automatic protection switching coordination, whose octets are I.630's; with its function type.
    ProtectionSwitching(Function, &'a [u8; SPECIFIC_LEN]),
    /// System management, whose octets are its users'; with its function type.
    SystemManagement(Function, &'a [u8; SPECIFIC_LEN]),
}

impl<'a> Contents<'a> {
    /// A continuity check cell's contents.
    pub const CONTINUITY_CHECK: Self = Self::ContinuityCheck(&[UNUSED; SPECIFIC_LEN]);

    /// OAM type.
    #[must_use]
    pub const fn oam_type(&self) -> Type {
        match self {
            Self::Ais(_) | Self::Rdi(_) | Self::ContinuityCheck(_) | Self::Loopback(_) => Type::FAULT_MANAGEMENT,
            Self::ForwardMonitoring(_) | Self::BackwardReporting(_) | Self::MonitoringAndReporting(_) => {
                Type::PERFORMANCE_MANAGEMENT
            }
            Self::Activation(..) => Type::ACTIVATION,
            Self::ProtectionSwitching(..) => Type::PROTECTION_SWITCHING,
            Self::SystemManagement(..) => Type::SYSTEM_MANAGEMENT,
        }
    }

    /// Function type.
    #[must_use]
    pub const fn function(&self) -> Function {
        match *self {
            Self::Ais(_) => Function::AIS,
            Self::Rdi(_) => Function::RDI,
            Self::ContinuityCheck(_) => Function::CONTINUITY_CHECK,
            Self::Loopback(_) => Function::LOOPBACK,
            Self::ForwardMonitoring(_) => Function::FORWARD_MONITORING,
            Self::BackwardReporting(_) => Function::BACKWARD_REPORTING,
            Self::MonitoringAndReporting(_) => Function::MONITORING_AND_REPORTING,
            Self::Activation(function, _) | Self::ProtectionSwitching(function, _) | Self::SystemManagement(function, _) => {
                function
            }
        }
    }

    pub(super) fn read(oam_type: Type, function: Function, octets: &'a [u8; SPECIFIC_LEN]) -> Result<Self, Error> {
        let contents = match (oam_type, function) {
            (Type::FAULT_MANAGEMENT, Function::AIS) => Self::Ais(Alarm::read(octets)),
            (Type::FAULT_MANAGEMENT, Function::RDI) => Self::Rdi(Alarm::read(octets)),
            (Type::FAULT_MANAGEMENT, Function::CONTINUITY_CHECK) => Self::ContinuityCheck(octets),
            (Type::FAULT_MANAGEMENT, Function::LOOPBACK) => Self::Loopback(Loopback::read(octets)),
            (Type::PERFORMANCE_MANAGEMENT, Function::FORWARD_MONITORING) => Self::ForwardMonitoring(Performance::read(octets)),
            (Type::PERFORMANCE_MANAGEMENT, Function::BACKWARD_REPORTING) => Self::BackwardReporting(Performance::read(octets)),
            (Type::PERFORMANCE_MANAGEMENT, Function::MONITORING_AND_REPORTING) => {
                Self::MonitoringAndReporting(Performance::read(octets))
            }
            (Type::ACTIVATION, Function::ACTIVATE_PERFORMANCE | Function::ACTIVATE_CONTINUITY | Function::ACTIVATE_FORWARD) => {
                Self::Activation(function, Activation::read(octets))
            }
            (Type::PROTECTION_SWITCHING, _) => Self::ProtectionSwitching(function, octets),
            (Type::SYSTEM_MANAGEMENT, _) => Self::SystemManagement(function, octets),
            (Type::FAULT_MANAGEMENT | Type::PERFORMANCE_MANAGEMENT | Type::ACTIVATION, _) => {
                return Err(Error::Unsupported { field: Field::OamFunction, offset: 0, found: function.get().into() });
            }
            _ => return Err(Error::Unsupported { field: Field::OamType, offset: 0, found: oam_type.get().into() }),
        };
        Ok(contents)
    }

    pub(super) fn specific(&self) -> [u8; SPECIFIC_LEN] {
        match self {
            Self::Ais(alarm) | Self::Rdi(alarm) => alarm.to_octets(),
            Self::ContinuityCheck(octets) | Self::ProtectionSwitching(_, octets) | Self::SystemManagement(_, octets) => **octets,
            Self::Loopback(loopback) => loopback.to_octets(),
            Self::ForwardMonitoring(performance)
            | Self::BackwardReporting(performance)
            | Self::MonitoringAndReporting(performance) => performance.to_octets(),
            Self::Activation(_, activation) => activation.to_octets(),
        }
    }
}

/// The fields of AIS and RDI cells (I.610 10.2.1).
///
/// ```text
/// +-------------+-----------------------------+-----------------------+
/// | defect type | defect location, 16 octets  | unused, 28 octets     |
/// +-------------+-----------------------------+-----------------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Alarm {
    /// Defect type; 6A where it is not used.
    pub defect_type: u8,
    /// Defect location; all 6A where it is not used.
    pub defect_location: [u8; 16],
    /// Unused octets.
    pub unused: [u8; 28],
}

impl Alarm {
    /// An alarm that names neither type nor location.
    pub const PLAIN: Self = Self { defect_type: UNUSED, defect_location: [UNUSED; 16], unused: [UNUSED; 28] };

    fn read(octets: &[u8; SPECIFIC_LEN]) -> Self {
        let mut from = Taken(octets);
        Self { defect_type: from.octet(), defect_location: from.take(), unused: from.take() }
    }

    fn to_octets(self) -> [u8; SPECIFIC_LEN] {
        let mut out = Filled::new();
        out.push(&[self.defect_type]);
        out.push(&self.defect_location);
        out.push(&self.unused);
        out.octets
    }
}

/// The fields of loopback cells (I.610 10.2.3).
///
/// ```text
/// +------------+-----------------+-------------------------------+----------------------+-----------------+
/// | indication | correlation tag | loopback location ID (LLID)   | source ID            | unused          |
/// |  1         |  4              |  16                           |  16                  |  8 octets       |
/// +------------+-----------------+-------------------------------+----------------------+-----------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Loopback {
    /// The octet whose low bit is the loopback indication: 1 before the cell is looped, 0 after.
    pub indication: u8,
    /// Correlation tag: what the requester knows the reply by.
    pub correlation_tag: u32,
    /// Loopback location ID: where the cell is to be looped.
    pub location: [u8; 16],
    /// Source ID: who sent the request; all 6A where it is not used.
    pub source: [u8; 16],
    /// Unused octets.
    pub unused: [u8; 8],
}

impl Loopback {
    /// The location ID of the flow's end point.
    pub const END_POINT: [u8; 16] = [0xff; 16];

    /// A request to the flow's end point that names no source.
    #[must_use]
    pub const fn request(correlation_tag: u32) -> Self {
        Self { indication: 1, correlation_tag, location: Self::END_POINT, source: [UNUSED; 16], unused: [UNUSED; 8] }
    }

    /// Whether the cell is still to be looped.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        self.indication & 1 == 1
    }

    fn read(octets: &[u8; SPECIFIC_LEN]) -> Self {
        let mut from = Taken(octets);
        Self {
            indication: from.octet(),
            correlation_tag: u32::from_be_bytes(from.take()),
            location: from.take(),
            source: from.take(),
            unused: from.take(),
        }
    }

    fn to_octets(self) -> [u8; SPECIFIC_LEN] {
        let mut out = Filled::new();
        out.push(&[self.indication]);
        out.push(&self.correlation_tag.to_be_bytes());
        out.push(&self.location);
        out.push(&self.source);
        out.push(&self.unused);
        out.octets
    }
}

/// The fields of performance management cells (I.610 10.3).
///
/// ```text
/// +--------+---------+----------+--------+------+-----------+--------+-------+---------+
/// | MCSN   | TUC0+1  | BEDC0+1  |  TUC0  | TSTP | unused    | TRCC0  | BLER  | TRCC0+1 |
/// |  1     |  2      |  2       |  2     |  4   |  29       |  2     |  1    |  2      |  octets
/// +--------+---------+----------+--------+------+-----------+--------+-------+---------+
/// |<------- forward monitoring -------->|      |           |<- backward reporting ---->|
/// ```
///
/// Each kind of cell has the fields of the other as unused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Performance {
    /// Monitoring cell sequence number of this flow of cells.
    pub sequence: u8,
    /// TUC0+1: user cells sent, modulo 65,536.
    pub total_user_cells: u16,
    /// BEDC0+1: BIP-16 over the payloads of the block's user cells.
    pub block_error_detection: u16,
    /// TUC0: user cells of CLP 0 sent, modulo 65,536.
    pub total_user_cells_clp0: u16,
    /// TSTP: time stamp; all ones where it is not used.
    pub time_stamp: u32,
    /// Unused octets.
    pub unused: [u8; 29],
    /// TRCC0: user cells of CLP 0 received.
    pub total_received_clp0: u16,
    /// BLER0+1: errored parity bits of the block.
    pub block_errors: u8,
    /// TRCC0+1: user cells received.
    pub total_received: u16,
}

impl Performance {
    /// A field of which nothing is used: all octets 6A but the time stamp, all ones.
    pub const UNUSED: Self = Self {
        sequence: UNUSED,
        total_user_cells: 0x6a6a,
        block_error_detection: 0x6a6a,
        total_user_cells_clp0: 0x6a6a,
        time_stamp: u32::MAX,
        unused: [UNUSED; 29],
        total_received_clp0: 0x6a6a,
        block_errors: UNUSED,
        total_received: 0x6a6a,
    };

    fn read(octets: &[u8; SPECIFIC_LEN]) -> Self {
        let mut from = Taken(octets);
        Self {
            sequence: from.octet(),
            total_user_cells: u16::from_be_bytes(from.take()),
            block_error_detection: u16::from_be_bytes(from.take()),
            total_user_cells_clp0: u16::from_be_bytes(from.take()),
            time_stamp: u32::from_be_bytes(from.take()),
            unused: from.take(),
            total_received_clp0: u16::from_be_bytes(from.take()),
            block_errors: from.octet(),
            total_received: u16::from_be_bytes(from.take()),
        }
    }

    fn to_octets(self) -> [u8; SPECIFIC_LEN] {
        let mut out = Filled::new();
        out.push(&[self.sequence]);
        out.push(&self.total_user_cells.to_be_bytes());
        out.push(&self.block_error_detection.to_be_bytes());
        out.push(&self.total_user_cells_clp0.to_be_bytes());
        out.push(&self.time_stamp.to_be_bytes());
        out.push(&self.unused);
        out.push(&self.total_received_clp0.to_be_bytes());
        out.push(&[self.block_errors]);
        out.push(&self.total_received.to_be_bytes());
        out.octets
    }
}

nibble! {
    /// Message ID of an activation cell: 6 bits (I.610 10.4).
    MessageId, 63, {
        /// Activate.
        ACTIVATE = 1,
        /// Activation confirmed.
        ACTIVATION_CONFIRMED = 2,
        /// Activation request denied.
        ACTIVATION_DENIED = 3,
        /// Deactivate.
        DEACTIVATE = 5,
        /// Deactivation confirmed.
        DEACTIVATION_CONFIRMED = 6,
        /// Deactivation request denied.
        DEACTIVATION_DENIED = 7,
    }
}

nibble! {
    /// Directions of action: 2 bits. A is who sends the activation, B who receives it.
    Directions, 3, {
        /// From B to A.
        TO_ACTIVATOR = 1,
        /// From A to B.
        FROM_ACTIVATOR = 2,
        /// Both.
        TWO_WAY = 3,
    }
}

nibble! {
    /// Code of a performance monitoring block's size: 4 bits; 0 where there is none to give.
    BlockSize, 15, {
        /// None is given.
        NONE = 0,
    }
}

/// The fields of activation and deactivation cells (I.610 10.4).
///
/// ```text
/// +------------+------------+-----------------+----------------+----------------+------------------+
/// | message ID | directions | correlation tag | block size A-B | block size B-A | unused           |
/// |  6 bits    |  2 bits    |  8 bits         |  4 bits        |  4 bits        |  42 octets       |
/// +------------+------------+-----------------+----------------+----------------+------------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Activation {
    /// Message ID.
    pub message_id: MessageId,
    /// Directions of action.
    pub directions: Directions,
    /// Correlation tag: the answer has that of its request.
    pub correlation_tag: u8,
    /// PM block size from A to B.
    pub block_size_ab: BlockSize,
    /// PM block size from B to A.
    pub block_size_ba: BlockSize,
    /// Unused octets.
    pub unused: [u8; 42],
}

impl Activation {
    fn read(octets: &[u8; SPECIFIC_LEN]) -> Self {
        let mut from = Taken(octets);
        let (head, correlation_tag, sizes) = (from.octet(), from.octet(), from.octet());
        Self {
            message_id: MessageId(head >> 2),
            directions: Directions(head & 3),
            correlation_tag,
            block_size_ab: BlockSize(sizes >> 4),
            block_size_ba: BlockSize(sizes & 0xf),
            unused: from.take(),
        }
    }

    fn to_octets(self) -> [u8; SPECIFIC_LEN] {
        let mut out = Filled::new();
        let head = self.message_id.0 << 2 | self.directions.0;
        out.push(&[head, self.correlation_tag, self.block_size_ab.0 << 4 | self.block_size_ba.0]);
        out.push(&self.unused);
        out.octets
    }
}

/// Octets that fields are taken off, which together have as many as there are.
struct Taken<'a>(&'a [u8]);

impl Taken<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        match self.0.split_first_chunk() {
            Some((octets, rest)) => {
                self.0 = rest;
                *octets
            }
            None => [UNUSED; N],
        }
    }

    fn octet(&mut self) -> u8 {
        let [octet] = self.take();
        octet
    }
}

/// Octets that fields are put into one after the other.
struct Filled {
    octets: [u8; SPECIFIC_LEN],
    len: usize,
}

impl Filled {
    const fn new() -> Self {
        Self { octets: [UNUSED; SPECIFIC_LEN], len: 0 }
    }

    fn push(&mut self, octets: &[u8]) {
        let end = self.len.saturating_add(octets.len());
        if let Some(room) = self.octets.get_mut(self.len..end) {
            room.copy_from_slice(octets);
            self.len = end;
        }
    }
}
