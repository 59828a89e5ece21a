//! What directories and databases have in common: a proxy in front of a real server, and bad TLS in its place.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::expected::Fault;
use crate::servers::certificates::Authority;
use crate::servers::http_faults::{BadTls, Configs};
use crate::servers::proxy::{Mode, Proxy, Serve};

/// The announced length of a message that nobody should read to its end.
pub const HUGE: u32 = 1 << 30;

/// What another server says on the port.
pub const OTHER_PROTOCOL: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n<!doctype html><p>No";

/// A proxy in front of a server.
pub struct Wire {
    pub proxy: Proxy,
}

impl Wire {
    /// In front of the server at this URL.
    pub fn to(url: &str) -> Self {
        let (_, address) = url.split_once("://").expect("a URL");
        Self::new(address.parse().expect("an address"))
    }

    /// In front of the server at this address.
    pub fn new(address: SocketAddr) -> Self {
        Self { proxy: Proxy::to(address) }
    }

    /// Plays a fault of bytes and connections; `serve` answers in place of the server where that is the fault.
    pub fn inject(&self, fault: Fault, serve: impl FnOnce() -> Arc<Serve>) {
        match fault {
            // there are several round trips in a login
            Fault::ShortLatency => self.proxy.set(Mode::Latency(Duration::from_millis(30))),
            Fault::LongLatency => self.proxy.set(Mode::Latency(Duration::from_secs(5))),
            Fault::Drip => self.proxy.set(Mode::Drip),
            Fault::BlackHole => self.proxy.set(Mode::Stall),
            Fault::Reset => self.proxy.set(Mode::Reset),
            Fault::ShortAnswer => self.proxy.set(Mode::Short),
            Fault::Refuse => {
                self.proxy.set(Mode::Refuse);
                self.proxy.cut();
            }
            Fault::Flapping => self.proxy.set(Mode::Flapping),
            _ => self.proxy.instead(serve()),
        }
    }
}

/// Writes until the other side has enough, or has got what was announced.
pub fn bytes_without_end(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    (0..HUGE as usize / bytes.len()).try_for_each(|_| stream.write_all(bytes))
}

/// Servers with bad TLS. Clients trust the authority, so that each certificate is refused for its own reason.
pub struct Bad {
    configs: Configs,
    /// The certificate of the authority, in PEM.
    pub authority: String,
}

impl Bad {
    pub fn new() -> Self {
        let authority = Authority::new();
        Self { configs: Configs::new(&authority), authority: authority.pem() }
    }

    /// A server with bad TLS, which begins after some plain bytes; or one that says something in plain text instead.
    pub fn server(
        &self,
        bad: BadTls,
        before: impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
        plain: impl Fn(&mut TcpStream) -> io::Result<()> + Send + Sync + 'static,
    ) -> Arc<Serve> {
        let config = self.configs.bad(bad);
        Arc::new(move |stream| {
            let _ =
                if bad == BadTls::Plain { in_plain_text(stream, &plain) } else { handshake(stream, &before, &config) };
        })
    }
}

type Say = dyn Fn(&mut TcpStream) -> io::Result<()>;

/// The client closes first.
fn in_plain_text(mut stream: TcpStream, say: &Say) -> io::Result<()> {
    say(&mut stream)?;
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}

fn handshake(mut stream: TcpStream, before: &Say, config: &Arc<ServerConfig>) -> io::Result<()> {
    before(&mut stream)?;
    let connection = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
    StreamOwned::new(connection, stream).read_exact(&mut [0])
}
