use core::time::Duration;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use ip_wire::{PacketBuf, ipv4};

use super::*;
use crate::import::{esp_sa, xfrm};
use crate::rand_core::{TryCryptoRng, TryRng};
use crate::{Opened, Sealed};

struct Rng;

impl TryRng for Rng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(3)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(3)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        to.fill(3);
        Ok(())
    }
}

impl TryCryptoRng for Rng {}

const KEY: &str = "0x000102030405060708090a0b0c0d0e0f10111213";

/// An SA as `ip xfrm state` prints it.
fn printed(protocol: &str, mode: &str, flags: &str, lines: &str) -> String {
    format!(
        "src 192.0.2.1 dst 192.0.2.2\n\tproto {protocol} spi 0x00001000 reqid 7 mode {mode}\n\treplay-window 32 {flags}\n{lines}"
    )
}

fn gcm(bits: u16) -> String {
    format!("\taead rfc4106(gcm(aes)) {KEY} {bits}\n")
}

fn state(text: &str) -> State {
    xfrm::states(text).next().unwrap().unwrap()
}

fn line(text: &str) -> EspSa {
    esp_sa::records(text).next().unwrap().unwrap()
}

fn packet(ds: u8) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0; 400];
    let header = ipv4::Header::new([10, 1, 0, 1].into(), [10, 2, 0, 1].into(), Protocol::UDP, 30).unwrap();
    let len = header.emit(&mut storage[128..]).unwrap() + 30;
    storage[129] = ds;
    ipv4::ViewMut::parse(&mut storage[128..128 + len]).unwrap().fill_checksum();
    PacketBuf::new(storage, 128, len).unwrap()
}

fn seal(builder: Builder<'_>, ds: u8) -> (Sealed, PacketBuf<Vec<u8>>) {
    let mut packet = packet(ds);
    let sealed = builder.outbound(&mut Rng).unwrap().seal(Duration::ZERO, &mut packet).unwrap();
    (sealed, packet)
}

#[test]
fn what_an_imported_sender_seals_its_receiver_opens() {
    let auth = |name: &str, octets: usize, bits: u16| format!("\tauth-trunc {name} 0x{} {bits}\n", "5a".repeat(octets));
    let enc = |name: &str, octets: usize| format!("\tenc {name} 0x{}\n", "a5".repeat(octets));
    let null = "\tenc ecb(cipher_null) \n";
    let integrity = [
        ("hmac(md5)", 16, 96),
        ("hmac(sha1)", 20, 96),
        ("hmac(sha256)", 32, 96),
        ("hmac(sha256)", 32, 128),
        ("hmac(sha384)", 48, 192),
        ("hmac(sha512)", 64, 256),
        ("hmac(rmd160)", 20, 96),
        ("xcbc(aes)", 16, 96),
        ("cmac(aes)", 16, 96),
    ];
    let mut texts = Vec::new();
    for mode in ["transport", "tunnel"] {
        for (name, octets, bits) in integrity {
            texts.push(printed("ah", mode, "flag align4", &auth(name, octets, bits)));
            texts.push(printed("ah", mode, "", &auth(name, octets, bits)));
            texts.push(printed("esp", mode, "flag esn", &format!("{}{null}", auth(name, octets, bits))));
        }
        for (name, octets) in [("cbc(aes)", 16), ("cbc(aes)", 32), ("rfc3686(ctr(aes))", 36)] {
            texts.push(printed("esp", mode, "", &format!("{}{}", auth("hmac(sha1)", 20, 96), enc(name, octets))));
        }
        let aeads = [
            ("rfc4106(gcm(aes))", 20, 64),
            ("rfc4106(gcm(aes))", 28, 96),
            ("rfc4106(gcm(aes))", 36, 128),
            ("rfc4309(ccm(aes))", 19, 64),
            ("rfc4309(ccm(aes))", 19, 96),
            ("rfc4309(ccm(aes))", 35, 128),
            ("rfc4543(gcm(aes))", 20, 128),
            ("rfc7539esp(chacha20,poly1305)", 36, 128),
        ];
        for (name, octets, bits) in aeads {
            let aead = format!(
                "\taead {name} 0x{} {bits}\n\tencap type espinudp sport 4500 dport 4501 addr 0.0.0.0\n",
                "33".repeat(octets)
            );
            texts.push(printed("esp", mode, "", &aead));
        }
    }
    for text in texts {
        let state = state(&text);
        let (sealed, mut packet_now) = seal(state.sender().unwrap(), 0);
        assert_eq!(sealed.sequence, 1);
        assert!(packet_now.len() > 50, "{text}");
        let opened = state.receiver().unwrap().inbound().unwrap().open(Duration::ZERO, &mut packet_now).unwrap();
        assert!(matches!(opened, Opened::Packet(accepted) if accepted.sequence == 1), "{text}");
        assert_eq!(packet_now.octets(), packet(0).octets(), "{text}");
    }
}

