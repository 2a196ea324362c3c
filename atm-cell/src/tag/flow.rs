//! What a node keeps for a route: tags that come in, the tag that goes out, and the steps that keep both in line.

use alloc::vec::Vec;

use super::node::{Allocation, Learned, Message, NextHop, Reason, TagSwitch};
use super::{HopCount, Prefix, SubEntry, Tag};
use crate::cell::Vpi;
use crate::error::len32;
use crate::{Error, Field};

/// Number 0 is the node's own flow of a prefix, and the only one where it merges; others have one binding from upstream each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) prefix: Prefix,
    pub(super) serial: u32,
}

/// Cells for a prefix that leave with one tag, or end here.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    pub(super) ups: Vec<Up>,
    pub(super) down: Down,
}

/// Where cells of a flow come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Up {
    /// The node tags them itself.
    Own,
    /// A neighbour sends them with a tag.
    Peer(Peer),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) interface: u16,
    pub(super) id: u32,
    /// Hops from where the tags begin.
    hops: HopCount,
    tag: Option<Tag>,
    /// The hop count that the neighbour was told: it uses the tag.
    told: Option<HopCount>,
}

/// Where cells of a flow go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Down {
    /// Nowhere yet.
    Closed,
    /// The neighbour there refused.
    Refused { interface: u16 },
    /// They end here.
    Local,
    /// The neighbour there has been asked. The tag is this node's in upstream allocation.
    Waiting { interface: u16, id: u32, tag: Option<Tag> },
    /// To the neighbour there, with that tag.
    Open { interface: u16, id: u32, tag: Tag, hops: HopCount },
}

/// Where a flow should go by the routes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Nothing,
    Local,
    Neighbor(u16),
}

impl Flow {
    const fn new() -> Self {
        Self { ups: Vec::new(), down: Down::Closed }
    }
}

impl TagSwitch {
    /// A route is new: an edge has packets for it, and in downstream allocation all neighbours are to hear of it.
    pub(super) fn open_flow(&mut self, prefix: Prefix) {
        if self.config.edge {
            self.flow_mut(prefix).ups.push(Up::Own);
        }
        for interface in (0..=u16::MAX).take(self.links.len()) {
            self.open_up(prefix, interface);
        }
    }

    /// In downstream allocation every neighbour is an upstream one, as far as is known.
    pub(super) fn open_up(&mut self, prefix: Prefix, interface: u16) {
        if self.config.allocation == Allocation::Downstream && self.is_up(interface) {
            let id = self.next_serial();
            let peer = Peer { interface, id, hops: HopCount::UNKNOWN, tag: None, told: None };
            self.flow_mut(prefix).ups.push(Up::Peer(peer));
        }
    }

    /// A route is gone and settled: nobody waits for it unasked.
    pub(super) fn close_flow(&mut self, prefix: Prefix) {
        let key = Key { prefix, serial: 0 };
        let downstream = self.config.allocation == Allocation::Downstream;
        if let Some(flow) = self.flows.get_mut(&key) {
            flow.ups.retain(|up| *up != Up::Own && !downstream);
            if flow.ups.is_empty() {
                self.flows.remove(&key);
            }
        }
    }

    pub(super) fn settle_prefix(&mut self, prefix: Prefix) {
        let range = Key { prefix, serial: 0 }..=Key { prefix, serial: u32::MAX };
        let keys: Vec<Key> = self.flows.range(range).map(|(&key, _)| key).collect();
        keys.into_iter().for_each(|key| self.settle(key));
    }

    pub(super) fn settle_all(&mut self) {
        let keys: Vec<Key> = self.flows.keys().copied().collect();
        keys.into_iter().for_each(|key| self.settle(key));
    }

