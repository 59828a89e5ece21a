//! Prepares the process of a service: raises the limit of open files, and disables core dumps, which would contain
//! passwords.

/// The result of preparing the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prepared {
    /// How many files may be open; `None` if there is no limit or it is unknown.
    pub files: Option<u64>,
    /// Whether a crash writes no core dump.
    pub dumps_nothing: bool,
}

/// Raises the soft limit of open files to the hard limit: every connection is a file, and the usual soft limit of 1024
/// exists for programs that use `select` (see `LimitNOFILE` in systemd.exec). Disables core dumps, and on Linux also
/// keeps other processes of the same user from reading this one's memory.
#[cfg(unix)]
pub(super) fn prepare() -> Prepared {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let files = getrlimit(Resource::Nofile);
    // Best effort: if it fails, the old limit remains.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum });
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let dumps_nothing = setrlimit(Resource::Core, none).is_ok() & is_hidden();
    Prepared { files: if raised.is_ok() { files.maximum } else { files.current }, dumps_nothing }
}

/// On Linux a core dump can go to a pipe, which ignores the resource limit (core(5)) but not this flag.
#[cfg(target_os = "linux")]
fn is_hidden() -> bool {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
}

#[cfg(all(unix, not(target_os = "linux")))]
fn is_hidden() -> bool {
    true
}

/// Nothing to prepare.
#[cfg(not(unix))]
pub(super) fn prepare() -> Prepared {
    Prepared { files: None, dumps_nothing: true }
}
