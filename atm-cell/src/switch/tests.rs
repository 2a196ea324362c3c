//! The rules of switching, and random configurations against a map.

use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::vec;
use std::vec::Vec;

use super::*;
use crate::cell::{Gfc, IDLE, PayloadType, View, Vpi};
use crate::{Error, Field};

fn vpi(vpi: u16) -> Vpi {
    Vpi::new(vpi).unwrap()
}

fn vc(path: u16, channel: u16) -> Vc {
    Vc::new(vpi(path), Vci::new(channel))
}

fn ch(port: u16, path: u16, channel: u16) -> End {
    End::channel(port, vc(path, channel))
}

fn vp(port: u16, path: u16) -> End {
    End::path(port, vpi(path))
}

fn port(interface: Interface) -> Port {
    Port::new(PortConfig { interface, ..PortConfig::default() }).unwrap()
}

type TestSwitch = Switch<[Port; 5], Vec<Slot>, Vec<Leaf>>;

/// Ports 0 and 1 are UNIs, 2 and 3 NNIs, 4 a UNI that sends GFC 0xA and corrects nothing.
fn switch() -> TestSwitch {
    sized(256, 16)
}

fn sized(slots: usize, leaves: usize) -> TestSwitch {
    let flow = Port::new(PortConfig { interface: Interface::Uni, gfc: Gfc::new(0xa).unwrap(), correct: false }).unwrap();
    let ports = [port(Interface::Uni), port(Interface::Uni), port(Interface::Nni), port(Interface::Nni), flow];
    Switch::new(ports, vec![Slot::EMPTY; slots], vec![Leaf::EMPTY; leaves])
}

fn header(interface: Interface, path: u16, channel: u16) -> Header {
    Header::new(interface, vc(path, channel))
}

fn cell(header: Header) -> [u8; CELL_LEN] {
    header.with_payload(&core::array::from_fn(|n| n as u8)).unwrap()
}

fn pt(payload_type: u8) -> PayloadType {
    PayloadType::new(payload_type).unwrap()
}

/// Switches a cell and reads what comes out.
#[track_caller]
fn forward(switch: &mut TestSwitch, port: u16, header: Header) -> (u16, Header) {
    let mut octets = cell(header);
    let Outcome::Forward { port } = switch.switch_cell(port, &mut octets) else { panic!("not forwarded: {header:?}") };
    let interface = switch.ports[usize::from(port)].config().interface;
    let view = View::from_octets(&octets, interface).unwrap();
    assert_eq!(view.payload(), &core::array::from_fn(|n| n as u8));
    (port, view.header())
}

#[track_caller]
fn discarded(switch: &mut TestSwitch, port: u16, header: Header, reason: Reason) {
    let mut octets = cell(header);
    assert_eq!(switch.switch_cell(port, &mut octets), Outcome::Discard(reason));
    assert_eq!(octets, cell(header));
}

#[test]
fn a_channel_gets_the_outputs_path_and_channel_and_keeps_pt_and_clp() {
    let mut switch = switch();
    switch.connect(ch(0, 1, 32), ch(2, 0x123, 0xabcd)).unwrap();
    for (payload_type, clp) in (0..8).flat_map(|pt| [(pt, false), (pt, true)]) {
        let fields = Header { payload_type: pt(payload_type), clp, ..header(Interface::Uni, 1, 32) };
        let expected = Header { payload_type: pt(payload_type), clp, ..header(Interface::Nni, 0x123, 0xabcd) };
        assert_eq!(forward(&mut switch, 0, fields), (2, expected));
    }
    assert_eq!(switch.counters(0).unwrap(), Counters { forwarded: 16, ..Counters::default() });
}

#[test]
fn octets_of_switched_cells_are_the_standards() {
    // 8/35, last cell of a PDU, to NNI 4095/32 and to 0/50: by hand.
    let mut switch = switch();
    switch.connect(ch(0, 8, 35), ch(2, 4095, 32)).unwrap();
    let mut octets = [0x6a; CELL_LEN];
    octets[..5].copy_from_slice(&hex_literal::hex!("00 80 02 32 EA"));
    assert_eq!(switch.switch_cell(0, &mut octets), Outcome::Forward { port: 2 });
    assert_eq!(octets[..4], hex_literal::hex!("FF F0 02 02"));
    assert_eq!(octets[4], crate::hec::compute([0xff, 0xf0, 2, 2]));
    octets[..5].copy_from_slice(&hex_literal::hex!("00 80 02 30 E4"));
    switch.switch_cell(0, &mut octets);
    assert_eq!(octets[..5], hex_literal::hex!("FF F0 02 00 C2"));
}

#[test]
fn a_path_gets_the_outputs_path_and_keeps_its_channels() {
    let mut switch = switch();
    switch.connect(vp(2, 4095), vp(1, 255)).unwrap();
    for (channel, payload_type) in [(1, 0), (3, 0), (4, 0), (5, 1), (6, 6), (7, 0), (32, 7), (0xffff, 4), (33, 5)] {
        let fields = Header { payload_type: pt(payload_type), clp: true, ..header(Interface::Nni, 4095, channel) };
        let expected = Header { payload_type: pt(payload_type), clp: true, ..header(Interface::Uni, 255, channel) };
        assert_eq!(forward(&mut switch, 2, fields), (1, expected));
    }
}

