//! scapy opens what we seal, and we open what scapy seals.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use interop::ipsec::{Association, TestRng, buffer, hex};
use interop::packets::udp_packet;
use interop::{agreed, skipped, tool};
use ipsec_wire::{Inbound, Outbound};
use serde_json::{Value, json};

/// A Python with scapy: the one that is there, or that of an environment made beside the other output of the tests.
fn python_with_scapy() -> Result<PathBuf, &'static str> {
    let has_scapy = |python: &PathBuf| {
        let silent = Command::new(python).args(["-c", "import scapy.layers.ipsec, cryptography"]).stderr(Stdio::null()).status();
        silent.is_ok_and(|status| status.success())
    };
    let system = PathBuf::from("python3");
    if tool("python3").is_none() {
        return Err("python3 is not installed");
    }
    if has_scapy(&system) {
        return Ok(system);
    }
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scapy");
    let python = folder.join("bin/python");
    if has_scapy(&python) {
        return Ok(python);
    }
    let quiet =
        |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success());
    if !quiet(Command::new("python3").args(["-m", "venv"]).arg(&folder)) {
        return Err("python3 cannot make an environment");
    }
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--timeout",
        "20",
        "--retries",
        "1",
        "scapy==2.8.0",
        "cryptography",
    ];
    if !quiet(Command::new(&python).args(pip)) || !has_scapy(&python) {
        return Err("scapy cannot be installed here");
    }
    Ok(python)
}

/// An association in the words of `ip xfrm`, and in scapy's.
fn suites() -> Vec<(&'static str, Value, Value)> {
    let key = |len: usize| (0..len).map(|octet| format!("{:02x}", (octet * 11 + 5) % 256)).collect::<String>();
    let auths = [
        ("hmac(md5)", 16, 96, "HMAC-MD5-96"),
        ("hmac(sha1)", 20, 96, "HMAC-SHA1-96"),
        ("hmac(sha256)", 32, 128, "SHA2-256-128"),
        ("hmac(sha384)", 48, 192, "SHA2-384-192"),
        ("hmac(sha512)", 64, 256, "SHA2-512-256"),
        ("cmac(aes)", 16, 96, "AES-CMAC-96"),
    ];
    let encs = [
        ("ecb(cipher_null)", 0, "NULL"),
        ("cbc(aes)", 16, "AES-CBC"),
        ("cbc(aes)", 32, "AES-CBC"),
        ("rfc3686(ctr(aes))", 20, "AES-CTR"),
        ("rfc3686(ctr(aes))", 36, "AES-CTR"),
    ];
    let mut suites = Vec::new();
    for (name, len, bits, scapy) in auths {
        let auth = json!({"name": name, "key": key(len), "trunc_bits": bits});
        suites.push(("ah", json!({"auth": auth, "flags": ["align4"]}), json!({"auth": scapy, "auth_key": key(len)})));
        for (enc, enc_len, scapy_enc) in encs {
            let sa = json!({"auth": auth, "enc": {"name": enc, "key": key(enc_len)}});
            suites.push(("esp", sa, json!({"auth": scapy, "auth_key": key(len), "crypt": scapy_enc, "crypt_key": key(enc_len)})));
        }
    }
    for (name, len, scapy) in [
        ("rfc4106(gcm(aes))", 20, "AES-GCM"),
        ("rfc4106(gcm(aes))", 36, "AES-GCM"),
        ("rfc4309(ccm(aes))", 19, "AES-CCM"),
        ("rfc4309(ccm(aes))", 35, "AES-CCM"),
        ("rfc7539esp(chacha20,poly1305)", 36, "CHACHA20-POLY1305"),
    ] {
        let aead = json!({"name": name, "key": key(len), "icv_bits": 128});
        suites.push(("esp", json!({"aead": aead}), json!({"crypt": scapy, "crypt_key": key(len), "crypt_icv_size": 16})));
    }
    suites
}

