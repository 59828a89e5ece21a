//! The cryptography behind TLS connections, and where there need be none.

use url::{Host, Url};

/// Makes `ring` the provider of this process, unless it has one.
///
/// The libraries that open TLS connections panic without a provider, or choose one by the features that another
/// dependency has enabled.
pub(crate) fn install_provider() {
    // an error means that there is a provider
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// Whether a URL leads to this machine, so that nobody on the way can read or answer.
pub(crate) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
