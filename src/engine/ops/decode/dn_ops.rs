//! `dn_part`, `dn_parts`, `rdn_value`: parts of distinguished names.

use super::dn::{Attribute, parse};
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
    example_failure, example_nothing,
};
use crate::model::{Kinds, Value};

const FAILS: &str = "the text is not a distinguished name";

/// The row of `dn_part`.
pub const DN_PART: OpSpec = OpSpec {
    name: "dn_part",
    family: Family::Decode,
    summary: "returns the value of one attribute of a distinguished name",
    details: "The name is parsed as in RFC 4514, with escapes decoded. If several attributes have this type, the first \
              is returned, unless `index` is given; without a type, `index` counts all attributes. A negative index \
              counts from the end. Returns no value if there is no such attribute.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main_optional("attribute", ArgumentKind::Text, "the attribute type, such as `cn`, in any case"),
        ArgumentSpec::optional(
            "index",
            ArgumentKind::Integer,
            "the index among the matching attributes, from 0; 0 by default",
        ),
    ],
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example("cn", r#""CN=Jane\\2C Doe,OU=Staff,DC=example,DC=org""#, r#""Jane, Doe""#),
        example("{ attribute: dc, index: -1 }", r#""CN=Jane,OU=Staff,DC=example,DC=org""#, r#""org""#),
        example("{ index: 1 }", r#""CN=Jane,OU=Staff,DC=example,DC=org""#, r#""Staff""#),
        example_nothing("uid", r#""CN=Jane,OU=Staff""#),
        example_failure("cn", r#""Staff""#),
    ],
    build: |arguments| build(arguments),
};

#[derive(Debug)]
struct DnPart {
    attribute: Option<String>,
    index: i64,
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    let (attribute, index) = (arguments.text("attribute"), arguments.integer("index"));
    if attribute.is_none() && index.is_none() {
        return Err(ArgumentError::new("attribute", "is missing", "give an attribute such as `cn`, or `index`"));
    }
    Ok(Box::new(DnPart { attribute, index: index.unwrap_or(0) }))
}

impl Op for DnPart {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let wanted =
            |found: &Attribute| self.attribute.as_ref().is_none_or(|name| found.kind.eq_ignore_ascii_case(name));
        let attributes = parse(cx.text(input)?)?;
        let mut found = attributes.iter().filter(|attribute| wanted(attribute));
        let skip = usize::try_from(self.index.unsigned_abs()).unwrap_or(usize::MAX);
        let found = if self.index < 0 { found.nth_back(skip - 1) } else { found.nth(skip) };
        Ok(found.map_or(Value::Missing, |attribute| cx.keep(&attribute.value)))
    }
}

/// The row of `rdn_value`.
pub const RDN_VALUE: OpSpec = OpSpec {
    name: "rdn_value",
    family: Family::Decode,
    summary: "returns the first value of a distinguished name",
    details: "This is the short name of a group in `memberOf`: `CN=Sales,OU=Groups,DC=example` gives `Sales`. The name \
              is parsed as in RFC 4514, with escapes decoded, so a comma inside a value does not split it. The empty \
              name gives no value.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example("", r#""CN=Sales\\, EMEA,OU=Groups,DC=example""#, r#""Sales, EMEA""#),
        example("", r#""cn=ship_crew,ou=people""#, r#""ship_crew""#),
        example_nothing("", r#""""#),
        example_failure("", r#""Sales""#),
    ],
    build: |_| Ok(Box::new(RdnValue)),
};

#[derive(Debug)]
struct RdnValue;

impl Op for RdnValue {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let attributes = parse(cx.text(input)?)?;
        Ok(attributes.first().map_or(Value::Missing, |attribute| cx.keep(&attribute.value)))
    }
}

/// The row of `dn_parts`.
pub const DN_PARTS: OpSpec = OpSpec {
    name: "dn_parts",
    family: Family::Decode,
    summary: "splits a distinguished name into a list of `{ type, value }`",
    details: "The name is parsed as in RFC 4514, with escapes decoded and types in lower case. The attributes of a \
              relative name with several of them (`a=1+b=2`) are listed one after the other.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::LIST),
    arguments: &[],
    fails: FAILS,
    takes_nothing: false,
    examples: &[
        example(
            "",
            r#""CN=Jane,OU=Staff""#,
            r#"[{ "type": "cn", "value": "Jane" }, { "type": "ou", "value": "Staff" }]"#,
        ),
        example("", r#""""#, "[]"),
        example_failure("", r#""CN=Jane,""#),
    ],
    build: |_| Ok(Box::new(DnParts)),
};

#[derive(Debug)]
struct DnParts;

impl Op for DnParts {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let part = |attribute: &Attribute| {
            cx.keep_object(&[("type", cx.keep(&attribute.kind)), ("value", cx.keep(&attribute.value))])
        };
        let parts: Vec<_> = parse(cx.text(input)?)?.iter().map(part).collect();
        Ok(cx.keep_list(&parts))
    }
}
