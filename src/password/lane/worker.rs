//! A hashing thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::queue::{Next, Shared};
use super::waiting::{Deliver, Queued};
use super::workspace::Workspace;

/// Works until the lane is closed. A panic in a job or in its owner's callback does not end the thread.
pub(super) fn work(shared: &Shared) {
    loop {
        match shared.next() {
            Next::Run { queued, workspace, surplus } => {
                drop(surplus);
                run(shared, queued, workspace);
            }
            Next::Reject(rejected, error) => {
                for queued in rejected {
                    contain(|| queued.reject(error));
                }
            }
            Next::Free(kept) => drop(kept),
            Next::End => return,
        }
    }
}

/// The memory is released before the result is delivered, so that whoever gets the result finds the lane free.
fn run(shared: &Shared, queued: Queued, mut workspace: Workspace) {
    let Queued { job, turn, .. } = queued;
    let began = Instant::now();
    let deliver: Option<Deliver> = catch_unwind(AssertUnwindSafe(|| turn(Ok(&mut workspace)))).ok();
    shared.release(job, Some(workspace), began.elapsed());
    if let Some(deliver) = deliver {
        contain(deliver);
    }
}

fn contain(action: impl FnOnce()) {
    // The panic hook has already reported the panic.
    let _ = catch_unwind(AssertUnwindSafe(action));
}
