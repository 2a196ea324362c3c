//! From what is written to what an association is made of: suites, keys, and builders.

use ip_wire::tunnel::DontFragment;
use ip_wire::{Dscp, Protocol};

use super::xfrm::{EncapsulationKind, ExtraFlags, Mode, State, StateFlags};
use super::{Cipher, Combined, Integrity, Keyed, Protection, esp_sa::EspSa};
use crate::algorithm::{self, Aead, Keys, Mac, Suite};
use crate::error::{Error, Field};
use crate::lifetime::Limits;
use crate::natt::Encapsulation;
use crate::sa::{Builder, OuterDscp, OuterEcn, Tunnel};

impl Protection {
    /// The suite of an ESP association, and its keys. NULL integrity is none.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an algorithm that is not here, an ICV that is not checked, and a second algorithm beside a combined mode;
    /// [`Error::Unsafe`] without cipher and combined mode; [`Error::Value`] and [`Error::KeyLength`] for an ICV's length. Key lengths are for the
    /// builder to check: a key that was not printed is one of 0 octets.
    pub fn esp(&self) -> Result<(Suite, Keys<'_>), Error> {
        match (&self.cipher, &self.combined) {
            (Some(_), Some(_)) => Err(Error::Unsupported(Field::Encryption)),
            (None, None) => Err(Error::Unsafe(Field::Encryption)),
            (Some(cipher), None) => {
                let integrity = match &self.integrity {
                    Some(keyed) if keyed.algorithm != Integrity::Null => Some(integrity(keyed)?),
                    _ => None,
                };
                let keys = Keys { encryption: octets(cipher), integrity: self.integrity.as_ref().map_or(&[], octets) };
                Ok((Suite::Esp { cipher: plain(cipher.algorithm)?, integrity }, keys))
            }
            (None, Some(keyed)) => {
                // An ICV that Wireshark steps over tells how long that of a combined mode is, as it was written before 2.0.
                let stepped_over = match &self.integrity {
                    Some(Keyed { algorithm: Integrity::Unchecked, icv_bits, .. }) => *icv_bits,
                    Some(Keyed { algorithm: Integrity::Null, .. }) | None => None,
                    Some(_) => return Err(Error::Unsupported(Field::Integrity)),
                };
                let aead = combined(keyed.algorithm, keyed.icv_bits.or(stepped_over).unwrap_or(128))?;
                Ok((Suite::EspCombined(aead), Keys { encryption: octets(keyed), integrity: &[] }))
            }
        }
    }

    /// The suite of an AH association, and its key.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an algorithm that is not here, and for a cipher or combined mode, which AH has not; [`Error::Unsafe`] without integrity;
    /// [`Error::Value`] and [`Error::KeyLength`] for an ICV's length.
    pub fn ah(&self) -> Result<(Suite, Keys<'_>), Error> {
        if self.cipher.is_some() || self.combined.is_some() {
            return Err(Error::Unsupported(Field::Encryption));
        }
        match &self.integrity {
            Some(keyed) if keyed.algorithm != Integrity::Null => {
                Ok((Suite::Ah(integrity(keyed)?), Keys { encryption: &[], integrity: octets(keyed) }))
            }
            _ => Err(Error::Unsafe(Field::Integrity)),
        }
    }
}

