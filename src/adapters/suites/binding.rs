//! A ledger and its account store, tested against other stores and disappearing files.

use std::sync::Arc;

use tempfile::TempDir;

use super::target::hasher;
use crate::adapters::sqlite::AccountStore;
use crate::adapters::sqlite::SqliteLedger;
use crate::migrate::{bind_store, check_store};
use crate::ports::{Keyring, PortErrorKind};

async fn store(folder: &TempDir, name: &str) -> AccountStore {
    AccountStore::open("accounts", &folder.path().join(name), hasher(8)).await.unwrap()
}

#[tokio::test]
async fn a_ledger_accepts_only_its_own_store() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.db");
    let keyring = Arc::new(Keyring::new(&[7; 32]).unwrap());
    let ledger = SqliteLedger::open(path.to_str().unwrap(), keyring).await.unwrap();
    let (own, other) = (store(&folder, "own.db").await, store(&folder, "other.db").await);
    bind_store(&ledger, &own).await.unwrap();
    bind_store(&ledger, &store(&folder, "own.db").await).await.unwrap();
    check_store(&ledger, &own).await.unwrap();
    for refused in [bind_store(&ledger, &other).await, check_store(&ledger, &other).await] {
        assert_eq!(refused.unwrap_err().kind(), PortErrorKind::Misconfigured);
    }
    bind_store(&ledger, &own).await.unwrap();
}

#[tokio::test]
async fn a_missing_store_is_not_ready() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("ledger.db");
    let keyring = Arc::new(Keyring::new(&[7; 32]).unwrap());
    let ledger = SqliteLedger::open(path.to_str().unwrap(), keyring).await.unwrap();
    let own = store(&folder, "own.db").await;
    bind_store(&ledger, &own).await.unwrap();
    std::fs::rename(folder.path().join("own.db"), folder.path().join("away.db")).unwrap();
    assert_eq!(check_store(&ledger, &own).await.unwrap_err().kind(), PortErrorKind::Unavailable);
    std::fs::rename(folder.path().join("away.db"), folder.path().join("own.db")).unwrap();
    check_store(&ledger, &own).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(check_store(&ledger, &own).await.unwrap_err().kind(), PortErrorKind::Unavailable);
}
