//! The work that the benches measure: for each work item the family's crate and its peers, doing the same to the same
//! octets. `ratios` prints the table, the criterion benches use the same items, `count` runs one for instruction counts.

pub mod atm;
pub mod diffserv;
pub mod headers;
pub mod ipsec;
pub mod lanes;
pub mod llpf;
pub mod measure;
pub mod ngisec;
pub mod packets;
pub mod plot;
pub mod scaling;
pub mod sixtofour;

pub use measure::{Contender, Peer, Row, Unit, Work};

/// A named list of work items.
pub struct Group {
    /// What `ratios` and criterion call it.
    pub name: &'static str,
    /// What needs no measurement: octets.
    pub facts: Vec<Row>,
    /// Its work items.
    pub works: Vec<Work>,
}

/// The names of all groups.
pub const GROUP_NAMES: [&str; 9] = [
    headers::NAME,
    lanes::NAME,
    ipsec::NAME,
    llpf::NAME,
    atm::NAME,
    sixtofour::NAME,
    diffserv::NAME,
    ngisec::NAME,
    scaling::NAME,
];

/// The group of that name.
#[must_use]
pub fn group(name: &str) -> Option<Group> {
    match name {
        headers::NAME => Some(headers::group()),
        atm::NAME => Some(atm::group()),
        ipsec::NAME => Some(ipsec::group()),
        diffserv::NAME => Some(diffserv::group()),
        lanes::NAME => Some(lanes::group()),
        sixtofour::NAME => Some(sixtofour::group()),
        llpf::NAME => Some(llpf::group()),
        ngisec::NAME => Some(ngisec::group()),
        scaling::NAME => Some(scaling::group()),
        _ => None,
    }
}
