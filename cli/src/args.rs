//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::atm::Encapsulation;

mod diffserv;
mod ipsec;
mod llpf;
mod ngisec;
mod six_to_four;
mod tour;

pub use diffserv::{Condition, Diffserv};
pub use ipsec::{Ipsec, IpsecIo, IpsecSeal};
pub use llpf::{Llpf, LlpfFilter, LlpfIo, LlpfKeygen, LlpfPolicy, LlpfSeal};
pub use ngisec::{Ngisec, NgisecChannel, NgisecForm, NgisecIo, NgisecNat};
pub use six_to_four::{
    Deterministic, DeterministicRule, Ports, PortsAllocate, PortsPsid, PortsSet, PortsTrace, Profile, PsidArgs, SixToFour,
    SixToFourEncap, SixToFourIo, SixToFourSite,
};
pub use tour::Tour;

const START: &str = "\
Start with:
  wirecraft tour             an embedded sample capture through the whole family, every packet compared (or your own: tour FILE)
  wirecraft dissect FILE     the frames of a capture (pcap or pcapng) as trees; without FILE, of the sample
  wirecraft stats FILE       what protocols, options and errors a capture has

Then:
  wirecraft atm segment --encap llc --in ip.pcap --out cells.bin       IP packets to ATM cells
  wirecraft atm reassemble --encap llc --in cells.bin --out ip.pcap    and back (--loss 0.01 loses cells)
  wirecraft ipsec seal --sa sa.json --in plain.pcap --out esp.pcap     AH and ESP (`open` goes back)
  wirecraft diffserv condition --agreement a.toml --in in.pcap --out out.pcap   police, mark and shape
  wirecraft 6to4 encap --v4 192.0.2.4 --in ip6.pcap --out ip4.pcap     IPv6 through a 6to4 router (`decap` goes back)
  wirecraft ports set --offset 6 --length 8 --psid 0x34                the ports of a subscriber of a shared address
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
    /// Take a capture through the whole family, and compare every packet that comes out
    #[command(after_help = TOUR)]
    Tour(Tour),
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
    /// Differentiated services: a capture through a traffic conditioner
    #[command(subcommand)]
    Diffserv(Diffserv),
    /// The packets of a capture through a 6to4 router
    #[command(name = "6to4", subcommand)]
    SixToFour(SixToFour),
    /// Ports of shared addresses: sets, allocation, deterministic mapping, and whose a port was
    #[command(subcommand)]
    Ports(Ports),
    /// Authentication Trailers over the packets of a capture: key tables, sealing, filtering
    #[command(subcommand)]
    Llpf(Llpf),
    /// NGISec (TCPSec, UDPSec) over the packets of a capture
    #[command(subcommand)]
    Ngisec(Ngisec),
}

const TOUR: &str = "\
The stages: classify and mark, LLPF seal, AAL5 cells over a line that loses some, reassembly, LLPF filter, an ESP tunnel sealed and opened, NGISec
through an address translation, 6to4. A packet that a stage can't take passes it by and goes on. Times are those of the crates' work alone, in memory.

Exit status: 0 every packet is what it was to be, 1 one is not or a stage does not balance, 2 bad usage or unreadable input.";

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

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || "seconds, with a fraction of up to nine digits if wanted".to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 9 {
        return Err(wrong());
    }
    let nanoseconds = format!("{fraction:0<9}").parse().map_err(|_| wrong())?;
    Ok(Duration::new(whole.parse().map_err(|_| wrong())?, nanoseconds))
}
