//! A conditioner at the ends of a tunnel (RFC 2475 6.2, RFC 2983 5, RFC 6040).
//!
//! What becomes of DSCP and ECN when a header is put on or taken off is `ip_wire::tunnel`'s. This is what RFC 2475 6.2 asks of the node
//! beside that: condition what goes into the tunnel, and treat what comes out like anything that comes into the domain, with a record of inner
//! and outer codepoints that do not go together.
//!
//! | model | at the ingress | at the egress, classified by |
//! | --- | --- | --- |
//! | uniform | conditioned inner codepoint, copied out | the outer one, which has become the inner one |
//! | pipe | conditioned inner codepoint; the tunnel's outside | the outer one; the inner one is as it was before the tunnel |
//! | short pipe | as pipe | the inner one |
//!
//! ```
//! use core::time::Duration;
//! use diffserv::conditioner::{Arrival, Verdict};
//! use diffserv::{Conditioner, TrafficConditioningAgreement, tunnel};
//! use ip_wire::{PacketBuf, tunnel::Tunnel};
//! # use ip_wire::{Protocol, ipv4};
//!
//! let (near, far) = ("198.51.100.1".parse().unwrap(), "198.51.100.2".parse().unwrap());
//! let agreement = TrafficConditioningAgreement::default();
//! # let mut storage = [0u8; 128];
//! # ipv4::Header::new([192, 0, 2, 1].into(), [192, 0, 2, 2].into(), Protocol::UDP, 0)?.emit(&mut storage[64..])?;
//! let packet = PacketBuf::new(storage, 64, 20)?;
//!
//! let mut conditioner = Conditioner::new(&agreement, Duration::ZERO)?;
//! let entered = tunnel::enter(&mut conditioner, &Tunnel::new(near, far)?, packet, Arrival::at(Duration::ZERO), 1)?;
//! let Verdict::Forward { packet, .. } = entered else { panic!("the agreement lets everything pass") };
//! let mut conditioner = Conditioner::new(&agreement, Duration::ZERO)?;
//! let left = tunnel::leave(&mut conditioner, &Tunnel::new(far, near)?, packet, Arrival::at(Duration::ZERO))?;
//! assert!(matches!(left, tunnel::Left::Verdict(Verdict::Forward { .. })));
//! # Ok::<(), diffserv::Error>(())
//! ```

use ip_wire::tunnel::{Alarm, Decapsulation, DsModel, Tunnel};
use ip_wire::{Dscp, PacketBuf, ip};

use crate::audit::{Event, Kind};
use crate::conditioner::{Arrival, Conditioner, Verdict};
use crate::phb::Phb;
use crate::{DscpSet, Error};

/// Conditions a packet, and puts it into a tunnel if it goes on at once. `identification` is the outer IPv4 header's.
///
/// What a shaper holds back comes out of [`Conditioner::poll`] without an outer header: the caller encapsulates it then.
///
/// # Errors
/// Those of [`Tunnel::encapsulate`], for packets without headroom.
pub fn enter<S: AsRef<[u8]> + AsMut<[u8]>>(
    conditioner: &mut Conditioner<PacketBuf<S>>,
    tunnel: &Tunnel,
    packet: PacketBuf<S>,
    arrival: Arrival,
    identification: u16,
) -> Result<Verdict<PacketBuf<S>>, Error> {
    match conditioner.offer(packet, arrival) {
        Verdict::Forward { mut packet, treated } => {
            tunnel.encapsulate(&mut packet, identification)?;
            Ok(Verdict::Forward { packet, treated })
        }
        other => Ok(other),
    }
}

/// What became of a packet that came out of a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left<P> {
    /// What the conditioner made of it.
    Verdict(Verdict<P>),
    /// It was marked congested, and its transport does not understand that: it counts as lost (RFC 6040 4.2). It is as it was.
    Congested(P),
}

/// Takes a packet out of a tunnel, and conditions it.
///
/// # Errors
/// Those of [`Tunnel::decapsulate`]; nothing is counted or recorded then.
pub fn leave<S: AsRef<[u8]> + AsMut<[u8]>>(
    conditioner: &mut Conditioner<PacketBuf<S>>,
    tunnel: &Tunnel,
    mut packet: PacketBuf<S>,
    arrival: Arrival,
) -> Result<Left<PacketBuf<S>>, Error> {
    let outer = ip::Packet::parse(packet.octets())?;
    let (outer_dscp, inner) = (outer.ds().dscp(), ip_wire::tunnel::strip(&outer)?.inner);
    let (inner_dscp, source, destination) = (inner.ds().dscp(), inner.source(), inner.destination());
    let event = |kind| Event::new(kind, arrival.now, source, destination, inner_dscp);
    let (classify_by, alarm) = match tunnel.decapsulate(&mut packet)? {
        Decapsulation::Drop => {
            conditioner.record(event(Kind::TunnelCongestion));
            return Ok(Left::Congested(packet));
        }
        Decapsulation::Forward { classify_by, alarm } => (classify_by, alarm),
    };
    if !is_consistent(tunnel.ds_model, inner_dscp, outer_dscp) {
        conditioner.record(event(Kind::TunnelMismatch));
    }
    // RFC 6040 4.2 wants the dangerous combinations raised, and the harmless one logged at most.
    if alarm == Some(Alarm::Dangerous) {
        conditioner.record(event(Kind::TunnelEcn));
    }
    let arrival = Arrival { classify_by: Some(classify_by), ..arrival };
    Ok(Left::Verdict(conditioner.offer(packet, arrival)))
}

/// Whether the codepoints of inner and outer header can have come about in a tunnel of that model.
///
/// In the uniform model a node in the middle may have raised the drop precedence within the packet's class, and nothing else. In the pipe models
/// the outer codepoint is the tunnel's, with the same freedom.
#[must_use]
pub fn is_consistent(model: DsModel, inner: Dscp, outer: Dscp) -> bool {
    let sent = model.ingress(inner);
    if outer == sent {
        return true;
    }
    match (Phb::recommended(sent), Phb::recommended(outer)) {
        (
            Phb::AssuredForwarding { class: before, drop_precedence: low },
            Phb::AssuredForwarding { class: after, drop_precedence: high },
        ) => before == after && low <= high,
        _ => false,
    }
}

/// Whether every codepoint that a tunnel's outer headers can have is accepted where the tunnel starts: else its packets are re-marked or lost in
/// the first domain (RFC 2475 6.2).
#[must_use]
pub fn is_accepted(model: DsModel, inner: DscpSet, accepted: DscpSet) -> bool {
    inner.iter().all(|dscp| accepted.contains(model.ingress(dscp)))
}

#[cfg(test)]
mod tests;
