//! Invalid settings of a database source, and failures that its author may see.

use thiserror::Error;

use super::template::TemplateError;
use crate::ports::{PortError, PortErrorKind};

/// Invalid settings of a database source.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SqlError {
    /// The address has an unknown form, for this reason. It may contain a password, so it is not shown.
    #[error("invalid database address: {0}")]
    Url(String),
    /// The address belongs to no supported database. Contains examples of addresses.
    #[error("unknown kind of database; an address is one of {0}")]
    Scheme(String),
    /// A query is invalid.
    #[error("the query of `{place}` is invalid: {problem}")]
    Template {
        /// `record`, or the name of a list.
        place: String,
        /// The cause.
        problem: TemplateError,
    },
    /// A statement that changes rows is invalid.
    #[error("the statement is invalid: {0}")]
    Statement(TemplateError),
    /// The record query uses an unknown name.
    #[error("the record query uses `:{0}`, but only `:identifier` and `:typed` are available")]
    Name(String),
    /// The query for all records uses an unknown name.
    #[error("the query of `all` uses `:{0}`, but only `:after` is available")]
    AllName(String),
    /// `key` and `value` are used without a map, or are missing for one.
    #[error("the list `{0}` needs both `key` and `value` with `as: map`, and neither without it")]
    Map(String),
}

impl SqlError {
    /// The code of the finding, and the setting that is wrong, relative to the source.
    pub(super) fn place(&self) -> (&'static str, String) {
        match self {
            Self::Url(_) | Self::Scheme(_) => ("R506", "url".to_owned()),
            Self::Template { place, .. } if place == "record" => ("R507", "record".to_owned()),
            Self::Template { place, .. } if place == "all" => ("R507", "all.query".to_owned()),
            Self::Template { place, .. } => ("R507", format!("lists.{place}.query")),
            Self::Statement(_) => ("R507", "statement".to_owned()),
            Self::Name(_) => ("R507", "record".to_owned()),
            Self::AllName(_) => ("R507", "all.query".to_owned()),
            Self::Map(list) => ("R507", format!("lists.{list}")),
        }
    }

    /// What to do.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Url(_) => {
                "write `:`, `/`, `?`, `#` and `@` in a user name or password as `%3A`, `%2F`, `%3F`, `%23` and `%40`"
            }
            Self::Scheme(_) => "docs/settings.md describes the addresses of each database, and what to do with others",
            Self::Template { .. } => "write one SELECT with parameters such as `:identifier`, and in lists `:ID`",
            Self::Statement(_) => {
                "write one UPDATE or DELETE whose WHERE names the customer, such as `UPDATE users SET active = 0 WHERE id = :id`"
            }
            Self::Name(_) => "columns of the record are parameters of `lists` only",
            Self::AllName(_) => "for example `SELECT * FROM wp_users WHERE ID > :after ORDER BY ID LIMIT 500`",
            Self::Map(_) => "for example `{ query: …, as: map, key: meta_key, value: meta_value }`",
        }
    }
}

/// A failure with the words of the database, for calls without customer data.
pub(in crate::adapters) fn openly(
    (kind, detail): (PortErrorKind, &'static str),
    adapter: &str,
    operation: &'static str,
    error: sqlx::Error,
) -> PortError {
    let words = error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    PortError::new(kind, adapter, operation).because(format!("{detail}: {words}")).caused_by(error)
}
