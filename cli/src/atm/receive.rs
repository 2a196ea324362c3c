//! Cells to packets.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use atm_cell::aal5::{Config, Discard, MAX_SDU, Outcome, Reason, Reassembler, Sdu};
use atm_cell::cell::{HEADER_LEN, Header, Kind};
use atm_cell::hec::{self, Check, Receiver, Verdict};
use atm_cell::llc::{EtherType, Pdu, Protocol};
use atm_cell::{CELL_LEN, Interface, PAYLOAD_LEN, Vc};

use super::{Encapsulation, Fate, Line, version};

/// Nanoseconds that 1,944 cells take at 155.52 Mbit/s: 53 octets each, 5,300,000 ns in all.
const NANOSECONDS: u128 = 5_300_000;
const CELLS: u128 = 1944;

/// Far more than any line has in use; a file of noise must not take all of the machine's memory.
pub(crate) const CONFIG: Config = Config {
    max_sdu: MAX_SDU,
    max_vcs: 1 << 20,
    max_octets: 512 << 20,
    // The file does not say when its cells came.
    timeout: Duration::MAX,
    cpi: atm_cell::aal5::CpiPolicy::Zero,
};

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A packet arrived.
    Packet {
        /// When its last cell did, counted from the first cell of the file at 155.52 Mbit/s.
        time: Duration,
        /// The channel that it came on.
        vc: Vc,
        /// Its octets.
        octets: &'a [u8],
        /// It is a packet of another channel: a damaged header took its only cell here.
        misdelivered: bool,
    },
    /// What is not delivered.
    ///
    /// Over all discards, `packets` adds up to the packets that were sent less those delivered on their own channel. Each stands for its
    /// own end of message, and for each that the channel lost since the last one was reported, whose packets ran into this one. Ends of
    /// message that damaged headers brought from elsewhere stand for nothing.
    Discard {
        /// The channel.
        vc: Vc,
        /// Why.
        cause: Cause,
        /// Cells of it that arrived.
        cells: u32,
        /// Whether a last cell was among them.
        ended: bool,
        /// Packets that were sent and that this accounts for.
        packets: u64,
    },
    /// The line lost a cell.
    LostCell {
        /// The channel; `None` if the header was damaged beyond correction before.
        vc: Option<Vc>,
        /// Whether it ended a message.
        end_of_message: bool,
    },
    /// The line inverted bits of a cell.
    BitErrors {
        /// The channel that it was sent on.
        vc: Option<Vc>,
        /// Bits.
        bits: u32,
    },
    /// A header had one wrong bit, which the HEC found.
    HeaderCorrected {
        /// The channel as corrected.
        vc: Vc,
        /// The bit: 0 is the most significant of the first octet.
        bit: u8,
        /// It is not the header that was sent: more bits were wrong.
        wrongly: bool,
    },
    /// A header was wrong and not to be corrected: the cell is dropped.
    HeaderDiscarded {
        /// The channel that it was sent on.
        vc: Option<Vc>,
        /// Whether the cell ended a message.
        end_of_message: bool,
    },
}

/// Why something is not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// AAL5 says so.
    Aal5(Reason),
    /// The SDU's LLC header can't be read.
    Llc,
    /// The SDU is of another protocol.
    NotIp,
    /// Nothing of it arrived: its last cell was lost, and all before.
    LostEnd,
}

impl Cause {
    /// A name for events and counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aal5(reason) => reason.name(),
            Self::Llc => "llc",
            Self::NotIp => "not-ip",
            Self::LostEnd => "lost-end",
        }
    }
}

