//! Where legacy records come from.

use super::{BoxFuture, Call, Identifier, PortError, Record};

/// Whether a source knows all of its customers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// Yes: an identifier that is not found belongs to no customer.
    Whole,
    /// No: some of its records cannot be read, so their customers are unknown.
    Partial,
}

/// Which members the records of a source have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Members {
    /// Each record has its own.
    Differ,
    /// All records have the same, with or without a value, as the rows of a query do. If the rules need one that they do not
    /// have, the tables have changed or the settings are wrong, and no customer is to be refused for it.
    Same,
}

/// Where legacy records come from.
pub trait Source: Send + Sync {
    /// The name of the source in the settings.
    fn name(&self) -> &str;

    /// Whether the source knows all of its customers. Checked before an identifier is reported as free, never at a
    /// login: a customer who is not found has not been verified anyway.
    fn coverage(&self) -> Coverage {
        Coverage::Whole
    }

    /// Which members its records have.
    fn members(&self) -> Members {
        Members::Differ
    }

    /// The source of the same records without what is added from elsewhere, which is enough to tell whose a login is.
    fn without_parts(&self) -> Option<&dyn Source> {
        None
    }

    /// A record that was read in another way, such as from an export, with what [`fetch`](Self::fetch) adds to records.
    fn complete<'a>(&'a self, _: Call<'a>, record: Record) -> BoxFuture<'a, Result<Record, PortError>> {
        Box::pin(async { Ok(record) })
    }

    /// The one record of this customer, or `None`.
    ///
    /// An outage, a timeout, a response that is not a record, or more than one record is an error, never `None`.
    fn fetch<'a>(
        &'a self,
        call: Call<'a>,
        identifier: &'a Identifier,
    ) -> BoxFuture<'a, Result<Option<Record>, PortError>>;
}
