//! `dissect` over captures of ATM: link types 100 and 123.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests fail by panicking"
)]

use atm_cell::llc::fcs;
use atm_cell::oam::{self, Activation, Alarm, BlockSize, Contents, Directions, Function, Loopback, MessageId, Performance};
use hex_literal::hex;
use ip_wire::link::LinkType;
use wirecraft_cli::capture::Frame;
use wirecraft_cli::dissect::{Dissection, Truncation, dissect};
use wirecraft_cli::output::{json, tree};

const FOUR: [u8; 28] = hex!("4500001c 00004000 4001b6dd c0000201 c0000202 0800e5ca 12340001");
const ETHERNET: [u8; 14] = hex!("020000000002 020000000001 0800");

fn frame<'a>(link_type: u16, octets: &'a [u8], original_len: usize) -> Frame<'a> {
    Frame { number: 1, link_type: LinkType(link_type), time: None, original_len, octets }
}

/// Takes a whole frame apart.
fn read(link_type: u16, parts: &[&[u8]]) -> (Dissection, String) {
    let octets = parts.concat();
    let frame = frame(link_type, &octets, octets.len());
    let dissection = dissect(&frame, Truncation::Refused);
    let tree = tree(&frame, &dissection);
    (dissection, tree)
}

/// The layers of a frame of which nothing is wrong.
fn layers(link_type: u16, parts: &[&[u8]]) -> Vec<&'static str> {
    let (dissection, tree) = read(link_type, parts);
    assert_eq!(dissection.error, None, "{tree}");
    dissection.layers.iter().map(|layer| layer.name).collect()
}

fn numbers(dissection: &Dissection, key: &str) -> Vec<u64> {
    dissection.values(key).map(|value| value.number().unwrap()).collect()
}

#[test]
fn a_sunatm_frame_has_wiresharks_fields() {
    let octets = [&hex!("82 07 0123")[..], &hex!("aaaa03 000000 0800"), &FOUR].concat();
    let frame = frame(123, &octets, octets.len());
    let line: serde_json::Value = serde_json::from_str(&json(&frame, &dissect(&frame, Truncation::Refused))).unwrap();
    for (key, value) in [("atm.vpi", 7), ("atm.vci", 0x123), ("llc.dsap", 0xaa), ("llc.ssap", 0xaa), ("llc.control", 3)] {
        assert_eq!(line[key], serde_json::json!([value]), "{key}");
    }
    assert_eq!(line["llc.oui"], serde_json::json!([0]));
    assert_eq!(line["llc.type"], serde_json::json!([0x800]));
    assert_eq!(line["layers"], serde_json::json!(["atm", "llc", "ip", "icmp"]));
    assert_eq!(line["ip.src"], serde_json::json!(["192.0.2.1"]));
    let tree = tree(&frame, &dissect(&frame, Truncation::Refused));
    for part in ["frame 1, SunATM, ", "direction               1 (sent by the capturing host)", "traffic type            2 (LLC)"]
    {
        assert!(tree.contains(part), "{part} in {tree}");
    }
}

#[test]
fn an_rfc_1483_frame_is_llc_whatever_it_looks_like() {
    assert_eq!(layers(100, &[&hex!("aaaa03 000000 0800"), &FOUR]), ["llc", "ip", "icmp"]);
    assert_eq!(layers(100, &[&hex!("fefe03 cc"), &FOUR]), ["llc", "ip", "icmp"]);
    assert_eq!(layers(100, &[&hex!("fefe03 cf 0021"), &FOUR]), ["llc", "ppp", "ip", "icmp"]);
    assert_eq!(layers(100, &[&hex!("060603"), &FOUR]), ["llc", "ip", "icmp"]);
    assert_eq!(layers(100, &[&hex!("fefe03 81 0102")]), ["llc", "data"]);
    assert_eq!(layers(100, &[&hex!("aaaa03 000000 8100 002a 0800"), &FOUR]), ["llc", "vlan", "ip", "icmp"]);
    assert_eq!(layers(100, &[&hex!("aaaa03 00000c 2000 01")]), ["llc", "data"]);
    // A test frame has no payload of a protocol.
    assert_eq!(layers(100, &[&hex!("aaaae3 000000 0800"), &FOUR]), ["llc", "data"]);
    assert_eq!(layers(100, &[&FOUR]), ["llc", "data"]);
}

