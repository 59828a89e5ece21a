//! A running service with recorded output, and helpers for waiting.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// The longest wait for anything.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The polling interval.
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A running service. Standard output goes to the file `out`, standard error to `log`. The process is killed when the
/// value is dropped.
pub struct Running {
    child: Child,
    pub base: String,
}

/// The program under test; `LANDFALL_PROGRAM` selects another build, for long storm tests.
fn program() -> OsString {
    std::env::var_os("LANDFALL_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_landfall").into())
}

impl Running {
    /// Starts `landfall serve` in a folder and waits until it listens. A file that exceeds a limit of the process is an
    /// error and not a signal, as on a full disk.
    pub fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_by("", folder, environment)
    }

    /// The same, after some shell commands.
    pub fn start_by(before: &str, folder: &Path, environment: &[(&str, &str)]) -> Self {
        let (out, log) = (folder.join("out"), folder.join("log"));
        let child = Command::new("sh")
            .args(["-c", &format!("{before}trap '' XFSZ; exec \"$0\" serve")])
            .arg(program())
            .envs(environment.iter().copied())
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(File::create(&out).expect("a file"))
            .stderr(OpenOptions::new().create(true).append(true).open(&log).expect("a log"))
            .spawn()
            .expect("the program");
        let mut running = Self { child, base: String::new() };
        let began = Instant::now();
        while running.base.is_empty() {
            let gone = running.child.try_wait().expect("a status");
            let output = fs::read_to_string(&out).expect("its output");
            let line = output.lines().find(|_| output.ends_with('\n'));
            running.base = line.and_then(|line| line.strip_prefix("listening on ")).unwrap_or_default().to_owned();
            let late = began.elapsed() > TIMEOUT;
            assert!(gone.is_none() && !late, "no address: {gone:?}\n{}", fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(POLL_INTERVAL);
        }
        running
    }

    /// The process id.
    #[allow(dead_code, reason = "not every test binary asks for it")]
    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Sends SIGTERM, and waits for the exit code.
    #[allow(dead_code, reason = "not every test binary stops it")]
    pub fn stop(mut self) -> Option<i32> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("a running process");
        let began = Instant::now();
        while began.elapsed() < TIMEOUT {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status.code();
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        None
    }
}

/// Kills the process, like a power cut.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An HTTP client that waits so long, and uses no proxy of the environment.
#[allow(dead_code, reason = "not every test that starts a service calls it this way")]
pub fn client(timeout: Duration) -> reqwest::Client {
    // another test may have set the provider of the process
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(timeout).build().expect("a client")
}

/// Polls until there is a result.
#[allow(dead_code, reason = "not every test that starts a service waits")]
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(began.elapsed() < TIMEOUT, "timed out waiting for {what}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// A plain MD5 digest in hex: the cheapest legacy hash there is.
pub fn md5(text: &str) -> String {
    use md5::{Digest as _, Md5};
    hex::encode(Md5::digest(text.as_bytes()))
}
