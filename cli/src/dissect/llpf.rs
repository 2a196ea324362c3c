//! Authentication Trailers behind tunnelled packets.

use ip_wire::ip::Packet;
use llpf_wire::trailer::{LEN, View};

use super::model::hex;
use super::{Layer, Next, Walker};

impl Walker<'_> {
    /// Shows the trailer behind an inner packet, where it is one beyond doubt: all octets are here, the inner packet by its own length ends where the trailer starts, and version, padding bit
    /// and length are right. Nothing else in the frame says that there is one.
    pub(super) fn trailer(&mut self, step: &Next<'_>) {
        if !step.around.is_whole() || step.around.missing > 0 {
            return;
        }
        let (Ok(view), Ok(inner)) = (View::parse(step.octets), Packet::parse(step.octets)) else { return };
        if inner.len() != view.inner_len() || usize::from(view.ipl()) != step.octets.len() {
            return;
        }
        let mut layer = Layer::new("llpf", "LLPF Authentication Trailer", step.offset.saturating_add(inner.len()), LEN);
        layer.item("llpf.version", "version", 0, view.version());
        layer.item("llpf.option", "option", 0, hex(view.option()));
        layer.item("llpf.ipl", "inner packet length", 2, view.ipl());
        layer.meaning(format_args!("{} and the trailer", view.inner_len()));
        layer.item("llpf.host_id", "host ID", 4, view.key().host().0);
        layer.item("llpf.key_index", "key index", 6, view.key().index());
        let mac: String = view.mac().iter().map(|octet| format!("{octet:02x}")).collect();
        layer.item("llpf.mac", "MAC", 8, mac);
        layer.expect_zero("the option field", view.option());
        self.push(layer);
    }
}
