//! Reading captures: classic pcap and pcapng, one frame at a time.

use std::fmt;
use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;
use std::time::Duration;

use ip_wire::link::LinkType;
use pcap_parser::traits::{PcapNGPacketBlock, PcapReaderIterator};
use pcap_parser::{Block, PcapBlockOwned, PcapError, PcapNGReader};

use crate::classic::Classic;

/// The embedded sample: what a command reads that is given no file.
pub const SAMPLE: &[u8] = include_bytes!("../sample/sample.pcapng");
/// The name that the sample has in messages.
pub const SAMPLE_NAME: &str = "(embedded sample)";

/// Octets to read at once.
const BUFFER_LEN: usize = 1 << 17;
/// Octets that a section header has at most, but for its comments.
const START_LEN: u64 = 1 << 16;
/// Octets of the largest record that is believed: a damaged length must not take the machine's memory.
pub(crate) const MAX_RECORD_LEN: usize = 1 << 24;

/// An open capture.
pub struct Capture {
    name: String,
    format: Format,
    frames: u64,
    frame: Vec<u8>,
}

enum Format {
    Classic(Classic<Box<dyn Read>>),
    Blocks(Blocks),
}

/// A pcapng file.
struct Blocks {
    reader: Box<dyn PcapReaderIterator>,
    interfaces: Vec<Interface>,
    /// Octets of the block that was read last.
    pending: usize,
}

/// One frame of a capture.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// Its number in the file, from 1.
    pub number: u64,
    /// What it starts with.
    pub link_type: LinkType,
    /// When it was captured, since 1970; simple packets of pcapng have no time.
    pub time: Option<Duration>,
    /// Octets that it had on the wire.
    pub original_len: usize,
    /// Octets that were captured.
    pub octets: &'a [u8],
}

/// Why a capture can't be read, or not to its end.
#[derive(Debug)]
pub struct CaptureError {
    /// The file.
    pub file: String,
    /// The frame that could not be read; `None` if not even the file's header could.
    pub frame: Option<u64>,
    /// Octets of the file before the damage.
    pub offset: usize,
    /// What is wrong.
    pub reason: String,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link_type: LinkType,
    /// Units of the timestamp a second.
    resolution: u64,
    /// Seconds to add.
    offset: i64,
    snap_len: usize,
}

impl Capture {
    /// Opens a file.
    ///
    /// # Errors
    /// If the file can't be opened or is no capture.
    pub fn open(path: &Path) -> Result<Self, CaptureError> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| CaptureError::of_file(&name, error.to_string()))?;
        if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return Err(CaptureError::of_file(&name, "is a directory".into()));
        }
        Self::new(name, file)
    }

    /// Opens the embedded sample.
    ///
    /// # Errors
    /// None: the sample is a capture.
    pub fn sample() -> Result<Self, CaptureError> {
        Self::new(SAMPLE_NAME.into(), SAMPLE)
    }

    /// Reads a capture from any source.
    ///
    /// # Errors
    /// If the source is no capture.
    pub fn new(name: String, source: impl Read + 'static) -> Result<Self, CaptureError> {
        let failed = |error: std::io::Error| CaptureError::of_file(&name, error.to_string());
        let mut source: Box<dyn Read> = Box::new(source);
        // The block parser wants a whole section header from its first read, which a pipe need not give.
        let mut start = Vec::new();
        source.by_ref().take(START_LEN).read_to_end(&mut start).map_err(failed)?;
        let is_blocks = start.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]);
        let source = BufReader::with_capacity(BUFFER_LEN, Cursor::new(start).chain(source));
        let format = if is_blocks {
            let reader = PcapNGReader::new(BUFFER_LEN, source)
                .map_err(|error| CaptureError::of_file(&name, describe(&error, "the section header is damaged")))?;
            Format::Blocks(Blocks { reader: Box::new(reader), interfaces: Vec::new(), pending: 0 })
        } else {
            match Classic::new(Box::new(source) as Box<dyn Read>).map_err(failed)? {
                Some(classic) => Format::Classic(classic),
                None => return Err(CaptureError::of_file(&name, "neither pcap nor pcapng".into())),
            }
        };
        Ok(Self { name, format, frames: 0, frame: Vec::new() })
    }

    /// The name of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Octets of the file that are read.
    #[must_use]
    pub fn consumed(&self) -> usize {
        match &self.format {
            Format::Classic(classic) => classic.consumed(),
            Format::Blocks(blocks) => blocks.reader.consumed().saturating_add(blocks.pending),
        }
    }

    /// The next frame; `None` at the end of the file.
    ///
    /// # Errors
    /// If the file is damaged here. What follows can't be found then: the capture ends.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, CaptureError> {
        match self.read() {
            Ok(Some((link_type, time, original_len))) => {
                self.frames = self.frames.saturating_add(1);
                let original_len = original_len.max(self.frame.len());
                Ok(Some(Frame { number: self.frames, link_type, time, original_len, octets: &self.frame }))
            }
            Ok(None) => Ok(None),
            Err(reason) => Err(CaptureError {
                file: self.name.clone(),
                frame: Some(self.frames.saturating_add(1)),
                offset: self.consumed(),
                reason,
            }),
        }
    }
}

type Record = (LinkType, Option<Duration>, usize);

