//! Group `atm`: HEC, AAL5 CRC-32, segmentation, reassembly, delineation, switching.

pub(crate) mod aal5;
mod line;

use crate::Group;

/// The group's name.
pub const NAME: &str = "atm";

/// All work items.
#[must_use]
pub fn group() -> Group {
    let mut works = line::hec();
    works.extend(aal5::crc());
    works.extend([aal5::segment(), aal5::reassemble(), aal5::reassemble_interleaved()]);
    works.extend(line::delineation());
    works.push(line::switch());
    Group { name: NAME, facts: Vec::new(), works }
}
