//! The octet once called Type of Service: DS field and ECN, with its historical readings.
//!
//! ```text
//!   0   1   2   3   4   5   6   7
//! +---+---+---+---+---+---+---+---+
//! |         DSCP          |  ECN  |   RFC 2474 3, RFC 3168 5
//! +---+---+---+---+---+---+---+---+
//! | Precedence| D | T | R | 0 | 0 |   RFC 791 3.1
//! +---+---+---+---+---+---+---+---+
//! | Precedence|  D  T  R  C   | 0 |   RFC 1349 3 (C: minimise monetary cost)
//! +---+---+---+---+---+---+---+---+
//! ```
//!
//! In IPv4 it is the second octet of the header, in IPv6 it is the Traffic Class.

use core::fmt;

/// A differentiated services codepoint: 6 bits (RFC 2474 3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "u8", into = "u8"))]
pub struct Dscp(u8);

macro_rules! codepoints {
    ($($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        impl Dscp {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// Every codepoint that IANA names, with its name.
            pub const NAMED: &'static [(Self, &'static str)] = &[$((Self::$name, $text),)*];

            /// The IANA name ("Differentiated Services Field Codepoints", as of 2026-11), where there is one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }

            /// The codepoint of an IANA name, in the registry's spelling.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$name),)*
                    "DF" => Some(Self::CS0),
                    _ => None,
                }
            }
        }
    };
}

codepoints! {
    /// Class selector 0, the default forwarding behaviour (RFC 2474 4.1).
    CS0 = 0, "CS0";
    /// Lower effort (RFC 8622).
    LE = 1, "LE";
    /// Class selector 1.
    CS1 = 8, "CS1";
    /// Assured forwarding class 1, low drop precedence (RFC 2597 6).
    AF11 = 10, "AF11";
    /// Assured forwarding class 1, medium drop precedence.
    AF12 = 12, "AF12";
    /// Assured forwarding class 1, high drop precedence.
    AF13 = 14, "AF13";
    /// Class selector 2.
    CS2 = 16, "CS2";
    /// Assured forwarding class 2, low drop precedence.
    AF21 = 18, "AF21";
    /// Assured forwarding class 2, medium drop precedence.
    AF22 = 20, "AF22";
    /// Assured forwarding class 2, high drop precedence.
    AF23 = 22, "AF23";
    /// Class selector 3.
    CS3 = 24, "CS3";
    /// Assured forwarding class 3, low drop precedence.
    AF31 = 26, "AF31";
    /// Assured forwarding class 3, medium drop precedence.
    AF32 = 28, "AF32";
    /// Assured forwarding class 3, high drop precedence.
    AF33 = 30, "AF33";
    /// Class selector 4.
    CS4 = 32, "CS4";
    /// Assured forwarding class 4, low drop precedence.
    AF41 = 34, "AF41";
    /// Assured forwarding class 4, medium drop precedence.
    AF42 = 36, "AF42";
    /// Assured forwarding class 4, high drop precedence.
    AF43 = 38, "AF43";
    /// Class selector 5.
    CS5 = 40, "CS5";
    /// Capacity-admitted voice (RFC 5865).
    VOICE_ADMIT = 44, "VOICE-ADMIT";
    /// Expedited forwarding (RFC 3246).
    EF = 46, "EF";
    /// Class selector 6.
    CS6 = 48, "CS6";
    /// Class selector 7.
    CS7 = 56, "CS7";
}

impl Dscp {
    /// The largest codepoint.
    pub const MAX: Self = Self(63);

    /// A codepoint from its number; `None` above 63.
    #[must_use]
    pub const fn new(value: u8) -> Option<Self> {
        if value <= Self::MAX.0 { Some(Self(value)) } else { None }
    }

    /// The codepoint's number, 0 to 63.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl From<Dscp> for u8 {
    fn from(value: Dscp) -> Self {
        value.0
    }
}

impl TryFrom<u8> for Dscp {
    type Error = OutOfRange;

    fn try_from(value: u8) -> Result<Self, OutOfRange> {
        Self::new(value).ok_or(OutOfRange)
    }
}

/// A number is too large for its field type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the number does not fit the field")]
pub struct OutOfRange;

