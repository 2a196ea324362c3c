//! HMAC (RFC 2104) with keys prepared once, of one message or of many.

use core::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::hash::{BLOCK_LEN, Jobs, State, finish_alone, output_of, run};
use crate::{Algorithm, Engine, Error, Segments};

/// The shortest tag that is ever found right: 80 bits (RFC 2104 section 5).
pub const MIN_TAG_LEN: usize = 10;

/// A key, ready for use: the states of the inner and the outer hash after their first blocks.
///
/// ```text
/// HMAC(K, text) = H(K ^ opad || H(K ^ ipad || text))
///                   --------      --------
///                   one block each, the same for all messages: hashed once, in `Key::new`
/// ```
///
/// It is wiped when dropped, and does not show itself in `Debug`. Source: RFC 2104 sections 2 and 4.
#[derive(Clone)]
pub struct Key<A: Algorithm> {
    /// Inner, outer.
    states: [State; 2],
    function: core::marker::PhantomData<A>,
}

impl<A: Algorithm> Key<A> {
    /// Any length is possible: keys longer than a block of 64 octets are hashed first (RFC 2104 section 2). Less than [`Algorithm::OUTPUT_LEN`] octets is
    /// weaker than the function (section 3).
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        let mut block = [0; BLOCK_LEN];
        if let Some(place) = block.get_mut(..key.len()) {
            place.copy_from_slice(key);
        } else {
            let mut digest = crate::hash::digest::<A>(key.into());
            for (octet, digest) in block.iter_mut().zip(digest.as_ref()) {
                *octet = *digest;
            }
            digest.as_mut().zeroize();
        }
        let mut states = [A::INITIAL; 2];
        for (state, pad) in states.iter_mut().zip([0x36, 0x5c]) {
            let mut padded = [block.map(|octet| octet ^ pad)];
            A::compress(state, &padded);
            padded.zeroize();
        }
        block.zeroize();
        Self { states, function: core::marker::PhantomData }
    }

    /// The tag of one message, by RustCrypto's code: for the odd message that comes alone.
    #[must_use]
    pub fn tag(&self, message: Segments<'_>) -> A::Output {
        let [inner, outer] = &self.states;
        let mut state = *inner;
        finish_alone::<A>(&mut state, BLOCK_LEN as u64, message);
        let digest = output_of::<A>(&state);
        let mut state = *outer;
        finish_alone::<A>(&mut state, BLOCK_LEN as u64, digest.as_ref().into());
        output_of::<A>(&state)
    }

    /// Whether `tag` is the message's tag or its first octets, [`MIN_TAG_LEN`] at least; in a time that does not depend on where they differ.
    #[must_use]
    pub fn verify(&self, message: Segments<'_>, tag: &[u8]) -> bool {
        matches(self.tag(message).as_ref(), tag)
    }
}

/// Whether `found` is `tag` or the beginning of it, of a length that counts.
fn matches(tag: &[u8], found: &[u8]) -> bool {
    match tag.get(..found.len()) {
        Some(tag) if found.len() >= MIN_TAG_LEN => tag.ct_eq(found).into(),
        _ => false,
    }
}

impl<A: Algorithm> fmt::Debug for Key<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

impl<A: Algorithm> Drop for Key<A> {
    fn drop(&mut self) {
        self.states.zeroize();
    }
}

impl<A: Algorithm> zeroize::ZeroizeOnDrop for Key<A> {}

/// A message and the key it is authenticated with.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a, A: Algorithm> {
    /// Its key. Each message of a batch may have another.
    pub key: &'a Key<A>,
    /// Its octets.
    pub segments: Segments<'a>,
}

impl<'a, A: Algorithm> Message<'a, A> {
    /// A message in one piece, or in several ([`Segments::new`]).
    #[inline]
    #[must_use]
    pub fn new(key: &'a Key<A>, segments: impl Into<Segments<'a>>) -> Self {
        Self { key, segments: segments.into() }
    }
}

impl Engine {
    /// The tags of many messages.
    ///
    /// ```
    /// use wire_lanes::{Engine, Md5, hmac};
    ///
    /// let keys = [hmac::Key::<Md5>::new(b"one key"), hmac::Key::new(b"another")];
    /// let packets = [[0x45; 64].as_slice(), &[0x60; 1500], &[0x45; 20]];
    /// let messages: Vec<_> = packets.iter().zip(keys.iter().cycle()).map(|(packet, key)| hmac::Message::new(key, *packet)).collect();
    /// let mut tags = [[0; 16]; 3];
    /// Engine::new().hmac_many(&messages, &mut tags)?;
    /// assert_eq!(tags[1], keys[1].tag(packets[1].into()));
    /// # Ok::<(), wire_lanes::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Count`] if there are not as many tags as messages; nothing is written then.
    pub fn hmac_many<A: Algorithm>(self, messages: &[Message<'_, A>], tags: &mut [A::Output]) -> Result<(), Error> {
        if messages.len() != tags.len() {
            return Err(Error::Count { found: tags.len(), needed: messages.len() });
        }
        run::<A, _>(self, &Keyed(messages), |index, state| {
            if let Some(tag) = tags.get_mut(index) {
                *tag = output_of::<A>(state);
            }
        });
        Ok(())
    }

    /// Whether each message's tag is right, as [`Key::verify`] has it: truncated tags of [`MIN_TAG_LEN`] octets and more are taken, and nothing tells by
    /// its time where a tag is wrong.
    ///
    /// ```
    /// use wire_lanes::{Engine, Sha256, hmac};
    ///
    /// let key = hmac::Key::<Sha256>::new(b"a key");
    /// let messages = [hmac::Message::new(&key, b"a packet"), hmac::Message::new(&key, b"a forgery.")];
    /// let tag = key.tag(messages[0].segments);
    /// let mut right = [false; 2];
    /// Engine::new().verify_many(&messages, &[&tag[..16], &tag[..16]], &mut right)?;
    /// assert_eq!(right, [true, false]);
    /// # Ok::<(), wire_lanes::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Count`] if there are not as many tags and results as messages; nothing is written then.
    pub fn verify_many<A: Algorithm>(self, messages: &[Message<'_, A>], tags: &[&[u8]], right: &mut [bool]) -> Result<(), Error> {
        for found in [tags.len(), right.len()] {
            if messages.len() != found {
                return Err(Error::Count { found, needed: messages.len() });
            }
        }
        run::<A, _>(self, &Keyed(messages), |index, state| {
            if let (Some(right), Some(tag)) = (right.get_mut(index), tags.get(index)) {
                *right = matches(output_of::<A>(state).as_ref(), tag);
            }
        });
        Ok(())
    }
}

/// Messages with keys.
struct Keyed<'a, 'm, A: Algorithm>(&'m [Message<'a, A>]);

impl<'a, A: Algorithm> Jobs<'a> for Keyed<'a, '_, A> {
    const KEYED: bool = true;

    #[inline]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn segments(&self, index: usize) -> Segments<'a> {
        self.0.get(index).map(|message| message.segments).unwrap_or_default()
    }

    #[inline]
    fn states(&self, index: usize) -> Option<&'a [State; 2]> {
        self.0.get(index).map(|message| &message.key.states)
    }
}

#[cfg(test)]
mod tests;
