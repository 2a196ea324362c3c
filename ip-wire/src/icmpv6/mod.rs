//! ICMP for IPv6 (RFC 4443, RFC 4884).
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! |     Type      |     Code      |           Checksum            |  0
//! +---------------+---------------+-------------------------------+
//! |                         message body                          |  4
//! +---------------------------------------------------------------+
//! ```
//!
//! The checksum covers a pseudo-header too (RFC 4443 2.3). Types below 128 are errors.

use crate::checksum::{Checksum, Sum};
use crate::error::{Error, Field};
use crate::icmp::{self, Echo, Quote};
use crate::octets::{be16, copy, first, first_mut, room};

/// Octets of the header: what every message that this crate emits has.
pub const HEADER_LEN: usize = 8;

/// An ICMPv6 type octet (IANA "ICMPv6 type Numbers", as of 2026-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType(pub u8);

impl MessageType {
    /// Destination unreachable.
    pub const DESTINATION_UNREACHABLE: Self = Self(1);
    /// Packet too big.
    pub const PACKET_TOO_BIG: Self = Self(2);
    /// Time exceeded.
    pub const TIME_EXCEEDED: Self = Self(3);
    /// Parameter problem.
    pub const PARAMETER_PROBLEM: Self = Self(4);
    /// Echo request.
    pub const ECHO_REQUEST: Self = Self(128);
    /// Echo reply.
    pub const ECHO_REPLY: Self = Self(129);
    /// Multicast listener query (RFC 2710).
    pub const MULTICAST_LISTENER_QUERY: Self = Self(130);
    /// Router solicitation (RFC 4861).
    pub const ROUTER_SOLICITATION: Self = Self(133);
    /// Router advertisement (RFC 4861).
    pub const ROUTER_ADVERTISEMENT: Self = Self(134);
    /// Neighbor solicitation (RFC 4861).
    pub const NEIGHBOR_SOLICITATION: Self = Self(135);
    /// Neighbor advertisement (RFC 4861).
    pub const NEIGHBOR_ADVERTISEMENT: Self = Self(136);
    /// Redirect (RFC 4861): not an error, though it quotes a packet.
    pub const REDIRECT: Self = Self(137);

    /// Whether the message reports an error: the high bit is clear (RFC 4443 2.1).
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0 < 128
    }
}

/// A read ICMPv6 message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; icmp::FIXED_LEN],
    body: &'a [u8],
}

