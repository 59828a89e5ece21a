//! `landfall write-back`: the changes of legacy accounts that wait, failed, or were only rehearsed.

use std::path::PathBuf;

use clap::Subcommand;
use jiff::Timestamp;
use serde_json::json;

use super::{CommandError, FINDINGS, FINE, show, stores};
use crate::config::Opening;
use crate::ports::{EventKind, Undelivered};

/// Arguments of `landfall write-back`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List what is waiting, what failed and what was only rehearsed, as lines of JSON
    List(List),
    /// Try again what failed or was only rehearsed
    Retry(Retry),
}

#[derive(clap::Args)]
#[command(
    after_help = "`state` is `waiting` (with `due_at`), `failed` or `dry_run`, and `why` says what went wrong. `legacy_id` is the customer \
in the legacy system.

Examples:
  landfall write-back list
  landfall write-back list --failed"
)]
struct List {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Only what failed; then the command exits with 1 if there is any
    #[arg(long)]
    failed: bool,
}

#[derive(clap::Args)]
#[command(
    after_help = "A running service tries them within seconds, and again as often as `write_back.attempts` says. While `dry_run` is set, \
they are only rehearsed again.

Examples:
  landfall write-back retry                    # all of them
  landfall write-back retry --id 4711          # one, with its `id` in the list"
)]
struct Retry {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Only the one with this `id`
    #[arg(long)]
    id: Option<i64>,
}

/// How many are read at a time.
const PAGE: usize = 500;

/// Runs the command.
///
/// # Errors
/// If the settings or the ledger cannot be read, or the ledger cannot be written.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::List(arguments) => list(arguments),
        Command::Retry(arguments) => retry(arguments),
    }
}

fn list(arguments: &List) -> Result<u8, CommandError> {
    let found = stores::ledger(&arguments.config, Opening::Existing, async |stores| {
        let (mut all, mut after) = (Vec::new(), 0);
        loop {
            let page = stores.ledger.outbox.undelivered(EventKind::WriteBack, after, PAGE).await?;
            let is_last = page.len() < PAGE;
            after = page.last().map_or(after, |last| last.id);
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    })?;
    let shown: Vec<&Undelivered> = found.iter().filter(|one| !arguments.failed || one.is_dead()).collect();
    let lines: String = shown.iter().map(|one| line(one)).collect();
    show::output(&lines)?;
    Ok(if arguments.failed && !shown.is_empty() { FINDINGS } else { FINE })
}

fn line(one: &Undelivered) -> String {
    let state = match one {
        one if one.is_rehearsed() => "dry_run",
        one if one.is_dead() => "failed",
        _ => "waiting",
    };
    let line = json!({
        "id": one.id, "state": state, "source": one.key.as_ref().map(|key| &key.source),
        "legacy_id": one.key.as_ref().map(|key| &key.id), "account": one.account.as_ref().map(|account| &account.0),
        "migrated_at": one.at.to_string(), "attempts": one.attempts,
        "due_at": one.due_at.map(|at| at.to_string()), "why": one.why,
    });
    format!("{line}\n")
}

fn retry(arguments: &Retry) -> Result<u8, CommandError> {
    let again = stores::ledger(&arguments.config, Opening::Existing, async |stores| {
        Ok(stores.ledger.outbox.send_again(EventKind::WriteBack, arguments.id, Timestamp::now()).await?)
    })?;
    if again == 0 && arguments.id.is_some() {
        return Err(CommandError::new("nothing with this id failed or was rehearsed")
            .help("`landfall write-back list` shows what there is"));
    }
    show::output(&format!("{again} will be tried again\n"))?;
    Ok(FINE)
}
