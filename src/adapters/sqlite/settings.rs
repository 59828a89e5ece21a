//! The settings of the account store, and the addresses of files: `sqlite:PATH`.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::adapters::registry::TargetAdapter;
use crate::settings::{AdapterSettings, FileSetting, FileUse, Reporter};

/// Landfall's own account store.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountStoreSettings {
    /// The name in logs and metrics.
    #[serde(default = "name")]
    pub name: String,
    /// `sqlite:PATH`.
    pub url: String,
}

fn name() -> String {
    "accounts".to_owned()
}

impl AdapterSettings for AccountStoreSettings {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, reporter: &mut Reporter<'_>) {
        check_file("url", &self.url, reporter);
    }

    fn files(&self) -> Vec<FileSetting> {
        vec![private_file("url", &self.url)]
    }
}

impl TargetAdapter for AccountStoreSettings {
    fn url(&self) -> &str {
        &self.url
    }
}

/// The path in an address.
fn path(url: &str) -> &str {
    url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url)
}

/// The path in an address, relative to the working directory.
#[must_use]
pub fn located(url: &str, folder: &Path) -> String {
    folder.join(path(url)).display().to_string()
}

/// Reports an address that is not that of a file.
pub fn check_file(key: &str, url: &str, reporter: &mut Reporter<'_>) {
    let file = url.strip_prefix("sqlite:").unwrap_or_default();
    if file.trim_start_matches('/').is_empty() || file.contains(":memory:") || file.contains('?') {
        let message = "the address must be `sqlite:` and the path of a file, without parameters";
        reporter.error("R506", key, message, "for example `sqlite:data/accounts.db`");
    }
}

/// The file of an address, in which data of customers is stored.
#[must_use]
pub fn private_file(key: &'static str, url: &str) -> FileSetting {
    FileSetting { key, path: PathBuf::from(path(url)), usage: FileUse::Private }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_relative_to_the_settings_file() {
        let folder = Path::new("etc");
        for (url, wanted) in
            [("sqlite:a/b.db", "etc/a/b.db"), ("sqlite:/var/b.db", "/var/b.db"), ("sqlite:///var/b.db", "/var/b.db")]
        {
            assert_eq!(located(url, folder), wanted);
        }
    }
}
