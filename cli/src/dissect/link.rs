//! Link layers.

use ip_wire::link::{
    DEFAULT_LIMIT, EtherType, Layer as LinkLayer, Layers, LinkType, NetworkProtocol, ethernet, llc, null, ppp, sll, vlan,
};

use super::model::hex;
use super::{Layer, Next, Walker, What, atm};

impl Walker<'_> {
    /// The link-layer headers of a frame.
    pub(super) fn link<'a>(&mut self, link_type: LinkType, step: Next<'a>) -> Option<Next<'a>> {
        match link_type {
            atm::RFC1483 => return self.llc(step),
            atm::SUN_ATM => return self.sun_atm(step),
            _ => {}
        }
        let mut walk = Layers::new(link_type, step.octets, DEFAULT_LIMIT);
        let mut failed = false;
        for read in walk.by_ref() {
            match read {
                Ok(read) => {
                    let offset = step.offset.saturating_add(usize::try_from(read.offset).unwrap_or(usize::MAX));
                    self.push(describe(&read.layer, offset));
                }
                Err(error) => {
                    self.fail("link layer", step.offset, error);
                    failed = true;
                }
            }
        }
        let network = walk.network();
        if network.missing > 0
            && step.around.cut == 0
            && let Some(layer) = self.found.layers.last_mut()
        {
            layer.note(format_args!("the 802.3 length claims {} octets more than there are", network.missing));
        }
        let offset = step.offset.saturating_add(usize::try_from(network.offset).unwrap_or(usize::MAX));
        let next = |what| Some(Next { what, octets: network.octets, offset, ..step });
        let title = match network.protocol {
            NetworkProtocol::Ipv4 => return next(What::Ipv4),
            NetworkProtocol::Ipv6 => return next(What::Ipv6),
            NetworkProtocol::EtherType(ether_type) => return next(What::EtherType(ether_type)),
            NetworkProtocol::Sap(sap) => format!("LLC service access point {sap:#04x}"),
            NetworkProtocol::Snap { oui, protocol } => format!("SNAP organization {oui:#08x}, protocol {protocol:#06x}"),
            NetworkProtocol::Ppp(protocol) => format!("PPP protocol {:#06x}", protocol.0),
            NetworkProtocol::Family(family) => format!("address family {}", family.0),
            _ if failed => return None,
            _ => "payload".into(),
        };
        self.payload(title, network.octets, offset);
        None
    }
}

fn describe(layer: &LinkLayer<'_>, offset: usize) -> Layer {
    match layer {
        LinkLayer::Ethernet(view) => ethernet(view, offset),
        LinkLayer::Vlan { tag, type_or_length } => vlan(*tag, *type_or_length, offset),
        LinkLayer::Llc(view) => llc(view, offset),
        LinkLayer::Sll(view) => sll(view, offset),
        LinkLayer::Null(view) => null(view, offset),
        LinkLayer::Ppp(view) => ppp(view, offset),
        _ => Layer::new("link", "link layer", offset, 0),
    }
}

fn ethernet(view: &ethernet::View<'_>, offset: usize) -> Layer {
    let mut layer = Layer::new("eth", "Ethernet", offset, ethernet::HEADER_LEN);
    layer.address("", "destination", 0, view.destination()).address("", "source", 6, view.source());
    match view.length() {
        Some(length) if length > 0 => layer.item("", "length", 12, length),
        _ => layer.item("eth.type", "type", 12, hex(view.type_or_length())).meaning(EtherType(view.type_or_length())),
    };
    layer
}

pub(super) fn vlan(tag: vlan::Tag, type_or_length: u16, offset: usize) -> Layer {
    let mut layer = Layer::new("vlan", format!("{} tag", tag.tpid), offset, vlan::TAG_LEN);
    layer.item("", "priority", 0, tag.priority()).item("", "drop eligible", 0, tag.drop_eligible());
    layer.item("", "VLAN", 0, tag.vlan_id());
    if type_or_length <= ethernet::MAX_LENGTH {
        layer.item("", "length", 2, type_or_length);
    } else {
        layer.item("", "type", 2, hex(type_or_length)).meaning(EtherType(type_or_length));
    }
    layer
}

pub(super) fn llc(view: &llc::View<'_>, offset: usize) -> Layer {
    let mut layer = Layer::new("llc", "802.2 LLC", offset, view.header_len());
    layer.item("llc.dsap", "DSAP", 0, hex(view.dsap())).item("llc.ssap", "SSAP", 1, hex(view.ssap()));
    let control = if view.control() & 3 == 3 { hex(view.control().to_be_bytes()[1]) } else { hex(view.control()) };
    layer.item("llc.control", "control", 2, control);
    if let Some(snap) = view.snap() {
        let at = view.header_len().saturating_sub(5);
        layer.item("llc.oui", "organization", at, hex(snap.oui()));
        match snap.ether_type() {
            Some(ether_type) if view.is_information() => {
                layer.item("llc.type", "type", at.saturating_add(3), hex(ether_type.0)).meaning(ether_type)
            }
            _ => layer.item("", "protocol", at.saturating_add(3), hex(snap.protocol)),
        };
    }
    layer
}

fn sll(view: &sll::View<'_>, offset: usize) -> Layer {
    let (title, ats) = match view {
        sll::View::V1(_) => ("Linux cooked v1", [0, 2, 6, 14]),
        sll::View::V2(_) => ("Linux cooked v2", [10, 8, 12, 0]),
    };
    let [packet, device, address, protocol] = ats;
    let mut layer = Layer::new("sll", title, offset, view.header_len());
    let direction = match view.packet_type() {
        sll::PacketType::HOST => "to this host",
        sll::PacketType::BROADCAST => "broadcast",
        sll::PacketType::MULTICAST => "multicast",
        sll::PacketType::OTHER_HOST => "to another host",
        sll::PacketType::OUTGOING => "from this host",
        _ => "unknown",
    };
    layer.item("", "packet type", packet, view.packet_type().0).meaning(direction);
    layer.item("", "device type", device, view.device_type().0);
    if let sll::View::V2(view) = view {
        layer.item("", "interface", 4, view.interface());
    }
    let octets: Vec<String> = view.address().iter().map(|octet| format!("{octet:02x}")).collect();
    layer.address("", "address", address, octets.join(":"));
    layer.item("", "protocol", protocol, hex(view.protocol().0)).meaning(view.protocol());
    layer
}

fn null(view: &null::View<'_>, offset: usize) -> Layer {
    let mut layer = Layer::new("null", "loopback", offset, null::HEADER_LEN);
    layer.item("", "address family", 0, view.family().0);
    layer
}

fn ppp(view: &ppp::View<'_>, offset: usize) -> Layer {
    let mut layer = Layer::new("ppp", "PPP", offset, view.header_len());
    let at = if view.has_framing() { 2 } else { 0 };
    layer.item("", "protocol", at, hex(view.protocol().0));
    layer
}
