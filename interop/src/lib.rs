//! What the tests against the outside share: where the captures are, and how to read them.

use std::env;
use std::fs;
use std::path::PathBuf;

use wirecraft_cli::capture::{Capture, CaptureError, Frame};

/// The captures that the tests read: `captures` in the folder that the variable `WIRECRAFT_SHARED` names, or in
/// `shared` beside the repository.
#[must_use]
pub fn captures() -> Option<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> = fs::read_dir(shared().join("captures"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let extension = path.extension().and_then(|extension| extension.to_str());
            matches!(extension, Some("pcap" | "pcapng" | "cap" | "dump" | "trace"))
        })
        .collect();
    files.sort();
    if files.is_empty() { None } else { Some(files) }
}

/// A recording of a real kernel's packets: a JSON file in `golden` beside `captures`.
#[must_use]
pub fn golden(name: &str) -> Option<String> {
    fs::read_to_string(shared().join("golden").join(name)).ok()
}

/// The names of the recordings that start with these letters, in order.
#[must_use]
pub fn golden_names(prefix: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(shared().join("golden")) else { return Vec::new() };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort();
    names
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
