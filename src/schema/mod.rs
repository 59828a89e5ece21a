//! Schemas: which claims an account has and what they may be, and the only way to create an account.
//!
//! A [`Schema`] is read from an ordinary JSON Schema document, built in or provided by the user. [`Schema::claim`] answers
//! questions about claim paths when rules are loaded, [`Shape::check`] checks a claim when it is computed, and
//! [`Schema::accept`] turns a finished draft into an [`Account`]. [`Schema::outline`] records which claims were checked before.
//!
//! ```
//! use landfall::{model::Value, schema::Schema};
//! let schema = Schema::builtin("standard").ok_or("no such schema")?;
//! let email = [("value", Value::Text("ada@example.com")), ("verified", Value::Bool(false))];
//! let draft = [("username", Value::Text("ada")), ("email", Value::Object(&email))];
//! let account = schema.accept(Value::Object(&draft))?;
//! assert_eq!(account.claim("email.value").as_text(), Some("ada@example.com"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod check;
mod claim;
mod coerce;
mod email;
mod format;
mod json_schema;
mod keywords;
mod outline;
mod path;
mod residual;
mod shape;
mod violation;

use std::sync::{Arc, LazyLock};

use thiserror::Error;

pub use account::Account;
pub use claim::{ClaimShape, RequiredClaim, Requirement};
pub use coerce::fit;
pub(crate) use email::{is_domain, is_local_part, split_address};
pub use format::TextFormat;
pub use outline::Outlines;
pub use path::{path_names, push_name};
pub use shape::{ListShape, Member, ObjectShape, Pattern, Range, Shape, ShapeKind, TextShape};
pub use violation::{Breach, Place, Violation, Violations};

/// The shape of the accounts of a target. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Schema {
    name: Arc<str>,
    root: Arc<Shape>,
}

/// Why a document cannot be used as a schema.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{message}", if place.is_empty() { String::new() } else { format!("at `{place}`: ") })]
pub struct SchemaError {
    /// The place in the document as a JSON pointer (RFC 6901); empty for the document itself.
    pub place: String,
    /// What is wrong there.
    pub message: String,
}

impl SchemaError {
    fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), message: message.into() }
    }
}

/// The built-in schemas: name, what they are, and their documents.
const BUILTIN: [(&str, &str, &str); 2] = [
    ("standard", "the standard profile of Landfall", include_str!("standard.json")),
    ("scim", "SCIM 2.0 users with the enterprise extension (RFC 7643)", include_str!("scim.json")),
];

impl Schema {
    /// The names of the built-in schemas, each with a short description.
    pub fn builtins() -> impl Iterator<Item = (&'static str, &'static str)> {
        BUILTIN.iter().map(|(name, about, _)| (*name, *about))
    }

    /// The built-in schema with this name.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        static READ: LazyLock<Vec<Schema>> =
            LazyLock::new(|| BUILTIN.iter().filter_map(|(name, _, text)| Schema::from_text(name, text).ok()).collect());
        READ.iter().find(|schema| schema.name() == name).cloned()
    }

    /// The JSON Schema document of a built-in schema, for printing.
    #[must_use]
    pub fn builtin_document(name: &str) -> Option<&'static str> {
        BUILTIN.iter().find(|(known, _, _)| *known == name).map(|(_, _, text)| *text)
    }

    /// A built-in schema by its name, or the schema in a JSON or YAML text.
    ///
    /// # Errors
    /// If the document is not a schema: the place and what is wrong there.
    pub fn load(name_or_text: &str) -> Result<Self, SchemaError> {
        if let Some(schema) = Self::builtin(name_or_text.trim()) {
            return Ok(schema);
        }
        if !name_or_text.contains(['{', ':', '\n']) {
            let known: Vec<_> = BUILTIN.iter().map(|(name, _, _)| format!("`{name}`")).collect();
            let known = known.join(" and ");
            return Err(SchemaError::new(
                "",
                format!("unknown schema `{name_or_text}`; the built-in schemas are {known}"),
            ));
        }
        Self::from_text("schema", name_or_text)
    }

    /// The schema in a JSON or YAML text, with a name for messages, such as its file name.
    ///
    /// # Errors
    /// If the document is not a schema: the place and what is wrong there.
    pub fn from_text(name: &str, text: &str) -> Result<Self, SchemaError> {
        // JSON first: the YAML reader accepts it too, but its error messages are less precise.
        let parsed = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| format!("the schema is not JSON: {error}"))
        } else if !crate::rules::aliases_are_bounded(text) {
            Err("the aliases of the schema expand to too much text".to_owned())
        } else {
            serde_yaml::from_str(text).map_err(|error| format!("the schema is not YAML: {error}"))
        };
        let document = parsed.map_err(|message| SchemaError::new("", message))?;
        Self::from_json(name, &document)
    }

    /// The schema in a parsed JSON Schema document, with a name for messages.
    ///
    /// # Errors
    /// If the document is not a schema: the place and what is wrong there.
    pub fn from_json(name: &str, document: &serde_json::Value) -> Result<Self, SchemaError> {
        Ok(Self { name: name.into(), root: Arc::new(json_schema::read(document)?) })
    }

    /// The name, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The shape of the whole account.
    #[must_use]
    pub fn root(&self) -> &Shape {
        &self.root
    }
}
