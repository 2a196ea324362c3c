use super::*;
use hex_literal::hex;
use ip_wire::answer::{self, Answer, Arrival as LinkArrival};
use ip_wire::checksum;
use ip_wire::{Ecn, Reaction};
use std::vec;
use std::vec::Vec;

use crate::error::Reason;
use crate::policy::{Ipv4Check, Ipv6Check};
use crate::special::Ipv6Block;

// The addresses of the verdict table: R is this router, P another site's router, X a third, N and N2 native.
const R: &str = "192.0.2.4";
const P: &str = "198.51.100.7";
const X: &str = "203.0.113.9";
const R6: &str = "2002:c000:204::1";
const P6: &str = "2002:c633:6407::1";
const X6: &str = "2002:cb00:7109::1";
const N: &str = "2001:db8::1";
const N2: &str = "2001:db8:2::1";

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn v6(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

fn border() -> Router<'static> {
    Router::new(v4(R), Policy::RFC_3964).unwrap()
}

fn relay() -> Router<'static> {
    Router { role: Role::Relay, ..border() }
}

/// An IPv6 packet with 4 octets of UDP payload's place.
fn packet6(source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    let mut octets = vec![0; 44];
    ipv6::Header::new(source, destination, Protocol::UDP, 4).unwrap().emit(&mut octets).unwrap();
    octets[40..].copy_from_slice(&[1, 2, 3, 4]);
    octets
}

fn packet4(source: Ipv4Addr, destination: Ipv4Addr, inner: &[u8]) -> Vec<u8> {
    let mut octets = vec![0; 20];
    ipv4::Header::new(source, destination, Protocol::IPV6, inner.len()).unwrap().emit(&mut octets).unwrap();
    octets.extend(inner);
    octets
}

fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0xee; 32];
    storage.extend(octets);
    storage.extend([0xee; 8]);
    PacketBuf::new(storage, 32, octets.len()).unwrap()
}

/// Encapsulates, and checks that a refusal leaves the packet as it was.
fn encapsulate(router: &Router<'_>, octets: &[u8]) -> Result<(Encapsulated, Vec<u8>), Error> {
    let mut packet = buffer(octets);
    let outcome = router.encapsulate(&mut packet, 7);
    if outcome.is_err() {
        assert_eq!((packet.octets(), packet.headroom()), (octets, 32));
    }
    outcome.map(|done| (done, packet.octets().to_vec()))
}

fn decapsulate(router: &Router<'_>, octets: &[u8]) -> Result<(Decapsulated, Vec<u8>), Error> {
    let mut packet = buffer(octets);
    let outcome = router.decapsulate(&mut packet);
    if outcome.is_err() {
        assert_eq!((packet.octets(), packet.headroom()), (octets, 32));
    }
    outcome.map(|done| (done, packet.octets().to_vec()))
}

fn arrive(router: &Router<'_>, outer: (&str, &str), inner: (&str, &str)) -> Result<Decapsulated, Error> {
    let inner = packet6(v6(inner.0), v6(inner.1));
    let (done, octets) = decapsulate(router, &packet4(v4(outer.0), v4(outer.1), &inner))?;
    assert_eq!(octets, inner);
    Ok(done)
}

fn leave(router: &Router<'_>, inner: (&str, &str)) -> Result<Encapsulated, Error> {
    let inner = packet6(v6(inner.0), v6(inner.1));
    let (done, octets) = encapsulate(router, &inner)?;
    assert_eq!(&octets[20..], inner);
    assert_eq!(&octets[16..20], done.destination.octets());
    Ok(done)
}

#[test]
fn the_header_is_this_one_octet_for_octet() {
    // From 2002:c000:204::1 to 2002:c633:6407::1, traffic class 0xba, no payload; TTL 64, Don't Fragment clear.
    let inner = hex!("6ba0000000003b40 2002c000020400000000000000000001 2002c633640700000000000000000001");
    let expected = hex!(
        "45ba003c0000000040298da0c0000204c6336407"
        "6ba0000000003b40 2002c000020400000000000000000001 2002c633640700000000000000000001"
    );
    let mut packet = buffer(&inner);
    let done = border().encapsulate(&mut packet, 0).unwrap();
    assert_eq!(packet.octets(), expected);
    assert_eq!(done, Encapsulated { destination: v4(P), deprecated_anycast: false });
    assert_eq!(packet.headroom(), 12);
    let far = Router::new(v4(P), Policy::RFC_3964).unwrap();
    let done = far.decapsulate(&mut packet).unwrap();
    assert_eq!(packet.octets(), inner);
    assert_eq!((done.sender, done.to_native, done.alarm), (Sender::Site(v4(R)), false, None));
    assert_eq!(done.classify_by.value(), 0xba >> 2);
}

