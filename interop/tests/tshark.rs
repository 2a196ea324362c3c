//! The dissector agrees with Wireshark's, field by field and frame by frame, over a folder of captures.
//!
//! Reassembly and guesses are switched off in tshark, so that both sides read the frame alone. A frame is compared as a whole unless
//! it is *cut* (tshark finds it malformed, or the capture cut it), a *carrier* (it goes on inside a protocol that the
//! family does not read) or *stopped* (we find an error in it): then the values of one side must be a prefix of the other's.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use interop::{agreed, captures, frames, skipped, tool};
use serde::Deserialize;
use wirecraft_cli::dissect::{Truncation, Value, dissect};

const FIELDS: &str = "ip.hdr_len ip.dsfield.dscp ip.dsfield.ecn ip.len ip.id ip.flags.rb ip.flags.df ip.flags.mf \
    ip.frag_offset ip.ttl ip.proto ip.checksum ip.src ip.dst ip.opt.type ip.opt.len ip.opt.ra ipv6.version \
    ipv6.tclass.dscp ipv6.tclass.ecn ipv6.flow ipv6.plen ipv6.nxt ipv6.hlim ipv6.src ipv6.dst ipv6.hopopts.nxt \
    ipv6.hopopts.len ipv6.dstopts.nxt ipv6.dstopts.len ipv6.opt.type ipv6.opt.length ipv6.routing.nxt ipv6.routing.len \
    ipv6.routing.type ipv6.routing.segleft ipv6.fraghdr.nxt ipv6.fraghdr.offset ipv6.fraghdr.more ipv6.fraghdr.ident \
    ipv6.src_6to4_gw_ipv4 ipv6.src_6to4_sla_id ipv6.dst_6to4_gw_ipv4 ipv6.dst_6to4_sla_id tcp.srcport tcp.dstport \
    tcp.seq_raw tcp.ack_raw tcp.hdr_len tcp.flags tcp.window_size_value tcp.checksum tcp.urgent_pointer tcp.option_kind \
    tcp.option_len udp.srcport udp.dstport udp.length udp.checksum icmp.type icmp.code icmp.checksum icmp.ident icmp.seq \
    icmp.mtu icmpv6.type icmpv6.code icmpv6.checksum icmpv6.mtu icmpv6.pointer icmpv6.echo.identifier \
    icmpv6.echo.sequence_number ah.next_header ah.length ah.spi ah.sequence esp.spi esp.sequence atm.vpi atm.vci \
    atm.aal5t_len atm.aal5t_crc llc.dsap llc.ssap llc.control llc.oui llc.type ip.checksum.status tcp.checksum.status udp.checksum.status";

/// Protocols that carry packets and that the family does not read.
const CARRIERS: &str = "gre gtp gtpprime vxlan geneve mpls l2tp erspan capwap nsh lisp pppoes pppoed pwethheuristic pwethcw \
    ayiya ipcomp nflog fr chdlc fddi arcnet slip ipoib btle rsip pim hip hipercontracer netperfmeter mipv6 ospf rsvp \
    vssmonitoring f5ethtrailer fw1 ib1394 macsec wg openvpn dvmrp igmp zep cfm ppp tapa nhrp rtps carp mdshdr trill bpq \
    ax25 olsr aodv isis wlan tzsp aruba_erm jmirror juniper loop isl pgm";

/// Wireshark's numbers of the link types that are read: Ethernet, PPP, raw IP, ATM RFC 1483, SunATM, loopback, Linux cooked 1, raw IPv4, IPv6,
/// Linux cooked 2.
const LINKS: [&str; 10] = ["1", "4", "7", "10", "13", "15", "25", "129", "130", "210"];
const PPP: &str = "4";

const HEAD: [&str; 5] = ["frame.encap_type", "frame.len", "frame.cap_len", "_ws.malformed", "frame.protocols"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    exception: Vec<Exception>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "cause, RFC and reason are for readers, but must be there")]
struct Exception {
    cause: String,
    rfc: String,
    reason: String,
    file: String,
    frames: Vec<usize>,
    fields: Vec<String>,
}

#[derive(Default)]
struct Tally {
    frames: usize,
    stopped: usize,
    values: usize,
    theirs: usize,
    common: usize,
    excepted: BTreeSet<(String, usize)>,
    differences: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.frames += other.frames;
        self.stopped += other.stopped;
        self.values += other.values;
        self.theirs += other.theirs;
        self.common += other.common;
        self.excepted.extend(other.excepted);
        self.differences.extend(other.differences);
    }
}

#[test]
fn every_field_is_what_wireshark_reads() {
    let Some(files) = captures() else { return skipped("tshark", "there are no captures") };
    if tool("tshark").is_none() {
        return skipped("tshark", "tshark is not installed");
    }
    let text = include_str!("../exceptions.toml");
    let exceptions = toml::from_str::<Exceptions>(text).unwrap().exception;
    let next = AtomicUsize::new(0);
    let total = Mutex::new(Tally::default());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mut tally = Tally::default();
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    compare(file, &exceptions, &mut tally);
                }
                total.lock().unwrap().add(tally);
            });
        }
    });
    let Tally { frames, stopped, values, theirs, common, excepted, differences } = total.into_inner().unwrap();
    agreed("tshark", "field values of real captures", values - differences.len());
    agreed("tshark", "frames with a value excepted, each listed with the reason", excepted.len());
    assert!(frames > 1000 && values > 10_000, "{frames} frames and {values} values are too few to say anything");
    assert!(differences.is_empty(), "{}", differences[..differences.len().min(20)].join("\n"));
    assert!(common * 100 >= theirs * 97, "{common} of {theirs} values are read");
    assert!(stopped * 100 <= frames, "{stopped} of {frames} frames stop with an error");
    assert!(excepted.len() * 100 <= frames, "{} of {frames} frames are excepted", excepted.len());
}

