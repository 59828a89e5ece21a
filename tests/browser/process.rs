//! The demo as a process, and plain HTTP requests to it and to the browser's driver.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

/// How long anything may take before the test fails.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A running demo; it is killed when the value is dropped.
pub struct Demo {
    child: Child,
    /// The address, such as `127.0.0.1:4711`.
    pub address: String,
    /// The folder of its files.
    #[allow(dead_code, reason = "not every test looks at them")]
    pub folder: PathBuf,
}

impl Demo {
    /// A demo on a free port.
    pub fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_landfall"))
            .args(["demo", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the demo starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines().map_while(Result::ok);
        let welcome: Vec<String> = lines.take_while(|line| !line.starts_with("Press Ctrl-C")).collect();
        let value = |word: &str| {
            let line = welcome.iter().find_map(|line| line.trim().strip_prefix(word));
            line.unwrap_or_else(|| panic!("the welcome has no `{word}`: {welcome:?}")).trim().to_owned()
        };
        let address = value("open").trim_start_matches("http://").trim_end_matches('/').to_owned();
        Self { child, address, folder: PathBuf::from(value("files")) }
    }

    /// Stops the demo like Ctrl-C.
    #[cfg(unix)]
    #[allow(dead_code, reason = "not every test stops it this way")]
    pub fn interrupt(mut self) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), Signal::INT).expect("a running process");
        self.child.wait().expect("it ends")
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

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
