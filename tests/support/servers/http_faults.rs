//! An HTTP server that answers well until a test gives it a fault. It needs no other server behind it, so the same faults
//! can be played where a record is fetched and where a password is verified.
//!
//! ```text
//! let server = FaultServer::start(|request| Answer::json("{}"));
//! server.set(Fault::Status(502));
//! ```

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::certificates::{Authority, Certificate, LOCAL, self_signed};
use super::network::free_port;
use super::sockets::reset_when_closed;

/// The size of a body or of an unpacked body that nobody should read to its end.
pub const HUGE: u64 = 1 << 30;

/// The longest request that is read.
const LONGEST_REQUEST: usize = 256 * 1024;

/// How long a flapping server is up, and then down.
const FLAP: Duration = Duration::from_secs(1);

/// What a server does instead of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes later.
    Latency(Duration),
    /// One byte a second.
    Drip,
    /// The request is read, and nothing is answered.
    BlackHole,
    /// Nothing listens.
    Refuse,
    /// The connection is reset after half of the body.
    Reset,
    /// The connection is closed before all of `Content-Length` was sent.
    ShortBody,
    /// The request is read, and the connection is reset.
    NoAnswer,
    /// The connection is reset before a request is read.
    HangUp,
    /// A status with a short text.
    Status(u16),
    /// 502 with a page in HTML, as proxies answer for servers that are away.
    BadGateway,
    /// The answer, as `text/plain`.
    WrongType,
    /// 429, with this `Retry-After`.
    TooMany(Option<&'static str>),
    /// A page with status 200, as proxies and login walls answer.
    Html,
    /// 200 without a body.
    Empty,
    /// A redirect to another server.
    Redirect(u16, SocketAddr),
    /// A short body that unpacks to [`HUGE`] bytes.
    GzipBomb,
    /// [`HUGE`] bytes, announced by `Content-Length` or not.
    HugeBody { announced: bool },
    /// A JSON document that ends too early.
    BadJson,
    /// The answer with every member of its object twice; the first ones have other values.
    DuplicateKeys,
    /// The answer in ISO 8859-1 with a letter that is not UTF-8.
    WrongCharset,
    /// A list inside a list, a hundred thousand times.
    DeepNesting,
    /// Bytes that are not HTTP.
    NotHttp,
    /// Headers without end.
    EndlessHeaders,
    /// A second in which nothing listens, a second in which it answers, and so on.
    Flapping,
    /// TLS that must not be accepted. Only a server with TLS can play it.
    Tls(BadTls),
}

/// A bad TLS server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadTls {
    Expired,
    WrongHost,
    SelfSigned,
    WrongAuthority,
    /// Plain HTTP on the port of TLS.
    Plain,
}

/// A request, as far as tests look at it.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

/// A good answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub kind: &'static str,
    pub body: Vec<u8>,
}

impl Answer {
    /// 200 with a JSON document.
    pub fn json(text: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, kind: "application/json", body: text.into() }
    }

    /// A status with a JSON document.
    pub fn status(status: u16, text: impl Into<Vec<u8>>) -> Self {
        Self { status, ..Self::json(text) }
    }
}

/// Chooses requests.
pub type Chosen = dyn Fn(&Request) -> bool + Send + Sync;

/// What makes the good answers.
type Handler = dyn Fn(&Request) -> Answer + Send + Sync;

/// The server. When the value is dropped, it no longer listens and its connections are cut.
pub struct FaultServer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    authority: Option<String>,
}

struct Shared {
    address: SocketAddr,
    handler: Box<Handler>,
    tls: Option<Configs>,
    requests: AtomicUsize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    fault: Option<Fault>,
    /// The requests whose answers the fault is about; all of them without it.
    only: Option<Arc<Chosen>>,
    /// A fault that begins once such a request was answered.
    next: Option<(Arc<Chosen>, Fault)>,
    since: Option<Instant>,
    closed: bool,
    accepted: usize,
    open: BTreeMap<usize, TcpStream>,
}

impl FaultServer {
    /// A server for plain HTTP on a free port of 127.0.0.1.
    pub fn start(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self::with(Box::new(handler), None, None)
    }