    /// An upstream neighbour wants cells of a prefix forwarded, and in upstream allocation says with which tag they come.
    pub(super) fn binding_asked(
        &mut self,
        interface: u16,
        id: u32,
        prefix: Prefix,
        hops: HopCount,
        tag: Option<Tag>,
    ) -> Result<(), Error> {
        if self.incoming.contains_key(&(interface, id)) {
            return Err(Error::Conflict { field: Field::TagNeighbor, found: id });
        }
        if let Some(tag) = tag {
            let taken = |up: &Up| matches!(up, Up::Peer(peer) if (peer.interface, peer.tag) == (interface, Some(tag)));
            if self.flows.values().flat_map(|flow| &flow.ups).any(taken) {
                return Err(Error::Conflict { field: Field::Tag, found: tag.get().into() });
            }
        }
        // What downstream refused is asked for again on behalf of somebody new, but only with a higher hop count than the request's: were it
        // asked for on the node's own behalf, routes that loop would keep the messages going round.
        let refused = |flow: &Flow| matches!(flow.down, Down::Refused { .. }) && hops.0 >= self.config.max_hops;
        let shared = self.config.merge && self.flows.get(&Key { prefix, serial: 0 }).is_some_and(refused);
        let over = hops.0 > self.config.max_hops || shared;
        if over || self.incoming.len() >= self.config.bindings {
            let reason = if over { Reason::HopLimit } else { Reason::NoResources };
            self.messages.push_back((interface, Message::Withdraw { id, reason }));
            return Ok(());
        }
        let serial = if self.config.merge { 0 } else { self.next_serial() };
        let key = Key { prefix, serial };
        let flow = self.flows.entry(key).or_insert_with(Flow::new);
        flow.ups.push(Up::Peer(Peer { interface, id, hops, tag, told: None }));
        if matches!(flow.down, Down::Refused { .. }) {
            flow.down = Down::Closed;
        }
        self.incoming.insert((interface, id), key);
        self.settle(key);
        Ok(())
    }

    /// The downstream neighbour forwards cells, or has a new hop count. An answer that crossed a release is nobody's.
    pub(super) fn binding_given(
        &mut self,
        interface: u16,
        id: u32,
        bound: Option<(Prefix, Tag)>,
        hops: HopCount,
    ) -> Result<(), Error> {
        let Some(&key) = self.outgoing.get(&(interface, id)) else { return Ok(()) };
        let Some(flow) = self.flows.get_mut(&key) else { return Ok(()) };
        let own = match flow.down {
            Down::Waiting { tag, .. } => tag,
            Down::Open { tag, .. } => Some(tag),
            Down::Closed | Down::Refused { .. } | Down::Local => None,
        };
        let tag = match bound {
            Some((prefix, _)) if prefix != key.prefix => {
                return Err(Error::Conflict { field: Field::Prefix, found: prefix.length().into() });
            }
            Some((_, tag)) => Some(tag),
            None => own,
        };
        if let Some(tag) = tag {
            flow.down = Down::Open { interface, id, tag, hops };
            self.settle(key);
        }
        Ok(())
    }

    /// The downstream neighbour ended a binding.
    pub(super) fn binding_withdrawn(&mut self, interface: u16, id: u32, reason: Reason) {
        let Some(key) = self.outgoing.get(&(interface, id)).copied() else { return };
        let Some(mut flow) = self.flows.remove(&key) else { return };
        self.forget_down(&mut flow);
        if reason == Reason::NoRoute {
            self.revoke(&mut flow, Reason::NoRoute, |peer| peer.told.is_some());
        } else {
            self.revoke(&mut flow, reason, |_| true);
            flow.down = Down::Refused { interface };
        }
        self.keep(key, flow);
        self.settle(key);
    }

    /// The upstream neighbour ended a binding.
    pub(super) fn binding_released(&mut self, interface: u16, id: u32) {
        let Some(key) = self.incoming.remove(&(interface, id)) else { return };
        let Some(mut flow) = self.flows.remove(&key) else { return };
        self.drop_ups(&mut flow, |peer| (peer.interface, peer.id) == (interface, id));
        self.flows.insert(key, flow);
        self.settle(key);
    }

