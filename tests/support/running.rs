//! A running service whose output is kept, and how to wait for what will be.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked whether it is there.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A running service. Standard output is kept in the file `out`, standard error in `log`. It is killed when it is dropped.
pub struct Running {
    child: Child,
    pub base: String,
}

/// The program under test; `LANDFALL_PROGRAM` names another build of it, for long storms.
fn program() -> OsString {
    std::env::var_os("LANDFALL_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_landfall").into())
}

impl Running {
    /// Starts `landfall serve` in a folder and waits until it listens. A file that would grow over a limit of its process is
    /// an error and not a signal, as on a full disk.
    pub fn start(folder: &Path, environment: &[(&str, &str)]) -> Self {
        Self::start_by("", folder, environment)
    }

    /// The same, after some commands of the shell that starts it.
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
            let said = fs::read_to_string(&out).expect("its output");
            let line = said.lines().find(|_| said.ends_with('\n'));
            running.base = line.and_then(|line| line.strip_prefix("listening on ")).unwrap_or_default().to_owned();
            let late = began.elapsed() > PATIENCE;
            assert!(gone.is_none() && !late, "no address: {gone:?}\n{}", fs::read_to_string(&log).unwrap_or_default());
            std::thread::sleep(LOOK_EVERY);
        }
        running
    }

    /// The process.
    pub fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// Asks it to end, and waits for its exit code.
    pub fn stop(mut self) -> Option<i32> {
        assert!(Command::new("kill").args(["-TERM", &self.pid()]).status().expect("kill").success());
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status.code();
            }
            std::thread::sleep(LOOK_EVERY);
        }
        None
    }
}

/// Ends it as a power cut would.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for something.
#[allow(dead_code, reason = "not every test that starts a service waits")]
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "it was waited for in vain: {what}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A plain MD5 digest in hex: the cheapest legacy hash there is.
pub fn md5(text: &str) -> String {
    use md5::{Digest as _, Md5};
    hex::encode(Md5::digest(text.as_bytes()))
}
