use core::mem::size_of;

use hex_literal::hex;
use proptest::prelude::*;

use super::*;

const CELL: [u8; CELL_LEN] = {
    // GFC 3, VPI 0xA5, VCI 0x1234, PT 3, CLP 1.
    let mut cell = [0x42; CELL_LEN];
    [cell[0], cell[1], cell[2], cell[3], cell[4]] = with_hec(0x3a51_2347);
    cell
};

fn vc(vpi: u16, vci: u16) -> Vc {
    Vc::new(Vpi::new(vpi).unwrap(), Vci::new(vci))
}

#[test]
fn a_uni_header_is_gfc_4_vpi_8_vci_16_pt_3_clp_1() {
    let view = View::parse(&CELL, Interface::Uni).unwrap();
    assert_eq!(view.gfc().get(), 3);
    assert_eq!(view.vc(), vc(0xa5, 0x1234));
    assert_eq!(view.payload_type(), PayloadType::USER_CONGESTED_1);
    assert!(view.clp());
    assert_eq!(view.payload(), &[0x42; 48]);
    assert_eq!(view.as_octets(), &CELL);
    assert_eq!(view.word(), 0x3a51_2347);
    assert_eq!(view.hec(), CELL[4]);
    assert_eq!(view.interface(), Interface::Uni);
    assert_eq!(view.kind(), Kind::User);
}

#[test]
fn an_nni_header_has_a_vpi_of_12_bits_and_no_gfc() {
    let view = View::parse(&CELL, Interface::Nni).unwrap();
    assert_eq!(view.gfc(), Gfc::ZERO);
    assert_eq!(view.vc(), vc(0x3a5, 0x1234));
    assert_eq!(view.payload_type().get(), 3);
    assert!(view.clp());
}

#[test]
fn headers_come_out_as_their_figures_have_them() {
    let header = Header {
        interface: Interface::Uni,
        gfc: Gfc::new(3).unwrap(),
        vc: vc(0xa5, 0x1234),
        payload_type: PayloadType::USER_CONGESTED_1,
        clp: true,
    };
    assert_eq!(header.to_word(), Ok(0x3a51_2347));
    let mut octets = [0; 6];
    assert_eq!(header.emit(&mut octets), Ok(5));
    assert_eq!(header.wire_len(), 5);
    assert_eq!(octets[..5], CELL[..5]);
    assert_eq!(octets[5], 0);
    assert_eq!(header.with_payload(&[0x42; 48]), Ok(CELL));
    let nni = Header { interface: Interface::Nni, gfc: Gfc::ZERO, vc: vc(4095, 32), ..Header::default() };
    assert_eq!(nni.to_octets(), Ok(hex!("FF F0 02 00 C2")));
    assert_eq!(Header::new(Interface::Uni, vc(8, 35)).to_octets(), Ok(hex!("00 80 02 30 E4")));
}

#[test]
fn a_vpi_over_255_and_an_nni_gfc_are_not_emitted() {
    let uni = Header::new(Interface::Uni, vc(256, 32));
    assert_eq!(uni.to_word(), Err(Error::DoesNotFit { field: Field::Vpi, found: 256, needed: 255 }));
    assert!(Header::new(Interface::Uni, vc(255, 32)).to_word().is_ok());
    let nni = Header { gfc: Gfc::new(1).unwrap(), ..Header::new(Interface::Nni, vc(1, 32)) };
    let error = Error::DoesNotFit { field: Field::Gfc, found: 1, needed: 0 };
    assert_eq!(nni.to_word(), Err(error));
    assert_eq!(nni.to_octets(), Err(error));
    assert_eq!(nni.with_payload(&[0; 48]), Err(error));
    assert_eq!(nni.emit(&mut [0; 5]), Err(error));
}

