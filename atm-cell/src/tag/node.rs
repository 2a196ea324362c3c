//! The control component of a node: routes in, bindings to and from the neighbours, tables out.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::flow::{Down, Flow, Key, Up};
use super::space::TagSpace;
use super::{Forwarding, HopCount, Prefix, PrefixTable, Tag, TagBase, TagInterface};
use crate::cell::{Header, Vc, Vpi};
use crate::error::len32;
use crate::{Error, Field};

/// Who allocates tags, and when (RFC 2105 section 4.1). All nodes that exchange tags use the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Allocation {
    /// The downstream node binds a tag to each of its routes and advertises it to all neighbours. Tags from all of them lead to the
    /// one tag of the next hop, so the node must be able to merge.
    Downstream,
    /// The downstream node binds a tag when it is asked for one.
    DownstreamOnDemand,
    /// The upstream node binds the tag and advertises it to the next hop.
    Upstream,
}

/// How a node is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Config {
    /// Who allocates tags.
    pub allocation: Allocation,
    /// Whether frames that come with different tags may leave with the same: a router that handles whole frames, or an ATM switch with
    /// VC merge. Others ask for one tag downstream for each tag upstream (RFC 2105 section 5, RFC 3035 section 8.2).
    pub merge: bool,
    /// Whether the node tags packets of its own or from untagged links: an edge router. Others only swap.
    pub edge: bool,
    /// The longest way that tags are bound for, in hops (MAXHOP, 255 by default). A binding that would be longer is a loop.
    pub max_hops: u8,
    /// How many routes there may be.
    pub routes: usize,
    /// How many bindings with neighbours there may be, in each direction.
    pub bindings: usize,
    /// How many messages may wait to be sent before input is refused. Each input adds a few for each binding at most.
    pub messages: usize,
}

/// An edge router that asks on demand, with room for 4096 of each.
impl Default for Config {
    fn default() -> Self {
        Self {
            allocation: Allocation::DownstreamOnDemand,
            merge: false,
            edge: true,
            max_hops: u8::MAX,
            routes: 4096,
            bindings: 4096,
            messages: 4096,
        }
    }
}

/// Where packets for a prefix go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum NextHop {
    /// They leave the tagged network here: tags end.
    Local,
    /// To the neighbour on that interface.
    Neighbor(u16),
}

/// Why a binding is withdrawn or not made.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The way it led is gone. The upstream node may ask anew at once.
    NoRoute,
    /// It would be longer than the hop limit.
    HopLimit,
    /// No tags or no room.
    NoResources,
}

/// What neighbours say to each other. `id` names a binding on its link: for a link and a direction of data, whoever speaks first of it
/// chose the number, so that messages that cross on the way are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Message {
    /// On demand, upstream to downstream: bind a tag to that prefix.
    Request {
        /// The binding.
        id: u32,
        /// The route.
        prefix: Prefix,
        /// Hops from where the tags begin.
        hops: HopCount,
    },
    /// That tag is bound to that prefix: from downstream in the downstream modes (also with a new hop count), from upstream in the other.
    Advertise {
        /// The binding.
        id: u32,
        /// The route.
        prefix: Prefix,
        /// The tag, on the link's data from upstream to downstream.
        tag: Tag,
        /// Hops to where the tags end; in upstream allocation, from where they begin.
        hops: HopCount,
    },
    /// Upstream allocation, downstream to upstream: cells with the tag are forwarded (also with a new hop count).
    Accept {
        /// The binding.
        id: u32,
        /// Hops to where the tags end.
        hops: HopCount,
    },
    /// Downstream to upstream: the binding is at its end, or is refused.
    Withdraw {
        /// The binding.
        id: u32,
        /// Why.
        reason: Reason,
    },
    /// Upstream to downstream: the binding is no longer needed.
    Release {
        /// The binding.
        id: u32,
    },
}

