//! Tag switching (RFC 2105) on ATM, with what RFC 3031, 3032 and 3035 settled about it later.
//!
//! ```text
//!   edge router              tag switch                tag switch              edge router
//!  +------------+  VCI 33   +-----------+   VCI 47    +-----------+  VCI 33   +-------------+
//!  | prefix ->  | --------> | 33 -> 47  | ----------> | 47 -> 33  | --------> | 33 -> layer |
//!  | tag 33     |           |           |             |           |           |       3     |
//!  +------------+           +-----------+             +-----------+           +-------------+
//!    imposes                        swap, by the Tag Information Base            removes
//! ```
//!
//! A [`Tag`] is the VCI of a cell. [`TagBase`] is the Tag Information Base: an incoming tag names sub-entries of outgoing tag, interface
//! and link level information (here the VPI); a multicast entry has several. Its entries can be [programmed](TagBase::program) into
//! a [`crate::switch::Switch`]. [`TagSwitch`] is the control component of destination-based routing (RFC 2105 section 4.1): routes
//! go in, bindings are exchanged with the neighbours as [`Message`]s, and the Tag Information Base comes out, in any of the three modes
//! of [`Allocation`]. It is sans-IO and takes for granted that a neighbour's messages come whole and in order, as over TCP.
//!
//! Cells of two frames must not be interleaved on one tag, so a switch that cannot merge VCs has one outgoing tag for each incoming one
//! (RFC 2105 section 5): it asks downstream once for every request from upstream.
//!
//! Not here: tag stacks of several levels (section 4.2), whose upper tag could be the VPI, and the control modules for multicast trees and
//! explicit routes (4.3, 4.4), for which a caller enters sub-entries in a [`TagBase`] of its own, on tags of its own.

#[cfg(feature = "alloc")]
mod base;
#[cfg(feature = "alloc")]
mod flow;
#[cfg(feature = "alloc")]
mod node;
mod prefix;
mod shim;
#[cfg(feature = "alloc")]
mod space;

#[cfg(feature = "alloc")]
pub use base::{Forwarding, SubEntry, TagBase, TagInterface};
#[cfg(feature = "alloc")]
pub use node::{Allocation, Config, Imposition, Message, NextHop, Reason, TagSwitch};
pub use prefix::Prefix;
#[cfg(feature = "alloc")]
pub use prefix::PrefixTable;
pub use shim::Shim;

use core::fmt;

use crate::cell::Vci;
use crate::{Error, Field};

/// A tag: what the VCI of a tagged cell carries.
///
/// VCI 0 to 32 never are tags (RFC 3035 section 7.1): 0 to 31 are the ATM layer's, and 32 carries the messages between neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u16", into = "u16"))]
pub struct Tag(u16);

impl Tag {
    /// The first tag.
    pub const MIN: Self = Self(33);
    /// The last tag.
    pub const MAX: Self = Self(u16::MAX);

    /// The tag of that number, or `None` for 0 to 32.
    #[must_use]
    pub const fn new(value: u16) -> Option<Self> {
        if value >= Self::MIN.0 { Some(Self(value)) } else { None }
    }

    /// Its number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The VCI that carries it.
    #[must_use]
    pub const fn vci(self) -> Vci {
        Vci::new(self.0)
    }
}

impl From<Tag> for u16 {
    fn from(tag: Tag) -> Self {
        tag.0
    }
}

impl TryFrom<u16> for Tag {
    type Error = Error;

    fn try_from(value: u16) -> Result<Self, Error> {
        Self::new(value).ok_or(Error::Reserved { field: Field::Tag, found: value.into(), needed: Self::MIN.0.into() })
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How many hops a tag's cells take to the end of the tags, from 1; 0 where that is unknown (RFC 3035 section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct HopCount(pub u8);

impl HopCount {
    /// Nobody knows.
    pub const UNKNOWN: Self = Self(0);
    /// The node that removes the tag binds it with this count.
    pub const EGRESS: Self = Self(1);

    /// The count one hop upstream, or `None` where that is over `max`; unknown stays unknown.
    #[must_use]
    pub const fn upstream(self, max: u8) -> Option<Self> {
        match self.0 {
            0 => Some(self),
            hops if hops < max => Some(Self(hops.saturating_add(1))),
            _ => None,
        }
    }

    /// The TTL of a packet that is tagged at the edge: the switches in between do not count it down, so the edge does for all of them
    /// (RFC 3035 section 10). `None` where it would be 0, as such a packet must not be sent with this tag.
    #[must_use]
    pub const fn outgoing_ttl(self, incoming: u8) -> Option<u8> {
        let hops = if self.0 == 0 { 1 } else { self.0 };
        match incoming.saturating_sub(hops) {
            0 => None,
            ttl => Some(ttl),
        }
    }
}

#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "alloc"))]
mod tests_network;
#[cfg(all(test, feature = "alloc"))]
mod tests_node;
#[cfg(all(test, feature = "alloc"))]
mod tests_tables;
