use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::import::{Cipher, Combined, Integrity};
use crate::replay::{Window, words_for};
use crate::spd::{Addresses, Applies, Numbers, Protocols};

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn state(text: &str) -> State {
    let mut states = states(text);
    let state = states.next().unwrap().unwrap();
    assert!(states.next().is_none());
    state
}

fn policy(text: &str) -> Policy {
    let mut policies = policies(text);
    let policy = policies.next().unwrap().unwrap();
    assert!(policies.next().is_none());
    policy
}

const ESP: &str = "src 192.0.2.1 dst 192.0.2.2
\tproto esp spi 0x00001000 reqid 7 mode tunnel
\treplay-window 32 flag noecn decap-dscp nopmtudisc wildrecv icmp af-unspec align4 
\tmark 0x10/0xff output-mark 0x20/0xf0
\tauth-trunc hmac(sha256) 0x00112233445566778899aabbccddeeff0123456789abcdef0123456789abcdef 128
\tenc cbc(aes) 0x000102030405060708090a0b0c0d0e0f
\tencap type espinudp sport 4500 dport 4501 addr 203.0.113.9
\tlastused 2026-11-26 04:30:59
\tanti-replay context: seq 0x5, oseq 0x1f, bitmap 0x0000001b
\tcrypto offload parameters: dev eth0 dir in mode packet
\tif_id 0x2a
\ttfcpad 300
\tdir in
\tpcpu-num 3
\tsel src 10.0.0.0/8 dst 10.1.0.0/16 proto tcp sport 80 dport 443 dev eth1 
\tsecurity context system_u:object_r:ipsec_spd_t:s0 
";

#[test]
fn everything_that_is_printed_of_a_state_is_read() {
    let state = state(ESP);
    assert_eq!((state.source, state.destination), (address("192.0.2.1"), address("192.0.2.2")));
    assert_eq!((state.protocol, state.spi, state.reqid, state.mode), (Protocol::ESP, Some(0x1000), 7, Mode::Tunnel));
    assert_eq!((state.replay_window, state.flags, state.extra_flags), (32, StateFlags(0x7f), ExtraFlags(0)));
    assert!(state.flags.contains(StateFlags::ALIGN4) && !state.flags.contains(StateFlags::ESN));
    assert_eq!(state.mark, Some(Mark { value: 0x10, mask: 0xff }));
    assert_eq!(state.output_mark, Some(Mark { value: 0x20, mask: 0xf0 }));
    let integrity = state.protection.integrity.unwrap();
    assert_eq!((integrity.algorithm, integrity.icv_bits), (Integrity::HmacSha256, Some(128)));
    let key = integrity.key.unwrap();
    assert_eq!((key.len(), &key.octets()[..4], key.octets()[31]), (32, &[0, 0x11, 0x22, 0x33][..], 0xef));
    let cipher = state.protection.cipher.unwrap();
    assert_eq!((cipher.algorithm, cipher.icv_bits), (Cipher::AesCbc, None));
    assert_eq!(cipher.key.unwrap().octets(), (0..16).collect::<Vec<u8>>());
    assert!(state.protection.combined.is_none());
    let (kind, original) = (EncapsulationKind::Udp, address("203.0.113.9"));
    assert_eq!(state.encapsulation, Some(Encapsulation { kind, source_port: 4500, destination_port: 4501, original }));
    let time = Time { year: 2026, month: 11, day: 26, hour: 4, minute: 30, second: 59 };
    assert_eq!(state.last_used, Some(time));
    assert_eq!(state.replay, Some(ReplayState { received: 5, sent: 31, size: None, bitmap: vec![0x1b] }));
    assert_eq!(state.offload, Some(Offload { device: "eth0".into(), inbound: Some(true), packet: true }));
    assert_eq!((state.interface, state.tfc_pad, state.inbound, state.cpu), (Some(42), Some(300), Some(true), Some(3)));
    let selector = state.selector.unwrap();
    assert_eq!((selector.source, selector.destination), ((address("10.0.0.0"), 8), (address("10.1.0.0"), 16)));
    assert_eq!((selector.protocol, selector.source_port, selector.destination_port), (Some(Protocol::TCP), Some(80), Some(443)));
    assert_eq!(selector.device.as_deref(), Some("eth1"));
    assert_eq!(state.context.as_deref(), Some("system_u:object_r:ipsec_spd_t:s0"));
    assert_eq!((state.sequence, state.lifetime, state.usage, state.statistics), (None, None, None, None));
}

