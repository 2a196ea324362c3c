//! `atm-cell`.

use atm_cell::aal5::{self, CpiPolicy, Segmenter, VcReassembler, View};
use atm_cell::cell::{self, Header};
use atm_cell::delineation::Delineator;
use atm_cell::policing::VirtualScheduling;
use atm_cell::{Interface, Vc, atmarp, hec, llc, oam};

entry_points! {
    cell_parse(octets: &[u8]) { cell::View::parse(octets, Interface::Uni) }
    cell_header(view: cell::View<'_>) { view.header() }
    cell_emit(header: &Header) { header.to_octets() }
    hec_receive(receiver: &mut hec::Receiver, header: &mut [u8; 5]) { receiver.receive(header) }
    delineate(delineator: &mut Delineator, line: &mut &[u8]) { delineator.poll(line).is_some() }
    aal5_segment(header: &Header, sdu: &[u8]) {
        for octets in Segmenter::new(header, sdu, 0).into_iter().flatten() { core::hint::black_box(&octets); }
    }
    aal5_parse(octets: &[u8]) { View::parse(octets, CpiPolicy::Zero).is_ok() }
    aal5_crc(octets: &[u8]) { aal5::crc32(octets) }
    aal5_new(vc: Vc, buffer: &mut [u8]) { VcReassembler::new(vc, buffer, CpiPolicy::Zero).max_sdu() }
    aal5_reassemble(reassembler: &mut VcReassembler<'_>, view: cell::View<'_>) {
        core::hint::black_box(&reassembler.handle_cell(view.payload_type(), view.clp(), view.payload()));
    }
    llc_parse(octets: &[u8]) { llc::Pdu::parse(octets).is_ok() }
    atmarp_parse(octets: &[u8]) { atmarp::View::parse(octets).is_ok() }
    oam_parse(octets: &[u8; 48]) { oam::View::parse(octets).is_ok() }
    oam_contents(view: oam::View<'_>) { view.contents().is_ok() }
    gcra_arrive(policer: &mut VirtualScheduling, now: u64) { policer.arrive(now) }
}
