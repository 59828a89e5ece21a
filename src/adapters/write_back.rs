//! What all adapters share that tell a legacy system of migrated customers.

use std::path::Path;
use std::sync::Arc;

use super::registry::{OpenError, Trial};
use crate::ports::{BoxFuture, LegacyWriter, PortError, PortErrorKind};
use crate::settings::{AdapterSettings, Reporter};

/// What a write-back is given when it is opened.
#[derive(Debug)]
pub struct WriteBackContext<'c> {
    /// The name of the source whose customers it is about.
    pub name: &'c str,
    /// The folder that paths in settings are relative to.
    pub folder: &'c Path,
}

/// A value of a migrated customer that settings use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedValue {
    /// The setting that uses it, relative to the section.
    pub key: String,
    /// Its name.
    pub name: String,
}

/// The settings of what tells a legacy system of migrated customers.
pub trait WriteBackAdapter: AdapterSettings {
    /// The values that it needs of a customer; none if the settings are invalid. Called once the secrets have been read.
    fn used_values(&self) -> Vec<UsedValue>;

    /// Reports mistakes that show only once the secrets have been read. Opens nothing.
    fn check_secrets(&self, _context: WriteBackContext<'_>, _reporter: &mut Reporter<'_>) {}

    /// Tries it out, for `check --connect`. Writes nothing. Must be called within a tokio runtime.
    fn connect<'a>(&'a self, context: WriteBackContext<'a>) -> BoxFuture<'a, Trial>;

    /// Opens it. Must be called within a tokio runtime.
    fn open<'a>(&'a self, context: WriteBackContext<'a>) -> BoxFuture<'a, Result<Arc<dyn LegacyWriter>, OpenError>>;
}

/// The operation of a write-back, for errors.
pub(in crate::adapters) const WRITE: &str = "write_back";

/// A value of a migrated customer that a legacy system is to be told with, and that was not kept.
pub(in crate::adapters) fn not_kept(name: &str, value: &str) -> PortError {
    PortError::new(PortErrorKind::Misconfigured, name, WRITE).because(format!(
        "the value `{value}` of the customer was not kept: the record did not have it, or the process stopped while the \
         account was created"
    ))
}
