//! Adds members to the JSON text of a record, without reading and writing its values again.

use std::fmt::Write as _;

use crate::ports::Record;

/// The record with more members; each is the text of another record. `None` if the text is not an object.
pub(super) fn with_members<'m>(record: Record, members: impl Iterator<Item = (&'m str, Record)>) -> Option<Record> {
    let text = record.json().trim_end().strip_suffix('}')?.trim_end();
    let mut out = text.to_owned();
    for (name, part) in members {
        // the only text that ends so is an object without members
        let comma = if out.ends_with('{') { "" } else { "," };
        // writing to a `String` cannot fail
        let _ = write!(out, "{comma}{}:{}", serde_json::Value::from(name), part.json());
    }
    out.push('}');
    Some(Record::new(out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_added_to_any_object() {
        for (record, expected) in [
            ("{}", r#"{"a \"b\"":{"x":1}}"#),
            (" { } \n", r#" {"a \"b\"":{"x":1}}"#),
            (r#"{"id":1.50}"#, r#"{"id":1.50,"a \"b\"":{"x":1}}"#),
            (r#"{"t":"{"}"#, r#"{"t":"{","a \"b\"":{"x":1}}"#),
            (r#"{"t":{} }"#, r#"{"t":{},"a \"b\"":{"x":1}}"#),
        ] {
            let part = Record::new(r#"{"x":1}"#.to_owned());
            let made = with_members(Record::new(record.to_owned()), [("a \"b\"", part)].into_iter()).expect(record);
            assert_eq!(made.json(), expected);
            serde_json::from_str::<serde_json::Value>(made.json()).expect("JSON");
        }
        assert!(with_members(Record::new("[1]".to_owned()), std::iter::empty()).is_none());
    }
}
