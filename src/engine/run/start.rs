//! The object that an account starts from: each of its members becomes a claim if the schema accepts it.

use bumpalo::collections::Vec as ArenaVec;

use super::machine::Machine;
use crate::engine::context::Cx;
use crate::engine::op::Failure;
use crate::engine::outcome::Reason;
use crate::engine::plan::{OutputNode, Policy, RulePlan};
use crate::engine::probe::Probe;
use crate::engine::steps::StepFailure;
use crate::model::{Kinds, Value};
use crate::schema::{Breach, Place, Shape, ShapeKind, Violations, fit, push_name};

impl<'a, P: Probe> Machine<'a, '_, P> {
    /// Computes the object, and puts the accepted members into its register.
    pub(super) fn start(&mut self, rule: &'a RulePlan, cx: &Cx<'a>, reasons: &mut Vec<Reason>) {
        let started = match self.rule(rule, cx) {
            Ok(Value::Object(members)) => {
                let (root, nodes) = (self.plan.schema.root(), self.plan.output.as_slice());
                self.claims_of(rule, (root, nodes), members, "", cx, reasons)
            }
            Ok(Value::Missing) => Value::Missing,
            Ok(other) => {
                let failure = Failure::kind(Kinds::OBJECT, other);
                let failure = StepFailure { step: "from", span: rule.span, failure };
                if let Err(stop) = self.failed(rule, &failure, cx) {
                    reasons.push(stop.into_reason(rule));
                }
                Value::Missing
            }
            Err(stop) => {
                reasons.push(stop.into_reason(rule));
                Value::Missing
            }
        };
        cx.set(rule.register, started);
    }

    /// The members of an object that become claims: they have a value, no rule sets them, and the schema accepts them.
    fn claims_of(
        &mut self,
        rule: &'a RulePlan,
        (shape, nodes): (&Shape, &[OutputNode]),
        members: &'a [(&'a str, Value<'a>)],
        path: &str,
        cx: &Cx<'a>,
        reasons: &mut Vec<Reason>,
    ) -> Value<'a> {
        let mut claims = ArenaVec::with_capacity_in(members.len(), cx.arena);
        for (name, value) in members {
            let node = nodes.iter().find(|node| *node.key == **name);
            let is_blank = cx.fold_blank && value.as_text().is_some_and(|text| text.trim().is_empty());
            if value.is_empty() || is_blank || node.is_some_and(|node| node.claim.is_some()) {
                continue;
            }
            let mut path = path.to_owned();
            push_name(&mut path, name);
            let made = match (shape.member(name), *value) {
                (None, _) => Err(Breach::Unknown.to_string()),
                (Some(inner), Value::Object(inside)) if matches!(inner.kind, ShapeKind::Object(_)) => {
                    let nodes = node.map_or(&[][..], |node| node.children.as_slice());
                    let made = self.claims_of(rule, (inner, nodes), inside, &path, cx, reasons);
                    match lacks(inner, nodes, made) {
                        // an invalid member was reported already, and the object is left out with it
                        Some(member) if made.is_empty() || !value.member(member).is_empty() => Ok(Value::Missing),
                        Some(member) => {
                            push_name(&mut path, member);
                            Err(Breach::Required.to_string())
                        }
                        None => Ok(made),
                    }
                }
                (Some(inner), value) => admitted(inner, value, &path, cx),
            };
            match made {
                Ok(made) if made.is_empty() => {}
                Ok(made) => claims.push((*name, made)),
                Err(why) => self.left_out(rule, &path, why, cx, reasons),
            }
        }
        Value::Object(claims.into_bump_slice())
    }

    /// Applies `on_error` to a member that cannot be a claim.
    fn left_out(&mut self, rule: &'a RulePlan, path: &str, why: String, cx: &Cx<'a>, reasons: &mut Vec<Reason>) {
        let failure = StepFailure { step: "schema", span: rule.span, failure: Failure::new(why) };
        self.failures += 1;
        self.report(&failure, rule.policy_word());
        match &rule.policy {
            Policy::Reject => reasons.push(Reason {
                rule: path.to_owned(),
                step: failure.step.to_owned(),
                message: failure.failure.message().to_owned(),
                span: Some(rule.span),
            }),
            Policy::Warn(name) if name.made.is_some() || name.fixed != rule.name => self.warn(name, cx),
            Policy::Warn(_) => self.add_warning(cx.arena.alloc_str(path)),
            Policy::Skip | Policy::Default => {}
        }
    }
}

/// A required member of an object that is missing and that no rule sets.
fn lacks<'s>(shape: &'s Shape, nodes: &[OutputNode], made: Value<'_>) -> Option<&'s str> {
    let ShapeKind::Object(object) = &shape.kind else { return None };
    let is_there = |name: &str| made.member(name).is_present() || nodes.iter().any(|node| *node.key == *name);
    object.members.iter().find(|member| member.required && !is_there(&member.name)).map(|member| member.name.as_str())
}

