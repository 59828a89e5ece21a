//! `country`: looks up countries by code or English name.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::tables::countries::{ALIASES, COUNTRIES, Country};
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentKind, ArgumentSpec, Failure, Family, Op, OpSpec, Output, example, example_failure};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const COUNTRY: OpSpec = OpSpec {
    name: "country",
    family: Family::Identity,
    summary: "looks up a country by code or English name and returns its ISO 3166 code",
    details: "Accepts two-letter, three-letter and three-digit codes, English short and full names, and other common \
              names (`UK`, `South Korea`, `Holland`). Case, accents, dots and `the` are ignored. A code takes \
              precedence over a name.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[ArgumentSpec::main_optional(
        "to",
        ArgumentKind::Choice(&["alpha2", "alpha3", "name"]),
        "the format of the result: two letters (the default), three letters, or the English short name",
    )],
    fails: "no country has this code or name",
    takes_nothing: false,
    examples: &[
        example("", r#""Germany""#, r#""DE""#),
        example("alpha3", r#"" gb ""#, r#""GBR""#),
        example("name", "276", r#""Germany""#),
        example("", r#""Korea, Republic of""#, r#""KR""#),
        example("", r#""U.S.A.""#, r#""US""#),
        example_failure("", r#""EMEA""#),
    ],
    build: |arguments| {
        Ok(Box::new(Find(match arguments.text("to").as_deref() {
            Some("alpha3") => |country| country.alpha3,
            Some("name") => |country| country.name,
            _ => |country| country.alpha2,
        })))
    },
};

#[derive(Debug)]
struct Find(fn(&Country) -> &'static str);

impl Op for Find {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?.trim();
        let found = by_code(text).or_else(|| by_name(text));
        found
            .map(|country| Value::Text((self.0)(country)))
            .ok_or_else(|| Failure::new("the text is not a known country"))
    }
}

/// The country of an ISO 3166 code: two or three letters in any case, or a number of up to three digits.
pub(super) fn by_code(code: &str) -> Option<&'static Country> {
    let is_number = (1..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
    match code.len() {
        _ if is_number => {
            // spreadsheets and databases lose leading zeros
            let number: u16 = code.parse().ok()?;
            COUNTRIES.iter().find(|country| country.numeric.parse() == Ok(number))
        }
        2 => COUNTRIES.iter().find(|country| country.alpha2.eq_ignore_ascii_case(code)),
        3 => COUNTRIES.iter().find(|country| country.alpha3.eq_ignore_ascii_case(code)),
        _ => None,
    }
}

fn by_name(name: &str) -> Option<&'static Country> {
    static NAMES: LazyLock<FxHashMap<String, &'static Country>> = LazyLock::new(|| {
        let aliases = ALIASES.iter().filter_map(|(name, code)| Some((fold(name), by_code(code)?)));
        aliases.chain(COUNTRIES.iter().map(|country| (fold(country.name), country))).collect()
    });
    // the longest name in the table has 58 bytes
    if name.len() > 200 {
        return None;
    }
    let folded = fold(name);
    NAMES.get(&folded).copied().or_else(|| by_code(&folded))
}

/// Normalizes spelling variants in a name: case, accents, dots, `the`, `&`, `St.`.
fn fold(name: &str) -> String {
    let plain = deunicode::deunicode(name).to_lowercase().replace(['.', '\'', '`'], "").replace('&', " and ");
    let words = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && *word != "the");
    words.map(|word| if word == "st" { "saint" } else { word }).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_complete_and_unique() {
        assert_eq!(COUNTRIES.len(), 249);
        for country in COUNTRIES {
            for key in [country.alpha2, country.alpha3, country.numeric] {
                assert_eq!(by_code(key).map(|found| found.alpha2), Some(country.alpha2), "{key}");
            }
            assert_eq!(by_name(country.name).map(|found| found.alpha2), Some(country.alpha2), "{}", country.name);
        }
        for (name, code) in ALIASES {
            assert_eq!(by_name(name).map(|found| found.alpha2), Some(*code), "{name}");
        }
    }

    #[test]
    fn spelling_variants_are_recognized() {
        let cases = [
            ("4", Some("AF")),
            ("840", Some("US")),
            ("usa", Some("US")),
            ("UK", Some("GB")),
            ("the Netherlands", Some("NL")),
            ("Côte d’Ivoire", Some("CI")),
            ("st lucia", Some("LC")),
            ("Trinidad & Tobago", Some("TT")),
            ("Türkiye", Some("TR")),
            ("TURKEY", Some("TR")),
            ("CZECH REPUBLIC", Some("CZ")),
            ("", None),
            ("XX", None),
            ("0", None),
            ("Atlantis", None),
        ];
        for (text, wanted) in cases {
            let found = by_code(text).or_else(|| by_name(text));
            assert_eq!(found.map(|country| country.alpha2), wanted, "{text}");
        }
    }
}
