//! LLPF: sealed for the link, and filtered behind it.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::Result;
use llpf_wire::filter::{Config, Policy};
use llpf_wire::seal::{AfterLast, SenderPolicy};
use llpf_wire::{Algorithm, Error, Filter, HostId, KeyTable, Outer, Sender};
use rand_chacha::ChaCha20Rng;

use super::chain::{Buf, Refusal, Rules, Step, Traveller, grouped};
use super::reasons;

/// The gateway behind the link.
const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 201);
/// The gateway before it, where a packet's own source is of the other IP version.
const NEAR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 200);
const HOST: HostId = HostId(1);
/// Keys, each of which counts for a quarter of a minute, in turn for as long as the capture goes on.
const KEYS: u32 = 25;
const PERIOD: Duration = Duration::from_secs(15);
/// How far the gateways' clocks may be apart: further than packets that are taken at once.
const SKEW: Duration = Duration::from_secs(5);
/// Octets of the outer IPv4 header.
const OUTER_LEN: usize = 20;

/// Both ends.
pub(super) fn ends(rng: &mut ChaCha20Rng) -> Result<(Seal, Sieve)> {
    let table = || -> Result<KeyTable, Error> {
        let mut same = rng.clone();
        KeyTable::generate(Algorithm::HmacSha256, Duration::ZERO, PERIOD, KEYS, &mut same)
    };
    let mut filter = Filter::new(Config { policy: Policy::InPeriod { skew: SKEW }, wrap: true, ..Config::default() });
    filter.install(Duration::ZERO, HOST, &table()?)?;
    let outer = Outer { source: Some(IpAddr::V4(NEAR)), ..Outer::new(IpAddr::V4(GATEWAY)) };
    let policy = SenderPolicy { after_last: AfterLast::Wrap, ..SenderPolicy::default() };
    Ok((Seal(Sender::new(outer, policy, HOST, table()?)), Sieve(filter)))
}

/// The sending gateway.
pub(super) struct Seal(Sender);

impl Step for Seal {
    fn run(&mut self, times: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        grouped(times, packets, results, Error::State, reasons::llpf, |now, packets, found| {
            self.0.seal_batch(now, packets, found)
        });
    }

    fn refusal(&self) -> Refusal {
        Refusal::PassBy
    }

    fn check(&self, before: &[u8], after: &[u8]) -> Result<(), String> {
        let protocol = if before.first().is_some_and(|first| first >> 4 == 4) { 4 } else { 41 };
        let outer = after.get(9) == Some(&protocol) && after.get(16..20) == Some(&GATEWAY.octets());
        let around = after.get(OUTER_LEN..).and_then(|behind| behind.split_at_checked(before.len()));
        match around.filter(|_| outer) {
            Some((inner, trailer)) if inner == before && trailer.len() == llpf_wire::trailer::LEN => Ok(()),
            _ => Err("no outer header and trailer around it".into()),
        }
    }
}

/// The receiving gateway's filter.
pub(super) struct Sieve(Filter);

impl Step for Sieve {
    fn run(&mut self, times: &[Duration], packets: &mut [Buf], results: &mut [Result<(), String>]) {
        grouped(times, packets, results, Error::State, reasons::llpf, |now, packets, found| {
            self.0.filter_batch(now, packets, found)
        });
    }

    fn refusal(&self) -> Refusal {
        Refusal::Fault
    }

    fn check(&self, _: &[u8], _: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

/// What is sealed comes back later.
pub(super) struct Sealing;

impl Rules for Sealing {
    fn expected<'t>(&mut self, _: &'t Traveller) -> Option<Cow<'t, [u8]>> {
        None
    }

    fn arrive(&mut self, traveller: &mut Traveller, found: Vec<u8>) {
        traveller.plain = Some(std::mem::replace(&mut traveller.octets, found));
    }
}

/// What was sealed is what it was.
pub(super) struct Filtering;

impl Rules for Filtering {
    fn admits(&self, traveller: &Traveller) -> Result<(), &'static str> {
        if traveller.plain.is_some() { Ok(()) } else { Err("passed by LLPF seal") }
    }

    fn expected<'t>(&mut self, traveller: &'t Traveller) -> Option<Cow<'t, [u8]>> {
        Some(Cow::Borrowed(traveller.plain.as_deref().unwrap_or(&[])))
    }

    fn arrive(&mut self, traveller: &mut Traveller, found: Vec<u8>) {
        (traveller.octets, traveller.plain) = (found, None);
    }
}
