//! Records which claims of an account have been checked before it is assembled, so that no check runs twice.

use super::Schema;
use super::path::path_names;
use super::shape::{Shape, ShapeKind};

/// How much of the value at one place of an account has been checked.
#[derive(Debug)]
pub(super) enum Outline {
    /// All of it.
    Checked,
    /// These members.
    Object(Vec<Outlined>),
}

/// A member of an object that has been checked at least partly.
#[derive(Debug)]
pub(super) struct Outlined {
    pub name: Box<str>,
    /// Its position among the members that the schema names; `None` for a member of an open object.
    pub position: Option<usize>,
    pub required: bool,
    pub outline: Outline,
}

/// The claims of an account of one schema that are checked with [`Shape::check`] when they are computed.
///
/// `Schema::accept_made` checks only what depends on the combination of claims: required members, and the constraints of
/// the objects around the claims.
#[derive(Debug, Default)]
pub struct Outlines {
    pub(super) claims: Vec<Outlined>,
    /// Whether combining the claims cannot violate anything.
    pub(super) settled: bool,
}

impl Outlines {
    /// The same outline, for accounts that also have other claims.
    #[must_use]
    pub fn with_others(self) -> Self {
        Self { settled: false, ..self }
    }
}

impl Schema {
    /// The outline of accounts whose claims at these paths are checked when they are computed; `paths` is in the order of the
    /// account. If one claim contains another, both are left out: the outer one is checked as a whole after they are merged.
    ///
    /// The caller that assembles the claims must leave out an object that lacks a required claim.
    #[must_use]
    pub fn outline<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> Outlines {
        let paths: Vec<Vec<&str>> = paths.into_iter().filter_map(path_names).collect();
        let meets = |a: &[&str], b: &[&str]| a.len() != b.len() && (a.starts_with(b) || b.starts_with(a));
        let mut outlined = Vec::new();
        for path in paths.iter().filter(|path| !paths.iter().any(|other| meets(path, other))) {
            mark(&mut outlined, path, self.root());
        }
        let settled =
            requires_no_member(self.root()) && leaves(&outlined) == paths.len() && is_settled(&outlined, self.root());
        Outlines { claims: outlined, settled }
    }
}

/// Whether an empty account is valid: unlike a nested object, an account cannot be left out.
fn requires_no_member(root: &Shape) -> bool {
    matches!(&root.kind, ShapeKind::Object(object) if object.members.iter().all(|member| !member.required))
}

/// The number of claims that are checked as a whole.
fn leaves(outlined: &[Outlined]) -> usize {
    let inside = |member: &Outlined| match &member.outline {
        Outline::Checked => 1,
        Outline::Object(inside) => leaves(inside),
    };
    outlined.iter().map(inside).sum()
}

/// Whether an object of checked members is valid without another check: the schema has no constraints on it as a whole, and
/// only requires members of the objects inside it that are claims of their own.
fn is_settled(outlined: &[Outlined], shape: &Shape) -> bool {
    let ShapeKind::Object(object) = &shape.kind else { return false };
    let is_claim =
        |name: &str| outlined.iter().any(|known| *known.name == *name && matches!(known.outline, Outline::Checked));
    shape.choices.is_none()
        && shape.residual.is_none()
        && object.members.iter().all(|member| !member.required || is_claim(&member.name))
        && outlined.iter().all(|known| match &known.outline {
            Outline::Checked => true,
            Outline::Object(inside) => {
                !known.required && shape.member(&known.name).is_some_and(|shape| is_settled(inside, shape))
            }
        })
}

