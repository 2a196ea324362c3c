//! Writing captures: classic pcap with nanoseconds.

use std::io::{self, Write};
use std::time::Duration;

use ip_wire::link::LinkType;

/// Magic number of files whose fractions of a second are nanoseconds.
const MAGIC: u32 = 0xa1b2_3c4d;
/// The longest frame that a file has.
const SNAP_LEN: u32 = 262_144;

/// A capture being written, little-endian on every machine.
#[derive(Debug)]
pub struct Writer<W> {
    sink: W,
}

impl<W: Write> Writer<W> {
    /// Writes the file's header.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn new(mut sink: W, link_type: LinkType) -> io::Result<Self> {
        sink.write_all(&MAGIC.to_le_bytes())?;
        // Version 2.4, times in UTC, their accuracy not stated.
        sink.write_all(&[2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0])?;
        sink.write_all(&SNAP_LEN.to_le_bytes())?;
        sink.write_all(&u32::from(link_type.0).to_le_bytes())?;
        Ok(Self { sink })
    }

    /// Appends a frame that is all there. A time after 2106 does not fit and counts as the last second that does.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn frame(&mut self, time: Duration, octets: &[u8]) -> io::Result<()> {
        let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
        let len = u32::try_from(octets.len()).map_err(|_| io::Error::other("a frame of more than 4 GiB"))?;
        for word in [seconds, time.subsec_nanos(), len, len] {
            self.sink.write_all(&word.to_le_bytes())?;
        }
        self.sink.write_all(octets)
    }

    /// Writes what is still buffered, and gives the sink back.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> io::Result<W> {
        self.sink.flush()?;
        Ok(self.sink)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Capture;

    #[test]
    fn what_is_written_is_read_back() {
        let mut writer = Writer::new(Vec::new(), LinkType::RAW).unwrap();
        let time = Duration::new(1_700_000_000, 123_456_789);
        writer.frame(time, &[0x45, 1, 2]).unwrap();
        writer.frame(Duration::from_secs(u64::MAX), &[]).unwrap();
        let octets = writer.finish().unwrap();
        let mut capture = Capture::new("memory".into(), io::Cursor::new(octets)).unwrap();
        let frame = capture.next_frame().unwrap().unwrap();
        assert_eq!(
            (frame.link_type, frame.time, frame.original_len, frame.octets),
            (LinkType::RAW, Some(time), 3, &[0x45, 1, 2][..])
        );
        let frame = capture.next_frame().unwrap().unwrap();
        assert_eq!((frame.time, frame.octets), (Some(Duration::from_secs(u32::MAX.into())), &[][..]));
        assert!(capture.next_frame().unwrap().is_none());
    }
}
