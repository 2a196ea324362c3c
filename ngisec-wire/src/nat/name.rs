//! Names of flows as tables have them, read from usual packets in one pass and written back with checksums that change by what was computed before.

use core::net::IpAddr;

use ip_wire::checksum::Delta;
use ip_wire::{FlowKey, Ports, Protocol, tcp};

use crate::classify::FTP_CONTROL;

/// A flow's addresses as numbers, and everything else in one word: `number << 24 | protocol << 16 | kind << 8 | version`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    source: [u64; 2],
    destination: [u64; 2],
    rest: u64,
}

/// The kind of a port pair.
const PAIR: u64 = 1;

const fn rest(number: u32, protocol: Protocol, kind: u64, version: u64) -> u64 {
    ((number as u64) << 24) | ((protocol.0 as u64) << 16) | (kind << 8) | version
}

impl Name {
    pub(super) fn of(key: &FlowKey) -> Self {
        let (kind, number) = match key.ports() {
            Ports::Pair { source, destination } => (PAIR, (u32::from(source) << 16) | u32::from(destination)),
            Ports::Identifier(identifier) => (2, u32::from(identifier)),
            Ports::Spi(spi) => (3, spi),
            Ports::InFirstFragment => (4, 0),
            _ => (5, 0),
        };
        let version = if key.source().is_ipv4() { 4 } else { 6 };
        Self {
            source: words(key.source()),
            destination: words(key.destination()),
            rest: rest(number, key.protocol(), kind, version),
        }
    }

    /// The name of the answers.
    #[inline]
    pub(super) const fn reversed(&self) -> Self {
        let [_, kind, protocol, d0, d1, s0, s1, _] = self.rest.to_le_bytes();
        let rest = if kind as u64 == PAIR {
            u64::from_le_bytes([self.rest.to_le_bytes()[0], kind, protocol, s0, s1, d0, d1, 0])
        } else {
            self.rest
        };
        Self { source: self.destination, destination: self.source, rest }
    }

    /// A hash that whoever does not know the keys can't make collide by choice.
    #[inline]
    pub(super) const fn hash(&self, [a, b, c, d]: &[u64; 4]) -> u64 {
        let ([s0, s1], [d0, d1]) = (self.source, self.destination);
        if self.rest & 0xff == 4 {
            return fold((s1 << 32 | d1) ^ *a, self.rest ^ *b);
        }
        let source = fold(s0 ^ *a, s1 ^ *b);
        let destination = fold(d0 ^ *c, d1 ^ *d);
        fold(source ^ self.rest, destination ^ *a)
    }

    const fn ports(&self) -> u32 {
        let [_, _, _, a, b, c, d, _] = self.rest.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }
}

/// Both halves of a product.
#[inline]
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128).wrapping_mul(b as u128).to_le_bytes();
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = product;
    u64::from_le_bytes([a, b, c, d, e, f, g, h]) ^ u64::from_le_bytes([i, j, k, l, m, n, o, p])
}

const fn words(address: IpAddr) -> [u64; 2] {
    match address {
        IpAddr::V4(address) => [0, address.to_bits() as u64],
        IpAddr::V6(address) => split(&address.octets()),
    }
}

#[inline]
const fn split(octets: &[u8; 16]) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *octets;
    [u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes([i, j, k, l, m, n, o, p])]
}

/// What checksums change by where a packet of one flow becomes one of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Change {
    addresses: Delta,
    transport: Delta,
}

impl Change {
    /// `None` if a flow has no ports, or they are not of one version: then [`ip_wire::nat::Rewrite`] has its say.
    pub(super) fn between(from: &FlowKey, to: &FlowKey) -> Option<Self> {
        let word = |from: Option<u16>, to: Option<u16>| Some(Delta::new().word(from?, to?));
        let source = address(from.source(), to.source())?;
        let addresses = source.and(address(from.destination(), to.destination())?);
        let ports = word(from.source_port(), to.source_port())?.and(word(from.destination_port(), to.destination_port())?);
        Some(Self { addresses, transport: ports.and(addresses) })
    }
}