#[test]
fn the_gfc_of_a_uni_does_not_leak_into_the_path_of_an_nni() {
    let mut switch = switch();
    switch.connect(ch(0, 0x12, 40), ch(2, 0x12, 40)).unwrap();
    switch.connect(vp(0, 0x34), vp(2, 0x34)).unwrap();
    for gfc in 0..16 {
        let gfc = Gfc::new(gfc).unwrap();
        let channel = Header { gfc, ..header(Interface::Uni, 0x12, 40) };
        assert_eq!(forward(&mut switch, 0, channel), (2, header(Interface::Nni, 0x12, 40)));
        let path = Header { gfc, ..header(Interface::Uni, 0x34, 99) };
        assert_eq!(forward(&mut switch, 0, path), (2, header(Interface::Nni, 0x34, 99)));
    }
}

#[test]
fn a_uni_output_sends_its_own_gfc() {
    let mut switch = switch();
    switch.connect(ch(0, 1, 40), ch(1, 2, 50)).unwrap();
    switch.connect(ch(0, 1, 41), ch(4, 2, 50)).unwrap();
    switch.connect(vp(0, 2), vp(4, 3)).unwrap();
    let gfc = Gfc::new(5).unwrap();
    let sent = Gfc::new(0xa).unwrap();
    let from = |path, channel| Header { gfc, ..header(Interface::Uni, path, channel) };
    assert_eq!(forward(&mut switch, 0, from(1, 40)), (1, header(Interface::Uni, 2, 50)));
    assert_eq!(forward(&mut switch, 0, from(1, 41)), (4, Header { gfc: sent, ..header(Interface::Uni, 2, 50) }));
    assert_eq!(forward(&mut switch, 0, from(2, 60)), (4, Header { gfc: sent, ..header(Interface::Uni, 3, 60) }));
    let nni = PortConfig { interface: Interface::Nni, gfc, correct: true };
    assert_eq!(Port::new(nni), Err(Error::DoesNotFit { field: Field::Gfc, found: 5, needed: 0 }));
}

#[test]
fn a_path_over_255_at_a_uni_is_refused_on_either_side() {
    let mut switch = switch();
    let error = Err(Error::DoesNotFit { field: Field::Vpi, found: 256, needed: 255 });
    assert_eq!(switch.connect(ch(2, 256, 40), ch(0, 256, 40)), error);
    assert_eq!(switch.connect(ch(0, 256, 40), ch(2, 256, 40)), error);
    assert_eq!(switch.connect(vp(2, 256), vp(0, 256)), error);
    assert_eq!(switch.connect(vp(0, 256), vp(2, 256)), error);
    assert_eq!(switch.add_leaf(vp(0, 1), vp(1, 256)), error);
    switch.connect(vp(2, 256), vp(0, 255)).unwrap();
    assert_eq!(switch.usage().0, 2);
}

#[test]
fn nobodys_cells_are_never_switched() {
    let mut switch = switch();
    switch.connect(vp(0, 0), vp(2, 5)).unwrap();
    discarded(&mut switch, 0, Header { gfc: Gfc::new(3).unwrap(), ..header(Interface::Uni, 0, 0) }, Reason::Unassigned);
    let physical = Header { payload_type: pt(4), clp: true, ..header(Interface::Uni, 0, 0) };
    discarded(&mut switch, 0, physical, Reason::PhysicalLayer);
    discarded(&mut switch, 0, physical, Reason::PhysicalLayer);
    for _ in 0..3 {
        assert_eq!(switch.switch_cell(0, &mut IDLE.clone()), Outcome::Discard(Reason::Idle));
    }
    assert_eq!(forward(&mut switch, 0, header(Interface::Uni, 0, 1)), (2, header(Interface::Nni, 5, 1)));
    let expected = Counters { unassigned: 1, physical_layer: 2, idle: 3, forwarded: 1, ..Counters::default() };
    assert_eq!(switch.counters(0), Some(expected));
}

#[test]
fn vci_0_of_a_path_does_not_become_an_unassigned_cell() {
    let mut switch = switch();
    switch.connect(vp(0, 5), vp(2, 0)).unwrap();
    discarded(&mut switch, 0, header(Interface::Uni, 5, 0), Reason::NullChannel);
    discarded(&mut switch, 0, Header { clp: true, ..header(Interface::Uni, 5, 0) }, Reason::NullChannel);
    assert_eq!(switch.counters(0).unwrap().null_channel, 2);
}

#[test]
fn cells_without_a_connection_are_dropped_and_counted() {
    let mut switch = switch();
    switch.connect(ch(0, 1, 40), ch(2, 1, 40)).unwrap();
    for (port, path, channel) in [(0, 1, 41), (0, 2, 40), (1, 1, 40), (4, 1, 40)] {
        discarded(&mut switch, port, header(Interface::Uni, path, channel), Reason::Unknown);
    }
    // The output is no input.
    discarded(&mut switch, 2, header(Interface::Nni, 1, 40), Reason::Unknown);
    assert_eq!([0, 1, 2, 3, 4].map(|port| switch.counters(port).unwrap().unknown), [2, 1, 1, 0, 1]);
    assert_eq!(switch.counters(5), None);
    discarded(&mut switch, 5, header(Interface::Uni, 1, 40), Reason::UnknownPort);
    assert_eq!(switch.unknown_port(), 1);
}

