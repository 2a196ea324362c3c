//! Routes between the native Internet and 6to4: which may be advertised (RFC 3056 5.2, RFC 3964 3.1, RFC 7526).
//!
//! A relay advertises 2002::/16 and nothing longer: the routing table of IPv4 must not be repeated in that of IPv6. Native networks drop what is longer, and a site with a native
//! connection does not advertise its own /48 there.
//!
//! ```
//! use sixtofour::advertisement::{Advertised, filter};
//!
//! assert_eq!(filter(&"2002::/16".parse()?), Ok(Advertised::SixToFour));
//! assert!(filter(&"2002:c000:204::/48".parse()?).is_err());
//! # Ok::<(), ip_wire::prefix::Invalid>(())
//! ```

use core::net::Ipv4Addr;

use ip_wire::prefix::{Ipv4Prefix, Ipv6Prefix};

use crate::address::PREFIX;
use crate::error::Error;

/// What a relay advertises into native routing.
pub const ADVERTISED: Ipv6Prefix = PREFIX;

/// 192.88.99.0/24: relays by anycast (RFC 3068), deprecated (RFC 7526).
pub const RELAY_ANYCAST: Ipv4Prefix = match Ipv4Prefix::new(Ipv4Addr::new(192, 88, 99, 0), 24) {
    Ok(prefix) => prefix,
    // The last octet is zero: the compiler has taken the arm above.
    Err(_) => Ipv4Prefix::ALL,
};

/// A route that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Advertised {
    /// 2002::/16 itself: a relay's.
    SixToFour,
    /// No route into 6to4; it may be one around it, such as ::/0.
    Unrelated,
}

/// Decides on a route in native IPv6 routing, to be sent or received.
///
/// # Errors
/// [`Error::MoreSpecific`] for a prefix in 2002::/16 that is longer.
pub const fn filter(route: &Ipv6Prefix) -> Result<Advertised, Error> {
    if !PREFIX.covers(route) {
        return Ok(Advertised::Unrelated);
    }
    if route.len() == PREFIX.len() { Ok(Advertised::SixToFour) } else { Err(Error::MoreSpecific { len: route.len() }) }
}

/// Takes what [`filter`] refuses out of a list: what is left stands, in order, in front; returns how many that are.
pub fn retain(routes: &mut [Ipv6Prefix]) -> usize {
    let mut kept = 0usize;
    for index in 0..routes.len() {
        let Some(route) = routes.get(index).copied() else { break };
        if filter(&route).is_ok() {
            if let Some(place) = routes.get_mut(kept) {
                *place = route;
            }
            kept = kept.saturating_add(1);
        }
    }
    kept
}

/// A route in IPv4 routing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ipv4Advertised {
    /// 192.88.99.0/24 or a part of it. RFC 7526 4 deprecates it: it should not be advertised, and it must not get another use.
    DeprecatedRelayAnycast,
    /// Anything else.
    Unrelated,
}

/// Recognises the anycast prefix of relays.
#[must_use]
pub const fn ipv4(route: &Ipv4Prefix) -> Ipv4Advertised {
    if RELAY_ANYCAST.covers(route) { Ipv4Advertised::DeprecatedRelayAnycast } else { Ipv4Advertised::Unrelated }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Ipv6Prefix {
        text.parse().unwrap()
    }

    #[test]
    fn exactly_the_16_bits_of_6to4_are_advertised() {
        assert_eq!((ADVERTISED, filter(&ADVERTISED)), (of("2002::/16"), Ok(Advertised::SixToFour)));
        for len in 17..=128 {
            let route = Ipv6Prefix::holding("2002:c000:204:1:2:3:4:5".parse().unwrap(), len).unwrap();
            assert_eq!(filter(&route), Err(Error::MoreSpecific { len }));
        }
        assert_eq!(filter(&of("2002::/17")), Err(Error::MoreSpecific { len: 17 }));
    }

    #[test]
    fn other_routes_are_not_6to4s_to_judge() {
        for text in ["::/0", "2000::/3", "2002::/15", "2001::/16", "2003::/16", "2001:db8::/32", "fc00::/7"] {
            assert_eq!(filter(&of(text)), Ok(Advertised::Unrelated), "{text}");
        }
    }

    #[test]
    fn a_list_keeps_its_order_without_what_is_refused() {
        let mut routes = ["2002:1::/32", "::/0", "2002::/16", "2002:c000:204::/48", "2001:db8::/32"].map(of);
        let kept = retain(&mut routes);
        assert_eq!(&routes[..kept], ["::/0", "2002::/16", "2001:db8::/32"].map(of));
        assert_eq!(retain(&mut []), 0);
    }

    #[test]
    fn the_anycast_prefix_is_flagged_as_deprecated() {
        for (text, expected) in [
            ("192.88.99.0/24", Ipv4Advertised::DeprecatedRelayAnycast),
            ("192.88.99.1/32", Ipv4Advertised::DeprecatedRelayAnycast),
            ("192.88.98.0/23", Ipv4Advertised::Unrelated),
            ("192.88.98.0/24", Ipv4Advertised::Unrelated),
            ("192.88.100.0/24", Ipv4Advertised::Unrelated),
        ] {
            assert_eq!(ipv4(&text.parse().unwrap()), expected, "{text}");
        }
    }
}
