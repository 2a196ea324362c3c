//! The targets of NGISec.

use std::time::Duration;

use ip_wire::nat::Endpoint;
use ip_wire::{FlowKey, Ports, Protocol};
use ipsec_wire::rand_core::{TryCryptoRng, TryRng};
use ipsec_wire::{Aead, Builder, Integrity, Keys, PacketBuf, Suite};
use ngisec_wire::{Form, Limits, Observation, Receiver, ReverseNat, Sender};

const NOW: Duration = Duration::from_secs(1);
const ROOM: usize = 512;

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

fn builder(spi: u32, ah: bool) -> Builder<'static> {
    if ah {
        let keys = Keys { encryption: &[], integrity: &[7; 20] };
        return Builder::new(spi, Suite::Ah(Integrity::HMAC_SHA1_96), keys);
    }
    Builder::new(spi, Suite::EspCombined(Aead::AES_GCM_16), Keys { encryption: &[8; 20], integrity: &[] })
}

fn sender(form: Form, spi: u32) -> Sender {
    let end = |ah| builder(spi, ah).outbound(&mut Zeros).expect("it makes sense");
    Sender::new(form, end(true), end(false)).expect("AH and ESP")
}

fn receiver(form: Form, spi: u32) -> Receiver {
    let end = |ah| builder(spi, ah).inbound().expect("it makes sense");
    Receiver::new(form, end(true), end(false)).expect("AH and ESP")
}

fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0; ROOM];
    storage.extend(octets);
    storage.resize(storage.len() + ROOM, 0);
    PacketBuf::new(storage, ROOM, octets.len()).expect("the room is there")
}

/// Nothing opens that was not sealed; what can be sealed opens behind a translation, once.
pub fn ngisec_open(data: &[u8]) {
    let Some((&[pick, port], octets)) = data.split_first_chunk::<2>() else { return };
    let form = Form::ALL[usize::from(pick) % 4];
    let mut receiver = receiver(form, 0x1000);
    assert!(receiver.open(NOW, &mut buffer(octets)).is_err());
    let mut packet = buffer(octets);
    if sender(form, 0x1000).seal(NOW, &mut packet).is_err() {
        assert_eq!(packet.octets(), octets);
        return;
    }
    let address = ip_wire::ip::Packet::parse(octets).expect("it was sealed").source();
    let rewrite = ip_wire::nat::Rewrite::source(Endpoint::new(address, u16::from(port)));
    rewrite.apply(packet.octets_mut()).expect("ports are there");
    let mut again = buffer(packet.octets());
    let opened = receiver.open(NOW, &mut packet).expect("the ICV holds");
    assert_eq!(opened.observation.outer.source_port(), Some(u16::from(port)));
    assert!(receiver.open(NOW, &mut again).is_err());
}

/// A duplicate in clear is taken whole or refused with the packet as it was.
pub fn appended_trailer(data: &[u8]) {
    for form in Form::ALL {
        let mut packet = buffer(data);
        match form.unwrap(&mut packet) {
            Ok(_) => assert!(ip_wire::Flow::from_ip(packet.octets()).is_ok()),
            Err(error) => {
                assert!(!error.to_string().is_empty());
                assert!(data.starts_with(packet.octets()));
            }
        }
        let mut packet = buffer(data);
        if form.wrap(&mut packet).is_ok() {
            form.unwrap(&mut packet).expect("it was wrapped");
        }
    }
}

/// A table never grows over its limit, and what it was told last it knows.
pub fn nat_observer(data: &[u8]) {
    let mut table = ReverseNat::new(Limits { flows: 8, idle: Duration::from_secs(20) });
    let mut now = Duration::ZERO;
    let key = |last: u8| {
        let ports = Ports::Pair { source: u16::from(last), destination: 80 };
        FlowKey::new([10, 0, 0, 1].into(), [10, 0, 0, 2].into(), Protocol::UDP, ports).expect("one version")
    };
    for [step, inner, outer] in data.as_chunks::<3>().0 {
        now += Duration::from_secs(u64::from(step >> 3));
        let observation = Observation { inner: key(inner % 16), outer: key(outer % 16) };
        match step % 4 {
            0 | 1 => {
                if table.learn(now, &observation).is_ok() {
                    assert!(table.pairs().has_inner(&observation.inner.reversed()));
                    assert!(table.pairs().has_outer(&observation.outer.reversed()));
                }
            }
            2 => {
                let found = table.pairs_mut().inner_of(now, &observation.outer);
                assert_eq!(found.is_some(), table.pairs().has_outer(&observation.outer.reversed()));
            }
            _ => {
                table.pairs_mut().expire(now);
            }
        }
        assert!(table.pairs().len() <= 8);
    }
}
