//! "Start again": the demo as it was at first, with all customers in the shop only. The audit keeps what has happened.

use std::path::PathBuf;
use std::sync::Arc;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use thiserror::Error;

use super::page::Shop;
use super::switch::Switch;
use crate::migrate::{AccountAdmin, Undone};
use crate::ports::{Call, PortError, StoredAccount};

/// How many accounts are undone at a time.
const PAGE: usize = 500;

/// The request id in the audit.
const REQUEST: &str = "start-again";

/// Why the demo did not start again.
#[derive(Debug, Error)]
pub enum AgainError {
    /// The account store or the ledger failed.
    #[error(transparent)]
    Port(#[from] PortError),
    /// The attempts could not be forgotten.
    #[error(transparent)]
    Attempts(#[from] sqlx::Error),
}

/// What is put back.
#[derive(Debug)]
pub struct Again {
    /// Undoes migrations.
    pub admin: AccountAdmin,
    /// The database of the ledger.
    pub ledger: PathBuf,
}

impl Again {
    /// Undoes all migrations, forgets failed attempts, and switches the shop on.
    ///
    /// # Errors
    /// [`AgainError`]. What was undone before stays undone.
    pub async fn start(&self, shop: &Arc<Switch>) -> Result<(), AgainError> {
        let (call, mut after) = (Call::outside_login(REQUEST), None);
        loop {
            let accounts = self.admin.target.list(call, after.as_ref(), PAGE).await?;
            for account in &accounts {
                self.undo(account).await?;
            }
            after = accounts.last().map(|account| account.id.clone());
            if accounts.len() < PAGE {
                break;
            }
        }
        self.forget_attempts().await?;
        shop.set(Shop::On);
        shop.forget_queries();
        Ok(())
    }

    async fn undo(&self, account: &StoredAccount) -> Result<(), PortError> {
        let Some(key) = &account.legacy else { return Ok(()) };
        if self.admin.undo(REQUEST, key, &account.id).await? != Undone::Changed {
            return Ok(());
        }
        // An account with a new password is deleted, and its customer may come again.
        self.admin.delete(REQUEST, &account.id).await?;
        if let Some(login) = account.logins.first() {
            self.admin.restore(REQUEST, &self.admin.keyring.subject(login)).await?;
        }
        Ok(())
    }

    /// A shop of invented customers needs no limits across its beginnings.
    async fn forget_attempts(&self) -> Result<(), sqlx::Error> {
        let mut database = SqliteConnectOptions::new().filename(&self.ledger).connect().await?;
        sqlx::raw_sql("DELETE FROM attempts; DELETE FROM reservations").execute(&mut database).await?;
        database.close().await
    }
}
