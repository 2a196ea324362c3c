//! Gateways.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use hashbrown::{HashMap, HashTable};
use ip_wire::{FlowKey, PacketBuf, Ports, Protocol};

use super::{Channel, Kept, Passed};
use crate::channel::spi_of;
use crate::classify::Class;
use crate::error::{Error, Field};
use crate::nat::{Learned, Pairs, Translator, flow, rewrite_to};

/// A network of private addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// An address in it.
    pub address: IpAddr,
    /// Bits that its addresses share.
    pub prefix_len: u8,
}

impl Network {
    /// Whether it has an address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (u128::from(own.to_bits()), u128::from(other.to_bits()), 32u32),
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        let host = width.saturating_sub(u32::from(self.prefix_len));
        let mask = u128::MAX.checked_shl(host).unwrap_or(0);
        (own ^ other) & mask == 0
    }
}

/// The gateway at the other end of a VPN.
#[derive(Debug)]
pub struct Peer {
    /// Its address outside.
    pub gateway: IpAddr,
    /// The private addresses behind it.
    pub network: Network,
    /// The channel for control packets.
    pub channel: Channel,
}

/// The channels of the hosts inside.
#[derive(Debug, Default)]
struct Hosts {
    channels: HashMap<IpAddr, Channel>,
    /// What they receive by: the SPIs of packets that the gateway may have to open.
    spis: HashTable<u32>,
}

impl Hosts {
    fn add(&mut self, address: IpAddr, channel: Channel) {
        let new = channel.receive.spi();
        if let Some(old) = self.channels.insert(address, channel) {
            let spi = old.receive.spi();
            if let Ok(entry) = self.spis.find_entry(spread(spi), |other| *other == spi) {
                entry.remove();
            }
        }
        // As often as there are hosts that have it.
        self.spis.insert_unique(spread(new), new, |spi| spread(*spi));
    }

    fn get_mut(&mut self, address: IpAddr) -> Option<&mut Channel> {
        self.channels.get_mut(&address)
    }

    /// Whether a packet may be one for the gateway to open.
    fn may_open(&self, packet: &[u8]) -> bool {
        spi_of(packet).is_some_and(|spi| self.spis.find(spread(spi), |other| *other == spi).is_some())
    }

    /// The channel of the host that a packet came from, if it is for the gateway to open.
    fn opener(&mut self, arrived: &FlowKey, packet: &[u8]) -> Option<&mut Channel> {
        let spi = spi_of(packet)?;
        self.get_mut(arrived.source()).filter(|host| host.receive.spi() == spi)
    }
}

