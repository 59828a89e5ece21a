//! What the settings of an adapter say about themselves, so that whoever reads them need not know the adapter.

use std::path::PathBuf;

use super::{Reporter, Secret};

/// The settings of an adapter in one role.
pub trait AdapterSettings: Send + Sync {
    /// The name of the adapter, for logs and metrics.
    fn name(&self) -> &str;

    /// Reports mistakes beyond the shape of the settings. Opens nothing.
    fn check(&self, reporter: &mut Reporter<'_>);

    /// The secrets among the settings. They are read before the adapter is opened.
    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        Vec::new()
    }

    /// The files that the settings name.
    fn files(&self) -> Vec<FileSetting> {
        Vec::new()
    }
}

/// A secret among settings.
pub struct SecretSetting<'s> {
    /// Its key, relative to the section.
    pub key: String,
    /// The secret.
    pub secret: &'s mut Secret,
    /// What it must be.
    pub usage: SecretUse,
}

/// The requirements of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretUse {
    /// A key in hexadecimal or Base64 with a minimum number of bytes.
    Key(usize),
    /// A token with a minimum number of bytes.
    Token(usize),
    /// An address; no requirements.
    Address,
}

/// A file among settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSetting {
    /// Its key, relative to the section.
    pub key: &'static str,
    /// The path as written, relative to the settings file.
    pub path: PathBuf,
    /// What the file is for.
    pub usage: FileUse,
}

/// What a file among settings is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileUse {
    /// Records are read from it. It may be deleted once all customers have migrated, so a missing one is a warning.
    Records,
    /// Landfall stores data of customers in it. Nobody but its owner should have access.
    Private,
}
