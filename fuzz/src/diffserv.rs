//! The targets of `diffserv`.

use std::net::IpAddr;
use std::time::Duration;

use diffserv::agreement::{Action, Egress, Ingress, Mark, Rule, Shape, Treatment};
use diffserv::audit::Config;
use diffserv::classifier::{Addresses, Fields, Fragments, Match, MultiField};
use diffserv::conditioner::{Arrival, Verdict};
use diffserv::meter::{MAX_BURST, MAX_RATE, Mode, Profile, Rfc4115, SrTcm, TokenBucket, TrTcm, Unit};
use diffserv::shaper::Limit;
use diffserv::{Color, Conditioner, DscpSet, Meter, TrafficConditioningAgreement, marker, tunnel};
use ip_wire::ipv6::FlowLabel;
use ip_wire::tunnel::{DsModel, EcnMode, Tunnel};
use ip_wire::{DsField, Dscp, Ecn, PacketBuf, Protocol, ip, ipv4, ipv6};

/// Takes octets off the input; zeros where it has no more.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn octet(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> u64 {
        let octets = [(); 8].map(|()| self.octet());
        // As often small as large.
        u64::from_le_bytes(octets) >> (self.octet() % 64)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn color(&mut self) -> Color {
        Color::ALL[usize::from(self.octet() % 3)]
    }

    fn dscp(&mut self) -> Dscp {
        Dscp::new(self.octet() & 63).expect("6 bits")
    }

    fn profile(&mut self) -> Option<Profile> {
        let kind = self.octet();
        let numbers = [(); 4].map(|()| self.number());
        let [rate, peak] = [numbers[0], numbers[1]].map(|rate| rate.min(MAX_RATE));
        let [burst, more] = [numbers[2], numbers[3]].map(|burst| burst.min(MAX_BURST));
        match kind % 5 {
            0 => TokenBucket::new(rate, burst).map(|bucket| Profile::TokenBucket(bucket, Unit::Octets)),
            1 => TokenBucket::new(rate, burst).map(|bucket| Profile::TokenBucket(bucket, Unit::Packets)),
            2 => SrTcm::new(rate, burst, more).map(Profile::SrTcm),
            3 => TrTcm::new(rate.min(peak), burst, peak, more).map(Profile::TrTcm),
            _ => Rfc4115::new(rate, burst, peak, more).map(Profile::Rfc4115),
        }
        .ok()
    }

    fn mode(&mut self) -> Mode {
        if self.octet() & 1 == 0 { Mode::Blind } else { Mode::Aware }
    }

    fn address(&mut self, v6: bool) -> IpAddr {
        let low = self.octet() & 31;
        if v6 { IpAddr::V6((u128::MAX << 64 << (low & 3) | u128::from(low)).into()) } else { IpAddr::V4([192, 0, 2, low].into()) }
    }

    fn addresses(&mut self) -> Addresses {
        let kind = self.octet();
        let v6 = kind & 1 != 0;
        let (a, b) = (self.address(v6), self.address(v6));
        match kind >> 1 & 3 {
            0 => Addresses::ANY,
            1 => Addresses::prefix(a, if v6 { 60 + (kind >> 3) * 2 } else { 24 + (kind >> 4) % 9 }).expect("not too long"),
            2 => Addresses::one(a),
            _ => Addresses::range(diffserv::Field::Source, a.min(b), a.max(b)).expect("in order"),
        }
    }

    fn ports(&mut self) -> Option<(u16, u16)> {
        let (kind, a, b) = (self.octet(), u16::from(self.octet() & 15), u16::from(self.octet() & 15));
        match kind % 4 {
            0 | 1 => None,
            2 => Some((a.min(b), a.max(b))),
            _ => Some((0, if kind & 4 == 0 { u16::MAX } else { a })),
        }
    }

    fn rule(&mut self) -> Match {
        let rare = self.octet();
        Match {
            source: self.addresses(),
            destination: self.addresses(),
            protocol: [None, Some(Protocol::UDP), Some(Protocol::TCP)][usize::from(self.octet() % 3)],
            source_ports: self.ports(),
            destination_ports: self.ports(),
            dscp: if rare & 1 == 0 { DscpSet::ALL } else { DscpSet::of(self.dscp()).with(self.dscp()) },
            interface: (rare & 14 == 2).then(|| u32::from(self.octet() & 3)),
            flow_label: if rare & 0x70 == 0x10 { FlowLabel::new(u32::from(self.octet() & 3)) } else { None },
            fragments: match rare >> 5 {
                7 => Fragments::LaterOnly,
                6 => Fragments::NotLater,
                _ => Fragments::Any,
            },
        }
    }

    fn fields(&mut self) -> Fields {
        let kind = self.octet();
        let v6 = kind & 1 != 0;
        Fields {
            source: self.address(v6),
            destination: self.address(v6),
            protocol: if kind & 2 == 0 { Protocol::UDP } else { Protocol::TCP },
            ports: (kind & 12 != 0).then(|| (u16::from(self.octet() & 15), u16::from(self.octet() & 15))),
            dscp: self.dscp(),
            flow_label: if v6 { FlowLabel::new(u32::from(self.octet() & 3)) } else { None },
            interface: u32::from(self.octet() & 3),
            later_fragment: kind & 12 == 0 && kind & 16 != 0,
        }
    }
}

