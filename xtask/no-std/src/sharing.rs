//! Port sets, deterministic mapping and records.

use core::hint::black_box;
use core::time::Duration;

use addr_sharing::deterministic::{Answer, Deterministic, Inside};
use addr_sharing::record::{Event, Record};
use addr_sharing::{Ipv4Prefix, PsidParams};

/// What is to be right.
pub(crate) const CHECKS: [fn() -> bool; 3] = [divides_ports, maps_and_reverses, writes_records];

fn divides_ports() -> bool {
    let Ok(params) = PsidParams::new(black_box(6), 8) else { return false };
    params.psid_of(1232) == Some(0x34) && params.set(0x34).is_ok_and(|set| set.nth(251) == Some(64_723) && set.count() == 252)
}

/// The example of RFC 7422 2.3.
fn map() -> Option<Deterministic> {
    let inside = Ipv4Prefix::new(black_box([198, 51, 100, 0].into()), 28).ok()?;
    let outside = Ipv4Prefix::new([192, 0, 2, 1].into(), 32).ok()?;
    Deterministic::new(Inside::ipv4_hosts(inside), outside, 2).ok()
}

fn maps_and_reverses() -> bool {
    let Some(map) = map() else { return false };
    let subscriber = [198, 51, 100, 14].into();
    map.forward(subscriber).is_ok_and(|mapping| mapping.nth(0) == Some(([192, 0, 2, 1].into(), 53_440)))
        && map.reverse([192, 0, 2, 1].into(), 53_440) == Ok(Answer::Subscriber(subscriber))
        && map.reverse([192, 0, 2, 1].into(), 58_204) == Ok(Answer::Dynamic)
}

fn writes_records() -> bool {
    let Some(map) = map() else { return false };
    let record = Record { time: Duration::from_millis(1), event: Event::Configuration(map) };
    let mut buffer = [0; 100];
    record.emit(&mut buffer).is_ok_and(|len| Record::parse(&buffer) == Ok((record, len)))
}
