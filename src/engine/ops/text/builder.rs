//! Text built by a step, within the limits of a run.

use bumpalo::collections::String as ArenaString;

use crate::engine::context::Cx;
use crate::engine::limits::{MAX_ELEMENTS, MAX_ITERATED_BYTES, MAX_TEXT_BYTES};
use crate::engine::op::Failure;
use crate::model::Value;

/// The `fails` text of steps that use [`TextBuilder`].
pub(in crate::engine::ops) const TOO_LONG: &str = "the result would be longer than 256 KiB";

/// The `fails` text of steps that use [`searchable`].
pub(in crate::engine::ops) const TOO_LONG_TO_SEARCH: &str = "the text is longer than 4 KiB";

/// Text under construction; rejects growth beyond [`MAX_TEXT_BYTES`] before it allocates.
pub(in crate::engine::ops) struct TextBuilder<'a>(ArenaString<'a>);

impl<'a> TextBuilder<'a> {
    /// Empty text.
    pub(in crate::engine::ops) fn new(cx: &Cx<'a>) -> Self {
        Self(ArenaString::new_in(cx.arena))
    }

    /// Adds a text.
    pub(in crate::engine::ops) fn push(&mut self, part: &str) -> Result<(), Failure> {
        if self.0.len().saturating_add(part.len()) > MAX_TEXT_BYTES {
            return Err(Failure::new(format!("the result is longer than {MAX_TEXT_BYTES} bytes")));
        }
        self.0.push_str(part);
        Ok(())
    }

    /// Adds a character.
    pub(in crate::engine::ops) fn push_char(&mut self, c: char) -> Result<(), Failure> {
        self.push(c.encode_utf8(&mut [0; 4]))
    }

    /// The text.
    pub(in crate::engine::ops) fn finish(self) -> Value<'a> {
        Value::Text(self.0.into_bump_str())
    }
}

/// Concatenates two texts.
pub(super) fn joined<'a>(first: &str, second: &str, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let mut made = TextBuilder::new(cx);
    made.push(first)?;
    made.push(second)?;
    Ok(made.finish())
}

/// Rejects text that is too long to be searched for many matches.
pub(in crate::engine::ops) fn searchable(text: &str) -> Result<(), Failure> {
    if text.len() > MAX_ITERATED_BYTES {
        return Err(Failure::new(format!("the text is longer than {MAX_ITERATED_BYTES} bytes")));
    }
    Ok(())
}

/// Rejects another element if a list is full.
pub(super) fn check_room(elements: usize) -> Result<(), Failure> {
    if elements >= MAX_ELEMENTS {
        return Err(Failure::new(format!("the result has more than {MAX_ELEMENTS} elements")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;

    #[test]
    fn text_stops_growing_at_the_limit() {
        let arena = Bump::new();
        let mut made = TextBuilder::new(&Cx::bare(&arena));
        made.push(&"x".repeat(MAX_TEXT_BYTES - 1)).unwrap();
        assert!(made.push("é").is_err());
        made.push("x").unwrap();
        assert_eq!(made.push_char('x').unwrap_err().message(), "the result is longer than 262144 bytes");
        assert_eq!(made.finish().as_text().map(str::len), Some(MAX_TEXT_BYTES));
    }
}
