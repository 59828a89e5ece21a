//! The end of a service: first in good order, then at once.

use tokio::sync::watch;

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Not begun.
    Running,
    /// Running requests are answered, new ones are not taken.
    Draining,
    /// At once.
    Now,
}

/// Ends a service; cheap to clone.
///
/// The first call lets running requests finish, the second ends them.
#[derive(Debug, Clone)]
pub struct Stopper {
    stage: watch::Sender<Stage>,
}

impl Stopper {
    pub(super) fn new() -> Self {
        Self { stage: watch::Sender::new(Stage::Running) }
    }

    /// One stage further.
    pub fn stop(&self) {
        self.stage.send_modify(|stage| {
            *stage = if *stage == Stage::Running { Stage::Draining } else { Stage::Now };
        });
    }

    /// Whether the end has begun.
    pub(super) fn is_ending(&self) -> bool {
        *self.stage.borrow() > Stage::Running
    }

    /// Waits until a stage is reached.
    pub(super) async fn reached(&self, wanted: Stage) {
        // The sender lives as long as this stopper.
        let _ = self.stage.subscribe().wait_for(|stage| *stage >= wanted).await;
    }
}

/// What the operating system tells us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
}

/// Signals of the operating system.
#[cfg(unix)]
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    pub(super) fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.hang_up.recv() => Signal::Reload,
        }
    }
}

/// Signals of the operating system.
#[cfg(not(unix))]
pub(super) struct Signals(());

#[cfg(not(unix))]
impl Signals {
    pub(super) fn listen() -> std::io::Result<Self> {
        Ok(Self(()))
    }

    pub(super) async fn next(&mut self) -> Signal {
        let _ = tokio::signal::ctrl_c().await;
        Signal::Stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_second_call_is_at_once() {
        let stopper = Stopper::new();
        assert_eq!(*stopper.stage.borrow(), Stage::Running);
        stopper.stop();
        stopper.reached(Stage::Draining).await;
        assert_eq!(*stopper.stage.borrow(), Stage::Draining);
        stopper.stop();
        stopper.reached(Stage::Now).await;
        stopper.stop();
        assert_eq!(*stopper.stage.borrow(), Stage::Now);
    }
}
