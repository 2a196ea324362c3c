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

pub mod audit;
mod error;
#[cfg(feature = "alloc")]
pub mod fbs;
#[cfg(feature = "alloc")]
pub mod filter;
mod host;
pub mod mac;
mod octets;
pub mod seal;
#[cfg(feature = "alloc")]
pub mod session;
pub mod table;
pub mod trailer;

pub use error::{Error, Family, Field, Reaction};
#[cfg(feature = "alloc")]
pub use filter::{Filter, Filtered};
pub use host::{HostId, KeyIndex};
pub use ip_wire::PacketBuf;
pub use mac::Algorithm;
pub use rand_core;
#[cfg(feature = "alloc")]
pub use seal::Sender;
pub use seal::{Outer, Sealed};
#[cfg(feature = "alloc")]
pub use table::KeyTable;
pub use table::Schedule;
