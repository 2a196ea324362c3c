//! Frames typed by hand from the layouts of the standards, and each way that they can be wrong.

use std::vec::Vec;

use hex_literal::hex;

use super::null::{AddressFamily, Order};
use super::ppp::PppProtocol;
use super::*;
use crate::{Error, Field};

const UNTAGGED: [u8; 16] = hex!("ffffffffffff 020000000001 0800 45 00");
const TAGGED: [u8; 20] = hex!("333300000001 020000000001 8100 602a 86dd 60 00");
const DOUBLE: [u8; 24] = hex!("020000000002 020000000001 88a8 0064 8100 10c8 0800 45 00");

fn path(link_type: LinkType, frame: &[u8]) -> (Vec<LayerAt<'_>>, Option<Error>, Network<'_>) {
    let mut walk = Layers::new(link_type, frame, DEFAULT_LIMIT);
    let mut read = Vec::new();
    let mut error = None;
    for layer in walk.by_ref() {
        match layer {
            Ok(layer) => read.push(layer),
            Err(wrong) => error = Some(wrong),
        }
    }
    (read, error, walk.network())
}

fn found(link_type: LinkType, frame: &[u8]) -> (NetworkProtocol, u32) {
    let network = network(link_type, frame).unwrap();
    assert_eq!(&frame[network.offset as usize..][..network.octets.len()], network.octets);
    (network.protocol, network.offset)
}

fn error(link_type: LinkType, frame: &[u8]) -> Error {
    network(link_type, frame).unwrap_err()
}

