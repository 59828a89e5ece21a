//! Makes the document of what was found.

use std::collections::HashMap;
use std::collections::HashSet;
use std::io::{self, Write};
use std::time::Duration;

use super::class::Stored;
use super::collect::Collected;
use super::document::{
    About, Assessment, Field, Lookup, MIN_OCCURRENCES, Passwords, Peak, Reason, Records, Scheme, VERSION,
};
use super::duplicates;
use super::findings;
use super::forecast;
use super::part::Part;
use super::reasons::Reasons;
use crate::hashing::{Measured, TimeSettings};
use crate::migrate::MigratorSettings;
use crate::password::store::StoreParameters;
use crate::password::{Cost, Limits, Problem};

/// What a report shows.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Whether values that few records have are shown.
    pub shows_values: bool,
    /// The expected first logins per second at the peak; `None` measures no hashes, so that the document is the same on every
    /// machine.
    pub peak: Option<f64>,
}

impl Collected {
    /// The document. All duplicates are written to `duplicates`, a line of JSON each.
    ///
    /// # Errors
    /// If a temporary file cannot be read, or `duplicates` cannot be written.
    pub fn assessment(self, options: Options, duplicates: Option<&mut dyn Write>) -> io::Result<Assessment> {
        let Self { about, facts, classes, part, rows, ready_rules, stopped, content: _ } = self;
        let found = duplicates::find(rows, duplicates)?;
        let prices = Prices::new(facts.as_ref().map(|facts| facts.most_expensive), options.peak);
        let forecast = facts.as_ref().map(|_| forecast::forecast(&classes, &part.forecast, &found, &prices));
        let passwords = facts.as_ref().filter(|facts| facts.has_credential).map(|_| passwords(&part, &prices));
        let claims = facts.iter().flat_map(|facts| facts.names.claims.iter().enumerate());
        let claims = claims.map(|(at, name)| part.claims.get(at).cloned().unwrap_or_default().claim(name)).collect();
        let unmade = match &facts {
            Some(facts) if facts.has_start => findings::Unmade::Usual,
            _ => findings::Unmade::Finding,
        };
        let tables = facts.map(|facts| facts.tables).unwrap_or_default();
        let mut assessment = Assessment {
            version: VERSION,
            about: About { shows_values: options.shows_values, ..about },
            records: records(&part, stopped),
            fields: fields(&part, options.shows_values),
            claims,
            lookups: lookups(&part, &tables, options.shows_values),
            duplicates: found.duplicates,
            passwords,
            forecast,
            ready_rules,
            findings: Vec::new(),
        };
        assessment.findings = findings::of(&assessment, &part.unread.sorted(), unmade);
        Ok(assessment)
    }
}

fn records(part: &Part, stopped: Option<String>) -> Records {
    Records {
        all: part.records,
        accounts: part.accounts,
        denied: part.denied.sorted(),
        invalid: part.invalid,
        invalid_reasons: part.invalid_reasons.sorted(),
        unreadable: count(&part.unreadable.sorted()),
        unreadable_reasons: part.unreadable.sorted(),
        other_warnings: part.other_warnings.sorted(),
        stopped,
    }
}

fn count(reasons: &[Reason]) -> u64 {
    reasons.iter().map(|reason| reason.count).sum()
}

fn fields(part: &Part, shows_values: bool) -> Vec<Field> {
    let mut fields = part.profile.fields(shows_values);
    let unread = unread(&fields, &part.unread);
    for field in &mut fields {
        let ends = field.path.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).map(|(at, _)| at);
        let places = ends.chain([field.path.len()]).filter_map(|end| field.path.get(..end));
        field.is_read = !places.into_iter().any(|place| unread.contains(place));
    }
    fields
}

/// Fields that the rules read in no record: some are read only under a condition.
fn unread<'u>(fields: &[Field], unread: &'u Reasons) -> HashSet<&'u str> {
    let filled: HashMap<&str, u64> = fields.iter().map(|field| (field.path.as_str(), field.filled)).collect();
    let is_never_read = |(path, count): &(&str, u64)| filled.get(path).is_some_and(|filled| count >= filled);
    unread.iter().map(|(path, seen)| (path, seen.count)).filter(is_never_read).map(|(path, _)| path).collect()
}

