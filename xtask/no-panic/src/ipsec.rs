//! `ipsec-wire` and `wire-lanes`.

use core::time::Duration;

use ipsec_wire::esp::{Layout, Trailer};
use ipsec_wire::replay::Window;
use ipsec_wire::{Inbound, Outbound, PacketBuf, ah, esp};
use wire_lanes::{Engine, Md5, Segments, Sha1, Sha256, cbc, hmac};

type Packet<'a> = PacketBuf<&'a mut [u8]>;

entry_points! {
    ah_view(octets: &[u8]) { ah::View::parse(octets) }
    esp_view(octets: &[u8]) { esp::View::parse(octets) }
    esp_split(layout: &Layout, octets: &[u8]) { layout.split(octets).is_ok() }
    esp_trailer(octets: &[u8]) { Trailer::parse(octets).is_ok() }
    replay_check(window: &Window<&mut [u64]>, low: u32) { window.check(low) }
    replay_mark(window: &mut Window<&mut [u64]>, number: u64) { window.mark(number) }
    seal(outbound: &mut Outbound, now: Duration, packet: &mut Packet<'_>) { outbound.seal(now, packet).is_ok() }
    open(inbound: &mut Inbound, now: Duration, packet: &mut Packet<'_>) { inbound.open(now, packet).is_ok() }
    lanes_md5(key: &hmac::Key<Md5>, octets: &[u8]) { key.tag(Segments::new(octets, &[])) }
    lanes_sha1(key: &hmac::Key<Sha1>, octets: &[u8]) { key.tag(Segments::new(octets, &[])) }
    lanes_sha256(key: &hmac::Key<Sha256>, octets: &[u8]) { key.tag(Segments::new(octets, &[])) }
    lanes_many_md5(engine: Engine, messages: &[hmac::Message<'_, Md5>], tags: &mut [<Md5 as wire_lanes::Algorithm>::Output]) { engine.hmac_many(messages, tags).is_ok() }
    lanes_cbc_decrypt(engine: Engine, messages: &mut [cbc::Message<'_>]) { engine.cbc_decrypt_many(messages).is_ok() }
}
