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
pub mod answer;
pub mod checksum;
pub mod ds;
mod error;
pub mod esp;
#[cfg(feature = "alloc")]
pub mod first_match;
mod flow;
mod fragment_offset;
pub mod icmp;
pub mod icmpv4;
pub mod icmpv6;
pub mod ip;
pub mod ipv4;
pub mod ipv6;
pub mod link;
mod names;
pub mod nat;
mod octets;
mod packet_buf;
pub mod prefix;
mod protocol;
mod reading;
#[cfg(feature = "alloc")]
pub mod reassembly;
pub mod special;
pub mod tcp;
mod tlv;
pub mod tunnel;
pub mod udp;
pub mod udp_lite;

pub use ds::{DsField, Dscp, Ecn, OutOfRange};
pub use error::{Error, Family, Field, Reaction};
pub use flow::{Flow, FlowKey, Fragment, Ports};
pub use fragment_offset::FragmentOffset;
pub use packet_buf::PacketBuf;
pub use protocol::Protocol;
pub use reading::Reading;

/// Gives a `Header` its `put`: the same octets as `emit`, into a [`bytes::BufMut`].
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
