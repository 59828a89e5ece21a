//! `landfall undo`: takes migrations back, where nobody has changed the account since.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{CommandError, FINDINGS, FINE, books, show};
use crate::ledger::{EntryFilter, EntryPage, EntryReport};
use crate::migrate::EntryState;

/// What `landfall undo` is asked.
#[derive(clap::Args)]
#[command(
    after_help = "Only accounts are deleted that Landfall created and that nobody has changed since: no new password, no new claims.
Their customers migrate anew at their next login, under the rules that are then in force.

Examples:
  landfall undo --since 2026-11-20T08:00:00Z --dry-run
  landfall undo --rule-version 5f0c21…"
)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true)))]
pub struct Arguments {
    /// The settings
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Migrations by the rules of this hash, as `landfall account show` tells it
    #[arg(long, value_name = "HASH", group = "which")]
    rule_version: Option<String>,
    /// Migrations since this time (RFC 3339)
    #[arg(long, value_name = "TIME", group = "which")]
    since: Option<Timestamp>,
    /// Say what would be undone, and do nothing
    #[arg(long)]
    dry_run: bool,
}

/// How many entries are read in one go.
const PAGE: usize = 500;

/// What was done.
#[derive(Debug, Default)]
struct Tally {
    undone: usize,
    kept: usize,
}

/// Runs the command.
///
/// # Errors
/// When the settings cannot be read, or the target or the ledger fails. What was undone before stays undone.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let tally = books::open(&arguments.config, async |books| undo(books, arguments).await)?;
    let (done, kept) = (tally.undone, tally.kept);
    if arguments.dry_run {
        show::output(&format!("{done} accounts would be looked at\n"))?;
        return Ok(FINE);
    }
    show::output(&format!("{done} undone, {kept} kept because somebody has changed them\n"))?;
    Ok(if kept == 0 { FINE } else { FINDINGS })
}

async fn undo(books: &books::Books, arguments: &Arguments) -> Result<Tally, CommandError> {
    let filter = EntryFilter {
        rules: arguments.rule_version.clone(),
        since: arguments.since,
        state: Some(EntryState::Done),
        account: None,
    };
    let (mut tally, mut after) = (Tally::default(), None);
    loop {
        let page = EntryPage { after, limit: PAGE };
        let entries = books.ledger.entries(filter.clone(), page).await?;
        for EntryReport { entry, .. } in &entries {
            let Some(account) = &entry.account else { continue };
            if arguments.dry_run || books.desk().undo("command", account).await?.is_some() {
                tally.undone += 1;
            } else {
                tally.kept += 1;
            }
        }
        let is_last = entries.len() < PAGE;
        after = entries.into_iter().last().map(|report| report.entry.key);
        if is_last {
            return Ok(tally);
        }
    }
}
