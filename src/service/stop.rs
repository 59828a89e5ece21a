//! Stopping the service: gracefully first, then at once.

use tokio::sync::watch;

/// The stage of stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Not stopping.
    Running,
    /// Running requests are answered, and no new ones are accepted.
    Draining,
    /// Stop at once.
    Now,
}

/// Stops a service; cheap to clone.
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

    /// Advances to the next stage.
    pub fn stop(&self) {
        self.stage.send_modify(|stage| {
            *stage = if *stage == Stage::Running { Stage::Draining } else { Stage::Now };
        });
    }

    /// Whether the service is stopping.
    pub(super) fn is_ending(&self) -> bool {
        *self.stage.borrow() > Stage::Running
    }

    /// Waits until a stage is reached.
    pub(super) async fn reached(&self, wanted: Stage) {
        // The sender lives as long as this stopper.
        let _ = self.stage.subscribe().wait_for(|stage| *stage >= wanted).await;
    }
}

/// A signal of the operating system.
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
    async fn the_second_call_stops_at_once() {
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
