//! The customers of an export, joined with the ledger: who has come, and who has not.
//!
//! The export says who there is and when they were last active, and the ledger who came. Neither learns anything from the
//! other, so that the ledger keeps no personal data, and customers who were migrated long ago are counted like others. Records
//! are processed by all cores, and looked up in the ledger in batches, in constant memory.

mod activity;
mod state;
mod worker;

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::input::{self, Input, InputArguments, Opened};
use super::{CommandError, pipeline, show, stores};
use crate::config::{self, Loaded, Reading};
use crate::engine::run::{Facts, Settings as RunSettings};
use crate::formats::ReadOptions;
use crate::model::read::ReadLimits;
use crate::ports::{IdentifierProfile, Reports};
pub use activity::{Activity, DormantAfter};
pub use state::State;
use worker::{Batch, Found, How, Worker};

/// Which export is read, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct ExportArguments {
    /// The source whose rules are used, by its name in the settings [default: the first one]
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// The records.
    #[command(flatten)]
    pub input: InputArguments,
    /// Where the last activity of a customer is: a place in the record, such as `$.last_login`, or a claim [default: the claims
    /// last_activity_at and last_login_at]
    #[arg(long, value_name = "PLACE", requires = "input")]
    pub active: Option<Activity>,
    /// Value of `$facts.tenant`
    #[arg(long, value_name = "NAME", requires = "input")]
    pub tenant: Option<String>,
}

/// An export, with what reads it.
pub struct Export {
    loaded: Loaded,
    /// The name of the source.
    pub source: String,
    /// The position of the source among the systems.
    system: usize,
    input: Input,
    arguments: ExportArguments,
    claims: Vec<String>,
}

/// A customer of an export.
#[derive(Debug)]
pub struct Customer {
    /// The legacy id.
    pub id: String,
    /// What the ledger and the rules say.
    pub state: State,
    /// When the customer was last active, if it is known.
    pub last_active: Option<Timestamp>,
    /// The values of the claims that were asked for.
    pub claims: Vec<Json>,
}

/// What was read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Records.
    pub records: u64,
    /// Accounts of records without a legacy id, who cannot be looked up.
    pub without_id: u64,
    /// Records that cannot be read.
    pub unreadable: u64,
    /// Records with anything at the place of the last activity, if it is one in the record.
    pub with_place: u64,
}

/// What to say if no record says when its customer was last active.
pub const NO_ACTIVITY: &str = "no record says when its customer was last active; name the place with --active, such as \
                               `--active '$.last_login'`";

/// How many customers are looked up in the ledger at a time: few calls, each with a query that every database takes.
const LOOKED_UP: usize = 500;

impl Export {
    /// Reads the settings and the rules, for the records of the arguments.
    ///
    /// # Errors
    /// If the settings have errors, there is no such source, or the rules make no such claim.
    pub fn open(config: &Path, arguments: &ExportArguments, claims: &[String]) -> Result<Self, CommandError> {
        let path = arguments.input.path();
        if !input::is_dash(path) {
            // before anything is written
            drop(input::source(path)?);
        }
        let Reading { files, findings, loaded } = stores::read(config)?;
        if !findings.is_empty() {
            show::findings(&files, &findings);
        }
        let loaded = loaded.ok_or_else(|| stores::unusable(config))?;
        let source = stores::source_name(arguments.source.as_deref(), &loaded.settings)?;
        let system = loaded.settings.systems().position(|system| system.source.adapter().name() == source);
        let system = system.unwrap_or(0);
        let limit = record_limit(&loaded, system).max(ReadOptions::default().record_bytes);
        let export = Self {
            source,
            system,
            input: arguments.input.prepare(ReadOptions::of_bytes(limit))?,
            arguments: arguments.clone(),
            claims: claims.to_vec(),
            loaded,
        };
        export.check_claims()?;
        Ok(export)
    }

    /// The settings.
    pub fn settings(&self) -> &config::Settings {
        &self.loaded.settings
    }

    /// The folder of the settings.
    pub fn folder(&self) -> &Path {
        &self.loaded.folder
    }

    /// Fails if a claim was named that the rules do not make.
    fn check_claims(&self) -> Result<(), CommandError> {
        let Some(rules) = self.loaded.rules.get(self.system) else { return Ok(()) };
        let made = rules.rules.plan().columns();
        let is_made = |name: &&String| {
            made.iter().any(|made| {
                made == *name || made.starts_with(&format!("{name}.")) || name.starts_with(&format!("{made}."))
            })
        };
        let named = match &self.arguments.active {
            Some(Activity::Claims(names)) => names.as_slice(),
            _ => &[],
        };
        match named.iter().chain(&self.claims).find(|name| !is_made(name)) {
            Some(name) => Err(CommandError::new(format!("the rules make no claim `{name}`")).help(format!(
                "they make {}",
                made.iter().map(|made| format!("`{made}`")).collect::<Vec<_>>().join(", ")
            ))),
            None => Ok(()),
        }
    }

    /// Reads all customers, in the order of the export. Must be called within a tokio runtime with several threads.
    ///
    /// # Errors
    /// If the export cannot be read to its end, the ledger fails, or `each` does.
    pub fn customers(
        &self,
        reports: &dyn Reports,
        each: &mut (dyn FnMut(Customer) -> Result<(), CommandError> + Send),
    ) -> Result<Totals, CommandError> {
        tokio::task::block_in_place(|| self.read(reports, each))
    }