    /// The same with TLS; [`Self::authority`] has signed its certificate.
    pub fn start_tls(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let authority = Authority::new();
        Self::with(Box::new(handler), Some(Configs::new(&authority)), Some(authority.pem()))
    }

    fn with(handler: Box<Handler>, tls: Option<Configs>, authority: Option<String>) -> Self {
        // Not a port of outgoing connections: one of them could take it while nothing listens.
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let listener = TcpListener::bind(address).expect("a free port");
        let (state, changed) = (Mutex::new(State::default()), Condvar::new());
        let shared = Arc::new(Shared { address, handler, tls, requests: AtomicUsize::new(0), state, changed });
        let serving = Arc::clone(&shared);
        thread::spawn(move || serving.serve(address, listener));
        Self { address, shared, authority }
    }

    /// The certificate of the authority that signed the good certificate, in PEM.
    pub fn authority(&self) -> &str {
        self.authority.as_deref().expect("a server with TLS")
    }

    /// The address as clients write it.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.authority.is_some() { "https" } else { "http" }, self.address)
    }

    /// Plays a fault from now on. Open connections are cut where the fault would not reach them.
    pub fn set(&self, fault: Fault) {
        self.change(State { fault: Some(fault), ..State::default() });
    }

    /// Plays a fault of answers from now on, to these requests only.
    #[allow(dead_code, reason = "not every test binary chooses requests")]
    pub fn set_for(&self, fault: Fault, only: Arc<Chosen>) {
        self.change(State { fault: Some(fault), only: Some(only), ..State::default() });
    }

    /// Plays a fault once such a request was answered.
    #[allow(dead_code, reason = "not every test binary chooses requests")]
    pub fn set_after(&self, fault: Fault, request: Arc<Chosen>) {
        self.change(State { next: Some((request, fault)), ..State::default() });
    }

    /// Answers well again.
    pub fn heal(&self) {
        self.change(State::default());
    }

    fn change(&self, to: State) {
        {
            let mut state = self.shared.state();
            state.fault = to.fault;
            state.only = to.only;
            state.next = to.next;
            state.since = Some(Instant::now());
        }
        self.shared.cut();
        self.shared.settle();
    }

    /// How many requests it has read so far.
    pub fn requests(&self) -> usize {
        self.shared.requests.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub fn open(&self) -> usize {
        self.shared.state().open.len()
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.cut();
        self.shared.wake();
    }
}

impl State {
    /// Whether nothing listens at this moment.
    fn is_down(&self) -> bool {
        match self.fault {
            Some(Fault::Refuse) => true,
            Some(Fault::Flapping) => {
                self.since.is_some_and(|since| (since.elapsed().as_millis() / FLAP.as_millis()).is_multiple_of(2))
            }
            _ => false,
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self) {
        let open = std::mem::take(&mut self.state().open);
        open.values().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }

    /// The loop that accepts looks at the state after each connection.
    fn wake(&self) {
        self.changed.notify_all();
        let _ = TcpStream::connect(self.address);
    }

    /// Waits until a client that connects meets what was set.
    fn settle(&self) {
        self.wake();
        let is_down = self.state().is_down();
        let until = Instant::now() + Duration::from_secs(5);
        while TcpStream::connect(self.address).is_ok() == is_down && Instant::now() < until {
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// The fault of the answer to a request.
    fn fault_of(&self, request: &Request) -> Option<Fault> {
        let state = self.state();
        let is_meant = state.only.as_ref().is_none_or(|only| only(request));
        state.fault.clone().filter(|_| is_meant)
    }

    /// Begins the fault that waits for the answer to this request; the connection of the request is kept for it.
    fn begin_after(&self, request: &Request, own: &TcpStream) -> bool {
        let is_own = |stream: &TcpStream| stream.peer_addr().ok() == own.peer_addr().ok();
        {
            let mut state = self.state();
            let Some((_, fault)) = state.next.take_if(|(chosen, _)| chosen(request)) else { return false };
            state.fault = Some(fault);
            state.since = Some(Instant::now());
            let others = state.open.extract_if(.., |_, stream| !is_own(stream));
            others.for_each(|(_, stream)| drop(stream.shutdown(Shutdown::Both)));
        }
        self.settle();
        true
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
                // A flapping server comes back by itself.
                drop(self.changed.wait_timeout(state, FLAP / 20).unwrap_or_else(PoisonError::into_inner));
                continue;
            }
            drop(state);
            let listening = listener.get_or_insert_with(|| TcpListener::bind(address).expect("its own port"));
            self.accept(listening);
        }
    }

    /// One connection. A flapping server looks up from time to time although nobody connects.
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        let flapping = self.state().fault == Some(Fault::Flapping);
        listener.set_nonblocking(flapping).expect("a listener");
        match listener.accept() {
            Ok((stream, _)) => {
                let _ = stream.set_nonblocking(false);
                let shared = Arc::clone(self);
                thread::spawn(move || shared.connection(stream));
            }
            Err(_) => thread::sleep(FLAP / 20),
        }
    }

