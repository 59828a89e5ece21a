//! Builds the tree of nodes from the list of events: aliases are expanded, duplicate keys, tags and merge keys are
//! findings.

use std::collections::HashMap;

use granit_parser::{ScalarStyle as Style, StructureStyle};

use super::runs;
use super::tokens::{Kind, Token, too_deep};
use super::{MAX_ALIASED_BYTES, MAX_ALIASED_NODES, MAX_DEPTH, Reader, Source, traps};
use crate::diag::{Diagnostic, Findings, Span};
use crate::rules::foreign;
use crate::rules::{Entry, Node, NodeKind, Scalar, ScalarStyle};

/// Builds the tree; `None` if an alias is undefined or expands to too much.
pub(super) fn tree(source: Source<'_>, tokens: &[Token], findings: &mut Findings) -> Option<Node> {
    let mut builder = Builder {
        source,
        tokens,
        findings,
        anchors: HashMap::new(),
        open: Vec::new(),
        at: 0,
        depth: 0,
        alias: None,
        aliased: 0,
        aliased_bytes: 0,
        sound: true,
    };
    let node = builder.node()?;
    builder.sound.then_some(node)
}

struct Builder<'t, 'f> {
    source: Source<'t>,
    tokens: &'t [Token],
    findings: &'f mut Findings,
    /// Where the node of an anchor begins.
    anchors: HashMap<usize, usize>,
    /// Anchors of the lists and maps that are being built.
    open: Vec<usize>,
    at: usize,
    depth: usize,
    /// The alias that is being expanded: its nodes are read again, but their findings are reported already.
    alias: Option<Span>,
    aliased: usize,
    /// The text of those nodes.
    aliased_bytes: usize,
    /// Whether every alias is defined.
    sound: bool,
}

