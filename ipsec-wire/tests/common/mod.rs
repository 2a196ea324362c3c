//! What the tests share: random numbers, packets, every suite with keys, and associations at both ends.

#![allow(dead_code, reason = "each test file uses a part")]

use std::convert::Infallible;
use std::net::IpAddr;
use std::time::Duration;

use ip_wire::{Protocol, ipv4, ipv6};
use ipsec_wire::rand_core::{TryCryptoRng, TryRng};
use ipsec_wire::{Aead, Builder, Cipher, Error, Inbound, Integrity, Keys, Opened, Outbound, PacketBuf, Sealed, Suite, Tunnel};

pub const NOW: Duration = Duration::from_secs(1);

/// SplitMix64: the same numbers each time.
#[derive(Debug, Clone)]
pub struct TestRng(pub u64);

impl TryRng for TestRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|value| (value >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        for octet in to {
            *octet = (self.try_next_u64()? >> 56) as u8;
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}

/// A UDP packet of either version with `len` octets of payload.
pub fn packet(version: u8, len: usize) -> Vec<u8> {
    let mut udp = vec![0x0f, 0xa1, 0x0f, 0xa0, 0, 0, 0, 0];
    udp[4..6].copy_from_slice(&((8 + len) as u16).to_be_bytes());
    udp.extend((0..len).map(|octet| octet as u8));
    if version == 4 {
        let mut octets = vec![0; 20];
        let header = ipv4::Header::new([10, 1, 0, 1].into(), [10, 2, 0, 1].into(), Protocol::UDP, udp.len()).unwrap();
        header.emit(&mut octets).unwrap();
        octets.extend(udp);
        octets
    } else {
        let mut octets = vec![0; 40];
        let (source, destination) = ("2001:db8:a::1".parse().unwrap(), "2001:db8:b::1".parse().unwrap());
        ipv6::Header::new(source, destination, Protocol::UDP, udp.len()).unwrap().emit(&mut octets).unwrap();
        octets.extend(udp);
        octets
    }
}

/// Room for whatever is added.
pub fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0xa5; 160];
    storage.extend(octets);
    storage.extend([0x5a; 700]);
    PacketBuf::new(storage, 160, octets.len()).unwrap()
}

pub fn ends(version: u8) -> (IpAddr, IpAddr) {
    match version {
        4 => ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap()),
        _ => ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap()),
    }
}

/// A suite with its keys.
#[derive(Debug, Clone)]
pub struct Keyed {
    pub suite: Suite,
    pub encryption: Vec<u8>,
    pub integrity: Vec<u8>,
}

impl Keyed {
    pub fn new(suite: Suite) -> Self {
        let key = |len: usize| (0..len).map(|octet| (octet * 7 + 1) as u8).collect::<Vec<u8>>();
        let (encryption, integrity) = match suite {
            Suite::Ah(integrity) => (0, integrity.mac().key_lens()[0]),
            Suite::Esp { cipher, integrity } => (cipher.key_lens()[0], integrity.map_or(0, |i| i.mac().key_lens()[0])),
            Suite::EspCombined(aead) => (aead.key_lens()[0], 0),
        };
        Self { suite, encryption: key(encryption), integrity: key(integrity) }
    }

    pub fn keys(&self) -> Keys<'_> {
        Keys { encryption: &self.encryption, integrity: &self.integrity }
    }

    pub fn builder(&self) -> Builder<'_> {
        let builder = Builder::new(0x1000, self.suite, self.keys());
        if self.suite.has_integrity() { builder } else { builder.legacy_no_integrity() }
    }

    /// Both ends; `mode` is 0 for transport, else the outer version of a tunnel.
    pub fn pair(&self, mode: u8, change: impl Fn(Builder<'_>) -> Builder<'_>) -> (Outbound, Inbound) {
        let (near, far) = ends(mode);
        let end = |local, remote| match mode {
            0 => change(self.builder()),
            _ => change(self.builder().tunnel(Tunnel::new(local, remote).unwrap())),
        };
        let outbound = end(near, far).outbound(&mut TestRng(7)).unwrap();
        (outbound, end(far, near).inbound().unwrap())
    }
}