fn admitted<'a>(shape: &Shape, value: Value<'a>, path: &str, cx: &Cx<'a>) -> Result<Value<'a>, String> {
    let value = fit(shape, value, cx.arena);
    let mut violations = Violations::default();
    shape.check(value, Place::claim(path), &mut violations);
    violations.iter().next().map_or(Ok(value), |violation| Err(violation.breach.to_string()))
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use crate::diag::{Files, Findings};
    use crate::engine::compile::{NoFiles, compile};
    use crate::engine::outcome::Outcome;
    use crate::engine::plan::Plan;
    use crate::engine::probe::Silent;
    use crate::engine::run::Settings;
    use crate::model::json::to_json;

    fn plan(rest: &str) -> Plan {
        let mut files = Files::default();
        let file = files.add("start.yaml", format!("landfall: 1\n{rest}"));
        let mut findings = Findings::default();
        compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{rest}: {findings:?}"))
    }

    /// The account with its warnings as text, or the claims in the reasons.
    fn made(rest: &str, record: &str) -> String {
        let plan = plan(rest);
        let (arena, settings) = (Bump::new(), Settings::default());
        let run = plan.run(record, &settings, &arena, &mut Silent);
        match run.outcomes.first() {
            Some(Outcome::Account(made)) => {
                let mut written = Vec::new();
                made.write_json(&mut written);
                let written: serde_json::Value = serde_json::from_slice(&written).unwrap();
                assert_eq!(written, to_json(made.account.value()));
                format!("{written} {:?}", made.warnings)
            }
            Some(Outcome::Invalid(reasons)) => {
                reasons.iter().map(|reason| reason.rule.as_str()).collect::<Vec<_>>().join(" ")
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_account_starts_from_an_object() {
        let profile = r#"{"p":{"username":"ada","locale":"?","x":1,"phone":{"value":"1","verified":true},"email":{"verified":true}}}"#;
        for (rules, record, wanted) in [
            ("account: { from: $.p, on_error: reject }", profile, "locale x phone.value email.value"),
            (
                "account: { from: $.p, on_error: skip }",
                r#"{"p":{"username":"ada","locale":"?","x":1}}"#,
                r#"{"username":"ada"} []"#,
            ),
            (
                "account: { from: $.p, on_error: { warn: profile } }",
                r#"{"p":{"username":"ada","x":1,"y":2}}"#,
                r#"{"username":"ada"} ["profile"]"#,
            ),
            (
                "account: { from: $.p }",
                r#"{"p":{"username":12,"tags":[],"custom":{"a":null,"b":" ","c":0}}}"#,
                r#"{"custom":{"c":0},"username":"12"} []"#,
            ),
            ("account: { from: $.p }", r#"{"p":"text"}"#, "account"),
            (
                "account: { from: $.p, on_error: warn, username: $.u }",
                r#"{"p":[1],"u":"ada"}"#,
                r#"{"username":"ada"} ["account"]"#,
            ),
            ("account: { from: $.p, username: $.u }", r#"{"u":"ada"}"#, r#"{"username":"ada"} []"#),
            ("account: { from: $.p, username: $.u }", r#"{"p":{"username":"ada"}}"#, "account"),
            (
                "account: { from: [ $.p, $.q ], do: [ parse_json ], on_error: reject }",
                r#"{"q":"{\"username\":\"ada\"}"}"#,
                r#"{"username":"ada"} []"#,
            ),
            (
                "account: { from: $, do: [ unflatten ], on_error: reject }\nignore: [ $.x, $.custom.y ]",
                r#"{"x":1,"username":"ada","custom":{"y":1,"z":2},"name.given":"Ada"}"#,
                r#"{"custom":{"z":2},"name":{"given":"Ada"},"username":"ada"} []"#,
            ),
            (
                "account: { from: $.p, username: $account.name.given }",
                r#"{"p":{"name":{"given":"Ada"}}}"#,
                r#"{"name":{"given":"Ada"},"username":"Ada"} []"#,
            ),
            (
                "account: { from: $.p, custom: $.c, custom.a: $.a }",
                r#"{"p":{"custom":{"b":1}},"c":{"c":2},"a":3}"#,
                r#"{"custom":{"a":3,"c":2}} []"#,
            ),
            (
                "account: { from: $.p, custom.a: $.a }",
                r#"{"p":{"custom":{"b":1,"a":9}},"a":3}"#,
                r#"{"custom":{"a":3,"b":1}} []"#,
            ),
        ] {
            let found = made(rules, record);
            assert_eq!(found, wanted, "{rules} {record}");
        }
    }

    #[test]
    fn other_fields_are_still_unread() {
        let plan = plan("defaults: { unread: warn }\naccount: { from: $.p }\nignore: [ $.p.token, $.z ]");
        let (arena, settings) = (Bump::new(), Settings::default());
        let run = plan.run(r#"{"p":{"username":"ada","token":1},"q":1,"z":2}"#, &settings, &arena, &mut Silent);
        assert_eq!(run.unread, ["$.q"]);
    }

    #[test]
    fn columns_are_those_of_the_schema() {
        let columns = plan("account: { from: $.p, email.value: $.mail, custom: $.c }").columns();
        assert_eq!(columns.first().map(String::as_str), Some("email.value"));
        assert!(
            ["username", "email.verified", "name.given"].iter().all(|name| columns.iter().any(|column| column == name))
        );
        let mut once = columns.clone();
        once.dedup();
        assert_eq!(once, columns);
    }
}
