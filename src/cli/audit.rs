//! `landfall audit`: the audit, read and verified.

use std::path::PathBuf;

use serde_json::json;

use super::{CommandError, FINDINGS, FINE, books, show};
use crate::ledger::{AuditFilter, AuditHead};

/// What `landfall audit` is asked.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Prove that no decision was changed, removed, inserted or cut off
    #[command(
        after_help = "Keep the head that is printed somewhere else: given again with --anchor, it proves that nothing up to it
was changed, even by somebody who has the ledger's key.

Examples:
  landfall audit verify
  landfall audit verify --anchor 1204:5f0c…"
    )]
    Verify(Verify),
    /// List decisions, the newest first, one JSON object per line
    #[command(after_help = "Identifiers are kept as keyed digests; --identifier finds those of one customer.

Examples:
  landfall audit list --identifier ada@example.org
  landfall audit list --outcome invalid_record --limit 20")]
    List(List),
}

#[derive(clap::Args)]
struct Verify {
    /// The settings
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// A head that was printed earlier
    #[arg(long, value_name = "HEAD")]
    anchor: Option<AuditHead>,
}

#[derive(clap::Args)]
struct List {
    /// The settings
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Only those about this identifier, in any spelling
    #[arg(long)]
    identifier: Option<String>,
    /// Only those with this outcome, such as `rejected`
    #[arg(long)]
    outcome: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

/// Runs the command.
///
/// # Errors
/// When the settings or the ledger cannot be read.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::Verify(arguments) => verify(arguments),
        Command::List(arguments) => list(arguments),
    }
}

fn verify(arguments: &Verify) -> Result<u8, CommandError> {
    let anchor = arguments.anchor.clone().unwrap_or_default();
    let report = books::inspected(&arguments.config, async |books| Ok(books.ledger.verify_with(&anchor).await?))?;
    let Some(broken) = report.broken else {
        show::output(&format!("{} decisions are whole\nhead {}\n", report.head.number, report.head))?;
        return Ok(FINE);
    };
    let (number, fault) = (broken.number, broken.fault.name());
    show::output(&format!(
        "the audit is broken at decision {number}: {fault}\n{} before it are whole\n",
        report.head.number
    ))?;
    Ok(FINDINGS)
}

fn list(arguments: &List) -> Result<u8, CommandError> {
    let rows = books::open(&arguments.config, async |books| {
        let subject = match &arguments.identifier {
            Some(typed) => Some(books.subject(typed)?),
            None => None,
        };
        let filter = AuditFilter { subject, outcome: arguments.outcome.clone(), ..AuditFilter::default() };
        Ok(books.ledger.audit(filter, arguments.limit).await?)
    })?;
    let mut out = String::new();
    for row in rows {
        let line = json!({
            "number": row.number, "at": row.at.to_string(), "door": row.door, "outcome": row.outcome,
            "reason": row.reason, "request_id": row.request_id, "account": row.account, "customer": row.customer,
            "source": row.source, "rules": row.rules, "micros": row.micros,
        });
        out.push_str(&line.to_string());
        out.push('\n');
    }
    show::output(&out)?;
    Ok(FINE)
}
