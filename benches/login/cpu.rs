//! CPU time by kind of thread, as reported by the kernel.

use std::collections::HashMap;
use std::fs;

/// The purpose of a thread, determined by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The hashing lane.
    Hash,
    /// SQLite.
    Sqlite,
    /// The runtime: the logins themselves, and blocking reads of files.
    Runtime,
}

/// The CPU time of all threads of a process at one moment.
pub struct Snapshot {
    process: String,
    threads: HashMap<String, (Kind, u64)>,
}

/// CPU seconds between two snapshots.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// The hashing lane.
    pub hash: f64,
    /// SQLite's threads.
    pub sqlite: f64,
    /// All other threads.
    pub runtime: f64,
}

impl Spent {
    /// Everything except hashing.
    pub fn without_hashing(self) -> f64 {
        self.sqlite + self.runtime
    }

    /// The total.
    pub fn all(self) -> f64 {
        self.hash + self.without_hashing()
    }
}

/// The threads of this process.
pub fn snapshot() -> Snapshot {
    snapshot_of("self")
}

/// The threads of a process. The first number in `/proc/PID/task/*/schedstat` is the nanoseconds on a CPU
/// (`Documentation/scheduler/sched-stats.rst` of Linux). Empty on other systems, where all CPU figures are zero.
pub fn snapshot_of(process: &str) -> Snapshot {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let read = |task: &fs::DirEntry| {
        let name = fs::read_to_string(task.path().join("comm")).ok()?;
        let stat = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanos = stat.split_whitespace().next()?.parse().ok()?;
        Some((task.file_name().to_string_lossy().into_owned(), (kind(&name), nanos)))
    };
    Snapshot { process: process.to_owned(), threads: tasks.filter_map(|task| read(&task)).collect() }
}

fn kind(name: &str) -> Kind {
    match name {
        name if name.starts_with("hash-") => Kind::Hash,
        name if name.starts_with("sqlx") => Kind::Sqlite,
        _ => Kind::Runtime,
    }
}

impl Snapshot {
    /// The CPU time since the snapshot. Threads that have ended since are not counted; only idle ones end here.
    pub fn spent(&self) -> Spent {
        let mut spent = Spent::default();
        for (task, (kind, nanos)) in snapshot_of(&self.process).threads {
            let before = self.threads.get(&task).map_or(0, |(_, nanos)| *nanos);
            let seconds = nanos.saturating_sub(before) as f64 / 1e9;
            match kind {
                Kind::Hash => spent.hash += seconds,
                Kind::Sqlite => spent.sqlite += seconds,
                Kind::Runtime => spent.runtime += seconds,
            }
        }
        spent
    }
}

/// The load of the machine: averages over 1, 5 and 15 minutes.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
