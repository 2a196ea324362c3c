//! TCPSec, UDPSec and the duplicates through the Linux kernel's own address translation: nftables masquerade between network namespaces.
//!
//! It takes root, iproute2, nftables and Python; without one of them it says so and does not run. With conntrack mappings are flushed, else they run out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver as Queue, channel};
use std::thread;
use std::time::Duration;

use ip_wire::checksum::pseudo_v4;
use ip_wire::ip::Packet;
use ip_wire::nat::{Endpoint, Rewrite};
use ip_wire::{Flow, PacketBuf, Protocol, ipv4, tcp, udp};
use ipsec_wire::{Aead, Builder, Integrity, Keys, Suite};
use ngisec_wire::nat::Learned;
use ngisec_wire::{Form, Limits, Receiver, ReverseNat, Sender};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

const NOW: Duration = Duration::ZERO;
const A: [u8; 4] = [10, 77, 1, 2];
const B: [u8; 4] = [10, 77, 2, 2];
const OUTSIDE: [u8; 4] = [10, 77, 2, 1];

/// Three namespaces in a row; gone when it is dropped.
struct Lab {
    tag: String,
}

impl Lab {
    fn new() -> Result<Self, String> {
        let lab = Self { tag: format!("wc{}", std::process::id()) };
        lab.build()?;
        Ok(lab)
    }

    fn build(&self) -> Result<(), String> {
        let tag = &self.tag;
        let (a, n, b) = (format!("{tag}a"), format!("{tag}n"), format!("{tag}b"));
        for line in [
            format!("ip netns add {a}"),
            format!("ip netns add {n}"),
            format!("ip netns add {b}"),
            format!("ip link add va netns {a} type veth peer name vna netns {n}"),
            format!("ip link add vb netns {b} type veth peer name vnb netns {n}"),
            format!("ip -n {a} addr add 10.77.1.2/24 dev va"),
            format!("ip -n {n} addr add 10.77.1.1/24 dev vna"),
            format!("ip -n {n} addr add 10.77.2.1/24 dev vnb"),
            format!("ip -n {b} addr add 10.77.2.2/24 dev vb"),
            format!("ip -n {a} link set va up"),
            format!("ip -n {n} link set vna up"),
            format!("ip -n {n} link set vnb up"),
            format!("ip -n {b} link set vb up"),
            format!("ip -n {a} route add default via 10.77.1.1"),
            format!("ip netns exec {n} sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'"),
            format!("ip netns exec {n} nft add table ip nat"),
            format!("ip netns exec {n} nft 'add chain ip nat post {{ type nat hook postrouting priority srcnat; }}'"),
            format!("ip netns exec {n} nft add rule ip nat post oifname vnb masquerade random"),
            // The kernels of the two hosts must not answer: no socket of theirs is at these ports.
            format!(
                "ip netns exec {a} nft 'add table ip quiet; add chain ip quiet in {{ type filter hook input priority 0; policy drop; }}'"
            ),
            format!(
                "ip netns exec {b} nft 'add table ip quiet; add chain ip quiet in {{ type filter hook input priority 0; policy drop; }}'"
            ),
        ] {
            run(&line)?;
        }
        Ok(())
    }

    /// Has all mappings forgotten; says whether that was at once.
    ///
    /// Without conntrack those of UDP are forgotten a second after their next packet, which refreshes them once more: timeouts bind when a packet has passed.
    fn flush(&self) -> bool {
        let n = format!("{}n", self.tag);
        if run(&format!("ip netns exec {n} conntrack -F")).is_ok() {
            return true;
        }
        run(&format!(
            "ip netns exec {n} sh -c 'echo 1 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout; echo 1 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout_stream'"
        ))
        .expect("the timeouts can be set");
        thread::sleep(Duration::from_millis(200));
        false
    }

    /// From now on the path marks what it forwards: expedited forwarding, congestion experienced.
    fn mark(&self) {
        let n = format!("{}n", self.tag);
        for line in [
            format!(
                "ip netns exec {n} nft 'add table ip marks; add chain ip marks way {{ type filter hook forward priority mangle; }}'"
            ),
            format!("ip netns exec {n} nft 'add rule ip marks way ip dscp set ef; add rule ip marks way ip ecn set ce'"),
        ] {
            run(&line).expect("nftables marks");
        }
    }

