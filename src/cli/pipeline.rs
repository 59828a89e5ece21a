//! Work spread over threads: a reader makes batches, workers work on them, and a writer gets the results in the order of
//! the input, in constant memory.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, Once, PoisonError};
use std::thread;

/// Items that go from thread to thread together: enough that the hand-over costs nothing beside the work, few enough that
/// a batch of large records stays small.
const BATCH_ITEMS: usize = 128;

/// Batches on their way per worker: one that is worked on, one that waits, one that waits to be written.
const BATCHES_PER_WORKER: usize = 3;

/// What a worker does with items. Each worker is used by one thread only.
pub trait Work {
    /// What is worked on.
    type Item: Send;
    /// What the items of a batch make together. It is emptied by whoever writes it, and used again.
    type Batch: Default + Send;

    /// Works on an item, and as its last act adds what it made to the batch.
    fn item(&mut self, item: &Self::Item, batch: &mut Self::Batch);

    /// Adds to the batch what is said of an item whose work panicked. The worker is replaced afterwards.
    fn panicked(&mut self, item: &Self::Item, batch: &mut Self::Batch);
}

/// Works on all items with `jobs` workers. `write` gets the batches in the order of the items; its first error ends the work.
/// With one job, no thread is made.
///
/// # Errors
/// The error of `write`.
pub fn run<W: Work, E>(
    items: impl Iterator<Item = W::Item> + Send,
    jobs: usize,
    worker: impl Fn() -> W + Sync,
    mut write: impl FnMut(&mut W::Batch) -> Result<(), E>,
) -> Result<(), E> {
    if jobs > 1 {
        return spread(items, jobs, &worker, &mut write);
    }
    let (mut own, mut batch) = (worker(), W::Batch::default());
    for item in items {
        one(&mut own, &item, &mut batch, &worker);
        write(&mut batch)?;
    }
    Ok(())
}

/// Works on one item; a panic is told to the worker, which is then replaced.
fn one<W: Work>(own: &mut W, item: &W::Item, batch: &mut W::Batch, worker: &impl Fn() -> W) {
    if quietly(|| own.item(item, batch)).is_none() {
        *own = worker();
        own.panicked(item, batch);
    }
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs work that may panic, without the panic's message on standard error: it may hold values of a record.
fn quietly<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !IS_QUIET.get() {
                usual(info);
            }
        }));
    });
    IS_QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_QUIET.set(false);
    result.ok()
}

/// Something with its position in the order of the input.
type Numbered<T> = (u64, T);

fn spread<W: Work, E>(
    items: impl Iterator<Item = W::Item> + Send,
    jobs: usize,
    worker: &(impl Fn() -> W + Sync),
    write: &mut impl FnMut(&mut W::Batch) -> Result<(), E>,
) -> Result<(), E> {
    let room = jobs * BATCHES_PER_WORKER;
    // INVARIANT: no more than `room` batches exist between the reader and the writer: the reader takes a ticket for each,
    // and the writer gives it back. So a slow batch cannot make those behind it pile up.
    let (give_ticket, tickets) = sync_channel::<()>(room);
    (0..room).for_each(|_| give_ticket.try_send(()).unwrap_or_default());
    let (to_workers, from_reader) = sync_channel::<Numbered<Vec<W::Item>>>(room);
    let (to_writer, from_workers) = sync_channel::<Numbered<W::Batch>>(room);
    let (from_reader, spare) = (Mutex::new(from_reader), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        scope.spawn(move || read(items, &tickets, &to_workers));
        for _ in 0..jobs {
            let (to_writer, from_reader, spare) = (to_writer.clone(), &from_reader, &spare);
            scope.spawn(move || work(worker, from_reader, spare, &to_writer));
        }
        drop(to_writer);
        in_order(&from_workers, |batch: &mut W::Batch| {
            write(batch)?;
            spare.lock().unwrap_or_else(PoisonError::into_inner).push(std::mem::take(batch));
            give_ticket.try_send(()).unwrap_or_default();
            Ok(())
        })
        // the receivers and the tickets end here, and with them, after an error, the threads
        .inspect_err(|_| drop((from_workers, give_ticket)))
    })
}

