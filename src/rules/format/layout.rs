//! Computes the indentation of every line of a file: the tree determines what begins on a line, the rest of the line is
//! kept.

use std::collections::HashMap;

use crate::rules::{Entry, Node, NodeKind, Scalar, ScalarStyle};

const STEP: usize = 2;

/// A line in its new place.
#[derive(Debug, Clone)]
pub(super) struct Laid {
    pub text: String,
    pub what: What,
    /// The index of the root entry that begins here.
    pub section: Option<usize>,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Blank,
    Comment,
    Content,
}

/// The lines of a text in their new places.
pub(super) fn lay_out(text: &str, root: &Node) -> Vec<Laid> {
    let mut starts = vec![0];
    starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
    let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let plans = lines.iter().map(|_| Plan::Free).collect();
    let mut planner = Planner { text, starts, lines, plans, sections: HashMap::new() };
    planner.root(root);
    planner.laid()
}

/// What is known about a line.
enum Plan {
    /// A blank line, a comment, or something between the nodes.
    Free,
    /// Keys, dashes and values that a block begins here: (byte in the line, new column).
    Tokens(Vec<(usize, usize)>),
    /// A further line of a value that began on another line and moves with it, but not left of a column.
    Continued { began: usize, least: usize },
    /// A line of a block scalar: its old and new indentation.
    Block { strip: usize, indent: usize },
}

/// An open block: its old and its new column.
type Column = (usize, usize);

struct Planner<'t> {
    text: &'t str,
    starts: Vec<usize>,
    lines: Vec<String>,
    plans: Vec<Plan>,
    sections: HashMap<usize, usize>,
}