#[test]
fn flags_of_the_kernel_s_are_in_the_outer_header() {
    let sealed = |flags: &str, ds: u8| seal(state(&printed("esp", "tunnel", flags, &gcm(128))).sender().unwrap(), ds).1;
    // DSCP 46 with CE: Linux copies the codepoint, and says ECT(0) for what experienced congestion.
    assert_eq!(sealed("", 0xbb).octets()[1], 0xba);
    assert_eq!(sealed("flag noecn", 0xbb).octets()[1], 0xb8);
    assert_eq!(sealed("extra_flag dont-encap-dscp", 0xb9).octets()[1], 0x01);
    let receive = |flags: &str| {
        let state = state(&printed("esp", "tunnel", flags, &gcm(128)));
        let (_, mut packet) = seal(state.sender().unwrap(), 0);
        let octets = packet.octets_mut();
        octets[1] = 0xb8;
        ipv4::ViewMut::parse(octets).unwrap().fill_checksum();
        state.receiver().unwrap().inbound().unwrap().open(Duration::ZERO, &mut packet).unwrap();
        packet.octets()[1]
    };
    assert_eq!((receive(""), receive("flag decap-dscp")), (0, 0xb8));
    let ah = |flags: &str| {
        let auth = format!("\tauth-trunc hmac(sha256) 0x{} 128\n", "11".repeat(32));
        seal(state(&printed("ah", "transport", flags, &auth)).sender().unwrap(), 0).1.len()
    };
    // 12 octets and 16 are 28, which Linux pads to 32.
    assert_eq!((ah("flag align4"), ah("")), (50 + 28, 50 + 32));
    let mode = |flags: &str| match *state(&printed("esp", "tunnel", flags, &gcm(128)))
        .sender()
        .unwrap()
        .outbound(&mut Rng)
        .unwrap()
        .mode()
    {
        crate::Mode::Tunnel(tunnel) => tunnel.dont_fragment,
        crate::Mode::Transport => panic!(),
    };
    assert_eq!((mode(""), mode("flag nopmtudisc")), (DontFragment::Copy, DontFragment::Clear));
}

#[test]
fn sequence_numbers_go_on_and_lifetimes_are_there() {
    let text = printed(
        "esp",
        "transport",
        "flag esn",
        &format!(
            "{}\tanti-replay esn context:\n\t seq-hi 0x1, seq 0x9, oseq-hi 0x2, oseq 0x7\n\t replay_window 64, bitmap-length 2\n\t 00000000 00000100\n\ttfcpad 200\n",
            gcm(96)
        ),
    );
    let first = state(&text);
    let (sealed, packet) = seal(first.sender().unwrap(), 0);
    assert_eq!((sealed.sequence, packet.len()), (0x2_0000_0008, 20 + 8 + 8 + 204 + 12));
    let inbound = first.receiver().unwrap().inbound().unwrap();
    assert_eq!((inbound.window().highest(), inbound.suite().icv_len()), (0x1_0000_0009, 12));
    let with = xfrm::Limit { soft: Some(5), hard: None };
    let lifetime = xfrm::Lifetime { octets: xfrm::Limit { soft: None, hard: Some(9) }, used: with, ..xfrm::Lifetime::default() };
    let soft = Limits { use_time: Some(Duration::from_secs(5)), ..Limits::default() };
    assert_eq!(lifetime.limits(), (soft, Limits { octets: Some(9), ..Limits::default() }));
}

