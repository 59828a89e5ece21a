//! Values as reports show them: their shape instead of their characters, and stored passwords by their scheme alone.

use crate::model::Value;
use crate::model::json::write;
use crate::password::find;

/// How many characters of a value are shown. Enough to see its shape, and bounded.
const LONGEST: usize = 60;

/// The shape of a value as JSON text: letters become `a` or `A`, digits `9`; other characters, booleans and null stay.
/// Names inside of objects are masked, too: they may come from the record.
#[must_use]
pub fn masked(value: Value<'_>) -> String {
    let text = shown_whole(value);
    match value {
        // the words of JSON identify nobody
        Value::Missing | Value::Null | Value::Bool(_) => text,
        _ => shortened(&text.chars().take(LONGEST + 1).map(mask).collect::<String>()),
    }
}

/// A value as JSON text.
#[must_use]
pub fn shown(value: Value<'_>) -> String {
    shortened(&shown_whole(value))
}

/// The scheme of a stored password, if it names one that we know.
#[must_use]
pub fn scheme_of(credential: Value<'_>) -> Option<&'static str> {
    find(credential.member("scheme").as_text()?).map(|scheme| scheme.name)
}

fn shown_whole(value: Value<'_>) -> String {
    let mut text = Vec::new();
    write(value, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

fn mask(c: char) -> char {
    match c {
        c if c.is_uppercase() => 'A',
        c if c.is_alphabetic() => 'a',
        c if c.is_numeric() => '9',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_value_shows_no_letter_and_no_digit() {
        let items = [Value::Text("Straße 9"), Value::Int(42)];
        let members = [("ada", Value::Text("ж")), ("ok", Value::Bool(true))];
        for (value, wanted) in [
            (Value::Text("Ada.Byron7@example.org"), r#""Aaa.Aaaaa9@aaaaaaa.aaa""#),
            (Value::Decimal("-1.50"), "-9.99"),
            (Value::List(&items), r#"["Aaaaaa 9",99]"#),
            (Value::Object(&members), r#"{"aaa":"a","aa":aaaa}"#),
            (Value::Bool(true), "true"),
            (Value::Null, "null"),
        ] {
            assert_eq!(masked(value), wanted);
        }
        let long = "x".repeat(500);
        assert_eq!(masked(Value::Text(&long)).chars().count(), LONGEST + 1);
        assert_eq!(shown(Value::Text("ada")), r#""ada""#);
    }

    #[test]
    fn a_stored_password_has_only_the_name_of_its_scheme() {
        let known = [("scheme", Value::Text("bcrypt")), ("value", Value::Text("$2b$10$x"))];
        let unknown = [("scheme", Value::Text("hunter2"))];
        assert_eq!(scheme_of(Value::Object(&known)), Some("bcrypt"));
        assert_eq!((scheme_of(Value::Object(&unknown)), scheme_of(Value::Missing)), (None, None));
    }
}
