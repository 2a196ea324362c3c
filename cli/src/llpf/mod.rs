//! LLPF over a capture: `llpf keygen`, `llpf seal`, `llpf filter`.

mod commands;
mod table_file;

pub(crate) use commands::{kind, run};
