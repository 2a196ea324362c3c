//! Lanes by RustCrypto: its `encrypt_blocks` takes several blocks at once, if they are under one key.

use super::schedule::{Backend, Chains, LaneKeys, RowsMut, encrypt as schedule};
use super::{Block, Message};

/// Blocks that RustCrypto's backends take together, at most.
const LANES: usize = 8;

/// Encrypts every message: neighbours under the same key side by side, others one after the other.
pub(super) fn encrypt(messages: &mut [Message<'_>]) {
    for neighbours in messages.chunk_by_mut(|a, b| core::ptr::eq(a.key, b.key)) {
        match neighbours {
            [message] => message.key.encrypt_blocks(&message.iv, message.octets.as_chunks_mut().0),
            _ => schedule(Portable, neighbours),
        }
    }
}

#[derive(Clone, Copy)]
struct Portable;

impl Backend for Portable {
    const LANES: usize = LANES;
    const SHORT: usize = 0;

    fn taking_part(active: usize) -> usize {
        active
    }

    fn encrypt(self, chains: &mut Chains, rows: &mut RowsMut<'_>, keys: &LaneKeys<'_, '_>, _rounds: usize) {
        let count = rows.count();
        let rows = rows.rows_mut();
        let (Some(key), Some(chains)) = (keys.shared(), chains.0.get_mut(..rows.len())) else { return };
        for at in 0..count {
            for (chain, row) in chains.iter_mut().zip(rows.iter()) {
                *chain = xor(*chain, row.get(at).copied().unwrap_or_default());
            }
            key.encrypt_each(chains);
            for (chain, row) in chains.iter().zip(rows.iter_mut()) {
                if let Some(block) = row.get_mut(at) {
                    *block = *chain;
                }
            }
        }
    }
}

fn xor(a: Block, b: Block) -> Block {
    (u128::from_ne_bytes(a) ^ u128::from_ne_bytes(b)).to_ne_bytes()
}
