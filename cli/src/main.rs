//! The `wirecraft` command-line tool.

use std::process::ExitCode;

fn main() -> ExitCode {
    wirecraft_cli::run(std::env::args_os())
}
