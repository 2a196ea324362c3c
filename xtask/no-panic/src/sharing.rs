//! `addr-sharing`.

use core::net::{Ipv4Addr, Ipv6Addr};

use addr_sharing::deterministic::Deterministic;
use addr_sharing::flow::{identify, quote};
use addr_sharing::map::{InterfaceId, Rule};
use addr_sharing::psid::PortParams;
use addr_sharing::record::Record;
use addr_sharing::{PortSet, PsidParams};
use ip_wire::ip::Packet;

entry_points! {
    psid_params(offset: u8, length: u8) { PsidParams::new(offset, length) }
    psid_of(params: PsidParams, port: u16) { params.psid_of(port) }
    psid_set(params: PsidParams, psid: u16) { params.set(psid).is_ok() }
    port_set_contains(set: PortSet, port: u16) { set.contains(port) }
    port_set_nth(set: PortSet, index: u32) { set.nth(index) }
    port_set_index_of(set: PortSet, port: u16) { set.index_of(port) }
    port_params(octets: [u8; 4]) { PortParams::parse(octets).is_ok() }
    icmp_flow(packet: &Packet<'_>) { identify(packet).is_ok() }
    icmp_quote(packet: &Packet<'_>) { quote(packet).is_ok() }
    map_rule(rule: &Rule, address: Ipv6Addr) { rule.verify(address, InterfaceId::Rfc7597).is_ok() }
    deterministic_reverse(map: &Deterministic, address: Ipv4Addr, port: u16) { map.reverse(address, port).is_ok() }
    record_parse(octets: &[u8]) { Record::parse(octets).is_ok() }
    record_emit(record: &Record, buffer: &mut [u8]) { record.emit(buffer).is_ok() }
}
