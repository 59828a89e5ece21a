//! How large the values may be that rules make of other values.

use crate::diag::Span;
use crate::engine::limits::{MAX_MADE_BYTES, MAX_MADE_DEPTH, MAX_RUN_BYTES};
use crate::engine::op::Failure;
use crate::engine::operand::Operand;
use crate::model::Value;

use super::stop::{Made, Stop};

/// What is smaller is not counted: no rule makes enough of it to matter.
const COUNTED_BYTES: usize = 4 * 1024;

/// Passes a value that an operand has made, unless it is too large; `made` is what the run has made so far.
#[inline]
pub(super) fn bounded<'a>(operand: &Operand, value: Value<'a>, span: Span, made: &mut usize) -> Made<'a> {
    match (operand, value) {
        (Operand::Template(_), Value::Text(text)) if text.len() > COUNTED_BYTES => counted(value, span, made),
        (Operand::Parts(_), _) => counted(value, span, made),
        _ => Ok(value),
    }
}

fn counted<'a>(value: Value<'a>, span: Span, made: &mut usize) -> Made<'a> {
    let too = |what: &str| Err(Stop::step("value", span, Failure::new(what.to_owned())));
    let mut left = MAX_MADE_BYTES;
    if !fits(value, &mut left, MAX_MADE_DEPTH) {
        return too("the value is larger than 1 MiB or nested deeper than 256 levels");
    }
    let bytes = MAX_MADE_BYTES.saturating_sub(left);
    if bytes > COUNTED_BYTES {
        *made = made.saturating_add(bytes);
    }
    if *made > MAX_RUN_BYTES { too("the values of the record together are larger than 16 MiB") } else { Ok(value) }
}

/// Whether a value weighs no more than what is left.
fn fits(value: Value<'_>, left: &mut usize, depth: usize) -> bool {
    let own = match value {
        Value::Text(text) | Value::Decimal(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => 1,
    };
    let (Some(rest), Some(depth)) = (left.checked_sub(own), depth.checked_sub(1)) else { return false };
    *left = rest;
    match value {
        Value::List(items) => items.iter().all(|item| fits(*item, left, depth)),
        Value::Object(members) => members.iter().all(|(_, member)| fits(*member, left, depth)),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use crate::diag::{Files, Findings};
    use crate::engine::compile::{NoFiles, compile};
    use crate::engine::outcome::Outcome;
    use crate::engine::probe::Silent;
    use crate::engine::run::Settings;

    /// The steps of the reasons; nothing for an account.
    fn steps(rules: &str, record: &str) -> Vec<String> {
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let file = files.add("bounds.yaml", format!("landfall: 1\n{rules}"));
        let plan = compile(&mut files, file, &NoFiles, &mut findings).unwrap_or_else(|| panic!("{findings:?}"));
        let (arena, settings) = (Bump::new(), Settings::default());
        let run = plan.run(record, &settings, &arena, &mut Silent);
        assert!(arena.allocated_bytes() < 128 << 20, "{}", arena.allocated_bytes());
        match run.outcomes.into_iter().next() {
            Some(Outcome::Invalid(reasons)) => reasons.into_iter().map(|reason| reason.step).collect(),
            Some(Outcome::Account(_)) => Vec::new(),
            other => panic!("{other:?}"),
        }
    }

    fn doubled(made: &str) -> String {
        let lets: String =
            (1..40).map(|at| format!("  v{at}: {}\n", made.replace('#', &format!("$v{}", at - 1)))).collect();
        format!("let:\n  v0: $.a\n{lets}account: {{ username: $.u, custom.all: $v39 }}\n")
    }

    #[test]
    fn values_that_double_each_other_are_stopped() {
        for made in ["\"{#}{#}\"", "{ from: \"{#}{#}\" }", "{ value: [ '#', '#' ] }", "{ value: { a: '#', b: '#' } }"] {
            assert_eq!(steps(&doubled(made), r#"{"a": "xxxx", "u": "ada"}"#), ["value"], "{made}");
        }
    }

    #[test]
    fn the_policy_of_the_rule_decides() {
        let rules = "account: { username: $.u, custom.all: { value: [ $.a, $.a, $.a, $.a, $.a ], on_error: skip } }";
        let record = format!(r#"{{"a": "{}", "u": "ada"}}"#, "x".repeat(250_000));
        assert_eq!(steps(rules, &record), [""; 0]);
        assert_eq!(steps(&rules.replace(", on_error: skip", ""), &record), ["value"]);
        assert_eq!(steps(&rules.replace("$.a, $.a, ", ""), &record), [""; 0]);
    }

    #[test]
    fn what_is_made_for_each_element_counts_together() {
        let rules = "account: { username: $.u, custom.all: { from: $.l, each: { t: \"{$.a}{$item}\" } } }";
        let record = |elements: usize| {
            let list = vec!["1"; elements].join(",");
            format!(r#"{{"a": "{}", "u": "ada", "l": [{list}]}}"#, "x".repeat(200_000))
        };
        assert_eq!(steps(rules, &record(20)), [""; 0]);
        assert_eq!(steps(rules, &record(2_000)), ["value"]);
    }
}