impl fmt::Debug for Dscp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dscp({self})")
    }
}

impl fmt::Display for Dscp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

/// The explicit congestion notification codepoint: 2 bits (RFC 3168 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum Ecn {
    /// Not an ECN-capable transport (00).
    #[default]
    NotEct = 0,
    /// ECN-capable transport, codepoint 1 (01).
    Ect1 = 1,
    /// ECN-capable transport, codepoint 0 (10).
    Ect0 = 2,
    /// Congestion experienced (11).
    Ce = 3,
}

impl Ecn {
    /// The four codepoints in numerical order.
    pub const ALL: [Self; 4] = [Self::NotEct, Self::Ect1, Self::Ect0, Self::Ce];

    /// The codepoint in the two low bits of `octet`; the other bits are ignored.
    #[must_use]
    pub const fn from_bits(octet: u8) -> Self {
        match octet & 3 {
            0 => Self::NotEct,
            1 => Self::Ect1,
            2 => Self::Ect0,
            _ => Self::Ce,
        }
    }

    /// The codepoint's number, 0 to 3.
    #[must_use]
    pub const fn value(self) -> u8 {
        self as u8
    }

    /// Whether the transport said that it understands congestion marks: anything but 00.
    #[must_use]
    pub const fn is_capable(self) -> bool {
        !matches!(self, Self::NotEct)
    }
}

impl fmt::Display for Ecn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotEct => "Not-ECT",
            Self::Ect1 => "ECT(1)",
            Self::Ect0 => "ECT(0)",
            Self::Ce => "CE",
        })
    }
}

/// The whole octet: DSCP in the six high bits, ECN in the two low bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct DsField(pub u8);

impl DsField {
    /// The octet of a codepoint and a congestion mark.
    #[must_use]
    pub const fn new(dscp: Dscp, ecn: Ecn) -> Self {
        Self((dscp.0 << 2) | ecn.value())
    }

    /// The codepoint.
    #[must_use]
    pub const fn dscp(self) -> Dscp {
        Dscp(self.0 >> 2)
    }

    /// The congestion mark.
    #[must_use]
    pub const fn ecn(self) -> Ecn {
        Ecn::from_bits(self.0)
    }

    /// The same octet with another codepoint; ECN stays.
    #[must_use]
    pub const fn with_dscp(self, dscp: Dscp) -> Self {
        Self::new(dscp, self.ecn())
    }

    /// The same octet with another congestion mark; DSCP stays.
    #[must_use]
    pub const fn with_ecn(self, ecn: Ecn) -> Self {
        Self::new(self.dscp(), ecn)
    }

    /// The octet as RFC 791 3.1 and RFC 1349 3 read it.
    #[must_use]
    pub const fn type_of_service(self) -> TypeOfService {
        TypeOfService(self.0)
    }
}

impl fmt::Debug for DsField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DsField({} {})", self.dscp(), self.ecn())
    }
}

/// The historical reading of the octet (RFC 791 3.1, RFC 1349 3). Obsolete since RFC 2474; kept for old captures
/// and for legacy nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TypeOfService(pub u8);

impl TypeOfService {
    /// Precedence, 0 (routine) to 7 (network control).
    #[must_use]
    pub const fn precedence(self) -> u8 {
        self.0 >> 5
    }

