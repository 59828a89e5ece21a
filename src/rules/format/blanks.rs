//! Blanks inside a line: one after a colon or a comma, one inside brackets, two before a comment. What is written in
//! scalars and comments is kept, and so is the start of a line.

use std::ops::Range;

use crate::rules::{Node, NodeKind, ScalarStyle};

/// What is between a line and the comment at its end, as yamllint wants it.
const BEFORE_COMMENT: &str = "  ";

/// The text with one blank where it has several, and where the usual spelling has one: `{ a: 1 }`, `[ a, b ]`.
pub(super) fn spaced(text: &str, root: &Node) -> String {
    let mut kept = Vec::new();
    scalars(text, root, &mut kept);
    kept.sort_by_key(|range| range.start);
    let mut spacer = Spacer { text, out: String::with_capacity(text.len()), at: 0, gap: Gap::Head, opened: false };
    let mut kept = kept.into_iter().peekable();
    while spacer.at < text.len() {
        while kept.next_if(|range| range.start < spacer.at || range.is_empty()).is_some() {}
        match kept.next_if(|range| range.start == spacer.at) {
            Some(range) => spacer.take(range.len()),
            None => spacer.step(),
        }
    }
    spacer.out
}

/// The places of all scalars and keys.
fn scalars(text: &str, node: &Node, found: &mut Vec<Range<usize>>) {
    match &node.kind {
        NodeKind::Scalar(scalar) => {
            let mut range = node.span.start..node.span.end;
            if scalar.style == ScalarStyle::Block {
                // blanks at both ends of its lines may belong to the text
                range.start = text.get(..range.start).and_then(|before| before.rfind('\n')).map_or(0, |line| line + 1);
                let ends = scalar.runs.iter().map(|(_, file, length)| file + length).max().unwrap_or(0);
                let end = range.end.max(ends);
                range.end = text.get(end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |line| end + line);
            }
            found.push(range);
        }
        NodeKind::List(items) => items.iter().for_each(|item| scalars(text, item, found)),
        NodeKind::Map(entries) => {
            for entry in entries {
                found.push(entry.key_span.start..entry.key_span.end);
                scalars(text, &entry.value, found);
            }
        }
    }
}

/// What is between the last token and the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// The line begins here.
    Head,
    /// Nothing.
    None,
    /// One blank.
    One,
}

/// Copies a text token by token.
struct Spacer<'t> {
    text: &'t str,
    out: String,
    at: usize,
    gap: Gap,
    /// Whether the last token opened a list or a map.
    opened: bool,
}

impl Spacer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Copies a token of some bytes.
    fn take(&mut self, length: usize) {
        let end = self.at + length;
        let token = self.text.get(self.at..end).unwrap_or_default();
        if self.gap == Gap::One || (self.opened && self.gap == Gap::None) {
            self.out.push(' ');
        }
        self.out.push_str(token);
        (self.at, self.gap, self.opened) = (end, Gap::None, false);
    }

    /// Copies the bytes while they match; the start of a line, whose columns have a meaning.
    fn take_while(&mut self, matches: impl Fn(char) -> bool) {
        let rest = self.rest();
        let length = rest.find(|c| !matches(c)).unwrap_or(rest.len());
        self.take(length);
    }

    /// Copies one token that is neither a scalar nor a key.
    fn step(&mut self) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        match first {
            '\n' => {
                self.out.push('\n');
                (self.at, self.gap, self.opened) = (self.at + 1, Gap::Head, false);
            }
            ' ' | '\t' if self.gap == Gap::Head => {
                self.take_while(is_blank);
                self.gap = Gap::Head;
            }
            ' ' | '\t' => {
                self.at += rest.len() - rest.trim_start_matches(is_blank).len();
                self.gap = Gap::One;
            }
            '#' => {
                if self.gap != Gap::Head {
                    self.out.push_str(BEFORE_COMMENT);
                    (self.gap, self.opened) = (Gap::None, false);
                }
                self.take_while(|c| c != '\n');
            }
            '-' | '.' | '%' if self.gap == Gap::Head && is_marker(rest) => self.take_while(|c| c != '\n'),
            '-' | '?' if self.gap == Gap::Head => {
                self.take(1);
                self.take_while(is_blank);
                self.gap = Gap::Head;
            }
            '&' | '*' => {
                self.take_while(|c| !is_blank(c) && !matches!(c, '\n' | ',' | '[' | ']' | '{' | '}'));
                self.take_while(is_blank);
            }
            '[' | '{' => {
                self.take(1);
                self.opened = true;
            }
            ']' | '}' => {
                // an empty one is `[]` or `[ ]`, as it is written
                if self.gap == Gap::None && !std::mem::take(&mut self.opened) {
                    self.gap = Gap::One;
                }
                self.take(1);
            }
            ',' | ':' => {
                if self.gap == Gap::One {
                    self.gap = Gap::None;
                }
                self.take(1);
                self.gap = Gap::One;
            }
            other => self.take(other.len_utf8()),
        }
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Whether a line is a directive, or begins or ends a document.
fn is_marker(rest: &str) -> bool {
    rest.starts_with("---") || rest.starts_with("...") || rest.starts_with('%')
}
