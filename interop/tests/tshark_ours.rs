//! What we emit, read by tshark: it decrypts our ESP and finds each ICV good, and reads our AH, 6to4, fragments, options and NGISec
//! framings without a complaint.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use interop::ipsec::{Association, TestRng, buffer};
use interop::packets::{udp_packet, write_capture};
use interop::{agreed, skipped, tool};
use ip_wire::checksum::pseudo_v4;
use ip_wire::ipv6::options::Writer;
use ip_wire::{Protocol, ipv4, ipv6, tcp};
use ipsec_wire::Outbound;
use serde_json::{Value, json};
use sixtofour::{Policy, Router};

/// Octets of payload of the packets that are sent.
const LENGTHS: [usize; 7] = [0, 1, 15, 16, 64, 600, 1380];

/// What tshark reads in packets: a row a packet, the columns that `fields` names. `None` without tshark.
fn read(name: &str, packets: &[Vec<u8>], options: &[String], fields: &str) -> Option<Vec<Vec<String>>> {
    let mut command = tool("tshark")?;
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("ours-{name}.pcap"));
    write_capture(&path, packets.iter().map(Vec::as_slice));
    command.arg("-n").arg("-r").arg(&path).args("-T fields -E separator=/t -E occurrence=a -E aggregator=;".split(' '));
    // It takes the port for that of a chat protocol.
    command.args(["--disable-protocol", "icq"]);
    for option in options {
        command.arg("-o").arg(option);
    }
    for field in fields.split(' ') {
        command.args(["-e", field]);
    }
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !complaint.contains("UAT"), "{complaint}");
    let text = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Vec<String>> = text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    assert_eq!(rows.len(), packets.len());
    Some(rows)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// The payload that `udp_packet` gives a packet.
fn payload(len: usize) -> String {
    hex(&(0..=u8::MAX).cycle().take(len).collect::<Vec<u8>>())
}

/// An association in the words of `ip xfrm`, and the names that tshark has for its algorithms.
fn esp_suites() -> Vec<(Value, &'static str, &'static str)> {
    let key = |len: usize| (0..len).map(|octet| format!("{:02x}", (octet * 7 + 1) % 256)).collect::<String>();
    let encs = [
        ("ecb(cipher_null)", 0, "NULL"),
        ("cbc(des3_ede)", 24, "TripleDES-CBC [RFC2451]"),
        ("cbc(des)", 8, "DES-CBC [RFC2405]"),
        ("cbc(aes)", 16, "AES-CBC [RFC3602]"),
        ("cbc(aes)", 24, "AES-CBC [RFC3602]"),
        ("cbc(aes)", 32, "AES-CBC [RFC3602]"),
        ("rfc3686(ctr(aes))", 20, "AES-CTR [RFC3686]"),
        ("rfc3686(ctr(aes))", 28, "AES-CTR [RFC3686]"),
        ("rfc3686(ctr(aes))", 36, "AES-CTR [RFC3686]"),
    ];
    let auths = [
        ("hmac(md5)", 16, 96, "HMAC-MD5-96 [RFC2403]"),
        ("hmac(sha1)", 20, 96, "HMAC-SHA-1-96 [RFC2404]"),
        ("hmac(sha256)", 32, 128, "HMAC-SHA-256-128 [RFC4868]"),
        ("hmac(sha384)", 48, 192, "HMAC-SHA-384-192 [RFC4868]"),
        ("hmac(sha512)", 64, 256, "HMAC-SHA-512-256 [RFC4868]"),
        ("hmac(rmd160)", 20, 96, "MAC-RIPEMD-160-96 [RFC2857]"),
    ];
    let mut suites = Vec::new();
    for (enc, enc_len, enc_name) in encs {
        for (auth, auth_len, bits, auth_name) in auths {
            let enc = json!({"name": enc, "key": key(enc_len)});
            let auth = json!({"name": auth, "key": key(auth_len), "trunc_bits": bits});
            suites.push((json!({"enc": enc, "auth": auth}), enc_name, auth_name));
        }
    }
    for len in [20, 28, 36] {
        for (bits, name) in [
            (64, "AES-GCM with 8 octet ICV [RFC4106]"),
            (96, "AES-GCM with 12 octet ICV [RFC4106]"),
            (128, "AES-GCM with 16 octet ICV [RFC4106]"),
        ] {
            let aead = json!({"name": "rfc4106(gcm(aes))", "key": key(len), "icv_bits": bits});
            suites.push((json!({"aead": aead}), name, "NULL"));
        }
    }
    suites
}

