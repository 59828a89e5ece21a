//! The way to a server: TCP, and TLS with verified certificates.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use super::error::Failure;
use super::message::{EXTENDED, result};
use super::relay::{Limits, read};
use super::settings::Directory;
use crate::ports::PortErrorKind;

/// The request for TLS on a connection without (RFC 4511, section 4.14).
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Bytes of the answer to it.
const ANSWER_LIMIT: usize = 1024;

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tls {
    Never,
    AtOnce,
    OnRequest,
}

/// Where a server is.
pub(super) struct Address {
    host: String,
    port: u16,
    tls: Tls,
}

/// A connection, with or without TLS.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

impl Address {
    /// Reads the address of a server.
    pub fn new(server: &str, start_tls: bool) -> Result<Self, String> {
        let url = Url::parse(server).map_err(|error| format!("invalid address of a server: {error}"))?;
        let (tls, usual) = match url.scheme() {
            "ldaps" => (Tls::AtOnce, 636),
            _ if start_tls => (Tls::OnRequest, 389),
            _ => (Tls::Never, 389),
        };
        let host = url.host_str().unwrap_or("localhost").trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port: url.port().unwrap_or(usual), tls })
    }

    /// Connects. The caller bounds the time.
    pub async fn connect(&self, tls: &TlsConnector) -> Result<Box<dyn Stream>, Failure> {
        let unreachable = |_| Failure::new(PortErrorKind::Unavailable, "cannot reach the server");
        let mut stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(unreachable)?;
        // messages are written as a whole
        let _ = stream.set_nodelay(true);
        match self.tls {
            Tls::Never => return Ok(Box::new(stream)),
            Tls::AtOnce => {}
            Tls::OnRequest => start_tls(&mut stream).await?,
        }
        let name =
            ServerName::try_from(self.host.clone()).map_err(|_| no_tls("the name of the server is not valid"))?;
        let stream = tls.connect(name, stream).await.map_err(|error| failed_tls(&error))?;
        Ok(Box::new(stream))
    }
}

/// Asks for TLS. Exactly the answer is read: nothing that came before TLS is believed afterwards.
async fn start_tls(stream: &mut TcpStream) -> Result<(), Failure> {
    let broken = || Failure::new(PortErrorKind::Unavailable, "the connection broke");
    stream.write_all(START_TLS).await.map_err(|_| broken())?;
    let answer = read(stream, Limits::of_record(ANSWER_LIMIT)).await?.ok_or_else(broken)?;
    match result(answer.contents()) {
        Some((EXTENDED, 0)) => Ok(()),
        Some((EXTENDED, code @ (51 | 52))) => Err(Failure::code(code)),
        Some((EXTENDED, code)) => Err(no_tls(&format!("the server does not offer StartTLS (LDAP result {code})"))),
        _ => Err(Failure::new(PortErrorKind::BadResponse, "the answer to StartTLS is something else")),
    }
}

fn no_tls(detail: &str) -> Failure {
    Failure::new(PortErrorKind::Misconfigured, detail)
}

fn failed_tls(error: &io::Error) -> Failure {
    let problem = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match problem {
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) => {
            no_tls("the certificate of the server is not trusted")
        }
        Some(rustls::Error::AlertReceived(_)) => no_tls("the server refused the TLS connection"),
        Some(_) => no_tls("no TLS connection to the server"),
        None => Failure::new(PortErrorKind::Unavailable, "the connection broke before it was encrypted"),
    }
}

/// Whom connections trust. Certificates of the system are read once.
pub(super) fn connector(directory: &Directory, folder: &Path) -> Result<TlsConnector, String> {
    crate::tls::install_provider();
    let mut roots = RootCertStore::empty();
    match &directory.ca {
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(ca) => {
            let unreadable = |why: String| format!("cannot read the certificates in `{}`: {why}", ca.display());
            let file = File::open(folder.join(ca)).map_err(|error| unreadable(error.kind().to_string()))?;
            for certificate in CertificateDer::pem_reader_iter(BufReader::new(file)) {
                let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
                roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(unreadable("the file contains no certificate".to_owned()));
            }
        }
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::super::message::tests::tlv;
    use super::*;

    /// What becomes of a connection to a server that answers a request for TLS so, and then sends back what it receives.
    async fn started(answer: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ldap://{}", listener.local_addr().expect("an address"));
        let serving = async {
            let (mut stream, _) = listener.accept().await.expect("a client");
            let mut request = vec![0; START_TLS.len()];
            stream.read_exact(&mut request).await.expect("a request");
            assert_eq!(request, START_TLS);
            let _ = stream.write_all(&answer).await;
            // half an answer is the end
            let is_whole = answer.len() > 10;
            let mut hello = vec![0; 512];
            if is_whole && let Ok(read @ 1..) = stream.read(&mut hello).await {
                assert_eq!(hello.first(), Some(&0x16), "a handshake");
                let _ = stream.write_all(&hello[..read]).await;
            }
        };
        let directory: Directory = serde_yaml::from_str("servers: []").expect("settings");
        let (address, tls) = (Address::new(&url, true).expect("an address"), connector(&directory, Path::new("")));
        let (connected, ()) = tokio::join!(
            async {
                let connected = address.connect(&tls.expect("a connector")).await;
                connected.map(drop).expect_err("no server that knows TLS")
            },
            serving
        );
        connected.of("directory", "fetch").detail().to_owned()
    }

    fn answer(tag: u8, code: u8) -> Vec<u8> {
        let outcome = [tlv(0x0a, &[&[code]]), tlv(4, &[]), tlv(4, &[])].concat();
        tlv(0x30, &[&tlv(2, &[&[1]]), &tlv(tag, &[&outcome])])
    }

    #[tokio::test]
    async fn nothing_goes_on_without_tls() {
        let then = |more: &[u8]| [answer(EXTENDED, 0), more.to_vec()].concat();
        for (sent, detail) in [
            (answer(EXTENDED, 2), "the server does not offer StartTLS (LDAP result 2)"),
            (answer(EXTENDED, 52), "the directory failed (LDAP result 52)"),
            // the success of something else
            (answer(0x61, 0), "the answer to StartTLS is something else"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "the server sends something that is not LDAP"),
            (answer(EXTENDED, 0)[..10].to_vec(), "the connection broke"),
            (then(b""), "no TLS connection to the server"),
            // plain text that was slipped in before TLS
            (then(&answer(0x61, 0)), "no TLS connection to the server"),
        ] {
            let found = started(sent.clone()).await;
            assert!(found.ends_with(detail), "{sent:x?}: {found}");
        }
    }

    #[test]
    fn addresses_have_usual_ports() {
        for (server, start_tls, expected) in [
            ("ldap://a.example", false, ("a.example", 389, Tls::Never)),
            ("ldap://a.example", true, ("a.example", 389, Tls::OnRequest)),
            ("ldaps://a.example", true, ("a.example", 636, Tls::AtOnce)),
            ("ldaps://a.example:3269", false, ("a.example", 3269, Tls::AtOnce)),
            ("ldap://[::1]:3890", false, ("::1", 3890, Tls::Never)),
        ] {
            let Address { host, port, tls } = Address::new(server, start_tls).expect("an address");
            assert_eq!((host.as_str(), port, tls), expected, "{server}");
        }
    }
}
