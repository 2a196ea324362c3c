//! Service classes of the adaptation layer and functions of the layers.
//!
//! | class | timing between the ends | bit rate | connection | AAL | such as |
//! | --- | --- | --- | --- | --- | --- |
//! | A | required | constant | oriented | 1 | uncompressed voice and video, circuit emulation |
//! | B | required | variable | oriented | 2 | compressed voice and video |
//! | C | not required | variable | oriented | 3/4, 5 | frame relay, X.25, TCP/IP over channels |
//! | D | not required | variable | connectionless | 3/4, 5 | SMDS |
//!
//! I.362, and table 1 of the source that this crate follows. That table prints class D as connection-oriented, against I.362
//! and against its own example, SMDS, which has no connections.

/// A class of service that the adaptation layer gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ServiceClass {
    /// Constant bit rate in step.
    A,
    /// Variable bit rate in step.
    B,
    /// Connection-oriented data.
    C,
    /// Connectionless data.
    D,
}

/// Whether the ends keep time with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Timing {
    /// They do: synchronous.
    Required,
    /// They do not: asynchronous.
    NotRequired,
}

/// How the bit rate behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BitRate {
    /// CBR.
    Constant,
    /// VBR.
    Variable,
}

/// Whether users set connections up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConnectionMode {
    /// They do.
    Oriented,
    /// They do not.
    Connectionless,
}

/// A type of adaptation layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AalType {
    /// I.363.1: [`crate::aal1`].
    Aal1,
    /// I.363.2; this crate has no codec for it.
    Aal2,
    /// I.363.3: [`crate::aal34`].
    Aal34,
    /// I.363.5: [`crate::aal5`].
    Aal5,
}

impl ServiceClass {
    /// All classes.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// Timing relation between source and destination.
    #[must_use]
    pub const fn timing(self) -> Timing {
        match self {
            Self::A | Self::B => Timing::Required,
            Self::C | Self::D => Timing::NotRequired,
        }
    }

    /// Bit rate.
    #[must_use]
    pub const fn bit_rate(self) -> BitRate {
        match self {
            Self::A => BitRate::Constant,
            Self::B | Self::C | Self::D => BitRate::Variable,
        }
    }

    /// Connection mode.
    #[must_use]
    pub const fn connection_mode(self) -> ConnectionMode {
        match self {
            Self::A | Self::B | Self::C => ConnectionMode::Oriented,
            Self::D => ConnectionMode::Connectionless,
        }
    }

    /// The adaptation layers that serve the class.
    #[must_use]
    pub const fn aal_types(self) -> &'static [AalType] {
        match self {
            Self::A => &[AalType::Aal1],
            Self::B => &[AalType::Aal2],
            Self::C | Self::D => &[AalType::Aal34, AalType::Aal5],
        }
    }
}

/// A layer of the protocol reference model, from the top (I.321).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layer {
    /// What uses the adaptation layer.
    Higher,
    /// ATM adaptation layer.
    Adaptation,
    /// ATM layer.
    Atm,
    /// Physical layer.
    Physical,
}

/// A sublayer, or a layer that has none, from the top.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sublayer {
    /// Higher layers.
    Higher,
    /// CS of the adaptation layer.
    Convergence,
    /// SAR of the adaptation layer.
    SegmentationAndReassembly,
    /// ATM layer.
    Atm,
    /// TC of the physical layer.
    TransmissionConvergence,
    /// PM of the physical layer.
    PhysicalMedium,
}

impl Sublayer {
    /// All sublayers, from the top.
    pub const ALL: [Self; 6] = [
        Self::Higher,
        Self::Convergence,
        Self::SegmentationAndReassembly,
        Self::Atm,
        Self::TransmissionConvergence,
        Self::PhysicalMedium,
    ];

    /// The layer that it is part of.
    #[must_use]
    pub const fn layer(self) -> Layer {
        match self {
            Self::Higher => Layer::Higher,
            Self::Convergence | Self::SegmentationAndReassembly => Layer::Adaptation,
            Self::Atm => Layer::Atm,
            Self::TransmissionConvergence | Self::PhysicalMedium => Layer::Physical,
        }
    }

    /// What it does (I.321, and the source's table 2).
    #[must_use]
    pub const fn functions(self) -> &'static [Function] {
        match self {
            Self::Higher => &[Function::HigherLayer],
            Self::Convergence => &[Function::Convergence],
            Self::SegmentationAndReassembly => &[Function::SegmentationAndReassembly],
            Self::Atm => {
                &[Function::GenericFlowControl, Function::CellHeader, Function::IdentifierTranslation, Function::CellMultiplexing]
            }
            Self::TransmissionConvergence => &[
                Function::CellRateDecoupling,
                Function::HeaderErrorControl,
                Function::CellDelineation,
                Function::FrameAdaptation,
                Function::FrameGeneration,
            ],
            Self::PhysicalMedium => &[Function::BitTiming, Function::PhysicalMedium],
        }
    }
}

/// A function of a sublayer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// Higher layer functions.
    HigherLayer,
    /// Gives higher layer protocols the service that their traffic needs.
    Convergence,
    /// Cuts SDUs into cell payloads and puts them together again.
    SegmentationAndReassembly,
    /// Generic flow control.
    GenericFlowControl,
    /// Makes cell headers and takes them off.
    CellHeader,
    /// Translates VPI and VCI.
    IdentifierTranslation,
    /// Multiplexes cells.
    CellMultiplexing,
    /// Fills the line with idle cells and takes them out. The source's table has it in the ATM layer; I.321 here.
    CellRateDecoupling,
    /// Makes the HEC and checks it.
    HeaderErrorControl,
    /// Finds the cells' boundaries.
    CellDelineation,
    /// Adapts cells to the transmission frame.
    FrameAdaptation,
    /// Makes the transmission frame and finds it again.
    FrameGeneration,
    /// Bit timing.
    BitTiming,
    /// What depends on the physical medium.
    PhysicalMedium,
}

#[cfg(test)]
mod tests;
