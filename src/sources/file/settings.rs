//! The settings of a source that is a file.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::formats::Format;

/// Where the records are, how they are written, and what customers type to be found.
///
/// ```
/// let settings: landfall::sources::FileSettings = serde_yaml::from_str(
///     "{ path: legacy/users.ndjson, logins: [ $.user_login, $.user_email ] }",
/// )?;
/// assert_eq!(settings.record_bytes, 262_144);
/// # Ok::<(), serde_yaml::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileSettings {
    /// The file.
    pub path: PathBuf,
    /// Its format: `ndjson`, `json`, `csv`, `ldif` or `yaml`. None: by the extension, else by its first bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The path of the list of records in a document, such as `$.users`. None: the records are read as they stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
    /// Paths in a record (RFC 9535) to what its customer may type to sign in; a path may find a list.
    pub logins: Vec<String>,
    /// Bytes of the JSON text of one record that a login will read. Stops one absurd record from slowing down logins; 256 KiB
    /// admits what the engine admits, a profile with hundreds of addresses. Such a customer gets an error, not "unknown"; only
    /// records that cannot be read at all, over 1 MiB (YAML: 256 KiB) or broken, are unknown, and the report counts them.
    #[serde(default = "record_bytes")]
    pub record_bytes: usize,
    /// The folder for the records of a file that is not NDJSON, written once as lines to a file without a name, which the
    /// system deletes with the process. None: the folder for temporary files. It takes about as much room as the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spool: Option<PathBuf>,
}

fn record_bytes() -> usize {
    256 * 1024
}

impl FileSettings {
    /// A file with these logins, everything else by default.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, logins: &[&str]) -> Self {
        let logins = logins.iter().map(|&path| path.to_owned()).collect();
        Self { path: path.into(), format: None, records: None, logins, record_bytes: record_bytes(), spool: None }
    }

    /// The format that is set or that the extension tells; none when the first bytes must tell.
    ///
    /// # Errors
    /// The name, when it is no format.
    pub(super) fn named_format(&self) -> Result<Option<Format>, &str> {
        match &self.format {
            Some(name) => Format::from_name(name).map(Some).ok_or(name),
            None => Ok(self.path.extension().and_then(|extension| Format::from_extension(extension.to_str()?))),
        }
    }
}
