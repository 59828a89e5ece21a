//! Records which parts of a credential its scheme reads, so that no part is silently ignored.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::credential::Credential;

/// The parts that were read while one credential was parsed.
#[derive(Default)]
pub(crate) struct UsedParts(Mutex<Used>);

#[derive(Default)]
struct Used {
    names: Vec<String>,
    /// Objects among the parts, which record their own parts.
    objects: Vec<Credential>,
}

impl UsedParts {
    fn lock(&self) -> MutexGuard<'_, Used> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the scheme reads a part, whether or not it exists.
    pub fn record(&self, name: &str) {
        let mut used = self.lock();
        if !used.names.iter().any(|known| known == name) {
            used.names.push(name.to_owned());
        }
    }

    /// Records that the scheme reads the parts of an object.
    pub fn record_object(&self, object: &Credential) {
        self.lock().objects.push(object.clone());
    }

    /// Whether the scheme read a part.
    pub fn has(&self, name: &str) -> bool {
        self.lock().names.iter().any(|known| known == name)
    }

    /// The objects whose parts the scheme read.
    pub fn objects(&self) -> Vec<Credential> {
        self.lock().objects.clone()
    }
}

/// Whether a part is empty, so that leaving it out changes nothing.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The name of a part for a message. Names come from rules or from objects of the legacy system; text that does not
/// look like a name is not repeated.
pub(super) fn shown(name: &str) -> String {
    let is_name = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name { format!("the part `{name}`") } else { "one of the parts".to_owned() }
}