/// How often what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Cells in the file.
    pub cells: u64,
    /// Of those that arrived: idle cells.
    pub idle: u64,
    /// Unassigned cells.
    pub unassigned: u64,
    /// OAM cells of paths and channels.
    pub oam: u64,
    /// Cells of resource management, the physical layer and reserved payload types.
    pub other: u64,
    /// Cells that the line lost.
    pub lost: u64,
    /// Of these: cells that ended a message.
    pub lost_ends: u64,
    /// Bits that the line inverted.
    pub inverted_bits: u64,
    /// Headers corrected.
    pub corrected: u64,
    /// Of these: to what was not sent.
    pub corrected_wrongly: u64,
    /// Cells dropped for their header.
    pub discarded_headers: u64,
    /// Packets in the file: ends of message, and messages that the file's end cuts.
    pub sent: u64,
    /// Packets delivered.
    pub delivered: u64,
    /// Of these: on another channel than their own.
    pub misdelivered: u64,
    /// Discards, and the packets that they account for.
    pub discards: BTreeMap<Cause, (u64, u64)>,
}

impl Counts {
    /// Packets sent and not delivered on their own channel.
    #[must_use]
    pub const fn missing(&self) -> u64 {
        self.sent.saturating_sub(self.delivered.saturating_sub(self.misdelivered))
    }

    /// Packets that the discards account for.
    #[must_use]
    pub fn explained(&self) -> u64 {
        self.discards.values().fold(0, |sum, (_, packets)| sum.saturating_add(*packets))
    }

    /// Discards.
    #[must_use]
    pub fn discarded(&self) -> u64 {
        self.discards.values().fold(0, |sum, (count, _)| sum.saturating_add(*count))
    }
}

/// What a channel sent, whatever became of it.
#[derive(Debug, Clone, Copy, Default)]
struct Sent {
    /// Ends of message that no discard accounts for yet.
    lost_ends: u64,
    /// The channel is in the middle of a message.
    open: bool,
}

/// Receives cells: line, HEC, AAL5, LLC.
///
/// Hand it cells with [`Self::cell`], and [`Self::finish`] it.
#[derive(Debug)]
pub struct Reception {
    interface: Interface,
    encapsulation: Encapsulation,
    line: Line,
    receiver: Receiver,
    reassembler: Reassembler,
    /// By channel, so that what is left is reported in order.
    sent: BTreeMap<u32, Sent>,
    counts: Counts,
}