#[test]
fn short_input_bad_hecs_and_short_buffers_are_refused() {
    assert_eq!(
        View::parse(&CELL[..52], Interface::Uni),
        Err(Error::Truncated { field: Field::Cell, offset: 0, found: 52, needed: 53 })
    );
    let mut bad = CELL;
    bad[4] ^= 0x10;
    let error = Error::Checksum { field: Field::Hec, offset: 4, found: bad[4].into(), needed: CELL[4].into() };
    assert_eq!(View::parse(&bad, Interface::Nni), Err(error));
    assert_eq!(ViewMut::parse(&mut bad, Interface::Nni), Err(error));
    assert_eq!(
        ViewMut::parse(&mut bad[..10], Interface::Nni),
        Err(Error::Truncated { field: Field::Cell, offset: 0, found: 10, needed: 53 })
    );
    assert_eq!(error.reaction(), crate::Reaction::DiscardCell);
    assert_eq!(Header::default().emit(&mut [0; 4]), Err(Error::BufferTooSmall { field: Field::Cell, found: 4, needed: 5 }));
}

#[test]
fn setters_change_their_field_and_the_hec() {
    let mut octets = CELL;
    let mut cell = ViewMut::parse(&mut octets, Interface::Uni).unwrap();
    cell.set_clp(false);
    assert!(!cell.view().clp());
    cell.set_payload_type(PayloadType::OAM_F5_END_TO_END);
    cell.set_vc(vc(0x5a, 0x4321)).unwrap();
    cell.payload_mut()[47] = 1;
    assert_eq!(cell.view().word(), 0x35a4_321a);
    assert_eq!(octets[..4], hex!("35 a4 32 1a"));
    let view = View::parse(&octets, Interface::Uni).unwrap();
    assert_eq!(view.gfc().get(), 3);
    assert_eq!(octets[52], 1);
    let mut cell = ViewMut::parse(&mut octets, Interface::Uni).unwrap();
    cell.set_clp(true);
    assert_eq!(cell.view().word(), 0x35a4_321b);
    let before = *cell.view().as_octets();
    assert!(cell.set_vc(vc(256, 1)).is_err());
    assert_eq!(cell.view().as_octets(), &before);
    cell.set_header(Header::new(Interface::Nni, vc(256, 1))).unwrap();
    assert_eq!(cell.view().interface(), Interface::Nni);
    assert_eq!(cell.view().vc(), vc(256, 1));
}

#[test]
fn kinds_are_those_of_the_values_set_aside() {
    let kind = |word| Header::from_word(word, Interface::Uni).kind();
    assert_eq!(kind(0x0000_0000), Kind::Unassigned);
    assert_eq!(kind(0x0000_000e), Kind::Unassigned);
    assert_eq!(kind(0xf000_0000), Kind::Unassigned);
    assert_eq!(kind(0x0000_0001), Kind::Idle);
    assert_eq!(kind(0x0000_000d), Kind::PhysicalLayer);
    assert_eq!(kind(0x1000_0001), Kind::PhysicalLayer);
    assert_eq!(Header::from_word(0x1000_0001, Interface::Nni).kind(), Kind::User);
    assert_eq!(kind(0x0000_0010), Kind::User);
    assert_eq!(kind(0x0000_0030), Kind::OamF4 { segment: true });
    assert_eq!(kind(0x0000_0040), Kind::OamF4 { segment: false });
    assert_eq!(kind(0x0050_0038), Kind::OamF4 { segment: true });
    assert_eq!(kind(0x0050_004a), Kind::OamF4 { segment: false });
    assert_eq!(kind(0x0000_0050), Kind::User);
    assert_eq!(kind(0x0010_0208), Kind::OamF5 { segment: true });
    assert_eq!(kind(0x0010_020a), Kind::OamF5 { segment: false });
    assert_eq!(kind(0x0010_006c), Kind::ResourceManagement);
    assert_eq!(kind(0x0010_020c), Kind::ResourceManagement);
    assert_eq!(kind(0x0010_020e), Kind::Reserved);
    assert_eq!(kind(0x0010_0206), Kind::User);
}

#[test]
fn the_idle_cell_is_i_432_s() {
    assert_eq!(IDLE[..5], hex!("00 00 00 01 52"));
    assert_eq!(IDLE[5..], [0x6a; 48]);
    assert_eq!(View::parse(&IDLE, Interface::Nni).unwrap().kind(), Kind::Idle);
}

