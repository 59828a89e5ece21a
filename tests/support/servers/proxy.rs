//! A TCP proxy in front of a server, whose connections a test can cut, stall and count, also at a certain message.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What happens to bytes and new connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Bytes go through.
    Forward,
    /// Connections are accepted and stay open, but nothing goes through.
    Stall,
    /// New connections are accepted and closed at once; open ones go on.
    Reject,
}

/// What becomes of a message at which a connection breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The server never gets it.
    Message,
    /// The server gets it, and the client gets no answer.
    Answer,
    /// The server gets it after this time; the client has lost its connection at once.
    Late(Duration),
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
    closed: bool,
    accepted: usize,
    /// The text of the next message at which a connection breaks.
    trap: Option<(&'static [u8], Loss)>,
    /// Both ends of each open connection, by its number.
    open: BTreeMap<usize, [TcpStream; 2]>,
}

impl Proxy {
    /// A proxy to a server, which need not run yet.
    pub fn to(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = State { mode: Mode::Forward, closed: false, accepted: 0, trap: None, open: BTreeMap::new() };
        let shared = Arc::new(Shared { upstream, state: Mutex::new(state), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accepting.accept(&listener));
        Self { address, shared }
    }

    /// Changes what happens to bytes and new connections. What a stalled connection received goes through afterwards.
    pub fn set(&self, mode: Mode) {
        self.shared.state().mode = mode;
        self.shared.changed.notify_all();
    }

    /// Breaks the next connection whose client sends this text, once.
    pub fn lose(&self, text: &'static [u8], loss: Loss) {
        self.shared.state().trap = Some((text, loss));
    }

    /// Whether a text that was to be lost is still awaited.
    pub fn awaits_loss(&self) -> bool {
        self.shared.state().trap.is_some()
    }

    /// Cuts all open connections, and returns how many there were.
    pub fn cut(&self) -> usize {
        let open = std::mem::take(&mut self.shared.state().open);
        open.values().for_each(shut);
        self.shared.changed.notify_all();
        open.len()
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

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().map_while(Result::ok) {
            let mut state = self.state();
            if state.closed {
                return;
            }
            state.accepted += 1;
            if state.mode == Mode::Reject {
                continue;
            }
            let number = state.accepted;
            drop(state);
            let shared = Arc::clone(self);
            thread::spawn(move || shared.connect(number, client));
        }
    }

    fn connect(self: &Arc<Self>, number: usize, client: TcpStream) {
        let Ok(server) = TcpStream::connect(self.upstream) else { return };
        let ends = [client, server];
        // Small messages must not wait for each other.
        let _ = ends.each_ref().map(|end| end.set_nodelay(true));
        let copies = ends.each_ref().map(|end| end.try_clone().expect("a handle"));
        self.state().open.insert(number, ends);
        let [client, server] = copies;
        let back = [&server, &client].map(|end| end.try_clone().expect("a handle"));
        let shared = Arc::clone(self);
        thread::spawn(move || shared.pump(number, &back[0], &back[1], false));
        self.pump(number, &client, &server, true);
    }

    /// Copies one direction until either end closes, or the client sends what is to be lost.
    fn pump(&self, number: usize, mut from: &TcpStream, mut to: &TcpStream, is_client: bool) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if is_client && let Some(loss) = self.trapped(&buffer[..length]) {
                lose(loss, from, to, &buffer[..length]);
                break;
            }
            if !self.may_pass(number) || to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        if let Some(ends) = self.state().open.remove(&number) {
            shut(&ends);
        }
    }

    /// What becomes of these bytes, if they are to be lost.
    fn trapped(&self, bytes: &[u8]) -> Option<Loss> {
        let mut state = self.state();
        let (text, loss) = state.trap?;
        let found = bytes.windows(text.len()).any(|window| window == text);
        found.then(|| state.trap = None).map(|()| loss)
    }

    /// Waits while stalled. A connection that was cut meanwhile passes nothing.
    fn may_pass(&self, number: usize) -> bool {
        let stalled = |state: &mut State| state.mode == Mode::Stall && state.open.contains_key(&number);
        let state = self.changed.wait_while(self.state(), stalled).unwrap_or_else(PoisonError::into_inner);
        state.open.contains_key(&number)
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

fn shut(ends: &[TcpStream; 2]) {
    let _ = ends.each_ref().map(|end| end.shutdown(Shutdown::Both));
}
