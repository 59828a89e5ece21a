//! Writes accounts: a line of JSON, an element of a JSON list, or a row of CSV.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::engine::outcome::Made;
use crate::model::{Value, json};
use crate::schema::path_names;

/// The format of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// One account per line
    Ndjson,
    /// A list of accounts
    Json,
    /// A row per account with a column per claim; lists and objects are JSON text
    Csv,
}

/// How accounts are written.
#[derive(Debug)]
pub struct Written {
    target: Target,
    /// The columns of CSV, with the member names on the path to their claims.
    columns: Vec<(String, Vec<String>)>,
    /// The name of the member for warnings, and of the member for the stored password if it is written.
    warnings: &'static str,
    credential: Option<&'static str>,
}

impl Written {
    /// A writer for accounts with these claims. Members that are not claims get longer names if a claim has theirs.
    pub fn new(target: Target, columns: &[String], with_credential: bool) -> Self {
        let names_of = |path: &String| -> Vec<String> {
            path_names(path).map_or_else(|| vec![path.clone()], |names| names.into_iter().map(str::to_owned).collect())
        };
        let columns: Vec<(String, Vec<String>)> = columns.iter().map(|path| (path.clone(), names_of(path))).collect();
        let is_claim = |name: &str| columns.iter().any(|(_, names)| names.first().is_some_and(|first| first == name));
        let warnings = if is_claim("warnings") { "landfall_warnings" } else { "warnings" };
        let credential = if is_claim("credential") { "landfall_credential" } else { "credential" };
        Self { target, warnings, credential: with_credential.then_some(credential), columns }
    }

    /// The text before the first account.
    pub fn header(&self) -> Vec<u8> {
        let mut header = Vec::new();
        if self.target == Target::Csv {
            let names = self.columns.iter().map(|(path, _)| path.as_str());
            let cells = names.chain([self.warnings]).chain(self.credential);
            cells.for_each(|name| cell(name, &mut header));
            end_row(&mut header);
        }
        header
    }

    /// Adds an account. In a list, each account begins with a comma.
    pub fn account(&self, made: &Made<'_>, out: &mut Vec<u8>) {
        match self.target {
            Target::Ndjson => {
                self.object(made, out);
                out.push(b'\n');
            }
            Target::Json => {
                out.extend_from_slice(b",\n");
                self.object(made, out);
            }
            Target::Csv => self.row(made, out),
        }
    }

    fn object(&self, made: &Made<'_>, out: &mut Vec<u8>) {
        made.write_json(out);
        if !made.warnings.is_empty() {
            member(self.warnings, out);
            names(made.warnings, out);
            out.push(b'}');
        }
        if let Some(name) = self.credential.filter(|_| made.credential.is_present()) {
            member(name, out);
            json::write(made.credential, out);
            out.push(b'}');
        }
    }

    fn row(&self, made: &Made<'_>, out: &mut Vec<u8>) {
        for (_, path) in &self.columns {
            value(path.iter().fold(made.account.value(), |value, name| value.member(name)), out);
        }
        let mut text = Vec::new();
        if !made.warnings.is_empty() {
            names(made.warnings, &mut text);
        }
        cell(&String::from_utf8_lossy(&text), out);
        if self.credential.is_some() {
            value(made.credential, out);
        }
        end_row(out);
    }
}

/// Reopens an object to add one more member.
fn member(name: &str, out: &mut Vec<u8>) {
    out.pop();
    if out.last() != Some(&b'{') {
        out.push(b',');
    }
    out.extend_from_slice(format!("\"{name}\":").as_bytes());
}

fn names(names: &[&str], out: &mut Vec<u8>) {
    let written = serde_json::to_writer(out, names);
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
}

/// Adds the cell of a value.
fn value(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Missing | Value::Null => cell("", out),
        Value::Text(text) => cell(text, out),
        Value::Bytes(bytes) => cell(&STANDARD.encode(bytes), out),
        other => {
            let mut text = Vec::new();
            json::write(other, &mut text);
            cell(&String::from_utf8_lossy(&text), out);
        }
    }
}

/// Adds a cell and the comma after it (RFC 4180).
pub fn cell(text: &str, out: &mut Vec<u8>) {
    let is_plain = !text.contains([',', '"', '\n', '\r']) && text.trim() == text;
    if is_plain {
        out.extend_from_slice(text.as_bytes());
    } else {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    }
    out.push(b',');
}

/// Ends a row, replacing its last comma.
pub fn end_row(out: &mut Vec<u8>) {
    out.pop();
    out.extend_from_slice(b"\r\n");
}
