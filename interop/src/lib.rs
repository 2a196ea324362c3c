//! What the tests against the outside share: where the captures are, and how to read them.

use std::env;
use std::fs;
use std::path::PathBuf;

pub mod ipsec;

use wirecraft_cli::capture::{Capture, CaptureError, Frame};

/// The captures that the tests read: `captures` in the folder that the variable `WIRECRAFT_SHARED` names, or in
/// `shared` beside the repository.
#[must_use]
pub fn captures() -> Option<Vec<PathBuf>> {
    let files = files(&shared().join("captures"), &["pcap", "pcapng", "cap", "dump", "trace"]);
    if files.is_empty() { None } else { Some(files) }
}

/// A recording of a real kernel's packets: a JSON file in `golden` beside `captures`.
#[must_use]
pub fn golden(name: &str) -> Option<String> {
    fs::read_to_string(shared().join("golden").join(name)).ok()
}

/// All recordings in `golden`, by name.
#[must_use]
pub fn golden_files() -> Vec<PathBuf> {
    files(&shared().join("golden"), &["json"])
}

/// The names of the recordings that start with these letters, in order.
#[must_use]
pub fn golden_names(prefix: &str) -> Vec<String> {
    let mut names: Vec<String> = golden_files().iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    names.retain(|name| name.starts_with(prefix));
    names
}

/// A file of vectors: in `vectors` beside `captures`.
#[must_use]
pub fn vectors(name: &str) -> Option<String> {
    fs::read_to_string(shared().join("vectors").join(name)).ok()
}

fn files(folder: &std::path::Path, extensions: &[&str]) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().and_then(|extension| extension.to_str()).is_some_and(|e| extensions.contains(&e)))
        .collect();
    files.sort();
    files
}

fn shared() -> PathBuf {
    match env::var_os("WIRECRAFT_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
    }
}

/// Says on standard error that a test does not run, and why.
pub fn skipped(test: &str, reason: &str) {
    eprintln!("skipped: {test}: {reason}");
}

/// Calls `each` with every frame of a capture up to its end, or to where it is damaged.
///
/// # Errors
/// The damage.
pub fn frames(path: &std::path::Path, mut each: impl FnMut(&Frame<'_>)) -> Result<(), CaptureError> {
    let mut capture = Capture::open(path)?;
    while let Some(frame) = capture.next_frame()? {
        each(&frame);
    }
    Ok(())
}
