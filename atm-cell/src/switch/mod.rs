//! VP and VC switching: (port, VPI, VCI) to (port, VPI, VCI), with the header written anew in place.
//!
//! ```text
//!            VC switch point                                VP switch point
//!   port 1   VPI 1 VCI 32 ---> VPI 7 VCI 40   port 2        port 1   VPI 4 VCI 32 ---> VPI 9 VCI 32   port 2
//!            VPI 1 VCI 33 ---> VPI 3 VCI 99   port 3                 VPI 4 VCI 33 ---> VPI 9 VCI 33   port 2
//!            (F4 OAM of path 1 ends here)                            (F4 OAM of path 4 goes on as path 9's)
//! ```
//!
//! What the tables here keep to, and what they decide where the standards leave it open:
//!
//! * **The HEC is checked before it is written anew** (I.432.1 4.3.2). A switch that only computes a new one gives damaged headers a
//!   valid check. Every input port has a [`crate::hec::Receiver`]; what it cannot correct is dropped and counted.
//! * **Each side has its own header format.** A UNI's GFC is not part of its VPI and never shows up in an NNI's; an output at a UNI sends
//!   the GFC of its [`PortConfig`]. A VPI over 255 at a UNI is refused when it is configured.
//! * **A path on a port is switched as a whole or channel by channel, never both**, on input and on output. Thus it does not matter which
//!   of the two is looked up first; the channel is, as most connections are channels.
//! * **Unassigned, idle and physical layer cells are never switched.** VCI 0 of another path than 0 names no channel (I.361 2.2.3) and is
//!   dropped: switched to path 0 it would become an unassigned cell.
//! * **No channel connection is made on VCI 0, 3, 4, 6 and 7**: VCI 0 is above; 3 and 4 (F4 OAM), 6 (VP resource management) and 7 (future
//!   VP functions) belong to the path and end where its channels are switched (I.361 table 2). There F4 and VP resource management
//!   cells are [`Outcome::Local`], for the caller to process. The other VCIs below 32 (1, 2, 5, 16 ...) are channels that a network may
//!   carry through (a signalling channel to a signalling server), so they can be connected.
//! * **A path carries all its cells**, OAM, VCI 5 and PT 7 among them. A channel carries all its payload types: F5 OAM, resource
//!   management and the reserved PT 7 go with the user data; a segment's end is the caller's to be.
//! * **No two inputs share an output channel.** Their AAL5 frames would be interleaved. VC merge needs buffers for whole PDUs, and this
//!   module has none.
//! * CLP and PT are kept. [`with_congestion`] sets the congestion bit.
//!
//! ```
//! use atm_cell::cell::{Header, Interface, View};
//! use atm_cell::switch::{End, Leaf, Outcome, Port, PortConfig, Slot, Switch};
//! use atm_cell::{Vc, Vci, Vpi};
//!
//! let vc = |vpi, vci| Vc::new(Vpi::new(vpi).unwrap_or_default(), Vci::new(vci));
//! let uni = Port::new(PortConfig { interface: Interface::Uni, ..PortConfig::default() })?;
//! let nni = Port::new(PortConfig { interface: Interface::Nni, ..PortConfig::default() })?;
//! let mut switch = Switch::new([uni, nni], [Slot::EMPTY; 64], [Leaf::EMPTY; 0]);
//! switch.connect(End::channel(0, vc(1, 32)), End::channel(1, vc(4000, 40)))?;
//!
//! let mut cell = Header::new(Interface::Uni, vc(1, 32)).with_payload(&[0; 48])?;
//! assert_eq!(switch.switch_cell(0, &mut cell), Outcome::Forward { port: 1 });
//! assert_eq!(View::parse(&cell, Interface::Nni)?.vc(), vc(4000, 40));
//! # Ok::<(), atm_cell::Error>(())
//! ```

mod connection;
mod leaf;
mod port;
mod table;

pub use connection::{Connection, Connections, End, Target};
pub use leaf::{Copies, CopyOut, Leaf, LeafEnds, Multipoint};
pub use port::{Counters, Port, PortConfig};
pub use table::Slot;

use crate::cell::{CELL_LEN, HEADER_LEN, Header, Interface, Kind, Vc, Vci, with_hec};
use crate::hec;
use table::Role;

/// Memory of the switch's: an array, a `Vec`, a `Box<[T]>` or the caller's `&mut [T]`.
pub trait Storage<T>: AsRef<[T]> + AsMut<[T]> {}

