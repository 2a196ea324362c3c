//! Group `lanes`: HMAC and AES-CBC of batches, beside the crates that do one message at a time and Intel's ipsec-mb.

mod batch;
mod hmac;
#[cfg(feature = "ipsec-mb")]
mod ipsec_mb;

use crate::Group;

/// The group's name.
pub const NAME: &str = "lanes";

/// All work items.
#[must_use]
pub fn group() -> Group {
    Group { name: NAME, works: hmac::works() }
}
