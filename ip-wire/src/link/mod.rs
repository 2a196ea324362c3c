//! Link layers, as far as a reader of captures needs them: what stands before an IP packet, and where that starts.
//!
//! A capture file names the link type of its frames; [`Layers`] walks the headers of one frame and ends at the network
//! layer. Each header has a module of its own and can be read alone.
//!
//! ```
//! use ip_wire::link::{LinkType, NetworkProtocol, network};
//!
//! let mut frame = [0u8; 60];
//! frame[12..14].copy_from_slice(&[0x81, 0x00]); // 802.1Q
//! frame[14..18].copy_from_slice(&[0x00, 0x2a, 0x86, 0xdd]); // VLAN 42, IPv6
//! let network = network(LinkType::ETHERNET, &frame)?;
//! assert_eq!((network.protocol, network.offset), (NetworkProtocol::Ipv6, 18));
//! # Ok::<(), ip_wire::Error>(())
//! ```

pub mod ethernet;
mod layers;
mod link_type;
pub mod llc;
pub mod null;
pub mod ppp;
pub mod sll;
pub mod vlan;

pub use ethernet::{EtherType, MacAddress};
pub use layers::{DEFAULT_LIMIT, Layer, LayerAt, Layers, Network, NetworkProtocol, network};
pub use link_type::LinkType;

#[cfg(test)]
mod tests;
