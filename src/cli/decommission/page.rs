//! The report as a page of its own: no script, nothing from elsewhere, light and dark, printable.

use askama::Template;

use super::checks::{Check, Met, day};
use super::report::Report;
use crate::cli::CommandError;
use crate::ports::SystemUse;

#[derive(Template)]
#[template(path = "decommission.html")]
struct Page<'r> {
    verdict: String,
    is_fine: bool,
    made_at: String,
    days: u16,
    version: &'static str,
    checks: Vec<Row<'r>>,
    systems: Vec<SystemRow<'r>>,
    notes: Vec<Vec<Part<'r>>>,
}

/// A condition, as it is shown.
struct Row<'r> {
    title: &'r str,
    evidence: Vec<Part<'r>>,
    help: Vec<Part<'r>>,
    /// The class of its mark.
    class: &'static str,
    /// What the mark says.
    word: &'static str,
}

/// A part of a sentence.
struct Part<'r> {
    is_code: bool,
    text: &'r str,
}

/// The figures of a system, as they are shown.
struct SystemRow<'r> {
    system: &'r SystemUse,
    last_call: String,
}

impl<'r> Row<'r> {
    fn of(check: &'r Check) -> Self {
        let (class, word) = match check.result {
            Met::Yes => ("yes", "Met"),
            Met::No => ("no", "Not met"),
            Met::NotChecked => ("open", "Not checked"),
        };
        Self { title: &check.title, evidence: parts(&check.evidence), help: parts(&check.help), class, word }
    }
}

impl<'r> SystemRow<'r> {
    fn of(system: &'r SystemUse) -> Self {
        Self { system, last_call: system.last_call.map_or_else(|| "never".to_owned(), day) }
    }
}

/// The page.
///
/// # Errors
/// If the page cannot be made, which its template rules out.
pub fn html(report: &Report) -> Result<String, CommandError> {
    let evidence = &report.evidence;
    let page = Page {
        verdict: capitalised(&report.verdict()),
        is_fine: report.can_be_switched_off(),
        made_at: evidence.now.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        days: evidence.days,
        version: env!("CARGO_PKG_VERSION"),
        checks: report.checks.iter().map(Row::of).collect(),
        systems: evidence.systems.iter().map(SystemRow::of).collect(),
        notes: report.notes.iter().map(|note| parts(note)).collect(),
    };
    page.render().map_err(|_| CommandError::new("the page cannot be made"))
}

/// The parts of a sentence in and between backticks.
fn parts(sentence: &str) -> Vec<Part<'_>> {
    let parts = sentence.split('`').enumerate().map(|(at, text)| Part { is_code: at % 2 == 1, text });
    parts.filter(|part| !part.text.is_empty()).collect()
}

/// A sentence with a capital letter, without the marks of code.
fn capitalised(sentence: &str) -> String {
    let text = sentence.replace('`', "");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_marked_and_names_are_escaped() {
        let check = |name: &str| Check {
            name: "calls",
            title: "No customer needed it".into(),
            result: Met::No,
            evidence: format!("customers of `{name}` needed it"),
            help: "run `landfall remaining`".into(),
        };
        let checks = [check("<b>&\"'")];
        let page = Page {
            verdict: capitalised("the legacy system `<i>` stays"),
            is_fine: false,
            made_at: String::new(),
            days: 1,
            version: "0",
            checks: checks.iter().map(Row::of).collect(),
            systems: Vec::new(),
            notes: vec![parts("see `this`")],
        };
        let html = page.render().unwrap();
        assert!(html.starts_with("<!doctype html>"), "{html}");
        assert!(html.contains("customers of <code>&#60;b&#62;&#38;&#34;&#39;</code> needed it"), "{html}");
        assert!(html.contains("</strong> run <code>landfall remaining</code></p>") && !html.contains("<i>"), "{html}");
        assert!(html.contains("<li>see <code>this</code></li>"), "{html}");
    }
}
