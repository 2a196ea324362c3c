//! RFC 6040's table and RFC 2983's models through a conditioner, in all pairs of families.

use core::net::IpAddr;
use core::time::Duration;
use std::vec;
use std::vec::Vec;

use ip_wire::{DsField, Ecn, Protocol, ipv4, ipv6};

use super::*;
use crate::agreement::{Action, Rule, TrafficConditioningAgreement, Treatment};
use crate::classifier::Match;
use crate::conditioner::{Reason, Treated};
use crate::marker;

type Buffer = PacketBuf<Vec<u8>>;

fn inner(six: bool, ds: DsField) -> Buffer {
    let mut packet = vec![0; 160];
    let len = if six {
        let mut header = ipv6::Header::new(1.into_address(), 2.into_address(), Protocol::NO_NEXT_HEADER, 0).unwrap();
        header.ds = ds;
        header.emit(&mut packet[100..]).unwrap()
    } else {
        let mut header = ipv4::Header::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), Protocol::UDP, 0).unwrap();
        header.ds = ds;
        header.emit(&mut packet[100..]).unwrap()
    };
    PacketBuf::new(packet, 100, len).unwrap()
}

trait IntoAddress {
    fn into_address(self) -> core::net::Ipv6Addr;
}

impl IntoAddress for u128 {
    fn into_address(self) -> core::net::Ipv6Addr {
        self.into()
    }
}

fn ends(six: bool) -> (IpAddr, IpAddr) {
    if six {
        (IpAddr::V6(8.into_address()), IpAddr::V6(9.into_address()))
    } else {
        ("198.51.100.8".parse().unwrap(), "198.51.100.9".parse().unwrap())
    }
}

fn tunnels(six: bool, model: DsModel) -> (Tunnel, Tunnel) {
    let (near, far) = ends(six);
    let (mut out, mut back) = (Tunnel::new(near, far).unwrap(), Tunnel::new(far, near).unwrap());
    (out.ds_model, back.ds_model) = (model, model);
    (out, back)
}

fn node(agreement: &TrafficConditioningAgreement) -> Conditioner<Buffer> {
    Conditioner::new(agreement, Duration::ZERO).unwrap()
}

const NOW: Arrival = Arrival::at(Duration::ZERO);

fn through(model: DsModel, six: (bool, bool), inner_ds: DsField, outer: DsField) -> (Left<Buffer>, Conditioner<Buffer>) {
    let (out, back) = tunnels(six.1, model);
    let agreement = TrafficConditioningAgreement::default();
    let entered = enter(&mut node(&agreement), &out, inner(six.0, inner_ds), NOW, 7).unwrap();
    let Verdict::Forward { mut packet, .. } = entered else { panic!() };
    ip_wire::tunnel::set_ds(packet.octets_mut(), outer).unwrap();
    let mut far = node(&agreement);
    let left = leave(&mut far, &back, packet, NOW).unwrap();
    (left, far)
}

