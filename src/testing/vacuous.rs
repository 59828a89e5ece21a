//! Finds expectations that hold whatever the rules do: a test must be able to fail.

use super::want::Want;
use crate::diag::{Diagnostic, Findings, closest};
use crate::engine::plan::{Plan, RuleKind};
use crate::password::about_part;
use crate::rules::Node;
use crate::schema::{Shape, push_name};

/// Parts of a credential that say what it is, and are not of the hash.
const AROUND: [&str; 8] = ["id", "format", "scheme", "set_at", "username", "source", "needs_rehash", "parameters"];

/// Reports `expect: {}` and, inside expected claims, `custom: {}`.
pub(super) fn empty_claims(node: &Node, is_alone: bool, findings: &mut Findings) {
    let Some(entries) = node.as_map() else { return };
    if entries.is_empty() && is_alone {
        let help = "name at least one claim, such as `expect: { username: … }`";
        let message = "`expect` names no claim, so any account passes";
        findings.push(Diagnostic::warning("R604", node.span, message, help));
    }
    for entry in entries {
        if entry.value.as_map().is_some_and(<[_]>::is_empty) {
            let message = format!("`{}` names no claim, so any object passes", entry.key);
            let help = format!(
                "name a claim, `{0}: {{ name: … }}`; that there is none is `{0}: null`, and `exactly` compares all claims",
                entry.key
            );
            findings.push(Diagnostic::warning("R604", entry.value.span, message, help));
        }
        empty_claims(&entry.value, false, findings);
    }
}

/// Reports `null` for what no rule makes, below an object whose members the schema does not name.
pub(super) fn never_made(want: &Want, plan: &Plan, findings: &mut Findings) {
    // the object that an account begins with may have any member
    let claims: Vec<&str> = plan.claims.iter().map(|rule| rule.name.as_str()).collect();
    if plan.start.is_none() && !claims.iter().any(|claim| claim.contains('{')) {
        let named = plan.schema.claim_names();
        for claims_wanted in want.expect.iter().chain(&want.exactly) {
            let places = Places { claims: &claims, named: &named };
            places.look(&claims_wanted.node, plan.schema.root(), "", findings);
        }
    }
    if let Some(node) = &want.credential_node {
        credential(node, plan, findings);
    }
}

struct Places<'p> {
    claims: &'p [&'p str],
    named: &'p [String],
}

impl Places<'_> {
    fn look(&self, node: &Node, shape: &Shape, path: &str, findings: &mut Findings) {
        for entry in node.as_map().unwrap_or_default() {
            let Some(inner) = shape.member(&entry.key) else { continue };
            let mut place = path.to_owned();
            push_name(&mut place, &entry.key);
            if entry.value.is_null() && !self.named.contains(&place) && !self.may_be_made(&place) {
                let message = format!("no rule makes `{place}`, so `null` passes always");
                let help = match closest(&place, self.claims.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "name a claim that a rule makes, or remove it".to_owned(),
                };
                findings.push(Diagnostic::error("R610", entry.key_span, message, help));
            }
            self.look(&entry.value, inner, &place, findings);
        }
    }

    /// Whether a rule makes the claim, an object around it, or a claim inside it.
    fn may_be_made(&self, place: &str) -> bool {
        let begins =
            |long: &str, short: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with(['.', '[']));
        self.claims.iter().any(|claim| *claim == place || begins(claim, place) || begins(place, claim))
    }
}

fn credential(node: &Node, plan: &Plan, findings: &mut Findings) {
    let rules = plan.named_rules();
    let made: Vec<&str> = rules
        .iter()
        .filter(|(_, rule)| rule.kind == RuleKind::Credential)
        .map(|(_, rule)| rule.name.as_str())
        .collect();
    for entry in node.as_map().unwrap_or_default().iter().filter(|entry| entry.value.is_null()) {
        let part = entry.key.as_str();
        if made.contains(&part) || AROUND.contains(&part) || !about_part(part).is_empty() {
            continue;
        }
        let message = format!("a credential has no part `{part}`, so `null` passes always");
        let help = match closest(part, made.iter().copied().chain(AROUND)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name a part of the credential, such as `scheme`".to_owned(),
        };
        findings.push(Diagnostic::error("R610", entry.key_span, message, help));
    }
}