/// What becomes of a packet that has no tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Imposition {
    /// It goes out with a tag.
    Tagged {
        /// The interface.
        interface: u16,
        /// The path and the tag's channel.
        vc: Vc,
        /// Its TTL from here on: that of the packet, or of its [`super::Shim`].
        ttl: u8,
    },
    /// It goes out untagged, on the channel for untagged packets.
    Untagged {
        /// The interface.
        interface: u16,
        /// Its TTL from here on.
        ttl: u8,
    },
    /// It is for this node's own side.
    Local,
    /// Its TTL is at its end.
    Expired,
    /// No route.
    NoRoute,
}

/// A tag switch or tag edge router.
///
/// Control is ordered: a tag is advertised or accepted only once the way on from here is known, so that a tag leads to where tags end.
/// When a route moves, bindings are made anew from that node on and upstream nodes keep theirs (RFC 3035 section 8.2); until the new
/// next hop has answered, packets that come with a tag go to layer 3. A request that finds no route waits for one. What a neighbour
/// refused for its hop limit or its resources is asked for again when the route moves, and on [`Self::retry`].
///
/// The queue that [`Self::poll_message`] empties is bounded: where more than [`Config::messages`] wait, every input is refused with
/// [`Error::TableFull`] and nothing is changed, so that it can be given again.
#[derive(Debug, Clone)]
pub struct TagSwitch {
    pub(super) config: Config,
    pub(super) links: Vec<Link>,
    pub(super) routes: PrefixTable<NextHop>,
    pub(super) base: TagBase<Vpi>,
    pub(super) flows: BTreeMap<Key, Flow>,
    /// Bindings from upstream, by interface and id.
    pub(super) incoming: BTreeMap<(u16, u32), Key>,
    /// Bindings asked of downstream, by interface and id.
    pub(super) outgoing: BTreeMap<(u16, u32), Key>,
    /// What downstream neighbours advertised without being asked.
    pub(super) learned: BTreeMap<(Prefix, u16), Learned>,
    pub(super) messages: VecDeque<(u16, Message)>,
    pub(super) serial: u32,
}

/// A link to a neighbour.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) vpi: Vpi,
    /// Tags that this node gives out: incoming ones in the downstream modes, else outgoing ones.
    pub(super) space: TagSpace,
    pub(super) up: bool,
}

/// A binding that came unasked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Learned {
    pub(super) id: u32,
    pub(super) tag: Tag,
    pub(super) hops: HopCount,
}

impl TagSwitch {
    /// A node with those links, one neighbour on each, numbered as they stand there.
    ///
    /// # Errors
    /// Those of [`TagBase::new`]; [`Error::Value`] for a hop limit of 0, and for downstream allocation without merging.
    pub fn new(config: Config, interfaces: &[TagInterface]) -> Result<Self, Error> {
        if config.max_hops == 0 {
            return Err(Error::Value { field: Field::TagRoute, offset: 0, found: 0, needed: 1 });
        }
        if config.allocation == Allocation::Downstream && !config.merge {
            return Err(Error::Value { field: Field::TagBase, offset: 0, found: 0, needed: 1 });
        }
        let base = TagBase::new(interfaces, config.bindings, config.bindings)?;
        let link = |of: &TagInterface| Link { vpi: of.vpi, space: TagSpace::new(of.first, of.last), up: true };
        Ok(Self {
            config,
            links: interfaces.iter().map(link).collect(),
            routes: PrefixTable::new(config.routes),
            base,
            flows: BTreeMap::new(),
            incoming: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            learned: BTreeMap::new(),
            messages: VecDeque::new(),
            serial: 0,
        })
    }

    /// Adds a route, or moves it to another next hop.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an interface that is not there; [`Error::TableFull`] for the routes and for the messages.
    pub fn set_route(&mut self, prefix: Prefix, next_hop: NextHop) -> Result<(), Error> {
        self.ready()?;
        if let NextHop::Neighbor(interface) = next_hop {
            self.link(interface)?;
        }
        if self.routes.insert(prefix, next_hop)?.is_none() {
            self.open_flow(prefix);
        }
        self.settle_prefix(prefix);
        Ok(())
    }

