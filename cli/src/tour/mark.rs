//! Classify and mark, by a conditioner; beside it what the agreement says, worked out without the crate.

use std::borrow::Cow;
use std::time::Duration;

use anyhow::{Context, Result};
use diffserv::audit::Config;
use diffserv::conditioner::{Arrival, Reason, Verdict};
use diffserv::{Conditioner, TrafficConditioningAgreement};
use ip_wire::ip::Packet;
use ip_wire::{Dscp, Protocol};

use super::chain::{Buf, Refusal, Rules, Step, Traveller, take};
use super::reasons;

/// The agreement, a file that `diffserv condition` takes as well.
const AGREEMENT: &str = include_str!("../../sample/tour-agreement.json");

/// The conditioner.
pub(super) struct Mark {
    node: Conditioner<Buf>,
    kept: Option<Conditioner<Buf>>,
}

impl Mark {
    pub(super) fn new() -> Result<Self> {
        let agreement: TrafficConditioningAgreement = serde_json::from_str(AGREEMENT).context("agreement of the tour")?;
        Ok(Self { node: Conditioner::with_audit(&agreement, Duration::ZERO, Config::off())?, kept: None })
    }
}

impl Step for Mark {
    fn run(&mut self, times: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        for ((packet, time), result) in packets.iter_mut().zip(times).zip(results) {
            match self.node.offer(take(packet), Arrival::at(*time)) {
                Verdict::Forward { packet: marked, .. } => *packet = marked,
                Verdict::Discard { packet: refused, reason } => {
                    *packet = refused;
                    *result = Err(match reason {
                        Reason::Unreadable(diffserv::Error::Ip(error)) => reasons::ip(&error),
                        other => format!("{other:?}"),
                    });
                }
                Verdict::Shaped { .. } => *result = Err("shaped".into()),
            }
        }
    }

    fn refusal(&self) -> Refusal {
        Refusal::PassBy
    }

    fn check(&self, before: &[u8], after: &[u8]) -> Result<(), String> {
        let congestion = |octets: &[u8]| octets.first_chunk::<2>().map(|[a, b]| if a >> 4 == 4 { b & 3 } else { (b >> 4) & 3 });
        if congestion(before) == congestion(after) { Ok(()) } else { Err("the congestion mark is another one".into()) }
    }

    fn rehearse(&mut self) {
        self.kept = Some(self.node.clone());
    }

    fn resume(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.node = kept;
        }
    }
}

/// What the agreement makes of packets.
pub(super) struct Model {
    voice: Buckets,
    names: Buckets,
    now: Duration,
    /// Codepoints that packets left with.
    pub(super) left: [u64; 64],
}

impl Model {
    pub(super) const fn new() -> Self {
        Self { voice: Buckets::new(80_000, 1600, 0), names: Buckets::new(2000, 1500, 3000), now: Duration::ZERO, left: [0; 64] }
    }

    /// The same for another agreement.
    #[cfg(test)]
    pub(super) const fn with_names(rate: u64, committed: u64, excess: u64) -> Self {
        Self { names: Buckets::new(rate, committed, excess), ..Self::new() }
    }

    /// The codepoint that a packet gets.
    fn codepoint(&mut self, octets: &[u8], time: Duration) -> Option<u8> {
        self.now = self.now.max(time);
        let reading = Packet::parse_lax(octets).ok()?;
        let (packet, missing) = (reading.into_view(), usize::try_from(reading.missing()).ok()?);
        // The length of an IPv4 packet is that of its header, also where it is cut.
        let len = if packet.version() == 4 { packet.len() } else { packet.len().saturating_add(missing) };
        let upper = packet.upper_layer().ok()?;
        let port = upper.octets.get(2..4).filter(|_| upper.has_start).map(|port| (upper.protocol, port));
        Some(if packet.ds().dscp() == Dscp::EF {
            match self.voice.color(self.now, len) {
                0 => 46,
                _ => 0,
            }
        } else if port == Some((Protocol::UDP, &[0, 53])) {
            // AF21, AF22, AF23.
            [18, 20, 22].get(self.names.color(self.now, len)).copied()?
        } else if port == Some((Protocol::TCP, &[1, 187])) {
            10
        } else {
            0
        })
    }
}

impl Rules for Model {
    fn expected<'t>(&mut self, traveller: &'t Traveller) -> Option<Cow<'t, [u8]>> {
        // What can't be read here was not to be taken: nothing is to come out.
        let dscp = self.codepoint(&traveller.octets, traveller.time);
        Some(Cow::Owned(dscp.map_or_else(Vec::new, |dscp| marked(&traveller.octets, dscp))))
    }

    fn arrive(&mut self, traveller: &mut Traveller, found: Vec<u8>) {
        let count = found.first_chunk::<2>().and_then(|[a, b]| {
            let word = u16::from_be_bytes([*a, *b]);
            let traffic_class = if a >> 4 == 4 { word & 0xff } else { (word >> 4) & 0xff };
            self.left.get_mut(usize::from(traffic_class >> 2))
        });
        if let Some(count) = count {
            *count = count.saturating_add(1);
        }
        traveller.octets = found;
    }
}

