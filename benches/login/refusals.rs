//! Measures how well refusals hide their reason: compares every class of refusal with every other by response time
//! alone.
//!
//! `cargo bench --bench login -- refusals` makes 300 refusals of each class in random order, several at once, against a
//! legacy database whose customers have hashes of very different costs. For each class it prints the probability that
//! one of its answers takes longer than one of another class (the area under the ROC curve). 0.5 is chance; 0.45 to
//! 0.55 passes. `-- refusals 50` makes 50 of each.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use landfall::config::{self, Settings};
use landfall::diag::render::plain;
use landfall::migrate::{Challenge, Login, Migrator, Outcome, Silent};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;
use zeroize::Zeroizing;

/// Refusals of each class.
const SAMPLES: usize = 300;
/// Concurrent refusals: on two cores, the expensive hashes among them keep one core busy about half of the time.
const AT_ONCE: usize = 8;
/// Customers of each class, so that their turns and counters do not interfere.
const CUSTOMERS: usize = 16;
/// The range that counts as chance.
const CHANCE: std::ops::RangeInclusive<f64> = 0.45..=0.55;

const RULES: &str = "landfall: 1\nname: shop\ntarget: standard\nidentify: { id: $.id, logins: [ $.login ] }\n\
                     account:\n  username: $.login\n  status: { from: $.state, default: active }\n\
                     credential: { from: $.password, scheme: [ argon2, bcrypt, md5 ] }\n";

const SETTINGS: &str = "rules: shop.yaml\n\
    source: { kind: sql, url: 'sqlite:legacy.db', record_limit: 4KiB, record: 'SELECT * FROM customers WHERE login = :identifier' }\n\
    target: { kind: sql, url: 'sqlite:accounts.db' }\n\
    ledger: { url: 'sqlite:ledger.db', key: '${KEY}' }\n\
    login: { attempts: { customer: { limit: 1000000 }, network: { limit: 1000000 } } }\n\
    password: { decoy: { scheme: bcrypt, value: $2b$10$tZbqQCnwKJP6Nyh9EaJ/DeteNibtN1I0PFNqcI6K0951mFQ.WmmMm } }\n";

/// MD5 of `secret`.
const MD5: &str = "5ebe2294ecd0e0f08eab7690d2a6ee69";
/// Salt and hash of a bcrypt text with an unknown password.
const BCRYPT: &str = "uLFGgB0Zhiim6lOmKvdHNONTn5snLDQcdPFm5NIsRxJ6oZSbOzzQ.";
/// 64 MiB, three passes; the password is unknown.
const ARGON2: &str =
    "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The classes, and the reasons for which their customers are refused.
const CLASSES: [(&str, &str); 12] = [
    ("unknown", "unknown"),
    ("md5", "wrong_password"),
    ("bcrypt12", "wrong_password"),
    ("bcrypt13", "wrong_password"),
    ("argon2", "wrong_password"),
    ("migrated", "wrong_password_at_target"),
    ("disabled", "disabled"),
    ("locked", "locked"),
    ("attempts", "attempts"),
    ("ambiguous", "unreadable"),
    ("large", "unreadable"),
    ("expensive", "cost_refused"),
];

fn stored(class: &str) -> String {
    match class {
        "bcrypt12" => format!("$2b$12${BCRYPT}"),
        "bcrypt13" => format!("$2b$13${BCRYPT}"),
        "expensive" => format!("$2b$16${BCRYPT}"),
        "argon2" => ARGON2.to_owned(),
        _ => MD5.to_owned(),
    }
}

/// The legacy database.
async fn legacy(path: &std::path::Path) {
    let mut database = SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap();
    let table = "CREATE TABLE customers (id, login, password, state, about)";
    sqlx::query(table).execute(&mut database).await.unwrap();
    for (class, _) in CLASSES.iter().filter(|(class, _)| *class != "unknown") {
        for number in 0..CUSTOMERS {
            let state = if matches!(*class, "disabled" | "locked") { *class } else { "active" };
            let about = if *class == "large" { "x".repeat(8000) } else { String::new() };
            for twin in 0..if *class == "ambiguous" { 2 } else { 1 } {
                sqlx::query("INSERT INTO customers VALUES (?, ?, ?, ?, ?)")
                    .bind(format!("{class}-{number}-{twin}"))
                    .bind(format!("{class}{number}"))
                    .bind(stored(class))
                    .bind(state)
                    .bind(&about)
                    .execute(&mut database)
                    .await
                    .unwrap();
            }
        }
    }
}

/// A service with the files of a folder, and another one with the same files that locks customers out after one
/// failure.
struct World {
    open: Arc<Migrator>,
    strict: Arc<Migrator>,
}

impl World {
    async fn new(folder: &std::path::Path) -> Self {
        fs::write(folder.join("shop.yaml"), RULES).unwrap();
        legacy(&folder.join("legacy.db")).await;
        let open = migrator(folder, SETTINGS).await;
        let strict =
            migrator(folder, &SETTINGS.replace("customer: { limit: 1000000 }", "customer: { limit: 1 }")).await;
        for number in 0..CUSTOMERS {
            assert_eq!(login(&open, &format!("migrated{number}"), "secret").await.0, Outcome::Migrated);
            login(&strict, &format!("attempts{number}"), "wrong").await;
        }
        Self { open, strict }
    }

