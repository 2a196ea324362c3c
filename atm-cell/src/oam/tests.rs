use hex_literal::hex;
use proptest::prelude::*;

use super::*;
use crate::cell::{Header, Interface};
use crate::{Gfc, PayloadType, Reaction, Vc, Vci, Vpi};

/// 45 octets of a function-specific field between a first octet and a CRC-10 computed elsewhere.
fn payload(first: u8, specific: &[u8], crc: [u8; 2]) -> [u8; 48] {
    [&[first], specific, &crc].concat().try_into().unwrap()
}

fn sealed(first: u8, specific: [u8; 45], reserved: u8) -> [u8; 48] {
    let mut octets = payload(first, &specific, [reserved << 2, 0]);
    crc10::seal(&mut octets);
    octets
}

/// Field by field with values that differ in every octet.
fn counting() -> [u8; 45] {
    core::array::from_fn(|i| i as u8 + 1)
}

#[test]
fn the_cells_computed_elsewhere_read_and_emit() {
    let filler = [0x6a; 45];
    let request = |tag: u32, source: [u8; 16]| Loopback { source, ..Loopback::request(tag) };
    let reply = Loopback { indication: 0, ..Loopback::request(1) };
    let counted = hex!("000102030405060708090a0b0c0d0e0f");
    let loopback = |indication: u8, tag: u32, source: [u8; 16]| {
        [&[indication][..], &tag.to_be_bytes(), &[0xff; 16], &source, &[0x6a; 8]].concat()
    };
    for (octets, contents) in [
        (payload(0x10, &filler, hex!("03b9")), Contents::Ais(Alarm::PLAIN)),
        (payload(0x11, &filler, hex!("00af")), Contents::Rdi(Alarm::PLAIN)),
        (payload(0x14, &filler, hex!("0387")), Contents::CONTINUITY_CHECK),
        (payload(0x18, &loopback(1, 1, [0x6a; 16]), hex!("0309")), Contents::Loopback(Loopback::request(1))),
        (payload(0x18, &loopback(0, 1, [0x6a; 16]), hex!("01f0")), Contents::Loopback(reply)),
        (payload(0x18, &loopback(1, 0xdead_beef, counted), hex!("031c")), Contents::Loopback(request(0xdead_beef, counted))),
    ] {
        let view = View::parse(&octets).unwrap();
        assert_eq!(view.contents(), Ok(contents));
        assert_eq!((view.reserved(), view.as_octets(), &view.specific()[..]), (Reserved::ZERO, &octets, &octets[1..46]));
        let message = Message::new(contents);
        assert_eq!((Message::from_view(view), message.to_octets()), (Ok(message), octets));
    }
}

#[test]
fn loopback_identifiers_have_sixteen_octets_each() {
    let octets = sealed(0x18, counting(), 0);
    let expected = Loopback {
        indication: 0x01,
        correlation_tag: 0x0203_0405,
        location: hex!("060708090a0b0c0d0e0f101112131415"),
        source: hex!("161718191a1b1c1d1e1f202122232425"),
        unused: hex!("262728292a2b2c2d"),
    };
    assert_eq!(View::parse(&octets).unwrap().contents(), Ok(Contents::Loopback(expected)));
    assert_eq!(Message::new(Contents::Loopback(expected)).to_octets(), octets);
    for indication in 0..=u8::MAX {
        assert_eq!(Loopback { indication, ..expected }.is_request(), indication % 2 == 1);
    }
    let request = Loopback::request(7);
    assert_eq!((request.indication, request.correlation_tag, request.location), (1, 7, [0xff; 16]));
    assert_eq!((request.source, request.unused, Loopback::END_POINT), ([0x6a; 16], [0x6a; 8], [0xff; 16]));
}

#[test]
fn alarms_have_a_type_and_a_location() {
    let alarm = Alarm {
        defect_type: 1,
        defect_location: hex!("02030405060708090a0b0c0d0e0f1011"),
        unused: core::array::from_fn(|i| i as u8 + 0x12),
    };
    for (first, contents) in [(0x10, Contents::Ais(alarm)), (0x11, Contents::Rdi(alarm))] {
        let octets = sealed(first, counting(), 0);
        assert_eq!(View::parse(&octets).unwrap().contents(), Ok(contents));
        assert_eq!(Message::new(contents).to_octets(), octets);
    }
}

