//! Which ready rules fit the records of an export.
//!
//! Rules fit if they make accounts of most records, and if the records have fields that are theirs: names that at most
//! one other system uses, however it spells them. Every export has a `username` and an `email`, so those alone prove nothing, although the rules
//! of several systems would make accounts of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use bumpalo::Bump;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{DEMO, Kind, Ready, all};
use crate::engine::outcome::Outcome;
use crate::engine::plan::Plan;
use crate::engine::probe::Silent;
use crate::engine::run::Settings;

/// How many records are looked at: enough to see what most of them are.
pub const MAX_SAMPLES: usize = 200;

/// In how many systems a name may occur to be a sign of one.
const MAX_SYSTEMS: usize = 2;

/// How many signs of a system the records must have: one name alone may be a coincidence.
const MIN_SIGNS: usize = 2;

/// The share of the records' names, in percent, that the rules must know: what an application has added may be the larger part,
/// but not by far.
const MIN_SHARE: usize = 30;

/// How many spellings that few systems have count as a sign, and which share of the names the rules must know then.
const MIN_SPELLINGS: usize = 3;
const MIN_SPELLED_SHARE: usize = 80;

/// How many claims rules must make to be worth a copy.
const MIN_CLAIMS: u64 = 3;

/// How deep objects are entered to collect the names of their fields.
const MAX_DEPTH: usize = 6;

/// The largest record that is looked at, in bytes. The others are left out, so that the time is bounded.
const MAX_RECORD_BYTES: usize = 256 * 1024;

/// A value for parameters that must be set, such as the keys of a project: text, a number and Base64 at once. No account
/// leaves this module.
const ANY_PARAM: &str = "8888888888888888";

/// Ready rules that fit records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit {
    /// Their name, as `landfall rules copy` takes it.
    pub name: String,
    /// Records of the sample that they make accounts of.
    pub accounts: u64,
    /// Records of the sample.
    pub of: u64,
    /// Claims that they make in at least one account.
    pub claims: u64,
}

/// A system with ready rules.
struct System {
    ready: Ready,
    plan: Plan,
    /// The names of the fields that it has.
    names: BTreeSet<String>,
}

/// In how many systems names of fields occur.
#[derive(Default)]
struct Counts {
    /// In lower case without separators.
    names: BTreeMap<String, usize>,
    /// As written.
    spellings: BTreeMap<String, usize>,
}

/// The systems, compiled when they are first asked for, and in how many of them each name of a field occurs.
static SYSTEMS: LazyLock<(Vec<System>, Counts)> = LazyLock::new(|| {
    let legacy = all().filter(|ready| ready.kind == Kind::Legacy && ready.name != DEMO);
    let systems: Vec<System> = legacy.filter_map(System::new).collect();
    let mut counts = Counts::default();
    for system in &systems {
        let names: BTreeSet<String> = system.names.iter().map(|name| plain(name)).collect();
        names.into_iter().for_each(|name| *counts.names.entry(name).or_default() += 1);
        system.names.iter().for_each(|name| *counts.spellings.entry(name.clone()).or_default() += 1);
    }
    (systems, counts)
});

/// Which ready rules fit these records, given as JSON texts; the best first. At most [`MAX_SAMPLES`] records are looked
/// at.
#[must_use]
pub fn fit(records: &[String]) -> Vec<Fit> {
    let samples: Vec<&String> =
        records.iter().filter(|record| record.len() <= MAX_RECORD_BYTES).take(MAX_SAMPLES).collect();
    let mut names = BTreeSet::new();
    for record in &samples {
        if let Ok(record) = serde_json::from_str::<Json>(record) {
            add_names(&record, 0, &mut names);
        }
    }
    let (systems, counts) = &*SYSTEMS;
    let mut found: Vec<(f64, Fit)> = Vec::new();
    for system in systems {
        let score = system.score(&names, counts);
        let tried = score.map(|score| (score, system.tried(&samples)));
        found.extend(tried.filter(|(_, fit)| fit.accounts * 2 > fit.of && fit.claims >= MIN_CLAIMS));
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.claims.cmp(&a.1.claims)));
    // systems that share a family, such as directories, have signs in common: who has far fewer is a relative
    let best = found.first().map_or(0.0, |(score, _)| *score);
    found.into_iter().filter(|(score, _)| score * 2.0 > best).map(|(_, fit)| fit).collect()
}

