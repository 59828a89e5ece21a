//! Reads JSON Schema documents into shapes.
//!
//! Drafts 4 to 2020-12 are read alike. A schema without `type` takes the type that its keywords speak of. Keywords that
//! shapes do not model are left to the general validator, so that no rule of the document is ever dropped.

use jsonschema::Draft;
use regex::Regex;
use serde_json::{Map, Value as Json};

use super::SchemaError;
use super::format::TextFormat;
use super::kinds::KindSet;
use super::residual::Residual;
use super::shape::{ListShape, Member, ObjectShape, Pattern, Range, Shape, ShapeKind, TextShape};
use crate::diag::closest;
use crate::model::Kind;

/// Schemas inside each other. Stops a document from using up the stack; SCIM has 5 levels.
const MAX_DEPTH: usize = 48;
/// Shapes of one document. Stops references from multiplying without end; SCIM has about 90.
const MAX_SHAPES: usize = 20_000;

/// Keywords that shapes leave to the general validator wherever they stand.
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

/// Keywords whose meaning depends on all others at the same place, so the general validator gets the whole place.
const HOLISTIC: [&str; 4] = ["$dynamicRef", "$recursiveRef", "unevaluatedItems", "unevaluatedProperties"];

/// Keywords that demand something of values, whoever enforces it.
const DEMANDS: [&str; 19] = [
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

const TYPES: [(&str, KindSet); 7] = [
    ("string", KindSet::TEXT),
    ("boolean", KindSet::BOOLEAN),
    ("integer", KindSet::NUMBER),
    ("number", KindSet::NUMBER),
    ("array", KindSet::LIST),
    ("object", KindSet::OBJECT),
    ("null", KindSet::of(&[Kind::Null])),
];

/// Which keywords speak of which type, for schemas that name none.
const SPOKEN: [(&str, &str); 15] = [
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

type Node = Map<String, Json>;

/// Reads a whole document.
pub(super) fn read(document: &Json) -> Result<Shape, SchemaError> {
    let draft = Draft::default().detect(document);
    if draft == Draft::Unknown {
        return Err(SchemaError::new("/$schema", "this is not a version of JSON Schema that Landfall knows"));
    }
    let lone_refs = matches!(draft, Draft::Draft4 | Draft::Draft6 | Draft::Draft7);
    let mut reader = Reader { root: document, lone_refs, open: Vec::new(), level: 0, depth: 0, shapes: 0 };
    let shape = reader.schema(document, "")?;
    jsonschema::meta::validate(document)
        .map_err(|error| SchemaError::new(error.instance_path().as_str(), error.to_string()))?;
    if !shape.accepts_kinds().contains(Kind::Object) {
        return Err(SchemaError::new("", "an account is an object, and this schema takes none"));
    }
    Ok(shape)
}

struct Reader<'d> {
    root: &'d Json,
    /// Keywords beside `$ref` count for nothing, as up to draft 7.
    lone_refs: bool,
    /// The references being followed, each with the level at which it was.
    open: Vec<(String, usize)>,
    /// How many members and lists the reader has gone into.
    level: usize,
    depth: usize,
    shapes: usize,
}

impl Reader<'_> {
    fn schema(&mut self, schema: &Json, at: &str) -> Result<Shape, SchemaError> {
        self.shapes += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SchemaError::new(at, format!("schemas are nested deeper than {MAX_DEPTH} levels")));
        }
        if self.shapes > MAX_SHAPES {
            return Err(SchemaError::new(at, format!("the schema unfolds to more than {MAX_SHAPES} places")));
        }
        let shape = match schema {
            Json::Bool(true) => Shape::any(),
            Json::Bool(false) => Shape::new(ShapeKind::Any, KindSet::NONE),
            Json::Object(node) => self.node(node, at)?,
            other => return Err(wrong(at, "a schema (an object, `true` or `false`)", other)),
        };
        self.depth -= 1;
        Ok(shape)
    }

    /// Goes into a member or an element, which is what makes a recursive schema legal.
    fn inner(&mut self, schema: &Json, at: &str) -> Result<Shape, SchemaError> {
        self.level += 1;
        let shape = self.schema(schema, at);
        self.level -= 1;
        shape
    }

    fn node(&mut self, node: &Node, at: &str) -> Result<Shape, SchemaError> {
        let mut shape = match node.get("$ref") {
            Some(target) if self.lone_refs || !demands_anything(node) => self.follow(target, at)?,
            _ => match nullable(node) {
                Some((keyword, index, branch)) => {
                    let mut shape = self.schema(branch, &format!("{at}/{keyword}/{index}"))?;
                    shape.kinds = shape.kinds | KindSet::from(Kind::Null);
                    shape
                }
                None => self.plain(node, at)?,
            },
        };
        if let Some(about) = node.get("description") {
            shape.about = text(about, &format!("{at}/description"))?.to_owned();
        }
        if let Some(sensitive) = node.get("x-sensitive") {
            shape.sensitive = flag(sensitive, &format!("{at}/x-sensitive"))?;
        }
        Ok(shape)
    }

    fn follow(&mut self, target: &Json, at: &str) -> Result<Shape, SchemaError> {
        let place = format!("{at}/$ref");
        let target = text(target, &place)?;
        let Some(pointer) = target.strip_prefix('#').filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
            let message = format!("`{target}` is not a place in this document; references look like `#/$defs/name`");
            return Err(SchemaError::new(place, message));
        };
        let decoded = percent_encoding::percent_decode_str(pointer).decode_utf8_lossy();
        let Some(schema) = self.root.pointer(&decoded) else {
            return Err(SchemaError::new(place, format!("`{target}` is not in the document")));
        };
        if let Some((_, level)) = self.open.iter().find(|(open, _)| open == target) {
            if *level == self.level {
                return Err(SchemaError::new(place, format!("`{target}` leads back to itself")));
            }
            // A recursive schema, a tree for example: unfolded once, then left to the general validator.
            let mut shape = Shape::any();
            let keywords = Map::from_iter([("$ref".to_owned(), Json::from(target))]);
            shape.residual = Some(self.residual(keywords, false, at)?);
            return Ok(shape);
        }
        self.open.push((target.to_owned(), self.level));
        let shape = self.schema(schema, &decoded);
        self.open.pop();
        shape
    }

    fn plain(&mut self, node: &Node, at: &str) -> Result<Shape, SchemaError> {
        let (kinds, only) = types(node, at)?;
        let mut left = leftovers(node);
        let kind = match only {
            Some("string") => ShapeKind::Text(text_shape(node, &mut left, at)?),
            Some("boolean") => ShapeKind::Boolean,
            Some("integer") => ShapeKind::Integer(integers(node, &mut left)),
            Some("number") => ShapeKind::Number(numbers(node)),
            Some("array") => ShapeKind::List(self.list(node, &mut left, at)?),
            Some("object") => ShapeKind::Object(self.object(node, at)?),
            _ => {
                leave_demands(node, &mut left);
                ShapeKind::Any
            }
        };
        let mut shape = Shape::new(kind, kinds);
        shape.choices = choices(node, at)?;
        self.learn_from_parts(&mut shape, node, at)?;
        let holistic = HOLISTIC.iter().any(|keyword| node.contains_key(*keyword));
        if holistic {
            left.clone_from(node);
        }
        if !left.is_empty() {
            shape.residual = Some(self.residual(left, holistic, at)?);
        }
        Ok(shape)
    }

    fn residual(&self, keywords: Node, repeats_shape: bool, at: &str) -> Result<Residual, SchemaError> {
        Residual::new(keywords, self.root, repeats_shape).map_err(|message| SchemaError::new(at, message))
    }

    fn list(&mut self, node: &Node, left: &mut Node, at: &str) -> Result<ListShape, SchemaError> {
        let element = match node.get("items") {
            Some(items @ (Json::Object(_) | Json::Bool(_))) if !node.contains_key("prefixItems") => {
                self.inner(items, &format!("{at}/items"))?
            }
            Some(items) => {
                left.insert("items".to_owned(), items.clone());
                Shape::any()
            }
            None => Shape::any(),
        };
        Ok(ListShape {
            element: Box::new(element),
            unique: node.get("uniqueItems").map_or(Ok(false), |unique| flag(unique, &format!("{at}/uniqueItems")))?,
            min_items: size(node, "minItems", at)?,
            max_items: size(node, "maxItems", at)?,
        })
    }

    fn object(&mut self, node: &Node, at: &str) -> Result<ObjectShape, SchemaError> {
        let mut members = Vec::new();
        for (name, schema) in members_of(node, at)? {
            let place = format!("{at}/properties/{}", pointer_step(name));
            members.push(Member { name: name.clone(), shape: self.inner(schema, &place)?, required: false });
        }
        let additional = match node.get("additionalProperties") {
            // Which members are additional then depends on the patterns; the general validator knows.
            _ if node.contains_key("patternProperties") => Some(Shape::any()),
            Some(Json::Bool(false)) => None,
            Some(schema) => Some(self.inner(schema, &format!("{at}/additionalProperties"))?),
            None => Some(Shape::any()),
        };
        for name in required_names(node, at)? {
            match (members.iter_mut().find(|member| member.name == name), &additional) {
                (Some(member), _) => member.required = true,
                (None, Some(shape)) => {
                    members.push(Member { name: name.to_owned(), shape: shape.clone(), required: true });
                }
                (None, None) => {
                    let message =
                        format!("`{name}` is required, but the object has no such member and takes no others");
                    return Err(SchemaError::new(format!("{at}/required"), message));
                }
            }
        }
        Ok(ObjectShape::new(members, additional.map(Box::new)))
    }

    /// Takes over what the parts of `allOf`, and a `$ref` with other keywords beside it, say of kinds and members, so that
    /// claims below them are known. Enforcing them stays with the general validator.
    fn learn_from_parts(&mut self, shape: &mut Shape, node: &Node, at: &str) -> Result<(), SchemaError> {
        let mut parts = Vec::new();
        if let Some(target) = node.get("$ref") {
            parts.push(self.follow(target, at)?);
        }
        for (index, part) in node.get("allOf").and_then(Json::as_array).into_iter().flatten().enumerate() {
            parts.push(self.schema(part, &format!("{at}/allOf/{index}"))?);
        }
        for part in parts {
            learn(shape, part);
        }
        Ok(())
    }
}

