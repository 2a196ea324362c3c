use hex_literal::hex;
use proptest::prelude::*;
use std::string::ToString;
use std::vec;

use super::*;

fn name(name: &str) -> Name {
    Name::new(name).unwrap()
}

/// Every message by hand, without Length word and tag.
fn all() -> Vec<(Vec<u8>, Message<'static>)> {
    let (nonce, proof, session) = ([0x11; 32], [0x22; 32], 0x0102_0304_0506_0708);
    let (initiator, responder) = (name("one"), name("two2"));
    let names = hex!("03 6f6e65 04 74776f32");
    let number = hex!("0102030405060708");
    vec![
        ([&[1, 1][..], &names, &nonce].concat(), Message::Request { initiator, responder, nonce }),
        ([&[1, 2][..], &number, &nonce, &proof].concat(), Message::Challenge { session, nonce, proof }),
        ([&[1, 3][..], &proof].concat(), Message::Response { proof }),
        ([&[1, 4][..], &number, &nonce, &names].concat(), Message::Invite { session, nonce, initiator, responder }),
        ([&[1, 5][..], &nonce, &proof].concat(), Message::Reply { nonce, proof }),
        ([&[1, 6][..], &proof].concat(), Message::Confirm { proof }),
        (vec![1, 16, 0xab, 0xcd], Message::HostId(HostId(0xabcd))),
        (
            [&[1, 17, 0, 0, 1, 2][..], &[0x33; 16], b"ciphertext"].concat(),
            Message::Table { generation: 0x102, iv: [0x33; 16], ciphertext: b"ciphertext" },
        ),
        (vec![1, 18, 0, 0, 0, 9], Message::Installed { generation: 9 }),
        ([&[1, 19][..], &number, &[0, 0, 0, 7]].concat(), Message::Refresh { session, generation: 7 }),
        (vec![1, 20, 2], Message::Terminate { reason: TerminateReason::Revoked }),
    ]
}

#[test]
fn every_message_is_read_and_written_octet_for_octet() {
    for (octets, message) in all() {
        assert_eq!(Message::decode(&octets), Ok(message));
        let secured = message.kind() >= 16;
        assert_eq!((Message::is_secured(message.kind()), octets[1]), (secured, message.kind()));
        // The Length word counts the tag that goes behind.
        let len = octets.len() as u32 + if secured { 32 } else { 0 };
        assert_eq!(message.encode(), [&len.to_be_bytes()[..], &octets].concat());
        assert!(octets[1] == 17 || octets.len() <= MAX_SHORT_LEN);
    }
    let long = Name::new([b'x'; 64]).unwrap();
    let longest = Message::Invite { session: 1, nonce: [0; 32], initiator: long, responder: long };
    assert_eq!(longest.encode().len(), PREFIX_LEN + MAX_SHORT_LEN);
}

#[test]
fn a_message_that_ends_early_or_late_is_refused() {
    for (octets, message) in all() {
        let kind = message.kind();
        for len in 0..octets.len() {
            match Message::decode(&octets[..len]) {
                Err(Error::Truncated { field: Field::Message, .. }) => {}
                // Any octets are a ciphertext, for the one who has no key.
                Ok(Message::Table { .. }) => assert!(kind == 17 && len >= 22),
                other => panic!("{message:?} cut to {len}: {other:?}"),
            }
        }
        if kind != 17 {
            let (found, needed) = (octets.len() as u32 + 1, octets.len() as u32);
            let error = Error::Length { field: Field::MessageLength, offset: 0, found, needed };
            assert_eq!(Message::decode(&[&octets[..], &[0]].concat()), Err(error));
        }
    }
}

#[test]
fn versions_types_names_and_reasons_that_are_none_are_refused() {
    for version in 0..=255u8 {
        let octets = [version, 20, 1];
        let found = Message::decode(&octets);
        if version == 1 {
            assert_eq!(found, Ok(Message::Terminate { reason: TerminateReason::Finished }));
        } else {
            let error = Error::Mismatch { field: Field::MessageVersion, offset: 0, found: version.into(), needed: 1 };
            assert_eq!(found, Err(error));
        }
    }
    for kind in 0..=255u8 {
        let error = Error::Mismatch { field: Field::MessageType, offset: 1, found: kind.into(), needed: 1 };
        let is_known = matches!(kind, 1..=6 | 16..=20);
        assert_eq!(Message::decode(&[1, kind]) == Err(error), !is_known, "{kind}");
    }
    for reason in 0..=255u8 {
        let error = Error::Mismatch { field: Field::TerminateReason, offset: 2, found: reason.into(), needed: 1 };
        assert_eq!(Message::decode(&[1, 20, reason]).err(), Some(error).filter(|_| !(1..=3).contains(&reason)));
    }
    for len in [0u8, 65, 255] {
        let octets = [&[1, 1, len][..], &[b'a'; 300]].concat();
        let error = Error::Mismatch { field: Field::Name, offset: 2, found: len.into(), needed: 1 };
        assert_eq!(Message::decode(&octets), Err(error));
    }
}

#[test]
fn names_have_1_to_64_octets() {
    assert_eq!(Name::new(""), Err(Error::TooSmall { field: Field::Name, found: 0, needed: 1 }));
    assert_eq!(Name::new([1; 65]), Err(Error::DoesNotFit { field: Field::Name, found: 65, needed: 64 }));
    assert_eq!(Name::new([1; 300]), Err(Error::DoesNotFit { field: Field::Name, found: 300, needed: 64 }));
    assert_eq!(Name::new([1; 64]).unwrap().as_octets(), [1; 64]);
    let odd = Name::new([b'a', 0xff]).unwrap();
    assert_eq!((odd.to_string(), std::format!("{odd:?}")), ("a\\xff".to_string(), "Name(a\\xff)".to_string()));
    assert!(Name::new("a").unwrap() < Name::new("b").unwrap());
}

proptest! {
    #[test]
    fn what_is_read_is_written_again(octets in proptest::collection::vec(any::<u8>(), 0..200), kind in 0u8..22) {
        let octets = [&[1, kind][..], &octets].concat();
        if let Ok(message) = Message::decode(&octets) {
            prop_assert_eq!(&message.encode()[PREFIX_LEN..], &octets[..]);
        }
    }
}
