//! Gateways.

use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use hashbrown::HashMap;
use ip_wire::{FlowKey, PacketBuf, Ports, Protocol};

use super::{Channel, Passed};
use crate::classify::Class;
use crate::error::{Error, Field};
use crate::nat::{Pairs, Translator, flow, rewrite_to};

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

/// A gateway of the VPN case (draft-shukla 6.2): hosts see each other's private addresses.
#[derive(Debug)]
pub struct VpnGateway {
    nat: Translator,
    network: Network,
    peers: Vec<Peer>,
    hosts: HashMap<IpAddr, Channel>,
}

impl VpnGateway {
    /// A gateway of `network` that translates by `nat`.
    #[must_use]
    pub fn new(nat: Translator, network: Network) -> Self {
        Self { nat, network, peers: Vec::new(), hosts: HashMap::new() }
    }

    /// Adds a gateway at the other end.
    pub fn add_peer(&mut self, peer: Peer) {
        self.peers.push(peer);
    }

    /// Adds the channel that a host inside has for control packets. Those of hosts without one pass the LAN in clear.
    pub fn add_host(&mut self, address: IpAddr, channel: Channel) {
        self.hosts.insert(address, channel);
    }

    /// Takes a packet from a host inside to the other end: control opened, duplicated, translated and sealed; data translated only. A data packet without a
    /// mapping goes as control.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a destination behind no peer; [`Error::TableFull`]; those of opening and sealing, of which the first leaves the packet as it was.
    pub fn outbound<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
        let arrived = flow(packet.octets())?;
        if let Some(host) = self.hosts.get_mut(&arrived.source()).filter(|host| host.receive.takes(packet.octets())) {
            host.open(now, packet)?;
        }
        let inner = flow(packet.octets())?;
        let destination = inner.destination();
        let Some(peer) = self.peers.iter_mut().find(|peer| peer.network.contains(destination)) else {
            return Err(Error::Unknown(Field::Network));
        };
        if !self.network.contains(inner.source()) {
            return Err(Error::Unknown(Field::Network));
        }
        let known = self.nat.pairs().has_inner(&inner);
        let class = if known { Class::of(packet.octets(), |_| true)? } else { Class::Control };
        let outer = self.nat.map(now, inner, peer.gateway)?;
        if class == Class::Control {
            peer.channel.seal(now, packet)?;
        }
        rewrite_to(&outer).apply(packet.octets_mut())?;
        Ok(Passed { class, learned: None })
    }

    /// Takes a packet from outside to a host: control opened and learned from; data by reverse translation.
    ///
    /// # Errors
    /// Those of opening; [`Error::Unknown`] for a flow without a mapping, and for a duplicate with addresses that are not those of the two networks; [`Error::TableFull`].
    pub fn inbound<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
        let Some(peer) = self.peers.iter_mut().find(|peer| peer.channel.receive.takes(packet.octets())) else {
            return match self.nat.pairs_mut().inward(now, packet.octets_mut())? {
                true => Ok(Passed { class: Class::Data, learned: None }),
                false => Err(Error::Unknown(Field::Mapping)),
            };
        };
        let observation = peer.channel.open(now, packet)?.observation;
        let inner = observation.inner;
        if !peer.network.contains(inner.source()) || !self.network.contains(inner.destination()) {
            return Err(Error::Unknown(Field::Network));
        }
        let learned = self.nat.pairs_mut().insert(now, inner.reversed(), observation.outer.reversed())?;
        // What its own host sealed end to end is passed as it is.
        if let Some(host) = self.hosts.get_mut(&inner.destination()).filter(|_| crate::channel::spi_of(packet.octets()).is_none())
        {
            host.seal(now, packet)?;
        }
        Ok(Passed { class: Class::Control, learned: Some(learned) })
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
    hosts: HashMap<IpAddr, Channel>,
    services: Vec<Service>,
}

impl NetworkGateway {
    /// A gateway that translates by `nat`.
    #[must_use]
    pub fn new(nat: Translator) -> Self {
        Self { nat, peers: HashMap::new(), hosts: HashMap::new(), services: Vec::new() }
    }

    /// Adds the channel to another gateway, by its address.
    pub fn add_peer(&mut self, gateway: IpAddr, channel: Channel) {
        self.peers.insert(gateway, channel);
    }

    /// Adds the channel to a host inside.
    pub fn add_host(&mut self, address: IpAddr, channel: Channel) {
        self.hosts.insert(address, channel);
    }

    /// Adds a port that outside may reach.
    pub fn add_service(&mut self, service: Service) {
        self.services.push(service);
    }

    /// Takes a packet from a host inside to another network: control opened, translated and sealed again; data translated only. A data packet without a
    /// mapping goes as control.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a destination that is no peer; [`Error::TableFull`]; those of opening and sealing.
    pub fn outbound<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
        let inner = flow(packet.octets())?;
        let Some(peer) = self.peers.get_mut(&inner.destination()) else { return Err(Error::Unknown(Field::Network)) };
        let mut class = if self.nat.pairs().has_inner(&inner) { Class::Data } else { Class::Control };
        if let Some(host) = self.hosts.get_mut(&inner.source()).filter(|host| host.receive.takes(packet.octets())) {
            host.open(now, packet)?;
            class = Class::Control;
        }
        let outer = self.nat.map(now, inner, inner.destination())?;
        if class == Class::Control {
            peer.seal(now, packet)?;
        }
        rewrite_to(&outer).apply(packet.octets_mut())?;
        Ok(Passed { class, learned: None })
    }

    /// Takes a packet from another network to a host: control opened, translated and sealed for the host; data translated only.
    ///
    /// # Errors
    /// Those of opening; [`Error::Unknown`] for a flow without mapping and service; [`Error::TableFull`].
    pub fn inbound<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
        let outer = flow(packet.octets())?;
        let peer = self.peers.values_mut().find(|peer| peer.receive.takes(packet.octets()));
        let Some(peer) = peer else {
            return match self.nat.pairs_mut().inward(now, packet.octets_mut())? {
                true => Ok(Passed { class: Class::Data, learned: None }),
                false => Err(Error::Unknown(Field::Mapping)),
            };
        };
        peer.open(now, packet)?;
        let (inner, learned) = match self.nat.pairs_mut().inner_of(now, &outer) {
            Some(inner) => (inner, crate::nat::Learned::Same),
            None => {
                let inner = self.served(&outer)?;
                (inner, self.nat.pairs_mut().insert(now, inner.reversed(), outer.reversed())?)
            }
        };
        let Some(host) = self.hosts.get_mut(&inner.destination()) else { return Err(Error::Unknown(Field::Association)) };
        host.seal(now, packet)?;
        rewrite_to(&inner).apply(packet.octets_mut())?;
        Ok(Passed { class: Class::Control, learned: Some(learned) })
    }

    /// The flow as a host inside is to get it.
    fn served(&self, outer: &FlowKey) -> Result<FlowKey, Error> {
        let asked = |service: &&Service| {
            service.protocol == outer.protocol()
                && Some(service.port) == outer.destination_port()
                && outer.destination() == self.nat.address()
        };
        let service = self.services.iter().find(asked).ok_or(Error::Unknown(Field::Mapping))?;
        let source = outer.source_port().unwrap_or(0);
        let ports = Ports::Pair { source, destination: service.host_port };
        Ok(FlowKey::new(outer.source(), service.host, outer.protocol(), ports)?)
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