/// The window goes on where the kernel's was: 5, 4, 2 and 1 were received.
#[test]
fn an_imported_window_goes_on_where_the_kernel_s_was() {
    let state = state(ESP);
    let replay = state.replay.unwrap();
    let window = Window::restore(state.replay_window, false, vec![0; words_for(32)], replay.received, &replay.bitmap).unwrap();
    assert_eq!((1..=6).map(|low| window.check(low).is_ok()).collect::<Vec<_>>(), [false, false, true, false, false, true]);
}

const STATISTICS: &str = "src 2001:db8::1 dst 2001:db8::2
\tproto ah spi 0x00001002(4098) reqid 9(0x00000009) mode transport
\treplay-window 0 seq 0x00000012 flag align4 esnextra_flag dont-encap-dscp oseq-may-wrap (0x11000000)
\tauth-trunc hmac(sha1) 0x00112233445566778899aabbccddeeff00112233 (160 bits) 96
\tanti-replay esn context:
\t seq-hi 0x1, seq 0x41, oseq-hi 0x0, oseq 0x7
\t replay_window 64, bitmap-length 2
\t 80000000 00000003 
\tsel src ::/0 dst ::/0 proto ipv6-icmp type 128 code 0 uid 0
\tlifetime config:
\t  limit: soft 1000(bytes), hard 2000(bytes)
\t  limit: soft (INF)(packets), hard 10(packets)
\t  expire add: soft 100(sec), hard 0(sec)
\t  expire use: soft 0(sec), hard 300(sec)
\tlifetime current:
\t  84(bytes), 2(packets)
\t  add 2026-11-26 04:00:00 use -
\tstats:
\t  replay-window 1 replay 2 failed 3
";

#[test]
fn statistics_are_read_and_what_they_add_to_other_lines_is_stepped_over() {
    let state = state(STATISTICS);
    assert_eq!((state.protocol, state.spi, state.reqid, state.mode), (Protocol::AH, Some(0x1002), 9, Mode::Transport));
    assert_eq!((state.replay_window, state.sequence), (0, Some(12)));
    assert_eq!(state.flags.0, 0xc0);
    assert!(state.extra_flags.contains(ExtraFlags::DONT_ENCAP_DSCP) && state.extra_flags.contains(ExtraFlags::OSEQ_MAY_WRAP));
    let integrity = state.protection.integrity.unwrap();
    assert_eq!((integrity.algorithm, integrity.icv_bits, integrity.key.unwrap().len()), (Integrity::HmacSha1, Some(96), 20));
    let selector = state.selector.unwrap();
    assert_eq!((selector.protocol, selector.kind, selector.code), (Some(Protocol::ICMPV6), Some(128), Some(0)));
    assert_eq!(selector.user, Some(0));
    let limit = |soft, hard| Limit { soft, hard };
    let expected = Lifetime {
        octets: limit(Some(1000), Some(2000)),
        packets: limit(None, Some(10)),
        added: limit(Some(100), None),
        used: limit(None, Some(300)),
    };
    assert_eq!(state.lifetime, Some(expected));
    let added = Some(Time { year: 2026, month: 11, day: 26, hour: 4, minute: 0, second: 0 });
    assert_eq!(state.usage, Some(Usage { octets: 84, packets: 2, added, used: None }));
    assert_eq!(state.statistics, Some(Statistics { replay_window: 1, replay: 2, failed: 3 }));
}

/// Ring of 64: number 0x41 stands at bit (0x41 - 1) mod 64 = 0, the one before it at bit 63, around the end.
#[test]
fn the_kernel_s_ring_is_turned_into_a_bitmap() {
    let replay = state(STATISTICS).replay.unwrap();
    assert_eq!((replay.received, replay.sent, replay.size), (1 << 32 | 0x41, 7, Some(64)));
    // Bits 0 and 1 and 63 are set: T, T - 63, T - 1.
    assert_eq!(replay.bitmap, [1 | 1 << 1 | 1 << 63]);
    let window = Window::restore(64, true, [0; 2], replay.received, &replay.bitmap).unwrap();
    let seen = |number: u64| window.check(number as u32).is_err();
    let high = 1_u64 << 32;
    assert!(seen(high | 0x41) && seen(high | 0x40) && !seen(high | 0x3f) && !seen(high | 3) && seen(high | 2));
}

