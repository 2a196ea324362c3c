//! ICMPv4 and ICMPv6, with the datagrams that errors quote.

use ip_wire::icmp::Quote;
use ip_wire::icmpv4::{self, MessageType as Type4};
use ip_wire::icmpv6::{self, MessageType as Type6};
use ip_wire::{Error, Protocol, ipv4};

use super::model::hex;
use super::transport::{checked, shifted};
use super::{Layer, Next, Walker, What, neighbor};

impl Walker<'_> {
    /// An ICMPv4 message.
    pub(super) fn icmpv4<'a>(&mut self, step: Next<'a>) -> Option<Next<'a>> {
        let view = match icmpv4::View::parse(step.octets) {
            Ok(view) => view,
            Err(error) => return self.short_icmp("icmp", "ICMP", error, &step),
        };
        let mut layer = Layer::new("icmp", "ICMP", step.offset, step.octets.len().min(icmpv4::HEADER_LEN));
        layer.item("icmp.type", "type", 0, view.message_type().0).meaning(name_v4(view.message_type()));
        layer.item("icmp.code", "code", 1, view.code());
        layer.item("icmp.checksum", "checksum", 2, hex(view.checksum()));
        if step.around.is_whole() && !self.in_quote {
            checked(view.verify_checksum(), &mut layer);
        }
        let message = view.message();
        let mut quote = None;
        match message {
            Ok(icmpv4::Message::EchoRequest { echo, .. } | icmpv4::Message::EchoReply { echo, .. }) => {
                identified(echo.identifier, echo.sequence_number, &mut layer);
            }
            Ok(icmpv4::Message::TimestampRequest { timestamps, .. } | icmpv4::Message::TimestampReply { timestamps, .. }) => {
                identified(timestamps.identifier, timestamps.sequence_number, &mut layer);
                layer.item("", "originate", 8, timestamps.originate).item("", "receive", 12, timestamps.receive);
                layer.item("", "transmit", 16, timestamps.transmit);
            }
            Ok(icmpv4::Message::DestinationUnreachable { code, next_hop_mtu, quote: original, .. }) => {
                if code == icmpv4::unreachable::FRAGMENTATION_NEEDED {
                    layer.item("icmp.mtu", "next hop's MTU", 6, next_hop_mtu);
                }
                quote = Some(original);
            }
            Ok(icmpv4::Message::Redirect { gateway, quote: original, .. }) => {
                layer.address("", "gateway", 4, gateway);
                quote = Some(original);
            }
            Ok(icmpv4::Message::ParameterProblem { pointer, quote: original, .. }) => {
                layer.item("", "pointer", 4, pointer);
                quote = Some(original);
            }
            Ok(icmpv4::Message::SourceQuench { quote: original, .. } | icmpv4::Message::TimeExceeded { quote: original, .. }) => {
                quote = Some(original);
            }
            Ok(icmpv4::Message::Unknown { message_type, word: [i0, i1, s0, s1], .. }) => {
                let (identifier, sequence_number) = (u16::from_be_bytes([i0, i1]), u16::from_be_bytes([s0, s1]));
                match message_type.0 {
                    15..=18 => identified(identifier, sequence_number, &mut layer),
                    // Extended echo has one octet of sequence number (RFC 8335).
                    42 | 43 => {
                        layer.item("icmp.ident", "identifier", 4, hex(identifier)).item("", "sequence number", 6, s0);
                    }
                    _ => {}
                }
            }
            Ok(_) | Err(_) => {}
        }
        self.push(layer);
        if let Err(error) = message {
            self.short_message("icmp", error, &step);
        }
        let quote = datagram(&quote?, view.message_type());
        Some(self.quoted(What::Ipv4, quote, icmpv4::HEADER_LEN, &step))
    }

    /// An ICMPv6 message.
    pub(super) fn icmpv6<'a>(&mut self, step: Next<'a>) -> Option<Next<'a>> {
        let view = match icmpv6::View::parse(step.octets) {
            Ok(view) => view,
            Err(error) => return self.short_icmp("icmpv6", "ICMPv6", error, &step),
        };
        let mut layer = Layer::new("icmpv6", "ICMPv6", step.offset, step.octets.len().min(icmpv6::HEADER_LEN));
        layer.item("icmpv6.type", "type", 0, view.message_type().0).meaning(name_v6(view.message_type()));
        layer.item("icmpv6.code", "code", 1, view.code());
        layer.item("icmpv6.checksum", "checksum", 2, hex(view.checksum()));
        if step.around.is_whole() && !self.in_quote {
            let pseudo = step.around.pseudo_header(Protocol::ICMPV6, view.message_len());
            checked(view.verify_checksum(pseudo), &mut layer);
        }
        let message = view.message();
        let mut quote = None;
        match message {
            Ok(icmpv6::Message::EchoRequest { echo, .. } | icmpv6::Message::EchoReply { echo, .. }) => {
                layer.item("icmpv6.echo.identifier", "identifier", 4, hex(echo.identifier));
                layer.item("icmpv6.echo.sequence_number", "sequence number", 6, echo.sequence_number);
            }
            Ok(icmpv6::Message::PacketTooBig { mtu, quote: original, .. }) => {
                layer.item("icmpv6.mtu", "MTU", 4, mtu);
                quote = Some(original.octets);
            }
            Ok(icmpv6::Message::ParameterProblem { pointer, quote: original, .. }) => {
                layer.item("icmpv6.pointer", "pointer", 4, pointer);
                quote = Some(original.octets);
            }
            Ok(
                icmpv6::Message::DestinationUnreachable { quote: original, .. }
                | icmpv6::Message::TimeExceeded { quote: original, .. },
            ) => quote = Some(original.octets),
            // Extended echo requests and replies (RFC 8335).
            Ok(icmpv6::Message::Unknown { message_type: Type6(160 | 161), body: [i0, i1, sequence_number, ..], .. }) => {
                layer.item("icmpv6.echo.identifier", "identifier", 4, hex(u16::from_be_bytes([*i0, *i1])));
                layer.item("", "sequence number", 6, *sequence_number);
            }
            Ok(_) | Err(_) => {}
        }
        self.push(layer);
        if let Err(error) = message {
            self.short_message("icmpv6", error, &step);
        }
        if view.message_type() == Type6::REDIRECT {
            let (octets, at) = neighbor::redirected(view.body())?;
            return Some(self.quoted(What::Ipv6, octets, at, &step));
        }
        let quote = quote.filter(|quote| !quote.is_empty())?;
        Some(self.quoted(What::Ipv6, quote, icmpv6::HEADER_LEN, &step))
    }

    fn quoted<'a>(&mut self, what: What, octets: &'a [u8], header: usize, step: &Next<'a>) -> Next<'a> {
        self.in_quote = true;
        Next { what, octets, offset: step.offset.saturating_add(header), ..*step }
    }

    fn short_icmp<'a>(&mut self, name: &'static str, title: &'static str, error: Error, step: &Next<'a>) -> Option<Next<'a>> {
        self.push(Layer::new(name, title, step.offset, step.octets.len()));
        self.short_message(name, error, step);
        None
    }

    fn short_message(&mut self, name: &'static str, error: Error, step: &Next<'_>) {
        if !step.around.is_fragment && !self.header_may_be_cut(&step.around) {
            self.fail(name, step.around.packet, shifted(error, step));
        }
    }
}

