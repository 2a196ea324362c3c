//! The targets of AH and ESP.

use std::net::IpAddr;
use std::time::Duration;

use ipsec_wire::ah::{self, End, covered};
use ipsec_wire::algorithm::{Cipher, Integrity};
use ipsec_wire::audit::Record;
use ipsec_wire::esp::{Layout, Trailer};
use ipsec_wire::natt::{Encapsulation, Payload};
use ipsec_wire::rand_core::{TryCryptoRng, TryRng};
use ipsec_wire::{Aead, Builder, Error, Inbound, Keys, Opened, Outbound, PacketBuf, Suite, Tunnel};

const NOW: Duration = Duration::from_secs(1);
const ROOM: usize = 256;

struct Zeros;

impl TryRng for Zeros {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
        to.fill(0);
        Ok(())
    }
}

impl TryCryptoRng for Zeros {}

const SUITES: [Suite; 10] = [
    Suite::Esp { cipher: Cipher::Null, integrity: Some(Integrity::HMAC_MD5_96) },
    Suite::Esp { cipher: Cipher::AesCbc, integrity: Some(Integrity::HMAC_SHA1_96) },
    Suite::Esp { cipher: Cipher::AesCtr, integrity: Some(Integrity::AES_XCBC_96) },
    Suite::EspCombined(Aead::AES_GCM_16),
    Suite::EspCombined(Aead::AES_CCM_8),
    Suite::EspCombined(Aead::AES_GMAC),
    Suite::EspCombined(Aead::CHACHA20_POLY1305),
    Suite::Ah(Integrity::HMAC_SHA1_96),
    Suite::Ah(Integrity::HMAC_SHA256_128),
    Suite::Ah(Integrity::AES_GMAC),
];

/// Both ends of an association by three octets of the input.
fn pair(pick: u8, mode: u8, options: u8) -> (Outbound, Inbound) {
    let suite = SUITES[usize::from(pick) % SUITES.len()];
    let key = [7u8; 64];
    let (encryption, integrity) = match suite {
        Suite::Ah(integrity) => (0, integrity.mac().key_lens()[0]),
        Suite::Esp { cipher, integrity } => (cipher.key_lens()[0], integrity.map_or(0, |it| it.mac().key_lens()[0])),
        Suite::EspCombined(aead) => (aead.key_lens()[0], 0),
    };
    let keys = Keys { encryption: &key[..encryption], integrity: &key[..integrity] };
    let is_ah = matches!(suite, Suite::Ah(_));
    let mut builder = Builder::new(0x1000, suite, keys).esn(options & 1 != 0).ah_alignment(if options & 2 != 0 { 8 } else { 4 });
    builder = builder.protect_destination_options(options & 4 != 0);
    if options & 8 != 0 && !is_ah {
        builder = builder.encapsulation(Encapsulation { non_ike_marker: options & 16 != 0, ..Encapsulation::new() });
    }
    let ends: Option<(IpAddr, IpAddr)> = match mode % 3 {
        0 => None,
        1 => Some(([192, 0, 2, 1].into(), [192, 0, 2, 2].into())),
        _ => Some(([1u16; 8].into(), [2u16; 8].into())),
    };
    let end = |sender: bool| match ends {
        None => builder,
        Some((near, far)) if sender => builder.tunnel(Tunnel::new(near, far).expect("one version")),
        Some((near, far)) => builder.tunnel(Tunnel::new(far, near).expect("one version")),
    };
    (end(true).outbound(&mut Zeros).expect("it makes sense"), end(false).inbound().expect("it makes sense"))
}

fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0; ROOM];
    storage.extend(octets);
    storage.resize(storage.len() + ROOM, 0);
    PacketBuf::new(storage, ROOM, octets.len()).expect("the room is there")
}

fn check(error: &Error, len: usize) {
    if let Some(offset) = error.offset() {
        assert!(offset as usize <= len, "{error:?} in {len} octets");
    }
    assert!(!error.to_string().is_empty());
    let _ = error.reaction();
}