#[test]
fn one_line_records_are_the_same_records() {
    for text in [ESP, STATISTICS] {
        let records = [text, text].concat();
        let line: String = text.trim_end().replace('\n', "\\") + "\\\n";
        let lines = [&line[..], &line].concat();
        let read = |text: &str| states(text).map(|state| format!("{:?}", state.unwrap())).collect::<Vec<_>>();
        assert_eq!(read(&records), read(&lines));
        assert_eq!(read(&lines).len(), 2);
        let crlf = text.replace('\n', "\r\n");
        assert_eq!(read(&crlf)[0], read(text)[0]);
    }
}

#[test]
fn all_of_the_kernel_s_algorithms_are_known() {
    let text = |line: &str| format!("src ::1 dst ::2\n\tproto esp spi 0x1 reqid 0 mode beet\n\treplay-window 0 \n\t{line}\n");
    let ciphers = [
        ("ecb(cipher_null)", Cipher::Null),
        ("cbc(des)", Cipher::DesCbc),
        ("cbc(des3_ede)", Cipher::TripleDesCbc),
        ("cbc(aes)", Cipher::AesCbc),
        ("rfc3686(ctr(aes))", Cipher::AesCtr),
        ("cbc(cast5)", Cipher::Cast5Cbc),
        ("cbc(blowfish)", Cipher::BlowfishCbc),
        ("cbc(twofish)", Cipher::TwofishCbc),
        ("cbc(serpent)", Cipher::SerpentCbc),
        ("cbc(camellia)", Cipher::CamelliaCbc),
        ("cbc(sm4)", Cipher::Sm4Cbc),
        ("rfc3686(ctr(sm4))", Cipher::Sm4Ctr),
    ];
    for (name, algorithm) in ciphers {
        let cipher = state(&text(&format!("enc {name} 0x0102"))).protection.cipher.unwrap();
        assert_eq!((cipher.algorithm, cipher.key.unwrap().octets()), (algorithm, &[1, 2][..]));
        assert_eq!(algorithm.salt_len(), if name.starts_with("rfc") { 4 } else { 0 });
    }
    let integrity = [
        ("digest_null", Integrity::Null),
        ("hmac(md5)", Integrity::HmacMd5),
        ("hmac(sha1)", Integrity::HmacSha1),
        ("hmac(sha256)", Integrity::HmacSha256),
        ("hmac(sha384)", Integrity::HmacSha384),
        ("hmac(sha512)", Integrity::HmacSha512),
        ("hmac(rmd160)", Integrity::HmacRipemd160),
        ("hmac(sm3)", Integrity::HmacSm3),
        ("xcbc(aes)", Integrity::AesXcbc),
        ("cmac(aes)", Integrity::AesCmac),
    ];
    for (name, algorithm) in integrity {
        let old = state(&text(&format!("auth {name} 0x01"))).protection.integrity.unwrap();
        assert_eq!((old.algorithm, old.icv_bits), (algorithm, None));
        let new = state(&text(&format!("auth-trunc {name} 0x01 96"))).protection.integrity.unwrap();
        assert_eq!((new.algorithm, new.icv_bits), (algorithm, Some(96)));
    }
    let combined = [
        ("rfc4106(gcm(aes))", Combined::AesGcm, 4),
        ("rfc4309(ccm(aes))", Combined::AesCcm, 3),
        ("rfc4543(gcm(aes))", Combined::AesGmac, 4),
        ("rfc7539esp(chacha20,poly1305)", Combined::ChaCha20Poly1305, 4),
    ];
    for (name, algorithm, salt) in combined {
        let aead = state(&text(&format!("aead {name} 0x0102 (16 bits) 128"))).protection.combined.unwrap();
        assert_eq!((aead.algorithm, aead.icv_bits, algorithm.salt_len()), (algorithm, Some(128), salt));
    }
    assert_eq!(state(&text("comp deflate  (0 bits)")).compression.as_deref(), Some("deflate"));
}

