//! `landfall audit list`.

use std::path::PathBuf;

use serde_json::json;

use super::{CommandError, FINE, show, stores};
use crate::config::Opening;
use crate::ports::AuditFilter;

#[derive(clap::Args)]
#[command(
    after_help = "The audit holds keyed digests of identifiers, never the identifiers; --identifier finds the rows of one customer. A row \
with a `count` stands for that many refusals of one customer.

Examples:
  landfall audit list --identifier ada@example.org
  landfall audit list --outcome invalid_record --limit 20"
)]
pub(super) struct List {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Only decisions about this identifier, in any spelling
    #[arg(long)]
    identifier: Option<String>,
    /// Only decisions about this customer, by the digest that `status --shadow` or the audit shows
    #[arg(long, value_name = "DIGEST")]
    customer: Option<String>,
    /// Only decisions with this outcome, such as `refused`
    #[arg(long)]
    outcome: Option<String>,
    /// Maximum number of decisions
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

pub(super) fn run(arguments: &List) -> Result<u8, CommandError> {
    let rows = stores::ledger(&arguments.config, Opening::Existing, async |stores| {
        let subject = match &arguments.identifier {
            Some(typed) => Some(stores::subject(&stores.keyring, &stores.identifiers, typed)?),
            None => None,
        };
        let (customer, outcome) = (arguments.customer.clone(), arguments.outcome.clone());
        let filter = AuditFilter { subject, customer, outcome, ..AuditFilter::default() };
        Ok(stores.ledger.reports.audit(filter, arguments.limit).await?)
    })?;
    let mut out = String::new();
    for row in rows {
        let line = json!({
            "number": row.number, "at": row.at.to_string(), "operation": row.operation, "outcome": row.outcome,
            "reason": row.reason, "request_id": row.request_id, "account": row.account, "customer": row.customer,
            "source": row.source, "rules": row.rules, "micros": row.micros, "count": row.count,
        });
        out.push_str(&line.to_string());
        out.push('\n');
    }
    show::output(&out)?;
    Ok(FINE)
}