#[test]
fn scapy_opens_what_we_seal_and_we_open_what_scapy_seals() {
    let test = "scapy_opens_what_we_seal_and_we_open_what_scapy_seals";
    let python = match python_with_scapy() {
        Ok(python) => python,
        Err(reason) => return skipped(test, reason),
    };
    let outer = |six: bool| if six { ("2001:db8::1", "2001:db8::2") } else { ("192.0.2.1", "192.0.2.2") };
    let inner = |six: bool| if six { ("2001:db8:a::1", "2001:db8:b::1") } else { ("10.1.0.1", "10.2.0.1") };
    let mut jobs = String::new();
    let mut sent = Vec::new();
    for (proto, words, scapy) in suites() {
        for (mode, outer_six, inner_six) in [
            ("transport", false, false),
            ("transport", true, true),
            ("tunnel", false, false),
            ("tunnel", false, true),
            ("tunnel", true, false),
            ("tunnel", true, true),
        ] {
            let (source, destination) = outer(outer_six);
            let spi = 0x4000 + sent.len() as u32;
            let mut sa =
                json!({"proto": proto, "mode": mode, "src": source, "dst": destination, "spi": format!("{spi:x}"), "esn": false});
            let mut theirs = json!({"proto": proto, "spi": spi});
            for (to, from) in [(&mut sa, &words), (&mut theirs, &scapy)] {
                for (key, value) in from.as_object().unwrap() {
                    to[key] = value.clone();
                }
            }
            if mode == "tunnel" {
                theirs["tunnel"] = json!([source, destination]);
            }
            let association = Association::of_xfrm(&sa).unwrap();
            let mut outbound: Outbound = association.build(true, |builder| builder.outbound(&mut TestRng(9))).unwrap();
            let ends = if mode == "tunnel" { inner(inner_six) } else { (source, destination) };
            for len in [0, 1, 17, 600, 1380] {
                let plain = udp_packet(ends.0, ends.1, len);
                let mut buf = buffer(&plain);
                outbound.seal(Duration::ZERO, &mut buf).unwrap();
                let text = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
                jobs.push_str(&json!({"sa": theirs, "plain": text(&plain), "wire": text(buf.octets())}).to_string());
                jobs.push('\n');
                sent.push((association.clone(), plain, format!("{theirs} {len}")));
            }
        }
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("scapy-jobs.jsonl");
    std::fs::write(&path, jobs).unwrap();
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("python/scapy_ipsec.py");
    let output = Command::new(python).arg(script).stdin(std::fs::File::open(&path).unwrap()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut answers = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let version = answers.next().unwrap()["scapy"].as_str().unwrap().to_owned();
    let (mut theirs, mut ours, mut failures) = (0, 0, Vec::new());
    for (answer, (association, plain, label)) in answers.by_ref().zip(&sent) {
        let (Some(opened), Some(sealed)) = (answer["opened"].as_str(), answer["sealed"].as_str()) else {
            failures.push(format!("{label}: {}", answer["error"]));
            continue;
        };
        if hex(opened) == *plain {
            theirs += 1;
        } else {
            failures.push(format!("{label}: scapy opened {opened}"));
        }
        let mut inbound: Inbound = association.build(false, |builder| builder.inbound()).unwrap();
        let mut buf = buffer(&hex(sealed));
        match inbound.open(Duration::ZERO, &mut buf) {
            Ok(_) if buf.octets() == plain => ours += 1,
            Ok(_) => failures.push(format!("{label}: opened scapy's as {:02x?}", buf.octets())),
            Err(error) => failures.push(format!("{label}: scapy's packet: {error}: {sealed}")),
        }
    }
    assert!(
        failures.is_empty(),
        "scapy {version}: {} of {}\n{}",
        failures.len(),
        sent.len(),
        failures[..failures.len().min(12)].join("\n")
    );
    assert_eq!((theirs, ours), (sent.len(), sent.len()));
    agreed("scapy", "AH and ESP packets of ours that it opens", theirs);
    agreed("scapy", "AH and ESP packets of its own that we open", ours);
}
