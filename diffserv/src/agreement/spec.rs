//! The written form of an agreement.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;
use core::net::IpAddr;
use core::str::FromStr;

use ip_wire::ipv6::FlowLabel;
use ip_wire::{Dscp, Protocol};
use serde::{Deserialize, Serialize};

use super::{Action, Egress as Leave, Ingress as Enter, Mark, Rule, Shape, TrafficConditioningAgreement, Treatment, VERSION};
use crate::classifier::{Addresses, Fragments, Match};
use crate::marker::RemarkMap;
use crate::meter::{Profile, TokenBucket};
use crate::phb::DscpSet;
use crate::shaper::Limit;
use crate::{Error, Field};

mod meter;

use meter::MeterSpec;

/// What is wrong with a written agreement, and where.
type Wrong = String;

#[derive(Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Agreement {
    version: u32,
    #[serde(default = "usual_mtu")]
    mtu: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ingress: Option<IngressSpec>,
    #[serde(default = "ActionSpec::pass")]
    default: ActionSpec,
    #[serde(default)]
    egress: EgressSpec,
    #[serde(default)]
    rules: Vec<RuleSpec>,
}

fn usual_mtu() -> u32 {
    TrafficConditioningAgreement::default().mtu
}

#[derive(Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct IngressSpec {
    acceptable: Codepoints,
    #[serde(default)]
    multicast: Option<Codepoints>,
    otherwise: ActionSpec,
}

#[derive(Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct RuleSpec {
    name: String,
    #[serde(rename = "match", default)]
    matches: MatchSpec,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    meter: Option<MeterSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    green: Option<ActionSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    yellow: Option<ActionSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    red: Option<ActionSpec>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action: Option<ActionSpec>,
}

/// A number or a word.
#[derive(Serialize, Deserialize, Clone, PartialEq)]
#[serde(untagged)]
enum Value {
    Number(u64),
    Text(String),
}

impl Default for Value {
    fn default() -> Self {
        Self::Text("any".to_owned())
    }
}

impl Value {
    fn is_any(&self) -> bool {
        matches!(self, Self::Text(text) if text == "any")
    }

    fn any<T>(value: Option<T>, write: impl FnOnce(T) -> Self) -> Self {
        value.map_or_else(Self::default, write)
    }

    /// A number, also one in a string.
    fn number(&self, key: &str, max: u64) -> Result<u64, Wrong> {
        let number = match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => parse_number(text),
        };
        number.filter(|number| *number <= max).ok_or_else(|| format!("{key}: {} is no number from 0 to {max}", self.text()))
    }

    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }
}

/// Decimal, or hexadecimal behind 0x.
fn parse_number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[derive(Serialize, Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
struct MatchSpec {
    #[serde(skip_serializing_if = "Value::is_any")]
    src: Value,
    #[serde(skip_serializing_if = "Value::is_any")]
    dst: Value,
    #[serde(skip_serializing_if = "Value::is_any")]
    protocol: Value,
    #[serde(skip_serializing_if = "Value::is_any")]
    src_ports: Value,
    #[serde(skip_serializing_if = "Value::is_any")]
    dst_ports: Value,
    #[serde(skip_serializing_if = "Codepoints::is_any")]
    dscp: Codepoints,
    #[serde(skip_serializing_if = "Value::is_any")]
    interface: Value,
    #[serde(skip_serializing_if = "Value::is_any")]
    flow_label: Value,
    fragments: Fragments,
}

/// "any", one codepoint, or a list of them.
#[derive(Serialize, Deserialize, Clone)]
#[serde(untagged)]
enum Codepoints {
    One(Value),
    Several(Vec<Value>),
}

impl Default for Codepoints {
    fn default() -> Self {
        Self::One(Value::default())
    }
}

impl Codepoints {
    fn is_any(&self) -> bool {
        matches!(self, Self::One(value) if value.is_any())
    }

    fn read(&self, key: &str) -> Result<DscpSet, Wrong> {
        match self {
            Self::One(value) if value.is_any() => Ok(DscpSet::ALL),
            Self::One(value) => codepoint(key, value).map(DscpSet::of),
            Self::Several(values) => values.iter().map(|value| codepoint(key, value)).collect(),
        }
    }

    fn write(set: DscpSet) -> Self {
        if set == DscpSet::ALL { Self::default() } else { Self::Several(set.iter().map(codepoint_value).collect()) }
    }
}

fn codepoint(key: &str, value: &Value) -> Result<Dscp, Wrong> {
    let named = match value {
        Value::Text(text) if text == "NQB" => Some(crate::phb::NQB),
        Value::Text(text) => Dscp::from_name(text).or_else(|| Dscp::new(u8::try_from(parse_number(text)?).ok()?)),
        Value::Number(number) => u8::try_from(*number).ok().and_then(Dscp::new),
    };
    named.ok_or_else(|| format!("{key}: {} is no codepoint: a name such as AF11, or a number from 0 to 63", value.text()))
}

fn codepoint_value(dscp: Dscp) -> Value {
    match dscp.name() {
        Some(name) => Value::Text(name.to_owned()),
        None => Value::Number(u64::from(dscp.value())),
    }
}

#[derive(Serialize, Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
struct ActionSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    mark: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    drop: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<ShapeSpec>,
}

#[derive(Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct ShapeSpec {
    rate: u64,
    burst: u64,
    packets: usize,
    octets: u64,
}

