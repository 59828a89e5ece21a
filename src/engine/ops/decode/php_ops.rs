//! `php_unserialize`: decodes serialized PHP values.

use super::bytes::{TEXT_OR_BYTES, check_size, raw_bytes};
use super::php::parse;
use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "php_unserialize",
    family: Family::Decode,
    summary: "decodes a serialized PHP value",
    details: "WordPress, Drupal, Joomla and Magento store values in this format. An array with the keys 0, 1, 2 … in \
              order becomes a list, any other array an object; the empty array is an empty list. An object gives its \
              properties; the class is dropped, and no code runs. An enum case gives its name. A string that is not \
              UTF-8 gives bytes. Lengths count bytes, so text that was converted to another charset after \
              serialization fails.",
    input: TEXT_OR_BYTES,
    output: Output::Is(Kinds::ANY.or(Kinds::NOTHING)),
    arguments: &[],
    fails: "the text is not a serialized value, contains references, a duplicate key or trailing text, or is nested \
            too deeply or too large",
    takes_nothing: false,
    examples: &[
        example(
            "",
            r#""a:2:{s:10:\"subscriber\";b:0;s:6:\"editor\";b:1;}""#,
            r#"{ "subscriber": false, "editor": true }"#,
        ),
        example("", r#""a:2:{i:0;s:1:\"a\";i:1;s:1:\"b\";}""#, r#"["a", "b"]"#),
        example("", r#""b:0;""#, "false"),
        example_failure("", r#""a:1:{i:0;s:4:\"abc\";}""#),
        example_failure("", r#""a:1:{i:0;R:1;}""#),
    ],
    build: |_| Ok(Box::new(PhpUnserialize)),
};

#[derive(Debug)]
struct PhpUnserialize;

impl Op for PhpUnserialize {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let bytes = raw_bytes(input, cx)?;
        check_size(bytes.len()).map_err(|_| Failure::new("the serialized value is too large"))?;
        parse(bytes, cx.arena)
    }
}
