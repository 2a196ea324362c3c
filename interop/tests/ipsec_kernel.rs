//! A real Linux kernel takes what is sealed here: every suite, mode, pair of IP versions, with and without extended numbers. Runs where
//! `WIRECRAFT_KERNEL_LAB` names the script that boots one (`lab.py`, which takes `inject FILE -o RESULT`), or where that is in
//! `tools/kernel-lab` beside the captures; elsewhere it is skipped.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "tests fail by panicking"
)]

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use interop::ipsec::{Association, TestRng, buffer};
use interop::packets::udp_packet;
use interop::{agreed, kernel_lab, skipped};
use serde_json::{Value, json};

/// Names and key lengths of what the kernel has: `auth`, `enc` or `aead`.
fn suites() -> Vec<(&'static str, Value)> {
    let key = |len: usize| (0..len).map(|octet| format!("{:02x}", (octet * 5 + 3) % 256)).collect::<String>();
    let auth = |name: &str, len: usize, bits: u32| json!({"name": name, "key": key(len), "trunc_bits": bits});
    let enc = |name: &str, len: usize| json!({"name": name, "key": key(len)});
    let aead = |name: &str, len: usize, bits: u32| json!({"aead": {"name": name, "key": key(len), "icv_bits": bits}});
    let both = |enc: Value, auth: Value| json!({"enc": enc, "auth": auth});
    let null = || enc("ecb(cipher_null)", 0);
    let mut suites = vec![
        ("ah", json!({"auth": auth("hmac(md5)", 16, 96)})),
        ("ah", json!({"auth": auth("hmac(sha1)", 20, 96)})),
        ("ah", json!({"auth": auth("hmac(sha256)", 32, 128)})),
        ("ah", json!({"auth": auth("hmac(sha256)", 32, 128), "flags": ["align4"]})),
        ("ah", json!({"auth": auth("hmac(sha384)", 48, 192)})),
        ("ah", json!({"auth": auth("hmac(sha512)", 64, 256)})),
        ("ah", json!({"auth": auth("xcbc(aes)", 16, 96)})),
        ("ah", json!({"auth": auth("cmac(aes)", 16, 96)})),
        ("esp", both(null(), auth("hmac(md5)", 16, 96))),
        ("esp", both(null(), auth("xcbc(aes)", 16, 96))),
        ("esp", both(enc("cbc(aes)", 24), auth("hmac(sha384)", 48, 192))),
        ("esp", both(enc("cbc(aes)", 32), auth("hmac(sha512)", 64, 256))),
        ("esp", both(enc("rfc3686(ctr(aes))", 20), auth("hmac(sha1)", 20, 96))),
        ("esp", both(enc("rfc3686(ctr(aes))", 36), auth("cmac(aes)", 16, 96))),
        ("esp", aead("rfc4106(gcm(aes))", 20, 128)),
        ("esp", aead("rfc4106(gcm(aes))", 28, 96)),
        ("esp", aead("rfc4106(gcm(aes))", 36, 64)),
        ("esp", aead("rfc4309(ccm(aes))", 19, 128)),
        ("esp", aead("rfc4309(ccm(aes))", 35, 64)),
        ("esp", aead("rfc4543(gcm(aes))", 20, 128)),
        ("esp", aead("rfc7539esp(chacha20,poly1305)", 36, 128)),
    ];
    for (hash, len, bits) in [("hmac(md5)", 16, 96), ("hmac(sha1)", 20, 96), ("hmac(sha256)", 32, 128)] {
        suites.push(("esp", both(enc("cbc(aes)", 16), auth(hash, len, bits))));
    }
    suites
}

#[test]
fn a_linux_kernel_accepts_and_delivers_what_is_sealed_here() {
    let Some(lab) = kernel_lab() else {
        return skipped("a_linux_kernel_accepts_and_delivers_what_is_sealed_here", "no kernel to boot, or not root");
    };
    let outer = |version: u8| if version == 4 { ("192.0.2.1", "192.0.2.2") } else { ("2001:db8::1", "2001:db8::2") };
    let inner = |version: u8| if version == 4 { ("10.1.0.1", "10.2.0.1") } else { ("2001:db8:a::1", "2001:db8:b::1") };
    let mut total = 0;
    for (mode, outer_version, inner_version) in
        [("transport", 4, 4), ("transport", 6, 6), ("tunnel", 4, 4), ("tunnel", 4, 6), ("tunnel", 6, 4), ("tunnel", 6, 6)]
    {
        let (source, destination) = outer(outer_version);
        let (mut sas, mut packets) = (Vec::new(), Vec::new());
        for (proto, suite) in suites() {
            for esn in [false, true] {
                let spi = 0x1000 + sas.len() as u32;
                let mut sa = json!({
                    "dir": "a2b", "proto": proto, "mode": mode, "src": source, "dst": destination, "spi": format!("0x{spi:08x}"),
                    "esn": esn, "replay_window": 64,
                });
                for (key, value) in suite.as_object().unwrap() {
                    sa[key] = value.clone();
                }
                let ends = if mode == "tunnel" { inner(inner_version) } else { (source, destination) };
                if mode == "tunnel" {
                    sa["inner_dst"] = json!(ends.1);
                }
                if esn {
                    (sa["seq"], sa["seq_hi"]) = (json!(0xffff_fffe_u32), json!(3));
                }
                let start = if esn { (3 << 32) | 0xffff_fffe } else { 0 };
                let association = Association::of_xfrm(&sa).unwrap();
                let mut outbound = association.build(true, |builder| builder.last_sent(start).outbound(&mut TestRng(3))).unwrap();
                for len in [0, 1, 15, 64, 600, 1380] {
                    let mut buf = buffer(&udp_packet(ends.0, ends.1, len));
                    outbound.seal(Duration::ZERO, &mut buf).unwrap();
                    let hex: String = buf.octets().iter().map(|octet| format!("{octet:02x}")).collect();
                    packets.push(json!({"id": format!("{spi:x} {len} {suite}"), "hex": hex, "expect": "accept"}));
                }
                sas.push(sa);
            }
        }
        total += packets.len();
        let name = format!("{mode}-{outer_version}-{inner_version}");
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let (case, result) = (folder.join(format!("{name}.json")), folder.join(format!("{name}-result.json")));
        std::fs::write(&case, json!({"name": name, "sas": sas, "packets": packets, "settle_ms": 5}).to_string()).unwrap();
        // Booting fails now and then, before any packet is sent.
        let inject = || Command::new("python3").arg(&lab).arg("inject").arg(&case).arg("-o").arg(&result).output().unwrap();
        let did_not_boot = |output: &Output| String::from_utf8_lossy(&output.stderr).contains("LabError: guest went away");
        let mut output = inject();
        for _ in 0..4 {
            if did_not_boot(&output) {
                output = inject();
            }
        }
        if did_not_boot(&output) {
            return skipped(
                "a_linux_kernel_accepts_and_delivers_what_is_sealed_here",
                "the kernel does not boot on this machine",
            );
        }
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{complaint}");
        let result: Value = serde_json::from_str(&std::fs::read_to_string(&result).unwrap()).unwrap();
        let result = result.get("cases").and_then(|cases| cases.get(0)).unwrap_or(&result);
        assert_eq!(result["accepted"], result["packets"], "{name}: {}", result["unexpected"]);
        assert_eq!(result["packets"].as_u64(), Some(packets.len() as u64));
    }
    agreed("Linux kernel, live", "ESP and AH packets of ours, accepted and delivered", total);
}
