//! Agreements as data, and as text.

use alloc::borrow::ToOwned;
use alloc::vec;

use super::*;
use crate::meter::{SrTcm, Unit};

fn rule(matches: Match, treatment: Treatment) -> Rule {
    Rule { name: "r".to_owned(), matches, treatment }
}

fn metered(profile: Profile) -> Treatment {
    Treatment::Metered { profile, mode: Mode::Blind, actions: [Action::PASS, Action::Drop, Action::Drop] }
}

fn with(rules: Vec<Rule>) -> TrafficConditioningAgreement {
    TrafficConditioningAgreement { rules, ..TrafficConditioningAgreement::default() }
}

fn shape(burst: u64, packets: usize, octets: u64) -> Action {
    let profile = TokenBucket::new(1000, burst).unwrap();
    Action::Forward { mark: None, shape: Some(Shape { profile, limit: Limit { packets, octets } }) }
}

#[test]
fn a_rule_behind_one_that_takes_all_of_its_packets_is_refused() {
    let udp = Match { protocol: Some(ip_wire::Protocol::UDP), ..Match::ANY };
    let port = Match { destination_ports: Some((53, 53)), ..udp };
    let pass = Treatment::Unmetered(Action::PASS);
    assert_eq!(with(vec![rule(port, pass), rule(udp, pass), rule(Match::ANY, pass)]).validate(), Ok(()));
    assert_eq!(with(vec![rule(udp, pass), rule(port, pass)]).validate(), Err(Error::NeverMatches { rule: 1, by: 0 }));
    let twice = vec![rule(port, pass), rule(udp, pass), rule(udp, pass)];
    assert_eq!(with(twice).validate(), Err(Error::NeverMatches { rule: 2, by: 1 }));
    let wrong = Match { source_ports: Some((2, 1)), ..Match::ANY };
    let range = Error::EmptyRange { field: Field::SourcePorts, first: 2, last: 1 };
    assert_eq!(with(vec![rule(wrong, pass)]).validate(), Err(range));
}

#[test]
fn bursts_below_the_mtu_are_refused() {
    let bucket = |burst| metered(Profile::TokenBucket(TokenBucket::new(1, burst).unwrap(), Unit::Octets));
    let below = |found| Err(Error::BurstBelowMtu { rule: 0, found, mtu: 1500 });
    assert_eq!(with(vec![rule(Match::ANY, bucket(1500))]).validate(), Ok(()));
    assert_eq!(with(vec![rule(Match::ANY, bucket(1499))]).validate(), below(1499));
    // One of the bursts is enough for a packet that is green or yellow.
    let marker = |cbs, ebs| metered(Profile::SrTcm(SrTcm::new(1, cbs, ebs).unwrap()));
    assert_eq!(with(vec![rule(Match::ANY, marker(0, 1500))]).validate(), Ok(()));
    assert_eq!(with(vec![rule(Match::ANY, marker(1499, 1400))]).validate(), below(1499));
    let mut small = with(vec![rule(Match::ANY, bucket(100))]);
    small.mtu = 100;
    assert_eq!(small.validate(), Ok(()));

    let shaped = |action| with(vec![rule(Match::ANY, Treatment::Unmetered(action))]).validate();
    assert_eq!(shaped(shape(1500, 1, 1500)), Ok(()));
    assert_eq!(shaped(shape(1499, 1, 1500)), below(1499));
    assert_eq!(shaped(shape(1500, 1, 1499)), Err(Error::TooSmall { field: Field::Queue, found: 1499, min: 1500 }));
    assert_eq!(shaped(shape(1500, 0, 1500)), Err(Error::TooSmall { field: Field::Queue, found: 0, min: 1500 }));
    let mut default = with(vec![]);
    default.default = shape(1, 1, 1500);
    assert_eq!(default.validate(), below(1));
    let profile = Profile::SrTcm(SrTcm::new(1, 1500, 0).unwrap());
    let red = Treatment::Metered { profile, mode: Mode::Blind, actions: [Action::PASS, Action::PASS, shape(9, 1, 1500)] };
    assert_eq!(with(vec![rule(Match::ANY, red)]).validate(), below(9));
}

#[test]
fn a_token_bucket_has_no_yellow_of_its_own() {
    let profile = Profile::TokenBucket(TokenBucket::new(1, 1500).unwrap(), Unit::Octets);
    let actions = |yellow| Treatment::Metered { profile, mode: Mode::Blind, actions: [Action::PASS, yellow, Action::Drop] };
    assert_eq!(with(vec![rule(Match::ANY, actions(Action::Drop))]).validate(), Ok(()));
    let wrong = with(vec![rule(Match::ANY, actions(Action::PASS))]).validate();
    assert_eq!(wrong, Err(Error::Actions { rule: 0, field: Field::Yellow }));
}

