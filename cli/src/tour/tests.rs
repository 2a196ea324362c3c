//! A stage that does not do what it should is noticed.

use super::*;

/// The sample's tour by a family that something is wrong with.
fn tour_of(family: &mut Family) -> Report {
    let mut report = Report { capture: Row::new("capture"), ..Report::default() };
    let damage = travel_with(family, &mut Capture::sample().unwrap(), &mut report, &mut |_, _| {}).unwrap();
    assert!(damage.is_none());
    report
}

fn family(seed: u64) -> Family {
    Family::new(&Options { seed, measured: Duration::ZERO, ..Options::default() }).unwrap()
}

/// Faults of which all are of `stage`, and the failure of the command.
fn all_of(stage: &str, report: &Report) -> u64 {
    assert!(report.faults.kept().iter().all(|fault| fault.stage == stage), "{:?}", report.faults);
    assert_eq!((outcome(report).failed, outcome(report).status()), (report.faults.count(), 1));
    report.faults.count()
}

#[test]
fn a_family_that_is_whole_has_no_fault_and_status_0() {
    let report = tour_of(&mut family(1));
    assert_eq!((report.faults.count(), outcome(&report).status()), (0, 0), "{:?}", report.faults);
}

#[test]
fn receivers_with_other_keys_are_noticed_packet_by_packet() {
    let mut wrong = family(1);
    wrong.filter = family(2).filter;
    let report = tour_of(&mut wrong);
    assert_eq!(all_of("LLPF filter", &report), 97);
    assert_eq!(report.rows[4].discards.values().sum::<u64>(), 97);
    assert_eq!(report.faults.kept()[0].to_string(), "LLPF filter: frame 1: did not come out: not authentic");

    let mut wrong = family(1);
    wrong.esp.1 = family(2).esp.1;
    assert_eq!(all_of("ESP open", &tour_of(&mut wrong)), 99);

    let mut wrong = family(1);
    wrong.ngisec.2 = family(2).ngisec.2;
    assert_eq!(all_of("NGISec open", &tour_of(&mut wrong)), 59);
}

#[test]
fn a_conditioner_that_does_not_do_what_the_agreement_says_is_noticed() {
    // A larger bucket makes packets green that were to be yellow: the codepoint is in the second octet of IPv4, and in both of IPv6.
    let mut wrong = family(1);
    wrong.model = mark::Model::with_names(2000, 1600, 3000);
    let report = tour_of(&mut wrong);
    assert!(all_of("mark", &report) > 0);
    let fault = &report.faults.kept()[0];
    assert!(fault.octet.unwrap().offset <= 1 && fault.frame.is_some(), "{fault}");
}

#[test]
fn a_relay_that_takes_other_packets_is_noticed() {
    let mut wrong = family(1);
    wrong.routers.1 = six_to_four::relay_of("198.51.100.9".parse().unwrap());
    assert_eq!(all_of("6to4 decapsulate", &tour_of(&mut wrong)), 41);
}

#[test]
fn a_translation_without_room_for_a_flow_drops_packets_and_that_is_no_fault() {
    let mut small = family(1);
    small.ngisec.1 = ngisec::Nat::with_limits(ngisec_wire::Limits { flows: 1, ..Default::default() });
    let report = tour_of(&mut small);
    assert_eq!(report.faults.count(), 0, "{:?}", report.faults);
    let nat = &report.rows[8];
    assert!(nat.discarded() > 0 && nat.left > 0 && nat.entered == nat.left + nat.discarded());
    assert_eq!((report.rows[9].entered, nat.discards.len()), (nat.left, 1));
    assert!(nat.discards.contains_key("table of flows"), "{:?}", nat.discards);
}

#[test]
fn what_does_not_balance_is_a_fault() {
    let mut report = tour_of(&mut family(1));
    report.rows[3].left -= 1;
    report.check_balance();
    let found: Vec<String> = report.faults.kept().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "AAL5 reassemble: does not balance: 104 packets in, 103 out or discarded",
            "LLPF filter: does not balance: 100 packets were to come, 101 did",
        ]
    );
    let mut report = tour_of(&mut family(1));
    report.rows[5].entered += 1;
    report.rows[5].discards.insert("nowhere".into(), 1);
    report.check_balance();
    assert_eq!(all_of("ESP seal", &report), 1);
}

