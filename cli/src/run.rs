//! The commands.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{CommandFactory, Parser};

use crate::args::{Atm, Cli, Command, Diffserv, Dissect, Input, Stats};
use crate::atm;
use crate::capture::{Capture, CaptureError};
use crate::diffserv;
use crate::dissect::{Truncation, dissect, dissect_with};
use crate::ipsec::{self, Decrypter};
use crate::llpf;
use crate::ngisec;
use crate::output;
use crate::ports;
use crate::progress::Progress;
use crate::six_to_four;
use crate::stats::Census;
use crate::tour;

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Frames with an error.
    pub failed: u64,
    /// Whether such frames are a failure of the command.
    pub strict: bool,
}

impl Outcome {
    /// The exit status.
    pub(crate) const fn status(self) -> u8 {
        if self.strict && self.failed > 0 { 1 } else { 0 }
    }
}

/// Runs the tool: the whole of `main`.
pub fn run(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no failure. There is nobody to tell if this can't be written.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let done = execute(&cli, &mut out).and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match done {
        Ok(outcome) => ExitCode::from(outcome.status()),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let flushed = out.flush();
            let _ = writeln!(io::stderr(), "wirecraft: {error:#}");
            drop(flushed);
            ExitCode::from(2)
        }
    }
}

/// Runs one command and writes what it shows to `out`.
///
/// # Errors
/// If the input can't be read, or not to its end; if `out` can't be written.
pub fn execute(cli: &Cli, out: &mut dyn Write) -> Result<Outcome> {
    match &cli.command {
        None => {
            write!(out, "{}", Cli::command().render_help())?;
            Ok(Outcome { failed: 0, strict: false })
        }
        Some(Command::Tour(args)) => tour::run(args, out),
        Some(Command::Dissect(args)) => run_dissect(args, out),
        Some(Command::Stats(args)) => run_stats(args, out),
        Some(Command::Atm(Atm::Segment(args))) => atm::run_segment(args, out),
        Some(Command::Atm(Atm::Reassemble(args))) => atm::run_reassemble(args, out),
        Some(Command::Ipsec(args)) => ipsec::run(args, out),
        Some(Command::Diffserv(Diffserv::Condition(args))) => diffserv::run(args, out),
        Some(Command::SixToFour(args)) => six_to_four::run(args, out),
        Some(Command::Ports(args)) => ports::run(args, out),
        Some(Command::Llpf(args)) => llpf::run(args, out),
        Some(Command::Ngisec(args)) => ngisec::run(args, out),
    }
}

fn run_dissect(args: &Dissect, out: &mut dyn Write) -> Result<Outcome> {
    let mut capture = open(&args.input)?;
    // Frames that are shown are progress enough.
    let progress = args.frame.map(|_| Progress::over(args.input.file.as_deref()));
    let decrypter = args.sa.as_deref().map(Decrypter::open).transpose()?.unwrap_or_default();
    let mut outcome = Outcome { failed: 0, strict: args.input.strict };
    let mut last = 0;
    loop {
        if let Some(progress) = &progress {
            progress.at(last, capture.consumed());
        }
        let Some(frame) = capture.next_frame()? else { break };
        last = frame.number;
        if args.frame.is_some_and(|wanted| wanted != last) {
            continue;
        }
        let dissection = dissect_with(&frame, truncation(&args.input), &decrypter);
        outcome.failed = outcome.failed.saturating_add(u64::from(dissection.error.is_some()));
        if args.json {
            writeln!(out, "{}", output::json(&frame, &dissection))?;
        } else {
            write!(out, "{}", output::tree(&frame, &dissection))?;
        }
        if args.frame.is_some() {
            return Ok(outcome);
        }
    }
    match args.frame {
        Some(wanted) => bail!("{}: frame {wanted}: the capture has {last} frames", capture.name()),
        None => Ok(outcome),
    }
}

fn run_stats(args: &Stats, out: &mut dyn Write) -> Result<Outcome> {
    let mut capture = open(&args.input)?;
    let progress = Progress::over(args.input.file.as_deref());
    let mut census = Census::default();
    let damage = loop {
        progress.at(census.frames(), capture.consumed());
        match capture.next_frame() {
            Ok(Some(frame)) => census.count(&frame, &dissect(&frame, truncation(&args.input))),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    drop(progress);
    write!(out, "{census}")?;
    match damage {
        Some(error) => Err(error.into()),
        None => Ok(Outcome { failed: census.failed(), strict: args.input.strict }),
    }
}

fn open(input: &Input) -> Result<Capture, CaptureError> {
    match &input.file {
        Some(path) => Capture::open(path),
        None => Capture::sample(),
    }
}

const fn truncation(input: &Input) -> Truncation {
    if input.lax { Truncation::Allowed } else { Truncation::Refused }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
