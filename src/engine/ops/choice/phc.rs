//! `phc`: combines the parts of a password hash into a PHC string.
//!
//! The format: <https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md>.

use std::borrow::Cow;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::prelude::BASE64_STANDARD_NO_PAD;

use crate::engine::context::Cx;
use crate::engine::limits::MAX_ITERATED_BYTES;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::engine::operand::Operand;
use crate::engine::ops::arguments::{need, present, text, wrong_kind};
use crate::model::{Kinds, Value};

const ENCODINGS: ArgumentKind = ArgumentKind::Choice(&["base64", "hex", "text"]);

/// The row of the step table.
pub const PHC: OpSpec = OpSpec {
    name: "phc",
    family: Family::Choice,
    summary: "builds a PHC string from the parts of a password hash",
    details: "Returns `$scheme$v=version$name=value,…$salt$hash`, with salt and hash in base64 without padding, as the \
              PHC string format requires. The input is the hash unless `hash` names another value. Base64 is accepted \
              with or without padding, in the standard and the URL-safe alphabet; `text` takes the characters \
              themselves, as Django's salts need; bytes need no encoding.",
    input: Kinds::ANY,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main("scheme", ArgumentKind::Operand, "the name of the scheme, such as `pbkdf2-sha256`"),
        ArgumentSpec::optional("version", ArgumentKind::Operand, "the version of the scheme, a whole number"),
        ArgumentSpec::optional(
            "parameters",
            ArgumentKind::Fields,
            "the parameters by name, in the order in which they are written",
        ),
        ArgumentSpec::optional(
            "length_as",
            ArgumentKind::Text,
            "the name of an additional last parameter that holds the length of the decoded hash in bytes",
        ),
        ArgumentSpec::required("salt", ArgumentKind::Operand, "the salt"),
        ArgumentSpec::optional("hash", ArgumentKind::Operand, "the hash, if it is not the input"),
        ArgumentSpec::optional("encoding", ENCODINGS, "the encoding of hash and salt; `base64` by default"),
        ArgumentSpec::optional(
            "salt_encoding",
            ENCODINGS,
            "the encoding of the salt, if it differs from that of the hash",
        ),
    ],
    fails: "a part has no value, is not in the declared encoding, is empty or longer than 4 KiB, or the scheme, the \
            version, or a parameter contains characters that the format does not allow",
    takes_nothing: false,
    examples: &[
        example(
            r#"{ scheme: pbkdf2-sha256, parameters: { i: 27500 }, length_as: l, salt: "7qj11hVqhv5TgBUGw1Qbkg==" }"#,
            r#""550i8IWM8uVCeJOFi75uPiXukwL0QLRxaYIHaSt6z2Y=""#,
            r#""$pbkdf2-sha256$i=27500,l=32$7qj11hVqhv5TgBUGw1Qbkg$550i8IWM8uVCeJOFi75uPiXukwL0QLRxaYIHaSt6z2Y""#,
        ),
        example(
            "{ scheme: argon2id, version: 19, parameters: { m: 19456, t: 2, p: 1 }, salt: NaCl, salt_encoding: text, \
             hash: 00ff10, encoding: hex }",
            "{}",
            r#""$argon2id$v=19$m=19456,t=2,p=1$TmFDbA$AP8Q""#,
        ),
        example_failure("{ scheme: scrypt, salt: NaCl }", r#""not base64""#),
        example_failure(r#"{ scheme: scrypt, parameters: { ln: "1 7" }, salt: NaCl }"#, r#""AP8Q""#),
    ],
    build: |arguments| Ok(Box::new(Phc::build(arguments)?)),
};

#[derive(Debug, Clone, Copy)]
enum Encoding {
    Base64,
    Hex,
    Text,
}

impl Encoding {
    fn named(name: &str) -> Self {
        match name {
            "hex" => Self::Hex,
            "text" => Self::Text,
            _ => Self::Base64,
        }
    }
}

#[derive(Debug)]
struct Phc {
    scheme: Operand,
    version: Option<Operand>,
    parameters: Vec<(String, Operand)>,
    length_as: Option<String>,
    salt: Operand,
    hash: Option<Operand>,
    encoding: Encoding,
    salt_encoding: Encoding,
}

impl Phc {
    fn build(arguments: &mut Arguments) -> Result<Self, ArgumentError> {
        let encoding = arguments.text("encoding").map_or(Encoding::Base64, |name| Encoding::named(&name));
        let phc = Self {
            scheme: need(arguments.operand("scheme"), "scheme")?,
            version: arguments.operand("version"),
            parameters: arguments.fields("parameters").unwrap_or_default(),
            length_as: arguments.text("length_as"),
            salt: need(arguments.operand("salt"), "salt")?,
            hash: arguments.operand("hash"),
            encoding,
            salt_encoding: arguments.text("salt_encoding").map_or(encoding, |name| Encoding::named(&name)),
        };
        for (name, _) in &phc.parameters {
            check_parameter_name("parameters", name)?;
        }
        if let Some(name) = &phc.length_as {
            check_parameter_name("length_as", name)?;
            if phc.parameters.iter().any(|(have, _)| have == name) {
                let message = format!("names `{name}`, which is one of the parameters");
                return Err(ArgumentError::new("length_as", message, "remove one of them"));
            }
        }
        match phc.scheme.constant_text() {
            Some(scheme) if !is_name(scheme) => {
                Err(ArgumentError::new("scheme", "is not a PHC scheme name", NAME_HELP))
            }
            _ => Ok(phc),
        }
    }

    fn write<'a>(&'a self, hash: Value<'_>, cx: &Cx<'a>) -> Result<String, Failure> {
        let scheme = text(&self.scheme, "scheme", cx)?;
        if !is_name(scheme) {
            return Err(Failure::new("the argument `scheme` is not a PHC scheme name"));
        }
        let salt = decode(present(&self.salt, "salt", cx)?, self.salt_encoding, "salt")?;
        let hash = decode(hash, self.encoding, "hash")?;
        let mut made = format!("${scheme}");
        if let Some(version) = &self.version {
            let version = text(version, "version", cx)?;
            if version.is_empty() || !version.bytes().all(|b| b.is_ascii_digit()) {
                return Err(Failure::new("the argument `version` is not a whole number"));
            }
            made.push_str("$v=");
            made.push_str(version);
        }
        let mut sign = '$';
        let mut add = |name: &str, value: &str| {
            made.push(std::mem::replace(&mut sign, ','));
            made.push_str(name);
            made.push('=');
            made.push_str(value);
        };
        for (name, value) in &self.parameters {
            add(name, parameter(name, value, cx)?);
        }
        if let Some(name) = &self.length_as {
            add(name, &hash.len().to_string());
        }
        for part in [&salt, &hash] {
            made.push('$');
            BASE64_STANDARD_NO_PAD.encode_string(part, &mut made);
        }
        Ok(made)
    }
}

