//! Meters, marks and drops without an allocator.

use core::hint::black_box;
use core::time::Duration;

use diffserv::meter::{Color, Meter, Mode, Profile, SrTcm};
use diffserv::{Phb, PhbTable, marker};
use ip_wire::{Dscp, Protocol, ipv4};

/// What is to be right.
pub(crate) const CHECKS: [fn() -> bool; 3] = [meters, marks, knows_behaviors];

fn meters() -> bool {
    let Ok(profile) = SrTcm::new(black_box(125_000), 3000, 1500) else { return false };
    let mut meter = Meter::new(Profile::SrTcm(profile), Mode::Blind, Duration::ZERO);
    let mut color = |ms| meter.meter(Duration::from_millis(ms), 1500, Color::Green);
    [color(0), color(0), color(0), color(0), color(12)] == [Color::Green, Color::Green, Color::Yellow, Color::Red, Color::Green]
}

fn marks() -> bool {
    let mut packet = [0; 40];
    let header = ipv4::Header::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), Protocol::UDP, 20);
    header.is_ok_and(|header| header.emit(&mut packet).is_ok())
        && marker::set_codepoint(black_box(&mut packet), Dscp::EF).is_ok()
        && marker::codepoint(&packet) == Ok(Dscp::EF)
        && ipv4::View::parse(&packet).is_ok_and(|view| view.verify_checksum().is_ok())
}

fn knows_behaviors() -> bool {
    let table = PhbTable::standard();
    table.phb(black_box(Dscp::EF)) == Phb::ExpeditedForwarding && table.validate().is_ok()
}