#[test]
fn every_view_fits_four_registers() {
    fn size<T>() -> usize {
        size_of::<T>()
    }
    assert!(size::<ethernet::View<'_>>() <= 32);
    assert!(size::<llc::View<'_>>() <= 32, "{}", size::<llc::View<'_>>());
    assert!(size::<sll::View<'_>>() <= 32);
    assert!(size::<null::View<'_>>() <= 32);
    assert!(size::<ppp::View<'_>>() <= 32);
}

#[test]
fn ethernet_reads_addresses_and_type() {
    let view = ethernet::View::parse(&UNTAGGED).unwrap();
    assert_eq!(view.destination(), MacAddress::BROADCAST);
    assert_eq!(view.source(), MacAddress([2, 0, 0, 0, 0, 1]));
    assert!(view.destination().is_multicast() && !view.source().is_multicast());
    assert_eq!((view.ether_type(), view.length()), (Some(EtherType::IPV4), None));
    assert_eq!(view.payload(), hex!("45 00"));
    assert_eq!(std::format!("{} {}", view.source(), EtherType(0x0800)), "02:00:00:00:00:01 IPv4");
    assert_eq!(found(LinkType::ETHERNET, &UNTAGGED), (NetworkProtocol::Ipv4, 14));
}

#[test]
fn the_third_field_is_a_length_up_to_1500_a_type_from_1536_and_nothing_between() {
    let mut frame = [0u8; 1514];
    for field in 0..=u16::MAX {
        frame[12..14].copy_from_slice(&field.to_be_bytes());
        let view = ethernet::View::parse(&frame).unwrap();
        assert_eq!(view.length().is_some(), field <= 1500);
        assert_eq!(view.ether_type().is_some(), field >= 1536);
        let refused = Layers::new(LinkType::ETHERNET, &frame, DEFAULT_LIMIT)
            .filter_map(Result::err)
            .any(|error| error == Error::Value { field: Field::EtherType, offset: 12, found: u32::from(field), needed: 0x600 });
        assert_eq!(refused, (1501..1536).contains(&field), "{field:#x}");
    }
}

#[test]
fn a_tag_has_priority_drop_bit_and_vlan() {
    let view = ethernet::View::parse(&TAGGED).unwrap();
    let mut tags = view.tags(1);
    let tag = tags.next().unwrap().unwrap();
    assert_eq!((tag.tpid, tag.priority(), tag.drop_eligible(), tag.vlan_id()), (EtherType::VLAN, 3, false, 42));
    assert_eq!(tags.next(), None);
    assert_eq!((tags.type_or_length(), tags.offset(), tags.payload()), (0x86dd, 18, &hex!("60 00")[..]));
    assert_eq!(found(LinkType::ETHERNET, &TAGGED), (NetworkProtocol::Ipv6, 18));
    for tci in 0..=u16::MAX {
        let tag = vlan::Tag { tpid: EtherType::VLAN, tci };
        let again = u16::from(tag.priority()) << 13 | u16::from(tag.drop_eligible()) << 12 | tag.vlan_id();
        assert_eq!(again, tci);
    }
}

#[test]
fn stacked_tags_are_walked_in_order() {
    let (layers, error, network) = path(LinkType::ETHERNET, &DOUBLE);
    let tags: Vec<_> = layers
        .iter()
        .filter_map(|at| match at.layer {
            Layer::Vlan { tag, .. } => Some((at.offset, tag.tpid, tag.vlan_id(), tag.drop_eligible())),
            _ => None,
        })
        .collect();
    assert_eq!(tags, [(14, EtherType::PROVIDER_BRIDGE, 100, false), (18, EtherType::VLAN, 200, true)]);
    assert_eq!((error, network.protocol, network.offset), (None, NetworkProtocol::Ipv4, 22));
}

#[test]
fn more_tags_than_the_budget_allows_are_an_error() {
    let mut frame = hex!("020000000002 020000000001").to_vec();
    for _ in 0..40 {
        frame.extend(hex!("8100 0001"));
    }
    let view = ethernet::View::parse(&frame).unwrap();
    let mut tags = view.tags(2);
    assert_eq!(tags.by_ref().filter(Result::is_ok).count(), 2);
    let last = view.tags(2).last();
    assert_eq!(last, Some(Err(Error::Value { field: Field::VlanStack, offset: 20, found: 3, needed: 2 })));
    assert_eq!(tags.next(), None);
    let needed = DEFAULT_LIMIT;
    let offset = 14 + (needed - 1) * 4;
    let wrong = Error::Value { field: Field::LinkHeaders, offset, found: needed + 1, needed };
    assert_eq!(error(LinkType::ETHERNET, &frame), wrong);
}

#[test]
fn a_frame_or_tag_cut_short_says_where_and_by_how_much() {
    for len in 0..14 {
        let wrong = Error::Truncated { field: Field::EthernetHeader, offset: 0, found: len as u32, needed: 14 };
        assert_eq!(ethernet::View::parse(&TAGGED[..len]), Err(wrong));
    }
    for len in 14..18 {
        let wrong = Error::Truncated { field: Field::VlanTag, offset: 14, found: len as u32 - 14, needed: 4 };
        assert_eq!(error(LinkType::ETHERNET, &TAGGED[..len]), wrong);
    }
}

#[test]
fn headers_are_emitted_as_they_are_read() {
    let tags =
        [vlan::Tag::new(100).unwrap().with_tpid(EtherType::PROVIDER_BRIDGE), vlan::Tag { tpid: EtherType::VLAN, tci: 0x10c8 }];
    let mut header = ethernet::Header {
        destination: MacAddress([2, 0, 0, 0, 0, 2]),
        source: MacAddress([2, 0, 0, 0, 0, 1]),
        tags: &tags,
        payload: ethernet::Payload::EtherType(EtherType::IPV4),
    };
    let mut buffer = [0xee; 24];
    assert_eq!(header.emit(&mut buffer), Ok(22));
    assert_eq!(buffer[..22], DOUBLE[..22]);
    assert_eq!(buffer[22..], [0xee, 0xee]);
    let small = Error::BufferTooSmall { field: Field::EthernetHeader, found: 21, needed: 22 };
    assert_eq!(header.emit(&mut [0; 21]), Err(small));
    header.payload = ethernet::Payload::EtherType(EtherType(0x05ff));
    let wrong = Error::Value { field: Field::EtherType, offset: 12, found: 0x05ff, needed: 0x0600 };
    assert_eq!(header.emit(&mut buffer), Err(wrong));
    header.payload = ethernet::Payload::Llc { length: 1501 };
    assert_eq!(header.emit(&mut buffer), Err(Error::DoesNotFit { field: Field::LinkLength, found: 1501, needed: 1500 }));
    header.payload = ethernet::Payload::Llc { length: 3 };
    assert_eq!(header.emit(&mut buffer), Ok(22));
    assert_eq!(buffer[20..22], [0, 3]);
    assert!(vlan::Tag::new(4096).is_err());
    for vlan_id in [0, 2047, 2048, 4095] {
        assert_eq!(vlan::Tag::new(vlan_id).map(|tag| tag.vlan_id()), Ok(vlan_id));
    }
}

#[test]
fn llc_and_snap_lead_to_their_protocol() {
    // RFC 1042: SNAP under OUI 0; behind the 802.3 length there is padding.
    let frame = hex!("020000000002 020000000001 000a aaaa03 000000 0800 45 00 aaaaaaaa");
    let (layers, _, network) = path(LinkType::ETHERNET, &frame);
    let Layer::Llc(view) = layers[1].layer else { panic!() };
    assert_eq!((view.dsap(), view.ssap(), view.control(), view.header_len()), (0xaa, 0xaa, 3, 8));
    assert_eq!(view.snap().unwrap().oui(), 0);
    assert_eq!((network.protocol, network.offset, network.octets), (NetworkProtocol::Ipv4, 22, &hex!("45 00")[..]));
    assert_eq!(network.missing, 0);
    // An organization's own numbers, the IP service access point, spanning tree.
    let ours = hex!("aaaa03 00000c 2000 01");
    assert_eq!(llc::View::parse(&ours).unwrap().snap().unwrap().ether_type(), None);
    let sap = |octets: &[u8]| found(LinkType::ETHERNET, &[&frame[..12], &[0, octets.len() as u8], octets].concat());
    assert_eq!(sap(&ours), (NetworkProtocol::Snap { oui: 0xc, protocol: 0x2000 }, 22));
    assert_eq!(sap(&hex!("060603 45")), (NetworkProtocol::Ipv4, 17));
    assert_eq!(sap(&hex!("424203 00")), (NetworkProtocol::Sap(0x42), 17));
    assert_eq!(sap(&hex!("ffff0023")), (NetworkProtocol::Unknown, 14));
    // Receive ready: a supervisory frame has two control octets and no payload of a protocol.
    let ready = hex!("0404 0102");
    let view = llc::View::parse(&ready).unwrap();
    assert_eq!((view.control(), view.header_len(), view.is_information()), (0x0201, 4, false));
    assert_eq!(sap(&ready), (NetworkProtocol::Unknown, 18));
}

#[test]
fn an_802_3_length_past_the_end_is_counted_as_missing() {
    let frame = hex!("020000000002 020000000001 0040 424203 0000");
    let network = network(LinkType::ETHERNET, &frame).unwrap();
    assert_eq!((network.octets.len(), network.missing), (2, 0x40 - 5));
}

#[test]
fn llc_cut_short_is_an_error() {
    let whole = hex!("aaaa03 000000 0800");
    for len in 0..3 {
        let wrong = Error::Truncated { field: Field::LlcHeader, offset: 0, found: len as u32, needed: 3 };
        assert_eq!(llc::View::parse(&whole[..len]), Err(wrong));
    }
    for len in 3..8 {
        let wrong = Error::Truncated { field: Field::SnapHeader, offset: 3, found: len as u32 - 3, needed: 5 };
        assert_eq!(llc::View::parse(&whole[..len]), Err(wrong));
    }
    let wrong = Error::Truncated { field: Field::LlcHeader, offset: 0, found: 3, needed: 4 };
    assert_eq!(llc::View::parse(&hex!("040400")), Err(wrong));
}

#[test]
fn linux_cooked_headers_of_both_versions_are_read() {
    let v1 = hex!("0004 0001 0006 0200000000010000 0800 45");
    let view = sll::View::V1(sll::V1::parse(&v1).unwrap());
    assert_eq!((view.packet_type(), view.device_type()), (sll::PacketType::OUTGOING, sll::DeviceType::ETHERNET));
    assert_eq!((view.address(), view.protocol()), (&hex!("020000000001")[..], EtherType::IPV4));
    assert_eq!(found(LinkType::LINUX_SLL, &v1), (NetworkProtocol::Ipv4, 16));
    let v2 = hex!("86dd 0000 00000003 0304 03 04 7f00000100000000 60");
    let view = sll::V2::parse(&v2).unwrap();
    assert_eq!(view.interface(), 3);
    let view = sll::View::V2(view);
    assert_eq!((view.packet_type(), view.device_type()), (sll::PacketType::OTHER_HOST, sll::DeviceType::LOOPBACK));
    assert_eq!((view.address(), view.protocol()), (&hex!("7f000001")[..], EtherType::IPV6));
    assert_eq!(found(LinkType::LINUX_SLL2, &v2), (NetworkProtocol::Ipv6, 20));
}

#[test]
fn cooked_frames_without_an_ether_type_name_no_protocol() {
    // Netlink counts its own families where others have an EtherType.
    let netlink = hex!("0004 0338 0000 0000000000000000 0800");
    assert_eq!(found(LinkType::LINUX_SLL, &netlink), (NetworkProtocol::Unknown, 16));
    let raw_802_3 = hex!("0000 0001 0006 0200000000010000 0001 ffff");
    assert_eq!(found(LinkType::LINUX_SLL, &raw_802_3), (NetworkProtocol::Unknown, 16));
    let spanning_tree = hex!("0002 0001 0006 0200000000010000 0004 424203 00");
    assert_eq!(found(LinkType::LINUX_SLL, &spanning_tree), (NetworkProtocol::Sap(0x42), 19));
    // An address length over 8 takes no more than there is room for.
    let long = hex!("0000 0020 0014 0001020304050607 0800");
    assert_eq!(sll::View::V1(sll::V1::parse(&long).unwrap()).address(), [0, 1, 2, 3, 4, 5, 6, 7]);
    let wrong = |needed| Error::Truncated { field: Field::SllHeader, offset: 0, found: 15, needed };
    assert_eq!(error(LinkType::LINUX_SLL, &[0; 15]), wrong(16));
    assert_eq!(error(LinkType::LINUX_SLL2, &[0; 15]), wrong(20));
}

#[test]
fn loopback_families_are_read_in_either_byte_order() {
    for order in [hex!("00000002 45"), hex!("02000000 45")] {
        assert_eq!(found(LinkType::NULL, &order), (NetworkProtocol::Ipv4, 4));
    }
    for family in [24u32, 28, 30] {
        for octets in [family.to_be_bytes(), family.to_le_bytes()] {
            assert_eq!(found(LinkType::NULL, &octets), (NetworkProtocol::Ipv6, 4));
        }
        assert_eq!(found(LinkType::LOOP, &family.to_be_bytes()), (NetworkProtocol::Ipv6, 4));
    }
    // Network byte order is not guessed at.
    assert_eq!(found(LinkType::LOOP, &hex!("02000000")), (NetworkProtocol::Family(AddressFamily(0x0200_0000)), 4));
    assert_eq!(found(LinkType::NULL, &hex!("07000000")), (NetworkProtocol::Family(AddressFamily(7)), 4));
    // Some old captures have an EtherType there.
    assert_eq!(null::View::parse(&hex!("000086dd"), Order::Host).unwrap().family(), AddressFamily(0x86dd));
    assert_eq!(found(LinkType::NULL, &hex!("000086dd 60")), (NetworkProtocol::Ipv6, 4));
    let wrong = Error::Truncated { field: Field::NullHeader, offset: 0, found: 3, needed: 4 };
    assert_eq!(error(LinkType::NULL, &[2, 0, 0]), wrong);
}

#[test]
fn ppp_headers_of_every_length_are_read() {
    // RFC 1661 2: an odd octet ends the protocol field; RFC 1662 3.1: all-stations address, unnumbered information.
    let forms: [(&[u8], usize, bool); 4] = [
        (&hex!("ff03 0021 45"), 4, true),
        (&hex!("ff03 21 45"), 3, true),
        (&hex!("0021 45"), 2, false),
        (&hex!("21 45"), 1, false),
    ];
    for (octets, len, framing) in forms {
        let view = ppp::View::parse(octets).unwrap();
        assert_eq!((view.protocol(), view.header_len(), view.has_framing()), (PppProtocol::IPV4, len, framing));
        assert_eq!(view.payload(), [0x45]);
        assert_eq!(found(LinkType::PPP, octets), (NetworkProtocol::Ipv4, len as u32));
    }
    assert_eq!(found(LinkType::PPP, &hex!("ff03 0057 60")), (NetworkProtocol::Ipv6, 4));
    assert_eq!(found(LinkType::PPP, &hex!("c021 01")), (NetworkProtocol::Ppp(PppProtocol::LCP), 2));
    for cut in [&[][..], &[0xc0], &[0xff, 3], &[0xff, 3, 0]] {
        let (found, needed) = (cut.len() as u32, cut.len() as u32 + 1);
        assert_eq!(error(LinkType::PPP, cut), Error::Truncated { field: Field::PppHeader, offset: 0, found, needed });
    }
}

#[test]
fn raw_ip_is_told_by_its_version() {
    for link_type in [LinkType::RAW, LinkType::DLT_RAW, LinkType::DLT_RAW_OPENBSD] {
        assert_eq!(found(link_type, &[0x45]), (NetworkProtocol::Ipv4, 0));
        assert_eq!(found(link_type, &[0x60]), (NetworkProtocol::Ipv6, 0));
        for octet in (0..=u8::MAX).filter(|octet| !matches!(octet >> 4, 4 | 6)) {
            let wrong = Error::Version { field: Field::RawIpVersion, offset: 0, found: octet >> 4, needed: 4 };
            assert_eq!(error(link_type, &[octet]), wrong);
        }
        assert_eq!(error(link_type, &[]), Error::Truncated { field: Field::RawIpVersion, offset: 0, found: 0, needed: 1 });
    }
    // Where the link type says it all, the version is the packet's own affair.
    assert_eq!(found(LinkType::IPV4, &[0x60]), (NetworkProtocol::Ipv4, 0));
    assert_eq!(found(LinkType::IPV6, &[]), (NetworkProtocol::Ipv6, 0));
}

#[test]
fn other_link_types_are_named_in_the_error() {
    let known: Vec<u16> = (0..=u16::MAX).filter(|number| LinkType(*number).name().is_some()).collect();
    assert_eq!(known, [0, 1, 9, 12, 14, 101, 108, 113, 228, 229, 276]);
    for number in (0..=u16::MAX).filter(|number| !known.contains(number)) {
        let wrong = Error::UnsupportedProtocol { field: Field::LinkType, offset: 0, found: u32::from(number) };
        assert_eq!(error(LinkType(number), &DOUBLE), wrong);
    }
}

#[test]
fn a_wrong_type_field_does_not_hide_the_header_before_it() {
    let frame = hex!("020000000002 020000000001 05ff 00");
    let (layers, error, network) = path(LinkType::ETHERNET, &frame);
    assert!(matches!(layers[..], [LayerAt { layer: Layer::Ethernet(_), offset: 0 }]));
    assert_eq!(error, Some(Error::Value { field: Field::EtherType, offset: 12, found: 0x5ff, needed: 0x600 }));
    assert_eq!(network.protocol, NetworkProtocol::Unknown);
}
