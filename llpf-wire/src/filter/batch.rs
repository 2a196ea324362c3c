//! Many packets at once: look-ups first, then the MACs of all of them in the lanes.

use core::time::Duration;

use ip_wire::PacketBuf;
use wire_lanes::{Algorithm, Md5, Sha1, Sha256, hmac};

use super::{Arrived, Filter, Filtered, Place};
use crate::error::Error;
use crate::host::{HostId, KeyIndex};
use crate::seal::check_results;
use crate::table::KeyRef;

/// How many packets go to the lanes at once; more are taken in turn.
pub const BATCH: usize = 256;

/// The same for batches that are no larger than this, which need not set up room for more.
const SMALL_BATCH: usize = 32;

/// What is known of a packet of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Its MAC is of another function than those of this pass.
    Waiting,
    /// It has its result.
    Done,
}

/// The keys of one hash function among those of all.
trait Pick: Algorithm {
    fn pick(key: KeyRef<'_>) -> Option<&hmac::Key<Self>>;
}

macro_rules! pick {
    ($($function:ident)*) => {
        $(impl Pick for $function {
            #[inline]
            fn pick(key: KeyRef<'_>) -> Option<&hmac::Key<Self>> {
                match key {
                    KeyRef::$function(key) => Some(key),
                    _ => None,
                }
            }
        })*
    };
}

pick!(Md5 Sha1 Sha256);

impl Filter {
    /// Filters `packets`, one result each, as [`Filter::filter`] would one by one.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] if there are fewer results than packets; nothing is done then.
    pub fn filter_batch<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packets: &mut [PacketBuf<S>],
        results: &mut [Result<Filtered, Error>],
    ) -> Result<(), Error> {
        check_results(packets.len(), results.len())?;
        for (packets, results) in packets.chunks_mut(BATCH).zip(results.chunks_mut(BATCH)) {
            if packets.len() <= SMALL_BATCH {
                self.filter_chunk::<S, SMALL_BATCH>(now, packets, results);
            } else {
                self.filter_chunk::<S, BATCH>(now, packets, results);
            }
        }
        Ok(())
    }

    fn filter_chunk<S: AsRef<[u8]> + AsMut<[u8]>, const N: usize>(
        &mut self,
        now: Duration,
        packets: &mut [PacketBuf<S>],
        results: &mut [Result<Filtered, Error>],
    ) {
        let mut progress = [Progress::Waiting; N];
        // Each pass does all packets of one function, and what needs no function. Of one function are nearly always all.
        while let Some(first) = progress.iter().take(packets.len()).position(|progress| *progress == Progress::Waiting) {
            let key = packets
                .get(first)
                .and_then(|packet| Arrived::read(packet.octets()).ok())
                .and_then(|arrived| self.hosts.find(&self.config, now, arrived.place.key).ok())
                .map(|found| found.first);
            match key {
                Some(KeyRef::Md5(_)) => self.pass::<S, Md5, N>(now, packets, results, &mut progress),
                Some(KeyRef::Sha1(_)) => self.pass::<S, Sha1, N>(now, packets, results, &mut progress),
                Some(KeyRef::Sha256(_)) => self.pass::<S, Sha256, N>(now, packets, results, &mut progress),
                Some(KeyRef::Cmac(_)) | None => {
                    if let (Some(packet), Some(result)) = (packets.get_mut(first), results.get_mut(first)) {
                        *result = self.filter(now, packet);
                    }
                    if let Some(progress) = progress.get_mut(first) {
                        *progress = Progress::Done;
                    }
                }
            }
        }
    }

    fn pass<S: AsRef<[u8]> + AsMut<[u8]>, F: Pick, const N: usize>(
        &mut self,
        now: Duration,
        packets: &mut [PacketBuf<S>],
        results: &mut [Result<Filtered, Error>],
        progress: &mut [Progress; N],
    ) {
        let mut places = [(0u16, NOWHERE); N];
        let mut right = [false; N];
        let mut count = 0usize;
        {
            let mut tags: [&[u8]; N] = [&[]; N];
            let (hosts, config, counters) = (&self.hosts, &self.config, &mut self.counters);
            let mut refuse = |result: &mut Result<Filtered, Error>, progress: &mut Progress, error| {
                (*result, *progress) = (Err(error), Progress::Done);
                counters.count(result);
            };
            let mut waiting = packets.iter().zip(results.iter_mut()).zip(progress.iter_mut()).zip(0u16..);
            // The next packet with a MAC of this function; those that have no key are done with on the way.
            let mut next = || {
                loop {
                    let (((packet, result), progress), at) = waiting.next()?;
                    if *progress == Progress::Done {
                        continue;
                    }
                    let arrived = match Arrived::read(packet.octets()) {
                        Ok(arrived) => arrived,
                        Err(error) => {
                            refuse(result, progress, error);
                            continue;
                        }
                    };
                    match hosts.find(config, now, arrived.place.key) {
                        Ok(found) => {
                            let Some(key) = F::pick(found.first) else { continue };
                            *progress = Progress::Done;
                            if let (Some(place), Some(tag)) = (places.get_mut(count), tags.get_mut(count)) {
                                (*place, *tag) = ((at, arrived.place), arrived.mac);
                            }
                            count = count.wrapping_add(1);
                            return Some(hmac::Message::new(key, arrived.covered));
                        }
                        Err(error) => refuse(result, progress, error),
                    }
                }
            };
            let Some(first) = next() else { return };
            let mut is_first = true;
            let messages: [hmac::Message<'_, F>; N] =
                core::array::from_fn(|_| if core::mem::take(&mut is_first) { first } else { next().unwrap_or(first) });
            let (messages, tags) = (messages.get(..count).unwrap_or(&[]), tags.get(..count).unwrap_or(&[]));
            // As many tags and results as messages.
            let _ = self.engine.verify_many(messages, tags, right.get_mut(..count).unwrap_or_default());
        }
        self.counters.macs = self.counters.macs.saturating_add(u64::try_from(count).unwrap_or(0));
        for ((at, place), right) in places.iter().take(count).zip(right) {
            let at = usize::from(*at);
            if let (Some(packet), Some(result)) = (packets.get_mut(at), results.get_mut(at)) {
                *result = if right { self.strip(packet, place) } else { self.filter_second(now, packet, place) };
                self.counters.count(result);
            }
        }
    }

    /// A packet whose first key was not the one: in a grace there may be a second.
    #[cold]
    fn filter_second<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
        place: &Place,
    ) -> Result<Filtered, Error> {
        let Some(second) = self.hosts.find(&self.config, now, place.key)?.second else { return Err(Error::Authentication) };
        let arrived = Arrived::read(packet.octets())?;
        let holds = second.verify(arrived.covered, arrived.mac);
        self.counters.macs = self.counters.macs.saturating_add(1);
        if holds { self.strip(packet, place) } else { Err(Error::Authentication) }
    }
}

/// What stands where no packet is.
const NOWHERE: Place = Place { key: KeyIndex::new(HostId(0), 0), start: 0, inner_len: 0, outer_ds: ip_wire::DsField(0) };
