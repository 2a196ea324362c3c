//! `6to4` and `ports`.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::seconds;

const SIX_TO_FOUR: &str = "\
Profiles: codec checks nothing but that there is something to do; rfc3964 is every check of RFC 3964 and RFC 6324; strict refuses all
special-purpose addresses too, those that examples use among them.

What is refused is counted, and goes to --audit as JSON lines: frame, time, reason, src, dst (those of the frame's own header).";

/// What to do with 6to4.
#[derive(Debug, Clone, Subcommand)]
pub enum SixToFour {
    /// Put the IPv4 header of 6to4 on every IPv6 packet
    #[command(after_help = SIX_TO_FOUR)]
    Encap(SixToFourEncap),
    /// Take the IPv4 header off every packet that the router takes
    #[command(after_help = SIX_TO_FOUR)]
    Decap(SixToFourIo),
    /// Print the prefix of the site behind an IPv4 address, or why there can be none
    Site(SixToFourSite),
}

/// Arguments of `6to4 encap`.
#[derive(Debug, Clone, Args)]
pub struct SixToFourEncap {
    /// Relay for native destinations
    #[arg(long, value_name = "ADDR")]
    pub relay: Option<Ipv4Addr>,
    /// The longest IPv6 packet that is taken: 1480 fits Ethernet
    #[arg(long, value_name = "OCTETS", default_value_t = 1480)]
    pub mtu: u32,
    /// Time to live of the IPv4 header
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub ttl: u8,
    /// Router and files.
    #[command(flatten)]
    pub io: SixToFourIo,
}

/// What both directions take.
#[derive(Debug, Clone, Args)]
pub struct SixToFourIo {
    /// The router's IPv4 address
    #[arg(long, value_name = "ADDR")]
    pub v4: Ipv4Addr,
    /// What is checked
    #[arg(long, value_name = "PROFILE", default_value = "rfc3964")]
    pub profile: Profile,
    /// The router is a relay between native IPv6 and all sites, too
    #[arg(long)]
    pub relay_role: bool,
    /// Capture to read: pcap or pcapng
    #[arg(long = "in", value_name = "PCAP")]
    pub input: PathBuf,
    /// Capture to write: pcap, raw IP, nanoseconds
    #[arg(long = "out", value_name = "PCAP")]
    pub output: PathBuf,
    /// File to write what was refused to, as JSON lines
    #[arg(long, value_name = "JSONL")]
    pub audit: Option<PathBuf>,
    /// Exit with status 1 if anything is refused
    #[arg(long)]
    pub strict: bool,
}

/// Arguments of `6to4 site`.
#[derive(Debug, Clone, Args)]
pub struct SixToFourSite {
    /// The IPv4 address of the site's router
    pub address: Ipv4Addr,
    /// What is checked
    #[arg(long, value_name = "PROFILE", default_value = "rfc3964")]
    pub profile: Profile,
}

/// What a 6to4 router checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Nothing.
    Codec,
    /// RFC 3964 and RFC 6324.
    Rfc3964,
    /// That, and the special-purpose registries.
    Strict,
}

const DETERMINISTIC: &str = "\
The dynamic pool's factor D is a number of shares to each outside address, or is written as a ratio of addresses to shares: 2 and 1/2 are
the same. Algorithms: 0 sequential, 1 staggered, 2 round robin, 3 interlaced. An inside IPv4 prefix is its hosts, without its first and last
address, unless --all-inside says otherwise.

The example of RFC 7422:
  wirecraft ports deterministic --inside 198.51.100.0/28 --outside 192.0.2.1 --dynamic 1/2 --max 5040
  wirecraft ports trace --inside 198.51.100.0/28 --outside 192.0.2.1 --dynamic 1/2 192.0.2.1:2001";

const TRACE: &str = "\
Without --log the configuration answers alone: a subscriber's address, reserved, dynamic or orphan. With --log, a file of mapping records
(text, one a line, in the order of time), those who may have had the port at --time are printed, one a line, or nobody. Clocks may be
--skew seconds apart: more than one line is no answer.

Records:
  1760000000.123 session created 17 10.0.0.1:40000 192.0.2.1:5056      (or deleted; 17 is the protocol)
  1760000000.123 block assigned 10.0.0.1 192.0.2.1 58000-58099         (or released)
  1760000000.123 configuration 198.51.100.0:28:192.0.2.1:32:2:5040:0:0-1023";

/// What to do with ports.
#[derive(Debug, Clone, Subcommand)]
pub enum Ports {
    /// Print the PSID of a port, or `excluded`
    Psid(PortsPsid),
    /// Print the ports of a PSID, a range a line
    Set(PortsSet),
    /// Print ports that an allocator gives out of a set, one a line
    Allocate(PortsAllocate),
    /// Print whose each port of each outside address is, a range a line, and the configuration's line for the log
    #[command(after_help = DETERMINISTIC)]
    Deterministic(Deterministic),
    /// Print whose a port of an outside address is, or was
    #[command(after_help = TRACE)]
    Trace(PortsTrace),
}