#[test]
fn every_single_error_is_corrected_before_the_header_is_written_anew() {
    for bit in 0..40 {
        let mut switch = switch();
        switch.connect(ch(0, 1, 40), ch(2, 7, 70)).unwrap();
        let mut octets = cell(header(Interface::Uni, 1, 40));
        octets[bit / 8] ^= 0x80 >> (bit % 8);
        assert_eq!(switch.switch_cell(0, &mut octets), Outcome::Forward { port: 2 });
        assert_eq!(View::parse(&octets, Interface::Nni).unwrap().header(), header(Interface::Nni, 7, 70));
        assert_eq!(switch.counters(0), Some(Counters { forwarded: 1, corrected: 1, ..Counters::default() }));
    }
}

#[test]
fn headers_with_errors_are_dropped_and_get_no_right_hec() {
    // Dynamips computes a new HEC for whatever it forwards.
    let mut switch = switch();
    switch.connect(ch(0, 1, 40), ch(2, 7, 70)).unwrap();
    switch.connect(ch(4, 1, 40), ch(3, 7, 70)).unwrap();
    for (first, second) in (0..40).flat_map(|first| (0..first).map(move |second| (first, second))) {
        let mut octets = cell(header(Interface::Uni, 1, 40));
        for bit in [first, second] {
            octets[bit / 8] ^= 0x80 >> (bit % 8);
        }
        let before = octets;
        assert_eq!(switch.switch_cell(0, &mut octets), Outcome::Discard(Reason::HeaderError));
        assert_eq!(octets, before);
    }
    assert_eq!(switch.counters(0), Some(Counters { header_error: 780, ..Counters::default() }));
    // After an error the receiver detects only, up to the next good header.
    let mut single = cell(header(Interface::Uni, 1, 40));
    single[1] ^= 1;
    assert_eq!(switch.switch_cell(0, &mut single.clone()), Outcome::Discard(Reason::HeaderError));
    forward(&mut switch, 0, header(Interface::Uni, 1, 40));
    assert_eq!(switch.switch_cell(0, &mut single.clone()), Outcome::Forward { port: 2 });
    // A port that corrects nothing drops them at once, and has receivers of its own.
    assert_eq!(switch.switch_cell(4, &mut single.clone()), Outcome::Discard(Reason::HeaderError));
    assert_eq!(forward(&mut switch, 4, header(Interface::Uni, 1, 40)), (3, header(Interface::Nni, 7, 70)));
    let counters = Counters { header_error: 1, forwarded: 1, ..Counters::default() };
    assert_eq!(switch.counters(4), Some(counters));
}

#[test]
fn a_corrected_header_is_handed_on_corrected_whatever_the_outcome() {
    let mut switch = switch();
    let good = cell(header(Interface::Uni, 1, 40));
    let mut octets = good;
    octets[3] ^= 1;
    assert_eq!(switch.switch_cell(0, &mut octets), Outcome::Discard(Reason::Unknown));
    assert_eq!(octets, good);
}

#[test]
fn f4_oam_and_vp_resource_management_end_where_channels_are_switched() {
    let mut switch = switch();
    switch.connect(ch(0, 1, 40), ch(2, 7, 70)).unwrap();
    let mut local = |fields: Header, kind| {
        let mut octets = cell(fields);
        assert_eq!(switch.switch_cell(0, &mut octets), Outcome::Local { kind });
        assert_eq!(octets, cell(fields));
    };
    local(header(Interface::Uni, 1, 3), Kind::OamF4 { segment: true });
    local(header(Interface::Uni, 1, 4), Kind::OamF4 { segment: false });
    let management = Header { payload_type: pt(6), ..header(Interface::Uni, 1, 6) };
    local(management, Kind::ResourceManagement);
    assert_eq!(switch.counters(0), Some(Counters { local: 3, ..Counters::default() }));
    // On a path that nothing is known of they are not the caller's; nor are other cells of the path.
    discarded(&mut switch, 0, header(Interface::Uni, 2, 3), Reason::Unknown);
    discarded(&mut switch, 0, header(Interface::Uni, 1, 6), Reason::Unknown);
    discarded(&mut switch, 0, header(Interface::Uni, 1, 5), Reason::Unknown);
    discarded(&mut switch, 0, Header { payload_type: pt(6), ..header(Interface::Uni, 1, 41) }, Reason::Unknown);
    discarded(&mut switch, 0, Header { payload_type: pt(7), ..header(Interface::Uni, 1, 3) }, Reason::Unknown);
    // The path is the outputs' alone: nothing of it comes in here.
    discarded(&mut switch, 2, header(Interface::Nni, 7, 3), Reason::Unknown);
    // With its last channel the path is gone.
    switch.disconnect(ch(0, 1, 40)).unwrap();
    discarded(&mut switch, 0, header(Interface::Uni, 1, 3), Reason::Unknown);
}

