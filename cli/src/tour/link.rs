//! The link: packets as cells of many channels over a line that loses some, and put together again behind it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::Result;
use atm_cell::aal5::{Outcome, Reassembler, Segmenter};
use atm_cell::hec::{Receiver, Verdict};
use atm_cell::{CELL_LEN, Interface};

use super::chain::Traveller;
use super::compare::{Fault, Faults, compare};
use super::table::{Row, number};
use crate::atm::{CONFIG, Channels, Encapsulation, Event, Line, Reception, Transmission, header, prefix, unwrap};

/// Channels that packets go over in turn, and the first of them.
const CHANNELS: u16 = 16;
const FIRST: u16 = 32;
const HOW: Encapsulation = Encapsulation::Llc;
/// Packets or cells that are measured at once, at least.
const AT_LEAST: usize = 1024;

/// The link between two batches.
pub(super) struct Link {
    channels: Channels,
    line: Option<Line>,
    /// How long segmenting and reassembling are measured.
    measured: Duration,
}

/// What went over the line for a batch.
#[derive(Default)]
struct Traffic {
    cells: u64,
    lost: u64,
    arrived: Vec<[u8; CELL_LEN]>,
}

impl Link {
    pub(super) fn new(loss: f64, seed: u64, measured: Duration) -> Result<Self> {
        let channels = Channels::new(Interface::Uni, 0, FIRST, CHANNELS)?;
        Ok(Self { channels, line: Some(Line::new(loss, 0.0, seed)), measured })
    }

    /// Takes a batch over the link. `rows` are those of segmenting and of reassembling.
    pub(super) fn pass(
        &mut self,
        [cells, packets]: [&mut Row; 2],
        batch: &mut Vec<Traveller>,
        faults: &mut Faults,
    ) -> Result<()> {
        let mut transmission = Transmission::new(self.channels, HOW);
        let line = self.line.take().unwrap_or_else(|| Line::new(0.0, 0.0, 0));
        let mut reception = Reception::new(Interface::Uni, HOW, line);
        let mut traffic = Traffic::default();
        let mut under_way = UnderWay { queues: vec![VecDeque::new(); usize::from(CHANNELS)], sent: 0 };
        let mut waiting = 0usize..batch.len();
        loop {
            while transmission.has_room() {
                let Some(at) = waiting.next() else { break };
                let Some(traveller) = batch.get(at) else { break };
                match transmission.send(&traveller.octets) {
                    Ok(()) => {
                        cells.enter();
                        cells.leave(0, 0);
                        packets.enter();
                        under_way.push(at);
                    }
                    Err(refused) => {
                        cells.pass(&refused.to_string());
                        packets.pass("passed by AAL5 segment");
                    }
                }
            }
            let Some(cell) = transmission.next_cell() else { break };
            traffic.cells = traffic.cells.saturating_add(1);
            let mut lost = false;
            reception.cell(cell, &mut |event| {
                lost |= matches!(event, Event::LostCell { .. });
                under_way.take(&event, batch, packets, faults);
                Ok(())
            })?;
            if lost {
                traffic.lost = traffic.lost.saturating_add(1);
            } else {
                traffic.arrived.push(cell);
            }
        }
        reception.finish(&mut |event| {
            under_way.take(&event, batch, packets, faults);
            Ok(())
        })?;
        self.line = Some(reception.into_line());
        for at in under_way.queues.into_iter().flatten() {
            if let Some(traveller) = batch.get_mut(at) {
                traveller.lost = true;
                faults.push(Fault::new(packets.name, traveller.frame, "neither arrived nor accounted for"));
            }
        }
        let octets = batch.iter().fold(0usize, |sum, traveller| sum.saturating_add(traveller.octets.len()));
        overhead(cells, packets, &traffic, batch, octets);
        self.measure_segmenting(cells, batch);
        measure_reassembling(packets, &traffic.arrived, self.measured);
        batch.retain(|traveller| !traveller.lost);
        Ok(())
    }

