//! The length of a jumbogram (RFC 2675).

use super::ext;
use super::options::{Options, Value};
use crate::error::{Error, Field, len32};
use crate::octets::first;

/// The payload length that the hop-by-hop options header at the start of `octets` gives to a packet whose payload
/// length field is 0; 0 if it has no jumbo payload option.
#[cold]
pub(super) fn payload_len(octets: &[u8]) -> Result<u32, Error> {
    let base = len32(super::HEADER_LEN);
    let (head, _) = first::<2>(octets, Field::Ipv6Extension).map_err(|error| error.shifted(base))?;
    let len = ext::generic_len(head[1]);
    let Some(area) = octets.get(2..len) else {
        return Err(Error::LengthBeyondBuffer {
            field: Field::Ipv6ExtensionLength,
            offset: base.saturating_add(1),
            found: len32(octets.len()),
            needed: len32(len),
        });
    };
    for option in Options::new(area, base.saturating_add(2)) {
        let option = option?;
        if let Value::JumboPayload(jumbo) = option.value()? {
            // RFC 2675 3: a length that the payload length field could have said is an error at the option's value.
            if jumbo <= len32(super::MAX_PAYLOAD_LEN) {
                return Err(Error::Value {
                    field: Field::Ipv6JumboLength,
                    offset: option.offset().saturating_add(2),
                    found: jumbo,
                    needed: len32(super::MAX_PAYLOAD_LEN).saturating_add(1),
                });
            }
            return Ok(jumbo);
        }
    }
    Ok(0)
}
