//! `wirecraft tour`: what it counts, that it balances, and that it goes with any capture.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use ip_wire::Protocol;
use ip_wire::ip::Packet;
use ip_wire::link::LinkType;
use proptest::prelude::*;
use serde_json::{Value, json};
use wirecraft_cli::capture::{Capture, SAMPLE};
use wirecraft_cli::pcap::Writer;
use wirecraft_cli::tour::{Fault, Octet, Options, Report, compare, svg, travel};

fn wirecraft(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wirecraft")).args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A file of its own for a test.
fn file(name: &str, octets: &[u8]) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tour-{name}"));
    fs::write(&path, octets).unwrap();
    path
}

/// A capture of raw IP with a packet a time, in milliseconds.
fn raw_ip(packets: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), LinkType::RAW).unwrap();
    packets.iter().for_each(|(ms, packet)| writer.frame(Duration::from_millis(1_700_000_000_000 + ms), packet).unwrap());
    writer.finish().unwrap()
}

/// An IPv4 packet with UDP of `len` octets from a port to another, without a UDP checksum.
fn datagram(from: u16, to: u16, len: usize) -> Vec<u8> {
    let total = u16::try_from(28 + len).unwrap().to_be_bytes();
    let mut octets = vec![0x45, 0, total[0], total[1], 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 198, 51, 100, 7];
    octets.extend([from.to_be_bytes(), to.to_be_bytes(), u16::try_from(8 + len).unwrap().to_be_bytes(), [0, 0]].concat());
    octets.extend((0..len).map(|at| u8::try_from(at % 251).unwrap()));
    ip_wire::ipv4::ViewMut::parse(&mut octets).unwrap().fill_checksum();
    octets
}

/// A tour in process, measured as shortly as can be.
fn report(mut capture: Capture, seed: u64, loss: f64) -> Report {
    let options = Options { seed, loss, measured: Duration::ZERO };
    let (mut report, damage) = travel(&mut capture, &options, &mut |_, _| {}).unwrap();
    assert!(damage.is_none() && report.faults.count() == 0, "{seed}: {:?}", report.faults);
    report.rows.iter_mut().for_each(|row| row.timing = Default::default());
    report
}

