//! How big the types are that live in registers and on stacks: views at most 32 octets, the error at most 24.

use atm_cell::{Error, aal1, aal5, aal34, atmarp, cell, hec, link, llc, oam, switch};

#[test]
fn a_view_has_at_most_32_octets() {
    let sizes = [
        ("aal1::View", size_of::<aal1::View<'_>>()),
        ("aal34::SarView", size_of::<aal34::SarView<'_>>()),
        ("aal34::CpcsView", size_of::<aal34::CpcsView<'_>>()),
        ("aal5::View", size_of::<aal5::View<'_>>()),
        ("atmarp::View", size_of::<atmarp::View<'_>>()),
        ("cell::View", size_of::<cell::View<'_>>()),
        ("cell::ViewMut", size_of::<cell::ViewMut<'_>>()),
        ("link::View", size_of::<link::View<'_>>()),
        ("llc::Pdu", size_of::<llc::Pdu<'_>>()),
        ("llc::VcMuxPdu", size_of::<llc::VcMuxPdu<'_>>()),
        ("oam::View", size_of::<oam::View<'_>>()),
    ];
    for (name, size) in sizes {
        assert!(size <= 32, "{name} has {size} octets");
    }
}

#[test]
fn the_error_has_at_most_24_octets() {
    assert!(size_of::<Error>() <= 24, "{} octets", size_of::<Error>());
}

#[test]
fn what_there_is_many_of_is_small() {
    assert_eq!(size_of::<hec::Receiver>(), 1);
    assert!(size_of::<cell::Header>() <= 12, "{} octets", size_of::<cell::Header>());
    assert_eq!(size_of::<switch::Slot>(), 16);
    assert!(size_of::<switch::Leaf>() <= 12, "{} octets", size_of::<switch::Leaf>());
}