#[test]
fn payload_types_are_read_bit_by_bit() {
    // value, user data, congestion, SDU type, OAM F5, after congestion
    let table = [
        (0, true, false, false, false, 2),
        (1, true, false, true, false, 3),
        (2, true, true, false, false, 2),
        (3, true, true, true, false, 3),
        (4, false, false, false, true, 4),
        (5, false, false, false, true, 5),
        (6, false, false, false, false, 6),
        (7, false, false, false, false, 7),
    ];
    for (value, user, congestion, sdu_type, oam, marked) in table {
        let payload_type = PayloadType::new(value).unwrap();
        assert_eq!(payload_type.get(), value);
        assert_eq!(payload_type.is_user_data(), user);
        assert_eq!(payload_type.congestion(), congestion);
        assert_eq!(payload_type.sdu_type(), sdu_type);
        assert_eq!(payload_type.is_oam_f5(), oam);
        assert_eq!(payload_type.with_congestion().get(), marked);
        if user {
            assert_eq!(PayloadType::user(congestion, sdu_type), payload_type);
        }
    }
    assert_eq!(PayloadType::new(8), None);
    assert_eq!(PayloadType::MAX, PayloadType::RESERVED);
    assert_eq!(PayloadType::RESOURCE_MANAGEMENT.get(), 6);
    assert!(PayloadType::try_from(8).is_err());
    assert_eq!(PayloadType::try_from(5), Ok(PayloadType::OAM_F5_END_TO_END));
}

#[test]
fn identifiers_refuse_what_does_not_fit() {
    assert_eq!(Vpi::new(4095), Some(Vpi::MAX));
    assert_eq!(Vpi::new(4096), None);
    assert_eq!(Vpi::UNI_MAX.get(), 255);
    assert_eq!(Gfc::new(15), Some(Gfc::MAX));
    assert_eq!(Gfc::new(16), None);
    let error = Vpi::try_from(4096).unwrap_err();
    assert_eq!(error, OutOfRange { what: "Vpi", found: 4096, max: 4095 });
    assert_eq!(std::format!("{error}"), "Vpi 4096 is over 4095");
    assert_eq!(Gfc::try_from(16), Err(OutOfRange { what: "Gfc", found: 16, max: 15 }));
    assert_eq!(Gfc::try_from(0x100), Err(OutOfRange { what: "Gfc", found: 256, max: 15 }));
    assert_eq!(Interface::Uni.max_vpi(), Vpi::UNI_MAX);
    assert_eq!(Interface::Nni.max_vpi(), Vpi::MAX);
    assert_eq!(std::format!("{}", vc(5, 1000)), "5/1000");
}

#[test]
fn the_vcis_below_32_are_reserved() {
    let named = [
        (Vci::META_SIGNALLING, 1),
        (Vci::BROADCAST_SIGNALLING, 2),
        (Vci::OAM_F4_SEGMENT, 3),
        (Vci::OAM_F4_END_TO_END, 4),
        (Vci::SIGNALLING, 5),
        (Vci::RESOURCE_MANAGEMENT, 6),
        (Vci::ILMI, 16),
    ];
    for (vci, value) in named {
        assert_eq!(vci.get(), value);
        assert!(vci.is_reserved());
    }
    assert!(Vci::new(31).is_reserved());
    assert!(!Vci::new(32).is_reserved());
    assert_eq!(Vci::FIRST_USER.get(), 32);
    assert_eq!(u16::from(Vci::from(77)), 77);
}

#[test]
fn views_and_errors_are_small() {
    assert!(size_of::<View<'_>>() <= 16);
    assert!(size_of::<ViewMut<'_>>() <= 16);
    assert!(size_of::<Error>() <= 24);
    assert!(size_of::<crate::aal5::View<'_>>() <= 32);
}

proptest! {
    #[test]
    fn every_word_is_a_header_and_comes_out_again(word: u32, nni: bool) {
        let interface = if nni { Interface::Nni } else { Interface::Uni };
        let header = Header::from_word(word, interface);
        prop_assert_eq!(header.to_word(), Ok(word));
        prop_assert_eq!(header.gfc.get() == 0, nni || word >> 28 == 0);
    }

    #[test]
    fn channels_survive_their_number(bits in 0..1_u32 << 28) {
        prop_assert_eq!(Vc::from_bits(bits).to_bits(), bits);
        prop_assert_eq!(Vc::from_bits(bits | 0xf000_0000).to_bits(), bits);
    }
}
