//! Security associations: what protects one direction of traffic, and how packets go through it.
//!
//! A [`Builder`] refuses what makes no sense, and gives an [`Outbound`] or an [`Inbound`]. Both work in place on a
//! [`PacketBuf`](crate::PacketBuf) that holds one IP packet; in tunnel mode no octet of the packet moves, in transport mode only its header does.
//! [`Outbound::seal_into`] and [`Inbound::open_into`] leave the packet alone, and write into another buffer.
//!
//! ```text
//!                 transport mode                             tunnel mode
//! before   | IP header |        payload |             | IP header |        payload |
//! after    | IP header | ESP | payload | trailer |    | outer header | ESP | IP header | payload | trailer |
//!          | IP header | AH  | payload |              | outer header | AH  | IP header | payload |
//! ```
//!
//! In IPv6 transport mode the header stands behind hop-by-hop options, routing headers, and the destination options that come before a
//! routing header; whether other destination options stand before it or behind it is the association's choice (RFC 4302 3.1.1, RFC 4303 3.1.1).

mod batch;
mod builder;
mod getters;
mod inbound;
mod into;
mod iv;
mod outbound;
mod parameters;
mod path;
mod payload;
mod place;
mod tunnel;

pub use batch::BATCH;
pub use builder::Builder;
pub use inbound::{Accepted, Counters, Inbound, Opened, WINDOW_WORDS};
pub use outbound::{Exported, Outbound, Sealed};
pub use parameters::{DscpSet, Peer};
pub use path::PathMtu;
pub use payload::Carried;
pub use tunnel::{OuterDscp, OuterEcn, Tunnel};

use crate::algorithm::Suite;
use crate::esp::Layout;
use crate::natt::{Encapsulation, InnerChecksum};

/// How an association's packets are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Between hosts: behind the packet's own header.
    Transport,
    /// Between gateways, or a host and a gateway: around the whole packet.
    Tunnel(Tunnel),
}

/// What both directions share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Params {
    pub(crate) spi: u32,
    pub(crate) suite: Suite,
    pub(crate) layout: Layout,
    pub(crate) mode: Mode,
    pub(crate) esn: bool,
    pub(crate) encapsulation: Option<Encapsulation>,
    /// What an AH's length is a multiple of in IPv4; 8 in IPv6.
    pub(crate) ah_alignment: usize,
    pub(crate) protect_destination_options: bool,
    /// Octets that a tunnel-mode payload is padded to.
    pub(crate) pad_to: usize,
    pub(crate) dscps: DscpSet,
    pub(crate) fragment_checking: bool,
    pub(crate) peer: Option<Peer>,
    pub(crate) inner_checksum: InnerChecksum,
}

impl Params {
    /// The high half of a sequence number, where it is authenticated.
    #[inline]
    pub(crate) fn esn_high(&self, sequence: u64) -> Option<u32> {
        self.esn.then(|| high(sequence))
    }

    /// Octets of the AH in a packet of this IP version.
    #[inline]
    pub(crate) const fn ah_len(&self, version: u8) -> usize {
        let alignment = if version == 4 { self.ah_alignment } else { 8 };
        crate::ah::header_len(self.suite.icv_len(), alignment)
    }

    /// Octets of AH's ICV that are an IV.
    #[inline]
    pub(crate) const fn ah_iv_len(&self) -> usize {
        if self.suite.has_counter_iv() { 8 } else { 0 }
    }
}

/// The high half of a sequence number.
#[inline]
pub(crate) const fn high(sequence: u64) -> u32 {
    (sequence >> 32) as u32
}

/// The low half of a sequence number, which is sent.
#[inline]
pub(crate) const fn low(sequence: u64) -> u32 {
    (sequence & 0xffff_ffff) as u32
}

#[cfg(test)]
mod tests;
