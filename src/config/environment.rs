//! Replaces `${NAME}`, `${NAME:-default}` and the escape `$${` in settings.

use std::ops::Range;

use zeroize::Zeroizing;

/// Looks up the value of an environment variable.
pub type Environment<'e> = dyn Fn(&str) -> Option<String> + 'e;

/// The environment of this process. A variable that is not Unicode counts as unset.
#[must_use]
pub fn process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// A problem with a variable, and its range in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unset {
    pub at: Range<usize>,
    pub message: String,
    pub help: String,
}

/// Replaces every variable in a text; values are not expanded again.
///
/// # Errors
/// All variables that are not set and have no default, and every `${` that is not closed or has an invalid name.
pub(super) fn expand(text: &str, environment: &Environment<'_>) -> Result<Zeroizing<String>, Vec<Unset>> {
    let (mut made, mut problems) = (Zeroizing::new(String::with_capacity(text.len())), Vec::new());
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        let Some(found) = rest.find("${") else {
            made.push_str(rest);
            break;
        };
        let before = rest.get(..found).unwrap_or_default();
        if let Some(before) = before.strip_suffix('$') {
            made.push_str(before);
            made.push_str("${");
            at += found + 2;
            continue;
        }
        made.push_str(before);
        let start = at + found;
        let Some(length) = rest.get(found..).and_then(|rest| rest.find('}')) else {
            problems.push(unclosed(start..text.len()));
            break;
        };
        let inner = text.get(start + 2..start + length).unwrap_or_default();
        match variable(inner, environment, start..start + length + 1) {
            Ok(value) => made.push_str(&value),
            Err(problem) => problems.push(problem),
        }
        at = start + length + 1;
    }
    if problems.is_empty() { Ok(made) } else { Err(problems) }
}

/// The value of the text between the braces.
fn variable(inner: &str, environment: &Environment<'_>, at: Range<usize>) -> Result<Zeroizing<String>, Unset> {
    let (name, default) = inner.split_once(":-").map_or((inner, None), |(name, default)| (name, Some(default)));
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        let help = "write `${NAME}` or `${NAME:-default}`; for a literal `${` write `$${`".to_owned();
        return Err(Unset { at, message: format!("`{name}` is not the name of an environment variable"), help });
    }
    let value = environment(name).map(Zeroizing::new);
    // as in a shell, `:-` also replaces an empty variable
    match (value, default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(Zeroizing::new(default.to_owned())),
        (None, None) => {
            let help = format!("set it, or write a default: `${{{name}:-…}}`");
            Err(Unset { at, message: format!("the environment variable `{name}` is not set"), help })
        }
    }
}

fn unclosed(at: Range<usize>) -> Unset {
    let help = "close it with `}`; for a literal `${` write `$${`".to_owned();
    Unset { at, message: "`${` is not closed".to_owned(), help }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str) -> Option<String> {
        match name {
            "KEY" => Some("a${B}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_replaced_once() {
        for (text, wanted) in [
            ("plain $x {y} $", "plain $x {y} $"),
            ("<${KEY}>", "<a${B}>"),
            ("${NONE:-x}${EMPTY:-y}${EMPTY}", "xy"),
            ("$${KEY} ${KEY}", "${KEY} a${B}"),
            ("$P$B${NONE:-}", "$P$B"),
        ] {
            assert_eq!(expand(text, &set).unwrap().as_str(), wanted, "{text}");
        }
    }

    #[test]
    fn every_problem_is_reported() {
        let problems = expand("${ONE} ${TWO} ${1} ${KEY", &set).unwrap_err();
        let places: Vec<Range<usize>> = problems.iter().map(|problem| problem.at.clone()).collect();
        assert_eq!(places, [0..6, 7..13, 14..18, 19..24]);
        assert!(problems[0].message.contains("`ONE` is not set"));
        assert!(problems[2].message.contains("not the name"));
        assert!(problems[3].message.contains("not closed"));
    }
}