#[test]
fn decapsulation_decides_by_the_table_of_rfc_3964() {
    // To our own site: from its own router, from another one, and through a relay.
    assert_eq!(arrive(&border(), (P, R), (P6, R6)).unwrap().sender, Sender::Site(v4(P)));
    assert_eq!(arrive(&border(), (X, R), (P6, R6)), Err(Error::SourceMismatch { embedded: v4(P), outer: v4(X) }));
    assert_eq!(arrive(&border(), (X, R), (N, R6)).unwrap().sender, Sender::Relay(v4(X)));
    // To another site, and from native to native.
    assert_eq!(arrive(&border(), (P, R), (P6, X6)), Err(Error::DestinationMismatch { embedded: v4(X), outer: v4(R) }));
    assert_eq!(arrive(&border(), (P, R), (N, N2)), Err(Error::NativeToNative));
    // To native: a relay's work, if the packet came to it.
    assert_eq!(arrive(&border(), (P, R), (P6, N)), Err(Error::NotARelay(Place::Destination)));
    let taken = arrive(&relay(), (P, R), (P6, N)).unwrap();
    assert_eq!((taken.sender, taken.to_native), (Sender::Site(v4(P)), true));
    assert_eq!(arrive(&relay(), (P, X), (P6, N)), Err(Error::NotForUs { found: v4(X) }));
    assert_eq!(arrive(&relay(), (X, R), (P6, N)), Err(Error::SourceMismatch { embedded: v4(P), outer: v4(X) }));
    // A relay does not send what comes from one site to another, nor from native to native.
    assert_eq!(arrive(&relay(), (P, R), (P6, X6)), Err(Error::DestinationMismatch { embedded: v4(X), outer: v4(R) }));
    assert_eq!(arrive(&relay(), (P, R), (N, N2)), Err(Error::NativeToNative));
    // The anycast prefix of relays is deprecated, and packets come from it all the same.
    assert_eq!(arrive(&border(), ("192.88.99.1", R), (N, R6)).unwrap().sender, Sender::Relay(v4("192.88.99.1")));
    // The destination agrees with the outer one, but neither is ours.
    assert_eq!(arrive(&border(), (P, X), (P6, X6)), Err(Error::NotForUs { found: v4(X) }));
}

#[test]
fn encapsulation_decides_by_the_table_of_rfc_3964() {
    assert_eq!(leave(&border(), (R6, P6)).unwrap().destination, v4(P));
    assert_eq!(leave(&border(), (P6, X6)), Err(Error::SourceNotOurs { embedded: v4(P), own: v4(R) }));
    assert_eq!(leave(&border(), (P6, N)), Err(Error::SourceNotOurs { embedded: v4(P), own: v4(R) }));
    assert_eq!(leave(&border(), (N, N2)), Err(Error::NativeToNative));
    assert_eq!(leave(&border(), (N, P6)), Err(Error::NotARelay(Place::Source)));
    assert_eq!(leave(&relay(), (N, P6)).unwrap().destination, v4(P));
    assert_eq!(leave(&relay(), (N, R6)), Err(Error::ToOurselves { address: v4(R) }));
    assert_eq!(leave(&border(), (N, R6)), Err(Error::NotARelay(Place::Source)));
    assert_eq!(leave(&relay(), (N, N2)), Err(Error::NativeToNative));
    // No hairpin: what comes from one site to a relay does not go on to another.
    assert_eq!(leave(&relay(), (P6, X6)), Err(Error::SourceNotOurs { embedded: v4(P), own: v4(R) }));
    assert_eq!(leave(&border(), (R6, "2002:c000:204:5::9")), Err(Error::ToOurselves { address: v4(R) }));
    // To native by a relay, if there is one.
    assert_eq!(leave(&border(), (R6, N)), Err(Error::NoRelay));
    let with_relay = Router { relay: Some(v4(X)), ..border() };
    assert_eq!(leave(&with_relay, (R6, N)).unwrap(), Encapsulated { destination: v4(X), deprecated_anycast: false });
    assert_eq!(leave(&with_relay, (R6, P6)).unwrap().destination, v4(P));
}

#[test]
fn a_next_hop_decides_where_the_tunnel_ends() {
    let via = |router: &Router<'_>, inner: (&str, &str), next_hop: &str| {
        let mut packet = buffer(&packet6(v6(inner.0), v6(inner.1)));
        router.encapsulate_via(&mut packet, v6(next_hop), 7)
    };
    let anycast = Encapsulated { destination: v4("192.88.99.1"), deprecated_anycast: true };
    assert_eq!(via(&border(), (R6, N), "2002:c058:6301::"), Ok(anycast));
    let with_relay = Router { relay: Some(v4(X)), ..border() };
    assert_eq!(via(&with_relay, (R6, N), "2002:c058:6301::"), Ok(anycast));
    assert_eq!(via(&with_relay, (R6, P6), X6).unwrap().destination, v4(X));
    assert_eq!(via(&border(), (R6, N), N2), Err(Error::NextHop(v6(N2))));
    assert_eq!(via(&border(), (R6, N), R6), Err(Error::ToOurselves { address: v4(R) }));
    let private = Error::SpecialIpv4 { place: Place::NextHop, address: v4("10.0.0.1"), block: Ipv4Block::Private };
    assert_eq!(via(&border(), (R6, N), "2002:a00:1::1"), Err(private));
}

/// First and last address of the list of RFC 3964 5.3.1.
const REFUSED: [(&str, &str, Ipv4Block); 9] = [
    ("0.0.0.0", "0.255.255.255", Ipv4Block::ThisNetwork),
    ("10.0.0.0", "10.255.255.255", Ipv4Block::Private),
    ("127.0.0.0", "127.255.255.255", Ipv4Block::Loopback),
    ("169.254.0.0", "169.254.255.255", Ipv4Block::LinkLocal),
    ("172.16.0.0", "172.31.255.255", Ipv4Block::Private),
    ("192.168.0.0", "192.168.255.255", Ipv4Block::Private),
    ("224.0.0.0", "239.255.255.255", Ipv4Block::Multicast),
    ("240.0.0.0", "255.255.255.254", Ipv4Block::Reserved),
    ("255.255.255.255", "255.255.255.255", Ipv4Block::Broadcast),
];

/// What the strict profile has on top.
const STRICTLY_REFUSED: [(&str, &str, Ipv4Block); 6] = [
    ("100.64.0.0", "100.127.255.255", Ipv4Block::SharedAddressSpace),
    ("192.0.0.0", "192.0.0.255", Ipv4Block::ProtocolAssignments),
    ("192.0.2.0", "192.0.2.255", Ipv4Block::Documentation),
    ("198.18.0.0", "198.19.255.255", Ipv4Block::Benchmarking),
    ("198.51.100.0", "198.51.100.255", Ipv4Block::Documentation),
    ("203.0.113.0", "203.0.113.255", Ipv4Block::Documentation),
];

