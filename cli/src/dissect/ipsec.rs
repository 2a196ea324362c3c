//! AH and ESP, as far as they can be read without keys, and ESP whose keys are there.

use ip_wire::ipv6::Extensions;
use ip_wire::{Error, ah, esp};

use super::ipv6::MAX_EXTENSIONS;
use super::model::hex;
use super::transport::shifted;
use super::{Layer, Next, Walker, What};
use crate::ipsec::Decrypted;

impl Walker<'_> {
    /// An authentication header; the walk goes on behind it.
    pub(super) fn ah<'a>(&mut self, step: Next<'a>) -> Option<Next<'a>> {
        let view = match ah::View::parse(step.octets) {
            Ok(view) => view,
            Err(error) => {
                self.refused("ah", "authentication header", error, &step);
                return None;
            }
        };
        let mut layer = Layer::new("ah", "authentication header", step.offset, view.header_len());
        ah_fields(&view, &mut layer);
        layer.item("", "integrity check value", ah::FIXED_LEN, icv(&view));
        layer.expect_zero("the reserved field", view.reserved());
        self.push(layer);
        let offset = step.offset.saturating_add(view.header_len());
        if !step.around.is_v6() {
            return Some(Next { what: What::Upper(view.next_header()), octets: view.payload(), offset, around: step.around });
        }
        let [at, pointer] =
            [offset, step.offset].map(|octet| u32::try_from(octet.saturating_sub(step.around.packet)).unwrap_or(u32::MAX));
        self.extensions(Extensions::resume(view.next_header(), view.payload(), at, pointer, MAX_EXTENSIONS), step.around)
    }

    /// An ESP packet: what is not encrypted, and what is inside where its association is known.
    pub(super) fn esp(&mut self, step: Next<'_>) {
        let Some(decrypted) = self.esp_itself(&step) else { return };
        let Some(trailer) = decrypted.trailer() else { return };
        let offset = step.offset.saturating_add(decrypted.front);
        let what = What::Upper(trailer.next_header());
        self.walk(Next { what, octets: trailer.payload(), offset, around: step.around });
    }

    /// The layer of an ESP packet; what is in it, if its association is known.
    pub(super) fn esp_itself(&mut self, step: &Next<'_>) -> Option<Decrypted> {
        let view = match esp::View::parse(step.octets) {
            Ok(view) => view,
            Err(error) => {
                self.refused("esp", "ESP", error, step);
                return None;
            }
        };
        let mut layer = Layer::new("esp", "ESP", step.offset, esp::FIXED_LEN);
        layer.item("esp.spi", "SPI", 0, hex(view.spi()));
        layer.item("esp.sequence", "sequence number", 4, view.sequence_number());
        let destination = step.around.addresses.map(|(_, destination)| destination);
        let decrypted = self.decrypter.decrypt(step.octets, destination);
        match &decrypted {
            Some(decrypted) => self.decrypted(layer, decrypted, step),
            None => {
                self.push(layer);
                self.payload("encrypted".into(), view.payload(), step.offset.saturating_add(esp::FIXED_LEN));
            }
        }
        decrypted
    }

    /// An ESP packet whose association is known: its trailer.
    fn decrypted(&mut self, mut layer: Layer, decrypted: &Decrypted, step: &Next<'_>) {
        let len = decrypted.plaintext.len();
        if let Some(trailer) = decrypted.trailer() {
            let at = decrypted.front.saturating_add(len);
            layer.item("esp.pad_len", "pad length", at.saturating_sub(2), trailer.padding().len());
            layer
                .item("esp.protocol", "next header", at.saturating_sub(1), trailer.next_header().0)
                .meaning(trailer.next_header());
        }
        if let Some(good) = decrypted.authentic {
            let at = step.octets.len().saturating_sub(decrypted.icv_len);
            layer.item("esp.icv_good", "ICV holds", at, good);
        }
        if decrypted.authentic == Some(false) {
            layer.note("not authentic under the association's keys");
        }
        self.push(layer);
    }

    fn refused(&mut self, name: &'static str, title: &'static str, error: Error, step: &Next<'_>) {
        let mut layer = Layer::new(name, title, step.offset, step.octets.len());
        layer.note("the header is not all there");
        if name == "ah" {
            cut_ah(step.octets, &mut layer)
        } else {
            cut_esp(step.octets, &mut layer)
        }
        self.push(layer);
        let cut = matches!(error, Error::Truncated { .. } | Error::LengthBeyondBuffer { .. });
        if !(cut && step.around.missing > 0 && self.header_may_be_cut(&step.around)) {
            self.fail(name, step.around.packet, shifted(error, step));
        }
    }
}

pub(super) fn ah_fields(view: &ah::View<'_>, layer: &mut Layer) {
    layer.item("ah.next_header", "next header", 0, view.next_header().0).meaning(view.next_header());
    layer.item("ah.length", "length", 1, view.payload_len()).meaning(format_args!("{} octets", view.header_len()));
    layer.item("ah.spi", "SPI", 4, hex(view.spi()));
    layer.item("ah.sequence", "sequence number", 8, view.sequence_number());
}

pub(super) fn icv(view: &ah::View<'_>) -> String {
    view.icv().iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The fields of an authentication header that is not all there, or whose length can't be.
fn cut_ah(octets: &[u8], layer: &mut Layer) {
    // As long as the longest header.
    let mut padded = [0u8; 1028];
    padded.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
    let too_small = padded[1] == 0;
    padded[1] = padded[1].max(1);
    let Ok(view) = ah::View::parse(&padded) else { return };
    ah_fields(&view, layer);
    for item in layer.items.iter_mut().filter(|item| too_small && item.key == "ah.length") {
        item.value = 0u8.into();
        item.meaning.clear();
    }
    let start = layer.offset;
    let end = |at: usize| if at < 4 { at.saturating_add(1) } else { at.saturating_add(4) };
    layer.items.retain(|item| end(item.offset.saturating_sub(start)) <= octets.len());
}

/// The SPI of an ESP packet of which no more is there.
fn cut_esp(octets: &[u8], layer: &mut Layer) {
    let mut padded = [0u8; esp::FIXED_LEN];
    padded.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
    if let (Ok(view), 4..) = (esp::View::parse(&padded), octets.len()) {
        layer.item("esp.spi", "SPI", 0, hex(view.spi()));
    }
}
