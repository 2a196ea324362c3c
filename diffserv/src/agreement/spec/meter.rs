//! The written form of a meter.

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use super::Wrong;
use crate::Error;
use crate::meter::{Mode, Profile, Rfc4115, SrTcm, TokenBucket, TrTcm, Unit};

#[derive(Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct MeterSpec {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    burst: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<Unit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cir: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cbs: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ebs: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    eir: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pir: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pbs: Option<u64>,
    #[serde(default)]
    pub(super) mode: Mode,
}

impl MeterSpec {
    fn new(kind: &str, mode: Mode) -> Self {
        let (rate, burst, unit, cir, cbs, ebs, eir, pir, pbs) = Default::default();
        Self { kind: kind.to_owned(), rate, burst, unit, cir, cbs, ebs, eir, pir, pbs, mode }
    }

    /// The numbers that the kind has, by name; an error for one that is missing and for one that is too much.
    fn numbers<const N: usize>(&self, needed: [&str; N]) -> Result<[u64; N], Wrong> {
        let all = [
            ("rate", self.rate),
            ("burst", self.burst),
            ("cir", self.cir),
            ("cbs", self.cbs),
            ("ebs", self.ebs),
            ("eir", self.eir),
            ("pir", self.pir),
            ("pbs", self.pbs),
        ];
        let unit = self.unit.filter(|_| self.kind != "token-bucket").map(|_| "unit");
        let unknown = all.iter().find(|(key, value)| value.is_some() && !needed.contains(key)).map(|(key, _)| *key);
        if let Some(key) = unknown.or(unit) {
            return Err(format!("meter: {} has no {key}", self.kind));
        }
        let mut numbers = [0; N];
        for (number, key) in numbers.iter_mut().zip(needed) {
            let value = all.iter().find(|(known, _)| *known == key).and_then(|(_, value)| *value);
            *number = value.ok_or_else(|| format!("meter: {} needs {key}", self.kind))?;
        }
        Ok(numbers)
    }

    pub(super) fn read(&self) -> Result<Profile, Wrong> {
        let wrong = |error: Error| format!("meter: {error}");
        match self.kind.as_str() {
            "token-bucket" => {
                let [rate, burst] = self.numbers(["rate", "burst"])?;
                let bucket = TokenBucket::new(rate, burst).map_err(wrong)?;
                Ok(Profile::TokenBucket(bucket, self.unit.unwrap_or_default()))
            }
            "srtcm" => {
                let [cir, cbs, ebs] = self.numbers(["cir", "cbs", "ebs"])?;
                SrTcm::new(cir, cbs, ebs).map(Profile::SrTcm).map_err(wrong)
            }
            "trtcm" => {
                let [cir, cbs, pir, pbs] = self.numbers(["cir", "cbs", "pir", "pbs"])?;
                TrTcm::new(cir, cbs, pir, pbs).map(Profile::TrTcm).map_err(wrong)
            }
            "rfc4115" => {
                let [cir, cbs, eir, ebs] = self.numbers(["cir", "cbs", "eir", "ebs"])?;
                Rfc4115::new(cir, cbs, eir, ebs).map(Profile::Rfc4115).map_err(wrong)
            }
            other => Err(format!("meter: {other} is none of token-bucket, srtcm, trtcm, rfc4115")),
        }
    }

    pub(super) fn write(profile: &Profile, mode: Mode) -> Self {
        match profile {
            Profile::TokenBucket(bucket, unit) => Self {
                rate: Some(bucket.rate()),
                burst: Some(bucket.burst()),
                unit: Some(*unit),
                ..Self::new("token-bucket", mode)
            },
            Profile::SrTcm(meter) => {
                let [cir, cbs, ebs] = meter.parameters().map(Some);
                Self { cir, cbs, ebs, ..Self::new("srtcm", mode) }
            }
            Profile::TrTcm(meter) => {
                let [cir, cbs, pir, pbs] = meter.parameters().map(Some);
                Self { cir, cbs, pir, pbs, ..Self::new("trtcm", mode) }
            }
            Profile::Rfc4115(meter) => {
                let [cir, cbs, eir, ebs] = meter.parameters().map(Some);
                Self { cir, cbs, eir, ebs, ..Self::new("rfc4115", mode) }
            }
        }
    }
}
