//! Makes the documentation's tables and pictures of a run: `ratios all --json > FILE`, then `plot bars|scaling|markdown FILE`, to standard output.

use std::process::ExitCode;

use benches::plot::{Printed, bars, curves, markdown};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [what, file] = args.as_slice() else { return usage() };
    let made = std::fs::read_to_string(file).map_err(|error| error.to_string()).and_then(|lines| Printed::read(&lines));
    let made = match (what.as_str(), made) {
        ("bars", Ok(rows)) => bars(&rows),
        ("scaling", Ok(rows)) => curves(&rows),
        ("markdown", Ok(rows)) => Ok(markdown(&rows)),
        ("bars" | "scaling" | "markdown", Err(error)) => Err(error),
        _ => return usage(),
    };
    match made {
        Ok(made) => {
            print!("{made}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("plot: {file}: {error}");
            ExitCode::from(2)
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: plot bars|scaling|markdown FILE");
    ExitCode::from(2)
}
