//! Captures of ATM: link types 100 (RFC 2684 SDUs behind LLC) and 123 (SDUs behind the SunATM pseudo-header).

use atm_cell::atmarp::{self, Operation, Station};
use atm_cell::link::{self as pseudo, Content, TrafficType};
use atm_cell::llc::{Bridged, Nlpid, NlpidRule, Pdu, Protocol};
use atm_cell::{Error, Vc, Vci};
use ip_wire::link::{DEFAULT_LIMIT, EtherType, LinkType, ethernet, llc, vlan};

use super::model::hex;
use super::{Layer, Next, Walker, What, link, oam};

/// Captures of SDUs behind LLC.
pub(super) const RFC1483: LinkType = LinkType(pseudo::LINKTYPE_ATM_RFC1483);
/// Captures of SDUs behind the SunATM pseudo-header.
pub(super) const SUN_ATM: LinkType = LinkType(pseudo::LINKTYPE_SUNATM);

/// The service access point of ISO network protocols.
const SAP_ISO: u8 = 0xfe;
/// The NLPID of IPv6 (ISO/IEC TR 9577).
const NLPID_IPV6: Nlpid = Nlpid(0x8e);
/// Octets of the LANE header of data frames.
const LANE_LEN: usize = 2;
/// The LANE header of control frames.
const LANE_CONTROL: [u8; 2] = [0xff, 0x00];

/// What a link type is called that only this module reads.
#[must_use]
pub fn link_type_name(link_type: LinkType) -> String {
    match link_type {
        RFC1483 => "ATM RFC 1483".into(),
        SUN_ATM => "SunATM".into(),
        other => other.to_string(),
    }
}

