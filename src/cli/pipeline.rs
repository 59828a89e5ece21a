//! Distributes work over threads in constant memory: each thread takes a batch of items, processes it, and writes the results
//! that are due in the order of the input. An item is read, processed and freed by the same thread, and no more threads run
//! than requested.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread;

/// Items per batch: enough that handing batches over costs little compared with the work, few enough that a batch of large
/// records stays small.
const BATCH_ITEMS: usize = 128;

/// Batches in progress per worker: one that is processed, and two that wait to be written.
const BATCHES_PER_WORKER: usize = 3;

/// What a worker does with items. Each worker is used by one thread only.
pub trait Work {
    /// What is processed.
    type Item: Send;
    /// The results of a batch. Writing empties it, and it is reused.
    type Batch: Default + Send;

    /// Processes an item, and adds the result to the batch as its last action.
    fn item(&mut self, item: &Self::Item, batch: &mut Self::Batch);

    /// Adds to the batch the result of an item whose processing panicked, on a new worker.
    fn panicked(&mut self, item: &Self::Item, batch: &mut Self::Batch);
}

/// Processes all items with `jobs` workers, one of them on the calling thread. `write` receives the batches in the order of
/// the items; its first error ends the work.
///
/// # Errors
/// The error of `write`.
pub fn run<W: Work, E: Send>(
    items: impl Iterator<Item = W::Item> + Send,
    jobs: usize,
    worker: impl Fn() -> W + Sync,
    mut write: impl FnMut(&mut W::Batch) -> Result<(), E> + Send,
) -> Result<(), E> {
    if jobs > 1 {
        return spread(items, jobs, &worker, write);
    }
    let (mut own, mut batch) = (worker(), W::Batch::default());
    for item in items {
        one(&mut own, &item, &mut batch, &worker);
        write(&mut batch)?;
    }
    Ok(())
}

/// Processes one item; after a panic the worker is replaced, and the new one records the panic.
fn one<W: Work>(own: &mut W, item: &W::Item, batch: &mut W::Batch, worker: &impl Fn() -> W) {
    if quietly(|| own.item(item, batch)).is_none() {
        *own = worker();
        own.panicked(item, batch);
    }
}

thread_local! {
    static IS_QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs work that may panic, without writing the panic message to standard error: it may contain values of a record.
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

fn spread<W: Work, E: Send>(
    items: impl Iterator<Item = W::Item> + Send,
    jobs: usize,
    worker: &(impl Fn() -> W + Sync),
    write: impl FnMut(&mut W::Batch) -> Result<(), E> + Send,
) -> Result<(), E> {
    let source = Mutex::new(Source { items: items.fuse(), next: 0 });
    let order = InOrder::new(jobs * BATCHES_PER_WORKER, write);
    thread::scope(|scope| {
        for _ in 1..jobs {
            scope.spawn(|| work(&source, &order, worker));
        }
        work(&source, &order, worker);
    });
    order.end()
}

/// The loop of one thread: takes items, processes them, and writes what is due.
fn work<W: Work, E>(
    source: &Mutex<Source<impl Iterator<Item = W::Item>>>,
    order: &InOrder<W::Batch, impl FnMut(&mut W::Batch) -> Result<(), E>, E>,
    worker: &impl Fn() -> W,
) {
    let (mut own, mut items) = (worker(), Vec::with_capacity(BATCH_ITEMS));
    loop {
        let number = lock(source).take(&mut items);
        if items.is_empty() {
            return;
        }
        let mut batch = order.take_empty();
        items.drain(..).for_each(|item| one(&mut own, &item, &mut batch, worker));
        if order.put(number, batch) == Flow::Ended {
            return;
        }
    }
}

/// The items that no thread has taken yet.
struct Source<I> {
    items: I,
    /// The number of the next batch.
    next: u64,
}

impl<I: Iterator> Source<I> {
    fn take(&mut self, items: &mut Vec<I::Item>) -> u64 {
        items.extend(self.items.by_ref().take(BATCH_ITEMS));
        let number = self.next;
        self.next += 1;
        number
    }
}

/// Writes batches in the order of their numbers: the thread that delivers the next one writes it and all that follow it.
struct InOrder<B, F, E> {
    state: Mutex<State<B, E>>,
    has_moved: Condvar,
    write: Mutex<F>,
    /// How far batches may be ahead of the one that is written next. Stops batches from piling up behind a slow one.
    room: u64,
}

struct State<B, E> {
    waiting: BTreeMap<u64, B>,
    /// The number of the batch that is written next.
    next: u64,
    writer: Writer,
    flow: Flow,
    /// The error that ended the work.
    error: Option<E>,
    spare: Vec<B>,
}

/// Whether one of the threads is writing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    Busy,
    Free,
}

