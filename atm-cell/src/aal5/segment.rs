//! SDU to cells.

use core::iter::FusedIterator;

use multiversion::multiversion;

use super::{MAX_SDU, TRAILER_LEN, Trailer, cells_for, crc, pad_for};
use crate::cell::{CELL_LEN, HEADER_LEN, Header, PAYLOAD_LEN, PayloadType, with_hec};
use crate::error::len32;
use crate::{Error, Field};

/// Cuts one SDU into the cells of its CPCS-PDU.
///
/// An iterator over cells; [`Segmenter::emit`] writes them all at once. The SDU stays where it is, and may have a prefix (an LLC header)
/// that stands elsewhere. The header's two forms, with SDU type 0 and 1, are made once, so that no cell needs a HEC of its own.
///
/// ```
/// use atm_cell::aal5::Segmenter;
/// use atm_cell::{Interface, Vc, Vci, Vpi, cell};
///
/// let header = cell::Header::new(Interface::Uni, Vc::new(Vpi::ZERO, Vci::new(32)));
/// let cells: Vec<[u8; 53]> = Segmenter::new(&header, b"an SDU of 23 octets now", 0)?.collect();
/// assert_eq!(cells.len(), 1);
/// assert_eq!(cells[0][45..49], [0, 0, 0, 23]); // UU, CPI, Length
/// # Ok::<(), atm_cell::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Segmenter<'a> {
    /// The header of every cell but the last, and of the last.
    headers: [[u8; HEADER_LEN]; 2],
    prefix: &'a [u8],
    sdu: &'a [u8],
    trailer: [u8; TRAILER_LEN],
    cells: usize,
    next: usize,
}

impl<'a> Segmenter<'a> {
    /// The longest prefix: one that leaves the first cell more than it takes.
    pub const MAX_PREFIX: usize = PAYLOAD_LEN - 1;

    /// Takes an SDU, and a header whose congestion indication and CLP all cells get; its SDU type is not read. `uu` is the user-to-user
    /// octet of the trailer.
    ///
    /// # Errors
    /// [`Error::Length`] for an SDU without octets, whose PDU would be an [abort](Segmenter::abort); [`Error::DoesNotFit`] for one over
    /// 65,535 octets; [`Error::Value`] where the header's payload type is not one of user data; those of [`Header::to_word`].
    pub fn new(header: &Header, sdu: &'a [u8], uu: u8) -> Result<Self, Error> {
        Self::with_prefix(header, &[], sdu, uu)
    }

    /// Like [`Self::new`], for an SDU of two parts: a short header and what it stands before.
    ///
    /// # Errors
    /// Those of [`Self::new`]; [`Error::DoesNotFit`] for a prefix over 47 octets.
    pub fn with_prefix(header: &Header, prefix: &'a [u8], sdu: &'a [u8], uu: u8) -> Result<Self, Error> {
        if prefix.len() > Self::MAX_PREFIX {
            return Err(Error::DoesNotFit { field: Field::Buffer, found: len32(prefix.len()), needed: len32(Self::MAX_PREFIX) });
        }
        let len = prefix.len().saturating_add(sdu.len());
        if len == 0 {
            return Err(Error::Length { field: Field::Aal5Sdu, offset: 0, found: 0, needed: 1 });
        }
        Self::build(header, prefix, sdu, uu)
    }

    /// The single cell that makes a receiver drop what it has of a PDU: Length 0. `sent` are the payload octets of the PDU that went out
    /// before, over which the CRC runs.
    ///
    /// # Errors
    /// Those of [`Self::new`] but for the length; [`Error::Length`] where `sent` is no whole number of cells' payloads.
    pub fn abort(header: &Header, sent: &[u8]) -> Result<Self, Error> {
        let over = sent.len() % PAYLOAD_LEN;
        if over != 0 {
            let needed = len32(sent.len().saturating_sub(over));
            return Err(Error::Length { field: Field::Aal5Pdu, offset: 0, found: len32(sent.len()), needed });
        }
        let mut abort = Self::build(header, &[], &[], 0)?;
        let crc = !crc::update_padded(u32::MAX, sent, pad_for(0), 0);
        abort.trailer = Trailer { crc, ..Trailer::default() }.to_octets();
        Ok(abort)
    }

    fn build(header: &Header, prefix: &'a [u8], sdu: &'a [u8], uu: u8) -> Result<Self, Error> {
        let len = prefix.len().saturating_add(sdu.len());
        let Ok(length) = u16::try_from(len) else {
            return Err(Error::DoesNotFit { field: Field::Aal5Sdu, found: len32(len), needed: len32(MAX_SDU) });
        };
        let payload_type = header.payload_type;
        if !payload_type.is_user_data() {
            return Err(Error::Value { field: Field::PayloadType, offset: 3, found: payload_type.into(), needed: 0 });
        }
        let typed = |sdu_type| {
            let payload_type = PayloadType::user(payload_type.congestion(), sdu_type);
            Header { payload_type, ..*header }.to_word().map(with_hec)
        };
        let headers = [typed(false)?, typed(true)?];
        let trailer = Trailer { uu, cpi: 0, length, crc: 0 };
        let register = if prefix.is_empty() { u32::MAX } else { crc::update(u32::MAX, prefix) };
        let crc = !crc::update_padded(register, sdu, pad_for(len), trailer.first_word());
        let trailer = Trailer { crc, ..trailer }.to_octets();
        Ok(Self { headers, prefix, sdu, trailer, cells: cells_for(len), next: 0 })
    }

