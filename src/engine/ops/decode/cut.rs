//! `cut_bytes`: a range of bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bytes::{TEXT_OR_BYTES, any_base64};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
    example_failure, example_nothing,
};
use crate::model::Value;

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "cut_bytes",
    family: Family::Decode,
    summary: "keeps a range of bytes",
    details: "For blobs that hold a digest and a salt, or a header and a body. Bytes give bytes, and base64 text gives \
              base64 text (standard alphabet, padded). A negative number counts from the end. An empty range gives no \
              value; a range beyond the bytes fails.",
    input: TEXT_OR_BYTES,
    output: Output::Is(TEXT_OR_BYTES),
    arguments: &[
        ArgumentSpec::main_optional(
            "start",
            ArgumentKind::Integer,
            "the position of the first byte, from 0; 0 by default",
        ),
        ArgumentSpec::optional("end", ArgumentKind::Integer, "the position after the last byte; the end by default"),
        ArgumentSpec::optional("length", ArgumentKind::Integer, "the number of bytes, instead of `end`"),
    ],
    fails: "the text is not base64, or the range extends beyond the bytes",
    takes_nothing: false,
    examples: &[
        example("{ start: 0, length: 2 }", r#""/9j/4A==""#, r#""/9g=""#),
        example("-1", r#""/9j/4A==""#, r#""4A==""#),
        example("{ end: -1 }", r#""/9j/4A==""#, r#""/9j/""#),
        example_nothing("4", r#""/9j/4A==""#),
        example_failure("{ length: 5 }", r#""/9j/4A==""#),
    ],
    build,
};

#[derive(Debug)]
struct CutBytes {
    start: i64,
    end: End,
}

#[derive(Debug)]
enum End {
    Last,
    At(i64),
    After(usize),
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    let start = arguments.integer("start").unwrap_or(0);
    let end = match (arguments.integer("end"), arguments.integer("length")) {
        (Some(_), Some(_)) => {
            return Err(ArgumentError::new("length", "cannot be combined with `end`", "give one of the two"));
        }
        (Some(end), None) => End::At(end),
        (None, Some(length)) => End::After(usize::try_from(length).map_err(|_| {
            ArgumentError::new("length", "is negative", "give the number of bytes; `end: -1` leaves out the last byte")
        })?),
        (None, None) => End::Last,
    };
    Ok(Box::new(CutBytes { start, end }))
}

impl CutBytes {
    fn cut<'b>(&self, bytes: &'b [u8]) -> Result<&'b [u8], Failure> {
        let len = bytes.len();
        let place = |at: i64| {
            let back = usize::try_from(at.unsigned_abs()).ok()?;
            if at < 0 { len.checked_sub(back) } else { Some(back) }
        };
        let range = place(self.start).and_then(|start| {
            let end = match self.end {
                End::Last => len,
                End::At(end) => place(end)?,
                End::After(length) => start.checked_add(length)?,
            };
            bytes.get(start..end)
        });
        range.ok_or_else(|| Failure::new("the range extends beyond the bytes"))
    }
}

impl Op for CutBytes {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        match input {
            Value::Bytes(bytes) => Ok(match self.cut(bytes)? {
                [] => Value::Missing,
                part => Value::Bytes(part),
            }),
            text => {
                let bytes = any_base64(cx.text(text)?)?;
                Ok(match self.cut(&bytes)? {
                    [] => Value::Missing,
                    part => cx.keep(&STANDARD.encode(part)),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (start, end, wanted) in [
            (0, End::Last, Some(&b"abcd"[..])),
            (1, End::At(3), Some(b"bc")),
            (-3, End::After(2), Some(b"bc")),
            (0, End::At(-1), Some(b"abc")),
            (4, End::Last, Some(b"")),
            (5, End::Last, None),
            (-5, End::Last, None),
            (3, End::At(2), None),
            (1, End::After(usize::MAX), None),
            (i64::MIN, End::Last, None),
        ] {
            assert_eq!(CutBytes { start, end }.cut(b"abcd").ok(), wanted, "{start}");
        }
    }
}
