//! The cell: 5 octets of header, 48 of payload (I.361).
//!
//! ```text
//!        UNI                                   NNI
//!   8 7 6 5 4 3 2 1                       8 7 6 5 4 3 2 1
//!  +-------+-------+                     +---------------+
//!  |  GFC  |  VPI  |  octet 1            |      VPI      |
//!  +-------+-------+                     +-------+-------+
//!  |  VPI  |  VCI  |        2            |  VPI  |  VCI  |
//!  +-------+-------+                     +-------+-------+
//!  |      VCI      |        3            |      VCI      |
//!  +-------+-----+-+                     +-------+-----+-+
//!  |  VCI  |  PT |C|        4            |  VCI  |  PT |C|   C = CLP
//!  +-------+-----+-+                     +-------+-----+-+
//!  |      HEC      |        5            |      HEC      |
//!  +---------------+                     +---------------+
//!  |  48 octets of payload               |  48 octets of payload
//! ```
//!
//! The header without its HEC is a big-endian word of 32 bits: both formats put VCI, PT and CLP at the same place, so that the HEC is the
//! same and only the first 12 bits are read in two ways.

mod payload_type;
mod vc;

pub use payload_type::PayloadType;
pub(crate) use vc::bounded;
pub use vc::{Gfc, OutOfRange, Vc, Vci, Vpi};

use crate::error::len32;
use crate::octets::write;
use crate::{Error, Field, hec};

/// Octets of a cell.
pub const CELL_LEN: usize = 53;
/// Octets of a cell's header, the HEC among them.
pub const HEADER_LEN: usize = 5;
/// Octets of a cell's payload.
pub const PAYLOAD_LEN: usize = 48;

const VPI_SHIFT: u32 = 20;
const VCI_SHIFT: u32 = 4;
const PT_SHIFT: u32 = 1;
const CLP: u32 = 1;

/// Which of the two header formats an interface speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Interface {
    /// User-network interface: a GFC of 4 bits and a VPI of 8.
    #[default]
    Uni,
    /// Network-node interface: a VPI of 12 bits.
    Nni,
}

impl Interface {
    /// The largest VPI of the format.
    #[must_use]
    pub const fn max_vpi(self) -> Vpi {
        match self {
            Self::Uni => Vpi::UNI_MAX,
            Self::Nni => Vpi::MAX,
        }
    }
}

/// What the ATM layer does with a cell, by its header's values set aside in I.361.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// VPI 0, VCI 0, CLP 0: nobody's; it only fills the line, and is never switched.
    Unassigned,
    /// VPI 0, VCI 0, CLP 1, all else 0: made and taken out by the physical layer.
    Idle,
    /// VPI 0, VCI 0, CLP 1 with other bits set: the physical layer's own (its OAM among it).
    PhysicalLayer,
    /// OAM of a virtual path (F4), on its VCI 3 or 4.
    OamF4 {
        /// Of a segment (VCI 3), not end to end (VCI 4).
        segment: bool,
    },
    /// OAM of a virtual channel (F5), with PT 4 or 5.
    OamF5 {
        /// Of a segment (PT 4), not end to end (PT 5).
        segment: bool,
    },
    /// Resource management of a virtual path (VCI 6) or channel (PT 6).
    ResourceManagement,
    /// PT 7.
    Reserved,
    /// User data, signalling and ILMI among it.
    User,
}

/// A header's fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Header {
    /// The format.
    pub interface: Interface,
    /// Generic flow control; 0 at an NNI, whose header has none.
    pub gfc: Gfc,
    /// Virtual path and channel.
    pub vc: Vc,
    /// Payload type.
    pub payload_type: PayloadType,
    /// Cell loss priority: a cell with it set goes first when cells must go.
    pub clp: bool,
}

impl Header {
    /// A header for user data on a channel, with GFC 0, SDU type 0 and high priority.
    #[must_use]
    pub const fn new(interface: Interface, vc: Vc) -> Self {
        Self { interface, gfc: Gfc::ZERO, vc, payload_type: PayloadType::USER_0, clp: false }
    }

    /// Reads the first four octets as a word. Every word is a header.
    #[must_use]
    #[inline]
    pub const fn from_word(word: u32, interface: Interface) -> Self {
        let bits = word >> VCI_SHIFT;
        let (gfc, vc) = match interface {
            Interface::Uni => ((word >> 28) as u8, Vc::from_bits(bits & 0x00ff_ffff)),
            Interface::Nni => (0, Vc::from_bits(bits)),
        };
        let gfc = match Gfc::new(gfc) {
            Some(gfc) => gfc,
            None => Gfc::MAX,
        };
        Self { interface, gfc, vc, payload_type: PayloadType::from_low_bits((word >> PT_SHIFT & 7) as u8), clp: word & CLP != 0 }
    }

