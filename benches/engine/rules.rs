//! The rule files of the benchmarks, and their plans.

use landfall::diag::{Files, Findings};
use landfall::engine::compile::{NoFiles, compile};
use landfall::engine::plan::Plan;

/// The job of the budget and the peers.
pub const CLAIMS_28: &str = include_str!("../data/shop.yaml");
/// A small file.
pub const CLAIMS_20: &str = include_str!("../data/20-claims.yaml");
/// A large file.
pub const CLAIMS_60: &str = include_str!("../data/60-claims.yaml");
/// Rules for long lists.
pub const LISTS: &str = include_str!("../data/lists.yaml");

const SCRIPTS: &str = include_str!("../data/scripts.yaml");

/// The same rules with three claims made by scripts.
pub fn with_scripts(rules: &str) -> String {
    let claim = |line: &'static str| line.split_once(": ").filter(|(name, _)| name.starts_with("  "));
    let scripts: Vec<(&str, &str)> = SCRIPTS.lines().filter_map(claim).collect();
    let mut replaced = 0;
    let lines = rules.lines().map(|line| {
        let Some((name, script)) = scripts.iter().find(|(name, _)| line.split(": ").next() == Some(name)) else {
            return format!("{line}\n");
        };
        replaced += 1;
        format!("{name}: {script}\n")
    });
    let text = lines.collect();
    assert_eq!(replaced, scripts.len(), "each script takes the place of a claim");
    text
}

/// From text to plan.
pub fn compiled(rules: &str) -> Plan {
    let (mut files, mut findings) = (Files::default(), Findings::default());
    let file = files.add("rules.yaml", rules);
    let plan = compile(&mut files, file, &NoFiles, &mut findings);
    assert!(findings.is_empty(), "the rules have no findings: {findings:?}");
    plan.expect("the rules compile")
}
