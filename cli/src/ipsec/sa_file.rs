//! The file of associations: JSON in the words of `ip xfrm state`, what that command prints, or lines of Wireshark's table.

use std::fs;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use ip_wire::ip::Packet;
use ipsec_wire::algorithm::{CombinedMode, Mac};
use ipsec_wire::natt::Encapsulation;
use ipsec_wire::{Aead, Builder, Cipher, Integrity, Keys, Suite, Tunnel};
use serde_json::{Map, Value as Json};

use super::imported::{self, Form, Pattern, Printed};

/// An association as the file has it.
#[derive(Clone)]
pub struct Association {
    /// Its place in the file, from 0.
    pub index: usize,
    /// Algorithms.
    pub suite: Suite,
    pub(super) encryption: Vec<u8>,
    pub(super) integrity: Vec<u8>,
    /// Security parameters index.
    pub spi: u32,
    /// Outer source in tunnel mode, else the packets'.
    pub source: IpAddr,
    /// Outer destination in tunnel mode, else the packets'.
    pub destination: IpAddr,
    /// Tunnel mode.
    pub tunnel: bool,
    /// UDP around ESP.
    pub encapsulation: Option<Encapsulation>,
    /// Extended sequence numbers.
    pub esn: bool,
    pub(super) replay_window: u32,
    pub(super) selector: Option<(Prefix, Prefix)>,
    pub(super) last_sent: u64,
    /// The highest number accepted so far.
    pub highest_received: u64,
    pub(super) ah_align: usize,
    pub(super) tfc_pad: u16,
    pub(super) printed: Option<Box<Printed>>,
    pub(super) pattern: Option<Pattern>,
}

impl std::fmt::Debug for Association {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Association").field("spi", &self.spi).field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// Which end of an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Of the sender.
    Sender,
    /// Of the receiver.
    Receiver,
}

impl Association {
    /// Calls `with` with a builder for one end.
    ///
    /// # Errors
    /// If the tunnel's ends are not of one IP version; those of `with`.
    pub fn build<R>(
        &self,
        end: End,
        with: impl FnOnce(Builder<'_>) -> Result<R, ipsec_wire::Error>,
    ) -> Result<R, ipsec_wire::Error> {
        if let Some(printed) = &self.printed {
            let builder = match end {
                End::Sender => printed.state.sender()?,
                End::Receiver => printed.state.receiver()?,
            };
            let builder = builder.received(self.highest_received, &[]).allow_reserved_spi();
            return with(if self.suite.has_integrity() { builder } else { builder.legacy_no_integrity() });
        }
        let mut builder = Builder::new(self.spi, self.suite, self.keys())
            .esn(self.esn)
            .replay_window(self.replay_window)
            .last_sent(self.last_sent)
            .received(self.highest_received, &[])
            .pad_to(self.tfc_pad)
            // Captures of test benches have such SPIs.
            .allow_reserved_spi();
        // Old captures have no integrity.
        if !self.suite.has_integrity() {
            builder = builder.legacy_no_integrity();
        }
        if self.tunnel {
            let (local, remote) = match end {
                End::Sender => (self.source, self.destination),
                End::Receiver => (self.destination, self.source),
            };
            builder = builder.tunnel(Tunnel::new(local, remote)?);
        }
        if let Some(encapsulation) = self.encapsulation {
            builder = builder.encapsulation(encapsulation);
        }
        // The alignment is Linux's, and with it the rest of what Linux does.
        builder = if self.ah_align == 8 { builder.linux() } else { builder.ah_alignment(self.ah_align) };
        with(builder)
    }

    /// The keys.
    #[must_use]
    pub fn keys(&self) -> Keys<'_> {
        Keys { encryption: &self.encryption, integrity: &self.integrity }
    }

    /// Whether a packet to be sealed is this association's: by its selector; without one, in transport mode by the addresses, in tunnel mode any is. An
    /// association that is `alone` and has no selector takes every packet.
    #[must_use]
    pub fn takes(&self, packet: &Packet<'_>, alone: bool) -> bool {
        if let Some(pattern) = &self.pattern {
            return pattern.has(packet.source(), packet.destination());
        }
        if let Some(takes) = self.printed.as_ref().and_then(|printed| printed.takes(packet)) {
            return takes;
        }
        match &self.selector {
            Some((source, destination)) => source.contains(packet.source()) && destination.contains(packet.destination()),
            None => alone || self.tunnel || (packet.source(), packet.destination()) == (self.source, self.destination),
        }
    }

