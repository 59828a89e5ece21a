//! What became of the records: counts, a line for each account, and rejects.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use super::Arguments;
use crate::cli::CommandError;
use crate::cli::input::is_dash;
use crate::cli::output::{OutError, Sink};
use crate::cli::show;
use crate::cli::transform::tally::Counts;
use crate::engine::outcome::Reason;
use crate::formats::{RawRecord, RecordError, reject};
use crate::migrate::{Bulk, BulkAccount, BulkOutcome};
use crate::ports::AccountState;

/// What became of the records.
pub(super) struct Report {
    results: Option<Sink>,
    rejects: Option<Sink>,
    /// Whether the summary goes to standard error, because results are on standard output.
    is_piped: bool,
    is_rehearsal: bool,
    records: u64,
    active: u64,
    pending: u64,
    unreadable: u64,
    /// Accounts by the names of the other outcomes.
    outcomes: BTreeMap<&'static str, u64>,
    denials: Counts,
    reasons: Counts,
    problems: Counts,
    warnings: Counts,
}

/// The outcomes in the order in which they are shown, apart from `created`.
const SHOWN: [&str; 9] =
    ["migrated", "pending", "deleted", "held", "denied", "refused", "conflict", "invalid", "failed"];

impl Report {
    /// Opens the files of the arguments.
    ///
    /// # Errors
    /// If one cannot be written.
    pub(super) fn open(arguments: &Arguments) -> Result<Self, CommandError> {
        for path in [&arguments.results, &arguments.rejects].into_iter().flatten() {
            check_replaceable(path)?;
        }
        let open = |path: &Option<std::path::PathBuf>| path.as_deref().map(Sink::in_place).transpose();
        Ok(Self {
            results: open(&arguments.results)?,
            rejects: open(&arguments.rejects)?,
            is_piped: [&arguments.results, &arguments.rejects].into_iter().flatten().any(|path| is_dash(path)),
            is_rehearsal: arguments.dry_run,
            records: 0,
            active: 0,
            pending: 0,
            unreadable: 0,
            outcomes: BTreeMap::new(),
            denials: Counts::default(),
            reasons: Counts::default(),
            problems: Counts::default(),
            warnings: Counts::default(),
        })
    }

    /// Notes what became of a record; `None` if processing it failed unexpectedly.
    ///
    /// # Errors
    /// If a line cannot be written.
    pub(super) fn record(
        &mut self,
        bulk: &Bulk,
        record: &RawRecord,
        accounts: Option<Vec<BulkAccount>>,
    ) -> Result<(), CommandError> {
        self.records += 1;
        let accounts = accounts.unwrap_or_else(|| vec![internal_error()]);
        for account in &accounts {
            self.count(account);
            self.line(record.number, record.line, account)?;
        }
        self.reject(bulk, record, &accounts)
    }

    /// Notes a record that cannot be read.
    ///
    /// # Errors
    /// If a line cannot be written.
    pub(super) fn unreadable(&mut self, error: &RecordError) -> Result<(), CommandError> {
        self.records += 1;
        self.unreadable += 1;
        self.problems.count(&error.message);
        let reasons = [reason("record", "read", &error.message).to_json()];
        if let Some(results) = &mut self.results {
            let line = json!({
                "number": error.number, "line": error.line, "outcome": "unreadable", "reasons": reasons,
            });
            write(results, format!("{line}\n").as_bytes())?;
        }
        let Some(rejects) = &mut self.rejects else { return Ok(()) };
        let format = Some(error.format.name());
        let about = reject::About {
            number: error.number,
            line: error.line,
            format,
            accounts: &[],
            shared: &[],
            reasons: &reasons,
        };
        let mut bytes = Vec::new();
        reject::write_text(&about, error.raw.as_deref(), &mut bytes);
        write(rejects, &bytes)
    }

    fn count(&mut self, account: &BulkAccount) {
        account.warnings.iter().for_each(|name| self.warnings.count(name));
        account.reasons.iter().for_each(|reason| self.reasons.reason(reason));
        match &account.outcome {
            BulkOutcome::Created { state: AccountState::Pending, .. } => return self.pending += 1,
            BulkOutcome::Created { .. } => return self.active += 1,
            BulkOutcome::Denied(key) => self.denials.count(key),
            BulkOutcome::Refused(refusal) => self.denials.count(refusal.name()),
            _ => {}
        }
        *self.outcomes.entry(account.outcome.name()).or_default() += 1;
    }

