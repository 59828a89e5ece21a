//! Collects the parser's events in a flat list, and enforces the limits of a file while it is read.

use granit_parser::{Event, Parser, ScalarStyle, StructureStyle};

use super::{MAX_DEPTH, MAX_NODES, Source, syntax};
use crate::diag::{Diagnostic, Findings, Span};

/// One event with its place.
pub(super) struct Token {
    pub kind: Kind,
    pub span: Span,
    /// Spaces before the content of a block scalar.
    pub indent: usize,
    /// The anchor's number; 0 if there is none.
    pub anchor: usize,
    pub tag: Option<Span>,
}

/// The kind of an event.
pub(super) enum Kind {
    Scalar(String, ScalarStyle),
    List(StructureStyle),
    Map,
    Close,
    /// The number of the anchor, if it exists.
    Alias(Option<usize>),
}

/// All events of the first document; `None` after a finding that stops reading.
pub(super) fn collect(source: Source<'_>, findings: &mut Findings) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut limits = Limits { depth: 0, nodes: 0 };
    let mut options = granit_parser::options! { emit_unresolved_aliases: true };
    options.set_emit_comments(false);
    for event in Parser::new_from_str_with_options(source.text, options) {
        let (event, place) = match event {
            Ok(found) => found,
            Err(error) => return refuse(syntax::finding(source, &error), findings),
        };
        let range = place.byte_range().unwrap_or_default();
        let span = source.span(range.start, range.end);
        if matches!(event, Event::DocumentStart(..)) && !tokens.is_empty() {
            findings.push(second_document(span));
            break;
        }
        let Some((kind, anchor)) = kind(event) else { continue };
        if let Err(finding) = limits.count(&kind, span) {
            return refuse(finding, findings);
        }
        let tag = place.tag_span().and_then(|tag| tag.byte_range()).map(|tag| source.span(tag.start, tag.end));
        tokens.push(Token { kind, span, indent: place.indent.unwrap_or(0), anchor, tag });
    }
    if is_empty(&tokens) { refuse(empty(source), findings) } else { Some(tokens) }
}

fn refuse<T>(finding: Diagnostic, findings: &mut Findings) -> Option<T> {
    findings.push(finding);
    None
}

fn kind(event: Event<'_>) -> Option<(Kind, usize)> {
    Some(match event {
        Event::Scalar(text, style, anchor, _) => (Kind::Scalar(text.into_owned(), style), anchor),
        Event::SequenceStart(style, anchor, _) => (Kind::List(style), anchor),
        Event::MappingStart(_, anchor, _) => (Kind::Map, anchor),
        Event::SequenceEnd | Event::MappingEnd => (Kind::Close, 0),
        Event::Alias(anchor) => (Kind::Alias(Some(anchor)), 0),
        Event::UnresolvedAlias(_) => (Kind::Alias(None), 0),
        _ => return None,
    })
}

/// Only comments, or `---` with nothing after it.
fn is_empty(tokens: &[Token]) -> bool {
    match tokens {
        [] => true,
        [only] => matches!(only.kind, Kind::Scalar(..)) && only.span.start == only.span.end && only.tag.is_none(),
        _ => false,
    }
}

struct Limits {
    depth: usize,
    nodes: usize,
}

impl Limits {
    fn count(&mut self, kind: &Kind, span: Span) -> Result<(), Diagnostic> {
        match kind {
            Kind::Close => {
                self.depth = self.depth.saturating_sub(1);
                return Ok(());
            }
            Kind::List(_) | Kind::Map => self.depth += 1,
            Kind::Scalar(..) | Kind::Alias(_) => {}
        }
        self.nodes += 1;
        if self.depth > MAX_DEPTH {
            return Err(too_deep(span));
        }
        if self.nodes > MAX_NODES { Err(too_many(span)) } else { Ok(()) }
    }
}

pub(super) fn too_deep(span: Span) -> Diagnostic {
    let message = format!("lists and maps are nested more than {MAX_DEPTH} levels deep here");
    Diagnostic::error("R103", span, message, "reduce the nesting; no part of a rule file needs so many levels")
}

fn too_many(span: Span) -> Diagnostic {
    let message = format!("the file has more than {MAX_NODES} keys and values");
    Diagnostic::error(
        "R103",
        span,
        message,
        "move lookup tables to CSV files and split the rest into files named under `use`",
    )
}

fn second_document(span: Span) -> Diagnostic {
    let message = "a second document begins here, but a file contains one document";
    Diagnostic::error("R104", span, message, "remove the `---` line, or move what follows it to a file of its own")
}

fn empty(source: Source<'_>) -> Diagnostic {
    let help = "a rule file begins with `landfall: 1`, `name:` and `target:`";
    Diagnostic::error("R105", source.empty(0), "the file is empty", help)
}
