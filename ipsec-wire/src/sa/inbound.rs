//! The receiving end of an association.

use core::time::Duration;

use ip_wire::ip::Packet;
use ip_wire::tunnel::ecn::{self, Alarm, EcnOutcome};
use ip_wire::{DsField, Dscp, PacketBuf, Protocol, tunnel as ip_tunnel, udp};
use subtle::ConstantTimeEq;

use super::place::{Found, close_gap, find, mend};
use super::tunnel::Outline;
use super::{Mode, Params, Tunnel};
use crate::ah::gathered::Gathered;
use crate::ah::{self, coverage};
use crate::algorithm::Suite;
use crate::crypto::{Job, RustCrypto, Transform};
use crate::error::{Error, Field, len32};
use crate::esp::{self, Trailer};
use crate::lifetime::{Lifetime, Limit};
use crate::natt;
use crate::replay::{Storage, Window, words_for};

/// Words of a window's storage unless the caller has its own: for 4,096 packets.
pub const WINDOW_WORDS: usize = words_for(4096);

/// The receiving end, with the storage `S` for its anti-replay window.
pub struct Inbound<T = RustCrypto, S = [u64; WINDOW_WORDS]> {
    pub(super) params: Params,
    pub(super) transform: T,
    pub(super) lifetime: Lifetime,
    pub(super) window: Window<S>,
    pub(super) counters: Counters,
}

impl<T, S> core::fmt::Debug for Inbound<T, S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Inbound")
            .field("params", &self.params)
            .field("highest_received", &self.window.highest())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

/// What came out of an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// The buffer holds the packet as it was before protection.
    Packet(Accepted),
    /// A dummy packet: to be dropped without further notice (RFC 4303 2.6).
    Dummy {
        /// Its sequence number.
        sequence: u64,
    },
}

/// A packet that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Its sequence number, with the half that is not sent.
    pub sequence: u64,
    /// The outer codepoint of tunnel mode, which a node may classify by (RFC 2983 5).
    pub outer_dscp: Option<Dscp>,
    /// An ECN combination that a correct sender does not make (RFC 6040 4.2).
    pub alarm: Option<Alarm>,
    /// A soft lifetime that it reached: said once.
    pub soft_limit: Option<Limit>,
}

/// How many packets came to what. For the node's operator: an attacker who sees them learns what the errors hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Accepted.
    pub accepted: u64,
    /// Dummy packets.
    pub dummies: u64,
    /// Of another association: SPI, protocol, tunnel ends.
    pub misdirected: u64,
    /// Fragments.
    pub fragments: u64,
    /// With lengths or headers that cannot be.
    pub malformed: u64,
    /// Received before, or too old.
    pub replayed: u64,
    /// With an ICV that does not hold.
    pub unauthentic: u64,
    /// Authentic, but with wrong padding, next header, or inner packet.
    pub nonsense: u64,
    /// Dropped by RFC 6040.
    pub congestion: u64,
    /// After a hard lifetime.
    pub expired: u64,
}

/// A packet whose association and number are known, and whose ICV is not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrived {
    pub(super) found: Found,
    /// Where AH or ESP starts: behind UDP, if there is one.
    pub(super) at: usize,
    /// Where it ends.
    pub(super) end: usize,
    pub(super) sequence: u64,
}

impl Arrived {
    /// Octets of the IP packet.
    pub(super) const fn packet_end(&self) -> usize {
        self.found.end
    }
}

impl<T: Transform, W: Storage> Inbound<T, W> {
    pub(super) fn new(params: Params, transform: T, lifetime: Lifetime, window: Window<W>) -> Self {
        Self { params, transform, lifetime, window, counters: Counters::default() }
    }

    /// Opens the IP packet in `packet` in place. It is decrypted, and the number counts as received, only if its ICV holds.
    ///
    /// With an error the packet's headers stay as they were, for an audit record ([`crate::audit::Record`]); behind them it may be decrypted.
    ///
    /// # Errors
    /// [`Error::Ip`] if it is no IP packet; [`Error::NotReassembled`]; [`Error::Mismatch`] if it is of another association; [`Error::Truncated`] and [`Error::Length`]
    /// for lengths that the association's packets do not have; [`Error::Replayed`]; [`Error::Authentication`]; [`Error::CongestionLoss`]; [`Error::Expired`]; those
    /// of [`ah::covered`] for AH.
    pub fn open<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Opened, Error> {
        let arrived = self.arrive(now, packet.octets())?;
        self.open_arrived(now, packet, &arrived)
    }