#[test]
fn channels_that_belong_to_the_path_are_refused_and_other_reserved_ones_are_not() {
    for vci in 0..=33 {
        let mut switch = switch();
        let refused = [0, 3, 4, 6, 7].contains(&vci);
        let error = Err(Error::Reserved { field: Field::Vci, found: vci.into(), needed: 32 });
        let expected = if refused { error } else { Ok(()) };
        assert_eq!(switch.connect(ch(0, 1, vci), ch(2, 1, 99)), expected);
        assert_eq!(switch.connect(ch(0, 1, 99), ch(2, 1, vci)), expected);
        if refused {
            assert_eq!(switch.usage().0, 0);
        } else {
            assert_eq!(forward(&mut switch, 0, header(Interface::Uni, 1, vci)), (2, header(Interface::Nni, 1, 99)));
        }
    }
}

#[track_caller]
fn conflicts(switch: &mut TestSwitch, from: End, to: End, found: u32) {
    let before = (switch.usage(), switch.leaf_usage());
    let error = Err(Error::Conflict { field: Field::SwitchConnection, found });
    assert_eq!(switch.connect(from, to), error);
    if !matches!(switch.connection(from), Some(Connection { to: Target::Multipoint, .. })) {
        assert_eq!(switch.add_leaf(from, to), error);
    }
    assert_eq!((switch.usage(), switch.leaf_usage()), before);
}

#[test]
fn an_input_has_one_connection() {
    let mut switch = switch();
    switch.connect(ch(0, 1, 40), ch(2, 7, 70)).unwrap();
    switch.connect(vp(0, 2), vp(2, 8)).unwrap();
    conflicts(&mut switch, ch(0, 1, 40), ch(3, 7, 70), 0x1_0028);
    conflicts(&mut switch, vp(0, 2), vp(3, 8), 0x2_0000);
}

#[test]
fn an_input_path_is_switched_whole_or_by_channels() {
    let mut switch = switch();
    switch.connect(ch(0, 1, 40), ch(2, 7, 70)).unwrap();
    switch.connect(ch(0, 1, 41), ch(2, 7, 71)).unwrap();
    switch.connect(vp(0, 2), vp(2, 8)).unwrap();
    conflicts(&mut switch, vp(0, 1), vp(3, 8), 0x1_0000);
    conflicts(&mut switch, ch(0, 2, 40), ch(3, 8, 40), 0x2_0028);
    // The same path on another port, or in the other direction, is another one.
    switch.connect(vp(1, 1), vp(3, 1)).unwrap();
    switch.connect(vp(2, 7), vp(0, 9)).unwrap();
    switch.disconnect(ch(0, 1, 40)).unwrap();
    conflicts(&mut switch, vp(0, 1), vp(3, 8), 0x1_0000);
    switch.disconnect(ch(0, 1, 41)).unwrap();
    switch.connect(vp(0, 1), vp(3, 8)).unwrap();
    switch.disconnect(vp(0, 2)).unwrap();
    switch.connect(ch(0, 2, 40), ch(3, 9, 40)).unwrap();
}

#[test]
fn two_inputs_do_not_share_an_output() {
    let mut switch = switch();
    switch.connect(ch(0, 1, 40), ch(2, 7, 70)).unwrap();
    switch.connect(vp(0, 2), vp(2, 8)).unwrap();
    conflicts(&mut switch, ch(1, 1, 40), ch(2, 7, 70), 0x7_0046);
    conflicts(&mut switch, ch(1, 1, 40), ch(2, 8, 70), 0x8_0046);
    conflicts(&mut switch, vp(1, 1), vp(2, 7), 0x7_0000);
    conflicts(&mut switch, vp(1, 1), vp(2, 8), 0x8_0000);
    switch.disconnect(ch(0, 1, 40)).unwrap();
    switch.connect(vp(1, 1), vp(2, 7)).unwrap();
}

#[test]
fn an_input_is_not_its_own_output() {
    let mut switch = switch();
    conflicts(&mut switch, ch(0, 1, 40), ch(0, 1, 40), 0x1_0028);
    conflicts(&mut switch, vp(0, 1), vp(0, 1), 0x1_0000);
    // Back on the same port under another name is no loop.
    switch.connect(ch(0, 1, 40), ch(0, 1, 41)).unwrap();
    assert_eq!(forward(&mut switch, 0, header(Interface::Uni, 1, 40)), (0, header(Interface::Uni, 1, 41)));
}

#[test]
fn a_path_and_a_channel_are_not_connected() {
    let mut switch = switch();
    let error = |found, needed| Err(Error::Value { field: Field::SwitchConnection, offset: 0, found, needed });
    assert_eq!(switch.connect(vp(0, 1), ch(2, 1, 40)), error(0, 1));
    assert_eq!(switch.connect(ch(0, 1, 40), vp(2, 1)), error(1, 0));
    assert_eq!(switch.add_leaf(ch(0, 1, 40), vp(2, 1)), error(1, 0));
}

#[test]
fn ports_that_are_not_there_are_refused() {
    let mut switch = switch();
    let error = Err(Error::NotFound { field: Field::SwitchPort, found: 5 });
    assert_eq!(switch.connect(ch(5, 1, 40), ch(2, 1, 40)), error);
    assert_eq!(switch.connect(ch(2, 1, 40), ch(5, 1, 40)), error);
    assert_eq!(switch.add_leaf(vp(5, 1), vp(0, 1)), error);
    assert_eq!(switch.remove_leaf(vp(0, 1), vp(5, 1)), error);
}