/// Whether the work continues.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Running,
    Ended,
}

impl<B: Default, F: FnMut(&mut B) -> Result<(), E>, E> InOrder<B, F, E> {
    fn new(room: usize, write: F) -> Self {
        let (waiting, spare) = (BTreeMap::new(), Vec::new());
        Self {
            state: Mutex::new(State {
                waiting,
                next: 0,
                writer: Writer::Free,
                flow: Flow::Running,
                error: None,
                spare,
            }),
            has_moved: Condvar::new(),
            write: Mutex::new(write),
            room: room as u64,
        }
    }

    /// An empty batch, reused or new.
    fn take_empty(&self) -> B {
        lock(&self.state).spare.pop().unwrap_or_default()
    }

    fn put(&self, number: u64, batch: B) -> Flow {
        let mut state = lock(&self.state);
        state.waiting.insert(number, batch);
        // INVARIANT: the thread with the next batch never waits here, so the wait always ends
        while state.flow == Flow::Running && number >= state.next + self.room {
            state = self.has_moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        while state.flow == Flow::Running && state.writer == Writer::Free {
            let next = state.next;
            let Some(mut batch) = state.waiting.remove(&next) else { break };
            state.writer = Writer::Busy;
            drop(state);
            let written = self.write(&mut batch);
            state = lock(&self.state);
            state.writer = Writer::Free;
            state.next += 1;
            if let Err(error) = written {
                (state.error, state.flow) = (Some(error), Flow::Ended);
            }
            state.spare.push(batch);
            self.has_moved.notify_all();
        }
        state.flow
    }

    fn write(&self, batch: &mut B) -> Result<(), E> {
        let _guard = EndOnPanic(self);
        (*lock(&self.write))(batch)
    }

    fn end(self) -> Result<(), E> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.error.map_or(Ok(()), Err)
    }
}

/// Ends the work if writing panics, so that no other thread waits for it; the panic itself reaches the caller.
struct EndOnPanic<'o, B, F, E>(&'o InOrder<B, F, E>);

impl<B, F, E> Drop for EndOnPanic<'_, B, F, E> {
    fn drop(&mut self) {
        if thread::panicking() {
            lock(&self.0.state).flow = Flow::Ended;
            self.0.has_moved.notify_all();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn results_are_in_the_order_of_the_items_for_any_number_of_jobs() {
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
            let in_hand = jobs * BATCHES_PER_WORKER + jobs - 1;
            assert!(read.into_inner() <= in_hand * BATCH_ITEMS, "{jobs} jobs");
        }
    }

    #[test]
    fn a_panic_of_the_writer_ends_the_work() {
        for jobs in [1, 4] {
            let write = |batch: &mut Vec<String>| -> Result<(), ()> { panic!("{} results", batch.len()) };
            let ended = catch_unwind(AssertUnwindSafe(|| run(0_u64.., jobs, || Doubler, write)));
            assert!(ended.is_err());
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
        assert!(most <= (3 * BATCHES_PER_WORKER + 3 - 1) * BATCH_ITEMS, "{most} items were read and not written");
        assert_eq!(written, 50_000);
    }
}
