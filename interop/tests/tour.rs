//! Captures of all kinds on the tour: every packet comes back, or is accounted for.

use std::time::Duration;

use interop::{captures, skipped};
use wirecraft_cli::capture::Capture;
use wirecraft_cli::tour::{Options, travel};

#[test]
fn every_packet_of_every_capture_comes_back_or_is_accounted_for() {
    let Some(captures) = captures() else {
        skipped("every_packet_of_every_capture_comes_back_or_is_accounted_for", "no folder of captures");
        return;
    };
    let mut wrong = Vec::new();
    let (mut taken, mut frames, mut packets, mut lost) = (0u64, 0u64, 0u64, 0u64);
    for path in &captures {
        for (seed, loss) in [(1, 0.0), (2, 0.05)] {
            // What is no capture is no concern of this test, and a damaged one goes up to the damage.
            let Ok(mut capture) = Capture::open(path) else { continue };
            let options = Options { seed, loss, measured: Duration::ZERO };
            match travel(&mut capture, &options, &mut |_, _| {}) {
                Ok((report, _)) => {
                    wrong.extend(report.faults.kept().iter().map(|fault| format!("{}: {fault}", path.display())));
                    taken += u64::from(loss == 0.0);
                    frames += report.capture.entered;
                    packets += report.capture.left;
                    lost += report.rows.iter().map(|row| row.discarded()).sum::<u64>();
                    if loss == 0.0 && report.rows.iter().any(|row| row.discarded() > 0) {
                        wrong.push(format!("{}: packets are lost on a line that loses none", path.display()));
                    }
                }
                Err(error) => wrong.push(format!("{}: {error:#}", path.display())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(packets > 0 && lost > 0, "{packets} packets, {lost} lost");
    println!("{taken} captures twice: {frames} frames, {packets} IP packets, {lost} lost on the line, none wrong");
}
