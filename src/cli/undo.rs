//! `landfall undo`: takes migrations back, where nobody has changed the account since.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{CommandError, FINDINGS, FINE, show, stores};
use crate::ledger::{EntryFilter, EntryPage, EntryReport};
use crate::migrate::{EntryState, Undone};

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
    /// Somebody has changed the account.
    kept: usize,
    /// The account was not there any more.
    missing: usize,
    /// Somebody else was at work on the customer.
    busy: usize,
}

impl Tally {
    fn count(&mut self, undone: Undone) {
        match undone {
            Undone::Deleted => self.undone += 1,
            Undone::Missing => self.missing += 1,
            Undone::Changed => self.kept += 1,
            Undone::Busy => self.busy += 1,
        }
    }

    fn sentence(&self) -> String {
        let Self { undone, kept, missing, busy } = self;
        let mut text = format!("{undone} undone, {kept} kept because somebody has changed them");
        if *missing > 0 {
            text.push_str(&format!(", {missing} forgotten whose account was not there any more"));
        }
        if *busy > 0 {
            text.push_str(&format!(", {busy} left because something else was changing them: run the command again"));
        }
        text
    }
}

/// Runs the command.
///
/// # Errors
/// When the settings cannot be read, or the target or the ledger fails. What was undone before stays undone.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let tally = stores::open(&arguments.config, async |stores| undo(stores, arguments).await)?;
    if arguments.dry_run {
        show::output(&format!("{} accounts would be looked at\n", tally.undone))?;
        return Ok(FINE);
    }
    show::output(&format!("{}\n", tally.sentence()))?;
    Ok(if tally.kept + tally.busy == 0 { FINE } else { FINDINGS })
}

async fn undo(stores: &stores::OpenStores, arguments: &Arguments) -> Result<Tally, CommandError> {
    let mut tally = Tally::default();
    // What an undo that was cut off has begun is ended first.
    for state in [EntryState::Undoing, EntryState::Done] {
        undo_all(stores, arguments, state, &mut tally).await?;
    }
    Ok(tally)
}

async fn undo_all(
    stores: &stores::OpenStores,
    arguments: &Arguments,
    state: EntryState,
    tally: &mut Tally,
) -> Result<(), CommandError> {
    let (rules, since) = (arguments.rule_version.clone(), arguments.since);
    let filter = EntryFilter { rules, since, state: Some(state), account: None };
    let (mut after, admin) = (None, stores.admin());
    loop {
        let page = EntryPage { after, limit: PAGE };
        let entries = stores.ledger.entries(filter.clone(), page).await?;
        for EntryReport { entry, .. } in &entries {
            let Some(account) = &entry.account else { continue };
            if arguments.dry_run {
                tally.undone += 1;
            } else {
                tally.count(admin.undo("command", &entry.key, account).await?);
            }
        }
        let is_last = entries.len() < PAGE;
        after = entries.into_iter().last().map(|report| report.entry.key);
        if is_last {
            return Ok(());
        }
    }
}
