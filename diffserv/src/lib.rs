#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]
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

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

#[cfg(doc)]
#[doc = include_str!("../CONFORMANCE.md")]
pub mod conformance {}

#[cfg(feature = "alloc")]
pub mod agreement;
#[cfg(feature = "alloc")]
pub mod audit;
pub mod classifier;
#[cfg(feature = "alloc")]
pub mod conditioner;
pub mod dropper;
mod error;
pub mod marker;
mod mean;
pub mod meter;
pub mod phb;
#[cfg(feature = "alloc")]
mod queue;
#[cfg(feature = "alloc")]
pub mod scheduler;
#[cfg(feature = "alloc")]
pub mod shaper;
#[cfg(feature = "alloc")]
pub mod tunnel;

#[cfg(feature = "alloc")]
pub use agreement::TrafficConditioningAgreement;
#[cfg(feature = "alloc")]
pub use conditioner::Conditioner;
pub use error::{Error, Field};
pub use meter::{Color, Meter, Mode, Profile};
pub use phb::{DscpSet, Phb, PhbTable};
