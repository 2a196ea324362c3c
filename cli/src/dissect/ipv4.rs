//! IPv4 headers and their options.

use ip_wire::ipv4::{MAX_HEADER_LEN, View, options};
use ip_wire::{Error, Field};

use super::model::hex;
use super::options::describe_v4;
use super::{Around, Layer, Next, Status, Walker, What};

impl Walker<'_> {
    /// An IPv4 packet.
    pub(super) fn ipv4<'a>(&mut self, step: Next<'a>) -> Option<Next<'a>> {
        let reading = match View::parse_lax(step.octets) {
            Ok(reading) => reading,
            Err(error) => {
                self.refused_v4(&error, &step);
                return None;
            }
        };
        let (view, missing) = (reading.into_view(), reading.missing());
        let mut layer = Layer::new("ip", "IPv4", step.offset, view.header_len());
        fixed(&view, true, &mut layer);
        let options = self.options_v4(&view, &mut layer, step.offset);
        if missing > 0 {
            layer.note(format_args!("{missing} of {} octets are missing at the end", view.total_len()));
        }
        self.push(layer);
        if let Err(error) = options {
            self.fail("ip", step.offset, error);
        }
        if missing > 0
            && !self.may_be_cut()
            && let Err(error) = View::parse(step.octets)
        {
            self.fail("ip", step.offset, error);
            return None;
        }
        let offset = step.offset.saturating_add(view.header_len());
        if view.fragment_offset().units() > 0 {
            self.payload("fragment".into(), view.payload(), offset);
            return None;
        }
        let around = Around {
            packet: step.offset,
            addresses: Some((view.source().into(), view.final_destination().into())),
            is_fragment: view.is_fragment(),
            missing,
            cut: step.around.cut.min(missing),
        };
        Some(Next { what: What::Upper(view.protocol()), octets: view.payload(), offset, around })
    }

    /// Reads the options; the first that is wrong ends them.
    fn options_v4(&mut self, view: &View<'_>, layer: &mut Layer, packet: usize) -> Result<(), Error> {
        let mut failed = Ok(());
        for option in view.options() {
            let option = match option {
                Ok(option) => option,
                Err(error) => return failed.and(Err(error)),
            };
            let at = usize::try_from(option.offset()).unwrap_or(usize::MAX);
            let [kind_key, len_key] = if has_keys(option.kind()) { ["ip.opt.type", "ip.opt.len"] } else { ["", ""] };
            layer.item(kind_key, "option", at, option.kind().0).meaning(option.kind());
            if let Some(length) = option.length() {
                layer.item(len_key, "length", at.saturating_add(1), length).part();
            }
            match option.value() {
                Ok(value) => {
                    if let options::Value::RouterAlert(alert) = value {
                        layer.item("ip.opt.ra", "", at.saturating_add(2), alert);
                    }
                    describe_v4(&value, at.saturating_add(2), layer);
                }
                Err(error) => {
                    layer.note(format_args!("{error} (packet at octet {packet})"));
                    failed = failed.and(Err(error));
                }
            }
        }
        failed
    }

    /// A packet that can't be read: what its header says as far as it goes.
    fn refused_v4(&mut self, error: &Error, step: &Next<'_>) {
        let found = step.octets.len();
        let mut layer = Layer::new("ip", "IPv4", step.offset, found.min(MAX_HEADER_LEN));
        let is_cut = matches!(error, Error::Truncated { .. });
        match *error {
            Error::LengthTooSmall { field: Field::Ipv4Ihl, found, .. } => {
                layer.item("ip.hdr_len", "header length", 0, found.saturating_mul(4));
            }
            Error::Truncated { .. } => {
                layer.note("the header is not all there");
                let mut padded = [0u8; MAX_HEADER_LEN];
                // A length that can be read with, where it is not there.
                padded[3] = 60;
                padded.iter_mut().zip(step.octets).for_each(|(to, from)| *to = *from);
                if let Ok(reading) = View::parse_lax(&padded) {
                    fixed(&reading.into_view(), false, &mut layer);
                    layer.items.retain(|item| field_end(item.offset.saturating_sub(step.offset)) <= found);
                }
            }
            _ => {}
        }
        self.push(layer);
        if !(is_cut && self.header_may_be_cut(&step.around)) {
            self.fail("ip", step.offset, *error);
        }
    }
}

/// Whether Wireshark has fields for an option; of types that it does not know it shows the octets alone.
const fn has_keys(kind: options::Kind) -> bool {
    // 11 and 12: the MTU probe and reply of RFC 1063.
    kind.name().is_some() || matches!(kind.0, 11 | 12)
}

/// Where the field of the fixed header ends that starts at `at`.
const fn field_end(at: usize) -> usize {
    match at {
        0 | 1 | 8 | 9 => at.saturating_add(1),
        2..=7 | 10 | 11 => at.saturating_add(2),
        _ => at.saturating_add(4),
    }
}

fn fixed(view: &View<'_>, whole: bool, layer: &mut Layer) {
    layer.item("", "version", 0, 4u8);
    layer.item("ip.hdr_len", "header length", 0, view.header_len());
    layer.item("ip.dsfield.dscp", "DSCP", 1, view.dscp().value()).meaning(view.dscp());
    layer.item("ip.dsfield.ecn", "ECN", 1, view.ecn().value()).meaning(view.ecn());
    layer.item("ip.len", "total length", 2, view.total_len());
    layer.item("ip.id", "identification", 4, hex(view.identification()));
    let flags = view.flags();
    layer.item("ip.flags.rb", "reserved bit", 6, flags.reserved());
    layer.item("ip.flags.df", "don't fragment", 6, flags.dont_fragment());
    layer.item("ip.flags.mf", "more fragments", 6, flags.more_fragments());
    layer.item("ip.frag_offset", "fragment offset", 6, view.fragment_offset().units());
    layer.meaning(format_args!("{} octets", view.fragment_offset().octets()));
    layer.item("ip.ttl", "time to live", 8, view.ttl());
    layer.item("ip.proto", "protocol", 9, view.protocol().0).meaning(view.protocol());
    layer.item("ip.checksum", "header checksum", 10, hex(view.checksum()));
    let status = match view.verify_checksum() {
        _ if !whole => Status::Unverified,
        Ok(()) => {
            layer.meaning("good");
            Status::Good
        }
        Err(_) => {
            layer.meaning(format_args!("wrong, {:#06x} needed", view.computed_checksum()));
            layer.note(format_args!("header checksum {:#06x} found, {:#06x} needed", view.checksum(), view.computed_checksum()));
            Status::Bad
        }
    };
    layer.item("ip.checksum.status", "", 10, status);
    layer.address("ip.src", "source", 12, view.source());
    // Under a source route the header names the next hop; the destination is the route's last address.
    if view.final_destination() == view.destination() {
        layer.address("ip.dst", "destination", 16, view.destination());
    } else {
        layer.address("", "next hop", 16, view.destination());
        layer.address("ip.dst", "destination", 16, view.final_destination()).meaning("end of the source route");
    }
    if flags.reserved() {
        layer.note("the reserved flag is set");
    }
    if view.ttl() == 0 {
        layer.note("time to live is used up");
    }
}
