//! AH and ESP around octets that are no IP packet.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod common;

use common::*;
use ip_wire::Protocol;
use ipsec_wire::{Aead, Builder, Error, Field, Integrity, Keys, PacketBuf, Suite};

const AH: Suite = Suite::Ah(Integrity::HMAC_SHA1_96);
const GCM: Suite = Suite::EspCombined(Aead::AES_GCM_16);

fn builder(suite: Suite) -> Builder<'static> {
    let keys = match suite {
        Suite::Ah(_) => Keys { encryption: &[], integrity: &[1; 20] },
        _ => Keys { encryption: &[2; 20], integrity: &[] },
    };
    Builder::new(0x1000, suite, keys)
}

fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0; 64];
    storage.extend_from_slice(octets);
    storage.resize(storage.len() + 64, 0);
    PacketBuf::new(storage, 64, octets.len()).unwrap()
}

#[test]
fn a_payload_goes_and_comes_once_and_says_what_it_is() {
    for suite in [AH, GCM] {
        for version in [4, 6] {
            let mut sender = builder(suite).outbound(&mut TestRng(1)).unwrap();
            let mut receiver = builder(suite).inbound().unwrap();
            for len in 0..20 {
                let payload = vec![9; len];
                let mut buf = buffer(&payload);
                let (front, tail) = sender.payload_room(version, len);
                let sealed = sender.seal_payload(NOW, &mut buf, Protocol::TCP, version).unwrap();
                assert_eq!((sealed.sequence, buf.len()), (len as u64 + 1, front + len + tail));
                for at in 0..buf.len() {
                    let mut changed = buffer(buf.octets());
                    changed.octets_mut()[at] ^= 1;
                    assert!(receiver.open_payload(NOW, &mut changed).is_err(), "{at}");
                    assert_eq!(changed.len(), buf.len());
                }
                let mut again = buffer(buf.octets());
                let carried = receiver.open_payload(NOW, &mut buf).unwrap();
                assert_eq!((carried.next_header, carried.sequence), (Protocol::TCP, len as u64 + 1));
                assert_eq!(buf.octets(), payload);
                let replayed = Error::Replayed { sequence: len as u64 + 1 };
                assert_eq!(receiver.open_payload(NOW, &mut again), Err(replayed));
            }
            assert_eq!(receiver.counters().accepted, 20);
        }
    }
}

#[test]
fn without_room_or_numbers_nothing_changes() {
    let mut sender = builder(GCM).outbound(&mut TestRng(1)).unwrap();
    let mut small = PacketBuf::new(vec![0; 30], 15, 4).unwrap();
    let error = Error::BufferTooSmall { field: Field::Headroom, found: 15, needed: 16 };
    assert_eq!(sender.seal_payload(NOW, &mut small, Protocol::TCP, 4), Err(error));
    assert_eq!((sender.last_sent(), sender.ready(NOW, 4)), (0, Ok(1)));
    sender.export(0);
    assert_eq!(sender.ready(NOW, 4), Err(Error::LeaseExhausted));
}

#[test]
fn a_dummy_is_told() {
    let mut sender = builder(GCM).outbound(&mut TestRng(1)).unwrap();
    let mut receiver = builder(GCM).inbound().unwrap();
    let mut buf = buffer(b"x");
    sender.seal_payload(NOW, &mut buf, Protocol::NO_NEXT_HEADER, 4).unwrap();
    assert_eq!(receiver.open_payload(NOW, &mut buf).unwrap().next_header, Protocol::NO_NEXT_HEADER);
    assert_eq!((receiver.counters().dummies, receiver.counters().accepted), (1, 0));
}
