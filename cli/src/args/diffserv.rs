//! `diffserv`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

const AGREEMENT: &str = "\
The agreement is JSON or TOML of one shape; all keys of `match` may be left out:
  {\"version\":1,\"default\":{\"mark\":\"CS0\"},\"rules\":[
    {\"name\":\"gold\",\"match\":{\"src\":\"192.0.2.0/24\",\"dst\":\"any\",\"protocol\":17,\"dst_ports\":\"5000-5999\",\"dscp\":\"any\"},
     \"meter\":{\"kind\":\"srtcm\",\"cir\":125000,\"cbs\":3000,\"ebs\":6000,\"mode\":\"blind\"},
     \"green\":{\"mark\":\"AF11\"},\"yellow\":{\"mark\":\"AF12\"},\"red\":{\"drop\":true}}]}
Meters: token-bucket (rate burst), srtcm (cir cbs ebs), trtcm (cir cbs pir pbs), rfc4115 (cir cbs eir ebs), in octets of IP packet and per
second. A rule without a meter has `action` instead of colors. Actions: mark (a codepoint's name or number, or drop-precedence), drop, pass, and
beside mark or pass shape (rate burst packets octets). `ingress` and `egress` say what may come in and how codepoints leave; the documentation of
the crate diffserv has all keys, and diffserv/examples two agreements to start with.

Buckets are full at the time of the capture's first packet. What a shaper held back is written at the time at which it may go.";

/// What to do with differentiated services.
#[derive(Debug, Clone, Subcommand)]
pub enum Diffserv {
    /// Take a capture's packets through an agreement: classify, meter, mark, shape, drop
    #[command(after_help = AGREEMENT)]
    Condition(Condition),
}

/// Arguments of `diffserv condition`.
#[derive(Debug, Clone, Args)]
pub struct Condition {
    /// The agreement: JSON or TOML
    #[arg(long, value_name = "FILE")]
    pub agreement: PathBuf,
    /// Capture to read: pcap or pcapng
    #[arg(long = "in", value_name = "PCAP")]
    pub input: PathBuf,
    /// Capture to write: pcap, raw IP, nanoseconds
    #[arg(long = "out", value_name = "PCAP")]
    pub output: PathBuf,
    /// File to write what was dropped or not accepted to, as JSON lines
    #[arg(long, value_name = "JSONL")]
    pub audit: Option<PathBuf>,
    /// The counters as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Exit with status 1 if any frame has no IP packet or one that can't be read
    #[arg(long)]
    pub strict: bool,
}
