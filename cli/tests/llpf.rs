//! `llpf keygen`, `llpf seal`, `llpf filter`, and what `dissect` shows of trailers, in process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use ip_wire::link::LinkType;
use ip_wire::{Protocol, ipv4, ipv6};
use serde_json::Value as Json;
use wirecraft_cli::args::Cli;
use wirecraft_cli::capture::Capture;
use wirecraft_cli::{execute, pcap};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("wirecraft-llpf-{name}-{}", std::process::id()));
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

const KEY: &str = "00112233445566778899aabbccddeeff";

fn table(host: u16, period: &str, start: u64, keys: usize) -> String {
    let keys: Vec<String> = (0..keys).map(|at| format!("\"{:02x}{}\"", at, &KEY[2..])).collect();
    format!(
        r#"{{"version":1,"host_id":{host},"algorithm":"hmac-md5","period_s":{period},"start_s":{start},"keys":[{}]}}"#,
        keys.join(",")
    )
}

fn v4(len: usize) -> Vec<u8> {
    let mut octets = vec![0x35; 20 + len];
    let (a, b) = ([10, 1, 0, 1].into(), [10, 2, 0, 1].into());
    ipv4::Header::new(a, b, Protocol(99), len).unwrap().emit(&mut octets).unwrap();
    octets
}

fn v6(len: usize) -> Vec<u8> {
    let mut octets = vec![0x35; 40 + len];
    let (a, b) = ("2001:db8::1".parse().unwrap(), "2001:db8:9::1".parse().unwrap());
    ipv6::Header::new(a, b, Protocol(99), len).unwrap().emit(&mut octets).unwrap();
    octets
}

/// One packet a second from 1,000 s on.
fn write(path: &str, packets: &[Vec<u8>]) {
    let mut writer = pcap::Writer::new(fs::File::create(path).unwrap(), LinkType::RAW).unwrap();
    for (index, packet) in packets.iter().enumerate() {
        writer.frame(Duration::new(1000 + index as u64, 5), packet).unwrap();
    }
    writer.finish().unwrap();
}

fn read(path: &str) -> Vec<(Duration, Vec<u8>)> {
    let mut capture = Capture::open(path.as_ref()).unwrap();
    let mut packets = Vec::new();
    while let Some(frame) = capture.next_frame().unwrap() {
        assert_eq!(frame.link_type, LinkType::RAW);
        packets.push((frame.time.unwrap(), frame.octets.to_vec()));
    }
    packets
}

fn run(args: &[&str]) -> Result<(String, u64), String> {
    let cli = Cli::try_parse_from([&["wirecraft", "llpf"], args].concat()).map_err(|error| error.to_string())?;
    let mut out = Vec::new();
    let outcome = execute(&cli, &mut out).map_err(|error| format!("{error:#}"))?;
    Ok((String::from_utf8(out).unwrap(), outcome.failed))
}

fn audit(path: &str) -> Vec<Json> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_is_sealed_passes_the_filter_with_its_times() {
    let folder = Folder::new("round");
    let (plain, sealed, back) = (folder.file("plain.pcap"), folder.file("sealed.pcap"), folder.file("back.pcap"));
    let packets: Vec<_> = (0..40).map(|at| if at % 3 == 0 { v6(at * 30) } else { v4(at * 30) }).collect();
    write(&plain, &packets);
    let table = folder.write("table.json", &table(7, "15", 990, 25));
    for (gateway, source) in [("198.51.100.1", "192.0.2.7"), ("2001:db8:ff::1", "2001:db8::7")] {
        let args = [
            "seal",
            "--table",
            &table,
            "--gateway",
            gateway,
            "--source",
            source,
            "--ttl",
            "9",
            "--df",
            "0",
            "--in",
            &plain,
            "--out",
            &sealed,
        ];
        let (shown, failed) = run(&args).unwrap();
        assert!(shown.contains("packets written               40") && failed == 0, "{shown}");
        for (at, (time, octets)) in read(&sealed).iter().enumerate() {
            let view = llpf_wire::trailer::View::parse(octets).unwrap();
            assert_eq!((view.key().host().0, u64::from(view.key().index())), (7, (10 + at as u64) / 15));
            assert_eq!(*time, Duration::new(1000 + at as u64, 5));
            if gateway.contains('.') {
                let outer = ipv4::View::parse(octets).unwrap();
                assert_eq!(
                    (outer.ttl(), outer.flags().dont_fragment(), outer.destination().to_string().as_str()),
                    (9, false, gateway)
                );
            }
        }
        for policy in [&["--policy", "any"][..], &["--policy", "in-period", "--skew", "0"], &[]] {
            let args = [&["filter", "--table", &table, "--in", &sealed, "--out", &back], policy].concat();
            assert_eq!(run(&args).unwrap().1, 0);
            let passed: Vec<_> = read(&back).into_iter().map(|(_, octets)| octets).collect();
            assert_eq!(passed, packets);
        }
    }
}

