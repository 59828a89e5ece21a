//! Ledgers and account stores on a PostgreSQL server that the tests start.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use super::ledger::keyring;
use super::target::{check_behaviour, hasher, second};
use crate::adapters::postgres::{AccountStore, PostgresLedger};
use crate::hashing::Hasher;

#[path = "../../../tests/support/servers/mod.rs"]
pub(in crate::adapters) mod servers;

/// The server shared by the tests, with room for the connections of several instances.
pub(in crate::adapters) fn server() -> &'static servers::Server {
    static SERVER: LazyLock<servers::Server> = LazyLock::new(|| {
        servers::Server::start(&servers::POSTGRES, servers::Options::default().set("max_connections", "200"))
    });
    &SERVER
}

/// A server without TLS, so that a proxy in front of it can read what is sent.
pub(in crate::adapters) fn plain_server() -> &'static servers::Server {
    static SERVER: LazyLock<servers::Server> = LazyLock::new(|| {
        servers::Server::start(&servers::POSTGRES, servers::Options::default().tls(servers::Tls::Off))
    });
    &SERVER
}

/// The address of a new database.
pub(in crate::adapters) fn new_database() -> String {
    let server = server();
    address(server, &server.create_database())
}

/// The address of a database of a server.
pub(in crate::adapters) fn address(server: &servers::Server, database: &str) -> String {
    server.url(servers::ADMIN.0, servers::ADMIN.1, database)
}

/// The ledger of a new database.
pub(in crate::adapters) async fn ledger() -> PostgresLedger {
    ledger_at(&new_database()).await
}

/// The ledger of a database; several act as several instances.
pub(in crate::adapters) async fn ledger_at(url: &str) -> PostgresLedger {
    PostgresLedger::open(url, Path::new(""), keyring()).await.unwrap()
}

/// The account store of a database; several act as several instances.
pub(in crate::adapters) async fn accounts_at(url: &str, hasher: &Arc<Hasher>) -> AccountStore {
    AccountStore::create("accounts", url, Path::new(""), Arc::clone(hasher)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL; run tests/run"]
async fn account_store_passes() {
    let (url, hasher) = (new_database(), hasher(8));
    let target = accounts_at(&url, &hasher).await;
    check_behaviour(&target, &hasher, async |id| {
        assert!(target.disable(id, second(1)).await.unwrap().is_some());
    })
    .await;
}
