use std::net::IpAddr;

use ip_wire::Protocol;
use ipsec_wire::spd::{
    Action, AddressRange, Addresses, Applies, Direction, Entry, EntryId, Limits, Numbers, Packet, Pfp, Protocols, Range, Reason,
    Selectors, Spd, Verdict, check_sa,
};

/// Takes octets off the input; zeros where it has no more.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn octet(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// At the upper end of the addresses there are, where ranges end.
    fn address(&mut self, v6: bool) -> IpAddr {
        let low = self.octet();
        if v6 { IpAddr::V6((u128::MAX << 8 | u128::from(low)).into()) } else { IpAddr::V4([255, 255, 255, low].into()) }
    }

    fn addresses(&mut self, v6: bool) -> Addresses {
        let count = self.octet() % 4;
        if count == 0 {
            return Addresses::Any;
        }
        let range = |input: &mut Self| {
            let (a, b) = (input.address(v6), input.address(v6));
            AddressRange::new(a.min(b), a.max(b)).expect("of one version and in order")
        };
        Addresses::List((1..count).map(|_| range(self)).collect())
    }

    fn numbers<T: Copy + Ord + From<u8>>(&mut self) -> Numbers<T> {
        let what = self.octet();
        match what % 8 {
            0..=3 => Numbers::Any,
            4 => Numbers::Opaque,
            count => Numbers::List(
                (5..count)
                    .map(|_| {
                        let (a, b) = (self.octet(), self.octet());
                        Range::new(T::from(a.min(b)), T::from(a.max(b))).expect("in order")
                    })
                    .collect(),
            ),
        }
    }

    fn protocol(&mut self) -> Option<Protocol> {
        [Some(6), Some(17), Some(1), Some(58), Some(135), Some(50), None, Some(6)][usize::from(self.octet() % 8)].map(Protocol)
    }

    fn selectors(&mut self) -> Selectors {
        let v6 = self.octet() % 2 == 0;
        Selectors {
            local: self.addresses(v6),
            remote: self.addresses(v6),
            protocol: if self.octet() % 2 == 0 {
                Protocols::Any
            } else {
                self.protocol().map_or(Protocols::Opaque, Protocols::Is)
            },
            local_port: self.numbers(),
            remote_port: self.numbers(),
            class: self.numbers(),
            flow_label: self.numbers(),
            sensitivity: self.numbers(),
        }
    }

    fn entry(&mut self) -> Entry<u8> {
        let what = self.octet();
        let pfp = Pfp { local: what & 16 != 0, remote: what & 32 != 0, remote_port: what & 64 != 0, ..Pfp::NONE };
        let action = match what % 4 {
            0 => Action::Discard,
            1 => Action::Bypass,
            _ => Action::Protect { pfp, parameters: what },
        };
        let applies = [Applies::Both, Applies::Outbound, Applies::Inbound, Applies::Both][usize::from(what >> 2 & 3)];
        Entry { selectors: (0..=what >> 7).map(|_| self.selectors()).collect(), names: vec![], applies, action }
    }

    fn packet(&mut self) -> Packet {
        let what = self.octet();
        let (v6, mut absent) = (what & 1 != 0, what >> 2);
        let mut field = |input: &mut Self| {
            absent = absent.rotate_right(1);
            Some(input.octet()).filter(|_| absent & 1 == 0)
        };
        Packet {
            direction: if what & 2 == 0 { Direction::Outbound } else { Direction::Inbound },
            local: self.address(v6),
            remote: self.address(v6),
            protocol: self.protocol(),
            local_port: field(self).map(u16::from),
            remote_port: field(self).map(u16::from),
            class: self.octet(),
            flow_label: field(self).map(u32::from),
            sensitivity: field(self),
            name: None,
        }
    }
}

fn decided(verdict: &Verdict<'_, u8, u32>) -> Option<EntryId> {
    match verdict {
        Verdict::Bypass(id) | Verdict::Protect { entry: id, .. } => Some(*id),
        Verdict::Discard(Reason::Entry(id) | Reason::Unprotected(id)) => Some(*id),
        _ => None,
    }
}

/// Whatever the policy and however it changes, tree and table decide as a linear scan does, and what an SA was made for matches its selectors.
pub fn spd_lookup(data: &[u8]) {
    let mut input = Input(data);
    let mut spd: Spd<u8, u32> = Spd::new(Limits { conversations: 8, ..Limits::default() });
    let mut sa = 0;
    while !input.0.is_empty() {
        let what = input.octet();
        match what % 8 {
            0..=2 => {
                let entry = input.entry();
                spd.insert(usize::from(what >> 3), entry).expect("there is room");
            }
            3 => {
                let ids: Vec<EntryId> = spd.iter().map(|(id, _)| id).collect();
                if !ids.is_empty() {
                    let id = ids[usize::from(what >> 3) % ids.len()];
                    assert!(spd.remove(id).is_some() && spd.remove(id).is_none());
                }
            }
            4 => {
                let packet = input.packet();
                sa += 1;
                let first = spd.scan(&packet);
                let bound = spd.bind(&packet, sa).expect("there is room");
                if let Some((entry, selectors)) = bound {
                    assert_eq!(Some(entry), first);
                    assert_eq!(check_sa(&selectors, &packet), Ok(()));
                    if let Verdict::Protect { sa: found, .. } = spd.lookup(&packet) {
                        assert_eq!(found, Some(sa));
                    }
                }
            }
            _ => {
                let packet = input.packet();
                let first = spd.scan(&packet);
                assert_eq!(spd.first_match(&packet), first);
                for _ in 0..2 {
                    assert_eq!(decided(&spd.lookup(&packet)), first);
                }
                if let Some(first) = first {
                    assert_eq!(spd.verify_inbound(&packet, first), Ok(()));
                }
                assert!(spd.conversations() <= 8);
            }
        }
    }
}