#[test]
fn what_is_refused_is_counted_and_audited() {
    let folder = Folder::new("audit");
    let (plain, sealed, back) = (folder.file("plain.pcap"), folder.file("sealed.pcap"), folder.file("back.pcap"));
    let file = folder.file("audit.jsonl");
    write(&plain, &[v4(10), v4(20), v4(30), v4(40), v6(50)]);
    let of_seven = folder.write("seven.json", &table(7, "1", 1000, 3));
    let seal = [
        "seal",
        "--table",
        &of_seven,
        "--gateway",
        "198.51.100.1",
        "--in",
        &plain,
        "--out",
        &sealed,
        "--audit",
        &file,
        "--strict",
    ];
    let (shown, failed) = run(&seal).unwrap();
    // Three keys of a second; then the table has cycled through, and nothing is left of it for the packet of the other family either.
    assert!(failed == 2 && shown.contains("2  key table"), "{shown}");
    let lines = audit(&file);
    assert_eq!(
        (lines.len(), &lines[0]["frame"], &lines[0]["reason"]),
        (2, &4.into(), &"the key table has cycled through".into())
    );
    let wrapped = [&seal[..], &["--wrap"]].concat();
    let (shown, failed) = run(&wrapped).unwrap();
    assert!(failed == 1 && shown.contains("1  outer source address"), "{shown}");
    // Of the four sealed ones: another host's, forged, as it was, and in a period that is over.
    let mut packets: Vec<_> = read(&sealed).into_iter().map(|(_, octets)| octets).collect();
    let at = packets[0].len() - 20;
    packets[0][at + 1] = 8;
    packets[1][30] ^= 1;
    packets.push(v4(60));
    write(&sealed, &packets);
    let args = [
        "filter",
        "--table",
        &of_seven,
        "--policy",
        "in-period",
        "--skew",
        "0.5",
        "--in",
        &sealed,
        "--out",
        &back,
        "--audit",
        &file,
        "--strict",
    ];
    let (shown, failed) = run(&args).unwrap();
    assert_eq!(failed, 4, "{shown}");
    assert_eq!(read(&back).into_iter().map(|(_, octets)| octets).collect::<Vec<_>>(), [v4(30)]);
    let lines = audit(&file);
    let expected = [
        r#"{"frame":1,"time":"1000.000000005","reason":"key 8/0: no table of this host","src":"10.1.0.1","dst":"198.51.100.1","host_id":8,"key_index":0}"#,
        r#"{"frame":2,"time":"1001.000000005","reason":"not authentic","src":"10.1.0.1","dst":"198.51.100.1","host_id":7,"key_index":1}"#,
        r#"{"frame":4,"time":"1003.000000005","reason":"key 7/0: used outside of its cryptoperiod","src":"10.1.0.1","dst":"198.51.100.1","host_id":7,"key_index":0}"#,
    ];
    for (line, expected) in lines.iter().zip(expected) {
        assert_eq!(line.to_string(), expected);
    }
    assert_eq!((lines.len(), &lines[3]["key_index"]), (4, &Json::Null));
    let with_wrap = [&args[..], &["--wrap"]].concat();
    assert_eq!(run(&with_wrap).unwrap().1, 3);
}