/// Marks a path inside an object as checked. Has no effect for anything except an object with named members.
fn mark(outlined: &mut Vec<Outlined>, path: &[&str], shape: &Shape) {
    let (Some((name, rest)), ShapeKind::Object(object)) = (path.split_first(), &shape.kind) else { return };
    let position = object.members.iter().position(|member| member.name == *name);
    let member = position.and_then(|at| object.members.get(at));
    let Some(inner) = shape.member(name) else { return };
    let is_object = matches!(inner.kind, ShapeKind::Object(_));
    if !rest.is_empty() && (position.is_none() || !is_object) {
        return;
    }
    let at = outlined.iter().position(|known| *known.name == **name).unwrap_or_else(|| {
        let outline = if rest.is_empty() { Outline::Checked } else { Outline::Object(Vec::new()) };
        let required = member.is_some_and(|member| member.required);
        outlined.push(Outlined { name: (*name).into(), position, required, outline });
        outlined.len() - 1
    });
    if let Some(Outlined { outline: Outline::Object(inside), .. }) = outlined.get_mut(at) {
        mark(inside, rest, inner);
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::json::from_json;

    fn schema() -> Schema {
        let document = json!({
            "type": "object", "additionalProperties": false, "required": ["id"],
            "anyOf": [{"required": ["mail"]}, {"required": ["open"]}],
            "properties": {
                "id": {"type": "string", "minLength": 1},
                "mail": {"type": "object", "required": ["value"], "additionalProperties": false,
                    "properties": {"value": {"type": "string"}, "ok": {"type": "boolean"}}},
                "pair": {"type": "object", "minProperties": 2,
                    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
                "open": {"type": "object", "additionalProperties": {"type": "integer"}},
            },
        });
        Schema::from_json("test", &document).expect("a schema")
    }

    #[test]
    fn claims_inside_others_are_checked_again() {
        let schema = schema();
        for (paths, marked) in [
            (&["id", "mail.value"][..], "id mail(value)"),
            (&["mail", "mail.value", "id"], "id"),
            (&["open.x", "pair.b", "pair.a"], "open(x) pair(b a)"),
            (&["open.x.y", "id.x", "nothing"], "open()"),
        ] {
            let written: Vec<String> = schema.outline(paths.iter().copied()).claims.iter().map(show).collect();
            assert_eq!(written.join(" "), marked, "{paths:?}");
        }
    }

    #[test]
    fn claims_without_outer_constraints_are_settled() {
        let open = |required: &serde_json::Value| {
            let mail = json!({"type": "object", "required": ["value"], "properties": {"value": {"type": "string"}, "ok": {"type": "boolean"}}});
            let document = json!({"type": "object", "required": required, "properties": {"mail": mail, "pair": {
                "type": "object", "minProperties": 2, "properties": {"a": {"type": "integer"}}}}});
            Schema::from_json("test", &document).expect("a schema")
        };
        for (required, paths, settled) in [
            (json!([]), &["mail.value", "mail.ok"][..], true),
            (json!([]), &["mail"], true),
            (json!([]), &["mail.ok"], false),
            (json!([]), &["mail", "mail.value"], false),
            (json!([]), &["mail.value", "pair.a"], false),
            (json!(["mail"]), &["mail.value"], false),
        ] {
            let outlines = open(&required).outline(paths.iter().copied());
            assert_eq!(outlines.settled, settled, "{required} {paths:?}");
            assert!(!outlines.with_others().settled);
        }
    }

    fn show(member: &Outlined) -> String {
        match &member.outline {
            Outline::Checked => member.name.to_string(),
            Outline::Object(inside) => {
                format!("{}({})", member.name, inside.iter().map(show).collect::<Vec<_>>().join(" "))
            }
        }
    }

    proptest! {
        /// For any subset of valid claims, both ways to accept an account have the same result.
        #[test]
        fn both_ways_agree(there in prop::array::uniform8(any::<bool>()), known in prop::array::uniform8(any::<bool>())) {
            const CLAIMS: [(&str, &str); 8] = [
                ("id", ""), ("mail", "value"), ("mail", "ok"), ("pair", "a"), ("pair", "b"), ("open", "x"), ("open", "y"),
                ("mail", "stray"),
            ];
            let mut draft = serde_json::Map::new();
            for ((name, inner), _) in CLAIMS.iter().zip(there).filter(|(_, there)| *there) {
                let value = match *inner {
                    "" | "value" => json!("x"),
                    "ok" => json!(true),
                    _ => json!(1),
                };
                match *inner {
                    "" => drop(draft.insert((*name).to_owned(), value)),
                    inner => draft.entry(*name).or_insert_with(|| json!({}))[inner] = value,
                }
            }
            let paths: Vec<String> = CLAIMS.iter().zip(known).filter(|(_, known)| *known)
                .map(|((name, inner), _)| if inner.is_empty() { (*name).to_owned() } else { format!("{name}.{inner}") })
                .collect();
            let (schema, arena) = (schema(), Bump::new());
            let outlines = schema.outline(paths.iter().map(String::as_str));
            let draft = from_json(&serde_json::Value::Object(draft), &arena);
            let messages = |result: Result<_, crate::schema::Violations>| result.map(|_| ()).map_err(|found| found.to_string());
            prop_assert_eq!(messages(schema.found_in(draft, &outlines.claims)), messages(schema.found_in(draft, &[])));
        }
    }
}
