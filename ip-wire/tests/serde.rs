//! Configuration types through serde: what is out of range or unknown is refused, what is written is read.

#![cfg(all(feature = "serde", feature = "alloc"))]

use std::time::Duration;

use ip_wire::ipv6::FlowLabel;
use ip_wire::reassembly::{Config, Overlap};
use ip_wire::tunnel::{DsModel, EcnMode, HopLimit};
use ip_wire::{DsField, Dscp, Ecn, Protocol};

#[test]
fn small_fields_are_their_numbers() {
    assert_eq!(serde_json::to_string(&Dscp::EF).ok().as_deref(), Some("46"));
    assert_eq!(serde_json::to_string(&Protocol::ESP).ok().as_deref(), Some("50"));
    assert_eq!(serde_json::to_string(&DsField(0xb8)).ok().as_deref(), Some("184"));
    assert_eq!(serde_json::from_str::<FlowLabel>("1048575").ok(), Some(FlowLabel::MAX));
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    assert!(serde_json::from_str::<Dscp>("63").is_ok());
    assert!(serde_json::from_str::<Dscp>("64").is_err());
    assert!(serde_json::from_str::<FlowLabel>("1048576").is_err());
}

#[test]
fn a_configuration_reads_back_as_it_was_written() {
    let config =
        Config { max_datagrams: 7, timeout: Duration::from_millis(1500), ipv4_overlap: Overlap::FirstWins, ..Config::default() };
    let text = serde_json::to_string(&config).unwrap_or_default();
    assert_eq!(serde_json::from_str::<Config>(&text).ok(), Some(config));
    for model in [DsModel::Uniform, DsModel::Pipe(Dscp::AF11), DsModel::ShortPipe(Dscp::EF)] {
        let text = serde_json::to_string(&(model, EcnMode::Compatibility, HopLimit::Fixed(9), Ecn::Ce)).unwrap_or_default();
        let read: Option<(DsModel, EcnMode, HopLimit, Ecn)> = serde_json::from_str(&text).ok();
        assert_eq!(read, Some((model, EcnMode::Compatibility, HopLimit::Fixed(9), Ecn::Ce)));
    }
}

#[test]
fn an_unknown_key_is_an_error_that_names_it() {
    let text = serde_json::to_string(&Config::default()).unwrap_or_default().replace("max_octets", "max_octetz");
    let error = serde_json::from_str::<Config>(&text).map_err(|error| error.to_string()).err().unwrap_or_default();
    assert!(error.contains("max_octetz"), "{error}");
}
