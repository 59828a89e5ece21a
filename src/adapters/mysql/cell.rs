//! Values of MySQL: exact, from the binary protocol.

use std::fmt::Write as _;

use sqlx::mysql::{MySqlRow, MySqlValueRef};
use sqlx::{Column as _, Decode, MySql, Row as _, TypeInfo as _, ValueRef as _};

use crate::adapters::sql::cell::{BadCell, Cell, Cells};

/// The values of a row, with their column names.
///
/// # Errors
/// Text that is not UTF-8, a number that JSON cannot represent, or two columns with the same name.
pub(super) fn cells(row: &MySqlRow) -> Result<Cells, BadCell> {
    let mut cells: Cells = Vec::with_capacity(row.columns().len());
    for (at, column) in row.columns().iter().enumerate() {
        let name = column.name();
        if cells.iter().any(|(have, _)| have == name) {
            return Err(BadCell::duplicate(name));
        }
        let bad = |why| BadCell::value(name, why);
        let value = row.try_get_raw(at).map_err(|_| bad("cannot be read"))?;
        cells.push((name.to_owned(), cell(value).map_err(bad)?));
    }
    Ok(cells)
}

/// A value by the type of its column (<https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_binary_resultset.html>).
fn cell(value: MySqlValueRef<'_>) -> Result<Cell, &'static str> {
    let info = value.type_info().into_owned();
    let is_text = <str as sqlx::Type<MySql>>::compatible(&info);
    // The driver calls a zero date null; only what has no bytes is.
    let Ok(bytes) = <&[u8] as Decode<MySql>>::decode(value) else { return Ok(Cell::Null) };
    match info.name() {
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "MEDIUMINT UNSIGNED" | "INT UNSIGNED" | "BIGINT UNSIGNED"
        | "YEAR" => Ok(unsigned(little(bytes)?)),
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "MEDIUMINT" | "INT" | "BIGINT" => signed(bytes).map(Cell::Integer),
        "FLOAT" => float(bytes),
        "DOUBLE" => double(bytes),
        "DECIMAL" => decimal(bytes),
        "BIT" => Ok(unsigned(big(bytes)?)),
        "DATE" => date(bytes, "").map(Cell::Text),
        "DATETIME" => date_time(bytes, "").map(Cell::Text),
        // an instant; the session is in UTC
        "TIMESTAMP" => date_time(bytes, "+00:00").map(Cell::Text),
        "TIME" => time(bytes).map(Cell::Text),
        "JSON" => text(bytes).map(Cell::Json),
        "SET" | "ENUM" => text(bytes).map(Cell::Text),
        _ if is_text => text(bytes).map(Cell::Text),
        _ => Ok(Cell::Blob(bytes.to_vec())),
    }
}

const SHORT: &str = "cannot be read";

fn text(bytes: &[u8]) -> Result<String, &'static str> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| "is text that is not UTF-8")
}

fn unsigned(number: u64) -> Cell {
    i64::try_from(number).map_or_else(|_| Cell::Number(number.to_string()), Cell::Integer)
}

/// A whole number of up to eight bytes, lowest byte first.
fn little(bytes: &[u8]) -> Result<u64, &'static str> {
    if bytes.len() > 8 {
        return Err(SHORT);
    }
    Ok(bytes.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

/// The same, highest byte first.
fn big(bytes: &[u8]) -> Result<u64, &'static str> {
    if bytes.len() > 8 {
        return Err(SHORT);
    }
    Ok(bytes.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
}

fn signed(bytes: &[u8]) -> Result<i64, &'static str> {
    let sign = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut wide = [sign; 8];
    wide.get_mut(..bytes.len()).ok_or(SHORT)?.copy_from_slice(bytes);
    Ok(i64::from_le_bytes(wide))
}

/// The shortest decimal that is this number.
fn float(bytes: &[u8]) -> Result<Cell, &'static str> {
    let number = f32::from_le_bytes(bytes.try_into().map_err(|_| SHORT)?);
    if !number.is_finite() {
        return Err("is a number without a JSON form");
    }
    Ok(Cell::Number(number.to_string()))
}

fn double(bytes: &[u8]) -> Result<Cell, &'static str> {
    let number = f64::from_le_bytes(bytes.try_into().map_err(|_| SHORT)?);
    if number.is_finite() { Ok(Cell::Real(number)) } else { Err("is a number without a JSON form") }
}

