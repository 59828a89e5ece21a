//! Reading the keys of a map: every known key once, unknown keys reported with what was probably meant.

use super::misnamed;
use super::node::{Entry, Node, NodeKind};
use super::syntax::Word;
use crate::diag::{Diagnostic, Findings, Span, closest};

/// Keys with an alias, which is accepted wherever the key is: alias, key.
const OTHER_NAMES: &[(&str, &str)] =
    &[("target", "schema"), ("refuse", "deny"), ("refused", "denied"), ("rejected", "invalid")];

/// The keys of one map of a rule file.
pub struct Fields<'n> {
    what: &'static str,
    span: Span,
    entries: &'n [Entry],
    /// The keys that were suggested in place of unknown ones.
    meant: Vec<String>,
}

impl<'n> Fields<'n> {
    /// Opens a map; reports every key that is not known.
    pub fn open(node: &'n Node, what: &'static str, known: &[&'static str], findings: &mut Findings) -> Option<Self> {
        let Some(entries) = node.as_map() else {
            findings.push(wrong_shape(node, what, "a map", known));
            return None;
        };
        let mut meant = Vec::new();
        for entry in entries.iter().filter(|entry| !known.contains(&entry.key.as_str())) {
            if let Some(key) = canonical_name(&entry.key).filter(|key| known.contains(key)) {
                check_alias(entry, key, entries, findings);
                continue;
            }
            let help = meant_key(entry, what, known);
            meant.extend(help.clone());
            let help = help.unwrap_or_else(|| elsewhere(entry, what, known));
            let message = format!("`{}` is not a key of {what}", entry.key);
            findings.push(Diagnostic::error("R106", entry.key_span, message, help));
        }
        Some(Self { what, span: node.span, entries, meant })
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

    /// The value of a required key.
    pub fn need(&self, key: &'static str, findings: &mut Findings) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() && !self.is_misspelled(key) {
            let message = format!("{} needs `{key}`", self.what);
            findings.push(Diagnostic::error("R108", self.span, message, format!("add `{}`", example(self.what, key))));
        }
        found
    }

    /// Whether an unknown key was probably meant to be this one, so that it is not missing as well.
    #[must_use]
    pub fn is_misspelled(&self, key: &str) -> bool {
        self.meant.iter().any(|help| help.contains(&format!("`{key}:")) || help.contains(&format!("`{key}`")))
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

    /// The elements of a key whose value is a list.
    pub fn list(&self, key: &str, findings: &mut Findings) -> &'n [Node] {
        self.get(key).map_or(&[], |node| list(node, findings))
    }

    /// One of some words, by its position.
    pub fn choice(&self, key: &str, words: &[&'static str], findings: &mut Findings) -> Option<usize> {
        let node = self.get(key)?;
        choice(node, words, findings)
    }
}

fn canonical_name(key: &str) -> Option<&'static str> {
    OTHER_NAMES.iter().find(|(other, _)| *other == key).map(|(_, usual)| *usual)
}

/// Reports a key that is given twice, under different names.
fn check_alias(entry: &Entry, key: &str, entries: &[Entry], findings: &mut Findings) {
    if let Some(first) = entries.iter().find(|entry| entry.key == key) {
        let message = format!("`{}` is another name for `{key}`, which is already present", entry.key);
        let finding = Diagnostic::error("R102", entry.key_span, message, "keep one of the two");
        findings.push(finding.also(first.key_span, format!("`{key}` here")));
    }
}

/// One of some words, by its position.
pub fn choice(node: &Node, words: &[&'static str], findings: &mut Findings) -> Option<usize> {
    let found = node.as_text().and_then(|text| words.iter().position(|word| *word == text));
    if found.is_none() {
        findings.push(match node.as_text() {
            Some(text) if !node.is_null() => not_a_choice(node, text, words),
            _ => expected(node, &format!("one of {}", quoted(words))),
        });
    }
    found
}

/// `true` or `false`.
pub fn boolean(node: &Node, findings: &mut Findings) -> Option<bool> {
    let value = node.as_bool();
    if value.is_none() {
        findings.push(not_a_boolean(node, "`true` or `false`"));
    }
    value
}

/// The boolean that a word of YAML 1.1, or a boolean in quotes, was meant as.
#[must_use]
pub fn meant_boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "on" | "y" | "true" => Some(true),
        "no" | "off" | "n" | "false" => Some(false),
        _ => None,
    }
}

