//! The classic pcap format.
//!
//! Written here because files of versions before 2.3 have the two lengths of a record the other way round, and "modified" ones 8 octets more
//! before each frame: what parses the format elsewhere reads neither.

use std::io::{self, Read};

use ip_wire::link::LinkType;

use crate::capture::MAX_RECORD_LEN;

/// Octets of the file's header.
const HEADER_LEN: usize = 24;

/// A classic capture file.
pub(crate) struct Classic<R> {
    source: R,
    form: Form,
    consumed: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    big_endian: bool,
    /// Fractions of a second are nanoseconds, else microseconds.
    nanoseconds: bool,
    /// Records have 8 octets more before the frame (Kuznetzov's patch).
    modified: bool,
    /// Versions before 2.3: original length before captured length.
    swapped: bool,
    link_type: LinkType,
}

/// A record's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) seconds: u32,
    pub(crate) nanoseconds: u64,
    pub(crate) original_len: usize,
}

impl<R: Read> Classic<R> {
    /// Reads the file's header; `None` if it is no classic capture's.
    pub(crate) fn new(mut source: R) -> io::Result<Option<Self>> {
        let mut header = [0u8; HEADER_LEN];
        if fill(&mut source, &mut header)? < HEADER_LEN {
            return Ok(None);
        }
        Ok(Form::of(&header).map(|form| Self { source, form, consumed: HEADER_LEN }))
    }

    pub(crate) const fn link_type(&self) -> LinkType {
        self.form.link_type
    }

    pub(crate) const fn consumed(&self) -> usize {
        self.consumed
    }

    /// Reads the next record, its octets into `frame`; `None` at the end of the file.
    pub(crate) fn next(&mut self, frame: &mut Vec<u8>) -> Result<Option<Record>, String> {
        let mut header = [0u8; 24];
        let header_len = if self.form.modified { 24 } else { 16 };
        let room = header.get_mut(..header_len).unwrap_or_default();
        match fill(&mut self.source, room).map_err(|error| error.to_string())? {
            0 => return Ok(None),
            found if found < header_len => {
                return Err(format!("the file ends after {found} of {header_len} octets of a record's header"));
            }
            _ => {}
        }
        let [seconds, fraction, mut captured, mut original] = [0, 4, 8, 12].map(|at| self.form.word(&header, at));
        if self.form.swapped {
            (captured, original) = (original, captured);
        }
        let len = usize::try_from(captured).unwrap_or(usize::MAX);
        if len > MAX_RECORD_LEN {
            return Err(format!("the record claims {len} octets, more than any frame has"));
        }
        frame.clear();
        // Grows with what is there, not with what a length claims.
        let found = self.source.by_ref().take(u64::from(captured)).read_to_end(frame).map_err(|error| error.to_string())?;
        if found < len {
            return Err(format!("the record claims {len} octets, {found} are there"));
        }
        self.consumed = self.consumed.saturating_add(header_len).saturating_add(len);
        let scale = if self.form.nanoseconds { 1 } else { 1000 };
        Ok(Some(Record {
            seconds,
            nanoseconds: u64::from(fraction).saturating_mul(scale),
            original_len: usize::try_from(original).unwrap_or(usize::MAX),
        }))
    }
}

impl Form {
    fn of(header: &[u8; HEADER_LEN]) -> Option<Self> {
        let [m0, m1, m2, m3, ..] = *header;
        let (big_endian, magic) = match [m0, m1, m2, m3] {
            [0xa1, 0xb2, high, low] => (true, [high, low]),
            [low, high, 0xb2, 0xa1] => (false, [high, low]),
            _ => return None,
        };
        let (nanoseconds, modified) = match magic {
            [0xc3, 0xd4] => (false, false),
            [0x3c, 0x4d] => (true, false),
            [0xcd, 0x34] => (false, true),
            _ => return None,
        };
        let mut form = Self { big_endian, nanoseconds, modified, swapped: false, link_type: LinkType::NULL };
        let version = form.word(header, 4);
        let [high, low] = [version >> 16, version & 0xffff];
        form.swapped = (if big_endian { (high, low) } else { (low, high) }) < (2, 3);
        // The upper half of the field tells of frame check sequences.
        form.link_type = LinkType(u16::try_from(form.word(header, 20) & 0xffff).unwrap_or(u16::MAX));
        Some(form)
    }

    fn word(&self, header: &[u8; 24], at: usize) -> u32 {
        let octets = header.get(at..).and_then(|rest| rest.first_chunk()).copied().unwrap_or_default();
        if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
    }
}

/// Reads until `buffer` is full or the source ends.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0usize;
    while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
        match source.read(room) {
            Ok(0) => break,
            Ok(read) => filled = filled.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(magic: u32, minor: u16, big_endian: bool, record: &[u32], frame: &[u8]) -> Vec<u8> {
        let word = |word: u32| if big_endian { word.to_be_bytes() } else { word.to_le_bytes() };
        let half = |half: u16| if big_endian { half.to_be_bytes() } else { half.to_le_bytes() };
        let mut octets = word(magic).to_vec();
        octets.extend([half(2), half(minor)].concat());
        octets.extend([0, 0, 65_535, 0x1000_0001].map(word).concat());
        octets.extend(record.iter().flat_map(|field| word(*field)));
        octets.extend(frame);
        octets
    }

    fn read(octets: &[u8]) -> Result<Option<(Record, Vec<u8>)>, String> {
        let mut capture = Classic::new(octets).unwrap().unwrap();
        assert_eq!(capture.link_type(), LinkType::ETHERNET);
        let mut frame = Vec::new();
        Ok(capture.next(&mut frame)?.map(|record| (record, frame)))
    }

    #[test]
    fn every_magic_is_read_in_both_byte_orders() {
        for big_endian in [false, true] {
            let record = [7, 5, 3, 9];
            let expected = |nanoseconds| Some((Record { seconds: 7, nanoseconds, original_len: 9 }, vec![1, 2, 3]));
            assert_eq!(read(&file(0xa1b2_c3d4, 4, big_endian, &record, &[1, 2, 3])), Ok(expected(5000)));
            assert_eq!(read(&file(0xa1b2_3c4d, 4, big_endian, &record, &[1, 2, 3])), Ok(expected(5)));
            let modified = [7, 5, 3, 9, 0xdead, 0xbeef];
            assert_eq!(read(&file(0xa1b2_cd34, 4, big_endian, &modified, &[1, 2, 3])), Ok(expected(5000)));
        }
    }

    #[test]
    fn lengths_are_the_other_way_round_before_version_2_3() {
        let old = file(0xa1b2_c3d4, 2, false, &[0, 0, 9, 3], &[1, 2, 3]);
        assert_eq!(read(&old).unwrap().unwrap().0.original_len, 9);
    }

    #[test]
    fn what_is_no_capture_is_told_by_its_magic() {
        for octets in
            [&b""[..], b"GIF89a", &[0; 24], &[0xa1, 0xb2, 0xc3, 0xd5, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]]
        {
            assert!(Classic::new(octets).unwrap().is_none());
        }
    }

    #[test]
    fn a_record_cut_short_or_absurdly_long_says_so() {
        let whole = file(0xa1b2_c3d4, 4, false, &[0, 0, 3, 3], &[1, 2, 3]);
        for len in 24..whole.len() {
            let outcome = read(&whole[..len]);
            assert_eq!(outcome.is_err(), len > 24, "{len}");
        }
        let absurd = file(0xa1b2_c3d4, 4, false, &[0, 0, u32::MAX, 3], &[1, 2, 3]);
        assert!(read(&absurd).unwrap_err().contains("more than any frame has"));
    }
}