    pub(super) fn open_arrived<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
        arrived: &Arrived,
    ) -> Result<Opened, Error> {
        let authentic = match self.params.suite {
            Suite::Ah(_) => self.verify_ah(packet.octets(), arrived)?,
            _ => {
                let esp = packet.octets_mut().get_mut(arrived.at..arrived.end).unwrap_or_default();
                let mut job = Job::new(esp, self.params.esn_high(arrived.sequence));
                self.transform.open(&mut job);
                job.authentic
            }
        };
        self.finish(now, packet, arrived, authentic)
    }

    /// The sequence numbers received: to be exported, and given to [`Builder::received`](super::Builder::received).
    #[must_use]
    pub const fn window(&self) -> &Window<W> {
        &self.window
    }

    /// What became of the packets.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Everything that can be said before the cryptography.
    pub(super) fn arrive(&mut self, now: Duration, octets: &[u8]) -> Result<Arrived, Error> {
        let arrived = self.look(octets);
        let arrived = match arrived {
            Ok(arrived) => arrived,
            Err(error) => {
                self.count_error(&error);
                return Err(error);
            }
        };
        if let Some(limit) = self.lifetime.expired(now, 1) {
            self.counters.expired = self.counters.expired.saturating_add(1);
            return Err(Error::Expired(limit));
        }
        Ok(arrived)
    }

    fn look(&self, octets: &[u8]) -> Result<Arrived, Error> {
        let packet = Packet::parse(octets)?;
        let found = find(&packet)?;
        let params = &self.params;
        if let Mode::Tunnel(tunnel) = &params.mode {
            check_ends(tunnel, &packet)?;
        }
        let rest = octets.get(found.at..found.end).unwrap_or(&[]);
        let offset = len32(found.at);
        let (at, end) = match params.suite {
            Suite::Ah(_) => {
                expect(&found, Protocol::AH)?;
                let view = ah::View::parse(rest).map_err(|error| error.shifted(offset))?;
                self.check_spi(view.spi(), offset.saturating_add(4))?;
                self.check_ah_len(&view, &found)?;
                (found.at, found.end)
            }
            _ => {
                let (front, end) = match params.encapsulation {
                    None => {
                        expect(&found, Protocol::ESP)?;
                        (0, rest.len())
                    }
                    Some(encapsulation) => {
                        expect(&found, Protocol::UDP)?;
                        let view = udp::View::parse(rest).map_err(|error| error.shifted(offset))?;
                        let (front, end) = (encapsulation.len(), natt::UDP_LEN.saturating_add(view.payload().len()));
                        if end < front {
                            let (found, needed) = (len32(end), len32(front));
                            return Err(Error::Truncated { field: Field::UdpHeader, offset, found, needed });
                        }
                        (front, end)
                    }
                };
                let esp = rest.get(front..end).unwrap_or(&[]);
                let offset = offset.saturating_add(len32(front));
                params.layout.check(esp.len()).map_err(|error| error.shifted(offset))?;
                let view = esp::View::parse(esp).map_err(|error| error.shifted(offset))?;
                self.check_spi(view.spi(), offset)?;
                (found.at.saturating_add(front), found.at.saturating_add(end))
            }
        };
        let number = if matches!(params.suite, Suite::Ah(_)) { at.saturating_add(8) } else { at.saturating_add(4) };
        let low = crate::octets::be32(octets, number);
        match self.window.check(low) {
            Ok(sequence) => Ok(Arrived { found, at, end, sequence }),
            Err(_) => Err(Error::Replayed { sequence: self.window.infer(low).unwrap_or(u64::from(low)) }),
        }
    }

    pub(super) fn check_spi(&self, found: u32, offset: u32) -> Result<(), Error> {
        let needed = self.params.spi;
        if found == needed { Ok(()) } else { Err(Error::Mismatch { field: Field::Spi, offset, found, needed }) }
    }

    /// A header is as long as its ICV, padded to a multiple of 4 or, as Linux has it, of 8 octets.
    fn check_ah_len(&self, view: &ah::View<'_>, found: &Found) -> Result<(), Error> {
        let icv_len = self.params.suite.icv_len();
        let (short, long) = (ah::header_len(icv_len, 4), ah::header_len(icv_len, 8));
        let len = view.header_len();
        if len == long || (len == short && found.version == 4) {
            return Ok(());
        }
        let offset = len32(found.at).saturating_add(1);
        let needed = len32((self.params.ah_len(found.version) / 4).saturating_sub(2));
        Err(Error::Length { field: Field::AhLength, offset, found: u32::from(view.payload_len()), needed })
    }

    pub(super) fn verify_ah(&mut self, octets: &[u8], arrived: &Arrived) -> Result<bool, Error> {
        let (iv_len, icv_len) = (self.params.ah_iv_len(), self.params.suite.icv_len());
        let octets = octets.get(..arrived.found.end).unwrap_or(&[]);
        let from = arrived.at.saturating_add(ah::FIXED_LEN);
        let found = octets.get(from..from.saturating_add(icv_len)).unwrap_or(&[]);
        let mut icv = [0u8; 64];
        let icv = icv.get_mut(..icv_len).unwrap_or_default();
        crate::octets::copy(icv, found.get(..iv_len).unwrap_or(&[]));
        let (end, high) = (coverage::End::Receiver, self.params.esn_high(arrived.sequence));
        let mut gathered = Gathered::new();
        match gathered.gather(octets, arrived.at, (iv_len, icv_len), high, end) {
            Ok(true) => {
                let pieces = gathered.pieces(octets, arrived.at, icv_len);
                self.transform.ah_icv(&|sink| pieces.iter().for_each(|piece| sink(piece)), icv);
            }
            Ok(false) => self.transform.ah_icv(
                &|sink| {
                    let _ = coverage::covered(octets, arrived.at, (iv_len, icv_len), high, end, sink);
                },
                icv,
            ),
            Err(error) => {
                self.count_error(&error);
                return Err(error);
            }
        }
        Ok(found.len() == icv_len && bool::from(icv.ct_eq(found)))
    }

    /// Everything behind the cryptography.
    pub(super) fn finish<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
        arrived: &Arrived,
        authentic: bool,
    ) -> Result<Opened, Error> {
        if !authentic {
            self.counters.unauthentic = self.counters.unauthentic.saturating_add(1);
            return Err(Error::Authentication);
        }
        // The window may have moved since it was asked; this asks again.
        if self.window.mark(arrived.sequence).is_err() {
            self.counters.replayed = self.counters.replayed.saturating_add(1);
            return Err(Error::Replayed { sequence: arrived.sequence });
        }
        let opened = match self.params.suite {
            Suite::Ah(_) => self.strip_ah(packet, arrived),
            _ => self.strip_esp(packet, arrived),
        };
        match opened {
            Ok(Opened::Packet(mut accepted)) => {
                self.counters.accepted = self.counters.accepted.saturating_add(1);
                accepted.soft_limit = self.lifetime.count(now, packet.len());
                Ok(Opened::Packet(accepted))
            }
            Ok(dummy) => {
                self.counters.dummies = self.counters.dummies.saturating_add(1);
                Ok(dummy)
            }
            Err(error) => {
                let counter = match error {
                    Error::CongestionLoss => &mut self.counters.congestion,
                    _ => &mut self.counters.nonsense,
                };
                *counter = counter.saturating_add(1);
                Err(error)
            }
        }
    }

    fn strip_esp<S: AsRef<[u8]> + AsMut<[u8]>>(&self, packet: &mut PacketBuf<S>, arrived: &Arrived) -> Result<Opened, Error> {
        let start = arrived.at.saturating_add(self.params.layout.front());
        let end = arrived.end.saturating_sub(self.params.layout.icv_len);
        let plaintext = packet.octets().get(start..end).unwrap_or(&[]);
        // Whatever is wrong with what was hidden looks the same.
        let trailer = Trailer::parse(plaintext).map_err(|_| Error::Authentication)?;
        let (payload, next) = (trailer.payload().len(), trailer.next_header());
        if next == Protocol::NO_NEXT_HEADER {
            return Ok(Opened::Dummy { sequence: arrived.sequence });
        }
        match self.params.mode {
            Mode::Tunnel(tunnel) => {
                let inner = inner_packet(next, trailer.payload()).ok_or(Error::Authentication)?;
                self.strip_tunnel(&tunnel, packet, arrived, start, inner)
            }
            Mode::Transport => self.strip_transport(packet, arrived, start, payload, next),
        }
    }

    fn strip_ah<S: AsRef<[u8]> + AsMut<[u8]>>(&self, packet: &mut PacketBuf<S>, arrived: &Arrived) -> Result<Opened, Error> {
        let octets = packet.octets().get(..arrived.end).unwrap_or(&[]);
        let rest = octets.get(arrived.at..).unwrap_or(&[]);
        let view = ah::View::parse(rest)?;
        let start = arrived.at.saturating_add(view.header_len());
        let (next, payload) = (view.next_header(), view.payload().len());
        match self.params.mode {
            Mode::Tunnel(tunnel) => {
                let inner = inner_packet(next, view.payload()).ok_or(Error::Authentication)?;
                self.strip_tunnel(&tunnel, packet, arrived, start, inner)
            }
            Mode::Transport => self.strip_transport(packet, arrived, start, payload, next),
        }
    }

    /// Takes the outer header off; what stands behind the inner packet's own length is TFC padding.
    fn strip_tunnel<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        tunnel: &Tunnel,
        packet: &mut PacketBuf<S>,
        arrived: &Arrived,
        start: usize,
        (inner_len, inner_ds): (usize, DsField),
    ) -> Result<Opened, Error> {
        // The outer header was read when the packet arrived.
        let outer = match *packet.octets() {
            [first, second, ..] if first >> 4 == 6 => DsField((first << 4) | (second >> 4)),
            [_, second, ..] => DsField(second),
            _ => DsField::default(),
        };
        let (ecn, alarm) = match ecn::egress(inner_ds.ecn(), outer.ecn()) {
            EcnOutcome::Drop => return Err(Error::CongestionLoss),
            EcnOutcome::Forward { ecn, alarm } => (ecn, alarm),
        };
        let dscp = if tunnel.copy_dscp_in { outer.dscp() } else { inner_ds.dscp() };
        let ds = DsField::new(dscp, ecn);
        packet.pop_front(start)?;
        packet.truncate(inner_len);
        if ds != inner_ds {
            ip_tunnel::set_ds(packet.octets_mut(), ds)?;
        }
        let (sequence, outer_dscp) = (arrived.sequence, Some(outer.dscp()));
        Ok(Opened::Packet(Accepted { sequence, outer_dscp, alarm, soft_limit: None }))
    }

    /// Takes the header out from between IP header and payload.
    fn strip_transport<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        packet: &mut PacketBuf<S>,
        arrived: &Arrived,
        start: usize,
        payload: usize,
        next: Protocol,
    ) -> Result<Opened, Error> {
        let found = &arrived.found;
        packet.truncate(start.saturating_add(payload));
        close_gap(packet, found.at, start.saturating_sub(found.at))?;
        mend(packet.octets_mut(), found.version, found.pointer, next, found.at.saturating_add(payload))?;
        self.params.inner_checksum.apply(packet.octets_mut());
        let sequence = arrived.sequence;
        Ok(Opened::Packet(Accepted { sequence, outer_dscp: None, alarm: None, soft_limit: None }))
    }

    #[cold]
    pub(super) fn count_error(&mut self, error: &Error) {
        let counter = match error {
            Error::NotReassembled { .. } => &mut self.counters.fragments,
            Error::Replayed { .. } => &mut self.counters.replayed,
            Error::Mismatch { field: Field::Spi | Field::Protocol | Field::TunnelEnd, .. } => &mut self.counters.misdirected,
            _ => &mut self.counters.malformed,
        };
        *counter = counter.saturating_add(1);
    }
}

