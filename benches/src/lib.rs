//! The work that the benches measure: for each work item the family's crate and its peers, doing the same to the same
//! octets. `ratios` prints the table, the criterion benches use the same items, `count` runs one for instruction counts.

pub mod atm;
pub mod diffserv;
pub mod headers;
pub mod ipsec_db;
pub mod ipsec_packets;
pub mod lanes;
pub mod llpf;
pub mod measure;
pub mod ngisec;
pub mod packets;
pub mod sixtofour;

pub use measure::{Contender, Peer, Row, Work};

/// A named list of work items.
pub struct Group {
    /// What `ratios` and criterion call it.
    pub name: &'static str,
    /// Its work items.
    pub works: Vec<Work>,
}

/// The names of all groups that the family's plan has.
pub const GROUP_NAMES: [&str; 8] = ["headers", "lanes", "ipsec", "llpf", "atm", "sixtofour", "diffserv", "ngisec"];

/// The group of that name, if it has work items.
#[must_use]
pub fn group(name: &str) -> Option<Group> {
    match name {
        headers::NAME => Some(headers::group()),
        atm::NAME => Some(atm::group()),
        "ipsec" => Some(Group { name: "ipsec", works: ipsec_packets::works().into_iter().chain(ipsec_db::works()).collect() }),
        diffserv::NAME => Some(diffserv::group()),
        lanes::NAME => Some(lanes::group()),
        sixtofour::NAME => Some(sixtofour::group()),
        llpf::NAME => Some(llpf::group()),
        ngisec::NAME => Some(ngisec::group()),
        _ => None,
    }
}
