use ip_wire::answer::{self, Answer, Arrival};
use ip_wire::checksum::Sum;
use ip_wire::ip::Packet;
use ip_wire::{Protocol, Reaction, ah, esp, icmpv4, icmpv6, tcp, udp, udp_lite};

use crate::check_error;

/// TCP, UDP, UDP-Lite, ICMP and ICMPv6 headers that parse are emitted again octet for octet, right or wrong checksums alike.
pub fn upper_layers(data: &[u8]) {
    let pseudo = Sum::new().long(0xc000_0201).word(data.len() as u16);
    let mut buffer = vec![0; data.len()];
    match tcp::View::parse(data) {
        Ok(view) => {
            let header = tcp::Header::from_view(&view, pseudo);
            assert_eq!(header.wire_len(), view.header_len());
            assert_eq!(header.emit(pseudo, view.payload(), &mut buffer), Ok(data.len()));
            assert_eq!(buffer, data);
            assert_eq!(view.segment_len(), data.len());
        }
        Err(error) => check_error(&error, data.len()),
    }
    match udp::View::parse(data) {
        Ok(view) => {
            let len = view.datagram_len();
            let header = udp::Header::from_view(&view, pseudo);
            assert_eq!(header.emit(pseudo, view.payload(), &mut buffer), Ok(len));
            assert_eq!(buffer[..len], data[..len]);
        }
        Err(error) => check_error(&error, data.len()),
    }
    match udp_lite::View::parse(data) {
        Ok(view) => {
            let header = udp_lite::Header::from_view(&view, pseudo);
            assert_eq!(header.emit(pseudo, view.payload(), &mut buffer), Ok(data.len()));
            assert_eq!(buffer, data);
        }
        Err(error) => check_error(&error, data.len()),
    }
    if let Ok(view) = ah::View::parse(data) {
        assert_eq!(ah::FIXED_LEN + view.icv().len() + view.payload().len(), data.len());
        assert_eq!(view.header_len(), ah::FIXED_LEN + view.icv().len());
    }
    if let Ok(view) = esp::View::parse(data) {
        assert_eq!(esp::FIXED_LEN + view.payload().len(), data.len());
    }
    if let Ok(view) = icmpv4::View::parse(data) {
        if let Some(header) = icmpv4::Header::from_view(&view) {
            assert_eq!(header.emit(&view.body()[4..], &mut buffer), Ok(data.len()));
            assert_eq!(buffer, data);
        }
    }
    if let Ok(view) = icmpv6::View::parse(data) {
        assert_eq!(icmpv6::Header::from_view(&view, pseudo).emit(pseudo, view.body(), &mut buffer), Ok(data.len()));
        assert_eq!(buffer, data);
    }
}

/// ICMP messages are written again from their meaning; what they quote lies inside; the answers that packets get are well formed,
/// within their size, with right checksums, and never answer an error.
pub fn icmp_quote(data: &[u8]) {
    let pseudo = Sum::new().word(58);
    let mut buffer = vec![0; data.len()];
    if let Ok(Ok(message)) = icmpv4::View::parse(data).map(|view| view.message()) {
        assert_eq!((message.emit(&mut buffer), message.wire_len()), (Ok(data.len()), data.len()));
        // All but the checksum, which is right now.
        assert_eq!((&buffer[..2], &buffer[4..]), (&data[..2], &data[4..]));
        assert_eq!(icmpv4::View::parse(&buffer).map(|view| view.verify_checksum()), Ok(Ok(())));
    }
    if let Ok(Ok(message)) = icmpv6::View::parse(data).map(|view| view.message()) {
        assert_eq!((message.emit(pseudo, &mut buffer), message.wire_len()), (Ok(data.len()), data.len()));
        assert_eq!((&buffer[..2], &buffer[4..]), (&data[..2], &data[4..]));
        assert_eq!(icmpv6::View::parse(&buffer).map(|view| view.verify_checksum(pseudo)), Ok(Ok(())));
    }
    let quotes = [
        icmpv4::View::parse(data).ok().and_then(|view| view.quote()),
        icmpv6::View::parse(data).ok().and_then(|view| view.quote()),
    ];
    for quote in quotes.into_iter().flatten() {
        assert_eq!(quote.original().len() + quote.extensions().len(), quote.octets.len());
        let _ = quote.packet().map_err(|error| check_error(&error, quote.original().len()));
    }

    let Some((choice, packet)) = data.split_first() else { return };
    let reaction = match choice % 5 {
        0 => Reaction::ParameterProblem { code: choice >> 6, pointer: u32::from(*choice) },
        1 => Reaction::PacketTooBig { mtu: 1280 },
        2 => Reaction::TimeExceeded { code: choice >> 7 },
        3 => Reaction::Unreachable { code: choice >> 5 },
        _ => Reaction::Discard,
    };
    let Ok(offending) = Packet::parse_lax(packet).map(ip_wire::Reading::into_view) else { return };
    let source = match offending {
        Packet::V4(_) => [203, 0, 113, 1].into(),
        Packet::V6(_) => "2001:db8::ffff".parse().expect("an address"),
    };
    let mut buffer = [0; answer::MAX_IPV6_LEN];
    let Answer::Send(len) = answer::emit(reaction, packet, source, Arrival::Unicast, &mut buffer).expect("room, and one version")
    else {
        return;
    };
    let answer = Packet::parse(&buffer[..len]).expect("a packet");
    assert_eq!((answer.source(), answer.destination()), (source, offending.source()));
    let upper = answer.upper_layer().expect("no extension headers");
    let quote = match answer {
        Packet::V4(view) => {
            assert!(len <= answer::MAX_IPV4_LEN && view.verify_checksum().is_ok());
            let message = icmpv4::View::parse(upper.octets).expect("a message");
            assert_eq!((upper.protocol, message.verify_checksum()), (Protocol::ICMP, Ok(())));
            message.quote()
        }
        Packet::V6(_) => {
            let message = icmpv6::View::parse(upper.octets).expect("a message");
            let pseudo = answer.pseudo_header(Protocol::ICMPV6, message.message_len());
            assert_eq!((upper.protocol, message.verify_checksum(pseudo)), (Protocol::ICMPV6, Ok(())));
            message.quote()
        }
    };
    assert!(packet.starts_with(quote.expect("an error quotes").octets));
    let again = answer::emit(reaction, &buffer[..len], source, Arrival::Unicast, &mut [0; 1280]);
    assert!(!matches!(again, Ok(Answer::Send(_))), "an error is not answered");
}