fn site_of(address: Ipv4Addr) -> Ipv6Addr {
    crate::SixToFourAddr::new(address, 0, 1).ipv6()
}

#[test]
fn every_boundary_of_the_lists_is_where_it_is_in_every_place() {
    // A router whose own address no list has.
    let own = v4("11.12.13.14");
    for (policy, refused) in [(Policy::RFC_3964, REFUSED.to_vec()), (Policy::STRICT, [&REFUSED[..], &STRICTLY_REFUSED].concat())]
    {
        let router = Router { role: Role::Relay, ..Router::new(own, policy).unwrap() };
        let block = |address: Ipv4Addr| {
            refused.iter().find(|(first, last, _)| (v4(first)..=v4(last)).contains(&address)).map(|(_, _, block)| *block)
        };
        let native = v6("2a00::1");
        let (ours, own6) = (packet6(site_of(own), native), site_of(own));
        for (first, last, _) in &refused {
            let (first, last) = (v4(first).to_bits(), v4(last).to_bits());
            for bits in [first.wrapping_sub(1), first, last, last.wrapping_add(1)] {
                let address = Ipv4Addr::from_bits(bits);
                let expected = |place| block(address).map(|block| Error::SpecialIpv4 { place, address, block });
                // Outer source, behind which is a native node.
                let arrived = decapsulate(&router, &packet4(address, own, &packet6(native, own6)));
                assert_eq!(arrived.as_ref().err(), expected(Place::OuterSource).as_ref(), "{address}");
                // V4ADDR of the source, of the destination.
                let arrival = Arrival {
                    outer_source: v4("8.8.8.8"),
                    outer_destination: own,
                    source: site_of(address),
                    destination: native,
                };
                let mismatch = Error::SourceMismatch { embedded: address, outer: v4("8.8.8.8") };
                assert_eq!(router.accept(&arrival), Err(expected(Place::Source).unwrap_or(mismatch)));
                let to = Arrival { source: native, destination: site_of(address), ..arrival };
                let mismatch = Error::DestinationMismatch { embedded: address, outer: own };
                assert_eq!(router.accept(&to), Err(expected(Place::Destination).unwrap_or(mismatch)));
                // Outer destination.
                let to = Arrival { outer_destination: address, ..arrival };
                assert_eq!(
                    router.accept(&to),
                    Err(expected(Place::OuterDestination).unwrap_or(Error::NotForUs { found: address }))
                );
                // On the way out: V4ADDR of the destination, of the next hop, and the relay.
                let left = encapsulate(&router, &packet6(own6, site_of(address)));
                assert_eq!(left.err(), expected(Place::Destination), "{address}");
                let mut packet = buffer(&ours);
                let left = router.encapsulate_via(&mut packet, site_of(address), 1);
                assert_eq!(left.err(), expected(Place::NextHop), "{address}");
                let relayed = Router { relay: Some(address), ..router };
                assert_eq!(encapsulate(&relayed, &ours).err(), expected(Place::NextHop), "{address}");
                // And as this router's own.
                assert_eq!(Router::new(address, policy).err(), expected(Place::Site), "{address}");
            }
        }
    }
}

