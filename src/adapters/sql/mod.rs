//! A database source: one query for the record, further ones for its lists.
//!
//! The address selects the database. A session is read-only, and a record and its lists come from one snapshot. Values
//! keep their exact form; columns keep their order.
#![cfg_attr(
    not(all(feature = "postgres", feature = "mysql")),
    allow(dead_code, reason = "what one database needs is there for all of them")
)]

#[cfg(feature = "database-server")]
pub(in crate::adapters) mod address;
mod all;
pub(in crate::adapters) mod cell;
#[cfg(feature = "database-server")]
pub(in crate::adapters) mod compared;
mod connect;
pub(in crate::adapters) mod database;
pub(in crate::adapters) mod dialect;
pub(in crate::adapters) mod error;
pub(in crate::adapters) mod loose;
#[cfg(feature = "database-server")]
pub(in crate::adapters) mod one_row;
#[cfg(feature = "database-server")]
pub(in crate::adapters) mod pool;
#[cfg(feature = "database-server")]
pub(in crate::adapters) mod server;
mod settings;
mod shape;
pub(in crate::adapters) mod statement;
mod table;
pub(in crate::adapters) mod template;
mod write_back;

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::Path;

use futures_util::FutureExt as _;
use tokio::time::{Instant, timeout_at};

pub use error::SqlError;
pub use settings::{AllSettings, ListSettings, ListShape, SqlSettings, Start};
pub use table::schemes;
pub use template::TemplateError;
pub use write_back::SqlWriteBack;

use super::{ambiguous, too_large};
use crate::ports::{BoxFuture, Call, Identifier, IdentifierProfile, Members, PortError, PortErrorKind, Record, Source};
use cell::{Cell, Cells, write_members, write_text};
use database::{Database, Opening, RowLimits, Session};
use dialect::Dialect;
use shape::column;
use template::Template;

/// Records in a database.
pub struct SqlSource {
    name: String,
    database: Box<dyn Database>,
    dialect: &'static Dialect,
    record: Template,
    lists: Vec<List>,
    /// The query for all records.
    all: Option<Template>,
    settings: SqlSettings,
}

struct List {
    name: String,
    template: Template,
    settings: ListSettings,
}

