//! One value of a row: exact, as JSON text, and as the parameter of another query.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Column as _, Decode, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

/// A value by its actual storage class (<https://www.sqlite.org/datatype3.html>), whatever its column declares.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob(Vec<u8>),
}

/// An invalid value, by its column.
#[derive(Debug)]
pub(super) struct BadCell {
    pub column: String,
    pub why: &'static str,
}

/// The values of a row, with their column names.
///
/// # Errors
/// Text that is not UTF-8, a number that JSON cannot represent, or two columns with the same name.
pub(super) fn cells(row: &SqliteRow) -> Result<Vec<(String, Cell)>, BadCell> {
    let mut cells: Vec<(String, Cell)> = Vec::with_capacity(row.columns().len());
    for (at, column) in row.columns().iter().enumerate() {
        let name = column.name();
        let bad = |why| BadCell { column: name.to_owned(), why };
        if cells.iter().any(|(have, _)| have == name) {
            return Err(bad("occurs twice"));
        }
        cells.push((name.to_owned(), cell(row, at).map_err(bad)?));
    }
    Ok(cells)
}

fn cell(row: &SqliteRow, at: usize) -> Result<Cell, &'static str> {
    let value = row.try_get_raw(at).map_err(|_| "cannot be read")?;
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let class = value.type_info().name().to_owned();
    match class.as_str() {
        "INTEGER" => <i64 as Decode<Sqlite>>::decode(value).map(Cell::Integer).map_err(|_| "cannot be read"),
        "REAL" => match <f64 as Decode<Sqlite>>::decode(value) {
            Ok(number) if number.is_finite() => Ok(Cell::Real(number)),
            _ => Err("is a number without a JSON form"),
        },
        "TEXT" => <String as Decode<Sqlite>>::decode(value).map(Cell::Text).map_err(|_| "is text that is not UTF-8"),
        _ => <Vec<u8> as Decode<Sqlite>>::decode(value).map(Cell::Blob).map_err(|_| "cannot be read"),
    }
}

impl Cell {
    /// Appends the value as JSON. Reals use their shortest form; blobs become base64 text (RFC 4648, padded).
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Integer(number) => drop(write!(out, "{number}")),
            Self::Real(number) => out.push_str(&serde_json::Value::from(*number).to_string()),
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
            Self::Null | Self::Integer(_) | Self::Real(_) => 8,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        }
    }

    /// The value as a member name, for text and integers.
    pub fn as_name(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Null | Self::Real(_) | Self::Blob(_) => None,
        }
    }

    /// Binds the value to a query.
    pub fn bind<'q>(&self, query: Query<'q, Sqlite, SqliteArguments>) -> Query<'q, Sqlite, SqliteArguments> {
        match self {
            Self::Null => query.bind(None::<i64>),
            Self::Integer(number) => query.bind(*number),
            Self::Real(number) => query.bind(*number),
            Self::Text(text) => query.bind(text.clone()),
            Self::Blob(bytes) => query.bind(bytes.clone()),
        }
    }
}

/// Appends text as a JSON string.
pub(super) fn write_text(text: &str, out: &mut String) {
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
            (Cell::Integer(i64::MIN), "-9223372036854775808"),
            (Cell::Real(0.1), "0.1"),
            (Cell::Real(1e300), "1e+300"),
            (Cell::Real(1.0), "1.0"),
            (Cell::Text("a\"\u{0}ü".to_owned()), "\"a\\\"\\u0000ü\""),
            (Cell::Blob(vec![0xff, 0xfe]), "\"//4=\""),
        ] {
            let mut out = String::new();
            cell.write(&mut out);
            assert_eq!(out, json);
        }
    }
}
