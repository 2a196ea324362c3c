//! Making associations.

use core::time::Duration;

use rand_core::CryptoRng;

use super::inbound::{Inbound, WINDOW_WORDS};
use super::outbound::Outbound;
use super::{DscpSet, Mode, OuterEcn, Params, PathMtu, Peer, Tunnel};
use crate::algorithm::{Cipher, Keys, Mac, Suite};
use crate::crypto::{RustCrypto, Transform};
use crate::error::{Error, Field};
use crate::esp::{FIRST_SPI, Layout};
use crate::lifetime::{Lifetime, Limits};
use crate::natt::{Encapsulation, InnerChecksum};
use crate::replay::{Storage, Window};

/// The parameters of an association (RFC 4301 4.4.2.1), with what RFCs recommend where nothing else is said: transport mode, no ESN, a
/// window of 64, AH as short as it can be, no TFC padding, no lifetimes.
#[derive(Debug, Clone, Copy)]
pub struct Builder<'k> {
    keys: Keys<'k>,
    spi: u32,
    suite: Suite,
    mode: Mode,
    esn: bool,
    replay_window: u32,
    encapsulation: Option<Encapsulation>,
    ah_alignment: usize,
    protect_destination_options: bool,
    pad_to: u16,
    made: Duration,
    soft: Limits,
    hard: Limits,
    last_sent: u64,
    highest_received: u64,
    received: &'k [u64],
    path_mtu: Option<PathMtu>,
    no_integrity: bool,
    reserved_spi: bool,
    dscps: DscpSet,
    fragment_checking: bool,
    peer: Option<Peer>,
    inner_checksum: InnerChecksum,
}

impl<'k> Builder<'k> {
    /// An association with this SPI, suite and keys, in transport mode.
    #[must_use]
    pub const fn new(spi: u32, suite: Suite, keys: Keys<'k>) -> Self {
        let none = Limits { octets: None, packets: None, age: None, use_time: None };
        Self {
            keys,
            spi,
            suite,
            mode: Mode::Transport,
            esn: false,
            replay_window: 64,
            encapsulation: None,
            ah_alignment: 4,
            protect_destination_options: false,
            pad_to: 0,
            made: Duration::ZERO,
            soft: none,
            hard: none,
            last_sent: 0,
            highest_received: 0,
            received: &[],
            path_mtu: None,
            no_integrity: false,
            reserved_spi: false,
            dscps: DscpSet::ALL,
            fragment_checking: false,
            peer: None,
            inner_checksum: InnerChecksum::Keep,
        }
    }

    /// Tunnel mode.
    #[must_use]
    pub const fn tunnel(mut self, tunnel: Tunnel) -> Self {
        self.mode = Mode::Tunnel(tunnel);
        self
    }

    /// Extended sequence numbers of 64 bits (RFC 4303 2.2.1).
    #[must_use]
    pub const fn esn(mut self, esn: bool) -> Self {
        self.esn = esn;
        self
    }

    /// How many of the last sequence numbers the receiver remembers; 0 turns anti-replay off.
    #[must_use]
    pub const fn replay_window(mut self, packets: u32) -> Self {
        self.replay_window = packets;
        self
    }

    /// UDP around ESP (RFC 3948).
    #[must_use]
    pub const fn encapsulation(mut self, encapsulation: Encapsulation) -> Self {
        self.encapsulation = Some(encapsulation);
        self
    }

    /// What the length of an AH sent in IPv4 is a multiple of: 4 (RFC 4302), or 8, as Linux has it by default. Either is accepted.
    #[must_use]
    pub const fn ah_alignment(mut self, octets: usize) -> Self {
        self.ah_alignment = octets;
        self
    }

    /// What Linux sends where RFCs have it otherwise: the AH of IPv4 is padded to 8 octets (RFC 4302 2.6: to 4), the outer header of a packet that
    /// experienced congestion says ECT(0) (RFC 6040 4.1: the same), and UDP around ESP has a checksum in IPv6 (RFC 3948 2.1: zero). To be
    /// called behind [`Builder::tunnel`] and [`Builder::encapsulation`]. Any peer takes all of these.
    #[must_use]
    pub const fn linux(mut self) -> Self {
        if let Mode::Tunnel(tunnel) = &mut self.mode {
            tunnel.ecn = OuterEcn::ResetCongestion;
        }
        if let Some(encapsulation) = &mut self.encapsulation {
            encapsulation.ipv6_checksum = true;
        }
        self.ah_alignment(8)
    }

    /// Whether destination options of a packet without a routing header are protected: put behind ESP or AH rather than before it. Beside a routing
    /// header their place tells who reads them: those before it stay in front, those behind it are protected.
    #[must_use]
    pub const fn protect_destination_options(mut self, protect: bool) -> Self {
        self.protect_destination_options = protect;
        self
    }

