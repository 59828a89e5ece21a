//! Decoding of the formats that legacy systems store inside text and bytes.

mod base64;
mod bytes;
mod bytes_to_integer;
mod charset;
mod cut;
mod dn;
mod dn_ops;
mod guid;
mod hex;
mod json;
mod ldap_password;
mod pairs;
mod php;
mod php_ops;
mod sid;
mod url;

use crate::engine::op::OpSpec;

/// The rows of this family.
pub const OPS: &[&OpSpec] = &[
    &json::PARSE_JSON,
    &json::TO_JSON,
    &php_ops::ROW,
    &base64::FROM_BASE64,
    &base64::TO_BASE64,
    &hex::FROM_HEX,
    &hex::TO_HEX,
    &url::URL_DECODE,
    &url::URL_ENCODE,
    &pairs::PARSE_QUERY,
    &pairs::PARSE_KEY_VALUES,
    &dn_ops::DN_PART,
    &dn_ops::DN_PARTS,
    &dn_ops::RDN_VALUE,
    &guid::ROW,
    &sid::ROW,
    &cut::ROW,
    &bytes_to_integer::ROW,
    &charset::DECODE_TEXT,
    &charset::ENCODE_TEXT,
    &ldap_password::ROW,
];

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;
    use crate::engine::context::Cx;
    use crate::engine::limits::MAX_TEXT_BYTES;
    use crate::engine::op::{Argument, Arguments, Op};
    use crate::model::{Value, json};

    /// Every decoder with its required arguments.
    fn decoders() -> Vec<(&'static OpSpec, Box<dyn Op>)> {
        let build = |spec: &'static OpSpec| {
            let mut arguments = Arguments::default();
            if spec.name == "dn_part" {
                arguments.push("attribute", Argument::Text("cn".to_owned()));
            }
            (spec, (spec.build)(&mut arguments).unwrap())
        };
        OPS.iter().copied().map(build).collect()
    }

    fn is_small(spec: &OpSpec, op: &dyn Op, input: Value<'_>) {
        let arena = Bump::new();
        let cx = Cx::bare(&arena);
        let mut sizes = [Vec::new(), Vec::new()];
        json::write(input, &mut sizes[0]);
        if let Ok(output) = op.apply(input, &cx) {
            json::write(output, &mut sizes[1]);
            let [read, made] = sizes.map(|text| text.len());
            assert!(made <= 100 + 30 * read, "{} makes {made} bytes of {read}", spec.name);
        }
    }

    proptest! {
        #[test]
        fn no_decoder_panics_or_grows(text in "([a-f0-9+/=&;:%{}\\[\\]\"\\\\,-]|\\PC){0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            for (spec, op) in decoders() {
                is_small(spec, &*op, Value::Text(&text));
                if spec.input.has(Value::Bytes(&bytes)) {
                    is_small(spec, &*op, Value::Bytes(&bytes));
                }
            }
        }
    }

    #[test]
    fn results_over_the_limit_fail() {
        let text = "%".repeat(MAX_TEXT_BYTES);
        let arena = Bump::new();
        for name in ["to_hex", "to_base64", "url_encode", "to_json"] {
            let (_, op) = decoders().into_iter().find(|(spec, _)| spec.name == name).unwrap();
            let op: &'static dyn Op = Box::leak(op);
            let failure = op.apply(Value::Text(&text), &Cx::bare(&arena)).unwrap_err();
            assert!(failure.message().starts_with("the result is longer than"), "{name}");
        }
    }
}
