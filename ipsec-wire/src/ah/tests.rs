use hex_literal::hex;
use std::vec::Vec;

use super::*;

#[test]
fn a_header_is_emitted_as_drawn_in_rfc_4302() {
    let header = Header { next_header: Protocol::TCP, spi: 0x0102, sequence_number: 7, icv_len: 12, alignment: 4 };
    let mut octets = [0xff; 30];
    assert_eq!(header.emit(&mut octets), Ok(24));
    assert_eq!(octets[..24], hex!("06 04 0000 00000102 00000007 000000000000000000000000"));
    assert_eq!(octets[24..], [0xff; 6]);
    let view = View::parse(&octets).unwrap();
    assert_eq!((view.next_header(), view.header_len(), view.spi(), view.sequence_number()), (Protocol::TCP, 24, 0x0102, 7));
}

#[test]
fn the_length_is_a_multiple_of_4_or_8_octets() {
    // RFC 4302 2.6: 12 + 16 octets are whole words of 32 bits, but not of 64.
    assert_eq!((header_len(12, 4), header_len(12, 8)), (24, 24));
    assert_eq!((header_len(16, 4), header_len(16, 8)), (28, 32));
    assert_eq!((header_len(24, 4), header_len(24, 8)), (36, 40));
    assert_eq!((header_len(32, 4), header_len(32, 8)), (44, 48));
    let header = Header { next_header: Protocol::UDP, spi: 256, sequence_number: 1, icv_len: 16, alignment: 8 };
    let mut octets = [0; 32];
    header.emit(&mut octets).unwrap();
    assert_eq!(octets[1], 6);
    for len in 0..32 {
        let error = Error::BufferTooSmall { field: Field::AhHeader, found: len, needed: 32 };
        assert_eq!(header.emit(&mut octets[..len as usize]), Err(error));
    }
}

/// What is covered of an IPv4 packet with options, at an end; AH with an ICV of 12 octets follows.
fn covered_v4(options: &[u8], end: End) -> Result<Vec<u8>, Error> {
    let header_len = 20 + options.len();
    let mut octets = hex!("45fe0000 1234e000 4033abcd c0000201 c6336407").to_vec();
    octets[0] += (options.len() / 4) as u8;
    octets[3] = (header_len + 24 + 2) as u8;
    octets.extend(options);
    octets.extend(hex!("11040000 00000100 00000001 a1a2a3a4a5a6a7a8a9aaabac beef"));
    let mut all = Vec::new();
    covered(&octets, header_len, (0, 12), None, end, &mut |piece| all.extend(piece))?;
    assert_eq!(all.len(), octets.len());
    assert_eq!(all[header_len..], hex!("11040000 00000100 00000001 000000000000000000000000 beef"));
    all.truncate(header_len);
    Ok(all)
}

#[test]
fn mutable_fields_of_the_ipv4_header_are_zero() {
    let all = covered_v4(&[], End::Sender).unwrap();
    assert_eq!(all, hex!("4500002e 12340000 00330000 c0000201 c6336407"));
    assert_eq!(all, covered_v4(&[], End::Receiver).unwrap());
}

#[test]
fn every_option_type_is_covered_or_zero_as_a_whole() {
    for kind in 0..=255u8 {
        let mut option = [kind, 8, 9, 1, 2, 3, 4, 5];
        if kind == 1 {
            // One octet; what follows are options of their own.
            option = [1; 8];
        }
        let all = covered_v4(&option, End::Receiver).unwrap();
        let kept = matches!(kind, 0 | 1 | 130 | 133 | 134 | 148 | 149);
        assert_eq!(all[20..], if kept { option } else { [0; 8] }, "{kind}");
    }
}

#[test]
fn a_no_operation_is_covered_and_the_option_behind_it_goes_by_its_own_type() {
    let all = covered_v4(&[1, 7, 3, 4, 148, 4, 0, 0, 1, 68, 2, 0xee], End::Receiver);
    // 68 has 2 octets; 0xee is an option type without a length.
    assert!(matches!(all, Err(Error::Truncated { field: Field::Ipv4Option, .. })), "{all:?}");
    let all = covered_v4(&[1, 7, 3, 4, 148, 4, 0, 0, 68, 2, 1, 1], End::Receiver).unwrap();
    assert_eq!(all[20..], [1, 0, 0, 0, 148, 4, 0, 0, 0, 0, 1, 1]);
}

