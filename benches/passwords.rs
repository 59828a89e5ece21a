//! What the hashing lane costs against the bare hash function, what 200 logins at once cost in memory, and what digest
//! templates cost.
//!
//! Prints first its own two measurements, then criterion's. The first compares call by call in turns, because the speed
//! of a shared machine changes more within a minute than the lane costs.

#![expect(clippy::print_stdout, reason = "a benchmark reports on standard output")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]

use std::fs;
use std::hint::black_box;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use argon2::{Algorithm, Argon2, Params, Version};
use criterion::{Criterion, Throughput};
use landfall::model::Password;
use landfall::password::lane::{Job, JobMemory, Lane, LaneSettings, Ticket, Workspace};
use landfall::password::store::{PasswordStore, Peppers, StoreParameters, StoreVerdict};
use landfall::password::template::{Template, TemplateInput};

/// Memory of one default hash, in KiB.
const HASH_KIB: u32 = 19_456;

/// Verifications that wait together.
const BATCH: u32 = 8;

fn main() {
    let is_smoke_test = std::env::args().any(|argument| argument == "--test");
    let rounds = if is_smoke_test { 2 } else { 150 };
    two_hundred_at_once();
    in_turns(rounds);
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    templates(&mut criterion);
    hashes(&mut criterion);
    criterion.final_summary();
}

fn lane(threads: usize) -> Lane {
    let budget_kib = u64::from(HASH_KIB) * u64::try_from(threads).unwrap();
    Lane::start(LaneSettings { threads, budget_kib, ..LaneSettings::default() }).unwrap()
}

fn job() -> Job {
    Job::new(JobMemory::Workspace(HASH_KIB), Instant::now() + Duration::from_secs(600))
}

fn stored() -> (PasswordStore, String) {
    let store = PasswordStore::new(StoreParameters::default(), Peppers::none());
    let mut salt = || Ok([b's'; 16]);
    let phc = store.hash(&password(), &mut salt, &mut Workspace::new()).unwrap();
    (store, phc)
}

fn password() -> Password {
    Password::new(b"correct horse battery staple".to_vec()).unwrap()
}

/// The bare call of the crate, which takes its memory anew.
fn bare(context: &Argon2<'_>) -> [u8; 32] {
    let mut out = [0; 32];
    context.hash_password_into(password().expose(), &[b's'; 16], &mut out).unwrap();
    out
}

fn context() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(HASH_KIB, 2, 1, Some(32)).unwrap())
}

/// One verification through a lane, as a login does it.
fn through(lane: &Lane, phc: &str) {
    black_box(ticket(lane, phc).wait().unwrap());
}

fn ticket(lane: &Lane, phc: &str) -> Ticket<StoreVerdict> {
    let phc = phc.to_owned();
    lane.ticket(job(), move |workspace| {
        let store = PasswordStore::new(StoreParameters::default(), Peppers::none());
        store.verify(&password(), &phc, workspace).unwrap()
    })
}

/// Several verifications that wait together, as they do on a busy service: no thread has to be woken between them.
fn together(lane: &Lane, phc: &str) {
    let tickets: Vec<_> = (0..BATCH).map(|_| ticket(lane, phc)).collect();
    for ticket in tickets {
        black_box(ticket.wait().unwrap());
    }
}

/// One thread, lane and bare calls in turns; compares medians and bests.
fn in_turns(rounds: usize) {
    let (lane, context, (_, phc)) = (lane(1), context(), stored());
    let mut workspace = Workspace::new();
    let (mut lane_times, mut bare_times, mut reused_times) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        lane_times.push(time(|| through(&lane, &phc)));
        bare_times.push(time(|| {
            black_box(bare(&context));
        }));
        reused_times.push(time(|| {
            let mut out = [0; 32];
            workspace.argon2(&context, password().expose(), &[b's'; 16], &mut out).unwrap();
            black_box(out);
        }));
    }
    let (mut batch_times, mut bare_batch_times) = (Vec::new(), Vec::new());
    for _ in 0..rounds.div_ceil(5) {
        batch_times.push(time(|| together(&lane, &phc)) / f64::from(BATCH));
        bare_batch_times.push(time(|| (0..BATCH).for_each(|_| _ = black_box(bare(&context)))) / f64::from(BATCH));
    }
    println!("one thread, Argon2id 19456/2/1, {rounds} rounds in turns, median (best) ms:");
    let lane_ms = report("lane", &mut lane_times);
    let bare_ms = report("bare call", &mut bare_times);
    let reused_ms = report("memory reused", &mut reused_times);
    let batch_ms = report("lane queued", &mut batch_times);
    let bare_batch_ms = report("bare in a row", &mut bare_batch_times);
    println!("  lane reaches {:.3} of the bare call (goal 0.97)", bare_ms / lane_ms);
    println!("  lane with a queue reaches {:.3} of bare calls in a row", bare_batch_ms / batch_ms);
    println!("  lane reaches {:.3} of the bare call with reused memory", reused_ms / lane_ms);
}