/// Digits as they are stored; JSON has no leading zeros, which `ZEROFILL` columns have.
fn decimal(bytes: &[u8]) -> Result<Cell, &'static str> {
    let text = text(bytes)?;
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let digits = digits.trim_start_matches('0');
    let zero = if digits.is_empty() || digits.starts_with('.') { "0" } else { "" };
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if is_number { Ok(Cell::Number(format!("{sign}{zero}{digits}"))) } else { Err(SHORT) }
}

/// The parts of a date or time after its length.
fn parts(bytes: &[u8]) -> Result<&[u8], &'static str> {
    let (length, parts) = bytes.split_first().ok_or(SHORT)?;
    if usize::from(*length) == parts.len() { Ok(parts) } else { Err(SHORT) }
}

fn part(parts: &[u8], at: usize) -> u8 {
    parts.get(at).copied().unwrap_or_default()
}

fn date(bytes: &[u8], zone: &str) -> Result<String, &'static str> {
    let parts = parts(bytes)?;
    let year = little(parts.get(..2).unwrap_or_default())?;
    Ok(format!("{year:04}-{:02}-{:02}{zone}", part(parts, 2), part(parts, 3)))
}

/// ISO 8601 with a fraction if there is one. A zero date has neither time nor zone, so that it is not taken for one.
fn date_time(bytes: &[u8], zone: &str) -> Result<String, &'static str> {
    let parts = parts(bytes)?;
    let mut out = date(bytes, "")?;
    if parts.is_empty() {
        return Ok(out);
    }
    clock(&mut out, 'T', u64::from(part(parts, 4)), parts.get(5..).unwrap_or_default())?;
    out.push_str(zone);
    Ok(out)
}

/// `[-]HH:MM:SS[.ffffff]`; hours may exceed a day.
fn time(bytes: &[u8]) -> Result<String, &'static str> {
    let parts = parts(bytes)?;
    let mut out = if part(parts, 0) == 1 { "-".to_owned() } else { String::new() };
    let days = little(parts.get(1..5).unwrap_or_default())?;
    clock(&mut out, '\0', days * 24 + u64::from(part(parts, 5)), parts.get(6..).unwrap_or_default())?;
    Ok(out)
}

/// Appends hours, and from `rest` minutes, seconds and microseconds.
fn clock(out: &mut String, before: char, hours: u64, rest: &[u8]) -> Result<(), &'static str> {
    if before != '\0' {
        out.push(before);
    }
    let _ = write!(out, "{hours:02}:{:02}:{:02}", part(rest, 0), part(rest, 1));
    let micros = little(rest.get(2..6).unwrap_or_default())?;
    if micros > 0 {
        let _ = write!(out, ".{micros:06}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_written_as_they_are() {
        let date_time = |bytes: &[u8]| date_time(bytes, "+00:00").unwrap();
        assert_eq!(date_time(&[0]), "0000-00-00");
        assert_eq!(date_time(&[4, 0xe8, 7, 2, 31]), "2024-02-31T00:00:00+00:00");
        assert_eq!(date_time(&[7, 0xe8, 7, 1, 2, 3, 4, 5]), "2024-01-02T03:04:05+00:00");
        assert_eq!(date_time(&[11, 0xe8, 7, 1, 2, 3, 4, 5, 0x40, 0xe2, 1, 0]), "2024-01-02T03:04:05.123456+00:00");
        assert_eq!(date(&[4, 0xe8, 7, 1, 2], ""), Ok("2024-01-02".to_owned()));
        assert_eq!(time(&[0]), Ok("00:00:00".to_owned()));
        assert_eq!(time(&[8, 1, 34, 0, 0, 0, 22, 59, 59]), Ok("-838:59:59".to_owned()));
        assert!(date(&[4, 0xe8, 7], "").is_err());
    }

    #[test]
    fn numbers_keep_every_digit() {
        assert_eq!(unsigned(little(&[0xff; 8]).unwrap()), Cell::Number("18446744073709551615".to_owned()));
        assert_eq!(signed(&[0xff]), Ok(-1));
        assert_eq!(signed(&[0x80, 0]), Ok(128));
        assert_eq!(big(&[1, 0]), Ok(256));
        assert_eq!(float(&0.1_f32.to_le_bytes()), Ok(Cell::Number("0.1".to_owned())));
        for (stored, written) in [("0001.50", "1.50"), ("-0.10", "-0.10"), (".5", "0.5"), ("000", "0")] {
            assert_eq!(decimal(stored.as_bytes()), Ok(Cell::Number(written.to_owned())));
        }
    }
}
