//! Shared addresses: port sets, rules, flow keys, records.

use core::net::{Ipv4Addr, Ipv6Addr};

use addr_sharing::flow::{Kind, identify, quote, verify_icmp_error};
use addr_sharing::map::{InterfaceId, Rule};
use addr_sharing::psid::PortParams;
use addr_sharing::record::{Record, Records};
use addr_sharing::{Ipv4Prefix, Ipv6Prefix, PortSet, PsidParams, mtu};
use ip_wire::Flow;
use ip_wire::ip::Packet;

/// Parameters, a port and a rule: all views of a set agree, and an address leads back to its port.
pub fn psid(data: &[u8]) {
    let Some(([offset, length, high, low, ea_bits, v4_len, v6_len, octets @ ..], rest)) = data.split_first_chunk::<11>() else {
        return;
    };
    let port = u16::from_be_bytes([*high, *low]);
    let check = |set: PortSet| {
        assert_eq!(set.contains(port), set.index_of(port).is_some());
        if let Some(index) = set.index_of(port) {
            assert_eq!(set.nth(index), Some(port));
        }
        assert_eq!((set.nth(set.count()), set.nth(set.count().saturating_sub(1)).is_some()), (None, set.count() > 0));
        assert_eq!(set.ranges().map(addr_sharing::PortRange::count).sum::<u32>(), set.count());
    };
    if let Ok(params) = PsidParams::new(*offset, *length) {
        match params.psid_of(port) {
            Some(psid) => {
                let set = params.set(psid).expect("a PSID of a port");
                assert!(set.contains(port));
                check(set);
                let field = params.to_left_aligned(psid).expect("k bits");
                assert_eq!(params.from_left_aligned(field), Ok(psid));
            }
            None => assert!(params.excluded().is_some_and(|range| range.contains(port))),
        }
    }
    let mask = u16::from_be_bytes([octets[0], octets[1]]);
    check(PortSet::of_mask(port & mask, mask).expect("inside the mask"));
    if let Ok(option) = PortParams::parse(*octets) {
        // With k = 0 the field is ignored, and comes back as 0.
        assert_eq!(option.octets().map(|octets| PortParams::parse(octets)), Ok(Ok(option)));
    }
    let address = Ipv4Addr::from(*octets);
    let six = rest.first_chunk::<16>().map_or(Ipv6Addr::UNSPECIFIED, |octets| Ipv6Addr::from(*octets));
    let (Ok(ipv6), Ok(ipv4)) = (Ipv6Prefix::holding(six, *v6_len), Ipv4Prefix::holding(address, *v4_len)) else { return };
    let Ok(rule) = Rule::new(ipv6, ipv4, *ea_bits, *offset) else { return };
    for form in [InterfaceId::Rfc7597, InterfaceId::Draft03] {
        if let Ok(mapped) = rule.address(address, port, form) {
            let found = rule.verify(mapped, form).expect("made by the rule");
            assert!(found.ipv4.contains(address) && rule.ports(found.psid).expect("k bits").contains(port));
        }
        let _ = rule.verify(six, form);
    }
}

/// Any packet: an ICMP error is of the flow that it quotes, turned round; anything else of its own.
pub fn flow_key_icmp(data: &[u8]) {
    let Ok(reading) = Packet::parse_lax(data) else { return };
    let packet = reading.into_view();
    let _ = verify_icmp_error(&packet);
    let _ = mtu::check(&packet, |_| true);
    let Ok(found) = identify(&packet) else { return };
    match found.kind {
        Kind::Packet => assert_eq!(Flow::of(&packet).map(|flow| flow.key), Ok(found.key)),
        Kind::IcmpError => {
            let quote = quote(&packet).expect("read before").expect("an error");
            let quoted = quote.packet().expect("read before").into_view();
            assert_eq!(Flow::of(&quoted).map(|flow| flow.key.reversed()), Ok(found.key));
            assert_eq!(found.to_sender, quoted.source() == packet.destination());
        }
    }
}

/// Octets and text: what is read is written back.
pub fn log_record(data: &[u8]) {
    for record in Records::new(data).take(64) {
        let Ok(record) = record else { break };
        let mut buffer = vec![0; record.wire_len()];
        record.emit(&mut buffer).expect("room");
        // The text of a configuration has more than one way to be written.
        let (again, _) = Record::parse(&buffer).expect("written here");
        assert_eq!(again, record);
        assert_eq!(record.to_string().parse(), Ok(record));
    }
    if let Ok(text) = core::str::from_utf8(data) {
        if let Ok(record) = text.parse::<Record>() {
            assert_eq!(record.to_string().parse(), Ok(record));
        }
    }
}
