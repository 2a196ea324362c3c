//! What `ip xfrm state` and `ip xfrm policy` print (iproute2 up to 7.1), with `-s` and with `-o` too.
//!
//! ```
//! use ipsec_wire::import::{Cipher, Integrity, xfrm};
//!
//! let printed = "src 192.0.2.1 dst 192.0.2.2
//! \tproto esp spi 0x00001000 reqid 7 mode tunnel
//! \treplay-window 32 flag af-unspec
//! \tauth-trunc hmac(sha256) 0x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f 128
//! \tenc cbc(aes) 0x000102030405060708090a0b0c0d0e0f
//! ";
//! let state = xfrm::states(printed).next().unwrap()?;
//! assert_eq!((state.spi, state.mode), (Some(0x1000), xfrm::Mode::Tunnel));
//! let integrity = state.protection.integrity.unwrap();
//! assert_eq!((integrity.algorithm, integrity.icv_bits), (Integrity::HmacSha256, Some(128)));
//! assert_eq!(state.protection.cipher.unwrap().algorithm, Cipher::AesCbc);
//! # Ok::<(), ipsec_wire::Error>(())
//! ```

mod lines;
mod policy;
mod selector;
mod state;

use alloc::string::String;
use core::net::IpAddr;

use ip_wire::Protocol;

use super::text::Piece;
use crate::error::{Error, Field, Problem};

pub use policy::{Action, Level, Policies, Policy, PolicyDirection, PolicyFlags, PolicyType, Sharing, Template, policies};
pub use selector::Selector;
pub use state::{ExtraFlags, ReplayState, State, StateFlags, States, Statistics, states};

/// How packets are carried.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// RFC 4301 transport mode.
    Transport,
    /// RFC 4301 tunnel mode.
    Tunnel,
    /// Mobile IPv6 route optimisation.
    RouteOptimization,
    /// Mobile IPv6 inbound trigger.
    InTrigger,
    /// Bound end-to-end tunnel.
    Beet,
    /// Aggregation and fragmentation (RFC 9347).
    Iptfs,
    /// Another, by number.
    Other(u8),
}

/// A value, and the bits of it that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The bits.
    pub value: u32,
    /// Which count; all, where no mask is printed.
    pub mask: u32,
}

/// UDP or TCP encapsulation of ESP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Encapsulation {
    /// Which.
    pub kind: EncapsulationKind,
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// The peer's address before translation, unspecified if it is not known.
    pub original: IpAddr,
}

/// Forms of encapsulation.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EncapsulationKind {
    /// UDP with eight octets of zeros before ESP, of the drafts before RFC 3948.
    UdpNonIke,
    /// UDP (RFC 3948).
    Udp,
    /// TCP (RFC 8229).
    Tcp,
    /// Another, by number.
    Other(u16),
}

/// A device that does some of the work.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Offload {
    /// Its name.
    pub device: String,
    /// Whose packets; not printed for policies.
    pub inbound: Option<bool>,
    /// Whether it does all of the work (`packet`), and not the cryptography only; false where it is not printed.
    pub packet: bool,
}

/// When something ends. `None`: never, by that measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Lifetime {
    /// Octets after which to find a successor, and to end.
    pub octets: Limit,
    /// Packets.
    pub packets: Limit,
    /// Seconds since it was made.
    pub added: Limit,
    /// Seconds since it was used first.
    pub used: Limit,
}

/// Soft and hard limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Limit {
    /// A warning.
    pub soft: Option<u64>,
    /// The end.
    pub hard: Option<u64>,
}

/// What was used so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Usage {
    /// Octets.
    pub octets: u64,
    /// Packets.
    pub packets: u64,
    /// When it was made.
    pub added: Option<Time>,
    /// When it was used first.
    pub used: Option<Time>,
}

/// A time of the day in the time zone of the node that printed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    /// Year.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour.
    pub hour: u8,
    /// Minute.
    pub minute: u8,
    /// Second; 60 for a leap second.
    pub second: u8,
}

/// Takes the next record off a text: a line that starts with no blank, and all lines after it that do.
fn next_record<'a>(text: &mut Piece<'a>) -> Option<Piece<'a>> {
    let is_empty = |line: &Piece<'_>| line.text.trim().is_empty();
    let mut start = *text;
    while is_empty(&text.next_line()?) {
        start = *text;
    }
    let mut ahead = *text;
    while ahead.next_line().is_some_and(|line| line.text.starts_with([' ', '\t']) || is_empty(&line)) {
        *text = ahead;
    }
    let octets = start.text.len().saturating_sub(text.text.len());
    Some(Piece { text: start.text.get(..octets)?, ..start })
}

/// The XFRM protocol of a word: those that iproute2 names, or a number.
fn xfrm_protocol(word: &Piece<'_>) -> Result<Protocol, Error> {
    let protocol = match word.text {
        "esp" => Protocol::ESP,
        "ah" => Protocol::AH,
        "comp" => Protocol::IPCOMP,
        "route2" => Protocol::ROUTING,
        "hao" => Protocol::DESTINATION_OPTIONS,
        "ipsec-any" => Protocol(255),
        number => return word.one_of(Field::Protocol, number.parse().ok().map(Protocol)),
    };
    Ok(protocol)
}

fn mode(word: &Piece<'_>) -> Result<Mode, Error> {
    let mode = match word.text {
        "transport" => Mode::Transport,
        "tunnel" => Mode::Tunnel,
        "ro" => Mode::RouteOptimization,
        "in_trigger" => Mode::InTrigger,
        "beet" => Mode::Beet,
        "iptfs" => Mode::Iptfs,
        number => return word.one_of(Field::Mode, number.parse().ok().map(Mode::Other)),
    };
    Ok(mode)
}

/// Sets what may be said once.
fn once<T>(place: &mut Option<T>, value: T, word: &Piece<'_>, field: Field) -> Result<(), Error> {
    match place {
        Some(_) => Err(word.error(field, Problem::Repeated)),
        None => {
            *place = Some(value);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
