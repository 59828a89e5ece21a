//! Maps inside a value that look like rules, but are data there: nothing in them runs.

use super::Compiler;
use super::lookup::taken_literally;
use crate::diag::Diagnostic;
use crate::engine::plan::RuleKind;
use crate::rules::body;
use crate::rules::reference;
use crate::rules::syntax::{Expr, Word};
use crate::schema::push_name;

/// The path that a claim for a value would have, or `None` if there can be no such claim.
type Path = Option<String>;

/// How much a map looks like a rule.
#[derive(Debug, PartialEq, Eq)]
enum Looks {
    /// It has an origin and something to do with it.
    Surely,
    /// It has only keys of rules, and `from` with a reference.
    Probably,
}

impl Compiler<'_> {
    /// Reports the maps inside `value` that were meant as rules.
    pub(super) fn rules_in_value(&mut self, value: &Expr, kind: RuleKind, name: &str) {
        self.look_for_rules(value, (kind == RuleKind::Claim).then(|| name.to_owned()), true);
    }

    /// Reports those inside `default` and `otherwise`.
    pub(super) fn rules_instead(&mut self, key: &str, value: &Expr) {
        let Expr::Map(members, span) = value else { return self.look_for_rules(value, None, false) };
        match members.as_slice() {
            [(name, from)] if name.text == "from" && is_source(from) => {
                let message = format!("`{key}` takes a value: the keys of this map would become part of the account");
                let help = match from {
                    Expr::List(..) => format!("define it under `let`, and write `{key}: $name`"),
                    _ => format!("write `{key}: {}`", self.files.excerpt(from.span())),
                };
                self.findings.push(Diagnostic::warning("R107", *span, message, help));
            }
            _ => self.look_for_rules(value, None, false),
        }
    }

    /// Reports references in the keys of a map that is the argument of a step, such as the table of `lookup`.
    pub(super) fn keys_are_fixed(&mut self, value: &Expr) {
        let Expr::Map(members, _) = value else { return };
        for (key, value) in members {
            taken_literally(&key.text, key.span, "keys are constants", self.findings);
            self.keys_are_fixed(value);
        }
    }

    fn look_for_rules(&mut self, value: &Expr, path: Path, is_whole: bool) {
        match value {
            Expr::Map(members, _) => match looks_like_rule(members) {
                Some(looks) => self.rule_as_data(value, looks, path, is_whole),
                None => {
                    for (key, value) in members {
                        taken_literally(&key.text, key.span, "keys are constants", self.findings);
                        self.look_for_rules(value, path.as_deref().map(|path| inside(path, &key.text)), false);
                    }
                }
            },
            Expr::List(items, _) => items.iter().for_each(|item| self.look_for_rules(item, None, false)),
            Expr::Literal(_) | Expr::Reference(_) | Expr::Template(..) => {}
        }
    }

    fn rule_as_data(&mut self, value: &Expr, looks: Looks, path: Path, is_whole: bool) {
        let written = Some(self.files.excerpt(value.span())).filter(|text| !text.contains('\n')).unwrap_or("{ … }");
        let help = match path {
            // `email: { value: { from: … } }`
            Some(path) if is_whole && self.schema.claim_names().contains(&inside(&path, "value")) => {
                format!("write `{}: {written}`", inside(&path, "value"))
            }
            Some(path) if is_whole => format!("leave out `value`: `{path}: {written}`"),
            Some(path) => format!("write it as a claim of its own, `{path}: {written}`, or under `let`"),
            None => format!("define it under `let`, `name: {written}`, and write `$name` here"),
        };
        let message =
            "this looks like a rule, but inside a value it is data: its keys would become part of the account";
        self.findings.push(match looks {
            Looks::Surely => Diagnostic::error("R107", value.span(), message, help),
            Looks::Probably => Diagnostic::warning("R107", value.span(), message, help),
        });
    }
}

fn inside(path: &str, name: &str) -> String {
    let mut path = path.to_owned();
    push_name(&mut path, name);
    path
}

fn looks_like_rule(members: &[(Word, Expr)]) -> Option<Looks> {
    let has = |name: &str, fits: fn(&Expr) -> bool| members.iter().any(|(key, value)| key.text == name && fits(value));
    let reads = has("from", is_source);
    let any = |_: &Expr| true;
    let has_origin = reads || has("value", any) || has("script", is_text);
    let works = ["do", "then", "each"].iter().any(|key| has(key, is_steps))
        || ["when", "where"].iter().any(|key| has(key, is_condition))
        || (has("script", is_text) && has("with", |value| matches!(value, Expr::Map(..))));
    if has_origin && works {
        return Some(Looks::Surely);
    }
    let is_key = |(key, _): &(Word, Expr)| body::KEYS.contains(&key.text.as_str());
    (reads && members.iter().all(is_key)).then_some(Looks::Probably)
}

fn is_source(value: &Expr) -> bool {
    match value {
        Expr::Reference(_) => true,
        Expr::List(items, _) => !items.is_empty() && items.iter().all(|item| matches!(item, Expr::Reference(_))),
        _ => false,
    }
}

fn is_text(value: &Expr) -> bool {
    matches!(value, Expr::Literal(_) | Expr::Template(..))
}

fn is_steps(value: &Expr) -> bool {
    match value {
        Expr::List(items, _) => items.iter().all(|item| matches!(item, Expr::Literal(_) | Expr::Map(..))),
        Expr::Map(..) | Expr::Literal(_) => true,
        _ => false,
    }
}

fn is_condition(value: &Expr) -> bool {
    let Expr::Map(members, _) = value else { return false };
    let begins = |key: &str| reference::is_reference(key) || matches!(key, "any" | "all" | "not");
    !members.is_empty() && members.iter().all(|(key, _)| begins(&key.text))
}
