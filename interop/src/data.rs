//! The repository's own copy of what was recorded from a real Linux kernel and of the vectors that were made for this project.
//!
//! One gzip file of JSON lines, `{"name": ..., "content": ...}` each, in the order of the names; `cargo run -p interop --example
//! pack_recordings` writes it from the folder `shared`.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Write};
use std::sync::OnceLock;

use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

const PACKED: &[u8] = include_bytes!("../data/recordings.jsonl.gz");

/// The files by `folder/name`.
#[must_use]
pub fn packed() -> &'static BTreeMap<String, String> {
    static FILES: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    FILES.get_or_init(|| unpack(PACKED).unwrap_or_default())
}

/// Reads a packed copy.
///
/// # Errors
/// Where it is not one.
pub fn unpack(octets: &[u8]) -> io::Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    for line in BufReader::new(flate2::read::GzDecoder::new(octets)).lines() {
        let file: Value = serde_json::from_str(&line?)?;
        if let (Some(Value::String(name)), Some(content)) = (file.get("name"), file.get("content")) {
            files.insert(name.clone(), content.to_string());
        }
    }
    Ok(files)
}

/// Writes a packed copy of JSON files. The same files always give the same octets.
///
/// # Errors
/// Those of `to`, and where a file is not JSON.
pub fn pack(files: &BTreeMap<String, String>, to: impl Write) -> io::Result<()> {
    let mut to = GzBuilder::new().mtime(0).write(to, Compression::best());
    for (name, content) in files {
        let content: Value = serde_json::from_str(content)?;
        writeln!(to, "{}", json!({ "name": name, "content": content }))?;
    }
    to.finish()?;
    Ok(())
}

/// What is to be packed, from the folder `shared`.
///
/// # Errors
/// Those of reading the files.
pub fn originals() -> io::Result<BTreeMap<String, String>> {
    let shared = crate::shared();
    let mut files = BTreeMap::new();
    let mut add = |name: String, path| -> io::Result<()> {
        files.insert(name, std::fs::read_to_string(path)?);
        Ok(())
    };
    add("vectors/ipsec-generated.json".into(), shared.join("vectors/ipsec-generated.json"))?;
    for entry in std::fs::read_dir(shared.join("golden"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            add(format!("golden/{name}"), entry.path())?;
        }
    }
    Ok(files)
}