#[test]
fn codepoints_leave_as_the_agreement_says() {
    assert_eq!(Egress::Keep.map(), None);
    let map = |egress: Egress| egress.map().unwrap().get(Dscp::AF21);
    assert_eq!([Egress::ClassSelectors, Egress::Zero].map(map), [Dscp::CS2, Dscp::CS0]);
    let mut own = RemarkMap::identity();
    own.set(Dscp::AF21, Dscp::EF);
    assert_eq!(map(Egress::Map(own)), Dscp::EF);
}

#[cfg(feature = "serde")]
mod written {
    use alloc::format;
    use alloc::string::ToString;

    use super::*;
    use crate::classifier::{Addresses, Fragments};
    use crate::meter::{Rfc4115, TrTcm};

    fn read(text: &str) -> Result<TrafficConditioningAgreement, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    const EXAMPLE: &str = r#"{"version":1,"default":{"mark":"CS0"},"rules":[{"name":"gold","match":{"src":"192.0.2.0/24","dst":"any",
        "protocol":17,"dst_ports":"5000-5999","dscp":"any"},
        "meter":{"kind":"srtcm","cir":125000,"cbs":3000,"ebs":6000,"mode":"blind"},
        "green":{"mark":"AF11"},"yellow":{"mark":"AF12"},"red":{"drop":true}}]}"#;

    #[test]
    fn the_usual_form_is_read() {
        let agreement = read(EXAMPLE).unwrap();
        let matches = Match {
            source: Addresses::prefix("192.0.2.0".parse().unwrap(), 24).unwrap(),
            protocol: Some(ip_wire::Protocol::UDP),
            destination_ports: Some((5000, 5999)),
            ..Match::ANY
        };
        let treatment = Treatment::Metered {
            profile: Profile::SrTcm(SrTcm::new(125_000, 3000, 6000).unwrap()),
            mode: Mode::Blind,
            actions: [Action::mark(Dscp::AF11), Action::mark(Dscp::AF12), Action::Drop],
        };
        let gold = Rule { name: "gold".to_owned(), matches, treatment };
        let expected = TrafficConditioningAgreement { default: Action::mark(Dscp::CS0), ..with(vec![gold]) };
        assert_eq!(agreement, expected);
    }

    #[test]
    fn everything_an_agreement_can_say_survives_being_written() {
        let profiles = [
            Profile::TokenBucket(TokenBucket::new(1, 1500).unwrap(), Unit::Octets),
            Profile::TokenBucket(TokenBucket::new(2, 3).unwrap(), Unit::Packets),
            Profile::SrTcm(SrTcm::new(1, 1500, 3000).unwrap()),
            Profile::TrTcm(TrTcm::new(1, 1501, 3, 1502).unwrap()),
            Profile::Rfc4115(Rfc4115::new(1, 1503, 3, 1504).unwrap()),
        ];
        let mark = |dscp: u8| Action::mark(Dscp::new(dscp).unwrap());
        let precedence = Action::Forward { mark: Some(Mark::DropPrecedence), shape: None };
        let mut rules = Vec::new();
        for (number, profile) in (1_u16..).zip(profiles) {
            let matches = Match { destination_ports: Some((number, number)), interface: Some(number.into()), ..Match::ANY };
            let actions = [mark(7), Action::Drop, Action::Drop];
            rules.push(Rule {
                name: format!("meter {number}"),
                matches,
                treatment: Treatment::Metered { profile, mode: Mode::Aware, actions },
            });
        }
        let matches = Match {
            source: Addresses::range(Field::Source, "2001:db8::1".parse().unwrap(), "2001:db8::9".parse().unwrap()).unwrap(),
            destination: Addresses::one("2001:db8::5".parse().unwrap()),
            dscp: DscpSet::of(Dscp::EF).with(Dscp::new(63).unwrap()),
            flow_label: ip_wire::ipv6::FlowLabel::new(99),
            source_ports: Some((0, 65_535)),
            fragments: Fragments::NotLater,
            ..Match::ANY
        };
        rules.push(Rule { name: "six".to_owned(), matches, treatment: Treatment::Unmetered(precedence) });
        let later = Match { fragments: Fragments::LaterOnly, ..Match::ANY };
        rules.push(Rule { name: "later".to_owned(), matches: later, treatment: Treatment::Unmetered(shape(1500, 4, 6000)) });
        let mut map = RemarkMap::identity();
        map.set(Dscp::EF, Dscp::new(47).unwrap());
        map.set(Dscp::new(47).unwrap(), Dscp::CS5);
        let ingress = Ingress { acceptable: DscpSet::ALL.without(Dscp::CS7), multicast: DscpSet::of(Dscp::CS0), otherwise: None };
        for (egress, ingress) in [
            (Egress::Keep, None),
            (Egress::Zero, Some(ingress)),
            (Egress::ClassSelectors, Some(Ingress { otherwise: Some(Dscp::CS0), ..ingress })),
            (Egress::Map(map), None),
        ] {
            let agreement = TrafficConditioningAgreement { mtu: 3, ingress, rules: rules.clone(), default: Action::Drop, egress };
            let text = serde_json::to_string(&agreement).unwrap();
            assert_eq!(read(&text), Ok(agreement), "{text}");
        }
    }

    /// The example with one piece of its text changed.
    fn changed(from: &str, to: &str) -> String {
        assert!(EXAMPLE.contains(from), "{from}");
        read(&EXAMPLE.replacen(from, to, 1)).unwrap_err()
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, expected) in [
            (r#""version":1"#, r#""version":2"#, "agreement of version 2, 1 needed"),
            (r#""version":1"#, r#""version":1,"speed":3"#, "unknown field `speed`"),
            (r#""name":"gold""#, r#""name":"gold","color":3"#, "unknown field `color`"),
            (r#""src":"#, r#""source":"#, "unknown field `source`"),
            (r#""cbs":3000"#, r#""cbs":3000,"cbx":1"#, "unknown field `cbx`"),
            (r#""drop":true"#, r#""dorp":true"#, "unknown field `dorp`"),
            ("192.0.2.0/24", "192.0.2.0/33", "rule gold: match: src: prefix length: 33 found, 32 at most"),
            ("192.0.2.0/24", "192.0.2/24", "rule gold: match: src: 192.0.2 is not an address"),
            ("192.0.2.0/24", "192.0.2.0/x", "rule gold: match: src: x is not a prefix length"),
            ("192.0.2.0/24", "192.0.2.9-192.0.2.1", "rule gold: match: src: source:"),
            (r#""dst":"any""#, r#""dst":"::1""#, "rule gold: match: destination: IPv6 found, IPv4 needed"),
            ("17", "256", "rule gold: match: protocol: 256 is no number from 0 to 255"),
            ("17", r#""quic""#, "rule gold: match: protocol: quic is no number"),
            ("5000-5999", "5999-5000", "rule gold: match: destination ports: the range ends at 5000, before its start 5999"),
            ("5000-5999", "http", "rule gold: match: dst_ports: http is not a port"),
            ("5000-5999", "65536", "rule gold: match: dst_ports: 65536 is not a port"),
            (r#""dscp":"any""#, r#""dscp":64"#, "rule gold: match: dscp: 64 is no codepoint"),
            (r#""dscp":"any""#, r#""dscp":["EF","AF44"]"#, "rule gold: match: dscp: AF44 is no codepoint"),
            (r#""dscp":"any""#, r#""dscp":[]"#, "rule gold: match: codepoints: 0 found, 1 at least"),
            (r#""dscp":"any""#, r#""flow_label":1048576"#, "flow_label: 1048576 is no number from 0 to 1048575"),
            ("srtcm", "gcra", "rule gold: meter: gcra is none of"),
            ("srtcm", "trtcm", "rule gold: meter: trtcm has no ebs"),
            (r#","ebs":6000"#, "", "rule gold: meter: srtcm needs ebs"),
            (r#""cir":125000"#, r#""cir":0"#, "rule gold: meter: committed information rate: 0 found, 1 at least"),
            (r#""ebs":6000"#, r#""ebs":6000,"unit":"packets""#, "rule gold: meter: srtcm has no unit"),
            (r#""mode":"blind""#, r#""mode":"deaf""#, "unknown variant `deaf`"),
            ("AF12", "AF19", "rule gold: yellow: mark: AF19 is no codepoint"),
            (r#","yellow":{"mark":"AF12"}"#, "", "rule gold: yellow is missing"),
            (r#""drop":true"#, r#""drop":true,"mark":3"#, "rule gold: red: mark, drop and pass exclude each other"),
            (r#""drop":true"#, r#""drop":false"#, "rule gold: red: none of mark, drop, pass, shape"),
            (r#""red":"#, r#""action":"#, "rule gold: action goes without a meter only"),
            (r#""cbs":3000,"ebs":6000"#, r#""cbs":1,"ebs":2"#, "rule 0: bursts of 2 octets are below the MTU of 1500"),
        ] {
            let found = changed(from, to);
            assert!(found.contains(expected), "{to}: {found}");
        }
    }

    #[test]
    fn actions_and_boundaries_that_make_no_sense_are_named() {
        let rule = |rule: &str| read(&format!(r#"{{"version":1,"rules":[{{"name":"r",{rule}}}]}}"#)).unwrap_err();
        assert_eq!(rule(r#""green":{"pass":true}"#), "rule r: green needs a meter; without one the key is action");
        assert_eq!(rule(r#""match":{}"#), "rule r: action or a meter is missing");
        let shaped = r#""shape":{"rate":1,"burst":0,"packets":1,"octets":1500}"#;
        assert_eq!(rule(&format!(r#""action":{{"drop":true,{shaped}}}"#)), "rule r: action: what is dropped can't be shaped");
        assert_eq!(rule(&format!(r#""action":{{{shaped}}}"#)), "rule r: action: shape: burst: 0 found, 1 at least");
        let bucket = r#""meter":{"kind":"token-bucket","rate":1,"burst":1500},"green":{"pass":true}"#;
        let yellow = rule(&format!(r#"{bucket},"yellow":{{"pass":true}},"red":{{"drop":true}}"#));
        assert_eq!(yellow, "rule r: a token-bucket never gives yellow");
        assert_eq!(rule(bucket), "rule r: red is missing");

        let whole = |keys: &str| read(&format!(r#"{{"version":1,{keys}}}"#));
        assert_eq!(whole(r#""egress":"half""#).unwrap_err(), "egress: half is none of keep, class-selectors, zero");
        assert!(whole(r#""egress":{"EF":"XF"}"#).unwrap_err().contains("egress: XF is no codepoint"));
        let ingress = r#""ingress":{"acceptable":["EF"],"otherwise":{"pass":true}}"#;
        assert_eq!(whole(ingress).unwrap_err(), "ingress: otherwise: neither drop nor a codepoint to mark with");
        let ingress = whole(r#""ingress":{"acceptable":["EF","NQB"],"otherwise":{"drop":true}}"#).unwrap().ingress.unwrap();
        assert_eq!((ingress.acceptable.len(), ingress.multicast, ingress.otherwise), (2, ingress.acceptable, None));
    }

    #[test]
    fn numbers_names_and_ranges_can_be_written_as_people_do() {
        let rules = r#"{"name":"a","match":{"protocol":"tcp","dst_ports":443,"dscp":"0x2e","interface":"7","src":"::1"},"action":{"mark":46}},
            {"name":"b","match":{"protocol":"6","src_ports":"80","dscp":46,"dst":"192.0.2.1-192.0.2.5"},"action":{"pass":true}}"#;
        let agreement = read(&format!(r#"{{"version":1,"rules":[{rules}]}}"#)).unwrap();
        let [first, second] = &agreement.rules[..] else { panic!() };
        assert_eq!(
            (first.matches.protocol, second.matches.protocol),
            (Some(ip_wire::Protocol::TCP), Some(ip_wire::Protocol::TCP))
        );
        assert_eq!((first.matches.destination_ports, second.matches.source_ports), (Some((443, 443)), Some((80, 80))));
        assert_eq!((first.matches.dscp, second.matches.dscp), (DscpSet::of(Dscp::EF), DscpSet::of(Dscp::EF)));
        assert_eq!((first.matches.interface, first.matches.source), (Some(7), Addresses::one("::1".parse().unwrap())));
        assert_eq!(first.treatment, Treatment::Unmetered(Action::mark(Dscp::EF)));
        for (name, number) in
            [("icmp", 1), ("udp", 17), ("ipv6-icmp", 58), ("icmpv6", 58), ("sctp", 132), ("esp", 50), ("AH", 51)]
        {
            let rule = format!(r#"{{"name":"a","match":{{"protocol":"{name}"}},"action":{{"pass":true}}}}"#);
            let agreement = read(&format!(r#"{{"version":1,"rules":[{rule}]}}"#)).unwrap();
            assert_eq!(agreement.rules[0].matches.protocol, Some(ip_wire::Protocol(number)), "{name}");
        }
    }
}
