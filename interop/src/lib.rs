//! What the tests against the outside share: where the captures are, and how to read them.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

pub mod data;
pub mod ipsec;
pub mod packets;

use wirecraft_cli::capture::{Capture, CaptureError, Frame};

/// The captures that the tests read: `captures` in the folder that the variable `WIRECRAFT_SHARED` names, or in
/// `shared` beside the repository.
#[must_use]
pub fn captures() -> Option<Vec<PathBuf>> {
    let files = files(&shared().join("captures"), &["pcap", "pcapng", "cap", "dump", "trace"]);
    if files.is_empty() { None } else { Some(files) }
}

/// A recording of a real kernel's packets: from `golden` beside `captures`, else from the repository's own copy.
#[must_use]
pub fn golden(name: &str) -> Option<String> {
    fs::read_to_string(shared().join("golden").join(name)).ok().or_else(|| packed(&format!("golden/{name}")))
}

/// The names of the recordings that start with these letters, in order.
#[must_use]
pub fn golden_names(prefix: &str) -> Vec<String> {
    let folder = files(&shared().join("golden"), &["json"]);
    let mut names: BTreeSet<String> = folder.iter().filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect();
    names.extend(data::packed().keys().filter_map(|name| Some(name.strip_prefix("golden/")?.to_owned())));
    names.retain(|name| name.starts_with(prefix));
    names.into_iter().collect()
}

/// A file of vectors: from `vectors` beside `captures`, else from the repository's own copy, which has those that are the project's own.
#[must_use]
pub fn vectors(name: &str) -> Option<String> {
    fs::read_to_string(shared().join("vectors").join(name)).ok().or_else(|| packed(&format!("vectors/{name}")))
}

fn packed(name: &str) -> Option<String> {
    data::packed().get(name).cloned()
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

/// The folder of what is not in the repository. It need not exist.
#[must_use]
pub fn shared() -> PathBuf {
    match env::var_os("WIRECRAFT_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared"),
    }
}

/// Says that a test does not run, and why: on standard error, past the test harness, which hides what a test that passes prints.
pub fn skipped(test: &str, reason: &str) {
    say(&format!("skipped\t{test}\t{reason}\n"));
}

/// Says that an oracle outside and this family agree, on what, and how many times.
pub fn agreed(oracle: &str, what: &str, count: impl TryInto<u64>) {
    let count = count.try_into().unwrap_or(u64::MAX);
    say(&format!("agreed\t{oracle}\t{what}\t{count}\n"));
}

/// Prints a line; the file that `WIRECRAFT_EVIDENCE` names gets it too.
fn say(line: &str) {
    let _unheard = std::io::stderr().lock().write_all(line.replace('\t', ": ").as_bytes());
    if let Some(path) = env::var_os("WIRECRAFT_EVIDENCE") {
        // One write for one line: tests append side by side.
        let file = fs::OpenOptions::new().create(true).append(true).open(path);
        let _unheard = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
}

/// The script that boots a Linux kernel and feeds it packets, where it can.
#[must_use]
pub fn kernel_lab() -> Option<PathBuf> {
    let script = match env::var_os("WIRECRAFT_KERNEL_LAB") {
        Some(script) => PathBuf::from(script),
        None => PathBuf::from(env::var_os("WIRECRAFT_SHARED")?).join("tools/kernel-lab/lab.py"),
    };
    let kernel = PathBuf::from("/usr/bin/linux.uml").is_file();
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout == b"0\n");
    (script.is_file() && kernel && root).then_some(script)
}

/// A tool that others wrote, if it is there.
#[must_use]
pub fn tool(name: &str) -> Option<Command> {
    let silent = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    silent.then(|| Command::new(name))
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
