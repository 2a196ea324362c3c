//! Group `lanes`: HMAC and AES-CBC of batches, beside the crates that do one message at a time and Intel's ipsec-mb.

mod batch;
mod cbc;
mod hmac;
#[cfg(ipsec_mb)]
pub(crate) mod ipsec_mb;

pub use batch::{Batch, Size};

use crate::Group;

/// The group's name.
pub const NAME: &str = "lanes";

/// All work items.
#[must_use]
pub fn group() -> Group {
    let mut works = hmac::works();
    works.extend(cbc::works());
    Group { name: NAME, facts: Vec::new(), works }
}