/// Whatever rules come and go, the classifier finds what a scan through all of them does.
pub fn classifier_vs_linear(data: &[u8]) {
    let mut input = Input(data);
    let mut classifier = MultiField::new();
    let mut model: Vec<(u32, usize, Match, diffserv::classifier::RuleId)> = Vec::new();
    let mut number = 0;
    while !input.is_empty() {
        match input.octet() % 4 {
            0 | 1 => {
                let (priority, rule) = (u32::from(input.octet() & 7), input.rule());
                match classifier.insert(priority, rule, number) {
                    Ok(id) => model.push((priority, number, rule, id)),
                    Err(error) => assert_eq!(rule.validate(), Err(error)),
                }
                number += 1;
            }
            2 if !model.is_empty() => {
                let place = usize::from(input.octet()) % model.len();
                let (_, number, _, id) = model.swap_remove(place);
                assert_eq!(classifier.remove(id), Some(number));
                assert_eq!(classifier.remove(id), None);
            }
            _ => {
                let fields = input.fields();
                let matching = model.iter().filter(|(_, _, rule, _)| rule.matches(&fields));
                let first = matching.min_by_key(|(priority, number, ..)| (*priority, *number));
                assert_eq!(classifier.classify(&fields).copied(), first.map(|(_, number, ..)| *number), "{fields:?}");
                assert_eq!(classifier.rule(&fields), first.map(|(.., id)| *id));
            }
        }
        assert_eq!(classifier.len(), model.len());
    }
}

/// The meters as their definitions have them, in numbers that hold everything.
struct Reference {
    profile: Profile,
    levels: [u128; 2],
    made: [u128; 2],
    latest: u64,
}

impl Reference {
    fn new(profile: Profile) -> Self {
        let levels = Self::bursts(&profile);
        Self { profile, levels, made: [0; 2], latest: 0 }
    }

    fn bursts(profile: &Profile) -> [u128; 2] {
        let two = |first: u64, second: u64| [u128::from(first), u128::from(second)];
        match profile {
            Profile::TokenBucket(bucket, _) => two(bucket.burst(), 0),
            Profile::SrTcm(meter) => two(meter.parameters()[1], meter.parameters()[2]),
            Profile::TrTcm(meter) => two(meter.parameters()[1], meter.parameters()[3]),
            Profile::Rfc4115(meter) => two(meter.parameters()[1], meter.parameters()[3]),
            _ => unreachable!("no other is made"),
        }
    }

