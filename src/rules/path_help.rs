//! What an invalid path was probably meant to be.

use crate::diag::closest;

/// The functions of RFC 9535.
const FUNCTIONS: [&str; 5] = ["length", "count", "match", "search", "value"];

/// A message and a help for an error at a place in a path, if it is a common mistake.
#[must_use]
pub fn meant(path: &str, at: usize) -> Option<(String, String)> {
    let (before, rest) = (path.get(..at)?, path.get(at..)?);
    let in_filter = before.rfind("[?").is_some_and(|open| !before.get(open..).unwrap_or("").contains(']'));
    if in_filter { filter(path, before, rest) } else { segment(path, before, rest) }
}

fn found(message: impl Into<String>, help: impl Into<String>) -> Option<(String, String)> {
    Some((message.into(), help.into()))
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

fn filter(path: &str, before: &str, rest: &str) -> Option<(String, String)> {
    let name = word(rest);
    let after = rest.get(name.len()..).unwrap_or("").trim_start();
    if rest.starts_with('=') && !rest.starts_with("==") {
        return found("`=` is not allowed here", "compare two values with `==`, such as `[?@.type == 'home']`");
    }
    if !name.is_empty() && after.starts_with('(') {
        let help = match closest(name, FUNCTIONS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "the functions are `length`, `count`, `match`, `search` and `value`; the step `find` supports all predicates".to_owned(),
        };
        return found(format!("there is no function `{name}` in paths"), help);
    }
    if matches!(name, "and" | "AND") || (rest.starts_with('&') && !rest.starts_with("&&")) {
        return found("join conditions with `&&`", "write `[?@.a == 1 && @.b == 2]`");
    }
    if matches!(name, "or" | "OR") {
        return found("join conditions with `||`", "write `[?@.a == 1 || @.b == 2]`");
    }
    let is_start = before.trim_end().ends_with(['?', '(', '&', '|', '!']);
    if is_start && !name.is_empty() {
        let help = format!("a member of the element begins with `@.`: write `@.{name}`");
        return found(format!("`{name}` does not say which object it belongs to"), help);
    }
    if !name.is_empty() && before.trim_end().ends_with('=') {
        return found(format!("the text `{name}` needs quotes"), format!("write `'{name}'`"));
    }
    unclosed(path)
}

fn segment(path: &str, before: &str, rest: &str) -> Option<(String, String)> {
    let trimmed = rest.trim_start();
    if let Some(steps) = trimmed.strip_prefix('|').filter(|steps| !steps.starts_with('|')) {
        let steps: Vec<&str> = steps.split('|').map(str::trim).collect();
        let help = format!("steps go in `do`: write `{{ from: …, do: [ {} ] }}`", steps.join(", "));
        return found("a path has no steps", help);
    }
    if let Some((_, other)) = rest.split_once('$').filter(|(sign, _)| [",", "||", "??", "or"].contains(&sign.trim())) {
        let help = format!("for the first one that is present, write `{{ from: [ …, ${other} ] }}`");
        return found("a path reads one place", help);
    }
    if rest.starts_with('(') {
        let called = before.rsplit('.').next().unwrap_or(before);
        let help = format!("steps go in `do`: write `{{ from: …, do: [ {called} ] }}`");
        return found("a path calls no functions", help);
    }
    if rest.starts_with("?.") || rest.starts_with("??") {
        let help = "remove the `?`: a path that matches nothing gives no value; use `default:` for another one";
        return found("`?` is not allowed here", help);
    }
    if rest.starts_with(|c: char| c.is_ascii_digit()) && before.ends_with('.') {
        let number = word(rest);
        return found(
            "the position of a list element goes in brackets",
            format!("write `[{number}]` in place of `.{number}`"),
        );
    }
    if rest.starts_with('[') && before.ends_with('.') {
        return found("a `.` before a bracket", "remove the `.`, such as `$['First Name']`");
    }
    if before.ends_with('[') && rest.starts_with(|c: char| c.is_alphabetic()) {
        let name = rest.split(']').next().unwrap_or(rest);
        return found("a name in brackets needs quotes", format!("write `['{name}']`"));
    }
    if let Some(found) = unclosed(path) {
        return Some(found);
    }
    name_in_brackets(before, rest)
}

fn unclosed(path: &str) -> Option<(String, String)> {
    let is_open = path.matches('[').count() > path.matches(']').count();
    if !is_open {
        return None;
    }
    found("a `[` is not closed", "write `[0]`, `['name']` or `[?@.key == 'value']`, with a `]` at the end")
}

/// `.user-name`: a name with a character that needs brackets.
fn name_in_brackets(before: &str, rest: &str) -> Option<(String, String)> {
    let sign = rest.chars().next().filter(|c| " -:@/#$+&%!^~,;=".contains(*c))?;
    let start = before.rfind(['.', ']']).map_or(0, |at| at + 1);
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let name = format!("{}{}", before.get(start..)?, rest.get(..end)?);
    if name.contains(['\'', '$']) || before.get(start..)?.is_empty() {
        return None;
    }
    let message =
        if sign == ' ' { "the path contains a space".to_owned() } else { format!("`{sign}` is not allowed here") };
    let help =
        format!("write `['{name}']` in place of `.{name}`; inside `{{ }}` and `[ ]` put the whole reference in quotes");
    found(message, help)
}

#[cfg(test)]
mod tests {
    use crate::rules::reference;

    #[test]
    fn usual_mistakes() {
        for (path, help) in [
            (
                ".user-name",
                "write `['user-name']` in place of `.user-name`; inside `{ }` and `[ ]` put the whole reference in quotes",
            ),
            (
                ".a.first-name.b",
                "write `['first-name']` in place of `.first-name`; inside `{ }` and `[ ]` put the whole reference in quotes",
            ),
            (".a[0", "write `[0]`, `['name']` or `[?@.key == 'value']`, with a `]` at the end"),
            (".a.0", "write `[0]` in place of `.0`"),
            (".a[b]", "write `['b']`"),
            (".['a']", "remove the `.`, such as `$['First Name']`"),
            (".a.trim()", "steps go in `do`: write `{ from: …, do: [ trim ] }`"),
            (".a | trim | lowercase", "steps go in `do`: write `{ from: …, do: [ trim, lowercase ] }`"),
            (".a?.b", "remove the `?`: a path that matches nothing gives no value; use `default:` for another one"),
            (".a[?@.b = 1]", "compare two values with `==`, such as `[?@.type == 'home']`"),
            (".a[?lenght(@.b) > 1]", "did you mean `length`?"),
            (".a[?type == 'x']", "a member of the element begins with `@.`: write `@.type`"),
            (".a[?@.type == home]", "write `'home'`"),
            (".a[?@.b == 1 and @.c == 2]", "write `[?@.a == 1 && @.b == 2]`"),
        ] {
            assert_eq!(
                reference::parse(path).map(|_| ()).map_err(|problem| problem.help),
                Err(help.to_owned()),
                "{path}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(path in "[.a?@\\[\\]()'=| é0&-]{0,20}", at in 0_usize..24) {
            let _ = super::meant(&path, at);
        }
    }
}
