//! Packets from a subscriber of a shared address: the source must be the address *and* a port of the subscriber's set, else a neighbour is impersonated (RFC 6269 13.6, RFC 2827, RFC 7597 8.1).

use core::net::{IpAddr, Ipv4Addr};

use ip_wire::{FlowKey, Ports};

use crate::error::Error;
use crate::flow::{Identified, Kind};
use crate::port_set::PortSet;

/// What a subscriber may use as a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Assignment {
    /// The shared address.
    pub address: Ipv4Addr,
    /// Its ports, and the identifiers of its echo messages.
    pub ports: PortSet,
}

impl Assignment {
    /// Whether the source of a packet that comes from the subscriber is its own. An ICMP error must be about a packet to the subscriber: its flow's source, as [`crate::flow::identify`]
    /// gives it, is then the subscriber's too; the error itself may come from a router behind it.
    ///
    /// # Errors
    /// [`Error::UnknownAddress`] for another address; [`Error::ForeignPort`] for a port, or echo identifier, out of the set; [`Error::NoPorts`] for protocols that have none, and later
    /// fragments ([`crate::fragments`] knows theirs).
    pub fn check_source(&self, packet: &Identified) -> Result<(), Error> {
        self.check(packet.key.source(), port_of(&packet.key, packet.key.source_port()), &packet.key)
    }

    /// The same for a packet to the subscriber, by its destination: whether it is the one to deliver it to.
    ///
    /// # Errors
    /// Those of [`Assignment::check_source`].
    pub fn check_destination(&self, packet: &Identified) -> Result<(), Error> {
        if packet.kind == Kind::IcmpError && !packet.to_sender {
            return Err(Error::UnknownFlow);
        }
        self.check(packet.key.destination(), port_of(&packet.key, packet.key.destination_port()), &packet.key)
    }

    fn check(&self, address: IpAddr, port: Option<u16>, key: &FlowKey) -> Result<(), Error> {
        if address != IpAddr::V4(self.address) {
            return Err(Error::UnknownAddress(address));
        }
        match port {
            Some(port) if self.ports.contains(port) => Ok(()),
            Some(port) => Err(Error::ForeignPort { address: self.address, port }),
            None => Err(Error::NoPorts(key.protocol())),
        }
    }
}

fn port_of(key: &FlowKey, port: Option<u16>) -> Option<u16> {
    match key.ports() {
        Ports::Identifier(identifier) => Some(identifier),
        _ => port,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PsidParams;
    use ip_wire::Protocol;

    fn assignment() -> Assignment {
        Assignment { address: Ipv4Addr::new(192, 0, 2, 18), ports: PsidParams::new(6, 8).unwrap().set(0x34).unwrap() }
    }

    fn packet(source: &str, destination: &str, protocol: Protocol, ports: Ports) -> Identified {
        let key = FlowKey::new(source.parse().unwrap(), destination.parse().unwrap(), protocol, ports).unwrap();
        Identified { key, kind: Kind::Packet, fragment: None, to_sender: true }
    }

    #[test]
    fn address_and_port_must_both_be_the_subscribers() {
        let own = Ports::Pair { source: 1232, destination: 53 };
        assert_eq!(assignment().check_source(&packet("192.0.2.18", "198.51.100.1", Protocol::UDP, own)), Ok(()));
        let other: IpAddr = "192.0.2.19".parse().unwrap();
        assert_eq!(
            assignment().check_source(&packet("192.0.2.19", "198.51.100.1", Protocol::UDP, own)),
            Err(Error::UnknownAddress(other))
        );
        for port in 0..=u16::MAX {
            let ports = Ports::Pair { source: port, destination: 1232 };
            let outcome = assignment().check_source(&packet("192.0.2.18", "198.51.100.1", Protocol::TCP, ports));
            match assignment().ports.contains(port) {
                true => assert_eq!(outcome, Ok(())),
                false => assert_eq!(outcome, Err(Error::ForeignPort { address: assignment().address, port })),
            }
        }
    }

    #[test]
    fn echo_identifiers_count_as_ports() {
        let echo = |identifier| packet("192.0.2.18", "198.51.100.1", Protocol::ICMP, Ports::Identifier(identifier));
        assert_eq!(assignment().check_source(&echo(1235)), Ok(()));
        let error = Error::ForeignPort { address: assignment().address, port: 1236 };
        assert_eq!(assignment().check_source(&echo(1236)), Err(error));
    }

    #[test]
    fn what_has_no_ports_is_nobodys() {
        for (protocol, ports) in
            [(Protocol(47), Ports::None), (Protocol::UDP, Ports::InFirstFragment), (Protocol::ESP, Ports::Spi(1232))]
        {
            assert_eq!(
                assignment().check_source(&packet("192.0.2.18", "198.51.100.1", protocol, ports)),
                Err(Error::NoPorts(protocol))
            );
        }
    }

    #[test]
    fn what_comes_in_is_delivered_by_its_destination() {
        let ports = Ports::Pair { source: 53, destination: 1232 };
        let found = packet("198.51.100.1", "192.0.2.18", Protocol::UDP, ports);
        assert_eq!(assignment().check_destination(&found), Ok(()));
        let error = Identified { kind: Kind::IcmpError, ..found };
        assert_eq!(assignment().check_destination(&error), Ok(()));
        assert_eq!(assignment().check_destination(&Identified { to_sender: false, ..error }), Err(Error::UnknownFlow));
        let turned = packet("198.51.100.1", "192.0.2.18", Protocol::UDP, Ports::Pair { source: 1232, destination: 53 });
        assert_eq!(assignment().check_destination(&turned), Err(Error::ForeignPort { address: assignment().address, port: 53 }));
        assert!(matches!(assignment().check_source(&found), Err(Error::UnknownAddress(_))));
    }
}