    /// Pads ESP payloads to this many octets, to hide their lengths (RFC 4303 2.7). The receiver can tell such padding from payload by a length
    /// in the payload only: in transport mode that is up to the upper layer.
    #[must_use]
    pub const fn pad_to(mut self, octets: u16) -> Self {
        self.pad_to = octets;
        self
    }

    /// When the association is made, and its lifetimes.
    #[must_use]
    pub const fn lifetimes(mut self, made: Duration, soft: Limits, hard: Limits) -> Self {
        self.made = made;
        self.soft = soft;
        self.hard = hard;
        self
    }

    /// The highest sequence number that was sent under these keys, or leased by an export: sending goes on behind it.
    #[must_use]
    pub const fn last_sent(mut self, sequence: u64) -> Self {
        self.last_sent = sequence;
        self
    }

    /// The highest sequence number that was received under these keys, and the bitmap of those below it as [`Window::export`] gives it. What the bitmap
    /// lacks counts as not received: with an empty one every packet of the window could be replayed once.
    #[must_use]
    pub const fn received(mut self, highest: u64, bitmap: &'k [u64]) -> Self {
        self.highest_received = highest;
        self.received = bitmap;
        self
    }

    /// The MTU of the path to the other end; without one no packet is too big but for IP itself.
    #[must_use]
    pub const fn path_mtu(mut self, path_mtu: PathMtu) -> Self {
        self.path_mtu = Some(path_mtu);
        self
    }

    /// The codepoints that the association is for; all, unless said here. Among several associations for the same traffic a sender takes one that has a
    /// packet's codepoint ([`Outbound::carries`]), so that reordering between classes costs no packet of one its place in the other's window (RFC
    /// 4301 4.1). A receiver does not look at them (RFC 4301 4.4.2.1).
    #[must_use]
    pub const fn dscps(mut self, dscps: DscpSet) -> Self {
        self.dscps = dscps;
        self
    }

    /// Whether fragments that a tunnel carries are to be checked against the ports of their first fragment (RFC 4301 7.3). The association keeps the flag,
    /// which both ends agree on, for whoever checks packets behind it: fragments other than the first have no ports, and
    /// [`spd`](../spd/index.html) takes them as opaque.
    #[must_use]
    pub const fn stateful_fragment_checking(mut self, check: bool) -> Self {
        self.fragment_checking = check;
        self
    }

    /// Who is at the other end, for the caller to read back.
    #[must_use]
    pub const fn peer(mut self, peer: Peer) -> Self {
        self.peer = Some(peer);
        self
    }

    /// What the receiver does with the checksum of TCP and UDP in transport mode with UDP around it, where a translation may have changed the addresses
    /// that it covers (RFC 3948 3.1.2); it is left as it is unless said here. Which is right depends on what key exchange tells: with the sender's own addresses
    /// [`InnerChecksum::Mend`], which keeps the end-to-end check, else [`InnerChecksum::Recompute`].
    #[must_use]
    pub const fn inner_checksum(mut self, inner_checksum: InnerChecksum) -> Self {
        self.inner_checksum = inner_checksum;
        self
    }

    /// Allows a cipher without integrity. Whoever can change such packets under way can read them (Paterson and Yau 2006, Degabriele and
    /// Paterson 2007): this is for old captures, and for tests.
    #[must_use]
    pub const fn legacy_no_integrity(mut self) -> Self {
        self.no_integrity = true;
        self
    }

    /// Allows an SPI of 0, which means no association, and of 1 to 255, which IANA keeps, for captures that have one.
    #[must_use]
    pub const fn allow_reserved_spi(mut self) -> Self {
        self.reserved_spi = true;
        self
    }

    /// The sending end. `rng` gives the key of unpredictable IVs.
    ///
    /// # Errors
    /// [`Error::Reserved`] for a reserved SPI; [`Error::Value`] for an AH alignment that is neither 4 nor 8; [`Error::KeyLength`]; [`Error::Unsafe`] for no protection
    /// at all, or encryption without integrity that was not asked for by name; [`Error::Unsupported`] for what is not compiled in, GMAC beside an ESP
    /// cipher, UDP around AH, TFC padding of AH, fragment checking in transport mode, which carries none, an inner checksum to be changed in tunnel
    /// mode or without UDP around ESP, or without integrity to say that it was right ([`Error::Unsafe`]), or by addresses of two IP versions
    /// ([`Error::AddressFamily`]); [`Error::Value`] for an empty set of codepoints.
    pub fn outbound(&self, rng: &mut impl CryptoRng) -> Result<Outbound, Error> {
        self.check()?;
        self.outbound_with(RustCrypto::new(&self.suite, &self.keys)?, rng)
    }