#[test]
fn a_full_table_refuses_and_stays_as_it_is() {
    // 8 slots hold 7: a channel connection takes 4, and 2 where its paths are in use.
    let mut switch = sized(8, 1);
    switch.connect(ch(0, 1, 40), ch(2, 7, 70)).unwrap();
    let full = Err(Error::TableFull { field: Field::SwitchTable, limit: 7 });
    assert_eq!(switch.connect(ch(0, 2, 40), ch(2, 8, 70)), full);
    assert_eq!(switch.add_leaf(ch(0, 2, 40), ch(2, 8, 70)), full);
    assert_eq!(switch.usage(), (4, 7));
    switch.connect(ch(0, 1, 41), ch(2, 7, 71)).unwrap();
    assert_eq!(switch.usage(), (6, 7));
    assert_eq!(switch.connect(vp(0, 2), vp(2, 8)), full);
    switch.disconnect(ch(0, 1, 41)).unwrap();
    switch.connect(ch(0, 1, 42), ch(2, 8, 71)).unwrap();
    assert_eq!(switch.usage(), (7, 7));
    switch.disconnect(ch(0, 1, 40)).unwrap();
    switch.disconnect(ch(0, 1, 42)).unwrap();
    assert_eq!(switch.usage(), (0, 7));
    assert_eq!(switch.slots, vec![Slot::EMPTY; 8]);
    assert_eq!(sized(0, 0).connect(vp(0, 1), vp(2, 1)), Err(Error::TableFull { field: Field::SwitchTable, limit: 0 }));
}

#[test]
fn used_storage_is_cleared_for_a_new_switch() {
    let mut old = switch();
    old.connect(vp(0, 1), vp(2, 8)).unwrap();
    let mut switch = Switch::new(old.ports, &mut old.slots[..], &mut old.leaves[..]);
    assert_eq!((switch.usage().0, switch.connections().count()), (0, 0));
    assert_eq!(switch.connect(vp(0, 1), vp(2, 8)), Ok(()));
}

#[test]
fn both_directions_are_made_or_none() {
    let mut switch = switch();
    switch.connect_both(ch(0, 1, 40), ch(2, 7, 70)).unwrap();
    assert_eq!(forward(&mut switch, 0, header(Interface::Uni, 1, 40)), (2, header(Interface::Nni, 7, 70)));
    assert_eq!(forward(&mut switch, 2, header(Interface::Nni, 7, 70)), (0, header(Interface::Uni, 1, 40)));
    switch.connect(ch(3, 1, 40), ch(1, 1, 40)).unwrap();
    let before = switch.usage();
    let conflict = Err(Error::Conflict { field: Field::SwitchConnection, found: 0x1_0028 });
    assert_eq!(switch.connect_both(ch(1, 1, 40), ch(2, 9, 90)), conflict);
    assert_eq!(switch.connect_both(ch(3, 1, 40), ch(2, 9, 90)), conflict);
    assert_eq!(switch.usage(), before);
}

#[test]
fn what_is_not_connected_is_not_disconnected() {
    let mut switch = switch();
    switch.connect(ch(0, 1, 40), ch(2, 7, 70)).unwrap();
    let not_found = |found| Err(Error::NotFound { field: Field::SwitchConnection, found });
    assert_eq!(switch.disconnect(ch(0, 1, 41)), not_found(0x1_0029));
    assert_eq!(switch.disconnect(ch(2, 7, 70)), not_found(0x7_0046));
    // The path's own entry counts channels and is no connection.
    assert_eq!(switch.disconnect(vp(0, 1)), not_found(0x1_0000));
    assert_eq!(switch.connection(vp(0, 1)), None);
    assert_eq!(switch.remove_leaf(ch(0, 1, 40), ch(2, 7, 70)), not_found(0x1_0028));
    assert_eq!(switch.remove_leaf(ch(0, 1, 41), ch(2, 7, 70)), not_found(0x1_0029));
    assert_eq!(switch.leaves(ch(0, 1, 40)).count(), 0);
}

/// A multipoint cell's copies, read, in order of ports.
#[track_caller]
fn copies(switch: &mut TestSwitch, port: u16, header: Header) -> Vec<(u16, Header)> {
    let mut octets = cell(header);
    let Outcome::Multipoint(multipoint) = switch.switch_cell(port, &mut octets) else { panic!("not multipoint") };
    assert_eq!(octets, cell(header));
    let mut copies: Vec<_> = switch
        .copies(multipoint)
        .map(|copy| {
            let mut octets = octets;
            octets[..HEADER_LEN].copy_from_slice(&copy.header);
            let interface = switch.ports[usize::from(copy.port)].config().interface;
            (copy.port, View::from_octets(&octets, interface).unwrap().header())
        })
        .collect();
    copies.sort_by_key(|&(port, header)| (port, header.vc));
    copies
}

