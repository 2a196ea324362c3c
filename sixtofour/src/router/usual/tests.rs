use super::*;
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use ip_wire::PacketBuf;
use ip_wire::tunnel::{DsModel, EcnMode, HopLimit};
use ip_wire::{Dscp, Ecn};

use crate::domain::Domain;
use crate::policy::{Ipv4Check, Ipv6Check, Policy};

fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn domains() -> Vec<Domain> {
    let domain = |prefix: &str, ipv4: &str| Domain::new(prefix.parse().unwrap(), ipv4.parse().unwrap()).unwrap();
    vec![
        Domain::SIX_TO_FOUR,
        domain("2001:db8::/32", "10.0.0.0/8"),
        domain("2a00::/24", "0.0.0.0/0"),
        // Sites that are longer than 64 bits, one that is the whole prefix, and prefixes that the policies refuse.
        domain("2a01:1:2:3::/64", "0.0.0.0/0"),
        domain("2a02::/16", "10.1.2.3/32"),
        domain("fe80::/10", "0.0.0.0/0"),
        domain("::/0", "0.0.0.0/0"),
        domain("2000::/3", "0.0.0.0/0"),
    ]
}

const V4: [&str; 15] = [
    "10.1.2.3",
    "10.1.2.4",
    "192.0.2.4",
    "198.51.100.7",
    "8.8.8.8",
    "8.8.8.9",
    "0.0.0.1",
    "127.0.0.1",
    "172.16.0.1",
    "192.168.0.255",
    "169.254.1.1",
    "192.88.99.1",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
];

/// Addresses of every kind that anything asks for, many with `own` in them.
fn addresses(domain: &Domain, own: Ipv4Addr) -> Vec<Ipv6Addr> {
    let site = |domain: &Domain, v4addr: Ipv4Addr| domain.site(v4addr).ok().map(|site| site.address().to_bits() | 1);
    let (own_bits, anywhere) = (u128::from(own.to_bits()), 0x2a00_0001_u128 << 96);
    let mut all: Vec<u128> = V4.iter().filter_map(|address| site(domain, v4(address))).collect();
    all.extend(V4.iter().filter_map(|address| site(&Domain::SIX_TO_FOUR, v4(address))));
    all.extend(domains().iter().filter_map(|domain| site(domain, own)));
    all.extend([anywhere | 1, anywhere | (0x5efe << 32) | own_bits, anywhere | (0x0200_5efe << 32) | own_bits]);
    all.extend([anywhere | (0x0100_5efe << 32) | own_bits, anywhere | (0x5eff << 32) | own_bits]);
    all.extend([(0x2001_0000 << 96) | (own_bits << 64), (0x2001_0000 << 96) | (!own_bits & 0xffff_ffff)]);
    all.extend([(0x2001_0001 << 96) | (own_bits << 64), (0x2001_0db9 << 96) | 7]);
    let firsts = [0, 1, 0x2000, 0x2003, 0x3fff, 0x5f00, 0xfc00, 0xfe7f, 0xfe80, 0xfebf, 0xfec0, 0xfeff, 0xff00, 0xffff];
    all.extend(firsts.map(|first: u128| (first << 112) | 5));
    all.sort_unstable();
    all.dedup();
    all.into_iter().map(Ipv6Addr::from_bits).collect()
}

fn policies() -> Vec<Policy> {
    let mut all = vec![Policy::CODEC, Policy::RFC_3964, Policy::STRICT, Policy::SIX_RD];
    all.push(Policy { consistency: false, ..Policy::RFC_3964 });
    all.push(Policy { multicast: true, ipv6: Ipv6Check::None, ..Policy::RFC_3964 });
    all.push(Policy { multicast: true, loops: false, ipv4: Ipv4Check::None, ..Policy::RFC_3964 });
    all.push(Policy { nested_tunnels: true, checksum: false, ipv4: Ipv4Check::SpecialPurpose, ..Policy::RFC_3964 });
    all
}

