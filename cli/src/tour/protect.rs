//! What comes in pairs with nothing between: ESP, NGISec around a translation, 6to4.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use anyhow::Result;
use ipsec_wire::{Aead, Builder, Error, Inbound, Integrity, Keys, Opened, Outbound, Suite, Tunnel};
use ngisec_wire::{Form, Limits, Receiver, Sender, Translator};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use sixtofour::router::MAX_MTU;
use sixtofour::{Policy, Router};

use super::chain::{Buf, Refusal, Rules, Step, Traveller, grouped};
use super::reasons;
use crate::ngisec::translate;

/// What went in comes out.
pub(super) struct Same;

impl Rules for Same {
    fn expected<'t>(&mut self, traveller: &'t Traveller) -> Option<Cow<'t, [u8]>> {
        Some(Cow::Borrowed(&traveller.octets))
    }
}

/// The tunnel of ESP.
const NEAR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 210);
const FAR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 211);
const SPI: u32 = 0x1000;

/// Both ends of a tunnel with AES-128-GCM and extended sequence numbers.
pub(super) fn tunnel(rng: &mut ChaCha20Rng) -> Result<(EspSeal, EspOpen)> {
    let mut key = [0; 20];
    rng.fill_bytes(&mut key);
    let keys = Keys { encryption: &key, integrity: &[] };
    let sa = || Builder::new(SPI, Suite::EspCombined(Aead::AES_GCM_16), keys).esn(true);
    let outbound = sa().tunnel(Tunnel::new(NEAR.into(), FAR.into())?).outbound(rng)?;
    let inbound = sa().tunnel(Tunnel::new(FAR.into(), NEAR.into())?).inbound()?;
    Ok((EspSeal(Box::new(outbound)), EspOpen(Box::new(inbound))))
}

/// The sealing end.
pub(super) struct EspSeal(Box<Outbound>);

impl Step for EspSeal {
    fn run(&mut self, times: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        grouped(times, packets, results, Error::Authentication, reasons::ipsec, |now, packets, found| {
            self.0.seal_batch(now, packets, found)
        });
    }

    fn refusal(&self) -> Refusal {
        Refusal::PassBy
    }

    fn check(&self, before: &[u8], after: &[u8]) -> Result<(), String> {
        let is_esp = after.get(9) == Some(&50) && after.get(16..20) == Some(&FAR.octets());
        if !is_esp || after.get(20..24) != Some(&SPI.to_be_bytes()) {
            return Err("no ESP packet of the tunnel's".into());
        }
        if before.len() >= 20 && after.windows(before.len()).any(|window| window == before) {
            return Err("the packet is in it in clear".into());
        }
        Ok(())
    }
}

/// The opening end.
pub(super) struct EspOpen(Box<Inbound>);

impl Step for EspOpen {
    fn run(&mut self, times: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        grouped(
            times,
            packets,
            results,
            Error::Authentication,
            reasons::ipsec,
            |now, packets, found: &mut [Result<Opened, _>]| self.0.open_batch(now, packets, found),
        );
    }

    fn refusal(&self) -> Refusal {
        Refusal::Fault
    }

    fn check(&self, _: &[u8], _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

const AH_SPI: u32 = 0x2000;
const ESP_SPI: u32 = 0x2001;
/// The translation's addresses outside, and its first port.
const OUTSIDE4: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 77);
const OUTSIDE6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0x77, 0, 0, 0, 0, 77);
const FIRST_PORT: u16 = 10_000;

/// Both ends of a channel with AH and ESP whose packets have both headers twice.
pub(super) fn channel(rng: &mut ChaCha20Rng) -> Result<(NgisecSeal, NgisecOpen)> {
    let (mut ah, mut esp) = ([0; 20], [0; 20]);
    rng.fill_bytes(&mut ah);
    rng.fill_bytes(&mut esp);
    let ah = Builder::new(AH_SPI, Suite::Ah(Integrity::HMAC_SHA1_96), Keys { encryption: &[], integrity: &ah });
    let esp = Builder::new(ESP_SPI, Suite::EspCombined(Aead::AES_GCM_16), Keys { encryption: &esp, integrity: &[] });
    let form = Form::DuplicateEncapsulating;
    let sender = Sender::new(form, ah.outbound(rng)?, esp.outbound(rng)?)?;
    let receiver = Receiver::new(form, ah.inbound()?, esp.inbound()?)?;
    Ok((NgisecSeal(Box::new(sender)), NgisecOpen(Box::new(receiver))))
}

