//! Markdown for a terminal: headings, paragraphs, lists, code and tables, as plain text.

/// The columns of a line on a wide terminal.
const COLUMNS: usize = 98;

/// The indentation of everything below a heading.
const BODY: &str = "  ";

/// The text of a page, in lines of at most so many columns, except for code.
pub(super) fn rendered(page: &str, columns: Option<usize>) -> String {
    let width = columns.unwrap_or(COLUMNS).min(COLUMNS);
    let mut out = Out { width, text: String::new(), paragraph: None };
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            out.end_paragraph();
            lines.by_ref().take_while(|line| !line.trim_start().starts_with("```")).for_each(|line| out.code(line));
            out.blank();
        } else if trimmed.starts_with('|') {
            let mut rows = vec![cells(trimmed)];
            while let Some(row) = lines.next_if(|line| line.trim_start().starts_with('|')) {
                rows.push(cells(row.trim()));
            }
            out.table(&rows);
        } else if trimmed.starts_with('#') {
            out.heading(trimmed.trim_start_matches('#').trim());
        } else if trimmed.is_empty() || trimmed.starts_with("<!--") {
            out.blank();
        } else {
            out.line(line);
        }
    }
    out.end_paragraph();
    out.text.trim_end().to_owned() + "\n"
}

/// What was written, and the paragraph or list item that is not complete.
struct Out {
    width: usize,
    text: String,
    /// The indentation of the first line, that of the others, and the words.
    paragraph: Option<(String, String, String)>,
}

impl Out {
    fn push(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn blank(&mut self) {
        self.end_paragraph();
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn heading(&mut self, title: &str) {
        self.blank();
        self.push(&inline(title));
        self.text.push('\n');
    }

    fn code(&mut self, line: &str) {
        self.push(&format!("{BODY}    {line}"));
    }

    /// A line of a paragraph or a list.
    fn line(&mut self, line: &str) {
        let trimmed = line.trim_start();
        let depth = " ".repeat(line.len() - trimmed.len());
        if let Some((mark, rest)) = marker(trimmed) {
            self.end_paragraph();
            let first = format!("{BODY}{depth}{mark} ");
            let others = " ".repeat(first.chars().count());
            self.paragraph = Some((first, others, rest.to_owned()));
        } else if let Some((_, _, words)) = &mut self.paragraph {
            words.push(' ');
            words.push_str(trimmed);
        } else {
            let indent = format!("{BODY}{depth}");
            self.paragraph = Some((indent.clone(), indent, trimmed.to_owned()));
        }
    }

    fn end_paragraph(&mut self) {
        let Some((first, others, words)) = self.paragraph.take() else { return };
        let mut line = first;
        let mut is_empty = true;
        for word in inline(&words).split_whitespace() {
            if !is_empty && line.chars().count() + 1 + word.chars().count() > self.width {
                self.push(&line);
                line.clone_from(&others);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        self.push(&line);
    }

    /// A table: columns if they fit, and otherwise a block for each row.
    fn table(&mut self, rows: &[Vec<String>]) {
        self.end_paragraph();
        let is_rule = |row: &Vec<String>| row.iter().all(|cell| cell.chars().all(|c| matches!(c, '-' | ':')));
        let rows: Vec<&Vec<String>> = rows.iter().filter(|row| !is_rule(row)).collect();
        let columns = rows.iter().map(|row| row.len()).max().unwrap_or_default();
        let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|at| width(at).unwrap_or_default()).collect();
        let whole = widths.iter().sum::<usize>() + 2 * columns.saturating_sub(1) + BODY.len();
        if whole <= self.width {
            for row in &rows {
                let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
                self.push(&format!("{BODY}{}", cells.collect::<Vec<_>>().join("  ")));
            }
            return self.blank();
        }
        let Some((head, rows)) = rows.split_first() else { return };
        for row in rows {
            for (at, (cell, name)) in row.iter().zip(head.iter()).enumerate().filter(|(_, (cell, _))| !cell.is_empty())
            {
                let (mark, name) = (if at == 0 { "" } else { "    " }, if at == 0 { "" } else { name });
                let colon = if name.is_empty() { "" } else { ": " };
                let first = format!("{BODY}{mark}");
                self.paragraph = Some((first, format!("{BODY}{mark}  "), format!("{name}{colon}{cell}")));
                self.end_paragraph();
            }
        }
        self.blank();
    }
}

/// The mark of a list item, and what follows.
fn marker(line: &str) -> Option<(&str, &str)> {
    let (mark, rest) = line.split_once(' ')?;
    let is_number =
        mark.strip_suffix('.').is_some_and(|n| !n.is_empty() && n.bytes().all(|digit| digit.is_ascii_digit()));
    (matches!(mark, "*" | "-") || is_number).then_some((mark, rest.trim_start()))
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|');
    let inner = inner.strip_suffix('|').unwrap_or(inner).replace("\\|", "\u{0}");
    inner.split('|').map(|cell| inline(&cell.trim().replace('\u{0}', "|"))).collect()
}

/// Text without emphasis; a link to another site keeps its address. Nothing in backticks loses its stars.
fn inline(text: &str) -> String {
    let text = unlinked(text);
    let parts = text.split('`').enumerate();
    let shown = parts.map(|(at, part)| if at % 2 == 1 { part.to_owned() } else { bare(&part.replace("**", "")) });
    shown.collect::<Vec<_>>().join("`")
}

/// `[text](page.md)` as `text`, and `[text](https://…)` with the address.
fn unlinked(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, label, target, after)) = link(rest) {
        out.push_str(before);
        out.push_str(label);
        if target.contains("://") {
            out.push_str(&format!(" ({target})"));
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// `<https://…>` without its brackets.
fn bare(text: &str) -> String {
    let Some((before, rest)) = text.split_once("<http") else { return text.to_owned() };
    match rest.split_once('>') {
        Some((address, after)) => format!("{before}http{address}{}", bare(after)),
        None => text.to_owned(),
    }
}

/// The first link: what is before it, its text, its target, and what follows.
fn link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, rest) = text.split_once("](")?;
    let (before, label) = head.rsplit_once('[')?;
    let (target, after) = rest.split_once(')')?;
    Some((before, label, target, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_rendered_as_plain_text() {
        let page = "### Keycloak\n\nA **plugin** ([daniel-frak](https://example.com/x)) asks; see [settings](../settings.md#a). \
                    It asks for `a**b` and <https://example.com>, and this sentence is long enough for a second line.\n\n\
                    #### Set-up\n\n1. Open *Realm settings* and\n   choose it.\n2. Next:\n   * inner\n\n\
                    ```yaml settings\nbridges: [ { kind: keycloak } ]\n```\n\n| outcome | the customer sees |\n|---|---|\n\
                    | refused | \"a \\| b\" |\n| out | later |\n\n| wide | what |\n|---|---|\n| one | ";
        let page = format!("{page}{} |\n", "word ".repeat(30).trim());
        insta::assert_snapshot!(rendered(&page, None));
    }

    #[test]
    fn hostile_marks_change_nothing_else() {
        for text in ["](", "[a](b", "a ] ( b", "`", "**", "|", "#", "```", "1.", "[]()"] {
            let _ = rendered(text, None);
        }
        assert_eq!(rendered("a > b, [x] (y)", None), "  a > b, [x] (y)\n");
    }
}
