//! Examines the text before a syntax error: open brackets, a comment between them, a reference that needs quotes. It
//! parses only as much as the message needs.

use std::ops::Range;

/// What was found before a place.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The brackets that are open there.
    pub open: Vec<usize>,
    /// The last comment between open brackets that hides a bracket or a comma.
    pub comment: Option<Range<usize>>,
    /// The last reference without quotes that contains brackets and is inside brackets.
    pub reference: Option<Range<usize>>,
}

/// Scans a text up to a place.
pub(super) fn look(text: &str, to: usize) -> Seen {
    let mut seen = Seen::default();
    let mut at = 0;
    while at < to {
        at = step(text, at, &mut seen);
    }
    seen
}

/// Scans what begins at a place, and returns the place after it.
fn step(text: &str, at: usize, seen: &mut Seen) -> usize {
    let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) else { return at + 1 };
    let next = at + c.len_utf8();
    let begins = begins_value(text, at, seen.open.is_empty());
    match c {
        '\'' | '"' if begins => after_quotes(text, at, c),
        '#' if follows_blank(text, at) => comment(text, at, seen),
        '|' | '>' if begins && seen.open.is_empty() => after_block(text, at),
        '$' if begins && !seen.open.is_empty() => reference(text, at, seen),
        '[' | '{' if begins || !seen.open.is_empty() => {
            seen.open.push(at);
            next
        }
        ']' | '}' => {
            seen.open.pop();
            if seen.open.is_empty() {
                (seen.comment, seen.reference) = (None, None);
            }
            next
        }
        _ => next,
    }
}

/// Whether a value may begin here: after `:`, `-`, `?`, a bracket or comma, or at the start of a line.
fn begins_value(text: &str, at: usize, is_block: bool) -> bool {
    let before = text.get(..at).unwrap_or("");
    let trimmed = before.trim_end_matches([' ', '\t']);
    let is_apart = trimmed.len() < before.len();
    match trimmed.chars().next_back() {
        None | Some('\n' | '\r') => true,
        Some('[' | '{' | ',') => !is_block,
        Some(':' | '-' | '?') => is_apart,
        _ => false,
    }
}

fn follows_blank(text: &str, at: usize) -> bool {
    text.get(..at).is_none_or(|before| before.is_empty() || before.ends_with([' ', '\t', '\n', '\r']))
}

fn line_end(text: &str, at: usize) -> usize {
    text.get(at..).and_then(|rest| rest.find(['\n', '\r'])).map_or(text.len(), |length| at + length)
}

fn after_quotes(text: &str, at: usize, quote: char) -> usize {
    let mut escaped = false;
    for (offset, c) in text.get(at + 1..).unwrap_or("").char_indices() {
        match c {
            '\\' if quote == '"' && !escaped => escaped = true,
            c if c == quote && !escaped => return at + offset + 2,
            _ => escaped = false,
        }
    }
    text.len()
}

fn comment(text: &str, at: usize, seen: &mut Seen) -> usize {
    let end = line_end(text, at);
    if !seen.open.is_empty() && text.get(at..end).is_some_and(|comment| comment.contains([']', '}', ','])) {
        seen.comment = Some(at..end);
    }
    end
}

/// The place after a block of text: the lines below that are indented deeper than the line it begins on.
fn after_block(text: &str, at: usize) -> usize {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |line_break| line_break + 1);
    let indent = indentation(text.get(start..).unwrap_or(""));
    let mut end = line_end(text, at);
    while let Some(line) = text.get(end + 1..).and_then(|rest| rest.split('\n').next()) {
        if !line.trim().is_empty() && indentation(line) <= indent {
            break;
        }
        end += 1 + line.len();
    }
    end.min(text.len())
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// A reference with its brackets; they would end the text here if it were not one.
fn reference(text: &str, at: usize, seen: &mut Seen) -> usize {
    let end = after_reference(text, at);
    if text.get(at..end).is_some_and(|reference| reference.contains('[')) {
        seen.reference = Some(at..end);
    }
    end
}

fn after_reference(text: &str, at: usize) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    for (offset, c) in text.get(at..).unwrap_or("").char_indices() {
        match (quote, c) {
            (_, '\n' | '\r') => return at + offset,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if depth > 0 => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth > 0 => depth -= 1,
            (None, c) if depth == 0 && !(c.is_alphanumeric() || matches!(c, '$' | '.' | '_' | '*' | '-')) => {
                return at + offset;
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> (Vec<usize>, Option<&str>, Option<&str>) {
        let seen = look(text, text.len());
        let part = |range: Option<Range<usize>>| range.and_then(|range| text.get(range));
        (seen.open.clone(), part(seen.comment.clone()), part(seen.reference))
    }

    #[test]
    fn text_before_a_place() {
        assert_eq!(seen("a: { b: [ c ]"), (vec![3], None, None));
        assert_eq!(seen("a: { from: $.a[0].b, do"), (vec![3], None, Some("$.a[0].b")));
        assert_eq!(seen("a: [ $.a[?@.b == 'x]'], c"), (vec![3], None, Some("$.a[?@.b == 'x]']")));
        assert_eq!(seen("a: [ split: #, trim ]\n"), (vec![3], Some("#, trim ]"), None));
        assert_eq!(seen("a: [ # first\n"), (vec![3], None, None));
        assert_eq!(seen("a: $.a[0]\nb: \"{\"\nc: x{y\n"), (vec![], None, None));
        assert_eq!(seen("a: |\n  { [ #\nb: ["), (vec![16], None, None));
        assert_eq!(seen("a: { \"b\": '{' "), (vec![3], None, None));
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[a$.:#'\"\\[\\]{}|é, \\n\\\\-]{0,40}", to in 0_usize..50) {
            let _ = look(&text, to);
        }
    }
}