/// The sealing end.
pub(super) struct NgisecSeal(Box<Sender>);

impl Step for NgisecSeal {
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
        let is_sealed = ngisec_wire::channel::spi_of(after) == Some(AH_SPI);
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

    fn check(&self, _: &[u8], after: &[u8]) -> Result<(), String> {
        match source(after) {
            Some(address) if address == OUTSIDE4.octets() || address == OUTSIDE6.octets() => Ok(()),
            _ => Err("the source is not the translation's".into()),
        }
    }
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
pub(super) struct NgisecOpen(Box<Receiver>);

impl Step for NgisecOpen {
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

/// The two 6to4 routers.
const SITE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 4);
const RELAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 5);

/// A router that sends packets for native addresses to a relay, and that relay. They check no addresses: a capture has those of anybody.
pub(super) fn routers() -> Result<(Encapsulate, Decapsulate)> {
    let mut near = Router::new(SITE, Policy::CODEC)?;
    near.relay = Some(RELAY);
    near.set_mtu(MAX_MTU)?;
    Ok((Encapsulate(near, 0), Decapsulate(Router::new(RELAY, Policy::CODEC)?)))
}

/// Another router, which takes only packets that are sent to it.
#[cfg(test)]
pub(super) fn relay_of(address: Ipv4Addr) -> Decapsulate {
    Decapsulate(Router::new(address, Policy { consistency: true, ..Policy::CODEC }).unwrap())
}

/// Packets for 6to4 are those of IPv6.
pub(super) struct Ipv6Only;

impl Rules for Ipv6Only {
    fn admits(&self, traveller: &Traveller) -> Result<(), &'static str> {
        if traveller.octets.first().is_some_and(|first| first >> 4 == 6) { Ok(()) } else { Err("IPv4") }
    }

    fn expected<'t>(&mut self, traveller: &'t Traveller) -> Option<Cow<'t, [u8]>> {
        Same.expected(traveller)
    }
}

/// The site's router, and its next identification.
pub(super) struct Encapsulate(Router<'static>, u16);

impl Step for Encapsulate {
    fn run(&mut self, _: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        for (packet, result) in packets.iter_mut().zip(results) {
            match self.0.encapsulate(packet, self.1) {
                Ok(_) => self.1 = self.1.wrapping_add(1),
                Err(error) => *result = Err(reason(&error)),
            }
        }
    }

    fn refusal(&self) -> Refusal {
        Refusal::PassBy
    }

    fn check(&self, before: &[u8], after: &[u8]) -> Result<(), String> {
        // RFC 3056 5.3: V4ADDR of the destination, which is behind 2002.
        let end = match before.get(24..30) {
            Some([0x20, 0x02, v4addr @ ..]) => v4addr,
            _ => &RELAY.octets(),
        };
        let header = after.get(9) == Some(&41) && after.get(12..16) == Some(&SITE.octets()) && after.get(16..20) == Some(end);
        if header && after.get(20..) == Some(before) {
            Ok(())
        } else {
            Err("no IPv4 header to the tunnel's end before it".into())
        }
    }
}

/// The relay.
pub(super) struct Decapsulate(Router<'static>);

impl Step for Decapsulate {
    fn run(&mut self, _: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        for (packet, result) in packets.iter_mut().zip(results) {
            if let Err(error) = self.0.decapsulate(packet) {
                *result = Err(reason(&error));
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

fn reason(error: &sixtofour::Error) -> String {
    match error {
        sixtofour::Error::Ip(error) => reasons::ip(error),
        other => other.reason().name().into(),
    }
}

/// Octets that a step of these may need before and behind a packet.
pub(super) const ROOM: (usize, usize) = (crate::ngisec::ROOM, 128);
