//! OAM cells, F4 and F5 (I.610).
//!
//! ```text
//!  4 bits     4 bits     45 octets                             6 bits     10 bits
//! +----------+----------+-------------------------------------+----------+----------+
//! | OAM type | function | function-specific, unused octets 6A | reserved |  CRC-10  |
//! +----------+----------+-------------------------------------+----------+----------+
//! ```
//!
//! A payload of zeros has a CRC-10 that holds: its type 0 is no OAM type.
//!
//! [`View`] reads a payload, [`Message`] is one to emit, [`Flow`] says which cells are OAM cells. [`loopback`] has both sides
//! of the loopback function, [`alarm`] those of AIS, RDI and the continuity check.
//!
//! ```
//! use atm_cell::oam::loopback::{Answer, Responder};
//! use atm_cell::oam::{Contents, Loopback, Message, View};
//!
//! let request = Message::new(Contents::Loopback(Loopback::request(7))).to_octets();
//! let Answer::Reply(reply) = Responder::END_POINT.answer(View::parse(&request)?)? else { panic!() };
//! let looped = Loopback { indication: 0, ..Loopback::request(7) };
//! assert_eq!(View::parse(&reply)?.contents()?, Contents::Loopback(looped));
//! # Ok::<(), atm_cell::Error>(())
//! ```

pub mod alarm;
mod contents;
mod flow;
pub mod loopback;

pub use contents::{Activation, Alarm, BlockSize, Contents, Directions, Loopback, MessageId, Performance};
pub use flow::{Flow, Level, Scope};

use crate::octets::write;
use crate::{Error, Field, PAYLOAD_LEN, crc10};

/// Octets of the function-specific field.
pub const SPECIFIC_LEN: usize = 45;
/// What unused octets are sent as.
pub const UNUSED: u8 = 0x6a;

macro_rules! nibble {
    ($(#[$doc:meta])* $name:ident, $max:literal, { $($(#[$constant:meta])* $value:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(u8);

        impl $name {
            $($(#[$constant])* pub const $value: Self = Self($number);)*
            /// The largest value.
            pub const MAX: Self = Self($max);

            /// The value, or `None` where it does not fit the field.
            #[must_use]
            pub const fn new(value: u8) -> Option<Self> {
                if value <= $max { Some(Self(value)) } else { None }
            }

            /// The value as a number.
            #[must_use]
            pub const fn get(self) -> u8 {
                self.0
            }
        }
    };
}
use nibble;

nibble! {
    /// OAM type: 4 bits (I.610 10.1).
    Type, 15, {
        /// Fault management.
        FAULT_MANAGEMENT = 1,
        /// Performance management.
        PERFORMANCE_MANAGEMENT = 2,
        /// Automatic protection switching coordination (I.630).
        PROTECTION_SWITCHING = 5,
        /// Activation and deactivation.
        ACTIVATION = 8,
        /// System management.
        SYSTEM_MANAGEMENT = 15,
    }
}

nibble! {
    /// Function type: 4 bits, which mean something under a [`Type`] only (I.610 10.1).
    Function, 15, {
        /// Fault management: alarm indication signal.
        AIS = 0,
        /// Fault management: remote defect indication.
        RDI = 1,
        /// Fault management: continuity check.
        CONTINUITY_CHECK = 4,
        /// Fault management: loopback.
        LOOPBACK = 8,
        /// Performance management: forward monitoring.
        FORWARD_MONITORING = 0,
        /// Performance management: backward reporting.
        BACKWARD_REPORTING = 1,
        /// Performance management: both in one cell, of the first editions.
        MONITORING_AND_REPORTING = 2,
        /// Activation: of forward monitoring and backward reporting.
        ACTIVATE_PERFORMANCE = 0,
        /// Activation: of the continuity check.
        ACTIVATE_CONTINUITY = 1,
        /// Activation: of forward monitoring without backward reporting.
        ACTIVATE_FORWARD = 2,
    }
}

nibble! {
    /// The 6 bits in front of the CRC-10: sent as 0.
    Reserved, 63, {
        /// What is sent.
        ZERO = 0,
    }
}

/// The payload of an OAM cell whose CRC-10 holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    octets: &'a [u8; PAYLOAD_LEN],
}

impl<'a> View<'a> {
    /// Reads a payload. Any type and function is taken: [`Self::contents`] refuses the unknown ones.
    ///
    /// # Errors
    /// [`Error::Checksum`] for the CRC-10.
    pub fn parse(payload: &'a [u8; PAYLOAD_LEN]) -> Result<Self, Error> {
        crc10::verify(payload, Field::OamCrc)?;
        Ok(Self { octets: payload })
    }

    /// OAM type.
    #[must_use]
    pub const fn oam_type(self) -> Type {
        Type(self.octets[0] >> 4)
    }

    /// Function type.
    #[must_use]
    pub const fn function(self) -> Function {
        Function(self.octets[0] & 0xf)
    }

    /// The function-specific field.
    #[must_use]
    pub const fn specific(self) -> &'a [u8; SPECIFIC_LEN] {
        let [_, specific @ .., _, _] = self.octets;
        specific
    }

    /// The bits in front of the CRC-10.
    #[must_use]
    pub const fn reserved(self) -> Reserved {
        Reserved(self.octets[46] >> 2)
    }

    /// The function-specific field's fields.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a type, or for a function under its type, that I.610 does not define; type 0 is none.
    pub fn contents(self) -> Result<Contents<'a>, Error> {
        Contents::read(self.oam_type(), self.function(), self.specific())
    }

    /// The whole payload.
    #[must_use]
    pub const fn as_octets(self) -> &'a [u8; PAYLOAD_LEN] {
        self.octets
    }
}