    /// A neighbour advertised a tag unasked. It is kept whether or not the neighbour is the next hop: it may become it.
    pub(super) fn learn(&mut self, interface: u16, prefix: Prefix, learned: Learned) -> Result<(), Error> {
        let key = (prefix, interface);
        if !self.learned.contains_key(&key) && self.learned.len() >= self.config.bindings {
            return Err(Error::TableFull { field: Field::TagBase, limit: len32(self.config.bindings) });
        }
        self.learned.insert(key, learned);
        self.settle(Key { prefix, serial: 0 });
        Ok(())
    }

    /// A neighbour withdrew such a tag.
    pub(super) fn unlearn(&mut self, interface: u16, id: u32) {
        let of =
            |(&(prefix, from), learned): (&(Prefix, u16), &Learned)| (from == interface && learned.id == id).then_some(prefix);
        if let Some(prefix) = self.learned.iter().find_map(of) {
            self.learned.remove(&(prefix, interface));
            self.settle(Key { prefix, serial: 0 });
        }
    }

    /// Nothing that had to do with a neighbour is left, and nothing is said to it.
    pub(super) fn forget_neighbor(&mut self, interface: u16) {
        let keys: Vec<Key> = self.flows.keys().copied().collect();
        for key in keys {
            let Some(mut flow) = self.flows.remove(&key) else { continue };
            self.drop_ups(&mut flow, |peer| peer.interface == interface);
            if flow.down.interface() == Some(interface) {
                self.forget_down(&mut flow);
            }
            self.flows.insert(key, flow);
        }
    }

    /// Brings a flow in line with the routes and the bindings, and says to the neighbours what follows from it.
    fn settle(&mut self, key: Key) {
        let Some(mut flow) = self.flows.remove(&key) else { return };
        self.settle_down(&mut flow, key);
        self.settle_ups(&mut flow, key.prefix);
        // A refusal may have left nobody who wants the way on.
        if flow.ups.is_empty() {
            self.close_down(&mut flow);
        }
        self.keep(key, flow);
    }

    fn settle_down(&mut self, flow: &mut Flow, key: Key) {
        let mut want = self.want(key.prefix);
        if let Want::Neighbor(next) = want {
            // Split horizon: the next hop's own cells are not sent back to it.
            self.revoke(flow, Reason::NoRoute, |peer| peer.interface == next && peer.told.is_some());
            let elsewhere = |up: &Up| !matches!(up, Up::Peer(peer) if peer.interface == next);
            if !flow.ups.iter().any(elsewhere) {
                want = Want::Nothing;
            }
        }
        let is = match flow.down {
            Down::Closed => Want::Nothing,
            Down::Local => Want::Local,
            Down::Refused { interface } | Down::Waiting { interface, .. } | Down::Open { interface, .. } => {
                Want::Neighbor(interface)
            }
        };
        if is != want {
            self.close_down(flow);
        }
        match want {
            Want::Nothing => self.revoke(flow, Reason::NoRoute, |peer| peer.told.is_some()),
            Want::Local => flow.down = Down::Local,
            Want::Neighbor(next) if self.config.allocation == Allocation::Downstream => {
                flow.down = match self.learned.get(&(key.prefix, next)) {
                    Some(&Learned { id, tag, hops }) => Down::Open { interface: next, id, tag, hops },
                    None => Down::Closed,
                };
            }
            Want::Neighbor(next) if flow.down == Down::Closed => self.ask(flow, key, next),
            Want::Neighbor(_) => {}
        }
    }

