//! Trailers, and packets sealed with one key.

use core::hint::black_box;

use ip_wire::{PacketBuf, Protocol, ipv4};
use llpf_wire::mac::Key;
use llpf_wire::table::Schedule;
use llpf_wire::{Algorithm, HostId, KeyIndex, Outer, trailer};

pub const CHECKS: [fn() -> bool; 2] = [sealed, scheduled];

/// A packet is sealed with each algorithm; its trailer says so, and its MAC is right.
fn sealed() -> bool {
    Algorithm::ALL.into_iter().all(|algorithm| {
        let mut storage = black_box([0u8; 128]);
        let header = ipv4::Header::new([10, 1, 0, 1].into(), [10, 2, 0, 1].into(), Protocol::UDP, 20);
        let emitted = header.and_then(|header| header.emit(&mut storage[20..]));
        let (Ok(key), Ok(mut packet)) = (Key::new(algorithm, &[7; 16]), PacketBuf::new(&mut storage[..], 20, 40)) else {
            return false;
        };
        let outer = Outer::new([198, 51, 100, 1].into());
        let index = KeyIndex::new(HostId(1), 2);
        let sealed = outer.seal(&key, index, &mut packet, 0);
        let Ok(view) = trailer::View::parse(packet.octets()) else { return false };
        let covered = packet.octets().get(20..68).unwrap_or(&[]);
        emitted.is_ok() && sealed.is_ok() && (view.key(), view.inner_len()) == (index, 40) && key.verify(covered, view.mac())
    })
}

/// 25 keys of 15 seconds.
fn scheduled() -> bool {
    let secs = core::time::Duration::from_secs;
    let schedule = Schedule::new(secs(100), secs(15), 25);
    schedule.is_ok_and(|schedule| {
        schedule.end() == secs(475) && schedule.slot(black_box(secs(130))).is_some_and(|slot| slot.index == 2)
    })
}
