use std::net::IpAddr;

use ip_wire::ip::Packet;
use ip_wire::nat::{Endpoint, Rewrite, Rewritten};
use ip_wire::{Protocol, icmpv4, icmpv6, tcp, udp};

/// A packet whose checksums were right has right ones after, new addresses, and its length; a packet that is refused is as it was; what an
/// address change did, the way back undoes.
pub fn nat_rewrite(data: &[u8]) {
    let Some(([choice, a, b, c], packet)) = data.split_first_chunk::<4>() else { return };
    let Ok(before) = Packet::parse(packet) else { return };
    let address = |octet: u8| -> IpAddr {
        match before {
            Packet::V4(_) => [198, 51, 100, octet].into(),
            Packet::V6(_) => [0x2001, 0xdb8, 0, 0, 0, 0, 7, u16::from(octet)].into(),
        }
    };
    let end = |octet: u8, port: u8| Endpoint { address: address(octet), port: (port & 1 == 0).then_some(u16::from(port) * 257) };
    let rewrite = Rewrite {
        source: (choice & 1 != 0).then(|| end(*a, *c)),
        destination: (choice & 2 != 0).then(|| end(*b, c.rotate_left(4))),
    };
    let good = checksums_hold(&before);
    let mut changed = packet.to_vec();
    let done = match rewrite.apply(&mut changed) {
        Ok(done) => done,
        Err(_) => return assert_eq!(changed, packet),
    };
    let after = Packet::parse(&changed).expect("still a packet");
    assert_eq!(after.len(), before.len());
    assert_eq!(changed[after.len()..], packet[after.len()..]);
    assert_eq!(after.source(), rewrite.source.map_or(before.source(), |end| end.address));
    assert_eq!(after.destination(), rewrite.destination.map_or(before.destination(), |end| end.address));
    if good {
        assert!(checksums_hold(&after), "{done:?}");
    }
    if done == Rewritten::AddressesOnly || done == Rewritten::Fragment {
        let back = Rewrite {
            source: rewrite.source.map(|_| Endpoint::address(before.source())),
            destination: rewrite.destination.map(|_| Endpoint::address(before.destination())),
        };
        assert!(back.apply(&mut changed).is_ok());
        let restored = Packet::parse(&changed).expect("still a packet");
        assert_eq!((restored.source(), restored.destination()), (before.source(), before.destination()));
    }
}

/// The IPv4 header's and the transport's, where there is one and it is all there.
fn checksums_hold(packet: &Packet<'_>) -> bool {
    let header = match packet {
        Packet::V4(view) => view.verify_checksum().is_ok(),
        Packet::V6(_) => true,
    };
    let Ok(upper) = packet.upper_layer() else { return header };
    if upper.is_fragment {
        return header;
    }
    let pseudo = |len: usize| packet.pseudo_header(upper.protocol, len);
    let transport = match (packet, upper.protocol) {
        (_, Protocol::TCP) => {
            tcp::View::parse(upper.octets).is_ok_and(|view| view.verify_checksum(pseudo(view.segment_len())).is_ok())
        }
        (_, Protocol::UDP) => udp::View::parse(upper.octets).is_ok_and(|view| {
            let zero = if packet.version() == 4 { udp::ZeroChecksum::Allowed } else { udp::ZeroChecksum::Refused };
            view.verify_checksum(pseudo(view.datagram_len()), zero).is_ok()
        }),
        (Packet::V4(_), Protocol::ICMP) => icmpv4::View::parse(upper.octets).is_ok_and(|view| view.verify_checksum().is_ok()),
        (Packet::V6(_), Protocol::ICMPV6) => {
            icmpv6::View::parse(upper.octets).is_ok_and(|view| view.verify_checksum(pseudo(view.message_len())).is_ok())
        }
        _ => true,
    };
    header && transport
}
