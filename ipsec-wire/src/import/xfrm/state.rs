//! `ip xfrm state`.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;

use ip_wire::Protocol;

use super::super::text::Piece;
use super::super::{Cipher, Combined, Integrity, Key, Keyed, Protection};
use super::lines::{self, check_whole, end, mark, next_line, remark};
use super::{Encapsulation, EncapsulationKind, Lifetime, Mark, Mode, Offload, Selector, Time, Usage};
use super::{mode, next_record, once, xfrm_protocol};
use crate::error::{Error, Field, Problem};

/// One SA of a kernel.
#[derive(Debug, Clone)]
pub struct State {
    /// Source address: a tunnel's end, or the sender.
    pub source: IpAddr,
    /// Destination address: a tunnel's end, or the receiver.
    pub destination: IpAddr,
    /// ESP, AH, IPComp, or one of mobile IPv6.
    pub protocol: Protocol,
    /// The SPI; protocols without one have none.
    pub spi: Option<u32>,
    /// What ties it to policy.
    pub reqid: u32,
    /// How packets are carried.
    pub mode: Mode,
    /// The anti-replay window, in packets: 0, off. For windows over 32, and extended numbers, see [`State::replay`].
    pub replay_window: u32,
    /// Key management's number, with `-s`.
    pub sequence: Option<u32>,
    /// Flags.
    pub flags: StateFlags,
    /// More flags, printed with `-s` only.
    pub extra_flags: ExtraFlags,
    /// The mark that its packets have.
    pub mark: Option<Mark>,
    /// The mark that its packets get.
    pub output_mark: Option<Mark>,
    /// Algorithms and keys.
    pub protection: Protection,
    /// The compression algorithm's name, of IPComp.
    pub compression: Option<String>,
    /// Encapsulation.
    pub encapsulation: Option<Encapsulation>,
    /// Mobile IPv6's care-of address.
    pub care_of: Option<IpAddr>,
    /// When it was used last.
    pub last_used: Option<Time>,
    /// Sequence numbers so far.
    pub replay: Option<ReplayState>,
    /// A device that does some of the work.
    pub offload: Option<Offload>,
    /// The XFRM interface that it belongs to.
    pub interface: Option<u32>,
    /// Payload is padded to this length.
    pub tfc_pad: Option<u32>,
    /// Whether it is for packets that come in; not printed by older systems.
    pub inbound: Option<bool>,
    /// The CPU that it belongs to.
    pub cpu: Option<u32>,
    /// Which packets it may carry.
    pub selector: Option<Selector>,
    /// Limits, with `-s`.
    pub lifetime: Option<Lifetime>,
    /// Use so far, with `-s`.
    pub usage: Option<Usage>,
    /// Packets refused, with `-s`.
    pub statistics: Option<Statistics>,
    /// The security context.
    pub context: Option<String>,
}

