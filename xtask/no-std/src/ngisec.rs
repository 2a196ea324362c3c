//! Framings without and with protection, and what a translation between the ends shows.

use core::convert::Infallible;
use core::hint::black_box;
use core::time::Duration;

use ip_wire::nat::{Endpoint, Rewrite};
use ip_wire::{PacketBuf, Protocol, ipv4};
use ipsec_wire::rand_core::{TryCryptoRng, TryRng};
use ipsec_wire::{Aead, Builder, Integrity, Keys, Suite};
use ngisec_wire::{Class, Error, Form, Receiver, Sender};

pub const CHECKS: [fn() -> bool; 2] = [wrapped, sealed];

const ROOM: usize = 160;

struct Zeros;

impl TryRng for Zeros {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        to.fill(0);
        Ok(())
    }
}

impl TryCryptoRng for Zeros {}

/// UDP from 1234 to 53 without a checksum, with four octets of data.
fn datagram() -> Result<[u8; 32], Error> {
    let mut octets = black_box([0u8; 32]);
    ipv4::Header::new([10, 1, 0, 1].into(), [10, 2, 0, 1].into(), Protocol::UDP, 12)?.emit(&mut octets)?;
    octets[20..26].copy_from_slice(&[4, 210, 0, 53, 0, 12]);
    octets[28..].copy_from_slice(b"data");
    Ok(octets)
}

fn buffer(octets: &[u8; 32]) -> Result<PacketBuf<[u8; 2 * ROOM + 32]>, Error> {
    let mut storage = [0; 2 * ROOM + 32];
    storage[ROOM..ROOM + 32].copy_from_slice(octets);
    Ok(PacketBuf::new(storage, ROOM, 32)?)
}

/// Each form around a packet and off it again.
fn wrapped() -> bool {
    Form::ALL.into_iter().all(|form| {
        let wrapped = || -> Result<bool, Error> {
            let original = datagram()?;
            let mut packet = buffer(&original)?;
            form.wrap(&mut packet)?;
            let len = packet.len();
            let observed = form.unwrap(&mut packet)?;
            Ok(len == 32 + form.duplicate_len(20, 8) && !observed.is_translated() && packet.octets()[28..] == original[28..])
        };
        wrapped().is_ok_and(|right| right)
    })
}

/// Sealed, translated, opened.
fn sealed() -> bool {
    let sealed = || -> Result<bool, Error> {
        let ah = Builder::new(0x1000, Suite::Ah(Integrity::HMAC_SHA1_96), Keys { encryption: &[], integrity: &[7; 20] });
        let esp = Builder::new(0x1001, Suite::EspCombined(Aead::AES_GCM_16), Keys { encryption: &[8; 20], integrity: &[] });
        let form = Form::DuplicateAppended;
        let mut sender: Sender = Sender::new(form, ah.outbound(&mut Zeros)?, esp.outbound(&mut Zeros)?)?;
        let mut receiver: Receiver = Receiver::new(form, ah.inbound()?, esp.inbound()?)?;
        let original = datagram()?;
        let mut packet = buffer(&original)?;
        sender.seal(Duration::ZERO, &mut packet)?;
        Rewrite::source(Endpoint::new([203, 0, 113, 1].into(), 40_000)).apply(packet.octets_mut())?;
        let class = Class::of(packet.octets(), |_| false)?;
        let observed = receiver.open(Duration::ZERO, &mut packet)?.observation;
        let (outer, inner) = (observed.outer.source_port(), observed.inner.source_port());
        Ok(packet.octets() == original && (outer, inner, class) == (Some(40_000), Some(1234), Class::Control))
    };
    sealed().is_ok_and(|right| right)
}
