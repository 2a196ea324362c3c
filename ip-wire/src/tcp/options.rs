//! TCP options (RFC 9293 3.2 and the RFCs named at each).
//!
//! ```text
//! +---------------+---------------+---------------- ... -+
//! |     Kind      |    Length     |  Data, Length-2 octets|
//! +---------------+---------------+---------------- ... -+
//! ```
//!
//! Length counts kind and length octets. Kinds 0 (end of list) and 1 (no operation) are single octets.

use core::fmt;

use super::MIN_HEADER_LEN;
use crate::error::{Error, Field, len32};
use crate::tlv;

/// Octets of the largest options area: data offset 15.
pub const MAX_OPTIONS_LEN: usize = tlv::MAX_AREA_LEN;

tlv::option_kinds! {
    "TCP Option Kind Numbers", "option {}";
    /// End of option list (RFC 9293).
    END_OF_OPTIONS = 0, "end of options list";
    /// No operation (RFC 9293).
    NO_OPERATION = 1, "no operation";
    /// Maximum segment size (RFC 9293).
    MAXIMUM_SEGMENT_SIZE = 2, "maximum segment size";
    /// Window scale (RFC 7323).
    WINDOW_SCALE = 3, "window scale";
    /// SACK permitted (RFC 2018).
    SACK_PERMITTED = 4, "SACK permitted";
    /// Selective acknowledgment (RFC 2018).
    SACK = 5, "SACK";
    /// Timestamps (RFC 7323).
    TIMESTAMPS = 8, "timestamps";
    /// MD5 signature (RFC 2385, obsoleted by RFC 5925).
    MD5_SIGNATURE = 19, "MD5 signature";
    /// User timeout (RFC 5482).
    USER_TIMEOUT = 28, "user timeout";
    /// TCP authentication option (RFC 5925).
    AUTHENTICATION = 29, "authentication";
    /// Multipath TCP (RFC 8684).
    MULTIPATH = 30, "multipath TCP";
    /// Fast open cookie (RFC 7413).
    FAST_OPEN = 34, "fast open";
    /// Accurate ECN order 0 (RFC 9768).
    ACCURATE_ECN_0 = 172, "accurate ECN order 0";
    /// Accurate ECN order 1 (RFC 9768).
    ACCURATE_ECN_1 = 174, "accurate ECN order 1";
    /// First experimental kind (RFC 6994).
    EXPERIMENTAL_1 = 253, "experiment 1";
    /// Second experimental kind (RFC 6994).
    EXPERIMENTAL_2 = 254, "experiment 2";
}

tlv::options_walk!(Field::TcpOption, tlv::Inclusive, "segment", "The length octet; `None` for the two kinds that have none.");

