//! One connection between a gateway and the server: framing, proofs, session keys, tags.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use rand_core::CryptoRng;
use subtle::ConstantTimeEq;
use wire_lanes::{Segments, Sha256, cbc, hmac};
use zeroize::{Zeroize, Zeroizing};

use super::message::{MAX_SHORT_LEN, Message, Name, Nonce, PREFIX_LEN, Proof, TAG_LEN};
use crate::error::{Error, Field, len32};
use crate::mac::Algorithm;
use crate::table::{KeyTable, Schedule, nanos};

/// Fewest octets of a long-term key.
pub const MIN_LONG_TERM_KEY_LEN: usize = 16;

/// Messages that wait to be sent, and events that wait to be taken, at most: a party that fetches neither has its session ended.
pub(super) const MAX_WAITING: usize = 16;

/// The key that a gateway and the server have in common before any session. It is wiped when dropped and does not show itself in `Debug`.
#[derive(Clone)]
pub struct LongTermKey(hmac::Key<Sha256>);

impl LongTermKey {
    /// A key of [`MIN_LONG_TERM_KEY_LEN`] octets at least; 32 random ones are good.
    ///
    /// # Errors
    /// [`Error::KeyLength`].
    pub fn new(key: &[u8]) -> Result<Self, Error> {
        if key.len() < MIN_LONG_TERM_KEY_LEN {
            let (found, needed) = (len32(key.len()), len32(MIN_LONG_TERM_KEY_LEN));
            return Err(Error::KeyLength { field: Field::LongTermKey, found, needed });
        }
        Ok(Self(hmac::Key::new(key)))
    }
}

impl core::fmt::Debug for LongTermKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LongTermKey").finish_non_exhaustive()
    }
}

/// Which end of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Gateway,
    Server,
}

/// What both ends of a link know once their nonces have crossed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) session: u64,
    pub(super) gateway_nonce: Nonce,
    pub(super) server_nonce: Nonce,
    pub(super) initiator: Name,
    pub(super) responder: Name,
}

impl Call {
    /// HMAC of a label, both nonces, both names, the session's number and what has been said on the link so far.
    fn hmac(&self, key: &hmac::Key<Sha256>, label: &[u8], said: &[u8]) -> [u8; 32] {
        let said = wire_lanes::hash::digest::<Sha256>(said.into());
        let lens = [[self.initiator.as_octets().len()], [self.responder.as_octets().len()]].map(|[len]| len32(len).to_be_bytes());
        let session = self.session.to_be_bytes();
        let pieces: [&[u8]; 8] = [
            &self.gateway_nonce,
            &self.server_nonce,
            &session,
            lens.as_flattened(),
            self.initiator.as_octets(),
            self.responder.as_octets(),
            &said,
            &[VERSION_OF_PROOFS],
        ];
        key.tag(Segments::new(label, &pieces))
    }
}

/// Goes into every proof and key, so that those of another version of the protocol are others.
const VERSION_OF_PROOFS: u8 = 1;

/// The keys of a session's link, each for one thing.
struct Keys {
    encryption: cbc::Key,
    to_gateway: hmac::Key<Sha256>,
    to_server: hmac::Key<Sha256>,
}

/// One end of a link.
pub(super) struct Link {
    end: End,
    inbox: Vec<u8>,
    /// Octets of a message at most, behind the Length word.
    pub(super) limit: usize,
    outbox: VecDeque<Vec<u8>>,
    /// What has been said before the keys were there.
    said: Vec<u8>,
    keys: Option<Keys>,
    sent: u64,
    received: u64,
}

impl Link {
    pub(super) const fn new(end: End) -> Self {
        Self {
            end,
            inbox: Vec::new(),
            limit: MAX_SHORT_LEN,
            outbox: VecDeque::new(),
            said: Vec::new(),
            keys: None,
            sent: 0,
            received: 0,
        }
    }

    /// Takes octets off `input` until they end a message; `None` if they do not.
    pub(super) fn next_message(&mut self, input: &mut &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.fill(input, PREFIX_LEN);
        let Some(prefix) = self.inbox.first_chunk::<PREFIX_LEN>() else { return Ok(None) };
        let found = u32::from_be_bytes(*prefix);
        let len = usize::try_from(found).unwrap_or(usize::MAX);
        if len < 2 || len > self.limit {
            let needed = len32(len.clamp(2, self.limit));
            return Err(Error::Length { field: Field::MessageLength, offset: 0, found, needed });
        }
        let whole = PREFIX_LEN.saturating_add(len);
        self.fill(input, whole);
        if self.inbox.len() < whole {
            return Ok(None);
        }
        Ok(Some(core::mem::take(&mut self.inbox)))
    }

