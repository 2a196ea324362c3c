//! Selectors of the kernel's policy.

use alloc::string::{String, ToString};
use core::net::IpAddr;

use ip_wire::Protocol;

use super::super::protocols::protocol;
use super::super::text::Piece;
use crate::error::{Error, Field, Problem};
use crate::spd::{Addresses, Numbers, Protocols, Selectors};

/// Which packets: `src` and `dst` prefix, and what goes with the protocol. What is not printed is any.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Selector {
    /// Source prefix.
    pub source: (IpAddr, u8),
    /// Destination prefix.
    pub destination: (IpAddr, u8),
    /// The next layer protocol.
    pub protocol: Option<Protocol>,
    /// Source port.
    pub source_port: Option<u16>,
    /// Destination port.
    pub destination_port: Option<u16>,
    /// ICMP type, or mobility header type.
    pub kind: Option<u8>,
    /// ICMP code.
    pub code: Option<u8>,
    /// GRE key.
    pub key: Option<u32>,
    /// The interface.
    pub device: Option<String>,
    /// The user whose socket it is, with `-s`.
    pub user: Option<u32>,
}

impl Selector {
    /// From the words of a line.
    pub(super) fn parse(line: &mut Piece<'_>) -> Result<Self, Error> {
        line.expect("src", Field::Source)?;
        let source = line.value(Field::Source)?.prefix(Field::Source)?;
        line.expect("dst", Field::Destination)?;
        let word = line.value(Field::Destination)?;
        let destination = word.prefix(Field::Destination)?;
        if source.0.is_ipv4() != destination.0.is_ipv4() {
            return Err(word.error(Field::Destination, Problem::Malformed));
        }
        let mut selector = Self {
            source,
            destination,
            protocol: None,
            source_port: None,
            destination_port: None,
            kind: None,
            code: None,
            key: None,
            device: None,
            user: None,
        };
        while let Ok(word) = line.next_word() {
            match word.text {
                "proto" => {
                    let word = line.value(Field::Protocol)?;
                    selector.protocol = Some(word.one_of(Field::Protocol, protocol(word.text))?);
                }
                "sport" => selector.source_port = Some(line.number_value(Field::Port)?),
                "dport" => selector.destination_port = Some(line.number_value(Field::Port)?),
                "type" => selector.kind = Some(line.number_value(Field::IcmpType)?),
                "code" => selector.code = Some(line.number_value(Field::IcmpType)?),
                "key" => selector.key = Some(line.number_value(Field::Key)?),
                "dev" => selector.device = Some(line.value(Field::Device)?.text.to_string()),
                "uid" => selector.user = Some(line.number_value(Field::User)?),
                // What a mobility header has where others have a port says nothing.
                "(dport)" => {
                    line.value(Field::Port)?;
                }
                _ => return Err(word.error(Field::Keyword, Problem::Unknown)),
            }
        }
        Ok(selector)
    }

    /// The same in the words of [`crate::spd`]; `outbound`: the source is the local side. An ICMP type without a code is all of its codes; a
    /// code without a type has no place there, nor have GRE key, interface and user: they are left out, so that the selectors match more
    /// than the kernel's.
    ///
    /// # Errors
    /// None that a [`Selector`] could cause whose prefix lengths are right: those of [`Addresses::prefix`].
    pub fn selectors(&self, outbound: bool) -> Result<Selectors, Error> {
        let side = |(address, len): (IpAddr, u8)| Addresses::prefix(address, len);
        let port = |port: Option<u16>| port.map_or(Numbers::Any, Numbers::is);
        let (source, destination) = (side(self.source)?, side(self.destination)?);
        let message = match (self.kind, self.code) {
            (Some(kind), Some(code)) => Some(Numbers::is(u16::from_be_bytes([kind, code]))),
            (Some(kind), None) => Some(Numbers::icmp_type(kind)),
            (None, _) => None,
        };
        // A message's type is its sender's.
        let (source_port, destination_port) =
            message.map_or_else(|| (port(self.source_port), port(self.destination_port)), |message| (message, Numbers::Any));
        let protocol = self.protocol.map_or(Protocols::Any, Protocols::Is);
        let selectors = Selectors { protocol, ..Selectors::default() };
        let (local, remote) = ((source, source_port), (destination, destination_port));
        let (local, remote) = if outbound { (local, remote) } else { (remote, local) };
        Ok(Selectors { local: local.0, local_port: local.1, remote: remote.0, remote_port: remote.1, ..selectors })
    }
}