/// Adds what `part` says to a shape that has to keep it, too.
fn learn(shape: &mut Shape, mut part: Shape) {
    shape.kinds = shape.kinds.and(part.kinds);
    shape.sensitive |= part.sensitive;
    if shape.about.is_empty() {
        shape.about = std::mem::take(&mut part.about);
    }
    match (&mut shape.kind, part.kind) {
        (ShapeKind::Object(object), ShapeKind::Object(other)) => {
            let mut members = std::mem::take(&mut object.members);
            for theirs in other.members {
                match members.iter_mut().find(|ours| ours.name == theirs.name) {
                    Some(ours) => {
                        ours.required |= theirs.required;
                        learn(&mut ours.shape, theirs.shape);
                    }
                    None => members.push(theirs),
                }
            }
            let additional = match (object.additional.take(), other.additional) {
                (Some(ours), Some(_)) => Some(ours),
                _ => None,
            };
            *object = ObjectShape::new(members, additional);
        }
        (kind @ ShapeKind::Any, theirs) => *kind = theirs,
        _ => {}
    }
}

/// The types of a schema as kinds, and the only one beside `null` when there is just one.
fn types<'n>(node: &'n Node, at: &str) -> Result<(KindSet, Option<&'n str>), SchemaError> {
    let place = format!("{at}/type");
    let names: Vec<&str> = match node.get("type") {
        None => match spoken_type(node) {
            Some(name) => vec![name],
            None => return Ok((KindSet::JSON, None)),
        },
        Some(Json::Array(names)) => names.iter().map(|name| text(name, &place)).collect::<Result<_, _>>()?,
        Some(name) => vec![text(name, &place)?],
    };
    let mut kinds = KindSet::NONE;
    for name in &names {
        let Some((_, more)) = TYPES.iter().find(|(known, _)| known == name) else {
            let meant = closest(name, TYPES.iter().map(|(known, _)| *known));
            let hint = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            return Err(SchemaError::new(place, format!("`{name}` is not a type{hint}")));
        };
        kinds = kinds | *more;
    }
    let mut others = names.iter().filter(|name| **name != "null");
    match (others.next(), others.next()) {
        (Some(only), None) => Ok((kinds, Some(only))),
        _ => Ok((kinds, None)),
    }
}

