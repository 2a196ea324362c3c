//! Control messages: this crate's own, since the thesis names phases and no messages.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +---------------------------------------------------------------+
//! |              Length: octets behind this word                  |  0
//! +---------------+---------------+-------------------------------+
//! |   Version 1   |     Type      |  body ...                     |  4
//! +---------------+---------------+-------------------------------+
//! |  Tag: HMAC-SHA-256, 32 octets, from type 16 on                |
//! +---------------------------------------------------------------+
//! ```
//!
//! | type | message | from, to | body |
//! | --- | --- | --- | --- |
//! | 1 | Request | initiator, MAS | initiator's name, responder's name, nonce 32 |
//! | 2 | Challenge | MAS, initiator | session 8, nonce 32, proof 32 |
//! | 3 | Response | initiator, MAS | proof 32 |
//! | 4 | Invite | MAS, responder | session 8, nonce 32, initiator's name, responder's name |
//! | 5 | Reply | responder, MAS | nonce 32, proof 32 |
//! | 6 | Confirm | MAS, responder | proof 32 |
//! | 16 | HostId | responder, MAS; MAS, initiator | host ID 2 |
//! | 17 | Table | MAS, both | generation 4, IV 16, encrypted table |
//! | 18 | Installed | both, MAS | generation 4 |
//! | 19 | Refresh | both, MAS | session 8, generation 4 |
//! | 20 | Terminate | any | reason 1 |
//!
//! A name is one octet of length, 1 to 64, and as many octets. Numbers are big-endian.

use alloc::vec::Vec;
use core::fmt;

use nom::bytes::complete::take;
use nom::combinator::{map_opt, rest};
use nom::number::complete::{be_u8, be_u16, be_u32, be_u64};
use nom::{IResult, Parser};

use crate::error::{Error, Field, TerminateReason, len32};
use crate::host::HostId;

/// The version of control messages that this crate speaks.
pub const VERSION: u8 = 1;

/// Octets of the Length word.
pub const PREFIX_LEN: usize = 4;

/// Octets of a secured message's tag.
pub const TAG_LEN: usize = 32;

/// The first type whose messages bear a tag.
const FIRST_SECURED: u8 = 16;

/// Octets of the longest message without a key table, behind the Length word.
pub const MAX_SHORT_LEN: usize = 2 + 8 + 32 + 2 * (1 + Name::MAX_LEN);

/// Who a party is: 1 to 64 octets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    octets: [u8; Self::MAX_LEN],
    len: u8,
}

impl Name {
    /// The most octets of a name.
    pub const MAX_LEN: usize = 64;

    /// A name of any octets.
    ///
    /// # Errors
    /// [`Error::TooSmall`] without an octet, [`Error::DoesNotFit`] with more than 64.
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, Error> {
        let name = name.as_ref();
        let mut octets = [0; Self::MAX_LEN];
        let (Some(place), Ok(len)) = (octets.get_mut(..name.len()), u8::try_from(name.len())) else {
            return Err(Error::DoesNotFit { field: Field::Name, found: len32(name.len()), needed: len32(Self::MAX_LEN) });
        };
        if name.is_empty() {
            return Err(Error::TooSmall { field: Field::Name, found: 0, needed: 1 });
        }
        place.copy_from_slice(name);
        Ok(Self { octets, len })
    }

    /// Its octets.
    #[must_use]
    pub fn as_octets(&self) -> &[u8] {
        self.octets.get(..self.len.into()).unwrap_or(&[])
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({})", self.as_octets().escape_ascii())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_octets().escape_ascii())
    }
}

/// A random number that no other call setup has.
pub type Nonce = [u8; 32];

/// HMAC-SHA-256 that shows that its maker holds a long-term key.
pub type Proof = [u8; 32];

