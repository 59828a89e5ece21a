//! `squish`: `trim`, and every run of whitespace inside the text becomes one space.

use bumpalo::collections::String as ArenaString;

use super::blank::{is_blank, is_invisible};
use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const SQUISH: OpSpec = OpSpec {
    name: "squish",
    family: Family::Text,
    summary: "trims whitespace at both ends and collapses every run of it inside to one space",
    details: "Unicode whitespace is collapsed: line breaks, tabs and no-break spaces become plain spaces. The zero \
              width space, the word joiner and the byte order mark are removed everywhere; the zero width joiner \
              stays, because names in some scripts and emoji need it.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#""  Ada \t King\u00a0Lovelace\n""#, r#""Ada King Lovelace""#),
        example("", r#""Ada\u200b Lovelace""#, r#""Ada Lovelace""#),
        example("", r#"" \u00a0 ""#, r#""""#),
    ],
    build: |_| Ok(Box::new(Squish)),
};

#[derive(Debug)]
struct Squish;

impl Op for Squish {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim_matches(is_blank);
        if is_squished(text) {
            return Ok(Value::Text(text));
        }
        let mut made = ArenaString::with_capacity_in(text.len(), cx.arena);
        for c in text.chars().filter(|c| !is_invisible(*c)) {
            if !c.is_whitespace() {
                made.push(c);
            } else if !made.ends_with(' ') {
                made.push(' ');
            }
        }
        Ok(Value::Text(made.into_bump_str()))
    }
}

fn is_squished(text: &str) -> bool {
    let mut after_space = false;
    text.chars().all(|c| {
        let fits = !is_invisible(c) && (!c.is_whitespace() || (c == ' ' && !after_space));
        after_space = c == ' ';
        fits
    })
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn clean_text_is_not_copied() {
        let (arena, text) = (Bump::new(), String::from("Ada Lovelace"));
        let output = Squish.apply(Value::Text(&text), &Cx::bare(&arena)).unwrap();
        assert!(std::ptr::eq(output.as_text().unwrap(), text.as_str()));
    }

    proptest! {
        #[test]
        fn squish_is_idempotent(text in "[ \\t\u{a0}\u{200b}a-c]{0,20}") {
            let arena = Bump::new();
            let cx = Cx::bare(&arena);
            let once = Squish.apply(Value::Text(arena.alloc_str(&text)), &cx).unwrap();
            let twice = Squish.apply(once, &cx).unwrap();
            prop_assert_eq!(once.as_text(), twice.as_text());
            prop_assert!(is_squished(once.as_text().unwrap()));
        }
    }
}
