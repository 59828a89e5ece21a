//! Common mistakes in YAML: what is wrong, where, and how to write it.

use std::ops::Range;

use granit_parser::ErrorKind as E;

use super::Source;
use super::flow::{self, Seen};
use crate::diag::Diagnostic;

/// A finding with more detail than the parser's, if the error is a common mistake.
pub(super) fn meant(source: Source<'_>, kind: &E, at: usize) -> Option<Diagnostic> {
    let place = Place::new(source, at);
    if matches!(kind, E::TabNotAllowed | E::TabInBlockIndentation | E::TabInIndentation | E::TabInPlainScalar) {
        return place.tab();
    }
    if matches!(kind, E::UnknownQuotedScalarEscape) {
        return place.escape();
    }
    if matches!(kind, E::UnclosedQuotedScalar) {
        return place.backslash_before_quote(at + BACKSLASH.len());
    }
    if matches!(kind, E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar) {
        return place.backslash_before_quote(at).or_else(|| place.quotes_inside());
    }
    // the place is a bracket that is never closed; the cause is after it
    let is_open = matches!(kind, E::UnclosedFlowCollection { .. });
    let seen = flow::look(source.text, if is_open { source.text.len() } else { at });
    place
        .bracketed(&seen)
        .or_else(|| if seen.open.is_empty() { place.in_block(kind) } else { place.in_brackets(kind, &seen) })
}

/// A single backslash, as often written in double quotes.
const BACKSLASH: &str = "\"\\\"";

/// Text in quotes that need no escapes.
pub(super) fn quoted(text: &str) -> String {
    if text.contains(['\\', '"']) { format!("'{}'", text.replace('\'', "''")) } else { format!("\"{text}\"") }
}

/// The place of a syntax error, with its line.
struct Place<'t> {
    source: Source<'t>,
    text: &'t str,
    at: usize,
    /// The line of the place.
    line: Range<usize>,
}

fn line_of(text: &str, at: usize) -> Range<usize> {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |line_break| line_break + 1);
    let end = text.get(at..).and_then(|rest| rest.find(['\n', '\r'])).map_or(text.len(), |length| at + length);
    start..end.max(start)
}

/// A text without the comment at its end.
fn without_comment(text: &str) -> &str {
    text.split(" #").next().unwrap_or(text).trim_end()
}

/// Whether a text can be a key.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$'))
}

impl<'t> Place<'t> {
    fn new(source: Source<'t>, at: usize) -> Self {
        let mut at = at.min(source.text.len());
        while !source.text.is_char_boundary(at) {
            at -= 1;
        }
        Self { source, text: source.text, at, line: line_of(source.text, at) }
    }

