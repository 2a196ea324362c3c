use std::collections::HashMap;
use std::time::Duration;

use atm_cell::cell::{Header, Kind};
use atm_cell::hec;
use atm_cell::policing::{Conformance, FrameDiscard, FrameVerdict, Gcra, LeakyBucket, Policer, Room, Verdict, VirtualScheduling};
use atm_cell::switch::{End, Leaf, Outcome, Port, PortConfig, Reason, Slot, Switch, Target, with_congestion};
use atm_cell::{CELL_LEN, Gfc, Interface, PayloadType, Vc, Vci, Vpi};

use super::{Input, hec as serial_hec};

const PORTS: u16 = 3;

fn config(port: u16) -> PortConfig {
    match port {
        0 => PortConfig { interface: Interface::Uni, gfc: Gfc::new(5).expect("4 bits"), correct: true },
        1 => PortConfig { interface: Interface::Nni, gfc: Gfc::ZERO, correct: true },
        _ => PortConfig { interface: Interface::Uni, gfc: Gfc::ZERO, correct: false },
    }
}

/// Few enough that they meet: all that is set aside, an NNI's path among them.
fn vc(octet: u8) -> Vc {
    const PATHS: [u16; 4] = [0, 1, 255, 4095];
    const CHANNELS: [u16; 8] = [0, 3, 5, 6, 16, 32, 33, 65_535];
    Vc::new(Vpi::new(PATHS[usize::from(octet & 3)]).expect("12 bits"), Vci::new(CHANNELS[usize::from(octet >> 2 & 7)]))
}

fn end(octet: u8) -> End {
    let port = u16::from(octet >> 6);
    if octet & 0x20 == 0 { End::channel(port, vc(octet)) } else { End::path(port, vc(octet).vpi) }
}

#[derive(Debug, Clone, PartialEq)]
enum To {
    Point(End),
    Leaves(Vec<End>),
}

#[derive(Default)]
struct Model(HashMap<End, To>);

impl Model {
    fn outputs(&self) -> impl Iterator<Item = End> {
        self.0.values().flat_map(|to| match to {
            To::Point(end) => vec![*end],
            To::Leaves(ends) => ends.clone(),
        })
    }

    /// The same end, the path that it is in, or a channel of it.
    fn clash(one: End, other: End) -> bool {
        let whole = |end: &End| matches!(end, End::Path { .. });
        one == other || ((one.port(), one.vpi()) == (other.port(), other.vpi()) && whole(&one) != whole(&other))
    }

    fn possible(from: End, to: End) -> bool {
        let usable = |end: End| {
            let channel = match end {
                End::Channel { vc, .. } => !matches!(vc.vci.get(), 0 | 3 | 4 | 6 | 7),
                End::Path { .. } => true,
            };
            end.port() < PORTS && channel && end.vpi() <= config(end.port()).interface.max_vpi()
        };
        usable(from) && usable(to) && from != to && matches!(from, End::Path { .. }) == matches!(to, End::Path { .. })
    }

    fn input_free(&self, from: End) -> bool {
        !self.0.keys().any(|key| Self::clash(*key, from))
    }

    fn output_free(&self, to: End) -> bool {
        !self.outputs().any(|end| Self::clash(end, to))
    }

    fn route(&self, port: u16, header: &Header) -> Option<&To> {
        let path = self.0.get(&End::path(port, header.vc.vpi));
        self.0.get(&End::channel(port, header.vc)).or(path)
    }
}

/// A switch does what a map of its connections says and every cell it sends has a right HEC; networks of tag switches settle without
/// loops; the two forms of the GCRA agree.
pub fn switch(data: &[u8]) {
    let (first, rest) = data.split_at(data.len() / 3);
    let (second, third) = rest.split_at(rest.len() / 2);
    connections(first);
    super::tags::network(second);
    policing(third);
}