    /// The first four octets as a word.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] where the VPI is over the format's, or an NNI header has a GFC.
    #[inline]
    pub const fn to_word(&self) -> Result<u32, Error> {
        let vpi = self.vc.vpi.get();
        let max = self.interface.max_vpi().get();
        if vpi > max {
            return Err(Error::DoesNotFit { field: Field::Vpi, found: vpi as u32, needed: max as u32 });
        }
        let gfc = self.gfc.get() as u32;
        if gfc != 0 && matches!(self.interface, Interface::Nni) {
            return Err(Error::DoesNotFit { field: Field::Gfc, found: gfc, needed: 0 });
        }
        Ok(gfc << 28
            | (vpi as u32) << VPI_SHIFT
            | (self.vc.vci.get() as u32) << VCI_SHIFT
            | (self.payload_type.get() as u32) << PT_SHIFT
            | self.clp as u32)
    }

    /// What the ATM layer does with the cell.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        let vci = self.vc.vci.get();
        if self.vc.to_bits() == 0 {
            return match (self.clp, self.payload_type.get(), self.gfc.get()) {
                (false, _, _) => Kind::Unassigned,
                (true, 0, 0) => Kind::Idle,
                (true, _, _) => Kind::PhysicalLayer,
            };
        }
        match self.payload_type {
            PayloadType::OAM_F5_SEGMENT if !is_oam_f4(vci) => Kind::OamF5 { segment: true },
            PayloadType::OAM_F5_END_TO_END if !is_oam_f4(vci) => Kind::OamF5 { segment: false },
            PayloadType::RESERVED => Kind::Reserved,
            PayloadType::RESOURCE_MANAGEMENT => Kind::ResourceManagement,
            _ if vci == Vci::OAM_F4_SEGMENT.get() => Kind::OamF4 { segment: true },
            _ if vci == Vci::OAM_F4_END_TO_END.get() => Kind::OamF4 { segment: false },
            _ => Kind::User,
        }
    }

    /// Octets that [`Self::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        HEADER_LEN
    }

    /// The five octets, with their HEC.
    ///
    /// # Errors
    /// Those of [`Self::to_word`].
    pub const fn to_octets(&self) -> Result<[u8; HEADER_LEN], Error> {
        match self.to_word() {
            Ok(word) => Ok(with_hec(word)),
            Err(error) => Err(error),
        }
    }

    /// Writes the five octets, with their HEC, and returns their number.
    ///
    /// # Errors
    /// Those of [`Self::to_word`]; [`Error::BufferTooSmall`].
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        write(&self.to_octets()?, buffer, Field::Cell)
    }

    /// A whole cell of this header and that payload.
    ///
    /// # Errors
    /// Those of [`Self::to_word`].
    pub fn with_payload(&self, payload: &[u8; PAYLOAD_LEN]) -> Result<[u8; CELL_LEN], Error> {
        let header = self.to_octets()?;
        let mut cell = [0; CELL_LEN];
        if let Some((head, tail)) = cell.split_first_chunk_mut::<HEADER_LEN>() {
            *head = header;
            tail.copy_from_slice(payload);
        }
        Ok(cell)
    }
}

crate::impl_put!(Header, HEADER_LEN);

const fn is_oam_f4(vci: u16) -> bool {
    vci == Vci::OAM_F4_SEGMENT.get() || vci == Vci::OAM_F4_END_TO_END.get()
}

/// A header word and its HEC.
#[inline]
pub(crate) const fn with_hec(word: u32) -> [u8; HEADER_LEN] {
    let [a, b, c, d] = word.to_be_bytes();
    [a, b, c, d, hec::compute([a, b, c, d])]
}

/// The idle cell (I.432.1 4.4): what the physical layer puts in where there is nothing to send.
pub const IDLE: [u8; CELL_LEN] = {
    let mut cell = [0x6a; CELL_LEN];
    [cell[0], cell[1], cell[2], cell[3], cell[4]] = with_hec(CLP);
    cell
};

/// A cell whose HEC is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    octets: &'a [u8; CELL_LEN],
    interface: Interface,
}

impl<'a> View<'a> {
    /// Reads the cell at the start of `octets`. A cell with a wrong HEC is refused: [`hec::Receiver`] corrects before.
    ///
    /// # Errors
    /// [`Error::Truncated`], and [`Error::Checksum`] for the HEC.
    #[inline]
    pub fn parse(octets: &'a [u8], interface: Interface) -> Result<Self, Error> {
        match octets.first_chunk() {
            Some(octets) => Self::from_octets(octets, interface),
            None => Err(truncated(octets.len())),
        }
    }

    /// Reads a cell of the right length.
    ///
    /// # Errors
    /// [`Error::Checksum`] for the HEC.
    #[inline]
    pub fn from_octets(octets: &'a [u8; CELL_LEN], interface: Interface) -> Result<Self, Error> {
        let [_, _, _, _, found, ..] = octets;
        let syndrome = octets.first_chunk().map_or(0, hec::syndrome);
        if syndrome != 0 {
            return Err(bad_hec(*found, found ^ syndrome));
        }
        Ok(Self { octets, interface })
    }

