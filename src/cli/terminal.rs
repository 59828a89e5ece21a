//! What the terminal shows: whether in colours, and how many columns it has.

use std::ffi::OsStr;
use std::io;

use anstream::{AutoStream, ColorChoice};

/// Fewer columns are no width that a table can be fitted to.
const LEAST_COLUMNS: usize = 40;

/// What `--color` says among the arguments, before they are parsed: help and errors about arguments are in colours, too.
pub(super) fn asked<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> clap::ColorChoice {
    let mut choice = clap::ColorChoice::Auto;
    let mut is_next = false;
    for argument in arguments {
        let text = argument.as_ref().to_string_lossy();
        if text == "--" {
            break;
        }
        let value = if is_next { Some(&*text) } else { text.strip_prefix("--color=") };
        // a value that is none is reported when the arguments are parsed
        choice = value.and_then(|value| value.parse().ok()).unwrap_or(choice);
        is_next = text == "--color";
    }
    choice
}

/// Decides for both streams. `auto` follows the terminal and the usual variables, such as `NO_COLOR`.
pub(super) fn decide(choice: clap::ColorChoice) {
    match choice {
        clap::ColorChoice::Auto => ColorChoice::Auto,
        clap::ColorChoice::Always => ColorChoice::Always,
        clap::ColorChoice::Never => ColorChoice::Never,
    }
    .write_global();
}

/// Whether standard output shows colours.
pub(super) fn output_has_colour() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Whether standard error shows colours.
pub(super) fn error_has_colour() -> bool {
    AutoStream::choice(&io::stderr()) != ColorChoice::Never
}

/// The columns of standard output: those of the terminal, otherwise what `COLUMNS` says. Without either, lines may have any
/// length: a program reads them, and cuts them itself.
pub(super) fn output_columns() -> Option<usize> {
    columns(terminal_size::terminal_size_of(io::stdout()))
}

/// The same for standard error.
pub(super) fn error_columns() -> Option<usize> {
    columns(terminal_size::terminal_size_of(io::stderr()))
}

fn columns(terminal: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    let stated = || std::env::var("COLUMNS").ok()?.parse().ok();
    // some terminals that nobody looks at have no width
    let terminal = terminal.map(|(width, _)| usize::from(width.0)).filter(|width| *width > 0);
    terminal.or_else(stated).map(|columns| columns.max(LEAST_COLUMNS))
}

/// A row of a table: `head` are its first cells, padded, and `text` the last one. If the row is wider than the terminal, the
/// text goes on below itself.
pub(super) fn row(head: &str, text: &str, columns: Option<usize>) -> String {
    let (start, whole) = (head.chars().count(), head.chars().count() + text.chars().count());
    let Some(columns) = columns.filter(|columns| whole > *columns) else {
        return format!("{head}{text}").trim_end().to_owned() + "\n";
    };
    // a column for the text of less than a third would be a tower of words
    let is_tower = start * 3 > columns * 2;
    let indent = " ".repeat(if is_tower { 4 } else { start });
    let mut lines = vec![head.to_owned()];
    if is_tower {
        lines.push(indent.clone());
    }
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let length =
            lines.last().map_or(0, |line| line.chars().count()) + usize::from(!is_empty) + word.chars().count();
        if !is_empty && length > columns {
            lines.push(indent.clone());
            is_empty = true;
        }
        if let Some(line) = lines.last_mut() {
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
        }
        is_empty = false;
    }
    lines.iter().map(|line| line.trim_end().to_owned() + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_choice_of_colours_is_found_among_the_arguments() {
        use clap::ColorChoice::{Always, Auto, Never};
        for (arguments, choice) in [
            (vec!["check"], Auto),
            (vec!["--color", "never", "check"], Never),
            (vec!["check", "--color=always"], Always),
            (vec!["check", "--color", "rainbow"], Auto),
            (vec!["check", "--", "--color=always"], Auto),
            (vec!["check", "--color"], Auto),
        ] {
            assert_eq!(asked(&arguments), choice, "{arguments:?}");
        }
    }

    #[test]
    fn rows_are_fitted_to_the_terminal() {
        assert_eq!(row("name  ", "a b c", None), "name  a b c\n");
        assert_eq!(row("name  ", "", Some(40)), "name\n");
        assert_eq!(row("n  ", "one two three", Some(10)), "n  one two\n   three\n");
        assert_eq!(row("eight---", "one two", Some(10)), "eight---\n    one\n    two\n");
        assert_eq!(row("n  ", "averylongword two", Some(10)), "n  averylongword\n   two\n");
    }
}