fn connections(data: &[u8]) {
    let mut input = Input(data);
    let slots = vec![Slot::EMPTY; usize::from(input.octet() & 31) + 8];
    let ports = [0, 1, 2].map(|port| Port::new(config(port)).expect("these can be"));
    let mut switch = Switch::new(ports, slots, [Leaf::EMPTY; 3]);
    let mut model = Model::default();
    let mut correcting = [true; 3];
    while !input.is_empty() {
        let (what, a, b) = (input.octet(), input.octet(), input.octet());
        let (from, to) = (end(a), end(b));
        match what & 7 {
            0 | 1 => {
                let fits = Model::possible(from, to) && model.input_free(from) && model.output_free(to);
                match switch.connect(from, to) {
                    Ok(()) => {
                        assert!(fits);
                        model.0.insert(from, To::Point(to));
                    }
                    Err(error) => assert!(!fits || matches!(error, atm_cell::Error::TableFull { .. }), "{error}"),
                }
            }
            2 => {
                let is_root = matches!(model.0.get(&from), Some(To::Leaves(_)));
                let fits = Model::possible(from, to) && (is_root || model.input_free(from)) && model.output_free(to);
                match switch.add_leaf(from, to) {
                    Ok(()) => {
                        assert!(fits);
                        match model.0.entry(from).or_insert(To::Leaves(vec![])) {
                            To::Leaves(leaves) => leaves.insert(0, to),
                            To::Point(_) => panic!("a leaf of a point"),
                        }
                    }
                    Err(error) => assert!(!fits || matches!(error, atm_cell::Error::TableFull { .. }), "{error}"),
                }
            }
            3 => {
                let at = match model.0.get(&from) {
                    Some(To::Leaves(leaves)) => leaves.iter().position(|leaf| *leaf == to),
                    _ => None,
                };
                assert_eq!(switch.remove_leaf(from, to).is_ok(), at.is_some());
                if let (Some(at), Some(To::Leaves(leaves))) = (at, model.0.get_mut(&from)) {
                    leaves.remove(at);
                    if leaves.is_empty() {
                        model.0.remove(&from);
                    }
                }
            }
            4 => assert_eq!(switch.disconnect(from).is_ok(), model.0.remove(&from).is_some()),
            _ => {
                let port = u16::from(what >> 6);
                let interface = config(port).interface;
                let wanted = Header {
                    gfc: if interface == Interface::Uni { Gfc::new(b & 0xf).expect("4 bits") } else { Gfc::ZERO },
                    payload_type: PayloadType::new(b >> 4 & 7).expect("3 bits"),
                    clp: b & 0x80 != 0,
                    ..Header::new(interface, vc(a))
                };
                let mut octets = wanted.with_payload(&[b; 48]).unwrap_or([a; CELL_LEN]);
                if what & 0x30 == 0x30 {
                    octets[usize::from(a & 3)] ^= what ^ b;
                }
                cell(&mut switch, &model, &mut correcting, port, octets);
            }
        }
        for (from, to) in &model.0 {
            let connection = switch.connection(*from).expect("it is in the model");
            match to {
                To::Point(to) => assert_eq!(connection.to, Target::Point(*to)),
                To::Leaves(leaves) => assert!(switch.leaves(*from).eq(leaves.iter().copied())),
            }
        }
        assert_eq!(switch.connections().count(), model.0.len());
        let leaves: usize = model.0.values().map(|to| if let To::Leaves(leaves) = to { leaves.len() } else { 0 }).sum();
        assert_eq!(switch.leaf_usage().0, leaves);
        let (used, room) = switch.usage();
        assert!(used <= room && (!model.0.is_empty() || used == 0));
    }
}

fn cell(
    switch: &mut Switch<[Port; 3], Vec<Slot>, [Leaf; 3]>,
    model: &Model,
    correcting: &mut [bool; 3],
    port: u16,
    before: [u8; CELL_LEN],
) {
    let mut octets = before;
    let outcome = switch.switch_cell(port, &mut octets);
    assert_eq!(octets[5..], before[5..]);
    if port >= PORTS {
        assert_eq!((outcome, octets), (Outcome::Discard(Reason::UnknownPort), before));
        return;
    }
    let mut head: [u8; 5] = *before.first_chunk().expect("53 octets");
    let state = &mut correcting[usize::from(port)];
    let fine = match hec::check(&head) {
        hec::Check::Valid => true,
        hec::Check::Single { .. } => *state && config(port).correct,
        hec::Check::Multiple => false,
    };
    *state = hec::check(&before[..5].try_into().expect("5 octets")) == hec::Check::Valid;
    if !fine {
        assert_eq!((outcome, octets), (Outcome::Discard(Reason::HeaderError), before));
        return;
    }
    hec::correct(&mut head);
    assert_eq!(serial_hec(&octets), octets[4]);
    let header = Header::from_word(u32::from_be_bytes([head[0], head[1], head[2], head[3]]), config(port).interface);
    let sent = |to: End| {
        let Header { interface, gfc, .. } =
            Header { gfc: config(to.port()).gfc, ..Header::new(config(to.port()).interface, header.vc) };
        let vc = match to {
            End::Path { vpi, .. } => Vc::new(vpi, header.vc.vci),
            End::Channel { vc, .. } => vc,
        };
        Header { interface, gfc, vc, ..header }.to_octets().expect("it was connected")
    };
    let nobodys = header.vc.vci == Vci::ZERO;
    match (outcome, model.route(port, &header)) {
        (Outcome::Forward { port }, Some(To::Point(to))) => {
            assert!(!nobodys && to.port() == port);
            assert_eq!(octets[..5], sent(*to));
        }
        (Outcome::Multipoint(multipoint), Some(To::Leaves(leaves))) => {
            assert!(!nobodys);
            assert_eq!(octets[..5], head);
            let copies: Vec<_> = switch.copies(multipoint).map(|copy| (copy.port, copy.header)).collect();
            assert_eq!(copies, leaves.iter().map(|leaf| (leaf.port(), sent(*leaf))).collect::<Vec<_>>());
        }
        (Outcome::Local { kind }, None) => {
            assert_eq!(kind, header.kind());
            assert!(matches!(header.vc.vci.get(), 3 | 6) && kind != Kind::User);
            let of_the_path = |end: &End| matches!(end, End::Channel { .. }) && (end.port(), end.vpi()) == (port, header.vc.vpi);
            assert!(model.0.keys().any(of_the_path));
        }
        (Outcome::Discard(Reason::Unknown), None) => assert!(!nobodys),
        (Outcome::Discard(_), _) => assert!(nobodys),
        (outcome, to) => panic!("{outcome:?} for {to:?}"),
    }
}

