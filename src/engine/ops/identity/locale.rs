//! `locale`: checks BCP 47 language tags.

use oxilangtag::LanguageTag;

use super::country;
use super::language;
use super::tables::subtags::{AREAS, SCRIPTS, VARIANTS};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The longest tag that is read, in bytes: RFC 5646 §4.4.1 considers 35 sufficient, and each part costs a table lookup.
const MAX_BYTES: usize = 100;

/// The languages that have extended languages (the `Prefix` of `extlang` in the IANA Language Subtag Registry): `zh-yue`.
const MACROLANGUAGES: &[&str] = &["ar", "kok", "lv", "ms", "sgn", "sw", "uz", "zh"];

/// The row of the step table.
pub const LOCALE: OpSpec = OpSpec {
    name: "locale",
    family: Family::Identity,
    summary: "checks a language tag and converts it to BCP 47, such as `de-DE`",
    details: "Accepts `_` instead of `-`, any case, and the encoding that POSIX systems append (`de_DE.UTF-8`). The \
              language must be an ISO 639 code; scripts, regions and variants must be registered, so that words like \
              `EMEA` fail although they are well-formed. Codes are written in the form that BCP 47 prefers: `eng` as \
              `en`, `iw` as `he`, the region `UK` as `GB`. With `loose: true`, unknown parts at the end are dropped: \
              WordPress's `de_DE_formal` becomes `de-DE`.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::optional("loose", ArgumentKind::Boolean, "whether to drop unknown parts at the end")],
    fails: "the text is not a language tag, or a part of it is not registered",
    takes_nothing: false,
    examples: &[
        example("", r#""en_US""#, r#""en-US""#),
        example("", r#""ZH-hans-cn""#, r#""zh-Hans-CN""#),
        example("{ loose: true }", r#""de_DE_formal""#, r#""de-DE""#),
        example_failure("", r#""de_DE_formal""#),
        example_failure("", r#""EMEA""#),
    ],
    build: |arguments| Ok(Box::new(Locale { loose: arguments.boolean("loose").unwrap_or(false) })),
};

#[derive(Debug)]
struct Locale {
    loose: bool,
}

impl Op for Locale {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim();
        if text.len() > MAX_BYTES {
            return Err(Failure::new(format!("the text is longer than the {MAX_BYTES} bytes of a language tag")));
        }
        let (tag, _encoding) = text.split_once('.').unwrap_or((text, ""));
        let tag = tag.replace('_', "-");
        let mut rest = tag.as_str();
        let made = loop {
            match canonical(rest) {
                Ok(made) => break made,
                Err(failure) if !self.loose => return Err(failure),
                Err(failure) => rest = rest.rsplit_once(['-', '@']).ok_or(failure)?.0,
            }
        };
        Ok(if made == text { Value::Text(text) } else { cx.keep(&made) })
    }
}

/// The tag in canonical form, if all of its parts are registered.
fn canonical(tag: &str) -> Result<String, Failure> {
    let parsed = LanguageTag::parse_and_normalize(tag).map_err(|_| Failure::new("the text is not a language tag"))?;
    let language = parsed.primary_language();
    let known = language::by_code(language).ok_or_else(|| Failure::new("the language of the tag is unknown"))?;
    let mut made = known.to_639_1().unwrap_or_else(|| known.to_639_3()).to_owned();
    for extended in parsed.extended_language_subtags() {
        let known = MACROLANGUAGES.contains(&made.as_str()) && language::by_code(extended).is_some();
        if !known {
            return Err(Failure::new("the language of the tag is unknown"));
        }
        push(&mut made, extended);
    }
    if let Some(script) = parsed.script() {
        SCRIPTS.binary_search(&script).map_err(|_| Failure::new("the script of the language tag is unknown"))?;
        push(&mut made, script);
    }
    if let Some(region) = parsed.region() {
        push(&mut made, known_region(region).ok_or_else(|| Failure::new("the region of the language tag is unknown"))?);
    }
    for variant in parsed.variant_subtags() {
        VARIANTS.binary_search(&variant).map_err(|_| Failure::new("a variant of the language tag is unknown"))?;
        push(&mut made, variant);
    }
    for rest in [parsed.extension(), parsed.private_use()].into_iter().flatten() {
        push(&mut made, rest);
    }
    Ok(made)
}

fn push(tag: &mut String, part: &str) {
    tag.push('-');
    tag.push_str(part);
}

/// The region as BCP 47 writes it: two letters of ISO 3166, or three digits of a larger area.
fn known_region(region: &str) -> Option<&str> {
    match region.len() {
        2 if region == "UK" => Some("GB"),
        2 => country::by_code(region).filter(|country| country.alpha2 == region).map(|_| region),
        _ => AREAS.contains(&region).then_some(region),
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;
    use proptest::prelude::*;

    use super::*;

    fn locale(loose: bool, text: &str) -> Option<String> {
        let arena = Bump::new();
        let op = Locale { loose };
        op.apply(Value::Text(text), &Cx::bare(&arena)).ok()?.as_text().map(ToOwned::to_owned)
    }

    #[test]
    fn common_tags_are_normalized() {
        let cases = [
            ("en", Some("en"), Some("en")),
            (" EN-us ", Some("en-US"), Some("en-US")),
            ("de_DE.UTF-8", Some("de-DE"), Some("de-DE")),
            ("sr_RS@latin", None, Some("sr-RS")),
            ("es-419", Some("es-419"), Some("es-419")),
            ("en-UK", Some("en-GB"), Some("en-GB")),
            ("eng-USA", None, Some("en")),
            ("iw_IL", Some("he-IL"), Some("he-IL")),
            ("ger", Some("de"), Some("de")),
            ("ca-ES-valencia", Some("ca-ES-valencia"), Some("ca-ES-valencia")),
            ("de-1996", Some("de-1996"), Some("de-1996")),
            ("zh-Hant-TW", Some("zh-Hant-TW"), Some("zh-Hant-TW")),
            ("zh-Foob-TW", None, Some("zh")),
            ("en-XX", None, Some("en")),
            ("en-US-u-hc-h12", Some("en-US-u-hc-h12"), Some("en-US-u-hc-h12")),
            ("en-x-shop", Some("en-x-shop"), Some("en-x-shop")),
            ("zh-yue-HK", Some("zh-yue-HK"), Some("zh-yue-HK")),
            ("x-shop", None, None),
            ("i-klingon", None, None),
            ("EMEA", None, None),
            ("English", None, None),
            ("C", None, None),
            ("POSIX", None, None),
            ("en-US,en;q=0.9", None, Some("en")),
            ("-", None, None),
            ("", None, None),
        ];
        for (text, strict, loose) in cases {
            assert_eq!(locale(false, text).as_deref(), strict, "{text}");
            assert_eq!(locale(true, text).as_deref(), loose, "{text} loosely");
        }
    }

    #[test]
    fn the_tables_are_sorted() {
        for table in [SCRIPTS, AREAS, VARIANTS] {
            assert!(table.is_sorted());
        }
    }

    proptest! {
        #[test]
        fn result_is_idempotent(text in "[a-zA-Z]{2,4}([-_@.][a-zA-Z0-9]{1,8}){0,4}", loose: bool) {
            if let Some(once) = locale(loose, &text) {
                prop_assert_eq!(locale(false, &once), Some(once.clone()));
            }
        }
    }
}
