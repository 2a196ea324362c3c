//! Packets to be protected, and captures of them.

use std::fs::File;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use ip_wire::checksum::{pseudo_v4, pseudo_v6};
use ip_wire::link::LinkType;
use ip_wire::{Protocol, ipv4, ipv6, udp};
use wirecraft_cli::pcap;

/// A UDP packet from port 4001 to port 4000, with the octets 0, 1, 2... for payload.
///
/// # Panics
/// If the ends are not addresses of one family.
#[must_use]
pub fn udp_packet(source: &str, destination: &str, len: usize) -> Vec<u8> {
    let payload: Vec<u8> = (0..=u8::MAX).cycle().take(len).collect();
    let header = udp::Header::new(4001, 4000);
    let mut datagram = vec![0; udp::HEADER_LEN.saturating_add(len)];
    let total = u16::try_from(datagram.len()).unwrap_or(u16::MAX);
    match (source.parse(), destination.parse()) {
        (Ok(IpAddr::V4(source)), Ok(IpAddr::V4(destination))) => {
            let mut octets = vec![0; ipv4::MIN_HEADER_LEN];
            let pseudo = pseudo_v4(source, destination, Protocol::UDP, total);
            let ip = ipv4::Header::new(source, destination, Protocol::UDP, datagram.len());
            assert!(ip.is_ok_and(|ip| ip.emit(&mut octets).is_ok()) && header.emit(pseudo, &payload, &mut datagram).is_ok());
            [octets, datagram].concat()
        }
        (Ok(IpAddr::V6(source)), Ok(IpAddr::V6(destination))) => {
            let mut octets = vec![0; ipv6::HEADER_LEN];
            let pseudo = pseudo_v6(source, destination, Protocol::UDP, u32::from(total));
            let ip = ipv6::Header::new(source, destination, Protocol::UDP, datagram.len());
            assert!(ip.is_ok_and(|ip| ip.emit(&mut octets).is_ok()) && header.emit(pseudo, &payload, &mut datagram).is_ok());
            [octets, datagram].concat()
        }
        ends => unreachable!("{ends:?} are not of one family"),
    }
}

/// Writes a capture of IP packets, one a second.
///
/// # Panics
/// If the file cannot be written.
pub fn write_capture<'a>(path: &Path, packets: impl IntoIterator<Item = &'a [u8]>) {
    let written = (|| {
        let mut writer = pcap::Writer::new(File::create(path)?, LinkType::RAW)?;
        for (second, octets) in (0..).zip(packets) {
            writer.frame(Duration::from_secs(second), octets)?;
        }
        writer.finish()
    })();
    assert!(written.is_ok(), "{}: {written:?}", path.display());
}