    /// Takes octets until the inbox has `len`.
    fn fill(&mut self, input: &mut &[u8], len: usize) {
        let missing = len.saturating_sub(self.inbox.len()).min(input.len());
        if let Some((now, later)) = input.split_at_checked(missing) {
            self.inbox.extend_from_slice(now);
            *input = later;
        }
    }

    /// Checks what a message needs: a tag once there are keys, and none before.
    pub(super) fn open<'a>(&mut self, frame: &'a [u8]) -> Result<Message<'a>, Error> {
        let body = frame.get(PREFIX_LEN..).unwrap_or(&[]);
        let kind = body.get(1).copied().unwrap_or(0);
        let Some(keys) = &self.keys else {
            if Message::is_secured(kind) {
                return Err(Error::OutOfTurn { found: kind });
            }
            return Message::decode(body);
        };
        if !Message::is_secured(kind) {
            return Err(Error::OutOfTurn { found: kind });
        }
        let key = match self.end {
            End::Gateway => &keys.to_gateway,
            End::Server => &keys.to_server,
        };
        let Some((covered, tag)) = frame.split_last_chunk::<TAG_LEN>() else { return Err(Error::Authentication) };
        if !key.verify(Segments::new(&self.received.to_be_bytes(), &[covered]), tag) {
            return Err(Error::Authentication);
        }
        self.received = self.received.saturating_add(1);
        Message::decode(covered.get(PREFIX_LEN..).unwrap_or(&[]))
    }

    pub(super) fn send(&mut self, message: &Message<'_>) -> Result<(), Error> {
        if self.outbox.len() >= MAX_WAITING {
            return Err(Error::State);
        }
        let mut frame = message.encode();
        if Message::is_secured(message.kind()) {
            let Some(keys) = &self.keys else { return Err(Error::State) };
            let key = match self.end {
                End::Gateway => &keys.to_server,
                End::Server => &keys.to_gateway,
            };
            let tag = key.tag(Segments::new(&self.sent.to_be_bytes(), &[&frame]));
            frame.extend_from_slice(&tag);
            self.sent = self.sent.saturating_add(1);
        } else {
            self.said.extend_from_slice(&frame);
        }
        self.outbox.push_back(frame);
        Ok(())
    }

    pub(super) fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.outbox.pop_front()
    }

    /// Puts back what is to be sent still when the rest of the link is forgotten.
    pub(super) fn restore(&mut self, frames: Vec<Vec<u8>>) {
        self.outbox = frames.into();
    }

    /// Forgets half a message of a connection that is gone.
    pub(super) fn reconnected(&mut self) {
        self.inbox.clear();
        self.outbox.clear();
    }

    /// Notes a message that was received before there are keys.
    pub(super) fn heard(&mut self, frame: &[u8]) {
        self.said.extend_from_slice(frame);
    }

    /// A proof over all that has been said so far.
    pub(super) fn proof(&self, by: End, key: &LongTermKey, call: &Call) -> Proof {
        let label: &[u8] = match by {
            End::Gateway => b"llpf proof of the gateway",
            End::Server => b"llpf proof of the server",
        };
        call.hmac(&key.0, label, &self.said)
    }

    pub(super) fn check(&self, by: End, key: &LongTermKey, call: &Call, proof: &Proof) -> Result<(), Error> {
        if bool::from(self.proof(by, key, call).ct_eq(proof)) { Ok(()) } else { Err(Error::Authentication) }
    }

    /// Makes the session's keys: from here on every message bears a tag.
    pub(super) fn secure(&mut self, key: &LongTermKey, call: &Call) -> Result<(), Error> {
        let mut extracted = call.hmac(&key.0, b"llpf session", &self.said);
        let of_session = hmac::Key::<Sha256>::new(&extracted);
        extracted.zeroize();
        let derived = |label: &[u8]| Zeroizing::new(of_session.tag(Segments::new(label, &[&[VERSION_OF_PROOFS]])));
        self.keys = Some(Keys {
            encryption: cbc::Key::new(&*derived(b"encryption of tables")).map_err(|_| Error::State)?,
            to_gateway: hmac::Key::new(&*derived(b"messages to the gateway")),
            to_server: hmac::Key::new(&*derived(b"messages to the server")),
        });
        self.said = Vec::new();
        Ok(())
    }

    /// Encrypts a table for the other end.
    pub(super) fn send_table(&mut self, issue: &Issue<'_>, rng: &mut impl CryptoRng) -> Result<(), Error> {
        let mut iv = [0; 16];
        rng.fill_bytes(&mut iv);
        let mut octets = issue.encode();
        let Some(keys) = &self.keys else { return Err(Error::State) };
        keys.encryption.encrypt(&iv, &mut octets).map_err(|_| Error::State)?;
        self.send(&Message::Table { generation: issue.generation, iv, ciphertext: &octets })
    }

    /// Decrypts a table whose tag has been checked.
    pub(super) fn open_table(&self, iv: &[u8; 16], ciphertext: &[u8]) -> Result<(KeyTable, Duration), Error> {
        let Some(keys) = &self.keys else { return Err(Error::State) };
        let mut octets = Zeroizing::new(ciphertext.to_vec());
        let found = len32(octets.len());
        keys.encryption.decrypt(iv, &mut octets).map_err(|_| Error::Length {
            field: Field::KeyTable,
            offset: 0,
            found,
            needed: found.next_multiple_of(16),
        })?;
        decode_table(&octets)
    }
}

