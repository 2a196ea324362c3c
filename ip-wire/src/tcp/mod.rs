//! TCP (RFC 9293): header and options.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------------------------------+-------------------------------+
//! |          Source Port          |       Destination Port        |  0
//! +-------------------------------+-------------------------------+
//! |                        Sequence Number                        |  4
//! +---------------------------------------------------------------+
//! |                    Acknowledgment Number                      |  8
//! +-------+-----+-+-+-+-+-+-+-+-+-+-------------------------------+
//! |  Data |     |A|C|E|U|A|P|R|S|F|                               |
//! | Offset|Rsrvd|E|W|C|R|C|S|S|Y|I|            Window             | 12
//! |       |     | |R|E|G|K|H|T|N|N|                               |
//! +-------+-----+-+-+-+-+-+-+-+-+-+-------------------------------+
//! |           Checksum            |         Urgent Pointer        | 16
//! +-------------------------------+-------------------------------+
//! |               Options, 0 to 40 octets, and Padding            | 20
//! +---------------------------------------------------------------+
//! ```
//!
//! Data Offset counts 32-bit words.

use crate::checksum::{Checksum, Sum};
use crate::error::{Error, Field, len32};
use crate::octets::{be16, behind, copy, first, first_mut, room};

pub mod options;

pub use options::{OptionList, Options};

/// Octets of the header without options.
pub const MIN_HEADER_LEN: usize = 20;
/// Octets of the longest header: data offset 15.
pub const MAX_HEADER_LEN: usize = 60;

/// A read TCP segment: header, options and payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; MIN_HEADER_LEN],
    /// Options, then payload.
    rest: &'a [u8],
    options_len: u8,
}