/// What AH covers of a packet is as long as the packet, whatever stands in it, and the sender's and the receiver's view of a packet at its end agree.
pub fn ah_parse(data: &[u8]) {
    let Ok(packet) = ip_wire::ip::Packet::parse(data) else { return };
    let whole = &data[..packet.len()];
    let Ok(upper) = packet.upper_layer() else { return };
    let at = upper.offset as usize;
    let icv_len = match ah::View::parse(upper.octets) {
        Ok(view) => view.icv().len(),
        Err(_) => return,
    };
    let view_of = |end: End| {
        let mut all = Vec::new();
        covered(whole, at, (0, icv_len), Some(1), end, &mut |piece| all.extend_from_slice(piece)).map(|()| all)
    };
    match (view_of(End::Receiver), view_of(End::Sender)) {
        (Ok(receiver), Ok(sender)) => {
            assert_eq!((receiver.len(), sender.len()), (whole.len() + 4, whole.len() + 4));
            assert_eq!(receiver[at..], sender[at..]);
        }
        (receiver, sender) => {
            [receiver, sender].iter().filter_map(|it| it.as_ref().err()).for_each(|error| check(error, data.len()))
        }
    }
}

/// No association opens what it did not seal; an error leaves the headers for an audit record; parts and trailer are those of the octets.
pub fn esp_open(data: &[u8]) {
    let Some((&[pick, mode, options], octets)) = data.split_first_chunk::<3>() else { return };
    let (outbound, mut inbound) = pair(pick % 7, mode, options);
    let _ = Payload::parse(octets);
    let layout = Layout::new(outbound.suite());
    if let Ok(parts) = layout.split(octets) {
        assert_eq!(8 + parts.iv.len() + parts.ciphertext.len() + parts.icv.len(), octets.len());
        if let Ok(trailer) = Trailer::parse(parts.ciphertext) {
            assert_eq!(trailer.payload().len() + trailer.padding().len() + 2, parts.ciphertext.len());
        }
    }
    refused(&mut inbound, octets);
}

/// The same for AH.
pub fn ah_open(data: &[u8]) {
    let Some((&[pick, mode, options], octets)) = data.split_first_chunk::<3>() else { return };
    let (_, mut inbound) = pair(7 + pick % 3, mode, options);
    refused(&mut inbound, octets);
}

fn refused(inbound: &mut Inbound, octets: &[u8]) {
    let mut packet = buffer(octets);
    let before = Record::new(NOW, octets, Error::Authentication);
    let error = inbound.open(NOW, &mut packet).expect_err("nobody sealed it");
    check(&error, octets.len());
    assert_eq!((packet.len(), inbound.window().highest()), (octets.len(), 0));
    assert_eq!(Record::new(NOW, packet.octets(), Error::Authentication), before);
}

/// Whatever can be sealed opens to what it was, and not a second time, nor with any octet changed that is not mutable.
pub fn seal_open_roundtrip(data: &[u8]) {
    let Some((&[pick, mode, options, change], octets)) = data.split_first_chunk::<4>() else { return };
    let (mut outbound, mut inbound) = pair(pick, mode, options);
    let mut packet = buffer(octets);
    if let Err(error) = outbound.seal(NOW, &mut packet) {
        check(&error, octets.len());
        assert_eq!((packet.octets(), outbound.last_sent()), (octets, 0));
        return;
    }
    let sealed = packet.octets().to_vec();
    let len = ip_wire::ip::Packet::parse(octets).expect("it was sealed").len();
    let mut forged = buffer(&sealed);
    let at = sealed.len() - 1 - usize::from(change) % 12;
    forged.octets_mut()[at] ^= 1;
    assert!(inbound.open(NOW, &mut forged).is_err());
    match inbound.open(NOW, &mut packet) {
        Ok(Opened::Packet(accepted)) => {
            assert_eq!(accepted.sequence, 1);
            // Only a transport header's checksum is made anew.
            let mut expected = octets[..len].to_vec();
            if mode % 3 == 0 && expected[0] >> 4 == 4 {
                ip_wire::ipv4::ViewMut::parse(&mut expected).expect("it was sealed").fill_checksum();
            }
            assert_eq!(packet.octets(), expected);
            assert_eq!(inbound.open(NOW, &mut buffer(&sealed)), Err(Error::Replayed { sequence: 1 }));
        }
        // A packet with next header 59 looks like a dummy; routes under way arrive nowhere yet; a mark that its transport does not take.
        Ok(Opened::Dummy { .. }) => assert_eq!(mode % 3, 0),
        Err(error) => assert!(matches!(error, Error::Mismatch { .. } | Error::Authentication), "{error:?}"),
    }
}