impl Planner<'_> {
    fn root(&mut self, root: &Node) {
        if let (Some(entries), false) = (root.as_map(), self.is_leaf(root)) {
            self.sections =
                entries.iter().enumerate().map(|(index, entry)| (self.line_of(entry.key_span.start), index)).collect();
        }
        if self.is_leaf(root) { self.leaf(root, 0) } else { self.block(root, 0) }
    }

    fn block(&mut self, node: &Node, column: usize) {
        match &node.kind {
            NodeKind::Map(entries) => entries.iter().for_each(|entry| self.entry(entry, column)),
            NodeKind::List(items) => self.list(node.span.start, items, column),
            NodeKind::Scalar(_) => {}
        }
    }

    fn entry(&mut self, entry: &Entry, column: usize) {
        self.token(self.with_anchor(entry.key_span.start), column);
        let value = &entry.value;
        if !self.is_leaf(value) {
            return self.block(value, column + STEP);
        }
        let own_line = self.line_of(value.span.start) != self.line_of(entry.key_span.end);
        if own_line && !is_block_scalar(value) {
            self.token(value.span.start, column + STEP);
        }
        self.leaf(value, column);
    }

    fn list(&mut self, first_dash: usize, items: &[Node], column: usize) {
        let old_column = first_dash - self.start_of(self.line_of(first_dash));
        let mut dash = Some(first_dash);
        for item in items {
            let Some(at) = dash else { return };
            self.token(at, column);
            self.item(item, column);
            dash = self.next_dash(self.line_of(item.span.end.max(at)) + 1, old_column);
        }
    }

    fn item(&mut self, item: &Node, column: usize) {
        let inner = column + STEP;
        if !self.is_leaf(item) {
            return self.block(item, inner);
        }
        if !is_block_scalar(item) && item.span.end > item.span.start {
            self.token(item.span.start, inner);
        }
        self.leaf(item, column);
    }

    fn next_dash(&self, from: usize, column: usize) -> Option<usize> {
        (from..self.lines.len())
            .find(|line| self.indent(*line) == column && self.trimmed(*line).starts_with('-'))
            .map(|line| self.start_of(line) + column)
    }

    /// Further lines of a value that is not laid out by itself.
    fn leaf(&mut self, node: &Node, parent: usize) {
        if is_block_scalar(node) {
            if let Some(scalar) = node.as_scalar() {
                self.block_scalar(node, scalar, parent);
            }
            return;
        }
        let began = self.line_of(node.span.start);
        let last = self.line_of(node.span.end.saturating_sub(1).max(node.span.start));
        for line in began + 1..=last {
            let closes = self.trimmed(line).starts_with([']', '}']);
            self.plan(line, Plan::Continued { began, least: if closes { parent } else { parent + STEP } });
        }
    }

    fn block_scalar(&mut self, node: &Node, scalar: &Scalar, parent: usize) {
        let leading = scalar.text.len() - scalar.text.trim_start_matches('\n').len();
        let first = self.line_of(node.span.start).saturating_sub(leading);
        let ends = scalar.runs.iter().map(|(_, file, length)| file + length.saturating_sub(1)).max().unwrap_or(0);
        let mut last = self.line_of(node.span.end.max(ends));
        let indicators = first.checked_sub(1).and_then(|header| self.indicators(header)).unwrap_or(0..0);
        let header = first.saturating_sub(1);
        let signs = self.lines.get(header).and_then(|line| line.get(indicators.clone())).unwrap_or_default().to_owned();
        if let Some(line) = self.lines.get_mut(header) {
            line.replace_range(indicators, &signs.replace(|c: char| c.is_ascii_digit(), "2"));
        }
        if matches!(self.plans.get(header), Some(Plan::Free)) {
            self.token(self.start_of(header) + self.indent(header), parent + STEP);
        }
        while signs.contains('+') && self.lines.get(last + 1).is_some_and(|line| line.trim().is_empty()) {
            last += 1;
        }
        // after a final line break there is no further line
        if last + 1 == self.lines.len() && self.lines.last().is_some_and(String::is_empty) {
            last = last.saturating_sub(1);
        }
        let strip = self.content_column(scalar).unwrap_or(0);
        for line in first..=last {
            self.plan(line, Plan::Block { strip, indent: parent + STEP });
        }
    }

    /// The column of the first run that is not a blank line.
    fn content_column(&self, scalar: &Scalar) -> Option<usize> {
        let content = |file: &usize| self.text.get(*file..).is_some_and(|rest| !rest.starts_with('\n'));
        let (_, file, _) = scalar.runs.iter().find(|(_, file, _)| content(file))?;
        Some(file - self.start_of(self.line_of(*file)))
    }

    /// The range of the digits and signs after `|` or `>` in a line.
    fn indicators(&self, line: usize) -> Option<std::ops::Range<usize>> {
        let text = self.lines.get(line)?;
        let header = text.split_once(" #").map_or(text.as_str(), |(header, _)| header).trim_end();
        let bare = header.trim_end_matches(|c: char| c.is_ascii_digit() || c == '+' || c == '-');
        bare.ends_with(['|', '>']).then_some(bare.len()..header.len())
    }

    /// The place of the anchor before a key, or of the key.
    fn with_anchor(&self, key: usize) -> usize {
        let before = self.text.get(self.start_of(self.line_of(key))..key).unwrap_or_default();
        let word = before.trim_end().rsplit([' ', '\t']).next().unwrap_or_default();
        if word.starts_with('&') { key - (before.len() - before.trim_end().len()) - word.len() } else { key }
    }

    fn token(&mut self, at: usize, column: usize) {
        let line = self.line_of(at);
        let at = at - self.start_of(line);
        match self.plans.get_mut(line) {
            Some(Plan::Tokens(tokens)) => tokens.push((at, column)),
            Some(plan) => *plan = Plan::Tokens(vec![(at, column)]),
            None => {}
        }
    }

    fn plan(&mut self, line: usize, plan: Plan) {
        if let Some(place) = self.plans.get_mut(line) {
            *place = plan;
        }
    }

    /// Whether a node stays as it is: a scalar, a list or map in brackets, or an alias.
    fn is_leaf(&self, node: &Node) -> bool {
        let written = self.text.get(node.span.start..).unwrap_or_default();
        matches!(node.kind, NodeKind::Scalar(_))
            || written.starts_with(['[', '{', '*'])
            || node.span.start == node.span.end
    }

    fn line_of(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    fn start_of(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    fn trimmed(&self, line: usize) -> &str {
        self.lines.get(line).map_or("", |text| text.trim_start_matches([' ', '\t']))
    }

    fn indent(&self, line: usize) -> usize {
        self.lines.get(line).map_or(0, String::len) - self.trimmed(line).len()
    }

    fn laid(&self) -> Vec<Laid> {
        let mut open: Vec<Column> = Vec::new();
        (0..self.lines.len())
            .map(|line| {
                let (text, what) = self.line(line, &open);
                self.follow(line, &mut open);
                Laid { text, what, section: self.sections.get(&line).copied() }
            })
            .collect()
    }

    /// The blocks that are open after a line.
    fn follow(&self, line: usize, open: &mut Vec<Column>) {
        let Some(Plan::Tokens(tokens)) = self.plans.get(line) else { return };
        for (at, new) in tokens {
            while open.last().is_some_and(|(old, column)| old > at || (old == at && column >= new)) {
                open.pop();
            }
            open.push((*at, *new));
        }
    }

    fn line(&self, line: usize, open: &[Column]) -> (String, What) {
        let text = self.trimmed(line);
        match self.plans.get(line) {
            Some(Plan::Tokens(tokens)) => (self.tokens(line, tokens), What::Content),
            Some(Plan::Block { strip, indent }) => (self.block_line(line, *strip, *indent), What::Content),
            Some(Plan::Continued { .. }) if text.is_empty() => (String::new(), What::Content),
            Some(Plan::Continued { began, least }) => (
                indented(
                    (self.indent(line) + self.moved(*began)).saturating_sub(self.indent(*began)).max(*least),
                    text,
                ),
                What::Content,
            ),
            _ if text.is_empty() => (String::new(), What::Blank),
            _ if text.starts_with('#') => (indented(self.comment_column(line, open), text), What::Comment),
            // `---`, `...`, or an anchor on a line of its own
            _ => {
                let (old, new) = open.last().copied().unwrap_or((0, 0));
                let marker = text.starts_with("---") || text.starts_with("...");
                (
                    indented(
                        if marker { self.indent(line) } else { (self.indent(line) + new).saturating_sub(old) },
                        text,
                    ),
                    What::Content,
                )
            }
        }
    }

    /// The new indentation of a line that a value began on.
    fn moved(&self, line: usize) -> usize {
        match self.plans.get(line) {
            Some(Plan::Tokens(tokens)) => tokens.first().map_or(0, |(_, column)| *column),
            _ => self.indent(line),
        }
    }

    fn tokens(&self, line: usize, tokens: &[(usize, usize)]) -> String {
        let text = self.lines.get(line).map_or("", String::as_str);
        let mut out = " ".repeat(self.moved(line));
        let mut from = self.indent(line);
        for pair in tokens.windows(2) {
            let [(one, old), (next, new)] = pair else { continue };
            let between = text.get(*one..*next).unwrap_or_default();
            if between.strip_prefix('-').is_some_and(|blanks| blanks.trim().is_empty()) && from == *one {
                out.push('-');
                out.push_str(&" ".repeat(new.saturating_sub(old + 1)));
                from = *next;
            }
        }
        out.push_str(text.get(from..).unwrap_or_default());
        without_blanks(&out)
    }

    fn block_line(&self, line: usize, strip: usize, indent: usize) -> String {
        let text = self.lines.get(line).map_or("", String::as_str);
        let blanks = text.bytes().take(strip).take_while(|byte| *byte == b' ').count();
        let content = text.get(blanks..).unwrap_or_default();
        if content.is_empty() { String::new() } else { " ".repeat(indent) + content }
    }

    /// A comment belongs to the block it is aligned with: the next one, or one that is open.
    fn comment_column(&self, line: usize, open: &[Column]) -> usize {
        let column = self.indent(line);
        let next = self.plans.iter().skip(line).find_map(|plan| match plan {
            Plan::Tokens(tokens) => tokens.first().copied(),
            _ => None,
        });
        let candidates = || next.into_iter().chain(open.iter().rev().copied());
        candidates()
            .find(|(old, _)| *old == column)
            .or_else(|| candidates().filter(|(old, _)| *old < column).max_by_key(|(old, _)| *old))
            .or(next)
            .map_or(0, |(_, new)| new)
    }
}

/// Whether a node is a `|` or `>` block, not an alias of one.
fn is_block_scalar(node: &Node) -> bool {
    node.as_scalar().is_some_and(|scalar| {
        let here = |(_, file, _): &(usize, usize, usize)| (node.span.start..=node.span.end).contains(file);
        scalar.style == ScalarStyle::Block && (scalar.runs.is_empty() || scalar.runs.iter().any(here))
    })
}

fn indented(column: usize, text: &str) -> String {
    without_blanks(&(" ".repeat(column) + text))
}

/// Without trailing whitespace, unless a backslash escapes it.
fn without_blanks(text: &str) -> String {
    let trimmed = text.trim_end_matches([' ', '\t']);
    if trimmed.ends_with('\\') { text.to_owned() } else { trimmed.to_owned() }
}
