//! The first caller of the wirecraft crates: shows what is in captures, and takes them through the crates.
//!
//! The binary is a thin shell around [`run`]; tests call the parts in process.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects, reason = "tests fail by panicking")
)]

pub mod args;
pub mod atm;
pub mod capture;
mod classic;
mod diffserv;
pub mod dissect;
pub mod ipsec;
mod llpf;
mod ngisec;
pub mod output;
pub mod pcap;
mod ports;
mod progress;
mod run;
mod six_to_four;
pub mod stats;
mod totals;
pub mod tour;

pub use run::{Outcome, execute, run};
