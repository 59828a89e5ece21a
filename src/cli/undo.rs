//! `landfall undo`: undoes migrations whose accounts have not changed since.

use std::path::PathBuf;

use jiff::Timestamp;

use super::consent::{Consent, Verdict};
use super::{CommandError, FINDINGS, FINE, capability, show, stores};
use crate::migrate::Undone;
use crate::ports::{EntryFilter, EntryPage, EntryReport, EntryState};

/// Arguments of `landfall undo`.
#[derive(clap::Args)]
#[command(
    after_help = "Deletes only accounts that Landfall created and that have not changed since: no new password, no new claims. Their \
customers migrate again at their next login, under the rules that are active then. Counts the accounts first, and asks.

Examples:
  landfall undo --since 2026-11-20T08:00:00Z --dry-run
  landfall undo --since 2026-11-20T08:00:00Z --yes          # without asking, for scripts
  landfall undo --rule-version 5f0c21d7aa0f4b7d92f1f1f6f6f5c1b2a9e8d7c6b5a4f3e2d1c0b9a8f7e6d5c4

Exit codes: 0 all of them are undone, or counted with `--dry-run`, 1 some were kept because they have changed, or skipped; or the answer was not yes, 2 the command could not run"
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
    #[command(flatten)]
    consent: Consent,
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

    /// What would be done.
    fn plan(&self) -> String {
        let Self { undone, kept, missing, .. } = self;
        let mut text = format!("would undo {undone}, and keep {kept} because they have changed");
        if *missing > 0 {
            text.push_str(&format!("; would forget {missing} because their account no longer exists"));
        }
        text
    }

    fn is_empty(&self) -> bool {
        self.undone + self.missing == 0
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
    arguments.consent.check()?;
    let (verdict, tally) = stores::open(&arguments.config, async |stores| {
        capability::needs_undo(&*stores.target)?;
        if arguments.consent.shows() {
            let plan = undo(stores, arguments, Mode::Count).await?;
            if plan.undone > 0 {
                note_write_back(stores);
            }
            show::output(&format!("{}\n", plan.plan()))?;
            if plan.is_empty() {
                return Ok((Verdict::Show, plan));
            }
        }
        match arguments.consent.ask("Undo these migrations?")? {
            Verdict::Do => {
                let tally = undo(stores, arguments, Mode::Undo).await?;
                if !arguments.consent.shows() && tally.undone > 0 {
                    note_write_back(stores);
                }
                Ok((Verdict::Do, tally))
            }
            verdict => Ok((verdict, Tally::default())),
        }
    })?;
    match verdict {
        Verdict::Show => return Ok(FINE),
        Verdict::Leave => return Ok(FINDINGS),
        Verdict::Do => show::output(&format!("{}\n", tally.sentence()))?,
    }
    Ok(if tally.kept + tally.busy == 0 { FINE } else { FINDINGS })
}

fn note_write_back(stores: &stores::OpenStores) {
    if stores.writes_back {
        anstream::eprintln!(
            "note: `write_back` is set. A legacy account that was changed already stays so: if it was disabled or deleted, its \
             customer cannot migrate again until you restore it there"
        );
    }
}

/// Whether accounts are undone, or only counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Count,
    Undo,
}

async fn undo(stores: &stores::OpenStores, arguments: &Arguments, mode: Mode) -> Result<Tally, CommandError> {
    let mut tally = Tally::default();
    // Finish undos that were interrupted first.
    for state in [EntryState::Undoing, EntryState::Done] {
        undo_all(stores, arguments, state, mode, &mut tally).await?;
    }
    Ok(tally)
}

async fn undo_all(
    stores: &stores::OpenStores,
    arguments: &Arguments,
    state: EntryState,
    mode: Mode,
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
            tally.count(match mode {
                Mode::Count => admin.would_undo(stores::REQUEST, account).await?,
                Mode::Undo => admin.undo(stores::REQUEST, &entry.key, account).await?,
            });
        }
        let is_last = entries.len() < PAGE;
        after = entries.into_iter().last().map(|report| report.entry.key);
        if is_last {
            return Ok(());
        }
    }
}
