//! Findings with excerpts of the text, for people at a terminal.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents,
};

use super::escape::{escaped, visible};
use crate::diag::{Diagnostic, FileId, Files, Severity, Span};

/// Columns of the output in logs and wide terminals.
pub const FINDING_COLUMNS: usize = 100;

/// A longer place is marked on its first line only, so that a finding about a whole map does not print it.
const MOST_LINES: usize = 6;

/// The findings with their code, place, excerpt, underlined places and help. `colour` adds ANSI colours.
#[must_use]
pub fn human(files: &Files, diagnostics: &[Diagnostic], colour: bool) -> String {
    human_within(files, diagnostics, colour, FINDING_COLUMNS)
}

/// The same in lines of so many columns. Excerpts of files are as wide as they are.
#[must_use]
pub fn human_within(files: &Files, diagnostics: &[Diagnostic], colour: bool, columns: usize) -> String {
    let theme = if colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(columns)
        .with_links(false)
        .without_primary_span_start()
        .without_cause_chain()
        .without_syntax_highlighting();
    let mut shown = HashMap::new();
    let mut out = String::new();
    for diagnostic in diagnostics {
        for report in reports(files, diagnostic, &mut shown) {
            // writing to a string does not fail
            let _ = handler.render_report(&mut out, &report);
        }
        out.push('\n');
    }
    out
}

/// The finding itself, and one more report for each other file that it marks.
fn reports(files: &Files, diagnostic: &Diagnostic, shown: &mut HashMap<FileId, Shown>) -> Vec<Report> {
    let mut main = Report::new(Some(diagnostic.severity), escaped(&diagnostic.message));
    main.code = Some(format!("{}[{}]", diagnostic.severity.word(), diagnostic.code));
    main.help = Some(escaped(&diagnostic.help)).filter(|help| !help.is_empty());
    let mut reports = vec![main];
    let mut current = None;
    for label in &diagnostic.labels {
        let source = shown.entry(label.span.file).or_insert_with(|| Shown::new(files, label.span.file));
        let elsewhere = current.is_some_and(|file| file != label.span.file);
        if elsewhere {
            reports.push(Report::new(None, escaped(&label.text)));
        }
        current = Some(label.span.file);
        let text = if elsewhere { "" } else { label.text.as_str() };
        if let Some(report) = reports.last_mut() {
            report.mark(source, label.span, text);
        }
    }
    reports
}

/// The report that miette renders.
#[derive(Debug)]
struct Report {
    /// Without a severity it is further advice.
    severity: Option<Severity>,
    code: Option<String>,
    message: String,
    help: Option<String>,
    source: Option<Shown>,
    labels: Vec<LabeledSpan>,
}

impl Report {
    fn new(severity: Option<Severity>, message: String) -> Self {
        Self { severity, code: None, message, help: None, source: None, labels: Vec::new() }
    }

    fn mark(&mut self, source: &Shown, span: Span, text: &str) {
        let (start, length) = source.locate(span);
        let text = Some(escaped(text)).filter(|text| !text.is_empty());
        self.labels.push(if self.labels.is_empty() {
            LabeledSpan::new_primary_with_span(text, (start, length))
        } else {
            LabeledSpan::new_with_span(text, (start, length))
        });
        self.source.get_or_insert_with(|| source.clone());
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Some(Severity::Error) => miette::Severity::Error,
            Some(Severity::Warning) => miette::Severity::Warning,
            None => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// A file with dangerous characters escaped, and a mapping from its bytes to those of the escaped text.
#[derive(Debug, Clone)]
struct Shown {
    /// Only this file, under its escaped name.
    files: Files,
    /// (byte of the file, byte of the escaped text) after every character that was replaced, ascending.
    moved: Arc<[(usize, usize)]>,
}

impl Shown {
    fn new(files: &Files, file: FileId) -> Self {
        let mut shown = String::with_capacity(files.text(file).len());
        let mut moved = vec![(0, 0)];
        let mut characters = files.text(file).char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            match character {
                '\n' | '\t' => shown.push(character),
                '\r' if characters.peek().is_some_and(|(_, next)| *next == '\n') => {}
                '\u{feff}' if at == 0 => {}
                other => shown.push(visible(other)),
            }
            moved.push((at + character.len_utf8(), shown.len()));
        }
        moved.dedup_by(|next, before| next.0.wrapping_sub(next.1) == before.0.wrapping_sub(before.1));
        let mut one = Files::default();
        one.add(escaped(files.name(file)), shown);
        Self { files: one, moved: moved.into() }
    }

    fn text(&self) -> &str {
        self.files.text(FileId(0))
    }

    /// Start and length of a place in the escaped text.
    fn locate(&self, span: Span) -> (usize, usize) {
        let start = self.floor(self.offset(span.start));
        let end = self.floor(self.offset(span.end)).max(start);
        let marked = self.text().get(start..end).unwrap_or_default();
        let length =
            if marked.lines().count() > MOST_LINES { marked.lines().next().map_or(0, str::len) } else { end - start };
        (start, length)
    }

    fn offset(&self, at: usize) -> usize {
        let index = self.moved.partition_point(|(file, _)| *file <= at);
        let base = index.checked_sub(1).and_then(|index| self.moved.get(index));
        base.map_or(at, |(file, shown)| shown + (at - file)).min(self.text().len())
    }

    fn floor(&self, at: usize) -> usize {
        (0..=at).rev().find(|at| self.text().is_char_boundary(*at)).unwrap_or(0)
    }
}

impl SourceCode for Shown {
    /// Like miette's own, but the name contains line and column, and columns count characters.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let found = self.text().read_span(span, before, after)?;
        let place = Span { file: FileId(0), start: span.offset(), end: span.offset() };
        let name = super::place(&self.files, place);
        Ok(Box::new(MietteSpanContents::new_named(
            name,
            found.data(),
            *found.span(),
            found.line(),
            found.column(),
            found.line_count(),
        )))
    }
}
