//! The demo as a process.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};

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
        Self::with(&[])
    }

    /// A demo that keeps its files in a folder.
    #[allow(dead_code, reason = "not every test keeps them")]
    pub fn keeping(folder: &std::path::Path) -> Self {
        Self::with(&["--keep".as_ref(), folder.as_os_str()])
    }

    fn with(arguments: &[&std::ffi::OsStr]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_landfall"))
            .args(["demo", "--listen", "127.0.0.1:0"])
            .args(arguments)
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
