//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use llpf_wire::Algorithm;

use crate::atm::Encapsulation;

const START: &str = "\
Start with:
  wirecraft dissect          every frame of an embedded sample capture, as a tree
  wirecraft dissect FILE     the frames of your own capture (pcap or pcapng)
  wirecraft stats FILE       what protocols, options and errors a capture has

Then:
  wirecraft atm segment --encap llc --in ip.pcap --out cells.bin       IP packets to ATM cells
  wirecraft atm reassemble --encap llc --in cells.bin --out ip.pcap    and back (--loss 0.01 loses cells)
  wirecraft ipsec seal --sa sa.json --in plain.pcap --out esp.pcap     AH and ESP (`open` goes back)
  wirecraft llpf keygen --host-id 1 --os-random --out table.json       keys for `llpf seal` and `llpf filter`";

const EXIT: &str = "\
Exit status: 0 done, 1 the input has packets that failed (with --strict), 2 bad usage or unreadable input.";

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
    /// IP packets to ATM cells and back, over a line that loses cells and inverts bits
    #[command(subcommand)]
    Atm(Atm),
    /// AH and ESP over the packets of a capture
    #[command(subcommand)]
    Ipsec(Ipsec),
    /// Authentication Trailers over the packets of a capture: key tables, sealing, filtering
    #[command(subcommand)]
    Llpf(Llpf),
}

const SA_FILE: &str = "\
The file of associations is a JSON list, in the words of `ip xfrm state`; keys are hexadecimal, those of combined modes and CTR with
their salt at the end, and what is left out after `aead` has the value shown here:
  [{\"proto\":\"esp\",\"mode\":\"tunnel\",\"spi\":4096,\"src\":\"192.0.2.1\",\"dst\":\"192.0.2.2\",
    \"auth\":{\"name\":\"hmac(sha1)\",\"key\":\"0x..\",\"trunc_bits\":96},\"enc\":{\"name\":\"cbc(aes)\",\"key\":\"0x..\"},
    (or \"aead\":{\"name\":\"rfc4106(gcm(aes))\",\"key\":\"0x..\",\"icv_bits\":128},)
    \"esn\":false,\"replay_window\":64,\"seq\":1,\"seq_hi\":0,\"replay_seq\":0,\"replay_seq_hi\":0,\"ah_align\":4,\"tfc_pad\":0}]
and optionally \"encap\":{\"sport\":4500,\"dport\":4500} and \"sel\":{\"src\":\"10.1.0.0/16\",\"dst\":\"10.2.0.0/16\"}.
seq is the next number to send, replay_seq the highest received. Sealing takes a packet through each association that takes it, in
the file's order: by sel; without sel, in transport mode by src and dst, in tunnel mode any (a file's only association takes all).
ah_align 8 is what Linux does, here and in the outer header.

The file may as well be what `ip xfrm state` prints, with keys, or lines of Wireshark's table esp_sa; its first character tells which. Sequence
numbers that a kernel received are not taken from the print, since a capture may be older, but for the upper half of extended ones. Lines of
Wireshark's may leave SPI and addresses open and say nothing of modes and UDP: opening finds out, sealing is in transport mode.";

/// What to do with AH and ESP.
#[derive(Debug, Clone, Subcommand)]
pub enum Ipsec {
    /// Protect every packet
    #[command(after_help = SA_FILE)]
    Seal(IpsecSeal),
    /// Open every packet, through as many associations as it is in
    #[command(after_help = SA_FILE)]
    Open(IpsecIo),
}

/// Arguments of `ipsec seal`.
#[derive(Debug, Clone, Args)]
pub struct IpsecSeal {
    /// Files.
    #[command(flatten)]
    pub io: IpsecIo,
    /// The first packet's IV, in hexadecimal: for tests
    #[arg(long, value_name = "HEX", conflicts_with = "iv_seed")]
    pub iv: Option<String>,
    /// Makes all IVs, and whatever else is random, follow from a number: for tests
    #[arg(long, value_name = "N")]
    pub iv_seed: Option<u64>,
}

/// What both directions take.
#[derive(Debug, Clone, Args)]
pub struct IpsecIo {
    /// File of associations: JSON, what `ip xfrm state` prints, or Wireshark's esp_sa
    #[arg(long, value_name = "FILE")]
    pub sa: PathBuf,
    /// Capture to read: pcap or pcapng
    #[arg(long = "in", value_name = "PCAP")]
    pub input: PathBuf,
    /// Capture to write: pcap, raw IP, nanoseconds
    #[arg(long = "out", value_name = "PCAP")]
    pub output: PathBuf,
    /// File to write what was discarded to, as JSON lines
    #[arg(long, value_name = "JSONL")]
    pub audit: Option<PathBuf>,
    /// How many packets go through the cryptography at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub batch: u32,
    /// Exit with status 1 if anything is discarded
    #[arg(long)]
    pub strict: bool,
}

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

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string()),
        Err(_) => Err("a number of seconds is needed".into()),
    }
}

