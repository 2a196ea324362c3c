//! A sending and a filtering gateway of LLPF in two threads, and a third thread between them that adds what nobody sealed.
//!
//! `cargo run --release -p wirecraft-examples --bin llpf_threads [PACKETS]`

use std::error::Error;
use std::sync::mpsc::{self, Receiver, Sender as Channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use llpf_wire::filter::{Config, Counters};
use llpf_wire::{Algorithm, Filter, HostId, KeyTable, Outer, PacketBuf, Sender, seal};
use wirecraft_examples::traffic;

/// Octets before a packet for the outer header, and behind it for the trailer.
const HEADROOM: usize = 40;
const TAILROOM: usize = 24;

/// Both gateways read the same clock: time since 1970.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Keys of 15 seconds each, from now on. A server would hand them out.
fn table() -> Result<KeyTable, Box<dyn Error>> {
    let mut keys = [[0; 32]; 25];
    for key in &mut keys {
        getrandom::fill(key).map_err(|error| error.to_string())?;
    }
    Ok(KeyTable::new(Algorithm::HmacSha256, now(), Duration::from_secs(15), &keys)?)
}

/// Seals what comes and sends it on.
fn seal_all(packets: &[Vec<u8>], host: HostId, table: KeyTable, line: &Channel<Vec<u8>>) -> Result<(), llpf_wire::Error> {
    let mut sender = Sender::new(Outer::new([198, 51, 100, 1].into()), seal::SenderPolicy::default(), host, table);
    for packet in packets {
        let mut buf = PacketBuf::with_rooms(packet, HEADROOM, TAILROOM);
        sender.seal(now(), &mut buf)?;
        // The other end is gone only when the program ends.
        let _gone = line.send(buf.octets().to_vec());
    }
    Ok(())
}

/// Passes everything on, and after each packet adds a forged one: a bit of the packet or of the trailer is another.
fn interfere(from: &Receiver<Vec<u8>>, to: &Channel<Vec<u8>>) {
    for (number, packet) in from.iter().enumerate() {
        let mut forged = packet.clone();
        let at = 20 + number % (forged.len() - 20);
        forged[at] ^= 1 << (number % 8);
        let _gone = to.send(packet).and_then(|()| to.send(forged));
    }
}

/// The packets that passed, in order, and the counters.
type Passed = (Vec<Vec<u8>>, Counters);

/// Filters what comes until nothing does any more.
fn filter_all(host: HostId, table: &KeyTable, line: &Receiver<Vec<u8>>) -> Result<Passed, llpf_wire::Error> {
    let mut filter = Filter::new(Config::default());
    filter.install(now(), host, table)?;
    let mut passed = Vec::new();
    for octets in line {
        let len = octets.len();
        let mut buf = PacketBuf::new(octets, 0, len)?;
        if filter.filter(now(), &mut buf).is_ok() {
            passed.push(buf.octets().to_vec());
        }
    }
    Ok((passed, *filter.counters()))
}

/// The three threads at work.
fn run(packets: &[Vec<u8>]) -> Result<Passed, Box<dyn Error>> {
    let (table, host) = (table()?, HostId(7));
    let (near, between) = mpsc::channel();
    let (onward, far) = mpsc::channel();
    thread::scope(|scope| {
        let theirs = table.clone();
        let sealing = scope.spawn(move || seal_all(packets, host, theirs, &near));
        scope.spawn(move || interfere(&between, &onward));
        let result = filter_all(host, &table, &far)?;
        sealing.join().map_err(|_| "the sealing thread stopped")??;
        Ok(result)
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).map_or(Ok(20_000), |count| count.parse())?;
    let packets = traffic(count, 16, 500)?;
    let (passed, counters) = run(&packets)?;
    println!("{count} packets sealed, {} arrived with as many forged ones", counters.accepted);
    println!("{counters:#?}");
    if passed == packets { Ok(()) } else { Err("what passed is not what was sent".into()) }
}

#[cfg(test)]
mod tests {
    use super::{run, traffic};

    #[test]
    fn what_was_sealed_passes_and_nothing_else() {
        let packets = traffic(300, 5, 64).unwrap();
        let (passed, counters) = run(&packets).unwrap();
        assert_eq!(passed, packets);
        assert_eq!(counters.accepted, 300);
        let refused =
            counters.malformed + counters.unknown_host + counters.unknown_key + counters.outside_period + counters.forged;
        assert_eq!(refused, 300);
        assert!(counters.forged > 200);
    }
}
