//! What is done with steps that are wrong.

use super::*;

/// A step that does what it is told.
struct Told {
    refusal: Refusal,
    /// What is done to a packet, by the first octet; the first call is 0.
    work: fn(usize, &mut Buf) -> Result<(), String>,
    calls: usize,
    looks_right: bool,
    rehearsed: (usize, usize),
}

impl Told {
    fn new(refusal: Refusal, work: fn(usize, &mut Buf) -> Result<(), String>) -> Self {
        Self { refusal, work, calls: 0, looks_right: true, rehearsed: (0, 0) }
    }
}

impl Step for Told {
    fn run(&mut self, _: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        for (packet, result) in packets.iter_mut().zip(results) {
            *result = (self.work)(self.calls, packet);
        }
        self.calls += 1;
    }

    fn refusal(&self) -> Refusal {
        self.refusal
    }

    fn check(&self, _: &[u8], _: &[u8]) -> Result<(), String> {
        if self.looks_right { Ok(()) } else { Err("looks wrong".into()) }
    }

    fn rehearse(&mut self) {
        self.rehearsed.0 += 1;
    }

    fn resume(&mut self) {
        self.rehearsed.1 += 1;
    }
}

const ROWS: [&str; 2] = ["first", "second"];

/// Three packets of frames 11, 12 and 13, whose first octets are 1, 2 and 3, through two steps.
fn pass(first: &mut Told, second: &mut Told) -> (Vec<Traveller>, [Row; 2], Vec<String>) {
    let packet = |octet: u8| Traveller {
        frame: 10 + u64::from(octet),
        time: Duration::ZERO,
        octets: vec![octet, 0xaa, 0xbb],
        plain: None,
        lost: false,
    };
    let (mut batch, mut rows) = ((1..=3).map(packet).collect(), ROWS.map(Row::new));
    let mut faults = Faults::default();
    Chain::new(8, 8, Duration::ZERO).pass(&mut [first, second], &mut rows, &mut batch, &mut Same, &mut faults);
    (batch, rows, faults.kept().iter().map(ToString::to_string).collect())
}

fn put_on(_: usize, packet: &mut Buf) -> Result<(), String> {
    packet.prepend(&[9, 9]).map_err(|error| error.to_string())
}

fn take_off(_: usize, packet: &mut Buf) -> Result<(), String> {
    packet.pop_front(2).map(drop).map_err(|error| error.to_string())
}

#[test]
fn what_goes_through_is_counted_compared_and_measured() {
    let (mut first, mut second) = (Told::new(Refusal::PassBy, put_on), Told::new(Refusal::Fault, take_off));
    let (batch, rows, faults) = pass(&mut first, &mut second);
    assert_eq!(faults, [""; 0]);
    assert_eq!(batch.iter().map(|packet| packet.octets[0]).collect::<Vec<_>>(), [1, 2, 3]);
    for (row, overhead) in rows.iter().zip([6, -6]) {
        assert_eq!((row.entered, row.left, row.discarded(), row.passed(), row.overhead), (3, 3, 0, 0, overhead));
        assert!(row.timing.packets >= 256 && row.timing.nanoseconds().unwrap() > 0.0);
    }
    assert_eq!(rows[0].timing.octets, rows[0].timing.packets * 3);
    assert_eq!((rows[1].timing.octets, first.rehearsed, second.rehearsed), (rows[1].timing.packets * 5, (1, 1), (1, 1)));
}

#[test]
fn an_octet_that_comes_out_wrong_is_named_with_stage_and_frame() {
    let flip = |_, packet: &mut Buf| {
        take_off(0, packet)?;
        if packet.octets()[0] == 2 {
            packet.octets_mut()[2] ^= 1;
        }
        Ok(())
    };
    let (_, rows, faults) = pass(&mut Told::new(Refusal::PassBy, put_on), &mut Told::new(Refusal::Fault, flip));
    assert_eq!(faults, ["second: frame 12: octet 2 is 0xba, not 0xbb"]);
    assert_eq!(rows[1].left, 3);
    // Too short, and too long.
    let cut = |_, packet: &mut Buf| packet.pop_front(3).map(drop).map_err(|error| error.to_string());
    let (_, _, faults) = pass(&mut Told::new(Refusal::PassBy, put_on), &mut Told::new(Refusal::Fault, cut));
    assert_eq!(faults[0], "second: frame 11: octet 0 is 0xaa, not 0x01");
    let less = |_, packet: &mut Buf| {
        packet.truncate(4);
        take_off(0, packet)
    };
    let (_, _, faults) = pass(&mut Told::new(Refusal::PassBy, put_on), &mut Told::new(Refusal::Fault, less));
    assert_eq!(faults[0], "second: frame 11: octet 2 is the packet's end, not 0xbb");
    let nothing = |_, _: &mut Buf| Ok(());
    let (_, _, faults) = pass(&mut Told::new(Refusal::PassBy, put_on), &mut Told::new(Refusal::Fault, nothing));
    assert_eq!(faults.len(), 3);
}

