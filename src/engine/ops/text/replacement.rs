//! Checks a replacement text: every group it refers to must exist in the pattern.
//!
//! The syntax is that of the regex crate: <https://docs.rs/regex/latest/regex/struct.Captures.html#method.expand>.

use std::ops::Range;

use regex::Regex;

use crate::engine::op::ArgumentError;

/// Checks the replacement text `with` against a pattern.
///
/// # Errors
/// When it refers to a group that the pattern does not have: the regex crate would silently insert nothing.
pub(super) fn check(with: &str, pattern: &Regex) -> Result<(), ArgumentError> {
    for (name, range) in references(with) {
        let known = match name.parse::<usize>() {
            Ok(number) => number < pattern.captures_len(),
            Err(_) => pattern.capture_names().flatten().any(|have| have == name),
        };
        if !known {
            let digits: String = name.chars().take_while(char::is_ascii_digit).collect();
            let help = match name.strip_prefix(&digits) {
                Some(rest) if !digits.is_empty() && !rest.is_empty() => format!("did you mean `${{{digits}}}{rest}`"),
                _ => "name a group of the pattern, or write `$$` for a dollar sign".to_owned(),
            };
            return Err(ArgumentError::new("with", format!("refers to the unknown group `{name}`"), help).at(range));
        }
    }
    Ok(())
}

/// The group references of a replacement text with their ranges, including the `$`.
fn references(with: &str) -> Vec<(&str, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(dollar) = with.get(at..).and_then(|rest| rest.find('$')).map(|offset| at + offset) {
        let rest = with.get(dollar + 1..).unwrap_or_default();
        let (name, length) = if rest.starts_with('$') {
            ("", 2)
        } else if let Some((name, _)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            (name, name.len() + 3)
        } else {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
            (rest.get(..end).unwrap_or_default(), end + 1)
        };
        if !name.is_empty() {
            found.push((name, dollar..dollar + length));
        }
        at = dollar + length;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_must_exist() {
        let pattern = Regex::new(r"(?<year>\d+)-(\d+)").unwrap();
        let fault = |with: &str| check(with, &pattern).err().map(|e| (e.message, e.help, e.at));
        for with in ["$year/$2", "${1}st", "$0", "$$3", "a$ b$", "$-$1"] {
            assert_eq!(fault(with), None, "{with}");
        }
        for (with, name, at) in [("$3", "3", 0..2), ("x$1st", "1st", 1..5), ("${month}", "month", 0..8)] {
            let (message, _, found) = fault(with).unwrap();
            assert_eq!((message, found), (format!("refers to the unknown group `{name}`"), Some(at)), "{with}");
        }
        assert_eq!(fault("$1st").unwrap().1, "did you mean `${1}st`");
    }
}
