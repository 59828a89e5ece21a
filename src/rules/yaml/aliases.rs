//! How much text the aliases of a YAML file expand to.

use std::collections::HashMap;

use granit_parser::{Event, Parser};

use super::MAX_ALIASED_BYTES;

/// Whether the aliases of a text expand to at most [`MAX_ALIASED_BYTES`], for readers that expand them without a limit.
/// A text that has aliases and is not YAML is over the limit.
#[must_use]
pub fn aliases_are_bounded(text: &str) -> bool {
    // Aliases need both characters.
    if !(text.contains('&') && text.contains('*')) {
        return true;
    }
    let mut sizes = Sizes { most: text.len().saturating_add(MAX_ALIASED_BYTES), ..Sizes::default() };
    Parser::new_from_str(text).all(|event| event.is_ok_and(|(event, _)| sizes.take(&event)))
}

#[derive(Default)]
struct Sizes {
    /// The expanded size of each anchor, in bytes.
    anchors: HashMap<usize, usize>,
    /// Anchors of the lists and maps that are open, and the bytes before them.
    open: Vec<(usize, usize)>,
    /// Bytes so far, with aliases expanded.
    bytes: usize,
    most: usize,
}

impl Sizes {
    fn take(&mut self, event: &Event<'_>) -> bool {
        match event {
            Event::Scalar(text, _, anchor, _) => {
                // An empty value takes space, too.
                let size = text.len().saturating_add(1);
                self.anchors.insert(*anchor, size);
                self.bytes = self.bytes.saturating_add(size);
            }
            Event::Alias(anchor) => {
                let size = self.anchors.get(anchor).copied().unwrap_or(0);
                self.bytes = self.bytes.saturating_add(size).saturating_add(1);
            }
            Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) => {
                self.open.push((*anchor, self.bytes));
                self.bytes = self.bytes.saturating_add(1);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((anchor, before)) = self.open.pop() {
                    self.anchors.insert(anchor, self.bytes.saturating_sub(before));
                }
            }
            _ => {}
        }
        self.bytes <= self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_have_a_size_limit() {
        assert!(aliases_are_bounded("a: &x [ one, two ]\nb: *x\nc: [ *x, *x ]\n"));
        assert!(aliases_are_bounded("{\"a\": \"1 & 2 * 3\"}"));
        let long = format!("a: &x {}\nb: [ {}*x ]\n", "x".repeat(50_000), "*x, ".repeat(8_000));
        assert!(!aliases_are_bounded(&long));
        let nested: String = (1..30).map(|at| format!("a{at}: &a{at} [ *a{}, *a{} ]\n", at - 1, at - 1)).collect();
        assert!(!aliases_are_bounded(&format!("a0: &a0 x\n{nested}")));
    }
}