#[test]
fn lines_of_wireshark_s_become_builders() {
    let of = |more: &str| {
        line(&format!(
            r#""IPv4","*","*","0x0000100*","AES-CBC [RFC3602]","{}","HMAC-SHA-1-96 [RFC2404]","{KEY}"{more}"#,
            &KEY[..34]
        ))
    };
    let sa = of("");
    assert_eq!(sa.builder(0x1010).unwrap_err(), Error::Mismatch { field: Field::Spi, offset: 0, found: 0x1010, needed: 0x1000 });
    let first = |sa: &EspSa| seal(sa.builder(0x1007).unwrap(), 0);
    let (sealed, mut packet_now) = first(&sa);
    assert_eq!((sealed.sequence, &packet_now.octets()[20..24]), (1, &[0, 0, 0x10, 7][..]));
    sa.builder(0x1007).unwrap().inbound().unwrap().open(Duration::ZERO, &mut packet_now).unwrap();
    assert_eq!(packet_now.octets(), packet(0).octets());
    assert_eq!(first(&of(r#","64-bit","0x3""#)).0.sequence, 0x3_0000_0001);
    assert_eq!(first(&of(r#","","3""#)).0.sequence, 0x3_0000_0001);
    assert_eq!(first(&of(r#","32-bit","3""#)).0.sequence, 1);
    let gcm = |cipher: &str, integrity: &str| {
        let sa = line(&format!(r#""IPv6","*","*","*","{cipher}","{KEY}","{integrity}","""#));
        sa.protection.esp().map(|(suite, _)| suite)
    };
    let (old, ccm) = ("AES-GCM [RFC4106]", Suite::EspCombined(Aead::AES_GCM_16));
    assert_eq!(gcm(old, "NULL"), Ok(ccm));
    assert_eq!(gcm(old, "ANY 96 bit authentication [no checking]"), Ok(Suite::EspCombined(Aead::AES_GCM_12)));
    assert_eq!(gcm("AES-GCM with 8 octet ICV [RFC4106]", "NULL"), Ok(Suite::EspCombined(Aead::AES_GCM_8)));
    assert_eq!(gcm(old, "HMAC-MD5-96 [RFC2403]"), Err(Error::Unsupported(Field::Integrity)));
    let null = line(r#""IPv4","*","*","256","NULL","","NULL","""#);
    assert_eq!(null.protection.esp().unwrap().0, Suite::Esp { cipher: algorithm::Cipher::Null, integrity: None });
    assert_eq!(null.builder(256).unwrap().inbound().unwrap_err(), Error::Unsafe(Field::Integrity));
}

#[test]
fn what_there_is_not_is_refused_with_what_it_is() {
    let auth = format!("\tauth-trunc hmac(sha1) {KEY} 96\n");
    let none = |name: &str| format!("\tenc {name} 0x{}\n", "00".repeat(16));
    let cases: Vec<(&str, &str, String, Error)> = vec![
        ("comp", "tunnel", String::new(), Error::Unsupported(Field::SaProtocol)),
        ("esp", "beet", gcm(128), Error::Unsupported(Field::Mode)),
        ("esp", "tunnel", String::new(), Error::Unsafe(Field::Encryption)),
        ("ah", "tunnel", String::new(), Error::Unsafe(Field::Integrity)),
        ("ah", "tunnel", gcm(128), Error::Unsupported(Field::Encryption)),
        ("ah", "tunnel", format!("{auth}{}", none("cbc(aes)")), Error::Unsupported(Field::Encryption)),
        ("ah", "tunnel", "\tauth-trunc digest_null  0\n".into(), Error::Unsafe(Field::Integrity)),
        ("esp", "tunnel", format!("{auth}{}", gcm(128)), Error::Unsupported(Field::Integrity)),
        ("esp", "tunnel", format!("{}{}", none("cbc(aes)"), gcm(128)), Error::Unsupported(Field::Encryption)),
        ("esp", "tunnel", format!("{auth}{}", none("cbc(twofish)")), Error::Unsupported(Field::Encryption)),
        ("esp", "tunnel", format!("{auth}{}", none("cbc(camellia)")), Error::Unsupported(Field::Encryption)),
        ("esp", "tunnel", format!("\tauth-trunc hmac(sm3) {KEY} 96\n{}", none("cbc(aes)")), Error::Unsupported(Field::Integrity)),
        ("esp", "tunnel", gcm(90), Error::Value { field: Field::IcvLen, found: 90, needed: 88 }),
        ("esp", "tunnel", gcm(72), Error::KeyLength { field: Field::IcvLen, found: 9, needed: 8 }),
        (
            "ah",
            "tunnel",
            format!("\tauth-trunc hmac(sha1) {KEY} 64\n"),
            Error::KeyLength { field: Field::IcvLen, found: 8, needed: 12 },
        ),
        (
            "esp",
            "tunnel",
            format!("{}\ttfcpad 65536\n", gcm(128)),
            Error::DoesNotFit { field: Field::TfcPad, found: 65_536, needed: 65_535 },
        ),
        (
            "esp",
            "tunnel",
            format!("{}\tencap type espintcp sport 4500 dport 4501 addr 0.0.0.0\n", gcm(128)),
            Error::Unsupported(Field::Encapsulation),
        ),
    ];
    for (protocol, mode, lines, error) in cases {
        let state = state(&printed(protocol, mode, "", &lines));
        assert_eq!(state.sender().unwrap_err(), error, "{lines}");
        assert_eq!(state.receiver().unwrap_err(), error, "{lines}");
    }
    // Keys are the builder's to judge, and those that were not printed are too short.
    let short = state(&printed("esp", "tunnel", "", "\taead rfc4106(gcm(aes)) 0x0011 128\n"));
    let error = Error::KeyLength { field: Field::EncryptionKey, found: 2, needed: 20 };
    assert_eq!(short.receiver().unwrap().inbound().unwrap_err(), error);
    // Linux's HMAC-SHA-256 had 96 bits where none are printed.
    let old = state(&printed("ah", "tunnel", "", &format!("\tauth hmac(sha256) 0x{}\n", "11".repeat(32))));
    assert_eq!(old.protection.ah().unwrap().0, Suite::Ah(algorithm::Integrity::HMAC_SHA256_96));
}
