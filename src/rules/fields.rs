//! Reading the keys of a map: every known key once, unknown keys reported with what was probably meant.

use super::node::{Entry, Node};
use super::syntax::Word;
use crate::diag::{Diagnostic, Findings, Span, closest};

/// Keys that have another name, which is accepted wherever the key is: other name, key.
const OTHER_NAMES: &[(&str, &str)] =
    &[("target", "schema"), ("refuse", "deny"), ("refused", "denied"), ("rejected", "invalid")];

/// The keys of one map of a rule file.
pub struct Fields<'n> {
    what: &'static str,
    span: Span,
    entries: &'n [Entry],
}

impl<'n> Fields<'n> {
    /// Opens a map; reports every key that is not known.
    pub fn open(node: &'n Node, what: &'static str, known: &[&'static str], findings: &mut Findings) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            findings.push(wrong_shape(node, what, "a map", known));
            return None;
        };
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            match usual_name(&entry.key).filter(|key| known.contains(key)) {
                Some(key) => written_once(entry, key, entries, findings),
                None => findings.push(unknown_key(entry, what, known)),
            }
        }
        Some(Self { what, span: node.span, entries })
    }

    /// The entry of a key.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&'n Entry> {
        let written = |name: &str| self.entries.iter().find(|entry| entry.key == name);
        let other = || OTHER_NAMES.iter().find(|(_, usual)| *usual == key).and_then(|(other, _)| written(other));
        written(key).or_else(other)
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value of a key that must be there.
    pub fn need(&self, key: &'static str, findings: &mut Findings) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            let message = format!("{} needs `{key}`", self.what);
            findings.push(Diagnostic::error("R108", self.span, message, format!("add `{key}:`")));
        }
        found
    }

    /// The text of a key.
    pub fn word(&self, key: &str, findings: &mut Findings) -> Option<Word> {
        self.get(key).and_then(|node| word(node, findings))
    }

    /// The boolean of a key.
    pub fn boolean(&self, key: &str, findings: &mut Findings) -> Option<bool> {
        let node = self.get(key)?;
        boolean(node, findings)
    }

    /// The elements of a key that holds a list.
    pub fn list(&self, key: &str, findings: &mut Findings) -> &'n [Node] {
        self.get(key).map_or(&[], |node| list(node, findings))
    }

    /// One of some words, by its position.
    pub fn choice(&self, key: &str, words: &[&'static str], findings: &mut Findings) -> Option<usize> {
        let node = self.get(key)?;
        choice(node, words, findings)
    }
}

fn usual_name(key: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(other, _)| *other == key).map(|(_, usual)| *usual)
}

/// A key may stand once, under one of its names.
fn written_once(entry: &Entry, key: &str, entries: &[Entry], findings: &mut Findings) {
    if let Some(first) = entries.iter().find(|entry| entry.key == key) {
        let message = format!("`{}` is another name of `{key}`, which is here already", entry.key);
        let finding = Diagnostic::error("R102", entry.key_span, message, "keep one of the two");
        findings.push(finding.also(first.key_span, format!("`{key}` here")));
    }
}

/// One of some words, by its position.
pub fn choice(node: &Node, words: &[&'static str], findings: &mut Findings) -> Option<usize> {
    let found = node.as_text().and_then(|text| words.iter().position(|word| *word == text));
    if found.is_none() {
        findings.push(match node.as_text() {
            Some(text) if !node.is_null() => no_choice(node, text, words),
            _ => expected(node, &format!("one of {}", quoted(words))),
        });
    }
    found
}

/// `true` or `false`.
pub fn boolean(node: &Node, findings: &mut Findings) -> Option<bool> {
    let value = node.as_bool();
    if value.is_none() {
        findings.push(no_boolean(node, "`true` or `false`"));
    }
    value
}

/// The boolean that a word of YAML 1.1, or one in quotes, was meant as.
#[must_use]
pub fn meant_boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "true" => Some(true),
        "no" | "off" | "n" | "false" => Some(false),
        _ => None,
    }
}

/// A boolean was expected here.
#[must_use]
pub fn no_boolean(node: &Node, wanted: &str) -> Diagnostic {
    let meant = node.as_text().and_then(|text| Some((meant_boolean(text)?, text)));
    let Some((meant, text)) = meant else { return expected(node, wanted) };
    let message = format!("expected {wanted}, found the text `{text}`");
    let quoted = if text.eq_ignore_ascii_case(&meant.to_string()) { " without quotes" } else { "" };
    Diagnostic::error("R107", node.span, message, format!("write `{meant}`{quoted}"))
}

/// The text of a node.
pub fn word(node: &Node, findings: &mut Findings) -> Option<Word> {
    match node.as_text() {
        Some(text) if !node.is_null() => Some(Word { text: text.to_owned(), span: node.span }),
        _ => {
            findings.push(expected(node, "text"));
            None
        }
    }
}

/// The elements of a node.
pub fn list<'n>(node: &'n Node, findings: &mut Findings) -> &'n [Node] {
    node.as_list().unwrap_or_else(|| {
        findings.push(expected(node, "a list"));
        &[]
    })
}

/// The entries of a node.
pub fn map<'n>(node: &'n Node, findings: &mut Findings) -> &'n [Entry] {
    node.as_map().unwrap_or_else(|| {
        findings.push(expected(node, "a map"));
        &[]
    })
}

/// The key of an entry as a word.
#[must_use]
pub fn key(entry: &Entry) -> Word {
    Word { text: entry.key.clone(), span: entry.key_span }
}

/// What a node is, in the words of a rule author.
#[must_use]
pub fn shape(node: &Node) -> &'static str {
    match node {
        _ if node.as_map().is_some() => "a map",
        _ if node.as_list().is_some() => "a list",
        _ if node.is_null() => "nothing",
        _ => "text",
    }
}

/// Something else was expected here.
#[must_use]
pub fn expected(node: &Node, what: &str) -> Diagnostic {
    Diagnostic::error(
        "R107",
        node.span,
        format!("expected {what}, found {}", shape(node)),
        format!("write {what} here"),
    )
}

fn no_choice(node: &Node, text: &str, words: &[&'static str]) -> Diagnostic {
    let help = match closest(text, words.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write one of these words".to_owned(),
    };
    Diagnostic::error("R107", node.span, format!("expected one of {}, found `{text}`", quoted(words)), help)
}

fn wrong_shape(node: &Node, what: &str, shape_wanted: &str, known: &[&str]) -> Diagnostic {
    let message = format!("{what} is {shape_wanted}, found {}", shape(node));
    Diagnostic::error("R107", node.span, message, format!("its keys are {}", quoted(known)))
}

fn unknown_key(entry: &Entry, what: &str, known: &[&'static str]) -> Diagnostic {
    let help = match closest(&entry.key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the keys of {what} are {}", quoted(known)),
    };
    Diagnostic::error("R106", entry.key_span, format!("`{}` is not a key of {what}", entry.key), help)
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
