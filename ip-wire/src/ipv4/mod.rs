//! IPv4 (RFC 791): header, options, fragmentation.
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------+-------+-----------+---+-------------------------------+
//! |Version|  IHL  |   DSCP    |ECN|          Total Length         |  0
//! +-------+-------+-----------+---+-----+-------------------------+
//! |         Identification        |R|D|M|     Fragment Offset     |  4
//! +---------------+---------------+-----+-------------------------+
//! |  Time to Live |   Protocol    |        Header Checksum        |  8
//! +---------------+---------------+-------------------------------+
//! |                        Source Address                         | 12
//! +---------------------------------------------------------------+
//! |                      Destination Address                      | 16
//! +---------------------------------------------------------------+
//! |               Options, 0 to 40 octets, and Padding            | 20
//! +---------------------------------------------------------------+
//! ```
//!
//! IHL counts 32-bit words, Total Length octets, Fragment Offset units of 8 octets.
//!
//! ```
//! use ip_wire::{Protocol, ipv4};
//! use core::net::Ipv4Addr;
//!
//! let header = ipv4::Header::new(Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2), Protocol::UDP, 8)?;
//! let mut packet = [0; 28];
//! header.emit(&mut packet)?;
//! let view = ipv4::View::parse(&packet)?;
//! view.verify_checksum()?;
//! assert_eq!((view.source(), view.payload().len()), (Ipv4Addr::new(192, 0, 2, 1), 8));
//! # Ok::<(), ip_wire::Error>(())
//! ```

use core::net::Ipv4Addr;

use crate::checksum::{self, Delta};
use crate::error::{Error, Field, len32};
use crate::octets::{be16, behind, first, first_mut};
use crate::{DsField, Dscp, Ecn, FragmentOffset, Protocol, Reading};

pub mod address;
mod flags;
pub mod fragment;
mod header;
pub mod options;

pub use flags::Flags;
pub use header::Header;
pub use options::{OptionList, Options};

/// Octets of the header without options.
pub const MIN_HEADER_LEN: usize = 20;
/// Octets of the longest header: IHL 15.
pub const MAX_HEADER_LEN: usize = 60;
/// Octets of the largest datagram.
pub const MAX_TOTAL_LEN: usize = 65_535;
/// Octets of datagram that every module must be able to forward without fragmenting it further (RFC 791 3.2).
pub const MIN_MTU: u32 = 68;

/// A read IPv4 packet: header, options and payload, cut at the total length.
///
/// The header checksum is not looked at by [`View::parse`]: a capture of a sending host has none yet. Ask
/// [`View::verify_checksum`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    fixed: &'a [u8; MIN_HEADER_LEN],
    /// Options, then payload.
    rest: &'a [u8],
    options_len: u8,
}

impl<'a> View<'a> {
    /// Reads a packet. Octets past the total length (link padding) are left out.
    ///
    /// # Errors
    /// [`Error::Truncated`] below 20 octets or inside the options, [`Error::Version`], [`Error::LengthTooSmall`] for an
    /// IHL below 5 or a total length below the header's, [`Error::LengthBeyondBuffer`] for a total length past the end.
    #[inline]
    pub fn parse(octets: &'a [u8]) -> Result<Self, Error> {
        match Self::usual(octets) {
            Some(view) => Ok(view),
            None => Self::parse_any(octets),
        }
    }

    /// A whole packet without options, which nearly every one is; `None` says nothing. Apart from [`View::parse_any`], so that the views of such packets are never put together
    /// with errors in memory.
    #[inline(always)]
    pub(crate) fn usual(octets: &'a [u8]) -> Option<Self> {
        let (fixed, rest) = octets.split_first_chunk::<MIN_HEADER_LEN>()?;
        if fixed[0] != 0x45 {
            return None;
        }
        // A total length below 20 wraps around to one that no buffer has.
        let rest = rest.get(..usize::from(be16(fixed[2], fixed[3])).wrapping_sub(MIN_HEADER_LEN))?;
        Some(Self { fixed, rest, options_len: 0 })
    }

    #[inline(never)]
    fn parse_any(octets: &'a [u8]) -> Result<Self, Error> {
        let (fixed, rest) = first::<MIN_HEADER_LEN>(octets, Field::Ipv4Header)?;
        let options_len = options_len(fixed, rest.len())?;
        // A total length below 20 wraps around to one that no buffer has.
        let rest_len = usize::from(be16(fixed[2], fixed[3])).wrapping_sub(MIN_HEADER_LEN);
        match rest.get(..rest_len) {
            Some(rest) => Ok(Self { fixed, rest, options_len }),
            None => Err(Self { fixed, rest, options_len }.wrong_total_len()),
        }
    }

