//! The command line.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
  wirecraft diffserv condition --agreement a.toml --in in.pcap --out out.pcap   police, mark and shape
  wirecraft 6to4 encap --v4 192.0.2.4 --in ip6.pcap --out ip4.pcap     IPv6 through a 6to4 router (`decap` goes back)
  wirecraft ports set --offset 6 --length 8 --psid 0x34                the ports of a subscriber of a shared address";

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
    /// Differentiated services: a capture through a traffic conditioner
    #[command(subcommand)]
    Diffserv(Diffserv),
    /// The packets of a capture through a 6to4 router
    #[command(name = "6to4", subcommand)]
    SixToFour(SixToFour),
    /// Ports of shared addresses: sets, allocation, deterministic mapping, and whose a port was
    #[command(subcommand)]
    Ports(Ports),
}

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
    /// Dynamic pool factor (D)
    #[arg(long, value_name = "D", default_value = "0", value_parser = factor)]
    pub dynamic: u32,
    /// Most ports of a user (M)
    #[arg(long, value_name = "M", default_value_t = 65_536)]
    pub max: u32,
    /// Algorithm (A)
    #[arg(long, value_name = "A", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=3))]
    pub algorithm: u8,
    /// Reserved ports (R)
    #[arg(long, value_name = "R", default_value = "0-1023")]
    pub reserved: String,
    /// The first and the last address of the inside prefix are subscribers' too
    #[arg(long)]
    pub all_inside: bool,
    /// Bits of an IPv6 subscriber's prefix
    #[arg(long, value_name = "BITS", default_value_t = 56)]
    pub subscriber_len: u8,
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
