//! Shards packets by flow over threads, each with a state of its own: translation, metering and sealing scale with the cores, without a lock,
//! and packets of one flow stay in order.
//!
//! `cargo run --release -p wirecraft-examples --bin shard_flows [PACKETS]`

use std::collections::hash_map::{DefaultHasher, HashMap};
use std::error::Error;
use std::hash::{Hash, Hasher};
use std::thread;
use std::time::{Duration, Instant};

use ip_wire::{Flow, FlowKey, PacketBuf};
use ipsec_wire::{Builder, Cipher, Integrity, Keys, Outbound, Suite, Tunnel};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use wirecraft_examples::traffic;

/// Which of `shards` threads a flow belongs to: the same for both directions of a conversation, so that one thread sees both.
fn shard_of(flow: &FlowKey, shards: usize) -> usize {
    let hash = |key: &FlowKey| {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        hasher.finish()
    };
    // The order of the two does not matter to a sum.
    (hash(flow).wrapping_add(hash(&flow.reversed())) % shards as u64) as usize
}

/// What a thread owns: an association of its own, and what it counts of its flows. Nothing is shared.
struct Shard {
    outbound: Outbound,
    flows: HashMap<FlowKey, u64>,
    storage: Vec<u8>,
    octets: u64,
}

impl Shard {
    /// Each thread seals under an SPI and a key of its own: sequence numbers and IVs never meet.
    fn new(number: usize) -> Result<Self, Box<dyn Error>> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| error.to_string())?;
        let mut keys = [0; 36];
        getrandom::fill(&mut keys).map_err(|error| error.to_string())?;
        let suite = Suite::Esp { cipher: Cipher::AesCbc, integrity: Some(Integrity::HMAC_SHA1_96) };
        let keys = Keys { encryption: &keys[..16], integrity: &keys[16..] };
        let tunnel = Tunnel::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into())?;
        let builder = Builder::new(0x1000 + number as u32, suite, keys).tunnel(tunnel);
        Ok(Self {
            outbound: builder.outbound(&mut ChaCha20Rng::from_seed(seed))?,
            flows: HashMap::new(),
            storage: vec![0; 2048],
            octets: 0,
        })
    }

    fn handle(&mut self, now: Duration, flow: FlowKey, packet: &[u8]) -> Result<(), Box<dyn Error>> {
        *self.flows.entry(flow).or_default() += 1;
        let mut buf = PacketBuf::empty(&mut self.storage[..], 128)?;
        buf.append(packet)?;
        self.outbound.seal(now, &mut buf)?;
        self.octets += buf.len() as u64;
        Ok(())
    }
}

/// Runs the packets through so many threads: how long it took, and the shards as they ended.
fn run(packets: &[Vec<u8>], shards: usize) -> Result<(Duration, Vec<Shard>), Box<dyn Error + Send + Sync>> {
    // The distributor: here before the clock starts, in a gateway the network card's receive side scaling, or one more thread.
    let mut queues: Vec<Vec<(FlowKey, &[u8])>> = vec![Vec::new(); shards];
    for packet in packets {
        let key = Flow::from_ip(packet)?.key;
        queues[shard_of(&key, shards)].push((key, packet));
    }
    let states =
        (0..shards).map(|number| Shard::new(number).map_err(|error| error.to_string())).collect::<Result<Vec<_>, _>>()?;
    let start = Instant::now();
    let states = thread::scope(|scope| {
        let threads: Vec<_> = states
            .into_iter()
            .zip(&queues)
            .map(|(mut shard, queue)| {
                scope.spawn(move || {
                    for (key, packet) in queue {
                        shard.handle(start.elapsed(), *key, packet).map_err(|error| error.to_string())?;
                    }
                    Ok::<_, String>(shard)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a thread stopped".into())))
            .collect::<Result<Vec<_>, _>>()
    })?;
    Ok((start.elapsed(), states))
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let count = std::env::args().nth(1).map_or(Ok(200_000), |count| count.parse())?;
    let packets = traffic(count, 1024, 1000)?;
    let cores = thread::available_parallelism()?.get();
    println!("{:>7} {:>12} {:>9} {:>8}", "threads", "packets/s", "Gbit/s", "speed-up");
    let mut alone = 0.0;
    for shards in (0..).map(|power| 1 << power).take_while(|shards| *shards <= cores.max(2)) {
        let (time, states) = run(&packets, shards)?;
        let octets: u64 = states.iter().map(|shard| shard.octets).sum();
        let rate = count as f64 / time.as_secs_f64();
        if shards == 1 {
            alone = rate;
        }
        println!("{shards:>7} {rate:>12.0} {:>9.2} {:>8.2}", octets as f64 * 8.0 / time.as_secs_f64() / 1e9, rate / alone);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Flow, run, shard_of, traffic};

    #[test]
    fn both_directions_of_a_flow_are_of_one_shard_and_all_shards_have_some() {
        let mut used = [0; 8];
        for packet in traffic(1000, 1000, 10).unwrap() {
            let key = Flow::from_ip(&packet).unwrap().key;
            assert_eq!(shard_of(&key, 8), shard_of(&key.reversed(), 8));
            used[shard_of(&key, 8)] += 1;
        }
        assert!(used.iter().all(|count| *count > 60), "{used:?}");
    }

    #[test]
    fn every_packet_is_handled_by_one_shard_whatever_their_number() {
        let packets = traffic(500, 40, 100).unwrap();
        for shards in [1, 3, 4] {
            let (_, states) = run(&packets, shards).unwrap();
            assert_eq!(states.iter().map(|shard| shard.flows.len()).sum::<usize>(), 40);
            assert_eq!(states.iter().map(|shard| shard.flows.values().sum::<u64>()).sum::<u64>(), 500);
            assert_eq!(states.iter().map(|shard| shard.outbound.last_sent()).sum::<u64>(), 500);
        }
    }
}