fn compare(file: &Path, exceptions: &[Exception], tally: &mut Tally) {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let rows = tshark(file);
    if !rows.first().is_some_and(|row| LINKS.contains(&row[0].as_str())) {
        return;
    }
    let mine = ours(file);
    let fields: Vec<&str> = FIELDS.split_whitespace().collect();
    let carriers: BTreeSet<&str> = CARRIERS.split_whitespace().collect();
    for (index, row) in rows.iter().enumerate() {
        let number = index + 1;
        tally.frames += 1;
        let Some((values, failed)) = mine.get(index) else {
            tally.differences.push(format!("{name}: frame {number} is missing"));
            continue;
        };
        let [link, len, captured, malformed, protocols] = &row[..5] else { panic!("{row:?}") };
        let carrier = protocols.split(':').any(|name| carriers.contains(name) && !(name == "ppp" && link == PPP));
        let cut = !malformed.is_empty() || len != captured;
        tally.stopped += usize::from(!carrier && !cut && *failed);
        let whole = !carrier && !cut && !failed;
        for (field, cell) in fields.iter().zip(&row[5..]) {
            let theirs: Vec<String> = if cell.is_empty() { Vec::new() } else { cell.split(';').map(normal).collect() };
            let got = values.get(field).map_or(&[][..], Vec::as_slice);
            tally.values += theirs.len().max(got.len());
            if !carrier {
                tally.theirs += theirs.len();
                tally.common += theirs.len().min(got.len());
            }
            let shorter = theirs.len().min(got.len());
            let agree = if whole { got == theirs } else { got[..shorter] == theirs[..shorter] };
            if agree {
                continue;
            }
            let excepted = exceptions.iter().any(|exception| {
                exception.file == name
                    && exception.frames.contains(&number)
                    && exception.fields.iter().any(|known| known == field)
            });
            if excepted {
                tally.excepted.insert((name.clone(), number));
            } else {
                tally.differences.push(format!("{name}: frame {number} {field}: ours {got:?}, tshark {theirs:?} [{protocols}]"));
            }
        }
    }
}

/// What tshark reads: a row a frame, the columns of [`HEAD`], then those of [`FIELDS`].
fn tshark(file: &Path) -> Vec<Vec<String>> {
    let mut command = Command::new("tshark");
    command.arg("-n").arg("-r").arg(file).args([
        "-T",
        "fields",
        "-E",
        "separator=/t",
        "-E",
        "occurrence=a",
        "-E",
        "aggregator=;",
    ]);
    for preference in [
        "ip.defragment:FALSE",
        "ipv6.defragment:FALSE",
        "tcp.desegment_tcp_streams:FALSE",
        "ip.check_checksum:TRUE",
        "tcp.check_checksum:TRUE",
        "udp.check_checksum:TRUE",
        "tcp.relative_sequence_numbers:FALSE",
        "ip.tso_support:FALSE",
    ] {
        command.args(["-o", preference]);
    }
    command.args(["--disable-protocol", "teredo", "--disable-protocol", "6lowpan"]);
    for column in HEAD.into_iter().chain(FIELDS.split_whitespace()) {
        command.args(["-e", column]);
    }
    let output = command.stderr(Stdio::null()).output().unwrap();
    let columns = HEAD.len() + FIELDS.split_whitespace().count();
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| {
            let mut row: Vec<String> = line.split('\t').map(str::to_owned).collect();
            row.resize(columns, String::new());
            row
        })
        .collect()
}

type Values = BTreeMap<&'static str, Vec<String>>;

/// What we read, frame by frame, and whether there was an error.
fn ours(file: &Path) -> Vec<(Values, bool)> {
    let mut all = Vec::new();
    let _damage = frames(file, |frame| {
        let dissection = dissect(frame, Truncation::Allowed);
        let mut values = Values::new();
        for item in dissection.layers.iter().flat_map(|layer| &layer.items).filter(|item| !item.key.is_empty()) {
            let value = match &item.value {
                Value::Text(text) => text.to_lowercase(),
                other => other.number().map_or_else(String::new, |number| number.to_string()),
            };
            values.entry(item.key).or_default().push(value);
        }
        all.push((values, dissection.error.is_some()));
    });
    all
}

/// A value of tshark's as ours are written: numbers in decimal, flags as 0 and 1.
fn normal(text: &str) -> String {
    let text = text.trim();
    match text {
        "True" => return "1".into(),
        "False" => return "0".into(),
        _ => {}
    }
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    };
    number.map_or_else(|| text.to_lowercase(), |number| number.to_string())
}
