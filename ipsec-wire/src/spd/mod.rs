//! The security policy database: what happens to which packet (RFC 4301 4.4.1).
//!
//! Entries are in an order that the administrator gives, and the first one that matches decides; a packet that none matches is discarded.
//! Three forms of that decision, which always agree:
//!
//! | form | cost |
//! | --- | --- |
//! | [`Spd::scan`]: one entry after another, the definition | grows with the entries |
//! | [`Spd::first_match`]: a tree over all fields | grows slowly |
//! | [`Spd::lookup`]: a table of conversations before the tree | constant after a conversation's first packet |
//!
//! The table is the decorrelated cache of RFC 4301 4.4.1: its keys are whole packets' fields, and so no two of its entries overlap. Those that
//! come from one entry of the policy stay linked to it and to the SAs that were made for it ([`Spd::bind`]): packets of all of them use one SA,
//! or one for each value of the selectors whose "populate from packet" flags are set. Any change of the policy empties the table.
//!
//! ```
//! use ip_wire::Protocol;
//! use ipsec_wire::spd::{Action, Addresses, Direction, Entry, Limits, Numbers, Packet, Pfp, Protocols, Selectors, Spd, Verdict};
//!
//! let mut spd: Spd<&str, u32> = Spd::new(Limits::default());
//! let ike = Selectors { protocol: Protocols::Is(Protocol::UDP), local_port: Numbers::is(500), ..Selectors::default() };
//! spd.push(Entry::new(ike, Action::Bypass))?;
//! let branch = Selectors { remote: Addresses::prefix([198, 51, 100, 0].into(), 24)?, ..Selectors::default() };
//! spd.push(Entry::new(branch, Action::Protect { pfp: Pfp::NONE, parameters: "esp tunnel" }))?;
//!
//! let mut octets = [0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 198, 51, 100, 7, 4, 0, 0, 53, 0, 8, 0, 0];
//! let packet = Packet::of(&ip_wire::ip::Packet::parse(&octets).unwrap(), Direction::Outbound).unwrap();
//! assert!(matches!(spd.lookup(&packet), Verdict::Protect { sa: None, parameters: &"esp tunnel", .. }));
//! // Key management makes SA 7.
//! spd.bind(&packet, 7)?;
//! assert!(matches!(spd.lookup(&packet), Verdict::Protect { sa: Some(7), .. }));
//! // What comes back unprotected is refused.
//! assert!(matches!(spd.lookup(&packet.reversed()), Verdict::Discard(_)));
//! # Ok::<(), ipsec_wire::Error>(())
//! ```

mod cache;
mod classifier;
mod packet;
mod selectors;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use hashbrown::HashMap;

use crate::error::{Error, Field, len32};
use cache::Cache;
use classifier::{Classifier, Set};
use packet::Key;

pub use packet::{Direction, Packet};
pub use selectors::{AddressRange, Addresses, Mismatch, Numbers, Pfp, Protocols, Range, Selectors, check_sa};

/// An ordered policy. `P` says how to protect (RFC 4301 4.4.1.2: mode, endpoints, algorithms); `S` names an SA.
#[derive(Debug, Clone)]
pub struct Spd<P, S> {
    entries: Vec<Stored<P>>,
    next_id: u32,
    names: Vec<Name>,
    limits: Limits,
    /// None: the policy changed since it was made.
    classifier: Option<Classifier>,
    cache: Cache<Cached<S>>,
    links: HashMap<(EntryId, Key), S>,
    /// Changes with `links`.
    links_epoch: u64,
    counters: Counters,
}

#[derive(Debug, Clone)]
struct Stored<P> {
    id: EntryId,
    entry: Entry<P>,
}

/// What was found for a conversation.
#[derive(Debug, Clone, Copy)]
struct Cached<S> {
    /// The entry's place; `NONE`: no entry.
    position: u32,
    /// When the SA was looked for.
    links_epoch: u64,
    sa: Option<S>,
}

