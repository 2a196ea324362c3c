//! Secure channels: a framing with the associations of AH and ESP that protect it (draft-shukla 6, figures 1 and 2, after encryption).
//!
//! ```text
//! plain                       | IP | T | AH | ESP | data                    | ESP trailer, ICV |
//! TCPSec, UDPSec              | IP | T | AH | ESP | T' | data               | ESP trailer, ICV |
//! duplicate, encapsulating    | IP | T | AH | ESP | IP' | T' | data         | ESP trailer, ICV |
//! duplicate, appended         | IP | T | AH | ESP | data | IP' | T' | length | ESP trailer, ICV |
//!                                       |<-- ICV of AH covers all of this ------------------->|
//! ```
//!
//! The checksum of T is right for what is on the wire, so that a translation's incremental change leaves it right, and a receiver finds accidents before
//! it spends a MAC on them. Neither IP nor T is under the ICV.

use core::time::Duration;

use ip_wire::{PacketBuf, Protocol};
use ipsec_wire::crypto::{RustCrypto, Transform};
use ipsec_wire::lifetime::Limit;
use ipsec_wire::replay::Storage;
use ipsec_wire::sa::WINDOW_WORDS;
use ipsec_wire::{Inbound, Outbound, Suite, ah, esp};

use crate::error::{Error, Field};
use crate::framing::{Form, Observation, Plan};
use crate::packet::{self, Check, Outline, len32};

/// The sending end of a channel.
#[derive(Debug)]
pub struct Sender<A = RustCrypto, E = RustCrypto> {
    form: Form,
    ah: Outbound<A>,
    esp: Outbound<E>,
}

/// The receiving end of a channel.
#[derive(Debug)]
pub struct Receiver<A = RustCrypto, E = RustCrypto, W = [u64; WINDOW_WORDS]> {
    form: Form,
    ah: Inbound<A, W>,
    esp: Inbound<E, W>,
}

/// A packet that was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// Sequence number in AH.
    pub sequence: u64,
    /// A soft lifetime that one of the associations reached: said once.
    pub soft_limit: Option<Limit>,
}

/// A packet that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Sequence number in AH.
    pub sequence: u64,
    /// What translations on the way did.
    pub observation: Observation,
    /// A soft lifetime that one of the associations reached: said once.
    pub soft_limit: Option<Limit>,
}

impl<A: Transform, E: Transform> Sender<A, E> {
    /// A channel of two associations.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] if the first is not of AH, or the second not of ESP.
    pub fn new(form: Form, ah: Outbound<A>, esp: Outbound<E>) -> Result<Self, Error> {
        check_suites(ah.suite(), esp.suite())?;
        Ok(Self { form, ah, esp })
    }

    /// Frames and protects the TCP or UDP packet in `packet` in place. Octets behind the IP packet's own length are cut off.
    ///
    /// # Errors
    /// Those of reading the packet, whose checksums must hold; [`Error::NotReassembled`], [`Error::Transport`]; [`Error::TooLong`]; [`Error::BufferTooSmall`] without the room that
    /// [`Sender::headroom`] and [`Sender::tailroom`] tell; those of [`Outbound::ready`]. Packet and associations stay as they were.
    pub fn seal<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Sealed, Error> {
        let outline = Outline::read(packet.octets(), Check::All)?;
        let (version, bare) = (outline.version, Plan::new(self.form, &outline, (0, 0)));
        let (front, tail) = self.esp.payload_room(version, bare.inner_len);
        let (ah_front, _) = self.ah.payload_room(version, 0);
        let plan = Plan::new(self.form, &outline, (front.saturating_add(ah_front), tail));
        plan.check(&outline, packet)?;
        self.esp.ready(now, plan.inner_len)?;
        self.ah.ready(now, plan.inner_len.saturating_add(front).saturating_add(tail))?;
        // Nothing can fail from here on.
        plan.arrange(&outline, packet)?;
        let esp = self.esp.seal_payload(now, packet, self.form.next_header(&outline), version)?;
        let ah = self.ah.seal_payload(now, packet, Protocol::ESP, version)?;
        packet.push_front(outline.headers)?;
        packet::finish(packet.octets_mut(), &outline)?;
        Ok(Sealed { sequence: ah.sequence, soft_limit: ah.soft_limit.or(esp.soft_limit) })
    }