impl<'a> View<'a> {
    /// Reads a message that fills `octets`.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 4 octets.
    #[inline]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, body) = first(octets, Field::Icmpv6Header)?;
        Ok(Self { fixed, body })
    }

    /// Type.
    #[must_use]
    #[inline]
    pub const fn message_type(&self) -> MessageType {
        MessageType(self.fixed[0])
    }

    /// Code.
    #[must_use]
    #[inline]
    pub const fn code(&self) -> u8 {
        self.fixed[1]
    }

    /// The checksum as it stands.
    #[must_use]
    #[inline]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed[2], self.fixed[3])
    }

    /// All octets behind the checksum.
    #[must_use]
    #[inline]
    pub const fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Octets of the message: the length of the pseudo-header.
    #[must_use]
    #[inline]
    pub const fn message_len(&self) -> usize {
        icmp::FIXED_LEN.wrapping_add(self.body.len())
    }

    /// The checksum that the message's octets give with `pseudo`, the sum of the pseudo-header over
    /// [`View::message_len`] octets.
    #[must_use]
    pub fn computed_checksum(&self, pseudo: Sum) -> u16 {
        pseudo.word(be16(self.fixed[0], self.fixed[1])).octets(self.body).checksum()
    }

    /// Checks the checksum.
    ///
    /// # Errors
    /// [`Error::Checksum`].
    pub fn verify_checksum(&self, pseudo: Sum) -> Result<(), Error> {
        if pseudo.octets(self.fixed).octets(self.body).holds() {
            return Ok(());
        }
        let needed = self.computed_checksum(pseudo);
        Err(Error::Checksum { field: Field::Icmpv6Checksum, offset: 2, found: self.checksum(), needed })
    }

    /// What the message says.
    ///
    /// # Errors
    /// [`Error::Truncated`] if an error or echo message ends before its fixed fields do.
    pub fn message(&self) -> Result<Message<'a>, Error> {
        let code = self.code();
        let message_type = self.message_type();
        if !matches!(message_type.0, 1..=4 | 128 | 129) {
            return Ok(Message::Unknown { message_type, code, body: self.body });
        }
        let (word, rest) = icmp::word_and_body(self.body, Field::Icmpv6Message)?;
        let [length, b, c, d] = word;
        let quote = Quote::with_length(length, 8, rest);
        Ok(match message_type {
            MessageType::ECHO_REQUEST => Message::EchoRequest { code, echo: Echo::new(word, rest) },
            MessageType::ECHO_REPLY => Message::EchoReply { code, echo: Echo::new(word, rest) },
            MessageType::DESTINATION_UNREACHABLE => Message::DestinationUnreachable { code, unused: [b, c, d], quote },
            MessageType::TIME_EXCEEDED => Message::TimeExceeded { code, unused: [b, c, d], quote },
            MessageType::PACKET_TOO_BIG => Message::PacketTooBig { code, mtu: u32::from_be_bytes(word), quote: Quote::new(rest) },
            _ => Message::ParameterProblem { code, pointer: u32::from_be_bytes(word), quote: Quote::new(rest) },
        })
    }

    /// The packet that an error quotes; `None` for other messages and for one without its fixed fields.
    #[must_use]
    pub fn quote(&self) -> Option<Quote<'a>> {
        match self.message().ok()? {
            Message::DestinationUnreachable { quote, .. }
            | Message::PacketTooBig { quote, .. }
            | Message::TimeExceeded { quote, .. }
            | Message::ParameterProblem { quote, .. } => Some(quote),
            _ => None,
        }
    }
}

/// What an ICMPv6 message says. Fields that RFC 4443 leaves unused are kept.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// Type 1.
    DestinationUnreachable {
        /// 0 no route, 1 prohibited, 2 beyond scope, 3 address, 4 port, 5 policy, 6 reject route.
        code: u8,
        /// Unused octets behind the length.
        unused: [u8; 3],
        /// The packet.
        quote: Quote<'a>,
    },
    /// Type 2.
    PacketTooBig {
        /// Code, 0.
        code: u8,
        /// MTU of the next hop.
        mtu: u32,
        /// The packet.
        quote: Quote<'a>,
    },
    /// Type 3.
    TimeExceeded {
        /// 0 in transit, 1 in reassembly.
        code: u8,
        /// Unused octets behind the length.
        unused: [u8; 3],
        /// The packet.
        quote: Quote<'a>,
    },
    /// Type 4.
    ParameterProblem {
        /// 0 header field, 1 next header, 2 option, 3 incomplete header chain (RFC 7112).
        code: u8,
        /// Octet at fault.
        pointer: u32,
        /// The packet.
        quote: Quote<'a>,
    },
    /// Type 128.
    EchoRequest {
        /// Code, 0.
        code: u8,
        /// Identifier, sequence number, data.
        echo: Echo<'a>,
    },
    /// Type 129.
    EchoReply {
        /// Code, 0.
        code: u8,
        /// Identifier, sequence number, data.
        echo: Echo<'a>,
    },
    /// Any other type.
    Unknown {
        /// Type.
        message_type: MessageType,
        /// Code.
        code: u8,
        /// All octets behind the checksum.
        body: &'a [u8],
    },
}

