//! The keywords of one JSON Schema object: which exist, what they contain, and what enforces them.

use jsonschema::Draft;
use regex::Regex;
use serde_json::{Map, Value as Json};

use super::SchemaError;
use super::format::TextFormat;
use super::shape::{Pattern, Range, TextShape};
use crate::diag::closest;
use crate::model::Kind;
use crate::model::Kinds;

/// The members of one schema object.
pub(super) type Node = Map<String, Json>;

/// Keywords that shapes always leave to the general validator.
const UNMODELLED: [&str; 23] = [
    "additionalItems",
    "allOf",
    "anyOf",
    "contains",
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "if",
    "maxContains",
    "maxProperties",
    "minContains",
    "minProperties",
    "multipleOf",
    "not",
    "oneOf",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "contentSchema",
];

/// Keywords whose meaning depends on all others in the same schema object, so the general validator gets the whole object.
const HOLISTIC: [&str; 4] = ["$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties"];

/// Keywords that constrain values, regardless of what enforces them.
const CONSTRAINTS: [&str; 19] = [
    "additionalProperties",
    "const",
    "enum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "properties",
    "required",
    "type",
    "uniqueItems",
    "$dynamicRef",
    "unevaluatedItems",
    "unevaluatedProperties",
];

const TYPES: [(&str, Kinds); 7] = [
    ("string", Kinds::TEXT),
    ("boolean", Kinds::BOOLEAN),
    ("integer", Kinds::NUMBER),
    ("number", Kinds::NUMBER),
    ("array", Kinds::LIST),
    ("object", Kinds::OBJECT),
    ("null", Kinds::of(Kind::Null)),
];

/// Which type each keyword implies, for schemas without `type`.
const IMPLIED_TYPES: [(&str, &str); 15] = [
    ("properties", "object"),
    ("required", "object"),
    ("additionalProperties", "object"),
    ("patternProperties", "object"),
    ("items", "array"),
    ("prefixItems", "array"),
    ("minItems", "array"),
    ("maxItems", "array"),
    ("uniqueItems", "array"),
    ("pattern", "string"),
    ("format", "string"),
    ("minLength", "string"),
    ("maxLength", "string"),
    ("minimum", "number"),
    ("maximum", "number"),
];

/// The types of a schema as kinds, and the only one besides `null` if there is just one.
pub(super) fn types<'n>(node: &'n Node, at: &str) -> Result<(Kinds, Option<&'n str>), SchemaError> {
    let place = format!("{at}/type");
    let names: Vec<&str> = match node.get("type") {
        None => match implied_type(node) {
            Some(name) => vec![name],
            None => return Ok((Kinds::JSON, None)),
        },
        Some(Json::Array(names)) => names.iter().map(|name| text(name, &place)).collect::<Result<_, _>>()?,
        Some(name) => vec![text(name, &place)?],
    };
    let mut kinds = Kinds::NONE;
    for name in &names {
        let Some((_, more)) = TYPES.iter().find(|(known, _)| known == name) else {
            let meant = closest(name, TYPES.iter().map(|(known, _)| *known));
            let hint = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            return Err(SchemaError::new(place, format!("`{name}` is not a type{hint}")));
        };
        kinds = kinds.or(*more);
    }
    let mut others = names.iter().filter(|name| **name != "null");
    match (others.next(), others.next()) {
        (Some(only), None) => Ok((kinds, Some(only))),
        _ => Ok((kinds, None)),
    }
}

fn implied_type(node: &Node) -> Option<&'static str> {
    let only_text =
        |listed: &Json| listed.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(Json::is_string));
    if node.get("enum").is_some_and(only_text) || node.get("const").is_some_and(Json::is_string) {
        return Some("string");
    }
    let mut implied = IMPLIED_TYPES.iter().filter(|(keyword, _)| node.contains_key(*keyword)).map(|(_, name)| *name);
    let first = implied.next()?;
    implied.all(|name| name == first).then_some(first)
}