    /// How many cells there are in all.
    #[must_use]
    pub const fn cells(&self) -> usize {
        self.cells
    }

    /// How many octets [`Self::emit`] writes: those of all cells.
    #[must_use]
    pub const fn wire_len(&self) -> usize {
        self.cells.saturating_mul(CELL_LEN)
    }

    /// Writes all cells, one behind the other, and returns their octets' number. What the iterator gave before does not matter.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`]; nothing is written then.
    pub fn emit(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let needed = self.wire_len();
        let found = buffer.len();
        let Some((cells, _)) = buffer.get_mut(..needed).map(<[u8]>::as_chunks_mut::<CELL_LEN>) else {
            return Err(Error::BufferTooSmall { field: Field::Aal5Pdu, found: len32(found), needed: len32(needed) });
        };
        let mut cells = cells.iter_mut();
        let mut done = 0;
        let mut rest = self.sdu;
        if !self.prefix.is_empty() {
            if let Some(cell) = cells.next() {
                self.write(0, cell);
            }
            done = 1;
            rest = rest.get(PAYLOAD_LEN.saturating_sub(self.prefix.len())..).unwrap_or(&[]);
        }
        let (whole, _) = rest.as_chunks::<PAYLOAD_LEN>();
        let [header, _] = self.headers;
        let (middle, last) = cells.into_slice().split_at_mut_checked(whole.len()).unwrap_or_default();
        let [a, b, c, d, e] = header;
        put_all(middle, u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]), whole);
        // Cells that are not SDU alone: the last one, and one before it where the trailer does not fit behind the SDU's rest.
        for (index, cell) in (whole.len().saturating_add(done)..).zip(last) {
            self.write(index, cell);
        }
        Ok(needed)
    }

    /// Writes the cell of that number, wherever its octets come from.
    #[inline]
    fn write(&self, index: usize, cell: &mut [u8; CELL_LEN]) {
        let [header, last_header] = &self.headers;
        let last = index.saturating_add(1) == self.cells;
        put(cell, if last { last_header } else { header }, &[0; PAYLOAD_LEN]);
        let [_, _, _, _, _, payload @ ..] = cell;
        let start = index.saturating_mul(PAYLOAD_LEN);
        let mut out = &mut payload[..];
        let mut skipped = start;
        if index == 0 && !self.prefix.is_empty() {
            let (head, tail) = out.split_at_mut(self.prefix.len().min(PAYLOAD_LEN));
            head.copy_from_slice(self.prefix.get(..head.len()).unwrap_or(self.prefix));
            out = tail;
        } else {
            skipped = start.saturating_sub(self.prefix.len());
        }
        let octets = self.sdu.get(skipped..).unwrap_or(&[]);
        let len = octets.len().min(out.len());
        if let (Some(out), Some(octets)) = (out.get_mut(..len), octets.get(..len)) {
            out.copy_from_slice(octets);
        }
        if last && let Some(out) = payload.last_chunk_mut() {
            *out = self.trailer;
        }
    }
}

/// Writes cells of one header, which is the lowest octets of a little-endian word.
#[multiversion(targets("x86_64+avx512f+avx512vl", "x86_64+avx"))]
fn put_all(cells: &mut [[u8; CELL_LEN]], header: u64, payloads: &[[u8; PAYLOAD_LEN]]) {
    for (cell, octets) in cells.iter_mut().zip(payloads) {
        // One store of eight octets, three of which the payload writes over at once, is faster than stores of four and one.
        if let Some(head) = cell.first_chunk_mut() {
            *head = header.to_le_bytes();
        }
        let [_, _, _, _, _, payload @ ..] = cell;
        *payload = *octets;
    }
}

#[inline(always)]
fn put(cell: &mut [u8; CELL_LEN], header: &[u8; HEADER_LEN], payload: &[u8; PAYLOAD_LEN]) {
    let [a, b, c, d, e, out @ ..] = cell;
    [*a, *b, *c, *d, *e] = *header;
    *out = *payload;
}

impl Iterator for Segmenter<'_> {
    type Item = [u8; CELL_LEN];

    fn next(&mut self) -> Option<[u8; CELL_LEN]> {
        if self.next >= self.cells {
            return None;
        }
        let mut cell = [0; CELL_LEN];
        self.write(self.next, &mut cell);
        self.next = self.next.saturating_add(1);
        Some(cell)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.cells.saturating_sub(self.next);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Segmenter<'_> {}

impl FusedIterator for Segmenter<'_> {}
