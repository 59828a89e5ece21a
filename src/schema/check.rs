//! Checks a value against a shape. A valid value costs no allocation, unless the schema uses keywords that only the
//! general JSON Schema validator supports.

use std::collections::HashSet;

use super::outline::{Outline, Outlined};
use super::shape::{ListShape, Member, ObjectShape, Range, Shape, ShapeKind, TextShape};
use super::violation::{Breach, Place, Violations};
use crate::model::Kinds;
use crate::model::json::{canonical_number, same};
use crate::model::{Kind, Value};

/// From this number of elements, duplicates in a list are found by hash instead of pair by pair.
const HASHED_ELEMENTS: usize = 16;

impl Shape {
    /// Checks a value and everything inside it; every violation is added to `found` with its place.
    ///
    /// ```
    /// use landfall::model::Value;
    /// use landfall::schema::{Place, Schema, Violations};
    /// let schema = Schema::builtin("standard").ok_or("no such schema")?;
    /// let claim = schema.claim("status").ok_or("no such claim")?;
    /// let mut found = Violations::default();
    /// claim.shape.check(Value::Text("asleep"), Place::claim("status"), &mut found);
    /// assert_eq!(found.to_string(), r#"`status` is not one of "active", "disabled", "locked""#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(&self, value: Value<'_>, place: Place<'_>, found: &mut Violations) {
        self.check_rest(value, &[], place, found);
    }

    /// Whether a value is certainly valid as it is. If this is false, the value may still be valid: [`fit`](super::fit) and
    /// [`check`](Self::check) decide, and report why not.
    pub(crate) fn admits(&self, value: Value<'_>) -> bool {
        if self.residual.is_some() || !self.kinds.contains(value.kind()) {
            return false;
        }
        if let Some(choices) = &self.choices
            && !choices.iter().any(|choice| is_text(value, choice))
        {
            return false;
        }
        match (&self.kind, value) {
            (ShapeKind::Text(shape), Value::Text(text)) => shape.admits(text),
            (ShapeKind::Any, Value::Text(_) | Value::Bool(_) | Value::Int(_))
            | (ShapeKind::Boolean, Value::Bool(_)) => true,
            (ShapeKind::Integer(range), Value::Int(number)) => {
                range.min.is_none_or(|min| number >= min) && range.max.is_none_or(|max| number <= max)
            }
            (ShapeKind::List(shape), Value::List(items)) => {
                let length = count(items.len());
                shape.min_items.is_none_or(|least| length >= least)
                    && shape.max_items.is_none_or(|most| length <= most)
                    && items.iter().all(|item| shape.element.admits(*item))
                    && (!shape.unique || repeats(items).is_empty())
            }
            _ => false,
        }
    }

    /// Checks a value like [`check`](Self::check), except the members of the outline, which have been checked before.
    pub(super) fn check_rest(&self, value: Value<'_>, known: &[Outlined], place: Place<'_>, found: &mut Violations) {
        if !self.kinds.contains(value.kind()) {
            return found.add(place, Breach::Kind { expected: self.kinds, found: value.kind() });
        }
        if let Some(choices) = &self.choices
            && !choices.iter().any(|choice| equals(value, choice))
        {
            found.add(place, Breach::NotListed(choices.iter().map(ToString::to_string).collect()));
        }
        let before = found.len();
        match (&self.kind, value) {
            (ShapeKind::Text(shape), Value::Text(text)) => check_text(shape, text, place, found),
            (ShapeKind::Integer(range), number) => check_integer(range, number, place, found),
            (ShapeKind::Number(range), number) => check_number(range, number, place, found),
            (ShapeKind::List(shape), Value::List(items)) => check_list(shape, items, place, found),
            (ShapeKind::Object(shape), Value::Object(members)) => check_object(shape, members, known, place, found),
            (ShapeKind::Any, value) => check_json(value, place, found),
            _ => {}
        }
        if let Some(residual) = &self.residual {
            residual.check(value, place, found.len() > before, found);
        }
    }
}

impl TextShape {
    fn admits(&self, text: &str) -> bool {
        // a text has at least one character per four bytes, and at most one per byte
        let bytes = count(text.len());
        self.min_length.is_none_or(|least| bytes >= least.saturating_mul(4) || (least <= 1 && bytes >= least))
            && self.max_length.is_none_or(|most| bytes <= most)
            && self.format.is_none_or(|format| format.admits(text))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
    }
}

