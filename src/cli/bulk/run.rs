//! The run: records are read on a thread of their own, and a bounded number of them is in progress at a time.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::input::Input;
use super::progress::Progress;
use super::report::Report;
use crate::cli::CommandError;
use crate::cli::input::Opened;
use crate::formats::{RawRecord, RecordError, Records};
use crate::migrate::{Bulk, BulkAccount};
use crate::ports::PortError;

/// Records that were read and are not in progress yet. Together with those in progress they bound the memory.
const AHEAD: usize = 64;

/// How often the progress is shown.
const SHOWN: Duration = Duration::from_millis(200);

/// What became of a record; nothing if it could not be processed.
type Done = (RawRecord, Result<Option<Vec<BulkAccount>>, PortError>);

/// Creates the accounts of all records.
///
/// # Errors
/// If the records cannot be read to the end, a file cannot be written, or the target or the ledger is down for long.
pub(super) async fn run(bulk: &Arc<Bulk>, input: &Input, jobs: usize, report: &mut Report) -> Result<(), CommandError> {
    let Opened { records, notes } = input.records()?;
    let mut waiting = read(records);
    let (mut tasks, mut ticks, mut is_read) = (JoinSet::new(), interval(SHOWN), false);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let progress = Progress::begin(report.what());
    let mut interrupted = interruptions()?;
    while !is_read || !tasks.is_empty() {
        tokio::select! {
            next = waiting.recv(), if !is_read && tasks.len() < jobs => match next {
                Some(Ok(record)) => drop(tasks.spawn(one(Arc::clone(bulk), record))),
                Some(Err(error)) if error.fatal => {
                    finish(&mut tasks, bulk, report).await?;
                    progress.end();
                    report.summary(progress.took())?;
                    let help = "the records before that place were processed; fix the input and run it again";
                    return Err(CommandError::new(format!("cannot read the input to the end: {error}")).help(help));
                }
                Some(Err(error)) => report.unreadable(&error)?,
                None => is_read = true,
            },
            Some(done) = tasks.join_next() => {
                if let Err(error) = take(done, bulk, report) {
                    progress.end();
                    report.summary(progress.took())?;
                    return Err(error);
                }
            }
            Some(()) = interrupted.recv() => {
                waiting.close();
                finish(&mut tasks, bulk, report).await?;
                progress.end();
                report.summary(progress.took())?;
                let help = "what was created stays; run the same command again to continue";
                return Err(CommandError::new("the run was interrupted").help(help));
            }
            _ = ticks.tick() => {
                report.flush()?;
                progress.show(input.position(), report.records(), || report.so_far());
            }
        }
    }
    progress.end();
    notes.show();
    report.summary(progress.took())
}

/// Tells once that the run should end: SIGINT, SIGTERM or SIGHUP. A second signal ends the process at once.
fn interruptions() -> Result<mpsc::Receiver<()>, CommandError> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, interrupted) = mpsc::channel(1);
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let (mut signals, sender) = (signal(kind)?, sender.clone());
        drop(tokio::spawn(async move {
            signals.recv().await;
            // the run may be over
            let _ = sender.send(()).await;
            signals.recv().await;
            std::process::exit(128 + kind.as_raw_value());
        }));
    }
    Ok(interrupted)
}

/// Reads records on a thread.
fn read(records: Records) -> mpsc::Receiver<Result<RawRecord, RecordError>> {
    let (sender, waiting) = mpsc::channel(AHEAD);
    // Ends when the run ends: nobody receives any more.
    drop(tokio::task::spawn_blocking(move || records.into_iter().try_for_each(|record| sender.blocking_send(record))));
    waiting
}

async fn one(bulk: Arc<Bulk>, record: RawRecord) -> Done {
    let created = bulk.record(record.json.clone(), &record.accounts);
    match AssertUnwindSafe(created).catch_unwind().await {
        Ok(created) => (record, created.map(Some)),
        Err(_) => (record, Ok(None)),
    }
}

/// Waits for all records in progress.
async fn finish(tasks: &mut JoinSet<Done>, bulk: &Bulk, report: &mut Report) -> Result<(), CommandError> {
    while let Some(done) = tasks.join_next().await {
        take(done, bulk, report)?;
    }
    Ok(())
}

fn take(done: Result<Done, tokio::task::JoinError>, bulk: &Bulk, report: &mut Report) -> Result<(), CommandError> {
    let (record, outcome) = done.map_err(|error| CommandError::new(format!("internal error: {error}")))?;
    match outcome {
        Ok(accounts) => report.record(bulk, &record, accounts),
        Err(error) => Err(stopped(&error)),
    }
}

fn stopped(error: &PortError) -> CommandError {
    CommandError::new(format!("the run was stopped: {error}"))
        .help("what was created stays; when the problem is solved, run the same command again to continue")
}
