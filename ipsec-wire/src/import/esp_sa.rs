//! Wireshark's table of ESP SAs: the file `esp_sa` of its profile, or what goes with `-o uat:esp_sa:`.
//!
//! A line has eight fields, each in quotation marks: IP version, source, destination, SPI, cipher, its key, integrity algorithm, its key. Ten in
//! newer versions, which add the sequence number's length and its upper 32 bits. A field or a part of it that is `*` stands for any.
//!
//! ```
//! use ipsec_wire::import::{Cipher, esp_sa};
//!
//! let line = r#""IPv4","192.0.2.1","*","0x00001000","AES-CBC [RFC3602]","0x000102030405060708090a0b0c0d0e0f","NULL","""#;
//! let sa = esp_sa::records(line).next().unwrap()?;
//! assert_eq!((sa.spi.value, sa.spi.mask, sa.destination), (0x1000, u32::MAX, None));
//! assert_eq!(sa.protection.cipher.unwrap().algorithm, Cipher::AesCbc);
//! # Ok::<(), ipsec_wire::Error>(())
//! ```

use alloc::vec::Vec;
use core::net::IpAddr;
use core::str::FromStr;

use nom::Parser;
use nom::branch::alt;
use nom::bytes::complete::{is_not, tag};
use nom::character::complete::{char, space0};
use nom::combinator::opt;
use nom::sequence::preceded;
use zeroize::Zeroizing;

use super::text::{Piece, hex_octet};
use super::{Cipher, Combined, Integrity, Key, Keyed, Protection};
use crate::error::{Error, Field, Problem};
use crate::spd::AddressRange;

/// One SA.
#[derive(Debug, Clone)]
pub struct EspSa {
    /// The IP version of its packets.
    pub is_ipv6: bool,
    /// Source addresses; none for any.
    pub source: Option<AddressRange>,
    /// Destination addresses; none for any.
    pub destination: Option<AddressRange>,
    /// The SPI.
    pub spi: SpiPattern,
    /// Algorithms and keys. An algorithm that is NULL is there, with an empty key; but no NULL beside a combined mode algorithm.
    pub protection: Protection,
    /// Whether sequence numbers have 64 bits, where the line says it.
    pub extended: Option<bool>,
    /// The upper 32 bits of the sequence numbers, where the line says them.
    pub sequence_high: Option<u32>,
}

/// SPIs that agree with a value in the bits of a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpiPattern {
    /// The bits.
    pub value: u32,
    /// Which count: all for one SPI, none for any.
    pub mask: u32,
}

impl SpiPattern {
    /// Whether an SPI is among them.
    #[must_use]
    pub const fn matches(&self, spi: u32) -> bool {
        spi & self.mask == self.value
    }
}

/// Reads lines of the table; empty ones, and those that start with #, say nothing. A line that can't be read gives its error, and the next one
/// is read.
#[must_use]
pub const fn records(text: &str) -> Records<'_> {
    Records { rest: Piece::whole(text) }
}

/// See [`records`].
#[derive(Debug, Clone)]
pub struct Records<'a> {
    rest: Piece<'a>,
}

impl Iterator for Records<'_> {
    type Item = Result<EspSa, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut line = self.rest.next_plain_line()?;
            line.take(space0);
            if !line.text.is_empty() && !line.text.starts_with('#') {
                return Some(EspSa::parse(line));
            }
        }
    }
}

impl core::iter::FusedIterator for Records<'_> {}

/// The fields of a line, in quotation marks or not, between commas.
struct Fields<'a> {
    rest: Piece<'a>,
    first: bool,
}

/// A field: what it says, and where it is.
struct Text<'a> {
    octets: Zeroizing<Vec<u8>>,
    place: Piece<'a>,
}

impl Text<'_> {
    fn as_str(&self) -> &str {
        core::str::from_utf8(&self.octets).unwrap_or("\u{fffd}")
    }

    const fn error(&self, field: Field, problem: Problem) -> Error {
        self.place.error(field, problem)
    }

    fn is_any(&self) -> bool {
        self.octets.as_slice() == b"*"
    }
}

