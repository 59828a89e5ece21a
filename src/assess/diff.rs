//! Compares two assessments.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::document::{Assessment, DuplicateOf, Field, ForecastOutcome};

/// A difference between two assessments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The part of the document: `records`, `forecast`, `claim`, `field`, `lookup`, `duplicates`, `passwords`, `finding`.
    pub part: String,
    /// What it is about, such as a claim or the path of a field.
    pub place: String,
    /// What differs there, such as `made`.
    pub what: String,
    /// Before; `None` if it did not exist.
    pub before: Option<String>,
    /// After; `None` if it does not exist any more.
    pub after: Option<String>,
}

/// Everything that differs, in the order of the document. How long hashes take, numbers of records, and what the assessments
/// are about are not compared.
#[must_use]
pub fn diff(before: &Assessment, after: &Assessment) -> Vec<Change> {
    let (mut before, after) = (facts(before), facts(after));
    let mut changes = Vec::new();
    for (place, after) in after {
        let before = before.remove(&place);
        if before.as_ref() != Some(&after) {
            changes.push(change(place, before, Some(after)));
        }
    }
    changes.extend(before.into_iter().map(|(place, before)| change(place, Some(before), None)));
    changes.sort_by(|one, other| {
        let place = |change: &Change| (rank(&change.part), change.place.clone(), change.what.clone());
        place(one).cmp(&place(other))
    });
    changes
}

/// The parts in their order.
const PARTS: [&str; 9] =
    ["records", "forecast", "reason", "claim", "field", "lookup", "duplicates", "passwords", "finding"];

fn rank(part: &str) -> usize {
    PARTS.iter().position(|known| *known == part).unwrap_or(PARTS.len())
}

/// A part, a place in it, and what is there.
type Place = (&'static str, String, &'static str);

fn change((part, place, what): Place, before: Option<String>, after: Option<String>) -> Change {
    Change { part: part.to_owned(), place, what: what.to_owned(), before, after }
}

/// Everything that is compared.
#[derive(Default)]
struct Facts(BTreeMap<Place, String>);

impl Facts {
    fn add(&mut self, part: &'static str, place: &str, what: &'static str, value: impl ToString) {
        self.0.insert((part, place.to_owned(), what), value.to_string());
    }
}

fn facts(assessment: &Assessment) -> BTreeMap<Place, String> {
    let mut facts = Facts::default();
    let records = &assessment.records;
    for (what, count) in [
        ("all", records.all),
        ("accounts", records.accounts),
        ("invalid", records.invalid),
        ("unreadable", records.unreadable),
        ("denied", records.denied.iter().map(|reason| reason.count).sum()),
    ] {
        facts.add("records", "", what, count);
    }
    if let Some(forecast) = &assessment.forecast {
        facts.add("forecast", "", "migrate", forecast.migrate);
        facts.add("forecast", "", "new password", forecast.new_password);
        facts.add("forecast", "", "cannot", forecast.cannot);
        for reason in &forecast.reasons {
            let what = match reason.outcome {
                ForecastOutcome::NewPassword => "new password",
                ForecastOutcome::Cannot => "cannot",
            };
            facts.add("reason", &reason.reason.reason, what, reason.reason.count);
        }
    }
    for claim in &assessment.claims {
        for (what, count) in
            [("made", claim.made), ("missing", claim.missing), ("warned", claim.warned), ("invalid", claim.invalid)]
        {
            facts.add("claim", &claim.name, what, count);
        }
    }
    assessment.fields.iter().for_each(|field| self::field(field, &mut facts));
    for lookup in &assessment.lookups {
        facts.add("lookup", &format!("{} in {}", lookup.rule, lookup.table), "without an entry", lookup.missing);
    }
    for shared in &assessment.duplicates {
        facts.add("duplicates", name(shared.of), "records", shared.records);
    }
    if let Some(passwords) = &assessment.passwords {
        facts.add("passwords", "none", "count", passwords.none);
        for scheme in &passwords.schemes {
            facts.add("passwords", format!("{} {}", scheme.scheme, scheme.cost).trim_end(), "count", scheme.count);
        }
        for reason in &passwords.unusable {
            facts.add("passwords", &reason.reason, "unusable", reason.count);
        }
    }
    for finding in &assessment.findings {
        facts.add(
            "finding",
            &format!("{} {}: {}", finding.code, finding.place, finding.message),
            "count",
            finding.count,
        );
    }
    facts.0
}

fn field(field: &Field, facts: &mut Facts) {
    let counts = |counts: &BTreeMap<String, u64>| {
        let counts = counts.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>();
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
    };
    facts.add("field", &field.path, "filled", field.filled);
    facts.add("field", &field.path, "null", field.null);
    facts.add("field", &field.path, "empty", field.empty);
    facts.add("field", &field.path, "kinds", counts(&field.kinds));
    facts.add("field", &field.path, "formats", counts(&field.formats));
    facts.add("field", &field.path, "read by the rules", if field.is_read { "yes" } else { "no" });
    let distinct = field.distinct.map_or_else(|| "many".to_owned(), |count| count.to_string());
    facts.add("field", &field.path, "different values", distinct);
}

/// What is shared, for people.
#[must_use]
pub fn name(of: DuplicateOf) -> &'static str {
    match of {
        DuplicateOf::LegacyId => "legacy ids",
        DuplicateOf::Login => "logins",
        DuplicateOf::Email => "mail addresses",
        DuplicateOf::Phone => "phone numbers",
        DuplicateOf::NameIsEmail => "user names that are mail addresses of others",
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::{Claim, Records};
    use super::super::tests::empty;
    use super::*;

    fn assessment(all: u64, claims: &[(&str, u64)]) -> Assessment {
        let claim = |(name, made): &(&str, u64)| Claim {
            name: (*name).to_owned(),
            made: *made,
            missing: all - made,
            warned: 0,
            invalid: 0,
            reasons: Vec::new(),
        };
        let records = Records { all, accounts: all, ..Records::default() };
        Assessment { records, claims: claims.iter().map(claim).collect(), ..empty() }
    }

    #[test]
    fn what_differs_is_listed_with_both_values() {
        let before = assessment(10, &[("username", 10), ("gender", 3)]);
        assert!(diff(&before, &before).is_empty());
        let after = assessment(10, &[("username", 9)]);
        let changes: Vec<(String, String, Option<String>, Option<String>)> = diff(&before, &after)
            .into_iter()
            .map(|change| (format!("{} {}", change.part, change.place), change.what, change.before, change.after))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        let gone = |what: &str, before: &str| ("claim gender".to_owned(), what.to_owned(), some(before), None);
        let wanted = [
            gone("invalid", "0"),
            gone("made", "3"),
            gone("missing", "7"),
            gone("warned", "0"),
            ("claim username".to_owned(), "made".to_owned(), some("10"), some("9")),
            ("claim username".to_owned(), "missing".to_owned(), some("0"), some("1")),
        ];
        assert_eq!(changes, wanted);
    }
}