impl ActionSpec {
    fn pass() -> Self {
        Self { pass: Some(true), ..Self::default() }
    }

    fn read(&self, key: &str) -> Result<Action, Wrong> {
        if self.mark.is_none() && self.drop != Some(true) && self.pass != Some(true) && self.shape.is_none() {
            return Err(format!("{key}: none of mark, drop, pass, shape"));
        }
        let said = [self.mark.is_some(), self.drop == Some(true), self.pass == Some(true)];
        if said.iter().filter(|said| **said).count() > 1 {
            return Err(format!("{key}: mark, drop and pass exclude each other"));
        }
        if self.drop == Some(true) {
            return if self.shape.is_some() { Err(format!("{key}: what is dropped can't be shaped")) } else { Ok(Action::Drop) };
        }
        let mark = match &self.mark {
            None => None,
            Some(Value::Text(text)) if text == "drop-precedence" => Some(Mark::DropPrecedence),
            Some(value) => Some(Mark::Codepoint(codepoint(&format!("{key}: mark"), value)?)),
        };
        let shape = match &self.shape {
            None => None,
            Some(shape) => {
                let profile = TokenBucket::new(shape.rate, shape.burst).map_err(|error| format!("{key}: shape: {error}"))?;
                Some(Shape { profile, limit: Limit { packets: shape.packets, octets: shape.octets } })
            }
        };
        Ok(Action::Forward { mark, shape })
    }

    fn write(action: &Action) -> Self {
        match action {
            Action::Drop => Self { drop: Some(true), ..Self::default() },
            Action::Forward { mark, shape } => Self {
                mark: mark.map(|mark| match mark {
                    Mark::Codepoint(dscp) => codepoint_value(dscp),
                    Mark::DropPrecedence => Value::Text("drop-precedence".to_owned()),
                }),
                pass: mark.is_none().then_some(true),
                shape: shape.map(|Shape { profile, limit }| ShapeSpec {
                    rate: profile.rate(),
                    burst: profile.burst(),
                    packets: limit.packets,
                    octets: limit.octets,
                }),
                drop: None,
            },
        }
    }
}

/// A word, or a map.
#[derive(Serialize, Deserialize, Clone)]
#[serde(untagged)]
enum EgressSpec {
    Word(String),
    Map(BTreeMap<String, Value>),
}

impl Default for EgressSpec {
    fn default() -> Self {
        Self::Word("keep".to_owned())
    }
}

impl EgressSpec {
    fn read(&self) -> Result<Leave, Wrong> {
        match self {
            Self::Word(word) => match word.as_str() {
                "keep" => Ok(Leave::Keep),
                "class-selectors" => Ok(Leave::ClassSelectors),
                "zero" => Ok(Leave::Zero),
                other => Err(format!("egress: {other} is none of keep, class-selectors, zero")),
            },
            Self::Map(pairs) => {
                let mut map = RemarkMap::identity();
                for (from, to) in pairs {
                    map.set(codepoint("egress", &Value::Text(from.clone()))?, codepoint("egress", to)?);
                }
                Ok(Leave::Map(map))
            }
        }
    }

    fn write(egress: &Leave) -> Self {
        match egress {
            Leave::Keep => Self::default(),
            Leave::ClassSelectors => Self::Word("class-selectors".to_owned()),
            Leave::Zero => Self::Word("zero".to_owned()),
            Leave::Map(map) => Self::Map(
                DscpSet::ALL
                    .iter()
                    .filter(|dscp| map.get(*dscp) != *dscp)
                    .map(|dscp| (codepoint_value(dscp).text(), codepoint_value(map.get(dscp))))
                    .collect(),
            ),
        }
    }
}

