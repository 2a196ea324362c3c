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
pub mod allocator;
pub mod calculate;
pub mod deterministic;
mod error;
pub mod flow;
#[cfg(feature = "alloc")]
pub mod fragments;
pub mod ingress;
pub mod map;
pub mod mtu;
pub mod port;
pub mod port_set;
pub mod psid;
pub mod record;
pub mod source_key;

#[cfg(feature = "alloc")]
pub use allocator::PortAllocator;
pub use error::{Error, Parameter};
pub use ip_wire::prefix::{Ipv4Prefix, Ipv6Prefix};
pub use ip_wire::{Flow, FlowKey};
pub use port::{PortClass, PortRange};
pub use port_set::PortSet;
pub use psid::PsidParams;
pub use rand_core;