impl Reception {
    /// A reception before its first cell.
    #[must_use]
    pub fn new(interface: Interface, encapsulation: Encapsulation, line: Line) -> Self {
        Self {
            interface,
            encapsulation,
            line,
            receiver: Receiver::new(),
            reassembler: Reassembler::new(CONFIG),
            sent: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// How often what happened so far.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Takes the next cell and tells `each` what happens.
    ///
    /// # Errors
    /// Those of `each`.
    pub fn cell(&mut self, mut cell: [u8; CELL_LEN], each: &mut dyn FnMut(Event<'_>) -> Result<()>) -> Result<()> {
        bump(&mut self.counts.cells);
        let sent = self.note(&cell);
        let (vc, ends) = (sent.map(|header| header.vc), sent.is_some_and(|header| ends(&header)));
        match self.line.carry(&mut cell) {
            Fate::Lost => {
                bump(&mut self.counts.lost);
                self.counts.lost_ends = self.counts.lost_ends.saturating_add(u64::from(ends));
                self.lose_end(sent);
                return each(Event::LostCell { vc, end_of_message: ends });
            }
            Fate::Arrived { inverted: 0 } => {}
            Fate::Arrived { inverted } => {
                self.counts.inverted_bits = self.counts.inverted_bits.saturating_add(inverted.into());
                each(Event::BitErrors { vc, bits: inverted })?;
            }
        }
        let [a, b, c, d, e, payload @ ..] = cell;
        let mut octets = [a, b, c, d, e];
        let verdict = self.receiver.receive(&mut octets);
        let header = header(octets, self.interface);
        match verdict {
            Verdict::Valid => {}
            Verdict::Corrected { bit } => {
                let wrongly = sent.is_some_and(|sent| sent != header);
                bump(&mut self.counts.corrected);
                self.counts.corrected_wrongly = self.counts.corrected_wrongly.saturating_add(u64::from(wrongly));
                each(Event::HeaderCorrected { vc: header.vc, bit, wrongly })?;
            }
            Verdict::Discard => {
                bump(&mut self.counts.discarded_headers);
                self.lose_end(sent);
                return each(Event::HeaderDiscarded { vc, end_of_message: ends });
            }
        }
        // Whether the end of message that arrives here, if it is one, is the one that was sent here.
        let own = sent.is_some_and(|sent| sent.vc == header.vc && self::ends(&sent) == self::ends(&header));
        if !own {
            self.lose_end(sent);
        }
        self.receive(&header, &payload, own, each)
    }

    /// Ends the reception: what is left in the middle is given up.
    ///
    /// # Errors
    /// Those of `each`.
    pub fn finish(&mut self, each: &mut dyn FnMut(Event<'_>) -> Result<()>) -> Result<()> {
        let mut left = std::mem::take(&mut self.sent);
        let packets_of = |sent: Sent| sent.lost_ends.saturating_add(u64::from(sent.open));
        while let Some(Discard { vc, reason, cells, ended }) = self.reassembler.poll_unfinished() {
            let packets = left.remove(&vc.to_bits()).map_or(0, packets_of);
            self.discard(vc, Cause::Aal5(reason), (cells, ended), packets, each)?;
        }
        for (vc, sent) in left {
            let packets = packets_of(sent);
            if packets > 0 {
                self.discard(Vc::from_bits(vc), Cause::LostEnd, (0, false), packets, each)?;
            }
        }
        Ok(())
    }

    /// The line, for the cells of another reception.
    #[must_use]
    pub fn into_line(self) -> Line {
        self.line
    }

    /// Takes note of a cell as the file has it; its header if it has one that can be read.
    fn note(&mut self, cell: &[u8; CELL_LEN]) -> Option<Header> {
        let [a, b, c, d, e, ..] = *cell;
        let mut octets = [a, b, c, d, e];
        if hec::correct(&mut octets) == Check::Multiple {
            return None;
        }
        let header = header(octets, self.interface);
        if header.kind() == Kind::User {
            let sent = self.sent.entry(header.vc.to_bits()).or_default();
            let ends = ends(&header);
            // A message counts when it starts.
            if !std::mem::replace(&mut sent.open, !ends) {
                bump(&mut self.counts.sent);
            }
        }
        Some(header)
    }

    /// The end of message that was sent with this header does not arrive.
    fn lose_end(&mut self, sent: Option<Header>) {
        if let Some(header) = sent.filter(ends)
            && let Some(sent) = self.sent.get_mut(&header.vc.to_bits())
        {
            bump(&mut sent.lost_ends);
        }
    }

    /// Lost ends of a channel that are accounted for now.
    fn take_lost_ends(&mut self, vc: Vc) -> u64 {
        self.sent.get_mut(&vc.to_bits()).map_or(0, |sent| std::mem::take(&mut sent.lost_ends))
    }

    fn receive(
        &mut self,
        header: &Header,
        payload: &[u8; PAYLOAD_LEN],
        own: bool,
        each: &mut dyn FnMut(Event<'_>) -> Result<()>,
    ) -> Result<()> {
        let counter = match header.kind() {
            Kind::User => return self.receive_data(header, payload, own, each),
            Kind::Idle => &mut self.counts.idle,
            Kind::Unassigned => &mut self.counts.unassigned,
            Kind::OamF4 { .. } | Kind::OamF5 { .. } => &mut self.counts.oam,
            Kind::ResourceManagement | Kind::PhysicalLayer | Kind::Reserved => &mut self.counts.other,
        };
        bump(counter);
        Ok(())
    }

    fn receive_data(
        &mut self,
        header: &Header,
        payload: &[u8; PAYLOAD_LEN],
        own: bool,
        each: &mut dyn FnMut(Event<'_>) -> Result<()>,
    ) -> Result<()> {
        let time = time(self.counts.cells);
        let lost_ends = |sent: &mut BTreeMap<u32, Sent>| {
            sent.get_mut(&header.vc.to_bits()).map_or(0, |sent| std::mem::take(&mut sent.lost_ends))
        };
        match self.reassembler.handle_cell(time, header, payload) {
            Outcome::Complete(Sdu { vc, payload, .. }) => match unwrap(payload, self.encapsulation) {
                Ok(octets) => {
                    // Whatever was lost before it left no cell behind, or there would be no SDU.
                    let packets = lost_ends(&mut self.sent);
                    if packets > 0 {
                        tally(&mut self.counts, Cause::LostEnd, packets);
                        each(Event::Discard { vc, cause: Cause::LostEnd, cells: 0, ended: false, packets })?;
                    }
                    bump(&mut self.counts.delivered);
                    self.counts.misdelivered = self.counts.misdelivered.saturating_add(u64::from(!own));
                    each(Event::Packet { time, vc, octets, misdelivered: !own })?;
                }
                Err(cause) => {
                    let cells = u32::try_from(atm_cell::aal5::cells_for(payload.len())).unwrap_or(u32::MAX);
                    let packets = lost_ends(&mut self.sent).saturating_add(u64::from(own));
                    self.discard(vc, cause, (cells, true), packets, each)?;
                }
            },
            Outcome::Discarded(Discard { vc, reason, cells, ended }) => {
                // What it has to account for may still go on: that waits for its end.
                let packets = if ended { self.take_lost_ends(vc).saturating_add(u64::from(own)) } else { 0 };
                self.discard(vc, Cause::Aal5(reason), (cells, ended), packets, each)?;
            }
            Outcome::Pending | Outcome::Skipped | Outcome::NotUserData => {}
        }
        while let Some(Discard { vc, reason, cells, ended }) = self.reassembler.poll_discard() {
            self.discard(vc, Cause::Aal5(reason), (cells, ended), 0, each)?;
        }
        Ok(())
    }

    fn discard(
        &mut self,
        vc: Vc,
        cause: Cause,
        (cells, ended): (u32, bool),
        packets: u64,
        each: &mut dyn FnMut(Event<'_>) -> Result<()>,
    ) -> Result<()> {
        tally(&mut self.counts, cause, packets);
        each(Event::Discard { vc, cause, cells, ended, packets })
    }
}

fn tally(counts: &mut Counts, cause: Cause, packets: u64) {
    let (count, accounted) = counts.discards.entry(cause).or_default();
    bump(count);
    *accounted = accounted.saturating_add(packets);
}

const fn bump(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}

/// A cell's header, behind its HEC.
pub(crate) fn header([a, b, c, d, _]: [u8; HEADER_LEN], interface: Interface) -> Header {
    Header::from_word(u32::from_be_bytes([a, b, c, d]), interface)
}

/// Whether a cell of that header ends an AAL5 message.
fn ends(header: &Header) -> bool {
    header.kind() == Kind::User && header.payload_type.sdu_type()
}

/// When a cell has arrived that is the `number`-th of a line of 155.52 Mbit/s.
fn time(number: u64) -> Duration {
    let nanoseconds = u128::from(number).saturating_mul(NANOSECONDS).checked_div(CELLS).unwrap_or(0);
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// The IP packet of an SDU.
pub(crate) fn unwrap(sdu: &[u8], encapsulation: Encapsulation) -> Result<&[u8], Cause> {
    let (packet, expected) = match encapsulation {
        Encapsulation::VcMux => (sdu, version(sdu)),
        Encapsulation::Llc => {
            let pdu = Pdu::parse(sdu).map_err(|_| Cause::Llc)?;
            let expected = match pdu.protocol() {
                Protocol::Routed(EtherType::IPV4) => Some(4),
                Protocol::Routed(EtherType::IPV6) => Some(6),
                _ => None,
            };
            (pdu.payload(), expected)
        }
    };
    if expected.is_some() && version(packet) == expected { Ok(packet) } else { Err(Cause::NotIp) }
}