    fn connection(&self, stream: TcpStream) {
        let Ok(copy) = stream.try_clone() else { return };
        let _ = stream.set_nodelay(true);
        let number = {
            let mut state = self.state();
            if state.closed || state.is_down() {
                return;
            }
            state.accepted += 1;
            let number = state.accepted;
            state.open.insert(number, copy);
            number
        };
        let _ = self.talk(stream);
        if let Some(stream) = self.state().open.remove(&number) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn talk(&self, stream: TcpStream) -> io::Result<()> {
        let raw = stream.try_clone()?;
        let fault = self.state().fault.clone();
        if fault == Some(Fault::Tls(BadTls::Plain)) {
            return plain_answer(stream);
        }
        if fault == Some(Fault::HangUp) {
            reset_when_closed(&raw);
            self.state().open.retain(|_, other| other.peer_addr().ok() != raw.peer_addr().ok());
            return Ok(());
        }
        let Some(tls) = &self.tls else { return self.requests_of(stream, &raw) };
        let connection = ServerConnection::new(tls.of(fault.as_ref())).map_err(io::Error::other)?;
        self.requests_of(StreamOwned::new(connection, stream), &raw)
    }

    /// Answers the requests of a connection, one after the other.
    fn requests_of(&self, stream: impl Read + Write, raw: &TcpStream) -> io::Result<()> {
        let mut stream = BufReader::new(stream);
        while let Some(request) = read_request(&mut stream)? {
            self.requests.fetch_add(1, Ordering::SeqCst);
            let fault = self.fault_of(&request);
            let good = (self.handler)(&request);
            let is_last = self.begin_after(&request, raw);
            let mut player = Player { shared: self, out: stream.get_mut(), raw };
            match fault {
                _ if is_last => return player.last(&good),
                None | Some(Fault::Refuse | Fault::Flapping | Fault::Tls(_)) => player.answer(&good)?,
                Some(Fault::Latency(time)) => {
                    player.pause(time)?;
                    player.answer(&good)?;
                }
                Some(fault) => return player.play(&fault, &good),
            }
        }
        Ok(())
    }
}

/// Plays the fault of one answer.
struct Player<'p, S: Write> {
    shared: &'p Shared,
    out: &'p mut S,
    raw: &'p TcpStream,
}

