//! `language`: looks up languages by code or English name.

use std::sync::LazyLock;

use isolang::Language;

use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const LANGUAGE: OpSpec = OpSpec {
    name: "language",
    family: Family::Identity,
    summary: "looks up a language by code or English name and returns its ISO 639 code",
    details: "Accepts two-letter and three-letter codes, the older three-letter codes of libraries (`ger`, `fre`), \
              withdrawn codes that Java still writes (`iw`, `in`, `ji`), and English names. For tags with a region, \
              use `locale`.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main_optional(
        "to",
        ArgumentKind::Choice(&["alpha2", "alpha3"]),
        "the format of the result: two letters (the default) or three",
    )],
    fails: "no language has this code or name, or it has no two-letter code",
    takes_nothing: false,
    examples: &[
        example("", r#""German""#, r#""de""#),
        example("alpha3", r#""DE""#, r#""deu""#),
        example("", r#""ger""#, r#""de""#),
        example_failure("", r#""EMEA""#),
        example_failure("", r#""yue""#),
    ],
    build: |arguments| Ok(Box::new(Find { alpha3: arguments.text("to").as_deref() == Some("alpha3") })),
};

/// ISO 639-2/B codes that differ from 639-2/T and 639-3 (<https://www.loc.gov/standards/iso639-2/>), and withdrawn two-letter
/// codes (`Preferred-Value` in the IANA Language Subtag Registry).
const OLD_CODES: &[(&str, &str)] = &[
    ("alb", "sqi"),
    ("arm", "hye"),
    ("baq", "eus"),
    ("bur", "mya"),
    ("chi", "zho"),
    ("cze", "ces"),
    ("dut", "nld"),
    ("fre", "fra"),
    ("geo", "kat"),
    ("ger", "deu"),
    ("gre", "ell"),
    ("ice", "isl"),
    ("mac", "mkd"),
    ("mao", "mri"),
    ("may", "msa"),
    ("per", "fas"),
    ("rum", "ron"),
    ("slo", "slk"),
    ("tib", "bod"),
    ("wel", "cym"),
    ("in", "ind"),
    ("iw", "heb"),
    ("ji", "yid"),
    ("mo", "ron"),
];

/// Common English names that differ from ISO's.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("castilian", "spa"),
    ("farsi", "fas"),
    ("flemish", "nld"),
    ("greek", "ell"),
    ("mandarin", "cmn"),
    ("norwegian bokmal", "nob"),
    ("punjabi", "pan"),
    ("slovene", "slv"),
];

#[derive(Debug)]
struct Find {
    alpha3: bool,
}

impl Op for Find {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim();
        let found =
            by_code(text).or_else(|| by_name(text)).ok_or_else(|| Failure::new("the text is not a known language"))?;
        let code = if self.alpha3 { Some(found.to_639_3()) } else { found.to_639_1() };
        code.map(Value::Text).ok_or_else(|| Failure::new("the language has no two-letter code"))
    }
}

/// The language of an ISO 639 code of two or three letters in any case.
pub(super) fn by_code(code: &str) -> Option<Language> {
    let code = code.to_ascii_lowercase();
    let new = OLD_CODES.iter().find(|(old, _)| *old == code).map_or(code.as_str(), |(_, new)| new);
    Language::from_639_1(new).or_else(|| Language::from_639_3(new))
}

fn by_name(name: &str) -> Option<Language> {
    let name = name.to_lowercase();
    if let Some((_, code)) = OTHER_NAMES.iter().find(|(other, _)| *other == name) {
        return by_code(code);
    }
    // the table has 8000 names, but customers use the two hundred with short codes
    static COMMON: LazyLock<Vec<(String, Language)>> = LazyLock::new(|| {
        let pairs = (b'a'..=b'z').flat_map(|a| (b'a'..=b'z').map(move |b| [char::from(a), char::from(b)]));
        let languages = pairs.filter_map(|pair| Language::from_639_1(&pair.iter().collect::<String>()));
        languages.map(|language| (language.to_name().to_lowercase(), language)).collect()
    });
    let common = COMMON.iter().find(|(common, _)| *common == name).map(|(_, language)| *language);
    common.or_else(|| Language::match_names(move |other| other.to_lowercase() == name).next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_found_by_code_and_name() {
        let cases = [
            ("en", Some("eng")),
            ("ENG", Some("eng")),
            ("fre", Some("fra")),
            ("iw", Some("heb")),
            ("English", Some("eng")),
            ("greek", Some("ell")),
            ("Cantonese", None),
            ("Swiss German", Some("gsw")),
            ("xx", None),
            ("EMEA", None),
            ("", None),
            ("é", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(by_code(text).or_else(|| by_name(text)).map(|found| found.to_639_3()), wanted, "{text}");
        }
    }

    #[test]
    fn every_row_resolves_to_a_language() {
        for (_, code) in OLD_CODES.iter().chain(OTHER_NAMES) {
            assert!(Language::from_639_3(code).is_some(), "{code}");
        }
    }
}
