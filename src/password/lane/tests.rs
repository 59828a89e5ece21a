//! Guarantees of the lane: budget, bounds, deadlines, containment of panics, order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Barrier, Mutex};

use super::*;

fn lane(threads: usize, budget_kib: u64, queue: usize) -> Lane {
    Lane::start(LaneSettings { threads, budget_kib, queue, keep: Duration::MAX }).unwrap()
}

fn in_a_minute() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

fn own(kib: u32) -> Job {
    Job::new(JobMemory::Own(kib), in_a_minute())
}

/// A job that has started and runs until the sender is dropped.
fn occupy(lane: &Lane, kib: u32) -> (mpsc::Sender<()>, Ticket<()>) {
    let (release, held) = mpsc::channel::<()>();
    let (started, is_started) = mpsc::channel();
    let ticket = lane.ticket(own(kib), move |_| {
        started.send(()).unwrap();
        let _ = held.recv();
    });
    is_started.recv().unwrap();
    (release, ticket)
}

#[test]
fn memory_never_exceeds_the_budget() {
    let lane = lane(4, 100, 1000);
    let (busy, peak) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let tickets: Vec<_> = (0..300_u32)
        .map(|number| {
            let kib = 8 + number * 7 % 93;
            let (busy, peak) = (Arc::clone(&busy), Arc::clone(&peak));
            let memory = if number % 2 == 0 { JobMemory::Own(kib) } else { JobMemory::Workspace(kib) };
            lane.ticket(Job::new(memory, in_a_minute()), move |workspace| {
                let now = busy.fetch_add(u64::from(kib), Ordering::SeqCst) + u64::from(kib);
                peak.fetch_max(now, Ordering::SeqCst);
                if number % 2 == 1 {
                    assert_eq!(workspace.blocks(kib as usize).unwrap().len(), kib as usize);
                }
                thread::yield_now();
                busy.fetch_sub(u64::from(kib), Ordering::SeqCst);
            })
        })
        .collect();
    for ticket in tickets {
        assert_eq!(ticket.wait(), Ok(()));
    }
    let figures = lane.figures();
    assert!(peak.load(Ordering::SeqCst) <= 100);
    assert!(figures.peak_kib <= 100 && figures.peak_kib >= 8, "{figures:?}");
    assert_eq!((figures.waiting, figures.running, figures.busy_kib), (0, 0, 0));
}

#[test]
fn workspaces_are_reused() {
    let lane = lane(1, 100, 10);
    let job = || Job::new(JobMemory::Workspace(40), in_a_minute());
    let held = |workspace: &mut Workspace| {
        let before = workspace.kib();
        workspace.blocks(40).unwrap();
        before
    };
    assert_eq!(lane.run(job(), held), Ok(0));
    assert_eq!(lane.run(job(), held), Ok(40));
    assert_eq!(lane.figures().kept_kib, 40);
    // A large job takes the place of the kept memory in the budget.
    assert_eq!(lane.run(own(90), Workspace::kib_of), Ok(0));
    assert_eq!((lane.figures().kept_kib, lane.figures().peak_kib), (0, 90));
}

impl Workspace {
    fn kib_of(&mut self) -> u64 {
        self.kib()
    }
}

#[test]
fn the_queue_is_bounded() {
    let lane = lane(1, 100, 2);
    let (release, busy) = occupy(&lane, 10);
    let waiting: Vec<_> = (0..2).map(|_| lane.ticket(own(10), |_| ())).collect();
    assert_eq!(lane.run(own(10), |_| ()), Err(LaneError::Full));
    assert_eq!(lane.run(own(101), |_| ()), Err(LaneError::TooLarge));
    drop(release);
    assert_eq!(busy.wait(), Ok(()));
    assert!(waiting.into_iter().all(|ticket| ticket.wait() == Ok(())));
}

#[test]
fn late_jobs_never_start() {
    let lane = lane(1, 100, 10);
    let (release, busy) = occupy(&lane, 10);
    let past = Job::new(JobMemory::Own(1), Instant::now());
    assert_eq!(lane.run(past, |_| panic!("started")), Err::<(), _>(LaneError::Late));
    // With a ticket: removed at the deadline, although every thread is busy.
    let short = || Job::new(JobMemory::Own(1), Instant::now() + Duration::from_millis(20));
    assert_eq!(lane.run(short(), |_| panic!("started")), Err::<(), _>(LaneError::Late));
    assert_eq!(lane.figures().waiting, 0);
    // With a callback: rejected when a thread is free again.
    let (sender, receiver) = mpsc::channel();
    lane.submit(short(), |_| (), move |result| sender.send(result).unwrap());
    while lane.figures().waiting > 0 && !short_has_passed(&lane) {
        thread::yield_now();
    }
    drop(release);
    assert_eq!(receiver.recv(), Ok(Err(LaneError::Late)));
    assert_eq!(busy.wait(), Ok(()));
}

/// Whether every waiting job is past its deadline.
fn short_has_passed(lane: &Lane) -> bool {
    lane.shared.earliest_deadline().is_none_or(|deadline| deadline <= Instant::now())
}

#[test]
fn late_jobs_are_removed_from_a_full_queue() {
    let lane = lane(1, 100, 1);
    let (release, busy) = occupy(&lane, 10);
    let (sender, receiver) = mpsc::channel();
    let short = Job::new(JobMemory::Own(1), Instant::now() + Duration::from_millis(5));
    lane.submit(short, |_| (), move |result| sender.send(result).unwrap());
    while !short_has_passed(&lane) {
        thread::yield_now();
    }
    let next = lane.ticket(own(1), |_| 7);
    assert_eq!(receiver.recv(), Ok(Err(LaneError::Late)));
    drop(release);
    assert_eq!((busy.wait(), next.wait()), (Ok(()), Ok(7)));
}

