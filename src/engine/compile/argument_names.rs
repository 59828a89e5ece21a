//! The names that other languages use for arguments of steps.

use crate::diag::closest;
use crate::engine::op::OpSpec;

/// Names of arguments in other languages; a row applies to the steps that have an argument with its first name.
const NAMES: &[(&str, &str)] = &[
    ("by", "separator delimiter sep delim glue with on field column"),
    ("find", "from old search needle what substring pattern target"),
    ("with", "to new replacement replace by char fill character pad value text"),
    ("pattern", "regex regexp re expression match find"),
    ("format", "pattern fmt layout style mask formats"),
    ("zone", "timezone tz time_zone timeZone location"),
    ("start", "from begin offset first position index"),
    ("end", "to until stop length count len"),
    ("length", "size len count n width max limit chars"),
    ("region", "country default_region country_code defaultCountry"),
    ("in", "values map dictionary object mapping"),
    ("table", "name lookup dictionary"),
    ("default", "otherwise else fallback"),
    ("ignoring_case", "ignore_case case_insensitive insensitive nocase"),
    ("true", "yes truthy on"),
    ("false", "no falsy off"),
    ("key", "name key_field key_column k"),
    ("value", "value_field value_column v val"),
    ("index", "at position i n"),
    ("unit", "units precision scale"),
    ("none", "null nulls null_values empty missing"),
    ("descending", "desc reverse reversed order"),
    ("decimals", "digits places precision"),
    ("path", "at key field name"),
    ("names", "keys fields members columns"),
];

/// The argument that was probably meant by an unknown one.
pub(super) fn meant(spec: &OpSpec, written: &str) -> Option<&'static str> {
    let has = |name: &str| spec.arguments.iter().find(|argument| argument.name == name).map(|argument| argument.name);
    let known = NAMES
        .iter()
        .filter(|(_, names)| names.split(' ').any(|name| name.eq_ignore_ascii_case(written)))
        .find_map(|(argument, _)| has(argument));
    known.or_else(|| closest(written, spec.arguments.iter().map(|argument| argument.name)))
}