impl<'a> Opt<'a> {
    /// The option's meaning.
    ///
    /// # Errors
    /// [`Error::OptionLength`] if the length is not one that the kind allows.
    pub fn value(&self) -> Result<Value<'a>, Error> {
        let data = self.tlv.data;
        Ok(match self.kind() {
            Kind::END_OF_OPTIONS => Value::EndOfOptions { padding: data },
            Kind::NO_OPERATION => Value::NoOperation,
            Kind::MAXIMUM_SEGMENT_SIZE => Value::MaximumSegmentSize(u16::from_be_bytes(self.exactly()?)),
            Kind::WINDOW_SCALE => {
                let [shift] = self.exactly()?;
                Value::WindowScale(shift)
            }
            Kind::SACK_PERMITTED => {
                let [] = self.exactly()?;
                Value::SackPermitted
            }
            Kind::SACK => match SackBlocks::new(data) {
                Some(blocks) => Value::Sack(blocks),
                None => return Err(self.wrong_length(len32(data.len().max(8) & !7))),
            },
            Kind::TIMESTAMPS => {
                let [v0, v1, v2, v3, e0, e1, e2, e3] = self.exactly()?;
                Value::Timestamps {
                    value: u32::from_be_bytes([v0, v1, v2, v3]),
                    echo_reply: u32::from_be_bytes([e0, e1, e2, e3]),
                }
            }
            Kind::MD5_SIGNATURE => match <&[u8; 16]>::try_from(data) {
                Ok(digest) => Value::Md5Signature(digest),
                Err(_) => return Err(self.wrong_length(16)),
            },
            Kind::USER_TIMEOUT => {
                let word = u16::from_be_bytes(self.exactly()?);
                Value::UserTimeout { minutes: word & 0x8000 != 0, timeout: word & 0x7fff }
            }
            Kind::AUTHENTICATION => match data {
                [key_id, next_key_id, mac @ ..] => Value::Authentication { key_id: *key_id, r_next_key_id: *next_key_id, mac },
                _ => return Err(self.wrong_length(2)),
            },
            Kind::MULTIPATH if data.is_empty() => return Err(self.wrong_length(1)),
            Kind::MULTIPATH => Value::Multipath(data),
            // RFC 7413 4.1.1: none to ask for a cookie, else 4 to 16 octets, an even number.
            Kind::FAST_OPEN => match data.len() {
                0 | 4..=16 if data.len() % 2 == 0 => Value::FastOpen { cookie: data },
                _ => return Err(self.wrong_length(8)),
            },
            kind => Value::Unknown { kind, data },
        })
    }

    fn exactly<const N: usize>(&self) -> Result<[u8; N], Error> {
        <[u8; N]>::try_from(self.tlv.data).map_err(|_| self.wrong_length(len32(N)))
    }

    fn wrong_length(&self, data_len: u32) -> Error {
        Error::OptionLength {
            field: Field::TcpOption,
            offset: self.offset,
            found: len32(self.tlv.octets.len()),
            needed: data_len.saturating_add(2),
        }
    }
}

/// What an option says.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// The list ends; what is left of the area is padding, zero as a rule.
    EndOfOptions {
        /// The octets after the option's own.
        padding: &'a [u8],
    },
    /// Nothing; aligns the next option.
    NoOperation,
    /// Largest payload that the sender takes in a segment, in octets.
    MaximumSegmentSize(u16),
    /// Windows are to be shifted left by this much; over 14 counts as 14 (RFC 7323 2.3).
    WindowScale(u8),
    /// Selective acknowledgments are understood.
    SackPermitted,
    /// Blocks that were received out of order.
    Sack(SackBlocks<'a>),
    /// Timestamps.
    Timestamps {
        /// TSval: the sender's clock.
        value: u32,
        /// TSecr: the peer's clock, echoed.
        echo_reply: u32,
    },
    /// Digest of RFC 2385.
    Md5Signature(&'a [u8; 16]),
    /// How long unacknowledged data is kept (RFC 5482 3).
    UserTimeout {
        /// G: the unit is minutes, else seconds.
        minutes: bool,
        /// The time, 15 bits.
        timeout: u16,
    },
    /// TCP-AO (RFC 5925 2.2).
    Authentication {
        /// KeyID.
        key_id: u8,
        /// RNextKeyID.
        r_next_key_id: u8,
        /// Message authentication code.
        mac: &'a [u8],
    },
    /// Multipath TCP, subtype and all, as it stands.
    Multipath(&'a [u8]),
    /// Fast open cookie; empty asks for one.
    FastOpen {
        /// The cookie.
        cookie: &'a [u8],
    },
    /// An option that this crate gives no meaning to.
    Unknown {
        /// Its kind.
        kind: Kind,
        /// Its octets after kind and length.
        data: &'a [u8],
    },
}

impl Value<'_> {
    /// The kind octet.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::EndOfOptions { .. } => Kind::END_OF_OPTIONS,
            Self::NoOperation => Kind::NO_OPERATION,
            Self::MaximumSegmentSize(_) => Kind::MAXIMUM_SEGMENT_SIZE,
            Self::WindowScale(_) => Kind::WINDOW_SCALE,
            Self::SackPermitted => Kind::SACK_PERMITTED,
            Self::Sack(_) => Kind::SACK,
            Self::Timestamps { .. } => Kind::TIMESTAMPS,
            Self::Md5Signature(_) => Kind::MD5_SIGNATURE,
            Self::UserTimeout { .. } => Kind::USER_TIMEOUT,
            Self::Authentication { .. } => Kind::AUTHENTICATION,
            Self::Multipath(_) => Kind::MULTIPATH,
            Self::FastOpen { .. } => Kind::FAST_OPEN,
            Self::Unknown { kind, .. } => *kind,
        }
    }
}

