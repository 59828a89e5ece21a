//! The addresses of files: `sqlite:PATH`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{AccountStore, SqliteLedger};
use crate::adapters::registry::{LedgerContext, Opening, TargetContext};
use crate::ports::{BoxFuture, OpenLedger, PortError, Target};
use crate::settings::{FileSetting, FileUse, Reporter};

/// Opens the account store of an address.
pub(in crate::adapters) async fn open_accounts(
    name: &str,
    url: &str,
    context: TargetContext<'_>,
) -> Result<Arc<dyn Target>, PortError> {
    let TargetContext { folder, hasher, may_create, .. } = context;
    let path = folder.join(path(url));
    let store = if may_create {
        AccountStore::open(name, &path, hasher).await?
    } else {
        AccountStore::open_existing(name, &path, hasher).await?
    };
    Ok(Arc::new(store))
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
pub(in crate::adapters) fn check_file(key: &str, url: &str, _: &Path, reporter: &mut Reporter<'_>) {
    let file = url.strip_prefix("sqlite:").unwrap_or_default();
    if file.trim_start_matches('/').is_empty() || file.contains(":memory:") || file.contains('?') {
        let message = "the address must be `sqlite:` and the path of a file, without parameters";
        let help = if cfg!(feature = "postgres") {
            "for example `sqlite:data/accounts.db`; several instances share `postgres://user:password@host/database`"
        } else {
            "for example `sqlite:data/accounts.db`"
        };
        reporter.error("R506", key, message, help);
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
