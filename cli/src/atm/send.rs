//! Packets to cells.

use std::collections::VecDeque;
use std::fmt;

use anyhow::{Result, bail};
use atm_cell::aal5::{MAX_SDU, Segmenter};
use atm_cell::cell::Header;
use atm_cell::llc::{self, EtherType, Protocol};
use atm_cell::{CELL_LEN, Interface, Vc, Vci, Vpi};
use ip_wire::ip::Packet;
use ip_wire::link::{NetworkProtocol, network};

use super::{Encapsulation, version};
use crate::capture::Frame;

/// Octets of cells that wait at once, but for those of a single packet.
const MAX_WAITING: usize = 64 << 20;

/// Channels of one virtual path, one number after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channels {
    interface: Interface,
    vpi: Vpi,
    first: u16,
    count: u16,
}

impl Channels {
    /// The `count` channels from `first` on.
    ///
    /// # Errors
    /// For a VPI that the interface's header has no room for, for VCIs that the standards set aside (0 to 31), for no channels and for
    /// channels above VCI 65535.
    pub fn new(interface: Interface, vpi: u16, first: u16, count: u16) -> Result<Self> {
        let max = interface.max_vpi();
        let Some(vpi) = Vpi::new(vpi).filter(|vpi| *vpi <= max) else {
            let hint = if interface == Interface::Uni { " at the UNI (--nni has 12 bits)" } else { "" };
            bail!("--vpi {vpi}: the largest is {max}{hint}");
        };
        if Vci::new(first).is_reserved() {
            bail!("--vci {first}: VCIs 0 to 31 are reserved (I.361), the first for user data is {}", Vci::FIRST_USER);
        }
        let last = u32::from(first).saturating_add(u32::from(count)).saturating_sub(1);
        if count == 0 || last > u32::from(u16::MAX) {
            bail!("--vci {first} --vcs {count}: {count} channels would end at VCI {last}, and VCIs at 65535");
        }
        Ok(Self { interface, vpi, first, count })
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u16 {
        self.count
    }

    /// The channel that a packet takes, by its number from 0.
    fn index(&self, packet: u64) -> u16 {
        u16::try_from(packet.checked_rem(u64::from(self.count)).unwrap_or(0)).unwrap_or(0)
    }

    /// The header of the cells of a channel, by its number from 0.
    pub(crate) fn header(&self, index: u16) -> Header {
        Header::new(self.interface, Vc::new(self.vpi, Vci::new(self.first.saturating_add(index))))
    }
}

/// Why a packet is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is neither IPv4 nor IPv6.
    NotIp,
    /// It is longer than an AAL5 SDU can be, with its LLC header.
    TooLong,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotIp => f.write_str("no IP packet"),
            Self::TooLong => write!(f, "longer than an AAL5 SDU's {MAX_SDU} octets"),
        }
    }
}

/// Sends packets over channels: packet `i`, from 0, over channel `i` modulo their number.
///
/// Cells of different channels take turns, one by one. As many packets are under way at once as there are channels, or fewer where their
/// cells would take more than 64 MiB.
#[derive(Debug)]
pub struct Transmission {
    channels: Channels,
    encapsulation: Encapsulation,
    /// Packets that send a cell each in turn: one of each channel that has any.
    turns: VecDeque<Cells>,
    /// Packets behind others of their channel.
    behind: Vec<VecDeque<Cells>>,
    /// Whether a packet of the channel is among `turns`.
    busy: Vec<bool>,
    /// Packets under way, and octets of their cells.
    under_way: usize,
    octets: usize,
    sent: u64,
}

/// The cells of a packet.
#[derive(Debug)]
struct Cells {
    channel: u16,
    octets: Vec<u8>,
    next: usize,
}

impl Transmission {
    /// A transmission without packets.
    #[must_use]
    pub fn new(channels: Channels, encapsulation: Encapsulation) -> Self {
        let count = usize::from(channels.count);
        Self {
            channels,
            encapsulation,
            turns: VecDeque::new(),
            behind: std::iter::repeat_with(VecDeque::new).take(count).collect(),
            busy: vec![false; count],
            under_way: 0,
            octets: 0,
            sent: 0,
        }
    }