    /// Reads a packet whose end may be missing: cut by a snapshot length, or quoted in an ICMP error.
    ///
    /// # Errors
    /// Those of [`View::parse`], but for a total length past the end, which is [`Reading::Truncated`].
    #[inline]
    pub fn parse_lax(octets: &'a [u8]) -> Result<Reading<Self>, Error> {
        match Self::parse(octets) {
            Ok(view) => Ok(Reading::Complete(view)),
            Err(Error::LengthBeyondBuffer { found, needed, .. }) => Self::cut(octets, needed.saturating_sub(found)),
            Err(error) => Err(error),
        }
    }

    #[cold]
    fn cut(octets: &'a [u8], missing: u32) -> Result<Reading<Self>, Error> {
        let (fixed, rest) = first::<MIN_HEADER_LEN>(octets, Field::Ipv4Header)?;
        let options_len = options_len(fixed, rest.len())?;
        Ok(Reading::Truncated { view: Self { fixed, rest, options_len }, missing })
    }

    /// What is wrong with the total length; `rest` is all that follows the fixed header.
    #[cold]
    #[inline(never)]
    fn wrong_total_len(self) -> Error {
        let total = self.total_len();
        if usize::from(total) < self.header_len() {
            return total_below_header(usize::from(total), self.header_len());
        }
        let (found, needed) = (len32(self.rest.len().saturating_add(MIN_HEADER_LEN)), u32::from(total));
        Error::LengthBeyondBuffer { field: Field::Ipv4TotalLength, offset: 2, found, needed }
    }

    /// Header length in octets: IHL times 4.
    #[must_use]
    #[inline]
    pub const fn header_len(&self) -> usize {
        MIN_HEADER_LEN.wrapping_add(self.options_len as usize)
    }

    /// DSCP and ECN: the octet once called Type of Service.
    #[must_use]
    #[inline]
    pub const fn ds(&self) -> DsField {
        DsField(self.fixed[1])
    }

    /// Differentiated services codepoint.
    #[must_use]
    #[inline]
    pub const fn dscp(&self) -> Dscp {
        self.ds().dscp()
    }

    /// Congestion mark.
    #[must_use]
    #[inline]
    pub const fn ecn(&self) -> Ecn {
        self.ds().ecn()
    }

    /// Total length in octets, header included.
    #[must_use]
    #[inline]
    pub const fn total_len(&self) -> u16 {
        be16(self.fixed[2], self.fixed[3])
    }

    /// Identification: with source, destination and protocol it names the datagram that a fragment belongs to.
    #[must_use]
    #[inline]
    pub const fn identification(&self) -> u16 {
        be16(self.fixed[4], self.fixed[5])
    }

    /// The three flag bits.
    #[must_use]
    #[inline]
    pub const fn flags(&self) -> Flags {
        Flags::from_high_bits(self.fixed[6])
    }

    /// Where this fragment's data belongs in the datagram.
    #[must_use]
    #[inline]
    pub const fn fragment_offset(&self) -> FragmentOffset {
        FragmentOffset::from_low_13(be16(self.fixed[6], self.fixed[7]))
    }

    /// Whether this is a part of a datagram: more fragments follow, or it does not start at 0.
    #[must_use]
    #[inline]
    pub const fn is_fragment(&self) -> bool {
        be16(self.fixed[6], self.fixed[7]) & 0x3fff != 0
    }

    /// Time to live, in hops.
    #[must_use]
    #[inline]
    pub const fn ttl(&self) -> u8 {
        self.fixed[8]
    }

    /// Protocol of the payload.
    #[must_use]
    #[inline]
    pub const fn protocol(&self) -> Protocol {
        Protocol(self.fixed[9])
    }

    /// The header checksum as it stands, right or wrong.
    #[must_use]
    #[inline]
    pub const fn checksum(&self) -> u16 {
        be16(self.fixed[10], self.fixed[11])
    }

    /// Source address.
    #[must_use]
    #[inline]
    pub const fn source(&self) -> Ipv4Addr {
        let f = self.fixed;
        Ipv4Addr::new(f[12], f[13], f[14], f[15])
    }

    /// Destination address as it stands; under a source route it is the next hop of the route.
    #[must_use]
    #[inline]
    pub const fn destination(&self) -> Ipv4Addr {
        let f = self.fixed;
        Ipv4Addr::new(f[16], f[17], f[18], f[19])
    }

    /// The destination that the datagram ends up at: the last address of a source route that is not used up, else the
    /// header's. Transport checksums are taken over it (RFC 1122 4.1.3.4).
    #[must_use]
    pub fn final_destination(&self) -> Ipv4Addr {
        if self.options_len == 0 {
            return self.destination();
        }
        options::final_destination(self.options()).unwrap_or(self.destination())
    }