impl<'a> View<'a> {
    /// Reads a segment. The checksum needs the IP addresses: see [`View::verify_checksum`].
    ///
    /// # Errors
    /// [`Error::Truncated`] below 20 octets, [`Error::LengthTooSmall`] for a data offset below 5, [`Error::LengthBeyondBuffer`]
    /// for one past the end.
    #[inline]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, rest) = first::<MIN_HEADER_LEN>(octets, Field::TcpHeader)?;
        let words = fixed[12] >> 4;
        let Some(option_words) = words.checked_sub(5) else {
            return Err(Error::LengthTooSmall { field: Field::TcpDataOffset, offset: 12, found: u32::from(words), needed: 5 });
        };
        let options_len = option_words.wrapping_mul(4);
        if usize::from(options_len) > rest.len() {
            return Err(Error::LengthBeyondBuffer {
                field: Field::TcpDataOffset,
                offset: 12,
                found: len32(octets.len()),
                needed: u32::from(words).wrapping_mul(4),
            });
        }
        Ok(Self { fixed, rest, options_len })
    }

    /// Source port.
    #[must_use]
    #[inline]
    pub const fn source_port(&self) -> u16 {
        be16(self.fixed[0], self.fixed[1])
    }

    /// Destination port.
    #[must_use]
    #[inline]
    pub const fn destination_port(&self) -> u16 {
        be16(self.fixed[2], self.fixed[3])
    }

    /// Sequence number of the first octet of payload, or of the SYN.
    #[must_use]
    #[inline]
    pub const fn sequence_number(&self) -> u32 {
        let f = self.fixed;
        u32::from_be_bytes([f[4], f[5], f[6], f[7]])
    }

    /// Next sequence number that the sender expects; counts with ACK set.
    #[must_use]
    #[inline]
    pub const fn acknowledgment_number(&self) -> u32 {
        let f = self.fixed;
        u32::from_be_bytes([f[8], f[9], f[10], f[11]])
    }

    /// Header length in octets: data offset times 4.
    #[must_use]
    #[inline]
    pub const fn header_len(&self) -> usize {
        MIN_HEADER_LEN.wrapping_add(self.options_len as usize)
    }

    /// The three reserved bits, zero when sent.
    #[must_use]
    #[inline]
    pub const fn reserved(&self) -> u8 {
        (self.fixed[12] >> 1) & 7
    }

    /// The nine control bits.
    #[must_use]
    #[inline]
    pub const fn flags(&self) -> Flags {
        Flags(be16(self.fixed[12], self.fixed[13]) & 0x1ff)
    }

    /// Window, unscaled.
    #[must_use]
    #[inline]
    pub const fn window(&self) -> u16 {
        be16(self.fixed[14], self.fixed[15])
    }

    /// The checksum as it stands.
    #[must_use]
    #[inline]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed[16], self.fixed[17])
    }

    /// Offset of the octet behind urgent data; counts with URG set.
    #[must_use]
    #[inline]
    pub const fn urgent_pointer(&self) -> u16 {
        be16(self.fixed[18], self.fixed[19])
    }

    /// The options.
    #[must_use]
    #[inline]
    pub fn options(&self) -> Options<'a> {
        Options::new(self.options_octets(), len32(MIN_HEADER_LEN))
    }

    /// The options area as it stands, padding included.
    #[must_use]
    #[inline]
    pub fn options_octets(&self) -> &'a [u8] {
        self.rest.get(..usize::from(self.options_len)).unwrap_or(&[])
    }

    /// The payload.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        behind(self.rest, usize::from(self.options_len))
    }

    /// Octets of the segment, header included: the length of the pseudo-header.
    #[must_use]
    #[inline]
    pub const fn segment_len(&self) -> usize {
        MIN_HEADER_LEN.wrapping_add(self.rest.len())
    }

    /// The checksum that the segment's octets give with `pseudo`, the sum of the pseudo-header
    /// ([`crate::checksum::pseudo_v4`], [`crate::checksum::pseudo_v6`]) over [`View::segment_len`] octets.
    #[must_use]
    pub fn computed_checksum(&self, pseudo: Sum) -> u16 {
        let f = self.fixed;
        let before = [f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], f[10], f[11], f[12], f[13], f[14], f[15]];
        pseudo.octets(&before).word(self.urgent_pointer()).octets(self.rest).checksum()
    }

    /// Checks the checksum (RFC 9293 3.1).
    ///
    /// # Errors
    /// [`Error::Checksum`].
    #[inline]
    pub fn verify_checksum(&self, pseudo: Sum) -> Result<(), Error> {
        if pseudo.octets(self.fixed).octets(self.rest).holds() {
            return Ok(());
        }
        let needed = self.computed_checksum(pseudo);
        Err(Error::Checksum { field: Field::TcpChecksum, offset: 16, found: self.checksum(), needed })
    }
}

/// TCP control bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u16);

impl Flags {
    /// No bit set.
    pub const NONE: Self = Self(0);
    /// No more data from the sender.
    pub const FIN: Self = Self(0x001);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x002);
    /// Reset the connection.
    pub const RST: Self = Self(0x004);
    /// Push.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgment number counts.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x020);
    /// ECN echo (RFC 3168 6.1).
    pub const ECE: Self = Self(0x040);
    /// Congestion window reduced (RFC 3168 6.1).
    pub const CWR: Self = Self(0x080);
    /// Accurate ECN (RFC 9768); was the nonce sum NS (RFC 3540).
    pub const AE: Self = Self(0x100);
    /// The old name of [`Flags::AE`].
    pub const NS: Self = Self::AE;

    /// Flags from their number; `None` above 0x1ff.
    #[must_use]
    pub const fn new(bits: u16) -> Option<Self> {
        if bits <= 0x1ff { Some(Self(bits)) } else { None }
    }

    /// The bits, 0 to 0x1ff.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The same flags with those of `other` set.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The names of the bits that are set, highest first.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        const NAMES: [(u16, &str); 9] = [
            (0x100, "AE"),
            (0x080, "CWR"),
            (0x040, "ECE"),
            (0x020, "URG"),
            (0x010, "ACK"),
            (0x008, "PSH"),
            (0x004, "RST"),
            (0x002, "SYN"),
            (0x001, "FIN"),
        ];
        NAMES.into_iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| name)
    }
}

