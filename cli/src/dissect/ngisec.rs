//! NGISec: AH and ESP behind a transport header, where associations tell that they are there.

use ip_wire::{Protocol, ah};
use ngisec_wire::Form;
use ngisec_wire::framing::TRAILER_LEN;

use super::ipsec::{ah_fields, icv};
use super::{Layer, Next, Walker, What};

impl Walker<'_> {
    /// What is behind the header of `len` octets that `step` starts with, if an association says that it is AH; whether it was.
    pub(super) fn behind_transport(&mut self, protocol: Protocol, len: usize, step: &Next<'_>) -> bool {
        if self.in_quote || !step.around.is_whole() {
            return false;
        }
        let Some((transport, octets)) = step.octets.split_at_checked(len) else { return false };
        let destination = step.around.addresses.map(|(_, destination)| destination);
        let Some(good) = self.decrypter.behind_transport(octets, destination) else { return false };
        let (Ok(ah), offset) = (ah::View::parse(octets), step.offset.saturating_add(len)) else { return false };
        let mut layer = Layer::new("ah", "authentication header (NGISec)", offset, ah.header_len());
        ah_fields(&ah, &mut layer);
        layer.item("", "integrity check value", ah::FIXED_LEN, icv(&ah)).meaning(if good { "good" } else { "wrong" });
        if !good {
            layer.note("not authentic under the association's keys");
        }
        self.push(layer);
        let at = offset.saturating_add(ah.header_len());
        self.esp_behind(protocol, transport, Next { octets: ah.payload(), offset: at, ..*step });
        true
    }

    fn esp_behind(&mut self, protocol: Protocol, transport: &[u8], step: Next<'_>) {
        let Some(decrypted) = self.esp_itself(&step) else { return };
        let Some(trailer) = decrypted.trailer() else { return };
        let (hidden, offset) = (trailer.payload(), step.offset.saturating_add(decrypted.front));
        let next = Next { what: What::Upper(trailer.next_header()), octets: hidden, offset, around: step.around };
        match Form::of_hidden(protocol, transport, trailer.next_header(), hidden) {
            Some(Form::Plain) => self.payload("payload".into(), hidden, offset),
            Some(Form::DuplicateAppended) => self.appended(hidden, next),
            _ => self.walk(next),
        }
    }

    /// Data, the headers behind it, and their length: shown as the packet that they make.
    fn appended(&mut self, hidden: &[u8], step: Next<'_>) {
        let Some((rest, length)) = hidden.split_last_chunk::<TRAILER_LEN>() else { return };
        let headers = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some(at) = rest.len().checked_sub(headers) else { return };
        let (data, headers) = rest.split_at(at);
        let mut layer = Layer::new("ngisec", "NGISec, headers behind the data", step.offset.saturating_add(at), headers.len());
        layer.item("", "length of the duplicated headers", headers.len(), headers.len());
        layer.item("", "data before them", 0, data.len()).meaning("octets");
        self.push(layer);
        let whole = [headers, data].concat();
        self.walk(Next { octets: &whole, offset: step.offset.saturating_add(at), ..step });
    }
}