impl<S: Write> Player<'_, S> {
    fn answer(&mut self, answer: &Answer) -> io::Result<()> {
        self.head(answer.status, answer.kind, Some(answer.body.len() as u64), "")?;
        self.send(&answer.body)
    }

    /// The last answer of a connection.
    fn last(&mut self, answer: &Answer) -> io::Result<()> {
        self.page(answer.status, answer.kind, &answer.body, "Connection: close\r\n")
    }

    /// Every fault here ends the connection.
    fn play(&mut self, fault: &Fault, good: &Answer) -> io::Result<()> {
        let body = &good.body;
        match fault {
            Fault::Drip => self.drip(good),
            Fault::BlackHole => self.pause(Duration::from_secs(3600)),
            Fault::Reset => {
                self.head(good.status, good.kind, Some(body.len() as u64), "")?;
                self.send(&body[..body.len() / 2])?;
                self.reset()
            }
            Fault::ShortBody => {
                self.head(good.status, good.kind, Some(body.len() as u64 + 7), "")?;
                self.send(body)
            }
            Fault::NoAnswer => self.reset(),
            Fault::BadGateway => self.page(502, "text/html", b"<!doctype html><title>Bad gateway</title>", ""),
            Fault::WrongType => self.page(good.status, "text/plain", body, ""),
            Fault::Status(status) => self.page(*status, "text/plain", b"something is wrong", ""),
            Fault::TooMany(after) => {
                let after = after.map(|after| format!("Retry-After: {after}\r\n")).unwrap_or_default();
                self.page(429, "text/plain", b"too many requests", &after)
            }
            Fault::Html => self.page(200, "text/html", b"<!doctype html><title>Sign in</title><p>Welcome</p>", ""),
            Fault::Empty => self.page(200, good.kind, b"", ""),
            Fault::Redirect(status, to) => {
                self.page(*status, "text/plain", b"moved", &format!("Location: http://{to}/elsewhere\r\n"))
            }
            Fault::GzipBomb => self.gzip_bomb(),
            Fault::HugeBody { announced } => self.huge_body(*announced),
            Fault::BadJson => self.page(good.status, good.kind, &body[..body.len().saturating_sub(1)], ""),
            Fault::DuplicateKeys => self.page(good.status, good.kind, &twice(body), ""),
            Fault::WrongCharset => self.page(good.status, "application/json; charset=iso-8859-1", &latin1(body), ""),
            Fault::DeepNesting => self.page(good.status, good.kind, &b"[".repeat(100_000), ""),
            Fault::NotHttp => self.send(b"220 mail.example.com ESMTP ready\r\n"),
            Fault::EndlessHeaders => self.endless_headers(),
            Fault::Latency(_) | Fault::Refuse | Fault::HangUp | Fault::Flapping | Fault::Tls(_) => self.answer(good),
        }
    }

    fn head(&mut self, status: u16, kind: &str, length: Option<u64>, more: &str) -> io::Result<()> {
        let length =
            length.map_or("Connection: close\r\n".to_owned(), |length| format!("Content-Length: {length}\r\n"));
        self.send(format!("HTTP/1.1 {status} Test\r\nContent-Type: {kind}\r\n{length}{more}\r\n").as_bytes())
    }

    fn page(&mut self, status: u16, kind: &str, body: &[u8], more: &str) -> io::Result<()> {
        self.head(status, kind, Some(body.len() as u64), more)?;
        self.send(body)
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    fn drip(&mut self, good: &Answer) -> io::Result<()> {
        self.head(good.status, good.kind, Some(good.body.len() as u64), "")?;
        for byte in &good.body {
            self.send(&[*byte])?;
            self.pause(Duration::from_secs(1))?;
        }
        Ok(())
    }

    /// Waits, but no longer than the connection is open here.
    fn pause(&self, time: Duration) -> io::Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            if self.shared.state().closed || self.raw.peer_addr().is_err() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            thread::sleep(Duration::from_millis(10).min(until.saturating_duration_since(Instant::now())));
        }
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        // What was sent must be there before the reset, which would discard it.
        self.pause(Duration::from_millis(50))?;
        reset_when_closed(self.raw);
        // Without a shutdown, which would send a regular end first.
        self.shared.state().open.retain(|_, stream| stream.peer_addr().ok() != self.raw.peer_addr().ok());
        Ok(())
    }

    fn huge_body(&mut self, announced: bool) -> io::Result<()> {
        self.head(200, "application/json", announced.then_some(HUGE), "")?;
        self.send(b"{\"id\":\"")?;
        let chunk = vec![b'x'; 64 * 1024];
        (0..HUGE / chunk.len() as u64).try_for_each(|_| self.send(&chunk))
    }

    fn gzip_bomb(&mut self) -> io::Result<()> {
        self.head(200, "application/json", None, "Content-Encoding: gzip\r\n")?;
        let (begin, period) = gzip_of_one_letter();
        self.send(&begin)?;
        let chunk = period.repeat(1024);
        // Eight matches of 258 letters in each period.
        let count = HUGE / (8 * 258 * 1024);
        (0..count).try_for_each(|_| self.send(&chunk))
    }

    fn endless_headers(&mut self) -> io::Result<()> {
        self.send(b"HTTP/1.1 200 Test\r\n")?;
        let line = format!("X-Padding: {}\r\n", "x".repeat(1000));
        (0..HUGE / line.len() as u64).try_for_each(|_| self.send(line.as_bytes()))
    }
}