    /// The options.
    #[must_use]
    #[inline]
    pub fn options(&self) -> Options<'a> {
        Options::new(self.options_octets(), len32(MIN_HEADER_LEN))
    }

    /// The options area as it stands, padding included.
    #[must_use]
    #[inline]
    pub fn options_octets(&self) -> &'a [u8] {
        self.rest.get(..usize::from(self.options_len)).unwrap_or(&[])
    }

    /// The payload, up to the total length.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> &'a [u8] {
        behind(self.rest, usize::from(self.options_len))
    }

    /// The checksum that the header's octets give.
    #[must_use]
    #[inline]
    pub fn computed_checksum(&self) -> u16 {
        let f = self.fixed;
        let without = [
            f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], 0, 0, f[12], f[13], f[14], f[15], f[16], f[17], f[18],
            f[19],
        ];
        checksum::header(&without).octets(self.options_octets()).checksum()
    }

    /// Checks the header checksum (RFC 791 3.1).
    ///
    /// # Errors
    /// [`Error::Checksum`] with the checksum found and the one needed.
    #[inline]
    pub fn verify_checksum(&self) -> Result<(), Error> {
        let sum = checksum::header(self.fixed);
        let sum = if self.options_len == 0 { sum } else { sum.octets(self.options_octets()) };
        if sum.holds() { Ok(()) } else { Err(self.wrong_checksum()) }
    }

    #[cold]
    fn wrong_checksum(&self) -> Error {
        Error::Checksum { field: Field::Ipv4Checksum, offset: 10, found: self.checksum(), needed: self.computed_checksum() }
    }

    /// Checks each option's form: what a forwarding node must do before it acts on any.
    ///
    /// # Errors
    /// The first error of [`Options`] or [`options::Opt::value`].
    pub fn verify_options(&self) -> Result<(), Error> {
        for option in self.options() {
            option?.value()?;
        }
        Ok(())
    }
}

/// Octets of options of a header that is not the usual one; `room` octets follow the fixed part.
#[inline(never)]
fn options_len(fixed: &[u8; MIN_HEADER_LEN], room: usize) -> Result<u8, Error> {
    let version = fixed[0] >> 4;
    if version != 4 {
        return Err(Error::Version { field: Field::Ipv4Version, offset: 0, found: version, needed: 4 });
    }
    let ihl = fixed[0] & 0x0f;
    let Some(words) = ihl.checked_sub(5) else {
        return Err(Error::LengthTooSmall { field: Field::Ipv4Ihl, offset: 0, found: u32::from(ihl), needed: 5 });
    };
    let len = words.wrapping_mul(4);
    if usize::from(len) > room {
        return Err(Error::Truncated {
            field: Field::Ipv4Options,
            offset: len32(MIN_HEADER_LEN),
            found: len32(room),
            needed: u32::from(len),
        });
    }
    let (total, header) = (usize::from(be16(fixed[2], fixed[3])), MIN_HEADER_LEN.wrapping_add(usize::from(len)));
    if total < header {
        return Err(total_below_header(total, header));
    }
    Ok(len)
}

#[cold]
fn total_below_header(total: usize, header: usize) -> Error {
    Error::LengthTooSmall { field: Field::Ipv4TotalLength, offset: 2, found: len32(total), needed: len32(header) }
}

/// A read IPv4 packet to be changed in place. Each setter keeps the header checksum as true as it was, by RFC 1624
/// arithmetic: a wrong checksum stays wrong by the same amount, so that no error is hidden.
///
/// Transport checksums cover the addresses too: [`crate::nat`] changes both.
#[derive(Debug)]
pub struct ViewMut<'a> {
    fixed: &'a mut [u8; MIN_HEADER_LEN],
    rest: &'a mut [u8],
    options_len: u8,
}

impl<'a> ViewMut<'a> {
    /// Reads a packet to be changed.
    ///
    /// # Errors
    /// Those of [`View::parse`].
    #[inline]
    pub fn parse(octets: &'a mut [u8]) -> Result<Self, Error> {
        let view = View::parse(octets)?;
        let (options_len, rest_len) = (view.options_len, view.rest.len());
        Self::split(octets, options_len, rest_len)
    }

    /// Reads a packet whose end may be missing.
    ///
    /// # Errors
    /// Those of [`View::parse_lax`].
    #[inline]
    pub fn parse_lax(octets: &'a mut [u8]) -> Result<Reading<Self>, Error> {
        let reading = View::parse_lax(octets)?;
        let (missing, view) = (reading.missing(), reading.into_view());
        let (options_len, rest_len) = (view.options_len, view.rest.len());
        Ok(Reading::new(Self::split(octets, options_len, rest_len)?, missing))
    }

