use atm_cell::cell::{Header, Kind, View, ViewMut};
use atm_cell::hec::{self, Check, Mode, Receiver, Verdict};
use atm_cell::{CELL_LEN, Gfc, Interface, PayloadType, Vc, Vci, Vpi};

use super::{Input, check_error, hec as serial_hec};

/// Headers survive in both formats, setters keep the HEC right, and HECs, corrections and the receiver are what their definitions say.
pub fn cell(data: &[u8]) {
    for interface in [Interface::Uni, Interface::Nni] {
        let right = data.len() >= CELL_LEN && serial_hec(data) == data[4];
        match View::parse(data, interface) {
            Ok(view) => {
                assert!(right);
                let header = view.header();
                assert_eq!(header.to_octets().expect("what was read can be written"), data[..5]);
                assert_eq!(header.with_payload(view.payload()).expect("as above"), data[..CELL_LEN]);
                assert_eq!((view.vc(), view.clp(), view.payload_type()), (header.vc, header.clp, header.payload_type));
                assert!(header.vc.vpi <= interface.max_vpi());
                let user = matches!(view.kind(), Kind::User);
                assert!(
                    !user || (header.payload_type.is_user_data() && header.vc.vci != Vci::ZERO || header.vc.vpi != Vpi::ZERO)
                );
            }
            Err(error) => {
                assert!(!right);
                check_error(&error, data.len());
            }
        }
        setters(data, interface);
    }
    for header in data.as_chunks::<5>().0 {
        correction(header);
    }
    receiver(data);
    batches(data);
}

fn setters(data: &[u8], interface: Interface) {
    let mut input = Input(data);
    let mut octets = [0; CELL_LEN];
    octets[..4].copy_from_slice(&input.array::<4>());
    octets[4] = serial_hec(&octets);
    let mut model = View::from_octets(&octets, interface).expect("the HEC is right").header();
    let mut view = ViewMut::parse(&mut octets, interface).expect("the HEC is right");
    while !input.is_empty() {
        let (what, value) = (input.octet(), input.word());
        match what % 6 {
            0 => {
                view.set_clp(value & 1 == 1);
                model.clp = value & 1 == 1;
            }
            1 => {
                let payload_type = PayloadType::new((value & 7) as u8).expect("3 bits");
                view.set_payload_type(payload_type);
                model.payload_type = payload_type;
            }
            2 => {
                let vc = Vc::new(Vpi::new(value & 0xfff).expect("12 bits"), Vci::new(input.word()));
                match view.set_vc(vc) {
                    Ok(()) => model.vc = vc,
                    Err(_) => assert!(vc.vpi > model.interface.max_vpi()),
                }
            }
            3 => {
                let header = Header {
                    interface: if value & 1 == 0 { Interface::Uni } else { Interface::Nni },
                    gfc: Gfc::new((value >> 1 & 0xf) as u8).expect("4 bits"),
                    ..model
                };
                let fits = header.vc.vpi <= header.interface.max_vpi()
                    && (header.interface == Interface::Uni || header.gfc == Gfc::ZERO);
                assert_eq!(view.set_header(header).is_ok(), fits);
                if fits {
                    model = header;
                }
            }
            _ => view.payload_mut()[usize::from(value) % 48] = what,
        }
        let read = view.view();
        assert_eq!((read.header(), read.hec()), (model, serial_hec(read.as_octets())));
    }
}

/// What the code says of a header against all 40 places where one bit could be wrong.
fn correction(header: &[u8; 5]) {
    assert_eq!(hec::compute([header[0], header[1], header[2], header[3]]), serial_hec(header));
    let flipped = |bit: u8| {
        let mut other = *header;
        other[usize::from(bit / 8)] ^= 0x80 >> (bit % 8);
        other
    };
    let right = |header: &[u8; 5]| serial_hec(header) == header[4];
    let single: Vec<u8> = (0..40).filter(|&bit| right(&flipped(bit))).collect();
    let expected = match (right(header), &single[..]) {
        (true, _) => Check::Valid,
        (false, [bit]) => Check::Single { bit: *bit },
        (false, []) => Check::Multiple,
        (false, _) => panic!("two corrections"),
    };
    let mut corrected = *header;
    assert_eq!(hec::correct(&mut corrected), expected);
    assert_eq!(corrected, if let Check::Single { bit } = expected { flipped(bit) } else { *header });
}

fn receiver(data: &[u8]) {
    let (mut receiver, mut correcting) = (Receiver::new(), true);
    for header in data.as_chunks::<6>().0 {
        let [a, b, c, d, check, how] = *header;
        // Most headers are right or have one or two wrong bits.
        let check = if how & 0x80 == 0 { check } else { serial_hec(header) };
        let mut header = [a, b, c, d, check];
        for bit in [how & 0x3f, (how & 0x3f) ^ 0x15].into_iter().take(usize::from(how >> 6 & 1) * 2) {
            if let Some(octet) = header.get_mut(usize::from(bit / 8)) {
                *octet ^= 0x80 >> (bit % 8);
            }
        }
        let before = header;
        let expected = match hec::check(&header) {
            Check::Valid => Verdict::Valid,
            Check::Single { bit } if correcting => Verdict::Corrected { bit },
            Check::Single { .. } | Check::Multiple => Verdict::Discard,
        };
        assert_eq!(receiver.receive(&mut header), expected);
        correcting = expected == Verdict::Valid;
        assert_eq!(receiver.mode(), if correcting { Mode::Correction } else { Mode::Detection });
        assert_eq!(header == before, !matches!(expected, Verdict::Corrected { .. }));
        assert!(expected == Verdict::Discard || hec::syndrome(&header) == 0);
    }
}

fn batches(data: &[u8]) {
    let headers = data.as_chunks::<4>().0;
    let mut hecs = vec![0; headers.len()];
    assert_eq!(hec::compute_batch(headers, &mut hecs), headers.len());
    for (header, hec) in headers.iter().zip(&hecs) {
        assert_eq!(*hec, serial_hec(header));
    }
    // Cells that overlap in the input are cells too.
    let cells: Vec<[u8; CELL_LEN]> = data.windows(CELL_LEN).take(40).map(|cell| cell.try_into().expect("53 octets")).collect();
    let mut syndromes = vec![0xee; cells.len() + 1];
    assert_eq!(hec::syndromes_of_cells(&cells, &mut syndromes), cells.len());
    for (cell, syndrome) in cells.iter().zip(&syndromes) {
        assert_eq!(*syndrome, serial_hec(cell) ^ cell[4]);
    }
    assert_eq!(syndromes[cells.len()], 0xee);
}
