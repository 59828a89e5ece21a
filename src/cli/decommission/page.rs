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
    notes: &'r [String],
}

/// A condition, as it is shown.
struct Row<'r> {
    check: &'r Check,
    /// The class of its mark.
    class: &'static str,
    /// What the mark says.
    word: &'static str,
}

/// The figures of a system, as they are shown.
struct SystemRow<'r> {
    system: &'r SystemUse,
    last_call: String,
}

impl<'r> Row<'r> {
    fn of(check: &'r Check) -> Self {
        let (class, word) = match check.result {
            Met::Yes => ("yes", "Yes"),
            Met::No => ("no", "No"),
            Met::NotChecked => ("open", "Not checked"),
        };
        Self { check, class, word }
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
        notes: &report.notes,
    };
    page.render().map_err(|_| CommandError::new("the page cannot be made"))
}

/// A sentence with a capital letter, without the marks of code.
fn capitalised(sentence: &str) -> String {
    let text = sentence.replace('`', "");
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