impl<T, S: AsRef<[T]> + AsMut<[T]>> Storage<T> for S {}

/// What became of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Its header is the output's now: send it there.
    Forward {
        /// The output port.
        port: u16,
    },
    /// It goes to the leaves of a point-to-multipoint connection: [`Switch::copies`] gives each one's header.
    Multipoint(Multipoint),
    /// It ends here and is the caller's to process: F4 OAM and resource management of a path whose channels are switched.
    Local {
        /// What it is.
        kind: Kind,
    },
    /// It is dropped.
    Discard(Reason),
}

/// Why a cell is dropped.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The switch has no such port.
    UnknownPort,
    /// Header errors that are not to be corrected.
    HeaderError,
    /// An unassigned cell.
    Unassigned,
    /// An idle cell.
    Idle,
    /// A cell of the physical layer's.
    PhysicalLayer,
    /// VCI 0 of a path other than 0.
    NullChannel,
    /// No connection has that path or channel.
    Unknown,
}

/// A switch: ports, connections and leaves in storage of the caller's.
///
/// A channel connection takes two slots, and one more for the first channel of each path; a path connection takes two. A leaf takes a slot
/// or two for its output and a [`Leaf`]. One slot of eight stays free. A lookup is one search for a channel and two for a path, each
/// of one or two steps, in constant time; nothing is allocated.
#[derive(Debug, Clone)]
pub struct Switch<P, S, L> {
    ports: P,
    slots: S,
    leaves: L,
    filled: usize,
    pool: leaf::Pool,
    unknown_port: u64,
}

impl<P: Storage<Port>, S: Storage<Slot>, L: Storage<Leaf>> Switch<P, S, L> {
    /// A switch with those ports, numbered as they stand there, and no connections. What is in `slots` and `leaves` is lost.
    #[must_use]
    pub fn new(ports: P, mut slots: S, leaves: L) -> Self {
        slots.as_mut().fill(Slot::EMPTY);
        Self { ports, slots, leaves, filled: 0, pool: leaf::Pool::new(), unknown_port: 0 }
    }

    /// Takes a cell that came in on `port` and writes its header anew, in the output port's format and with its HEC.
    ///
    /// A header error that can be corrected is, whatever the outcome; else only a cell that goes on to one output is changed.
    #[inline]
    pub fn switch_cell(&mut self, port: u16, cell: &mut [u8; CELL_LEN]) -> Outcome {
        let Some(input) = self.ports.as_mut().get_mut(usize::from(port)) else {
            self.unknown_port = self.unknown_port.saturating_add(1);
            return Outcome::Discard(Reason::UnknownPort);
        };
        let [a, b, c, d, check, ..] = *cell;
        let Some(word) = input.receive([a, b, c, d, check]) else {
            return input.count(Outcome::Discard(Reason::HeaderError));
        };
        let mut header = None;
        let outcome = match route(self.slots.as_ref(), port, input.config().interface, word) {
            Route::Point(slot) => {
                header = Some(slot.rewrite(word));
                Outcome::Forward { port: slot.port }
            }
            Route::Multipoint(multipoint) => Outcome::Multipoint(multipoint),
            Route::Local(kind) => Outcome::Local { kind },
            Route::Nowhere(reason) => Outcome::Discard(reason),
        };
        let header = header.unwrap_or_else(|| with_hec(word));
        if let Some(place) = cell.first_chunk_mut::<HEADER_LEN>() {
            *place = header;
        }
        input.count(outcome)
    }

    /// The copies of a cell that goes to leaves: each one's port and header. Leaves that came or went since count as they are now.
    #[must_use]
    pub fn copies(&self, multipoint: Multipoint) -> Copies<'_> {
        let root = table::find(self.slots.as_ref(), multipoint.key()).filter(|slot| slot.role == Role::Root);
        Copies::new(self.leaves.as_ref(), root.map(|slot| slot.word), multipoint)
    }

    /// The counters of a port; `None` for a port that is not there.
    #[must_use]
    pub fn counters(&self, port: u16) -> Option<Counters> {
        self.ports.as_ref().get(usize::from(port)).map(Port::counters)
    }

    /// Cells that came on ports that are not there.
    #[must_use]
    pub const fn unknown_port(&self) -> u64 {
        self.unknown_port
    }

    /// Slots filled, and how many can be.
    #[must_use]
    pub fn usage(&self) -> (usize, usize) {
        (self.filled, table::capacity(self.slots.as_ref().len()))
    }

    /// Leaves in use, and how many there are.
    #[must_use]
    pub fn leaf_usage(&self) -> (usize, usize) {
        (self.pool.used(), self.leaves.as_ref().len())
    }
}

