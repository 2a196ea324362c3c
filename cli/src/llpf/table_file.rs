//! The file of a key table.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use llpf_wire::{Algorithm, HostId, KeyTable};
use serde_json::{Map, Value as Json, json};

use crate::ipsec::hex;

/// Keys that the object has, all of them needed.
const KEYS: [&str; 6] = ["version", "host_id", "algorithm", "period_s", "start_s", "keys"];

/// Reads a table and whose it is.
pub(super) fn read(path: &Path) -> Result<(HostId, KeyTable)> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> Result<(HostId, KeyTable)> {
    let json: Json = serde_json::from_str(text)?;
    let map = json.as_object().context("an object is needed")?;
    if let Some(unknown) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
        bail!("unknown key `{unknown}`");
    }
    match field(map, "version")?.as_u64() {
        Some(1) => {}
        _ => bail!("version: 1 is needed"),
    }
    let host = field(map, "host_id")?.as_u64().and_then(|host| u16::try_from(host).ok());
    let host = host.context("host_id: a number from 0 to 65535 is needed")?;
    let name = field(map, "algorithm")?.as_str().context("algorithm: a name is needed")?;
    let algorithm = Algorithm::from_name(name).ok_or_else(|| anyhow!("algorithm: `{name}` is not known"))?;
    let (period, start) = (seconds(map, "period_s")?, seconds(map, "start_s")?);
    let list = field(map, "keys")?.as_array().context("keys: a list is needed")?;
    let mut keys = Vec::with_capacity(list.len());
    for (index, key) in list.iter().enumerate() {
        let text = key.as_str().with_context(|| format!("keys: {index}: hexadecimal digits are needed"))?;
        let key = hex(text).with_context(|| format!("keys: {index}"))?;
        algorithm.check_key_len(key.len()).with_context(|| format!("keys: {index}"))?;
        keys.push(key);
    }
    Ok((HostId(host), KeyTable::new(algorithm, start, period, &keys)?))
}

fn field<'a>(map: &'a Map<String, Json>, key: &str) -> Result<&'a Json> {
    map.get(key).with_context(|| format!("key `{key}` is missing"))
}

fn seconds(map: &Map<String, Json>, key: &str) -> Result<Duration> {
    let value = field(map, key)?;
    let time = match value.as_u64() {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    };
    time.with_context(|| format!("{key}: a number of seconds is needed"))
}

/// The file of a table.
pub(super) fn print(host: HostId, table: &KeyTable) -> String {
    let schedule = table.schedule();
    let keys: Vec<String> = (0..=u16::MAX)
        .map_while(|index| table.key(index))
        .map(|key| key.iter().map(|octet| format!("{octet:02x}")).collect())
        .collect();
    json!({
        "version": 1,
        "host_id": host.0,
        "algorithm": table.algorithm().name(),
        "period_s": number(schedule.period()),
        "start_s": number(schedule.start()),
        "keys": keys,
    })
    .to_string()
}

fn number(time: Duration) -> Json {
    if time.subsec_nanos() == 0 { json!(time.as_secs()) } else { json!(time.as_secs_f64()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the file's description, its list made whole.
    const EXAMPLE: &str = r#"{"version":1,"host_id":1,"algorithm":"hmac-md5","period_s":15,"start_s":0,"keys":["00112233445566778899aabbccddeeff"]}"#;

    #[test]
    fn the_example_is_read_and_written_again() {
        let (host, table) = parse(EXAMPLE).unwrap();
        assert_eq!((host, table.algorithm(), table.len()), (HostId(1), Algorithm::HmacMd5, 1));
        assert_eq!((table.schedule().period().as_secs(), table.schedule().start().as_secs()), (15, 0));
        assert_eq!(table.key(0).unwrap()[..3], [0x00, 0x11, 0x22]);
        assert_eq!(print(host, &table), EXAMPLE);
        let (_, table) = parse(&EXAMPLE.replace("15", "0.25").replace("\"start_s\":0", "\"start_s\":1700000000.5")).unwrap();
        assert_eq!(
            (table.schedule().period(), table.schedule().start()),
            (Duration::from_millis(250), Duration::from_millis(1_700_000_000_500))
        );
        assert!(print(host, &table).contains(r#""period_s":0.25,"start_s":1700000000.5"#));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, expected) in [
            ("\"version\":1", "\"version\":2", "version: 1 is needed"),
            ("\"host_id\":1", "\"host_id\":65536", "host_id: a number from 0 to 65535 is needed"),
            ("\"host_id\":1", "\"host\":1", "unknown key `host`"),
            ("\"host_id\":1,", "", "key `host_id` is missing"),
            ("hmac-md5", "md5", "algorithm: `md5` is not known"),
            ("\"period_s\":15", "\"period_s\":-1", "period_s: a number of seconds is needed"),
            ("\"period_s\":15", "\"period_s\":0", "cryptoperiod: 0, at least 1 needed"),
            ("\"start_s\":0", "\"start_s\":\"x\"", "start_s: a number of seconds is needed"),
            ("[\"00", "[\"0", "keys: 0: an odd number of hexadecimal digits"),
            ("[\"0011", "[\"00", "keys: 0: key: 15 octets, 16 needed"),
            ("[\"00", "[\"zz", "keys: 0: no hexadecimal digits"),
            ("\"00112233445566778899aabbccddeeff\"", "", "number of keys: 0, at least 1 needed"),
            ("\"00112233445566778899aabbccddeeff\"", "7", "keys: 0: hexadecimal digits are needed"),
            ("{", "[{", "EOF while parsing a list"),
        ] {
            let error = format!("{:#}", parse(&EXAMPLE.replacen(from, to, 1)).unwrap_err());
            assert!(error.contains(expected), "{error} / {expected}");
        }
        assert_eq!(format!("{:#}", parse("[]").unwrap_err()), "an object is needed");
    }
}
