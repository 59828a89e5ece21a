//! Where connections come in, and how the operation is closed without losing anybody who is on the doorstep.
//!
//! `axum-server` drops connections that come in after it was told to end, and hyper closes one that waits for a request
//! without a look whether a request has come. So it is told late: first whoever has come is let in, then the operation is closed,
//! and when what they sent has been read, the server is told to end. What runs then is answered.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum_server::{AddrListener, Address};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long connections and requests that were sent before the end may take to be noticed. Longer than a busy machine lets a
/// task wait.
pub(super) const SETTLE: Duration = Duration::from_millis(100);

/// Where a connection comes from.
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

/// Closes the operation of an [`Entrance`].
#[derive(Debug, Clone, Default)]
pub(super) struct Operation(watch::Sender<bool>);

impl Operation {
    /// Nobody comes in from now on, except who has come already.
    pub(super) fn close(&self) {
        self.0.send_replace(true);
    }
}

/// Lets connections in until its operation is closed.
#[derive(Debug)]
pub(super) struct Entrance {
    listener: Mutex<Option<Arc<TcpListener>>>,
    operation: Operation,
}

impl Entrance {
    /// An entrance at a listener that does not block.
    ///
    /// # Errors
    /// When the listener cannot be used.
    pub(super) fn new(listener: std::net::TcpListener, operation: Operation) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let listener = Mutex::new(Some(Arc::new(TcpListener::from_std(listener)?)));
        Ok(Self { listener, operation })
    }

    fn listener(&self) -> Option<Arc<TcpListener>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl AddrListener<TcpStream, Peer> for Entrance {
    async fn bind_to(Peer(address): Peer) -> io::Result<Self> {
        let listener = Mutex::new(Some(Arc::new(TcpListener::bind(address).await?)));
        Ok(Self { listener, operation: Operation::default() })
    }

    async fn accept_stream(&self) -> io::Result<(TcpStream, Peer)> {
        let mut closed = self.operation.0.subscribe();
        if let Some(listener) = self.listener() {
            tokio::select! {
                // Whoever has come is let in before anybody looks at the operation.
                biased;
                accepted = listener.accept() => return accepted.map(|(stream, from)| (stream, Peer(from))),
                // The sender lives as long as this entrance.
                _ = closed.wait_for(|closed| *closed) => {}
            }
        }
        // From here on the operating system refuses connections.
        self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::future::pending().await
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        let listener = self.listener().ok_or(io::ErrorKind::NotConnected)?;
        listener.local_addr().map(Peer)
    }
}
