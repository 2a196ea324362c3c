//! What is around the cryptography: sealing and opening with algorithms that do nothing, so that what is left is parsing, association, sequence number,
//! padding, headers, replay window and audit. The copy that renews each packet is in the time; it is a peer, too.

use std::cell::RefCell;

use ipsec_wire::algorithm::{Cipher, Integrity};
use ipsec_wire::crypto::{Job, Pieces, Transform};
use ipsec_wire::{Aead, Suite};

use super::packets::{Direction, Packets, builder, each, open_all, open_each, plain, seal, seal_all, seal_each};
use crate::lanes::Size;
use crate::packets::Zeros;
use crate::{Contender, Peer, Work};

/// Every packet is authentic, and clear.
#[derive(Clone, Copy)]
struct Nothing;

impl Transform for Nothing {
    fn seal(&self, _: &mut Job<'_>) {}

    fn open(&self, job: &mut Job<'_>) {
        job.authentic = true;
    }

    fn ah_icv(&self, _: Pieces<'_>, _: &mut [u8]) {}
}

/// Both directions, one by one and in batches.
pub(super) fn works() -> Vec<Work> {
    let cbc = Suite::Esp { cipher: Cipher::AesCbc, integrity: Some(Integrity::HMAC_SHA1_96) };
    let mut works = Vec::new();
    for (suite_name, suite) in [("CBC+SHA1", cbc), ("GCM", Suite::EspCombined(Aead::AES_GCM_16))] {
        for len in [64, 576] {
            for batch in [1, 32] {
                for (direction, verb) in [(Direction::Seal, "seal"), (Direction::Open, "open")] {
                    let how = if batch == 1 { String::new() } else { format!(", b{batch}") };
                    let name = format!("framing, {suite_name} {verb} {len}{how}");
                    works.push(work(name.leak(), suite, direction, len, batch));
                }
            }
        }
    }
    works
}

fn work(name: &'static str, suite: Suite, direction: Direction, len: usize, batch: usize) -> Work {
    let octets = plain(Size::Fixed(len), 32);
    let mut sender = builder(suite, 1, 2).outbound_with(Nothing, &mut Zeros).expect("it makes sense");
    let sealed = seal(&mut sender, &octets);
    let packets = || match direction {
        Direction::Seal => Packets::to_seal(&octets),
        Direction::Open => Packets::to_open(&sealed).numbered(),
    };
    let receiver = || {
        let builder = builder(suite, 2, 1).replay_window(64);
        builder.inbound_with(Nothing, [0; ipsec_wire::replay::words_for(64)]).expect("it makes sense")
    };
    let (ours, budget) = match (direction, batch) {
        (Direction::Seal, 1) => (seal_each(sender, packets()), 25.0),
        (Direction::Seal, _) => (seal_all(sender, packets()), 15.0),
        (Direction::Open, 1) => (open_each(receiver(), packets()), 25.0),
        (Direction::Open, _) => (open_all(receiver(), packets()), 15.0),
    };
    let copied = RefCell::new(packets());
    let copy: Contender = each("the copy alone", octets.len(), move |at| {
        copied.borrow_mut().renew(at);
        true
    });
    Work { name, ours, peers: vec![Peer::Nanoseconds("budget", budget), Peer::Crate(copy, None)] }
}
