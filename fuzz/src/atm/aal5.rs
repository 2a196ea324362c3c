use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use atm_cell::aal5::{
    Config, CpiPolicy, Discard, Outcome, Reason, Reassembler, Sdu, Segmenter, Step, VcReassembler, View, cells_for,
};
use atm_cell::cell::{self, Header};
use atm_cell::{CELL_LEN, Interface, PayloadType, Vc, Vci, Vpi};

use super::{Input, crc32};

type Cell = [u8; CELL_LEN];

/// Channels that share no bit of what is remembered of forgotten ones, VCI 3 (F4 OAM) among them.
const VCIS: [u16; 8] = [3, 32, 33, 100, 1000, 40_000, 65_534, 65_535];

fn vc(index: u8) -> Vc {
    Vc::new(Vpi::new(5).expect("12 bits"), Vci::new(VCIS[usize::from(index & 7)]))
}

/// What I.363.5 says of a CPCS-PDU, from its figure.
fn judge(pdu: &[u8], max_sdu: usize, policy: CpiPolicy) -> Result<&[u8], Reason> {
    let trailer = &pdu[pdu.len() - 8..];
    let length = usize::from(u16::from_be_bytes([trailer[2], trailer[3]]));
    if length != 0 && (length + 8 > pdu.len() || pdu.len() - length - 8 > 47) {
        return Err(Reason::Length);
    }
    if crc32(&pdu[..pdu.len() - 4]).to_be_bytes() != trailer[4..] {
        return Err(Reason::Crc);
    }
    match (length, trailer[1]) {
        (0, _) => Err(Reason::Aborted),
        (_, cpi) if cpi != 0 && policy == CpiPolicy::Zero => Err(Reason::Cpi),
        (length, _) if length > max_sdu => Err(Reason::TooLong),
        (length, _) => Ok(&pdu[..length]),
    }
}

/// What is known of a channel since its last end of message.
#[derive(Default)]
struct Channel {
    pdu: Vec<u8>,
    clp: bool,
    since: Duration,
    /// Something told of this PDU already.
    given_up: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Sdu { vc: Vc, payload: Vec<u8>, uu: u8, cpi: u8, clp: bool, congestion: bool },
    Discard(Discard),
}

impl Told {
    fn sdu(sdu: Sdu<'_>) -> Self {
        let Sdu { vc, payload, uu, cpi, clp, congestion } = sdu;
        Self::Sdu { vc, payload: payload.to_vec(), uu, cpi, clp, congestion }
    }
}

/// A reassembler, and a naive one beside it that is told only what was given up.
struct Bench {
    config: Config,
    reassembler: Reassembler,
    channels: HashMap<Vc, Channel>,
    now: Duration,
    reasons: HashMap<Reason, u64>,
    counted: [u64; 3],
    told: Vec<Told>,
}

impl Bench {
    fn new(config: Config) -> Self {
        let reassembler = Reassembler::new(config);
        let (channels, reasons) = (HashMap::new(), HashMap::new());
        Self { config, reassembler, channels, now: Duration::ZERO, reasons, counted: [0; 3], told: vec![] }
    }

    /// A PDU is given up before its end.
    fn gave_up(&mut self, discard: Discard, reasons: &[Reason]) {
        assert!(!discard.ended && reasons.contains(&discard.reason), "{discard:?}");
        let channel = self.channels.get_mut(&discard.vc).expect("cells came");
        assert!(!channel.given_up);
        assert_eq!(discard.cells as usize, channel.pdu.len() / 48);
        channel.given_up = true;
        *self.reasons.entry(discard.reason).or_default() += 1;
    }

    fn expire(&mut self) {
        let timeout = self.config.timeout;
        while let Some(discard) = self.reassembler.poll_expired(self.now) {
            assert!(self.channels[&discard.vc].since + timeout <= self.now);
            self.gave_up(discard, &[Reason::Expired]);
        }
        let open = self.channels.values().filter(|channel| !channel.given_up && !channel.pdu.is_empty());
        let deadline = open.map(|channel| channel.since + timeout).min();
        assert_eq!(self.reassembler.next_deadline(), deadline);
        assert!(deadline.is_none_or(|deadline| deadline > self.now));
    }

