//! Maps the text of a scalar back to the bytes it was written with.
//!
//! The source is walked line by line, in parallel with the decoded text. Every run was compared, so a run is never
//! wrong; if the two do not match there are no runs, and the whole scalar is marked instead.

use std::ops::Range;

use granit_parser::ScalarStyle;

use super::tokens::Token;

/// Offset in the text, offset in the file, length. A run of length 0 begins what is written differently, such as an
/// escape.
type Run = (usize, usize, usize);

/// The runs of a scalar; `None` if the text does not match the source.
pub(super) fn find(source: &str, token: &Token, text: &str, style: ScalarStyle) -> Option<Vec<Run>> {
    let written = token.span.start..token.span.end;
    let mut walk = Walk { source, text, at: 0, runs: Vec::new() };
    match style {
        ScalarStyle::Plain => walk.flow(written, style)?,
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
            walk.flow(written.start + 1..written.end.checked_sub(1)?, style)?;
            walk.mark(written.end - 1);
        }
        ScalarStyle::Literal => walk.literal(written, token.indent)?,
        ScalarStyle::Folded => walk.folded(written, token.indent)?,
    }
    (walk.at == text.len()).then_some(walk.runs)
}

struct Walk<'t> {
    source: &'t str,
    text: &'t str,
    /// How much of the text has been found.
    at: usize,
    runs: Vec<Run>,
}

impl<'t> Walk<'t> {
    /// The source here is the next part of the text, unchanged.
    fn copy(&mut self, range: Range<usize>) -> Option<()> {
        let piece = self.source.get(range.clone())?;
        self.rest()?.starts_with(piece).then_some(())?;
        match self.runs.last_mut() {
            Some((from, file, length))
                if *from + *length == self.at && *file + *length == range.start && *length > 0 =>
            {
                *length += piece.len();
            }
            _ if piece.is_empty() => {}
            _ => self.runs.push((self.at, range.start, piece.len())),
        }
        self.at += piece.len();
        Some(())
    }

    /// The text continues with this, which is written differently in the source.
    fn skip(&mut self, piece: &str) -> Option<()> {
        self.rest()?.starts_with(piece).then(|| self.at += piece.len())
    }

    /// From here on, the source differs from the text.
    fn mark(&mut self, file: usize) {
        self.runs.push((self.at, file, 0));
    }

