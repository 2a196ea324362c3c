//! The sending end of an association.

use core::time::Duration;

use ip_wire::ip::Packet;
use ip_wire::{Dscp, PacketBuf, Protocol, ipv4, ipv6};
use rand_core::CryptoRng;

use super::iv::IvSource;
use super::place::{Place, insertion, mend, open_gap, too_long};
use super::tunnel::Outline;
use super::{Mode, Params, PathMtu, low};
use crate::ah::gathered::Gathered;
use crate::ah::{self, coverage};
use crate::algorithm::Suite;
use crate::crypto::{Job, RustCrypto, Transform};
use crate::error::{Error, Field, len32};
use crate::esp::{self, Trailer};
use crate::lifetime::{Lifetime, Limit};
use crate::octets::{copy, put, put_slice};

/// The sending end. It is not `Clone`: two copies would send the same sequence numbers, and with counter modes the same key stream. Its
/// place in the numbers leaves it by [`Outbound::export`] only.
pub struct Outbound<T = RustCrypto> {
    pub(super) params: Params,
    pub(super) transform: T,
    pub(super) iv: IvSource,
    pub(super) lifetime: Lifetime,
    pub(super) last_sent: u64,
    /// The last IV of a counter mode.
    pub(super) last_iv: Option<u64>,
    /// The last number that may be sent: of the number space, or of the lease.
    pub(super) last_allowed: u64,
    pub(super) leased: bool,
    path_mtu: Option<PathMtu>,
    identification: u16,
    atomic_identification: u16,
}

impl<T> core::fmt::Debug for Outbound<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Outbound").field("params", &self.params).field("last_sent", &self.last_sent).finish_non_exhaustive()
    }
}

/// What became of a packet that was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// Its sequence number, the half that is not sent too.
    pub sequence: u64,
    /// A soft lifetime that it reached: said once.
    pub soft_limit: Option<Limit>,
    /// The packet is longer than the path MTU, and is to be fragmented before it is sent.
    pub fragment: bool,
}

/// An association's place in its sequence numbers, to be stored and to go on from with [`Builder::last_sent`](super::Builder::last_sent).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Exported {
    /// The number behind which a restored association goes on.
    pub last_sent: u64,
}

/// A packet that is framed, and lacks its cryptography.
#[derive(Debug, Clone, Copy)]
pub(super) struct Framed {
    /// Where AH or ESP starts.
    pub(super) at: usize,
    pub(super) sealed: Sealed,
}

/// What is around the payload when its place is known.
pub(super) struct Plan {
    place: Place,
    /// Octets of the packet before.
    len: usize,
    /// Octets of ESP's payload with TFC padding.
    padded: usize,
    /// Octets of payload, padding and trailer before the cipher; 0 for AH.
    tail: usize,
    /// Octets added before the payload.
    pub(super) front: usize,
    /// Octets of the protected packet.
    pub(super) total: usize,
}

impl<T: Transform> Outbound<T> {
    pub(super) fn new(
        params: Params,
        transform: T,
        lifetime: Lifetime,
        last_sent: u64,
        path_mtu: Option<PathMtu>,
        rng: &mut impl CryptoRng,
    ) -> Self {
        let iv = IvSource::new(&params.suite, rng);
        let mut random = [0u8; 2];
        rng.fill_bytes(&mut random);
        Self {
            params,
            transform,
            iv,
            lifetime,
            last_sent,
            last_iv: None,
            last_allowed: if params.esn { u64::MAX } else { u64::from(u32::MAX) },
            leased: false,
            path_mtu,
            identification: u16::from_be_bytes(random),
            atomic_identification: 0,
        }
    }

    /// Protects the IP packet in `packet` in place: its header moves in transport mode, in tunnel mode nothing does. Octets behind the IP packet's
    /// own length are cut off.
    ///
    /// # Errors
    /// [`Error::Ip`] if it is no IP packet; [`Error::NotReassembled`] for a fragment in transport mode; [`Error::BufferTooSmall`] without the headroom
    /// or tailroom that [`Outbound::headroom`] and [`Outbound::tailroom`] tell; [`Error::DoesNotFit`] if the result is over what IP carries;
    /// [`Error::FragmentationNeeded`] over the path MTU; [`Error::Expired`], [`Error::SequenceExhausted`], [`Error::LeaseExhausted`]; those of [`ah::covered`] for AH.
    /// The packet and the association stay as they were.
    pub fn seal<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Sealed, Error> {
        let framed = self.frame(now, packet, None, None)?;
        self.protect(packet, &framed)?;
        Ok(framed.sealed)
    }