#[test]
fn every_boundary_of_the_ipv6_list_is_where_it_is() {
    let own = v4("11.12.13.14");
    let router = Router { role: Role::Relay, ..Router::new(own, Policy::RFC_3964).unwrap() };
    for (first, last) in [
        ("::", "0:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ] {
        let (first, last) = (v6(first).to_bits(), v6(last).to_bits());
        for bits in [first.wrapping_sub(1), first, last, last.wrapping_add(1)] {
            let address = Ipv6Addr::from_bits(bits);
            let inside = bits <= v6("0:ffff:ffff:ffff:ffff:ffff:ffff:ffff").to_bits() || bits >= v6("fe80::").to_bits();
            let (from, to) = (packet6(address, site_of(own)), packet6(site_of(own), address));
            let with_relay = Router { relay: Some(v4("8.8.8.8")), ..router };
            for (outcome, expected) in [
                (decapsulate(&router, &packet4(v4("8.8.8.8"), own, &from)).err(), Place::Source),
                (encapsulate(&with_relay, &to).err(), Place::Destination),
            ] {
                match outcome {
                    Some(Error::SpecialIpv6 { place, address: found, .. }) => {
                        assert!(inside && place == expected && found == address, "{address}");
                    }
                    None => assert!(!inside, "{address}"),
                    Some(error) => panic!("{address}: {error}"),
                }
            }
        }
    }
    // Source and destination of either direction.
    let loopback = |place| Some(Error::SpecialIpv6 { place, address: Ipv6Addr::LOCALHOST, block: Ipv6Block::Loopback });
    let inner = packet6(v6("2002:808:808::1"), Ipv6Addr::LOCALHOST);
    assert_eq!(decapsulate(&router, &packet4(v4("8.8.8.8"), own, &inner)).err(), loopback(Place::Destination));
    assert_eq!(encapsulate(&router, &packet6(Ipv6Addr::LOCALHOST, v6(P6))).err(), loopback(Place::Source));
}

#[test]
fn the_strict_profile_refuses_what_the_ipv6_registry_has() {
    let own = v4("11.12.13.14");
    let router = Router { role: Role::Relay, ..Router::new(own, Policy::STRICT).unwrap() };
    for (address, block) in [
        ("2001:db8::1", Some(Ipv6Block::Documentation)),
        ("fd00::1", Some(Ipv6Block::UniqueLocal)),
        ("100::1", Some(Ipv6Block::DiscardOnly)),
        ("2a00::1", None),
    ] {
        let outcome = decapsulate(&router, &packet4(v4("8.8.8.8"), own, &packet6(v6(address), site_of(own)))).err();
        let expected = block.map(|block| Error::SpecialIpv6 { place: Place::Source, address: v6(address), block });
        assert_eq!(outcome, expected, "{address}");
    }
}

#[test]
fn broadcast_addresses_of_this_node_are_refused_in_every_place() {
    let broadcasts = [v4("198.51.100.255"), v4("203.0.113.255")];
    let router = Router { broadcasts: &broadcasts, role: Role::Relay, ..border() };
    let refused = |place| Error::Broadcast { place, address: broadcasts[1] };
    let (broadcast, broadcast6) = ("203.0.113.255", "2002:cb00:71ff::1");
    assert_eq!(arrive(&router, (broadcast, R), (N, R6)), Err(refused(Place::OuterSource)));
    assert_eq!(arrive(&router, (P, broadcast), (P6, N)), Err(refused(Place::OuterDestination)));
    assert_eq!(arrive(&router, (P, R), (broadcast6, R6)), Err(refused(Place::Source)));
    assert_eq!(arrive(&router, (P, R), (P6, broadcast6)), Err(refused(Place::Destination)));
    assert_eq!(leave(&router, (R6, broadcast6)), Err(refused(Place::Destination)));
    assert_eq!(leave(&Router { relay: Some(v4(broadcast)), ..router }, (R6, N)), Err(refused(Place::NextHop)));
    assert!(arrive(&router, ("203.0.113.254", R), (N, R6)).is_ok());
}

#[test]
fn further_addresses_of_the_router_are_its_own() {
    let addresses = [v4(X)];
    let router = Router { addresses: &addresses, role: Role::Relay, ..border() };
    assert!(arrive(&router, (P, X), (P6, N)).is_ok());
    assert!(arrive(&router, (P, X), (P6, X6)).is_ok());
    assert_eq!(arrive(&router, (P, X), (P6, R6)), Err(Error::DestinationMismatch { embedded: v4(R), outer: v4(X) }));
    assert_eq!(leave(&router, (N, X6)), Err(Error::ToOurselves { address: v4(X) }));
    assert_eq!(leave(&router, (R6, X6)), Err(Error::ToOurselves { address: v4(X) }));
}

#[test]
fn native_packets_may_be_taken_from_known_relays_only() {
    let relays = [v4(X)];
    let router = Router { relays: Some(&relays), ..border() };
    assert!(arrive(&router, (X, R), (N, R6)).is_ok());
    assert_eq!(arrive(&router, (P, R), (N, R6)), Err(Error::UnknownRelay { outer: v4(P) }));
    assert!(arrive(&router, (P, R), (P6, R6)).is_ok());
    assert_eq!(arrive(&Router { relays: Some(&[]), ..router }, (X, R), (N, R6)), Err(Error::UnknownRelay { outer: v4(X) }));
}

#[test]
fn a_foreign_address_that_embeds_one_of_ours_would_come_back() {
    use crate::embedded::Embedding as E;
    let domains = [Domain::new("2a0f::/32".parse().unwrap(), crate::Ipv4Prefix::ALL).unwrap()];
    let addresses = [v4(X)];
    let router = Router { role: Role::Relay, relay: Some(v4(P)), known_domains: &domains, addresses: &addresses, ..border() };
    for (address, embedding, v4addr) in [
        ("2a00::5efe:192.0.2.4", E::Isatap, R),
        ("2a00::200:5efe:192.0.2.4", E::Isatap, R),
        ("2a00::200:5efe:203.0.113.9", E::Isatap, X),
        ("2001:0:4136:e378:8000:63bf:3fff:fdfb", E::TeredoClient, R),
        ("2001:0:c000:204:8000:63bf:3fff:fdd2", E::TeredoServer, R),
        ("2a0f:0:c000:204::1", E::SixRd, R),
        ("2a0f:0:cb00:7109::1", E::SixRd, X),
    ] {
        let error = |place| Error::Loop { place, embedding, address: v4(v4addr) };
        // Into native, out of the tunnel: the destination counts. Into the tunnel: the source.
        assert_eq!(arrive(&router, (P, R), (P6, address)), Err(error(Place::Destination)), "{address}");
        assert_eq!(leave(&router, (address, P6)), Err(error(Place::Source)), "{address}");
        // The other end of the packet is nobody's loop.
        assert!(arrive(&router, (P, R), (address, R6)).is_ok(), "{address}");
        assert!(leave(&router, (R6, address)).is_ok(), "{address}");
        assert!(arrive(&Router { policy: Policy { loops: false, ..Policy::RFC_3964 }, ..router }, (P, R), (P6, address)).is_ok());
        assert!(leave(&Router { policy: Policy { loops: false, ..Policy::RFC_3964 }, ..router }, (address, P6)).is_ok());
    }
    for address in [
        "2a00::5efe:192.0.2.5",
        "2a00::100:5efe:192.0.2.4",
        "2001:0:4136:e378:8000:63bf:3fff:fdfa",
        "2001:1:c000:204:8000:63bf:3fff:fdfb",
        "2a0e:0:c000:204::1",
    ] {
        assert!(arrive(&router, (P, R), (P6, address)).is_ok(), "{address}");
        assert!(leave(&router, (address, P6)).is_ok(), "{address}");
    }
    // In our own site the identifier is a host's, whatever it looks like.
    assert!(arrive(&router, (P, R), (P6, "2002:c000:204::5efe:192.0.2.4")).is_ok());
    assert!(leave(&router, ("2002:c000:204::5efe:192.0.2.4", P6)).is_ok());
    // A router that forwards what another tunnel of this node decapsulated (RFC 6324 3.3, first example).
    let policy = Policy { consistency: false, ..Policy::RFC_3964 };
    let second = Router { policy, addresses: &addresses, ..router };
    let error = Error::Loop { place: Place::Source, embedding: E::SixToFour, address: v4(X) };
    assert_eq!(leave(&second, (X6, P6)), Err(error));
    assert!(leave(&second, (P6, "2002:808:808::1")).is_ok());
}

#[test]
fn private_addresses_tell_of_a_loop_only_in_domains_that_are_known() {
    use crate::embedded::Embedding as E;
    // RFC 6324 3.3: a private address may be legitimately another node's. 3.3.1: not under a prefix of this routing region.
    let domain = Domain::new("2001:db8:6d00::/40".parse().unwrap(), "10.0.0.0/8".parse().unwrap()).unwrap();
    let other = [Domain::new("2a0f::/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()).unwrap()];
    let router = Router::in_domain(domain, v4("10.1.1.1"), Policy::SIX_RD).unwrap();
    let router = Router { role: Role::Relay, ..router };
    assert_eq!(router.site().address(), v6("2001:db8:6d01:101::"));
    let outer = ("10.2.2.2", "10.1.1.1");
    let from = "2001:db8:6d02:202::1";
    assert!(arrive(&router, outer, (from, "2a00::5efe:10.1.1.1")).is_ok());
    let known = Router { known_domains: &other, ..router };
    let error = Error::Loop { place: Place::Destination, embedding: E::SixRd, address: v4("10.1.1.1") };
    assert_eq!(arrive(&known, outer, (from, "2a0f:0:101:100::1")), Err(error));
    assert!(arrive(&router, outer, (from, "2a0f:0:101:100::1")).is_ok());
}

#[test]
fn a_tunnel_in_the_tunnel_is_refused_behind_any_extension_headers() {
    let nested = |next: Protocol, prefix: &[u8]| {
        let mut octets = vec![0; 40];
        let innermost = packet6(v6(P6), v6(R6));
        let header = ipv6::Header::new(v6(P6), v6(R6), next, prefix.len() + innermost.len()).unwrap();
        header.emit(&mut octets).unwrap();
        octets.extend(prefix);
        octets.extend(innermost);
        packet4(v4(P), v4(R), &octets)
    };
    let options = |next: u8| [next, 0, 1, 4, 0, 0, 0, 0];
    let fragment = |next: u8, offset: u8| [next, 0, 0, offset, 0, 0, 0, 1];
    for (octets, protocol) in [
        (nested(Protocol::IPV6, &[]), Protocol::IPV6),
        (nested(Protocol::IPV4, &[]), Protocol::IPV4),
        (nested(Protocol::DESTINATION_OPTIONS, &options(41)), Protocol::IPV6),
        (nested(Protocol::HOP_BY_HOP, &options(4)), Protocol::IPV4),
        (nested(Protocol::FRAGMENT, &fragment(41, 1)), Protocol::IPV6),
        (nested(Protocol::FRAGMENT, &fragment(41, 8)), Protocol::IPV6),
    ] {
        assert_eq!(decapsulate(&border(), &octets).err(), Some(Error::Nested(protocol)));
        let policy = Policy { nested_tunnels: true, ..Policy::RFC_3964 };
        assert!(decapsulate(&Router { policy, ..border() }, &octets).is_ok());
        let far = Router::new(v4(P), Policy::RFC_3964).unwrap();
        assert_eq!(encapsulate(&far, &octets[20..]).err(), Some(Error::Nested(protocol)));
    }
    assert!(decapsulate(&border(), &nested(Protocol::DESTINATION_OPTIONS, &options(17))).is_ok());
    // A chain that can't be walked is not believed to end in nothing.
    let broken = decapsulate(&border(), &nested(Protocol::DESTINATION_OPTIONS, &[41, 9, 0, 0, 0, 0, 0, 0])).err();
    assert_eq!(broken.map(|error| error.reason()), Some(Reason::Malformed));
    // Sixty-four tunnels, each in the other: the first is seen, and no other is looked at.
    let mut matryoshka = packet6(v6(P6), v6(R6));
    for _ in 0..64 {
        let mut octets = vec![0; 40];
        ipv6::Header::new(v6(P6), v6(R6), Protocol::IPV6, matryoshka.len()).unwrap().emit(&mut octets).unwrap();
        octets.extend(matryoshka);
        matryoshka = octets;
    }
    let outcome = decapsulate(&border(), &packet4(v4(P), v4(R), &matryoshka));
    assert_eq!(outcome.err(), Some(Error::Nested(Protocol::IPV6)));
}

#[test]
fn ecn_crosses_the_tunnel_by_rfc_6040_both_ways() {
    use Ecn::{Ce, Ect0, Ect1, NotEct};
    let packet = |inner: Ecn, outer: Ecn| {
        let mut octets = packet4(v4(P), v4(R), &packet6(v6(P6), v6(R6)));
        ipv4::ViewMut::parse(&mut octets).unwrap().set_ds(DsField::new(Dscp::AF11, outer));
        ipv6::ViewMut::parse(&mut octets[20..]).unwrap().set_ds(DsField::new(Dscp::EF, inner));
        octets
    };
    let danger = Some(Alarm::Dangerous);
    // Figure 4: rows of the inner mark, columns Not-ECT, ECT(0), ECT(1), CE of the outer one.
    let figure = [
        (NotEct, [Some((NotEct, None)), Some((NotEct, danger)), Some((NotEct, danger)), None]),
        (Ect0, [Some((Ect0, None)), Some((Ect0, None)), Some((Ect1, None)), Some((Ce, None))]),
        (Ect1, [Some((Ect1, None)), Some((Ect1, Some(Alarm::Unused))), Some((Ect1, None)), Some((Ce, None))]),
        (Ce, [Some((Ce, None)), Some((Ce, None)), Some((Ce, danger)), Some((Ce, None))]),
    ];
    for (inner, row) in figure {
        for (outer, expected) in [NotEct, Ect0, Ect1, Ce].into_iter().zip(row) {
            match (decapsulate(&border(), &packet(inner, outer)), expected) {
                (Ok((done, octets)), Some((ecn, alarm))) => {
                    let view = ipv6::View::parse(&octets).unwrap();
                    assert_eq!((view.ecn(), done.alarm), (ecn, alarm), "{inner:?} in {outer:?}");
                    assert_eq!((view.dscp(), done.classify_by), (Dscp::EF, Dscp::EF));
                }
                (Err(error), None) => assert_eq!(error, Error::Congestion),
                (found, expected) => panic!("{inner:?} in {outer:?}: {found:?}, {expected:?}"),
            }
        }
        // The way in copies the mark, or leaves it out where the other end may not know it.
        let inner_octets = packet(inner, NotEct)[20..].to_vec();
        let far = Router::new(v4(P), Policy::RFC_3964).unwrap();
        let (_, octets) = encapsulate(&far, &inner_octets).unwrap();
        assert_eq!(octets[1], DsField::new(Dscp::EF, inner).0);
        let (_, octets) = encapsulate(&Router { ecn_mode: EcnMode::Compatibility, ..far }, &inner_octets).unwrap();
        assert_eq!(octets[1], DsField::new(Dscp::EF, NotEct).0);
    }
}

#[test]
fn codepoints_cross_by_rfc_2983_as_configured() {
    let mut octets = packet4(v4(P), v4(R), &packet6(v6(P6), v6(R6)));
    ipv4::ViewMut::parse(&mut octets).unwrap().set_dscp(Dscp::AF11);
    ipv6::ViewMut::parse(&mut octets[20..]).unwrap().set_dscp(Dscp::EF);
    for (model, inner, classify_by) in [
        (DsModel::Uniform, Dscp::AF11, Dscp::AF11),
        (DsModel::Pipe(Dscp::CS0), Dscp::EF, Dscp::AF11),
        (DsModel::ShortPipe(Dscp::CS0), Dscp::EF, Dscp::EF),
    ] {
        let (done, inside) = decapsulate(&Router { ds_egress: model, ..border() }, &octets).unwrap();
        assert_eq!((ipv6::View::parse(&inside).unwrap().dscp(), done.classify_by), (inner, classify_by));
    }
    let far = Router::new(v4(P), Policy::RFC_3964).unwrap();
    for (model, outer) in [(DsModel::Uniform, Dscp::EF), (DsModel::Pipe(Dscp::CS1), Dscp::CS1)] {
        let (_, outside) = encapsulate(&Router { ds_ingress: model, ..far }, &octets[20..]).unwrap();
        assert_eq!(ipv4::View::parse(&outside).unwrap().dscp(), outer);
    }
}

#[test]
fn time_to_live_identification_and_dont_fragment_are_the_routers() {
    let inner = packet6(v6(R6), v6(P6));
    let mut packet = buffer(&inner);
    border().encapsulate(&mut packet, 0xbeef).unwrap();
    let view = ipv4::View::parse(packet.octets()).unwrap();
    assert_eq!((view.ttl(), view.identification(), view.flags()), (64, 0xbeef, ipv4::Flags::NONE));
    assert_eq!(view.verify_checksum(), Ok(()));
    let mut octets = inner;
    octets[7] = 17;
    let router = Router { ttl: HopLimit::Copy, dont_fragment: true, ..border() };
    let (_, octets) = encapsulate(&router, &octets).unwrap();
    let view = ipv4::View::parse(&octets).unwrap();
    assert_eq!((view.ttl(), view.flags()), (17, ipv4::Flags::DONT_FRAGMENT));
    let (_, octets) = encapsulate(&Router { ttl: HopLimit::Fixed(9), ..border() }, &octets[20..]).unwrap();
    assert_eq!(octets[8], 9);
}

#[test]
fn a_packet_over_the_tunnels_mtu_gets_the_message_that_says_so() {
    let packet = |len: usize| {
        let mut octets = vec![0x5a; len];
        ipv6::Header::new(v6(R6), v6(P6), Protocol::UDP, len - 40).unwrap().emit(&mut octets).unwrap();
        octets
    };
    assert_eq!(border().mtu(), 1280);
    assert!(encapsulate(&border(), &packet(1280)).is_ok());
    let error = encapsulate(&border(), &packet(1281)).unwrap_err();
    assert_eq!(error, Error::Ip(ip_wire::Error::FragmentationNeeded { found: 1281, mtu: 1280 }));
    assert_eq!((error.reason(), error.reaction()), (Reason::TooBig, Reaction::PacketTooBig { mtu: 1280 }));
    let mut message = [0; answer::MAX_IPV6_LEN];
    let answered =
        answer::emit(error.reaction(), &packet(1281), v6("2002:c000:204::ff").into(), LinkArrival::Unicast, &mut message);
    let Ok(Answer::Send(len)) = answered else { panic!("{answered:?}") };
    let view = ipv6::View::parse(&message[..len]).unwrap();
    assert_eq!((view.destination(), view.next_header()), (v6(R6), Protocol::ICMPV6));
    // Type 2, code 0, MTU 1,280 (RFC 4443 3.2).
    assert_eq!((&view.payload()[..2], &view.payload()[4..8]), (&[2, 0][..], &1280u32.to_be_bytes()[..]));
    let sum = checksum::pseudo_v6(view.source(), view.destination(), Protocol::ICMPV6, view.payload().len() as u32);
    assert!(sum.octets(view.payload()).holds());

    let mut wider = border();
    assert_eq!(tunnel_mtu(1500), 1480);
    wider.set_mtu(tunnel_mtu(1500)).unwrap();
    assert!(encapsulate(&wider, &packet(1480)).is_ok() && encapsulate(&wider, &packet(1481)).is_err());
    let error = |found| Err(Error::Mtu { found, least: 1280, most: 65_515 });
    assert_eq!((wider.set_mtu(1279), wider.set_mtu(65_516), wider.mtu()), (error(1279), error(65_516), 1480));
    assert_eq!((wider.set_mtu(1280), wider.set_mtu(65_515)), (Ok(()), Ok(())));
    let (_, octets) = encapsulate(&wider, &packet(65_515)).unwrap();
    assert_eq!(octets.len(), 65_535);
    assert_eq!(encapsulate(&wider, &packet(65_516)).err().map(|error| error.reason()), Some(Reason::TooBig));
}

#[test]
fn what_is_not_ipv6_in_ipv4_is_refused_for_what_it_is() {
    let good = packet4(v4(P), v4(R), &packet6(v6(P6), v6(R6)));
    let fixed = |mut octets: Vec<u8>| {
        ipv4::ViewMut::parse(&mut octets).unwrap().fill_checksum();
        octets
    };
    let with = |at: usize, octet: u8| {
        let mut octets = good.clone();
        octets[at] = octet;
        fixed(octets)
    };
    assert!(decapsulate(&border(), &good).is_ok());
    for protocol in (0..=255).filter(|protocol| *protocol != 41) {
        let error = Error::NotIpv6InIpv4 { found: Protocol(protocol) };
        assert_eq!(decapsulate(&border(), &with(9, protocol)).err(), Some(error));
    }
    // More fragments, and a later fragment.
    for (at, octet) in [(6, 0x20), (7, 1)] {
        assert_eq!(decapsulate(&border(), &with(at, octet)).err().map(|error| error.reason()), Some(Reason::Fragment));
    }
    let mut wrong = good.clone();
    wrong[8] ^= 1;
    assert_eq!(decapsulate(&border(), &wrong).err().map(|error| error.reason()), Some(Reason::Checksum));
    assert!(decapsulate(&Router { policy: Policy { checksum: false, ..Policy::RFC_3964 }, ..border() }, &wrong).is_ok());
    // Inner version, inner length past the outer one, and everything shorter than both headers.
    let version = decapsulate(&border(), &with(20, 0x40)).err();
    let expected = ip_wire::Error::Version { field: Field::Ipv6Version, offset: 20, found: 4, needed: 6 };
    assert_eq!(version, Some(Error::Ip(expected)));
    let expected = ip_wire::Error::LengthBeyondBuffer { field: Field::Ipv6PayloadLength, offset: 24, found: 4, needed: 5 };
    assert_eq!(decapsulate(&border(), &with(25, 5)).err(), Some(Error::Ip(expected)));
    for len in 20..64 {
        let mut octets = good[..len].to_vec();
        octets[3] = len as u8;
        let octets = fixed(octets);
        assert_eq!(decapsulate(&border(), &octets).err().map(|error| error.reason()), Some(Reason::Malformed), "{len}");
    }
    for len in 0..20 {
        assert_eq!(decapsulate(&border(), &good[..len]).err().map(|error| error.reason()), Some(Reason::Malformed), "{len}");
    }
    assert_eq!(encapsulate(&border(), &good).err().map(|error| error.reason()), Some(Reason::Malformed));
    assert_eq!(encapsulate(&border(), &[]).err().map(|error| error.reason()), Some(Reason::Malformed));
}

#[test]
fn ipv4_options_of_every_length_are_stripped_with_the_header() {
    let inner = packet6(v6(P6), v6(R6));
    for words in 0..=10u8 {
        let mut octets = packet4(v4(P), v4(R), &[&vec![1; usize::from(words) * 4][..], &inner].concat());
        octets[0] += words;
        ipv4::ViewMut::parse(&mut octets).unwrap().fill_checksum();
        let (_, inside) = decapsulate(&border(), &octets).unwrap();
        assert_eq!(inside, inner, "{words} words");
    }
}

#[test]
fn what_stands_behind_a_packet_does_not_go_along() {
    let inner = packet6(v6(R6), v6(P6));
    let padded = [&inner[..], &[0; 6]].concat();
    let (_, octets) = encapsulate(&border(), &padded).unwrap();
    assert_eq!((octets.len(), &octets[20..]), (64, &inner[..]));
    let far = Router::new(v4(P), Policy::RFC_3964).unwrap();
    // Octets behind the inner packet, in the outer one and past it.
    let trailing = packet4(v4(R), v4(P), &padded);
    assert_eq!(decapsulate(&far, &[&trailing[..], &[9; 3]].concat()).unwrap().1, inner);
}

#[test]
fn headroom_of_20_octets_is_enough_and_19_are_not() {
    let inner = packet6(v6(R6), v6(P6));
    for headroom in [0, 19, 20] {
        let mut storage = vec![0; headroom];
        storage.extend(&inner);
        let mut packet = PacketBuf::new(storage, headroom, inner.len()).unwrap();
        let outcome = border().encapsulate(&mut packet, 0);
        assert_eq!(outcome.is_ok(), headroom == OVERHEAD);
        if let Err(error) = outcome {
            assert_eq!((error.reason(), packet.octets()), (Reason::Buffer, &inner[..]));
        }
    }
}

#[test]
fn the_callers_ingress_filter_sees_all_four_addresses_and_decides() {
    let octets = packet4(v4(P), v4(R), &packet6(v6(P6), v6(R6)));
    let mut packet = buffer(&octets);
    let mut seen = None;
    let outcome = border().decapsulate_if(&mut packet, |arrival| {
        seen = Some(*arrival);
        false
    });
    assert_eq!((outcome.err(), packet.octets()), (Some(Error::IngressFilter), &octets[..]));
    let expected = Arrival { outer_source: v4(P), outer_destination: v4(R), source: v6(P6), destination: v6(R6) };
    assert_eq!(seen, Some(expected));
    assert!(border().decapsulate_if(&mut packet, |_| true).is_ok());
}

#[test]
fn multicast_passes_where_a_site_wants_it() {
    let group = "ff0e::1234";
    let special = |place| Error::SpecialIpv6 { place, address: v6(group), block: Ipv6Block::Multicast };
    assert_eq!(arrive(&border(), (P, R), (P6, group)), Err(special(Place::Destination)));
    let policy = Policy { multicast: true, ..Policy::RFC_3964 };
    let router = Router { policy, relay: Some(v4(X)), ..border() };
    let taken = arrive(&router, (P, R), (P6, group)).unwrap();
    assert!(!taken.to_native);
    assert_eq!(leave(&router, (R6, group)).unwrap().destination, v4(X));
    assert_eq!(arrive(&router, (P, R), (group, R6)), Err(special(Place::Source)));
    assert_eq!(leave(&router, (group, P6)), Err(special(Place::Source)));
}

#[test]
fn the_codec_profile_takes_what_there_is_to_take() {
    let router = Router::new(v4("10.0.0.1"), Policy::CODEC).unwrap();
    for inner in [("fe80::1", "ff02::1"), ("::1", R6), (N, N2), ("2002:7f00:1::", "2002:ffff:ffff::1")] {
        assert!(arrive(&router, ("0.0.0.0", "255.255.255.255"), inner).is_ok(), "{inner:?}");
    }
    assert_eq!(leave(&router, ("::1", "2002:ffff:ffff::1")).unwrap().destination, v4("255.255.255.255"));
    assert_eq!(leave(&router, ("::1", N)), Err(Error::NoRelay));
    let router = Router { relay: Some(v4("0.0.0.0")), ..router };
    assert_eq!(leave(&router, ("::1", N)).unwrap().destination, v4("0.0.0.0"));
    for policy in [Policy::RFC_3964, Policy::STRICT] {
        assert!(Router::new(v4("10.0.0.1"), policy).is_err());
    }
}

#[test]
fn a_6rd_customer_and_its_border_relay_agree() {
    let domain = Domain::new("2001:db8::/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()).unwrap();
    let relays = [v4("10.0.0.1")];
    let customer = Router::in_domain(domain, v4("10.100.100.1"), Policy::SIX_RD).unwrap();
    let customer = Router { relay: Some(v4("10.0.0.1")), relays: Some(&relays), ..customer };
    let border_relay = Router::in_domain(domain, v4("10.0.0.1"), Policy::SIX_RD).unwrap();
    let border_relay = Router { role: Role::Relay, ..border_relay };
    assert_eq!((customer.domain(), customer.v4addr()), (domain, v4("10.100.100.1")));
    let (own, outside) = ("2001:db8:6464:100::1", "2a00::1");
    // Out to native by the border relay, in from it, and straight to a neighbour.
    assert_eq!(leave(&customer, (own, outside)).unwrap().destination, v4("10.0.0.1"));
    assert!(arrive(&border_relay, ("10.100.100.1", "10.0.0.1"), (own, outside)).unwrap().to_native);
    assert_eq!(leave(&border_relay, (outside, own)).unwrap().destination, v4("10.100.100.1"));
    assert!(arrive(&customer, ("10.0.0.1", "10.100.100.1"), (outside, own)).is_ok());
    assert_eq!(leave(&customer, (own, "2001:db8:101:100::1")).unwrap().destination, v4("10.1.1.1"));
    // RFC 5969 9.2 and 12: the embedded source must be the outer one; only border relays send native sources; only the own prefix comes in.
    let spoofed = Error::SourceMismatch { embedded: v4("10.1.1.1"), outer: v4("10.2.2.2") };
    assert_eq!(arrive(&customer, ("10.2.2.2", "10.100.100.1"), ("2001:db8:101:100::1", own)), Err(spoofed));
    let unknown = Error::UnknownRelay { outer: v4("10.2.2.2") };
    assert_eq!(arrive(&customer, ("10.2.2.2", "10.100.100.1"), (outside, own)), Err(unknown));
    let other = Error::DestinationMismatch { embedded: v4("10.1.1.1"), outer: v4("10.100.100.1") };
    assert_eq!(arrive(&customer, ("10.0.0.1", "10.100.100.1"), (outside, "2001:db8:101:100::1")), Err(other));
    // No 6to4 address of a private router comes through a 6rd tunnel either (RFC 3964 5.3.2).
    let private = Error::SpecialIpv4 { place: Place::Source, address: v4("10.0.0.9"), block: Ipv4Block::Private };
    assert_eq!(arrive(&customer, ("10.0.0.1", "10.100.100.1"), ("2002:a00:9::1", own)), Err(private));
    let multicast = Error::SpecialIpv4 { place: Place::Site, address: v4("224.0.0.1"), block: Ipv4Block::Multicast };
    assert_eq!(Router::in_domain(domain, v4("224.0.0.1"), Policy::SIX_RD).err(), Some(multicast));
    assert_eq!(Router::in_domain(domain, v4("11.0.0.1"), Policy::SIX_RD).err(), Some(Error::NotInDomain));
}

#[test]
fn the_profiles_are_what_their_table_says() {
    let of =
        |policy: Policy| (policy.ipv4, policy.ipv6, policy.consistency, policy.loops, policy.nested_tunnels, policy.checksum);
    assert_eq!(of(Policy::CODEC), (Ipv4Check::None, Ipv6Check::None, false, false, true, false));
    assert_eq!(of(Policy::RFC_3964), (Ipv4Check::Rfc3964, Ipv6Check::Rfc3964, true, true, false, true));
    assert_eq!(of(Policy::STRICT), (Ipv4Check::SpecialPurpose, Ipv6Check::SpecialPurpose, true, true, false, true));
    assert_eq!(of(Policy::SIX_RD), (Ipv4Check::Unicast, Ipv6Check::Rfc3964, true, true, false, true));
}
