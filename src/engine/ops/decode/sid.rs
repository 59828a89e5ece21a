//! `sid`: formats Windows security identifiers.

use std::fmt::Write as _;

use super::bytes::{TEXT_OR_BYTES, bytes_hex_or_base64};
use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "sid",
    family: Family::Decode,
    summary: "formats a Windows security identifier as `S-1-5-…`",
    details: "Accepts the bytes of `objectSid` (MS-DTYP 2.4.2.2), their base64, or their hexadecimal digits. Text that \
              already is a security identifier stays unchanged.",
    input: TEXT_OR_BYTES,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "the value is not a security identifier",
    takes_nothing: false,
    examples: &[
        example(
            "",
            r#""AQUAAAAAAAUVAAAAoGXPfnhLm1/nfIdwr/1IAQ==""#,
            r#""S-1-5-21-2127521184-1604012920-1887927527-21560751""#,
        ),
        example("", r#""010100000000000512000000""#, r#""S-1-5-18""#),
        example("", r#""S-1-5-18""#, r#""S-1-5-18""#),
        example_failure("", r#""AQUAAAAAAAUVAAAA""#),
    ],
    build: |_| Ok(Box::new(Sid)),
};

#[derive(Debug)]
struct Sid;

impl Op for Sid {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        if input.as_text().is_some_and(is_written) {
            return Ok(input);
        }
        let bytes = bytes_hex_or_base64(input, |bytes| written(bytes).is_some(), cx)?;
        written(&bytes).map(|text| cx.keep(&text)).ok_or_else(|| Failure::new("the value is not a security identifier"))
    }
}

fn is_written(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("S-1-") else { return false };
    let parts = rest.split('-').count();
    (1..=16).contains(&parts)
        && rest
            .split('-')
            .all(|part| (1..=15).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit() || b == b'x'))
}

/// One byte of revision, the count of sub-authorities, six bytes of authority (big-endian), four bytes for each
/// sub-authority (little-endian).
fn written(bytes: &[u8]) -> Option<String> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    let [revision, count, authority @ ..] = *head;
    let (parts, left) = rest.as_chunks::<4>();
    if revision != 1 || count > 15 || parts.len() != usize::from(count) || !left.is_empty() {
        return None;
    }
    let authority = authority.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    // MS-DTYP 2.4.2.1: an authority of more than 32 bits is written in hexadecimal
    let mut text = if authority >> 32 == 0 { format!("S-1-{authority}") } else { format!("S-1-0x{authority:012x}") };
    for part in parts {
        write!(text, "-{}", u32::from_le_bytes(*part)).ok()?;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn truncated_identifiers_are_rejected() {
        for (bytes, wanted) in [
            (&[1, 0, 0, 0, 0, 0, 0, 5][..], Some("S-1-5")),
            (&[1, 0, 1, 0, 0, 0, 0, 5], Some("S-1-0x010000000005")),
            (&[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0], None),
            (&[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0, 0], None),
            (&[2, 0, 0, 0, 0, 0, 0, 5], None),
            (&[], None),
        ] {
            assert_eq!(written(bytes).as_deref(), wanted);
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some(text) = written(&bytes) {
                prop_assert!(is_written(&text));
            }
        }
    }
}
