//! `ngisec`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

const NGISEC_SA: &str = "\
The file of associations is that of `ipsec` (see `ipsec seal --help`), with two of them in transport mode: the first of \"proto\":\"ah\", the second of
\"proto\":\"esp\". Packets that are neither TCP nor UDP are discarded.";

/// What to do with NGISec.
#[derive(Debug, Clone, Subcommand)]
pub enum Ngisec {
    /// Frame and protect every TCP and UDP packet
    #[command(after_help = NGISEC_SA)]
    Seal(NgisecChannel),
    /// Open every packet, and say what translations did to it
    #[command(after_help = NGISEC_SA)]
    Open(NgisecChannel),
    /// Translate every packet as a gateway would: source address and port
    Nat(NgisecNat),
}

/// Arguments of `ngisec seal` and `ngisec open`.
#[derive(Debug, Clone, Args)]
pub struct NgisecChannel {
    /// Which headers are duplicated, and where
    #[arg(long, value_enum)]
    pub form: NgisecForm,
    /// File of associations: one of AH, one of ESP
    #[arg(long, value_name = "FILE")]
    pub sa: PathBuf,
    /// Files.
    #[command(flatten)]
    pub io: NgisecIo,
}

/// Arguments of `ngisec nat`.
#[derive(Debug, Clone, Args)]
pub struct NgisecNat {
    /// The address outside
    #[arg(long, value_name = "ADDRESS")]
    pub address: IpAddr,
    /// The first port outside; the last one is 65535
    #[arg(long, value_name = "PORT", default_value_t = 40_000)]
    pub first_port: u16,
    /// Files.
    #[command(flatten)]
    pub io: NgisecIo,
}

/// What all take.
#[derive(Debug, Clone, Args)]
pub struct NgisecIo {
    /// Capture to read: pcap or pcapng
    #[arg(long = "in", value_name = "PCAP")]
    pub input: PathBuf,
    /// Capture to write: pcap, raw IP, nanoseconds
    #[arg(long = "out", value_name = "PCAP")]
    pub output: PathBuf,
    /// File to write what was discarded to, as JSON lines
    #[arg(long, value_name = "JSONL")]
    pub audit: Option<PathBuf>,
    /// Exit with status 1 if a packet was discarded
    #[arg(long)]
    pub strict: bool,
}

/// The framings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum NgisecForm {
    /// No duplicate: data packets
    Plain,
    /// The transport header before the data: TCPSec and UDPSec
    Tcpsec,
    /// IP and transport header before the data
    DuplicateEncapsulating,
    /// IP and transport header behind the data
    DuplicateAppended,
}
