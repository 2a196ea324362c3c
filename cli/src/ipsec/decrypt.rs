//! Decrypting ESP for a look at it: no replay window, and nothing is refused.

use std::net::IpAddr;
use std::path::Path;

use anyhow::Result;
use ip_wire::esp;
use ipsec_wire::crypto::{Job, RustCrypto, Transform};
use ipsec_wire::esp::{Layout, Trailer};
use ipsec_wire::replay::{Window, words_for};

use super::sa_file::{Association, read};

/// The associations that a dissection has keys of.
#[derive(Debug, Default)]
pub struct Decrypter {
    associations: Vec<Keyed>,
}

#[derive(Debug)]
struct Keyed {
    association: Association,
    transform: RustCrypto,
    /// Where extended sequence numbers are.
    window: Window<[u64; WORDS]>,
}

const WIDTH: u32 = 64;
const WORDS: usize = words_for(WIDTH);

/// An ESP packet whose association is known.
#[derive(Debug, Clone)]
pub struct Decrypted {
    /// Whether the ICV holds; `None` without one.
    pub authentic: Option<bool>,
    /// Octets before what is encrypted.
    pub front: usize,
    /// Payload, padding and trailer, if they were decrypted.
    pub plaintext: Vec<u8>,
    /// Octets of the ICV.
    pub icv_len: usize,
}

impl Decrypted {
    /// The trailer, where what was decrypted has one.
    #[must_use]
    pub fn trailer(&self) -> Option<Trailer<'_>> {
        Trailer::parse(&self.plaintext).ok()
    }
}

impl Decrypter {
    /// Reads a file of associations.
    ///
    /// # Errors
    /// Those of [`read`].
    pub fn open(path: &Path) -> Result<Self> {
        let mut associations = Vec::new();
        for association in read(path)? {
            if association.is_ah() {
                continue;
            }
            let transform = RustCrypto::new(&association.suite, &association.keys())?;
            let window = Window::restore(WIDTH, association.esn, [0; WORDS], association.highest_received, &[])?;
            associations.push(Keyed { association, transform, window });
        }
        Ok(Self { associations })
    }

    /// Decrypts an ESP packet, SPI to ICV, if its association is in the file.
    #[must_use]
    pub fn decrypt(&self, packet: &[u8], destination: Option<IpAddr>) -> Option<Decrypted> {
        let view = esp::View::parse(packet).ok()?;
        let of_spi = || self.associations.iter().filter(|keyed| keyed.association.spi == view.spi());
        let keyed = of_spi().find(|keyed| Some(keyed.association.destination) == destination).or_else(|| of_spi().next())?;
        let layout = Layout::new(&keyed.association.suite);
        layout.split(packet).ok()?;
        let number = keyed.window.infer(view.sequence_number()).unwrap_or(0);
        let high = keyed.association.esn.then(|| u32::try_from(number >> 32).unwrap_or(0));
        let mut octets = packet.to_vec();
        let mut job = Job::new(&mut octets, high);
        keyed.transform.open(&mut job);
        let authentic = job.authentic;
        let plaintext = match layout.split(&octets) {
            Ok(parts) if authentic => parts.ciphertext.to_vec(),
            _ => Vec::new(),
        };
        let authentic = keyed.association.suite.has_integrity().then_some(authentic);
        Some(Decrypted { authentic, front: layout.front(), plaintext, icv_len: layout.icv_len })
    }
}
