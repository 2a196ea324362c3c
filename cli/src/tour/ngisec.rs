//! NGISec, and a translation between its ends.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use anyhow::Result;
use ip_wire::Protocol;
use ip_wire::ip::Packet;
use ipsec_wire::{Aead, Builder, Integrity, Keys, Suite};
use ngisec_wire::{Form, Limits, Receiver, Sender, Translator};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;

use super::chain::{Buf, Refusal, Step};
use super::reasons;
use crate::ngisec::translate;

const AH_SPI: u32 = 0x2000;
const ESP_SPI: u32 = 0x2001;
/// The translation's addresses outside, and its first port.
const OUTSIDE4: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 77);
const OUTSIDE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x77, 0, 0, 0, 0, 77);
const FIRST_PORT: u16 = 10_000;

/// Both ends of a channel with AH and ESP whose packets have both headers twice.
pub(super) fn channel(rng: &mut ChaCha20Rng) -> Result<(Seal, Open)> {
    let (mut ah, mut esp) = ([0; 20], [0; 20]);
    rng.fill_bytes(&mut ah);
    rng.fill_bytes(&mut esp);
    let ah = Builder::new(AH_SPI, Suite::Ah(Integrity::HMAC_SHA1_96), Keys { encryption: &[], integrity: &ah });
    let esp = Builder::new(ESP_SPI, Suite::EspCombined(Aead::AES_GCM_16), Keys { encryption: &esp, integrity: &[] });
    let form = Form::DuplicateEncapsulating;
    let sender = Sender::new(form, ah.outbound(rng)?, esp.outbound(rng)?)?;
    let receiver = Receiver::new(form, ah.inbound()?, esp.inbound()?)?;
    Ok((Seal(Box::new(sender)), Open(Box::new(receiver))))
}

/// The sealing end.
pub(super) struct Seal(Box<Sender>);

impl Step for Seal {
    fn run(&mut self, times: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        for ((packet, time), result) in packets.iter_mut().zip(times).zip(results) {
            if let Err(error) = self.0.seal(*time, packet) {
                *result = Err(reasons::ngisec(&error));
            }
        }
    }

    fn refusal(&self) -> Refusal {
        Refusal::PassBy
    }

    fn check(&self, before: &[u8], after: &[u8]) -> Result<(), String> {
        let is_sealed =
            behind_transport(after).is_some_and(|ah| ah.first() == Some(&50) && ah.get(4..8) == Some(&AH_SPI.to_be_bytes()));
        let addresses = |octets: &[u8]| source(octets).map(<[u8]>::to_vec);
        if is_sealed && addresses(before) == addresses(after) && after.len() > before.len() {
            Ok(())
        } else {
            Err("no packet of the channel's".into())
        }
    }
}

/// A translation on the way.
pub(super) struct Nat {
    four: Translator,
    six: Translator,
}

impl Nat {
    pub(super) fn new() -> Self {
        Self::with_limits(Limits::default())
    }

    /// A translation of few flows or many.
    pub(super) fn with_limits(limits: Limits) -> Self {
        let to = |address| Translator::new(address, (FIRST_PORT, u16::MAX), limits);
        Self { four: to(IpAddr::V4(OUTSIDE4)), six: to(IpAddr::V6(OUTSIDE6)) }
    }
}

impl Step for Nat {
    fn run(&mut self, times: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        for ((packet, time), result) in packets.iter_mut().zip(times).zip(results) {
            let is_v4 = packet.octets().first().is_some_and(|first| first >> 4 == 4);
            let translator = if is_v4 { &mut self.four } else { &mut self.six };
            if let Err(error) = translate(translator, *time, packet.octets_mut()) {
                *result = Err(reasons::ngisec(&error));
            }
        }
    }

    fn refusal(&self) -> Refusal {
        Refusal::Discard
    }

    fn check(&self, before: &[u8], after: &[u8]) -> Result<(), String> {
        match source(after) {
            Some(address) if address != OUTSIDE4.octets() && address != OUTSIDE6.octets() => {
                Err("the source is not the translation's".into())
            }
            Some(_) if before.len() == after.len() => Ok(()),
            _ => Err("the packet has another length".into()),
        }
    }
}

/// What stands behind the transport header in clear.
fn behind_transport(octets: &[u8]) -> Option<&[u8]> {
    let upper = Packet::parse(octets).ok()?.upper_layer().ok()?;
    let len = if upper.protocol == Protocol::TCP { upper.octets.get(12)?.checked_shr(4)?.checked_mul(4)? } else { 8 };
    upper.octets.get(usize::from(len)..)
}

/// The source in an IP header.
fn source(octets: &[u8]) -> Option<&[u8]> {
    match octets.first().map(|first| first >> 4) {
        Some(4) => octets.get(12..16),
        Some(6) => octets.get(8..24),
        _ => None,
    }
}

/// The opening end.
pub(super) struct Open(Box<Receiver>);

impl Step for Open {
    fn run(&mut self, times: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        for ((packet, time), result) in packets.iter_mut().zip(times).zip(results) {
            match self.0.open(*time, packet) {
                Ok(opened) => {
                    let outside = opened.observation.outer.source();
                    if outside != IpAddr::V4(OUTSIDE4) && outside != IpAddr::V6(OUTSIDE6) {
                        *result = Err(format!("seen as coming from {outside}"));
                    }
                }
                Err(error) => *result = Err(reasons::ngisec(&error)),
            }
        }
    }

    fn refusal(&self) -> Refusal {
        Refusal::Fault
    }

    fn check(&self, _: &[u8], _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}