#[test]
fn a_cell_goes_to_every_leaf_in_its_ports_format() {
    let mut switch = switch();
    let root = ch(0, 1, 40);
    for leaf in [ch(1, 2, 50), ch(2, 4095, 51), ch(4, 3, 52), ch(2, 4094, 51)] {
        switch.add_leaf(root, leaf).unwrap();
    }
    let fields = Header { gfc: Gfc::new(9).unwrap(), payload_type: pt(1), clp: true, ..header(Interface::Uni, 1, 40) };
    let at = |header: Header| Header { payload_type: pt(1), clp: true, ..header };
    let flow = Header { gfc: Gfc::new(0xa).unwrap(), ..header(Interface::Uni, 3, 52) };
    let expected = [
        (1, at(header(Interface::Uni, 2, 50))),
        (2, at(header(Interface::Nni, 4094, 51))),
        (2, at(header(Interface::Nni, 4095, 51))),
        (4, at(flow)),
    ];
    assert_eq!(copies(&mut switch, 0, fields), expected);
    assert_eq!(switch.counters(0), Some(Counters { multipoint: 1, ..Counters::default() }));
    let leaves: BTreeSet<_> = switch.leaves(root).collect();
    assert_eq!(leaves, BTreeSet::from([ch(1, 2, 50), ch(2, 4095, 51), ch(4, 3, 52), ch(2, 4094, 51)]));
    assert_eq!(switch.connection(root), Some(Connection { from: root, to: Target::Multipoint }));
}

#[test]
fn a_path_goes_to_leaves_with_its_channels() {
    let mut switch = switch();
    switch.add_leaf(vp(2, 300), vp(0, 3)).unwrap();
    switch.add_leaf(vp(2, 300), vp(3, 301)).unwrap();
    let expected = [(0, header(Interface::Uni, 3, 4)), (3, header(Interface::Nni, 301, 4))];
    assert_eq!(copies(&mut switch, 2, header(Interface::Nni, 300, 4)), expected);
    assert_eq!(switch.leaves(vp(2, 300)).collect::<Vec<_>>(), [vp(3, 301), vp(0, 3)]);
    assert_eq!(
        switch.remove_leaf(vp(2, 300), ch(0, 3, 40)),
        Err(Error::NotFound { field: Field::SwitchConnection, found: 0x12c_0000 })
    );
}

#[test]
fn leaves_come_and_go_while_cells_flow() {
    let mut switch = switch();
    let (root, incoming) = (ch(0, 1, 40), header(Interface::Uni, 1, 40));
    let leaves = [(1, 60), (2, 61), (3, 62), (2, 63)];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        for (port, channel) in leaves {
            switch.add_leaf(root, ch(port, 5, channel)).unwrap();
        }
        let mut left: BTreeSet<_> = leaves.into();
        for gone in order {
            let ports: Vec<_> = copies(&mut switch, 0, incoming).iter().map(|&(port, header)| (port, header.vc)).collect();
            let expected: Vec<_> = left.iter().map(|&(port, channel)| (port, vc(5, channel))).collect();
            assert_eq!(ports, expected);
            let (port, channel) = leaves[gone];
            left.remove(&(port, channel));
            switch.remove_leaf(root, ch(port, 5, channel)).unwrap();
            if !left.is_empty() {
                let missing = Err(Error::NotFound { field: Field::SwitchLeaf, found: vc(5, channel).to_bits() });
                assert_eq!(switch.remove_leaf(root, ch(port, 5, channel)), missing);
            }
        }
        discarded(&mut switch, 0, incoming, Reason::Unknown);
        assert_eq!((switch.usage().0, switch.leaf_usage()), (0, (0, 16)));
    }
}

#[test]
fn a_cell_that_waits_for_its_copies_sees_the_leaves_as_they_are() {
    let mut switch = switch();
    switch.add_leaf(ch(0, 1, 40), ch(2, 5, 60)).unwrap();
    let Outcome::Multipoint(waiting) = switch.switch_cell(0, &mut cell(header(Interface::Uni, 1, 40))) else { panic!() };
    switch.add_leaf(ch(0, 1, 40), ch(3, 5, 61)).unwrap();
    assert_eq!(switch.copies(waiting).map(|copy| copy.port).collect::<Vec<_>>(), [3, 2]);
    switch.disconnect(ch(0, 1, 40)).unwrap();
    assert_eq!(switch.copies(waiting).count(), 0);
    // The leaf's place is another connection's now, and the input goes to a point.
    switch.add_leaf(ch(1, 1, 40), ch(3, 5, 61)).unwrap();
    switch.connect(ch(0, 1, 40), ch(2, 5, 60)).unwrap();
    assert_eq!(switch.copies(waiting).count(), 0);
}

#[test]
fn leaves_keep_the_rules_of_connections() {
    let mut switch = sized(64, 3);
    let root = ch(0, 1, 40);
    switch.add_leaf(root, ch(2, 7, 70)).unwrap();
    conflicts(&mut switch, root, ch(2, 7, 71), 0x1_0028);
    conflicts(&mut switch, ch(1, 1, 40), ch(2, 7, 70), 0x7_0046);
    conflicts(&mut switch, vp(0, 1), vp(2, 8), 0x1_0000);
    let conflict = |found| Err(Error::Conflict { field: Field::SwitchConnection, found });
    assert_eq!(switch.add_leaf(root, ch(2, 7, 70)), conflict(0x7_0046));
    assert_eq!(switch.add_leaf(root, root), conflict(0x1_0028));
    switch.connect(ch(0, 1, 41), ch(2, 7, 71)).unwrap();
    assert_eq!(switch.add_leaf(ch(0, 1, 41), ch(2, 7, 72)), conflict(0x1_0029));
    switch.add_leaf(root, ch(3, 7, 70)).unwrap();
    switch.add_leaf(ch(0, 1, 42), ch(3, 7, 71)).unwrap();
    let full = Err(Error::TableFull { field: Field::SwitchLeaf, limit: 3 });
    let usage = switch.usage();
    assert_eq!(switch.add_leaf(root, ch(3, 7, 72)), full);
    assert_eq!(switch.add_leaf(ch(0, 9, 43), ch(3, 7, 72)), full);
    assert_eq!((switch.usage(), switch.leaf_usage()), (usage, (3, 3)));
    switch.disconnect(root).unwrap();
    assert_eq!(switch.leaf_usage(), (1, 3));
    switch.connect(ch(1, 1, 40), ch(2, 7, 70)).unwrap();
    switch.add_leaf(ch(0, 1, 42), ch(3, 7, 70)).unwrap();
    switch.add_leaf(ch(0, 1, 42), ch(3, 7, 72)).unwrap();
    assert_eq!(copies(&mut switch, 0, header(Interface::Uni, 1, 42)).len(), 3);
}