#[test]
fn performance_cells_have_monitoring_in_front_and_reporting_at_the_end() {
    let performance = Performance {
        sequence: 0x01,
        total_user_cells: 0x0203,
        block_error_detection: 0x0405,
        total_user_cells_clp0: 0x0607,
        time_stamp: 0x0809_0a0b,
        unused: core::array::from_fn(|i| i as u8 + 0x0c),
        total_received_clp0: 0x292a,
        block_errors: 0x2b,
        total_received: 0x2c2d,
    };
    for (first, contents) in [
        (0x20, Contents::ForwardMonitoring(performance)),
        (0x21, Contents::BackwardReporting(performance)),
        (0x22, Contents::MonitoringAndReporting(performance)),
    ] {
        let octets = sealed(first, counting(), 0);
        assert_eq!(View::parse(&octets).unwrap().contents(), Ok(contents));
        assert_eq!(Message::new(contents).to_octets(), octets);
    }
    let mut unused = [0x6a; 45];
    unused[7..11].fill(0xff);
    assert_eq!(Message::new(Contents::ForwardMonitoring(Performance::UNUSED)).to_octets(), sealed(0x20, unused, 0));
}

#[test]
fn activation_cells_have_their_bits_where_they_are_drawn() {
    let mut specific = counting();
    specific[..3].copy_from_slice(&[0b0001_0110, 0x5a, 0x84]);
    let activation = Activation {
        message_id: MessageId::DEACTIVATE,
        directions: Directions::FROM_ACTIVATOR,
        correlation_tag: 0x5a,
        block_size_ab: BlockSize::new(8).unwrap(),
        block_size_ba: BlockSize::new(4).unwrap(),
        unused: core::array::from_fn(|i| i as u8 + 4),
    };
    for function in [Function::ACTIVATE_PERFORMANCE, Function::ACTIVATE_CONTINUITY, Function::ACTIVATE_FORWARD] {
        let octets = sealed(0x80 | function.get(), specific, 0);
        let contents = Contents::Activation(function, activation);
        assert_eq!(View::parse(&octets).unwrap().contents(), Ok(contents));
        assert_eq!(Message::new(contents).to_octets(), octets);
    }
    for (at, value) in (0..=u8::MAX).flat_map(|value| [(0, value), (2, value)]) {
        specific[at] = value;
        let octets = sealed(0x80, specific, 0);
        let message = Message::from_view(View::parse(&octets).unwrap()).unwrap();
        assert_eq!(message.to_octets(), octets);
        let Contents::Activation(_, found) = message.contents else { panic!() };
        if at == 0 {
            assert_eq!((found.message_id.get(), found.directions.get()), (value >> 2, value & 3));
        } else {
            assert_eq!((found.block_size_ab.get(), found.block_size_ba.get()), (value >> 4, value & 15));
        }
    }
}

#[test]
fn every_type_and_function() {
    for first in 0..=u8::MAX {
        let octets = sealed(first, counting(), 0);
        let view = View::parse(&octets).unwrap();
        assert_eq!((view.oam_type().get(), view.function().get()), (first >> 4, first & 15));
        let known = matches!(first, 0x10 | 0x11 | 0x14 | 0x18 | 0x20..=0x22 | 0x50..=0x5f | 0x80..=0x82 | 0xf0..=0xff);
        match view.contents() {
            Ok(contents) => {
                assert!(known, "{first:#x}");
                assert_eq!((contents.oam_type(), contents.function()), (view.oam_type(), view.function()));
                assert_eq!(Message::from_view(view).unwrap().to_octets(), octets);
            }
            Err(error) => {
                assert!(!known, "{first:#x}");
                let (field, found) = match first >> 4 {
                    1 | 2 | 8 => (Field::OamFunction, first & 15),
                    oam_type => (Field::OamType, oam_type),
                };
                assert_eq!(error, Error::Unsupported { field, offset: 0, found: found.into() });
                assert_eq!((error.reaction(), Message::from_view(view)), (Reaction::DiscardCell, Err(error)));
            }
        }
    }
    let octets = sealed(0x5c, counting(), 0);
    let contents = Contents::ProtectionSwitching(Function::new(12).unwrap(), &counting());
    assert_eq!(View::parse(&octets).unwrap().contents(), Ok(contents));
    let octets = sealed(0xf3, counting(), 0);
    assert_eq!(View::parse(&octets).unwrap().contents(), Ok(Contents::SystemManagement(Function(3), &counting())));
    let octets = sealed(0x14, counting(), 0);
    assert_eq!(View::parse(&octets).unwrap().contents(), Ok(Contents::ContinuityCheck(&counting())));
}