    /// Octets that [`Sender::seal`] adds to a packet with `ip_len` octets of IP headers, `transport_len` of transport header and `data` octets behind
    /// them, of which `version` is.
    #[must_use]
    pub fn overhead(&self, version: u8, ip_len: usize, transport_len: usize, data: usize) -> usize {
        let duplicate = self.form.duplicate_len(ip_len, transport_len);
        let (front, tail) = self.esp.payload_room(version, data.saturating_add(duplicate));
        let (ah, _) = self.ah.payload_room(version, 0);
        duplicate.saturating_add(front).saturating_add(tail).saturating_add(ah)
    }

    /// Octets of headroom that [`Sender::seal`] takes at most for a packet with `headers` octets of IP and transport headers.
    #[must_use]
    pub fn headroom(&self, headers: usize) -> usize {
        let before = if self.form == Form::Plain || self.form == Form::DuplicateAppended { 0 } else { headers };
        let (front, _) = self.esp.payload_room(6, 0);
        before.saturating_add(front).saturating_add(self.ah.payload_room(6, 0).0)
    }

    /// Octets of tailroom that [`Sender::seal`] takes at most for a packet with `headers` octets of IP and transport headers.
    #[must_use]
    pub fn tailroom(&self, headers: usize) -> usize {
        let appended = if self.form == Form::DuplicateAppended { headers.saturating_add(4) } else { 0 };
        appended.saturating_add(self.esp.tailroom())
    }

    /// The form of its packets.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The SPI in its AH, which names the channel.
    #[must_use]
    pub const fn spi(&self) -> u32 {
        self.ah.spi()
    }

    /// The association of AH.
    pub const fn ah_mut(&mut self) -> &mut Outbound<A> {
        &mut self.ah
    }

    /// The association of ESP.
    pub const fn esp_mut(&mut self) -> &mut Outbound<E> {
        &mut self.esp
    }
}

impl<A: Transform, E: Transform, W: Storage> Receiver<A, E, W> {
    /// A channel of two associations.
    ///
    /// # Errors
    /// [`Error::Unsuitable`] if the first is not of AH, or the second not of ESP.
    pub fn new(form: Form, ah: Inbound<A, W>, esp: Inbound<E, W>) -> Result<Self, Error> {
        check_suites(ah.suite(), esp.suite())?;
        Ok(Self { form, ah, esp })
    }

    /// Checks and opens the packet in `packet` in place, and says what translations did to it. What is left is the packet with the duplicate's headers; in
    /// the plain form with those it came with, checksum computed anew.
    ///
    /// # Errors
    /// Those of reading the packet, and a checksum that does not hold, before any cryptography; those of [`Inbound::open_payload`]; [`ipsec_wire::Error::Authentication`] also
    /// for a duplicate that is none. With an error the packet keeps its bounds and headers; what was encrypted may be decrypted.
    pub fn open<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Opened, Error> {
        let outer = Outline::read(packet.octets(), Check::All)?;
        let behind = packet.octets().get(outer.headers..outer.len).unwrap_or(&[]);
        let (offset, found) = (len32(outer.headers), ah::View::parse(behind).ok().map(|view| view.spi()));
        match found {
            Some(found) if found == self.ah.spi() => {}
            _ => {
                return Err(Error::Mismatch {
                    field: Field::Association,
                    offset,
                    found: found.unwrap_or(0),
                    needed: self.ah.spi(),
                });
            }
        }
        let whole = packet.len();
        packet.truncate(outer.len);
        packet.pop_front(outer.headers)?;
        let room = packet.headroom();
        let opened = self.open_behind(now, packet, &outer);
        if opened.is_err() {
            // Back to where it was: what is in front of it was not written to.
            let grown = packet.headroom().saturating_sub(room).saturating_add(outer.headers);
            packet.push_front(grown)?;
            packet.push_back(whole.saturating_sub(packet.len()))?;
        }
        opened
    }

