//! Group `ipsec`: whole packets beside their cryptography, what framing costs, windows and databases.

mod bare;
pub(crate) mod databases;
mod framing;
pub(crate) mod packets;

use crate::Group;

/// The group's name.
pub const NAME: &str = "ipsec";

/// All work items.
#[must_use]
pub fn group() -> Group {
    let works = packets::works().into_iter().chain(framing::works()).chain(databases::works());
    Group { name: NAME, facts: Vec::new(), works: works.collect() }
}
