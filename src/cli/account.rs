//! `landfall account`: shows, lists, deletes and restores accounts at the target.

use std::fmt::Write as _;
use std::path::PathBuf;

use bumpalo::Bump;
use clap::ValueEnum;
use serde::Serialize;

use super::consent::{Consent, Verdict};
use super::{CommandError, FINDINGS, FINE, capability, show, stores};
use crate::migrate::Restored;
use crate::model::Value;
use crate::model::read::{self, ReadLimits};
use crate::ports::{PasswordChange, PortErrorKind, StoredAccount, TargetId};

/// Arguments of `landfall account`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Show one account, by its id or by a login of its customer
    #[command(after_help = "Examples:
  landfall account show ada@example.org
  landfall account show --format json 01a2074e-2152-7377-8b8f-4cf01deb2f6b

Exit codes: 0 the account was shown, 1 there is no such account, 2 the command could not run")]
    Show(Show),
    /// Delete an account permanently; its customer will not migrate again
    #[command(after_help = "Shows the account, and asks. To let a customer migrate again, use `landfall undo`.

Examples:
  landfall account delete ada@example.org
  landfall account delete ada@example.org --yes                 # without asking, for scripts
  landfall account delete 01a2074e-2152-7377-8b8f-4cf01deb2f6b --dry-run

Exit codes: 0 the account was deleted, or shown with `--dry-run`, 1 there is no such account, or the answer was not yes, 2 the command could not run")]
    Delete(Delete),
    /// Let a customer whose account was deleted migrate again
    #[command(
        after_help = "Reverts `landfall account delete`: the customer is migrated again at the next login, under the rules that are \
active then. If the deletion was interrupted, the customer gets the old account back.

Examples:
  landfall account restore ada@example.org

Exit codes: 0 the customer can migrate again, or has the old account, 1 no deleted customer has this identifier, 2 the command could not run"
    )]
    Restore(Restore),
    /// List accounts in the order of their ids, one per line
    #[command(after_help = "Examples:
  landfall account list --limit 1000
  landfall account list --format json --after 01a2074e-2152-7377-8b8f-4cf01deb2f6b")]
    List(List),
}

#[derive(clap::Args)]
struct Show {
    /// The id of the account, or an identifier of its customer
    account: String,
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(clap::Args)]
struct Delete {
    /// The id of the account, or an identifier of its customer
    account: String,
    #[command(flatten)]
    consent: Consent,
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
}

#[derive(clap::Args)]
struct Restore {
    /// An identifier of the customer: any login of the deleted account
    identifier: String,
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
}

#[derive(clap::Args)]
struct List {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = crate::config::DEFAULT_FILE)]
    config: PathBuf,
    /// Start after this id
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// Maximum number of accounts
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For the terminal
    Human,
    /// JSON
    Json,
}

/// Runs the command.
///
/// # Errors
/// If the settings cannot be read, or the target or the ledger fails.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    match &arguments.command {
        Command::Show(arguments) => show_one(arguments),
        Command::Delete(arguments) => delete(arguments),
        Command::Restore(arguments) => restore(arguments),
        Command::List(arguments) => list(arguments),
    }
}

fn show_one(arguments: &Show) -> Result<u8, CommandError> {
    let found = stores::open(&arguments.config, async |stores| {
        let Some(id) = stores.account_id(&arguments.account).await? else { return Ok(None) };
        Ok(stores.target.read(stores::call(), &id).await?)
    })?;
    let Some(account) = found else { return not_found() };
    let text = match arguments.format {
        Format::Human => human(&account),
        Format::Json => json_of(&account, Layout::Indented) + "\n",
    };
    show::output(&text)?;
    Ok(FINE)
}

/// What became of an account that was to be deleted.
enum Deletion {
    Deleted(TargetId),
    Shown,
    Left,
    Missing,
}

fn delete(arguments: &Delete) -> Result<u8, CommandError> {
    arguments.consent.check()?;
    let done = stores::open(&arguments.config, async |stores| {
        let Some(id) = stores.account_id(&arguments.account).await? else { return Ok(Deletion::Missing) };
        if arguments.consent.shows() {
            show::output(&shown(stores, &id).await?)?;
        }
        match arguments.consent.ask("Delete this account? Its customer will not migrate again.")? {
            Verdict::Do => {
                let deleted = stores.admin().delete(stores::REQUEST, &id).await?;
                Ok(deleted.map_or(Deletion::Missing, Deletion::Deleted))
            }
            Verdict::Show => Ok(Deletion::Shown),
            Verdict::Leave => Ok(Deletion::Left),
        }
    })?;
    match done {
        Deletion::Missing => return not_found(),
        Deletion::Left => return Ok(FINDINGS),
        Deletion::Shown => show::output("would be deleted; its customer would not migrate again\n")?,
        Deletion::Deleted(id) => show::output(&format!("deleted {id}; its customer will not migrate again\n"))?,
    }
    Ok(FINE)
}

