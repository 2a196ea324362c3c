use std::net::IpAddr;

use ip_wire::ip::Packet;
use ip_wire::ipv6::options::Writer;
use ip_wire::ipv6::{mobility, routing};
use ip_wire::link::LinkType;
use ip_wire::tunnel::{Decapsulation, Tunnel};
use ip_wire::{DsField, Flow, PacketBuf, Ports, Reading, ipv4 as v4, ipv6 as v6};

use crate::check_error;

/// A packet that parses is emitted again octet for octet; setters keep checksums as true as they were; fragments make up the payload.
pub fn ipv4(data: &[u8]) {
    let view = match v4::View::parse(data) {
        Ok(view) => view,
        Err(error) => {
            check_error(&error, data.len());
            if let Ok(Reading::Truncated { view, missing }) = v4::View::parse_lax(data) {
                let there = view.header_len() + view.payload().len();
                assert_eq!(there + missing as usize, usize::from(view.total_len()));
                assert_eq!(there, data.len());
            }
            return;
        }
    };
    assert_eq!(v4::View::parse_lax(data), Ok(Reading::Complete(view)));
    assert_eq!(view.header_len() + view.payload().len(), usize::from(view.total_len()));
    let header = v4::Header::from(view);
    let mut buffer = [0; v4::MAX_HEADER_LEN];
    let len = header.emit(&mut buffer).expect("what was read can be written");
    assert_eq!((len, len), (header.wire_len(), view.header_len()));
    assert_eq!(buffer[..len], data[..len]);
    assert!(header.emit(&mut buffer[..len - 1]).is_err());
    // 0000 and ffff are the same number.
    let same = |a: u16, b: u16| a % 0xffff == b % 0xffff;
    assert_eq!(view.verify_checksum().is_ok(), same(view.computed_checksum(), view.checksum()));
    let _ = view.verify_options();
    let _ = view.final_destination();

    let good = view.verify_checksum().is_ok();
    let mut copy = data.to_vec();
    let mut packet = v4::ViewMut::parse(&mut copy).expect("the same octets");
    packet.set_ds(DsField(data[8]));
    packet.set_ttl(data[1]);
    packet.set_identification(u16::from_be_bytes([data[2], data[9]]));
    packet.set_dont_fragment(data[4] & 1 == 0);
    packet.set_source([data[0], data[5], data[7], data[3]].into());
    packet.set_destination([data[12], data[16], data[1], data[2]].into());
    let _ = packet.decrement_ttl();
    assert_eq!(packet.view().verify_checksum().is_ok(), good);
    packet.fill_checksum();
    assert_eq!(packet.view().verify_checksum(), Ok(()));

    let mtu = 28 + u32::from(data[19]) * 4;
    if let Ok(fragments) = v4::fragment::Fragments::new(view, mtu) {
        let mut payload = Vec::new();
        let mut buffer = vec![0; data.len().max(mtu as usize)];
        for fragment in fragments {
            let len = fragment.emit(&mut buffer).expect("room for a fragment");
            let part = v4::View::parse(&buffer[..len]).expect("a fragment is a packet");
            assert!(len <= mtu as usize || len == usize::from(view.total_len()));
            let at = part.fragment_offset().octets() - view.fragment_offset().octets();
            assert_eq!(at as usize, payload.len());
            payload.extend_from_slice(part.payload());
        }
        assert_eq!(payload, view.payload());
    }
}

