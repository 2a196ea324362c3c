//! Runs one of our five-tuple items a given number of times, to be counted by callgrind: see `instructions.sh`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [item, times] = args.as_slice()
        && let (Some(contender), Ok(times)) = (benches::headers::countable(item), times.parse())
    {
        let _elapsed = contender.run(times);
        return ExitCode::SUCCESS;
    }
    eprintln!("usage: count v4-tcp|v6-ext-udp|mix TIMES");
    ExitCode::from(2)
}
