//! The process of a server, in a temporary folder. As root it runs as the server's service user, otherwise as the user who
//! runs the tests.

use std::fs::{self, File, OpenOptions, Permissions};
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};

use super::watcher::Watcher;

/// The longest wait for a server to end.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The polling interval.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// The same for a server that starts: asking it takes time from its start.
const READY_INTERVAL: Duration = Duration::from_millis(20);

/// The process of a server and its folder. Both are gone when the value is dropped, and after the test process ended.
pub struct Process {
    folder: PathBuf,
    owner: Option<(u32, u32)>,
    child: Mutex<Option<Child>>,
    /// What ends the server without delay, and without anything left behind.
    last: Signal,
    watcher: Watcher,
}

impl Process {
    /// A folder for a server that runs as a service user and ends by one of these signals.
    pub fn new(name: &str, service_user: &str, last: Signal) -> Self {
        let mut process = Self::of_this_user(name, last);
        process.owner = geteuid().is_root().then(|| account(service_user));
        process
    }

    /// A folder for a server without a service user: it runs as the user who runs the tests.
    pub fn of_this_user(name: &str, last: Signal) -> Self {
        let random = RandomState::new().hash_one(());
        let folder = std::env::temp_dir().join(format!("landfall-{name}-{random:016x}"));
        // First the watcher, so that there is no moment in which nobody would remove the folder.
        let watcher = Watcher::start(&folder, last.as_raw());
        fs::create_dir(&folder).expect("a folder");
        // The service user has to get in.
        fs::set_permissions(&folder, Permissions::from_mode(0o755)).expect("permissions");
        Self { folder, owner: None, child: Mutex::new(None), last, watcher }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a folder inside, for the server only.
    pub fn make_folder(&self, name: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::create_dir(&path).expect("a folder");
        self.hand_over(&path, 0o700);
        path
    }

    /// Writes a file that only the server can read.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, text).expect("a file");
        self.hand_over(&path, 0o600);
        path
    }

    fn hand_over(&self, path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).expect("permissions");
        if let Some((user, group)) = self.owner {
            chown(path, Some(user), Some(group)).expect("the service user owns it");
        }
    }

    /// Runs a program as the server's user to its end.
    pub fn run(&self, command: &mut Command) {
        let command = self.own(command).stdout(Stdio::piped()).stderr(Stdio::piped());
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let pid = child.id();
        self.watcher.add(pid);
        let Output { status, stdout, stderr } = child.wait_with_output().expect("its output");
        self.watcher.remove(pid);
        let [stdout, stderr] = [&stdout, &stderr].map(|text| String::from_utf8_lossy(text));
        assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    }

    /// Starts the server; its output goes to the file `log`.
    pub fn spawn(&self, command: &mut Command) {
        let log = OpenOptions::new().create(true).append(true).open(self.folder.join("log")).expect("a log");
        let output = File::try_clone(&log).expect("a log");
        let command = self.own(command).stdout(output).stderr(log);
        let mut child = self.child();
        assert!(child.is_none(), "the server runs already");
        let server = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        self.watcher.add(server.id());
        *child = Some(server);
    }

    fn own<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command.current_dir(&self.folder).stdin(Stdio::null()).process_group(0)
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the server wrote so far.
    pub fn log(&self) -> String {
        let bytes = fs::read(self.folder.join("log")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The process id of the running server.
    pub fn pid(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    /// Whether the server has ended by itself. It can be started again then.
    pub fn has_ended(&self) -> bool {
        let mut child = self.child();
        let ended = child.as_mut().is_none_or(|child| child.try_wait().expect("a status").is_some());
        if ended && let Some(gone) = child.take() {
            self.watcher.remove(gone.id());
        }
        ended
    }

    /// Waits until the server is ready; fails if it ends or takes longer than that.
    pub fn wait_until(&self, timeout: Duration, mut is_ready: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_ready() {
            assert!(!self.has_ended(), "the server has ended\n{}", self.log());
            assert!(began.elapsed() < timeout, "the server does not answer\n{}", self.log());
            std::thread::sleep(READY_INTERVAL);
        }
    }

    /// Sends a signal, and waits for the end. A paused server is resumed first.
    pub fn stop(&self, signal: Signal) {
        let Some(pid) = self.pid() else { return };
        self.signal_all(Signal::CONT);
        send(pid, signal);
        self.wait_for_the_end();
    }

    /// Kills all processes of the server at once, as when its machine fails.
    pub fn crash(&self) {
        self.pause();
        let pid = self.pid().expect("a running server");
        let all = std::iter::once(pid).chain(children(pid)).collect::<Vec<_>>();
        all.into_iter().for_each(|process| send(process, Signal::KILL));
        self.wait_for_the_end();
    }

    fn wait_for_the_end(&self) {
        let began = Instant::now();
        while !self.has_ended() {
            assert!(began.elapsed() < TIMEOUT, "the server does not end\n{}", self.log());
            std::thread::sleep(POLL_INTERVAL);
        }
    }

    /// Stops all processes of the server where they are: connections stay open, and nothing answers.
    pub fn pause(&self) {
        self.signal_all(Signal::STOP);
    }

    /// Lets a paused server go on.
    pub fn resume(&self) {
        self.signal_all(Signal::CONT);
    }

    fn signal_all(&self, signal: Signal) {
        send_to_tree(self.pid().expect("a running server"), signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            self.signal_all(Signal::CONT);
            send(pid, self.last);
            if let Some(mut child) = self.child().take() {
                let _ = child.wait();
            }
            self.watcher.remove(pid);
        }
    }
}

/// A process that has just ended is no error.
fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id");
    let _ = kill_process(pid, signal);
}

/// Signals a process before its children, so that a paused one does not start another.
fn send_to_tree(pid: u32, signal: Signal) {
    send(pid, signal);
    children(pid).into_iter().for_each(|child| send_to_tree(child, signal));
}

/// The children of a process. Those of PostgreSQL have a session of their own, so a signal to the group misses them.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

/// The fourth field of `stat`; the second is a name in parentheses, which may contain anything.
fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The user and group id of a service user.
fn account(name: &str) -> (u32, u32) {
    let id = |option: &str| {
        let output = Command::new("id").args([option, name]).output().expect("id");
        let text = String::from_utf8_lossy(&output.stdout).trim().parse();
        text.unwrap_or_else(|_| panic!("there is no user `{name}`; `tests/run` installs what the tests need"))
    };
    (id("-u"), id("-g"))
}