/// No entry.
const NONE: u32 = u32::MAX;

/// Names an entry of a policy, also when others come and go around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(u32);

/// Names a [`Name`] that a policy knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameId(u32);

/// How much a policy may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    /// Entries, 2^32 - 2 at most.
    pub entries: u32,
    /// Conversations in the table; 0 turns it off.
    pub conversations: u32,
    /// Links from entries to SAs.
    pub links: u32,
    /// Names.
    pub names: u32,
}

impl Default for Limits {
    /// 16,384 entries, 65,536 conversations, 65,536 links, 4,096 names.
    fn default() -> Self {
        Self { entries: 1 << 14, conversations: 1 << 16, links: 1 << 16, names: 1 << 12 }
    }
}

/// How often lookups were answered from where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Counters {
    /// From the table of conversations.
    pub cached: u64,
    /// From the entries.
    pub searched: u64,
}

/// A name of an SA's user or peer (RFC 4301 4.4.1.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Name {
    /// A fully qualified user name, as in ID_RFC822_ADDR.
    User(String),
    /// A fully qualified DNS name, as in ID_FQDN.
    Dns(String),
    /// An X.500 distinguished name, as in ID_DER_ASN1_DN.
    Distinguished(Box<[u8]>),
    /// Octets, as in ID_KEY_ID; a local user's identifier.
    Octets(Box<[u8]>),
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<P> {
    /// Sets of selectors, of which one must match.
    pub selectors: Vec<Selectors>,
    /// Names of which one must be the packet's; none: packets of all match. A packet without a name does not match an entry with names:
    /// those are for the users of this node, and for [`Spd::admit`].
    pub names: Vec<NameId>,
    /// Which packets it is for.
    pub applies: Applies,
    /// What is done.
    pub action: Action<P>,
}

/// Directions that an entry is for: entries that bypass or discard may be for one only (RFC 4301 4.4.1: SPD-I, SPD-O).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Applies {
    /// Both, local and remote changing places in the header.
    #[default]
    Both,
    /// What leaves the protected side.
    Outbound,
    /// What comes from the unprotected side.
    Inbound,
}

/// What an entry does (RFC 4301 4.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action<P> {
    /// The packet may not cross.
    Discard,
    /// The packet crosses without protection.
    Bypass,
    /// The packet crosses protected, or not at all.
    Protect {
        /// Which selectors of a new SA come from the packet.
        pfp: Pfp,
        /// How.
        parameters: P,
    },
}

/// What becomes of a packet that is not, or not yet, protected.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a, P, S> {
    /// It is dropped.
    Discard(Reason),
    /// It goes on as it is.
    Bypass(EntryId),
    /// It goes out through an SA; none: key management is to make one, and to [`Spd::bind`] it.
    Protect {
        /// Whose entry.
        entry: EntryId,
        /// How.
        parameters: &'a P,
        /// Through which.
        sa: Option<S>,
    },
}

/// Why a packet is dropped: each is an auditable event (RFC 4301 5.1, 5.2).
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// An entry says so.
    Entry(EntryId),
    /// No entry matches.
    NoEntry,
    /// It came without the protection that an entry asks for.
    Unprotected(EntryId),
}

impl<P> Entry<P> {
    /// An entry with one set of selectors, for both directions, without names.
    #[must_use]
    pub fn new(selectors: Selectors, action: Action<P>) -> Self {
        Self { selectors: alloc::vec![selectors], names: Vec::new(), applies: Applies::Both, action }
    }

    /// Whether a packet matches it.
    #[must_use]
    pub fn matches(&self, packet: &Packet) -> bool {
        let for_it = match packet.direction {
            Direction::Outbound => self.applies != Applies::Inbound,
            Direction::Inbound => self.applies != Applies::Outbound,
        };
        for_it && self.matches_name(packet) && packet.local.is_ipv4() == packet.remote.is_ipv4() && self.set(packet).is_some()
    }

