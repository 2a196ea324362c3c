//! Flow-Based Security: datagrams protected by the flow that they belong to, without a message to set anything up (thesis chapter II.D.4, pp. 56-62; Mittra and Woo 1997).
//!
//! ```text
//! | IP header, with extension headers | FBS header 32 | payload, encrypted or not |
//!
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-+-------------------------------------------------------------+
//! |E|              Security Flow Label (sfl, 64 bits)             |  0
//! +-+-------------------------------------------------------------+
//! |                                                               |  4
//! +---------------------------------------------------------------+
//! |                          Confounder                           |  8
//! +---------------------------------------------------------------+
//! |                                                               | 12
//! |              Message Authentication Code (128 bits)           |
//! |                                                               |
//! +---------------------------------------------------------------+
//! |              Timestamp: minutes since the epoch               | 28
//! +---------------------------------------------------------------+
//! ```
//!
//! Both ends of a pair have a master key in common, from a Diffie-Hellman exchange of the caller's. Of it, the sfl and the addresses comes the flow's key, of the
//! flow's key everything else:
//!
//! ```text
//! flow key       = H(sfl | master key | source | destination)
//! MAC            = HMAC(flow key, confounder | timestamp | payload as sent), leftmost 128 bits
//! encryption key = HMAC-SHA-256(flow key, "fbs encryption")
//! IV             = AES-256(encryption key, confounder | timestamp | sfl)
//! ```
//!
//! The thesis gives no widths and no way to tell an encrypted payload; widths, the E bit, and encryption with AES-256-CBC before the MAC are this crate's profile. The IP header
//! keeps the payload's protocol, as the FBS header has no field for it: who receives must know by policy that a pair's datagrams are protected. The MAC covers no IP
//! header. Within the freshness window a captured datagram can be replayed.
//!
//! [`Sender`] is the flow association mechanism, a [`Mapper`] its policy; [`Receiver`] keeps no flow, only keys that it has derived before.

use alloc::boxed::Box;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use ip_wire::ip::Packet;
use ip_wire::{PacketBuf, ipv4};
use subtle::ConstantTimeEq;
use wire_lanes::{Md5, Segments, Sha1, Sha256, cbc, hash, hmac};
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Field, len32};
use crate::mac::{self, Algorithm, MAC_LEN};
use crate::octets::put;

mod flows;
mod header;
mod lru;
mod receiver;
mod sender;

pub use flows::{Association, ByFiveTuple, FlowTable, Lifetimes, Mapper};
pub use header::{Header, LEN, Sfl, View};
pub use receiver::{Opened, Receiver, ReceiverConfig};
pub use sender::{Protected, Sender, SenderConfig};

/// What a pair has in common. It is wiped when dropped and does not show itself in `Debug`.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<alloc::vec::Vec<u8>>);

impl MasterKey {
    /// Fewest octets of a master key.
    pub const MIN_LEN: usize = 16;

    /// The secret of a Diffie-Hellman exchange, as octets.
    ///
    /// # Errors
    /// [`Error::KeyLength`] with fewer than 16 octets.
    pub fn new(secret: &[u8]) -> Result<Self, Error> {
        if secret.len() < Self::MIN_LEN {
            let (found, needed) = (len32(secret.len()), len32(Self::MIN_LEN));
            return Err(Error::KeyLength { field: Field::MasterKey, found, needed });
        }
        Ok(Self(Zeroizing::new(secret.to_vec())))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").finish_non_exhaustive()
    }
}

/// Whose flow it is: what a key is derived from, but for the master key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct FlowId {
    sfl: Sfl,
    source: IpAddr,
    destination: IpAddr,
}

/// The keys of a flow.
struct FlowKeys {
    mac: mac::Key,
    encryption: cbc::Key,
}