    fn cell(&mut self, octets: &Cell) {
        let header = cell::View::from_octets(octets, Interface::Nni).expect("the HEC is right").header();
        let payload = octets.last_chunk::<48>().expect("53 octets");
        let user = header.payload_type.is_user_data() && header.vc.vci.get() != 3;
        let end = header.payload_type.get() & 1 == 1;
        self.expire();
        if user {
            let channel = self.channels.entry(header.vc).or_default();
            if channel.pdu.is_empty() {
                channel.since = self.now;
            }
            channel.pdu.extend(payload);
            channel.clp |= header.clp;
        }
        let outcome = self.reassembler.handle_cell(self.now, &header, payload);
        let mut too_long = None;
        match outcome {
            Outcome::NotUserData => {
                assert!(!user);
                self.counted[0] += 1;
            }
            Outcome::Pending => assert!(user && !end && !self.channels[&header.vc].given_up),
            Outcome::Skipped => {
                assert!(user && !end && self.channels[&header.vc].given_up);
                self.counted[1] += 1;
            }
            Outcome::Discarded(discard) if !end => {
                assert!(user);
                too_long = Some(discard);
                self.told.push(Told::Discard(discard));
            }
            Outcome::Discarded(discard) => {
                let channel = self.channels.remove(&header.vc).expect("this cell is one");
                let cells = channel.pdu.len() / 48;
                assert!(discard.ended && discard.vc == header.vc);
                if channel.given_up {
                    assert_eq!(discard.reason, Reason::Skipped);
                    assert!((discard.cells as usize) < cells);
                    self.counted[1] += 1;
                } else {
                    assert_eq!(discard.cells as usize, cells);
                    let over = cells > cells_for(self.config.max_sdu) || cells * 48 > self.config.max_octets;
                    let expected =
                        if over { Err(Reason::TooLong) } else { judge(&channel.pdu, self.config.max_sdu, self.config.cpi) };
                    assert_eq!(expected, Err(discard.reason));
                }
                *self.reasons.entry(discard.reason).or_default() += 1;
                self.told.push(Told::Discard(discard));
            }
            Outcome::Complete(sdu) => {
                let channel = self.channels.remove(&header.vc).expect("this cell is one");
                assert!(user && end && !channel.given_up);
                let expected = judge(&channel.pdu, self.config.max_sdu, self.config.cpi);
                assert_eq!(expected, Ok(sdu.payload));
                let trailer = &channel.pdu[channel.pdu.len() - 8..];
                assert_eq!((sdu.vc, sdu.uu, sdu.cpi), (header.vc, trailer[0], trailer[1]));
                assert_eq!((sdu.clp, sdu.congestion), (channel.clp, header.payload_type.congestion()));
                self.counted[2] += 1;
                self.told.push(Told::sdu(sdu));
            }
        }
        if let Some(discard) = too_long {
            self.gave_up(discard, &[Reason::TooLong]);
            assert_eq!(discard.vc, header.vc);
        }
        while let Some(discard) = self.reassembler.poll_discard() {
            self.gave_up(discard, &[Reason::Evicted]);
            assert_ne!(discard.vc, header.vc, "the latest cell's channel does not give way");
        }
        self.check();
    }

    fn close(&mut self, vc: Vc) {
        let open = self.channels.get(&vc).is_some_and(|channel| !channel.given_up && !channel.pdu.is_empty());
        let discard = self.reassembler.close(vc);
        assert_eq!(discard.is_some(), open);
        if let Some(discard) = discard {
            self.gave_up(discard, &[Reason::Unfinished]);
        }
        self.channels.remove(&vc);
        self.check();
    }

    fn unfinished(&mut self) {
        while let Some(discard) = self.reassembler.poll_unfinished() {
            self.gave_up(discard, &[Reason::Unfinished]);
        }
        assert!(self.channels.values().all(|channel| channel.given_up));
        self.check();
    }

    fn check(&self) {
        let (reassembler, config) = (&self.reassembler, &self.config);
        assert!(reassembler.len() <= config.max_vcs && reassembler.octets() <= config.max_octets);
        let counters = reassembler.counters();
        assert_eq!([counters.not_user_data, counters.skipped_cells, counters.completed], self.counted);
        for (&reason, &count) in &self.reasons {
            assert_eq!(counters.of(reason), count, "{reason:?}");
        }
    }
}

/// A PDU whose CRC is right, whatever its Length and CPI are.
fn pdu(octets: usize, length: u16, uu: u8, cpi: u8, seed: u8) -> VecDeque<[u8; 48]> {
    let mut pdu: Vec<u8> = (0..octets).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect();
    pdu.resize((octets + 8).div_ceil(48) * 48 - 8, 0);
    pdu.extend([uu, cpi]);
    pdu.extend(length.to_be_bytes());
    pdu.extend(crc32(&pdu).to_be_bytes());
    pdu.as_chunks::<48>().0.iter().copied().collect()
}

