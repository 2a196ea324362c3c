//! `ipsec seal`, `ipsec open` and `dissect --sa`, in process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use ip_wire::link::LinkType;
use ip_wire::{Protocol, ipv4, udp};
use serde_json::Value as Json;
use wirecraft_cli::args::Cli;
use wirecraft_cli::capture::Capture;
use wirecraft_cli::{execute, pcap};

const GCM_TUNNEL: &str = r#"[{"proto":"esp","mode":"tunnel","spi":4096,"src":"192.0.2.1","dst":"192.0.2.2",
    "aead":{"name":"rfc4106(gcm(aes))","key":"0x000102030405060708090a0b0c0d0e0fa0a1a2a3","icv_bits":128}}]"#;

const CBC_TRANSPORT: &str = r#"[{"proto":"esp","mode":"transport","spi":4097,"src":"10.1.0.1","dst":"10.2.0.1",
    "auth":{"name":"hmac(sha256)","key":"0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f","trunc_bits":128},
    "enc":{"name":"cbc(aes)","key":"0x000102030405060708090a0b0c0d0e0f"},"esn":true,"seq_hi":1,"seq":1,"replay_seq_hi":1}]"#;

const BUNDLE: &str = r#"[{"proto":"ah","mode":"transport","spi":4098,"src":"10.1.0.1","dst":"10.2.0.1",
    "auth":{"name":"hmac(sha1)","key":"0x000102030405060708090a0b0c0d0e0f10111213","trunc_bits":96}},
    {"proto":"esp","mode":"tunnel","spi":4099,"src":"2001:db8::1","dst":"2001:db8::2","tfc_pad":300,"encap":{"sport":4500,"dport":4500},
    "aead":{"name":"rfc7539esp(chacha20,poly1305)","key":"0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1fa0a1a2a3","icv_bits":128}}]"#;

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wirecraft-ipsec-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.0.join(name), text).unwrap();
        self.file(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn plain(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|index| {
            let payload = vec![index as u8; index * 37 % 900];
            let mut octets = vec![0; 28 + payload.len()];
            let (source, destination) = ([10, 1, 0, 1].into(), [10, 2, 0, 1].into());
            ipv4::Header::new(source, destination, Protocol::UDP, 8 + payload.len()).unwrap().emit(&mut octets).unwrap();
            octets[20..28].copy_from_slice(&[0x0f, 0xa1, 0x0f, 0xa0, 0, 0, 0, 0]);
            octets[24..26].copy_from_slice(&((udp::HEADER_LEN + payload.len()) as u16).to_be_bytes());
            octets[28..].copy_from_slice(&payload);
            octets
        })
        .collect()
}

fn write(path: &str, packets: &[Vec<u8>]) {
    let mut writer = pcap::Writer::new(fs::File::create(path).unwrap(), LinkType::RAW).unwrap();
    for (index, packet) in packets.iter().enumerate() {
        writer.frame(Duration::new(1_700_000_000 + index as u64, 5), packet).unwrap();
    }
    writer.finish().unwrap();
}

fn packets(path: &str) -> Vec<Vec<u8>> {
    let mut capture = Capture::open(Path::new(path)).unwrap();
    let mut packets = Vec::new();
    while let Some(frame) = capture.next_frame().unwrap() {
        assert_eq!(frame.time, Some(Duration::new(1_700_000_000 + packets.len() as u64, 5)));
        packets.push(frame.octets.to_vec());
    }
    packets
}

fn run(args: &[&str]) -> (u64, String) {
    let args = std::iter::once("wirecraft").chain(args.iter().copied());
    let mut out = Vec::new();
    let outcome = execute(&Cli::try_parse_from(args).unwrap(), &mut out).unwrap();
    (outcome.failed, String::from_utf8(out).unwrap())
}

#[test]
fn what_is_sealed_opens_to_what_it_was_one_by_one_and_in_batches() {
    let plain = plain(70);
    for (name, sas) in [("gcm", GCM_TUNNEL), ("cbc", CBC_TRANSPORT), ("bundle", BUNDLE)] {
        let folder = Folder::new(name);
        let (sa, input) = (folder.write("sa.json", sas), folder.file("plain.pcap"));
        write(&input, &plain);
        for (seal, open) in [("1", "1"), ("1", "33"), ("33", "1"), ("64", "64")] {
            let (sealed, opened) = (folder.file("sealed.pcap"), folder.file("opened.pcap"));
            let (failed, text) = run(&["ipsec", "seal", "--sa", &sa, "--in", &input, "--out", &sealed, "--batch", seal]);
            assert_eq!(failed, 0, "{text}");
            assert!(packets(&sealed).iter().zip(&plain).all(|(sealed, plain)| sealed.len() > plain.len()));
            let (failed, text) = run(&["ipsec", "open", "--sa", &sa, "--in", &sealed, "--out", &opened, "--batch", open]);
            assert_eq!(failed, 0, "{text}");
            assert_eq!(packets(&opened), plain, "{name}");
        }
    }
}

