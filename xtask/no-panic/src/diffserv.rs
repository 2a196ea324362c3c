//! `diffserv`.

use core::time::Duration;

use diffserv::classifier::{Fields, MultiField};
use diffserv::meter::{Color, Meter};
use diffserv::{Phb, PhbTable, marker};
use ip_wire::Dscp;
use ip_wire::ip::Packet;

entry_points! {
    meter(meter: &mut Meter, now: Duration, len: u32) { meter.meter(now, len, Color::Green) }
    set_codepoint(octets: &mut [u8], dscp: Dscp) { marker::set_codepoint(octets, dscp).is_ok() }
    codepoint(octets: &[u8]) { marker::codepoint(octets) }
    phb(table: &PhbTable, dscp: Dscp) { let phb: Phb = table.phb(dscp); phb }
    fields(packet: &Packet<'_>) { Fields::of(packet, 0).is_ok() }
    classify(classifier: &MultiField<u32>, fields: &Fields) { classifier.classify(fields) }
}