/// The beginning of a gzip stream of a JSON text, and bytes that can be repeated without end. Each of them says eight times:
/// repeat the last letter 258 times (RFC 1951, section 3.2.6).
fn gzip_of_one_letter() -> (Vec<u8>, Vec<u8>) {
    const MATCH: &str = "1100010100000";
    let literal = |byte: u8| format!("{:08b}", u16::from(byte) + 0x30);
    let matches = MATCH.repeat(8 * 2);
    let bits = format!("010{}{}{matches}", literal(b'"'), literal(b'x'));
    let bytes: Vec<u8> = bits.as_bytes().chunks_exact(8).map(pack).collect();
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // Three bits and two letters are in the first three bytes.
    ([&header[..], &bytes[..3]].concat(), bytes[3..3 + MATCH.len()].to_vec())
}

/// The first bit is the lowest.
fn pack(bits: &[u8]) -> u8 {
    bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit - b'0'))
}

/// An object whose members all occur twice: first with the values `"other"`.
fn twice(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).expect("an object");
    let first: String = object.keys().map(|key| format!("{}:\"other\",", serde_json::json!(key))).collect();
    text.replacen('{', &format!("{{{first}"), 1).into_bytes()
}

/// An object with one more member, whose value is `é` in ISO 8859-1.
fn latin1(body: &[u8]) -> Vec<u8> {
    let behind = body.strip_prefix(b"{").expect("an object");
    [&b"{\"latin\":\"\xe9\","[..], behind].concat()
}

/// What a server without TLS says to a client that begins with TLS.
fn plain_answer(mut stream: TcpStream) -> io::Result<()> {
    let _ = stream.read(&mut [0; 1024])?;
    stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}

/// `None` at the end of the connection.
fn read_request(stream: &mut impl io::BufRead) -> io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        let read = stream.take(LONGEST_REQUEST as u64).read_line(&mut line)?;
        if read == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut first = lines.first().map(|line| line.split(' ')).into_iter().flatten().map(str::to_owned);
    let (method, target) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let header =
        |line: &String| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let headers: BTreeMap<String, String> = lines.iter().skip(1).filter_map(header).collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; usize::min(length, LONGEST_REQUEST)];
    stream.read_exact(&mut body)?;
    Ok(Some(Request { method, target, headers, body }))
}

/// What a server with TLS shows: the good certificate, and the bad ones.
pub struct Configs {
    good: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
    wrong_host: Arc<ServerConfig>,
    self_signed: Arc<ServerConfig>,
    wrong_authority: Arc<ServerConfig>,
}

impl Configs {
    /// With certificates for this machine by an authority.
    pub fn new(authority: &Authority) -> Self {
        Self {
            good: config(&authority.issue(&LOCAL)),
            expired: config(&authority.issue_expired(&LOCAL)),
            wrong_host: config(&authority.issue(&["legacy.example.com"])),
            self_signed: config(&self_signed(&LOCAL)),
            wrong_authority: config(&Authority::new().issue(&LOCAL)),
        }
    }

    fn of(&self, fault: Option<&Fault>) -> Arc<ServerConfig> {
        match fault {
            Some(Fault::Tls(bad)) => self.bad(*bad),
            _ => Arc::clone(&self.good),
        }
    }

    /// A certificate that must not be accepted; the good one for a server that does not get so far.
    pub fn bad(&self, bad: BadTls) -> Arc<ServerConfig> {
        Arc::clone(match bad {
            BadTls::Expired => &self.expired,
            BadTls::WrongHost => &self.wrong_host,
            BadTls::SelfSigned => &self.self_signed,
            BadTls::WrongAuthority => &self.wrong_authority,
            BadTls::Plain => &self.good,
        })
    }
}

fn config(certificate: &Certificate) -> Arc<ServerConfig> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = vec![CertificateDer::from_pem_slice(certificate.certificate.as_bytes()).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_slice(certificate.key.as_bytes()).expect("a key");
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    Arc::new(config.expect("a key of this certificate"))
}