    /// Asks the next hop to forward cells of a flow.
    fn ask(&mut self, flow: &mut Flow, key: Key, next: u16) {
        let max = self.config.max_hops;
        self.revoke(flow, Reason::HopLimit, |peer| peer.interface != next && peer.hops.0 >= max);
        let hops_of = |up: &Up| match up {
            Up::Own => Some(0),
            Up::Peer(peer) if peer.interface != next => Some(peer.hops.0),
            Up::Peer(_) => None,
        };
        let Some(hops) = flow.ups.iter().filter_map(hops_of).max() else { return };
        let hops = HopCount(hops.saturating_add(1));
        let id = self.next_serial();
        let (tag, message) = if self.config.allocation == Allocation::Upstream {
            let tag = self.links.get_mut(usize::from(next)).and_then(|link| link.space.allocate());
            let Some(tag) = tag else {
                self.revoke(flow, Reason::NoResources, |_| true);
                flow.down = Down::Refused { interface: next };
                return;
            };
            (Some(tag), Message::Advertise { id, prefix: key.prefix, tag, hops })
        } else {
            (None, Message::Request { id, prefix: key.prefix, hops })
        };
        flow.down = Down::Waiting { interface: next, id, tag };
        self.outgoing.insert((next, id), key);
        self.messages.push_back((next, message));
    }

    /// Gives upstream what downstream gives.
    fn settle_ups(&mut self, flow: &mut Flow, prefix: Prefix) {
        let (sub_entry, hops) = match flow.down {
            Down::Local => (None, Some(HopCount::EGRESS)),
            Down::Open { interface, tag, hops, .. } => {
                let link = self.links.get(usize::from(interface)).map(|link| link.vpi).unwrap_or_default();
                (Some(SubEntry { tag, interface, link }), hops.upstream(self.config.max_hops))
            }
            Down::Closed | Down::Refused { .. } | Down::Waiting { .. } => {
                if self.config.allocation == Allocation::Downstream {
                    self.revoke(flow, Reason::NoRoute, |peer| peer.told.is_some());
                }
                // Tags that upstream uses lead to layer 3 until the next hop answers.
                for up in &flow.ups {
                    if let Up::Peer(Peer { interface, tag: Some(tag), told: Some(_), .. }) = *up {
                        // The entry is there already and needs no room.
                        let _ = self.base.insert(interface, tag, Vec::new());
                    }
                }
                return;
            }
        };
        let next = sub_entry.map(|sub| sub.interface);
        let Some(hops) = hops else {
            let all = self.config.allocation != Allocation::Downstream;
            self.revoke(flow, Reason::HopLimit, |peer| Some(peer.interface) != next && (all || peer.told.is_some()));
            return;
        };
        let mut starved = Vec::new();
        for up in &mut flow.ups {
            let Up::Peer(peer) = up else { continue };
            if Some(peer.interface) == next {
                continue;
            }
            if !self.bind(peer, sub_entry) {
                starved.push((peer.interface, peer.id));
            } else if peer.told != Some(hops) {
                peer.told = Some(hops);
                let id = peer.id;
                let message = match peer.tag {
                    Some(tag) if self.config.allocation != Allocation::Upstream => Message::Advertise { id, prefix, tag, hops },
                    _ => Message::Accept { id, hops },
                };
                self.messages.push_back((peer.interface, message));
            }
        }
        self.revoke(flow, Reason::NoResources, |peer| starved.contains(&(peer.interface, peer.id)));
    }

    /// Enters an incoming tag, which the node allocates but in upstream allocation. Whether there was room.
    fn bind(&mut self, peer: &mut Peer, sub_entry: Option<SubEntry<Vpi>>) -> bool {
        let Some(link) = self.links.get_mut(usize::from(peer.interface)) else { return false };
        let Some(tag) = peer.tag.or_else(|| link.space.allocate()) else { return false };
        let bound = self.base.insert(peer.interface, tag, sub_entry.into_iter().collect()).is_ok();
        if bound {
            peer.tag = Some(tag);
        } else if peer.tag.is_none() {
            link.space.release(tag);
        }
        bound
    }

