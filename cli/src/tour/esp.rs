//! ESP in a tunnel.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;
use ipsec_wire::{Aead, Builder, Error, Inbound, Keys, Opened, Outbound, Suite, Tunnel};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;

use super::chain::{Buf, Refusal, Step, grouped};
use super::reasons;

/// The tunnel of ESP.
const NEAR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 210);
const FAR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 211);
const SPI: u32 = 0x1000;

/// Both ends of a tunnel with AES-128-GCM and extended sequence numbers.
pub(super) fn tunnel(rng: &mut ChaCha20Rng) -> Result<(Seal, Open)> {
    let mut key = [0; 20];
    rng.fill_bytes(&mut key);
    let keys = Keys { encryption: &key, integrity: &[] };
    let sa = || Builder::new(SPI, Suite::EspCombined(Aead::AES_GCM_16), keys).esn(true);
    let outbound = sa().tunnel(Tunnel::new(NEAR.into(), FAR.into())?).outbound(rng)?;
    let inbound = sa().tunnel(Tunnel::new(FAR.into(), NEAR.into())?).inbound()?;
    Ok((Seal(Box::new(outbound)), Open(Box::new(inbound))))
}

/// The sealing end.
pub(super) struct Seal(Box<Outbound>);

impl Step for Seal {
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
pub(super) struct Open(Box<Inbound>);

impl Step for Open {
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
