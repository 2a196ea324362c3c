//! OAM cells (I.610).

use atm_cell::oam::{Activation, Alarm, Contents, Directions, Function, Loopback, MessageId, Performance, Type, View};
use atm_cell::{PAYLOAD_LEN, crc10};

use super::atm::digits;
use super::model::hex;
use super::{Layer, Next, Walker};

/// What may stand in front of the payload: nothing, a cell header without its HEC, or a whole one.
const HEADER_LENS: [usize; 3] = [0, 4, 5];

impl Walker<'_> {
    /// An OAM cell of a virtual path. Capturing hosts give the payload, or the cell, with its HEC or not.
    pub(super) fn oam(&mut self, step: Next<'_>) {
        let fits = |header_len: &usize| step.octets.len() == header_len.saturating_add(PAYLOAD_LEN);
        let found = header_len(step.octets).or_else(|| HEADER_LENS.into_iter().find(fits));
        let Some((header_len, octets)) = found.and_then(|len| Some((len, payload(step.octets, len)?))) else {
            self.payload("OAM, no whole cell".into(), step.octets, step.offset);
            return;
        };
        let len = header_len.saturating_add(PAYLOAD_LEN);
        let mut layer = Layer::new("oam", "OAM cell", step.offset, len);
        if header_len > 0 {
            layer.item("", "cell header", 0, digits(step.octets.get(..header_len).unwrap_or_default()));
        }
        // A wrong CRC is noted, and the contents are shown all the same.
        let mut sealed = *octets;
        crc10::seal(&mut sealed);
        if let Ok(view) = View::parse(&sealed) {
            fields(view, header_len, &mut layer);
        }
        let (found, needed) = (crc10::carried(octets), crc10::carried(&sealed));
        let at = len.saturating_sub(2);
        layer.item("", "CRC-10", at, hex(found)).meaning(if found == needed { "right" } else { "wrong" });
        if found != needed {
            layer.note(format_args!("the CRC-10 is {found:#05x}, {needed:#05x} over these octets"));
        }
        self.push(layer);
        if let Some(behind) = step.octets.get(len..) {
            self.payload("behind the cell".into(), behind, step.offset.saturating_add(len));
        }
    }
}

/// Whether the octets are an OAM cell, by a CRC-10 that holds over something that makes sense.
pub(super) fn is_cell(octets: &[u8]) -> bool {
    header_len(octets).is_some()
}

/// How many octets stand in front of a payload whose CRC-10 holds.
fn header_len(octets: &[u8]) -> Option<usize> {
    let holds = |payload| View::parse(payload).is_ok_and(|view| view.contents().is_ok());
    HEADER_LENS.into_iter().find(|len| payload(octets, *len).is_some_and(holds))
}

fn payload(octets: &[u8], header_len: usize) -> Option<&[u8; PAYLOAD_LEN]> {
    octets.get(header_len..)?.first_chunk()
}

fn fields(view: View<'_>, start: usize, layer: &mut Layer) {
    let at = |octet: usize| start.saturating_add(octet);
    layer.item("", "OAM type", at(0), view.oam_type().get()).meaning(type_name(view.oam_type()));
    layer.item("", "function", at(0), view.function().get()).meaning(function_name(view.oam_type(), view.function()));
    match view.contents() {
        Ok(
            Contents::Ais(Alarm { defect_type, defect_location, .. }) | Contents::Rdi(Alarm { defect_type, defect_location, .. }),
        ) => {
            layer.item("", "defect type", at(1), hex(defect_type));
            layer.item("", "defect location", at(2), digits(&defect_location));
        }
        Ok(Contents::Loopback(loopback)) => loopback_fields(&loopback, start, layer),
        Ok(
            Contents::ForwardMonitoring(performance)
            | Contents::BackwardReporting(performance)
            | Contents::MonitoringAndReporting(performance),
        ) => performance_fields(&performance, start, layer),
        Ok(Contents::Activation(_, activation)) => activation_fields(&activation, start, layer),
        Ok(_) => {
            layer.item("", "contents", at(1), digits(view.specific()));
        }
        Err(error) => {
            layer.item("", "contents", at(1), digits(view.specific()));
            layer.note(error);
        }
    }
    layer.expect_zero("the reserved field", view.reserved().get());
}