#[test]
fn a_packet_that_is_not_for_a_step_goes_around_the_chain() {
    let odd = |_, packet: &mut Buf| if packet.octets()[0] == 2 { Err("even".into()) } else { put_on(0, packet) };
    let (batch, rows, faults) = pass(&mut Told::new(Refusal::PassBy, odd), &mut Told::new(Refusal::Fault, take_off));
    assert_eq!(faults, [""; 0]);
    // It keeps its place.
    assert_eq!(batch.iter().map(|packet| (packet.frame, packet.octets[0])).collect::<Vec<_>>(), [(11, 1), (12, 2), (13, 3)]);
    assert_eq!((rows[0].entered, rows[0].passed_by.get("even")), (2, Some(&1)));
    assert_eq!((rows[1].entered, rows[1].passed_by.get("passed by first")), (2, Some(&1)));
}

#[test]
fn a_refused_packet_that_was_changed_is_a_fault() {
    let scribble = |_, packet: &mut Buf| {
        packet.octets_mut()[1] = 0;
        Err("no".into())
    };
    let (_, _, faults) = pass(&mut Told::new(Refusal::PassBy, scribble), &mut Told::new(Refusal::Fault, take_off));
    assert_eq!(faults[0], "first: frame 11: refused and changed: octet 1 is 0x00, not 0xaa");
    assert_eq!(faults.len(), 3);
}

#[test]
fn what_a_step_may_drop_is_discarded_and_what_it_may_not_is_a_fault_too() {
    let odd = |_, packet: &mut Buf| if packet.octets()[2] == 2 { Err("even".into()) } else { take_off(0, packet) };
    for (refusal, expected) in [(Refusal::Discard, &[][..]), (Refusal::Fault, &["second: frame 12: did not come out: even"])] {
        let (batch, rows, faults) = pass(&mut Told::new(Refusal::PassBy, put_on), &mut Told::new(refusal, odd));
        assert_eq!(faults, expected);
        assert_eq!(batch.iter().map(|packet| packet.frame).collect::<Vec<_>>(), [11, 13]);
        assert_eq!((rows[1].entered, rows[1].left, rows[1].discards.get("even")), (3, 2, Some(&1)));
    }
}

#[test]
fn a_packet_that_does_not_look_as_it_must_is_a_fault_even_if_it_comes_back() {
    let mut wrong = Told::new(Refusal::PassBy, put_on);
    wrong.looks_right = false;
    let (_, _, faults) = pass(&mut wrong, &mut Told::new(Refusal::Fault, take_off));
    assert_eq!(faults, ["first: frame 11: looks wrong", "first: frame 12: looks wrong", "first: frame 13: looks wrong"]);
}

#[test]
fn a_packet_that_is_taken_once_only_is_a_fault() {
    let once = |call, packet: &mut Buf| if call > 0 { Err("worn out".into()) } else { put_on(0, packet) };
    let mut first = Told::new(Refusal::PassBy, once);
    let (_, _, faults) = pass(&mut first, &mut Told::new(Refusal::Fault, take_off));
    assert_eq!(faults, ["first: a packet that was taken once is refused when repeated: worn out"]);
    assert_eq!(first.rehearsed, (1, 1));
}

#[test]
fn packets_that_are_taken_at_once_are_at_most_32_and_less_than_a_second_apart() {
    let seconds = |times: &[u64]| times.iter().map(|ms| Duration::from_millis(*ms)).collect::<Vec<_>>();
    let ranges = |times: &[Duration]| groups(times).map(|(_, range)| (range.start, range.end)).collect::<Vec<_>>();
    assert_eq!(ranges(&[]), []);
    assert_eq!(ranges(&seconds(&[0; 33])), [(0, 32), (32, 33)]);
    assert_eq!(ranges(&seconds(&[0, 999, 1000, 1500, 2000, 0])), [(0, 2), (2, 4), (4, 5), (5, 6)]);
    let first: Vec<_> = groups(&seconds(&[5, 2000])).map(|(time, _)| time.as_millis()).collect();
    assert_eq!(first, [5, 2000]);
}
