//! Snapshots: the outcome of a record as JSON, stored beside the tests and compared with every run.

use bumpalo::Bump;
use bumpalo::collections::Vec as ArenaVec;

use super::account::{Extent, differences, pretty, written};
use super::judge::{Failure, at};
use super::shelf::Shelf;
use crate::engine::outcome::{Outcome, Reason};
use crate::engine::run::Run;
use crate::model::Value;
use crate::model::read::{ReadLimits, parse};

/// The whole outcome of a record: one object, or `accounts` if there are several.
pub(super) fn document<'a>(run: &Run<'_>, arena: &'a Bump) -> Value<'a> {
    match run.outcomes.as_slice() {
        [outcome] => of_outcome(outcome, arena),
        outcomes => {
            let list = arena.alloc_slice_fill_iter(outcomes.iter().map(|outcome| of_outcome(outcome, arena)));
            object(&[("accounts", Value::List(list))], arena)
        }
    }
}

fn of_outcome<'a>(outcome: &Outcome<'_>, arena: &'a Bump) -> Value<'a> {
    match outcome {
        Outcome::Account(made) => {
            let warnings = made.warnings.iter().map(|name| Value::Text(arena.alloc_str(name)));
            let warnings = Value::List(arena.alloc_slice_fill_iter(warnings));
            let parts = [
                ("account", written(made.account.value(), arena)),
                ("warnings", warnings),
                ("credential", written(made.credential, arena)),
                ("id", written(made.who.id, arena)),
                ("logins", written(made.who.logins, arena)),
            ];
            let mut members = ArenaVec::new_in(arena);
            members.extend(parts.into_iter().filter(|(key, value)| *key == "account" || !value.is_empty()));
            Value::Object(members.into_bump_slice())
        }
        Outcome::Denied(reason) => object(&[("denied", Value::Text(arena.alloc_str(reason)))], arena),
        Outcome::Invalid(reasons) => {
            let list = arena.alloc_slice_fill_iter(reasons.iter().map(|reason| of_reason(reason, arena)));
            object(&[("invalid", Value::List(list))], arena)
        }
    }
}

fn of_reason<'a>(reason: &Reason, arena: &'a Bump) -> Value<'a> {
    let text = |text: &str| Value::Text(arena.alloc_str(text));
    // without the message, which is for people and may change
    object(&[("rule", text(&reason.rule)), ("step", text(&reason.step))], arena)
}

fn object<'a>(members: &[(&'a str, Value<'a>)], arena: &'a Bump) -> Value<'a> {
    Value::Object(arena.alloc_slice_copy(members))
}

/// Compares a run with its snapshot.
pub(super) fn compare(name: &str, asker: &str, run: &Run<'_>, shelf: &dyn Shelf, arena: &Bump) -> Option<Failure> {
    let stored = match shelf.snapshot(asker, name) {
        Ok(Some(stored)) => stored,
        Ok(None) => {
            let message = format!("there is no snapshot `{name}` yet; `landfall test --update` writes it");
            return Some(Failure::new(message));
        }
        Err(problem) => return Some(Failure::new(problem)),
    };
    let limits = ReadLimits { bytes: usize::MAX, values: usize::MAX, ..ReadLimits::default() };
    let Ok(expected) = parse(arena.alloc_str(&stored), arena, &limits) else {
        let message = format!("the snapshot `{name}` is not JSON; `landfall test --update` writes it again");
        return Some(Failure::new(message));
    };
    let actual = document(run, arena);
    let paths = differences(expected, actual, Extent::Whole);
    if paths.is_empty() {
        return None;
    }
    let claims = paths.iter().map(|path| path.strip_prefix("account.").unwrap_or(path).to_owned());
    let message = format!("the snapshot `{name}` differs{}", at(&paths));
    Some(Failure::new(message).shows(pretty(expected), pretty(actual)).blames(claims))
}

/// Writes the snapshot of a run; returns whether it has changed.
pub(super) fn update(name: &str, asker: &str, run: &Run<'_>, shelf: &dyn Shelf, arena: &Bump) -> Result<bool, String> {
    let text = pretty(document(run, arena)) + "\n";
    if shelf.snapshot(asker, name).is_ok_and(|stored| stored.as_deref() == Some(text.as_str())) {
        return Ok(false);
    }
    shelf.write_snapshot(asker, name, &text).map(|()| true)
}
