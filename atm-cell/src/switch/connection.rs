//! Making, listing and taking down connections.

use super::leaf::{NONE, index};
use super::table::{self, Role};
use super::{Leaf, LeafEnds, Port, Slot, Storage, Switch};
use crate::cell::{Header, Vc, Vci, Vpi};
use crate::error::len32;
use crate::{Error, Field, hec};

/// One end of a connection: a path or a channel on a port, in or out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum End {
    /// A virtual path, all its channels.
    Path {
        /// The port's number.
        port: u16,
        /// The path.
        vpi: Vpi,
    },
    /// A virtual channel.
    Channel {
        /// The port's number.
        port: u16,
        /// The channel.
        vc: Vc,
    },
}

/// Every key has this bit, so that none is 0.
const PRESENT: u64 = 1 << 63;
const OUTPUT: u64 = 1 << 62;
const PATH: u64 = 1 << 61;
const PORT_SHIFT: u32 = 28;

impl End {
    /// A path on a port.
    #[must_use]
    pub const fn path(port: u16, vpi: Vpi) -> Self {
        Self::Path { port, vpi }
    }

    /// A channel on a port.
    #[must_use]
    pub const fn channel(port: u16, vc: Vc) -> Self {
        Self::Channel { port, vc }
    }

    /// The port.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Path { port, .. } | Self::Channel { port, .. } => port,
        }
    }

    /// The path, or the channel's.
    #[must_use]
    pub const fn vpi(self) -> Vpi {
        match self {
            Self::Path { vpi, .. } => vpi,
            Self::Channel { vc, .. } => vc.vpi,
        }
    }

    const fn is_path(self) -> bool {
        matches!(self, Self::Path { .. })
    }

    /// VPI and VCI, as errors carry them; VCI 0 for a path.
    const fn bits(self) -> u32 {
        match self {
            Self::Path { vpi, .. } => Vc::new(vpi, Vci::ZERO).to_bits(),
            Self::Channel { vc, .. } => vc.to_bits(),
        }
    }

    #[inline]
    pub(super) const fn input_key(self) -> u64 {
        let path = if self.is_path() { PATH } else { 0 };
        PRESENT | path | (self.port() as u64) << PORT_SHIFT | self.bits() as u64
    }

    const fn output_key(self) -> u64 {
        self.input_key() | OUTPUT
    }

    pub(super) const fn key_is_path(key: u64) -> bool {
        key & PATH != 0
    }

    /// The path that an end is in.
    const fn whole_path(self) -> Self {
        Self::Path { port: self.port(), vpi: self.vpi() }
    }

    /// The end of an input's key.
    fn of_key(key: u64) -> Self {
        let bits = u32::try_from(key & 0x0fff_ffff).unwrap_or(0);
        let port = u16::try_from(key >> PORT_SHIFT & 0xffff).unwrap_or(0);
        let vc = Vc::from_bits(bits);
        if Self::key_is_path(key) { Self::path(port, vc.vpi) } else { Self::channel(port, vc) }
    }

    /// The end that a port's header word names.
    pub(super) fn of_output(ports: &[Port], port: u16, word: u32, path: bool) -> Option<Self> {
        let vc = Header::from_word(word, ports.get(usize::from(port))?.config().interface).vc;
        Some(if path { Self::path(port, vc.vpi) } else { Self::channel(port, vc) })
    }

    /// The header word that cells get here, with PT and CLP (and for a path VCI) 0.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a port that is not there, [`Error::DoesNotFit`] for a VPI over its format's, [`Error::Reserved`] for a VCI
    /// that is no user's.
    fn word(self, ports: &[Port]) -> Result<u32, Error> {
        let Some(port) = ports.get(usize::from(self.port())) else {
            return Err(Error::NotFound { field: Field::SwitchPort, found: self.port().into() });
        };
        let config = port.config();
        if let Self::Channel { vc, .. } = self
            && matches!(vc.vci.get(), 0 | 3 | 4 | 6 | 7)
        {
            return Err(Error::Reserved { field: Field::Vci, found: vc.vci.get().into(), needed: Vci::FIRST_USER.get().into() });
        }
        Header { gfc: config.gfc, ..Header::new(config.interface, Vc::from_bits(self.bits())) }.to_word()
    }

    const fn conflict(self) -> Error {
        Error::Conflict { field: Field::SwitchConnection, found: self.bits() }
    }

    const fn not_found(self) -> Error {
        Error::NotFound { field: Field::SwitchConnection, found: self.bits() }
    }
}

