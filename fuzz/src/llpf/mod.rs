//! The targets of LLPF.

mod packets;
mod session;

pub use packets::{llpf_fbs, llpf_filter, llpf_trailer};
pub use session::{llpf_control_message, llpf_mas_session};

/// A generator that gives another number each time, the same in every run.
struct Counting(u64);

impl llpf_wire::rand_core::TryRng for Counting {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|word| word as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        Ok(word ^ word >> 27)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in to.chunks_mut(8) {
            chunk.copy_from_slice(&self.try_next_u64()?.to_be_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl llpf_wire::rand_core::TryCryptoRng for Counting {}

fn check(error: &llpf_wire::Error, len: usize) {
    if let Some(offset) = error.offset() {
        assert!(offset as usize <= len, "{error:?} in {len} octets");
    }
    assert!(!error.to_string().is_empty());
    let _ = error.reaction();
}
