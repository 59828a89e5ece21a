//! The report of an assessment as one HTML file: readable without scripts, printable, and without a value of a customer
//! that the document does not have.

use std::borrow::Borrow;

use askama::Template;

use super::document::{
    Assessment, Claim, DuplicateOf, Duplicates, Field, Forecast, ForecastOutcome, Passwords, Reason, ValueCount,
};
use crate::html_report::{Page, grouped, share, visible, width};

/// How many groups of duplicates the report lists for each kind; the document has more of them.
const SHOWN_GROUPS: usize = 50;

/// The report of an assessment.
///
/// # Errors
/// None in practice: the template writes to a string.
pub fn render(assessment: &Assessment) -> Result<String, askama::Error> {
    Report { page: Page::new(title(assessment)), it: assessment }.render().map(visible)
}

#[derive(Template)]
#[template(path = "assess.html")]
struct Report<'a> {
    page: Page,
    it: &'a Assessment,
}

fn title(assessment: &Assessment) -> String {
    match assessment.about.exports.as_slice() {
        [] => "Assessment of an export".to_owned(),
        [one] => format!("Assessment of {one}"),
        [one, more @ ..] => format!("Assessment of {one} and {} more", grouped(more.len() as u64)),
    }
}

/// One part of the chart of the forecast.
struct Part {
    class: &'static str,
    name: &'static str,
    count: u64,
    /// Where it starts, in hundredths of the width.
    start: String,
    width: String,
}

