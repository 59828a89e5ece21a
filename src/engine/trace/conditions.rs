//! Finds the text of a condition in the rule file, from the place in its event.

use crate::diag::{FileId, Files, Findings, Span};
use crate::rules::{Node, read};

/// The trees of the rule files, parsed once per rendering.
pub(super) struct Written<'f> {
    files: &'f Files,
    trees: Vec<(FileId, Option<Node>)>,
}

impl<'f> Written<'f> {
    pub(super) fn new(files: &'f Files) -> Self {
        Self { files, trees: Vec::new() }
    }

    /// The condition under a key of the rule, check or denial at a place, on one line.
    pub(super) fn condition(&mut self, word: &str, span: Span) -> Option<String> {
        if !self.trees.iter().any(|(file, _)| *file == span.file) {
            self.trees.push((span.file, read(self.files, span.file, &mut Findings::default())));
        }
        let (_, tree) = self.trees.iter().find(|(file, _)| *file == span.file)?;
        let key = if word == "admit" { "when" } else { word };
        let condition = find(tree.as_ref()?, key, span)?;
        let lines: Vec<&str> = self.files.excerpt(condition.span).split_whitespace().collect();
        Some(lines.join(" "))
    }
}

fn find<'n>(node: &'n Node, key: &str, span: Span) -> Option<&'n Node> {
    if node.span == span {
        return node.get(key);
    }
    if let Some(items) = node.as_list() {
        return items.iter().find_map(|item| find(item, key, span));
    }
    let entries = node.as_map()?;
    for entry in entries {
        if entry.key_span == span {
            return entry.value.get(key);
        }
        if matches!(entry.key.as_str(), "deny" | "refuse" | "because") && entry.value.span == span {
            return node.get(key);
        }
    }
    entries.iter().find_map(|entry| find(&entry.value, key, span))
}
