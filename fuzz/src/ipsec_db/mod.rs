//! The targets of the databases and windows of `ipsec-wire`.

mod replay;

pub use replay::replay_window;
