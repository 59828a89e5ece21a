//! A TCP proxy in front of a server, whose connections a test can cut, slow down, stall, break, also at a certain message, and
//! count.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::network::free_port;
use super::sockets::reset_when_closed;

/// How long a flapping server is up, and then down.
const FLAP: Duration = Duration::from_secs(1);

/// What happens to bytes and new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Bytes go through.
    Forward,
    /// Connections are accepted and stay open, but nothing goes through.
    Stall,
    /// New connections are accepted and closed at once; open ones go on.
    Reject,
    /// What the server sends comes later.
    Latency(Duration),
    /// What the server sends comes a byte a second.
    Drip,
    /// Nothing listens; open connections go on.
    Refuse,
    /// The connection is reset after half of what the server sends at once.
    Reset,
    /// The same, but the connection ends regularly.
    Short,
    /// A second in which nothing listens and all connections are cut, a second in which it works, and so on.
    Flapping,
    /// New connections are served by [`Proxy::instead`].
    Instead,
}

/// Serves a connection.
pub type Serve = dyn Fn(TcpStream) + Send + Sync;

/// What becomes of a message at which a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The server never gets it.
    Message,
    /// The server gets it, and the client gets no answer.
    Answer,
    /// The server gets it after this time; the client has lost its connection at once.
    Late(Duration),
    /// The server never gets it, and the connection stays open without a word: the host has vanished.
    Silence,
}

/// A proxy on a free port of 127.0.0.1. When the value is dropped, its connections are cut and it no longer listens.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    mode: Mode,
    since: Instant,
    instead: Option<Arc<Serve>>,
    closed: bool,
    accepted: usize,
    /// The text of the message at which a connection breaks, and how many such messages pass before.
    trap: Option<(&'static [u8], Loss, usize)>,
    /// Connections that are silent in both directions.
    silent: BTreeSet<usize>,
    /// The ends of each open connection, by its number.
    open: BTreeMap<usize, Vec<TcpStream>>,
}

/// Whither bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

impl Proxy {
    /// A proxy to a server, which need not run yet.
    pub fn to(upstream: SocketAddr) -> Self {
        // Not a port of outgoing connections: one of them could take it while nothing listens.
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let listener = TcpListener::bind(address).expect("a free port");
        let (mode, since, open) = (Mode::Forward, Instant::now(), BTreeMap::new());
        let state =
            State { mode, since, instead: None, closed: false, accepted: 0, trap: None, silent: BTreeSet::new(), open };
        let shared = Arc::new(Shared { upstream, state: Mutex::new(state), changed: Condvar::new() });
        let serving = Arc::clone(&shared);
        thread::spawn(move || serving.serve(address, listener));
        Self { address, shared }
    }

    /// Changes what happens to bytes and new connections. What a stalled connection received goes through afterwards.
    pub fn set(&self, mode: Mode) {
        let listening = |mode: Mode| !matches!(mode, Mode::Refuse | Mode::Flapping);
        let before = {
            let mut state = self.shared.state();
            state.since = Instant::now();
            std::mem::replace(&mut state.mode, mode)
        };
        self.shared.changed.notify_all();
        if !listening(before) || !listening(mode) {
            self.wait_until_it_is_so();
        }
    }

    /// Serves new connections by this function, until the mode is changed; open ones are cut.
    pub fn instead(&self, serve: Arc<Serve>) {
        self.shared.state().instead = Some(serve);
        self.set(Mode::Instead);
        self.cut();
    }

    /// Works again; open connections are cut, because something may be missing in them.
    pub fn heal(&self) {
        self.set(Mode::Forward);
        self.cut();
    }

