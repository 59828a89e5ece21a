//! The settings of Landfall's own account store, in a file or in a database.

use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(feature = "postgres")]
use crate::adapters::postgres;
#[cfg(feature = "postgres")]
use crate::adapters::registry::Trial;
use crate::adapters::registry::{TargetAdapter, TargetContext};
use crate::adapters::sqlite;
use crate::ports::{BoxFuture, PortError, Target};
use crate::settings::{AdapterSettings, FileSetting, Reporter, Secret, SecretSetting, SecretUse, address};

/// Landfall's own account store.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountStoreSettings {
    /// The name in logs and metrics.
    #[serde(default = "name")]
    pub name: String,
    /// Secret: `sqlite:PATH`, or `postgres://USER:PASSWORD@HOST/DATABASE` for several instances.
    #[serde(serialize_with = "address")]
    pub url: Secret,
}

fn name() -> String {
    "accounts".to_owned()
}

/// Whether an address is that of a PostgreSQL database.
pub(in crate::adapters) fn is_postgres(url: &str) -> bool {
    cfg!(feature = "postgres") && (url.starts_with("postgres:") || url.starts_with("postgresql:"))
}

impl AdapterSettings for AccountStoreSettings {
    fn name(&self) -> &str {
        &self.name
    }

    fn check(&self, _: &mut Reporter<'_>) {}

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        vec![SecretSetting { key: "url".to_owned(), secret: &mut self.url, usage: SecretUse::Address }]
    }

    fn files(&self) -> Vec<FileSetting> {
        let url = self.url.expose();
        if is_postgres(url) { Vec::new() } else { vec![sqlite::private_file("url", url)] }
    }
}

impl TargetAdapter for AccountStoreSettings {
    fn url(&self) -> &str {
        self.url.expose()
    }

    fn finds_logins(&self) -> bool {
        true
    }

    fn check_secrets(&self, folder: &Path, reporter: &mut Reporter<'_>) {
        let url = self.url.expose();
        #[cfg(feature = "postgres")]
        if is_postgres(url) {
            return postgres::check_address("url", url, folder, reporter);
        }
        sqlite::check_file("url", url, folder, reporter);
    }

    #[cfg(feature = "postgres")]
    fn connect<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, Option<Trial>> {
        Box::pin(async move {
            let url = self.url.expose();
            if is_postgres(url) { Some(postgres::try_accounts(&self.name, url, folder).await) } else { None }
        })
    }

    fn open<'a>(&'a self, context: TargetContext<'a>) -> BoxFuture<'a, Result<Arc<dyn Target>, PortError>> {
        Box::pin(async move {
            let url = self.url.expose();
            #[cfg(feature = "postgres")]
            if is_postgres(url) {
                return postgres::open_accounts(&self.name, url, context).await;
            }
            sqlite::open_accounts(&self.name, url, context).await
        })
    }
}
