//! Sealing: the outer header before an inner packet, the Authentication Trailer behind it (thesis pp. 78-83, 89).
//!
//! ```text
//! +-----------------+----------------------------------------+-----------+
//! | outer IP header | inner packet, header and payload       | AT        |
//! |                 | untouched                              | 24 octets |
//! +-----------------+----------------------------------------+-----------+
//!                   |<------ covered by the MAC: + 8 ------------->|
//!                   |<------ Inner Packet Length ----------------------->|
//! |<---------------- the outer header's length ------------------------->|
//! ```
//!
//! The outer source is the inner packet's, the outer destination the gateway of the receiving domain.

use core::net::IpAddr;

use ip_wire::ip::Packet;
use ip_wire::tunnel::{DontFragment, DsModel, EcnMode, FlowLabelMode, HopLimit, Tunnel};
use ip_wire::{PacketBuf, ipv4, ipv6};

use crate::error::{Error, Field, len32};
use crate::host::KeyIndex;
use crate::mac::Key;
use crate::octets::put;
use crate::trailer;

#[cfg(feature = "alloc")]
mod sender;

#[cfg(feature = "alloc")]
pub(crate) use sender::check_results;
#[cfg(feature = "alloc")]
pub use sender::{AfterLast, Event, Sender, SenderPolicy};

/// How outer headers are made. By default DSCP and ECN are copied out (RFC 2983 uniform, RFC 6040 normal mode), the hop limit is 64, Don't Fragment is set and
/// no path MTU is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outer {
    /// Outer destination: the receiving domain's gateway.
    pub gateway: IpAddr,
    /// Outer source where the inner packet is of the other IP version than the gateway; otherwise the inner source is the outer one.
    pub source: Option<IpAddr>,
    /// DSCP model.
    pub ds_model: DsModel,
    /// ECN at the ingress.
    pub ecn_mode: EcnMode,
    /// Outer time to live or hop limit.
    pub hop_limit: HopLimit,
    /// Outer Don't Fragment bit. Where the outer header is IPv6, [`DontFragment::Clear`] lets packets pass that this node fragments afterwards.
    pub dont_fragment: DontFragment,
    /// Outer flow label.
    pub flow_label: FlowLabelMode,
    /// Octets of the largest outer packet that the path takes, where it is known.
    pub path_mtu: Option<u32>,
}

/// What sealing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// The key that was used.
    pub key: KeyIndex,
    /// Octets of outer header before the inner packet.
    pub header_len: u16,
}

impl Outer {
    /// Outer headers towards `gateway`, all else at its default.
    #[must_use]
    pub const fn new(gateway: IpAddr) -> Self {
        Self {
            gateway,
            source: None,
            ds_model: DsModel::Uniform,
            ecn_mode: EcnMode::Normal,
            hop_limit: HopLimit::Fixed(64),
            dont_fragment: DontFragment::Set,
            flow_label: FlowLabelMode::Copy,
            path_mtu: None,
        }
    }

