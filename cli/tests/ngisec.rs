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
