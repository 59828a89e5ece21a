//! Values of SQLite: exact, by their storage class, and as the parameter of another query.

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Column as _, Decode, Row as _, Sqlite, TypeInfo as _, ValueRef as _};

use crate::adapters::sql::cell::{BadCell, Cell, Cells};

/// The values of a row, with their column names.
///
/// # Errors
/// Text that is not UTF-8, a number that JSON cannot represent, or two columns with the same name.
pub(super) fn cells(row: &SqliteRow) -> Result<Cells, BadCell> {
    let mut cells: Cells = Vec::with_capacity(row.columns().len());
    for (at, column) in row.columns().iter().enumerate() {
        let name = column.name();
        if cells.iter().any(|(have, _)| have == name) {
            return Err(BadCell::duplicate(name));
        }
        let bad = |why| BadCell::value(name, why);
        cells.push((name.to_owned(), cell(row, at).map_err(bad)?));
    }
    Ok(cells)
}

/// A value by its actual storage class (<https://www.sqlite.org/datatype3.html>), whatever its column declares.
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

/// Binds a value to a query.
pub(super) fn bind<'q>(query: Query<'q, Sqlite, SqliteArguments>, cell: Cell) -> Query<'q, Sqlite, SqliteArguments> {
    match cell {
        Cell::Null => query.bind(None::<i64>),
        Cell::Boolean(value) => query.bind(value),
        Cell::Integer(number) => query.bind(number),
        Cell::Real(number) => query.bind(number),
        Cell::Number(text) | Cell::Text(text) | Cell::Json(text) => query.bind(text),
        Cell::Blob(bytes) => query.bind(bytes),
    }
}
