//! Sampling from the queue to the ledger, over rules and assessments that are made here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::*;
use crate::adapters::memory::MemoryLedger;
use crate::assess::VERSION;
use crate::diag::{Files, Findings};
use crate::engine::compile::{NoFiles, compile};
use crate::engine::run::Settings;
use crate::migrate::{LiveRules, RuleSet, Sample};
use crate::ports::{ObservationKind, Observations as _, Observed, Outbox as _, Record, Subscription, SystemClock};

const ACTIVE: &str = "landfall: 1
name: shop
target: standard
identify: { id: $.id, logins: [ $.login ] }
account:
  username: { from: $.login, do: [ trim ] }
  name.full: $.name
credential: { from: $.hash, scheme: bcrypt }
";

fn rules(text: &str, hash: &str) -> RuleSet {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("rules.yaml", text);
    let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"));
    RuleSet::new(plan, Settings::default(), hash).unwrap()
}

/// Sampling of the source `shop` with a ledger in memory.
struct World {
    sampling: Sampling,
    ledger: Arc<MemoryLedger>,
    active: Arc<RuleSet>,
}

impl World {
    fn new(shadow: Option<Shadow>, drift: Option<(Baseline, u32)>) -> Self {
        Self::with_clock(shadow, drift, Arc::new(SystemClock))
    }

    fn with_clock(shadow: Option<Shadow>, drift: Option<(Baseline, u32)>, clock: Arc<dyn Clock>) -> Self {
        let ledger = Arc::new(MemoryLedger::new());
        let sampling = Sampling::start(SamplingParts {
            systems: vec![SystemSampling { source: "shop".to_owned(), shadow, drift }],
            ledger: Arc::clone(&ledger) as _,
            clock,
            identifiers: IdentifierProfile::default(),
            sends_events: true,
            rest: 0,
        });
        Self { sampling: sampling.unwrap(), ledger, active: Arc::new(rules(ACTIVE, "active")) }
    }

    fn shadow(candidate: &str, share: u16) -> (Self, Arc<LiveRules>) {
        let candidate = Arc::new(LiveRules::new(rules(candidate, "candidate")));
        let shadow = Shadow { candidate: Arc::clone(&candidate), share: Share::of(share) };
        (Self::new(Some(shadow), None), candidate)
    }

    fn drift(fields: &[Json]) -> Self {
        Self::new(None, Some((Baseline::read(&assessment(fields)).unwrap(), 20)))
    }

    /// Hands a record over as a login does.
    fn login(&self, record: &Json) {
        let sampler = self.sampling.sampler();
        if sampler.wants("shop") {
            sampler.take(Sample {
                source: "shop".to_owned(),
                record: Record::new(record.to_string()),
                rules: Arc::clone(&self.active),
                settings: Settings::default(),
                customer: Some(format!("customer {}", record["id"])),
            });
        }
    }

