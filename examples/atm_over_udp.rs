//! ATM over UDP: packets become AAL5 cells, a datagram carries up to 27 of them, and the other end puts the packets together again.
//!
//! `cargo run --release -p wirecraft-examples --bin atm_over_udp [PACKETS]`

use std::error::Error;
use std::net::UdpSocket;
use std::thread;
use std::time::{Duration, Instant};

use atm_cell::aal5::{Config, Outcome, Reassembler, Segmenter};
use atm_cell::llc::{self, EtherType, Pdu, Protocol};
use atm_cell::{CELL_LEN, Interface, Vc, Vci, Vpi, cell};
use wirecraft_examples::traffic;

/// Cells of a datagram: as many as an Ethernet frame has room for.
const CELLS: usize = 27;

/// Channels that packets are spread over; their cells are sent by turns.
const CHANNELS: u16 = 4;

fn channel(number: u16) -> Vc {
    Vc::new(Vpi::ZERO, Vci::new(100 + number))
}

/// The cells of some packets, those of the channels by turns.
fn cells(packets: &[Vec<u8>]) -> Result<Vec<[u8; CELL_LEN]>, atm_cell::Error> {
    let mut queues = Vec::new();
    for (number, packet) in (0..CHANNELS).cycle().zip(packets) {
        // RFC 2684: LLC, SNAP with the EtherType, the packet.
        let mut sdu = vec![0; llc::ROUTED_LEN];
        llc::Header::new(Protocol::Routed(EtherType::IPV4)).emit(&mut sdu)?;
        sdu.extend_from_slice(packet);
        let header = cell::Header::new(Interface::Uni, channel(number));
        queues.push(Segmenter::new(&header, &sdu, 0)?.collect::<Vec<_>>());
    }
    let mut cells = Vec::new();
    // On a channel one packet follows the other; channels go by turns.
    for turn in queues.chunks(usize::from(CHANNELS)) {
        let longest = turn.iter().map(Vec::len).max().unwrap_or(0);
        for at in 0..longest {
            cells.extend(turn.iter().filter_map(|queue| queue.get(at)));
        }
    }
    Ok(cells)
}

/// What the other end makes of datagrams: packets, and what did not become one.
struct Receiver {
    reassembler: Reassembler,
    start: Instant,
    packets: Vec<Vec<u8>>,
    lost: u64,
}

impl Receiver {
    fn new() -> Self {
        Self { reassembler: Reassembler::new(Config::default()), start: Instant::now(), packets: Vec::new(), lost: 0 }
    }

    fn datagram(&mut self, octets: &[u8]) {
        let now = self.start.elapsed();
        for octets in octets.as_chunks::<CELL_LEN>().0 {
            let Ok(cell) = cell::View::from_octets(octets, Interface::Uni) else {
                self.lost += 1;
                continue;
            };
            match self.reassembler.handle_cell(now, &cell.header(), cell.payload()) {
                Outcome::Complete(sdu) => match Pdu::parse(sdu.payload) {
                    Ok(pdu) if pdu.protocol() == Protocol::Routed(EtherType::IPV4) => self.packets.push(pdu.payload().to_vec()),
                    _ => self.lost += 1,
                },
                Outcome::Discarded(_) => self.lost += 1,
                _ => {}
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(2_000), |count| count.parse())?;
    let (near, far) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    near.connect(far.local_addr()?)?;
    far.set_read_timeout(Some(Duration::from_millis(500)))?;
    let receiving = thread::spawn(move || {
        let (mut receiver, mut datagram) = (Receiver::new(), [0; CELLS * CELL_LEN]);
        while let Ok(len) = far.recv(&mut datagram) {
            receiver.datagram(&datagram[..len]);
        }
        receiver
    });
    let packets = traffic(count, 8, 1000)?;
    let cells = cells(&packets)?;
    for group in cells.chunks(CELLS) {
        near.send(group.as_flattened())?;
        // A line has a rate; a socket's buffer has none.
        thread::sleep(Duration::from_micros(20));
    }
    let receiver = receiving.join().map_err(|_| "the receiver stopped")?;
    let arrived = receiver.packets.len();
    println!("{count} packets in {} cells; {arrived} arrived, {} did not make a packet", cells.len(), receiver.lost);
    let unchanged = receiver.packets.iter().all(|packet| packets.contains(packet));
    if unchanged && arrived > 0 { Ok(()) } else { Err("a packet changed on the way".into()) }
}

#[cfg(test)]
mod tests {
    use super::{CELLS, Receiver, cells, traffic};

    #[test]
    fn packets_come_back_and_a_lost_datagram_loses_only_what_was_in_it() {
        let packets = traffic(40, 8, 700).unwrap();
        let cells = cells(&packets).unwrap();
        let mut receiver = Receiver::new();
        cells.chunks(CELLS).for_each(|group| receiver.datagram(group.as_flattened()));
        assert_eq!((&receiver.packets, receiver.lost), (&packets, 0));

        let mut receiver = Receiver::new();
        for (_, group) in cells.chunks(CELLS).enumerate().filter(|(number, _)| *number != 2) {
            receiver.datagram(group.as_flattened());
        }
        assert!(receiver.packets.len() >= 30 && receiver.lost > 0);
        assert!(receiver.packets.iter().all(|packet| packets.contains(packet)));
    }
}