/// The packet with another codepoint, by hand: an IPv4 checksum is changed as RFC 1624 has it, equation 3.
fn marked(packet: &[u8], dscp: u8) -> Vec<u8> {
    let mut octets = packet.to_vec();
    let [first, second, ..] = octets.as_mut_slice() else { return octets };
    let old = u16::from_be_bytes([*first, *second]);
    if *first >> 4 == 6 {
        *first = 0x60 | (dscp >> 2);
        *second = (*second & 0x3f) | ((dscp & 3) << 6);
        return octets;
    }
    *second = (*second & 3) | (dscp << 2);
    let new = u16::from_be_bytes([*first, *second]);
    if let Some(checksum) = octets.get_mut(10..12).and_then(|octets| octets.first_chunk_mut::<2>()).filter(|_| new != old) {
        let terms = [!u16::from_be_bytes(*checksum), !old, new];
        let sum = terms.iter().fold(0u32, |sum, term| sum.saturating_add(u32::from(*term)));
        let folded = (sum & 0xffff).saturating_add(sum >> 16);
        let folded = (folded & 0xffff).saturating_add(folded >> 16);
        *checksum = (!u16::try_from(folded).unwrap_or(u16::MAX)).to_be_bytes();
    }
    octets
}

/// Two buckets with tokens that come one by one, the second from what the first has no room for (RFC 2697 3).
struct Buckets {
    rate: u64,
    sizes: [u64; 2],
    tokens: [u64; 2],
    /// Tokens that had come before.
    came: u64,
}

impl Buckets {
    const fn new(rate: u64, committed: u64, excess: u64) -> Self {
        Self { rate, sizes: [committed, excess], tokens: [committed, excess], came: 0 }
    }

    /// 0 green, 1 yellow, 2 red.
    fn color(&mut self, now: Duration, len: usize) -> usize {
        let came = now.as_nanos().saturating_mul(u128::from(self.rate)) / 1_000_000_000;
        let came = u64::try_from(came).unwrap_or(u64::MAX);
        let mut new = came.saturating_sub(self.came);
        self.came = came;
        for (tokens, size) in self.tokens.iter_mut().zip(self.sizes) {
            let fits = new.min(size.saturating_sub(*tokens));
            *tokens = tokens.saturating_add(fits);
            new = new.saturating_sub(fits);
        }
        let len = u64::try_from(len).unwrap_or(u64::MAX);
        match self.tokens.iter_mut().position(|tokens| *tokens >= len) {
            Some(at) => {
                if let Some(tokens) = self.tokens.get_mut(at) {
                    *tokens = tokens.saturating_sub(len);
                }
                at
            }
            None => 2,
        }
    }
}

/// A codepoint's name, or its number.
pub(super) fn name(dscp: usize) -> String {
    u8::try_from(dscp).ok().and_then(Dscp::new).map_or_else(|| dscp.to_string(), |dscp| dscp.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_marked_by_hand_as_the_header_that_is_made_with_the_codepoint() {
        let header = |dscp| {
            let mut octets = vec![0; 20];
            let addresses = ([192, 0, 2, 1].into(), [198, 51, 100, 7].into());
            let mut header = ip_wire::ipv4::Header::new(addresses.0, addresses.1, Protocol::UDP, 0).unwrap();
            header.ds = ip_wire::DsField::new(Dscp::new(dscp).unwrap(), ip_wire::Ecn::Ect1);
            header.emit(&mut octets).unwrap();
            octets
        };
        for dscp in 0..64 {
            assert_eq!(marked(&header(46), dscp), header(dscp), "{dscp}");
        }
        assert_eq!(marked(&[0x6f, 0xff, 0x12, 0x34], 18), [0x64, 0xbf, 0x12, 0x34]);
    }

    #[test]
    fn buckets_are_those_of_rfc_2697() {
        let mut buckets = Buckets::new(1000, 100, 50);
        let at = |ms| Duration::from_millis(ms);
        assert_eq!((buckets.color(at(0), 100), buckets.color(at(0), 50), buckets.color(at(0), 1)), (0, 1, 2));
        assert_eq!((buckets.color(at(9), 10), buckets.color(at(10), 10)), (2, 0));
        // What the first bucket has no room for goes to the second.
        assert_eq!((buckets.color(at(140), 100), buckets.color(at(140), 31), buckets.color(at(140), 30)), (0, 2, 1));
    }
}
