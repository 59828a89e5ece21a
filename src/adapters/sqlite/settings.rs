//! The settings of the account store, and the addresses of files: `sqlite:PATH`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AccountStore, SqliteLedger};
use crate::adapters::registry::{LedgerContext, Opening, TargetAdapter, TargetContext};
use crate::ports::{BoxFuture, OpenLedger, PortError, Target};
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

    fn open<'a>(&'a self, context: TargetContext<'a>) -> BoxFuture<'a, Result<Arc<dyn Target>, PortError>> {
        Box::pin(async move {
            let TargetContext { folder, hasher, may_create, .. } = context;
            let path = folder.join(path(&self.url));
            let store = if may_create {
                AccountStore::open(&self.name, &path, hasher).await?
            } else {
                AccountStore::open_existing(&self.name, &path, hasher).await?
            };
            Ok(Arc::new(store) as Arc<dyn Target>)
        })
    }
}

/// Opens the ledger of an address.
pub(in crate::adapters) fn open_ledger(context: LedgerContext<'_>) -> BoxFuture<'_, Result<OpenLedger, PortError>> {
    Box::pin(async move {
        let LedgerContext { url, folder, keyring, opening } = context;
        let path = located(url, folder);
        let ledger = match opening {
            Opening::Trusted => SqliteLedger::open(&path, keyring).await?,
            Opening::Existing => SqliteLedger::open_existing(&path, keyring).await?,
            Opening::Inspect => SqliteLedger::inspect(&path, keyring).await?,
        };
        Ok(OpenLedger::new(ledger))
    })
}

/// The path in an address.
fn path(url: &str) -> &str {
    url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")).unwrap_or(url)
}

/// The path in an address, relative to the working directory.
pub(in crate::adapters) fn located(url: &str, folder: &Path) -> String {
    folder.join(path(url)).display().to_string()
}

/// Reports an address that is not that of a file.
pub(in crate::adapters) fn check_file(key: &str, url: &str, reporter: &mut Reporter<'_>) {
    let file = url.strip_prefix("sqlite:").unwrap_or_default();
    if file.trim_start_matches('/').is_empty() || file.contains(":memory:") || file.contains('?') {
        let message = "the address must be `sqlite:` and the path of a file, without parameters";
        reporter.error("R506", key, message, "for example `sqlite:data/accounts.db`");
    }
}

/// The file of an address, in which data of customers is stored.
pub(in crate::adapters) fn private_file(key: &'static str, url: &str) -> FileSetting {
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