/// A connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection {
    /// Where its cells come in.
    pub from: End,
    /// Where they go.
    pub to: Target,
}

/// Where a connection's cells go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// To one output.
    Point(End),
    /// To leaves: [`Switch::leaves`] lists them.
    Multipoint,
}

impl<P: Storage<Port>, S: Storage<Slot>, L: Storage<Leaf>> Switch<P, S, L> {
    /// Makes a point-to-point connection, in one direction.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a port that is not there; [`Error::DoesNotFit`] for a VPI over 255 at a UNI; [`Error::Reserved`] for VCI 0, 3,
    /// 4, 6 and 7; [`Error::Value`] between a path and a channel; [`Error::Conflict`] for an input or output in use (a path by any of its
    /// channels, a channel by its path) and for an input that is its own output; [`Error::TableFull`]. Nothing is changed then.
    pub fn connect(&mut self, from: End, to: End) -> Result<(), Error> {
        let word = self.word_of_pair(from, to)?;
        let needed = self.free_input(from)?.saturating_add(self.free_output(to)?);
        self.room(needed)?;
        let check = hec::compute(word.to_be_bytes());
        self.fill_input(from, Slot { port: to.port(), hec: check, ..Slot::new(from.input_key(), Role::Point, word) });
        self.fill_output(to);
        Ok(())
    }

    /// Makes a connection in both directions, or none.
    ///
    /// # Errors
    /// Those of [`Self::connect`] for either.
    pub fn connect_both(&mut self, one: End, other: End) -> Result<(), Error> {
        self.connect(one, other)?;
        self.connect(other, one).inspect_err(|_| {
            // It was made just now.
            let _ = self.disconnect(one);
        })
    }

    /// Adds a leaf to a point-to-multipoint connection, which its first leaf makes.
    ///
    /// # Errors
    /// Those of [`Self::connect`], and [`Error::TableFull`] for [`Field::SwitchLeaf`]. An input with a point-to-point connection is in use.
    pub fn add_leaf(&mut self, from: End, to: End) -> Result<(), Error> {
        let word = self.word_of_pair(from, to)?;
        let first = match table::find(self.slots.as_ref(), from.input_key()) {
            Some(slot) if slot.role == Role::Root => Some(slot.word),
            _ => None,
        };
        let input = if first.is_some() { 0 } else { self.free_input(from)? };
        let needed = input.saturating_add(self.free_output(to)?);
        self.room(needed)?;
        let leaf = Leaf { word, next: first.unwrap_or(NONE), port: to.port(), hec: hec::compute(word.to_be_bytes()) };
        let Some(at) = self.pool.put(self.leaves.as_mut(), leaf) else {
            return Err(Error::TableFull { field: Field::SwitchLeaf, limit: len32(self.leaves.as_ref().len()) });
        };
        if first.is_some() {
            if let Some(root) = table::find_mut(self.slots.as_mut(), from.input_key()) {
                root.word = at;
            }
        } else {
            self.fill_input(from, Slot::new(from.input_key(), Role::Root, at));
        }
        self.fill_output(to);
        Ok(())
    }

    /// Takes a leaf away, and with the last one the connection.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a connection or a leaf that is not there.
    pub fn remove_leaf(&mut self, from: End, to: End) -> Result<(), Error> {
        let word = to.word(self.ports.as_ref())?;
        let first = match table::find(self.slots.as_ref(), from.input_key()) {
            Some(slot) if slot.role == Role::Root && from.is_path() == to.is_path() => slot.word,
            _ => return Err(from.not_found()),
        };
        let (mut before, mut at) = (NONE, first);
        let next = loop {
            let Some(leaf) = self.leaves.as_ref().get(index(at)) else {
                return Err(Error::NotFound { field: Field::SwitchLeaf, found: to.bits() });
            };
            if (leaf.port, leaf.word) == (to.port(), word) {
                break leaf.next;
            }
            (before, at) = (at, leaf.next);
        };
        if let Some(leaf) = self.leaves.as_mut().get_mut(index(before)) {
            leaf.next = next;
        } else if next == NONE {
            self.empty_input(from);
        } else if let Some(root) = table::find_mut(self.slots.as_mut(), from.input_key()) {
            root.word = next;
        }
        self.pool.take(self.leaves.as_mut(), at);
        self.empty_output(to);
        Ok(())
    }

