//! Decrypting ESP, and checking NGISec's AH, for a look at it: no replay window, and nothing is refused.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use ip_wire::{Protocol, ah, esp};
use ipsec_wire::crypto::{Job, RustCrypto, Transform};
use ipsec_wire::esp::{Layout, Trailer};
use ipsec_wire::replay::{Window, words_for};
use ipsec_wire::{Inbound, PacketBuf};

use super::sa_file::{Association, End, read};

/// The associations that a dissection has keys of.
#[derive(Debug, Default)]
pub struct Decrypter {
    /// Of ESP.
    associations: Vec<Keyed>,
    /// Of AH: looked for behind transport headers only, where NGISec has them.
    authentication: Vec<Association>,
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
        let (mut associations, mut authentication) = (Vec::new(), Vec::new());
        for association in read(path)? {
            match association.is_ah() {
                true => authentication.push(association),
                false => associations.push(Keyed::new(association)?),
            }
        }
        Ok(Self { associations, authentication })
    }

    /// Whether the octets behind a transport header are AH and ESP of NGISec, and if they are, whether AH's ICV holds.
    ///
    /// They are if there is an association of AH with their SPI and their length of ICV, and either the ICV holds or ESP behind it has the SPI of an association, too. A translation changes
    /// addresses, so that an association whose destination is the packet's comes first, and is not the only one that is tried.
    #[must_use]
    pub fn behind_transport(&self, octets: &[u8], destination: Option<IpAddr>) -> Option<bool> {
        let view = ah::View::parse(octets).ok().filter(|view| view.next_header() == Protocol::ESP && view.reserved() == 0)?;
        let inner = esp::View::parse(view.payload()).ok()?;
        let fits = |association: &&Association| {
            let icv = association.suite.icv_len();
            let lens = [4, 8].map(|alignment| ipsec_wire::ah::header_len(icv, alignment));
            association.has_spi(view.spi()) && !association.tunnel && lens.contains(&view.header_len())
        };
        let mut candidates: Vec<&Association> = self.authentication.iter().filter(fits).collect();
        candidates.sort_by_key(|association| !destination.is_some_and(|destination| association.goes_to(destination)));
        if candidates.iter().any(|association| holds(association, octets)) {
            return Some(true);
        }
        let is_esp = self.associations.iter().any(|keyed| keyed.association.has_spi(inner.spi()));
        (is_esp && !candidates.is_empty()).then_some(false)
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

/// Whether the ICV of an AH that is the first of `octets` holds over all of them.
fn holds(association: &Association, octets: &[u8]) -> bool {
    let Ok(mut packet) = PacketBuf::new(octets.to_vec(), 0, octets.len()) else { return false };
    let receiver = association.build(End::Receiver, |builder| builder.replay_window(0).inbound());
    receiver.is_ok_and(|mut receiver: Inbound| receiver.open_payload(Duration::ZERO, &mut packet).is_ok())
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
