//! The project's own checks, run as `cargo xtask COMMAND`.

mod conformance;
mod evidence;
mod no_panic;
mod no_std;
mod readme;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "\
usage: cargo xtask COMMAND

commands:
  conformance [--write]      check every conformance.toml against the tests that exist, and that the CONFORMANCE.md
                             beside it is current; with --write, write it
  evidence [--write]         run the tests against the outside and print what each oracle agreed on; with --write, put the table
                             into interop/README.md
  no-panic                   link each entry point of the crates with a guard that links only where no panic can be reached
  no-std                     link the crates into a program without std and without an allocator, and run it
  readme [--only run|test]   run the commands that README.md shows
  readme --print run|test    print one of them
";

/// What went wrong, ready to be printed.
type Failure = String;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match args.as_slice() {
        ["conformance"] => conformance::run(false),
        ["conformance", "--write"] => conformance::run(true),
        ["evidence"] => evidence::run(false),
        ["evidence", "--write"] => evidence::run(true),
        ["no-panic"] => no_panic::run(),
        ["no-std"] => no_std::run(),
        ["readme"] => readme::run(&readme::Which::ALL),
        ["readme", "--only", which] => readme::Which::parse(which).and_then(|which| readme::run(&[which])),
        ["readme", "--print", which] => readme::Which::parse(which).and_then(readme::print),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Where cargo puts what it builds.
fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// The cargo that runs this program, in the root of the workspace.
fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Runs to the end and gives standard output; standard error goes to the terminal.
fn output_of(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run {command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", output.status));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("{command:?}: output is not UTF-8"))
}

fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
