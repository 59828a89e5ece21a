//! `gender`: normalizes genders to one of three words.

use bumpalo::collections::String as ArenaString;

use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example, example_failure, example_nothing};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const GENDER: OpSpec = OpSpec {
    name: "gender",
    family: Family::Identity,
    summary: "converts a gender to `male`, `female` or `other`",
    details: "Accepts letters, English and German words, and the numbers of ISO/IEC 5218 (1 male, 2 female), which \
              Magento also uses. Values for an unknown gender (`u`, `unknown`, `0`, `9`, Magento's `3`) give no value. If a \
              system uses other codes, use a `lookup`.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "the word is unknown",
    takes_nothing: false,
    examples: &[
        example("", r#""F""#, r#""female""#),
        example("", r#"" Male ""#, r#""male""#),
        example("", r#""non-binary""#, r#""other""#),
        example("", "1", r#""male""#),
        example_nothing("", r#""u""#),
        example_failure("", r#""Ada""#),
    ],
    build: |_| Ok(Box::new(Gender)),
};

const MALE: &[&str] = &["m", "male", "man", "männlich", "maennlich", "1"];
const FEMALE: &[&str] = &["f", "female", "woman", "w", "weiblich", "2"];
const OTHER: &[&str] =
    &["o", "other", "x", "d", "divers", "diverse", "nonbinary", "nb", "nonconforming", "genderdiverse"];
const UNKNOWN: &[&str] = &[
    "",
    "u",
    "unknown",
    "unspecified",
    "notspecified",
    "undisclosed",
    "prefernottosay",
    "notapplicable",
    "na",
    "none",
    "null",
    "0",
    "3",
    "9",
];

#[derive(Debug)]
struct Gender;

impl Op for Gender {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim();
        // no word is longer, so longer text is not copied
        if text.len() > 32 {
            return Err(Failure::new("the text is not a known word for a gender"));
        }
        let is_joint = |c: char| matches!(c, ' ' | '-' | '_' | '/' | '.');
        let mut word = cx.lowercase(text);
        if word.contains(is_joint) {
            let letters = word.chars().filter(|c| !is_joint(*c));
            word = ArenaString::from_iter_in(letters, cx.arena).into_bump_str();
        }
        let gender = if MALE.contains(&word) {
            "male"
        } else if FEMALE.contains(&word) {
            "female"
        } else if OTHER.contains(&word) {
            "other"
        } else if UNKNOWN.contains(&word) {
            return Ok(Value::Missing);
        } else {
            return Err(Failure::new("the text is not a known word for a gender"));
        };
        Ok(Value::Text(gender))
    }
}