#[test]
fn fragments_are_put_together_before_they_are_filtered() {
    let folder = Folder::new("fragments");
    let (plain, sealed, back) = (folder.file("plain.pcap"), folder.file("sealed.pcap"), folder.file("back.pcap"));
    write(&plain, &[v4(1200)]);
    let table = folder.write("table.json", &table(7, "15", 1000, 3));
    run(&["seal", "--table", &table, "--gateway", "198.51.100.1", "--df", "0", "--in", &plain, "--out", &sealed]).unwrap();
    let whole = read(&sealed)[0].1.clone();
    let fragments: Vec<Vec<u8>> = ipv4::fragment::Fragments::new(ipv4::View::parse(&whole).unwrap(), 576)
        .unwrap()
        .map(|fragment| {
            let mut octets = vec![0; 576];
            let len = fragment.emit(&mut octets).unwrap();
            octets.truncate(len);
            octets
        })
        .collect();
    write(&sealed, &fragments);
    let (shown, failed) = run(&["filter", "--table", &table, "--in", &sealed, "--out", &back]).unwrap();
    assert_eq!((failed, fragments.len()), (0, 3), "{shown}");
    assert_eq!(read(&back), [(Duration::new(1002, 5), v4(1200))]);
}

#[test]
fn several_tables_of_hosts_and_a_refresh_of_one() {
    let folder = Folder::new("tables");
    let (plain, back) = (folder.file("plain.pcap"), folder.file("back.pcap"));
    let mut sealed = Vec::new();
    let tables = [(7, 1000, 2), (8, 1000, 4), (7, 1002, 2)]
        .map(|(host, start, keys)| folder.write(&format!("{host}-{start}.json"), &table(host, "1", start, keys)));
    for (at, table) in [(0, 0), (1, 1), (2, 2), (3, 1)] {
        // The packet at its time, alone.
        let mut packets = vec![vec![0]; at];
        packets.push(v4(at));
        write(&plain, &packets);
        let out = folder.file("one.pcap");
        run(&["seal", "--table", &tables[table], "--gateway", "198.51.100.1", "--in", &plain, "--out", &out]).unwrap();
        sealed.push(read(&out)[0].1.clone());
    }
    write(&plain, &sealed);
    let three = ["--table", &tables[0], "--table", &tables[1], "--table", &tables[2]];
    for policy in ["any", "in-period"] {
        let args = [&["filter", "--policy", policy, "--skew", "0", "--in", &plain, "--out", &back], &three[..]].concat();
        assert_eq!(run(&args).unwrap().1, 0);
        assert_eq!(read(&back).len(), 4);
    }
    let args = [&["filter", "--in", &plain, "--out", &back, "--table", &tables[0]], &three[..]].concat();
    let error = run(&args).unwrap_err();
    assert!(error.contains("host 7 has two tables already"), "{error}");
}