fn check_text(shape: &TextShape, text: &str, place: Place<'_>, found: &mut Violations) {
    // Text in the wrong format also violates most patterns; one finding is enough.
    if let Some(format) = shape.format.filter(|format| !format.admits(text)) {
        found.add(place, Breach::Format(format));
    } else if let Some(pattern) = shape.pattern.as_ref().filter(|pattern| !pattern.is_match(text)) {
        found.add(place, Breach::Pattern(pattern.source.clone()));
    }
    if shape.min_length.is_some() || shape.max_length.is_some() {
        let length = count(text.chars().count());
        if let Some(least) = shape.min_length.filter(|least| length < *least) {
            found.add(place, Breach::TooShort(least));
        }
        if let Some(most) = shape.max_length.filter(|most| length > *most) {
            found.add(place, Breach::TooLong(most));
        }
    }
}

fn check_integer(range: &Range<i64>, value: Value<'_>, place: Place<'_>, found: &mut Violations) {
    let number = match value {
        Value::Int(number) => number,
        // A whole number of more than 64 bits is outside every bound that the schema can set.
        Value::Decimal(text) => match whole(text) {
            Some(number) => number,
            None => return found.add(place, Breach::NotWhole),
        },
        _ => return,
    };
    if let Some(min) = range.min.filter(|min| number < *min) {
        found.add(place, Breach::BelowMinimum(min.to_string()));
    }
    if let Some(max) = range.max.filter(|max| number > *max) {
        found.add(place, Breach::AboveMaximum(max.to_string()));
    }
}

/// A decimal without a fraction, clamped to the range of `i64`.
fn whole(text: &str) -> Option<i64> {
    let (negative, digits, scale) = canonical_number(text)?;
    if scale < 0 {
        return None;
    }
    let beyond = if negative { i64::MIN } else { i64::MAX };
    let power = u32::try_from(scale).ok().and_then(|scale| 10_i128.checked_pow(scale));
    let size = power.and_then(|power| digits.parse::<i128>().ok().and_then(|digits| digits.checked_mul(power)));
    if digits.is_empty() {
        return Some(0);
    }
    Some(size.and_then(|size| i64::try_from(if negative { -size } else { size }).ok()).unwrap_or(beyond))
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bounds are doubles in JSON Schema; a bound is not a value that is stored"
)]
fn check_number(range: &Range<f64>, value: Value<'_>, place: Place<'_>, found: &mut Violations) {
    let number = match value {
        Value::Int(number) => number as f64,
        Value::Decimal(text) => text.parse().unwrap_or(f64::NAN),
        _ => return,
    };
    if let Some(min) = range.min.filter(|min| number < *min) {
        found.add(place, Breach::BelowMinimum(min.to_string()));
    }
    if let Some(max) = range.max.filter(|max| number > *max) {
        found.add(place, Breach::AboveMaximum(max.to_string()));
    }
}