/// Routers of every policy, role and domain, with and without the lists that they can have.
fn each_router(mut then: impl FnMut(&Router<'_>)) {
    let lists = [v4("192.0.2.4"), v4("8.8.8.9")];
    let relays = [v4("8.8.8.8"), v4("198.51.100.7")];
    let known = [domains()[2]];
    for domain in domains() {
        for own in [v4("10.1.2.3"), v4("8.8.8.8"), v4("192.88.99.1")] {
            let Ok(plain) = Router::in_domain(domain, own, Policy::CODEC) else { continue };
            for policy in policies() {
                for role in [Role::Border, Role::Relay] {
                    let router = Router { policy, role, ..plain };
                    then(&router);
                    then(&Router { relay: Some(v4("198.51.100.7")), relays: Some(&relays), ..router });
                    then(&Router { relay: Some(v4("8.8.8.9")), addresses: &lists, broadcasts: &relays[1..], ..router });
                    then(&Router { relay: Some(own), broadcasts: &lists[1..], known_domains: &known, ..router });
                    then(&Router { relay: Some(v4("224.0.0.1")), broadcasts: &[own], addresses: &relays, ..router });
                }
            }
        }
    }
}

fn view_octets(source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    let mut octets = vec![0; 41];
    ipv6::Header::new(source, destination, Protocol::UDP, 1).unwrap().emit(&mut octets).unwrap();
    octets
}

#[test]
fn usual_routes_are_those_of_the_checks_for_addresses_of_every_kind() {
    let (mut usual, mut all) = (0, 0);
    each_router(|router| {
        let addresses = addresses(&router.domain, router.v4addr);
        for source in &addresses {
            for destination in &addresses {
                let octets = view_octets(*source, *destination);
                all += 1;
                if let Some(routed) = router.usual_route(&Inner::read(&octets).unwrap()) {
                    usual += 1;
                    let view = ipv6::View::parse(&octets).unwrap();
                    assert_eq!(router.route(&view, None), Ok(routed), "{router:?}");
                }
            }
        }
    });
    assert!(usual > 1000 && usual < all);
}

#[test]
fn usual_arrivals_are_those_of_the_checks_for_addresses_of_every_kind() {
    let (mut usual, mut all) = (0, 0);
    each_router(|router| {
        let addresses = addresses(&router.domain, router.v4addr);
        for (outer_source, outer_destination) in [
            (v4("8.8.8.9"), router.v4addr),
            (v4("198.51.100.7"), router.v4addr),
            (v4("10.1.2.4"), router.v4addr),
            (v4("8.8.8.9"), v4("192.0.2.4")),
            (v4("224.0.0.1"), router.v4addr),
            (router.v4addr, v4("8.8.8.9")),
        ] {
            for source in &addresses {
                for destination in &addresses {
                    let arrival = Arrival { outer_source, outer_destination, source: *source, destination: *destination };
                    all += 1;
                    if let Some(taken) = router.usual_accept(&arrival) {
                        usual += 1;
                        assert_eq!(router.accept_any(&arrival), Ok(taken), "{router:?} {arrival:?}");
                    }
                }
            }
        }
    });
    assert!(usual > 1000 && usual < all);
}

#[test]
fn what_routers_are_for_is_usual() {
    let six = |text: &str| -> Ipv6Addr { text.parse().unwrap() };
    let (own, other, native) = (six("2002:c000:204::1"), six("2002:c633:6407::1"), six("2a00::1"));
    let plain = Router::new(v4("192.0.2.4"), Policy::RFC_3964).unwrap();
    let border = Router { relay: Some(v4("192.88.99.1")), ..plain };
    let relay = Router { role: Role::Relay, ..plain };
    for (router, source, destination, end) in [
        (&border, own, other, "198.51.100.7"),
        (&border, own, native, "192.88.99.1"),
        (&relay, native, other, "198.51.100.7"),
        (&relay, own, other, "198.51.100.7"),
    ] {
        let routed = router.usual_route(&Inner::read(&view_octets(source, destination)).unwrap()).unwrap();
        assert_eq!((routed.destination, routed.deprecated_anycast), (v4(end), end == "192.88.99.1"));
    }
    let outer_destination = v4("192.0.2.4");
    for (router, outer_source, source, destination, taken) in [
        (&border, "198.51.100.7", other, own, (Sender::Site(v4("198.51.100.7")), false)),
        (&border, "203.0.113.9", native, own, (Sender::Relay(v4("203.0.113.9")), false)),
        (&relay, "198.51.100.7", other, native, (Sender::Site(v4("198.51.100.7")), true)),
    ] {
        let arrival = Arrival { outer_source: v4(outer_source), outer_destination, source, destination };
        assert_eq!(router.usual_accept(&arrival), Some(taken));
    }
    for protocol in [Protocol::TCP, Protocol::UDP, Protocol::ICMPV6] {
        let mut octets = view_octets(own, other);
        octets[6] = protocol.0;
        assert!(Inner::read(&octets).is_some());
    }
}

/// An IPv6 packet in an IPv4 one between two sites or a site and the world; nearly right.
#[derive(Debug, Clone)]
struct Damage {
    /// Octet and what it is combined with.
    flips: Vec<(usize, u8)>,
    /// Octets added (or taken away) behind the packet.
    behind: i8,
    /// Words of options.
    options: u8,
    /// Whether the header checksum is made right after that.
    mended: bool,
}

fn damage() -> impl Strategy<Value = Damage> {
    let octet = prop_oneof![Just(1u8), Just(0x80), Just(0x40), Just(0x20), any::<u8>()];
    // Headers more often than what is behind them, and what decides more often still.
    let at = prop_oneof![0..80usize, 0..28usize, Just(26), Just(6), Just(7), Just(9), Just(3), Just(25)];
    let flips = prop_oneof![2 => proptest::collection::vec((at, octet), 0..3), 1 => Just(vec![])];
    (flips, -3..4i8, prop_oneof![5 => Just(0u8), 1 => 1..11u8], prop_oneof![4 => Just(true), 1 => Just(false)])
        .prop_map(|(flips, behind, options, mended)| Damage { flips, behind, options, mended })
}

fn tunnelled(own: bool, payload: usize, ds: (u8, u8), damage: &Damage) -> Vec<u8> {
    let source = if own { "2002:c633:6407::1" } else { "2a00::1" };
    let mut inner = vec![0x5a; 40 + payload];
    let mut header =
        ipv6::Header::new(source.parse().unwrap(), "2002:c000:204::1".parse().unwrap(), Protocol::UDP, payload).unwrap();
    header.ds.0 = ds.0;
    header.emit(&mut inner).unwrap();
    let options = usize::from(damage.options) * 4;
    let mut octets = vec![1; 20 + options];
    let mut header = ipv4::Header::new(v4("198.51.100.7"), v4("192.0.2.4"), Protocol::IPV6, options + inner.len()).unwrap();
    header.ds.0 = ds.1;
    header.emit(&mut octets).unwrap();
    octets[0] += damage.options;
    octets.extend(inner);
    for (at, octet) in &damage.flips {
        if let Some(place) = octets.get_mut(*at) {
            *place ^= octet;
        }
    }
    pad(&mut octets, damage.behind);
    if damage.mended {
        if let Ok(mut view) = ipv4::ViewMut::parse_lax(&mut octets).map(ip_wire::Reading::into_view) {
            view.fill_checksum();
        }
    }
    octets
}

/// Puts octets behind a packet, or takes some away.
fn pad(octets: &mut Vec<u8>, behind: i8) {
    octets.resize(octets.len().saturating_add_signed(behind.into()), 9);
}

fn buffer(octets: &[u8], headroom: usize) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0xee; headroom];
    storage.extend(octets);
    storage.extend([0xee; 4]);
    PacketBuf::new(storage, headroom, octets.len()).unwrap()
}

