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

/// An association, or a line of Wireshark's, with its cryptography ready.
#[derive(Debug)]
pub(super) struct Keyed {
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
            associations.push(Keyed::new(association)?);
        }
        Ok(Self { associations })
    }

    /// Decrypts an ESP packet, SPI to ICV, if its association is in the file.
    #[must_use]
    pub fn decrypt(&self, packet: &[u8], destination: Option<IpAddr>) -> Option<Decrypted> {
        let view = esp::View::parse(packet).ok()?;
        let of_spi = || self.associations.iter().filter(|keyed| keyed.association.has_spi(view.spi()));
        let to = |keyed: &&Keyed| destination.is_some_and(|destination| keyed.association.goes_to(destination));
        of_spi().find(to).or_else(|| of_spi().find(|keyed| keyed.association.pattern.is_none()))?.decrypt(packet)
    }
}

impl Keyed {
    pub(super) fn new(association: Association) -> Result<Self, ipsec_wire::Error> {
        let transform = RustCrypto::new(&association.suite, &association.keys())?;
        let window = Window::restore(WIDTH, association.esn, [0; WORDS], association.highest_received, &[])?;
        Ok(Self { association, transform, window })
    }

    /// Decrypts an ESP packet, SPI to ICV, whatever its SPI; `None` if it is too short, or no whole number of blocks.
    pub(super) fn decrypt(&self, packet: &[u8]) -> Option<Decrypted> {
        let view = esp::View::parse(packet).ok()?;
        let layout = Layout::new(&self.association.suite);
        layout.split(packet).ok()?;
        let number = self.window.infer(view.sequence_number()).unwrap_or(0);
        let high = self.association.esn.then(|| u32::try_from(number >> 32).unwrap_or(0));
        let mut octets = packet.to_vec();
        let mut job = Job::new(&mut octets, high);
        self.transform.open(&mut job);
        let authentic = job.authentic;
        let plaintext = match layout.split(&octets) {
            Ok(parts) if authentic => parts.ciphertext.to_vec(),
            _ => Vec::new(),
        };
        let authentic = self.association.suite.has_integrity().then_some(authentic);
        Some(Decrypted { authentic, front: layout.front(), plaintext, icv_len: layout.icv_len })
    }
}
