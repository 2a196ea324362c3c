//! The two TLV grammars of the family: length of everything (IPv4, TCP) and length of the data (IPv6).

use core::marker::PhantomData;

use nom::IResult;
use nom::error::{ErrorKind, ParseError};
use nom::number::complete::be_u8;

use crate::Error;
use crate::error::{Field, len32};

/// One option as it stands: `octets` is all of it, `data` what follows type and length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tlv<'a> {
    pub(crate) kind: u8,
    /// The length octet; `None` for the types that have none.
    pub(crate) length: Option<u8>,
    pub(crate) octets: &'a [u8],
    pub(crate) data: &'a [u8],
}

/// What is wrong with an option, counted from its first octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Length { found: u32, needed: u32 },
    Overrun { found: u32, needed: u32 },
}

impl Fault {
    pub(crate) fn at(self, field: Field, offset: u32) -> Error {
        match self {
            Self::Length { found, needed } => Error::OptionLength { field, offset, found, needed },
            Self::Overrun { found, needed } => Error::OptionOverrun { field, offset, found, needed },
        }
    }
}

impl<'a> ParseError<&'a [u8]> for Fault {
    fn from_error_kind(input: &'a [u8], _kind: ErrorKind) -> Self {
        let found = len32(input.len());
        Self::Overrun { found, needed: found.saturating_add(1) }
    }

    fn append(_input: &'a [u8], _kind: ErrorKind, other: Self) -> Self {
        other
    }
}

type Parsed<'a> = IResult<&'a [u8], Tlv<'a>, Fault>;

/// How an option is told from what follows it. A type, not a function pointer: a walk of it is compiled into its callers, where it can be
/// seen that nothing panics.
pub(crate) trait Grammar {
    /// Takes one option off `input`.
    fn take_one(input: &[u8]) -> Parsed<'_>;
}

/// An option whose length octet counts type and length too. Types 0 (end of list) and 1 (no operation) are single octets;
/// type 0 takes all that is left, which is padding, so that nothing accepted is lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inclusive;

/// An option whose length octet counts the data alone. Type 0 (Pad1) is a single octet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exclusive;

/// An element whose length octet counts type and length too, whatever its type (the tags of a CIPSO option).
#[derive(Debug, Clone, Copy)]
pub(crate) struct InclusiveAll;

impl Grammar for Inclusive {
    fn take_one(input: &[u8]) -> Parsed<'_> {
        inclusive(input)
    }
}

impl Grammar for Exclusive {
    fn take_one(input: &[u8]) -> Parsed<'_> {
        exclusive(input)
    }
}

impl Grammar for InclusiveAll {
    fn take_one(input: &[u8]) -> Parsed<'_> {
        inclusive_all(input)
    }
}

fn inclusive(input: &[u8]) -> Parsed<'_> {
    let (rest, kind) = be_u8(input)?;
    match kind {
        0 => Ok((&[], Tlv { kind, length: None, octets: input, data: rest })),
        1 => single(input, kind),
        _ => {
            let (_, len) = be_u8(rest).map_err(|_: nom::Err<Fault>| overrun(input, 2))?;
            let Some(data_len) = len.checked_sub(2) else {
                return Err(nom::Err::Error(Fault::Length { found: u32::from(len), needed: 2 }));
            };
            whole(input, kind, len, data_len)
        }
    }
}

fn exclusive(input: &[u8]) -> Parsed<'_> {
    let (rest, kind) = be_u8(input)?;
    if kind == 0 {
        return single(input, kind);
    }
    let (_, len) = be_u8(rest).map_err(|_: nom::Err<Fault>| overrun(input, 2))?;
    whole(input, kind, len, len)
}

// `split_at_checked` and not nom's `take`, of whose index the compiler does not see that it is in range.
fn single(input: &[u8], kind: u8) -> Parsed<'_> {
    let (octets, rest) = input.split_at_checked(1).ok_or_else(|| overrun(input, 1))?;
    Ok((rest, Tlv { kind, length: None, octets, data: &[] }))
}

