//! The length of a jumbogram (RFC 2675).

use super::ext;
use super::options::{Options, Value};
use crate::error::{Error, Field, len32};
use crate::octets::first;

const BASE: u32 = 40;

/// The payload length of a packet whose payload length field is 0 and whose hop-by-hop options header is at the start of
/// `octets`: that of its jumbo payload option, which it must have (RFC 2675 3).
#[cold]
pub(super) fn payload_len(octets: &[u8]) -> Result<usize, Error> {
    let (head, _) = first::<2>(octets, Field::Ipv6Extension).map_err(|error| error.shifted(BASE))?;
    let len = ext::generic_len(head[1]);
    let Some(area) = octets.get(2..len) else {
        return Err(Error::LengthBeyondBuffer {
            field: Field::Ipv6ExtensionLength,
            offset: BASE.saturating_add(1),
            found: len32(octets.len()),
            needed: len32(len),
        });
    };
    for option in Options::new(area, BASE.saturating_add(2)) {
        let option = option?;
        if let Value::JumboPayload(jumbo) = option.value()? {
            // A length that the payload length field could have said is an error at the option's value.
            if jumbo <= len32(super::MAX_PAYLOAD_LEN) {
                return Err(Error::Value {
                    field: Field::Ipv6JumboLength,
                    offset: option.offset().saturating_add(2),
                    found: jumbo,
                    needed: len32(super::MAX_PAYLOAD_LEN).saturating_add(1),
                });
            }
            return Ok(usize::try_from(jumbo).unwrap_or(usize::MAX));
        }
    }
    // It should have counted this header at least.
    Err(Error::Value { field: Field::Ipv6PayloadLength, offset: 4, found: 0, needed: len32(len) })
}
