//! 6to4: a site's router, and the relay that it sends to.

use std::borrow::Cow;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::Result;
use sixtofour::router::MAX_MTU;
use sixtofour::{Policy, Router};

use super::chain::{Buf, Refusal, Rules, Same, Step, Traveller};
use super::reasons;

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
