//! The settings of a file source.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::formats::Format;

/// Where the records are, their format, and which values are logins.
///
/// ```
/// let settings: landfall::adapters::file::FileSettings = serde_yaml::from_str(
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
    /// The format: `ndjson`, `json`, `csv`, `ldif` or `yaml`. By default it is detected by the extension, or else by
    /// the first bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The path of the list of records in a document, such as `$.users`. None: the records are read as they stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<String>,
    /// Paths in a record (RFC 9535) to the logins of its customer; a path may select a list.
    pub logins: Vec<String>,
    /// The largest record that a login reads, in bytes of its JSON text. Stops oversized records from slowing down
    /// logins; 256 KiB allows what the engine allows, a profile with hundreds of addresses. The customer of a larger
    /// record gets an error, not "unknown". Only records that cannot be read at all, over 1 MiB (YAML: 256 KiB) or
    /// broken, are unknown, and the report counts them.
    #[serde(default = "record_bytes")]
    pub record_bytes: usize,
    /// The folder for the records of files that are not NDJSON. They are written once, as lines, to an unnamed file
    /// that the system deletes when the process ends. Defaults to the folder for temporary files. Takes about as much
    /// space as the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spool: Option<PathBuf>,
}

fn record_bytes() -> usize {
    256 * 1024
}

impl FileSettings {
    /// A file with these logins and default settings.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, logins: &[&str]) -> Self {
        let logins = logins.iter().map(|&path| path.to_owned()).collect();
        Self { path: path.into(), format: None, records: None, logins, record_bytes: record_bytes(), spool: None }
    }

    /// The format from the settings or the extension; `None` if it must be detected from the first bytes.
    ///
    /// # Errors
    /// The configured name, if it is not a format.
    pub(super) fn named_format(&self) -> Result<Option<Format>, &str> {
        match &self.format {
            Some(name) => Format::from_name(name).map(Some).ok_or(name),
            None => Ok(self.path.extension().and_then(|extension| Format::from_extension(extension.to_str()?))),
        }
    }
}