fn whole(input: &[u8], kind: u8, length: u8, data_len: u8) -> Parsed<'_> {
    let total = usize::from(data_len).saturating_add(2);
    let (octets, rest) = input.split_at_checked(total).ok_or_else(|| overrun(input, len32(total)))?;
    let data = octets.get(2..).unwrap_or(&[]);
    Ok((rest, Tlv { kind, length: Some(length), octets, data }))
}

fn overrun(input: &[u8], needed: u32) -> nom::Err<Fault> {
    nom::Err::Error(Fault::Overrun { found: len32(input.len()), needed })
}

/// A walk over options: one at a time, fused after an error, its state no more than what is left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk<'a, G> {
    rest: &'a [u8],
    offset: u32,
    field: Field,
    grammar: PhantomData<G>,
}

impl<'a, G: Grammar> Walk<'a, G> {
    pub(crate) fn new(area: &'a [u8], offset: u32, field: Field) -> Self {
        Self { rest: area, offset, field, grammar: PhantomData }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next option with its offset.
    pub(crate) fn step(&mut self) -> Option<Result<(u32, Tlv<'a>), Error>> {
        if self.rest.is_empty() {
            return None;
        }
        let offset = self.offset;
        match G::take_one(self.rest) {
            Ok((rest, tlv)) => {
                self.offset = offset.saturating_add(len32(tlv.octets.len()));
                self.rest = rest;
                Some(Ok((offset, tlv)))
            }
            Err(fault) => {
                self.rest = &[];
                let fault = match fault {
                    nom::Err::Error(fault) | nom::Err::Failure(fault) => fault,
                    nom::Err::Incomplete(_) => Fault::Overrun { found: 0, needed: 1 },
                };
                Some(Err(fault.at(self.field, offset)))
            }
        }
    }
}

fn inclusive_all(input: &[u8]) -> Parsed<'_> {
    let (rest, kind) = be_u8(input)?;
    let (_, len) = be_u8(rest).map_err(|_: nom::Err<Fault>| overrun(input, 2))?;
    match len.checked_sub(2) {
        Some(data_len) => whole(input, kind, len, data_len),
        None => Err(nom::Err::Error(Fault::Length { found: u32::from(len), needed: 2 })),
    }
}

/// Octets of the largest options area of IPv4 and TCP: a header length of 15 words.
pub(crate) const MAX_AREA_LEN: usize = 40;

/// An options area under construction.
#[derive(Clone, Copy)]
pub(crate) struct Area {
    octets: [u8; MAX_AREA_LEN],
    /// Octets in use, padding left out.
    used: u8,
}

/// Two areas are the same if the same octets stand on the wire, padding included.
impl PartialEq for Area {
    fn eq(&self, other: &Self) -> bool {
        self.as_octets() == other.as_octets()
    }
}

impl Eq for Area {}

impl Area {
    pub(crate) const EMPTY: Self = Self { octets: [0; MAX_AREA_LEN], used: 0 };

    pub(crate) fn push_tlv(&mut self, kind: u8, parts: &[&[u8]], field: Field) -> Result<(), Error> {
        let len = parts.iter().fold(2usize, |len, part| len.saturating_add(part.len()));
        // A length over 255 is over 40 too: the copies below refuse it.
        self.push(&[kind, u8::try_from(len).unwrap_or(u8::MAX)], field)?;
        parts.iter().try_for_each(|part| self.push(part, field))
    }

    pub(crate) fn push(&mut self, octets: &[u8], field: Field) -> Result<(), Error> {
        let start = usize::from(self.used);
        let end = start.saturating_add(octets.len());
        let (Some(room), Ok(used)) = (self.octets.get_mut(start..end), u8::try_from(end)) else {
            return Err(Error::DoesNotFit { field, found: len32(end), needed: len32(MAX_AREA_LEN) });
        };
        room.copy_from_slice(octets);
        self.used = used;
        Ok(())
    }

