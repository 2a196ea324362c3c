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

pub mod channel;
pub mod classify;
mod error;
pub mod framing;
#[cfg(feature = "alloc")]
pub mod nat;
mod packet;
#[cfg(feature = "alloc")]
pub mod role;

pub use channel::{Opened, Receiver, Sealed, Sender, overhead};
pub use classify::Class;
pub use error::{Error, Field};
pub use framing::{Form, Observation};
pub use ip_wire::PacketBuf;
pub use ipsec_wire;
#[cfg(feature = "alloc")]
pub use nat::{Limits, ReverseNat, Translator};
#[cfg(feature = "alloc")]
pub use role::{Channel, Host, NetworkGateway, VpnGateway};
