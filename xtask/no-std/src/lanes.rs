//! HMAC and AES-CBC of batches.

use core::hint::black_box;

use wire_lanes::{Algorithm, Engine, Md5, Segments, Sha1, Sha256, cbc, hmac};

pub const CHECKS: [fn() -> bool; 4] = [many_tags::<Md5>, many_tags::<Sha1>, many_tags::<Sha256>, many_blocks];

/// Messages of several lengths in two pieces, by all lanes, against one at a time.
fn many_tags<A: Algorithm>() -> bool {
    let octets = black_box([0x5a; 600]);
    let key = hmac::Key::<A>::new(black_box(b"a key"));
    let rest: [&[u8]; 1] = [&octets[..8]];
    let messages: [hmac::Message<'_, A>; 40] =
        core::array::from_fn(|n| hmac::Message::new(&key, Segments::new(&octets[..15 * n], &rest)));
    let mut tags = [A::Output::default(); 40];
    Engine::new().hmac_many(&messages, &mut tags).is_ok()
        && messages.iter().zip(&tags).all(|(message, tag)| key.verify(message.segments, tag.as_ref()))
}

/// There and back again.
fn many_blocks() -> bool {
    let Ok(key) = cbc::Key::new(&black_box([7; 32])) else { return false };
    let mut packets = black_box([[0x33; 128]; 40]);
    let engine = Engine::new();
    let mut messages = packets.each_mut().map(|packet| cbc::Message::new(&key, [1; 16], packet));
    if engine.cbc_encrypt_many(&mut messages).is_err() {
        return false;
    }
    let mut again = packets;
    let changed = packets.iter().all(|packet| *packet != [0x33; 128]);
    let mut messages = again.each_mut().map(|packet| cbc::Message::new(&key, [1; 16], packet));
    engine.cbc_decrypt_many(&mut messages).is_ok() && changed && again == [[0x33; 128]; 40]
}
