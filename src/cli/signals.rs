//! What happens when a signal asks the process to end, for commands that do their work on threads; and when a file grows
//! beyond what the system allows.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// Lets a write beyond the limit of file sizes (`ulimit -f`) fail like one on a full disk. Otherwise the system would end the
/// process at once, and what it has half written would stay. If that cannot be arranged, it is as it was.
pub fn fail_writes_of_large_files() {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    let _guard = runtime.enter();
    // the handler stays for the whole life of the process, and nobody has to listen to it
    let _ = signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw()));
}

/// Waits on a thread for SIGINT, SIGTERM and SIGHUP, and passes the first one to `act`.
///
/// # Errors
/// If signals cannot be waited for.
pub fn on_first(act: impl FnOnce(SignalKind) + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let guard = runtime.enter();
    let mut signals = Vec::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        signals.push((kind, signal(kind)?));
    }
    drop(guard);
    let wait = move || {
        let waits = signals.into_iter().map(|(kind, mut signal)| {
            Box::pin(async move {
                signal.recv().await;
                kind
            })
        });
        let (kind, ..) = runtime.block_on(futures_util::future::select_all(waits));
        act(kind);
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(wait).map(drop)
}
