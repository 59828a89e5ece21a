//! What reports in HTML share: one file that needs nothing else, with its style sheet and its script inside, and figures as
//! people write them.
//!
//! Templates extend `templates/report.html` and have a member `page` of the type [`Page`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::engine::capture::is_invisible;

/// Makes tables sortable. Reports are complete without it.
const SCRIPT: &str = include_str!("../templates/report.js");

/// The frame of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The title of the page.
    pub title: String,
    /// The Content-Security-Policy: nothing is loaded, and no other script runs.
    pub policy: String,
    /// The script.
    pub script: &'static str,
}

impl Page {
    /// A page with a title.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        let digest = STANDARD.encode(Sha256::digest(SCRIPT));
        let policy = format!(
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        );
        Self { title: title.into(), policy, script: SCRIPT }
    }
}

/// A whole number in groups of three digits: `1,234,567`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share in per cent with one decimal: `83.2 %`. What is not all is never `100.0 %`, and what is not nothing never `0.0 %`.
#[must_use]
pub fn share(part: u64, all: u64) -> String {
    match per_mille(part, all) {
        _ if all == 0 => "–".to_owned(),
        0 if part > 0 => "< 0.1 %".to_owned(),
        1000 if part < all => "> 99.9 %".to_owned(),
        share => format!("{}.{} %", share / 10, share % 10),
    }
}

/// A text in which everything can be seen: control characters become their pictures, such as `␛`, and those that would change the
/// direction of the text around them `�`. Line ends and tabs stay.
#[must_use]
pub fn visible(text: String) -> String {
    let is_hidden = |c: char| !matches!(c, '\n' | '\t') && is_invisible(c);
    if !text.contains(is_hidden) {
        return text;
    }
    let picture = |c: char| match u32::from(c) {
        _ if !is_hidden(c) => c,
        code @ 0..=0x1f => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    };
    text.chars().map(picture).collect()
}

/// A share as the width of a bar that is 100 units wide: `83.2`.
#[must_use]
pub fn width(part: u64, all: u64) -> String {
    let share = per_mille(part, all).min(1000);
    format!("{}.{}", share / 10, share % 10)
}

/// A share, rounded to tenths of a per cent.
fn per_mille(part: u64, all: u64) -> u64 {
    let (part, all) = (u128::from(part), u128::from(all));
    let rounded = (part * 1000 + all / 2).checked_div(all).unwrap_or(0);
    u64::try_from(rounded).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        for (number, wanted) in [(0, "0"), (12, "12"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), wanted);
        }
        assert_eq!(grouped(u64::MAX), "18,446,744,073,709,551,615");
    }

    #[test]
    fn everything_can_be_seen() {
        assert_eq!(visible("a\u{1b}[2J\u{7f}\u{202e}b\u{9b}\n\tö".to_owned()), "a␛[2J␡\u{fffd}b\u{fffd}\n\tö");
    }

    #[test]
    fn shares_never_hide_the_last_record() {
        for (part, all, wanted) in [
            (0, 0, "–"),
            (0, 5, "0.0 %"),
            (5, 5, "100.0 %"),
            (1, 3, "33.3 %"),
            (2, 3, "66.7 %"),
            (1, 1_000_000, "< 0.1 %"),
            (999_999, 1_000_000, "> 99.9 %"),
        ] {
            assert_eq!(share(part, all), wanted, "{part} of {all}");
        }
        assert_eq!((width(1, 3), width(7, 5), width(1, 0)), ("33.3".to_owned(), "100.0".to_owned(), "0.0".to_owned()));
        assert_eq!(share(u64::MAX, u64::MAX), "100.0 %");
    }

    #[test]
    fn only_the_script_of_the_report_may_run() {
        let page = Page::new("x");
        assert!(page.policy.contains("script-src 'sha256-") && !page.policy.contains("script-src 'unsafe"));
        // text that would end the element early
        assert!(!page.script.contains("</"));
    }
}