    fn node(&self, name: &str, interface: &str) -> Node {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/python/raw_packets.py");
        let mut child = Command::new("ip")
            .args(["netns", "exec", &format!("{}{name}", self.tag), "python3", script, interface])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ip runs");
        let (send, received) = channel();
        let stdout = child.stdout.take().expect("piped");
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take().expect("piped");
        let node = Node { sent: 0, child, input, received };
        assert_eq!(node.received.recv_timeout(Duration::from_secs(20)).as_deref(), Ok("ready"));
        node
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for name in ["a", "n", "b"] {
            let _ = run(&format!("ip netns del {}{name}", self.tag));
        }
    }
}

struct Node {
    /// Packets that it sent.
    sent: u64,
    child: Child,
    input: ChildStdin,
    received: Queue<String>,
}

impl Node {
    fn send(&mut self, packet: &[u8]) {
        let hex: String = packet.iter().map(|octet| format!("{octet:02x}")).collect();
        writeln!(self.input, "{hex}").expect("the helper reads");
        self.sent += 1;
    }

    fn receive(&self) -> PacketBuf<Vec<u8>> {
        let line = self.received.recv_timeout(Duration::from_secs(10)).expect("a packet arrives");
        let octets: Vec<u8> =
            (0..line.len() / 2).map(|at| u8::from_str_radix(&line[2 * at..2 * at + 2], 16).expect("hexadecimal")).collect();
        buffer(&octets)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(line: &str) -> Result<(), String> {
    let output = Command::new("sh").args(["-c", line]).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{line}: {}", String::from_utf8_lossy(&output.stderr).trim()))
}

fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0; 300];
    storage.extend_from_slice(octets);
    storage.resize(storage.len() + 300, 0);
    PacketBuf::new(storage, 300, octets.len()).expect("room")
}

fn builder(spi: u32, suite: Suite) -> Builder<'static> {
    let keys = match suite {
        Suite::Ah(_) => Keys { encryption: &[], integrity: &[3; 20] },
        _ => Keys { encryption: &[4; 20], integrity: &[] },
    };
    Builder::new(spi, suite, keys)
}

fn ends(form: Form, spi: u32) -> (Sender, Receiver) {
    let mut rng = ChaCha20Rng::seed_from_u64(u64::from(spi));
    let ah = builder(spi, Suite::Ah(Integrity::HMAC_SHA1_96));
    let esp = builder(spi + 1, Suite::EspCombined(Aead::AES_GCM_16));
    let sender = Sender::new(form, ah.outbound(&mut rng).expect("ah"), esp.outbound(&mut rng).expect("esp"));
    (sender.expect("sender"), Receiver::new(form, ah.inbound().expect("ah"), esp.inbound().expect("esp")).expect("receiver"))
}

fn packet(
    from: ([u8; 4], u16),
    to: ([u8; 4], u16),
    protocol: Protocol,
    tcp: Option<(tcp::Flags, u32, u32)>,
    data: &[u8],
) -> Vec<u8> {
    let len = data.len() + if tcp.is_some() { 20 } else { 8 };
    let mut octets = vec![0; 20 + len];
    ipv4::Header::new(from.0.into(), to.0.into(), protocol, len).expect("fits").emit(&mut octets).expect("fits");
    let pseudo = pseudo_v4(from.0.into(), to.0.into(), protocol, u16::try_from(len).expect("short"));
    match tcp {
        Some((flags, sequence, acknowledgment)) => {
            let mut header = tcp::Header::new(from.1, to.1);
            (header.flags, header.sequence_number, header.acknowledgment_number) = (flags, sequence, acknowledgment);
            header.window = 65_000;
            header.emit(pseudo, data, &mut octets[20..]).expect("fits");
        }
        None => {
            udp::Header::new(from.1, to.1).emit(pseudo, data, &mut octets[20..]).expect("fits");
        }
    }
    octets
}

fn assert_sums(octets: &[u8]) {
    let parsed = Packet::parse(octets).expect("a packet");
    let Packet::V4(view) = parsed else { panic!("IPv4") };
    view.verify_checksum().expect("the header's checksum holds");
    let upper = parsed.upper_layer().expect("upper layer");
    assert!(parsed.pseudo_header(upper.protocol, upper.octets.len()).octets(upper.octets).holds(), "the outer checksum holds");
}

fn lab() -> Option<Lab> {
    match Lab::new() {
        Ok(lab) => Some(lab),
        Err(reason) => {
            interop::skipped("ngisec_nat", &reason);
            None
        }
    }
}

/// Both ends with the namespaces between them.
struct Walk {
    a: Node,
    b: Node,
    reverse: ReverseNat,
    /// DSCP and ECN that packets arrive with.
    marks: u8,
}