fn policing(data: &[u8]) {
    let mut input = Input(data);
    let (ticks, cells, limit) = (u64::from(input.octet()) + 1, u32::from(input.octet() & 15) + 1, u64::from(input.word()));
    let (pcr, scr) = (u32::from(input.word()) + 1, u32::from(input.octet()) + 1);
    let mbs = u32::from(input.octet() & 15) + 1;
    let pair = Gcra::new(ticks, cells, limit).ok().map(|gcra| (VirtualScheduling::new(gcra), LeakyBucket::new(gcra)));
    assert_eq!(pair.is_none(), ticks < u64::from(cells));
    let cdvt = Duration::from_micros(limit);
    let mut policers: Vec<Policer> = [
        Conformance::Cbr1 { pcr, cdvt },
        Conformance::Vbr1 { pcr, cdvt, scr, mbs },
        Conformance::Vbr2 { pcr, cdvt, scr, mbs },
        Conformance::Vbr3 { pcr, cdvt, scr, mbs },
        Conformance::Minimum { pcr, cdvt, mcr: scr, tolerance: cdvt },
    ]
    .into_iter()
    .filter_map(|conformance| Policer::new(conformance).ok())
    .collect();
    assert_eq!(policers.len(), if scr <= pcr { 5 } else { 1 });
    let mut frames = FrameDiscard::new();
    let Some((mut scheduling, mut bucket)) = pair else { return };
    // The text of I.371 in whole numbers, times `cells`.
    let (mut tat, mut now, mut offered) = (0_u128, 0_u64, 0);
    while !input.is_empty() {
        let (step, flags) = (input.octet(), input.octet());
        now = if flags & 0xf0 == 0xf0 { now.saturating_sub(u64::from(step)) } else { now + u64::from(step) };
        let at = now;
        let scaled = u128::from(scheduling_time(&mut offered, at)) * u128::from(cells);
        let conforms = tat <= scaled + u128::from(limit);
        if conforms {
            tat = tat.max(scaled) + u128::from(ticks);
        }
        assert_eq!((scheduling.conforms(at), bucket.conforms(at)), (conforms, conforms));
        assert_eq!((scheduling.arrive(at), bucket.arrive(at)), (conforms, conforms));
        let clp = flags & 1 == 1;
        let header = Header { clp, ..Header::new(Interface::Uni, vc(flags)) };
        let Ok(octets) = header.with_payload(&[step; 48]) else { continue };
        for policer in &mut policers {
            let mut cell = octets;
            let before = policer.counters();
            let verdict = policer.police_cell(Duration::from_micros(at), &mut cell);
            assert_eq!(serial_hec(&cell), cell[4]);
            assert!(verdict != Verdict::Tagged || !clp);
            assert_eq!(cell != octets, verdict == Verdict::Tagged);
            let after = policer.counters();
            let sum = |counters: atm_cell::policing::Counters| counters.conform + counters.tagged + counters.discarded;
            assert_eq!(sum(after), sum(before) + 1);
        }
        let room = [Room::Free, Room::NoNewFrame, Room::None][usize::from(flags >> 1) % 3];
        let payload_type = PayloadType::new(step & 7).expect("3 bits");
        let verdict = frames.offer(payload_type, || room);
        assert!(verdict == FrameVerdict::Discard || room != Room::None);
        let head = *octets.first_chunk().expect("53 octets");
        let marked = with_congestion(head);
        assert_eq!(serial_hec(&marked), marked[4]);
    }
}

/// A clock that goes backwards is held.
fn scheduling_time(latest: &mut u64, now: u64) -> u64 {
    *latest = now.max(*latest);
    *latest
}
