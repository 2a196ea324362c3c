//! The targets of NGISec.

use std::time::Duration;

use ip_wire::nat::Endpoint;
use ip_wire::{Flow, FlowKey, Ports, Protocol};
use ipsec_wire::rand_core::{TryCryptoRng, TryRng};
use ipsec_wire::{Aead, Builder, Integrity, Keys, PacketBuf, Suite};
use ngisec_wire::role::{Network, Peer};
use ngisec_wire::{Channel, Class, Error, Form, Host, Limits, Observation, Receiver, ReverseNat, Sender, Translator, VpnGateway};

const NOW: Duration = Duration::from_secs(1);
const ROOM: usize = 512;

struct Zeros;

impl TryRng for Zeros {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        to.fill(0);
        Ok(())
    }
}

impl TryCryptoRng for Zeros {}

fn builder(spi: u32, ah: bool) -> Builder<'static> {
    if ah {
        let keys = Keys { encryption: &[], integrity: &[7; 20] };
        return Builder::new(spi, Suite::Ah(Integrity::HMAC_SHA1_96), keys);
    }
    Builder::new(spi, Suite::EspCombined(Aead::AES_GCM_16), Keys { encryption: &[8; 20], integrity: &[] })
}

fn sender(form: Form, spi: u32) -> Sender {
    let end = |ah| builder(spi, ah).outbound(&mut Zeros).expect("it makes sense");
    Sender::new(form, end(true), end(false)).expect("AH and ESP")
}

fn receiver(form: Form, spi: u32) -> Receiver {
    let end = |ah| builder(spi, ah).inbound().expect("it makes sense");
    Receiver::new(form, end(true), end(false)).expect("AH and ESP")
}

fn channel(form: Form, send: u32, receive: u32) -> Channel {
    Channel { send: sender(form, send), receive: receiver(form, receive) }
}

fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0; ROOM];
    storage.extend(octets);
    storage.resize(storage.len() + ROOM, 0);
    PacketBuf::new(storage, ROOM, octets.len()).expect("the room is there")
}

/// Nothing opens that was not sealed; what can be sealed opens behind a translation, once.
pub fn ngisec_open(data: &[u8]) {
    let Some((&[pick, port], octets)) = data.split_first_chunk::<2>() else { return };
    let form = Form::ALL[usize::from(pick) % 4];
    let mut receiver = receiver(form, 0x1000);
    assert!(receiver.open(NOW, &mut buffer(octets)).is_err());
    let mut packet = buffer(octets);
    if sender(form, 0x1000).seal(NOW, &mut packet).is_err() {
        assert_eq!(packet.octets(), octets);
        return;
    }
    let address = ip_wire::ip::Packet::parse(octets).expect("it was sealed").source();
    let rewrite = ip_wire::nat::Rewrite::source(Endpoint::new(address, u16::from(port)));
    rewrite.apply(packet.octets_mut()).expect("ports are there");
    let mut again = buffer(packet.octets());
    let opened = receiver.open(NOW, &mut packet).expect("the ICV holds");
    assert_eq!(opened.observation.outer.source_port(), Some(u16::from(port)));
    assert!(receiver.open(NOW, &mut again).is_err());
}

/// A duplicate in clear is taken whole or refused with the packet as it was.
pub fn appended_trailer(data: &[u8]) {
    for form in Form::ALL {
        let mut packet = buffer(data);
        match form.unwrap(&mut packet) {
            Ok(_) => assert!(ip_wire::Flow::from_ip(packet.octets()).is_ok()),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(data.starts_with(packet.octets()));
            }
        }
        let mut packet = buffer(data);
        if form.wrap(&mut packet).is_ok() {
            form.unwrap(&mut packet).expect("it was wrapped");
        }
    }
}

/// A table never grows over its limit, and what it was told last it knows.
pub fn nat_observer(data: &[u8]) {
    let mut table = ReverseNat::new(Limits { flows: 8, idle: Duration::from_secs(20) });
    let mut now = Duration::ZERO;
    let key = |last: u8| {
        let ports = Ports::Pair { source: u16::from(last), destination: 80 };
        FlowKey::new([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), Protocol::UDP, ports).expect("one version")
    };
    for [step, inner, outer] in data.as_chunks::<3>().0 {
        now += Duration::from_secs(u64::from(step >> 3));
        let observation = Observation { inner: key(inner % 16), outer: key(outer % 16) };
        match step % 4 {
            0 | 1 => {
                if table.learn(now, &observation).is_ok() {
                    assert!(table.pairs().has_inner(&observation.inner.reversed()));
                    assert!(table.pairs().has_outer(&observation.outer.reversed()));
                }
            }
            2 => {
                let found = table.pairs_mut().inner_of(now, &observation.outer);
                assert_eq!(found.is_some(), table.pairs().has_outer(&observation.outer.reversed()));
            }
            _ => {
                table.pairs_mut().expire(now);
            }
        }
        assert!(table.pairs().len() <= 8);
    }
}

/// A pair of flows as packets come in from outside; `sure` while no other pushed it out.
struct Told {
    outer: FlowKey,
    inner: FlowKey,
    sure: bool,
}

/// A gateway, and what its table has to know.
struct Side {
    gateway: VpnGateway,
    told: Vec<Told>,
    evicted: u64,
}

