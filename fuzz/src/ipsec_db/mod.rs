//! The targets of the databases and windows of `ipsec-wire`.

mod replay;
mod spd;
mod text;

pub use replay::replay_window;
pub use spd::spd_lookup;
pub use text::xfrm_text;
