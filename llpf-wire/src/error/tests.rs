use std::collections::BTreeSet;
use std::format;
use std::string::ToString;
use std::vec::Vec;

use super::*;
use crate::HostId;

#[test]
fn an_error_is_small_and_says_what_was_found_and_needed() {
    assert!(size_of::<Error>() <= 24);
    let error = Error::Mismatch { field: Field::Version, offset: 40, found: 2, needed: 1 };
    assert_eq!(error.to_string(), "AT version at offset 40: value 0x2, needed 0x1");
    assert_eq!((error.field(), error.offset(), error.shifted(20).offset()), (Some(Field::Version), Some(40), Some(60)));
    let index = KeyIndex::new(HostId(3), 4);
    assert_eq!(Error::OutsidePeriod { index }.to_string(), "key 3/4: used outside of its cryptoperiod");
    assert_eq!(Error::Authentication.to_string(), "not authentic");
}

#[test]
fn every_field_has_a_name_of_its_own() {
    let names: BTreeSet<_> = Field::ALL.iter().map(|field| field.name()).collect();
    assert_eq!(names.len(), Field::ALL.len());
    assert!(Field::ALL.iter().all(|field| format!("{field}") == field.name()));
}

#[test]
fn shifting_moves_the_offsets_of_all_errors_that_have_one() {
    let field = Field::Trailer;
    let ip = ip_wire::Error::Truncated { field: ip_wire::Field::Buffer, offset: 3, found: 0, needed: 1 };
    for error in [
        Error::Truncated { field, offset: 3, found: 0, needed: 1 },
        Error::Length { field, offset: 3, found: 0, needed: 1 },
        Error::Mismatch { field, offset: 3, found: 0, needed: 1 },
        Error::NotReassembled { field, offset: 3 },
        Error::Ip(ip),
    ] {
        assert_eq!((error.offset(), error.shifted(4).offset()), (Some(3), Some(7)));
    }
    assert_eq!(Error::Timeout.shifted(4), Error::Timeout);
}

#[test]
fn each_error_has_the_reaction_that_its_table_says() {
    let (trailer, message) = (Field::Trailer, Field::Message);
    let index = KeyIndex(1);
    let ip = |error| Error::Ip(error);
    for (reaction, errors) in [
        (
            Reaction::Audit,
            &[
                ip(ip_wire::Error::Version { field: ip_wire::Field::Ipv4Version, offset: 0, found: 5, needed: 4 }),
                Error::Truncated { field: trailer, offset: 0, found: 0, needed: 1 },
                Error::Length { field: trailer, offset: 0, found: 0, needed: 1 },
                Error::Mismatch { field: trailer, offset: 0, found: 0, needed: 1 },
                Error::NotReassembled { field: Field::Fragment, offset: 0 },
                Error::UnknownHost { index },
                Error::UnknownKey { index },
                Error::OutsidePeriod { index },
                Error::Authentication,
                Error::CongestionLoss,
                Error::Stale { found: 1, now: 9 },
            ][..],
        ),
        (Reaction::Refresh, &[Error::CycledThrough]),
        (Reaction::CallSetup, &[Error::CertificateExpired]),
        (
            Reaction::PacketTooBig { mtu: 1400 },
            &[
                Error::FragmentationNeeded { found: 1500, mtu: 1400 },
                ip(ip_wire::Error::FragmentationNeeded { found: 1500, mtu: 1400 }),
            ],
        ),
        (
            Reaction::EndSession,
            &[
                Error::Truncated { field: message, offset: 0, found: 0, needed: 1 },
                Error::Length { field: message, offset: 0, found: 0, needed: 1 },
                Error::Mismatch { field: message, offset: 0, found: 0, needed: 1 },
                Error::Unauthorised(Field::Initiator),
                Error::OutOfTurn { found: 1 },
                Error::Timeout,
                Error::Terminated(TerminateReason::Finished),
            ],
        ),
        (
            Reaction::None,
            &[
                ip(ip_wire::Error::BufferTooSmall { field: ip_wire::Field::Headroom, found: 0, needed: 20 }),
                Error::NotYet,
                Error::AddressFamily { field: Field::OuterSource, found: 4, needed: 6 },
                Error::BufferTooSmall { field: Field::Tailroom, found: 0, needed: 1 },
                Error::DoesNotFit { field: trailer, found: 2, needed: 1 },
                Error::TooSmall { field: Field::KeyCount, found: 0, needed: 1 },
                Error::KeyLength { field: Field::Key, found: 0, needed: 16 },
                Error::Randomness,
                Error::State,
            ],
        ),
    ] {
        for error in errors {
            assert_eq!(error.reaction(), reaction, "{error}");
        }
    }
}

#[test]
fn a_reason_to_terminate_has_its_number_and_its_words() {
    let reasons: Vec<_> = (0..=255).filter_map(TerminateReason::from_wire).collect();
    assert_eq!(reasons, [TerminateReason::Finished, TerminateReason::Revoked, TerminateReason::CertificateExpired]);
    assert_eq!(reasons.iter().map(|reason| *reason as u8).collect::<Vec<_>>(), [1, 2, 3]);
    let words: Vec<_> = reasons.iter().map(|reason| format!("{reason}")).collect();
    assert_eq!(words, ["finished", "revoked", "certificate expired"]);
}

#[test]
fn errors_name_the_field_that_they_are_about() {
    for (error, field) in [
        (Error::UnknownHost { index: KeyIndex(1) }, Some(Field::HostId)),
        (Error::UnknownKey { index: KeyIndex(1) }, Some(Field::KeyIndex)),
        (Error::OutsidePeriod { index: KeyIndex(1) }, Some(Field::KeyIndex)),
        (Error::CycledThrough, Some(Field::KeyTable)),
        (Error::NotYet, Some(Field::KeyTable)),
        (Error::FragmentationNeeded { found: 1, mtu: 2 }, Some(Field::Mtu)),
        (Error::OutOfTurn { found: 1 }, Some(Field::MessageType)),
        (Error::CertificateExpired, Some(Field::Certificate)),
        (Error::Stale { found: 1, now: 2 }, Some(Field::Timestamp)),
        (Error::Unauthorised(Field::Responder), Some(Field::Responder)),
        (Error::Authentication, None),
    ] {
        assert_eq!(error.field(), field);
    }
}