#[test]
fn every_traffic_type_is_read_as_what_it_is() {
    let head = |traffic: u8, vci: u8| [traffic, 0, 0, vci];
    let bridged = [&ETHERNET[..], &FOUR].concat();
    assert_eq!(layers(123, &[&head(0, 40), &FOUR]), ["atm", "ip", "icmp"]);
    assert_eq!(layers(123, &[&head(3, 40), &FOUR]), ["atm", "ip", "icmp"]);
    assert_eq!(layers(123, &[&head(15, 40), &hex!("0021"), &FOUR]), ["atm", "ppp", "ip", "icmp"]);
    assert_eq!(layers(123, &[&head(0, 40), &[0, 0], &bridged]), ["atm", "eth", "ip", "icmp"]);
    assert_eq!(layers(123, &[&head(1, 40), &[0, 1], &bridged]), ["atm", "lane", "eth", "ip", "icmp"]);
    assert_eq!(layers(123, &[&head(1, 40), &[0xff, 0], &bridged]), ["atm", "lane", "data"]);
    assert_eq!(layers(123, &[&head(2, 5), &hex!("aaaa03 000000 0800"), &FOUR]), ["atm", "llc", "ip", "icmp"]);
    // Signalling and ILMI are not read, whatever they look like.
    for head in [head(5, 40), head(6, 40), head(0, 5)] {
        assert_eq!(layers(123, &[&head, &FOUR]), ["atm", "data"]);
    }
    // Told by the channel's number alone, unless it is plainly something else.
    for vci in [3, 4, 16] {
        assert_eq!(layers(123, &[&head(0, vci), &hex!("3026020100")]), ["atm", "data"]);
        assert_eq!(layers(123, &[&head(0, vci), &FOUR]), ["atm", "ip", "icmp"]);
    }
    assert_eq!(layers(123, &[&head(3, 5), &FOUR]), ["atm", "ip", "icmp"]);
    assert_eq!(layers(123, &[&head(0, 40)]), ["atm"]);
}

#[test]
fn a_bridged_frames_fcs_is_checked_and_taken_off() {
    let ethernet = [&ETHERNET[..], &FOUR].concat();
    let right = [&hex!("aaaa03 0080c2 0001 0000")[..], &ethernet, &fcs(&ethernet)].concat();
    let (dissection, tree) = read(100, &[&right]);
    assert!(tree.contains("(right)") && tree.contains("Ethernet with FCS"), "{tree}");
    assert_eq!(dissection.layers.iter().map(|layer| layer.len).collect::<Vec<_>>(), [10, 14, 20, 8]);
    let (_, tree) = read(100, &[&right[..right.len() - 4], &[1, 2, 3, 4]]);
    assert!(tree.contains("! the FCS is wrong"), "{tree}");
    let (_, tree) = read(100, &[&hex!("aaaa03 0080c2 0007 0000"), &ethernet]);
    assert!(!tree.contains("FCS") && tree.contains("PAD                     0000"), "{tree}");
    // Where the capture cut the frame, its last octets are no FCS.
    let cut = frame(100, &right[..right.len() - 4], right.len());
    assert!(!self::tree(&cut, &dissect(&cut, Truncation::Allowed)).contains("the FCS is wrong"));
    let (_, tree) = read(100, &[&hex!("aaaa03 0080c2 000e"), &[0; 35]]);
    assert!(tree.contains("BPDU"), "{tree}");
}

#[test]
fn errors_of_the_atm_crate_name_layer_field_and_offset() {
    let error = |link_type, octets: &[u8]| read(link_type, &[octets]).0.error.unwrap().to_string();
    assert!(error(123, &[0, 0, 0]).starts_with("atm at octet 0: SunATM pseudo-header"), "{}", error(123, &[0, 0, 0]));
    let pad = error(123, &hex!("02000028 aaaa03 0080c2 0001 00"));
    assert!(pad.starts_with("llc at octet 4: ") && pad.contains("offset 8"), "{pad}");
    let arp = error(100, &hex!("aaaa03 000000 0806 0013 0800 14 14 0001 04 00 00 04"));
    assert!(arp.starts_with("atmarp at octet 8: ") && arp.contains("offset 5"), "{arp}");
    assert!(error(100, &hex!("aaaa03 00005e 0008 00")).starts_with("llc at octet 0: "));
}

