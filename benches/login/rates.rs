//! Logins per second compared with the hashing lane's own rate, and the CPU time of a login without its hash.

use std::sync::Arc;
use std::time::{Duration, Instant};

use landfall::migrate::Outcome;
use landfall::model::Password;
use landfall::password::lane::{Job, JobMemory, Lane};
use landfall::password::store::{PasswordStore, Peppers, StoreParameters};

use crate::cpu::{self, Spent};
use crate::stores::Stores;
use crate::world::{self, Cost, World, sign_in};
use crate::{Row, Size, median};

/// The work of a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    Lane,
    First(usize),
    Later(usize),
}

impl Work {
    fn name(self) -> String {
        match self {
            Self::Lane => "lane alone".to_owned(),
            Self::First(at_once) => format!("first logins, {at_once} at once"),
            Self::Later(at_once) => format!("later logins, {at_once} at once"),
        }
    }
}

/// The result of a turn, per login or hash.
#[derive(Clone, Copy)]
struct Turn {
    /// Per second.
    rate: f64,
    /// CPU milliseconds per login or hash.
    spent: Spent,
}

/// Argon2id with default settings, on each kind of stores: all rates are compared with the lane's rate in the same round.
pub async fn argon2id(size: Size, stores: &[Stores]) -> Vec<Row> {
    let works = [Work::First(16), Work::First(64), Work::Later(16), Work::Later(64)];
    let mut worlds = Vec::new();
    for stores in stores {
        worlds.push(World::new(2 * size.turn * (1 + size.rounds as u64), Cost::Default, stores).await);
    }
    let (before, mut rounds) = (cpu::load(), Vec::new());
    for number in 0..=size.rounds {
        let mut logins = Vec::new();
        for world in &mut worlds {
            let lane = turn(world, Work::Lane, size.turn).await;
            let mut of_world = Vec::new();
            for work in works {
                of_world.push(turn(world, work, size.turn).await);
            }
            logins.push((mean(lane, turn(world, Work::Lane, size.turn).await), of_world));
        }
        // The first round opens connections and warms caches.
        if number > 0 {
            rounds.push(logins);
        }
    }
    println!(
        "Argon2id 19456/2/1, {} each in {} rounds, medians; load {before} before, {} after",
        size.turn,
        size.rounds,
        cpu::load()
    );
    let mut rows = Vec::new();
    for (at, stores) in stores.iter().enumerate() {
        let rounds: Vec<_> = rounds.iter().filter_map(|round| round.get(at)).collect();
        for (at, work) in works.into_iter().enumerate() {
            rows.push(compared(
                stores,
                work,
                &rounds.iter().filter_map(|(lane, logins)| Some((*lane, *logins.get(at)?))).collect::<Vec<_>>(),
            ));
        }
    }
    rows
}

/// Logins compared with the lane beside them.
fn compared(stores: &Stores, work: Work, rounds: &[(Turn, Turn)]) -> Row {
    let of = |figure: &dyn Fn(&Turn, &Turn) -> f64| median(rounds.iter().map(|(lane, login)| figure(lane, login)));
    let rate = of(&|_, login| login.rate);
    let ratio = of(&|lane, login| login.rate / lane.rate);
    // The ratio if only CPU time mattered and nothing else used the machine.
    let share = of(&|lane, login| lane.spent.all() / login.spent.all());
    let without_hashing = of(&|_, login| login.spent.without_hashing());
    let beyond = of(&|lane, login| login.spent.all() - lane.spent.all());
    println!(
        "  {:10} {:28}{rate:7.1}/s, lane {:.1}/s with {:.2} ms of CPU each: {ratio:.3} of the lane (goal 0.90), {share:.3} by \
         CPU time; CPU outside the lane's threads {without_hashing:.2} ms, of the process beyond a hash {beyond:.2} ms (goal 2)",
        stores.name,
        work.name(),
        of(&|lane, _| lane.rate),
        of(&|lane, _| lane.spent.all()),
    );
    let figure = format!(
        "{rate:.0}/s, {ratio:.2} of the lane's rate, {share:.2} by CPU time; {beyond:.1} ms of CPU more than the hash"
    );
    Row { what: format!("{}, Argon2id 19 MiB, 2 passes, {}", work.name(), stores.name), figure, goal: "0.90, 2 ms" }
}