impl<'a> Fields<'a> {
    fn next(&mut self, field: Field) -> Result<Text<'a>, Error> {
        self.rest.take(space0);
        if !self.first && self.rest.take(char(',')).is_none() {
            let problem = if self.rest.text.is_empty() { Problem::Missing } else { Problem::Malformed };
            return Err(self.rest.error(field, problem));
        }
        self.first = false;
        self.rest.take(space0);
        let place = self.rest;
        if self.rest.take(char('"')).is_none() {
            return Err(place.error(field, if place.text.is_empty() { Problem::Missing } else { Problem::Malformed }));
        }
        // At its final size: growing would leave a copy of a key behind.
        let mut octets = Zeroizing::new(Vec::with_capacity(place.text.len()));
        loop {
            if let Some(plain) = self.rest.take(is_not("\"\\")) {
                octets.extend_from_slice(plain.as_bytes());
            } else if let Some(octet) = self.rest.take(preceded(tag("\\x"), hex_octet)) {
                octets.push(octet);
            } else if let Some(escaped) = self.rest.take(preceded(char('\\'), alt((char('"'), char('\\'))))) {
                octets.push(if escaped == '"' { b'"' } else { b'\\' });
            } else {
                break;
            }
        }
        if self.rest.take(char('"')).is_none() {
            return Err(self.rest.error(field, Problem::Malformed));
        }
        Ok(Text { octets, place })
    }

    /// One that may be left out.
    fn next_if_there(&mut self, field: Field) -> Result<Option<Text<'a>>, Error> {
        self.rest.take(space0);
        if self.rest.text.is_empty() { Ok(None) } else { self.next(field).map(Some) }
    }
}

impl EspSa {
    fn parse(line: Piece<'_>) -> Result<Self, Error> {
        let mut fields = Fields { rest: line, first: true };
        let version = fields.next(Field::Protocol)?;
        let is_ipv6 = match version.as_str() {
            "IPv4" => false,
            "IPv6" => true,
            _ => return Err(version.error(Field::Protocol, Problem::Unknown)),
        };
        let source = addresses(&fields.next(Field::Source)?, is_ipv6, Field::Source)?;
        let destination = addresses(&fields.next(Field::Destination)?, is_ipv6, Field::Destination)?;
        let spi = spi_pattern(&fields.next(Field::Spi)?)?;
        let cipher = fields.next(Field::Algorithm)?;
        let cipher_key = key(&fields.next(Field::Key)?)?;
        let integrity = fields.next(Field::Algorithm)?;
        let integrity_key = key(&fields.next(Field::Key)?)?;
        let extended = match fields.next_if_there(Field::SequenceLen)? {
            None => None,
            Some(text) => match text.as_str() {
                "" => None,
                "32-bit" => Some(false),
                "64-bit" => Some(true),
                _ => return Err(text.error(Field::SequenceLen, Problem::Unknown)),
            },
        };
        let sequence_high = match fields.next_if_there(Field::SequenceLen)? {
            Some(text) if !text.octets.is_empty() => Some(number(&text, Field::SequenceLen)?),
            _ => None,
        };
        fields.rest.take(space0);
        if !fields.rest.text.is_empty() {
            return Err(fields.rest.error(Field::Record, Problem::Malformed));
        }
        let protection = protection(&cipher, cipher_key, &integrity, integrity_key)?;
        Ok(Self { is_ipv6, source, destination, spi, protection, extended, sequence_high })
    }
}

/// All names that Wireshark has: 4.0's list, and the ones of versions before it.
fn protection(cipher: &Text<'_>, cipher_key: Key, integrity: &Text<'_>, integrity_key: Key) -> Result<Protection, Error> {
    enum Either {
        Cipher(Cipher),
        Combined(Combined, Option<u16>),
    }
    use Either::{Cipher as Plain, Combined as Both};
    let either = match cipher.as_str() {
        "NULL" => Plain(Cipher::Null),
        "TripleDES-CBC [RFC2451]" => Plain(Cipher::TripleDesCbc),
        "AES-CBC [RFC3602]" => Plain(Cipher::AesCbc),
        "AES-CTR [RFC3686]" => Plain(Cipher::AesCtr),
        "DES-CBC [RFC2405]" => Plain(Cipher::DesCbc),
        "CAST5-CBC [RFC2144]" => Plain(Cipher::Cast5Cbc),
        "BLOWFISH-CBC [RFC2451]" => Plain(Cipher::BlowfishCbc),
        "TWOFISH-CBC" => Plain(Cipher::TwofishCbc),
        // The ICV was that of the integrity algorithm then, which was one of those without a check.
        "AES-GCM [RFC4106]" => Both(Combined::AesGcm, None),
        "AES-GCM with 8 octet ICV [RFC4106]" => Both(Combined::AesGcm, Some(64)),
        "AES-GCM with 12 octet ICV [RFC4106]" => Both(Combined::AesGcm, Some(96)),
        "AES-GCM with 16 octet ICV [RFC4106]" => Both(Combined::AesGcm, Some(128)),
        _ => return Err(cipher.error(Field::Algorithm, Problem::Unknown)),
    };
    let (algorithm, icv_bits) = match integrity.as_str() {
        "NULL" => (Integrity::Null, 0),
        "HMAC-SHA-1-96 [RFC2404]" => (Integrity::HmacSha1, 96),
        "HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]" => (Integrity::HmacSha256, 96),
        "HMAC-SHA-256-128 [RFC4868]" => (Integrity::HmacSha256, 128),
        "HMAC-SHA-384-192 [RFC4868]" => (Integrity::HmacSha384, 192),
        "HMAC-SHA-512-256 [RFC4868]" => (Integrity::HmacSha512, 256),
        "HMAC-MD5-96 [RFC2403]" => (Integrity::HmacMd5, 96),
        "MAC-RIPEMD-160-96 [RFC2857]" => (Integrity::HmacRipemd160, 96),
        "AES-XCBC-MAC-96 [RFC3566]" => (Integrity::AesXcbc, 96),
        "ANY 64 bit authentication [no checking]" => (Integrity::Unchecked, 64),
        "ANY 96 bit authentication [no checking]" => (Integrity::Unchecked, 96),
        "ANY 128 bit authentication [no checking]" => (Integrity::Unchecked, 128),
        "ANY 192 bit authentication [no checking]" => (Integrity::Unchecked, 192),
        "ANY 256 bit authentication [no checking]" => (Integrity::Unchecked, 256),
        _ => return Err(integrity.error(Field::Algorithm, Problem::Unknown)),
    };
    let separate = Keyed { algorithm, key: Some(integrity_key), icv_bits: Some(icv_bits) };
    Ok(match either {
        Plain(algorithm) => {
            let cipher = Keyed { algorithm, key: Some(cipher_key), icv_bits: None };
            Protection { cipher: Some(cipher), integrity: Some(separate), combined: None }
        }
        Both(combined, icv_bits) => {
            let combined = Keyed { algorithm: combined, key: Some(cipher_key), icv_bits };
            let integrity = Some(separate).filter(|separate| separate.algorithm != Integrity::Null);
            Protection { cipher: None, integrity, combined: Some(combined) }
        }
    })
}

