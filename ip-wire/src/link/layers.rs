//! The headers of one frame, from the link type to the network layer.

use super::ethernet::{self, EtherType};
use super::llc::SAP_IP;
use super::null::{AddressFamily, Order};
use super::ppp::PppProtocol;
use super::{LinkType, llc, null, ppp, sll, vlan};
use crate::error::{Error, Field, len32};

/// How many headers a walk reads unless told otherwise: more than any bridge stacks.
pub const DEFAULT_LIMIT: u32 = 16;

/// Walks the link-layer headers of a frame to its network layer.
///
/// # Errors
/// Those of [`Layers`].
pub fn network(link_type: LinkType, frame: &[u8]) -> Result<Network<'_>, Error> {
    let mut layers = Layers::new(link_type, frame, DEFAULT_LIMIT);
    for layer in layers.by_ref() {
        layer?;
    }
    Ok(layers.network())
}

/// What a frame carries behind its link-layer headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network<'a> {
    /// Which protocol.
    pub protocol: NetworkProtocol,
    /// Where it starts, in octets from the start of the frame.
    pub offset: u32,
    /// Its octets. Padding of the frame may follow the packet: IP's own length cuts it off.
    pub octets: &'a [u8],
    /// Octets that an 802.3 length announces and the frame does not have.
    pub missing: u32,
}

/// The protocol that follows the link-layer headers.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NetworkProtocol {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
    /// Another protocol that has an EtherType.
    EtherType(EtherType),
    /// The protocol of an LLC service access point.
    Sap(u8),
    /// A protocol under an organization's SNAP identifier.
    Snap {
        /// The organization.
        oui: u32,
        /// Its number.
        protocol: u16,
    },
    /// Another PPP protocol.
    Ppp(PppProtocol),
    /// Another address family of a loopback header.
    Family(AddressFamily),
    /// Nothing that the headers name.
    Unknown,
}

