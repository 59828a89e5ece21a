//! TLS by rustls with ring, from PEM files, 1.2 and 1.3.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use thiserror::Error;

use super::settings::TlsFiles;

/// What browsers and clients may speak inside TLS (RFC 7301), the better first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// Why there is no TLS.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or is not what it should be.
    #[error("`{file}` cannot be used: {why}")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        why: String,
    },
    /// Certificate and key do not go together, or are of a kind that is not supported.
    #[error("the certificate cannot be used: {0}")]
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
    fn files_that_are_no_certificate_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let files = TlsFiles { certificates: folder.path().join("a.pem"), key: folder.path().join("b.pem") };
        assert!(load(&files).unwrap_err().to_string().contains("a.pem"));
        std::fs::write(&files.certificates, "no certificate").unwrap();
        std::fs::write(&files.key, "no key").unwrap();
        let message = load(&files).unwrap_err().to_string();
        assert!(message.contains("b.pem") && !message.contains("no key"), "{message}");
    }
}
