use super::*;
use proptest::prelude::*;
use std::string::ToString;
use std::vec::Vec;

fn range(first: u16, last: u16) -> PortSet {
    PortRange::new(first, last).unwrap().into()
}

fn sets() -> impl Strategy<Value = PortSet> {
    prop_oneof![
        any::<(u16, u16)>().prop_map(|(a, b)| range(a.min(b), a.max(b))),
        (0u8..=16, 0u8..=16, any::<u16>()).prop_filter_map("parameters", |(a, k, psid)| {
            let params = PsidParams::new(a, k).ok()?;
            params.set(psid & params.max_psid()).ok()
        }),
        any::<(u16, u16)>().prop_map(|(value, mask)| PortSet::of_mask(value & mask, mask).unwrap()),
    ]
}

#[test]
fn a_port_mask_is_that_of_rfc_6431() {
    // Mask 0x1400, value 0x0400.
    let set = PortSet::of_mask(0x0400, 0x1400).unwrap();
    let ranges: Vec<_> = set.ranges().take(4).map(|range| range.to_string()).collect();
    assert_eq!(ranges, ["1024-2047", "3072-4095", "9216-10239", "11264-12287"]);
    assert_eq!((set.count(), set.ranges().count()), (16_384, 16));
    for port in 0..=u16::MAX {
        assert_eq!(set.contains(port), port & 0x1400 == 0x0400);
    }
    let error = Error::NotZero { parameter: Parameter::Mask, found: 0x0800 };
    assert_eq!(PortSet::of_mask(0x0c00, 0x1400), Err(error));
    assert_eq!(PortSet::of_mask(0, 0).unwrap().ranges().map(|range| range.to_string()).collect::<Vec<_>>(), ["0-65535"]);
    assert_eq!(PortSet::of_mask(80, 0xffff).unwrap().ranges().map(|range| range.to_string()).collect::<Vec<_>>(), ["80-80"]);
}

#[test]
fn a_range_counts_from_its_first_port() {
    let set = range(1000, 1009);
    assert_eq!((set.count(), set.nth(0), set.nth(9), set.nth(10)), (10, Some(1000), Some(1009), None));
    assert_eq!((set.index_of(1009), set.index_of(1010), set.index_of(999)), (Some(9), None, None));
    assert_eq!((range(0, 65535).count(), range(0, 65535).nth(65_535), range(0, 65535).nth(65_536)), (65_536, Some(65_535), None));
    assert_eq!(set.psid(), None);
}

#[test]
fn outgoing_ports_are_those_from_1024_on() {
    let of = |set: PortSet| set.outgoing().map(|range| range.to_string()).collect::<Vec<_>>();
    assert_eq!(of(PsidParams::new(0, 6).unwrap().set(0).unwrap()), Vec::<std::string::String>::new());
    assert_eq!(of(PsidParams::new(0, 5).unwrap().set(0).unwrap()), ["1024-2047"]);
    assert_eq!(of(PsidParams::new(0, 6).unwrap().set(1).unwrap()), ["1024-2047"]);
    assert_eq!(of(range(1023, 1024)), ["1024-1024"]);
}

#[test]
fn two_psids_are_disjoint_and_other_sets_are_compared() {
    let params = PsidParams::new(6, 8).unwrap();
    let (a, b) = (params.set(1).unwrap(), params.set(2).unwrap());
    assert!(a.is_disjoint(&b) && !a.is_disjoint(&a));
    assert!(range(0, 1023).is_disjoint(&a) && !range(0, 1028).is_disjoint(&a) && !a.is_disjoint(&range(0, 1028)));
    assert!(range(1, 2).is_disjoint(&range(3, 4)) && !range(1, 3).is_disjoint(&range(3, 4)));
}

proptest! {
    #[test]
    fn every_view_of_a_set_agrees(set in sets()) {
        let ports: Vec<u16> = set.iter().collect();
        prop_assert_eq!(ports.len(), set.count() as usize);
        prop_assert!(ports.windows(2).all(|pair| pair[0] < pair[1]));
        let by_containing: Vec<u16> = (0..=u16::MAX).filter(|port| set.contains(*port)).collect();
        prop_assert_eq!(&ports, &by_containing);
        for (n, port) in ports.iter().enumerate() {
            prop_assert_eq!(set.index_of(*port), Some(n as u32));
        }
        let ranges: Vec<PortRange> = set.ranges().collect();
        let by_ranges: Vec<u16> = ranges.iter().flat_map(|range| range.first()..=range.last()).collect();
        prop_assert_eq!(&ports, &by_ranges);
        // No two ranges could be one.
        prop_assert!(ranges.windows(2).all(|pair| pair[0].last() + 1 < pair[1].first()));
        let outgoing: u32 = set.outgoing().map(PortRange::count).sum();
        prop_assert_eq!(outgoing as usize, ports.iter().filter(|port| **port >= 1024).count());
    }

    #[test]
    fn disjointness_is_what_it_says(a in sets(), b in sets()) {
        let shared = (0..=u16::MAX).any(|port| a.contains(port) && b.contains(port));
        prop_assert_eq!(a.is_disjoint(&b), !shared);
        prop_assert_eq!(b.is_disjoint(&a), !shared);
    }
}
