//! Sample records from a file or standard input, as the JSON text of each record.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use serde::Deserialize as _;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::CommandError;

/// The largest file of samples, in bytes: thousands of records fit, and a whole export named by mistake does not fill memory.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Members of an export that hold its records.
const LISTS: [&str; 12] = [
    "users",
    "Users",
    "accounts",
    "records",
    "Records",
    "results",
    "Resources",
    "profiles",
    "identities",
    "members",
    "items",
    "data",
];

/// The first records of a file; `-` is standard input. JSON (one object, a list, an export with such a list), objects one per
/// line or after another, CSV with a header, and YAML are told apart by the ending and the first character.
///
/// # Errors
/// When the file cannot be read, is none of these, or holds no record.
pub fn records(path: &Path, most: usize) -> Result<Vec<String>, CommandError> {
    let shown = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
    let text = text(path).map_err(|error| {
        let message = format!("`{shown}` cannot be read: {}", error.kind());
        CommandError::new(message).help("give a file of sample records, or `-` for standard input")
    })?;
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let found = match ending.as_str() {
        "csv" => csv(&text, b',', most),
        "tsv" => csv(&text, b'\t', most),
        "yaml" | "yml" => yaml(&text),
        _ => json(&text, most),
    };
    let mut found = found.map_err(|problem| {
        let help = "samples are JSON, NDJSON, CSV (`.csv`) or YAML (`.yaml`)";
        CommandError::new(format!("`{shown}` cannot be read: {problem}")).help(help)
    })?;
    found.truncate(most);
    if found.is_empty() {
        return Err(CommandError::new(format!("`{shown}` holds no record")).help("a record is an object"));
    }
    Ok(found)
}

fn text(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().take(MAX_BYTES).read_to_string(&mut text)?;
    } else {
        fs::File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
    }
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Objects one after the other, a list of them, or an object that holds such a list. Texts stay as written.
fn json(text: &str, most: usize) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.map_err(|error| format!("line {} is not JSON", error.line()))?;
        match value.get().as_bytes().first() {
            Some(b'{') => found.push(value.get().to_owned()),
            Some(b'[') => found.extend(list(value.get())?),
            _ => return Err("a record is an object".to_owned()),
        }
        if found.len() >= most {
            break;
        }
    }
    if let [single] = found.as_slice()
        && let Some(inner) = inner_list(single)
    {
        return Ok(inner);
    }
    Ok(found)
}

fn list(text: &str) -> Result<Vec<String>, String> {
    let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| "the list cannot be read".to_owned())?;
    if items.iter().any(|item| !item.get().starts_with('{')) {
        return Err("a record is an object, and the list holds something else".to_owned());
    }
    Ok(items.into_iter().map(|item| item.get().to_owned()).collect())
}

/// The records of an export that is one object around a list.
fn inner_list(text: &str) -> Option<Vec<String>> {
    let members: std::collections::BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let named = LISTS.iter().find_map(|name| members.get(*name))?;
    list(named.get()).ok().filter(|records| !records.is_empty())
}

fn csv(text: &str, delimiter: u8, most: usize) -> Result<Vec<String>, String> {
    let semicolons = text.lines().next().is_some_and(|line| line.matches(';').count() > line.matches(',').count());
    let delimiter = if semicolons && delimiter == b',' { b';' } else { delimiter };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| "the header cannot be read".to_owned())?.clone();
    let mut found = Vec::new();
    for row in reader.records().take(most) {
        let row = row.map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            format!("the row at line {line} cannot be read")
        })?;
        let members = header.iter().zip(&row).map(|(name, value)| (name.to_owned(), Json::from(value)));
        found.push(Json::Object(members.collect()).to_string());
    }
    Ok(found)
}

fn yaml(text: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for document in serde_yaml::Deserializer::from_str(text) {
        match Json::deserialize(document).map_err(|_| "it is not YAML".to_owned())? {
            Json::Array(items) => found.extend(items.iter().map(Json::to_string)),
            Json::Null => {}
            document => found.push(document.to_string()),
        }
    }
    if found.iter().any(|record| !record.starts_with('{')) {
        return Err("a record is a map".to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_of_every_format() {
        let folder = tempfile::tempdir().unwrap();
        let big = r#"{"id":123456789012345678901}"#;
        for (name, text, wanted) in [
            ("a.json", r#"{"id":123456789012345678901}"#, vec![big]),
            ("b.json", r#"[{"id":123456789012345678901}, {"a":1}]"#, vec![big, r#"{"a":1}"#]),
            ("c.ndjson", "{\"a\":1}\n\n{\"b\":2}\n", vec![r#"{"a":1}"#, r#"{"b":2}"#]),
            ("d.json", r#"{"realm":"x","users":[{"a":1}]}"#, vec![r#"{"a":1}"#]),
            ("e.csv", "a;b\n1;\"x;y\"\n", vec![r#"{"a":"1","b":"x;y"}"#]),
            ("f.yaml", "- a: 1\n- b: x\n", vec![r#"{"a":1}"#, r#"{"b":"x"}"#]),
        ] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            assert_eq!(records(&path, 10).unwrap(), wanted, "{name}");
        }
    }

    #[test]
    fn other_files_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("a.json", ""), ("b.json", "[]"), ("c.json", "[1]"), ("d.json", "{"), ("e.csv", "a,b\n")] {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            assert!(records(&path, 10).is_err(), "{name}");
        }
        assert!(records(&folder.path().join("none.json"), 10).is_err());
    }
}
