//! `landfall remaining`: the customers of an export who have not come yet, for a reminder.

use std::io::ErrorKind;
use std::path::PathBuf;

use clap::ValueEnum;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::customers::{Customer, DormantAfter, Export, ExportArguments, NO_ACTIVITY, State, Totals};
use super::input::extension;
use super::output::{Existing, OutError, Reads, Sink};
use super::transform::written::{cell, end_row};
use super::{CommandError, FINDINGS, FINE, stores};
use crate::config::{self, Opening};

/// Arguments of `landfall remaining`.
#[derive(clap::Args)]
#[command(
    long_about = "Lists the customers of an export who have not come yet: their legacy ids, why they are not migrated, and whether they are \
        active or dormant. The rules of the settings say who a record is, and the ledger who has come.\n\n\
        `state` is `never` for a customer who has not signed in since the migration began, `pending` for one with an account \
        without a password, `unfinished` for one whose creation was interrupted or given up, and `invalid` for one who cannot \
        come until the record or the rules are corrected. Customers whom the rules deny, and those who are disabled, locked or \
        deleted, are not listed.\n\n\
        `activity` is `dormant` for customers who were last active before --dormant-after, `active` for the others, and `unknown` \
        if the record does not say.\n\n\
        The list has no claims unless --claim names them: then it contains personal data. A file that is written can only be \
        read by its owner. The counts go to standard error.",
    after_help = "Examples:
  landfall remaining --in users.ndjson > remaining.csv
  landfall remaining --in users.csv --active '$.last_login' --dormant-after 12mo --activity active
  landfall remaining --in users.ndjson --state never --claim email.value --out reminder.csv
  landfall remaining --in club.csv --source club --format ndjson
  landfall remaining --in users.csv.gz --columns id,login,last_login

Exit codes: 0 success, 1 some records cannot be compared with the ledger, 2 the command could not run"
)]
pub struct Arguments {
    /// Settings file
    #[arg(long, value_name = "FILE", default_value = config::DEFAULT_FILE)]
    config: PathBuf,
    #[command(flatten)]
    export: ExportArguments,
    /// How long ago, or before which day, dormant customers were last active: `12mo`, `90d` or `2024-06-30`
    #[arg(long, value_name = "TIME|DAY", default_value = "12mo")]
    dormant_after: DormantAfter,
    /// Only customers of this activity; may be repeated
    #[arg(long, value_enum, value_name = "ACTIVITY")]
    activity: Vec<ActivityName>,
    /// Only customers in this state; may be repeated
    #[arg(long, value_enum, value_name = "STATE")]
    state: Vec<StateName>,
    /// A claim to list, such as `email.value`: personal data; may be repeated
    #[arg(long, value_name = "CLAIM")]
    claim: Vec<String>,
    /// File for the list; `-` writes standard output
    #[arg(long, value_name = "FILE", default_value = "-")]
    out: PathBuf,
    /// Replace the file of --out if it exists
    #[arg(long)]
    force: bool,
    /// Format of the list [default: that of the file extension, or csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A row per customer
    Csv,
    /// A line of JSON per customer
    Ndjson,
}

/// Whether a customer was active lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ActivityName {
    Active,
    Dormant,
    Unknown,
}

/// The states that are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum StateName {
    Never,
    Pending,
    Unfinished,
    Invalid,
}

impl ActivityName {
    fn of(last: Option<Timestamp>, dormant_before: Timestamp) -> Self {
        match last {
            None => Self::Unknown,
            Some(last) if last < dormant_before => Self::Dormant,
            Some(_) => Self::Active,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Dormant => "dormant",
            Self::Unknown => "unknown",
        }
    }
}