fn address(from: IpAddr, to: IpAddr) -> Option<Delta> {
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => Some(Delta::new().long(from.to_bits(), to.to_bits())),
        (IpAddr::V6(from), IpAddr::V6(to)) => Some(Delta::new().address(from.to_bits(), to.to_bits())),
        _ => None,
    }
}

/// A whole TCP or UDP packet without IP options or extension headers: nearly every one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usual {
    pub(super) name: Name,
    is_udp: bool,
}

const V4: usize = 20;
const V6: usize = 40;
/// Where the checksums are in TCP's and UDP's headers, which must go as far; and TCP's flags.
const TCP_CHECKSUM: usize = 16;
const TCP_FLAGS: usize = 13;
const UDP_CHECKSUM: usize = 6;

impl Usual {
    /// Reads the packet; `None` for any other than the usual, right or wrong. Always inlined: a name that goes through memory would be loaded before it is stored.
    #[inline(always)]
    pub(super) fn read(packet: &[u8]) -> Option<Self> {
        match packet.first()? {
            0x45 => Self::read_v4(packet),
            0x60..=0x6f => Self::read_v6(packet),
            _ => None,
        }
    }

    #[inline(always)]
    fn read_v4(packet: &[u8]) -> Option<Self> {
        let h: &[u8; V4 + 8] = packet.first_chunk()?;
        let len = usize::from(u16::from_be_bytes([h[2], h[3]]));
        let is_udp = kind(h[9])?;
        let whole = u16::from_be_bytes([h[6], h[7]]) & 0x3fff == 0;
        if !whole || len > packet.len() || len < V4.saturating_add(least(is_udp)) {
            return None;
        }
        let number = u32::from_be_bytes([h[20], h[21], h[22], h[23]]);
        let name = Name {
            source: [0, u64::from(u32::from_be_bytes([h[12], h[13], h[14], h[15]]))],
            destination: [0, u64::from(u32::from_be_bytes([h[16], h[17], h[18], h[19]]))],
            rest: rest(number, Protocol(h[9]), PAIR, 4),
        };
        Some(Self { name, is_udp })
    }

    #[inline(always)]
    fn read_v6(packet: &[u8]) -> Option<Self> {
        let (h, payload): (&[u8; V6], _) = packet.split_first_chunk()?;
        let len = usize::from(u16::from_be_bytes([h[4], h[5]]));
        let is_udp = kind(h[6])?;
        if len > payload.len() || len < least(is_udp) {
            return None;
        }
        let number = u32::from_be_bytes(*payload.first_chunk()?);
        let (source, rest_of) = h.get(8..)?.split_first_chunk::<16>()?;
        let name = Name {
            source: split(source),
            destination: split(rest_of.first_chunk()?),
            rest: rest(number, Protocol(h[6]), PAIR, 6),
        };
        Some(Self { name, is_udp })
    }

    /// Whether the packet that was read is control whatever went before: [`crate::Class::of`] of a known flow.
    #[inline]
    pub(super) fn is_control(&self, packet: &[u8]) -> bool {
        if self.is_udp {
            return false;
        }
        let ip = if self.name.rest & 0xff == 4 { V4 } else { V6 };
        let [a, b, c, d] = self.name.ports().to_be_bytes();
        let is_ftp = [[a, b], [c, d]].contains(&FTP_CONTROL.to_be_bytes());
        let flags = packet.get(ip.saturating_add(TCP_FLAGS)).copied().unwrap_or(0);
        is_ftp || u16::from(flags) & tcp::Flags::SYN.bits() != 0
    }