impl Report<'_> {
    fn count(&self, number: impl Borrow<u64>) -> String {
        grouped(*number.borrow())
    }

    fn share(&self, part: impl Borrow<u64>, all: impl Borrow<u64>) -> String {
        share(*part.borrow(), *all.borrow())
    }

    fn width(&self, part: impl Borrow<u64>, all: impl Borrow<u64>) -> String {
        width(*part.borrow(), *all.borrow())
    }

    fn denied(&self) -> u64 {
        self.it.records.denied.iter().map(|reason| reason.count).sum()
    }

    fn customers(&self, forecast: &Forecast) -> u64 {
        forecast.migrate + forecast.new_password + forecast.cannot
    }

    /// The parts of the chart that are not empty.
    fn parts(&self, forecast: &Forecast) -> Vec<Part> {
        let all = self.customers(forecast);
        let rows = [
            ("good", "migrate at their first login", forecast.migrate),
            ("note", "need a new password", forecast.new_password),
            ("stop", "cannot migrate", forecast.cannot),
        ];
        let mut before = 0;
        let mut parts = Vec::new();
        for (class, name, count) in rows {
            parts.push(Part { class, name, count, start: width(before, all), width: width(count, all) });
            before += count;
        }
        parts
    }

    /// The chart of the forecast in one sentence.
    fn chart_text(&self, forecast: &Forecast) -> String {
        let all = self.customers(forecast);
        let parts = self.parts(forecast);
        let parts: Vec<String> = parts.iter().map(|part| format!("{} {}", share(part.count, all), part.name)).collect();
        format!("Of {} customers, {}.", grouped(all), parts.join(", "))
    }

    fn outcome(&self, outcome: &ForecastOutcome) -> (&'static str, &'static str) {
        match outcome {
            ForecastOutcome::NewPassword => ("note", "new password"),
            ForecastOutcome::Cannot => ("stop", "cannot migrate"),
        }
    }

    /// The numbers of the first records of a reason: `records 3, 7 and 12 more`.
    fn numbers(&self, reason: &Reason) -> String {
        numbers(&reason.numbers, reason.count)
    }

    fn numbers_of(&self, numbers_: &[u64], count: &u64) -> String {
        numbers(numbers_, *count)
    }

    /// The kinds of a field's values, the most frequent first.
    fn kinds(&self, field: &Field) -> String {
        most_first(field.kinds.iter().map(|(name, count)| (name.as_str(), *count)))
    }

    /// The formats of a field's texts, the most frequent first.
    fn formats(&self, field: &Field) -> String {
        most_first(field.formats.iter().map(|(name, count)| (name.as_str(), *count)))
    }

    fn lengths(&self, field: &Field) -> String {
        field.lengths.as_ref().map_or(String::new(), |lengths| match (lengths.min, lengths.max) {
            (min, max) if min == max => grouped(min),
            (min, max) => format!("{} to {}", grouped(min), grouped(max)),
        })
    }

    fn distinct(&self, field: &Field) -> String {
        match field.distinct {
            Some(distinct) => grouped(distinct),
            None if field.is_secret || field.is_ignored => "–".to_owned(),
            // documents are not compared
            None if ["json", "php"].iter().any(|format| field.formats.contains_key(*format)) => "–".to_owned(),
            None => "many".to_owned(),
        }
    }

    /// What `many` is sorted as.
    fn distinct_order(&self, field: &Field) -> u64 {
        field.distinct.unwrap_or(u64::MAX)
    }

    fn unread(&self) -> usize {
        self.it.fields.iter().filter(|field| !field.is_read).count()
    }

    fn values(&self, field: &Field) -> Vec<(&'static str, Vec<ValueCount>)> {
        let lists = [("frequent values", &field.values), ("patterns", &field.patterns)];
        lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name, list.clone())).collect()
    }

    /// The reasons of a claim, as what its details show.
    fn has_reasons(&self, claim: &Claim) -> bool {
        !claim.reasons.is_empty()
    }

    fn duplicate(&self, duplicates: &Duplicates) -> &'static str {
        match duplicates.of {
            DuplicateOf::LegacyId => "id in the legacy system",
            DuplicateOf::Login => "login",
            DuplicateOf::Email => "mail address",
            DuplicateOf::Phone => "phone number",
            DuplicateOf::NameIsEmail => "user name that is another record's mail address",
        }
    }

    /// The first groups of duplicates, each as a list of numbers.
    fn groups(&self, duplicates: &Duplicates) -> Vec<String> {
        duplicates
            .groups
            .iter()
            .take(SHOWN_GROUPS)
            .map(|group| group.iter().map(|n| grouped(*n)).collect::<Vec<_>>().join(", "))
            .collect()
    }

    /// How many groups are not shown.
    fn more_groups(&self, duplicates: &Duplicates) -> u64 {
        duplicates.identifiers.saturating_sub(duplicates.groups.len().min(SHOWN_GROUPS) as u64)
    }

    fn stored(&self, passwords: &Passwords) -> u64 {
        passwords.schemes.iter().map(|scheme| scheme.count).sum()
    }

    fn milliseconds(&self, milliseconds: &Option<f64>) -> String {
        milliseconds.map_or("–".to_owned(), |time| format!("{time:.1} ms"))
    }

    fn one_decimal(&self, number: &f64) -> String {
        format!("{number:.1}")
    }
}

/// `records 3, 7 and 12 more`; nothing without numbers.
fn numbers(numbers: &[u64], count: u64) -> String {
    if numbers.is_empty() {
        return String::new();
    }
    let list: Vec<String> = numbers.iter().map(|number| grouped(*number)).collect();
    let word = if count == 1 { "record" } else { "records" };
    match count.saturating_sub(numbers.len() as u64) {
        0 => format!("{word} {}", list.join(", ")),
        more => format!("{word} {} and {} more", list.join(", "), grouped(more)),
    }
}

/// Names with their counts, the most frequent first: `text 1,998, list 2`. A single name stands alone.
fn most_first<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> String {
    let mut counts: Vec<(&str, u64)> = counts.filter(|(_, count)| *count > 0).collect();
    counts.sort_by(|(name, count), (other, others)| others.cmp(count).then(name.cmp(other)));
    match counts.as_slice() {
        [(name, _)] => (*name).to_owned(),
        _ => counts.iter().map(|(name, count)| format!("{name} {}", grouped(*count))).collect::<Vec<_>>().join(", "),
    }
}

#[cfg(test)]
mod tests;
