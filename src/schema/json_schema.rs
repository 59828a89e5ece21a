//! Reads JSON Schema documents into shapes.
//!
//! Drafts 4 to 2020-12 are read the same way. A schema without `type` gets the type that its keywords imply. Keywords that
//! shapes do not model are left to the general validator, so that no rule of the document is ignored.

use jsonschema::Draft;
use serde_json::{Map, Value as Json};

use super::SchemaError;
use super::keywords::{
    Node, choices, flag, has_constraints, integers, is_holistic, leave_constraints, leftovers, members_of, nullable,
    numbers, pointer_step, required_names, size, text, text_shape, types, wrong,
};
use super::residual::Residual;
use super::shape::{ListShape, Member, ObjectShape, Shape, ShapeKind};
use crate::model::Kind;
use crate::model::Kinds;

/// The maximum nesting of schemas. Stops a document from overflowing the stack; SCIM has 5 levels.
const MAX_DEPTH: usize = 48;
/// The maximum number of shapes of a document. Stops references from multiplying exponentially; SCIM has about 90.
const MAX_SHAPES: usize = 20_000;

/// Reads a whole document.
pub(super) fn read(document: &Json) -> Result<Shape, SchemaError> {
    let draft = Draft::default().detect(document);
    if draft == Draft::Unknown {
        return Err(SchemaError::new("/$schema", "this version of JSON Schema is not supported"));
    }
    let lone_refs = matches!(draft, Draft::Draft4 | Draft::Draft6 | Draft::Draft7);
    let mut reader = Reader { root: document, lone_refs, open: Vec::new(), level: 0, depth: 0, shapes: 0 };
    let shape = reader.schema(document, "")?;
    jsonschema::meta::validate(document)
        .map_err(|error| SchemaError::new(error.instance_path().as_str(), error.to_string()))?;
    if !shape.accepts_kinds().contains(Kind::Object) {
        return Err(SchemaError::new("", "an account is an object, but this schema does not allow objects"));
    }
    Ok(shape)
}

struct Reader<'d> {
    root: &'d Json,
    /// Keywords next to `$ref` are ignored, as in drafts up to 7.
    lone_refs: bool,
    /// The references being followed, each with its level.
    open: Vec<(String, usize)>,
    /// The number of members and lists that the reader has entered.
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
            return Err(SchemaError::new(at, format!("the schema expands to more than {MAX_SHAPES} places")));
        }
        let shape = match schema {
            Json::Bool(true) => Shape::any(),
            Json::Bool(false) => Shape::new(ShapeKind::Any, Kinds::NONE),
            Json::Object(node) => self.node(node, at)?,
            other => return Err(wrong(at, "a schema (an object, `true` or `false`)", other)),
        };
        self.depth -= 1;
        Ok(shape)
    }

    /// Enters a member or an element, which is what makes a recursive schema valid.
    fn inner(&mut self, schema: &Json, at: &str) -> Result<Shape, SchemaError> {
        self.level += 1;
        let shape = self.schema(schema, at);
        self.level -= 1;
        shape
    }

    fn node(&mut self, node: &Node, at: &str) -> Result<Shape, SchemaError> {
        let mut shape = match node.get("$ref") {
            Some(target) if self.lone_refs || !has_constraints(node) => self.follow(target, at)?,
            _ => match nullable(node) {
                Some((keyword, index, branch)) => {
                    let mut shape = self.schema(branch, &format!("{at}/{keyword}/{index}"))?;
                    shape.kinds = shape.kinds.or(Kinds::of(Kind::Null));
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
            let message =
                format!("`{target}` is not a reference into this document; write references as `#/$defs/name`");
            return Err(SchemaError::new(place, message));
        };
        let decoded = percent_encoding::percent_decode_str(pointer).decode_utf8_lossy();
        let Some(schema) = self.root.pointer(&decoded) else {
            return Err(SchemaError::new(place, format!("`{target}` is not in the document")));
        };
        if let Some((_, level)) = self.open.iter().find(|(open, _)| open == target) {
            if *level == self.level {
                return Err(SchemaError::new(place, format!("`{target}` refers to itself")));
            }
            // A recursive schema, such as a tree: expanded once, then left to the general validator.
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
                leave_constraints(node, &mut left);
                ShapeKind::Any
            }
        };
        let mut shape = Shape::new(kind, kinds);
        shape.choices = choices(node, at)?;
        self.learn_from_parts(&mut shape, node, at)?;
        let holistic = is_holistic(node);
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
            // Which members are additional depends on the patterns, so the general validator decides.
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
                        format!("`{name}` is required, but the object has no such member and allows no others");
                    return Err(SchemaError::new(format!("{at}/required"), message));
                }
            }
        }
        Ok(ObjectShape::new(members, additional.map(Box::new)))
    }

    /// Copies what the parts of `allOf`, and a `$ref` with other keywords, say about kinds and members, so that the claims in
    /// them are known. The general validator still enforces them.
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