fn algorithm(text: &str) -> Result<Algorithm, String> {
    Algorithm::from_name(text).ok_or_else(|| format!("one of {} is needed", Algorithm::ALL.map(Algorithm::name).join(", ")))
}

const SEGMENT_EXAMPLES: &str = "\
Packet i, from 0, goes to VCI vci + i % vcs; cells of different channels take turns, one by one. Frames without an IP packet
are counted and left out. The cells file is cells of 53 octets, one behind the other.

Examples:
  wirecraft atm segment --encap llc --in ip.pcap --out cells.bin
  wirecraft atm segment --vpi 1 --vci 100 --vcs 16 --encap vc-mux --in ip.pcap --out cells.bin
  wirecraft atm segment --vcs 16 --encap llc --loss 0.01 --seed 7 --in ip.pcap --out lossy.bin";

const REASSEMBLE_EXAMPLES: &str = "\
Takes cells of every channel. Packets come out in the order in which their last cells come in, each at the time at which
that would be on a line of 155.52 Mbit/s whose first cell starts at 0. The output is a pcap of raw IP (101).

--events writes a JSON object a line: discard, lost-cell, bit-errors, header-corrected, header-discarded, misdelivered.
`packets` of a discard is how many packets of the file it accounts for; over all discards that is every packet that does
not arrive on its channel. What was lost before the file was written is not in the file, and not accounted for.

Examples:
  wirecraft atm reassemble --encap llc --in cells.bin --out ip.pcap
  wirecraft atm reassemble --encap llc --in cells.bin --out ip.pcap --loss 0.01 --seed 7 --events events.jsonl";

/// What to do with cells.
#[derive(Debug, Clone, Subcommand)]
pub enum Atm {
    /// The IP packets of a capture as a file of cells
    #[command(after_help = SEGMENT_EXAMPLES)]
    Segment(Segment),
    /// The IP packets in a file of cells as a capture
    #[command(after_help = REASSEMBLE_EXAMPLES)]
    Reassemble(Reassemble),
}

/// Arguments of `atm segment`.
#[derive(Debug, Clone, Args)]
pub struct Segment {
    /// Virtual path of all channels: up to 255, with --nni up to 4095
    #[arg(long, value_name = "VPI", default_value_t = 0)]
    pub vpi: u16,
    /// Virtual channel, the first of them
    #[arg(long, value_name = "VCI", default_value_t = 32)]
    pub vci: u16,
    /// How many virtual channels the packets are spread over
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub vcs: u16,
    /// Capture to read: pcap or pcapng
    #[arg(long = "in", value_name = "PCAP")]
    pub input: PathBuf,
    /// File of cells to write
    #[arg(long = "out", value_name = "CELLS")]
    pub output: PathBuf,
    /// Exit with status 1 if any frame has no IP packet or one that is too long
    #[arg(long)]
    pub strict: bool,
    /// Encapsulation and line.
    #[command(flatten)]
    pub link: Link,
}

/// Arguments of `atm reassemble`.
#[derive(Debug, Clone, Args)]
pub struct Reassemble {
    /// File of cells to read
    #[arg(long = "in", value_name = "CELLS")]
    pub input: PathBuf,
    /// Capture to write: pcap, raw IP, nanoseconds
    #[arg(long = "out", value_name = "PCAP")]
    pub output: PathBuf,
    /// File to write what went wrong to, as JSON lines
    #[arg(long, value_name = "JSONL")]
    pub events: Option<PathBuf>,
    /// Exit with status 1 if anything is discarded
    #[arg(long)]
    pub strict: bool,
    /// Encapsulation and line.
    #[command(flatten)]
    pub link: Link,
}

/// Encapsulation and line, for both directions.
#[derive(Debug, Clone, Copy, Args)]
pub struct Link {
    /// How packets stand in SDUs (RFC 2684)
    #[arg(long, value_name = "HOW")]
    pub encap: Encapsulation,
    /// Cell headers of the NNI: 12 bits of VPI and no GFC
    #[arg(long)]
    pub nni: bool,
    /// Probability that the line loses a cell
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub loss: f64,
    /// Probability that the line inverts a bit
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = probability)]
    pub bit_error: f64,
    /// Seed of the line's faults: the same seed, the same faults
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(probability) if (0.0..=1.0).contains(&probability) => Ok(probability),
        _ => Err("a probability is a number from 0 to 1".into()),
    }
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
    /// File of associations (see `ipsec open --help`) to decrypt ESP with
    #[arg(long, value_name = "FILE")]
    pub sa: Option<PathBuf>,
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