    fn meter(&mut self, now: u64, octets: u32, own: Color) -> Color {
        self.latest = self.latest.max(now);
        let rates = match &self.profile {
            Profile::TokenBucket(bucket, _) => [bucket.rate(), 0],
            Profile::SrTcm(meter) => [meter.parameters()[0], 0],
            Profile::TrTcm(meter) => [meter.parameters()[0], meter.parameters()[2]],
            Profile::Rfc4115(meter) => [meter.parameters()[0], meter.parameters()[2]],
            _ => unreachable!("no other is made"),
        };
        let made = rates.map(|rate| u128::from(rate) * u128::from(self.latest) / 1_000_000_000);
        let mut more = [made[0] - self.made[0], made[1] - self.made[1]];
        self.made = made;
        let bursts = Self::bursts(&self.profile);
        if matches!(self.profile, Profile::SrTcm(_)) {
            more[1] = (self.levels[0] + more[0]).saturating_sub(bursts[0]);
        }
        for place in 0..2 {
            self.levels[place] = (self.levels[place] + more[place]).min(bursts[place]);
        }
        let cost = if matches!(self.profile, Profile::TokenBucket(_, Unit::Packets)) { 1 } else { u128::from(octets) };
        let fits = self.levels.map(|level| level >= cost);
        let (color, taken) = match &self.profile {
            Profile::TokenBucket(..) if own != Color::Red && fits[0] => (own, [true, false]),
            Profile::TokenBucket(..) => (Color::Red, [false; 2]),
            Profile::TrTcm(_) if own == Color::Red || !fits[1] => (Color::Red, [false; 2]),
            Profile::TrTcm(_) if own == Color::Yellow || !fits[0] => (Color::Yellow, [false, true]),
            Profile::TrTcm(_) => (Color::Green, [true; 2]),
            _ if own == Color::Green && fits[0] => (Color::Green, [true, false]),
            _ if own != Color::Red && fits[1] => (Color::Yellow, [false, true]),
            _ => (Color::Red, [false; 2]),
        };
        for place in 0..2 {
            if taken[place] {
                self.levels[place] -= cost;
            }
        }
        color
    }
}

/// Colors and levels are those of the definition, whatever the rates, sizes and times are.
pub fn meter_vs_reference(data: &[u8]) {
    let mut input = Input(data);
    let Some(profile) = input.profile() else { return };
    let mode = input.mode();
    let mut meter = Meter::new(profile, mode, Duration::ZERO);
    let mut reference = Reference::new(profile);
    let mut now = 0_u64;
    while !input.is_empty() {
        now = if input.octet() & 7 == 0 { now.saturating_sub(input.number()) } else { now.saturating_add(input.number()) };
        let (octets, own) = (input.number() as u32, input.color());
        let expected = reference.meter(now, octets, if mode == Mode::Blind { Color::Green } else { own });
        assert_eq!(meter.meter(Duration::from_nanos(now), octets, own), expected, "{profile:?} at {now}");
        assert_eq!(
            [meter.buckets().committed(), meter.buckets().excess()].map(u128::from),
            reference.levels,
            "{profile:?} at {now}"
        );
    }
}

fn action(input: &mut Input<'_>, mtu: u32) -> Action {
    let kind = input.octet();
    if kind & 7 == 0 {
        return Action::Drop;
    }
    let mark = match kind >> 3 & 3 {
        0 => None,
        1 => Some(Mark::DropPrecedence),
        _ => Some(Mark::Codepoint(input.dscp())),
    };
    let shape = (kind & 7 == 1).then(|| Shape {
        profile: TokenBucket::new(input.number() % 1_000_000 + 1, u64::from(mtu) + u64::from(input.octet())).expect("valid"),
        limit: Limit { packets: usize::from(input.octet() % 8) + 1, octets: u64::from(mtu) * 4 },
    });
    Action::Forward { mark, shape }
}

