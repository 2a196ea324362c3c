//! AH and ESP over a capture: `ipsec seal`, `ipsec open`, and what `dissect --sa` decrypts.

mod commands;
mod decrypt;
mod imported;
mod sa_file;

pub(crate) use commands::{create, random, run};
pub use decrypt::{Decrypted, Decrypter};
pub use sa_file::{Association, End, read};
