//! The outer header of tunnel mode (RFC 4301 5.1.2, RFC 2983, RFC 6040).

use core::net::{IpAddr, Ipv6Addr};

use ip_wire::ip::Packet;
use ip_wire::ipv6::FlowLabel;
use ip_wire::tunnel::{DontFragment, FlowLabelMode, HopLimit};
use ip_wire::{DsField, Dscp, Ecn, Protocol, checksum, ipv4, ipv6};

use super::place::too_long;
use crate::error::{Error, Field};
use crate::octets::put;

/// The outer codepoint at the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OuterDscp {
    /// The inner one.
    Copy,
    /// A value of the tunnel's.
    Fixed(Dscp),
}

/// The outer congestion mark at the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OuterEcn {
    /// The inner one: normal mode (RFC 6040 4.1).
    Copy,
    /// Not-ECT, for a receiver that may not propagate marks: compatibility mode (RFC 6040 4.1).
    NotEct,
    /// The inner one, but ECT(0) for CE, so that the tunnel's own congestion shows (RFC 3168 9.1.1, which RFC 6040 replaced; Linux).
    ResetCongestion,
}

impl OuterEcn {
    const fn of(self, inner: Ecn) -> Ecn {
        match (self, inner) {
            (Self::NotEct, _) => Ecn::NotEct,
            (Self::ResetCongestion, Ecn::Ce) => Ecn::Ect0,
            (Self::Copy | Self::ResetCongestion, inner) => inner,
        }
    }
}

/// A tunnel's ends, as this node sees them, and what its outer header takes over from the inner one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tunnel {
    local: IpAddr,
    remote: IpAddr,
    /// Outer codepoint at the sender.
    pub dscp: OuterDscp,
    /// Whether the receiver copies the outer codepoint into the inner header; RFC 4301 5.1.2 leaves the inner one.
    pub copy_dscp_in: bool,
    /// Whether the receiver refuses packets whose outer source is not the other end. ESP does not protect the outer source, and a translation may have
    /// changed it, so that SPI and destination name an association alone (RFC 4301 4.1); AH covers the source anyway.
    pub check_source: bool,
    /// ECN at the sender.
    pub ecn: OuterEcn,
    /// Outer time to live or hop limit.
    pub hop_limit: HopLimit,
    /// Outer Don't Fragment bit, where the outer header is IPv4.
    pub dont_fragment: DontFragment,
    /// Outer flow label, where the outer header is IPv6.
    pub flow_label: FlowLabelMode,
}

impl Tunnel {
    /// A tunnel that copies DSCP, ECN, Don't Fragment and flow label to the outer header, keeps the inner DSCP at its end, and has hop limit 64.
    ///
    /// # Errors
    /// [`Error::AddressFamily`] if the ends are not of one IP version.
    pub const fn new(local: IpAddr, remote: IpAddr) -> Result<Self, Error> {
        if local.is_ipv4() != remote.is_ipv4() {
            let (found, needed) = if local.is_ipv4() { (6, 4) } else { (4, 6) };
            return Err(Error::AddressFamily { field: Field::TunnelEnd, found, needed });
        }
        Ok(Self {
            local,
            remote,
            dscp: OuterDscp::Copy,
            copy_dscp_in: false,
            check_source: false,
            ecn: OuterEcn::Copy,
            hop_limit: HopLimit::Fixed(64),
            dont_fragment: DontFragment::Copy,
            flow_label: FlowLabelMode::Copy,
        })
    }

    /// This node's end.
    #[must_use]
    pub const fn local(&self) -> IpAddr {
        self.local
    }

    /// The other end.
    #[must_use]
    pub const fn remote(&self) -> IpAddr {
        self.remote
    }

    /// IP version of the outer header.
    #[must_use]
    pub const fn version(&self) -> u8 {
        if self.local.is_ipv4() { 4 } else { 6 }
    }

    /// Octets of the outer header.
    #[must_use]
    pub const fn header_len(&self) -> usize {
        if self.local.is_ipv4() { ipv4::MIN_HEADER_LEN } else { ipv6::HEADER_LEN }
    }

    /// Whether the outer header forbids fragmentation under way: Don't Fragment, or IPv6.
    #[inline]
    fn is_firm(&self, inner: Option<&Outline>) -> bool {
        match (self.dont_fragment, inner) {
            _ if !self.local.is_ipv4() => true,
            (DontFragment::Set, _) | (DontFragment::Copy, None) => true,
            (DontFragment::Clear, _) => false,
            (DontFragment::Copy, Some(inner)) => inner.firm,
        }
    }