    pub(crate) const fn len(&self) -> usize {
        (self.used as usize).next_multiple_of(4)
    }

    pub(crate) const fn words(&self) -> u8 {
        self.used.div_ceil(4)
    }

    pub(crate) fn as_octets(&self) -> &[u8] {
        self.octets.get(..self.len()).unwrap_or(&self.octets)
    }
}

/// The `Options` iterator of a protocol, its `Opt`, and what both can tell without knowing the option.
macro_rules! options_walk {
    ($field:expr, $grammar:ty, $container:literal, $length:literal) => {
        /// An iterator over options; ends after an end-of-list option (where the protocol has one) or the first error.
        #[derive(Debug, Clone, Copy)]
        pub struct Options<'a> {
            walk: crate::tlv::Walk<'a, $grammar>,
        }

        impl<'a> Options<'a> {
            #[doc = concat!("Walks an options area that starts `offset` octets into the ", $container, ".")]
            #[must_use]
            pub fn new(area: &'a [u8], offset: u32) -> Self {
                Self { walk: crate::tlv::Walk::new(area, offset, $field) }
            }

            /// The octets not yet walked.
            #[must_use]
            pub fn as_octets(&self) -> &'a [u8] {
                self.walk.rest()
            }
        }

        impl<'a> Iterator for Options<'a> {
            type Item = Result<Opt<'a>, Error>;

            fn next(&mut self) -> Option<Self::Item> {
                let step = self.walk.step()?;
                Some(step.map(|(offset, tlv)| Opt { tlv, offset }))
            }
        }

        impl core::iter::FusedIterator for Options<'_> {}

        #[doc = concat!("One option as it stands in the ", $container, ".")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Opt<'a> {
            tlv: crate::tlv::Tlv<'a>,
            offset: u32,
        }

        impl<'a> Opt<'a> {
            /// The type octet.
            #[must_use]
            pub const fn kind(&self) -> Kind {
                Kind(self.tlv.kind)
            }

            #[doc = concat!("Where the option starts, in octets from the start of the ", $container, ".")]
            #[must_use]
            pub const fn offset(&self) -> u32 {
                self.offset
            }

            /// The whole option. That of an end-of-list option is all that is left of the area: it is padding.
            #[must_use]
            pub const fn octets(&self) -> &'a [u8] {
                self.tlv.octets
            }

            /// What follows the type and length octets.
            #[must_use]
            pub const fn data(&self) -> &'a [u8] {
                self.tlv.data
            }

            #[doc = $length]
            #[must_use]
            pub const fn length(&self) -> Option<u8> {
                self.tlv.length
            }
        }
    };
}
pub(crate) use options_walk;

/// What the `OptionList` of a protocol has, whatever its options: construction from octets, and the finished area.
macro_rules! options_list {
    ($field:expr, $first:expr, $container:literal) => {
        impl OptionList {
            /// No options.
            #[must_use]
            pub const fn new() -> Self {
                Self { area: crate::tlv::Area::EMPTY }
            }

            /// The area of `octets` as they stand, whatever they say; padded with zero to whole words.
            ///
            /// # Errors
            /// [`Error::DoesNotFit`] over 40 octets.
            pub fn from_octets(octets: &[u8]) -> Result<Self, Error> {
                let mut list = Self::new();
                list.area.push(octets, $field)?;
                Ok(list)
            }

            /// The area of a header that was read: at most 40 octets.
            pub(crate) fn from_words(octets: &[u8]) -> Self {
                Self::from_octets(octets).unwrap_or_default()
            }

            /// Octets of the area, padding included: a multiple of 4, at most 40.
            #[must_use]
            pub const fn len(&self) -> usize {
                self.area.len()
            }

            /// Whether there is no option.
            #[must_use]
            pub const fn is_empty(&self) -> bool {
                self.area.len() == 0
            }

            /// 32-bit words of the area: what the header length counts over 5.
            pub(crate) const fn words(&self) -> u8 {
                self.area.words()
            }

            /// The area, padding included.
            #[must_use]
            pub fn as_octets(&self) -> &[u8] {
                self.area.as_octets()
            }

            #[doc = concat!("The options in the area; offsets count from the start of a ", $container, " that has it.")]
            #[must_use]
            pub fn iter(&self) -> Options<'_> {
                Options::new(self.as_octets(), len32($first))
            }
        }

        impl Default for OptionList {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Debug for OptionList {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_list().entries(self.iter()).finish()
            }
        }
    };
}
pub(crate) use options_list;