    /// Takes a route out.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a route that is not there; [`Error::TableFull`] for the messages.
    pub fn remove_route(&mut self, prefix: Prefix) -> Result<(), Error> {
        self.ready()?;
        if self.routes.remove(prefix).is_none() {
            return Err(Error::NotFound { field: Field::TagRoute, found: prefix.length().into() });
        }
        self.settle_prefix(prefix);
        self.close_flow(prefix);
        Ok(())
    }

    /// Takes a message from the neighbour on that interface.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an interface that is not there or is down; [`Error::Unsupported`] for a message of another [`Allocation`];
    /// [`Error::Conflict`] for a binding or a tag that is in use already, and for an answer about another prefix than was asked for;
    /// [`Error::Reserved`] and [`Error::DoesNotFit`] for a tag outside the link's range; [`Error::TableFull`] for the messages, and for
    /// an unasked advertisement that there is no room for. Nothing is changed then.
    pub fn handle_message(&mut self, interface: u16, message: Message) -> Result<(), Error> {
        self.ready()?;
        if !self.link(interface)?.up {
            return Err(Error::NotFound { field: Field::TagNeighbor, found: interface.into() });
        }
        match (self.config.allocation, message) {
            (Allocation::DownstreamOnDemand, Message::Request { id, prefix, hops }) => {
                self.binding_asked(interface, id, prefix, hops, None)
            }
            (Allocation::Upstream, Message::Advertise { id, prefix, tag, hops }) => {
                self.tag_in_range(interface, tag)?;
                self.binding_asked(interface, id, prefix, hops, Some(tag))
            }
            (Allocation::DownstreamOnDemand, Message::Advertise { id, prefix, tag, hops }) => {
                self.tag_in_range(interface, tag)?;
                self.binding_given(interface, id, Some((prefix, tag)), hops)
            }
            (Allocation::Upstream, Message::Accept { id, hops }) => self.binding_given(interface, id, None, hops),
            (Allocation::Downstream, Message::Advertise { id, prefix, tag, hops }) => {
                self.tag_in_range(interface, tag)?;
                self.learn(interface, prefix, Learned { id, tag, hops })
            }
            (Allocation::Downstream, Message::Withdraw { id, .. }) => {
                self.unlearn(interface, id);
                Ok(())
            }
            (_, Message::Withdraw { id, reason }) => {
                self.binding_withdrawn(interface, id, reason);
                Ok(())
            }
            (Allocation::DownstreamOnDemand | Allocation::Upstream, Message::Release { id }) => {
                self.binding_released(interface, id);
                Ok(())
            }
            (_, message) => Err(Error::Unsupported { field: Field::TagNeighbor, offset: 0, found: message.number() }),
        }
    }

    /// The next message to send, and the interface of the neighbour that it is for.
    pub fn poll_message(&mut self) -> Option<(u16, Message)> {
        self.messages.pop_front()
    }

    /// Asks again for what neighbours refused for their hop limit or resources, and advertises again what found no tag: when routing has
    /// settled after a change, or from a slow timer.
    ///
    /// # Errors
    /// [`Error::TableFull`] for the messages.
    pub fn retry(&mut self) -> Result<(), Error> {
        self.ready()?;
        for flow in self.flows.values_mut() {
            if matches!(flow.down, Down::Refused { .. }) {
                flow.down = Down::Closed;
            }
        }
        self.settle_all();
        Ok(())
    }

    /// The neighbour is gone, and all bindings with it (RFC 3035 section 8.2). Routes to it stay and lead nowhere until it is back.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an interface that is not there.
    pub fn neighbor_down(&mut self, interface: u16) -> Result<(), Error> {
        self.link(interface)?;
        if let Some(link) = self.links.get_mut(usize::from(interface)) {
            link.up = false;
        }
        self.messages.retain(|&(to, _)| to != interface);
        self.learned.retain(|&(_, from), _| from != interface);
        self.forget_neighbor(interface);
        self.settle_all();
        Ok(())
    }