#[test]
fn an_atmarp_packets_stations_are_shown() {
    let arp = hex!("0013 0800 14 00 0001 04 43 00 04 47000580ffe1000000f21a2c3d0020481a2c3d00 c0000201 313233 c0000202 00");
    let (dissection, tree) = read(100, &[&hex!("aaaa03 000000 0806"), &arp]);
    assert_eq!(dissection.error, None);
    for part in [
        "operation               1 (request)",
        "source number           47000580ffe1000000f21a2c3d0020481a2c3d00",
        "source address          192.0.2.1",
        "target number           123 (E.164)",
        "target address          192.0.2.2",
        "behind the packet",
    ] {
        assert!(tree.contains(part), "{part} in {tree}");
    }
    // ARP of another hardware type is not ATMARP.
    assert_eq!(layers(100, &[&hex!("aaaa03 000000 0806"), &hex!("0001 0800 06 04 0001"), &[0; 20]]), ["llc", "data"]);
}

#[test]
fn a_vpns_packets_are_named_and_left_alone() {
    let (dissection, tree) = read(100, &[&hex!("aaaa03 00005e 0008 00 00005e 00000007 aaaa03 000000 0800"), &FOUR]);
    assert!(tree.contains("00-00-5E:0x7") && tree.contains("of a VPN: IPv4"), "{tree}");
    assert_eq!(dissection.values("ip.src").count(), 0);
}

#[test]
fn oam_cells_show_what_they_say_with_and_without_their_headers() {
    let alarm = Contents::Ais(Alarm { defect_type: 3, ..Alarm::PLAIN });
    let activation = Activation {
        message_id: MessageId::ACTIVATE,
        directions: Directions::TWO_WAY,
        correlation_tag: 9,
        block_size_ab: BlockSize::NONE,
        block_size_ba: BlockSize::NONE,
        unused: [oam::UNUSED; 42],
    };
    let cases = [
        (alarm, &["fault management", "AIS", "defect type             0x03"][..]),
        (Contents::Rdi(Alarm::PLAIN), &["RDI"]),
        (Contents::CONTINUITY_CHECK, &["continuity check", "contents"]),
        (Contents::Loopback(Loopback::request(7)), &["loopback", "to be looped", "0x00000007", "the end point"]),
        (
            Contents::ForwardMonitoring(Performance { sequence: 5, ..Performance::UNUSED }),
            &["forward monitoring", "sequence number         5"],
        ),
        (
            Contents::Activation(Function::ACTIVATE_CONTINUITY, activation),
            &["activation and deactivation", "activate)", "3 (both)"],
        ),
        (Contents::SystemManagement(Function::AIS, &[1; 45]), &["system management"]),
    ];
    for (contents, parts) in cases {
        let payload = oam::Message::new(contents).to_octets();
        for header in [&[][..], &hex!("00000040"), &hex!("0000004092")] {
            let (dissection, tree) = read(123, &[&hex!("00000004"), header, &payload]);
            assert_eq!(dissection.layers.last().unwrap().name, "oam", "{tree}");
            assert!(parts.iter().all(|part| tree.contains(part)) && tree.contains("(right)"), "{parts:?} in {tree}");
            assert_eq!(tree.contains("cell header"), !header.is_empty());
        }
    }
    let mut wrong = oam::Message::new(Contents::Loopback(Loopback::request(7))).to_octets();
    wrong[47] ^= 1;
    let (dissection, tree) = read(123, &[&hex!("00000003"), &wrong]);
    assert_eq!(dissection.error, None);
    assert!(tree.contains("(wrong)") && tree.contains("! the CRC-10 is ") && tree.contains("correlation tag"), "{tree}");
    assert!(read(123, &[&hex!("00000003"), &wrong[..47]]).1.contains("OAM, no whole cell"));
}

#[test]
fn the_fields_of_a_cut_frame_are_those_of_the_whole_one_as_far_as_they_go() {
    let bridged = [&hex!("aaaa03 0080c2 0001 0000")[..], &ETHERNET, &FOUR, &[0; 4]].concat();
    for whole in [[&hex!("02000028")[..], &bridged].concat(), [&hex!("00000028 aaaa03 000000 0800")[..], &FOUR].concat()] {
        let of = |len: usize| dissect(&frame(123, &whole[..len], whole.len()), Truncation::Allowed);
        let all = of(whole.len());
        for len in 0..whole.len() {
            let part = of(len);
            for key in ["atm.vpi", "atm.vci", "llc.dsap", "llc.type", "llc.oui", "ip.ttl", "icmp.ident"] {
                assert!(numbers(&all, key).starts_with(&numbers(&part, key)), "{len} octets: {key}");
            }
        }
    }
}