macro_rules! flags {
    ($(#[$outer:meta])* $name:ident($bits:ty) { $($(#[$doc:meta])* $flag:ident = $value:literal, $word:literal;)* }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub $bits);

        impl $name {
            $($(#[$doc])* pub const $flag: Self = Self($value);)*

            /// Whether all flags of `other` are set.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Reads a flag's word, or digits of those that have none, and sets it.
            pub(super) fn set(&mut self, word: &Piece<'_>) -> Result<(), Error> {
                let bits = match word.text {
                    $($word => Some($value),)*
                    digits => <$bits>::from_str_radix(digits, 16).ok(),
                };
                self.0 |= word.one_of(Field::Flags, bits)?;
                Ok(())
            }
        }
    };
}
pub(super) use flags;

flags! {
    /// Flags of an SA; those without a name survive.
    StateFlags(u8) {
        /// ECN is not copied.
        NO_ECN = 0x01, "noecn";
        /// DSCP is copied to the inner header.
        DECAP_DSCP = 0x02, "decap-dscp";
        /// DF is not set.
        NO_PMTU_DISCOVERY = 0x04, "nopmtudisc";
        /// Packets from any source are taken.
        WILD_RECEIVE = 0x08, "wildrecv";
        /// ICMP errors about other packets may pass.
        ICMP = 0x10, "icmp";
        /// Inner packets of both IP versions.
        AF_UNSPEC = 0x20, "af-unspec";
        /// AH in IPv4 is padded to 4 octets and not 8.
        ALIGN4 = 0x40, "align4";
        /// Extended sequence numbers.
        ESN = 0x80, "esn";
    }
}

flags! {
    /// More flags of an SA; those without a name survive.
    ExtraFlags(u32) {
        /// DSCP is not copied to the outer header.
        DONT_ENCAP_DSCP = 0x01, "dont-encap-dscp";
        /// The sequence number may cycle.
        OSEQ_MAY_WRAP = 0x02, "oseq-may-wrap";
    }
}

/// Sequence numbers of an SA so far.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReplayState {
    /// The highest number received, with its upper 32 bits.
    pub received: u64,
    /// The last number sent, with its upper 32 bits.
    pub sent: u64,
    /// The window's size, where the context says it.
    pub size: Option<u32>,
    /// Which numbers of the window were received, as [`crate::replay::Window::restore`] takes it.
    pub bitmap: Vec<u64>,
}

/// Packets that an SA refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Statistics {
    /// Left of the anti-replay window.
    pub replay_window: u32,
    /// Received before.
    pub replay: u32,
    /// With a wrong ICV.
    pub failed: u32,
}

/// Reads what `ip xfrm state` prints, one SA after another. An SA that can't be read gives its error, and the next one is read.
#[must_use]
pub const fn states(text: &str) -> States<'_> {
    States { rest: Piece::whole(text) }
}

/// See [`states`].
#[derive(Debug, Clone)]
pub struct States<'a> {
    rest: Piece<'a>,
}

impl Iterator for States<'_> {
    type Item = Result<State, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        next_record(&mut self.rest).map(State::parse)
    }
}

impl core::iter::FusedIterator for States<'_> {}

impl State {
    fn parse(mut record: Piece<'_>) -> Result<Self, Error> {
        let mut line = next_line(&mut record, Field::Record)?;
        line.expect("src", Field::Source)?;
        let source = line.value(Field::Source)?.address(Field::Source)?;
        line.expect("dst", Field::Destination)?;
        let destination = line.value(Field::Destination)?.address(Field::Destination)?;
        end(&mut line)?;
        let mut line = next_line(&mut record, Field::Protocol)?;
        let id = Id::parse(&mut line)?;
        let mut state = Self {
            source,
            destination,
            protocol: id.protocol,
            spi: id.spi,
            reqid: id.reqid,
            mode: id.mode,
            replay_window: 0,
            sequence: None,
            flags: StateFlags::default(),
            extra_flags: ExtraFlags::default(),
            mark: None,
            output_mark: None,
            protection: Protection::default(),
            compression: None,
            encapsulation: None,
            care_of: None,
            last_used: None,
            replay: None,
            offload: None,
            interface: None,
            tfc_pad: None,
            inbound: None,
            cpu: None,
            selector: None,
            lifetime: None,
            usage: None,
            statistics: None,
            context: None,
        };
        while let Some(mut line) = record.next_line() {
            if let Ok(word) = line.next_word() {
                state.attribute(word, &mut line, &mut record)?;
                end(&mut line)?;
            }
        }
        Ok(state)
    }

