//! A bare word after a reference in a condition: text, a predicate, or something that was meant to be one.

use crate::diag::closest;
use crate::engine::op::{Arguments, Family, OpSpec, Output};
use crate::engine::ops;
use crate::model::Kinds;

/// What a bare word tests.
pub(super) enum Meaning {
    /// That the value equals it.
    Text,
    /// A predicate without arguments.
    Predicate(&'static OpSpec),
    /// A predicate that needs an argument.
    NeedsArgument(&'static OpSpec),
    /// That the value equals it; a finding, because the word looks like this test.
    Nearly(String),
    /// That the value equals it; a finding, because the word looks like a predicate, but there is none with this name.
    NoPredicate,
}

/// Whether an op returns a boolean.
pub(super) fn is_predicate(spec: &OpSpec) -> bool {
    spec.output == Output::Is(Kinds::BOOLEAN)
}

/// The words of the language that are not ops.
const TESTS: &[&str] = &["present", "missing", "blank"];

/// Names of tests in other languages.
const ALIASES: &[(&str, &[&str])] = &[
    (
        "present",
        &[
            "exists",
            "exist",
            "is_set",
            "isset",
            "defined",
            "is_defined",
            "not_null",
            "notnull",
            "is_not_null",
            "non_null",
            "not_missing",
            "is_some",
            "has_value",
        ],
    ),
    (
        "missing",
        &[
            "nil",
            "undefined",
            "absent",
            "is_null",
            "isnull",
            "is_nil",
            "is_none",
            "is_undefined",
            "is_absent",
            "not_present",
            "not_set",
            "unset",
            "not_exists",
        ],
    ),
    ("blank", &["empty", "is_empty", "isempty"]),
    ("{ not: blank }", &["not_empty", "is_not_empty", "nonempty", "non_empty", "not_blank", "is_not_blank"]),
    ("is_text", &["is_string", "is_str"]),
    ("is_integer", &["is_int", "is_whole"]),
    ("is_number", &["is_numeric", "is_float", "is_decimal", "is_double"]),
    ("is_boolean", &["is_bool"]),
    ("is_list", &["is_array"]),
    ("is_object", &["is_map", "is_dict", "is_hash"]),
    ("true", &["is_true", "truthy"]),
    ("false", &["is_false", "falsy"]),
];

/// Names of predicates in other languages.
const OPERATORS: &[(&str, &[&str])] = &[
    ("one_of", &["in", "any_of", "is_in"]),
    ("equals", &["eq", "is", "equal", "equal_to", "equals_to"]),
    ("more_than", &["gt", "greater_than", "above", "greater"]),
    ("at_least", &["gte", "ge", "greater_or_equal"]),
    ("less_than", &["lt", "below", "smaller_than", "less"]),
    ("at_most", &["lte", "le", "less_or_equal"]),
    ("matches", &["regex", "regexp", "match", "pattern", "re_match", "rlike"]),
    ("contains", &["includes", "include", "contain", "has", "like"]),
    ("starts_with", &["startswith", "starts_with", "begins_with", "start_with", "prefix"]),
    ("ends_with", &["endswith", "ends_with", "end_with", "suffix"]),
    ("equals_ignoring_case", &["ieq", "iequals", "equals_ignore_case", "eqi"]),
    ("has_key", &["has_field", "contains_key"]),
    ("is_before", &["before_date"]),
];

/// The predicate for a name from another language, and whether it is negated: `ne`, `not_in`.
pub(super) fn operator(name: &str) -> Option<(&'static str, bool)> {
    let word = snake(name);
    if matches!(word.as_str(), "ne" | "neq" | "not_equals" | "not_equal" | "is_not") {
        return Some(("equals", true));
    }
    let plain = word.strip_prefix("not_").or_else(|| word.strip_prefix('n').filter(|rest| *rest == "in"));
    let wanted = plain.unwrap_or(&word);
    let known = OPERATORS.iter().find(|(op, names)| names.contains(&wanted) || (plain.is_some() && *op == wanted))?;
    Some((known.0, plain.is_some()))
}

/// What a bare word means.
pub(super) fn meaning(text: &str) -> Meaning {
    match ops::find(text).filter(|spec| is_predicate(spec)) {
        Some(spec) if needs_no_argument(spec) => Meaning::Predicate(spec),
        // `any` and `all` are ordinary words
        Some(spec) if spec.family == Family::Predicate => Meaning::NeedsArgument(spec),
        _ => match misspelt_test(text) {
            Some(test) => Meaning::Nearly(test),
            None if text.starts_with("is_") => Meaning::NoPredicate,
            None => Meaning::Text,
        },
    }
}

/// Whether an op works without any argument.
fn needs_no_argument(spec: &OpSpec) -> bool {
    spec.arguments.iter().all(|argument| !argument.required) && (spec.build)(&mut Arguments::default()).is_ok()
}

/// The test that a word is another name or a misspelling of.
pub(super) fn misspelt_test(text: &str) -> Option<String> {
    let word = snake(text);
    if let Some((test, _)) = ALIASES.iter().find(|(_, names)| names.contains(&word.as_str())) {
        return Some((*test).to_owned());
    }
    if word != text && (TESTS.contains(&word.as_str()) || predicates().any(|name| name == word)) {
        return Some(word);
    }
    if let Some(test) = word.strip_prefix("not_").filter(|test| predicates().any(|name| name == *test)) {
        return Some(format!("{{ not: {test} }}"));
    }
    // ordinary words can be close by chance: `black` is one letter from `blank`
    let same_start = |name: &str| name.starts_with(|c: char| word.starts_with(c));
    let candidates = ["present", "missing"].into_iter().chain(predicates().filter(|name| name.contains('_')));
    let near = closest(&word, candidates.filter(|name| same_start(name)))?;
    let distance = strsim::damerau_levenshtein(&word, near);
    (distance <= usize::from(word.contains('_')) + 1 && word.len() > 5).then(|| near.to_owned())
}

fn predicates() -> impl Iterator<Item = &'static str> {
    ops::all().filter(|spec| is_predicate(spec)).map(|spec| spec.name)
}

/// `isPresent` as `is_present`.
fn snake(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let mut was_small = false;
    for c in text.chars() {
        if c.is_uppercase() && was_small {
            out.push('_');
        }
        was_small = c.is_lowercase();
        out.extend(c.to_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_look_like_tests_are_reported() {
        let cases = [
            ("is_int", "is_integer"),
            ("is_presnt", "is_present"),
            ("exists", "present"),
            ("not_null", "present"),
            ("empty", "blank"),
            ("isPresent", "is_present"),
            ("Present", "present"),
            ("presnt", "present"),
            ("not_present", "missing"),
            ("not_is_text", "{ not: is_text }"),
        ];
        for (word, test) in cases {
            assert_eq!(misspelt_test(word).as_deref(), Some(test), "{word}");
        }
    }

    #[test]
    fn ordinary_words_are_text() {
        let words = [
            "active",
            "black",
            "percent",
            "resent",
            "none",
            "local",
            "fax",
            "all",
            "any",
            "VERIFIED",
            "email",
            "date",
            "is",
            "admin",
            "customer",
            "home",
            "pending",
            "passing",
            "first_name",
            "set",
            "N",
        ];
        for word in words {
            assert!(matches!(meaning(word), Meaning::Text), "{word}");
        }
    }

    #[test]
    fn predicates_that_need_an_argument_are_distinguished() {
        for word in ["is_present", "is_integer", "to_boolean"] {
            assert!(matches!(meaning(word), Meaning::Predicate(_)), "{word}");
        }
        for word in ["contains", "starts_with", "is_before", "has_bits", "one_of"] {
            assert!(matches!(meaning(word), Meaning::NeedsArgument(_)), "{word}");
        }
    }
}