    /// Protects with an IV of the caller's, for tests and for reproducing captures. Under one key a counter mode's IV must not be used twice:
    /// as numbers, the IVs of one `Outbound` must go up, its own among them. What was sent under the key elsewhere is the caller's to know. A
    /// CBC IV must not be predictable.
    ///
    /// # Errors
    /// [`Error::KeyLength`] for an IV of the wrong length, [`Error::Mismatch`] for a counter mode's IV that may have been used, and those of
    /// [`Outbound::seal`].
    pub fn seal_with_iv<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
        iv: &[u8],
    ) -> Result<Sealed, Error> {
        let needed = match self.params.suite {
            Suite::Ah(_) => self.params.ah_iv_len(),
            _ => self.params.layout.iv_len,
        };
        if iv.len() != needed {
            return Err(Error::KeyLength { field: Field::Iv, found: len32(iv.len()), needed: len32(needed) });
        }
        let framed = self.frame(now, packet, Some(iv), None)?;
        self.protect(packet, &framed)?;
        Ok(framed.sealed)
    }

    /// Makes a dummy packet (RFC 4303 2.6: next header 59), which the receiver drops, to hide whether there is traffic. In tunnel mode its
    /// payload is whatever octets `packet` holds; in transport mode that of the IP packet in it.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for AH, which has none, and those of [`Outbound::seal`].
    pub fn seal_dummy<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
    ) -> Result<Sealed, Error> {
        if matches!(self.params.suite, Suite::Ah(_)) {
            return Err(Error::Unsupported(Field::Protocol));
        }
        let framed = self.frame(now, packet, None, Some(Protocol::NO_NEXT_HEADER))?;
        self.protect(packet, &framed)?;
        Ok(framed.sealed)
    }

    /// Octets of headroom that [`Outbound::seal`] takes at most.
    #[must_use]
    pub fn headroom(&self) -> usize {
        let outer = match self.params.mode {
            Mode::Transport => 0,
            Mode::Tunnel(tunnel) => tunnel.header_len(),
        };
        outer.saturating_add(self.front(6))
    }

    /// Octets of tailroom that [`Outbound::seal`] takes at most, TFC padding of a packet without payload included.
    #[must_use]
    pub fn tailroom(&self) -> usize {
        match self.params.suite {
            Suite::Ah(_) => 0,
            _ => {
                let padding = self.params.layout.alignment.saturating_add(esp::TRAILER_LEN);
                self.params.pad_to.saturating_add(padding).saturating_add(self.params.layout.icv_len)
            }
        }
    }

    /// Octets that protection adds to a packet of `len` octets. In transport mode `header_len` of them stay before AH or ESP (an IPv4 header, or an IPv6
    /// header with the extension headers that go first); in tunnel mode it does not matter. `version` is the packet's.
    #[must_use]
    pub fn overhead(&self, version: u8, len: usize, header_len: usize) -> usize {
        self.sealed_len(version, len, header_len).saturating_sub(len)
    }

    /// Octets of the protected packet: `len` and [`Outbound::overhead`].
    #[must_use]
    pub fn sealed_len(&self, version: u8, len: usize, header_len: usize) -> usize {
        let (kept, outer, version) = self.around(version, header_len);
        let payload = len.saturating_sub(kept);
        let protected = match self.params.suite {
            Suite::Ah(_) => self.params.ah_len(version).saturating_add(payload),
            _ => self.params.layout.sealed_len(self.padded(payload)),
        };
        kept.saturating_add(outer).saturating_add(self.encapsulation_len()).saturating_add(protected)
    }

    /// The longest packet whose protected form has `mtu` octets at most, the inverse of [`Outbound::sealed_len`]; `None` if none has. With TFC padding it is the
    /// longest that may be sent, though shorter ones may come out as long.
    #[must_use]
    pub fn max_inner(&self, version: u8, mtu: usize, header_len: usize) -> Option<usize> {
        let (kept, outer, version) = self.around(version, header_len);
        let room = mtu.min(65_535).checked_sub(kept.saturating_add(outer).saturating_add(self.encapsulation_len()))?;
        let payload = match self.params.suite {
            Suite::Ah(_) => room.checked_sub(self.params.ah_len(version))?,
            _ => self.params.layout.max_payload(room)?,
        };
        if payload < self.params.pad_to {
            return None;
        }
        Some(payload.saturating_add(kept))
    }

    /// Takes note of an ICMP "fragmentation needed" or "packet too big" with its MTU, `quoted` being the packet that it quotes, if that is one of this
    /// association's: SPI and, in tunnel mode, addresses are compared (RFC 4301 8.2.1). Says whether the path MTU went down.
    pub fn handle_too_big(&mut self, now: Duration, mtu: u32, quoted: &[u8]) -> bool {
        let Ok(reading) = Packet::parse_lax(quoted) else { return false };
        let packet = reading.into_view();
        let Ok(upper) = packet.upper_layer() else { return false };
        let ends = match self.params.mode {
            Mode::Transport => true,
            Mode::Tunnel(tunnel) => (packet.source(), packet.destination()) == (tunnel.local(), tunnel.remote()),
        };
        let (offset, protocol) = match (self.params.suite, self.params.encapsulation) {
            (Suite::Ah(_), _) => (4, Protocol::AH),
            (_, None) => (0, Protocol::ESP),
            (_, Some(encapsulation)) => (encapsulation.len(), Protocol::UDP),
        };
        let spi = upper.octets.get(offset..).and_then(<[u8]>::first_chunk).map(|spi| u32::from_be_bytes(*spi));
        if !ends || upper.protocol != protocol || spi != Some(self.params.spi) {
            return false;
        }
        self.path_mtu.as_mut().is_some_and(|path| path.learn(now, mtu))
    }

    /// The path MTU now.
    #[must_use]
    pub fn path_mtu(&self, now: Duration) -> Option<u32> {
        self.path_mtu.map(|path| path.at(now))
    }

    /// The association's place in its numbers, `lease` further on: a restored one starts behind the lease, and this one stops at its end until the next
    /// export. So no number is sent twice, whenever the restored one takes over. With a lease of 0 this one sends no more.
    pub fn export(&mut self, lease: u64) -> Exported {
        let space = if self.params.esn { u64::MAX } else { u64::from(u32::MAX) };
        self.last_allowed = self.last_sent.saturating_add(lease).min(space);
        self.leased = true;
        Exported { last_sent: self.last_allowed }
    }

    /// The identification of the next outer IPv4 header, instead of a random one; it goes up by one with each packet that may be fragmented. Packets that
    /// may not be have the same one each time, 0 unless set here (RFC 6864 4.1).
    pub fn set_identification(&mut self, identification: u16) {
        (self.identification, self.atomic_identification) = (identification, identification);
    }

    /// Whether the association is for packets with this codepoint (RFC 4301 4.4.2.1). It is for whoever chooses between associations: sealing
    /// does not ask.
    #[must_use]
    pub fn carries(&self, dscp: Dscp) -> bool {
        self.params.dscps.contains(dscp)
    }

    /// The last sequence number sent; 0 before the first.
    #[must_use]
    pub const fn last_sent(&self) -> u64 {
        self.last_sent
    }

    /// Frames the packet: all but the cryptography. Nothing is changed if there is an error.
    pub(super) fn frame<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
        iv: Option<&[u8]>,
        dummy: Option<Protocol>,
    ) -> Result<Framed, Error> {
        let octets = packet.octets();
        let is_tunnel = matches!(self.params.mode, Mode::Tunnel(_));
        let inner = if is_tunnel { None } else { Some(Packet::parse(octets)?) };
        let outline = if is_tunnel && dummy.is_none() { Some(Outline::read(octets)?) } else { None };
        let len = match (&inner, &outline) {
            (Some(inner), _) => inner.len(),
            (None, Some(outline)) => outline.len,
            (None, None) => octets.len(),
        };
        let plan = self.plan(inner.as_ref(), outline.is_some_and(|outline| outline.version == 6), len)?;
        if plan.total > 65_535 && (plan.place.version == 4 || plan.total > 65_575) {
            return Err(too_long(plan.total));
        }
        let is_packet = inner.is_some() || outline.is_some();
        let fragment = self.over_mtu(now, is_packet.then_some(octets), &plan)?;
        if let Some(limit) = self.lifetime.expired(now, len) {
            return Err(Error::Expired(limit));
        }
        let sequence = self.next_sequence()?;
        let last_iv = self.next_iv(sequence, iv)?;
        if let (Suite::Ah(_), Some(_), Mode::Transport) = (self.params.suite, inner, self.params.mode) {
            // Options that AH can't cover are found before anything is written.
            coverage::headers(octets, plan.place.at, coverage::End::Sender, &mut |_| {})?;
        }
        let link_padding = octets.len().saturating_sub(len);
        let tailroom = packet.tailroom().saturating_add(link_padding);
        if packet.headroom() < plan.front {
            let (found, needed) = (len32(packet.headroom()), len32(plan.front));
            return Err(Error::BufferTooSmall { field: Field::Headroom, found, needed });
        }
        if tailroom < plan.tail {
            return Err(Error::BufferTooSmall { field: Field::Tailroom, found: len32(tailroom), needed: len32(plan.tail) });
        }
        let next_header = dummy.unwrap_or(plan.place.next);
        let outer = match &self.params.mode {
            Mode::Transport => None,
            Mode::Tunnel(tunnel) => {
                let payload = plan.total.saturating_sub(tunnel.header_len());
                let (id, atomic) = (self.identification, self.atomic_identification);
                Some(tunnel.outer(outline.as_ref(), self.protocol(), payload, |firm| if firm { atomic } else { id })?)
            }
        };
        // Nothing can fail from here on.
        packet.truncate(len);
        let at = match outer {
            Some(outer) => {
                packet.push_front(plan.front)?;
                outer.emit(packet.octets_mut())
            }
            None => {
                open_gap(packet, plan.place.at, plan.front)?;
                plan.place.at
            }
        };
        packet.push_back(plan.tail)?;
        let made;
        let iv = match iv {
            Some(iv) => iv,
            None => {
                made = self.iv.of(sequence);
                &made
            }
        };
        self.write_header(packet.octets_mut(), at, sequence, next_header, iv, &plan)?;
        if !is_tunnel {
            mend(packet.octets_mut(), plan.place.version, plan.place.pointer, self.protocol(), plan.total)?;
        }
        self.last_sent = sequence;
        self.last_iv = last_iv;
        self.identification = self.identification.wrapping_add(1);
        let soft_limit = self.lifetime.count(now, len);
        Ok(Framed { at: at.saturating_add(self.encapsulation_len()), sealed: Sealed { sequence, soft_limit, fragment } })
    }

    /// The number of the next packet.
    #[inline]
    pub(super) fn next_sequence(&self) -> Result<u64, Error> {
        match self.last_sent.checked_add(1) {
            Some(next) if next <= self.last_allowed => Ok(next),
            _ if self.leased => Err(Error::LeaseExhausted),
            _ => Err(Error::SequenceExhausted),
        }
    }

    /// The IV of a counter mode as a number, which must be above the last one's.
    pub(super) fn next_iv(&self, sequence: u64, iv: Option<&[u8]>) -> Result<Option<u64>, Error> {
        if !self.params.suite.has_counter_iv() {
            return Ok(None);
        }
        let next = match iv {
            // An implicit IV is the sequence number whatever the caller says.
            None | Some([]) => sequence,
            Some(iv) => iv.first_chunk().map_or(u64::MAX, |iv| u64::from_be_bytes(*iv)),
        };
        match self.last_iv {
            Some(last) if next <= last => {
                let needed = low(last).wrapping_add(1);
                Err(Error::Mismatch { field: Field::Iv, offset: 0, found: low(next), needed })
            }
            _ => Ok(Some(next)),
        }
    }

    /// What goes where, and whether it may.
    #[inline]
    pub(super) fn plan(&self, inner: Option<&Packet<'_>>, is_v6: bool, len: usize) -> Result<Plan, Error> {
        let (place, outer) = match (&self.params.mode, inner) {
            (Mode::Transport, Some(inner)) => (insertion(inner, self.params.protect_destination_options)?, 0),
            (Mode::Transport, None) => return Err(Error::Unsupported(Field::Protocol)),
            (Mode::Tunnel(tunnel), _) => {
                let next = if is_v6 { Protocol::IPV6 } else { Protocol::IPV4 };
                (Place { version: tunnel.version(), at: 0, pointer: 0, next }, tunnel.header_len())
            }
        };
        let payload = len.saturating_sub(place.at);
        let front = outer.saturating_add(self.front(place.version));
        let (padded, tail) = match self.params.suite {
            Suite::Ah(_) => (payload, 0),
            _ => {
                let padded = self.padded(payload);
                let body = padded.saturating_add(self.params.layout.padding(padded)).saturating_add(esp::TRAILER_LEN);
                (padded, body.saturating_sub(payload).saturating_add(self.params.layout.icv_len))
            }
        };
        Ok(Plan { place, len, padded, tail, front, total: len.saturating_add(front).saturating_add(tail) })
    }

    /// Whether the result is over the path MTU: to be fragmented, or an error where that is not allowed (RFC 4301 8.2.1).
    #[inline]
    fn over_mtu(&self, now: Duration, inner: Option<&[u8]>, plan: &Plan) -> Result<bool, Error> {
        let Some(mtu) = self.path_mtu.map(|path| path.at(now)) else { return Ok(false) };
        if len32(plan.total) <= mtu {
            return Ok(false);
        }
        let (Some(inner), version) = (inner, plan.place.version) else { return Ok(true) };
        let inner = Packet::parse(inner)?;
        let mtu = usize::try_from(mtu).unwrap_or(usize::MAX);
        let fits = len32(self.max_inner(version, mtu, plan.place.at).unwrap_or(0));
        let (limit, firm) = match inner {
            Packet::V4(view) => (fits.max(ipv4::MIN_MTU), view.flags().dont_fragment()),
            // No source of IPv6 need send less than 1,280: the outer packet is fragmented instead (RFC 2473 7.1).
            Packet::V6(_) => (fits.max(ipv6::MIN_MTU), true),
        };
        let found = len32(plan.len);
        if firm && found > limit { Err(Error::FragmentationNeeded { found, mtu: limit }) } else { Ok(true) }
    }

    /// Writes what stands between IP header and payload, and what stands behind it.
    #[inline]
    fn write_header(
        &self,
        octets: &mut [u8],
        at: usize,
        sequence: u64,
        next_header: Protocol,
        iv: &[u8],
        plan: &Plan,
    ) -> Result<(), Error> {
        let (total, params) = (octets.len(), &self.params);
        let rest = octets.get_mut(at..).unwrap_or_default();
        if let Suite::Ah(integrity) = params.suite {
            let alignment = if plan.place.version == 4 { params.ah_alignment } else { 8 };
            let icv_len = integrity.icv_len();
            let header = ah::Header { next_header, spi: params.spi, sequence_number: low(sequence), icv_len, alignment };
            header.emit(rest)?;
            let room = rest.get_mut(ah::FIXED_LEN..).and_then(|icv| icv.get_mut(..params.ah_iv_len())).unwrap_or_default();
            copy(room, iv);
            return Ok(());
        }
        let mut front = 0;
        if let Some(encapsulation) = params.encapsulation {
            front = encapsulation.emit(rest, total.saturating_sub(at).saturating_sub(encapsulation.len()))?;
        }
        let esp = rest.get_mut(front..).unwrap_or_default();
        // As one number: it is read as one when it is authenticated.
        put(esp, 0, &((u64::from(params.spi) << 32) | u64::from(low(sequence))).to_be_bytes());
        let (room, body) = esp.split_at_mut_checked(params.layout.front()).unwrap_or_default();
        let room = room.get_mut(esp::FIXED_LEN..).unwrap_or_default();
        match (room.len(), iv.first_chunk::<8>(), iv.first_chunk::<16>()) {
            (8, Some(iv), _) => put(room, 0, iv),
            (16, _, Some(iv)) => put(room, 0, iv),
            _ => copy(room, iv),
        }
        let payload = plan.len.saturating_sub(plan.place.at);
        if plan.padded > payload {
            body.get_mut(payload..plan.padded).unwrap_or_default().fill(0);
        }
        let end = body.len().saturating_sub(params.layout.icv_len);
        Trailer::emit_behind(body.get_mut(..end).unwrap_or_default(), plan.padded, next_header)
    }

    /// The cryptography of a framed packet.
    fn protect<S: AsRef<[u8]> + AsMut<[u8]>>(&self, packet: &mut PacketBuf<S>, framed: &Framed) -> Result<(), Error> {
        let sequence = framed.sealed.sequence;
        if matches!(self.params.suite, Suite::Ah(_)) {
            return self.protect_ah(packet.octets_mut(), framed.at, sequence);
        }
        let esp = packet.octets_mut().get_mut(framed.at..).unwrap_or_default();
        self.transform.seal(&mut Job::new(esp, self.params.esn_high(sequence)));
        self.fill_checksum(packet.octets_mut(), framed.at)
    }

    /// The checksum of UDP around ESP, where there is one: over what is encrypted.
    pub(super) fn fill_checksum(&self, octets: &mut [u8], at: usize) -> Result<(), Error> {
        let Some(encapsulation) = self.params.encapsulation.filter(|encapsulation| encapsulation.ipv6_checksum) else {
            return Ok(());
        };
        let udp = at.saturating_sub(encapsulation.len());
        let checksum = match Packet::parse(octets)? {
            Packet::V4(_) => return Ok(()),
            packet @ Packet::V6(_) => {
                let datagram = octets.get(udp..).unwrap_or(&[]);
                packet.pseudo_header(Protocol::UDP, datagram.len()).octets(datagram).checksum()
            }
        };
        put(octets, udp.saturating_add(6), &if checksum == 0 { 0xffff } else { checksum }.to_be_bytes());
        Ok(())
    }

    pub(super) fn protect_ah(&self, octets: &mut [u8], at: usize, sequence: u64) -> Result<(), Error> {
        let (iv_len, icv_len) = (self.params.ah_iv_len(), self.params.suite.icv_len());
        let mut icv = [0u8; 64];
        let icv = icv.get_mut(..icv_len).unwrap_or_default();
        let from = at.saturating_add(ah::FIXED_LEN);
        put_slice(icv, 0, octets.get(from..from.saturating_add(iv_len)).unwrap_or(&[]));
        let end = coverage::End::Sender;
        let esn_high = self.params.esn_high(sequence);
        let octets_now = &*octets;
        let mut gathered = Gathered::new();
        // The headers were looked at before, so that this does not fail.
        if gathered.gather(octets_now, at, (iv_len, icv_len), esn_high, end)? {
            let pieces = gathered.pieces(octets_now, at, icv_len);
            self.transform.ah_icv(&|sink| pieces.iter().for_each(|piece| sink(piece)), icv);
        } else {
            self.transform.ah_icv(
                &|sink| {
                    let _ = coverage::covered(octets_now, at, (iv_len, icv_len), esn_high, end, sink);
                },
                icv,
            );
        }
        put_slice(octets, from, icv);
        Ok(())
    }

    fn protocol(&self) -> Protocol {
        match (self.params.suite, self.params.encapsulation) {
            (Suite::Ah(_), _) => Protocol::AH,
            (_, None) => Protocol::ESP,
            (_, Some(_)) => Protocol::UDP,
        }
    }

    fn encapsulation_len(&self) -> usize {
        self.params.encapsulation.map_or(0, |encapsulation| encapsulation.len())
    }

    /// Octets between IP header and payload.
    pub(super) fn front(&self, version: u8) -> usize {
        match self.params.suite {
            Suite::Ah(_) => self.params.ah_len(version),
            _ => self.params.layout.front().saturating_add(self.encapsulation_len()),
        }
    }

    /// Octets of a payload with TFC padding.
    pub(super) fn padded(&self, payload: usize) -> usize {
        payload.max(self.params.pad_to)
    }

    /// Octets of the packet that stay before the header, of an outer header, and the IP version of what is sent.
    const fn around(&self, version: u8, header_len: usize) -> (usize, usize, u8) {
        match &self.params.mode {
            Mode::Transport => (header_len, 0, version),
            Mode::Tunnel(tunnel) => (0, tunnel.header_len(), tunnel.version()),
        }
    }
}