    /// The sending end on another implementation of the algorithms.
    ///
    /// # Errors
    /// Those of [`Builder::outbound`] but for the keys', which `transform` has.
    pub fn outbound_with<T: Transform>(&self, transform: T, rng: &mut impl CryptoRng) -> Result<Outbound<T>, Error> {
        let params = self.check()?;
        let lifetime = Lifetime::new(self.made, self.soft, self.hard);
        Ok(Outbound::new(params, transform, lifetime, self.last_sent, self.path_mtu, rng))
    }

    /// The receiving end, with room for windows of up to 4,096 packets.
    ///
    /// # Errors
    /// Those of [`Builder::outbound`], and those of [`Window::restore`].
    pub fn inbound(&self) -> Result<Inbound, Error> {
        self.check()?;
        self.inbound_with(RustCrypto::new(&self.suite, &self.keys)?, [0; WINDOW_WORDS])
    }

    /// The receiving end on another implementation of the algorithms, with storage for its window of at least
    /// [`words_for`](crate::replay::words_for) words.
    ///
    /// # Errors
    /// Those of [`Builder::inbound`] but for the keys', which `transform` has.
    pub fn inbound_with<T: Transform, S: Storage>(&self, transform: T, storage: S) -> Result<Inbound<T, S>, Error> {
        let params = self.check()?;
        // Without integrity anyone makes new numbers: there is nothing to refuse (RFC 4303 3.4.3).
        let size = if self.suite.has_integrity() { self.replay_window } else { 0 };
        let window = Window::restore(size, self.esn, storage, self.highest_received, self.received)?;
        Ok(Inbound::new(params, transform, Lifetime::new(self.made, self.soft, self.hard), window))
    }

    /// The IP versions, algorithms and options agree.
    fn check(&self) -> Result<Params, Error> {
        if self.spi < FIRST_SPI && !self.reserved_spi {
            return Err(Error::Reserved { field: Field::Spi, found: self.spi, needed: FIRST_SPI });
        }
        if self.ah_alignment != 4 && self.ah_alignment != 8 {
            let found = crate::error::len32(self.ah_alignment);
            return Err(Error::Value { field: Field::Alignment, found, needed: 4 });
        }
        match self.suite {
            Suite::Ah(_) if self.encapsulation.is_some() => return Err(Error::Unsupported(Field::UdpHeader)),
            Suite::Ah(_) if self.pad_to > 0 => return Err(Error::Unsupported(Field::TrafficFlowPadding)),
            Suite::Esp { cipher: Cipher::Null, integrity: None } => return Err(Error::Unsafe(Field::Integrity)),
            Suite::Esp { integrity: None, .. } if !self.no_integrity => return Err(Error::Unsafe(Field::EncryptionOnly)),
            Suite::Esp { integrity: Some(integrity), .. } if integrity.mac() == Mac::AesGmac => {
                return Err(Error::Unsupported(Field::Integrity));
            }
            _ => {}
        }
        if self.fragment_checking && matches!(self.mode, Mode::Transport) {
            return Err(Error::Unsupported(Field::FragmentChecking));
        }
        if self.dscps.is_empty() {
            return Err(Error::Value { field: Field::Dscps, found: 0, needed: 1 });
        }
        self.check_inner_checksum()?;
        let width = if self.esn { u64::MAX } else { u64::from(u32::MAX) };
        if self.last_sent > width || self.highest_received > width {
            let needed = u32::MAX;
            return Err(Error::DoesNotFit { field: Field::Sequence, found: needed, needed });
        }
        self.suite.check_keys(&self.keys)?;
        Ok(Params {
            spi: self.spi,
            suite: self.suite,
            layout: Layout::new(&self.suite),
            mode: self.mode,
            esn: self.esn,
            encapsulation: self.encapsulation,
            ah_alignment: self.ah_alignment,
            protect_destination_options: self.protect_destination_options,
            pad_to: usize::from(self.pad_to),
            dscps: self.dscps,
            fragment_checking: self.fragment_checking,
            peer: self.peer,
            inner_checksum: self.inner_checksum,
        })
    }

    fn check_inner_checksum(&self) -> Result<(), Error> {
        let field = Field::InnerChecksum;
        match self.inner_checksum {
            InnerChecksum::Keep => Ok(()),
            _ if self.encapsulation.is_none() || matches!(self.mode, Mode::Tunnel(_)) => Err(Error::Unsupported(field)),
            InnerChecksum::Mend { source, destination } if source.is_ipv4() != destination.is_ipv4() => {
                let (found, needed) = if source.is_ipv4() { (6, 4) } else { (4, 6) };
                Err(Error::AddressFamily { field, found, needed })
            }
            // Nothing else would tell that the payload is what was sent.
            InnerChecksum::Recompute | InnerChecksum::ZeroUdp if !self.suite.has_integrity() => Err(Error::Unsafe(field)),
            _ => Ok(()),
        }
    }
}
