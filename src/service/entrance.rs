//! Accepts connections, and stops accepting without losing connections that are already queued.
//!
//! `axum-server` drops connections that arrive after it was told to shut down, and hyper closes an idle connection
//! without checking whether a request has arrived. So the server is told late: first the queued connections are
//! accepted, then the listener is closed, and when the requests sent on them have been read, the server is told to shut
//! down. Requests that run by then are answered.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum_server::{AddrListener, Address};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long the service takes to notice connections and requests that were sent before the shutdown. Longer than a busy
/// machine delays a task.
pub(super) const SETTLE: Duration = Duration::from_millis(100);

/// The address of the peer of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(SocketAddr);

impl Address for Peer {
    type Stream = TcpStream;
    type Listener = Entrance;
}

impl Connected<Peer> for SocketAddr {
    fn connect_info(peer: Peer) -> Self {
        peer.0
    }
}

/// Closes an [`Entrance`].
#[derive(Debug, Clone, Default)]
pub(super) struct Closer(watch::Sender<bool>);

impl Closer {
    /// From now on, only connections that are already queued are accepted.
    pub(super) fn close(&self) {
        self.0.send_replace(true);
    }
}

/// Accepts connections until it is closed.
#[derive(Debug)]
pub(super) struct Entrance {
    listener: Mutex<Option<Arc<TcpListener>>>,
    closer: Closer,
}

impl Entrance {
    /// Wraps a listener, which becomes non-blocking.
    ///
    /// # Errors
    /// If the listener cannot be used.
    pub(super) fn new(listener: std::net::TcpListener, closer: Closer) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = Mutex::new(Some(Arc::new(TcpListener::from_std(listener)?)));
        Ok(Self { listener, closer })
    }

    fn listener(&self) -> Option<Arc<TcpListener>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl AddrListener<TcpStream, Peer> for Entrance {
    async fn bind_to(Peer(address): Peer) -> io::Result<Self> {
        let listener = Mutex::new(Some(Arc::new(TcpListener::bind(address).await?)));
        Ok(Self { listener, closer: Closer::default() })
    }

    async fn accept_stream(&self) -> io::Result<(TcpStream, Peer)> {
        let mut closed = self.closer.0.subscribe();
        if let Some(listener) = self.listener() {
            tokio::select! {
                // Queued connections are accepted before the closer is checked.
                biased;
                accepted = listener.accept() => return accepted.map(|(stream, from)| (stream, Peer(from))),
                // The sender lives as long as this entrance.
                _ = closed.wait_for(|closed| *closed) => {}
            }
        }
        // From here on, the operating system refuses connections.
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::pending().await
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        let listener = self.listener().ok_or(io::ErrorKind::NotConnected)?;
        listener.local_addr().map(Peer)
    }
}