    /// Writes the result of an account.
    fn line(&mut self, number: u64, line: u64, account: &BulkAccount) -> Result<(), CommandError> {
        let Some(results) = &mut self.results else { return Ok(()) };
        let mut members = Map::new();
        let mut add = |name: &str, value: Json| drop(members.insert(name.to_owned(), value));
        add("number", number.into());
        add("line", line.into());
        if let Some(position) = account.position {
            add("account", position.into());
        }
        if let Some(id) = &account.id {
            add("id", id.as_str().into());
        }
        let is_planned = self.is_rehearsal && matches!(account.outcome, BulkOutcome::Created { .. });
        add("outcome", if is_planned { "would_create" } else { account.outcome.name() }.into());
        if let BulkOutcome::Created { account, state } = &account.outcome {
            add("state", state.name().into());
            if let Some(account) = account {
                add("account_id", account.0.as_str().into());
            }
        }
        add("reasons", reasons(account).into());
        if !account.warnings.is_empty() {
            add("warnings", account.warnings.clone().into());
        }
        write(results, format!("{}\n", Json::Object(members)).as_bytes())
    }

    /// Writes the reject of a record, if one of its accounts can be created after the record is fixed.
    fn reject(&mut self, bulk: &Bulk, record: &RawRecord, accounts: &[BulkAccount]) -> Result<(), CommandError> {
        let Some(rejects) = &mut self.rejects else { return Ok(()) };
        let rejected: Vec<&BulkAccount> = accounts.iter().filter(|account| is_rejected(&account.outcome)).collect();
        if rejected.is_empty() {
            return Ok(());
        }
        let positions: Vec<usize> = rejected.iter().filter_map(|account| account.position).collect();
        let reasons: Vec<Json> = rejected.iter().flat_map(|account| reasons_with_position(account)).collect();
        let shared = bulk.shared_logins(&record.json).into_iter().chain(record.shared.iter().cloned());
        let mut shared: Vec<String> = shared.collect();
        shared.sort_unstable();
        shared.dedup();
        let about = reject::About {
            number: record.number,
            line: record.line,
            format: None,
            accounts: &positions,
            shared: &shared,
            reasons: &reasons,
        };
        let mut bytes = Vec::new();
        reject::write_record(&about, &record.json, &mut bytes);
        write(rejects, &bytes)
    }

    /// What the run does.
    pub(super) fn what(&self) -> &'static str {
        if self.is_rehearsal { "dry run" } else { "bulk" }
    }

    /// How many records are done.
    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// The counts, in one line.
    pub(super) fn so_far(&self) -> String {
        let created = if self.is_rehearsal { "would be created" } else { "created" };
        let mut text = format!("{} {created}", self.active + self.pending);
        for name in SHOWN {
            if let Some(count) = self.outcomes.get(name) {
                let _ = write!(text, ", {count} {}", shown(name));
            }
        }
        if self.unreadable > 0 {
            let _ = write!(text, ", {} unreadable", self.unreadable);
        }
        text
    }

    /// Shows the counts and the reasons.
    ///
    /// # Errors
    /// If standard output cannot be written.
    pub(super) fn summary(&self, took: Duration) -> Result<(), CommandError> {
        let mut text = format!("{} records: {}\n", self.records, self.so_far());
        if self.active + self.pending > 0 {
            let _ = writeln!(text, "accounts: {} with their stored hash, {} pending", self.active, self.pending);
        }
        self.denials.show("denied or refused:", &mut text);
        self.reasons.show("reasons:", &mut text);
        self.problems.show("unreadable:", &mut text);
        self.warnings.show("warnings:", &mut text);
        let seconds = took.as_secs_f64();
        let _ = writeln!(text, "{seconds:.2} s, {:.0} records/s", self.records as f64 / seconds.max(1e-9));
        if self.has_failures() && self.rejects.is_none() {
            text.push_str("use `--rejects FILE` to keep the records that can be fixed\n");
        }
        if self.is_piped {
            anstream::eprint!("{text}");
            return Ok(());
        }
        Ok(show::output(&text)?)
    }

    /// Whether a record has to be looked at.
    pub(super) fn has_failures(&self) -> bool {
        self.unreadable > 0 || ["conflict", "invalid", "failed"].iter().any(|name| self.outcomes.contains_key(name))
    }

    /// Writes what is buffered, at the end, and now and then so that little is missing when the run is killed.
    ///
    /// # Errors
    /// If the files cannot be written.
    pub(super) fn flush(&mut self) -> Result<(), CommandError> {
        let sinks = [&mut self.results, &mut self.rejects];
        sinks.into_iter().flatten().try_for_each(|sink| sink.flush().map_err(unwritten))
    }
}

