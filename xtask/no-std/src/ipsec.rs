//! Seals and opens packets with one association, single and in a batch.

use core::convert::Infallible;
use core::hint::black_box;
use core::time::Duration;

use ipsec_wire::rand_core::{TryCryptoRng, TryRng};
use ipsec_wire::{Aead, Builder, Cipher, Error, Inbound, Integrity, Keys, Opened, Outbound, PacketBuf, Suite};

/// What is to be right.
pub(crate) const CHECKS: [fn() -> bool; 3] = [seals_and_opens_gcm, seals_and_opens_a_batch, refuses_a_forged_ah];

const NOW: Duration = Duration::ZERO;

/// A UDP packet of 32 octets.
static PACKET: [u8; 32] = [
    0x45, 0, 0, 32, 0, 0, 0x40, 0, 64, 17, 0xb6, 0xc9, 192, 0, 2, 1, 192, 0, 2, 2, 0x0f, 0xa1, 0x0f, 0xa0, 0, 12, 0, 0, 1, 2, 3,
    4,
];

struct Counter(u8);

impl TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0 = self.0.wrapping_add(1);
        Ok(u32::from(self.0))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(1);
        Ok(u64::from(self.0))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        for octet in to {
            self.0 = self.0.wrapping_add(1);
            *octet = self.0;
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

fn ends(suite: Suite, keys: Keys<'_>) -> Result<(Outbound, Inbound), Error> {
    let builder = Builder::new(black_box(0x1000), suite, keys);
    Ok((builder.outbound(&mut Counter(0))?, builder.inbound()?))
}

fn packet(room: &mut [u8]) -> Result<PacketBuf<&mut [u8]>, Error> {
    let mut packet = PacketBuf::empty(room, 64)?;
    packet.append(black_box(&PACKET))?;
    Ok(packet)
}

fn seals_and_opens_gcm() -> bool {
    let check = || -> Result<bool, Error> {
        let (mut outbound, mut inbound) =
            ends(Suite::EspCombined(Aead::AES_GCM_16), Keys { encryption: &[7; 20], integrity: &[] })?;
        let mut room = [0; 192];
        let mut packet = packet(&mut room)?;
        outbound.seal(NOW, &mut packet)?;
        let hidden = packet.octets() != PACKET;
        Ok(hidden && matches!(inbound.open(NOW, &mut packet)?, Opened::Packet(_)) && packet.octets() == PACKET)
    };
    check() == Ok(true)
}

fn seals_and_opens_a_batch() -> bool {
    let check = || -> Result<bool, Error> {
        let suite = Suite::Esp { cipher: Cipher::AesCbc, integrity: Some(Integrity::HMAC_SHA1_96) };
        let (mut outbound, mut inbound) = ends(suite, Keys { encryption: &[7; 16], integrity: &[9; 20] })?;
        let (mut one, mut two) = ([0; 192], [0; 192]);
        let mut packets = [packet(&mut one)?, packet(&mut two)?];
        let mut sealed = [Err(Error::Authentication); 2];
        outbound.seal_batch(NOW, &mut packets, &mut sealed)?;
        let mut opened = [Err(Error::Authentication); 2];
        inbound.open_batch(NOW, &mut packets, &mut opened)?;
        Ok(sealed.iter().all(Result::is_ok)
            && opened.iter().all(Result::is_ok)
            && packets.iter().all(|packet| packet.octets() == PACKET))
    };
    check() == Ok(true)
}

fn refuses_a_forged_ah() -> bool {
    let check = || -> Result<bool, Error> {
        let (mut outbound, mut inbound) =
            ends(Suite::Ah(Integrity::HMAC_SHA256_128), Keys { encryption: &[], integrity: &[9; 32] })?;
        let mut room = [0; 192];
        let mut packet = packet(&mut room)?;
        outbound.seal(NOW, &mut packet)?;
        if let Some(last) = packet.octets_mut().last_mut() {
            *last ^= 1;
        }
        Ok(inbound.open(NOW, &mut packet) == Err(Error::Authentication))
    };
    check() == Ok(true)
}
