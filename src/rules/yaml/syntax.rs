//! Syntax errors of the YAML parser, in words for rule authors.

use granit_parser::{ErrorKind, ScanError};

use super::{Reader, Source, traps};
use crate::diag::Diagnostic;

const INDENT: &str = "indent with spaces, two per level, and align the keys of one map";
const QUOTE: &str = "put the text in quotes: `'…'` keeps everything as it is";
const BRACKET: &str = "close every `[` with `]`, every `{` with `}`, and put `,` between elements";

/// The finding for a parser error, at its place.
pub(super) fn finding(source: Source<'_>, error: &ScanError) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(source.text.len());
    let trap = (source.reader == Reader::Rules).then(|| traps::meant(source, error.kind(), at)).flatten();
    if let Some(finding) = trap {
        return finding;
    }
    let (message, help) = words(error.kind());
    Diagnostic::error("R101", source.character(at), message, help)
}

fn words(kind: &ErrorKind) -> (String, &'static str) {
    use ErrorKind as E;
    let (message, help) = match kind {
        E::UnclosedQuotedScalar | E::DocumentIndicatorInQuotedScalar => {
            ("this quote is never closed", "close it with the same quote; write `''` for a quote inside single quotes")
        }
        E::UnclosedFlowCollection { open } => return (format!("this `{open}` is never closed"), BRACKET),
        E::MismatchedFlowCollectionEnd { open, close } => {
            return (format!("this `{open}` is closed by `{close}`"), BRACKET);
        }
        E::MisplacedFlowCollectionEnd => ("a closing bracket without an opening one", BRACKET),
        E::ExpectedFlowMappingSeparator => ("expected `,` or `}` here", BRACKET),
        E::ExpectedFlowSequenceSeparator => ("expected `,` or `]` here", BRACKET),
        E::UnexpectedEofFlowSequence | E::UnexpectedEofFlowMapping | E::UnexpectedEofImplicitFlowMapping => {
            ("the file ends inside brackets", BRACKET)
        }
        E::MappingValueNotAllowed | E::InvalidColonPlacement => (
            "a `:` is not allowed here",
            "put text with a colon in quotes and a nested map on its own lines; look for a bracket left open above",
        ),
        E::UnexpectedCharacter { .. } => ("a value cannot begin with this character", QUOTE),
        E::PlainScalarStartsWithDashFlowIndicator => ("a value cannot begin with these characters", QUOTE),
        E::UnknownQuotedScalarEscape => (
            "unknown escape in double quotes",
            "use single quotes for regexes and Windows paths, where `\\` has no special meaning",
        ),
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            ("text after the closing quote", "write `''` for a quote inside single quotes, `\\\"` inside double quotes")
        }
        E::TabNotAllowed | E::TabInBlockIndentation | E::TabInIndentation | E::TabInPlainScalar => {
            ("a tab where only spaces are allowed", INDENT)
        }
        E::TabAtBlockScalarStart => ("a block begins with a tab", INDENT),
        E::InvalidIndentation | E::InvalidBlockScalarIndent | E::InvalidFlowScalarIndent => {
            ("this line is indented wrongly", INDENT)
        }
        E::InvalidQuotedScalarIndent => ("this line of quoted text is indented too little", INDENT),
        E::ExpectedBlockMappingKey => ("expected a key here", INDENT),
        E::ExpectedBlockSequenceEntry => ("expected `-` here", INDENT),
        E::SimpleKeyExpected | E::InvalidSimpleKey => {
            ("expected a key with a `:` here", "write `key: value` on one line, or quote text that spans several lines")
        }
        E::BlockSequenceEntryNotAllowed | E::BlockEntryInFlowCollection => {
            ("a `-` cannot begin a list here", "begin the list on the line after its key, or quote the text")
        }
        E::CommentNotSeparated => ("a comment needs a space before its `#`", QUOTE),
        _ => return (plain_words(kind), "see https://yaml.org/spec/1.2.2/ for what is allowed here"),
    };
    (message.to_owned(), help)
}

/// The parser's own message, without what it was doing.
fn plain_words(kind: &ErrorKind) -> String {
    let text = kind.to_string();
    let text = match text.split_once(", ") {
        Some((doing, found)) if doing.starts_with("while ") => found.to_owned(),
        _ => text,
    };
    let mut letters = text.trim_end_matches('.').chars();
    let acronym = letters.clone().nth(1).is_some_and(char::is_uppercase);
    match letters.next() {
        Some(first) if !acronym => first.to_lowercase().chain(letters).collect(),
        Some(first) => std::iter::once(first).chain(letters).collect(),
        None => "this is not YAML".to_owned(),
    }
}