    /// Takes back the tag of a binding from upstream.
    fn unbind(&mut self, peer: &Peer) {
        let Some(tag) = peer.tag else { return };
        if peer.told.is_some() {
            self.base.remove(peer.interface, tag);
        }
        if self.config.allocation != Allocation::Upstream
            && let Some(link) = self.links.get_mut(usize::from(peer.interface))
        {
            link.space.release(tag);
        }
    }

    /// Tells upstream neighbours that their bindings are at their end. In downstream allocation they may be advertised again later.
    fn revoke(&mut self, flow: &mut Flow, reason: Reason, which: impl Fn(&Peer) -> bool) {
        let keep = self.config.allocation == Allocation::Downstream;
        flow.ups.retain_mut(|up| {
            let peer = match up {
                Up::Peer(peer) if which(peer) => peer,
                _ => return true,
            };
            if !keep || peer.told.is_some() {
                self.messages.push_back((peer.interface, Message::Withdraw { id: peer.id, reason }));
            }
            self.unbind(peer);
            self.incoming.remove(&(peer.interface, peer.id));
            (peer.tag, peer.told) = (None, None);
            keep
        });
    }

    /// Drops bindings from upstream without a word.
    fn drop_ups(&mut self, flow: &mut Flow, which: impl Fn(&Peer) -> bool) {
        flow.ups.retain(|up| {
            let Up::Peer(peer) = up else { return true };
            if which(peer) {
                self.unbind(peer);
                self.incoming.remove(&(peer.interface, peer.id));
            }
            !which(peer)
        });
    }

    /// Tells the downstream neighbour that a binding is not needed any more.
    fn close_down(&mut self, flow: &mut Flow) {
        if let Down::Waiting { interface, id, .. } | Down::Open { interface, id, .. } = flow.down
            && self.outgoing.contains_key(&(interface, id))
        {
            self.messages.push_back((interface, Message::Release { id }));
        }
        self.forget_down(flow);
    }

    fn forget_down(&mut self, flow: &mut Flow) {
        let (interface, id, tag) = match flow.down {
            Down::Waiting { interface, id, tag } => (interface, id, tag),
            Down::Open { interface, id, tag, .. } => (interface, id, Some(tag)),
            Down::Closed | Down::Refused { .. } | Down::Local => {
                flow.down = Down::Closed;
                return;
            }
        };
        flow.down = Down::Closed;
        self.outgoing.remove(&(interface, id));
        if self.config.allocation == Allocation::Upstream
            && let (Some(link), Some(tag)) = (self.links.get_mut(usize::from(interface)), tag)
        {
            link.space.release(tag);
        }
    }

    /// Puts a flow back that somebody has an interest in.
    fn keep(&mut self, key: Key, flow: Flow) {
        if !flow.ups.is_empty() {
            self.flows.insert(key, flow);
        }
    }

    fn want(&self, prefix: Prefix) -> Want {
        match self.routes.exact(prefix) {
            Some(NextHop::Local) => Want::Local,
            Some(&NextHop::Neighbor(interface)) if self.is_up(interface) => Want::Neighbor(interface),
            Some(NextHop::Neighbor(_)) | None => Want::Nothing,
        }
    }

    fn is_up(&self, interface: u16) -> bool {
        self.links.get(usize::from(interface)).is_some_and(|link| link.up)
    }

    fn flow_mut(&mut self, prefix: Prefix) -> &mut Flow {
        self.flows.entry(Key { prefix, serial: 0 }).or_insert_with(Flow::new)
    }

    /// A number that is not 0 and comes again only after 2^32 - 1 others.
    const fn next_serial(&mut self) -> u32 {
        self.serial = if self.serial == u32::MAX { 1 } else { self.serial.saturating_add(1) };
        self.serial
    }
}

impl Down {
    const fn interface(self) -> Option<u16> {
        match self {
            Self::Refused { interface } | Self::Waiting { interface, .. } | Self::Open { interface, .. } => Some(interface),
            Self::Closed | Self::Local => None,
        }
    }
}