fn check_list(shape: &ListShape, items: &[Value<'_>], place: Place<'_>, found: &mut Violations) {
    let length = count(items.len());
    if let Some(least) = shape.min_items.filter(|least| length < *least) {
        found.add(place, Breach::TooFew(least));
    }
    if let Some(most) = shape.max_items.filter(|most| length > *most) {
        found.add(place, Breach::TooMany(most));
    }
    for (at, item) in items.iter().enumerate() {
        shape.element.check(*item, place.element(at), found);
    }
    if shape.unique {
        for at in repeats(items) {
            found.add(place.element(at), Breach::Repeated);
        }
    }
}

/// The positions of duplicate elements.
fn repeats(items: &[Value<'_>]) -> Vec<usize> {
    if items.len() <= HASHED_ELEMENTS {
        let seen_before = |at: usize, item: Value<'_>| items.iter().take(at).any(|earlier| same(*earlier, item));
        return items.iter().enumerate().filter(|(at, item)| seen_before(*at, **item)).map(|(at, _)| at).collect();
    }
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().enumerate().filter(|(_, item)| !seen.insert(canonical(**item))).map(|(at, _)| at).collect()
}

/// Text that is equal if and only if the values are equal.
fn canonical(value: Value<'_>) -> String {
    match value {
        Value::Int(number) => format!("n{:?}", canonical_number(&number.to_string())),
        Value::Decimal(text) => {
            canonical_number(text).map_or_else(|| format!("d{text}"), |number| format!("n{:?}", Some(number)))
        }
        Value::Text(text) => format!("{text:?}"),
        Value::Bytes(bytes) => format!("b{bytes:?}"),
        Value::List(items) => format!("[{}]", items.iter().map(|item| canonical(*item)).collect::<Vec<_>>().join(",")),
        Value::Object(members) => {
            let present = members.iter().filter(|(_, value)| !matches!(value, Value::Missing));
            let mut parts: Vec<_> = present.map(|(name, value)| format!("{name:?}:{}", canonical(*value))).collect();
            parts.sort_unstable();
            format!("{{{}}}", parts.join(","))
        }
        Value::Bool(flag) => flag.to_string(),
        Value::Missing | Value::Null => value.kind().to_string(),
    }
}

fn check_object(
    shape: &ObjectShape,
    members: &[(&str, Value<'_>)],
    known: &[Outlined],
    place: Place<'_>,
    found: &mut Violations,
) {
    let mut required = 0;
    let mut expected = 0;
    let mut outlined = known;
    for (name, value) in members {
        if matches!(value, Value::Missing) {
            continue;
        }
        if let Some((member, rest)) = next_outlined(outlined, name) {
            outlined = rest;
            required += usize::from(member.required);
            if let Outline::Object(inside) = &member.outline
                && let Some(shape) = member.position.and_then(|at| shape.members.get(at))
            {
                shape.shape.check_rest(*value, inside, place.member(name), found);
            }
            continue;
        }
        match find_from(&shape.members, expected, name) {
            Some((at, member)) => {
                expected = at + 1;
                required += usize::from(member.required);
                member.shape.check(*value, place.member(name), found);
            }
            None => match &shape.additional {
                Some(additional) => additional.check(*value, place.member(name), found),
                None => found.add(place.member(name), Breach::Unknown),
            },
        }
    }
    if required < shape.required {
        let is_there =
            |wanted: &str| members.iter().any(|(name, value)| *name == wanted && !matches!(value, Value::Missing));
        for member in shape.members.iter().filter(|member| member.required && !is_there(&member.name)) {
            found.add(place.member(&member.name), Breach::Required);
        }
    }
}

/// The outlined member with this name, and those after it: accounts are built in the order of their outline. A member that is
/// out of order is not found here, and is therefore checked again.
fn next_outlined<'o>(outlined: &'o [Outlined], name: &str) -> Option<(&'o Outlined, &'o [Outlined])> {
    let at = outlined.iter().position(|member| *member.name == *name)?;
    let (member, rest) = outlined.get(at..)?.split_first()?;
    Some((member, rest))
}

/// The member with this name, searched for from its expected position: accounts are built in the order of the schema.
fn find_from<'s>(members: &'s [Member], expected: usize, name: &str) -> Option<(usize, &'s Member)> {
    let (before, after) = members.split_at_checked(expected).unwrap_or((members, &[]));
    let later = after.iter().enumerate().map(|(at, member)| (expected + at, member));
    later.chain(before.iter().enumerate()).find(|(_, member)| member.name == name)
}

/// Checks a value that the schema does not describe: bytes cannot be represented in JSON.
fn check_json(value: Value<'_>, place: Place<'_>, found: &mut Violations) {
    match value {
        Value::Bytes(_) => found.add(place, Breach::Kind { expected: Kinds::JSON, found: Kind::Bytes }),
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                check_json(*item, place.element(at), found);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                check_json(*value, place.member(name), found);
            }
        }
        _ => {}
    }
}

/// Whether the value equals a value listed in a schema.
fn equals(value: Value<'_>, listed: &serde_json::Value) -> bool {
    match (value, listed) {
        (Value::Text(_), _) => is_text(value, listed),
        (Value::Bool(flag), serde_json::Value::Bool(listed)) => flag == *listed,
        (Value::Bool(_), _) => false,
        _ => {
            let arena = bumpalo::Bump::new();
            same(value, crate::model::json::from_json(listed, &arena))
        }
    }
}

