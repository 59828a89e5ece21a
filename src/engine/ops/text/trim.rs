//! `trim`: white space off both ends.

use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const TRIM: OpSpec = OpSpec {
    name: "trim",
    family: Family::Text,
    summary: "removes white space, or the given characters, from both ends",
    details: "White space is Unicode's, the no-break space included, because spreadsheets and web forms leave it behind.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main_optional(
        "characters",
        ArgumentKind::Text,
        "the characters to remove instead of white space",
    )],
    fails: "",
    takes_nothing: false,
    examples: &[example("", r#"" Ada\u00a0""#, r#""Ada""#), example(r#""'*""#, r#""'90417""#, r#""90417""#)],
    build: |arguments| Ok(Box::new(Trim(arguments.text("characters")))),
};

#[derive(Debug)]
struct Trim(Option<String>);

impl Op for Trim {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        Ok(Value::Text(match &self.0 {
            None => text.trim(),
            Some(characters) => text.trim_matches(|c| characters.contains(c)),
        }))
    }
}