impl Walker<'_> {
    /// A frame of link type 123.
    pub(super) fn sun_atm<'a>(&mut self, step: Next<'a>) -> Option<Next<'a>> {
        let view = match pseudo::View::parse(step.octets) {
            Ok(view) => view,
            Err(error) => return self.refuse_atm("atm", step.offset, error),
        };
        let header = view.header();
        let mut layer = Layer::new("atm", "ATM, SunATM pseudo-header", step.offset, pseudo::SUN_ATM_LEN);
        let direction = if header.sent { "sent by the capturing host" } else { "received" };
        layer.item("", "direction", 0, u8::from(header.sent)).meaning(direction);
        layer.item("", "traffic type", 0, header.traffic.get()).meaning(traffic_name(header.traffic));
        layer.item("atm.vpi", "VPI", 1, header.vc.vpi.get());
        layer.item("atm.vci", "VCI", 2, header.vc.vci.get()).meaning(vci_name(header.vc));
        layer.expect_zero("the reserved field", header.reserved);
        self.push(layer);
        let sdu = Next { octets: view.payload(), offset: step.offset.saturating_add(pseudo::SUN_ATM_LEN), ..step };
        match content(&view, sdu.around.cut > 0) {
            Seen::As(Content::Llc) => return self.llc(sdu),
            Seen::As(Content::Ipv4) => return Some(Next { what: What::Ipv4, ..sdu }),
            Seen::As(Content::Ipv6) => return Some(Next { what: What::Ipv6, ..sdu }),
            Seen::Ppp => return Some(Next { what: What::Link(LinkType::PPP), ..sdu }),
            Seen::As(Content::BridgedEthernet) => return self.bridged_channel(sdu),
            Seen::As(Content::Lane) => return self.lane(sdu),
            Seen::As(Content::Oam) => self.oam(sdu),
            Seen::As(Content::Ilmi) => self.payload("ILMI".into(), sdu.octets, sdu.offset),
            Seen::As(Content::Signalling) => self.payload("signalling (SSCOP)".into(), sdu.octets, sdu.offset),
            Seen::Other(title) => self.payload(title.into(), sdu.octets, sdu.offset),
            Seen::As(_) => self.payload("SDU".into(), sdu.octets, sdu.offset),
        }
        None
    }

    /// An SDU behind an LLC header.
    pub(super) fn llc<'a>(&mut self, step: Next<'a>) -> Option<Next<'a>> {
        let view = match llc::View::parse(step.octets) {
            Ok(view) => view,
            Err(error) => {
                self.fail("llc", step.offset, error);
                return None;
            }
        };
        let behind = Next { octets: view.payload(), offset: step.offset.saturating_add(view.header_len()), ..step };
        let next = |what| Some(Next { what, ..behind });
        let layer = link::llc(&view, step.offset);
        let title = match view.snap() {
            _ if !view.is_information() => "payload".into(),
            Some(snap) => match snap.ether_type() {
                Some(ether_type) => {
                    self.push(layer);
                    return next(What::EtherType(ether_type));
                }
                None => return self.snap(layer, step),
            },
            None if view.dsap() == llc::SAP_IP => {
                self.push(layer);
                return next(What::Ipv4);
            }
            None if view.dsap() == SAP_ISO => return self.iso(layer, behind),
            None => format!("LLC service access point {:#04x}", view.dsap()),
        };
        self.push(layer);
        self.payload(title, behind.octets, behind.offset);
        None
    }

    /// SNAP of an organization that gives its own meaning to the protocol: bridged frames and VPN headers.
    fn snap<'a>(&mut self, mut layer: Layer, step: Next<'a>) -> Option<Next<'a>> {
        let pdu = match Pdu::parse_with(step.octets, NlpidRule::Any) {
            Ok(pdu) => pdu,
            Err(error) => {
                self.push(layer);
                return self.refuse_atm("llc", step.offset, error);
            }
        };
        let header_len = pdu.header().wire_len();
        layer.len = layer.len.max(header_len);
        let offset = step.offset.saturating_add(header_len);
        let mut octets = pdu.payload();
        let title = match pdu.protocol() {
            // What a VPN carries is its own: the addresses in it are not the line's.
            inner if let Some(vpn) = pdu.vpn() => {
                layer.item("", "VPN", 9, format!("{}:{:#x}", vpn.id.oui, vpn.id.index));
                format!("of a VPN: {}", protocol_name(inner))
            }
            Protocol::Bridged(bridged) => {
                layer.item("", "bridged", 6, bridged_name(bridged).to_owned());
                if bridged.pad_len() > 0 {
                    let pad = step.octets.get(8..header_len).unwrap_or_default();
                    layer.item("", "PAD", 8, digits(pad));
                }
                if bridged.has_fcs() && step.around.cut == 0 {
                    octets = fcs(&pdu, bridged, header_len, &mut layer);
                }
                if matches!(bridged, Bridged::Ethernet { .. }) {
                    self.push(layer);
                    return Some(Next { what: What::Link(LinkType::ETHERNET), octets, offset, ..step });
                }
                bridged_name(bridged).into()
            }
            other => protocol_name(other),
        };
        self.push(layer);
        self.payload(title, octets, offset);
        None
    }

    /// A PDU in the ISO format, from its NLPID on.
    fn iso<'a>(&mut self, mut layer: Layer, step: Next<'a>) -> Option<Next<'a>> {
        let [nlpid, rest @ ..] = step.octets else {
            self.push(layer);
            return None;
        };
        let nlpid = Nlpid(*nlpid);
        let at = layer.len;
        layer.len = layer.len.saturating_add(1);
        layer.item("", "NLPID", at, hex(nlpid.0)).meaning(nlpid_name(nlpid));
        self.push(layer);
        let behind = Next { octets: rest, offset: step.offset.saturating_add(1), ..step };
        let what = match nlpid {
            Nlpid::IP => What::Ipv4,
            NLPID_IPV6 => What::Ipv6,
            Nlpid::PPP => What::Link(LinkType::PPP),
            other => {
                self.payload(format!("{} (NLPID {:#04x})", nlpid_name(other), other.0), behind.octets, behind.offset);
                return None;
            }
        };
        Some(Next { what, ..behind })
    }

    /// A frame of a channel that carries bridged Ethernet: the PAD, then the frame.
    fn bridged_channel<'a>(&mut self, step: Next<'a>) -> Option<Next<'a>> {
        let (pad, frame) = step.octets.split_at_checked(2).unwrap_or((step.octets, &[]));
        if let Some(layer) = self.found.layers.last_mut() {
            let at = layer.len;
            layer.len = layer.len.saturating_add(pad.len());
            layer.item("", "PAD", at, digits(pad)).meaning("bridged Ethernet, by its looks");
        }
        Some(Next { what: What::Link(LinkType::ETHERNET), octets: frame, offset: step.offset.saturating_add(pad.len()), ..step })
    }

    /// A LAN emulation frame, taken for Ethernet as nothing in it says otherwise.
    fn lane<'a>(&mut self, step: Next<'a>) -> Option<Next<'a>> {
        let Some((lecid, frame)) = step.octets.split_first_chunk::<LANE_LEN>() else {
            self.payload("LAN emulation, cut short".into(), step.octets, step.offset);
            return None;
        };
        let mut layer = Layer::new("lane", "LAN emulation", step.offset, LANE_LEN);
        let control = *lecid == LANE_CONTROL;
        let meaning = if control { "a control frame" } else { "the sender" };
        layer.item("", "LEC ID", 0, hex(u16::from_be_bytes(*lecid))).meaning(meaning);
        self.push(layer);
        let offset = step.offset.saturating_add(LANE_LEN);
        if control {
            self.payload("LAN emulation control".into(), frame, offset);
            return None;
        }
        Some(Next { what: What::Link(LinkType::ETHERNET), octets: frame, offset, ..step })
    }

    /// What an EtherType announces behind SNAP: IP, tags, ATMARP.
    pub(super) fn ether_type<'a>(&mut self, ether_type: EtherType, step: Next<'a>) -> Option<Next<'a>> {
        match ether_type {
            EtherType::IPV4 => return Some(Next { what: What::Ipv4, ..step }),
            EtherType::IPV6 => return Some(Next { what: What::Ipv6, ..step }),
            tpid if tpid.is_tag() => return self.tags(tpid, step),
            EtherType::ARP if step.octets.starts_with(&atmarp::HARDWARE_TYPE.to_be_bytes()) => self.atmarp(step),
            _ => self.payload(format!("{ether_type} (EtherType {:#06x})", ether_type.0), step.octets, step.offset),
        }
        None
    }

    fn tags<'a>(&mut self, tpid: EtherType, step: Next<'a>) -> Option<Next<'a>> {
        let mut tags = vlan::Tags::new(tpid, step.octets, 0, DEFAULT_LIMIT);
        let mut offset = step.offset;
        while let Some(tag) = tags.next() {
            match tag {
                Ok(tag) => self.push(link::vlan(tag, tags.type_or_length(), offset)),
                Err(error) => {
                    self.fail("link layer", step.offset, error);
                    return None;
                }
            }
            offset = step.offset.saturating_add(usize::try_from(tags.offset()).unwrap_or(usize::MAX));
        }
        let what = match tags.type_or_length() {
            1..=ethernet::MAX_LENGTH => What::Llc,
            ether_type => What::EtherType(EtherType(ether_type)),
        };
        Some(Next { what, octets: tags.payload(), offset, ..step })
    }

    /// An ATMARP or InATMARP packet (RFC 2225).
    fn atmarp(&mut self, step: Next<'_>) {
        let view = match atmarp::View::parse(step.octets) {
            Ok(view) => view,
            Err(error) => {
                self.push(Layer::new("atmarp", "ATMARP", step.offset, step.octets.len()));
                self.refuse_atm("atmarp", step.offset, error);
                return;
            }
        };
        let len = view.as_octets().len();
        let mut layer = Layer::new("atmarp", "ATMARP", step.offset, len);
        layer.item("", "protocol", 2, hex(view.protocol())).meaning(EtherType(view.protocol()));
        layer.item("", "operation", 6, view.operation().0).meaning(operation_name(view.operation()));
        let at = station(&mut layer, ["source number", "source subaddress", "source address"], atmarp::FIXED_LEN, view.source());
        station(&mut layer, ["target number", "target subaddress", "target address"], at, view.target());
        if !view.operation().is_known() {
            layer.note("an operation that RFC 2225 does not define");
        }
        self.push(layer);
        if let Some(behind) = step.octets.get(len..) {
            self.payload("behind the packet".into(), behind, step.offset.saturating_add(len));
        }
    }

    /// Records an error of the ATM crate's; nothing follows it.
    fn refuse_atm<'a>(&mut self, layer: &'static str, base: usize, error: Error) -> Option<Next<'a>> {
        self.fail(layer, base, error);
        None
    }
}

