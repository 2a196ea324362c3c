//! From an Ethernet frame to the five-tuple.

use std::net::IpAddr;

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use smoltcp::wire::{EthernetFrame, EthernetProtocol, IpProtocol, Ipv4Packet, Ipv6ExtHeader, Ipv6Packet, TcpPacket, UdpPacket};

use super::digest::five;

#[inline]
pub(super) fn ours(frame: &[u8]) -> Option<u64> {
    let key = ip_wire::Flow::from_ethernet(frame).ok()?.key;
    let (protocol, source_port, destination_port) = (key.protocol().0, key.source_port()?, key.destination_port()?);
    match (key.source(), key.destination()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => Some(five(source, destination, protocol, source_port, destination_port)),
        (IpAddr::V6(source), IpAddr::V6(destination)) => Some(five(source, destination, protocol, source_port, destination_port)),
        _ => None,
    }
}

#[inline]
pub(super) fn etherparse(frame: &[u8]) -> Option<u64> {
    let packet = SlicedPacket::from_ethernet(frame).ok()?;
    let (source_port, destination_port) = match packet.transport? {
        TransportSlice::Tcp(tcp) => (tcp.source_port(), tcp.destination_port()),
        TransportSlice::Udp(udp) => (udp.source_port(), udp.destination_port()),
        TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_) | TransportSlice::Igmp(_) => return None,
    };
    match packet.net? {
        NetSlice::Ipv4(ip) => {
            let header = ip.header();
            let protocol = ip.payload().ip_number.0;
            Some(five(header.source_addr(), header.destination_addr(), protocol, source_port, destination_port))
        }
        NetSlice::Ipv6(ip) => {
            let header = ip.header();
            let protocol = ip.payload().ip_number.0;
            Some(five(header.source_addr(), header.destination_addr(), protocol, source_port, destination_port))
        }
        NetSlice::Arp(_) => None,
    }
}

/// The walk that a user of smoltcp's wire types would write; smoltcp has none of its own, and does not know VLAN tags.
#[inline]
pub(super) fn smoltcp(frame: &[u8]) -> Option<u64> {
    const VLAN: u16 = 0x8100;

    let frame = EthernetFrame::new_checked(frame).ok()?;
    let (mut ethertype, mut packet) = (frame.ethertype(), frame.payload());
    while let EthernetProtocol::Unknown(VLAN) = ethertype {
        let ([_, _, high, low], rest) = packet.split_first_chunk()?;
        ethertype = u16::from_be_bytes([*high, *low]).into();
        packet = rest;
    }
    match ethertype {
        EthernetProtocol::Ipv4 => {
            let ip = Ipv4Packet::new_checked(packet).ok()?;
            if ip.version() != 4 || ip.more_frags() || ip.frag_offset() != 0 {
                return None;
            }
            let (source_port, destination_port) = smoltcp_ports(ip.next_header(), ip.payload())?;
            Some(five(ip.src_addr(), ip.dst_addr(), ip.next_header().into(), source_port, destination_port))
        }
        EthernetProtocol::Ipv6 => {
            let ip = Ipv6Packet::new_checked(packet).ok()?;
            if ip.version() != 6 {
                return None;
            }
            let (mut next, mut rest) = (ip.next_header(), ip.payload());
            while let IpProtocol::HopByHop | IpProtocol::Ipv6Opts | IpProtocol::Ipv6Route = next {
                let extension = Ipv6ExtHeader::new_checked(rest).ok()?;
                next = extension.next_header();
                rest = rest.get(usize::from(extension.header_len()) * 8 + 8..)?;
            }
            let (source_port, destination_port) = smoltcp_ports(next, rest)?;
            Some(five(ip.src_addr(), ip.dst_addr(), next.into(), source_port, destination_port))
        }
        _ => None,
    }
}

#[inline]
fn smoltcp_ports(protocol: IpProtocol, segment: &[u8]) -> Option<(u16, u16)> {
    match protocol {
        IpProtocol::Tcp => {
            let tcp = TcpPacket::new_checked(segment).ok()?;
            Some((tcp.src_port(), tcp.dst_port()))
        }
        IpProtocol::Udp => {
            let udp = UdpPacket::new_checked(segment).ok()?;
            Some((udp.src_port(), udp.dst_port()))
        }
        _ => None,
    }
}
