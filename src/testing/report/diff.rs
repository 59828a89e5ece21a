//! Shows two texts side by side, line by line.

use similar::{ChangeTag, TextDiff};

use crate::testing::judge::Shown;

/// Maximum width of the column of expected text, in characters.
const WIDTH: usize = 50;

const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
const RESET: &str = "\u{1b}[0m";

/// A line of the table: the expected text, the actual text, and whether they are equal.
type Row = (Option<String>, Option<String>, bool);

/// The expected text on the left and the actual text on the right; lines that differ are marked with `-` and `+`.
pub(super) fn side_by_side(shown: &Shown, colour: bool) -> String {
    let rows = rows(shown);
    let longest = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let width = longest(&mut rows.iter().filter_map(|row| row.0.as_deref())).clamp("expected".len(), WIDTH);
    let mut out = format!("    {} │   actual\n", pad("expected", width));
    for (left, right, same) in rows {
        let (minus, plus) = if same { (" ", " ") } else { ("-", "+") };
        let minus = if left.is_some() { minus } else { " " };
        let plus = if right.is_some() { plus } else { " " };
        let left = paint(&format!("{minus} {}", pad(left.as_deref().unwrap_or(""), width)), RED, colour && !same);
        let right = paint(&format!("{plus} {}", right.as_deref().unwrap_or("")), GREEN, colour && !same);
        out += format!("  {left} │ {right}").trim_end();
        out.push('\n');
    }
    out
}

fn rows(shown: &Shown) -> Vec<Row> {
    let diff = TextDiff::from_lines(shown.expected.as_str(), shown.actual.as_str());
    let mut rows: Vec<Row> = Vec::new();
    for group in diff.ops() {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for change in diff.iter_changes(group) {
            let line = change.value().trim_end_matches('\n').to_owned();
            match change.tag() {
                ChangeTag::Equal => rows.push((Some(line.clone()), Some(line), true)),
                ChangeTag::Delete => left.push(line),
                ChangeTag::Insert => right.push(line),
            }
        }
        let height = left.len().max(right.len());
        rows.extend((0..height).map(|at| (left.get(at).cloned(), right.get(at).cloned(), false)));
    }
    rows
}

fn pad(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length > width {
        let cut: String = text.chars().take(width - 1).collect();
        return cut + "…";
    }
    format!("{text}{}", " ".repeat(width - length))
}

fn paint(text: &str, colour: &str, on: bool) -> String {
    if on { format!("{colour}{text}{RESET}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Shown {
        Shown {
            expected: "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}".to_owned(),
            actual: "{\n  \"a\": 1,\n  \"b\": \"two\",\n  \"x\": 0,\n  \"c\": 3\n}".to_owned(),
        }
    }

    #[test]
    fn lines_are_shown_side_by_side() {
        let wanted = [
            r#"    expected  │   actual"#,
            r#"    {         │   {"#,
            r#"      "a": 1, │     "a": 1,"#,
            r#"  -   "b": 2, │ +   "b": "two","#,
            r#"              │ +   "x": 0,"#,
            r#"      "c": 3  │     "c": 3"#,
            r#"    }         │   }"#,
        ];
        let text = side_by_side(&shown(), false);
        assert_eq!(text.lines().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn only_lines_that_differ_are_coloured() {
        let text = side_by_side(&shown(), true);
        let coloured: Vec<&str> = text.lines().filter(|line| line.contains('\u{1b}')).collect();
        assert_eq!(coloured.len(), 2, "{text}");
        assert!(coloured.first().is_some_and(|line| line.contains("two")));
    }
}
