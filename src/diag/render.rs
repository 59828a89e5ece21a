//! Findings as text for people, as plain lines, and as JSON.

mod escape;
#[cfg(feature = "cli")]
mod human;

use serde_json::{Value, json};

pub use escape::escaped;
#[cfg(feature = "cli")]
pub use human::{FINDING_COLUMNS, human, human_within};

use super::{Diagnostic, Files, Label, Severity, Span};

impl Severity {
    /// `error` or `warning`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One line per finding, `FILE:LINE:COLUMN: error[R203]: message (help: …)`, which editors can jump to.
#[must_use]
pub fn plain(files: &Files, diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(|diagnostic| plain_line(files, diagnostic) + "\n").collect()
}

fn plain_line(files: &Files, diagnostic: &Diagnostic) -> String {
    let start = diagnostic.labels.first().map(|label| place(files, label.span) + ": ").unwrap_or_default();
    let mut line = format!("{start}{}[{}]: {}", diagnostic.severity.word(), diagnostic.code, diagnostic.message);
    for label in diagnostic.labels.iter().skip(1) {
        let text = if label.text.is_empty() { "also" } else { label.text.as_str() };
        line += &format!(" ({text}: {})", place(files, label.span));
    }
    if !diagnostic.help.is_empty() {
        line += &format!(" (help: {})", diagnostic.help);
    }
    escaped(&line)
}

/// `FILE:LINE:COLUMN`.
fn place(files: &Files, span: Span) -> String {
    let (line, column) = files.position(span);
    format!("{}:{line}:{column}", files.name(span.file))
}

/// The findings as an array of objects: `code`, `severity`, `message`, `help`, the main place and all `labels`.
///
/// A place is `file`, `line` and `column` (from 1, in characters), `end_line` and `end_column` (after the last
/// character), and `start` and `end` as bytes of the file.
#[must_use]
pub fn json(files: &Files, diagnostics: &[Diagnostic]) -> Value {
    diagnostics.iter().map(|diagnostic| json_object(files, diagnostic)).collect()
}

fn json_object(files: &Files, diagnostic: &Diagnostic) -> Value {
    let mut object = diagnostic.labels.first().map_or_else(|| json!({}), |label| json_place(files, label.span));
    let labels: Vec<Value> = diagnostic.labels.iter().map(|label| json_label(files, label)).collect();
    let said = json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity.word(),
        "message": diagnostic.message,
        "help": diagnostic.help,
        "labels": labels,
    });
    merge(&mut object, said);
    object
}

fn json_label(files: &Files, label: &Label) -> Value {
    let mut object = json_place(files, label.span);
    merge(&mut object, json!({ "text": label.text }));
    object
}

fn json_place(files: &Files, span: Span) -> Value {
    let (line, column) = files.position(span);
    let (end_line, end_column) = files.position(Span { start: span.end, ..span });
    json!({
        "file": files.name(span.file),
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
        "start": span.start,
        "end": span.end,
    })
}

fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

/// The number of findings, such as `2 errors, 1 warning`.
#[must_use]
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let count = |severity: Severity| {
        let number = diagnostics.iter().filter(|diagnostic| diagnostic.severity == severity).count();
        let plural = if number == 1 { "" } else { "s" };
        (number > 0).then(|| format!("{number} {}{plural}", severity.word()))
    };
    let counts: Vec<String> = [Severity::Error, Severity::Warning].into_iter().filter_map(count).collect();
    if counts.is_empty() { "no findings".to_owned() } else { counts.join(", ") }
}

#[cfg(test)]
mod tests;
