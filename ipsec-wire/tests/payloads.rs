//! AH and ESP around octets that are no IP packet.

mod common;

use core::time::Duration;
use ipsec_wire::{Aead, Builder, Cipher, Error, Integrity, Keys, PacketBuf, Suite};
use ip_wire::Protocol;

const NOW: Duration = Duration::ZERO;