fn sealer(proto: &str, suite: &Value, mode: &str, ends: (&str, &str), spi: u32) -> Outbound {
    let mut sa = json!({"proto": proto, "mode": mode, "src": ends.0, "dst": ends.1, "spi": format!("0x{spi:08x}"), "esn": false});
    for (key, value) in suite.as_object().unwrap() {
        sa[key] = value.clone();
    }
    Association::of_xfrm(&sa).unwrap().build(true, |builder| builder.outbound(&mut TestRng(7))).unwrap()
}

type Ends = (&'static str, &'static str);

/// Modes, outer ends, inner ends.
const WAYS: [(&str, Ends, Ends); 6] = [
    ("transport", ("192.0.2.1", "192.0.2.2"), ("192.0.2.1", "192.0.2.2")),
    ("transport", ("2001:db8::1", "2001:db8::2"), ("2001:db8::1", "2001:db8::2")),
    ("tunnel", ("192.0.2.1", "192.0.2.2"), ("10.1.0.1", "10.2.0.1")),
    ("tunnel", ("192.0.2.1", "192.0.2.2"), ("2001:db8:a::1", "2001:db8:b::1")),
    ("tunnel", ("2001:db8::1", "2001:db8::2"), ("10.1.0.1", "10.2.0.1")),
    ("tunnel", ("2001:db8::1", "2001:db8::2"), ("2001:db8:a::1", "2001:db8:b::1")),
];

#[test]
fn tshark_decrypts_our_esp_and_finds_each_icv_good() {
    let mut total = 0;
    for (at, (mode, outer, inner)) in WAYS.into_iter().enumerate() {
        let (mut packets, mut expected, mut options) = (Vec::new(), Vec::new(), Vec::new());
        options.extend(["esp.enable_encryption_decode:TRUE".to_owned(), "esp.enable_authentication_check:TRUE".to_owned()]);
        for (index, (suite, enc, auth)) in esp_suites().into_iter().enumerate() {
            let spi = 0x0100_0000 + index as u32;
            let key = |part: &Value| {
                part["key"]
                    .as_str()
                    .map_or_else(String::new, |key| if key.is_empty() { String::new() } else { format!("0x{key}") })
            };
            let enc_key = if suite["aead"].is_object() { key(&suite["aead"]) } else { key(&suite["enc"]) };
            let version = if outer.0.contains(':') { "IPv6" } else { "IPv4" };
            options.push(format!(
                "uat:esp_sa:\"{version}\",\"{}\",\"{}\",\"0x{spi:08x}\",\"{enc}\",\"{enc_key}\",\"{auth}\",\"{}\"",
                outer.0,
                outer.1,
                key(&suite["auth"])
            ));
            let mut outbound = sealer("esp", &suite, mode, outer, spi);
            for (number, len) in (1..).zip(LENGTHS) {
                let mut buf = buffer(&udp_packet(inner.0, inner.1, len));
                outbound.seal(Duration::ZERO, &mut buf).unwrap();
                packets.push(buf.octets().to_vec());
                expected.push((spi, number, len, suite["aead"].is_object()));
            }
        }
        let fields = "esp.spi esp.sequence esp.protocol esp.pad_len esp.icv_good esp.icv_bad udp.dstport udp.checksum.status udp.payload _ws.malformed";
        options.push("udp.check_checksum:TRUE".to_owned());
        let Some(rows) = read(&format!("esp-{at}"), &packets, &options, fields) else {
            return skipped("tshark_decrypts_our_esp_and_finds_each_icv_good", "tshark is not installed");
        };
        for (row, (spi, number, len, combined)) in rows.iter().zip(expected) {
            let next = if mode == "transport" {
                "0x11"
            } else if inner.0.contains(':') {
                "0x29"
            } else {
                "0x04"
            };
            let label = format!("{mode} {outer:?} {inner:?} SPI {spi:#x} {len}: {row:?}");
            assert_eq!(row[..3], [format!("0x{spi:08x}"), number.to_string(), next.to_owned()], "{label}");
            assert!(row[3].parse::<u8>().is_ok(), "{label}");
            assert!(row[4] == "1" || (combined && row[4].is_empty()), "{label}");
            assert!(row[5].is_empty() || row[5] == "0", "{label}");
            assert_eq!((row[6].as_str(), row[7].as_str()), ("4000", "1"), "{label}");
            assert_eq!(row[8], payload(len), "{label}");
            assert_eq!(row[9], "", "{label}");
            total += 1;
        }
    }
    assert!(total > 2000, "{total}");
    agreed("tshark", "ESP packets of ours decrypted, ICV good", total);
}

