//! Intel's ipsec-mb (Debian: `libipsec-mb-dev`), by its job API.

use std::ffi::{c_uint, c_void};
use std::ptr;

/// What is done beside hashing.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum Cipher {
    /// Nothing.
    None = 0,
    /// AES-128-CBC before it.
    Encrypt = 1,
    /// AES-128-CBC's inverse after it.
    Decrypt = 2,
    /// AES-128-CBC instead of it.
    EncryptOnly = 3,
}

/// A key of HMAC and one of AES-128, prepared.
#[derive(Clone)]
#[repr(C, align(64))]
pub struct Key {
    enc_keys: [u8; 240],
    dec_keys: [u8; 240],
    ipad: [u8; 64],
    opad: [u8; 64],
}

/// The shim's `struct message`.
#[repr(C)]
struct Message {
    octets: *const u8,
    len: u64,
    ipad: *const u8,
    opad: *const u8,
    tag: *mut u8,
    enc_keys: *const c_void,
    dec_keys: *const c_void,
    iv: *const u8,
    clear: u64,
}

unsafe extern "C" {
    fn wirecraft_mb_new() -> *mut c_void;
    fn wirecraft_mb_hmac_key(manager: *mut c_void, hash: c_uint, key: *const u8, len: u64, ipad: *mut u8, opad: *mut u8);
    fn wirecraft_mb_aes_key(manager: *mut c_void, key: *const u8, enc_keys: *mut c_void, dec_keys: *mut c_void);
    fn wirecraft_mb_batch(manager: *mut c_void, hash: c_uint, cipher: c_uint, messages: *const Message, count: u64) -> u64;
}

/// A manager, never freed: a bench process has few.
#[derive(Clone, Copy)]
pub struct Manager(*mut c_void);

impl Manager {
    /// With the best code for this CPU.
    #[must_use]
    pub fn new() -> Self {
        // SAFETY: no arguments.
        let manager = unsafe { wirecraft_mb_new() };
        assert!(!manager.is_null(), "ipsec-mb has no manager");
        Self(manager)
    }

    /// Prepares keys; `hash` is 0 for MD5, 1 for SHA-1, 2 for SHA-256.
    #[must_use]
    pub fn key(self, hash: u32, mac: &[u8], aes: &[u8; 16]) -> Key {
        let mut key = Key { enc_keys: [0; 240], dec_keys: [0; 240], ipad: [0; 64], opad: [0; 64] };
        // SAFETY: the manager is from `new`; pads of 64 octets and schedules of 240 are as large as any of the library's, and aligned to 16.
        unsafe {
            wirecraft_mb_hmac_key(self.0, hash, mac.as_ptr(), mac.len() as u64, key.ipad.as_mut_ptr(), key.opad.as_mut_ptr());
            wirecraft_mb_aes_key(self.0, aes.as_ptr(), key.enc_keys.as_mut_ptr().cast(), key.dec_keys.as_mut_ptr().cast());
        }
        key
    }

    /// One batch; every message is done when it returns.
    pub fn run(self, hash: u32, cipher: Cipher, octets: &mut [Vec<u8>], keys: &[Key], ivs: &[[u8; 16]], tags: &mut [[u8; 32]]) {
        self.run_behind(0, hash, cipher, octets, keys, ivs, tags);
    }

    /// The same where the first `clear` octets of each message are hashed and not enciphered.
    #[expect(clippy::too_many_arguments, reason = "a call of C's")]
    pub fn run_behind(
        self,
        clear: usize,
        hash: u32,
        cipher: Cipher,
        octets: &mut [Vec<u8>],
        keys: &[Key],
        ivs: &[[u8; 16]],
        tags: &mut [[u8; 32]],
    ) {
        assert!(octets.iter().all(|octets| octets.len() >= clear), "a message is too short");
        let messages: Vec<Message> = octets
            .iter_mut()
            .zip(keys)
            .zip(ivs)
            .zip(tags)
            .map(|(((octets, key), iv), tag)| Message {
                octets: octets.as_mut_ptr(),
                len: octets.len() as u64,
                ipad: key.ipad.as_ptr(),
                opad: key.opad.as_ptr(),
                tag: tag.as_mut_ptr(),
                enc_keys: ptr::from_ref(&key.enc_keys).cast(),
                dec_keys: ptr::from_ref(&key.dec_keys).cast(),
                iv: iv.as_ptr(),
                clear: clear as u64,
            })
            .collect();
        // SAFETY: all pointers are of slices borrowed for this call, tags have 32 octets of which at most 16 are written, and the library keeps
        // no job beyond the flush at the end of the shim.
        let done = unsafe { wirecraft_mb_batch(self.0, hash, cipher as c_uint, messages.as_ptr(), messages.len() as u64) };
        assert_eq!(done, messages.len() as u64, "ipsec-mb did not complete a job");
    }
}

impl Default for Manager {
    fn default() -> Self {
        Self::new()
    }
}
