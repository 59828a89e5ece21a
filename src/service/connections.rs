//! Limits of connections: how many in all, how many from one host, and how long they may be idle.

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
use crate::metrics::table::CONNECTIONS;

/// Accepts connections while there are free slots.
#[derive(Clone)]
pub(super) struct Gate {
    slots: Arc<Slots>,
    idle: Duration,
    metrics: Metrics,
}

/// A limited number of slots for connections or requests, in all and per host.
pub(super) struct Slots {
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

/// Why there is no slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoSlot {
    /// All slots are taken.
    Full,
    /// The peer has taken as many slots as one host may have.
    Peer,
}

/// A slot that is taken; dropping it frees the slot.
pub(super) struct Ticket {
    slots: Arc<Slots>,
    host: IpAddr,
}

impl Gate {
    pub(super) fn new(limits: &ServiceLimits, trusted: TrustedProxies, metrics: Metrics) -> Self {
        let (most, most_per_peer) = (limits.connections, limits.connections_per_peer);
        let slots = Slots::new(most, most_per_peer, trusted);
        let counted = Arc::clone(&slots);
        metrics.sample(move || CONNECTIONS.set([], super::metrics::count(counted.counts().total)));
        Self { slots, idle: limits.idle_time, metrics }
    }

    fn enter(&self, stream: TcpStream) -> io::Result<Guarded> {
        stream.set_nodelay(true)?;
        let ticket = self.slots.take(stream.peer_addr()?.ip()).map_err(|why| {
            self.metrics.turned_away(if why == NoSlot::Full { "full" } else { "peer" });
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

impl Slots {
    /// Creates slots; trusted peers may take all of them.
    pub(super) fn new(most: usize, most_per_peer: usize, trusted: TrustedProxies) -> Arc<Self> {
        Arc::new(Self { most, most_per_peer, trusted, counts: Mutex::default() })
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot for a peer.
    pub(super) fn take(self: &Arc<Self>, peer: IpAddr) -> Result<Ticket, NoSlot> {
        let host = host(peer);
        let mut counts = self.counts();
        if counts.total >= self.most {
            return Err(NoSlot::Full);
        }
        let of_host = counts.peers.get(&host).copied().unwrap_or(0);
        if of_host >= self.most_per_peer && !self.trusted.trusts(peer) {
            return Err(NoSlot::Peer);
        }
        counts.total = counts.total.saturating_add(1);
        counts.peers.insert(host, of_host.saturating_add(1));
        Ok(Ticket { slots: Arc::clone(self), host })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.slots.counts();
        counts.total = counts.total.saturating_sub(1);
        let left = counts.peers.get(&self.host).copied().unwrap_or(0).saturating_sub(1);
        if left == 0 {
            counts.peers.remove(&self.host);
        } else {
            counts.peers.insert(self.host, left);
        }
    }
}

/// What counts as one host: an IPv4 address, or an IPv6 /64, which is what one subscriber has (RFC 6177).
fn host(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from(u128::from(address) & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// A connection that is closed when it has been idle for too long.
pub(super) struct Guarded {
    stream: TcpStream,
    idle: Duration,
    last: Instant,
    alarm: Pin<Box<Sleep>>,
    _ticket: Ticket,
}

impl Guarded {
    /// Passes progress on and records its time; without progress, checks the idle limit.
    fn watched<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.last = Instant::now();
            return polled;
        }
        // The alarm is reset only when it fires, not at every byte.
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

    fn slots(most: usize, most_per_peer: usize) -> Arc<Slots> {
        let trusted = TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
        Slots::new(most, most_per_peer, trusted)
    }

    #[test]
    fn one_host_cannot_take_all_slots() {
        let slots = slots(4, 2);
        let enter = |peer: &str| slots.take(peer.parse().unwrap());
        let first = enter("192.0.2.1").unwrap();
        let _second = enter("::ffff:192.0.2.1").unwrap();
        assert_eq!(enter("192.0.2.1").err(), Some(NoSlot::Peer));
        drop(first);
        let _third = enter("192.0.2.1").unwrap();
        let _other = enter("2001:db8::1").unwrap();
        let _another = enter("2001:db8::2").unwrap();
        assert_eq!(enter("192.0.2.9").err(), Some(NoSlot::Full));
    }

    #[test]
    fn a_subscriber_is_one_host_and_a_trusted_proxy_has_no_limit() {
        let slots = slots(9, 1);
        let enter = |peer: &str| slots.take(peer.parse().unwrap());
        let _one = enter("2001:db8:0:1::1").unwrap();
        assert_eq!(enter("2001:db8:0:1:ffff::2").err(), Some(NoSlot::Peer));
        let _next = enter("2001:db8:0:2::1").unwrap();
        let proxies = [enter("10.0.0.1").unwrap(), enter("10.0.0.1").unwrap()];
        assert_eq!(slots.counts().total, 4);
        drop(proxies);
        assert_eq!(slots.counts().peers.len(), 2);
    }
}
