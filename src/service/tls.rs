//! TLS 1.2 and 1.3 with rustls and ring, from PEM files.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use thiserror::Error;

use super::settings::TlsFiles;

/// The protocols inside TLS (RFC 7301), in order of preference.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why TLS cannot be set up.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read or parsed.
    #[error("cannot load `{file}`: {why}")]
    File {
        /// The file.
        file: String,
        /// The reason.
        why: String,
    },
    /// The certificate and key do not match, or are of an unsupported kind.
    #[error("cannot use the certificate: {0}")]
    Certificate(#[source] rustls::Error),
}

/// Reads the certificate and its key.
pub(super) fn load(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let certificates = CertificateDer::pem_file_iter(&files.certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unusable(&files.certificates, &error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(TlsError::Certificate)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(TlsError::Certificate)?;
    config.alpn_protocols = PROTOCOLS.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(Arc::new(config))
}

fn unusable(file: &Path, error: &rustls::pki_types::pem::Error) -> TlsError {
    TlsError::File { file: file.display().to_string(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_certificate_files_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificates: folder.path().join("a.pem"), key: folder.path().join("b.pem") };
        assert!(load(&files).unwrap_err().to_string().contains("a.pem"));
        std::fs::write(&files.certificates, "no certificate").unwrap();
        std::fs::write(&files.key, "no key").unwrap();
        let message = load(&files).unwrap_err().to_string();
        assert!(message.contains("b.pem") && !message.contains("no key"), "{message}");
    }
}