#[test]
fn keys_that_are_empty_and_keys_that_are_hidden_are_told_apart() {
    let text = "src ::1 dst ::2\n\tproto esp spi 0x1 reqid 0 mode in_trigger\n\treplay-window 0 \n\tauth-trunc hmac(md5) <<Keys hidden>> 96\n\tenc ecb(cipher_null) \n";
    let state = state(text);
    assert!(state.protection.integrity.unwrap().key.is_none());
    assert!(state.protection.cipher.unwrap().key.unwrap().is_empty());
    let old = self::state(
        "src ::1 dst ::2\n\tproto esp spi 0x1 reqid 0 mode ro\n\tenc ecb(cipher_null) 0x\n\tauth digest_null  (0 bits)\n",
    );
    assert!(old.protection.cipher.unwrap().key.unwrap().is_empty());
    assert!(old.protection.integrity.unwrap().key.unwrap().is_empty());
}

#[test]
fn what_has_no_name_is_a_number() {
    let text = "src ::1 dst ::2\n\tproto 250 reqid 0 mode 9\n\treplay-window 1 flag esn 100\n\tcoa 2001:db8::7\n\tencap type 9 sport 1 dport 2 addr ::\n\tlastused -\n\toutput-mark 0x7\n\tmark 0/0\n";
    // Eight bits of flags: 0x100 is not one of them.
    let error = states(text).next().unwrap().unwrap_err();
    assert!(matches!(error, Error::Text { field: Field::Flags, problem: Problem::Unknown, line: 3, .. }));
    let state = state(&text.replace("esn 100", "esn 40"));
    assert_eq!((state.protocol, state.spi, state.mode, state.flags.0), (Protocol(250), None, Mode::Other(9), 0xc0));
    assert_eq!((state.care_of, state.last_used), (Some(address("2001:db8::7")), None));
    assert_eq!(state.encapsulation.unwrap().kind, EncapsulationKind::Other(9));
    assert_eq!((state.output_mark, state.mark), (Some(Mark { value: 7, mask: u32::MAX }), Some(Mark { value: 0, mask: 0 })));
    for (word, mode) in [("iptfs", Mode::Iptfs), ("ro", Mode::RouteOptimization)] {
        let text = format!("src ::1 dst ::2\n\tproto hao reqid 0 mode {word}\n\tencap type espintcp sport 1 dport 2 addr ::\n");
        let state = self::state(&text);
        assert_eq!((state.mode, state.protocol), (mode, Protocol::DESTINATION_OPTIONS));
        assert_eq!(state.encapsulation.unwrap().kind, EncapsulationKind::Tcp);
    }
    let text = "src ::1 dst ::2\n\tproto route2 reqid 0 mode ro\n\tencap type espinudp-nonike sport 1 dport 2 addr ::\n\tcrypto offload parameters: dev e mode crypto\n";
    let state = self::state(text);
    assert_eq!(state.encapsulation.unwrap().kind, EncapsulationKind::UdpNonIke);
    assert_eq!(state.offload, Some(Offload { device: "e".into(), inbound: None, packet: false }));
}

const POLICIES: &str = "src 10.0.0.0/8 dst 10.1.0.0/16 proto udp sport 5 dport 7 
\tdir out priority 100 ptype main 
\tmark 0x1/0xff 
\ttmpl src 192.0.2.1 dst 192.0.2.2
\t\tproto esp spi 0x00001000 reqid 7 mode tunnel
\ttmpl src 0.0.0.0 dst 0.0.0.0
\t\tproto ah reqid 9 mode transport
\t\tlevel use 
\tif_id 0x7
src ::/0 dst ::/0 uid 0
\tsecurity context a:b:c 
\tsocket in action block index 35 priority 0 ptype sub share any flag localok icmp (0x00000011)
\tlifetime config:
\t  limit: soft (INF)(bytes), hard 7(bytes)
\t  limit: soft (INF)(packets), hard (INF)(packets)
\t  expire add: soft 0(sec), hard 100(sec)
\t  expire use: soft 0(sec), hard 0(sec)
\tlifetime current:
\t  0(bytes), 0(packets)
\t  add 2026-11-26 04:00:00 use 2026-11-26 04:00:01
\ttmpl src :: dst ::
\t\tproto ipsec-any reqid 0(0x00000000) mode transport
\t\tlevel required share unique 
\t\tenc-mask ffffffff auth-mask 0000000f comp-mask 00000000
\tlastused invalid-time
\tcrypto offload parameters: dev eth0 mode packet
src 0.0.0.0/0 dst 0.0.0.0/0 proto gre key 5 dev wan0 
\tdir fwd priority 0 
";

