//! The order in which values are computed: after everything they read. Cycles are findings.

use std::collections::BTreeSet;

use crate::diag::{Diagnostic, Findings};
use crate::engine::plan::RulePlan;

/// Sorts rules, given with the registers they read, into the order in which they are computed: file order where
/// dependencies allow it.
pub(super) fn sort(rules: Vec<(RulePlan, BTreeSet<usize>)>, findings: &mut Findings) -> Vec<RulePlan> {
    let mut waiting: Vec<(RulePlan, BTreeSet<usize>)> = rules;
    let own: BTreeSet<usize> = waiting.iter().map(|(rule, _)| rule.register).collect();
    for (_, needs) in &mut waiting {
        needs.retain(|need| own.contains(need));
    }
    let mut sorted: Vec<RulePlan> = Vec::with_capacity(waiting.len());
    let mut made = BTreeSet::new();
    while !waiting.is_empty() {
        let Some(at) = waiting.iter().position(|(_, needs)| needs.is_subset(&made)) else {
            cycle(&waiting, findings);
            sorted.extend(waiting.into_iter().map(|(rule, _)| rule));
            return sorted;
        };
        let (rule, _) = waiting.remove(at);
        made.insert(rule.register);
        sorted.push(rule);
    }
    sorted
}

/// The rules that others depend on: rules that only depend on a cycle are not part of it.
fn needed(waiting: &[(RulePlan, BTreeSet<usize>)]) -> Vec<&(RulePlan, BTreeSet<usize>)> {
    let mut left: Vec<_> = waiting.iter().collect();
    loop {
        let wanted: BTreeSet<usize> = left.iter().flat_map(|(_, needs)| needs.iter().copied()).collect();
        let before = left.len();
        left.retain(|(rule, _)| wanted.contains(&rule.register));
        if left.len() == before {
            return left;
        }
    }
}

fn cycle(waiting: &[(RulePlan, BTreeSet<usize>)], findings: &mut Findings) {
    let circle = needed(waiting);
    let Some((first, _)) = circle.first() else { return };
    let names: Vec<String> = circle.iter().map(|(rule, _)| format!("`{}`", rule.name)).collect();
    let message = match names.as_slice() {
        [one] => format!("{one} depends on itself"),
        names => format!("these depend on each other: {}", names.join(", ")),
    };
    let mut finding = Diagnostic::error("R209", first.span, message, "make one of them read the record instead");
    for (rule, _) in circle.iter().skip(1) {
        finding = finding.also(rule.span, "and this one");
    }
    findings.push(finding);
}