    /// Makes the packet that was read one of `to`, of its own version and with a port pair, by `change`.
    #[inline]
    pub(super) fn write(&self, packet: &mut [u8], to: &Name, change: Change) {
        let ports = to.ports().to_be_bytes();
        let ip = if self.name.rest & 0xff == 4 {
            let Some(h) = packet.first_chunk_mut::<{ V4 + 4 }>() else { return };
            let ([_, source], [_, destination]) = (to.source, to.destination);
            let sum = change.addresses.apply(u16::from_be_bytes([h[10], h[11]])).to_be_bytes();
            [h[10], h[11]] = sum;
            let both = ((source << 32) | destination).to_be_bytes();
            [h[12], h[13], h[14], h[15], h[16], h[17], h[18], h[19]] = both;
            [h[20], h[21], h[22], h[23]] = ports;
            V4
        } else {
            let Some(h) = packet.first_chunk_mut::<{ V6 + 4 }>() else { return };
            let words = [to.source, to.destination];
            let places = h.get_mut(8..V6).unwrap_or_default().as_chunks_mut::<8>().0;
            for (place, word) in places.iter_mut().zip(words.as_flattened()) {
                *place = word.to_be_bytes();
            }
            [h[40], h[41], h[42], h[43]] = ports;
            V6
        };
        let at = ip.saturating_add(if self.is_udp { UDP_CHECKSUM } else { TCP_CHECKSUM });
        let Some(place) = packet.get_mut(at..).and_then(<[u8]>::first_chunk_mut::<2>) else { return };
        let old = u16::from_be_bytes(*place);
        // UDP's 0 says that there is none, and one that there is never becomes 0.
        if self.is_udp && old == 0 {
            return;
        }
        let new = change.transport.apply(old);
        *place = if self.is_udp && new == 0 { u16::MAX } else { new }.to_be_bytes();
    }
}

#[inline]
const fn kind(protocol: u8) -> Option<bool> {
    match Protocol(protocol) {
        Protocol::UDP => Some(true),
        Protocol::TCP => Some(false),
        _ => None,
    }
}

#[inline]
const fn least(is_udp: bool) -> usize {
    if is_udp { UDP_CHECKSUM + 2 } else { TCP_CHECKSUM + 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_bit_of_a_name_and_of_the_keys_in_use_is_in_the_hash() {
        const KEYS: [u64; 4] = [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb, 0xd6e8_feb8_6659_fd93];
        for (version, high, address_bits) in [(4, 0, 32), (6, 0x2001_0db8_0000_0000, 64)] {
            let name = Name {
                source: [high, 0x0a00_0001],
                destination: [high, 0x0a00_0002],
                rest: rest(0x04d2_0050, Protocol::UDP, PAIR, version),
            };
            let mut seen = BTreeSet::from([name.hash(&KEYS)]);
            let mut made = 1;
            let mut see = |name: Name| {
                seen.insert(name.hash(&KEYS));
                made += 1;
            };
            for bit in 0..address_bits {
                for word in if version == 4 { 1..2 } else { 0..2 } {
                    let (mut source, mut destination) = (name, name);
                    source.source[word] ^= 1 << bit;
                    destination.destination[word] ^= 1 << bit;
                    see(source);
                    see(destination);
                }
            }
            for bit in 16..56 {
                see(Name { rest: name.rest ^ (1 << bit), ..name });
            }
            see(name.reversed());
            assert_eq!(seen.len(), made);
            for key in 0..if version == 4 { 2 } else { 4 } {
                let mut keys = KEYS;
                keys[key] ^= 1;
                assert_ne!(name.hash(&keys), name.hash(&KEYS));
            }
        }
    }

    #[test]
    fn names_are_told_apart_as_flows_are_and_turn_round_with_them() {
        let (a, b): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let pair = Ports::Pair { source: 0, destination: 7 };
        let kinds = [pair, Ports::Identifier(7), Ports::Spi(7), Ports::InFirstFragment, Ports::None];
        let flows: std::vec::Vec<FlowKey> = kinds
            .iter()
            .flat_map(|ports| [Protocol::UDP, Protocol::TCP].map(|protocol| FlowKey::new(a, b, protocol, *ports).unwrap()))
            .collect();
        for (index, flow) in flows.iter().enumerate() {
            assert_eq!(Name::of(&flow.reversed()), Name::of(flow).reversed());
            for other in &flows[index + 1..] {
                assert_ne!(Name::of(flow), Name::of(other));
            }
        }
    }
}