/// The packet that another address has been put into, at the source or the destination.
fn readdressed(original: &[u8], source: Option<[u8; 4]>, destination: Option<[u8; 4]>) -> Vec<u8> {
    let end = |address: [u8; 4]| Endpoint::address(address.into());
    let mut octets = original.to_vec();
    let rewrite = Rewrite { source: source.map(end), destination: destination.map(end) };
    rewrite.apply(&mut octets).expect("it is a packet");
    octets
}

impl Walk {
    /// What the path does to every packet: marks, and one hop less.
    fn assert_travelled(&self, arrived: &PacketBuf<Vec<u8>>) {
        assert_sums(arrived.octets());
        assert_eq!((arrived.octets()[1], arrived.octets()[8]), (self.marks, 63));
    }

    /// A control packet through the kernel: sealed, translated, opened, learned from. The port it arrived with.
    fn control(&mut self, channel: &mut (Sender, Receiver), original: &[u8], learned: Learned) -> u16 {
        let mut buf = buffer(original);
        channel.0.seal(NOW, &mut buf).expect("sealed");
        self.a.send(buf.octets());
        let mut arrived = self.b.receive();
        self.assert_travelled(&arrived);
        let opened = channel.1.open(NOW, &mut arrived).expect("the ICV holds behind the translation");
        let (outer, inner) = (opened.observation.outer, opened.observation.inner);
        assert_eq!((outer.source(), outer.destination()), (OUTSIDE.into(), B.into()));
        assert!(opened.observation.is_translated());
        assert_eq!(inner.source_port(), Flow::from_ip(original).expect("a flow").key.source_port());
        if channel.0.form() == Form::TransportSec {
            // The address stays the outer one, the transport header is the sender's.
            assert_eq!(arrived.octets()[20..], readdressed(original, Some(OUTSIDE), None)[20..]);
        } else {
            assert_eq!(inner.source(), std::net::IpAddr::from(A));
            assert_eq!(arrived.octets(), original);
        }
        assert_eq!(self.reverse.learn(NOW, &opened.observation), Ok(learned));
        outer.source_port().expect("a port")
    }

    /// A data packet through the kernel, restored by what was learned: its source is `known`.
    fn data(&mut self, channel: &mut (Sender, Receiver), original: &[u8], known: [u8; 4]) {
        let mut buf = buffer(original);
        channel.0.seal(NOW, &mut buf).expect("sealed");
        self.a.send(buf.octets());
        let mut arrived = self.b.receive();
        self.assert_travelled(&arrived);
        assert_eq!(self.reverse.restore(NOW, arrived.octets_mut()), Ok(true));
        channel.1.open(NOW, &mut arrived).expect("the ICV holds");
        assert_sums(arrived.octets());
        let expected = readdressed(original, Some(known), None);
        assert_eq!(arrived.octets()[20..], expected[20..]);
        assert_eq!(Flow::from_ip(arrived.octets()), Flow::from_ip(&expected));
    }

    /// An answer to the address and port that the sender is known by, corrected, through the kernel, and opened by the private host.
    fn answer(&mut self, channel: &mut (Sender, Receiver), original: &[u8]) {
        let mut buf = buffer(original);
        channel.0.seal(NOW, &mut buf).expect("sealed");
        assert_eq!(self.reverse.correct(NOW, buf.octets_mut()), Ok(true));
        self.b.send(buf.octets());
        let mut arrived = self.a.receive();
        self.assert_travelled(&arrived);
        let opened = channel.1.open(NOW, &mut arrived).expect("the private host accepts");
        assert_eq!(opened.observation.outer.destination(), std::net::IpAddr::from(A));
        assert_sums(arrived.octets());
        let expected = readdressed(original, None, Some(A));
        assert_eq!(arrived.octets()[20..], expected[20..]);
        assert_eq!(Flow::from_ip(arrived.octets()), Flow::from_ip(&expected));
    }
}

const FORMS: [Form; 3] = [Form::DuplicateEncapsulating, Form::DuplicateAppended, Form::TransportSec];

/// The forms that data packets have: end to end without a duplicate, or with their transport header (figure 2).
const DATA: [Form; 2] = [Form::Plain, Form::TransportSec];

/// The address that the sender is known by: its own where that is duplicated, the translation's else.
fn known(form: Form) -> [u8; 4] {
    if form == Form::TransportSec { OUTSIDE } else { A }
}