#[test]
fn the_list_of_connections_is_what_was_made() {
    let mut switch = switch();
    let made = [
        (ch(0, 1, 40), Some(ch(2, 4095, 0xffff))),
        (vp(2, 4095), Some(vp(4, 255))),
        (ch(4, 255, 0xffff), Some(ch(3, 0, 1))),
        (vp(3, 0), None),
    ];
    switch.add_leaf(vp(3, 0), vp(1, 9)).unwrap();
    for (from, to) in made.into_iter().filter_map(|(from, to)| Some((from, to?))) {
        switch.connect(from, to).unwrap();
    }
    let listed: BTreeSet<_> = switch.connections().collect();
    let expected = made.map(|(from, to)| Connection { from, to: to.map_or(Target::Multipoint, Target::Point) });
    assert_eq!(listed, BTreeSet::from(expected));
    for connection in expected {
        assert_eq!(switch.connection(connection.from), Some(connection));
    }
    assert_eq!((ch(4, 9, 1).port(), ch(4, 9, 1).vpi(), vp(3, 8).port(), vp(3, 8).vpi()), (4, vpi(9), 3, vpi(8)));
}

#[test]
fn congestion_is_marked_on_user_data_only_and_a_wrong_hec_stays_wrong() {
    for (payload_type, clp) in (0..8).flat_map(|pt| [(pt, false), (pt, true)]) {
        let fields = Header { payload_type: pt(payload_type), clp, ..header(Interface::Nni, 300, 40) };
        let marked = Header { payload_type: pt(payload_type).with_congestion(), ..fields };
        let octets = fields.to_octets().unwrap();
        assert_eq!(with_congestion(octets), marked.to_octets().unwrap());
        let wrong = octets[4] ^ 0x30;
        let [a, b, c, d, _] = octets;
        assert_eq!(with_congestion([a, b, c, d, wrong])[4], marked.to_octets().unwrap()[4] ^ 0x30);
    }
}

#[cfg(feature = "alloc")]
#[test]
fn a_switch_that_owns_its_memory_holds_what_it_was_made_for_and_grows() {
    let ports = [PortConfig { interface: Interface::Nni, ..PortConfig::default() }; 2];
    let mut switch = Switch::with_capacity(&ports, 10, 2).unwrap();
    for path in 0..10 {
        switch.connect(ch(0, path, 40), ch(1, path, 40)).unwrap();
    }
    switch.add_leaf(vp(0, 99), vp(1, 98)).unwrap();
    assert!(switch.connect(vp(0, 100), vp(1, 100)).is_ok());
    let before: BTreeSet<_> = switch.connections().collect();
    switch.reserve(5, 1).unwrap();
    assert_eq!(switch.leaf_usage(), (1, 2));
    switch.reserve(4000, 40).unwrap();
    assert_eq!(switch.connections().collect::<BTreeSet<_>>(), before);
    assert_eq!((switch.leaf_usage(), switch.usage().1 >= 16080), ((1, 40), true));
    for path in 200..4000 {
        switch.connect(ch(0, path, 40), ch(1, path, 40)).unwrap();
    }
    let over = (1 << 24) + 1;
    let error = |field| Error::DoesNotFit { field, found: over as u32, needed: 1 << 24 };
    assert_eq!(switch.reserve(over, 0), Err(error(Field::SwitchTable)));
    assert_eq!(Switch::with_capacity(&ports, 0, over).map(|_| ()), Err(error(Field::SwitchLeaf)));
    let bad = [PortConfig { gfc: Gfc::MAX, interface: Interface::Nni, correct: true }];
    assert!(Switch::with_capacity(&bad, 1, 1).is_err());
}

#[cfg(feature = "serde")]
#[test]
fn configurations_survive_serde() {
    let config = PortConfig { interface: Interface::Uni, gfc: Gfc::MAX, correct: false };
    assert_eq!(serde_json::from_str::<PortConfig>(&serde_json::to_string(&config).unwrap()).unwrap(), config);
    assert_eq!(serde_json::from_str::<End>(&serde_json::to_string(&ch(1, 2, 3)).unwrap()).unwrap(), ch(1, 2, 3));
}

/// The rules again, over plain sets.
#[derive(Default)]
struct Model {
    connections: HashMap<End, (bool, Vec<End>)>,
}

