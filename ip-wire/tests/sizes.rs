//! How big the types are that live in registers and on stacks: views at most 32 octets, the error at most 24.

use ip_wire::{Error, FlowKey, ah, esp, icmpv4, icmpv6, ip, ipv4, ipv6, tcp, udp, udp_lite};

#[test]
fn a_view_has_at_most_32_octets() {
    let sizes = [
        ("ah::View", size_of::<ah::View<'_>>()),
        ("esp::View", size_of::<esp::View<'_>>()),
        ("icmpv4::View", size_of::<icmpv4::View<'_>>()),
        ("icmpv6::View", size_of::<icmpv6::View<'_>>()),
        ("ip::Packet", size_of::<ip::Packet<'_>>()),
        ("ipv4::View", size_of::<ipv4::View<'_>>()),
        ("ipv4::ViewMut", size_of::<ipv4::ViewMut<'_>>()),
        ("ipv6::View", size_of::<ipv6::View<'_>>()),
        ("ipv6::ViewMut", size_of::<ipv6::ViewMut<'_>>()),
        ("ipv6::mobility::View", size_of::<ipv6::mobility::View<'_>>()),
        ("ipv6::routing::View", size_of::<ipv6::routing::View<'_>>()),
        ("tcp::View", size_of::<tcp::View<'_>>()),
        ("udp::View", size_of::<udp::View<'_>>()),
        ("udp_lite::View", size_of::<udp_lite::View<'_>>()),
    ];
    for (name, size) in sizes {
        assert!(size <= 32, "{name} has {size} octets");
    }
}

#[test]
fn the_error_has_at_most_24_octets() {
    assert!(size_of::<Error>() <= 24, "{} octets", size_of::<Error>());
}

#[test]
fn a_flow_key_has_at_most_48_octets() {
    assert!(size_of::<FlowKey>() <= 48, "{} octets", size_of::<FlowKey>());
}