#[test]
fn the_sixteen_cells_of_rfc_6040_in_four_pairs_of_families() {
    use Ecn::{Ce, Ect0, Ect1, NotEct};
    // Rows: inner. Columns: outer Not-ECT, ECT(0), ECT(1), CE. With the cells that must be recorded.
    let table = [
        (NotEct, [Some((NotEct, false)), Some((NotEct, true)), Some((NotEct, true)), None]),
        (Ect0, [Some((Ect0, false)), Some((Ect0, false)), Some((Ect1, false)), Some((Ce, false))]),
        (Ect1, [Some((Ect1, false)), Some((Ect1, false)), Some((Ect1, false)), Some((Ce, false))]),
        (Ce, [Some((Ce, false)), Some((Ce, false)), Some((Ce, true)), Some((Ce, false))]),
    ];
    for six in [(false, false), (false, true), (true, false), (true, true)] {
        for (row, cells) in table {
            for (column, cell) in [NotEct, Ect0, Ect1, Ce].into_iter().zip(cells) {
                let ds = |ecn| DsField::new(Dscp::AF21, ecn);
                let (left, far) = through(DsModel::Uniform, six, ds(row), ds(column));
                let count = |kind| far.audit().count(kind);
                match cell {
                    Some((ecn, recorded)) => {
                        let Left::Verdict(Verdict::Forward { packet, .. }) = left else { panic!("{row} {column}") };
                        assert_eq!(packet.octets(), inner(six.0, ds(ecn)).octets(), "{row} {column} {six:?}");
                        assert_eq!(
                            (count(Kind::TunnelEcn), count(Kind::TunnelCongestion)),
                            (u64::from(recorded), 0),
                            "{row} {column}"
                        );
                    }
                    None => {
                        assert!(matches!(left, Left::Congested(_)));
                        // Nothing went on, and nothing was even offered.
                        assert_eq!((far.counters().offered.packets, count(Kind::TunnelCongestion)), (0, 1));
                    }
                }
                assert_eq!(count(Kind::TunnelMismatch), 0);
            }
        }
    }
}

#[test]
fn the_models_of_rfc_2983_keep_or_copy_the_codepoint() {
    let ds = |dscp| DsField::new(dscp, Ecn::Ect0);
    let ef = Match { dscp: DscpSet::of(Dscp::EF), ..Match::ANY };
    let rule = |matches| Rule { name: "seen".into(), matches, treatment: Treatment::Unmetered(Action::PASS) };
    let agreement = TrafficConditioningAgreement { rules: vec![rule(ef)], ..TrafficConditioningAgreement::default() };
    // Model, outer codepoint on the way, the packet's codepoint behind the tunnel, and whether it is classified as EF.
    for (model, outer, behind, classified) in [
        (DsModel::Uniform, Dscp::EF, Dscp::EF, true),
        (DsModel::Uniform, Dscp::AF11, Dscp::AF11, false),
        (DsModel::Pipe(Dscp::EF), Dscp::EF, Dscp::AF11, true),
        (DsModel::ShortPipe(Dscp::EF), Dscp::EF, Dscp::AF11, false),
    ] {
        for six in [(false, false), (false, true), (true, false), (true, true)] {
            let (out, back) = tunnels(six.1, model);
            let entered = enter(&mut node(&agreement), &out, inner(six.0, ds(Dscp::AF11)), NOW, 7).unwrap();
            let Verdict::Forward { mut packet, .. } = entered else { panic!() };
            let sent = if model == DsModel::Uniform { Dscp::AF11 } else { Dscp::EF };
            assert_eq!(marker::codepoint(packet.octets()), Ok(sent));
            ip_wire::tunnel::set_ds(packet.octets_mut(), ds(outer)).unwrap();
            let Left::Verdict(Verdict::Forward { packet, treated }) = leave(&mut node(&agreement), &back, packet, NOW).unwrap()
            else {
                panic!()
            };
            assert_eq!(packet.octets(), inner(six.0, ds(behind)).octets());
            assert_eq!(treated, Treated { rule: classified.then_some(0), color: None, dscp: behind }, "{model:?} {outer}");
        }
    }
}

#[test]
fn what_the_conditioner_drops_does_not_enter_the_tunnel_and_does_not_leave_it() {
    let drop = TrafficConditioningAgreement { default: Action::Drop, ..TrafficConditioningAgreement::default() };
    let (out, back) = tunnels(true, DsModel::Uniform);
    let packet = inner(false, DsField(0x28));
    let reason = Reason::OutOfProfile { rule: None, color: None };
    let Ok(Verdict::Discard { packet: same, reason: found }) = enter(&mut node(&drop), &out, packet.clone(), NOW, 7) else {
        panic!()
    };
    assert_eq!((same.octets(), found), (packet.octets(), reason));
    let pass = TrafficConditioningAgreement::default();
    let Ok(Verdict::Forward { packet, .. }) = enter(&mut node(&pass), &out, packet, NOW, 7) else { panic!() };
    let Ok(Left::Verdict(Verdict::Discard { reason: found, .. })) = leave(&mut node(&drop), &back, packet, NOW) else { panic!() };
    assert_eq!(found, reason);
}