/// Every packet that goes in comes out once or is counted as dropped; what comes out differs from what went in by its codepoint only; shapers
/// conform.
pub fn conditioner(data: &[u8]) {
    let mut input = Input(data);
    let mtu = 64;
    let mut rules = Vec::new();
    for number in 0..input.octet() % 6 {
        let matches = input.rule();
        let actions = [(); 3].map(|()| action(&mut input, mtu));
        let treatment = match input.profile() {
            Some(profile) => Treatment::Metered { profile, mode: input.mode(), actions },
            None => Treatment::Unmetered(actions[0]),
        };
        rules.push(Rule { name: number.to_string(), matches, treatment });
    }
    let ingress = (input.octet() & 1 == 0).then(|| Ingress {
        acceptable: DscpSet::ALL.without(input.dscp()),
        multicast: DscpSet::of(input.dscp()),
        otherwise: Some(input.dscp()).filter(|dscp| dscp.value() & 1 == 0),
    });
    let egress = [Egress::Keep, Egress::ClassSelectors, Egress::Zero][usize::from(input.octet() % 3)];
    let agreement = TrafficConditioningAgreement { mtu, ingress, rules, default: action(&mut input, mtu), egress };
    let Ok(mut node) = Conditioner::with_audit(&agreement, Duration::ZERO, Config::default()) else {
        assert!(agreement.validate().is_err());
        return;
    };
    let (mut now, mut offered, mut discarded, mut waiting) = (0_u64, 0_u64, 0_u64, 0_usize);
    while !input.is_empty() {
        now = now.saturating_add(input.number() >> 20);
        let packet = packet(&mut input);
        let before = packet.clone();
        offered += 1;
        match node.offer(packet, Arrival { interface: u32::from(input.octet() & 3), ..Arrival::at(Duration::from_nanos(now)) }) {
            Verdict::Forward { packet, treated } => {
                assert_eq!(marker::codepoint(&packet), Ok(treated.dscp));
                assert!(same_but_codepoint(&before, &packet));
            }
            Verdict::Shaped { .. } => waiting += 1,
            Verdict::Discard { packet, .. } => {
                discarded += 1;
                assert!(packet == before || same_but_codepoint(&before, &packet));
            }
        }
        while let Some(deadline) = node.next_deadline().filter(|deadline| *deadline <= Duration::from_nanos(now)) {
            assert!(node.poll(deadline).is_some(), "what is due goes");
            waiting -= 1;
        }
        assert_eq!(node.waiting(), waiting);
    }
    let all = node.counters();
    assert_eq!(all.forwarded.packets + all.shaped.packets + discarded, offered);
    assert_eq!(all.offered.packets + all.unreadable, offered);
}

fn same_but_codepoint(before: &[u8], after: &[u8]) -> bool {
    let mut expected = before.to_vec();
    let Ok(dscp) = marker::codepoint(after) else { return false };
    marker::set_codepoint(&mut expected, dscp).is_ok() && expected == after
}

/// A packet with fields of the input's, or its octets as they are.
fn packet(input: &mut Input<'_>) -> Vec<u8> {
    let fields = input.fields();
    let len = 8 + usize::from(input.octet() & 63);
    let mut packet = vec![0; 120];
    let ds = DsField::new(fields.dscp, Ecn::from_bits(input.octet()));
    let head = match (fields.source, fields.destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let mut header = ipv4::Header::new(source, destination, fields.protocol, len).expect("it fits");
            header.ds = ds;
            header.emit(&mut packet).expect("it fits")
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            let mut header = ipv6::Header::new(source, destination, fields.protocol, len).expect("it fits");
            header.ds = ds;
            header.emit(&mut packet).expect("it fits")
        }
        _ => unreachable!("of one version"),
    };
    packet.truncate(head + len);
    if let (Some((source, destination)), Some(ports)) = (fields.ports, packet.get_mut(head..head + 4)) {
        ports[..2].copy_from_slice(&source.to_be_bytes());
        ports[2..].copy_from_slice(&destination.to_be_bytes());
    }
    if input.octet() & 15 == 0 {
        let place = usize::from(input.octet()) % packet.len();
        packet[place] ^= input.octet();
    }
    packet
}

