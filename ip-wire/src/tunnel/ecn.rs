//! Congestion marks across a tunnel (RFC 6040 4).

use crate::Ecn;

/// What a tunnel's ingress writes into the outer header (RFC 6040 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum EcnMode {
    /// The inner mark; the egress is known to be able to propagate it.
    Normal,
    /// Not-ECT, for an egress that may not: every packet is then dropped rather than marked inside the tunnel.
    Compatibility,
}

impl EcnMode {
    /// The outer mark of a packet with `inner`.
    #[must_use]
    #[inline]
    pub const fn ingress(self, inner: Ecn) -> Ecn {
        match self {
            Self::Normal => inner,
            Self::Compatibility => Ecn::NotEct,
        }
    }
}

/// What a tunnel's egress does (RFC 6040 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EcnOutcome {
    /// Go on with this mark in the inner header.
    Forward {
        /// The mark.
        ecn: Ecn,
        /// What is wrong with the combination, if something is.
        alarm: Option<Alarm>,
    },
    /// Drop: congestion was marked on a packet whose transport does not understand it. Alarm too.
    Drop,
}

/// A combination that no correct ingress and no correct router make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Alarm {
    /// "(!!!)": currently unused and potentially dangerous; log it, at a bounded rate.
    Dangerous,
    /// "(!)": currently unused; it may get a meaning, so it may be logged.
    Unused,
}

/// The mark behind the egress: figure 4 of RFC 6040.
///
/// | inner \ outer | Not-ECT | ECT(0) | ECT(1) | CE |
/// | --- | --- | --- | --- | --- |
/// | Not-ECT | Not-ECT | Not-ECT (!!!) | Not-ECT (!!!) | drop (!!!) |
/// | ECT(0) | ECT(0) | ECT(0) | ECT(1) | CE |
/// | ECT(1) | ECT(1) | ECT(1) (!) | ECT(1) | CE |
/// | CE | CE | CE | CE (!!!) | CE |
#[must_use]
#[inline]
pub const fn egress(inner: Ecn, outer: Ecn) -> EcnOutcome {
    let (ecn, alarm) = match (inner, outer) {
        (Ecn::NotEct, Ecn::NotEct) => (Ecn::NotEct, None),
        (Ecn::NotEct, Ecn::Ect0 | Ecn::Ect1) => (Ecn::NotEct, Some(Alarm::Dangerous)),
        (Ecn::NotEct, Ecn::Ce) => return EcnOutcome::Drop,
        (Ecn::Ect0, Ecn::NotEct | Ecn::Ect0) => (Ecn::Ect0, None),
        (Ecn::Ect0, Ecn::Ect1) => (Ecn::Ect1, None),
        (Ecn::Ect1, Ecn::NotEct | Ecn::Ect1) => (Ecn::Ect1, None),
        (Ecn::Ect1, Ecn::Ect0) => (Ecn::Ect1, Some(Alarm::Unused)),
        (Ecn::Ce, Ecn::Ect1) => (Ecn::Ce, Some(Alarm::Dangerous)),
        (Ecn::Ce, _) | (Ecn::Ect0 | Ecn::Ect1, Ecn::Ce) => (Ecn::Ce, None),
    };
    EcnOutcome::Forward { ecn, alarm }
}
