use proptest::prelude::*;

use super::*;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn monitor() -> Monitor {
    Monitor::new(Timers::default())
}

const NONE: Alarms = Alarms { ais: false, rdi: false, loc: false };
const AIS: Alarms = Alarms { ais: true, ..NONE };
const RDI: Alarms = Alarms { rdi: true, ..NONE };
const LOC: Alarms = Alarms { loc: true, ..NONE };

#[test]
fn the_nominal_times_are_those_of_i_610() {
    let nominal = Timers { hold: ms(2500), continuity: ms(3500), period: ms(1000) };
    assert_eq!((Timers::NOMINAL, Timers::default()), (nominal, nominal));
}

#[test]
fn a_new_monitor_has_nothing_to_do() {
    let mut monitor = monitor();
    assert_eq!((monitor.poll(ms(99_999)), monitor.next_deadline(), monitor.alarms()), (Action::Idle, None, NONE));
}

#[test]
fn the_first_ais_cell_raises_ais_and_rdi_goes_out_each_second() {
    let mut monitor = monitor();
    monitor.handle_ais(ms(100));
    assert_eq!((monitor.alarms(), monitor.next_deadline()), (AIS, Some(ms(2600))));
    assert_eq!(monitor.poll(ms(100)), Action::Report(AIS));
    assert_eq!((monitor.poll(ms(100)), monitor.poll(ms(100))), (Action::SendRdi, Action::Idle));
    assert_eq!((monitor.next_deadline(), monitor.poll(ms(1099))), (Some(ms(1100)), Action::Idle));
    assert_eq!((monitor.poll(ms(1100)), monitor.poll(ms(1100))), (Action::SendRdi, Action::Idle));
    assert_eq!((monitor.poll(ms(2100)), monitor.poll(ms(2100))), (Action::SendRdi, Action::Idle));
    assert_eq!((monitor.next_deadline(), monitor.poll(ms(2599))), (Some(ms(2600)), Action::Idle));
    assert_eq!((monitor.poll(ms(2600)), monitor.poll(ms(2600))), (Action::Report(NONE), Action::Idle));
    assert_eq!((monitor.poll(ms(3100)), monitor.next_deadline()), (Action::Idle, None));
}

#[test]
fn each_ais_cell_holds_ais_for_another_two_and_a_half_seconds() {
    let mut monitor = monitor();
    for second in 0..10 {
        monitor.handle_ais(ms(second * 1000));
        assert_eq!(monitor.alarms(), AIS);
    }
    assert_eq!(monitor.poll(ms(11_499)), Action::Report(AIS));
    assert_eq!((monitor.poll(ms(11_500)), monitor.alarms()), (Action::Report(NONE), NONE));
}

#[test]
fn a_user_or_continuity_cell_ends_ais_at_once_and_with_it_rdi_cells() {
    for handle in [Monitor::handle_user_cell, Monitor::handle_continuity_check] {
        let mut monitor = monitor();
        monitor.handle_ais(ms(0));
        assert_eq!((monitor.poll(ms(0)), monitor.poll(ms(0))), (Action::Report(AIS), Action::SendRdi));
        handle(&mut monitor, ms(500));
        assert_eq!((monitor.alarms(), monitor.poll(ms(500))), (NONE, Action::Report(NONE)));
        assert_eq!((monitor.poll(ms(1000)), monitor.next_deadline()), (Action::Idle, None));
        // A new defect has its first RDI cell at once, not a second after the last.
        monitor.handle_ais(ms(1001));
        assert_eq!((monitor.poll(ms(1001)), monitor.poll(ms(1001))), (Action::Report(AIS), Action::SendRdi));
    }
}

#[test]
fn rdi_ends_with_time_only_and_is_not_answered() {
    let mut monitor = monitor();
    monitor.handle_rdi(ms(0));
    assert_eq!(
        (monitor.poll(ms(0)), monitor.poll(ms(0)), monitor.next_deadline()),
        (Action::Report(RDI), Action::Idle, Some(ms(2500)))
    );
    monitor.handle_user_cell(ms(1000));
    monitor.handle_rdi(ms(1000));
    assert_eq!((monitor.poll(ms(3499)), monitor.alarms()), (Action::Idle, RDI));
    assert_eq!((monitor.poll(ms(3500)), monitor.next_deadline()), (Action::Report(NONE), None));
}

#[test]
fn continuity_is_lost_three_and_a_half_seconds_after_the_last_cell() {
    let mut monitor = monitor();
    monitor.set_continuity_check(ms(1000), true);
    assert_eq!(monitor.next_deadline(), Some(ms(4500)));
    monitor.handle_user_cell(ms(2000));
    monitor.handle_continuity_check(ms(3000));
    assert_eq!((monitor.poll(ms(6499)), monitor.next_deadline()), (Action::Idle, Some(ms(6500))));
    assert_eq!((monitor.poll(ms(6500)), monitor.poll(ms(6500))), (Action::Report(LOC), Action::SendRdi));
    assert_eq!((monitor.poll(ms(6500)), monitor.next_deadline()), (Action::Idle, Some(ms(7500))));
    monitor.handle_continuity_check(ms(7000));
    assert_eq!((monitor.poll(ms(7000)), monitor.poll(ms(7000))), (Action::Report(NONE), Action::Idle));
    assert_eq!(monitor.next_deadline(), Some(ms(10_500)));
}