pub const CBC_SHA1: Suite = Suite::Esp { cipher: Cipher::AesCbc, integrity: Some(Integrity::HMAC_SHA1_96) };
pub const NULL_SHA256: Suite = Suite::Esp { cipher: Cipher::Null, integrity: Some(Integrity::HMAC_SHA256_128) };
pub const CTR_SHA256: Suite = Suite::Esp { cipher: Cipher::AesCtr, integrity: Some(Integrity::HMAC_SHA256_128) };
pub const GCM: Suite = Suite::EspCombined(Aead::AES_GCM_16);
pub const AH_SHA1: Suite = Suite::Ah(Integrity::HMAC_SHA1_96);

/// Every suite, once.
pub fn suites() -> Vec<Keyed> {
    let integrities = [
        Integrity::HMAC_MD5_96,
        Integrity::HMAC_SHA1_96,
        Integrity::HMAC_SHA256_128,
        Integrity::HMAC_SHA256_96,
        Integrity::HMAC_SHA384_192,
        Integrity::HMAC_SHA512_256,
        Integrity::HMAC_RIPEMD160_96,
        Integrity::AES_XCBC_96,
        Integrity::AES_CMAC_96,
    ];
    let mut suites: Vec<Suite> = integrities.iter().map(|integrity| Suite::Ah(*integrity)).collect();
    suites.push(Suite::Ah(Integrity::AES_GMAC));
    let mut ciphers = vec![Cipher::Null, Cipher::AesCbc, Cipher::AesCtr];
    if cfg!(feature = "legacy-ciphers") {
        ciphers.extend([Cipher::TripleDesCbc, Cipher::DesCbc]);
    }
    for cipher in ciphers {
        suites.extend(integrities.iter().map(|integrity| Suite::Esp { cipher, integrity: Some(*integrity) }));
    }
    let aeads = [
        Aead::AES_GCM_16,
        Aead::AES_GCM_12,
        Aead::AES_GCM_8,
        Aead::AES_CCM_16,
        Aead::AES_CCM_12,
        Aead::AES_CCM_8,
        Aead::AES_GMAC,
        Aead::CHACHA20_POLY1305,
        Aead::AES_GCM_16.with_implicit_iv().unwrap(),
        Aead::AES_CCM_16.with_implicit_iv().unwrap(),
        Aead::CHACHA20_POLY1305.with_implicit_iv().unwrap(),
    ];
    suites.extend(aeads.map(Suite::EspCombined));
    suites.into_iter().map(Keyed::new).collect()
}

pub fn seal(outbound: &mut Outbound, octets: &[u8]) -> Result<(Sealed, Vec<u8>), Error> {
    let mut buf = buffer(octets);
    let sealed = outbound.seal(NOW, &mut buf)?;
    Ok((sealed, buf.octets().to_vec()))
}

pub fn open(inbound: &mut Inbound, octets: &[u8]) -> Result<(Opened, Vec<u8>), Error> {
    let mut buf = buffer(octets);
    let opened = inbound.open(NOW, &mut buf)?;
    Ok((opened, buf.octets().to_vec()))
}

/// An ESP packet of AES-free NULL and HMAC-SHA-256 around any plaintext, with a right ICV, in an IPv4 or IPv6 header without options.
pub fn crafted(keyed: &Keyed, version: u8, sequence: u32, plaintext: &[u8]) -> Vec<u8> {
    use ipsec_wire::crypto::{Job, RustCrypto, Transform};
    let mut esp = vec![0, 0, 0x10, 0];
    esp.extend(sequence.to_be_bytes());
    esp.extend(vec![0; keyed.suite.iv_len()]);
    esp.extend(plaintext);
    esp.extend(vec![0; keyed.suite.icv_len()]);
    RustCrypto::new(&keyed.suite, &keyed.keys()).unwrap().seal(&mut Job::new(&mut esp, None));
    wrapped(version, Protocol::ESP, &esp)
}

/// An IP packet between a tunnel's ends around a payload.
pub fn wrapped(version: u8, protocol: Protocol, payload: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; if version == 4 { 20 } else { 40 }];
    match ends(version) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            ipv4::Header::new(source, destination, protocol, payload.len()).unwrap().emit(&mut octets).unwrap();
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            ipv6::Header::new(source, destination, protocol, payload.len()).unwrap().emit(&mut octets).unwrap();
        }
        _ => unreachable!(),
    }
    octets.extend(payload);
    octets
}