    fn open_behind<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
        outer: &Outline,
    ) -> Result<Opened, Error> {
        let before = packet.headroom();
        let ah = self.ah.open_payload(now, packet)?;
        if ah.next_header != Protocol::ESP {
            let found = u32::from(ah.next_header.0);
            return Err(Error::Mismatch { field: Field::NextHeader, offset: len32(outer.headers), found, needed: 50 });
        }
        let esp = self.esp.open_payload(now, packet)?;
        if esp.next_header != self.form.next_header(outer) {
            return Err(Error::AUTHENTICATION);
        }
        let front = packet.headroom().saturating_sub(before).saturating_add(outer.headers);
        // What is wrong with it was hidden, or is beside what was.
        let observation = self.form.restore(outer, packet, front).map_err(|error| match error {
            Error::Mismatch { field: Field::OuterHeader, .. } | Error::BufferTooSmall { .. } => error,
            _ => Error::AUTHENTICATION,
        })?;
        Ok(Opened { sequence: ah.sequence, observation, soft_limit: ah.soft_limit.or(esp.soft_limit) })
    }

    /// Whether a packet is of this channel, by the SPI behind its transport header.
    #[must_use]
    pub fn takes(&self, packet: &[u8]) -> bool {
        spi_of(packet) == Some(self.ah.spi())
    }

    /// The form of its packets.
    #[must_use]
    pub const fn form(&self) -> Form {
        self.form
    }

    /// The SPI in its AH, which names the channel.
    #[must_use]
    pub const fn spi(&self) -> u32 {
        self.ah.spi()
    }

    /// The association of AH, with its counters.
    #[must_use]
    pub const fn ah(&self) -> &Inbound<A, W> {
        &self.ah
    }

    /// The association of ESP, with its counters.
    #[must_use]
    pub const fn esp(&self) -> &Inbound<E, W> {
        &self.esp
    }
}

/// Octets that a form and the suites of its two associations add to a packet of this IP version, with `ip_len` octets of IP headers, `transport_len` of
/// transport header and `data` octets behind them. AH is as short as it can be.
#[must_use]
pub const fn overhead(form: Form, ah: &Suite, esp: &Suite, version: u8, headers: (usize, usize), data: usize) -> usize {
    let duplicate = form.duplicate_len(headers.0, headers.1);
    let sealed = esp::Layout::new(esp).sealed_len(data.saturating_add(duplicate));
    let alignment = if version == 4 { 4 } else { 8 };
    sealed.saturating_sub(data).saturating_add(ah::header_len(ah.icv_len(), alignment))
}

/// The SPI of the AH behind a packet's transport header, if it looks like one: next header 50, its length in the packet.
#[must_use]
pub fn spi_of(octets: &[u8]) -> Option<u32> {
    let (headers, len) = match packet::glance(octets) {
        Some(found) => (found.headers, found.len),
        None => Outline::read(octets, Check::None).map(|outline| (outline.headers, outline.len)).ok()?,
    };
    spi_in(octets.get(headers..len)?)
}

/// The SPI of AH, if these octets, behind a transport header, look like it.
fn spi_in(behind: &[u8]) -> Option<u32> {
    let view = ah::View::parse(behind).ok()?;
    (view.next_header() == Protocol::ESP && view.reserved() == 0).then(|| view.spi())
}

fn check_suites(ah: &Suite, esp: &Suite) -> Result<(), Error> {
    match (ah, esp) {
        (Suite::Ah(_), Suite::Esp { .. } | Suite::EspCombined(_)) => Ok(()),
        (Suite::Ah(_), _) => Err(Error::Unsuitable(Field::Payload)),
        _ => Err(Error::Unsuitable(Field::AuthenticationHeader)),
    }
}