/// A schema or nothing: the branch of `anyOf` or `oneOf` whose only other branch is `null`.
pub(super) fn nullable(node: &Node) -> Option<(&'static str, usize, &Json)> {
    if CONSTRAINTS.iter().any(|keyword| node.contains_key(*keyword)) || node.contains_key("$ref") {
        return None;
    }
    let mut present = UNMODELLED.iter().filter(|keyword| node.contains_key(**keyword));
    let keyword = present.next().copied().filter(|keyword| matches!(*keyword, "anyOf" | "oneOf"))?;
    let [first, second] = node.get(keyword)?.as_array()?.as_slice() else { return None };
    let is_null = |branch: &Json| {
        branch.as_object().is_some_and(|node| node.len() == 1) && branch.get("type").is_some_and(|name| name == "null")
    };
    match (present.next(), is_null(first), is_null(second)) {
        (None, true, false) => Some((keyword, 1, second)),
        (None, false, true) => Some((keyword, 0, first)),
        _ => None,
    }
}

pub(super) fn has_constraints(node: &Node) -> bool {
    CONSTRAINTS.iter().chain(&UNMODELLED).chain(&HOLISTIC).any(|keyword| node.contains_key(*keyword))
}

/// Whether a keyword is present whose meaning depends on all others.
pub(super) fn is_holistic(node: &Node) -> bool {
    HOLISTIC.iter().any(|keyword| node.contains_key(*keyword))
}

/// The keywords that a shape does not model, and those that they depend on.
pub(super) fn leftovers(node: &Node) -> Node {
    let mut left = Node::new();
    let mut leave = |keyword: &str| {
        if let Some(value) = node.get(keyword) {
            left.insert(keyword.to_owned(), value.clone());
        }
    };
    UNMODELLED.iter().for_each(|keyword| leave(keyword));
    leave("$ref");
    // Draft 4 writes `exclusiveMinimum: true` beside `minimum`.
    if node.get("exclusiveMinimum").is_some_and(Json::is_boolean) {
        leave("minimum");
    }
    if node.get("exclusiveMaximum").is_some_and(Json::is_boolean) {
        leave("maximum");
    }
    if node.contains_key("patternProperties") {
        leave("additionalProperties");
        let names = node.get("properties").and_then(Json::as_object).into_iter().flat_map(Map::keys);
        let known = names.map(|name| (name.clone(), Json::Object(Node::new()))).collect();
        left.insert("properties".to_owned(), Json::Object(known));
    }
    left
}

/// Leaves all constraints of a schema object with several types to the general validator.
pub(super) fn leave_constraints(node: &Node, left: &mut Node) {
    for keyword in CONSTRAINTS.iter().filter(|keyword| !matches!(**keyword, "type" | "enum" | "const")) {
        if let Some(value) = node.get(*keyword) {
            left.insert((*keyword).to_owned(), value.clone());
        }
    }
}

pub(super) fn text_shape(node: &Node, left: &mut Node, at: &str) -> Result<TextShape, SchemaError> {
    let mut shape = TextShape {
        min_length: size(node, "minLength", at)?,
        max_length: size(node, "maxLength", at)?,
        ..TextShape::default()
    };
    if let Some(format) = node.get("format") {
        let name = text(format, &format!("{at}/format"))?;
        shape.format = TextFormat::named(name);
        // An unknown format requires nothing, as the specification says.
        if shape.format.is_none() && jsonschema::options().is_known_format(Draft::default(), name) {
            left.insert("format".to_owned(), format.clone());
        }
    }
    if let Some(pattern) = node.get("pattern") {
        let source = text(pattern, &format!("{at}/pattern"))?;
        match Regex::new(&to_rust_syntax(source)) {
            Ok(regex) => shape.pattern = Some(Pattern::new(source, regex)),
            // Look-around and back-references. The general validator decides whether the pattern is valid at all.
            Err(_) => {
                left.insert("pattern".to_owned(), pattern.clone());
            }
        }
    }
    Ok(shape)
}

