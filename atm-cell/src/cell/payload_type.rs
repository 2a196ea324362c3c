//! The payload type field.

/// Payload type: 3 bits (I.361 2.2.4).
///
/// | PT | meaning |
/// | --- | --- |
/// | 0 x y | user data; x: congestion experienced, y: SDU type (ATM-user-to-ATM-user indication), which AAL5 sets in a PDU's last cell |
/// | 1 0 0 | OAM F5 segment |
/// | 1 0 1 | OAM F5 end to end |
/// | 1 1 0 | resource management |
/// | 1 1 1 | reserved |
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "u32", into = "u32"))]
pub struct PayloadType(u8);

impl PayloadType {
    /// User data, no congestion, SDU type 0.
    pub const USER_0: Self = Self(0);
    /// User data, no congestion, SDU type 1: the end of an AAL5 PDU.
    pub const USER_1: Self = Self(1);
    /// User data, congestion experienced, SDU type 0.
    pub const USER_CONGESTED_0: Self = Self(2);
    /// User data, congestion experienced, SDU type 1.
    pub const USER_CONGESTED_1: Self = Self(3);
    /// OAM F5 flow, segment.
    pub const OAM_F5_SEGMENT: Self = Self(4);
    /// OAM F5 flow, end to end.
    pub const OAM_F5_END_TO_END: Self = Self(5);
    /// Resource management.
    pub const RESOURCE_MANAGEMENT: Self = Self(6);
    /// Reserved.
    pub const RESERVED: Self = Self(7);
    /// The largest value.
    pub const MAX: Self = Self(7);

    /// The payload type, or `None` above 7.
    #[must_use]
    pub const fn new(value: u8) -> Option<Self> {
        if value <= 7 { Some(Self(value)) } else { None }
    }

    /// The payload type in the low 3 bits.
    #[must_use]
    pub(crate) const fn from_low_bits(value: u8) -> Self {
        Self(value & 7)
    }

    /// A payload type of user data.
    #[must_use]
    pub const fn user(congestion: bool, sdu_type: bool) -> Self {
        Self((congestion as u8) << 1 | sdu_type as u8)
    }

    /// The value as a number.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }

    /// Whether the cell carries user data (PT 0 to 3). Nothing else enters reassembly.
    #[must_use]
    pub const fn is_user_data(self) -> bool {
        self.0 < 4
    }

    /// Whether a user data cell met congestion (explicit forward congestion indication).
    #[must_use]
    pub const fn congestion(self) -> bool {
        self.0 & 0b110 == 0b010
    }

    /// The SDU type bit of a user data cell: set in the last cell of an AAL5 PDU.
    #[must_use]
    pub const fn sdu_type(self) -> bool {
        self.0 & 0b101 == 0b001
    }

    /// Whether the cell is of an OAM F5 flow.
    #[must_use]
    pub const fn is_oam_f5(self) -> bool {
        self.0 & 0b110 == 0b100
    }

    /// The payload type of the same cell after it met congestion: user data cells are marked, others stay as they are.
    #[must_use]
    pub const fn with_congestion(self) -> Self {
        if self.is_user_data() { Self(self.0 | 0b010) } else { self }
    }
}

impl From<PayloadType> for u32 {
    fn from(value: PayloadType) -> Self {
        Self::from(value.0)
    }
}

impl TryFrom<u32> for PayloadType {
    type Error = super::OutOfRange;

    fn try_from(value: u32) -> Result<Self, super::OutOfRange> {
        u8::try_from(value).ok().and_then(Self::new).ok_or(super::OutOfRange { what: "PayloadType", found: value, max: 7 })
    }
}
