use super::*;
use std::collections::BTreeSet;
use std::string::{String, ToString};

const F: Field = Field::Ipv6Option;

/// One of each error, with the field and offset that it must tell.
fn each() -> [(Error, Field, Option<u32>); 20] {
    let (field, offset, found, needed) = (F, 7, 1, 2);
    let at = Some(7);
    [
        (Error::Truncated { field, offset, found, needed }, F, at),
        (Error::Version { field, offset, found: 1, needed: 2 }, F, at),
        (Error::LengthTooSmall { field, offset, found, needed }, F, at),
        (Error::LengthBeyondBuffer { field, offset, found, needed }, F, at),
        (Error::Checksum { field, offset, found: 1, needed: 2 }, F, at),
        (Error::OptionLength { field, offset, found, needed }, F, at),
        (Error::OptionOverrun { field, offset, found, needed }, F, at),
        (Error::Value { field, offset, found, needed }, F, at),
        (Error::HopByHopNotFirst { offset, pointer: 6 }, Field::Ipv6NextHeader, at),
        (Error::HeaderBudget { offset, limit: 16 }, Field::Ipv6Extension, at),
        (Error::UnsupportedProtocol { field, offset, found }, F, at),
        (Error::NotReassembled { field, offset }, F, at),
        (Error::FragmentLength { field, offset, found }, F, at),
        (Error::FragmentBeyondDatagram { field, offset, found, needed }, F, at),
        (Error::FirstFragmentTooSmall { field, offset, found, needed }, F, at),
        (Error::HopLimitExceeded { field, offset, found: 1 }, F, at),
        (Error::FragmentationNeeded { found, mtu: 1280 }, Field::Mtu, None),
        (Error::BufferTooSmall { field, found, needed }, F, None),
        (Error::DoesNotFit { field, found, needed }, F, None),
        (Error::AddressFamily { field, found: 4, needed: 6 }, F, None),
    ]
}

#[test]
fn each_error_tells_its_field_and_offset() {
    for (error, field, offset) in each() {
        assert_eq!((error.field(), error.offset()), (field, offset), "{error:?}");
    }
}

#[test]
fn a_shift_moves_the_offset_and_nothing_else() {
    for (error, field, offset) in each() {
        let shifted = error.shifted(14);
        assert_eq!((shifted.field(), shifted.offset()), (field, offset.map(|offset| offset + 14)));
        assert_eq!(error.shifted(0), error);
    }
    let error = Error::HopByHopNotFirst { offset: 48, pointer: 40 }.shifted(14);
    assert_eq!(error, Error::HopByHopNotFirst { offset: 62, pointer: 54 });
    let (field, found, needed) = (F, 1, 2);
    let shifted = Error::Truncated { field, offset: u32::MAX, found, needed }.shifted(1);
    assert_eq!(shifted, Error::Truncated { field, offset: u32::MAX, found, needed });
}

#[test]
fn each_error_is_a_sentence_of_its_own() {
    let texts: BTreeSet<String> = each().iter().map(|(error, ..)| error.to_string()).collect();
    assert_eq!(texts.len(), each().len());
    let error = Error::Checksum { field: Field::TcpChecksum, offset: 16, found: 0xab, needed: 0x1234 };
    assert_eq!(error.to_string(), "TCP checksum at offset 16: 0x00ab found, 0x1234 needed");
    let error = Error::FragmentationNeeded { found: 1500, mtu: 1280 };
    assert_eq!(error.to_string(), "packet of 1500 octets is over the MTU of 1280 and may not be fragmented");
}

/// What each error of each family of protocols calls for: the sources are in the table of `Error::reaction`.
#[test]
fn reactions_follow_the_family_of_the_field() {
    let (offset, found, needed) = (9, 1, 2);
    let problem = Reaction::ParameterProblem { code: 0, pointer: 9 };
    for field in Field::ALL.iter().copied() {
        let family = field.protocol();
        let is_ip = matches!(family, Family::Ipv4 | Family::Ipv6);
        let expected = if is_ip { problem } else { Reaction::Discard };
        assert_eq!(Error::OptionLength { field, offset, found, needed }.reaction(), expected);
        assert_eq!(Error::OptionOverrun { field, offset, found, needed }.reaction(), expected);
        assert_eq!(Error::Value { field, offset, found, needed }.reaction(), expected);
        let v6_header = family == Family::Ipv6 && field != Field::Ipv6PayloadLength;
        let expected = if v6_header { problem } else { Reaction::Discard };
        assert_eq!(Error::LengthTooSmall { field, offset, found, needed }.reaction(), expected);
        assert_eq!(Error::LengthBeyondBuffer { field, offset, found, needed }.reaction(), expected);
        let expected = if family == Family::Ipv6 { problem } else { Reaction::Audit };
        assert_eq!(Error::FragmentLength { field, offset, found }.reaction(), expected);
        assert_eq!(Error::FragmentBeyondDatagram { field, offset, found, needed }.reaction(), expected);
        let chain = Reaction::ParameterProblem { code: 3, pointer: 0 };
        let expected = if family == Family::Ipv6 { chain } else { Reaction::Audit };
        assert_eq!(Error::FirstFragmentTooSmall { field, offset, found, needed }.reaction(), expected);
        let expected = match family {
            Family::Ipv6 => Reaction::ParameterProblem { code: 1, pointer: 9 },
            Family::Ipv4 => Reaction::Unreachable { code: 2 },
            _ => Reaction::Discard,
        };
        assert_eq!(Error::UnsupportedProtocol { field, offset, found }.reaction(), expected);
        assert_eq!(Error::Truncated { field, offset, found, needed }.reaction(), Reaction::Discard);
        assert_eq!(Error::Version { field, offset, found: 1, needed: 2 }.reaction(), Reaction::Discard);
        assert_eq!(Error::Checksum { field, offset, found: 1, needed: 2 }.reaction(), Reaction::Discard);
        assert_eq!(Error::HopLimitExceeded { field, offset, found: 1 }.reaction(), Reaction::TimeExceeded { code: 0 });
        assert_eq!(Error::NotReassembled { field, offset }.reaction(), Reaction::None);
        assert_eq!(Error::BufferTooSmall { field, found, needed }.reaction(), Reaction::None);
        assert_eq!(Error::DoesNotFit { field, found, needed }.reaction(), Reaction::None);
        assert_eq!(Error::AddressFamily { field, found: 4, needed: 6 }.reaction(), Reaction::None);
    }
    let error = Error::HopByHopNotFirst { offset: 48, pointer: 40 };
    assert_eq!(error.reaction(), Reaction::ParameterProblem { code: 1, pointer: 40 });
    assert_eq!(Error::HeaderBudget { offset: 1, limit: 2 }.reaction(), Reaction::Discard);
    assert_eq!(Error::FragmentationNeeded { found: 2, mtu: 1 }.reaction(), Reaction::PacketTooBig { mtu: 1 });
}

#[test]
fn every_field_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = Field::ALL.iter().map(|field| field.name()).collect();
    assert_eq!(names.len(), Field::ALL.len());
    assert_eq!(Field::Ipv4Ihl.to_string(), "IPv4 header length");
}

#[test]
fn a_length_over_32_bits_is_reported_as_the_largest() {
    assert_eq!((len32(0), len32(0xffff_ffff), len32(usize::MAX)), (0, u32::MAX, u32::MAX));
}