    fn of(&self, class: &str) -> &Migrator {
        if class == "attempts" { &self.strict } else { &self.open }
    }
}

async fn migrator(folder: &std::path::Path, settings: &str) -> Arc<Migrator> {
    fs::write(folder.join("landfall.yaml"), settings).unwrap();
    let environment = |_: &str| Some("0123456789abcdef".repeat(4));
    let read = Settings::read_in(&folder.join("landfall.yaml"), &environment).unwrap();
    assert!(read.loaded.is_some(), "{}", plain(&read.files, &read.findings));
    let built = config::build(read.loaded.unwrap(), Arc::new(Silent)).await.unwrap();
    let admission = built.parts.hasher.admission().unwrap();
    println!("refusals are released after {:?}; the longest check is {:?}", admission.release, admission.longest_check);
    Arc::new(Migrator::new(built.parts, built.migrator))
}

async fn login(migrator: &Migrator, identifier: &str, password: &str) -> (Outcome, Duration) {
    let login = Login {
        request_id: "bench".to_owned(),
        identifier: identifier.to_owned(),
        password: Zeroizing::new(password.as_bytes().to_vec()),
        network: None,
        challenge: Challenge::None,
        tenant: None,
    };
    let began = Instant::now();
    (migrator.login(login).await.outcome, began.elapsed())
}

/// Whether a refusal has the reason of its class, as opposed to a lack of resources.
fn is_expected(outcome: &Outcome, reason: &str) -> bool {
    assert!(
        outcome.reason().name() == reason || matches!(outcome, Outcome::Overloaded | Outcome::LegacyUnavailable),
        "wanted {reason}: {outcome:?}"
    );
    outcome.reason().name() == reason
}

type Times = BTreeMap<&'static str, Vec<f64>>;

async fn measure(world: &Arc<World>, samples: usize) -> (Times, usize) {
    let mut plan: Vec<usize> = (0..CLASSES.len() * samples).map(|at| at % CLASSES.len()).collect();
    shuffle(&mut plan);
    let (plan, next) = (Arc::new(plan), Arc::new(AtomicUsize::new(0)));
    let visitors: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (world, plan, next) = (Arc::clone(world), Arc::clone(&plan), Arc::clone(&next));
            tokio::spawn(async move {
                let mut seen = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some((class, reason)) = plan.get(at).and_then(|class| CLASSES.get(*class)) else { return seen };
                    let password =
                        if matches!(*class, "disabled" | "locked" | "expensive") { "secret" } else { "wrong" };
                    let (outcome, took) = login(world.of(class), &format!("{class}{}", at % CUSTOMERS), password).await;
                    seen.push((*class, is_expected(&outcome, reason).then_some(took)));
                }
            })
        })
        .collect();
    let (mut times, mut busy) = (Times::new(), 0);
    for visitor in visitors {
        for (class, took) in visitor.await.unwrap() {
            match took {
                Some(took) => times.entry(class).or_default().push(took.as_secs_f64() * 1000.0),
                None => busy += 1,
            }
        }
    }
    (times, busy)
}

/// Any order works, as long as no class always follows the same other class.
fn shuffle(plan: &mut [usize]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for at in (1..plan.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap() % (at + 1);
        plan.swap(at, other);
    }
}

/// The probability that a value of `left` is above one of `right`; a tie counts half.
fn auc(left: &[f64], right: &[f64]) -> f64 {
    let count = |of: usize| f64::from(u32::try_from(of).unwrap());
    let wins: f64 = left
        .iter()
        .map(|time| {
            let below = right.iter().filter(|other| *other < time).count();
            let same = right.iter().filter(|other| *other == time).count();
            count(below) + count(same) / 2.0
        })
        .sum();
    wins / (count(left.len()) * count(right.len()))
}

/// Measures, and prints whether every class passes.
pub async fn run(samples: Option<usize>) {
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::new(folder.path()).await);
    let samples = samples.unwrap_or(SAMPLES);
    let (times, busy) = measure(&world, samples).await;
    println!("{samples} refusals of {} classes, {AT_ONCE} at once; {busy} were overloaded", CLASSES.len());
    println!("{:<10} {:>7} {:>9} {:>9} {:>8} {:>8} {:>8}", "class", "n", "median", "p95", "unknown", "least", "most");
    let mut passes = true;
    for (class, own) in &times {
        let against = |other: &str| times.get(other).map_or(0.5, |other| auc(own, other));
        let all = || times.keys().filter(|other| *other != class).map(|other| against(other));
        let (least, most) = (all().fold(1.0, f64::min), all().fold(0.0, f64::max));
        passes &= CHANCE.contains(&least) && CHANCE.contains(&most);
        let mut sorted = own.clone();
        sorted.sort_by(f64::total_cmp);
        let part = |percent: usize| sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default();
        let (n, median, late, unknown) = (own.len(), part(50), part(95), against("unknown"));
        println!("{class:<10} {n:>7} {median:>6.1} ms {late:>6.1} ms {unknown:>8.3} {least:>8.3} {most:>8.3}");
    }
    println!("{}", if passes { "pass: the classes are indistinguishable" } else { "FAIL: a class is distinguishable" });
}