fn router(policy: usize, relay: bool, ds: usize) -> Router<'static> {
    let router = Router::new(v4("192.0.2.4"), Policy::CODEC).unwrap();
    let models = [DsModel::Uniform, DsModel::Pipe(Dscp::AF11), DsModel::ShortPipe(Dscp::EF)];
    Router {
        policy: policies()[policy],
        role: if relay { Role::Relay } else { Role::Border },
        relay: Some(v4("192.88.99.1")),
        ds_ingress: models[ds],
        ds_egress: models[ds],
        ecn_mode: if ds == 0 { EcnMode::Normal } else { EcnMode::Compatibility },
        ttl: if ds == 2 { HopLimit::Copy } else { HopLimit::Fixed(9) },
        dont_fragment: ds == 1,
        ..router
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_packet_that_comes_in_is_the_same_both_ways(
        own: bool, payload in 0..4usize, ds: (u8, u8), damage in damage(), policy in 0..8usize, relay: bool, model in 0..3usize,
    ) {
        let octets = tunnelled(own, payload, ds, &damage);
        let router = router(policy, relay, model);
        let usual = router.usual_arrival(&octets);
        if let Some(seen) = usual {
            prop_assert_eq!(router.any_arrival(&octets), Ok(seen));
        }
        if damage.flips.is_empty() && damage.behind >= 0 && damage.options == 0 && payload > 0 && router.policy == Policy::RFC_3964 {
            prop_assert!(usual.is_some());
        }
        let mut packet = buffer(&octets, 0);
        match (router.decapsulate(&mut packet), router.any_arrival(&octets)) {
            (Ok(done), Ok(seen)) => {
                prop_assert_eq!((done.sender, done.to_native), (seen.sender, seen.to_native));
                let mut expected = octets[seen.start..seen.start + seen.len].to_vec();
                let (dscp, _) = router.ds_egress.egress(seen.outer.dscp(), seen.inner.dscp());
                let found = ipv6::View::parse(packet.octets()).unwrap();
                prop_assert_eq!(found.dscp(), dscp);
                ipv6::ViewMut::parse(&mut expected).unwrap().set_ds(found.ds());
                prop_assert_eq!(packet.octets(), &expected[..]);
            }
            (Err(error), seen) => {
                prop_assert_eq!((packet.octets(), packet.headroom()), (&octets[..], 0));
                match seen {
                    Err(expected) => prop_assert_eq!(error, expected),
                    Ok(seen) => prop_assert!(error == crate::Error::Congestion && seen.outer.ecn() == Ecn::Ce),
                }
            }
            (Ok(_), Err(error)) => prop_assert!(false, "taken in spite of {error}"),
        }
    }

    #[test]
    fn a_packet_that_goes_out_is_the_same_both_ways(
        payload in prop_oneof![0..4usize, 1238..1243usize], ds: (u8, u8), damage in damage(), identification: u16, policy in 0..8usize,
        model in 0..3usize, headroom in prop_oneof![Just(20usize), 18..24usize], native: bool,
    ) {
        // From the site of 192.0.2.4, with the damage of the headers where the IPv6 packet is.
        let sound = Damage { flips: vec![], behind: 0, options: 0, mended: true };
        let mut octets = tunnelled(true, payload, ds, &sound)[20..].to_vec();
        let (source, destination) = octets[8..40].split_at_mut(16);
        source.swap_with_slice(destination);
        if native {
            octets[24..26].copy_from_slice(&[0x2a, 0]);
        }
        for (at, octet) in &damage.flips {
            if let Some(place) = octets.get_mut(at.saturating_sub(20)) {
                *place ^= octet;
            }
        }
        pad(&mut octets, damage.behind);
        let router = router(policy, false, model);
        let (mut one, mut other) = (buffer(&octets, headroom), buffer(&octets, headroom));
        let outcome = router.encapsulate(&mut one, identification);
        prop_assert_eq!(outcome, router.put_header(&mut other, None, identification));
        prop_assert_eq!((one.octets(), one.headroom()), (other.octets(), other.headroom()));
        if outcome.is_err() {
            prop_assert_eq!((one.octets(), one.headroom()), (&octets[..], headroom));
        }
        if let Some(inner) = Inner::read(&octets) {
            let view = ipv6::View::parse(&octets).unwrap();
            prop_assert_eq!((inner.source, inner.destination), (view.source(), view.destination()));
            prop_assert_eq!((inner.len(), inner.ds, inner.hop_limit), (40 + view.payload().len(), view.ds(), view.hop_limit()));
            if let Some(routed) = router.usual_route(&inner) {
                prop_assert_eq!(router.route(&view, None), Ok(routed));
            }
        }
    }
}
