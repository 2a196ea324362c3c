#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(feature = "safe-only", forbid(unsafe_code))]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "tests fail by panicking"
    )
)]
#[cfg(test)]
extern crate std;

#[cfg(doc)]
#[doc = include_str!("../CONFORMANCE.md")]
pub mod conformance {}

pub mod cbc;
mod engine;
mod error;
pub mod hash;
pub mod hmac;
mod order;

pub use engine::{Engine, Path};
pub use error::Error;
pub use hash::{Algorithm, Md5, Segments, Sha1, Sha256};
