//! What the legacy system holds of a customer, as the tables it stands in.

use serde_json::Value as Json;

/// A record as rows of names and values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordView {
    /// The columns of `wp_users`.
    pub columns: Vec<(String, String)>,
    /// The rows of `wp_usermeta`.
    pub meta: Vec<(String, String)>,
}

impl RecordView {
    /// The view of a record; empty when it is no JSON object.
    #[must_use]
    pub fn of(record: &str) -> Self {
        let Ok(Json::Object(members)) = serde_json::from_str(record) else { return Self::default() };
        let is_meta = |key: &str| key == "meta";
        let columns = members.iter().filter(|(key, _)| !is_meta(key)).map(|(key, value)| (key.clone(), plain(value)));
        let rows = members.get("meta").and_then(Json::as_array).into_iter().flatten();
        let cell = |row: &Json, key: &str| row.get(key).map(plain).unwrap_or_default();
        let meta = rows.map(|row| (cell(row, "meta_key"), cell(row, "meta_value")));
        Self { columns: columns.collect(), meta: meta.collect() }
    }

    /// What the shop has stored as the password.
    #[must_use]
    pub fn stored_password(&self) -> &str {
        self.columns.iter().find(|(name, _)| name == "user_pass").map_or("", |(_, value)| value)
    }
}

/// The scheme of a stored password in the words of people who run such shops.
#[must_use]
pub fn scheme_in_words(stored: &str) -> &'static str {
    match stored {
        "" | "*" | "!" => "nothing that a password could be verified against",
        _ if stored.starts_with("$P$") => "phpass, salted MD5 in thousands of rounds",
        _ if stored.starts_with("$wp$2y$") => "bcrypt over an HMAC, WordPress 6.8",
        _ if stored.starts_with("$2y$") => "bcrypt",
        _ if stored.starts_with("$argon2id$") => "Argon2id",
        _ if stored.len() == 32 => "bare MD5",
        _ if stored.len() == 13 => "traditional DES crypt",
        _ => "a hash",
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_and_meta_are_told_apart() {
        let view = RecordView::of(include_str!("../../rules/records/demo.json"));
        assert!(view.columns.contains(&("user_login".to_owned(), "ida.brandt".to_owned())));
        assert!(view.meta.contains(&("billing_country".to_owned(), "US".to_owned())));
        assert!(view.stored_password().starts_with("$P$"));
        assert_eq!(RecordView::of("[]"), RecordView::default());
    }

    #[test]
    fn schemes_have_words() {
        for (stored, word) in [
            ("*", "nothing"),
            ("$P$B", "phpass"),
            ("$wp$2y$10$", "6.8"),
            ("$2y$10$", "bcrypt"),
            ("Lff0PKOx9LFac", "DES"),
        ] {
            assert!(scheme_in_words(stored).contains(word), "{stored}");
        }
    }
}