    /// The header's fields.
    #[must_use]
    #[inline]
    pub const fn header(self) -> Header {
        Header::from_word(self.word(), self.interface)
    }

    /// The header without its HEC, as a word.
    #[must_use]
    #[inline]
    pub const fn word(self) -> u32 {
        let [a, b, c, d, ..] = *self.octets;
        u32::from_be_bytes([a, b, c, d])
    }

    /// The header check sequence.
    #[must_use]
    pub const fn hec(self) -> u8 {
        self.octets[4]
    }

    /// Virtual path and channel.
    #[must_use]
    #[inline]
    pub const fn vc(self) -> Vc {
        self.header().vc
    }

    /// Generic flow control; 0 at an NNI.
    #[must_use]
    pub const fn gfc(self) -> Gfc {
        self.header().gfc
    }

    /// Payload type.
    #[must_use]
    #[inline]
    pub const fn payload_type(self) -> PayloadType {
        self.header().payload_type
    }

    /// Cell loss priority.
    #[must_use]
    #[inline]
    pub const fn clp(self) -> bool {
        self.word() & CLP != 0
    }

    /// What the ATM layer does with the cell.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.header().kind()
    }

    /// The format that the header was read in.
    #[must_use]
    pub const fn interface(self) -> Interface {
        self.interface
    }

    /// The payload.
    #[must_use]
    #[inline]
    pub const fn payload(self) -> &'a [u8; PAYLOAD_LEN] {
        payload(self.octets)
    }

    /// The whole cell.
    #[must_use]
    pub const fn as_octets(self) -> &'a [u8; CELL_LEN] {
        self.octets
    }
}

/// A cell whose HEC is right and stays right: every setter writes it anew.
#[derive(Debug, PartialEq, Eq)]
pub struct ViewMut<'a> {
    octets: &'a mut [u8; CELL_LEN],
    interface: Interface,
}

impl<'a> ViewMut<'a> {
    /// Reads the cell at the start of `octets`.
    ///
    /// # Errors
    /// Those of [`View::parse`].
    pub fn parse(octets: &'a mut [u8], interface: Interface) -> Result<Self, Error> {
        let found = octets.len();
        match octets.first_chunk_mut() {
            Some(octets) => {
                View::from_octets(octets, interface)?;
                Ok(Self { octets, interface })
            }
            None => Err(truncated(found)),
        }
    }

    /// The same cell, to read.
    #[must_use]
    pub const fn view(&self) -> View<'_> {
        View { octets: self.octets, interface: self.interface }
    }

    /// Writes other fields into the header, of any format, and its HEC.
    ///
    /// # Errors
    /// Those of [`Header::to_word`]; nothing is changed then.
    pub fn set_header(&mut self, header: Header) -> Result<(), Error> {
        let word = header.to_word()?;
        self.interface = header.interface;
        self.set_word(word);
        Ok(())
    }

    /// Writes another virtual path and channel, and the HEC. The GFC of a UNI header stays.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] where the VPI is over the format's; nothing is changed then.
    pub fn set_vc(&mut self, vc: Vc) -> Result<(), Error> {
        self.set_header(Header { vc, ..self.view().header() })
    }

    /// Writes the payload type, and the HEC.
    pub fn set_payload_type(&mut self, payload_type: PayloadType) {
        self.set_word(self.view().word() & !(7 << PT_SHIFT) | u32::from(payload_type) << PT_SHIFT);
    }

    /// Writes the cell loss priority, and the HEC.
    pub fn set_clp(&mut self, clp: bool) {
        self.set_word(self.view().word() & !CLP | u32::from(clp));
    }

    /// The payload, to be changed: no check of the cell's covers it.
    #[must_use]
    pub const fn payload_mut(&mut self) -> &mut [u8; PAYLOAD_LEN] {
        let [_, _, _, _, _, payload @ ..] = &mut *self.octets;
        payload
    }

    fn set_word(&mut self, word: u32) {
        if let Some(header) = self.octets.first_chunk_mut() {
            *header = with_hec(word);
        }
    }
}

/// A cell's payload.
#[inline]
pub(crate) const fn payload(cell: &[u8; CELL_LEN]) -> &[u8; PAYLOAD_LEN] {
    let [_, _, _, _, _, payload @ ..] = cell;
    payload
}

#[cold]
#[inline(never)]
fn truncated(found: usize) -> Error {
    Error::Truncated { field: Field::Cell, offset: 0, found: len32(found), needed: len32(CELL_LEN) }
}

#[cold]
#[inline(never)]
fn bad_hec(found: u8, needed: u8) -> Error {
    Error::Checksum { field: Field::Hec, offset: 4, found: found.into(), needed: needed.into() }
}

#[cfg(test)]
mod tests;