    fn matches_name(&self, packet: &Packet) -> bool {
        self.names.is_empty() || packet.name.is_some_and(|name| self.names.contains(&name))
    }

    fn set(&self, packet: &Packet) -> Option<&Selectors> {
        self.selectors.iter().find(|set| set.check(packet).is_ok())
    }

    /// The selectors of an SA that is made for this entry and that packet (RFC 4301 4.4.1, "How to derive the values for an SAD entry"). With
    /// flags, of the set that the packet matches; an address that a name stands for is the packet's. None if the packet matches no set.
    #[must_use]
    pub fn sa_selectors(&self, packet: &Packet) -> Option<Vec<Selectors>> {
        let Action::Protect { pfp, .. } = self.action else { return None };
        let pfp = Pfp { local: pfp.local || !self.names.is_empty(), ..pfp };
        let set = self.set(packet)?;
        if pfp == Pfp::NONE {
            return Some(self.selectors.clone());
        }
        Some(alloc::vec![pfp.populate(set, packet)])
    }
}

impl<P, S: Copy + PartialEq> Spd<P, S> {
    /// An empty policy: everything is discarded.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            entries: Vec::new(),
            next_id: 0,
            names: Vec::new(),
            limits,
            classifier: None,
            cache: Cache::new(usize::try_from(limits.conversations).unwrap_or(usize::MAX)),
            links: HashMap::new(),
            links_epoch: 0,
            counters: Counters::default(),
        }
    }

    /// Appends an entry: it decides for packets that no other matches.
    ///
    /// # Errors
    /// Those of [`Spd::insert`].
    pub fn push(&mut self, entry: Entry<P>) -> Result<EntryId, Error> {
        self.insert(self.entries.len(), entry)
    }

    /// Puts an entry before the one that is at `position` now; behind all if there are not so many.
    ///
    /// # Errors
    /// [`Error::TableFull`]; [`Error::AddressFamily`] if a set of selectors has addresses of both versions, which no packet could match.
    pub fn insert(&mut self, position: usize, entry: Entry<P>) -> Result<EntryId, Error> {
        if len32(self.entries.len()) >= self.limits.entries.min(NONE.saturating_sub(1)) || self.next_id == NONE {
            return Err(Error::TableFull { field: Field::Spd, limit: self.limits.entries });
        }
        entry.selectors.iter().try_for_each(Selectors::check_families)?;
        let id = EntryId(self.next_id);
        self.next_id = self.next_id.saturating_add(1);
        self.entries.insert(position.min(self.entries.len()), Stored { id, entry });
        self.changed();
        Ok(id)
    }

    /// Removes an entry, and hands out the SAs that were bound to it: whether they may go on is for the caller to decide (RFC 4301 4.4.1,
    /// "Handling Changes to the SPD while the System Is Running").
    pub fn remove(&mut self, id: EntryId) -> Option<(Entry<P>, Vec<S>)> {
        let position = self.position(id)?;
        let Stored { entry, .. } = self.entries.remove(position);
        self.changed();
        let sas = self.links.extract_if(|(owner, _), _| *owner == id).map(|(_, sa)| sa).collect();
        Some((entry, sas))
    }

    fn changed(&mut self) {
        self.classifier = None;
        self.cache.clear();
    }

    /// Where an entry is in the order.
    #[must_use]
    pub fn position(&self, id: EntryId) -> Option<usize> {
        self.entries.iter().position(|stored| stored.id == id)
    }

    /// An entry.
    #[must_use]
    pub fn get(&self, id: EntryId) -> Option<&Entry<P>> {
        self.entries.iter().find(|stored| stored.id == id).map(|stored| &stored.entry)
    }

    /// All entries in order.
    pub fn iter(&self) -> impl Iterator<Item = (EntryId, &Entry<P>)> {
        self.entries.iter().map(|stored| (stored.id, &stored.entry))
    }

    /// Makes a name known, or finds it.
    ///
    /// # Errors
    /// [`Error::TableFull`].
    pub fn name(&mut self, name: Name) -> Result<NameId, Error> {
        if let Some(known) = self.names.iter().position(|known| *known == name) {
            return Ok(NameId(len32(known)));
        }
        let id = len32(self.names.len());
        if id >= self.limits.names {
            return Err(Error::TableFull { field: Field::Names, limit: self.limits.names });
        }
        self.names.push(name);
        Ok(NameId(id))
    }

    /// The first entry that has a name: what key management goes by where a peer's address says nothing (RFC 4301 4.4.1.1, name, use 1).
    #[must_use]
    pub fn find_named(&self, name: NameId) -> Option<(EntryId, &Entry<P>)> {
        self.iter().find(|(_, entry)| entry.names.contains(&name))
    }

    /// Enters what a named entry says for the address that its peer has now, before it: the address takes the place of the remote ones, and
    /// no name is asked for. None if no entry has the name.
    ///
    /// # Errors
    /// Those of [`Spd::insert`].
    pub fn admit(&mut self, name: NameId, remote: IpAddr) -> Result<Option<EntryId>, Error>
    where
        P: Clone,
    {
        let Some((id, named)) = self.find_named(name) else { return Ok(None) };
        let mut entry = named.clone();
        entry.names.clear();
        entry.selectors.iter_mut().for_each(|set| set.remote = Addresses::is(remote));
        let position = self.position(id).unwrap_or(usize::MAX);
        self.insert(position, entry).map(Some)
    }

    /// The first entry that matches, found one by one: the definition of all lookups.
    #[must_use]
    pub fn scan(&self, packet: &Packet) -> Option<EntryId> {
        self.entries.iter().find(|stored| stored.entry.matches(packet)).map(|stored| stored.id)
    }

    /// The first entry that matches, without the table of conversations. The first call after a change of the policy makes the tree: tens of
    /// milliseconds for 10,000 entries.
    pub fn first_match(&mut self, packet: &Packet) -> Option<EntryId> {
        let position = self.search(packet)?;
        self.stored(position).map(|stored| stored.id)
    }

    fn search(&mut self, packet: &Packet) -> Option<u32> {
        let entries = &self.entries;
        let classifier = self.classifier.get_or_insert_with(|| {
            let sets = (0_u32..).zip(entries).flat_map(|(position, stored)| {
                let Entry { selectors, names, applies, .. } = &stored.entry;
                (0_u32..).zip(selectors).map(move |(set, selectors)| Set {
                    position,
                    set,
                    selectors,
                    outbound: *applies != Applies::Inbound,
                    inbound: *applies != Applies::Outbound,
                    named: !names.is_empty(),
                })
            });
            Classifier::new(&sets.collect::<Vec<_>>())
        });
        classifier.first(packet, |position, set| {
            let at = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
            entries.get(at(position)).is_some_and(|stored| {
                let selectors = stored.entry.selectors.get(at(set));
                stored.entry.matches_name(packet) && selectors.is_some_and(|set| set.check(packet).is_ok())
            })
        })
    }

    #[inline]
    fn stored(&self, position: u32) -> Option<&Stored<P>> {
        self.entries.get(usize::try_from(position).ok()?)
    }

    /// What becomes of a packet: one that is to go out, or one that came in without protection (RFC 4301 5.1 steps 1 to 3, 5.2 step 3b).
    #[inline]
    pub fn lookup(&mut self, packet: &Packet) -> Verdict<'_, P, S> {
        let key = packet.key();
        let cached = match self.cache.get(&key) {
            Some(cached) if cached.links_epoch == self.links_epoch => {
                self.counters.cached = self.counters.cached.wrapping_add(1);
                cached
            }
            known => self.resolve(packet, key, known),
        };
        self.verdict(packet.direction, cached)
    }

    /// Finds the SA again, and the entry if it is not `known`.
    #[inline(never)]
    fn resolve(&mut self, packet: &Packet, key: Key, known: Option<Cached<S>>) -> Cached<S> {
        let position = match known {
            Some(known) => {
                self.counters.cached = self.counters.cached.wrapping_add(1);
                known.position
            }
            None => {
                self.counters.searched = self.counters.searched.wrapping_add(1);
                self.search(packet).unwrap_or(NONE)
            }
        };
        let sa = self.stored(position).and_then(|stored| self.links.get(&link(stored, packet)?).copied());
        let cached = Cached { position, links_epoch: self.links_epoch, sa };
        self.cache.insert(key, cached);
        cached
    }

    #[inline]
    fn verdict(&self, direction: Direction, cached: Cached<S>) -> Verdict<'_, P, S> {
        let Some(stored) = self.stored(cached.position) else { return Verdict::Discard(Reason::NoEntry) };
        match &stored.entry.action {
            Action::Bypass => Verdict::Bypass(stored.id),
            Action::Discard => Verdict::Discard(Reason::Entry(stored.id)),
            Action::Protect { .. } if direction == Direction::Inbound => Verdict::Discard(Reason::Unprotected(stored.id)),
            Action::Protect { parameters, .. } => Verdict::Protect { entry: stored.id, parameters, sa: cached.sa },
        }
    }

    /// Binds an SA to the entry that a packet matches, for all packets that share what the entry's flags populate from it; it takes the place
    /// of one bound before. Returns the entry and the SA's selectors; none if the packet is not to be protected.
    ///
    /// # Errors
    /// [`Error::TableFull`] if there are as many links as there may be.
    pub fn bind(&mut self, packet: &Packet, sa: S) -> Result<Option<(EntryId, Vec<Selectors>)>, Error> {
        let Some(position) = self.search(packet) else { return Ok(None) };
        let Some(stored) = self.stored(position) else { return Ok(None) };
        let (Some(link), Some(selectors)) = (link(stored, packet), stored.entry.sa_selectors(packet)) else { return Ok(None) };
        let id = stored.id;
        if !self.links.contains_key(&link) && len32(self.links.len()) >= self.limits.links {
            return Err(Error::TableFull { field: Field::Links, limit: self.limits.links });
        }
        self.links.insert(link, sa);
        self.links_epoch = self.links_epoch.wrapping_add(1);
        Ok(Some((id, selectors)))
    }

    /// Takes an SA out of all its links: its packets ask for a new one. Returns how many links it had.
    pub fn unbind(&mut self, sa: S) -> usize {
        let before = self.links.len();
        self.links.retain(|_, bound| *bound != sa);
        self.links_epoch = self.links_epoch.wrapping_add(1);
        before.saturating_sub(self.links.len())
    }

    /// Whether a packet that came in through an SA, whose selectors it matches ([`check_sa`]), is what the policy wants to come that way: the
    /// first entry that it matches must be the one that the SA was made for.
    ///
    /// # Errors
    /// The entry that it matches; none if there is none. The packet is dropped, which is an auditable event (RFC 4301 5.2 step 4).
    pub fn verify_inbound(&mut self, packet: &Packet, entry: EntryId) -> Result<(), Option<EntryId>> {
        let key = packet.key();
        let cached = match self.cache.get(&key) {
            Some(cached) => cached,
            None => self.resolve(packet, key, None),
        };
        match self.stored(cached.position).map(|stored| stored.id) {
            Some(first) if first == entry => Ok(()),
            first => Err(first),
        }
    }

    /// How often lookups were answered from where.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Conversations in the table.
    #[must_use]
    pub fn conversations(&self) -> usize {
        self.cache.len()
    }
}

/// What packets must share to use one SA of an entry; none if it does not protect.
fn link<P>(stored: &Stored<P>, packet: &Packet) -> Option<(EntryId, Key)> {
    let Action::Protect { pfp, .. } = stored.entry.action else { return None };
    Some((stored.id, packet.populated_key(pfp, !stored.entry.names.is_empty())))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_scan;
