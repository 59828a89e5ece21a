//! The report for the terminal: 80 columns.

use std::fmt::Write as _;

use crate::assess::{
    Assessment, Claim, Field, Forecast, ForecastOutcome, ForecastReason, Passwords, Reason, duplicates_name,
};
use crate::html_report::{share, visible};
use crate::ready_rules::Fit;

/// The width of the report.
const WIDTH: usize = 80;

/// How many rows of a section are shown. The document has all.
const SHOWN: usize = 40;

/// How many record numbers of a reason are shown.
const NUMBERS: usize = 8;

/// The report.
pub(super) fn render(assessment: &Assessment) -> String {
    let mut text = String::new();
    heading(assessment, &mut text);
    ready_rules(&assessment.ready_rules, &mut text);
    if let Some(forecast) = &assessment.forecast {
        self::forecast(forecast, &mut text);
    }
    claims(&assessment.claims, &mut text);
    if let Some(passwords) = &assessment.passwords {
        self::passwords(passwords, &mut text);
    }
    duplicates(assessment, &mut text);
    lookups(assessment, &mut text);
    fields(assessment, &mut text);
    findings(assessment, &mut text);
    visible(text)
}

fn heading(assessment: &Assessment, text: &mut String) {
    let records = &assessment.records;
    let rules =
        assessment.about.rules.as_ref().map(|rules| format!(" by the rules `{}`", rules.name)).unwrap_or_default();
    wrap(text, 0, 0, &format!("{}{rules}: {} records", assessment.about.exports.join(", "), records.all));
    if assessment.about.rules.is_some() {
        let denied: u64 = records.denied.iter().map(|reason| reason.count).sum();
        let (accounts, invalid, unreadable) = (records.accounts, records.invalid, records.unreadable);
        wrap(text, 0, 0, &format!("{accounts} accounts, {denied} denied, {invalid} invalid, {unreadable} unreadable"));
    } else if records.invalid + records.unreadable > 0 {
        wrap(text, 0, 0, &format!("{} unreadable", records.invalid + records.unreadable));
    }
    if let Some(why) = &records.stopped {
        wrap(text, 0, 0, &format!("reading stopped before the end: {why}"));
    }
}

fn ready_rules(fits: &[Fit], text: &mut String) {
    if fits.is_empty() {
        return;
    }
    title(text, "Ready rules that fit");
    for Fit { name, accounts, of, claims } in fits {
        let made = format!("`{name}` makes accounts of {accounts} of the first {of} records, with {claims} claims");
        wrap(text, 2, 4, &format!("{made}: `landfall rules copy {name}`"));
    }
}

fn title(text: &mut String, title: &str) {
    let _ = writeln!(text, "\n{title}");
}

fn forecast(forecast: &Forecast, text: &mut String) {
    let Forecast { migrate, new_password, cannot, .. } = forecast;
    let all = migrate + new_password + cannot;
    title(text, "Forecast");
    for (count, what) in
        [(migrate, "migrate at their first login"), (new_password, "need a new password"), (cannot, "cannot migrate")]
    {
        let _ = writeln!(text, "{count:>12}  {:>8}  {what}", share(*count, all));
    }
    for (outcome, name) in
        [(ForecastOutcome::Cannot, "Cannot migrate"), (ForecastOutcome::NewPassword, "Need a new password")]
    {
        let reasons: Vec<&ForecastReason> =
            forecast.reasons.iter().filter(|reason| reason.outcome == outcome).collect();
        if reasons.is_empty() {
            continue;
        }
        title(text, name);
        for ForecastReason { reason, help, .. } in reasons.iter().take(SHOWN) {
            counted(text, reason.count, &reason.reason);
            wrap(text, 14, 16, &numbers(reason));
            wrap(text, 14, 16, &format!("-> {help}"));
        }
        more(text, reasons.len());
    }
}

fn counted(text: &mut String, count: u64, what: &str) {
    wrap(text, 0, 14, &format!("{count:>12}  {what}"));
}

/// The first records of a reason.
fn numbers(reason: &Reason) -> String {
    let shown: Vec<String> = reason.numbers.iter().take(NUMBERS).map(ToString::to_string).collect();
    let shown_count = u64::try_from(shown.len()).unwrap_or(u64::MAX);
    let rest = if reason.count > shown_count { ", …" } else { "" };
    format!("{} {}{rest}", if reason.count == 1 { "record" } else { "records" }, shown.join(", "))
}