#[test]
fn a_payload_of_zeros_passes_its_crc_and_is_no_oam_cell() {
    let view = View::parse(&[0; 48]).unwrap();
    assert_eq!((view.oam_type().get(), view.function()), (0, Function::AIS));
    assert_eq!(view.contents(), Err(Error::Unsupported { field: Field::OamType, offset: 0, found: 0 }));
    let octets = payload(0x80, &[0; 45], hex!("01f3"));
    assert!(View::parse(&octets).is_ok());
}

#[test]
fn reserved_bits_are_kept() {
    for reserved in 0..64 {
        let octets = sealed(0x18, counting(), reserved);
        let message = Message::from_view(View::parse(&octets).unwrap()).unwrap();
        assert_eq!((message.reserved.get(), message.to_octets()), (reserved, octets));
    }
}

#[test]
fn any_wrong_bit_is_found() {
    let good = Message::new(Contents::Loopback(Loopback::request(0x1234_5678))).to_octets();
    for bit in 0..384 {
        let mut octets = good;
        octets[bit / 8] ^= 0x80 >> (bit % 8);
        let (found, needed) = (crc10::carried(&octets).into(), crc10::compute(&octets).into());
        let error = Error::Checksum { field: Field::OamCrc, offset: 46, found, needed };
        assert_eq!((View::parse(&octets), error.reaction()), (Err(error), Reaction::DiscardCell));
    }
}

