//! Finds comparisons that are looser than the one spelling of an identifier.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;

use crate::adapters::sql::compared::compared;
use crate::adapters::sql::template::Template;

/// Columns of the tables in the search path whose collation takes different texts as equal
/// (<https://www.postgresql.org/docs/current/collation.html#COLLATION-NONDETERMINISTIC>).
const NONDETERMINISTIC: &str = "SELECT c.relname::text, l.collname::text FROM pg_attribute a \
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_collation l ON l.oid = a.attcollation \
    WHERE a.attname = $1 AND NOT l.collisdeterministic AND c.relkind IN ('r', 'v', 'm', 'p', 'f')";

/// Sentences about columns that an identifier is compared with in a loose collation.
pub(super) async fn loose_collations(
    connection: &mut PgConnection,
    template: &Template,
) -> Result<Vec<String>, sqlx::Error> {
    let mut loose = Vec::new();
    for column in compared(template) {
        for row in sqlx::query(NONDETERMINISTIC).bind(&column).fetch_all(&mut *connection).await? {
            let (table, collation): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            if template.sql.contains(&table) {
                loose.push(format!(
                    "`{table}.{column}` is compared by the nondeterministic collation {collation}, which takes different \
                     texts as equal"
                ));
            }
        }
    }
    Ok(loose)
}

/// What is wrong with the type that an identifier is compared as.
pub(super) fn looseness(name: &str, kind: &str) -> Option<String> {
    if !matches!(name, "identifier" | "typed") {
        return None;
    }
    let is_text =
        matches!(kind, "text" | "character varying" | "bpchar" | "name" | "citext") || kind.ends_with(".citext");
    (!is_text).then(|| {
        format!(
            "`:{name}` is compared with a column of type {kind}, so that an identifier which is no such value is an error \
             and not an unknown customer; compare the column as text"
        )
    })
}
