//! The link type of a capture.

use core::fmt;

/// A LINKTYPE value: what the frames of a capture file, or of one interface of it, start with.
///
/// Values: the tcpdump group's "Link-layer header types", as of 2026-11. Classic files of some systems hold that system's
/// own DLT number instead; the ones that mean raw IP are here too.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u16);

macro_rules! link_types {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl LinkType {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The type's name, where [`super::Layers`] reads it.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

link_types! {
    /// BSD loopback: a 4-octet address family in the byte order of the capturing host.
    NULL = 0, "BSD loopback";
    /// Ethernet.
    ETHERNET = 1, "Ethernet";
    /// PPP, with or without its HDLC-like framing's address and control octets.
    PPP = 9, "PPP";
    /// Raw IP, under the number that most systems' DLT_RAW has.
    DLT_RAW = 12, "raw IP";
    /// Raw IP, under the number that OpenBSD's DLT_RAW has.
    DLT_RAW_OPENBSD = 14, "raw IP";
    /// Raw IP: the version nibble tells IPv4 from IPv6.
    RAW = 101, "raw IP";
    /// OpenBSD loopback: a 4-octet address family in network byte order.
    LOOP = 108, "OpenBSD loopback";
    /// Linux "cooked" capture, version 1.
    LINUX_SLL = 113, "Linux cooked v1";
    /// Raw IPv4.
    IPV4 = 228, "raw IPv4";
    /// Raw IPv6.
    IPV6 = 229, "raw IPv6";
    /// Linux "cooked" capture, version 2.
    LINUX_SLL2 = 276, "Linux cooked v2";
}

impl fmt::Debug for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkType({self})")
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "link type {}", self.0),
        }
    }
}