#[test]
fn a_fault_is_in_the_table_and_in_the_lines() {
    let mut report = tour_of(&mut family(1));
    let octet = compare(&[1, 2, 3], &[1, 2, 4]).unwrap();
    report.faults.push(Fault::difference("ESP open", 7, octet));
    let text = table(&report);
    assert!(text.ends_with("ERROR ESP open: frame 7: octet 2 is 0x04, not 0x03\n1 faults\n"), "{text}");
    assert!(!text.contains("what it was to be"));
    let lines = json(&report);
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    let expected = serde_json::json!({
        "fault": "ESP open", "frame": 7, "offset": 2, "expected": 3, "found": 4, "what": "octet 2 is 0x04, not 0x03",
    });
    assert_eq!(last, expected);
    assert!(svg(&report).contains(">1 faults<"));
}

/// A packet before and behind a step.
fn through(step: &mut dyn chain::Step, packet: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let storage = [&[0; 512][..], packet, &[0; 512]].concat();
    let mut bufs = [ip_wire::PacketBuf::new(storage, 512, packet.len()).unwrap()];
    let mut results = [Ok(())];
    step.run(&[Duration::ZERO], &mut bufs, &mut results);
    assert_eq!(results, [Ok(())]);
    (packet.to_vec(), bufs[0].octets().to_vec())
}

/// The step's own packet passes its check; one with any of these octets changed, one that is a stranger's, and the packet as it was, do not.
fn checks(step: &mut dyn chain::Step, packet: &[u8], octets: &[usize]) -> Vec<u8> {
    let (before, after) = through(step, packet);
    assert_eq!(step.check(&before, &after), Ok(()));
    assert!(step.check(&before, &before).is_err(), "what does nothing is noticed");
    for at in octets {
        let mut wrong = after.clone();
        wrong[*at] ^= 0x40;
        assert!(step.check(&before, &wrong).is_err(), "octet {at}");
    }
    assert!(step.check(&before, &after[..20]).is_err() && step.check(&before, &[]).is_err());
    after
}

/// UDP from port 1000 to 2000, without a checksum in IPv4.
const FOUR: [u8; 32] = [
    0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0x8e, 0x9b, 192, 0, 2, 1, 198, 51, 100, 7, // IPv4
    0x03, 0xe8, 0x07, 0xd0, 0, 12, 0, 0, 1, 2, 3, 4,
];

#[test]
fn what_a_stage_makes_of_a_packet_is_looked_at() {
    let Family { mut mark, mut seal, mut esp, mut ngisec, mut routers, .. } = family(1);
    let mut four = FOUR;
    ip_wire::ipv4::ViewMut::parse(&mut four).unwrap().fill_checksum();
    let sealed = checks(&mut seal, &four, &[9, 16, 19, 20, 51]);
    let longer = [&sealed[..], &[0]].concat();
    assert!(chain::Step::check(&seal, &four, &longer).is_err());
    let sealed = checks(&mut esp.0, &four, &[9, 16, 19, 20, 23]);
    let in_clear = [&sealed[..24], &four[..]].concat();
    assert_eq!(chain::Step::check(&esp.0, &four, &in_clear), Err("the packet is in it in clear".into()));
    // AH is behind 20 octets of IP and 8 of UDP: its next header, then its SPI.
    let sealed = checks(&mut ngisec.0, &four, &[12, 15, 28, 32, 35]);
    checks(&mut ngisec.1, &sealed, &[12, 15]);
    let six = [&[0x60, 0, 0, 0, 0, 0, 59, 64][..], &[0xfd; 32]].concat();
    checks(&mut routers.0, &six, &[9, 12, 15, 16, 19, 20, 59]);
    let mut site = six;
    site[24..30].copy_from_slice(&[0x20, 0x02, 203, 0, 113, 9]);
    let sent = checks(&mut routers.0, &site, &[16, 19]);
    assert_eq!(sent[16..20], [203, 0, 113, 9]);
    // The congestion mark of a marked packet.
    let (before, after) = through(&mut mark, &four);
    let mut congested = after.clone();
    congested[1] |= 3;
    assert_eq!(chain::Step::check(&mark, &before, &after), Ok(()));
    assert!(chain::Step::check(&mark, &before, &congested).is_err());
}