fn more(text: &mut String, all: usize) {
    if let Some(more) = all.checked_sub(SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "{:>12}  more in the document (`--format json`)", format!("+{more}"));
    }
}

fn claims(claims: &[Claim], text: &mut String) {
    if claims.is_empty() {
        return;
    }
    title(text, "Claims");
    let _ = writeln!(text, "{:>11} {:>11} {:>9} {:>9}  claim", "made", "missing", "warned", "invalid");
    for claim in claims {
        let Claim { name, made, missing, warned, invalid, .. } = claim;
        wrap(text, 0, 45, &format!("{made:>11} {missing:>11} {warned:>9} {invalid:>9}  {name}"));
        for reason in claim.reasons.iter().take(3) {
            wrap(text, 45, 47, &format!("{} {} ({})", reason.count, reason.reason, numbers(reason)));
        }
    }
}

fn passwords(passwords: &Passwords, text: &mut String) {
    title(text, "Stored passwords");
    let all: u64 = passwords.schemes.iter().map(|scheme| scheme.count).sum::<u64>()
        + passwords.none
        + passwords.unusable.iter().map(|reason| reason.count).sum::<u64>();
    for scheme in passwords.schemes.iter().take(SHOWN) {
        let mut about = vec![scheme.scheme.clone()];
        about.extend(Some(&scheme.cost).filter(|cost| !cost.is_empty()).cloned());
        about.extend(scheme.milliseconds.map(|milliseconds| format!("{milliseconds} ms")));
        about.extend(scheme.weak.then(|| "weak".to_owned()));
        about.extend(scheme.ignores_part.then(|| "ignores part of the password".to_owned()));
        about.extend(scheme.too_expensive.then(|| "too expensive for a login".to_owned()));
        wrap(text, 0, 24, &format!("{:>12}  {:>8}  {}", scheme.count, share(scheme.count, all), about.join(", ")));
    }
    more(text, passwords.schemes.len());
    for reason in passwords.unusable.iter().take(SHOWN) {
        wrap(
            text,
            0,
            24,
            &format!("{:>12}  {:>8}  unusable: {}", reason.count, share(reason.count, all), reason.reason),
        );
    }
    if passwords.none > 0 {
        let _ = writeln!(text, "{:>12}  {:>8}  no stored password", passwords.none, share(passwords.none, all));
    }
    if let Some(peak) = &passwords.peak {
        let line = format!(
            "At {} first logins per second, hashes keep {} processors of this machine busy ({} ms for each login).",
            peak.logins_per_second, peak.processors, peak.milliseconds
        );
        wrap(text, 2, 2, &line);
    }
}

fn duplicates(assessment: &Assessment, text: &mut String) {
    if assessment.duplicates.is_empty() {
        return;
    }
    title(text, "Shared by several records");
    for shared in &assessment.duplicates {
        let name = duplicates_name(shared.of);
        counted(text, shared.records, &format!("records share {} {name}", shared.identifiers));
        let groups: Vec<String> = shared
            .groups
            .iter()
            .take(3)
            .map(|group| {
                let first: Vec<String> = group.iter().take(4).map(ToString::to_string).collect();
                format!("{}{}", first.join(" + "), if group.len() > 4 { " + …" } else { "" })
            })
            .collect();
        let rest = if shared.identifiers > 3 { "; …" } else { "" };
        wrap(text, 14, 16, &format!("records {}{rest}", groups.join("; ")));
    }
}

fn lookups(assessment: &Assessment, text: &mut String) {
    if assessment.lookups.is_empty() {
        return;
    }
    title(text, "Values without an entry in a lookup");
    for lookup in assessment.lookups.iter().take(SHOWN) {
        counted(text, lookup.missing, &format!("{} in `{}`", lookup.rule, lookup.table));
        for value in lookup.values.iter().take(NUMBERS) {
            wrap(text, 14, 16, &format!("{} {}", value.count, cut(&value.value)));
        }
    }
    more(text, assessment.lookups.len());
}