impl<'t> Builder<'t, '_> {
    fn next(&mut self) -> Option<&'t Token> {
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        Some(token)
    }

    fn find(&mut self, finding: Diagnostic) {
        if self.alias.is_none() {
            self.findings.push(finding);
        }
    }

    /// One node; `None` stops reading.
    fn node(&mut self) -> Option<Node> {
        let index = self.at;
        let token = self.next()?;
        self.count_aliased(token)?;
        if let Some(tag) = token.tag {
            self.find(tagged(self.source, tag));
        }
        if token.anchor != 0 {
            self.anchors.insert(token.anchor, index);
        }
        match &token.kind {
            Kind::Scalar(text, style) => Some(self.scalar(token, text, *style)),
            Kind::Alias(anchor) => self.aliased(token.span, *anchor),
            Kind::List(_) => self.inside(token, Self::list),
            Kind::Map => self.inside(token, Self::map),
            Kind::Close => None,
        }
    }

    fn inside(&mut self, token: &Token, build: fn(&mut Self, Span) -> Option<Node>) -> Option<Node> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            // only an alias can be this deep: the depth as written was checked before
            self.findings.push(too_deep(self.alias.unwrap_or(token.span)));
            return None;
        }
        self.open.push(token.anchor);
        let node = build(self, token.span);
        self.open.pop();
        self.depth -= 1;
        node
    }

    fn list(&mut self, start: Span) -> Option<Node> {
        let mut items = Vec::new();
        let mut end = start.end;
        while !self.at_close()? {
            let item = self.node()?;
            end = end.max(item.span.end);
            items.push(item);
        }
        let span = self.close(start, end)?;
        Some(Node { span, kind: NodeKind::List(items) })
    }

    fn map(&mut self, start: Span) -> Option<Node> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: HashMap<&'t str, Span> = HashMap::new();
        let mut end = start.end;
        while !self.at_close()? {
            let (key, key_span) = self.key()?;
            let value = self.value(key_span)?;
            end = end.max(value.span.end);
            let Some(key) = key else { continue };
            if let Some(first) = places.get(key) {
                self.find(duplicate(key, *first, key_span));
                continue;
            }
            places.insert(key, key_span);
            entries.push(Entry { key: key.to_owned(), key_span, value });
        }
        let span = self.close(start, end)?;
        Some(Node { span, kind: NodeKind::Map(entries) })
    }

    fn at_close(&self) -> Option<bool> {
        self.tokens.get(self.at).map(|token| matches!(token.kind, Kind::Close))
    }

    /// The place of a list or map: to its bracket, or without one to the end of its last value.
    fn close(&mut self, start: Span, last: usize) -> Option<Span> {
        let close = self.next()?.span;
        let end = if close.end > close.start { close.end } else { last };
        Some(self.source.span(start.start, end))
    }

    /// A key and its place; no key if it was rejected.
    fn key(&mut self) -> Option<(Option<&'t str>, Span)> {
        let token = self.tokens.get(self.at)?;
        let node = self.node()?;
        let refusal = match &token.kind {
            Kind::Scalar(text, style) => match (text.as_str(), style) {
                ("~", Style::Plain) if is_absent(token) => missing_key(node.span),
                ("<<", Style::Plain) => merge_key(node.span),
                _ => return Some((Some(text), node.span)),
            },
            Kind::Alias(_) => alias_key(node.span),
            _ => structured_key(self.source, node.span),
        };
        self.find(refusal);
        Some((None, node.span))
    }

    /// The value of a key. An empty value has its place after the colon, and a block list begins with its dash: the
    /// parser reports the place after the dash if the list is not indented.
    fn value(&mut self, key: Span) -> Option<Node> {
        let token = self.tokens.get(self.at)?;
        let mut node = self.node()?;
        if is_absent(token) && token.anchor == 0 && token.tag.is_none() {
            node.span = self.after_colon(key).unwrap_or(node.span);
        } else if matches!(token.kind, Kind::List(StructureStyle::Block)) {
            node.span.start = self.dash(node.span.start).unwrap_or(node.span.start);
        }
        Some(node)
    }

    fn after_colon(&self, key: Span) -> Option<Span> {
        let rest = self.source.text.get(key.end..)?;
        let after = rest.trim_start_matches([' ', '\t']).strip_prefix(':')?;
        Some(self.source.empty(key.end + rest.len() - after.len()))
    }

    /// The dash at the start of the line of a place.
    fn dash(&self, at: usize) -> Option<usize> {
        let before = self.source.text.get(..at)?;
        let line = before.rfind(['\n', '\r']).map_or(0, |line_break| line_break + 1);
        let text = self.source.text.get(line..)?.trim_start_matches([' ', '\t']);
        text.starts_with('-').then_some(self.source.text.len() - text.len())
    }

    fn scalar(&self, token: &Token, text: &str, style: Style) -> Node {
        // the parser returns `~` for an empty value
        let text = if is_absent(token) { "" } else { text };
        let written = self.source.text.get(token.span.start..token.span.end).unwrap_or_default();
        let end = match style {
            Style::Literal | Style::Folded => {
                token.span.start + written.trim_end_matches([' ', '\t', '\r', '\n']).len()
            }
            _ => token.span.end,
        };
        let runs = runs::find(self.source.text, token, text, style).unwrap_or_default();
        let style = match style {
            Style::Plain => ScalarStyle::Plain,
            Style::SingleQuoted | Style::DoubleQuoted => ScalarStyle::Quoted,
            Style::Literal | Style::Folded => ScalarStyle::Block,
        };
        let kind = NodeKind::Scalar(Scalar { text: text.to_owned(), style, runs });
        Node { span: self.source.span(token.span.start, end), kind }
    }

    /// The expansion of an alias. Its place is that of the alias; nodes inside keep the place where they are
    /// written.
    fn aliased(&mut self, span: Span, anchor: Option<usize>) -> Option<Node> {
        let Some(start) = anchor.and_then(|anchor| self.anchors.get(&anchor)).copied() else {
            return Some(self.unsound(span, unknown_anchor(self.source, span)));
        };
        if anchor.is_some_and(|anchor| self.open.contains(&anchor)) {
            return Some(self.unsound(span, self_reference(self.source, span)));
        }
        let back = (self.at, self.alias);
        self.at = start;
        self.alias = self.alias.or(Some(span));
        let node = self.node()?;
        (self.at, self.alias) = back;
        Some(Node { span, ..node })
    }

    fn unsound(&mut self, span: Span, finding: Diagnostic) -> Node {
        self.find(finding);
        self.sound = false;
        let nothing = Scalar { text: String::new(), style: ScalarStyle::Plain, runs: Vec::new() };
        Node { span, kind: NodeKind::Scalar(nothing) }
    }

    fn count_aliased(&mut self, token: &Token) -> Option<()> {
        let Some(span) = self.alias else { return Some(()) };
        self.aliased += 1;
        if let Kind::Scalar(text, _) = &token.kind {
            self.aliased_bytes = self.aliased_bytes.saturating_add(text.len());
        }
        let message = if self.aliased > MAX_ALIASED_NODES {
            format!("the aliases of this file expand to more than {MAX_ALIASED_NODES} values")
        } else if self.aliased_bytes > MAX_ALIASED_BYTES {
            format!("the aliases of this file expand to more than {MAX_ALIASED_BYTES} bytes of text")
        } else {
            return Some(());
        };
        self.findings.push(Diagnostic::error("R103", span, message, "use a lookup or named steps instead of aliases"));
        None
    }
}