    fn rest(&self) -> Option<&'t str> {
        self.text.get(self.at..)
    }

    /// Plain and quoted scalars, without their quotes: line breaks fold, and each line loses the whitespace around it.
    fn flow(&mut self, body: Range<usize>, style: ScalarStyle) -> Option<()> {
        let lines: Vec<Range<usize>> = lines(self.source, body).map(|(line, _)| line).collect();
        let last = lines.len().checked_sub(1)?;
        let (mut blanks, mut glued) = (0, true);
        for (index, line) in lines.into_iter().enumerate() {
            let start = if index == 0 { line.start } else { self.after_blanks(&line)? };
            let (end, escaped) = if index == last { (line.end, false) } else { self.line_end(start..line.end, style)? };
            if start >= end && !escaped && index != 0 && index != last {
                blanks += 1;
                continue;
            }
            self.joint(blanks, glued)?;
            self.line(start..end, style)?;
            (blanks, glued) = (0, escaped);
        }
        Some(())
    }

    fn joint(&mut self, blanks: usize, glued: bool) -> Option<()> {
        match (blanks, glued) {
            (0, true) => Some(()),
            (0, false) => self.skip(" "),
            _ => (0..blanks).try_for_each(|_| self.skip("\n")),
        }
    }

    fn after_blanks(&self, line: &Range<usize>) -> Option<usize> {
        let text = self.source.get(line.clone())?;
        Some(line.end - text.trim_start_matches([' ', '\t']).len())
    }

    /// The end of a line that is not the last, and whether its line break is escaped.
    fn line_end(&self, line: Range<usize>, style: ScalarStyle) -> Option<(usize, bool)> {
        let text = self.source.get(line.clone())?;
        let trimmed = text.trim_end_matches([' ', '\t']);
        let slashes = trimmed.len() - trimmed.trim_end_matches('\\').len();
        let end = line.start + trimmed.len();
        if style != ScalarStyle::DoubleQuoted || slashes % 2 == 0 {
            return Some((end, false));
        }
        // an escaped space is kept, an escaped line break is removed
        if trimmed.len() < text.len() { Some((end + 1, false)) } else { Some((end - 1, true)) }
    }

    fn line(&mut self, line: Range<usize>, style: ScalarStyle) -> Option<()> {
        match style {
            ScalarStyle::SingleQuoted => self.single_quoted(line),
            ScalarStyle::DoubleQuoted => self.double_quoted(line),
            _ => self.copy(line),
        }
    }

    fn single_quoted(&mut self, line: Range<usize>) -> Option<()> {
        let mut from = line.start;
        while let Some(quote) = self.source.get(from..line.end)?.find("''") {
            self.copy(from..from + quote + 1)?;
            from += quote + 2;
        }
        self.copy(from..line.end)
    }

    fn double_quoted(&mut self, line: Range<usize>) -> Option<()> {
        let mut from = line.start;
        while let Some(slash) = self.source.get(from..line.end)?.find('\\') {
            self.copy(from..from + slash)?;
            from += slash;
            self.mark(from);
            // every escape is one character of the text
            self.at += self.rest()?.chars().next()?.len_utf8();
            from += escape_length(self.source.get(from..line.end)?)?;
        }
        self.copy(from..line.end)
    }

    /// A `|` block: each line as it is, without its indentation.
    fn literal(&mut self, written: Range<usize>, indent: usize) -> Option<()> {
        let start = self.block_start(written.start)?;
        for (line, next) in lines(self.source, start..written.end) {
            if self.at == self.text.len() {
                break;
            }
            let content = self.after_indent(&line, indent)?;
            self.copy(content..line.end)?;
            match self.source.get(line.end..next)? {
                "\n" if self.at < self.text.len() => self.copy(line.end..next)?,
                // `\r\n`, or the end of the file: the text still has a plain line break
                _ if self.at < self.text.len() => self.skip("\n")?,
                _ => {}
            }
        }
        Some(())
    }

    /// A `>` block: like a `|` block, but a line break may have become a space, or nothing.
    fn folded(&mut self, written: Range<usize>, indent: usize) -> Option<()> {
        let start = self.block_start(written.start)?;
        for (line, _) in lines(self.source, start..written.end) {
            let content = self.after_indent(&line, indent)?;
            if content == line.end {
                continue;
            }
            let breaks = self.rest()?.len() - self.rest()?.trim_start_matches('\n').len();
            if breaks > 0 {
                self.at += breaks;
            } else if !self.runs.is_empty() {
                self.skip(" ")?;
            }
            self.copy(content..line.end)?;
        }
        self.at += self.rest()?.len() - self.rest()?.trim_start_matches('\n').len();
        Some(())
    }

    /// The parser's place is the first line with content; the text begins with the blank lines before it.
    fn block_start(&self, first_content: usize) -> Option<usize> {
        let mut start = line_start(self.source, first_content)?;
        for _ in 0..self.text.len() - self.text.trim_start_matches('\n').len() {
            let before = self.source.get(..start)?;
            let before = before.strip_suffix("\r\n").or_else(|| before.strip_suffix(['\n', '\r']))?;
            start = line_start(self.source, before.len())?;
        }
        Some(start)
    }

    fn after_indent(&self, line: &Range<usize>, indent: usize) -> Option<usize> {
        let blanks = self.source.get(line.clone())?.bytes().take(indent).take_while(|byte| *byte == b' ').count();
        Some(line.start + blanks)
    }
}

fn line_start(source: &str, at: usize) -> Option<usize> {
    Some(source.get(..at)?.rfind(['\n', '\r']).map_or(0, |line_break| line_break + 1))
}

/// The bytes of the escape that the text begins with.
fn escape_length(text: &str) -> Option<usize> {
    let letter = text.chars().nth(1)?;
    Some(match letter {
        'x' => 4,
        'u' if is_high_surrogate(text) => 12,
        'u' => 6,
        'U' => 10,
        _ => 1 + letter.len_utf8(),
    })
}

fn is_high_surrogate(escape: &str) -> bool {
    let unit = escape.get(2..6).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    unit.is_some_and(|unit| (0xD800..0xDC00).contains(&unit))
}

/// The lines of a range without their breaks, each with the start of the next.
fn lines(source: &str, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, usize)> + '_ {
    let mut next = Some(range.start);
    std::iter::from_fn(move || {
        let start = next?;
        let rest = source.get(start..range.end)?;
        let Some(length) = rest.find(['\n', '\r']) else {
            next = None;
            return Some((start..range.end, range.end));
        };
        let after = rest.get(length..)?;
        let end = start + length;
        let following = end + if after.starts_with("\r\n") { 2 } else { 1 };
        next = Some(following);
        Some((start..end, following))
    })
}
