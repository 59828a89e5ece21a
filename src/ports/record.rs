//! One legacy record.

use std::fmt;

/// The text of one legacy record: a single JSON object.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    json: String,
}

impl Record {
    /// Creates a record from its JSON text.
    #[must_use]
    pub fn new(json: String) -> Self {
        Self { json }
    }

    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}

/// Never shows values.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Record({} bytes)", self.json.len())
    }
}
