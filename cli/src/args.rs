//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

const START: &str = "\
Start with:
  wirecraft dissect          every frame of an embedded sample capture, as a tree
  wirecraft dissect FILE     the frames of your own capture (pcap or pcapng)
  wirecraft stats FILE       what protocols, options and errors a capture has";

const EXIT: &str = "\
Exit status: 0 done, 1 the capture has packets that failed (with --strict), 2 bad usage or unreadable input.";

/// Takes packet captures apart with the wirecraft crates.
#[derive(Debug, Clone, Parser)]
#[command(name = "wirecraft", version, about, before_help = START, after_help = EXIT, arg_required_else_help = false)]
pub struct Cli {
    /// What to do; help if left out.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Show each frame: layers, fields, offsets, what is odd and what is wrong
    Dissect(Dissect),
    /// Count protocols, DSCPs, options, extension headers and errors
    Stats(Stats),
}

/// Arguments of `dissect`.
#[derive(Debug, Clone, Args)]
pub struct Dissect {
    /// What to read, and how.
    #[command(flatten)]
    pub input: Input,
    /// One JSON object a frame, under Wireshark's field names
    #[arg(long)]
    pub json: bool,
    /// Only this frame, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub frame: Option<u64>,
}

/// Arguments of `stats`.
#[derive(Debug, Clone, Args)]
pub struct Stats {
    /// What to read, and how.
    #[command(flatten)]
    pub input: Input,
}

/// What to read, and how.
#[derive(Debug, Clone, Args)]
pub struct Input {
    /// Capture to read: pcap or pcapng; an embedded sample if left out
    pub file: Option<PathBuf>,
    /// Packets that the capture cut short are no error: show what is there
    #[arg(long)]
    pub lax: bool,
    /// Exit with status 1 if any packet fails
    #[arg(long)]
    pub strict: bool,
}