    /// A client that connects at once must already meet the new mode.
    fn wait_until_it_is_so(&self) {
        let is_down = self.shared.state().is_down();
        let until = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(self.address).is_ok() == is_down && Instant::now() < until {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Breaks the next connection whose client sends this text, once.
    pub fn lose(&self, text: &'static [u8], loss: Loss) {
        self.lose_after(0, text, loss);
    }

    /// The same, after so many messages with this text.
    pub fn lose_after(&self, passing: usize, text: &'static [u8], loss: Loss) {
        self.shared.state().trap = Some((text, loss, passing));
    }

    /// Breaks nothing that has not been broken.
    pub fn lose_nothing(&self) {
        self.shared.state().trap = None;
    }

    /// Whether a text that was to be lost is still awaited.
    pub fn awaits_loss(&self) -> bool {
        self.shared.state().trap.is_some()
    }

    /// Cuts all open connections, and returns how many there were.
    pub fn cut(&self) -> usize {
        self.shared.cut()
    }

    /// How many connections it has accepted so far.
    pub fn accepted(&self) -> usize {
        self.shared.state().accepted
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.shared.state().open.len()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.cut();
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    /// Whether nothing listens at this moment.
    fn is_down(&self) -> bool {
        match self.mode {
            Mode::Refuse => true,
            Mode::Flapping => (self.since.elapsed().as_millis() / FLAP.as_millis()).is_multiple_of(2),
            _ => false,
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self) -> usize {
        let open = std::mem::take(&mut self.state().open);
        open.values().for_each(|ends| shut(ends));
        self.changed.notify_all();
        open.len()
    }

    /// Listens while the server is up.
    fn serve(self: &Arc<Self>, address: SocketAddr, first: TcpListener) {
        let mut listener = Some(first);
        loop {
            let state = self.state();
            if state.closed {
                return;
            }
            if state.is_down() {
                drop(listener.take());
                let mode = state.mode;
                drop(state);
                if mode == Mode::Flapping {
                    self.cut();
                }
                // A flapping server comes back by itself.
                let waited = self.changed.wait_timeout(self.state(), FLAP / 20);
                drop(waited.unwrap_or_else(PoisonError::into_inner));
                continue;
            }
            let flapping = state.mode == Mode::Flapping;
            drop(state);
            let listening = listener.get_or_insert_with(|| TcpListener::bind(address).expect("its own port"));
            self.accept(listening, flapping);
        }
    }

    /// One connection. A flapping server looks up from time to time although nobody connects.
    fn accept(self: &Arc<Self>, listener: &TcpListener, flapping: bool) {
        listener.set_nonblocking(flapping).expect("a listener");
        let Ok((client, _)) = listener.accept() else {
            thread::sleep(FLAP / 20);
            return;
        };
        let _ = client.set_nonblocking(false);
        let mut state = self.state();
        if state.closed || state.is_down() {
            return;
        }
        state.accepted += 1;
        let (number, mode, instead) = (state.accepted, state.mode, state.instead.clone());
        drop(state);
        let shared = Arc::clone(self);
        match (mode, instead) {
            (Mode::Reject, _) => {}
            (Mode::Instead, Some(serve)) => drop(thread::spawn(move || shared.replace(number, client, &*serve))),
            _ => drop(thread::spawn(move || shared.connect(number, client))),
        }
    }

    fn replace(&self, number: usize, client: TcpStream, serve: &Serve) {
        let Ok(copy) = client.try_clone() else { return };
        self.state().open.insert(number, vec![copy]);
        serve(client);
        self.close(number);
    }

    fn connect(self: &Arc<Self>, number: usize, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.upstream) else { return };
        let ends = [client, server];
        // Small messages must not wait for each other.
        let _ = ends.each_ref().map(|end| end.set_nodelay(true));
        let [client, server] = ends.each_ref().map(|end| end.try_clone().expect("a handle"));
        let back = [&server, &client].map(|end| end.try_clone().expect("a handle"));
        self.state().open.insert(number, ends.into());
        let shared = Arc::clone(self);
        thread::spawn(move || shared.pump(number, Direction::ToClient, &back[0], &back[1]));
        self.pump(number, Direction::ToServer, &client, &server);
    }

    /// Copies one direction until either end closes, or the client sends what is to be lost.
    fn pump(&self, number: usize, direction: Direction, mut from: &TcpStream, to: &TcpStream) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            match self.trapped(direction, &buffer[..length]) {
                None => {}
                Some(Loss::Silence) => drop(self.state().silent.insert(number)),
                Some(loss) => {
                    lose(loss, from, to, &buffer[..length]);
                    break;
                }
            }
            if !self.may_pass(number) || self.pass(number, direction, &buffer[..length], to).is_none() {
                break;
            }
        }
        self.close(number);
    }

    /// What becomes of these bytes, if they are to be lost.
    fn trapped(&self, direction: Direction, bytes: &[u8]) -> Option<Loss> {
        let mut state = self.state();
        let (text, loss, passing) = state.trap.filter(|_| direction == Direction::ToServer)?;
        if !bytes.windows(text.len()).any(|window| window == text) {
            return None;
        }
        state.trap = passing.checked_sub(1).map(|passing| (text, loss, passing));
        state.trap.is_none().then_some(loss)
    }

    /// Waits while stalled or silent. A connection that was cut meanwhile passes nothing.
    fn may_pass(&self, number: usize) -> bool {
        let stalled = |state: &mut State| {
            (state.mode == Mode::Stall || state.silent.contains(&number)) && state.open.contains_key(&number)
        };
        let state = self.changed.wait_while(self.state(), stalled).unwrap_or_else(PoisonError::into_inner);
        state.open.contains_key(&number)
    }

    /// `None` if the connection ends.
    fn pass(&self, number: usize, direction: Direction, bytes: &[u8], mut to: &TcpStream) -> Option<()> {
        let mode = self.state().mode;
        match mode {
            _ if direction == Direction::ToServer => to.write_all(bytes).ok(),
            Mode::Latency(time) => {
                self.pause(number, time)?;
                to.write_all(bytes).ok()
            }
            Mode::Drip => bytes.iter().try_for_each(|byte| {
                to.write_all(&[*byte]).ok()?;
                self.pause(number, Duration::from_secs(1))
            }),
            Mode::Reset | Mode::Short => {
                to.write_all(&bytes[..bytes.len() / 2]).ok()?;
                if mode == Mode::Reset {
                    self.reset(number, to);
                }
                None
            }
            _ => to.write_all(bytes).ok(),
        }
    }

    /// Waits, but no longer than the connection is open.
    fn pause(&self, number: usize, time: Duration) -> Option<()> {
        let is_open = |state: &mut State| state.open.contains_key(&number);
        let waited = self.changed.wait_timeout_while(self.state(), time, is_open);
        waited.unwrap_or_else(PoisonError::into_inner).1.timed_out().then_some(())
    }

    /// Resets the connection to the client, once it has what was sent.
    fn reset(&self, number: usize, client: &TcpStream) {
        let _ = self.pause(number, Duration::from_millis(50));
        reset_when_closed(client);
        // No longer an open connection, so that nobody shuts it down: a regular end would be sent first.
        let ends = self.state().open.remove(&number);
        if let Some(server) = ends.as_ref().and_then(|ends| ends.last()) {
            let _ = server.shutdown(Shutdown::Both);
        }
        let _ = client.shutdown(Shutdown::Read);
    }

    fn close(&self, number: usize) {
        if let Some(ends) = self.state().open.remove(&number) {
            shut(&ends);
        }
    }
}

fn lose(loss: Loss, client: &TcpStream, mut server: &TcpStream, bytes: &[u8]) {
    let _ = client.shutdown(Shutdown::Both);
    if let Loss::Late(wait) = loss {
        thread::sleep(wait);
    }
    if loss != Loss::Message {
        let _ = server.write_all(bytes);
    }
}

fn shut(ends: &[TcpStream]) {
    ends.iter().for_each(|end| drop(end.shutdown(Shutdown::Both)));
}
