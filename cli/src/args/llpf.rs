//! `llpf`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use llpf_wire::Algorithm;

use super::seconds;

const TABLE_FILE: &str = "\
A table is a JSON object with exactly these keys; a key's index is its place in the list:
  {\"version\":1,\"host_id\":1,\"algorithm\":\"hmac-sha256\",\"period_s\":15,\"start_s\":0,\"keys\":[\"001122..\",..]}
Algorithms: hmac-md5, hmac-sha1, hmac-sha256, aes-cmac. Times are those of the capture: at `start_s` seconds of its clock the first key's period begins.";

/// What to do with Authentication Trailers.
#[derive(Debug, Clone, Subcommand)]
pub enum Llpf {
    /// Make a key table
    #[command(after_help = TABLE_FILE)]
    Keygen(LlpfKeygen),
    /// Seal every IP packet with the key of its time
    #[command(after_help = TABLE_FILE)]
    Seal(LlpfSeal),
    /// Let only those packets through that a key of the tables has sealed, and take header and trailer off
    #[command(after_help = TABLE_FILE)]
    Filter(LlpfFilter),
}

/// Arguments of `llpf keygen`.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("source").required(true))]
pub struct LlpfKeygen {
    /// ID of the sending gateway at the receiving one
    #[arg(long, value_name = "ID")]
    pub host_id: u16,
    /// How many keys
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub keys: u32,
    /// Seconds that each is used
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = seconds)]
    pub period: Duration,
    /// When the first key's period begins, in seconds of the captures' clock
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub start: Duration,
    /// What the keys are for: hmac-md5, hmac-sha1, hmac-sha256, aes-cmac
    #[arg(long, value_name = "NAME", default_value = "hmac-sha256", value_parser = algorithm)]
    pub algorithm: Algorithm,
    /// Make all keys follow from the octets of a file: whoever has it has the keys
    #[arg(long, value_name = "FILE", group = "source")]
    pub seed_file: Option<PathBuf>,
    /// Make keys of the system's random numbers
    #[arg(long, group = "source")]
    pub os_random: bool,
    /// Table to write
    #[arg(long = "out", value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `llpf seal`.
#[derive(Debug, Clone, Args)]
pub struct LlpfSeal {
    /// Key table
    #[arg(long, value_name = "FILE")]
    pub table: PathBuf,
    /// Outer destination: the receiving gateway
    #[arg(long, value_name = "ADDR")]
    pub gateway: IpAddr,
    /// Outer source for packets of the other IP version than the gateway's
    #[arg(long, value_name = "ADDR")]
    pub source: Option<IpAddr>,
    /// Outer time to live or hop limit
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub ttl: u8,
    /// Outer Don't Fragment bit
    #[arg(long, value_name = "1|0", default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=1))]
    pub df: u8,
    /// Begin the table anew when it has cycled through, instead of refusing
    #[arg(long)]
    pub wrap: bool,
    /// Files.
    #[command(flatten)]
    pub io: LlpfIo,
}

/// Arguments of `llpf filter`.
#[derive(Debug, Clone, Args)]
pub struct LlpfFilter {
    /// Key table; may be given again for other hosts, and once more for the refreshed table of a host
    #[arg(long = "table", value_name = "FILE", required = true)]
    pub tables: Vec<PathBuf>,
    /// Which keys count: any of the tables, or only those whose period it is
    #[arg(long, value_name = "WHICH", default_value = "any")]
    pub policy: LlpfPolicy,
    /// How far the clocks may be apart, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    pub skew: Duration,
    /// Tables may have begun anew
    #[arg(long)]
    pub wrap: bool,
    /// Files.
    #[command(flatten)]
    pub io: LlpfIo,
}

/// Which keys of a table count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum LlpfPolicy {
    /// Any of the table's, whatever the time: captured packets can be replayed.
    Any,
    /// Those whose period it is, give or take the skew.
    InPeriod,
}

/// What both directions take.
#[derive(Debug, Clone, Args)]
pub struct LlpfIo {
    /// Capture to read: pcap or pcapng
    #[arg(long = "in", value_name = "PCAP")]
    pub input: PathBuf,
    /// Capture to write: pcap, raw IP, nanoseconds
    #[arg(long = "out", value_name = "PCAP")]
    pub output: PathBuf,
    /// File to write what was discarded to, as JSON lines
    #[arg(long, value_name = "JSONL")]
    pub audit: Option<PathBuf>,
    /// Exit with status 1 if anything is discarded
    #[arg(long)]
    pub strict: bool,
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    Algorithm::from_name(text).ok_or_else(|| format!("one of {} is needed", Algorithm::ALL.map(Algorithm::name).join(", ")))
}