/// Adds the constraints of `part` to a shape.
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

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use crate::model::Kinds;
    use crate::schema::{Schema, ShapeKind};

    fn error(document: &Json) -> String {
        Schema::from_json("test", document).expect_err("not a schema").to_string()
    }

    #[test]
    fn errors_have_a_place() {
        for (document, message) in [
            (json!({"type": "strng"}), "at `/type`: `strng` is not a type; did you mean `string`?"),
            (
                json!({"properties": {"a/b": {"type": 1}}}),
                "at `/properties/a~1b/type`: this must be text, not a number",
            ),
            (json!({"properties": []}), "at `/properties`: this must be an object, not a list"),
            (
                json!({"properties": {"a": "text"}}),
                "at `/properties/a`: this must be a schema (an object, `true` or `false`), not text",
            ),
            (json!({"required": "a"}), "at `/required`: this must be a list of names, not text"),
            (
                json!({"required": ["a"], "additionalProperties": false}),
                "at `/required`: `a` is required, but the object has no such member and allows no others",
            ),
            (
                json!({"properties": {"a": {"minLength": -1}}}),
                "at `/properties/a/minLength`: this must be a whole number from 0, not a number",
            ),
            (json!({"properties": {"a": {"enum": "x"}}}), "at `/properties/a/enum`: this must be a list, not text"),
            (
                json!({"properties": {"a": {"x-sensitive": 1}}}),
                "at `/properties/a/x-sensitive`: this must be `true` or `false`, not a number",
            ),
            (
                json!({"properties": {"a": {"$ref": "#/$defs/b"}}}),
                "at `/properties/a/$ref`: `#/$defs/b` is not in the document",
            ),
            (
                json!({"properties": {"a": {"$ref": "https://example.com/b.json"}}}),
                "at `/properties/a/$ref`: `https://example.com/b.json` is not a reference into this document; write references as `#/$defs/name`",
            ),
            (
                json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
                "at `/$defs/b/$ref`: `#/$defs/a` refers to itself",
            ),
            (json!({"type": "string"}), "an account is an object, but this schema does not allow objects"),
            (
                json!({"$schema": "https://example.com/own"}),
                "at `/$schema`: this version of JSON Schema is not supported",
            ),
            (json!([]), "this must be a schema (an object, `true` or `false`), not a list"),
        ] {
            assert_eq!(error(&document), message, "{document}");
        }
        for document in [
            json!({"properties": {"a": {"type": "string", "pattern": "("}}}),
            json!({"properties": {"a": {"allOf": {}}}}),
            json!({"properties": {"a": {"type": "number", "minimum": "x"}}}),
        ] {
            assert!(error(&document).starts_with("at `/properties/a"), "{}", error(&document));
        }
    }

    #[test]
    fn text_is_json_or_yaml() {
        let yaml = "type: object\nproperties:\n  email: { type: string, format: email }\n";
        assert!(Schema::load(yaml).expect("a schema").claim("email").is_some());
        assert!(Schema::load("scim").is_ok());
        let unknown = Schema::load("skim").expect_err("no such schema").to_string();
        assert_eq!(unknown, "unknown schema `skim`; the built-in schemas are `standard` and `scim`");
        assert!(Schema::load("{ \"type\": }").expect_err("not JSON").to_string().contains("line 1 column 11"));
        assert!(Schema::load("type: [object").is_err());
    }

    #[test]
    fn every_builtin_is_read() {
        for (name, _) in Schema::builtins() {
            let document = Schema::builtin_document(name).expect("a document");
            Schema::from_text(name, document).expect(name);
            assert_eq!(Schema::builtin(name).expect(name).name(), name);
        }
    }

    #[test]
    fn recursive_schemas_are_expanded_once_and_enforced_below() {
        let document = json!({"$ref": "#/$defs/tree", "$defs": {"tree": {"type": "object", "additionalProperties": false,
            "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/tree"}}}}});
        let schema = Schema::from_json("test", &document).expect("a schema");
        assert!(schema.claim("next.next.name").is_some());
        let arena = bumpalo::Bump::new();
        let accept =
            |json: Json| schema.accept(crate::model::json::from_json(&json, &arena)).map_err(|e| e.to_string());
        assert!(accept(json!({"next": {"next": {"name": "x"}}})).is_ok());
        let found = accept(json!({"next": {"next": {"next": {"name": 1}}}})).expect_err("a number");
        assert_eq!(found, "`next.next.next.name` violates `type` of the schema");
    }

    #[test]
    fn parts_of_all_of_are_merged() {
        let document = json!({"$schema": "https://json-schema.org/draft/2020-12/schema",
            "$ref": "#/$defs/base", "required": ["b"],
            "allOf": [{"properties": {"c": {"type": ["boolean", "null"], "x-sensitive": true}}}],
            "properties": {"b": {"anyOf": [{"type": "null"}, {"type": "string"}], "description": "the b"}},
            "$defs": {"base": {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}}});
        let schema = Schema::from_json("test", &document).expect("a schema");
        assert_eq!(schema.claim_names(), ["b", "a", "c"]);
        let b = schema.claim("b").expect("a claim").shape;
        assert!(matches!(b.kind, ShapeKind::Text(_)));
        assert_eq!(
            (b.about.as_str(), b.accepts_kinds().without(Kinds::TEXT).to_string()),
            ("the b", "null".to_owned())
        );
        assert!(schema.claim("c").expect("a claim").sensitive);
        assert_eq!(schema.required_claims().len(), 2);
    }

    #[test]
    fn keywords_next_to_a_reference_are_ignored_in_draft_7() {
        let document = json!({"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"$ref": "#/definitions/t", "minLength": 5, "x-sensitive": true}},
            "definitions": {"t": {"type": "string"}}});
        let schema = Schema::from_json("test", &document).expect("a schema");
        let claim = schema.claim("a").expect("a claim");
        assert!(claim.sensitive);
        assert!(matches!(&claim.shape.kind, ShapeKind::Text(text) if text.min_length.is_none()));
    }

    #[test]
    fn references_cannot_multiply_endlessly() {
        let mut defs = serde_json::Map::new();
        for level in 0..20 {
            let next = json!({"$ref": format!("#/$defs/d{}", level + 1)});
            defs.insert(format!("d{level}"), json!({"properties": {"a": next, "b": next}}));
        }
        defs.insert("d20".to_owned(), json!({}));
        let found = error(&json!({"$ref": "#/$defs/d0", "$defs": defs}));
        assert!(found.contains("expands to more than") || found.contains("nested deeper"), "{found}");
    }
}
