//! Reading the IPsec vectors and recordings: associations from the names that they have there.

use std::convert::Infallible;
use std::net::IpAddr;

use ipsec_wire::algorithm::{CombinedMode, Mac};
use ipsec_wire::natt::Encapsulation;
use ipsec_wire::rand_core::{TryCryptoRng, TryRng};
use ipsec_wire::{Aead, Builder, Cipher, Integrity, Keys, PacketBuf, Suite, Tunnel};
use serde_json::Value;

/// The same numbers each time.
#[derive(Debug, Clone)]
pub struct TestRng(pub u64);

impl TryRng for TestRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|value| u32::try_from(value >> 32).unwrap_or(0))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(z ^ (z >> 31))
    }

    fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Infallible> {
        for octet in to {
            *octet = u8::try_from(self.try_next_u64()? >> 56).unwrap_or(0);
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}

/// An association read from a file, with its keys.
#[derive(Debug, Clone)]
pub struct Association {
    /// Algorithms.
    pub suite: Suite,
    /// Key of the cipher.
    pub encryption: Vec<u8>,
    /// Key of the integrity algorithm.
    pub integrity: Vec<u8>,
    /// SPI.
    pub spi: u32,
    /// Extended sequence numbers.
    pub esn: bool,
    /// Window.
    pub window: u32,
    /// The tunnel's ends, source first.
    pub tunnel: Option<(IpAddr, IpAddr)>,
    /// UDP around ESP.
    pub encapsulation: Option<Encapsulation>,
    /// AH alignment in IPv4.
    pub ah_alignment: usize,
    /// TFC padding.
    pub pad_to: u16,
    /// Flags of the recording.
    pub flags: Vec<String>,
}

impl Association {
    /// Calls `with` with a builder for the sender's end, or for the receiver's.
    pub fn build<R>(&self, sender: bool, with: impl FnOnce(Builder<'_>) -> R) -> R {
        let keys = Keys { encryption: &self.encryption, integrity: &self.integrity };
        let mut builder = Builder::new(self.spi, self.suite, keys)
            .esn(self.esn)
            .replay_window(self.window)
            .ah_alignment(self.ah_alignment)
            .pad_to(self.pad_to)
            .allow_reserved_spi()
            .legacy_no_integrity();
        if let Some((source, destination)) = self.tunnel {
            let (local, remote) = if sender { (source, destination) } else { (destination, source) };
            if let Ok(mut tunnel) = Tunnel::new(local, remote) {
                let has = |name: &str| self.flags.iter().any(|flag| flag == name);
                tunnel.copy_dscp_in = has("decap-dscp");
                if has("dont-encap-dscp") {
                    tunnel.dscp = ipsec_wire::sa::OuterDscp::Fixed(ip_wire::Dscp::CS0);
                }
                if has("nopmtudisc") {
                    tunnel.dont_fragment = ip_wire::tunnel::DontFragment::Clear;
                }
                builder = builder.tunnel(tunnel);
            }
        }
        if let Some(encapsulation) = self.encapsulation {
            builder = builder.encapsulation(encapsulation);
        }
        if self.ah_alignment == 8 {
            builder = builder.linux();
        }
        with(builder)
    }

    /// An association of the vectors, in their words.
    #[must_use]
    pub fn of_vector(vector: &Value) -> Option<Self> {
        let text = |key: &str| vector[key].as_str().unwrap_or_default();
        let icv_len = usize::try_from(vector["icv_len"].as_u64()?).ok()?;
        let mut encryption = hex(text("enc_key"));
        let mut integrity = hex(text("auth_key"));
        let salt = hex(text("salt"));
        let suite = if text("proto") == "AH" {
            if text("auth").ends_with("GMAC") {
                integrity.extend(&salt);
            }
            Suite::Ah(integrity_named(text("auth"), icv_len)?)
        } else {
            encryption.extend(&salt);
            match text("enc") {
                name if name.contains("GMAC") => Suite::EspCombined(Aead::AES_GMAC),
                name if name.contains("GCM") || name.contains("CCM") || name.contains("CHACHA") => {
                    let mode = if name.contains("GCM") {
                        CombinedMode::AesGcm
                    } else if name.contains("CCM") {
                        CombinedMode::AesCcm
                    } else {
                        CombinedMode::ChaCha20Poly1305
                    };
                    Suite::EspCombined(aead(mode, icv_len)?)
                }
                name => {
                    let cipher = match name {
                        "NULL" => Cipher::Null,
                        "3DES-CBC" => Cipher::TripleDesCbc,
                        "DES-CBC" => Cipher::DesCbc,
                        name if name.ends_with("CBC") => Cipher::AesCbc,
                        _ => Cipher::AesCtr,
                    };
                    Suite::Esp { cipher, integrity: integrity_named(text("auth"), icv_len) }
                }
            }
        };
        let ports = vector["natt_ports"].as_array().map(|_| Encapsulation::new());
        Some(Self {
            suite,
            encryption,
            integrity,
            spi: u32::try_from(vector["spi"].as_u64()?).ok()?,
            esn: vector["esn"].as_bool()?,
            window: 0,
            tunnel: None,
            encapsulation: ports,
            ah_alignment: 4,
            // The vectors say how much is added, an association how long the payload gets.
            pad_to: vector["tfc"]
                .as_u64()
                .and_then(|pad| u16::try_from(pad).ok()?.checked_add(u16::try_from(hex(text("plain")).len()).ok()?))
                .unwrap_or(0),
            flags: Vec::new(),
        })
    }

    /// An association of the recordings, in the words of `ip xfrm`.
    ///
    /// # Errors
    /// The name of an algorithm that is not known.
    pub fn of_xfrm(sa: &Value) -> Result<Self, String> {
        let key = |value: &Value| hex(value["key"].as_str().unwrap_or_default());
        let octets = |value: &Value| usize::try_from(value.as_u64().unwrap_or(0) / 8).unwrap_or(0);
        let name = |value: &Value| value["name"].as_str().unwrap_or_default().to_owned();
        let (mut encryption, mut integrity) = (Vec::new(), Vec::new());
        let auth = match &sa["auth"] {
            Value::Null => None,
            auth if name(auth) == "digest_null" => None,
            auth => {
                integrity = key(auth);
                let mac = match name(auth).as_str() {
                    "hmac(md5)" => Mac::HmacMd5,
                    "hmac(sha1)" => Mac::HmacSha1,
                    "hmac(sha256)" => Mac::HmacSha256,
                    "hmac(sha384)" => Mac::HmacSha384,
                    "hmac(sha512)" => Mac::HmacSha512,
                    "hmac(rmd160)" => Mac::HmacRipemd160,
                    "xcbc(aes)" => Mac::AesXcbc,
                    "cmac(aes)" => Mac::AesCmac,
                    other => return Err(format!("authentication {other}")),
                };
                Some(Integrity::new(mac, octets(&auth["trunc_bits"])).map_err(|error| error.to_string())?)
            }
        };
        let suite = if sa["proto"] == "ah" {
            Suite::Ah(auth.ok_or("AH without authentication")?)
        } else if sa["aead"].is_object() {
            encryption = key(&sa["aead"]);
            let mode = match name(&sa["aead"]).as_str() {
                "rfc4106(gcm(aes))" => CombinedMode::AesGcm,
                "rfc4309(ccm(aes))" => CombinedMode::AesCcm,
                "rfc4543(gcm(aes))" => CombinedMode::AesGmac,
                "rfc7539esp(chacha20,poly1305)" => CombinedMode::ChaCha20Poly1305,
                other => return Err(format!("combined mode {other}")),
            };
            Suite::EspCombined(aead(mode, octets(&sa["aead"].get("icv_bits").cloned().unwrap_or_default())).ok_or("ICV length")?)
        } else {
            encryption = key(&sa["enc"]);
            let cipher = match name(&sa["enc"]).as_str() {
                "ecb(cipher_null)" | "cipher_null" => Cipher::Null,
                "cbc(aes)" => Cipher::AesCbc,
                "rfc3686(ctr(aes))" => Cipher::AesCtr,
                "cbc(des3_ede)" => Cipher::TripleDesCbc,
                "cbc(des)" => Cipher::DesCbc,
                other => return Err(format!("encryption {other}")),
            };
            Suite::Esp { cipher, integrity: auth }
        };
        let address = |key: &str| sa[key].as_str().unwrap_or_default().parse::<IpAddr>().map_err(|error| error.to_string());
        let flags = |key: &str| {
            let flags = sa[key].as_array().cloned().unwrap_or_default();
            flags.iter().filter_map(|flag| flag.as_str().map(str::to_owned)).collect::<Vec<_>>()
        };
        let mut all = flags("flags");
        all.extend(flags("extra_flags"));
        let port =
            |key: &str| sa["encap"].get(key).and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
        let encapsulation = sa["encap"].is_object().then(|| Encapsulation {
            source_port: port("sport"),
            destination_port: port("dport"),
            non_ike_marker: sa["encap"].get("type").is_some_and(|kind| kind == "espinudp-nonike"),
            ipv6_checksum: false,
        });
        let spi = sa["spi"].as_str().unwrap_or_default().trim_start_matches("0x");
        Ok(Self {
            suite,
            encryption,
            integrity,
            spi: u32::from_str_radix(spi, 16).map_err(|error| error.to_string())?,
            esn: sa["esn"].as_bool().unwrap_or(false),
            window: sa["replay_window"].as_u64().and_then(|window| u32::try_from(window).ok()).unwrap_or(0),
            tunnel: if sa["mode"] == "tunnel" { Some((address("src")?, address("dst")?)) } else { None },
            encapsulation,
            ah_alignment: if all.iter().any(|flag| flag == "align4") { 4 } else { 8 },
            pad_to: sa["tfcpad"].as_u64().and_then(|pad| u16::try_from(pad).ok()).unwrap_or(0),
            flags: all,
        })
    }
}

fn integrity_named(name: &str, icv_len: usize) -> Option<Integrity> {
    let mac = match name {
        "HMAC-MD5-96" => Mac::HmacMd5,
        "HMAC-SHA1-96" => Mac::HmacSha1,
        "HMAC-SHA2-256-128" => Mac::HmacSha256,
        "HMAC-SHA2-384-192" => Mac::HmacSha384,
        "HMAC-SHA2-512-256" => Mac::HmacSha512,
        "AES-XCBC-96" => Mac::AesXcbc,
        "AES-CMAC-96" => Mac::AesCmac,
        "AES-128-GMAC" => return Some(Integrity::AES_GMAC),
        _ => return None,
    };
    Integrity::new(mac, icv_len).ok()
}

/// A combined mode with an ICV of so many octets.
#[must_use]
pub fn aead(mode: CombinedMode, icv_len: usize) -> Option<Aead> {
    match (mode, icv_len) {
        (CombinedMode::AesGcm, 16) => Some(Aead::AES_GCM_16),
        (CombinedMode::AesGcm, 12) => Some(Aead::AES_GCM_12),
        (CombinedMode::AesGcm, 8) => Some(Aead::AES_GCM_8),
        (CombinedMode::AesCcm, 16) => Some(Aead::AES_CCM_16),
        (CombinedMode::AesCcm, 12) => Some(Aead::AES_CCM_12),
        (CombinedMode::AesCcm, 8) => Some(Aead::AES_CCM_8),
        (CombinedMode::AesGmac, 16) => Some(Aead::AES_GMAC),
        (CombinedMode::ChaCha20Poly1305, 16) => Some(Aead::CHACHA20_POLY1305),
        _ => None,
    }
}

/// Octets of a hexadecimal text.
#[must_use]
pub fn hex(text: &str) -> Vec<u8> {
    let digits = text.trim_start_matches("0x");
    let octets = digits.as_bytes().chunks_exact(2).map(|pair| std::str::from_utf8(pair).ok());
    octets.filter_map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

/// A packet with room around it.
///
/// # Panics
/// Never: the room is made here.
#[must_use]
pub fn buffer(octets: &[u8]) -> PacketBuf<Vec<u8>> {
    let mut storage = vec![0u8; 128];
    storage.extend(octets);
    storage.extend([0; 512]);
    PacketBuf::new(storage, 128, octets.len()).unwrap_or_else(|_| unreachable!())
}