#[test]
fn what_stands_behind_the_end_of_the_options_is_covered() {
    let all = covered_v4(&[7, 3, 4, 0, 7, 3, 4, 0xee], End::Receiver).unwrap();
    assert_eq!(all[20..], [0, 0, 0, 0, 7, 3, 4, 0xee]);
}

#[test]
fn options_that_cannot_be_are_refused() {
    let refused = |options: &[u8]| covered_v4(options, End::Receiver).unwrap_err();
    for len in [0, 1] {
        let error = Error::Length { field: Field::Ipv4Option, offset: 20, found: len, needed: 2 };
        assert_eq!(refused(&[7, len as u8, 4, 0]), error);
    }
    assert_eq!(refused(&[7, 5, 4, 0]), Error::Length { field: Field::Ipv4Option, offset: 20, found: 5, needed: 4 });
    for kind in [131, 137] {
        assert!(matches!(refused(&[kind, 6, 4, 1, 2, 3, 0, 0]), Error::Length { needed: 7, .. }));
        assert!(matches!(refused(&[kind, 3, 4, 0]), Error::Length { needed: 7, .. }));
    }
}

#[test]
fn the_sender_takes_the_last_address_of_a_source_route_for_the_destination() {
    let destination = |options: &[u8], end: End| covered_v4(options, end).unwrap()[16..20].to_vec();
    let final_hop = [10, 0, 0, 9];
    for kind in [131, 137] {
        for pointer in 0..=255u8 {
            let options = [kind, 11, pointer, 10, 0, 0, 8, 10, 0, 0, 9, 0];
            let expected = if pointer <= 11 { final_hop } else { [0xc6, 0x33, 0x64, 7] };
            assert_eq!(destination(&options, End::Sender), expected, "{kind} {pointer}");
            // The receiver has it in its header already.
            assert_eq!(destination(&options, End::Receiver), [0xc6, 0x33, 0x64, 7]);
        }
    }
    // Two source routes, which no standard allows: the last one counts.
    let two = [131, 7, 4, 10, 0, 0, 1, 137, 7, 4, 10, 0, 0, 2, 0, 0];
    assert_eq!(destination(&two, End::Sender), [10, 0, 0, 2]);
}

/// An IPv6 packet with these headers before AH, and where AH starts.
fn v6(first: u8, headers: &[u8]) -> (Vec<u8>, usize) {
    let mut octets = hex!("6abcdef1 0000 00 40").to_vec();
    octets[5] = (headers.len() + 24 + 2) as u8;
    octets[6] = first;
    octets.extend([0xaa; 16]);
    octets.extend([0xbb; 16]);
    octets.extend(headers);
    octets.extend(hex!("11040000 00000100 00000001 a1a2a3a4a5a6a7a8a9aaabac beef"));
    (octets, 40 + headers.len())
}

fn covered_v6(first: u8, headers: &[u8], end: End) -> Result<Vec<u8>, Error> {
    let (octets, at) = v6(first, headers);
    let mut all = Vec::new();
    covered(&octets, at, (0, 12), Some(0x0102_0304), end, &mut |piece| all.extend(piece))?;
    assert_eq!(all.len(), octets.len() + 4);
    assert_eq!(all[at..], hex!("11040000 00000100 00000001 000000000000000000000000 beef 01020304"));
    all.truncate(at);
    Ok(all)
}

#[test]
fn mutable_fields_of_the_ipv6_header_are_zero() {
    let all = covered_v6(51, &[], End::Receiver).unwrap();
    assert_eq!(all[..8], hex!("60000000 001a 33 00"));
    assert_eq!((&all[8..24], &all[24..40]), (&[0xaa; 16][..], &[0xbb; 16][..]));
}

#[test]
fn option_data_is_zero_by_the_bit_that_says_that_it_may_change() {
    for first in [0, 60] {
        for kind in 1..=255u8 {
            let header = [51, 0, kind, 4, 1, 2, 3, 4];
            let all = covered_v6(first, &header, End::Receiver).unwrap();
            let data = if kind & 0x20 != 0 { [0; 4] } else { [1, 2, 3, 4] };
            assert_eq!(all[40..44], header[..4], "{kind}");
            assert_eq!(all[44..], data, "{kind}");
        }
    }
}