    /// One line, and those behind it that belong to it.
    fn attribute(&mut self, word: Piece<'_>, line: &mut Piece<'_>, lines: &mut Piece<'_>) -> Result<(), Error> {
        match word.text {
            "replay-window" => self.flags_line(line),
            "mark" => {
                once(&mut self.mark, mark(line)?, &word, Field::Mark)?;
                if line.accept("output-mark") { once(&mut self.output_mark, mark(line)?, &word, Field::Mark) } else { Ok(()) }
            }
            "output-mark" => once(&mut self.output_mark, mark(line)?, &word, Field::Mark),
            "auth" => once(&mut self.protection.integrity, keyed(line, Integrity::from_kernel, false)?, &word, Field::Algorithm),
            "auth-trunc" => {
                once(&mut self.protection.integrity, keyed(line, Integrity::from_kernel, true)?, &word, Field::Algorithm)
            }
            "enc" => once(&mut self.protection.cipher, keyed(line, Cipher::from_kernel, false)?, &word, Field::Algorithm),
            "aead" => once(&mut self.protection.combined, keyed(line, Combined::from_kernel, true)?, &word, Field::Algorithm),
            "comp" => {
                let name = line.value(Field::Algorithm)?;
                check_whole(&name)?;
                // A key, which compression has none of, and what -s says of its length.
                while line.next_word().is_ok() {}
                once(&mut self.compression, String::from(name.text), &word, Field::Algorithm)
            }
            "encap" => once(&mut self.encapsulation, encapsulation(line)?, &word, Field::Encapsulation),
            "coa" => {
                let address = line.value(Field::Address)?;
                check_whole(&address)?;
                once(&mut self.care_of, address.address(Field::Address)?, &word, Field::Address)
            }
            "lastused" => {
                self.last_used = lines::time(line)?;
                Ok(())
            }
            "anti-replay" => once(&mut self.replay, ReplayState::parse(line, lines)?, &word, Field::ReplayState),
            "crypto" => once(&mut self.offload, lines::offload(line)?, &word, Field::Device),
            "if_id" => once(&mut self.interface, line.number_value(Field::InterfaceId)?, &word, Field::InterfaceId),
            "tfcpad" => once(&mut self.tfc_pad, line.number_value(Field::TfcPad)?, &word, Field::TfcPad),
            "dir" => {
                let value = line.value(Field::Direction)?;
                let inbound = [("in", true), ("out", false)].into_iter().find(|(text, _)| *text == value.text);
                let (_, inbound) = value.one_of(Field::Direction, inbound)?;
                once(&mut self.inbound, inbound, &word, Field::Direction)
            }
            "pcpu-num" => once(&mut self.cpu, line.number_value(Field::Cpu)?, &word, Field::Cpu),
            "sel" => once(&mut self.selector, Selector::parse(line)?, &word, Field::Selectors),
            "lifetime" => {
                let which = line.value(Field::Lifetime)?;
                match which.text {
                    "config:" => once(&mut self.lifetime, lines::lifetime(lines)?, &word, Field::Lifetime),
                    "current:" => once(&mut self.usage, lines::usage(lines)?, &word, Field::Lifetime),
                    _ => Err(which.error(Field::Lifetime, Problem::Unknown)),
                }
            }
            "stats:" => {
                let mut line = next_line(lines, Field::Statistics)?;
                let mut count = |name| {
                    line.expect(name, Field::Statistics)?;
                    line.number_value(Field::Statistics)
                };
                let (replay_window, replay, failed) = (count("replay-window")?, count("replay")?, count("failed")?);
                end(&mut line)?;
                once(&mut self.statistics, Statistics { replay_window, replay, failed }, &word, Field::Statistics)
            }
            "security" => once(&mut self.context, lines::context(line)?, &word, Field::Keyword),
            _ => Err(word.error(Field::Keyword, Problem::Unknown)),
        }
    }

