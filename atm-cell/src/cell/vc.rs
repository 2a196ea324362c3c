//! The identifiers that name a virtual channel, and the GFC nibble.

use core::fmt;

/// A number of a field's width.
macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident, $raw:ty, $max:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(try_from = "u32", into = "u32"))]
        pub struct $name($raw);

        impl $name {
            /// The largest value.
            pub const MAX: Self = Self($max);

            /// The value, or `None` where it does not fit the field.
            #[must_use]
            pub const fn new(value: $raw) -> Option<Self> {
                if value <= $max { Some(Self(value)) } else { None }
            }

            /// The value as a number.
            #[must_use]
            pub const fn get(self) -> $raw {
                self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for u32 {
            fn from(value: $name) -> Self {
                Self::from(value.0)
            }
        }

        impl TryFrom<u32> for $name {
            type Error = $crate::OutOfRange;

            fn try_from(value: u32) -> Result<Self, $crate::OutOfRange> {
                <$raw>::try_from(value)
                    .ok()
                    .and_then(Self::new)
                    .ok_or($crate::OutOfRange { what: stringify!($name), found: value, max: $max as u32 })
            }
        }
    };
}

pub(crate) use bounded;

/// A number that does not fit the field it was meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{what} {found} is over {max}")]
pub struct OutOfRange {
    /// The type.
    pub what: &'static str,
    /// The number.
    pub found: u32,
    /// The largest that fits.
    pub max: u32,
}

bounded! {
    /// Virtual path identifier: 12 bits at the NNI, of which the UNI carries 8 (I.361 2.2).
    Vpi, u16, 0x0fff
}

/// Virtual channel identifier: 16 bits (I.361 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Vci(u16);

impl fmt::Display for Vci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<u16> for Vci {
    fn from(value: u16) -> Self {
        Self(value)
    }
}

impl From<Vci> for u16 {
    fn from(value: Vci) -> Self {
        value.0
    }
}

bounded! {
    /// Generic flow control: 4 bits, at the UNI only (I.361 2.2.1).
    Gfc, u8, 0x0f
}

impl Vpi {
    /// The largest VPI that a UNI header carries.
    pub const UNI_MAX: Self = Self(0xff);
    /// VPI 0.
    pub const ZERO: Self = Self(0);
}

impl Gfc {
    /// No flow control: what uncontrolled equipment sends.
    pub const ZERO: Self = Self(0);
}

/// The VCIs that I.361 table 2-1 and table 2-3 set aside on every virtual path.
impl Vci {
    /// The largest value.
    pub const MAX: Self = Self(u16::MAX);
    /// Unassigned and idle cells (with VPI 0).
    pub const ZERO: Self = Self(0);
    /// Meta-signalling.
    pub const META_SIGNALLING: Self = Self(1);
    /// General broadcast signalling.
    pub const BROADCAST_SIGNALLING: Self = Self(2);
    /// OAM F4 flow of a virtual path segment.
    pub const OAM_F4_SEGMENT: Self = Self(3);
    /// OAM F4 flow of a virtual path end to end.
    pub const OAM_F4_END_TO_END: Self = Self(4);
    /// Point-to-point signalling.
    pub const SIGNALLING: Self = Self(5);
    /// Resource management of a virtual path.
    pub const RESOURCE_MANAGEMENT: Self = Self(6);
    /// ILMI, which the ATM Forum put here.
    pub const ILMI: Self = Self(16);
    /// The first VCI that no standard sets aside: 0 to 31 are reserved.
    pub const FIRST_USER: Self = Self(32);

    /// The VCI of that number.
    #[must_use]
    pub const fn new(value: u16) -> Self {
        Self(value)
    }

    /// The value as a number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Whether the standards set this VCI aside (0 to 31).
    #[must_use]
    pub const fn is_reserved(self) -> bool {
        self.0 < Self::FIRST_USER.0
    }
}

/// A virtual channel on one interface: VPI and VCI together. They mean something on that interface only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Vc {
    /// The virtual path.
    pub vpi: Vpi,
    /// The channel in it.
    pub vci: Vci,
}

impl Vc {
    /// The channel of that path and number.
    #[must_use]
    pub const fn new(vpi: Vpi, vci: Vci) -> Self {
        Self { vpi, vci }
    }

    /// Both identifiers in one number of 28 bits, the VPI in front.
    #[must_use]
    pub const fn to_bits(self) -> u32 {
        (self.vpi.0 as u32) << 16 | self.vci.0 as u32
    }

    /// The channel that [`Self::to_bits`] made the number of; higher bits are ignored.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self { vpi: Vpi((bits >> 16 & 0x0fff) as u16), vci: Vci((bits & 0xffff) as u16) }
    }
}

/// `VPI/VCI`, as the field writes it.
impl fmt::Display for Vc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.vpi, self.vci)
    }
}
