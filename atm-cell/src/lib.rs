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

pub mod aal1;
pub mod aal34;
pub mod aal5;
pub mod atmarp;
pub mod cell;
pub mod crc10;
pub mod delineation;
mod error;
pub mod hec;
pub mod link;
pub mod llc;
pub mod oam;
mod octets;
pub mod policing;
pub mod scrambler;
pub mod service;
pub mod switch;
pub mod tag;

pub use cell::{CELL_LEN, Gfc, Interface, OutOfRange, PAYLOAD_LEN, PayloadType, Vc, Vci, Vpi};
pub use error::{Error, Family, Field, Reaction};

/// Gives a header its `put`: the same octets as `emit`, into a [`bytes::BufMut`].
macro_rules! impl_put {
    ($header:ty, $max:expr) => {
        #[cfg(feature = "bytes")]
        impl $header {
            /// Appends what [`Self::emit`] writes to `buffer` and returns its octets' number.
            ///
            /// # Errors
            /// Those of [`Self::emit`]; nothing is appended then.
            pub fn put(&self, buffer: &mut impl bytes::BufMut) -> Result<usize, crate::Error> {
                let mut octets = [0u8; $max];
                let len = self.emit(&mut octets)?;
                let found = buffer.remaining_mut();
                if found < len {
                    return Err(crate::Error::BufferTooSmall {
                        field: crate::Field::Buffer,
                        found: crate::error::len32(found),
                        needed: crate::error::len32(len),
                    });
                }
                buffer.put_slice(octets.get(..len).unwrap_or(&octets));
                Ok(len)
            }
        }
    };
}
pub(crate) use impl_put;
