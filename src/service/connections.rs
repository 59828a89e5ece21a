//! Connections: how many in all, how many from one host, and none that is silent for long.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

use super::metrics::Metrics;
use super::network::TrustedProxies;
use super::settings::ServiceLimits;

/// Lets connections in while there is room.
#[derive(Clone)]
pub(super) struct Gate {
    room: Arc<Room>,
    idle: Duration,
    metrics: Metrics,
}

/// Who is in.
pub(super) struct Room {
    most: usize,
    most_per_peer: usize,
    trusted: TrustedProxies,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    total: usize,
    peers: HashMap<IpAddr, usize>,
}

/// Why a connection is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// All places are taken.
    Full,
    /// The peer has as many as one may have.
    Peer,
}

/// A connection or request that is in; it leaves when this is dropped.
pub(super) struct Ticket {
    room: Arc<Room>,
    host: IpAddr,
}

impl Gate {
    pub(super) fn new(limits: &ServiceLimits, trusted: TrustedProxies, metrics: Metrics) -> Self {
        let (most, most_per_peer) = (limits.connections, limits.connections_per_peer);
        let room = Room::new(most, most_per_peer, trusted);
        let counted = Arc::clone(&room);
        metrics.sample(move |figures| {
            figures.gauge("landfall_connections", &[], super::metrics::count(counted.counts().total));
        });
        Self { room, idle: limits.idle_time, metrics }
    }

    fn enter(&self, stream: TcpStream) -> io::Result<Guarded> {
        stream.set_nodelay(true)?;
        let ticket = self.room.enter(stream.peer_addr()?.ip()).map_err(|why| {
            self.metrics.turned_away(if why == NoRoom::Full { "full" } else { "peer" });
            io::Error::from(io::ErrorKind::ConnectionRefused)
        })?;
        let alarm = Box::pin(sleep_until(Instant::now() + self.idle));
        Ok(Guarded { stream, idle: self.idle, last: Instant::now(), alarm, _ticket: ticket })
    }
}

impl<S> Accept<TcpStream, S> for Gate {
    type Stream = Guarded;
    type Service = S;
    type Future = Ready<io::Result<(Guarded, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.enter(stream).map(|stream| (stream, service)))
    }
}

impl Room {
    /// A room for so many; trusted peers may take all of it.
    pub(super) fn new(most: usize, most_per_peer: usize, trusted: TrustedProxies) -> Arc<Self> {
        Arc::new(Self { most, most_per_peer, trusted, counts: Mutex::default() })
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a peer in.
    pub(super) fn enter(self: &Arc<Self>, peer: IpAddr) -> Result<Ticket, NoRoom> {
        let host = host(peer);
        let mut counts = self.counts();
        if counts.total >= self.most {
            return Err(NoRoom::Full);
        }
        let of_host = counts.peers.get(&host).copied().unwrap_or(0);
        if of_host >= self.most_per_peer && !self.trusted.trusts(peer) {
            return Err(NoRoom::Peer);
        }
        counts.total = counts.total.saturating_add(1);
        counts.peers.insert(host, of_host.saturating_add(1));
        Ok(Ticket { room: Arc::clone(self), host })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.room.counts();
        counts.total = counts.total.saturating_sub(1);
        let left = counts.peers.get(&self.host).copied().unwrap_or(0).saturating_sub(1);
        if left == 0 {
            counts.peers.remove(&self.host);
        } else {
            counts.peers.insert(self.host, left);
        }
    }
}

/// Who counts as one host: an IPv4 address, or an IPv6 /64, which is what one subscriber has (RFC 6177).
fn host(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A connection that ends when nothing went over it for a while.
pub(super) struct Guarded {
    stream: TcpStream,
    idle: Duration,
    last: Instant,
    alarm: Pin<Box<Sleep>>,
    _ticket: Ticket,
}

impl Guarded {
    /// Passes progress on and remembers it; without progress, looks at the clock.
    fn watched<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.last = Instant::now();
            return polled;
        }
        // The alarm is only set anew when it rings, not at every byte.
        while self.alarm.as_mut().poll(cx).is_ready() {
            let until = self.last + self.idle;
            if until <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.watched(cx, polled)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watched(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.watched(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(most: usize, most_per_peer: usize) -> Arc<Room> {
        let trusted = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        Room::new(most, most_per_peer, trusted)
    }

    #[test]
    fn one_host_does_not_take_all_of_the_room() {
        let room = room(4, 2);
        let enter = |peer: &str| room.enter(peer.parse().unwrap());
        let first = enter("192.0.2.1").unwrap();
        let _second = enter("::ffff:192.0.2.1").unwrap();
        assert_eq!(enter("192.0.2.1").err(), Some(NoRoom::Peer));
        drop(first);
        let _third = enter("192.0.2.1").unwrap();
        let _other = enter("2001:db8::1").unwrap();
        let _another = enter("2001:db8::2").unwrap();
        assert_eq!(enter("192.0.2.9").err(), Some(NoRoom::Full));
    }

    #[test]
    fn a_subscriber_is_one_host_and_a_trusted_proxy_may_have_more() {
        let room = room(9, 1);
        let enter = |peer: &str| room.enter(peer.parse().unwrap());
        let _one = enter("2001:db8:0:1::1").unwrap();
        assert_eq!(enter("2001:db8:0:1:ffff::2").err(), Some(NoRoom::Peer));
        let _next = enter("2001:db8:0:2::1").unwrap();
        let proxies = [enter("10.0.0.1").unwrap(), enter("10.0.0.1").unwrap()];
        assert_eq!(room.counts().total, 4);
        drop(proxies);
        assert_eq!(room.counts().peers.len(), 2);
    }
}
