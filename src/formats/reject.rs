//! Rejected records: the line that `landfall transform --rejects` writes, and reading it again after it was fixed.
//!
//! ```json
//! {"landfall_reject":{"number":7,"line":7,"reasons":[…]},"record":{…}}
//! {"landfall_reject":{"number":9,"line":12,"format":"csv","reasons":[…]},"text":"id;mail\n9;x;y\n"}
//! {"landfall_reject":{"number":7,"line":7,"accounts":[2],"reasons":[{"account":2,"id":"7-2",…}]},"record":{…}}
//! ```
//!
//! The first contains the record unchanged. The second contains the text that could not be read, as a small file of its own, or
//! `null` if the text was too long or not UTF-8. The third is from a record with several accounts: only the accounts listed
//! are created when it is read again.

use std::io::Cursor;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Format, Found, Place, Problem, ReadOptions, Reading, reader};
use crate::rules::RecordsPath;

/// The member that marks a rejected record.
pub const MARK: &str = "landfall_reject";

/// The metadata of a rejected record.
#[derive(Debug, Serialize)]
pub struct About<'r> {
    /// Its position in the input, from 1.
    pub number: u64,
    /// The line where it starts, from 1.
    pub line: u64,
    /// The format of `text`, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<&'static str>,
    /// The positions, from 1, of the accounts that were not created, if others of the record were.
    #[serde(skip_serializing_if = "<[usize]>::is_empty")]
    pub accounts: &'r [usize],
    /// Digests of logins that other records have, too, so that a later run without them does not take them for its own.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub shared: &'r [String],
    /// Why it was rejected: objects with `rule`, `step`, `message`, and, for several accounts, `account` and `id`.
    pub reasons: &'r [serde_json::Value],
}

/// Appends the line of a rejected record, including the line end. If the JSON text is malformed, it is kept as text.
pub fn write_record(about: &About<'_>, json: &str, out: &mut Vec<u8>) {
    if serde_json::from_str::<&RawValue>(json).is_err() {
        let about = About { format: Some(Format::Json.name()), ..*about };
        return write_text(&about, Some(json), out);
    }
    open(about, "record", out);
    out.extend_from_slice(json.as_bytes());
    out.extend_from_slice(b"}\n");
}

/// Appends the line of a record that could not be read, including the line end.
pub fn write_text(about: &About<'_>, text: Option<&str>, out: &mut Vec<u8>) {
    open(about, "text", out);
    to_json(&text, out);
    out.extend_from_slice(b"}\n");
}

fn open(about: &About<'_>, body: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{{\"{MARK}\":").as_bytes());
    to_json(about, out);
    out.extend_from_slice(format!(",\"{body}\":").as_bytes());
}

fn to_json(value: &impl Serialize, out: &mut Vec<u8>) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

/// Whether a JSON text starts like the line of a rejected record.
#[must_use]
pub fn is_one(json: &str) -> bool {
    let key = json.trim_start().strip_prefix('{').map(str::trim_start).and_then(|rest| rest.strip_prefix('"'));
    key.is_some_and(|key| key.strip_prefix(MARK).is_some_and(|rest| rest.starts_with('"')))
}

#[derive(Deserialize)]
struct Wrapper<'j> {
    #[serde(default)]
    landfall_reject: RejectHead,
    #[serde(borrow)]
    record: Option<&'j RawValue>,
    text: Option<String>,
}

#[derive(Default, Deserialize)]
struct RejectHead {
    format: Option<String>,
    #[serde(default)]
    accounts: Vec<usize>,
    #[serde(default)]
    shared: Vec<String>,
}

/// The accounts and the digests of shared logins listed in the line of a rejected record.
pub(super) fn listed(json: &str) -> (Vec<usize>, Vec<String>) {
    let head = serde_json::from_str::<Wrapper<'_>>(json).map(|wrapper| wrapper.landfall_reject).unwrap_or_default();
    (head.accounts, head.shared)
}

/// The record in the line of a rejected record. Text is read in its original format first, then as JSON,
/// because a user may fix the text by rewriting the record as JSON.
pub(super) fn unwrap(json: &str, line: u64, options: &ReadOptions) -> (Found, Format) {
    let reject_text = |message: &str, format| (Err(Problem::new(line, message).with_text(json.as_bytes())), format);
    let Ok(wrapper) = serde_json::from_str::<Wrapper<'_>>(json) else {
        return reject_text("the rejected record is not well-formed JSON", Format::Json);
    };
    if let Some(record) = wrapper.record {
        return match record.get().starts_with('{') {
            true => (Ok((record.get().to_owned(), Place::line(line))), Format::Json),
            false => reject_text("`record` of a rejected record is not an object", Format::Json),
        };
    }
    let Some(text) = wrapper.text else {
        return reject_text("the rejected record has neither `record` nor `text`", Format::Json);
    };
    let is_json = text.trim_start().starts_with('{');
    let named = wrapper.landfall_reject.format.as_deref().and_then(Format::from_name);
    let format = named.filter(|_| !is_json).unwrap_or(Format::Json);
    (again(text, format, line, options), format)
}