fn read<I>(items: impl Iterator<Item = I>, tickets: &Receiver<()>, to_workers: &SyncSender<Numbered<Vec<I>>>) {
    let mut items = items.fuse();
    for number in 0.. {
        let batch: Vec<I> = items.by_ref().take(BATCH_ITEMS).collect();
        if batch.is_empty() || tickets.recv().is_err() || to_workers.send((number, batch)).is_err() {
            return;
        }
    }
}

fn work<W: Work>(
    worker: &impl Fn() -> W,
    from_reader: &Mutex<Receiver<Numbered<Vec<W::Item>>>>,
    spare: &Mutex<Vec<W::Batch>>,
    to_writer: &SyncSender<Numbered<W::Batch>>,
) {
    let mut own = worker();
    loop {
        let next = from_reader.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, items)) = next else { return };
        let mut batch = spare.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
        items.iter().for_each(|item| one(&mut own, item, &mut batch, worker));
        if to_writer.send((number, batch)).is_err() {
            return;
        }
    }
}

/// Gives on what arrives in any order in the order of its numbers.
fn in_order<B, E>(arriving: &Receiver<Numbered<B>>, mut write: impl FnMut(&mut B) -> Result<(), E>) -> Result<(), E> {
    let (mut waiting, mut next) = (BTreeMap::new(), 0);
    while let Ok((number, batch)) = arriving.recv() {
        waiting.insert(number, batch);
        while let Some(mut batch) = waiting.remove(&next) {
            write(&mut batch)?;
            next += 1;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// Doubles numbers, slowly for some; panics at multiples of 1000.
    struct Doubler;

    impl Work for Doubler {
        type Item = u64;
        type Batch = Vec<String>;

        fn item(&mut self, item: &u64, batch: &mut Vec<String>) {
            assert!(item % 1000 != 999, "customer value {item}");
            if item.is_multiple_of(500) {
                thread::yield_now();
            }
            batch.push((item * 2).to_string());
        }

        fn panicked(&mut self, item: &u64, batch: &mut Vec<String>) {
            batch.push(format!("panic {item}"));
        }
    }

    fn all(count: u64, jobs: usize) -> Vec<String> {
        let mut written = Vec::new();
        let write = |batch: &mut Vec<String>| {
            written.append(batch);
            Ok::<(), ()>(())
        };
        run(0..count, jobs, || Doubler, write).unwrap();
        written
    }

    #[test]
    fn results_come_in_the_order_of_the_items_whatever_the_jobs() {
        for count in [0, 1, 128, 129, 20_000] {
            let wanted: Vec<String> = (0..count)
                .map(|item| if item % 1000 == 999 { format!("panic {item}") } else { (item * 2).to_string() })
                .collect();
            for jobs in [0, 1, 2, 7] {
                assert_eq!(all(count, jobs), wanted, "{count} items, {jobs} jobs");
            }
        }
    }

    #[test]
    fn an_error_of_the_writer_ends_the_work() {
        for jobs in [1, 4] {
            let read = AtomicUsize::new(0);
            let endless = (0..).inspect(|_| {
                read.fetch_add(1, Ordering::Relaxed);
            });
            let ended = run(endless, jobs, || Doubler, |_| Err("full"));
            assert_eq!(ended, Err("full"));
            assert!(read.into_inner() <= (jobs * BATCHES_PER_WORKER + 2) * BATCH_ITEMS);
        }
    }

    #[test]
    fn the_reader_does_not_run_ahead_of_the_writer() {
        let (read, mut written, mut most) = (AtomicUsize::new(0), 0, 0);
        let items = (0..50_000).inspect(|_| {
            read.fetch_add(1, Ordering::Relaxed);
        });
        let write = |batch: &mut Vec<String>| {
            written += batch.len();
            batch.clear();
            most = most.max(read.load(Ordering::Relaxed).saturating_sub(written));
            Ok::<(), ()>(())
        };
        run(items, 3, || Doubler, write).unwrap();
        assert!(most <= (3 * BATCHES_PER_WORKER + 2) * BATCH_ITEMS, "{most} items were read and not written");
        assert_eq!(written, 50_000);
    }
}
