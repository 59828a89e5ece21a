//! The cryptography behind TLS connections.

/// Makes `ring` the provider of this process, unless it has one.
///
/// The libraries that open TLS connections panic without a provider, or choose one by the features that another
/// dependency has enabled.
pub(crate) fn install_provider() {
    // an error means that there is a provider
    drop(rustls::crypto::ring::default_provider().install_default());
}