/// Reads the single record in a text.
fn again(text: String, format: Format, line: u64, options: &ReadOptions) -> Found {
    // what was a single record stays one, whatever it contains
    let (source, at) = (Box::new(Cursor::new(text.clone().into_bytes())), Some(RecordsPath::default()));
    let mut records = reader(source, format, options, at, Reading::default());
    let first = records.next().unwrap_or_else(|| Err(Problem::new(line, "the text contains no record")));
    let found = match (first, records.next()) {
        (Ok(_), Some(_)) => Err(Problem::new(line, "the text contains more than one record")),
        (first, _) => first,
    };
    // the wrapper is one line of a stream, so an error in its text does not end the stream
    found.map(|(json, _)| (json, Place::line(line))).map_err(|problem| Problem {
        line,
        fatal: false,
        raw: Some(text),
        ..problem
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::formats::{RawRecord, RecordError, open};

    fn read(line: &str) -> Vec<Result<RawRecord, RecordError>> {
        let text = format!("{line}\n{{\"after\":1}}\n");
        open(Box::new(Cursor::new(text.into_bytes())), Format::Ndjson, ReadOptions::default()).collect()
    }

    fn about(format: Option<Format>) -> About<'static> {
        About { number: 7, line: 9, format: format.map(Format::name), accounts: &[], shared: &[], reasons: &[] }
    }

    #[test]
    fn records_round_trip() {
        let record = r#"{"id": 0.10, "name":"Zoë"}"#;
        let mut line = Vec::new();
        write_record(&about(None), record, &mut line);
        let line = String::from_utf8(line).unwrap();
        assert_eq!(
            line,
            format!("{{\"landfall_reject\":{{\"number\":7,\"line\":9,\"reasons\":[]}},\"record\":{record}}}\n")
        );
        let found = read(line.trim());
        assert_eq!(found[0].as_ref().unwrap().json, record);
        assert_eq!((found[1].as_ref().unwrap().number, found.len()), (2, 2));
    }

    #[test]
    fn text_is_read_in_its_format() {
        for (format, text, wanted) in [
            (Format::Csv, "id;mail\n0012;a@b.c\n", json!({"id": "0012", "mail": "a@b.c"})),
            (Format::Ldif, "dn: cn=a\nCN: a\n", json!({"dn": "cn=a", "CN": ["a"]})),
            (Format::Yaml, "- id: 1\n", json!({"id": 1})),
            (Format::Csv, "{\"id\":1}", json!({"id": 1})),
            (Format::Ndjson, " {\"id\":1} ", json!({"id": 1})),
        ] {
            let mut line = Vec::new();
            write_text(&about(Some(format)), Some(text), &mut line);
            let found = read(std::str::from_utf8(&line).unwrap().trim());
            let json = &found[0].as_ref().unwrap().json;
            assert_eq!(serde_json::from_str::<Value>(json).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn unreadable_text_does_not_end_the_stream() {
        for text in [Some("{\"id\":"), Some(""), Some("{} {}"), None] {
            let mut line = Vec::new();
            write_text(&about(Some(Format::Ndjson)), text, &mut line);
            let found = read(std::str::from_utf8(&line).unwrap().trim());
            let error = found[0].as_ref().unwrap_err();
            assert!(!error.fatal && found[1].is_ok(), "{text:?}");
            assert!(text.is_none() || error.raw.as_deref() == text, "{text:?}");
        }
    }

    #[test]
    fn text_that_is_not_json_is_kept_as_text() {
        let mut line = Vec::new();
        write_record(&about(None), "{\"id\":}", &mut line);
        let value: Value = serde_json::from_slice(&line).unwrap();
        assert_eq!((&value["text"], &value["landfall_reject"]["format"]), (&json!("{\"id\":}"), &json!("json")));
    }

    #[test]
    fn other_records_are_unchanged() {
        assert!(!is_one(r#"{"id":1,"landfall_reject":2}"#));
        assert!(!is_one(r#"{"landfall_rejects":1}"#));
        assert!(is_one("{ \"landfall_reject\" :{}}"));
    }
}