/// The finding for a value that is not a boolean.
#[must_use]
pub fn not_a_boolean(node: &Node, wanted: &str) -> Diagnostic {
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
        let help = match (&node.kind, node.as_text()) {
            (NodeKind::Map(_), _) => "put `- ` before its first key, or brackets around it: `[ { … } ]`".to_owned(),
            (_, Some(text)) if !node.is_null() => format!("put it in brackets: `[ {text} ]`"),
            _ => "write a list, such as `[ … ]`".to_owned(),
        };
        findings.push(Diagnostic { help, ..expected(node, "a list") });
        &[]
    })
}

/// The entries of a node.
pub fn map<'n>(node: &'n Node, findings: &mut Findings) -> &'n [Entry] {
    node.as_map().unwrap_or_else(|| {
        let help = match &node.kind {
            NodeKind::List(_) => "leave out the dashes or brackets: a map is `key: value`, one on each line".to_owned(),
            _ => "write a map: `key: value`, indented below".to_owned(),
        };
        findings.push(Diagnostic { help, ..expected(node, "a map") });
        &[]
    })
}

/// The key of an entry as a word.
#[must_use]
pub fn key(entry: &Entry) -> Word {
    Word { text: entry.key.clone(), span: entry.key_span }
}

/// The type of a node, in words for rule authors.
#[must_use]
pub fn shape(node: &Node) -> &'static str {
    match node {
        _ if node.as_map().is_some() => "a map",
        _ if node.as_list().is_some() => "a list",
        _ if node.is_null() => "nothing",
        _ => "text",
    }
}

/// Warns of a word that means no value in another language, but is text here.
pub fn nothing_as_text(node: &Node, instead: &str, findings: &mut Findings) {
    let Some(word) = node.plain().filter(|text| ["None", "nil", "Nil", "undefined", "NaN", "(null)"].contains(text))
    else {
        return;
    };
    let help = format!("write {instead} for no value, and `\"{word}\"` for the word");
    findings.push(Diagnostic::warning("R113", node.span, format!("`{word}` is text here, not \"no value\""), help));
}

/// `NULL`, which is no value here and may have been meant as the word that an export writes.
pub fn null_as_word(node: &Node, instead: &str, findings: &mut Findings) {
    let Some(word @ ("NULL" | "Null")) = node.plain() else { return };
    let message = format!("`{word}` without quotes is no value, not the text `{word}`");
    let help = format!("write {instead} for no value, and `\"{word}\"` for the text");
    findings.push(Diagnostic::warning("R113", node.span, message, help));
}

/// The finding for a value of the wrong shape.
#[must_use]
pub fn expected(node: &Node, what: &str) -> Diagnostic {
    Diagnostic::error(
        "R107",
        node.span,
        format!("expected {what}, found {}", shape(node)),
        format!("write {what} here"),
    )
}

/// The finding for an empty list or map.
#[must_use]
pub fn empty(node: &Node, message: &str, example: &str) -> Diagnostic {
    Diagnostic::error("R107", node.span, message, format!("write one, such as `{example}`, or remove it"))
}