/// Rewrites syntax that differs between ECMA-262 and the `regex` crate: ASCII-only classes, `\/`, and characters that are
/// literal inside brackets.
fn to_rust_syntax(pattern: &str) -> String {
    let mut rewritten = String::with_capacity(pattern.len() + 8);
    let mut in_class = false;
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some('d') => rewritten.push_str("[0-9]"),
                Some('D') => rewritten.push_str("[^0-9]"),
                Some('w') => rewritten.push_str("[A-Za-z0-9_]"),
                Some('W') => rewritten.push_str("[^A-Za-z0-9_]"),
                Some('/') => rewritten.push('/'),
                Some(other) => rewritten.extend(['\\', other]),
                None => rewritten.push('\\'),
            },
            '[' if !in_class => {
                in_class = true;
                rewritten.push('[');
            }
            ']' if in_class => {
                in_class = false;
                rewritten.push(']');
            }
            '[' | '&' | '~' if in_class => rewritten.extend(['\\', letter]),
            _ => rewritten.push(letter),
        }
    }
    rewritten
}

pub(super) fn integers(node: &Node, left: &mut Node) -> Range<i64> {
    let mut bound = |keyword: &str| match node.get(keyword) {
        Some(value) if value.as_i64().is_none() => {
            left.insert(keyword.to_owned(), value.clone());
            None
        }
        value => value.and_then(Json::as_i64),
    };
    Range { min: bound("minimum"), max: bound("maximum") }
}

pub(super) fn numbers(node: &Node) -> Range<f64> {
    let bound = |keyword| node.get(keyword).and_then(Json::as_f64);
    Range { min: bound("minimum"), max: bound("maximum") }
}

pub(super) fn choices(node: &Node, at: &str) -> Result<Option<Vec<Json>>, SchemaError> {
    match (node.get("enum"), node.get("const")) {
        (Some(Json::Array(listed)), only) => {
            Ok(Some(listed.iter().filter(|value| only.is_none_or(|only| only == *value)).cloned().collect()))
        }
        (Some(other), _) => Err(wrong(&format!("{at}/enum"), "a list", other)),
        (None, only) => Ok(only.map(|only| vec![only.clone()])),
    }
}

pub(super) fn members_of<'n>(
    node: &'n Node,
    at: &str,
) -> Result<impl Iterator<Item = (&'n String, &'n Json)>, SchemaError> {
    let members = match node.get("properties") {
        Some(Json::Object(members)) => Some(members),
        Some(other) => return Err(wrong(&format!("{at}/properties"), "an object", other)),
        None => None,
    };
    Ok(members.into_iter().flatten())
}

pub(super) fn required_names<'n>(node: &'n Node, at: &str) -> Result<Vec<&'n str>, SchemaError> {
    let place = format!("{at}/required");
    match node.get("required") {
        Some(Json::Array(names)) => names.iter().map(|name| text(name, &place)).collect(),
        Some(other) => Err(wrong(&place, "a list of names", other)),
        None => Ok(Vec::new()),
    }
}

pub(super) fn size(node: &Node, keyword: &str, at: &str) -> Result<Option<u64>, SchemaError> {
    let Some(value) = node.get(keyword) else { return Ok(None) };
    match value.as_u64() {
        Some(size) => Ok(Some(size)),
        None => Err(wrong(&format!("{at}/{keyword}"), "a whole number from 0", value)),
    }
}

pub(super) fn text<'n>(value: &'n Json, at: &str) -> Result<&'n str, SchemaError> {
    value.as_str().ok_or_else(|| wrong(at, "text", value))
}

pub(super) fn flag(value: &Json, at: &str) -> Result<bool, SchemaError> {
    value.as_bool().ok_or_else(|| wrong(at, "`true` or `false`", value))
}

pub(super) fn wrong(at: &str, expected: &str, found: &Json) -> SchemaError {
    let found = match found {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    };
    SchemaError::new(at, format!("this must be {expected}, not {found}"))
}

pub(super) fn pointer_step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
