//! What a call can be refused for.

/// Why a call did nothing.
///
/// All of it is found out before the first octet is read or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There must be one result for each message.
    #[error("{found} places for the results of {needed} messages")]
    Count {
        /// Places handed in.
        found: usize,
        /// Messages handed in.
        needed: usize,
    },
    /// CBC works on whole blocks of 16 octets (SP 800-38A 6.2); padding is the protocol's business.
    #[error("message {message} has {found} octets, which is no multiple of 16")]
    NotWholeBlocks {
        /// The first such message, counted from 0.
        message: usize,
        /// Its octets.
        found: usize,
    },
    /// AES keys have 16, 24 or 32 octets (FIPS 197 5).
    #[error("a key of {found} octets; AES has keys of 16, 24 or 32")]
    KeyLength {
        /// Octets handed in.
        found: usize,
    },
}