    /// The outer header around `payload_len` octets for an inner packet, or for a dummy one.
    #[inline(always)]
    pub(crate) fn outer(
        &self,
        inner: Option<&Outline>,
        protocol: Protocol,
        payload_len: usize,
        identification: impl FnOnce(bool) -> u16,
    ) -> Result<Outer, Error> {
        let (inner_ds, inner_hop_limit) = inner.map_or((DsField::default(), 64), |inner| (inner.ds, inner.hop_limit));
        let dscp = match self.dscp {
            OuterDscp::Copy => inner_ds.dscp(),
            OuterDscp::Fixed(dscp) => dscp,
        };
        // A dummy packet has no transport that could react to a mark.
        let ecn = inner.map_or(Ecn::NotEct, |inner| self.ecn.of(inner.ds.ecn()));
        let ds = DsField::new(dscp, ecn);
        let hop_limit = match self.hop_limit {
            HopLimit::Fixed(value) => value,
            HopLimit::Copy => inner_hop_limit,
        };
        match (self.local, self.remote) {
            (IpAddr::V4(local), IpAddr::V4(remote)) => {
                let firm = self.is_firm(inner);
                let total = payload_len.saturating_add(ipv4::MIN_HEADER_LEN);
                let len = u16::try_from(total).map_err(|_| too_long(total))?;
                let first = u16::from_be_bytes([0x45, ds.0]);
                let flags = if firm { 0x4000 } else { 0 };
                let (id, hops) = (identification(firm), u16::from_be_bytes([hop_limit, protocol.0]));
                Ok(Outer::V4 { words: [first, len, id, flags, hops], source: local.to_bits(), destination: remote.to_bits() })
            }
            (IpAddr::V6(local), IpAddr::V6(remote)) => {
                let flow_label = match self.flow_label {
                    FlowLabelMode::Copy => inner.map_or(FlowLabel::ZERO, |inner| inner.flow_label),
                    FlowLabelMode::Fixed(label) => label,
                };
                let total = payload_len.saturating_add(ipv6::HEADER_LEN);
                let len = u16::try_from(payload_len).map_err(|_| too_long(total))?;
                let first = (6 << 28) | (u32::from(ds.0) << 20) | flow_label.value();
                let hops = u16::from_be_bytes([protocol.0, hop_limit]);
                Ok(Outer::V6 { first, len, hops, source: local, destination: remote })
            }
            // `new` lets no mixed ends pass.
            (IpAddr::V4(_), _) => Err(Error::AddressFamily { field: Field::TunnelEnd, found: 6, needed: 4 }),
            (IpAddr::V6(_), _) => Err(Error::AddressFamily { field: Field::TunnelEnd, found: 4, needed: 6 }),
        }
    }
}

/// What a tunnel asks of an inner packet. Its fields are numbers and not a view, which would be written to memory to be returned, and read again at once.
#[derive(Clone, Copy)]
pub(crate) struct Outline {
    pub(crate) version: u8,
    /// Octets of the packet.
    pub(crate) len: usize,
    pub(crate) ds: DsField,
    hop_limit: u8,
    /// Whether it is not to be fragmented under way.
    firm: bool,
    /// Zero in IPv4.
    flow_label: FlowLabel,
}

impl Outline {
    /// Reads an IP packet.
    #[inline(always)]
    pub(crate) fn read(octets: &[u8]) -> Result<Self, Error> {
        match octets.first().map(|octet| octet >> 4) {
            Some(4) => {
                let view = ipv4::View::parse(octets)?;
                let (len, firm) = (usize::from(view.total_len()), view.flags().dont_fragment());
                Ok(Self { version: 4, len, ds: view.ds(), hop_limit: view.ttl(), firm, flow_label: FlowLabel::ZERO })
            }
            Some(6) => {
                let view = ipv6::View::parse(octets)?;
                let len = ipv6::HEADER_LEN.saturating_add(view.payload().len());
                let (ds, hop_limit, flow_label) = (view.ds(), view.hop_limit(), view.flow_label());
                Ok(Self { version: 6, len, ds, hop_limit, firm: true, flow_label })
            }
            // It is neither, and this says so.
            _ => Self::of(&Packet::parse(octets)?),
        }
    }

    #[cold]
    fn of(packet: &Packet<'_>) -> Result<Self, Error> {
        let (version, len, ds, hop_limit) = (packet.version(), packet.len(), packet.ds(), packet.hop_limit());
        Ok(Self { version, len, ds, hop_limit, firm: true, flow_label: FlowLabel::ZERO })
    }
}

/// An outer header to be written: its fields as numbers, since octets that were just written are slow to read again.
pub(crate) enum Outer {
    /// The first five words; the checksum follows from all.
    V4 {
        words: [u16; 5],
        source: u32,
        destination: u32,
    },
    V6 {
        first: u32,
        len: u16,
        hops: u16,
        source: Ipv6Addr,
        destination: Ipv6Addr,
    },
}

impl Outer {
    /// Writes the header, and returns its octets' number.
    #[inline]
    pub(crate) fn emit(&self, buffer: &mut [u8]) -> usize {
        match *self {
            Self::V4 { words: [first, len, id, flags, hops], source, destination } => {
                let sum = checksum::Sum::new().word(first).word(len).word(id).word(flags).word(hops);
                let checksum = sum.long(source).long(destination).checksum();
                if let Some(buffer) = buffer.first_chunk_mut::<{ ipv4::MIN_HEADER_LEN }>() {
                    let [first, len, id, flags, hops, checksum] = [first, len, id, flags, hops, checksum].map(u64::from);
                    put(buffer, 0, &((first << 48) | (len << 32) | (id << 16) | flags).to_be_bytes());
                    put(buffer, 8, &((hops << 48) | (checksum << 32) | u64::from(source)).to_be_bytes());
                    put(buffer, 16, &destination.to_be_bytes());
                }
                ipv4::MIN_HEADER_LEN
            }
            Self::V6 { first, len, hops, source, destination } => {
                if let Some(buffer) = buffer.first_chunk_mut::<{ ipv6::HEADER_LEN }>() {
                    put(buffer, 0, &first.to_be_bytes());
                    put(buffer, 4, &len.to_be_bytes());
                    put(buffer, 6, &hops.to_be_bytes());
                    put(buffer, 8, &source.octets());
                    put(buffer, 24, &destination.octets());
                }
                ipv6::HEADER_LEN
            }
        }
    }
}
