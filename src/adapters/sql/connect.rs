//! Tries a database out, for `landfall check --connect`.

use tokio::time::{Instant, timeout_at};

use super::{List, ListShape, SqlSource};
use crate::ports::{PortError, PortErrorKind};

/// What a database says of the queries of a source. Contains no value of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// The record, and then its lists.
    pub parts: Vec<Part>,
    /// Comparisons that are looser than the one spelling of an identifier, as sentences.
    pub loose: Vec<String>,
}

/// The result of one query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `record`, or the name of a list.
    pub name: String,
    /// The columns: names, and types in the words of the database.
    pub columns: Vec<(String, String)>,
}

impl SqlSource {
    /// Connects, and checks that the database has all tables and columns of the queries. Reads no record.
    ///
    /// # Errors
    /// The mismatch, in the database's own words.
    pub async fn check(&self, deadline: Instant) -> Result<Connected, PortError> {
        timeout_at(deadline, self.described(deadline)).await.unwrap_or_else(|_| Err(self.late("check")))
    }

    async fn described(&self, deadline: Instant) -> Result<Connected, PortError> {
        let mut session = self.database.session("check", deadline).await?;
        let record = session.describe(&self.record).await?;
        let mut parts = vec![Part { name: "record".to_owned(), columns: record.columns }];
        for list in &self.lists {
            let known = parts.first().map(|part| part.columns.as_slice()).unwrap_or_default();
            if let Some(name) = list.template.names.iter().find(|name| !has(known, name)) {
                let detail = format!("the record has no column `{name}`, which the list `{}` uses", list.name);
                return Err(self.failed(PortErrorKind::Misconfigured, "check", detail));
            }
            let columns = session.describe(&list.template).await?.columns;
            mismatch(list, &columns)
                .map_or(Ok(()), |detail| Err(self.failed(PortErrorKind::Misconfigured, "check", detail)))?;
            parts.push(Part { name: list.name.clone(), columns });
        }
        session.end().await?;
        Ok(Connected { parts, loose: record.loose })
    }
}

fn has(columns: &[(String, String)], name: &str) -> bool {
    columns.iter().any(|(have, _)| have.eq_ignore_ascii_case(name))
}

/// Why the columns of a list do not have its shape.
fn mismatch(list: &List, columns: &[(String, String)]) -> Option<String> {
    let named = [&list.settings.key, &list.settings.value];
    if let Some(name) = named.into_iter().flatten().find(|name| !has(columns, name)) {
        return Some(format!("the list `{}` has no column `{name}`", list.name));
    }
    (list.settings.shape == ListShape::Values && columns.len() != 1)
        .then(|| format!("the list `{}` is read `as: values`, but has more than one column", list.name))
}