/// Cells of many channels, interleaved, lost, doubled, damaged, forged and late, under small caps: what comes out is what a naive
/// reassembler has, everything is told once, and the other entry points agree.
///
/// Four octets of settings, then steps of three: what and where, and two of argument.
pub fn aal5_reassembly(data: &[u8]) {
    segmentation(data);
    let mut input = Input(data);
    let [caps, sizes, longest, flags] = input.array();
    let config = Config {
        max_sdu: usize::from(longest) * 2 + 1,
        max_vcs: usize::from(caps & 7) + 1,
        max_octets: 48 + usize::from(sizes) * 24,
        timeout: Duration::from_secs(u64::from(caps >> 3) + 1),
        cpi: if flags & 1 == 0 { CpiPolicy::Zero } else { CpiPolicy::Any },
    };
    let mut bench = Bench::new(config);
    let mut waiting: HashMap<u8, VecDeque<[u8; 48]>> = HashMap::new();
    let mut runs: Vec<(Duration, Vec<Cell>)> = vec![];
    let mut simple = true;
    while !input.is_empty() {
        let (step, a, b) = (input.octet(), input.octet(), input.octet());
        let (what, channel) = (step & 0xf, step >> 4 & 7);
        let mut cells: Vec<([u8; 48], u8)> = vec![];
        match what {
            0..=9 => {
                let length = usize::from(a) * if b & 1 == 0 { 1 } else { 3 };
                let queue = waiting.entry(channel).or_default();
                if queue.is_empty() {
                    let claimed = match b >> 5 {
                        0 => u16::from(b >> 1 & 0xf),
                        1 => (length as u16).wrapping_add(48),
                        _ => length as u16,
                    };
                    *queue = pdu(length, claimed, a ^ b, if b & 0x1e == 0x1e { b } else { 0 }, step);
                }
                let count = if what >= 4 { queue.len() } else { 1 };
                for _ in 0..count {
                    let Some(mut payload) = queue.pop_front() else { break };
                    let payload_type = u8::from(queue.is_empty()) | b >> 1 & 2;
                    match what {
                        1 => continue,
                        2 => cells.push((payload, payload_type)),
                        3 => payload[usize::from(a) % 48] ^= b,
                        _ => {}
                    }
                    cells.push((payload, payload_type));
                }
            }
            10 => cells.push(([a; 48], b & 7)),
            11 => cells.push(([0; 48], 4 + (b & 3))),
            12 => {
                simple = false;
                bench.now += Duration::from_secs(u64::from(a >> 4)) + Duration::from_millis(u64::from(b));
            }
            13 => {
                simple = false;
                bench.close(vc(a));
            }
            14 if b & 0xf == 0xf => {
                simple = false;
                bench.unfinished();
            }
            // An abort instead of the rest.
            14 => {
                waiting.remove(&channel);
                let sent = bench.channels.get(&vc(channel)).map_or(&[][..], |channel| &channel.pdu);
                let abort = Segmenter::abort(&Header::new(Interface::Nni, vc(channel)), sent).expect("whole cells");
                cells.extend(abort.map(|cell| (*cell.last_chunk().expect("53 octets"), 1)));
            }
            // One cell, all of it the fuzzer's: often an end of message.
            _ => {
                let mut payload = input.array::<48>();
                if a & 1 == 1 {
                    let crc = crc32(&payload[..44]).to_be_bytes();
                    payload[44..].copy_from_slice(&crc);
                }
                cells.push((payload, b & 7));
            }
        }
        for (payload, payload_type) in cells {
            let payload_type = PayloadType::new(payload_type & 7).expect("3 bits");
            let header = Header { payload_type, clp: a & 0x80 != 0, ..Header::new(Interface::Nni, vc(channel)) };
            let cell = header.with_payload(&payload).expect("it fits");
            bench.cell(&cell);
            match runs.last_mut() {
                Some((now, cells)) if *now == bench.now => cells.push(cell),
                _ => runs.push((bench.now, vec![cell])),
            }
        }
    }
    if simple {
        in_bulk(&bench, &runs);
    }
    one_channel(&config, &runs);
    bench.unfinished();
    let reasons: u64 = bench.reasons.values().sum();
    assert_eq!(bench.told.iter().filter(|told| matches!(told, Told::Sdu { .. })).count() as u64, bench.counted[2]);
    assert!(bench.told.len() as u64 <= reasons + bench.counted[2]);
}

