//! Plain HTTP requests to the demo, and to the browser's driver.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// How long anything may take before the test fails.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A response: status, head, body.
pub struct Answer {
    pub status: u16,
    #[allow(dead_code, reason = "not every test reads it")]
    pub head: String,
    pub body: String,
}

/// Sends one request on a new connection.
pub fn request(address: &str, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(TIMEOUT)).expect("a time limit");
    let more: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{more}\r\n"
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("sent");
    let mut bytes = Vec::new();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).expect("a head") > 0, "the response ends within its head: {head}");
    }
    let lower = head.to_lowercase();
    match lower.lines().find_map(|line| line.strip_prefix("content-length:")) {
        Some(length) => {
            bytes.resize(length.trim().parse().expect("a length"), 0);
            reader.read_exact(&mut bytes).expect("a body");
        }
        None => drop(reader.read_to_end(&mut bytes).expect("a body")),
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    Answer { status, head: lower, body: String::from_utf8_lossy(&bytes).into_owned() }
}
