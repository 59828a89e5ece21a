//! Where requests go, and whom they trust.

use std::fs;

use axum_server::tls_rustls::RustlsConfig;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;

use super::*;

/// Ways to write this machine, `PORT` on it, other machines nearby, and metadata services.
const CLOSED: [&str; 66] = [
    "http://127.0.0.1:PORT",
    "http://127.1:PORT",
    "http://127.0.1:PORT",
    "http://127.255.255.254:PORT",
    "http://0x7f.0.0.1:PORT",
    "http://0x7f000001:PORT",
    "http://2130706433:PORT",
    "http://017700000001:PORT",
    "http://0177.0.0.1:PORT",
    "http://0177.0x0.0.1:PORT",
    "http://127.0.0.1.:PORT",
    "http://0.0.0.0:PORT",
    "http://0:PORT",
    "http://[::1]:PORT",
    "http://[::]:PORT",
    "http://[0:0:0:0:0:0:0:1]:PORT",
    "http://[::ffff:127.0.0.1]:PORT",
    "http://[::ffff:7f00:1]:PORT",
    "http://[::127.0.0.1]:PORT",
    "http://[::ffff:0:127.0.0.1]:PORT",
    "http://[64:ff9b::7f00:1]:PORT",
    "http://[64:ff9b:1::7f00:1]:PORT",
    "http://[2002:7f00:1::]:PORT",
    "http://[2001:0:7f00:1::]:PORT",
    "http://localhost:PORT",
    "http://LOCALHOST:PORT",
    "http://localhost.:PORT",
    "http://loc%61lhost:PORT",
    "http://ｌｏｃａｌｈｏｓｔ:PORT",
    "http://127%2e0%2e0%2e1:PORT",
    "http://%31%32%37.0.0.1:PORT",
    "http://１２７.0.0.1:PORT",
    "http://①②⑦.⓪.⓪.①:PORT",
    "http://127。0。0。1:PORT",
    "http://127．0．0．1:PORT",
    "http://ada@127.0.0.1:PORT",
    "http://legacy.example@127.0.0.1:PORT",
    "http://legacy.example:80@127.0.0.1:PORT",
    "http://127.0.0.1:PORT\\@legacy.example",
    "http://127.0.0.1:PORT#@legacy.example",
    "http://127.0.0.1:PORT?@legacy.example",
    "http:127.0.0.1:PORT",
    "http:\\\\127.0.0.1:PORT",
    "http:///127.0.0.1:PORT",
    " http://127.0.0.1:PORT",
    "ht\ntp://127.0.0.1:PORT",
    "http://127.0.0.1:PORT/../x",
    "https://127.0.0.1:PORT",
    "HTTP://127.0.0.1:PORT",
    "ftp://127.0.0.1:PORT",
    "gopher://127.0.0.1:PORT",
    "file:///etc/passwd",
    "ws://127.0.0.1:PORT",
    "http://10.0.0.1",
    "http://172.16.0.1",
    "http://192.168.0.1",
    "http://100.64.0.1",
    "http://198.18.0.1",
    "http://169.254.169.254/latest/meta-data",
    "http://0xa9fea9fe",
    "http://2852039166",
    "http://[::ffff:169.254.169.254]",
    "http://[fd00:ec2::254]",
    "http://[fe80::1]",
    "http://[fe80::1%25lo]",
    "http://168.63.129.16",
];

