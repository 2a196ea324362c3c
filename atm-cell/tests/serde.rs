//! Configuration types through serde: what is out of range or unknown is refused, what is written is read.

#![cfg(all(feature = "serde", feature = "alloc"))]

use std::fmt::Debug;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use atm_cell::aal5::{self, CpiPolicy};
use atm_cell::delineation::{self, Alignment};
use atm_cell::llc::VcMux;
use atm_cell::oam::Flow;
use atm_cell::oam::alarm::Timers;
use atm_cell::oam::loopback::Responder;
use atm_cell::policing::Conformance;
use atm_cell::switch::{End, PortConfig};
use atm_cell::tag::{self, Allocation, NextHop, Prefix, Tag, TagInterface};
use atm_cell::{Gfc, Interface, PayloadType, Vc, Vci, Vpi, cell};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T) {
    let text = serde_json::to_string(&value).unwrap_or_default();
    assert_eq!(serde_json::from_str::<T>(&text).ok(), Some(value), "{text}");
}

#[test]
fn small_fields_are_their_numbers() {
    assert_eq!(serde_json::to_string(&Vpi::MAX).ok().as_deref(), Some("4095"));
    assert_eq!(serde_json::to_string(&Vci::FIRST_USER).ok().as_deref(), Some("32"));
    assert_eq!(serde_json::to_string(&PayloadType::OAM_F5_SEGMENT).ok().as_deref(), Some("4"));
    assert_eq!(serde_json::from_str::<Vc>(r#"{"vpi":1,"vci":32}"#).ok().map(|vc| vc.to_bits()), Some(0x1_0020));
    assert_eq!(serde_json::from_str::<Tag>("33").ok(), Some(Tag::MIN));
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    assert!(serde_json::from_str::<Vpi>("4096").is_err());
    assert!(serde_json::from_str::<Gfc>("15").is_ok() && serde_json::from_str::<Gfc>("16").is_err());
    assert!(serde_json::from_str::<PayloadType>("7").is_ok() && serde_json::from_str::<PayloadType>("8").is_err());
    assert!(serde_json::from_str::<Vci>("65535").is_ok() && serde_json::from_str::<Vci>("65536").is_err());
    assert!(serde_json::from_str::<Vc>(r#"{"vpi":4096,"vci":32}"#).is_err());
    assert!(serde_json::from_str::<Tag>("32").is_err());
    assert!(serde_json::from_str::<Prefix>(r#"["10.0.0.0",33]"#).is_err());
    assert!(serde_json::from_str::<Prefix>(r#"["10.0.0.1",24]"#).is_err());
}

#[test]
fn configurations_read_back_as_they_were_written() {
    let timeout = Duration::from_millis(1500);
    survives(aal5::Config { max_sdu: 1, max_vcs: 2, max_octets: 3, timeout, cpi: CpiPolicy::Any });
    survives(delineation::Config { alpha: 3, delta: 8, alignment: Alignment::Bit, scrambled: false });
    survives(cell::Header { clp: true, ..cell::Header::new(Interface::Nni, Vc::new(Vpi::MAX, Vci::ILMI)) });
    survives(PortConfig { interface: Interface::Nni, correct: false, ..PortConfig::default() });
    survives(End::path(7, Vpi::UNI_MAX));
    survives(End::channel(7, Vc::new(Vpi::UNI_MAX, Vci::MAX)));
    survives(Conformance::Vbr3 { pcr: 9, cdvt: timeout, scr: 5, mbs: 4 });
    survives(Conformance::Minimum { pcr: 9, cdvt: timeout, mcr: 5, tolerance: Duration::ZERO });
    survives(tag::Config { allocation: Allocation::Upstream, merge: true, edge: false, max_hops: 9, ..tag::Config::default() });
    survives(TagInterface { format: Interface::Nni, vpi: Vpi::MAX, first: Tag::MIN, last: Tag::MAX });
    survives(NextHop::Neighbor(3));
    survives(Prefix::new(IpAddr::V4(Ipv4Addr::new(10, 1, 0, 0)), 16).ok());
    survives(Responder { location: Some([3; 16]), end_point: false });
    survives(Timers { hold: timeout, ..Timers::NOMINAL });
    Flow::ALL.into_iter().for_each(survives);
    for mux in [VcMux::Routed, VcMux::Ethernet { fcs: true }, VcMux::Dqdb, VcMux::Bpdu] {
        survives(mux);
    }
}

#[test]
fn what_a_configuration_leaves_out_is_the_default() {
    let config = serde_json::from_str::<aal5::Config>(r#"{"max_vcs":7}"#).ok();
    assert_eq!(config, Some(aal5::Config { max_vcs: 7, ..aal5::Config::default() }));
    let config = serde_json::from_str::<delineation::Config>(r#"{"alignment":"Bit"}"#).ok();
    assert_eq!(config, Some(delineation::Config { alignment: Alignment::Bit, ..delineation::Config::default() }));
}

#[test]
fn an_unknown_key_is_an_error_that_names_it() {
    let error = |text: Result<(), serde_json::Error>| text.err().map(|error| error.to_string()).unwrap_or_default();
    let text = serde_json::to_string(&aal5::Config::default()).unwrap_or_default().replace("max_octets", "max_octetz");
    assert!(error(serde_json::from_str::<aal5::Config>(&text).map(drop)).contains("max_octetz"));
    let text = serde_json::to_string(&delineation::Config::default()).unwrap_or_default().replace("alpha", "alfa");
    assert!(error(serde_json::from_str::<delineation::Config>(&text).map(drop)).contains("alfa"));
}
