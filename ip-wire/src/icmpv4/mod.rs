//! ICMP for IPv4 (RFC 792, RFC 950, RFC 1191, RFC 4884).
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! |     Type      |     Code      |           Checksum            |  0
//! +---------------+---------------+-------------------------------+
//! |                 depends on type and code                      |  4
//! +---------------------------------------------------------------+
//! ```
//!
//! The checksum covers the message alone.

use core::net::Ipv4Addr;

use crate::checksum::{self, Checksum, Sum};
use crate::error::{Error, Field};
use crate::icmp::{self, Echo, Quote};
use crate::octets::{be16, copy, first, first_mut, room};

/// Octets of the header: what every message that this crate emits has.
pub const HEADER_LEN: usize = 8;

/// An ICMP type octet (IANA "ICMP Type Numbers", as of 2026-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType(pub u8);

impl MessageType {
    /// Echo reply.
    pub const ECHO_REPLY: Self = Self(0);
    /// Destination unreachable.
    pub const DESTINATION_UNREACHABLE: Self = Self(3);
    /// Source quench, deprecated by RFC 6633.
    pub const SOURCE_QUENCH: Self = Self(4);
    /// Redirect.
    pub const REDIRECT: Self = Self(5);
    /// Echo request.
    pub const ECHO_REQUEST: Self = Self(8);
    /// Router advertisement (RFC 1256).
    pub const ROUTER_ADVERTISEMENT: Self = Self(9);
    /// Router solicitation (RFC 1256).
    pub const ROUTER_SOLICITATION: Self = Self(10);
    /// Time exceeded.
    pub const TIME_EXCEEDED: Self = Self(11);
    /// Parameter problem.
    pub const PARAMETER_PROBLEM: Self = Self(12);
    /// Timestamp request.
    pub const TIMESTAMP_REQUEST: Self = Self(13);
    /// Timestamp reply.
    pub const TIMESTAMP_REPLY: Self = Self(14);
    /// Information request, deprecated by RFC 6918.
    pub const INFORMATION_REQUEST: Self = Self(15);
    /// Information reply, deprecated by RFC 6918.
    pub const INFORMATION_REPLY: Self = Self(16);
    /// Address mask request (RFC 950), deprecated by RFC 6918.
    pub const ADDRESS_MASK_REQUEST: Self = Self(17);
    /// Address mask reply (RFC 950), deprecated by RFC 6918.
    pub const ADDRESS_MASK_REPLY: Self = Self(18);

    /// Whether the message reports an error and quotes a datagram: types 3, 4, 5, 11, 12 (RFC 1122 3.2.2).
    #[must_use]
    pub const fn is_error(self) -> bool {
        matches!(self.0, 3 | 4 | 5 | 11 | 12)
    }
}

/// Codes of destination unreachable messages.
pub mod unreachable {
    /// Net unreachable.
    pub const NET: u8 = 0;
    /// Host unreachable.
    pub const HOST: u8 = 1;
    /// Protocol unreachable.
    pub const PROTOCOL: u8 = 2;
    /// Port unreachable.
    pub const PORT: u8 = 3;
    /// Fragmentation needed and DF set; carries the next hop's MTU (RFC 1191).
    pub const FRAGMENTATION_NEEDED: u8 = 4;
    /// Communication administratively prohibited (RFC 1812 5.2.7.1).
    pub const ADMINISTRATIVELY_PROHIBITED: u8 = 13;
}

/// A read ICMP message.
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
        let (fixed, body) = first(octets, Field::Icmpv4Header)?;
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

    /// The checksum that the message's octets give.
    #[must_use]
    pub fn computed_checksum(&self) -> u16 {
        Sum::new().word(be16(self.fixed[0], self.fixed[1])).octets(self.body).checksum()
    }

    /// Checks the checksum.
    ///
    /// # Errors
    /// [`Error::Checksum`].
    pub fn verify_checksum(&self) -> Result<(), Error> {
        let (found, needed) = (self.checksum(), self.computed_checksum());
        // The sum decides, not the comparison: ffff stands for 0 too.
        if Sum::new().octets(self.fixed).octets(self.body).holds() {
            return Ok(());
        }
        Err(Error::Checksum { field: Field::Icmpv4Checksum, offset: 2, found, needed })
    }

    /// What the message says.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the message ends before its type's fixed fields do.
    pub fn message(&self) -> Result<Message<'a>, Error> {
        let (word, rest) = icmp::word_and_body(self.body, Field::Icmpv4Message)?;
        let [a, b, c, d] = word;
        let (code, quote) = (self.code(), Quote::with_length(b, 4, rest));
        Ok(match self.message_type() {
            MessageType::ECHO_REPLY => Message::EchoReply { code, echo: Echo::new(word, rest) },
            MessageType::ECHO_REQUEST => Message::EchoRequest { code, echo: Echo::new(word, rest) },
            MessageType::DESTINATION_UNREACHABLE => {
                Message::DestinationUnreachable { code, unused: a, next_hop_mtu: be16(c, d), quote }
            }
            MessageType::SOURCE_QUENCH => Message::SourceQuench { code, unused: word, quote: Quote::new(rest) },
            MessageType::REDIRECT => Message::Redirect { code, gateway: Ipv4Addr::from(word), quote: Quote::new(rest) },
            MessageType::TIME_EXCEEDED => Message::TimeExceeded { code, unused: [a, c, d], quote },
            MessageType::PARAMETER_PROBLEM => Message::ParameterProblem { code, pointer: a, unused: [c, d], quote },
            MessageType::TIMESTAMP_REQUEST => Message::TimestampRequest { code, timestamps: Timestamps::new(word, rest)? },
            MessageType::TIMESTAMP_REPLY => Message::TimestampReply { code, timestamps: Timestamps::new(word, rest)? },
            message_type => Message::Unknown { message_type, code, word, body: rest },
        })
    }

    /// The datagram that an error quotes; `None` for other messages and for one without its fixed fields.
    #[must_use]
    pub fn quote(&self) -> Option<Quote<'a>> {
        match self.message().ok()? {
            Message::DestinationUnreachable { quote, .. }
            | Message::SourceQuench { quote, .. }
            | Message::Redirect { quote, .. }
            | Message::TimeExceeded { quote, .. }
            | Message::ParameterProblem { quote, .. } => Some(quote),
            _ => None,
        }
    }
}

