//! The packets that are measured with. They are built here octet by octet, by none of the crates under test.

use ipsec_wire::rand_core::{TryCryptoRng, TryRng};

/// Ethernet type of IPv4.
const IPV4: u16 = 0x0800;
/// Ethernet type of IPv6.
const IPV6: u16 = 0x86dd;
/// Tag protocol identifier of IEEE 802.1Q.
const VLAN: u16 = 0x8100;

const TCP: u8 = 6;
const UDP: u8 = 17;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const DESTINATION: u8 = 60;

/// Numbers that look random and are the same in each run (splitmix64).
pub struct Numbers(u64);

impl Numbers {
    /// A sequence of its own for each seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next number's lowest `N` octets.
    pub fn octets<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.draw() as u8)
    }

    /// `len` octets.
    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.draw() as u8).collect()
    }
}

/// A few IPv4 datagrams that carry UDP.
#[must_use]
pub fn ipv4_udp() -> Vec<Vec<u8>> {
    let mut numbers = Numbers::new(1);
    (0..8).map(|n| ipv4(&mut numbers, 0, UDP, 18 + 4 * n)).collect()
}

/// Frames with IPv4 without options and TCP.
#[must_use]
pub fn v4_tcp_frames() -> Vec<Vec<u8>> {
    let mut numbers = Numbers::new(2);
    (0..8).map(|n| ethernet(None, IPV4, &ipv4(&mut numbers, 0, TCP, 40 * n))).collect()
}

/// Frames with IPv6, hop-by-hop options, destination options and UDP.
#[must_use]
pub fn v6_extension_udp_frames() -> Vec<Vec<u8>> {
    let mut numbers = Numbers::new(3);
    (0..8).map(|n| ethernet(None, IPV6, &ipv6(&mut numbers, &[(HOP_BY_HOP, 0), (DESTINATION, 1)], UDP, 40 * n))).collect()
}

/// 256 frames of differing shapes in a fixed order that looks random.
#[must_use]
pub fn mixed_frames() -> Vec<Vec<u8>> {
    let mut numbers = Numbers::new(4);
    (0..256)
        .map(|_| {
            let len = (numbers.draw() % 200) as usize;
            let tag = Some(100);
            match numbers.draw() % 10 {
                0 | 1 => ethernet(None, IPV4, &ipv4(&mut numbers, 0, TCP, len)),
                2 | 3 => ethernet(None, IPV4, &ipv4(&mut numbers, 0, UDP, len)),
                4 => ethernet(None, IPV4, &ipv4(&mut numbers, 2, UDP, len)),
                5 => ethernet(tag, IPV4, &ipv4(&mut numbers, 0, TCP, len)),
                6 => ethernet(tag, IPV6, &ipv6(&mut numbers, &[], UDP, len)),
                7 => ethernet(None, IPV6, &ipv6(&mut numbers, &[], TCP, len)),
                8 => ethernet(None, IPV6, &ipv6(&mut numbers, &[(HOP_BY_HOP, 0), (DESTINATION, 1)], UDP, len)),
                _ => ethernet(None, IPV6, &ipv6(&mut numbers, &[(ROUTING, 2)], TCP, len)),
            }
        })
        .collect()
}

fn ethernet(tag: Option<u16>, ethertype: u16, packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    if let Some(tag) = tag {
        frame.extend(VLAN.to_be_bytes());
        frame.extend(tag.to_be_bytes());
    }
    frame.extend(ethertype.to_be_bytes());
    frame.extend(packet);
    frame
}

/// With `option_words` words of no-operation options, and a transport payload of `len` octets.
fn ipv4(numbers: &mut Numbers, option_words: u8, protocol: u8, len: usize) -> Vec<u8> {
    let payload = transport(numbers, protocol, len);
    let header_len = 20 + 4 * usize::from(option_words);
    let total = (header_len + payload.len()) as u16;
    let mut packet = vec![0x45 + option_words, 0];
    packet.extend(total.to_be_bytes());
    packet.extend(numbers.octets::<2>());
    packet.extend([0x40, 0, 64, protocol, 0, 0, 10]);
    packet.extend(numbers.octets::<3>());
    packet.extend([192, 0, 2]);
    packet.extend(numbers.octets::<1>());
    packet.extend(vec![1; header_len - 20]);
    let checksum = checksum(&packet);
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet.extend(payload);
    packet
}

/// `extensions` are header types with their length fields (8-octet units beyond the first); options are padding.
fn ipv6(numbers: &mut Numbers, extensions: &[(u8, u8)], protocol: u8, len: usize) -> Vec<u8> {
    let mut payload = Vec::new();
    for (index, &(kind, units)) in extensions.iter().enumerate() {
        let next = extensions.get(index + 1).map_or(protocol, |&(next, _)| next);
        payload.extend([next, units]);
        if kind == ROUTING {
            // Type 4 (segment routing) with no segments left, one segment in its list.
            payload.extend([4, 0, 0, 0, 0, 0]);
            payload.extend(numbers.octets::<16>());
        } else {
            // PadN over the rest.
            let rest = 8 * usize::from(units) + 4;
            payload.extend([1, rest as u8]);
            payload.extend(vec![0; rest]);
        }
    }
    payload.extend(transport(numbers, protocol, len));
    let next = extensions.first().map_or(protocol, |&(next, _)| next);
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((payload.len() as u16).to_be_bytes());
    packet.extend([next, 64, 0x20, 0x01, 0x0d, 0xb8]);
    packet.extend(numbers.octets::<12>());
    packet.extend([0x20, 0x01, 0x0d, 0xb8]);
    packet.extend(numbers.octets::<12>());
    packet.extend(payload);
    packet
}

/// A TCP or UDP header with a payload of `len` octets.
fn transport(numbers: &mut Numbers, protocol: u8, len: usize) -> Vec<u8> {
    let mut segment = numbers.octets::<4>().to_vec();
    // No port zero: some parsers refuse it.
    segment[0] |= 1;
    segment[2] |= 1;
    if protocol == TCP {
        segment.extend(numbers.octets::<8>());
        segment.extend([0x50, 0x10, 0xff, 0xff]);
        segment.extend(numbers.octets::<2>());
        segment.extend([0, 0]);
    } else {
        segment.extend(((8 + len) as u16).to_be_bytes());
        segment.extend(numbers.octets::<2>());
    }
    segment.extend(numbers.bytes(len));
    segment
}

/// RFC 1071, as plainly as it can be written.
fn checksum(header: &[u8]) -> u16 {
    let mut sum: u32 = header.chunks(2).map(|word| u32::from(u16::from_be_bytes([word[0], word[1]]))).sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

/// A generator that gives nothing but zeros.
pub struct Zeros;

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