#[test]
fn ais_cells_keep_no_continuity() {
    let mut monitor = monitor();
    monitor.set_continuity_check(ms(0), true);
    monitor.handle_ais(ms(3499));
    assert_eq!(monitor.poll(ms(3500)), Action::Report(Alarms { ais: true, rdi: false, loc: true }));
    monitor.handle_user_cell(ms(3600));
    assert_eq!(monitor.poll(ms(3600)), Action::Report(NONE));
}

#[test]
fn continuity_is_not_watched_while_its_check_is_off() {
    let mut monitor = monitor();
    monitor.handle_user_cell(ms(0));
    assert_eq!((monitor.poll(ms(60_000)), monitor.next_deadline()), (Action::Idle, None));
    monitor.set_continuity_check(ms(60_000), true);
    assert_eq!(monitor.poll(ms(63_500)), Action::Report(LOC));
    monitor.set_continuity_check(ms(63_600), false);
    assert_eq!((monitor.poll(ms(63_600)), monitor.next_deadline()), (Action::Report(NONE), None));
    monitor.set_continuity_check(ms(70_000), true);
    assert_eq!((monitor.poll(ms(73_499)), monitor.poll(ms(73_500))), (Action::Idle, Action::Report(LOC)));
}

#[test]
fn a_clock_that_goes_backwards_is_held() {
    let mut monitor = monitor();
    monitor.handle_ais(ms(1000));
    monitor.handle_ais(ms(0));
    assert_eq!((monitor.next_deadline(), monitor.poll(ms(500))), (Some(ms(3500)), Action::Report(AIS)));
    let mut generator = Generator::new(ms(1000));
    generator.start(ms(5000));
    assert_eq!((generator.poll(ms(1)), generator.next_deadline()), (true, Some(ms(6000))));
    assert_eq!((generator.poll(ms(5999)), generator.poll(ms(6000))), (false, true));
}

#[test]
fn a_generator_sends_at_once_then_each_period_and_makes_up_for_nothing() {
    let mut generator = Generator::new(ms(1000));
    assert_eq!((generator.poll(ms(50)), generator.next_deadline()), (false, None));
    generator.start(ms(100));
    assert_eq!((generator.next_deadline(), generator.poll(ms(100)), generator.poll(ms(100))), (Some(ms(100)), true, false));
    generator.start(ms(600));
    assert_eq!((generator.poll(ms(1099)), generator.poll(ms(1100))), (false, true));
    assert_eq!((generator.poll(ms(5400)), generator.poll(ms(5400)), generator.next_deadline()), (true, false, Some(ms(6400))));
    generator.stop();
    assert_eq!((generator.poll(ms(9000)), generator.next_deadline()), (false, None));
}

#[test]
fn a_user_cell_puts_the_next_continuity_cell_off() {
    let mut generator = Generator::new(ms(1000));
    generator.put_off(ms(10));
    assert_eq!(generator.next_deadline(), None);
    generator.start(ms(100));
    generator.put_off(ms(700));
    assert_eq!((generator.poll(ms(1699)), generator.poll(ms(1700))), (false, true));
}

proptest! {
    #[test]
    fn alarms_are_those_of_the_cells_there_were(steps in prop::collection::vec((0..6u8, 0..2000u64), 1..60)) {
        let mut monitor = monitor();
        let (mut now, mut ais, mut rdi, mut alive, mut check) = (0, None, None, 0, false);
        let mut loc = false;
        let mut reported = NONE;
        for (step, wait) in steps {
            now += wait;
            loc |= check && now >= alive + 3500;
            match step {
                0 => { monitor.handle_ais(ms(now)); ais = Some(now); }
                1 => { monitor.handle_rdi(ms(now)); rdi = Some(now); }
                2 => { monitor.handle_user_cell(ms(now)); (ais, alive, loc) = (None, now, false); }
                3 => { monitor.handle_continuity_check(ms(now)); (ais, alive, loc) = (None, now, false); }
                4 => { monitor.set_continuity_check(ms(now), !check); (check, alive, loc) = (!check, now, false); }
                _ => {}
            }
            let on = |since: Option<u64>| since.is_some_and(|since| now < since + 2500);
            let expected = Alarms { ais: on(ais), rdi: on(rdi), loc };
            match monitor.poll(ms(now)) {
                Action::Report(alarms) => {
                    prop_assert!(alarms != reported);
                    reported = alarms;
                }
                _ => prop_assert_eq!(expected, reported),
            }
            prop_assert_eq!((monitor.alarms(), reported), (expected, expected));
            while monitor.poll(ms(now)) != Action::Idle {}
            prop_assert!(monitor.next_deadline().is_none_or(|deadline| deadline > ms(now)));
        }
    }
}