    /// Seals the packet in `packet` with one key: outer header and trailer go around it, and no octet of it moves or changes. `identification` is for an outer IPv4
    /// header that may be fragmented. What follows the inner packet in the buffer is overwritten.
    ///
    /// # Errors
    /// [`Error::AddressFamily`] if the inner packet is of the other version than the gateway and no source is configured; [`Error::FragmentationNeeded`] over the path
    /// MTU, unless Don't Fragment is off; [`Error::DoesNotFit`] if it is too long to be sealed at all; [`Error::BufferTooSmall`] without head- or tailroom; those of
    /// [`Tunnel::encapsulate`]. The packet stays as it was.
    pub fn seal<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        key: &Key,
        index: KeyIndex,
        packet: &mut PacketBuf<S>,
        identification: u16,
    ) -> Result<Sealed, Error> {
        let sealed = self.frame(index, packet, identification)?;
        let (covered, place) = parts(packet.octets_mut(), sealed.header_len);
        let mac = key.mac(covered);
        put(place, 0, &mac);
        Ok(sealed)
    }

    /// Everything but the MAC.
    pub(crate) fn frame<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        index: KeyIndex,
        packet: &mut PacketBuf<S>,
        identification: u16,
    ) -> Result<Sealed, Error> {
        let inner = Packet::parse(packet.octets())?;
        let (inner_len, found) = (inner.len(), packet.len());
        let tunnel = self.tunnel(&inner)?;
        let too_long = Error::DoesNotFit {
            field: Field::InnerPacket,
            found: len32(inner_len),
            needed: max_inner_len(self.gateway.is_ipv4(), u32::MAX),
        };
        if len32(inner_len) > max_inner_len(self.gateway.is_ipv4(), u32::MAX) {
            return Err(too_long);
        }
        if let Some(mtu) = self.max_inner_len().filter(|mtu| len32(inner_len) > *mtu && self.is_firm(&inner)) {
            return Err(Error::FragmentationNeeded { found: len32(inner_len), mtu });
        }
        let header = trailer::Header {
            option: 0,
            inner_len: u16::try_from(inner_len).map_err(|_| too_long)?,
            key: index,
            mac: [0; crate::mac::MAC_LEN],
        };
        let covered = header.covered()?;
        // The trailer goes right behind the inner packet, over what padding there may be; nothing is written until all else is done.
        packet.truncate(inner_len);
        let before = packet.headroom();
        let framed = match packet.push_back(trailer::LEN) {
            Ok(_) => tunnel.encapsulate_with_trailer(packet, identification, TRAILER_LEN),
            Err(error) => Err(error),
        };
        if let Err(error) = framed {
            restore(packet, found)?;
            return Err(error.into());
        }
        let header_len = before.saturating_sub(packet.headroom());
        // A tunnel encapsulation limit goes on from an inner IPv6 packet, and takes room of its own (RFC 2473 4.1.1).
        let over = self.path_mtu.map_or(0, |mtu| len32(packet.len()).saturating_sub(mtu));
        if over > 0 && self.is_firm(&Packet::parse(packet.octets().get(header_len..).unwrap_or(&[]))?) {
            packet.pop_front(header_len)?;
            restore(packet, found)?;
            return Err(Error::FragmentationNeeded { found: len32(inner_len), mtu: len32(inner_len).saturating_sub(over) });
        }
        put(packet.octets_mut(), header_len.saturating_add(inner_len), &covered);
        // An IPv6 header with a tunnel encapsulation limit is the longest.
        Ok(Sealed { key: index, header_len: u16::try_from(header_len).unwrap_or(0) })
    }

    /// The largest inner packet that fits the path once sealed, if the path MTU is known.
    #[must_use]
    pub fn max_inner_len(&self) -> Option<u32> {
        self.path_mtu.map(|mtu| max_inner_len(self.gateway.is_ipv4(), mtu))
    }

    /// Whether the outer packet must not be fragmented.
    fn is_firm(&self, inner: &Packet<'_>) -> bool {
        match (self.dont_fragment, inner) {
            (DontFragment::Set, _) | (DontFragment::Copy, Packet::V6(_)) => true,
            (DontFragment::Clear, _) => false,
            (DontFragment::Copy, Packet::V4(view)) => view.flags().dont_fragment(),
        }
    }

    fn tunnel(&self, inner: &Packet<'_>) -> Result<Tunnel, Error> {
        let same = |address: &IpAddr| address.is_ipv4() == self.gateway.is_ipv4();
        let version = |address: IpAddr| if address.is_ipv4() { 4 } else { 6 };
        let source = Some(inner.source()).filter(same).or(self.source).unwrap_or(inner.source());
        if !same(&source) {
            let (found, needed) = (version(source), version(self.gateway));
            return Err(Error::AddressFamily { field: Field::OuterSource, found, needed });
        }
        let mut tunnel = Tunnel::new(source, self.gateway)?;
        (tunnel.ds_model, tunnel.ecn_mode, tunnel.hop_limit) = (self.ds_model, self.ecn_mode, self.hop_limit);
        (tunnel.dont_fragment, tunnel.flow_label) = (self.dont_fragment, self.flow_label);
        Ok(tunnel)
    }
}

/// Gives a packet the length that it had: its octets are there still.
fn restore<S: AsRef<[u8]> + AsMut<[u8]>>(packet: &mut PacketBuf<S>, len: usize) -> Result<(), Error> {
    packet.truncate(len);
    packet.push_back(len.saturating_sub(packet.len()))?;
    Ok(())
}

/// [`trailer::LEN`] as the tunnel takes it.
const TRAILER_LEN: u16 = 24;

/// The largest inner packet that fits a path of `path_mtu` octets behind an outer header of 20 octets (IPv4) or 40 (IPv6) and before the trailer (thesis p. 88).
///
/// ```
/// use llpf_wire::seal::max_inner_len;
///
/// assert_eq!((max_inner_len(true, 1500), max_inner_len(false, 1500)), (1456, 1436));
/// // Without a path MTU to care about, the length fields are the limit.
/// assert_eq!((max_inner_len(true, u32::MAX), max_inner_len(false, u32::MAX)), (65_491, 65_511));
/// ```
#[must_use]
pub fn max_inner_len(outer_is_ipv4: bool, path_mtu: u32) -> u32 {
    let (header, longest) = if outer_is_ipv4 {
        (ipv4::MIN_HEADER_LEN, 65_535)
    } else {
        (ipv6::HEADER_LEN, 65_535u32.saturating_add(len32(ipv6::HEADER_LEN)))
    };
    path_mtu.min(longest).saturating_sub(len32(header)).saturating_sub(TRAILER_LEN.into())
}

/// What the MAC covers of a framed packet, and where the MAC goes.
#[inline]
pub(crate) fn parts(octets: &mut [u8], header_len: u16) -> (&[u8], &mut [u8]) {
    let payload = octets.get_mut(usize::from(header_len)..).unwrap_or_default();
    let at = payload.len().saturating_sub(crate::mac::MAC_LEN);
    match payload.split_at_mut_checked(at) {
        Some((covered, place)) => (covered, place),
        None => (&[], &mut []),
    }
}