    /// The neighbour is back and knows nothing.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an interface that is not there; [`Error::TableFull`] for the messages.
    pub fn neighbor_up(&mut self, interface: u16) -> Result<(), Error> {
        self.ready()?;
        if self.link(interface)?.up {
            return Ok(());
        }
        if let Some(link) = self.links.get_mut(usize::from(interface)) {
            link.up = true;
        }
        let prefixes: Vec<Prefix> = self.routes.iter().map(|(prefix, _)| prefix).collect();
        for prefix in prefixes {
            self.open_up(prefix, interface);
        }
        self.settle_all();
        Ok(())
    }

    /// What becomes of a cell that came on an interface.
    #[must_use]
    pub fn forward(&self, interface: u16, header: &Header) -> Forwarding<'_> {
        self.base.forward(interface, header)
    }

    /// What becomes of a packet without a tag, from an untagged link or a tag that ended here: longest match, then the tag of the route if
    /// there is one. The TTL is counted down by the hops of the tag's whole way (RFC 3035 section 10); where it is too small for that
    /// the packet goes from hop to hop untagged.
    #[must_use]
    pub fn impose(&self, destination: IpAddr, ttl: u8) -> Imposition {
        let Some((prefix, &next_hop)) = self.routes.longest(destination) else { return Imposition::NoRoute };
        let NextHop::Neighbor(interface) = next_hop else { return Imposition::Local };
        let Some(untagged) = HopCount::EGRESS.outgoing_ttl(ttl) else { return Imposition::Expired };
        match self.flows.get(&Key { prefix, serial: 0 }).map(|flow| (flow.down, flow.ups.contains(&Up::Own))) {
            Some((Down::Open { tag, hops, interface: out, .. }, true)) if out == interface => match hops.outgoing_ttl(ttl) {
                Some(ttl) => {
                    let vpi = self.links.get(usize::from(interface)).map_or(Vpi::ZERO, |link| link.vpi);
                    Imposition::Tagged { interface, vc: Vc::new(vpi, tag.vci()), ttl }
                }
                None => Imposition::Untagged { interface, ttl: untagged },
            },
            _ => Imposition::Untagged { interface, ttl: untagged },
        }
    }

    /// The Tag Information Base.
    #[must_use]
    pub const fn base(&self) -> &TagBase<Vpi> {
        &self.base
    }

    /// The routes.
    #[must_use]
    pub const fn routes(&self) -> &PrefixTable<NextHop> {
        &self.routes
    }

    /// Tags of an interface that this node has given out.
    #[must_use]
    pub fn tags_in_use(&self, interface: u16) -> usize {
        self.links.get(usize::from(interface)).map_or(0, |link| link.space.count())
    }

    /// Bindings with upstream and with downstream neighbours, those that wait for an answer among them.
    #[must_use]
    pub fn bindings(&self) -> (usize, usize) {
        (self.incoming.len(), self.outgoing.len().saturating_add(self.learned.len()))
    }

    fn ready(&self) -> Result<(), Error> {
        if self.messages.len() >= self.config.messages {
            return Err(Error::TableFull { field: Field::TagNeighbor, limit: len32(self.config.messages) });
        }
        Ok(())
    }

    fn link(&self, interface: u16) -> Result<&Link, Error> {
        let missing = Error::NotFound { field: Field::TagNeighbor, found: interface.into() };
        self.links.get(usize::from(interface)).ok_or(missing)
    }

    fn tag_in_range(&self, interface: u16, tag: Tag) -> Result<(), Error> {
        let range = self.base.interface(interface).unwrap_or_default();
        let [found, first, last] = [tag, range.first, range.last].map(|tag| u32::from(tag.get()));
        if found < first {
            return Err(Error::Reserved { field: Field::Tag, found, needed: first });
        }
        if found > last { Err(Error::DoesNotFit { field: Field::Tag, found, needed: last }) } else { Ok(()) }
    }
}

impl Message {
    /// The place of the variant, for errors.
    const fn number(&self) -> u32 {
        match self {
            Self::Request { .. } => 0,
            Self::Advertise { .. } => 1,
            Self::Accept { .. } => 2,
            Self::Withdraw { .. } => 3,
            Self::Release { .. } => 4,
        }
    }
}