    fn get(&self, range: Range<usize>) -> &'t str {
        self.text.get(range).unwrap_or("")
    }

    fn first(&self) -> Option<char> {
        self.get(self.at..self.text.len()).chars().next()
    }

    fn error(&self, range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Option<Diagnostic> {
        Some(Diagnostic::error("R101", self.source.span(range.start, range.end), message, help))
    }

    /// The first tab in the indentation of this line or the two below, where the parser gives up.
    fn tab(&self) -> Option<Diagnostic> {
        let lines = std::iter::successors(Some(self.line.clone()), |line| {
            (line.end < self.text.len()).then(|| line_of(self.text, line.end + 1))
        });
        let in_indentation = |line: Range<usize>| {
            let text = self.get(line.clone());
            let blanks = text.len() - text.trim_start_matches([' ', '\t']).len();
            text.get(..blanks)?.find('\t').map(|tab| line.start + tab)
        };
        let tab = lines.take(3).find_map(in_indentation).or_else(|| (self.first() == Some('\t')).then_some(self.at))?;
        let help = "indent with spaces, two per level; most editors have a setting that turns tabs into spaces";
        self.error(tab..tab + 1, "a tab in the indentation", help)
    }

    /// `"\d"`: the unknown escape, and the text in single quotes.
    fn escape(&self) -> Option<Diagnostic> {
        let line = self.get(self.at..self.line.end);
        let inner = line.strip_prefix('"')?;
        let known = |c: char| "0abtnvfre \"/\\N_LPxuU\t".contains(c);
        let mut letters = inner.char_indices();
        let slash = loop {
            let (at, c) = letters.next()?;
            match (c, letters.clone().next()) {
                ('\\', Some((_, next))) if !known(next) => break at,
                ('\\', _) => drop(letters.next()),
                ('"', _) => return None,
                _ => {}
            }
        };
        let start = self.at + 1 + slash;
        let end = start + 1 + self.get(start + 1..self.line.end).chars().next().map_or(0, char::len_utf8);
        let help = match inner.split_once('"') {
            Some((text, _)) => {
                format!(
                    "write it in single quotes, where `\\` has no special meaning: `'{}'`",
                    text.replace('\'', "''")
                )
            }
            None => "use single quotes for regexes and Windows paths, where `\\` has no special meaning".to_owned(),
        };
        self.error(start..end, format!("`{}` is not an escape of double quotes", self.get(start..end)), help)
    }

    /// `"\"`: a backslash that makes the closing quote part of the text.
    fn backslash_before_quote(&self, to: usize) -> Option<Diagnostic> {
        // a longer text in quotes was not meant as one backslash
        const NEAR: usize = 400;
        let start = self.text.get(..to)?.rfind(BACKSLASH).filter(|start| to - start < NEAR)?;
        let help = "a backslash before a quote makes it part of the text: write a single backslash as `'\\'`";
        self.error(start..start + BACKSLASH.len(), "this quote does not end the text", help)
    }

    /// `'it's'`: a text that ends at the quote inside it.
    fn quotes_inside(&self) -> Option<Diagnostic> {
        let before = self.get(self.line.start..self.at);
        let quote = before.trim_end().chars().next_back().filter(|c| matches!(c, '\'' | '"'))?;
        let start = [": ", "- ", "[ ", "{ ", ", ", "[", "{"]
            .iter()
            .filter_map(|sign| before.rfind(&format!("{sign}{quote}")).map(|at| at + sign.len()))
            .max()?;
        let start = self.line.start + start;
        let rest = self.get(self.at..self.line.end);
        let end = self.at + rest.rfind(quote).map_or(0, |last| last + 1);
        let text = self.get(start + 1..end.max(self.at) - usize::from(end > self.at));
        let text = if end > self.at { text } else { return self.more_than_quotes(start) };
        let help = format!("write `{}`", quoted(text));
        self.error(start..end, "the text contains the quote that encloses it", help)
    }

    /// `"a" and b`: only the beginning is in quotes.
    fn more_than_quotes(&self, start: usize) -> Option<Diagnostic> {
        let rest = self.get(self.at..self.line.end);
        let end = self.at + rest.find([',', ']', '}']).unwrap_or(rest.len());
        let value = without_comment(self.get(start..end));
        let help = format!("put the whole text in quotes: `{}`", quoted(value));
        self.error(start..start + value.len(), "text after the closing quote", help)
    }

    /// A reference with brackets inside brackets, and a comment that hides a bracket.
    fn bracketed(&self, seen: &Seen) -> Option<Diagnostic> {
        if let Some(reference) = seen.reference.clone() {
            let written = self.get(reference.clone());
            let help = format!("write `{}`", quoted(written));
            let message = "a reference with brackets needs quotes inside `{ }` and `[ ]`";
            return self.error(reference, message, help);
        }
        let comment = seen.comment.clone()?;
        let before = self.get(line_of(self.text, comment.start).start..comment.start);
        let value = before.rfind(['[', '{', ',', ':']).map_or(0, |sign| sign + 1);
        let value = before.get(value..)?.trim_start();
        let cut = self.get(comment.clone());
        let word = cut.get(..cut.find([',', ']', '}']).unwrap_or(cut.len()))?.trim_end();
        let help = format!("put text with `#` in quotes: `{}`", quoted(&format!("{value}{word}")));
        self.error(comment, "` #` begins a comment, which hides the rest of the line", help)
    }

    /// The text of a value that begins here.
    fn value(&self, at: usize, in_brackets: bool) -> Range<usize> {
        let rest = self.get(at..self.line.end);
        let end = if in_brackets { rest.find([',', ']', '}']).unwrap_or(rest.len()) } else { rest.len() };
        let text = without_comment(rest.get(..end).unwrap_or(rest));
        at..at + text.len()
    }

    fn needs_quotes(&self, in_brackets: bool) -> Option<Diagnostic> {
        let first = self.first().filter(|c| "@`%|>-?&*!,".contains(*c))?;
        let value = self.value(self.at, in_brackets);
        if first == '@' && self.get(value.clone()).starts_with("@.") {
            let path = self.get(value.start + 1..value.end);
            let help = format!("write `${path}` for a field of the record, `$item{path}` for one of an element");
            return self.error(value, "`@` begins a path only inside a filter", help);
        }
        let first = if first == '`' { "a backtick".to_owned() } else { format!("`{first}`") };
        let message = format!("text that begins with {first} needs quotes");
        let help = format!("write `{}`", quoted(self.get(value.clone())));
        self.error(value, message, help)
    }

    fn in_brackets(&self, kind: &E, seen: &Seen) -> Option<Diagnostic> {
        if let Some(found) = self.missing_space() {
            return Some(found);
        }
        let is_start = matches!(
            kind,
            E::UnexpectedCharacter { .. }
                | E::PlainScalarStartsWithDashFlowIndicator
                | E::BlockEntryInFlowCollection
                | E::BlockSequenceEntryNotAllowed
                | E::UnexpectedEofFlowSequence
                | E::UnexpectedEofFlowMapping
                | E::UnexpectedEofImplicitFlowMapping
        );
        if is_start && let Some(found) = self.needs_quotes(true) {
            return Some(found);
        }
        self.colon_in_brackets().or_else(|| self.never_closed(seen))
    }

    /// `do:[trim]`
    fn missing_space(&self) -> Option<Diagnostic> {
        if self.first() != Some(':') {
            return None;
        }
        let before = self.get(self.line.start..self.at);
        let bracket = self.get(self.at + 1..self.line.end).chars().next().filter(|c| matches!(c, '[' | '{'))?;
        let key = before.rsplit([' ', '{', '[', ',']).next().filter(|key| is_name(key))?;
        let rest = self.get(self.at + 1..self.line.end);
        let close = if bracket == '[' { ']' } else { '}' };
        let value = rest.get(..rest.find(close).map_or(rest.len(), |at| at + 1))?;
        let start = self.at - key.len();
        self.error(start..self.at + 1, "a space is missing after the colon", format!("write `{key}: {value}`"))
    }

    /// `{ value: Dr: x }` and `split: :`
    fn colon_in_brackets(&self) -> Option<Diagnostic> {
        let before = self.get(self.line.start..self.at);
        let is_here = self.first() == Some(':');
        let is_before = !is_here && before.trim_end().ends_with(": :");
        let start = match (is_here, is_before) {
            (true, _) => before.rfind(": ")? + 2,
            (_, true) => before.trim_end().len() - 1,
            _ => return None,
        };
        let start = self.line.start + start;
        let value = if is_before { start..start + 1 } else { self.value(start, true) };
        let help = format!("write `{}`", quoted(self.get(value.clone())));
        self.error(value, "text with a colon needs quotes", help)
    }

    /// A bracket that is still open where the next key begins.
    fn never_closed(&self, seen: &Seen) -> Option<Diagnostic> {
        let open = seen.open.iter().copied().find(|open| *open < self.line.start)?;
        let line = self.get(self.line.clone());
        let key = line.trim_start().split(':').next().filter(|key| is_name(key))?;
        let opened = line_of(self.text, open);
        let indent = |text: &str| text.len() - text.trim_start_matches(' ').len();
        if indent(line) > indent(self.get(opened.clone())) {
            return None;
        }
        let bracket = self.get(open..open + 1);
        let close = if bracket == "[" { "]" } else { "}" };
        let help = format!("close it with `{close}` before `{key}:` on the next line");
        self.error(open..open + 1, format!("this `{bracket}` is never closed"), help)
    }

    fn in_block(&self, kind: &E) -> Option<Diagnostic> {
        match kind {
            E::MappingValueNotAllowed | E::InvalidColonPlacement => self.colon(),
            E::UnexpectedCharacter { .. } => self.needs_quotes(false),
            E::SimpleKeyExpected | E::InvalidSimpleKey => self.line_above(),
            E::BlockSequenceEntryNotAllowed if self.get(self.at..self.line.end).trim() == "-" => {
                self.needs_quotes(false)
            }
            E::ExpectedBlockMappingKey
            | E::ExpectedBlockSequenceEntry
            | E::BlockSequenceEntryNotAllowed
            | E::InvalidIndentation => {
                self.begins_with_bracket().or_else(|| self.indented()).or_else(|| self.line_above())
            }
            _ => None,
        }
    }

    /// A colon in a wrong place: inside a text, after a line that is not a key, or on a line that is indented too
    /// deep.
    fn colon(&self) -> Option<Diagnostic> {
        let before = self.get(self.line.start..self.at);
        if let Some(key_end) = before.find(": ") {
            let key = before.get(..key_end)?.trim_start_matches([' ', '-']);
            let start = self.line.start + key_end + 2;
            let start =
                start + self.get(start..self.line.end).len() - self.get(start..self.line.end).trim_start().len();
            let value = self.value(start, false);
            let help = format!("write `{key}: {}`", quoted(self.get(value.clone())));
            return self.error(value, "text with a colon and a space needs quotes", help);
        }
        self.line_above().or_else(|| self.indented())
    }

    /// The line above this one that is not empty.
    fn above(&self) -> Option<Range<usize>> {
        let mut start = self.line.start;
        loop {
            let line = line_of(self.text, start.checked_sub(1)?);
            let text = self.get(line.clone()).trim();
            if !text.is_empty() && !text.starts_with('#') {
                return Some(line);
            }
            start = line.start;
        }
    }

    /// A line above that was meant as `key: value` but is not.
    fn line_above(&self) -> Option<Diagnostic> {
        [Some(self.line.clone()), self.above()].into_iter().flatten().find_map(|line| self.not_a_key(&line))
    }

    fn not_a_key(&self, line: &Range<usize>) -> Option<Diagnostic> {
        let written = self.get(line.clone());
        let text = without_comment(written.trim_start_matches([' ', '-']));
        let start = line.start + written.find(text)?;
        let whole = start..start + text.len();
        if let Some((key, value)) = text.split_once(":\u{a0}").filter(|(key, _)| is_name(key)) {
            let message = "there is a non-breaking space after the colon";
            return self.error(whole, message, format!("write `{key}: {}` with a plain space", value.trim()));
        }
        if text.contains(": ") || text.ends_with(':') {
            return None;
        }
        if let Some((key, value)) = text.split_once(':').filter(|(key, value)| is_name(key) && !value.starts_with("//"))
        {
            let message = "a space is missing after the colon";
            return self.error(whole, message, format!("write `{key}: {value}`"));
        }
        if let Some((key, value)) = text.split_once(' ').filter(|(key, value)| is_name(key) && !value.contains(' ')) {
            let message = format!("`{key}` has no colon after it");
            return self.error(whole, message, format!("write `{key}: {value}`"));
        }
        for sign in ["=>", ":=", "->", "="] {
            if let Some((key, value)) = text.split_once(sign).filter(|(key, _)| is_name(key.trim())) {
                let message = "a key and its value are separated by a colon and a space";
                return self.error(whole, message, format!("write `{}: {}`", key.trim(), value.trim()));
            }
        }
        None
    }

    /// `{$.a}-{$.b}` and `[a-z]+`: text that YAML reads as a map or list.
    fn begins_with_bracket(&self) -> Option<Diagnostic> {
        let before = self.get(self.line.start..self.at);
        let start = [": [", ": {", "- [", "- {"].iter().filter_map(|sign| before.find(sign)).min()?;
        let start = self.line.start + start + 2;
        if !before.trim_end().ends_with(['}', ']']) {
            return None;
        }
        let value = self.value(start, false);
        let written = self.get(value.clone());
        let bracket = written.get(..1)?;
        let help = format!("write `{}`", quoted(written));
        self.error(value, format!("text that begins with `{bracket}` needs quotes"), help)
    }

    /// A line with a different indentation from the one it belongs to.
    fn indented(&self) -> Option<Diagnostic> {
        let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
        let head = |line: &str| {
            let text = line.trim_start();
            let word = if text.starts_with('-') { "-" } else { text.split(':').next().unwrap_or(text) };
            (word.to_owned(), text.starts_with('-'))
        };
        let line = self.get(self.line.clone());
        let (word, is_item) = head(line);
        let deep = indent(line);
        let mut at = self.line.start;
        let sibling = loop {
            let above = line_of(self.text, at.checked_sub(1)?);
            at = above.start;
            let text = self.get(above);
            let is_empty = text.trim().is_empty() || text.trim_start().starts_with('#');
            if is_empty || head(text).1 != is_item {
                continue;
            }
            break text;
        };
        let (above, _) = head(sibling);
        if indent(sibling) == deep || above.len() > 40 || word.len() > 40 {
            return None;
        }
        let spaces = |count: usize| if count == 1 { "1 space".to_owned() } else { format!("{count} spaces") };
        let message =
            format!("this line is indented by {}, and `{above}` above it by {}", spaces(deep), spaces(indent(sibling)));
        let start = self.line.start + deep;
        let help =
            format!("keys of the same map need the same indentation: indent `{word}` by {}", spaces(indent(sibling)));
        self.error(start..start + word.len(), message, help)
    }
}
