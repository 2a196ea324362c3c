use std::vec;
use std::vec::Vec;

use super::*;

#[test]
fn smoke() {
    let keys: Vec<Key> = (0..5_u8).map(|n| Key::new(&[n; 32][..[16, 24, 32][usize::from(n) % 3]]).unwrap()).collect();
    for engine in Engine::all() {
        for count in [1, 3, 9, 40, 300] {
            for shared in [true, false] {
                let mut octets: Vec<Vec<u8>> = (0..count).map(|n| vec![n as u8; 16 * ((n * 7) % 40)]).collect();
                let mut expected = octets.clone();
                let key = |n: usize| if shared { &keys[0] } else { &keys[n % 5] };
                for (n, octets) in expected.iter_mut().enumerate() {
                    key(n).encrypt(&[n as u8; 16], octets).unwrap();
                }
                let plain = octets.clone();
                let mut messages: Vec<Message<'_>> =
                    octets.iter_mut().enumerate().map(|(n, octets)| Message::new(key(n), [n as u8; 16], octets)).collect();
                engine.cbc_encrypt_many(&mut messages).unwrap();
                drop(messages);
                assert_eq!(octets, expected, "{engine:?} {count} {shared}");
                let mut messages: Vec<Message<'_>> =
                    octets.iter_mut().enumerate().map(|(n, octets)| Message::new(key(n), [n as u8; 16], octets)).collect();
                engine.cbc_decrypt_many(&mut messages).unwrap();
                drop(messages);
                assert_eq!(octets, plain, "{engine:?} {count} {shared}");
            }
        }
    }
}
