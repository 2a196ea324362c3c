//! The sending gateway: its key tables over time, and packets in batches.

use core::time::Duration;

use ip_wire::PacketBuf;
use wire_lanes::{Algorithm as Function, Engine, hmac};

use super::{Outer, Sealed, parts};
use crate::error::{Error, Field, len32};
use crate::host::{HostId, KeyIndex};
use crate::mac::{Inner, Key};
use crate::octets::copy;
use crate::table::{KeyTable, Slot};

/// What a sender does when every key has had its cryptoperiod and no new table is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AfterLast {
    /// Refuse to seal.
    Refuse,
    /// Begin anew with the first key. Whoever has learnt a key has it again then (thesis p. 77).
    Wrap,
}

/// How a sender uses its tables. By default it asks for a refresh 30 seconds before the end, and refuses to seal behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SenderPolicy {
    /// How long before a table has cycled through [`Event::RefreshDue`] is raised.
    pub refresh_lead: Duration,
    /// What happens when it has.
    pub after_last: AfterLast,
}

impl Default for SenderPolicy {
    fn default() -> Self {
        Self { refresh_lead: Duration::from_secs(30), after_last: AfterLast::Refuse }
    }
}

/// What a sender has to say.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The table is about to cycle: have it refreshed. Raised once a table.
    RefreshDue {
        /// When it will have cycled through.
        end: Duration,
    },
    /// The table has cycled through, and no other was there. Raised once a table.
    CycledThrough,
}

/// Seals packets for one receiving gateway, each with the key whose cryptoperiod it is.
#[derive(Debug)]
pub struct Sender {
    /// How outer headers are made.
    pub outer: Outer,
    policy: SenderPolicy,
    host: HostId,
    table: KeyTable,
    /// A refreshed table whose time has not come.
    next: Option<(HostId, KeyTable)>,
    current: Option<(Slot, Key)>,
    engine: Engine,
    identification: u16,
    due: Raised,
    cycled: Raised,
}

/// An event of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Raised {
    No,
    Waiting,
    Taken,
}

impl Sender {
    /// A sender that `host` is the ID of, given by the receiving gateway, and that has its first table.
    #[must_use]
    pub fn new(outer: Outer, policy: SenderPolicy, host: HostId, table: KeyTable) -> Self {
        Self {
            outer,
            policy,
            host,
            table,
            next: None,
            current: None,
            engine: Engine::new(),
            identification: 0,
            due: Raised::No,
            cycled: Raised::No,
        }
    }

    /// Takes a refreshed table. It is used from its start on, and until then the old one.
    pub fn install(&mut self, host: HostId, table: KeyTable) {
        self.next = Some((host, table));
    }

    /// The table in use.
    #[must_use]
    pub const fn table(&self) -> &KeyTable {
        &self.table
    }

    /// The ID that trailers carry.
    #[must_use]
    pub const fn host(&self) -> HostId {
        self.host
    }

    /// Seals one packet as [`Outer::seal`] does.
    ///
    /// # Errors
    /// [`Error::NotYet`] before the table's start, [`Error::CycledThrough`] behind its end if the policy does not let it wrap; those of [`Outer::seal`]. The packet
    /// stays as it was.
    pub fn seal<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Sealed, Error> {
        self.turn(now)?;
        let Some((slot, key)) = &self.current else { return Err(Error::NotYet) };
        let sealed = self.outer.seal(key, KeyIndex::new(self.host, slot.index), packet, self.identification)?;
        self.identification = self.identification.wrapping_add(1);
        Ok(sealed)
    }

