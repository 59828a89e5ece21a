//! One value of a row: exact, and as JSON text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::ports::{PortError, PortErrorKind};

/// A value of a row, whatever the database.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::adapters) enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    /// A number as digits, in the form of a JSON number: exact, however long.
    Number(String),
    Text(String),
    Blob(Vec<u8>),
    /// A JSON value as its text.
    Json(String),
}

/// One row, in the order of its columns.
pub(in crate::adapters) type Cells = Vec<(String, Cell)>;

/// A column that cannot become a member of the record.
#[derive(Debug)]
pub(in crate::adapters) struct BadCell {
    column: String,
    why: &'static str,
    is_query: bool,
}

impl BadCell {
    /// A value that cannot be used: the fault of one record.
    pub fn value(column: &str, why: &'static str) -> Self {
        Self { column: column.to_owned(), why, is_query: false }
    }

    /// A second column with a name: the fault of the query, whoever signs in.
    pub fn duplicate(column: &str) -> Self {
        Self { column: column.to_owned(), why: "occurs twice; name one of them with `AS`", is_query: true }
    }

    /// The error for a call.
    pub fn error(&self, adapter: &str, operation: &'static str) -> PortError {
        let detail = format!("the column `{}` {}", self.column, self.why);
        if self.is_query {
            return PortError::new(PortErrorKind::Misconfigured, adapter, operation).because(detail);
        }
        PortError::new(PortErrorKind::BadResponse, adapter, operation).because(detail).about_one_record()
    }
}

impl Cell {
    /// Appends the value as JSON. Reals use their shortest form; blobs become base64 text (RFC 4648, padded).
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(value) => drop(write!(out, "{value}")),
            Self::Integer(number) => drop(write!(out, "{number}")),
            Self::Real(number) => out.push_str(&serde_json::Value::from(*number).to_string()),
            Self::Number(text) | Self::Json(text) => out.push_str(text),
            Self::Text(text) => write_text(text, out),
            Self::Blob(bytes) => {
                out.push('"');
                STANDARD.encode_string(bytes, out);
                out.push('"');
            }
        }
    }

    /// The approximate memory size of the value, in bytes.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Null | Self::Boolean(_) | Self::Integer(_) | Self::Real(_) => 8,
            Self::Number(text) | Self::Text(text) | Self::Json(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }

    /// The value as a member name, for text and numbers.
    pub fn as_name(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) => Some(text.clone()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Null | Self::Boolean(_) | Self::Real(_) | Self::Blob(_) | Self::Json(_) => None,
        }
    }
}

/// Appends text as a JSON string.
pub(in crate::adapters) fn write_text(text: &str, out: &mut String) {
    // Writing text to memory cannot fail.
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// Appends named values as a JSON object, in order; the caller closes the object.
pub(super) fn write_members(cells: &[(String, Cell)], out: &mut String) {
    out.push('{');
    for (at, (name, cell)) in cells.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_text(name, out);
        out.push(':');
        cell.write(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_every_digit() {
        for (cell, json) in [
            (Cell::Null, "null"),
            (Cell::Boolean(true), "true"),
            (Cell::Integer(i64::MIN), "-9223372036854775808"),
            (Cell::Real(0.1), "0.1"),
            (Cell::Real(1e300), "1e+300"),
            (Cell::Real(1.0), "1.0"),
            (Cell::Number("18446744073709551615.50".to_owned()), "18446744073709551615.50"),
            (Cell::Text("a\"\u{0}ü".to_owned()), "\"a\\\"\\u0000ü\""),
            (Cell::Blob(vec![0xff, 0xfe]), "\"//4=\""),
            (Cell::Json("{\"a\": 1.50}".to_owned()), "{\"a\": 1.50}"),
        ] {
            let mut out = String::new();
            cell.write(&mut out);
            assert_eq!(out, json);
        }
    }
}