/// A control message without its Length word and tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// A gateway asks for a session with another (thesis p. 89, a).
    Request {
        /// Who asks.
        initiator: Name,
        /// With whom.
        responder: Name,
        /// The initiator's.
        nonce: Nonce,
    },
    /// The server shows who it is and asks the initiator to do so (b).
    Challenge {
        /// The session's number.
        session: u64,
        /// The server's.
        nonce: Nonce,
        /// The server's.
        proof: Proof,
    },
    /// The initiator shows who it is.
    Response {
        /// The initiator's.
        proof: Proof,
    },
    /// The server asks the responder to show who it is (c).
    Invite {
        /// The session's number.
        session: u64,
        /// The server's.
        nonce: Nonce,
        /// Who asked.
        initiator: Name,
        /// Who is asked for.
        responder: Name,
    },
    /// The responder shows who it is and asks the server to do so.
    Reply {
        /// The responder's.
        nonce: Nonce,
        /// The responder's.
        proof: Proof,
    },
    /// The server shows the responder who it is.
    Confirm {
        /// The server's.
        proof: Proof,
    },
    /// The responder's ID for the initiator, on its way through the server (d).
    HostId(HostId),
    /// A key table, encrypted (e).
    Table {
        /// 1 for the first table of a session, then counting up.
        generation: u32,
        /// Initialization vector.
        iv: [u8; 16],
        /// AES-256-CBC of the table.
        ciphertext: &'a [u8],
    },
    /// The table is in place.
    Installed {
        /// Which.
        generation: u32,
    },
    /// The table has cycled or is about to: send a new one (thesis p. 91).
    Refresh {
        /// The session's number, so that the message finds its session on a new connection.
        session: u64,
        /// The table that is in place.
        generation: u32,
    },
    /// The session ends (thesis p. 91, g).
    Terminate {
        /// Why.
        reason: TerminateReason,
    },
}

impl<'a> Message<'a> {
    /// Its type on the wire.
    #[must_use]
    pub const fn kind(&self) -> u8 {
        match self {
            Self::Request { .. } => 1,
            Self::Challenge { .. } => 2,
            Self::Response { .. } => 3,
            Self::Invite { .. } => 4,
            Self::Reply { .. } => 5,
            Self::Confirm { .. } => 6,
            Self::HostId(_) => 16,
            Self::Table { .. } => 17,
            Self::Installed { .. } => 18,
            Self::Refresh { .. } => 19,
            Self::Terminate { .. } => 20,
        }
    }

    /// Whether messages of a type bear a tag.
    #[must_use]
    pub const fn is_secured(kind: u8) -> bool {
        kind >= FIRST_SECURED
    }

    /// Reads a message: what is behind the Length word, up to the tag.
    ///
    /// # Errors
    /// [`Error::Truncated`] if it ends early; [`Error::Mismatch`] at another version or an unknown type or reason; [`Error::Length`] at octets behind its end. Offsets count
    /// from the start of `octets`.
    pub fn decode(octets: &'a [u8]) -> Result<Self, Error> {
        let (version, kind, body) = match *octets {
            [version, kind, ref body @ ..] => (version, kind, body),
            _ => return Err(Error::Truncated { field: Field::Message, offset: 0, found: len32(octets.len()), needed: 2 }),
        };
        if version != VERSION {
            let (found, needed) = (version.into(), VERSION.into());
            return Err(Error::Mismatch { field: Field::MessageVersion, offset: 0, found, needed });
        }
        let Some(decoded) = Self::body(kind, body) else {
            return Err(Error::Mismatch { field: Field::MessageType, offset: 1, found: kind.into(), needed: 1 });
        };
        match decoded {
            Ok((&[], message)) => Ok(message),
            Ok((left, _)) => {
                let needed = len32(octets.len().saturating_sub(left.len()));
                Err(Error::Length { field: Field::MessageLength, offset: 0, found: len32(octets.len()), needed })
            }
            Err(error) => Err(Self::problem(octets, &error)),
        }
    }