#[test]
fn the_marked_packet_is_what_enters() {
    let mark = TrafficConditioningAgreement { default: Action::mark(Dscp::EF), ..TrafficConditioningAgreement::default() };
    let (out, _) = tunnels(false, DsModel::Uniform);
    let Ok(Verdict::Forward { mut packet, .. }) = enter(&mut node(&mark), &out, inner(true, DsField(0x03)), NOW, 7) else {
        panic!()
    };
    // Outer and inner alike.
    assert_eq!(marker::ds_field(packet.octets()), Ok(DsField(0xbb)));
    packet.pop_front(20).unwrap();
    assert_eq!(packet.octets(), inner(true, DsField(0xbb)).octets());
}

#[test]
fn a_packet_without_headroom_is_an_error() {
    let (out, _) = tunnels(true, DsModel::Uniform);
    let mut packet = inner(false, DsField(0));
    packet.push_front(80).unwrap();
    packet.pop_front(80).unwrap();
    let tight = PacketBuf::new(packet.octets().to_vec(), 0, 20).unwrap();
    assert!(enter(&mut node(&TrafficConditioningAgreement::default()), &out, tight, NOW, 7).is_err());
    let (_, back) = tunnels(true, DsModel::Uniform);
    let mut far = node(&TrafficConditioningAgreement::default());
    assert!(leave(&mut far, &back, inner(false, DsField(0)), NOW).is_err());
    assert_eq!(far.counters().offered.packets, 0);
}

#[test]
fn inner_and_outer_codepoints_go_together_or_are_recorded() {
    let uniform = |inner, outer| is_consistent(DsModel::Uniform, inner, outer);
    assert!(uniform(Dscp::EF, Dscp::EF) && uniform(Dscp::AF11, Dscp::AF13) && uniform(Dscp::CS0, Dscp::CS0));
    assert!(!uniform(Dscp::AF13, Dscp::AF11) && !uniform(Dscp::AF11, Dscp::AF21) && !uniform(Dscp::CS0, Dscp::EF));
    assert!(!uniform(Dscp::AF11, Dscp::EF));
    let pipe = |outer| is_consistent(DsModel::Pipe(Dscp::AF21), Dscp::EF, outer);
    assert!(pipe(Dscp::AF21) && pipe(Dscp::AF22) && !pipe(Dscp::EF));
    assert!(is_consistent(DsModel::ShortPipe(Dscp::AF22), Dscp::CS7, Dscp::AF22));
    assert!(!is_consistent(DsModel::ShortPipe(Dscp::AF22), Dscp::CS7, Dscp::AF21));

    let ds = |dscp| DsField::new(dscp, Ecn::NotEct);
    let (left, mut far) = through(DsModel::Uniform, (false, false), ds(Dscp::CS0), ds(Dscp::EF));
    assert!(matches!(left, Left::Verdict(Verdict::Forward { .. })));
    let event = far.poll_event().unwrap();
    assert_eq!((event.kind, event.dscp, event.source), (Kind::TunnelMismatch, Dscp::CS0, "192.0.2.1".parse::<IpAddr>().unwrap()));

    let accepted = DscpSet::of(Dscp::EF).with(Dscp::CS0);
    assert!(is_accepted(DsModel::Uniform, accepted, accepted));
    assert!(!is_accepted(DsModel::Uniform, accepted.with(Dscp::CS1), accepted));
    assert!(is_accepted(DsModel::Pipe(Dscp::EF), DscpSet::ALL, accepted));
    assert!(!is_accepted(DsModel::Pipe(Dscp::CS1), accepted, accepted));
}