    /// What is noted once the thread has looked at everything so far.
    async fn noted(&self, is_done: impl Fn(&[Observed]) -> bool) -> BTreeMap<(String, String), u64> {
        let began = Instant::now();
        loop {
            self.sampling.note().await;
            let observed = self.ledger.observed().await.unwrap();
            if is_done(&observed) || began.elapsed() > Duration::from_secs(20) {
                let count = |observed: Observed| ((observed.key.name, observed.key.change), observed.count);
                return observed.into_iter().map(count).collect();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn compared(&self, records: u64) -> BTreeMap<(String, String), u64> {
        self.noted(|observed| observed.iter().any(|one| one.key.change == "compared" && one.count >= records)).await
    }
}

fn customer(id: u32) -> Json {
    json!({"id": id, "login": format!("Ada{id}"), "name": "Ada", "hash": "$2b$10$abcdefghijklmnopqrstuuwLVsr2pRQXMpCwEDrB5fLNk6rhfc1sO"})
}

fn counts(wanted: &[(&str, &str, u64)]) -> BTreeMap<(String, String), u64> {
    wanted.iter().map(|(name, change, count)| (((*name).to_owned(), (*change).to_owned()), *count)).collect()
}

#[tokio::test]
async fn differences_of_candidate_rules_are_counted_by_claim_and_kind() {
    let candidate = ACTIVE.replace("do: [ trim ]", "do: [ trim, lowercase ]").replace("  name.full: $.name\n", "");
    let (world, _) = World::shadow(&candidate, Share::ALL);
    for id in 0..5 {
        world.login(&customer(id));
        // the same record again: a second login, or a guess at the password
        world.login(&customer(id));
    }
    let found = world.compared(5).await;
    let wanted = [("", "compared", 5), ("", "differs", 5), ("name.full", "removed", 5), ("username", "changed", 5)];
    assert_eq!(found, counts(&wanted));
    let observed = world.ledger.observed().await.unwrap();
    let username = observed.iter().find(|observed| observed.key.name == "username").unwrap();
    assert_eq!(username.key.about, "active..candidate");
    assert_eq!(username.customers, ["customer 4", "customer 3", "customer 2", "customer 1", "customer 0"]);
    assert!(!format!("{observed:?}").contains("Ada"), "no value of a customer is noted");
}

#[tokio::test]
async fn replaced_candidates_look_at_the_same_customers_again() {
    let (world, candidate) = World::shadow(ACTIVE, Share::ALL);
    world.login(&customer(1));
    assert_eq!(world.compared(1).await, counts(&[("", "compared", 1)]));
    candidate.replace(rules(&ACTIVE.replace("[ trim ]", "[ trim, uppercase ]"), "newer"));
    world.login(&customer(1));
    let found = world.noted(|observed| observed.iter().any(|one| one.key.about == "active..newer")).await;
    assert_eq!(found.get(&("username".to_owned(), "changed".to_owned())), Some(&1));
}

#[tokio::test]
async fn a_share_of_the_logins_is_looked_at() {
    let (world, _) = World::shadow(ACTIVE, 1000);
    for id in 0..1000 {
        world.login(&customer(id));
        if id % 100 == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let found = world.compared(95).await;
    let compared = found.get(&(String::new(), "compared".to_owned())).copied().unwrap_or_default();
    assert!((90..=110).contains(&compared), "{compared}");
}

#[tokio::test]
async fn a_slow_candidate_delays_no_login_and_what_does_not_fit_is_dropped() {
    let script = "{ with: { login: $.login }, script: 'let n = 0; while n < 3000 { n += 1; } login', on_error: warn }";
    let slow = ACTIVE.replace("{ from: $.login, do: [ trim ] }", script);
    let (world, _) = World::shadow(&slow, Share::ALL);
    let began = Instant::now();
    for id in 0..5000 {
        world.login(&customer(id));
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    let found = world.compared(1).await;
    assert!(found[&(String::new(), "compared".to_owned())] < 5000);
}

/// A field that all of 1000 records had.
fn field(path: &str, kind: &str) -> Json {
    json!({
        "path": path, "filled": 1000, "null": 0, "empty": 0, "kinds": { kind: 1000 }, "lengths": null, "formats": {},
        "distinct": null, "values": [], "patterns": [], "is_read": true, "is_secret": false, "is_wide": false,
    })
}

/// The text of an assessment of 1000 records.
fn assessment(fields: &[Json]) -> String {
    json!({
        "version": VERSION,
        "about": {
            "landfall": "0", "rules": null, "exports": ["users.ndjson"], "now": "2026-03-01T00:00:00Z", "shows_values": false,
        },
        "records": {
            "all": 1000, "accounts": 0, "denied": [], "invalid": 0, "invalid_reasons": [], "unreadable": 0,
            "unreadable_reasons": [], "other_warnings": [], "stopped": null,
        },
        "fields": fields, "claims": [], "lookups": [], "duplicates": [], "passwords": null, "forecast": null,
        "ready_rules": [], "findings": [],
    })
    .to_string()
}

fn usual() -> Vec<Json> {
    let with = |mut field: Json, key: &str, value: Json| {
        field[key] = value;
        field
    };
    let values = ["\"active\"", "\"locked\""].map(|value| json!({"value": value, "count": 500}));
    vec![
        field("$.id", "integer"),
        with(with(field("$.state", "text"), "distinct", json!(2)), "values", json!(values)),
        with(field("$.nick", "text"), "filled", json!(100)),
        field("$.address", "object"),
        field("$.address.city", "text"),
        field("$.tags", "list"),
        field("$.tags[*]", "text"),
        field("$.orders", "list"),
        field("$.orders[*].total", "integer"),
        field("$['last name']", "text"),
    ]
}

fn record(id: u32) -> Json {
    json!({
        "id": id, "state": "active", "nick": if id.is_multiple_of(10) { "x" } else { "" }, "address": {"city": "Oslo"}, "tags": ["a"],
        "orders": [{"total": 1}, {"total": 2}], "last name": "Byron",
    })
}

#[tokio::test]
async fn records_of_the_assessed_shape_are_no_drift() {
    let world = World::drift(&usual());
    for id in 0..150 {
        world.login(&record(id));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.noted(|_| true).await, counts(&[]));
}

#[tokio::test]
async fn drift_is_told_once_for_each_field_and_kind() {
    let world = World::drift(&usual());
    for id in 0..300 {
        let mut record = record(id);
        record["id"] = json!(id.to_string());
        record["state"] = json!(if id % 2 == 0 { "blocked" } else { "active" });
        record["address"] = json!({"city": "  "});
        record["orders"] = json!([{"total": 1, "tax": {"rate": 7}}]);
        record["mobile"] = json!("+1");
        if id < 19 {
            record[format!("only {id}")] = json!(1);
            record["nineteen"] = json!(1);
        }
        world.login(&record);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let wanted = counts(&[
        ("$.address.city", "disappeared", 1),
        ("$.id", "new_kind", 1),
        ("$.mobile", "appeared", 1),
        ("$.orders[*].tax", "appeared", 1),
        ("$.state", "new_value", 1),
    ]);
    assert_eq!(world.noted(|observed| observed.len() >= 5).await, wanted);
    let everything = [Subscription::new("everything", &crate::ports::EventKind::ALL)];
    let now = jiff::Timestamp::now();
    world.ledger.route(&everything, now, 100).await.unwrap();
    let due = world.ledger.due(&everything[0], now, Duration::from_secs(9), 100).await.unwrap();
    let mut told: Vec<_> =
        due.iter().map(|outgoing| (outgoing.event.reason.as_str(), outgoing.event.tags[1].as_str())).collect();
    told.sort_unstable();
    assert_eq!(told[0], ("appeared", "field:$.mobile"));
    assert_eq!(told.len(), 5, "{told:?}");
    let observed = world.ledger.observed().await.unwrap();
    assert!(observed.iter().all(|observed| observed.key.kind == ObservationKind::Drift));
}

#[tokio::test]
async fn what_is_inside_of_a_field_that_disappeared_is_not_told() {
    let world = World::drift(&usual());
    for id in 0..220 {
        let mut record = record(id);
        record.as_object_mut().unwrap().remove("address");
        record.as_object_mut().unwrap().remove("orders");
        world.login(&record);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let wanted = counts(&[("$.address", "disappeared", 1), ("$.orders", "disappeared", 1)]);
    assert_eq!(world.noted(|observed| observed.len() >= 2).await, wanted);
}

/// A clock that panics when the thread asks it for the first time.
struct Faulty(std::sync::atomic::AtomicBool);

impl Clock for Faulty {
    fn now(&self) -> jiff::Timestamp {
        let is_thread = std::thread::current().name() == Some("landfall-sampling");
        assert!(!is_thread || self.0.swap(true, std::sync::atomic::Ordering::SeqCst), "a fault of the test");
        jiff::Timestamp::now()
    }
}

#[tokio::test]
async fn a_panic_ends_the_look_at_one_record_only() {
    let shadow =
        Shadow { candidate: Arc::new(LiveRules::new(rules(ACTIVE, "candidate"))), share: Share::of(Share::ALL) };
    let drift = Some((Baseline::read(&assessment(&usual())).unwrap(), 20));
    let world = World::with_clock(Some(shadow), drift, Arc::new(Faulty(false.into())));
    for id in 0..3 {
        world.login(&customer(id));
    }
    assert_eq!(world.compared(2).await, counts(&[("", "compared", 2)]));
}