/// A hash of an SPI: those in the table are the gateway's own choice, so that nobody can make them collide.
const fn spread(spi: u32) -> u64 {
    let product = (spi as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    product ^ (product >> 32)
}

/// Whether a packet that leaves is one to be translated only: its flow has a mapping, and it is data.
fn is_data(pairs: &Pairs, flow: &FlowKey, packet: &[u8]) -> Result<bool, Error> {
    Ok(pairs.has_inner(flow) && Class::of(packet, |_| true)? == Class::Data)
}

/// What became of a data packet whose flow was known, or not.
fn pass(translated: Result<bool, Error>) -> Result<Passed, Error> {
    match translated? {
        true => Ok(Passed { class: Class::Data, learned: None }),
        false => Err(Error::Unknown(Field::Mapping)),
    }
}

/// A gateway of the VPN case (draft-shukla 6.2): hosts see each other's private addresses.
#[derive(Debug)]
pub struct VpnGateway {
    nat: Translator,
    network: Network,
    peers: Vec<Peer>,
    hosts: Hosts,
    kept: Kept,
}

impl VpnGateway {
    /// A gateway of `network` that translates by `nat`.
    #[must_use]
    pub fn new(nat: Translator, network: Network) -> Self {
        Self { nat, network, peers: Vec::new(), hosts: Hosts::default(), kept: Kept::default() }
    }

    /// Adds a gateway at the other end.
    pub fn add_peer(&mut self, peer: Peer) {
        self.peers.push(peer);
    }

    /// Adds the channel that a host inside has for control packets. Those of hosts without one pass the LAN in clear.
    pub fn add_host(&mut self, address: IpAddr, channel: Channel) {
        self.hosts.add(address, channel);
    }

    /// Takes a packet from a host inside to the other end: control opened, duplicated, translated and sealed; data translated only. A data packet without a
    /// mapping goes as control.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a destination behind no peer; [`Error::TableFull`]; those of opening and sealing. The packet stays as it was.
    pub fn outbound<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
        if !self.hosts.may_open(packet.octets()) && self.nat.pairs_mut().outward_data(now, packet.octets_mut()) {
            return pass(Ok(true));
        }
        self.outbound_of_any(now, packet)
    }

    /// The same for a packet of any kind.
    #[inline(never)]
    fn outbound_of_any<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
    ) -> Result<Passed, Error> {
        let arrived = flow(packet.octets())?;
        let mut host = self.hosts.opener(&arrived, packet.octets());
        if host.is_none() && is_data(self.nat.pairs(), &arrived, packet.octets())? {
            return pass(self.nat.pairs_mut().outward(now, packet.octets_mut()));
        }
        let Self { nat, network, peers, kept, .. } = self;
        kept.or_as_it_was(packet, |packet| {
            if let Some(host) = &mut host {
                host.open(now, packet)?;
            }
            let inner = flow(packet.octets())?;
            let destination = inner.destination();
            let peer = peers.iter_mut().find(|peer| peer.network.contains(destination));
            let Some(peer) = peer.filter(|_| network.contains(inner.source())) else {
                return Err(Error::Unknown(Field::Network));
            };
            let class = if is_data(nat.pairs(), &inner, packet.octets())? { Class::Data } else { Class::Control };
            let outer = nat.map(now, inner, peer.gateway)?;
            if class == Class::Control {
                peer.channel.seal(now, packet)?;
            }
            rewrite_to(&outer).apply(packet.octets_mut())?;
            Ok(Passed { class, learned: None })
        })
    }

    /// Takes a packet from outside to a host: control opened and learned from; data by reverse translation.
    ///
    /// # Errors
    /// Those of opening; [`Error::Unknown`] for a flow without a mapping, and for a duplicate with addresses that are not those of the two networks; [`Error::TableFull`]. The packet
    /// stays as it was.
    pub fn inbound<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
        let spi = spi_of(packet.octets());
        let Some(peer) = self.peers.iter_mut().find(|peer| spi == Some(peer.channel.receive.spi())) else {
            return pass(self.nat.pairs_mut().inward(now, packet.octets_mut()));
        };
        let Self { nat, network, hosts, kept, .. } = self;
        kept.or_as_it_was(packet, |packet| {
            let observation = peer.channel.open(now, packet)?.observation;
            let inner = observation.inner;
            if !peer.network.contains(inner.source()) || !network.contains(inner.destination()) {
                return Err(Error::Unknown(Field::Network));
            }
            let learned = nat.pairs_mut().insert(now, inner.reversed(), observation.outer.reversed())?;
            // What its own host sealed end to end is passed as it is.
            if let Some(host) = hosts.get_mut(inner.destination()).filter(|_| spi_of(packet.octets()).is_none()) {
                host.seal(now, packet)?;
            }
            Ok(Passed { class: Class::Control, learned: Some(learned) })
        })
    }

    /// Its mappings.
    #[must_use]
    pub const fn flows(&self) -> &Pairs {
        self.nat.pairs()
    }

    /// Its mappings, to be changed.
    pub const fn flows_mut(&mut self) -> &mut Pairs {
        self.nat.pairs_mut()
    }
}

/// What outside is to reach of a host inside: a port of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Port of the gateway.
    pub port: u16,
    /// Host inside.
    pub host: IpAddr,
    /// Port of the host.
    pub host_port: u16,
}

/// A gateway of the network-to-network case (draft-shukla 6.3): private addresses stay hidden.
#[derive(Debug)]
pub struct NetworkGateway {
    nat: Translator,
    peers: HashMap<IpAddr, Channel>,
    hosts: Hosts,
    services: Vec<Service>,
    kept: Kept,
}

impl NetworkGateway {
    /// A gateway that translates by `nat`.
    #[must_use]
    pub fn new(nat: Translator) -> Self {
        Self { nat, peers: HashMap::new(), hosts: Hosts::default(), services: Vec::new(), kept: Kept::default() }
    }

