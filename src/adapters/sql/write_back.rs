//! Marks, disables or deletes a migrated customer in a legacy database.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use super::database::{Opening, Writable};
use super::error::SqlError;
use super::statement::Statement;
use super::table;
use crate::adapters::registry::{OpenError, Trial, TrialFinding, UsedValue, WriteBackAdapter, WriteBackContext};
use crate::adapters::write_back::{WRITE, not_kept};
use crate::diag::Severity;
use crate::ports::{
    BoxFuture, Call, IdentifierProfile, LegacyWriter, MigratedCustomer, PortError, PortErrorKind, Written,
};
use crate::settings::{AdapterSettings, Reporter, Secret, SecretSetting, SecretUse};

/// Connections that are open at the same time.
const CONNECTIONS: u32 = 4;

/// A statement in a legacy database.
#[derive(Debug, Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SqlWriteBack {
    /// Secret: an address as `source.url` has it, of a user who may change this one table and nothing else.
    pub url: Secret,
    /// An UPDATE or a DELETE whose WHERE names the customer, such as `UPDATE users SET active = false WHERE id = :id`. Values
    /// enter it by parameters and in no other way. If it would change more than one row, it is rolled back and kept as failed.
    pub statement: String,
}

impl SqlWriteBack {
    fn statement(&self) -> Result<Statement, SqlError> {
        let dialect = table::of_url(self.url.expose())?.dialect;
        Statement::parse(&self.statement, dialect).map_err(SqlError::Statement)
    }

    fn writer(&self, context: &WriteBackContext<'_>) -> Result<SqlWriter, SqlError> {
        let url = self.url.expose();
        let opening = Opening {
            name: context.name,
            url,
            folder: context.folder,
            connections: CONNECTIONS,
            identifiers: IdentifierProfile::default(),
        };
        let database = (table::of_url(url)?.open_writable)(&opening).map_err(SqlError::Url)?;
        Ok(SqlWriter { name: context.name.to_owned(), database, statement: self.statement()? })
    }
}

impl AdapterSettings for SqlWriteBack {
    fn name(&self) -> &'static str {
        "sql"
    }

    fn check(&self, _: &mut Reporter<'_>) {}

    fn secrets(&mut self) -> Vec<SecretSetting<'_>> {
        vec![SecretSetting { key: "url".to_owned(), secret: &mut self.url, usage: SecretUse::Address }]
    }
}

impl WriteBackAdapter for SqlWriteBack {
    fn used_values(&self) -> Vec<UsedValue> {
        let names = self.statement().map(|statement| statement.0.names).unwrap_or_default();
        names.into_iter().map(|name| UsedValue { key: "statement".to_owned(), name }).collect()
    }

    fn check_secrets(&self, context: WriteBackContext<'_>, reporter: &mut Reporter<'_>) {
        let Err(error) = self.writer(&context) else { return };
        let (code, key) = error.place();
        reporter.error(code, &key, error.to_string(), error.help());
    }

    fn connect<'a>(&'a self, context: WriteBackContext<'a>) -> BoxFuture<'a, Trial> {
        Box::pin(async move {
            match self.writer(&context) {
                Ok(writer) => writer.try_out().await,
                // reported with the settings
                Err(_) => Trial::default(),
            }
        })
    }

    fn open<'a>(&'a self, context: WriteBackContext<'a>) -> BoxFuture<'a, Result<Arc<dyn LegacyWriter>, OpenError>> {
        Box::pin(async move { Ok(Arc::new(self.writer(&context)?) as Arc<dyn LegacyWriter>) })
    }
}

/// Changes one row of a legacy database for each customer.
struct SqlWriter {
    name: String,
    database: Box<dyn Writable>,
    statement: Statement,
}

impl SqlWriter {
    fn values(&self, customer: &MigratedCustomer) -> Result<Vec<String>, PortError> {
        let value = |name: &String| {
            let found = customer.value(name).map(std::borrow::Cow::into_owned);
            found.ok_or_else(|| not_kept(&self.name, name))
        };
        self.statement.0.names.iter().map(value).collect()
    }

    /// Connects, and lets the database prepare the statement.
    async fn try_out(&self) -> Trial {
        let (began, mut trial) = (Instant::now(), Trial::default());
        let deadline = began + Trial::PATIENCE;
        let late = || PortError::new(PortErrorKind::Unavailable, &self.name, WRITE).because("it took too long");
        let prepared = timeout_at(deadline, self.database.prepare(&self.statement, deadline)).await;
        let finding = |severity, code, key: &str, message: String, help: &str| TrialFinding {
            severity,
            code,
            key: key.to_owned(),
            message,
            help: help.to_owned(),
        };
        match prepared.unwrap_or_else(|_| Err(late())) {
            Ok(warnings) => {
                trial.summary = Some(format!("the statement is prepared, {} ms", began.elapsed().as_millis()));
                let help = "give the table an engine with transactions, such as InnoDB";
                let warning = |message| finding(Severity::Warning, "R513", "statement", message, help);
                trial.findings.extend(warnings.into_iter().map(warning));
            }
            Err(error) => {
                let key = if error.is_temporary() { "url" } else { "statement" };
                let message = format!("the legacy system cannot be written to: {}", error.detail());
                let help = "check the address, the user, what the user may change, and the names in the statement";
                trial.findings.push(finding(Severity::Error, "R514", key, message, help));
            }
        }
        trial
    }
}

impl LegacyWriter for SqlWriter {
    fn write<'a>(
        &'a self,
        call: Call<'a>,
        customer: &'a MigratedCustomer,
    ) -> BoxFuture<'a, Result<Written, PortError>> {
        Box::pin(async move {
            let rows = self.database.change(&self.statement, self.values(customer)?, call.deadline).await?;
            Ok(if rows == 0 { Written::Gone } else { Written::Done })
        })
    }

    fn rehearse<'a>(&'a self, call: Call<'a>, customer: &'a MigratedCustomer) -> BoxFuture<'a, Result<(), PortError>> {
        Box::pin(async move {
            self.values(customer)?;
            self.database.prepare(&self.statement, call.deadline).await.map(drop)
        })
    }
}
