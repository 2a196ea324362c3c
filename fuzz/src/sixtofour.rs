//! 6to4: routers and classifier.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ip_wire::{PacketBuf, ipv4, ipv6};
use sixtofour::special::Ipv4Block;
use sixtofour::{Domain, Policy, Role, Router, SixToFourAddr, classify, embedded_v4};

/// A packet at every kind of router: what is refused stays as it was, what is taken obeys RFC 3964 5.2, and goes back through a router to the same octets.
pub fn sixtofour_decap(data: &[u8]) {
    for policy in [Policy::CODEC, Policy { checksum: false, ..Policy::RFC_3964 }, Policy::STRICT] {
        let own = match ipv4::View::parse(data) {
            Ok(view) => view.destination(),
            Err(_) => Ipv4Addr::new(8, 8, 8, 8),
        };
        let Ok(mut router) = Router::new(own, policy) else { continue };
        for role in [Role::Border, Role::Relay] {
            router.role = role;
            let mut packet = PacketBuf::new(data.to_vec(), 0, data.len()).expect("all of it");
            match router.decapsulate(&mut packet) {
                Err(error) => {
                    assert_eq!(packet.octets(), data);
                    let _ = (error.reason(), error.reaction(), error.to_string());
                }
                Ok(_) => {
                    let outer = ipv4::View::parse(data).expect("taken");
                    let inner = ipv6::View::parse(packet.octets()).expect("taken");
                    if policy.consistency {
                        let of = |address| SixToFourAddr::from_ipv6(address).map(SixToFourAddr::v4addr);
                        assert!(of(inner.source()).is_none_or(|v4addr| v4addr == outer.source()));
                        assert!(of(inner.destination()).is_none_or(|v4addr| v4addr == outer.destination()));
                        assert!(of(inner.source()).is_some() || of(inner.destination()).is_some());
                        assert!(Ipv4Block::of(outer.source()).is_none_or(|block| !block.is_refused_by_rfc_3964()));
                    }
                }
            }
        }
        // The same octets as an IPv6 packet.
        router.relay = Some(Ipv4Addr::new(9, 9, 9, 9));
        let mut storage = vec![0; 20];
        storage.extend_from_slice(data);
        let mut packet = PacketBuf::new(storage, 20, data.len()).expect("all of it");
        match router.encapsulate(&mut packet, 7) {
            Err(_) => assert_eq!(packet.octets(), data),
            Ok(done) => {
                let outer = ipv4::View::parse(packet.octets()).expect("made here");
                assert_eq!((outer.verify_checksum(), outer.destination()), (Ok(()), done.destination));
                assert_eq!(outer.payload(), &data[..outer.payload().len()]);
            }
        }
    }
}

/// Any address: what is global has no embedded address that is not, and 6to4 and 6rd domains find what they embed.
pub fn sixtofour_classify(data: &[u8]) {
    let Some((octets, rest)) = data.split_first_chunk::<16>() else { return };
    let address = Ipv6Addr::from(*octets);
    match classify(IpAddr::V6(address)) {
        Ok(()) => assert!(embedded_v4(address).all(|found| classify(IpAddr::V4(found.address)).is_ok())),
        Err(refused) => assert!(!refused.to_string().is_empty()),
    }
    if let Some(found) = SixToFourAddr::from_ipv6(address) {
        assert_eq!(SixToFourAddr::new(found.v4addr(), found.sla_id(), found.interface_id()).ipv6(), address);
        assert!(found.site().contains(address));
        assert_eq!(Domain::SIX_TO_FOUR.v4addr(address), Some(found.v4addr()));
    }
    let [prefix_len, mask_len, v4 @ ..] = rest else { return };
    let Some(v4) = v4.first_chunk::<4>().map(|octets| Ipv4Addr::from(*octets)) else { return };
    let (Ok(prefix), Ok(ipv4)) =
        (sixtofour::Ipv6Prefix::holding(address, *prefix_len), sixtofour::Ipv4Prefix::holding(v4, *mask_len))
    else {
        return;
    };
    if let Ok(domain) = Domain::new(prefix, ipv4) {
        let site = domain.site(v4).expect("in the domain");
        assert_eq!(domain.v4addr(site.address()), Some(v4));
        assert_eq!(domain.v4addr(site.last()), Some(v4));
    }
}
