use super::*;

#[test]
fn every_field_has_a_name_and_a_family() {
    let mut names: std::vec::Vec<_> = Field::ALL.iter().map(|field| field.name()).collect();
    assert!(names.iter().all(|name| !name.is_empty()));
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Field::ALL.len());
    assert_eq!((Field::EspPadding.family(), Field::AhIcv.family()), (Family::Esp, Family::Ah));
    assert_eq!((Field::UdpPort.family(), Field::Spi.family()), (Family::Natt, Family::Association));
    assert_eq!((Field::Mtu.family(), Field::Headroom.family()), (Family::Ip, Family::Local));
}

#[test]
fn an_error_has_24_octets_at_most() {
    assert!(size_of::<Error>() <= 24);
}

#[test]
fn errors_of_configuration_say_what_is_wrong() {
    let error = Error::DoesNotFit { field: Field::ReplayWindow, found: 7, needed: 6 };
    assert_eq!(std::format!("{error}"), "anti-replay window: 7 does not fit, at most 6 does");
    assert_eq!(error.field(), Some(Field::ReplayWindow));
    let error = Error::BufferTooSmall { field: Field::ReplayStorage, found: 8, needed: 16 };
    assert_eq!(std::format!("{error}"), "anti-replay window's storage: 16 octets of buffer needed, 8 given");
    assert_eq!(error.field(), Some(Field::ReplayStorage));
}

#[test]
fn what_the_icv_protects_is_told_by_no_error() {
    let error = Error::Authentication;
    assert_eq!((error.field(), error.offset(), error.reaction()), (None, None, Reaction::Audit));
    assert_eq!(std::format!("{error}"), "the packet is not authentic");
}

#[test]
fn each_error_has_the_reaction_of_its_kind() {
    let field = Field::Spi;
    let cases = [
        (Error::Truncated { field, offset: 1, found: 2, needed: 3 }, Reaction::Audit, Some(1)),
        (Error::Mismatch { field, offset: 4, found: 2, needed: 3 }, Reaction::Audit, Some(4)),
        (Error::Replayed { sequence: 9 }, Reaction::Audit, None),
        (Error::NotReassembled { field, offset: 6 }, Reaction::Audit, Some(6)),
        (Error::HeaderBudget { offset: 40, limit: 16 }, Reaction::Discard, Some(40)),
        (Error::SequenceExhausted, Reaction::Replace, None),
        (Error::Expired(Limit::Packets), Reaction::Replace, None),
        (Error::LeaseExhausted, Reaction::None, None),
        (Error::FragmentationNeeded { found: 1500, mtu: 1400 }, Reaction::PacketTooBig { mtu: 1400 }, None),
        (Error::BufferTooSmall { field, found: 1, needed: 2 }, Reaction::None, None),
        (Error::Unsafe(field), Reaction::None, None),
        (Error::Value { field, found: 1, needed: 2 }, Reaction::None, None),
        (Error::Reserved { field, found: 1, needed: 256 }, Reaction::None, None),
        (Error::AddressFamily { field, found: 4, needed: 6 }, Reaction::None, None),
        (Error::TableFull { field, limit: 1 }, Reaction::None, None),
        (Error::Conflict { field, found: 1 }, Reaction::None, None),
        (Error::Ip(ip_wire::Error::FragmentationNeeded { found: 9, mtu: 8 }), Reaction::PacketTooBig { mtu: 8 }, None),
    ];
    for (error, reaction, offset) in cases {
        assert_eq!((error.reaction(), error.offset()), (reaction, offset), "{error}");
        assert_eq!(error.shifted(10).offset(), offset.map(|offset| offset + 10), "{error}");
    }
}