#[test]
fn everything_that_is_printed_of_a_policy_is_read() {
    let all: Vec<Policy> = policies(POLICIES).map(Result::unwrap).collect();
    let [first, second, third] = &all[..] else { panic!("{} policies", all.len()) };
    assert_eq!((first.selector.source_port, first.selector.destination_port), (Some(5), Some(7)));
    assert_eq!((first.direction, first.socket, first.action, first.priority), (PolicyDirection::Out, false, Action::Allow, 100));
    assert_eq!((first.kind, first.mark, first.interface), (PolicyType::Main, Some(Mark { value: 1, mask: 255 }), Some(7)));
    let template = Template {
        source: address("192.0.2.1"),
        destination: address("192.0.2.2"),
        protocol: Protocol::ESP,
        spi: Some(0x1000),
        reqid: 7,
        mode: Mode::Tunnel,
        level: Level::Required,
        sharing: None,
        algorithms: None,
    };
    let any = address("0.0.0.0");
    let (protocol, mode, level) = (Protocol::AH, Mode::Transport, Level::Use);
    let inner = Template { source: any, destination: any, protocol, spi: None, reqid: 9, mode, level, ..template.clone() };
    assert_eq!(first.templates, [template, inner]);

    assert_eq!((second.direction, second.socket, second.action), (PolicyDirection::In, true, Action::Block));
    assert_eq!((second.index, second.kind, second.sharing), (Some(35), PolicyType::Sub, Some(Sharing::Any)));
    assert!(second.flags.contains(PolicyFlags::LOCAL_OK) && second.flags.contains(PolicyFlags::ICMP));
    assert_eq!((second.context.as_deref(), second.selector.user), (Some("a:b:c"), Some(0)));
    let lifetime = second.lifetime.unwrap();
    assert_eq!((lifetime.octets.hard, lifetime.added.hard, lifetime.used), (Some(7), Some(100), Limit::default()));
    assert_eq!(second.usage.unwrap().used.map(|time| time.second), Some(1));
    let template = &second.templates[0];
    assert_eq!((template.protocol, template.level, template.sharing), (Protocol(255), Level::Required, Some(Sharing::Unique)));
    assert_eq!(template.algorithms, Some([u32::MAX, 15, 0]));
    assert_eq!((second.last_used, second.offload.as_ref().map(|offload| offload.packet)), (None, Some(true)));

    assert_eq!((third.direction, third.selector.key), (PolicyDirection::Forward, Some(5)));
    assert_eq!((third.selector.device.as_deref(), third.templates.len()), (Some("wan0"), 0));
}

#[test]
fn numbers_stand_for_what_has_no_name_in_policies() {
    let text = "src ::/0 dst ::/0 proto mobility-header type 5 (dport) 0x0000 uid 1\n\tdir 3 action 2 priority 1 ptype 7 share 9 flag 80\n\ttmpl src :: dst ::\n\t\tproto comp reqid 0 mode beet\n\t\tlevel 3 share session \n";
    let policy = policy(text);
    assert_eq!((policy.selector.kind, policy.selector.protocol), (Some(5), Some(Protocol::MOBILITY)));
    assert_eq!((policy.direction, policy.action), (PolicyDirection::Other(3), Action::Other(2)));
    assert_eq!((policy.kind, policy.sharing, policy.flags.0), (PolicyType::Other(7), Some(Sharing::Other(9)), 0x80));
    let template = &policy.templates[0];
    assert_eq!((template.level, template.sharing), (Level::Other(3), Some(Sharing::Session)));
    let value = |field, found| Error::Value { field, found, needed: 1 };
    assert_eq!(policy.entry(()), Err(value(Field::Direction, 3)));
    assert_eq!(Policy { direction: PolicyDirection::In, ..policy }.entry(()), Err(value(Field::Action, 2)));
    let user = "src ::/0 dst ::/0\n\tdir in priority 1 share user \n";
    assert_eq!(self::policy(user).sharing, Some(Sharing::User));
}

