//! Whether a step, as written, can fail on some record, so that the rule must say what happens then.

use crate::engine::op::OpSpec;
use crate::rules::Node;
use crate::rules::syntax::StepDef;

/// Steps that fail only on values beyond a size limit, which no real record reaches. Without `on_error` such a record
/// is invalid; requiring a policy in every rule with a `replace` would teach people to write one without thinking.
const ONLY_ON_SIZE: &[&str] = &[
    "concat",
    "extract_all",
    "flatten_keys",
    "remove_matching",
    "replace",
    "replace_matching",
    "split",
    "split_lines",
    "transliterate",
    "unicode",
];

/// Steps that fail, apart from size limits, only if their argument has no value, which a constant text always has.
const ONLY_WITHOUT_ARGUMENT: &[&str] = &[
    "add_prefix",
    "add_suffix",
    "contains",
    "contains_ignoring_case",
    "ends_with",
    "equals_ignoring_case",
    "has_key",
    "starts_with",
    "strip_prefix",
    "strip_suffix",
];

/// Whether a step, as written, can fail.
pub(super) fn can_fail(spec: &OpSpec, def: &StepDef) -> bool {
    let given = |name: &str| def.argument.as_ref().and_then(|argument| argument.get(name));
    match spec.name {
        // a table with a default finds something for every key
        "lookup" => given("table").is_none() || given("default").is_none() || given("in").is_some(),
        "extract" | "extract_fields" => given("required").is_some_and(|required| required.as_bool() != Some(false)),
        name if ONLY_ON_SIZE.contains(&name) => false,
        name if ONLY_WITHOUT_ARGUMENT.contains(&name) => !def.argument.as_ref().is_some_and(is_fixed),
        _ => !spec.fails.is_empty(),
    }
}

/// Whether an argument is a constant text.
fn is_fixed(argument: &Node) -> bool {
    match argument.as_map() {
        Some([only]) => is_fixed(&only.value),
        _ => argument.as_text().is_some_and(|text| !argument.is_null() && !text.contains(['$', '{'])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops;

    #[test]
    fn listed_steps_fail_as_described() {
        for name in ONLY_ON_SIZE {
            let fails = ops::find(name).map_or("", |spec| spec.fails);
            let sizes = ["longer than", "more than", "limits"].iter().any(|size| fails.contains(size));
            assert!(sizes && !fails.contains(" not ") && !fails.contains(" no "), "{name}: {fails}");
        }
        for name in ONLY_WITHOUT_ARGUMENT {
            let fails = ops::find(name).map_or("", |spec| spec.fails);
            assert!(fails.contains("has no value"), "{name}: {fails}");
        }
    }
}
