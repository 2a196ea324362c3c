use super::*;
use hex_literal::hex;
use std::collections::HashSet;
use std::string::ToString;
use std::vec;
use std::vec::Vec;

fn params(offset: u8, length: u8) -> PsidParams {
    PsidParams::new(offset, length).unwrap()
}

#[test]
fn there_are_153_pairs_of_parameters() {
    let all: Vec<_> = PsidParams::all().collect();
    assert_eq!((all.len(), all.iter().collect::<HashSet<_>>().len()), (153, 153));
    for offset in 0..=255u8 {
        for length in 0..=255u8 {
            let expected = u32::from(offset) + u32::from(length) <= 16;
            match PsidParams::new(offset, length) {
                Ok(params) => {
                    assert!(expected && all.contains(&params));
                    assert_eq!(<(u8, u8)>::from(params), (offset, length));
                    assert_eq!(PsidParams::try_from((offset, length)), Ok(params));
                }
                Err(Error::Parameter { parameter: Parameter::OffsetAndLength, found, least: 0, most: 16 }) => {
                    assert!(!expected && found == u32::from(offset) + u32::from(length));
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn the_psids_of_all_parameters_partition_the_ports() {
    for params in PsidParams::all() {
        let (a, k) = (u32::from(params.offset()), u32::from(params.length()));
        let m = 16 - a - k;
        let mut owner = vec![None; 65_536];
        let mut sets = 0u32;
        for (psid, set) in params.sets().enumerate() {
            sets += 1;
            // Counts as the formula, nth and index_of inverse to each other.
            let count = (1u32 << (16 - k)) - if a > 0 { 1 << m } else { 0 };
            assert_eq!((set.count(), params.ports_per_set()), (count, count), "{params:?}");
            let mut last = None;
            for n in 0..count {
                let port = set.nth(n).unwrap();
                assert!(last < Some(port), "ascending");
                last = Some(port);
                assert_eq!(set.index_of(port), Some(n));
                assert_eq!(owner[usize::from(port)].replace(psid as u16), None, "{params:?} {port}");
            }
            assert_eq!((set.nth(count), set.nth(u32::MAX)), (None, None));
        }
        assert_eq!(sets, 1 << k);
        for port in 0..=u16::MAX {
            // RFC 7597 5.1: the first a bits say whether it is excluded, the next k which set it is in.
            let bits = u32::from(port);
            let excluded = a > 0 && bits >> (16 - a) == 0;
            let expected = (!excluded).then_some((bits >> m & ((1 << k) - 1)) as u16);
            assert_eq!((owner[usize::from(port)], params.psid_of(port)), (expected, expected), "{params:?} {port}");
            assert_eq!(params.excluded().is_some_and(|range| range.contains(port)), excluded);
        }
    }
}

#[test]
fn ports_of_a_psid_are_in_its_set_alone() {
    for params in [params(6, 8), params(0, 6), params(4, 4), params(1, 15), params(0, 0), params(0, 16)] {
        for set in params.sets() {
            let (_, psid) = set.psid().unwrap();
            for port in 0..=u16::MAX {
                assert_eq!(set.contains(port), params.psid_of(port) == Some(psid));
                assert_eq!(set.index_of(port).is_some(), set.contains(port));
            }
            if params.length() > 8 && psid > 20 {
                break;
            }
        }
    }
}

#[test]
fn the_examples_of_rfc_7597_hold() {
    // Appendix A: a = 6, k = 8, PSID 0x34.
    let of_example = params(6, 8).set(0x34).unwrap();
    let ranges: Vec<_> = of_example.ranges().map(|range| range.to_string()).collect();
    assert_eq!(ranges[..2], ["1232-1235", "2256-2259"]);
    assert_eq!(ranges[61..], ["63696-63699", "64720-64723"]);
    assert_eq!((ranges.len(), of_example.count(), params(6, 8).contiguous()), (63, 252, 2));
    assert_eq!(params(6, 8).psid_of(1232), Some(0x34));
    // Appendix B.2.
    let ranges: Vec<_> = params(6, 8).set(0).unwrap().ranges().map(|range| range.to_string()).collect();
    assert_eq!((ranges[0].as_str(), ranges[62].as_str()), ("1024-1027", "64512-64515"));
    let ranges: Vec<_> = params(0, 6).set(0).unwrap().ranges().map(|range| range.to_string()).collect();
    assert_eq!(ranges, ["0-1023"]);
    assert_eq!([0, 1023, 1024, 65535].map(|port| params(6, 8).psid_of(port)), [None, None, Some(0), Some(255)]);
    assert_eq!(params(6, 8).sharing_ratio(), 256);
    assert_eq!(params(6, 8).excluded().unwrap().to_string(), "0-1023");
    assert_eq!(params(16, 0).excluded().unwrap().to_string(), "0-0");
    assert_eq!(params(0, 16).excluded(), None);
}

#[test]
fn a_psid_has_k_bits() {
    assert!(params(6, 8).set(255).is_ok());
    let error = Error::Parameter { parameter: Parameter::Psid, found: 256, least: 0, most: 255 };
    assert_eq!((params(6, 8).set(256), params(6, 8).to_left_aligned(256)), (Err(error), Err(error)));
    assert_eq!(params(6, 0).max_psid(), 0);
    assert_eq!(params(0, 16).max_psid(), 65_535);
    let error = Error::Parameter { parameter: Parameter::Psid, found: 1, least: 0, most: 0 };
    assert_eq!(params(6, 0).set(1), Err(error));
}

#[test]
fn dhcp_has_the_psid_left_aligned() {
    // RFC 7598 4.5: k bits at the left, 16 - k bits of padding.
    for params in PsidParams::all() {
        for psid in [0, 1, params.max_psid() / 2, params.max_psid()] {
            let psid = psid.min(params.max_psid());
            let field = params.to_left_aligned(psid).unwrap();
            let expected = u32::from(psid) << (16 - u32::from(params.length()));
            assert_eq!(u32::from(field), expected & 0xffff, "{params:?}");
            assert_eq!(params.from_left_aligned(field), Ok(psid));
            if (1..16).contains(&params.length()) {
                let error = Error::NotZero { parameter: Parameter::Psid, found: u32::from(field | 1) };
                assert_eq!(params.from_left_aligned(field | 1), Err(error));
            }
        }
    }
    // Without bits of PSID the field is to be ignored.
    assert_eq!(params(6, 0).from_left_aligned(0xffff), Ok(0));
}

#[test]
fn the_port_parameters_option_is_read_and_written() {
    let option = PortParams { params: params(6, 8), psid: 0x34 };
    assert_eq!(option.octets(), Ok(hex!("06083400")));
    assert_eq!(PortParams::parse(hex!("06083400")), Ok(option));
    // Offsets are 0 to 15; what is right-aligned by mistake has padding that is not zero.
    let parameter = |parameter, found, most| Err(Error::Parameter { parameter, found, least: 0, most });
    assert_eq!(PortParams::parse(hex!("10000000")), parameter(Parameter::Offset, 16, 15));
    assert_eq!(PortParams::parse(hex!("0f010000")).map(|option| option.params), Ok(params(15, 1)));
    assert_eq!(
        PortParams { params: params(16, 0), psid: 0 }.octets(),
        Err(Error::Parameter { parameter: Parameter::Offset, found: 16, least: 0, most: 15 })
    );
    assert_eq!(PortParams::parse(hex!("090834ff")), parameter(Parameter::OffsetAndLength, 17, 16));
    assert_eq!(PortParams::parse(hex!("06080034")), Err(Error::NotZero { parameter: Parameter::Psid, found: 0x34 }));
    assert!(PortParams { params: params(6, 8), psid: 256 }.octets().is_err());
    assert_eq!((PortParams::OPTION, PortParams::LEN), (93, 4));
}

#[cfg(feature = "serde")]
#[test]
fn serde_writes_offset_and_length_and_checks_them() {
    assert_eq!(serde_json::to_string(&params(6, 8)).unwrap(), "[6,8]");
    assert_eq!(serde_json::from_str::<PsidParams>("[6,8]").unwrap(), params(6, 8));
    assert!(serde_json::from_str::<PsidParams>("[9,8]").is_err());
}
