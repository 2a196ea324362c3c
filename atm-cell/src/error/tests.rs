use std::collections::HashSet;
use std::string::ToString;

use super::*;

#[test]
fn every_field_has_a_name_of_its_own() {
    let names: HashSet<&str> = Field::ALL.iter().map(|field| field.name()).collect();
    assert_eq!(names.len(), Field::ALL.len());
    for field in Field::ALL {
        assert_eq!(field.to_string(), field.name());
        assert!(!field.name().is_empty());
    }
}

#[test]
fn errors_print_as_sentences_with_what_was_found_and_needed() {
    let field = Field::Aal5Length;
    let table = [
        (Error::Truncated { field, offset: 1, found: 2, needed: 3 }, "AAL5 Length at offset 1: 3 octets needed, 2 found"),
        (Error::Checksum { field, offset: 1, found: 0x20, needed: 0x30 }, "AAL5 Length at offset 1: 0x20 found, 0x30 needed"),
        (Error::Length { field, offset: 1, found: 2, needed: 3 }, "AAL5 Length at offset 1: length 2, needed 3"),
        (Error::Value { field, offset: 1, found: 2, needed: 3 }, "AAL5 Length at offset 1: value 0x2, needed 0x3"),
        (Error::Unsupported { field, offset: 1, found: 2 }, "AAL5 Length at offset 1: 0x2 is not read here"),
        (Error::BufferTooSmall { field, found: 2, needed: 3 }, "AAL5 Length: 3 octets of buffer needed, 2 given"),
        (Error::DoesNotFit { field, found: 3, needed: 2 }, "AAL5 Length: 3 does not fit, at most 2 does"),
        (Error::TableFull { field, limit: 4 }, "AAL5 Length: the table's 4 entries are taken"),
        (Error::Conflict { field, found: 4 }, "AAL5 Length: 0x4 is in use already"),
        (Error::NotFound { field, found: 4 }, "AAL5 Length: 0x4 is not in the table"),
        (Error::Reserved { field, found: 4, needed: 32 }, "AAL5 Length: 0x4 is reserved, the first usable one is 0x20"),
    ];
    for (error, text) in table {
        assert_eq!(error.to_string(), text);
        assert_eq!(error.field(), field);
        let parse = matches!(
            error,
            Error::Truncated { .. }
                | Error::Checksum { .. }
                | Error::Length { .. }
                | Error::Value { .. }
                | Error::Unsupported { .. }
        );
        assert_eq!(error.offset(), parse.then_some(1));
        assert_eq!(error.shifted(10).offset(), parse.then_some(11));
        assert_eq!(error.shifted(10).field(), field);
        assert_eq!(error.reaction(), if parse { Reaction::DiscardPdu } else { Reaction::None });
    }
    let error = Error::Unsupported { field, offset: u32::MAX - 1, found: 0 };
    assert_eq!(error.shifted(5).offset(), Some(u32::MAX));
}

#[test]
fn reactions_are_those_of_the_field_s_layer() {
    for field in Field::ALL {
        let reaction = Error::Unsupported { field: *field, offset: 0, found: 0 }.reaction();
        let expected = match field.family() {
            Family::Cell | Family::Oam | Family::Aal1 | Family::Aal34 => Reaction::DiscardCell,
            Family::Aal5 | Family::Llc | Family::AtmArp | Family::Link => Reaction::DiscardPdu,
            Family::Local => Reaction::None,
        };
        assert_eq!(reaction, expected, "{field}");
    }
    assert_eq!(Field::Hec.family(), Family::Cell);
    assert_eq!(Field::OamCrc.family(), Family::Oam);
    assert_eq!(Field::SnapOui.family(), Family::Llc);
    assert_eq!(Field::AtmArpOperation.family(), Family::AtmArp);
}

#[test]
fn a_length_that_does_not_fit_is_the_largest_that_does() {
    assert_eq!(len32(7), 7);
    #[cfg(target_pointer_width = "64")]
    assert_eq!(len32(usize::MAX), u32::MAX);
}