    /// Takes down the connection from an input, with all its leaves where it has any. Its outputs are free again.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an input without a connection.
    pub fn disconnect(&mut self, from: End) -> Result<(), Error> {
        let slot = match table::find(self.slots.as_ref(), from.input_key()) {
            Some(slot) if matches!(slot.role, Role::Point | Role::Root) => *slot,
            _ => return Err(from.not_found()),
        };
        self.empty_input(from);
        if slot.role == Role::Point {
            if let Some(to) = End::of_output(self.ports.as_ref(), slot.port, slot.word, from.is_path()) {
                self.empty_output(to);
            }
            return Ok(());
        }
        let mut at = slot.word;
        while at != NONE {
            let Some(leaf) = self.pool.take(self.leaves.as_mut(), at) else { break };
            if let Some(to) = End::of_output(self.ports.as_ref(), leaf.port, leaf.word, from.is_path()) {
                self.empty_output(to);
            }
            at = leaf.next;
        }
        Ok(())
    }

    /// The connection from an input.
    #[must_use]
    pub fn connection(&self, from: End) -> Option<Connection> {
        connection(self.ports.as_ref(), table::find(self.slots.as_ref(), from.input_key())?)
    }

    /// The leaves of a point-to-multipoint connection, the newest first; none where there is no such connection.
    #[must_use]
    pub fn leaves(&self, from: End) -> LeafEnds<'_> {
        let root = table::find(self.slots.as_ref(), from.input_key()).filter(|slot| slot.role == Role::Root);
        LeafEnds::new(self.leaves.as_ref(), self.ports.as_ref(), root.map_or(NONE, |slot| slot.word), from.is_path())
    }

    /// All connections, in no order.
    #[must_use]
    pub fn connections(&self) -> Connections<'_> {
        Connections { slots: self.slots.as_ref().iter(), ports: self.ports.as_ref() }
    }

    /// Checks what both ends must be and gives the output's header word.
    fn word_of_pair(&self, from: End, to: End) -> Result<u32, Error> {
        from.word(self.ports.as_ref())?;
        let word = to.word(self.ports.as_ref())?;
        if from.is_path() != to.is_path() {
            let [found, needed] = [to.is_path(), from.is_path()].map(u32::from);
            return Err(Error::Value { field: Field::SwitchConnection, offset: 0, found, needed });
        }
        if from == to { Err(to.conflict()) } else { Ok(word) }
    }

    /// The slots that an input that is not in use will take.
    fn free_input(&self, end: End) -> Result<usize, Error> {
        self.free(end, 0)
    }

    /// The slots that an output that is not in use will take.
    fn free_output(&self, end: End) -> Result<usize, Error> {
        self.free(end, OUTPUT)
    }

    fn free(&self, end: End, direction: u64) -> Result<usize, Error> {
        let slots = self.slots.as_ref();
        if table::find(slots, end.input_key() | direction).is_some() {
            return Err(end.conflict());
        }
        if end.is_path() {
            return Ok(1);
        }
        match table::find(slots, end.whole_path().input_key() | direction).map(|slot| slot.role) {
            None => Ok(2),
            Some(Role::Channels) => Ok(1),
            Some(_) => Err(end.conflict()),
        }
    }

    fn room(&self, needed: usize) -> Result<(), Error> {
        let limit = table::capacity(self.slots.as_ref().len());
        if self.filled.saturating_add(needed) > limit {
            return Err(Error::TableFull { field: Field::SwitchTable, limit: len32(limit) });
        }
        Ok(())
    }

    fn fill_input(&mut self, end: End, slot: Slot) {
        self.fill(slot);
        self.count_channel(end, 0);
    }

    fn fill_output(&mut self, end: End) {
        self.fill(Slot::new(end.output_key(), Role::Taken, 0));
        self.count_channel(end, OUTPUT);
    }

    fn fill(&mut self, slot: Slot) {
        table::insert(self.slots.as_mut(), slot);
        self.filled = self.filled.saturating_add(1);
    }

    /// One channel more in a path whose channels are switched.
    fn count_channel(&mut self, end: End, direction: u64) {
        if end.is_path() {
            return;
        }
        let key = end.whole_path().input_key() | direction;
        match table::find_mut(self.slots.as_mut(), key) {
            Some(slot) => slot.word = slot.word.saturating_add(1),
            None => self.fill(Slot::new(key, Role::Channels, 1)),
        }
    }

    fn empty_input(&mut self, end: End) {
        self.empty(end, 0);
    }

    fn empty_output(&mut self, end: End) {
        self.empty(end, OUTPUT);
    }

    fn empty(&mut self, end: End, direction: u64) {
        self.clear(end.input_key() | direction);
        if end.is_path() {
            return;
        }
        let key = end.whole_path().input_key() | direction;
        if let Some(slot) = table::find_mut(self.slots.as_mut(), key) {
            slot.word = slot.word.saturating_sub(1);
            if slot.word == 0 {
                self.clear(key);
            }
        }
    }

    fn clear(&mut self, key: u64) {
        if table::remove(self.slots.as_mut(), key).is_some() {
            self.filled = self.filled.saturating_sub(1);
        }
    }
}