/// Channels with SPIs of their own.
fn channels(spi: &mut u32, form: Form) -> (Sender, Receiver) {
    *spi += 0x10;
    ends(form, *spi)
}

/// The handshake, a request and a reply in each form of data; then the mapping goes, and the handshake comes again.
fn tcp_walk(lab: &Lab, walk: &mut Walk, spi: &mut u32, form: Form, port: u16) {
    let segment =
        |flags, sequence, ack, octets: &[u8]| packet((A, port), (B, 80), Protocol::TCP, Some((flags, sequence, ack)), octets);
    let reply = |flags, sequence, ack, octets: &[u8]| {
        packet((B, 80), (known(form), port), Protocol::TCP, Some((flags, sequence, ack)), octets)
    };
    let (syn, ack, push) = (tcp::Flags::SYN, tcp::Flags::ACK, tcp::Flags::PSH.with(tcp::Flags::ACK));
    let (mut control, mut back) = (channels(spi, form), channels(spi, form));
    let first = walk.control(&mut control, &segment(syn, 1000, 0, b""), Learned::New);
    walk.answer(&mut back, &reply(syn.with(ack), 5000, 1001, b""));
    if form == Form::TransportSec {
        // The last of the handshake in TCPSec, too: it shows no other mapping.
        assert_eq!(walk.control(&mut control, &segment(ack, 1001, 5001, b""), Learned::Same), first);
    }
    let (mut there, mut here) = (1001, 5001);
    for data_form in DATA {
        let (mut data, mut data_back) = (channels(spi, data_form), channels(spi, data_form));
        walk.data(&mut data, &segment(ack, there, here, b""), known(form));
        walk.data(&mut data, &segment(push, there, here, b"request"), known(form));
        there += 7;
        walk.answer(&mut data_back, &reply(push, here, there, b"answer"));
        here += 6;
    }
    if lab.flush() {
        let second = walk.control(&mut control, &segment(syn, 1000, 0, b""), Learned::Changed);
        assert_ne!(first, second, "masquerade random gives another port");
        walk.answer(&mut back, &reply(syn.with(ack), 5000, 1001, b""));
    }
}

/// A first datagram, data there and back in each form; then the mapping goes, and the next datagram is a first one.
fn udp_walk(lab: &Lab, walk: &mut Walk, spi: &mut u32, form: Form, port: u16) {
    let datagram = packet((A, port), (B, 53), Protocol::UDP, None, b"question");
    let reply = packet((B, 53), (known(form), port), Protocol::UDP, None, b"answer");
    let mut control = channels(spi, form);
    let first = walk.control(&mut control, &datagram, Learned::New);
    let mut data: Vec<_> = DATA.iter().map(|form| (channels(spi, *form), channels(spi, *form))).collect();
    let mut both_ways = |walk: &mut Walk| {
        for (there, back) in &mut data {
            walk.data(there, &datagram, known(form));
            walk.answer(back, &reply);
        }
    };
    both_ways(walk);
    if !lab.flush() {
        assert_eq!(walk.control(&mut control, &datagram, Learned::Same), first);
        thread::sleep(Duration::from_millis(3_500));
    }
    let second = walk.control(&mut control, &datagram, Learned::Changed);
    assert_ne!(first, second, "masquerade random gives another port");
    both_ways(walk);
}

#[test]
fn sealed_packets_pass_a_real_masquerade_are_learned_and_answered_and_a_changed_mapping_is_learned_again() {
    let Some(lab) = lab() else { return };
    let reverse = ReverseNat::new(Limits::default());
    let mut walk = Walk { a: lab.node("a", "va"), b: lab.node("b", "vb"), reverse, marks: 0 };
    let mut spi = 0x1000;
    for (index, form) in (0u16..).zip(FORMS) {
        tcp_walk(&lab, &mut walk, &mut spi, form, 5000 + index);
        udp_walk(&lab, &mut walk, &mut spi, form, 6000 + index);
    }
    // The same where the path re-marks DSCP and says that it is congested: neither is under the ICV.
    lab.mark();
    walk.marks = 0xbb;
    for (index, form) in (0u16..).zip(FORMS) {
        tcp_walk(&lab, &mut walk, &mut spi, form, 5100 + index);
        udp_walk(&lab, &mut walk, &mut spi, form, 6100 + index);
    }
    interop::agreed(
        "Linux's NAT",
        "TCPSec, UDPSec and duplicated packets through masquerade and back",
        walk.a.sent + walk.b.sent,
    );
}