/// The chain's headers follow one another without a gap, each is emitted again octet for octet from its meaning, and the upper layer
/// has the rest.
pub fn ipv6_chain(data: &[u8]) {
    let view = match v6::View::parse(data) {
        Ok(view) => view,
        Err(error) => {
            check_error(&error, data.len());
            let _ = v6::View::parse_lax(data);
            return;
        }
    };
    let whole = v6::HEADER_LEN + view.payload().len();
    assert!(whole <= data.len());
    let mut buffer = [0; v6::HEADER_LEN];
    assert_eq!(v6::Header::from(view).emit(&mut buffer), Ok(v6::HEADER_LEN));
    assert_eq!(buffer, data[..v6::HEADER_LEN]);
    let _ = view.final_destination();
    let _ = view.verify_options();

    let mut at = v6::HEADER_LEN;
    let mut count = 0;
    let mut walk = view.extensions();
    while let Some(step) = walk.next() {
        let extension = match step {
            Ok(extension) => extension,
            Err(error) => {
                check_error(&error, whole);
                assert_eq!(view.upper_layer(), Err(error));
                assert!(walk.next().is_none(), "fused");
                return;
            }
        };
        assert_eq!(extension.offset() as usize, at);
        assert_eq!(extension.octets(), &data[at..at + extension.octets().len()]);
        emit_again(&extension);
        at += extension.octets().len();
        count += 1;
        assert!(count <= v6::ext::DEFAULT_LIMIT);
    }
    let upper = walk.upper();
    assert_eq!(view.upper_layer(), Ok(upper));
    assert_eq!((upper.offset as usize, upper.octets), (at, &data[at..whole]));
    assert_eq!(data[upper.pointer as usize], upper.protocol.0);

    if let Ok(fragments) = v6::fragment::Fragments::new(data, 1280, 7) {
        let mut buffer = vec![0; whole + 8];
        for fragment in fragments {
            let Ok(len) = fragment.emit(&mut buffer) else { continue };
            assert!(len <= 1280);
            let part = v6::View::parse(&buffer[..len]).expect("a fragment is a packet");
            // One header more than the packet had, and it had as many as the budget allows.
            let walk = part.extensions_within(v6::ext::DEFAULT_LIMIT + 1);
            assert!(walk.upper_layer().is_ok_and(|upper| upper.fragment == Some(fragment.header)));
        }
    }
}

fn emit_again(extension: &v6::Extension<'_>) {
    let octets = extension.octets();
    let mut buffer = vec![0; octets.len()];
    if let Some(options) = extension.options() {
        let mut writer = Writer::new(&mut buffer, extension.next_header()).expect("at least 8 octets");
        for option in options {
            let Ok(option) = option else { return };
            let Ok(value) = option.value() else { return };
            writer.push_unaligned(&value).expect("as much room as it had");
        }
        assert_eq!(writer.finish(), Ok(octets.len()));
        assert_eq!(buffer, octets);
    }
    if let Some(Ok(routing)) = extension.routing() {
        let header = routing::Header::try_from(routing).expect("any routing header");
        assert_eq!(header.wire_len(), octets.len());
        assert_eq!(header.emit(&mut buffer), Ok(octets.len()));
        assert_eq!(buffer, octets);
        let _ = routing.check(std::net::Ipv6Addr::LOCALHOST);
    }
    if let Some(fragment) = extension.fragment() {
        assert_eq!(fragment.emit(&mut buffer), Ok(8));
        assert_eq!(buffer, octets);
    }
    if let Some(Ok(view)) = extension.mobility() {
        let (a, b) = (std::net::Ipv6Addr::LOCALHOST, std::net::Ipv6Addr::UNSPECIFIED);
        let checksum = ip_wire::checksum::Checksum::observed(view.checksum(), view.computed_checksum(a, b));
        let header = mobility::Header {
            next_header: view.next_header(),
            mh_type: view.mh_type(),
            reserved: view.reserved(),
            checksum,
            data: view.data(),
        };
        assert_eq!(header.emit(a, b, &mut buffer), Ok(octets.len()));
        assert_eq!(buffer, octets);
    }
}

