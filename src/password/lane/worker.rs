//! One hashing thread.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::queue::{Deliver, Next, Queued, Shared};
use super::workspace::Workspace;

/// Works until the lane is closed. No panic of a job or of its owner's callback ends the thread.
pub(super) fn work(shared: &Shared) {
    loop {
        match shared.next() {
            Next::Run { queued, workspace, surplus } => {
                drop(surplus);
                run(shared, queued, workspace);
            }
            Next::Refuse(refused, error) => {
                for queued in refused {
                    contain(|| queued.refuse(error));
                }
            }
            Next::Free(kept) => drop(kept),
            Next::End => return,
        }
    }
}

/// The memory is released before the result is handed over, so that whoever sees the result sees the lane free.
fn run(shared: &Shared, queued: Queued, mut workspace: Workspace) {
    let memory = queued.job.memory;
    let turn = queued.turn;
    let deliver: Option<Deliver> = catch_unwind(AssertUnwindSafe(|| turn(Ok(&mut workspace)))).ok();
    shared.release(memory, Some(workspace));
    if let Some(deliver) = deliver {
        contain(deliver);
    }
}

fn contain(action: impl FnOnce()) {
    // The panic message went to the panic hook already.
    let _ = catch_unwind(AssertUnwindSafe(action));
}
