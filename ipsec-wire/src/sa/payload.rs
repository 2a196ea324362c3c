//! AH and ESP around octets that are no IP packet: for protocols that put them elsewhere than behind an IP header.
//!
//! ```text
//!                 |        payload        |                              |        payload        |
//! ESP | SPI | sequence number | IV | payload | trailer | ICV |    AH | header, ICV | payload |
//! ```
//!
//! ESP is the same as anywhere else. The ICV of AH covers the AH, its ICV zero, and the payload behind it; no IP header, as there is none. Mode and
//! UDP encapsulation of the association do not matter; numbers, IVs, windows, lifetimes and counters are those of its other packets.

use core::time::Duration;

use ip_wire::{PacketBuf, Protocol};
use subtle::ConstantTimeEq;

use super::inbound::Inbound;
use super::low;
use super::outbound::{Outbound, Sealed};
use crate::ah;
use crate::algorithm::Suite;
use crate::crypto::{Job, Transform};
use crate::error::{Error, Field, len32};
use crate::esp::{self, Trailer};
use crate::lifetime::Limit;
use crate::octets::{be32, put, put_slice};
use crate::replay::Storage;

/// A payload that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    /// What it is; 59 for a dummy, to be dropped.
    pub next_header: Protocol,
    /// Its sequence number, with the half that is not sent.
    pub sequence: u64,
    /// A soft lifetime that it reached: said once.
    pub soft_limit: Option<Limit>,
}

impl<T: Transform> Outbound<T> {
    /// The sequence number that the next packet, of `octets` octets, would have: whether one can be sent at all.
    ///
    /// # Errors
    /// [`Error::Expired`], [`Error::SequenceExhausted`], [`Error::LeaseExhausted`]; [`Error::Mismatch`] if the counter of the IV can't go on.
    pub fn ready(&self, now: Duration, octets: usize) -> Result<u64, Error> {
        if let Some(limit) = self.lifetime.expired(now, octets) {
            return Err(Error::Expired(limit));
        }
        let sequence = self.next_sequence()?;
        self.next_iv(sequence, None)?;
        Ok(sequence)
    }

    /// Protects all octets of `packet`, which are `next_header`, in place. `version` is that of the IP packet that the result will be in: AH is padded to 8
    /// octets in IPv6, and in IPv4 as the association has it.
    ///
    /// # Errors
    /// Those of [`Outbound::ready`], and [`Error::BufferTooSmall`] without the room that [`Outbound::payload_room`] tells: nothing is changed.
    pub fn seal_payload<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
        next_header: Protocol,
        version: u8,
    ) -> Result<Sealed, Error> {
        let len = packet.len();
        let sequence = self.ready(now, len)?;
        let last_iv = self.next_iv(sequence, None)?;
        let (front, tail) = self.payload_room(version, len);
        for (field, found, needed) in [(Field::Headroom, packet.headroom(), front), (Field::Tailroom, packet.tailroom(), tail)] {
            if found < needed {
                return Err(Error::BufferTooSmall { field, found: len32(found), needed: len32(needed) });
            }
        }
        let iv = self.iv.of(sequence);
        packet.push_front(front)?;
        packet.push_back(tail)?;
        let octets = packet.octets_mut();
        if let Suite::Ah(integrity) = self.params.suite {
            let (icv_len, iv_len) = (integrity.icv_len(), self.params.ah_iv_len());
            let alignment = if version == 4 { self.params.ah_alignment } else { 8 };
            let (spi, sequence_number) = (self.params.spi, low(sequence));
            ah::Header { next_header, spi, sequence_number, icv_len, alignment }.emit(octets)?;
            put_slice(octets, ah::FIXED_LEN, iv.get(..iv_len).unwrap_or(&[]));
            let mut icv = [0u8; 64];
            let icv = icv.get_mut(..icv_len).unwrap_or_default();
            ah_icv(&self.transform, octets, iv_len, self.params.esn_high(sequence), icv);
            put_slice(octets, ah::FIXED_LEN, icv);
        } else {
            put(octets, 0, &self.params.spi.to_be_bytes());
            put(octets, 4, &low(sequence).to_be_bytes());
            put_slice(octets, esp::FIXED_LEN, iv.get(..self.params.layout.iv_len).unwrap_or(&[]));
            let padded = front.saturating_add(self.padded(len));
            octets.get_mut(front.saturating_add(len)..padded).unwrap_or_default().fill(0);
            let end = octets.len().saturating_sub(self.params.layout.icv_len);
            Trailer::emit(octets.get_mut(padded..end).unwrap_or_default(), next_header)?;
            self.transform.seal(&mut Job::new(octets, self.params.esn_high(sequence)));
        }
        self.last_sent = sequence;
        self.last_iv = last_iv;
        let soft_limit = self.lifetime.count(now, len);
        Ok(Sealed { sequence, soft_limit, fragment: false })
    }

    /// Octets that [`Outbound::seal_payload`] puts before and behind a payload of `len` octets.
    #[must_use]
    pub fn payload_room(&self, version: u8, len: usize) -> (usize, usize) {
        match self.params.suite {
            Suite::Ah(_) => (self.params.ah_len(version), 0),
            _ => {
                let front = self.params.layout.front();
                let sealed = self.params.layout.sealed_len(self.padded(len));
                (front, sealed.saturating_sub(front).saturating_sub(len))
            }
        }
    }
}

