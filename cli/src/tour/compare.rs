//! What comes out beside what was to come out.

use std::fmt;

/// Faults that are kept; others are only counted.
const MAX_KEPT: usize = 20;

/// The first octet in which `found` differs from `expected`; a packet that ends before the other differs where it ends.
#[must_use]
pub fn compare(expected: &[u8], found: &[u8]) -> Option<Octet> {
    let equal = expected.iter().zip(found).take_while(|(expected, found)| expected == found).count();
    let (expected, found) = (expected.get(equal).copied(), found.get(equal).copied());
    (expected.is_some() || found.is_some()).then_some(Octet { offset: equal, expected, found })
}

/// An octet that is not what it was to be; `None` where a packet has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Octet {
    /// Its place in the packet.
    pub offset: usize,
    /// What was to be there.
    pub expected: Option<u8>,
    /// What is there.
    pub found: Option<u8>,
}

impl fmt::Display for Octet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |octet: Option<u8>| octet.map_or_else(|| "the packet's end".to_owned(), |octet| format!("{octet:#04x}"));
        write!(f, "octet {} is {}, not {}", self.offset, show(self.found), show(self.expected))
    }
}

/// Something that the tour found to be wrong: a fault of a crate, or of the tour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// At which stage.
    pub stage: &'static str,
    /// With which frame of the capture; `None` if it is of no single one.
    pub frame: Option<u64>,
    /// Where the packet differs, if it does.
    pub octet: Option<Octet>,
    /// What is wrong.
    pub what: String,
}

impl Fault {
    /// Something is wrong with a packet.
    #[must_use]
    pub fn new(stage: &'static str, frame: u64, what: impl Into<String>) -> Self {
        Self { stage, frame: Some(frame), octet: None, what: what.into() }
    }

    /// A packet is not what it was to be.
    #[must_use]
    pub fn difference(stage: &'static str, frame: u64, octet: Octet) -> Self {
        Self { octet: Some(octet), ..Self::new(stage, frame, octet.to_string()) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.stage)?;
        if let Some(frame) = self.frame {
            write!(f, "frame {frame}: ")?;
        }
        f.write_str(&self.what)
    }
}

/// All faults: the first ones as they are, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    kept: Vec<Fault>,
    count: u64,
}

impl Faults {
    /// Adds one.
    pub fn push(&mut self, fault: Fault) {
        self.count = self.count.saturating_add(1);
        if self.kept.len() < MAX_KEPT {
            self.kept.push(fault);
        }
    }

    /// The first ones.
    #[must_use]
    pub fn kept(&self) -> &[Fault] {
        &self.kept
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }
}