/// The same with the cheapest hash: the rest is the login itself.
pub async fn cheapest(size: Size, stores: &Stores) -> Vec<Row> {
    let works = [Work::First(1), Work::First(16), Work::First(64), Work::Later(1), Work::Later(16), Work::Later(64)];
    let mut world = World::new(3 * size.turn * (1 + size.rounds as u64), Cost::Cheapest, stores).await;
    let mut rounds = Vec::new();
    for number in 0..=size.rounds {
        let mut logins = Vec::new();
        for work in works {
            logins.push(turn(&mut world, work, size.turn).await);
        }
        if number > 0 {
            rounds.push(logins);
        }
    }
    println!("{} logins were retried after a temporary outcome so far", world::retries());
    println!("Argon2id 8/1/1, {} each in {} rounds, medians; load {}", size.turn, size.rounds, cpu::load());
    let mut rows = Vec::new();
    for (at, work) in works.into_iter().enumerate() {
        let of =
            |figure: &dyn Fn(&Turn) -> f64| median(rounds.iter().filter_map(|logins| Some(figure(logins.get(at)?))));
        println!(
            "  {:30}{:7.1}/s, CPU {:.2} ms each: hashing {:.2}, runtime {:.2}, SQLite {:.2}",
            work.name(),
            of(&|login| login.rate),
            of(&|login| login.spent.all()),
            of(&|login| login.spent.hash),
            of(&|login| login.spent.runtime),
            of(&|login| login.spent.sqlite),
        );
        if matches!(work, Work::First(16 | 64)) {
            let figure = format!("{:.1} ms of CPU beside the hash", of(&|login| login.spent.without_hashing()));
            rows.push(Row { what: format!("{}, the cheapest Argon2id", work.name()), figure, goal: "2 ms" });
        }
    }
    rows
}

async fn turn(world: &mut World, work: Work, count: u64) -> Turn {
    let lane = Arc::clone(&world.built.parts.hasher);
    let (before, began) = (cpu::snapshot(), Instant::now());
    match work {
        Work::Lane => tokio::task::block_in_place(|| hashes(lane.lane(), count)),
        Work::First(at_once) => {
            let customers = world.new_customers(count);
            sign_in(&world.migrator, customers, at_once, Outcome::Migrated).await;
        }
        Work::Later(at_once) => sign_in(&world.migrator, 0..count, at_once, Outcome::Authenticated).await,
    }
    let (took, spent, count) = (began.elapsed(), before.spent(), count as f64);
    let each = |seconds: f64| seconds * 1000.0 / count;
    let spent = Spent { hash: each(spent.hash), sqlite: each(spent.sqlite), runtime: each(spent.runtime) };
    Turn { rate: count / took.as_secs_f64(), spent }
}

/// Computes hashes as the account store does, all queued at once.
fn hashes(lane: &Lane, count: u64) {
    let parameters = StoreParameters::default();
    let tickets: Vec<_> = (0..count)
        .map(|_| {
            let memory = JobMemory::Workspace(parameters.memory_kib());
            let job = Job::new(memory, Instant::now() + Duration::from_secs(600));
            lane.ticket(job, move |workspace| {
                let password = Password::new(b"correct horse battery".to_vec()).unwrap();
                let store = PasswordStore::new(parameters, Peppers::none());
                store.hash(&password, &mut landfall::random::bytes, workspace).unwrap()
            })
        })
        .collect();
    for ticket in tickets {
        std::hint::black_box(ticket.wait().unwrap());
    }
}

fn mean(one: Turn, two: Turn) -> Turn {
    let mean = |one: f64, two: f64| f64::midpoint(one, two);
    let spent = Spent {
        hash: mean(one.spent.hash, two.spent.hash),
        sqlite: mean(one.spent.sqlite, two.spent.sqlite),
        runtime: mean(one.spent.runtime, two.spent.runtime),
    };
    Turn { rate: mean(one.rate, two.rate), spent }
}