/// The same cells at once.
fn in_bulk(bench: &Bench, runs: &[(Duration, Vec<Cell>)]) {
    let mut reassembler = Reassembler::new(bench.config);
    let mut told = vec![];
    for (now, cells) in runs {
        let mut rest = &cells[..];
        loop {
            match reassembler.handle_cells(*now, Interface::Nni, &mut rest) {
                Outcome::Complete(sdu) => told.push(Told::sdu(sdu)),
                Outcome::Discarded(discard) => told.push(Told::Discard(discard)),
                Outcome::Pending | Outcome::Skipped | Outcome::NotUserData => {
                    assert!(rest.is_empty());
                    break;
                }
            }
        }
        while reassembler.poll_discard().is_some() {}
    }
    assert_eq!(told, bench.told);
    assert_eq!(reassembler.counters(), bench.reassembler.counters());
    assert_eq!((reassembler.len(), reassembler.octets()), (bench.reassembler.len(), bench.reassembler.octets()));
}

/// The reassembler of one channel, and that of many with one channel, do the same.
fn one_channel(config: &Config, runs: &[(Duration, Vec<Cell>)]) {
    let mut buffer = vec![0xee; cells_for(config.max_sdu) * 48];
    let mut one = VcReassembler::new(vc(1), &mut buffer, config.cpi);
    let config = Config { max_sdu: one.max_sdu(), max_vcs: 1, max_octets: 1 << 20, ..*config };
    let mut many = Reassembler::new(config);
    for octets in runs.iter().flat_map(|(_, cells)| cells) {
        let header = cell::View::from_octets(octets, Interface::Nni).expect("the HEC is right").header();
        if header.vc != vc(1) {
            continue;
        }
        let payload = octets.last_chunk().expect("53 octets");
        let step = one.handle_cell(header.payload_type, header.clp, payload);
        match many.handle_cell(Duration::ZERO, &header, payload) {
            Outcome::Pending | Outcome::Skipped => assert_eq!(step, Step::Pending),
            Outcome::Complete(sdu) => assert_eq!(step, Step::Complete(sdu)),
            Outcome::Discarded(discard) => assert_eq!(step, Step::Discarded(discard)),
            Outcome::NotUserData => assert_eq!(step, Step::NotUserData),
        }
    }
}

/// Any SDU comes back out of its cells, and those are the same one by one and all at once.
fn segmentation(data: &[u8]) {
    let Some((&split, sdu)) = data.split_first() else { return };
    let sdu = &sdu[..sdu.len().min(600)];
    let header = Header { clp: split & 0x80 != 0, ..Header::new(Interface::Uni, Vc::new(Vpi::ZERO, Vci::new(77))) };
    let (front, back) = sdu.split_at(usize::from(split & 0x3f).min(sdu.len()));
    let segmenter = match Segmenter::with_prefix(&header, front, back, split) {
        Ok(segmenter) => segmenter,
        Err(_) => return assert!(front.len() > 47 || sdu.is_empty()),
    };
    let mut buffer = vec![0xee; segmenter.wire_len()];
    assert_eq!(segmenter.emit(&mut buffer), Ok(cells_for(sdu.len()) * CELL_LEN));
    assert_eq!(segmenter.clone().flatten().collect::<Vec<u8>>(), buffer);
    assert!(Segmenter::new(&header, sdu, split).expect("as before").flatten().eq(buffer.iter().copied()));
    let mut pdu = vec![];
    for cell in segmenter {
        let view = cell::View::from_octets(&cell, Interface::Uni).expect("a right HEC");
        assert_eq!((view.vc(), view.clp()), (header.vc, header.clp));
        pdu.extend(view.payload());
        assert_eq!(view.payload_type().sdu_type(), pdu.len() == cells_for(sdu.len()) * 48);
    }
    assert_eq!(judge(&pdu, 65_535, CpiPolicy::Zero), Ok(sdu));
    assert_eq!(View::parse(&pdu, CpiPolicy::Zero).map(View::sdu), Ok(sdu));
    // Any octets at all are a PDU or not by the same rules.
    if data.len() >= 48 && data.len().is_multiple_of(48) {
        let found = View::parse(data, CpiPolicy::Any).map(View::sdu).ok();
        assert_eq!(found, judge(data, 65_535, CpiPolicy::Any).ok());
    }
}
