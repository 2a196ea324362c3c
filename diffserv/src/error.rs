//! The crate's one error type.

use core::fmt;

/// Why something was refused.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A number is over what its field can be.
    #[error("{field}: {found} found, {max} at most")]
    TooLarge {
        /// The parameter.
        field: Field,
        /// What was given.
        found: u64,
        /// The largest that is taken.
        max: u64,
    },
    /// A number is under what its field must be.
    #[error("{field}: {found} found, {min} at least")]
    TooSmall {
        /// The parameter.
        field: Field,
        /// What was given.
        found: u64,
        /// The smallest that is taken.
        min: u64,
    },
    /// A range ends before it starts.
    #[error("{field}: the range ends at {last}, before its start {first}")]
    EmptyRange {
        /// The field that is matched.
        field: Field,
        /// Its start.
        first: u32,
        /// Its end.
        last: u32,
    },
    /// Addresses of both versions stand together.
    #[error("{field}: IPv{found} found, IPv{needed} needed")]
    AddressFamily {
        /// Which address.
        field: Field,
        /// Version that was given.
        found: u8,
        /// Version that the other one has.
        needed: u8,
    },
    /// A rule can match no packet that the rules before it leave.
    #[error("rule {rule} can never match: rule {by} takes all of its packets")]
    NeverMatches {
        /// The rule's place, from 0.
        rule: u32,
        /// The place of the rule before it.
        by: u32,
    },
    /// A profile would make a packet of the path's MTU red whatever the load.
    #[error("rule {rule}: bursts of {found} octets are below the MTU of {mtu}")]
    BurstBelowMtu {
        /// The rule's place, from 0.
        rule: u32,
        /// The larger burst.
        found: u64,
        /// The MTU.
        mtu: u32,
    },
    /// A color has no action, or an action a color that the meter never gives.
    #[error("rule {rule}: {field} does not go with its meter")]
    Actions {
        /// The rule's place, from 0.
        rule: u32,
        /// What is missing or too much.
        field: Field,
    },
    /// The version of an agreement is none that this crate knows.
    #[error("agreement of version {found}, {needed} needed")]
    Version {
        /// What was given.
        found: u32,
        /// What there is.
        needed: u32,
    },
    /// A mapping from codepoints to PHBs breaks a rule of their standards.
    #[error("codepoint {dscp}: {why}")]
    Mapping {
        /// The codepoint.
        dscp: u8,
        /// The rule.
        why: crate::phb::Rule,
    },
    /// A rule for fragments other than the first asks for ports, which those do not have.
    #[error("a rule for later fragments can't ask for ports")]
    PortsOfLaterFragments,
    /// A packet can't be read.
    #[error(transparent)]
    Ip(#[from] ip_wire::Error),
}

/// What an [`Error`] is about.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// A rate in tokens a second.
    Rate,
    /// A bucket's size.
    Burst,
    /// Committed information rate.
    Cir,
    /// Committed burst size.
    Cbs,
    /// Excess information rate.
    Eir,
    /// Excess burst size.
    Ebs,
    /// Peak information rate.
    Pir,
    /// Peak burst size.
    Pbs,
    /// An averaging interval, in nanoseconds.
    Interval,
    /// An average's gain, as a power of one half.
    Gain,
    /// Queue length from which on packets are dropped early.
    MinimumThreshold,
    /// Queue length from which on all packets are dropped.
    MaximumThreshold,
    /// One drop in how many packets.
    Probability,
    /// Packets or octets that a queue holds.
    Queue,
    /// A scheduler's weight or share.
    Share,
    /// A scheduler's queues.
    Queues,
    /// The number of a queue.
    QueueNumber,
    /// A packet's octets.
    Packet,
    /// The path's MTU.
    Mtu,
    /// Source address or prefix.
    Source,
    /// Destination address or prefix.
    Destination,
    /// Bits of a prefix.
    PrefixLength,
    /// Source ports.
    SourcePorts,
    /// Destination ports.
    DestinationPorts,
    /// Protocol numbers.
    Protocol,
    /// Flow label.
    FlowLabel,
    /// Rules of a classifier or an agreement.
    Rules,
    /// A rule's meter.
    Meter,
    /// What happens to green packets.
    Green,
    /// What happens to yellow packets.
    Yellow,
    /// What happens to red packets.
    Red,
    /// What happens to packets without a meter.
    Action,
    /// Audit records kept.
    Records,
    /// Codepoints that a rule asks for.
    Codepoints,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rate => "rate",
            Self::Burst => "burst",
            Self::Cir => "committed information rate",
            Self::Cbs => "committed burst size",
            Self::Eir => "excess information rate",
            Self::Ebs => "excess burst size",
            Self::Pir => "peak information rate",
            Self::Pbs => "peak burst size",
            Self::Interval => "interval",
            Self::Gain => "gain",
            Self::MinimumThreshold => "minimum threshold",
            Self::MaximumThreshold => "maximum threshold",
            Self::Probability => "drop probability, one in",
            Self::Queue => "queue",
            Self::Share => "share",
            Self::Queues => "queues",
            Self::QueueNumber => "queue number",
            Self::Packet => "packet",
            Self::Mtu => "MTU",
            Self::Source => "source",
            Self::Destination => "destination",
            Self::PrefixLength => "prefix length",
            Self::SourcePorts => "source ports",
            Self::DestinationPorts => "destination ports",
            Self::Protocol => "protocol",
            Self::FlowLabel => "flow label",
            Self::Rules => "rules",
            Self::Meter => "meter",
            Self::Green => "action for green",
            Self::Yellow => "action for yellow",
            Self::Red => "action for red",
            Self::Action => "action",
            Self::Records => "records",
            Self::Codepoints => "codepoints",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn an_error_has_at_most_24_octets() {
        assert!(size_of::<Error>() <= 24, "{}", size_of::<Error>());
    }

    #[test]
    fn an_error_is_a_sentence_that_says_what_was_found_and_what_was_needed() {
        let sentences = [
            (Error::TooLarge { field: Field::Rate, found: 9, max: 8 }, "rate: 9 found, 8 at most"),
            (Error::TooSmall { field: Field::Cbs, found: 0, min: 1 }, "committed burst size: 0 found, 1 at least"),
            (
                Error::EmptyRange { field: Field::SourcePorts, first: 2, last: 1 },
                "source ports: the range ends at 1, before its start 2",
            ),
            (Error::AddressFamily { field: Field::Destination, found: 6, needed: 4 }, "destination: IPv6 found, IPv4 needed"),
            (Error::NeverMatches { rule: 3, by: 1 }, "rule 3 can never match: rule 1 takes all of its packets"),
            (Error::BurstBelowMtu { rule: 0, found: 9, mtu: 1500 }, "rule 0: bursts of 9 octets are below the MTU of 1500"),
            (Error::Actions { rule: 2, field: Field::Yellow }, "rule 2: action for yellow does not go with its meter"),
            (Error::Version { found: 2, needed: 1 }, "agreement of version 2, 1 needed"),
            (
                Error::Mapping { dscp: 2, why: crate::phb::Rule::LocalOutsidePool2 },
                "codepoint 2: a local behavior needs a codepoint that ends in 11",
            ),
            (Error::PortsOfLaterFragments, "a rule for later fragments can't ask for ports"),
            (
                Error::Ip(ip_wire::Error::FragmentationNeeded { found: 1501, mtu: 1500 }),
                &ip_wire::Error::FragmentationNeeded { found: 1501, mtu: 1500 }.to_string(),
            ),
        ];
        for (error, sentence) in sentences {
            assert_eq!(error.to_string(), sentence);
        }
    }
}
