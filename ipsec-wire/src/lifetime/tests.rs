use super::*;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_packet_that_brings_the_octets_to_the_limit_is_the_last_one() {
    let hard = Limits { octets: Some(100), ..Limits::default() };
    let mut lifetime = Lifetime::new(Duration::ZERO, Limits::default(), hard);
    assert_eq!(lifetime.expired(SECOND, 101), Some(Limit::Octets));
    assert_eq!(lifetime.expired(SECOND, 60), None);
    assert_eq!(lifetime.count(SECOND, 60), None);
    assert_eq!(lifetime.expired(SECOND, 41), Some(Limit::Octets));
    assert_eq!(lifetime.expired(SECOND, 40), None);
    lifetime.count(SECOND, 40);
    assert_eq!(lifetime.expired(SECOND, 1), Some(Limit::Octets));
    assert_eq!((lifetime.octets(), lifetime.packets()), (100, 2));
}

#[test]
fn packets_count_up_to_the_limit() {
    let hard = Limits { packets: Some(2), ..Limits::default() };
    let mut lifetime = Lifetime::new(Duration::ZERO, Limits::default(), hard);
    for _ in 0..2 {
        assert_eq!(lifetime.expired(SECOND, 9), None);
        lifetime.count(SECOND, 9);
    }
    assert_eq!(lifetime.expired(SECOND, 9), Some(Limit::Packets));
}

#[test]
fn a_soft_limit_is_reported_once() {
    let soft = Limits { octets: Some(10), packets: Some(2), ..Limits::default() };
    let mut lifetime = Lifetime::new(Duration::ZERO, soft, Limits::default());
    assert_eq!(lifetime.count(SECOND, 9), None);
    assert_eq!(lifetime.count(SECOND, 1), Some(Limit::Octets));
    assert_eq!(lifetime.count(SECOND, 1), None);
}

#[test]
fn age_counts_from_the_making_and_time_of_use_from_the_first_packet() {
    let hard = Limits { age: Some(SECOND * 100), use_time: Some(SECOND * 10), ..Limits::default() };
    let soft = Limits { age: Some(SECOND * 50), ..Limits::default() };
    let mut lifetime = Lifetime::new(SECOND * 5, soft, hard);
    assert_eq!(lifetime.next_deadline(), Some(SECOND * 55));
    assert_eq!(lifetime.expired(SECOND * 104, 1), None);
    assert_eq!(lifetime.expired(SECOND * 105, 1), Some(Limit::Age));
    lifetime.count(SECOND * 20, 1);
    assert_eq!(lifetime.next_deadline(), Some(SECOND * 30));
    assert_eq!(lifetime.expired(SECOND * 29, 1), None);
    assert_eq!(lifetime.expired(SECOND * 30, 1), Some(Limit::UseTime));
    assert_eq!(lifetime.handle_timeout(SECOND * 54), None);
    assert_eq!(lifetime.handle_timeout(SECOND * 55), Some(Limit::Age));
    assert_eq!(lifetime.handle_timeout(SECOND * 56), None);
}

#[test]
fn without_limits_nothing_expires() {
    let mut lifetime = Lifetime::new(Duration::ZERO, Limits::default(), Limits::default());
    assert_eq!(lifetime.count(Duration::MAX, usize::MAX), None);
    assert_eq!((lifetime.expired(Duration::MAX, usize::MAX), lifetime.next_deadline()), (None, None));
}
