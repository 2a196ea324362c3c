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

pub mod ah;
pub mod algorithm;
pub mod audit;
pub mod crypto;
mod error;
pub mod esp;
#[cfg(feature = "alloc")]
pub mod import;
pub mod lifetime;
pub mod natt;
mod octets;
pub mod replay;
pub mod sa;
#[cfg(feature = "alloc")]
pub mod sad;
#[cfg(feature = "alloc")]
pub mod spd;

pub use algorithm::{Aead, Cipher, Integrity, Keys, Suite};
pub use error::{Error, Family, Field, Problem, Reaction};
pub use ip_wire::PacketBuf;
pub use rand_core;
pub use sa::{Builder, Inbound, Mode, Opened, Outbound, Sealed, Tunnel};