    /// `32 seq 0x00000000 flag noecn esn extra_flag oseq-may-wrap (0x10000001)`, behind `replay-window`. iproute2 writes no blank between the last
    /// flag and `extra_flag`, and key management's number in decimal digits behind 0x.
    fn flags_line(&mut self, line: &mut Piece<'_>) -> Result<(), Error> {
        self.replay_window = line.number_value(Field::ReplayWindow)?;
        let mut extra = false;
        while let Ok(mut word) = line.next_word() {
            if remark(&word) {
                continue;
            }
            let starts_extra = word.text.strip_suffix("extra_flag");
            word.text = starts_extra.unwrap_or(word.text);
            match word.text {
                "seq" => {
                    let value = line.value(Field::Index)?;
                    let digits = value.text.strip_prefix("0x").unwrap_or(value.text);
                    self.sequence = Some(Piece { text: digits, ..value }.number(Field::Index)?);
                }
                "flag" | "" => {}
                _ if extra => self.extra_flags.set(&word)?,
                _ => self.flags.set(&word)?,
            }
            extra |= starts_extra.is_some();
        }
        Ok(())
    }
}

/// `proto esp spi 0x00001000(4096) reqid 7(0x00000007) mode tunnel`.
pub(super) struct Id {
    pub(super) protocol: Protocol,
    pub(super) spi: Option<u32>,
    pub(super) reqid: u32,
    pub(super) mode: Mode,
}

impl Id {
    pub(super) fn parse(line: &mut Piece<'_>) -> Result<Self, Error> {
        line.expect("proto", Field::Protocol)?;
        let protocol = xfrm_protocol(&line.value(Field::Protocol)?)?;
        let spi = if line.accept("spi") { Some(line.number_value(Field::Spi)?) } else { None };
        line.expect("reqid", Field::Reqid)?;
        let reqid = line.number_value(Field::Reqid)?;
        line.expect("mode", Field::Mode)?;
        let mode = mode(&line.value(Field::Mode)?)?;
        end(line)?;
        Ok(Self { protocol, spi, reqid, mode })
    }
}

/// `hmac(sha256) 0x00 (8 bits) 128`: no digits are printed of a key that is empty, and `<<Keys hidden>>` in place of one that is not to be seen.
fn keyed<A>(line: &mut Piece<'_>, algorithm: fn(&str) -> Option<A>, has_icv: bool) -> Result<Keyed<A>, Error> {
    let name = line.value(Field::Algorithm)?;
    check_whole(&name)?;
    let algorithm = name.one_of(Field::Algorithm, algorithm(name.text))?;
    let mut ahead = *line;
    let key = match ahead.next_word() {
        Ok(word) if word.text.starts_with("0x") => {
            *line = ahead;
            Some(word.key(Field::Key)?)
        }
        Ok(word) if word.text == "<<Keys" => {
            *line = ahead;
            line.expect("hidden>>", Field::Key)?;
            None
        }
        Ok(word) => {
            check_whole(&word)?;
            Some(Key::from_octets(&[]))
        }
        Err(_) => Some(Key::from_octets(&[])),
    };
    // (128 bits)
    let mut ahead = *line;
    if ahead.next_word().is_ok_and(|word| word.text.starts_with('(')) && ahead.accept("bits)") {
        *line = ahead;
    }
    let icv_bits = if has_icv { Some(line.number_value(Field::IcvLen)?) } else { None };
    Ok(Keyed { algorithm, key, icv_bits })
}

/// `type espinudp sport 4500 dport 4500 addr 0.0.0.0`, behind `encap`.
fn encapsulation(line: &mut Piece<'_>) -> Result<Encapsulation, Error> {
    let word = line.value(Field::Encapsulation)?;
    check_whole(&word)?;
    if word.text != "type" {
        return Err(word.error(Field::Encapsulation, Problem::Unknown));
    }
    let word = line.value(Field::Encapsulation)?;
    let kind = match word.text {
        "espinudp-nonike" => Some(EncapsulationKind::UdpNonIke),
        "espinudp" => Some(EncapsulationKind::Udp),
        "espintcp" => Some(EncapsulationKind::Tcp),
        number => number.parse().ok().map(EncapsulationKind::Other),
    };
    let kind = word.one_of(Field::Encapsulation, kind)?;
    line.expect("sport", Field::Port)?;
    let source_port = line.number_value(Field::Port)?;
    line.expect("dport", Field::Port)?;
    let destination_port = line.number_value(Field::Port)?;
    line.expect("addr", Field::Address)?;
    let original = line.value(Field::Address)?.address(Field::Address)?;
    Ok(Encapsulation { kind, source_port, destination_port, original })
}