/// An agreement that is read is valid, makes a conditioner, and survives being written.
pub fn agreement_parse(data: &[u8]) {
    let Ok(agreement) = serde_json::from_slice::<TrafficConditioningAgreement>(data) else { return };
    assert_eq!(agreement.validate(), Ok(()));
    let written = serde_json::to_string(&agreement).expect("it can be written");
    assert_eq!(serde_json::from_str::<TrafficConditioningAgreement>(&written).expect("what is written can be read"), agreement);
    let node = Conditioner::<Vec<u8>>::new(&agreement, Duration::ZERO).expect("it is valid");
    assert_eq!(node.waiting(), 0);
}

/// Through a tunnel and a conditioner at each end, DSCP and ECN are what RFC 2983 and RFC 6040 say, and nothing else changes.
pub fn ecn_tunnel(data: &[u8]) {
    let mut input = Input(data);
    let mut original = packet(&mut input);
    let Ok(view) = ip::Packet::parse(&original) else { return };
    // What is behind the packet does not go through the tunnel.
    let (inner, len) = (view.ds(), view.len());
    original.truncate(len);
    let six = input.octet();
    let (near, far): (IpAddr, IpAddr) = if six & 1 == 0 {
        ([198, 51, 100, 1].into(), [198, 51, 100, 2].into())
    } else {
        (IpAddr::V6(1.into()), IpAddr::V6(2.into()))
    };
    let model = [DsModel::Uniform, DsModel::Pipe(input.dscp()), DsModel::ShortPipe(input.dscp())][usize::from(input.octet() % 3)];
    let (mut out, mut back) = (Tunnel::new(near, far).expect("of one version"), Tunnel::new(far, near).expect("of one version"));
    (out.ds_model, back.ds_model) = (model, model);
    out.ecn_mode = if six & 2 == 0 { EcnMode::Normal } else { EcnMode::Compatibility };
    let agreement = TrafficConditioningAgreement::default();
    let mut node = Conditioner::new(&agreement, Duration::ZERO).expect("it is valid");
    let buffer = PacketBuf::new([&[0; 64][..], &original].concat(), 64, original.len()).expect("it fits");
    let arrival = Arrival::at(Duration::ZERO);
    let Ok(Verdict::Forward { mut packet, .. }) = tunnel::enter(&mut node, &out, buffer, arrival, 1) else { return };
    let sent = marker::ds_field(packet.octets()).expect("it is a packet");
    assert_eq!(sent, DsField::new(model.ingress(inner.dscp()), out.ecn_mode.ingress(inner.ecn())));
    let outer = DsField(input.octet());
    ip_wire::tunnel::set_ds(packet.octets_mut(), outer).expect("it is a packet");
    let mut far = Conditioner::new(&agreement, Duration::ZERO).expect("it is valid");
    match tunnel::leave(&mut far, &back, packet, arrival) {
        Ok(tunnel::Left::Verdict(Verdict::Forward { packet, .. })) => {
            let (dscp, _) = model.egress(outer.dscp(), inner.dscp());
            let ip_wire::tunnel::EcnOutcome::Forward { ecn, .. } = ip_wire::tunnel::ecn::egress(inner.ecn(), outer.ecn()) else {
                panic!("it had to be dropped")
            };
            let mut expected = original.clone();
            ip_wire::tunnel::set_ds(&mut expected, DsField::new(dscp, ecn)).expect("it is a packet");
            assert_eq!(packet.octets(), expected);
        }
        Ok(tunnel::Left::Congested(_)) => {
            assert_eq!((inner.ecn(), outer.ecn()), (Ecn::NotEct, Ecn::Ce));
            assert_eq!(far.counters().offered.packets, 0);
        }
        Ok(tunnel::Left::Verdict(Verdict::Discard { .. })) => {
            assert!(Fields::of(&ip::Packet::parse(&original).expect("it was read"), 0).is_err())
        }
        other => panic!("{other:?}"),
    }
}