#[test]
fn policies_become_entries() {
    let all: Vec<Policy> = policies(POLICIES).map(Result::unwrap).collect();
    let out = all[0].entry("esp").unwrap();
    assert_eq!(
        (out.applies, out.action),
        (Applies::Outbound, crate::spd::Action::Protect { pfp: crate::spd::Pfp::NONE, parameters: "esp" })
    );
    let set = &out.selectors[0];
    assert_eq!(set.local, Addresses::prefix(address("10.0.0.0"), 8).unwrap());
    assert_eq!((&set.local_port, &set.remote_port), (&Numbers::is(5), &Numbers::is(7)));
    assert_eq!(set.protocol, Protocols::Is(Protocol::UDP));
    // What comes in has its source on the other side.
    let into = all[0].selector.selectors(false).unwrap();
    assert_eq!(into.remote, Addresses::prefix(address("10.0.0.0"), 8).unwrap());
    assert_eq!((&into.local_port, &into.remote_port), (&Numbers::is(7), &Numbers::is(5)));
    assert_eq!(all[1].entry(()).unwrap().action, crate::spd::Action::Discard);
    let forward = all[2].entry(()).unwrap();
    assert_eq!((forward.applies, forward.action), (Applies::Inbound, crate::spd::Action::Bypass));
    // A type is its sender's; without a code all codes are meant.
    let icmp = "src ::/0 dst ::/0 proto ipv6-icmp type 128\n\tdir in priority 1\n";
    let set = policy(icmp).selector.selectors(false).unwrap();
    assert_eq!((set.remote_port, set.local_port), (Numbers::icmp_type(128), Numbers::Any));
    let set = policy(&icmp.replace("128", "1 code 3")).selector.selectors(true).unwrap();
    assert_eq!(set.local_port, Numbers::is(0x103));
}

