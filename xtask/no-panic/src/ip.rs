//! `ip-wire`.

use core::net::{Ipv4Addr, Ipv6Addr};

use ip_wire::checksum::Sum;
use ip_wire::ip::Packet;
use ip_wire::link::LinkType;
use ip_wire::nat::Rewrite;
use ip_wire::tunnel::Tunnel;
use ip_wire::{DsField, Flow, PacketBuf, ah, checksum, esp, icmpv4, icmpv6, ipv4, ipv6, link, tcp, udp, udp_lite};

entry_points! {
    ipv4_parse(octets: &[u8]) { ipv4::View::parse(octets) }
    ipv4_parse_lax(octets: &[u8]) { ipv4::View::parse_lax(octets) }
    ipv4_getters(view: ipv4::View<'_>) {
        (view.header_len(), view.total_len(), view.protocol(), view.source(), view.destination(), view.ttl(), view.identification(),
         view.flags(), view.fragment_offset(), view.ds(), view.checksum(), view.payload().len(), view.is_fragment())
    }
    ipv4_verify_checksum(view: ipv4::View<'_>) { view.verify_checksum() }
    ipv4_final_destination(view: ipv4::View<'_>) { view.final_destination() }
    ipv4_options(view: ipv4::View<'_>) { for option in view.options() { core::hint::black_box(&option); } }
    ipv4_option_values(view: ipv4::View<'_>) { view.verify_options() }
    ipv4_header_of_view(view: ipv4::View<'_>) { ipv4::Header::from(view) }
    ipv4_emit(header: &ipv4::Header, buffer: &mut [u8]) { header.emit(buffer) }
    ipv4_view_mut(octets: &mut [u8]) { ipv4::ViewMut::parse(octets).is_ok() }
    ipv4_setters(view: &mut ipv4::ViewMut<'_>) {
        view.set_ds(DsField(7));
        view.set_ttl(9);
        view.set_identification(77);
        view.set_source(Ipv4Addr::LOCALHOST);
        view.set_destination(Ipv4Addr::LOCALHOST);
        view.fill_checksum();
    }
    ipv4_decrement_ttl(view: &mut ipv4::ViewMut<'_>) { view.decrement_ttl() }
    ipv4_fragment(view: ipv4::View<'_>, mtu: u32, buffer: &mut [u8]) {
        for fragment in ipv4::fragment::Fragments::new(view, mtu).into_iter().flatten() { core::hint::black_box(fragment.emit(buffer).is_ok()); }
    }
    ipv6_parse(octets: &[u8]) { ipv6::View::parse(octets) }
    ipv6_parse_lax(octets: &[u8]) { ipv6::View::parse_lax(octets) }
    ipv6_getters(view: ipv6::View<'_>) {
        (view.ds(), view.flow_label(), view.payload_len(), view.next_header(), view.hop_limit(), view.source(), view.destination(), view.payload().len())
    }
    ipv6_extensions(view: ipv6::View<'_>) { for extension in view.extensions() { core::hint::black_box(&extension); } }
    ipv6_upper_layer(view: ipv6::View<'_>) { view.upper_layer() }
    ipv6_final_destination(view: ipv6::View<'_>) { view.final_destination() }
    ipv6_option_values(view: ipv6::View<'_>) { view.verify_options() }
    ipv6_emit(header: &ipv6::Header, buffer: &mut [u8]) { header.emit(buffer) }
    ipv6_view_mut(octets: &mut [u8]) { ipv6::ViewMut::parse(octets).is_ok() }
    ipv6_setters(view: &mut ipv6::ViewMut<'_>) {
        view.set_ds(DsField(7));
        view.set_hop_limit(9);
        view.set_source(Ipv6Addr::LOCALHOST);
        view.set_destination(Ipv6Addr::LOCALHOST);
    }
    ipv6_routing(extension: ipv6::Extension<'_>) { extension.routing() }
    ipv6_mobility(extension: ipv6::Extension<'_>) { extension.mobility() }
    ipv6_fragment_header(extension: ipv6::Extension<'_>) { extension.fragment() }
    ipv6_fragment(octets: &[u8], mtu: u32, buffer: &mut [u8]) {
        for fragment in ipv6::fragment::Fragments::new(octets, mtu, 7).into_iter().flatten() { core::hint::black_box(fragment.emit(buffer).is_ok()); }
    }
    ip_parse(octets: &[u8]) { Packet::parse(octets) }
    ip_upper_layer(packet: Packet<'_>) { packet.upper_layer() }
    tcp_parse(octets: &[u8]) { tcp::View::parse(octets) }
    tcp_getters(view: tcp::View<'_>) {
        (view.source_port(), view.destination_port(), view.sequence_number(), view.acknowledgment_number(), view.flags(), view.window(), view.checksum(), view.payload().len())
    }
    tcp_option_values(view: tcp::View<'_>) { for option in view.options() { core::hint::black_box(option.and_then(|option| option.value()).is_ok()); } }
    tcp_verify_checksum(view: tcp::View<'_>, pseudo: Sum) { view.verify_checksum(pseudo) }
    tcp_emit(header: &tcp::Header, pseudo: Sum, payload: &[u8], buffer: &mut [u8]) { header.emit(pseudo, payload, buffer) }
    udp_parse(octets: &[u8]) { udp::View::parse(octets) }
    udp_verify_checksum(view: udp::View<'_>, pseudo: Sum) { view.verify_checksum(pseudo, udp::ZeroChecksum::Allowed) }
    udp_emit(header: &udp::Header, pseudo: Sum, payload: &[u8], buffer: &mut [u8]) { header.emit(pseudo, payload, buffer) }
    udp_lite_parse(octets: &[u8]) { udp_lite::View::parse(octets) }
    icmpv4_parse(octets: &[u8]) { icmpv4::View::parse(octets) }
    icmpv4_message(view: icmpv4::View<'_>) { view.message() }
    icmpv4_quote(view: icmpv4::View<'_>) { view.quote() }
    icmpv6_parse(octets: &[u8]) { icmpv6::View::parse(octets) }
    icmpv6_message(view: icmpv6::View<'_>) { view.message() }
    icmpv6_quote(view: icmpv6::View<'_>) { view.quote() }
    ah_parse(octets: &[u8]) { ah::View::parse(octets) }
    esp_parse(octets: &[u8]) { esp::View::parse(octets) }
    checksum_of(octets: &[u8]) { checksum::of(octets) }
    flow_of_ip(octets: &[u8]) { Flow::from_ip(octets) }
    flow_of_ethernet(octets: &[u8]) { Flow::from_ethernet(octets) }
    flow_of_icmp_error(packet: &Packet<'_>) { Flow::of_icmp_error(packet) }
    link_network(octets: &[u8], kind: u16) { link::network(LinkType(kind), octets) }
    nat_rewrite(rewrite: &Rewrite, octets: &mut [u8]) { rewrite.apply(octets).is_ok() }
    tunnel_encapsulate(tunnel: &Tunnel, packet: &mut PacketBuf<&mut [u8]>) { tunnel.encapsulate(packet, 7).is_ok() }
    tunnel_decapsulate(tunnel: &Tunnel, packet: &mut PacketBuf<&mut [u8]>) { tunnel.decapsulate(packet).is_ok() }
    packet_buf_new(octets: &mut [u8], start: usize, len: usize) { PacketBuf::new(octets, start, len).is_ok() }
}