/// A packet in a tunnel comes to this end of it, and from the other where that is asked for.
fn check_ends(tunnel: &Tunnel, packet: &Packet<'_>) -> Result<(), Error> {
    let (source, destination) = if packet.version() == 4 { (12, 16) } else { (8, 24) };
    let wrong = |offset| Err(Error::Mismatch { field: Field::TunnelEnd, offset, found: 0, needed: 1 });
    if packet.destination() != tunnel.local() {
        return wrong(destination);
    }
    if tunnel.check_source && packet.source() != tunnel.remote() {
        return wrong(source);
    }
    Ok(())
}

fn expect(found: &Found, protocol: Protocol) -> Result<(), Error> {
    if found.protocol == protocol {
        return Ok(());
    }
    let (offset, found) = (len32(found.pointer), u32::from(found.protocol.0));
    Err(Error::Mismatch { field: Field::Protocol, offset, found, needed: u32::from(protocol.0) })
}

/// Length and DS field of the packet that a tunnel carries, if it is of the version that the next header says and is whole.
fn inner_packet(next: Protocol, payload: &[u8]) -> Option<(usize, DsField)> {
    let version = match next {
        Protocol::IPV4 => 4,
        Protocol::IPV6 => 6,
        _ => return None,
    };
    let inner = Outline::read(payload).ok().filter(|inner| inner.version == version)?;
    Some((inner.len, inner.ds))
}
