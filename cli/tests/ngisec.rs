//! `ngisec seal`, `ngisec nat` and `ngisec open`, in process.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::Parser;
use ip_wire::checksum::pseudo_v4;
use ip_wire::link::LinkType;
use ip_wire::{Protocol, ipv4, udp};
use wirecraft_cli::args::Cli;
use wirecraft_cli::capture::Capture;
use wirecraft_cli::{execute, pcap};

const SA: &str = r#"[{"proto":"ah","mode":"transport","spi":4098,"src":"10.1.0.1","dst":"10.2.0.1",
    "auth":{"name":"hmac(sha1)","key":"0x000102030405060708090a0b0c0d0e0f10111213","trunc_bits":96}},
    {"proto":"esp","mode":"transport","spi":4097,"src":"10.1.0.1","dst":"10.2.0.1",
    "aead":{"name":"rfc4106(gcm(aes))","key":"0x000102030405060708090a0b0c0d0e0fa0a1a2a3","icv_bits":128}}]"#;

fn datagram(port: u16) -> Vec<u8> {
    let (source, destination) = ([10, 1, 0, 1].into(), [10, 2, 0, 1].into());
    let mut octets = vec![0; 32];
    ipv4::Header::new(source, destination, Protocol::UDP, 12).unwrap().emit(&mut octets).unwrap();
    let pseudo = pseudo_v4(source, destination, Protocol::UDP, 12);
    udp::Header::new(port, 53).emit(pseudo, b"data", &mut octets[20..]).unwrap();
    octets
}

fn packets(path: &Path) -> Vec<Vec<u8>> {
    let mut capture = Capture::open(path).unwrap();
    let mut all = Vec::new();
    while let Some(frame) = capture.next_frame().unwrap() {
        all.push(frame.octets.to_vec());
    }
    all
}

fn wirecraft(line: &str) -> Result<(u64, String), String> {
    let mut out = Vec::new();
    let cli = Cli::try_parse_from(line.split(' ')).map_err(|error| error.to_string())?;
    let outcome = execute(&cli, &mut out).map_err(|error| format!("{error:#}"))?;
    Ok((outcome.failed, String::from_utf8(out).unwrap()))
}

