//! `ldap_password`: the parts of a `userPassword` value.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::bytes::{ANY_STANDARD, TEXT_OR_BYTES};
use crate::engine::context::Cx;
use crate::engine::op::{Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "ldap_password",
    family: Family::Decode,
    summary: "splits an LDAP `userPassword` value into its parts",
    details: "`{SSHA}…` becomes `{ scheme, hash_b64, salt_b64 }`. The digest is followed by a salt of variable length, \
              so the value is split at the length of the algorithm's digest. Schemes are those of RFC 2307 and of \
              OpenLDAP's `pw-sha2`, in any case: `md5`, `smd5`, and `sha`, `ssha` with 224, 256, 384 or 512 bits. \
              Every other scheme, such as `{CRYPT}`, becomes `{ scheme, value }`. In an LDIF or JSON export the whole \
              value is base64-encoded again: put `from_base64` before this step.",
    input: TEXT_OR_BYTES,
    output: Output::Is(Kinds::OBJECT),
    arguments: &[],
    fails: "there is no scheme in braces, the base64 is invalid, or the length of the bytes does not match the scheme",
    takes_nothing: false,
    examples: &[
        example(
            "",
            r#""{ssha}X3MGW6yxTEzyhsOmCCAadLoT0fZujYUtmvdPtQ==""#,
            r#"{ "scheme": "ssha", "hash_b64": "X3MGW6yxTEzyhsOmCCAadLoT0fY=", "salt_b64": "bo2FLZr3T7U=" }"#,
        ),
        example(
            "",
            r#""{MD5}X03MO1qnZdYdgyfeuILPmQ==""#,
            r#"{ "scheme": "md5", "hash_b64": "X03MO1qnZdYdgyfeuILPmQ==" }"#,
        ),
        example("", r#""{CRYPT}$1$ab$c""#, r#"{ "scheme": "crypt", "value": "$1$ab$c" }"#),
        example_failure("", r#""{SSHA}X03MO1qnZdYdgyfeuILPmQ==""#),
        example_failure("", r#""not encoded""#),
    ],
    build: |_| Ok(Box::new(LdapPassword)),
};

/// Schemes, the bytes of their digests, and whether a salt may follow.
const DIGESTS: [(&str, usize, bool); 12] = [
    ("md5", 16, false),
    ("smd5", 16, true),
    ("sha", 20, false),
    ("ssha", 20, true),
    ("sha224", 28, false),
    ("ssha224", 28, true),
    ("sha256", 32, false),
    ("ssha256", 32, true),
    ("sha384", 48, false),
    ("ssha384", 48, true),
    ("sha512", 64, false),
    ("ssha512", 64, true),
];

#[derive(Debug)]
struct LdapPassword;

impl Op for LdapPassword {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = match input {
            Value::Bytes(bytes) => {
                std::str::from_utf8(bytes).map_err(|_| Failure::new("the bytes are not UTF-8 text"))?
            }
            text => cx.text(text)?,
        };
        let (scheme, value) = text
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'))
            .filter(|(scheme, _)| is_scheme(scheme))
            .ok_or_else(|| Failure::new("the value has no scheme in braces"))?;
        let scheme: &str = cx.arena.alloc_str(&scheme.to_ascii_lowercase());
        match DIGESTS.iter().find(|(name, ..)| *name == scheme) {
            Some((_, length, salted)) => digest(scheme, value, *length, *salted, cx),
            None => Ok(cx.keep_object(&[("scheme", Value::Text(scheme)), ("value", Value::Text(value))])),
        }
    }
}

fn is_scheme(scheme: &str) -> bool {
    (1..=32).contains(&scheme.len()) && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
}

fn digest<'a>(scheme: &'a str, value: &str, length: usize, salted: bool, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let wrong_length = || Failure::new("the length of the bytes does not match the scheme");
    // no salt in use is longer than 64 bytes
    if value.len() > 1024 {
        return Err(wrong_length());
    }
    let bytes =
        ANY_STANDARD.decode(value.trim()).map_err(|_| Failure::new("the value after the scheme is not base64"))?;
    let (hash, salt) = bytes.split_at_checked(length).ok_or_else(wrong_length)?;
    let hash = ("hash_b64", cx.keep(&STANDARD.encode(hash)));
    let scheme = ("scheme", Value::Text(scheme));
    match salt {
        [] => Ok(cx.keep_object(&[scheme, hash])),
        salt if salted => Ok(cx.keep_object(&[scheme, hash, ("salt_b64", cx.keep(&STANDARD.encode(salt)))])),
        _ => Err(wrong_length()),
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_are_read_as_text() {
        let arena = Bump::new();
        let cx = Cx::bare(&arena);
        let object = LdapPassword.apply(Value::Bytes(b"{CRYPT}$1$ab$c"), &cx).unwrap();
        assert_eq!(object.member("scheme").as_text(), Some("crypt"));
        assert!(LdapPassword.apply(Value::Bytes(b"{CRYPT}\xff"), &cx).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\{?(s?SHA(256)?|x)?\\}?[A-Za-z0-9+/é]{0,60}={0,2}") {
            let arena = Bump::new();
            let _ = LdapPassword.apply(Value::Text(&text), &Cx::bare(&arena));
        }
    }
}
