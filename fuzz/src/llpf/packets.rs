//! Trailers, the filter and flows.

use std::time::Duration;

use llpf_wire::audit::Record;
use llpf_wire::fbs::{self, ByFiveTuple, MasterKey, Receiver, ReceiverConfig, SenderConfig};
use llpf_wire::filter::{Config, Congestion, Policy, results};
use llpf_wire::trailer::{LEN, View};
use llpf_wire::{Algorithm, Error, Filter, HostId, KeyTable, Outer, PacketBuf, Sender};

use super::{Counting, check};

const ROOM: usize = 128;
const HOST: HostId = HostId(0x0102);
const KEYS: u32 = 4;

/// What is accepted is emitted again octet for octet.
pub fn llpf_trailer(data: &[u8]) {
    match View::parse(data) {
        Ok(view) => {
            let mut again = [0; LEN];
            assert_eq!(view.to_header().emit(&mut again), Ok(LEN));
            assert_eq!(again, data[data.len() - LEN..]);
        }
        Err(error) => check(&error, data.len()),
    }
}

fn table(pick: u8) -> KeyTable {
    let algorithm = Algorithm::ALL[usize::from(pick) % 4];
    KeyTable::generate(algorithm, Duration::from_secs(10), Duration::from_secs(10), KEYS, &mut Counting(7))
        .expect("it makes sense")
}

fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let storage = [&[0xcc; ROOM], octets, &[0xdd; ROOM]].concat();
    PacketBuf::new(storage, ROOM, octets.len()).expect("the room is there")
}

/// Nothing passes but what was sealed, whole and in its time; what is refused stays as it was; a batch is what its packets are one by one.
pub fn llpf_filter(data: &[u8]) {
    let [pick, sent, arrives, flags, at, flip, rest @ ..] = data else { return };
    let table = table(*pick);
    let (now, sent) = (Duration::from_secs(u64::from(*arrives % 64)), Duration::from_secs(u64::from(*sent % 64)));
    let policy = if flags & 1 == 0 {
        Policy::AnyCurrentKey
    } else {
        Policy::InPeriod { skew: Duration::from_secs(u64::from(flags >> 5)) }
    };
    let mut filter = Filter::new(Config { policy, congestion: Congestion::Ignore, ..Config::default() });
    filter.install(Duration::ZERO, HOST, &table).expect("it fits");
    // Octets of nobody's making: no packet with a MAC of 128 bits.
    let mut raw = buffer(rest);
    let error = filter.filter(now, &mut raw).expect_err("a forgery");
    check(&error, rest.len());
    assert_eq!((raw.octets(), raw.headroom()), (rest, ROOM));
    let record = Record::new(now, rest, error);
    assert_eq!(record.reason, error);
    // The same as an inner packet.
    let gateway = if flags & 2 == 0 { [198, 51, 100, 1].into() } else { [1u16; 8].into() };
    let source = if flags & 2 == 0 { [192, 0, 2, 1].into() } else { [2u16; 8].into() };
    let outer = Outer { source: Some(source), path_mtu: (flags & 4 != 0).then_some(600), ..Outer::new(gateway) };
    let mut sender = Sender::new(outer, Default::default(), HOST, table.clone());
    let mut sealed = buffer(rest);
    match sender.seal(sent, &mut sealed) {
        Err(error) => {
            check(&error, rest.len());
            assert_eq!((sealed.octets(), sealed.headroom()), (rest, ROOM));
        }
        Ok(done) => {
            let inner = rest[..sealed.len() - usize::from(done.header_len) - LEN].to_vec();
            let payload = sealed.len() - usize::from(done.header_len);
            let position = usize::from(done.header_len) + usize::from(*at) * 7 % payload;
            sealed.octets_mut()[position] ^= flip;
            let slot = table.schedule().slot(sent).expect("it was sealed");
            let live = match policy {
                Policy::AnyCurrentKey => true,
                Policy::InPeriod { skew } => table.schedule().is_in_period(slot.index, now, skew, false),
            };
            let before = sealed.octets().to_vec();
            let mut batch = [sealed.clone(), buffer(rest), sealed.clone()];
            let outcome = filter.filter(now, &mut sealed);
            assert_eq!(outcome.is_ok(), live && *flip == 0, "{outcome:?}");
            assert_eq!(sealed.octets(), if outcome.is_ok() { &inner } else { &before });
            let mut together = results(3);
            filter.filter_batch(now, &mut batch, &mut together).expect("as many results as packets");
            assert_eq!((together[0], together[1], together[2]), (outcome, Err(error), outcome));
            assert_eq!(batch[2].octets(), sealed.octets());
        }
    }
    let counters = filter.counters();
    if matches!(error, Error::UnknownHost { .. } | Error::UnknownKey { .. } | Error::OutsidePeriod { .. }) {
        assert!(counters.macs <= 3);
    }
}

/// What is protected is opened; what nobody protected, or somebody changed, is refused and stays as it was.
pub fn llpf_fbs(data: &[u8]) {
    let [pick, flags, later, at, flip, rest @ ..] = data else { return };
    let algorithm = Algorithm::ALL[usize::from(*pick) % 4];
    let (sent, now) = (Duration::from_secs(6000), Duration::from_secs(6000 + u64::from(*later) * 4));
    let master = MasterKey::new(b"a master key of enough octets").expect("long enough");
    let mut receiver = Receiver::new(ReceiverConfig { algorithm, max_keys: 2, ..ReceiverConfig::default() });
    let mut raw = buffer(rest);
    check(&receiver.open(now, &master, &mut raw).expect_err("a forgery"), rest.len());
    assert_eq!(raw.octets(), rest);
    let mut rng = Counting(u64::from(*pick));
    let config = SenderConfig { algorithm, max_flows: 2, max_keys: 2, ..SenderConfig::default() };
    let mut sender = fbs::Sender::new(config, ByFiveTuple { confidential: flags & 1 != 0 }, &mut rng);
    let mut packet = buffer(rest);
    match sender.protect(sent, &mut rng, &master, &mut packet) {
        Err(error) => {
            check(&error, rest.len());
            assert_eq!((packet.octets(), packet.headroom()), (rest, ROOM));
        }
        Ok(_) => {
            let start = ip_wire::ip::Packet::parse(packet.octets())
                .and_then(|packet| Ok(packet.upper_layer()?.offset))
                .expect("a packet");
            let start = start as usize;
            let position = start + usize::from(*at) % (packet.len() - start);
            packet.octets_mut()[position] ^= flip;
            let before = packet.octets().to_vec();
            match receiver.open(now, &master, &mut packet) {
                Ok(_) => {
                    assert!(*flip == 0 && u64::from(*later) * 4 < 180);
                    // An IPv4 header gets a checksum that is right.
                    let plain = &rest[..packet.len()];
                    let skip = if rest[0] >> 4 == 4 { 12 } else { 0 };
                    assert_eq!(
                        (&packet.octets()[..10.min(skip)], &packet.octets()[skip..]),
                        (&plain[..10.min(skip)], &plain[skip..])
                    );
                }
                Err(error) => {
                    assert!(*flip != 0 || u64::from(*later) * 4 >= 120, "{error}");
                    check(&error, before.len());
                    assert_eq!(packet.octets(), before);
                }
            }
        }
    }
}
