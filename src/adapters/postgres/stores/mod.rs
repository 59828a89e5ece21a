//! From settings to the account store and the ledger in PostgreSQL.

use std::path::Path;
use std::sync::Arc;

use super::accounts::AccountStore;
use super::address;
use super::database::{Absent, Database, try_out};
use super::ledger::PostgresLedger;
use super::{accounts, ledger};
use crate::adapters::registry::{LedgerContext, Opening, TargetContext, Trial};
use crate::ports::{BoxFuture, OpenLedger, PortError, Target};
use crate::settings::Reporter;

/// Reports an address that cannot be used.
pub(in crate::adapters) fn check_address(key: &str, url: &str, folder: &Path, reporter: &mut Reporter<'_>) {
    if let Err(why) = address::options(url, folder) {
        let message = format!("invalid database address: {why}");
        let help = "an address is `postgres://USER:PASSWORD@HOST/DATABASE`; in its parts, `:`, `/`, `?`, `#` and `@` are \
                    written as `%3A`, `%2F`, `%3F`, `%23` and `%40`";
        reporter.error("R506", key, message, help);
    }
}

/// Opens the account store of an address.
pub(in crate::adapters) async fn open_accounts(
    name: &str,
    url: &str,
    context: TargetContext<'_>,
) -> Result<Arc<dyn Target>, PortError> {
    let TargetContext { folder, hasher, may_create, .. } = context;
    let absent = if may_create { Absent::Create } else { Absent::Refuse };
    Ok(Arc::new(AccountStore::open(name, url, folder, hasher, absent).await?))
}

/// Opens the ledger of an address.
pub(in crate::adapters) fn open_ledger(context: LedgerContext<'_>) -> BoxFuture<'_, Result<OpenLedger, PortError>> {
    Box::pin(async move {
        let LedgerContext { url, folder, keyring, opening } = context;
        let ledger = match opening {
            Opening::Trusted => PostgresLedger::open(url, folder, keyring).await?,
            Opening::Existing => PostgresLedger::open_existing(url, folder, keyring).await?,
            Opening::Inspect => PostgresLedger::inspect(url, folder, keyring).await?,
        };
        Ok(OpenLedger::new(ledger))
    })
}

/// Tries out the database of the account store.
pub(in crate::adapters) async fn try_accounts(name: &str, url: &str, folder: &Path) -> Trial {
    try_out(Database::new(name, url, folder), &accounts::SCHEMA).await
}

/// Tries out the database of the ledger.
pub(in crate::adapters) async fn try_ledger(url: &str, folder: &Path) -> Trial {
    try_out(Database::new(ledger::NAME, url, folder), &ledger::SCHEMA).await
}
