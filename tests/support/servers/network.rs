//! Ports, and addresses that refuse or never answer.

use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::net::TcpSocket;

/// The first port that is tried.
const FIRST: u16 = 15_000;

/// The first port that the kernel gives to outgoing connections, unless it says otherwise.
const EPHEMERAL: u16 = 32_768;

/// A free port of 127.0.0.1. It is below those of outgoing connections, so that none of them takes the port of a server
/// while it restarts.
pub fn free_port() -> u16 {
    let range = fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let end = range.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(EPHEMERAL);
    let ports = end.saturating_sub(FIRST);
    let random = RandomState::new().hash_one(()) % u64::from(ports.max(1));
    let random = u16::try_from(random).expect("a small number");
    let mut candidates = (0..ports).map(|number| FIRST + (random + number) % ports);
    let free = candidates.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok());
    free.unwrap_or_else(|| {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.local_addr().expect("an address").port()
    })
}

/// Whether a web server answers a request with a success.
pub fn is_answered(url: &str) -> bool {
    let mut curl = Command::new("curl");
    curl.args(["-sf", "-m", "2", "-o", "/dev/null", url]).status().expect("curl").success()
}

/// A port that refuses connections for as long as the value lives: it is taken, but nothing listens.
pub struct RefusedPort {
    pub address: SocketAddr,
    _socket: TcpSocket,
}

/// An address of 127.0.0.1 that refuses connections.
pub fn refused_port() -> RefusedPort {
    let address = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, free_port()));
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(address).expect("a free port");
    RefusedPort { address, _socket: socket }
}

/// A listener that accepts connections and never answers.
pub struct BlackHole {
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    closed: Arc<AtomicBool>,
}

/// An address of 127.0.0.1 that accepts connections and never answers.
pub fn black_hole() -> BlackHole {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (accepted, closed) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (count, end) = (Arc::clone(&accepted), Arc::clone(&closed));
    std::thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            if end.load(Ordering::SeqCst) {
                break;
            }
            count.fetch_add(1, Ordering::SeqCst);
            held.push(stream);
        }
    });
    BlackHole { address, accepted, closed }
}

impl BlackHole {
    /// How many connections it has accepted.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for BlackHole {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}