#[test]
fn every_form_is_sealed_translated_and_opened_and_the_translation_is_told() {
    let folder = std::env::temp_dir().join(format!("wirecraft-ngisec-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let at = |name: &str| folder.join(name).display().to_string();
    fs::write(at("sa.json"), SA).unwrap();
    let mut writer = pcap::Writer::new(Vec::new(), LinkType::RAW).unwrap();
    let mut icmp = datagram(1);
    icmp[9] = 1;
    ipv4::ViewMut::parse(&mut icmp).unwrap().fill_checksum();
    for octets in [datagram(1000), datagram(1001), icmp] {
        writer.frame(Duration::from_secs(7), &octets).unwrap();
    }
    fs::write(at("in.pcap"), writer.finish().unwrap()).unwrap();
    for form in ["plain", "tcpsec", "duplicate-encapsulating", "duplicate-appended"] {
        let channel = format!("--form {form} --sa {}", at("sa.json"));
        let line =
            format!("wirecraft ngisec seal {channel} --in {} --out {} --audit {}", at("in.pcap"), at("sealed"), at("audit"));
        let (failed, text) = wirecraft(&line).unwrap();
        assert_eq!(failed, 1);
        assert!(text.contains("discarded 1: protocol 1: neither TCP nor UDP"), "{text}");
        assert!(fs::read_to_string(at("audit")).unwrap().starts_with(r#"{"frame":3,"time":"7.000000000","reason":"protocol 1"#));
        let line = format!("wirecraft ngisec nat --address 203.0.113.1 --in {} --out {}", at("sealed"), at("outside"));
        assert_eq!(wirecraft(&line).unwrap().0, 0);
        let outside = packets(Path::new(&at("outside")));
        assert_eq!((&outside[0][12..16], &outside[0][20..22]), (&[203, 0, 113, 1][..], &40_000u16.to_be_bytes()[..]));
        let line = format!("wirecraft ngisec open {channel} --in {} --out {}", at("outside"), at("opened"));
        let (failed, text) = wirecraft(&line).unwrap();
        assert_eq!(failed, 0, "{text}");
        let opened = packets(Path::new(&at("opened")));
        let told = text.contains(" > 10.2.0.1:53 arrived as 203.0.113.1:40000 > 10.2.0.1:53");
        assert_eq!(told, form != "plain", "{text}");
        match form {
            "plain" => assert_eq!(opened[0][12..22], outside[0][12..22]),
            "tcpsec" => assert_eq!((&opened[0][20..24], &opened[0][28..]), (&datagram(1000)[20..24], &b"data"[..])),
            _ => assert_eq!(opened, [datagram(1000), datagram(1001)]),
        }
    }
    let one = SA.split("},\n").next().unwrap().to_owned() + "}]";
    fs::write(at("one.json"), one).unwrap();
    let line = format!("wirecraft ngisec seal --form plain --sa {} --in {} --out {}", at("one.json"), at("in.pcap"), at("x"));
    assert!(wirecraft(&line).unwrap_err().contains("one of AH and one of ESP"));
    fs::remove_dir_all(&folder).unwrap();
}

/// A folder that goes with the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("wirecraft-ngisec-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn at(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn capture(&self, name: &str, frames: &[Vec<u8>]) -> String {
        let mut writer = pcap::Writer::new(Vec::new(), LinkType::RAW).unwrap();
        for frame in frames {
            writer.frame(Duration::from_secs(7), frame).unwrap();
        }
        fs::write(self.at(name), writer.finish().unwrap()).unwrap();
        self.at(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn segment() -> Vec<u8> {
    let (source, destination) = ([10, 1, 0, 1].into(), [10, 2, 0, 1].into());
    let mut octets = vec![0; 44];
    ipv4::Header::new(source, destination, Protocol::TCP, 24).unwrap().emit(&mut octets).unwrap();
    let pseudo = pseudo_v4(source, destination, Protocol::TCP, 24);
    let mut header = ip_wire::tcp::Header::new(1000, 80);
    (header.sequence_number, header.window, header.flags) = (7, 512, ip_wire::tcp::Flags::SYN);
    header.emit(pseudo, b"data", &mut octets[20..]).unwrap();
    octets
}

/// The JSON of the one frame in a capture.
fn dissected(line: &str) -> serde_json::Value {
    serde_json::from_str(&wirecraft(&format!("wirecraft dissect {line}")).unwrap().1).unwrap()
}

fn layers(frame: &serde_json::Value) -> Vec<&str> {
    frame["layers"].as_array().unwrap().iter().map(|layer| layer.as_str().unwrap()).collect()
}

#[test]
fn dissect_shows_ah_esp_and_what_they_hide_behind_a_transport_header_by_their_associations() {
    use ip_wire::nat::{Endpoint, Rewrite};
    let folder = Folder::new("dissect");
    let sa = folder.at("sa.json");
    fs::write(&sa, SA).unwrap();
    for (t, original) in [("udp", datagram(1000)), ("tcp", segment())] {
        for (form, inside, protocol) in [
            ("plain", vec!["data"], if t == "udp" { 17 } else { 6 }),
            ("tcpsec", vec![t, "data"], if t == "udp" { 17 } else { 6 }),
            ("duplicate-encapsulating", vec!["ip", t, "data"], 4),
            ("duplicate-appended", vec!["ngisec", "ip", t, "data"], 4),
        ] {
            let plain = folder.capture("in.pcap", std::slice::from_ref(&original));
            let sealed = folder.at("sealed.pcap");
            wirecraft(&format!("wirecraft ngisec seal --form {form} --sa {sa} --in {plain} --out {sealed}")).unwrap();
            let octets = packets(Path::new(&sealed)).remove(0);
            // A translation of both ends: no association has this destination.
            let mut translated = octets.clone();
            let (near, far) = (Endpoint::new([203, 0, 113, 1].into(), 40_000), Endpoint::new([198, 51, 100, 1].into(), 8080));
            Rewrite { source: Some(near), destination: Some(far) }.apply(&mut translated).unwrap();
            for (octets, source) in [(octets, "10.1.0.1"), (translated, "203.0.113.1")] {
                let path = folder.capture("one.pcap", std::slice::from_ref(&octets));
                let frame = dissected(&format!("{path} --json --sa {sa}"));
                assert_eq!(layers(&frame), [&["ip", t, "ah", "esp"], &inside[..]].concat(), "{form}");
                assert_eq!(frame["error"], serde_json::Value::Null);
                let pad = frame["esp.pad_len"][0].as_u64().unwrap();
                for (key, value) in [
                    ("ah.next_header", 50),
                    ("ah.length", 4),
                    ("ah.spi", 4098),
                    ("ah.sequence", 1),
                    ("esp.spi", 4097),
                    ("esp.sequence", 1),
                    ("esp.pad_len", pad),
                    ("esp.protocol", protocol),
                    ("esp.icv_good", 1),
                ] {
                    assert_eq!(frame[key], serde_json::json!([value]), "{key} {form}");
                }
                // IP, T, AH 24, ESP 8 and IV 8, what is hidden, padding, 2, ICV 16.
                let t_len = if t == "udp" { 8 } else { 20 };
                let extra = match form {
                    "plain" => 0,
                    "tcpsec" => t_len,
                    "duplicate-encapsulating" => 20 + t_len,
                    _ => 24 + t_len,
                };
                assert_eq!(octets.len() as u64, 20 + t_len + 24 + 16 + 4 + extra + pad + 2 + 16);
                let sources = frame["ip.src"].as_array().unwrap();
                assert_eq!(sources[0], source);
                assert_eq!(sources.get(1).is_some_and(|inner| inner == "10.1.0.1"), form.starts_with("duplicate"));
                let ports = frame[format!("{t}.srcport")].as_array().unwrap();
                assert_eq!(ports[0], if source == "10.1.0.1" { 1000 } else { 40_000 });
                assert_eq!(ports.get(1).is_some_and(|inner| inner == 1000), form != "plain");
                // Without the associations it is payload.
                let frame = dissected(&format!("{path} --json"));
                assert_eq!((layers(&frame), frame.get("ah.spi")), (vec!["ip", t, "data"], None));
            }
        }
    }
}

#[test]
fn dissect_says_what_is_not_authentic_and_takes_no_other_payload_for_ah() {
    let folder = Folder::new("payload");
    let sa = folder.at("sa.json");
    fs::write(&sa, SA).unwrap();
    let sealed = folder.at("sealed.pcap");
    let plain = folder.capture("in.pcap", &[datagram(1000)]);
    wirecraft(&format!("wirecraft ngisec seal --form plain --sa {sa} --in {plain} --out {sealed}")).unwrap();
    let good = packets(Path::new(&sealed)).remove(0);
    let look = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut octets = good.clone();
        change(&mut octets);
        let path = folder.capture("one.pcap", &[octets]);
        let (_, text) = wirecraft(&format!("wirecraft dissect {path} --sa {sa}")).unwrap();
        (dissected(&format!("{path} --json --sa {sa}")), text)
    };
    let (_, text) = look(&|_| {});
    assert!(text.contains("authentication header (NGISec)") && !text.contains("not authentic"), "{text}");
    // ICV of AH, and the ciphertext: both SPIs are there, the ICV does not hold.
    for (at, esp_good) in [(40, 1), (70, 0)] {
        let (frame, text) = look(&|octets| octets[at] ^= 1);
        assert_eq!(layers(&frame)[..4], ["ip", "udp", "ah", "esp"]);
        assert!(text.contains("not authentic under the association's keys"), "{text}");
        assert_eq!(frame["esp.icv_good"], serde_json::json!([esp_good]));
    }
    // Next header, length, reserved field, SPI; SPI of ESP where nothing else shows what it is.
    for at in [28, 29, 30, 31, 35, 55] {
        let (frame, text) = look(&|octets| octets[at] ^= 1);
        assert_eq!((layers(&frame), frame.get("ah.spi")), (vec!["ip", "udp", "data"], None), "{at}\n{text}");
    }
    // Longer than its association's, and cut.
    let (frame, _) = look(&|octets| octets[29] += 1);
    assert_eq!(layers(&frame), ["ip", "udp", "data"]);
}
