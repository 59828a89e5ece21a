//! Keywords of JSON Schema that shapes do not model: enforced by the general validator at their place.

use std::fmt;
use std::sync::Arc;

use jsonschema::Validator;
use serde_json::{Map, Value as Json};

use super::path::push_name;
use super::violation::{Breach, Place, Violation, Violations};
use crate::model::{Value, json};

/// A validator for the keywords of a schema object that its shape does not model.
#[derive(Clone)]
pub(super) struct Residual {
    validator: Arc<Validator>,
    /// Whether the validator has all keywords, not only those that the shape leaves to it.
    repeats_shape: bool,
}

impl fmt::Debug for Residual {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Residual").field("repeats_shape", &self.repeats_shape).finish_non_exhaustive()
    }
}

/// The name under which a residual document contains the whole schema, for references.
const WHOLE: &str = "whole";

impl Residual {
    /// Compiles keywords of the document `root`.
    pub(super) fn new(keywords: Map<String, Json>, root: &Json, repeats_shape: bool) -> Result<Self, String> {
        let mut whole = root.clone();
        let dialect = whole.as_object_mut().and_then(|whole| {
            whole.remove("$id");
            whole.remove("$schema")
        });
        redirect(&mut whole);
        let mut document = Json::Object(keywords);
        redirect(&mut document);
        if let Some(document) = document.as_object_mut() {
            document.insert("$defs".to_owned(), serde_json::json!({ WHOLE: whole }));
            if let Some(dialect) = dialect {
                document.insert("$schema".to_owned(), dialect);
            }
        }
        let built = jsonschema::options().should_validate_formats(true).build(&document);
        built.map(|validator| Self { validator: Arc::new(validator), repeats_shape }).map_err(|error| error.to_string())
    }

    /// Adds the violations of a value. `already_broken` says that the shape has already found one here.
    pub(super) fn check(&self, value: Value<'_>, place: Place<'_>, already_broken: bool, found: &mut Violations) {
        if self.repeats_shape && already_broken {
            return;
        }
        let instance = instance(value);
        if self.validator.is_valid(&instance) {
            return;
        }
        for error in self.validator.iter_errors(&instance) {
            let mut path = place.path();
            push_pointer(&mut path, error.instance_path().as_str(), &instance);
            found.push(Violation { path, breach: Breach::Keyword(error.kind().keyword().to_owned()) });
        }
    }
}

/// The value as the validator reads it. Numbers stay numbers and lose only digits that no keyword of a schema can distinguish.
fn instance(value: Value<'_>) -> Json {
    match value {
        Value::Decimal(text) if json::to_json(value).is_string() => {
            let double = text.parse::<f64>().unwrap_or_default().clamp(f64::MIN, f64::MAX);
            Json::from(double)
        }
        Value::List(items) => items.iter().map(|item| instance(*item)).collect(),
        Value::Object(members) => {
            let present = members.iter().filter(|(_, value)| !matches!(value, Value::Missing));
            Json::Object(present.map(|(name, value)| ((*name).to_owned(), instance(*value))).collect())
        }
        scalar => json::to_json(scalar),
    }
}

/// Redirects references into the document to its copy inside a residual document.
fn redirect(node: &mut Json) {
    match node {
        Json::Object(members) => {
            for (name, value) in members {
                match value {
                    Json::String(target) if name == "$ref" => {
                        if target == "#" || target.starts_with("#/") {
                            *target = format!("#/$defs/{WHOLE}{}", target.trim_start_matches('#'));
                        }
                    }
                    _ => redirect(value),
                }
            }
        }
        Json::Array(items) => items.iter_mut().for_each(redirect),
        _ => {}
    }
}

/// Writes a JSON pointer into the instance as a claim path.
fn push_pointer(path: &mut String, pointer: &str, instance: &Json) {
    let mut at = Some(instance);
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        match at {
            Some(Json::Array(items)) => {
                path.push_str(&format!("[{step}]"));
                at = step.parse::<usize>().ok().and_then(|index| items.get(index));
            }
            _ => {
                push_name(path, &step);
                at = at.and_then(|value| value.get(&step));
            }
        }
    }
}
