//! The packet inside a neighbor discovery redirect (RFC 4861 4.5, 4.6.3).

/// Octets before the options: those behind the checksum, the two addresses left in.
const BEFORE_OPTIONS: usize = 36;
/// Octets of the ICMPv6 header before the body that an ICMPv6 view gives.
const BEFORE_BODY: usize = 4;
/// Octets of the option before the packet.
const BEFORE_PACKET: usize = 8;
/// The redirected header option.
const REDIRECTED_HEADER: u8 = 4;

/// The redirected packet in the body of a redirect message, and where it starts in the message.
pub(super) fn redirected(body: &[u8]) -> Option<(&[u8], usize)> {
    let mut rest = body.get(BEFORE_OPTIONS..)?;
    let mut at = BEFORE_BODY.saturating_add(BEFORE_OPTIONS);
    while let [kind, units @ 1..=255, ..] = rest {
        let len = usize::from(*units).saturating_mul(8);
        let (option, behind) = rest.split_at_checked(len).unwrap_or((rest, &[]));
        if *kind == REDIRECTED_HEADER {
            let packet = option.get(BEFORE_PACKET..).filter(|packet| !packet.is_empty())?;
            return Some((packet, at.saturating_add(BEFORE_PACKET)));
        }
        (rest, at) = (behind, at.saturating_add(len));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_behind_other_options_is_found() {
        let mut body = vec![0; BEFORE_OPTIONS];
        body.extend([2, 1, 0, 0, 0, 0, 0, 0]); // target link-layer address
        body.extend([4, 2, 0, 0, 0, 0, 0, 0, 0x60, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(redirected(&body), Some((&[0x60, 1, 2, 3, 4, 5, 6, 7][..], 40 + 8 + 8)));
        // Cut by the capture: what is there.
        assert_eq!(redirected(&body[..body.len() - 7]), Some((&[0x60][..], 56)));
    }

    #[test]
    fn an_option_of_no_length_ends_the_search() {
        let mut body = vec![0; BEFORE_OPTIONS];
        body.extend([2, 0, 4, 2]);
        assert_eq!(redirected(&body), None);
        assert_eq!(redirected(&[]), None);
    }
}