/// What an ICMP message says. Fields that RFC 792 leaves unused are kept.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// Type 0.
    EchoReply {
        /// Code, 0.
        code: u8,
        /// Identifier, sequence number, data.
        echo: Echo<'a>,
    },
    /// Type 8.
    EchoRequest {
        /// Code, 0.
        code: u8,
        /// Identifier, sequence number, data.
        echo: Echo<'a>,
    },
    /// Type 3.
    DestinationUnreachable {
        /// See [`mod@unreachable`].
        code: u8,
        /// Unused octet.
        unused: u8,
        /// MTU of the next hop, with code 4 (RFC 1191); 0 from routers that do not know of it.
        next_hop_mtu: u16,
        /// The datagram.
        quote: Quote<'a>,
    },
    /// Type 4.
    SourceQuench {
        /// Code, 0.
        code: u8,
        /// Unused word.
        unused: [u8; 4],
        /// The datagram.
        quote: Quote<'a>,
    },
    /// Type 5.
    Redirect {
        /// 0 net, 1 host, 2 and 3 with type of service.
        code: u8,
        /// The better gateway.
        gateway: Ipv4Addr,
        /// The datagram.
        quote: Quote<'a>,
    },
    /// Type 11.
    TimeExceeded {
        /// 0 in transit, 1 in reassembly.
        code: u8,
        /// Unused octets around the length.
        unused: [u8; 3],
        /// The datagram.
        quote: Quote<'a>,
    },
    /// Type 12.
    ParameterProblem {
        /// 0 pointer, 1 option missing, 2 bad length.
        code: u8,
        /// Octet at fault.
        pointer: u8,
        /// Unused octets behind the length.
        unused: [u8; 2],
        /// The datagram.
        quote: Quote<'a>,
    },
    /// Type 13.
    TimestampRequest {
        /// Code, 0.
        code: u8,
        /// The timestamps.
        timestamps: Timestamps<'a>,
    },
    /// Type 14.
    TimestampReply {
        /// Code, 0.
        code: u8,
        /// The timestamps.
        timestamps: Timestamps<'a>,
    },
    /// Any other type.
    Unknown {
        /// Type.
        message_type: MessageType,
        /// Code.
        code: u8,
        /// The word behind the checksum.
        word: [u8; 4],
        /// What follows it.
        body: &'a [u8],
    },
}

/// Body of a timestamp message: milliseconds since midnight UT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamps<'a> {
    /// Identifier.
    pub identifier: u16,
    /// Sequence number.
    pub sequence_number: u16,
    /// Originate, receive and transmit timestamp.
    pub originate: u32,
    /// When the request was received.
    pub receive: u32,
    /// When the reply was sent.
    pub transmit: u32,
    /// Octets behind them, none as a rule.
    pub rest: &'a [u8],
}

impl<'a> Timestamps<'a> {
    fn new(word: [u8; 4], body: &'a [u8]) -> Result<Self, Error> {
        let (octets, rest) = first::<12>(body, Field::Icmpv4Message).map_err(|error| error.shifted(8))?;
        let [o0, o1, o2, o3, r0, r1, r2, r3, t0, t1, t2, t3] = *octets;
        let echo = Echo::new(word, rest);
        Ok(Self {
            identifier: echo.identifier,
            sequence_number: echo.sequence_number,
            originate: u32::from_be_bytes([o0, o1, o2, o3]),
            receive: u32::from_be_bytes([r0, r1, r2, r3]),
            transmit: u32::from_be_bytes([t0, t1, t2, t3]),
            rest,
        })
    }
}