fn not_a_choice(node: &Node, text: &str, words: &[&'static str]) -> Diagnostic {
    let help = match choice_elsewhere(text, words).or_else(|| closest(text, words.iter().copied())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write one of these words".to_owned(),
    };
    Diagnostic::error("R107", node.span, format!("expected one of {}, found `{text}`", quoted(words)), help)
}

/// The choice that has this name in other tools.
fn choice_elsewhere<'w>(text: &str, words: &[&'w str]) -> Option<&'w str> {
    const WORDS: &[(&str, &str)] = &[
        ("s", "seconds second sec secs unix"),
        ("ms", "milliseconds millisecond millis milli js"),
        ("us", "microseconds microsecond micros"),
        ("ns", "nanoseconds nanosecond nanos"),
        ("reject", "fail error abort raise throw stop strict deny"),
        ("skip", "ignore drop omit null none continue silent"),
        ("warn", "log warning report"),
        ("default", "fallback use_default"),
        ("allow", "ignore accept permit ok"),
        ("missing", "drop null skip remove"),
        ("list", "all array collect"),
        ("latin1", "iso-8859-1 iso8859-1 iso_8859_1"),
        ("cp1252", "windows-1252 win1252 ansi"),
        ("utf-8", "utf8"),
        ("utf-16le", "utf16 utf-16 utf16le unicode"),
    ];
    let text = text.to_ascii_lowercase();
    WORDS
        .iter()
        .filter(|(_, names)| names.split(' ').any(|name| name == text))
        .find_map(|(meant, _)| words.iter().copied().find(|word| word == meant))
}

fn wrong_shape(node: &Node, what: &str, shape_wanted: &str, known: &[&str]) -> Diagnostic {
    let message = format!("{what} is {shape_wanted}, found {}", shape(node));
    let text = node.as_text().filter(|text| text.starts_with('$')).unwrap_or("$.field");
    let help = match what {
        "`identify`" => format!("write `{{ id: {text}, logins: [ $.login ] }}`"),
        "`credential`" => {
            format!("write `{{ from: {text}, scheme: bcrypt }}`; `landfall password schemes` lists the schemes")
        }
        "`defaults`" => "write `{ on_error: warn }`".to_owned(),
        "an entry of `admit`" => "write `{ deny: closed_account, when: { $.closed: true } }`".to_owned(),
        "an entry of `checks`" => "write `{ needs: { $account.email.value: present }, because: no_email }`".to_owned(),
        "`accounts`" => format!("write `{{ name: member, from: {text} }}`"),
        _ => format!("its keys are {}", quoted(known)),
    };
    Diagnostic::error("R107", node.span, message, help)
}

/// What to write instead of an unknown key, if that is clear.
fn meant_key(entry: &Entry, what: &str, known: &[&'static str]) -> Option<String> {
    if what == "a rule file" && entry.key.contains('.') {
        return None;
    }
    unspaced(&entry.key, known)
        .or_else(|| misnamed::help(what, &entry.key))
        .or_else(|| closest(&entry.key, known.iter().copied()).map(|near| format!("did you mean `{near}`?")))
}

/// An example for a missing key.
fn example(what: &str, key: &str) -> String {
    let value = match (what, key) {
        ("`identify`", "id") => "$.id",
        ("an entry of `admit`", "when") => "{ $.status: closed }",
        ("an entry of `admit`", "refuse") => "closed_account",
        ("an entry of `checks`", "needs") => "{ $account.email.value: present }",
        ("an entry of `checks`", "because") => "active_without_email",
        ("`accounts`", "name") => "member",
        ("`accounts`", "from") => "$.members",
        ("an example", "input") => "the input",
        ("an example", "gives") => "the expected result",
        _ => "…",
    };
    format!("{key}: {value}")
}

/// The help for `from:$.a`: a missing space after the colon.
fn unspaced(key: &str, known: &[&'static str]) -> Option<String> {
    let (name, value) = key.split_once(':').filter(|(name, _)| known.contains(name))?;
    Some(format!("put a space after the colon: `{name}: {value}`"))
}

/// The known keys, and where an unknown one may belong.
fn elsewhere(entry: &Entry, what: &str, known: &[&str]) -> String {
    let keys = format!("the keys of {what} are {}", quoted(known));
    match what {
        "a rule file" if entry.key.contains('.') || entry.value.as_text().is_some_and(|text| text.starts_with('$')) => {
            format!("claims go under `account:`, indented deeper: `account: {{ {}: … }}`", entry.key)
        }
        "a rule" if entry.value.is_null() || entry.value.as_bool() == Some(true) => {
            format!("steps go in `do`: `do: [ {} ]`; {keys}", entry.key)
        }
        "a rule" => format!("steps go in `do`: `do: [ {{ {}: … }} ]`; {keys}", entry.key),
        _ => keys,
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