    /// Whether this association, or one that its line of Wireshark's stands for, has an SPI.
    #[must_use]
    pub fn has_spi(&self, spi: u32) -> bool {
        self.pattern.as_ref().map_or(self.spi == spi, |pattern| pattern.spi.matches(spi))
    }

    /// Whether its packets go to `destination`.
    #[must_use]
    pub fn goes_to(&self, destination: IpAddr) -> bool {
        self.pattern.as_ref().map_or(self.destination == destination, |pattern| pattern.has_destination(destination))
    }

    /// Whether this association's packets are AH's.
    #[must_use]
    pub const fn is_ah(&self) -> bool {
        matches!(self.suite, Suite::Ah(_))
    }
}

/// Addresses that start with the same bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Prefix {
    address: IpAddr,
    len: u32,
}

impl Prefix {
    fn parse(text: &str) -> Result<Self> {
        let (address, len) = text.split_once('/').map_or((text, None), |(address, len)| (address, Some(len)));
        let address: IpAddr = address.parse().with_context(|| format!("`{text}` is no address or prefix"))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let len = match len {
            None => most,
            Some(len) => len.parse().ok().filter(|len| *len <= most).ok_or_else(|| anyhow!("`{text}` is no prefix"))?,
        };
        Ok(Self { address, len })
    }