impl<'a> Message<'a> {
    /// Type, code, the word behind the checksum if there is one, and what follows.
    fn parts(&self) -> (MessageType, u8, Option<[u8; 4]>, &'a [u8]) {
        match *self {
            Self::DestinationUnreachable { code, unused: [b, c, d], quote } => {
                (MessageType::DESTINATION_UNREACHABLE, code, Some([quote.length, b, c, d]), quote.octets)
            }
            Self::PacketTooBig { code, mtu, quote } => (MessageType::PACKET_TOO_BIG, code, Some(mtu.to_be_bytes()), quote.octets),
            Self::TimeExceeded { code, unused: [b, c, d], quote } => {
                (MessageType::TIME_EXCEEDED, code, Some([quote.length, b, c, d]), quote.octets)
            }
            Self::ParameterProblem { code, pointer, quote } => {
                (MessageType::PARAMETER_PROBLEM, code, Some(pointer.to_be_bytes()), quote.octets)
            }
            Self::EchoRequest { code, echo } => (MessageType::ECHO_REQUEST, code, Some(echo.word()), echo.data),
            Self::EchoReply { code, echo } => (MessageType::ECHO_REPLY, code, Some(echo.word()), echo.data),
            Self::Unknown { message_type, code, body } => (message_type, code, None, body),
        }
    }

    /// Octets that [`Message::emit`] writes.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        let (_, _, word, body) = self.parts();
        let fixed = if word.is_some() { HEADER_LEN } else { icmp::FIXED_LEN };
        fixed.saturating_add(body.len())
    }

    /// Writes the message with a computed checksum and returns its octets' number. `pseudo` is the sum of the
    /// pseudo-header over that number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: nothing is written.
    pub fn emit(&self, pseudo: Sum, buffer: &mut [u8]) -> Result<usize, Error> {
        let (message_type, code, word, body) = self.parts();
        let word = word.as_ref().map_or(&[][..], |word| word);
        let header = Header { message_type, code, checksum: Checksum::Compute };
        header.emit_parts(pseudo, word, body, buffer)
    }
}

/// An ICMPv6 header to emit, whatever the message: type, code and checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Type.
    pub message_type: MessageType,
    /// Code.
    pub code: u8,
    /// The checksum: computed by [`Header::emit`], or a given value.
    pub checksum: Checksum,
}

impl Header {
    /// What emits, with the same pseudo-header and body, the very octets that were read: a wrong checksum is kept.
    #[must_use]
    pub fn from_view(view: &View<'_>, pseudo: Sum) -> Self {
        let checksum = Checksum::observed(view.checksum(), view.computed_checksum(pseudo));
        Self { message_type: view.message_type(), code: view.code(), checksum }
    }

    /// Octets of the header that [`Header::emit`] writes: always 4.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        icmp::FIXED_LEN
    }

    /// Writes the header and `body` and returns their octets' number. `pseudo` is the sum of the pseudo-header over
    /// that number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: nothing is written.
    pub fn emit(&self, pseudo: Sum, body: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
        self.emit_parts(pseudo, &[], body, buffer)
    }

    /// `word` has 4 octets or none.
    fn emit_parts(&self, pseudo: Sum, word: &[u8], body: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
        let len = icmp::FIXED_LEN.saturating_add(word.len()).saturating_add(body.len());
        let out = room(buffer, len, Field::Icmpv6Header)?;
        let (fixed, rest) = first_mut::<{ icmp::FIXED_LEN }>(out, Field::Icmpv6Header)?;
        *fixed = [self.message_type.0, self.code, 0, 0];
        copy(rest, word);
        copy(rest.get_mut(word.len()..).unwrap_or_default(), body);
        let checksum = match self.checksum {
            Checksum::Verbatim(value) => value,
            Checksum::Compute => pseudo.octets(out).checksum(),
        };
        copy(out.get_mut(2..4).unwrap_or_default(), &checksum.to_be_bytes());
        Ok(len)
    }
}

#[cfg(test)]
mod tests;
