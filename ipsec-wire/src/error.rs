//! The crate's one error type.

use core::fmt;

/// Why something was refused that was to be read, configured or entered into a table.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Error {
    /// The caller's buffer is too small.
    #[error("{field}: {needed} octets of buffer needed, {found} given")]
    BufferTooSmall {
        /// What was to go into it.
        field: Field,
        /// Octets given.
        found: u32,
        /// Octets needed.
        needed: u32,
    },
    /// A value to be configured does not fit its field.
    #[error("{field}: {found} does not fit, at most {needed} does")]
    DoesNotFit {
        /// The field.
        field: Field,
        /// The value.
        found: u32,
        /// The largest value that fits.
        needed: u32,
    },
    /// A field has a value that its definition forbids.
    #[error("{field}: value {found}, needed {needed}")]
    Value {
        /// The field.
        field: Field,
        /// Its value.
        found: u32,
        /// The nearest value that would be right.
        needed: u32,
    },
    /// A value is set aside (SPIs below 256).
    #[error("{field}: {found} is reserved, the first usable one is {needed}")]
    Reserved {
        /// The field.
        field: Field,
        /// The value.
        found: u32,
        /// The first value that is not reserved.
        needed: u32,
    },
    /// Addresses of one thing are not of one IP version.
    #[error("{field}: an IPv{found} address where the others are IPv{needed}")]
    AddressFamily {
        /// What the addresses are of.
        field: Field,
        /// The version of the address that differs.
        found: u8,
        /// The version of the others.
        needed: u8,
    },
    /// A text that another tool printed can't be read.
    #[error("{field} in line {line}, at offset {offset}: {problem}")]
    Text {
        /// What was to be read.
        field: Field,
        /// What is wrong with it.
        problem: Problem,
        /// Which line, from 1 on.
        line: u32,
        /// Where it is, in octets from the start of the text.
        offset: u32,
    },
    /// A table has no room left.
    #[error("{field}: the table's {limit} entries are taken")]
    TableFull {
        /// The table.
        field: Field,
        /// How many entries it may have.
        limit: u32,
    },
    /// A table holds an entry already that the new one contradicts.
    #[error("{field}: {found:#x} is in use already")]
    Conflict {
        /// What is in use.
        field: Field,
        /// Its value.
        found: u32,
    },
}

impl Error {
    /// The field that is wrong.
    #[must_use]
    pub const fn field(&self) -> Field {
        match *self {
            Self::BufferTooSmall { field, .. }
            | Self::DoesNotFit { field, .. }
            | Self::Value { field, .. }
            | Self::Reserved { field, .. }
            | Self::AddressFamily { field, .. }
            | Self::Text { field, .. }
            | Self::TableFull { field, .. }
            | Self::Conflict { field, .. } => field,
        }
    }
}

/// What is wrong with a word of a text.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Problem {
    /// The text or line ends where it should be.
    #[error("it is missing")]
    Missing,
    /// It is none of the words that can be here.
    #[error("the word is not known here")]
    Unknown,
    /// It does not look as it should.
    #[error("it is malformed")]
    Malformed,
    /// A number is too large for what it says.
    #[error("the number is out of range")]
    OutOfRange,
    /// It was said before.
    #[error("it is there twice")]
    Repeated,
    /// The tool that printed it had not all of it.
    #[error("it was cut short when it was printed")]
    Truncated,
}

macro_rules! fields {
    ($($name:ident = $text:literal,)*) => {
        /// The structures and fields that errors name.
        #[non_exhaustive]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Field {
            $(
                #[doc = concat!("The ", $text, ".")]
                $name,
            )*
        }

        impl Field {
            /// Its name in the standards' words.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

fields! {
    ReplayWindow = "anti-replay window",
    ReplayStorage = "anti-replay window's storage",
    ReplayHighest = "highest sequence number",
    ReplayBitmap = "anti-replay bitmap",
    Sad = "security association database",
    SaProtocol = "security association's protocol",
    Spi = "SPI",
    Spd = "security policy database",
    Selectors = "selectors",
    AddressRange = "address range",
    PrefixLen = "prefix length",
    Names = "table of names",
    Record = "record",
    Keyword = "keyword",
    Source = "source address",
    Destination = "destination address",
    Address = "address",
    Protocol = "protocol",
    Reqid = "reqid",
    Mode = "mode",
    ReplayState = "anti-replay context",
    Flags = "flags",
    Mark = "mark",
    Algorithm = "algorithm",
    Key = "key",
    IcvLen = "ICV length",
    Encapsulation = "UDP or TCP encapsulation",
    Port = "port",
    IcmpType = "ICMP type or code",
    Time = "time",
    Lifetime = "lifetime",
    Statistics = "statistics",
    Direction = "direction",
    Action = "action",
    Index = "index",
    Priority = "priority",
    PolicyType = "policy type",
    Sharing = "sharing",
    Template = "template",
    Level = "level",
    Device = "device",
    InterfaceId = "interface identifier",
    TfcPad = "traffic flow confidentiality padding",
    Cpu = "CPU",
    User = "user",
    SequenceLen = "sequence number length",
    Links = "table of links from policy to security associations",
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A length as an error carries it: what does not fit is as bad as the largest that does.
pub(crate) fn len32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_small_and_say_what_is_wrong() {
        assert!(size_of::<Error>() <= 24);
        let error = Error::DoesNotFit { field: Field::ReplayWindow, found: 7, needed: 6 };
        assert_eq!(std::format!("{error}"), "anti-replay window: 7 does not fit, at most 6 does");
        assert_eq!(error.field(), Field::ReplayWindow);
        let error = Error::BufferTooSmall { field: Field::ReplayStorage, found: 8, needed: 16 };
        assert_eq!(std::format!("{error}"), "anti-replay window's storage: 16 octets of buffer needed, 8 given");
        assert_eq!(error.field(), Field::ReplayStorage);
    }
}
