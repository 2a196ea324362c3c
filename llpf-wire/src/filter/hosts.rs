//! The receiver's tables by host ID.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::{Config, Policy};
use crate::error::{Error, Field};
use crate::host::{HostId, KeyIndex};
use crate::table::{KeyRef, KeyTable, Prepared, nanos};

/// Places of the array by host ID, which is there from the first table on.
const IDS: usize = 1 << 16;

/// Two steps to a key, whatever there is: host ID to host, index to key.
pub(super) struct Hosts {
    /// One more than the host's place among `hosts`, by host ID; 0 for none.
    places: Vec<u32>,
    hosts: Vec<Host>,
    keys: u32,
}

struct Host {
    id: HostId,
    current: Prepared,
    /// What was replaced, and until when it counts.
    previous: Option<(Prepared, Duration)>,
}

/// The keys that a packet may have been sealed with: during a grace there can be two of one index.
pub(super) struct Found<'a> {
    pub(super) first: KeyRef<'a>,
    pub(super) second: Option<KeyRef<'a>>,
}

impl Hosts {
    pub(super) const fn new() -> Self {
        Self { places: Vec::new(), hosts: Vec::new(), keys: 0 }
    }

    pub(super) fn len(&self) -> u32 {
        crate::error::len32(self.hosts.len())
    }

    pub(super) const fn keys(&self) -> u32 {
        self.keys
    }

    pub(super) fn has(&self, host: HostId) -> bool {
        self.place(host).is_some()
    }

    #[inline]
    fn place(&self, host: HostId) -> Option<usize> {
        let place = self.places.get(usize::from(host.0))?.checked_sub(1)?;
        usize::try_from(place).ok()
    }

    pub(super) fn install(&mut self, config: &Config, now: Duration, host: HostId, table: &KeyTable) -> Result<(), Error> {
        self.expire(now);
        let at = self.place(host);
        // What was in its grace goes, so that its keys make room.
        let leaving =
            at.and_then(|at| self.hosts.get(at)?.previous.as_ref().map(|(table, _)| table.schedule.keys())).unwrap_or(0);
        let keys = self.keys.saturating_sub(leaving).saturating_add(table.len());
        if keys > config.max_keys {
            return Err(Error::DoesNotFit { field: Field::KeyCount, found: keys, needed: config.max_keys });
        }
        if at.is_none() && self.len() >= config.max_hosts {
            let found = self.len().saturating_add(1);
            return Err(Error::DoesNotFit { field: Field::Hosts, found, needed: config.max_hosts });
        }
        let prepared = Prepared::new(table)?;
        match at.and_then(|at| self.hosts.get_mut(at)) {
            Some(entry) => {
                let until = now.max(table.schedule().start()).saturating_add(config.grace);
                entry.previous = Some((core::mem::replace(&mut entry.current, prepared), until));
            }
            None => {
                if self.places.is_empty() {
                    self.places = alloc::vec![0; IDS];
                }
                self.hosts.push(Host { id: host, current: prepared, previous: None });
                let place = self.len();
                if let Some(slot) = self.places.get_mut(usize::from(host.0)) {
                    *slot = place;
                }
            }
        }
        self.keys = keys;
        Ok(())
    }

    pub(super) fn withdraw(&mut self, host: HostId) -> bool {
        let Some(at) = self.place(host).filter(|at| *at < self.hosts.len()) else { return false };
        let gone = self.hosts.swap_remove(at);
        let previous = gone.previous.map_or(0, |(table, _)| table.schedule.keys());
        self.keys = self.keys.saturating_sub(gone.current.schedule.keys()).saturating_sub(previous);
        if let Some(slot) = self.places.get_mut(usize::from(host.0)) {
            *slot = 0;
        }
        // The last one has moved to where the one was that went.
        let moved = self.hosts.get(at).map(|host| host.id);
        if let Some(slot) = moved.and_then(|id| self.places.get_mut(usize::from(id.0))) {
            *slot = u32::try_from(at.saturating_add(1)).unwrap_or(0);
        }
        true
    }

    pub(super) fn expire(&mut self, now: Duration) {
        for host in &mut self.hosts {
            if let Some((table, _)) = host.previous.take_if(|(_, until)| *until <= now) {
                self.keys = self.keys.saturating_sub(table.schedule.keys());
            }
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.hosts.iter().filter_map(|host| host.previous.as_ref().map(|(_, until)| *until)).min()
    }

    /// The keys of an index that count now.
    #[inline(always)]
    pub(super) fn find(&self, config: &Config, now: Duration, index: KeyIndex) -> Result<Found<'_>, Error> {
        let Some(host) = self.place(index.host()).and_then(|at| self.hosts.get(at)) else {
            return Err(Error::UnknownHost { index });
        };
        if host.previous.is_some() {
            return host.find_two(config, now, index);
        }
        let Some(first) = host.current.key(index.index()) else { return Err(Error::UnknownKey { index }) };
        if counts(config, &host.current, index, now) {
            Ok(Found { first, second: None })
        } else {
            Err(Error::OutsidePeriod { index })
        }
    }
}

/// Whether a key's time is now, by the policy.
#[inline]
fn counts(config: &Config, table: &Prepared, index: KeyIndex, now: Duration) -> bool {
    match config.policy {
        Policy::AnyCurrentKey => true,
        Policy::InPeriod { skew } => table.schedule.is_live(index.index(), nanos(now), nanos(skew), config.wrap),
    }
}

impl Host {
    #[cold]
    fn find_two(&self, config: &Config, now: Duration, index: KeyIndex) -> Result<Found<'_>, Error> {
        let old = self.previous.as_ref().filter(|(_, until)| now < *until).map(|(table, _)| table);
        // The likelier one first: until the new table's start senders use the old one.
        let (first, second) = match old {
            Some(old) if now < self.current.schedule.start() => (old, Some(&self.current)),
            old => (&self.current, old),
        };
        let tables = [Some(first), second];
        let known = tables.map(|table| table.and_then(|table| Some((table, table.key(index.index())?))));
        if known.iter().all(Option::is_none) {
            return Err(Error::UnknownKey { index });
        }
        let live = known.map(|known| known.filter(|(table, _)| counts(config, table, index, now)).map(|(_, key)| key));
        match live {
            [Some(first), second] => Ok(Found { first, second }),
            [None, Some(first)] => Ok(Found { first, second: None }),
            [None, None] => Err(Error::OutsidePeriod { index }),
        }
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosts").field("hosts", &self.hosts.len()).field("keys", &self.keys).finish_non_exhaustive()
    }
}