impl SqlSource {
    /// Creates a source whose customers have user names, and whose paths are relative to the working directory.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn new(name: impl Into<String>, settings: SqlSettings) -> Result<Self, SqlError> {
        Self::open(name, settings, IdentifierProfile::default(), Path::new(""))
    }

    /// Creates a source whose customers have this kind of identifier. Paths in the address are relative to the folder.
    /// Nothing is opened yet, so the service starts even if a legacy system is down.
    ///
    /// # Errors
    /// [`SqlError`].
    pub fn open(
        name: impl Into<String>,
        settings: SqlSettings,
        identifiers: IdentifierProfile,
        folder: &Path,
    ) -> Result<Self, SqlError> {
        let (name, url) = (name.into(), settings.url.expose());
        let kind = table::of_url(url)?;
        let connections = settings.connections.max(1);
        let opening = Opening { name: &name, url, folder, connections, identifiers };
        let database = (kind.open)(&opening).map_err(SqlError::Url)?;
        let record = template("record", &settings.record, kind.dialect)?;
        if let Some(name) = record.names.iter().find(|name| !matches!(name.as_str(), "identifier" | "typed")) {
            return Err(SqlError::Name(name.clone()));
        }
        let lists = settings.lists.iter().map(|(name, list)| List::new(name, list, kind.dialect));
        let lists = lists.collect::<Result<_, _>>()?;
        let all = settings.all.as_ref().map(|all| template("all", &all.query, kind.dialect)).transpose()?;
        if let Some(name) = all.iter().flat_map(|all| &all.names).find(|name| *name != "after") {
            return Err(SqlError::AllName(name.clone()));
        }
        Ok(Self { name, database, dialect: kind.dialect, record, lists, all, settings })
    }

    /// The drivers panic at messages that are shorter than their protocol says.
    async fn find_or_fail(&self, identifier: &Identifier, deadline: Instant) -> Result<Option<Record>, PortError> {
        let found = AssertUnwindSafe(self.find(identifier, deadline)).catch_unwind().await;
        let garbled = "the server does not speak the expected protocol";
        found.unwrap_or_else(|_| Err(self.failed(PortErrorKind::BadResponse, "fetch", garbled)))
    }

    async fn find(&self, identifier: &Identifier, deadline: Instant) -> Result<Option<Record>, PortError> {
        match self.find_as_known(identifier, deadline).await? {
            Some(found) => Ok(found),
            // the tables have changed again meanwhile
            None => self
                .find_as_known(identifier, deadline)
                .await?
                .ok_or_else(|| self.failed(PortErrorKind::Unavailable, "fetch", "the tables are changing")),
        }
    }

    /// What one session finds; `None` if the tables have changed since an earlier session, which the next one knows.
    async fn find_as_known(
        &self,
        identifier: &Identifier,
        deadline: Instant,
    ) -> Result<Option<Option<Record>>, PortError> {
        let mut session = self.database.session("fetch", deadline).await?;
        let found = self.read(&mut *session, identifier).await;
        let is_outdated = found.is_err() && session.is_outdated();
        // after any other failure the connection is in an unknown state
        if is_outdated || found.as_ref().err().is_none_or(PortError::is_about_one_record) {
            session.end().await?;
        }
        if is_outdated { Ok(None) } else { found.map(Some) }
    }

    async fn read(&self, session: &mut dyn Session, identifier: &Identifier) -> Result<Option<Record>, PortError> {
        let value_of = |name: &str| match name {
            "typed" => Some(Cell::Text(identifier.typed().to_owned())),
            _ => Some(Cell::Text(identifier.canonical().to_owned())),
        };
        let mut rows = self.rows(session, &self.record, value_of, 1).await?;
        let record = match rows.len() {
            0 => return Ok(None),
            1 => rows.pop().unwrap_or_default(),
            _ => return Err(ambiguous(&self.name)),
        };
        self.with_lists(session, &record).await.map(Some)
    }

    /// A record with its lists.
    async fn with_lists(&self, session: &mut dyn Session, record: &Cells) -> Result<Record, PortError> {
        let mut json = String::with_capacity(1024);
        write_members(record, &mut json);
        for list in &self.lists {
            if record.iter().any(|(name, _)| *name == list.name) {
                let detail = format!("the record has a column and a list `{}`", list.name);
                return Err(self.failed(PortErrorKind::Misconfigured, "fetch", detail));
            }
            self.list(session, list, record, &mut json).await?;
            if json.len() > self.settings.record_limit {
                break;
            }
        }
        json.push('}');
        if json.len() > self.settings.record_limit {
            return Err(too_large(&self.name, self.settings.record_limit));
        }
        Ok(Record::new(json))
    }

    async fn list(
        &self,
        session: &mut dyn Session,
        list: &List,
        record: &Cells,
        json: &mut String,
    ) -> Result<(), PortError> {
        let limit = self.settings.list_rows;
        let rows = self.rows(session, &list.template, |name| column(record, name).cloned(), limit).await?;
        if rows.len() > limit {
            let detail = format!("the list `{}` has more than {limit} rows", list.name);
            return Err(self.failed(PortErrorKind::BadResponse, "fetch", detail).about_one_record());
        }
        json.push(',');
        write_text(&list.name, json);
        json.push(':');
        shape::write(&list.settings, &rows, json).map_err(|why| {
            self.failed(PortErrorKind::Misconfigured, "fetch", format!("the list `{}` is invalid: {why}", list.name))
        })
    }

    /// The rows of a query, at most one more than the limit.
    async fn rows(
        &self,
        session: &mut dyn Session,
        template: &Template,
        value_of: impl Fn(&str) -> Option<Cell>,
        limit: usize,
    ) -> Result<Vec<Cells>, PortError> {
        let value = |name: &String| {
            value_of(name).ok_or_else(|| {
                let detail = format!("the record has no column `{name}`");
                self.failed(PortErrorKind::Misconfigured, "fetch", detail)
            })
        };
        let values = template.names.iter().map(value).collect::<Result<Vec<_>, _>>()?;
        session.rows(template, values, RowLimits { rows: limit, bytes: self.settings.record_limit }).await
    }

    fn late(&self, operation: &'static str) -> PortError {
        self.failed(PortErrorKind::Unavailable, operation, "the query took too long")
    }

    fn failed(&self, kind: PortErrorKind, operation: &'static str, detail: impl Into<String>) -> PortError {
        PortError::new(kind, &self.name, operation).because(detail)
    }
}

/// Never shows the address.
impl fmt::Debug for SqlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlSource").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Source for SqlSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn members(&self) -> Members {
        Members::Same
    }

    fn fetch<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>> {
        Box::pin(async move {
            let found = timeout_at(call.deadline, self.find_or_fail(identifier, call.deadline)).await;
            // A query that the server stopped at the deadline may have returned less than it would have.
            found.ok().filter(|_| Instant::now() < call.deadline).unwrap_or_else(|| Err(self.late("fetch")))
        })
    }
}

impl List {
    fn new(name: &str, settings: &ListSettings, dialect: &Dialect) -> Result<Self, SqlError> {
        let named = settings.key.is_some() && settings.value.is_some();
        let plain = settings.key.is_none() && settings.value.is_none();
        if !(if settings.shape == ListShape::Map { named } else { plain }) {
            return Err(SqlError::Map(name.to_owned()));
        }
        let template = template(name, &settings.query, dialect)?;
        Ok(Self { name: name.to_owned(), template, settings: settings.clone() })
    }
}

fn template(place: &str, query: &str, dialect: &Dialect) -> Result<Template, SqlError> {
    Template::parse(query, dialect).map_err(|problem| SqlError::Template { place: place.to_owned(), problem })
}
