//! What the ledger and an export say about the use of the legacy systems.

use jiff::{SignedDuration, Timestamp};

use crate::cli::CommandError;
use crate::cli::customers::{DormantAfter, Export, Totals};
use crate::config::Settings;
use crate::ports::{AuditReport, Reports, Stuck, SystemUse};

/// The legacy systems that a report is about.
#[derive(Debug, Clone)]
pub struct Scope {
    /// Those of the settings, by the names of their sources.
    pub sources: Vec<String>,
    /// Whether the report is about all, also those that the settings do not have any more.
    pub is_whole: bool,
    /// Verifiers that ask a legacy system, other than the check of stored hashes.
    pub remote_verifiers: Vec<String>,
}

impl Scope {
    /// The system of one source, or all.
    ///
    /// # Errors
    /// If there is no such source.
    pub fn new(source: Option<&str>, settings: &Settings) -> Result<Self, CommandError> {
        let names = settings.systems().map(|system| system.source.adapter().name().to_owned());
        let sources = match source {
            Some(_) => vec![super::stores::source_name(source, settings)?],
            None => names.collect(),
        };
        let concerned =
            settings.systems().filter(|system| sources.iter().any(|name| name == system.source.adapter().name()));
        let mut remote: Vec<String> = concerned.flat_map(|system| system.verify_with.to_vec()).collect();
        remote.retain(|name| settings.verifiers.contains_key(name));
        remote.sort();
        remote.dedup();
        Ok(Self { sources, is_whole: source.is_none(), remote_verifiers: remote })
    }

    fn contains(&self, source: &str) -> bool {
        self.is_whole || self.sources.iter().any(|name| name == source)
    }
}

/// What is known.
#[derive(Debug, Clone)]
pub struct Evidence {
    pub now: Timestamp,
    /// For how many days nobody must have needed a legacy system.
    pub days: u16,
    /// The legacy systems that the report is about.
    pub systems: Vec<SystemUse>,
    /// When the oldest decision was made that the audit still has.
    pub audit_since: Option<Timestamp>,
    /// The requests of customers that were decided within the days.
    pub requests: u64,
    pub audit: AuditReport,
    /// Customers who came and could not be migrated.
    pub stuck: Vec<Stuck>,
    pub customers: Option<Remaining>,
    pub remote_verifiers: Vec<String>,
}

/// The customers of an export who have not come.
#[derive(Debug, Clone, Default)]
pub struct Remaining {
    pub source: String,
    pub totals: Totals,
    /// Those who count.
    pub counted: u64,
    /// Those who were last active before the day below.
    pub dormant: u64,
    /// Customers who were last active before do not count.
    pub dormant_before: Option<Timestamp>,
    /// Customers who are migrated.
    pub migrated: u64,
}

impl Evidence {
    /// Asks the ledger.
    ///
    /// # Errors
    /// If it fails.
    pub async fn gather(reports: &dyn Reports, scope: Scope, now: Timestamp, days: u16) -> Result<Self, CommandError> {
        let since = now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
        let found = reports.legacy_use(since).await?;
        let mut systems: Vec<SystemUse> =
            found.systems.into_iter().filter(|system| scope.contains(&system.source)).collect();
        for source in &scope.sources {
            if !systems.iter().any(|system| system.source == *source) {
                systems.push(SystemUse { source: source.clone(), ..SystemUse::default() });
            }
        }
        Ok(Self {
            now,
            days,
            systems,
            audit_since: found.audit_since,
            requests: found.requests,
            audit: reports.verify().await?,
            stuck: reports.stuck().await?,
            customers: None,
            remote_verifiers: scope.remote_verifiers,
        })
    }

    /// Compares an export with the ledger.
    ///
    /// # Errors
    /// If the export cannot be read to its end, or the ledger fails.
    pub fn with_customers(
        self,
        reports: &dyn Reports,
        export: &Export,
        dormant_after: Option<&DormantAfter>,
    ) -> Result<Self, CommandError> {
        let dormant_before = dormant_after.map(|after| after.since(self.now));
        let mut remaining = Remaining { source: export.source.clone(), dormant_before, ..Remaining::default() };
        let totals = export.customers(reports, &mut |customer| {
            let is_dormant =
                dormant_before.is_some_and(|before| customer.last_active.is_some_and(|last| last < before));
            match customer.state {
                state if state.is_remaining() && is_dormant => remaining.dormant += 1,
                state if state.is_remaining() => remaining.counted += 1,
                crate::cli::customers::State::Migrated => remaining.migrated += 1,
                _ => {}
            }
            Ok(())
        })?;
        remaining.totals = totals;
        Ok(Self { customers: Some(remaining), ..self })
    }

    /// The sum of a figure over the systems.
    pub fn sum(&self, figure: impl Fn(&SystemUse) -> u64) -> u64 {
        self.systems.iter().map(figure).sum()
    }

    /// When a request needed one of the systems for the last time.
    pub fn last_call(&self) -> Option<Timestamp> {
        self.systems.iter().filter_map(|system| system.last_call).max()
    }
}