impl Side {
    fn learn(&mut self, outer: FlowKey, inner: FlowKey) {
        if self.gateway.flows().evicted() != self.evicted {
            self.evicted = self.gateway.flows().evicted();
            self.told.iter_mut().for_each(|told| told.sure = false);
        }
        self.told.retain(|told| told.outer != outer && told.inner != inner);
        self.told.push(Told { outer, inner, sure: true });
    }

    fn told(&self, outer: &FlowKey) -> Option<&Told> {
        self.told.iter().find(|told| told.outer == *outer)
    }
}

/// Two hosts and two gateways, with packets lost, changed and mappings dropped between them.
///
/// What a gateway has no mapping of goes as control, and arrives unless the other's table is full of flows in use. What goes as data arrives if the other
/// gateway was told of its mapping, as a packet of the flow that it was told last: a mapping whose control packet was lost may have another's name.
pub fn gateway_roles(data: &[u8]) {
    const A: [u8; 4] = [10, 1, 0, 5];
    const B: [u8; 4] = [10, 2, 0, 7];
    let limits = Limits { flows: 8, idle: Duration::from_secs(20) };
    let network = |address: [u8; 4]| Network { address: address.into(), prefix_len: 16 };
    let gateway = |own: [u8; 4], near, far, peer: [u8; 4], send, receive| {
        let mut gateway = VpnGateway::new(Translator::new(own.into(), (4000, 4015), limits), network(near));
        let channel = channel(Form::DuplicateEncapsulating, send, receive);
        gateway.add_peer(Peer { gateway: peer.into(), network: network(far), channel });
        Side { gateway, told: Vec::new(), evicted: 0 }
    };
    let (ga, gb) = ([203, 0, 113, 1], [198, 51, 100, 1]);
    let mut sides = [gateway(ga, A, B, gb, 0x2000, 0x2100), gateway(gb, B, A, ga, 0x2100, 0x2000)];
    let host = |send, receive| Host::with_one_channel(channel(Form::Plain, send, receive), limits);
    let mut hosts = [host(0x3000, 0x3100), host(0x3100, 0x3000)];
    let mut now = Duration::ZERO;
    for [step, port, change] in data.as_chunks::<3>().0 {
        let (drops, loses, changes, back) = (step & 1 != 0, step & 2 != 0, step & 4 != 0, step & 8 != 0);
        now += Duration::from_millis(u64::from(*change));
        let ([first, second], [near, far]) = (&mut hosts, &mut sides);
        let (from, to, near, far) = if back { (second, first, far, near) } else { (first, second, near, far) };
        let mut octets = vec![0x45, 0, 0, 30, 0, 0, 0, 0, 64, 17, 0, 0];
        let ports = [u16::from(*port % 32), 53];
        let ends = if back { [(B, ports[1]), (A, ports[0])] } else { [(A, ports[0]), (B, ports[1])] };
        octets.extend(ends.map(|end| end.0).as_flattened());
        octets.extend(ends.map(|end| end.1.to_be_bytes()).as_flattened());
        octets.extend([0, 10, 0, 0, *step, *change]);
        ip_wire::ipv4::ViewMut::parse(&mut octets).expect("a header").fill_checksum();
        let mut packet = buffer(&octets);
        from.send(now, &mut packet).expect("it fits");
        let plain = Flow::from_ip(&octets).expect("a flow").key;
        if drops {
            near.gateway.flows_mut().remove(&plain);
            near.told.retain(|told| told.inner != plain.reversed());
        }
        let known = near.gateway.flows().has_inner(&plain);
        let class = match near.gateway.outbound(now, &mut packet) {
            Ok(passed) => passed.class,
            Err(error) => {
                assert!(!known && matches!(error, Error::TableFull { .. }), "{error}");
                continue;
            }
        };
        assert_eq!(class, if known { Class::Data } else { Class::Control });
        let outer = Flow::from_ip(packet.octets()).expect("a flow").key;
        if known {
            let told = near.told(&outer.reversed()).expect("it was made or learned");
            assert_eq!(told.inner, plain.reversed());
        } else {
            near.learn(outer.reversed(), plain.reversed());
        }
        if loses {
            continue;
        }
        if changes {
            let at = usize::from(*change) % packet.len();
            packet.octets_mut()[at] ^= 1;
        }
        let arrived = far.gateway.inbound(now, &mut packet).map(|passed| passed.class);
        match (arrived, class) {
            (Ok(Class::Control), _) => {
                assert_eq!((class, changes), (Class::Control, false));
                far.learn(outer, plain);
            }
            (Ok(Class::Data), _) => {}
            (Err(_), _) if changes => continue,
            (Err(error), Class::Control) => {
                assert!(matches!(error, Error::TableFull { .. }), "{error}");
                continue;
            }
            (Err(error), Class::Data) => {
                assert!(far.told(&outer).is_none_or(|told| !told.sure), "{error}");
                continue;
            }
        }
        let named = Flow::from_ip(packet.octets()).expect("a flow").key;
        if !changes {
            let expected = if class == Class::Control { plain } else { far.told(&outer).expect("it was told").inner };
            assert_eq!(named, expected);
        }
        if to.receive(now, &mut packet).is_ok() {
            assert_eq!(packet.octets()[28..], octets[28..]);
        } else {
            assert!(changes, "a packet that a gateway let through is its host's");
        }
        for flows in [near.gateway.flows(), far.gateway.flows(), from.flows(), to.flows()] {
            assert!(flows.len() <= 8);
        }
    }
}