/// `*`, an address, or an address and a prefix length.
fn addresses(text: &Text<'_>, is_ipv6: bool, field: Field) -> Result<Option<AddressRange>, Error> {
    if text.is_any() {
        return Ok(None);
    }
    let (address, len) = match text.as_str().split_once('/') {
        Some((address, len)) => (address, Some(len)),
        None => (text.as_str(), None),
    };
    let address = IpAddr::from_str(address).map_err(|_| text.error(field, Problem::Malformed))?;
    if address.is_ipv6() != is_ipv6 {
        return Err(text.error(field, Problem::Malformed));
    }
    let Some(len) = len else { return Ok(Some(AddressRange::single(address))) };
    let len = len.parse().map_err(|_| text.error(field, Problem::Malformed))?;
    AddressRange::prefix(address, len).map(Some).map_err(|_| text.error(field, Problem::OutOfRange))
}

/// `*`, decimal digits, or up to eight hexadecimal ones after 0x of which each may be `*`.
fn spi_pattern(text: &Text<'_>) -> Result<SpiPattern, Error> {
    if text.is_any() {
        return Ok(SpiPattern { value: 0, mask: 0 });
    }
    let Some(digits) = hexadecimal(text.as_str()) else {
        return Ok(SpiPattern { value: number(text, Field::Spi)?, mask: u32::MAX });
    };
    let mut pattern = SpiPattern { value: 0, mask: u32::MAX };
    if digits.is_empty() {
        return Err(text.error(Field::Spi, Problem::Malformed));
    }
    if digits.len() > 8 {
        return Err(text.error(Field::Spi, Problem::OutOfRange));
    }
    for digit in digits.chars() {
        let (value, mask) = match (digit, digit.to_digit(16)) {
            ('*', _) => (0, 0),
            (_, Some(value)) => (value, 0xf),
            (_, None) => return Err(text.error(Field::Spi, Problem::Malformed)),
        };
        pattern = SpiPattern { value: pattern.value << 4 | value, mask: pattern.mask << 4 | mask };
    }
    Ok(pattern)
}

/// Hexadecimal digits after 0x, or the octets themselves.
fn key(text: &Text<'_>) -> Result<Key, Error> {
    match hexadecimal(text.as_str()) {
        Some(digits) => Key::from_hex(digits).ok_or_else(|| text.error(Field::Key, Problem::Malformed)),
        None => Ok(Key::from_octets(&text.octets)),
    }
}

/// What is behind 0x.
fn hexadecimal(text: &str) -> Option<&str> {
    opt(alt((tag::<_, _, ()>("0x"), tag("0X")))).parse(text).ok().and_then(|(digits, prefix)| prefix.map(|_| digits))
}

fn number(text: &Text<'_>, field: Field) -> Result<u32, Error> {
    let (digits, radix) = hexadecimal(text.as_str()).map_or((text.as_str(), 10), |digits| (digits, 16));
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(text.error(field, Problem::Malformed));
    }
    u32::from_str_radix(digits, radix).map_err(|_| text.error(field, Problem::OutOfRange))
}
