//! Links the program of `xtask/no-std`, which has neither std nor an allocator, and runs it.

use std::path::PathBuf;
use std::process::Command;

use crate::{Failure, cargo, output_of, root, target_dir};

const BARE_METAL: &str = "thumbv7em-none-eabi";

pub(crate) fn run() -> Result<(), Failure> {
    let host = host()?;
    let program = build(&host)?;
    let status = Command::new(&program).status().map_err(|error| format!("{}: {error}", program.display()))?;
    match status.code() {
        Some(0) => println!("no-std: {host}: linked and run"),
        Some(number) => return Err(format!("no-std: {host}: check {number} of the program gave a wrong answer")),
        None => return Err(format!("no-std: {host}: {status}")),
    }
    if installed(BARE_METAL) {
        build(BARE_METAL)?;
        println!("no-std: {BARE_METAL}: linked");
    } else {
        println!("no-std: {BARE_METAL}: SKIPPED, the target is not installed");
    }
    Ok(())
}

/// Builds for `target` and gives the path of the program.
fn build(target: &str) -> Result<PathBuf, Failure> {
    let target_dir = target_dir().join("no-std");
    let mut command = cargo();
    command
        .args(["build", "--release", "--target", target, "--target-dir"])
        .arg(&target_dir)
        .arg("--manifest-path")
        .arg(root().join("xtask/no-std/Cargo.toml"));
    output_of(&mut command)?;
    Ok(target_dir.join(target).join("release/wirecraft-no-std"))
}

fn host() -> Result<String, Failure> {
    let version = output_of(rustc().arg("-vV"))?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| "rustc does not say what its host is".to_owned())
}

/// Whether the standard library's parts for `target`, `core` among them, are there.
fn installed(target: &str) -> bool {
    output_of(rustc().args(["--print", "target-libdir", "--target", target]))
        .is_ok_and(|dir| std::path::Path::new(dir.trim()).is_dir())
}

fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}
