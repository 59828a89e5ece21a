//! Which parts of a credential its scheme asked for, so that none is ignored.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::credential::Credential;

/// What was asked for while one credential was parsed.
#[derive(Default)]
pub(crate) struct Asked(Mutex<Questions>);

#[derive(Default)]
struct Questions {
    names: Vec<String>,
    /// Objects among the parts, which are asked in turn.
    objects: Vec<Credential>,
}

impl Asked {
    fn lock(&self) -> MutexGuard<'_, Questions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the scheme looks at a part, whether or not it is there.
    pub fn note(&self, name: &str) {
        let mut questions = self.lock();
        if !questions.names.iter().any(|known| known == name) {
            questions.names.push(name.to_owned());
        }
    }

    /// Notes that the scheme looks into an object.
    pub fn note_object(&self, object: &Credential) {
        self.lock().objects.push(object.clone());
    }

    /// Whether the scheme looked at a part.
    pub fn has(&self, name: &str) -> bool {
        self.lock().names.iter().any(|known| known == name)
    }

    /// The objects that the scheme looked into.
    pub fn objects(&self) -> Vec<Credential> {
        self.lock().objects.clone()
    }
}

/// Whether a part says nothing, so that leaving it out changes nothing.
pub(super) fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The name of a part for a message. Names come from rules or from the legacy system's own objects; what does not look like
/// one is not repeated.
pub(super) fn shown(name: &str) -> String {
    let is_name = name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_name { format!("the part `{name}`") } else { "one of the parts".to_owned() }
}
