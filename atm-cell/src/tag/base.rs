//! The Tag Information Base (RFC 2105 section 3).

use alloc::vec::Vec;

use super::Tag;
use crate::cell::{Gfc, Header, Interface, Vc, Vpi};
use crate::error::len32;
use crate::switch::{End, Leaf, Port, Slot, Storage, Switch};
use crate::{Error, Field};

/// An interface that tagged cells come and go on: a point-to-point link, or a virtual path through an ATM network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TagInterface {
    /// The header format.
    pub format: Interface,
    /// The path whose channels are the tags.
    pub vpi: Vpi,
    /// The first tag in use on the link, in both directions.
    pub first: Tag,
    /// The last one.
    pub last: Tag,
}

/// Path 0 of a UNI, all tags.
impl Default for TagInterface {
    fn default() -> Self {
        Self { format: Interface::Uni, vpi: Vpi::ZERO, first: Tag::MIN, last: Tag::MAX }
    }
}

impl TagInterface {
    fn check(&self) -> Result<(), Error> {
        if self.first > self.last {
            return Err(Error::DoesNotFit { field: Field::Tag, found: self.first.get().into(), needed: self.last.get().into() });
        }
        let max = self.format.max_vpi();
        if self.vpi > max {
            return Err(Error::DoesNotFit { field: Field::Vpi, found: self.vpi.into(), needed: max.into() });
        }
        Ok(())
    }
}

/// What a cell with some incoming tag gets on one way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubEntry<L> {
    /// Outgoing tag.
    pub tag: Tag,
    /// Outgoing interface.
    pub interface: u16,
    /// Outgoing link level information: the VPI on ATM, a MAC address elsewhere.
    pub link: L,
}

/// What the Tag Information Base says about a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarding<'a> {
    /// It goes out once for each sub-entry, with that one's tag and link level information.
    Swap(&'a [SubEntry<Vpi>]),
    /// The tag ends here: the packet goes to layer 3 without it.
    Untag,
    /// VCI 0 to 32, no tag: the ATM layer's, or the channel for untagged packets.
    Control,
    /// Nobody bound that tag, or it came on another path: drop the cell (RFC 3031 section 3.18).
    Unknown,
}

/// The Tag Information Base: incoming interface and tag to sub-entries. A tag's number is the index of its entry.
#[derive(Debug, Clone)]
pub struct TagBase<L> {
    interfaces: Vec<Incoming>,
    entries: Vec<Option<Vec<SubEntry<L>>>>,
    free: Vec<usize>,
    sub_entries: usize,
    limit: usize,
    sub_limit: usize,
}

#[derive(Debug, Clone)]
struct Incoming {
    config: TagInterface,
    /// By tag less the first one: the entry's number, `None` where there is none.
    index: Vec<Option<u32>>,
}

impl<L> TagBase<L> {
    /// An empty base for those interfaces, numbered as they stand there, with at most `limit` entries and `sub_limit` sub-entries in all.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] for a range of tags that ends before it starts and for a VPI over the format's.
    pub fn new(interfaces: &[TagInterface], limit: usize, sub_limit: usize) -> Result<Self, Error> {
        interfaces.iter().try_for_each(TagInterface::check)?;
        let interfaces = interfaces.iter().map(|&config| Incoming { config, index: Vec::new() }).collect();
        Ok(Self { interfaces, entries: Vec::new(), free: Vec::new(), sub_entries: 0, limit, sub_limit })
    }

