//! Lines and words of a text, with the places where they are.

use core::net::IpAddr;
use core::str::FromStr;

use nom::bytes::complete::{tag, take_till, take_till1, take_while, take_while_m_n};
use nom::character::complete::{char, digit1, hex_digit1};
use nom::combinator::{all_consuming, map_opt, opt};
use nom::sequence::{delimited, preceded, separated_pair, terminated};
use nom::{IResult, Parser};

use super::Key;
use crate::error::{Error, Field, Problem, len32};

/// A piece of a text, and where it starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) line: u32,
    /// Octets from the start of the whole text.
    pub(super) offset: u32,
}

impl<'a> Piece<'a> {
    pub(super) const fn whole(text: &'a str) -> Self {
        Self { text, line: 1, offset: 0 }
    }

    pub(super) const fn error(&self, field: Field, problem: Problem) -> Error {
        Error::Text { field, problem, line: self.line, offset: self.offset }
    }

    /// What is left once a parser has left `rest` of it.
    fn after(&self, rest: &'a str) -> Self {
        let taken = len32(self.text.len().saturating_sub(rest.len()));
        Self { text: rest, offset: self.offset.saturating_add(taken), ..*self }
    }

    /// Runs a parser on its start.
    pub(super) fn take<O>(&mut self, parser: impl Parser<&'a str, Output = O, Error = ()>) -> Option<O> {
        let mut parser = parser;
        let (rest, output) = parser.parse(self.text).ok()?;
        *self = self.after(rest);
        Some(output)
    }

    /// Runs a parser on all of it.
    pub(super) fn all<O>(&self, parser: impl Parser<&'a str, Output = O, Error = ()>) -> Option<O> {
        all_consuming(parser).parse(self.text).ok().map(|(_, output)| output)
    }

    /// The next line: up to a line feed, or to the reverse solidus that stands for one where a record is on one line (`-o`).
    pub(super) fn next_line(&mut self) -> Option<Self> {
        if self.text.is_empty() {
            return None;
        }
        let start = *self;
        let text = self.take(till_end)?;
        let feed = self.take(opt(char('\n'))).flatten();
        if feed.is_some() {
            self.line = self.line.saturating_add(1);
        } else {
            self.take(opt(char('\\')));
        }
        Some(Self { text: text.strip_suffix('\r').unwrap_or(text), ..start })
    }

    /// The next line: up to a line feed.
    pub(super) fn next_plain_line(&mut self) -> Option<Self> {
        if self.text.is_empty() {
            return None;
        }
        let start = *self;
        let text = self.take(take_till(|c| c == '\n'))?;
        if self.take(char('\n')).is_some() {
            self.line = self.line.saturating_add(1);
        }
        Some(Self { text: text.strip_suffix('\r').unwrap_or(text), ..start })
    }

    /// The next word of a line. At its end, `Err` of an empty piece there.
    pub(super) fn next_word(&mut self) -> Result<Self, Self> {
        self.take(take_while(is_blank));
        let start = *self;
        match self.take(take_till1(is_blank)) {
            Some(text) => Ok(Self { text, ..start }),
            None => Err(start),
        }
    }

    /// The next word, which must be there.
    pub(super) fn value(&mut self, field: Field) -> Result<Self, Error> {
        self.next_word().map_err(|end| end.error(field, Problem::Missing))
    }

    /// The next word, which must be this one.
    pub(super) fn expect(&mut self, word: &str, field: Field) -> Result<(), Error> {
        let found = self.value(field)?;
        if found.text == word { Ok(()) } else { Err(found.error(field, Problem::Unknown)) }
    }

    /// Whether the next word is this one; it is taken then.
    pub(super) fn accept(&mut self, word: &str) -> bool {
        let mut ahead = *self;
        let found = ahead.next_word().is_ok_and(|found| found.text == word);
        if found {
            *self = ahead;
        }
        found
    }

    /// A number as [`Piece::number`] reads it, from the next word.
    pub(super) fn number_value<T: TryFrom<u64>>(&mut self, field: Field) -> Result<T, Error> {
        self.value(field)?.number(field)
    }

    /// A number, decimal or after 0x, with what `-s` adds in parentheses, and a comma.
    pub(super) fn number<T: TryFrom<u64>>(&self, field: Field) -> Result<T, Error> {
        let (digits, radix) =
            self.all(terminated(digits, (opt(remark), opt(char(','))))).ok_or_else(|| self.error(field, Problem::Malformed))?;
        let value = u64::from_str_radix(digits, radix).ok().and_then(|value| T::try_from(value).ok());
        value.ok_or_else(|| self.error(field, Problem::OutOfRange))
    }

    /// A word that says a value.
    pub(super) fn one_of<T>(&self, field: Field, value: Option<T>) -> Result<T, Error> {
        value.ok_or_else(|| self.error(field, Problem::Unknown))
    }

    pub(super) fn address(&self, field: Field) -> Result<IpAddr, Error> {
        IpAddr::from_str(self.text).map_err(|_| self.error(field, Problem::Malformed))
    }

    /// An address and a prefix length.
    pub(super) fn prefix(&self, field: Field) -> Result<(IpAddr, u8), Error> {
        let parts = self.all(separated_pair(take_till1(|c| c == '/'), char('/'), digit1));
        let (address, len) = parts.ok_or_else(|| self.error(field, Problem::Malformed))?;
        let address = IpAddr::from_str(address).map_err(|_| self.error(field, Problem::Malformed))?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        match len.parse() {
            Ok(len) if len <= bits => Ok((address, len)),
            _ => Err(self.error(field, Problem::OutOfRange)),
        }
    }

    /// A key in digits after 0x.
    pub(super) fn key(&self, field: Field) -> Result<Key, Error> {
        let digits = self.all(preceded(tag("0x"), take_till(is_blank)));
        digits.and_then(Key::from_hex).ok_or_else(|| self.error(field, Problem::Malformed))
    }
}

const fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn till_end(text: &str) -> IResult<&str, &str, ()> {
    take_till(|c| c == '\n' || c == '\\').parse(text)
}

/// Digits and their radix.
fn digits(text: &str) -> IResult<&str, (&str, u32), ()> {
    let (text, prefix) = opt(tag("0x")).parse(text)?;
    match prefix {
        Some(_) => hex_digit1.map(|digits| (digits, 16)).parse(text),
        None => digit1.map(|digits| (digits, 10)).parse(text),
    }
}

/// What stands in parentheses.
fn remark(text: &str) -> IResult<&str, &str, ()> {
    delimited(char('('), take_till(|c| c == ')'), char(')')).parse(text)
}

/// A limit of a lifetime: a number or none, its unit, and a comma: `100(bytes),`.
pub(super) fn limit(unit: &str) -> impl Parser<&str, Output = Option<u64>, Error = ()> {
    let amount = nom::branch::alt((tag("(INF)").map(|_| None), map_opt(digit1, |digits: &str| digits.parse().ok()).map(Some)));
    terminated(amount, (delimited(char('('), tag(unit), char(')')), opt(char(','))))
}

/// Two hexadecimal digits.
pub(super) fn hex_octet(text: &str) -> IResult<&str, u8, ()> {
    map_opt(take_while_m_n(2, 2, |c: char| c.is_ascii_hexdigit()), |digits| u8::from_str_radix(digits, 16).ok()).parse(text)
}