impl ReplayState {
    /// Behind `anti-replay`: `context: seq 0x0, oseq 0x0, bitmap 0x00000000`, or `esn context:` and lines.
    fn parse(line: &mut Piece<'_>, lines: &mut Piece<'_>) -> Result<Self, Error> {
        const FIELD: Field = Field::ReplayState;
        let named = |line: &mut Piece<'_>, name| {
            let found = line.value(FIELD)?;
            check_whole(&found)?;
            if found.text != name {
                return Err(found.error(FIELD, Problem::Unknown));
            }
            line.number_value::<u32>(FIELD)
        };
        if !line.accept("esn") {
            line.expect("context:", FIELD)?;
            let (received, sent) = (named(line, "seq")?, named(line, "oseq")?);
            let bitmap = alloc::vec![u64::from(named(line, "bitmap")?)];
            return Ok(Self { received: u64::from(received), sent: u64::from(sent), size: None, bitmap });
        }
        let context = line.value(FIELD)?;
        if context.text != "context:" {
            let truncated = context.text.strip_prefix("context:").is_some_and(|rest| rest.starts_with("(ERROR"));
            let problem = if truncated { Problem::Truncated } else { Problem::Unknown };
            return Err(context.error(FIELD, problem));
        }
        let mut line = next_line(lines, FIELD)?;
        let [received_high, received, sent_high, sent] = ["seq-hi", "seq", "oseq-hi", "oseq"].map(|name| named(&mut line, name));
        end(&mut line)?;
        let mut line = next_line(lines, FIELD)?;
        let size = named(&mut line, "replay_window")?;
        let place = line;
        let count = named(&mut line, "bitmap-length")?;
        end(&mut line)?;
        // More words than the kernel takes (XFRMA_REPLAY_ESN_MAX) would be a text that wants memory.
        if count > 4096 / 32 || size > count.saturating_mul(32) {
            return Err(place.error(FIELD, Problem::OutOfRange));
        }
        let mut words = Vec::new();
        while words.len() < usize::try_from(count).unwrap_or(0) {
            let mut line = next_line(lines, FIELD)?;
            let mut word = line.value(FIELD)?;
            loop {
                let value = u32::from_str_radix(word.text, 16).map_err(|_| word.error(FIELD, Problem::Malformed))?;
                words.push(value);
                match line.next_word() {
                    Ok(next) => word = next,
                    Err(_) => break,
                }
            }
        }
        // Printed from the last word to the first.
        words.reverse();
        let received = received?;
        let whole = |high: Result<u32, Error>, low: u32| Ok::<u64, Error>(u64::from(high?) << 32 | u64::from(low));
        let bitmap = from_ring(&words, size, received);
        Ok(Self { received: whole(received_high, received)?, sent: whole(sent_high, sent?)?, size: Some(size), bitmap })
    }
}

/// The kernel's ring: the bit of number n is bit (n - 1) mod W, and the numbers before it stand below, around the end.
fn from_ring(ring: &[u32], size: u32, highest: u32) -> Vec<u64> {
    let mut bitmap = alloc::vec![0_u64; size.div_ceil(64) as usize];
    let Some(top) = highest.wrapping_sub(1).checked_rem(size) else { return bitmap };
    for back in 0..size {
        let bit = if top >= back { top.wrapping_sub(back) } else { top.wrapping_add(size).wrapping_sub(back) };
        let is_set = ring.get((bit / 32) as usize).is_some_and(|word| word >> (bit % 32) & 1 != 0);
        if let Some(word) = bitmap.get_mut((back / 64) as usize) {
            *word |= u64::from(is_set) << (back % 64);
        }
    }
    bitmap
}