    /// Whether another packet can be taken before the next cell goes out.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.under_way < usize::from(self.channels.count) && self.octets < MAX_WAITING
    }

    /// Packets taken.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.sent
    }

    /// Takes a packet.
    ///
    /// # Errors
    /// If it is not one that can be sent; it does not count then.
    pub fn send(&mut self, packet: &[u8]) -> Result<(), Refused> {
        let (prefix, len) = prefix(packet, self.encapsulation)?;
        let prefix = prefix.get(..len).unwrap_or(&[]);
        let channel = self.channels.index(self.sent);
        let cells = Segmenter::with_prefix(&self.channels.header(channel), prefix, packet, 0).map_err(|_| Refused::TooLong)?;
        let mut octets = vec![0; cells.wire_len()];
        cells.emit(&mut octets).map_err(|_| Refused::TooLong)?;
        self.sent = self.sent.saturating_add(1);
        self.under_way = self.under_way.saturating_add(1);
        self.octets = self.octets.saturating_add(octets.len());
        let cells = Cells { channel, octets, next: 0 };
        match (self.busy.get_mut(usize::from(channel)), self.behind.get_mut(usize::from(channel))) {
            (Some(true), Some(behind)) => behind.push_back(cells),
            (Some(busy), _) => {
                *busy = true;
                self.turns.push_back(cells);
            }
            _ => {}
        }
        Ok(())
    }

    /// The next cell, of the channel whose turn it is; `None` if no packet is under way.
    pub fn next_cell(&mut self) -> Option<[u8; CELL_LEN]> {
        let mut cells = self.turns.pop_front()?;
        let cell = *cells.octets.get(cells.next..)?.first_chunk()?;
        cells.next = cells.next.saturating_add(CELL_LEN);
        if cells.next < cells.octets.len() {
            self.turns.push_back(cells);
            return Some(cell);
        }
        self.under_way = self.under_way.saturating_sub(1);
        self.octets = self.octets.saturating_sub(cells.octets.len());
        let channel = usize::from(cells.channel);
        match self.behind.get_mut(channel).and_then(VecDeque::pop_front) {
            Some(next) => self.turns.push_back(next),
            None => {
                if let Some(busy) = self.busy.get_mut(channel) {
                    *busy = false;
                }
            }
        }
        Some(cell)
    }
}

/// What stands before a packet in its SDU, and how many octets of it.
pub(crate) fn prefix(packet: &[u8], encapsulation: Encapsulation) -> Result<([u8; llc::ROUTED_LEN], usize), Refused> {
    let ether_type = match version(packet) {
        Some(4) => EtherType::IPV4,
        Some(_) => EtherType::IPV6,
        None => return Err(Refused::NotIp),
    };
    let mut prefix = [0; llc::ROUTED_LEN];
    match encapsulation {
        Encapsulation::Llc => {
            let header = llc::Header { vpn: None, protocol: Protocol::Routed(ether_type) };
            let len = header.emit(&mut prefix).map_err(|_| Refused::TooLong)?;
            Ok((prefix, len))
        }
        Encapsulation::VcMux => Ok((prefix, 0)),
    }
}

/// The IP packet of a frame, without what pads the frame behind it. A packet that the capture cut is given as far as it is there, one
/// whose length makes no sense as it stands.
#[must_use]
pub fn packet<'a>(frame: &Frame<'a>) -> Option<&'a [u8]> {
    let found = network(frame.link_type, frame.octets).ok()?;
    let expected = match found.protocol {
        NetworkProtocol::Ipv4 => 4,
        NetworkProtocol::Ipv6 => 6,
        _ => return None,
    };
    let octets = found.octets;
    version(octets).filter(|version| *version == expected)?;
    let len = match Packet::parse(octets) {
        Ok(packet) => packet.len(),
        Err(_) => octets.len(),
    };
    Some(octets.get(..len).unwrap_or(octets))
}