    /// Binds an incoming tag to sub-entries, in place of those it had. None at all: the tag is removed here.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an interface that is not there, [`Error::Reserved`] or [`Error::DoesNotFit`] for a tag before or behind its
    /// range, on either side; [`Error::Conflict`] for a sub-entry that is the incoming tag on the incoming interface (a cell would
    /// loop) and for two that are the same; [`Error::TableFull`]. Nothing is changed then.
    pub fn insert(&mut self, interface: u16, tag: Tag, sub_entries: Vec<SubEntry<L>>) -> Result<(), Error> {
        let offset = self.offset(interface, tag)?;
        for (place, sub) in sub_entries.iter().enumerate() {
            self.offset(sub.interface, sub.tag)?;
            let mut others = sub_entries.iter().take(place).map(|other| (other.interface, other.tag));
            if (sub.interface, sub.tag) == (interface, tag) || others.any(|other| other == (sub.interface, sub.tag)) {
                return Err(Error::Conflict { field: Field::Tag, found: sub.tag.get().into() });
            }
        }
        let before = self.lookup(interface, tag).map(<[_]>::len);
        let total = self.sub_entries.saturating_sub(before.unwrap_or(0)).saturating_add(sub_entries.len());
        if total > self.sub_limit {
            return Err(Error::TableFull { field: Field::TagBase, limit: len32(self.sub_limit) });
        }
        if before.is_none() && self.len() >= self.limit {
            return Err(Error::TableFull { field: Field::TagBase, limit: len32(self.limit) });
        }
        self.sub_entries = total;
        if let Some(entry) = self.entry_mut(interface, offset) {
            *entry = sub_entries;
            return Ok(());
        }
        let at = match self.free.pop() {
            Some(at) => {
                if let Some(place) = self.entries.get_mut(at) {
                    *place = Some(sub_entries);
                }
                at
            }
            None => {
                self.entries.push(Some(sub_entries));
                self.entries.len().saturating_sub(1)
            }
        };
        if let Some(incoming) = self.interfaces.get_mut(usize::from(interface)) {
            if incoming.index.len() <= offset {
                incoming.index.resize(offset.saturating_add(1), None);
            }
            if let Some(place) = incoming.index.get_mut(offset) {
                *place = u32::try_from(at).ok();
            }
        }
        Ok(())
    }

    /// Adds one sub-entry to those of an incoming tag, as for another branch of a multicast tree.
    ///
    /// # Errors
    /// Those of [`Self::insert`].
    pub fn add(&mut self, interface: u16, tag: Tag, sub_entry: SubEntry<L>) -> Result<(), Error>
    where
        L: Clone,
    {
        let mut sub_entries = self.lookup(interface, tag).unwrap_or_default().to_vec();
        sub_entries.push(sub_entry);
        self.insert(interface, tag, sub_entries)
    }

    /// Takes an incoming tag out, and returns its sub-entries.
    pub fn remove(&mut self, interface: u16, tag: Tag) -> Option<Vec<SubEntry<L>>> {
        let offset = self.offset(interface, tag).ok()?;
        let index = &mut self.interfaces.get_mut(usize::from(interface))?.index;
        let at = usize::try_from(index.get_mut(offset)?.take()?).ok()?;
        while index.pop_if(|last| last.is_none()).is_some() {}
        let sub_entries = self.entries.get_mut(at)?.take()?;
        self.free.push(at);
        self.sub_entries = self.sub_entries.saturating_sub(sub_entries.len());
        Some(sub_entries)
    }

    /// The sub-entries of an incoming tag; empty where the tag is removed here, `None` where nobody bound it.
    #[must_use]
    #[inline]
    pub fn lookup(&self, interface: u16, tag: Tag) -> Option<&[SubEntry<L>]> {
        let incoming = self.interfaces.get(usize::from(interface))?;
        let offset = tag.get().checked_sub(incoming.config.first.get())?;
        let at = (*incoming.index.get(usize::from(offset))?)?;
        self.entries.get(usize::try_from(at).ok()?)?.as_deref()
    }

    /// How many incoming tags are bound.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len().saturating_sub(self.free.len())
    }

    /// Whether no tag is bound.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All incoming interfaces and tags, in order, with their sub-entries.
    pub fn iter(&self) -> impl Iterator<Item = (u16, Tag, &[SubEntry<L>])> {
        (0..=u16::MAX).zip(&self.interfaces).flat_map(move |(interface, incoming)| {
            (incoming.config.first.get()..=incoming.config.last.get()).zip(&incoming.index).filter_map(move |(tag, at)| {
                let tag = Tag::new(tag).filter(|_| at.is_some())?;
                Some((interface, tag, self.lookup(interface, tag)?))
            })
        })
    }

    /// The interfaces' settings.
    #[must_use]
    pub fn interface(&self, interface: u16) -> Option<TagInterface> {
        self.interfaces.get(usize::from(interface)).map(|incoming| incoming.config)
    }

    fn entry_mut(&mut self, interface: u16, offset: usize) -> Option<&mut Vec<SubEntry<L>>> {
        let at = (*self.interfaces.get(usize::from(interface))?.index.get(offset)?)?;
        self.entries.get_mut(usize::try_from(at).ok()?)?.as_mut()
    }

    /// The place of a tag in its interface's index.
    fn offset(&self, interface: u16, tag: Tag) -> Result<usize, Error> {
        let Some(config) = self.interface(interface) else {
            return Err(Error::NotFound { field: Field::TagNeighbor, found: interface.into() });
        };
        let [found, first, last] = [tag, config.first, config.last].map(Tag::get);
        match found.checked_sub(first) {
            None => Err(Error::Reserved { field: Field::Tag, found: found.into(), needed: first.into() }),
            Some(_) if found > last => Err(Error::DoesNotFit { field: Field::Tag, found: found.into(), needed: last.into() }),
            Some(offset) => Ok(offset.into()),
        }
    }
}