impl State {
    /// The sending end of this SA: what is printed of it, and for the rest what Linux does ([`Builder::linux`]). Lifetimes are not set, since they count from
    /// a time on the caller's clock: see [`xfrm::Lifetime::limits`](super::xfrm::Lifetime::limits). An SA without integrity is for the caller to allow
    /// ([`Builder::legacy_no_integrity`]). Sequence numbers end at their last one, whatever `oseq-may-wrap` says.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for other protocols than ESP and AH, other modes than transport and tunnel, TCP encapsulation, and those of
    /// [`Protection::esp`] and [`Protection::ah`]; [`Error::AddressFamily`] for ends of two IP versions; [`Error::DoesNotFit`] for padding of over 65,535 octets.
    pub fn sender(&self) -> Result<Builder<'_>, Error> {
        self.builder(Tunnel::new(self.source, self.destination)?)
    }

    /// The receiving end of this SA: see [`State::sender`].
    ///
    /// # Errors
    /// Those of [`State::sender`].
    pub fn receiver(&self) -> Result<Builder<'_>, Error> {
        self.builder(Tunnel::new(self.destination, self.source)?)
    }

    fn builder(&self, mut tunnel: Tunnel) -> Result<Builder<'_>, Error> {
        let is_esp = self.protocol == Protocol::ESP;
        let (suite, keys) = match self.protocol {
            Protocol::ESP => self.protection.esp()?,
            Protocol::AH => self.protection.ah()?,
            _ => return Err(Error::Unsupported(Field::SaProtocol)),
        };
        let spi = self.spi.ok_or(Error::Unsupported(Field::Spi))?;
        let mut builder = Builder::new(spi, suite, keys).esn(self.flags.contains(StateFlags::ESN));
        if let Some(pad) = self.tfc_pad.filter(|_| is_esp) {
            let needed = u32::from(u16::MAX);
            builder =
                builder.pad_to(u16::try_from(pad).map_err(|_| Error::DoesNotFit { field: Field::TfcPad, found: pad, needed })?);
        }
        if let Some(encapsulation) = self.encapsulation {
            let non_ike_marker = match encapsulation.kind {
                EncapsulationKind::Udp => false,
                EncapsulationKind::UdpNonIke => true,
                _ => return Err(Error::Unsupported(Field::Encapsulation)),
            };
            let (source_port, destination_port) = (encapsulation.source_port, encapsulation.destination_port);
            builder =
                builder.encapsulation(Encapsulation { source_port, destination_port, non_ike_marker, ..Encapsulation::new() });
        }
        builder = match self.mode {
            Mode::Transport => builder.linux(),
            Mode::Tunnel => {
                tunnel.copy_dscp_in = self.flags.contains(StateFlags::DECAP_DSCP);
                if self.flags.contains(StateFlags::NO_PMTU_DISCOVERY) {
                    tunnel.dont_fragment = DontFragment::Clear;
                }
                if self.extra_flags.contains(ExtraFlags::DONT_ENCAP_DSCP) {
                    tunnel.dscp = OuterDscp::Fixed(Dscp::default());
                }
                let builder = builder.tunnel(tunnel).linux();
                // The preset is for tunnels that have marks at all.
                tunnel.ecn = OuterEcn::NotEct;
                if self.flags.contains(StateFlags::NO_ECN) { builder.tunnel(tunnel) } else { builder }
            }
            _ => return Err(Error::Unsupported(Field::Mode)),
        };
        if self.flags.contains(StateFlags::ALIGN4) {
            builder = builder.ah_alignment(4);
        }
        Ok(match &self.replay {
            None => builder.replay_window(self.replay_window),
            Some(replay) => builder
                .replay_window(replay.size.unwrap_or(self.replay_window))
                .last_sent(replay.sent)
                .received(replay.received, &replay.bitmap),
        })
    }
}

impl super::xfrm::Lifetime {
    /// Soft and hard limits, as [`Builder::lifetimes`] takes them.
    #[must_use]
    pub fn limits(&self) -> (Limits, Limits) {
        use core::time::Duration;
        let of = |which: fn(&super::xfrm::Limit) -> Option<u64>| Limits {
            octets: which(&self.octets),
            packets: which(&self.packets),
            age: which(&self.added).map(Duration::from_secs),
            use_time: which(&self.used).map(Duration::from_secs),
        };
        (of(|limit| limit.soft), of(|limit| limit.hard))
    }
}