/// The lines of a tour: the capture, the stages, faults.
fn lines(args: &[&str]) -> Vec<Value> {
    let output = wirecraft(&[&["tour", "--json"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}", stdout(&output));
    stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn counts(line: &Value) -> (&str, u64, u64, u64, u64) {
    let sum = |key: &str| line[key].as_object().map_or(0, |map| map.values().filter_map(Value::as_u64).sum());
    let number = |key: &str| line[key].as_u64().unwrap();
    (line["stage"].as_str().unwrap_or("capture"), number("in"), number("out"), sum("discards"), sum("passed_by"))
}

/// Every stage's own balance, and that what leaves one comes to the next.
fn assert_balance(lines: &[Value]) {
    assert_eq!(lines.len(), 13);
    let mut coming = None;
    for line in lines {
        let (stage, entered, left, discarded, passed) = counts(line);
        assert_eq!(entered, left + discarded, "{stage}");
        assert_eq!(coming.unwrap_or(entered), entered + passed, "{stage}");
        coming = Some(left + passed);
    }
}

#[test]
fn the_sample_is_counted_packet_by_packet() {
    let lines = lines(&[]);
    assert_balance(&lines);
    let found: Vec<_> = lines.iter().map(counts).collect();
    let expected = [
        ("capture", 121, 104, 17, 0),
        ("mark", 101, 101, 0, 3),
        ("LLPF seal", 99, 99, 0, 5),
        ("AAL5 segment", 104, 104, 0, 0),
        ("AAL5 reassemble", 104, 101, 3, 0),
        ("LLPF filter", 97, 97, 0, 4),
        ("ESP seal", 99, 99, 0, 2),
        ("ESP open", 99, 99, 0, 2),
        ("NGISec seal", 59, 59, 0, 42),
        ("NAT", 59, 59, 0, 42),
        ("NGISec open", 59, 59, 0, 42),
        ("6to4 encapsulate", 41, 41, 0, 60),
        ("6to4 decapsulate", 41, 41, 0, 60),
    ];
    assert_eq!(found, expected);
    // 44 octets of outer header and trailer, 20 of an IPv4 header: each for each packet.
    assert_eq!((lines[2]["overhead"].as_i64(), lines[5]["overhead"].as_i64()), (Some(99 * 44), Some(-97 * 44)));
    assert_eq!((lines[11]["overhead"].as_i64(), lines[12]["overhead"].as_i64()), (Some(41 * 20), Some(-41 * 20)));
    assert_eq!((lines[6]["overhead"].as_i64(), lines[7]["overhead"].as_i64()), (Some(5520), Some(-5520)));
    assert_eq!(lines[0]["discards"], json!({"no IP packet": 17}));
    assert_eq!(lines[1]["notes"], json!({"CS0": 35, "AF11": 9, "AF21": 37, "AF22": 19, "EF": 1}));
    assert_eq!(lines[4]["discards"], json!({"length": 2, "unfinished": 1}));
    assert_eq!(lines[4]["notes"], json!({"cells arrived": 332, "lost": 2}));
    assert_eq!(lines[5]["passed_by"], json!({"passed by LLPF seal": 4}));
    assert_eq!(lines[11]["passed_by"], json!({"IPv4": 60}));
}

#[test]
fn json_has_the_table_with_times() {
    let lines = lines(&["--seed", "7", "--loss", "0.25"]);
    assert_balance(&lines);
    let keys = |line: &Value| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&lines[0]), ["capture", "seed", "loss", "in", "out", "discards", "faults"]);
    assert_eq!(
        (&lines[0]["capture"], &lines[0]["seed"], &lines[0]["loss"]),
        (&json!("(embedded sample)"), &json!(7), &json!(0.25))
    );
    for line in &lines[1..] {
        let all = ["stage", "in", "out", "discards", "passed_by", "overhead", "ns_per_packet", "gbit_per_s", "notes"];
        assert_eq!(keys(line), all);
        assert!(line["ns_per_packet"].as_f64().unwrap() > 0.0 && line["gbit_per_s"].as_f64().unwrap() > 0.0, "{line}");
    }
}

#[test]
fn the_table_says_what_happened_and_is_the_same_but_for_times() {
    let shown = || {
        let output = wirecraft(&["tour"]);
        assert_eq!(output.status.code(), Some(0));
        assert!(output.stderr.is_empty());
        stdout(&output)
    };
    let text = shown();
    let start = "(embedded sample): 121 frames, 104 IP packets; the line loses 0.01 of the cells, seed 1\n";
    assert!(text.starts_with(start), "{text}");
    for part in [
        "\nstage                   in      out  discards  passed by    overhead   ns/packet   Gbit/s\n",
        "\ncapture                121      104        17          0\n",
        "\nAAL5 reassemble        104      101         3          0       -6182 ",
        "\n                 discarded 2: length\n",
        "\n                 passed by 26: neither TCP nor UDP\n",
        "\nEvery packet that came out of a stage is, octet by octet, what it was to be.\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("ERROR") && text.lines().all(|line| line.len() <= 132));
    // What stands before the two columns of times.
    let counts = |text: &str| -> Vec<String> { text.lines().map(|line| line.chars().take(68).collect()).collect() };
    assert_eq!(counts(&text), counts(&shown()));
}

#[test]
fn the_readme_shows_lines_of_this_very_table() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let shown = readme.split("```text\n(embedded sample)").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let text = stdout(&wirecraft(&["tour"]));
    // The two columns of times are other ones each time.
    let counts = |line: &str| line.chars().take(68).collect::<String>().trim_end().to_owned();
    let table: Vec<String> = text.lines().map(counts).collect();
    let shown: Vec<String> = format!("(embedded sample){shown}").lines().map(counts).filter(|line| line != "...").collect();
    assert!(shown.len() > 12);
    let mut at = 0;
    for line in shown {
        let found = table[at..].iter().position(|known| *known == line);
        assert!(found.is_some(), "`{line}` is not in the table, or not in this place");
        at += found.unwrap() + 1;
    }
}

#[test]
fn without_loss_every_packet_comes_back_and_with_certain_loss_none() {
    let whole = lines(&["--loss", "0"]);
    assert_balance(&whole);
    assert_eq!(counts(&whole[4]), ("AAL5 reassemble", 104, 104, 0, 0));
    assert!(whole[1..].iter().all(|line| counts(line).3 == 0));
    assert_eq!(whole[2]["out"], whole[5]["in"]);
    let none = lines(&["--loss", "1"]);
    assert_balance(&none);
    assert_eq!((counts(&none[4]).3, &none[4]["discards"]), (104, &json!({"lost-end": 104})));
    assert!(none[5..].iter().all(|line| counts(line).1 + counts(line).4 == 0 && line["ns_per_packet"].is_null()));
}

#[test]
fn every_seed_balances_and_gives_the_same_tour_again() {
    for (seed, loss) in (0..12).zip([0.001, 0.02, 0.1, 0.5].into_iter().cycle()) {
        let tour = || report(Capture::sample().unwrap(), seed, loss);
        assert_eq!(tour(), tour(), "{seed}");
    }
    let lost = |seed| report(Capture::sample().unwrap(), seed, 0.1).rows[3].discarded();
    assert!((0..5).map(lost).collect::<std::collections::BTreeSet<_>>().len() > 1, "the seed has no effect");
}

#[test]
fn the_first_octet_that_differs_is_found() {
    assert_eq!(compare(&[], &[]), None);
    assert_eq!(compare(&[1, 2, 3], &[1, 2, 3]), None);
    let octet = |offset, expected, found| Some(Octet { offset, expected, found });
    assert_eq!(compare(&[1, 2, 3], &[0, 2, 4]), octet(0, Some(1), Some(0)));
    assert_eq!(compare(&[1, 2, 3], &[1, 2, 4]), octet(2, Some(3), Some(4)));
    assert_eq!(compare(&[1, 2, 3], &[1, 2]), octet(2, Some(3), None));
    assert_eq!(compare(&[1, 2], &[1, 2, 0]), octet(2, None, Some(0)));
    // A planted difference in a long packet, at every place.
    let packet: Vec<u8> = (0..=255).collect();
    for at in 0..packet.len() {
        let mut planted = packet.clone();
        planted[at] ^= 0x10;
        let octet = compare(&packet, &planted).unwrap();
        assert_eq!((octet.offset, octet.expected, octet.found), (at, Some(packet[at]), Some(planted[at])));
        let shown = Fault::difference("ESP open", 12, octet).to_string();
        assert_eq!(shown, format!("ESP open: frame 12: octet {at} is {:#04x}, not {:#04x}", planted[at], packet[at]));
    }
}

#[test]
fn odd_packets_of_a_capture_go_around_what_cannot_take_them() {
    let mut clipped = datagram(1, 2, 400);
    clipped.truncate(200);
    let mut later = datagram(1, 2, 64);
    later[6..8].copy_from_slice(&[0x20, 8]);
    ip_wire::ipv4::ViewMut::parse(&mut later).unwrap().fill_checksum();
    let six = [&[0x60, 0, 0, 0, 0, 0, 59, 64][..], &[0xfd; 32]].concat();
    // Times go backwards, and on for years.
    let packets = [
        (5_000, datagram(1000, 53, 0)),
        (1_000, datagram(1000, 53, 65_507)),
        (2_000_000_000, datagram(1000, 53, 65_440)),
        (3_000_000_000, clipped),
        (3_000_000_001, later),
        (3_000_000_002, six),
        (3_000_000_003, vec![0x45]),
        (3_000_000_004, vec![0x6f; 39]),
        (3_000_000_005, vec![0x10; 60]),
    ];
    let path = file("odd.pcap", &raw_ip(&packets));
    let lines = lines(&["--loss", "0", path.to_str().unwrap()]);
    assert_balance(&lines);
    let found: Vec<_> = lines.iter().map(counts).collect();
    assert_eq!(found[0], ("capture", 9, 8, 1, 0));
    assert_eq!(lines[1]["passed_by"], json!({"malformed: IPv4 header": 1, "malformed: IPv6 header": 1}));
    let cut = json!({"cut short: IPv4 total length": 1, "malformed: IPv4 header": 1, "malformed: IPv6 header": 1, "too long": 1});
    assert_eq!((&lines[2]["passed_by"], found[2].1), (&cut, 4));
    assert_eq!(lines[3]["passed_by"], json!({"longer than an AAL5 SDU's 65535 octets": 1}));
    assert_eq!((lines[6]["passed_by"]["too long"].as_u64(), lines[8]["passed_by"]["fragment"].as_u64()), (Some(1), Some(1)));
    assert_eq!((found[11].1, &lines[11]["passed_by"]), (1, &json!({"IPv4": 6, "malformed: IPv6 header": 1})));
}

#[test]
fn a_jumbogram_is_marked_and_goes_around_what_is_too_small_for_it() {
    // RFC 2675: a payload of 3,000,000 octets behind hop-by-hop options, which say so.
    let payload = 3_000_000u32;
    let mut jumbo = [&[0x60, 0, 0, 0, 0, 0, 0, 64][..], &[0xfd; 32], &[59, 0, 0xc2, 4], &payload.to_be_bytes()].concat();
    jumbo.resize(40 + usize::try_from(payload).unwrap(), 0x5a);
    let path = file("jumbo.pcap", &raw_ip(&[(0, jumbo), (1, datagram(1, 53, 5))]));
    let lines = lines(&["--loss", "0", path.to_str().unwrap()]);
    assert_balance(&lines);
    assert_eq!(counts(&lines[1]), ("mark", 2, 2, 0, 0));
    for (line, reason) in [(2, "too long"), (3, "longer than an AAL5 SDU's 65535 octets"), (6, "too long"), (11, "too long")] {
        assert_eq!(lines[line]["passed_by"][reason], 1, "{}", lines[line]);
    }
}

#[test]
fn state_goes_on_over_more_packets_than_a_batch_has() {
    let packets: Vec<_> = (0..2500u16).map(|at| (u64::from(at) * 40, datagram(1024 + at, 53, usize::from(at % 300)))).collect();
    let path = file("many.pcap", &raw_ip(&packets));
    let lines = lines(&[path.to_str().unwrap()]);
    assert_balance(&lines);
    assert_eq!((counts(&lines[2]).2, counts(&lines[6]).2), (2500, counts(&lines[4]).2));
    assert!(counts(&lines[4]).3 > 50 && counts(&lines[4]).2 > 2000);
}

#[test]
fn a_capture_without_packets_and_one_without_ip_have_nothing_to_take() {
    let empty = file("empty.pcap", &raw_ip(&[]));
    let mut arp = Writer::new(Vec::new(), LinkType::ETHERNET).unwrap();
    arp.frame(Duration::ZERO, &[&[0xff; 12][..], &[8, 6], &[0; 46]].concat()).unwrap();
    let arp = file("arp.pcap", &arp.finish().unwrap());
    for (path, frames) in [(empty, 0), (arp, 1)] {
        let path = path.to_str().unwrap();
        let output = wirecraft(&["tour", path]);
        assert_eq!(output.status.code(), Some(0));
        let text = stdout(&output);
        assert!(text.contains(&format!("{frames} frames, 0 IP packets")), "{text}");
        assert!(text.ends_with("no frame has an IP packet: there is nothing to take on the tour\n"), "{text}");
        let lines = lines(&[path]);
        assert_balance(&lines);
        assert!(lines[1..].iter().all(|line| counts(line).1 == 0));
    }
}

#[test]
fn what_cannot_be_read_and_bad_usage_end_with_status_2() {
    let text = file("text.pcap", b"this is no capture, whatever its name says");
    for path in [text.to_str().unwrap(), "no/such/file.pcap"] {
        let output = wirecraft(&["tour", path]);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty() && String::from_utf8_lossy(&output.stderr).starts_with(&format!("wirecraft: {path}: ")));
    }
    for args in [&["tour", "--loss", "1.5"][..], &["tour", "--seed", "x"], &["tour", "a", "b"]] {
        assert_eq!(wirecraft(args).status.code(), Some(2), "{args:?}");
    }
    let output = wirecraft(&["tour", "--svg", "no/such/folder/tour.svg"]);
    assert_eq!(output.status.code(), Some(2));
    // A damaged capture goes on the tour up to the damage.
    let damaged = file("damaged.pcapng", &SAMPLE[..SAMPLE.len() - 5]);
    let output = wirecraft(&["tour", damaged.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stdout(&output).contains("120 frames, 103 IP packets") && stdout(&output).contains("6to4 decapsulate "));
    assert!(String::from_utf8_lossy(&output.stderr).contains("damaged.pcapng: frame 121 "));
}

#[test]
fn the_committed_picture_is_what_the_tour_draws_now() {
    let path = file("tour.svg", b"");
    assert_eq!(wirecraft(&["tour", "--svg", path.to_str().unwrap()]).status.code(), Some(0));
    let drawn = fs::read_to_string(path).unwrap();
    let committed = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tour.svg")).unwrap();
    assert!(drawn == committed, "run `cargo run -p wirecraft-cli -- tour --svg docs/tour.svg`");
    for part in ["<svg xmlns=", "viewBox=\"0 0 ", "<title ", "<desc ", ">104 in, 101 out<", ">3 lost<", ">42 passed by<"] {
        assert!(drawn.contains(part), "{part}");
    }
    assert!(!drawn.contains("ns/packet") && !drawn.contains("Gbit"));
}

#[test]
fn a_picture_escapes_the_name_of_the_capture() {
    let capture = Capture::new("a<b&c".into(), std::io::Cursor::new(raw_ip(&[]))).unwrap();
    assert!(svg(&report(capture, 1, 0.0)).contains("a&lt;b&amp;c: 0 frames"));
}

/// The IP packets of the sample.
fn sample() -> Vec<Vec<u8>> {
    let (mut capture, mut packets) = (Capture::sample().unwrap(), Vec::new());
    while let Some(frame) = capture.next_frame().unwrap() {
        packets.extend(wirecraft_cli::atm::packet(&frame).map(<[u8]>::to_vec));
    }
    packets
}

/// Makes the checksums of a packet right, where it can be read, so that it gets further.
fn mend(packet: &mut [u8]) {
    if let Ok(mut view) = ip_wire::ipv4::ViewMut::parse(packet) {
        view.fill_checksum();
    }
    let Ok(read) = Packet::parse(packet) else { return };
    let Ok(upper) = read.upper_layer() else { return };
    let at = match upper.protocol {
        Protocol::UDP => 6,
        Protocol::TCP => 16,
        _ => return,
    };
    let (start, len) = (usize::try_from(upper.offset).unwrap(), upper.octets.len());
    if len < at + 2 {
        return;
    }
    let mut segment = upper.octets.to_vec();
    segment[at..at + 2].fill(0);
    let sum = read.pseudo_header(upper.protocol, len).octets(&segment).checksum();
    packet[start + at..start + at + 2].copy_from_slice(&if sum == 0 { 0xffff } else { sum }.to_be_bytes());
}

/// A change of a packet: which one, where, to what, and how many octets are left.
type Change = (prop::sample::Index, prop::sample::Index, u8, Option<prop::sample::Index>);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is in a packet, it comes back, or goes around, or is accounted for.
    #[test]
    fn damaged_packets_come_back_or_go_around(
        changes in prop::collection::vec(any::<Change>(), 1..200),
        noise in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..120), 0..8),
        seed: u64,
        mended: bool,
        loss in prop_oneof![Just(0.0), 0.0..0.3],
    ) {
        let mut packets = sample();
        for (packet, at, octet, cut) in changes {
            let packet = packet.get_mut(&mut packets);
            // Headers have more to say than data.
            let at = at.index(packet.len().min(64));
            packet[at] = octet;
            if let Some(cut) = cut.filter(|_| octet < 32) {
                packet.truncate(1 + cut.index(packet.len()));
            }
        }
        packets.extend(noise);
        if mended {
            packets.iter_mut().for_each(|packet| mend(packet));
        }
        let packets: Vec<_> = (0u64..).map(|at| at * at * 7).zip(packets).collect();
        let capture = Capture::new("changed".into(), std::io::Cursor::new(raw_ip(&packets))).unwrap();
        report(capture, seed, loss);
    }
}