fn addresses(key: &str, field: Field, value: &Value) -> Result<Addresses, Wrong> {
    if value.is_any() {
        return Ok(Addresses::ANY);
    }
    let text = value.text();
    let address = |part: &str| parse::<IpAddr>(key, part, "an address");
    if let Some((prefix, len)) = text.split_once('/') {
        return Addresses::prefix(address(prefix)?, parse(key, len, "a prefix length")?)
            .map_err(|error| format!("{key}: {error}"));
    }
    match text.split_once('-') {
        Some((first, last)) => {
            Addresses::range(field, address(first)?, address(last)?).map_err(|error| format!("{key}: {error}"))
        }
        None => address(&text).map(Addresses::one),
    }
}

fn parse<T: FromStr>(key: &str, text: &str, what: impl Display) -> Result<T, Wrong> {
    text.trim().parse().map_err(|_| format!("{key}: {text} is not {what}"))
}

fn write_addresses(addresses: &Addresses) -> Value {
    Value::any(addresses.bounds(), |(first, last)| {
        Value::Text(match addresses.prefix_len() {
            Some(len) => format!("{first}/{len}"),
            None => format!("{first}-{last}"),
        })
    })
}

fn ports(key: &str, value: &Value) -> Result<Option<(u16, u16)>, Wrong> {
    if value.is_any() {
        return Ok(None);
    }
    let text = value.text();
    let port = |part: &str| parse::<u16>(key, part, "a port");
    let (first, last) = match text.split_once('-') {
        Some((first, last)) => (port(first)?, port(last)?),
        None => (port(&text)?, port(&text)?),
    };
    Ok(Some((first, last)))
}

fn write_ports(ports: Option<(u16, u16)>) -> Value {
    Value::any(ports, |(first, last)| Value::Text(format!("{first}-{last}")))
}

fn protocol(value: &Value) -> Result<Option<Protocol>, Wrong> {
    if value.is_any() {
        return Ok(None);
    }
    let named = match value.text().to_ascii_lowercase().as_str() {
        "icmp" => Some(Protocol::ICMP),
        "tcp" => Some(Protocol::TCP),
        "udp" => Some(Protocol::UDP),
        "ipv6-icmp" | "icmpv6" => Some(Protocol::ICMPV6),
        "sctp" => Some(Protocol::SCTP),
        "esp" => Some(Protocol::ESP),
        "ah" => Some(Protocol::AH),
        _ => None,
    };
    match named {
        Some(protocol) => Ok(Some(protocol)),
        None => {
            let number = value.number("protocol", u64::from(u8::MAX))?;
            Ok(u8::try_from(number).ok().map(Protocol))
        }
    }
}

impl MatchSpec {
    fn read(&self) -> Result<Match, Wrong> {
        let number = |key, value: &Value, max| -> Result<Option<u32>, Wrong> {
            if value.is_any() { Ok(None) } else { value.number(key, max).map(|number| u32::try_from(number).ok()) }
        };
        let rule = Match {
            source: addresses("src", Field::Source, &self.src)?,
            destination: addresses("dst", Field::Destination, &self.dst)?,
            protocol: protocol(&self.protocol)?,
            source_ports: ports("src_ports", &self.src_ports)?,
            destination_ports: ports("dst_ports", &self.dst_ports)?,
            dscp: self.dscp.read("dscp")?,
            interface: number("interface", &self.interface, u64::from(u32::MAX))?,
            flow_label: number("flow_label", &self.flow_label, (1 << 20) - 1)?.and_then(FlowLabel::new),
            fragments: self.fragments,
        };
        rule.validate().map_err(|error| error.to_string())?;
        Ok(rule)
    }

    fn write(rule: &Match) -> Self {
        let number = |number: u32| Value::Number(u64::from(number));
        Self {
            src: write_addresses(&rule.source),
            dst: write_addresses(&rule.destination),
            protocol: Value::any(rule.protocol, |protocol| number(u32::from(protocol.0))),
            src_ports: write_ports(rule.source_ports),
            dst_ports: write_ports(rule.destination_ports),
            dscp: Codepoints::write(rule.dscp),
            interface: Value::any(rule.interface, number),
            flow_label: Value::any(rule.flow_label, |label| number(label.value())),
            fragments: rule.fragments,
        }
    }
}