    fn contains(&self, address: IpAddr) -> bool {
        let host = |most: u32| most.saturating_sub(self.len);
        match (self.address, address) {
            (IpAddr::V4(prefix), IpAddr::V4(address)) => {
                (prefix.to_bits() ^ address.to_bits()).checked_shr(host(32)).unwrap_or(0) == 0
            }
            (IpAddr::V6(prefix), IpAddr::V6(address)) => {
                (prefix.to_bits() ^ address.to_bits()).checked_shr(host(128)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// Reads a file of associations.
///
/// # Errors
/// With the file's name, the association's number and the key that is wrong.
pub fn read(path: &Path) -> Result<Vec<Association>> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| name.to_string())?;
    parse(&text).with_context(|| name.to_string())
}

fn parse(text: &str) -> Result<Vec<Association>> {
    match Form::of(text)? {
        Form::Json => parse_json(text),
        Form::State => imported::states(text),
        Form::EspSa => imported::lines(text),
    }
}

fn parse_json(text: &str) -> Result<Vec<Association>> {
    let json: Json = serde_json::from_str(text)?;
    let list = json.as_array().ok_or_else(|| anyhow!("not a list of associations"))?;
    if list.is_empty() {
        bail!("the list has no association");
    }
    let each = list.iter().enumerate();
    each.map(|(index, sa)| association(index, sa).with_context(|| format!("association {}", index.saturating_add(1)))).collect()
}

const KEYS: [&str; 18] = [
    "proto",
    "mode",
    "spi",
    "src",
    "dst",
    "auth",
    "enc",
    "aead",
    "esn",
    "replay_window",
    "encap",
    "sel",
    "seq",
    "seq_hi",
    "replay_seq",
    "replay_seq_hi",
    "ah_align",
    "tfc_pad",
];

fn association(index: usize, json: &Json) -> Result<Association> {
    let map = object(json, &KEYS)?;
    let tunnel = match text(map, "mode")? {
        "tunnel" => true,
        "transport" => false,
        other => bail!("mode: `{other}` is neither tunnel nor transport"),
    };
    let (suite, encryption, integrity) = algorithms(map)?;
    let encapsulation = present(map, "encap").map(encapsulation).transpose().context("encap")?;
    let selector = present(map, "sel").map(selector).transpose().context("sel")?;
    let number = |key: &str, default: u64| optional(map, key, default);
    let whole = |low: &str, high: &str, default: u64| -> Result<u64> {
        let (low_half, high_half) = (number(low, default)?, number(high, 0)?);
        if low_half > u64::from(u32::MAX) || high_half > u64::from(u32::MAX) {
            bail!("{low} and {high} have 32 bits each");
        }
        Ok((high_half << 32) | low_half)
    };
    let esn = match map.get("esn") {
        None => false,
        Some(esn) => esn.as_bool().ok_or_else(|| anyhow!("esn: neither true nor false"))?,
    };
    let association = Association {
        index,
        suite,
        encryption,
        integrity,
        spi: fit(spi(map)?, "spi")?,
        source: address(map, "src")?,
        destination: address(map, "dst")?,
        tunnel,
        encapsulation,
        esn,
        replay_window: fit(number("replay_window", 64)?, "replay_window")?,
        selector,
        last_sent: whole("seq", "seq_hi", 1)?.saturating_sub(1),
        highest_received: whole("replay_seq", "replay_seq_hi", 0)?,
        ah_align: fit(number("ah_align", 4)?, "ah_align")?,
        tfc_pad: fit(number("tfc_pad", 0)?, "tfc_pad")?,
        printed: None,
        pattern: None,
    };
    // What makes no sense is found before any packet is read.
    association.build(End::Receiver, |builder| builder.inbound().map(drop))?;
    Ok(association)
}

fn algorithms(map: &Map<String, Json>) -> Result<(Suite, Vec<u8>, Vec<u8>)> {
    let ah = match text(map, "proto")? {
        "ah" => true,
        "esp" => false,
        other => bail!("proto: `{other}` is neither ah nor esp"),
    };
    let part = |key: &str, keys: &[&str]| {
        present(map, key).map(|json| algorithm(json, keys)).transpose().with_context(|| key.to_owned())
    };
    let (auth, enc) = (part("auth", &["name", "key", "trunc_bits"])?, part("enc", &["name", "key"])?);
    let aead = part("aead", &["name", "key", "icv_bits"])?;
    Ok(match (ah, auth, enc, aead) {
        (true, Some(auth), None, None) => (Suite::Ah(integrity(&auth)?), Vec::new(), auth.key),
        (true, ..) => bail!("ah takes `auth` and nothing else"),
        (false, auth, Some(enc), None) => {
            let integrity = auth.as_ref().filter(|auth| auth.name != "digest_null").map(integrity).transpose()?;
            let key = auth.filter(|_| integrity.is_some()).map(|auth| auth.key).unwrap_or_default();
            (Suite::Esp { cipher: cipher(&enc.name)?, integrity }, enc.key, key)
        }
        (false, None, None, Some(aead)) => (Suite::EspCombined(combined(&aead)?), aead.key, Vec::new()),
        (false, ..) => bail!("esp takes `enc` with `auth`, or `aead`"),
    })
}

struct Algorithm {
    name: String,
    key: Vec<u8>,
    bits: Option<u64>,
}

fn algorithm(json: &Json, keys: &[&str]) -> Result<Algorithm> {
    let map = object(json, keys)?;
    let key = map.get("key").and_then(Json::as_str).unwrap_or_default();
    let bits = keys.get(2).and_then(|key| map.get(*key)).map(|bits| bits.as_u64().ok_or_else(|| anyhow!("no number of bits")));
    Ok(Algorithm { name: text(map, "name")?.to_owned(), key: hex(key).context("key")?, bits: bits.transpose()? })
}

fn integrity(auth: &Algorithm) -> Result<Integrity> {
    let (mac, bits) = match auth.name.as_str() {
        "hmac(md5)" => (Mac::HmacMd5, 96),
        "hmac(sha1)" => (Mac::HmacSha1, 96),
        "hmac(sha256)" => (Mac::HmacSha256, 128),
        "hmac(sha384)" => (Mac::HmacSha384, 192),
        "hmac(sha512)" => (Mac::HmacSha512, 256),
        "hmac(rmd160)" => (Mac::HmacRipemd160, 96),
        "xcbc(aes)" => (Mac::AesXcbc, 96),
        "cmac(aes)" => (Mac::AesCmac, 96),
        other => bail!("auth: no algorithm `{other}` here"),
    };
    let bits = auth.bits.unwrap_or(bits);
    if !bits.is_multiple_of(8) {
        bail!("auth: {bits} bits are no whole octets");
    }
    Integrity::new(mac, fit(bits / 8, "trunc_bits")?).map_err(Into::into)
}

fn cipher(name: &str) -> Result<Cipher> {
    Ok(match name {
        "ecb(cipher_null)" | "cipher_null" => Cipher::Null,
        "cbc(aes)" => Cipher::AesCbc,
        "rfc3686(ctr(aes))" => Cipher::AesCtr,
        "cbc(des3_ede)" => Cipher::TripleDesCbc,
        "cbc(des)" => Cipher::DesCbc,
        other => bail!("enc: no algorithm `{other}` here"),
    })
}

fn combined(aead: &Algorithm) -> Result<Aead> {
    let mode = match aead.name.as_str() {
        "rfc4106(gcm(aes))" => CombinedMode::AesGcm,
        "rfc4309(ccm(aes))" => CombinedMode::AesCcm,
        "rfc4543(gcm(aes))" => CombinedMode::AesGmac,
        "rfc7539esp(chacha20,poly1305)" => CombinedMode::ChaCha20Poly1305,
        other => bail!("aead: no algorithm `{other}` here"),
    };
    let bits = aead.bits.unwrap_or(128);
    Ok(match (mode, bits) {
        (CombinedMode::AesGcm, 128) => Aead::AES_GCM_16,
        (CombinedMode::AesGcm, 96) => Aead::AES_GCM_12,
        (CombinedMode::AesGcm, 64) => Aead::AES_GCM_8,
        (CombinedMode::AesCcm, 128) => Aead::AES_CCM_16,
        (CombinedMode::AesCcm, 96) => Aead::AES_CCM_12,
        (CombinedMode::AesCcm, 64) => Aead::AES_CCM_8,
        (CombinedMode::AesGmac, 128) => Aead::AES_GMAC,
        (CombinedMode::ChaCha20Poly1305, 128) => Aead::CHACHA20_POLY1305,
        (_, bits) => bail!("aead: no ICV of {bits} bits with {}", aead.name),
    })
}

fn encapsulation(json: &Json) -> Result<Encapsulation> {
    let map = object(json, &["sport", "dport", "type"])?;
    let port = |key: &str| optional(map, key, u64::from(ipsec_wire::natt::PORT)).and_then(|port| fit(port, key));
    let non_ike_marker = match map.get("type").and_then(Json::as_str) {
        None | Some("espinudp") => false,
        Some("espinudp-nonike") => true,
        Some(other) => bail!("type: `{other}` is neither espinudp nor espinudp-nonike"),
    };
    let (source_port, destination_port) = (port("sport")?, port("dport")?);
    Ok(Encapsulation { source_port, destination_port, non_ike_marker, ..Encapsulation::new() })
}

fn selector(json: &Json) -> Result<(Prefix, Prefix)> {
    let map = object(json, &["src", "dst"])?;
    Ok((Prefix::parse(text(map, "src")?)?, Prefix::parse(text(map, "dst")?)?))
}

fn object<'a>(json: &'a Json, keys: &[&str]) -> Result<&'a Map<String, Json>> {
    let map = json.as_object().ok_or_else(|| anyhow!("not an object"))?;
    match map.keys().find(|key| !keys.contains(&key.as_str())) {
        Some(key) => bail!("no key `{key}` is known here"),
        None => Ok(map),
    }
}

/// What a key has, if it is there and not null.
fn present<'a>(map: &'a Map<String, Json>, key: &str) -> Option<&'a Json> {
    map.get(key).filter(|json| !json.is_null())
}