impl Op for Phc {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let hash = match &self.hash {
            Some(hash) => present(hash, "hash", cx)?,
            None => input,
        };
        Ok(cx.keep(&self.write(hash, cx)?))
    }
}

const NAME_HELP: &str = "use 1 to 32 characters of `a`-`z`, `0`-`9` and `-`";

/// Whether a text is a valid name in the format: 1 to 32 of `a`-`z`, `0`-`9`, `-`.
fn is_name(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn check_parameter_name(argument: &'static str, name: &str) -> Result<(), ArgumentError> {
    if name == "v" {
        return Err(ArgumentError::new(argument, "has the reserved name `v`", "use `version`"));
    }
    if is_name(name) {
        Ok(())
    } else {
        Err(ArgumentError::new(argument, format!("has `{name}`, which is not a PHC parameter name"), NAME_HELP))
    }
}

fn parameter<'a>(name: &str, value: &'a Operand, cx: &Cx<'a>) -> Result<&'a str, Failure> {
    let value = text(value, name, cx)?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"/+.-".contains(&b);
    if value.is_empty() || value.len() > MAX_ITERATED_BYTES || !value.bytes().all(fits) {
        return Err(Failure::new(format!(
            "the parameter `{name}` contains characters that a PHC string does not allow"
        )));
    }
    Ok(value)
}

/// The bytes of a salt or a hash. Neither is longer than 4 KiB in any real user store.
fn decode<'v>(value: Value<'v>, encoding: Encoding, what: &str) -> Result<Cow<'v, [u8]>, Failure> {
    let number;
    let text = match value {
        Value::Bytes(bytes) => return checked_length(Cow::Borrowed(bytes), what),
        Value::Text(text) | Value::Decimal(text) => text,
        Value::Int(int) => {
            number = int.to_string();
            return decode(Value::Text(&number), encoding, what).map(|bytes| Cow::Owned(bytes.into_owned()));
        }
        _ => return Err(wrong_kind(what, Kinds::TEXT.or(Kinds::BYTES), value)),
    };
    checked_length(Cow::Borrowed(text.as_bytes()), what)?;
    let decoded = match encoding {
        Encoding::Text => return Ok(Cow::Borrowed(text.as_bytes())),
        Encoding::Hex => hex::decode(text).ok(),
        Encoding::Base64 => decode_base64(text),
    };
    let decoded = decoded.ok_or_else(|| Failure::new(format!("the {what} is not in the declared encoding")))?;
    checked_length(Cow::Owned(decoded), what)
}