#[test]
fn tshark_reads_our_ah() {
    let suites =
        [("hmac(md5)", 16, 96, 12), ("hmac(sha1)", 20, 96, 12), ("hmac(sha256)", 32, 128, 16), ("hmac(sha512)", 64, 256, 32)];
    let (mut packets, mut expected) = (Vec::new(), Vec::new());
    for (mode, outer, inner) in WAYS {
        for (auth, key, bits, icv) in suites {
            let suite = json!({"auth": {"name": auth, "key": "5a".repeat(key), "trunc_bits": bits}, "flags": ["align4"]});
            let spi = 0x2000 + packets.len() as u32;
            let mut outbound = sealer("ah", &suite, mode, outer, spi);
            for (number, len) in (1..).zip(LENGTHS) {
                let mut buf = buffer(&udp_packet(inner.0, inner.1, len));
                outbound.seal(Duration::ZERO, &mut buf).unwrap();
                packets.push(buf.octets().to_vec());
                let unpadded = 12 + icv;
                let header = if outer.0.contains(':') { usize::div_ceil(unpadded, 8) * 8 } else { unpadded };
                let next = if mode == "transport" {
                    17
                } else if inner.0.contains(':') {
                    41
                } else {
                    4
                };
                expected.push((spi, number, next, header, len));
            }
        }
    }
    let options = ["udp.check_checksum:TRUE".to_owned()];
    let fields = "ah.spi ah.sequence ah.next_header ah.length udp.checksum.status udp.payload _ws.malformed";
    let Some(rows) = read("ah", &packets, &options, fields) else {
        return skipped("tshark_reads_our_ah", "tshark is not installed");
    };
    for (row, (spi, number, next, header, len)) in rows.iter().zip(expected) {
        let found = [format!("0x{spi:08x}"), number.to_string(), next.to_string()];
        assert_eq!(row[..3], found, "{row:?}");
        // tshark shows the field as it is or in octets, as its version has it.
        assert!(row[3].contains(&header.to_string()) || row[3].contains(&(header / 4 - 2).to_string()), "{row:?}");
        assert_eq!(row[4..], ["1".to_owned(), payload(len), String::new()], "{row:?}");
    }
    agreed("tshark", "AH packets of ours read to the end", packets.len());
}

#[test]
fn tshark_reads_our_6to4() {
    let mut router = Router::new(Ipv4Addr::new(192, 0, 2, 4), Policy::RFC_3964).unwrap();
    router.relay = Some(Ipv4Addr::new(192, 88, 99, 1));
    router.set_mtu(1480).unwrap();
    let (mut packets, mut expected) = (Vec::new(), Vec::new());
    for (destination, gateway) in
        [("2002:c633:6407:1::1", "198.51.100.7"), ("2002:cb00:7101:ffff::9", "203.0.113.1"), ("2001:db8::1", "192.88.99.1")]
    {
        for len in LENGTHS {
            let mut buf = buffer(&udp_packet("2002:c000:204:5::1", destination, len));
            router.encapsulate(&mut buf, packets.len() as u16).unwrap();
            packets.push(buf.octets().to_vec());
            expected.push((destination, gateway, len));
        }
    }
    let options = ["ip.check_checksum:TRUE".to_owned(), "udp.check_checksum:TRUE".to_owned()];
    let fields = "ip.proto ip.src ip.dst ip.checksum.status ipv6.src_6to4_gw_ipv4 ipv6.src_6to4_sla_id ipv6.dst ipv6.dst_6to4_gw_ipv4 \
                  udp.checksum.status udp.payload _ws.malformed";
    let Some(rows) = read("6to4", &packets, &options, fields) else {
        return skipped("tshark_reads_our_6to4", "tshark is not installed");
    };
    for (row, (destination, gateway, len)) in rows.iter().zip(expected) {
        let inner_gateway = if destination.starts_with("2002") { gateway } else { "" };
        let payload = payload(len);
        let found = ["41", "192.0.2.4", gateway, "1", "192.0.2.4", "5", destination, inner_gateway, "1", &payload, ""];
        assert_eq!(row[..], found);
    }
    agreed("tshark", "6to4 packets of ours", packets.len());
}