impl<'a> Message<'a> {
    /// Type, code, the word behind the checksum, and what follows in two parts.
    fn parts(&self) -> (MessageType, u8, [u8; 4], [u8; 12], usize, &'a [u8]) {
        let none = [0; 12];
        match *self {
            Self::EchoReply { code, echo } => (MessageType::ECHO_REPLY, code, echo.word(), none, 0, echo.data),
            Self::EchoRequest { code, echo } => (MessageType::ECHO_REQUEST, code, echo.word(), none, 0, echo.data),
            Self::DestinationUnreachable { code, unused, next_hop_mtu, quote } => {
                let [high, low] = next_hop_mtu.to_be_bytes();
                (MessageType::DESTINATION_UNREACHABLE, code, [unused, quote.length, high, low], none, 0, quote.octets)
            }
            Self::SourceQuench { code, unused, quote } => (MessageType::SOURCE_QUENCH, code, unused, none, 0, quote.octets),
            Self::Redirect { code, gateway, quote } => (MessageType::REDIRECT, code, gateway.octets(), none, 0, quote.octets),
            Self::TimeExceeded { code, unused: [a, c, d], quote } => {
                (MessageType::TIME_EXCEEDED, code, [a, quote.length, c, d], none, 0, quote.octets)
            }
            Self::ParameterProblem { code, pointer, unused: [c, d], quote } => {
                (MessageType::PARAMETER_PROBLEM, code, [pointer, quote.length, c, d], none, 0, quote.octets)
            }
            Self::TimestampRequest { code, timestamps: t } | Self::TimestampReply { code, timestamps: t } => {
                let message_type = match self {
                    Self::TimestampRequest { .. } => MessageType::TIMESTAMP_REQUEST,
                    _ => MessageType::TIMESTAMP_REPLY,
                };
                let echo = Echo { identifier: t.identifier, sequence_number: t.sequence_number, data: t.rest };
                let ([a, b, c, d], [e, f, g, h], [i, j, k, l]) =
                    (t.originate.to_be_bytes(), t.receive.to_be_bytes(), t.transmit.to_be_bytes());
                (message_type, code, echo.word(), [a, b, c, d, e, f, g, h, i, j, k, l], 12, t.rest)
            }
            Self::Unknown { message_type, code, word, body } => (message_type, code, word, none, 0, body),
        }
    }

    /// The header to emit for this message; the checksum is computed.
    #[must_use]
    pub fn header(&self) -> Header {
        let (message_type, code, word, ..) = self.parts();
        Header { message_type, code, checksum: Checksum::Compute, word }
    }

    /// Octets that [`Message::emit`] writes.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        let (.., head_len, body) = self.parts();
        HEADER_LEN.saturating_add(head_len).saturating_add(body.len())
    }

    /// Writes the message with a computed checksum and returns its octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: nothing is written.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let (_, _, _, head, head_len, body) = self.parts();
        self.header().emit_parts(head.get(..head_len).unwrap_or(&[]), body, buffer)
    }
}

/// An ICMP header to emit, whatever the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Type.
    pub message_type: MessageType,
    /// Code.
    pub code: u8,
    /// The checksum: computed by [`Header::emit`], or a given value.
    pub checksum: Checksum,
    /// The word behind the checksum.
    pub word: [u8; 4],
}

impl Header {
    /// What emits, with the rest of the body, the very octets that were read: a wrong checksum is kept. `None` for a
    /// message that ends before its fifth octet.
    #[must_use]
    pub fn from_view(view: &View<'_>) -> Option<Self> {
        let word = *view.body.first_chunk()?;
        let checksum = Checksum::observed(view.checksum(), view.computed_checksum());
        Some(Self { message_type: view.message_type(), code: view.code(), checksum, word })
    }

    /// Octets of the header that [`Header::emit`] writes: always 8.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        HEADER_LEN
    }

    /// Writes the header and `body` and returns their octets' number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]: nothing is written.
    pub fn emit(&self, body: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
        self.emit_parts(&[], body, buffer)
    }

    fn emit_parts(&self, head: &[u8], body: &[u8], buffer: &mut [u8]) -> Result<usize, Error> {
        let len = HEADER_LEN.saturating_add(head.len()).saturating_add(body.len());
        let out = room(buffer, len, Field::Icmpv4Header)?;
        let (fixed, rest) = first_mut::<HEADER_LEN>(out, Field::Icmpv4Header)?;
        let [a, b, c, d] = self.word;
        *fixed = [self.message_type.0, self.code, 0, 0, a, b, c, d];
        copy(rest, head);
        copy(rest.get_mut(head.len()..).unwrap_or_default(), body);
        let checksum = match self.checksum {
            Checksum::Verbatim(value) => value,
            Checksum::Compute => checksum::of(out),
        };
        copy(out.get_mut(2..4).unwrap_or_default(), &checksum.to_be_bytes());
        Ok(len)
    }
}

#[cfg(test)]
mod tests;
