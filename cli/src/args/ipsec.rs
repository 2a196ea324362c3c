//! `ipsec`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