    /// Adds the channel to another gateway, by its address.
    pub fn add_peer(&mut self, gateway: IpAddr, channel: Channel) {
        self.peers.insert(gateway, channel);
    }

    /// Adds the channel to a host inside.
    pub fn add_host(&mut self, address: IpAddr, channel: Channel) {
        self.hosts.add(address, channel);
    }

    /// Adds a port that outside may reach.
    pub fn add_service(&mut self, service: Service) {
        self.services.push(service);
    }

    /// Takes a packet from a host inside to another network: control opened, translated and sealed again; data translated only. A data packet without a
    /// mapping goes as control.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a destination that is no peer; [`Error::TableFull`]; those of opening and sealing. The packet stays as it was.
    pub fn outbound<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
        if !self.hosts.may_open(packet.octets()) && self.nat.pairs_mut().outward_data(now, packet.octets_mut()) {
            return pass(Ok(true));
        }
        self.outbound_of_any(now, packet)
    }

    /// The same for a packet of any kind.
    #[inline(never)]
    fn outbound_of_any<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
    ) -> Result<Passed, Error> {
        let inner = flow(packet.octets())?;
        let Some(peer) = self.peers.get_mut(&inner.destination()) else { return Err(Error::Unknown(Field::Network)) };
        let mut host = self.hosts.opener(&inner, packet.octets());
        if host.is_none() && is_data(self.nat.pairs(), &inner, packet.octets())? {
            return pass(self.nat.pairs_mut().outward(now, packet.octets_mut()));
        }
        let Self { nat, kept, .. } = self;
        kept.or_as_it_was(packet, |packet| {
            if let Some(host) = &mut host {
                host.open(now, packet)?;
            }
            let outer = nat.map(now, inner, inner.destination())?;
            peer.seal(now, packet)?;
            rewrite_to(&outer).apply(packet.octets_mut())?;
            Ok(Passed { class: Class::Control, learned: None })
        })
    }

    /// Takes a packet from another network to a host: control opened, translated and sealed for the host; data translated only.
    ///
    /// # Errors
    /// Those of opening; [`Error::Unknown`] for a flow without mapping and service, and for a host without a channel; [`Error::TableFull`]. The packet stays as it was.
    pub fn inbound<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
        let spi = spi_of(packet.octets());
        let Some(peer) = self.peers.values_mut().find(|peer| spi == Some(peer.receive.spi())) else {
            return pass(self.nat.pairs_mut().inward(now, packet.octets_mut()));
        };
        let outer = flow(packet.octets())?;
        let Self { nat, hosts, services, kept, .. } = self;
        kept.or_as_it_was(packet, |packet| {
            peer.open(now, packet)?;
            let known = nat.pairs_mut().inner_of(now, &outer);
            let inner = known.map_or_else(|| served(services, nat.address(), &outer), Ok)?;
            let Some(host) = hosts.get_mut(inner.destination()) else { return Err(Error::Unknown(Field::Association)) };
            let learned = match known {
                Some(_) => Learned::Same,
                None => nat.pairs_mut().insert(now, inner.reversed(), outer.reversed())?,
            };
            host.seal(now, packet)?;
            rewrite_to(&inner).apply(packet.octets_mut())?;
            Ok(Passed { class: Class::Control, learned: Some(learned) })
        })
    }

    /// Its mappings.
    #[must_use]
    pub const fn flows(&self) -> &Pairs {
        self.nat.pairs()
    }

    /// Its mappings, to be changed.
    pub const fn flows_mut(&mut self) -> &mut Pairs {
        self.nat.pairs_mut()
    }
}

/// The flow as the host behind a service is to get it.
fn served(services: &[Service], address: IpAddr, outer: &FlowKey) -> Result<FlowKey, Error> {
    let asked = |service: &&Service| {
        service.protocol == outer.protocol() && Some(service.port) == outer.destination_port() && outer.destination() == address
    };
    let service = services.iter().find(asked).ok_or(Error::Unknown(Field::Mapping))?;
    let source = outer.source_port().unwrap_or(0);
    let ports = Ports::Pair { source, destination: service.host_port };
    Ok(FlowKey::new(outer.source(), service.host, outer.protocol(), ports)?)
}