/// Prints one line and returns the median.
fn report(name: &str, times: &mut [f64]) -> f64 {
    let Middle { first, median } = middle(times);
    println!("  {name:14}{median:.2} ({first:.2}), {:.1}/s", 1000.0 / median);
    median
}

fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1000.0
}

/// The least and the middle of some times.
struct Middle {
    first: f64,
    median: f64,
}

fn middle(times: &mut [f64]) -> Middle {
    times.sort_by(f64::total_cmp);
    let median = times.get(times.len() / 2).copied().unwrap();
    Middle { first: times.first().copied().unwrap(), median }
}

/// 200 verifications submitted at once; the peak of resident memory must stay under the budget and 32 MB.
fn two_hundred_at_once() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let before_kib = status_kib("VmHWM:");
    let (lane, (_, phc)) = (lane(threads), stored());
    let (sender, receiver) = mpsc::channel();
    let start = Instant::now();
    for _ in 0..200 {
        let (phc, sender) = (phc.clone(), sender.clone());
        let work = move |workspace: &mut Workspace| {
            let store = PasswordStore::new(StoreParameters::default(), Peppers::none());
            store.verify(&password(), &phc, workspace).unwrap()
        };
        lane.submit(job(), work, move |result| sender.send((result.unwrap(), start.elapsed())).unwrap());
    }
    drop(sender);
    let mut waits: Vec<f64> = receiver.iter().map(|(_, wait)| wait.as_secs_f64() * 1000.0).collect();
    let (total, Middle { first, median }) = (start.elapsed().as_secs_f64(), middle(&mut waits));
    let peak_kib = status_kib("VmHWM:");
    let allowed_kib = u64::from(HASH_KIB) * u64::try_from(threads).unwrap() + 32_000;
    println!("200 verifications at once on {threads} threads:");
    println!("  {total:.2} s, {:.1}/s, first {first:.0} ms, median {median:.0} ms", 200.0 / total);
    println!("  peak resident memory {peak_kib} KiB ({before_kib} before), allowed {allowed_kib} KiB");
    assert_eq!(waits.len(), 200);
    assert!(peak_kib <= allowed_kib, "the lane holds more memory than its budget");
}

/// A size from `/proc/self/status`, in KiB; zero where there is no such file.
fn status_kib(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn templates(criterion: &mut Criterion) {
    let input = TemplateInput { pass: b"correct horse", salt: b"a3f9c0", user: b"user", pepper: b"pepper" };
    let mut group = criterion.benchmark_group("template");
    for (name, text, calls) in [
        ("nested", "md5(md5($salt) . md5($pass))", 3),
        ("million", "repeat(1000000, md5($pass), md5($_))", 1_000_001),
        (
            "symfony",
            "base64(repeat(4999, sha512_bin($pass . '{' . $salt . '}'), sha512_bin($_ . $pass . '{' . $salt . '}')))",
            5000,
        ),
    ] {
        let template = Template::compile(text).unwrap();
        group.throughput(Throughput::Elements(calls));
        group.bench_function(name, |bencher| bencher.iter(|| template.evaluate(black_box(&input)).unwrap()));
    }
    group.finish();
}

fn hashes(criterion: &mut Criterion) {
    let (lane, context, (_, phc)) = (lane(1), context(), stored());
    let mut group = criterion.benchmark_group("argon2id-19456-2-1");
    group.bench_function("lane", |bencher| bencher.iter(|| through(&lane, &phc)));
    group.bench_function("bare", |bencher| bencher.iter(|| bare(&context)));
    group.finish();
}
