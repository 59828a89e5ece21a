//! `guid`: formats the sixteen bytes of a GUID.

use uuid::Uuid;

use super::bytes::{TEXT_OR_BYTES, bytes_hex_or_base64};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "guid",
    family: Family::Decode,
    summary: "formats the bytes of a GUID in its canonical form",
    details: "Accepts 16 bytes, their base64, their 32 hexadecimal digits, or a GUID that already has hyphens, with or \
              without braces. Active Directory's `objectGUID` and SQL Server store the first three fields \
              little-endian (MS-DTYP 2.3.4.2): use `microsoft`, the default. All other systems store the bytes in the \
              order in which they are written (RFC 9562): use `network`. A GUID with hyphens is already in order and \
              is only converted to lower case.",
    input: TEXT_OR_BYTES,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main_optional(
        "order",
        ArgumentKind::Choice(&["microsoft", "network"]),
        "the order of the bytes; `microsoft` by default",
    )],
    fails: "there are not 16 bytes, or the text is not a GUID",
    takes_nothing: false,
    examples: &[
        example("", r#""MyIRAFVEd2aImaq7zN3u/w==""#, r#""00112233-4455-6677-8899-aabbccddeeff""#),
        example("network", r#""00112233445566778899AABBCCDDEEFF""#, r#""00112233-4455-6677-8899-aabbccddeeff""#),
        example("", r#""{00112233-4455-6677-8899-AABBCCDDEEFF}""#, r#""00112233-4455-6677-8899-aabbccddeeff""#),
        example_failure("", r#""MyIRAA==""#),
    ],
    build: |arguments| Ok(Box::new(Guid { network: arguments.text("order").as_deref() == Some("network") })),
};

#[derive(Debug)]
struct Guid {
    network: bool,
}

impl Op for Guid {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let not_a_guid = || Failure::new("the value is not a GUID");
        let uuid = match input {
            Value::Text(text) if text.contains('-') && matches!(text.len(), 36 | 38) => {
                Uuid::try_parse(text).map_err(|_| not_a_guid())?
            }
            _ => {
                let bytes = bytes_hex_or_base64(input, |bytes| bytes.len() == 16, cx)?;
                let bytes: [u8; 16] = bytes.as_ref().try_into().map_err(|_| not_a_guid())?;
                if self.network { Uuid::from_bytes(bytes) } else { Uuid::from_bytes_le(bytes) }
            }
        };
        Ok(Value::Text(bumpalo::format!(in cx.arena, "{}", uuid.hyphenated()).into_bump_str()))
    }
}