#[test]
fn a_panic_is_contained() {
    let lane = lane(1, 100, 10);
    for _ in 0..5 {
        assert_eq!(lane.run(own(100), |_| panic!("expected in this test")), Err::<(), _>(LaneError::Panicked));
    }
    lane.submit(own(100), |_| (), |_| panic!("expected in this test"));
    assert_eq!(lane.run(own(100), |_| 7), Ok(7));
    assert_eq!(lane.figures().busy_kib, 0);
}

#[test]
fn a_large_job_is_not_overtaken() {
    let lane = lane(2, 100, 100);
    let order = Arc::new(Mutex::new(Vec::new()));
    let record = |name: &'static str| {
        let order = Arc::clone(&order);
        move |_: &mut Workspace| order.lock().unwrap().push(name)
    };
    let (release, busy) = occupy(&lane, 60);
    let big = lane.ticket(own(100), record("big"));
    let small: Vec<_> = (0..10).map(|_| lane.ticket(own(10), record("small"))).collect();
    // A thread and 40 KiB are free, but the large job is first.
    assert_eq!(lane.figures().running, 1);
    drop(release);
    assert_eq!((busy.wait(), big.wait()), (Ok(()), Ok(())));
    assert!(small.into_iter().all(|ticket| ticket.wait() == Ok(())));
    assert_eq!(order.lock().unwrap().first(), Some(&"big"));
}

#[test]
fn jobs_run_concurrently_if_memory_allows() {
    let lane = lane(3, 90, 10);
    let barrier = Arc::new(Barrier::new(3));
    let tickets: Vec<_> = (0..3)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            lane.ticket(own(30), move |_| barrier.wait().is_leader())
        })
        .collect();
    let leaders = tickets.into_iter().filter_map(|ticket| ticket.wait().ok()).filter(|leader| *leader).count();
    assert_eq!(leaders, 1);
}

#[test]
fn closing_rejects_waiting_jobs() {
    let lane = lane(1, 100, 10);
    let (release, busy) = occupy(&lane, 10);
    let waiting = lane.ticket(own(10), |_| ());
    let shared = Arc::clone(&lane.shared);
    shared.close();
    assert_eq!(lane.run(own(10), |_| ()), Err(LaneError::Closed));
    drop(release);
    drop(lane);
    assert_eq!((busy.wait(), waiting.wait()), (Ok(()), Err(LaneError::Closed)));
}

#[test]
fn kept_memory_is_freed_when_idle() {
    let settings = LaneSettings { threads: 1, budget_kib: 100, queue: 10, keep: Duration::ZERO };
    let lane = Lane::start(settings).unwrap();
    let job = Job::new(JobMemory::Workspace(40), in_a_minute());
    lane.run(job, |workspace| workspace.blocks(40).map(|_| ())).unwrap().unwrap();
    let limit = in_a_minute();
    while lane.figures().kept_kib > 0 && Instant::now() < limit {
        thread::yield_now();
    }
    assert_eq!(lane.figures().kept_kib, 0);
}

/// A job that costs so much, and must end within so much.
fn costing(cost: Duration, within: Duration) -> Job {
    Job { cost, ..Job::new(JobMemory::Own(1), Instant::now() + within) }
}

#[test]
fn a_job_that_would_wait_past_its_deadline_is_rejected_at_once() {
    let (second, lane) = (Duration::from_secs(1), lane(1, 100, 1000));
    let (release, busy) = occupy(&lane, 10);
    let waiting: Vec<_> = (0..40).map(|_| lane.ticket(costing(second, second * 3600), |_| ())).collect();
    assert_eq!(lane.figures().wait, second * 40);
    let began = Instant::now();
    assert_eq!(lane.run(costing(second, second * 30), |_| ()), Err(LaneError::Late));
    assert!(began.elapsed() < second * 30, "it was not queued");
    // What completes a login waits for nothing of the first stage.
    let last = lane.ticket(Job { stage: Stage::Last, ..costing(second, second * 30) }, |_| ());
    // What must follow counts, too.
    let followed = Job { then: second * 30, ..costing(second, second * 60) };
    assert_eq!(lane.run(followed, |_| ()), Err(LaneError::Late));
    drop(release);
    assert_eq!((busy.wait(), last.wait()), (Ok(()), Ok(())));
    assert!(waiting.into_iter().all(|ticket| ticket.wait() == Ok(())));
    assert_eq!(lane.figures().wait, Duration::ZERO);
}

#[test]
fn the_expected_wait_follows_what_jobs_really_take() {
    let (lane, expected) = (lane(1, 100, 1000), Duration::from_millis(1));
    // Each takes at least twenty times what it is said to cost.
    for _ in 0..20 {
        lane.run(costing(expected, Duration::from_secs(60)), move |_| thread::sleep(expected * 20)).unwrap();
    }
    let (release, busy) = occupy(&lane, 10);
    let waiting: Vec<_> = (0..100).map(|_| lane.ticket(costing(expected, Duration::from_secs(60)), |_| ())).collect();
    assert!(lane.figures().wait > expected * 150, "{:?}", lane.figures());
    drop(release);
    assert_eq!(busy.wait(), Ok(()));
    assert!(waiting.into_iter().all(|ticket| ticket.wait() == Ok(())));
}