    /// The name that RFC 791 gives to the precedence.
    #[must_use]
    pub const fn precedence_name(self) -> &'static str {
        match self.precedence() {
            0 => "Routine",
            1 => "Priority",
            2 => "Immediate",
            3 => "Flash",
            4 => "Flash Override",
            5 => "CRITIC/ECP",
            6 => "Internetwork Control",
            _ => "Network Control",
        }
    }

    /// D: low delay is asked for.
    #[must_use]
    pub const fn low_delay(self) -> bool {
        self.0 & 0x10 != 0
    }

    /// T: high throughput is asked for.
    #[must_use]
    pub const fn high_throughput(self) -> bool {
        self.0 & 0x08 != 0
    }

    /// R: high reliability is asked for.
    #[must_use]
    pub const fn high_reliability(self) -> bool {
        self.0 & 0x04 != 0
    }

    /// The bit that RFC 1349 made "minimise monetary cost" and RFC 791 left zero; ECN has it now.
    #[must_use]
    pub const fn low_cost(self) -> bool {
        self.0 & 0x02 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_splits_into_dscp_and_ecn_and_back() {
        for octet in 0..=255u8 {
            let ds = DsField(octet);
            assert_eq!(ds.dscp().value(), octet / 4);
            assert_eq!(ds.ecn().value(), octet % 4);
            assert_eq!(DsField::new(ds.dscp(), ds.ecn()), ds);
        }
    }

    #[test]
    fn dscp_above_63_is_refused() {
        assert_eq!(Dscp::new(63), Some(Dscp::MAX));
        for value in 64..=255 {
            assert_eq!(Dscp::new(value), None);
            assert_eq!(Dscp::try_from(value), Err(OutOfRange));
        }
    }

    #[test]
    fn setting_dscp_keeps_ecn_and_setting_ecn_keeps_dscp() {
        for octet in 0..=255u8 {
            for dscp in 0..64 {
                let dscp = Dscp::new(dscp).unwrap();
                let ds = DsField(octet).with_dscp(dscp);
                assert_eq!((ds.0 >> 2, ds.0 & 3), (dscp.value(), octet & 3));
            }
            for ecn in Ecn::ALL {
                let ds = DsField(octet).with_ecn(ecn);
                assert_eq!((ds.0 & 0xfc, ds.0 & 3), (octet & 0xfc, ecn.value()));
            }
        }
    }

    #[test]
    fn names_follow_the_registry_both_ways() {
        // AFxy = 8x + 2y (RFC 2597 6), CSx = 8x (RFC 2474 4.2.2.2).
        for (class, drop, name) in [(1, 1, "AF11"), (1, 3, "AF13"), (2, 2, "AF22"), (3, 1, "AF31"), (4, 3, "AF43")] {
            assert_eq!(Dscp::from_name(name), Dscp::new(8 * class + 2 * drop));
        }
        assert_eq!(Dscp::EF.value(), 0b10_1110);
        assert_eq!(Dscp::VOICE_ADMIT.value(), 0b10_1100);
        assert_eq!(Dscp::LE.value(), 1);
        assert_eq!(Dscp::NAMED.len(), 23);
        for (dscp, name) in Dscp::NAMED {
            assert_eq!(dscp.name(), Some(*name));
            assert_eq!(Dscp::from_name(name), Some(*dscp));
        }
        assert_eq!(Dscp::from_name("DF"), Some(Dscp::CS0));
        assert_eq!(Dscp::from_name("AF44"), None);
        assert_eq!(Dscp::new(2).unwrap().name(), None);
    }

    #[test]
    fn type_of_service_reads_precedence_and_the_four_bits() {
        // RFC 791 3.1: 101 1 0 0 0 0 = CRITIC/ECP with low delay.
        let tos = DsField(0xb0).type_of_service();
        assert_eq!((tos.precedence(), tos.precedence_name()), (5, "CRITIC/ECP"));
        assert!(tos.low_delay() && !tos.high_throughput() && !tos.high_reliability() && !tos.low_cost());
        assert!(TypeOfService(0x08).high_throughput());
        assert!(TypeOfService(0x04).high_reliability());
        assert!(TypeOfService(0x02).low_cost());
        let names: std::vec::Vec<_> = (0..8).map(|p| TypeOfService(p << 5).precedence_name()).collect();
        assert_eq!(
            names,
            [
                "Routine",
                "Priority",
                "Immediate",
                "Flash",
                "Flash Override",
                "CRITIC/ECP",
                "Internetwork Control",
                "Network Control"
            ]
        );
    }

    #[test]
    fn ecn_codepoints_are_those_of_rfc_3168() {
        assert_eq!(Ecn::from_bits(0b10), Ecn::Ect0);
        assert_eq!(Ecn::from_bits(0b01), Ecn::Ect1);
        assert_eq!(Ecn::from_bits(0b11), Ecn::Ce);
        assert!(!Ecn::NotEct.is_capable() && Ecn::Ect0.is_capable() && Ecn::Ect1.is_capable() && Ecn::Ce.is_capable());
    }
}
