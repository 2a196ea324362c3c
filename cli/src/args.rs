//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::atm::Encapsulation;

const START: &str = "\
Start with:
  wirecraft dissect          every frame of an embedded sample capture, as a tree
  wirecraft dissect FILE     the frames of your own capture (pcap or pcapng)
  wirecraft stats FILE       what protocols, options and errors a capture has

Then:
  wirecraft atm segment --encap llc --in ip.pcap --out cells.bin       IP packets to ATM cells
  wirecraft atm reassemble --encap llc --in cells.bin --out ip.pcap    and back (--loss 0.01 loses cells)
  wirecraft ipsec seal --sa sa.json --in plain.pcap --out esp.pcap     AH and ESP (`open` goes back)";

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
    /// NGISec (TCPSec, UDPSec) over the packets of a capture
    #[command(subcommand)]
    Ngisec(Ngisec),
}

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
    pub address: std::net::IpAddr,
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
