//! Lines that states and policies share.

use alloc::string::{String, ToString};

use nom::bytes::complete::tag;
use nom::character::complete::{char, digit1};
use nom::combinator::map_opt;
use nom::sequence::{delimited, terminated};

use super::super::text::{Piece, limit};
use super::{Lifetime, Limit, Mark, Offload, Time, Usage};
use crate::error::{Error, Field, Problem};

/// `0x10/0xff`, or a value alone.
pub(super) fn mark(line: &mut Piece<'_>) -> Result<Mark, Error> {
    let word = line.value(Field::Mark)?;
    let (value, mask) = match word.text.split_once('/') {
        Some((value, mask)) => {
            let behind = crate::error::len32(value.len()).saturating_add(1);
            let mask = Piece { text: mask, offset: word.offset.saturating_add(behind), ..word };
            (Piece { text: value, ..word }, mask.number(Field::Mark)?)
        }
        None => (word, u32::MAX),
    };
    Ok(Mark { value: value.number(Field::Mark)?, mask })
}

/// `offload parameters: dev eth0 dir in mode packet`, behind `crypto`.
pub(super) fn offload(line: &mut Piece<'_>) -> Result<Offload, Error> {
    line.expect("offload", Field::Keyword)?;
    line.expect("parameters:", Field::Keyword)?;
    line.expect("dev", Field::Device)?;
    let device = line.value(Field::Device)?.text.to_string();
    let mut offload = Offload { device, inbound: None, packet: false };
    while let Ok(word) = line.next_word() {
        let value = line.value(Field::Device)?;
        match (word.text, value.text) {
            ("dir", "in") => offload.inbound = Some(true),
            ("dir", "out") => offload.inbound = Some(false),
            ("mode", "packet") => offload.packet = true,
            ("mode", "crypto") => offload.packet = false,
            ("dir" | "mode", _) => return Err(value.error(Field::Device, Problem::Unknown)),
            _ => return Err(word.error(Field::Keyword, Problem::Unknown)),
        }
    }
    Ok(offload)
}

/// The four lines behind `lifetime config:`.
pub(super) fn lifetime(lines: &mut Piece<'_>) -> Result<Lifetime, Error> {
    let mut limits = |words: &[&str], unit: &'static str| {
        let mut line = next_line(lines, Field::Lifetime)?;
        for word in words {
            line.expect(word, Field::Lifetime)?;
        }
        line.expect("soft", Field::Lifetime)?;
        let soft = one_limit(&mut line, unit)?;
        line.expect("hard", Field::Lifetime)?;
        let hard = one_limit(&mut line, unit)?;
        end(&mut line)?;
        Ok::<Limit, Error>(Limit { soft, hard })
    };
    let octets = limits(&["limit:"], "bytes")?;
    let packets = limits(&["limit:"], "packets")?;
    let mut seconds = |word| {
        // 0 seconds are no limit.
        let Limit { soft, hard } = limits(&["expire", word], "sec")?;
        let limit = |seconds: Option<u64>| seconds.filter(|seconds| *seconds != 0);
        Ok::<Limit, Error>(Limit { soft: limit(soft), hard: limit(hard) })
    };
    Ok(Lifetime { octets, packets, added: seconds("add:")?, used: seconds("use:")? })
}

fn one_limit(line: &mut Piece<'_>, unit: &'static str) -> Result<Option<u64>, Error> {
    let word = line.value(Field::Lifetime)?;
    word.all(limit(unit)).ok_or_else(|| word.error(Field::Lifetime, Problem::Malformed))
}

/// The two lines behind `lifetime current:`.
pub(super) fn usage(lines: &mut Piece<'_>) -> Result<Usage, Error> {
    let mut line = next_line(lines, Field::Lifetime)?;
    let mut usage = Usage::default();
    for (place, unit) in [(&mut usage.octets, "bytes"), (&mut usage.packets, "packets")] {
        let word = line.value(Field::Lifetime)?;
        *place = one_limit(&mut Piece { ..word }, unit)?.ok_or_else(|| word.error(Field::Lifetime, Problem::Malformed))?;
    }
    end(&mut line)?;
    let mut line = next_line(lines, Field::Lifetime)?;
    line.expect("add", Field::Lifetime)?;
    usage.added = time(&mut line)?;
    line.expect("use", Field::Lifetime)?;
    usage.used = time(&mut line)?;
    end(&mut line)?;
    Ok(usage)
}

/// `2026-11-26 04:30:00`; `-` or `invalid-time`: none.
pub(super) fn time(line: &mut Piece<'_>) -> Result<Option<Time>, Error> {
    let date = line.value(Field::Time)?;
    if matches!(date.text, "-" | "invalid-time") {
        return Ok(None);
    }
    let year = map_opt(digit1::<&str, ()>, |digits: &str| digits.parse().ok());
    let two = || map_opt(digit1::<&str, ()>, |digits: &str| digits.parse::<u8>().ok().filter(|_| digits.len() == 2));
    let parts = date.all((terminated(year, char('-')), terminated(two(), char('-')), two()));
    let (year, month, day) = parts.ok_or_else(|| date.error(Field::Time, Problem::Malformed))?;
    let clock = line.value(Field::Time)?;
    let parts = clock.all((terminated(two(), tag(":")), terminated(two(), tag(":")), two()));
    let (hour, minute, second) = parts.ok_or_else(|| clock.error(Field::Time, Problem::Malformed))?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(date.error(Field::Time, Problem::OutOfRange));
    }
    if hour > 23 || minute > 59 || second > 60 {
        return Err(clock.error(Field::Time, Problem::OutOfRange));
    }
    Ok(Some(Time { year, month, day, hour, minute, second }))
}

/// `context X`, behind `security`: the rest of the line.
pub(super) fn context(line: &mut Piece<'_>) -> Result<String, Error> {
    line.expect("context", Field::Keyword)?;
    let first = line.value(Field::Keyword)?;
    check_whole(&first)?;
    Ok(first.text.to_string())
}

/// The next line, which must be there.
pub(super) fn next_line<'a>(lines: &mut Piece<'a>, field: Field) -> Result<Piece<'a>, Error> {
    lines.next_line().ok_or_else(|| lines.error(field, Problem::Missing))
}

/// Nothing may follow on the line.
pub(super) fn end(line: &mut Piece<'_>) -> Result<(), Error> {
    match line.next_word() {
        Ok(word) => Err(word.error(Field::Keyword, Problem::Unknown)),
        Err(_) => Ok(()),
    }
}

/// `(ERROR truncated)`: what the kernel gave was too short.
pub(super) fn check_whole(word: &Piece<'_>) -> Result<(), Error> {
    if word.text.starts_with("(ERROR") { Err(word.error(Field::Record, Problem::Truncated)) } else { Ok(()) }
}

/// What `-s` adds in parentheses at the end of a line.
pub(super) fn remark(word: &Piece<'_>) -> bool {
    word.all(delimited(char('('), nom::bytes::complete::take_till(|c| c == ')'), char(')'))).is_some()
}
