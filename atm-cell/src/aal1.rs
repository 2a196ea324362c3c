//! AAL type 1: the SAR-PDU header (I.363.1).
//!
//! ```text
//!    8     7   6   5    4   3   2    1
//! +-----+------------+------------+-----+----------------------------+
//! | CSI | sequence   |   CRC-3    |  P  |  SAR-PDU payload, 47       |
//! |     | count      |            |     |                            |
//! +-----+------------+------------+-----+----------------------------+
//!  SN field: 4 bits   SNP field: 4 bits
//! ```
//!
//! The CRC-3 is the remainder of the SN field times x^3 by x^3 + x + 1; P makes the octet's parity even. Together they correct
//! one bit or detect two.
//!
//! Under structured data transfer a SAR-PDU of even sequence count with CSI 1 has a pointer in its payload's first octet (P
//! format). Under SRTS the CSI bits of the odd sequence counts carry the residual time stamp.

use crate::octets::write;
use crate::{Error, Field, PAYLOAD_LEN};

/// Octets of a SAR-PDU's payload.
pub const SAR_PAYLOAD_LEN: usize = 47;

const CSI: u8 = 0b1000;
const COUNT: u8 = 0b0111;

/// The header octets of the sixteen SN fields.
const HEADERS: [u8; 16] = headers();

/// Sequence count: 3 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SequenceCount(u8);

impl SequenceCount {
    /// The largest value.
    pub const MAX: Self = Self(7);

    /// The count, or `None` above 7.
    #[must_use]
    pub const fn new(value: u8) -> Option<Self> {
        if value <= 7 { Some(Self(value)) } else { None }
    }

    /// The value as a number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// The count of the SAR-PDU after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1) & COUNT)
    }

    /// How many steps of [`Self::next`] lead from `earlier` to this one, modulo 8.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u8 {
        self.0.wrapping_sub(earlier.0) & COUNT
    }
}

/// The SAR-PDU header: the SN field, from which the rest follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Header {
    /// Convergence sublayer indication.
    pub csi: bool,
    /// Sequence count.
    pub count: SequenceCount,
}

impl Header {
    /// The header of that SN field.
    #[must_use]
    pub const fn new(csi: bool, count: SequenceCount) -> Self {
        Self { csi, count }
    }

    const fn from_sn(sn: u8) -> Self {
        Self { csi: sn & CSI != 0, count: SequenceCount(sn & COUNT) }
    }

    /// The header octet, with its SNP.
    #[must_use]
    pub fn to_octet(self) -> u8 {
        let sn = if self.csi { self.count.0 | CSI } else { self.count.0 };
        HEADERS.get(usize::from(sn)).copied().unwrap_or_default()
    }

    /// Octets that [`Self::emit`] writes: always 1.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        1
    }

    /// Writes the header octet and returns 1.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`].
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        write(&[self.to_octet()], buffer, Field::Aal1Header)
    }

    /// Whether the SAR-PDU is of the P format under structured data transfer: even count, CSI 1.
    #[must_use]
    pub const fn is_pointer_format(self) -> bool {
        self.csi && self.count.0 & 1 == 0
    }

    /// The whole SAR-PDU: a cell's payload.
    #[must_use]
    pub fn with_payload(self, payload: &[u8; SAR_PAYLOAD_LEN]) -> [u8; PAYLOAD_LEN] {
        let mut octets = [self.to_octet(); PAYLOAD_LEN];
        let [_, rest @ ..] = &mut octets;
        *rest = *payload;
        octets
    }
}

crate::impl_put!(Header, 1);

/// What the SNP tells of a header octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Check {
    /// CRC-3 and parity hold.
    Valid(Header),
    /// One bit is wrong, if no more are; this is the header without that error.
    SingleBit(Header),
    /// More than one bit is wrong.
    MultiBit,
}

/// Checks a header octet's SNP.
#[must_use]
pub fn check(octet: u8) -> Check {
    if HEADERS.get(usize::from(octet >> 4)) == Some(&octet) {
        return Check::Valid(Header::from_sn(octet >> 4));
    }
    // Two valid octets differ in at least four bits: at most one of them is one bit away.
    for valid in HEADERS {
        if (valid ^ octet).is_power_of_two() {
            return Check::SingleBit(Header::from_sn(valid >> 4));
        }
    }
    Check::MultiBit
}