fn loopback_fields(loopback: &Loopback, start: usize, layer: &mut Layer) {
    let at = |octet: usize| start.saturating_add(octet);
    let meaning = if loopback.is_request() { "to be looped" } else { "looped" };
    layer.item("", "indication", at(1), hex(loopback.indication)).meaning(meaning);
    layer.item("", "correlation tag", at(2), hex(loopback.correlation_tag));
    layer.item("", "loopback location", at(6), digits(&loopback.location));
    if loopback.location == Loopback::END_POINT {
        layer.meaning("the end point");
    }
    layer.item("", "source", at(22), digits(&loopback.source));
}

fn performance_fields(performance: &Performance, start: usize, layer: &mut Layer) {
    let at = |octet: usize| start.saturating_add(octet);
    layer.item("", "sequence number", at(1), performance.sequence);
    layer.item("", "user cells", at(2), performance.total_user_cells);
    layer.item("", "block error detection", at(4), hex(performance.block_error_detection));
    layer.item("", "user cells, CLP 0", at(6), performance.total_user_cells_clp0);
    layer.item("", "time stamp", at(8), hex(performance.time_stamp));
    layer.item("", "received, CLP 0", at(41), performance.total_received_clp0);
    layer.item("", "block errors", at(43), performance.block_errors);
    layer.item("", "received", at(44), performance.total_received);
}

fn activation_fields(activation: &Activation, start: usize, layer: &mut Layer) {
    let at = |octet: usize| start.saturating_add(octet);
    layer.item("", "message", at(1), activation.message_id.get()).meaning(match activation.message_id {
        MessageId::ACTIVATE => "activate",
        MessageId::ACTIVATION_CONFIRMED => "activation confirmed",
        MessageId::ACTIVATION_DENIED => "activation denied",
        MessageId::DEACTIVATE => "deactivate",
        MessageId::DEACTIVATION_CONFIRMED => "deactivation confirmed",
        MessageId::DEACTIVATION_DENIED => "deactivation denied",
        _ => "unknown",
    });
    layer.item("", "directions", at(1), activation.directions.get()).meaning(match activation.directions {
        Directions::TO_ACTIVATOR => "to the activator",
        Directions::FROM_ACTIVATOR => "from the activator",
        Directions::TWO_WAY => "both",
        _ => "unknown",
    });
    layer.item("", "correlation tag", at(2), hex(activation.correlation_tag));
    layer.item("", "block size A to B", at(3), activation.block_size_ab.get());
    layer.item("", "block size B to A", at(3), activation.block_size_ba.get());
}

const fn type_name(oam_type: Type) -> &'static str {
    match oam_type {
        Type::FAULT_MANAGEMENT => "fault management",
        Type::PERFORMANCE_MANAGEMENT => "performance management",
        Type::PROTECTION_SWITCHING => "protection switching",
        Type::ACTIVATION => "activation and deactivation",
        Type::SYSTEM_MANAGEMENT => "system management",
        _ => "unknown",
    }
}

const fn function_name(oam_type: Type, function: Function) -> &'static str {
    match (oam_type, function) {
        (Type::FAULT_MANAGEMENT, Function::AIS) => "AIS",
        (Type::FAULT_MANAGEMENT, Function::RDI) => "RDI",
        (Type::FAULT_MANAGEMENT, Function::CONTINUITY_CHECK) => "continuity check",
        (Type::FAULT_MANAGEMENT, Function::LOOPBACK) => "loopback",
        (Type::PERFORMANCE_MANAGEMENT, Function::FORWARD_MONITORING) => "forward monitoring",
        (Type::PERFORMANCE_MANAGEMENT, Function::BACKWARD_REPORTING) => "backward reporting",
        (Type::PERFORMANCE_MANAGEMENT, Function::MONITORING_AND_REPORTING) => "monitoring and reporting",
        (Type::ACTIVATION, Function::ACTIVATE_PERFORMANCE) => "performance monitoring",
        (Type::ACTIVATION, Function::ACTIVATE_CONTINUITY) => "continuity check",
        (Type::ACTIVATION, Function::ACTIVATE_FORWARD) => "forward monitoring",
        _ => "",
    }
}