impl EspSa {
    /// The association with one of this line's SPIs. The table says nothing of modes and UDP: this is transport mode without UDP, which the caller changes.
    /// Sequence numbers start behind the upper 32 bits that the line gives; a line with such bits and no length is taken for one of 64 bits.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for an SPI that is not the line's, and those of [`Protection::esp`].
    pub fn builder(&self, spi: u32) -> Result<Builder<'_>, Error> {
        if !self.spi.matches(spi) {
            return Err(Error::Mismatch { field: Field::Spi, offset: 0, found: spi, needed: self.spi.value });
        }
        let (suite, keys) = self.protection.esp()?;
        let high = u64::from(self.sequence_high.unwrap_or(0));
        let esn = self.extended.unwrap_or(high > 0);
        let before = if esn { high << 32 } else { 0 };
        Ok(Builder::new(spi, suite, keys).esn(esn).last_sent(before).received(before, &[]))
    }
}

/// The key; a key that was not printed, and the null cipher's, is empty.
fn octets<A>(keyed: &Keyed<A>) -> &[u8] {
    keyed.key.as_ref().map_or(&[], super::Key::octets)
}

const fn plain(cipher: Cipher) -> Result<algorithm::Cipher, Error> {
    Ok(match cipher {
        Cipher::Null => algorithm::Cipher::Null,
        Cipher::DesCbc => algorithm::Cipher::DesCbc,
        Cipher::TripleDesCbc => algorithm::Cipher::TripleDesCbc,
        Cipher::AesCbc => algorithm::Cipher::AesCbc,
        Cipher::AesCtr => algorithm::Cipher::AesCtr,
        Cipher::Cast5Cbc
        | Cipher::BlowfishCbc
        | Cipher::TwofishCbc
        | Cipher::SerpentCbc
        | Cipher::CamelliaCbc
        | Cipher::Sm4Cbc
        | Cipher::Sm4Ctr => return Err(Error::Unsupported(Field::Encryption)),
    })
}

/// Without a length the ICV has the one that kernels have which print none: 96 bits for SHA-256 too, as a draft had it.
fn integrity(keyed: &Keyed<Integrity>) -> Result<algorithm::Integrity, Error> {
    let (mac, bits) = match keyed.algorithm {
        Integrity::HmacMd5 => (Mac::HmacMd5, 96),
        Integrity::HmacSha1 => (Mac::HmacSha1, 96),
        Integrity::HmacSha256 => (Mac::HmacSha256, 96),
        Integrity::HmacSha384 => (Mac::HmacSha384, 192),
        Integrity::HmacSha512 => (Mac::HmacSha512, 256),
        Integrity::HmacRipemd160 => (Mac::HmacRipemd160, 96),
        Integrity::AesXcbc => (Mac::AesXcbc, 96),
        Integrity::AesCmac => (Mac::AesCmac, 96),
        Integrity::Null | Integrity::HmacSm3 | Integrity::Unchecked => return Err(Error::Unsupported(Field::Integrity)),
    };
    algorithm::Integrity::new(mac, usize::from(whole(keyed.icv_bits.unwrap_or(bits))?))
}

fn combined(mode: Combined, bits: u16) -> Result<Aead, Error> {
    let len = whole(bits)?;
    let lens: &[(u16, Aead)] = match mode {
        Combined::AesGcm => &[(16, Aead::AES_GCM_16), (12, Aead::AES_GCM_12), (8, Aead::AES_GCM_8)],
        Combined::AesCcm => &[(16, Aead::AES_CCM_16), (12, Aead::AES_CCM_12), (8, Aead::AES_CCM_8)],
        Combined::AesGmac => &[(16, Aead::AES_GMAC)],
        Combined::ChaCha20Poly1305 => &[(16, Aead::CHACHA20_POLY1305)],
    };
    match lens.iter().find(|(of, _)| *of == len) {
        Some((_, aead)) => Ok(*aead),
        None => {
            let needed = lens.iter().map(|(of, _)| *of).min_by_key(|of| of.abs_diff(len)).unwrap_or(16);
            Err(Error::KeyLength { field: Field::IcvLen, found: u32::from(len), needed: u32::from(needed) })
        }
    }
}

/// Bits in octets.
const fn whole(bits: u16) -> Result<u16, Error> {
    if bits.is_multiple_of(8) {
        return Ok(bits / 8);
    }
    Err(Error::Value { field: Field::IcvLen, found: bits as u32, needed: (bits & !7) as u32 })
}

#[cfg(test)]
mod tests;