    fn measure_segmenting(&self, row: &mut Row, batch: &[Traveller]) {
        let sent: Vec<&[u8]> =
            batch.iter().map(|traveller| traveller.octets.as_slice()).filter(|octets| is_sent(octets)).collect();
        if sent.is_empty() {
            return;
        }
        let count = sent.len().max(AT_LEAST.min(sent.len().saturating_mul(AT_LEAST)));
        let packets: Vec<&[u8]> = sent.into_iter().cycle().take(count).collect();
        let octets = packets.iter().fold(0usize, |sum, packet| sum.saturating_add(packet.len()));
        let header = self.channels.header(0);
        let mut buffer = Vec::new();
        loop {
            let begin = Instant::now();
            for packet in &packets {
                let Ok((prefix, len)) = prefix(packet, HOW) else { continue };
                let prefix = prefix.get(..len).unwrap_or(&[]);
                let Ok(cells) = Segmenter::with_prefix(&header, prefix, packet, 0) else { continue };
                if buffer.len() < cells.wire_len() {
                    buffer.resize(cells.wire_len(), 0);
                }
                let _ = std::hint::black_box(cells.emit(&mut buffer));
            }
            row.timing.add(begin.elapsed(), count, octets);
            if row.timing.elapsed >= self.measured {
                return;
            }
        }
    }
}

/// Octets of cells beside those of packets, before the line and behind it.
fn overhead(cells: &mut Row, packets: &mut Row, traffic: &Traffic, batch: &[Traveller], octets: usize) {
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let len = number(CELL_LEN);
    let by = batch.iter().filter(|traveller| !is_sent(&traveller.octets));
    let by = by.fold(0usize, |sum, traveller| sum.saturating_add(traveller.octets.len()));
    let sent = number(octets.saturating_sub(by));
    cells.overhead = cells.overhead.saturating_add(signed(traffic.cells.saturating_mul(len)).saturating_sub(signed(sent)));
    let arrived = batch.iter().filter(|traveller| !traveller.lost && is_sent(&traveller.octets));
    let arrived = number(arrived.fold(0usize, |sum, traveller| sum.saturating_add(traveller.octets.len())));
    let came = number(traffic.arrived.len()).saturating_mul(len);
    packets.overhead = packets.overhead.saturating_add(signed(arrived).saturating_sub(signed(came)));
    cells.note("cells", traffic.cells);
    packets.note("cells arrived", number(traffic.arrived.len()));
    packets.note("lost", traffic.lost);
}

/// Whether the link takes a packet.
fn is_sent(octets: &[u8]) -> bool {
    let fits = |(_, len): (_, usize)| len.saturating_add(octets.len()) <= atm_cell::aal5::MAX_SDU;
    prefix(octets, HOW).is_ok_and(fits)
}

/// Packets on the line: those of each channel, in order.
struct UnderWay {
    queues: Vec<VecDeque<usize>>,
    sent: usize,
}

impl UnderWay {
    fn push(&mut self, at: usize) {
        let channel = self.sent.checked_rem(usize::from(CHANNELS)).unwrap_or(0);
        self.sent = self.sent.saturating_add(1);
        if let Some(queue) = self.queues.get_mut(channel) {
            queue.push_back(at);
        }
    }

    /// Takes note of what happened: packets of a channel arrive, or are accounted for, in order.
    fn take(&mut self, event: &Event<'_>, batch: &mut [Traveller], row: &mut Row, faults: &mut Faults) {
        let (vc, gone, octets) = match *event {
            Event::Packet { vc, octets, .. } => (vc, 1, Some(octets)),
            Event::Discard { vc, packets, .. } => (vc, packets, None),
            _ => return,
        };
        let queue = self.queues.get_mut(usize::from(vc.vci.get().saturating_sub(FIRST)));
        let Some(queue) = queue else {
            faults.push(Fault { stage: row.name, frame: None, octet: None, what: format!("nothing was sent on {vc:?}") });
            return;
        };
        for _ in 0..gone {
            let Some(traveller) = queue.pop_front().and_then(|at| batch.get_mut(at)) else {
                let what = format!("more came of {vc:?} than was sent");
                faults.push(Fault { stage: row.name, frame: None, octet: None, what });
                return;
            };
            match (octets, event) {
                (Some(octets), _) => {
                    row.leave(0, 0);
                    if let Some(octet) = compare(&traveller.octets, octets) {
                        faults.push(Fault::difference(row.name, traveller.frame, octet));
                    }
                    traveller.octets.clear();
                    traveller.octets.extend_from_slice(octets);
                }
                (None, Event::Discard { cause, .. }) => {
                    row.discard(cause.name());
                    traveller.lost = true;
                }
                _ => {}
            }
        }
    }
}

