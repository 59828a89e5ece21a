//! The tokens of an expression in another language. They are read only to suggest how to write it here.

/// One word or operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// `$.a.b`, `$name`
    Reference(&'t str),
    /// A bare word: `status`, `record.status`.
    Word(&'t str),
    /// Text in quotes.
    Quoted(&'t str),
    /// A number.
    Number(&'t str),
    /// An operator, a bracket or a comma.
    Sign(&'static str),
}

/// The longest expression that is parsed. Longer text is prose.
const MAX_BYTES: usize = 400;

/// Longer operators come first.
const SIGNS: &[&str] = &[
    "===", "!==", "==", "!=", "<>", ">=", "<=", "=~", "!~", "&&", "||", "??", "|>", "?:", "=", ">", "<", "!", "+", "-",
    "*", "/", "%", "~", "|", "&", "?", ":", ".", "(", ")", "[", "]", ",",
];

/// The tokens of a text, if it consists only of tokens.
pub(super) fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let blanks = rest.len() - rest.trim_start().len();
        if blanks > 0 {
            at += blanks;
            continue;
        }
        let (token, length) = token(rest)?;
        // `$.user-name` is a name that needs brackets, not a subtraction
        let is_inside_name = at > 0 && text.get(..at).is_some_and(|before| !before.ends_with([' ', ')']));
        if token == Token::Sign("-") && is_inside_name {
            return None;
        }
        found.push(token);
        at += length;
    }
    Some(found)
}

fn token(rest: &str) -> Option<(Token<'_>, usize)> {
    let first = rest.chars().next()?;
    if first == '$' {
        let length = reference_length(rest)?;
        return Some((Token::Reference(rest.get(..length)?), length));
    }
    if matches!(first, '\'' | '"') {
        let inner = rest.get(1..)?;
        let end = inner.find(first)?;
        return Some((Token::Quoted(inner.get(..end)?), end + 2));
    }
    if first.is_ascii_digit() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        return Some((Token::Number(rest.get(..end)?), end));
    }
    if first.is_alphabetic() || first == '_' {
        let length = word_length(rest);
        return Some((Token::Word(rest.get(..length)?), length));
    }
    SIGNS.iter().find(|sign| rest.starts_with(**sign)).map(|sign| (Token::Sign(sign), sign.len()))
}

/// The length of a word with members: `record.first_name`. A dot at its end does not belong to it.
fn word_length(text: &str) -> usize {
    let end = text.find(|c: char| !is_name(c) && c != '.').unwrap_or(text.len());
    text.get(..end).unwrap_or("").trim_end_matches('.').len()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The length of the reference at the start of a text: `$`, an optional name, and members.
pub(super) fn reference_length(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('$')?;
    let has_name = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let name = if has_name { rest.find(|c: char| !is_name(c)).unwrap_or(rest.len()) } else { 0 };
    let mut at = 1 + name;
    while let Some(length) = text.get(at..).and_then(member_length) {
        at += length;
    }
    (at > 1).then_some(at)
}

/// The length of `.name`, `..name`, `.*` or `[…]`.
fn member_length(rest: &str) -> Option<usize> {
    if rest.starts_with('[') {
        return bracket_length(rest);
    }
    let dots = rest.len() - rest.trim_start_matches('.').len();
    let name = rest.get(dots..)?;
    if !(1..=2).contains(&dots) {
        return None;
    }
    if name.starts_with('*') {
        return Some(dots + 1);
    }
    let length = name.find(|c: char| !is_name(c)).unwrap_or(name.len());
    (length > 0 && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(dots + length)
}

/// The length of the text in brackets; brackets in quotes do not count.
fn bracket_length(rest: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            (None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_end_where_their_path_ends() {
        let cases = [
            ("$.first $.last", Some(7)),
            ("$.first.", Some(7)),
            ("$['First Name'] x", Some(15)),
            ("$.mails[?@.type == 'home'].value", Some(32)),
            ("$item.a,", Some(7)),
            ("$", None),
            ("$5 off", None),
            ("$.5", None),
        ];
        for (text, length) in cases {
            assert_eq!(reference_length(text), length, "{text}");
        }
    }

    #[test]
    fn a_dash_inside_a_name_is_not_an_operator() {
        assert_eq!(tokens("$.user-name"), None);
        assert_eq!(tokens("$.a - 1").map(|found| found.len()), Some(3));
    }
}
