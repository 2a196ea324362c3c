//! 802.1Q tags: one, two (802.1ad, "QinQ") or more between the source address and the EtherType.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------------------------------+-----+-+-----------------------+
//! |     Tag Protocol Identifier   | PCP |D|        VLAN ID        |
//! +-------------------------------+-----+-+-----------------------+
//! ```
//!
//! PCP: priority; D: drop eligible. The identifier stands where the EtherType of an untagged frame does.

use super::ethernet::EtherType;
use crate::OutOfRange;
use crate::error::{Error, Field, len32};
use crate::octets::be16;

/// Octets of a tag.
pub const TAG_LEN: usize = 4;

/// One tag: small enough to be read into a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tag {
    /// Tag protocol identifier: which kind of tag.
    pub tpid: EtherType,
    /// Tag control information as it stands.
    pub tci: u16,
}

impl Tag {
    /// A customer tag (0x8100) of a VLAN, priority 0.
    ///
    /// # Errors
    /// [`OutOfRange`] for a VLAN ID over 4095.
    pub const fn new(vlan_id: u16) -> Result<Self, OutOfRange> {
        if vlan_id > 0x0fff {
            return Err(OutOfRange);
        }
        Ok(Self { tpid: EtherType::VLAN, tci: vlan_id })
    }

    /// The same tag under another tag protocol identifier.
    #[must_use]
    pub const fn with_tpid(mut self, tpid: EtherType) -> Self {
        self.tpid = tpid;
        self
    }

    /// Priority code point, 0 to 7.
    #[must_use]
    pub const fn priority(self) -> u8 {
        self.tci.to_be_bytes()[0] >> 5
    }

    /// Whether the frame may be dropped first.
    #[must_use]
    pub const fn drop_eligible(self) -> bool {
        self.tci & 0x1000 != 0
    }

    /// VLAN ID, 0 to 4095; 0 marks priority alone.
    #[must_use]
    pub const fn vlan_id(self) -> u16 {
        self.tci & 0x0fff
    }

    /// The tag's octets.
    #[must_use]
    pub const fn to_octets(self) -> [u8; TAG_LEN] {
        let [p0, p1] = self.tpid.0.to_be_bytes();
        let [t0, t1] = self.tci.to_be_bytes();
        [p0, p1, t0, t1]
    }
}

/// A walk over the tags of a frame; ends after the first error.
#[derive(Debug, Clone, Copy)]
pub struct Tags<'a> {
    next: EtherType,
    rest: &'a [u8],
    offset: u32,
    read: u32,
    limit: u32,
    failed: bool,
}

impl<'a> Tags<'a> {
    /// Walks `octets`, which start `offset` octets into the frame, behind the type field `next`; over `limit` tags at most.
    #[must_use]
    pub const fn new(next: EtherType, octets: &'a [u8], offset: u32, limit: u32) -> Self {
        Self { next, rest: octets, offset, read: 0, limit, failed: false }
    }

    /// The type field behind the tags read so far: an EtherType, or a length up to 1500.
    #[must_use]
    pub const fn type_or_length(&self) -> u16 {
        self.next.0
    }

    /// What follows the tags read so far.
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.rest
    }

    /// Where [`Tags::payload`] starts, in octets from the start of the frame.
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    fn step(&mut self) -> Result<Tag, Error> {
        if self.read == self.limit {
            let found = self.read.saturating_add(1);
            // The type field that announces one tag too many.
            let offset = self.offset.saturating_sub(2);
            return Err(Error::Value { field: Field::VlanStack, offset, found, needed: self.limit });
        }
        let Some(([t0, t1, p0, p1], rest)) = self.rest.split_first_chunk::<TAG_LEN>() else {
            let found = len32(self.rest.len());
            return Err(Error::Truncated { field: Field::VlanTag, offset: self.offset, found, needed: 4 });
        };
        let tag = Tag { tpid: self.next, tci: be16(*t0, *t1) };
        self.next = EtherType(be16(*p0, *p1));
        self.rest = rest;
        self.offset = self.offset.saturating_add(4);
        self.read = self.read.saturating_add(1);
        Ok(tag)
    }
}

impl Iterator for Tags<'_> {
    type Item = Result<Tag, Error>;

    /// The next tag.
    ///
    /// # Errors
    /// [`Error::Truncated`]; [`Error::Value`] for more tags than the budget allows.
    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || !self.next.is_tag() {
            return None;
        }
        let step = self.step();
        self.failed = step.is_err();
        Some(step)
    }
}

impl core::iter::FusedIterator for Tags<'_> {}
