//! Which addresses may be connected to. A name is resolved here, and the connection goes to an address that was checked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

/// A host that is not connected to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is or resolves to an address that is not public; if this is intended, add it to `allow`")]
pub(crate) struct Refused(pub String);

/// What an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// On the internet.
    Public,
    /// This machine, a private network, or a network with a special use.
    Private,
    /// Link-local, or where a cloud gives out credentials of this machine.
    Metadata,
    /// Never the address of a server: multicast, broadcast, unspecified.
    Never,
}

/// Addresses outside of link-local networks where clouds give out credentials: Azure, Alibaba, Oracle.
const METADATA: [Ipv4Addr; 3] =
    [Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192)];

/// The class of an address. One that carries an IPv4 address is what that address is.
pub(crate) fn class(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(address) => class_of_4(address),
        IpAddr::V6(address) => class_of_6(address),
    }
}

fn class_of_4(address: Ipv4Addr) -> Class {
    if METADATA.contains(&address) {
        return Class::Metadata;
    }
    match address.octets() {
        [0 | 224..=255, ..] => Class::Never,
        [169, 254, ..] => Class::Metadata,
        [10 | 127, ..]
        | [100, 64..=127, ..]
        | [172, 16..=31, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [192, 168, ..]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Class::Private,
        _ => Class::Public,
    }
}

fn class_of_6(address: Ipv6Addr) -> Class {
    let four = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        class_of_4(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Private,
        // compatible, mapped, translated (RFC 4291, RFC 2765), NAT64 (RFC 6052, RFC 8215)
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] => four(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => four(high, low),
        [0x64, 0xff9b, 1, .., high, low] => four(high, low).max(Class::Private),
        // 6to4, and ISATAP below any prefix
        [0x2002, high, low, ..] => four(high, low),
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => four(high, low).max(Class::Private),
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Class::Metadata,
        [first, ..] if first & 0xffc0 == 0xfe80 => Class::Metadata,
        [first, ..] if first & 0xff00 == 0xff00 => Class::Never,
        // Teredo and what else is special, documentation
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Class::Private,
        [first, ..] if first & 0xe000 == 0x2000 => Class::Public,
        _ => Class::Private,
    }
}

/// An address of this machine.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Whether a name always means this machine (RFC 6761).
pub(crate) fn is_this_machine(name: &str) -> bool {
    let name = bare(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// Hosts whose addresses may be private.
#[derive(Debug, Clone, Default)]
pub(crate) struct Allowed {
    names: Vec<String>,
    networks: Vec<IpNet>,
}

/// A host as it is compared: lower case, without brackets and the final dot.
fn bare(host: &str) -> String {
    host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase()
}

impl Allowed {
    /// Reads names, addresses and networks.
    ///
    /// # Errors
    /// The first entry that is none of them.
    pub fn parse(entries: &[String]) -> Result<Self, String> {
        let mut allowed = Self::default();
        for entry in entries {
            let text = bare(entry);
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if let Ok(address) = text.parse::<IpAddr>() {
                allowed.networks.push(address.into());
            } else if let Ok(network) = text.parse::<IpNet>() {
                allowed.networks.push(network);
            } else if !text.is_empty() && text.chars().all(is_name) {
                allowed.names.push(text);
            } else {
                return Err(entry.clone());
            }
        }
        Ok(allowed)
    }

    /// Whether an address of this host may be connected to. The name of a host admits private addresses; a metadata
    /// service must be named by its address, because whoever answers for a name could lead there.
    pub fn admits(&self, host: &str, address: IpAddr) -> bool {
        let is_listed = || {
            let canonical = address.to_canonical();
            self.networks.iter().any(|network| network.contains(&address) || network.contains(&canonical))
        };
        match class(address) {
            Class::Public => true,
            Class::Private => self.names_host(host) || is_listed(),
            Class::Metadata => is_listed(),
            Class::Never => false,
        }
    }

    fn names_host(&self, host: &str) -> bool {
        let host = bare(host);
        self.names.contains(&host)
    }

    /// Refuses a host that is an address and may not be connected to; the resolver does not see those. Also this machine by
    /// name, so that it is found when the settings are read.
    pub fn check_literal(&self, url: &url::Url) -> Result<(), Refused> {
        let address = match url.host() {
            Some(url::Host::Ipv4(address)) => IpAddr::V4(address),
            Some(url::Host::Ipv6(address)) => IpAddr::V6(address),
            Some(url::Host::Domain(name)) if is_this_machine(name) && !self.admits(name, LOOPBACK) => {
                return Err(Refused(name.to_owned()));
            }
            Some(url::Host::Domain(_)) => return Ok(()),
            None => return Err(Refused(String::new())),
        };
        if self.admits("", address) { Ok(()) } else { Err(Refused(address.to_string())) }
    }
}

/// Resolves names, and returns only addresses that may be connected to.
#[derive(Debug)]
pub(crate) struct Resolver {
    allowed: Arc<Allowed>,
}

impl Resolver {
    /// A resolver.
    pub fn new(allowed: Arc<Allowed>) -> Self {
        Self { allowed }
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (allowed, host) = (Arc::clone(&self.allowed), name.as_str().to_owned());
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            admitted(&allowed, &host, found)
        })
    }
}

/// The addresses of a name; an error if any of them is closed, because a name with both is an attack or a mistake.
fn admitted(
    allowed: &Allowed,
    host: &str,
    found: Vec<SocketAddr>,
) -> Result<Addrs, Box<dyn std::error::Error + Send + Sync>> {
    if found.iter().all(|address| allowed.admits(host, address.ip())) {
        return Ok(Box::new(found.into_iter()));
    }
    Err(Box::new(Refused(host.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_class() {
        for (text, want) in [
            ("8.8.8.8", Class::Public),
            ("2606:4700::1111", Class::Public),
            ("64:ff9b::808:808", Class::Public),
            ("127.0.0.1", Class::Private),
            ("10.1.2.3", Class::Private),
            ("100.64.0.1", Class::Private),
            ("172.31.255.255", Class::Private),
            ("172.32.0.1", Class::Public),
            ("192.168.0.1", Class::Private),
            ("198.19.0.1", Class::Private),
            ("::1", Class::Private),
            ("fd12::1", Class::Private),
            ("fec0::1", Class::Private),
            ("::ffff:10.0.0.1", Class::Private),
            ("::10.0.0.1", Class::Private),
            ("::ffff:0:10.0.0.1", Class::Private),
            ("64:ff9b::7f00:1", Class::Private),
            ("64:ff9b:1::808:808", Class::Private),
            ("2002:7f00:1::", Class::Private),
            ("2001:0:1::1", Class::Private),
            ("2001:db8::1", Class::Private),
            ("2606:4700::5efe:10.0.0.1", Class::Private),
            ("169.254.169.254", Class::Metadata),
            ("::ffff:169.254.169.254", Class::Metadata),
            ("fd00:ec2::254", Class::Metadata),
            ("fe80::1", Class::Metadata),
            ("168.63.129.16", Class::Metadata),
            ("0.0.0.0", Class::Never),
            ("::", Class::Never),
            ("224.0.0.1", Class::Never),
            ("255.255.255.255", Class::Never),
            ("ff02::1", Class::Never),
        ] {
            assert_eq!(class(text.parse().unwrap()), want, "{text}");
        }
    }

    #[test]
    fn names_admit_private_addresses_and_no_metadata() {
        let allowed = Allowed::parse(&["Crm.internal.".into(), "10.0.0.0/8".into(), "::1".into()]).unwrap();
        let admits = |host: &str, address: &str| allowed.admits(host, address.parse().unwrap());
        assert!(admits("crm.internal", "192.168.1.1") && admits("crm.internal.", "127.0.0.1"));
        assert!(!admits("evil.example", "192.168.1.1") && !admits("crm.internal", "169.254.169.254"));
        assert!(admits("other.example", "10.2.3.4") && admits("x", "::ffff:10.2.3.4") && admits("x", "::1"));
        assert!(!admits("crm.internal", "0.0.0.0") && !admits("crm.internal", "224.0.0.1"));
        assert_eq!(Allowed::parse(&["http://x".into()]).err().as_deref(), Some("http://x"));
    }

    #[test]
    fn a_name_with_one_closed_address_is_refused() {
        let allowed = Allowed::default();
        let found = |texts: &[&str]| {
            let addresses = texts.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0)).collect();
            admitted(&allowed, "a.example", addresses).is_ok()
        };
        assert!(found(&["8.8.8.8"]) && !found(&["8.8.8.8", "127.0.0.1"]) && !found(&["169.254.169.254"]));
    }
}
