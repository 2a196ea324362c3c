//! Many packets at once: look-ups first, then the MACs of all of them in the lanes.

use core::time::Duration;

use ip_wire::PacketBuf;
use wire_lanes::{Algorithm, Md5, Sha1, Sha256, hmac};

use super::{Arrived, Config, Filter, Filtered, Hosts, Place};
use crate::error::Error;
use crate::host::{HostId, KeyIndex};
use crate::mac::{MAC_LEN, is_mac};
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
        // Any key of this function's, for the places that stay empty.
        let (hosts, config) = (&self.hosts, &self.config);
        let Some(filler) = first_key::<S, F>(hosts, config, now, packets, progress) else { return };
        let mut messages = [hmac::Message::new(filler, EMPTY); N];
        let mut macs = [&[0u8; MAC_LEN]; N];
        let mut places = [(0u16, NOWHERE); N];
        let mut tags = [F::Output::default(); N];
        let mut count = 0usize;
        let waiting = packets.iter().zip(results.iter_mut()).zip(progress.iter_mut()).zip(0u16..);
        for (((packet, result), progress), at) in waiting {
            if *progress == Progress::Done {
                continue;
            }
            let found = Arrived::read(packet.octets())
                .and_then(|arrived| hosts.find(config, now, arrived.place.key).map(|found| (arrived, found.first)));
            match found {
                Ok((arrived, key)) => {
                    let Some(key) = F::pick(key) else { continue };
                    *progress = Progress::Done;
                    // There are as many places as packets in a chunk, at least.
                    if let (Some(message), Some(mac), Some(place)) =
                        (messages.get_mut(count), macs.get_mut(count), places.get_mut(count))
                    {
                        *message = hmac::Message::new(key, arrived.covered);
                        (*mac, *place) = (arrived.mac, (at, arrived.place));
                        count = count.wrapping_add(1);
                    }
                }
                Err(error) => {
                    (*result, *progress) = (Err(error), Progress::Done);
                    self.counters.count(result);
                }
            }
        }
        let (messages, places) = (messages.get(..count).unwrap_or(&[]), places.get(..count).unwrap_or(&[]));
        // As many tags as messages.
        let _ = self.engine.hmac_many(messages, tags.get_mut(..count).unwrap_or_default());
        let mut right = [false; N];
        for ((right, tag), mac) in right.iter_mut().zip(&tags).zip(macs).take(count) {
            *right = is_mac(tag.as_ref(), mac);
        }
        self.counters.macs = self.counters.macs.saturating_add(u64::try_from(count).unwrap_or(0));
        let mut accepted = 0u64;
        for ((at, place), right) in places.iter().zip(right) {
            let at = usize::from(*at);
            let (Some(packet), Some(result)) = (packets.get_mut(at), results.get_mut(at)) else { continue };
            let stripped = if right { self.strip(packet, place) } else { self.filter_second(now, packet, place) };
            match stripped {
                Ok(_) => accepted = accepted.saturating_add(1),
                Err(_) => self.counters.count(&stripped),
            }
            *result = stripped;
        }
        self.counters.accepted = self.counters.accepted.saturating_add(accepted);
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

const EMPTY: &[u8] = &[];

/// What stands where no packet is.
const NOWHERE: Place = Place { key: KeyIndex::new(HostId(0), 0), start: 0, inner_len: 0, outer_ds: ip_wire::DsField(0) };

/// The first key of a function's among those of the packets that wait.
fn first_key<'a, S: AsRef<[u8]> + AsMut<[u8]>, F: Pick>(
    hosts: &'a Hosts,
    config: &Config,
    now: Duration,
    packets: &[PacketBuf<S>],
    progress: &[Progress],
) -> Option<&'a hmac::Key<F>> {
    let mut waiting = packets.iter().zip(progress).filter(|(_, progress)| **progress == Progress::Waiting);
    waiting.find_map(|(packet, _)| {
        let arrived = Arrived::read(packet.octets()).ok()?;
        F::pick(hosts.find(config, now, arrived.place.key).ok()?.first)
    })
}
