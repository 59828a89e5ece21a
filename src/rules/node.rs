//! The tree of a YAML file. Every node knows its place, down to the character inside a scalar.

use std::ops::Range;

use crate::diag::Span;

/// A node and its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The whole node as written.
    pub span: Span,
    /// What it is.
    pub kind: NodeKind,
}

/// The kind of a node. Aliases are already resolved (within a limit); tags, merge keys and several documents are
/// rejected.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// A scalar.
    Scalar(Scalar),
    /// A list.
    List(Vec<Node>),
    /// A map; keys are unique scalars.
    Map(Vec<Entry>),
}

/// One key of a map with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// The place of the key.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Entry {
    /// The key as a scalar node's content. Keys are written on one line; their places are exact when they have no
    /// escapes.
    #[must_use]
    pub fn key_kind(&self) -> NodeKind {
        let written = self.key_span.end - self.key_span.start;
        // a quoted key has one quote on each side
        let lead = usize::from(written == self.key.len() + 2);
        let exact = written == self.key.len() + 2 * lead;
        let runs = if exact { vec![(0, self.key_span.start + lead, self.key.len())] } else { Vec::new() };
        NodeKind::Scalar(Scalar { text: self.key.clone(), style: ScalarStyle::Quoted, runs })
    }
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without quotes: only these can be null, booleans and numbers.
    Plain,
    /// In quotes.
    Quoted,
    /// A `|` or `>` block.
    Block,
}

/// A scalar: its text and the way back to the bytes it was written with.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The text, unescaped.
    pub text: String,
    /// How it was written.
    pub style: ScalarStyle,
    /// Runs of text that appear unchanged in the file: (offset in `text`, offset in the file, length), ascending. A run
    /// of length 0 begins an escape, or ends the text. No runs when the text cannot be mapped.
    pub(super) runs: Vec<(usize, usize, usize)>,
}

impl Node {
    /// The scalar, if this is one.
    #[must_use]
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            NodeKind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The text, if this is a scalar.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        self.as_scalar().map(|scalar| scalar.text.as_str())
    }

    /// The elements, if this is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.kind {
            NodeKind::List(items) => Some(items),
            _ => None,
        }
    }

    /// The entries, if this is a map.
    #[must_use]
    pub fn as_map(&self) -> Option<&[Entry]> {
        match &self.kind {
            NodeKind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key, if this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.iter().find(|entry| entry.key == key).map(|entry| &entry.value)
    }

    /// Whether this is a plain `null`, `~` or empty.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.plain().is_some_and(|text| matches!(text, "" | "~" | "null" | "Null" | "NULL"))
    }

    /// The boolean, if this is a plain `true` or `false` (YAML 1.2 core schema).
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.plain()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// The whole number, if this is a plain one that fits.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        let text = self.plain()?;
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        // a leading zero means an id or a postal code, not a number
        let is_number = !digits.is_empty()
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        if is_number { text.parse().ok() } else { None }
    }

    /// The text of a plain scalar.
    #[must_use]
    pub fn plain(&self) -> Option<&str> {
        self.as_scalar().filter(|scalar| scalar.style == ScalarStyle::Plain).map(|scalar| scalar.text.as_str())
    }

    /// The place of a range of this scalar's text; the whole node if that place is unknown.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Span {
        self.as_scalar().and_then(|scalar| scalar.locate(range)).map_or(self.span, |(start, end)| Span {
            start,
            end,
            ..self.span
        })
    }
}

impl Scalar {
    fn locate(&self, range: Range<usize>) -> Option<(usize, usize)> {
        // a place after the text is shown after its last character, not on the next line
        let is_behind = range.start >= self.text.len();
        let start = self.offset(if is_behind { self.text.trim_end_matches('\n').len() } else { range.start })?;
        if range.end <= range.start {
            return Some((start, start));
        }
        let end = self.end_of((range.end - 1).min(self.text.len()))?;
        Some((start, end.max(start)))
    }

    /// The place in the file of a byte of the text; the end of the text maps to the place after its last byte.
    fn offset(&self, at: usize) -> Option<usize> {
        let run = self.runs.iter().rev().find(|(from, _, _)| *from <= at)?;
        let (from, file, length) = *run;
        Some(file + (at - from).min(length))
    }

    /// The place in the file after a byte of the text. An empty run begins an escape, which extends to the next run.
    fn end_of(&self, at: usize) -> Option<usize> {
        let index = self.runs.iter().rposition(|(from, _, _)| *from <= at)?;
        let (from, file, length) = *self.runs.get(index)?;
        match self.runs.get(index + 1) {
            Some((_, next, _)) if length == 0 => Some(*next),
            _ => Some(file + (at - from + 1).min(length)),
        }
    }
}
