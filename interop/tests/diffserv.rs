//! Real captures through `wirecraft diffserv condition`, beside a computation in Python that shares no code with the crates.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Parser;
use interop::{agreed, skipped};
use serde_json::Value as Json;
use wirecraft_cli::args::Cli;
use wirecraft_cli::execute;

/// The form of agreement that the tool's documentation shows, for whatever traffic a capture has.
const TIGHT: &str = r#"{"version":1,"default":{"mark":"CS0"},"rules":[
    {"name":"gold","match":{"src":"any","dst":"any","protocol":17,"dst_ports":"1-1023","dscp":"any"},
     "meter":{"kind":"srtcm","cir":1250,"cbs":1500,"ebs":3000,"mode":"blind"},
     "green":{"mark":"AF11"},"yellow":{"mark":"AF12"},"red":{"drop":true}},
    {"name":"silver","match":{"protocol":6},"meter":{"kind":"trtcm","cir":5000,"cbs":1500,"pir":20000,"pbs":3000,"mode":"aware"},
     "green":{"mark":"AF21"},"yellow":{"mark":"AF22"},"red":{"mark":"AF23"}},
    {"name":"bronze","match":{"src":"0.0.0.0-255.255.255.255"},"meter":{"kind":"token-bucket","rate":100,"burst":1500},
     "green":{"pass":true},"red":{"drop":true}},
    {"name":"six","match":{"src":"::/0"},"meter":{"kind":"rfc4115","cir":333,"cbs":1500,"eir":777,"ebs":1500},
     "green":{"mark":"EF"},"yellow":{"mark":7},"red":{"drop":true}}]}"#;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Classic captures of Ethernet or raw IP, which is what the script reads.
fn is_plain(path: &Path) -> bool {
    let Ok(octets) = fs::read(path) else { return false };
    let link = match octets.get(..24) {
        Some([0xd4, 0xc3, 0xb2, 0xa1, .., low, high, _, _]) | Some([0x4d, 0x3c, 0xb2, 0xa1, .., low, high, _, _]) => {
            [*high, *low]
        }
        Some([0xa1, 0xb2, 0xc3, 0xd4, .., high, low]) => [*high, *low],
        _ => return false,
    };
    matches!(u16::from_be_bytes(link), 1 | 12 | 14 | 101)
}

#[test]
fn counters_over_real_captures_are_those_of_an_independent_computation() {
    let Some(captures) = interop::captures() else {
        return skipped("counters_over_real_captures", "there are no captures");
    };
    if interop::tool("python3").is_none() {
        return skipped("counters_over_real_captures", "python3 is not installed");
    }
    let folder = std::env::temp_dir().join(format!("wirecraft-interop-diffserv-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let tight = folder.join("tight.json");
    fs::write(&tight, TIGHT).unwrap();
    let boundary = root().join("diffserv/examples/boundary.json");
    let mut ours = Vec::new();
    let mut jobs = String::new();
    for capture in captures.iter().filter(|path| is_plain(path)) {
        for agreement in [&tight, &boundary] {
            let args = ["wirecraft", "diffserv", "condition", "--json", "--agreement"].map(Into::into);
            let files = [agreement.clone().into_os_string(), "--in".into(), capture.clone().into_os_string(), "--out".into()];
            let out_file = folder.join("out.pcap").into_os_string();
            let cli = Cli::try_parse_from(args.into_iter().chain(files).chain([out_file])).unwrap();
            let mut out = Vec::new();
            // A damaged capture ends where the damage is; the script does not say so.
            if execute(&cli, &mut out).is_ok() {
                jobs.push_str(&format!("{}\t{}\n", agreement.display(), capture.display()));
                ours.push((capture.display().to_string(), serde_json::from_slice::<Json>(&out).unwrap()));
            }
        }
    }
    fs::write(folder.join("jobs"), jobs).unwrap();
    let theirs = Command::new("python3")
        .arg(root().join("interop/python/condition.py"))
        .stdin(fs::File::open(folder.join("jobs")).unwrap())
        .output()
        .unwrap();
    assert!(theirs.status.success(), "{}", String::from_utf8_lossy(&theirs.stderr));
    let theirs = String::from_utf8(theirs.stdout).unwrap();
    assert_eq!(theirs.lines().count(), ours.len());
    let (mut compared, mut packets, mut dropped) = (0_u64, 0, 0);
    for ((name, ours), theirs) in ours.iter().zip(theirs.lines()) {
        let theirs: Json = serde_json::from_str(theirs).unwrap();
        // Whatever is behind link layers that the script does not know is the other tests' business.
        if ours["not_ip"] != theirs["not_ip"] || ours["unreadable"] != theirs["unreadable"] {
            continue;
        }
        compare(ours, &theirs, name);
        compared += 1;
        packets += ours["offered"]["packets"].as_u64().unwrap();
        dropped += ours["out_of_profile"]["packets"].as_u64().unwrap();
    }
    let _ = fs::remove_dir_all(&folder);
    agreed("conditioner of its own in Python", "packets of real captures, metered, marked and dropped", packets);
    assert!(compared > 200 && packets > 10_000 && dropped > 1000, "{compared} runs, {packets} packets, {dropped} dropped");
}

fn compare(ours: &Json, theirs: &Json, name: &str) {
    let rules = |report: &Json| {
        let mut rules = report["rules"].as_array().unwrap().clone();
        rules.push(report["default"].clone());
        rules
    };
    for (own, other) in rules(ours).iter().zip(rules(theirs)) {
        assert_eq!(own["name"], other["name"]);
        for key in ["matched", "green", "yellow", "red", "marked", "forwarded", "dropped"] {
            let count = |rule: &Json| ["packets", "octets"].map(|unit| rule[key][unit].as_u64().unwrap_or(0));
            assert_eq!(count(own), count(&other), "{name}: {} {key}", own["name"]);
        }
    }
}