#[test]
fn tshark_puts_our_fragments_together() {
    let (mut packets, mut whole) = (Vec::new(), Vec::new());
    for (index, len) in [1000, 1452, 3000, 9000, 60_000].into_iter().enumerate() {
        for mtu in [68, 576, 1280, 1281, 1500] {
            let mut four = udp_packet("192.0.2.1", "198.51.100.2", len);
            let mut view = ipv4::ViewMut::parse(&mut four).unwrap();
            view.set_identification((index * 5000 + mtu as usize) as u16);
            view.set_dont_fragment(false);
            let view = ipv4::View::parse(&four).unwrap();
            for fragment in ipv4::fragment::Fragments::new(view, mtu).unwrap() {
                let mut octets = vec![0; fragment.wire_len()];
                fragment.emit(&mut octets).unwrap();
                assert!(octets.len() <= mtu as usize);
                packets.push(octets);
            }
            whole.push(len);
            if mtu >= 1280 {
                let six = udp_packet("2001:db8::1", "2001:db8::2", len);
                for fragment in ipv6::fragment::Fragments::new(&six, mtu, (index * 5000 + mtu as usize) as u32).unwrap() {
                    let mut octets = vec![0; fragment.wire_len()];
                    fragment.emit(&mut octets).unwrap();
                    assert!(octets.len() <= mtu as usize);
                    packets.push(octets);
                }
                whole.push(len);
            }
        }
    }
    let options =
        ["ip.defragment:TRUE", "ipv6.defragment:TRUE", "udp.check_checksum:TRUE", "ip.check_checksum:TRUE"].map(str::to_owned);
    let fields = "ip.checksum.status udp.checksum.status udp.payload _ws.malformed ip.fragment.error ipv6.fragment.error ip.fragment.overlap \
                  ipv6.fragment.overlap";
    let Some(rows) = read("fragments", &packets, &options, fields) else {
        return skipped("tshark_puts_our_fragments_together", "tshark is not installed");
    };
    let mut together = Vec::new();
    for row in &rows {
        assert!(row[0].is_empty() || row[0] == "1", "{:?}", &row[0]);
        assert!(row[3..].iter().all(|complaint| complaint.is_empty() || complaint == "0"), "{:?}", &row[3..]);
        if !row[1].is_empty() {
            assert_eq!(row[1], "1");
            together.push(row[2].clone());
        }
    }
    assert!(together == whole.iter().map(|len| payload(*len)).collect::<Vec<_>>());
    agreed("tshark", "fragments of ours put together", packets.len());
}

/// Addresses as they stand in an option.
fn addresses(octets: &[u8]) -> ipv4::options::Addresses<'_> {
    ipv4::options::Addresses::new(octets).unwrap()
}