fn spoken_type(node: &Node) -> Option<&'static str> {
    let only_text =
        |listed: &Json| listed.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(Json::is_string));
    if node.get("enum").is_some_and(only_text) || node.get("const").is_some_and(Json::is_string) {
        return Some("string");
    }
    let mut spoken = SPOKEN.iter().filter(|(keyword, _)| node.contains_key(*keyword)).map(|(_, name)| *name);
    let first = spoken.next()?;
    spoken.all(|name| name == first).then_some(first)
}

/// A schema or nothing: the branch of `anyOf` or `oneOf` whose only other branch is `null`.
fn nullable(node: &Node) -> Option<(&'static str, usize, &Json)> {
    if DEMANDS.iter().any(|keyword| node.contains_key(*keyword)) || node.contains_key("$ref") {
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

fn demands_anything(node: &Node) -> bool {
    DEMANDS.iter().chain(&UNMODELLED).chain(&HOLISTIC).any(|keyword| node.contains_key(*keyword))
}

/// The keywords that a shape does not model, with those that they cannot be understood without.
fn leftovers(node: &Node) -> Node {
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

/// Leaves all demands of a place with several types to the general validator.
fn leave_demands(node: &Node, left: &mut Node) {
    for keyword in DEMANDS.iter().filter(|keyword| !matches!(**keyword, "type" | "enum" | "const")) {
        if let Some(value) = node.get(*keyword) {
            left.insert((*keyword).to_owned(), value.clone());
        }
    }
}

fn text_shape(node: &Node, left: &mut Node, at: &str) -> Result<TextShape, SchemaError> {
    let mut shape = TextShape {
        min_length: size(node, "minLength", at)?,
        max_length: size(node, "maxLength", at)?,
        ..TextShape::default()
    };
    if let Some(format) = node.get("format") {
        shape.format = TextFormat::named(text(format, &format!("{at}/format"))?);
        if shape.format.is_none() {
            left.insert("format".to_owned(), format.clone());
        }
    }
    if let Some(pattern) = node.get("pattern") {
        let source = text(pattern, &format!("{at}/pattern"))?;
        match Regex::new(&to_rust_syntax(source)) {
            Ok(regex) => shape.pattern = Some(Pattern { source: source.to_owned(), regex }),
            // Look-around and back-references; whether the pattern is one at all, the general validator says.
            Err(_) => {
                left.insert("pattern".to_owned(), pattern.clone());
            }
        }
    }
    Ok(shape)
}

/// Rewrites what means something else in ECMA-262 than in the `regex` crate: classes of ASCII only, `\/`, and signs that
/// are plain inside brackets.
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

fn integers(node: &Node, left: &mut Node) -> Range<i64> {
    let mut bound = |keyword: &str| match node.get(keyword) {
        Some(value) if value.as_i64().is_none() => {
            left.insert(keyword.to_owned(), value.clone());
            None
        }
        value => value.and_then(Json::as_i64),
    };
    Range { min: bound("minimum"), max: bound("maximum") }
}

fn numbers(node: &Node) -> Range<f64> {
    let bound = |keyword| node.get(keyword).and_then(Json::as_f64);
    Range { min: bound("minimum"), max: bound("maximum") }
}

fn choices(node: &Node, at: &str) -> Result<Option<Vec<Json>>, SchemaError> {
    match (node.get("enum"), node.get("const")) {
        (Some(Json::Array(listed)), only) => {
            Ok(Some(listed.iter().filter(|value| only.is_none_or(|only| only == *value)).cloned().collect()))
        }
        (Some(other), _) => Err(wrong(&format!("{at}/enum"), "a list", other)),
        (None, only) => Ok(only.map(|only| vec![only.clone()])),
    }
}

fn members_of<'n>(node: &'n Node, at: &str) -> Result<impl Iterator<Item = (&'n String, &'n Json)>, SchemaError> {
    let members = match node.get("properties") {
        Some(Json::Object(members)) => Some(members),
        Some(other) => return Err(wrong(&format!("{at}/properties"), "an object", other)),
        None => None,
    };
    Ok(members.into_iter().flatten())
}

fn required_names<'n>(node: &'n Node, at: &str) -> Result<Vec<&'n str>, SchemaError> {
    let place = format!("{at}/required");
    match node.get("required") {
        Some(Json::Array(names)) => names.iter().map(|name| text(name, &place)).collect(),
        Some(other) => Err(wrong(&place, "a list of names", other)),
        None => Ok(Vec::new()),
    }
}

fn size(node: &Node, keyword: &str, at: &str) -> Result<Option<u64>, SchemaError> {
    let Some(value) = node.get(keyword) else { return Ok(None) };
    match value.as_u64() {
        Some(size) => Ok(Some(size)),
        None => Err(wrong(&format!("{at}/{keyword}"), "a whole number from 0", value)),
    }
}

fn text<'n>(value: &'n Json, at: &str) -> Result<&'n str, SchemaError> {
    value.as_str().ok_or_else(|| wrong(at, "text", value))
}

fn flag(value: &Json, at: &str) -> Result<bool, SchemaError> {
    value.as_bool().ok_or_else(|| wrong(at, "`true` or `false`", value))
}

fn wrong(at: &str, expected: &str, found: &Json) -> SchemaError {
    let found = match found {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "text",
        Json::Array(_) => "a list",
        Json::Object(_) => "an object",
    };
    SchemaError::new(at, format!("this has to be {expected}, not {found}"))
}

fn pointer_step(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
