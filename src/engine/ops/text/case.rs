//! `lowercase`, `uppercase`, `capitalize`, `title_case`: change the case of letters by Unicode's mappings.

use bumpalo::collections::String as ArenaString;

use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example};
use crate::model::{Kinds, Value};

/// The row of `lowercase`.
pub const LOWERCASE: OpSpec = OpSpec {
    name: "lowercase",
    family: Family::Text,
    summary: "converts all letters to lower case",
    details: "Uses Unicode's language-independent mapping: `I` becomes `i` in Turkish text, too.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#""Ines.VALDEZ@example.org""#, r#""ines.valdez@example.org""#),
        example("", r#""ÉLODIE ΣΟΦΟΣ""#, r#""élodie σοφος""#),
    ],
    build: |_| Ok(Box::new(Case::Lower)),
};

/// The row of `uppercase`.
pub const UPPERCASE: OpSpec = OpSpec {
    name: "uppercase",
    family: Family::Text,
    summary: "converts all letters to upper case",
    details: "Uses Unicode's language-independent mapping; `ß` becomes `SS`.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#""de""#, r#""DE""#), example("", r#""straße 4b""#, r#""STRASSE 4B""#)],
    build: |_| Ok(Box::new(Case::Upper)),
};

/// The row of `capitalize`.
pub const CAPITALIZE: OpSpec = OpSpec {
    name: "capitalize",
    family: Family::Text,
    summary: "converts the first character to upper case and leaves the rest unchanged",
    details: "A first character whose uppercase form has several letters, such as `ß`, stays unchanged.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#""élodie van Dam""#, r#""Élodie van Dam""#),
        example("", r#""""#, r#""""#),
        example("", r#""3rd floor""#, r#""3rd floor""#),
    ],
    build: |_| Ok(Box::new(Case::Capital)),
};

/// The row of `title_case`.
pub const TITLE_CASE: OpSpec = OpSpec {
    name: "title_case",
    family: Family::Text,
    summary: "converts the first letter of every word to upper case and the others to lower case",
    details: "A word starts after whitespace, a hyphen or a period, and after an apostrophe that follows a single \
              letter (`O'Brien`, but `It's`). Names with capitals inside (`McAdam`) or a lowercase start (`van Dam`) \
              lose them, so use this only if the source writes names in capitals.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "",
    takes_nothing: false,
    examples: &[
        example("", r#""ANNE-MARIE O'BRIEN""#, r#""Anne-Marie O'Brien""#),
        example("", r#""it's j.r. söderström""#, r#""It's J.R. Söderström""#),
    ],
    build: |_| Ok(Box::new(Case::Title)),
};

#[derive(Debug)]
enum Case {
    Lower,
    Upper,
    Capital,
    Title,
}

impl Op for Case {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        Ok(match self {
            Self::Lower => Value::Text(cx.lowercase(text)),
            Self::Upper if text.chars().all(|c| c.to_uppercase().eq([c])) => Value::Text(text),
            Self::Upper => cx.keep(&text.to_uppercase()),
            Self::Capital => capitalized(text, cx),
            Self::Title => title_cased(text, cx),
        })
    }
}

fn capitalized<'a>(text: &'a str, cx: &Cx<'a>) -> Value<'a> {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) if upper(first) != first => {
            let mut made = ArenaString::with_capacity_in(text.len() + 4, cx.arena);
            made.push(upper(first));
            made.push_str(rest.as_str());
            Value::Text(made.into_bump_str())
        }
        _ => Value::Text(text),
    }
}

fn title_cased<'a>(text: &'a str, cx: &Cx<'a>) -> Value<'a> {
    let mut made = ArenaString::with_capacity_in(text.len(), cx.arena);
    let mut letters = 0;
    // lowercased as a whole, because a final sigma depends on its word
    for c in text.to_lowercase().chars() {
        made.push(if letters == 0 { upper(c) } else { c });
        letters = match c {
            '\'' | '’' if letters == 1 => 0,
            '-' | '.' => 0,
            c if c.is_whitespace() => 0,
            _ => letters + 1,
        };
    }
    if made == text { Value::Text(text) } else { Value::Text(made.into_bump_str()) }
}

/// The uppercase form of a letter, if it is a single character.
fn upper(c: char) -> char {
    let mut capital = c.to_uppercase();
    match (capital.next(), capital.next()) {
        (Some(capital), None) => capital,
        _ => c,
    }
}