/// The connection that a slot is the input of.
fn connection(ports: &[Port], slot: &Slot) -> Option<Connection> {
    let key = slot.key()?;
    let to = match slot.role {
        Role::Point => Target::Point(End::of_output(ports, slot.port, slot.word, End::key_is_path(key))?),
        Role::Root => Target::Multipoint,
        Role::Channels | Role::Taken => return None,
    };
    Some(Connection { from: End::of_key(key), to })
}

/// The connections of a switch.
#[derive(Debug, Clone)]
pub struct Connections<'a> {
    slots: core::slice::Iter<'a, Slot>,
    ports: &'a [Port],
}

impl Iterator for Connections<'_> {
    type Item = Connection;

    fn next(&mut self) -> Option<Connection> {
        let ports = self.ports;
        self.slots.find_map(|slot| connection(ports, slot))
    }
}

impl core::iter::FusedIterator for Connections<'_> {}

#[cfg(feature = "alloc")]
mod owned {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::super::PortConfig;
    use super::{Error, Field, Leaf, Port, Slot, Switch, len32, table};

    /// The most connections, and the most leaves, of a switch that owns its memory: every channel of 256 paths.
    const MAX: usize = 1 << 24;

    impl Switch<Vec<Port>, Vec<Slot>, Vec<Leaf>> {
        /// A switch that owns its memory, with room for so many connections and leaves of any kind.
        ///
        /// # Errors
        /// Those of [`Port::new`]; [`Error::DoesNotFit`] for more than 2^24 connections or leaves.
        pub fn with_capacity(ports: &[PortConfig], connections: usize, leaves: usize) -> Result<Self, Error> {
            let ports = ports.iter().map(|&config| Port::new(config)).collect::<Result<Vec<_>, _>>()?;
            let slots = slots(connections, leaves)?;
            Ok(Self::new(ports, vec![Slot::EMPTY; slots], vec![Leaf::EMPTY; leaves]))
        }

        /// Makes room for so many connections and leaves in all. What there is stays; room that there is is not given back.
        ///
        /// # Errors
        /// Those of [`Self::with_capacity`].
        pub fn reserve(&mut self, connections: usize, leaves: usize) -> Result<(), Error> {
            let needed = slots(connections, leaves)?;
            if needed > self.slots.len() {
                let mut wider = vec![Slot::EMPTY; needed];
                for slot in self.slots.iter().filter(|slot| slot.key().is_some()) {
                    table::insert(&mut wider, *slot);
                }
                self.slots = wider;
            }
            if leaves > self.leaves.len() {
                self.leaves.resize(leaves, Leaf::EMPTY);
            }
            Ok(())
        }
    }

    /// Slots for connections that share no path: four each, and two for a leaf.
    fn slots(connections: usize, leaves: usize) -> Result<usize, Error> {
        for (field, found) in [(Field::SwitchTable, connections), (Field::SwitchLeaf, leaves)] {
            if found > MAX {
                return Err(Error::DoesNotFit { field, found: len32(found), needed: len32(MAX) });
            }
        }
        Ok(table::slots_for(connections.saturating_mul(4).saturating_add(leaves.saturating_mul(2))))
    }
}