#[test]
fn keygen_writes_the_table_that_was_asked_for() {
    let folder = Folder::new("keygen");
    let (one, other) = (folder.file("one.json"), folder.file("other.json"));
    let seed = folder.write("seed", "sixteen octets or more");
    let seeded = |out: &str| {
        run(&[
            "keygen",
            "--host-id",
            "3",
            "--keys",
            "4",
            "--period",
            "0.5",
            "--algorithm",
            "hmac-sha1",
            "--seed-file",
            &seed,
            "--out",
            out,
        ])
        .unwrap();
        fs::read_to_string(out).unwrap()
    };
    let text = seeded(&one);
    assert_eq!(text, seeded(&other));
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["host_id"], &json["period_s"], &json["start_s"]), (&3.into(), &0.5.into(), &0.into()));
    assert_eq!((&json["algorithm"], json["keys"].as_array().unwrap().len()), (&"hmac-sha1".into(), 4));
    assert!(json["keys"].as_array().unwrap().iter().all(|key| key.as_str().unwrap().len() == 40));
    for algorithm in ["hmac-md5", "hmac-sha1", "hmac-sha256", "aes-cmac"] {
        let args = [
            "keygen",
            "--host-id",
            "1",
            "--keys",
            "25",
            "--period",
            "15",
            "--algorithm",
            algorithm,
            "--os-random",
            "--out",
            &one,
        ];
        run(&args).unwrap();
        let first = fs::read_to_string(&one).unwrap();
        run(&args).unwrap();
        assert_ne!(first, fs::read_to_string(&one).unwrap());
        // What it writes the other commands read.
        let (plain, sealed) = (folder.file("plain.pcap"), folder.file("sealed.pcap"));
        write(&plain, &[v4(1)]);
        run(&["seal", "--table", &one, "--gateway", "198.51.100.1", "--wrap", "--in", &plain, "--out", &sealed]).unwrap();
        assert_eq!(run(&["filter", "--table", &one, "--in", &sealed, "--out", &plain]).unwrap().1, 0);
    }
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&one).unwrap().permissions()) & 0o777, 0o600);
    let short = folder.write("short", "too short");
    for (args, expected) in [
        (&["--seed-file", &short][..], "9 octets, at least 16 needed"),
        (&[], "required"),
        (&["--os-random", "--seed-file", &seed], "cannot be used with"),
        (&["--os-random", "--keys", "0"], "65536"),
        (&["--os-random", "--period=-1"], "--period"),
        (&["--os-random", "--algorithm", "md5"], "hmac-md5, hmac-sha1, hmac-sha256, aes-cmac"),
    ] {
        let error = run(&[&["keygen", "--host-id", "1", "--out", &one], args].concat()).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn errors_name_the_file() {
    let folder = Folder::new("errors");
    let plain = folder.file("plain.pcap");
    write(&plain, &[v4(1)]);
    let bad = folder.write("bad.json", r#"{"version":1,"colour":"red"}"#);
    let missing = folder.file("missing.json");
    let out = folder.file("out.pcap");
    for (table, expected) in [(&bad, "unknown key `colour`"), (&missing, "missing.json")] {
        for args in [
            &["seal", "--table", table, "--gateway", "192.0.2.1", "--in", &plain, "--out", &out][..],
            &["filter", "--table", table, "--in", &plain, "--out", &out],
        ] {
            let error = run(args).unwrap_err();
            assert!(error.contains(expected) && error.contains(table.as_str()), "{error}");
        }
    }
}

#[test]
fn dissect_shows_a_trailer_only_where_it_is_one_beyond_doubt() {
    let folder = Folder::new("dissect");
    let (plain, sealed) = (folder.file("plain.pcap"), folder.file("sealed.pcap"));
    write(&plain, &[v4(10), v6(10)]);
    let table = folder.write("table.json", &table(7, "15", 1000, 3));
    run(&["seal", "--table", &table, "--gateway", "198.51.100.1", "--source", "192.0.2.7", "--in", &plain, "--out", &sealed])
        .unwrap();
    let lines = |path: &str| -> Vec<Json> {
        let cli = Cli::try_parse_from(["wirecraft", "dissect", "--json", path]).unwrap();
        let mut out = Vec::new();
        execute(&cli, &mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let shown = lines(&sealed);
    assert_eq!(shown[0]["layers"], serde_json::json!(["ip", "llpf", "ip", "data"]));
    assert_eq!(shown[1]["layers"], serde_json::json!(["ip", "llpf", "ipv6", "data"]));
    assert_eq!(shown[0]["ip.len"], serde_json::json!([74, 30]));
    for (line, ipl) in shown.iter().zip([54, 74]) {
        assert_eq!((&line["llpf.version"], &line["llpf.option"]), (&serde_json::json!([1]), &serde_json::json!([0])));
        assert_eq!((&line["llpf.ipl"], &line["llpf.host_id"]), (&serde_json::json!([ipl]), &serde_json::json!([7])));
        assert_eq!(line["llpf.key_index"], serde_json::json!([0]));
        assert_eq!(line["llpf.mac"][0].as_str().unwrap().len(), 32);
        assert_eq!(line["error"], Json::Null);
    }
    // Another version, a padding bit, a length that differs, an inner length that differs, a fragment.
    let whole = read(&sealed)[0].1.clone();
    let at = whole.len() - 24;
    for (position, octet) in [(at, 0x40), (at + 1, 1), (at + 3, 55), (23, 29), (6, 0x20)] {
        let mut octets = whole.clone();
        octets[position] = octet;
        write(&sealed, &[octets]);
        assert!(!lines(&sealed)[0]["layers"].as_array().unwrap().contains(&"llpf".into()), "{position}");
    }
    let cli = Cli::try_parse_from(["wirecraft", "dissect", &sealed]).unwrap();
    write(&sealed, &[whole]);
    let mut out = Vec::new();
    execute(&cli, &mut out).unwrap();
    let tree = String::from_utf8(out).unwrap();
    assert!(tree.contains("LLPF Authentication Trailer  [50..74]") && tree.contains("(30 and the trailer)"), "{tree}");
}