#[test]
fn padding_options_are_covered_and_overruns_refused() {
    let header = [51, 0, 0, 0, 1, 0, 0, 0];
    assert_eq!(covered_v6(0, &header, End::Sender).unwrap()[40..], header);
    for (octets, needed) in [([51, 0, 0x22, 5, 0, 0, 0, 0], 6), ([51, 0, 0, 0, 0, 0, 0x22, 1], 2)] {
        assert!(matches!(covered_v6(0, &octets, End::Sender), Err(Error::Length { needed: n, .. }) if n == needed));
    }
    let error = covered_v6(60, &[51, 0, 0, 0, 0, 0, 0, 0x22], End::Sender).unwrap_err();
    assert_eq!(error, Error::Truncated { field: Field::Ipv6Option, offset: 47, found: 1, needed: 2 });
}

/// A routing header with three addresses of octets 1, 2 and 3.
fn routing(kind: u8, left: u8) -> Vec<u8> {
    let mut octets = std::vec![51, 6, kind, left, 0, 0, 0, 0];
    for address in 1..=3 {
        octets.extend([address; 16]);
    }
    octets
}

#[test]
fn a_type_0_routing_header_is_covered_as_its_last_node_sees_it() {
    for kind in [0, 2] {
        for left in 0..=3u8 {
            let all = covered_v6(43, &routing(kind, left), End::Sender).unwrap();
            let seen: Vec<u8> = all[48..].chunks(16).map(|address| address[0]).collect();
            let destination = all[24];
            let (expected, last): (&[u8], u8) = match left {
                0 => (&[1, 2, 3], 0xbb),
                1 => (&[1, 2, 0xbb], 3),
                2 => (&[1, 0xbb, 2], 3),
                _ => (&[0xbb, 1, 2], 3),
            };
            assert_eq!((seen.as_slice(), destination, all[43]), (expected, last, 0), "{kind} {left}");
        }
    }
}

#[test]
fn routes_that_cannot_be_predicted_are_refused() {
    let value = |offset: u32, found: u32, needed: u32| Error::Mismatch { field: Field::RoutingHeader, offset, found, needed };
    assert_eq!(covered_v6(43, &routing(0, 4), End::Sender), Err(value(43, 4, 3)));
    assert_eq!(covered_v6(43, &routing(0, 1), End::Receiver), Err(value(43, 1, 0)));
    for kind in [1, 3, 4, 255] {
        assert_eq!(covered_v6(43, &routing(kind, 1), End::Sender), Err(value(43, 1, 0)));
        let at_its_end = routing(kind, 0);
        assert_eq!(covered_v6(43, &at_its_end, End::Sender).unwrap()[40..], at_its_end);
    }
    let mut odd = routing(0, 1);
    odd[1] = 5;
    odd.truncate(48);
    assert_eq!(covered_v6(43, &odd, End::Sender), Err(value(41, 5, 4)));
}

#[test]
fn source_and_home_address_change_places() {
    // RFC 6275 6.4: computed as if the source were the home address, and the option held the care-of address.
    let mut header = std::vec![51, 2, 1, 2, 0, 0, 201, 16];
    header.extend([0xcc; 16]);
    for end in [End::Sender, End::Receiver] {
        let all = covered_v6(60, &header, end).unwrap();
        assert_eq!((&all[8..24], &all[48..64]), (&[0xcc; 16][..], &[0xaa; 16][..]));
        assert_eq!(all[46..48], [201, 16]);
    }
}

#[test]
fn fragments_and_long_chains_are_refused() {
    let error = covered_v6(44, &[51, 0, 0, 0, 0, 0, 0, 1], End::Receiver).unwrap_err();
    assert_eq!(error, Error::NotReassembled { field: Field::FragmentOffset, offset: 40 });
    let mut chain = Vec::new();
    for _ in 0..17 {
        chain.extend([60, 0, 1, 4, 0, 0, 0, 0]);
    }
    let last = chain.len() - 8;
    chain[last] = 51;
    let error = covered_v6(60, &chain, End::Receiver).unwrap_err();
    assert_eq!(error, Error::Ip(ip_wire::Error::HeaderBudget { offset: 168, limit: 16 }));
}

#[test]
fn the_iv_of_gmac_is_covered_as_it_is() {
    let (octets, at) = v6(51, &[]);
    let mut all = Vec::<u8>::new();
    covered(&octets, at, (8, 12), None, End::Receiver, &mut |piece| all.extend(piece)).unwrap();
    assert_eq!(all[at + 12..at + 24], hex!("a1a2a3a4a5a6a7a8 00000000"));
}