fn checked_length<'v>(bytes: Cow<'v, [u8]>, what: &str) -> Result<Cow<'v, [u8]>, Failure> {
    match bytes.len() {
        0 => Err(Failure::new(format!("the {what} is empty"))),
        length if length > MAX_ITERATED_BYTES => {
            Err(Failure::new(format!("the {what} is longer than {MAX_ITERATED_BYTES} bytes")))
        }
        _ => Ok(bytes),
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    const ANY_PADDING: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, ANY_PADDING);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, ANY_PADDING);
    let engine = if text.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    engine.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::engine::op::Argument;

    fn arguments(parameters: &[&str], length_as: Option<&str>) -> Arguments {
        let mut arguments = Arguments::default();
        arguments.push("scheme", Argument::Operand(Operand::Text("scrypt".into())));
        arguments.push("salt", Argument::Operand(Operand::Text("NaCl".into())));
        let fields = parameters.iter().map(|name| ((*name).to_owned(), Operand::Int(1)));
        arguments.push("parameters", Argument::Fields(fields.collect()));
        if let Some(name) = length_as {
            arguments.push("length_as", Argument::Text(name.to_owned()));
        }
        arguments
    }

    #[test]
    fn names_are_checked_when_the_rules_are_loaded() {
        for (parameters, length_as, wrong) in [
            (&["ln", "r"][..], Some("l"), None),
            (&["v"], None, Some("parameters")),
            (&["LN"], None, Some("parameters")),
            (&["l"], Some("l"), Some("length_as")),
            (&[], Some("a=b"), Some("length_as")),
        ] {
            let fault = Phc::build(&mut arguments(parameters, length_as)).err().map(|error| error.argument);
            assert_eq!(fault, wrong, "{parameters:?} {length_as:?}");
        }
    }

    #[test]
    fn bytes_and_both_alphabets_are_read() {
        let arena = Bump::new();
        let phc = Phc::build(&mut arguments(&[], None)).unwrap();
        let made = |hash: Value<'_>| phc.write(hash, &Cx::bare(&arena)).map_err(|failure| failure.message().to_owned());
        let wanted = Ok("$scrypt$NaCl$+/8".to_owned());
        for hash in [Value::Bytes(b"\xfb\xff"), Value::Text("+/8="), Value::Text("+/8"), Value::Text("-_8=")] {
            assert_eq!(made(hash), wanted);
        }
        assert_eq!(made(Value::Text("")), Err("the hash is empty".to_owned()));
        assert_eq!(made(Value::Text("+_8=")), Err("the hash is not in the declared encoding".to_owned()));
        assert_eq!(made(Value::Bool(true)), Err("the argument `hash` must be text or bytes, found boolean".to_owned()));
    }
}