#[test]
fn a_seed_makes_the_same_octets_again_in_any_batch() {
    let folder = Folder::new("seed");
    let (sa, input) = (folder.write("sa.json", CBC_TRANSPORT), folder.file("plain.pcap"));
    write(&input, &plain(40));
    let seal = |name: &str, seed: &str, batch: &str| {
        let out = folder.file(name);
        run(&["ipsec", "seal", "--sa", &sa, "--in", &input, "--out", &out, "--iv-seed", seed, "--batch", batch]);
        packets(&out)
    };
    let first = seal("a", "7", "1");
    assert_eq!(first, seal("b", "7", "16"));
    assert_ne!(first, seal("c", "8", "1"));
}

#[test]
fn a_given_iv_is_the_first_packets() {
    let folder = Folder::new("iv");
    let (sa, input, out) = (folder.write("sa.json", CBC_TRANSPORT), folder.file("plain.pcap"), folder.file("out.pcap"));
    write(&input, &plain(2));
    let iv = "000102030405060708090a0b0c0d0e0f";
    run(&["ipsec", "seal", "--sa", &sa, "--in", &input, "--out", &out, "--iv", iv]);
    let sealed = packets(&out);
    assert_eq!(sealed[0][28..44], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    assert_ne!(sealed[1][28..44], sealed[0][28..44]);
}

#[test]
fn discards_are_audited_with_what_rfc_4301_asks_for() {
    let folder = Folder::new("audit");
    let (sa, input, sealed) = (folder.write("sa.json", GCM_TUNNEL), folder.file("plain.pcap"), folder.file("sealed.pcap"));
    write(&input, &plain(3));
    run(&["ipsec", "seal", "--sa", &sa, "--in", &input, "--out", &sealed]);
    let good = packets(&sealed);
    let mut forged = good[1].clone();
    *forged.last_mut().unwrap() ^= 1;
    let mut unknown = good[2].clone();
    unknown[20] ^= 1;
    write(&sealed, &[good[0].clone(), good[0].clone(), forged, unknown, plain(1).remove(0)]);
    let (out, audit) = (folder.file("out.pcap"), folder.file("audit.jsonl"));
    let (failed, text) = run(&["ipsec", "open", "--sa", &sa, "--in", &sealed, "--out", &out, "--audit", &audit]);
    assert_eq!((failed, packets(&out).len()), (4, 1), "{text}");
    let lines: Vec<Json> = fs::read_to_string(&audit).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let facts: Vec<_> = lines.iter().map(|line| (line["frame"].as_u64(), line["spi"].as_u64(), line["seq"].as_u64())).collect();
    assert_eq!(
        facts,
        [
            (Some(2), Some(4096), Some(1)),
            (Some(3), Some(4096), Some(2)),
            (Some(4), Some(4096 ^ 0x0100_0000), Some(3)),
            (Some(5), None, None)
        ]
    );
    assert_eq!((lines[1]["src"].as_str(), lines[1]["dst"].as_str()), (Some("192.0.2.1"), Some("192.0.2.2")));
    let reasons: Vec<_> = lines.iter().map(|line| line["reason"].as_str().unwrap()).collect();
    assert!(reasons[0].contains("received before") && reasons[1].contains("not authentic"), "{reasons:?}");
    assert!(reasons[2].contains("no association") && reasons[3].contains("neither"), "{reasons:?}");
}

#[test]
fn dissect_shows_what_is_inside_with_the_keys_and_what_is_not_authentic() {
    let folder = Folder::new("dissect");
    for sas in [GCM_TUNNEL, CBC_TRANSPORT, BUNDLE] {
        let (sa, input, sealed) = (folder.write("sa.json", sas), folder.file("plain.pcap"), folder.file("sealed.pcap"));
        write(&input, &plain(1));
        run(&["ipsec", "seal", "--sa", &sa, "--in", &input, "--out", &sealed]);
        let (_, text) = run(&["dissect", &sealed, "--json", "--sa", &sa]);
        let line: Json = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["esp.icv_good"], serde_json::json!([1]), "{line}");
        assert_eq!(line["error"], Json::Null, "{line}");
        assert_eq!(line["udp.dstport"].as_array().unwrap().last(), Some(&serde_json::json!(4000)), "{line}");
        assert!(line["esp.protocol"][0].is_u64() && line["esp.pad_len"][0].is_u64());
        let mut forged = packets(&sealed);
        *forged[0].last_mut().unwrap() ^= 1;
        write(&sealed, &forged);
        let (_, text) = run(&["dissect", &sealed, "--json", "--sa", &sa]);
        let line: Json = serde_json::from_str(text.trim()).unwrap();
        assert_eq!((&line["esp.icv_good"], &line["esp.protocol"]), (&serde_json::json!([0]), &Json::Null), "{line}");
    }
}
