//! `llpf-wire`.

use ip_wire::PacketBuf;
use llpf_wire::mac::Key;
use llpf_wire::{Filter, KeyIndex, Outer, trailer};

entry_points! {
    trailer_parse(octets: &[u8]) { trailer::View::parse(octets) }
    llpf_seal(outer: &Outer, key: &Key, index: KeyIndex, packet: &mut PacketBuf<&mut [u8]>) { outer.seal(key, index, packet, 0).is_ok() }
    llpf_verify(key: &Key, octets: &[u8], mac: &[u8; 16]) { key.verify(octets, mac) }
    llpf_filter(filter: &mut Filter, now: core::time::Duration, packet: &mut PacketBuf<&mut [u8]>) { filter.filter(now, packet).is_ok() }
}
