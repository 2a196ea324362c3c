//! Cryptography behind a trait, so that an association can run on another implementation: a hardware engine, a library, vector lanes.
//!
//! [`RustCrypto`] is the one that comes with the crate. An implementation holds the keys of one association; the association does
//! everything else.
//!
//! ```text
//! ESP packet of a job, in place:
//! +----------+----------+---------------+-------------------------------+---------------+
//! | SPI, seq |    IV    |    payload, TFC padding, padding, trailer     |      ICV      |
//! |    8     |  iv_len  |            encrypted (not by NULL)            |    icv_len    |
//! +----------+----------+---------------+-------------------------------+---------------+
//! ```

mod cbc_mac;
mod gcm;
mod lanes;
mod mac;
mod parts;
#[cfg(feature = "ring")]
mod ring;
mod rust_crypto;

#[cfg(feature = "ring")]
pub use self::ring::Ring;
pub use rust_crypto::RustCrypto;

/// An ESP packet to be sealed or opened in place.
#[derive(Debug, Default)]
pub struct Job<'a> {
    /// SPI to ICV. Before sealing SPI, sequence number, IV and plaintext are there and the ICV is room; after opening the plaintext is there.
    pub packet: &'a mut [u8],
    /// The high half of an extended sequence number, which is authenticated and not sent.
    pub esn_high: Option<u32>,
    /// Set by opening: whether the ICV holds. With a `false` what is encrypted is as it was, or wiped (CCM and `ring` decrypt before they can tell); never decrypted.
    pub authentic: bool,
}

impl<'a> Job<'a> {
    /// A job over a packet from SPI to ICV.
    #[must_use]
    pub const fn new(packet: &'a mut [u8], esn_high: Option<u32>) -> Self {
        Self { packet, esn_high, authentic: false }
    }
}

/// What AH covers of one packet, and its ICV.
#[derive(Debug, Default)]
pub struct AhJob<'a> {
    /// The message, every mutable field at its value for the computation: headers, payload, the high half of an extended sequence number.
    pub pieces: [&'a [u8]; 3],
    /// Where the ICV goes. For AES-GMAC it starts with the IV.
    pub icv: &'a mut [u8],
}

/// Calls what it is given with each piece of a message in order.
pub type Pieces<'a> = &'a dyn Fn(&mut dyn FnMut(&[u8]));

/// The keyed algorithms of one association.
///
/// Lengths are those of its [`Suite`](crate::Suite). A packet too short for them is left alone, and is not authentic.
pub trait Transform {
    /// Encrypts and writes the ICV.
    fn seal(&self, job: &mut Job<'_>);

    /// Checks the ICV in constant time and, if it holds, decrypts.
    fn open(&self, job: &mut Job<'_>);

    /// Seals several packets; where messages can share vector lanes, this is the place.
    fn seal_batch(&self, jobs: &mut [Job<'_>]) {
        for job in jobs {
            self.seal(job);
        }
    }

    /// Opens several packets.
    fn open_batch(&self, jobs: &mut [Job<'_>]) {
        for job in jobs {
            self.open(job);
        }
    }

    /// Writes the ICV of an AH packet, whose `pieces` have every mutable field at its value for the computation. For AES-GMAC `icv` starts with the IV.
    fn ah_icv(&self, pieces: Pieces<'_>, icv: &mut [u8]);

    /// Writes the ICVs of several AH packets.
    fn ah_icv_batch(&self, jobs: &mut [AhJob<'_>]) {
        for AhJob { pieces, icv } in jobs {
            self.ah_icv(&|sink| pieces.iter().for_each(|piece| sink(piece)), icv);
        }
    }
}

impl<T: Transform + ?Sized> Transform for &T {
    fn seal(&self, job: &mut Job<'_>) {
        (**self).seal(job);
    }

    fn open(&self, job: &mut Job<'_>) {
        (**self).open(job);
    }

    fn seal_batch(&self, jobs: &mut [Job<'_>]) {
        (**self).seal_batch(jobs);
    }

    fn open_batch(&self, jobs: &mut [Job<'_>]) {
        (**self).open_batch(jobs);
    }

    fn ah_icv(&self, pieces: Pieces<'_>, icv: &mut [u8]) {
        (**self).ah_icv(pieces, icv);
    }

    fn ah_icv_batch(&self, jobs: &mut [AhJob<'_>]) {
        (**self).ah_icv_batch(jobs);
    }
}

#[cfg(test)]
mod tests;
