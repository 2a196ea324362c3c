use super::*;
use ip_wire::Field;
use std::string::ToString;
use std::vec::Vec;

fn v4() -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, 4)
}

fn all() -> Vec<(Error, Reason, Reaction)> {
    let v6 = Ipv6Addr::LOCALHOST;
    let ip = |error| Error::Ip(error);
    let (block, embedding) = (Ipv4Block::Private, Embedding::Isatap);
    let special = |place| Error::SpecialIpv4 { place, address: v4(), block };
    let broadcast = |place| Error::Broadcast { place, address: v4() };
    let special6 = |place| Error::SpecialIpv6 { place, address: v6, block: Ipv6Block::Loopback };
    let (discard, audit, none) = (Reaction::Discard, Reaction::Audit, Reaction::None);
    let no_route = Reaction::Unreachable { code: 0 };
    std::vec![
        (ip(ip_wire::Error::Truncated { field: Field::Ipv4Header, offset: 0, found: 1, needed: 20 }), Reason::Malformed, discard),
        (ip(ip_wire::Error::Checksum { field: Field::Ipv4Checksum, offset: 10, found: 1, needed: 2 }), Reason::Checksum, discard),
        (ip(ip_wire::Error::NotReassembled { field: Field::Ipv4FragmentOffset, offset: 6 }), Reason::Fragment, none),
        (
            ip(ip_wire::Error::FragmentationNeeded { found: 1281, mtu: 1280 }),
            Reason::TooBig,
            Reaction::PacketTooBig { mtu: 1280 },
        ),
        (ip(ip_wire::Error::BufferTooSmall { field: Field::Headroom, found: 0, needed: 20 }), Reason::Buffer, none),
        (special(Place::OuterSource), Reason::SpecialOuterSource, discard),
        (special(Place::OuterDestination), Reason::SpecialOuterDestination, discard),
        (special(Place::NextHop), Reason::SpecialOuterDestination, discard),
        (special(Place::Source), Reason::SpecialSourceV4addr, discard),
        (special(Place::Destination), Reason::SpecialDestinationV4addr, discard),
        (special(Place::Site), Reason::Setting, discard),
        (broadcast(Place::OuterSource), Reason::BroadcastSource, discard),
        (broadcast(Place::Source), Reason::BroadcastSource, discard),
        (broadcast(Place::OuterDestination), Reason::BroadcastDestination, discard),
        (broadcast(Place::Destination), Reason::BroadcastDestination, discard),
        (broadcast(Place::NextHop), Reason::BroadcastDestination, discard),
        (special6(Place::Source), Reason::SpecialSource, discard),
        (special6(Place::Destination), Reason::SpecialDestination, discard),
        (Error::NotIpv6InIpv4 { found: Protocol::TCP }, Reason::Protocol, discard),
        (Error::NotForUs { found: v4() }, Reason::NotForUs, discard),
        (Error::SourceMismatch { embedded: v4(), outer: v4() }, Reason::SourceMismatch, audit),
        (Error::DestinationMismatch { embedded: v4(), outer: v4() }, Reason::DestinationMismatch, discard),
        (Error::SourceNotOurs { embedded: v4(), own: v4() }, Reason::SourceNotOurs, discard),
        (Error::ToOurselves { address: v4() }, Reason::ToOurselves, discard),
        (Error::NativeToNative, Reason::NativeToNative, discard),
        (Error::NotARelay(Place::Source), Reason::NotARelay, discard),
        (Error::UnknownRelay { outer: v4() }, Reason::UnknownRelay, discard),
        (Error::NoRelay, Reason::NoRelay, no_route),
        (Error::NextHop(v6), Reason::NoRelay, no_route),
        (Error::Loop { place: Place::Source, embedding, address: v4() }, Reason::Loop, audit),
        (Error::Nested(Protocol::IPV6), Reason::Nested, audit),
        (Error::IngressFilter, Reason::IngressFilter, discard),
        (Error::Congestion, Reason::Congestion, discard),
        (Error::MoreSpecific { len: 48 }, Reason::Setting, none),
        (Error::NotInDomain, Reason::Setting, none),
        (Error::PrefixLength { found: 129, needed: 128 }, Reason::Setting, none),
        (Error::Mtu { found: 1279, least: 1280, most: 65_515 }, Reason::Setting, none),
    ]
}

#[test]
fn every_error_has_its_reason_and_its_reaction() {
    for (error, reason, reaction) in all() {
        assert_eq!((error.reason(), error.reaction()), (reason, reaction), "{error}");
    }
}

#[test]
fn every_reason_is_some_errors() {
    for reason in Reason::ALL {
        assert!(all().iter().any(|(_, found, _)| found == reason), "{reason}");
    }
}

#[test]
fn an_error_is_small_and_says_what_was_found() {
    assert!(size_of::<Error>() <= 24, "{}", size_of::<Error>());
    for (error, text) in [
        (
            Error::SpecialIpv4 { place: Place::OuterSource, address: Ipv4Addr::new(10, 0, 0, 1), block: Ipv4Block::Private },
            "outer source 10.0.0.1 is private (RFC 1918)",
        ),
        (
            Error::SourceMismatch { embedded: v4(), outer: Ipv4Addr::new(198, 51, 100, 7) },
            "inner source embeds 192.0.2.4, the outer source is 198.51.100.7",
        ),
        (
            Error::Loop { place: Place::Destination, embedding: Embedding::Isatap, address: v4() },
            "destination embeds this router's 192.0.2.4 as ISATAP: the packet would loop",
        ),
        (Error::NotIpv6InIpv4 { found: Protocol::IPV4 }, "protocol IPv4 (4), 41 needed"),
    ] {
        if let Error::NotIpv6InIpv4 { .. } = error {
            assert!(error.to_string().ends_with(", 41 needed"));
        } else {
            assert_eq!(error.to_string(), text);
        }
    }
    let mut places =
        [Place::OuterSource, Place::OuterDestination, Place::Source, Place::Destination, Place::NextHop, Place::Site]
            .map(|place| place.to_string())
            .to_vec();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 6);
    assert_eq!(Reason::SourceMismatch.to_string(), "source spoofed");
}