/// What a receiver does with a header octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The SN is valid.
    Valid(Header),
    /// The SN is valid after one bit was corrected.
    Corrected(Header),
    /// The SN is not valid; the convergence sublayer learns so.
    Invalid,
}

/// Which of the two modes a receiver is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// A single error is corrected.
    #[default]
    Correction,
    /// Every error makes the SN invalid.
    Detection,
}

/// The receiver of SAR-PDU headers (I.363.1): after any error it corrects no more until a header is free of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receiver {
    mode: Mode,
}

impl Receiver {
    /// A receiver in correction mode.
    #[must_use]
    pub const fn new() -> Self {
        Self { mode: Mode::Correction }
    }

    /// The mode.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Takes the next header octet.
    pub fn handle(&mut self, octet: u8) -> Verdict {
        let (mode, verdict) = match (self.mode, check(octet)) {
            (_, Check::Valid(header)) => (Mode::Correction, Verdict::Valid(header)),
            (Mode::Correction, Check::SingleBit(header)) => (Mode::Detection, Verdict::Corrected(header)),
            (Mode::Detection, Check::SingleBit(_)) | (_, Check::MultiBit) => (Mode::Detection, Verdict::Invalid),
        };
        self.mode = mode;
        verdict
    }
}

/// A SAR-PDU whose SNP holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    octets: &'a [u8; PAYLOAD_LEN],
}

impl<'a> View<'a> {
    /// Reads a cell's payload. No error is corrected: [`Receiver`] does that.
    ///
    /// # Errors
    /// [`Error::Checksum`] for the SNP.
    pub fn parse(octets: &'a [u8; PAYLOAD_LEN]) -> Result<Self, Error> {
        let [header, ..] = *octets;
        let needed = Header::from_sn(header >> 4).to_octet();
        if header == needed {
            return Ok(Self { octets });
        }
        let (found, needed) = (u32::from(header & 0xf), u32::from(needed & 0xf));
        Err(Error::Checksum { field: Field::Aal1Snp, offset: 0, found, needed })
    }

    /// The header.
    #[must_use]
    pub const fn header(self) -> Header {
        Header::from_sn(self.octets[0] >> 4)
    }

    /// The 47 octets behind the header.
    #[must_use]
    pub const fn payload(self) -> &'a [u8; SAR_PAYLOAD_LEN] {
        let [_, payload @ ..] = self.octets;
        payload
    }

    /// The payload under structured data transfer: with its pointer, if it is of the P format.
    ///
    /// # Errors
    /// Those of [`Pointer::from_octet`].
    pub fn structured(self, parity: PointerParity) -> Result<Structured<'a>, Error> {
        let payload = self.payload();
        if !self.header().is_pointer_format() {
            return Ok(Structured::NonP(payload));
        }
        let [pointer, rest @ ..] = payload;
        Ok(Structured::P(Pointer::from_octet(*pointer, parity).map_err(|error| error.shifted(1))?, rest))
    }
}

/// A SAR-PDU's payload under structured data transfer (I.363.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structured<'a> {
    /// 47 octets of user data.
    NonP(&'a [u8; SAR_PAYLOAD_LEN]),
    /// A pointer, and 46 octets of user data.
    P(Pointer, &'a [u8; 46]),
}

/// What the high bit of a pointer octet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PointerParity {
    /// Even parity over the octet.
    #[default]
    Even,
    /// Reserved, sent as 0 and not looked at: senders before the parity was defined.
    Ignored,
}

/// A structure pointer: where the next structured block starts, in octets from the pointer's end over this payload's 46 octets
/// and the next one's 47.
///
/// ```text
///    8    7   6   5   4   3   2   1
/// +-----+---------------------------+
/// |  P  |  offset: 0 to 93, or 127  |
/// +-----+---------------------------+
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pointer(u8);

impl Pointer {
    /// No block starts in the 93 octets: the dummy value.
    pub const DUMMY: Self = Self(127);
    /// The largest offset: the block starts right behind the 93 octets.
    pub const MAX_OFFSET: u8 = 93;

    /// The pointer of an offset, or `None` above 93.
    #[must_use]
    pub const fn new(offset: u8) -> Option<Self> {
        if offset <= Self::MAX_OFFSET { Some(Self(offset)) } else { None }
    }