/// A table as the server sends it.
pub(super) struct Issue<'a> {
    pub(super) generation: u32,
    pub(super) table: &'a KeyTable,
    /// When the certificate expires.
    pub(super) expiry: Duration,
}

/// Octets before the keys.
const TABLE_HEADER_LEN: usize = 32;

/// Octets of a message with a table of so many octets of keys, at most.
pub(super) const fn table_message_len(keys: usize) -> usize {
    // Version, type, generation, IV, header, keys, padding, tag.
    let fixed = 2 + 4 + 16 + TABLE_HEADER_LEN + 16 + TAG_LEN;
    keys.saturating_add(fixed)
}

impl Issue<'_> {
    /// ```text
    /// algorithm 1 | key length 1 | zeros 2 | keys 4 | start 8 | period 8 | expiry 8 | keys ... | padding
    /// ```
    ///
    /// Times are nanoseconds. The padding fills whole blocks, each of its octets its length (RFC 5652 6.3).
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let schedule = self.table.schedule();
        let keys = self.table.octets();
        let len = TABLE_HEADER_LEN.saturating_add(keys.len());
        let padding = 16usize.saturating_sub(len & 15);
        let mut octets = Zeroizing::new(Vec::with_capacity(len.saturating_add(padding)));
        octets.extend([self.table.algorithm().to_wire(), u8::try_from(self.table.key_len()).unwrap_or(0), 0, 0]);
        octets.extend(schedule.keys().to_be_bytes());
        for time in [schedule.start(), schedule.period(), self.expiry] {
            octets.extend(nanos(time).to_be_bytes());
        }
        octets.extend_from_slice(keys);
        let whole = len.saturating_add(padding);
        octets.resize(whole, u8::try_from(padding).unwrap_or(0));
        octets
    }
}

fn decode_table(octets: &[u8]) -> Result<(KeyTable, Duration), Error> {
    use nom::Parser;
    use nom::number::complete::{be_u8, be_u16, be_u32, be_u64};

    let needed = len32(TABLE_HEADER_LEN);
    let truncated = Error::Truncated { field: Field::KeyTable, offset: 0, found: len32(octets.len()), needed };
    let mut header = (be_u8::<_, nom::error::Error<&[u8]>>, be_u8, be_u16, be_u32, be_u64, be_u64, be_u64);
    let (body, (algorithm, key_len, zeros, keys, start, period, expiry)) = header.parse(octets).map_err(|_| truncated)?;
    let Some(known) = Algorithm::from_wire(algorithm) else {
        return Err(Error::Mismatch { field: Field::Algorithm, offset: 0, found: algorithm.into(), needed: 1 });
    };
    if zeros != 0 {
        return Err(Error::Mismatch { field: Field::KeyTable, offset: 2, found: zeros.into(), needed: 0 });
    }
    let padding = body.last().copied().unwrap_or(0);
    let split = body.len().checked_sub(padding.into()).filter(|_| (1..=16).contains(&padding));
    let Some((keys_octets, pad)) = split.and_then(|at| body.split_at_checked(at)) else { return Err(truncated) };
    if pad.iter().any(|octet| *octet != padding) {
        return Err(Error::Mismatch { field: Field::Padding, offset: needed, found: padding.into(), needed: 1 });
    }
    let schedule = Schedule::new(Duration::from_nanos(start), Duration::from_nanos(period), keys)?;
    let table = KeyTable::from_octets(known, schedule, key_len.into(), keys_octets)?;
    Ok((table, Duration::from_nanos(expiry)))
}
