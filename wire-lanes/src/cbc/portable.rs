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

    fn encrypt(self, chains: &mut Chains, rows: &mut RowsMut<'_>, keys: &LaneKeys<'_, '_>, _rounds: usize) -> usize {
        let count = rows.count();
        let Some(key) = keys.shared() else { return count };
        let active = rows.rows_mut().len();
        let Some(chains) = chains.0.get_mut(..active) else { return count };
        for at in 0..count {
            for (chain, row) in chains.iter_mut().zip(rows.rows_mut().iter()) {
                *chain = xor(*chain, row.get(at).copied().unwrap_or_default());
            }
            key.encrypt_each(chains);
            for (chain, row) in chains.iter().zip(rows.rows_mut().iter_mut()) {
                if let Some(block) = row.get_mut(at) {
                    *block = *chain;
                }
            }
        }
        count
    }
}

fn xor(a: Block, b: Block) -> Block {
    (u128::from_ne_bytes(a) ^ u128::from_ne_bytes(b)).to_ne_bytes()
}