/// A link-layer header.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer<'a> {
    /// Ethernet.
    Ethernet(ethernet::View<'a>),
    /// An 802.1Q tag.
    Vlan {
        /// The tag.
        tag: vlan::Tag,
        /// The type field behind it: EtherType or length.
        type_or_length: u16,
    },
    /// 802.2 LLC, with SNAP or not.
    Llc(llc::View<'a>),
    /// Linux cooked.
    Sll(sll::View<'a>),
    /// BSD loopback.
    Null(null::View<'a>),
    /// PPP.
    Ppp(ppp::View<'a>),
}

/// A header and where it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LayerAt<'a> {
    /// The header.
    pub layer: Layer<'a>,
    /// Octets from the start of the frame.
    pub offset: u32,
}

/// A walk over the link-layer headers of a frame; ends at the network layer, or after the first error.
#[derive(Debug, Clone, Copy)]
pub struct Layers<'a> {
    next: Next,
    rest: &'a [u8],
    offset: u32,
    left: u32,
    limit: u32,
    missing: u32,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Link(LinkType),
    /// Behind an EtherType field, which may announce a tag.
    Type(EtherType),
    Llc,
    Network(NetworkProtocol),
    /// The header before this was read, but what it says of the next is wrong.
    Wrong(Error),
}

impl<'a> Layers<'a> {
    /// Walks `frame`, which is of `link_type`, over `limit` headers at most.
    #[must_use]
    pub const fn new(link_type: LinkType, frame: &'a [u8], limit: u32) -> Self {
        Self { next: Next::Link(link_type), rest: frame, offset: 0, left: limit, limit, missing: 0 }
    }

    /// What the walk has come to: after the last header, the network layer.
    #[must_use]
    pub const fn network(&self) -> Network<'a> {
        let protocol = match self.next {
            Next::Network(protocol) => protocol,
            Next::Type(ether_type) => NetworkProtocol::EtherType(ether_type),
            Next::Link(_) | Next::Llc | Next::Wrong(_) => NetworkProtocol::Unknown,
        };
        Network { protocol, offset: self.offset, octets: self.rest, missing: self.missing }
    }

    fn step(&mut self) -> Result<Option<Layer<'a>>, Error> {
        match self.next {
            Next::Link(link_type) => self.link(link_type),
            Next::Type(tpid) if tpid.is_tag() => {
                let mut tags = vlan::Tags::new(tpid, self.rest, 0, 1);
                let Some(tag) = tags.next() else { return Ok(None) };
                let tag = tag?;
                let type_or_length = tags.type_or_length();
                self.advance(vlan::TAG_LEN, tags.payload());
                self.type_field(type_or_length);
                Ok(Some(Layer::Vlan { tag, type_or_length }))
            }
            Next::Type(ether_type) => {
                self.next = Next::Network(match ether_type {
                    EtherType::IPV4 => NetworkProtocol::Ipv4,
                    EtherType::IPV6 => NetworkProtocol::Ipv6,
                    other => NetworkProtocol::EtherType(other),
                });
                Ok(None)
            }
            Next::Llc => {
                // Novell's raw 802.3 frames have no LLC header: IPX follows at once, with an unused checksum of all ones.
                if let [0xff, 0xff, ..] = self.rest {
                    self.next = Next::Network(NetworkProtocol::Unknown);
                    return Ok(None);
                }
                let view = llc::View::parse(self.rest)?;
                self.next = match view.snap() {
                    _ if !view.is_information() => Next::Network(NetworkProtocol::Unknown),
                    Some(snap) => match snap.ether_type() {
                        Some(ether_type) => Next::Type(ether_type),
                        None => Next::Network(NetworkProtocol::Snap { oui: snap.oui(), protocol: snap.protocol }),
                    },
                    None if view.dsap() == SAP_IP => Next::Network(NetworkProtocol::Ipv4),
                    None => Next::Network(NetworkProtocol::Sap(view.dsap())),
                };
                self.advance(view.header_len(), view.payload());
                Ok(Some(Layer::Llc(view)))
            }
            Next::Network(_) | Next::Wrong(_) => Ok(None),
        }
    }

    fn link(&mut self, link_type: LinkType) -> Result<Option<Layer<'a>>, Error> {
        let network = match link_type {
            LinkType::ETHERNET => {
                let view = ethernet::View::parse(self.rest)?;
                self.advance(ethernet::HEADER_LEN, view.payload());
                self.type_field(view.type_or_length());
                return Ok(Some(Layer::Ethernet(view)));
            }
            LinkType::LINUX_SLL => return self.sll(sll::View::V1(sll::V1::parse(self.rest)?)),
            LinkType::LINUX_SLL2 => return self.sll(sll::View::V2(sll::V2::parse(self.rest)?)),
            LinkType::NULL => return self.null(Order::Host),
            LinkType::LOOP => return self.null(Order::Network),
            LinkType::PPP => {
                let view = ppp::View::parse(self.rest)?;
                self.advance(view.header_len(), view.payload());
                self.next = Next::Network(match view.protocol() {
                    PppProtocol::IPV4 => NetworkProtocol::Ipv4,
                    PppProtocol::IPV6 => NetworkProtocol::Ipv6,
                    other => NetworkProtocol::Ppp(other),
                });
                return Ok(Some(Layer::Ppp(view)));
            }
            LinkType::IPV4 => NetworkProtocol::Ipv4,
            LinkType::IPV6 => NetworkProtocol::Ipv6,
            LinkType::RAW | LinkType::DLT_RAW | LinkType::DLT_RAW_OPENBSD => match self.rest {
                [first, ..] if first >> 4 == 4 => NetworkProtocol::Ipv4,
                [first, ..] if first >> 4 == 6 => NetworkProtocol::Ipv6,
                [first, ..] => {
                    return Err(Error::Version { field: Field::RawIpVersion, offset: 0, found: first >> 4, needed: 4 });
                }
                [] => return Err(crate::octets::truncated(0, 1, Field::RawIpVersion)),
            },
            LinkType(found) => {
                return Err(Error::UnsupportedProtocol { field: Field::LinkType, offset: 0, found: u32::from(found) });
            }
        };
        self.next = Next::Network(network);
        Ok(None)
    }

    fn sll(&mut self, view: sll::View<'a>) -> Result<Option<Layer<'a>>, Error> {
        self.advance(view.header_len(), view.payload());
        self.next = match view.protocol() {
            EtherType(sll::PROTOCOL_LLC) => Next::Llc,
            protocol if view.device_type().has_ether_type() && protocol.0 >= ethernet::MIN_ETHER_TYPE => Next::Type(protocol),
            _ => Next::Network(NetworkProtocol::Unknown),
        };
        Ok(Some(Layer::Sll(view)))
    }

    fn null(&mut self, order: Order) -> Result<Option<Layer<'a>>, Error> {
        let view = null::View::parse(self.rest, order)?;
        self.advance(null::HEADER_LEN, view.payload());
        self.next = match view.family() {
            AddressFamily::INET => Next::Network(NetworkProtocol::Ipv4),
            family if family.is_inet6() => Next::Network(NetworkProtocol::Ipv6),
            family => match u16::try_from(family.0) {
                Ok(number @ ethernet::MIN_ETHER_TYPE..) => Next::Type(EtherType(number)),
                _ => Next::Network(NetworkProtocol::Family(family)),
            },
        };
        Ok(Some(Layer::Null(view)))
    }

    /// What a field that is an EtherType or a length announces; it stands right before what is left.
    fn type_field(&mut self, field: u16) {
        self.next = match field {
            // 0 is the length of nothing, but padded frames have it that carry something else altogether.
            0 | ethernet::MIN_ETHER_TYPE.. => Next::Type(EtherType(field)),
            1..=ethernet::MAX_LENGTH => {
                let frame = self.rest.get(..usize::from(field)).unwrap_or(self.rest);
                self.missing = u32::from(field).saturating_sub(len32(frame.len()));
                self.rest = frame;
                Next::Llc
            }
            _ => Next::Wrong(Error::Value {
                field: Field::EtherType,
                offset: self.offset.saturating_sub(2),
                found: u32::from(field),
                needed: u32::from(ethernet::MIN_ETHER_TYPE),
            }),
        };
    }

    fn advance(&mut self, octets: usize, rest: &'a [u8]) {
        self.offset = self.offset.saturating_add(len32(octets));
        self.rest = rest;
    }
}

impl<'a> Iterator for Layers<'a> {
    type Item = Result<LayerAt<'a>, Error>;

    /// The next header.
    ///
    /// # Errors
    /// [`Error::Truncated`] inside a header, [`Error::Value`] for a type field between 1501 and 1535 or more headers than
    /// the budget allows, [`Error::Version`] for raw IP of neither version, [`Error::UnsupportedProtocol`] for a link type that is not read here.
    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.offset;
        let step = match self.next {
            Next::Network(_) => return None,
            Next::Wrong(error) => Err(error),
            Next::Type(ether_type) if !ether_type.is_tag() => self.step(),
            _ if self.left == 0 => {
                let (field, found) = (Field::LinkHeaders, self.limit.saturating_add(1));
                Err(Error::Value { field, offset, found, needed: self.limit })
            }
            _ => self.step().map_err(|error| error.shifted(offset)),
        };
        self.left = self.left.saturating_sub(1);
        match step {
            Ok(layer) => layer.map(|layer| Ok(LayerAt { layer, offset })),
            Err(error) => {
                self.next = Next::Network(NetworkProtocol::Unknown);
                Some(Err(error))
            }
        }
    }
}

impl core::iter::FusedIterator for Layers<'_> {}
