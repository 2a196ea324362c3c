//! Packets and keys for the tests, typed from the figures. The MACs were computed with Python's `hmac` and `hashlib`, and `cryptography`'s CMAC.

#![allow(dead_code, reason = "no test uses all of it")]

use std::time::Duration;

use hex_literal::hex;
use ip_wire::{Protocol, ipv4, ipv6};
use llpf_wire::filter::{Config, Policy};
use llpf_wire::{Algorithm, Filter, HostId, KeyIndex, KeyTable, Outer, PacketBuf, Sender, mac};

/// IPv4: DSCP EF, ECT(0), TTL 63, UDP with 4 octets.
pub const INNER_4: [u8; 32] = hex!("45ba0020 12344000 3f112ad4 c0000201 cb007109 13881389 000c0000 4c4c5046");
/// The same in IPv6.
pub const INNER_6: [u8; 52] =
    hex!("6ba00000 000c113f 20010db8000000000000000000000001 20010db8000900000000000000000009 13881389 000c0000 4c4c5046");

/// Version 1, option 0, padding 0; IPL 32 + 24; host 0x0102, key 0x0304.
pub const WORDS_4: [u8; 8] = hex!("2000 0038 0102 0304");
/// IPL 52 + 24.
pub const WORDS_6: [u8; 8] = hex!("2000 004c 0102 0304");

pub const INDEX: KeyIndex = KeyIndex(0x0102_0304);

/// Key, MAC of `INNER_4` and `WORDS_4`, MAC of `INNER_6` and `WORDS_6`.
pub fn macs(algorithm: Algorithm) -> (&'static [u8], [u8; 16], [u8; 16]) {
    match algorithm {
        Algorithm::HmacMd5 => (
            &hex!("00112233445566778899aabbccddeeff"),
            hex!("b7701471999baf30078c109e39ba07ce"),
            hex!("aa7c445646790b13a2f5488fc44df3dd"),
        ),
        Algorithm::HmacSha1 => (
            &hex!("101112131415161718191a1b1c1d1e1f20212223"),
            hex!("a0853057721654b1e71b0850b01476a4"),
            hex!("8b8ce5248ed5efe7390d0721e8761316"),
        ),
        Algorithm::HmacSha256 => (
            &hex!("404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f"),
            hex!("9c2d8b722009e1c733a61a9f6cc18c7a"),
            hex!("1f36b0d28d0314192f93eef5301d667a"),
        ),
        Algorithm::AesCmac => (
            &hex!("2b7e151628aed2a6abf7158809cf4f3c"),
            hex!("cc7537a439430b62d897c7f6f274620f"),
            hex!("9d0c280edc2afe838e46ccb93a9d6d49"),
        ),
        other => panic!("no MACs for {other}"),
    }
}

/// Outer header by hand, by the versions of outer and inner packet. A source of the other family is ...77.
pub fn outer_header(outer: u8, inner: u8) -> &'static [u8] {
    match (outer, inner) {
        (4, 4) => &hex!("45ba004c 00004000 40044dbe c0000201 c6336401"),
        (4, _) => &hex!("45ba0060 00004000 40294d39 c000024d c6336401"),
        (_, 4) => &hex!("6ba00000 00380440 20010db8000000000000000000000077 20010db800ff00000000000000000001"),
        _ => &hex!("6ba00000 004c2940 20010db8000000000000000000000001 20010db800ff00000000000000000001"),
    }
}

pub fn inner(version: u8) -> &'static [u8] {
    if version == 4 { &INNER_4 } else { &INNER_6 }
}

/// The sealed packet, put together by hand.
pub fn sealed(algorithm: Algorithm, outer: u8, version: u8) -> Vec<u8> {
    let (_, mac_4, mac_6) = macs(algorithm);
    let (words, mac) = if version == 4 { (WORDS_4, mac_4) } else { (WORDS_6, mac_6) };
    [outer_header(outer, version), inner(version), &words, &mac].concat()
}

pub fn outer(version: u8) -> Outer {
    let (gateway, source) = match version {
        4 => ("198.51.100.1", "192.0.2.77"),
        _ => ("2001:db8:ff::1", "2001:db8::77"),
    };
    Outer { source: Some(source.parse().unwrap()), ..Outer::new(gateway.parse().unwrap()) }
}

pub fn key(algorithm: Algorithm) -> mac::Key {
    mac::Key::new(algorithm, macs(algorithm).0).unwrap()
}

/// A table whose key 0x0304 is the one of [`macs`]; the others are others.
pub fn table(algorithm: Algorithm) -> KeyTable {
    let key = macs(algorithm).0;
    let mut keys: Vec<Vec<u8>> = (0..0x0305u32)
        .map(|at| key.iter().zip(at.to_be_bytes().iter().cycle()).map(|(key, at)| key ^ at ^ 0x5a).collect())
        .collect();
    keys[0x0304] = key.to_vec();
    KeyTable::new(algorithm, Duration::ZERO, Duration::from_secs(15), &keys).unwrap()
}

/// A time in the cryptoperiod of key 0x0304.
pub const NOW: Duration = Duration::from_secs(15 * 0x0304 + 7);

pub fn filter(algorithm: Algorithm, policy: Policy) -> Filter {
    let mut filter = Filter::new(Config { policy, ..Config::default() });
    filter.install(Duration::ZERO, HostId(0x0102), &table(algorithm)).unwrap();
    filter
}

pub fn any() -> Policy {
    Policy::AnyCurrentKey
}

pub fn sender(algorithm: Algorithm, version: u8) -> Sender {
    Sender::new(outer(version), Default::default(), HostId(0x0102), table(algorithm))
}

pub const HEAD: usize = 64;

/// A packet with rooms of 64 and 32 octets.
pub fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let storage = [&[0xcc; HEAD], octets, &[0xdd; 32]].concat();
    PacketBuf::new(storage, HEAD, octets.len()).unwrap()
}

/// An IP packet of `len` octets of payload.
pub fn packet(version: u8, len: usize) -> Vec<u8> {
    let (mut octets, header) = if version == 4 {
        let header = ipv4::Header::new([10, 0, 0, 1].into(), [10, 9, 0, 2].into(), Protocol::UDP, len).unwrap();
        let mut octets = vec![0; 20];
        header.emit(&mut octets).unwrap();
        (octets, 20)
    } else {
        let (a, b) = ("2001:db8::a".parse().unwrap(), "2001:db8:9::b".parse().unwrap());
        let mut octets = vec![0; 40];
        ipv6::Header::new(a, b, Protocol::UDP, len).unwrap().emit(&mut octets).unwrap();
        (octets, 40)
    };
    octets.resize(header + len, 0xa5);
    octets
}

/// A generator that a test can repeat: xorshift, and no randomness at all.
pub struct Rng(pub u64);

impl llpf_wire::rand_core::TryRng for Rng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.try_next_u64()? as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(word ^ word >> 31)
    }

    fn try_fill_bytes(&mut self, octets: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in octets.chunks_mut(8) {
            let word = self.try_next_u64()?.to_be_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl llpf_wire::rand_core::TryCryptoRng for Rng {}