/// Whether nothing was written.
fn is_absent(token: &Token) -> bool {
    matches!(token.kind, Kind::Scalar(_, Style::Plain)) && token.span.start == token.span.end
}

fn duplicate(key: &str, first: Span, again: Span) -> Diagnostic {
    let message = format!("the key `{}` appears twice", shortened(key));
    let help = "keep one of them; to read a claim from two places, list them under `from`";
    Diagnostic::error("R102", again, message, help).says("again here").also(first, "first here")
}

/// A key short enough for a message.
fn shortened(key: &str) -> String {
    const LONGEST: usize = 60;
    if key.chars().count() <= LONGEST { key.to_owned() } else { key.chars().take(LONGEST).chain(['…']).collect() }
}

fn tagged(source: Source<'_>, span: Span) -> Diagnostic {
    if source.reader == Reader::Data {
        let help = "remove the tag; put text in quotes and write everything else without";
        return Diagnostic::error("R104", span, "tags are not part of the rule language", help);
    }
    let text = text_from(source, span.start);
    let tag = source.text.get(span.start..span.end).unwrap_or(text);
    let value = text.strip_prefix(tag).unwrap_or("").trim_start();
    let help = match value {
        "" => format!("write `{}` for the text, or remove the tag", traps::quoted(text)),
        value => format!("remove the tag: `{value}`; for the text write `{}`", traps::quoted(text)),
    };
    Diagnostic::error("R104", span, "tags are not part of the rule language", help)
}

/// The text that begins at a place, up to a bracket, comma or comment, or the end of its line.
fn text_from(source: Source<'_>, start: usize) -> &str {
    let line = source.text.get(start..).and_then(|rest| rest.split(['\n', '\r']).next()).unwrap_or("");
    let end = line.find([',', ']', '}']).unwrap_or(line.len());
    line.get(..end).unwrap_or(line).split(" #").next().unwrap_or("").trim_end()
}

fn merge_key(span: Span) -> Diagnostic {
    let help = "write the keys out, or share them with `defaults`, `steps` or `use`";
    Diagnostic::error("R104", span, "merge keys are not part of the rule language", help)
}

fn missing_key(span: Span) -> Diagnostic {
    Diagnostic::error("R104", span, "a value without a key", "write the key before the colon")
}

fn alias_key(span: Span) -> Diagnostic {
    Diagnostic::error("R104", span, "a key cannot be an alias", "write the key out")
}

fn structured_key(source: Source<'_>, span: Span) -> Diagnostic {
    let written = source.text.get(span.start..span.end).unwrap_or_default();
    let inner = written.trim_matches(['{', '}', ' ']);
    // `{{ $.name }}` without quotes is a map in a map in YAML
    if let Some(reference) = foreign::braces(inner).filter(|_| written.starts_with('{') && !inner.contains(':')) {
        let help = format!("write `{reference}`; inside other text write `\"… {{{reference}}} …\"`");
        let message =
            "double braces are not a placeholder: without quotes, YAML reads them as a map inside the key of a map";
        return Diagnostic::error("R104", span, message, help);
    }
    let help = "write a plain or quoted key; put text that begins with `[` or `{` in quotes";
    Diagnostic::error("R104", span, "a key cannot be a list or a map", help)
}

fn unknown_anchor(source: Source<'_>, span: Span) -> Diagnostic {
    let message = format!("there is no anchor for {} before this place", shown_alias(source, span));
    Diagnostic::error(
        "R104",
        span,
        message,
        match source.reader {
            Reader::Data => {
                "put quotes around the text if the `*` belongs to it, or define the anchor first".to_owned()
            }
            Reader::Rules => {
                format!(
                    "write `{}` for the text, or define the anchor first",
                    traps::quoted(text_from(source, span.start))
                )
            }
        },
    )
}

fn self_reference(source: Source<'_>, span: Span) -> Diagnostic {
    let message = format!("{} is inside the value that it refers to", shown_alias(source, span));
    Diagnostic::error("R104", span, message, "write out the inner value")
}

/// An alias by its name; in records and settings it is a value that begins with `*`.
fn shown_alias(source: Source<'_>, span: Span) -> String {
    match source.reader {
        Reader::Data => "this alias".to_owned(),
        Reader::Rules => format!("the alias `{}`", shortened(alias_name(source, span))),
    }
}

fn alias_name(source: Source<'_>, span: Span) -> &str {
    source.text.get(span.start..span.end).unwrap_or_default()
}