/// A TCP header to emit. The data offset follows from the options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// Sequence number.
    pub sequence_number: u32,
    /// Acknowledgment number.
    pub acknowledgment_number: u32,
    /// The three reserved bits; zero.
    pub reserved: u8,
    /// Control bits.
    pub flags: Flags,
    /// Window.
    pub window: u16,
    /// The checksum: computed by [`Header::emit`], or a given value.
    pub checksum: Checksum,
    /// Urgent pointer.
    pub urgent_pointer: u16,
    /// Options.
    pub options: OptionList,
}

impl Header {
    /// A header without options, numbers and flags all zero.
    #[must_use]
    pub const fn new(source_port: u16, destination_port: u16) -> Self {
        Self {
            source_port,
            destination_port,
            sequence_number: 0,
            acknowledgment_number: 0,
            reserved: 0,
            flags: Flags::NONE,
            window: 0,
            checksum: Checksum::Compute,
            urgent_pointer: 0,
            options: OptionList::new(),
        }
    }

    /// Octets of the header that [`Header::emit`] writes.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        MIN_HEADER_LEN.wrapping_add(self.options.len())
    }

    /// Writes the header and `payload` and returns their octets' number. `pseudo` is the sum of the pseudo-header over
    /// that number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; [`Error::DoesNotFit`] if `reserved` is over 7. Nothing is written then.
    pub fn emit(&self, pseudo: Sum, payload: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
        if self.reserved > 7 {
            let found = u32::from(self.reserved);
            return Err(Error::DoesNotFit { field: Field::TcpHeader, found, needed: 7 });
        }
        let (header_len, len) = (self.wire_len(), self.wire_len().saturating_add(payload.len()));
        let out = room(buffer, len, Field::TcpHeader)?;
        let (fixed, rest) = first_mut::<MIN_HEADER_LEN>(out, Field::TcpHeader)?;
        [fixed[0], fixed[1]] = self.source_port.to_be_bytes();
        [fixed[2], fixed[3]] = self.destination_port.to_be_bytes();
        [fixed[4], fixed[5], fixed[6], fixed[7]] = self.sequence_number.to_be_bytes();
        [fixed[8], fixed[9], fixed[10], fixed[11]] = self.acknowledgment_number.to_be_bytes();
        let [high, low] = self.flags.bits().to_be_bytes();
        fixed[12] = 0x50u8.wrapping_add(self.options.words().wrapping_mul(16)) | (self.reserved << 1) | high;
        fixed[13] = low;
        [fixed[14], fixed[15]] = self.window.to_be_bytes();
        [fixed[16], fixed[17]] = [0, 0];
        [fixed[18], fixed[19]] = self.urgent_pointer.to_be_bytes();
        copy(rest, self.options.as_octets());
        copy(rest.get_mut(header_len.wrapping_sub(MIN_HEADER_LEN)..).unwrap_or_default(), payload);
        let checksum = match self.checksum {
            Checksum::Verbatim(value) => value,
            Checksum::Compute => pseudo.octets(fixed).octets(rest).checksum(),
        };
        [fixed[16], fixed[17]] = checksum.to_be_bytes();
        Ok(len)
    }
}

impl Header {
    /// What emits, with the same pseudo-header and payload, the very octets that were read: a wrong checksum is kept.
    #[must_use]
    pub fn from_view(view: &View<'_>, pseudo: Sum) -> Self {
        Self {
            source_port: view.source_port(),
            destination_port: view.destination_port(),
            sequence_number: view.sequence_number(),
            acknowledgment_number: view.acknowledgment_number(),
            reserved: view.reserved(),
            flags: view.flags(),
            window: view.window(),
            checksum: Checksum::observed(view.checksum(), view.computed_checksum(pseudo)),
            urgent_pointer: view.urgent_pointer(),
            options: OptionList::from_words(view.options_octets()),
        }
    }
}

#[cfg(test)]
mod tests;
