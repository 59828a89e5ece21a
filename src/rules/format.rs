//! The formatter of `landfall fmt`: one indentation, one blank, one blank line, one order of sections, and every comment
//! kept.

mod blanks;
mod layout;

use std::ops::Range;

use layout::{Laid, What};

use super::{KEYS, Node, NodeKind, read};
use crate::diag::{Files, Findings};

/// Why a text was not formatted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// [`read`] has findings for it.
    #[error("fix the errors in the file before you format it")]
    Unreadable,
    /// It uses YAML syntax that the formatter does not support, such as `? key`.
    #[error("formatting would change the meaning of the file, so it was left unchanged")]
    WouldChange,
}

/// Formats a rule or test file: indentation of two, one blank between the parts of a line and two before a comment, no whitespace at line ends, at
/// most one blank line, sections in one order, Unix line endings.
///
/// Comments, scalars and the order of members are kept, and so is the order of `admit`, `let` and `accounts`: whether
/// customers are admitted before or after working values are made is a matter of reading. The formatted text is read again
/// and compared, so its meaning never changes, and formatting twice is the same as formatting once.
///
/// # Errors
/// If the text cannot be read, or cannot be formatted without changing its meaning.
pub fn format(text: &str) -> Result<String, FormatError> {
    let mut text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let before = parse(&text).ok_or(FormatError::Unreadable)?;
    for _ in 0..MOST_PASSES {
        let next = pass(&text, &before).ok_or(FormatError::WouldChange)?;
        if next == text {
            return Ok(next);
        }
        text = next;
    }
    Err(FormatError::WouldChange)
}

/// One pass is enough except for odd comments, which may end up aligned with another block. The bound stops a layout
/// that never becomes stable.
const MOST_PASSES: usize = 5;

/// Lays out the text once; `None` if that would change its meaning.
fn pass(text: &str, before: &Node) -> Option<String> {
    let tree = parse(text)?;
    let lines = layout::lay_out(text, &tree);
    // an alias must stay after its anchor: then the sections are not reordered
    [in_order(&lines, &tree), joined(&lines)].into_iter().find_map(|laid| {
        let spaced = blanks::spaced(&laid, &parse(&laid).filter(|after| same_file(before, after))?);
        parse(&spaced).filter(|after| same_file(before, after)).map(|_| spaced)
    })
}

/// The tree of a text without findings.
fn parse(text: &str) -> Option<Node> {
    let mut files = Files::default();
    let file = files.add("", text);
    let mut findings = Findings::default();
    read(&files, file, &mut findings).filter(|_| findings.is_empty())
}

/// Whether two files mean the same, regardless of the order of sections.
fn same_file(one: &Node, other: &Node) -> bool {
    match (one.as_map(), other.as_map()) {
        (Some(entries), Some(others)) if entries.len() == others.len() => entries
            .iter()
            .all(|entry| others.iter().any(|found| found.key == entry.key && same(&entry.value, &found.value))),
        _ => same(one, other),
    }
}

fn same(one: &Node, other: &Node) -> bool {
    match (&one.kind, &other.kind) {
        (NodeKind::Scalar(a), NodeKind::Scalar(b)) => a.text == b.text && a.style == b.style,
        (NodeKind::List(a), NodeKind::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (NodeKind::Map(a), NodeKind::Map(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.key == b.key && same(&a.value, &b.value))
        }
        _ => false,
    }
}

/// The lines, with consecutive blank lines collapsed.
fn joined(lines: &[Laid]) -> String {
    let mut out = String::new();
    let mut blank = false;
    for line in lines {
        if line.what == What::Blank {
            blank = !out.is_empty();
            continue;
        }
        if std::mem::take(&mut blank) {
            out.push('\n');
        }
        out.push_str(&line.text);
        out.push('\n');
    }
    out
}

/// The lines with the sections in order, each with the comments directly above it. Lines before the first section
/// and after the last one stay there.
fn in_order(lines: &[Laid], root: &Node) -> String {
    let mut sections = sections(lines, root);
    let Some(first) = sections.first().map(|(_, range)| range.start) else { return joined(lines) };
    sections.sort_by_key(|(rank, _)| *rank);
    let mut all = lines.get(..first).unwrap_or_default().to_vec();
    for (_, range) in sections {
        append(&mut all, lines, range);
    }
    append(&mut all, lines, tail(lines)..lines.len());
    joined(&all)
}

/// The rank and the lines of each section.
fn sections(lines: &[Laid], root: &Node) -> Vec<(usize, Range<usize>)> {
    let entries = root.as_map().unwrap_or_default();
    let mut starts = lines.iter().enumerate().filter_map(|(at, line)| line.section.map(|entry| (at, entry))).peekable();
    let mut from = starts.peek().map_or(0, |(first, _)| *first);
    let mut rank = 0;
    let mut sections = Vec::new();
    while let Some((_, entry)) = starts.next() {
        let name = entries.get(entry).map_or("", |entry| entry.key.as_str());
        // anything that is not a section stays after the one it follows
        rank = rank_of(name).unwrap_or(rank);
        let next = starts.peek().map_or_else(|| tail(lines), |(next, _)| with_comments(lines, *next));
        sections.push((rank, from..next));
        from = next;
    }
    sections
}

/// Sections whose order is a matter of taste: they keep the one in which they are written.
const FREE: &[&str] = &["admit", "let", "accounts"];

/// The place of a section among all.
fn rank_of(name: &str) -> Option<usize> {
    let first = FREE.first().filter(|_| FREE.contains(&name)).copied();
    KEYS.iter().position(|section| *section == first.unwrap_or(name))
}

/// Where the comments and blank lines after the last section begin.
fn tail(lines: &[Laid]) -> usize {
    let is_tail = |line: &&Laid| match line.what {
        What::Blank => true,
        What::Comment => line.text.starts_with('#'),
        What::Content => false,
    };
    lines.len() - lines.iter().rev().take_while(is_tail).count()
}

/// A section moves with the blank line before it, not with the one after it.
fn append(all: &mut Vec<Laid>, lines: &[Laid], range: Range<usize>) {
    let is_blank = |at: usize| lines.get(at).is_some_and(|line| line.what == What::Blank);
    while all.last().is_some_and(|line| line.what == What::Blank) {
        all.pop();
    }
    if let Some(before) = range.start.checked_sub(1).filter(|before| is_blank(*before)) {
        all.extend(lines.get(before).cloned());
    }
    all.extend(lines.get(range).unwrap_or_default().iter().cloned());
}

/// The first of the comment lines directly above a section.
fn with_comments(lines: &[Laid], section: usize) -> usize {
    let above = lines.get(..section).unwrap_or_default();
    let comments =
        above.iter().rev().take_while(|line| line.what == What::Comment && line.text.starts_with('#')).count();
    section - comments
}

#[cfg(test)]
mod tests;