/// The one-pass flow is what the layers say one by one, with and without an Ethernet header, and is its own reverse's reverse.
pub fn flow_key(data: &[u8]) {
    let _ = Flow::from_ethernet(data).map_err(|error| check_error(&error, data.len()));
    let flow = Flow::from_ip(data);
    let by_layers = Packet::parse(data).and_then(|packet| {
        let upper = packet.upper_layer()?;
        Ok((packet.source(), packet.destination(), upper))
    });
    match (flow, by_layers) {
        (Ok(flow), Ok((source, destination, upper))) => {
            let key = flow.key;
            assert_eq!((key.source(), key.destination(), key.protocol()), (source, destination, upper.protocol));
            assert_eq!(flow.fragment().is_some(), upper.is_fragment);
            assert_eq!(key.reversed().reversed(), key);
            assert_eq!(ip_wire::FlowKey::new(source, destination, upper.protocol, key.ports()), Ok(key));
            match key.ports() {
                Ports::Pair { source, destination } => {
                    assert_eq!(upper.octets[..2], source.to_be_bytes());
                    assert_eq!(upper.octets[2..4], destination.to_be_bytes());
                }
                Ports::InFirstFragment => assert!(!upper.has_start),
                _ => assert!(upper.has_start),
            }
        }
        (Err(error), Ok(_)) => assert_eq!(error.field(), ip_wire::Field::Ports),
        (Err(error), Err(same)) => assert_eq!(error, same),
        (Ok(flow), Err(error)) => panic!("{flow:?} but {error:?}"),
    }
    for ether_type in [0x0800u16, 0x86dd] {
        let mut frame = vec![0; 12];
        frame.extend(ether_type.to_be_bytes());
        frame.extend_from_slice(data);
        let version = if ether_type == 0x0800 { 4 } else { 6 };
        if data.first().is_some_and(|first| first >> 4 == version) {
            assert_eq!(Flow::from_ethernet(&frame), flow.map_err(|error| error.shifted(14)));
        }
    }
    if let Ok(packet) = Packet::parse(data) {
        if let Some(Ok(about)) = Flow::of_icmp_error(&packet) {
            assert_eq!(about.key.reversed().reversed(), about.key);
        }
    }
}

/// What a tunnel puts on, its other end takes off; a packet that is refused stays as it was.
pub fn tunnel(data: &[u8]) {
    let Some((choice, packet)) = data.split_first() else { return };
    let (local, remote): (IpAddr, IpAddr) = if choice & 1 == 0 {
        ([192, 0, 2, 1].into(), [192, 0, 2, 2].into())
    } else {
        ("2001:db8::1".parse().expect("an address"), "2001:db8::2".parse().expect("an address"))
    };
    let mut there = Tunnel::new(local, remote).expect("one version");
    let back = Tunnel::new(remote, local).expect("one version");
    there.encapsulation_limit = (choice & 2 != 0).then_some(choice >> 4);
    let mut storage = vec![0; 64];
    storage.extend_from_slice(packet);
    let mut buffer = PacketBuf::new(storage, 64, packet.len()).expect("room");
    if let Err(error) = there.encapsulate(&mut buffer, 1) {
        check_error(&error, packet.len());
        assert_eq!(buffer.octets(), packet);
        return;
    }
    let inner = Packet::parse(packet).expect("it was read");
    assert!(Packet::parse(buffer.octets()).is_ok_and(|outer| outer.len() == buffer.len()));
    match back.decapsulate(&mut buffer).expect("what was put on comes off") {
        Decapsulation::Forward { alarm, .. } => assert_eq!(alarm, None),
        Decapsulation::Drop => panic!("a normal ingress makes no drop"),
    }
    assert_eq!(buffer.octets(), &packet[..inner.len()]);

    let mut raw = packet.to_vec();
    let before = raw.clone();
    let mut buffer = PacketBuf::new(&mut raw[..], 0, packet.len()).expect("room");
    if back.decapsulate(&mut buffer).is_err() {
        assert_eq!(buffer.octets(), before);
    }
}

/// What a link layer finds lies inside the frame, whatever the link type.
pub fn link(data: &[u8]) {
    let Some(([high, low], frame)) = data.split_first_chunk::<2>() else { return };
    let chosen = LinkType(u16::from_be_bytes([*high, *low]));
    let known = [
        LinkType(1),
        LinkType(9),
        LinkType(0),
        LinkType(108),
        LinkType(113),
        LinkType(276),
        LinkType(101),
        LinkType(228),
        LinkType(229),
    ];
    for link_type in known.into_iter().chain([chosen]) {
        match ip_wire::link::network(link_type, frame) {
            Ok(network) => {
                let start = network.offset as usize;
                assert_eq!(network.octets, &frame[start..start + network.octets.len()]);
            }
            Err(error) => check_error(&error, frame.len()),
        }
    }
}
