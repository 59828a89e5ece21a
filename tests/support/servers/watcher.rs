//! Ends servers with the test binary. Static values are never dropped and a killed process cleans nothing up, so a shell
//! waits for the end of a pipe from the test process.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Mutex;

/// Reads `+ pid` and `- pid`. At the end of input it ends these processes, and removes the folder. Processes may be paused;
/// a server ends its children itself, and every process leads a group.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
folder=$1 signal=$2 pids=
while read -r sign pid; do
    left=
    for one in $pids; do [ "$one" = "$pid" ] || left="$left $one"; done
    case $sign in +) pids="$left $pid" ;; -) pids=$left ;; esac
done
alive() { case $(cat "/proc/$1/stat" 2>/dev/null) in '' | *') Z '*) return 1 ;; esac; }
for pid in $pids; do
    kill -s CONT $(cat "/proc/$pid/task/$pid/children") "$pid"
    kill "-$signal" "$pid"
    tries=0
    while alive "$pid" && [ $tries -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -s KILL -- "-$pid"
done 2>/dev/null
# the last of the processes may still write
for tries in 1 2 3 4 5; do rm -rf "$folder" && break || sleep 0.1; done
"#;

/// A shell that outlives the test process for a moment. When the value is dropped, it has removed the folder.
pub struct Watcher {
    shell: Child,
    pipe: Mutex<Option<ChildStdin>>,
}

impl Watcher {
    /// Watches over the processes in a folder, which end by a signal.
    pub fn start(folder: &Path, signal: i32) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "watcher"])
            .arg(folder)
            .arg(signal.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C and the like reach the group of the test process.
            .process_group(0)
            .spawn()
            .expect("a shell");
        let pipe = Mutex::new(shell.stdin.take());
        Self { shell, pipe }
    }

    /// The process has to end with the tests.
    pub fn add(&self, pid: u32) {
        self.tell("+", pid);
    }

    /// The process has ended.
    pub fn remove(&self, pid: u32) {
        self.tell("-", pid);
    }

    fn tell(&self, sign: &str, pid: u32) {
        let mut pipe = self.pipe.lock().expect("the pipe");
        let line = format!("{sign} {pid}\n");
        pipe.as_mut().expect("an open pipe").write_all(line.as_bytes()).expect("the watcher reads");
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        if let Ok(pipe) = self.pipe.get_mut() {
            drop(pipe.take());
        }
        let _ = self.shell.wait();
    }
}
