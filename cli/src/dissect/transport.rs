//! TCP, UDP and UDP-Lite.

use ip_wire::{Error, Protocol, esp, tcp, udp, udp_lite};

use super::model::hex;
use super::options::describe_tcp;
use super::{Layer, Next, Status, Walker, What};

/// The port of ESP in UDP (RFC 3948).
const NAT_TRAVERSAL_PORT: u16 = 4500;

impl Walker<'_> {
    /// A TCP segment.
    pub(super) fn tcp(&mut self, step: Next<'_>) {
        match tcp::View::parse(step.octets) {
            Ok(view) => self.whole_tcp(&view, &step),
            Err(error) => {
                self.cut_tcp(&step);
                let cut = matches!(error, Error::Truncated { .. } | Error::LengthBeyondBuffer { .. });
                if !(cut && (step.around.is_fragment || self.header_may_be_cut(&step.around))) {
                    self.fail("tcp", step.around.packet, shifted(error, &step));
                }
            }
        }
    }

    fn whole_tcp(&mut self, view: &tcp::View<'_>, step: &Next<'_>) {
        let mut layer = Layer::new("tcp", "TCP", step.offset, view.header_len());
        ports_and_numbers(view, &mut layer, [!self.is_right_under_icmp(), true]);
        flags_and_window(view, &mut layer);
        layer.item("tcp.checksum", "checksum", 16, hex(view.checksum()));
        let status = if step.around.is_whole() {
            let pseudo = step.around.pseudo_header(Protocol::TCP, view.segment_len());
            checked(view.verify_checksum(pseudo), &mut layer)
        } else {
            Status::Unverified
        };
        layer.item("tcp.checksum.status", "", 16, status);
        layer.item("tcp.urgent_pointer", "urgent pointer", 18, view.urgent_pointer());
        let failed = tcp_options(view.options(), &mut layer);
        layer.expect_zero("the reserved bits", view.reserved());
        self.push(layer);
        if let Some(error) = failed {
            self.fail("tcp", step.around.packet, shifted(error, step));
        }
        if !self.behind_transport(Protocol::TCP, view.header_len(), step) {
            self.payload("payload".into(), view.payload(), step.offset.saturating_add(view.header_len()));
        }
    }

    /// Whether the packet at hand is what an ICMPv4 error quotes: Wireshark has its sequence number under another name.
    fn is_right_under_icmp(&self) -> bool {
        matches!(&self.found.layers[..], [.., icmp, ip] if icmp.name == "icmp" && ip.name == "ip")
    }

    /// A segment whose header is not all there: the fields that are.
    fn cut_tcp(&mut self, step: &Next<'_>) {
        let mut padded = [0u8; tcp::MAX_HEADER_LEN];
        let found = step.octets.len().min(padded.len());
        padded.iter_mut().zip(step.octets).for_each(|(to, from)| *to = *from);
        let mut layer = Layer::new("tcp", "TCP", step.offset, found);
        layer.note("the header is not all there");
        let too_small = match tcp::View::parse(&padded) {
            Err(Error::LengthTooSmall { found: words, .. }) if found >= 16 => Some(words),
            _ => None,
        };
        if too_small.is_some() || found <= 12 {
            // The fields before a data offset that is missing or too small stand.
            padded[12] = 0x50;
        }
        if let Ok(view) = tcp::View::parse(&padded) {
            if found >= 4 {
                ports_and_numbers(
                    &view,
                    &mut layer,
                    [found >= 16 && !self.is_right_under_icmp(), found >= 16 && too_small.is_none()],
                );
            }
            let end = |at: usize| at.saturating_add(if at < 4 { 2 } else { 4 });
            layer.items.retain(|item| end(item.offset.saturating_sub(step.offset)) <= found);
            if let Some(words) = too_small {
                layer.item("tcp.hdr_len", "header length", 12, words.saturating_mul(4));
            } else if found >= 16 {
                flags_and_window(&view, &mut layer);
            }
            if found >= 18 && too_small.is_none() {
                layer.item("tcp.checksum", "checksum", 16, hex(view.checksum()));
                let pseudo = step.around.pseudo_header(Protocol::TCP, step.octets.len());
                let status = match step.around.is_whole() {
                    true if pseudo.octets(step.octets).holds() => Status::Good,
                    true => Status::Bad,
                    false => Status::Unverified,
                };
                layer.item("tcp.checksum.status", "", 16, status);
            }
            if found >= 20 && too_small.is_none() {
                layer.item("tcp.urgent_pointer", "urgent pointer", 18, view.urgent_pointer());
                let area = step.octets.get(tcp::MIN_HEADER_LEN..found).unwrap_or(&[]);
                tcp_options(tcp::Options::new(area, 20), &mut layer);
            }
        }
        self.push(layer);
    }

    /// A UDP datagram.
    pub(super) fn udp<'a>(&mut self, step: Next<'a>) -> Option<Next<'a>> {
        let view = match udp::View::parse_lax(step.octets) {
            Ok(reading) => reading.into_view(),
            Err(error) => {
                self.cut_udp("udp", "UDP", &step);
                if !(self.header_may_be_cut(&step.around) && matches!(error, Error::Truncated { .. })) {
                    self.fail("udp", step.around.packet, shifted(error, &step));
                }
                return None;
            }
        };
        let mut layer = Layer::new("udp", "UDP", step.offset, udp::HEADER_LEN);
        layer.item("udp.srcport", "source port", 0, view.source_port());
        layer.item("udp.dstport", "destination port", 2, view.destination_port());
        layer.item("udp.length", "length", 4, view.length());
        layer.item("udp.checksum", "checksum", 6, hex(view.checksum()));
        let strict = udp::View::parse(step.octets);
        let zero = if step.around.is_v6() && !self.in_quote { udp::ZeroChecksum::Refused } else { udp::ZeroChecksum::Allowed };
        let status = match (view.checksum(), zero) {
            (0, udp::ZeroChecksum::Allowed) => {
                layer.meaning("the sender left it out");
                Status::Absent
            }
            (0, udp::ZeroChecksum::Refused) => {
                layer.note("the checksum is 0, which RFC 8200 8.1 refuses but for the tunnels of RFC 6935");
                Status::Illegal
            }
            _ if !step.around.is_whole() || strict.is_err() => Status::Unverified,
            _ => {
                let pseudo = step.around.pseudo_header(Protocol::UDP, view.datagram_len());
                checked(view.verify_checksum(pseudo, zero).map(drop), &mut layer)
            }
        };
        layer.item("udp.checksum.status", "", 6, status);
        self.push(layer);
        let offset = step.offset.saturating_add(udp::HEADER_LEN);
        if let Err(error) = strict
            && step.around.missing == 0
            && !step.around.is_fragment
        {
            self.fail("udp", step.around.packet, shifted(error, &step));
        }
        if [view.source_port(), view.destination_port()].contains(&NAT_TRAVERSAL_PORT) && is_esp(view.payload()) {
            return Some(Next { what: What::Upper(Protocol::ESP), octets: view.payload(), offset, ..step });
        }
        if strict.is_err() || !self.behind_transport(Protocol::UDP, udp::HEADER_LEN, &step) {
            self.payload("payload".into(), view.payload(), offset);
        }
        None
    }

    /// A UDP-Lite datagram.
    pub(super) fn udp_lite(&mut self, step: Next<'_>) {
        let view = match udp_lite::View::parse_cut(step.octets) {
            Ok(view) => view,
            Err(error) => {
                self.cut_udp("udplite", "UDP-Lite", &step);
                if !(self.header_may_be_cut(&step.around) && matches!(error, Error::Truncated { .. })) {
                    self.fail("udplite", step.around.packet, shifted(error, &step));
                }
                return;
            }
        };
        let mut layer = Layer::new("udplite", "UDP-Lite", step.offset, udp_lite::HEADER_LEN);
        let cut = usize::try_from(step.around.cut).unwrap_or(usize::MAX);
        layer.item("udp.srcport", "source port", 0, view.source_port());
        layer.item("udp.dstport", "destination port", 2, view.destination_port());
        layer.item("", "checksum coverage", 4, view.checksum_coverage());
        layer.item("udp.length", "", 4, view.datagram_len().saturating_add(cut));
        layer.item("udp.checksum", "checksum", 6, hex(view.checksum()));
        let strict = udp_lite::View::parse(step.octets);
        let mut status = Status::Unverified;
        if view.checksum() == 0 {
            layer.note("the checksum is 0, which RFC 3828 3.1 refuses");
            status = if self.in_quote { Status::Absent } else { Status::Illegal };
        } else if strict.is_ok() && step.around.is_whole() {
            // The outcome is for people: the field is UDP's, and Wireshark leaves it at "unverified" here.
            let pseudo = step.around.pseudo_header(Protocol::UDP_LITE, view.datagram_len());
            checked(view.verify_checksum(pseudo), &mut layer);
        }
        layer.item("udp.checksum.status", "", 6, status);
        self.push(layer);
        if let (Err(error), 0, false) = (strict, step.around.missing, step.around.is_fragment) {
            self.fail("udplite", step.around.packet, shifted(error, &step));
        }
        self.payload("payload".into(), view.payload(), step.offset.saturating_add(udp_lite::HEADER_LEN));
    }

    fn cut_udp(&mut self, name: &'static str, title: &'static str, step: &Next<'_>) {
        let found = step.octets.len().min(udp::HEADER_LEN);
        let mut layer = Layer::new(name, title, step.offset, found);
        layer.note("the header can't be read whole");
        let mut padded = [0u8; udp::HEADER_LEN];
        padded.iter_mut().zip(step.octets).for_each(|(to, from)| *to = *from);
        let length = u16::from_be_bytes([padded[4], padded[5]]);
        // A length that can be read with.
        padded[5] = 8;
        if let (Ok(reading), 4..) = (udp::View::parse_lax(&padded), found) {
            let view = reading.into_view();
            layer.item("udp.srcport", "source port", 0, view.source_port());
            layer.item("udp.dstport", "destination port", 2, view.destination_port());
            if found >= 6 && name == "udp" {
                layer.item("udp.length", "length", 4, length);
            }
        }
        self.push(layer);
    }
}