/// What an SDU is taken for.
enum Seen {
    As(Content),
    /// PPP, alone on its channel (RFC 2364).
    Ppp,
    /// Something with a name of which no more is read.
    Other(&'static str),
}

/// The traffic type says what an SDU is, or it is a guess.
///
/// Channels that have a purpose by their number alone (OAM, ILMI) are captured with any traffic type: an SDU that is plainly of another
/// kind is read as that.
fn content(view: &pseudo::View<'_>, is_cut: bool) -> Seen {
    let sdu = view.payload();
    let by_traffic = matches!(view.traffic(), TrafficType::LANE | TrafficType::LLC | TrafficType::ILMI | TrafficType::SIGNALLING);
    let told = view.content();
    let is_other = matches!(view.traffic(), TrafficType::MARS | TrafficType::IFMP);
    let is_oam = told == Content::Oam && oam::is_cell(sdu);
    if by_traffic || is_oam || (told == Content::Signalling && !is_other) {
        return Seen::As(told);
    }
    match (pseudo::guess(sdu), sdu) {
        (Content::Llc, [0xaa, ..]) => Seen::As(Content::Llc),
        // Nothing but their first octets speaks for these; they are not read any further.
        (Content::Llc, [SAP_ISO, ..]) => Seen::Other("LLC of an ISO protocol, by its looks"),
        // IPv4 by its first bits, with an error in it: so Wireshark takes it, and LLC of 42-42-03 too.
        (Content::Unknown | Content::Llc, [0x40..=0x44, _, _, _, _, _, _, _, ..]) => Seen::As(Content::Ipv4),
        (Content::Unknown, [0x00 | 0xc0, 0x21, _, _, _, _, _, _, ..]) => Seen::Ppp,
        (Content::Unknown, [0x45..=0x4f, _, _, _, _, _, _, _, ..]) if is_cut => Seen::As(Content::Ipv4),
        (Content::Unknown, [0x60..=0x6f, _, _, _, _, _, _, _, ..]) if is_cut => Seen::As(Content::Ipv6),
        (Content::Unknown, _) => Seen::As(told),
        (guess, _) => Seen::As(guess),
    }
}

/// Checks a bridged frame's FCS, adds it to the layer, and returns the frame without it.
fn fcs<'a>(pdu: &Pdu<'a>, bridged: Bridged, header_len: usize, layer: &mut Layer) -> &'a [u8] {
    let Some((frame, found)) = pdu.payload().split_last_chunk::<4>() else { return pdu.payload() };
    let at = header_len.saturating_add(frame.len());
    layer.item("", "FCS", at, digits(found));
    match (pdu.bridged_frame(), bridged.compute_fcs(frame)) {
        (Ok(_), _) => {
            layer.meaning("right");
        }
        (Err(_), Some(computed)) => layer.note(format_args!("the FCS is wrong, {} over these octets", digits(&computed))),
        (Err(error), None) => layer.note(error),
    }
    frame
}

