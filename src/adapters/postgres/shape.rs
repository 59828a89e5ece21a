//! What the server says of a query, and the query that returns the same rows as JSON.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgTypeInfo};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Either, Executor as _, Row as _, SqlSafeStr as _, Statement as _,
};
use tokio::time::Instant;

use super::loose::looseness;
use crate::adapters::sql::database::RowLimits;
use crate::adapters::sql::template::Template;

/// What is known of a query.
#[derive(Debug)]
pub(super) struct Shape {
    /// The query with its parameters as text, each cast to the type that the server inferred.
    cast: String,
    /// The columns: names and types.
    pub columns: Vec<(String, String)>,
    /// Comparisons that are looser than the one spelling of an identifier.
    pub loose: Vec<String>,
}

impl Shape {
    /// The statement with its parameters as text, each cast to the type that the server inferred.
    pub fn cast(&self) -> &str {
        &self.cast
    }

    /// The query that returns each value as its JSON text. Rows and bytes are limited by the server, so that no record
    /// can fill the memory: a value over the limit arrives as one character more than the limit.
    pub fn sql(&self, limits: RowLimits) -> String {
        let (mut outer, mut inner) = (String::new(), String::new());
        for (at, (name, kind)) in self.columns.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            let _ = write!(outer, "{comma}left(c{at}, {})", limits.bytes.saturating_add(1));
            // By name: if the table has changed, a value must not arrive under the name of another column.
            let column = format!("landfall.\"{}\"", name.replace('"', "\"\""));
            let _ = write!(inner, "{comma}{} AS c{at}", json_of(&column, kind));
        }
        let (cast, rows) = (&self.cast, limits.rows.saturating_add(1));
        // the line end closes a comment at the end of the query
        format!("SELECT {outer} FROM (SELECT {inner} FROM ({cast}\n) AS landfall LIMIT {rows}) AS limited")
    }

    /// A query that reads no row, but for which the server checks the privileges as for all of them.
    pub fn probe(&self) -> String {
        format!("SELECT 1 FROM ({}\n) AS landfall LIMIT 0", self.cast)
    }

    /// The name of a column that occurs twice.
    pub fn duplicate(&self) -> Option<&str> {
        let mut names = self.columns.iter().enumerate();
        let earlier = |at: usize, name: &str| self.columns.iter().take(at).any(|(have, _)| have == name);
        names.find(|(at, (name, _))| earlier(*at, name)).map(|(_, (name, _))| name.as_str())
    }
}

/// An expression for the JSON text of a column. Binary values become base64 text, as from other databases; `encode`
/// breaks its lines.
fn json_of(name: &str, kind: &str) -> String {
    match kind {
        "bytea" => format!("to_json(translate(encode({name}, 'base64'), E'\\n', ''))::text"),
        _ => format!("to_json({name})::text"),
    }
}

/// How long a shape is used: a column that was added to a table appears within this time.
const MAX_AGE: Duration = Duration::from_secs(60);

/// The shapes of the queries of a source.
#[derive(Debug, Default)]
pub(super) struct Shapes(Mutex<HashMap<String, (Instant, Arc<Shape>)>>);

impl Shapes {
    pub fn get(&self, sql: &str) -> Option<Arc<Shape>> {
        let shapes = self.shapes();
        let (described, shape) = shapes.get(sql)?;
        (described.elapsed() < MAX_AGE).then(|| Arc::clone(shape))
    }

    pub fn keep(&self, sql: &str, shape: &Arc<Shape>) {
        self.shapes().insert(sql.to_owned(), (Instant::now(), Arc::clone(shape)));
    }

    pub fn forget(&self, sql: &str) {
        self.shapes().remove(sql);
    }

    fn shapes(&self) -> MutexGuard<'_, HashMap<String, (Instant, Arc<Shape>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the server for the types of a query.
pub(super) async fn describe(connection: &mut PgConnection, template: &Template) -> Result<Shape, sqlx::Error> {
    let statement = connection.prepare(AssertSqlSafe(template.sql.clone()).into_sql_str()).await?;
    let parameters = match statement.parameters() {
        Some(Either::Left(types)) => types.to_vec(),
        _ => Vec::new(),
    };
    // The driver would describe the query from its memory the next time.
    connection.clear_cached_statements().await?;
    let parameters = type_names(connection, &parameters).await?;
    let types: Vec<PgTypeInfo> = statement.columns().iter().map(|column| column.type_info().clone()).collect();
    let types = type_names(connection, &types).await?;
    let names = statement.columns().iter().map(|column| column.name().to_owned());
    let loose = template.names.iter().zip(&parameters).filter_map(|(name, kind)| looseness(name, kind)).collect();
    Ok(Shape { cast: cast(template, &parameters), columns: names.zip(types).collect(), loose })
}

/// The full names of types, in the words of the server.
async fn type_names(connection: &mut PgConnection, types: &[PgTypeInfo]) -> Result<Vec<String>, sqlx::Error> {
    let oids: Vec<i64> = types.iter().filter_map(PgTypeInfo::oid).map(|oid| i64::from(oid.0)).collect();
    if oids.len() != types.len() {
        return Err(sqlx::Error::TypeNotFound { type_name: "a type without a number".to_owned() });
    }
    let list: Vec<String> = oids.iter().map(i64::to_string).collect();
    let sql = format!(
        "SELECT format_type(o::oid, -1) FROM unnest(ARRAY[{}]::bigint[]) WITH ORDINALITY AS t(o, n) ORDER BY n",
        list.join(", ")
    );
    let rows = connection.fetch_all(AssertSqlSafe(sql)).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// The query with `$1::text::bigint` in place of `$1`, and so on: values are sent as text, and the server converts them to
/// the type that it inferred from the query.
fn cast(template: &Template, parameters: &[String]) -> String {
    template.with(|at| {
        let kind = parameters.get(at).map_or("text", String::as_str);
        format!("(${}::text::{kind})", at + 1)
    })
}