impl RuleSpec {
    fn read(&self) -> Result<Rule, Wrong> {
        let name = &self.name;
        let inside = |wrong: Wrong| format!("rule {name}: {wrong}");
        let matches = self.matches.read().map_err(|wrong| inside(format!("match: {wrong}")))?;
        let colors = [("green", &self.green), ("yellow", &self.yellow), ("red", &self.red)];
        let treatment = match &self.meter {
            None => {
                if let Some((color, _)) = colors.iter().find(|(_, action)| action.is_some()) {
                    return Err(inside(format!("{color} needs a meter; without one the key is action")));
                }
                let action = self.action.as_ref().ok_or_else(|| inside("action or a meter is missing".to_owned()))?;
                Treatment::Unmetered(action.read("action").map_err(inside)?)
            }
            Some(meter) => {
                if self.action.is_some() {
                    return Err(inside("action goes without a meter only; with one the keys are its colors".to_owned()));
                }
                let profile = meter.read().map_err(inside)?;
                let two_colors = matches!(profile, Profile::TokenBucket(..));
                if two_colors && self.yellow.is_some() {
                    return Err(inside("a token-bucket never gives yellow".to_owned()));
                }
                let mut actions = [Action::Drop; 3];
                for (place, (color, action)) in actions.iter_mut().zip(colors) {
                    // What is never yellow is treated as red where it has to be something.
                    let (color, action) = if two_colors && color == "yellow" { ("red", &self.red) } else { (color, action) };
                    let action = action.as_ref().ok_or_else(|| inside(format!("{color} is missing")))?;
                    *place = action.read(color).map_err(inside)?;
                }
                Treatment::Metered { profile, mode: meter.mode, actions }
            }
        };
        Ok(Rule { name: name.clone(), matches, treatment })
    }

    fn write(rule: &Rule) -> Self {
        let mut spec = Self {
            name: rule.name.clone(),
            matches: MatchSpec::write(&rule.matches),
            meter: None,
            green: None,
            yellow: None,
            red: None,
            action: None,
        };
        match &rule.treatment {
            Treatment::Unmetered(action) => spec.action = Some(ActionSpec::write(action)),
            Treatment::Metered { profile, mode, actions: [green, yellow, red] } => {
                spec.meter = Some(MeterSpec::write(profile, *mode));
                spec.green = Some(ActionSpec::write(green));
                spec.yellow = (!matches!(profile, Profile::TokenBucket(..))).then(|| ActionSpec::write(yellow));
                spec.red = Some(ActionSpec::write(red));
            }
        }
        spec
    }
}

impl TryFrom<Agreement> for TrafficConditioningAgreement {
    type Error = Wrong;

    fn try_from(spec: Agreement) -> Result<Self, Wrong> {
        if spec.version != VERSION {
            return Err(Error::Version { found: spec.version, needed: VERSION }.to_string());
        }
        let ingress = match &spec.ingress {
            None => None,
            Some(ingress) => {
                let otherwise = match ingress.otherwise.read("ingress: otherwise")? {
                    Action::Drop => None,
                    Action::Forward { mark: Some(Mark::Codepoint(dscp)), shape: None } => Some(dscp),
                    Action::Forward { .. } => {
                        return Err("ingress: otherwise: neither drop nor a codepoint to mark with".to_owned());
                    }
                };
                let acceptable = ingress.acceptable.read("ingress: acceptable")?;
                let multicast = match &ingress.multicast {
                    Some(codepoints) => codepoints.read("ingress: multicast")?,
                    None => acceptable,
                };
                Some(Enter { acceptable, multicast, otherwise })
            }
        };
        let rules = spec.rules.iter().map(RuleSpec::read).collect::<Result<_, _>>()?;
        let agreement =
            Self { mtu: spec.mtu, ingress, rules, default: spec.default.read("default")?, egress: spec.egress.read()? };
        agreement.validate().map_err(|error| error.to_string())?;
        Ok(agreement)
    }
}

impl From<TrafficConditioningAgreement> for Agreement {
    fn from(agreement: TrafficConditioningAgreement) -> Self {
        let otherwise = |dscp: Option<Dscp>| dscp.map_or(Action::Drop, Action::mark);
        Self {
            version: VERSION,
            mtu: agreement.mtu,
            ingress: agreement.ingress.map(|ingress| IngressSpec {
                acceptable: Codepoints::write(ingress.acceptable),
                multicast: Some(Codepoints::write(ingress.multicast)),
                otherwise: ActionSpec::write(&otherwise(ingress.otherwise)),
            }),
            default: ActionSpec::write(&agreement.default),
            egress: EgressSpec::write(&agreement.egress),
            rules: agreement.rules.iter().map(RuleSpec::write).collect(),
        }
    }
}