impl TagBase<Vpi> {
    /// What becomes of a cell with that header.
    #[must_use]
    #[inline]
    pub fn forward(&self, interface: u16, header: &Header) -> Forwarding<'_> {
        let Some(incoming) = self.interfaces.get(usize::from(interface)) else { return Forwarding::Unknown };
        let Some(tag) = Tag::new(header.vc.vci.get()) else { return Forwarding::Control };
        if header.vc.vpi != incoming.config.vpi {
            return Forwarding::Unknown;
        }
        match self.lookup(interface, tag) {
            Some([]) => Forwarding::Untag,
            Some(sub_entries) => Forwarding::Swap(sub_entries),
            None => Forwarding::Unknown,
        }
    }

    /// The header of a cell that goes out by a sub-entry: its tag and path in the outgoing interface's format, PT and CLP kept, GFC 0.
    #[must_use]
    pub fn swap(&self, sub_entry: SubEntry<Vpi>, header: &Header) -> Header {
        let interface = self.interface(sub_entry.interface).unwrap_or_default().format;
        Header { interface, gfc: Gfc::ZERO, vc: Vc::new(sub_entry.link, sub_entry.tag.vci()), ..*header }
    }

    /// Connects every incoming tag in a switch whose ports are the interfaces: one sub-entry as a point-to-point connection, several as
    /// leaves. Tags that are removed here are left out, as their cells leave the switch.
    ///
    /// # Errors
    /// Those of [`Switch::connect`] and [`Switch::add_leaf`]: [`Error::Conflict`] where two incoming tags go to one outgoing tag, which a
    /// switch without VC merge cannot do. No connection of the base's is left then.
    pub fn program<P, S, T>(&self, switch: &mut Switch<P, S, T>) -> Result<(), Error>
    where
        P: Storage<Port>,
        S: Storage<Slot>,
        T: Storage<Leaf>,
    {
        for (done, (interface, tag, sub_entries)) in self.iter().enumerate() {
            let result = self.connect(switch, interface, tag, sub_entries);
            if result.is_err() {
                for (interface, tag, sub_entries) in self.iter().take(done) {
                    if !sub_entries.is_empty() {
                        // Connected just now.
                        let _ = switch.disconnect(self.end(interface, tag));
                    }
                }
                return result;
            }
        }
        Ok(())
    }

    /// One entry in a switch, or nothing.
    fn connect<P, S, T>(
        &self,
        switch: &mut Switch<P, S, T>,
        interface: u16,
        tag: Tag,
        sub_entries: &[SubEntry<Vpi>],
    ) -> Result<(), Error>
    where
        P: Storage<Port>,
        S: Storage<Slot>,
        T: Storage<Leaf>,
    {
        let from = self.end(interface, tag);
        let to = |sub: &SubEntry<Vpi>| End::channel(sub.interface, Vc::new(sub.link, sub.tag.vci()));
        match sub_entries {
            [] => Ok(()),
            [one] => switch.connect(from, to(one)),
            several => {
                let mut fresh = true;
                for sub in several {
                    if fresh && switch.connection(from).is_some() {
                        return Err(Error::Conflict { field: Field::SwitchConnection, found: tag.get().into() });
                    }
                    if let Err(error) = switch.add_leaf(from, to(sub)) {
                        if !fresh {
                            let _ = switch.disconnect(from);
                        }
                        return Err(error);
                    }
                    fresh = false;
                }
                Ok(())
            }
        }
    }

    fn end(&self, interface: u16, tag: Tag) -> End {
        let vpi = self.interface(interface).unwrap_or_default().vpi;
        End::channel(interface, Vc::new(vpi, tag.vci()))
    }
}
