//! Writes inputs for the targets from the recordings of a Linux kernel's packets: a folder for each target, a file for each packet.
//!
//! `cargo run --manifest-path fuzz/Cargo.toml --example recorded FOLDER`; `fuzz/run.sh --minimise` then keeps what reaches new code.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn hex(text: &str) -> Vec<u8> {
    let octets = text.as_bytes().chunks_exact(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    octets.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

/// Every text of hexadecimal digits under keys that hold packets.
fn packets(value: &Value, found: &mut Vec<Vec<u8>>) {
    match value {
        Value::Object(entries) => {
            for (key, value) in entries {
                match (key.as_str(), value) {
                    ("plain" | "protected" | "wire" | "injected" | "base" | "at_receiver", Value::String(text)) => {
                        found.push(hex(text))
                    }
                    _ => packets(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| packets(value, found)),
        _ => {}
    }
}

/// What a target takes before the packet, by its place in the list of inputs: the choices are spread.
fn prefix(len: usize, index: usize) -> Vec<u8> {
    (0..len).map(|at| (index.wrapping_mul(31).wrapping_add(at * 7)) as u8).collect()
}

fn main() -> Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("usage: recorded FOLDER")?);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/data/recordings.jsonl.gz");
    let (mut ip, mut sdus) = (Vec::new(), Vec::new());
    for line in BufReader::new(GzDecoder::new(fs::File::open(path)?)).lines() {
        let file: Value = serde_json::from_str(&line?)?;
        let clip = file["name"].as_str().is_some_and(|name| name.starts_with("golden/a-clip"));
        packets(&file["content"], if clip { &mut sdus } else { &mut ip });
    }
    let mut inputs: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    for (index, packet) in ip.iter().enumerate().filter(|(_, packet)| packet.len() > 20) {
        let six = packet[0] >> 4 == 6;
        let upper = packet.get(if six { 40 } else { usize::from(packet[0] & 15) * 4 }..).unwrap_or_default();
        inputs.entry(if six { "ipv6_chain" } else { "ipv4" }).or_default().push(packet.clone());
        let protected = match packet.get(if six { 6 } else { 9 }) {
            Some(50) => Some("esp_open"),
            Some(51) => Some("ah_open"),
            _ => None,
        };
        let targets = [
            ("flow_key", 0),
            ("flow_key_icmp", 0),
            ("sixtofour_decap", 0),
            ("appended_trailer", 0),
            ("tunnel", 1),
            ("icmp_quote", 1),
            ("ngisec_open", 2),
            ("nat_rewrite", 4),
            ("seal_open_roundtrip", 4),
        ];
        for (target, len) in targets.into_iter().chain(protected.map(|target| (target, 3))) {
            inputs.entry(target).or_default().push([prefix(len, index), packet.clone()].concat());
        }
        inputs.entry("upper_layers").or_default().push(upper.to_vec());
        inputs.entry("ah_parse").or_default().push(upper.to_vec());
    }
    inputs.insert("llc", sdus);
    for (target, inputs) in inputs {
        fs::create_dir_all(folder.join(target))?;
        for (index, input) in inputs.iter().enumerate() {
            fs::write(folder.join(target).join(format!("{index:05}")), input)?;
        }
        println!("{target}: {}", inputs.len());
    }
    Ok(())
}