impl<T: Transform, W: Storage> Inbound<T, W> {
    /// Opens the octets of `packet`, an AH or ESP packet that [`Outbound::seal_payload`] made, in place: the payload is left.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for another SPI; [`Error::Truncated`], [`Error::Length`], [`Error::Ip`] for lengths that the association's packets do not have; [`Error::Replayed`];
    /// [`Error::Authentication`]; [`Error::Expired`]. The packet's bounds stay as they were.
    pub fn open_payload<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
    ) -> Result<Carried, Error> {
        let sequence = match self.look_at_payload(packet.octets()) {
            Ok(sequence) => sequence,
            Err(error) => {
                self.count_error(&error);
                return Err(error);
            }
        };
        if let Some(limit) = self.lifetime.expired(now, 1) {
            self.counters.expired = self.counters.expired.saturating_add(1);
            return Err(Error::Expired(limit));
        }
        let high = self.params.esn_high(sequence);
        let is_ah = matches!(self.params.suite, Suite::Ah(_));
        let authentic = if is_ah {
            let (iv_len, icv_len) = (self.params.ah_iv_len(), self.params.suite.icv_len());
            let octets = packet.octets();
            let found = octets.get(ah::FIXED_LEN..ah::FIXED_LEN.saturating_add(icv_len)).unwrap_or(&[]);
            let mut icv = [0u8; 64];
            let icv = icv.get_mut(..icv_len).unwrap_or_default();
            ah_icv(&self.transform, octets, iv_len, high, icv);
            found.len() == icv_len && bool::from(icv.ct_eq(found))
        } else {
            let mut job = Job::new(packet.octets_mut(), high);
            self.transform.open(&mut job);
            job.authentic
        };
        if !authentic {
            self.counters.unauthentic = self.counters.unauthentic.saturating_add(1);
            return Err(Error::Authentication);
        }
        // The window may have moved since it was asked; this asks again.
        if self.window.mark(sequence).is_err() {
            self.counters.replayed = self.counters.replayed.saturating_add(1);
            return Err(Error::Replayed { sequence });
        }
        let (front, end, next_header) = if is_ah {
            let view = ah::View::parse(packet.octets())?;
            (view.header_len(), packet.len(), view.next_header())
        } else {
            let front = self.params.layout.front();
            let body = packet.octets().get(front..packet.len().saturating_sub(self.params.layout.icv_len)).unwrap_or(&[]);
            // Whatever is wrong with what was hidden looks the same.
            let Ok(trailer) = Trailer::parse(body) else {
                self.counters.nonsense = self.counters.nonsense.saturating_add(1);
                return Err(Error::Authentication);
            };
            (front, front.saturating_add(trailer.payload().len()), trailer.next_header())
        };
        packet.truncate(end);
        packet.pop_front(front)?;
        if next_header == Protocol::NO_NEXT_HEADER {
            self.counters.dummies = self.counters.dummies.saturating_add(1);
            return Ok(Carried { next_header, sequence, soft_limit: None });
        }
        self.counters.accepted = self.counters.accepted.saturating_add(1);
        Ok(Carried { next_header, sequence, soft_limit: self.lifetime.count(now, packet.len()) })
    }

    fn look_at_payload(&self, octets: &[u8]) -> Result<u64, Error> {
        let (spi, number) = match self.params.suite {
            Suite::Ah(_) => {
                let view = ah::View::parse(octets)?;
                let icv_len = self.params.suite.icv_len();
                let (short, long) = (ah::header_len(icv_len, 4), ah::header_len(icv_len, 8));
                if view.header_len() != short && view.header_len() != long {
                    let needed = len32((short / 4).saturating_sub(2));
                    return Err(Error::Length {
                        field: Field::AhLength,
                        offset: 1,
                        found: u32::from(view.payload_len()),
                        needed,
                    });
                }
                (4, 8)
            }
            _ => {
                self.params.layout.check(octets.len())?;
                (0, 4)
            }
        };
        self.check_spi(be32(octets, spi), len32(spi))?;
        let low = be32(octets, number);
        self.window.check(low).map_err(|_| Error::Replayed { sequence: self.window.infer(low).unwrap_or(u64::from(low)) })
    }
}

/// The ICV over an AH at the start of `octets` and what follows it.
fn ah_icv(transform: &impl Transform, octets: &[u8], iv_len: usize, esn_high: Option<u32>, icv: &mut [u8]) {
    let icv_len = icv.len();
    let fixed = octets.get(..ah::FIXED_LEN.saturating_add(iv_len)).unwrap_or(&[]);
    let behind = octets.get(ah::FIXED_LEN.saturating_add(icv_len)..).unwrap_or(&[]);
    put_slice(icv, 0, fixed.get(ah::FIXED_LEN..).unwrap_or(&[]));
    let zeros = [0u8; 64];
    let high = esn_high.map(u32::to_be_bytes);
    let pieces = |sink: &mut dyn FnMut(&[u8])| {
        sink(fixed);
        sink(zeros.get(..icv_len.saturating_sub(iv_len)).unwrap_or(&[]));
        sink(behind);
        if let Some(high) = &high {
            sink(high);
        }
    };
    transform.ah_icv(&pieces, icv);
}