/// What the table says about a word.
enum Route<'a> {
    Point(&'a Slot),
    Multipoint(Multipoint),
    Local(Kind),
    Nowhere(Reason),
}

#[inline]
fn route(slots: &[Slot], port: u16, interface: Interface, word: u32) -> Route<'_> {
    let header = Header::from_word(word, interface);
    let Vc { vpi, vci } = header.vc;
    if vci == Vci::ZERO {
        return Route::Nowhere(match header.kind() {
            Kind::Unassigned => Reason::Unassigned,
            Kind::Idle => Reason::Idle,
            Kind::PhysicalLayer => Reason::PhysicalLayer,
            _ => Reason::NullChannel,
        });
    }
    let end = End::channel(port, header.vc);
    let found = table::find(slots, end.input_key());
    let (key, slot) = match found {
        Some(slot) => (end.input_key(), Some(slot)),
        None => {
            let end = End::path(port, vpi);
            (end.input_key(), table::find(slots, end.input_key()))
        }
    };
    match slot.map(|slot| (slot, slot.role)) {
        Some((slot, Role::Point)) => Route::Point(slot),
        Some((_, Role::Root)) => Route::Multipoint(Multipoint::new(key, word)),
        Some((_, Role::Channels)) => match header.kind() {
            kind @ Kind::OamF4 { .. } => Route::Local(kind),
            kind @ Kind::ResourceManagement if vci == Vci::RESOURCE_MANAGEMENT => Route::Local(kind),
            _ => Route::Nowhere(Reason::Unknown),
        },
        Some((_, Role::Taken)) | None => Route::Nowhere(Reason::Unknown),
    }
}

impl Slot {
    #[inline]
    fn rewrite(&self, word: u32) -> [u8; HEADER_LEN] {
        rewrite(self.key().is_some_and(End::key_is_path), self.word, self.hec, word)
    }
}

/// VCI, PT and CLP: what a path keeps.
const KEPT_BY_PATH: u32 = 0x000f_ffff;
/// PT and CLP: what a channel keeps.
const KEPT_BY_CHANNEL: u32 = 0xf;

/// The header of a cell that came with `word`, where the output's own bits are `out` and its HEC with PT and CLP 0 is `hec`.
#[inline]
fn rewrite(path: bool, out: u32, hec: u8, word: u32) -> [u8; HEADER_LEN] {
    if path {
        return with_hec(out | word & KEPT_BY_PATH);
    }
    let kept = word & KEPT_BY_CHANNEL;
    let [a, b, c, d] = (out | kept).to_be_bytes();
    // The HEC is linear but for its coset: PT and CLP change it by themselves, whatever the other bits are.
    #[expect(clippy::indexing_slicing, reason = "16 entries for 4 bits")]
    let change = PT_AND_CLP[kept as usize];
    [a, b, c, d, hec ^ change]
}

/// What PT and CLP add to the HEC.
static PT_AND_CLP: [u8; 16] = {
    let mut table = [0; 16];
    let mut bits: u8 = 0;
    #[expect(clippy::indexing_slicing, reason = "counts to 16 in a table of 16")]
    while bits < 16 {
        table[bits as usize] = hec::compute([0, 0, 0, bits]) ^ hec::COSET;
        bits += 1;
    }
    table
};

/// The header of the same cell after it met congestion: user data cells have the congestion bit of PT set, others stay as they are.
///
/// The HEC follows by the bit that changes, so that a wrong one stays wrong.
#[must_use]
pub const fn with_congestion(header: [u8; HEADER_LEN]) -> [u8; HEADER_LEN] {
    const OAM_OR_MANAGEMENT: u8 = 0b1000;
    const CONGESTION: u8 = 0b0100;
    let [a, b, c, d, check] = header;
    if d & (OAM_OR_MANAGEMENT | CONGESTION) != 0 {
        return header;
    }
    [a, b, c, d | CONGESTION, check ^ hec::compute([0, 0, 0, CONGESTION]) ^ hec::COSET]
}

#[cfg(test)]
mod tests;