/// The datagram that an ICMPv4 error quotes. Where extensions follow (RFC 4884), the length counts its data; a length that
/// would cut nothing off is none.
fn datagram<'a>(quote: &Quote<'a>, message_type: Type4) -> &'a [u8] {
    let Ok(reading) = ipv4::View::parse_lax(quote.octets) else { return quote.octets };
    let view = reading.into_view();
    let len = usize::from(quote.length).saturating_mul(4);
    let data = match message_type {
        // A redirect has no room for more than the header and 64 bits (RFC 792); what follows is not the datagram's.
        Type4::REDIRECT => 8,
        _ if len > 0 && quote.octets.len() > len && usize::from(view.total_len()) > len => len,
        _ => return quote.octets,
    };
    quote.octets.get(..view.header_len().saturating_add(data)).unwrap_or(quote.octets)
}

fn identified(identifier: u16, sequence_number: u16, layer: &mut Layer) {
    layer.item("icmp.ident", "identifier", 4, hex(identifier));
    layer.item("icmp.seq", "sequence number", 6, sequence_number);
}

fn name_v4(message_type: Type4) -> &'static str {
    match message_type {
        Type4::ECHO_REPLY => "echo reply",
        Type4::DESTINATION_UNREACHABLE => "destination unreachable",
        Type4::SOURCE_QUENCH => "source quench",
        Type4::REDIRECT => "redirect",
        Type4::ECHO_REQUEST => "echo request",
        Type4::ROUTER_ADVERTISEMENT => "router advertisement",
        Type4::ROUTER_SOLICITATION => "router solicitation",
        Type4::TIME_EXCEEDED => "time exceeded",
        Type4::PARAMETER_PROBLEM => "parameter problem",
        Type4::TIMESTAMP_REQUEST => "timestamp request",
        Type4::TIMESTAMP_REPLY => "timestamp reply",
        Type4::INFORMATION_REQUEST => "information request",
        Type4::INFORMATION_REPLY => "information reply",
        Type4::ADDRESS_MASK_REQUEST => "address mask request",
        Type4::ADDRESS_MASK_REPLY => "address mask reply",
        _ => "other",
    }
}

fn name_v6(message_type: Type6) -> &'static str {
    match message_type {
        Type6::DESTINATION_UNREACHABLE => "destination unreachable",
        Type6::PACKET_TOO_BIG => "packet too big",
        Type6::TIME_EXCEEDED => "time exceeded",
        Type6::PARAMETER_PROBLEM => "parameter problem",
        Type6::ECHO_REQUEST => "echo request",
        Type6::ECHO_REPLY => "echo reply",
        Type6::MULTICAST_LISTENER_QUERY => "multicast listener query",
        Type6::ROUTER_SOLICITATION => "router solicitation",
        Type6::ROUTER_ADVERTISEMENT => "router advertisement",
        Type6::NEIGHBOR_SOLICITATION => "neighbor solicitation",
        Type6::NEIGHBOR_ADVERTISEMENT => "neighbor advertisement",
        Type6::REDIRECT => "redirect",
        _ => "other",
    }
}