impl System {
    fn new(ready: Ready) -> Option<Self> {
        let plan = ready.plan()?;
        let mut names: BTreeSet<String> = plan.field_names().into_iter().map(str::to_owned).collect();
        // what the records of its tests have besides: rules that fold the case of names do not show how they are spelled
        for file in ready.files().into_iter().filter(|file| file.path.starts_with("records/")) {
            let documents = serde_json::Deserializer::from_str(file.text).into_iter::<Json>();
            documents.map_while(Result::ok).for_each(|document| add_names(&document, 0, &mut names));
        }
        Some(Self { ready, plan, names })
    }

    /// How much the names speak for this system; `None` if they do not.
    fn score(&self, names: &BTreeSet<String>, counts: &Counts) -> Option<f64> {
        let shared: Vec<&String> = names.intersection(&self.names).collect();
        let share = shared.len() * 100 / names.len().max(1);
        let count = |counts: &BTreeMap<String, usize>, name: &str| counts.get(name).copied().unwrap_or(usize::MAX);
        let signs = shared.iter().filter(|name| count(&counts.names, &plain(name)) <= MAX_SYSTEMS).count();
        // a spelling that few systems have is a weaker sign
        let spellings = shared.iter().filter(|name| count(&counts.spellings, name) <= MAX_SYSTEMS).count();
        let is_told = signs >= MIN_SIGNS && share >= MIN_SHARE;
        let is_spelled = spellings >= MIN_SPELLINGS && share >= MIN_SPELLED_SHARE;
        let weight =
            |name: &&String| 1.0 / f64::from(u32::try_from(count(&counts.names, &plain(name))).unwrap_or(u32::MAX));
        (is_told || is_spelled).then(|| shared.iter().map(weight).sum())
    }

    /// What the rules make of the samples.
    fn tried(&self, samples: &[&String]) -> Fit {
        let params = self.plan.params.iter().filter(|param| param.default.is_none());
        let params = params.map(|param| (param.name.clone(), Json::from(ANY_PARAM))).collect();
        let settings = Settings { params, ..Settings::default() };
        let columns = self.plan.columns();
        let (mut accounts, mut claims, mut arena) = (0, BTreeSet::new(), Bump::new());
        for record in samples {
            arena.reset();
            let run = self.plan.run(record, &settings, &arena, &mut Silent);
            let made = run.outcomes.iter().filter_map(|outcome| match outcome {
                Outcome::Account(made) => Some(made),
                _ => None,
            });
            let mut is_account = false;
            for made in made {
                is_account = true;
                let mut text = Vec::new();
                made.write_json(&mut text);
                let account: Map<String, Json> = serde_json::from_slice(&text).unwrap_or_default();
                claims.extend(columns.iter().filter(|column| has(&account, column)));
            }
            accounts += u64::from(is_account);
        }
        let (of, claims) = (samples.len() as u64, claims.len() as u64);
        Fit { name: self.ready.name.to_owned(), accounts, of, claims }
    }
}

/// A name in lower case without separators: `firstName` and `first_name` are no sign of different systems.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether an account has a claim.
fn has(account: &Map<String, Json>, claim: &str) -> bool {
    let mut parts = claim.split('.');
    let first = parts.next().and_then(|part| account.get(part));
    first.and_then(|first| parts.try_fold(first, |value, part| value.get(part))).is_some()
}

/// Adds the names of all fields that have a value.
fn add_names(value: &Json, depth: usize, names: &mut BTreeSet<String>) {
    match value {
        Json::Object(members) if depth < MAX_DEPTH => {
            for (name, member) in members.iter().filter(|(_, member)| !member.is_null()) {
                // MongoDB's `$oid` and `$date` stand in the exports of any application
                if !name.starts_with('$') {
                    names.insert(name.clone());
                }
                add_names(member, depth + 1, names);
            }
        }
        Json::Array(items) if depth < MAX_DEPTH => items.iter().for_each(|item| add_names(item, depth + 1, names)),
        _ => {}
    }
}
