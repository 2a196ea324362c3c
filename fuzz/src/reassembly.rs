use std::collections::HashMap;
use std::time::Duration;

use ip_wire::reassembly::{Config, Outcome, Overlap, Reassembler};
use ip_wire::{FragmentOffset, Protocol, ipv4, ipv6};

/// What stands at an octet of a datagram: the same in every fragment that has it, so that a reassembled datagram can be checked.
fn content(id: u8, at: u32) -> u8 {
    (at as u8).wrapping_mul(31).wrapping_add(id).wrapping_add((at >> 8) as u8)
}

/// Fragments by the fuzzer's wish: caps hold, and whatever comes out is what went in, nothing else, up to where a last fragment said.
pub fn reassembly_v4(data: &[u8]) {
    run(data, 20, |id, start, more, payload| {
        let mut header = ipv4::Header::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), Protocol::UDP, payload.len()).ok()?;
        header.identification = id.into();
        header.flags = if more { ipv4::Flags::MORE_FRAGMENTS } else { ipv4::Flags::NONE };
        header.fragment_offset = FragmentOffset::from_octets(start)?;
        let mut packet = vec![0; 20 + payload.len()];
        header.emit(&mut packet).ok()?;
        packet[20..].copy_from_slice(payload);
        Some(packet)
    });
}

/// The same for IPv6.
pub fn reassembly_v6(data: &[u8]) {
    run(data, 40, |id, start, more, payload| {
        let (a, b) = ("2001:db8::1".parse().ok()?, "2001:db8::2".parse().ok()?);
        let header = ipv6::Header::new(a, b, Protocol::FRAGMENT, 8 + payload.len()).ok()?;
        let mut packet = vec![0; 48 + payload.len()];
        header.emit(&mut packet).ok()?;
        let offset = FragmentOffset::from_octets(start)?;
        ipv6::fragment::Header::new(Protocol::UDP, offset, more, id.into()).emit(&mut packet[40..]).ok()?;
        packet[48..].copy_from_slice(payload);
        Some(packet)
    });
}

/// Steps of five octets: identification and flags, start in two octets, length, time; a set high bit of the last hands in the
/// rest of the input as a packet of its own.
fn run(data: &[u8], header_len: usize, make: impl Fn(u8, u32, bool, &[u8]) -> Option<Vec<u8>>) {
    let Some((policy, mut steps)) = data.split_first() else { return };
    let config = Config {
        max_datagrams: 3,
        max_fragments: 8,
        max_octets: 2048,
        timeout: Duration::from_secs(30),
        ipv4_overlap: if policy & 1 == 0 { Overlap::Drop } else { Overlap::FirstWins },
        refuse_tiny: policy & 2 != 0,
    };
    let mut reassembler = Reassembler::new(config);
    let mut now = Duration::ZERO;
    let mut ends: HashMap<u8, Vec<usize>> = HashMap::new();
    while let Some(([flags, high, low, len, time], rest)) = steps.split_first_chunk::<5>() {
        steps = rest;
        now += Duration::from_secs(u64::from(time & 0x0f));
        if time & 0x80 != 0 {
            let _ = reassembler.handle_fragment(now, rest);
            continue;
        }
        let (id, more) = (flags & 3, flags & 4 != 0);
        let start = u32::from(u16::from_be_bytes([*high, *low]) & 0x1fff) * 8;
        let payload: Vec<u8> = (0..u32::from(*len)).map(|at| content(id, start + at)).collect();
        let Some(packet) = make(id, start, more, &payload) else { continue };
        if !more {
            ends.entry(id).or_default().push(start as usize + payload.len());
        }
        let before = (reassembler.octets(), reassembler.len());
        match reassembler.handle_fragment(now, &packet) {
            Ok(Outcome::Completed(whole)) => {
                let body = &whole[header_len..];
                assert!(ends.get(&id).is_some_and(|ends| ends.contains(&body.len())));
                for (at, octet) in body.iter().enumerate() {
                    assert_eq!(*octet, content(id, at as u32));
                }
                let packet = ip_wire::ip::Packet::parse(whole).expect("a whole packet");
                assert_eq!(packet.len(), whole.len());
                assert!(packet.upper_layer().is_ok_and(|upper| !upper.is_fragment));
            }
            Ok(_) => {}
            Err(_) => assert_eq!((reassembler.octets(), reassembler.len()), before),
        }
        assert!(reassembler.len() <= 3 && reassembler.octets() <= 2048);
        if flags & 8 != 0 {
            while let Some(expired) = reassembler.poll_expired(now) {
                assert!(expired.first_fragment.is_none_or(|first| ip_wire::ip::Packet::parse(first).is_ok()));
            }
            assert!(reassembler.next_deadline().is_none_or(|deadline| deadline > now));
        }
    }
}
