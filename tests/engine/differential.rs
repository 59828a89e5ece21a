//! The engine against a naive second implementation, over generated rules and records.
//!
//! `LANDFALL_PAIRS` sets how many pairs are tried, `LANDFALL_SEED` which are the first.

use std::collections::BTreeSet;

use bumpalo::Bump;
use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::outcome::Outcome;
use landfall::engine::plan::Plan;
use landfall::engine::probe::Silent;
use landfall::engine::run::Settings;
use serde_json::{Value as Json, json};

use crate::reference::generate::{Chance, RuleGenerator, record};
use crate::reference::interpreter::{self, Verdict};

/// How many records each rule file sees: compiling costs far more than running.
const RECORDS: u64 = 8;

fn from_env(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn plan(rules: &str) -> Result<Plan, String> {
    let mut files = Files::default();
    let file = files.add("generated.yaml", rules);
    let mut findings = Findings::default();
    let plan = compile(&mut files, file, &NoFiles, &mut findings);
    plan.ok_or_else(|| findings.iter().map(|finding| format!("{}: {}\n", finding.code, finding.message)).collect())
}

fn of_engine(plan: &Plan, record: &Json, params: &[(String, Json)]) -> Vec<Verdict> {
    let settings = Settings { params: params.to_vec(), ..Settings::default() };
    let arena = Bump::new();
    let text = record.to_string();
    let run = plan.run(&text, &settings, &arena, &mut Silent);
    let verdict = |outcome: &Outcome| match outcome {
        Outcome::Account(made) => Verdict::Account {
            account: landfall::model::json::to_json(made.account.value()),
            warnings: made.warnings.iter().map(|warning| (*warning).to_owned()).collect(),
        },
        Outcome::Denied(reason) => Verdict::Denied((*reason).to_owned()),
        Outcome::Invalid(reasons) => Verdict::Invalid(reasons.iter().map(|reason| reason.rule.clone()).collect()),
    };
    run.outcomes.iter().map(verdict).collect()
}

fn agree(engine: &Verdict, reference: &Verdict) -> bool {
    match (engine, reference) {
        (Verdict::Invalid(engine), Verdict::InvalidByLet(reference)) => {
            engine.len() == 1 && engine.is_subset(reference)
        }
        _ => engine == reference,
    }
}

#[test]
fn engine_and_reference_agree() {
    let (pairs, first) = (from_env("LANDFALL_PAIRS", 20_000), from_env("LANDFALL_SEED", 0));
    let (mut compiled, mut refused, mut kinds, mut failures) = (0, 0, BTreeSet::new(), Vec::new());
    let mut tally = [0_u64; 4];
    for seed in first..first + pairs.div_ceil(RECORDS) {
        let mut chance = Chance::new(seed);
        let (rules, plan) = loop {
            let rules = RuleGenerator::file(&mut chance);
            match plan(&rules) {
                Ok(plan) => break (rules, plan),
                Err(problems) => {
                    refused += 1;
                    kinds.insert(problems.lines().next().unwrap_or("").to_owned());
                }
            }
        };
        compiled += 1;
        let yaml = serde_yaml::from_str(&rules).unwrap();
        for _ in 0..RECORDS {
            let record = record(&mut chance);
            let params = if chance.percent(30) { vec![("p2".to_owned(), json!("set"))] } else { Vec::new() };
            let (engine, reference) = (of_engine(&plan, &record, &params), interpreter::run(&yaml, &record, &params));
            for verdict in &engine {
                tally[match verdict {
                    Verdict::Invalid(names) if names.contains("account") => 0,
                    Verdict::Account { .. } => 1,
                    Verdict::Denied(_) => 2,
                    _ => 3,
                }] += 1;
            }
            let same = engine.len() == reference.len();
            if !same || !engine.iter().zip(&reference).all(|(engine, reference)| agree(engine, reference)) {
                failures.push(format!(
                    "seed {seed}\n{rules}\nrecord {record}\nparams {params:?}\nengine    {engine:?}\nreference {reference:?}\n"
                ));
            }
        }
    }
    println!(
        "{} pairs: {} without any claim, {} accounts, {} denied, {} invalid; {refused} files did not compile",
        compiled * RECORDS,
        tally[0],
        tally[1],
        tally[2],
        tally[3]
    );
    kinds.iter().take(from_env("LANDFALL_SHOW", 5) as usize).for_each(|kind| println!("not compiled: {kind}"));
    failures.sort_by_key(String::len);
    let shown: Vec<_> = failures.iter().take(from_env("LANDFALL_SHOW", 5) as usize).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} pairs differ; the shortest:\n{}", failures.len(), shown.join("\n"));
    assert!(refused < 2 * compiled, "the generator makes too many files that do not compile");
    assert!(tally.iter().all(|count| *count * 50 > pairs), "some outcome hardly occurs: {tally:?}");
}
