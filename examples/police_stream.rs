//! Polices a stream: a source that sends as it likes goes through a conditioner that meters, marks and drops by an agreement.
//!
//! `cargo run --release -p wirecraft-examples --bin police_stream [OCTETS-A-SECOND]`

use std::error::Error;
use std::time::Duration;

use diffserv::agreement::{Action, Rule, Treatment};
use diffserv::classifier::{Addresses, Match};
use diffserv::conditioner::{Arrival, RuleCounters, Verdict};
use diffserv::meter::{Mode, Profile, SrTcm};
use diffserv::{Color, Conditioner, TrafficConditioningAgreement, marker};
use ip_wire::Dscp;
use wirecraft_examples::traffic;

/// What was agreed on, in octets a second.
const CIR: u64 = 125_000;

/// Bursts of 3,000 octets go as AF11, of 6,000 more as AF12, and what is over that is dropped. Anything else is best effort.
fn agreement() -> Result<TrafficConditioningAgreement, diffserv::Error> {
    let gold = Rule {
        name: "gold".into(),
        matches: Match { source: Addresses::prefix([10, 1, 0, 0].into(), 16)?, ..Match::ANY },
        treatment: Treatment::Metered {
            profile: Profile::SrTcm(SrTcm::new(CIR, 3000, 6000)?),
            mode: Mode::Blind,
            // Green, yellow, red.
            actions: [Action::mark(Dscp::AF11), Action::mark(Dscp::AF12), Action::Drop],
        },
    };
    Ok(TrafficConditioningAgreement { rules: vec![gold], default: Action::mark(Dscp::CS0), ..Default::default() })
}

/// A source of so many octets a second for ten seconds: the counters of the rule, and the octets that went on.
fn police(rate: u64) -> Result<(RuleCounters, u64), Box<dyn Error>> {
    let mut node = Conditioner::new(&agreement()?, Duration::ZERO)?;
    let template = traffic(1, 1, 972)?.remove(0);
    let interval = Duration::from_nanos(1_000_000_000 * template.len() as u64 / rate);
    let mut forwarded = 0;
    let mut now = Duration::ZERO;
    while now < Duration::from_secs(10) {
        match node.offer(template.clone(), Arrival::at(now)) {
            Verdict::Forward { packet, treated } => {
                assert_eq!(marker::codepoint(&packet), Ok(treated.dscp));
                forwarded += packet.len() as u64;
            }
            Verdict::Shaped { .. } => unreachable!("nothing is shaped"),
            Verdict::Discard { .. } => {}
        }
        now += interval;
    }
    Ok((*node.rule_counters(0).ok_or("the agreement has a rule")?, forwarded))
}

fn main() -> Result<(), Box<dyn Error>> {
    let rate = std::env::args().nth(1).map_or(Ok(2 * CIR), |rate| rate.parse())?;
    if !(1000..=1_000_000_000).contains(&rate) {
        return Err("a rate between 1,000 and 1,000,000,000 octets a second is wanted".into());
    }
    let (counters, forwarded) = police(rate)?;
    println!("offered {rate} octets a second for 10 s, agreed on {CIR}");
    for color in Color::ALL {
        let count = counters.color(color);
        println!("{color:?}: {} packets, {} octets", count.packets, count.octets);
    }
    println!("went on: {} octets a second", forwarded / 10);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CIR, Color, police};

    #[test]
    fn what_goes_on_is_the_rate_and_the_bursts_and_no_more() {
        let (counters, forwarded) = police(2 * CIR).unwrap();
        // The committed rate in ten seconds, and what both buckets held at the start, to the packet.
        let most = 10 * CIR + 3000 + 6000;
        assert!(forwarded <= most && forwarded + 2 * 1000 > most, "{forwarded} of {most}");
        assert!(counters.color(Color::Red).packets > 1000);
        assert_eq!(counters.discarded, counters.color(Color::Red));
    }

    #[test]
    fn a_source_that_keeps_to_the_agreement_is_green() {
        let (counters, _) = police(CIR).unwrap();
        assert_eq!(counters.color(Color::Green), counters.matched);
        let (counters, _) = police(CIR / 7).unwrap();
        assert_eq!(counters.color(Color::Green), counters.matched);
    }
}
