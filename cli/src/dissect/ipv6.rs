//! IPv6 headers and the extension headers behind them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ip_wire::ipv6::{self, Extension, Extensions, Upper, View, options, routing};
use ip_wire::{Error, Protocol};

use super::model::hex;
use super::options::describe_v6;
use super::{Around, Layer, Next, Walker, What};

/// How many extension headers of a packet are read: more than a node should, to show what attackers send.
pub(super) const MAX_EXTENSIONS: u32 = 256;

impl Walker<'_> {
    /// An IPv6 packet.
    pub(super) fn ipv6<'a>(&mut self, step: Next<'a>) -> Option<Next<'a>> {
        let reading = match View::parse_lax(step.octets) {
            Ok(reading) => reading,
            Err(error) => {
                self.push(Layer::new("ipv6", "IPv6", step.offset, step.octets.len().min(ipv6::HEADER_LEN)));
                if !(self.header_may_be_cut(&step.around) && matches!(error, Error::Truncated { .. })) {
                    self.fail("ipv6", step.offset, error);
                }
                return None;
            }
        };
        let (view, missing) = (reading.into_view(), reading.missing());
        let mut layer = Layer::new("ipv6", "IPv6", step.offset, ipv6::HEADER_LEN);
        fixed(&view, &mut layer);
        if missing > 0 {
            layer.note(format_args!("{missing} octets are missing at the end"));
        }
        self.push(layer);
        if missing > 0
            && !self.may_be_cut()
            && let Err(error) = View::parse(step.octets)
        {
            self.fail("ipv6", step.offset, error);
            return None;
        }
        let around = Around {
            packet: step.offset,
            addresses: Some((view.source().into(), view.final_destination().into())),
            is_fragment: false,
            missing,
            cut: step.around.cut.min(missing),
        };
        self.extensions(view.extensions_within(MAX_EXTENSIONS), around)
    }

    /// The chain of extension headers, from any point of it.
    pub(super) fn extensions<'a>(&mut self, mut walk: Extensions<'a>, mut around: Around) -> Option<Next<'a>> {
        let mut has_start = true;
        for extension in walk.by_ref() {
            let extension = match extension {
                Ok(extension) => extension,
                Err(error) => {
                    // What a cut took away is no fault of the packet's.
                    let cut = around.missing > 0
                        && self.may_be_cut()
                        && matches!(
                            error,
                            Error::Truncated { .. } | Error::LengthBeyondBuffer { .. } | Error::FirstFragmentTooSmall { .. }
                        );
                    if !cut {
                        self.fail("ipv6", around.packet, error);
                    }
                    return None;
                }
            };
            if let Some(fragment) = extension.fragment() {
                has_start &= fragment.offset.units() == 0;
                around.is_fragment |= !fragment.is_atomic();
            }
            self.extension(&extension, &mut around);
        }
        let upper = walk.upper();
        let offset = around.packet.saturating_add(usize::try_from(upper.offset).unwrap_or(usize::MAX));
        if !has_start {
            self.payload("fragment".into(), upper.octets, offset);
            return None;
        }
        let Upper { protocol, octets, .. } = upper;
        Some(Next { what: What::Upper(protocol), octets, offset, around })
    }

    fn extension(&mut self, extension: &Extension<'_>, around: &mut Around) {
        let offset = around.packet.saturating_add(usize::try_from(extension.offset()).unwrap_or(usize::MAX));
        let (name, title) = match extension.kind() {
            Protocol::HOP_BY_HOP => ("ipv6.hopopts", "hop-by-hop options"),
            Protocol::DESTINATION_OPTIONS => ("ipv6.dstopts", "destination options"),
            Protocol::ROUTING => ("ipv6.routing", "routing header"),
            Protocol::FRAGMENT => ("ipv6.fraghdr", "fragment header"),
            Protocol::MOBILITY => ("mipv6", "mobility header"),
            Protocol::HIP => ("hip", "HIP header"),
            Protocol::SHIM6 => ("shim6", "Shim6 header"),
            _ => ("ipv6.ext", "extension header"),
        };
        let mut layer = Layer::new(name, title, offset, extension.octets().len());
        let (next_key, len_key) = match extension.kind() {
            Protocol::HOP_BY_HOP => ("ipv6.hopopts.nxt", "ipv6.hopopts.len"),
            Protocol::DESTINATION_OPTIONS => ("ipv6.dstopts.nxt", "ipv6.dstopts.len"),
            Protocol::ROUTING => ("ipv6.routing.nxt", "ipv6.routing.len"),
            Protocol::FRAGMENT => ("ipv6.fraghdr.nxt", ""),
            _ => ("", ""),
        };
        layer.item(next_key, "next header", 0, extension.next_header().0).meaning(extension.next_header());
        match extension.fragment() {
            Some(fragment) => {
                layer.item("ipv6.fraghdr.offset", "fragment offset", 2, fragment.offset.units());
                layer.meaning(format_args!("{} octets", fragment.offset.octets()));
                layer.item("ipv6.fraghdr.more", "more fragments", 3, fragment.more);
                layer.item("ipv6.fraghdr.ident", "identification", 4, hex(fragment.identification));
                layer.expect_zero("the reserved octet", fragment.reserved);
                layer.expect_zero("the reserved bits", fragment.reserved_bits);
                if fragment.is_atomic() {
                    layer.note("an atomic fragment: the whole packet (RFC 6946)");
                }
            }
            None => {
                layer.item(len_key, "header length", 1, extension.hdr_ext_len());
                layer.meaning(format_args!("{} octets", extension.octets().len()));
            }
        }
        if let Some(lint) = extension.lint() {
            layer.note(lint);
        }
        let wrong = self.inside(extension, &mut layer, around);
        self.push(layer);
        if let Some(error) = wrong {
            self.fail("ipv6", around.packet, error);
        }
    }

    /// What an extension header holds behind its first two octets; the first error in it.
    fn inside(&mut self, extension: &Extension<'_>, layer: &mut Layer, around: &mut Around) -> Option<Error> {
        if let Some(options) = extension.options() {
            return read_options(options, extension.offset(), layer, around);
        }
        match extension.routing() {
            Some(Ok(view)) => routing(&view, layer),
            Some(Err(error)) => return Some(error),
            None => {}
        }
        match extension.mobility() {
            Some(Ok(view)) => {
                layer.item("", "type", 2, view.mh_type());
                layer.item("", "checksum", 4, hex(view.checksum()));
                layer.expect_zero("the reserved octet", view.reserved());
                if let Some((IpAddr::V6(source), IpAddr::V6(destination))) = around.addresses
                    && around.is_whole()
                {
                    match view.verify_checksum(source, destination) {
                        Ok(()) => {
                            layer.meaning("good");
                        }
                        Err(error) => layer.note(error),
                    }
                }
                None
            }
            Some(Err(error)) => Some(error),
            None => None,
        }
    }
}