#[test]
fn tshark_reads_our_options() {
    use ipv4::options::{OptionList, Route, Timestamp, TimestampFlag, Traceroute, Value};
    let hops = [192, 0, 2, 9, 192, 0, 2, 10];
    let route = Route { pointer: 4, addresses: addresses(&hops) };
    let stamps = [0, 0, 0, 1, 0, 0, 0, 2];
    let timestamp = Timestamp { pointer: 13, overflow: 0, flag: TimestampFlag::TimestampsOnly, entries: &stamps };
    let traceroute = Traceroute { id: 7, outbound_hops: 1, return_hops: 0xffff, originator: Ipv4Addr::new(192, 0, 2, 1) };
    let values = [
        Value::RecordRoute(route),
        Value::LooseSourceRoute(route),
        Value::StrictSourceRoute(route),
        Value::Timestamp(timestamp),
        Value::StreamId(9),
        Value::RouterAlert(0),
        Value::Traceroute(traceroute),
        Value::SenderDirectedDelivery(addresses(&hops)),
    ];
    let (mut packets, mut expected) = (Vec::new(), Vec::new());
    for value in &values {
        // Checksums are over the end of a source route.
        let routed = matches!(value, Value::LooseSourceRoute(_) | Value::StrictSourceRoute(_));
        let plain = udp_packet("192.0.2.1", if routed { "192.0.2.10" } else { "198.51.100.2" }, 16);
        let mut options = OptionList::default();
        options.push(&Value::NoOperation).unwrap();
        options.push(value).unwrap();
        let mut header = ipv4::Header::from(ipv4::View::parse(&plain).unwrap());
        header.options = options;
        header.destination = Ipv4Addr::new(198, 51, 100, 2);
        header.total_len = (header.wire_len() + plain.len() - 20) as u16;
        let mut octets = vec![0; header.wire_len()];
        header.emit(&mut octets).unwrap();
        octets.extend(&plain[20..]);
        let kinds: Vec<String> =
            ipv4::View::parse(&octets).unwrap().options().map(|option| option.unwrap().kind().0.to_string()).collect();
        packets.push(octets);
        expected.push((kinds.join(";"), String::new(), String::new()));
    }

    for value in [
        ipv6::options::Value::RouterAlert(0),
        ipv6::options::Value::TunnelEncapsulationLimit(4),
        ipv6::options::Value::HomeAddress("2001:db8::77".parse().unwrap()),
    ] {
        // Checksums are over the home address.
        let home = matches!(value, ipv6::options::Value::HomeAddress(_));
        let six = udp_packet(if home { "2001:db8::77" } else { "2001:db8::1" }, "2001:db8::2", 16);
        let mut extension = [0; 64];
        let mut writer = Writer::new(&mut extension, Protocol::UDP).unwrap();
        writer.push(&value).unwrap();
        let len = writer.finish().unwrap();
        let alert = matches!(value, ipv6::options::Value::RouterAlert(_));
        let next = if alert { Protocol::HOP_BY_HOP } else { Protocol::DESTINATION_OPTIONS };
        let (source, destination) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        let mut octets = vec![0; 40];
        ipv6::Header::new(source, destination, next, len + six.len() - 40).unwrap().emit(&mut octets).unwrap();
        octets.extend(&extension[..len]);
        octets.extend(&six[40..]);
        let mut kinds = Vec::new();
        for extension_header in ipv6::View::parse(&octets).unwrap().extensions() {
            let options = extension_header.unwrap().options().into_iter().flatten();
            kinds.extend(options.map(|option| format!("0x{:02x}", option.unwrap().kind().0)));
        }
        packets.push(octets);
        expected.push((String::new(), kinds.join(";"), String::new()));
    }

    let (source, destination) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(198, 51, 100, 2));
    for value in [
        tcp::options::Value::MaximumSegmentSize(1460),
        tcp::options::Value::WindowScale(7),
        tcp::options::Value::SackPermitted,
        tcp::options::Value::Timestamps { value: 1, echo_reply: 2 },
    ] {
        let mut header = tcp::Header::new(4001, 4000);
        header.options.push(&value).unwrap();
        let mut segment = vec![0; header.wire_len() + 5];
        header.emit(pseudo_v4(source, destination, Protocol::TCP, segment.len() as u16), b"hello", &mut segment).unwrap();
        let mut octets = vec![0; 20];
        ipv4::Header::new(source, destination, Protocol::TCP, segment.len()).unwrap().emit(&mut octets).unwrap();
        octets.extend(&segment);
        let kinds: Vec<String> =
            tcp::View::parse(&segment).unwrap().options().map(|option| option.unwrap().kind().0.to_string()).collect();
        packets.push(octets);
        expected.push((String::new(), String::new(), kinds.join(";")));
    }

    let options = ["udp.check_checksum:TRUE", "ip.check_checksum:TRUE", "tcp.check_checksum:TRUE"].map(str::to_owned);
    let fields =
        "ip.opt.type ipv6.opt.type tcp.option_kind ip.checksum.status tcp.checksum.status udp.checksum.status _ws.malformed";
    let Some(rows) = read("options", &packets, &options, fields) else {
        return skipped("tshark_reads_our_options", "tshark is not installed");
    };
    for (row, (four, six, tcp)) in rows.iter().zip(expected) {
        // Padding is one item to one reader and octet by octet to the other.
        let listed = [&row[0], &row[1], row[2].trim_end_matches(";0")];
        assert_eq!(listed, [&four, &six, tcp.trim_end_matches(";0")]);
        assert!(row[3..6].iter().all(|status| status.is_empty() || status == "1"), "{row:?}");
        assert_eq!(row[6], "", "{row:?}");
    }
    agreed("tshark", "packets of ours with options of every kind", packets.len());
}
