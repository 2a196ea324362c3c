//! Associations as other tools have them: what `ip xfrm state` prints, and lines of Wireshark's table `esp_sa`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::{Context, Result, bail};
use ip_wire::Protocol;
use ip_wire::ip::Packet;
use ipsec_wire::import::esp_sa::{self, EspSa, SpiPattern};
use ipsec_wire::import::xfrm::{self, Mode, State};
use ipsec_wire::natt::Encapsulation;
use ipsec_wire::spd::{self, AddressRange, Direction, Selectors};

use super::sa_file::{Association, End};

/// What a file's first octets say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The JSON list.
    Json,
    /// What `ip xfrm state` prints.
    State,
    /// Lines of Wireshark's.
    EspSa,
}

impl Form {
    /// By the first character that is no blank; a line that starts with # is a comment of Wireshark's.
    pub(super) fn of(text: &str) -> Result<Self> {
        let text = text.trim_start();
        match text.chars().next() {
            None => bail!("the file is empty"),
            Some('[' | '{') => Ok(Self::Json),
            Some('"' | '#') => Ok(Self::EspSa),
            _ if text.starts_with("src ") => Ok(Self::State),
            Some(_) => bail!("neither a JSON list, nor what `ip xfrm state` prints, nor lines of Wireshark's esp_sa table"),
        }
    }
}

/// What the kernel has, kept for what the file of ours has no words for.
#[derive(Clone)]
pub(super) struct Printed {
    pub(super) state: State,
    selectors: Option<Selectors>,
}

impl Printed {
    /// Whether the SA's selector has a packet; `None` if the SA has none that says anything.
    pub(super) fn takes(&self, packet: &Packet<'_>) -> Option<bool> {
        let selectors = self.selectors.as_ref()?;
        Some(spd::Packet::of(packet, Direction::Outbound).is_ok_and(|packet| selectors.check(&packet).is_ok()))
    }
}

/// What a line of Wireshark's leaves open.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) spi: SpiPattern,
    is_ipv6: bool,
    source: Option<AddressRange>,
    destination: Option<AddressRange>,
}

impl Pattern {
    pub(super) fn has(&self, source: IpAddr, destination: IpAddr) -> bool {
        self.has_destination(destination) && self.source.as_ref().is_none_or(|range| range.contains(source))
    }

    pub(super) fn has_destination(&self, destination: IpAddr) -> bool {
        self.is_ipv6 == destination.is_ipv6() && self.destination.as_ref().is_none_or(|range| range.contains(destination))
    }
}

/// Reads what `ip xfrm state` prints.
pub(super) fn states(text: &str) -> Result<Vec<Association>> {
    let each = xfrm::states(text).enumerate();
    each.map(|(index, state)| of_state(index, state?).with_context(|| format!("association {}", index.saturating_add(1))))
        .collect()
}

/// Reads lines of Wireshark's.
pub(super) fn lines(text: &str) -> Result<Vec<Association>> {
    let each = esp_sa::records(text).enumerate();
    let read: Result<Vec<_>> = each
        .map(|(index, sa)| of_line(index, &sa?).with_context(|| format!("association {}", index.saturating_add(1))))
        .collect();
    let read = read?;
    if read.is_empty() {
        bail!("the table has no line");
    }
    Ok(read)
}

fn of_state(index: usize, state: State) -> Result<Association> {
    state.sender()?;
    let is_ah = state.protocol == Protocol::AH;
    let (suite, keys) = if is_ah { state.protection.ah()? } else { state.protection.esp()? };
    let (encryption, integrity) = (keys.encryption.to_vec(), keys.integrity.to_vec());
    let esn = state.flags.contains(xfrm::StateFlags::ESN);
    let (sent, received) = state.replay.as_ref().map_or((0, 0), |replay| (replay.sent, replay.received));
    // Prefixes of no bits are what a kernel prints where nothing was said.
    let selector = state.selector.as_ref().filter(|sel| sel.source.1 > 0 || sel.destination.1 > 0 || sel.protocol.is_some());
    let selectors = selector.map(|sel| sel.selectors(true)).transpose()?;
    let mut association = Association {
        index,
        suite,
        encryption,
        integrity,
        spi: state.spi.unwrap_or_default(),
        source: state.source,
        destination: state.destination,
        tunnel: state.mode == Mode::Tunnel,
        encapsulation: state.encapsulation.map(|encap| Encapsulation {
            source_port: encap.source_port,
            destination_port: encap.destination_port,
            non_ike_marker: encap.kind == xfrm::EncapsulationKind::UdpNonIke,
            ..Encapsulation::new()
        }),
        esn,
        replay_window: state.replay_window,
        selector: None,
        last_sent: sent,
        // A capture may be older than the print: only the half of the numbers that packets lack is taken.
        highest_received: if esn { sent.max(received) & !u64::from(u32::MAX) } else { 0 },
        ah_align: 8,
        tfc_pad: 0,
        printed: None,
        pattern: None,
    };
    association.printed = Some(Box::new(Printed { state, selectors }));
    association.build(End::Receiver, |builder| builder.inbound().map(drop))?;
    Ok(association)
}

fn of_line(index: usize, sa: &EspSa) -> Result<Association> {
    let (suite, keys) = sa.protection.esp()?;
    let high = u64::from(sa.sequence_high.unwrap_or(0));
    let esn = sa.extended.unwrap_or(high > 0);
    let before = if esn { high << 32 } else { 0 };
    let any: IpAddr = if sa.is_ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let association = Association {
        index,
        suite,
        encryption: keys.encryption.to_vec(),
        integrity: keys.integrity.to_vec(),
        spi: sa.spi.value,
        source: any,
        destination: any,
        tunnel: false,
        encapsulation: None,
        esn,
        replay_window: 64,
        selector: None,
        last_sent: before,
        highest_received: before,
        ah_align: 4,
        tfc_pad: 0,
        printed: None,
        pattern: Some(Pattern { spi: sa.spi, is_ipv6: sa.is_ipv6, source: sa.source, destination: sa.destination }),
    };
    association.build(End::Receiver, |builder| builder.inbound().map(drop))?;
    Ok(association)
}

/// An ESP packet that arrived, for a line of Wireshark's to become an association of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrival {
    pub(super) spi: u32,
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) encapsulation: Option<Encapsulation>,
}

impl Association {
    /// What a line leaves open, as a packet has it: in a tunnel if an IP packet was `inside`.
    pub(super) fn narrowed(&self, index: usize, arrival: &Arrival, inside: Protocol) -> Self {
        let tunnel = matches!(inside, Protocol::IPV4 | Protocol::IPV6);
        let Arrival { spi, source, destination, encapsulation } = *arrival;
        Self { index, spi, source, destination, tunnel, encapsulation, pattern: None, ..self.clone() }
    }
}
