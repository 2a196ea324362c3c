use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

use super::*;

#[test]
fn a_packet_lies_between_its_rooms() {
    let packet = PacketBuf::new([1u8, 2, 3, 4, 5, 6], 2, 3).unwrap();
    assert_eq!((packet.headroom(), packet.len(), packet.tailroom()), (2, 3, 1));
    assert_eq!((packet.octets(), packet.is_empty()), (&[3, 4, 5][..], false));
    assert_eq!(packet.into_storage(), [1, 2, 3, 4, 5, 6]);
    let packet = PacketBuf::empty([0u8; 6], 6).unwrap();
    assert_eq!((packet.headroom(), packet.len(), packet.tailroom(), packet.is_empty()), (6, 0, 0, true));
}

#[test]
fn a_packet_past_its_storage_is_refused() {
    let error = Error::BufferTooSmall { field: Field::Buffer, found: 6, needed: 7 };
    assert_eq!(PacketBuf::new([0u8; 6], 2, 5).unwrap_err(), error);
    assert_eq!(PacketBuf::empty([0u8; 6], 7).unwrap_err(), error);
    assert!(PacketBuf::new([0u8; 6], usize::MAX, usize::MAX).is_err());
    assert!(PacketBuf::new([0u8; 6], 2, 4).is_ok());
}

#[test]
fn each_end_grows_and_shrinks_within_its_room() {
    let mut packet = PacketBuf::new([1u8, 2, 3, 4, 5, 6], 2, 2).unwrap();
    assert_eq!(packet.push_front(3), Err(Error::BufferTooSmall { field: Field::Headroom, found: 2, needed: 3 }));
    assert_eq!(packet.push_back(3), Err(Error::BufferTooSmall { field: Field::Tailroom, found: 2, needed: 3 }));
    assert_eq!(packet.pop_front(3), Err(Error::Truncated { field: Field::Buffer, offset: 0, found: 2, needed: 3 }));
    assert_eq!(packet.pop_back(3), Err(Error::Truncated { field: Field::Buffer, offset: 0, found: 2, needed: 3 }));
    assert_eq!(packet.prepend(&[0; 3]), Err(Error::BufferTooSmall { field: Field::Headroom, found: 2, needed: 3 }));
    assert_eq!(packet.append(&[0; 3]), Err(Error::BufferTooSmall { field: Field::Tailroom, found: 2, needed: 3 }));
    assert_eq!(packet.octets(), [3, 4], "it stays as it was");
    assert_eq!(packet.push_front(1).unwrap(), [2]);
    assert_eq!(packet.push_back(1).unwrap(), [5]);
    assert_eq!(packet.octets(), [2, 3, 4, 5]);
    assert_eq!(packet.pop_front(2).unwrap(), [2, 3]);
    assert_eq!(packet.pop_back(1).unwrap(), [5]);
    assert_eq!((packet.octets(), packet.headroom(), packet.tailroom()), (&[4][..], 3, 2));
    packet.octets_mut()[0] = 9;
    packet.truncate(2);
    assert_eq!(packet.octets(), [9]);
    packet.truncate(0);
    assert!(packet.is_empty());
    assert_eq!(packet.headroom(), 3);
}

#[cfg(feature = "bytes")]
#[test]
fn bytes_are_frozen_without_their_rooms() {
    let mut packet = PacketBuf::with_rooms(b"payload", 3, 2);
    assert_eq!((packet.headroom(), packet.tailroom(), packet.octets()), (3, 2, &b"payload"[..]));
    packet.prepend(b"<").unwrap();
    packet.append(b">").unwrap();
    assert_eq!(packet.freeze(), &b"<payload>"[..]);
    let empty = PacketBuf::empty(bytes::BytesMut::zeroed(4), 4).unwrap();
    assert!(empty.freeze().is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Prepend(Vec<u8>),
    Append(Vec<u8>),
    PopFront(usize),
    PopBack(usize),
    Truncate(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let octets = || prop::collection::vec(any::<u8>(), 0..12);
    prop_oneof![
        octets().prop_map(Step::Prepend),
        octets().prop_map(Step::Append),
        (0usize..12).prop_map(Step::PopFront),
        (0usize..12).prop_map(Step::PopBack),
        (0usize..40).prop_map(Step::Truncate),
    ]
}

/// Runs the steps on a buffer and on a `Vec` with a count of the rooms beside it.
fn agrees<S: AsRef<[u8]> + AsMut<[u8]>>(mut packet: PacketBuf<S>, steps: &[Step]) -> Result<(), TestCaseError> {
    let (mut head, mut tail) = (packet.headroom(), packet.tailroom());
    let mut model = packet.octets().to_vec();
    for step in steps {
        match step {
            Step::Prepend(octets) => {
                let fits = octets.len() <= head;
                prop_assert_eq!(packet.prepend(octets).is_ok(), fits);
                if fits {
                    head -= octets.len();
                    model.splice(0..0, octets.iter().copied());
                }
            }
            Step::Append(octets) => {
                let fits = octets.len() <= tail;
                prop_assert_eq!(packet.append(octets).is_ok(), fits);
                if fits {
                    tail -= octets.len();
                    model.extend(octets);
                }
            }
            Step::PopFront(count) => {
                let fits = *count <= model.len();
                let expected: Option<Vec<u8>> = fits.then(|| model.drain(..count).collect());
                prop_assert_eq!(packet.pop_front(*count).ok(), expected.as_deref());
                head += expected.map_or(0, |octets| octets.len());
            }
            Step::PopBack(count) => {
                let fits = *count <= model.len();
                let expected = fits.then(|| model.split_off(model.len() - count));
                prop_assert_eq!(packet.pop_back(*count).ok(), expected.as_deref());
                tail += expected.map_or(0, |octets| octets.len());
            }
            Step::Truncate(len) => {
                tail += model.len().saturating_sub(*len);
                model.truncate(*len);
                packet.truncate(*len);
            }
        }
        prop_assert_eq!((packet.octets(), packet.len()), (&model[..], model.len()));
        prop_assert_eq!((packet.headroom(), packet.tailroom(), packet.is_empty()), (head, tail, model.is_empty()));
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_buffer_does_what_a_vec_does(steps in prop::collection::vec(any_step(), 0..40), head in 0usize..20, len in 0usize..20) {
        agrees(PacketBuf::new(vec![7; 40], head, len).unwrap(), &steps)?;
        let mut storage = [9u8; 40];
        agrees(PacketBuf::new(&mut storage[..], head, len).unwrap(), &steps)?;
        #[cfg(feature = "bytes")]
        agrees(PacketBuf::with_rooms(&vec![5; len], head, 20), &steps)?;
    }
}