#[test]
fn a_message_takes_48_octets() {
    let message = Message::new(Contents::CONTINUITY_CHECK);
    let mut out = [0xee; 49];
    assert_eq!((message.wire_len(), message.emit(&mut out)), (48, Ok(48)));
    assert_eq!((&out[..48], out[48]), (&message.to_octets()[..], 0xee));
    let error = Error::BufferTooSmall { field: Field::OamCell, found: 47, needed: 48 };
    assert_eq!(message.emit(&mut out[..47]), Err(error));
    #[cfg(feature = "bytes")]
    {
        let mut buffer = std::vec::Vec::from([1]);
        assert_eq!((message.put(&mut buffer), &buffer[1..]), (Ok(48), &out[..48]));
        let mut short = [0; 47];
        let error = Error::BufferTooSmall { field: Field::Buffer, found: 47, needed: 48 };
        assert_eq!((message.put(&mut &mut short[..]), short), (Err(error), [0; 47]));
        let mut exact = [0; 48];
        assert_eq!(message.put(&mut &mut exact[..]), Ok(48));
    }
    assert!(size_of::<View<'_>>() <= 32);
}

#[test]
fn numbers_refuse_what_does_not_fit() {
    for value in 0..=u8::MAX {
        assert_eq!(Type::new(value).map(Type::get), (value < 16).then_some(value));
        assert_eq!(Function::new(value).map(Function::get), (value < 16).then_some(value));
        assert_eq!(BlockSize::new(value).map(BlockSize::get), (value < 16).then_some(value));
        assert_eq!(MessageId::new(value).map(MessageId::get), (value < 64).then_some(value));
        assert_eq!(Reserved::new(value).map(Reserved::get), (value < 64).then_some(value));
        assert_eq!(Directions::new(value).map(Directions::get), (value < 4).then_some(value));
    }
    let max = [Type::MAX.get(), Function::MAX.get(), BlockSize::MAX.get(), MessageId::MAX.get(), Reserved::MAX.get()];
    assert_eq!((max, Directions::MAX.get(), BlockSize::NONE.get()), ([15, 15, 15, 63, 63], 3, 0));
    let types = [Type::FAULT_MANAGEMENT, Type::PERFORMANCE_MANAGEMENT, Type::PROTECTION_SWITCHING, Type::ACTIVATION];
    assert_eq!((types.map(Type::get), Type::SYSTEM_MANAGEMENT.get()), ([1, 2, 5, 8], 15));
    let ids = [MessageId::ACTIVATE, MessageId::ACTIVATION_CONFIRMED, MessageId::ACTIVATION_DENIED];
    assert_eq!(ids.map(MessageId::get), [1, 2, 3]);
    let ids = [MessageId::DEACTIVATE, MessageId::DEACTIVATION_CONFIRMED, MessageId::DEACTIVATION_DENIED];
    assert_eq!(ids.map(MessageId::get), [5, 6, 7]);
    assert_eq!([Directions::TO_ACTIVATOR, Directions::FROM_ACTIVATOR, Directions::TWO_WAY].map(Directions::get), [1, 2, 3]);
}

const F4_SEGMENT: Flow = Flow { level: Level::F4, scope: Scope::Segment };
const F4_END: Flow = Flow { level: Level::F4, scope: Scope::EndToEnd };
const F5_SEGMENT: Flow = Flow { level: Level::F5, scope: Scope::Segment };
const F5_END: Flow = Flow { level: Level::F5, scope: Scope::EndToEnd };

fn vc(vpi: u16, vci: u16) -> Vc {
    Vc::new(Vpi::new(vpi).unwrap(), Vci::new(vci))
}

#[test]
fn a_flows_cells_are_told_by_vci_3_and_4_and_by_payload_types_4_and_5() {
    assert_eq!(Flow::ALL, [F4_SEGMENT, F4_END, F5_SEGMENT, F5_END]);
    for interface in [Interface::Uni, Interface::Nni] {
        for vci in 0..64 {
            for pt in 0..8 {
                let payload_type = PayloadType::new(pt).unwrap();
                let header = Header { payload_type, ..Header::new(interface, vc(9, vci)) };
                let expected = match (vci, pt) {
                    (3, 0..=5) => Some(F4_SEGMENT),
                    (4, 0..=5) => Some(F4_END),
                    (3 | 4, _) => None,
                    (_, 4) => Some(F5_SEGMENT),
                    (_, 5) => Some(F5_END),
                    _ => None,
                };
                assert_eq!(Flow::of(&header), expected, "{vci} {pt}");
            }
        }
    }
}

#[test]
fn a_flows_header_is_read_back_as_the_flow() {
    for interface in [Interface::Uni, Interface::Nni] {
        for flow in Flow::ALL {
            for vci in 0..64 {
                for vpi in [0, 9] {
                    let result = flow.header(interface, vc(vpi, vci));
                    if flow.level == Level::F5 && (vci == 3 || vci == 4 || (vpi, vci) == (0, 0)) {
                        assert_eq!(result, Err(Error::Reserved { field: Field::Vci, found: vci.into(), needed: 32 }));
                        continue;
                    }
                    let header = result.unwrap();
                    let (vci, pt) = match flow {
                        F4_SEGMENT => (3, 0),
                        F4_END => (4, 0),
                        F5_SEGMENT => (vci, 4),
                        _ => (vci, 5),
                    };
                    assert_eq!((header.vc, header.payload_type.get(), header.interface), (vc(vpi, vci), pt, interface));
                    assert_eq!((header.gfc, header.clp, Flow::of(&header)), (Gfc::ZERO, false, Some(flow)));
                }
            }
        }
    }
    // The headers whose HEC facts are known elsewhere.
    assert_eq!(F5_SEGMENT.header(Interface::Uni, vc(1, 32)).unwrap().to_octets(), Ok(hex!("00100208e5")));
    assert_eq!(F5_END.header(Interface::Uni, vc(1, 32)).unwrap().to_octets(), Ok(hex!("0010020aeb")));
    assert_eq!(F4_SEGMENT.header(Interface::Uni, vc(0, 32)).unwrap().to_octets(), Ok(hex!("00000030c5")));
    assert_eq!(F4_END.header(Interface::Uni, vc(0, 32)).unwrap().to_octets(), Ok(hex!("0000004092")));
}

proptest! {
    #[test]
    fn every_message_survives(first in any::<u8>(), specific in prop::collection::vec(any::<u8>(), 45), reserved in 0..64u8) {
        let octets = sealed(first, specific.try_into().unwrap(), reserved);
        if let Ok(message) = Message::from_view(View::parse(&octets).unwrap()) {
            prop_assert_eq!(message.to_octets(), octets);
        }
    }
}