/// Whether a datagram to or from port 4500 holds ESP: not a keep-alive (one octet), not the zero marker of IKE (RFC 3948 2.2).
fn is_esp(payload: &[u8]) -> bool {
    esp::View::parse(payload).is_ok_and(|view| view.spi() != 0)
}

/// An error of an upper layer, its offset counted from the start of the IP packet.
pub(super) fn shifted(error: Error, step: &Next<'_>) -> Error {
    error.shifted(u32::try_from(step.offset.saturating_sub(step.around.packet)).unwrap_or(u32::MAX))
}

/// Notes the outcome of a checksum's verification.
pub(super) fn checked(outcome: Result<(), Error>, layer: &mut Layer) -> Status {
    match outcome {
        Ok(()) => {
            layer.meaning("good");
            Status::Good
        }
        Err(Error::Checksum { found, needed, .. }) => {
            layer.meaning(format_args!("wrong, {needed:#06x} needed"));
            layer.note(format_args!("checksum {found:#06x} found, {needed:#06x} needed"));
            Status::Bad
        }
        Err(error) => {
            layer.note(error);
            Status::Bad
        }
    }
}

fn ports_and_numbers(view: &tcp::View<'_>, layer: &mut Layer, [sequence, acknowledgment]: [bool; 2]) {
    layer.item("tcp.srcport", "source port", 0, view.source_port());
    layer.item("tcp.dstport", "destination port", 2, view.destination_port());
    layer.item(if sequence { "tcp.seq_raw" } else { "" }, "sequence number", 4, view.sequence_number());
    layer.item(if acknowledgment { "tcp.ack_raw" } else { "" }, "acknowledgment number", 8, view.acknowledgment_number());
}

