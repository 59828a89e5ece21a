//! The address of a customer: the peer, or the address that a trusted proxy forwards.

use std::net::IpAddr;

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The header in which proxies list the addresses they forward for, nearest last. It has no RFC; see
/// <https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/X-Forwarded-For>.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The header of RFC 7239, which is not read; it shows that there is a proxy.
const FORWARDED: &str = "forwarded";

/// The most entries that are read. Stops a header of thousands of addresses from costing time; proxy chains have a
/// handful.
const MAX_HOPS: usize = 32;

/// The networks whose `X-Forwarded-For` is trusted.
#[derive(Debug, Clone, Default)]
pub(super) struct TrustedProxies(Vec<IpNet>);

/// Who the peers outside the trusted networks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peers {
    /// Customers, who connect directly.
    Customers,
    /// Backends that call for all customers. Their address is not the customer's and must not be counted as such: the
    /// limit of one network would lock everybody out.
    Callers,
}

impl TrustedProxies {
    pub(super) fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether the address is in a trusted network. An IPv4-mapped IPv6 address is treated as the IPv4 address.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of the customer: the peer's own, unless the peer is trusted; then the last forwarded address that is
    /// not itself trusted. `None` if a trusted peer forwards no address, or no valid one.
    pub(super) fn client(&self, peers: Peers, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return (peers == Peers::Customers).then_some(peer);
        }
        self.origin(peer, headers).filter(|origin| !self.trusts(*origin))
    }

    /// The address of who calls: the peer's own, unless the peer is trusted; then the last forwarded address that is not
    /// itself trusted, or the first of all if every one is. `None` if it cannot be known: a proxy that is not trusted
    /// stands in between, or a forwarded address is invalid.
    pub(super) fn caller(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let peer = peer.to_canonical();
        if !self.trusts(peer) {
            return [FORWARDED_FOR, FORWARDED].iter().all(|name| !headers.contains_key(*name)).then_some(peer);
        }
        self.origin(peer, headers)
    }

    /// The first address, from a trusted peer backwards, that is not itself trusted, or the farthest of all if every one
    /// is. `None` if a forwarded address is invalid.
    fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        let mut origin = peer;
        for entry in hops(headers).take(MAX_HOPS) {
            origin = address(entry)?;
            if !self.trusts(origin) {
                break;
            }
        }
        Some(origin)
    }
}

/// The entries of all `X-Forwarded-For` headers, last first.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or("")).collect();
    values.into_iter().rev().flat_map(|value| value.rsplit(','))
}

/// An address, with or without a port.
fn address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let address = entry.parse::<IpAddr>().ok().or_else(|| entry.parse::<std::net::SocketAddr>().ok().map(|a| a.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> Option<String> {
        let trusted = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        trusted.client(Peers::Customers, peer.parse().unwrap(), &headers).map(|address| address.to_string())
    }

    #[test]
    fn the_address_of_a_backend_is_not_its_customers_address() {
        let trusted = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, "203.0.113.9".parse().unwrap());
        assert_eq!(trusted.client(Peers::Callers, "192.0.2.1".parse().unwrap(), &headers), None);
        let named = trusted.client(Peers::Callers, "10.0.0.1".parse().unwrap(), &headers);
        assert_eq!(named, "203.0.113.9".parse().ok());
    }

    /// Who connects, the headers, and who calls.
    type Case = (&'static str, &'static [(&'static str, &'static str)], Option<&'static str>);

    #[test]
    fn who_calls_is_known_unless_an_unknown_proxy_stands_in_between() {
        let trusted = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        let cases: &[Case] = &[
            ("192.0.2.1", &[], Some("192.0.2.1")),
            ("::ffff:127.0.0.1", &[], Some("127.0.0.1")),
            ("127.0.0.1", &[("x-forwarded-for", "203.0.113.9")], None),
            ("127.0.0.1", &[("forwarded", "for=203.0.113.9")], None),
            ("10.0.0.1", &[], Some("10.0.0.1")),
            ("10.0.0.1", &[("x-forwarded-for", "203.0.113.9")], Some("203.0.113.9")),
            ("10.0.0.1", &[("x-forwarded-for", "127.0.0.1, 203.0.113.9, 10.2.3.4")], Some("203.0.113.9")),
            ("10.0.0.1", &[("x-forwarded-for", "10.7.7.7, 10.2.3.4")], Some("10.7.7.7")),
            ("10.0.0.1", &[("x-forwarded-for", "unknown")], None),
        ];
        for (peer, sent, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in *sent {
                headers.append(axum::http::HeaderName::from_static(name), value.parse().unwrap());
            }
            let caller = trusted.caller(peer.parse().unwrap(), &headers).map(|address| address.to_string());
            assert_eq!(caller.as_deref(), *expected, "{peer} {sent:?}");
        }
    }

    #[test]
    fn only_trusted_proxies_can_forward_addresses() {
        let cases: &[(&str, &[&str], Option<&str>)] = &[
            ("192.0.2.1", &[], Some("192.0.2.1")),
            ("192.0.2.1", &["203.0.113.9"], Some("192.0.2.1")),
            ("::ffff:192.0.2.1", &[], Some("192.0.2.1")),
            ("10.0.0.1", &[], None),
            ("::ffff:10.0.0.1", &["203.0.113.9"], Some("203.0.113.9")),
            ("10.0.0.1", &["203.0.113.9"], Some("203.0.113.9")),
            ("10.0.0.1", &["198.51.100.1, 203.0.113.9, 10.2.3.4"], Some("203.0.113.9")),
            ("10.0.0.1", &["198.51.100.1", "203.0.113.9"], Some("203.0.113.9")),
            ("10.0.0.1", &["203.0.113.9:4711"], Some("203.0.113.9")),
            ("fd00::1", &["[2001:db8::7]:443"], Some("2001:db8::7")),
            ("10.0.0.1", &["203.0.113.9, unknown"], None),
            ("10.0.0.1", &["203.0.113.9, "], None),
            ("10.0.0.1", &["10.0.0.2"], None),
        ];
        for (peer, forwarded, expected) in cases {
            assert_eq!(client(peer, forwarded).as_deref(), *expected, "{peer} {forwarded:?}");
        }
    }
}
