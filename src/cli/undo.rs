//! `landfall undo`: undoes migrations whose accounts have not changed since.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{CommandError, FINDINGS, FINE, capability, show, stores};
use crate::migrate::Undone;
use crate::ports::{EntryFilter, EntryPage, EntryReport, EntryState};

/// Arguments of `landfall undo`.
#[derive(clap::Args)]
#[command(
    after_help = "Deletes only accounts that Landfall created and that have not changed since: no new password, no new claims. Their \
customers migrate again at their next login, under the rules that are active then.

Examples:
  landfall undo --since 2026-11-20T08:00:00Z --dry-run
  landfall undo --rule-version 5f0c21…"
)]
#[command(group(clap::ArgGroup::new("which").required(true).multiple(true)))]
pub struct Arguments {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Undo migrations by the rules with this hash, as shown by `landfall account show`
    #[arg(long, value_name = "HASH", group = "which")]
    rule_version: Option<String>,
    /// Undo migrations since this time (RFC 3339)
    #[arg(long, value_name = "TIME", group = "which")]
    since: Option<Timestamp>,
    /// Only count the accounts, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// The number of entries that are read at a time.
const PAGE: usize = 500;

/// The results so far.
#[derive(Debug, Default)]
struct Tally {
    undone: usize,
    /// The account has changed.
    kept: usize,
    /// The account no longer exists.
    missing: usize,
    /// Another process was working on the customer.
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
        let mut text = format!("{undone} undone, {kept} kept because they have changed");
        if *missing > 0 {
            text.push_str(&format!(", {missing} forgotten because their account no longer exists"));
        }
        if *busy > 0 {
            text.push_str(&format!(", {busy} skipped because another process is changing them; run the command again"));
        }
        text
    }
}

/// Runs the command.
///
/// # Errors
/// If the settings cannot be read, or the target or the ledger fails. What was undone before stays undone.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let (tally, writes_back) =
        stores::open(&arguments.config, async |stores| Ok((undo(stores, arguments).await?, stores.writes_back)))?;
    if tally.undone > 0 && writes_back {
        anstream::eprintln!(
            "note: `write_back` is set. A legacy account that was changed already stays so: if it was disabled or deleted, its \
             customer cannot migrate again until you restore it there"
        );
    }
    if arguments.dry_run {
        show::output(&format!("would undo up to {} migrations\n", tally.undone))?;
        return Ok(FINE);
    }
    show::output(&format!("{}\n", tally.sentence()))?;
    Ok(if tally.kept + tally.busy == 0 { FINE } else { FINDINGS })
}

async fn undo(stores: &stores::OpenStores, arguments: &Arguments) -> Result<Tally, CommandError> {
    capability::needs_undo(&*stores.target)?;
    let mut tally = Tally::default();
    // Finish undos that were interrupted first.
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
        let entries = stores.ledger.reports.entries(filter.clone(), page).await?;
        for EntryReport { entry, .. } in &entries {
            let Some(account) = &entry.account else { continue };
            if arguments.dry_run {
                tally.undone += 1;
            } else {
                tally.count(admin.undo(stores::REQUEST, &entry.key, account).await?);
            }
        }
        let is_last = entries.len() < PAGE;
        after = entries.into_iter().last().map(|report| report.entry.key);
        if is_last {
            return Ok(());
        }
    }
}
