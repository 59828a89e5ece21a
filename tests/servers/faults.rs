//! Addresses that refuse or never answer, and the proxy.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::servers::network::{black_hole, free_port, refused_port};
use crate::servers::proxy::{Mode, Proxy};

/// How long nothing has to happen.
const SILENCE: Duration = Duration::from_millis(200);

/// The longest wait for anything.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A server that sends back what it receives.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut copy = stream.try_clone().expect("a handle");
            thread::spawn(move || std::io::copy(&mut stream, &mut copy));
        }
    });
    address
}

/// A connection whose reads end.
fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(TIMEOUT)).expect("a time limit");
    stream
}

/// Sends a byte.
fn send(mut stream: &TcpStream) {
    stream.write_all(b"x").expect("sent");
}

/// Receives the byte.
fn receive(mut stream: &TcpStream) {
    let mut byte = [0];
    stream.read_exact(&mut byte).expect("an answer");
    assert_eq!(byte, *b"x");
}

/// Nothing arrives for a while.
fn is_silent(mut stream: &TcpStream) -> bool {
    stream.set_read_timeout(Some(SILENCE)).expect("a time limit");
    let result = stream.read(&mut [0]);
    stream.set_read_timeout(Some(TIMEOUT)).expect("a time limit");
    result.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

/// The other side has closed.
fn is_closed(mut stream: &TcpStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

fn until(what: &str, ask: impl Fn() -> bool) {
    let began = Instant::now();
    while !ask() {
        assert!(began.elapsed() < TIMEOUT, "timed out waiting for: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_refused_port_refuses_and_stays_taken() {
    let port = refused_port();
    for _ in 0..3 {
        let error = TcpStream::connect(port.address).expect_err("nothing listens");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(TcpListener::bind(port.address).is_err());
    }
}

#[test]
fn a_black_hole_accepts_and_never_answers() {
    let hole = black_hole();
    let streams: Vec<TcpStream> = (0..200).map(|_| connect(hole.address)).collect();
    send(&streams[0]);
    assert!(is_silent(&streams[0]));
    until("all are accepted", || hole.accepted() == streams.len());
    drop(hole);
    assert!(is_closed(&streams[0]));
}

#[test]
fn a_proxy_forwards_and_counts() {
    let proxy = Proxy::to(echo());
    let (one, two) = (connect(proxy.address), connect(proxy.address));
    for stream in [&one, &two] {
        send(stream);
        receive(stream);
    }
    assert_eq!((proxy.accepted(), proxy.open()), (2, 2));
    drop(one);
    until("one is open", || proxy.open() == 1);
    assert_eq!(proxy.accepted(), 2);
}

#[test]
fn a_stalled_proxy_passes_nothing_until_it_goes_on() {
    let proxy = Proxy::to(echo());
    let before = connect(proxy.address);
    send(&before);
    receive(&before);
    proxy.set(Mode::Stall);
    let during = connect(proxy.address);
    for stream in [&before, &during] {
        send(stream);
        assert!(is_silent(stream));
    }
    proxy.set(Mode::Forward);
    receive(&before);
    receive(&during);
}

#[test]
fn a_proxy_cuts_connections_even_while_stalled() {
    let proxy = Proxy::to(echo());
    for mode in [Mode::Forward, Mode::Stall] {
        let stream = connect(proxy.address);
        until("it is open", || proxy.open() == 1);
        proxy.set(mode);
        send(&stream);
        assert_eq!(proxy.cut(), 1);
        let byte_came_first = mode == Mode::Forward && stream.peek(&mut [0]).is_ok_and(|length| length == 1);
        if byte_came_first {
            receive(&stream);
        }
        assert!(is_closed(&stream), "{mode:?}");
        assert_eq!(proxy.open(), 0);
    }
}

#[test]
fn a_proxy_closes_connections_at_once() {
    let proxy = Proxy::to(echo());
    let before = connect(proxy.address);
    until("it is open", || proxy.open() == 1);
    proxy.set(Mode::Reject);
    assert!(is_closed(&connect(proxy.address)));
    send(&before);
    receive(&before);
    proxy.set(Mode::Forward);
    let after = connect(proxy.address);
    send(&after);
    receive(&after);
}

#[test]
fn a_proxy_without_a_server_closes_connections() {
    let upstream = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
    let proxy = Proxy::to(upstream);
    assert!(is_closed(&connect(proxy.address)));
    assert_eq!((proxy.accepted(), proxy.open()), (1, 0));
}

/// What the other side sends until it closes, and whether it is a reset.
fn rest(mut stream: &TcpStream) -> (Vec<u8>, bool) {
    let mut received = Vec::new();
    let end = stream.read_to_end(&mut received);
    (received, end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset))
}

#[test]
fn a_proxy_delays_what_a_server_sends() {
    let proxy = Proxy::to(echo());
    let stream = connect(proxy.address);
    proxy.set(Mode::Latency(Duration::from_millis(300)));
    let began = Instant::now();
    send(&stream);
    receive(&stream);
    assert!(began.elapsed() >= Duration::from_millis(300));
    proxy.set(Mode::Drip);
    let began = Instant::now();
    (&stream).write_all(b"xx").expect("sent");
    receive(&stream);
    assert!(is_silent(&stream));
    receive(&stream);
    assert!(began.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_proxy_breaks_off_in_the_middle() {
    let proxy = Proxy::to(echo());
    for (mode, reset) in [(Mode::Short, false), (Mode::Reset, true)] {
        let stream = connect(proxy.address);
        proxy.set(mode);
        (&stream).write_all(b"half of it").expect("sent");
        assert_eq!(rest(&stream), (b"half ".to_vec(), reset), "{mode:?}");
        proxy.heal();
    }
    until("none is open", || proxy.open() == 0);
}

#[test]
fn a_proxy_refuses_connections_and_comes_back() {
    let proxy = Proxy::to(echo());
    let before = connect(proxy.address);
    until("it is open", || proxy.open() == 1);
    proxy.set(Mode::Refuse);
    let refused = TcpStream::connect(proxy.address).expect_err("nobody listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    send(&before);
    receive(&before);
    proxy.heal();
    assert!(is_closed(&before));
    let after = connect(proxy.address);
    send(&after);
    receive(&after);
}

#[test]
fn a_proxy_is_down_and_up_by_turns() {
    let proxy = Proxy::to(echo());
    proxy.set(Mode::Flapping);
    let (began, mut seen) = (Instant::now(), vec![]);
    while began.elapsed() < Duration::from_millis(3900) {
        let up = TcpStream::connect(proxy.address).is_ok();
        if seen.last() != Some(&up) {
            seen.push(up);
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(seen, [false, true, false, true]);
}

#[test]
fn another_server_can_answer_in_place_of_the_real_one() {
    let proxy = Proxy::to(echo());
    let before = connect(proxy.address);
    until("it is open", || proxy.open() == 1);
    proxy.instead(Arc::new(|mut stream| stream.write_all(b"hello").expect("sent")));
    assert!(is_closed(&before));
    assert_eq!(rest(&connect(proxy.address)), (b"hello".to_vec(), false));
    proxy.heal();
    let after = connect(proxy.address);
    send(&after);
    receive(&after);
}
