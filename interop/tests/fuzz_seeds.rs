//! Every seed of every fuzz target goes through the target's body, whole and cut short, without a fuzzer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use wirecraft_fuzz::TARGETS;

/// Into how many lengths a seed is cut.
const CUTS: usize = 16;

fn seeds() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).map_or_else(|_| Vec::new(), |entries| entries.map(|entry| entry.unwrap().path()).collect());
    files.sort();
    files
}

#[test]
fn every_target_has_seeds_and_every_seed_a_target() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let folders: BTreeSet<String> =
        files(&seeds()).iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(names, folders);
    for name in &names {
        assert!(!files(&seeds().join(name)).is_empty(), "{name}");
    }
    let targets: BTreeSet<String> = files(&seeds().join("../fuzz_targets"))
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, targets);
}

#[test]
fn every_seed_passes_through_the_body_of_its_target() {
    let (mut whole, mut cut) = (0, 0);
    for (name, body) in TARGETS {
        for path in files(&seeds().join(name)) {
            let octets = fs::read(&path).unwrap();
            let step = octets.len() / CUTS + 1;
            let lengths = (0..octets.len()).step_by(step).chain([octets.len()]);
            for len in lengths {
                let result = catch_unwind(AssertUnwindSafe(|| body(&octets[..len])));
                assert!(result.is_ok(), "{}, the first {len} octets", path.display());
                *if len == octets.len() { &mut whole } else { &mut cut } += 1;
            }
        }
    }
    assert!(whole > 200 && cut > 10 * whole / 2, "{whole} whole and {cut} cut seeds");
}