    #[inline]
    fn split(octets: &'a mut [u8], options_len: u8, rest_len: usize) -> Result<Self, Error> {
        let (fixed, rest) = first_mut::<MIN_HEADER_LEN>(octets, Field::Ipv4Header)?;
        let rest = rest.get_mut(..rest_len).unwrap_or_default();
        Ok(Self { fixed, rest, options_len })
    }

    /// The packet as it is now.
    #[must_use]
    #[inline]
    pub fn view(&self) -> View<'_> {
        View { fixed: self.fixed, rest: self.rest, options_len: self.options_len }
    }

    /// Sets DSCP and ECN.
    #[inline]
    pub fn set_ds(&mut self, ds: DsField) {
        let old = be16(self.fixed[0], self.fixed[1]);
        self.fixed[1] = ds.0;
        self.mend(Delta::new().word(old, be16(self.fixed[0], ds.0)));
    }

    /// Sets the codepoint; ECN stays.
    #[inline]
    pub fn set_dscp(&mut self, dscp: Dscp) {
        self.set_ds(self.view().ds().with_dscp(dscp));
    }

    /// Sets the congestion mark; DSCP stays.
    #[inline]
    pub fn set_ecn(&mut self, ecn: Ecn) {
        self.set_ds(self.view().ds().with_ecn(ecn));
    }

    /// Sets the identification.
    #[inline]
    pub fn set_identification(&mut self, identification: u16) {
        let old = be16(self.fixed[4], self.fixed[5]);
        [self.fixed[4], self.fixed[5]] = identification.to_be_bytes();
        self.mend(Delta::new().word(old, identification));
    }

    /// Sets or clears the Don't Fragment bit.
    #[inline]
    pub fn set_dont_fragment(&mut self, dont_fragment: bool) {
        let old = be16(self.fixed[6], self.fixed[7]);
        if dont_fragment {
            self.fixed[6] |= 0x40;
        } else {
            self.fixed[6] &= !0x40;
        }
        self.mend(Delta::new().word(old, be16(self.fixed[6], self.fixed[7])));
    }

    /// Sets the time to live.
    #[inline]
    pub fn set_ttl(&mut self, ttl: u8) {
        let old = be16(self.fixed[8], self.fixed[9]);
        self.fixed[8] = ttl;
        self.mend(Delta::new().word(old, be16(ttl, self.fixed[9])));
    }

    /// Takes one hop off the time to live, as a forwarding node must (RFC 1812 5.3.1), and returns what is left.
    ///
    /// # Errors
    /// [`Error::HopLimitExceeded`] if none is left to go on with; the packet stays as it was.
    #[inline]
    pub fn decrement_ttl(&mut self) -> Result<u8, Error> {
        let ttl = self.fixed[8];
        match ttl.checked_sub(1) {
            Some(left) if left > 0 => {
                self.set_ttl(left);
                Ok(left)
            }
            _ => Err(Error::HopLimitExceeded { field: Field::Ipv4Ttl, offset: 8, found: ttl }),
        }
    }

    /// Sets the source address.
    #[inline]
    pub fn set_source(&mut self, source: Ipv4Addr) {
        let old = self.view().source();
        [self.fixed[12], self.fixed[13], self.fixed[14], self.fixed[15]] = source.octets();
        self.mend(Delta::new().long(old.to_bits(), source.to_bits()));
    }

    /// Sets the destination address.
    #[inline]
    pub fn set_destination(&mut self, destination: Ipv4Addr) {
        let old = self.view().destination();
        [self.fixed[16], self.fixed[17], self.fixed[18], self.fixed[19]] = destination.octets();
        self.mend(Delta::new().long(old.to_bits(), destination.to_bits()));
    }

    /// Writes the checksum that the header's octets give, whatever stood there.
    pub fn fill_checksum(&mut self) {
        let checksum = self.view().computed_checksum();
        [self.fixed[10], self.fixed[11]] = checksum.to_be_bytes();
    }

    /// The payload, to be changed.
    #[must_use]
    #[inline]
    pub fn payload_mut(&mut self) -> &mut [u8] {
        self.rest.get_mut(usize::from(self.options_len)..).unwrap_or_default()
    }

    #[inline]
    fn mend(&mut self, delta: Delta) {
        let checksum = delta.apply(be16(self.fixed[10], self.fixed[11]));
        [self.fixed[10], self.fixed[11]] = checksum.to_be_bytes();
    }
}

#[cfg(test)]
mod tests;