impl StateName {
    fn state(self) -> State {
        match self {
            Self::Never => State::Never,
            Self::Pending => State::Pending,
            Self::Unfinished => State::Unfinished,
            Self::Invalid => State::Invalid,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// If the settings, the export or the ledger cannot be read, or the list cannot be written.
pub fn run(arguments: &Arguments) -> Result<u8, CommandError> {
    let Arguments { config, out, .. } = arguments;
    let reads = Reads { files: arguments.export.input.files(), rules: None, settings: Some(config) };
    reads.check(&[("--out", out)])?;
    let export = Export::open(config, &arguments.export, &arguments.claim)?;
    let (counts, totals) = stores::block_on(async {
        let opened = config::ledger(export.settings(), export.folder(), Opening::Existing).await;
        let ledger = opened.map_err(|error| stores::not_opened(&error))?.ledger;
        let mut list = List::open(arguments, export.source.clone())?;
        let totals = export.customers(&*ledger.reports, &mut |customer| list.add(&customer))?;
        list.end().map(|counts| (counts, totals))
    })?;
    anstream::eprint!("{}", summary(&counts, totals, arguments.export.active.is_some()));
    Ok(if totals.is_incomplete() { FINDINGS } else { FINE })
}

/// The list while it is written.
struct List<'a> {
    arguments: &'a Arguments,
    source: String,
    dormant_before: Timestamp,
    format: Format,
    sink: Sink,
    row: Vec<u8>,
    counts: Counts,
    /// Whether the reader of the list has closed the pipe, as `head` does. The counts are still of interest.
    is_closed: bool,
}

/// How many customers there are.
#[derive(Debug, Default)]
struct Counts {
    states: [u64; State::ALL.len()],
    active: u64,
    dormant: u64,
    unknown: u64,
    listed: u64,
}

impl<'a> List<'a> {
    fn open(arguments: &'a Arguments, source: String) -> Result<Self, CommandError> {
        let by_extension = match extension(&arguments.out) {
            Some("ndjson" | "jsonl") => Format::Ndjson,
            _ => Format::Csv,
        };
        let existing = if arguments.force { Existing::IsReplaced } else { Existing::Stays };
        let mut list = Self {
            arguments,
            source,
            dormant_before: arguments.dormant_after.since(Timestamp::now()),
            format: arguments.format.unwrap_or(by_extension),
            sink: Sink::create(&arguments.out, existing)?,
            row: Vec::new(),
            counts: Counts::default(),
            is_closed: false,
        };
        if list.format == Format::Csv {
            let names = COLUMNS.into_iter().chain(arguments.claim.iter().map(String::as_str));
            names.for_each(|name| cell(name, &mut list.row));
            end_row(&mut list.row);
            list.write()?;
        }
        Ok(list)
    }

    fn add(&mut self, customer: &Customer) -> Result<(), CommandError> {
        let activity = ActivityName::of(customer.last_active, self.dormant_before);
        self.counts.add(customer.state, activity);
        if !self.is_listed(customer.state, activity) {
            return Ok(());
        }
        self.counts.listed += 1;
        let last = customer.last_active.map(|last| last.to_string());
        let texts = [&self.source, &customer.id, customer.state.name(), activity.name(), last.as_deref().unwrap_or("")];
        match self.format {
            Format::Csv => {
                texts.into_iter().for_each(|text| cell(text, &mut self.row));
                customer.claims.iter().for_each(|claim| cell(&shown(claim), &mut self.row));
                end_row(&mut self.row);
            }
            Format::Ndjson => {
                let texts = texts.into_iter().map(|text| if text.is_empty() { Json::Null } else { text.into() });
                let names = COLUMNS.into_iter().chain(self.arguments.claim.iter().map(String::as_str));
                let members = names.zip(texts.chain(customer.claims.iter().cloned()));
                let members: Vec<String> =
                    members.map(|(name, value)| format!("{}:{value}", Json::from(name))).collect();
                self.row.extend_from_slice(format!("{{{}}}\n", members.join(",")).as_bytes());
            }
        }
        self.write()
    }

    fn is_listed(&self, state: State, activity: ActivityName) -> bool {
        let Arguments { state: states, activity: activities, .. } = self.arguments;
        state.is_remaining()
            && (states.is_empty() || states.iter().any(|wanted| wanted.state() == state))
            && (activities.is_empty() || activities.contains(&activity))
    }

    fn write(&mut self) -> Result<(), CommandError> {
        let written = if self.is_closed { Ok(()) } else { self.sink.write(&self.row) };
        self.row.clear();
        self.is_closed |= is_closed(written)?;
        Ok(())
    }

    fn end(self) -> Result<Counts, CommandError> {
        if !self.is_closed {
            is_closed(Sink::finish([self.sink]))?;
        }
        Ok(self.counts)
    }
}

/// Whether the reader has closed the pipe.
fn is_closed(written: Result<(), OutError>) -> Result<bool, CommandError> {
    match written {
        Ok(()) => Ok(false),
        Err(OutError { error, .. }) if error.kind() == ErrorKind::BrokenPipe => Ok(true),
        Err(OutError { name, error }) => Err(CommandError::new(format!("cannot write {name}: {}", error.kind()))),
    }
}

/// The columns before the claims.
const COLUMNS: [&str; 5] = ["source", "id", "state", "activity", "last_active"];

/// A value in a cell.
fn shown(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        value => value.to_string(),
    }
}

impl Counts {
    fn add(&mut self, state: State, activity: ActivityName) {
        for (one, count) in State::ALL.into_iter().zip(&mut self.states) {
            *count += u64::from(one == state);
        }
        if state.is_remaining() {
            *match activity {
                ActivityName::Active => &mut self.active,
                ActivityName::Dormant => &mut self.dormant,
                ActivityName::Unknown => &mut self.unknown,
            } += 1;
        }
    }

    fn of(&self, wanted: State) -> u64 {
        State::ALL.into_iter().zip(self.states).filter(|(state, _)| *state == wanted).map(|(_, count)| count).sum()
    }
}

fn summary(counts: &Counts, totals: Totals, names_activity: bool) -> String {
    let Counts { active, dormant, unknown, listed, .. } = counts;
    let mut out = format!(
        "{} records: {} remaining customers ({active} active, {dormant} dormant, {unknown} unknown), {listed} listed\n",
        totals.records,
        active + dormant + unknown
    );
    let states = State::ALL.map(|state| format!("{} {}", counts.of(state), state.name()));
    out.push_str(&format!("by state: {}\n", states.join(", ")));
    if *unknown > 0 && active + dormant == 0 && !names_activity {
        out.push_str(&format!("{NO_ACTIVITY}\n"));
    }
    for (count, what) in
        [(totals.unreadable, "records cannot be read"), (totals.without_id, "records have no legacy id")]
    {
        if count > 0 {
            out.push_str(&format!(
                "{count} {what}, and were not compared; `landfall transform --rejects FILE` says which\n"
            ));
        }
    }
    out
}
