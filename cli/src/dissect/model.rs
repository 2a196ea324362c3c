//! What is found in a frame: layers with their fields and notes, and the error that ended the walk.

use std::fmt;

use ip_wire::{Error, Family, Reaction};

/// A frame taken apart.
#[derive(Debug, Clone, Default)]
pub struct Dissection {
    /// The layers, outermost first.
    pub layers: Vec<Layer>,
    /// The first thing that a receiver would refuse the packet for.
    pub error: Option<Problem>,
}

impl Dissection {
    /// Every value under a display-filter field name, in order of appearance.
    pub fn values<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Value> {
        self.layers.iter().flat_map(|layer| &layer.items).filter(move |item| item.key == key).map(|item| &item.value)
    }
}

/// One header, or what is left behind the last one.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Its name in JSON: Wireshark's protocol name.
    pub name: &'static str,
    /// Its name as a person reads it.
    pub title: String,
    /// Where it starts in the frame.
    pub offset: usize,
    /// Octets of the header.
    pub len: usize,
    /// Its fields.
    pub items: Vec<Item>,
    /// What is odd about it.
    pub notes: Vec<String>,
}

/// One field.
#[derive(Debug, Clone)]
pub struct Item {
    /// Wireshark's display-filter field name; empty for fields that JSON does not have.
    pub key: &'static str,
    /// Its name as a person reads it; empty for values that only JSON has.
    pub label: &'static str,
    /// Its value.
    pub value: Value,
    /// What the value means.
    pub meaning: String,
    /// Where it starts in the frame.
    pub offset: usize,
    /// 1 for a field of the header, 2 for a part of one.
    pub depth: u8,
}

/// The value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u64),
    /// A number that people read in hexadecimal, of so many digits.
    Hex(u64, u8),
    /// A flag.
    Flag(bool),
    /// An address or name.
    Text(String),
}

impl Value {
    /// The value as a number, where it is one.
    #[must_use]
    pub const fn number(&self) -> Option<u64> {
        match self {
            Self::Number(number) | Self::Hex(number, _) => Some(*number),
            Self::Flag(flag) => Some(*flag as u64),
            Self::Text(_) => None,
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Hex(number, digits) => write!(f, "0x{number:0width$x}", width = usize::from(*digits)),
            Self::Flag(flag) => f.write_str(if *flag { "set" } else { "not set" }),
            Self::Text(text) => f.write_str(text),
        }
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

macro_rules! from_number {
    ($($number:ty)*) => {$(
        impl From<$number> for Value {
            fn from(number: $number) -> Self {
                Self::Number(u64::from(number))
            }
        }
    )*};
}

from_number!(u8 u16 u32 u64);

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A number to be shown in hexadecimal, as wide as its type.
pub(crate) fn hex<N: Copy + Into<u64>>(number: N) -> Value {
    let digits = u8::try_from(size_of::<N>().saturating_mul(2)).unwrap_or(16);
    Value::Hex(number.into(), digits)
}

/// Why a packet would be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// The layer at fault.
    pub layer: &'static str,
    /// Where the packet starts in the frame that the error's offset counts from.
    pub base: usize,
    /// Whether that packet is one that an ICMP error quotes: then it is the quoted packet that is at fault.
    pub is_quoted: bool,
    /// What is wrong.
    pub error: Cause,
}

/// What is wrong with a packet, in the words of the crate that read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Of `ip-wire`.
    Ip(Error),
    /// Of `atm-cell`.
    Atm(atm_cell::Error),
}

impl Cause {
    /// The field at fault.
    #[must_use]
    pub const fn field_name(&self) -> &'static str {
        match self {
            Self::Ip(error) => error.field().name(),
            Self::Atm(error) => error.field().name(),
        }
    }
}

impl From<Error> for Cause {
    fn from(error: Error) -> Self {
        Self::Ip(error)
    }
}

impl From<atm_cell::Error> for Cause {
    fn from(error: atm_cell::Error) -> Self {
        Self::Atm(error)
    }
}

impl Problem {
    /// The kind of error, for a census.
    #[must_use]
    pub fn kind(&self) -> String {
        let shown = match &self.error {
            Cause::Ip(error) => format!("{error:?}"),
            Cause::Atm(error) => format!("{error:?}"),
        };
        let end = shown.find([' ', '{', '(']).unwrap_or(shown.len());
        shown.get(..end).unwrap_or(&shown).to_owned()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = if self.is_quoted { "quoted " } else { "" };
        write!(f, "{quoted}{} at octet {}: ", self.layer, self.base)?;
        match &self.error {
            Cause::Atm(error) => error.fmt(f),
            Cause::Ip(error) => match error.field().protocol() {
                // What a node does to the sender is IP's business.
                Family::Link | Family::Caller => error.fmt(f),
                _ => write!(f, "{error} [{}]", Owed(error.reaction())),
            },
        }
    }
}

/// A reaction in words.
struct Owed(Reaction);

impl fmt::Display for Owed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Reaction::None => f.write_str("nothing to do"),
            Reaction::Discard => f.write_str("discard silently"),
            Reaction::Audit => f.write_str("discard and record"),
            Reaction::ParameterProblem { code, pointer } => {
                write!(f, "discard and send a parameter problem, code {code}, pointer {pointer}")
            }
            Reaction::PacketTooBig { mtu } => write!(f, "discard and report the MTU {mtu}"),
            Reaction::TimeExceeded { code } => write!(f, "discard and send time exceeded, code {code}"),
            Reaction::Unreachable { code } => write!(f, "discard and send destination unreachable, code {code}"),
            _ => f.write_str("discard"),
        }
    }
}

impl Layer {
    pub(crate) fn new(name: &'static str, title: impl Into<String>, offset: usize, len: usize) -> Self {
        Self { name, title: title.into(), offset, len, items: Vec::new(), notes: Vec::new() }
    }

    /// Adds a field at `at` octets from the layer's start.
    pub(crate) fn item(&mut self, key: &'static str, label: &'static str, at: usize, value: impl Into<Value>) -> &mut Self {
        let offset = self.offset.saturating_add(at);
        self.items.push(Item { key, label, value: value.into(), meaning: String::new(), offset, depth: 1 });
        self
    }

    /// Makes the field added last a part of the one before.
    pub(crate) fn part(&mut self) -> &mut Self {
        if let Some(item) = self.items.last_mut() {
            item.depth = 2;
        }
        self
    }

    /// Says what the value added last means.
    pub(crate) fn meaning(&mut self, meaning: impl fmt::Display) -> &mut Self {
        if let Some(item) = self.items.last_mut() {
            item.meaning = meaning.to_string();
        }
        self
    }

    /// Adds an address.
    pub(crate) fn address(&mut self, key: &'static str, label: &'static str, at: usize, address: impl fmt::Display) -> &mut Self {
        self.item(key, label, at, address.to_string())
    }

    /// Adds a remark.
    pub(crate) fn note(&mut self, note: impl fmt::Display) {
        self.notes.push(note.to_string());
    }

    /// Adds a remark about a field that is not what its sender must make it.
    pub(crate) fn expect_zero(&mut self, what: &str, found: impl Into<u64>) {
        let found = found.into();
        if found != 0 {
            self.note(format_args!("{what} is {found:#x}, zero when sent by the book"));
        }
    }
}