/// An account that is to be deleted, without its claims.
async fn shown(stores: &stores::OpenStores, id: &TargetId) -> Result<String, CommandError> {
    match stores.target.read(stores::call(), id).await {
        Ok(Some(account)) => Ok(summary(&account)),
        Ok(None) => Ok(format!("{:<12} {id} (missing at the target)\n", "id")),
        // a target that cannot be asked for an account may still delete it
        Err(error) if error.kind() == PortErrorKind::Unsupported => Ok(format!("{:<12} {id}\n", "id")),
        Err(error) => Err(error.into()),
    }
}

fn restore(arguments: &Restore) -> Result<u8, CommandError> {
    let restored = stores::open(&arguments.config, async |stores| {
        let subject = stores.subject(&arguments.identifier)?;
        Ok(stores.admin().restore(stores::REQUEST, &subject).await?)
    })?;
    let message = match restored {
        None => {
            anstream::eprintln!("no deleted customer has this identifier");
            return Ok(FINDINGS);
        }
        Some(Restored::Forgotten) => "restored; the customer will migrate again at the next login\n".to_owned(),
        Some(Restored::Kept(id)) => format!("restored; the customer has the account {id} again\n"),
    };
    show::output(&message)?;
    Ok(FINE)
}

fn not_found() -> Result<u8, CommandError> {
    anstream::eprintln!("no such account");
    Ok(FINDINGS)
}

fn list(arguments: &List) -> Result<u8, CommandError> {
    let after = arguments.after.clone().map(TargetId);
    let accounts = stores::open(&arguments.config, async |stores| {
        capability::needs_listing(&*stores.target)?;
        Ok(stores.target.list(stores::call(), after.as_ref(), arguments.limit).await?)
    })?;
    let mut out = String::new();
    for account in &accounts {
        // writing to a `String` cannot fail
        let _ = match arguments.format {
            Format::Json => writeln!(out, "{}", json_of(account, Layout::Line)),
            Format::Human => {
                let made = account.created_at.strftime("%Y-%m-%d %H:%M");
                writeln!(out, "{}  {:<8}  {made}  {}", account.id, account.state.name(), account.logins.join(", "))
            }
        };
    }
    show::output(&out)?;
    Ok(FINE)
}

/// How JSON is laid out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    Line,
    Indented,
}

/// A value as JSON, digit for digit.
fn written(value: &impl Serialize, layout: Layout) -> String {
    let text = match layout {
        Layout::Line => serde_json::to_string(value),
        Layout::Indented => serde_json::to_string_pretty(value),
    };
    // texts, numbers, lists and maps with text keys always have a JSON form
    text.unwrap_or_default()
}

/// Claims over several lines.
fn indented(claims: &str) -> String {
    let arena = Bump::new();
    let value = read::parse(claims, &arena, &ReadLimits::default());
    value.map_or_else(|_| claims.to_owned(), |value| written(&value, Layout::Indented))
}

fn json_of(account: &StoredAccount, layout: Layout) -> String {
    let arena = Bump::new();
    let shown = Shown {
        id: &account.id.0,
        state: account.state.name(),
        logins: &account.logins,
        source: account.legacy.as_ref().map(|key| key.source.as_str()),
        legacy_id: account.legacy.as_ref().map(|key| key.id.as_str()),
        rules: account.rules.as_deref(),
        created_at: account.created_at.to_string(),
        changed_at: account.changed_at.to_string(),
        password_change_required: account.change == PasswordChange::Required,
        claims: read::parse(&account.claims, &arena, &ReadLimits::default()).ok(),
    };
    written(&shown, layout)
}

/// An account as it is printed.
#[derive(Serialize)]
struct Shown<'a> {
    id: &'a str,
    state: &'a str,
    logins: &'a [String],
    source: Option<&'a str>,
    legacy_id: Option<&'a str>,
    rules: Option<&'a str>,
    created_at: String,
    changed_at: String,
    password_change_required: bool,
    claims: Option<Value<'a>>,
}

/// An account with its claims.
fn human(account: &StoredAccount) -> String {
    format!("{}claims {}\n", summary(account), indented(&account.claims))
}

/// An account without its claims.
fn summary(account: &StoredAccount) -> String {
    let mut out = String::new();
    // writing to a `String` cannot fail
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(out, "{name:<12} {value}");
    };
    line("id", &account.id.0);
    line("state", account.state.name());
    line("logins", &account.logins.join(", "));
    if let Some(key) = &account.legacy {
        line("from", &format!("{} {}", key.source, key.id));
    }
    if let Some(rules) = &account.rules {
        line("rules", rules);
    }
    line("created", &account.created_at.to_string());
    line("changed", &account.changed_at.to_string());
    if account.change == PasswordChange::Required {
        line("password", "must be changed");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_keep_every_digit() {
        let text = indented("{\"balance\":308401234567890123456789,\"due\":0.00}");
        assert_eq!(text, "{\n  \"balance\": 308401234567890123456789,\n  \"due\": 0.00\n}");
    }
}