/// A kind octet's newtype: constants, names, and how it prints.
macro_rules! option_kinds {
    ($registry:literal, $format:literal; $($(#[$doc:meta])* $name:ident = $value:literal, $text:literal;)*) => {
        /// An option's type octet. Every value is representable, so an unknown option survives.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct Kind(pub u8);

        impl Kind {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            #[doc = concat!("The option's name (IANA \"", $registry, "\", as of 2026-11), where this crate knows one.")]
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }

        impl fmt::Debug for Kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "Kind({self})")
            }
        }

        impl fmt::Display for Kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, $format, self.0),
                }
            }
        }
    };
}
pub(crate) use option_kinds;

#[cfg(test)]
mod tests {
    use super::*;

    fn walk<G: Grammar>(area: &[u8], _grammar: G) -> std::vec::Vec<Result<(u32, u8, usize), Error>> {
        let mut walk = Walk::<G>::new(area, 100, Field::Buffer);
        core::iter::from_fn(|| walk.step()).map(|step| step.map(|(at, tlv)| (at, tlv.kind, tlv.octets.len()))).collect()
    }

    #[test]
    fn the_inclusive_grammar_counts_type_and_length() {
        assert_eq!(
            walk(&[1, 9, 2, 9, 3, 0, 0, 7], Inclusive),
            [Ok((100, 1, 1)), Ok((101, 9, 2)), Ok((103, 9, 3)), Ok((106, 0, 2))]
        );
    }

    #[test]
    fn the_exclusive_grammar_counts_the_data_alone() {
        assert_eq!(
            walk(&[0, 9, 0, 9, 1, 5, 1, 0], Exclusive),
            [Ok((100, 0, 1)), Ok((101, 9, 2)), Ok((103, 9, 3)), Ok((106, 1, 2))]
        );
    }

    #[test]
    fn the_third_grammar_has_no_single_octets() {
        assert_eq!(walk(&[0, 2, 1, 3, 7], InclusiveAll), [Ok((100, 0, 2)), Ok((102, 1, 3))]);
        let error = Error::OptionOverrun { field: Field::Buffer, offset: 102, found: 1, needed: 2 };
        assert_eq!(walk(&[0, 2, 1], InclusiveAll), [Ok((100, 0, 2)), Err(error)]);
    }

    #[test]
    fn the_longest_options_fit_their_length_octet() {
        let mut area = [0xab; 257];
        area[1] = 255;
        assert_eq!(walk(&area, Exclusive), [Ok((100, 0xab, 257))]);
        assert_eq!(walk(&area[..255], Inclusive), [Ok((100, 0xab, 255))]);
        let error = Error::OptionOverrun { field: Field::Buffer, offset: 100, found: 256, needed: 257 };
        assert_eq!(walk(&area[..256], Exclusive), [Err(error)]);
    }

    #[test]
    fn an_area_is_at_most_40_octets_and_counts_words() {
        let mut area = Area::EMPTY;
        for len in 1..=40u8 {
            area.push(&[len], Field::Buffer).unwrap();
            assert_eq!((area.words(), area.len()), (len.div_ceil(4), usize::from(len.div_ceil(4)) * 4));
        }
        let error = Error::DoesNotFit { field: Field::Buffer, found: 41, needed: 40 };
        assert_eq!(area.push(&[0], Field::Buffer), Err(error));
        assert!(area.as_octets().iter().copied().eq(1..=40));
    }
}