/// Adds one side's addresses, from `at` on, and returns where they end.
fn station(layer: &mut Layer, [number, subaddress, protocol]: [&'static str; 3], at: usize, station: Station<'_>) -> usize {
    let octets = station.number.as_octets();
    match station.number {
        atmarp::Number::E164(number_digits) => {
            layer.item("", number, at, String::from_utf8_lossy(number_digits).into_owned()).meaning("E.164");
        }
        _ => {
            layer.item("", number, at, digits(octets));
        }
    }
    let at = at.saturating_add(octets.len());
    let octets = station.subaddress.as_octets();
    if !octets.is_empty() {
        layer.item("", subaddress, at, digits(octets));
    }
    let at = at.saturating_add(octets.len());
    match <[u8; 4]>::try_from(station.protocol) {
        Ok(address) => layer.address("", protocol, at, std::net::Ipv4Addr::from(address)),
        Err(_) => layer.item("", protocol, at, digits(station.protocol)),
    };
    at.saturating_add(station.protocol.len())
}

/// Octets in hexadecimal; `none` for none.
pub(super) fn digits(octets: &[u8]) -> String {
    if octets.is_empty() {
        return "none".into();
    }
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

const fn traffic_name(traffic: TrafficType) -> &'static str {
    match traffic {
        TrafficType::RAW => "raw",
        TrafficType::LANE => "LAN emulation",
        TrafficType::LLC => "LLC",
        TrafficType::MARS => "MARS",
        TrafficType::IFMP => "IFMP",
        TrafficType::ILMI => "ILMI",
        TrafficType::SIGNALLING => "signalling",
        _ => "not assigned",
    }
}

const fn vci_name(vc: Vc) -> &'static str {
    match vc.vci {
        Vci::ZERO if vc.vpi.get() == 0 => "idle and unassigned cells",
        Vci::META_SIGNALLING => "meta-signalling",
        Vci::BROADCAST_SIGNALLING => "broadcast signalling",
        Vci::OAM_F4_SEGMENT => "OAM F4, segment",
        Vci::OAM_F4_END_TO_END => "OAM F4, end to end",
        Vci::SIGNALLING => "signalling",
        Vci::RESOURCE_MANAGEMENT => "resource management",
        Vci::ILMI => "ILMI",
        vci if vci.is_reserved() => "reserved",
        _ => "",
    }
}

fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::REQUEST => "request",
        Operation::REPLY => "reply",
        Operation::INVERSE_REQUEST => "inverse request",
        Operation::INVERSE_REPLY => "inverse reply",
        Operation::NAK => "NAK",
        _ => "unknown",
    }
}

const fn nlpid_name(nlpid: Nlpid) -> &'static str {
    match nlpid {
        Nlpid::INACTIVE => "inactive set",
        Nlpid::SNAP => "SNAP",
        Nlpid::CLNP => "CLNP",
        Nlpid::ES_IS => "ES-IS",
        Nlpid::IS_IS => "IS-IS",
        Nlpid::IP => "IPv4",
        NLPID_IPV6 => "IPv6",
        Nlpid::PPP => "PPP",
        _ => "other",
    }
}

const fn bridged_name(bridged: Bridged) -> &'static str {
    match bridged {
        Bridged::Ethernet { fcs: true, .. } => "Ethernet with FCS",
        Bridged::Ethernet { fcs: false, .. } => "Ethernet",
        Bridged::TokenBus { fcs: true, .. } => "token bus with FCS",
        Bridged::TokenBus { fcs: false, .. } => "token bus",
        Bridged::TokenRing { fcs: true, .. } => "token ring with FCS",
        Bridged::TokenRing { fcs: false, .. } => "token ring",
        Bridged::Fddi { fcs: true, .. } => "FDDI with FCS",
        Bridged::Fddi { fcs: false, .. } => "FDDI",
        Bridged::Dqdb { .. } => "DQDB",
        Bridged::Fragment => "fragment",
        Bridged::Bpdu => "BPDU",
    }
}

fn protocol_name(protocol: Protocol) -> String {
    match protocol {
        Protocol::Routed(ether_type) => EtherType(ether_type.0).to_string(),
        Protocol::Iso(nlpid) => nlpid_name(nlpid).into(),
        Protocol::Bridged(bridged) => bridged_name(bridged).into(),
        Protocol::Other { oui, pid } => format!("SNAP organization {oui}, protocol {:#06x}", pid.0),
        Protocol::Llc { dsap, .. } => format!("LLC service access point {dsap:#04x}"),
    }
}