    fn read(
        &self,
        reports: &dyn Reports,
        each: &mut (dyn FnMut(Customer) -> Result<(), CommandError> + Send),
    ) -> Result<Totals, CommandError> {
        let settings = self.run_settings();
        let rules = self.loaded.rules.get(self.system).ok_or_else(|| CommandError::new("the source has no rules"))?;
        let (identifiers, activity) = (self.identifiers(), self.arguments.active.clone().unwrap_or_default());
        let how = How {
            plan: rules.rules.plan(),
            settings: &settings,
            identifiers: &identifiers,
            activity: &activity,
            claims: &self.claims,
        };
        let Opened { records, notes } = self.input.open(|source| source)?;
        let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let (mut totals, mut waiting) = (Totals::default(), Vec::new());
        let handle = tokio::runtime::Handle::current();
        // always as many, so that databases prepare one query
        let mut look_up = |waiting: &mut Vec<Found>, least: usize| -> Result<(), CommandError> {
            while waiting.len() >= least && !waiting.is_empty() {
                let found = waiting.drain(..waiting.len().min(LOOKED_UP)).collect();
                handle.block_on(joined(reports, &self.source, found))?.into_iter().try_for_each(&mut *each)?;
            }
            Ok(())
        };
        pipeline::run(
            records,
            jobs,
            || Worker::new(&how),
            |batch: &mut Batch| {
                totals.add(batch)?;
                waiting.append(&mut batch.found);
                look_up(&mut waiting, LOOKED_UP)
            },
        )?;
        look_up(&mut waiting, 0)?;
        totals.check_place(&activity)?;
        notes.show();
        Ok(totals)
    }

    /// What the rules run with.
    fn run_settings(&self) -> RunSettings {
        let limit = record_limit(&self.loaded, self.system);
        let base = self.loaded.rules.get(self.system).map(|loaded| loaded.rules.settings().clone()).unwrap_or_default();
        let tenant = self.arguments.tenant.clone().or_else(|| self.loaded.settings.tenant.clone());
        let facts = Facts { now: Some(Timestamp::now().to_string()), tenant, ..Facts::default() };
        let limits = ReadLimits { bytes: limit, ..base.limits };
        RunSettings { facts, limits, ..base }
    }

    fn identifiers(&self) -> IdentifierProfile {
        self.loaded.settings.identifier.profile()
    }
}

/// How long a record of a system may be, in bytes.
fn record_limit(loaded: &Loaded, system: usize) -> usize {
    let system = loaded.settings.systems().nth(system);
    system.map_or(ReadOptions::default().record_bytes, |system| system.source.adapter().record_limit())
}

impl ExportArguments {
    /// Whether an export is given.
    ///
    /// # Errors
    /// If none is, although another option says how it is read.
    pub fn is_given(&self) -> Result<bool, CommandError> {
        match self.input.first_option() {
            _ if self.input.input.is_some() => Ok(true),
            Some(option) => {
                Err(CommandError::new(format!("`{option}` says how an export is read")).help("add `--in FILE`"))
            }
            None => Ok(false),
        }
    }
}

impl Totals {
    /// Whether some customers could not be compared with the ledger.
    pub fn is_incomplete(&self) -> bool {
        self.without_id + self.unreadable > 0
    }

    fn add(&mut self, batch: &mut Batch) -> Result<(), CommandError> {
        self.records += std::mem::take(&mut batch.records);
        self.without_id += std::mem::take(&mut batch.without_id);
        self.unreadable += std::mem::take(&mut batch.unreadable);
        self.with_place += std::mem::take(&mut batch.with_place);
        match batch.stopped.take() {
            None => Ok(()),
            Some(why) => Err(CommandError::new(format!("cannot read the input to the end: {why}"))
                .help("the customers of the rest are unknown; correct the input and run the command again")),
        }
    }
}

impl Totals {
    /// Fails if no record has anything at the place of the last activity: everybody would be active or dormant by mistake.
    /// Only the end shows it, because directories leave the attribute out for people who have never signed in.
    fn check_place(&self, activity: &Activity) -> Result<(), CommandError> {
        match activity {
            Activity::Path(path) if self.records > self.unreadable && self.with_place == 0 => {
                Err(CommandError::new(format!("no record has a value at `{path}`, the place of `--active`"))
                    .help("name a place in the records, such as `--active '$.last_login'`"))
            }
            _ => Ok(()),
        }
    }
}

/// Customers with what the ledger knows of them.
async fn joined(reports: &dyn Reports, source: &str, found: Vec<Found>) -> Result<Vec<Customer>, CommandError> {
    let ids = found.iter().map(|found| found.id.clone()).collect();
    let entries = reports.entries_of(source.to_owned(), ids).await?;
    let entries: HashMap<&str, _> = entries.iter().map(|entry| (entry.key.id.as_str(), entry)).collect();
    let customer = |found: Found| {
        let state = State::of(entries.get(found.id.as_str()).copied(), found.fate);
        Customer { id: found.id, state, last_active: found.last_active, claims: found.claims }
    };
    Ok(found.into_iter().map(customer).collect())
}
