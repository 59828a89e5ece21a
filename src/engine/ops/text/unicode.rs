//! `unicode`, `transliterate`: Unicode normalization, and plain ASCII for targets that accept nothing else.

use deunicode::AsciiChars as _;
use unicode_normalization::{
    IsNormalized, UnicodeNormalization as _, is_nfc_quick, is_nfd_quick, is_nfkc_quick, is_nfkd_quick,
};

use super::builder::{TOO_LONG, TextBuilder};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example};
use crate::model::{Kinds, Value};

/// The row of `unicode`.
pub const UNICODE: OpSpec = OpSpec {
    name: "unicode",
    family: Family::Text,
    summary: "converts a text to one of Unicode's normalization forms",
    details: "`nfc` combines `e` and a combining accent into the single character `é`, so that equal names compare \
              equal; macOS and some LDAP servers use the opposite form, `nfd`. `nfkc` and `nfkd` also replace \
              look-alikes such as full-width digits and ligatures, which loses the distinction. See Unicode Standard \
              Annex 15.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main(
        "form",
        ArgumentKind::Choice(&["nfc", "nfd", "nfkc", "nfkd"]),
        "the normalization form",
    )],
    fails: TOO_LONG,
    takes_nothing: false,
    examples: &[
        example("nfc", r#""Mu\u0308ller""#, r#""M\u00fcller""#),
        example("nfd", r#""M\u00fcller""#, r#""Mu\u0308ller""#),
        example("nfkc", r#""\uff11\uff12 ﬁn""#, r#""12 fin""#),
    ],
    build: |arguments| {
        Ok(Box::new(match arguments.need_text("form")?.as_str() {
            "nfd" => Form::Nfd,
            "nfkc" => Form::Nfkc,
            "nfkd" => Form::Nfkd,
            _ => Form::Nfc,
        }))
    },
};

/// The row of `transliterate`.
pub const TRANSLITERATE: OpSpec = OpSpec {
    name: "transliterate",
    family: Family::Text,
    summary: "replaces non-ASCII characters with ASCII characters that sound or look alike",
    details: "For user names and mailbox names, not for people's names: it loses accents, is not language-aware (`ä` \
              becomes `a`, not `ae`) and reads Chinese characters as Mandarin. Characters without an equivalent are \
              removed.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[],
    fails: TOO_LONG,
    takes_nothing: false,
    examples: &[
        example("", r#""Solène Dušková""#, r#""Solene Duskova""#),
        example("", r#""Straße Ægir""#, r#""Strasse AEgir""#),
        example("", r#""北京""#, r#""Bei Jing""#),
    ],
    build: |_| Ok(Box::new(Transliterate)),
};

#[derive(Debug)]
enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

impl Form {
    fn has(&self, text: &str) -> bool {
        let check = match self {
            Self::Nfc => is_nfc_quick(text.chars()),
            Self::Nfd => is_nfd_quick(text.chars()),
            Self::Nfkc => is_nfkc_quick(text.chars()),
            Self::Nfkd => is_nfkd_quick(text.chars()),
        };
        check == IsNormalized::Yes
    }
}

impl Op for Form {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        if self.has(text) {
            return Ok(Value::Text(text));
        }
        match self {
            Self::Nfc => collect(text.nfc(), cx),
            Self::Nfd => collect(text.nfd(), cx),
            Self::Nfkc => collect(text.nfkc(), cx),
            Self::Nfkd => collect(text.nfkd(), cx),
        }
    }
}

fn collect<'a>(mut characters: impl Iterator<Item = char>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
    let mut made = TextBuilder::new(cx);
    characters.try_for_each(|c| made.push_char(c))?;
    Ok(made.finish())
}

#[derive(Debug)]
struct Transliterate;

impl Op for Transliterate {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        if text.is_ascii() {
            return Ok(Value::Text(text));
        }
        let mut made = TextBuilder::new(cx);
        text.ascii_chars().flatten().try_for_each(|part| made.push(part))?;
        Ok(made.finish())
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::engine::limits::MAX_TEXT_BYTES;

    #[test]
    fn expansion_is_limited() {
        let arena = Bump::new();
        let cx = Cx::bare(&arena);
        let ligatures = "\u{FDFA}".repeat(MAX_TEXT_BYTES / 10);
        assert!(Form::Nfkd.apply(Value::Text(&ligatures), &cx).is_err());
        assert!(Transliterate.apply(Value::Text(&ligatures), &cx).is_err());
    }
}
