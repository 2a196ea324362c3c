//! Which path is taken, and how large what is handed around is.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

use wire_lanes::{Engine, Error, Path, Segments};

#[test]
fn the_loops_are_always_there_and_the_best_path_is_taken() {
    let paths: Vec<Path> = Engine::all().map(Engine::path).collect();
    assert!(paths.contains(&Path::Portable) && paths.contains(&Path::Detected));
    // `all` begins with the best one.
    assert_eq!(Engine::new(), Engine::all().next().unwrap());
    assert_eq!(Engine::default(), Engine::new());
    for path in [Path::Avx512, Path::Avx2, Path::Detected, Path::Portable] {
        assert_eq!(Engine::with_path(path).map(Engine::path), paths.contains(&path).then_some(path));
    }
    println!("paths tested on this CPU: {paths:?}");
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_cpu_with_avx_has_the_paths_of_it() {
    let unsafe_allowed = !cfg!(feature = "safe-only");
    let avx512 = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
    assert_eq!(Engine::with_path(Path::Avx2).is_some(), is_x86_feature_detected!("avx2") && unsafe_allowed);
    assert_eq!(Engine::with_path(Path::Avx512).is_some(), avx512 && unsafe_allowed);
    if !unsafe_allowed {
        assert_eq!(Engine::new().path(), Path::Detected);
        assert_eq!(Engine::all().count(), 2);
    }
}

#[test]
fn sizes() {
    assert!(size_of::<Engine>() <= 8);
    assert!(size_of::<Error>() <= 24);
    assert_eq!(size_of::<Segments<'_>>(), 32);
}
