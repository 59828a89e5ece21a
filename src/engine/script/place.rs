//! Converts Rhai's positions (line and character) to byte ranges of a script.

use std::ops::Range;

use rhai::Position;

/// The bytes of the word (or the one character) at a position; `None` if Rhai does not know the position.
pub(super) fn range(source: &str, position: Position) -> Option<Range<usize>> {
    let line = position.line()?;
    let start = line_start(source, line)?;
    let rest = source.get(start..)?;
    let skip = position.position().unwrap_or(1).saturating_sub(1);
    let at = start + rest.char_indices().nth(skip).map_or(rest.len(), |(at, _)| at);
    Some(at..word_end(source, at))
}

fn line_start(source: &str, line: usize) -> Option<usize> {
    if line == 1 {
        return Some(0);
    }
    source.match_indices('\n').nth(line - 2).map(|(at, _)| at + 1)
}

fn word_end(source: &str, at: usize) -> usize {
    let rest = source.get(at..).unwrap_or_default();
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let first = rest.chars().next().map_or(0, char::len_utf8);
    at + word.max(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_become_byte_ranges() {
        let source = "let ü = 1;\nwört + 2";
        for (line, position, want) in [(1, 1, "let"), (1, 5, "ü"), (2, 1, "wört"), (2, 6, "+"), (2, 9, "")] {
            let range = range(source, Position::new(line, position)).unwrap();
            assert_eq!(source.get(range), Some(want), "{line}:{position}");
        }
        assert_eq!(range(source, Position::NONE), None);
        assert_eq!(range(source, Position::new(7, 1)), None);
    }
}
