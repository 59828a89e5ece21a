//! References: `$.a.b` reads the record, `$name.a` a variable. The path is RFC 9535 JSONPath, parsed once.

use std::ops::Range;

use jsonpath_rust::parser::errors::JsonPathError;
use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;
use pest::error::InputLocation;

use super::Node;
use super::syntax::{RefExpr, Root};
use super::{path_help, path_lint};
use crate::diag::{Diagnostic, Findings};

/// The longest path, in bytes. Stops deeply nested brackets from exhausting the parser; no hand-written path comes
/// close.
const MAX_PATH_BYTES: usize = 1024;

/// Whether a text is a reference: `$`, `$.…`, `$[…`, `$name`, `$name.…`, `$name[…`.
#[must_use]
pub fn is_reference(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('$') else { return false };
    let after_name = rest.get(name_length(rest)..).unwrap_or("");
    after_name.is_empty() || after_name.starts_with(['.', '['])
}

/// The reference to the field of the record that a bare word probably names.
#[must_use]
pub fn of_field(text: &str) -> Option<String> {
    let is_path = text.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c));
    if is_path && parse(&format!(".{text}")).is_ok() {
        return Some(format!("$.{text}"));
    }
    let is_name = text.starts_with(|c: char| c.is_alphanumeric() || c == '_')
        && text.chars().all(|c| c.is_alphanumeric() || " _-.".contains(c));
    is_name.then(|| format!("$['{text}']"))
}

fn name_length(rest: &str) -> usize {
    if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return 0;
    }
    rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
}

/// Reads the reference in a range of a scalar, and reports what is wrong with it.
pub fn read(node: &Node, range: Range<usize>, findings: &mut Findings) -> Option<RefExpr> {
    let text = node.as_text()?.get(range.clone())?;
    let rest = text.strip_prefix('$')?;
    let name_end = name_length(rest);
    let (name, path) = (rest.get(..name_end)?, rest.get(name_end..)?);
    let root = if name.is_empty() { Root::Record } else { Root::Variable(name.to_owned()) };
    let query = match parse(path) {
        Ok(query) => query,
        Err(problem) => {
            let offset = range.start + 1 + name_end;
            let place = node.part(offset + problem.at.start..offset + problem.at.end);
            let help = problem.help.replacen("`$[", &format!("`${name}["), 1);
            findings.push(Diagnostic::error("R203", place, problem.message, help));
            return None;
        }
    };
    path_lint::check(&query, node.part(range.clone()), findings);
    Some(RefExpr { root, query, text: text.to_owned(), span: node.part(range) })
}

/// Why a path cannot be read.
#[derive(Debug)]
pub struct PathProblem {
    /// The invalid bytes, counted after `$`.
    pub at: Range<usize>,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// Parses the part of a path after `$` and its name.
///
/// # Errors
/// What is wrong, and where.
pub fn parse(path: &str) -> Result<JpQuery, PathProblem> {
    if path.len() > MAX_PATH_BYTES {
        return Err(problem(0..path.len(), format!("a path has at most {MAX_PATH_BYTES} bytes"), "shorten it"));
    }
    if path.is_empty() {
        return Ok(JpQuery::new(Vec::new()));
    }
    if let Some(at) = blank_in_name(path) {
        return Err(blank(path, at));
    }
    let query = parse_json_path(&format!("${path}")).map_err(|error| translate(&error, path))?;
    path_lint::refuse(&query)
        .map_or(Ok(query), |message| Err(problem(0..path.len(), message, "see RFC 9535 for the syntax of queries")))
}

/// The first space inside a name. The parser accepts it as a part of the name, RFC 9535 does not; between segments
/// spaces are allowed.
fn blank_in_name(path: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, c) in path.char_indices() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if depth > 0 => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.saturating_sub(1),
            (None, c) if depth == 0 && c.is_whitespace() && goes_on(path.get(at..)) => return Some(at),
            (None, _) => {}
        }
    }
    None
}

/// Whether spaces are followed by anything other than a new segment.
fn goes_on(rest: Option<&str>) -> bool {
    let rest = rest.unwrap_or_default().trim_start();
    !rest.is_empty() && !rest.starts_with(['.', '['])
}

/// The problem of a name with a space in it, and how to write it.
fn blank(path: &str, at: usize) -> PathProblem {
    let (message, help) = path_help::meant(path, at).unwrap_or_else(|| {
        let help = "write names with spaces in brackets: `$['First Name']`";
        ("the path contains a space".to_owned(), help.to_owned())
    });
    PathProblem { at: at..at + 1, message, help }
}

fn problem(at: Range<usize>, message: String, help: &str) -> PathProblem {
    PathProblem { at, message, help: help.to_owned() }
}

fn translate(error: &JsonPathError, path: &str) -> PathProblem {
    let at = match error {
        JsonPathError::PestError(error) => match error.location {
            InputLocation::Pos(at) | InputLocation::Span((at, _)) => at.saturating_sub(1),
        },
        _ => 0,
    };
    let at = if path.is_char_boundary(at) { at.min(path.len()) } else { 0 };
    let rest = path.get(at..).unwrap_or("");
    let end = at + rest.chars().next().map_or(0, char::len_utf8);
    if let Some((message, help)) = path_help::meant(path, at) {
        return PathProblem { at: at..end.max(at), message, help };
    }
    let (message, help) = match rest.chars().next() {
        None => ("the path ends too early".to_owned(), "finish it: a name after `.`, a `]` after `[`"),
        Some(' ') => ("the path contains a space".to_owned(), "write names with spaces in brackets: `$['First Name']`"),
        Some('?') => (
            "`?` is not allowed here".to_owned(),
            "remove it: a path that matches nothing is not an error, it gives no value",
        ),
        Some(c @ ('-' | ':' | '(' | ')' | '@' | '/' | '#' | '$')) => {
            (format!("`{c}` is not allowed here"), "write names with such characters in brackets: `$['user-name']`")
        }
        Some(c) => (
            format!("`{c}` is not allowed here"),
            "a path is `$.name`, `$['name']`, `[0]`, `[*]` or `[?@.key == 'value']`",
        ),
    };
    problem(at..end.max(at), message, help)
}
