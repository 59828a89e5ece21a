//! Writes scalars of YAML.

/// Text as a YAML scalar inside a list or map: in quotes if anything in it could end the scalar.
pub(super) fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_$.-".contains(c);
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$');
    if begins && text.chars().all(is_plain) && !matches!(text, "true" | "false" | "null") {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// Text in double quotes; YAML has the escapes of JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