impl Capture {
    /// Reads the next packet's octets into the frame.
    fn read(&mut self) -> Result<Option<Record>, String> {
        match &mut self.format {
            Format::Classic(classic) => {
                let link_type = classic.link_type();
                let record = classic.next(&mut self.frame)?;
                Ok(record.map(|record| {
                    let seconds = Duration::from_secs(u64::from(record.seconds));
                    (link_type, seconds.checked_add(Duration::from_nanos(record.nanoseconds)), record.original_len)
                }))
            }
            Format::Blocks(blocks) => blocks.next(&mut self.frame),
        }
    }
}

impl Blocks {
    /// Reads to the next packet and copies its octets.
    fn next(&mut self, frame: &mut Vec<u8>) -> Result<Option<Record>, String> {
        loop {
            let pending = std::mem::take(&mut self.pending);
            self.reader.consume(pending);
            let too_small = match self.reader.next() {
                Ok((len, block)) => {
                    self.pending = len;
                    match Self::packet(&mut self.interfaces, frame, block)? {
                        Some(record) => return Ok(Some(record)),
                        None => continue,
                    }
                }
                Err(PcapError::Eof) => return Ok(None),
                Err(PcapError::Incomplete(_)) => false,
                Err(PcapError::BufferTooSmall) => true,
                Err(error) => return Err(describe(&error, "the block is damaged")),
            };
            if too_small {
                let len = self.reader.data().len().max(BUFFER_LEN).saturating_mul(2);
                if len > MAX_RECORD_LEN {
                    return Err(format!("a block claims more than {MAX_RECORD_LEN} octets"));
                }
                self.reader.grow(len);
            }
            self.reader.refill().map_err(|error| describe(&error, "the block is damaged"))?;
        }
    }

    /// Takes note of an interface, or copies a packet's octets.
    fn packet(interfaces: &mut Vec<Interface>, frame: &mut Vec<u8>, block: PcapBlockOwned<'_>) -> Result<Option<Record>, String> {
        match block {
            PcapBlockOwned::NG(Block::SectionHeader(_)) => {
                interfaces.clear();
                Ok(None)
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(block)) => {
                let exponent = u32::from(block.if_tsresol & 0x7f);
                let base = if block.if_tsresol & 0x80 == 0 { 10u64 } else { 2 };
                interfaces.push(Interface {
                    link_type: LinkType(u16::try_from(block.linktype.0 & 0xffff).unwrap_or(u16::MAX)),
                    resolution: base.checked_pow(exponent).unwrap_or(u64::MAX),
                    offset: block.if_tsoffset,
                    snap_len: len(block.snaplen),
                });
                Ok(None)
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(block)) => {
                let interface = interfaces
                    .get(len(block.if_id))
                    .copied()
                    .ok_or_else(|| format!("the packet is of interface {}, which the section does not describe", block.if_id))?;
                frame.clear();
                frame.extend_from_slice(block.packet_data());
                let ticks = (u64::from(block.ts_high) << 32) | u64::from(block.ts_low);
                Ok(Some((interface.link_type, interface.time(ticks), len(block.origlen))))
            }
            PcapBlockOwned::NG(Block::SimplePacket(block)) => {
                let interface = *interfaces.first().ok_or("a simple packet, but no interface is described")?;
                let captured = block.packet_data();
                let snap_len = if interface.snap_len == 0 { captured.len() } else { interface.snap_len };
                frame.clear();
                frame.extend_from_slice(captured.get(..snap_len).unwrap_or(captured));
                Ok(Some((interface.link_type, None, len(block.origlen))))
            }
            _ => Ok(None),
        }
    }
}

impl Interface {
    fn time(self, ticks: u64) -> Option<Duration> {
        let seconds = ticks.checked_div(self.resolution)?.checked_add_signed(self.offset)?;
        let fraction = nanoseconds(ticks.checked_rem(self.resolution)?, self.resolution);
        Duration::from_secs(seconds).checked_add(Duration::from_nanos(fraction))
    }
}

/// Nanoseconds of `ticks` of which there are `resolution` a second.
fn nanoseconds(ticks: u64, resolution: u64) -> u64 {
    let scaled = u128::from(ticks).saturating_mul(1_000_000_000).checked_div(u128::from(resolution)).unwrap_or(0);
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

fn len(octets: u32) -> usize {
    usize::try_from(octets).unwrap_or(usize::MAX)
}

/// The reader's error in words; `damaged` for those of its grammar, which quote octets at length.
fn describe<I>(error: &PcapError<I>, damaged: &str) -> String {
    match error {
        PcapError::Eof | PcapError::UnexpectedEof | PcapError::Incomplete(_) => "the file ends inside a record".into(),
        PcapError::BufferTooSmall => "the record is too long".into(),
        PcapError::ReadError => "reading failed".into(),
        PcapError::HeaderNotRecognized | PcapError::NomError(..) | PcapError::OwnedNomError(..) => damaged.into(),
    }
}

impl CaptureError {
    fn of_file(file: &str, reason: String) -> Self {
        Self { file: file.into(), frame: None, offset: 0, reason }
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, frame, offset, reason } = self;
        match frame {
            None => write!(f, "{file}: {reason}"),
            Some(frame) => write!(f, "{file}: frame {frame} at octet {offset} of the file: {reason}"),
        }
    }
}

impl std::error::Error for CaptureError {}
