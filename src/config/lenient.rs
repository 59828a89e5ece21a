//! Reads settings despite mistakes: a value that cannot be read is reported and left out, and the rest is read again,
//! until nothing is wrong.
//!
//! serde stops at the first mistake, but people want to see all mistakes at once.

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::fault::{Fault, one_of};
use super::reader::{KIND, Reader};
use super::tree::{Member, Step, Tree, TreeKind};
use crate::diag::{Diagnostic, Findings, Span, closest};

/// The most mistakes that are reported. Stops a large file of mistakes from being read ten thousand times; nobody fixes
/// more at once.
const MAX_MISTAKES: usize = 100;

/// Reads a tree. `None` if something required could not be read.
pub(super) fn read<T: DeserializeOwned>(tree: &mut Tree, findings: &mut Findings) -> Option<T> {
    for _ in 0..MAX_MISTAKES {
        let error = match serde_path_to_error::deserialize(Reader::new(tree)) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let steps = steps(error.path());
        let rejected = reject(tree, steps, error.into_inner(), findings)?;
        tree.at_mut(&rejected)?.rejected = true;
        if rejected.is_empty() {
            return None;
        }
    }
    None
}

/// Adds required keys that are missing, as rejected ones, so that all of them are reported.
pub(super) fn require(tree: &mut Tree, keys: &[&'static str], findings: &mut Findings) {
    let missing: Vec<&str> = keys.iter().copied().filter(|key| tree.member(key).is_none()).collect();
    for key in missing {
        let at = Span { end: tree.span.start, ..tree.span };
        findings.push(missing_key(key, at));
        add_rejected(tree, key);
    }
}

fn steps(path: &serde_path_to_error::Path) -> Vec<Step> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// Reports a fault, and returns the path of what is to be left out.
fn reject(tree: &mut Tree, mut steps: Vec<Step>, fault: Fault, findings: &mut Findings) -> Option<Vec<Step>> {
    match fault {
        Fault::Unknown { key, known } => {
            if steps.last() != Some(&Step::Key(key.clone())) {
                steps.push(Step::Key(key.clone()));
            }
            let (_, outer) = steps.split_last()?;
            let member = tree.at(outer)?.member(&key)?;
            findings.push(unknown_key(member, outer, &known));
        }
        Fault::Missing(key) => {
            let at = at_key(tree, &steps)?;
            let node = tree.at_mut(&steps)?;
            if node.member(key).is_none() {
                findings.push(missing_key(key, at));
                add_rejected(node, key);
            }
        }
        Fault::Choice { word, known } => {
            if matches!(tree.at(&steps)?.kind, TreeKind::Map(_)) {
                steps.push(Step::Key(KIND.to_owned()));
            }
            findings.push(wrong_word(tree.at(&steps)?.span, &word, &known));
        }
        Fault::Wrong(sentence) => {
            let node = tree.at(&steps)?;
            let at = if node.is_null() { at_key(tree, &steps)? } else { node.span };
            let help = format!("fix `{}`; `landfall config init` prints an example", name(&steps));
            findings.push(Diagnostic::error("R502", at, sentence, help));
        }
    }
    Some(steps)
}

fn add_rejected(node: &mut Tree, key: &str) {
    let (at, kind) = (node.span, TreeKind::List(Vec::new()));
    if let TreeKind::Map(members) = &mut node.kind {
        let value = Tree { span: at, kind, rejected: true };
        members.push(Member { key: key.to_owned(), key_span: at, value });
    }
}

/// The place of the key of a value; for an element, of the element itself.
fn at_key(tree: &Tree, steps: &[Step]) -> Option<Span> {
    match steps.split_last() {
        Some((Step::Key(key), outer)) => Some(tree.at(outer)?.member(key)?.key_span),
        Some(_) => Some(tree.at(steps)?.span),
        None => Some(Span { end: tree.span.start, ..tree.span }),
    }
}

/// The path of a setting as it is written in the reference: `login.attempts`.
fn name(steps: &[Step]) -> String {
    let names: Vec<&str> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(key.as_str()),
            Step::Index(_) => None,
        })
        .collect();
    names.join(".")
}

fn unknown_key(member: &Member, outer: &[Step], known: &[&str]) -> Diagnostic {
    let place = if outer.is_empty() { "the settings".to_owned() } else { format!("`{}`", name(outer)) };
    let help = match closest(&member.key, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let keys: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
            format!("the keys of {place} are {}", keys.join(", "))
        }
    };
    Diagnostic::error("R501", member.key_span, format!("`{}` is not a key of {place}", member.key), help)
}

fn missing_key(key: &str, at: Span) -> Diagnostic {
    Diagnostic::error("R503", at, format!("`{key}` is missing"), format!("add `{key}:`"))
}

fn wrong_word(at: Span, word: &str, known: &[&str]) -> Diagnostic {
    let help = match closest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "use one of these words".to_owned(),
    };
    // what does not look like a word may be a secret in the wrong place
    let is_word = word.len() <= 16 && word.chars().all(|c| c.is_alphabetic() || matches!(c, '_' | '-'));
    let found = if is_word { format!("`{word}`") } else { "another text".to_owned() };
    Diagnostic::error("R502", at, format!("expected {}, found {found}", one_of(known)), help)
}