    /// Seals `packets`, one result each, as [`Sender::seal`] would one by one.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] if there are fewer results than packets; nothing is done then.
    pub fn seal_batch<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packets: &mut [PacketBuf<S>],
        results: &mut [Result<Sealed, Error>],
    ) -> Result<(), Error> {
        check_results(packets.len(), results.len())?;
        let turned = self.turn(now);
        let (Ok(()), Some((slot, key))) = (turned, &self.current) else {
            results.iter_mut().take(packets.len()).for_each(|result| *result = Err(turned.err().unwrap_or(Error::NotYet)));
            return Ok(());
        };
        let index = KeyIndex::new(self.host, slot.index);
        for (packet, result) in packets.iter_mut().zip(results.iter_mut()) {
            *result = self.outer.frame(index, packet, self.identification);
            self.identification = self.identification.wrapping_add(u16::from(result.is_ok()));
        }
        for (packets, results) in packets.chunks_mut(CHUNK).zip(results.chunks(CHUNK)) {
            match &key.0 {
                Inner::Md5(key) => self.engine_macs(key, packets, results),
                Inner::Sha1(key) => self.engine_macs(key, packets, results),
                Inner::Sha256(key) => self.engine_macs(key, packets, results),
                Inner::Cmac(key) => {
                    for (packet, result) in packets.iter_mut().zip(results) {
                        let Ok(sealed) = result else { continue };
                        let (covered, place) = parts(packet.octets_mut(), sealed.header_len);
                        let mac = key.mac(covered);
                        copy(place, &mac);
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the MACs of all framed packets of a chunk at once.
    fn engine_macs<F: Function, S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        key: &hmac::Key<F>,
        packets: &mut [PacketBuf<S>],
        results: &[Result<Sealed, Error>],
    ) {
        let mut tags = [F::Output::default(); CHUNK];
        let mut count = 0usize;
        {
            let mut framed = packets.iter().zip(results).filter_map(|(packet, result)| {
                let payload = packet.octets().get(usize::from(result.ok()?.header_len)..)?;
                payload.get(..payload.len().saturating_sub(crate::mac::MAC_LEN))
            });
            let messages: [hmac::Message<'_, F>; CHUNK] = core::array::from_fn(|_| {
                let covered = framed.next();
                count = count.saturating_add(usize::from(covered.is_some()));
                hmac::Message::new(key, covered.unwrap_or(&[]))
            });
            let (messages, tags) = (messages.get(..count).unwrap_or(&[]), tags.get_mut(..count).unwrap_or_default());
            // As many tags as messages.
            let _ = self.engine.hmac_many(messages, tags);
        }
        let framed = packets.iter_mut().zip(results).filter(|(_, result)| result.is_ok());
        for ((packet, _), tag) in framed.zip(&tags) {
            let octets = packet.octets_mut();
            let at = octets.len().saturating_sub(crate::mac::MAC_LEN);
            copy(octets.get_mut(at..).unwrap_or_default(), tag.as_ref());
        }
    }

    /// Notes the time: raises the events that are due.
    pub fn handle_timeout(&mut self, now: Duration) {
        // Whether there is a key now is for `seal` to say.
        let _ = self.turn(now);
    }

    /// When [`Sender::handle_timeout`] is next to be called: when a refresh will be due, or when the table will have cycled through.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Duration> {
        let end = self.table.schedule().end();
        match (self.due, self.cycled) {
            (Raised::No, _) => Some(end.saturating_sub(self.policy.refresh_lead)),
            (_, Raised::No) => Some(end),
            _ => None,
        }
    }

    /// The next event, if there is one.
    pub fn poll_event(&mut self) -> Option<Event> {
        if self.due == Raised::Waiting {
            self.due = Raised::Taken;
            return Some(Event::RefreshDue { end: self.table.schedule().end() });
        }
        if self.cycled == Raised::Waiting {
            self.cycled = Raised::Taken;
            return Some(Event::CycledThrough);
        }
        None
    }

    /// Makes the key of `now` the current one.
    #[inline]
    fn turn(&mut self, now: Duration) -> Result<(), Error> {
        let is_current = self.current.as_ref().is_some_and(|(slot, _)| slot.from <= now && now < slot.until);
        let is_quiet = self.next.is_none() && self.next_deadline().is_none_or(|deadline| now < deadline);
        if is_current && is_quiet { Ok(()) } else { self.turn_slowly(now) }
    }

    fn turn_slowly(&mut self, now: Duration) -> Result<(), Error> {
        if let Some((host, table)) = self.next.take_if(|(_, table)| table.schedule().start() <= now) {
            (self.host, self.table) = (host, table);
            (self.current, self.due, self.cycled) = (None, Raised::No, Raised::No);
        }
        let schedule = self.table.schedule();
        // A new table that waits for its start is the refresh that would be asked for.
        if self.due == Raised::No && self.next.is_none() && now >= schedule.end().saturating_sub(self.policy.refresh_lead) {
            self.due = Raised::Waiting;
        }
        let Some(slot) = schedule.slot(now) else {
            self.current = None;
            return Err(Error::NotYet);
        };
        if slot.cycle > 0 {
            if self.cycled == Raised::No {
                self.cycled = Raised::Waiting;
            }
            if self.policy.after_last == AfterLast::Refuse {
                self.current = None;
                return Err(Error::CycledThrough);
            }
        }
        if self.current.as_ref().is_none_or(|(current, _)| *current != slot) {
            self.current = self.table.prepared_key(slot.index).map(|key| (slot, key));
        }
        Ok(())
    }
}

/// How many packets go to the lanes at once.
const CHUNK: usize = 64;

pub(crate) fn check_results(packets: usize, results: usize) -> Result<(), Error> {
    if results >= packets {
        return Ok(());
    }
    Err(Error::BufferTooSmall { field: Field::Results, found: len32(results), needed: len32(packets) })
}
