//! 6to4 beside a Linux kernel's sit tunnel: its recorded packets and verdicts, and a running one that delivers what is encapsulated here.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "tests fail by panicking"
)]

use std::path::PathBuf;
use std::process::{Command, Output};

use interop::packets::udp_packet;
use interop::{agreed, golden, golden_names, kernel_lab, skipped};
use ip_wire::tunnel::{DsModel, HopLimit};
use ip_wire::{DsField, Dscp, Ecn, PacketBuf, ipv6};
use serde_json::{Value, json};
use sixtofour::{Policy, Router, router};

fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0; router::OVERHEAD];
    storage.extend(octets);
    PacketBuf::new(storage, router::OVERHEAD, octets.len()).unwrap()
}

fn router_of(address: &[u8]) -> Router<'static> {
    let address: [u8; 4] = address.try_into().unwrap();
    let mut router = Router::new(address.into(), Policy::RFC_3964).unwrap();
    router.set_mtu(1480).unwrap();
    router
}

#[test]
fn recorded_tunnel_packets_decapsulate_to_their_inner_packets_and_are_encapsulated_alike() {
    let test = "recorded_tunnel_packets_decapsulate_to_their_inner_packets_and_are_encapsulated_alike";
    let names: Vec<String> = golden_names("t-6to4").into_iter().filter(|name| name != "t-6to4-input.json").collect();
    if names.is_empty() {
        return skipped(test, "no recordings");
    }
    let mut count = 0;
    for name in names {
        let recording: Value = serde_json::from_str(&golden(&name).unwrap()).unwrap();
        for packet in recording["packets"].as_array().unwrap() {
            let (Some(plain), Some(protected)) = (packet["plain"].as_str(), packet["protected"].as_str()) else { continue };
            let (plain, protected) = (octets(plain), octets(protected));
            let label = format!("{name} {}", packet["label"]);
            let mut buf = buffer(&protected);
            router_of(&protected[16..20]).decapsulate(&mut buf).unwrap();
            assert_eq!(buf.octets(), plain, "{label}");

            // As the kernel was told, and with Don't Fragment, which it sets by path MTU discovery: the same octets, but for CE, of which it makes ECT(0) as RFC 3168 has it
            // and RFC 6040 does not.
            let identification = u16::from_be_bytes([protected[4], protected[5]]);
            let mut like_linux = router_of(&protected[12..16]);
            like_linux.dont_fragment = true;
            if !name.contains("tosinherit") {
                like_linux.ds_ingress = DsModel::Pipe(Dscp::CS0);
            }
            if name.contains("ttlinherit") {
                like_linux.ttl = HopLimit::Copy;
            }
            let mut buf = buffer(&plain);
            like_linux.encapsulate(&mut buf, identification).unwrap();
            let differing: Vec<usize> = (0..protected.len()).filter(|at| buf.octets()[*at] != protected[*at]).collect();
            if ipv6::View::parse(&plain).unwrap().ecn() == Ecn::Ce {
                assert_eq!(differing, [1, 11], "{label}");
                assert_eq!((buf.octets()[1] & 3, protected[1] & 3), (3, 2), "{label}");
            } else {
                assert_eq!(differing, Vec::<usize>::new(), "{label}");
            }

            // As 6to4 has it: DSCP, Don't Fragment, TTL and the checksum over them may be others, and nothing else is.
            let mut buf = buffer(&plain);
            router_of(&protected[12..16]).encapsulate(&mut buf, identification).unwrap();
            let differing = (0..protected.len()).filter(|at| buf.octets()[*at] != protected[*at]);
            assert!(differing.into_iter().all(|at| [1, 6, 8, 10, 11].contains(&at)), "{label}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
    agreed("Linux kernel, recorded", "6to4 packets, both ways", count);
}

/// What Linux delivers, and RFC 3964 5.3 refuses.
const STRICTER: [&str; 5] =
    ["inner-src-6to4-private-match", "inner-src-v4compat", "inner-src-v4mapped", "inner-src-unspecified", "inner-src-linklocal"];

#[test]
fn recorded_arrivals_have_the_kernels_verdicts_but_where_rfc_3964_is_stricter() {
    let test = "recorded_arrivals_have_the_kernels_verdicts_but_where_rfc_3964_is_stricter";
    let Some(recording) = golden("t-6to4-input.json") else { return skipped(test, "no recordings") };
    let recording: Value = serde_json::from_str(&recording).unwrap();
    let router = router_of(&[192, 0, 2, 2]);
    let mut stricter = Vec::new();
    for packet in recording["packets"].as_array().unwrap() {
        let label = packet["label"].as_str().unwrap();
        let mut buf = buffer(&octets(packet["protected"].as_str().unwrap()));
        let delivered = packet["delivered"].as_bool().unwrap();
        match router.decapsulate(&mut buf) {
            Ok(_) => {
                assert!(delivered, "{label}");
                let (got, view) = (&packet["got"][0], ipv6::View::parse(buf.octets()).unwrap());
                assert_eq!(hex(view.payload()), got["hex"].as_str().unwrap(), "{label}");
                // Congestion marks by RFC 6040, as this kernel does on the way in; the DSCP stays the inner one.
                assert_eq!(u64::from(view.ds().0), got["tclass"].as_u64().unwrap(), "{label}");
            }
            Err(_) if delivered => {
                stricter.push(label.to_owned());
            }
            Err(_) => {}
        }
    }
    let arrivals = recording["packets"].as_array().unwrap().len();
    agreed("Linux kernel, recorded", "verdicts on 6to4 arrivals", arrivals - stricter.len());
    agreed("Linux kernel, recorded", "6to4 arrivals that RFC 3964 is stricter about, each listed", stricter.len());
    stricter.sort_unstable();
    let mut expected = STRICTER.map(str::to_owned);
    expected.sort_unstable();
    assert!(stricter.iter().all(|label| expected.contains(label)), "{stricter:?}");
}

/// A UDP packet of `len` octets of payload to the port that the kernel listens on, in a traffic class.
fn datagram(source: &str, destination: &str, len: usize, tclass: u8) -> Vec<u8> {
    let mut packet = udp_packet(source, destination, len);
    ipv6::ViewMut::parse(&mut packet).unwrap().set_ds(DsField(tclass));
    packet
}

#[test]
fn a_linux_kernels_sit_tunnel_delivers_what_is_encapsulated_here() {
    let test = "a_linux_kernels_sit_tunnel_delivers_what_is_encapsulated_here";
    let Some(lab) = kernel_lab() else { return skipped(test, "no kernel to boot, or not root") };
    let near = router_of(&[192, 0, 2, 1]);
    let mut relay = router_of(&[198, 51, 100, 9]);
    relay.role = router::Role::Relay;
    let mut inject = Vec::new();
    let mut payloads = Vec::new();
    for (source, sender) in [("2002:c000:201::1", &near), ("2001:db8:77::1", &relay)] {
        for len in [0, 1, 15, 64, 512, 1200, 1432] {
            for tclass in [0, 0xb8, 0x02, 0x01] {
                let packet = datagram(source, "2002:c000:202::1", len, tclass);
                let mut buf = buffer(&packet);
                sender.encapsulate(&mut buf, inject.len() as u16).unwrap();
                inject.push(json!({"id": inject.len(), "hex": hex(buf.octets())}));
                payloads.push(hex(&packet[48..]));
            }
        }
    }
    let case = json!({
        "name": "sit", "settle_ms": 10, "inject": inject,
        "nodes": [{
            "name": "P", "addrs": {"wan0": ["192.0.2.2"]},
            "cmds": [
                "ip tunnel add t0 mode sit remote any local 192.0.2.2 ttl 64",
                "ip link set t0 up mtu 1480",
                "ip -6 addr add 2002:c000:202::1/16 dev t0 nodad",
            ],
        }],
    });
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (input, output) = (folder.join("sit.json"), folder.join("sit-result.json"));
    std::fs::write(&input, case.to_string()).unwrap();
    // Booting fails now and then, before any packet is sent.
    let run = || Command::new("python3").arg(&lab).arg("run").arg(&input).arg("-o").arg(&output).output().unwrap();
    let did_not_boot = |result: &Output| String::from_utf8_lossy(&result.stderr).contains("LabError: guest went away");
    let mut result = run();
    for _ in 0..4 {
        if did_not_boot(&result) {
            result = run();
        }
    }
    if did_not_boot(&result) {
        return skipped(test, "the kernel does not boot on this machine");
    }
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    let result: Value = serde_json::from_str(&std::fs::read_to_string(&output).unwrap()).unwrap();
    let steps = result["steps"].as_array().unwrap();
    assert_eq!(steps.len(), payloads.len());
    for (step, payload) in steps.iter().zip(&payloads) {
        let delivered = step["events"].as_array().unwrap().iter().any(|event| {
            event["ev"] == "rx"
                && event["sock"].as_str().is_some_and(|sock| sock.starts_with("udp"))
                && event["hex"] == payload.as_str()
        });
        assert!(delivered, "{step}");
    }
    agreed("Linux kernel, live", "6to4 packets of ours that its sit tunnel delivers", steps.len());
}