/// The blocks of a SACK option: pairs of left and right edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SackBlocks<'a>(&'a [u8]);

impl<'a> SackBlocks<'a> {
    /// Blocks from their octets; `None` if there is none, or they are not whole.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Option<Self> {
        if octets.is_empty() || octets.len() % 8 != 0 { None } else { Some(Self(octets)) }
    }

    /// The octets.
    #[must_use]
    pub const fn as_octets(&self) -> &'a [u8] {
        self.0
    }

    /// First sequence number of each block, and the one behind its last.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (u32, u32)> + use<'a> {
        self.0.chunks_exact(8).map(|block| {
            let word = |at: Option<&[u8]>| u32::from_be_bytes(at.and_then(|at| at.try_into().ok()).unwrap_or_default());
            (word(block.get(..4)), word(block.get(4..)))
        })
    }
}

/// An options area to emit: at most 40 octets, padded to whole words with the end of the list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OptionList {
    area: tlv::Area,
}

tlv::options_list!(Field::TcpOptions, MIN_HEADER_LEN, "segment");

impl OptionList {
    /// Appends an option.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] if the area would be over 40 octets, or a user timeout over 15 bits; the list stays as it was.
    pub fn push(&mut self, value: &Value<'_>) -> Result<(), Error> {
        let mut next = *self;
        let kind = value.kind();
        match *value {
            Value::EndOfOptions { padding } => {
                next.area.push(&[kind.0], Field::TcpOptions)?;
                next.area.push(padding, Field::TcpOptions)?;
            }
            Value::NoOperation => next.area.push(&[kind.0], Field::TcpOptions)?,
            Value::MaximumSegmentSize(size) => next.push_tlv(kind, &[&size.to_be_bytes()])?,
            Value::WindowScale(shift) => next.push_tlv(kind, &[&[shift]])?,
            Value::SackPermitted => next.push_tlv(kind, &[])?,
            Value::Sack(SackBlocks(data))
            | Value::Multipath(data)
            | Value::FastOpen { cookie: data }
            | Value::Unknown { data, .. } => {
                next.push_tlv(kind, &[data])?;
            }
            Value::Timestamps { value, echo_reply } => {
                next.push_tlv(kind, &[&value.to_be_bytes(), &echo_reply.to_be_bytes()])?;
            }
            Value::Md5Signature(digest) => next.push_tlv(kind, &[digest])?,
            Value::UserTimeout { minutes, timeout } => {
                if timeout > 0x7fff {
                    let found = u32::from(timeout);
                    return Err(Error::DoesNotFit { field: Field::TcpOption, found, needed: 0x7fff });
                }
                next.push_tlv(kind, &[&(u16::from(minutes) << 15 | timeout).to_be_bytes()])?;
            }
            Value::Authentication { key_id, r_next_key_id, mac } => next.push_tlv(kind, &[&[key_id, r_next_key_id], mac])?,
        }
        *self = next;
        Ok(())
    }

    fn push_tlv(&mut self, kind: Kind, parts: &[&[u8]]) -> Result<(), Error> {
        self.area.push_tlv(kind.0, parts, Field::TcpOptions)
    }
}
