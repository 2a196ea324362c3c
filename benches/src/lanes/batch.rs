//! The messages of a work item: sizes of the standard workloads, octets that look random, 16 keys in turn.

use crate::packets::Numbers;

/// The size of the messages: one, or the mix 64/576/1500 in 7:4:1.
#[derive(Clone, Copy)]
pub enum Size {
    /// All the same.
    Fixed(usize),
    /// IMIX, in an order that looks random and is the same each time.
    Imix,
    /// The same, the largest with the padding that makes whole AES blocks of it.
    ImixBlocks,
}

/// A batch.
pub struct Batch {
    /// The messages.
    pub octets: Vec<Vec<u8>>,
    /// Each one's key for HMAC.
    pub macs: Vec<[u8; 20]>,
    /// Each one's key for AES-128.
    pub ciphers: Vec<[u8; 16]>,
    /// Each one's IV.
    pub ivs: Vec<[u8; 16]>,
}

/// Keys that take turns.
const KEYS: usize = 16;

impl Batch {
    /// `count` messages.
    #[must_use]
    pub fn new(size: Size, count: usize) -> Self {
        let mut numbers = Numbers::new(5);
        let keys: Vec<([u8; 20], [u8; 16])> = (0..KEYS).map(|_| (numbers.octets(), numbers.octets())).collect();
        let octets = (0..count)
            .map(|_| {
                let len = match size {
                    Size::Fixed(len) => len,
                    Size::Imix | Size::ImixBlocks => match numbers.draw() % 12 {
                        0..7 => 64,
                        7..11 => 576,
                        _ if matches!(size, Size::ImixBlocks) => 1504,
                        _ => 1500,
                    },
                };
                numbers.bytes(len)
            })
            .collect();
        Self {
            octets,
            macs: (0..count).map(|n| keys[n % KEYS].0).collect(),
            ciphers: (0..count).map(|n| keys[n % KEYS].1).collect(),
            ivs: (0..count).map(|_| numbers.octets()).collect(),
        }
    }
}