fn read_options(options: options::Options<'_>, header: u32, layer: &mut Layer, around: &mut Around) -> Option<Error> {
    let mut failed = None;
    for option in options {
        let option = match option {
            Ok(option) => option,
            Err(error) => return failed.or(Some(error)),
        };
        let at = usize::try_from(option.offset().saturating_sub(header)).unwrap_or(usize::MAX);
        layer.item("ipv6.opt.type", "option", at, option.kind().0).meaning(option.kind());
        if let Some(length) = option.length() {
            layer.item("ipv6.opt.length", "length", at.saturating_add(1), length).part();
        }
        match option.value() {
            Ok(value) => {
                if let (options::Value::HomeAddress(home), Some((source, _))) = (value, around.addresses.as_mut()) {
                    // Checksums are taken over the home address (RFC 6275 11.3.1).
                    *source = home.into();
                }
                describe_v6(&value, at.saturating_add(2), layer);
            }
            Err(error) => {
                layer.note(error);
                failed = failed.or(Some(error));
            }
        }
    }
    failed
}

fn routing(view: &routing::View<'_>, layer: &mut Layer) {
    layer.item("ipv6.routing.type", "type", 2, view.routing_type().0);
    layer.item("ipv6.routing.segleft", "segments left", 3, view.segments_left());
    let address = |layer: &mut Layer, address: Ipv6Addr| {
        layer.address("", "address", 8, address).part();
    };
    match view.route() {
        Ok(routing::Route::SourceRoute { addresses, .. }) => {
            layer.note("type 0 is deprecated and treated as unknown (RFC 5095)");
            addresses.iter().for_each(|hop| address(layer, hop));
        }
        Ok(routing::Route::Type2 { home_address, .. }) => address(layer, home_address),
        Ok(routing::Route::Rpl(rpl)) => {
            layer.item("", "octets left out", 4, rpl.prefix_inner()).meaning(format_args!("{} of the last", rpl.prefix_last()));
            rpl.addresses(Ipv6Addr::UNSPECIFIED).for_each(|hop| address(layer, hop));
        }
        Ok(routing::Route::Segments(route)) => {
            layer.item("", "flags", 5, hex(route.flags)).item("", "tag", 6, hex(route.tag));
            route.segments.iter().for_each(|segment| address(layer, segment));
        }
        Ok(_) => {}
        Err(error) => layer.note(error),
    }
}

