//! The object that an account starts from: `account: { from: $.profile, … }`.

use super::Compiler;
use super::rule::Purpose;
use crate::diag::Diagnostic;
use crate::engine::context::Cx;
use crate::engine::op::{Failure, Op};
use crate::engine::plan::{RuleKind, RulePlan};
use crate::engine::steps::Step;
use crate::model::{Kinds, Value};
use crate::rules::START_KEYS;
use crate::rules::syntax::{Expr, Origin, RefExpr, Rule, RuleFile};
use crate::schema::ShapeKind;

impl Compiler<'_> {
    /// The rule for the object that the account starts from. It is computed before the claims, which overwrite its
    /// members.
    pub(super) fn start(&mut self, rules: &RuleFile) -> Option<RulePlan> {
        let rule = rules.start.as_ref()?;
        self.taken_words(rules);
        let register = self.scope.register();
        let policy = rules.defaults.on_error;
        let purpose =
            Purpose { kind: RuleKind::Account, register, shape: None, sensitive: true, policy, field_of: None };
        let (mut plan, kinds) = self.rule(rule, &purpose)?;
        if !kinds.meets(Kinds::OBJECT) {
            let message = format!("an account starts from an object, but `from` produces {kinds}");
            let help =
                "name an object of the record, or build one under `do`, for example with `parse_json` or `unflatten`";
            self.findings.push(Diagnostic::error("R401", rule.name.span, message, help));
        }
        let paths = ignored_in(rule, &rules.ignore);
        if !paths.is_empty() {
            let op = Box::new(LeaveBehind { paths });
            let (name, span) = ("ignore", rule.name.span);
            let step = Step { name, input: Kinds::ANY, takes_nothing: false, can_fail: false, op, span };
            plan.steps.0.insert(0, step);
        }
        self.scope.start = Some(register);
        Some(plan)
    }

    /// Warns if the schema has claims with the names of the keys of the start.
    fn taken_words(&mut self, rules: &RuleFile) {
        let ShapeKind::Object(object) = &self.schema.root().kind else { return };
        for (word, span) in &rules.start_words {
            let quoted = format!("\"{word}\"");
            if object.find(word).is_some() && !rules.account.iter().any(|claim| claim.name.text == quoted) {
                let message =
                    format!("`{word}` says what the account starts from, but the schema has a claim with this name");
                let help = format!("write `'{quoted}':` for the claim; with both, this key is the start");
                self.findings.push(Diagnostic::error("R202", *span, message, help));
            }
        }
    }

    /// Whether a claim is a key of the start, written without `from`.
    pub(super) fn is_start_word(&self, name: &str) -> bool {
        START_KEYS.contains(&name) && self.scope.start.is_none()
    }
}

/// The ignored paths inside what the start reads, relative to it.
fn ignored_in(rule: &Rule, ignored: &[RefExpr]) -> Vec<Vec<String>> {
    let Origin::From(sources) = &rule.body.origin else { return Vec::new() };
    let read = |source: &Expr| match source {
        Expr::Reference(reference) => Some((reference.root.clone(), super::scope::leading_names(&reference.query))),
        _ => None,
    };
    let mut found = Vec::new();
    for (root, (prefix, rest)) in sources.iter().filter_map(read) {
        for reference in ignored.iter().filter(|reference| reference.root == root && rest.is_empty()) {
            let (names, rest) = super::scope::leading_names(&reference.query);
            if let (Some(inside), true) = (names.strip_prefix(prefix.as_slice()), rest.is_empty())
                && !inside.is_empty()
            {
                found.push(inside.to_vec());
            }
        }
    }
    found
}

/// Removes ignored fields from the object that becomes the account.
#[derive(Debug)]
struct LeaveBehind {
    paths: Vec<Vec<String>>,
}

impl Op for LeaveBehind {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        Ok(self.paths.iter().fold(input, |value, path| without(value, path, cx)))
    }
}

fn without<'a>(value: Value<'a>, path: &[String], cx: &Cx<'a>) -> Value<'a> {
    let (Value::Object(members), Some((name, rest))) = (value, path.split_first()) else { return value };
    let mut left = bumpalo::collections::Vec::with_capacity_in(members.len(), cx.arena);
    for (key, member) in members {
        if key != name {
            left.push((*key, *member));
        } else if !rest.is_empty() {
            left.push((*key, without(*member, rest, cx)));
        }
    }
    Value::Object(left.into_bump_slice())
}