fn flags_and_window(view: &tcp::View<'_>, layer: &mut Layer) {
    layer.item("tcp.hdr_len", "header length", 12, view.header_len());
    let bits = (u16::from(view.reserved()) << 9) | view.flags().bits();
    layer.item("tcp.flags", "flags", 12, super::Value::Hex(u64::from(bits), 3));
    layer.meaning(view.flags().names().collect::<Vec<_>>().join(" "));
    layer.item("tcp.window_size_value", "window", 14, view.window());
}

/// Reads the options; the first error in them.
fn tcp_options(options: tcp::Options<'_>, layer: &mut Layer) -> Option<Error> {
    let mut failed = None;
    for option in options {
        let option = match option {
            Ok(option) => option,
            Err(error) => {
                layer.note(error);
                return failed.or(Some(error));
            }
        };
        let at = usize::try_from(option.offset()).unwrap_or(usize::MAX);
        layer.item("tcp.option_kind", "option", at, option.kind().0).meaning(option.kind());
        if let Ok(tcp::options::Value::EndOfOptions { padding }) = option.value() {
            // Zero octets of padding are ends of the list once more, to Wireshark.
            let zeros = padding.iter().take_while(|octet| **octet == 0).count();
            for index in 1..=zeros {
                layer.item("tcp.option_kind", "", at.saturating_add(index), 0u8);
            }
        }
        if let Some(length) = option.length() {
            layer.item("tcp.option_len", "length", at.saturating_add(1), length).part();
        }
        match option.value() {
            Ok(value) => describe_tcp(&value, at.saturating_add(2), layer),
            Err(error) => {
                layer.note(error);
                failed = failed.or(Some(error));
            }
        }
    }
    failed
}