fn fields(assessment: &Assessment, text: &mut String) {
    if assessment.fields.is_empty() {
        return;
    }
    title(text, "Fields");
    let has_rules = assessment.about.rules.is_some();
    for field in assessment.fields.iter().take(5 * SHOWN) {
        let unread = if has_rules && !field.is_read { "  (not read)" } else { "" };
        let _ = writeln!(text, "  {}{unread}", cut(&field.path));
        wrap(text, 6, 8, &about(field, assessment.records.all));
        if !field.values.is_empty() {
            let values = field.values.iter().take(6).map(|value| format!("{} {}", value.count, cut(&value.value)));
            wrap(text, 6, 8, &format!("values: {}", values.collect::<Vec<_>>().join(", ")));
        } else if !field.patterns.is_empty() {
            let patterns =
                field.patterns.iter().take(4).map(|pattern| format!("{} `{}`", pattern.count, pattern.value));
            wrap(text, 6, 8, &format!("patterns: {}", patterns.collect::<Vec<_>>().join(", ")));
        }
    }
    if let Some(more) = assessment.fields.len().checked_sub(5 * SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more in the document (`--format json`)");
    }
}

/// What is in a field, as a list.
fn about(field: &Field, all: u64) -> String {
    let mut parts = vec![format!("{} filled ({})", field.filled, share(field.filled, all))];
    parts.extend((field.null > 0).then(|| format!("{} null", field.null)));
    parts.extend((field.empty > 0).then(|| format!("{} empty", field.empty)));
    parts.push(field.kinds.keys().cloned().collect::<Vec<_>>().join("/"));
    parts.extend(field.lengths.as_ref().map(|lengths| format!("length {} to {}", lengths.min, lengths.max)));
    parts.extend(field.formats.iter().map(|(format, count)| format!("{count} {}", format.replace('_', " "))));
    parts.extend(field.distinct.map(|distinct| format!("{distinct} different")));
    parts.extend(field.is_secret.then(|| "secret".to_owned()));
    parts.extend((field.is_ignored && !field.is_secret).then(|| "ignored".to_owned()));
    parts.extend(field.is_wide.then(|| "too many members to list".to_owned()));
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

fn findings(assessment: &Assessment, text: &mut String) {
    if assessment.findings.is_empty() {
        return;
    }
    title(text, "Findings");
    for finding in assessment.findings.iter().take(2 * SHOWN) {
        wrap(text, 2, 7, &format!("{} {}: {} ({})", finding.code, cut(&finding.place), finding.message, finding.count));
        wrap(text, 7, 7, &format!("help: {}", finding.help));
    }
    if let Some(more) = assessment.findings.len().checked_sub(2 * SHOWN).filter(|more| *more > 0) {
        let _ = writeln!(text, "  and {more} more in the document (`--format json`)");
    }
    wrap(text, 2, 2, "`landfall check --explain CODE` explains a code.");
}

/// A value of bounded length, without control characters, which a terminal would obey.
fn cut(value: &str) -> String {
    let mut shown: String = value.chars().take(60).map(|c| if c.is_control() { '?' } else { c }).collect();
    if value.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}

/// Appends a paragraph; its first line begins at one column, the others at another one.
fn wrap(text: &mut String, first: usize, others: usize, paragraph: &str) {
    let mut line = " ".repeat(first);
    let mut is_empty = true;
    // leading blanks of a row belong to its columns
    let start = paragraph.len() - paragraph.trim_start().len();
    line.push_str(paragraph.get(..start).unwrap_or_default());
    for word in paragraph.get(start..).unwrap_or_default().split(' ') {
        let length = line.chars().count() + usize::from(!is_empty) + word.chars().count();
        if !is_empty && length > WIDTH {
            text.push_str(line.trim_end());
            text.push('\n');
            line = " ".repeat(others);
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    text.push_str(line.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_wrapped_and_columns_kept() {
        let mut text = String::new();
        wrap(&mut text, 0, 14, &format!("{:>12}  {}", 7, "word ".repeat(20).trim()));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(lines[0].starts_with("           7  word") && lines[1].starts_with("              word"), "{text}");
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_shown() {
        assert_eq!(cut("a\u{1b}[2J"), "a?[2J");
        assert_eq!(cut(&"x".repeat(100)).chars().count(), 61);
    }
}