fn text<'a>(map: &'a Map<String, Json>, key: &str) -> Result<&'a str> {
    map.get(key).and_then(Json::as_str).ok_or_else(|| anyhow!("{key}: missing, or no text"))
}

fn address(map: &Map<String, Json>, key: &str) -> Result<IpAddr> {
    let address = text(map, key)?;
    address.parse().map_err(|_| anyhow!("{key}: `{address}` is no address"))
}

fn optional(map: &Map<String, Json>, key: &str, default: u64) -> Result<u64> {
    map.get(key).map_or(Ok(default), |number| number.as_u64().ok_or_else(|| anyhow!("{key}: no whole number")))
}

/// An SPI: a number, or one in hexadecimal as `ip xfrm` prints it.
fn spi(map: &Map<String, Json>) -> Result<u64> {
    let spi = map.get("spi").ok_or_else(|| anyhow!("spi: missing"))?;
    let text = spi.as_str().and_then(|text| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok());
    spi.as_u64().or(text).ok_or_else(|| anyhow!("spi: no number"))
}

fn fit<T: TryFrom<u64>>(number: u64, key: &str) -> Result<T> {
    T::try_from(number).map_err(|_| anyhow!("{key}: {number} does not fit"))
}

/// Octets in hexadecimal, with 0x or without.
///
/// # Errors
/// For an odd number of digits, and what is no digit.
pub(crate) fn hex(text: &str) -> Result<Vec<u8>> {
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    if !digits.len().is_multiple_of(2) {
        bail!("an odd number of hexadecimal digits");
    }
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks_exact(2).map(|pair| octet(pair).ok_or_else(|| anyhow!("no hexadecimal digits"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the file's description, its keys made whole.
    const EXAMPLE: &str = r#"[{"proto":"esp","mode":"tunnel","spi":4096,"src":"192.0.2.1","dst":"192.0.2.2",
        "auth":{"name":"hmac(sha1)","key":"0x000102030405060708090a0b0c0d0e0f10111213","trunc_bits":96},
        "enc":{"name":"cbc(aes)","key":"0x000102030405060708090a0b0c0d0e0f"},"esn":false,"replay_window":64,
        "encap":{"sport":4500,"dport":4500},"sel":{"src":"10.1.0.0/16","dst":"10.2.0.1"},"seq":1,"seq_hi":0,
        "replay_seq":0,"replay_seq_hi":0,"ah_align":4,"tfc_pad":0}]"#;

    #[test]
    fn the_example_is_read() {
        let sas = parse(EXAMPLE).unwrap();
        let sa = sas.first().unwrap();
        assert_eq!((sa.spi, sa.tunnel, sa.esn, sa.last_sent, sa.highest_received), (4096, true, false, 0, 0));
        let cipher = Cipher::AesCbc;
        assert_eq!(sa.suite, Suite::Esp { cipher, integrity: Some(Integrity::HMAC_SHA1_96) });
        assert_eq!(sa.encapsulation, Some(Encapsulation::new()));
        assert!(!format!("{sa:?}").contains("key"));
    }

    #[test]
    fn what_is_null_is_left_out() {
        let sas = parse(&EXAMPLE.replace(r#""encap":{"sport":4500,"dport":4500}"#, r#""encap":null,"aead":null"#)).unwrap();
        assert_eq!(sas.first().unwrap().encapsulation, None);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (r#""esn":false"#, r#""esm":false"#, "esm"),
            (r#""spi":4096"#, r#""spi":4294967296"#, "spi"),
            (r#""trunc_bits":96"#, r#""trunc_bits":88"#, "ICV length"),
            ("10111213\"", "101112\"", "integrity key"),
            (r#""mode":"tunnel""#, r#""mode":"beet""#, "beet"),
            (r#""dst":"192.0.2.2""#, r#""dst":"2001:db8::1""#, "tunnel endpoint"),
            (r#""seq_hi":0"#, r#""seq_hi":4294967296"#, "32 bits"),
            ("hmac(sha1)", "hmac(sha3)", "sha3"),
            ("10.1.0.0/16", "10.1.0.0/33", "no prefix"),
        ];
        for (from, to, expected) in cases {
            assert!(EXAMPLE.contains(from), "{from}");
            let error = format!("{:#}", parse(&EXAMPLE.replace(from, to)).unwrap_err());
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_prefix_has_the_addresses_that_start_with_it() {
        let of = |text: &str| Prefix::parse(text).unwrap();
        assert!(of("10.1.0.0/16").contains("10.1.255.1".parse().unwrap()));
        assert!(!of("10.1.0.0/16").contains("10.2.0.1".parse().unwrap()));
        assert!(of("0.0.0.0/0").contains("10.2.0.1".parse().unwrap()));
        assert!(!of("0.0.0.0/0").contains("::1".parse().unwrap()));
        assert!(of("2001:db8::/32").contains("2001:db8:1::1".parse().unwrap()));
        assert!(!of("2001:db8::1").contains("2001:db8::2".parse().unwrap()));
    }
}
