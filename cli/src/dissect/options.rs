//! Options in words.

use ip_wire::{ipv4, ipv6, tcp};

use super::Layer;
use super::model::hex;

fn octets(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn list<T: ToString>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

/// Remarks padding that its sender did not leave at zero.
fn note_padding(padding: &[u8], layer: &mut Layer) {
    if padding.iter().any(|octet| *octet != 0) {
        layer.note(format_args!("padding of options is {}, zero when sent by the book", octets(padding)));
    }
}

/// Adds what an IPv4 option says; its data starts `at` octets into the header.
pub(super) fn describe_v4(value: &ipv4::options::Value<'_>, at: usize, layer: &mut Layer) {
    use ipv4::options::Value;
    match value {
        Value::EndOfOptions { padding } => note_padding(padding, layer),
        Value::NoOperation => {}
        Value::Security(security) => {
            if let Some(basic) = security.basic() {
                layer.item("", "classification", at, format!("{:?}", basic.classification)).part();
                layer.item("", "authorities", at.saturating_add(1), octets(basic.authorities)).part();
            } else if let Some(old) = security.rfc791() {
                layer.item("", "security", at, hex(old.security)).part();
                layer.item("", "compartments", at.saturating_add(2), hex(old.compartments)).part();
                layer.item("", "handling", at.saturating_add(4), hex(old.handling)).part();
            } else {
                layer.item("", "data", at, octets(security.data())).part();
            }
        }
        Value::ExtendedSecurity { format, info } => {
            layer.item("", "format", at, *format).part();
            layer.item("", "information", at.saturating_add(1), octets(info)).part();
        }
        Value::LooseSourceRoute(route) | Value::StrictSourceRoute(route) | Value::RecordRoute(route) => {
            layer.item("", "pointer", at, route.pointer).part();
            layer.item("", "route", at.saturating_add(1), list(route.addresses.iter())).part();
        }
        Value::StreamId(id) => {
            layer.item("", "stream", at, *id).part();
        }
        Value::Timestamp(timestamp) => {
            layer.item("", "pointer", at, timestamp.pointer).part();
            layer.item("", "overflow", at.saturating_add(1), timestamp.overflow).part();
            let entries = timestamp.iter().map(|entry| match entry.address {
                Some(address) => format!("{address} at {} ms", entry.timestamp),
                None => format!("{} ms", entry.timestamp),
            });
            layer.item("", "timestamps", at.saturating_add(2), list(entries)).part();
        }
        Value::RouterAlert(alert) => {
            layer.item("", "value", at, *alert).part();
        }
        Value::Traceroute(trace) => {
            layer.item("", "trace", at, trace.id).part();
            layer.item("", "outbound hops", at.saturating_add(2), trace.outbound_hops).part();
            layer.item("", "return hops", at.saturating_add(4), trace.return_hops).part();
            layer.address("", "originator", at.saturating_add(6), trace.originator).part();
        }
        Value::Cipso(cipso) => {
            layer.item("", "domain", at, cipso.doi).part();
            for tag in cipso.iter() {
                match tag {
                    Ok(tag) => layer.item("", "tag", at.saturating_add(4), tag.kind).part().meaning(octets(tag.data)),
                    Err(error) => {
                        layer.note(error);
                        break;
                    }
                };
            }
        }
        Value::SenderDirectedDelivery(addresses) => {
            layer.item("", "destinations", at, list(addresses.iter())).part();
        }
        Value::Unknown { data, .. } => {
            layer.item("", "data", at, octets(data)).part();
        }
        _ => {}
    }
}

/// Adds what an IPv6 option says.
pub(super) fn describe_v6(value: &ipv6::options::Value<'_>, at: usize, layer: &mut Layer) {
    use ipv6::options::Value;
    match value {
        Value::Pad1 => {}
        Value::PadN(padding) => note_padding(padding, layer),
        Value::TunnelEncapsulationLimit(limit) => {
            layer.item("", "limit", at, *limit).part();
        }
        Value::RouterAlert(alert) => {
            layer.item("", "value", at, *alert).part();
        }
        Value::JumboPayload(len) => {
            layer.item("", "payload length", at, *len).part();
        }
        Value::HomeAddress(address) => {
            layer.address("", "home address", at, address).part();
        }
        Value::QuickStart(quick) => {
            layer.item("", "function", at, quick.function).part();
            layer.item("", "rate", at, quick.rate).part();
            layer.item("", "TTL", at.saturating_add(1), quick.ttl).part();
            layer.item("", "nonce", at.saturating_add(2), hex(quick.nonce_and_reserved >> 2)).part();
        }
        Value::MinimumPathMtu { minimum, returned } => {
            layer.item("", "smallest MTU", at, *minimum).part();
            layer.item("", "returned MTU", at.saturating_add(2), *returned).part();
        }
        Value::Calipso(label) => {
            layer.item("", "domain", at, label.doi).part();
            layer.item("", "level", at.saturating_add(5), label.sensitivity_level).part();
            layer.item("", "checksum", at.saturating_add(6), hex(label.checksum)).part();
            layer.item("", "compartments", at.saturating_add(8), octets(label.compartments)).part();
        }
        Value::Rpl(rpl) => {
            layer.item("", "flags", at, hex(rpl.flags)).part();
            layer.item("", "instance", at.saturating_add(1), rpl.instance).part();
            layer.item("", "sender's rank", at.saturating_add(2), rpl.sender_rank).part();
        }
        Value::Unknown { data, .. } => {
            layer.item("", "data", at, octets(data)).part();
        }
        _ => {}
    }
}

/// Adds what a TCP option says.
pub(super) fn describe_tcp(value: &tcp::options::Value<'_>, at: usize, layer: &mut Layer) {
    use tcp::options::Value;
    match value {
        Value::EndOfOptions { padding } => note_padding(padding, layer),
        Value::NoOperation | Value::SackPermitted => {}
        Value::MaximumSegmentSize(size) => {
            layer.item("", "segment size", at, *size).part();
        }
        Value::WindowScale(shift) => {
            layer.item("", "shift", at, *shift).part();
            if *shift > 14 {
                layer.note(format_args!("window scale {shift} counts as 14 (RFC 7323 2.3)"));
            }
        }
        Value::Sack(blocks) => {
            layer.item("", "blocks", at, list(blocks.iter().map(|(left, right)| format!("{left}..{right}")))).part();
        }
        Value::Timestamps { value, echo_reply } => {
            layer.item("", "value", at, *value).part();
            layer.item("", "echo reply", at.saturating_add(4), *echo_reply).part();
        }
        Value::Md5Signature(digest) => {
            layer.item("", "digest", at, octets(&digest[..])).part();
        }
        Value::UserTimeout { minutes, timeout } => {
            layer.item("", "timeout", at, *timeout).part().meaning(if *minutes { "minutes" } else { "seconds" });
        }
        Value::Authentication { key_id, r_next_key_id, mac } => {
            layer.item("", "key", at, *key_id).part();
            layer.item("", "next key", at.saturating_add(1), *r_next_key_id).part();
            layer.item("", "code", at.saturating_add(2), octets(mac)).part();
        }
        Value::Multipath(data) | Value::Unknown { data, .. } => {
            layer.item("", "data", at, octets(data)).part();
        }
        Value::FastOpen { cookie } => {
            layer.item("", "cookie", at, octets(cookie)).part();
        }
        _ => {}
    }
}