    fn body(kind: u8, body: &'a [u8]) -> Option<IResult<&'a [u8], Self>> {
        Some(match kind {
            1 => {
                (name, name, array).map(|(initiator, responder, nonce)| Self::Request { initiator, responder, nonce }).parse(body)
            }
            2 => (be_u64, array, array).map(|(session, nonce, proof)| Self::Challenge { session, nonce, proof }).parse(body),
            3 => array.map(|proof| Self::Response { proof }).parse(body),
            4 => (be_u64, array, name, name)
                .map(|(session, nonce, initiator, responder)| Self::Invite { session, nonce, initiator, responder })
                .parse(body),
            5 => (array, array).map(|(nonce, proof)| Self::Reply { nonce, proof }).parse(body),
            6 => array.map(|proof| Self::Confirm { proof }).parse(body),
            16 => be_u16.map(|host| Self::HostId(HostId(host))).parse(body),
            17 => {
                (be_u32, array, rest).map(|(generation, iv, ciphertext)| Self::Table { generation, iv, ciphertext }).parse(body)
            }
            18 => be_u32.map(|generation| Self::Installed { generation }).parse(body),
            19 => (be_u64, be_u32).map(|(session, generation)| Self::Refresh { session, generation }).parse(body),
            20 => map_opt(be_u8, TerminateReason::from_wire).map(|reason| Self::Terminate { reason }).parse(body),
            _ => return None,
        })
    }

    #[cold]
    fn problem(octets: &[u8], error: &nom::Err<nom::error::Error<&[u8]>>) -> Error {
        let (left, code) = match error {
            nom::Err::Error(error) | nom::Err::Failure(error) => (error.input, Some(error.code)),
            nom::Err::Incomplete(_) => (octets, None),
        };
        let offset = len32(octets.len().saturating_sub(left.len()));
        match (code, left.first()) {
            (Some(nom::error::ErrorKind::MapOpt), Some(found)) => {
                // A name without an octet or with too many, or a reason that is none.
                let field = if octets.get(1) == Some(&20) { Field::TerminateReason } else { Field::Name };
                Error::Mismatch { field, offset, found: (*found).into(), needed: 1 }
            }
            _ => Error::Truncated {
                field: Field::Message,
                offset,
                found: len32(left.len()),
                needed: len32(left.len()).saturating_add(1),
            },
        }
    }

    /// The message with its Length word, and without the tag that a secured one takes: the Length counts it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut octets = alloc::vec![0; PREFIX_LEN];
        octets.extend([VERSION, self.kind()]);
        let mut put = |bytes: &[u8]| octets.extend_from_slice(bytes);
        let mut pieces: [&[u8]; 3] = [&[]; 3];
        match self {
            Self::Request { initiator, responder, nonce } => {
                [initiator, responder].into_iter().for_each(|name| {
                    put(&[name.len]);
                    put(name.as_octets());
                });
                pieces = [nonce, &[], &[]];
            }
            Self::Challenge { session, nonce, proof } => {
                put(&session.to_be_bytes());
                pieces = [nonce, proof, &[]];
            }
            Self::Response { proof } | Self::Confirm { proof } => pieces = [proof, &[], &[]],
            Self::Invite { session, nonce, initiator, responder } => {
                put(&session.to_be_bytes());
                put(nonce);
                [initiator, responder].into_iter().for_each(|name| {
                    put(&[name.len]);
                    put(name.as_octets());
                });
            }
            Self::Reply { nonce, proof } => pieces = [nonce, proof, &[]],
            Self::HostId(host) => put(&host.0.to_be_bytes()),
            Self::Table { generation, iv, ciphertext } => {
                put(&generation.to_be_bytes());
                pieces = [iv, ciphertext, &[]];
            }
            Self::Installed { generation } => put(&generation.to_be_bytes()),
            Self::Refresh { session, generation } => {
                put(&session.to_be_bytes());
                put(&generation.to_be_bytes());
            }
            Self::Terminate { reason } => put(&[*reason as u8]),
        }
        pieces.into_iter().for_each(put);
        let tag = if Self::is_secured(self.kind()) { TAG_LEN } else { 0 };
        let len = len32(octets.len().saturating_sub(PREFIX_LEN).saturating_add(tag));
        crate::octets::put(&mut octets, 0, &len.to_be_bytes());
        octets
    }
}

fn array<const N: usize>(input: &[u8]) -> IResult<&[u8], [u8; N]> {
    map_opt(take(N), |octets: &[u8]| octets.first_chunk().copied()).parse(input)
}

fn name(input: &[u8]) -> IResult<&[u8], Name> {
    let (_, len) = map_opt(be_u8, |len| (1..=64).contains(&len).then_some(len)).parse(input)?;
    let (input, _) = be_u8(input)?;
    map_opt(take(len), |octets: &[u8]| Name::new(octets).ok()).parse(input)
}

#[cfg(test)]
mod tests;
