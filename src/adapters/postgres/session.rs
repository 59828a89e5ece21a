//! One read-only transaction.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{AssertSqlSafe, Row as _};

use super::error::{failed, failed_openly, is_outdated};
use super::loose::loose_collations;
use super::shape::{Shape, Shapes, describe};
use crate::adapters::sql::cell::{BadCell, Cell, Cells};
use crate::adapters::sql::database::{Description, RowLimits, Session};
use crate::adapters::sql::pool::Lease;
use crate::adapters::sql::template::Template;
use crate::adapters::too_large;
use crate::ports::{BoxFuture, PortError, PortErrorKind};

/// The statements that begin a session. A client can take back `default_transaction_read_only`; a transaction that is
/// read-only stays so. The settings end with the transaction, so that a pooler such as PgBouncer keeps none of them.
/// They take back what a role or a database may have set: how quotes are read, and how values are shown. Notices would only be
/// thrown away.
pub(super) fn begin(left: Duration) -> String {
    let milliseconds = left.as_millis().max(1);
    format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = {milliseconds}; \
         SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'iso_8601'; \
         SET LOCAL standard_conforming_strings = on; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; \
         SET LOCAL client_min_messages = error"
    )
}

/// A session.
pub(super) struct Snapshot<'s> {
    pub name: &'s str,
    pub operation: &'static str,
    pub shapes: &'s Shapes,
    pub lease: Lease<PgConnectOptions>,
    /// Whether a query no longer fitted the tables.
    pub is_outdated: bool,
}

impl Snapshot<'_> {
    /// The shape of a query, and whether it is known from an earlier session.
    async fn shape(&mut self, template: &Template) -> Result<(Arc<Shape>, bool), sqlx::Error> {
        if let Some(shape) = self.shapes.get(&template.sql) {
            return Ok((shape, true));
        }
        let shape = Arc::new(describe(self.lease.connection()?, template).await?);
        self.shapes.keep(&template.sql, &shape);
        Ok((shape, false))
    }

    async fn fetch(
        &mut self,
        template: &Template,
        values: Vec<Cell>,
        limits: RowLimits,
    ) -> Result<Vec<Cells>, PortError> {
        let (name, operation) = (self.name, self.operation);
        let (shape, is_known) = self.shape(template).await.map_err(|error| failed(name, operation, &error))?;
        if let Some(column) = shape.duplicate() {
            self.shapes.forget(&template.sql);
            return Err(BadCell::duplicate(column).error(name, operation));
        }
        let sql = shape.sql(limits);
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        let values = values.into_iter().map(|value| text(value, name, operation)).collect::<Result<Vec<_>, _>>()?;
        let query = values.into_iter().fold(query, sqlx::query::Query::bind);
        let connection = self.lease.connection().map_err(|error| failed(name, operation, &error))?;
        let mut stream = query.fetch(connection);
        let (mut rows, mut bytes) = (Vec::new(), 0_usize);
        loop {
            let row = match stream.try_next().await {
                Ok(Some(row)) => row,
                Ok(None) => return Ok(rows),
                Err(error) => {
                    self.shapes.forget(&template.sql);
                    self.is_outdated = is_known && is_outdated(&error);
                    return Err(failed(name, operation, &error));
                }
            };
            let cells = cells(&row, &shape, name, operation, limits.bytes)?;
            bytes += cells.iter().map(|(_, cell)| cell.bytes()).sum::<usize>();
            if bytes > limits.bytes {
                return Err(too_large(name, limits.bytes));
            }
            rows.push(cells);
        }
    }
}

impl Session for Snapshot<'_> {
    fn rows<'a>(
        &'a mut self,
        template: &'a Template,
        values: Vec<Cell>,
        limits: RowLimits,
    ) -> BoxFuture<'a, Result<Vec<Cells>, PortError>> {
        Box::pin(self.fetch(template, values, limits))
    }

    fn describe<'a>(&'a mut self, template: &'a Template) -> BoxFuture<'a, Result<Description, PortError>> {
        Box::pin(async move {
            let (name, operation) = (self.name, self.operation);
            let described = async {
                let connection = self.lease.connection()?;
                let shape = describe(connection, template).await?;
                let nulls = template.names.iter().map(|_| None::<String>);
                let probe = sqlx::query(AssertSqlSafe(shape.probe())).persistent(false);
                nulls.fold(probe, sqlx::query::Query::bind).execute(&mut *connection).await?;
                let Shape { columns, mut loose, .. } = shape;
                loose.extend(loose_collations(connection, template).await?);
                Ok(Description { columns, loose })
            };
            described.await.map_err(|error| failed_openly(name, operation, error))
        })
    }

    fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    fn end<'a>(self: Box<Self>) -> BoxFuture<'a, Result<(), PortError>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let (name, operation) = (self.name, self.operation);
            self.lease.end().await.map_err(|error| failed(name, operation, &error))
        })
    }
}

/// A value as the text of a parameter, which the query casts to the type that the server expects.
fn text(value: Cell, name: &str, operation: &'static str) -> Result<Option<String>, PortError> {
    match value {
        Cell::Null => Ok(None),
        Cell::Text(text) | Cell::Number(text) => Ok(Some(text)),
        Cell::Integer(number) => Ok(Some(number.to_string())),
        Cell::Real(number) => Ok(Some(number.to_string())),
        Cell::Boolean(value) => Ok(Some(value.to_string())),
        Cell::Blob(bytes) => Ok(Some(format!("\\x{}", hex::encode(bytes)))),
        Cell::Json(_) => Err(PortError::new(PortErrorKind::Misconfigured, name, operation)
            .because("a list uses a column that is a list or an object as its parameter")),
    }
}

/// The values of a row: the server made their JSON.
fn cells(row: &PgRow, shape: &Shape, name: &str, operation: &'static str, limit: usize) -> Result<Cells, PortError> {
    let mut cells = Cells::with_capacity(shape.columns.len());
    for (at, (column, kind)) in shape.columns.iter().enumerate() {
        let json: Option<String> = row.try_get(at).map_err(|error| match error {
            // the server sends text of a database without an encoding as it is
            sqlx::Error::ColumnDecode { .. } => {
                BadCell::value(column, "is text that is not UTF-8").error(name, operation)
            }
            error => failed(name, operation, &error),
        })?;
        let Some(json) = json else {
            cells.push((column.clone(), Cell::Null));
            continue;
        };
        if json.len() > limit {
            return Err(too_large(name, limit));
        }
        let cell = cell(json, kind).map_err(|why| BadCell::value(column, why).error(name, operation))?;
        cells.push((column.clone(), cell));
    }
    Ok(cells)
}

fn cell(json: String, kind: &str) -> Result<Cell, &'static str> {
    let is_number = matches!(kind, "double precision" | "real" | "numeric");
    match json.bytes().next() {
        Some(b'"') if is_number && matches!(json.as_str(), "\"NaN\"" | "\"Infinity\"" | "\"-Infinity\"") => {
            Err("is a number without a JSON form")
        }
        Some(b'"') if kind == "bytea" => {
            let encoded = json.trim_matches('"');
            STANDARD.decode(encoded).map(Cell::Blob).map_err(|_| "cannot be read")
        }
        Some(b'"') if kind != "json" && kind != "jsonb" => {
            serde_json::from_str(&json).map(Cell::Text).map_err(|_| "cannot be read")
        }
        Some(b't' | b'f') if kind == "boolean" => Ok(Cell::Boolean(json == "true")),
        Some(b'-' | b'0'..=b'9') if kind != "json" && kind != "jsonb" => Ok(Cell::Number(json)),
        _ => Ok(Cell::Json(json)),
    }
}