fn lookups(part: &Part, tables: &[String], shows_values: bool) -> Vec<Lookup> {
    let at_least = if shows_values { 1 } else { MIN_OCCURRENCES };
    let lookup = |((rule, table), counts): (&(String, usize), &super::part::LookupCounts)| Lookup {
        rule: rule.clone(),
        table: tables.get(*table).cloned().unwrap_or_default(),
        missing: counts.missing,
        values: counts.values.most_frequent(at_least, str::to_owned),
        numbers: counts.seen.numbers.clone(),
    };
    let mut all: Vec<Lookup> = part.lookups.iter().map(lookup).collect();
    all.sort_unstable_by(|one, other| (&one.rule, &one.table).cmp(&(&other.rule, &other.table)));
    all
}

fn passwords(part: &Part, prices: &Prices) -> Passwords {
    let scheme = |(stored, count): (&Stored, &u64)| Scheme {
        scheme: stored.scheme.clone(),
        cost: stored.cost.as_ref().map(ToString::to_string).unwrap_or_default(),
        count: *count,
        weak: stored.cost.as_ref().is_some_and(Cost::is_weak),
        milliseconds: stored.cost.as_ref().and_then(|cost| prices.milliseconds(cost)),
        ignores_part: stored.ignores_part,
        too_expensive: prices.is_too_expensive(stored),
    };
    let mut schemes: Vec<Scheme> = part.schemes.iter().map(scheme).collect();
    schemes.sort_unstable_by(|one, other| {
        other.count.cmp(&one.count).then_with(|| (&one.scheme, &one.cost).cmp(&(&other.scheme, &other.cost)))
    });
    let peak = prices.peak(&schemes, part.accounts);
    Passwords { schemes, none: part.no_password, unusable: part.unusable.sorted(), peak }
}

/// What checks of stored passwords cost, and what a login can afford.
pub(super) struct Prices {
    measured: Option<(Measured, f64)>,
}

impl Prices {
    fn new(most_expensive: Option<crate::hashing::MostExpensive>, peak: Option<f64>) -> Self {
        let deadline = MigratorSettings::default().deadline;
        let measured = most_expensive.zip(peak).map(|(most_expensive, peak)| {
            let times = TimeSettings { deadline, longest_check: None };
            (Measured::new(most_expensive, StoreParameters::default(), times), peak)
        });
        Self { measured }
    }

    /// How long a check takes, if it is affordable at all: others are not measured.
    fn milliseconds(&self, cost: &Cost) -> Option<f64> {
        let (measured, _) = self.measured.as_ref()?;
        Some(milliseconds(measured.check(cost)))
    }

    /// Whether a login would refuse to check a password for its cost.
    pub(super) fn is_too_expensive(&self, stored: &Stored) -> bool {
        let Some(cost) = &stored.cost else { return false };
        let is_too_long = self.measured.as_ref().is_some_and(|(measured, _)| {
            let longest = measured.admission().longest_check;
            !longest.is_zero() && measured.check(cost) > longest
        });
        is_too_long || matches!(cost.within(&Limits::default()), Err(Problem::CostRefused(_)))
    }

    /// What the expected peak costs. Checks that a login refuses cost nothing.
    fn peak(&self, schemes: &[Scheme], accounts: u64) -> Option<Peak> {
        let (measured, logins_per_second) = self.measured.as_ref()?;
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let of = |count: u64| count as f64;
        let checks = schemes.iter().filter(|scheme| !scheme.too_expensive);
        let sum: f64 = checks.map(|scheme| of(scheme.count) * scheme.milliseconds.unwrap_or(0.0)).sum();
        let store = measured.admission().store_hash.as_secs_f64() * 1000.0;
        let milliseconds = sum / of(accounts.max(1)) + store;
        let processors = logins_per_second * milliseconds / 1000.0;
        Some(Peak {
            logins_per_second: *logins_per_second,
            milliseconds: hundredths(milliseconds),
            processors: hundredths(processors),
        })
    }
}

fn milliseconds(time: Duration) -> f64 {
    hundredths(time.as_secs_f64() * 1000.0)
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
