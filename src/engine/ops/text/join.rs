//! `join`: concatenates a list of scalars.

use super::builder::TextBuilder;
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure, example_nothing,
};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const JOIN: OpSpec = OpSpec {
    name: "join",
    family: Family::Text,
    summary: "joins the elements of a list into one text, with a separator between them",
    details: "Missing, null and empty elements are left out, so that no separator is left over; `keep_empty` keeps \
              empty texts. Numbers and booleans are written as they are. Returns no value if no element is left.",
    input: Kinds::LIST,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main("by", ArgumentKind::Text, "the separator; may be empty"),
        ArgumentSpec::optional("keep_empty", ArgumentKind::Boolean, "whether to keep empty texts; false by default"),
    ],
    fails: "an element is bytes, a list or an object, or the result would be longer than 256 KiB",
    takes_nothing: false,
    examples: &[
        example(r#"" ""#, r#"["Ada", null, "", "Lovelace"]"#, r#""Ada Lovelace""#),
        example(r#"{ by: ",", keep_empty: true }"#, r#"["a", "", 3]"#, r#""a,,3""#),
        example_nothing(r#""\n""#, "[null]"),
        example_failure(r#"",""#, r#"["a", ["b"]]"#),
    ],
    build: |arguments| {
        let by = arguments.need_text("by")?;
        Ok(Box::new(Join { by, keep_empty: arguments.boolean("keep_empty").unwrap_or(false) }))
    },
};

#[derive(Debug)]
struct Join {
    by: String,
    keep_empty: bool,
}

impl Op for Join {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let elements = input.as_list().ok_or_else(|| Failure::kind(Kinds::LIST, input))?;
        let mut made: Option<TextBuilder<'a>> = None;
        for element in elements.iter().filter(|element| element.is_present()) {
            let text = element
                .scalar_text(cx.arena)
                .ok_or_else(|| Failure::new(format!("cannot join an element that is {}", element.kind())))?;
            if text.is_empty() && !self.keep_empty {
                continue;
            }
            match &mut made {
                None => made.insert(TextBuilder::new(cx)).push(text)?,
                Some(made) => {
                    made.push(&self.by)?;
                    made.push(text)?;
                }
            }
        }
        Ok(made.map_or(Value::Missing, TextBuilder::finish))
    }
}
