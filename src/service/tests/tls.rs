//! TLS with a certificate that is generated here.

use super::*;
use crate::service::settings::TlsFiles;

/// A service with a certificate for `localhost`, and its certificate.
fn service(folder: &std::path::Path) -> (Running, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificates: folder.join("certificate.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificates, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let service = Running::start(|settings| {
        settings.tls = Some(files);
        settings.limits.header_time = Duration::from_millis(500);
    });
    (service, made.cert.pem().into_bytes())
}

/// A client that trusts this certificate and speaks these TLS versions.
fn client(trusted: &[u8], versions: &[&'static rustls::SupportedProtocolVersion]) -> reqwest::Client {
    use rustls::pki_types::{CertificateDer, pem::PemObject as _};
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted).unwrap()).unwrap();
    let mut config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    reqwest::Client::builder().tls_backend_preconfigured(config).no_proxy().build().unwrap()
}

#[test]
fn both_tls_versions_work_with_http_2() {
    let folder = tempfile::tempdir().unwrap();
    let (service, certificate) = service(folder.path());
    let url = format!("https://localhost:{}/v1/login", service.address.port());
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let client = client(&certificate, &[version]);
        let (answered, body) = service.runtime.block_on(async {
            let request = client.post(&url).header("content-type", "application/json").body(login("migrated"));
            let answer = request.send().await.unwrap();
            (answer.version(), answer.text().await.unwrap())
        });
        assert_eq!(answered, reqwest::Version::HTTP_2, "{version:?}");
        assert!(body.contains("a-1"), "{body}");
    }
}

#[test]
fn untrusted_certificates_and_plain_http_fail() {
    let folder = tempfile::tempdir().unwrap();
    let (service, _) = service(folder.path());
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap().cert.pem().into_bytes();
    let url = format!("https://localhost:{}/health/live", service.address.port());
    let client = client(&other, &[&rustls::version::TLS13]);
    assert!(service.runtime.block_on(client.get(&url).send()).is_err());
    assert!(!service.get("/health/live").contains("200"));
    // A handshake that never starts times out like a request head.
    assert_eq!(rest(&mut service.connect()), "");
}
