//! What happens when a signal asks the process to end, for commands that do their work on threads.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

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
