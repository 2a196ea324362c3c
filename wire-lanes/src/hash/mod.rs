//! MD5, SHA-1 and SHA-256 of many messages at once.

mod backend;
mod portable;
mod rounds;
mod schedule;
mod segments;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(all(target_arch = "x86_64", not(feature = "safe-only")))]
pub(crate) mod x86;

pub use segments::Segments;

pub(crate) use backend::Visitor;
pub(crate) use portable::{Detected, Portable};
pub(crate) use schedule::{Jobs, finish_alone, run};

use crate::{Engine, Error};

/// Octets of a block of all three hash functions.
pub(crate) const BLOCK_LEN: usize = 64;

/// A hash function that this crate has lanes for: [`Md5`], [`Sha1`] or [`Sha256`].
pub trait Algorithm: sealed::Function + Copy + core::fmt::Debug + Send + Sync + 'static {
    /// A digest or tag, untruncated: an array of octets.
    type Output: AsRef<[u8]> + AsMut<[u8]> + Copy + Default + PartialEq + Eq + core::fmt::Debug + Send + Sync + 'static;
    /// Its octets.
    const OUTPUT_LEN: usize;
}

/// MD5 (RFC 1321): 16 octets. Broken as a hash function; HMAC with it still stands where an old protocol asks for it (RFC 6151).
#[derive(Debug, Clone, Copy)]
pub struct Md5;

/// SHA-1 (FIPS 180-4): 20 octets. Collisions are known; HMAC with it still stands (RFC 6194).
#[derive(Debug, Clone, Copy)]
pub struct Sha1;

/// SHA-256 (FIPS 180-4): 32 octets.
#[derive(Debug, Clone, Copy)]
pub struct Sha256;

impl Algorithm for Md5 {
    type Output = [u8; 16];
    const OUTPUT_LEN: usize = 16;
}

impl Algorithm for Sha1 {
    type Output = [u8; 20];
    const OUTPUT_LEN: usize = 20;
}

impl Algorithm for Sha256 {
    type Output = [u8; 32];
    const OUTPUT_LEN: usize = 32;
}

/// A chaining value. MD5 uses the first four words, SHA-1 the first five; the others are zero.
pub(crate) type State = [u32; 8];

pub(crate) mod sealed {
    use super::{State, Visitor};
    use crate::Engine;

    /// What the scheduler has to know of a hash function.
    pub trait Function: Sized {
        /// Words of the chaining value.
        const WORDS: usize;
        /// The chaining value that a hash begins with.
        const INITIAL: State;
        /// Words and the length are big-endian (SHA) or little-endian (MD5).
        const BIG_ENDIAN: bool;

        /// One block after the other, by RustCrypto's code for a single message.
        fn compress(state: &mut State, blocks: &[[u8; 64]]);

        /// Calls `visitor` with the lanes that `engine` has for this function.
        fn visit<V: Visitor<Self>>(engine: Engine, visitor: V) -> V::Result;
    }
}
use sealed::Function;

impl Function for Md5 {
    const WORDS: usize = 4;
    const INITIAL: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0, 0, 0, 0];
    const BIG_ENDIAN: bool = false;

    #[inline]
    fn compress(state: &mut State, blocks: &[[u8; 64]]) {
        if let Some(state) = state.first_chunk_mut() {
            md5::block_api::compress(state, blocks);
        }
    }

    #[inline]
    fn visit<V: Visitor<Self>>(engine: Engine, visitor: V) -> V::Result {
        engine.visit_md5(visitor)
    }
}

impl Function for Sha1 {
    const WORDS: usize = 5;
    const INITIAL: State = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0, 0, 0, 0];
    const BIG_ENDIAN: bool = true;

    #[inline]
    fn compress(state: &mut State, blocks: &[[u8; 64]]) {
        if let Some(state) = state.first_chunk_mut() {
            sha1::block_api::compress(state, blocks);
        }
    }

    #[inline]
    fn visit<V: Visitor<Self>>(engine: Engine, visitor: V) -> V::Result {
        engine.visit_sha1(visitor)
    }
}

impl Function for Sha256 {
    const WORDS: usize = 8;
    const INITIAL: State =
        [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
    const BIG_ENDIAN: bool = true;

    #[inline]
    fn compress(state: &mut State, blocks: &[[u8; 64]]) {
        sha2::block_api::compress256(state, blocks);
    }

    #[inline]
    fn visit<V: Visitor<Self>>(engine: Engine, visitor: V) -> V::Result {
        engine.visit_sha256(visitor)
    }
}

/// The octets of a chaining value that is a result.
#[inline]
pub(crate) fn output_of<A: Algorithm>(state: &State) -> A::Output {
    let mut output = A::Output::default();
    for (octets, word) in output.as_mut().as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *octets = if A::BIG_ENDIAN { word.to_be_bytes() } else { word.to_le_bytes() };
    }
    output
}

/// The digest of one message, by RustCrypto's code: for the odd message that comes alone.
///
/// ```
/// use wire_lanes::{Md5, hash};
///
/// assert_eq!(hash::digest::<Md5>("abc".as_bytes().into())[..4], [0x90, 0x01, 0x50, 0x98]);
/// ```
#[must_use]
pub fn digest<A: Algorithm>(message: Segments<'_>) -> A::Output {
    let mut state = A::INITIAL;
    finish_alone::<A>(&mut state, 0, message);
    output_of::<A>(&state)
}

impl Engine {
    /// The digests of many messages.
    ///
    /// Messages may have any lengths, in any order; those of similar length side by side are not needed.
    ///
    /// ```
    /// use wire_lanes::{Engine, Segments, Sha256, hash};
    ///
    /// let messages: [Segments; 3] = [b"a".as_slice().into(), b"bc".as_slice().into(), Segments::new(b"de", &[b"f", b"g"])];
    /// let mut digests = [[0; 32]; 3];
    /// Engine::new().digest_many::<Sha256>(&messages, &mut digests)?;
    /// assert_eq!(digests[2], hash::digest::<Sha256>(b"defg".as_slice().into()));
    /// # Ok::<(), wire_lanes::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Count`] if there are not as many digests as messages; nothing is written then.
    pub fn digest_many<A: Algorithm>(self, messages: &[Segments<'_>], digests: &mut [A::Output]) -> Result<(), Error> {
        if messages.len() != digests.len() {
            return Err(Error::Count { found: digests.len(), needed: messages.len() });
        }
        run::<A, _>(self, &Plain(messages), |index, state| {
            if let Some(digest) = digests.get_mut(index) {
                *digest = output_of::<A>(state);
            }
        });
        Ok(())
    }
}

/// Messages without keys.
struct Plain<'a>(&'a [Segments<'a>]);

impl<'a> Jobs<'a> for Plain<'a> {
    const KEYED: bool = false;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn segments(&self, index: usize) -> Segments<'a> {
        self.0.get(index).copied().unwrap_or_default()
    }

    fn states(&self, _index: usize) -> Option<&'a [State; 2]> {
        None
    }
}