/// The longest first line of results or rejects that is looked at.
const FIRST_LINE: u64 = 1 << 20;

/// Fails if a file exists that is not the results or the rejects of an earlier run: the ledger, the rules and the export are
/// within reach of a slip of the pen.
fn check_replaceable(path: &Path) -> Result<(), CommandError> {
    if is_dash(path) || !std::fs::metadata(path).is_ok_and(|about| about.is_file() && about.len() > 0) {
        return Ok(());
    }
    let mut first = Vec::new();
    let read = File::open(path).and_then(|file| BufReader::new(file.take(FIRST_LINE)).read_until(b'\n', &mut first));
    let line = read.ok().and_then(|_| serde_json::from_slice::<Json>(&first).ok());
    let is_ours = line.is_some_and(|line| line.get("number").is_some() && line.get("reasons").is_some());
    if is_ours {
        return Ok(());
    }
    let message = format!("`{}` exists and is no results or rejects of `landfall bulk`", path.display());
    Err(CommandError::new(message).help("choose another path, or remove the file if it is not needed"))
}

fn is_rejected(outcome: &BulkOutcome) -> bool {
    matches!(outcome, BulkOutcome::Conflict | BulkOutcome::Invalid | BulkOutcome::Failed)
}

/// The words for an outcome in a summary.
fn shown(name: &'static str) -> &'static str {
    match name {
        "migrated" => "already migrated",
        "pending" => "already pending",
        "held" => "busy signing in",
        "conflict" => "in conflict",
        name => name,
    }
}

fn reasons(account: &BulkAccount) -> Vec<Json> {
    let denied = match &account.outcome {
        BulkOutcome::Denied(key) => Some(json!({ "denied": key })),
        BulkOutcome::Refused(refusal) => Some(json!({ "refused": refusal.name() })),
        _ => None,
    };
    denied.into_iter().chain(account.reasons.iter().map(Reason::to_json)).collect()
}

/// The reasons with the account they are about, for a record with several.
fn reasons_with_position(account: &BulkAccount) -> Vec<Json> {
    let mut reasons = reasons(account);
    for reason in reasons.iter_mut().filter_map(Json::as_object_mut) {
        let Some(position) = account.position else { continue };
        reason.insert("account".to_owned(), position.into());
        if let Some(id) = &account.id {
            reason.insert("id".to_owned(), id.as_str().into());
        }
    }
    reasons
}

fn internal_error() -> BulkAccount {
    let reasons = vec![reason("record", "internal", "internal error")];
    BulkAccount { position: None, id: None, outcome: BulkOutcome::Failed, reasons, warnings: Vec::new() }
}

fn reason(rule: &str, step: &str, message: &str) -> Reason {
    Reason { rule: rule.to_owned(), step: step.to_owned(), message: message.to_owned(), span: None }
}

fn write(sink: &mut Sink, bytes: &[u8]) -> Result<(), CommandError> {
    sink.write(bytes).map_err(unwritten)
}

fn unwritten(OutError { name, error }: OutError) -> CommandError {
    let failed = CommandError::new(format!("cannot write {name}: {}", error.kind()));
    match error.kind() {
        ErrorKind::BrokenPipe => failed.help("what was created stays; run the same command again to continue"),
        _ => failed.help("make room, or write to another file; run the same command again to continue"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_an_earlier_run_are_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        assert!(check_replaceable(&path).is_ok(), "it does not exist");
        for (content, is_ours) in [
            ("", true),
            ("{\"id\":\"1\",\"line\":1,\"number\":1,\"outcome\":\"migrated\",\"reasons\":[]}\n", true),
            ("SQLite format 3\0", false),
            ("{\"ID\":1,\"number\":\"5\"}\n", false),
            ("landfall: 1\n", false),
            ("6f0a\n", false),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(check_replaceable(&path).is_ok(), is_ours, "{content:?}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content, "it is not touched");
        }
    }
}
