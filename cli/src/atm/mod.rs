//! IP packets to ATM cells and back, over a line that loses cells and inverts bits as told.
//!
//! What a cells file loses here is known, cell by cell. So [`Reception`] can say of every packet that does not arrive why, and its
//! discards add up: see [`Event::Discard`].

mod commands;
mod line;
mod receive;
mod send;

pub(crate) use commands::{run_reassemble, run_segment};
pub use line::{Fate, Line};
pub(crate) use receive::{CONFIG, header, unwrap};
pub use receive::{Cause, Counts, Event, Reception};
pub(crate) use send::prefix;
pub use send::{Channels, Refused, Transmission, packet};

use clap::ValueEnum;

/// How a packet stands in an AAL5 SDU (RFC 2684).
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Encapsulation {
    /// Behind an LLC/SNAP header with its EtherType
    Llc,
    /// Bare: the channel says that it carries IP
    VcMux,
}

/// The version in an IP packet's first octet, if it is 4 or 6.
fn version(packet: &[u8]) -> Option<u8> {
    packet.first().map(|first| first >> 4).filter(|version| matches!(version, 4 | 6))
}