#[tokio::test]
async fn closed_addresses_are_not_reached() {
    let server = Server::always(200, json!({ "id": 7 })).await;
    let six = TcpListener::bind(("::1", server.address.port())).await;
    if let Ok(six) = six {
        let count = Arc::clone(&server.asked);
        tokio::spawn(async move {
            while six.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    let port = server.address.port().to_string();
    for form in CLOSED {
        let url = form.replace("PORT", &port);
        for allow in [json!([]), json!(["legacy.example", "10.9.9.9"])] {
            let settings = json!({
                "server": { "url": url, "plain_http": true, "allow": allow },
                "record": { "path": "/customers/{identifier}" },
            });
            if let Ok(source) = source(settings) {
                let error = fetch(&source, "ada").await.unwrap_err();
                // a name that cannot be resolved leads nowhere either
                let is_closed = error.detail().contains("`allow`") && error.kind() == PortErrorKind::Misconfigured;
                assert!(is_closed || error.kind() == PortErrorKind::Unavailable, "{form}: {error}");
            }
        }
        // nor is a token fetched there
        let auth = json!({ "kind": "oauth", "token_url": url, "client_id": "c", "client_secret": "s" });
        let settings = json!({
            "server": { "url": "https://legacy.example", "plain_http": true, "auth": auth },
            "record": { "path": "/customers/{identifier}" },
        });
        if let Ok(source) = source(settings) {
            assert!(fetch(&source, "ada").await.is_err(), "{form}");
        }
    }
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_redirect_leads_nowhere() {
    let inside = Server::always(200, json!({ "id": 7 })).await;
    let location = format!("http://{}/customers/ada", inside.address);
    let server = Server::answering(move |_| {
        let location = location.clone();
        async move { Response::builder().status(307).header("location", location).body(Body::empty()).unwrap() }
    })
    .await;
    let source = server.source(json!({ "record": { "path": "/customers/{identifier}" } }));
    assert_eq!(kind(fetch(&source, "ada").await), PortErrorKind::BadResponse);
    assert_eq!((server.asked(), inside.asked()), (1, 0));
}

#[tokio::test]
async fn a_name_that_is_allowed_is_reached() {
    let server = Server::always(200, json!({ "id": 7 })).await;
    let settings = json!({
        "server": { "url": format!("http://localhost:{}", server.address.port()), "allow": ["localhost"] },
        "record": { "path": "/customers/{identifier}" },
    });
    assert!(fetch(&source(settings).unwrap(), "ada").await.unwrap().is_some());
}

#[test]
fn servers_without_tls_must_be_intended() {
    let open = |url: &str, plain: bool| {
        let server = json!({ "url": url, "plain_http": plain, "allow": ["127.0.0.1", "10.0.0.0/8"] });
        source(json!({ "server": server, "record": { "path": "/{identifier}" } })).is_ok()
    };
    assert!(open("http://127.0.0.1:8080/api", false) && open("https://10.1.2.3", false));
    assert!(!open("http://10.1.2.3", false) && !open("http://legacy.example", false));
    for url in ["http://localhost", "https://localhost.", "https://api.localhost"] {
        let closed = json!({ "server": { "url": url }, "record": { "path": "/{identifier}" } });
        assert!(source(closed).unwrap_err().contains("`allow`"), "{url}");
    }
    assert!(open("http://10.1.2.3", true));
    assert!(!open("https://legacy.example?a=b", false) && !open("legacy.example", false));
}

/// A certificate authority, and what it has issued.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: tempfile::TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    /// Issues a certificate into `NAME.pem` and `NAME.key`.
    fn issue(&self, name: &str, hosts: &[&str]) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let params = CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).unwrap();
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        fs::write(self.folder.path().join(format!("{name}.pem")), &pem).unwrap();
        fs::write(self.folder.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        (CertificateDer::from_pem_slice(pem.as_bytes()).unwrap(), key)
    }

    /// A server with a certificate for these hosts, which may want one of this authority from its clients.
    async fn serve(&self, hosts: &[&str], wants_client: bool) -> SocketAddr {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let (certificate, key) = self.issue("server", hosts);
        let builder = if wants_client {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(self.issuer.pem().as_bytes()).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(vec![certificate], key).unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().fallback(async |request: Request| {
            let version = format!("{:?}", request.version());
            axum::Json(json!({ "version": version }))
        });
        let server = axum_server::from_tcp_rustls(listener, RustlsConfig::from_config(Arc::new(config))).unwrap();
        tokio::spawn(server.serve(routes.into_make_service()));
        address
    }

    async fn ask(&self, address: SocketAddr, tls: Json) -> Result<Option<Json>, PortError> {
        let server = json!({
            "url": format!("https://localhost:{}", address.port()), "allow": ["localhost"], "tls": tls,
        });
        let settings = kinded(json!({ "server": server, "record": { "path": "/{identifier}" } }));
        let settings: HttpSettings = serde_json::from_value(settings).unwrap();
        let source = HttpSource::open(&settings, IdentifierProfile::default(), self.folder.path()).unwrap();
        fetch(&source, "ada").await
    }
}

#[tokio::test]
async fn certificates_are_verified() {
    let (ours, other) = (Authority::new(), Authority::new());
    let address = ours.serve(&["localhost"], false).await;
    let found = ours.ask(address, json!({ "ca": "ca.pem" })).await.unwrap();
    assert_eq!(found, Some(json!({ "version": "HTTP/2.0" })));
    for (authority, tls) in [(&ours, json!({})), (&other, json!({ "ca": "ca.pem" }))] {
        let error = authority.ask(address, tls).await.unwrap_err();
        assert_eq!(error.kind(), PortErrorKind::Misconfigured);
        assert!(error.detail().contains("not trusted"), "{error}");
    }
    let elsewhere = ours.serve(&["other.example"], false).await;
    assert_eq!(kind(ours.ask(elsewhere, json!({ "ca": "ca.pem" })).await), PortErrorKind::Misconfigured);
}

#[tokio::test]
async fn client_certificates_are_shown() {
    let ours = Authority::new();
    let address = ours.serve(&["localhost"], true).await;
    ours.issue("client", &["landfall"]);
    let tls = json!({ "ca": "ca.pem", "certificate": "client.pem", "key": "client.key" });
    assert!(ours.ask(address, tls).await.unwrap().is_some());
    let error = ours.ask(address, json!({ "ca": "ca.pem" })).await.unwrap_err();
    assert!(matches!(error.kind(), PortErrorKind::Misconfigured | PortErrorKind::Unavailable), "{error}");
}