impl Model {
    fn input_free(&self, end: End) -> bool {
        !self.connections.keys().any(|&other| overlap(end, other))
    }

    fn output_free(&self, end: End) -> bool {
        !self.connections.values().flat_map(|(_, to)| to).any(|&other| overlap(end, other))
    }

    fn connect(&mut self, from: End, to: End) -> bool {
        let possible = from != to && same_kind(from, to) && self.input_free(from) && self.output_free(to);
        if possible {
            self.connections.insert(from, (false, vec![to]));
        }
        possible
    }

    fn add_leaf(&mut self, from: End, to: End) -> bool {
        let root = self.connections.get(&from).is_some_and(|&(multipoint, _)| multipoint);
        let possible = from != to && same_kind(from, to) && (root || self.input_free(from)) && self.output_free(to);
        if possible {
            self.connections.entry(from).or_insert((true, Vec::new())).1.push(to);
        }
        possible
    }

    fn remove_leaf(&mut self, from: End, to: End) -> bool {
        let Some((true, leaves)) = self.connections.get_mut(&from) else { return false };
        let Some(at) = leaves.iter().position(|&leaf| leaf == to) else { return false };
        leaves.remove(at);
        if leaves.is_empty() {
            self.connections.remove(&from);
        }
        true
    }

    fn switch(&self, port: u16, vc: Vc) -> Vec<(u16, Vc)> {
        let channel = self.connections.get(&End::channel(port, vc));
        let found = channel.or_else(|| self.connections.get(&End::path(port, vc.vpi)));
        let mut to: Vec<_> = found
            .into_iter()
            .flat_map(|(_, to)| to)
            .map(|&to| match to {
                End::Path { port, vpi } => (port, Vc::new(vpi, vc.vci)),
                End::Channel { port, vc } => (port, vc),
            })
            .collect();
        to.sort();
        to
    }
}

fn overlap(one: End, other: End) -> bool {
    let path = |end| matches!(end, End::Path { .. });
    one == other || (path(one) != path(other) && (one.port(), one.vpi()) == (other.port(), other.vpi()))
}

fn same_kind(one: End, other: End) -> bool {
    matches!((one, other), (End::Path { .. }, End::Path { .. }) | (End::Channel { .. }, End::Channel { .. }))
}

fn any_end() -> impl Strategy<Value = End> {
    (0..4_u16, 0..4_u16, prop_oneof![Just(None), (40..43_u16).prop_map(Some)]).prop_map(|(port, path, channel)| match channel {
        Some(channel) => ch(port, path, channel),
        None => vp(port, path),
    })
}

proptest! {
    #[test]
    fn the_switch_does_what_the_rules_say_after_any_changes(
        steps in proptest::collection::vec((0..6_u8, any_end(), any_end()), 1..150),
    ) {
        let mut switch = sized(240, 64);
        let mut model = Model::default();
        for (step, from, to) in steps {
            match step {
                0 | 1 => prop_assert_eq!(switch.connect(from, to).is_ok(), model.connect(from, to)),
                2 | 3 => prop_assert_eq!(switch.add_leaf(from, to).is_ok(), model.add_leaf(from, to)),
                4 => prop_assert_eq!(switch.remove_leaf(from, to).is_ok(), model.remove_leaf(from, to)),
                _ => prop_assert_eq!(switch.disconnect(from).is_ok(), model.connections.remove(&from).is_some()),
            }
        }
        let leaves: usize = model.connections.values().filter(|(multipoint, _)| *multipoint).map(|(_, to)| to.len()).sum();
        prop_assert_eq!(switch.leaf_usage().0, leaves);
        prop_assert_eq!(switch.connections().count(), model.connections.len());
        for (port, path, channel) in (0..4).flat_map(|p| (0..4).flat_map(move |v| [5, 40, 41, 42].map(|c| (p, v, c)))) {
            let interface = switch.ports[usize::from(port)].config().interface;
            let fields = Header { payload_type: pt((path * 2 + port) as u8 & 7), ..header(interface, path, channel) };
            let mut octets = cell(fields);
            let mut found = match switch.switch_cell(port, &mut octets) {
                Outcome::Forward { port } => vec![CopyOut { port, header: *octets.first_chunk().unwrap() }],
                Outcome::Multipoint(multipoint) => switch.copies(multipoint).collect(),
                _ => vec![],
            };
            found.sort_by_key(|copy| (copy.port, copy.header));
            let mut headers = Vec::new();
            for copy in found {
                let [a, b, c, d, check] = copy.header;
                prop_assert_eq!(crate::hec::compute([a, b, c, d]), check);
                let interface = switch.ports[usize::from(copy.port)].config().interface;
                let out = Header::from_word(u32::from_be_bytes([a, b, c, d]), interface);
                prop_assert_eq!((out.payload_type, out.clp, out.gfc), (fields.payload_type, false, Gfc::ZERO));
                headers.push((copy.port, out.vc));
            }
            headers.sort();
            prop_assert_eq!(headers, model.switch(port, vc(path, channel)));
        }
        for from in model.connections.keys() {
            switch.disconnect(*from).unwrap();
        }
        prop_assert_eq!((switch.usage().0, switch.leaf_usage().0), (0, 0));
        prop_assert!(switch.slots.iter().all(|slot| *slot == Slot::EMPTY));
    }
}