impl FlowKeys {
    fn derive(algorithm: Algorithm, id: &FlowId, master: &MasterKey) -> Result<Box<Self>, Error> {
        let (source, source_len) = octets_of(id.source);
        let (destination, destination_len) = octets_of(id.destination);
        let label = id.sfl.0.to_be_bytes();
        let rest: [&[u8]; 3] =
            [&master.0, source.get(..source_len).unwrap_or(&[]), destination.get(..destination_len).unwrap_or(&[])];
        let hashed = Segments::new(&label, &rest);
        let mut flow_key = Zeroizing::new([0u8; 32]);
        let len = match algorithm {
            Algorithm::HmacMd5 => fill(&mut flow_key, &mut hash::digest::<Md5>(hashed)),
            Algorithm::HmacSha1 => fill(&mut flow_key, &mut hash::digest::<Sha1>(hashed)),
            Algorithm::HmacSha256 => fill(&mut flow_key, &mut hash::digest::<Sha256>(hashed)),
            // AES-128-CMAC takes half of it.
            Algorithm::AesCmac => fill(&mut flow_key, &mut hash::digest::<Sha256>(hashed)) / 2,
        };
        let flow_key = flow_key.get(..len).unwrap_or(&[]);
        let encryption = Zeroizing::new(hmac::Key::<Sha256>::new(flow_key).tag(b"fbs encryption".into()));
        let encryption = cbc::Key::new(&*encryption).map_err(|_| Error::State)?;
        Ok(Box::new(Self { mac: mac::Key::new(algorithm, flow_key)?, encryption }))
    }

    /// The MAC of a datagram.
    fn mac(&self, header: &Header, payload: &[u8]) -> [u8; MAC_LEN] {
        let timestamp = header.timestamp.to_be_bytes();
        self.mac.mac_of(Segments::new(&header.confounder.to_be_bytes(), &[&timestamp, payload]))
    }

    /// The forward cipher of what no other datagram under this key has (SP 800-38A appendix C).
    fn iv(&self, header: &Header) -> [u8; 16] {
        let mut block = [0; 16];
        put(&mut block, 0, &header.confounder.to_be_bytes());
        put(&mut block, 4, &header.timestamp.to_be_bytes());
        put(&mut block, 8, &header.sfl.0.to_be_bytes());
        // A whole block.
        let _ = self.encryption.encrypt(&[0; 16], &mut block);
        block
    }
}

/// Puts a digest into `place`, wipes it, and returns its length.
fn fill(place: &mut [u8; 32], digest: &mut impl AsMut<[u8]>) -> usize {
    let digest = digest.as_mut();
    crate::octets::copy(place, digest);
    digest.zeroize();
    digest.len()
}

fn octets_of(address: IpAddr) -> ([u8; 16], usize) {
    match address {
        IpAddr::V4(address) => {
            let mut octets = [0; 16];
            put(&mut octets, 0, &address.octets());
            (octets, 4)
        }
        IpAddr::V6(address) => (address.octets(), 16),
    }
}

/// Minutes of a clock; what is later than they can say is as late as they can.
fn minutes(now: Duration) -> u32 {
    u32::try_from(now.as_secs() / 60).unwrap_or(u32::MAX)
}

/// Where the payload of a whole IP packet starts, and the packet's length.
struct Payload {
    packet_len: usize,
    start: usize,
    source: IpAddr,
    destination: IpAddr,
    is_ipv4: bool,
}

impl Payload {
    fn of(packet: &Packet<'_>) -> Result<Self, Error> {
        let upper = packet.upper_layer()?;
        if upper.is_fragment || !upper.has_start {
            return Err(Error::NotReassembled { field: Field::Fragment, offset: upper.pointer });
        }
        Ok(Self {
            packet_len: packet.len(),
            start: usize::try_from(upper.offset).unwrap_or(usize::MAX),
            source: packet.source(),
            destination: packet.destination(),
            is_ipv4: packet.version() == 4,
        })
    }

    /// Octets of payload.
    const fn len(&self) -> usize {
        self.packet_len.saturating_sub(self.start)
    }

    /// The length field's value for a packet of `len` octets.
    fn length_field(&self, len: usize) -> Result<u16, Error> {
        let counted = if self.is_ipv4 { len } else { len.saturating_sub(ip_wire::ipv6::HEADER_LEN) };
        u16::try_from(counted).map_err(|_| Error::DoesNotFit {
            field: Field::InnerPacket,
            found: len32(len),
            needed: len32(65_535usize.saturating_add(len.saturating_sub(counted))),
        })
    }

    /// Writes the length of the packet in `packet`, and the checksum of an IPv4 header.
    fn set_length<S: AsRef<[u8]> + AsMut<[u8]>>(&self, packet: &mut PacketBuf<S>, length: u16) -> Result<(), Error> {
        let offset = if self.is_ipv4 { 2 } else { 4 };
        put(packet.octets_mut(), offset, &length.to_be_bytes());
        if self.is_ipv4 {
            ipv4::ViewMut::parse(packet.octets_mut())?.fill_checksum();
        }
        Ok(())
    }
}
