//! What each fuzz target checks: a property of every input, not only that nothing panics.
//!
//! The targets themselves are in `fuzz_targets/`; the bodies are here so that seeds can be run through them without a fuzzer.

mod atm;
mod diffserv;
mod ip;
mod ipsec;
mod ipsec_db;
mod lanes;
mod llpf;
mod ngisec;
mod options;
mod reassembly;
mod rewrite;
mod sharing;
mod sixtofour;
mod upper;

pub use atm::{aal5_reassembly, atmarp, cell, delineation, llc, oam, switch};
pub use diffserv::{agreement_parse, classifier_vs_linear, conditioner, ecn_tunnel, meter_vs_reference};
pub use ip::{flow_key, ipv4, ipv6_chain, link, tunnel};
pub use ipsec::{ah_open, ah_parse, esp_open, seal_open_roundtrip};
pub use ipsec_db::{replay_window, spd_lookup, xfrm_text};
pub use lanes::{lanes_cbc, lanes_hmac};
pub use llpf::{llpf_control_message, llpf_fbs, llpf_filter, llpf_mas_session, llpf_trailer};
pub use ngisec::{appended_trailer, gateway_roles, nat_observer, ngisec_open};
pub use options::{options_v4, options_v6, tcp_options};
pub use reassembly::{reassembly_v4, reassembly_v6};
pub use rewrite::nat_rewrite;
pub use sharing::{flow_key_icmp, log_record, psid};
pub use sixtofour::{sixtofour_classify, sixtofour_decap};
pub use upper::{icmp_quote, upper_layers};

/// A target's name and body.
pub type Target = (&'static str, fn(&[u8]));

/// All targets by name.
pub const TARGETS: &[Target] = &[
    ("ipv4", ipv4),
    ("ipv6_chain", ipv6_chain),
    ("options_v4", options_v4),
    ("options_v6", options_v6),
    ("tcp_options", tcp_options),
    ("upper_layers", upper_layers),
    ("reassembly_v4", reassembly_v4),
    ("reassembly_v6", reassembly_v6),
    ("icmp_quote", icmp_quote),
    ("nat_rewrite", nat_rewrite),
    ("flow_key", flow_key),
    ("tunnel", tunnel),
    ("link", link),
    ("cell", cell),
    ("delineation", delineation),
    ("aal5_reassembly", aal5_reassembly),
    ("llc", llc),
    ("atmarp", atmarp),
    ("oam", oam),
    ("switch", switch),
    ("ah_parse", ah_parse),
    ("esp_open", esp_open),
    ("ah_open", ah_open),
    ("seal_open_roundtrip", seal_open_roundtrip),
    ("replay_window", replay_window),
    ("spd_lookup", spd_lookup),
    ("xfrm_text", xfrm_text),
    ("ngisec_open", ngisec_open),
    ("appended_trailer", appended_trailer),
    ("nat_observer", nat_observer),
    ("gateway_roles", gateway_roles),
    ("lanes_hmac", lanes_hmac),
    ("lanes_cbc", lanes_cbc),
    ("classifier_vs_linear", classifier_vs_linear),
    ("meter_vs_reference", meter_vs_reference),
    ("conditioner", conditioner),
    ("agreement_parse", agreement_parse),
    ("ecn_tunnel", ecn_tunnel),
    ("sixtofour_decap", sixtofour_decap),
    ("sixtofour_classify", sixtofour_classify),
    ("psid", psid),
    ("flow_key_icmp", flow_key_icmp),
    ("log_record", log_record),
    ("llpf_trailer", llpf_trailer),
    ("llpf_filter", llpf_filter),
    ("llpf_control_message", llpf_control_message),
    ("llpf_mas_session", llpf_mas_session),
    ("llpf_fbs", llpf_fbs),
];

/// An error names a place inside what was handed in, and prints as a sentence.
fn check_error(error: &ip_wire::Error, len: usize) {
    if let Some(offset) = error.offset() {
        assert!(offset as usize <= len, "{error:?} in {len} octets");
    }
    assert!(!error.to_string().is_empty());
    let _ = error.reaction();
}