    /// The offset; `None` for the dummy value.
    #[must_use]
    pub const fn offset(self) -> Option<u8> {
        if self.0 == Self::DUMMY.0 { None } else { Some(self.0) }
    }

    /// Reads a pointer octet.
    ///
    /// # Errors
    /// [`Error::Checksum`] for the parity, [`Error::Value`] for an offset of 94 to 126.
    pub fn from_octet(octet: u8, parity: PointerParity) -> Result<Self, Error> {
        let (field, value) = (Field::Aal1Pointer, octet & 0x7f);
        if matches!(parity, PointerParity::Even) && octet.count_ones() & 1 == 1 {
            return Err(Error::Checksum { field, offset: 0, found: octet.into(), needed: (octet ^ 0x80).into() });
        }
        match value {
            0..=Self::MAX_OFFSET | 127 => Ok(Self(value)),
            _ => Err(Error::Value { field, offset: 0, found: value.into(), needed: Self::MAX_OFFSET.into() }),
        }
    }

    /// The pointer octet.
    #[must_use]
    pub const fn to_octet(self, parity: PointerParity) -> u8 {
        match parity {
            PointerParity::Even if self.0.count_ones() & 1 == 1 => self.0 | 0x80,
            _ => self.0,
        }
    }
}

/// What a sequence count tells of the SAR-PDUs before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// It is the first.
    First,
    /// It follows the one before.
    InSequence,
    /// That many are missing, 1 to 7, modulo 8: as many as that and any multiple of 8 more. 7 may as well be the same count
    /// again.
    Gap(u8),
}

/// Follows the sequence counts of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sequence {
    expected: Option<SequenceCount>,
}

impl Sequence {
    /// A connection of which nothing was received.
    #[must_use]
    pub const fn new() -> Self {
        Self { expected: None }
    }

    /// The count that the next SAR-PDU has if none is lost.
    #[must_use]
    pub const fn expected(&self) -> Option<SequenceCount> {
        self.expected
    }

    /// Takes the next valid sequence count.
    pub fn handle(&mut self, count: SequenceCount) -> Step {
        let step = match self.expected {
            None => Step::First,
            Some(expected) => match count.since(expected) {
                0 => Step::InSequence,
                lost => Step::Gap(lost),
            },
        };
        self.expected = Some(count.next());
        step
    }
}

/// Gathers the residual time stamp from the CSI bits of counts 1, 3, 5 and 7, its high bit first (I.363.1, SRTS method).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeStamp {
    /// The bits so far, behind a one that marks how many they are; 0 while there is no count 1.
    bits: u8,
}

impl TimeStamp {
    /// Nothing gathered.
    #[must_use]
    pub const fn new() -> Self {
        Self { bits: 0 }
    }

    /// Takes the next valid header and returns the time stamp, 0 to 15, when it is whole. One of which a bit was lost never is.
    pub fn handle(&mut self, header: Header) -> Option<u8> {
        let bit = u8::from(header.csi);
        self.bits = match (header.count.0, self.bits) {
            (1, _) => 0b10 | bit,
            (3, 0b10..=0b11) | (5, 0b100..=0b111) => self.bits << 1 | bit,
            (7, 0b1000..=0b1111) => {
                let stamp = (self.bits << 1 | bit) & 0xf;
                self.bits = 0;
                return Some(stamp);
            }
            (0 | 2 | 4 | 6, bits) => bits,
            _ => 0,
        };
        None
    }
}

#[expect(clippy::indexing_slicing, clippy::arithmetic_side_effects, clippy::cast_possible_truncation, reason = "const evaluated")]
const fn headers() -> [u8; 16] {
    let mut headers = [0; 16];
    let mut sn = 0;
    while sn < 16 {
        let mut rest = (sn as u8) << 3;
        let mut bit = 6;
        while bit >= 3 {
            if rest >> bit & 1 == 1 {
                rest ^= 0b1011 << (bit - 3);
            }
            bit -= 1;
        }
        let octet = (sn as u8) << 4 | rest << 1;
        headers[sn] = octet | (octet.count_ones() as u8 & 1);
        sn += 1;
    }
    headers
}

#[cfg(test)]
mod tests;