fn fixed(view: &View<'_>, layer: &mut Layer) {
    layer.item("ipv6.version", "version", 0, 6u8);
    layer.item("ipv6.tclass.dscp", "DSCP", 0, view.dscp().value()).meaning(view.dscp());
    layer.item("ipv6.tclass.ecn", "ECN", 1, view.ecn().value()).meaning(view.ecn());
    layer.item("ipv6.flow", "flow label", 1, hex(view.flow_label().value()));
    layer.item("ipv6.plen", "payload length", 4, view.payload_len());
    if view.is_jumbogram() {
        layer.meaning("see the jumbo payload option");
    }
    layer.item("ipv6.nxt", "next header", 6, view.next_header().0).meaning(view.next_header());
    layer.item("ipv6.hlim", "hop limit", 7, view.hop_limit());
    layer.address("ipv6.src", "source", 8, Mixed(view.source()));
    six_to_four(view.source(), ["ipv6.src_6to4_gw_ipv4", "ipv6.src_6to4_sla_id"], 8, layer);
    layer.address("ipv6.dst", "destination", 24, Mixed(view.destination()));
    six_to_four(view.destination(), ["ipv6.dst_6to4_gw_ipv4", "ipv6.dst_6to4_sla_id"], 24, layer);
    if view.source().is_multicast() {
        layer.note("the source address is a group's");
    }
    if view.hop_limit() == 0 {
        layer.note("the hop limit is used up");
    }
}

/// An address in canonical form, with the last 32 bits of an IPv4-compatible one as IPv4 has them (RFC 5952 5).
struct Mixed(Ipv6Addr);

impl fmt::Display for Mixed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.segments() {
            [0, 0, 0, 0, 0, 0, high @ 1..=u16::MAX, low] => {
                write!(f, "::{}", Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)))
            }
            _ => write!(f, "{}", self.0),
        }
    }
}

/// The gateway and subnet in a 6to4 address (RFC 3056 2).
fn six_to_four(address: Ipv6Addr, [gateway, subnet]: [&'static str; 2], at: usize, layer: &mut Layer) {
    if let [0x2002, high, low, sla, ..] = address.segments() {
        let v4 = Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
        layer.address(gateway, "6to4 gateway", at.saturating_add(2), v4).part();
        layer.item(subnet, "6to4 subnet", at.saturating_add(6), hex(sla)).part();
    }
}
