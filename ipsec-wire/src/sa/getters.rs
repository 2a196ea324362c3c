//! What both ends of an association tell about themselves.

use super::{DscpSet, Inbound, Mode, Outbound, Peer};
use crate::algorithm::Suite;
use crate::crypto::Transform;
use crate::lifetime::Lifetime;
use crate::replay::Storage;

macro_rules! getters {
    ($($end:ty where [$($bounds:tt)*])*) => {$(
        impl<$($bounds)*> $end {
            /// Security parameters index.
            #[must_use]
            pub const fn spi(&self) -> u32 {
                self.params.spi
            }

            /// Algorithms.
            #[must_use]
            pub const fn suite(&self) -> &Suite {
                &self.params.suite
            }

            /// Transport or tunnel.
            #[must_use]
            pub const fn mode(&self) -> &Mode {
                &self.params.mode
            }

            /// The codepoints that the association is for. Who chooses between associations to send by asks; arriving packets are not asked for theirs
            /// (RFC 4301 4.4.2.1).
            #[must_use]
            pub const fn dscps(&self) -> DscpSet {
                self.params.dscps
            }

            /// Whether fragments in the tunnel are to be checked against their first one's ports, by whoever looks at packets behind it.
            #[must_use]
            pub const fn stateful_fragment_checking(&self) -> bool {
                self.params.fragment_checking
            }

            /// Who is at the other end, as the builder was told.
            #[must_use]
            pub const fn peer(&self) -> Option<Peer> {
                self.params.peer
            }

            /// What was carried, and the limits.
            #[must_use]
            pub const fn lifetime(&self) -> &Lifetime {
                &self.lifetime
            }

            /// The limits, to be told of time that passes without packets.
            pub const fn lifetime_mut(&mut self) -> &mut Lifetime {
                &mut self.lifetime
            }
        }
    )*};
}

getters! {
    Outbound<T> where [T: Transform]
    Inbound<T, W> where [T: Transform, W: Storage]
}
