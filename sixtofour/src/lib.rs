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

#[cfg(test)]
extern crate std;

#[cfg(doc)]
#[doc = include_str!("../CONFORMANCE.md")]
pub mod conformance {}

pub mod address;
pub mod advertisement;
mod counters;
mod domain;
pub mod embedded;
mod error;
mod policy;
#[cfg(feature = "port-range")]
pub mod port_range;
pub mod router;
pub mod selection;
pub mod special;

pub use address::{SitePrefix, SixToFourAddr, is_usable_site_address};
pub use counters::Counters;
pub use domain::Domain;
pub use embedded::{classify, embedded_v4};
pub use error::{Error, Place, Reason};
pub use ip_wire::PacketBuf;
pub use ip_wire::prefix::{Ipv4Prefix, Ipv6Prefix};
pub use policy::{Ipv4Check, Ipv6Check, Policy};
pub use router::{Decapsulated, Encapsulated, Role, Router};
