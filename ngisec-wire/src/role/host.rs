//! Hosts.

use core::time::Duration;

use ip_wire::{PacketBuf, Protocol};

use super::{Channel, Kept, Passed};
use crate::classify::Class;
use crate::error::{Error, Field};
use crate::nat::{Limits, Pairs, ReverseNat, flow};

/// A host: two channels, and what it knows of its flows.
#[derive(Debug)]
pub struct Host {
    control: Channel,
    data: Option<Channel>,
    nat: ReverseNat,
    learning: bool,
    kept: Kept,
}

impl Host {
    /// A host with separate channels for control and data. Its flows end where its packets say: on a LAN, or in a VPN, whose gateways restore addresses.
    #[must_use]
    pub fn new(control: Channel, data: Channel, limits: Limits) -> Self {
        Self { control, data: Some(data), nat: ReverseNat::new(limits), learning: false, kept: Kept::default() }
    }

    /// A host with one channel for both (draft-shukla 6: possible on a LAN).
    #[must_use]
    pub fn with_one_channel(channel: Channel, limits: Limits) -> Self {
        Self { control: channel, data: None, nat: ReverseNat::new(limits), learning: false, kept: Kept::default() }
    }

    /// The same host between networks whose addresses stay hidden (draft-shukla 6.3): it learns ports from control packets, and corrects those of
    /// outgoing packets.
    #[must_use]
    pub const fn learning(mut self) -> Self {
        self.learning = true;
        self
    }

    /// Seals a packet that goes out.
    ///
    /// # Errors
    /// Those of [`crate::Sender::seal`]: the packet stays as it was.
    pub fn send<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
        let class = Class::of(packet.octets(), |flow| self.nat.pairs().has_inner(flow))?;
        let out = flow(packet.octets())?;
        let channel = match (&mut self.data, class) {
            (Some(data), Class::Data) => data,
            _ => &mut self.control,
        };
        channel.seal(now, packet)?;
        if !self.nat.pairs().has_inner(&out) && out.protocol() == Protocol::UDP {
            // Without a place in the table the flow's next packet is a first one again, no more.
            let _ = self.nat.pairs_mut().insert(now, out, out);
        }
        self.nat.correct(now, packet.octets_mut())?;
        Ok(Passed { class, learned: None })
    }

    /// Opens a packet that arrived.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a packet of no channel; those of [`crate::Receiver::open`]; [`Error::TableFull`] for a control packet whose ports have no place. A packet of the control channel
    /// stays as it was, where there is another for data or the host learns.
    pub fn receive<S: AsRef<[u8]> + AsMut<[u8]>>(&mut self, now: Duration, packet: &mut PacketBuf<S>) -> Result<Passed, Error> {
        if !self.control.receive.takes(packet.octets()) {
            return self.receive_data(now, packet)?.ok_or(Error::Unknown(Field::Association));
        }
        if self.data.is_none() && !self.learning {
            return self.receive_control(now, packet);
        }
        let mut kept = core::mem::take(&mut self.kept);
        let passed = kept.or_as_it_was(packet, |packet| {
            let passed = self.receive_control(now, packet)?;
            // A gateway without a mapping sends a host's data as control (draft-shukla 6.2): behind the one protection is the other.
            self.receive_data(now, packet)?;
            Ok(passed)
        });
        self.kept = kept;
        passed
    }

    fn receive_control<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
    ) -> Result<Passed, Error> {
        let opened = self.control.open(now, packet)?;
        let class = match self.data {
            Some(_) => Class::Control,
            None => Class::of(packet.octets(), |flow| self.nat.pairs().has_inner(&flow.reversed()))?,
        };
        if self.learning {
            return Ok(Passed { class, learned: Some(self.nat.learn(now, &opened.observation)?) });
        }
        let answer = opened.observation.inner.reversed();
        if answer.protocol() == Protocol::UDP && !self.nat.pairs().has_inner(&answer) {
            let _ = self.nat.pairs_mut().insert(now, answer, answer);
        }
        Ok(Passed { class, learned: None })
    }

    fn receive_data<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packet: &mut PacketBuf<S>,
    ) -> Result<Option<Passed>, Error> {
        let Some(data) = self.data.as_mut().filter(|data| data.receive.takes(packet.octets())) else { return Ok(None) };
        data.open(now, packet)?;
        self.nat.restore(now, packet.octets_mut())?;
        Ok(Some(Passed { class: Class::Data, learned: None }))
    }

    /// Its flows.
    #[must_use]
    pub const fn flows(&self) -> &Pairs {
        self.nat.pairs()
    }

    /// Its flows, to be changed.
    pub const fn flows_mut(&mut self) -> &mut Pairs {
        self.nat.pairs_mut()
    }
}