/// Measures the crate's receiver on the cells that came: header error control, reassembly, LLC.
fn measure_reassembling(row: &mut Row, arrived: &[[u8; CELL_LEN]], measured: Duration) {
    if arrived.is_empty() {
        return;
    }
    let count = arrived.len().max(AT_LEAST.min(arrived.len().saturating_mul(AT_LEAST)));
    let cells: Vec<[u8; CELL_LEN]> = arrived.iter().copied().cycle().take(count).collect();
    loop {
        let (mut receiver, mut reassembler) = (Receiver::new(), Reassembler::new(CONFIG));
        let (mut packets, mut octets) = (0usize, 0usize);
        let begin = Instant::now();
        for cell in &cells {
            let [a, b, c, d, e, payload @ ..] = cell;
            let mut head = [*a, *b, *c, *d, *e];
            if receiver.receive(&mut head) == Verdict::Discard {
                continue;
            }
            if let Outcome::Complete(sdu) = reassembler.handle_cell(Duration::ZERO, &header(head, Interface::Uni), payload)
                && let Ok(packet) = unwrap(sdu.payload, HOW)
            {
                (packets, octets) = (packets.saturating_add(1), octets.saturating_add(packet.len()));
            }
        }
        row.timing.add(begin.elapsed(), packets, octets);
        if packets == 0 || row.timing.elapsed >= measured {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use atm_cell::{Vc, Vci, Vpi};

    use super::*;
    use crate::atm::Cause;

    fn travellers() -> Vec<Traveller> {
        let packet = |frame| Traveller { frame, time: Duration::ZERO, octets: vec![0x45, 7], plain: None, lost: false };
        (1..=3).map(packet).collect()
    }

    /// What events on channels make of three packets, of which the first and the third are on the first channel and its like.
    fn told(events: &[(u16, Option<&[u8]>, u64)]) -> (Row, Vec<bool>, Vec<String>) {
        let mut under_way = UnderWay { queues: vec![VecDeque::new(); usize::from(CHANNELS)], sent: 0 };
        let (mut batch, mut row, mut faults) = (travellers(), Row::new("link"), Faults::default());
        (0..3).for_each(|at| under_way.push(at));
        for (channel, octets, packets) in events {
            let vc = Vc::new(Vpi::ZERO, Vci::new(FIRST.wrapping_add(*channel)));
            let event = match octets {
                Some(octets) => Event::Packet { time: Duration::ZERO, vc, octets, misdelivered: false },
                None => Event::Discard { vc, cause: Cause::LostEnd, cells: 0, ended: false, packets: *packets },
            };
            under_way.take(&event, &mut batch, &mut row, &mut faults);
        }
        let lost = batch.iter().map(|traveller| traveller.lost).collect();
        (row, lost, faults.kept().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn packets_of_a_channel_arrive_or_are_lost_in_order() {
        let good: &[u8] = &[0x45, 7];
        let (row, lost, faults) = told(&[(1, Some(good), 0), (0, None, 1), (2, Some(good), 0)]);
        assert_eq!((row.left, row.discards.get("lost-end"), lost), (2, Some(&1), vec![true, false, false]));
        assert_eq!(faults, [""; 0]);
    }

    #[test]
    fn what_arrives_otherwise_than_it_was_sent_is_a_fault() {
        let (_, _, faults) = told(&[(1, Some(&[0x45, 6]), 0)]);
        assert_eq!(faults, ["link: frame 2: octet 1 is 0x06, not 0x07"]);
        let (row, _, faults) = told(&[(3, Some(&[0x45, 7]), 0), (16, Some(&[0x45, 7]), 0), (u16::MAX, None, 1)]);
        assert!(
            row.left == 0 && faults[0].starts_with("link: more came of ") && faults[1].starts_with("link: nothing was sent on ")
        );
        let (row, lost, faults) = told(&[(0, None, 2)]);
        assert_eq!((row.discarded(), lost, faults.len()), (1, vec![true, false, false], 1));
    }

    #[test]
    fn cells_and_octets_of_a_link_add_up() {
        let mut link = Link::new(0.0, 1, Duration::ZERO).unwrap();
        let (mut cells, mut packets, mut faults) = (Row::new("cells"), Row::new("packets"), Faults::default());
        let mut batch = travellers();
        // 65,527 octets are the most behind an LLC header, and take 1,366 cells.
        batch[1].octets.resize(65_527, 1);
        batch[2].octets.resize(65_528, 1);
        link.pass([&mut cells, &mut packets], &mut batch, &mut faults).unwrap();
        assert_eq!((cells.entered, cells.passed(), packets.entered, packets.left, packets.passed()), (2, 1, 2, 2, 1));
        assert_eq!((cells.notes.clone(), cells.overhead), (vec![("cells".into(), 1367)], 1367 * 53 - 65_529));
        assert_eq!((packets.overhead, batch.len(), faults.count()), (-cells.overhead, 3, 0));
        assert_eq!(batch[1].octets.len(), 65_527);
        assert!(cells.timing.packets >= 1024 && packets.timing.packets > 0);
    }
}