fn is_text(value: Value<'_>, listed: &serde_json::Value) -> bool {
    matches!((value, listed), (Value::Text(text), serde_json::Value::String(listed)) if text == listed)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use crate::model::Value;
    use crate::model::read::{ReadLimits, parse};
    use crate::schema::{Place, Schema, Violations};

    /// The violations of `value`, as JSON text, in a claim `x` of the given shape.
    fn broken(shape: &Json, value: &str) -> String {
        let document = json!({"type": "object", "properties": {"x": shape}});
        let schema = Schema::from_json("test", &document).expect("a schema");
        let arena = Bump::new();
        let value = parse(value, &arena, &ReadLimits::default()).expect("JSON");
        let mut found = Violations::default();
        schema.claim("x").expect("a claim").shape.check(value, Place::claim("x"), &mut found);
        found.to_string()
    }

    #[test]
    fn every_rule_is_enforced() {
        for (shape, value, message) in [
            (json!({"type": "string"}), "\"a\"", ""),
            (json!({"type": "string"}), "1", "`x` must be text, not integer"),
            (json!({"type": ["string", "null"]}), "null", ""),
            (json!({"type": ["string", "integer"]}), "[]", "`x` must be number or text, not list"),
            (json!({"type": "string", "minLength": 2}), "\"ü\"", "`x` has fewer than 2 characters"),
            (json!({"type": "string", "maxLength": 2}), "\"üüü\"", "`x` has more than 2 characters"),
            (json!({"pattern": r"^\d+$"}), "\"12\"", ""),
            (json!({"pattern": r"^\d+$"}), "\"1\u{662}\"", r"`x` does not match `^\d+$`"),
            (json!({"pattern": "aZ$"}), "\"aZaZ\"", ""),
            (json!({"pattern": "aZ$"}), "\"aZ\\n\"", "`x` does not match `aZ$`"),
            (json!({"pattern": r"\$"}), "\"a$b\"", ""),
            (json!({"pattern": r"^[[&&\w]+\/$"}), "\"[&a/\"", ""),
            (json!({"enum": ["a", 1, null]}), "1.0", ""),
            (json!({"enum": ["a", 1, null]}), "\"b\"", r#"`x` is not one of "a", 1, null"#),
            (json!({"const": {"a": [1]}}), r#"{"a":[1]}"#, ""),
            (json!({"enum": ["a", "b"], "const": "b"}), "\"a\"", r#"`x` is not one of "b""#),
            (json!({"type": "integer"}), "123456789012345678901234567890", ""),
            (json!({"type": "integer", "maximum": 5}), "123456789012345678901234567890", "`x` is above 5"),
            (json!({"type": "integer", "minimum": 5}), "-1e40", "`x` is below 5"),
            (json!({"type": "integer", "minimum": 5}), "5.0", ""),
            (json!({"type": "integer", "minimum": 5}), "0.0", "`x` is below 5"),
            (json!({"type": "integer"}), "1.5", "`x` is not a whole number"),
            (json!({"type": "integer", "minimum": 0.5}), "0", "`x` violates `minimum` of the schema"),
            (json!({"type": "number", "maximum": 1.5}), "1.6", "`x` is above 1.5"),
            (json!({"type": "number", "minimum": 1.5}), "1", "`x` is below 1.5"),
            (json!({"type": "boolean"}), "\"true\"", "`x` must be boolean, not text"),
            (json!({"type": "array", "minItems": 1}), "[]", "`x` has fewer than 1 elements"),
            (json!({"type": "array", "maxItems": 1}), "[1,2]", "`x` has more than 1 elements"),
            (json!({"items": {"type": "string"}}), "[\"a\",1]", "`x[1]` must be text, not integer"),
            (json!({"uniqueItems": true}), r#"[1,{"a":1,"b":2},{"b":2,"a":1.0}]"#, "`x[2]` is a duplicate"),
            (json!({"required": ["a"]}), "{}", "`x.a` is required"),
            (json!({"additionalProperties": false}), r#"{"a.b":1}"#, "`x.\"a.b\"` is not in the schema"),
            (json!({"additionalProperties": {"type": "string"}}), r#"{"a":1}"#, "`x.a` must be text, not integer"),
            (json!(false), "1", "`x` must be no value, not integer"),
            (json!(true), "1", ""),
        ] {
            assert_eq!(broken(&shape, value), message, "{shape} {value}");
        }
    }

    #[test]
    fn unmodelled_keywords_are_enforced() {
        for (shape, value, message) in [
            (json!({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}), r#"{"b":1}"#, ""),
            (json!({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}), "{}", "`x` violates `anyOf` of the schema"),
            (json!({"type": "string", "not": {"const": "root"}}), "\"root\"", "`x` violates `not` of the schema"),
            (json!({"type": "string", "pattern": "^(?!a)"}), "\"ab\"", "`x` violates `pattern` of the schema"),
            (json!({"type": "string", "format": "ipv4"}), "\"1.2.3\"", "`x` violates `format` of the schema"),
            (json!({"type": "string", "format": "our-own"}), "\"1.2.3\"", ""),
            (json!({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}), "123456789012345678901234567890", ""),
            (json!({"anyOf": [{"type": "number"}, {"type": "boolean"}]}), "1e400", ""),
            (json!({"type": "integer", "multipleOf": 5}), "12", "`x` violates `multipleOf` of the schema"),
            (json!({"type": ["string", "null"], "minLength": 2}), "\"a\"", "`x` has fewer than 2 characters"),
            (json!({"type": ["string", "array"], "minLength": 2}), "\"a\"", "`x` violates `minLength` of the schema"),
            (
                json!({"patternProperties": {"^x-": {"type": "string"}}, "properties": {"a": {}}, "additionalProperties": false}),
                r#"{"a":1,"x-b":1,"c":1}"#,
                "`x.x-b` violates `type` of the schema; `x` violates `additionalProperties` of the schema",
            ),
            (
                json!({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}),
                r#"["a","b"]"#,
                "`x[1]` violates `type` of the schema",
            ),
            (
                json!({"properties": {"a": {}}, "unevaluatedProperties": false}),
                r#"{"b":1}"#,
                "`x` violates `unevaluatedProperties` of the schema",
            ),
        ] {
            let mut messages: Vec<_> = broken(&shape, value).split("; ").map(str::to_owned).collect();
            messages.sort();
            assert_eq!(messages.join("; "), message, "{shape} {value}");
        }
    }

    #[test]
    fn duplicates_are_found_in_long_lists() {
        let numbers: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        let list = format!("[{}, 7.0]", numbers.join(","));
        assert_eq!(broken(&json!({"uniqueItems": true}), &list), "`x[100]` is a duplicate");
        assert_eq!(broken(&json!({"uniqueItems": true}), &format!("[{}]", numbers.join(","))), "");
    }

    #[test]
    fn members_are_found_in_any_order() {
        let shape = json!({"type": "object", "additionalProperties": false, "required": ["c"],
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "c": {"type": "string"}}});
        assert_eq!(broken(&shape, r#"{"c":"1","a":"2","b":"3"}"#), "");
        assert_eq!(broken(&shape, r#"{"b":"1","a":2}"#), "`x.a` must be text, not integer; `x.c` is required");
        let schema = Schema::from_json("test", &shape).expect("a schema");
        let mut found = Violations::default();
        let members = [("c", Value::Missing), ("z", Value::Missing)];
        schema.root().check(Value::Object(&members), Place::account(), &mut found);
        assert_eq!(found.to_string(), "`c` is required");
    }

    /// A schema that uses exactly the keywords that shapes model.
    fn modelled() -> Json {
        json!({"type": "object", "additionalProperties": false, "required": ["a"], "properties": {
            "a": {"type": "string", "minLength": 1, "maxLength": 3, "pattern": "^[a-c]"},
            "b": {"type": ["integer", "null"], "minimum": -2, "maximum": 2},
            "c": {"type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": true, "items": {"enum": ["a", 1, true, null]}},
            "d": {"type": "object", "required": ["a"], "properties": {"a": {"type": "boolean"}}},
            "e": {"type": "number", "minimum": 0.5},
        }})
    }

    fn any_value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            (-4_i64..4).prop_map(Json::from),
            prop_oneof![Just(0.25), Just(1.0), Just(1.5)].prop_map(Json::from),
            "[a-d]{0,4}".prop_map(Json::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::btree_map("[a-f]", inner, 0..5)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_the_general_validator(
            members in prop::collection::btree_map("[a-f]", any_value(), 0..5),
            a in prop::option::of("[a-c]{1,3}"),
        ) {
            let mut account: serde_json::Map<_, _> = members.into_iter().collect();
            if let Some(a) = a {
                account.insert("a".to_owned(), Json::from(a));
            }
            let account = Json::Object(account);
            let document = modelled();
            let schema = Schema::from_json("test", &document).expect("a schema");
            let arena = Bump::new();
            let draft = crate::model::json::from_json(&account, &arena);
            let accepted = schema.accept(draft).is_ok();
            for (name, value) in draft.as_object().unwrap_or_default() {
                let mut found = Violations::default();
                if let Some(shape) = schema.root().member(name).filter(|shape| shape.admits(*value)) {
                    shape.check(*value, Place::claim(name), &mut found);
                }
                prop_assert_eq!(found.to_string(), "");
            }
            prop_assert_eq!(accepted, jsonschema::is_valid(&document, &account), "{}", account);
        }
    }
}
