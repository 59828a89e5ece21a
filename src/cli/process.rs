//! The process of a service: as many open files as it may have, and no core dump, which would hold passwords.

/// How the process was prepared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prepared {
    /// How many files may be open; none when there is no limit, or nobody can tell.
    pub files: Option<u64>,
    /// Whether a crash leaves no memory behind.
    pub dumps_nothing: bool,
}

/// Raises the soft limit of open files to the hard one: a connection is a file, and the usual soft limit of 1024 is there for
/// programs that use `select` (systemd's `LimitNOFILE` says more). Forbids core dumps, and on Linux the look of other processes
/// of the same user into this one's memory.
#[cfg(unix)]
pub(super) fn prepare() -> Prepared {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let files = getrlimit(Resource::Nofile);
    // It is a favour: when it is refused, what there was stays.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum });
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let dumps_nothing = setrlimit(Resource::Core, none).is_ok() & is_hidden();
    Prepared { files: if raised.is_ok() { files.maximum } else { files.current }, dumps_nothing }
}

/// Core dumps are not only files: on Linux a pipe to a collector ignores the limit (core(5)), and obeys this.
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