/// What is wrong, and the word that it is wrong with.
fn error(text: &str) -> (Field, Problem, u32, &str) {
    let result = if text.contains("/0 ") { policies(text).find_map(Result::err) } else { states(text).find_map(Result::err) };
    match result {
        Some(Error::Text { field, problem, line, offset }) => (field, problem, line, &text[offset as usize..]),
        other => panic!("{other:?} of {text:?}"),
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    use Problem::{Malformed, Missing, OutOfRange, Repeated, Truncated, Unknown};
    let head = "src ::1 dst ::2\n\tproto esp spi 0x1 reqid 0 mode tunnel\n";
    let policy = "src ::/0 dst ::/0 \n";
    let cases: &[(&str, &str, Field, Problem, u32, &str)] = &[
        ("", "nonsense", Field::Source, Unknown, 1, "nonsense"),
        ("", "src", Field::Source, Missing, 1, ""),
        ("", "src 1.2.3 dst ::1", Field::Source, Malformed, 1, "1.2.3"),
        ("", "src ::1 ::2", Field::Destination, Unknown, 1, "::2"),
        ("", "src ::1 dst ::2", Field::Protocol, Missing, 1, ""),
        ("", "src ::1 dst ::2 more", Field::Keyword, Unknown, 1, "more"),
        ("", "src ::1 dst ::2\n\tproto xyz", Field::Protocol, Unknown, 2, "xyz"),
        ("", "src ::1 dst ::2\n\tproto esp spi zz", Field::Spi, Malformed, 2, "zz"),
        ("", "src ::1 dst ::2\n\tproto esp spi 0x100000000", Field::Spi, OutOfRange, 2, "0x100000000"),
        ("", "src ::1 dst ::2\n\tproto esp reqid 1 mode odd", Field::Mode, Unknown, 2, "odd"),
        (head, "\tunheard of", Field::Keyword, Unknown, 3, "unheard of"),
        (head, "\treplay-window 1 flag odd", Field::Flags, Unknown, 3, "odd"),
        (head, "\tmark 1/x", Field::Mark, Malformed, 3, "x"),
        (head, "\tif_id 1\n\tif_id 2", Field::InterfaceId, Repeated, 4, "if_id 2"),
        (head, "\tenc rot13 0x00", Field::Algorithm, Unknown, 3, "rot13 0x00"),
        (head, "\tenc cbc(aes) 0x0g", Field::Key, Malformed, 3, "0x0g"),
        (head, "\tenc (ERROR truncated)", Field::Record, Truncated, 3, "(ERROR truncated)"),
        (head, "\tenc cbc(aes) (ERROR truncated)", Field::Record, Truncated, 3, "(ERROR truncated)"),
        (head, "\tauth-trunc hmac(md5) 0x00", Field::IcvLen, Missing, 3, ""),
        (head, "\tauth-trunc hmac(md5) 0x00 70000", Field::IcvLen, OutOfRange, 3, "70000"),
        (head, "\tcomp (ERROR truncated)", Field::Record, Truncated, 3, "(ERROR truncated)"),
        (head, "\tencap (ERROR truncated)", Field::Record, Truncated, 3, "(ERROR truncated)"),
        (head, "\tencap type odd", Field::Encapsulation, Unknown, 3, "odd"),
        (head, "\tcoa (ERROR truncated)", Field::Record, Truncated, 3, "(ERROR truncated)"),
        (head, "\tlastused 2026-13-01 00:00:00", Field::Time, OutOfRange, 3, "2026-13-01 00:00:00"),
        (head, "\tlastused 2026-12-01 24:00:00", Field::Time, OutOfRange, 3, "24:00:00"),
        (head, "\tlastused 2026-1-01 00:00:00", Field::Time, Malformed, 3, "2026-1-01 00:00:00"),
        (head, "\tlastused 2026-12-01 0:00:00", Field::Time, Malformed, 3, "0:00:00"),
        (head, "\tanti-replay context: (ERROR truncated)", Field::Record, Truncated, 3, "(ERROR truncated)"),
        (head, "\tanti-replay context: req 0x0", Field::ReplayState, Unknown, 3, "req 0x0"),
        (head, "\tanti-replay esn context:(ERROR truncated)", Field::ReplayState, Truncated, 3, "context:(ERROR truncated)"),
        (head, "\tanti-replay esn text", Field::ReplayState, Unknown, 3, "text"),
        (head, "\tanti-replay esn context:", Field::ReplayState, Missing, 3, ""),
        (head, "\tcrypto offload parameters: dev e dir up", Field::Device, Unknown, 3, "up"),
        (head, "\tcrypto offload parameters: dev e odd in", Field::Keyword, Unknown, 3, "odd in"),
        (head, "\tdir other (9)", Field::Direction, Unknown, 3, "other (9)"),
        (head, "\tsel src ::/129 dst ::/0", Field::Source, OutOfRange, 3, "::/129 dst ::/0"),
        (head, "\tsel src :: dst ::/0", Field::Source, Malformed, 3, ":: dst ::/0"),
        (head, "\tsel src ::/0", Field::Destination, Missing, 3, ""),
        (head, "\tsel src ::/1 dst 0.0.0.0/0", Field::Destination, Malformed, 3, "0.0.0.0/0"),
        (head, "\tsel src ::/1 dst ::/1 proto odd", Field::Protocol, Unknown, 3, "odd"),
        (head, "\tsel src ::/1 dst ::/1 sport 65536", Field::Port, OutOfRange, 3, "65536"),
        (head, "\tsel src ::/1 dst ::/1 type 256", Field::IcmpType, OutOfRange, 3, "256"),
        (head, "\tsel src ::/1 dst ::/1 odd", Field::Keyword, Unknown, 3, "odd"),
        (head, "\tlifetime odd", Field::Lifetime, Unknown, 3, "odd"),
        (
            head,
            "\tlifetime config:\n\t  limit: soft 1(packets), hard 1(bytes)",
            Field::Lifetime,
            Malformed,
            4,
            "1(packets), hard 1(bytes)",
        ),
        (head, "\tlifetime current:\n\t  (INF)(bytes), 0(packets)", Field::Lifetime, Malformed, 4, "(INF)(bytes), 0(packets)"),
        (head, "\tlifetime current:", Field::Lifetime, Missing, 3, ""),
        (head, "\tstats:\n\t  replay-window 1 replay x", Field::Statistics, Malformed, 4, "x"),
        (head, "\tsecurity context (ERROR truncated)", Field::Record, Truncated, 3, "(ERROR truncated)"),
        (policy, "\tup out priority 1", Field::Direction, Unknown, 2, "up out priority 1"),
        (policy, "\tdir up priority 1", Field::Direction, Unknown, 2, "up priority 1"),
        (policy, "\tdir out action odd", Field::Action, Unknown, 2, "odd"),
        (policy, "\tdir out ptype (ERROR truncated)", Field::Record, Truncated, 2, "(ERROR truncated)"),
        (policy, "\tdir out ptype odd", Field::PolicyType, Unknown, 2, "odd"),
        (policy, "\tdir out share odd", Field::Sharing, Unknown, 2, "odd"),
        (policy, "\tdir out index x", Field::Index, Malformed, 2, "x"),
        (policy, "\tdir out priority x", Field::Priority, Malformed, 2, "x"),
        (policy, "\tdir out odd", Field::Keyword, Unknown, 2, "odd"),
        (policy, "\tdir out priority 1\n\t(ERROR \"tmpl\" truncated)", Field::Record, Truncated, 3, "(ERROR \"tmpl\" truncated)"),
        (policy, "\tdir out priority 1\n\todd", Field::Keyword, Unknown, 3, "odd"),
        (policy, "\tdir out priority 1\n\ttmpl src :: dst ::", Field::Template, Missing, 3, ""),
        (
            policy,
            "\tdir out priority 1\n\ttmpl src :: dst ::\n\t\tproto ah reqid 1 mode ro\n\t\tlevel odd",
            Field::Level,
            Unknown,
            5,
            "odd",
        ),
        (
            policy,
            "\tdir out priority 1\n\ttmpl src :: dst ::\n\t\tproto ah reqid 1 mode ro\n\t\tenc-mask x auth-mask 0 comp-mask 0",
            Field::Template,
            Malformed,
            5,
            "x auth-mask 0 comp-mask 0",
        ),
    ];
    for (before, line, field, problem, number, rest) in cases {
        let text = [*before, *line].concat();
        let (found, why, at, place) = error(&text);
        assert_eq!((found, why, at), (*field, *problem, *number), "{text}");
        assert!(place.starts_with(rest) && place.is_empty() == rest.is_empty(), "{text}: {place}");
    }
    let shown = states("nonsense").next().unwrap().unwrap_err();
    assert_eq!(format!("{shown}"), "source address in line 1, at offset 0: the word is not known here");
}

#[test]
fn rings_that_cannot_be_are_refused() {
    let text = |window: &str, len: &str, words: &str| {
        format!(
            "src ::1 dst ::2\n\tproto esp spi 0x1 reqid 0 mode tunnel\n\tanti-replay esn context:\n\t seq-hi 0x0, seq 0x9, oseq-hi 0x0, oseq 0x0\n\t replay_window {window}, bitmap-length {len}\n\t {words}\n"
        )
    };
    assert_eq!(state(&text("40", "2", "00000000 00000100")).replay.unwrap().bitmap, [1]);
    assert_eq!(state(&text("0", "0", "")).replay.unwrap().bitmap, [0_u64; 0]);
    for (window, len) in [("32", "129"), ("65", "2"), ("4294967295", "4294967295")] {
        let (field, problem, line, _) = (Field::ReplayState, Problem::OutOfRange, 5, ());
        let read = text(window, len, "00000000");
        let (found, why, at, _) = error(&read);
        assert_eq!((found, why, at), (field, problem, line));
    }
    let short = text("64", "2", "00000000");
    assert_eq!(error(&short).1, Problem::Missing);
    let odd = text("64", "2", "0000000g 00000000");
    assert_eq!((error(&odd).1, error(&odd).3), (Problem::Malformed, "0000000g 00000000\n"));
}

#[test]
fn records_behind_one_that_can_t_be_read_are_read() {
    let text = format!("\n{ESP}\nsrc ::1 dst ::2\n\tproto odd\n\n{STATISTICS}");
    let read: Vec<bool> = states(&text).map(|state| state.is_ok()).collect();
    assert_eq!(read, [true, false, true]);
    let text = format!("{POLICIES}src ::/0 dst odd\n\tdir in\n{POLICIES}");
    assert_eq!(policies(&text).filter(Result::is_ok).count(), 6);
    assert!(states("").next().is_none() && states(" \n\n\t\n").next().is_none() && policies("\\\\\n").next().is_none());
}