/// The payload of an OAM cell to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The bits in front of the CRC-10.
    pub reserved: Reserved,
    /// Type, function and what belongs to them.
    pub contents: Contents<'a>,
}

impl<'a> Message<'a> {
    /// A message with its reserved bits 0.
    #[must_use]
    pub const fn new(contents: Contents<'a>) -> Self {
        Self { reserved: Reserved::ZERO, contents }
    }

    /// What emits the very payload that was read.
    ///
    /// # Errors
    /// Those of [`View::contents`].
    pub fn from_view(view: View<'a>) -> Result<Self, Error> {
        Ok(Self { reserved: view.reserved(), contents: view.contents()? })
    }

    /// Octets that [`Self::emit`] writes: always 48.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        PAYLOAD_LEN
    }

    /// The payload, with its CRC-10.
    #[must_use]
    pub fn to_octets(&self) -> [u8; PAYLOAD_LEN] {
        let mut octets = [0; PAYLOAD_LEN];
        let [head, specific @ .., reserved, _] = &mut octets;
        *head = self.contents.oam_type().0 << 4 | self.contents.function().0;
        *specific = self.contents.specific();
        *reserved = self.reserved.0 << 2;
        crc10::seal(&mut octets);
        octets
    }

    /// Writes the payload and returns 48.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`].
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        write(&self.to_octets(), buffer, Field::OamCell)
    }
}

#[cfg(feature = "bytes")]
impl Message<'_> {
    /// Appends what [`Self::emit`] writes to `buffer` and returns 48.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; nothing is appended then.
    pub fn put(&self, buffer: &mut impl bytes::BufMut) -> Result<usize, Error> {
        let found = buffer.remaining_mut();
        if found < PAYLOAD_LEN {
            let (found, needed) = (crate::error::len32(found), crate::error::len32(PAYLOAD_LEN));
            return Err(Error::BufferTooSmall { field: Field::Buffer, found, needed });
        }
        buffer.put_slice(&self.to_octets());
        Ok(PAYLOAD_LEN)
    }
}

#[cfg(test)]
mod tests;
