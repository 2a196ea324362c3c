//! The Internet checksum as a host integer, and its update.

#[inline]
pub(super) fn ours(data: &[u8]) -> u16 {
    ip_wire::checksum::of(data)
}

#[inline]
pub(super) fn etherparse(data: &[u8]) -> u16 {
    u16::from_be(etherparse::checksum::Sum16BitWords::new().add_slice(data).ones_complement())
}

#[inline]
pub(super) fn smoltcp(data: &[u8]) -> u16 {
    !smoltcp::wire::checksum::data(data)
}

#[inline]
pub(super) fn internet_checksum(data: &[u8]) -> u16 {
    u16::from_be_bytes(internet_checksum::checksum(data))
}

/// pnet leaves out one word; its index here is beyond any packet.
#[inline]
pub(super) fn pnet(data: &[u8]) -> u16 {
    pnet_packet::util::checksum(data, usize::MAX / 4)
}

/// Of the checksum, the old and the new word.
#[inline]
pub(super) fn ours_update(&[checksum, old, new]: &[u16; 3]) -> u16 {
    ip_wire::checksum::update_u16(checksum, old, new)
}

#[inline]
pub(super) fn internet_checksum_update(&[checksum, old, new]: &[u16; 3]) -> u16 {
    u16::from_be_bytes(internet_checksum::update(checksum.to_be_bytes(), &old.to_be_bytes(), &new.to_be_bytes()))
}
