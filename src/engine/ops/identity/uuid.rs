//! `uuid`, `uuid_v5`: universally unique identifiers.

use uuid::Uuid;

use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

/// The row of `uuid`.
pub const UUID: OpSpec = OpSpec {
    name: "uuid",
    family: Family::Identity,
    summary: "checks a UUID and converts it to lower case with hyphens",
    details: "Accepts the common notations: without hyphens, in braces (Microsoft), with `urn:uuid:` (RFC 9562). All \
              versions are valid. The bytes of a Windows GUID are in a different order: use `guid` instead.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: "the text is not a UUID",
    takes_nothing: false,
    examples: &[
        example("", r#""{6BA7B810-9DAD-11D1-80B4-00C04FD430C8}""#, r#""6ba7b810-9dad-11d1-80b4-00c04fd430c8""#),
        example("", r#""6ba7b8109dad11d180b400c04fd430c8""#, r#""6ba7b810-9dad-11d1-80b4-00c04fd430c8""#),
        example("", r#""urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c8""#, r#""6ba7b810-9dad-11d1-80b4-00c04fd430c8""#),
        example_failure("", r#""6ba7b810-9dad-11d1""#),
    ],
    build: |_| Ok(Box::new(Canonical)),
};

/// The row of `uuid_v5`.
pub const UUID_V5: OpSpec = OpSpec {
    name: "uuid_v5",
    summary: "derives a UUID from a name in a namespace",
    details: "Version 5 of RFC 9562: the same name always gives the same UUID, so that targets that require UUIDs get \
              stable ones for legacy ids. The name is hashed as it is, including whitespace and case.",
    input: Kinds::TEXTUAL,
    arguments: &[ArgumentSpec::main(
        "namespace",
        ArgumentKind::Text,
        "a UUID, or one of the known namespaces `dns`, `url`, `oid`, `x500`",
    )],
    fails: "",
    examples: &[
        example("dns", r#""www.example.com""#, r#""2ed6657d-e927-568b-95e1-2665a8aea6a2""#),
        example(
            "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
            r#""www.example.com""#,
            r#""2ed6657d-e927-568b-95e1-2665a8aea6a2""#,
        ),
    ],
    build: |arguments| {
        let namespace = arguments.need_text("namespace")?;
        Ok(Box::new(Named(match namespace.to_ascii_lowercase().as_str() {
            "dns" => Uuid::NAMESPACE_DNS,
            "url" => Uuid::NAMESPACE_URL,
            "oid" => Uuid::NAMESPACE_OID,
            "x500" => Uuid::NAMESPACE_X500,
            other => Uuid::try_parse(other).map_err(|_| {
                let help = "give a UUID, `dns`, `url`, `oid` or `x500`";
                ArgumentError::new("namespace", "is not a namespace", help)
            })?,
        })))
    },
    ..UUID
};

#[derive(Debug)]
struct Canonical;

impl Op for Canonical {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim();
        // the parser accepts `urn:uuid:` only in lower case
        let bare =
            text.get(..9).filter(|urn| urn.eq_ignore_ascii_case("urn:uuid:")).and_then(|urn| text.get(urn.len()..));
        let id = Uuid::try_parse(bare.unwrap_or(text)).map_err(|_| Failure::new("the text is not a UUID"))?;
        Ok(keep(id, text, cx))
    }
}

#[derive(Debug)]
struct Named(Uuid);

impl Op for Named {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let name = cx.text(input)?;
        Ok(keep(Uuid::new_v5(&self.0, name.as_bytes()), name, cx))
    }
}

/// The UUID as text; the original text if it is the same.
fn keep<'a>(id: Uuid, text: &'a str, cx: &Cx<'a>) -> Value<'a> {
    let mut buffer = Uuid::encode_buffer();
    let made = id.hyphenated().encode_lower(&mut buffer);
    if *made == *text { Value::Text(text) } else { cx.keep(made) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::op::{Argument, Arguments};

    #[test]
    fn a_namespace_must_be_known() {
        for (namespace, fits) in
            [("url", true), ("DNS", true), ("{6ba7b811-9dad-11d1-80b4-00c04fd430c8}", true), ("shop", false)]
        {
            let mut arguments = Arguments::default();
            arguments.push("namespace", Argument::Text(namespace.to_owned()));
            assert_eq!((UUID_V5.build)(&mut arguments).is_ok(), fits, "{namespace}");
        }
    }
}
