//! AH in batches gives what it gives one by one, with headers of any length.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    unreachable_pub,
    reason = "tests fail by panicking"
)]

mod common;

use common::*;
use ipsec_wire::{Error, Opened, PacketBuf, Suite};

/// `plain` with `count` hop-by-hop options of 8 octets each, padding.
fn with_options(plain: &[u8], count: u8) -> Vec<u8> {
    let mut options = vec![plain[6], count - 1, 1, 4, 0, 0, 0, 0];
    for _ in 1..count {
        options.extend([1, 6, 0, 0, 0, 0, 0, 0]);
    }
    let mut octets = plain[..40].to_vec();
    octets[6] = 0;
    let len = u16::from_be_bytes([plain[4], plain[5]]) + options.len() as u16;
    octets[4..6].copy_from_slice(&len.to_be_bytes());
    octets.extend(options);
    octets.extend(&plain[40..]);
    octets
}

/// Packets of many lengths, some of whose headers are longer than a batch has room for.
fn packets(version: u8) -> Vec<Vec<u8>> {
    (0..70usize)
        .map(|at| {
            let plain = packet(version, at * 19);
            if version == 6 && at % 5 == 0 { with_options(&plain, (at % 21 + 1) as u8) } else { plain }
        })
        .collect()
}

#[test]
fn a_batch_is_sealed_and_opened_as_its_packets_are_one_by_one() {
    for keyed in suites().into_iter().filter(|keyed| matches!(keyed.suite, Suite::Ah(_))) {
        for (mode, version) in [(0, 4), (0, 6), (4, 6), (6, 4)] {
            for esn in [false, true] {
                let (mut batch_out, mut batch_in) = keyed.pair(mode, |builder| builder.esn(esn));
                let (mut single_out, mut single_in) = keyed.pair(mode, |builder| builder.esn(esn));
                for outbound in [&mut batch_out, &mut single_out] {
                    outbound.set_identification(7);
                }
                let plain = packets(version);
                let mut together: Vec<PacketBuf<Vec<u8>>> = plain.iter().map(|octets| buffer(octets)).collect();
                let mut alone: Vec<PacketBuf<Vec<u8>>> = plain.iter().map(|octets| buffer(octets)).collect();
                let mut results = vec![Err(Error::Authentication); plain.len()];
                batch_out.seal_batch(NOW, &mut together, &mut results).unwrap();
                for ((one, other), result) in alone.iter_mut().zip(&together).zip(&results) {
                    assert_eq!(single_out.seal(NOW, one), *result);
                    assert_eq!(one.octets(), other.octets(), "{:?} {mode} {version} {esn}", keyed.suite);
                }
                // Some are changed on their way, one of them in its ICV.
                for (at, bit) in [(3, 60), (10, 30), (33, 52)] {
                    alone[at].octets_mut()[bit] ^= 4;
                    together[at].octets_mut()[bit] ^= 4;
                }
                let mut results = vec![Err(Error::Authentication); plain.len()];
                batch_in.open_batch(NOW, &mut together, &mut results).unwrap();
                for (at, (one, other)) in alone.iter_mut().zip(&together).enumerate() {
                    assert_eq!(single_in.open(NOW, one), results[at]);
                    assert_eq!(one.octets(), other.octets());
                    match results[at] {
                        Ok(Opened::Packet(_)) => assert_eq!(other.octets(), plain[at]),
                        _ => assert!([3, 10, 33].contains(&at)),
                    }
                }
            }
        }
    }
}