/// Parameters of port sets.
#[derive(Debug, Clone, Copy, Args)]
pub struct PsidArgs {
    /// PSID offset: bits in front of the PSID (a)
    #[arg(long, value_name = "A")]
    pub offset: u8,
    /// PSID length in bits (k)
    #[arg(long, value_name = "K")]
    pub length: u8,
}

/// Arguments of `ports psid`.
#[derive(Debug, Clone, Args)]
pub struct PortsPsid {
    /// Parameters.
    #[command(flatten)]
    pub params: PsidArgs,
    /// The port
    pub port: u16,
}

/// Arguments of `ports set`.
#[derive(Debug, Clone, Args)]
pub struct PortsSet {
    /// Parameters.
    #[command(flatten)]
    pub params: PsidArgs,
    /// The PSID, decimal or hexadecimal with 0x
    #[arg(long, value_name = "PSID", value_parser = number)]
    pub psid: u16,
}

/// Arguments of `ports allocate`.
#[derive(Debug, Clone, Args)]
pub struct PortsAllocate {
    /// The set.
    #[command(flatten)]
    pub set: PortsSet,
    /// How many ports
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub count: u32,
    /// Ports of a block: all ports come out of as few blocks as possible
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub block: u32,
    /// Makes the choice follow from a number: for tests
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

/// A configuration of deterministic mapping (RFC 7422).
#[derive(Debug, Clone, Args)]
pub struct Deterministic {
    /// Inside addresses: an IPv4 prefix, or an IPv6 prefix with --subscriber-len
    #[arg(long, value_name = "PREFIX")]
    pub inside: String,
    /// Outside addresses: an IPv4 address or prefix
    #[arg(long, value_name = "PREFIX")]
    pub outside: String,
    /// How ports are given out.
    #[command(flatten)]
    pub rule: DeterministicRule,
}

/// How a deterministic mapping gives ports out, but for the addresses: RFC 7422 2.
#[derive(Debug, Clone, Args)]
pub struct DeterministicRule {
    /// Dynamic pool factor (D)
    #[arg(long, value_name = "D", default_value = "0", value_parser = factor)]
    pub dynamic: u32,
    /// Most ports of a user (M)
    #[arg(long, value_name = "M", default_value_t = 65_536)]
    pub max: u32,
    /// Algorithm (A)
    #[arg(long, value_name = "A", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub algorithm: u8,
    /// Reserved ports (R): ports and ranges, with commas between
    #[arg(long, value_name = "R", default_value = "0-1023")]
    pub reserved: String,
    /// The first and the last address of the inside prefix are subscribers' too
    #[arg(long)]
    pub all_inside: bool,
    /// Bits of an IPv6 subscriber's prefix
    #[arg(long, value_name = "BITS", default_value_t = 56)]
    pub subscriber_len: u8,
}

/// Arguments of `ports trace`.
#[derive(Debug, Clone, Args)]
pub struct PortsTrace {
    /// Inside addresses, for a deterministic mapping: as `ports deterministic`
    #[arg(long, value_name = "PREFIX", requires = "outside", required_unless_present = "log")]
    pub inside: Option<String>,
    /// Outside addresses
    #[arg(long, value_name = "PREFIX", requires = "inside")]
    pub outside: Option<String>,
    /// How ports are given out.
    #[command(flatten)]
    pub rule: DeterministicRule,
    /// File of mapping records
    #[arg(long, value_name = "FILE", requires = "time")]
    pub log: Option<PathBuf>,
    /// When, in seconds since 1970, with a fraction if wanted
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub time: Option<Duration>,
    /// How far clocks may be apart, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub skew: Duration,
    /// The protocol's number, if it is known
    #[arg(long, value_name = "N")]
    pub protocol: Option<u8>,
    /// The outside address, or ADDRESS:PORT
    pub address: String,
    /// The port
    pub port: Option<u16>,
}

fn number(text: &str) -> Result<u16, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16),
        None => text.parse(),
    };
    parsed.map_err(|_| "a number from 0 to 65535, or hexadecimal with 0x".into())
}

fn factor(text: &str) -> Result<u32, String> {
    let wrong = || "a number of shares, or addresses/shares such as 1/2".to_string();
    match text.split_once('/') {
        None => text.parse().map_err(|_| wrong()),
        Some((addresses, shares)) => {
            let (addresses, shares): (u32, u32) = (addresses.parse().map_err(|_| wrong())?, shares.parse().map_err(|_| wrong())?);
            match (shares.checked_div(addresses), shares.checked_rem(addresses)) {
                (Some(factor), Some(0)) => Ok(factor),
                _ => Err(wrong()),
            }
        }
    }
}
